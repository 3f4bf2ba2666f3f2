/* What is right for a problem of the family: its gradient and its pushforward by tangents (tangents.h), and
 * how large the parts are that they are sums of. */
#ifndef OG_TRUST_TRUTH_H
#define OG_TRUST_TRUTH_H

#include "trust/family.h"
#include "trust/tangents.h"

enum { POINTS_MAX = OBSERVATIONS_MAX + 1 };

typedef struct truth {
  int found;
  /* the gradient; of a Hessian's product how it changes along (x0_dot, theta_dot) */
  double initial[STATES_MAX], parameters[PARAMETERS_MAX], input[2];
  double dots[POINTS_MAX][STATES_MAX]; /* the pushforward at each observation and at the end */
  double largest_seed, largest_part;   /* of the cotangents; of their products with tangents by parameters */
  double largest[COLUMNS_MAX];         /* entries that each tangent has on its way */
  double by_initial[STATES_MAX][STATES_MAX]; /* the end by the start: columns */
  long evaluations;
} truth;

static inline tangents start_tangents(const trial *r, double *theta) {
  int n = r->s.n, p = r->s.p;
  tangents a = {
      .s = &r->s, .theta = theta, .first = 1 + n + p + 2 * r->s.inputs, .t = r->t0, .allowed = finest};
  a.x0_dot = r->x0_dot, a.theta_dot = r->theta_dot;
  a.columns = r->product == PRODUCT_HESSIAN ? 2 * a.first - 1 : a.first;
  memcpy(theta, r->theta, sizeof(double[PARAMETERS_MAX]));
  if (r->s.inputs) theta[p] = r->input[0], a.input_column = 1 + n + p;
  memcpy(a.y[0], r->x0, sizeof r->x0);
  for (int i = 0; i < n; i++) a.y[1 + i][i] = 1;
  for (int c = 0; c < a.columns; c++)
    for (int i = 0; i < n; i++) a.most[c] = fmax(a.most[c], fabs(a.y[c][i]));
  a.largest_step = fabs(r->t1 - r->t0);
  if (r->fastest > 0) a.largest_step = fmin(a.largest_step, 4 / r->fastest);
  a.h = 1e-3 * a.largest_step;
  return a;
}

/* How the pulse's time moves with direction c: by its parameter, or so that the guarded state stays on its
 * level. */
static inline double pulse_moves(const tangents *a, int c, columns slope) {
  const pulse *e = &a->s->pulse;
  if (c == 0) return 0;
  if (e->guarded >= 0) return -a->y[c][e->guarded] / slope[0][e->guarded];
  return e->time_parameter >= 0 && c == 1 + a->s->n + e->time_parameter;
}

/* Saltation: with f before and after, dx+ = J (dx- + f- dt) - f+ dt + dose; what ends there has no f+. */
static inline void cross_pulse(tangents *a, const trial *r) {
  const pulse *e = &r->s.pulse;
  int n = r->s.n;
  columns before, after;
  double dt[COLUMNS_MAX];
  slope_of_columns(a, a->t, a->y, before);
  for (int c = 0; c < a->columns; c++) dt[c] = pulse_moves(a, c, before);
  for (int c = 0; c < a->columns; c++) {
    for (int i = 0; i < n; i++) a->y[c][i] += before[0][i] * dt[c];
    a->y[c][e->state] *= e->keep;
    if (c == 0) a->y[c][e->state] += r->theta[e->dose];
    if (c == 1 + n + e->dose) a->y[c][e->state] += 1;
  }
  if (e->terminal) return;
  slope_of_columns(a, a->t, a->y, after);
  for (int c = 1; c < a->columns; c++)
    for (int i = 0; i < n; i++) a->y[c][i] -= after[0][i] * dt[c];
  a->h *= 1e-2;
}

static inline void see_point(const tangents *a, const trial *r, int point, truth *out) {
  int n = r->s.n, p = r->s.p, wanted = a->columns > a->first ? a->first : 1;
  for (int i = 0; i < n; i++) {
    double seed = r->seeds[point][i];
    out->largest_seed = fmax(out->largest_seed, fabs(seed));
    for (int k = 0; k < n; k++) {
      out->initial[k] += seed * a->y[wanted + k][i];
      out->dots[point][i] += a->y[1 + k][i] * r->x0_dot[k];
    }
    for (int k = 0; k < p; k++) {
      out->parameters[k] += seed * a->y[wanted + n + k][i];
      out->largest_part = fmax(out->largest_part, fabs(seed * a->y[wanted + n + k][i]));
      out->largest_part = fmax(out->largest_part, fabs(seed * a->y[1 + n + k][i]));
      out->dots[point][i] += a->y[1 + n + k][i] * r->theta_dot[k];
    }
    for (int k = 0; k < 2 * r->s.inputs && wanted == 1; k++) out->input[k] += seed * a->y[1 + n + p + k][i];
  }
}

/* Integrates x and its tangents on to `end`; 0: it cannot. */
typedef int (*advance_fn)(tangents *a, double end);

typedef struct passage {
  advance_fn advance;
  double theta[THETA_MAX];
  int passed, ended; /* the pulse or the input's change; a terminal pulse */
} passage;

/* Goes to `end`, through the pulse and the input's change where they lie before it. */
static inline int go_to(tangents *a, const trial *r, passage *w, double end) {
  double direction = r->t1 > r->t0 ? 1 : -1,
         at = r->s.inputs ? r->input_at : pulse_time(&r->s.pulse, r->theta);
  int changes = (r->s.inputs || r->s.pulse.happens) && !w->passed && direction * (end - at) > 0;
  if (w->ended) return 1;
  if (changes) {
    if (!w->advance(a, at)) return 0;
    w->passed = 1;
    if (r->s.inputs)
      w->theta[r->s.p] = r->input[1], a->input_column++, a->h *= 1e-2;
    else
      cross_pulse(a, r);
    w->ended = r->s.pulse.happens && r->s.pulse.terminal;
  }
  return w->ended || w->advance(a, end);
}

/* By any way of integrating; `user` is for it. */
static inline truth by_tangents(const trial *r, advance_fn advance, void *user) {
  truth out = {.found = 1};
  passage w = {.advance = advance};
  tangents a = start_tangents(r, w.theta);
  a.user = user;
  for (int k = 0; k <= r->observations && out.found; k++) {
    int last = k == r->observations;
    out.found = go_to(&a, r, &w, last ? r->t1 : r->times[k]);
    if (last || !w.ended) see_point(&a, r, k, &out); /* what comes after the end is not observed */
  }
  memcpy(out.largest, a.most, sizeof out.largest);
  for (int k = 0; k < r->s.n; k++) memcpy(out.by_initial[k], a.y[1 + k], sizeof a.y[0]);
  out.evaluations = a.evaluations;
  return out;
}

static inline truth find_truth(const trial *r) { return by_tangents(r, integrate_tangents, NULL); }

#endif
