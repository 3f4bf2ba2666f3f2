/* Guards that change much faster than the solution: every event is found, or the solve is refused. The truths
 * are closed forms. */
#include "event_models.h"
#include "base/real.h"
#include "solve/events/piece.h"

static const double pi = 3.14159265358979323846;

/* ---- Samples of a piece ---- */

/* The strain of a + sin(2 pi (periods s + phase)) s^power in one piece. */
static double strain_of(double a, double periods, double phase, int power) {
  double g[OG_PIECE_POINTS];
  signed char far[OG_PIECE_POINTS] = {0};
  og_piece piece = {.low = 0, .high = 1, .g = g, .point = 1, .guard = OG_PIECE_POINTS, .far = far};
  og_piece_test test;
  og_piece_test_set(&test);
  for (int k = 0; k < OG_PIECE_POINTS; k++) {
    double s = og_piece_place(&piece, k);
    g[k] = a + sin(2 * pi * (periods * s + phase)) * pow(s, power);
  }
  return og_piece_strain(&test, &piece, 0, 0);
}

/* Polynomials of degree five leave rounding: some 10^2 units in the last place, against a thousandth. A sine
 * with 20 samples a period is resolved where it passes zero; one of 1.5 periods and more, up to where samples
 * are a hundred periods apart, is not, whatever its phase and its offset from zero. */
static void strain(void **state) {
  (void)state;
  for (int power = 0; power < 6; power++) assert_true(strain_of(-0.5, 0, 0.25, power) < 1e-9);
  for (int p = 0; p < 20; p++) assert_true(strain_of(0.5, 8 / 20.0, p / 20.0, 0) < 1);
  for (double periods = 1.5; periods < 800; periods += periods < 20 ? 0.0103 : 0.0517)
    for (int p = 0; p < 16; p++)
      for (int a = -2; a <= 2; a++)
        if (!(strain_of(0.49 * a, periods, p / 16.0, 0) > 1))
          fail_msg("%g periods from %g with offset %g look smooth", periods, p / 16.0, 0.49 * a);
  for (int periods = 2; periods < 20000; periods++)
    if (!(strain_of(0, periods, 0, 0) > 1)) fail_msg("%d periods look smooth", periods);
}

/* ---- The dose of every day ---- */

/* x' = -k x with a dose at t = 0, 24, ..., 984: sin is zero at 0, and leaves it there upward. */
static const char dosing[] = "param dose = 2, k = 0.001\n"
                             "init x = 1\n"
                             "x' = -k*x\n"
                             "event given when sin(2*pi*t/24) = 0 rising { x = x + dose }\n";
enum { DOSES = 42 };

static double level(double dose, double k) {
  double x = exp(-1000 * k);
  for (int i = 0; i < DOSES; i++) x += dose * exp(-k * (1000 - 24 * i));
  return x;
}

/* Every method, with steps of its own and with one for each event; doses within what rounding of 2 pi t / 24
 * leaves of 1000 hours. */
static void doses(void **state) {
  (void)state;
  for (int method = 0; method < EXPLICIT_METHODS; method++)
    for (int m = 0; m < 3; m++) {
      og_context *context = new_context();
      int fixed = method == OG_METHOD_EULER || method == OG_METHOD_RK4 || m == 2;
      model_case c = {.method = (og_method)method,
                      .precision = m == 1 ? OG_PRECISION_SINGLE : OG_PRECISION_DOUBLE,
                      .rtol = 1e-6,
                      .steps = fixed ? 1 : 0,
                      .t1 = 1000};
      model_result r;
      CHECK(context, model_run(context, dosing, &c, &r));
      assert_int_equal(r.count, DOSES);
      for (size_t k = 0; k < DOSES; k++) assert_near(r.t[k], 24.0 * (double)k, 1e-13, "dose", k);
      /* a part of the tolerance for each of some 50 steps; equal steps are not controlled */
      if (!fixed) assert_near(r.final[0], level(2, 0.001), 1e-5, "level", 0);
      og_context_destroy(context);
    }
}

