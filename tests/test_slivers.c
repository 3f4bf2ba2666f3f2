/* Spans, observations, pieces of inputs and events that leave a few ulp of time, or 1e-14 of the span, where
 * the next step would be: t1 is reached exactly, no step is so short that rounding is all of it, and results
 * and derivatives are those of closed forms. */
#include "fields.h"

/* ---- x' = p0 x, and x' = p0: steps of the second have no error, so that max-step alone places them ---- */

static int growth_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)user;
  f[0] = p[0] * x[0];
  return 0;
}
static int growth_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                      double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  x_bar[0] = p[0] * l[0];
  theta_bar[0] = x[0] * l[0];
  return 0;
}
static int growth_jvp(double t, const double *x, const double *p, double dt, const double *dx,
                      const double *dp, double *f_dot, void *user) {
  (void)t, (void)dt, (void)user;
  f_dot[0] = p[0] * dx[0] + dp[0] * x[0];
  return 0;
}
static int line_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)x, (void)user;
  f[0] = p[0];
  return 0;
}
static int line_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                    double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)x, (void)p, (void)x_bar, (void)t_bar, (void)user;
  theta_bar[0] = l[0];
  return 0;
}
static int line_jvp(double t, const double *x, const double *p, double dt, const double *dx, const double *dp,
                    double *f_dot, void *user) {
  (void)t, (void)x, (void)p, (void)dt, (void)dx, (void)user;
  f_dot[0] = dp[0];
  return 0;
}

typedef struct run {
  og_context *context;
  og_field *field;
  og_options *options;
  og_solve *solve;
} run;

static run open_run(int line, og_method method, og_adjoint adjoint, og_precision precision, double max_step) {
  run r = {.context = new_context()};
  double tolerance = precision == OG_PRECISION_SINGLE ? 1e-4 : 1e-8;
  CHECK(r.context, og_field_create(r.context, 1, 1, line ? line_rhs : growth_rhs, NULL, &r.field));
  CHECK(r.context, og_field_set_vjp(r.field, line ? line_vjp : growth_vjp));
  CHECK(r.context, og_field_set_jvp(r.field, line ? line_jvp : growth_jvp));
  r.options = new_options(r.context, method, tolerance, tolerance);
  CHECK(r.context, og_options_set_real(r.options, OG_OPT_MAX_STEP, max_step));
  CHECK(r.context, og_options_set_real(r.options, OG_OPT_FIRST_STEP, max_step));
  CHECK(r.context, og_options_set_choice(r.options, OG_OPT_ADJOINT, (int)adjoint));
  CHECK(r.context, og_options_set_choice(r.options, OG_OPT_PRECISION, (int)precision));
  CHECK(r.context, og_solve_create(r.context, r.field, r.options, 1, &r.solve));
  return r;
}

static void close_run(run *r) {
  og_solve_destroy(r->solve);
  og_options_destroy(r->options);
  og_field_destroy(r->field);
  og_context_destroy(r->context);
}

static void expect_near(const char *what, double got, double want, double tolerance) {
  if (!(fabs(got - want) <= tolerance)) fail_msg("%s: %.17g is not %.17g to %g", what, got, want, tolerance);
}

/* What follows the last full step: nothing, a few ulp, 1e-14 or 1e-12 of the span, or so much less. */
static const double slivers[] = {0, 1, 2, 5, -1, -3, 45, -45, 4500};
enum { SLIVERS = sizeof slivers / sizeof *slivers };

static double beside(double t, double ulps) { return t + ulps * (nextafter(t, INFINITY) - t); }

