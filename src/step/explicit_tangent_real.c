/* An explicit step's tangent: Kdot_j by the field's jvp, y_dot = x_dot + h sum b_j Kdot_j + h_dot sum b_j
 * K_j. */
#include "step/explicit.h"

typedef OG_R(og_explicit) explicit_step;
typedef OG_R(og_interval) interval;
typedef OG_R(og_step) step_t;

/* y_dot = x_dot + h sum w_j Kdot_j + h_dot sum w_j K_j, in a fixed order. */
static void tangent_of_sum(explicit_step *e, const OG_R(og_weights) * weights, const interval *at,
                           const real *h_dot, const real *x_dot, real *y_dot) {
  if (weights->count == 0) {
    e->base.kernels->copy_rows(e->base.n, e->base.lanes, y_dot, x_dot, NULL);
    return;
  }
  OG_R(og_explicit_sum)(e, weights, e->x_bar, x_dot, at->h_real, e->lambda);
  OG_R(og_explicit_sum)(e, weights, e->k, e->lambda, h_dot, y_dot);
}

int OG_R(og_explicit_tangent)(step_t *step, int uses, const interval *at, const real *x, const real *theta,
                              const real *x_dot, const real *theta_dot, const double *t_dot,
                              const double *h_dot, real *y_dot) {
  explicit_step *e = OG_R(og_explicit_of)(step);
  int last = uses & OG_STEP_INSIDE ? e->tableau->stages_total : e->core;
  double t[OG_LANES_MAX];
  _Alignas(64) real stage_t_dot[OG_LANES_MAX], h_dot_real[OG_LANES_MAX];
  for (int lane = 0; lane < step->lanes; lane++) h_dot_real[lane] = (real)h_dot[lane];
  for (int j = 0; j < last; j++) {
    for (int lane = 0; lane < step->lanes; lane++)
      stage_t_dot[lane] = (real)(t_dot[lane] + e->tableau->c[j] * h_dot[lane]);
    OG_R(og_explicit_stage_times)(e, j, at, t);
    tangent_of_sum(e, &e->a[j], at, h_dot_real, x_dot, e->g[j]);
    step->field->OG_R(ops).jvp(step->field, step->lanes, t, j ? e->stage_x[j] : x, theta, stage_t_dot,
                               e->g[j], theta_dot, e->x_bar[j], step->status, step->scratch);
  }
  tangent_of_sum(e, &e->b, at, h_dot_real, x_dot, y_dot);
  return last;
}

void OG_R(og_explicit_tangent_at)(const step_t *step, int lane, double s, const interval *at,
                                  const real *x_dot, double h_dot, double *state_dot) {
  const explicit_step *e = OG_R(og_explicit_in)(step);
  double weights[OG_STAGES_MAX];
  og_interpolant_weights(e->tableau, s, weights, NULL);
  for (int i = 0; i < step->n; i++) {
    int entry = i * step->lanes + lane;
    double k = 0, k_dot = 0;
    for (int j = 0; j < e->tableau->stages_total; j++) {
      k += weights[j] * (double)e->k[j][entry];
      k_dot += weights[j] * (double)e->x_bar[j][entry];
    }
    state_dot[i] = (double)x_dot[entry] + at->h[lane] * k_dot + h_dot * k;
  }
}
