/* What became of one guard in a piece of one lane's step. */
#include <float.h>
#include <math.h>

#include "solve/events/root.h"
#include "solve/events/scan.h"
#include "solve/events/sides.h"

typedef OG_R(og_integration) integration;

int OG_R(og_scan_matches)(const integration *d, size_t event, int side) {
  og_direction direction = og_guard_about(d->solve, event).direction;
  return direction == OG_DIRECTION_ANY || (direction == OG_DIRECTION_FALLING) == (side > 0);
}

/* One in any direction is not: it has neither come from a side nor passed to one. */
int OG_R(og_scan_leaves)(const integration *d, size_t event, const og_watched_guard *w, int side) {
  og_direction direction = og_guard_about(d->solve, event).direction;
  return w->waits == OG_WAITS && side != 0 &&
         direction == (side > 0 ? OG_DIRECTION_RISING : OG_DIRECTION_FALLING);
}

/* A guard at zero stays there as long as it cannot be told from it. */
static int rests(const og_watched_guard *w, double g) {
  return w->fresh && fabs(g) <= w->noise && w->noise < INFINITY;
}

typedef struct probe {
  integration *d;
  int lane;
  size_t event;
  double least; /* of `leaving` */
  int side;
} probe;

static double guard_at(void *work, double place) {
  const probe *p = work;
  return OG_R(og_sample_at)(p->d, p->lane, place)[p->event];
}

/* Negative where the guard has left zero to a side, which it does at `least`. No size: that of the guard is
 * in its own unit, of which its events do not depend. */
static double leaving(void *work, double place) {
  const probe *p = work;
  return p->side * guard_at(work, place) > p->least ? -1 : 1;
}

/* ---- Roots ---- */

/* What rounding leaves of a place in the step: some units in the last place of the time; of a state in single
 * precision less than one, as the guard's own rounding is seen at the root. */
static double unit_of_place(const integration *d, int lane) {
  const double unit = sizeof(real) == sizeof(float) ? FLT_EPSILON / 8 : OG_SAME_TIME * DBL_EPSILON;
  double h = fabs(d->at.h[lane]), t = fmax(fabs(d->at.t[lane]), fabs(d->at.t_next[lane]));
  return unit * (h > 0 ? 1 + t / h : 1);
}

/* The guard's largest value in the samples of the whole step. */
static double size_of(const integration *d, int lane, size_t event) {
  double size = 0;
  for (int i = 0; i < d->detection->pieces; i++) {
    og_piece piece = og_detection_piece(d->detection, i, lane);
    for (int point = 0; point < OG_PIECE_POINTS; point++)
      size = fmax(size, fabs(og_piece_sample(&piece, event, point)));
  }
  return size;
}

/* A guard that jumps over zero leaves a part of the jump at its root, as one does that is nothing but
 * rounding there, but then against its size elsewhere it is nothing. */
static int jumps_at(const integration *d, int lane, size_t event, const og_root *root) {
  return 4 * root->residual >= root->spread && root->spread >= 1e-3 * size_of(d, lane, event);
}

/* A root is known as well as rounding lets the guard be, which moves by its spread from `low` to `high`; that
 * of a jump, as well as any number. */
static og_crossing root_in(integration *d, int lane, size_t event, int side, double low, double high) {
  probe p = {.d = d, .lane = lane, .event = event};
  og_root root = og_find_root(guard_at, &p, side, low, high);
  double unit = unit_of_place(d, lane), blur = (high - low) * fmin(1, root.residual / root.spread);
  int jumps = jumps_at(d, lane, event, &root);
  return (og_crossing){.what = OG_CROSSES,
                       .sigma = root.place,
                       .residual = root.residual,
                       .blur = jumps ? unit : fmax(unit, blur),
                       .jumps = jumps};
}

/* A fresh guard that the segment's first sample finds on the other side: it rose and came back, if the rise
 * can be told from zero. If it cannot, and its event moves the state, the next event would be the same again.
 */
