/* An explicit step's transpose, from its last stage to its first (Hager 2000; Sanz-Serna 2016):
 * g_j = b_j lambda1 + sum_{m>j} a_mj Xbar_m + the cotangents of states inside, Xbar_j = h (df/dx)^T g_j. */
#include "field/fused.h"
#include "step/explicit.h"

#include <math.h>
#include <string.h>

typedef OG_R(og_explicit) explicit_step;
typedef OG_R(og_interval) interval;
typedef OG_R(og_step) step_t;

/* One call's arguments. */
typedef struct back {
  const interval *at;
  const real *x, *theta, *seeds, *mask, *x_bar;
  real *theta_bar, *t_bars;
} back;

/* ---- Cotangents of states inside ---- */

void OG_R(og_explicit_seed)(const og_stepper *stepper, double s, size_t rows, const double *bar, real *seeds,
                            size_t block, size_t entry) {
  const og_tableau *tableau = stepper->coefficients;
  double weights[OG_STAGES_MAX];
  og_interpolant_weights(tableau, s, weights, NULL);
  for (int j = 0; j < tableau->stages_total; j++, seeds += block)
    for (size_t i = 0; i < rows; i++) seeds[i * entry] += (real)(weights[j] * bar[i]);
}

/* ---- Stages ---- */

int OG_R(og_explicit_cotangent_terms)(const explicit_step *e, int j, int last, const real *seeds,
                                      const real *x_bar, const real **terms, real *values) {
  const OG_R(og_weights) *column = &e->transposed[j];
  int count = 0;
  real b = j < e->tableau->stages ? (real)e->tableau->b[j] : 0;
  if (b != 0) terms[count] = x_bar, values[count++] = b;
  for (int i = 0; i < column->count && column->stage[i] < last; i++)
    terms[count] = e->x_bar[column->stage[i]], values[count++] = column->value[i];
  size_t block = OG_PADDED((size_t)(e->base.n * e->base.lanes));
  if (seeds) terms[count] = seeds + (size_t)j * block, values[count++] = 1;
  return count;
}

/* lambda = h g_j, and g_j itself for the time cotangents; 0 when the stage does not matter. */
static int stage_cotangent(explicit_step *e, int j, int last, const back *b) {
  const real *terms[OG_TERMS_MAX];
  real values[OG_TERMS_MAX];
  const OG_R(og_kernels) *kernels = e->base.kernels;
  int n = e->base.n, lanes = e->base.lanes;
  int count = OG_R(og_explicit_cotangent_terms)(e, j, last, b->seeds, b->x_bar, terms, values);
  if (!count) return 0;
  kernels->weighted_sum(n, lanes, e->lambda, NULL, b->at->h_real, count, values, terms);
  if (b->t_bars) kernels->weighted_sum(n, lanes, e->g[j], NULL, NULL, count, values, terms);
  return count;
}

static void clear_outside(const step_t *step, const real *mask, real *block) {
  for (int i = 0; i < step->n * step->lanes; i++)
    if (mask[i % step->lanes] == 0) block[i] = 0;
}

static void transpose_stage(explicit_step *e, int j, const back *b, real *t_bar) {
  step_t *step = &e->base;
  double t[OG_LANES_MAX];
  const real *part = j >= e->core ? b->mask : NULL, *stage = j ? e->stage_x[j] : b->x;
  const OG_R(og_field_ops) *ops = &step->field->OG_R(ops);
  OG_R(og_explicit_stage_times)(e, j, b->at, t);
  if (ops->vjp_add && b->theta_bar && !t_bar && !part && !step->weights_bar) {
    ops->vjp_add(step->field, step->lanes, t, stage, b->theta, e->lambda, e->x_bar[j], b->theta_bar,
                 step->status, step->scratch);
    return;
  }
  real *theta_part = b->theta_bar ? e->theta_bar : NULL;
  if (step->weights_bar)
    ops->vjp_weights(step->field, step->lanes, t, stage, b->theta, e->lambda,
                     j < e->taped ? e->tape[j] : NULL, e->x_bar[j], theta_part, t_bar, step->weights_bar,
                     step->status, step->scratch);
  else
    ops->vjp(step->field, step->lanes, t, stage, b->theta, e->lambda, e->x_bar[j], theta_part, t_bar,
             step->status, step->scratch);
  if (part) clear_outside(step, part, e->x_bar[j]);
  if (b->theta_bar) step->kernels->add_rows(step->p, step->lanes, b->theta_bar, e->theta_bar, part);
}

