/* Trajectories that events end, steady states, the same bits in any batch, continuous adjoints, and events at
 * random: the models are those of event_runs.h. */
#include "event_runs.h"

/* ---- Ends ---- */

/* The ball stops at its first hit: x(t*) = (r, -sqrt(2 g (h0 - r))), whatever t1. */
static void terminal(void **state) {
  (void)state;
  og_context *context = new_context();
  og_field *field = ball_field(context, OG_DIRECTION_FALLING);
  og_event_functions functions = {OG_INIT(og_event_functions), .guard = ball_guard,
                                  .guard_vjp = ball_guard_vjp};
  CHECK(context, og_field_set_events(field, 1, &(og_event){OG_INIT(og_event), "hit", OG_DIRECTION_FALLING, 1},
                                     &functions));
  for (int adjoint = 0; adjoint < 2; adjoint++) {
    og_options *options = new_options(context, OG_METHOD_TSIT5, 1e-9, 1e-9);
    og_solve *solve = NULL;
    CHECK(context,
          og_options_set_choice(options, OG_OPT_ADJOINT, adjoint ? OG_ADJOINT_FORWARD : OG_ADJOINT_DISCRETE));
    CHECK(context, og_solve_create(context, field, options, 1, &solve));
    CHECK(context, og_solve_set_span(solve, 0, 0, 6));
    CHECK(context, og_solve_set_observations(solve, 0, 2, (double[]){1, 3}));
    CHECK(context, og_solve_set_initial_state(solve, 0, (double[]){10, 0}));
    CHECK(context, og_solve_set_parameters(solve, 0, ball_theta));
    CHECK(context, og_solve_run(solve));
    double x[2], speed = sqrt(2 * 9.8 * 9.8), times[64];
    size_t count = 0, steps = 0;
    CHECK(context, og_solve_events(solve, 0, &count));
    assert_int_equal(count, 1);
    CHECK(context, og_solve_steps(solve, 0, &steps, NULL));
    assert_in_range(steps, 1, 63);
    CHECK(context, og_solve_steps(solve, 0, &steps, times));
    expect_near("end", times[steps], sqrt(2), 1e-13);
    CHECK(context, og_solve_final(solve, 0, x));
    expect_near("height", x[0], 0.2, 1e-12);
    expect_near("speed", x[1], -speed, 1e-12);
    CHECK(context, og_solve_observed(solve, 0, 0, x));
    expect_near("height at 1", x[0], 10 - 4.9, 1e-12);
    expect_failure(context, og_solve_observed(solve, 0, 1, x), OG_ERR_STATE, "hit");
    /* d(-speed)/dh0 = -g / speed, d/dg = -(h0 - r) / speed, d/dr = g / speed; the cotangent of what was not
     * reached is ignored. */
    double x0_bar[2] = {0}, theta_bar[3] = {0}, t0_bar = 0, t1_bar = 0;
    CHECK(context, og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                  .observed_bar = (double[]){0, 0, 7, 7},
                                                                  .final_bar = (double[]){0, 1},
                                                                  .x0_bar = x0_bar, .theta_bar = theta_bar,
                                                                  .t0_bar = &t0_bar, .t1_bar = &t1_bar}));
    expect_near("dv/dh0", x0_bar[0], -9.8 / speed, 1e-12);
    expect_near("dv/dg", theta_bar[0], -9.8 / speed, 1e-12);
    expect_near("dv/dr", theta_bar[2], 9.8 / speed, 1e-12);
    expect_near("dv/dt0", t0_bar, 0, 1e-11);
    expect_near("dv/dt1", t1_bar, 0, 1e-11);
    og_solve_destroy(solve);
    og_options_destroy(options);
  }
  og_field_destroy(field);
  og_context_destroy(context);
}

/* x' = a - b x from x0 is steady, |f| = tolerance, at t* = log(|a - b x0| / tolerance) / b, where x = (a -+
 * tolerance) / b. */