/* dx/ddose is the sum of the exponentials and dx/dk by differentiation, for every kind of adjoint. */
static void derivatives_of_doses(void **state) {
  (void)state;
  for (int kind = OG_ADJOINT_DISCRETE; kind <= OG_ADJOINT_FORWARD; kind++) {
    og_context *context = new_context();
    og_model *model = parse(context, dosing);
    model_case c = {.rtol = 1e-9, .t1 = 1000};
    og_options *options = case_options(context, &c);
    double theta_bar[2] = {0}, truth[2] = {0, -1000 * exp(-1)};
    for (int i = 0; i < DOSES; i++) {
      double left = 1000 - 24 * i;
      truth[0] += exp(-0.001 * left), truth[1] -= 2 * left * exp(-0.001 * left);
    }
    CHECK(context, og_options_set_choice(options, OG_OPT_ADJOINT, kind));
    og_solve *solve = case_solve(context, model, &c, options, 1);
    CHECK(context, og_solve_run(solve));
    CHECK(context, og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                  .final_bar = (double[]){1},
                                                                  .theta_bar = theta_bar}));
    for (size_t i = 0; i < 2; i++) assert_near(theta_bar[i], truth[i], 1e-6, "dx/dtheta", i);
    og_solve_destroy(solve);
    og_options_destroy(options);
    og_model_destroy(model);
    og_context_destroy(context);
  }
}

/* ---- A fast function of a slow state ---- */

/* sin(ph) = 1/2 at pi/6 + 2 pi k upward and 5 pi/6 + 2 pi k downward: 160 and 159 up to 1000. Forward, and
 * backward from 1000 to 0, where a rise is seen as a fall. */
static void phase(void **state) {
  (void)state;
  static const char *directions[] = {"rising", "falling", "any"};
  for (int direction = 0; direction < 3; direction++)
    for (int backward = 0; backward < 2; backward++) {
      char text[300];
      og_context *context = new_context();
      model_result r;
      model_case c = {.t0 = backward ? 1000 : 0, .t1 = backward ? 0 : 1000};
      snprintf(text, sizeof text,
               "init ph = %g, n = 0\nph' = 1\nn' = 0\n"
               "event half when sin(ph) - 0.5 = 0 %s { n = n + 1 }\n",
               c.t0, directions[direction]);
      CHECK(context, model_run(context, text, &c, &r));
      int up = direction == 2 || (direction == 1) == backward, down = direction == 2 || !up;
      size_t seen = 0;
      for (int k = 0; k < 160; k++)
        for (int side = 0; side < 2; side++) {
          double t = pi / 6 + (side ? 2 * pi / 3 : 0) + 2 * pi * k;
          if (!(side ? down : up) || t > 1000) continue;
          assert_true(seen < r.count);
          /* each of up to 319 segments adds a unit in the last place of 1000, or some */
          double at = r.t[backward ? r.count - 1 - seen : seen];
          if (!(fabs(at - t) <= 1e-10)) fail_msg("event %zu at %.17g, not %.17g", seen, at, t);
          seen++;
        }
      assert_int_equal(r.count, seen);
      assert_true(seen == (size_t)(up * 160 + down * 159));
      assert_true(r.final[1] == (double)seen);
      og_context_destroy(context);
    }
}

/* ---- At random ---- */

typedef struct wave {
  int kind;
  double omega, phase, level;
} wave;

static int wave_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)x, (void)p, (void)user;
  f[0] = 1, f[1] = -0.001 * x[1], f[2] = 0;
  return 0;
}
/* Zero where the sine is at its level, in shapes that are easy and hard to sample. */
static int wave_guard(double t, const double *x, const double *p, double *g, void *user) {
  const wave *w = user;
  double v = sin(w->omega * (w->kind % 2 ? x[0] : t) + w->phase) - w->level;
  (void)p;
  switch (w->kind / 2) {
  case 0: g[0] = v; break;
  case 1: g[0] = 1e-9 * v * (2 + x[1]); break;
  case 2: g[0] = exp(3 * v) - 1; break;
  case 3: g[0] = v * v * v; break;
  case 4: g[0] = asin(fmax(-1, fmin(1, v + w->level))) - asin(w->level); break; /* kinks */
  default: g[0] = v > 0 ? 1 + v : v - 1;                                        /* jumps */
  }
  return 0;
}
static int wave_jump(size_t event, double t, const double *x, const double *p, double *after, void *user) {
  (void)event, (void)t, (void)p, (void)user;
  after[2] = x[2] + 1;
  return 0;
}

