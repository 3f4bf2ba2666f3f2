/* A fully implicit step: its stages, its error. */
#include "step/radau.h"

#include <string.h>

typedef OG_R(og_radau) radau;
typedef OG_R(og_interval) interval;
typedef OG_R(og_step) step_t;

/* Factors with df/dx of the step's start, of n equations and of all. */
static void prepare(radau *r, const interval *at, const real *x, const real *theta) {
  step_t *step = &r->common.base;
  size_t bytes = (size_t)step->field->pattern->count * (size_t)step->lanes * sizeof(real);
  OG_R(og_increments_prepare)(&r->common, at);
  for (int lane = 0; lane < step->lanes; lane++) {
    r->h_inverse[lane] = 1 / (real)OG_R(og_step_length)(at, lane);
    r->sigma[lane] = (real)(1 / (r->tableau->gamma * (double)(real)OG_R(og_step_length)(at, lane)));
  }
  step->field->OG_R(ops).eval(step->field, step->lanes, at->t, x, theta, r->common.f0, step->status,
                              step->scratch);
  step->field->OG_R(ops).jacobian(step->field, step->lanes, at->t, x, theta, r->jacobian, step->status,
                                  step->scratch);
  for (int i = 0; i < r->tableau->stages; i++) OG_R(og_radau_set_rows)(r, i);
  OG_R(og_increments_factor)(step, r->system, r->w, r->system_factors, step->status);
  memcpy(r->w, r->jacobian, bytes);
  OG_R(og_increments_subtract)(step, r->sigma, r->w);
  OG_R(og_increments_factor)(step, r->elimination, r->w, r->factors, step->status);
}

static int find_stages(radau *r, const interval *at, const real *x, const real *theta) {
  prepare(r, at, x, theta);
  r->common.base.further_evals += OG_R(og_radau_solve_stages)(r, at, x, theta);
  return 1 + OG_R(og_radau_find_following)(r, at, x, theta);
}

static int attempt(step_t *step, const interval *at, const real *x, const real *theta, real *y) {
  int evals = find_stages(OG_R(og_radau_of)(step), at, x, theta);
  OG_R(og_increments_end)(step, at, x, y);
  return evals;
}

/* With the factors of where the system is solved, in a step that is opened for derivatives. */
static int recompute(step_t *step, int uses, const interval *at, const real *x, const real *theta) {
  radau *r = OG_R(og_radau_of)(step);
  int evals = find_stages(r, at, x, theta);
  (void)uses;
  if (r->part && !step->field->following) OG_R(og_radau_factor)(r, at, theta, step->status);
  return evals;
}

/* (M / (h gamma) - df/dx)^-1 (f + 1 / (h gamma) M sum_j e_j z_j), by Hairer & Wanner IV.8: of the order of
 * h^(s + 1), and bounded where the problem is stiff. */
static void error(step_t *step, int which, const interval *at, real *error) {
  radau *r = OG_R(og_radau_of)(step);
  const real one = 1, *product;
  (void)which, (void)at;
  OG_R(og_increments_sum)(step, r->tableau->e, 1, 0, r->tableau->stages, r->common.u, NULL, r->sigma, r->sum);
  product = OG_R(og_increments_mass)(step, r->sum, 0, r->common.product);
  step->kernels->weighted_sum(step->n, step->lanes, error, r->common.f0, NULL, 1, &one, &product);
  OG_R(og_increments_solve)(&r->common, r->elimination, r->factors, error);
  if (step->field->following) OG_R(og_following_divide)(step, r->sigma, error);
}

static int difference(step_t *step, const interval *at, real *difference) {
  error(step, 0, at, difference);
  return 1;
}

static void seed(const og_stepper *stepper, double s, size_t rows, const double *bar, real *seeds,
                 size_t block, size_t entry) {
  og_increment_rows increments = og_radau_rows(stepper->coefficients);
  OG_R(og_increments_seed)(&increments, s, rows, bar, seeds, block, entry);
}

const OG_R(og_step_ops) OG_R(og_radau_ops) = {
    .bytes = OG_R(og_radau_bytes),
    .open = OG_R(og_radau_open),
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
    .transpose = OG_R(og_radau_transpose),
    .time_cotangents = OG_R(og_increments_time_cotangents),
    .end_cotangent = OG_R(og_increments_end_cotangent),
    .growth = OG_R(og_radau_growth),
    .damp = OG_R(og_radau_damp),
    .tangent = OG_R(og_radau_tangent),
    .tangent_at = OG_R(og_increments_tangent_at),
};
