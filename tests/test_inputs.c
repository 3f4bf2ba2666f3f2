/* Inputs: signals in time, on whose breakpoints steps end; derivatives by their values. */
#include "fields.h"

static void expect_near(const char *what, double got, double want, double tolerance) {
  if (!(fabs(got - want) <= tolerance))
    fail_msg("%s: got %.17g, want %.17g, difference %.3g exceeds %.3g", what, got, want, got - want,
             tolerance);
}

static void expect_failure(og_context *context, og_status got, og_status want, const char *word) {
  if (got != want || !strstr(og_context_message(context), word))
    fail_msg("%s in place of %s with '%s': %s", og_status_name(got), og_status_name(want), word,
             og_context_message(context));
}

/* x' = -k x + u: theta = (k, u). */
static int filter_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)user;
  f[0] = -p[0] * x[0] + p[1];
  return 0;
}
static int filter_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                      double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  x_bar[0] = -p[0] * l[0];
  theta_bar[0] = -x[0] * l[0];
  theta_bar[1] = l[0];
  return 0;
}
static int filter_jvp(double t, const double *x, const double *p, double t_dot, const double *dx,
                      const double *dp, double *f_dot, void *user) {
  (void)t, (void)t_dot, (void)user;
  f_dot[0] = -dp[0] * x[0] - p[0] * dx[0] + dp[1];
  return 0;
}

typedef struct filter {
  og_context *context;
  og_field *field;
  og_options *options;
  og_solve *solve;
} filter;

static filter open_filter(og_method method, og_adjoint adjoint, double k, double t0, double t1) {
  filter f = {.context = new_context()};
  CHECK(f.context, og_field_create(f.context, 1, 1, filter_rhs, NULL, &f.field));
  CHECK(f.context, og_field_set_vjp(f.field, filter_vjp));
  CHECK(f.context, og_field_set_jvp(f.field, filter_jvp));
  CHECK(f.context, og_field_set_inputs(f.field, 1));
  f.options = new_options(f.context, method, 1e-12, 1e-12);
  CHECK(f.context, og_options_set_choice(f.options, OG_OPT_ADJOINT, (int)adjoint));
  CHECK(f.context, og_solve_create(f.context, f.field, f.options, 1, &f.solve));
  CHECK(f.context, og_solve_set_span(f.solve, 0, t0, t1));
  CHECK(f.context, og_solve_set_initial_state(f.solve, 0, (double[]){0.5}));
  CHECK(f.context, og_solve_set_parameters(f.solve, 0, &k));
  return f;
}

static void close_filter(filter *f) {
  og_solve_destroy(f->solve);
  og_options_destroy(f->options);
  og_field_destroy(f->field);
  og_context_destroy(f->context);
}

enum { PIECES = 5 };
static const double piece_times[PIECES] = {-1, 0.3, 0.9, 1.7, 2.6},
                    piece_values[PIECES] = {2, -1, 0.5, 3, -2};

/* The relay: u is held, so that x(t1) = x0 e^(-k T) + sum_i u_i (e^(-k (t1 - end_i)) - e^(-k (t1 - start_i)))
 * / k over the pieces, linear in u. Forward over [0, 2.2] and back over it. */
