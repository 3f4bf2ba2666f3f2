/* Guards that are zero for a while or when the trajectory begins, and several that are zero at once. The
 * truths are closed forms. */
#include "event_models.h"

static const og_adjoint kinds[] = {OG_ADJOINT_DISCRETE, OG_ADJOINT_FORWARD, OG_ADJOINT_BACKSOLVE,
                                   OG_ADJOINT_INTERPOLATE, OG_ADJOINT_QUADRATURE};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* Cotangents of the final state and of the running cost (0: there is none); what comes back of theta and of
 * t0 and t1.
 */
typedef struct pulled {
  double theta[4], t0, t1;
} pulled;

static pulled pull(const char *text, const model_case *c, og_adjoint kind, const double *final_bar,
                   double cost_bar, double steady) {
  og_context *context = new_context();
  og_model *model = parse(context, text);
  og_options *options = case_options(context, c);
  double x0_bar[MODEL_STATES] = {0};
  pulled out = {{0}, 0, 0};
  CHECK(context, og_options_set_choice(options, OG_OPT_ADJOINT, (int)kind));
  if (steady > 0) CHECK(context, og_options_set_real(options, OG_OPT_STEADY, steady));
  og_solve *solve = case_solve(context, model, c, options, 1);
  CHECK(context, og_solve_run(solve));
  int times = steady == 0; /* else their derivatives are zero, which no estimate is good enough for */
  CHECK(context,
        og_solve_pullback(solve, &(og_pullback_arrays){
                                     OG_INIT(og_pullback_arrays), .final_bar = final_bar,
                                     .cost_bar = cost_bar != 0 ? &cost_bar : NULL,
                                     .x0_bar = times ? x0_bar : NULL, .theta_bar = out.theta,
                                     .t0_bar = times ? &out.t0 : NULL, .t1_bar = times ? &out.t1 : NULL}));
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_model_destroy(model);
  og_context_destroy(context);
  return out;
}

/* ---- After its own event a guard stays at zero ---- */

/* A point that falls to c and stays there: by a switch, set there, on a slope of rounding, or moved on later
 * (the last one in equal steps of low order: an interpolant over a kink may rise before it falls). x is c at
 * t = 1 - c, and at the end c, or 1 + c where it has been lifted at t = 2. */
static const struct {
  const char *rest;
  double lifted;
} walls[] = {
    {"x' = -on\non' = 0\nevent z when x - c = 0 falling { on = 0; n = n + 1 }\n", 0},
    {"x' = -on\non' = 0\nevent z when x - c = 0 falling { x = c; on = 0; n = n + 1 }\n", 0},
    {"x' = -on\non' = 0\nevent z when 1e6*(c - x) = 0 rising { on = 0; n = n + 1 }\n", 0},
    {"x' = -on\non' = 0\nevent z when (x - c)^3 = 0 any { x = c; on = 0; n = n + 1 }\n", 0},
    {"x' = -on + (0.1 + 0.2) - 0.3\non' = 0\nevent z when x - c = 0 falling { x = c; on = 0; n = n + 1 }\n",
     0},
    {"x' = -on\non' = 0\nevent z when x - c = 0 falling { on = 0; n = n + 1 }\n"
     "event up when t - 2 = 0 rising { x = x + 1 }\n",
     1},
    {"x' = -on\non' = 0\nevent z when x - c = 0 falling { on = 0; n = n + 1 }\n"
     "event up when t - 2 = 0 rising { on = -1 }\n",
     1},
    /* it goes on downward after a rest: its event has happened */
    {"x' = -on - max(t - 2, 0)\non' = 0\nevent z when x - c = 0 falling { x = c; on = 0; n = n + 1 }\n",
     -0.5},
};

