/* Cotangents of theta that are not finite where the solution and lambda are: every kind of derivative refuses
 * them, whenever on the way they come up, and leaves the caller's arrays as they were. */
#include "fields.h"

/* x' = -p0 x + p1, whose product with p1 is `value` where t is in [from, to]; neither x nor lambda reads it.
 * So it is with the running cost, the guard and the jump, each by its own switch. */
typedef struct spoiled {
  double from, to, value;
  double cost, guard, jump; /* 0: they are good */
} spoiled;

static double spoil(const spoiled *s, double t, double good) {
  return t >= s->from && t <= s->to ? s->value : good;
}

static int rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)user;
  f[0] = -p[0] * x[0] + p[1];
  return 0;
}
static int vjp(double t, const double *x, const double *p, const double *l, double *x_bar, double *theta_bar,
               double *t_bar, void *user) {
  (void)t_bar;
  x_bar[0] = -p[0] * l[0];
  theta_bar[0] = -x[0] * l[0];
  theta_bar[1] = spoil(user, t, l[0]);
  return 0;
}
static int jvp(double t, const double *x, const double *p, double dt, const double *dx, const double *dp,
               double *f_dot, void *user) {
  (void)dt;
  f_dot[0] = -p[0] * dx[0] - dp[0] * x[0] + (dp[1] == 0 ? 0 : spoil(user, t, 1) * dp[1]);
  return 0;
}
/* Second derivatives: that of p0 and x alone; spoiled in the cotangent of p1. */
static int hessian(double t, const double *x, const double *p, const double *l, double dt, const double *dx,
                   const double *dp, double *x_bar_dot, double *theta_bar_dot, double *t_bar_dot,
                   void *user) {
  (void)dt, (void)x, (void)p, (void)t_bar_dot;
  x_bar_dot[0] = -dp[0] * l[0];
  theta_bar_dot[0] = -dx[0] * l[0];
  theta_bar_dot[1] = spoil(user, t, 0);
  return 0;
}
static int cost(double t, const double *x, const double *p, double *c, void *user) {
  (void)t, (void)user;
  *c = x[0] + p[1];
  return 0;
}
static int cost_vjp(double t, const double *x, const double *p, double w, double *x_bar, double *theta_bar,
                    double *t_bar, void *user) {
  (void)t, (void)x, (void)p, (void)t_bar;
  x_bar[0] += w;
  theta_bar[1] += w + (w != 0 ? ((const spoiled *)user)->cost : 0);
  return 0;
}
/* An event where x falls through 0.75, which then is halved. */
static int guard(double t, const double *x, const double *p, double *g, void *user) {
  (void)t, (void)p, (void)user;
  g[0] = x[0] - 0.75;
  return 0;
}
static int guard_vjp(double t, const double *x, const double *p, const double *b, double *x_bar,
                     double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)x, (void)p, (void)t_bar;
  x_bar[0] = b[0];
  theta_bar[1] = ((const spoiled *)user)->guard;
  return 0;
}
static int jump(size_t event, double t, const double *x, const double *p, double *after, void *user) {
  (void)event, (void)t, (void)p, (void)user;
  after[0] = x[0] / 2;
  return 0;
}
static int jump_vjp(size_t event, double t, const double *x, const double *p, const double *b, double *x_bar,
                    double *theta_bar, double *t_bar, void *user) {
  (void)event, (void)t, (void)x, (void)p, (void)t_bar;
  x_bar[0] = b[0] / 2;
  theta_bar[1] = ((const spoiled *)user)->jump;
  return 0;
}

typedef struct decay {
  og_context *context;
  og_field *field;
  og_options *options;
  og_solve *solve;
} decay;

static void start_decay(decay *d) {
  CHECK(d->context, og_solve_set_span(d->solve, OG_ALL, 0, 1));
  CHECK(d->context, og_solve_set_initial_state(d->solve, OG_ALL, (double[]){1}));
  CHECK(d->context, og_solve_set_parameters(d->solve, OG_ALL, (double[]){1, 0.25}));
  CHECK(d->context, og_solve_run(d->solve));
}

