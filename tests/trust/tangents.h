/* The truth for the family: x with its tangents by every initial value, parameter and value of the held
 * input, and where asked for the derivatives of all these along one direction, integrated by extrapolation
 * (Gragg, Bulirsch and Stoer; Hairer, Norsett and Wanner, II.9) under control of every one of them. No
 * Runge-Kutta method, no adjoint, nothing of the library. */
#ifndef OG_TRUST_TANGENTS_H
#define OG_TRUST_TANGENTS_H

#include <stdlib.h>

#include "trust/terms.h"

enum {
  THETA_MAX = PARAMETERS_MAX + 1,                /* with the held input's value */
  TANGENTS_MAX = 1 + STATES_MAX + THETA_MAX + 1, /* x; tangents by x0, theta, and the input's second value */
  COLUMNS_MAX = 2 * TANGENTS_MAX,                /* and how they change along a direction */
  STAGES = 8,                                    /* steps of 2, 4, ... 16 parts: order 16 */
  STEPS_MAX = 100000
};

/* Column-major: x, then its tangent in each direction, then how these change along (x0_dot, theta_dot). */
typedef struct tangents {
  const terms *s;
  const double *theta;                /* [p + inputs] */
  int columns, first;                 /* all of them; x and its tangents */
  const double *x0_dot, *theta_dot;   /* where columns > first */
  int input_column;                   /* the direction of the input's present value, 0: none */
  double largest_step, t, h, allowed; /* of the error of a step */
  double y[COLUMNS_MAX][STATES_MAX], most[COLUMNS_MAX]; /* the largest entry that a column has had */
  long evaluations;
  void *user; /* of another way to integrate them (truth.h) */
} tangents;

typedef double columns[COLUMNS_MAX][STATES_MAX];

/* f, and its derivatives by x and by theta. */
typedef struct jacobian {
  double f[STATES_MAX], by_x[STATES_MAX][STATES_MAX], by_theta[STATES_MAX][THETA_MAX];
} jacobian;

static inline void find_jacobian(const terms *s, double t, const double *x, const double *theta,
                                 jacobian *j) {
  memset(j, 0, sizeof *j);
  for (int k = 0; k < s->count; k++) {
    const term *m = &s->term[k];
    term_slopes d = slopes_of(m, t, x, theta);
    j->f[m->row] += d.value;
    for (int i = 0; i < m->factors; i++) j->by_x[m->row][m->factor[i].state] += d.by_state[i];
    for (int i = 0; i < 2; i++)
      if (m->theta[i] >= 0) j->by_theta[m->row][m->theta[i]] += d.by_theta[i];
  }
}

/* The direction of column c is that of parameter c - 1 - n; the input's two values have the last two columns.
 */
static inline int parameter_of_column(const tangents *a, int c) {
  int k = c - 1 - a->s->n;
  return k < a->s->p ? k : c == a->input_column ? a->s->p : -1;
}

/* x and theta with a derivative along the direction, as imaginary parts so small that nothing else feels
 * them. */
static const double small = 1e-100;

static inline void carry_direction(const tangents *a, columns y, double complex *x, double complex *theta) {
  int n = a->s->n, p = a->s->p;
  for (int i = 0; i < n; i++) {
    double dot = 0;
    for (int k = 0; k < n; k++) dot += y[1 + k][i] * a->x0_dot[k];
    for (int k = 0; k < p; k++) dot += y[1 + n + k][i] * a->theta_dot[k];
    x[i] = y[0][i] + small * dot * I;
  }
  for (int k = 0; k < p + a->s->inputs; k++)
    theta[k] = a->theta[k] + (k < p ? small * a->theta_dot[k] : 0) * I;
}

