/* The memory of a diagonally implicit step. */
#include "step/dirk.h"

#include <math.h>
#include <string.h>

typedef OG_R(og_dirk) dirk;
typedef OG_R(og_step) step_t;

/* A stage's state and its matrix are needed only while it is found: in a step that is only taken one block
 * serves all of them. */
static void take_stages(dirk *d, int forward, og_room *room) {
  const og_field *field = d->common.base.field;
  size_t bytes = OG_R(og_elimination_bytes)(d->elimination, d->common.base.lanes);
  for (int i = 0; i < d->tableau->stages; i++) {
    int shared = forward && i > 1;
    d->common.u[i] = OG_R(og_room_rows)(room, field->n, d->common.base.lanes);
    if (i == 0) continue;
    d->stage_x[i] = shared ? d->stage_x[1] : OG_R(og_room_rows)(room, field->n, d->common.base.lanes);
    d->stage_factors[i] = shared ? d->stage_factors[1] : og_room_take(room, bytes);
  }
}

static void take_transpose(dirk *d, og_room *room) {
  const og_field *field = d->common.base.field;
  int lanes = d->common.base.lanes;
  for (int i = 0; i < d->tableau->stages; i++) {
    d->start_bar[i] = OG_R(og_room_rows)(room, field->n, lanes);
    d->common.u_dot[i] = OG_R(og_room_rows)(room, field->n, lanes);
  }
  d->v = OG_R(og_room_rows)(room, field->n, lanes);
  d->part = OG_R(og_room_rows)(room, field->n, lanes);
  d->common.lambda = OG_R(og_room_rows)(room, field->n, lanes);
  d->common.theta_bar = OG_R(og_room_rows)(room, field->p, lanes);
  d->common.t_bars = OG_R(og_room_rows)(room, (size_t)d->tableau->stages * OG_PADDED((size_t)lanes), 1);
}

static void take_all(dirk *d, int forward, og_room *room) {
  const og_field *field = d->common.base.field;
  int lanes = d->common.base.lanes;
  size_t bytes = OG_R(og_elimination_bytes)(d->elimination, lanes);
  og_room_take(room, sizeof *d);
  d->common.f0 = OG_R(og_room_rows)(room, field->n, lanes);
  d->start = OG_R(og_room_rows)(room, field->n, lanes);
  d->z = OG_R(og_room_rows)(room, field->n, lanes);
  d->residual = OG_R(og_room_rows)(room, field->n, lanes);
  OG_R(og_following_take_room)(&d->common, room);
  if (field->mass) d->common.product = OG_R(og_room_rows)(room, field->n, lanes);
  take_stages(d, forward, room);
  if (!forward) take_transpose(d, room);
  d->w = OG_R(og_room_rows)(room, (size_t)og_elimination_pattern(d->elimination)->count, lanes);
  d->factors = og_room_take(room, bytes);
  if (field->mass) d->mass_factors = og_room_take(room, bytes);
  d->common.base.scratch = og_room_take(room, field->scratch_bytes(field, lanes));
}

static dirk step_of(const og_stepper *stepper, const og_field *field, int lanes) {
  const og_dirk_tableau *tableau = stepper->coefficients;
  return (dirk){.common = {.base = OG_R(og_increments_base)(stepper, field, lanes),
                           .rows = og_dirk_rows(tableau),
                           .uses_start = tableau->b[0] != 0 || tableau->e[0] != 0,
                           .nodes = tableau->c,
                           .times = field->flags & OG_FIELD_DEPENDS_ON_TIME ? tableau->stages : 0},
                .tableau = tableau,
                .elimination = stepper->elimination};
}

size_t OG_R(og_dirk_bytes)(const og_stepper *stepper, const og_field *field, int lanes, int purpose) {
  dirk d = step_of(stepper, field, lanes);
  og_room counted = {0};
  take_all(&d, (purpose & ~OG_STEP_TAPED) == OG_STEP_FORWARD, &counted);
  return counted.used;
}

/* ---- What is computed once ---- */

/* The weights of the polynomial through the u_j at `count` nodes, which it is guessed from at c. */
static double lagrange(const double *c, const int *node, int count, double at, double *weights) {
  double most = 0;
  for (int k = 0; k < count; k++) {
    double weight = 1;
    for (int l = 0; l < count; l++)
      if (l != k) weight *= (at - c[node[l]]) / (c[node[k]] - c[node[l]]);
    weights[node[k]] = weight;
    most = fmax(most, fabs(weight));
  }
  return most;
}

/* The `count` stages before i whose nodes are nearest to its own, and no two the same. Returns how many there
 * are. */
static int nearest(const og_dirk_tableau *tableau, int i, int count, int *node) {
  int found = 0, used[OG_DIRK_STAGES] = {0};
  for (int j = i - 1; j >= 0; j--)
    for (int l = j + 1; l < i; l++) used[j] |= tableau->c[j] == tableau->c[l];
  while (found < count) {
    int best = -1;
    for (int j = 0; j < i; j++)
      if (!used[j] &&
          (best < 0 || fabs(tableau->c[j] - tableau->c[i]) < fabs(tableau->c[best] - tableau->c[i])))
        best = j;
    if (best < 0) break;
    used[best] = 1;
    node[found++] = best;
  }
  return found;
}

/* Extrapolation that multiplies what it is made of is no guess. */
static const double WEIGHT_MOST = 4;

/* Without an error estimate the step may be anything, and the slope at its start, stiff as it can be, leads
 * far away from x, perhaps to another solution of the equations: their iteration begins at x. */
static void set_predictor(dirk *d) {
  const og_dirk_tableau *tableau = d->tableau;
  memset(d->predictor, 0, sizeof d->predictor);
  if (tableau->embedded_order == 0) return;
  for (int i = 1; i < tableau->stages; i++) {
    int node[OG_DIRK_STAGES], count = nearest(tableau, i, 4, node);
    double weights[OG_DIRK_STAGES] = {0};
    while (lagrange(tableau->c, node, count, tableau->c[i], weights) > WEIGHT_MOST && count > 1)
      weights[node[--count]] = 0;
    for (int j = 0; j < i; j++) d->predictor[i][j] = weights[j];
  }
}

static void factor_mass(dirk *d) {
  const step_t *step = &d->common.base;
  og_lane_status status[OG_LANES_MAX] = {0};
  if (!d->mass_factors) return;
  for (int k = 0; k < step->field->pattern->count; k++)
    for (int lane = 0; lane < step->lanes; lane++) d->w[k * step->lanes + lane] = (real)step->field->mass[k];
  OG_R(og_elimination_factor)(d->elimination, step->lanes, d->w, d->mass_factors, status);
}

OG_R(og_step) * OG_R(og_dirk_open)(const og_stepper *stepper, const og_field *field, int lanes, int purpose,
                                   void *memory) {
  dirk *d = memory;
  og_room room = {.memory = memory};
  *d = step_of(stepper, field, lanes);
  take_all(d, (purpose & ~OG_STEP_TAPED) == OG_STEP_FORWARD, &room);
  set_predictor(d);
  factor_mass(d);
  return &d->common.base;
}