static og_solve *wave_solve(og_context *context, og_field **field, const og_options *options, const wave *w,
                            og_direction direction, double end) {
  og_event_functions functions = {OG_INIT(og_event_functions), .guard = wave_guard, .jump = wave_jump};
  og_solve *solve = NULL;
  CHECK(context, og_field_create(context, 3, 0, wave_rhs, (void *)(uintptr_t)w, field));
  CHECK(context,
        og_field_set_events(*field, 1, &(og_event){OG_INIT(og_event), "wave", direction, 0}, &functions));
  CHECK(context, og_solve_create(context, *field, options, 1, &solve));
  CHECK(context, og_solve_set_span(solve, 0, 0, end));
  CHECK(context, og_solve_set_initial_state(solve, 0, (double[]){0, 1, 0}));
  return solve;
}

/* The sine passes its level upward at (asin(level) - phase) / omega + whole periods, and downward. */
static void expect_waves(const og_context *context, const og_solve *solve, const wave *w,
                         og_direction direction, double end) {
  size_t count = 0, seen = 0;
  CHECK(context, og_solve_events(solve, 0, &count));
  for (int k = -2; k < w->omega * end / (2 * pi) + 2; k++)
    for (int side = 0; side < 2; side++) {
      double at = side ? pi - asin(w->level) : asin(w->level), t = (at - w->phase + 2 * pi * k) / w->omega;
      og_occurrence found = {OG_INIT(og_occurrence)};
      if (t <= 0 || t > end || direction == (side ? OG_DIRECTION_RISING : OG_DIRECTION_FALLING)) continue;
      if (seen >= count) fail_msg("kind %d: no event at %.17g", w->kind, t);
      CHECK(context, og_solve_event(solve, 0, seen, &found));
      /* a phase is rounded to some units of 1000 omega; in (x, x^3) that is what is left where v < 1e-16 */
      if (!(fabs(found.t - t) <= 1e-11 * end))
        fail_msg("kind %d: event %zu at %.17g, not %.17g", w->kind, seen, found.t, t);
      seen++;
    }
  if (seen != count) fail_msg("kind %d: %zu events, not %zu", w->kind, count, seen);
}

/* From a third of a period to 500 in the span, with all methods, in one to twenty equal steps or steps of
 * their own, of which most are as wide as the span. */
static void waves(void **state) {
  (void)state;
  uint64_t seed = 1;
  for (int m = 0; m < 720; m++) {
    og_context *context = new_context();
    og_field *field = NULL;
    int method = m % EXPLICIT_METHODS;
    double end = 1000 * pow(2, noise(&seed)), periods = pow(10, 1.1 + 1.6 * noise(&seed));
    wave w = {m % 12, 2 * pi * periods / end, pi * noise(&seed), 0.8 * noise(&seed)};
    int fixed = method == OG_METHOD_EULER || method == OG_METHOD_RK4 || m % 5 == 0;
    model_case c = {.method = (og_method)method, .steps = fixed ? 1 + m % 20 : 0};
    og_options *options = case_options(context, &c);
    og_direction direction = (og_direction)(m / 12 % 3);
    og_solve *solve = wave_solve(context, &field, options, &w, direction, end);
    CHECK(context, og_solve_run(solve));
    expect_waves(context, solve, &w, direction, end);
    og_solve_destroy(solve);
    og_options_destroy(options);
    og_field_destroy(field);
    og_context_destroy(context);
  }
}