/* How the derivatives by x and theta change along the direction. */
static inline void find_change(const tangents *a, double t, columns y, jacobian *j) {
  double complex x[STATES_MAX], theta[THETA_MAX];
  memset(j, 0, sizeof *j);
  carry_direction(a, y, x, theta);
  for (int k = 0; k < a->s->count; k++) {
    const term *m = &a->s->term[k];
    complex_term_slopes d = complex_slopes_of(m, t, x, theta);
    for (int i = 0; i < m->factors; i++) j->by_x[m->row][m->factor[i].state] += cimag(d.by_state[i]) / small;
    for (int i = 0; i < 2; i++)
      if (m->theta[i] >= 0) j->by_theta[m->row][m->theta[i]] += cimag(d.by_theta[i]) / small;
  }
}

/* f += J y, and the column of parameter k. */
static inline void add_product(int n, const jacobian *j, int k, const double *y, double *f) {
  for (int i = 0; i < n; i++) {
    double sum = k >= 0 ? j->by_theta[i][k] : 0;
    for (int l = 0; l < n; l++) sum += j->by_x[i][l] * y[l];
    f[i] += sum;
  }
}

static inline void slope_of_columns(tangents *a, double t, columns y, columns f) {
  int n = a->s->n;
  jacobian j, change;
  find_jacobian(a->s, t, y[0], a->theta, &j);
  memset(f, 0, (size_t)a->columns * sizeof *f);
  memcpy(f[0], j.f, sizeof j.f);
  for (int c = 1; c < a->first; c++) add_product(n, &j, parameter_of_column(a, c), y[c], f[c]);
  a->evaluations++;
  if (a->columns == a->first) return;
  find_change(a, t, y, &change);
  for (int c = 1; c < a->first; c++) {
    int second = a->first + c - 1;
    add_product(n, &change, parameter_of_column(a, c), y[c], f[second]);
    add_product(n, &j, -1, y[second], f[second]);
  }
}

/* The modified midpoint rule in `parts` parts, smoothed at the end. */
static inline void midpoint_rule(tangents *a, columns f0, double H, int parts, columns out) {
  double h = H / parts;
  int n = a->s->n;
  columns before, now, f;
  memcpy(before, a->y, (size_t)a->columns * sizeof *before);
  for (int c = 0; c < a->columns; c++)
    for (int i = 0; i < n; i++) now[c][i] = a->y[c][i] + h * f0[c][i];
  for (int m = 1; m <= parts; m++) {
    slope_of_columns(a, a->t + m * h, now, f);
    for (int c = 0; c < a->columns; c++)
      for (int i = 0; i < n; i++) {
        double next = m < parts ? before[c][i] + 2 * h * f[c][i]
                                : (before[c][i] + now[c][i] + h * f[c][i]) / 2; /* S(h) of II.9 */
        before[c][i] = now[c][i];
        now[c][i] = next;
      }
  }
  memcpy(out, now, (size_t)a->columns * sizeof *now);
}

/* What term m adds to the change of each tangent, without its sign. */
static inline void add_second_parts(const tangents *a, const term *m, const double complex *x,
                                    const double complex *theta, double *parts) {
  complex_term_slopes d = complex_slopes_of(m, a->t, x, theta);
  for (int i = 0; i < 2; i++)
    if (m->theta[i] >= 0 && m->theta[i] < a->s->p)
      parts[a->first + a->s->n + m->theta[i]] += fabs(cimag(d.by_theta[i])) / small;
  for (int i = 0; i < m->factors; i++)
    for (int c = 1; c < a->first; c++)
      parts[a->first + c - 1] += fabs(cimag(d.by_state[i]) / small * a->y[c][m->factor[i].state]);
}

/* The sum of what the terms add to each tangent beside J times itself, without their signs: they may cancel,
 * and leave their rounding. */
static inline void find_parts(tangents *a, double parts[COLUMNS_MAX]) {
  double complex x[STATES_MAX], theta[THETA_MAX];
  int second = a->columns > a->first;
  memset(parts, 0, sizeof(double[COLUMNS_MAX]));
  if (second) carry_direction(a, a->y, x, theta);
  for (int k = 0; k < a->s->count; k++) {
    const term *m = &a->s->term[k];
    term_slopes d = slopes_of(m, a->t, a->y[0], a->theta);
    for (int i = 0; i < 2; i++)
      if (m->theta[i] >= 0 && m->theta[i] < a->s->p) parts[1 + a->s->n + m->theta[i]] += fabs(d.by_theta[i]);
    if (second) add_second_parts(a, m, x, theta, parts);
  }
  for (int c = 1; c < a->first && second; c++)
    parts[a->first + c - 1] += parts[c]; /* what tangents lack, too */
}

