/* A Rosenbrock step: its matrix, its stages, its end, its error. */
#include "step/rosenbrock.h"

#include <math.h>

typedef OG_R(og_rosenbrock) rosenbrock;
typedef OG_R(og_interval) interval;
typedef OG_R(og_step) step_t;

/* ---- The matrix ---- */

static void find_time_slope(rosenbrock *r, const double *t, const real *x, const real *theta) {
  step_t *step = &r->common.base;
  if (!r->f_t) return;
  for (int lane = 0; lane < step->lanes; lane++) r->t_dot[lane] = 1;
  step->field->OG_R(ops).jvp(step->field, step->lanes, t, x, theta, r->t_dot, NULL, NULL, r->f_t,
                             step->status, step->scratch);
}

static void set_lengths(rosenbrock *r, const interval *at) {
  OG_R(og_increments_prepare)(&r->common, at);
  for (int lane = 0; lane < r->common.base.lanes; lane++) {
    r->h_inverse[lane] = 1 / (real)OG_R(og_step_length)(at, lane);
    r->sigma[lane] = (real)(1 / r->tableau->gamma) * r->h_inverse[lane];
  }
}

void OG_R(og_rosenbrock_prepare)(rosenbrock *r, const interval *at, const real *x, const real *theta) {
  step_t *step = &r->common.base;
  set_lengths(r, at);
  step->field->OG_R(ops).jacobian(step->field, step->lanes, at->t, x, theta, r->w, step->status,
                                  step->scratch);
  OG_R(og_increments_subtract)(step, r->sigma, r->w);
  OG_R(og_increments_factor)(step, r->elimination, r->w, r->factors, step->status);
  find_time_slope(r, at->t, x, theta);
}

/* ---- Stages ---- */

static void add_terms(rosenbrock *r, int i, const interval *at) {
  const og_rosenbrock_tableau *tableau = r->tableau;
  const step_t *step = &r->common.base;
  const real one = 1, *product;
  if (i > 0 && !step->field->mass) {
    OG_R(og_increments_sum)
    (&r->common.base, tableau->c[i], 1, 0, i, r->common.u, r->common.u[i], r->h_inverse, r->common.u[i]);
  } else if (i > 0) {
    OG_R(og_increments_sum)(&r->common.base, tableau->c[i], 1, 0, i, r->common.u, NULL, NULL, r->sum);
    product = OG_R(og_increments_mass)(&r->common.base, r->sum, 0, r->common.product);
    step->kernels->weighted_sum(step->n, step->lanes, r->common.u[i], r->common.u[i], r->h_inverse, 1, &one,
                                &product);
  }
  const real d = (real)tableau->d[i], *f_t = r->f_t;
  if (f_t && d != 0)
    step->kernels->weighted_sum(step->n, step->lanes, r->common.u[i], r->common.u[i], at->h_real, 1, &d,
                                &f_t);
}

/* X_i, where f is evaluated. */
static const real *find_state(rosenbrock *r, int i, const real *x) {
  if (i == 0) return x;
  OG_R(og_increments_sum)(&r->common.base, r->tableau->a[i], 1, 0, i, r->common.u, x, NULL, r->stage_x[i]);
  return r->stage_x[i];
}

static void find_stage(rosenbrock *r, int i, const interval *at, const real *x, const real *theta) {
  step_t *step = &r->common.base;
  double t[OG_LANES_MAX];
  const real *stage = find_state(r, i, x);
  OG_R(og_increments_times)(&r->common.base, r->tableau->alpha[i], at, t);
  step->field->OG_R(ops).eval(step->field, step->lanes, t, stage, theta, r->common.u[i], step->status,
                              step->scratch);
  if (i == 0) step->kernels->copy_rows(step->n, step->lanes, r->common.f0, r->common.u[0], NULL);
  add_terms(r, i, at);
  OG_R(og_increments_solve)(&r->common, r->elimination, r->factors, r->common.u[i]);
  if (!step->field->following) return;
  OG_R(og_following_couple)(&r->common, at->t, x, theta, r->common.u[i]);
  OG_R(og_following_solve)(&r->common, r->elimination, r->factors, r->sigma, r->common.u[i]);
}

static int find_stages(rosenbrock *r, const interval *at, const real *x, const real *theta) {
  OG_R(og_rosenbrock_prepare)(r, at, x, theta);
  for (int i = 0; i < r->tableau->stages; i++) find_stage(r, i, at, x, theta);
  return r->tableau->stages;
}

/* ---- Taking it ---- */

/* Solving with W carries what is not finite into other rows: the row that has the cause is that of f at the
 * first stage which is not finite. */