/* Pairs of passages that are near each other: the sine is 10^-1 to 10^-9 beyond its level. */
static void near_pairs(void **state) {
  (void)state;
  for (int m = 0; m < 54; m++) {
    og_context *context = new_context();
    og_field *field = NULL;
    wave w = {m % 6, 2 * pi * (3 + 5 * (m / 6)) / 1000, 0.7, (m % 2 ? 1 : -1) * (1 - pow(10, -1 - m % 9))};
    og_solve *solve = wave_solve(context, &field, NULL, &w, OG_DIRECTION_ANY, 1000);
    CHECK(context, og_solve_run(solve));
    size_t count = 0;
    CHECK(context, og_solve_events(solve, 0, &count));
    assert_int_equal(count, 2 * (size_t)(3 + 5 * (m / 6)));
    og_solve_destroy(solve);
    og_field_destroy(field);
    og_context_destroy(context);
  }
}

/* ---- What it costs ---- */

static long calls;
static int counted_guard(double t, const double *x, const double *p, double *g, void *user) {
  (void)p;
  calls++;
  g[0] = *(const double *)user + x[0] + 0.1 * sin(t);
  return 0;
}
static int oscillator(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)p, (void)user;
  f[0] = x[1], f[1] = -x[0];
  return 0;
}

/* A guard that is far from zero is looked at in 11 places of each step, and at the start, there also for what
 * rounding makes of it, in four ways; one that passes it, at some 40 more for each event: the root, where
 * rounding leaves it, and the sides after it. */
static void costs(void **state) {
  (void)state;
  for (int near = 0; near < 2; near++) {
    og_context *context = new_context();
    og_field *field = NULL;
    og_solve *solve = NULL;
    double level = near ? 0.3 : 5;
    size_t steps = 0, events = 0;
    CHECK(context, og_field_create(context, 2, 0, oscillator, &level, &field));
    CHECK(context,
          og_field_set_events(field, 1, &(og_event){OG_INIT(og_event), "level", OG_DIRECTION_ANY, 0},
                              &(og_event_functions){OG_INIT(og_event_functions), .guard = counted_guard}));
    CHECK(context, og_solve_create(context, field, NULL, 1, &solve));
    CHECK(context, og_solve_set_span(solve, 0, 0, 100));
    CHECK(context, og_solve_set_initial_state(solve, 0, (double[]){1, 0}));
    calls = 0;
    CHECK(context, og_solve_run(solve));
    CHECK(context, og_solve_steps(solve, 0, &steps, NULL));
    CHECK(context, og_solve_events(solve, 0, &events));
    long looked = calls - OG_PIECE_POINTS * (long)steps;
    assert_true(near ? events > 25 : events == 0);
    if (near ? looked > 45 * (long)events : looked != 5)
      fail_msg("%ld calls for %zu steps and %zu events", calls, steps, events);
    og_solve_destroy(solve);
    og_field_destroy(field);
    og_context_destroy(context);
  }
}

/* ---- The test itself ---- */

static double power(double s, int k) { return k ? s * power(s, k - 1) : 1; }

/* Seven samples of a polynomial of degree five have no residual, and what one is off by counts once where
 * that is hardest to tell, and more elsewhere: near the middle least, of samples that are not close to an
 * end. */
static void weights_are_divided_differences(void **state) {
  (void)state;
  og_piece_test test;
  og_piece_test_set(&test);
  for (int i = 0; i < OG_PIECE_WINDOWS; i++) {
    double largest = 0, all = 0;
    for (int k = 0; k < OG_PIECE_WINDOW; k++) all += fabs(test.weight[i][k]);
    for (int degree = 0; degree <= 6; degree++) {
      double sum = 0;
      for (int k = 0; k < OG_PIECE_WINDOW; k++)
        sum += test.weight[i][k] * power(og_piece_places[i + k], degree);
      if (degree < 6)
        assert_true(fabs(sum) <= 1e-13 * all); /* rounding of seven terms */
      else
        assert_true(fabs(sum) > 1e-9); /* and of degree six there is one */
    }
    for (int k = 1; k + 1 < OG_PIECE_WINDOW; k++) {
      int point = i + k, at_end = point < 2 || point > OG_PIECE_LAST - 2;
      if (!at_end) largest = fmax(largest, fabs(test.weight[i][k]));
    }
    assert_true(fabs(largest - 1) <= 1e-15);
  }
}