static og_crossing rise_and_fall(integration *d, int lane, size_t event, const og_watched_guard *w,
                                 double high) {
  probe p = {.d = d, .lane = lane, .event = event};
  for (double low = 0.5 * high; low > 0x1p-60 * high; low *= 0.5) {
    double g = w->side * guard_at(&p, low);
    if (g > w->noise) return root_in(d, lane, event, w->side, low, high);
    if (!(g > 0)) high = low;
  }
  return (og_crossing){.what = w->changed ? OG_ACCUMULATES : OG_STAYS};
}

/* Three samples on one side, at s, the middle one nearest to zero: the guard may have passed zero and come
 * back. The parabola through them says how much deeper it goes; a kink goes two to three times as deep. */
static int dips(const double s[3], const double g[3], int side) {
  double left = side * (g[0] - g[1]), middle = side * g[1], right = side * (g[2] - g[1]);
  if (!(left > 0 && right >= 0 && middle > 0)) return 0;
  double a = s[0] - s[1], b = s[2] - s[1], curve = (right / b - left / a) / (b - a),
         slope = left / a - curve * a;
  return middle <= slope * slope / curve + 0.5 * fmax(left, right);
}

/* It leaves its side in the dip, and comes back: the first of the two that is an event. */
static og_crossing look_into_dip(integration *d, int lane, size_t event, int side, double low, double high) {
  probe p = {.d = d, .lane = lane, .event = event};
  double bottom = og_find_dip(guard_at, &p, side, low, high);
  if (bottom != bottom || !(side * guard_at(&p, bottom) <= 0)) return (og_crossing){.what = OG_STAYS};
  if (OG_R(og_scan_matches)(d, event, side)) return root_in(d, lane, event, side, low, bottom);
  if (!(side * guard_at(&p, bottom) < 0)) return (og_crossing){.what = OG_STAYS};
  return root_in(d, lane, event, -side, bottom, high);
}

/* A little outside the step too, as the gradient's map is smooth. */
og_status OG_R(og_scan_again)(integration *d, int lane, size_t event, double near, og_root *root) {
  probe p = {.d = d, .lane = lane, .event = event};
  for (double reach = 1e-9; reach < 1; reach *= 4) {
    double low = near - reach, high = near + reach, g_low = guard_at(&p, low), g_high = guard_at(&p, high);
    if (!(og_sign_of(g_low) * g_high <= 0) || g_low == 0) continue;
    *root = og_find_root(guard_at, &p, og_sign_of(g_low), low, high);
    return OG_OK;
  }
  return OG_ERR_GRAZING;
}

/* ---- Samples in their order ---- */

/* A sample on the other side, or at zero. */
static og_crossing leave_side(integration *d, int lane, const og_piece *piece, size_t event,
                              og_watched_guard *w, int point) {
  og_watched_guard was = *w;
  probe p = {.d = d, .lane = lane, .event = event};
  double low = og_piece_place(piece, point - 1), high = og_piece_place(piece, point);
  if (high > d->detection->limit) {
    if (was.side * d->detection->limit_g[event] > 0) return (og_crossing){.what = OG_STAYS};
    high = d->detection->limit;
  }
  if (!(w->side * guard_at(&p, high) <= 0)) return (og_crossing){.what = OG_STAYS}; /* its rounding */
  w->side = (signed char)og_sign_of(og_piece_sample(piece, event, point));
  w->fresh = 0;
  if (!OG_R(og_scan_matches)(d, event, was.side)) return (og_crossing){.what = OG_STAYS};
  return was.fresh ? rise_and_fall(d, lane, event, &was, high) : root_in(d, lane, event, was.side, low, high);
}

/* A guard that is at zero, and on no side by its slope. */
static int on_no_side(const og_watched_guard *w) { return w->fresh && w->side == 0 && w->noise < INFINITY; }

