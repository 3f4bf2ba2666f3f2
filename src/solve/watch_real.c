/* Sampling and locating: which event stops each lane's accepted step, and where. See watch.h. */
#include <math.h>
#include <string.h>

#include "solve/drive.h"
#include "solve/locate.h"

typedef OG_R(og_drive_state) drive;

static og_watched *watched_of(const drive *d, size_t event, int lane) {
  return &d->watch->watched[event * (size_t)d->lanes + (size_t)lane];
}
static double *samples_at(const drive *d, int point) {
  return d->watch->g + (size_t)point * OG_PADDED(d->watch->guards * (size_t)d->lanes);
}
static double sample_of(const drive *d, int point, size_t event, int lane) {
  return samples_at(d, point)[event * (size_t)d->lanes + (size_t)lane];
}
static int sign_of(double g) { return (g > 0) - (g < 0); }

/* Whether an event is due when its guard leaves `side`. */
static int matches(const drive *d, size_t event, int side) {
  og_direction direction = og_guard_about(d->solve, event).direction;
  return direction == OG_DIRECTION_ANY || (direction == OG_DIRECTION_FALLING) == (side > 0);
}

/* ---- Sampling: all lanes at the same places of their steps ---- */

/* x at a place of the step; at its ends the states themselves. */
static const real *state_block(drive *d, double place) {
  double weights[OG_STAGES_MAX];
  const real *k[OG_STAGES_MAX];
  real values[OG_STAGES_MAX];
  int count = 0;
  if (place == 0 || place == 1) return place == 0 ? d->x : d->y;
  og_interpolant_weights(d->step.tableau, place, weights, NULL);
  for (int j = 0; j < d->step.tableau->stages_total; j++)
    if (weights[j] != 0) k[count] = d->step.k[j], values[count++] = (real)weights[j];
  d->step.kernels->weighted_sum(d->step.n, d->lanes, d->e, d->x, d->at.h_real, count, values, k);
  return d->e;
}

/* A block in double: itself, or a copy in `copy`. */
static const double *in_double(const real *block, size_t entries, double *copy) {
#if defined(OG_SINGLE)
  for (size_t i = 0; i < entries; i++) copy[i] = (double)block[i];
  return copy;
#else
  (void)entries, (void)copy;
  return block;
#endif
}

static void sample_point(drive *d, int point, const double *theta) {
  og_watch *watch = d->watch;
  double place = watch->place[point];
  _Alignas(64) double t[OG_LANES_MAX];
  for (int lane = 0; lane < d->lanes; lane++)
    t[lane] = place == 1 ? d->at.t_next[lane] : d->at.t[lane] + place * d->at.h[lane];
  const double *x = in_double(state_block(d, place), d->solve->n * (size_t)d->lanes, watch->x);
  og_guard_values(d->solve, d->lanes, t, x, theta, samples_at(d, point), d->step.status, d->step.scratch,
                  watch->work);
}

static void sample(drive *d) {
  const double *theta = in_double(d->theta, d->solve->p * (size_t)d->lanes, d->watch->theta);
  for (int lane = 0; lane < d->lanes; lane++) d->step.status[lane] = d->mask[lane] != 0 ? 0 : OG_LANE_IDLE;
  for (int point = 0; point < d->watch->points; point++) sample_point(d, point, theta);
}

/* ---- One lane ---- */

typedef struct probe {
  drive *d;
  int lane;
  size_t event;
} probe;

/* All guards of a lane at a place of its step. */
static const double *guards_at(drive *d, int lane, double place) {
  og_watch *watch = d->watch;
  _Alignas(64) double t[OG_LANE_STEP] = {OG_R(og_drive_time_at)(d, lane, place)};
  og_lane_status status[OG_LANE_STEP] = {0};
  OG_R(og_drive_state_at)(d, lane, place, watch->one_x);
  if (watch->theta_of != lane) OG_R(og_drive_own_theta)(d, lane, watch->one_theta);
  watch->theta_of = lane;
  og_guard_values(d->solve, 1, t, watch->one_x, watch->one_theta, watch->one_g, status, d->step.scratch,
                  watch->work);
  if (status[0])
    for (size_t i = 0; i < watch->guards; i++) watch->one_g[i] = NAN;
  return watch->one_g;
}

static double guard_at(void *work, double place) {
  const probe *p = work;
  return guards_at(p->d, p->lane, place)[p->event];
}

