/* Fields and a random source shared by the tests. */
#ifndef OG_TEST_FIELDS_H
#define OG_TEST_FIELDS_H

#include <math.h>

#include "counting.h"
#include "odegrad.h"

/* Methods that need f alone, from 0 on: what all of them are put to. Implicit methods, which need more of a
 * field, have tests of their own (test_stiff.c, test_rosenbrock.c, test_dirk.c, test_steppers.c). */
enum { EXPLICIT_METHODS = OG_METHOD_DOP853 + 1 };

#define CHECK(context, call)                                                                                 \
  do {                                                                                                       \
    og_status check_status = (call);                                                                         \
    if (check_status != OG_OK)                                                                               \
      fail_msg("%s: %s: %s", #call, og_status_name(check_status), og_context_message(context));              \
  } while (0)

/* In [-1, 1), the same on every machine. */
static inline double noise(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (double)(int64_t)(*state >> 11) / (double)((int64_t)1 << 52) - 1;
}

/* ---- Lotka-Volterra: x' = a x - b x y, y' = -c y + d x y ---- */
static inline int lv_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)user;
  f[0] = p[0] * x[0] - p[1] * x[0] * x[1];
  f[1] = -p[2] * x[1] + p[3] * x[0] * x[1];
  return 0;
}
static inline int lv_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                         double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  x_bar[0] = l[0] * (p[0] - p[1] * x[1]) + l[1] * p[3] * x[1];
  x_bar[1] = -l[0] * p[1] * x[0] + l[1] * (-p[2] + p[3] * x[0]);
  theta_bar[0] = l[0] * x[0];
  theta_bar[1] = -l[0] * x[0] * x[1];
  theta_bar[2] = -l[1] * x[1];
  theta_bar[3] = l[1] * x[0] * x[1];
  return 0;
}
static inline int lv_jvp(double t, const double *x, const double *p, double t_dot, const double *dx,
                         const double *dp, double *f_dot, void *user) {
  (void)t, (void)t_dot, (void)user;
  double xy_dot = dx[0] * x[1] + x[0] * dx[1];
  f_dot[0] = dp[0] * x[0] + p[0] * dx[0] - dp[1] * x[0] * x[1] - p[1] * xy_dot;
  f_dot[1] = -dp[2] * x[1] - p[2] * dx[1] + dp[3] * x[0] * x[1] + p[3] * xy_dot;
  return 0;
}

/* ---- A field that uses everything: time, three states, four parameters, a running cost ----
 * x0' = -p0 x0 + p1 sin(t) x1, x1' = p2 x0 x2 - x1, x2' = cos(p3 t) - x2^2 / 2, cost = p0 x1^2 + t x2 */
static inline int rich_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)user;
  f[0] = -p[0] * x[0] + p[1] * sin(t) * x[1];
  f[1] = p[2] * x[0] * x[2] - x[1];
  f[2] = cos(p[3] * t) - x[2] * x[2] / 2;
  return 0;
}
static inline int rich_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                           double *theta_bar, double *t_bar, void *user) {
  (void)user;
  x_bar[0] = -p[0] * l[0] + p[2] * x[2] * l[1];
  x_bar[1] = p[1] * sin(t) * l[0] - l[1];
  x_bar[2] = p[2] * x[0] * l[1] - x[2] * l[2];
  theta_bar[0] = -x[0] * l[0];
  theta_bar[1] = sin(t) * x[1] * l[0];
  theta_bar[2] = x[0] * x[2] * l[1];
  theta_bar[3] = -t * sin(p[3] * t) * l[2];
  *t_bar = p[1] * cos(t) * x[1] * l[0] - p[3] * sin(p[3] * t) * l[2];
  return 0;
}
static inline int rich_jvp(double t, const double *x, const double *p, double dt, const double *dx,
                           const double *dp, double *f_dot, void *user) {
  (void)user;
  f_dot[0] =
      -dp[0] * x[0] - p[0] * dx[0] + dp[1] * sin(t) * x[1] + p[1] * (cos(t) * dt * x[1] + sin(t) * dx[1]);
  f_dot[1] = dp[2] * x[0] * x[2] + p[2] * (dx[0] * x[2] + x[0] * dx[2]) - dx[1];
  f_dot[2] = -sin(p[3] * t) * (dp[3] * t + p[3] * dt) - x[2] * dx[2];
  return 0;
}
static inline int rich_cost(double t, const double *x, const double *p, double *cost, void *user) {
  (void)user;
  *cost = p[0] * x[1] * x[1] + t * x[2];
  return 0;
}
static inline int rich_cost_vjp(double t, const double *x, const double *p, double w, double *x_bar,
                                double *theta_bar, double *t_bar, void *user) {
  (void)user;
  x_bar[1] = w * 2 * p[0] * x[1];
  x_bar[2] = w * t;
  theta_bar[0] = w * x[1] * x[1];
  *t_bar = w * x[2];
  return 0;
}

