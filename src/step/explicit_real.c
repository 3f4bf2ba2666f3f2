/* An explicit step: its stages, its end, its error. */
#include "step/explicit.h"

#include <math.h>
#include <string.h>

typedef OG_R(og_explicit) explicit_step;
typedef OG_R(og_interval) interval;
typedef OG_R(og_step) step_t;

/* A node at the end of the step is t_next exactly, so that the last stage has the bits of the next step's
 * first. A field that does not depend on time is not told it. */
void OG_R(og_explicit_stage_times)(const explicit_step *e, int j, const interval *at, double *t) {
  double c = e->tableau->c[j];
  if (!(e->base.field->flags & OG_FIELD_DEPENDS_ON_TIME)) return;
  if (c == 1)
    memcpy(t, at->t_next, (size_t)e->base.lanes * sizeof *t);
  else
    for (int lane = 0; lane < e->base.lanes; lane++) t[lane] = at->t[lane] + c * at->h[lane];
}

void OG_R(og_explicit_sum)(const explicit_step *e, const OG_R(og_weights) * weights, real *const *blocks,
                           const real *x, const real *h, real *y) {
  const real *k[OG_STAGES_MAX];
  for (int j = 0; j < weights->count; j++) k[j] = blocks[weights->stage[j]];
  e->base.kernels->weighted_sum(e->base.n, e->base.lanes, y, x, h, weights->count, weights->value, k);
}

/* ---- Stages ---- */

/* K_j = f(t, stage), with its tape where the step keeps them. */
static void evaluate(explicit_step *e, int j, const double *t, const real *stage, const real *theta) {
  step_t *step = &e->base;
  const OG_R(og_field_ops) *ops = &step->field->OG_R(ops);
  if (!e->tape[j]) {
    ops->eval(step->field, step->lanes, t, stage, theta, e->k[j], step->status, step->scratch);
    return;
  }
  ops->eval_tape(step->field, step->lanes, t, stage, theta, e->k[j], e->tape[j], step->status, step->scratch);
  e->taped = j + 1;
}

void OG_R(og_explicit_stages)(explicit_step *e, int first, int last, int last_k, const interval *at,
                              const real *x, const real *theta) {
  double t[OG_LANES_MAX];
  if (OG_R(og_explicit_may_fuse)(e)) {
    OG_R(og_explicit_fused_stages)(e, first, last, last_k, at, x, theta);
    return;
  }
  e->taped = first < e->taped ? first : e->taped;
  for (int j = first; j < last; j++) {
    const real *stage = x;
    if (j > 0) {
      OG_R(og_explicit_sum)(e, &e->a[j], e->k, x, at->h_real, e->stage_x[j]);
      stage = e->stage_x[j];
    }
    if (j >= last_k) continue;
    OG_R(og_explicit_stage_times)(e, j, at, t);
    evaluate(e, j, t, stage, theta);
  }
}

/* ---- Taking it ---- */

static void begin(step_t *step, const real *mask, const real *f) {
  step->kernels->copy_rows(step->n, step->lanes, OG_R(og_explicit_of)(step)->k[0], f, mask);
}

static void end(step_t *step, const interval *at, const real *x, real *y) {
  const explicit_step *e = OG_R(og_explicit_of)(step);
  OG_R(og_explicit_sum)(e, &e->b, e->k, x, at->h_real, y);
}

/* Where the last stage is f at the step's end, its state is that end. */
static int attempt(step_t *step, const interval *at, const real *x, const real *theta, real *y) {
  explicit_step *e = OG_R(og_explicit_of)(step);
  int carried = e->tableau->first_same_as_last, stages = e->tableau->stages;
  if (carried) e->stage_x[stages - 1] = y;
  OG_R(og_explicit_stages)(e, carried, stages, stages, at, x, theta);
  if (!carried) end(step, at, x, y);
  return stages - carried;
}

static void advance(step_t *step, const real *mask) {
  const explicit_step *e = OG_R(og_explicit_of)(step);
  if (!e->tableau->first_same_as_last) return;
  step->kernels->copy_rows(step->n, step->lanes, e->k[0], e->k[e->tableau->stages - 1], mask);
}

static int recompute(step_t *step, int uses, const interval *at, const real *x, const real *theta) {
  explicit_step *e = OG_R(og_explicit_of)(step);
  int last = uses & OG_STEP_INSIDE ? e->tableau->stages_total : e->core;
  int evaluated = uses ? last : last - 1, first = e->filled ? e->core : 0;
  if (e->filled) e->taped = e->core;
  OG_R(og_explicit_stages)(e, first, last, evaluated, at, x, theta);
  return evaluated > first ? evaluated - first : 0;
}

/* ---- Its error ---- */

static void error(step_t *step, int which, const interval *at, real *error) {
  const explicit_step *e = OG_R(og_explicit_of)(step);
  OG_R(og_explicit_sum)(e, &e->error[which], e->k, NULL, at->h_real, error);
}

