/* After an event: what is zero of each guard, and on which side each one is. See sides.h.
 *
 * An event is located to a few units in the last place of its time, and no better than rounding lets its
 * guard be. So a guard that in truth is zero there has some small value of either sign, and its sign means
 * nothing: an event on the same quantity in the other direction would happen or not as rounding has it. What
 * it may be is found by trying: the event a little earlier and a little later, states that differ by
 * rounding, and the guard at places next to each other. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "solve/events/sides.h"

typedef OG_R(og_integration) integration;

static og_watched_guard *watched_of(const integration *d, size_t event, int lane) {
  return &d->detection->watched[event * (size_t)d->lanes + (size_t)lane];
}

size_t OG_R(og_sides_known)(integration *d, double t, double *g) {
  int known = OG_R(og_sample_here)(d, t, g);
  for (size_t k = 0; k < d->detection->guards; k++)
    if (!known || !isfinite(g[k])) return k;
  return OG_NO_EVENT;
}

/* ---- What is zero ---- */

static void raise_noise(og_detection *detection, const double *g, const double *other, double factor) {
  for (size_t k = 0; k < detection->guards; k++) {
    double difference = factor * fabs(g[k] - other[k]);
    if (difference > detection->noise[k] && difference < INFINITY) detection->noise[k] = difference;
  }
}

/* Each entry of a state up or down by a unit in its last place, in one of the patterns. */
static void round_state(const integration *d, double *x, int pattern) {
  const double unit = sizeof(real) == sizeof(float) ? FLT_EPSILON : DBL_EPSILON;
  for (size_t i = 0; i < d->solve->n; i++) x[i] *= 1 + unit * og_rounding(i, pattern);
}

static void take_state(integration *d, const double *x) {
  for (size_t i = 0; i < d->solve->n; i++) d->detection->one_x[i] = (double)(real)x[i];
}

/* Guards as they are at a place of the step, and as they are there after the event's jump from a state that
 * is rounded (NULL: not wanted). */
static int try_at(integration *d, int lane, size_t event, double place, double *before, double *after) {
  og_detection *detection = d->detection;
  og_guard_point at = {OG_R(og_integrate_time_at)(d, lane, place), detection->one_x, detection->one_theta,
                       d->step->scratch, detection->work};
  OG_R(og_integrate_state_at)(d, lane, place, detection->one_x);
  if (!OG_R(og_sample_here)(d, at.t, before)) return 0;
  if (!after) return 1;
  round_state(d, detection->one_x, place > detection->sigma[lane]);
  if (og_guard_jump(d->solve, event, &at, detection->g_x)) return 0;
  memcpy(detection->one_x, detection->g_x, d->solve->n * sizeof *detection->g_x);
  return OG_R(og_sample_here)(d, at.t, after);
}

/* The event somewhat earlier or later than where it was located. */
static void see_place(integration *d, int lane, const og_segment *segment, int way) {
  og_detection *detection = d->detection;
  double *before = detection->near, *after = before + OG_PADDED(detection->guards);
  double place = segment->sigma + way * (OG_NOISE_FACTOR * detection->blur[lane] / fabs(d->at.h[lane]));
  if (d->at.h[lane] == 0 || !try_at(d, lane, segment->event, place, before, after)) return;
  raise_noise(detection, after, detection->after, 1);
  memcpy(way < 0 ? detection->earlier : detection->later, before, detection->guards * sizeof *before);
}

/* What is left of a guard's second difference over a distance where its curve has none is rounding, of the
 * state and inside the guard. */
static void see_rounding(integration *d, int lane, const og_segment *segment) {
  og_detection *detection = d->detection;
  double *left = detection->near, *right = left + OG_PADDED(detection->guards),
         reach = 0x1p-32 * detection->wide[lane];
  if (!try_at(d, lane, segment->event, segment->sigma - reach, left, NULL)) return;
  if (!try_at(d, lane, segment->event, segment->sigma + reach, right, NULL)) return;
  for (size_t k = 0; k < detection->guards; k++) left[k] += right[k] - detection->before[k];
  raise_noise(detection, left, detection->before, OG_NOISE_FACTOR);
}

/* The state after the event rounded. */
static void see_state(integration *d, const og_segment *segment) {
  og_detection *detection = d->detection;
  for (int pattern = 0; pattern < OG_ROUNDINGS; pattern++) {
    take_state(d, segment->states + d->solve->n);
    round_state(d, detection->one_x, pattern);
    if (OG_R(og_sample_here)(d, segment->time, detection->near))
      raise_noise(detection, detection->near, detection->after, OG_NOISE_FACTOR);
  }
}

