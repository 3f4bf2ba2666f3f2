/* Misbehaving fields and settings: every one is refused with a reason, a place and advice. */
#include "fields.h"

typedef struct wrong {
  og_context *context;
  og_field *field;
  og_options *options;
  og_solve *solve;
} wrong;

static wrong open_wrong(size_t states, og_rhs_fn rhs, og_method method, int steps) {
  wrong w = {.context = new_context()};
  CHECK(w.context, og_field_create(w.context, states, 0, rhs, NULL, &w.field));
  w.options = new_options(w.context, OG_METHOD_TSIT5, 1e-6, 1e-9);
  CHECK(w.context, og_options_set_integer(w.options, OG_OPT_STEPS, steps));
  CHECK(w.context, og_options_set_choice(w.options, OG_OPT_METHOD, (int)method));
  return w;
}

static void close_wrong(wrong *w) {
  og_solve_destroy(w->solve);
  og_options_destroy(w->options);
  og_field_destroy(w->field);
  og_context_destroy(w->context);
}

static void start(wrong *w, double t0, double t1, double x0) {
  double x[4] = {x0, x0, x0, x0};
  CHECK(w->context, og_solve_create(w->context, w->field, w->options, 1, &w->solve));
  CHECK(w->context, og_solve_set_span(w->solve, 0, t0, t1));
  CHECK(w->context, og_solve_set_initial_state(w->solve, 0, x));
}

static void expect_message(const og_context *context, const char *part) {
  if (!strstr(og_context_message(context), part))
    fail_msg("the message lacks \"%s\": %s", part, og_context_message(context));
}

static void expect_stop(wrong *w, og_status status, const char *part) {
  og_status got = og_solve_run(w->solve);
  if (got != status)
    fail_msg("got %s, want %s: %s", og_status_name(got), og_status_name(status),
             og_context_message(w->context));
  expect_message(w->context, part);
  expect_message(w->context, "trajectory 0 stopped at t = ");
  expect_message(w->context, "try: ");
  double x[4];
  assert_int_equal(og_solve_final(w->solve, 0, x), OG_ERR_STATE); /* nothing stale comes back */
}

#define FIELD(name, body)                                                                                    \
  static int name(double t, const double *x, const double *p, double *f, void *user) {                       \
    (void)t, (void)x, (void)p, (void)user;                                                                   \
    body;                                                                                                    \
    return 0;                                                                                                \
  }
FIELD(log_of_time, f[0] = log(0.5 - t))
/* Stops where its parameter is negative. */
FIELD(one_parameter, f[0] = -p[0] * x[0]; if (p[0] < 0) return -1)
FIELD(always_nan, f[0] = NAN)
FIELD(always_inf, f[0] = INFINITY)
FIELD(square, f[0] = x[0] * x[0])
FIELD(oscillator, f[0] = x[1]; f[1] = -x[0])
FIELD(stiff_decay, f[0] = -1e6 * (x[0] - cos(t)))
FIELD(jump, f[0] = t < 0.5 ? 1 : -1)
FIELD(decay, f[0] = -x[0])

static void nan_from_the_field(void **state) {
  (void)state;
  static const og_rhs_fn fields[] = {log_of_time, always_nan, always_inf};
  for (int i = 0; i < 3; i++)
    for (int steps = 0; steps <= 10; steps += 10) {
      wrong w = open_wrong(1, fields[i], OG_METHOD_DOPRI5, steps);
      start(&w, 0, 1, 1);
      expect_stop(&w, OG_ERR_NOT_FINITE, "became NaN or infinite");
      close_wrong(&w);
    }
}

static int refuses_late(double t, const double *x, const double *p, double *f, void *user) {
  (void)x, (void)p, (void)user;
  f[0] = 1;
  return t > 0.5;
}

static int refuses_always(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)x, (void)p, (void)f, (void)user;
  return 7;
}

/* A callback that accepts no step is not taken for a right-hand side that is NaN. */
static void refusal_of_every_step(void **state) {
  (void)state;
  static const og_rhs_fn fields[] = {refuses_late, refuses_always};
  for (int i = 0; i < 2; i++)
    for (int steps = 0; steps <= 10; steps += 10) {
      wrong w = open_wrong(1, fields[i], OG_METHOD_DOPRI5, steps);
      start(&w, 0, 1, 1);
      expect_stop(&w, OG_ERR_FIELD, "went on returning a positive number");
      close_wrong(&w);
    }
}

