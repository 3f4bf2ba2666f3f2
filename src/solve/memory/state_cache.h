/* Caches of recorded steps, for readers that take them in any order (dense output) while a budget keeps only
 * some: of each trajectory a run of consecutive states, computed again from a checkpoint when one is asked
 * for that is not in it. Checkpoints stay as the forward pass left them. A cache ends a little beyond what
 * was asked for and reaches back as far as there is room, as readers mostly go backward.
 *
 * A reader cannot be refused in the middle of a right-hand side: what goes wrong is remembered, readers are
 * given what there is, and whoever opened the caches asks in the end. A trajectory is read by one thread at
 * a time. */
#ifndef OG_STATE_CACHE_H
#define OG_STATE_CACHE_H

#include "solve/memory/checkpoints.h"

enum { OG_STATE_CACHE_LEAST = 16 }; /* states */

/* Where filling ends: at state `step`, or (OG_NO_STEP) with the step that holds t; and `beyond` states
 * further. */
typedef struct og_state_cache_goal {
  size_t step, beyond;
  double t;
} og_state_cache_goal;

/* Nothing to do for a solve whose steps are all recorded. */
og_status og_state_cache_open(og_solve *solve);
void og_state_cache_close(og_solve *solve);
/* The first thing that went wrong, with its message. */
og_status og_state_cache_status(const og_solve *solve);

/* State `index` (not that of the end), valid until the next call for the trajectory. */
const og_checkpoint *og_state_cache_read(const og_solve *solve, const og_trajectory *at, size_t index);
/* The step that holds t. */
size_t og_state_cache_find(const og_solve *solve, const og_trajectory *at, double t);

/* Fills the cache from the checkpoint in `slot`, which is state `step`. */
og_status og_state_cache_fill_d(og_solve *solve, size_t trajectory, uint32_t slot, size_t step,
                                og_state_cache_goal goal);
og_status og_state_cache_fill_s(og_solve *solve, size_t trajectory, uint32_t slot, size_t step,
                                og_state_cache_goal goal);
/* A state more; with the one that is then the last. */
og_checkpoint *og_state_cache_push(const og_solve *solve, size_t trajectory, size_t index);

#endif
