/* The memory of a Rosenbrock step. */
#include "step/rosenbrock.h"

#include <string.h>

typedef OG_R(og_rosenbrock) rosenbrock;

typedef OG_R(og_step) step_t;

static void take_stages(const rosenbrock *r, og_room *room, real **blocks) {
  for (int i = 0; i < r->tableau->stages; i++)
    blocks[i] = OG_R(og_room_rows)(room, r->common.base.field->n, r->common.base.lanes);
}

/* A stage's state is read only while f is evaluated there: in a step that is only taken one block serves all
 * of them. */
static void take_states(rosenbrock *r, int purpose, og_room *room) {
  if (purpose != OG_STEP_FORWARD) {
    take_stages(r, room, r->stage_x);
    return;
  }
  real *shared = OG_R(og_room_rows)(room, r->common.base.field->n, r->common.base.lanes);
  for (int i = 0; i < r->tableau->stages; i++) r->stage_x[i] = shared;
}

static void take_transpose(rosenbrock *r, og_room *room) {
  const og_field *field = r->common.base.field;
  int lanes = r->common.base.lanes;
  take_stages(r, room, r->v);
  take_stages(r, room, r->x_bar);
  if (field->mass) take_stages(r, room, r->mass_v);
  for (int i = 0; !field->mass && i < r->tableau->stages; i++) r->mass_v[i] = r->v[i];
  r->common.lambda = OG_R(og_room_rows)(room, field->n, lanes);
  r->curved = OG_R(og_room_rows)(room, field->n, lanes);
  r->part = OG_R(og_room_rows)(room, field->n, lanes);
  r->common.theta_bar = OG_R(og_room_rows)(room, field->p, lanes);
  r->common.t_bars = OG_R(og_room_rows)(room, ((size_t)r->tableau->stages + 1) * OG_PADDED((size_t)lanes), 1);
}

static void take_kept(rosenbrock *r, og_room *room) {
  const og_field *field = r->common.base.field;
  int lanes = r->common.base.lanes;
  r->common.f0 = OG_R(og_room_rows)(room, field->n, lanes);
  if (field->flags & OG_FIELD_DEPENDS_ON_TIME) r->f_t = OG_R(og_room_rows)(room, field->n, lanes);
  take_stages(r, room, r->common.u);
  r->factors = og_room_take(room, OG_R(og_elimination_bytes)(r->elimination, lanes));
}

static void take_all(rosenbrock *r, int purpose, og_room *room) {
  const og_field *field = r->common.base.field;
  int lanes = r->common.base.lanes;
  og_room_take(room, sizeof *r);
  r->kept = room->memory ? room->memory + room->used : NULL;
  take_kept(r, room);
  r->sum = OG_R(og_room_rows)(room, field->n, lanes);
  OG_R(og_following_take_room)(&r->common, room);
  if (field->mass) r->common.product = OG_R(og_room_rows)(room, field->n, lanes);
  take_states(r, purpose, room);
  if (purpose != OG_STEP_FORWARD) take_transpose(r, room);
  r->w = OG_R(og_room_rows)(room, (size_t)og_elimination_pattern(r->elimination)->count, lanes);
  r->common.base.scratch = og_room_take(room, field->scratch_bytes(field, lanes));
}

static rosenbrock step_of(const og_stepper *stepper, const og_field *field, int lanes) {
  return (rosenbrock){.common = {.base = OG_R(og_increments_base)(stepper, field, lanes),
                                 .rows = og_rosenbrock_rows(stepper->coefficients),
                                 .uses_start = 1},
                      .tableau = stepper->coefficients,
                      .elimination = stepper->elimination};
}

size_t OG_R(og_rosenbrock_bytes)(const og_stepper *stepper, const og_field *field, int lanes, int purpose) {
  rosenbrock r = step_of(stepper, field, lanes);
  og_room counted = {0};
  take_all(&r, purpose & ~OG_STEP_TAPED, &counted);
  return counted.used;
}

OG_R(og_step) * OG_R(og_rosenbrock_open)(const og_stepper *stepper, const og_field *field, int lanes,
                                         int purpose, void *memory) {
  rosenbrock *r = memory;
  og_room room = {.memory = memory};
  *r = step_of(stepper, field, lanes);
  take_all(r, purpose & ~OG_STEP_TAPED, &room);
  r->common.nodes = r->nodes;
  r->common.times = r->f_t ? r->tableau->stages + 1 : 0;
  memcpy(r->nodes, r->tableau->alpha, (size_t)r->tableau->stages * sizeof *r->nodes);
  memcpy(r->common.u_dot, r->v, sizeof r->v);
  return &r->common.base;
}

/* ---- Tapes ---- */

size_t OG_R(og_rosenbrock_tape_bytes)(const og_stepper *stepper, const og_field *field, int lanes) {
  rosenbrock r = step_of(stepper, field, lanes);
  og_room counted = {0};
  take_kept(&r, &counted);
  return counted.used;
}

/* Without one the step works in its own memory. */
void OG_R(og_rosenbrock_use_tape)(step_t *step, void *tape, int filled) {
  rosenbrock *r = OG_R(og_rosenbrock_of)(step);
  og_room room = {.memory = tape ? tape : r->kept};
  take_kept(r, &room);
  r->filled = tape && filled;
}