static void nan_names_the_time(void **state) {
  (void)state;
  wrong w = open_wrong(1, log_of_time, OG_METHOD_DOPRI5, 0);
  start(&w, 0, 1, 1);
  expect_stop(&w, OG_ERR_NOT_FINITE, "stopped at t = 0.5 (on the way from 0 to 1)");
  close_wrong(&w);
}

static void a_name_is_in_the_message(void **state) {
  (void)state;
  wrong w = open_wrong(1, log_of_time, OG_METHOD_DOPRI5, 0);
  start(&w, 0, 1, 1);
  CHECK(w.context, og_solve_set_name(w.solve, 0, "patient 7"));
  assert_int_equal(og_solve_run(w.solve), OG_ERR_NOT_FINITE);
  expect_message(w.context, "trajectory 0 (patient 7) stopped at t = 0.5");
  CHECK(w.context, og_solve_set_name(w.solve, OG_ALL, NULL));
  expect_stop(&w, OG_ERR_NOT_FINITE, "trajectory 0 stopped");
  assert_int_equal(og_solve_set_name(w.solve, 1, "nobody"), OG_ERR_ARGUMENT);
  close_wrong(&w);
}

static void blow_up(void **state) {
  (void)state;
  for (int steps = 0; steps <= 1000; steps += 1000) { /* x' = x^2, x(0) = 1 is infinite at t = 1 */
    wrong w = open_wrong(1, square, OG_METHOD_TSIT5, steps);
    start(&w, 0, 2, 1);
    expect_stop(&w, OG_ERR_BLOW_UP, steps ? "grows without bound" : "stopped at t = 1.00000");
    close_wrong(&w);
  }
}

static void underflow(void **state) {
  (void)state;
  wrong w = open_wrong(1, jump, OG_METHOD_TSIT5, 0);
  CHECK(w.context, og_options_set_real(w.options, OG_OPT_MIN_STEP, 1e-3));
  start(&w, 0, 1, 0);
  expect_stop(&w, OG_ERR_STEP_UNDERFLOW, "step size became too small");
  close_wrong(&w);
}

static void too_many_steps(void **state) {
  (void)state;
  wrong w = open_wrong(2, oscillator, OG_METHOD_TSIT5, 0);
  CHECK(w.context, og_options_set_integer(w.options, OG_OPT_MAX_STEPS, 50));
  start(&w, 0, 1000, 1);
  expect_stop(&w, OG_ERR_TOO_MANY_STEPS, "max-steps");
  close_wrong(&w);
}

/* max-steps are attempts of one trajectory: as many as it takes are enough, one less is not, however many the
 * others of its block take, before it and beside it. */
static void max_steps_are_of_each_trajectory(void **state) {
  (void)state;
  enum { M = 150, LONGEST = 97 };
  long long most = 0;
  for (int limit = 0; limit < 3; limit++) {
    wrong w = open_wrong(2, oscillator, OG_METHOD_TSIT5, 0);
    size_t count = limit ? M : 1;
    if (limit) CHECK(w.context, og_options_set_integer(w.options, OG_OPT_MAX_STEPS, most + 1 - limit));
    CHECK(w.context, og_context_set_threads(w.context, 1));
    CHECK(w.context, og_solve_create(w.context, w.field, w.options, count, &w.solve));
    CHECK(w.context, og_solve_set_initial_state(w.solve, OG_ALL, (double[]){1, 0}));
    for (size_t m = 0; m < count; m++)
      CHECK(w.context, og_solve_set_span(w.solve, m, 0, !limit || m == LONGEST ? 20 : 1 + (double)(m % 7)));
    if (limit < 2) CHECK(w.context, og_solve_run(w.solve));
    if (limit == 0) most = og_solve_stat(w.solve, OG_STAT_STEPS) + og_solve_stat(w.solve, OG_STAT_REJECTED);
    if (limit == 2) {
      assert_int_equal(og_solve_run(w.solve), OG_ERR_TOO_MANY_STEPS);
      expect_message(w.context, "trajectory 97 stopped at t = ");
    }
    close_wrong(&w);
  }
  assert_true(most > 20);
}

