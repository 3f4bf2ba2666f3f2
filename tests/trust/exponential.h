/* The second truth for linear problems of the family: x with its forces and a constant as one state z' = M z,
 * its tangents by the exponential of the pair (z, dz), in long double. */
#ifndef OG_TRUST_EXPONENTIAL_H
#define OG_TRUST_EXPONENTIAL_H

#include "trust/truth.h"

enum { WAVES_MAX = 4, ROWS_MAX = STATES_MAX + 2 * WAVES_MAX + 1, PAIR_MAX = 2 * ROWS_MAX };
typedef long double exponent[PAIR_MAX][PAIR_MAX];

static inline void multiply(int m, exponent a, exponent b, exponent out) {
  static exponent sum;
  for (int i = 0; i < m; i++)
    for (int j = 0; j < m; j++) {
      sum[i][j] = 0;
      for (int k = 0; k < m; k++) sum[i][j] += a[i][k] * b[k][j];
    }
  memcpy(out, sum, sizeof sum);
}

/* e^A by its series, of A halved until its norm is below 1/2, and squared as often. */
static inline void exponential(int m, exponent a, exponent out) {
  static exponent power;
  long double norm = 0;
  int halvings = 0;
  for (int i = 0; i < m; i++) {
    long double sum = 0;
    for (int j = 0; j < m; j++) sum += fabsl(a[i][j]);
    norm = fmaxl(norm, sum);
  }
  for (; norm > 0.5L; norm /= 2) halvings++;
  for (int i = 0; i < m; i++)
    for (int j = 0; j < m; j++) {
      a[i][j] = ldexpl(a[i][j], -halvings);
      power[i][j] = out[i][j] = i == j;
    }
  for (int k = 1; k < 20; k++) {
    multiply(m, power, a, power);
    for (int i = 0; i < m; i++)
      for (int j = 0; j < m; j++) out[i][j] += (power[i][j] /= k);
  }
  for (; halvings; halvings--) multiply(m, out, out, out);
}

/* The state z: x, then cos and sin of each force's angle, then 1. */
typedef struct linear {
  const trial *r;
  const double *theta; /* with the input's present value */
  int rows, waves, wave_of_term[TERMS_MAX];
  double omega[WAVES_MAX], phase[WAVES_MAX];
  long double z[ROWS_MAX], dz[ROWS_MAX];
} linear;

/* 0: the problem is not linear with forces of time. */
static inline int make_linear(const trial *r, const double *theta, linear *s) {
  *s = (linear){.r = r, .theta = theta};
  for (int k = 0; k < r->s.count; k++) {
    const term *m = &r->s.term[k];
    if (m->factors > 1 || (m->factors && (m->power || m->factor[0].shape != SHAPE_LINEAR))) return 0;
    if (!m->power) continue;
    if (s->waves == WAVES_MAX) return 0;
    s->omega[s->waves] = m->power * m->omega; /* sin^2 = (1 - cos of the double) / 2 */
    s->phase[s->waves] = m->power * m->phase;
    s->wave_of_term[k] = s->waves++;
  }
  s->rows = r->s.n + 2 * s->waves + 1;
  for (int i = 0; i < r->s.n; i++) s->z[i] = r->x0[i];
  for (int w = 0; w < s->waves; w++) {
    long double angle = (long double)s->omega[w] * r->t0 + s->phase[w];
    s->z[r->s.n + 2 * w] = cosl(angle), s->z[r->s.n + 2 * w + 1] = sinl(angle);
  }
  s->z[s->rows - 1] = 1;
  return 1;
}

/* Adds c times what term k does, into the rows of `to` from row and column `at`. */
static inline void add_linear_term(const linear *s, int k, long double c, exponent to, int row, int column) {
  const term *m = &s->r->s.term[k];
  int one = column + s->rows - 1, wave = column + s->r->s.n + 2 * s->wave_of_term[k];
  row += m->row;
  if (m->factors)
    to[row][column + m->factor[0].state] += c;
  else if (m->power == 2)
    to[row][one] += c / 2, to[row][wave] -= c / 2;
  else if (m->power == 1)
    to[row][wave + 1] += c;
  else
    to[row][one] += c;
}

