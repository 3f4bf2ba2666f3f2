/* Inside a Rosenbrock step: x(t + s h) = x + sum_j w_j(s) u_j, its derivative, it as a polynomial, and the
 * cotangents of states inside. The step's own stages are all that it needs. */
#include "step/rosenbrock.h"

#include <math.h>

typedef OG_R(og_rosenbrock) rosenbrock;
typedef OG_R(og_interval) interval;
typedef OG_R(og_step) step_t;

int OG_R(og_rosenbrock_complete)(step_t *step, const interval *at, const real *x, const real *theta) {
  (void)step, (void)at, (void)x, (void)theta;
  return 0;
}

static double stage(const rosenbrock *r, int j, size_t row, int lane) {
  return (double)r->u[j][row * (size_t)r->base.lanes + (size_t)lane];
}

void OG_R(og_rosenbrock_state)(const step_t *step, int lane, double s, const interval *at, const real *x,
                               double *state) {
  const rosenbrock *r = OG_R(og_rosenbrock_in)(step);
  double weights[OG_ROSENBROCK_STAGES];
  (void)at;
  og_rosenbrock_interpolant(r->tableau, s, weights, NULL);
  for (size_t i = 0; i < (size_t)step->n; i++) {
    double sum = 0;
    for (int j = 0; j < r->tableau->stages; j++) sum += weights[j] * stage(r, j, i, lane);
    state[i] = (double)x[i * (size_t)step->lanes + (size_t)lane] + sum;
  }
}

void OG_R(og_rosenbrock_states)(const step_t *step, double s, const interval *at, const real *x,
                                real *states) {
  const rosenbrock *r = OG_R(og_rosenbrock_in)(step);
  double weights[OG_ROSENBROCK_STAGES];
  (void)at;
  og_rosenbrock_interpolant(r->tableau, s, weights, NULL);
  OG_R(og_rosenbrock_sum)(r, weights, 1, 0, r->tableau->stages, r->u, x, NULL, states);
}

void OG_R(og_rosenbrock_slope_at)(const step_t *step, int lane, double s, double *slope, double *sizes) {
  const rosenbrock *r = OG_R(og_rosenbrock_in)(step);
  double slopes[OG_ROSENBROCK_STAGES];
  og_rosenbrock_interpolant(r->tableau, s, NULL, slopes);
  for (size_t i = 0; i < (size_t)step->n; i++) {
    double sum = 0, size = 0;
    for (int j = 0; j < r->tableau->stages; j++) {
      double part = slopes[j] * stage(r, j, i, lane) / r->h[lane];
      sum += part;
      size += fabs(part);
    }
    slope[i] = sum;
    if (sizes) sizes[i] = size;
  }
}

double OG_R(og_rosenbrock_slope_along)(const step_t *step, int lane, double s, size_t rows,
                                       const double *direction) {
  const rosenbrock *r = OG_R(og_rosenbrock_in)(step);
  double slopes[OG_ROSENBROCK_STAGES], sum = 0;
  og_rosenbrock_interpolant(r->tableau, s, NULL, slopes);
  for (int j = 0; j < r->tableau->stages; j++) {
    double along = 0;
    for (size_t i = 0; i < rows; i++) along += direction[i] * stage(r, j, i, lane);
    sum += slopes[j] * along / r->h[lane];
  }
  return sum;
}

void OG_R(og_rosenbrock_curve)(const step_t *step, int lane, const interval *at, double *curve, size_t power,
                               size_t entry) {
  const rosenbrock *r = OG_R(og_rosenbrock_in)(step);
  (void)at;
  for (int d = 0; d < r->tableau->interpolant_degree; d++, curve += power)
    for (size_t i = 0; i < (size_t)step->n; i++) {
      double sum = 0;
      for (int j = 0; j < r->tableau->stages; j++)
        sum += r->tableau->interpolant[j][d] * stage(r, j, i, lane);
      curve[i * entry] = sum;
    }
}

void OG_R(og_rosenbrock_seed)(const og_stepper *stepper, double s, size_t rows, const double *bar,
                              real *seeds, size_t block, size_t entry) {
  const og_rosenbrock_tableau *tableau = stepper->coefficients;
  double weights[OG_ROSENBROCK_STAGES];
  og_rosenbrock_interpolant(tableau, s, weights, NULL);
  for (int j = 0; j < tableau->stages; j++, seeds += block)
    for (size_t i = 0; i < rows; i++) seeds[i * entry] += (real)(weights[j] * bar[i]);
}
