/* Whole arrays in and out have the numbers of the calls for single trajectories; weights of states in the
 * error norm choose those that set the step size. */
#include "fields.h"

enum { TRAJECTORIES = 5, STATES = 2 };

static const double start[TRAJECTORIES][STATES] = {{1, 1}, {1.1, 0.9}, {0.8, 1.2}, {2, 0.5}, {0.6, 1.5}};

static void parameters_of(size_t m, double theta[4]) {
  for (int i = 0; i < 4; i++) theta[i] = (i == 2 ? 3 : 1) + 0.1 * (double)m;
}

static og_solve *lv_solve(og_context *context, const og_field *field) {
  og_solve *solve = NULL;
  CHECK(context, og_solve_create(context, field, NULL, TRAJECTORIES, &solve));
  CHECK(context, og_solve_set_span(solve, OG_ALL, 0, 4));
  for (size_t m = 0; m < TRAJECTORIES; m++) /* 0, 1, 2, ... observations */
    CHECK(context, og_solve_set_observations(solve, m, m, (double[]){0.5, 1, 2, 3.5}));
  return solve;
}

static void the_same_numbers(void **state) {
  (void)state;
  og_context *context = new_context();
  og_field *field = lv_field(context);
  og_solve *one = lv_solve(context, field), *all = lv_solve(context, field);
  double theta[TRAJECTORIES][4], final[TRAJECTORIES][STATES], observed[10][STATES], x[STATES];
  size_t seen[TRAJECTORIES], row = 0;
  for (size_t m = 0; m < TRAJECTORIES; m++) {
    parameters_of(m, theta[m]);
    CHECK(context, og_solve_set_initial_state(one, m, start[m]));
    CHECK(context, og_solve_set_parameters(one, m, theta[m]));
  }
  assert_int_equal(og_solve_final_states(all, final[0]), OG_ERR_STATE);
  CHECK(context, og_solve_set_initial_states(all, start[0]));
  CHECK(context, og_solve_set_parameter_rows(all, theta[0]));
  CHECK(context, og_solve_run(one));
  CHECK(context, og_solve_run(all));
  assert_int_equal(og_solve_trajectories(all), TRAJECTORIES);
  assert_int_equal(og_solve_observations(all), 10);
  CHECK(context, og_solve_final_states(all, final[0]));
  CHECK(context, og_solve_observed_states(all, observed[0], seen));
  CHECK(context, og_solve_observed_states(all, observed[0], NULL));
  for (size_t m = 0; m < TRAJECTORIES; m++) {
    CHECK(context, og_solve_final(one, m, x));
    assert_memory_equal(x, final[m], sizeof x);
    assert_int_equal(seen[m], m);
    for (size_t k = 0; k < m; k++, row++) {
      CHECK(context, og_solve_observed(one, m, k, x));
      assert_memory_equal(x, observed[row], sizeof x);
    }
  }
  assert_int_equal(og_solve_costs(all, final[0]), OG_ERR_ARGUMENT); /* there is none */
  og_solve_destroy(one);
  og_solve_destroy(all);
  og_field_destroy(field);
  og_context_destroy(context);
}

/* One number that is not finite, and nothing is taken. */
static void all_or_nothing(void **state) {
  (void)state;
  og_context *context = new_context();
  og_field *field = lv_field(context);
  og_solve *solve = lv_solve(context, field);
  double x0[TRAJECTORIES][STATES], theta[TRAJECTORIES][4], before[TRAJECTORIES][STATES],
      after[TRAJECTORIES][STATES];
  memcpy(x0, start, sizeof x0);
  for (size_t m = 0; m < TRAJECTORIES; m++) parameters_of(m, theta[m]);
  CHECK(context, og_solve_set_initial_states(solve, x0[0]));
  CHECK(context, og_solve_set_parameter_rows(solve, theta[0]));
  CHECK(context, og_solve_run(solve));
  CHECK(context, og_solve_final_states(solve, before[0]));
  for (size_t m = 0; m < TRAJECTORIES; m++) x0[m][0] = 7, theta[m][0] = 9;
  x0[4][1] = theta[4][3] = NAN;
  assert_int_equal(og_solve_set_initial_states(solve, x0[0]), OG_ERR_NOT_FINITE);
  assert_int_equal(og_solve_set_parameter_rows(solve, theta[0]), OG_ERR_NOT_FINITE);
  CHECK(context, og_solve_run(solve));
  CHECK(context, og_solve_final_states(solve, after[0]));
  assert_memory_equal(before, after, sizeof before);
  og_solve_destroy(solve);
  og_field_destroy(field);
  og_context_destroy(context);
}

/* x' = -1 ends at zero, from 1 at t = 1 and from 2 at t = 2, with a running cost of x. */
static int fall(double t, const double *x, const double *theta, double *f, void *user) {
  (void)t, (void)x, (void)theta, (void)user;
  f[0] = -1;
  return 0;
}
static int height(double t, const double *x, const double *theta, double *cost, void *user) {
  (void)t, (void)theta, (void)user;
  *cost = x[0];
  return 0;
}
static int floor_guard(double t, const double *x, const double *theta, double *g, void *user) {
  (void)t, (void)theta, (void)user;
  g[0] = x[0];
  return 0;
}

