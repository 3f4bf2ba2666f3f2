#include <math.h>

#include "solve/recorded.h"
#include "solve/memory/checkpoints.h"
#include "solve/memory/state_cache.h"

const void *og_recorded_state(const og_solve *solve, const og_trajectory *at, size_t index,
                              double *fraction) {
  if (!solve->checkpoints) {
    const char *entry = og_step_record_entry(&at->record, index, solve->stride);
    *fraction = *(const double *)(const void *)entry;
    return entry + sizeof(double);
  }
  const og_checkpoint *state = og_state_cache_read(solve, at, index);
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
  if (c && !c->kept[at - solve->trajectories].all) return og_state_cache_find(solve, at, t);
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

/* ---- Given to another solve to be replayed ---- */

og_status og_solve_fraction(const og_solve *solve, size_t trajectory, size_t step, double *fraction) {
  const og_checkpoints *c = solve->checkpoints;
  if (!c) {
    *fraction =
        *(const double *)og_step_record_entry(&solve->trajectories[trajectory].record, step, solve->stride);
    return OG_OK;
  }
  if (!c->kept[trajectory].all)
    return og_fail(
        solve->context, OG_ERR_UNSUPPORTED,
        "the places of all steps are needed, and under the memory budget only some were kept: raise "
        "memory, or give memory = 0");
  if (og_store_read(c->store, trajectory, step, sizeof *fraction, fraction) == OG_OK) return OG_OK;
  return og_store_report(c->store);
}

static og_status copy_fractions(og_solve *solve, size_t to, const og_solve *from, size_t m) {
  og_trajectory *at = &solve->trajectories[to];
  size_t steps = from->trajectories[m].steps;
  for (size_t k = 0; k < steps; k++) {
    size_t growth = og_pages_growth(&at->record.pages, k, solve->stride, steps);
    size_t kept = growth ? atomic_fetch_add(&solve->kept, growth) + growth : 0;
    if (solve->limits.budget && kept > solve->limits.budget)
      return og_fail(solve->context, OG_ERR_BUDGET,
                     "following the recorded steps takes more than the memory budget of %zu bytes",
                     solve->limits.budget);
    if (growth && og_pages_grow(solve->context, &at->record.pages, solve->stride, steps) != OG_OK)
      return og_fail_memory(solve->context, growth, "the steps to follow");
    OG_TRY(og_solve_fraction(from, m, k, og_step_record_entry(&at->record, k, solve->stride)));
  }
  at->record.steps = at->steps = steps;
  return OG_OK;
}

/* The segments of a solve without events. */
static og_status copy_path(og_solve *solve, og_trajectory *to, const og_trajectory *from) {
  og_path_begin(solve->context, &to->path, from->path.segments[0]);
  for (size_t s = 1; s < from->path.count; s++)
    if (og_path_add(solve->context, &to->path, from->path.segments[s]) != OG_OK)
      return og_fail_memory(solve->context, from->path.count * sizeof(og_segment), "the segments to follow");
  to->run_breaks = from->run_breaks;
  return OG_OK;
}

/* Which method took them. */
static og_status copy_switches(og_solve *solve, og_trajectory *to, const og_trajectory *from) {
  to->switches.count = 0;
  for (size_t i = 0; i < from->switches.count; i++)
    if (og_switches_add(solve->context, &to->switches, from->switches.at[i]) != OG_OK)
      return og_fail_memory(solve->context, from->switches.count * sizeof(size_t), "the steps to follow");
  return OG_OK;
}

og_status og_solve_take_steps(og_solve *solve, const og_solve *from) {
  OG_TRY(og_solve_start(solve));
  for (size_t m = 0; m < solve->count; m++) {
    const og_trajectory *source = &from->trajectories[m % from->count];
    OG_TRY(copy_fractions(solve, m, from, m % from->count));
    OG_TRY(copy_path(solve, &solve->trajectories[m], source));
    OG_TRY(copy_switches(solve, &solve->trajectories[m], source));
  }
  solve->keep = OG_KEEP_STEPS;
  solve->state = OG_SOLVE_CHANGED;
  return OG_OK;
}
