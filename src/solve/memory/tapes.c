#include "solve/memory/tapes.h"

#include <string.h>

/* Equal steps, one after the other in all lanes, each computed from its start. */
static int in_step(const og_solve *solve) {
  size_t steps = solve->trajectories[0].fixed_steps;
  for (size_t m = 0; m < solve->count; m++)
    if (solve->trajectories[m].fixed_steps != steps || solve->trajectories[m].break_count) return 0;
  return steps > 0 && !solve->tableau->first_same_as_last;
}

/* Tape, state and slope of one stage. */
static size_t stage_bytes(const og_solve *solve, int lanes) {
  size_t block = OG_PADDED(solve->n * (size_t)lanes) * (solve->single ? sizeof(float) : sizeof(double));
  return OG_ALIGNED(solve->field->tape_bytes(solve->field, lanes)) + 2 * block;
}

static og_tapes wanted(const og_solve *solve) {
  og_tapes none = {0};
  if (!solve->weights || solve->keep != OG_KEEP_STEPS || solve->limits.budget || !in_step(solve)) return none;
  int lanes = og_lanes_for(solve, solve->count);
  size_t steps = solve->trajectories[0].fixed_steps * (size_t)solve->tableau->stages;
  og_tapes tapes = {.lanes = lanes,
                    .blocks = (solve->count + (size_t)lanes - 1) / (size_t)lanes,
                    .stage_bytes = stage_bytes(solve, lanes)};
  if (steps > OG_TAPES_MOST / tapes.stage_bytes / tapes.blocks) return none;
  tapes.block_bytes = steps * tapes.stage_bytes;
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

void og_tapes_free(og_solve *solve) {
  og_free(solve->context, solve->tapes.memory);
  solve->tapes = (og_tapes){0};
}
