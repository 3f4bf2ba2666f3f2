/* The memory of a Rosenbrock step. */
#include "step/rosenbrock.h"

typedef OG_R(og_rosenbrock) rosenbrock;

/* Hands out blocks one after another; with no memory it counts what they take. */
typedef struct room {
  char *memory;
  size_t used;
} room;

static void *take_bytes(room *room, size_t bytes) {
  void *at = room->memory ? room->memory + room->used : NULL;
  room->used += OG_ALIGNED(bytes);
  return at;
}

static real *take(room *room, size_t rows, int lanes) {
  return take_bytes(room, OG_PADDED(rows * (size_t)lanes) * sizeof(real));
}

static void take_stages(const rosenbrock *r, room *room, real **blocks) {
  for (int i = 0; i < r->tableau->stages; i++) blocks[i] = take(room, r->base.field->n, r->base.lanes);
}

/* A stage's state is read only while f is evaluated there: in a step that is only taken one block serves all
 * of them. */
static void take_states(rosenbrock *r, int purpose, room *room) {
  if (purpose != OG_STEP_FORWARD) {
    take_stages(r, room, r->stage_x);
    return;
  }
  real *shared = take(room, r->base.field->n, r->base.lanes);
  for (int i = 0; i < r->tableau->stages; i++) r->stage_x[i] = shared;
}

static void take_transpose(rosenbrock *r, room *room) {
  const og_field *field = r->base.field;
  int lanes = r->base.lanes;
  take_stages(r, room, r->v);
  take_stages(r, room, r->x_bar);
  if (field->mass) take_stages(r, room, r->mass_v);
  for (int i = 0; !field->mass && i < r->tableau->stages; i++) r->mass_v[i] = r->v[i];
  r->lambda = take(room, field->n, lanes);
  r->curved = take(room, field->n, lanes);
  r->part = take(room, field->n, lanes);
  r->theta_bar = take(room, field->p, lanes);
  r->t_bars = take(room, ((size_t)r->tableau->stages + 1) * OG_PADDED((size_t)lanes), 1);
}

static void take_all(rosenbrock *r, int purpose, room *room) {
  const og_field *field = r->base.field;
  int lanes = r->base.lanes;
  take_bytes(room, sizeof *r);
  r->f0 = take(room, field->n, lanes);
  r->sum = take(room, field->n, lanes);
  if (field->flags & OG_FIELD_DEPENDS_ON_TIME) r->f_t = take(room, field->n, lanes);
  if (field->mass) r->product = take(room, field->n, lanes);
  take_stages(r, room, r->u);
  take_states(r, purpose, room);
  if (purpose != OG_STEP_FORWARD) take_transpose(r, room);
  r->w = take(room, (size_t)og_elimination_pattern(r->elimination)->count, lanes);
  r->factors = take_bytes(room, OG_R(og_elimination_bytes)(r->elimination, lanes));
  r->base.scratch = take_bytes(room, field->scratch_bytes(field, lanes));
}

static rosenbrock step_of(const og_stepper *stepper, const og_field *field, int lanes) {
  return (rosenbrock){.base = {.stepper = stepper,
                               .ops = stepper->OG_R(ops),
                               .field = field,
                               .kernels = OG_R(og_kernels_best)(),
                               .lanes = lanes,
                               .n = (int)field->n,
                               .p = (int)field->p},
                      .tableau = stepper->coefficients,
                      .elimination = stepper->elimination};
}

size_t OG_R(og_rosenbrock_bytes)(const og_stepper *stepper, const og_field *field, int lanes, int purpose) {
  rosenbrock r = step_of(stepper, field, lanes);
  room counted = {0};
  take_all(&r, purpose & ~OG_STEP_TAPED, &counted);
  return counted.used;
}

OG_R(og_step) * OG_R(og_rosenbrock_open)(const og_stepper *stepper, const og_field *field, int lanes,
                                         int purpose, void *memory) {
  rosenbrock *r = memory;
  room room = {.memory = memory};
  *r = step_of(stepper, field, lanes);
  take_all(r, purpose & ~OG_STEP_TAPED, &room);
  return &r->base;
}
