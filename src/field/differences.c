/* Products of a callback field by central differences, for those who ask for them.
 *
 * The step cbrt(epsilon) balances the truncation error O(step^2) with the rounding error O(epsilon / step).
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "field/callback.h"

static double step_for(double value, double scale) {
  volatile double moved = value + cbrt(DBL_EPSILON) * fmax(fabs(value), scale);
  return moved - value; /* exactly what is added, so that the quotient has no rounding error from it */
}

/* (out(+) - out(-)) / 2 along (t_dot, x_dot, theta_dot) scaled by `step`; the moved point lives in at->work.
 */
static int central(const og_callback_field *field, const og_callback_map *map, const og_callback_point *at,
                   double step, double *difference) {
  size_t n = field->base.n, p = og_callback_entries(field);
  og_callback_point moved = {.x = at->work, .theta = at->work + n};
  double *sides[2] = {at->work + n + p, difference};
  for (int side = 0; side < 2; side++) {
    double h = side ? step : -step;
    moved.t = at->t + h * at->t_dot;
    for (size_t i = 0; i < n; i++) moved.x[i] = at->x[i] + h * at->x_dot[i];
    for (size_t i = 0; i < p; i++) moved.theta[i] = at->theta[i] + h * at->theta_dot[i];
    int result = map->eval(field, map->which, &moved, sides[side]);
    if (result) return result;
  }
  for (size_t i = 0; i < map->rows; i++) difference[i] = (difference[i] - sides[0][i]) / (2 * step);
  return 0;
}

static double largest(const double *v, size_t count) {
  double most = 0;
  for (size_t i = 0; i < count; i++) most = fmax(most, fabs(v[i]));
  return most;
}

/* The step along the point's tangent, chosen so that the point moves by about cbrt(epsilon) of its own size;
 * 0 when the tangent is zero. */
static double step_along(const og_callback_field *field, const og_callback_point *at) {
  size_t n = field->base.n, p = og_callback_entries(field);
  double move = fmax(fmax(largest(at->x_dot, n), largest(at->theta_dot, p)), fabs(at->t_dot));
  return move == 0 ? 0 : cbrt(DBL_EPSILON) * fmax(1, largest(at->x, n)) / move;
}

int og_difference_jvp(const og_callback_field *field, const og_callback_map *map, og_callback_point *at) {
  double step = step_along(field, at);
  if (step != 0) return central(field, map, at, step, at->f);
  memset(at->f, 0, map->rows * sizeof *at->f);
  return 0;
}

/* out_bar^T (d out / d *value), moving one entry. */
static int column(const og_callback_field *field, const og_callback_map *map, og_callback_point *at,
                  double step, double *direction, double *bar) {
  double *difference = at->work + field->base.n + og_callback_entries(field) + map->rows;
  *direction = 1;
  int result = central(field, map, at, step, difference);
  *direction = 0;
  *bar = 0;
  for (size_t i = 0; i < map->rows; i++) *bar += map->out_bar[i] * difference[i];
  return result;
}

int og_difference_vjp(const og_callback_field *field, const og_callback_map *map, og_callback_point *at) {
  size_t n = field->base.n, p = og_callback_entries(field);
  int result = 0;
  memset(at->x_dot, 0, n * sizeof *at->x_dot);
  if (p) memset(at->theta_dot, 0, p * sizeof *at->theta_dot);
  at->t_dot = 0;
  double x_scale = fmax(1e-3 * largest(at->x, n), 1e-8);
  for (size_t i = 0; i < n && !result; i++)
    result = column(field, map, at, step_for(at->x[i], x_scale), &at->x_dot[i], &at->x_bar[i]);
  for (size_t i = 0; i < p && !result; i++)
    result = column(field, map, at, step_for(at->theta[i], 1e-3), &at->theta_dot[i], &at->theta_bar[i]);
  if (!result) result = column(field, map, at, step_for(at->t, 1e-3), &at->t_dot, &at->t_bar);
  return result;
}

int og_difference_cost(const og_callback_field *field, og_callback_point *at) {
  size_t states = og_field_states(&field->base);
  double scale = fmax(1e-3 * largest(at->x, states), 1e-8), sides[2];
  for (size_t i = 0; i < states; i++) {
    double x = at->x[i], step = step_for(x, scale);
    for (int side = 0; side < 2; side++) {
      at->x[i] = side ? x + step : x - step;
      int result = field->cost(at->t, at->x, at->theta, &sides[side], field->user);
      at->x[i] = x;
      if (result) return result;
    }
    at->x_bar[i] = (sides[1] - sides[0]) / (2 * step);
  }
  return 0;
}

/* The vjp at the point moved by `h` along (t_dot, x_dot, theta_dot), with lambda held; the moved point lives
 * in at->work. */
static int moved_vjp(const og_callback_field *field, const og_callback_point *at, double h, double *x_bar,
                     double *theta_bar, double *t_bar) {
  size_t n = field->base.n, p = og_callback_entries(field);
  og_callback_point moved = {.t = at->t + h * at->t_dot,
                             .x = at->work,
                             .theta = at->work + n,
                             .lambda = at->lambda,
                             .x_bar = x_bar,
                             .theta_bar = theta_bar,
                             .cost_bar = at->cost_bar};
  for (size_t i = 0; i < n; i++) moved.x[i] = at->x[i] + h * at->x_dot[i];
  for (size_t i = 0; i < p; i++) moved.theta[i] = at->theta[i] + h * at->theta_dot[i];
  int result = og_callback_vjp(field, &moved);
  *t_bar = moved.t_bar;
  return result;
}

int og_difference_hessian(const og_callback_field *field, og_callback_point *at) {
  size_t n = field->base.n, p = og_callback_entries(field);
  double *x_bar = at->work + n + p, *theta_bar = x_bar + n, t_bar = 0;
  double step = step_along(field, at), scale = step != 0 ? 1 / (2 * step) : 0;
  int result = moved_vjp(field, at, -step, x_bar, theta_bar, &t_bar);
  if (!result) result = moved_vjp(field, at, step, at->x_bar, at->theta_bar, &at->t_bar);
  for (size_t i = 0; i < n; i++) at->x_bar[i] = (at->x_bar[i] - x_bar[i]) * scale;
  for (size_t i = 0; i < p; i++) at->theta_bar[i] = (at->theta_bar[i] - theta_bar[i]) * scale;
  at->t_bar = (at->t_bar - t_bar) * scale;
  return result;
}