static int tank_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)user;
  f[0] = p[0] - p[1] * x[0];
  return 0;
}
static int tank_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                    double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  x_bar[0] = -p[1] * l[0];
  theta_bar[0] = l[0];
  theta_bar[1] = -x[0] * l[0];
  return 0;
}
static void steady_state(void **state) {
  (void)state;
  og_context *context = new_context();
  og_field *field = NULL;
  og_options *options = new_options(context, OG_METHOD_DOP853, 1e-12, 1e-12);
  og_solve *solve = NULL;
  const double a = 2, b = 0.5, tolerance = 1e-3;
  CHECK(context, og_field_create(context, 1, 2, tank_rhs, NULL, &field));
  CHECK(context, og_field_set_vjp(field, tank_vjp));
  CHECK(context, og_options_set_real(options, OG_OPT_STEADY, tolerance));
  CHECK(context, og_solve_create(context, field, options, 1, &solve));
  CHECK(context, og_solve_set_span(solve, 0, 0, 100));
  CHECK(context, og_solve_set_initial_state(solve, 0, (double[]){1}));
  CHECK(context, og_solve_set_parameters(solve, 0, (double[]){a, b}));
  CHECK(context, og_solve_run(solve));
  double x = 0, t = log((a - b) / tolerance) / b, x0_bar[1] = {0}, theta_bar[2] = {0};
  og_occurrence at = {OG_INIT(og_occurrence)};
  CHECK(context, og_solve_final(solve, 0, &x));
  CHECK(context, og_solve_event(solve, 0, 0, &at));
  expect_near("steady state", x, (a - tolerance) / b, 1e-11);
  expect_near("time", at.t, t, 1e-7); /* |f| = 1e-3 has 1e-11 / 1e-3 of error, over b */
  assert_string_equal(at.name, "steady");
  CHECK(context, og_solve_set_event_cotangents(solve, 0, (double[]){0.25}, NULL, NULL));
  CHECK(context, og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                .final_bar = (double[]){1}, .x0_bar = x0_bar,
                                                                .theta_bar = theta_bar}));
  /* x* = (a - tolerance) / b; t* = log((a - b x0) / tolerance) / b */
  expect_near("d/dx0", x0_bar[0], -0.25 / (a - b), 1e-7);
  expect_near("d/da", theta_bar[0], 1 / b + 0.25 / (b * (a - b)), 1e-7);
  expect_near("d/db", theta_bar[1], -(a - tolerance) / (b * b) + 0.25 * (-t / b - 1 / (b * (a - b))), 1e-6);
  /* steady from the start: the trajectory ends there */
  CHECK(context, og_solve_set_initial_state(solve, 0, (double[]){a / b}));
  CHECK(context, og_solve_run(solve));
  CHECK(context, og_solve_final(solve, 0, &x));
  assert_true(x == a / b);
  x0_bar[0] = 0;
  CHECK(context,
        og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                       .final_bar = (double[]){1}, .x0_bar = x0_bar}));
  assert_true(x0_bar[0] == 1);
  /* not by t1 */
  CHECK(context, og_solve_set_span(solve, 0, 0, 1));
  CHECK(context, og_solve_set_initial_state(solve, 0, (double[]){1}));
  expect_failure(context, og_solve_run(solve), OG_ERR_NOT_STEADY, "steady");
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_field_destroy(field);
  og_context_destroy(context);
}

/* ---- Promise 2: the same bits alone and in any batch, on any number of threads, under any budget ---- */

enum { BATCH = 70 };
typedef struct batch_result {
  driven_output out[BATCH];
  driven_input bar[BATCH];
} batch_result;

static driven_input batch_start(int m) {
  driven_input in = driven_start(m % 5 == 4);
  for (int i = 0; i < DRIVEN_STATES; i++) in.x0[i] += 0.01 * m;
  in.theta[3] = 0.5 + 0.005 * m;
  for (int i = 0; i < DRIVEN_VALUES; i++) in.u[i] *= 1 - 0.01 * m;
  return in;
}