/* What a guard's samples are, read without a shortcut: the largest residual of a window; on which side all
 * are, how near the nearest and how far from each other. */
typedef struct reading {
  double residual, distance, spread, strain;
} reading;

static reading read(const double g[OG_PIECE_POINTS], double noise) {
  og_piece_test test;
  reading r = {0};
  double low = INFINITY, high = -INFINITY;
  og_piece_test_set(&test);
  for (int i = 0; i < OG_PIECE_WINDOWS; i++) {
    double residual = 0, least = INFINITY, most = -INFINITY, size = 0;
    for (int k = 0; k < OG_PIECE_WINDOW; k++) {
      residual += test.weight[i][k] * g[i + k];
      least = fmin(least, g[i + k]), most = fmax(most, g[i + k]), size = fmax(size, fabs(g[i + k]));
    }
    double near = least > 0 ? least : most < 0 ? -most : 0;
    double allowed = fmax(fmax(1e-3 * size, near / 64), noise);
    r.residual = fmax(r.residual, fabs(residual));
    if (residual != 0) r.strain = fmax(r.strain, fabs(residual) / allowed);
    low = fmin(low, least), high = fmax(high, most);
  }
  r.distance = low > 0 ? low : high < 0 ? high : 0; /* signed */
  r.spread = high - low;
  return r;
}

/* Random samples, smooth ones, and such beside or across zero, in a block with others beside them. */
static void samples_are_read_as_they_are_defined(void **state) {
  (void)state;
  enum { COUNT = 3 * OG_LANE_STEP };
  og_piece_test test;
  og_piece_test_set(&test);
  uint64_t seed = 9;
  int sides[3] = {0};
  for (int trial = 0; trial < 300; trial++) {
    _Alignas(64) double block[OG_PIECE_POINTS * COUNT], own[OG_PIECE_POINTS];
    _Alignas(64) signed char far[COUNT];
    og_piece piece = {.low = 0, .high = 1, .g = block, .point = COUNT, .guard = 1, .far = far};
    for (int e = 0; e < COUNT; e++) {
      double away = 3 * noise(&seed), slope = noise(&seed), rough = exp2(-20 * fabs(noise(&seed)));
      for (int k = 0; k < OG_PIECE_POINTS; k++)
        block[k * COUNT + e] = away + slope * og_piece_places[k] + rough * noise(&seed);
    }
    og_piece_screen(&test, &piece, COUNT, far);
    for (int e = 0; e < COUNT; e++) {
      double blur = trial % 2 ? 0 : exp2(-8 * fabs(noise(&seed)));
      for (int k = 0; k < OG_PIECE_POINTS; k++) own[k] = og_piece_sample(&piece, (size_t)e, k);
      reading r = read(own, blur);
      double strain = og_piece_strain(&test, &piece, (size_t)e, blur);
      assert_true(fabs(strain - r.strain) <= 1e-9 * r.strain); /* sums of seven in another order */
      double d = fabs(r.distance);
      int side = (r.distance > 0) - (r.distance < 0), clear = d > 0 && 64 * r.residual <= d && r.spread <= d;
      int doubtful = fabs(64 * r.residual / d - 1) < 1e-9 || fabs(r.spread / d - 1) < 1e-9;
      if (!doubtful) assert_int_equal(far[e], clear ? side : 0);
      assert_int_equal(og_piece_far(&piece, (size_t)e), far[e]);
      sides[1 + far[e]]++;
    }
  }
  assert_true(sides[0] > 50 && sides[1] > 50 && sides[2] > 50);
}

/* ---- Refused ---- */