/* Ten steps of h, and a sliver, which is less than a hundredth of a step and so joins the tenth. */
static void placed(double t0, double h, double ulps, og_precision precision) {
  run r = open_run(1, OG_METHOD_TSIT5, OG_ADJOINT_DISCRETE, precision, fabs(h));
  double t1 = beside(t0 + 10 * h, ulps), times[64], x, p_bar = 0, x_bar = 0, t0_bar = 0, t1_bar = 0;
  size_t count;
  CHECK(r.context, og_solve_set_span(r.solve, 0, t0, t1));
  CHECK(r.context, og_solve_set_initial_state(r.solve, 0, (double[]){1}));
  CHECK(r.context, og_solve_set_parameters(r.solve, OG_ALL, (double[]){0.5}));
  CHECK(r.context, og_solve_run(r.solve));
  CHECK(r.context, og_solve_steps(r.solve, 0, &count, NULL));
  assert_int_equal(count, 10);
  CHECK(r.context, og_solve_steps(r.solve, 0, &count, times));
  assert_true(times[0] == t0 && times[count] == t1);
  for (size_t k = 0; k < count; k++)
    if (!(fabs((times[k + 1] - times[k]) / h - 1) < 1e-3))
      fail_msg("from %g by %g and %g ulp: step %zu of %zu is %g", t0, h, ulps, k, count,
               times[k + 1] - times[k]);
  CHECK(r.context, og_solve_final(r.solve, 0, &x));
  double eps = precision == OG_PRECISION_SINGLE ? 1e-6 : 1e-14; /* ten roundings of numbers of size 1 to 6 */
  expect_near("x(t1)", x, 1 + 0.5 * (t1 - t0), 10 * eps);
  CHECK(r.context, og_solve_pullback(r.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                    .final_bar = (double[]){1},
                                                                    .x0_bar = &x_bar, .theta_bar = &p_bar,
                                                                    .t0_bar = &t0_bar, .t1_bar = &t1_bar}));
  expect_near("dx/dp", p_bar, t1 - t0, 10 * eps * fabs(t1 - t0));
  expect_near("dx/dx0", x_bar, 1, eps);
  expect_near("dx/dt0", t0_bar, -0.5, 10 * eps);
  expect_near("dx/dt1", t1_bar, 0.5, 10 * eps);
  close_run(&r);
}

static void steps_are_none(void **state) {
  (void)state;
  static const double starts[] = {0, 1, -1, 1000, -0.3}, widths[] = {0.1, 1. / 3, 1e-3, -0.1, -0.7};
  for (int i = 0; i < 5; i++)
    for (int j = 0; j < 5; j++)
      for (int k = 0; k < SLIVERS; k++)
        for (int p = 0; p < 2; p++)
          placed(starts[i], widths[j], slivers[k], p ? OG_PRECISION_SINGLE : OG_PRECISION_DOUBLE);
}

/* Of a span that is no more than a few ulp itself, every step is one: each moves t on, and the last one that
 * rounding brings to t1 is the last. */
static void of_whole_spans(void **state) {
  (void)state;
  static const double starts[] = {1000, -1000, 1};
  static const int lengths[] = {1, 2, 3, 9, 33, 65, 67, 100, 131};
  for (int i = 0; i < 3; i++)
    for (int length = 0; length < 18; length++)
      for (int kind = 0; kind < 4; kind++) {
        int ulps = lengths[length % 9] * (length < 9 ? 1 : -1);
        double t0 = starts[i], ulp = fabs(beside(t0, 1) - t0), t1 = t0 + ulps * ulp, times[64], x, p_bar = 0;
        double t0_bar = 0, t1_bar = 0;
        run r = open_run(1, kind % 2 ? OG_METHOD_DOP853 : OG_METHOD_TSIT5, OG_ADJOINT_DISCRETE,
                         OG_PRECISION_DOUBLE, kind < 2 ? 0 : 2.7 * ulp);
        size_t count;
        CHECK(r.context, og_solve_set_span(r.solve, 0, t0, t1));
        CHECK(r.context, og_solve_set_initial_state(r.solve, 0, (double[]){1}));
        CHECK(r.context, og_solve_set_parameters(r.solve, OG_ALL, (double[]){0.5}));
        CHECK(r.context, og_solve_run(r.solve));
        CHECK(r.context, og_solve_steps(r.solve, 0, &count, NULL));
        assert_in_range(count, 1, 63);
        CHECK(r.context, og_solve_steps(r.solve, 0, &count, times));
        assert_true(times[0] == t0 && times[count] == t1);
        for (size_t k = 0; k < count; k++) assert_true((times[k + 1] - times[k]) * ulps > 0);
        CHECK(r.context, og_solve_final(r.solve, 0, &x));
        expect_near("x", x, 1 + 0.5 * (t1 - t0), 2.3e-16 * (double)(count + 1)); /* a rounding a step */
        CHECK(r.context,
              og_solve_pullback(
                  r.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = (double[]){1},
                                                 .theta_bar = &p_bar, .t0_bar = &t0_bar, .t1_bar = &t1_bar}));
        expect_near("p_bar", p_bar, t1 - t0, 1e-3 * fabs(t1 - t0)); /* steps are fractions, to rounding */
        expect_near("t0_bar", t0_bar, -0.5, 1e-14);
        expect_near("t1_bar", t1_bar, 0.5, 1e-14);
        close_run(&r);
      }
}