static void batch_run(og_options *options, int first, int count, batch_result *r) {
  static double observed[BATCH][SEEN][DRIVEN_STATES], final[BATCH][DRIVEN_STATES], cost[BATCH];
  static double x0[BATCH][DRIVEN_STATES], theta[BATCH][DRIVEN_PARAMETERS], t0[BATCH], t1[BATCH],
      times[BATCH][SEEN];
  og_context *context = new_context();
  og_field *field = driven_field(context);
  og_solve *solve = NULL;
  CHECK(context, og_solve_create(context, field, options, (size_t)count, &solve));
  for (int i = 0; i < count; i++) {
    driven_input in = batch_start(first + i);
    driven_set(context, solve, (size_t)i, &in);
  }
  CHECK(context, og_solve_run(solve));
  for (int i = 0; i < count; i++) {
    uint64_t seed = 99 + (uint64_t)(first + i);
    driven_output bar;
    size_t events = driven_get(context, solve, (size_t)i, &r->out[first + i]);
    random_cotangents(&seed, events, &bar);
    memcpy(observed[i], bar.observed, sizeof bar.observed);
    memcpy(final[i], bar.final, sizeof bar.final);
    cost[i] = bar.cost;
    CHECK(context,
          og_solve_set_event_cotangents(solve, (size_t)i, bar.event_times, bar.before[0], bar.after[0]));
  }
  memset(x0, 0, sizeof x0), memset(theta, 0, sizeof theta), memset(times, 0, sizeof times);
  memset(t0, 0, sizeof t0), memset(t1, 0, sizeof t1);
  CHECK(context, og_solve_pullback(
                     solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .observed_bar = observed[0][0],
                                                  .final_bar = final[0], .cost_bar = cost, .x0_bar = x0[0],
                                                  .theta_bar = theta[0], .t0_bar = t0, .t1_bar = t1,
                                                  .times_bar = times[0]}));
  for (int i = 0; i < count; i++) {
    driven_input *bar = &r->bar[first + i];
    memset(bar, 0, sizeof *bar);
    memcpy(bar->x0, x0[i], sizeof bar->x0), memcpy(bar->theta, theta[i], sizeof bar->theta);
    memcpy(bar->times, times[i], sizeof bar->times);
    bar->t0 = t0[i], bar->t1 = t1[i];
    CHECK(context, og_solve_input_gradient(solve, (size_t)i, 0, bar->u));
    CHECK(context, og_solve_input_gradient(solve, (size_t)i, 1, bar->w));
  }
  og_solve_destroy(solve);
  og_field_destroy(field);
  og_context_destroy(context);
}

static void expect_bits(const batch_result *a, const batch_result *b, const char *what, int method) {
  for (int m = 0; m < BATCH; m++)
    if (memcmp(&a->out[m], &b->out[m], sizeof a->out[m]) || memcmp(&a->bar[m], &b->bar[m], sizeof a->bar[m]))
      fail_msg("%s, method %d: trajectory %d differs", what, method, m);
}