static const char fast[] = "param level = 0, turns = 1e6\n"
                           "init x = 1, n = 0\n"
                           "x' = -0.001*x\nn' = 0\n"
                           "event spark when level + sin(2*pi*turns*t) = 0 rising { n = n + 1 }\n";

/* A million periods in a step are too many to follow. Shorter steps help, and so do more samples: both make
 * pieces of a hundred periods, which are looked through. */
static void refused(void **state) {
  (void)state;
  og_context *context = new_context();
  model_result r;
  static const double theta[3][2] = {{0, 1e6}, {1.5, 1e6}, {1.5, 1e4}};
  for (int m = 0; m < 2; m++) {
    og_status status = model_run(context, fast, &(model_case){.t1 = 10, .steps = 1, .theta = theta[m]}, &r);
    const char *message = og_context_message(context);
    assert_int_equal(status, OG_ERR_GUARD_UNRESOLVED);
    assert_non_null(strstr(message, "spark"));
    assert_non_null(strstr(message, "t = 0"));
    assert_non_null(strstr(message, "max-step"));
    assert_non_null(strstr(message, "event-samples"));
  }
  model_case many = {.t1 = 10, .steps = 1, .theta = theta[2]};
  assert_int_equal(model_run(context, fast, &many, &r), OG_ERR_GUARD_UNRESOLVED);
  many.samples = 800;
  CHECK(context, model_run(context, fast, &many, &r));
  assert_int_equal(r.count, 0);
  model_case shorter = {.t1 = 0.01, .max_step = 1e-4, .theta = theta[1]};
  CHECK(context, model_run(context, fast, &shorter, &r));
  assert_int_equal(r.count, 0);
  og_context_destroy(context);
}

/* Rounding errors are no reason to refuse: two solutions of one equation whose difference is nothing else,
 * and a state at rest a little below its guard. */
static void rounding_is_not_refused(void **state) {
  (void)state;
  static const char text[] =
      "param k = 3\n"
      "init x = 1e8, y = 3e8, z = 0\n"
      "x' = -k*(x - 1e8) + 1e7*sin(t)\ny' = -k*(y - 3e8) + 3e7*sin(t)\nz' = k*(1 - z)\n"
      "event same when y - 3*x - 1e-4 = 0 rising { }\n"
      "event rest when z - 1 - 1e-13 = 0 rising { }\n";
  for (int single = 0; single < 2; single++) {
    og_context *context = new_context();
    model_result r;
    model_case c = {.precision = single ? OG_PRECISION_SINGLE : OG_PRECISION_DOUBLE, .t1 = 100};
    CHECK(context, model_run(context, text, &c, &r));
    if (!single) assert_int_equal(r.count, 0);
    og_context_destroy(context);
  }
}

/* ---- The same bits alone and in any batch, on any number of threads, under any budget; and replayed ---- */

enum { BATCH = 70, BATCH_STATES = 3 };
typedef struct batch_result {
  size_t count[BATCH];
  double t[BATCH][MODEL_EVENTS], final[BATCH][BATCH_STATES], theta_bar[BATCH][3];
} batch_result;

/* Every third trajectory has a fast guard, the others have slow ones: neighbours in a block of lanes. */
static void batch_theta(int m, double theta[3]) {
  theta[0] = m % 3 ? 0.2 + 0.01 * m : 20 + m;
  theta[1] = 0.9 - 0.01 * m;
  theta[2] = 0.3;
}

