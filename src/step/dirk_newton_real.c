/* One implicit stage, M z / (h gamma) = f(t, start + z), solved to rounding (newton.h): the rows of the
 * pattern, and then those that follow. */
#include "step/dirk.h"
#include "step/newton.h"

#include <math.h>
#include <string.h>

typedef OG_R(og_dirk) dirk;
typedef OG_R(og_newton) newton_t;
typedef OG_R(og_step) step_t;

static void set_state(const dirk *d, int i) {
  const step_t *step = &d->common.base;
  const real one = 1, *z = d->z;
  step->kernels->weighted_sum(step->n, step->lanes, d->stage_x[i], d->start, NULL, 1, &one, &z);
}

/* The residual f(t, X) - M z / (h gamma) at the present z, and the correction that it gives. */
static void find_correction(dirk *d, int i, const double *t, const real *theta, const void *factors,
                            newton_t *n) {
  step_t *step = &d->common.base;
  const real minus = -1;
  const OG_R(og_field_ops) *ops = &step->field->OG_R(ops);
  (d->common.half ? ops->eval_leading : ops->eval)(step->field, step->lanes, t, d->stage_x[i], theta,
                                                   d->residual, n->status, step->scratch);
  const real *product = OG_R(og_increments_mass)(step, d->z, 0, d->common.product);
  step->kernels->weighted_sum(step->n, step->lanes, d->residual, d->residual, d->sigma, 1, &minus, &product);
  OG_R(og_increments_solve)(&d->common, d->elimination, factors, d->residual);
}

/* Nothing of a lane that failed is left to what reads all lanes, unless f itself was not finite there: then
 * the step's end is not either. */
static void clear_failed(dirk *d, int i, const double *t, const real *theta, const newton_t *n) {
  step_t *step = &d->common.base;
  for (int lane = 0; lane < step->lanes; lane++) {
    if (n->phase[lane] != OG_NEWTON_FAILED) continue;
    int overflowed = OG_R(og_newton_overflowed)(n, lane);
    if (overflowed) OG_R(og_increments_find_cause)(&d->common, t, d->stage_x[i], theta, lane, d->residual);
    if (overflowed || step->status[lane])
      for (int row = 0; row < step->n; row++) d->z[row * step->lanes + lane] = overflowed ? (real)NAN : 0;
  }
}

static long long iterate(dirk *d, int i, const double *t, const real *theta, newton_t *n, int phase) {
  step_t *step = &d->common.base;
  long long evals = 0;
  int count;
  for (int k = 0; (count = OG_R(og_newton_select)(step, n, phase)) > 0; k++, evals += count) {
    void *factors = phase == OG_NEWTON_CHORD ? d->factors : d->stage_factors[i];
    set_state(d, i);
    if (phase == OG_NEWTON_EXACT) OG_R(og_dirk_factor)(d, t, d->stage_x[i], theta, n->status, factors);
    find_correction(d, i, t, theta, factors, n);
    OG_R(og_newton_measure)(step, n, d->residual, d->z, d->stage_x[i]);
    OG_R(og_newton_finish)(step, n, phase);
    step->kernels->add_rows(step->n, step->lanes, d->z, d->residual, n->mask);
    OG_R(og_newton_decide)(step, n, phase, k);
    clear_failed(d, i, t, theta, n);
  }
  return evals;
}

long long OG_R(og_dirk_solve_stage)(dirk *d, int i, const double *t, const real *theta) {
  newton_t n;
  OG_R(og_newton_begin)(&d->common.base, &n);
  long long evals = iterate(d, i, t, theta, &n, OG_NEWTON_CHORD);
  evals += iterate(d, i, t, theta, &n, OG_NEWTON_EXACT);
  set_state(d, i);
  return evals;
}

/* They solve M z / (h gamma) = f(t, start) + D's part of z. */
void OG_R(og_dirk_find_following)(dirk *d, int i, const double *t, const real *theta) {
  step_t *step = &d->common.base;
  size_t first = (size_t)(step->leading * step->lanes),
         bytes = (size_t)(step->n * step->lanes) * sizeof(real);
  memset(d->z + first, 0, bytes - first * sizeof(real));
  set_state(d, i);
  step->field->OG_R(ops).eval(step->field, step->lanes, t, d->stage_x[i], theta, d->residual, step->status,
                              step->scratch);
  OG_R(og_following_solve)(&d->common, d->elimination, d->stage_factors[i], d->sigma, d->residual);
  memcpy(d->z + first, d->residual + first, bytes - first * sizeof(real));
  set_state(d, i);
}