static void bits_of(og_method method, og_adjoint adjoint, og_precision precision, int steps) {
  static batch_result alone, other;
  og_context *context = new_context();
  og_options *options = new_options(context, OG_METHOD_TSIT5, 1e-5, 1e-5);
  CHECK(context, og_options_set_choice(options, OG_OPT_METHOD, (int)method));
  CHECK(context, og_options_set_choice(options, OG_OPT_ADJOINT, (int)adjoint));
  CHECK(context, og_options_set_choice(options, OG_OPT_PRECISION, (int)precision));
  CHECK(context, og_options_set_integer(options, OG_OPT_STEPS, steps));
  for (int m = 0; m < BATCH; m++) batch_run(options, m, 1, &alone);
  batch_run(options, 0, BATCH, &other);
  expect_bits(&alone, &other, "in a batch", (int)method);
  CHECK(context, og_options_set_integer(options, OG_OPT_THREADS, 3));
  batch_run(options, 0, BATCH, &other);
  expect_bits(&alone, &other, "on three threads", (int)method);
  if (adjoint != OG_ADJOINT_FORWARD && adjoint != OG_ADJOINT_BACKSOLVE) {
    CHECK(context, og_options_set_choice(options, OG_OPT_SCHEDULE, OG_SCHEDULE_ONLINE));
    CHECK(context, og_options_set_integer(options, OG_OPT_MEMORY, 8 << 20));
    batch_run(options, 0, BATCH, &other);
    expect_bits(&alone, &other, "under a budget", (int)method);
  }
  og_options_destroy(options);
  og_context_destroy(context);
}

static void same_bits(void **state) {
  (void)state;
  bits_of(OG_METHOD_TSIT5, OG_ADJOINT_DISCRETE, OG_PRECISION_DOUBLE, 0);
  bits_of(OG_METHOD_DOP853, OG_ADJOINT_DISCRETE, OG_PRECISION_DOUBLE, 0);
  bits_of(OG_METHOD_BS32, OG_ADJOINT_FORWARD, OG_PRECISION_DOUBLE, 0);
  bits_of(OG_METHOD_RK4, OG_ADJOINT_DISCRETE, OG_PRECISION_DOUBLE, 60);
  bits_of(OG_METHOD_TSIT5, OG_ADJOINT_BACKSOLVE, OG_PRECISION_DOUBLE, 0);
  bits_of(OG_METHOD_TSIT5, OG_ADJOINT_INTERPOLATE, OG_PRECISION_DOUBLE, 0);
  bits_of(OG_METHOD_TSIT5, OG_ADJOINT_QUADRATURE, OG_PRECISION_DOUBLE, 0);
  bits_of(OG_METHOD_TSIT5, OG_ADJOINT_DISCRETE, OG_PRECISION_SINGLE, 0);
  bits_of(OG_METHOD_TSIT5, OG_ADJOINT_BACKSOLVE, OG_PRECISION_DOUBLE, 0);
  bits_of(OG_METHOD_TSIT5, OG_ADJOINT_INTERPOLATE, OG_PRECISION_DOUBLE, 0);
  bits_of(OG_METHOD_BS32, OG_ADJOINT_QUADRATURE, OG_PRECISION_DOUBLE, 0);
  bits_of(OG_METHOD_RK4, OG_ADJOINT_INTERPOLATE, OG_PRECISION_SINGLE, 60);
}

/* In single precision events are found as well: gradients agree with those in double to what single precision
 * and a tolerance of 1e-5 leave. */
static void single_precision(void **state) {
  (void)state;
  static batch_result in_double, in_single;
  og_context *context = new_context();
  og_options *options = new_options(context, OG_METHOD_TSIT5, 1e-5, 1e-5);
  batch_run(options, 0, 1, &in_double);
  CHECK(context, og_options_set_choice(options, OG_OPT_PRECISION, OG_PRECISION_SINGLE));
  batch_run(options, 0, 1, &in_single);
  double size = 0;
  const double *a = (double *)&in_double.bar[0], *b = (double *)&in_single.bar[0];
  for (int i = 0; i < INPUTS; i++) size = fmax(size, fabs(a[i]));
  for (int i = 0; i < INPUTS; i++) expect_near("single", b[i], a[i], 1e-3 * size);
  og_options_destroy(options);
  og_context_destroy(context);
}

/* ---- Continuous adjoints: the same jumps, without the steps ---- */

/* At a tolerance of 1e-11 the discrete gradient is the problem's own to some 1e-8 (events multiply errors by
 * their number), and so are the others. */
