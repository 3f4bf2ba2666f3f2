/* Events: located on the interpolant, in order, with the state's jump; their times and all that follows
 * differentiated. The truth is a closed form, or replayed differences. */
#include "fields.h"

/* ---- A bouncing ball: h' = v, v' = -g; at h = r the speed turns, v+ = -e v ----
 * theta = (g, e, r). From h0 at rest it hits the floor after sqrt(2 (h0 - r) / g) = T, then every 2 e^k T. */

static int ball_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)user;
  f[0] = x[1];
  f[1] = -p[0];
  return 0;
}
static int ball_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                    double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)x, (void)p, (void)t_bar, (void)user;
  x_bar[1] = l[0];
  theta_bar[0] = -l[1];
  return 0;
}
static int ball_jvp(double t, const double *x, const double *p, double t_dot, const double *dx,
                    const double *dp, double *f_dot, void *user) {
  (void)t, (void)x, (void)p, (void)t_dot, (void)user;
  f_dot[0] = dx[1];
  f_dot[1] = -dp[0];
  return 0;
}
static int ball_guard(double t, const double *x, const double *p, double *g, void *user) {
  (void)t, (void)user;
  g[0] = x[0] - p[2];
  return 0;
}
static int ball_guard_vjp(double t, const double *x, const double *p, const double *g_bar, double *x_bar,
                          double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)x, (void)p, (void)t_bar, (void)user;
  x_bar[0] = g_bar[0];
  theta_bar[2] = -g_bar[0];
  return 0;
}
static int ball_jump(size_t event, double t, const double *x, const double *p, double *after, void *user) {
  (void)event, (void)t, (void)user;
  after[1] = -p[1] * x[1];
  return 0;
}
static int ball_jump_vjp(size_t event, double t, const double *x, const double *p, const double *after_bar,
                         double *x_bar, double *theta_bar, double *t_bar, void *user) {
  (void)event, (void)t, (void)t_bar, (void)user;
  x_bar[0] = after_bar[0];
  x_bar[1] = -p[1] * after_bar[1];
  theta_bar[1] = -x[1] * after_bar[1];
  return 0;
}
static int ball_jump_jvp(size_t event, double t, const double *x, const double *p, double t_dot,
                         const double *x_dot, const double *theta_dot, double *after_dot, void *user) {
  (void)event, (void)t, (void)t_dot, (void)user;
  after_dot[0] = x_dot[0];
  after_dot[1] = -p[1] * x_dot[1] - theta_dot[1] * x[1];
  return 0;
}

static og_field *ball_field(og_context *context, og_direction direction) {
  og_field *field = NULL;
  CHECK(context, og_field_create(context, 2, 3, ball_rhs, NULL, &field));
  CHECK(context, og_field_set_vjp(field, ball_vjp));
  CHECK(context, og_field_set_jvp(field, ball_jvp));
  og_event hit = {"hit", direction, 0};
  og_event_functions functions = {ball_guard, ball_guard_vjp, ball_jump, ball_jump_vjp, ball_jump_jvp};
  CHECK(context, og_field_set_events(field, 1, &hit, &functions));
  return field;
}

/* The k-th hit, from 0, and its derivatives by h0, g, e, r. */
static double hit_time(int k, double h0, const double *p, double gradient[4]) {
  double fall = h0 - p[2], T = sqrt(2 * fall / p[0]), sum = 1, slope = 0;
  for (int i = 1; i <= k; i++) sum += 2 * pow(p[1], i), slope += 2 * i * pow(p[1], i - 1);
  gradient[0] = sum * T / (2 * fall);
  gradient[1] = -sum * T / (2 * p[0]);
  gradient[2] = slope * T;
  gradient[3] = -gradient[0];
  return sum * T;
}

static void expect_near(const char *what, double got, double want, double tolerance) {
  if (!(fabs(got - want) <= tolerance))
    fail_msg("%s: got %.17g, want %.17g, difference %.3g exceeds %.3g", what, got, want, got - want,
             tolerance);
}

static const double ball_theta[3] = {9.8, 0.8, 0.2};
enum { HITS = 3 };

/* Dropped from height 10 until t1 = 6, with the interpolant exact for parabolas: times to rounding. */
static void closed_form(void **state) {
  (void)state;
  static const double issue[HITS] = {1.4142135623730951, 3.676955262170047, 5.487148622007609};
  for (int direction = OG_DIRECTION_ANY; direction <= OG_DIRECTION_FALLING; direction += 2)
    for (int method = OG_METHOD_BS32; method < OG_METHOD_COUNT; method++) {
      og_context *context = new_context();
      og_field *field = ball_field(context, (og_direction)direction);
      og_options *options = new_options(context, (og_method)method, 1e-9, 1e-9);
      og_solve *solve = NULL;
      CHECK(context, og_solve_create(context, field, options, 1, &solve));
      CHECK(context, og_solve_set_span(solve, OG_ALL, 0, 6));
      CHECK(context, og_solve_set_initial_state(solve, OG_ALL, (double[]){10, 0}));
      CHECK(context, og_solve_set_parameters(solve, OG_ALL, ball_theta));
      CHECK(context, og_solve_run(solve));
      size_t count = 0;
      CHECK(context, og_solve_events(solve, 0, &count));
      assert_int_equal(count, HITS);
      for (size_t k = 0; k < HITS; k++) {
        og_occurrence at;
        double before[2], after[2], truth[4], speed = 9.8 * sqrt(2) * pow(0.8, (double)k);
        CHECK(context, og_solve_event(solve, 0, k, &at));
        CHECK(context, og_solve_event_states(solve, 0, k, before, after));
        assert_string_equal(at.name, "hit");
        /* A step over the whole span has terms up to h v = 350 in its interpolant, which leave some 10 units
         * in the last place, 1e-12, in the height, and after several hits in the time; ten times that in the
         * speed and in derivatives. */
        expect_near("time", at.t, issue[k], 1e-12);
        expect_near("time", at.t, hit_time((int)k, 10, ball_theta, truth), 1e-12);
        expect_near("height", before[0], 0.2, 1e-12);
        expect_near("speed before", before[1], -speed, 1e-11);
        assert_true(after[1] == -0.8 * before[1]);
        double x0_bar[2] = {0}, theta_bar[3] = {0}, t0_bar = 0, times_bar[HITS] = {0};
        times_bar[k] = 1;
        CHECK(context, og_solve_set_event_cotangents(solve, 0, times_bar, NULL, NULL));
        CHECK(context, og_solve_pullback(solve, NULL, NULL, NULL, x0_bar, theta_bar, &t0_bar, NULL, NULL));
        expect_near("dt/dh0", x0_bar[0], truth[0], 1e-11);
        for (int i = 0; i < 3; i++) expect_near("dt/dtheta", theta_bar[i], truth[1 + i], 1e-11);
        expect_near("dt/dt0", t0_bar, 1, 1e-11);
      }
      og_solve_destroy(solve);
      og_options_destroy(options);
      og_field_destroy(field);
      og_context_destroy(context);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(closed_form),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
