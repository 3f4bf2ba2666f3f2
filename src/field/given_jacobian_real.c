/* Jacobians of callback fields on lane blocks: as the user's callback gives them; out of products; or out of
 * forward differences of f, those of columns that have no row in common at once. */
#include <float.h>
#include <string.h>

#include "base/real.h"
#include "field/callback.h"
#include "field/coloured.h"

static og_lane_status narrowed(int result) { return (og_lane_status)((result > 0) - (result < 0)); }

/* ---- The user's ---- */

/* A callback of the precision, on the block as it is. */
static int own_block(const og_callback_field *field, int lanes, const double *t, const real *x,
                     const real *theta, real *values, og_lane_status *status) {
#if defined(OG_SINGLE)
  return field->block.jacobian_single(lanes, t, x, theta, values, status, field->user);
#else
  return field->block.jacobian(lanes, t, x, theta, values, status, field->user);
#endif
}

static void hand_out_rows(const og_callback_field *field, size_t lanes, const real *given, real *values) {
  size_t count = og_declared_values(field);
  for (size_t k = 0; k < count; k++)
    if (field->value_place[k] >= 0)
      memcpy(values + (size_t)field->value_place[k] * lanes, given + k * lanes, lanes * sizeof *values);
}

static void from_blocks(const og_field *base, int lanes, const double *t, const real *x, const real *theta,
                        real *values, og_lane_status *status, void *scratch) {
  const og_callback_field *field = (const og_callback_field *)base;
  size_t count = og_declared_values(field) * (size_t)lanes;
  og_lane_status before[OG_LANES_MAX];
  real *given = scratch;
  memcpy(before, status, (size_t)lanes * sizeof *status);
  memset(given, 0, count * sizeof *given);
  theta = OG_R(og_block_load_inputs)(base, lanes, t, theta, given + OG_PADDED(count));
  int result = own_block(field, lanes, t, x, theta, given, status);
  og_block_statuses(lanes, result, before, status);
  hand_out_rows(field, (size_t)lanes, given, values);
}

/* One lane after another. */
static void from_points(const og_field *base, int lanes, const double *t, const real *x, const real *theta,
                        real *values, og_lane_status *status, void *scratch) {
  const og_callback_field *field = (const og_callback_field *)base;
  size_t count = og_declared_values(field), width = (size_t)lanes;
  double *given = scratch;
  og_callback_point at = og_callback_point_in(base, given + OG_PADDED(count));
  for (size_t lane = 0; lane < width; lane++) {
    if (status[lane]) continue;
    OG_R(og_callback_load)(base, lanes, (int)lane, t, x, theta, &at);
    memset(given, 0, count * sizeof *given);
    status[lane] = narrowed(field->jacobian(at.t, at.x, at.theta, given, field->user));
    for (size_t k = 0; k < count; k++)
      if (field->value_place[k] >= 0) values[(size_t)field->value_place[k] * width + lane] = (real)given[k];
  }
}

/* ---- Differences ---- */

/* In double in either precision: x, which is moved, and how far; f there and at x; theta. */
typedef struct moved {
  double *x, *by, *f, *f0, *theta;
  void *own;
} moved;

static moved open_moved(const og_field *field, int lanes, void *scratch) {
  size_t block = OG_PADDED(field->n * (size_t)lanes), theta = OG_PADDED(field->p * (size_t)lanes);
  double *at = scratch;
  return (moved){at, at + block, at + 2 * block, at + 3 * block, at + 4 * block, at + 4 * block + theta};
}

/* sqrt(epsilon) of the state, or of a thousandth of the largest where it is smaller; away from zero. */
static void choose_moves(const og_field *field, size_t width, moved *m) {
  size_t states = og_field_states(field);
  memset(m->by, 0, field->n * width * sizeof *m->by);
  for (size_t lane = 0; lane < width; lane++) {
    double most = 0;
    for (size_t j = 0; j < states; j++) most = fmax(most, fabs(m->x[j * width + lane]));
    for (size_t j = 0; j < states; j++) {
      double x = m->x[j * width + lane], size = fmax(fabs(x), most > 0 ? 1e-3 * most : 1);
      volatile double there = x + copysign(sqrt(DBL_EPSILON) * size, x);
      m->by[j * width + lane] = there - x; /* exactly what is added */
    }
  }
}

static void add_colour(const og_field *field, int colour, size_t width, const moved *m, real *values) {
  const og_colouring *c = field->colouring;
  for (int i = c->entry_start[colour]; i < c->entry_start[colour + 1]; i++) {
    size_t entry = (size_t)c->entry[i], row = (size_t)c->pattern->row[entry] * width,
           column = (size_t)c->pattern->column[entry] * width;
    for (size_t lane = 0; lane < width; lane++)
      values[entry * width + lane] =
          (real)(m->by[column + lane] != 0 ? (m->f[row + lane] - m->f0[row + lane]) / m->by[column + lane]
                                           : 0);
  }
}

