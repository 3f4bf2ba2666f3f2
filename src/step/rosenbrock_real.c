/* A Rosenbrock step: its matrix, its stages, its end, its error. */
#include "step/rosenbrock.h"

#include <math.h>
#include <string.h>

typedef OG_R(og_rosenbrock) rosenbrock;
typedef OG_R(og_interval) interval;
typedef OG_R(og_step) step_t;

/* Stages at the step's end see t_next exactly. */
void OG_R(og_rosenbrock_stage_times)(const rosenbrock *r, int i, const interval *at, double *t) {
  double alpha = r->tableau->alpha[i];
  if (alpha == 1)
    memcpy(t, at->t_next, (size_t)r->base.lanes * sizeof *t);
  else
    for (int lane = 0; lane < r->base.lanes; lane++) t[lane] = at->t[lane] + alpha * at->h[lane];
}

void OG_R(og_rosenbrock_sum)(const rosenbrock *r, const double *weights, int stride, int first, int last,
                             real *const *blocks, const real *x, const real *scale, real *y) {
  const real *terms[OG_ROSENBROCK_STAGES];
  real values[OG_ROSENBROCK_STAGES];
  int count = 0;
  for (int j = first; j < last; j++)
    if (weights[j * stride] != 0) terms[count] = blocks[j], values[count++] = (real)weights[j * stride];
  r->base.kernels->weighted_sum(r->base.n, r->base.lanes, y, x, scale, count, values, terms);
}

const real *OG_R(og_rosenbrock_mass)(rosenbrock *r, const real *x, int transposed) {
  const og_field *field = r->base.field;
  const og_pattern *pattern = field->pattern;
  size_t lanes = (size_t)r->base.lanes;
  if (!field->mass) return x;
  memset(r->product, 0, field->n * lanes * sizeof *r->product);
  for (int k = 0; k < pattern->count; k++) {
    size_t row = (size_t)(transposed ? pattern->column[k] : pattern->row[k]),
           column = (size_t)(transposed ? pattern->row[k] : pattern->column[k]);
    real entry = (real)field->mass[k];
    for (size_t lane = 0; entry != 0 && lane < lanes; lane++)
      r->product[row * lanes + lane] += entry * x[column * lanes + lane];
  }
  return r->product;
}

/* ---- The matrix ---- */

/* J becomes M / (h gamma) - J. */
static void subtract(rosenbrock *r) {
  const og_pattern *pattern = r->base.field->pattern;
  const double *mass = r->base.field->mass;
  size_t lanes = (size_t)r->base.lanes;
  real sigma = (real)(1 / r->tableau->gamma);
  for (int k = 0; k < pattern->count; k++) {
    real *w = r->w + (size_t)k * lanes;
    real m = mass ? (real)mass[k] * sigma : pattern->row[k] == pattern->column[k] ? sigma : 0;
    for (size_t lane = 0; lane < lanes; lane++) w[lane] = m * r->h_inverse[lane] - w[lane];
  }
}

static void find_time_slope(rosenbrock *r, const double *t, const real *x, const real *theta) {
  step_t *step = &r->base;
  if (!r->f_t) return;
  for (int lane = 0; lane < step->lanes; lane++) r->t_dot[lane] = 1;
  step->field->OG_R(ops).jvp(step->field, step->lanes, t, x, theta, r->t_dot, NULL, NULL, r->f_t,
                             step->status, step->scratch);
}

void OG_R(og_rosenbrock_prepare)(rosenbrock *r, const interval *at, const real *x, const real *theta) {
  step_t *step = &r->base;
  memcpy(r->h, at->h, (size_t)step->lanes * sizeof *r->h);
  for (int lane = 0; lane < step->lanes; lane++) r->h_inverse[lane] = 1 / at->h_real[lane];
  step->field->OG_R(ops).jacobian(step->field, step->lanes, at->t, x, theta, r->w, step->status,
                                  step->scratch);
  subtract(r);
  og_lane_status before[OG_LANES_MAX];
  memcpy(before, step->status, (size_t)step->lanes);
  OG_R(og_elimination_factor)(r->elimination, step->lanes, r->w, r->factors, step->status);
  for (int lane = 0; lane < step->lanes; lane++)
    if (before[lane] == 0 && step->status[lane]) step->status[lane] = OG_LANE_SINGULAR;
  find_time_slope(r, at->t, x, theta);
}

/* ---- Stages ---- */