/* The difference of two stages at the same time, in place of an embedded formula. */
static OG_R(og_weights) exchanged(const og_tableau *tableau) {
  for (unsigned char j = 1; j + 1 < tableau->stages; j++)
    if (tableau->c[j] == tableau->c[j + 1])
      return (OG_R(og_weights)){.count = 2,
                                .stage = {j, (unsigned char)(j + 1)},
                                .value = {-(real)tableau->b[j + 1], (real)tableau->b[j + 1]}};
  return (OG_R(og_weights)){0};
}

static int difference(step_t *step, const interval *at, real *difference) {
  const explicit_step *e = OG_R(og_explicit_of)(step);
  OG_R(og_weights) weights = e->error[0].count ? e->error[0] : exchanged(e->tableau);
  if (weights.count == 0) return 0;
  OG_R(og_explicit_sum)(e, &weights, e->k, NULL, at->h_real, difference);
  return 1;
}

static const real *slope(const step_t *step) { return OG_R(og_explicit_in)(step)->k[0]; }

static int is_finite(const step_t *step, const real *block, size_t row, int lane) {
  return isfinite((double)block[row * (size_t)step->lanes + (size_t)lane]);
}

/* Stages follow one another, so that the first of them has the cause. */
static size_t not_finite(const step_t *step, int lane, int slope_alone) {
  const explicit_step *e = OG_R(og_explicit_in)(step);
  size_t n = (size_t)step->n, row = n;
  int stages = slope_alone ? 1 : e->tableau->stages;
  for (int j = 0; j < stages && row == n; j++)
    for (row = 0; row < n && is_finite(step, e->k[j], row, lane);) row++;
  return row;
}

static double spread(const step_t *step, int lane, size_t row) {
  const explicit_step *e = OG_R(og_explicit_in)(step);
  size_t entry = row * (size_t)step->lanes + (size_t)lane;
  double least = INFINITY, most = -INFINITY;
  for (int j = 0; j < e->tableau->stages_total; j++) {
    least = fmin(least, (double)e->k[j][entry]);
    most = fmax(most, (double)e->k[j][entry]);
  }
  return most - least;
}

/* A state at the step's end that is not x1, of the last stage but one: x + h sum a_jl K_l. */
static double stage_state(const explicit_step *e, int j, int lane, size_t row, const interval *at,
                          const real *x) {
  size_t entry = row * (size_t)e->base.lanes + (size_t)lane;
  double sum = 0;
  for (int l = 0; l < j; l++) sum += e->tableau->a[j][l] * (double)e->k[l][entry];
  return (double)x[entry] + at->h[lane] * sum;
}

/* |h| |f(X) - f(X')| / |X - X'| of the last two stages, which are both at the step's end: powers of J have
 * turned their difference toward what grows or decays fastest (Shampine; Hairer & Wanner IV.2). */
static double stiffness(const step_t *step, int lane, const interval *at, const real *x, const real *y,
                        const double *scale) {
  const explicit_step *e = OG_R(og_explicit_in)(step);
  int last = e->tableau->stages - 1, other = last - 1;
  double slopes = 0, states = 0;
  for (size_t i = 0; i < (size_t)step->n; i++) {
    size_t entry = i * (size_t)step->lanes + (size_t)lane;
    double slope = ((double)e->k[last][entry] - (double)e->k[other][entry]) / scale[i];
    double state = ((double)y[entry] - stage_state(e, other, lane, i, at, x)) / scale[i];
    slopes += slope * slope, states += state * state;
  }
  return states > 0 ? fabs(at->h[lane]) * sqrt(slopes / states) : 0;
}

const OG_R(og_step_ops) OG_R(og_explicit_ops) = {
    .bytes = OG_R(og_explicit_bytes),
    .open = OG_R(og_explicit_open),
    .begin = begin,
    .attempt = attempt,
    .advance = advance,
    .error = error,
    .difference = difference,
    .slope = slope,
    .not_finite = not_finite,
    .spread = spread,
    .stiffness = stiffness,
    .complete = OG_R(og_explicit_complete),
    .state = OG_R(og_explicit_state),
    .states = OG_R(og_explicit_states),
    .slope_at = OG_R(og_explicit_slope_at),
    .slope_along = OG_R(og_explicit_slope_along),
    .curve = OG_R(og_explicit_curve),
    .recompute = recompute,
    .end = end,
    .tape_bytes = OG_R(og_explicit_tape_bytes),
    .use_tape = OG_R(og_explicit_use_tape),
    .seed = OG_R(og_explicit_seed),
    .transpose = OG_R(og_explicit_transpose),
    .time_cotangents = OG_R(og_explicit_time_cotangents),
    .end_cotangent = OG_R(og_explicit_end_cotangent),
    .growth = OG_R(og_explicit_growth),
    .tangent = OG_R(og_explicit_tangent),
    .tangent_at = OG_R(og_explicit_tangent_at),
};