static void relay_of(og_method method, og_adjoint adjoint, int backward) {
  const double k = 0.8, t0 = backward ? 2.2 : 0, t1 = backward ? 0 : 2.2;
  filter f = open_filter(method, adjoint, k, t0, t1);
  double want = 0.5 * exp(-k * (t1 - t0)), slope[PIECES] = {0}, x = 0, values_bar[PIECES] = {0}, k_bar = 0;
  for (int i = 0; i < PIECES; i++) {
    double start = fmax(0, piece_times[i]), end = i + 1 < PIECES ? fmin(2.2, piece_times[i + 1]) : 2.2;
    if (start < end) slope[i] = (exp(-k * (t1 - end)) - exp(-k * (t1 - start))) / k * (backward ? -1 : 1);
    want += piece_values[i] * slope[i];
  }
  CHECK(f.context, og_solve_set_input(f.solve, 0, 0, OG_SIGNAL_HOLD, PIECES, piece_times, piece_values));
  CHECK(f.context, og_solve_run(f.solve));
  CHECK(f.context, og_solve_final(f.solve, 0, &x));
  expect_near("x(t1)", x, want, 2e-11); /* some tens of steps at 1e-12 */
  CHECK(f.context,
        og_solve_pullback(f.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                         .final_bar = (double[]){1}, .theta_bar = &k_bar}));
  CHECK(f.context, og_solve_input_gradient(f.solve, 0, 0, values_bar));
  for (int i = 0; i < PIECES; i++) expect_near("dx/du", values_bar[i], slope[i], 2e-11);
  /* Steps end on the breakpoints inside. */
  size_t steps = 0, found = 0;
  CHECK(f.context, og_solve_steps(f.solve, 0, &steps, NULL));
  double *times = calloc(steps + 1, sizeof *times);
  CHECK(f.context, og_solve_steps(f.solve, 0, &steps, times));
  for (size_t i = 0; i <= steps; i++)
    for (int j = 1; j < 4; j++) found += times[i] == piece_times[j];
  assert_int_equal(found, 3);
  assert_true(times[0] == t0 && times[steps] == t1);
  free(times);
  close_filter(&f);
}

static void relay(void **state) {
  (void)state;
  static const og_method methods[] = {OG_METHOD_DOPRI5, OG_METHOD_TSIT5, OG_METHOD_DOP853};
  for (int i = 0; i < 3; i++)
    for (int backward = 0; backward < 2; backward++) {
      relay_of(methods[i], OG_ADJOINT_DISCRETE, backward);
      relay_of(methods[i], OG_ADJOINT_FORWARD, backward);
    }
}

/* x' = u with u linear between values: x is the trapezoidal sum, which every method from order 2 on has
 * exactly; so has its gradient. */
static void ramps(void **state) {
  (void)state;
  for (int method = OG_METHOD_MIDPOINT; method < EXPLICIT_METHODS; method++)
    for (int backward = 0; backward < 2; backward++) {
      filter f = open_filter(OG_METHOD_TSIT5, OG_ADJOINT_DISCRETE, 0, -1, 2.6);
      og_solve_destroy(f.solve);
      CHECK(f.context, og_options_set_choice(f.options, OG_OPT_METHOD, method));
      CHECK(f.context, og_options_set_integer(f.options, OG_OPT_STEPS, 7));
      CHECK(f.context, og_solve_create(f.context, f.field, f.options, 1, &f.solve));
      CHECK(f.context, og_solve_set_span(f.solve, 0, backward ? 2.6 : -1, backward ? -1 : 2.6));
      CHECK(f.context, og_solve_set_initial_state(f.solve, 0, (double[]){0.5}));
      CHECK(f.context, og_solve_set_parameters(f.solve, 0, (double[]){0}));
      CHECK(f.context,
            og_solve_set_input(f.solve, 0, 0, OG_SIGNAL_LINEAR, PIECES, piece_times, piece_values));
      CHECK(f.context, og_solve_run(f.solve));
      double want = 0.5, sign = backward ? -1 : 1, weight[PIECES] = {0}, x = 0, values_bar[PIECES] = {0};
      for (int i = 0; i + 1 < PIECES; i++) {
        double half = 0.5 * sign * (piece_times[i + 1] - piece_times[i]);
        weight[i] += half, weight[i + 1] += half;
      }
      for (int i = 0; i < PIECES; i++) want += weight[i] * piece_values[i];
      CHECK(f.context, og_solve_final(f.solve, 0, &x));
      expect_near("x(t1)", x, want, 1e-14);
      CHECK(f.context, og_solve_pullback(f.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                        .final_bar = (double[]){1}}));
      CHECK(f.context, og_solve_input_gradient(f.solve, 0, 0, values_bar));
      for (int i = 0; i < PIECES; i++) expect_near("dx/du", values_bar[i], weight[i], 1e-14);
      CHECK(f.context, og_solve_input_gradient(f.solve, 0, 0, values_bar)); /* adds */
      expect_near("added", values_bar[1], 2 * weight[1], 1e-14);
      close_filter(&f);
    }
}

