#include "solve/recorded.h"

#include <math.h>

#include "solve/memory/window.h"

const void *og_recorded_state(const og_solve *solve, const og_trajectory *at, size_t index,
                              double *fraction) {
  if (!solve->checkpoints) {
    const char *entry = og_step_record_entry(&at->record, index, solve->stride);
    *fraction = *(const double *)(const void *)entry;
    return entry + sizeof(double);
  }
  const og_checkpoint *state = og_window_state(solve, at, index);
  *fraction = state->fraction;
  return state + 1;
}

double og_recorded_time(const og_solve *solve, const og_trajectory *at, size_t index) {
  const og_segment *last = &at->path.segments[at->path.count - 1];
  double fraction = 0;
  if (index == at->steps) return last->event == OG_NO_EVENT ? last->end : last->time;
  og_recorded_state(solve, at, index, &fraction);
  return og_step_time(at, index, fraction);
}

/* Strides that double from the hint find two steps with t between them; then bisection. */
size_t og_recorded_find(const og_solve *solve, const og_trajectory *at, double t, size_t hint) {
  const og_checkpoints *c = solve->checkpoints;
  if (c && !c->kept[at - solve->trajectories].all) return og_window_find(solve, at, t);
  double sign = at->t1 < at->t0 ? -1 : 1;
  size_t low = 0, high = at->record.steps, reach = 1;
  if (hint >= high) hint = high - 1;
  int after = sign * og_recorded_time(solve, at, hint) <= sign * t;
  if (after)
    low = hint;
  else
    high = hint;
  for (; reach < high - low; reach *= 2) {
    size_t probe = after ? low + reach : high - reach;
    int before = sign * og_recorded_time(solve, at, probe) <= sign * t;
    if (before)
      low = probe;
    else
      high = probe;
    if (before != after) break;
  }
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    if (sign * og_recorded_time(solve, at, middle) <= sign * t)
      low = middle;
    else
      high = middle;
  }
  return low;
}

size_t og_recorded_find_in(const og_solve *solve, const og_trajectory *at, size_t segment, double t,
                           size_t hint) {
  size_t index = og_recorded_find(solve, at, t, hint);
  size_t first = at->path.segments[segment].first, stop = og_segment_stop(at, segment);
  return index < first ? first : index >= stop ? stop - 1 : index;
}

double og_recorded_pace(const og_solve *solve, const og_trajectory *at, double t, size_t *hint) {
  size_t k = *hint = og_recorded_find(solve, at, t, *hint);
  double start = og_recorded_time(solve, at, k);
  double own = fabs(og_recorded_time(solve, at, k + 1) - start);
  double before = own;
  for (size_t i = k; i > 0 && (i == k || before == 0); i--) /* steps of length zero say nothing */
    before = fabs(start - og_recorded_time(solve, at, i - 1));
  if (own == 0) own = before;
  return fmax(fabs(t - start), fmin(own, before));
}