static void batch_run(const og_options *options, int first, int count, batch_result *r) {
  static const char text[] = "param w = 1, k = 0.1, jump = 0.3\n"
                             "init x = 1, y = 0, n = 0\n"
                             "x' = y\ny' = -x - k*y\nn' = 0\n"
                             "event wave when sin(w*t) - 0.4*x = 0 rising { y = y + 0.01*jump; n = n + 1 }\n"
                             "event half when max(x, y) - 0.5 = 0 falling { y = y + jump }\n";
  og_context *context = new_context();
  og_model *model = parse(context, text);
  og_solve *solve = NULL;
  double bars[BATCH][BATCH_STATES], theta_bar[BATCH][3] = {{0}};
  CHECK(context, og_solve_create(context, og_model_field(model), options, (size_t)count, &solve));
  CHECK(context, og_solve_set_span(solve, OG_ALL, 0, 12));
  CHECK(context, og_solve_set_initial_state(solve, OG_ALL, (double[]){1, 0, 0}));
  for (int i = 0; i < count; i++) {
    double theta[3];
    batch_theta(first + i, theta);
    CHECK(context, og_solve_set_parameters(solve, (size_t)i, theta));
    for (int k = 0; k < BATCH_STATES; k++) bars[i][k] = 1 + 0.1 * k;
  }
  CHECK(context, og_solve_run(solve));
  CHECK(context,
        og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = bars[0],
                                                       .theta_bar = theta_bar[0]}));
  for (int i = 0; i < count; i++) {
    int m = first + i;
    CHECK(context, og_solve_events(solve, (size_t)i, &r->count[m]));
    assert_in_range(r->count[m], 2, MODEL_EVENTS - 1);
    for (size_t k = 0; k < r->count[m]; k++) {
      og_occurrence at = {OG_INIT(og_occurrence)};
      CHECK(context, og_solve_event(solve, (size_t)i, k, &at));
      r->t[m][k] = at.t;
    }
    CHECK(context, og_solve_final(solve, (size_t)i, r->final[m]));
    memcpy(r->theta_bar[m], theta_bar[i], sizeof theta_bar[i]);
  }
  og_solve_destroy(solve);
  og_model_destroy(model);
  og_context_destroy(context);
}

static void expect_bits(const batch_result *a, const batch_result *b, const char *what) {
  for (int m = 0; m < BATCH; m++)
    if (a->count[m] != b->count[m] || memcmp(a->t[m], b->t[m], sizeof a->t[m]) ||
        memcmp(a->final[m], b->final[m], sizeof a->final[m]) ||
        memcmp(a->theta_bar[m], b->theta_bar[m], sizeof a->theta_bar[m]))
      fail_msg("%s: trajectory %d differs", what, m);
}

static void same_bits(void **state) {
  (void)state;
  static batch_result alone, other;
  for (int single = 0; single < 2; single++) {
    og_context *context = new_context();
    og_options *options = new_options(context, OG_METHOD_DOP853, 1e-5, 1e-5);
    CHECK(context, og_options_set_choice(options, OG_OPT_PRECISION,
                                         single ? OG_PRECISION_SINGLE : OG_PRECISION_DOUBLE));
    memset(&alone, 0, sizeof alone), memset(&other, 0, sizeof other);
    for (int m = 0; m < BATCH; m++) batch_run(options, m, 1, &alone);
    batch_run(options, 0, BATCH, &other);
    expect_bits(&alone, &other, "in a batch");
    CHECK(context, og_options_set_integer(options, OG_OPT_THREADS, 3));
    batch_run(options, 0, BATCH, &other);
    expect_bits(&alone, &other, "on three threads");
    CHECK(context, og_options_set_choice(options, OG_OPT_SCHEDULE, OG_SCHEDULE_ONLINE));
    CHECK(context, og_options_set_integer(options, OG_OPT_MEMORY, 8 << 20));
    batch_run(options, 0, BATCH, &other);
    expect_bits(&alone, &other, "under a budget");
    og_options_destroy(options);
    og_context_destroy(context);
  }
}