/* What became of a guard in a step. */
typedef struct crossing {
  enum { STAYS, CROSSES, ACCUMULATES } what;
  double sigma, residual;
  int held;
} crossing;

static crossing root_in(drive *d, int lane, size_t event, int side, double low, double high) {
  probe p = {d, lane, event};
  crossing c = {.what = CROSSES};
  c.sigma = og_locate_root(guard_at, &p, side, low, high, &c.residual);
  return c;
}

/* A fresh guard that the first sample finds on the other side: it rose and came back, if the rise can be told
 * from zero. If it cannot, and its event moves the state, the next event would be the same again. */
static crossing rise_and_fall(drive *d, int lane, size_t event, const og_watched *w, double high) {
  probe p = {d, lane, event};
  for (double low = 0.5 * high; low > 0x1p-60 * high; low *= 0.5) {
    double g = w->side * guard_at(&p, low);
    if (g > w->noise) return root_in(d, lane, event, w->side, low, high);
    if (!(g > 0)) high = low;
  }
  return (crossing){.what = w->changed ? ACCUMULATES : STAYS};
}

/* Three samples on one side, the middle one nearest to zero: the guard may have passed zero and come back. */
static int dips(const double g[3], int side) {
  return side * g[0] > side * g[1] && side * g[1] <= side * g[2] && side * g[1] > 0;
}

/* It leaves its side in the dip, and comes back: the first of the two that is an event. */
static crossing look_into_dip(drive *d, int lane, size_t event, int side, double low, double high) {
  probe p = {d, lane, event};
  double bottom = og_locate_dip(guard_at, &p, side, low, high);
  if (bottom != bottom || !(side * guard_at(&p, bottom) <= 0)) return (crossing){.what = STAYS};
  if (matches(d, event, side)) return root_in(d, lane, event, side, low, bottom);
  if (!(side * guard_at(&p, bottom) < 0)) return (crossing){.what = STAYS};
  return root_in(d, lane, event, -side, bottom, high);
}

/* One sample more: the guard leaves its side, or may have done so and come back, or stays. */
static crossing next_sample(drive *d, int lane, size_t event, og_watched *w, int point) {
  const double *place = d->watch->place;
  double g = sample_of(d, point, event, lane), low = place[point - 1], high = place[point];
  if (w->side == 0) {
    w->side = (signed char)sign_of(g);
    w->fresh = 0;
    return (crossing){.what = STAYS};
  }
  if (w->side * g <= 0) {
    og_watched was = *w;
    probe p = {d, lane, event};
    if (!(w->side * guard_at(&p, high) <= 0)) return (crossing){.what = STAYS}; /* the sample's rounding */
    w->side = (signed char)sign_of(g);
    w->fresh = 0;
    if (!matches(d, event, was.side)) return (crossing){.what = STAYS};
    return was.fresh ? rise_and_fall(d, lane, event, &was, high)
                     : root_in(d, lane, event, was.side, low, high);
  }
  double last[3] = {point > 1 ? sample_of(d, point - 2, event, lane) : 0,
                    sample_of(d, point - 1, event, lane), g};
  int may_dip = point > 1 && !w->fresh && dips(last, w->side);
  w->fresh = 0;
  return may_dip ? look_into_dip(d, lane, event, w->side, place[point - 2], high) : (crossing){.what = STAYS};
}

/* A guard beyond its side already at the step's start: its event was due together with the one before, or the
 * guard jumped, with an input. */
static crossing at_start(const drive *d, size_t event, int lane, og_watched *w) {
  double g = sample_of(d, 0, event, lane);
  if (w->fresh || w->side == 0 || w->side * g > 0) return (crossing){.what = STAYS};
  int due = matches(d, event, w->side), held = w->pending != 1;
  w->side = (signed char)sign_of(g);
  w->pending = 0;
  if (!due) return (crossing){.what = STAYS};
  /* a guard that jumped is beyond zero, and not near it by rounding */
  return (crossing){.what = CROSSES, .sigma = 0, .residual = held ? 0 : fabs(g), .held = held};
}

/* The first event of one guard in the lane's step. */
static crossing scan(drive *d, int lane, size_t event, og_watched *w) {
  crossing c = at_start(d, event, lane, w);
  for (int point = 1; point < d->watch->points && c.what == STAYS; point++)
    c = next_sample(d, lane, event, w, point);
  return c;
}

