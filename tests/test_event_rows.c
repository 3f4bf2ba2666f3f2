/* Observations at the very time of an event read the state before it, also where rounding puts the event's
 * time beside theirs; the gradient is that of what they read. The truths are closed forms. */
#include "event_models.h"

/* x' = -k x from 1, one more at t = 24 + lag, which the guard finds through rounding; the observations are
 * there, and somewhat before and after. */
static const char dose[] = "param k = 0.1, lag = 0.4, amount = 1\n"
                           "init x = 1\n"
                           "x' = -k*x\n"
                           "event given when %s = 0 %s { x = x + amount }\n";
static const char *const guards[][2] = {
    {"t - lag - 24", "rising"},
    {"24 - (t - lag)", "falling"},
    {"1e-3*(t - 24) - 1e-3*lag", "any"},
    {"exp(0.1*(t - lag)) - exp(2.4)", "rising"},
    {"sin(2*pi*(t - lag - 24)/48)", "rising"},
    {"t^2 - (24 + lag)^2", "any"},
};
enum { GUARDS = sizeof guards / sizeof *guards, ROWS = 4 };

static og_solve *dose_solve(og_context *context, const og_model *model, const model_case *c,
                            const og_options *options, const double *times) {
  og_solve *solve = case_solve(context, model, c, options, 1);
  CHECK(context, og_solve_set_observations(solve, 0, ROWS, times));
  CHECK(context, og_solve_run(solve));
  return solve;
}

/* Before the dose, or after it. */
static double level(const double *theta, double t, int after) {
  return exp(-theta[0] * t) + (after ? theta[2] * exp(-theta[0] * (t - 24 - theta[1])) : 0);
}

/* Any lag: of two digits, and random; every method, both precisions, steps of its own and equal ones. */
static void any_lag(void **state) {
  (void)state;
  uint64_t seed = 11;
  int beside = 0;
  for (int i = 0; i < 1200; i++) {
    int method = i % EXPLICIT_METHODS, single = i % 5 == 0;
    int fixed = method == OG_METHOD_EULER || method == OG_METHOD_RK4 || i % 7 == 0;
    double lag = i < 600 ? i / 100.0 : 3 + 3 * noise(&seed), t = 24 + lag, x[ROWS];
    double theta[3] = {0.1, lag, 1}, times[ROWS] = {t - 0.25, t, t, t + 0.25};
    char text[300];
    snprintf(text, sizeof text, dose, guards[i % GUARDS][0], guards[i % GUARDS][1]);
    og_context *context = new_context();
    og_model *model = parse(context, text);
    model_case c = {.method = (og_method)method,
                    .precision = single ? OG_PRECISION_SINGLE : OG_PRECISION_DOUBLE,
                    .rtol = 1e-7,
                    .steps = fixed ? 30 + i % 3 * 600 : 0,
                    .t1 = 31,
                    .theta = theta};
    og_options *options = case_options(context, &c);
    og_solve *solve = dose_solve(context, model, &c, options, times);
    og_occurrence at = {OG_INIT(og_occurrence)};
    CHECK(context, og_solve_event(solve, 0, 0, &at));
    for (size_t k = 0; k < ROWS; k++) CHECK(context, og_solve_observed(solve, 0, k, x + k));
    beside += at.t < t;
    for (int k = 0; k < ROWS; k++) {
      double truth = level(theta, times[k], k == 3);
      /* a dose is 1, and Euler's error at 30 steps a tenth */
      if (!(fabs(x[k] - truth) < (fixed ? 0.2 : 1e-3)))
        fail_msg("%s, lag %.17g, method %d: row %d is %g, not %g", guards[i % GUARDS][0], lag, method, k,
                 x[k], truth);
    }
    og_solve_destroy(solve);
    og_options_destroy(options);
    og_model_destroy(model);
    og_context_destroy(context);
  }
  assert_true(beside > 100); /* else nothing was tried */
}

/* Weights of the rows: those at the event see no dose, and neither its time nor its amount; the row behind it
 * does. */