/* Differences of a replay locate the same 42 doses anew: dx/dk as in derivatives_of_doses. */
static void replayed(void **state) {
  (void)state;
  og_context *context = new_context();
  og_model *model = parse(context, dosing);
  model_case c = {.rtol = 1e-9, .t1 = 1000};
  og_options *options = case_options(context, &c);
  og_solve *solve = case_solve(context, model, &c, options, 1);
  double x[2], theta_bar[2] = {0}, h = 1e-7;
  CHECK(context, og_solve_run(solve));
  CHECK(context,
        og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                       .final_bar = (double[]){1}, .theta_bar = theta_bar}));
  for (int side = 0; side < 2; side++) {
    model_result r;
    CHECK(context, og_solve_set_parameters(solve, OG_ALL, (double[]){2, 0.001 + (side ? h : -h)}));
    CHECK(context, og_solve_replay(solve));
    case_result(context, solve, &r);
    assert_int_equal(r.count, DOSES);
    for (size_t k = 0; k < DOSES; k++) assert_near(r.t[k], 24.0 * (double)k, 1e-13, "dose", k);
    x[side] = r.final[0];
  }
  /* h^2 / 6 times the third derivative, some 10^9 times x; rounding of x, 50, over h */
  assert_near((x[1] - x[0]) / (2 * h), theta_bar[1], 1e-6, "difference", 0);
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_model_destroy(model);
  og_context_destroy(context);
}

/* ---- Many events in one step ---- */

enum { MANY = 256 };
static size_t many; /* of this run */
static double many_time(size_t k) { return ((double)(k * 97 % many) + 0.5) / (double)many * 10; }
static int many_guards(double t, const double *x, const double *p, double *g, void *user) {
  (void)x, (void)p, (void)user;
  calls++;
  for (size_t k = 0; k < many; k++) g[k] = (t - many_time(k)) * (1 + (double)k);
  return 0;
}

/* All guards are evaluated at once, so that what an event costs is how often: the samples of its step, its
 * root, and what rounding makes of it. How many events are still to come in the step makes no difference. */
static void many_events(void **state) {
  (void)state;
  for (many = 4; many <= MANY; many *= 4) {
    og_context *context = new_context();
    og_field *field = NULL;
    og_solve *solve = NULL;
    og_event events[MANY];
    size_t steps = 0, count = 0;
    for (size_t k = 0; k < many; k++) events[k] = (og_event){OG_INIT(og_event), NULL, OG_DIRECTION_RISING, 0};
    CHECK(context, og_field_create(context, 2, 0, oscillator, NULL, &field));
    CHECK(context,
          og_field_set_events(field, many, events,
                              &(og_event_functions){OG_INIT(og_event_functions), .guard = many_guards}));
    CHECK(context, og_solve_create(context, field, NULL, 1, &solve));
    CHECK(context, og_solve_set_span(solve, 0, 0, 10));
    CHECK(context, og_solve_set_initial_state(solve, 0, (double[]){1, 0}));
    calls = 0;
    CHECK(context, og_solve_run(solve));
    CHECK(context, og_solve_steps(solve, 0, &steps, NULL));
    CHECK(context, og_solve_events(solve, 0, &count));
    assert_int_equal(count, many);
    for (size_t k = 0; k < count; k++) {
      og_occurrence at = {OG_INIT(og_occurrence)};
      CHECK(context, og_solve_event(solve, 0, k, &at));
      assert_near(at.t, ((double)k + 0.5) / (double)many * 10, 1e-14, "event", k);
      assert_near(at.t, many_time(at.event), 1e-14, "event", k);
    }
    long looked = calls - OG_PIECE_POINTS * (long)steps;
    if (looked > 80 * (long)count) fail_msg("%ld calls for %zu steps and %zu events", calls, steps, count);
    og_solve_destroy(solve);
    og_field_destroy(field);
    og_context_destroy(context);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(weights_are_divided_differences),
      cmocka_unit_test(samples_are_read_as_they_are_defined),
      cmocka_unit_test(strain),
      cmocka_unit_test(doses),
      cmocka_unit_test(derivatives_of_doses),
      cmocka_unit_test(phase),
      cmocka_unit_test(waves),
      cmocka_unit_test(near_pairs),
      cmocka_unit_test(costs),
      cmocka_unit_test(refused),
      cmocka_unit_test(rounding_is_not_refused),
      cmocka_unit_test(same_bits),
      cmocka_unit_test(replayed),
      cmocka_unit_test(many_events),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