/* `count` trajectories over [0, 1] in steps of at most a tenth: none of the windows below is stepped over. */
static decay open_decay(spoiled *s, og_adjoint adjoint, int single, int steps, size_t count) {
  decay d = {.context = new_context()};
  CHECK(d.context, og_field_create(d.context, 1, 2, rhs, s, &d.field));
  CHECK(d.context, og_field_set_vjp(d.field, vjp));
  CHECK(d.context, og_field_set_jvp(d.field, jvp));
  d.options = new_options(d.context, OG_METHOD_TSIT5, single ? 1e-4 : 1e-6, single ? 1e-4 : 1e-6);
  CHECK(d.context, og_options_set_integer(d.options, OG_OPT_STEPS, steps));
  if (!steps) CHECK(d.context, og_options_set_real(d.options, OG_OPT_MAX_STEP, 0.1));
  CHECK(d.context, og_options_set_choice(d.options, OG_OPT_ADJOINT, (int)adjoint));
  CHECK(d.context, og_options_set_choice(d.options, OG_OPT_PRECISION,
                                         single ? OG_PRECISION_SINGLE : OG_PRECISION_DOUBLE));
  CHECK(d.context, og_solve_create(d.context, d.field, d.options, count, &d.solve));
  CHECK(d.context, og_solve_set_span(d.solve, OG_ALL, 0, 1));
  CHECK(d.context, og_solve_set_initial_state(d.solve, OG_ALL, (double[]){1}));
  CHECK(d.context, og_solve_set_parameters(d.solve, OG_ALL, (double[]){1, 0.25}));
  return d;
}

static void close_decay(decay *d) {
  og_solve_destroy(d->solve);
  og_options_destroy(d->options);
  og_field_destroy(d->field);
  og_context_destroy(d->context);
}

static void expect_refusal(const decay *d, og_status status, const char *part) {
  if (status != OG_ERR_NOT_FINITE) fail_msg("%s: %s", og_status_name(status), og_context_message(d->context));
  assert_contains(og_context_message(d->context), part);
}

/* Windows: always, at the first steps, at the last ones, in the middle, at one end alone. */
static const double windows[][2] = {{0, 1}, {0, 0.15}, {0.85, 1}, {0.4, 0.6}, {0, 0}, {1, 1}};
enum { WINDOWS = sizeof windows / sizeof *windows };

static void refused_by(og_adjoint adjoint, int single, int steps, double value) {
  for (int k = 0; k < WINDOWS; k++) {
    /* the quadrature's nodes, and the first of its own steps, need not be at an end */
    if (windows[k][0] == windows[k][1] && adjoint == OG_ADJOINT_QUADRATURE) continue;
    spoiled s = {.from = windows[k][0], .to = windows[k][1], .value = value};
    decay d = open_decay(&s, adjoint, single, steps, 1);
    double x_bar = 7, theta_bar[2] = {7, 7};
    CHECK(d.context, og_solve_run(d.solve));
    og_status status = og_solve_pullback(
        d.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = (double[]){1},
                                       .x0_bar = &x_bar, .theta_bar = theta_bar});
    if (status != OG_ERR_NOT_FINITE)
      fail_msg("adjoint %d single %d steps %d value %g in [%g, %g]: %s, theta_bar = %g, %g", (int)adjoint,
               single, steps, value, s.from, s.to, og_status_name(status), theta_bar[0], theta_bar[1]);
    expect_refusal(&d, status, "became NaN or infinite");
    expect_refusal(&d, status, "while computing the gradient");
    assert_true(x_bar == 7 && theta_bar[0] == 7 && theta_bar[1] == 7);
    close_decay(&d);
  }
}

static void every_kind_refuses(void **state) {
  (void)state;
  const double values[] = {NAN, INFINITY, -INFINITY};
  for (int adjoint = OG_ADJOINT_DISCRETE; adjoint <= OG_ADJOINT_FORWARD; adjoint++)
    for (int single = 0; single < 2; single++)
      for (int steps = 0; steps <= 10; steps += 10)
        for (int v = 0; v < 3; v++) refused_by((og_adjoint)adjoint, single, steps, values[v]);
}

