/* Events: located on the interpolant, in order, with the state's jump; their times and all that follows
 * differentiated. The truth is a closed form, or replayed differences. */
#include "event_runs.h"

/* ---- The bouncing ball ---- */

/* Dropped from height 10 until t1 = 6, with the interpolant exact for parabolas: times to rounding. */
static void closed_form(void **state) {
  (void)state;
  static const double issue[HITS] = {1.4142135623730951, 3.676955262170047, 5.487148622007609};
  for (int direction = OG_DIRECTION_ANY; direction <= OG_DIRECTION_FALLING; direction += 2)
    for (int method = OG_METHOD_BS32; method < (int)og_method_count(); method++) {
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
        og_occurrence at = {OG_INIT(og_occurrence)};
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
        CHECK(context,
              og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .x0_bar = x0_bar,
                                                             .theta_bar = theta_bar, .t0_bar = &t0_bar}));
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

/* ---- Everything at once: the driven oscillator of event_field.h ---- */

static void driven_push(og_context *context, og_solve *solve, const driven_input *in_dot,
                        driven_output *dot) {
  memset(dot, 0, sizeof *dot);
  CHECK(context, og_solve_set_input_tangents(solve, 0, 0, in_dot->u));
  CHECK(context, og_solve_set_input_tangents(solve, 0, 1, in_dot->w));
  CHECK(context, og_solve_pushforward(
                     solve, &(og_pushforward_arrays){OG_INIT(og_pushforward_arrays), .x0_dot = in_dot->x0,
                                                     .theta_dot = in_dot->theta, .t0_dot = &in_dot->t0,
                                                     .t1_dot = &in_dot->t1, .times_dot = in_dot->times,
                                                     .observed_dot = dot->observed[0],
                                                     .final_dot = dot->final, .cost_dot = &dot->cost}));
  CHECK(context, og_solve_event_tangents(solve, 0, dot->event_times, dot->before[0], dot->after[0]));
}

static double dot_of(const void *a, const void *b, int count) {
  double sum = 0;
  for (int i = 0; i < count; i++) sum += ((const double *)a)[i] * ((const double *)b)[i];
  return sum;
}

/* Largest |J| v-like scale: the sum of |a b|, against which sums of products are compared. */
static double size_of(const void *a, const void *b, int count) {
  double sum = 0;
  for (int i = 0; i < count; i++) sum += fabs(((const double *)a)[i] * ((const double *)b)[i]);
  return sum;
}

typedef struct driven_case {
  og_method method;
  int steps, backward;
} driven_case;

static og_solve *driven_solve(og_context *context, const og_field *field, driven_case c, og_adjoint adjoint,
                              const driven_input *in) {
  og_options *options = new_options(context, OG_METHOD_TSIT5, 1e-6, 1e-6);
  og_solve *solve = NULL;
  CHECK(context, og_options_set_integer(options, OG_OPT_STEPS, c.steps));
  CHECK(context, og_options_set_choice(options, OG_OPT_METHOD, (int)c.method));
  CHECK(context, og_options_set_choice(options, OG_OPT_ADJOINT, (int)adjoint));
  CHECK(context, og_solve_create(context, field, options, 1, &solve));
  og_options_destroy(options);
  driven_set(context, solve, 0, in);
  CHECK(context, og_solve_run(solve));
  return solve;
}

