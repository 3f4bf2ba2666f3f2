/* How a memory budget is shared out: working memory, tables, and slots for checkpoints, as many for each
 * trajectory.
 *
 * The folder is for what a solve keeps of its steps, and for getting back what it did not keep. Begin here,
 * then checkpoints_real.c (what is kept while going forward) and recompute_real.c (steps taken again between
 * two kept states); state_cache_real.c does the same for dense output, ../networks.c for what stages leave to
 * the way back.
 */
#ifndef OG_BUDGET_H
#define OG_BUDGET_H

#include "checkpoint/schedule.h"
#include "solve/events/guards.h"
#include "solve/solve.h"

/* Headers and alignment of a worker's few allocations. */
enum { OG_WORKER_ALLOCATIONS = 2048 };

typedef struct og_memory_budget {
  int keeps_all; /* every state is to be kept: slot k holds state k, and there are no marks */
  og_placement placement;
  size_t every;
  size_t memory_slots, file_slots; /* of each trajectory; SIZE_MAX: no limit */
  int threads, lanes;              /* no more than these, so that working memory fits */
  int taped;                       /* stages of a bound field leave tapes */
  size_t cache;    /* states of a trajectory that are computed again at a time (state_cache.h) */
  size_t ceilings; /* bytes for those of all trajectories beyond the least (ceilings.h) */
  size_t lambda;   /* bytes for the steps of the backward solve of adjoint = quadrature; 0: no limit */
  size_t paths;    /* bytes that all lists of segments may take, */
  size_t reserved; /* which are reserved as are those of working memory, results and tables */
} og_memory_budget;

/* The number of steps a trajectory will take at most, where that is known: equal steps, with one more for
 * each breakpoint of an input, and no events. Else 0. */
static inline size_t og_known_steps(const og_solve *solve, size_t trajectory) {
  const og_trajectory *at = &solve->trajectories[trajectory];
  return at->fixed_steps && !og_guards(solve) ? at->fixed_steps + at->break_count : 0;
}
/* The budget for the present options and settings. OG_ERR_BUDGET names the least budget that would do. */
og_status og_budget_find(const og_solve *solve, og_memory_budget *budget);
/* The driver's bytes, which runs again while a gradient is computed. */
size_t og_driver_bytes(const og_solve *solve, int lanes);
/* Dense outputs that are there at once: of x; for quadrature of lambda too, whose steps are taken again with
 * one more of x. */
size_t og_dense_output_count(const og_solve *solve);
static inline size_t og_budget_slots(const og_memory_budget *budget) {
  size_t most = OG_NO_SLOT - 1;
  if (budget->memory_slots >= most || budget->file_slots >= most - budget->memory_slots) return most;
  return budget->memory_slots + budget->file_slots;
}

#endif
