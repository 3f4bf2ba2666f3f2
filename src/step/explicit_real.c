/* One Runge-Kutta step, its transpose and its tangent; see step.h.
 * With X_j = x + h sum_{l<j} a_jl K_l, K_j = f(t + c_j h, X_j), x1 = x + h sum_j b_j K_j, transposition from
 * last to first (Hager 2000; Sanz-Serna 2016):  g_j = b_j lambda1 + sum_{m>j} a_mj Xbar_m,  Xbar_j = h
 * (df/dx)^T g_j. */
#include <string.h>

#include "step/step.h"

typedef OG_R(og_step) og_step;
typedef OG_R(og_place) og_place;
typedef OG_R(og_weights) og_weights;

static og_weights compact(const double *value, int count, int stride) {
  og_weights weights = {0};
  for (int j = 0; j < count; j++) {
    if (value[j * stride] == 0) continue;
    weights.stage[weights.count] = j;
    weights.value[weights.count++] = (real)value[j * stride];
  }
  return weights;
}

static void set_weights(og_step *step) {
  const og_tableau *tableau = step->tableau;
  int total = tableau->stages_total;
  for (int j = 0; j < total; j++) {
    step->a[j] = compact(tableau->a[j], j, 1);
    step->transposed[j] = compact(&tableau->a[0][j], total, OG_STAGES_MAX);
  }
  step->b = compact(tableau->b, tableau->stages, 1);
  step->e = compact(tableau->e, tableau->stages, 1);
  step->e2 = compact(tableau->e2, tableau->stages, 1);
}

static real *take(real **memory, size_t rows, int lanes) {
  real *block = *memory;
  *memory += OG_PADDED(rows * (size_t)lanes);
  return block;
}

/* The stages' blocks of one kind side by side: a stage sum reads them all, and blocks of several kinds in
 * turn would lie so that they push each other out of the cache. */
static void take_stages(const og_step *step, real **blocks, real **memory) {
  for (int j = 0; j < step->tableau->stages_total; j++) blocks[j] = take(memory, step->field->n, step->lanes);
}

/* A stage's state is read only while its K is made: one block serves them in turn, but for the last, which
 * may be the step's end. */
static void share_states(og_step *step, real **memory) {
  real *block = take(memory, step->field->n, step->lanes);
  for (int j = 0; j < step->tableau->stages_total; j++) step->stage_x[j] = block;
  step->stage_x[step->tableau->stages - 1] = take(memory, step->field->n, step->lanes);
}

static size_t tape_bytes(const og_field *field, int lanes, int purpose) {
  return purpose & OG_STEP_TAPED ? (field->tape_bytes(field, lanes) + 63) / 64 * 64 : 0;
}

static size_t reals_needed(const og_tableau *tableau, const og_field *field, int lanes, int purpose) {
  size_t block = OG_PADDED(field->n * (size_t)lanes), stages = (size_t)tableau->stages_total;
  int kind = purpose & ~OG_STEP_TAPED;
  size_t own = (kind == OG_STEP_DERIVATIVE  ? 4 * stages
                : kind == OG_STEP_TRANSPOSE ? 2 * stages
                                            : stages + 2) *
               block;
  return own + block + OG_PADDED(field->p * (size_t)lanes) + OG_PADDED((size_t)lanes);
}

static size_t times_bytes(const og_tableau *tableau, int lanes) {
  return OG_ALIGNED((size_t)(tableau->stages_total * lanes) * sizeof(double));
}

size_t OG_R(og_step_bytes)(const og_tableau *tableau, const og_field *field, int lanes, int purpose) {
  return reals_needed(tableau, field, lanes, purpose) * sizeof(real) + times_bytes(tableau, lanes) +
         OG_ALIGNED(field->scratch_bytes(field, lanes)) +
         (size_t)tableau->stages_total * tape_bytes(field, lanes, purpose);
}

void OG_R(og_step_place)(const og_tableau *tableau, const og_field *field, int lanes, int purpose,
                         void *memory, og_step *step) {
  int kind = purpose & ~OG_STEP_TAPED;
  *step = (og_step){.tableau = tableau,
                    .field = field,
                    .kernels = OG_R(og_kernels_best)(),
                    .lanes = lanes,
                    .n = (int)field->n,
                    .p = (int)field->p,
                    .core = tableau->stages - (tableau->first_same_as_last ? 1 : 0),
                    .memory = memory};
  set_weights(step);
  real *next = memory;
  take_stages(step, step->k, &next);
  if (kind == OG_STEP_FORWARD)
    share_states(step, &next);
  else
    take_stages(step, step->stage_x, &next);
  if (kind == OG_STEP_DERIVATIVE) {
    take_stages(step, step->x_bar, &next);
    take_stages(step, step->g, &next);
  } else if (kind == OG_STEP_TRANSPOSE) {
    memcpy(step->x_bar, step->k, sizeof step->x_bar);
  }
  step->lambda = take(&next, field->n, lanes);
  step->theta_bar = take(&next, field->p, lanes);
  step->t_bar = take(&next, 1, lanes);
  step->stage_t =
      (double *)(void *)((char *)memory + reals_needed(tableau, field, lanes, purpose) * sizeof(real));
  step->scratch = (char *)step->stage_t + times_bytes(tableau, lanes);
  char *tapes = (char *)step->scratch + OG_ALIGNED(field->scratch_bytes(field, lanes));
  size_t bytes = tape_bytes(field, lanes, purpose);
  for (int j = 0; bytes && j < tableau->stages_total; j++) step->tape[j] = tapes + (size_t)j * bytes;
}

