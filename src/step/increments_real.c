/* Sums of increments and products that all implicit steps form, what they tell of a step, and its end. */
#include "step/increments.h"

#include <math.h>
#include <string.h>

typedef OG_R(og_increments) increments;
typedef OG_R(og_interval) interval;
typedef OG_R(og_step) step_t;

static const increments *in(const step_t *step) { return (const increments *)(const void *)step; }

real *OG_R(og_room_rows)(og_room *room, size_t rows, int lanes) {
  return og_room_take(room, OG_PADDED(rows * (size_t)lanes) * sizeof(real));
}

step_t OG_R(og_increments_base)(const og_stepper *stepper, const og_field *field, int lanes) {
  return (step_t){.stepper = stepper,
                  .ops = stepper->OG_R(ops),
                  .field = field,
                  .kernels = OG_R(og_kernels_best)(),
                  .lanes = lanes,
                  .n = (int)field->n,
                  .leading = (int)(field->following ? (size_t)field->pattern->n : field->n),
                  .p = (int)field->p};
}

/* ---- Sums and products ---- */

void OG_R(og_increments_sum)(const step_t *step, const double *weights, int stride, int first, int last,
                             real *const *blocks, const real *x, const real *scale, real *y) {
  const real *terms[OG_INCREMENTS_MAX];
  real values[OG_INCREMENTS_MAX];
  int count = 0;
  for (int j = first; j < last; j++)
    if (weights[j * stride] != 0) terms[count] = blocks[j], values[count++] = (real)weights[j * stride];
  if (count)
    step->kernels->weighted_sum(step->n, step->lanes, y, x, scale, count, values, terms);
  else if (x)
    step->kernels->copy_rows(step->n, step->lanes, y, x, NULL);
  else
    memset(y, 0, (size_t)(step->n * step->lanes) * sizeof *y);
}

const real *OG_R(og_increments_mass)(const step_t *step, const real *x, int transposed, real *product) {
  const og_field *field = step->field;
  const og_pattern *pattern = field->pattern;
  size_t lanes = (size_t)step->lanes;
  if (!field->mass) return x;
  memset(product, 0, field->n * lanes * sizeof *product);
  for (int k = 0; k < pattern->count; k++) {
    size_t row = (size_t)(transposed ? pattern->column[k] : pattern->row[k]),
           column = (size_t)(transposed ? pattern->row[k] : pattern->column[k]);
    real entry = (real)field->mass[k];
    for (size_t lane = 0; entry != 0 && lane < lanes; lane++)
      product[row * lanes + lane] += entry * x[column * lanes + lane];
  }
  return product;
}

void OG_R(og_increments_times)(const step_t *step, double c, const interval *at, double *t) {
  if (c == 1)
    memcpy(t, at->t_next, (size_t)step->lanes * sizeof *t);
  else
    for (int lane = 0; lane < step->lanes; lane++) t[lane] = at->t[lane] + c * at->h[lane];
}

void OG_R(og_increments_subtract)(const step_t *step, const real *scale, real *values) {
  const og_pattern *pattern = step->field->pattern;
  const double *mass = step->field->mass;
  size_t lanes = (size_t)step->lanes;
  for (int k = 0; k < pattern->count; k++, values += lanes) {
    real m = mass ? (real)mass[k] : pattern->row[k] == pattern->column[k];
    for (size_t lane = 0; lane < lanes; lane++) values[lane] = m * scale[lane] - values[lane];
  }
}

void OG_R(og_increments_jacobian)(step_t *step, const double *t, const real *x, const real *theta,
                                  real *values, og_lane_status *status) {
  step->work.jacobians += OG_R(og_step_busy)(step, status);
  step->field->OG_R(ops).jacobian(step->field, step->lanes, t, x, theta, values, status, step->scratch);
}

void OG_R(og_increments_factor)(step_t *step, const og_elimination *elimination, const real *w, void *factors,
                                og_lane_status *status) {
  og_lane_status before[OG_LANES_MAX];
  step->work.factorisations += OG_R(og_step_busy)(step, status);
  memcpy(before, status, (size_t)step->lanes * sizeof *status);
  OG_R(og_elimination_factor)(elimination, step->lanes, w, factors, status);
  for (int lane = 0; lane < step->lanes; lane++)
    if (before[lane] == 0 && status[lane]) status[lane] = OG_LANE_SINGULAR;
}

void OG_R(og_increments_product)(increments *i, const double *t, const real *x, const real *theta,
                                 const real *lambda, real *x_bar, real *theta_bar, real *t_bar) {
  step_t *step = &i->base;
  const OG_R(og_field_ops) *ops = &step->field->OG_R(ops);
  if (ops->vjp_add && theta_bar && !t_bar) {
    ops->vjp_add(step->field, step->lanes, t, x, theta, lambda, x_bar, theta_bar, step->status,
                 step->scratch);
    return;
  }
  ops->vjp(step->field, step->lanes, t, x, theta, lambda, x_bar, theta_bar ? i->theta_bar : NULL, t_bar,
           step->status, step->scratch);
  if (theta_bar) step->kernels->add_rows(step->p, step->lanes, theta_bar, i->theta_bar, NULL);
}

/* ---- Taking a step ---- */