/* <bar, J v> = <J^T bar, v> to 1e-12 of the sum of the products' sizes, and both gradients are the same. */
static void identity_of(driven_case c) {
  og_context *context = new_context();
  og_field *field = driven_field(context);
  driven_input in = driven_start(c.backward);
  og_solve *solve = driven_solve(context, field, c, OG_ADJOINT_DISCRETE, &in);
  og_solve *forward = driven_solve(context, field, c, OG_ADJOINT_FORWARD, &in);
  driven_output out, bar, dot;
  size_t events = driven_get(context, solve, 0, &out);
  uint64_t seed = 17 + (uint64_t)c.method;
  for (int repeat = 0; repeat < 3; repeat++) {
    driven_input v, in_bar = {0}, forward_bar = {0};
    for (int i = 0; i < INPUTS; i++) ((double *)&v)[i] = noise(&seed);
    random_cotangents(&seed, events, &bar);
    driven_pull(context, solve, &bar, &in_bar);
    driven_pull(context, forward, &bar, &forward_bar);
    driven_push(context, solve, &v, &dot);
    double scale = fmax(size_of(&bar, &dot, OUTPUTS), size_of(&in_bar, &v, INPUTS));
    expect_near("adjoint identity", dot_of(&in_bar, &v, INPUTS), dot_of(&bar, &dot, OUTPUTS), 1e-12 * scale);
    double largest = 0;
    for (int i = 0; i < INPUTS; i++) largest = fmax(largest, fabs(((double *)&in_bar)[i]));
    for (int i = 0; i < INPUTS; i++)
      expect_near("forward and discrete", ((double *)&forward_bar)[i], ((double *)&in_bar)[i],
                  1e-12 * largest);
  }
  og_solve_destroy(solve);
  og_solve_destroy(forward);
  og_field_destroy(field);
  og_context_destroy(context);
}

static int fixed_only(int method) { return method == OG_METHOD_EULER || method == OG_METHOD_RK4; }

static void adjoint_identity(void **state) {
  (void)state;
  for (int method = 0; method < (int)og_method_count(); method++)
    for (int backward = 0; backward < 2; backward++) {
      identity_of((driven_case){(og_method)method, 40, backward});
      if (!fixed_only(method)) identity_of((driven_case){(og_method)method, 0, backward});
    }
}

/* Central differences with the steps replayed, by every input. */
static void differences_of(driven_case c) {
  og_context *context = new_context();
  og_field *field = driven_field(context);
  driven_input in = driven_start(c.backward), in_bar = {0};
  og_solve *solve = driven_solve(context, field, c, OG_ADJOINT_DISCRETE, &in);
  driven_output out, bar;
  uint64_t seed = 5;
  size_t events = driven_get(context, solve, 0, &out);
  random_cotangents(&seed, events, &bar);
  driven_pull(context, solve, &bar, &in_bar);
  for (int i = 0; i < INPUTS; i++) {
    double loss[2], *entry = (double *)&in + i, kept = *entry, h = 1e-5;
    for (int side = 0; side < 2; side++) {
      *entry = kept + (side ? h : -h);
      driven_set(context, solve, 0, &in);
      CHECK(context, og_solve_replay(solve));
      assert_int_equal(driven_get(context, solve, 0, &out), events);
      loss[side] = dot_of(&bar, &out, OUTPUTS);
    }
    *entry = kept;
    /* Truncation h^2 times third derivatives, which the chain of events makes some 10^3 times the first. */
    double scale = 1 + fabs(((double *)&in_bar)[i]);
    expect_near("replayed difference", (loss[1] - loss[0]) / (2 * h), ((double *)&in_bar)[i], 1e-6 * scale);
  }
  og_solve_destroy(solve);
  og_field_destroy(field);
  og_context_destroy(context);
}

static void replayed_differences(void **state) {
  (void)state;
  for (int method = 0; method < (int)og_method_count(); method++)
    differences_of((driven_case){(og_method)method, fixed_only(method) ? 40 : 0, method % 2});
}

/* ---- What is located, and in which order ---- */

/* x' = v along theta[0] (x0 = 0): x = v t; the guards are functions of t and x given by the test in `user`.
 */
typedef struct line_test {
  og_guard_fn guard;
  og_jump_fn jump;
} line_test;

static int line_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)x, (void)user;
  f[0] = p[0];
  f[1] = 0;
  return 0;
}
static int line_guard(double t, const double *x, const double *p, double *g, void *user) {
  return ((const line_test *)user)->guard(t, x, p, g, NULL);
}
static int line_jump(size_t event, double t, const double *x, const double *p, double *after, void *user) {
  const line_test *test = user;
  return test->jump ? test->jump(event, t, x, p, after, NULL) : 0;
}

