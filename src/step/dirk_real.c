/* A diagonally implicit step: its stages one after another, and its error. */
#include "step/dirk.h"

typedef OG_R(og_dirk) dirk;
typedef OG_R(og_interval) interval;
typedef OG_R(og_step) step_t;

void OG_R(og_dirk_factor)(dirk *d, const double *t, const real *x, const real *theta, og_lane_status *status,
                          void *factors) {
  step_t *step = &d->common.base;
  step->field->OG_R(ops).jacobian(step->field, step->lanes, t, x, theta, d->w, status, step->scratch);
  OG_R(og_increments_subtract)(step, d->sigma, d->w);
  OG_R(og_increments_factor)(step, d->elimination, d->w, factors, status);
}

/* ---- Stages ---- */

/* f at the step's start, and M u_1 = h f. */
static void find_first(dirk *d, const interval *at, const real *x, const real *theta) {
  step_t *step = &d->common.base;
  real *u = d->common.u[0];
  const real one = 1, *f = d->common.f0;
  step->field->OG_R(ops).eval(step->field, step->lanes, at->t, x, theta, d->common.f0, step->status,
                              step->scratch);
  step->kernels->weighted_sum(step->n, step->lanes, u, NULL, d->common.h_real, 1, &one, &f);
  if (d->mass_factors) OG_R(og_elimination_solve)(d->elimination, step->lanes, d->mass_factors, u);
}

/* z is guessed as gamma times the u_i that its predictor gives. */
static void find_stage(dirk *d, int i, int derivatives, const interval *at, const real *x,
                       const real *theta) {
  step_t *step = &d->common.base;
  int following = step->field->following;
  const real by_gamma = (real)(1 / d->tableau->gamma);
  const real *z = d->z;
  double t[OG_LANES_MAX], guess[OG_DIRK_STAGES];
  for (int j = 0; j < i; j++) guess[j] = d->tableau->gamma * d->predictor[i][j];
  OG_R(og_increments_sum)(step, d->tableau->a[i], 1, 0, i, d->common.u, x, NULL, d->start);
  OG_R(og_increments_sum)(step, guess, 1, 0, i, d->common.u, NULL, NULL, d->z);
  OG_R(og_increments_times)(step, d->tableau->c[i], at, t);
  step->further_evals += OG_R(og_dirk_solve_stage)(d, i, t, theta);
  if (derivatives || following == OG_FOLLOWS_TANGENTS)
    OG_R(og_dirk_factor)(d, t, d->stage_x[i], theta, step->status, d->stage_factors[i]);
  if (following) OG_R(og_dirk_find_following)(d, i, t, theta);
  step->kernels->weighted_sum(step->n, step->lanes, d->common.u[i], NULL, NULL, 1, &by_gamma, &z);
}

/* `derivatives`: with the factors of each stage where its equation is solved. */
static int find_stages(dirk *d, int derivatives, const interval *at, const real *x, const real *theta) {
  step_t *step = &d->common.base;
  OG_R(og_increments_prepare)(&d->common, at);
  for (int lane = 0; lane < step->lanes; lane++)
    d->sigma[lane] = (real)(1 / (d->tableau->gamma * (double)(real)OG_R(og_step_length)(at, lane)));
  find_first(d, at, x, theta);
  OG_R(og_dirk_factor)(d, at->t, x, theta, step->status, d->factors);
  for (int i = 1; i < d->tableau->stages; i++) find_stage(d, i, derivatives, at, x, theta);
  return step->field->following ? d->tableau->stages : 1;
}

static int attempt(step_t *step, const interval *at, const real *x, const real *theta, real *y) {
  int evals = find_stages(OG_R(og_dirk_of)(step), 0, at, x, theta);
  OG_R(og_increments_end)(step, at, x, y);
  return evals;
}

static int recompute(step_t *step, int uses, const interval *at, const real *x, const real *theta) {
  dirk *d = OG_R(og_dirk_of)(step);
  (void)uses;
  return find_stages(d, d->v != NULL, at, x, theta);
}

/* ---- Its error ---- */

static int has_difference(const og_dirk_tableau *tableau) {
  for (int j = 0; j < tableau->stages; j++)
    if (tableau->e[j] != 0) return 1;
  return 0;
}

/* (M - h gamma df/dx)^-1 M times it: what is stiff would count in the difference of two formulas long after
 * both have damped it (Hosea & Shampine 1996; Hairer & Wanner IV.8). */
static void error(step_t *step, int which, const interval *at, real *error) {
  dirk *d = OG_R(og_dirk_of)(step);
  const real one = 1, *product;
  (void)which, (void)at;
  OG_R(og_increments_sum)(step, d->tableau->e, 1, 0, d->tableau->stages, d->common.u, NULL, d->sigma, error);
  product = OG_R(og_increments_mass)(step, error, 0, d->common.product);
  if (product != error)
    step->kernels->weighted_sum(step->n, step->lanes, error, NULL, NULL, 1, &one, &product);
  OG_R(og_increments_solve)(&d->common, d->elimination, d->factors, error);
  if (step->field->following) OG_R(og_following_divide)(step, d->sigma, error);
}

static int difference(step_t *step, const interval *at, real *difference) {
  if (!has_difference(OG_R(og_dirk_in)(step)->tableau)) return 0;
  error(step, 0, at, difference);
  return 1;
}

/* ---- Cotangents of states inside ---- */

static void seed(const og_stepper *stepper, double s, size_t rows, const double *bar, real *seeds,
                 size_t block, size_t entry) {
  og_increment_rows increments = og_dirk_rows(stepper->coefficients);
  OG_R(og_increments_seed)(&increments, s, rows, bar, seeds, block, entry);
}

const OG_R(og_step_ops) OG_R(og_dirk_ops) = {
    .bytes = OG_R(og_dirk_bytes),
    .open = OG_R(og_dirk_open),
    .begin = OG_R(og_increments_begin),
    .attempt = attempt,
    .advance = OG_R(og_increments_advance),
    .error = error,
    .difference = difference,
    .slope = OG_R(og_increments_slope),
    .not_finite = OG_R(og_increments_not_finite),
    .spread = OG_R(og_increments_spread),
    .complete = OG_R(og_increments_complete),
    .state = OG_R(og_increments_state),
    .states = OG_R(og_increments_states),
    .slope_at = OG_R(og_increments_slope_at),
    .slope_along = OG_R(og_increments_slope_along),
    .curve = OG_R(og_increments_curve),
    .recompute = recompute,
    .end = OG_R(og_increments_end),
    .tape_bytes = OG_R(og_increments_tape_bytes),
    .use_tape = OG_R(og_increments_use_tape),
    .seed = seed,
    .transpose = OG_R(og_dirk_transpose),
    .time_cotangents = OG_R(og_increments_time_cotangents),
    .end_cotangent = OG_R(og_increments_end_cotangent),
    .growth = OG_R(og_dirk_growth),
    .damp = OG_R(og_dirk_damp),
    .tangent = OG_R(og_dirk_tangent),
    .tangent_at = OG_R(og_increments_tangent_at),
};