/* The side of a value that the step's error cannot make of zero; else 0: the guard may swing back. */
static int side_beyond_error(integration *d, int lane, size_t event, double g) {
  return fabs(g) > OG_R(og_sides_error)(d, lane, event) ? og_sign_of(g) : 0;
}

/* The side that the guard has at the step's end, and goes on to there; else 0. */
static int side_ahead(const integration *d, int lane, size_t event, double noise) {
  og_piece last = og_detection_piece(d->detection, d->detection->pieces - 1, lane);
  double end = og_piece_sample(&last, event, OG_PIECE_LAST),
         grows = end - og_piece_sample(&last, event, OG_PIECE_LAST - 1);
  return fabs(end) > noise && og_sign_of(end) * grows >= 0 ? og_sign_of(end) : 0;
}

/* A guard that was at zero is seen off it. It leaves zero to the side of a value that is no error, or to the
 * one that it goes on to; there its event is due at once, but it is known to be on that side only at the
 * step's end. */
static og_crossing leave_zero(integration *d, int lane, const og_piece *piece, size_t event,
                              og_watched_guard *w, int point) {
  double g = og_piece_sample(piece, event, point);
  int beyond = side_beyond_error(d, lane, event, g),
      side = beyond ? beyond : side_ahead(d, lane, event, w->noise),
      due = OG_R(og_scan_leaves)(d, event, w, side), ends = piece->high == 1 && point == OG_PIECE_LAST;
  if (!(side * g > 0) || !(beyond || due || ends)) {
    if (ends) w->noise = fmax(w->noise, fabs(g)); /* is the error that the next step begins with */
    return (og_crossing){.what = OG_STAYS};
  }
  probe p = {.d = d, .lane = lane, .event = event, .least = w->noise, .side = side};
  double low = og_piece_place(piece, point - 1), high = og_piece_place(piece, point);
  if (due && !(leaving(&p, high) < 0)) return (og_crossing){.what = OG_STAYS}; /* its rounding */
  w->side = (signed char)side;
  w->fresh = w->waits = 0;
  if (!due) return (og_crossing){.what = OG_STAYS};
  double place = leaving(&p, low) < 0 ? low : og_find_root(leaving, &p, 1, low, high).place;
  return (og_crossing){.what = OG_CROSSES,
                       .sigma = place,
                       .residual = fabs(guard_at(&p, place)),
                       .blur = unit_of_place(d, lane)};
}

/* One sample more: the guard leaves its side, or may have done so and come back, or stays. */
static og_crossing next_sample(integration *d, int lane, const og_piece *piece, size_t event,
                               og_watched_guard *w, int point) {
  double g = og_piece_sample(piece, event, point);
  if (rests(w, g)) return (og_crossing){.what = OG_STAYS};
  if (on_no_side(w)) return leave_zero(d, lane, piece, event, w, point);
  if (w->side * g <= 0 && w->side != 0) return leave_side(d, lane, piece, event, w, point);
  int known = w->side != 0 && !w->fresh;
  if (w->side == 0) w->side = (signed char)og_sign_of(g);
  w->fresh = 0;
  if (!known || point == 1) return (og_crossing){.what = OG_STAYS};
  double last[3] = {og_piece_sample(piece, event, point - 2), og_piece_sample(piece, event, point - 1), g};
  if (!dips(og_piece_places + point - 2, last, w->side)) return (og_crossing){.what = OG_STAYS};
  return look_into_dip(d, lane, event, w->side, og_piece_place(piece, point - 2),
                       og_piece_place(piece, point));
}

/* A guard that has no slope a step after it came to zero has come to rest: should it leave zero later, that
 * is not its own event again, and it does not turn. */
static void settle(integration *d, int lane, size_t event, og_watched_guard *w) {
  OG_R(og_integrate_state_at)(d, lane, 0, d->detection->one_x);
  OG_R(og_integrate_own_theta)(d, lane, d->detection->one_theta);
  if (OG_R(og_sides_slope)(d, lane, event, d->step->ops->slope(d->step)) != 0) return;
  w->changed = 0;
  w->side = 0;
  if (w->waits) w->waits = OG_WAITS;
}

