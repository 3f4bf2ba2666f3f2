/* The memory of an explicit step. */
#include <string.h>

#include "step/explicit.h"

typedef OG_R(og_explicit) explicit_step;
typedef OG_R(og_weights) weights;

static weights compact(const double *value, int count, int stride) {
  weights compacted = {0};
  for (int j = 0; j < count; j++) {
    if (value[j * stride] == 0) continue;
    compacted.stage[compacted.count] = (unsigned char)j;
    compacted.value[compacted.count++] = (real)value[j * stride];
  }
  return compacted;
}

static void set_weights(explicit_step *e) {
  const og_tableau *tableau = e->tableau;
  int total = tableau->stages_total;
  for (int j = 0; j < total; j++) {
    e->a[j] = compact(tableau->a[j], j, 1);
    e->transposed[j] = compact(&tableau->a[0][j], total, OG_STAGES_MAX);
  }
  e->b = compact(tableau->b, tableau->stages, 1);
  e->error[0] = compact(tableau->e, tableau->stages, 1);
  e->error[1] = compact(tableau->e2, tableau->stages, 1);
}

static real *take(real **memory, size_t rows, int lanes) {
  real *block = *memory;
  *memory += OG_PADDED(rows * (size_t)lanes);
  return block;
}

/* The stages' blocks of one kind side by side: a stage sum reads them all, and blocks of several kinds in
 * turn would lie so that they push each other out of the cache. */
static void take_stages(const explicit_step *e, real **blocks, real **memory) {
  for (int j = 0; j < e->tableau->stages_total; j++)
    blocks[j] = take(memory, e->base.field->n, e->base.lanes);
}

/* A stage's state is read only while its K is made: one block serves them in turn. */
static void share_states(explicit_step *e, real **memory) {
  real *block = take(memory, e->base.field->n, e->base.lanes);
  for (int j = 0; j < e->tableau->stages_total; j++) e->stage_x[j] = block;
}

static size_t tape_bytes(const og_field *field, int lanes, int purpose) {
  return purpose & OG_STEP_TAPED ? OG_ALIGNED(field->tape_bytes(field, lanes)) : 0;
}

/* Blocks of states, beside lambda: K, and X (one for all stages of a step that is only taken), and what is
 * kept of the transpose. */
static size_t blocks_needed(const og_tableau *tableau, int purpose) {
  size_t stages = (size_t)tableau->stages_total;
  int kind = purpose & ~OG_STEP_TAPED;
  return kind == OG_STEP_DERIVATIVE ? 4 * stages : kind == OG_STEP_TRANSPOSE ? 2 * stages : stages + 1;
}

static size_t reals_needed(const og_tableau *tableau, const og_field *field, int lanes, int purpose) {
  size_t block = OG_PADDED(field->n * (size_t)lanes), stages = (size_t)tableau->stages_total;
  size_t times = (purpose & ~OG_STEP_TAPED) == OG_STEP_DERIVATIVE ? stages * OG_PADDED((size_t)lanes) : 0;
  return (blocks_needed(tableau, purpose) + 1) * block + OG_PADDED(field->p * (size_t)lanes) + times;
}

static size_t times_bytes(const og_tableau *tableau, int lanes) {
  return OG_ALIGNED((size_t)(tableau->stages_total * lanes) * sizeof(double));
}

size_t OG_R(og_explicit_bytes)(const og_stepper *stepper, const og_field *field, int lanes, int purpose) {
  const og_tableau *tableau = stepper->coefficients;
  return OG_ALIGNED(sizeof(explicit_step)) + reals_needed(tableau, field, lanes, purpose) * sizeof(real) +
         times_bytes(tableau, lanes) + OG_ALIGNED(field->scratch_bytes(field, lanes)) +
         (size_t)tableau->stages_total * tape_bytes(field, lanes, purpose);
}

/* In a step without time cotangents the cotangent of X_j takes the place of K_j, so that what is worked on
 * stays in the cache. */
static void take_blocks(explicit_step *e, int kind, real *next) {
  take_stages(e, e->k, &next);
  if (kind == OG_STEP_FORWARD)
    share_states(e, &next);
  else
    take_stages(e, e->stage_x, &next);
  if (kind == OG_STEP_DERIVATIVE) {
    take_stages(e, e->x_bar, &next);
    take_stages(e, e->g, &next);
  } else if (kind == OG_STEP_TRANSPOSE) {
    memcpy(e->x_bar, e->k, sizeof e->x_bar);
  }
  e->lambda = take(&next, e->base.field->n, e->base.lanes);
  e->theta_bar = take(&next, e->base.field->p, e->base.lanes);
  if (kind == OG_STEP_DERIVATIVE) e->t_bars = next;
}

OG_R(og_step) * OG_R(og_explicit_open)(const og_stepper *stepper, const og_field *field, int lanes,
                                       int purpose, void *memory) {
  explicit_step *e = memory;
  *e = (explicit_step){.base = {.stepper = stepper,
                                .ops = stepper->OG_R(ops),
                                .field = field,
                                .kernels = OG_R(og_kernels_best)(),
                                .lanes = lanes,
                                .n = (int)field->n,
                                .p = (int)field->p},
                       .tableau = stepper->coefficients};
  e->core = e->tableau->stages - (e->tableau->first_same_as_last ? 1 : 0);
  set_weights(e);
  char *next = (char *)memory + OG_ALIGNED(sizeof *e);
  take_blocks(e, purpose & ~OG_STEP_TAPED, (real *)(void *)next);
  next += reals_needed(e->tableau, field, lanes, purpose) * sizeof(real);
  e->stage_t = (double *)(void *)next;
  next += times_bytes(e->tableau, lanes);
  e->base.scratch = next;
  next += OG_ALIGNED(field->scratch_bytes(field, lanes));
  size_t bytes = tape_bytes(field, lanes, purpose);
  for (int j = 0; bytes && j < e->tableau->stages_total; j++) e->tape[j] = next + (size_t)j * bytes;
  return &e->base;
}

/* ---- Tapes ---- */

/* Tape, state and slope of one stage. */
static size_t stage_bytes(const og_field *field, int lanes) {
  return OG_ALIGNED(field->tape_bytes(field, lanes)) + 2 * OG_PADDED(field->n * (size_t)lanes) * sizeof(real);
}

/* Each step is computed from its start: a slope that the step before has left would have its tape there. */
size_t OG_R(og_explicit_tape_bytes)(const og_stepper *stepper, const og_field *field, int lanes) {
  const og_tableau *tableau = stepper->coefficients;
  return tableau->first_same_as_last ? 0 : (size_t)tableau->stages * stage_bytes(field, lanes);
}

void OG_R(og_explicit_use_tape)(OG_R(og_step) * step, void *tape, int filled) {
  explicit_step *e = OG_R(og_explicit_of)(step);
  size_t block = OG_PADDED(step->field->n * (size_t)step->lanes);
  char *at = tape;
  for (int j = 0; j < e->tableau->stages; j++, at += stage_bytes(step->field, step->lanes)) {
    e->stage_x[j] = (real *)(void *)at;
    e->k[j] = e->stage_x[j] + block;
    e->tape[j] = e->k[j] + block;
  }
  e->filled = filled;
}