/* Whether another guard is as near to zero as to be worth a closer look. */
static int any_near(const og_detection *detection, size_t event) {
  for (size_t k = 0; k < detection->guards; k++)
    if (k != event &&
        fmin(fabs(detection->before[k]), fabs(detection->after[k])) <= 0x1p16 * detection->noise[k])
      return 1;
  return 0;
}

static void see_noise(integration *d, int lane, const og_segment *segment) {
  og_detection *detection = d->detection;
  memset(detection->noise, 0, detection->guards * sizeof *detection->noise);
  memcpy(detection->earlier, detection->before, detection->guards * sizeof *detection->before);
  memcpy(detection->later, detection->before, detection->guards * sizeof *detection->before);
  take_state(d, segment->states + d->solve->n);
  if (OG_R(og_sides_known)(d, segment->time, detection->after) != OG_NO_EVENT) return;
  see_state(d, segment);
  if (detection->guards == 1) return;
  see_place(d, lane, segment, -1);
  see_place(d, lane, segment, 1);
  if (any_near(detection, segment->event)) see_rounding(d, lane, segment);
}

/* ---- Which guards may be at zero ---- */

/* The event's own is: up to what was left of it at its root, and what rounding the state makes of that before
 * the jump and after it: a sum that happens to vanish exactly at the root does not as its terms move on. One
 * that jumped over zero has no value there at all: its side is found by the next sample. */
static void own_guard(integration *d, int lane, size_t event, double rounded, int changed) {
  og_detection *detection = d->detection;
  og_watched_guard *w = watched_of(d, event, lane);
  double residual = fmax(detection->residual[lane], fabs(rounded - detection->before[event]));
  int left = w->fresh && w->waits; /* zero, after a rest: it has not come there */
  w->pending = w->waits = 0;
  w->fresh = 1;
  w->changed = (unsigned char)(!changed || detection->jumped[lane] ? 0 : left ? OG_LEFT : 1);
  w->noise = detection->jumped[lane] ? INFINITY : fmax(OG_NOISE_FACTOR * residual, detection->noise[event]);
}

/* A guard that came to zero with the last event, and is there still at another time, rests. */
static void has_rested(const integration *d, int lane, double t, og_watched_guard *w) {
  const og_detection *detection = d->detection;
  double same = fmax(OG_SAME_TIME * DBL_EPSILON * fabs(t), OG_NOISE_FACTOR * detection->blur[lane]);
  if (w->fresh && w->waits == OG_CAME && fabs(t - detection->last[lane]) > same) w->waits = OG_WAITS;
}

/* Another one that passes zero at the same time is due, in its direction; in the other direction it is at
 * zero, and waits there if it rests. So is one that has passed it a moment before, and one that the jump
 * carries there. But one that has been near zero and on its side stays there. */
static void other_guard(integration *d, int lane, size_t event, double t) {
  og_detection *detection = d->detection;
  og_watched_guard *w = watched_of(d, event, lane);
  double before = detection->before[event], later = detection->held[lane] ? before : detection->later[event];
  int known = !w->fresh && w->side != 0;
  int passes = known && (w->pending || w->side * before <= 0 || w->side * later <= 0);
  int passed = w->side == 0 || (known && w->side * detection->earlier[event] < 0);
  int due = passes && OG_R(og_scan_matches)(d, event, w->side);
  int carried = fabs(before) > detection->noise[event];
  w->noise = fmax(detection->noise[event], w->fresh || w->pending ? w->noise : 0);
  w->pending = (unsigned char)(due ? 1 + detection->held[lane] : 0);
  has_rested(d, lane, t, w);
  /* one that leaves zero is not known to have left it (scan_real.c) */
  if (w->fresh && w->side == 0) w->noise = fmax(w->noise, 2 * fabs(before));
  if (w->fresh || !(passes || passed || carried)) return;
  w->fresh = 1;
  w->changed = 0;
  w->waits = OG_CAME;
}

/* The event's guard at the state before it as the solve's precision has it; NaN where it has no value. */
static double own_rounded(integration *d, const og_segment *segment) {
  og_detection *detection = d->detection;
  if (sizeof(real) == sizeof(double)) return detection->before[segment->event];
  take_state(d, segment->states);
  size_t failed = OG_R(og_sides_known)(d, segment->time, detection->one_g);
  return failed == OG_NO_EVENT ? detection->one_g[segment->event] : NAN;
}

og_status OG_R(og_sides_event)(integration *d, int lane, const og_segment *segment) {
  size_t n = d->solve->n, event = segment->event;
  if (d->replay || og_guard_about(d->solve, event).terminal) return OG_OK;
  int changed = memcmp(segment->states, segment->states + n, n * sizeof *segment->states) != 0;
  double rounded = own_rounded(d, segment);
  if (rounded != rounded) return OG_ERR_NOT_FINITE;
  see_noise(d, lane, segment);
  for (size_t k = 0; k < d->detection->guards; k++)
    if (k == event)
      own_guard(d, lane, k, rounded, changed);
    else
      other_guard(d, lane, k, segment->time);
  return OG_OK;
}