static void absorbing_walls(void **state) {
  (void)state;
  for (size_t w = 0; w < sizeof walls / sizeof *walls; w++)
    for (int method = 0; method < EXPLICIT_METHODS; method++)
      for (int m = 0; m < 6; m++) {
        int fixed = method == OG_METHOD_EULER || method == OG_METHOD_RK4 || walls[w].lifted < 0,
            single = m % 2;
        if (walls[w].lifted < 0 && method == OG_METHOD_DOP853) continue;
        og_context *context = new_context();
        double theta[1] = {0.1 + 0.13 * m};
        char text[500];
        model_result r;
        model_case c = {.method = (og_method)method,
                        .precision = single ? OG_PRECISION_SINGLE : OG_PRECISION_DOUBLE,
                        .steps = fixed ? 300 : 0,
                        .rtol = 1e-6,
                        .t1 = 3,
                        .theta = theta};
        snprintf(text, sizeof text, "param c = 0.5\ninit x = 1, on = 1, n = 0\nn' = 0\n%s", walls[w].rest);
        CHECK(context, model_run(context, text, &c, &r));
        assert_int_equal(r.event[0], 0);
        assert_near(r.t[0], 1 - theta[0], single ? 1e-6 : 1e-12, "time at wall", w);
        if (r.final[2] != 1)
          fail_msg("wall %zu was reached %g times by method %d, case %d", w, r.final[2], method, m);
        /* Euler's error in max(t - 2, 0) is h / 2 */
        double tolerance = method == OG_METHOD_EULER ? 6e-3 : single ? 1e-5 : 1e-6;
        assert_near(r.final[0], theta[0] + walls[w].lifted, tolerance, "x at wall", w);
        og_context_destroy(context);
      }
}

/* x(1) = c, whose derivative is 1, and the integral of x = 1 - a t down to its zero at 1/a is 1/(2 a). */
static void derivatives_at_walls(void **state) {
  (void)state;
  for (int k = 0; k < KINDS; k++) {
    static const char tie[] = "param c = 0.5\ninit x = 1, on = 1\nx' = -on\non' = 0\n"
                              "event z when x - c = 0 falling { on = 0 }\n";
    static const char clamp[] = "param a = 2\ninit x = 1, on = 1\nx' = -a*on\non' = 0\n"
                                "event z when x = 0 falling { x = 0; on = 0 }\ncost integral = x\n";
    model_case c = {.rtol = 1e-8, .t1 = 1};
    assert_near(pull(tie, &c, kinds[k], (double[]){1, 0}, 0, 0).theta[0], 1, 1e-7, "dx/dc", (size_t)k);
    assert_near(pull(clamp, &c, kinds[k], (double[]){0, 0}, 1, 0).theta[0], -0.125, 1e-7, "dI/da", (size_t)k);
  }
}

/* Torricelli's tank, h = (1 - k t/2)^2 until it is empty at 2/k, whose slope is not defined below zero and
 * infinite there. The integral of h is 2/(3 k). In the first it stays empty by itself, a little below zero;
 * in the others at exactly zero. */
static void empty_tanks(void **state) {
  (void)state;
  static const char *const events[] = {
      "h' = -k*sqrt(max(h, 0))\n",
      "h' = -k*sqrt(max(0, h))\nevent empty when h = 0 falling { n = n + 1 }\n",
      "h' = -k*sqrt(max(h, 0))\nevent empty when h = 0 falling { h = 0; n = n + 1 }\n",
      "h' = -(1 - n)*k*sqrt(max(h, 0))\nevent empty when h = 0 falling { h = 0; n = n + 1 }\n",
  };
  for (int m = 0; m < 4; m++)
    for (int forward = 0; forward < 2; forward++) {
      char text[300];
      model_case c = {.rtol = 1e-8, .t1 = 5, .theta = (double[]){1.25}};
      snprintf(text, sizeof text, "param k = 1\ninit h = 1, n = 0\nn' = 0\n%scost integral = h\n", events[m]);
      pulled p = pull(text, &c, forward ? OG_ADJOINT_FORWARD : OG_ADJOINT_DISCRETE, (double[]){0, 0}, 1, 0);
      assert_near(p.theta[0], -2 / (3 * 1.25 * 1.25), 1e-5, "dI/dk", (size_t)m);
      if (m == 0) continue;
      og_context *context = new_context();
      model_result r;
      CHECK(context, model_run(context, text, &c, &r));
      assert_int_equal(r.count, 1);
      assert_near(r.t[0], 2 / 1.25, 1e-3, "empty", (size_t)m); /* sqrt(atol) */
      assert_near(r.final[0], 0, 1e-6, "h", (size_t)m);
      og_context_destroy(context);
    }
}

/* ---- Inputs that are exactly zero ---- */

