/* An event happens: the state jumps, and the segment ends. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "solve/events/sides.h"

typedef OG_R(og_integration) integration;

/* ---- One lane of a block ---- */

void OG_R(og_integrate_own_theta)(const integration *d, int lane, double *theta) {
  const og_trajectory *at = d->trajectory[lane];
  og_signals_theta(d->solve, (size_t)(at - d->solve->trajectories), &at->path.segments[d->segment[lane]],
                   theta);
}

/* Inside the step not beyond its end, to which it may be rounded. */
double OG_R(og_integrate_time_at)(const integration *d, int lane, double place) {
  double end = d->at.t_next[lane], t = d->at.t[lane] + place * d->at.h[lane];
  if (place == 1 || (place < 1 && (d->at.h[lane] < 0 ? t < end : t > end))) return end;
  return t;
}

void OG_R(og_integrate_event_fail)(integration *d, int lane, size_t event, og_status status) {
  d->mask[lane] = 0;
  d->failed_event = event + 1;
  OG_R(og_integrate_fail)(d, lane, status);
  d->failed_event = 0;
}

/* ---- Happening ---- */

/* Events that come at the same time again and again, or too many. */
static int accumulates(integration *d, int lane, double t) {
  og_detection *detection = d->detection;
  int same = detection->occurrences[lane] > 0 &&
             fabs(t - detection->last[lane]) <= OG_SAME_TIME * DBL_EPSILON * fabs(t);
  detection->stalled[lane] = same ? detection->stalled[lane] + 1 : 0;
  detection->last[lane] = t;
  detection->occurrences[lane]++;
  return detection->stalled[lane] > 2 * detection->guards ||
         detection->occurrences[lane] > d->solve->limits.max_events;
}

static int make_room(integration *d, og_path *path, og_segment *segment) {
  size_t states = (d->solve->sizes ? 3 : 2) * d->solve->n * sizeof(double),
         bytes = states + OG_ALLOCATION_EXTRA;
  if (segment->states) return 1;
  if (!OG_R(og_integrate_reserve)(d, bytes)) return 0;
  segment->states = og_alloc(d->solve->context, 1, states);
  path->bytes += segment->states ? bytes : 0;
  if (segment->states) return 1;
  atomic_fetch_sub(&d->solve->kept, bytes);
  d->share->status = OG_ERR_MEMORY;
  return 0;
}

/* From one_x, just before the event, to the lane's y, just after it; both are kept with the segment. */
static og_status jump(integration *d, int lane, og_segment *segment) {
  og_detection *detection = d->detection;
  size_t n = d->solve->n;
  double *before = segment->states, *after = before + n, zero = 0;
  og_guard_point at = {segment->time, detection->one_x, detection->one_theta, d->step->scratch,
                       detection->work};
  memcpy(before, detection->one_x, n * sizeof *before);
  if (OG_R(og_sides_known)(d, segment->time, detection->before) != OG_NO_EVENT) return OG_ERR_NOT_FINITE;
  if (og_guard_jump(d->solve, segment->event, &at, detection->g_x)) return OG_ERR_FIELD;
  if (og_guard_settles(d->solve, segment->event)) {
    og_instant instant = og_guard_instant(&at);
    OG_TRY(og_consistent_solve(d->solve, &instant, detection->g_x, &d->inconsistency));
  }
  memcpy(after, detection->g_x, n * sizeof *after);
  for (size_t i = 0; i < n; i++) {
    d->y[i * (size_t)d->lanes + (size_t)lane] = (real)after[i];
    zero += 0 * after[i];
  }
  return zero != 0 ? OG_ERR_NOT_FINITE : OG_R(og_sides_event)(d, lane, segment);
}

static void end_segment(integration *d, int lane, og_segment *segment) {
  og_detection *detection = d->detection;
  segment->last = d->fraction_next[lane];
  segment->event = detection->event[lane];
  segment->occurrence = detection->occurrences[lane];
  segment->sigma = detection->sigma[lane];
  segment->held = detection->held[lane];
  segment->time = OG_R(og_integrate_time_at)(d, lane, segment->sigma);
  OG_R(og_integrate_state_at)(d, lane, segment->sigma, detection->one_x);
  OG_R(og_integrate_own_theta)(d, lane, detection->one_theta);
}

int OG_R(og_integrate_apply)(integration *d, int lane) {
  size_t event = d->detection->event[lane];
  og_path *path = &d->trajectory[lane]->path;
  og_segment *segment = &path->segments[d->segment[lane]];
  if (!make_room(d, path, segment)) return 0;
  end_segment(d, lane, segment);
  og_status status = jump(d, lane, segment);
  if (status == OG_OK && accumulates(d, lane, segment->time)) status = OG_ERR_ZENO;
  if (status != OG_OK) {
    OG_R(og_integrate_event_fail)(d, lane, event, status);
    return 1;
  }
  if (d->solve->sizes) OG_R(og_integrate_size_end)(d, lane, segment);
  if (og_guard_about(d->solve, event).terminal) {
    OG_R(og_integrate_finish)(d, lane);
    return 1;
  }
  og_segment next = og_segment_plain(segment->time, segment->end);
  next.inside = segment->inside;
  return OG_R(og_integrate_next_segment)(d, lane, next);
}
