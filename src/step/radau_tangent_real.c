/* A fully implicit step's tangent, by the factors of its system:
 *
 *   1/h M sum_j (A^-1)_ij zdot_j - df/dx(X_i) zdot_i = df along (xdot, thetadot, tdot + c_i hdot)
 *                                                      + hdot / h^2 M sum_j (A^-1)_ij z_j. */
#include "step/radau.h"

typedef OG_R(og_radau) radau;
typedef OG_R(og_interval) interval;
typedef OG_R(og_step) step_t;

int OG_R(og_radau_tangent)(step_t *step, int uses, const interval *at, const real *x, const real *theta,
                           const real *x_dot, const real *theta_dot, const double *t_dot, const double *h_dot,
                           real *y_dot) {
  radau *r = OG_R(og_radau_of)(step);
  _Alignas(64) real stage_t_dot[OG_LANES_MAX], relative[OG_LANES_MAX];
  double t[OG_LANES_MAX];
  const real one = 1, *coupled = r->part;
  int stages = r->tableau->stages;
  (void)uses, (void)x;
  for (int lane = 0; lane < step->lanes; lane++)
    relative[lane] = (real)(h_dot[lane] / OG_R(og_step_length)(at, lane));
  for (int i = 0; i < stages; i++) {
    real *dot = r->common.u_dot[i];
    for (int lane = 0; lane < step->lanes; lane++)
      stage_t_dot[lane] = (real)(t_dot[lane] + r->tableau->c[i] * h_dot[lane]);
    OG_R(og_increments_times)(step, r->tableau->c[i], at, t);
    step->field->OG_R(ops).jvp(step->field, step->lanes, t, r->stage_x[i], theta,
                               r->common.times ? stage_t_dot : NULL, x_dot, theta_dot, dot, step->status,
                               step->scratch);
    OG_R(og_radau_couple)(r, i, 0, r->common.u, r->part);
    step->kernels->weighted_sum(step->n, step->lanes, dot, dot, relative, 1, &one, &coupled);
  }
  OG_R(og_radau_solve)(r, 0, 0, r->common.u_dot);
  OG_R(og_increments_sum)(step, r->tableau->b, 1, 0, stages, r->common.u_dot, x_dot, NULL, y_dot);
  return stages;
}