/* A value a unit of time, and the times at which events are due: reached from a side; or left to the side of
 * the event's direction after a rest that began without it. */
enum { MOST = 8 };
static const struct {
  og_signal kind;
  og_direction direction;
  size_t count, events;
  double u[MOST], t[4];
} signals[] = {
    {OG_SIGNAL_HOLD, OG_DIRECTION_FALLING, 3, 1, {1, 0, 0}, {1}},
    {OG_SIGNAL_HOLD, OG_DIRECTION_ANY, 3, 1, {1, 0, 0}, {1}},
    {OG_SIGNAL_HOLD, OG_DIRECTION_RISING, 3, 0, {1, 0, 0}, {0}},
    {OG_SIGNAL_HOLD, OG_DIRECTION_FALLING, 6, 2, {1, 0, 1, 1, 0, 1}, {1, 4}},
    {OG_SIGNAL_HOLD, OG_DIRECTION_ANY, 6, 2, {1, 0, 1, 1, 0, 1}, {1, 4}},
    {OG_SIGNAL_HOLD, OG_DIRECTION_RISING, 6, 1, {1, 0, 1, 1, 0, 1}, {2}},
    {OG_SIGNAL_HOLD, OG_DIRECTION_RISING, 4, 1, {0, 0, 1, 1}, {2}},
    {OG_SIGNAL_HOLD, OG_DIRECTION_FALLING, 4, 0, {0, 0, 1, 1}, {0}},
    {OG_SIGNAL_HOLD, OG_DIRECTION_ANY, 4, 0, {0, 0, 1, 1}, {0}},
    {OG_SIGNAL_HOLD, OG_DIRECTION_FALLING, 4, 1, {1, 0, -1, -1}, {1}},
    {OG_SIGNAL_HOLD, OG_DIRECTION_FALLING, 4, 1, {0, 0, -1, -1}, {2}},
    {OG_SIGNAL_HOLD, OG_DIRECTION_RISING, 8, 1, {1, 0, 0, -1, 0, 0, 1, 1}, {4}},
    {OG_SIGNAL_HOLD, OG_DIRECTION_FALLING, 8, 1, {1, 0, 0, -1, 0, 0, 1, 1}, {1}},
    {OG_SIGNAL_HOLD, OG_DIRECTION_ANY, 8, 2, {1, 0, 0, -1, 0, 0, 1, 1}, {1, 4}},
    {OG_SIGNAL_LINEAR, OG_DIRECTION_FALLING, 3, 1, {1, 0, 0}, {1}},
    {OG_SIGNAL_LINEAR, OG_DIRECTION_FALLING, 5, 2, {1, 0, 1, 0, 1}, {1, 3}},
    {OG_SIGNAL_LINEAR, OG_DIRECTION_ANY, 5, 2, {1, 0, 1, 0, 1}, {1, 3}},
    {OG_SIGNAL_LINEAR, OG_DIRECTION_RISING, 5, 0, {1, 0, 1, 0, 1}, {0}},
    {OG_SIGNAL_LINEAR, OG_DIRECTION_RISING, 4, 1, {0, 0, 1, 1}, {1}},
    {OG_SIGNAL_LINEAR, OG_DIRECTION_RISING, 4, 1, {0, 1, 0, 0}, {0}},
    {OG_SIGNAL_LINEAR, OG_DIRECTION_FALLING, 4, 1, {0, 0, -1, -1}, {1}},
    {OG_SIGNAL_LINEAR, OG_DIRECTION_RISING, 8, 1, {1, 0, 0, -1, 0, 0, 1, 1}, {4}},
    {OG_SIGNAL_LINEAR, OG_DIRECTION_FALLING, 8, 1, {1, 0, 0, -1, 0, 0, 1, 1}, {1}},
    {OG_SIGNAL_LINEAR, OG_DIRECTION_ANY, 8, 2, {1, 0, 0, -1, 0, 0, 1, 1}, {1, 4}},
};

static const char *const words[] = {
    [OG_DIRECTION_RISING] = "rising", [OG_DIRECTION_FALLING] = "falling", [OG_DIRECTION_ANY] = "any"};

/* With a state of its own speed, or nothing that moves; a guard of another scale. Steps are as long as the
 * segments allow: the one that is left of a segment by an event an ulp before its end is not the size of
 * those that follow. */