static void continuous(void **state) {
  (void)state;
  static const og_adjoint kinds[] = {OG_ADJOINT_BACKSOLVE, OG_ADJOINT_INTERPOLATE, OG_ADJOINT_QUADRATURE};
  for (int backward = 0; backward < 2; backward++) {
    og_context *context = new_context();
    og_field *field = driven_field(context);
    og_options *options = new_options(context, OG_METHOD_DOP853, 1e-11, 1e-11);
    driven_input in = driven_start(backward), want = {0};
    driven_output out, bar;
    double size = 0;
    for (int k = -1; k < 3; k++) {
      og_adjoint kind = k < 0 ? OG_ADJOINT_DISCRETE : kinds[k];
      og_solve *solve = NULL;
      uint64_t seed = 4;
      driven_input got = {0};
      CHECK(context, og_options_set_choice(options, OG_OPT_ADJOINT, (int)kind));
      CHECK(context, og_solve_create(context, field, options, 1, &solve));
      driven_set(context, solve, 0, &in);
      CHECK(context, og_solve_run(solve));
      random_cotangents(&seed, driven_get(context, solve, 0, &out), &bar);
      driven_pull(context, solve, &bar, &got);
      if (k < 0) want = got;
      for (int i = 0; i < INPUTS; i++) size = fmax(size, fabs(((double *)&want)[i]));
      for (int i = 0; i < INPUTS; i++)
        expect_near("continuous", ((double *)&got)[i], ((double *)&want)[i], 1e-7 * size);
      og_solve_destroy(solve);
    }
    og_options_destroy(options);
    og_field_destroy(field);
    og_context_destroy(context);
  }
}

/* ---- Two balls: events at the same instant, each with a time of its own ---- */

static int balls_rhs(double t, const double *x, const double *p, double *f, void *user) {
  ball_rhs(t, x, p, f, user);
  return ball_rhs(t, x + 2, p, f + 2, user);
}
static int balls_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                     double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)x, (void)p, (void)t_bar, (void)user;
  x_bar[1] = l[0];
  x_bar[3] = l[2];
  theta_bar[0] = -l[1] - l[3];
  return 0;
}
static int balls_guard(double t, const double *x, const double *p, double *g, void *user) {
  ball_guard(t, x, p, g, user);
  return ball_guard(t, x + 2, p, g + 1, user);
}
static int balls_guard_vjp(double t, const double *x, const double *p, const double *g_bar, double *x_bar,
                           double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)x, (void)p, (void)t_bar, (void)user;
  x_bar[0] = g_bar[0];
  x_bar[2] = g_bar[1];
  theta_bar[2] = -g_bar[0] - g_bar[1];
  return 0;
}
static int balls_jump(size_t event, double t, const double *x, const double *p, double *after, void *user) {
  return ball_jump(0, t, x + 2 * event, p, after + 2 * event, user);
}
static int balls_jump_vjp(size_t event, double t, const double *x, const double *p, const double *after_bar,
                          double *x_bar, double *theta_bar, double *t_bar, void *user) {
  memcpy(x_bar, after_bar, 4 * sizeof *x_bar);
  return ball_jump_vjp(0, t, x + 2 * event, p, after_bar + 2 * event, x_bar + 2 * event, theta_bar, t_bar,
                       user);
}

