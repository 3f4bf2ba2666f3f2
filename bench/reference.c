/* The benchmarks' truth: Taylor series, which neither contestant uses, in long double. The state and its
 * derivatives with respect to (x(0), y(0), p1..p4) are expanded together; fixed steps, so short that the
 * series has converged. */
#include "problem.h"

/* With steps of 0.1 the truncation error is 2e-12, relative, over the ensemble's parameters; with 0.05 it is
 * gone. */
enum { ORDER = 24, CURVES = 1 + LV_GRADIENT };

typedef long double series[ORDER + 1];

/* Curve 0 is the solution, curve 1 + j its derivative with respect to entry j of the gradient. */
typedef struct taylor {
  series x[CURVES], y[CURVES];
  long double p[LV_PARAMETERS];
} taylor;

static long double product(const series a, const series b, int k) {
  long double sum = 0.0L;
  for (int i = 0; i <= k; i++) sum += a[i] * b[k - i];
  return sum;
}

static void next_coefficients(taylor *s, int k) {
  const long double *p = s->p;
  long double xy = product(s->x[0], s->y[0], k);
  for (int c = 0; c < CURVES; c++) {
    long double mixed = c == 0 ? xy : product(s->x[c], s->y[0], k) + product(s->x[0], s->y[c], k);
    long double f = p[0] * s->x[c][k] - p[1] * mixed;
    long double g = -p[2] * s->y[c][k] + p[3] * mixed;
    /* the derivative with respect to p_j also has df/dp_j */
    if (c == 3) f += s->x[0][k];
    if (c == 4) f -= xy;
    if (c == 5) g -= s->y[0][k];
    if (c == 6) g += xy;
    s->x[c][k + 1] = f / (k + 1);
    s->y[c][k + 1] = g / (k + 1);
  }
}

static void advance(taylor *s, long double h) {
  for (int k = 0; k < ORDER; k++) next_coefficients(s, k);
  for (int c = 0; c < CURVES; c++) {
    long double x = 0.0L, y = 0.0L;
    for (int k = ORDER; k >= 0; k--) {
      x = x * h + s->x[c][k];
      y = y * h + s->y[c][k];
    }
    s->x[c][0] = x;
    s->y[c][0] = y;
  }
}

static void start(taylor *s, const double p[LV_PARAMETERS]) {
  for (int i = 0; i < LV_PARAMETERS; i++) s->p[i] = p[i];
  for (int c = 0; c < CURVES; c++) {
    s->x[c][0] = c == 0 || c == 1;
    s->y[c][0] = c == 0 || c == 2;
  }
}

static void advance_to_next_observation(taylor *s, int steps) {
  long double h = (long double)LV_END / LV_OBSERVATIONS / steps;
  for (int step = 0; step < steps; step++) advance(s, h);
}

void reference_observed(const double p[LV_PARAMETERS], double *loss, double gradient[LV_GRADIENT]) {
  taylor s;
  long double sum = 0.0L, bars[LV_GRADIENT] = {0.0L};
  start(&s, p);
  for (int i = 0; i < LV_OBSERVATIONS; i++) {
    double data[LV_STATES];
    lv_observation(i, data);
    advance_to_next_observation(&s, 2);
    long double rx = s.x[0][0] - data[0], ry = s.y[0][0] - data[1];
    sum += rx * rx + ry * ry;
    for (int j = 0; j < LV_GRADIENT; j++) bars[j] += 2.0L * (rx * s.x[1 + j][0] + ry * s.y[1 + j][0]);
  }
  *loss = (double)sum;
  for (int j = 0; j < LV_GRADIENT; j++) gradient[j] = (double)bars[j];
}

void reference_final(const double p[LV_PARAMETERS], double *loss, double gradient[LV_GRADIENT]) {
  taylor s;
  start(&s, p);
  for (int i = 0; i < LV_OBSERVATIONS; i++) advance_to_next_observation(&s, 1);
  *loss = (double)(s.x[0][0] + s.y[0][0]);
  for (int j = 0; j < LV_GRADIENT; j++) gradient[j] = (double)(s.x[1 + j][0] + s.y[1 + j][0]);
}