enum { LINE_MOST = 32 };
typedef struct line_result {
  size_t count, event[LINE_MOST];
  double t[LINE_MOST], final[2];
} line_result;

/* Runs from (0, 0) with speed 1; returns the status of the run. `more` sets options. */
static og_status line_run(og_context *context, line_test test, size_t count, const og_event *events,
                          double t0, double t1, int samples, line_result *r) {
  og_field *field = NULL;
  og_event_functions functions = {OG_INIT(og_event_functions), .guard = line_guard, .jump = line_jump};
  og_solve *solve = NULL;
  CHECK(context, og_field_create(context, 2, 1, line_rhs, &test, &field));
  CHECK(context, og_field_set_events(field, count, events, &functions));
  CHECK(context, og_field_use_finite_differences(field));
  og_options *options = new_options(context, OG_METHOD_TSIT5, 1e-9, 1e-9);
  if (samples) CHECK(context, og_options_set_integer(options, OG_OPT_EVENT_SAMPLES, samples));
  CHECK(context, og_solve_create(context, field, options, 1, &solve));
  CHECK(context, og_solve_set_span(solve, 0, t0, t1));
  CHECK(context, og_solve_set_initial_state(solve, 0, (double[]){0, 0}));
  CHECK(context, og_solve_set_parameters(solve, 0, (double[]){1}));
  og_status status = og_solve_run(solve);
  if (status == OG_OK) {
    CHECK(context, og_solve_events(solve, 0, &r->count));
    for (size_t k = 0; k < r->count && k < LINE_MOST; k++) {
      og_occurrence at = {OG_INIT(og_occurrence)};
      CHECK(context, og_solve_event(solve, 0, k, &at));
      r->event[k] = at.event;
      r->t[k] = at.t;
    }
    CHECK(context, og_solve_final(solve, 0, r->final));
  }
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_field_destroy(field);
  return status;
}

static void expect_events(const line_result *r, size_t count, const size_t *event, const double *t) {
  if (r->count != count) fail_msg("%zu events, not %zu; the first at %.17g", r->count, count, r->t[0]);
  for (size_t k = 0; k < count; k++) {
    if (event) assert_int_equal(r->event[k], event[k]);
    expect_near("time of an event", r->t[k], t[k], 1e-12);
  }
}

/* Three guards on one step: x = 0.7, x = 0.3, x = 0.3 + 0: in time, and then in the order of declaration. The
 * second moves x back by 0.1 once, so that the third (the same surface) comes with it and all return. */
static int three_guards(double t, const double *x, const double *p, double *g, void *user) {
  (void)t, (void)p, (void)user;
  g[0] = x[0] - 0.7;
  g[1] = x[0] - 0.3;
  g[2] = 2 * x[0] - 0.6;
  return 0;
}
static void order_in_one_step(void **state) {
  (void)state;
  og_context *context = new_context();
  static const og_event any[3] = {{OG_INIT(og_event), "late", OG_DIRECTION_ANY, 0},
                                  {OG_INIT(og_event), "first", OG_DIRECTION_ANY, 0},
                                  {OG_INIT(og_event), "second", OG_DIRECTION_ANY, 0}};
  line_result r;
  CHECK(context, line_run(context, (line_test){three_guards, NULL}, 3, any, 0, 1, 0, &r));
  expect_events(&r, 3, (size_t[]){1, 2, 0}, (double[]){0.3, 0.3, 0.7});
  og_context_destroy(context);
}

/* Twelve balls that hit the floor in the same instant all bounce. */
static int count_jump(size_t event, double t, const double *x, const double *p, double *after, void *user) {
  (void)t, (void)p, (void)user;
  after[1] = x[1] + pow(2, (double)event);
  return 0;
}
static int twelve_guards(double t, const double *x, const double *p, double *g, void *user) {
  (void)t, (void)p, (void)user;
  for (int i = 0; i < 12; i++) g[i] = (1 - x[0] * 3) * (i + 1); /* other rounding in each */
  return 0;
}
static void simultaneous(void **state) {
  (void)state;
  og_context *context = new_context();
  og_event falling[12];
  line_result r;
  for (int i = 0; i < 12; i++) falling[i] = (og_event){OG_INIT(og_event), NULL, OG_DIRECTION_FALLING, 0};
  CHECK(context, line_run(context, (line_test){twelve_guards, count_jump}, 12, falling, 0, 1, 0, &r));
  assert_int_equal(r.count, 12);
  for (int i = 0; i < 12; i++) expect_near("time", r.t[i], 1.0 / 3, 1e-15);
  assert_true(r.final[1] == 4095); /* each of them once */
  og_context_destroy(context);
}

