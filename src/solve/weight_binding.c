/* Which form of a field with weights a solve works with: bound to values that all lanes share, or the source,
 * in which every lane has its own. Both give the same bits. Implicit methods need the Jacobian, which the
 * bound form has not. */
#include "solve/events/guards.h"
#include "solve/solve.h"

static int can_bind(const og_solve *solve) {
  int discrete = og_options_integer(solve->options, OG_OPT_ADJOINT) == OG_ADJOINT_DISCRETE;
  return solve->source->bind && solve->theta_shared && discrete && !og_guards(solve) &&
         !solve->stepper.implicit;
}

static void use(og_solve *solve, const og_field *field) {
  solve->field = field;
  solve->p = field->p;
  solve->weights = field == solve->source ? 0 : field->weights;
  solve->laned = solve->parameters - solve->weights;
  solve->taped = solve->weights > 0;
}

og_status og_weight_binding_choose(og_solve *solve) {
  use(solve, solve->source);
  if (!can_bind(solve)) return OG_OK;
  if (!solve->bound) OG_TRY(solve->source->bind(solve->source, solve->context, solve->single, &solve->bound));
  use(solve, solve->bound);
  solve->bound->set_weights(solve->bound, solve->theta + solve->laned);
  return OG_OK;
}

int og_weight_binding_leave(og_solve *solve) {
  int bound = solve->field != solve->source;
  use(solve, solve->source);
  return bound;
}

void og_weight_binding_return(og_solve *solve, int back) {
  if (back) use(solve, solve->bound);
}
