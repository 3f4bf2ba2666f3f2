/* Inside a step of increments: x(t + s h) = x + sum_j w_j(s) u_j, its derivative, it as a polynomial, its
 * tangent, and the cotangents of states inside. The step's own increments are all that it needs. */
#include "step/increments.h"

#include <math.h>

typedef OG_R(og_increments) increments;
typedef OG_R(og_interval) interval;
typedef OG_R(og_step) step_t;

static const increments *in(const step_t *step) { return (const increments *)(const void *)step; }

int OG_R(og_increments_complete)(step_t *step, const interval *at, const real *x, const real *theta) {
  (void)step, (void)at, (void)x, (void)theta;
  return 0;
}

static double entry_of(const step_t *step, const real *block, size_t row, int lane) {
  return (double)block[row * (size_t)step->lanes + (size_t)lane];
}

/* x + sum_j w_j(s) blocks[j] of one lane. */
static void state_of(const step_t *step, real *const *blocks, int lane, double s, const real *x,
                     double *state) {
  const og_increment_rows *rows = &in(step)->rows;
  double weights[OG_INCREMENTS_MAX];
  og_increment_weights(rows, s, weights, NULL);
  for (size_t row = 0; row < (size_t)step->n; row++) {
    double sum = 0;
    for (int j = 0; j < rows->stages; j++) sum += weights[j] * entry_of(step, blocks[j], row, lane);
    state[row] = entry_of(step, x, row, lane) + sum;
  }
}

void OG_R(og_increments_state)(const step_t *step, int lane, double s, const interval *at, const real *x,
                               double *state) {
  (void)at;
  state_of(step, in(step)->u, lane, s, x, state);
}

void OG_R(og_increments_tangent_at)(const step_t *step, int lane, double s, const interval *at,
                                    const real *x_dot, double h_dot, double *state_dot) {
  (void)at, (void)h_dot;
  state_of(step, in(step)->u_dot, lane, s, x_dot, state_dot);
}

void OG_R(og_increments_states)(const step_t *step, double s, const interval *at, const real *x,
                                real *states) {
  const increments *i = in(step);
  double weights[OG_INCREMENTS_MAX];
  (void)at;
  og_increment_weights(&i->rows, s, weights, NULL);
  OG_R(og_increments_sum)(step, weights, 1, 0, i->rows.stages, i->u, x, NULL, states);
}

void OG_R(og_increments_slope_at)(const step_t *step, int lane, double s, double *slope, double *sizes) {
  const increments *i = in(step);
  double slopes[OG_INCREMENTS_MAX];
  og_increment_weights(&i->rows, s, NULL, slopes);
  for (size_t row = 0; row < (size_t)step->n; row++) {
    double sum = 0, size = 0;
    for (int j = 0; j < i->rows.stages; j++) {
      double part = slopes[j] * entry_of(step, i->u[j], row, lane) / i->h[lane];
      sum += part;
      size += fabs(part);
    }
    slope[row] = sum;
    if (sizes) sizes[row] = size;
  }
}

double OG_R(og_increments_slope_along)(const step_t *step, int lane, double s, size_t rows,
                                       const double *direction) {
  const increments *i = in(step);
  double slopes[OG_INCREMENTS_MAX], sum = 0;
  og_increment_weights(&i->rows, s, NULL, slopes);
  for (int j = 0; j < i->rows.stages; j++) {
    double along = 0;
    for (size_t row = 0; row < rows; row++) along += direction[row] * entry_of(step, i->u[j], row, lane);
    sum += slopes[j] * along / i->h[lane];
  }
  return sum;
}

void OG_R(og_increments_curve)(const step_t *step, int lane, const interval *at, double *curve, size_t power,
                               size_t entry) {
  const increments *i = in(step);
  (void)at;
  for (int d = 0; d < i->rows.degree; d++, curve += power)
    for (size_t row = 0; row < (size_t)step->n; row++) {
      double sum = 0;
      for (int j = 0; j < i->rows.stages; j++)
        sum += i->rows.interpolant[j * i->rows.stride + d] * entry_of(step, i->u[j], row, lane);
      curve[row * entry] = sum;
    }
}

void OG_R(og_increments_seed)(const og_increment_rows *rows, double s, size_t count, const double *bar,
                              real *seeds, size_t block, size_t entry) {
  double weights[OG_INCREMENTS_MAX];
  og_increment_weights(rows, s, weights, NULL);
  for (int j = 0; j < rows->stages; j++, seeds += block)
    for (size_t row = 0; row < count; row++) seeds[row * entry] += (real)(weights[j] * bar[row]);
}
