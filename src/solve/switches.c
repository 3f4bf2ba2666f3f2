#include "solve/switches.h"

#include <math.h>
#include <string.h>

#include "step/switching.h"
#include "step/stability.h"
#include "solve/solve.h"

int og_switches_implicit(const og_switches *switches, size_t step) {
  size_t before = 0, behind = switches->count;
  while (before < behind) {
    size_t middle = (before + behind) / 2;
    if (switches->at[middle] <= step)
      before = middle + 1;
    else
      behind = middle;
  }
  return before % 2 == 1;
}

og_status og_switches_add(og_context *context, og_switches *switches, size_t step) {
  if (switches->count == switches->room) {
    size_t room = switches->room ? 2 * switches->room : 8;
    size_t *at = og_alloc(context, room, sizeof *at);
    if (!at) return OG_ERR_MEMORY;
    if (switches->count) memcpy(at, switches->at, switches->count * sizeof *at);
    og_free(context, switches->at);
    switches->at = at;
    switches->room = room;
  }
  switches->at[switches->count++] = step;
  return OG_OK;
}

size_t og_switches_count(const og_switches *switches, size_t steps) {
  size_t count = 0;
  for (size_t i = 0; i < switches->count; i += 2)
    count += (i + 1 < switches->count ? switches->at[i + 1] : steps) - switches->at[i];
  return count;
}

void og_switches_free(og_context *context, og_switches *switches) {
  og_free(context, switches->at);
  *switches = (og_switches){0};
}

int og_watches_stiffness(const og_solve *solve) {
  return solve->automatic && solve->source->prepare && isfinite(solve->limits.reach[0]) &&
         og_options_integer(solve->options, OG_OPT_STEPS) == 0 &&
         og_options_integer(solve->options, OG_OPT_ADJOINT) != OG_ADJOINT_BACKSOLVE;
}

/* Rosenbrock steps where the field has what their derivative needs, else diagonally implicit ones, whose
 * derivatives need products alone. */
static int suits_rosenbrock(const og_field *field) {
  unsigned needed = OG_FIELD_HAS_HESSIAN | OG_FIELD_HAS_JACOBIAN;
  return (field->flags & needed) == needed;
}

static og_method implicit_for(const og_field *field) {
  if (field->made_of) field = field->made_of;
  return suits_rosenbrock(field) ? OG_METHOD_RODAS5P : OG_METHOD_ESDIRK54;
}

og_method og_method_with_mass(const og_field *field) {
  return suits_rosenbrock(field) ? OG_METHOD_RODAS5P : OG_METHOD_RADAU5;
}

og_status og_solve_take_pair(og_solve *solve) {
  if (solve->stepper.switches) return OG_OK;
  OG_TRY(og_field_want_jacobian(solve->context, solve->source));
  if (!solve->pair) solve->pair = og_alloc(solve->context, 1, sizeof *solve->pair);
  if (!solve->pair) return og_fail_memory(solve->context, sizeof *solve->pair, "a pair of methods");
  solve->pair->part[0] = solve->stepper;
  og_stepper_release(&solve->pair->part[1]); /* of a run that failed in what follows */
  solve->pair->part[1] = og_stepper_of(implicit_for(solve->source));
  OG_TRY(og_stepper_prepare(solve->context, &solve->pair->part[1], solve->source));
  solve->stepper = og_switching_stepper(solve->pair);
  og_limits_of_stepper(solve);
  return OG_OK;
}