static void find_cause(rosenbrock *r, int lane, const interval *at, const real *x, const real *theta) {
  step_t *step = &r->common.base;
  double t[OG_LANES_MAX];
  int i = 0, n = step->n;
  og_lane_status status[OG_LANES_MAX] = {0};
  while (i < r->tableau->stages && OG_R(og_increments_not_finite_in)(step, r->common.u[i], lane) == (size_t)n)
    i++;
  if (i == r->tableau->stages) return;
  const real *stage = find_state(r, i, x);
  OG_R(og_increments_times)(&r->common.base, r->tableau->alpha[i], at, t);
  step->field->OG_R(ops).eval(step->field, step->lanes, t, stage, theta, r->sum, status, step->scratch);
  r->common.bad_row[lane] = OG_R(og_increments_not_finite_in)(step, r->sum, lane);
}

static int attempt(step_t *step, const interval *at, const real *x, const real *theta, real *y) {
  rosenbrock *r = OG_R(og_rosenbrock_of)(step);
  real zero[OG_LANES_MAX] = {0};
  int evals = find_stages(r, at, x, theta);
  OG_R(og_increments_end)(step, at, x, y);
  for (int i = 0; i < step->n; i++)
    for (int lane = 0; lane < step->lanes; lane++) zero[lane] += y[i * step->lanes + lane] * 0;
  for (int lane = 0; lane < step->lanes; lane++)
    if (step->status[lane] == 0 && zero[lane] != 0) find_cause(r, lane, at, x, theta);
  return evals;
}

static int recompute(step_t *step, int uses, const interval *at, const real *x, const real *theta) {
  rosenbrock *r = OG_R(og_rosenbrock_of)(step);
  (void)uses;
  if (!r->filled) return find_stages(r, at, x, theta);
  set_lengths(r, at);
  for (int i = 1; i < r->tableau->stages; i++) find_state(r, i, x);
  return 0;
}

/* ---- Its error ---- */

static void error(step_t *step, int which, const interval *at, real *error) {
  const rosenbrock *r = OG_R(og_rosenbrock_of)(step);
  (void)which, (void)at;
  OG_R(og_increments_sum)
  (&r->common.base, r->tableau->e, 1, 0, r->tableau->stages, r->common.u, NULL, NULL, error);
}

static int difference(step_t *step, const interval *at, real *difference) {
  error(step, 0, at, difference);
  return 1;
}

/* |h| times the largest row sum of J in units of `scale`, an upper bound of its spectral radius. W has J in
 * it.
 */
static double stiffness(const step_t *step, int lane, const interval *at, const real *x, const real *y,
                        const double *scale) {
  const rosenbrock *r = OG_R(og_rosenbrock_in)(step);
  const og_pattern *pattern = step->field->pattern;
  double most = 0;
  (void)x, (void)y;
  for (int i = 0; i < pattern->n; i++) {
    double sum = 0;
    for (int k = pattern->start[i]; k < pattern->start[i + 1]; k++) {
      double w = (double)r->w[(size_t)k * (size_t)step->lanes + (size_t)lane];
      double diagonal = pattern->column[k] == i ? 1 / (r->tableau->gamma * r->common.h[lane]) : 0;
      sum += fabs(diagonal - w) * scale[pattern->column[k]];
    }
    most = fmax(most, sum / scale[i]);
  }
  return fabs(at->h[lane]) * most;
}

/* ---- Cotangents of states inside ---- */

static void seed(const og_stepper *stepper, double s, size_t rows, const double *bar, real *seeds,
                 size_t block, size_t entry) {
  og_increment_rows increments = og_rosenbrock_rows(stepper->coefficients);
  OG_R(og_increments_seed)(&increments, s, rows, bar, seeds, block, entry);
}

const OG_R(og_step_ops) OG_R(og_rosenbrock_ops) = {
    .bytes = OG_R(og_rosenbrock_bytes),
    .open = OG_R(og_rosenbrock_open),
    .begin = OG_R(og_increments_begin),
    .attempt = attempt,
    .advance = OG_R(og_increments_advance),
    .error = error,
    .difference = difference,
    .slope = OG_R(og_increments_slope),
    .not_finite = OG_R(og_increments_not_finite),
    .spread = OG_R(og_increments_spread),
    .stiffness = stiffness,
    .complete = OG_R(og_increments_complete),
    .state = OG_R(og_increments_state),
    .states = OG_R(og_increments_states),
    .slope_at = OG_R(og_increments_slope_at),
    .slope_along = OG_R(og_increments_slope_along),
    .curve = OG_R(og_increments_curve),
    .recompute = recompute,
    .end = OG_R(og_increments_end),
    .tape_bytes = OG_R(og_rosenbrock_tape_bytes),
    .use_tape = OG_R(og_rosenbrock_use_tape),
    .seed = seed,
    .transpose = OG_R(og_rosenbrock_transpose),
    .time_cotangents = OG_R(og_increments_time_cotangents),
    .end_cotangent = OG_R(og_increments_end_cotangent),
    .growth = OG_R(og_rosenbrock_growth),
    .damp = OG_R(og_rosenbrock_damp),
    .tangent = OG_R(og_rosenbrock_tangent),
    .tangent_at = OG_R(og_increments_tangent_at),
};