static void add_terms(rosenbrock *r, int i, const interval *at) {
  const og_rosenbrock_tableau *tableau = r->tableau;
  const step_t *step = &r->base;
  const real one = 1, *product;
  if (i > 0 && !step->field->mass) {
    OG_R(og_rosenbrock_sum)(r, tableau->c[i], 1, 0, i, r->u, r->u[i], r->h_inverse, r->u[i]);
  } else if (i > 0) {
    OG_R(og_rosenbrock_sum)(r, tableau->c[i], 1, 0, i, r->u, NULL, NULL, r->sum);
    product = OG_R(og_rosenbrock_mass)(r, r->sum, 0);
    step->kernels->weighted_sum(step->n, step->lanes, r->u[i], r->u[i], r->h_inverse, 1, &one, &product);
  }
  const real d = (real)tableau->d[i], *f_t = r->f_t;
  if (f_t && d != 0)
    step->kernels->weighted_sum(step->n, step->lanes, r->u[i], r->u[i], at->h_real, 1, &d, &f_t);
}

static void find_stage(rosenbrock *r, int i, const interval *at, const real *x, const real *theta) {
  step_t *step = &r->base;
  double t[OG_LANES_MAX];
  const real *stage = x;
  if (i > 0) {
    OG_R(og_rosenbrock_sum)(r, r->tableau->a[i], 1, 0, i, r->u, x, NULL, r->stage_x[i]);
    stage = r->stage_x[i];
  }
  OG_R(og_rosenbrock_stage_times)(r, i, at, t);
  step->field->OG_R(ops).eval(step->field, step->lanes, t, stage, theta, r->u[i], step->status,
                              step->scratch);
  if (i == 0) step->kernels->copy_rows(step->n, step->lanes, r->f0, r->u[0], NULL);
  add_terms(r, i, at);
  OG_R(og_elimination_solve)(r->elimination, step->lanes, r->factors, r->u[i]);
}

static int find_stages(rosenbrock *r, const interval *at, const real *x, const real *theta) {
  OG_R(og_rosenbrock_prepare)(r, at, x, theta);
  for (int i = 0; i < r->tableau->stages; i++) find_stage(r, i, at, x, theta);
  return r->tableau->stages;
}

/* ---- Taking it ---- */

static void begin(step_t *step, const real *mask, const real *f) {
  step->kernels->copy_rows(step->n, step->lanes, OG_R(og_rosenbrock_of)(step)->f0, f, mask);
}

static void end(step_t *step, const interval *at, const real *x, real *y) {
  const rosenbrock *r = OG_R(og_rosenbrock_of)(step);
  (void)at;
  OG_R(og_rosenbrock_sum)(r, r->tableau->m, 1, 0, r->tableau->stages, r->u, x, NULL, y);
}

static size_t not_finite_in(const step_t *step, const real *block, int lane) {
  size_t row = 0, n = (size_t)step->n;
  while (row < n && isfinite((double)block[row * (size_t)step->lanes + (size_t)lane])) row++;
  return row;
}

/* Solving with W carries what is not finite into other rows: the row that has the cause is that of f at the
 * first stage which is not finite. */
static void find_cause(rosenbrock *r, int lane, const interval *at, const real *x, const real *theta) {
  step_t *step = &r->base;
  double t[OG_LANES_MAX];
  int i = 0, n = step->n;
  og_lane_status status[OG_LANES_MAX] = {0};
  while (i < r->tableau->stages && not_finite_in(step, r->u[i], lane) == (size_t)n) i++;
  if (i == r->tableau->stages) return;
  if (i) OG_R(og_rosenbrock_sum)(r, r->tableau->a[i], 1, 0, i, r->u, x, NULL, r->stage_x[i]);
  OG_R(og_rosenbrock_stage_times)(r, i, at, t);
  step->field->OG_R(ops).eval(step->field, step->lanes, t, i ? r->stage_x[i] : x, theta, r->sum, status,
                              step->scratch);
  r->bad_row[lane] = not_finite_in(step, r->sum, lane);
}

static int attempt(step_t *step, const interval *at, const real *x, const real *theta, real *y) {
  rosenbrock *r = OG_R(og_rosenbrock_of)(step);
  real zero[OG_LANES_MAX] = {0};
  int evals = find_stages(r, at, x, theta);
  end(step, at, x, y);
  for (int i = 0; i < step->n; i++)
    for (int lane = 0; lane < step->lanes; lane++) zero[lane] += y[i * step->lanes + lane] * 0;
  for (int lane = 0; lane < step->lanes; lane++) {
    r->bad_row[lane] = (size_t)step->n;
    if (step->status[lane] == 0 && zero[lane] != 0) find_cause(r, lane, at, x, theta);
  }
  return evals;
}