static void stiff(void **state) {
  (void)state;
  for (int method = OG_METHOD_BS32; method < EXPLICIT_METHODS; method++) {
    wrong w = open_wrong(1, stiff_decay, (og_method)method, 0);
    CHECK(w.context, og_options_set_integer(w.options, OG_OPT_MAX_STEPS, 2000));
    start(&w, 0, 10, 1);
    expect_stop(&w, OG_ERR_STIFF, "stiff");
    close_wrong(&w);
  }
  wrong w = open_wrong(1, stiff_decay, OG_METHOD_EULER, 400); /* fixed steps far beyond the stability limit */
  start(&w, 0, 10, 1);
  expect_stop(&w, OG_ERR_STIFF, "stiff");
  close_wrong(&w);
}

static int stops_at_half(double t, const double *x, const double *p, double *f, void *user) {
  (void)p, (void)user;
  f[0] = -x[0];
  return t > 0.5 ? -1 : 0;
}
static int dislikes_large_steps(double t, const double *x, const double *p, double *f, void *user) {
  (void)p;
  double *last = user;
  f[0] = -x[0];
  int refuse = t > *last + 0.01;
  if (!refuse && t > *last) *last = t;
  return refuse ? 1 : 0;
}

static void callback_returns(void **state) {
  (void)state;
  wrong w = open_wrong(1, stops_at_half, OG_METHOD_DOPRI5, 0);
  start(&w, 0, 1, 1);
  expect_stop(&w, OG_ERR_FIELD, "which means stop");
  close_wrong(&w);
  /* a recoverable refusal shortens the step, and the solve goes on to the end */
  double last = 0, x;
  wrong r = {.context = new_context()};
  CHECK(r.context, og_field_create(r.context, 1, 0, dislikes_large_steps, &last, &r.field));
  r.options = new_options(r.context, OG_METHOD_DOPRI5, 1e-6, 1e-9);
  start(&r, 0, 1, 1);
  CHECK(r.context, og_solve_run(r.solve));
  CHECK(r.context, og_solve_final(r.solve, 0, &x));
  assert_true(fabs(x - exp(-1)) < 1e-6);
  assert_true(og_solve_stat(r.solve, OG_STAT_REJECTED) > 0);
  close_wrong(&r);
}

static void discontinuity(void **state) {
  (void)state;
  /* x' = 1 then -1: the step control finds the jump; x(1) = 0 to a few times atol */
  wrong w = open_wrong(1, jump, OG_METHOD_TSIT5, 0);
  start(&w, 0, 1, 0);
  CHECK(w.context, og_solve_run(w.solve));
  double x;
  CHECK(w.context, og_solve_final(w.solve, 0, &x));
  assert_true(fabs(x) < 1e-5);
  close_wrong(&w);
}

static void lands_exactly(void **state) {
  (void)state;
  /* steps of any kind end on t1 itself, forward and backward */
  for (int steps = 0; steps <= 7; steps += 7)
    for (int sign = -1; sign <= 1; sign += 2) {
      wrong w = open_wrong(1, decay, OG_METHOD_TSIT5, steps);
      double t1 = sign * 0.7, times[64], x;
      size_t count = 0;
      start(&w, 0, t1, 1);
      CHECK(w.context, og_solve_run(w.solve));
      CHECK(w.context, og_solve_steps(w.solve, 0, &count, NULL));
      assert_in_range(count, 1, 63);
      CHECK(w.context, og_solve_steps(w.solve, 0, &count, times));
      assert_true(times[0] == 0 && times[count] == t1);
      CHECK(w.context, og_solve_final(w.solve, 0, &x));
      assert_true(fabs(x - exp(-t1)) < 1e-4);
      close_wrong(&w);
    }
}

static void max_step(void **state) {
  (void)state;
  wrong w = open_wrong(1, decay, OG_METHOD_DOP853, 0);
  CHECK(w.context, og_options_set_real(w.options, OG_OPT_MAX_STEP, 0.1));
  start(&w, 0, 2, 1);
  CHECK(w.context, og_solve_run(w.solve));
  double times[64];
  size_t count = 0;
  CHECK(w.context, og_solve_steps(w.solve, 0, &count, NULL));
  assert_in_range(count, 20, 63);
  CHECK(w.context, og_solve_steps(w.solve, 0, &count, times));
  for (size_t k = 0; k < count; k++) assert_true(times[k + 1] - times[k] <= 0.1 * 1.02);
  close_wrong(&w);
}