static void gradients(void **state) {
  (void)state;
  static const og_adjoint kinds[] = {OG_ADJOINT_DISCRETE, OG_ADJOINT_FORWARD, OG_ADJOINT_BACKSOLVE,
                                     OG_ADJOINT_INTERPOLATE, OG_ADJOINT_QUADRATURE};
  static const double weights[ROWS] = {0.3, 1, -0.4, 0.7};
  for (int i = 0; i < 100; i++)
    for (int kind = 0; kind < 5; kind++) {
      double lag = i / 100.0 + 0.003 * (i % 3), t = 24 + lag;
      double theta[3] = {0.1, lag, 1}, times[ROWS] = {t - 0.25, t, t, t + 0.25}, truth[3] = {0};
      double theta_bar[3] = {0}, t0_bar = 0, t1_bar = 0, times_bar[ROWS] = {0};
      char text[300];
      snprintf(text, sizeof text, dose, guards[i % GUARDS][0], guards[i % GUARDS][1]);
      og_context *context = new_context();
      og_model *model = parse(context, text);
      model_case c = {.rtol = 1e-9, .t1 = 31, .theta = theta};
      og_options *options = case_options(context, &c);
      CHECK(context, og_options_set_choice(options, OG_OPT_ADJOINT, (int)kinds[kind]));
      og_solve *solve = dose_solve(context, model, &c, options, times);
      CHECK(context, og_solve_pullback(
                         solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .observed_bar = weights,
                                                      .theta_bar = theta_bar, .t0_bar = &t0_bar,
                                                      .t1_bar = &t1_bar, .times_bar = times_bar}));
      for (int k = 0; k < ROWS; k++) {
        double left = times[k] - t, grown = k == 3 ? exp(-0.1 * left) : 0;
        truth[0] += weights[k] * (-times[k] * exp(-0.1 * times[k]) - left * grown);
        truth[1] += weights[k] * 0.1 * grown;
        truth[2] += weights[k] * grown;
        assert_near(times_bar[k], -0.1 * weights[k] * level(theta, times[k], k == 3), 1e-5, "of time",
                    (size_t)k);
      }
      for (size_t k = 0; k < 3; k++) assert_near(theta_bar[k], truth[k], 1e-6, "of parameter", k);
      og_solve_destroy(solve);
      og_options_destroy(options);
      og_model_destroy(model);
      og_context_destroy(context);
    }
}

/* Replays keep a row on its side of the event while that moves past its time: differences agree with the
 * gradient. */
static void replayed(void **state) {
  (void)state;
  for (int i = 0; i < 60; i++) {
    double lag = i / 60.0, t = 24 + lag, theta[3] = {0.1, lag, 1}, times[ROWS] = {t - 0.25, t, t, t + 0.25};
    double x[2][ROWS], h = 1e-4;
    char text[300];
    snprintf(text, sizeof text, dose, guards[i % GUARDS][0], guards[i % GUARDS][1]);
    og_context *context = new_context();
    og_model *model = parse(context, text);
    model_case c = {.rtol = 1e-9, .t1 = 31, .theta = theta};
    og_options *options = case_options(context, &c);
    og_solve *solve = dose_solve(context, model, &c, options, times);
    for (int side = 0; side < 2; side++) {
      CHECK(context, og_solve_set_parameters(solve, OG_ALL, (double[]){0.1, lag + (side ? h : -h), 1}));
      CHECK(context, og_solve_replay(solve));
      for (size_t k = 0; k < ROWS; k++) CHECK(context, og_solve_observed(solve, 0, k, x[side] + k));
    }
    for (size_t k = 0; k < ROWS; k++)
      assert_near((x[1][k] - x[0][k]) / (2 * h), k == 3 ? 0.1 * exp(-0.025) : 0, 1e-6, "difference", k);
    og_solve_destroy(solve);
    og_options_destroy(options);
    og_model_destroy(model);
    og_context_destroy(context);
  }
}

/* At a terminal event, at several events of one time, and backward in time. */
static void at_the_end(void **state) {
  (void)state;
  static const char text[] = "param lag = 0\n"
                             "init x = 0, n = 0\n"
                             "x' = 1\nn' = 0\n"
                             "event first when t - lag - %d = 0 any { n = n + 1 }\n"
                             "event second when %d - (t - lag) = 0 any { n = n + 10; stop }\n";
  for (int backward = 0; backward < 2; backward++)
    for (int i = 1; i < 300; i++) {
      int at = backward ? -5 : 24;
      double lag = (backward ? -1 : 1) * i / 100.0, t = at + lag, x[4], times[2] = {t, t};
      char model_text[400];
      snprintf(model_text, sizeof model_text, text, at, at);
      og_context *context = new_context();
      og_model *model = parse(context, model_text);
      model_case c = {.rtol = 1e-9, .t1 = backward ? -10 : 30, .theta = &lag};
      og_options *options = case_options(context, &c);
      og_solve *solve = case_solve(context, model, &c, options, 1);
      size_t events = 0;
      CHECK(context, og_solve_set_observations(solve, 0, 2, times));
      CHECK(context, og_solve_run(solve));
      CHECK(context, og_solve_events(solve, 0, &events));
      assert_int_equal(events, 2);
      for (size_t k = 0; k < 2; k++) CHECK(context, og_solve_observed(solve, 0, k, x + 2 * k));
      for (int k = 0; k < 2; k++) {
        assert_near(x[2 * k], t, 1e-12, "x", (size_t)k);
        if (x[2 * k + 1] != 0) fail_msg("lag %g: a row has seen %g", lag, x[2 * k + 1]);
      }
      og_solve_destroy(solve);
      og_options_destroy(options);
      og_model_destroy(model);
      og_context_destroy(context);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_lag),
      cmocka_unit_test(gradients),
      cmocka_unit_test(replayed),
      cmocka_unit_test(at_the_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