void OG_R(og_explicit_clear_stage)(const explicit_step *e, int j, real *t_bar) {
  size_t bytes = (size_t)(e->base.n * e->base.lanes) * sizeof(real);
  memset(e->x_bar[j], 0, bytes);
  if (e->g[j]) memset(e->g[j], 0, bytes);
  if (t_bar) memset(t_bar, 0, (size_t)e->base.lanes * sizeof(real));
}

static int transpose_stages(explicit_step *e, int last, const back *b, const real **reached) {
  int count = 0;
  for (int j = last - 1; j >= 0; j--) {
    real *t_bar = b->t_bars ? b->t_bars + j * e->base.lanes : NULL;
    if (stage_cotangent(e, j, last, b)) {
      transpose_stage(e, j, b, t_bar);
      reached[count++] = e->x_bar[j];
    } else {
      OG_R(og_explicit_clear_stage)(e, j, t_bar);
    }
  }
  return count;
}

/* ---- The step ---- */

/* Stages in one pass count in all lanes, and know no times. */
static int may_fuse(const explicit_step *e, int last, const back *b) {
  int whole = last <= e->core || !b->mask;
  return b->theta_bar && !b->t_bars && !e->base.weights_bar && whole && OG_R(og_explicit_may_fuse)(e) &&
         e->base.field->OG_R(fused)->transposed;
}

int OG_R(og_explicit_transpose)(step_t *step, int uses, const interval *at, const real *x, const real *theta,
                                const real *seeds, const real *mask, real *x_bar, real *theta_bar) {
  explicit_step *e = OG_R(og_explicit_of)(step);
  const real *reached[OG_STAGES_MAX];
  real ones[OG_STAGES_MAX];
  back b = {at, x, theta, seeds, mask, x_bar, theta_bar, uses & OG_STEP_VALUES ? e->t_bars : NULL};
  int last = e->last = uses & OG_STEP_INSIDE ? e->tableau->stages_total : e->core, count;
  if (may_fuse(e, last, &b))
    count = OG_R(og_explicit_fused_transpose)(e, last, at, x, theta, seeds, x_bar, theta_bar, reached);
  else
    count = transpose_stages(e, last, &b, reached);
  for (int i = 0; i < count; i++) ones[i] = 1;
  if (count) step->kernels->weighted_sum(step->n, step->lanes, x_bar, x_bar, NULL, count, ones, reached);
  return last;
}

/* ---- After it ---- */

static int place_of(double c) { return c == 0 ? OG_AT_START : c == 1 ? OG_AT_END : OG_AT_INSIDE; }

/* h_bar = sum_j g_j . K_j + sum_j c_j t_bar_j and t_bar = sum_j t_bar_j. */
void OG_R(og_explicit_time_cotangents)(const step_t *step, int lane, int inside, double *t_bar, double *h_bar,
                                       double singular[OG_SINGULAR_PLACES]) {
  const explicit_step *e = OG_R(og_explicit_in)(step);
  for (int j = 0; j < e->last; j++) {
    if (j >= e->core && !inside) continue;
    double stage = (double)e->t_bars[j * step->lanes + lane], c = e->tableau->c[j];
    for (int entry = lane; entry < step->n * step->lanes; entry += step->lanes)
      *h_bar += (double)e->g[j][entry] * (double)e->k[j][entry];
    if (!isfinite(stage)) {
      singular[place_of(c)] += stage;
      continue;
    }
    *h_bar += c * stage;
    *t_bar += stage;
  }
}

void OG_R(og_explicit_end_cotangent)(const step_t *step, int lane, const real *x_bar, real *y_bar) {
  const explicit_step *e = OG_R(og_explicit_in)(step);
  for (int i = 0; i < step->n; i++) {
    int entry = i * step->lanes + lane;
    real lambda = x_bar[entry];
    for (int j = 0; j < e->last; j++) lambda -= e->x_bar[j][entry];
    y_bar[i] = lambda;
  }
}

/* Of the first stage: the last one on the way back, which the powers of h J^T before it have turned toward
 * what grows fastest. */
int OG_R(og_explicit_growth)(const step_t *step, const interval *at, real most, real *product, real *g) {
  const explicit_step *e = OG_R(og_explicit_in)(step);
  return step->kernels->outgrows(step->n, step->lanes, e->x_bar[0], e->lambda, at->h_real, most, product, g);
}