void OG_R(og_increments_prepare)(increments *i, const interval *at) {
  for (int lane = 0; lane < i->base.lanes; lane++)
    i->h[lane] = OG_R(og_step_length)(at, lane), i->h_real[lane] = (real)i->h[lane];
  for (int lane = 0; lane < i->base.lanes; lane++) i->bad_row[lane] = (size_t)i->base.n;
}

void OG_R(og_increments_begin)(step_t *step, const real *mask, const real *f) {
  step->kernels->copy_rows(step->n, step->lanes, in(step)->f0, f, mask);
}

void OG_R(og_increments_advance)(step_t *step, const real *mask) { (void)step, (void)mask; }

void OG_R(og_increments_end)(step_t *step, const interval *at, const real *x, real *y) {
  const increments *i = in(step);
  (void)at;
  OG_R(og_increments_sum)(step, i->rows.b, 1, 0, i->rows.stages, i->u, x, NULL, y);
}

size_t OG_R(og_increments_tape_bytes)(const og_stepper *stepper, const og_field *field, int lanes) {
  (void)stepper, (void)field, (void)lanes;
  return 0;
}

void OG_R(og_increments_use_tape)(step_t *step, void *tape, int filled) {
  (void)step, (void)tape, (void)filled;
}

/* ---- What it tells ---- */

const real *OG_R(og_increments_slope)(const step_t *step) { return in(step)->f0; }

size_t OG_R(og_increments_not_finite_in)(const step_t *step, const real *block, int lane) {
  size_t row = 0, n = (size_t)step->n;
  while (row < n && isfinite((double)block[row * (size_t)step->lanes + (size_t)lane])) row++;
  return row;
}

size_t OG_R(og_increments_not_finite)(const step_t *step, int lane, int slope_alone) {
  const increments *i = in(step);
  size_t row = OG_R(og_increments_not_finite_in)(step, i->f0, lane);
  return row < (size_t)step->n || slope_alone ? row : i->bad_row[lane];
}

void OG_R(og_increments_find_cause)(increments *i, const double *t, const real *x, const real *theta,
                                    int lane, real *f) {
  step_t *step = &i->base;
  og_lane_status status[OG_LANES_MAX] = {0};
  if (i->bad_row[lane] < (size_t)step->n) return;
  step->field->OG_R(ops).eval(step->field, step->lanes, t, x, theta, f, status, step->scratch);
  i->bad_row[lane] = OG_R(og_increments_not_finite_in)(step, f, lane);
}

/* Of the interpolant, whose derivative is a polynomial: of its values at `degree` places, and of f at the
 * start. */
double OG_R(og_increments_spread)(const step_t *step, int lane, size_t row) {
  const increments *i = in(step);
  size_t entry = row * (size_t)step->lanes + (size_t)lane;
  double least = INFINITY, most = -INFINITY, slopes[OG_INCREMENTS_MAX];
  if (i->uses_start) least = most = (double)i->f0[entry];
  for (int place = 0; place < i->rows.degree; place++) {
    double slope = 0, s = place / (i->rows.degree > 1 ? i->rows.degree - 1.0 : 1);
    og_increment_weights(&i->rows, s, NULL, slopes);
    for (int j = 0; j < i->rows.stages; j++) slope += slopes[j] * (double)i->u[j][entry];
    slope /= i->h[lane];
    least = fmin(least, slope), most = fmax(most, slope);
  }
  return most - least;
}

/* ---- After the transpose ---- */

static int place_of(double c) { return c == 0 ? OG_AT_START : c == 1 ? OG_AT_END : OG_AT_INSIDE; }

/* h_bar has sum_k c_k t_bar_k too, and t_bar = sum_k t_bar_k. */
void OG_R(og_increments_time_cotangents)(const step_t *step, int lane, int inside, double *t_bar,
                                         double *h_bar, double singular[OG_SINGULAR_PLACES]) {
  const increments *i = in(step);
  (void)inside;
  *h_bar += i->h_bar[lane];
  for (int k = 0; k < i->times; k++) {
    double part = (double)i->t_bars[(size_t)k * OG_PADDED((size_t)step->lanes) + (size_t)lane];
    if (!isfinite(part)) {
      singular[place_of(i->nodes[k])] += part;
      continue;
    }
    *h_bar += i->nodes[k] * part;
    *t_bar += part;
  }
}

void OG_R(og_increments_end_cotangent)(const step_t *step, int lane, const real *x_bar, real *y_bar) {
  (void)x_bar;
  for (int row = 0; row < step->n; row++) y_bar[row] = in(step)->lambda[row * step->lanes + lane];
}

void OG_R(og_increments_damp)(increments *i, const real *mask, const interval *at, const real *x,
                              const real *theta, const real *v, const real *sigma, real *part, real *x_bar,
                              real *theta_bar) {
  step_t *step = &i->base;
  const real one = 1, *product;
  if (theta_bar) {
    step->field->OG_R(ops).vjp(step->field, step->lanes, at->t, x, theta, v, part, i->theta_bar, NULL,
                               step->status, step->scratch);
    step->kernels->add_rows(step->p, step->lanes, theta_bar, i->theta_bar, mask);
  }
  product = OG_R(og_increments_mass)(step, v, 1, i->product);
  step->kernels->weighted_sum(step->n, step->lanes, part, NULL, sigma, 1, &one, &product);
  step->kernels->copy_rows(step->n, step->lanes, x_bar, part, mask);
}