/* A guard beyond its side already at the step's start: its event was due together with the one before, or the
 * guard jumped, with an input. */
static og_crossing at_start(integration *d, int lane, const og_piece *piece, size_t event,
                            og_watched_guard *w) {
  double g = og_piece_sample(piece, event, 0), unit = unit_of_place(d, lane);
  if (w->fresh && (w->changed || w->waits == OG_CAME) && d->index[lane] > d->first[lane])
    settle(d, lane, event, w);
  if (w->fresh || w->side == 0 || (!w->pending && w->side * g > 0)) return (og_crossing){.what = OG_STAYS};
  int due = OG_R(og_scan_matches)(d, event, w->side), held = w->pending != 1;
  w->side = (signed char)og_sign_of(g);
  w->pending = 0;
  if (!due && w->side == 0) og_watched_guard_wait(w);
  if (!due) return (og_crossing){.what = OG_STAYS};
  /* a guard that jumped, or that the other event's jump carried on, is beyond zero, and not near it by
   * rounding */
  double residual = fabs(g) > w->noise ? 0 : fabs(g);
  if (held) return (og_crossing){.what = OG_CROSSES, .blur = unit, .residual = residual, .held = 1};
  return (og_crossing){.what = OG_CROSSES,
                       .blur = fmax(unit, d->detection->blur[lane] / fabs(d->at.h[lane])),
                       .residual = residual};
}

og_crossing OG_R(og_scan)(integration *d, int lane, const og_piece *piece, size_t event,
                          og_watched_guard *w) {
  og_crossing c = {.what = OG_STAYS};
  if (piece->low == 0) c = at_start(d, lane, piece, event, w);
  if (d->at.h[lane] == 0) return c; /* nothing moves */
  for (int point = 1; point < OG_PIECE_POINTS && c.what == OG_STAYS; point++) {
    if (og_piece_place(piece, point - 1) >= d->detection->limit) break;
    c = next_sample(d, lane, piece, event, w, point);
  }
  return c;
}

double OG_R(og_scan_guess)(const integration *d, int lane, const og_piece *piece, size_t event) {
  const og_watched_guard *w = &d->detection->watched[event * (size_t)d->lanes + (size_t)lane];
  if (w->pending) return piece->low;
  if (w->side == 0 || w->fresh || !OG_R(og_scan_matches)(d, event, w->side)) return INFINITY;
  for (int point = 1; point < OG_PIECE_POINTS; point++) {
    double g = og_piece_sample(piece, event, point), before = og_piece_sample(piece, event, point - 1);
    if (w->side * g > 0) continue;
    double low = og_piece_place(piece, point - 1), part = before / (before - g);
    return low + (og_piece_place(piece, point) - low) * (part > 0 ? part : 0);
  }
  return INFINITY;
}

og_watched_guard OG_R(og_scan_before)(integration *d, int lane, const og_piece *piece, size_t event,
                                      double sigma) {
  og_watched_guard w = d->detection->watched[event * (size_t)d->lanes + (size_t)lane];
  int begins = piece->low == 0 && (w.fresh || w.pending); /* then the side is not by the first sample */
  for (int point = begins || piece->low > 0; point < OG_PIECE_POINTS; point++) {
    double g = og_piece_sample(piece, event, point);
    if (og_piece_place(piece, point) >= sigma) break;
    if (rests(&w, g)) continue;
    if (on_no_side(&w)) {
      int side = side_beyond_error(d, lane, event, g);
      if (side) w.side = (signed char)side, w.fresh = w.waits = 0;
      continue;
    }
    if (w.side != 0 && w.side * g > 0) w.fresh = 0;
    if (w.side * g <= 0 && (w.side == 0 || !OG_R(og_scan_matches)(d, event, w.side)))
      w.side = (signed char)og_sign_of(g), w.fresh = 0;
  }
  return w;
}