/* ---- On the way away from zero ---- */

/* How far the interpolant may be off in the step where f has a kink or a jump: what the slope changes, times
 * the weights of the stages, whose sizes sum to 13 at most (dop853). The tolerance does not say it: it is
 * kept by the step's end, and the way there may swing a hundred times as far. */
static const double WEIGHTS = 16;
static double error_of_state(const integration *d, int lane, size_t i) {
  return WEIGHTS * fabs(d->at.h[lane]) * d->step->ops->spread(d->step, lane, i);
}

double OG_R(og_sides_error)(integration *d, int lane, size_t event) {
  og_detection *detection = d->detection;
  double error = 0, g = OG_R(og_sample_at)(d, lane, 1)[event];
  for (int pattern = 0; pattern < 2 * OG_ROUNDINGS; pattern++) {
    OG_R(og_sample_at)(d, lane, 1);
    for (size_t i = 0; i < d->solve->n; i++)
      detection->one_x[i] +=
          (pattern % 2 ? -1 : 1) * og_rounding(i, pattern / 2) * error_of_state(d, lane, i);
    if (!OG_R(og_sample_here)(d, d->at.t_next[lane], detection->near)) continue;
    double difference = fabs(detection->near[event] - g);
    if (difference < INFINITY) error = fmax(error, difference);
  }
  return error;
}

/* ---- Sides at the start of a segment ---- */

double OG_R(og_sides_slope)(integration *d, int lane, size_t event, const real *f) {
  og_detection *detection = d->detection;
  og_guard_point at = {d->at.t[lane], detection->one_x, detection->one_theta, d->step->scratch,
                       detection->work};
  double sum = 0;
  if (og_guard_gradient(d->solve, event, &at, detection->g_x, detection->g_theta, &sum)) return 0;
  for (size_t i = 0; i < d->solve->n; i++)
    sum += detection->g_x[i] * (double)f[i * (size_t)d->lanes + (size_t)lane];
  return d->span[lane] < 0 ? -sum : sum;
}

/* The guard a little later on the solution's tangent: 0 if that is zero too. For one like x^3, which passes
 * zero without a slope. */
static int side_ahead(integration *d, int lane, size_t event, const real *f, double noise) {
  og_detection *detection = d->detection;
  double dt = 0x1p-10 * d->at.h[lane];
  for (size_t i = 0; i < d->solve->n; i++)
    detection->g_x[i] = detection->one_x[i],
    detection->one_x[i] += dt * (double)f[i * (size_t)d->lanes + (size_t)lane];
  int known = OG_R(og_sample_here)(d, d->at.t[lane] + dt, detection->near);
  for (size_t i = 0; i < d->solve->n; i++) detection->one_x[i] = detection->g_x[i];
  return known && fabs(detection->near[event]) > noise ? og_sign_of(detection->near[event]) : 0;
}

/* Where its slope points to is where it goes; its event is due if that is its direction. `pending`: what it
 * is then. */
static void leave(integration *d, int lane, size_t event, int side, unsigned char pending) {
  og_watched_guard *w = watched_of(d, event, lane);
  int due = OG_R(og_scan_leaves)(d, event, w, side);
  w->side = (signed char)(due ? -side : side);
  w->pending = due ? pending : 0;
  if (side == 0) return;
  w->fresh = !due;
  w->waits = 0;
}

/* A guard at zero is on the side that its slope points to: it turns there, or leaves after a rest. Without a
 * slope, where it is on the way ahead; if that is zero, where it was if its event changed the state (which is
 * then the next thing to happen), else on none until it leaves. So is one whose event was that it left zero:
 * the solution as it is computed from there may leave it later. */
static void begin_guard(integration *d, int lane, size_t event, const real *f, double g) {
  og_watched_guard *w = watched_of(d, event, lane);
  signed char was = w->side;
  double noise = w->fresh ? w->noise : 0;
  if (w->pending && was * g <= w->noise) {
    w->fresh = 0;
    return;
  }
  w->pending = 0;
  w->fresh = fabs(g) <= noise;
  w->side = (signed char)og_sign_of(g);
  if (!w->fresh) w->waits = 0;
  if (!w->fresh) return;
  int side = og_sign_of(OG_R(og_sides_slope)(d, lane, event, f));
  if (side) leave(d, lane, event, side, 1);
  if (side) return;
  if (w->changed == OG_LEFT) w->changed = 0;
  if (w->changed) side = side_ahead(d, lane, event, f, noise);
  w->side = (signed char)(side ? side : w->changed ? was : 0);
}