/* cos(2 pi x) is zero at 1/4, 3/4, ...: falling, rising, ... */
static int wave_guard(double t, const double *x, const double *p, double *g, void *user) {
  (void)t, (void)p, (void)user;
  g[0] = cos(2 * 3.14159265358979323846 * x[0]);
  return 0;
}
static void directions(void **state) {
  (void)state;
  og_context *context = new_context();
  static const double times[3][4] = {{0.25, 0.75, 1.25, 1.75}, {0.75, 1.75}, {0.25, 1.25}};
  for (int direction = 0; direction < 3; direction++) {
    og_event event = {OG_INIT(og_event), "wave", (og_direction)direction, 0};
    line_result r;
    CHECK(context, line_run(context, (line_test){wave_guard, NULL}, 1, &event, 0, 2, 0, &r));
    expect_events(&r, direction ? 2 : 4, NULL, times[direction]);
    /* Backward in time the guard is seen from the other side: it falls from t = 0 to -1/4. */
    CHECK(context, line_run(context, (line_test){wave_guard, NULL}, 1, &event, 0, -2, 0, &r));
    for (size_t k = 0; k < r.count; k++) r.t[k] = -r.t[k];
    expect_events(&r, direction ? 2 : 4, NULL, times[direction]);
  }
  og_context_destroy(context);
}

/* Two crossings between two samples: g dips below zero around x = 0.42 by less than a sample's width. The
 * whole span is one step of 8 samples, so that the dip is seen by its slopes alone. */
static int dip_guard(double t, const double *x, const double *p, double *g, void *user) {
  (void)t, (void)p, (void)user;
  g[0] = (x[0] - 0.42) * (x[0] - 0.42) - 1e-6;
  return 0;
}
static void dips_between_samples(void **state) {
  (void)state;
  og_context *context = new_context();
  line_result r;
  CHECK(context, line_run(context, (line_test){dip_guard, NULL}, 1,
                          &(og_event){OG_INIT(og_event), "dip", OG_DIRECTION_ANY, 0}, 0, 1, 0, &r));
  expect_events(&r, 2, NULL, (double[]){0.419, 0.421});
  CHECK(context, line_run(context, (line_test){dip_guard, NULL}, 1,
                          &(og_event){OG_INIT(og_event), "dip", OG_DIRECTION_RISING, 0}, 0, 1, 0, &r));
  expect_events(&r, 1, NULL, (double[]){0.421});
  og_context_destroy(context);
}

/* A guard that is zero at t0 is no event there; one that gets to zero just at t1 is; a span of length zero
 * has none. */
static int ends_guard(double t, const double *x, const double *p, double *g, void *user) {
  (void)x, (void)p, (void)user;
  g[0] = t * (1 - t);
  return 0;
}
static void at_the_ends(void **state) {
  (void)state;
  og_context *context = new_context();
  og_event any = {OG_INIT(og_event), "ends", OG_DIRECTION_ANY, 0};
  line_result r;
  CHECK(context, line_run(context, (line_test){ends_guard, NULL}, 1, &any, 0, 1, 0, &r));
  expect_events(&r, 1, NULL, (double[]){1});
  CHECK(context, line_run(context, (line_test){ends_guard, NULL}, 1, &any, 0, 0.5, 0, &r));
  expect_events(&r, 0, NULL, NULL);
  CHECK(context, line_run(context, (line_test){ends_guard, NULL}, 1, &any, 1, 1, 0, &r));
  expect_events(&r, 0, NULL, NULL);
  og_context_destroy(context);
}

