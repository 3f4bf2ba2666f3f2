/* Statistics of implicit steps: those of a batch, on threads, are the sums of its trajectories alone;
 * Jacobians are as many as the callback was called; with fixed steps the method dictates the numbers. */
#include "models.h"

#include <stdatomic.h>

enum { TRAJECTORIES = 37, N = 3, P = 3 };

static const og_stat counted[] = {OG_STAT_JACOBIANS, OG_STAT_FACTORISATIONS, OG_STAT_LINEAR_SOLVES,
                                  OG_STAT_NEWTON_ITERATIONS};
enum { COUNTED = sizeof counted / sizeof *counted };
static const char *const counted_names[] = {"Jacobians", "factorisations", "linear solves",
                                            "Newton iterations"};

/* ---- Robertson's reaction as callbacks, the Jacobian of which counts its calls ---- */

static atomic_llong jacobians;

static int rhs(double t, const double *y, const double *p, double *f, void *user) {
  (void)t, (void)user;
  f[0] = -p[0] * y[0] + p[2] * y[1] * y[2];
  f[2] = p[1] * y[1] * y[1];
  f[1] = -f[0] - f[2];
  return 0;
}
static int vjp(double t, const double *y, const double *p, const double *l, double *y_bar, double *p_bar,
               double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  double a = l[0] - l[1], b = l[2] - l[1];
  y_bar[0] = -p[0] * a;
  y_bar[1] = a * p[2] * y[2] + 2 * b * p[1] * y[1];
  y_bar[2] = a * p[2] * y[1];
  p_bar[0] = -a * y[0], p_bar[1] = b * y[1] * y[1], p_bar[2] = a * y[1] * y[2];
  return 0;
}
static int hessian(double t, const double *y, const double *p, const double *l, double dt, const double *dy,
                   const double *dp, double *y_bar, double *p_bar, double *t_bar, void *user) {
  (void)t, (void)dt, (void)t_bar, (void)user;
  double a = l[0] - l[1], b = l[2] - l[1];
  y_bar[0] = -dp[0] * a;
  y_bar[1] = a * (dp[2] * y[2] + p[2] * dy[2]) + 2 * b * (dp[1] * y[1] + p[1] * dy[1]);
  y_bar[2] = a * (dp[2] * y[1] + p[2] * dy[1]);
  p_bar[0] = -a * dy[0], p_bar[1] = 2 * b * y[1] * dy[1], p_bar[2] = a * (dy[1] * y[2] + y[1] * dy[2]);
  return 0;
}
static int jacobian(double t, const double *y, const double *p, double *values, void *user) {
  (void)t, (void)user;
  jacobians++;
  double by_y[9] = {-p[0], p[2] * y[2], p[2] * y[1], 0, 0, 0, 0, 2 * p[1] * y[1], 0};
  for (int j = 0; j < 3; j++) by_y[3 + j] = -by_y[j] - by_y[6 + j];
  memcpy(values, by_y, sizeof by_y);
  return 0;
}

static og_field *callbacks(og_context *context) {
  og_field *field = NULL;
  CHECK(context, og_field_create(context, N, P, rhs, NULL, &field));
  CHECK(context, og_field_set_vjp(field, vjp));
  CHECK(context, og_field_set_hessian(field, hessian, NULL));
  CHECK(context, og_field_set_jacobian(field, jacobian, 0, NULL, NULL));
  CHECK(context, og_field_set_autonomous(field, 1));
  return field;
}

/* ---- Runs ---- */

typedef struct setting {
  int method, steps, control, threads, observed, back;
} setting;

/* Trajectories of rate constants from not stiff to stiff. */
static og_solve *run(og_context *context, const og_field *field, const setting *s, size_t first,
                     size_t count) {
  og_solve *solve = NULL;
  og_options *options = new_options(context, OG_METHOD_AUTO, 1e-5, 1e-8);
  if (s->steps) CHECK(context, og_options_set_integer(options, OG_OPT_STEPS, s->steps));
  CHECK(context, og_options_set_choice(options, OG_OPT_METHOD, s->method));
  CHECK(context, og_options_set_choice(options, OG_OPT_GRADIENT_CONTROL, s->control));
  CHECK(context, og_options_set_integer(options, OG_OPT_THREADS, s->threads));
  CHECK(context, og_solve_create(context, field, options, count, &solve));
  og_options_destroy(options);
  for (size_t m = 0; m < count; m++) {
    double scale = pow(10, -4 * (double)((first + m) * 17 % TRAJECTORIES) / (TRAJECTORIES - 1));
    CHECK(context, og_solve_set_parameters(solve, m, (double[]){0.04, 3e7 * scale, 1e4 * scale}));
    CHECK(context, og_solve_set_initial_state(solve, m, (double[]){1, 0, 0}));
    CHECK(context, og_solve_set_span(solve, m, 0, 40 - 0.1 * (double)m));
    if (s->observed) CHECK(context, og_solve_set_observations(solve, m, 2, (double[]){0.3, 10}));
  }
  CHECK(context, og_solve_run(solve));
  return solve;
}

static void pull_back(og_context *context, og_solve *solve, size_t count) {
  static double bars[TRAJECTORIES][N], x_bar[TRAJECTORIES][N], theta_bar[TRAJECTORIES][P];
  for (size_t m = 0; m < count; m++) bars[m][0] = 1, bars[m][2] = -0.5;
  CHECK(context,
        og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = bars[0],
                                                       .x0_bar = x_bar[0], .theta_bar = theta_bar[0]}));
}