static void from_differences(const og_field *field, int lanes, const double *t, const real *x,
                             const real *theta, real *values, og_lane_status *status, void *scratch) {
  const og_colouring *c = field->colouring;
  size_t width = (size_t)lanes;
  moved m = open_moved(field, lanes, scratch);
  for (size_t i = 0; i < field->n * width; i++) m.x[i] = (double)x[i];
  for (size_t i = 0; i < field->p * width; i++) m.theta[i] = (double)theta[i];
  choose_moves(field, width, &m);
  field->ops_d.eval(field, lanes, t, m.x, m.theta, m.f0, status, m.own);
  for (int colour = 0; colour < c->colours; colour++) {
    for (int sign = 1; sign >= -1; sign -= 2) {
      for (int i = c->column_start[colour]; i < c->column_start[colour + 1]; i++)
        for (size_t lane = 0, at = (size_t)c->column[i] * width; lane < width; lane++)
          m.x[at + lane] = (double)x[at + lane] + (sign > 0 ? m.by[at + lane] : 0);
      if (sign > 0) field->ops_d.eval(field, lanes, t, m.x, m.theta, m.f, status, m.own);
    }
    add_colour(field, colour, width, &m, values);
  }
}

/* ---- The running cost's row ---- */

static void add_cost(const og_field *base, int lanes, const double *t, const real *x, const real *theta,
                     real *values, og_lane_status *status, void *scratch) {
  const og_callback_field *field = (const og_callback_field *)base;
  size_t width = (size_t)lanes, first = (size_t)base->pattern->start[base->n - 1];
  og_callback_point at = og_callback_point_in(base, scratch);
  for (size_t lane = 0; lane < width; lane++) {
    if (status[lane]) continue;
    OG_R(og_callback_load)(base, lanes, (int)lane, t, x, theta, &at);
    status[lane] = narrowed(og_callback_cost_gradient(field, &at));
    for (size_t j = 0; j + 1 < base->n; j++) values[(first + j) * width + lane] = (real)at.x_bar[j];
  }
}

/* ---- All ---- */

#if defined(OG_SINGLE)
/* In double, where the user's callback is of that alone. */
static void from_double(const og_field *field, int lanes, const double *t, const real *x, const real *theta,
                        real *values, og_lane_status *status, void *scratch) {
  size_t width = (size_t)lanes, n = field->n * width, p = field->p * width,
         count = (size_t)field->pattern->count * width;
  double *wide_x = scratch, *wide_theta = wide_x + OG_PADDED(n), *wide = wide_theta + OG_PADDED(p);
  for (size_t i = 0; i < n; i++) wide_x[i] = (double)x[i];
  for (size_t i = 0; i < p; i++) wide_theta[i] = (double)theta[i];
  field->ops_d.jacobian(field, lanes, t, wide_x, wide_theta, wide, status, wide + OG_PADDED(count));
  for (size_t i = 0; i < count; i++) values[i] = (real)wide[i];
}
#endif

void OG_R(og_callback_jacobian)(const og_field *base, int lanes, const double *t, const real *x,
                                const real *theta, real *values, og_lane_status *status, void *scratch) {
  const og_callback_field *field = (const og_callback_field *)base;
#if defined(OG_SINGLE)
  if (field->block.jacobian && !field->block.jacobian_single) {
    from_double(base, lanes, t, x, theta, values, status, scratch);
    return;
  }
#endif
  memset(values, 0, (size_t)base->pattern->count * (size_t)lanes * sizeof *values);
  if (field->block.jacobian)
    from_blocks(base, lanes, t, x, theta, values, status, scratch);
  else if (field->jacobian)
    from_points(base, lanes, t, x, theta, values, status, scratch);
  else if (og_has_own_jvp(field) || og_has_own_vjp(field))
    OG_R(og_coloured_jacobian)(base, lanes, t, x, theta, values, status, scratch);
  else
    from_differences(base, lanes, t, x, theta, values, status, scratch);
  if (field->cost) add_cost(base, lanes, t, x, theta, values, status, scratch);
}

#if !defined(OG_SINGLE)
int og_callback_jacobian_width(const og_field *field, int lanes) {
  int width = field->colouring ? og_coloured_width(field, lanes) : lanes;
  return width > lanes ? width : lanes;
}

/* The largest of: declared values and the callbacks' theta; products side by side; moved points; each behind
 * what is converted to double. */
size_t og_callback_jacobian_bytes(const og_field *field, int lanes) {
  size_t width = OG_PADDED((size_t)lanes), n = OG_PADDED(field->n * width), p = OG_PADDED(field->p * width);
  size_t given = og_gives_jacobian((const og_callback_field *)field)
                     ? OG_PADDED(og_declared_values((const og_callback_field *)field) * width) + n + p
                     : 4 * n + p;
  size_t coloured = field->colouring ? og_coloured_bytes(field, lanes) : 0;
  size_t most = given * sizeof(double) > coloured ? given * sizeof(double) : coloured;
  return most + (n + p + OG_PADDED((size_t)field->pattern->count * width)) * sizeof(double);
}
#endif
