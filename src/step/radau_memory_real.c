/* The memory of a fully implicit step. */
#include "step/radau.h"

typedef OG_R(og_radau) radau;
typedef OG_R(og_step) step_t;

static void take_stages(const radau *r, og_room *room, real **blocks) {
  for (int i = 0; i < r->tableau->stages; i++)
    blocks[i] = OG_R(og_room_rows)(room, r->common.base.field->n, r->common.base.lanes);
}

static void take_transpose(radau *r, og_room *room) {
  const og_field *field = r->common.base.field;
  int lanes = r->common.base.lanes;
  take_stages(r, room, r->v);
  take_stages(r, room, r->bar);
  take_stages(r, room, r->common.u_dot);
  r->part = OG_R(og_room_rows)(room, field->n, lanes);
  r->common.lambda = OG_R(og_room_rows)(room, field->n, lanes);
  r->common.theta_bar = OG_R(og_room_rows)(room, field->p, lanes);
  r->common.t_bars = OG_R(og_room_rows)(room, (size_t)r->tableau->stages * OG_PADDED((size_t)lanes), 1);
}

static void take_matrices(radau *r, og_room *room) {
  const og_field *field = r->common.base.field;
  size_t count = (size_t)og_elimination_pattern(r->system)->count;
  int lanes = r->common.base.lanes;
  r->source = og_room_take(room, count * sizeof *r->source);
  r->right = OG_R(og_room_rows)(room, field->n * (size_t)r->tableau->stages, lanes);
  r->jacobian = OG_R(og_room_rows)(room, (size_t)field->pattern->count, lanes);
  r->w = OG_R(og_room_rows)(room, count, lanes);
  r->factors = og_room_take(room, OG_R(og_elimination_bytes)(r->elimination, lanes));
  r->system_factors = og_room_take(room, OG_R(og_elimination_bytes)(r->system, lanes));
}

static void take_all(radau *r, int forward, og_room *room) {
  const og_field *field = r->common.base.field;
  int lanes = r->common.base.lanes;
  og_room_take(room, sizeof *r);
  r->common.f0 = OG_R(og_room_rows)(room, field->n, lanes);
  r->sum = OG_R(og_room_rows)(room, field->n, lanes);
  OG_R(og_following_take_room)(&r->common, room);
  if (field->mass) r->common.product = OG_R(og_room_rows)(room, field->n, lanes);
  take_stages(r, room, r->common.u);
  take_stages(r, room, r->stage_x);
  take_stages(r, room, r->residual);
  if (!forward) take_transpose(r, room);
  take_matrices(r, room);
  r->common.base.scratch = og_room_take(room, field->scratch_bytes(field, lanes));
}

static radau step_of(const og_stepper *stepper, const og_field *field, int lanes) {
  const og_radau_tableau *tableau = stepper->coefficients;
  return (radau){.common = {.base = OG_R(og_increments_base)(stepper, field, lanes),
                            .rows = og_radau_rows(tableau),
                            .uses_start = 1,
                            .nodes = tableau->c,
                            .times = field->flags & OG_FIELD_DEPENDS_ON_TIME ? tableau->stages : 0},
                 .tableau = tableau,
                 .elimination = stepper->elimination,
                 .system = stepper->system};
}

size_t OG_R(og_radau_bytes)(const og_stepper *stepper, const og_field *field, int lanes, int purpose) {
  radau r = step_of(stepper, field, lanes);
  og_room counted = {0};
  take_all(&r, (purpose & ~OG_STEP_TAPED) == OG_STEP_FORWARD, &counted);
  return counted.used;
}

OG_R(og_step) * OG_R(og_radau_open)(const og_stepper *stepper, const og_field *field, int lanes, int purpose,
                                    void *memory) {
  radau *r = memory;
  og_room room = {.memory = memory};
  *r = step_of(stepper, field, lanes);
  take_all(r, (purpose & ~OG_STEP_TAPED) == OG_STEP_FORWARD, &room);
  if (field->following == OG_FOLLOWS_INTEGRALS) og_radau_collocation(r->tableau, r->a);
  const og_pattern *pattern = og_elimination_pattern(r->system);
  for (int e = 0; e < pattern->count; e++)
    r->source[e] = og_pattern_find(field->pattern, pattern->row[e] / r->tableau->stages,
                                   pattern->column[e] / r->tableau->stages);
  return &r->common.base;
}