og_status OG_R(og_step_create)(og_context *context, const og_tableau *tableau, const og_field *field,
                               int lanes, int purpose, og_step *step) {
  *step = (og_step){0};
  void *memory = og_alloc(context, 1, OG_R(og_step_bytes)(tableau, field, lanes, purpose));
  if (!memory) return OG_ERR_MEMORY;
  OG_R(og_step_place)(tableau, field, lanes, purpose, memory, step);
  return OG_OK;
}

void OG_R(og_step_destroy)(og_context *context, og_step *step) {
  og_free(context, step->memory);
  step->memory = NULL;
}

/* A node at the end of the step is t_next exactly, so that the last stage has the bits of the next step's
 * first. A field that does not depend on time is not told it. */
static void stage_times(const og_step *step, int j, const og_place *at, double *t) {
  double c = step->tableau->c[j];
  if (!(step->field->flags & OG_FIELD_DEPENDS_ON_TIME)) return;
  if (c == 1)
    memcpy(t, at->t_next, (size_t)step->lanes * sizeof *t);
  else
    for (int lane = 0; lane < step->lanes; lane++) t[lane] = at->t[lane] + c * at->h[lane];
}

static void sum_of(const og_step *step, const og_weights *weights, real *const *blocks, const real *x,
                   const real *h, real *y) {
  const real *k[OG_STAGES_MAX];
  for (int j = 0; j < weights->count; j++) k[j] = blocks[weights->stage[j]];
  step->kernels->weighted_sum(step->n, step->lanes, y, x, h, weights->count, weights->value, k);
}

static void copy_lane(real *block, int rows, int lanes, int from, int to) {
  for (int i = 0; i < rows; i++) block[i * lanes + to] = block[i * lanes + from];
}

void OG_R(og_step_imitate)(const og_step *step, int from, int to, og_place *at, real *x, real *theta) {
  copy_lane(x, step->n, step->lanes, from, to);
  copy_lane(theta, step->p, step->lanes, from, to);
  at->t[to] = at->t[from];
  at->t_next[to] = at->t_next[from];
  at->h[to] = at->h[from];
  at->h_real[to] = at->h_real[from];
}

/* K_j = f(t, stage), with its tape where the step keeps them. */
static void evaluate(og_step *step, int j, const double *t, const real *stage, const real *theta) {
  const OG_R(og_field_ops) *ops = &step->field->OG_R(ops);
  step->evals++;
  if (!step->tape[j]) {
    ops->eval(step->field, step->lanes, t, stage, theta, step->k[j], step->status, step->scratch);
    return;
  }
  ops->eval_tape(step->field, step->lanes, t, stage, theta, step->k[j], step->tape[j], step->status,
                 step->scratch);
  step->taped = j + 1;
}

/* ---- Fields that compute sums and functions of them in one pass ---- */

/* What one call of a fused function is told, and what that points to. */
typedef struct pass {
  int count;
  OG_R(og_fused_stage) stage[OG_STAGES_MAX];
  const real *term[OG_STAGES_MAX][OG_TERMS_MAX];
  real value[OG_STAGES_MAX][OG_TERMS_MAX];
} pass;

static int whole(const og_step *step) { return step->lanes == 1 || step->lanes == OG_LANES_MAX; }

/* A stage more, of `count` terms, which stand in the row of the stage already. */
static void add_to_pass(const og_step *step, pass *p, int j, int count, const og_place *at, real *y,
                        real *f) {
  int i = p->count++, timed = (step->field->flags & OG_FIELD_DEPENDS_ON_TIME) != 0;
  double *t = step->stage_t + i * step->lanes;
  if (timed) stage_times(step, j, at, t);
  p->stage[i] = (OG_R(og_fused_stage)){
      .count = count, .value = p->value[i], .term = p->term[i], .y = y, .f = f, .t = timed ? t : NULL};
}