/* More fixed steps than there are numbers in the span: one of them would not move t, and none is taken for
 * more than it is. */
static void of_fixed_steps(void **state) {
  (void)state;
  for (int steps = 1; steps < 12; steps++)
    for (int ulps = 1; ulps < 12; ulps++) {
      double t0 = 1000, t1 = beside(t0, ulps), times[16];
      size_t count = 0;
      run r = open_run(1, OG_METHOD_TSIT5, OG_ADJOINT_DISCRETE, OG_PRECISION_DOUBLE, 0);
      CHECK(r.context, og_options_set_integer(r.options, OG_OPT_STEPS, steps));
      og_solve_destroy(r.solve);
      CHECK(r.context, og_solve_create(r.context, r.field, r.options, 1, &r.solve));
      CHECK(r.context, og_solve_set_span(r.solve, 0, t0, t1));
      CHECK(r.context, og_solve_set_initial_state(r.solve, 0, (double[]){1}));
      CHECK(r.context, og_solve_set_parameters(r.solve, OG_ALL, (double[]){0.5}));
      og_status status = og_solve_run(r.solve);
      assert_int_equal(status, steps <= ulps ? OG_OK : OG_ERR_STEP_UNDERFLOW);
      if (status == OG_OK) {
        CHECK(r.context, og_solve_steps(r.solve, 0, &count, times));
        assert_int_equal(count, steps);
        assert_true(times[count] == t1);
        for (size_t k = 0; k < count; k++) assert_true(times[k] < times[k + 1]);
      }
      close_run(&r);
    }
}

/* The step ends that the controller chooses by itself, when it has all the time it wants. */
static size_t own_steps(og_method method, double times[64]) {
  run r = open_run(0, method, OG_ADJOINT_DISCRETE, OG_PRECISION_DOUBLE, 0);
  size_t count;
  CHECK(r.context, og_solve_set_span(r.solve, 0, 0, 8));
  CHECK(r.context, og_solve_set_initial_state(r.solve, 0, (double[]){1}));
  CHECK(r.context, og_solve_set_parameters(r.solve, OG_ALL, (double[]){-0.5}));
  CHECK(r.context, og_solve_run(r.solve));
  CHECK(r.context, og_solve_steps(r.solve, 0, &count, NULL));
  assert_in_range(count, 4, 63);
  CHECK(r.context, og_solve_steps(r.solve, 0, &count, times));
  close_run(&r);
  return count;
}

/* x(t1) = exp(p t1), observed beside the end and the last steps' ends as well: every kind of derivative has
 * the closed form to the tolerance, of 1e-8 in a dozen or two of steps. The forward kind has none of times.
 */
static void derivatives_to(double t1, og_method method, og_adjoint adjoint) {
  run r = open_run(0, method, adjoint, OG_PRECISION_DOUBLE, 0);
  double at[4] = {beside(t1, -90), beside(t1, -2), beside(t1, -1), t1}, bars[4] = {1, -2, 0.5, 3}, p = -0.5;
  double x, x_bar = 0, p_bar = 0, t0_bar = 0, t1_bar = 0, times_bar[4] = {0}, times[64];
  double end = exp(p * t1), all = 1 - 2 + 0.5 + 3 + 1; /* with the final state's */
  size_t count;
  CHECK(r.context, og_solve_set_span(r.solve, 0, 0, t1));
  CHECK(r.context, og_solve_set_observations(r.solve, 0, 4, at));
  CHECK(r.context, og_solve_set_initial_state(r.solve, 0, (double[]){1}));
  CHECK(r.context, og_solve_set_parameters(r.solve, OG_ALL, &p));
  CHECK(r.context, og_solve_run(r.solve));
  CHECK(r.context, og_solve_steps(r.solve, 0, &count, NULL));
  CHECK(r.context, adjoint == OG_ADJOINT_BACKSOLVE ? OG_OK : og_solve_steps(r.solve, 0, &count, times));
  assert_true(adjoint == OG_ADJOINT_BACKSOLVE ||
              (times[count] == t1 && times[count] - times[count - 1] > 1e-3));
  CHECK(r.context, og_solve_final(r.solve, 0, &x));
  expect_near("x(t1)", x, end, 1e-7);
  for (size_t i = 0; i < 4; i++) {
    CHECK(r.context, og_solve_observed(r.solve, 0, i, &x));
    expect_near("observed", x, end, 1e-7);
  }
  CHECK(r.context,
        og_solve_pullback(r.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .observed_bar = bars,
                                                         .final_bar = (double[]){1}, .x0_bar = &x_bar,
                                                         .theta_bar = &p_bar, .t0_bar = &t0_bar,
                                                         .t1_bar = &t1_bar, .times_bar = times_bar}));
  expect_near("x0_bar", x_bar, all * end, 1e-6);
  expect_near("p_bar", p_bar, all * t1 * end, 1e-6 * t1);
  expect_near("t0_bar", t0_bar, -all * p * end, 1e-6);
  expect_near("t1_bar", t1_bar, p * end, 1e-6);
  for (int i = 0; i < 4; i++) expect_near("times_bar", times_bar[i], bars[i] * p * end, 1e-6);
  close_run(&r);
}