/* The time of each ball's k-th hit depends on its own height and not on the other's, by every adjoint. */
static void two_balls(void **state) {
  (void)state;
  static const og_event events[2] = {{OG_INIT(og_event), "one", OG_DIRECTION_FALLING, 0},
                                     {OG_INIT(og_event), "other", OG_DIRECTION_FALLING, 0}};
  static const og_event_functions functions = {
      OG_INIT(og_event_functions), balls_guard, balls_guard_vjp, balls_jump, balls_jump_vjp, NULL};
  for (int adjoint = OG_ADJOINT_DISCRETE; adjoint <= OG_ADJOINT_QUADRATURE; adjoint++) {
    og_context *context = new_context();
    og_field *field = NULL;
    og_solve *solve = NULL;
    og_options *options = new_options(context, OG_METHOD_TSIT5, 1e-11, 1e-11);
    size_t count = 0;
    CHECK(context, og_field_create(context, 4, 3, balls_rhs, NULL, &field));
    CHECK(context, og_field_set_vjp(field, balls_vjp));
    CHECK(context, og_field_set_events(field, 2, events, &functions));
    CHECK(context, og_options_set_choice(options, OG_OPT_ADJOINT, adjoint));
    CHECK(context, og_solve_create(context, field, options, 1, &solve));
    CHECK(context, og_solve_set_span(solve, OG_ALL, 0, 6));
    CHECK(context, og_solve_set_initial_state(solve, OG_ALL, (double[]){10, 0, 10, 0}));
    CHECK(context, og_solve_set_parameters(solve, OG_ALL, ball_theta));
    CHECK(context, og_solve_run(solve));
    CHECK(context, og_solve_events(solve, 0, &count));
    assert_int_equal(count, 2 * HITS);
    for (size_t k = 0; k < count; k++) {
      double times_bar[2 * HITS] = {0}, x0_bar[4] = {0}, theta_bar[3] = {0}, truth[4];
      double t = hit_time((int)k / 2, 10, ball_theta, truth);
      og_occurrence at = {OG_INIT(og_occurrence)};
      CHECK(context, og_solve_event(solve, 0, k, &at));
      expect_near("time", at.t, t, 1e-12);
      times_bar[k] = 1;
      CHECK(context, og_solve_set_event_cotangents(solve, 0, times_bar, NULL, NULL));
      CHECK(context,
            og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .x0_bar = x0_bar,
                                                           .theta_bar = theta_bar}));
      expect_near("own height", x0_bar[2 * at.event], truth[0], 1e-9);
      expect_near("the other's", x0_bar[2 - 2 * at.event], 0, 1e-9);
      for (int i = 0; i < 3; i++) expect_near("dt/dtheta", theta_bar[i], truth[1 + i], 1e-9);
    }
    og_solve_destroy(solve);
    og_options_destroy(options);
    og_field_destroy(field);
    og_context_destroy(context);
  }
}

/* A replay with the settings of the run has its numbers, for more trajectories than lanes. */
static void replay_of_many(void **state) {
  (void)state;
  static driven_output run[BATCH], again[BATCH];
  static const int counts[] = {2, 5, BATCH};
  for (int k = 0; k < 3; k++) {
    og_context *context = new_context();
    og_field *field = driven_field(context);
    og_solve *solve = NULL;
    CHECK(context, og_solve_create(context, field, NULL, (size_t)counts[k], &solve));
    for (int m = 0; m < counts[k]; m++) {
      driven_input in = batch_start(m);
      driven_set(context, solve, (size_t)m, &in);
    }
    CHECK(context, og_solve_run(solve));
    for (int m = 0; m < counts[k]; m++) driven_get(context, solve, (size_t)m, &run[m]);
    CHECK(context, og_solve_replay(solve));
    for (int m = 0; m < counts[k]; m++) driven_get(context, solve, (size_t)m, &again[m]);
    /* An event is located from another bracket: its place may differ by rounding, which events multiply. */
    for (int i = 0; i < counts[k] * OUTPUTS; i++)
      expect_near("replayed", ((double *)again)[i], ((double *)run)[i], 1e-9);
    og_solve_destroy(solve);
    og_field_destroy(field);
    og_context_destroy(context);
  }
}

/* ---- At random ---- */

/* Balls of all sizes, until before or after the moment where their hits accumulate: none falls through the
 * floor, and refusals come when that moment is near. */