static void memory_budget(void **state) {
  (void)state;
  wrong w = open_wrong(2, oscillator, OG_METHOD_TSIT5, 0);
  CHECK(w.context, og_options_set_integer(w.options, OG_OPT_MEMORY, 4096));
  start(&w, 0, 1000, 1);
  assert_int_equal(og_solve_run(w.solve), OG_ERR_BUDGET);
  expect_message(w.context, "4096 bytes");
  expect_message(w.context, "at least");
  og_solve_destroy(w.solve);
  CHECK(w.context, og_options_set_integer(w.options, OG_OPT_MEMORY, 140000)); /* not enough for every state */
  CHECK(w.context, og_options_set_choice(w.options, OG_OPT_SCHEDULE, OG_SCHEDULE_ALL));
  start(&w, 0, 1000, 1);
  assert_int_equal(og_solve_run(w.solve), OG_ERR_BUDGET);
  expect_message(w.context, "140000 bytes");
  expect_message(w.context, "schedule = auto");
  close_wrong(&w);
}

static void wrong_settings(void **state) {
  (void)state;
  wrong w = open_wrong(1, decay, OG_METHOD_DOPRI5, 0);
  og_solve *none = NULL;
  assert_int_equal(og_solve_create(w.context, NULL, NULL, 1, &none), OG_ERR_ARGUMENT);
  assert_int_equal(og_solve_create(w.context, w.field, NULL, 0, &none), OG_ERR_ARGUMENT);
  assert_null(none);
  CHECK(w.context, og_solve_create(w.context, w.field, w.options, 2, &w.solve));
  assert_int_equal(og_solve_run(w.solve), OG_ERR_STATE);
  expect_message(w.context, "trajectory 0 has no initial state");
  assert_int_equal(og_solve_set_initial_state(w.solve, 2, (double[]){1}), OG_ERR_ARGUMENT);
  expect_message(w.context, "trajectory 2 of a solve of 2");
  assert_int_equal(og_solve_set_initial_state(w.solve, 0, (double[]){NAN}), OG_ERR_NOT_FINITE);
  assert_int_equal(og_solve_set_span(w.solve, 0, 0, INFINITY), OG_ERR_NOT_FINITE);
  CHECK(w.context, og_solve_set_initial_state(w.solve, OG_ALL, (double[]){1}));
  CHECK(w.context, og_solve_set_span(w.solve, OG_ALL, 0, 1));
  CHECK(w.context, og_solve_set_observations(w.solve, 1, 2, (double[]){0.5, 0.25}));
  assert_int_equal(og_solve_run(w.solve), OG_ERR_ARGUMENT);
  expect_message(w.context, "trajectory 1, observation 1: time 0.25 comes after 0.5");
  CHECK(w.context, og_solve_set_observations(w.solve, 1, 1, (double[]){1.5}));
  assert_int_equal(og_solve_run(w.solve), OG_ERR_ARGUMENT);
  expect_message(w.context, "outside the span from 0 to 1");
  close_wrong(&w);
}

static void derivative_in_wrong_order(void **state) {
  (void)state;
  og_context *context = new_context();
  og_field *field = lv_field(context);
  og_solve *solve = NULL;
  double x_bar[2] = {0}, kept[2] = {5, 6}, bars[2] = {1, 1};
  CHECK(context, og_solve_create(context, field, NULL, 1, &solve));
  CHECK(context, og_solve_set_initial_state(solve, 0, bars));
  CHECK(context, og_solve_set_parameters(solve, OG_ALL, (double[]){1, 1, 1, 1}));
  assert_int_equal(og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                  .final_bar = bars, .x0_bar = x_bar}),
                   OG_ERR_STATE);
  CHECK(context, og_solve_run(solve));
  CHECK(context, og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                .final_bar = bars, .x0_bar = x_bar}));
  CHECK(context, og_solve_set_parameters(solve, OG_ALL, (double[]){2, 1, 1, 1}));
  assert_int_equal(og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                  .final_bar = bars, .x0_bar = kept}),
                   OG_ERR_STATE);
  expect_message(context, "settings were changed");
  assert_true(kept[0] == 5 && kept[1] == 6);
  CHECK(context, og_solve_replay(solve));
  CHECK(context, og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                .final_bar = bars, .x0_bar = kept}));
  bars[1] = NAN;
  assert_int_equal(og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                  .final_bar = bars, .x0_bar = kept}),
                   OG_ERR_NOT_FINITE);
  assert_int_equal(og_solve_pushforward(solve, &(og_pushforward_arrays){OG_INIT(og_pushforward_arrays),
                                                                        .x0_dot = bars, .final_dot = kept}),
                   OG_ERR_NOT_FINITE);
  expect_message(context, "x0_dot[1] is nan: a tangent must be finite");
  og_solve_destroy(solve);
  og_field_destroy(field);
  og_context_destroy(context);
}