static void expect_signal(size_t s, int method, double scale) {
  og_context *context = new_context();
  char text[300];
  double times[MOST];
  model_result r;
  snprintf(text, sizeof text,
           "input u %s\ninit n = 0, x = 1\nn' = 0\nx' = -x\nevent e when %g*u = 0 %s { n = n + 1 }\n",
           signals[s].kind == OG_SIGNAL_HOLD ? "hold" : "linear", scale, words[signals[s].direction]);
  og_model *model = parse(context, text);
  model_case c = {.method = (og_method)method, .t1 = (double)signals[s].count - 1};
  og_options *options = case_options(context, &c);
  og_solve *solve = case_solve(context, model, &c, options, 1);
  for (size_t i = 0; i < signals[s].count; i++) times[i] = (double)i;
  CHECK(context,
        og_solve_set_input(solve, OG_ALL, 0, signals[s].kind, signals[s].count, times, signals[s].u));
  CHECK(context, og_solve_run(solve));
  case_result(context, solve, &r);
  if (r.count != signals[s].events)
    fail_msg("signal %zu: %zu events, not %zu", s, r.count, signals[s].events);
  for (size_t k = 0; k < r.count; k++) assert_near(r.t[k], signals[s].t[k], 1e-14, "event", k);
  assert_true(r.steps < 200);
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_model_destroy(model);
  og_context_destroy(context);
}

static void inputs_at_zero(void **state) {
  (void)state;
  for (size_t s = 0; s < sizeof signals / sizeof *signals; s++)
    for (int method = OG_METHOD_BS32; method < EXPLICIT_METHODS; method++) {
      expect_signal(s, method, 1);
      expect_signal(s, method, 1e-9);
    }
}

/* ---- When the trajectory begins ---- */

/* A guard that is zero there, exactly or up to rounding, and goes up from it. x' = 1 behind the event: x(t1)
 * = t1 - T where it happens, in its direction, at T = t0; else 0. */
static const struct {
  const char *guard;
  double t0;
  int rises;
} starts[] = {
    {"t - start", 0, 1},     {"t - start", 24.3, 1},    {"t - (start - 24.3) - 24.3", 24.47, 1},
    {"(t - start)^3", 0, 1}, {"sin(t - start)", 7, 1},  {"exp(t) - exp(start)", 3, 1},
    {"y - 0.3", 0, 1},       {"1e-12*(y - 0.3)", 0, 1}, {"y - (0.1 + 0.2)", 0, 1},
    {"start - t", 24.3, 0},  {"0.3 - y", 0, 0},
};

static void expect_start(size_t k, og_direction direction, int method, int single, int backward) {
  og_context *context = new_context();
  char text[400];
  double t0 = starts[k].t0, theta[1] = {t0};
  int happens = direction == (starts[k].rises != backward ? OG_DIRECTION_RISING : OG_DIRECTION_FALLING);
  model_result r;
  model_case c = {.method = (og_method)method,
                  .precision = single ? OG_PRECISION_SINGLE : OG_PRECISION_DOUBLE,
                  .steps = method == OG_METHOD_EULER || method == OG_METHOD_RK4 ? 50 : 0,
                  .t0 = t0,
                  .t1 = backward ? t0 - 0.5 : t0 + 0.5,
                  .theta = theta};
  snprintf(text, sizeof text,
           "param start = 0\ninit x = 0, on = 0, y = 0.3\nx' = on\non' = 0\ny' = 1\n"
           "event switch when %s = 0 %s { on = 1 }\n",
           starts[k].guard, words[direction]);
  CHECK(context, model_run(context, text, &c, &r));
  if (r.count != (size_t)happens)
    fail_msg("%zu events of %s %s, method %d, single %d, backward %d, t0 %g, at %g", r.count, starts[k].guard,
             words[direction], method, single, backward, t0, r.t[0]);
  if (happens) assert_near(r.t[0], t0, 1e-14, "switch", 0);
  assert_near(r.final[0], happens ? c.t1 - t0 : 0, single ? 1e-6 : 1e-12, "x", k);
  og_context_destroy(context);
}