/* A relay: x jumps back by 1 whenever it gets to 1. The jump leaves the guard at once. */
static int relay_guard(double t, const double *x, const double *p, double *g, void *user) {
  (void)t, (void)p, (void)user;
  g[0] = x[0] - 1;
  return 0;
}
static int relay_jump(size_t event, double t, const double *x, const double *p, double *after, void *user) {
  (void)event, (void)t, (void)p, (void)user;
  after[0] = x[0] - 1;
  after[1] = x[1] + 1;
  return 0;
}
static void relay(void **state) {
  (void)state;
  og_context *context = new_context();
  og_event rising = {OG_INIT(og_event), "full", OG_DIRECTION_RISING, 0};
  line_result r;
  CHECK(context, line_run(context, (line_test){relay_guard, relay_jump}, 1, &rising, 0, 10.5, 0, &r));
  expect_events(&r, 10, NULL, (double[]){1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  expect_near("x", r.final[0], 0.5, 1e-12);
  assert_true(r.final[1] == 10);
  og_context_destroy(context);
}

/* ---- Refusals ---- */

static void expect_failure(og_context *context, og_status got, og_status want, const char *word) {
  if (got != want)
    fail_msg("%s in place of %s: %s", og_status_name(got), og_status_name(want), og_context_message(context));
  if (!strstr(og_context_message(context), word))
    fail_msg("the message does not say '%s': %s", word, og_context_message(context));
}

/* After every hit half the speed: infinitely many before t = 3 T = 4.24. And a ball that stays on the floor.
 */
static void zeno(void **state) {
  (void)state;
  for (int inelastic = 0; inelastic < 2; inelastic++) {
    og_context *context = new_context();
    og_field *field = ball_field(context, OG_DIRECTION_FALLING);
    og_solve *solve = NULL;
    CHECK(context, og_solve_create(context, field, NULL, 1, &solve));
    CHECK(context, og_solve_set_span(solve, 0, 0, 10));
    CHECK(context, og_solve_set_initial_state(solve, 0, (double[]){10, 0}));
    CHECK(context, og_solve_set_parameters(solve, 0, (double[]){9.8, inelastic ? 0 : 0.5, 0.2}));
    expect_failure(context, og_solve_run(solve), OG_ERR_ZENO, "hit");
    expect_failure(context, OG_ERR_ZENO, OG_ERR_ZENO, inelastic ? "t = 1." : "t = 4.");
    og_solve_destroy(solve);
    og_field_destroy(field);
    og_context_destroy(context);
  }
}

static void too_many(void **state) {
  (void)state;
  og_context *context = new_context();
  og_field *field = ball_field(context, OG_DIRECTION_ANY);
  og_options *options = new_options(context, OG_METHOD_TSIT5, 1e-6, 1e-6);
  og_solve *solve = NULL;
  CHECK(context, og_options_set_integer(options, OG_OPT_MAX_EVENTS, 2));
  CHECK(context, og_solve_create(context, field, options, 1, &solve));
  CHECK(context, og_solve_set_span(solve, 0, 0, 6));
  CHECK(context, og_solve_set_initial_state(solve, 0, (double[]){10, 0}));
  CHECK(context, og_solve_set_parameters(solve, 0, ball_theta));
  expect_failure(context, og_solve_run(solve), OG_ERR_ZENO, "max-events");
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_field_destroy(field);
  og_context_destroy(context);
}

/* The ball's highest point touches the guard h = top exactly: it happens, and has no derivative. */
static void grazing(void **state) {
  (void)state;
  og_context *context = new_context();
  og_field *field = NULL;
  og_solve *solve = NULL;
  size_t count = 0;
  double x0_bar[2] = {1, 2}, theta_bar[3] = {3, 4, 5};
  og_event_functions functions = {OG_INIT(og_event_functions), .guard = top_guard,
                                  .guard_vjp = top_guard_vjp};
  CHECK(context, og_field_create(context, 2, 3, ball_rhs, NULL, &field));
  CHECK(context, og_field_set_vjp(field, ball_vjp));
  CHECK(context, og_field_set_jvp(field, ball_jvp));
  CHECK(context, og_field_set_events(field, 1, &(og_event){OG_INIT(og_event), "top", OG_DIRECTION_ANY, 0},
                                     &functions));
  CHECK(context, og_solve_create(context, field, NULL, 1, &solve));
  CHECK(context, og_solve_set_span(solve, 0, 0, 3));
  CHECK(context, og_solve_set_initial_state(solve, 0, (double[]){0, 8}));
  CHECK(context, og_solve_set_parameters(solve, 0, (double[]){8, 0, 4})); /* 8^2 / (2 8) = 4 */
  CHECK(context, og_solve_run(solve));
  CHECK(context, og_solve_events(solve, 0, &count));
  assert_true(count > 0);
  expect_failure(context,
                 og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                .final_bar = (double[]){1, 1},
                                                                .x0_bar = x0_bar, .theta_bar = theta_bar}),
                 OG_ERR_GRAZING, "top");
  assert_true(x0_bar[0] == 1 && theta_bar[2] == 5); /* nothing was written */
  double final_dot[2];
  expect_failure(
      context,
      og_solve_pushforward(solve, &(og_pushforward_arrays){OG_INIT(og_pushforward_arrays), .x0_dot = x0_bar,
                                                           .final_dot = final_dot}),
      OG_ERR_GRAZING, "top");
  og_solve_destroy(solve);
  og_field_destroy(field);
  og_context_destroy(context);
}

