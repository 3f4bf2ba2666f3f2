/* All methods, of every kind; and what an implicit one needs of a field. */
#include "step/dirk.h"
#include "step/explicit.h"
#include "step/radau.h"
#include "step/rosenbrock.h"

static og_stepper named(og_stepper stepper, const char *name) {
  stepper.name = name;
  return stepper;
}

og_stepper og_stepper_of(og_method method) {
  /* What a method that is chosen as a solve goes begins with stands for it. */
  if (method == OG_METHOD_AUTO) return named(og_stepper_of(OG_METHOD_TSIT5), "auto");
  const og_tableau *explicit_tableau = og_tableau_of(method);
  const og_rosenbrock_tableau *rosenbrock = og_rosenbrock_tableau_of(method);
  const og_dirk_tableau *dirk = og_dirk_tableau_of(method);
  if (explicit_tableau) return og_explicit_stepper(explicit_tableau);
  const og_radau_tableau *radau = og_radau_tableau_of(method);
  if (radau) return og_radau_stepper(radau);
  if (dirk) return og_dirk_stepper(dirk);
  return rosenbrock ? og_rosenbrock_stepper(rosenbrock) : (og_stepper){0};
}

int og_method_order(og_method method) { return og_stepper_of(method).order; }

/* ---- Linear equations ---- */

static og_status prepare_matrices(og_context *context, og_stepper *stepper, const og_field *field,
                                  og_elimination_kind kind) {
  OG_TRY(og_field_want_jacobian(context, field));
  if (!field->pattern || !field->ops_d.jacobian)
    return og_fail(context, OG_ERR_UNSUPPORTED,
                   "method %s needs the Jacobian df/dx, which the field has not: give it with "
                   "og_field_set_jacobian, a jvp, or og_field_use_finite_differences",
                   stepper->name);
  return og_elimination_create(context, field->pattern, kind, &stepper->elimination);
}

static og_status prepare_iterations(og_context *context, og_stepper *stepper, const og_field *field) {
  if (field->flags & OG_FIELD_HAS_MASS)
    return og_fail(
        context, OG_ERR_UNSUPPORTED,
        "linear-solver = gmres is for x' = f, and these equations have a matrix M before x': choose "
        "linear-solver = sparse or auto");
  if (!stepper->iterates)
    return og_fail(
        context, OG_ERR_UNSUPPORTED,
        "linear-solver = gmres is for methods that iterate the equations of single stages; method %s has "
        "factors in its formula or solves for all stages at once: choose kvaerno5 or esdirk54, with fixed "
        "steps implicit-euler, trapezoid or implicit-midpoint, or leave linear-solver out",
        stepper->name);
  if (!field->ops_d.jvp || !(field->flags & OG_FIELD_HAS_JVP))
    return og_fail(context, OG_ERR_UNSUPPORTED,
                   "linear-solver = gmres needs products df/dx v, which the field has not: give them with "
                   "og_field_set_jvp, or og_field_use_finite_differences");
  if (field->preconditioner_bytes) return OG_OK;
  return prepare_matrices(context, stepper, field, OG_ELIMINATION_INCOMPLETE);
}

og_elimination_kind og_stepper_elimination(const og_stepper *stepper) {
  switch (stepper->linear_solver) {
  case OG_LINEAR_DENSE: return OG_ELIMINATION_DENSE;
  case OG_LINEAR_SPARSE: return OG_ELIMINATION_SPARSE;
  case OG_LINEAR_KLU: return OG_ELIMINATION_KLU;
  default: return OG_ELIMINATION_AUTO;
  }
}

og_status og_stepper_prepare(og_context *context, og_stepper *stepper, const og_field *field) {
  if (!stepper->implicit || stepper->prepared) return OG_OK;
  og_stepper_release(stepper); /* of what failed before */
  /* Where rows follow those of a pattern, as in the equations of lambda, that block is factored. */
  if (field->following && stepper->linear_solver == OG_LINEAR_GMRES) stepper->linear_solver = OG_LINEAR_AUTO;
  if (stepper->linear_solver == OG_LINEAR_GMRES)
    OG_TRY(prepare_iterations(context, stepper, field));
  else
    OG_TRY(prepare_matrices(context, stepper, field, og_stepper_elimination(stepper)));
  if (stepper->prepare) OG_TRY(stepper->prepare(context, stepper, field));
  stepper->prepared = 1;
  return OG_OK;
}

const char *og_stepper_linear_solver(const og_stepper *stepper) {
  if (stepper->linear_solver == OG_LINEAR_GMRES) return "gmres";
  return og_elimination_name(stepper->system ? stepper->system : stepper->elimination);
}

void og_stepper_release(og_stepper *stepper) {
  og_elimination_destroy(stepper->elimination);
  og_elimination_destroy(stepper->system);
  stepper->elimination = stepper->system = NULL;
  stepper->prepared = 0;
}
