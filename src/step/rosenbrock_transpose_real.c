/* A Rosenbrock step's transpose, from its last stage to its first (Sandu & Daescu; /KPP): from the cotangent
 * of u_i,
 *
 *   ubar_i = m_i lambda1 + sum_{j>i} (a_ji Xbar_j + c_ji / h M^T v_j) + cotangents of states inside,
 *   v_i = W^-T ubar_i, Xbar_i = f_x(X_i)^T v_i,
 *
 * and since W has J(x) in it, x gets the derivative of v_i^T (J u_i + h d_i df/dt) besides: a product with
 * the Hessian of v_i^T f along u_i and, for time, h d_i. */
#include "step/rosenbrock.h"

#include <math.h>
#include <string.h>

typedef OG_R(og_rosenbrock) rosenbrock;
typedef OG_R(og_interval) interval;
typedef OG_R(og_step) step_t;

/* One call's arguments; t_bars is NULL where times' cotangents are not wanted. */
typedef struct back {
  const interval *at;
  const real *x, *theta, *seeds;
  real *theta_bar, *t_bars;
} back;

/* ---- Stages ---- */

/* The cotangent of u_i, in v[i]. */
static void stage_cotangent(rosenbrock *r, int i, const back *b) {
  const og_rosenbrock_tableau *tableau = r->tableau;
  const step_t *step = &r->common.base;
  const real *terms[OG_ROSENBROCK_STAGES + 2];
  real values[OG_ROSENBROCK_STAGES + 2];
  int count = 0, stages = tableau->stages;
  if (tableau->m[i] != 0) terms[count] = r->common.lambda, values[count++] = (real)tableau->m[i];
  for (int j = i + 1; j < stages; j++)
    if (tableau->a[j][i] != 0) terms[count] = r->x_bar[j], values[count++] = (real)tableau->a[j][i];
  if (b->seeds)
    terms[count] = b->seeds + (size_t)i * OG_PADDED((size_t)(step->n * step->lanes)), values[count++] = 1;
  step->kernels->weighted_sum(step->n, step->lanes, r->v[i], NULL, NULL, count, values, terms);
  if (i + 1 < stages) OG_R(og_increments_sum)
  (&r->common.base, &tableau->c[0][i], OG_ROSENBROCK_STAGES, i + 1, stages, r->mass_v, r->v[i], r->h_inverse,
   r->v[i]);
}

static void keep_mass(rosenbrock *r, int i) {
  if (!r->common.base.field->mass) return;
  const real *product = OG_R(og_increments_mass)(&r->common.base, r->v[i], 1, r->common.product);
  r->common.base.kernels->copy_rows(r->common.base.n, r->common.base.lanes, r->mass_v[i], product, NULL);
}

static void add_theta(const rosenbrock *r, const back *b) {
  const step_t *step = &r->common.base;
  if (b->theta_bar) step->kernels->add_rows(step->p, step->lanes, b->theta_bar, r->common.theta_bar, NULL);
}

/* v_i^T f at the stage. */
static void transpose_stage(rosenbrock *r, int i, const back *b) {
  step_t *step = &r->common.base;
  const OG_R(og_field_ops) *ops = &step->field->OG_R(ops);
  double t[OG_LANES_MAX];
  const real *stage = i ? r->stage_x[i] : b->x;
  real *t_bar = b->t_bars ? b->t_bars + (size_t)i * OG_PADDED((size_t)step->lanes) : NULL;
  OG_R(og_increments_times)(&r->common.base, r->tableau->alpha[i], b->at, t);
  if (ops->vjp_add && b->theta_bar && !t_bar) {
    ops->vjp_add(step->field, step->lanes, t, stage, b->theta, r->v[i], r->x_bar[i], b->theta_bar,
                 step->status, step->scratch);
    return;
  }
  ops->vjp(step->field, step->lanes, t, stage, b->theta, r->v[i], r->x_bar[i],
           b->theta_bar ? r->common.theta_bar : NULL, t_bar, step->status, step->scratch);
  add_theta(r, b);
}

/* v_i^T (J u_i + h d_i df/dt) at the step's start. */
static void transpose_matrix(rosenbrock *r, int i, const back *b) {
  step_t *step = &r->common.base;
  real d = (real)r->tableau->d[i], *t_dot = r->f_t && d != 0 ? r->t_dot : NULL;
  _Alignas(64) real t_bar[OG_LANES_MAX];
  for (int lane = 0; t_dot && lane < step->lanes; lane++) t_dot[lane] = d * b->at->h_real[lane];
  step->field->OG_R(ops).hessian(step->field, step->lanes, b->at->t, b->x, b->theta, r->v[i], t_dot,
                                 r->common.u[i], NULL, r->part, b->theta_bar ? r->common.theta_bar : NULL,
                                 b->t_bars ? t_bar : NULL, step->status, step->scratch);
  step->kernels->add_rows(step->n, step->lanes, r->curved, r->part, NULL);
  add_theta(r, b);
  real *sum = b->t_bars + (size_t)r->tableau->stages * OG_PADDED((size_t)step->lanes);
  for (int lane = 0; b->t_bars && lane < step->lanes; lane++) sum[lane] += t_bar[lane];
}

