/* One implicit stage, M z / (h gamma) = f(t, start + z), solved to rounding in every lane by itself.
 *
 * First with the matrix of the step's start, which costs nothing but f and a solve each time, as long as that
 * converges well; then by Newton's method with the matrix of where z has come to, which doubles the digits
 * each time, mostly once. A lane that has converged is frozen, and a lane in a block does what it does
 * alone. */
#include "step/dirk.h"

#include <float.h>
#include <math.h>
#include <string.h>

typedef OG_R(og_dirk) dirk;
typedef OG_R(og_step) step_t;

enum { CHORDS_MOST = 8, NEWTONS_MOST = 12 };

static const double EPSILON = sizeof(real) == 4 ? FLT_EPSILON : DBL_EPSILON;

enum { CHORD, NEWTON, CONVERGED, FAILED };

/* What the iteration knows of each lane. The size of a correction is relative, the largest of all rows';
 * where a row passes zero and that tells nothing, it is `whole`, that of the largest row in the largest. */
typedef struct iteration {
  int phase[OG_LANES_MAX];
  double size[OG_LANES_MAX], before[OG_LANES_MAX], whole[OG_LANES_MAX];
  og_lane_status status[OG_LANES_MAX]; /* 0 in the lanes of the present phase */
} iteration;

static int select_lanes(const dirk *d, iteration *n, int phase) {
  int count = 0;
  for (int lane = 0; lane < d->common.base.lanes; lane++) {
    int in = n->phase[lane] == phase;
    n->status[lane] = in ? 0 : OG_LANE_IDLE;
    count += in;
  }
  return count;
}

static void set_state(const dirk *d, int i) {
  const step_t *step = &d->common.base;
  const real one = 1, *z = d->z;
  step->kernels->weighted_sum(step->n, step->lanes, d->stage_x[i], d->start, NULL, 1, &one, &z);
}

/* The residual f(t, X) - M z / (h gamma) at the present z, and the correction that it gives. */
static void find_correction(dirk *d, int i, const double *t, const real *theta, const void *factors,
                            iteration *n) {
  step_t *step = &d->common.base;
  const real minus = -1;
  step->field->OG_R(ops).eval(step->field, step->lanes, t, d->stage_x[i], theta, d->residual, n->status,
                              step->scratch);
  const real *product = OG_R(og_increments_mass)(step, d->z, 0, d->common.product);
  step->kernels->weighted_sum(step->n, step->lanes, d->residual, d->residual, d->sigma, 1, &minus, &product);
  OG_R(og_elimination_solve)(d->elimination, step->lanes, factors, d->residual);
}

/* NaN where the correction is not finite. */
static void measure(const dirk *d, int i, iteration *n) {
  int lanes = d->common.base.lanes;
  double largest[OG_LANES_MAX], whole[OG_LANES_MAX], size[OG_LANES_MAX], zero[OG_LANES_MAX];
  for (int lane = 0; lane < lanes; lane++) largest[lane] = whole[lane] = size[lane] = zero[lane] = 0;
  for (int row = 0; row < d->common.base.n; row++) {
    const real *correction = d->residual + row * lanes, *z = d->z + row * lanes,
               *x = d->stage_x[i] + row * lanes;
    for (int lane = 0; lane < lanes; lane++) {
      double off = fabs((double)correction[lane]), in = off + fabs((double)x[lane]) + fabs((double)z[lane]);
      double part = off > 0 ? off / in : 0;
      size[lane] = part > size[lane] ? part : size[lane];
      whole[lane] = off > whole[lane] ? off : whole[lane];
      largest[lane] = in > largest[lane] ? in : largest[lane];
      zero[lane] += off * 0;
    }
  }
  for (int lane = 0; lane < lanes; lane++) {
    n->size[lane] = size[lane] + zero[lane];
    n->whole[lane] = (whole[lane] > 0 ? whole[lane] / largest[lane] : 0) + zero[lane];
  }
}