/* The difference of the last two columns of the tableau, each direction relative to its own size. What has
 * decayed to 1e-8 of its largest need not keep its digits, and what cancels cannot. */
static inline double difference(tangents *a, double H, columns high, columns low) {
  double worst = 0, parts[COLUMNS_MAX];
  find_parts(a, parts);
  for (int c = 0; c < a->columns; c++) {
    double size = fmax(1e-8 * a->most[c], 1e-3 * fabs(H) * parts[c]), off = 0;
    for (int i = 0; i < a->s->n; i++) {
      size = fmax(size, fmax(fabs(high[c][i]), fabs(a->y[c][i])));
      off = fmax(off, fabs(high[c][i] - low[c][i]));
    }
    if (off > 0) worst = fmax(worst, off / size);
    if (isnan(off)) return INFINITY;
  }
  return worst;
}

/* One step of H, extrapolated from `STAGES` to 0; returns the estimate of its error. */
static inline double extrapolate(tangents *a, double H, columns result) {
  static _Thread_local columns table[STAGES], f0;
  slope_of_columns(a, a->t, a->y, f0);
  for (int j = 0; j < STAGES; j++) {
    midpoint_rule(a, f0, H, 2 * (j + 1), table[j]);
    for (int k = j - 1; k >= 0; k--) { /* table[k] becomes the extrapolation of stages k to j */
      double ratio = (double)(j + 1) / (k + 1), factor = 1 / (ratio * ratio - 1);
      for (int c = 0; c < a->columns; c++)
        for (int i = 0; i < a->s->n; i++)
          table[k][c][i] = table[k + 1][c][i] + factor * (table[k + 1][c][i] - table[k][c][i]);
    }
  }
  memcpy(result, table[0], (size_t)a->columns * sizeof *result);
  return difference(a, H, table[0], table[1]);
}

static inline void accept_columns(tangents *a, columns y) {
  memcpy(a->y, y, (size_t)a->columns * sizeof *y);
  for (int c = 0; c < a->columns; c++)
    for (int i = 0; i < a->s->n; i++) a->most[c] = fmax(a->most[c], fabs(y[c][i]));
}

/* Rounding may allow no better than some multiple of the tolerance, as where a parameter's effect is the
 * difference of two states that are nearly the same: after two rejections in a row more is allowed, and less
 * again later. */
static const double finest = 3e-12, coarsest = 1e-9;

/* Goes on to `end`; 0: it cannot. */
static inline int integrate_tangents(tangents *a, double end) {
  columns next;
  int rejected = 0;
  for (long step = 0; a->t != end; step++) {
    double left = end - a->t, H = copysign(fmin(fabs(a->h), a->largest_step), left);
    int last = fabs(H) * 1.0001 >= fabs(left);
    if (last) H = left;
    if (step > STEPS_MAX || a->t + H == a->t) return 0;
    double off = extrapolate(a, H, next);
    double factor = 0.9 * pow(a->allowed / fmax(off, 1e-30), 1.0 / (2 * STAGES - 1));
    if (off <= a->allowed) {
      accept_columns(a, next);
      a->t = last ? end : a->t + H;
      if (!last) a->h = H * fmin(fmax(factor, 1), 3); /* rounding alone makes no step shorter */
      a->allowed = fmax(finest, a->allowed / 1.5);
      rejected = 0;
    } else {
      a->h = H * fmin(fmax(isfinite(off) ? factor : 0.1, 0.1), 0.7);
      if (++rejected > 1) a->allowed = fmin(a->allowed * 3, coarsest);
    }
  }
  return 1;
}

#endif