static void random_balls(void **state) {
  (void)state;
  static const og_method methods[] = {OG_METHOD_BS32, OG_METHOD_TSIT5, OG_METHOD_DOP853};
  og_context *context = new_context();
  uint64_t seed = 7;
  int accumulated = 0;
  for (int m = 0; m < 300; m++) {
    og_field *field = ball_field(context, m % 2 ? OG_DIRECTION_FALLING : OG_DIRECTION_ANY);
    og_options *options = new_options(context, methods[m % 3], 1e-6, 1e-9);
    double r = pow(10, 3 * noise(&seed)), h0 = r + pow(10, 2 * noise(&seed)), g = pow(10, 2 * noise(&seed));
    double e = 0.05 + 0.85 * fabs(noise(&seed)), T = sqrt(2 * (h0 - r) / g), end = T * (1 + 2 * e / (1 - e));
    double t0 = m % 5 ? 0 : 100, span = end * (0.5 + fabs(noise(&seed))), x[2];
    og_solve *solve = NULL;
    CHECK(context, og_solve_create(context, field, options, 1, &solve));
    CHECK(context, og_solve_set_span(solve, 0, t0, t0 + span));
    CHECK(context, og_solve_set_initial_state(solve, 0, (double[]){h0, 0}));
    CHECK(context, og_solve_set_parameters(solve, 0, (double[]){g, e, r}));
    og_status status = og_solve_run(solve);
    if (status == OG_OK) {
      CHECK(context, og_solve_final(solve, 0, x));
      if (!(x[0] >= r - 1e-6 * h0) || span > end)
        fail_msg("ball %d: h - r = %g at %g of %g", m, x[0] - r, span, end);
    } else {
      assert_int_equal(status, OG_ERR_ZENO);
      if (span < 0.999 * end) fail_msg("ball %d was refused at %g of %g", m, span, end);
      accumulated++;
    }
    og_solve_destroy(solve);
    og_options_destroy(options);
    og_field_destroy(field);
  }
  og_context_destroy(context);
  assert_in_range(accumulated, 100, 200);
}

/* The driven oscillator with random settings has the same events with its own steps as with very short ones.
 */
static void none_missed(void **state) {
  (void)state;
  static driven_output own, fine;
  for (int m = 0; m < 60; m++) {
    og_context *context = new_context();
    og_field *field = driven_field(context);
    uint64_t seed = 1000 + (uint64_t)m;
    driven_input in = driven_start(m % 2);
    for (int i = 0; i < DRIVEN_STATES; i++) in.x0[i] += 0.8 * noise(&seed);
    in.theta[0] *= 1 + 5 * fabs(noise(&seed));
    for (int i = 0; i < DRIVEN_VALUES; i++) in.u[i] *= 1 + noise(&seed), in.w[i] += 0.3 * noise(&seed);
    size_t counts[2];
    for (int k = 0; k < 2; k++) {
      og_options *options = new_options(context, OG_METHOD_DOP853, k ? 1e-11 : 1e-9, k ? 1e-11 : 1e-9);
      og_solve *solve = NULL;
      CHECK(context, og_options_set_real(options, OG_OPT_MAX_STEP, k ? 0.01 : 0));
      CHECK(context, og_solve_create(context, field, options, 1, &solve));
      driven_set(context, solve, 0, &in);
      CHECK(context, og_solve_run(solve));
      counts[k] = driven_get(context, solve, 0, k ? &fine : &own);
      og_solve_destroy(solve);
      og_options_destroy(options);
    }
    assert_int_equal(counts[0], counts[1]);
    /* 1e-9 in each of some ten steps, which a chain of events multiplies */
    for (size_t i = 0; i < counts[0]; i++) expect_near("time", own.event_times[i], fine.event_times[i], 1e-5);
    og_field_destroy(field);
    og_context_destroy(context);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(terminal),         cmocka_unit_test(steady_state), cmocka_unit_test(same_bits),
      cmocka_unit_test(single_precision), cmocka_unit_test(continuous),   cmocka_unit_test(two_balls),
      cmocka_unit_test(replay_of_many),   cmocka_unit_test(random_balls), cmocka_unit_test(none_missed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
