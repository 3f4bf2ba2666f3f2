/* A Rosenbrock step's tangent: the same factors of W serve, and J's own derivative joins the right side,
 *
 *   W udot_i = d/d(.) of the right side + (dJ u_i + h d_i d(df/dt)) along (xdot, thetadot, tdot)
 *              + hdot / (h^2 gamma) M u_i. */
#include "step/rosenbrock.h"

typedef OG_R(og_rosenbrock) rosenbrock;
typedef OG_R(og_interval) interval;
typedef OG_R(og_step) step_t;

/* One call's arguments, times in the working precision. */
typedef struct forth {
  const interval *at;
  const real *x, *theta, *x_dot, *theta_dot;
  _Alignas(64) real t_dot[OG_LANES_MAX], stage_t_dot[OG_LANES_MAX], h_dot[OG_LANES_MAX];
  real by_square[OG_LANES_MAX]; /* -h_dot / h^2 */
} forth;

/* f's tangent at the stage, in v[i]. */
static void tangent_of_slope(rosenbrock *r, int i, forth *f) {
  step_t *step = &r->common.base;
  double t[OG_LANES_MAX];
  const real *stage = i ? r->stage_x[i] : f->x, *stage_dot = f->x_dot;
  if (i) {
    OG_R(og_increments_sum)(&r->common.base, r->tableau->a[i], 1, 0, i, r->v, f->x_dot, NULL, r->x_bar[i]);
    stage_dot = r->x_bar[i];
  }
  for (int lane = 0; lane < step->lanes; lane++)
    f->stage_t_dot[lane] = f->t_dot[lane] + (real)r->tableau->alpha[i] * f->h_dot[lane];
  OG_R(og_increments_times)(&r->common.base, r->tableau->alpha[i], f->at, t);
  step->field->OG_R(ops).jvp(step->field, step->lanes, t, stage, f->theta, r->f_t ? f->stage_t_dot : NULL,
                             stage_dot, f->theta_dot, r->v[i], step->status, step->scratch);
}

/* The second derivative of f along (h d_i, u_i) and the direction. */
static void add_curvature(rosenbrock *r, int i, const forth *f) {
  step_t *step = &r->common.base;
  real d = (real)r->tableau->d[i], *along = r->f_t && d != 0 ? r->t_dot : NULL;
  for (int lane = 0; along && lane < step->lanes; lane++) along[lane] = d * f->at->h_real[lane];
  step->field->OG_R(ops).jvp_tangent(step->field, step->lanes, f->at->t, f->x, f->theta, along,
                                     r->common.u[i], r->f_t ? f->t_dot : NULL, f->x_dot, f->theta_dot,
                                     r->part, step->status, step->scratch);
  step->kernels->add_rows(step->n, step->lanes, r->v[i], r->part, NULL);
}

/* 1/h M sum_{j<i} c_ij udot_j, and what h_dot does: -hdot / h^2 M (sum_{j<i} c_ij u_j - u_i / gamma) + hdot
 * d_i df/dt. */
static void add_h_dot(rosenbrock *r, int i, const forth *f) {
  const og_rosenbrock_tableau *tableau = r->tableau;
  step_t *step = &r->common.base;
  const real one = 1, d = (real)tableau->d[i], *f_t = r->f_t, *product;
  double weights[OG_ROSENBROCK_STAGES] = {0};
  for (int j = 0; j < i; j++) weights[j] = tableau->c[i][j];
  weights[i] = -1 / tableau->gamma;
  OG_R(og_increments_sum)(&r->common.base, weights, 1, 0, i + 1, r->common.u, NULL, f->by_square, r->sum);
  if (i) OG_R(og_increments_sum)(&r->common.base, tableau->c[i], 1, 0, i, r->v, r->sum, r->h_inverse, r->sum);
  product = OG_R(og_increments_mass)(&r->common.base, r->sum, 0, r->common.product);
  step->kernels->weighted_sum(step->n, step->lanes, r->v[i], r->v[i], NULL, 1, &one, &product);
  if (f_t && d != 0)
    step->kernels->weighted_sum(step->n, step->lanes, r->v[i], r->v[i], f->h_dot, 1, &d, &f_t);
}

int OG_R(og_rosenbrock_tangent)(step_t *step, int uses, const interval *at, const real *x, const real *theta,
                                const real *x_dot, const real *theta_dot, const double *t_dot,
                                const double *h_dot, real *y_dot) {
  rosenbrock *r = OG_R(og_rosenbrock_of)(step);
  forth f = {.at = at, .x = x, .theta = theta, .x_dot = x_dot, .theta_dot = theta_dot};
  (void)uses;
  for (int lane = 0; lane < step->lanes; lane++) {
    f.t_dot[lane] = (real)t_dot[lane], f.h_dot[lane] = (real)h_dot[lane];
    double h = OG_R(og_step_length)(at, lane);
    f.by_square[lane] = (real)(-h_dot[lane] / (h * h));
  }
  for (int i = 0; i < r->tableau->stages; i++) {
    tangent_of_slope(r, i, &f);
    add_curvature(r, i, &f);
    add_h_dot(r, i, &f);
    OG_R(og_increments_solve)(&r->common, r->elimination, r->factors, step->status, r->v[i]);
  }
  OG_R(og_increments_sum)(&r->common.base, r->tableau->m, 1, 0, r->tableau->stages, r->v, x_dot, NULL, y_dot);
  return 2 * r->tableau->stages;
}