/* The pair (dz, z)' = [M, dM; 0, M] (dz, z), with dM the derivative of M by parameter `by` (-1: none). */
static inline void fill_pair(const linear *s, int by, exponent a) {
  int rows = s->rows;
  memset(a, 0, sizeof(exponent));
  for (int half = 0; half < 2; half++)
    for (int w = 0; w < s->waves; w++) {
      int c = half * rows + s->r->s.n + 2 * w;
      a[c][c + 1] = -(long double)s->omega[w], a[c + 1][c] = s->omega[w];
    }
  for (int k = 0; k < s->r->s.count; k++) {
    const term *m = &s->r->s.term[k];
    long double v[2];
    for (int i = 0; i < 2; i++) v[i] = m->theta[i] < 0 ? 1 : (long double)s->theta[m->theta[i]];
    for (int half = 0; half < 2; half++)
      add_linear_term(s, k, m->c * v[0] * v[1], a, half * rows, half * rows);
    for (int i = 0; i < 2; i++)
      if (by >= 0 && m->theta[i] == by) add_linear_term(s, k, m->c * v[1 - i], a, 0, rows);
  }
}

static inline void advance_linear(linear *s, int by, double time) {
  static exponent a, e;
  long double next[PAIR_MAX];
  int rows = s->rows;
  fill_pair(s, by, a);
  for (int i = 0; i < 2 * rows; i++)
    for (int j = 0; j < 2 * rows; j++) a[i][j] *= time;
  exponential(2 * rows, a, e);
  for (int i = 0; i < 2 * rows; i++) {
    next[i] = 0;
    for (int j = 0; j < rows; j++) next[i] += e[i][j] * s->dz[j] + e[i][rows + j] * s->z[j];
  }
  memcpy(s->dz, next, (size_t)rows * sizeof *next);
  memcpy(s->z, next + rows, (size_t)rows * sizeof *next);
}

static inline long double slope_of_row(const linear *s, int i) {
  static exponent a;
  long double sum = 0;
  fill_pair(s, -1, a);
  for (int j = 0; j < s->rows; j++) sum += a[i][j] * s->z[j];
  return sum;
}

/* The pulse's time moves by dt: what came before lasts longer, what comes after begins later. */
static inline void pulse_linear(linear *s, int by) {
  const pulse *e = &s->r->s.pulse;
  long double dt = e->time_parameter >= 0 && by == e->time_parameter;
  if (e->guarded >= 0) dt = -s->dz[e->guarded] / slope_of_row(s, e->guarded);
  for (int i = 0; i < s->r->s.n; i++) s->dz[i] += slope_of_row(s, i) * dt;
  s->dz[e->state] = e->keep * s->dz[e->state] + (by == e->dose);
  s->z[e->state] = e->keep * s->z[e->state] + s->theta[e->dose];
  for (int i = 0; i < s->r->s.n && !e->terminal; i++) s->dz[i] -= slope_of_row(s, i) * dt;
}

/* What the loss gains by direction c of tangents.h: of x0, of a parameter, of the input's first or second
 * value. */
static inline long double slope_by_exponential(const trial *r, int c) {
  double theta[THETA_MAX] = {0}, t = r->t0, sense = r->t1 > r->t0 ? 1 : -1;
  int n = r->s.n, k = c - 1 - n, by = k, passed = 0, ended = 0;
  memcpy(theta, r->theta, sizeof r->theta);
  if (r->s.inputs) theta[r->s.p] = r->input[0];
  linear s;
  long double gain = 0;
  make_linear(r, theta, &s);
  if (k < 0) s.dz[c - 1] = 1;
  if (k > r->s.p) by = -1; /* the second value has no effect before it is there */
  for (int point = 0; point <= r->observations; point++) {
    int last = point == r->observations;
    double end = last ? r->t1 : r->times[point];
    double at = r->s.inputs ? r->input_at : pulse_time(&r->s.pulse, r->theta);
    if ((r->s.inputs || r->s.pulse.happens) && !passed && sense * (end - at) > 0) {
      advance_linear(&s, by, at - t), t = at, passed = 1;
      if (r->s.inputs)
        theta[r->s.p] = r->input[1], by = k == r->s.p ? -1 : k == r->s.p + 1 ? r->s.p : k;
      else
        pulse_linear(&s, k);
      ended = r->s.pulse.happens && r->s.pulse.terminal;
    }
    if (!ended) advance_linear(&s, by, end - t), t = end;
    for (int i = 0; i < n && (last || !ended); i++) gain += r->seeds[point][i] * s.dz[i];
  }
  return gain;
}

#endif