static int bad_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                   double *theta_bar, double *t_bar, void *user) {
  (void)x, (void)p, (void)theta_bar, (void)t_bar, (void)user;
  x_bar[0] = t < 0.5 ? NAN : -l[0];
  return 0;
}

static void derivative_refused(void **state) {
  (void)state;
  wrong w = open_wrong(1, decay, OG_METHOD_DOPRI5, 0);
  double bar = 1, x_bar = 7;
  start(&w, 0, 1, 1);
  CHECK(w.context, og_solve_run(w.solve));
  assert_int_equal(og_solve_pullback(w.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                    .final_bar = &bar, .x0_bar = &x_bar}),
                   OG_ERR_UNSUPPORTED);
  expect_message(w.context, "og_field_set_vjp");
  expect_message(w.context, "og_field_use_finite_differences");
  CHECK(w.context, og_field_use_finite_differences(w.field));
  CHECK(w.context, og_solve_pullback(w.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                    .final_bar = &bar, .x0_bar = &x_bar}));
  assert_true(fabs(x_bar - 7 - exp(-1)) <
              1e-6); /* central differences of f err by 1e-10, the solve by rtol */
  CHECK(w.context, og_field_set_vjp(w.field, bad_vjp)); /* NaN in the backward pass: never an answer */
  x_bar = 7;
  assert_int_equal(og_solve_pullback(w.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                    .final_bar = &bar, .x0_bar = &x_bar}),
                   OG_ERR_NOT_FINITE);
  expect_message(w.context, "the derivative became NaN or infinite, though the solution is finite");
  expect_message(w.context, "while computing the gradient (adjoint = discrete)");
  assert_true(x_bar == 7);
  close_wrong(&w);
}

static void field_arguments(void **state) {
  (void)state;
  og_context *context = new_context();
  og_field *field = NULL;
  assert_int_equal(og_field_create(context, 1, 0, NULL, NULL, &field), OG_ERR_ARGUMENT);
  assert_int_equal(og_field_create(context, 0, 0, decay, NULL, &field), OG_ERR_ARGUMENT);
  assert_null(field);
  CHECK(context, og_field_create(context, 3, 2, decay, NULL, &field));
  assert_int_equal(og_field_states(field), 3);
  assert_int_equal(og_field_parameters(field), 2);
  og_field_destroy(field);
  og_context_destroy(context);
}

/* Finite differences against exact products of the same field. */
static void difference_products(void **state) {
  (void)state;
  double exact[RICH_STATES + RICH_PARAMETERS + 2], other[RICH_STATES + RICH_PARAMETERS + 2];
  for (int kind = 0; kind < 3; kind++) {
    og_context *context = new_context();
    og_field *field = NULL;
    if (kind == 0) {
      field = rich_field(context);
    } else {
      CHECK(context, og_field_create(context, RICH_STATES, RICH_PARAMETERS, rich_rhs, NULL, &field));
      CHECK(context, og_field_set_cost(field, rich_cost, NULL));
      CHECK(context, og_field_use_finite_differences(field));
    }
    og_options *options = new_options(context, OG_METHOD_TSIT5, 1e-6, 1e-8);
    CHECK(context, og_options_set_choice(options, OG_OPT_ADJOINT,
                                         kind == 2 ? OG_ADJOINT_FORWARD : OG_ADJOINT_DISCRETE));
    og_solve *solve = NULL;
    CHECK(context, og_solve_create(context, field, options, 1, &solve));
    CHECK(context, og_solve_set_initial_state(solve, 0, (double[]){1, 0.5, 0.25}));
    CHECK(context, og_solve_set_parameters(solve, OG_ALL, (double[]){0.9, 1.1, 0.7, 1.3}));
    CHECK(context, og_solve_run(solve));
    double *g = kind ? other : exact;
    memset(g, 0, sizeof exact);
    CHECK(context,
          og_solve_pullback(
              solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = (double[]){1, -2, 0.5},
                                           .cost_bar = (double[]){1}, .x0_bar = g, .theta_bar = g + 3,
                                           .t0_bar = g + 7, .t1_bar = g + 8}));
    /* central differences with step cbrt(eps): error about eps^(2/3) = 4e-11 times third derivatives of order
     * 10 */
    for (int i = 0; kind && i < 9; i++)
      if (!(fabs(exact[i] - other[i]) <= 1e-8)) fail_msg("entry %d: %.12g, not %.12g", i, other[i], exact[i]);
    og_solve_destroy(solve);
    og_options_destroy(options);
    og_field_destroy(field);
    og_context_destroy(context);
  }
}