/* What h does beside the stages' times: in W = M / (h gamma) - J, in 1/h M sum c_ij u_j, and in h d_i df/dt.
 */
static void add_h_bar(rosenbrock *r, int i) {
  const og_rosenbrock_tableau *tableau = r->tableau;
  const step_t *step = &r->common.base;
  _Alignas(64) real along[OG_LANES_MAX] = {0}, along_time[OG_LANES_MAX] = {0};
  double weights[OG_ROSENBROCK_STAGES] = {0};
  for (int j = 0; j < i; j++) weights[j] = -tableau->c[i][j];
  weights[i] = 1 / tableau->gamma;
  OG_R(og_increments_sum)(&r->common.base, weights, 1, 0, i + 1, r->common.u, NULL, NULL, r->sum);
  step->kernels->dot_rows(step->n, step->lanes, r->mass_v[i], r->sum, along);
  if (r->f_t && tableau->d[i] != 0)
    step->kernels->dot_rows(step->n, step->lanes, r->v[i], r->f_t, along_time);
  for (int lane = 0; lane < step->lanes; lane++)
    r->common.h_bar[lane] += (double)along[lane] / (r->common.h[lane] * r->common.h[lane]) +
                             tableau->d[i] * (double)along_time[lane];
}

/* ---- The step ---- */

static void clear(rosenbrock *r, const back *b) {
  const step_t *step = &r->common.base;
  memset(r->curved, 0, (size_t)(step->n * step->lanes) * sizeof *r->curved);
  memset(r->common.h_bar, 0, sizeof r->common.h_bar);
  if (b->t_bars)
    memset(b->t_bars, 0,
           ((size_t)r->tableau->stages + 1) * OG_PADDED((size_t)step->lanes) * sizeof *b->t_bars);
}

int OG_R(og_rosenbrock_transpose)(step_t *step, int uses, const interval *at, const real *x,
                                  const real *theta, const real *seeds, const real *mask, real *x_bar,
                                  real *theta_bar) {
  rosenbrock *r = OG_R(og_rosenbrock_of)(step);
  int values = uses & OG_STEP_VALUES, stages = r->tableau->stages;
  back b = {at, x, theta, seeds, theta_bar, values && r->f_t ? r->common.t_bars : NULL};
  const real *terms[OG_ROSENBROCK_STAGES + 1];
  real ones[OG_ROSENBROCK_STAGES + 1];
  (void)mask;
  clear(r, &b);
  step->kernels->copy_rows(step->n, step->lanes, r->common.lambda, x_bar, NULL);
  for (int i = stages - 1; i >= 0; i--) {
    stage_cotangent(r, i, &b);
    OG_R(og_increments_solve_transposed)
    (&r->common, r->elimination, r->factors, at->t, x, theta, r->v[i]);
    keep_mass(r, i);
    transpose_stage(r, i, &b);
    transpose_matrix(r, i, &b);
    if (values) add_h_bar(r, i);
    terms[i] = r->x_bar[i];
  }
  terms[stages] = r->curved;
  for (int i = 0; i <= stages; i++) ones[i] = 1;
  step->kernels->weighted_sum(step->n, step->lanes, x_bar, x_bar, NULL, stages + 1, ones, terms);
  return 2 * stages;
}

/* ---- After it ---- */

/* Of the first stage. What is stiff is damped in v, so that it does not count where it has died out. */
int OG_R(og_rosenbrock_growth)(const step_t *step, const interval *at, real most, real *product, real *g) {
  const rosenbrock *r = OG_R(og_rosenbrock_in)(step);
  return step->kernels->outgrows(step->n, step->lanes, r->x_bar[0], r->v[0], at->h_real, most, product, g);
}

/* With v = W^-T x_bar: theta_bar += v^T df/dtheta, x_bar = M^T v / (h gamma). */
void OG_R(og_rosenbrock_damp)(step_t *step, const real *mask, const interval *at, const real *x,
                              const real *theta, real *x_bar, real *theta_bar) {
  rosenbrock *r = OG_R(og_rosenbrock_of)(step);
  step->kernels->copy_rows(step->n, step->lanes, r->v[0], x_bar, NULL);
  OG_R(og_elimination_solve_transposed)(r->elimination, step->lanes, r->factors, r->v[0]);
  OG_R(og_increments_damp)(&r->common, mask, at, x, theta, r->v[0], r->sigma, r->part, x_bar, theta_bar);
}
