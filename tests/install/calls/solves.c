/* Solves: x' = -k x + u with the input u, two trajectories, from x = 1 and 2 to t = 1. */
#include "calls.h"

static int rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)user;
  f[0] = -p[0] * x[0] + p[1];
  return 0;
}
static int vjp(double t, const double *x, const double *p, const double *l, double *x_bar, double *p_bar,
               double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  x_bar[0] = -p[0] * l[0];
  p_bar[0] = -x[0] * l[0];
  p_bar[1] = l[0];
  return 0;
}
static int jvp(double t, const double *x, const double *p, double t_dot, const double *x_dot,
               const double *p_dot, double *f_dot, void *user) {
  (void)t, (void)t_dot, (void)user;
  f_dot[0] = -p_dot[0] * x[0] - p[0] * x_dot[0] + p_dot[1];
  return 0;
}
static int cost(double t, const double *x, const double *p, double *c, void *user) {
  (void)t, (void)p, (void)user;
  *c = x[0];
  return 0;
}

/* x(1) = exp(-k) x0 + u (1 - exp(-k)) / k with k = 1. */
static int see_results(og_context *context, og_solve *solve) {
  double x[2], one, observed[4], costs[2], times[200];
  size_t steps, seen[2];
  MUST(context, og_solve_final_states(solve, x));
  MUST(context, og_solve_final(solve, 1, &one));
  SEE(one == x[1] && near_to(x[1], 2 * exp(-1) + 0.5 * (1 - exp(-1)), 1e-5));
  SEE(og_solve_trajectories(solve) == 2 && og_solve_observations(solve) == 4);
  MUST(context, og_solve_observed_states(solve, observed, seen));
  MUST(context, og_solve_observed(solve, 1, 0, &one));
  SEE(one == observed[2] && seen[0] == 2);
  MUST(context, og_solve_costs(solve, costs));
  MUST(context, og_solve_cost(solve, 0, &one));
  SEE(one == costs[0] && near_to(one, 1 - exp(-1) + 0.5 * exp(-1), 1e-5));
  MUST(context, og_solve_steps(solve, 0, &steps, NULL));
  SEE(steps < 200 && og_solve_stat(solve, OG_STAT_STEPS) > 0);
  SEE(!og_solve_linear_solver(solve)); /* no step of it was implicit */
  MUST(context, og_solve_steps(solve, 0, &steps, times));
  SEE(times[0] == 0 && times[steps] == 1);
  return 0;
}

static int see_derivatives(og_context *context, og_solve *solve) {
  const double ones[2] = {1, 1}, u_dot = 1;
  double x_bar[2] = {0, 0}, u_bar = 0, final_dot[2];
  SIZED(og_gradient_error, error);
  SIZED(og_pullback_arrays, back);
  SIZED(og_pushforward_arrays, ahead);
  back.final_bar = ones;
  back.x0_bar = x_bar;
  MUST(context, og_solve_pullback(solve, &back));
  SEE(near_to(x_bar[1], exp(-1), 1e-5));
  MUST(context, og_solve_gradient_error(solve, &error));
  SEE(error.initial < 1e-3);
  MUST(context, og_solve_input_gradient(solve, 0, 0, &u_bar));
  SEE(near_to(u_bar, 1 - exp(-1), 1e-5));
  MUST(context, og_solve_set_input_tangents(solve, 0, 0, &u_dot));
  ahead.x0_dot = ones;
  ahead.final_dot = final_dot;
  MUST(context, og_solve_pushforward(solve, &ahead));
  SEE(near_to(final_dot[0], exp(-1) + 1 - exp(-1), 1e-5));
  return 0;
}

static int see_hessian(og_context *context, og_solve *solve) {
  const double ones[2] = {1, 1};
  double k_bar_dot = 0;
  SIZED(og_hessian_arrays, arrays);
  arrays.directions = 1;
  arrays.theta_dot = ones;
  arrays.final_bar = ones;
  arrays.theta_bar_dot = &k_bar_dot;
  MUST(context, og_solve_hessian_product(solve, &arrays)); /* d2x/dk2 = exp(-k) x0 without an input */
  SEE(near_to(k_bar_dot, 3 * exp(-1), 1e-4));
  return 0;
}

static int set_up(og_context *context, og_solve *solve, double u) {
  const double x0[2] = {1, 2}, k[2] = {1, 1}, times[2] = {0.5, 1}, one = 1, atol = 1e-8;
  MUST(context, og_solve_set_span(solve, OG_ALL, 0, 1));
  MUST(context, og_solve_set_observations(solve, OG_ALL, 2, times));
  MUST(context, og_solve_set_initial_states(solve, x0));
  MUST(context, og_solve_set_initial_state(solve, 0, &x0[0]));
  MUST(context, og_solve_set_parameter_rows(solve, k));
  MUST(context, og_solve_set_parameters(solve, OG_ALL, &one));
  MUST(context, og_solve_set_atol(solve, &atol));
  MUST(context, og_solve_set_norm_weights(solve, &one));
  MUST(context, og_solve_set_name(solve, 0, "first"));
  MUST(context, og_solve_set_input(solve, OG_ALL, 0, OG_SIGNAL_CONSTANT, 1, NULL, &u));
  MUST(context, og_solve_run(solve));
  MUST(context, og_solve_replay(solve));
  return 0;
}