static void add_counts(const og_solve *solve, long long *counts) {
  for (int i = 0; i < COUNTED; i++) counts[i] += (long long)og_solve_stat(solve, counted[i]);
}

static void compare_with_alone(og_context *context, const og_field *field, const setting *s) {
  long long together[COUNTED] = {0}, alone[COUNTED] = {0};
  og_solve *solve = run(context, field, s, 0, TRAJECTORIES);
  if (s->back) pull_back(context, solve, TRAJECTORIES);
  add_counts(solve, together);
  og_solve_destroy(solve);
  for (size_t m = 0; m < TRAJECTORIES; m++) {
    setting one = *s;
    one.threads = 1;
    og_solve *single = run(context, field, &one, m, 1);
    CHECK(context, og_solve_set_span(single, 0, 0, 40 - 0.1 * (double)m));
    CHECK(context, og_solve_run(single));
    if (s->back) pull_back(context, single, 1);
    add_counts(single, alone);
    og_solve_destroy(single);
  }
  for (int i = 0; i < COUNTED; i++)
    if (together[i] != alone[i])
      fail_msg("method %d, control %d, observed %d: %lld %s in a batch, and %lld one by one", s->method,
               s->control, s->observed, together[i], counted_names[i], alone[i]);
  assert_true(alone[0] > 0 && alone[1] > 0 && alone[2] > 0);
}

/* Steps of rodas5p are kept for the way back where a trajectory has a lane to itself, and taken again in
 * batches, which is counted: there solves alone are compared. */
static void batches_count_as_their_trajectories(void **state) {
  static const int methods[] = {OG_METHOD_RODAS5P, OG_METHOD_KVAERNO5, OG_METHOD_RADAU5, OG_METHOD_AUTO};
  static const int controls[] = {OG_CONTROL_NONE, OG_CONTROL_ESTIMATE};
  (void)state;
  og_context *context = new_context();
  og_field *field = callbacks(context);
  for (int i = 0; i < 4; i++)
    for (int k = 0; k < 2; k++)
      for (int observed = 0; observed < 2; observed++)
        compare_with_alone(context, field,
                           &(setting){methods[i], 0, controls[k], 2, observed, i == 1 || i == 2});
  og_field_destroy(field);
  og_context_destroy(context);
}

/* By every lane's own call; a step that is refused forms one too. One is compared with f before a run. */
static void jacobians_are_as_many_as_calls(void **state) {
  static const int methods[] = {OG_METHOD_RODAS5P, OG_METHOD_ESDIRK54, OG_METHOD_RADAU9, OG_METHOD_AUTO};
  (void)state;
  og_context *context = new_context();
  og_field *field = callbacks(context);
  for (int i = 0; i < 4; i++)
    for (int k = OG_CONTROL_ESTIMATE; k <= OG_CONTROL_NONE; k++) {
      og_solve *solve = run(context, field, &(setting){methods[i], 0, k, 1, 0, 1}, 0, 5);
      jacobians = 0;
      CHECK(context, og_solve_run(solve));
      pull_back(context, solve, 5);
      assert_int_equal(og_solve_stat(solve, OG_STAT_JACOBIANS) + 1, jacobians);
      assert_string_equal(og_solve_linear_solver(solve), "dense");
      og_solve_destroy(solve);
    }
  og_field_destroy(field);
  og_context_destroy(context);
}

/* N steps of rodas5p form and factor N matrices, and solve 8 times with each. */
static void steps_dictate_numbers(void **state) {
  enum { STEPS = 4000, CALM = 13 /* the least stiff one */ };
  (void)state;
  og_context *context = new_context();
  og_field *field = callbacks(context);
  og_solve *solve =
      run(context, field, &(setting){OG_METHOD_RODAS5P, STEPS, OG_CONTROL_NONE, 1, 0, 1}, CALM, 1);
  assert_int_equal(og_solve_stat(solve, OG_STAT_JACOBIANS), STEPS);
  assert_int_equal(og_solve_stat(solve, OG_STAT_FACTORISATIONS), STEPS);
  assert_int_equal(og_solve_stat(solve, OG_STAT_LINEAR_SOLVES), 8 * STEPS);
  assert_int_equal(og_solve_stat(solve, OG_STAT_NEWTON_ITERATIONS), 0);
  pull_back(context, solve, 1); /* steps were kept: their transposes alone */
  assert_int_equal(og_solve_stat(solve, OG_STAT_FACTORISATIONS), STEPS);
  assert_int_equal(og_solve_stat(solve, OG_STAT_LINEAR_SOLVES), (8 + 8) * STEPS);
  og_solve_destroy(solve);
  solve = run(context, field, &(setting){OG_METHOD_TSIT5, STEPS, OG_CONTROL_NONE, 1, 0, 1}, CALM, 1);
  assert_null(og_solve_linear_solver(solve));
  assert_int_equal(og_solve_stat(solve, OG_STAT_LINEAR_SOLVES), 0);
  og_solve_destroy(solve);
  og_field_destroy(field);
  og_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(batches_count_as_their_trajectories),
                                     cmocka_unit_test(jacobians_are_as_many_as_calls),
                                     cmocka_unit_test(steps_dictate_numbers)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
