/* A diagonally implicit step's transpose, from its last stage to its first. From the cotangent of u_i,
 *
 *   ubar_i = b_i lambda1 + sum_{j>i} a_ji startbar_j + cotangents of states inside,
 *
 * an implicit stage, which with z = gamma u_i solves M z / (h gamma) = f(X_i), X_i = start_i + z, gives by
 * the implicit function theorem
 *
 *   v_i = (M / (h gamma) - df/dx(X_i))^-T ubar_i / gamma,
 *   startbar_i = df/dx^T v_i = M^T v_i / (h gamma) - ubar_i / gamma,
 *
 * of which the latter form has no product with df/dx, which would multiply v_i's rounding by the stiffness;
 * thetabar and tbar get v_i^T df/dtheta and v_i^T df/dt, and hbar gets v_i^T M u_i / h^2. */
#include "step/dirk.h"

#include <float.h>
#include <math.h>
#include <string.h>

typedef OG_R(og_dirk) dirk;
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

/* The cotangent of u_i, in start_bar[i]; 0: the stage does not matter. */
static int stage_cotangent(const dirk *d, int i, const back *b) {
  const og_dirk_tableau *tableau = d->tableau;
  const step_t *step = &d->common.base;
  const real *terms[OG_DIRK_STAGES + 1];
  real values[OG_DIRK_STAGES + 1];
  int count = 0;
  if (tableau->b[i] != 0) terms[count] = d->common.lambda, values[count++] = (real)tableau->b[i];
  for (int j = i + 1; j < tableau->stages; j++)
    if (tableau->a[j][i] != 0) terms[count] = d->start_bar[j], values[count++] = (real)tableau->a[j][i];
  if (b->seeds)
    terms[count] = b->seeds + (size_t)i * OG_PADDED((size_t)(step->n * step->lanes)), values[count++] = 1;
  if (count)
    step->kernels->weighted_sum(step->n, step->lanes, d->start_bar[i], NULL, NULL, count, values, terms);
  return count;
}

static void clear_stage(const dirk *d, int i, real *t_bar) {
  const step_t *step = &d->common.base;
  memset(d->start_bar[i], 0, (size_t)(step->n * step->lanes) * sizeof(real));
  if (t_bar) memset(t_bar, 0, (size_t)step->lanes * sizeof *t_bar);
}

/* ---- v_i where the matrix of the factors is not quite df/dx ---- */

/* Into `part` what v is to be corrected by: the factors times ubar / gamma - (M / (h gamma) - df/dx)^T v. */
static void find_refinement(dirk *d, int i, const double *t, const back *b) {
  step_t *step = &d->common.base;
  const real minus = -1, by_gamma = (real)(1 / d->tableau->gamma), *bar = d->start_bar[i];
  step->field->OG_R(ops).vjp(step->field, step->lanes, t, d->stage_x[i], b->theta, d->v, d->part, NULL, NULL,
                             step->status, step->scratch);
  const real *product = OG_R(og_increments_mass)(step, d->v, 1, d->common.product);
  step->kernels->weighted_sum(step->n, step->lanes, d->part, d->part, d->sigma, 1, &minus, &product);
  step->kernels->weighted_sum(step->n, step->lanes, d->part, d->part, NULL, 1, &by_gamma, &bar);
  OG_R(og_elimination_solve_transposed)(d->elimination, step->lanes, d->stage_factors[i], d->part);
}

/* Lanes of which the correction is more than rounding; 0: none. */
static int must_refine(const dirk *d, real *mask) {
  int lanes = d->common.base.lanes, count = 0;
  for (int lane = 0; lane < lanes; lane++) {
    double most = 0, off = 0;
    for (int entry = lane; entry < d->common.base.n * lanes; entry += lanes) {
      most = fmax(most, fabs((double)d->v[entry]));
      off = fmax(off, fabs((double)d->part[entry]));
    }
    mask[lane] = mask[lane] != 0 && off > 8 * EPSILON * most;
    count += mask[lane] != 0;
  }
  return count;
}

/* Returns the number of products. */
static int refine(dirk *d, int i, const double *t, const back *b) {
  step_t *step = &d->common.base;
  _Alignas(64) real mask[OG_LANES_MAX];
  for (int lane = 0; lane < step->lanes; lane++) mask[lane] = step->status[lane] == 0;
  for (int k = 0; k < REFINEMENTS_MOST; k++) {
    step->work.linear_solves += OG_R(og_step_masked)(step, mask);
    find_refinement(d, i, t, b);
    if (!must_refine(d, mask)) return k + 1;
    step->kernels->add_rows(step->n, step->lanes, d->v, d->part, mask);
  }
  return REFINEMENTS_MOST;
}

/* ---- Stages ---- */

