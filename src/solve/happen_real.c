/* An event happens: the state jumps, the segment ends, and the guards take their sides anew. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "solve/drive.h"

typedef OG_R(og_drive_state) drive;

/* A guard counts as zero up to this many times what was left of it at its root, or what rounding the state to
 * the solve's precision makes of it. */
enum { RESIDUALS = 64 };
/* Times nearer than this many units in the last place are one time. */
enum { SAME_TIME = 4 };

static og_watched *watched_of(const drive *d, size_t event, int lane) {
  return &d->watch->watched[event * (size_t)d->lanes + (size_t)lane];
}
static int sign_of(double g) { return (g > 0) - (g < 0); }

/* ---- One lane of a block ---- */

void OG_R(og_drive_own_theta)(const drive *d, int lane, double *theta) {
  for (size_t i = 0; i < d->solve->p; i++) theta[i] = (double)d->theta[i * (size_t)d->lanes + (size_t)lane];
}

double OG_R(og_drive_time_at)(const drive *d, int lane, double place) {
  return place == 1 ? d->at.t_next[lane] : d->at.t[lane] + place * d->at.h[lane];
}

void OG_R(og_drive_event_fail)(drive *d, int lane, size_t event, og_status status) {
  d->mask[lane] = 0;
  d->failed_event = event + 1;
  OG_R(og_drive_fail)(d, lane, status);
  d->failed_event = 0;
}

/* All guards at a state that is in one_x. Returns the first that has no value; OG_NO_EVENT. */
static size_t guards_here(drive *d, double t, double *g) {
  og_watch *watch = d->watch;
  _Alignas(64) double times[OG_LANE_STEP] = {t};
  og_lane_status status[OG_LANE_STEP] = {0};
  og_guard_values(d->solve, 1, times, watch->one_x, watch->one_theta, g, status, d->step.scratch,
                  watch->work);
  for (size_t k = 0; k < watch->guards; k++)
    if (status[0] || !isfinite(g[k])) return k;
  return OG_NO_EVENT;
}

/* ---- Happening ---- */

/* Which guards are fresh or pending is settled when the state after the event is known (begin_guard). */
static void prepare_guards(drive *d, int lane, int changed) {
  og_watch *watch = d->watch;
  for (size_t k = 0; k < watch->guards; k++) {
    og_watched *w = watched_of(d, k, lane);
    int passed = w->side != 0 && w->side * watch->before[k] <= 0;
    int own = k == watch->event[lane];
    w->pending = !own && !w->fresh && passed ? 1 + watch->held[lane] : 0;
    w->fresh = own || w->fresh;
    if (!own) continue;
    w->noise = RESIDUALS * fmax(watch->residual[lane], fabs(watch->one_g[k] - watch->before[k]));
    w->changed = (unsigned char)changed;
  }
}

/* Events that come at the same time again and again, or too many. */
static int accumulates(drive *d, int lane, double t) {
  og_watch *watch = d->watch;
  int same = watch->occurrences[lane] > 0 && fabs(t - watch->last[lane]) <= SAME_TIME * DBL_EPSILON * fabs(t);
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
  if (guards_here(d, segment->time, watch->before) != OG_NO_EVENT) return OG_ERR_NOT_FINITE;
  if (og_guard_jump(d->solve, segment->event, &at, watch->g_x)) return OG_ERR_FIELD;
  memcpy(after, watch->g_x, n * sizeof *after);
  for (size_t i = 0; i < n; i++) watch->one_x[i] = (double)(real)before[i];
  if (guards_here(d, segment->time, watch->one_g) != OG_NO_EVENT) return OG_ERR_NOT_FINITE;
  for (size_t i = 0; i < n; i++) {
    d->y[i * (size_t)d->lanes + (size_t)lane] = (real)after[i];
    zero += 0 * after[i];
  }
  if (zero != 0) return OG_ERR_NOT_FINITE;
  prepare_guards(d, lane, memcmp(before, after, n * sizeof *before) != 0);
  return accumulates(d, lane, segment->time) ? OG_ERR_ZENO : OG_OK;
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

/* ---- Sides at the start of a segment ---- */

/* dg/dt along the solution, forward in the direction of integration. */
static double slope_of(drive *d, int lane, size_t event, const real *f) {
  og_watch *watch = d->watch;
  og_guard_point at = {d->at.t[lane], watch->one_x, watch->one_theta, d->step.scratch, watch->work};
  double sum = 0;
  if (og_guard_gradient(d->solve, event, &at, watch->g_x, watch->g_theta, &sum)) return 0;
  for (size_t i = 0; i < d->solve->n; i++)
    sum += watch->g_x[i] * (double)f[i * (size_t)d->lanes + (size_t)lane];
  return d->span[lane] < 0 ? -sum : sum;
}

/* A guard at zero is on the side that its slope points to; without a slope, where it was if its event changed
 * the state (which is then the next thing to happen), else where the first sample finds it. */
static void begin_guard(drive *d, int lane, size_t event, const real *f, double g) {
  og_watched *w = watched_of(d, event, lane);
  int was = w->side;
  if (w->pending && was * g <= 0) return;
  w->pending = 0;
  w->fresh = fabs(g) <= (w->fresh ? w->noise : 0);
  w->side = (signed char)sign_of(g);
  if (!w->fresh) return;
  int slope = sign_of(slope_of(d, lane, event, f));
  w->side = (signed char)(slope ? slope : w->changed ? was : 0);
}

/* A steady solve may be steady from the start. */
static void begin_lane(drive *d, int lane, const real *f) {
  og_watch *watch = d->watch;
  for (size_t i = 0; i < d->solve->n; i++)
    watch->one_x[i] = (double)d->x[i * (size_t)d->lanes + (size_t)lane];
  OG_R(og_drive_own_theta)(d, lane, watch->one_theta);
  size_t failed = guards_here(d, d->at.t[lane], watch->one_g);
  if (failed != OG_NO_EVENT) {
    OG_R(og_drive_event_fail)(d, lane, failed, OG_ERR_NOT_FINITE);
    return;
  }
  for (size_t k = 0; k < watch->guards; k++) {
    int steady = k == d->solve->field->events, begins = d->segment[lane] == 0;
    if (steady && begins)
      watched_of(d, k, lane)->side = 1;
    else
      begin_guard(d, lane, k, f, watch->one_g[k]);
  }
}

void OG_R(og_drive_sides)(drive *d, const real *f) {
  for (int lane = 0; d->watch && !d->replay && lane < d->lanes; lane++) {
    if (d->mask[lane] == 0) continue;
    const og_path *path = &d->trajectory[lane]->path;
    size_t s = d->segment[lane];
    if (s == 0 || path->segments[s - 1].event != OG_NO_EVENT) begin_lane(d, lane, f);
  }
}
