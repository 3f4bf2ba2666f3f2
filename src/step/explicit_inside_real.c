/* Inside an explicit step: x(t + s h) = x + h sum_j b_j(s) K_j, its derivative, and it as a polynomial. */
#include "step/explicit.h"

#include <math.h>

typedef OG_R(og_explicit) explicit_step;
typedef OG_R(og_interval) interval;
typedef OG_R(og_step) step_t;

int OG_R(og_explicit_complete)(step_t *step, const interval *at, const real *x, const real *theta) {
  explicit_step *e = OG_R(og_explicit_of)(step);
  int stages = e->tableau->stages, total = e->tableau->stages_total;
  if (total > stages) OG_R(og_explicit_stages)(e, stages, total, total, at, x, theta);
  return total - stages;
}

static double stage(const explicit_step *e, int j, size_t row, int lane) {
  return (double)e->k[j][row * (size_t)e->base.lanes + (size_t)lane];
}

void OG_R(og_explicit_state)(const step_t *step, int lane, double s, const interval *at, const real *x,
                             double *state) {
  const explicit_step *e = OG_R(og_explicit_in)(step);
  double weights[OG_STAGES_MAX];
  og_interpolant_weights(e->tableau, s, weights, NULL);
  for (size_t i = 0; i < (size_t)step->n; i++) {
    double sum = 0;
    for (int j = 0; j < e->tableau->stages_total; j++) sum += weights[j] * stage(e, j, i, lane);
    state[i] = (double)x[i * (size_t)step->lanes + (size_t)lane] + at->h[lane] * sum;
  }
}

void OG_R(og_explicit_states)(const step_t *step, double s, const interval *at, const real *x, real *states) {
  const explicit_step *e = OG_R(og_explicit_in)(step);
  double weights[OG_STAGES_MAX];
  OG_R(og_weights) used = {0};
  og_interpolant_weights(e->tableau, s, weights, NULL);
  for (int j = 0; j < e->tableau->stages_total; j++) {
    if (weights[j] == 0) continue;
    used.stage[used.count] = (unsigned char)j;
    used.value[used.count++] = (real)weights[j];
  }
  OG_R(og_explicit_sum)(e, &used, e->k, x, at->h_real, states);
}

void OG_R(og_explicit_slope_at)(const step_t *step, int lane, double s, double *slope, double *sizes) {
  const explicit_step *e = OG_R(og_explicit_in)(step);
  double slopes[OG_STAGES_MAX];
  og_interpolant_weights(e->tableau, s, NULL, slopes);
  for (size_t i = 0; i < (size_t)step->n; i++) {
    double sum = 0, size = 0;
    for (int j = 0; j < e->tableau->stages_total; j++) {
      double part = slopes[j] * stage(e, j, i, lane);
      sum += part;
      size += fabs(part);
    }
    slope[i] = sum;
    if (sizes) sizes[i] = size;
  }
}

double OG_R(og_explicit_slope_along)(const step_t *step, int lane, double s, size_t rows,
                                     const double *direction) {
  const explicit_step *e = OG_R(og_explicit_in)(step);
  double slopes[OG_STAGES_MAX], sum = 0;
  og_interpolant_weights(e->tableau, s, NULL, slopes);
  for (int j = 0; j < e->tableau->stages_total; j++)
    for (size_t i = 0; i < rows; i++) sum += slopes[j] * direction[i] * stage(e, j, i, lane);
  return sum;
}

void OG_R(og_explicit_curve)(const step_t *step, int lane, const interval *at, double *curve, size_t power,
                             size_t entry) {
  const explicit_step *e = OG_R(og_explicit_in)(step);
  const og_tableau *tableau = e->tableau;
  for (int d = 0; d < tableau->interpolant_degree; d++, curve += power)
    for (size_t i = 0; i < (size_t)step->n; i++) {
      double sum = 0;
      for (int j = 0; j < tableau->stages_total; j++)
        sum += tableau->interpolant[j][d] * stage(e, j, i, lane);
      curve[i * entry] = at->h[lane] * sum;
    }
}