/* ---- Callbacks that fail: named, with the event ---- */

static int refusing_jump(size_t event, double t, const double *x, const double *p, double *after,
                         void *user) {
  (void)event, (void)t, (void)x, (void)p, (void)after, (void)user;
  return 1;
}
static int nan_jump(size_t event, double t, const double *x, const double *p, double *after, void *user) {
  (void)event, (void)t, (void)x, (void)p, (void)user;
  after[1] = NAN;
  return 0;
}
static int root_guard(double t, const double *x, const double *p, double *g, void *user) {
  (void)t, (void)p, (void)user;
  g[0] = sqrt(0.5 - x[0]); /* NaN beyond its zero */
  return 0;
}
static int refusing_guard(double t, const double *x, const double *p, double *g, void *user) {
  (void)x, (void)p, (void)user;
  g[0] = 1;
  return t > 0.5;
}
static void failing_callbacks(void **state) {
  (void)state;
  static const struct {
    line_test test;
    og_status status;
  } cases[] = {{{relay_guard, refusing_jump}, OG_ERR_FIELD},
               {{relay_guard, nan_jump}, OG_ERR_NOT_FINITE},
               {{root_guard, NULL}, OG_ERR_NOT_FINITE},
               {{refusing_guard, NULL}, OG_ERR_FIELD}};
  for (int i = 0; i < 4; i++) {
    og_context *context = new_context();
    og_event event = {OG_INIT(og_event), "named", OG_DIRECTION_ANY, 0};
    line_result r;
    expect_failure(context, line_run(context, cases[i].test, 1, &event, 0, 2, 0, &r), cases[i].status,
                   "named");
    og_context_destroy(context);
  }
}

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
      cmocka_unit_test(closed_form),
      cmocka_unit_test(adjoint_identity),
      cmocka_unit_test(replayed_differences),
      cmocka_unit_test(order_in_one_step),
      cmocka_unit_test(simultaneous),
      cmocka_unit_test(directions),
      cmocka_unit_test(dips_between_samples),
      cmocka_unit_test(at_the_ends),
      cmocka_unit_test(relay),
      cmocka_unit_test(zeno),
      cmocka_unit_test(too_many),
      cmocka_unit_test(grazing),
      cmocka_unit_test(failing_callbacks),
      cmocka_unit_test(terminal),
      cmocka_unit_test(steady_state),
      cmocka_unit_test(same_bits),
      cmocka_unit_test(single_precision),
      cmocka_unit_test(continuous),
      cmocka_unit_test(two_balls),
      cmocka_unit_test(replay_of_many),
      cmocka_unit_test(random_balls),
      cmocka_unit_test(none_missed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
