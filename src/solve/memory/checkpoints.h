/* The checkpoints of a solve: for each trajectory a schedule, and a row of slots in the store. What lies
 * between checkpoints is computed again by the same driver (recompute.h).
 *
 * A checkpoint is all that the driver knows at the start of a step: as fractions of the span its place and
 * the width that is wished for, the error of the step before, and x. So the steps that follow have the bits
 * of the first pass. */
#ifndef OG_CHECKPOINTS_H
#define OG_CHECKPOINTS_H

#include "checkpoint/store.h"
#include "solve/memory/budget.h"

typedef struct og_checkpoint {
  double fraction, width, previous; /* and then real x[n] */
} og_checkpoint;

/* Consecutive states of one trajectory, state k in entry k modulo room: see state_cache.h. */
typedef struct og_state_cache {
  size_t room, first, count;
  char *entries;
} og_state_cache;

/* What is kept of one trajectory; `all`: state k is in slot k, for every k. */
typedef struct og_kept {
  og_schedule schedule;
  int all;
  og_state_cache cache;
} og_kept;

typedef struct og_checkpoints {
  og_memory_budget budget;
  og_store *store;
  og_kept *kept; /* [M] */
  atomic_size_t marks_bytes;
  atomic_int cache_status; /* og_status: the first thing that went wrong in a cache */
  int told;                /* what was chosen is in the log */
} og_checkpoints;

/* Bytes of a checkpoint. */
static inline size_t og_checkpoint_stride(const og_solve *solve) {
  return sizeof(og_checkpoint) + solve->stride - sizeof(double);
}

/* Before a run: a budget for the present settings, and slots by it. */
og_status og_checkpoints_prepare(og_solve *solve);
void og_checkpoints_free(og_solve *solve);
/* One trajectory is about to be solved anew. */
void og_checkpoints_restart(og_solve *solve, size_t trajectory);
/* State `step` is at hand for the first time: the slot to save it in, or OG_NO_SLOT. OG_ERR_BUDGET: there is
 * no slot left and every state is to be kept. This and the following are for worker threads, each with
 * trajectories of its own. */
og_status og_checkpoints_offer(og_solve *solve, size_t trajectory, size_t step, uint32_t *slot);
/* The schedule's next move: see og_schedule_move. */
og_status og_checkpoints_move(og_solve *solve, size_t trajectory, size_t step, size_t at, og_move *move);
/* The trajectory has ended. */
void og_checkpoints_end(og_solve *solve, size_t trajectory, size_t steps);
/* Whether the states of all steps of all trajectories are kept. */
int og_checkpoints_all(const og_solve *solve);
/* After a run: what was kept and what a gradient will compute again, into the statistics and once into the
 * log, of the caller's own solve. */
void og_checkpoints_tell(og_solve *solve);
/* The statistic of bytes is at least what is taken now and so many more. */
void og_checkpoints_count(og_solve *solve, size_t more);
/* Bytes in memory: those reserved for the run and its gradient, and those of the slots in use. */
size_t og_checkpoints_bytes(const og_solve *solve);

#endif
