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

og_status og_stepper_prepare(og_context *context, og_stepper *stepper, const og_field *field) {
  if (!stepper->implicit || stepper->elimination) return OG_OK;
  OG_TRY(og_field_want_jacobian(context, field));
  if (!field->pattern || !field->ops_d.jacobian)
    return og_fail(context, OG_ERR_UNSUPPORTED,
                   "method %s needs the Jacobian df/dx, which the field has not: give it with "
                   "og_field_set_jacobian, a jvp, or og_field_use_finite_differences",
                   stepper->name);
  OG_TRY(og_elimination_create(context, field->pattern, OG_ELIMINATION_AUTO, &stepper->elimination));
  return stepper->prepare ? stepper->prepare(context, stepper, field) : OG_OK;
}

const char *og_stepper_linear_solver(const og_stepper *stepper) {
  return og_elimination_name(stepper->system ? stepper->system : stepper->elimination);
}

void og_stepper_release(og_stepper *stepper) {
  og_elimination_destroy(stepper->elimination);
  og_elimination_destroy(stepper->system);
  stepper->elimination = stepper->system = NULL;
}
