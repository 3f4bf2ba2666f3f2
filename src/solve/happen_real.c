/* An event happens: the state jumps, and the segment ends. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "solve/sides.h"

typedef OG_R(og_drive_state) drive;

/* ---- One lane of a block ---- */

void OG_R(og_drive_own_theta)(const drive *d, int lane, double *theta) {
  const og_trajectory *at = d->trajectory[lane];
  og_signals_theta(d->solve, (size_t)(at - d->solve->trajectories), &at->path.segments[d->segment[lane]],
                   theta);
}

/* Inside the step not beyond its end, to which it may be rounded. */
double OG_R(og_drive_time_at)(const drive *d, int lane, double place) {
  double end = d->at.t_next[lane], t = d->at.t[lane] + place * d->at.h[lane];
  if (place == 1 || (place < 1 && (d->at.h[lane] < 0 ? t < end : t > end))) return end;
  return t;
}

void OG_R(og_drive_event_fail)(drive *d, int lane, size_t event, og_status status) {
  d->mask[lane] = 0;
  d->failed_event = event + 1;
  OG_R(og_drive_fail)(d, lane, status);
  d->failed_event = 0;
}

/* ---- Happening ---- */

/* Events that come at the same time again and again, or too many. */
static int accumulates(drive *d, int lane, double t) {
  og_watch *watch = d->watch;
  int same =
      watch->occurrences[lane] > 0 && fabs(t - watch->last[lane]) <= OG_SAME_TIME * DBL_EPSILON * fabs(t);
  watch->stalled[lane] = same ? watch->stalled[lane] + 1 : 0;
  watch->last[lane] = t;
  watch->occurrences[lane]++;
  return watch->stalled[lane] > 2 * watch->guards || watch->occurrences[lane] > d->solve->limits.max_events;
}

static int make_room(drive *d, og_path *path, og_segment *segment) {
  size_t states = (d->solve->sizes ? 3 : 2) * d->solve->n * sizeof(double),
         bytes = states + OG_ALLOCATION_EXTRA;
  if (segment->states) return 1;
  if (!OG_R(og_drive_take)(d, bytes)) return 0;
  segment->states = og_alloc(d->solve->context, 1, states);
  path->bytes += segment->states ? bytes : 0;
  if (segment->states) return 1;
  atomic_fetch_sub(&d->solve->kept, bytes);
  d->share->status = OG_ERR_MEMORY;
  return 0;
}

/* From one_x, just before the event, to the lane's y, just after it; both are kept with the segment. */
static og_status jump(drive *d, int lane, og_segment *segment) {
  og_watch *watch = d->watch;
  size_t n = d->solve->n;
  double *before = segment->states, *after = before + n, zero = 0;
  og_guard_point at = {segment->time, watch->one_x, watch->one_theta, d->step.scratch, watch->work};
  memcpy(before, watch->one_x, n * sizeof *before);
  if (OG_R(og_sides_known)(d, segment->time, watch->before) != OG_NO_EVENT) return OG_ERR_NOT_FINITE;
  if (og_guard_jump(d->solve, segment->event, &at, watch->g_x)) return OG_ERR_FIELD;
  memcpy(after, watch->g_x, n * sizeof *after);
  for (size_t i = 0; i < n; i++) {
    d->y[i * (size_t)d->lanes + (size_t)lane] = (real)after[i];
    zero += 0 * after[i];
  }
  return zero != 0 ? OG_ERR_NOT_FINITE : OG_R(og_sides_event)(d, lane, segment);
}

static void end_segment(drive *d, int lane, og_segment *segment) {
  og_watch *watch = d->watch;
  segment->last = d->fraction_next[lane];
  segment->event = watch->event[lane];
  segment->occurrence = watch->occurrences[lane];
  segment->sigma = watch->sigma[lane];
  segment->held = watch->held[lane];
  segment->time = OG_R(og_drive_time_at)(d, lane, segment->sigma);
  OG_R(og_drive_state_at)(d, lane, segment->sigma, watch->one_x);
  OG_R(og_drive_own_theta)(d, lane, watch->one_theta);
}

int OG_R(og_drive_happen)(drive *d, int lane) {
  size_t event = d->watch->event[lane];
  og_path *path = &d->trajectory[lane]->path;
  og_segment *segment = &path->segments[d->segment[lane]];
  if (!make_room(d, path, segment)) return 0;
  end_segment(d, lane, segment);
  og_status status = jump(d, lane, segment);
  if (status == OG_OK && accumulates(d, lane, segment->time)) status = OG_ERR_ZENO;
  if (status != OG_OK) {
    OG_R(og_drive_event_fail)(d, lane, event, status);
    return 1;
  }
  if (d->solve->sizes) OG_R(og_drive_size_end)(d, lane, segment);
  if (og_guard_about(d->solve, event).terminal) {
    OG_R(og_drive_finish)(d, lane);
    return 1;
  }
  og_segment next = og_segment_plain(segment->time, segment->end);
  next.inside = segment->inside;
  return OG_R(og_drive_go_on)(d, lane, next);
}