static void stages_in_one_pass(og_step *step, int first, int last, int last_k, const og_place *at,
                               const real *x, const real *theta) {
  pass p;
  p.count = 0;
  for (int j = first; j < last; j++) {
    const og_weights *a = &step->a[j];
    for (int l = 0; l < a->count; l++)
      p.term[p.count][l] = step->k[a->stage[l]], p.value[p.count][l] = a->value[l];
    add_to_pass(step, &p, j, j ? a->count : 0, at, j ? step->stage_x[j] : (real *)x,
                j < last_k ? step->k[j] : NULL);
    step->evals += j < last_k;
  }
  step->field->OG_R(fused)->stages(step->field, step->lanes, p.count, p.stage, x, at->h_real, theta);
}

void OG_R(og_step_stages)(og_step *step, int first, int last, int last_k, const og_place *at, const real *x,
                          const real *theta) {
  double t[OG_LANES_MAX];
  if (step->field->OG_R(fused) && whole(step)) {
    stages_in_one_pass(step, first, last, last_k, at, x, theta);
    return;
  }
  step->taped = first < step->taped ? first : step->taped;
  for (int j = first; j < last; j++) {
    const real *stage = x;
    if (j > 0) {
      sum_of(step, &step->a[j], step->k, x, at->h_real, step->stage_x[j]);
      stage = step->stage_x[j];
    }
    if (j >= last_k) continue;
    stage_times(step, j, at, t);
    evaluate(step, j, t, stage, theta);
  }
}

void OG_R(og_step_end)(og_step *step, const og_place *at, const real *x, real *y) {
  sum_of(step, &step->b, step->k, x, at->h_real, y);
}

/* The terms of g_j = b_j lambda1 + sum_{m>j} a_mj Xbar_m + observed_j; none: the stage does not matter. */
static int cotangent_terms(const og_step *step, int j, int last, real *const *observed, const real *x_bar,
                           const real **terms, real *values) {
  const og_weights *column = &step->transposed[j];
  int count = 0;
  real b = j < step->tableau->stages ? (real)step->tableau->b[j] : 0;
  if (b != 0) terms[count] = x_bar, values[count++] = b;
  for (int i = 0; i < column->count && column->stage[i] < last; i++)
    terms[count] = step->x_bar[column->stage[i]], values[count++] = column->value[i];
  if (observed) terms[count] = observed[j], values[count++] = 1;
  return count;
}

/* lambda = h g_j, and g_j itself for the time cotangents; 0 when the stage does not matter. */
static int stage_cotangent(og_step *step, int j, int last, const og_place *at, real *const *observed,
                           const real *x_bar, int keep_g) {
  const real *terms[OG_TERMS_MAX];
  real values[OG_TERMS_MAX];
  int count = cotangent_terms(step, j, last, observed, x_bar, terms, values);
  if (!count) return 0;
  step->kernels->weighted_sum(step->n, step->lanes, step->lambda, NULL, at->h_real, count, values, terms);
  if (keep_g) step->kernels->weighted_sum(step->n, step->lanes, step->g[j], NULL, NULL, count, values, terms);
  return count;
}

static void clear_outside(const og_step *step, const real *mask, real *block) {
  for (int i = 0; i < step->n * step->lanes; i++)
    if (mask[i % step->lanes] == 0) block[i] = 0;
}

static void transpose_stage(og_step *step, int j, const og_place *at, const real *x, const real *theta,
                            const real *mask, real *theta_bar, real *t_bar) {
  double t[OG_LANES_MAX];
  const real *part = j >= step->core ? mask : NULL, *stage = j ? step->stage_x[j] : x;
  const OG_R(og_field_ops) *ops = &step->field->OG_R(ops);
  stage_times(step, j, at, t);
  if (ops->vjp_add && theta_bar && !t_bar && !part && !step->weights_bar) {
    ops->vjp_add(step->field, step->lanes, t, stage, theta, step->lambda, step->x_bar[j], theta_bar,
                 step->status, step->scratch);
    return;
  }
  real *theta_part = theta_bar ? step->theta_bar : NULL;
  if (step->weights_bar)
    ops->vjp_weights(step->field, step->lanes, t, stage, theta, step->lambda,
                     j < step->taped ? step->tape[j] : NULL, step->x_bar[j], theta_part, t_bar,
                     step->weights_bar, step->status, step->scratch);
  else
    ops->vjp(step->field, step->lanes, t, stage, theta, step->lambda, step->x_bar[j], theta_part, t_bar,
             step->status, step->scratch);
  if (part) clear_outside(step, part, step->x_bar[j]);
  if (theta_bar) step->kernels->add_rows(step->p, step->lanes, theta_bar, step->theta_bar, part);
}