static void due_at_the_start(void **state) {
  (void)state;
  for (size_t k = 0; k < sizeof starts / sizeof *starts; k++)
    for (int method = 0; method < EXPLICIT_METHODS; method++)
      for (int m = 0; m < 12; m++) expect_start(k, (og_direction)(m / 4), method, m % 2, m / 2 % 2);
}

/* One-sided derivatives at start = t0 = 0, those of start > t0, where the event happens: x(t1) = dose (t1 -
 * start), so that dx/ddose = 2, dx/dstart = -1, dx/dt0 = 0 and dx/dt1 = 1. With a guard of the state, y = 0.3
 * + v (t - t0) at c, T = t0 + (c - 0.3)/v: dx/dc = -1/v, dx/dv = 0 at c = 0.3, and dx/dt0 = -1. */
static void derivatives_at_the_start(void **state) {
  (void)state;
  for (int k = 0; k < KINDS; k++) {
    static const char by_time[] = "param dose = 1, start = 0\ninit x = 0, on = 0\nx' = dose*on\non' = 0\n"
                                  "event switch when t - start = 0 rising { on = 1 }\n";
    static const char by_state[] =
        "param c = 0.3, v = 2\ninit x = 0, on = 0, y = 0.3\nx' = on\non' = 0\ny' = v\n"
        "event switch when y - c = 0 rising { on = 1 }\n";
    static const double want_time[] = {2, -1, 0, 1}, want_state[] = {-0.5, 0, -1, 1};
    model_case c = {.rtol = 1e-9, .t1 = 2};
    pulled a = pull(by_time, &c, kinds[k], (double[]){1, 0}, 0, 0);
    pulled b = pull(by_state, &c, kinds[k], (double[]){1, 0, 0}, 0, 0);
    const double got_time[] = {a.theta[0], a.theta[1], a.t0, a.t1},
                 got_state[] = {b.theta[0], b.theta[1], b.t0, b.t1};
    for (size_t i = 0; i < 4; i++) {
      assert_near(got_time[i], want_time[i], 1e-12, "by time", i);
      assert_near(got_state[i], want_state[i], 1e-12, "by state", i);
    }
  }
}

/* A guard without a slope at t0 has its event there, and no derivative, unless nothing moves it: x = dose (t1
 * - t0). */
static void no_derivative_at_the_start(void **state) {
  (void)state;
  static const char *const guards[] = {"(t - s)^2", "1e9*(t - s)^3", "(s - t)^4", "t^2"};
  for (int k = 0; k < KINDS; k++)
    for (int g = 0; g < 4; g++) {
      char text[200];
      model_case c = {.rtol = 1e-9, .t1 = 2};
      double theta_bar[2] = {0};
      og_context *context = new_context();
      snprintf(text, sizeof text,
               "param dose = 1, s = 0\ninit x = 0, on = 0\nx' = dose*on\non' = 0\n"
               "event e when %s = 0 rising { on = 1 }\n",
               guards[g]);
      og_model *model = parse(context, text);
      og_options *options = case_options(context, &c);
      CHECK(context, og_options_set_choice(options, OG_OPT_ADJOINT, (int)kinds[k]));
      og_solve *solve = case_solve(context, model, &c, options, 1);
      CHECK(context, og_solve_run(solve));
      og_status status = og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                        .final_bar = (double[]){1, 0},
                                                                        .theta_bar = theta_bar});
      if (status != (g < 3 ? OG_ERR_GRAZING : OG_OK))
        fail_msg("guard %s, adjoint %d: status %d", guards[g], (int)kinds[k], (int)status);
      if (g == 3) assert_near(theta_bar[0], 2, 1e-7, "dx/ddose", (size_t)k);
      og_solve_destroy(solve);
      og_options_destroy(options);
      og_model_destroy(model);
      og_context_destroy(context);
    }
}

/* One that is due later is not taken for one at t0, however coarse single precision is there: 10 units in the
 * last place of t0 and the parameter. */
