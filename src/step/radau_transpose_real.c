/* A fully implicit step's transpose, by the implicit function theorem. With zbar_j the cotangents of z_j
 * (lambda1 that of the last, and those of states inside), v solves the transposed system,
 *
 *   1/h M^T sum_i (A^-1)_ij v_i - df/dx(X_j)^T v_j = zbar_j,
 *
 * and xbar gets the sum of df/dx(X_j)^T v_j, which is that of 1/h M^T sum_i (A^-1)_ij v_i - zbar_j: the
 * latter has no product with df/dx, which would multiply v's rounding by the stiffness, and of lambda1, which
 * xbar is to begin with, nothing is left. thetabar and tbar get v_j^T df/dtheta and v_j^T df/dt, and hbar
 * gets sum_j v_j^T (1/h^2 M sum_i (A^-1)_ji z_i). */
#include "step/radau.h"

#include <float.h>
#include <math.h>
#include <string.h>

typedef OG_R(og_radau) radau;
typedef OG_R(og_interval) interval;
typedef OG_R(og_step) step_t;

enum { REFINEMENTS_MOST = 10 };

static const double EPSILON = sizeof(real) == 4 ? FLT_EPSILON : DBL_EPSILON;

/* One call's arguments; t_bars is NULL where times' cotangents are not wanted. */
typedef struct back {
  const interval *at;
  const real *x, *theta, *seeds;
  real *theta_bar, *t_bars;
} back;

/* zbar_j in bar[j]. */
static void set_cotangents(const radau *r, const back *b) {
  const step_t *step = &r->common.base;
  size_t bytes = (size_t)(step->n * step->lanes) * sizeof(real),
         block = OG_PADDED((size_t)(step->n * step->lanes));
  for (int j = 0; j < r->tableau->stages; j++) {
    if (b->seeds)
      memcpy(r->bar[j], b->seeds + (size_t)j * block, bytes);
    else
      memset(r->bar[j], 0, bytes);
  }
  step->kernels->add_rows(step->n, step->lanes, r->bar[r->tableau->stages - 1], r->common.lambda, NULL);
}

/* ---- v where the matrix of the factors is not quite that of the system ---- */

/* Into `residual` what v is to be corrected by. */
static void find_refinement(radau *r, const back *b) {
  step_t *step = &r->common.base;
  const real one = 1, minus = -1, *coupled = r->right;
  double t[OG_LANES_MAX];
  for (int j = 0; j < r->tableau->stages; j++) {
    const real *bar = r->bar[j], *product = r->residual[j];
    OG_R(og_increments_times)(step, r->tableau->c[j], b->at, t);
    step->field->OG_R(ops).vjp(step->field, step->lanes, t, r->stage_x[j], b->theta, r->v[j], r->residual[j],
                               NULL, NULL, step->status, step->scratch);
    step->kernels->weighted_sum(step->n, step->lanes, r->residual[j], product, NULL, 1, &one, &bar);
    OG_R(og_radau_couple)(r, j, 1, r->v, r->right);
    step->kernels->weighted_sum(step->n, step->lanes, r->residual[j], product, NULL, 1, &minus, &coupled);
  }
  OG_R(og_radau_solve)(r, 0, 1, r->residual);
}

/* Lanes of which the correction is more than rounding; 0: none. */
static int must_refine(const radau *r, real *mask) {
  int lanes = r->common.base.lanes, count = 0;
  for (int lane = 0; lane < lanes; lane++) {
    double most = 0, off = 0;
    for (int j = 0; j < r->tableau->stages; j++)
      for (int entry = lane; entry < r->common.base.n * lanes; entry += lanes) {
        most = fmax(most, fabs((double)r->v[j][entry]));
        off = fmax(off, fabs((double)r->residual[j][entry]));
      }
    mask[lane] = mask[lane] != 0 && off > 8 * EPSILON * most;
    count += mask[lane] != 0;
  }
  return count;
}

static void refine(radau *r, const back *b) {
  step_t *step = &r->common.base;
  _Alignas(64) real mask[OG_LANES_MAX];
  for (int lane = 0; lane < step->lanes; lane++) mask[lane] = step->status[lane] == 0;
  for (int k = 0; k < REFINEMENTS_MOST; k++) {
    find_refinement(r, b);
    if (!must_refine(r, mask)) return;
    for (int j = 0; j < r->tableau->stages; j++)
      step->kernels->add_rows(step->n, step->lanes, r->v[j], r->residual[j], mask);
  }
}

/* ---- What follows of v ---- */

