/* Fields: x' = -k x of every kind, solved to t = 1 from x = 1, with dx(1)/dk = -exp(-k). */
#include "calls.h"

static int rhs(double t, const double *x, const double *k, double *f, void *user) {
  (void)t, (void)user;
  f[0] = -k[0] * x[0];
  return 0;
}
static int vjp(double t, const double *x, const double *k, const double *l, double *x_bar, double *k_bar,
               double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  x_bar[0] = -k[0] * l[0];
  k_bar[0] = -x[0] * l[0];
  return 0;
}
static int jvp(double t, const double *x, const double *k, double t_dot, const double *x_dot,
               const double *k_dot, double *f_dot, void *user) {
  (void)t, (void)t_dot, (void)user;
  f_dot[0] = -k_dot[0] * x[0] - k[0] * x_dot[0];
  return 0;
}
static int hessian(double t, const double *x, const double *k, const double *l, double t_dot,
                   const double *x_dot, const double *k_dot, double *x_bar_dot, double *k_bar_dot,
                   double *t_bar_dot, void *user) {
  (void)t, (void)t_dot, (void)x, (void)k, (void)t_bar_dot, (void)user;
  x_bar_dot[0] = -k_dot[0] * l[0];
  k_bar_dot[0] = -x_dot[0] * l[0];
  return 0;
}
/* 1 / (sigma + k) */
static int set_up(double t, const double *x, const double *k, double sigma, void *memory, void *user) {
  (void)t, (void)x, (void)user;
  *(double *)memory = 1 / (sigma + k[0]);
  return 0;
}
static int solve_by(int transposed, const double *b, double *z, const void *memory, void *user) {
  (void)transposed, (void)user;
  z[0] = b[0] * *(const double *)memory;
  return 0;
}
static int jacobian(double t, const double *x, const double *k, double *values, void *user) {
  (void)t, (void)x, (void)user;
  values[0] = -k[0];
  return 0;
}
static int cost(double t, const double *x, const double *k, double *c, void *user) {
  (void)t, (void)k, (void)user;
  *c = x[0];
  return 0;
}
static int cost_vjp(double t, const double *x, const double *k, double weight, double *x_bar, double *k_bar,
                    double *t_bar, void *user) {
  (void)t, (void)x, (void)k, (void)k_bar, (void)t_bar, (void)user;
  x_bar[0] = weight;
  return 0;
}
static int cost_hessian(double t, const double *x, const double *k, double weight, double t_dot,
                        const double *x_dot, const double *k_dot, double *x_bar_dot, double *k_bar_dot,
                        double *t_bar_dot, void *user) {
  (void)t, (void)t_dot, (void)x, (void)k, (void)weight, (void)x_dot, (void)k_dot, (void)user;
  (void)x_bar_dot, (void)k_bar_dot, (void)t_bar_dot;
  return 0;
}

static int block_rhs(size_t lanes, const double *t, const double *x, const double *k, double *f,
                     signed char *status, void *user) {
  (void)t, (void)status, (void)user;
  for (size_t i = 0; i < lanes; i++) f[i] = -k[i] * x[i];
  return 0;
}
static int block_vjp(size_t lanes, const double *t, const double *x, const double *k, const double *l,
                     double *x_bar, double *k_bar, double *t_bar, signed char *status, void *user) {
  (void)t, (void)t_bar, (void)status, (void)user;
  for (size_t i = 0; x_bar && i < lanes; i++) x_bar[i] = -k[i] * l[i];
  for (size_t i = 0; k_bar && i < lanes; i++) k_bar[i] = -x[i] * l[i];
  return 0;
}

static int has_gradient(og_context *context, const og_field *field) {
  og_solve *solve = NULL;
  const double x0 = 1, k = 0.5, final_bar = 1;
  double k_bar = 0;
  SIZED(og_pullback_arrays, arrays);
  MUST(context, og_solve_create(context, field, NULL, 1, &solve));
  MUST(context, og_solve_set_span(solve, OG_ALL, 0, 1));
  MUST(context, og_solve_set_initial_state(solve, OG_ALL, &x0));
  MUST(context, og_solve_set_parameters(solve, OG_ALL, &k));
  MUST(context, og_solve_run(solve));
  arrays.final_bar = &final_bar;
  arrays.theta_bar = &k_bar;
  MUST(context, og_solve_pullback(solve, &arrays));
  SEE(near_to(k_bar, -exp(-0.5), 1e-5));
  og_solve_destroy(solve);
  return 0;
}

static int call_blocks(og_context *context) {
  og_field *field = NULL;
  SIZED(og_block_functions, functions);
  functions.rhs = block_rhs;
  functions.vjp = block_vjp;
  MUST(context, og_field_create_blocks(context, 1, 1, &functions, NULL, &field));
  SEE(has_gradient(context, field) == 0);
  og_field_destroy(field);
  return 0;
}

int call_fields(og_context *context) {
  og_field *field = NULL, *rough = NULL;
  const double breakpoint = 0.25;
  MUST(context, og_field_create(context, 1, 1, rhs, NULL, &field));
  MUST(context, og_field_set_vjp(field, vjp));
  MUST(context, og_field_set_jvp(field, jvp));
  MUST(context, og_field_set_cost(field, cost, cost_vjp));
  MUST(context, og_field_set_hessian(field, hessian, cost_hessian));
  MUST(context, og_field_set_jacobian(field, jacobian, 0, NULL, NULL));
  MUST(context, og_field_set_jacobian_band(field, jacobian, 0, 0));
  const og_preconditioner near = {OG_INIT(og_preconditioner), sizeof(double), set_up, solve_by};
  MUST(context, og_field_set_preconditioner(field, &near));
  MUST(context, og_field_set_mass(field, 0, NULL, NULL, NULL));
  MUST(context, og_field_set_autonomous(field, 1));
  MUST(context, og_field_set_breakpoints(field, 1, &breakpoint));
  MUST(context, og_field_set_inputs(field, 0));
  SEE(og_field_states(field) == 1 && og_field_parameters(field) == 1 && og_field_inputs(field) == 0);
  SEE(has_gradient(context, field) == 0);
  MUST(context, og_field_create(context, 1, 1, rhs, NULL, &rough));
  MUST(context, og_field_use_finite_differences(rough));
  SEE(has_gradient(context, rough) == 0);
  og_field_destroy(rough);
  og_field_destroy(field);
  return call_blocks(context);
}