/* The side of a guard just before the place of another one's event. */
static og_watched before_event(drive *d, int lane, size_t event, double sigma) {
  og_watched w = *watched_of(d, event, lane);
  for (int point = 0; point < d->watch->points && d->watch->place[point] < sigma; point++) {
    double g = sample_of(d, point, event, lane);
    if (point == 0 && (w.fresh || w.pending)) continue;
    if (w.side != 0 && w.side * g > 0) w.fresh = 0;
    if (w.side * g <= 0 && (w.side == 0 || !matches(d, event, w.side)))
      w.side = (signed char)sign_of(g), w.fresh = 0;
  }
  return w;
}

/* The lane's first event stops its step. All guards get the sides they have just before it. */
static void stop(drive *d, int lane, size_t event, const crossing *c) {
  og_watch *watch = d->watch;
  watch->event[lane] = event;
  watch->sigma[lane] = c->sigma;
  watch->residual[lane] = c->residual;
  watch->held[lane] = (unsigned char)c->held;
  for (size_t k = 0; k < watch->guards; k++) *watched_of(d, k, lane) = before_event(d, lane, k, c->sigma);
}

/* A guard whose samples are not all finite; OG_NO_EVENT. When the guards' callback refused, the first. */
static size_t unknown(const drive *d, int lane) {
  if (d->step.status[lane]) return 0;
  for (size_t k = 0; k < d->watch->guards; k++)
    for (int point = 0; point < d->watch->points; point++)
      if (!isfinite(sample_of(d, point, k, lane))) return k;
  return OG_NO_EVENT;
}

static void watch_lane(drive *d, int lane) {
  og_watch *watch = d->watch;
  crossing first = {.what = STAYS};
  size_t which = OG_NO_EVENT;
  for (size_t k = 0; k < watch->guards; k++) {
    og_watched after = *watched_of(d, k, lane);
    crossing c = scan(d, lane, k, &after);
    watch->next[k] = after;
    if (c.what == ACCUMULATES) {
      OG_R(og_drive_event_fail)(d, lane, k, OG_ERR_ZENO);
      return;
    }
    if (c.what == CROSSES && (which == OG_NO_EVENT || c.sigma < first.sigma)) first = c, which = k;
  }
  if (which != OG_NO_EVENT)
    stop(d, lane, which, &first);
  else
    for (size_t k = 0; k < watch->guards; k++) *watched_of(d, k, lane) = watch->next[k];
}

/* The recorded event of a replayed step, located anew near the place it had. */
static void locate_again(drive *d, int lane, const og_segment *segment) {
  og_watch *watch = d->watch;
  probe p = {d, lane, segment->event};
  watch->event[lane] = segment->event;
  watch->sigma[lane] = segment->sigma;
  watch->held[lane] = (unsigned char)segment->held;
  if (segment->held) return;
  for (double reach = 1e-9; reach < 1; reach *= 4) {
    double low = segment->sigma - reach, high = segment->sigma + reach;
    double g_low = guard_at(&p, low), g_high = guard_at(&p, high);
    if (!(sign_of(g_low) * g_high <= 0) || g_low == 0) continue;
    watch->sigma[lane] = og_locate_root(guard_at, &p, sign_of(g_low), low, high, &watch->residual[lane]);
    return;
  }
  OG_R(og_drive_event_fail)(d, lane, segment->event, OG_ERR_GRAZING);
}

static void watch_replayed(drive *d, int lane) {
  const og_trajectory *at = d->trajectory[lane];
  size_t s = d->segment[lane];
  const og_segment *segment = &at->path.segments[s];
  if (segment->event != OG_NO_EVENT && d->index[lane] + 1 == og_segment_stop(at, s))
    locate_again(d, lane, segment);
}

void OG_R(og_drive_watch)(drive *d) {
  if (!d->replay) sample(d);
  d->watch->theta_of = -1;
  for (int lane = 0; lane < d->lanes; lane++) {
    d->watch->event[lane] = OG_NO_EVENT;
    if (d->mask[lane] == 0) continue;
    size_t failed = d->replay ? OG_NO_EVENT : unknown(d, lane);
    if (failed != OG_NO_EVENT)
      OG_R(og_drive_event_fail)(d, lane, failed, d->step.status[lane] ? OG_ERR_FIELD : OG_ERR_NOT_FINITE);
    else if (d->replay)
      watch_replayed(d, lane);
    else
      watch_lane(d, lane);
  }
}