static void add_h_bar(radau *r, int j) {
  step_t *step = &r->common.base;
  _Alignas(64) real along[OG_LANES_MAX] = {0};
  OG_R(og_radau_couple)(r, j, 0, r->common.u, r->right);
  step->kernels->dot_rows(step->n, step->lanes, r->v[j], r->right, along);
  for (int lane = 0; lane < step->lanes; lane++)
    r->common.h_bar[lane] += (double)along[lane] / r->common.h[lane];
}

static void transpose_stage(radau *r, int j, int values, const back *b) {
  step_t *step = &r->common.base;
  double t[OG_LANES_MAX];
  real *t_bar = b->t_bars ? b->t_bars + (size_t)j * OG_PADDED((size_t)step->lanes) : NULL;
  OG_R(og_increments_times)(step, r->tableau->c[j], b->at, t);
  OG_R(og_increments_product)(&r->common, t, r->stage_x[j], b->theta, r->v[j], r->part, b->theta_bar, t_bar);
  if (values) add_h_bar(r, j);
}

/* xbar = sum_j (1/h M^T sum_i (A^-1)_ij v_i) less the seeds. */
static void set_x_bar(radau *r, const back *b, real *x_bar) {
  const step_t *step = &r->common.base;
  const real *terms[OG_RADAU_STAGES], one = 1, minus = -1;
  double weights[OG_RADAU_STAGES] = {0};
  int stages = r->tableau->stages;
  for (int i = 0; i < stages; i++)
    for (int j = 0; j < stages; j++) weights[i] += r->tableau->inverse[i][j];
  OG_R(og_increments_sum)(step, weights, 1, 0, stages, r->v, NULL, r->h_inverse, r->sum);
  terms[0] = OG_R(og_increments_mass)(step, r->sum, 1, r->common.product);
  step->kernels->weighted_sum(step->n, step->lanes, x_bar, NULL, NULL, 1, &one, terms);
  for (int j = 0; b->seeds && j < stages; j++) {
    const real *seed = b->seeds + (size_t)j * OG_PADDED((size_t)(step->n * step->lanes));
    step->kernels->weighted_sum(step->n, step->lanes, x_bar, x_bar, NULL, 1, &minus, &seed);
  }
}

int OG_R(og_radau_transpose)(step_t *step, int uses, const interval *at, const real *x, const real *theta,
                             const real *seeds, const real *mask, real *x_bar, real *theta_bar) {
  radau *r = OG_R(og_radau_of)(step);
  int values = uses & OG_STEP_VALUES, stages = r->tableau->stages;
  back b = {at, x, theta, seeds, theta_bar, values && r->common.times ? r->common.t_bars : NULL};
  (void)mask;
  memset(r->common.h_bar, 0, sizeof r->common.h_bar);
  step->kernels->copy_rows(step->n, step->lanes, r->common.lambda, x_bar, NULL);
  set_cotangents(r, &b);
  for (int j = 0; j < stages; j++) step->kernels->copy_rows(step->n, step->lanes, r->v[j], r->bar[j], NULL);
  OG_R(og_radau_solve_transposed)(r, at, theta);
  if (!(step->field->flags & OG_FIELD_HAS_JACOBIAN)) refine(r, &b);
  for (int j = stages - 1; j >= 0; j--) transpose_stage(r, j, values, &b);
  set_x_bar(r, &b, x_bar);
  return stages;
}

/* Of the first stage: what is stiff is damped in v, so that it does not count where it has died out. */
int OG_R(og_radau_growth)(const step_t *step, const interval *at, real most, real *product, real *g) {
  const radau *r = OG_R(og_radau_in)(step);
  return step->kernels->outgrows(step->n, step->lanes, r->part, r->v[0], at->h_real, most, product, g);
}

/* With v = (M / (h gamma) - df/dx)^-T x_bar: theta_bar += v^T df/dtheta, x_bar = M^T v / (h gamma). */
void OG_R(og_radau_damp)(step_t *step, const real *mask, const interval *at, const real *x, const real *theta,
                         real *x_bar, real *theta_bar) {
  radau *r = OG_R(og_radau_of)(step);
  real *v = r->v[0];
  step->kernels->copy_rows(step->n, step->lanes, v, x_bar, NULL);
  OG_R(og_elimination_solve_transposed)(r->elimination, step->lanes, r->factors, v);
  OG_R(og_increments_damp)(&r->common, mask, at, x, theta, v, r->sigma, r->sum, x_bar, theta_bar);
}