static void of_adaptive_steps(void **state) {
  (void)state;
  static const og_method methods[] = {OG_METHOD_DOPRI5, OG_METHOD_TSIT5, OG_METHOD_DOP853};
  for (int i = 0; i < 3; i++) {
    double ends[64];
    size_t count = own_steps(methods[i], ends);
    for (size_t k = 2; k < count; k++)
      for (int j = 0; j < SLIVERS; j++)
        for (int adjoint = OG_ADJOINT_DISCRETE; adjoint <= OG_ADJOINT_FORWARD; adjoint++)
          derivatives_to(beside(ends[k], slivers[j]), methods[i], (og_adjoint)adjoint);
  }
}

/* ---- Pieces of inputs, and events ---- */

/* x' = p0 + u. */
static int driven_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)x, (void)user;
  f[0] = p[0] + p[1];
  return 0;
}
static int driven_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                      double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)x, (void)p, (void)x_bar, (void)t_bar, (void)user;
  theta_bar[0] = theta_bar[1] = l[0];
  return 0;
}

static void start_line(run *r, double t1) {
  CHECK(r->context, og_solve_create(r->context, r->field, r->options, 1, &r->solve));
  CHECK(r->context, og_solve_set_span(r->solve, 0, 0, t1));
  CHECK(r->context, og_solve_set_initial_state(r->solve, 0, (double[]){1}));
  CHECK(r->context, og_solve_set_parameters(r->solve, OG_ALL, (double[]){0.5}));
}

/* A held signal that changes a few ulp before t1, or a linear one with a corner there: x(1) is the integral,
 * and its derivative by a value is the time that it was held, or half of both sides of its corner. */
static void of_inputs(void **state) {
  (void)state;
  for (int adjoint = OG_ADJOINT_DISCRETE; adjoint < OG_ADJOINT_FORWARD; adjoint++)
    for (int linear = 0; linear < 2; linear++)
      for (int j = 1; j < SLIVERS; j++) {
        run r = open_run(1, OG_METHOD_TSIT5, (og_adjoint)adjoint, OG_PRECISION_DOUBLE, 0);
        double corner = beside(1, -fabs(slivers[j])), late = 1 - corner;
        double times[3] = {0, corner, 2}, values[3] = {2, 30, -5}, bars[3] = {0}, p_bar = 0, x_bar = 0, x;
        double at_end = 30 - 35 * late / (2 - corner);
        og_solve_destroy(r.solve);
        og_field_destroy(r.field);
        CHECK(r.context, og_field_create(r.context, 1, 1, driven_rhs, NULL, &r.field));
        CHECK(r.context, og_field_set_vjp(r.field, driven_vjp));
        CHECK(r.context, og_field_set_inputs(r.field, 1));
        start_line(&r, 1);
        CHECK(r.context, og_solve_set_input(r.solve, 0, 0, linear ? OG_SIGNAL_LINEAR : OG_SIGNAL_HOLD, 3,
                                            times, values));
        CHECK(r.context, og_solve_run(r.solve));
        CHECK(r.context, og_solve_final(r.solve, 0, &x));
        double area = linear ? 16 * corner + (30 + at_end) / 2 * late : 2 * corner + 30 * late;
        expect_near("x(1)", x, 1.5 + area, 1e-7); /* the continuous kinds have errors of their tolerance */
        CHECK(r.context,
              og_solve_pullback(r.solve,
                                &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = (double[]){1},
                                                      .x0_bar = &x_bar, .theta_bar = &p_bar}));
        CHECK(r.context, og_solve_input_gradient(r.solve, 0, 0, bars));
        expect_near("x0_bar", x_bar, 1, 1e-12);
        expect_near("p_bar", p_bar, 1, 1e-12);
        double share = late * late / 2 / (2 - corner); /* of the last value, in a linear piece */
        expect_near("values_bar[0]", bars[0], linear ? corner / 2 : corner, 1e-12);
        expect_near("values_bar[1]", bars[1], linear ? corner / 2 + late - share : late, 1e-12);
        expect_near("values_bar[2]", bars[2], linear ? share : 0, 1e-12);
        close_run(&r);
      }
}