static void advance(step_t *step, const real *mask) { (void)step, (void)mask; }

static int recompute(step_t *step, int uses, const interval *at, const real *x, const real *theta) {
  (void)uses;
  return find_stages(OG_R(og_rosenbrock_of)(step), at, x, theta);
}

static size_t tape_bytes(const og_stepper *stepper, const og_field *field, int lanes) {
  (void)stepper, (void)field, (void)lanes;
  return 0;
}

static void use_tape(step_t *step, void *tape, int filled) { (void)step, (void)tape, (void)filled; }

/* ---- Its error ---- */

static void error(step_t *step, int which, const interval *at, real *error) {
  const rosenbrock *r = OG_R(og_rosenbrock_of)(step);
  (void)which, (void)at;
  OG_R(og_rosenbrock_sum)(r, r->tableau->e, 1, 0, r->tableau->stages, r->u, NULL, NULL, error);
}

static int difference(step_t *step, const interval *at, real *difference) {
  error(step, 0, at, difference);
  return 1;
}

static const real *slope(const step_t *step) { return OG_R(og_rosenbrock_in)(step)->f0; }

static size_t not_finite(const step_t *step, int lane, int slope_alone) {
  const rosenbrock *r = OG_R(og_rosenbrock_in)(step);
  size_t row = not_finite_in(step, r->f0, lane);
  return slope_alone || row < (size_t)step->n ? row : r->bad_row[lane];
}

/* Of the interpolant, whose derivative is a cubic: of its values at four places, and of f at the start. */
static double spread(const step_t *step, int lane, size_t row) {
  const rosenbrock *r = OG_R(og_rosenbrock_in)(step);
  size_t entry = row * (size_t)step->lanes + (size_t)lane;
  double least = (double)r->f0[entry], most = least, slopes[OG_ROSENBROCK_STAGES];
  for (int place = 0; place < OG_ROSENBROCK_DEGREE; place++) {
    double slope = 0;
    og_rosenbrock_interpolant(r->tableau, place / (OG_ROSENBROCK_DEGREE - 1.0), NULL, slopes);
    for (int j = 0; j < r->tableau->stages; j++) slope += slopes[j] * (double)r->u[j][entry];
    slope /= r->h[lane];
    least = fmin(least, slope), most = fmax(most, slope);
  }
  return most - least;
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
      double diagonal = pattern->column[k] == i ? 1 / (r->tableau->gamma * r->h[lane]) : 0;
      sum += fabs(diagonal - w) * scale[pattern->column[k]];
    }
    most = fmax(most, sum / scale[i]);
  }
  return fabs(at->h[lane]) * most;
}

const OG_R(og_step_ops) OG_R(og_rosenbrock_ops) = {
    .bytes = OG_R(og_rosenbrock_bytes),
    .open = OG_R(og_rosenbrock_open),
    .begin = begin,
    .attempt = attempt,
    .advance = advance,
    .error = error,
    .difference = difference,
    .slope = slope,
    .not_finite = not_finite,
    .spread = spread,
    .stiffness = stiffness,
    .complete = OG_R(og_rosenbrock_complete),
    .state = OG_R(og_rosenbrock_state),
    .states = OG_R(og_rosenbrock_states),
    .slope_at = OG_R(og_rosenbrock_slope_at),
    .slope_along = OG_R(og_rosenbrock_slope_along),
    .curve = OG_R(og_rosenbrock_curve),
    .recompute = recompute,
    .end = end,
    .tape_bytes = tape_bytes,
    .use_tape = use_tape,
    .seed = OG_R(og_rosenbrock_seed),
    .transpose = OG_R(og_rosenbrock_transpose),
    .time_cotangents = OG_R(og_rosenbrock_time_cotangents),
    .end_cotangent = OG_R(og_rosenbrock_end_cotangent),
    .growth = OG_R(og_rosenbrock_growth),
    .damp = OG_R(og_rosenbrock_damp),
    .tangent = OG_R(og_rosenbrock_tangent),
    .tangent_at = OG_R(og_rosenbrock_tangent_at),
};