static void due_later(void **state) {
  (void)state;
  static const char text[] = "param s = 0\ninit x = 0\nx' = 1\nevent e when t - s = 0 rising { stop }\n";
  for (int single = 0; single < 2; single++)
    for (double t0 = 1; t0 < 1e9; t0 *= 8) {
      og_context *context = new_context();
      model_result r;
      double later = 10 * t0 * (single ? 0x1p-23 : 0x1p-45), theta[1] = {t0 + later};
      model_case c = {.precision = single ? OG_PRECISION_SINGLE : OG_PRECISION_DOUBLE,
                      .t0 = t0,
                      .t1 = t0 + 10 * later,
                      .theta = theta};
      CHECK(context, model_run(context, text, &c, &r));
      assert_int_equal(r.count, 1);
      assert_true(fabs(r.t[0] - theta[0]) <= 0.1 * later);
      og_context_destroy(context);
    }
}

/* All that are due there happen, in the order of declaration; a terminal one ends the trajectory. A ball that
 * begins on the floor, thrown upward, does not hit it. At rest it hits it, again and again. */
static void several_at_the_start(void **state) {
  (void)state;
  og_context *context = new_context();
  model_result r;
  static const char three[] = "init n = 0\nn' = 0\nevent a when t = 0 rising { n = 10*n + 1 }\n"
                              "event b when sin(t) = 0 rising { n = 10*n + 2 }\n"
                              "event down when -t = 0 rising { n = 10*n + 3 }\n"
                              "event c when exp(t) - 1 = 0 rising { n = 10*n + 4 }\n";
  static const char ends[] = "init n = 0\nn' = 1\nevent a when t = 0 rising { n = 5; stop }\n";
  static const char ball[] = "param v0 = 3\ninit h = 0, v = v0\nh' = v\nv' = -10\n"
                             "event hit when h = 0 falling { v = -0.5*v }\n";
  CHECK(context, model_run(context, three, &(model_case){.t1 = 1}, &r));
  assert_true(r.count == 3 && r.final[0] == 124);
  CHECK(context, model_run(context, ends, &(model_case){.t1 = 1}, &r));
  assert_true(r.count == 1 && r.final[0] == 5);
  CHECK(context, model_run(context, ball, &(model_case){.t1 = 0.7}, &r));
  assert_int_equal(r.count, 1);
  assert_near(r.t[0], 0.6, 1e-9, "hit", 0);
  assert_int_equal(model_run(context, ball, &(model_case){.t1 = 0.7, .theta = (double[]){0}}, &r),
                   OG_ERR_ZENO);
  og_context_destroy(context);
}

/* ---- Several at once ---- */

/* Balls that are let go together hit the floor together, each in an event of its own that sets h and v, which
 * stand side by side in the state; none falls through. From 10 above it with 0.8 of the speed: 10 hits until
 * 8 T. */
static void balls_together(void **state) {
  (void)state;
  static const char *const sets[] = {"h%d = 0; v%d = -e*v%d", "v%d = -e*v%d", "v%d = -e*v%d; h%d = 0"};
  for (int form = 0; form < 3; form++)
    for (int balls = 1; balls <= 4; balls++)
      for (int method = OG_METHOD_BS32; method < EXPLICIT_METHODS; method++) {
        og_context *context = new_context();
        char text[900] = "param e = 0.8\n", jump[60];
        double T = sqrt(20 / 9.8);
        model_result r;
        for (int b = 0; b < balls; b++) {
          char *end = text + strlen(text);
          snprintf(jump, sizeof jump, sets[form], b, b, b, b);
          snprintf(
              end, sizeof text - (size_t)(end - text),
              "init h%d = 10, v%d = 0\nh%d' = v%d\nv%d' = -9.8\nevent hit%d when h%d = 0 falling { %s }\n", b,
              b, b, b, b, b, b, jump);
        }
        model_case c = {.method = (og_method)method, .t1 = 8 * T};
        CHECK(context, model_run(context, text, &c, &r));
        assert_int_equal(r.count, 10 * balls);
        double t = T;
        for (int k = 0; k < 10; k++, t += 2 * T * pow(0.8, k))
          for (int b = 0; b < balls; b++)
            assert_near(r.t[k * balls + b], t, 1e-9, "hit", (size_t)(k * balls + b));
        for (int b = 0; b < balls; b++) assert_true(r.final[2 * b] > 0);
        og_context_destroy(context);
      }
}