/* An event at a few ulp from either end, which triples x: x(1) = 3 (1 + p) or 3 + p, but for rounding. */
static double when;
static int guard(double t, const double *x, const double *p, double *g, void *user) {
  (void)x, (void)p, (void)user;
  g[0] = t - when;
  return 0;
}
static int guard_vjp(double t, const double *x, const double *p, const double *b, double *x_bar,
                     double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)x, (void)p, (void)x_bar, (void)theta_bar, (void)user;
  *t_bar = b[0];
  return 0;
}
static int jump(size_t event, double t, const double *x, const double *p, double *after, void *user) {
  (void)event, (void)t, (void)p, (void)user;
  after[0] = 3 * x[0];
  return 0;
}
static int jump_vjp(size_t event, double t, const double *x, const double *p, const double *b, double *x_bar,
                    double *theta_bar, double *t_bar, void *user) {
  (void)event, (void)t, (void)x, (void)p, (void)theta_bar, (void)t_bar, (void)user;
  x_bar[0] = 3 * b[0];
  return 0;
}
static int jump_jvp(size_t event, double t, const double *x, const double *p, double dt, const double *dx,
                    const double *dp, double *after_dot, void *user) {
  (void)event, (void)t, (void)x, (void)p, (void)dt, (void)dp, (void)user;
  after_dot[0] = 3 * dx[0];
  return 0;
}

static void of_an_event(double time, og_adjoint adjoint) {
  static const og_event event = {OG_INIT(og_event), "triple", OG_DIRECTION_RISING, 0};
  static const og_event_functions functions = {
      OG_INIT(og_event_functions), guard, guard_vjp, jump, jump_vjp, jump_jvp};
  run r = open_run(1, OG_METHOD_TSIT5, adjoint, OG_PRECISION_DOUBLE, 0);
  double x, x_bar = 0, p_bar = 0, t0_bar = 0, t1_bar = 0;
  og_occurrence happened = {OG_INIT(og_occurrence)};
  size_t count;
  when = time;
  og_solve_destroy(r.solve);
  CHECK(r.context, og_field_set_events(r.field, 1, &event, &functions));
  start_line(&r, 1);
  CHECK(r.context, og_solve_run(r.solve));
  CHECK(r.context, og_solve_events(r.solve, 0, &count));
  assert_int_equal(count, 1);
  CHECK(r.context, og_solve_event(r.solve, 0, 0, &happened));
  expect_near("the event's time", happened.t, time, 4e-16);
  CHECK(r.context, og_solve_final(r.solve, 0, &x));
  expect_near("x(1)", x, 3 * (1 + 0.5 * time) + 0.5 * (1 - time), 1e-14);
  CHECK(r.context, og_solve_pullback(r.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                    .final_bar = (double[]){1},
                                                                    .x0_bar = &x_bar, .theta_bar = &p_bar,
                                                                    .t0_bar = &t0_bar, .t1_bar = &t1_bar}));
  expect_near("x0_bar", x_bar, 3, 1e-13);
  expect_near("p_bar", p_bar, 3 * time + (1 - time), 1e-13);
  expect_near("t0_bar", t0_bar, -1.5, 1e-13); /* the event stays where it is: x is 3 (1 - p t0) there */
  expect_near("t1_bar", t1_bar, 0.5, 1e-13);
  close_run(&r);
}

static void of_events(void **state) {
  (void)state;
  for (int adjoint = OG_ADJOINT_DISCRETE; adjoint <= OG_ADJOINT_FORWARD; adjoint++)
    for (int j = 1; j < SLIVERS; j++) {
      of_an_event(beside(1, -fabs(slivers[j])), (og_adjoint)adjoint);
      of_an_event(fabs(slivers[j]) * 2.3e-16, (og_adjoint)adjoint);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(steps_are_none),    cmocka_unit_test(of_whole_spans), cmocka_unit_test(of_fixed_steps),
      cmocka_unit_test(of_adaptive_steps), cmocka_unit_test(of_inputs),      cmocka_unit_test(of_events),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