/* ---- At the trajectory's start and at breakpoints: a guard at zero may be about to leave it ---- */

/* What rounding the state, parameters and the time makes of the guards in one_g. To single precision what was
 * given has been rounded once, by half a unit, and nothing else. */
static void see_first(integration *d, int lane) {
  og_detection *detection = d->detection;
  const int single = sizeof(real) == sizeof(float);
  const double unit = single ? FLT_EPSILON : DBL_EPSILON, factor = single ? 0.51 : OG_NOISE_FACTOR;
  double t = d->at.t[lane];
  memset(detection->noise, 0, detection->guards * sizeof *detection->noise);
  for (int pattern = 0; pattern < OG_ROUNDINGS; pattern++) {
    memcpy(detection->g_x, detection->one_x, d->solve->n * sizeof *detection->g_x);
    round_state(d, detection->one_x, pattern);
    for (size_t i = 0; i < d->solve->p; i++) detection->one_theta[i] *= 1 + unit * og_rounding(i, pattern);
    if (OG_R(og_sample_here)(d, t * (1 + og_rounding(1, pattern) * DBL_EPSILON), detection->near))
      raise_noise(detection, detection->near, detection->one_g, factor);
    memcpy(detection->one_x, detection->g_x, d->solve->n * sizeof *detection->g_x);
    OG_R(og_integrate_own_theta)(d, lane, detection->one_theta);
  }
}

static void begin_first(integration *d, int lane, size_t event, const real *f, double g) {
  og_watched_guard *w = watched_of(d, event, lane);
  int steady = event == d->solve->field->events; /* a steady solve may be steady from the start */
  *w = (og_watched_guard){.side = (signed char)(steady ? 1 : og_sign_of(g)),
                          .noise = d->detection->noise[event]};
  if (steady || fabs(g) > w->noise) return;
  w->fresh = 1;
  w->waits = OG_WAITS;
  leave(d, lane, event, og_sign_of(OG_R(og_sides_slope)(d, lane, event, f)), 1);
}

static int at_zero(const og_watched_guard *w) { return w->fresh || w->side == 0; }

/* An input has changed. A guard that is at zero leaves it at once, by a jump or with a slope; or it rests
 * there. */
static void begin_at_break(integration *d, int lane, size_t event, const real *f, double g) {
  og_watched_guard *w = watched_of(d, event, lane);
  double noise = w->fresh ? w->noise : 0;
  if (!at_zero(w) || noise == INFINITY) return;
  has_rested(d, lane, d->at.t[lane], w);
  int near = fabs(g) <= noise, side = og_sign_of(near ? OG_R(og_sides_slope)(d, lane, event, f) : g);
  if (side) {
    leave(d, lane, event, side, 2);
    w->fresh &= near;
  } else if (!w->fresh) {
    og_watched_guard_wait(w);
  }
}

static void begin_lane(integration *d, int lane, const real *f) {
  og_detection *detection = d->detection;
  for (size_t i = 0; i < d->solve->n; i++)
    detection->one_x[i] = (double)d->x[i * (size_t)d->lanes + (size_t)lane];
  OG_R(og_integrate_own_theta)(d, lane, detection->one_theta);
  size_t failed = OG_R(og_sides_known)(d, d->at.t[lane], detection->one_g);
  if (failed != OG_NO_EVENT) {
    OG_R(og_integrate_event_fail)(d, lane, failed, OG_ERR_NOT_FINITE);
    return;
  }
  size_t s = d->segment[lane];
  int after_event = s > 0 && d->trajectory[lane]->path.segments[s - 1].event != OG_NO_EVENT;
  if (s == 0) see_first(d, lane);
  for (size_t k = 0; k < detection->guards; k++)
    (after_event ? begin_guard : s > 0 ? begin_at_break : begin_first)(d, lane, k, f, detection->one_g[k]);
}

/* Whether there is anything to find out. At a breakpoint only guards at zero are in doubt. */
static int in_doubt(const integration *d, int lane) {
  size_t s = d->segment[lane];
  if (s == 0 || d->trajectory[lane]->path.segments[s - 1].event != OG_NO_EVENT) return 1;
  for (size_t k = 0; k < d->detection->guards; k++)
    if (at_zero(watched_of(d, k, lane))) return 1;
  return 0;
}

void OG_R(og_integrate_sides)(integration *d, const real *f) {
  for (int lane = 0; d->detection && !d->replay && lane < d->lanes; lane++)
    if (d->mask[lane] != 0 && in_doubt(d, lane)) begin_lane(d, lane, f);
}