/* From ubar_i in start_bar[i] to v_i and startbar_i. Returns the number of products. */
static int transpose_implicit(dirk *d, int i, const double *t, const back *b) {
  step_t *step = &d->common.base;
  const real one = 1, by_gamma = (real)(1 / d->tableau->gamma), minus = -by_gamma, *bar = d->start_bar[i];
  step->kernels->weighted_sum(step->n, step->lanes, d->v, NULL, NULL, 1, &by_gamma, &bar);
  int busy = OG_R(og_step_busy)(step, step->status);
  OG_R(og_dirk_count)
  (d, busy,
   OG_R(og_dirk_solve)(d, OG_DIRK_DERIVATIVE, &(OG_R(og_dirk_point)){t, d->stage_x[i], b->theta},
                       d->stage_factors[i], 1, step->status, d->v));
  int exact = d->krylov || (step->field->flags & OG_FIELD_HAS_JACOBIAN);
  int products = exact ? 0 : refine(d, i, t, b);
  const real *product = OG_R(og_increments_mass)(step, d->v, 1, d->common.product);
  step->kernels->weighted_sum(step->n, step->lanes, d->part, NULL, NULL, 1, &minus, &bar);
  step->kernels->weighted_sum(step->n, step->lanes, d->start_bar[i], d->part, d->sigma, 1, &one, &product);
  return products;
}

/* v = h M^-T ubar_1 */
static void transpose_first(dirk *d) {
  step_t *step = &d->common.base;
  const real one = 1, *bar = d->start_bar[0];
  step->kernels->weighted_sum(step->n, step->lanes, d->v, NULL, d->common.h_real, 1, &one, &bar);
  if (d->mass_factors)
    OG_R(og_elimination_solve_transposed)(d->elimination, step->lanes, d->mass_factors, d->v);
}

/* Of an implicit stage v^T M u_i / h^2; of the first one v^T f / h. */
static void add_h_bar(dirk *d, int i) {
  step_t *step = &d->common.base;
  _Alignas(64) real along[OG_LANES_MAX] = {0};
  const real *product =
      i ? OG_R(og_increments_mass)(step, d->common.u[i], 0, d->common.product) : d->common.f0;
  step->kernels->dot_rows(step->n, step->lanes, d->v, product, along);
  for (int lane = 0; lane < step->lanes; lane++) {
    double h = d->common.h[lane];
    d->common.h_bar[lane] += (double)along[lane] / (i ? h * h : h);
  }
}

/* Returns the number of products: 0 for a stage that nothing depends on. */
static int transpose_stage(dirk *d, int i, int values, const back *b) {
  step_t *step = &d->common.base;
  double t[OG_LANES_MAX];
  int products = 1;
  real *t_bar = b->t_bars ? b->t_bars + (size_t)i * OG_PADDED((size_t)step->lanes) : NULL;
  if (!stage_cotangent(d, i, b)) {
    clear_stage(d, i, t_bar);
    return 0;
  }
  d->last = i;
  OG_R(og_increments_times)(step, d->tableau->c[i], b->at, t);
  if (i)
    products += transpose_implicit(d, i, t, b);
  else
    transpose_first(d);
  OG_R(og_increments_product)
  (&d->common, t, i ? d->stage_x[i] : b->x, b->theta, d->v, i ? d->part : d->start_bar[0], b->theta_bar,
   t_bar);
  if (values) add_h_bar(d, i);
  return products;
}

int OG_R(og_dirk_transpose)(step_t *step, int uses, const interval *at, const real *x, const real *theta,
                            const real *seeds, const real *mask, real *x_bar, real *theta_bar) {
  dirk *d = OG_R(og_dirk_of)(step);
  int values = uses & OG_STEP_VALUES, stages = d->tableau->stages, products = 0;
  back b = {at, x, theta, seeds, theta_bar, values && d->common.times ? d->common.t_bars : NULL};
  const real *terms[OG_DIRK_STAGES];
  real ones[OG_DIRK_STAGES];
  (void)mask;
  memset(d->common.h_bar, 0, sizeof d->common.h_bar);
  step->kernels->copy_rows(step->n, step->lanes, d->common.lambda, x_bar, NULL);
  for (int i = stages - 1; i >= 0; i--) {
    products += transpose_stage(d, i, values, &b);
    terms[i] = d->start_bar[i], ones[i] = 1;
  }
  step->kernels->weighted_sum(step->n, step->lanes, x_bar, x_bar, NULL, stages, ones, terms);
  return products;
}

/* Of the last stage on the way back. */
int OG_R(og_dirk_growth)(const step_t *step, const interval *at, real most, real *product, real *g) {
  const dirk *d = OG_R(og_dirk_in)(step);
  return step->kernels->outgrows(step->n, step->lanes, d->start_bar[d->last], d->v, at->h_real, most, product,
                                 g);
}

/* With v = (M / (h gamma) - df/dx)^-T x_bar: theta_bar += v^T df/dtheta, x_bar = M^T v / (h gamma). */
void OG_R(og_dirk_damp)(step_t *step, const real *mask, const interval *at, const real *x, const real *theta,
                        real *x_bar, real *theta_bar) {
  dirk *d = OG_R(og_dirk_of)(step);
  step->kernels->copy_rows(step->n, step->lanes, d->v, x_bar, NULL);
  og_lane_status status[OG_LANES_MAX];
  int damped = OG_R(og_step_masked)(step, mask);
  for (int lane = 0; lane < step->lanes; lane++) status[lane] = mask[lane] != 0 ? 0 : OG_LANE_IDLE;
  OG_R(og_dirk_count)
  (d, damped,
   OG_R(og_dirk_solve)(d, OG_DIRK_DERIVATIVE, &(OG_R(og_dirk_point)){at->t, x, theta}, d->factors, 1, status,
                       d->v));
  OG_R(og_increments_damp)(&d->common, mask, at, x, theta, d->v, d->sigma, d->part, x_bar, theta_bar);
}
