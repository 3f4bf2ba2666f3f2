#include "solve/memory/step_tapes.h"

#include <string.h>

#include "solve/solve.h"
#include "step/step.h"

/* Steps of small systems are kept many at a time. */
enum { CHUNK = 1 << 16 };

static size_t chunk_steps(const og_solve *solve) {
  return solve->tape_bytes < CHUNK ? CHUNK / solve->tape_bytes : 1;
}

static size_t wanted_bytes(const og_solve *solve) {
  const og_stepper *stepper = &solve->stepper;
  if (!solve->derivative_bytes) return 0; /* as of lambda, whose steps nobody goes back through */
  if (!stepper->implicit || solve->keep != OG_KEEP_STEPS || solve->limits.budget) return 0;
  return solve->single ? stepper->ops_s->tape_bytes(stepper, solve->field, 1)
                       : stepper->ops_d->tape_bytes(stepper, solve->field, 1);
}

void og_step_tapes_free(og_solve *solve) {
  for (size_t m = 0; solve->trajectories && m < solve->count; m++) {
    og_step_tapes *tapes = &solve->trajectories[m].tapes;
    for (size_t i = 0; i < tapes->chunks; i++) og_free(solve->context, tapes->chunk[i]);
    og_free(solve->context, tapes->chunk);
    *tapes = (og_step_tapes){0};
  }
  solve->tape_bytes = 0;
  atomic_store(&solve->taped_bytes, 0);
}

void og_step_tapes_prepare(og_solve *solve) {
  size_t bytes = wanted_bytes(solve);
  if (bytes != solve->tape_bytes) og_step_tapes_free(solve);
  solve->tape_bytes = bytes;
  for (size_t m = 0; m < solve->count; m++) solve->trajectories[m].tapes.steps = 0;
}

static og_status lengthen_list(og_solve *solve, og_step_tapes *tapes) {
  size_t room = tapes->room ? 2 * tapes->room : 8;
  char **longer = og_alloc(solve->context, room, sizeof *longer);
  if (!longer) return OG_ERR_MEMORY;
  if (tapes->chunks) memcpy(longer, tapes->chunk, tapes->chunks * sizeof *longer);
  og_free(solve->context, tapes->chunk);
  tapes->chunk = longer, tapes->room = room;
  return OG_OK;
}

/* Nothing happens where there are as many as there may be. */
static og_status add_chunk(og_solve *solve, og_step_tapes *tapes) {
  size_t bytes = chunk_steps(solve) * solve->tape_bytes;
  if (atomic_fetch_add(&solve->taped_bytes, bytes) + bytes > OG_STEP_TAPES_MOST) {
    atomic_fetch_sub(&solve->taped_bytes, bytes);
    return OG_OK;
  }
  if (tapes->chunks == tapes->room) OG_TRY(lengthen_list(solve, tapes));
  tapes->chunk[tapes->chunks] = og_alloc(solve->context, 1, bytes);
  return tapes->chunk[tapes->chunks] ? (tapes->chunks++, OG_OK) : OG_ERR_MEMORY;
}

og_status og_step_tape_for(og_solve *solve, og_trajectory *at, size_t index, void **tape) {
  og_step_tapes *tapes = &at->tapes;
  size_t steps = chunk_steps(solve);
  *tape = NULL;
  if (index > tapes->steps) return OG_OK; /* one before it has none */
  if (index / steps == tapes->chunks) OG_TRY(add_chunk(solve, tapes));
  tapes->steps = index / steps < tapes->chunks ? index + 1 : index;
  if (tapes->steps > index) *tape = tapes->chunk[index / steps] + index % steps * solve->tape_bytes;
  return OG_OK;
}

void *og_step_tape_of(const og_solve *solve, const og_trajectory *at, size_t index) {
  size_t steps = chunk_steps(solve);
  if (index >= at->tapes.steps) return NULL;
  return at->tapes.chunk[index / steps] + index % steps * solve->tape_bytes;
}