static inline int rich_hessian(double t, const double *x, const double *p, const double *l, double dt,
                               const double *dx, const double *dp, double *x_bar_dot, double *theta_bar_dot,
                               double *t_bar_dot, void *user) {
  (void)user;
  x_bar_dot[0] = -dp[0] * l[0] + l[1] * (dp[2] * x[2] + p[2] * dx[2]);
  x_bar_dot[1] = (dp[1] * sin(t) + p[1] * cos(t) * dt) * l[0];
  x_bar_dot[2] = l[1] * (dp[2] * x[0] + p[2] * dx[0]) - dx[2] * l[2];
  theta_bar_dot[0] = -dx[0] * l[0];
  theta_bar_dot[1] = (sin(t) * dx[1] + cos(t) * dt * x[1]) * l[0];
  theta_bar_dot[2] = l[1] * (dx[0] * x[2] + x[0] * dx[2]);
  theta_bar_dot[3] = -(dt * sin(p[3] * t) + t * cos(p[3] * t) * (dp[3] * t + p[3] * dt)) * l[2];
  *t_bar_dot = l[0] * (cos(t) * (dp[1] * x[1] + p[1] * dx[1]) - p[1] * sin(t) * dt * x[1]) -
               l[2] * (dp[3] * sin(p[3] * t) + p[3] * cos(p[3] * t) * (dp[3] * t + p[3] * dt));
  return 0;
}
static inline int rich_cost_hessian(double t, const double *x, const double *p, double w, double dt,
                                    const double *dx, const double *dp, double *x_bar_dot,
                                    double *theta_bar_dot, double *t_bar_dot, void *user) {
  (void)t, (void)user;
  x_bar_dot[1] = w * 2 * (dp[0] * x[1] + p[0] * dx[1]);
  x_bar_dot[2] = w * dt;
  theta_bar_dot[0] = w * 2 * x[1] * dx[1];
  *t_bar_dot = w * dx[2];
  return 0;
}

enum { RICH_STATES = 3, RICH_PARAMETERS = 4 };

static inline og_field *lv_field(og_context *context) {
  og_field *field = NULL;
  CHECK(context, og_field_create(context, 2, 4, lv_rhs, NULL, &field));
  CHECK(context, og_field_set_vjp(field, lv_vjp));
  CHECK(context, og_field_set_jvp(field, lv_jvp));
  return field;
}

static inline og_field *rich_field(og_context *context) {
  og_field *field = NULL;
  CHECK(context, og_field_create(context, RICH_STATES, RICH_PARAMETERS, rich_rhs, NULL, &field));
  CHECK(context, og_field_set_vjp(field, rich_vjp));
  CHECK(context, og_field_set_jvp(field, rich_jvp));
  CHECK(context, og_field_set_cost(field, rich_cost, rich_cost_vjp));
  CHECK(context, og_field_set_hessian(field, rich_hessian, rich_cost_hessian));
  return field;
}

/* The same field as a model, whose products are derived. */
static inline og_model *rich_model(og_context *context) {
  static const char text[] = "param a = 1, b = 1, c = 1, d = 1\n"
                             "init x = 1, y = 1, z = 1\n"
                             "x' = -a*x + b*sin(t)*y\n"
                             "y' = c*x*z - y\n"
                             "z' = cos(d*t) - z^2/2\n"
                             "cost integral = a*y^2 + t*z\n";
  og_model *model = NULL;
  CHECK(context, og_model_create_from_text(context, "rich", text, sizeof text - 1, &model));
  return model;
}

static inline og_options *new_options(og_context *context, og_method method, double rtol, double atol) {
  og_options *options = NULL;
  CHECK(context, og_options_create(context, &options));
  CHECK(context, og_options_set_choice(options, OG_OPT_METHOD, (int)method));
  CHECK(context, og_options_set_real(options, OG_OPT_RTOL, rtol));
  CHECK(context, og_options_set_real(options, OG_OPT_ATOL, atol));
  return options;
}

#endif