/* A constant is a parameter; without a vjp the products come from differences. */
static void constants(void **state) {
  (void)state;
  const double k = 0.8, t1 = 2;
  filter f = open_filter(OG_METHOD_DOP853, OG_ADJOINT_DISCRETE, k, 0, t1);
  CHECK(f.context, og_field_set_vjp(f.field, NULL));
  CHECK(f.context, og_field_use_finite_differences(f.field));
  double x = 0, value_bar = 0, k_bar = 0, u = 3, e = exp(-k * t1), t1_bar = 0;
  CHECK(f.context, og_solve_set_input(f.solve, 0, 0, OG_SIGNAL_CONSTANT, 1, NULL, &u));
  CHECK(f.context, og_solve_run(f.solve));
  CHECK(f.context, og_solve_final(f.solve, 0, &x));
  expect_near("x", x, 0.5 * e + u * (1 - e) / k, 1e-11);
  CHECK(f.context, og_solve_pullback(f.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                    .final_bar = (double[]){1},
                                                                    .theta_bar = &k_bar, .t1_bar = &t1_bar}));
  CHECK(f.context, og_solve_input_gradient(f.solve, 0, 0, &value_bar));
  /* differences: about 1e-9 */
  expect_near("dx/du", value_bar, (1 - e) / k, 1e-8);
  expect_near("dx/dk", k_bar, -0.5 * t1 * e - u * (1 - e) / (k * k) + u * t1 * e / k, 1e-8);
  expect_near("dx/dt1", t1_bar, -k * x + u, 1e-8);
  close_filter(&f);
}

static void refusals(void **state) {
  (void)state;
  filter f = open_filter(OG_METHOD_TSIT5, OG_ADJOINT_DISCRETE, 1, 0, 2);
  og_solve *s = f.solve;
  double bar[PIECES] = {0};
  expect_failure(f.context, og_solve_run(s), OG_ERR_STATE, "og_solve_set_input");
  expect_failure(f.context, og_solve_set_input(s, 0, 1, OG_SIGNAL_HOLD, PIECES, piece_times, piece_values),
                 OG_ERR_ARGUMENT, "input 1");
  expect_failure(f.context, og_solve_set_input(s, 0, 0, OG_SIGNAL_CONSTANT, 2, NULL, piece_values),
                 OG_ERR_ARGUMENT, "one value");
  expect_failure(f.context, og_solve_set_input(s, 0, 0, OG_SIGNAL_LINEAR, 2, NULL, piece_values),
                 OG_ERR_ARGUMENT, "a time for each");
  expect_failure(f.context, og_solve_set_input(s, 0, 0, OG_SIGNAL_LINEAR, 2, (double[]){1, 1}, piece_values),
                 OG_ERR_ARGUMENT, "increase");
  expect_failure(f.context,
                 og_solve_set_input(s, 0, 0, OG_SIGNAL_LINEAR, 2, (double[]){1, NAN}, piece_values),
                 OG_ERR_NOT_FINITE, "entry 1");
  CHECK(f.context, og_solve_set_input(s, 0, 0, OG_SIGNAL_LINEAR, 2, (double[]){0, 1.5}, piece_values));
  expect_failure(f.context, og_solve_run(s), OG_ERR_ARGUMENT, "known from 0 to 1.5");
  CHECK(f.context, og_solve_set_input(s, 0, 0, OG_SIGNAL_HOLD, 2, (double[]){0.1, 1.5}, piece_values));
  expect_failure(f.context, og_solve_run(s), OG_ERR_ARGUMENT, "known from 0.1");
  CHECK(f.context, og_solve_set_input(s, 0, 0, OG_SIGNAL_HOLD, PIECES, piece_times, piece_values));
  CHECK(f.context, og_solve_run(s));
  expect_failure(f.context, og_solve_input_gradient(s, 0, 0, bar), OG_ERR_STATE, "og_solve_pullback");
  CHECK(f.context, og_solve_set_span(s, 0, 0, 1));
  expect_failure(f.context, og_solve_replay(s), OG_ERR_STATE, "breakpoints");
  close_filter(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(relay),
      cmocka_unit_test(ramps),
      cmocka_unit_test(constants),
      cmocka_unit_test(refusals),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