/* The running cost's own part. */
static void of_the_running_cost(void **state) {
  (void)state;
  for (int adjoint = OG_ADJOINT_DISCRETE; adjoint < OG_ADJOINT_FORWARD; adjoint++)
    for (int single = 0; single < 2; single++) {
      spoiled s = {.from = 1, .to = 0, .cost = adjoint % 2 ? NAN : INFINITY};
      decay d = open_decay(&s, (og_adjoint)adjoint, single, 0, 1);
      double x_bar = 7, theta_bar[2] = {7, 7};
      og_solve_destroy(d.solve);
      CHECK(d.context, og_field_set_cost(d.field, cost, cost_vjp));
      CHECK(d.context, og_solve_create(d.context, d.field, d.options, 1, &d.solve));
      start_decay(&d);
      expect_refusal(
          &d,
          og_solve_pullback(d.solve,
                            &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .cost_bar = (double[]){1},
                                                  .x0_bar = &x_bar, .theta_bar = theta_bar}),
          "became NaN or infinite");
      assert_true(x_bar == 7 && theta_bar[0] == 7 && theta_bar[1] == 7);
      /* the cost is not asked for: nothing of it is read, and dx(1)/dx(0) = exp(-p0) */
      x_bar = 0;
      CHECK(d.context, og_solve_pullback(d.solve, &(og_pullback_arrays){
                                                      OG_INIT(og_pullback_arrays), .final_bar = (double[]){1},
                                                      .x0_bar = &x_bar, .theta_bar = theta_bar}));
      assert_true(fabs(x_bar - exp(-1)) < (single ? 1e-3 : 1e-5));
      close_decay(&d);
    }
}

/* One of several: it is named, whatever lane or thread it is in, and nobody's gradient comes back. */
static void the_trajectory_is_named(void **state) {
  (void)state;
  for (int adjoint = OG_ADJOINT_DISCRETE; adjoint <= OG_ADJOINT_FORWARD; adjoint++)
    for (int threads = 1; threads < 3; threads++) {
      enum { M = 90, WHICH = 71 }; /* more than a block of lanes */
      spoiled s = {.from = 2.5, .to = 3, .value = NAN};
      decay d = open_decay(&s, (og_adjoint)adjoint, 0, 0, M);
      double final_bar[M], x_bar[M] = {0}, theta_bar[2] = {0};
      for (int m = 0; m < M; m++) final_bar[m] = 1;
      CHECK(d.context, og_context_set_threads(d.context, threads));
      CHECK(d.context, og_solve_set_span(d.solve, WHICH, 0, 3));
      CHECK(d.context, og_solve_run(d.solve));
      expect_refusal(&d,
                     og_solve_pullback(d.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                      .final_bar = final_bar, .x0_bar = x_bar,
                                                                      .theta_bar = theta_bar}),
                     "trajectory 71");
      for (int m = 0; m < M; m++) assert_true(x_bar[m] == 0);
      assert_true(theta_bar[0] == 0 && theta_bar[1] == 0);
      close_decay(&d);
    }
}

/* In a segment before an event, and in the event's own products. */
static void of_events(void **state) {
  (void)state;
  static const og_event event = {OG_INIT(og_event), "half", OG_DIRECTION_FALLING, 0};
  static const og_event_functions functions = {
      OG_INIT(og_event_functions), guard, guard_vjp, jump, jump_vjp, NULL};
  const spoiled cases[] = {{.from = 0, .to = 0.2, .value = NAN}, {.from = 0.9, .to = 1, .value = INFINITY},
                           {.from = 1, .to = 0, .guard = NAN},   {.from = 1, .to = 0, .guard = INFINITY},
                           {.from = 1, .to = 0, .jump = NAN},    {.from = 1, .to = 0, .jump = -INFINITY}};
  for (int adjoint = OG_ADJOINT_DISCRETE; adjoint < OG_ADJOINT_FORWARD; adjoint++)
    for (int single = 0; single < 2; single++)
      for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        spoiled s = cases[k];
        decay d = open_decay(&s, (og_adjoint)adjoint, single, 0, 1);
        double x_bar = 7, theta_bar[2] = {7, 7};
        og_solve_destroy(d.solve);
        CHECK(d.context, og_field_set_events(d.field, 1, &event, &functions));
        CHECK(d.context, og_solve_create(d.context, d.field, d.options, 1, &d.solve));
        start_decay(&d);
        og_status status = og_solve_pullback(
            d.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = (double[]){1},
                                           .x0_bar = &x_bar, .theta_bar = theta_bar});
        if (status != OG_ERR_NOT_FINITE)
          fail_msg("adjoint %d, single %d, case %zu: %s, theta_bar = %g, %g", adjoint, single, k,
                   og_status_name(status), theta_bar[0], theta_bar[1]);
        expect_refusal(&d, status, "NaN or infinite");
        assert_true(x_bar == 7 && theta_bar[0] == 7 && theta_bar[1] == 7);
        close_decay(&d);
      }
}

