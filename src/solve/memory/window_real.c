#include <string.h>

#include "solve/memory/recompute.h"
#include "solve/memory/window.h"

typedef OG_R(og_recompute) recompute;

/* One step after the other is taken, and all states go by; the last ones stay. */
static void take_steps(recompute *b, const og_trajectory *at, size_t trajectory, og_window_goal goal) {
  og_solve *solve = b->d.solve;
  double sign = at->t1 < at->t0 ? -1 : 1;
  size_t end = at->steps - 1;
  int open = goal.step == OG_NO_STEP; /* the step that holds t has not been left yet */
  if (!open && goal.step + goal.beyond < end) end = goal.step + goal.beyond;
  while (b->there[0]) {
    size_t index = b->at[0];
    og_checkpoint *entry = og_window_push(solve, trajectory, index);
    entry->fraction = b->d.fraction[0];
    memcpy(entry + 1, b->d.x, solve->n * sizeof(real));
    if (open && sign * og_step_time(at, index, entry->fraction) > sign * goal.t) {
      if (index + goal.beyond < end) end = index + goal.beyond;
      open = 0;
    }
    if (index >= end) break;
    OG_R(og_recompute_next)(b);
  }
}

og_status OG_R(og_window_fill)(og_solve *solve, size_t trajectory, uint32_t slot, size_t step,
                               og_window_goal goal) {
  og_share share = {.lanes = 1, .interrupt = og_interrupt_of(solve->context)};
  recompute *b = og_alloc(solve->context, 1, sizeof *b);
  if (!b) return OG_ERR_MEMORY;
  share.status = OG_R(og_recompute_open)(b, solve, &share);
  if (share.status == OG_OK)
    share.status = OG_R(og_recompute_start)(b, &solve->trajectories[trajectory], slot, step);
  if (share.status == OG_OK) take_steps(b, &solve->trajectories[trajectory], trajectory, goal);
  OG_R(og_recompute_close)(b);
  og_free(solve->context, b);
  return share.status;
}
