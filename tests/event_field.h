/* A driven oscillator with everything that events and inputs can have: guards and jumps that depend on time,
 * state, parameters and inputs, in all directions; a running cost.
 *   x0' = x1, x1' = -p0 x0 - 0.1 x1 + sin(t) + u, x2' = p1 x0 - 0.5 x2 + w, cost = p2 x0^2
 *   bump (any)      x0 - p2 + 0.1 t + 0.2 u = 0:  x1 = -p3 x1 + 0.1 t, x2 = x2 + p1 x0
 *   reset (falling) x2 + 0.3 - 0.05 x1 = 0:       x2 = p2 + 0.2 x1 + 0.1 w
 *   note (rising)   x1 - 0.2 = 0:                 nothing changes
 * theta = (p0 .. p3, u, w). */
#ifndef OG_TEST_EVENT_FIELD_H
#define OG_TEST_EVENT_FIELD_H

#include "fields.h"

enum { DRIVEN_STATES = 3, DRIVEN_PARAMETERS = 4, DRIVEN_INPUTS = 2, DRIVEN_EVENTS = 3 };

static inline int driven_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)user;
  f[0] = x[1];
  f[1] = -p[0] * x[0] - 0.1 * x[1] + sin(t) + p[4];
  f[2] = p[1] * x[0] - 0.5 * x[2] + p[5];
  return 0;
}
static inline int driven_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                             double *theta_bar, double *t_bar, void *user) {
  (void)user;
  x_bar[0] = -p[0] * l[1] + p[1] * l[2];
  x_bar[1] = l[0] - 0.1 * l[1];
  x_bar[2] = -0.5 * l[2];
  theta_bar[0] = -x[0] * l[1];
  theta_bar[1] = x[0] * l[2];
  theta_bar[4] = l[1];
  theta_bar[5] = l[2];
  *t_bar = cos(t) * l[1];
  return 0;
}
static inline int driven_jvp(double t, const double *x, const double *p, double dt, const double *dx,
                             const double *dp, double *f_dot, void *user) {
  (void)user;
  f_dot[0] = dx[1];
  f_dot[1] = -dp[0] * x[0] - p[0] * dx[0] - 0.1 * dx[1] + cos(t) * dt + dp[4];
  f_dot[2] = dp[1] * x[0] + p[1] * dx[0] - 0.5 * dx[2] + dp[5];
  return 0;
}
static inline int driven_cost(double t, const double *x, const double *p, double *cost, void *user) {
  (void)t, (void)user;
  *cost = p[2] * x[0] * x[0];
  return 0;
}
static inline int driven_cost_vjp(double t, const double *x, const double *p, double weight, double *x_bar,
                                  double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  x_bar[0] += weight * 2 * p[2] * x[0];
  theta_bar[2] += weight * x[0] * x[0];
  return 0;
}
static inline int driven_guard(double t, const double *x, const double *p, double *g, void *user) {
  (void)user;
  g[0] = x[0] - p[2] + 0.1 * t + 0.2 * p[4];
  g[1] = x[2] + 0.3 - 0.05 * x[1];
  g[2] = x[1] - 0.2;
  return 0;
}
static inline int driven_guard_vjp(double t, const double *x, const double *p, const double *b, double *x_bar,
                                   double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)x, (void)p, (void)user;
  x_bar[0] = b[0];
  x_bar[1] = -0.05 * b[1] + b[2];
  x_bar[2] = b[1];
  theta_bar[2] = -b[0];
  theta_bar[4] = 0.2 * b[0];
  *t_bar = 0.1 * b[0];
  return 0;
}
static inline int driven_jump(size_t event, double t, const double *x, const double *p, double *after,
                              void *user) {
  (void)user;
  if (event == 0) {
    after[1] = -p[3] * x[1] + 0.1 * t;
    after[2] = x[2] + p[1] * x[0];
  }
  if (event == 1) after[2] = p[2] + 0.2 * x[1] + 0.1 * p[5];
  return 0;
}
static inline int driven_jump_vjp(size_t event, double t, const double *x, const double *p, const double *b,
                                  double *x_bar, double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)user;
  for (int i = 0; i < DRIVEN_STATES; i++) x_bar[i] = b[i];
  if (event == 0) {
    x_bar[0] = b[0] + p[1] * b[2];
    x_bar[1] = -p[3] * b[1];
    theta_bar[1] = x[0] * b[2];
    theta_bar[3] = -x[1] * b[1];
    *t_bar = 0.1 * b[1];
  }
  if (event == 1) {
    x_bar[1] = b[1] + 0.2 * b[2];
    x_bar[2] = 0;
    theta_bar[2] = b[2];
    theta_bar[5] = 0.1 * b[2];
  }
  return 0;
}
static inline int driven_jump_jvp(size_t event, double t, const double *x, const double *p, double dt,
                                  const double *dx, const double *dp, double *after_dot, void *user) {
  (void)t, (void)user;
  for (int i = 0; i < DRIVEN_STATES; i++) after_dot[i] = dx[i];
  if (event == 0) {
    after_dot[1] = -dp[3] * x[1] - p[3] * dx[1] + 0.1 * dt;
    after_dot[2] = dx[2] + dp[1] * x[0] + p[1] * dx[0];
  }
  if (event == 1) after_dot[2] = dp[2] + 0.2 * dx[1] + 0.1 * dp[5];
  return 0;
}

static inline og_status driven_events(og_field *field) {
  static const og_event events[DRIVEN_EVENTS] = {{OG_INIT(og_event), "bump", OG_DIRECTION_ANY, 0},
                                                 {OG_INIT(og_event), "reset", OG_DIRECTION_FALLING, 0},
                                                 {OG_INIT(og_event), "note", OG_DIRECTION_RISING, 0}};
  static const og_event_functions functions = {OG_INIT(og_event_functions),
                                               driven_guard,
                                               driven_guard_vjp,
                                               driven_jump,
                                               driven_jump_vjp,
                                               driven_jump_jvp};
  return og_field_set_events(field, DRIVEN_EVENTS, events, &functions);
}

static inline og_status driven_create(og_context *context, og_field **field) {
  og_status status = og_field_create(context, DRIVEN_STATES, DRIVEN_PARAMETERS, driven_rhs, NULL, field);
  if (status == OG_OK) status = og_field_set_vjp(*field, driven_vjp);
  if (status == OG_OK) status = og_field_set_jvp(*field, driven_jvp);
  if (status == OG_OK) status = og_field_set_cost(*field, driven_cost, driven_cost_vjp);
  if (status == OG_OK) status = og_field_set_inputs(*field, DRIVEN_INPUTS);
  if (status == OG_OK) status = driven_events(*field);
  return status;
}
static inline og_field *driven_field(og_context *context) {
  og_field *field = NULL;
  CHECK(context, driven_create(context, &field));
  return field;
}

/* Signals over [-1, 5] in steps of 0.75: u linear, w held. */
enum { DRIVEN_VALUES = 9 };
static const double driven_theta[DRIVEN_PARAMETERS] = {4, 0.7, 0.5, 0.8};
static const double driven_x0[DRIVEN_STATES] = {1, 0, 0.4};

static inline void driven_signals(double times[DRIVEN_VALUES], double u[DRIVEN_VALUES],
                                  double w[DRIVEN_VALUES]) {
  for (int i = 0; i < DRIVEN_VALUES; i++) {
    times[i] = -1 + 0.75 * i;
    u[i] = 0.3 * sin(1.7 * i);
    w[i] = 0.4 * cos(2.3 * i) - 0.3;
  }
}

#endif