static void terminal_events_leave_rows_out(void **state) {
  (void)state;
  og_context *context = new_context();
  og_field *field = NULL;
  og_solve *solve = NULL;
  double x[6], cost[2];
  size_t seen[2];
  CHECK(context, og_field_create(context, 1, 0, fall, NULL, &field));
  CHECK(context, og_field_set_cost(field, height, NULL));
  CHECK(context,
        og_field_set_events(field, 1, &(og_event){OG_INIT(og_event), "floor", OG_DIRECTION_FALLING, 1},
                            &(og_event_functions){OG_INIT(og_event_functions), .guard = floor_guard}));
  CHECK(context, og_solve_create(context, field, NULL, 2, &solve));
  CHECK(context, og_solve_set_span(solve, OG_ALL, 0, 3));
  CHECK(context, og_solve_set_observations(solve, OG_ALL, 3, (double[]){0.5, 1.5, 2.5}));
  CHECK(context, og_solve_set_initial_states(solve, (double[]){1, 2}));
  CHECK(context, og_solve_run(solve));
  x[0] = 17;
  assert_int_equal(og_solve_observed_states(solve, x, NULL), OG_ERR_STATE);
  assert_true(x[0] == 17);
  CHECK(context, og_solve_observed_states(solve, x, seen));
  assert_true(seen[0] == 1 && seen[1] == 2);
  const double want[6] = {0.5, NAN, NAN, 1.5, 0.5, NAN};
  for (int i = 0; i < 6; i++) assert_true(isnan(want[i]) ? isnan(x[i]) : fabs(x[i] - want[i]) < 1e-12);
  CHECK(context, og_solve_costs(solve, cost));
  assert_true(fabs(cost[0] - 0.5) < 1e-12 && fabs(cost[1] - 2) < 1e-12);
  og_solve_destroy(solve);
  og_field_destroy(field);
  og_context_destroy(context);
}

/* ---- The error norm ---- */

/* A slow decay, and a fast oscillation that has nothing to do with it. */
static int slow(double t, const double *x, const double *theta, double *f, void *user) {
  (void)t, (void)theta, (void)user;
  f[0] = -x[0];
  return 0;
}
static int slow_and_fast(double t, const double *x, const double *theta, double *f, void *user) {
  slow(t, x, theta, f, user);
  f[1] = 40 * x[2];
  f[2] = -40 * x[1];
  return 0;
}

static size_t steps_of(og_context *context, const og_field *field, const double *weights,
                       og_precision precision, double *times, double *x) {
  og_options *options = new_options(context, OG_METHOD_TSIT5, 1e-4, 1e-6);
  og_solve *solve = NULL;
  size_t steps;
  CHECK(context, og_options_set_choice(options, OG_OPT_PRECISION, (int)precision));
  CHECK(context, og_solve_create(context, field, options, 1, &solve));
  CHECK(context, og_solve_set_span(solve, 0, 0, 3));
  CHECK(context, og_solve_set_initial_states(solve, (double[]){1, 0.1, 0}));
  if (weights) CHECK(context, og_solve_set_norm_weights(solve, weights));
  CHECK(context, og_solve_run(solve));
  CHECK(context, og_solve_steps(solve, 0, &steps, NULL));
  assert_true(steps < 500);
  CHECK(context, og_solve_steps(solve, 0, &steps, times));
  CHECK(context, og_solve_final(solve, 0, x));
  og_solve_destroy(solve);
  og_options_destroy(options);
  return steps;
}

static void states_of_weight_zero_do_not_drive_steps(void **state) {
  (void)state;
  static double alone[500], left_out[500], whole[500], even[500];
  for (int single = 0; single < 2; single++) {
    og_precision precision = single ? OG_PRECISION_SINGLE : OG_PRECISION_DOUBLE;
    og_context *context = new_context();
    og_field *one = NULL, *both = NULL;
    double x[3], y[3];
    CHECK(context, og_field_create(context, 1, 0, slow, NULL, &one));
    CHECK(context, og_field_create(context, 3, 0, slow_and_fast, NULL, &both));
    size_t want = steps_of(context, one, NULL, precision, alone, x);
    assert_int_equal(steps_of(context, both, (double[]){0.3, 0, 0}, precision, left_out, y), want);
    /* sqrt(3 * 0.3 / 0.3) rounds, and the controller carries it on */
    for (size_t k = 0; k <= want; k++) assert_true(fabs(alone[k] - left_out[k]) < (single ? 1e-3 : 1e-10));
    assert_true(fabs(x[0] - y[0]) < 1e-6);
    /* equal weights are no weights, bit by bit */
    size_t most = steps_of(context, both, NULL, precision, whole, x);
    assert_true(most > 5 * want);
    assert_int_equal(steps_of(context, both, (double[]){4, 4, 4}, precision, even, y), most);
    assert_memory_equal(whole, even, (most + 1) * sizeof *whole);
    og_field_destroy(one);
    og_field_destroy(both);
    og_context_destroy(context);
  }
}

static void weights_that_make_no_sense(void **state) {
  (void)state;
  og_context *context = new_context();
  og_field *field = lv_field(context);
  og_solve *solve = lv_solve(context, field);
  assert_int_equal(og_solve_set_norm_weights(solve, (double[]){1, -1}), OG_ERR_BOUNDS);
  assert_int_equal(og_solve_set_norm_weights(solve, (double[]){NAN, 1}), OG_ERR_BOUNDS);
  assert_int_equal(og_solve_set_norm_weights(solve, (double[]){0, 0}), OG_ERR_ARGUMENT);
  CHECK(context, og_solve_set_norm_weights(solve, (double[]){0, 1}));
  CHECK(context, og_solve_set_norm_weights(solve, NULL));
  og_solve_destroy(solve);
  og_field_destroy(field);
  og_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_same_numbers),
      cmocka_unit_test(all_or_nothing),
      cmocka_unit_test(terminal_events_leave_rows_out),
      cmocka_unit_test(states_of_weight_zero_do_not_drive_steps),
      cmocka_unit_test(weights_that_make_no_sense),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