/* Assignments read the state before the event, in any order, of states next to each other or not. */
static void assignments(void **state) {
  (void)state;
  static const struct {
    const char *sets;
    double after[4];
  } cases[] = {
      {"a = 10*b; b = 10*c; c = 10*d; d = 10*a", {20, 30, 40, 10}},
      {"d = a; c = b; b = c; a = d", {4, 3, 2, 1}},
      {"a = 7; b = 8", {7, 8, 3, 4}},
      {"b = 8; a = 7", {7, 8, 3, 4}},
      {"b = 8; c = 9", {1, 8, 9, 4}},
      {"c = 9; d = 6", {1, 2, 9, 6}},
      {"a = 7; c = 9", {7, 2, 9, 4}},
      {"a = 7; d = a", {7, 2, 3, 1}},
      {"b = 8; d = 6; c = b", {1, 8, 2, 6}},
      {"d = 5", {1, 2, 3, 5}},
  };
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    og_context *context = new_context();
    char text[300];
    model_result r;
    snprintf(text, sizeof text,
             "init a = 1, b = 2, c = 3, d = 4\na' = 0\nb' = 0\nc' = 0\nd' = 0\nevent e when t - 1 = 0 rising "
             "{ %s }\n",
             cases[k].sets);
    CHECK(context, model_run(context, text, &(model_case){.t1 = 2}, &r));
    for (int i = 0; i < 4; i++)
      if (r.final[i] != cases[k].after[i]) fail_msg("%s: entry %d is %g", cases[k].sets, i, r.final[i]);
    og_context_destroy(context);
  }
}

/* ---- A steady solve with a running cost ---- */

/* x' = a - r x from X is f exp(-r t) with f = a - r X, which is the tolerance at T = ln(f/tol)/r; then x = (a
 * - tol)/r, and the integral of x up to there is (a T - x + X)/r. */
static void steady_cost(void **state) {
  (void)state;
  static const char text[] = "param a = 1, r = 0.5, X = 0.2\ninit x = X\nx' = a - r*x\ncost integral = x\n";
  double a = 1.3, r = 0.5, X = 0.2, tolerance = 1e-3, theta[3] = {a, r, X};
  double f = a - r * X, T = log(f / tolerance) / r, x1 = (a - tolerance) / r, I = (a * T - x1 + X) / r;
  double T_a = 1 / (r * f), T_r = -T / r - X / (r * f);
  model_case c = {.rtol = 1e-7, .t1 = 1000, .theta = theta};
  for (int k = 0; k < KINDS; k++) {
    if (kinds[k] == OG_ADJOINT_BACKSOLVE) continue; /* exp(r T) = 1000 is too much to go back by */
    pulled p = pull(text, &c, kinds[k], (double[]){0}, 1, tolerance);
    assert_near(p.theta[0], (T + a * T_a - 1 / r) / r, 1e-4, "dI/da", (size_t)k);
    assert_near(p.theta[1], (a * T_r + x1 / r - I) / r, 1e-4, "dI/dr", (size_t)k);
  }
  og_context *context = new_context();
  og_model *model = parse(context, text);
  og_options *options = case_options(context, &c);
  double cost = 0, x = 0;
  og_occurrence at = {OG_INIT(og_occurrence)};
  CHECK(context, og_options_set_real(options, OG_OPT_STEADY, tolerance));
  og_solve *solve = case_solve(context, model, &c, options, 1);
  CHECK(context, og_solve_run(solve));
  CHECK(context, og_solve_cost(solve, 0, &cost));
  CHECK(context, og_solve_final(solve, 0, &x));
  CHECK(context, og_solve_event(solve, 0, 0, &at));
  /* an error of x is one of T by the factor 1/tolerance */
  assert_near(cost, I, 1e-3, "integral", 0);
  assert_near(x, x1, 1e-5, "x", 0);
  assert_near(at.t, T, 1e-3, "end", 0);
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_model_destroy(model);
  og_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(absorbing_walls),
      cmocka_unit_test(derivatives_at_walls),
      cmocka_unit_test(empty_tanks),
      cmocka_unit_test(inputs_at_zero),
      cmocka_unit_test(due_at_the_start),
      cmocka_unit_test(derivatives_at_the_start),
      cmocka_unit_test(no_derivative_at_the_start),
      cmocka_unit_test(due_later),
      cmocka_unit_test(several_at_the_start),
      cmocka_unit_test(balls_together),
      cmocka_unit_test(assignments),
      cmocka_unit_test(steady_cost),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
