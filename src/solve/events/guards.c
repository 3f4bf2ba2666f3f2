#include "solve/events/guards.h"

#include <math.h>
#include <string.h>

/* A steady solve ends where the root mean square of f over the states falls to the tolerance, in units of the
 * state per unit of time: g = ||f|| / sqrt(n) - tolerance. */
static int is_steady(const og_solve *solve, size_t event) { return event == solve->field->events; }

og_event og_guard_about(const og_solve *solve, size_t event) {
  if (is_steady(solve, event)) return (og_event){OG_INIT(og_event), "steady", OG_DIRECTION_FALLING, 1};
  return solve->field->event[event];
}

size_t og_guard_work(const og_solve *solve, int lanes) {
  return OG_PADDED(solve->n * (size_t)lanes) + OG_PADDED(solve->n) + og_consistent_work(solve);
}

int og_guard_settles(const og_solve *solve, size_t event) {
  return og_has_algebraic(solve) && !is_steady(solve, event);
}

og_instant og_guard_instant(const og_guard_point *at) {
  return (og_instant){at->t, at->theta, at->scratch, at->work};
}

void og_guard_values(const og_solve *solve, int lanes, const double *t, const double *x, const double *theta,
                     double *g, og_lane_status *status, void *scratch, double *work) {
  const og_field *field = solve->field;
  size_t width = (size_t)lanes;
  if (field->events) field->event_ops.guard(field, lanes, t, x, theta, g, status, scratch);
  if (!(solve->limits.steady > 0)) return;
  double *steady = g + field->events * width;
  field->ops_d.eval(field, lanes, t, x, theta, work, status, scratch);
  for (size_t lane = 0; lane < width; lane++) {
    double sum = 0;
    for (size_t i = 0; i < solve->states; i++) sum += work[i * width + lane] * work[i * width + lane];
    steady[lane] = sqrt(sum / (double)solve->states) - solve->limits.steady;
  }
}

/* dg = f^T df / (n rms) */
static int steady_gradient(const og_solve *solve, const og_guard_point *at, double *g_x, double *g_theta,
                           double *g_t) {
  const og_field *field = solve->field;
  og_lane_status status = 0;
  _Alignas(64) double t[OG_LANE_STEP] = {at->t}, t_bar[OG_LANE_STEP];
  double *f = at->work, *lambda = f + OG_PADDED(solve->n), sum = 0;
  field->ops_d.eval(field, 1, t, at->x, at->theta, f, &status, at->scratch);
  for (size_t i = 0; i < solve->states; i++) sum += f[i] * f[i];
  double scale = 1 / ((double)solve->states * sqrt(sum / (double)solve->states));
  for (size_t i = 0; i < solve->n; i++) lambda[i] = i < solve->states ? f[i] * scale : 0;
  field->ops_d.vjp(field, 1, t, at->x, at->theta, lambda, g_x, field->p ? g_theta : NULL, t_bar, &status,
                   at->scratch);
  *g_t = t_bar[0];
  return status;
}

int og_guard_gradient(const og_solve *solve, size_t event, const og_guard_point *at, double *g_x,
                      double *g_theta, double *g_t) {
  const og_field *field = solve->field;
  if (is_steady(solve, event)) return steady_gradient(solve, at, g_x, g_theta, g_t);
  return field->event_ops.guard_gradient(field, event, at->t, at->x, at->theta, g_x, g_theta, g_t,
                                         at->scratch);
}

int og_guard_jump(const og_solve *solve, size_t event, const og_guard_point *at, double *after) {
  const og_field *field = solve->field;
  if (!is_steady(solve, event))
    return field->event_ops.jump(field, event, at->t, at->x, at->theta, after, at->scratch);
  memcpy(after, at->x, solve->n * sizeof *after);
  return 0;
}

int og_guard_jump_vjp(const og_solve *solve, size_t event, const og_guard_point *at, const double *after_bar,
                      double *x_bar, double *theta_bar, double *t_bar) {
  const og_field *field = solve->field;
  if (!is_steady(solve, event))
    return field->event_ops.jump_vjp(field, event, at->t, at->x, at->theta, after_bar, x_bar, theta_bar,
                                     t_bar, at->scratch);
  memcpy(x_bar, after_bar, solve->n * sizeof *x_bar);
  if (field->p) memset(theta_bar, 0, field->p * sizeof *theta_bar);
  *t_bar = 0;
  return 0;
}

int og_guard_jump_jvp(const og_solve *solve, size_t event, const og_guard_point *at, double t_dot,
                      const double *x_dot, const double *theta_dot, double *after_dot) {
  const og_field *field = solve->field;
  if (!is_steady(solve, event))
    return field->event_ops.jump_jvp(field, event, at->t, at->x, at->theta, t_dot, x_dot, theta_dot,
                                     after_dot, at->scratch);
  memcpy(after_dot, x_dot, solve->n * sizeof *after_dot);
  return 0;
}
