/* A diagonally implicit step's tangent, by the factors of each stage:
 *
 *   (M / (h gamma) - df/dx(X_i)) zdot_i = df along (startdot_i, thetadot, tdot + c_i hdot)
 *                                         + hdot / h^2 M u_i,  udot_i = zdot_i / gamma. */
#include "step/dirk.h"

typedef OG_R(og_dirk) dirk;
typedef OG_R(og_interval) interval;
typedef OG_R(og_step) step_t;

/* One call's arguments, times in the working precision. */
typedef struct forth {
  const interval *at;
  const real *x, *theta, *x_dot, *theta_dot;
  const double *t_dot, *h_dot;
  _Alignas(64) real h_dot_real[OG_LANES_MAX], by_square[OG_LANES_MAX]; /* h_dot / h^2 */
} forth;

/* f's tangent at the stage with z held, in u_dot[i]. */
static void tangent_of_slope(dirk *d, int i, const forth *f) {
  step_t *step = &d->common.base;
  double t[OG_LANES_MAX], c = d->tableau->c[i];
  _Alignas(64) real t_dot[OG_LANES_MAX];
  const real *start_dot = f->x_dot;
  if (i) {
    OG_R(og_increments_sum)(step, d->tableau->a[i], 1, 0, i, d->common.u_dot, f->x_dot, NULL, d->part);
    start_dot = d->part;
  }
  for (int lane = 0; lane < step->lanes; lane++) t_dot[lane] = (real)(f->t_dot[lane] + c * f->h_dot[lane]);
  OG_R(og_increments_times)(step, c, f->at, t);
  step->field->OG_R(ops).jvp(step->field, step->lanes, t, i ? d->stage_x[i] : f->x, f->theta,
                             d->common.times ? t_dot : NULL, start_dot, f->theta_dot, d->common.u_dot[i],
                             step->status, step->scratch);
}

static void tangent_of_implicit(dirk *d, int i, const forth *f) {
  step_t *step = &d->common.base;
  real *dot = d->common.u_dot[i];
  const real one = 1, by_gamma = (real)(1 / d->tableau->gamma), *same = dot;
  const real *product = OG_R(og_increments_mass)(step, d->common.u[i], 0, d->common.product);
  step->kernels->weighted_sum(step->n, step->lanes, dot, dot, f->by_square, 1, &one, &product);
  double t[OG_LANES_MAX];
  int busy = OG_R(og_step_busy)(step, step->status);
  OG_R(og_increments_times)(step, d->tableau->c[i], f->at, t);
  OG_R(og_dirk_count)
  (d, busy,
   OG_R(og_dirk_solve)(d, OG_DIRK_DERIVATIVE, &(OG_R(og_dirk_point)){t, d->stage_x[i], f->theta},
                       d->stage_factors[i], 0, step->status, dot));
  step->kernels->weighted_sum(step->n, step->lanes, dot, NULL, NULL, 1, &by_gamma, &same);
}

/* M udot_1 = h fdot + hdot f */
static void tangent_of_first(dirk *d, const forth *f) {
  step_t *step = &d->common.base;
  real *dot = d->common.u_dot[0];
  const real one = 1, *slope = d->common.f0, *same = dot;
  step->kernels->weighted_sum(step->n, step->lanes, dot, NULL, d->common.h_real, 1, &one, &same);
  step->kernels->weighted_sum(step->n, step->lanes, dot, dot, f->h_dot_real, 1, &one, &slope);
  if (d->mass_factors) OG_R(og_elimination_solve)(d->elimination, step->lanes, d->mass_factors, dot);
}

int OG_R(og_dirk_tangent)(step_t *step, int uses, const interval *at, const real *x, const real *theta,
                          const real *x_dot, const real *theta_dot, const double *t_dot, const double *h_dot,
                          real *y_dot) {
  dirk *d = OG_R(og_dirk_of)(step);
  forth f = {at, x, theta, x_dot, theta_dot, t_dot, h_dot, {0}, {0}};
  (void)uses;
  for (int lane = 0; lane < step->lanes; lane++) {
    f.h_dot_real[lane] = (real)h_dot[lane];
    double h = OG_R(og_step_length)(at, lane);
    f.by_square[lane] = (real)(h_dot[lane] / (h * h));
  }
  for (int i = 0; i < d->tableau->stages; i++) {
    tangent_of_slope(d, i, &f);
    if (i)
      tangent_of_implicit(d, i, &f);
    else
      tangent_of_first(d, &f);
  }
  OG_R(og_increments_sum)(step, d->tableau->b, 1, 0, d->tableau->stages, d->common.u_dot, x_dot, NULL, y_dot);
  return d->tableau->stages;
}