/* Parameters given for one trajectory are not those of another, which has none. */
static void parameters_of_one_only(void **state) {
  (void)state;
  double x[2];
  wrong w = {.context = new_context()};
  CHECK(w.context, og_field_create(w.context, 1, 1, one_parameter, NULL, &w.field));
  CHECK(w.context, og_solve_create(w.context, w.field, NULL, 2, &w.solve));
  CHECK(w.context, og_solve_set_initial_state(w.solve, OG_ALL, (double[]){1}));
  CHECK(w.context, og_solve_set_parameters(w.solve, 0, (double[]){1}));
  assert_int_equal(og_solve_run(w.solve), OG_ERR_STATE);
  expect_message(w.context, "trajectory 1 has no parameters");
  CHECK(w.context, og_solve_set_parameters(w.solve, 1, (double[]){1}));
  CHECK(w.context, og_solve_run(w.solve));
  for (int m = 0; m < 2; m++) CHECK(w.context, og_solve_final(w.solve, (size_t)m, &x[m]));
  assert_true(x[0] == x[1]);
  close_wrong(&w);
}

/* A replay that fails in its second trajectory leaves no mixture of old and new results; the steps stay. */
static void failed_replay(void **state) {
  (void)state;
  double x, again;
  size_t count;
  wrong w = {.context = new_context()};
  CHECK(w.context, og_field_create(w.context, 1, 1, one_parameter, NULL, &w.field));
  CHECK(w.context, og_solve_create(w.context, w.field, NULL, 2, &w.solve));
  CHECK(w.context, og_solve_set_initial_state(w.solve, OG_ALL, (double[]){1}));
  CHECK(w.context, og_solve_set_parameters(w.solve, OG_ALL, (double[]){1}));
  CHECK(w.context, og_solve_run(w.solve));
  CHECK(w.context, og_solve_final(w.solve, 0, &x));
  CHECK(w.context, og_solve_set_initial_state(w.solve, 0, (double[]){2}));
  CHECK(w.context, og_solve_set_parameters(w.solve, 1, (double[]){-1}));
  assert_int_equal(og_solve_replay(w.solve), OG_ERR_FIELD);
  assert_int_equal(og_solve_final(w.solve, 0, &again), OG_ERR_STATE);
  expect_message(w.context, "og_solve_replay failed");
  assert_int_equal(og_solve_events(w.solve, 0, &count), OG_ERR_STATE);
  assert_int_equal(og_solve_pullback(w.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays)}),
                   OG_ERR_STATE);
  expect_message(w.context, "replay of this one failed");
  CHECK(w.context, og_solve_set_initial_state(w.solve, 0, (double[]){1}));
  CHECK(w.context, og_solve_set_parameters(w.solve, OG_ALL, (double[]){1}));
  CHECK(w.context, og_solve_replay(w.solve));
  CHECK(w.context, og_solve_final(w.solve, 0, &again));
  assert_true(again == x);
  close_wrong(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nan_from_the_field),
      cmocka_unit_test(parameters_of_one_only),
      cmocka_unit_test(failed_replay),
      cmocka_unit_test(refusal_of_every_step),
      cmocka_unit_test(nan_names_the_time),
      cmocka_unit_test(a_name_is_in_the_message),
      cmocka_unit_test(blow_up),
      cmocka_unit_test(underflow),
      cmocka_unit_test(too_many_steps),
      cmocka_unit_test(max_steps_are_of_each_trajectory),
      cmocka_unit_test(stiff),
      cmocka_unit_test(callback_returns),
      cmocka_unit_test(discontinuity),
      cmocka_unit_test(lands_exactly),
      cmocka_unit_test(max_step),
      cmocka_unit_test(memory_budget),
      cmocka_unit_test(wrong_settings),
      cmocka_unit_test(derivative_in_wrong_order),
      cmocka_unit_test(derivative_refused),
      cmocka_unit_test(field_arguments),
      cmocka_unit_test(difference_products),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