int call_solves(og_context *context) {
  og_field *field = NULL;
  og_solve *solve = NULL;
  MUST(context, og_field_create(context, 1, 1, rhs, NULL, &field));
  MUST(context, og_field_set_vjp(field, vjp));
  MUST(context, og_field_set_jvp(field, jvp));
  MUST(context, og_field_set_cost(field, cost, NULL));
  MUST(context, og_field_set_inputs(field, 1));
  MUST(context, og_field_use_finite_differences(field));
  MUST(context, og_solve_create(context, field, NULL, 2, &solve));
  int failed = set_up(context, solve, 0.5) || see_results(context, solve) || see_derivatives(context, solve);
  og_solve_destroy(solve);
  og_field_destroy(field);
  if (failed) return failed;
  MUST(context, og_field_create(context, 1, 1, rhs, NULL, &field));
  MUST(context, og_field_set_vjp(field, vjp));
  MUST(context, og_field_set_jvp(field, jvp));
  MUST(context, og_field_set_inputs(field, 1));
  MUST(context, og_field_use_finite_differences(field)); /* the Hessian, from differences of the vjp */
  MUST(context, og_solve_create(context, field, NULL, 2, &solve));
  failed = set_up(context, solve, 0) || see_hessian(context, solve);
  og_solve_destroy(solve);
  og_field_destroy(field);
  return failed;
}

/* ---- Events: x falls from x0 at the speed 1 and is set back to 1 at 0: once at t = x0 ---- */

static int fall(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)x, (void)p, (void)user;
  f[0] = -1;
  return 0;
}
static int guard(double t, const double *x, const double *p, double *g, void *user) {
  (void)t, (void)p, (void)user;
  g[0] = x[0];
  return 0;
}
static int jump(size_t event, double t, const double *x, const double *p, double *after, void *user) {
  (void)event, (void)t, (void)x, (void)p, (void)user;
  after[0] = 1;
  return 0;
}

static int see_event(og_context *context, og_solve *solve) {
  SIZED(og_occurrence, occurrence);
  size_t count;
  double before, after, time_dot;
  const double time_bar = 1, one = 1;
  double x_bar = 0;
  SIZED(og_pullback_arrays, back);
  SIZED(og_pushforward_arrays, ahead);
  MUST(context, og_solve_events(solve, 0, &count));
  SEE(count == 1);
  MUST(context, og_solve_event(solve, 0, 0, &occurrence));
  SEE(near_to(occurrence.t, 0.5, 1e-9) && strcmp(occurrence.name, "back") == 0);
  MUST(context, og_solve_event_states(solve, 0, 0, &before, &after));
  SEE(near_to(before, 0, 1e-9) && after == 1);
  MUST(context, og_solve_set_event_cotangents(solve, 0, &time_bar, NULL, NULL));
  back.x0_bar = &x_bar;
  MUST(context, og_solve_pullback(solve, &back));
  ahead.x0_dot = &one;
  MUST(context, og_solve_pushforward(solve, &ahead));
  MUST(context, og_solve_event_tangents(solve, 0, &time_dot, NULL, NULL));
  SEE(near_to(x_bar, 1, 1e-6) && near_to(time_dot, 1, 1e-6));
  return 0;
}

int call_events(og_context *context) {
  og_field *field = NULL;
  og_solve *solve = NULL;
  const double x0 = 0.5;
  SIZED(og_event, event);
  SIZED(og_event_functions, functions);
  event.name = "back";
  event.direction = OG_DIRECTION_FALLING;
  functions.guard = guard;
  functions.jump = jump;
  MUST(context, og_field_create(context, 1, 0, fall, NULL, &field));
  MUST(context, og_field_use_finite_differences(field));
  MUST(context, og_field_set_events(field, 1, &event, &functions));
  SEE(og_field_events(field) == 1 && strcmp(og_field_event(field, 0)->name, "back") == 0);
  MUST(context, og_solve_create(context, field, NULL, 1, &solve));
  MUST(context, og_solve_set_span(solve, 0, 0, 1));
  MUST(context, og_solve_set_initial_state(solve, 0, &x0));
  MUST(context, og_solve_run(solve));
  int failed = see_event(context, solve);
  og_solve_destroy(solve);
  og_field_destroy(field);
  return failed;
}
