/* What solves of fields with networks do besides others: weights that all lanes share, and tapes. */
#include "solve/networks.h"
#include "solve/events/guards.h"
#include "solve/solve.h"
#include "step/step.h"

/* ---- Tapes ---- */

/* Equal steps, one after the other in all lanes. */
static int in_step(const og_solve *solve) {
  size_t steps = solve->trajectories[0].fixed_steps;
  for (size_t m = 0; m < solve->count; m++)
    if (solve->trajectories[m].fixed_steps != steps || solve->trajectories[m].break_count) return 0;
  return steps > 0;
}

static size_t step_bytes(const og_solve *solve, int lanes) {
  const og_stepper *stepper = &solve->stepper;
  return solve->single ? stepper->ops_s->tape_bytes(stepper, solve->field, lanes)
                       : stepper->ops_d->tape_bytes(stepper, solve->field, lanes);
}

static og_tapes wanted(const og_solve *solve) {
  og_tapes none = {0};
  if (!solve->weights || solve->keep != OG_KEEP_STEPS || solve->limits.budget || !in_step(solve)) return none;
  int lanes = og_lanes_for(solve, solve->count);
  size_t steps = solve->trajectories[0].fixed_steps;
  og_tapes tapes = {.lanes = lanes,
                    .blocks = (solve->count + (size_t)lanes - 1) / (size_t)lanes,
                    .step_bytes = step_bytes(solve, lanes)};
  if (!tapes.step_bytes || steps > OG_TAPES_MOST / tapes.step_bytes / tapes.blocks) return none;
  tapes.block_bytes = steps * tapes.step_bytes;
  return tapes;
}

/* Without room for them nothing is lost but time. */
void og_tapes_prepare(og_solve *solve) {
  og_tapes tapes = wanted(solve), *have = &solve->tapes;
  if (have->memory && tapes.blocks * tapes.block_bytes == have->blocks * have->block_bytes) {
    tapes.memory = have->memory;
  } else {
    og_free(solve->context, have->memory);
    if (tapes.blocks) tapes.memory = og_alloc(solve->context, tapes.blocks, tapes.block_bytes);
  }
  *have = tapes;
}

void *og_tapes_at(const og_solve *solve, size_t begin, size_t index) {
  const og_tapes *tapes = &solve->tapes;
  return tapes->memory + begin / (size_t)tapes->lanes * tapes->block_bytes + index * tapes->step_bytes;
}

void og_tapes_free(og_solve *solve) {
  og_free(solve->context, solve->tapes.memory);
  solve->tapes = (og_tapes){0};
}

/* ---- Binding ---- */

/* Which form of a field with weights a solve works with: bound to values that all lanes share, or the source,
 * in which every lane has its own. Both give the same bits. */

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
