/* Events that happened, as the caller sees them. */
#include <math.h>
#include <string.h>

#include "solve/events/guards.h"

static size_t events_of(const og_trajectory *at) {
  if (at->path.count == 0) return 0;
  const og_segment *last = &at->path.segments[at->path.count - 1];
  size_t count = last->event != OG_NO_EVENT;
  for (size_t s = 0; s + 1 < at->path.count; s++) count += at->path.segments[s].event != OG_NO_EVENT;
  return count;
}

static og_status check(const og_solve *solve, size_t trajectory) {
  return og_check_result(solve, trajectory, "events are");
}

og_status og_solve_events(const og_solve *solve, size_t trajectory, size_t *count) {
  OG_OBJECT(solve);
  OG_NEED(solve->context, count);
  OG_TRY(check(solve, trajectory));
  *count = events_of(&solve->trajectories[trajectory]);
  return OG_OK;
}

static og_status find(const og_solve *solve, size_t trajectory, size_t index, const og_segment **segment) {
  OG_TRY(check(solve, trajectory));
  const og_path *path = &solve->trajectories[trajectory].path;
  for (size_t s = index; s < path->count; s++) { /* no event comes before the segment of its number */
    *segment = &path->segments[s];
    if ((*segment)->event != OG_NO_EVENT && (*segment)->occurrence == index) return OG_OK;
  }
  return og_fail(solve->context, OG_ERR_ARGUMENT, "event %zu of trajectory %zu, which has %zu", index,
                 trajectory, events_of(&solve->trajectories[trajectory]));
}

og_status og_solve_event(const og_solve *solve, size_t trajectory, size_t index, og_occurrence *out) {
  OG_OBJECT(solve);
  OG_NEED(solve->context, out);
  const og_segment *segment = NULL;
  OG_TRY(find(solve, trajectory, index, &segment));
  og_occurrence found = {OG_INIT(og_occurrence), segment->event, og_guard_about(solve, segment->event).name,
                         segment->time};
  return OG_GIVE(solve->context, og_occurrence, found, out);
}

og_status og_solve_event_states(const og_solve *solve, size_t trajectory, size_t index, double *before,
                                double *after) {
  OG_OBJECT(solve);
  const og_segment *segment = NULL;
  OG_TRY(find(solve, trajectory, index, &segment));
  if (before) memcpy(before, segment->states, solve->states * sizeof *before);
  if (after) memcpy(after, segment->states + solve->n, solve->states * sizeof *after);
  return OG_OK;
}

og_status og_fail_ended(const og_solve *solve, size_t trajectory, size_t observation) {
  const og_trajectory *at = &solve->trajectories[trajectory];
  const og_segment *last = &at->path.segments[at->path.count - 1];
  const char *name = og_guard_about(solve, last->event).name;
  return og_fail(solve->context, OG_ERR_STATE,
                 "trajectory %zu ended at t = %.10g by the terminal event %zu%s%s%s, so there is nothing at "
                 "observation %zu, t = %.10g",
                 trajectory, last->time, last->event, name ? " (" : "", name ? name : "", name ? ")" : "",
                 observation, at->times[observation]);
}

/* ---- Cotangents and tangents: for each event {time, state before, state after} ---- */

void og_events_forget(og_solve *solve) {
  for (size_t m = 0; m < solve->count; m++) {
    og_free(solve->context, solve->trajectories[m].event_bars);
    solve->trajectories[m].event_bars = NULL;
  }
  solve->pulled = solve->pushed = 0;
}

og_status og_solve_set_event_cotangents(og_solve *solve, size_t trajectory, const double *times_bar,
                                        const double *before_bar, const double *after_bar) {
  OG_OBJECT(solve);
  OG_TRY(check(solve, trajectory));
  og_trajectory *at = &solve->trajectories[trajectory];
  size_t count = events_of(at), n = solve->states, stride = 1 + 2 * n;
  static const char must[] = "a cotangent must be finite";
  OG_TRY(og_check_finite(solve, "times_bar", times_bar, count, must));
  OG_TRY(og_check_finite(solve, "before_bar", before_bar, count * n, must));
  OG_TRY(og_check_finite(solve, "after_bar", after_bar, count * n, must));
  if (count == 0) return OG_OK;
  double *bars = og_alloc(solve->context, count * stride, sizeof *bars);
  if (!bars) return og_fail_memory(solve->context, count * stride * sizeof *bars, "cotangents of events");
  for (size_t k = 0; k < count; k++) {
    double *one = bars + k * stride;
    one[0] = times_bar ? times_bar[k] : 0;
    for (size_t i = 0; i < n; i++) {
      one[1 + i] = before_bar ? before_bar[k * n + i] : 0;
      one[1 + n + i] = after_bar ? after_bar[k * n + i] : 0;
    }
  }
  og_free(solve->context, at->event_bars);
  at->event_bars = bars;
  return OG_OK;
}

og_status og_events_make_room(og_solve *solve) {
  for (size_t m = 0; m < solve->count && og_guards(solve); m++) {
    og_trajectory *at = &solve->trajectories[m];
    size_t entries = events_of(at) * (1 + 2 * solve->states);
    og_free(solve->context, at->event_dots);
    at->event_dots = entries ? og_alloc(solve->context, entries, sizeof(double)) : NULL;
    if (entries && !at->event_dots)
      return og_fail_memory(solve->context, entries * sizeof(double), "tangents of events");
  }
  return OG_OK;
}

og_status og_solve_event_tangents(const og_solve *solve, size_t trajectory, double *times_dot,
                                  double *before_dot, double *after_dot) {
  OG_OBJECT(solve);
  OG_TRY(check(solve, trajectory));
  if (solve->state != OG_SOLVE_DONE || !solve->pushed)
    return og_fail(solve->context, OG_ERR_STATE,
                   "tangents of events are known only after og_solve_pushforward succeeded");
  const og_trajectory *at = &solve->trajectories[trajectory];
  size_t count = events_of(at), n = solve->states;
  for (size_t k = 0; k < count; k++) {
    const double *one = at->event_dots + k * (1 + 2 * n);
    if (times_dot) times_dot[k] = one[0];
    if (before_dot) memcpy(before_dot + k * n, one + 1, n * sizeof *one);
    if (after_dot) memcpy(after_dot + k * n, one + 1 + n, n * sizeof *one);
  }
  return OG_OK;
}