/* A stage that nothing depends on. */
static void clear_stage(const og_step *step, int j, real *t_bar) {
  size_t bytes = (size_t)(step->n * step->lanes) * sizeof(real);
  memset(step->x_bar[j], 0, bytes);
  if (step->g[j]) memset(step->g[j], 0, bytes);
  if (t_bar) memset(t_bar, 0, (size_t)step->lanes * sizeof(real));
}

/* Stages that count in all lanes, from the last to the first; `reached` are the cotangents of their states.
 */
static int transpose_in_one_pass(og_step *step, int last, const og_place *at, const real *x,
                                 const real *theta, real *const *observed, const real *x_bar, real *theta_bar,
                                 const real **reached) {
  pass p;
  p.count = 0;
  for (int j = last - 1; j >= 0; j--) {
    int i = p.count, count = cotangent_terms(step, j, last, observed, x_bar, p.term[i], p.value[i]);
    if (!count) {
      clear_stage(step, j, NULL);
      continue;
    }
    add_to_pass(step, &p, j, count, at, j ? step->stage_x[j] : (real *)x, step->x_bar[j]);
    reached[i] = step->x_bar[j];
  }
  step->field->OG_R(fused)->transposed(step->field, step->lanes, p.count, p.stage, at->h_real, theta,
                                       step->lambda, theta_bar);
  return p.count;
}

static int transpose_stages(og_step *step, int last, const og_place *at, const real *x, const real *theta,
                            real *const *observed, const real *mask, const real *x_bar, real *theta_bar,
                            real *t_bars, const real **reached) {
  int count = 0;
  for (int j = last - 1; j >= 0; j--) {
    real *t_bar = t_bars ? t_bars + j * step->lanes : NULL;
    if (stage_cotangent(step, j, last, at, observed, x_bar, t_bars != NULL)) {
      transpose_stage(step, j, at, x, theta, mask, theta_bar, t_bar);
      reached[count++] = step->x_bar[j];
    } else {
      clear_stage(step, j, t_bar);
    }
  }
  return count;
}

void OG_R(og_step_transpose)(og_step *step, int last, const og_place *at, const real *x, const real *theta,
                             real *const *observed, const real *mask, real *x_bar, real *theta_bar,
                             real *t_bars) {
  const real *reached[OG_STAGES_MAX];
  real ones[OG_STAGES_MAX];
  int plain = theta_bar && !t_bars && !step->weights_bar && (last <= step->core || !mask), count;
  if (plain && step->field->OG_R(fused) && step->field->OG_R(fused)->transposed && whole(step))
    count = transpose_in_one_pass(step, last, at, x, theta, observed, x_bar, theta_bar, reached);
  else
    count = transpose_stages(step, last, at, x, theta, observed, mask, x_bar, theta_bar, t_bars, reached);
  for (int i = 0; i < count; i++) ones[i] = 1;
  if (count) step->kernels->weighted_sum(step->n, step->lanes, x_bar, x_bar, NULL, count, ones, reached);
}

/* y_dot = x_dot + h sum w_j Kdot_j + h_dot sum w_j K_j, in a fixed order; `sums` is a block to work in. */
static void tangent_of_sum(og_step *step, const og_weights *weights, const og_place *at, const real *h_dot,
                           const real *x_dot, real *y_dot) {
  if (weights->count == 0) {
    step->kernels->copy_rows(step->n, step->lanes, y_dot, x_dot, NULL);
    return;
  }
  sum_of(step, weights, step->x_bar, x_dot, at->h_real, step->lambda);
  sum_of(step, weights, step->k, step->lambda, h_dot, y_dot);
}

void OG_R(og_step_tangent)(og_step *step, int last, const og_place *at, const real *x, const real *theta,
                           const real *x_dot, const real *theta_dot, const double *t_dot, const double *h_dot,
                           real *y_dot) {
  double t[OG_LANES_MAX];
  _Alignas(64) real stage_t_dot[OG_LANES_MAX], h_dot_real[OG_LANES_MAX];
  for (int lane = 0; lane < step->lanes; lane++) h_dot_real[lane] = (real)h_dot[lane];
  for (int j = 0; j < last; j++) {
    for (int lane = 0; lane < step->lanes; lane++)
      stage_t_dot[lane] = (real)(t_dot[lane] + step->tableau->c[j] * h_dot[lane]);
    stage_times(step, j, at, t);
    tangent_of_sum(step, &step->a[j], at, h_dot_real, x_dot, step->g[j]);
    step->field->OG_R(ops).jvp(step->field, step->lanes, t, j ? step->stage_x[j] : x, theta, stage_t_dot,
                               step->g[j], theta_dot, step->x_bar[j], step->status, step->scratch);
  }
  tangent_of_sum(step, &step->b, at, h_dot_real, x_dot, y_dot);
}