/* x' = -p0 x + p1 + u, spoiled in u. */
static int driven_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)user;
  f[0] = -p[0] * x[0] + p[1] + p[2];
  return 0;
}
static int driven_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                      double *theta_bar, double *t_bar, void *user) {
  (void)t_bar;
  x_bar[0] = -p[0] * l[0];
  theta_bar[0] = -x[0] * l[0];
  theta_bar[1] = l[0];
  theta_bar[2] = spoil(user, t, l[0]);
  return 0;
}

/* An input's rows begin anew at each piece of its signal: what is wrong in any of them is seen. */
static void of_inputs(void **state) {
  (void)state;
  static const double times[] = {0, 0.3, 0.7, 1}, values[] = {1, -1, 2, 0};
  for (int adjoint = OG_ADJOINT_DISCRETE; adjoint < OG_ADJOINT_FORWARD; adjoint++)
    for (int kind = OG_SIGNAL_LINEAR; kind <= OG_SIGNAL_HOLD; kind++)
      for (int k = 0; k < 4; k++) {
        spoiled s = {.from = windows[k][0], .to = windows[k][1], .value = k % 2 ? NAN : INFINITY};
        decay d = open_decay(&s, (og_adjoint)adjoint, 0, 0, 1);
        double x_bar = 7, theta_bar[2] = {7, 7}, values_bar[4] = {7, 7, 7, 7};
        og_solve_destroy(d.solve);
        og_field_destroy(d.field);
        CHECK(d.context, og_field_create(d.context, 1, 2, driven_rhs, &s, &d.field));
        CHECK(d.context, og_field_set_vjp(d.field, driven_vjp));
        CHECK(d.context, og_field_set_inputs(d.field, 1));
        CHECK(d.context, og_solve_create(d.context, d.field, d.options, 1, &d.solve));
        CHECK(d.context, og_solve_set_input(d.solve, 0, 0, (og_signal)kind, 4, times, values));
        start_decay(&d);
        og_status status = og_solve_pullback(
            d.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = (double[]){1},
                                           .x0_bar = &x_bar, .theta_bar = theta_bar});
        expect_refusal(&d, status, "NaN or infinite");
        assert_true(x_bar == 7 && theta_bar[0] == 7 && theta_bar[1] == 7);
        assert_int_equal(og_solve_input_gradient(d.solve, 0, 0, values_bar), OG_ERR_STATE);
        assert_true(values_bar[0] == 7 && values_bar[3] == 7);
        close_decay(&d);
      }
}

/* Second derivatives: the product with the Hessian has it in the rows of theta alone. */
static void of_second_derivatives(void **state) {
  (void)state;
  const double values[] = {NAN, INFINITY};
  for (int k = 0; k < WINDOWS; k++)
    for (int v = 0; v < 2; v++) {
      spoiled s = {.from = 1, .to = 0, .value = values[v]};
      decay d = open_decay(&s, OG_ADJOINT_DISCRETE, 0, 0, 1);
      double x_bar_dot = 7, theta_bar_dot[2] = {7, 7};
      CHECK(d.context, og_field_set_hessian(d.field, hessian, NULL));
      CHECK(d.context, og_solve_run(d.solve));
      s.from = windows[k][0], s.to = windows[k][1];
      og_status status = og_solve_hessian_product(
          d.solve, &(og_hessian_arrays){OG_INIT(og_hessian_arrays), .directions = 1, .x0_dot = (double[]){1},
                                        .theta_dot = (double[]){1, 0}, .final_bar = (double[]){1},
                                        .x0_bar_dot = &x_bar_dot, .theta_bar_dot = theta_bar_dot});
      expect_refusal(&d, status, "NaN or infinite");
      assert_true(x_bar_dot == 7 && theta_bar_dot[0] == 7 && theta_bar_dot[1] == 7);
      close_decay(&d);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_kind_refuses),      cmocka_unit_test(of_the_running_cost),
      cmocka_unit_test(the_trajectory_is_named), cmocka_unit_test(of_events),
      cmocka_unit_test(of_second_derivatives),   cmocka_unit_test(of_inputs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
