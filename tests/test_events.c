/* Events: located on the interpolant, in order, with the state's jump; their times and all that follows
 * differentiated. The truth is a closed form, or replayed differences. */
#include "event_runs.h"

/* ---- The bouncing ball ---- */

/* Dropped from height 10 until t1 = 6, with the interpolant exact for parabolas: times to rounding. */
static void closed_form(void **state) {
  (void)state;
  static const double issue[HITS] = {1.4142135623730951, 3.676955262170047, 5.487148622007609};
  for (int direction = OG_DIRECTION_ANY; direction <= OG_DIRECTION_FALLING; direction += 2)
    for (int method = OG_METHOD_BS32; method < EXPLICIT_METHODS; method++) {
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
  for (int method = 0; method < EXPLICIT_METHODS; method++)
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
  for (int method = 0; method < EXPLICIT_METHODS; method++)
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
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