/* Where the correction is not taken: in other lanes, and where it is not finite. */
static void correct(dirk *d, const iteration *n, int phase) {
  int lanes = d->common.base.lanes;
  _Alignas(64) real mask[OG_LANES_MAX];
  for (int lane = 0; lane < lanes; lane++)
    mask[lane] = n->phase[lane] == phase && n->status[lane] == 0 && isfinite(n->size[lane]);
  d->common.base.kernels->add_rows(d->common.base.n, lanes, d->z, d->residual, mask);
}

/* What is left after a correction is the next one, which is `rate` times it: nothing; little enough for one
 * of Newton's steps to leave nothing; or so much that Newton's are cheaper. */
static int after_chord(const iteration *n, int lane, int k) {
  double rate = k ? n->size[lane] / n->before[lane] : 1, left = rate * n->size[lane];
  if (n->size[lane] <= EPSILON || (rate < 0.5 && left <= EPSILON / 2)) return CONVERGED;
  return (k && rate > 0.3) || left <= 0.01 * sqrt(EPSILON) || k == CHORDS_MOST - 1 ? NEWTON : CHORD;
}

/* What is left is of the order of the square of the correction; or the correction is rounding, which does not
 * become less. */
static int after_newton(const iteration *n, int lane, int k) {
  double rate = k ? n->size[lane] / n->before[lane] : 1;
  if (n->size[lane] <= 0.05 * sqrt(EPSILON)) return CONVERGED;
  if (k && rate > 0.25 && n->whole[lane] <= cbrt(EPSILON) * cbrt(EPSILON)) return CONVERGED;
  return (k && rate > 2) || k == NEWTONS_MOST - 1 ? FAILED : NEWTON;
}

/* Where f itself is not finite: solving has carried that into other rows. */
static void find_cause(dirk *d, int i, const double *t, const real *theta, int lane) {
  step_t *step = &d->common.base;
  og_lane_status status[OG_LANES_MAX] = {0};
  step->field->OG_R(ops).eval(step->field, step->lanes, t, d->stage_x[i], theta, d->residual, status,
                              step->scratch);
  d->common.bad_row[lane] = OG_R(og_increments_not_finite_in)(step, d->residual, lane);
}

/* Nothing of a lane that failed is left to what reads all lanes. */
static void fail(dirk *d, const iteration *n, int lane) {
  const step_t *step = &d->common.base;
  for (int row = 0; row < step->n; row++) d->z[row * step->lanes + lane] = 0;
  d->common.base.status[lane] = n->status[lane] ? n->status[lane] : 1;
}

static void decide(dirk *d, int i, const double *t, const real *theta, iteration *n, int phase, int k) {
  for (int lane = 0; lane < d->common.base.lanes; lane++) {
    if (n->phase[lane] != phase) continue;
    int finite = n->status[lane] == 0 && isfinite(n->size[lane]);
    n->phase[lane] = !finite ? FAILED : phase == CHORD ? after_chord(n, lane, k) : after_newton(n, lane, k);
    if (!finite && n->status[lane] == 0) find_cause(d, i, t, theta, lane);
    if (n->phase[lane] == FAILED) fail(d, n, lane);
    n->before[lane] = n->size[lane];
  }
}

static long long iterate(dirk *d, int i, const double *t, const real *theta, iteration *n, int phase) {
  long long evals = 0;
  int count;
  for (int k = 0; (count = select_lanes(d, n, phase)) > 0; k++, evals += count) {
    void *factors = phase == CHORD ? d->factors : d->stage_factors[i];
    set_state(d, i);
    if (phase == NEWTON) OG_R(og_dirk_factor)(d, t, d->stage_x[i], theta, n->status, factors);
    find_correction(d, i, t, theta, factors, n);
    measure(d, i, n);
    correct(d, n, phase);
    decide(d, i, t, theta, n, phase, k);
  }
  return evals;
}

long long OG_R(og_dirk_solve_stage)(dirk *d, int i, const double *t, const real *theta) {
  step_t *step = &d->common.base;
  iteration n;
  for (int lane = 0; lane < step->lanes; lane++) n.phase[lane] = step->status[lane] ? FAILED : CHORD;
  long long evals = iterate(d, i, t, theta, &n, CHORD);
  evals += iterate(d, i, t, theta, &n, NEWTON);
  set_state(d, i);
  return evals;
}
