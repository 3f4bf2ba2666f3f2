/* Fixed steps that are too wide for the solution, and tolerances that ask for nothing, are warned of:
 * whatever comes out absurd, and nothing that is sane; once; and no result depends on it. */
#include "fitting.h"
#include "solve/solve.h"

static const char *const methods[] = {"euler", "midpoint", "heun",  "rk4",
                                      "bs32",  "dopri5",   "tsit5", "dop853"};
enum { METHODS = OG_METHOD_DOP853 + 1, LINE_SIZE = 1024, STATES_MOST = 64 };

typedef struct run {
  og_context *context;
  og_model *model;
  og_options *options;
  og_solve *solve;
  size_t lines; /* warnings */
  char line[LINE_SIZE];
  og_status status;
} run;

static void keep_line(const char *line, void *user) {
  run *r = user;
  r->lines++;
  snprintf(r->line, sizeof r->line, "%s", line);
}

/* `settings`: "name=value;name=value". */
static void set_options(og_context *context, og_options *options, const char *settings) {
  char copy[256];
  snprintf(copy, sizeof copy, "%s", settings);
  for (char *pair = strtok(copy, ";"); pair; pair = strtok(NULL, ";")) {
    char *equals = strchr(pair, '=');
    *equals = '\0';
    CHECK(context, og_options_set_text(options, pair, equals + 1));
  }
}

static void open_run(run *r, const char *model, const char *settings, size_t trajectories) {
  *r = (run){.context = new_context()};
  CHECK(r->context, og_model_create_from_text(r->context, "test.ode", model, strlen(model), &r->model));
  CHECK(r->context, og_options_create(r->context, &r->options));
  set_options(r->context, r->options, settings);
  CHECK(r->context,
        og_solve_create(r->context, og_model_field(r->model), r->options, trajectories, &r->solve));
  og_context_set_log(r->context, keep_line, r);
}

static void close_run(run *r) {
  og_solve_destroy(r->solve);
  og_options_destroy(r->options);
  og_model_destroy(r->model);
  og_context_destroy(r->context);
}

/* All trajectories alike; the end of the last in x. */
static void solve_to(run *r, double t1, const double *theta, const double *x0, double *x) {
  CHECK(r->context, og_solve_set_span(r->solve, OG_ALL, 0, t1));
  CHECK(r->context, og_solve_set_parameters(r->solve, OG_ALL, theta));
  CHECK(r->context, og_solve_set_initial_state(r->solve, OG_ALL, x0));
  r->status = og_solve_run(r->solve);
  if (r->status == OG_OK && x) CHECK(r->context, og_solve_final(r->solve, r->solve->count - 1, x));
}

/* ---- Against closed forms ---- */

/* u + iv of u' = a u - w v, v' = w u + a v is e^((a + iw) t); here and below v in units of its own. */
#define TURN "param a = 0, w = 1, unit = 1\ninit u = 1, v = 0\nu' = a*u - w*v/unit\nv' = w*u*unit + a*v\n"

/* Steps of width 1, 200 of them, for decays, turns and both, of 0.02 to 12 a step: what is 200 times
 * larger than the truth ever is, is warned of or fails; what is right to a hundredth is not. In between it is
 * as it may be. */
static void what_is_absurd_is_warned_of(void **state) {
  (void)state;
  static const double angles[] = {1, 0.85, 0.7, 0.55, 0.5}; /* of pi: decay, ..., turn */
  size_t absurd = 0, sane = 0;
  for (int i = 0; i < METHODS * 10; i++)
    for (double z = 0.02; z < 12; z *= 1.25) {
      const char *precision = i >= METHODS * 5 ? "single" : "double";
      double angle = angles[i / METHODS % 5] * acos(-1), unit = i % 2 ? 1 : 1000, x[2] = {0};
      double theta[3] = {z * cos(angle), z * sin(angle), unit}, x0[2] = {1, 0};
      char settings[64];
      run r;
      snprintf(settings, sizeof settings, "method=%s;steps=200;precision=%s", methods[i % METHODS],
               precision);
      open_run(&r, TURN, settings, 1);
      solve_to(&r, 200, theta, x0, x);
      double size = fmax(fabs(x[0]), fabs(x[1] / unit)), decay = exp(200 * theta[0]);
      double off =
          fmax(fabs(x[0] - decay * cos(200 * theta[1])), fabs(x[1] / unit - decay * sin(200 * theta[1])));
      if (size > 200 && r.status == OG_OK && !r.lines)
        fail_msg("%s, z = %g at %g pi: %g in silence", settings, z, angle / acos(-1), size);
      if (off < 0.01 && z < 1 && r.lines)
        fail_msg("%s, z = %g at %g pi: %s", settings, z, angle / acos(-1), r.line);
      absurd += size > 200;
      sane += off < 0.01 && z < 1;
      close_run(&r);
    }
  assert_true(absurd > 200 && sane > 200);
}

/* The issue's cases, with what they print. */
static void the_issues_cases(void **state) {
  (void)state;
  static const struct {
    const char *model, *settings, *words;
    double t1, theta[3], x0[2], at_least;
  } cases[] = {
      {TURN, "method=euler;steps=200", "the step of euler at t = ", 200, {-2.5, 0, 1}, {1, 0}, 1e31},
      {TURN,
       "method=tsit5;rtol=1;atol=1",
       "rtol = 1 and atol = 1 allow each step an error of 2",
       1000,
       {0, 1, 1},
       {1, 0},
       1e100},
      {TURN, "atol=1", "the largest component of the initial state is 1", 100, {0, 1, 1}, {1, 0}, 10},
      {"param a = 1\ninit x = 1\nx' = a*x^2\n",
       "method=rk4;steps=3",
       "goes beyond all bounds",
       2,
       {1},
       {1},
       1e40},
      {"param a = 1\ninit x = 1\nx' = a*x^2\n",
       "method=euler;steps=4",
       "the step of euler at t = 1.5",
       2,
       {1},
       {1},
       20},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    run r;
    double x[2] = {0};
    open_run(&r, cases[i].model, cases[i].settings, 1);
    solve_to(&r, cases[i].t1, cases[i].theta, cases[i].x0, x);
    CHECK(r.context, r.status);
    if (!(fmax(fabs(x[0]), fabs(x[1])) >= cases[i].at_least) || r.lines != 1)
      fail_msg("%s: %g, %g, %zu warnings: %s", cases[i].settings, x[0], x[1], r.lines, r.line);
    assert_contains(r.line, cases[i].words);
    close_run(&r);
  }
}

/* What looks like it and is none. */
static void what_is_sane_is_not(void **state) {
  (void)state;
  static const struct {
    const char *model, *settings;
    double t1;
  } cases[] = {
      /* from zero, by one step and by many; a start that Euler does not see */
      {"param a = 1\ninit x = 0\nx' = a - x\n", "method=rk4;steps=1", 1},
      {"param a = 1\ninit x = 0\nx' = a - x\n", "method=euler;steps=2", 1},
      {"param a = 1\ninit x = 0\nx' = a*t\n", "method=euler;steps=3", 1},
      {"param a = 1\ninit x = 0\nx' = a*t^3\n", "method=heun;steps=4", 1},
      /* truly growing, also while it turns, as well as the method can */
      {"param a = 1\ninit x = 1\nx' = a*x\n", "method=euler;steps=20", 10},
      {"param a = 1\ninit x = 1e-9\nx' = a*x*(1 - x)\n", "method=rk4;steps=100", 40},
      {"param a = 1\ninit u = 1, v = 0\nu' = 0.5*u - v\nv' = a*u + 0.5*v\n", "method=rk4;steps=200", 40},
      /* zero, and zero but for rounding */
      {"param a = 1\ninit x = 0, y = 1\nx' = a*(0.1*y - 0.3*y + 0.2*y)\ny' = -y\n", "method=rk4;steps=50", 5},
      {"param a = 1\ninit x = 0\nx' = a*x\n", "method=euler;steps=50", 5},
      /* a jump of the right-hand side, a kink, a pulse narrower than a step */
      {"param a = 1\ninit x = 0\nx' = where(t < 1.2345, a, -a)\n", "method=rk4;steps=40", 2},
      {"param a = 1\ninit x = 1, y = 2\nx' = -a*x + abs(y - 1)\ny' = -y\n", "method=tsit5;steps=20", 5},
      {"param a = 1\ninit x = 1\nx' = -a*x + where(abs(t - 2.011) < 0.01, 10, 0)\n", "method=heun;steps=64",
       8},
      /* adaptive: loose but no more, and from zero */
      {"param a = 1\ninit x = 1\nx' = -a*x\n", "rtol=0.05;atol=1e-3", 5},
      {"param a = 1e-5\ninit x = 0\nx' = a - x\n", "atol=1e-9", 5}, /* smaller ones: test_range.c */
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    run r;
    double theta[1], x0[2];
    open_run(&r, cases[i].model, cases[i].settings, 1);
    CHECK(r.context, og_model_values(r.model, theta));
    x0[0] = strstr(cases[i].model, "x = 1e-9") ? 1e-9 : strstr(cases[i].model, "x = 0") ? 0 : 1;
    x0[1] = strstr(cases[i].model, "y = 2") ? 2 : strstr(cases[i].model, "v = 0") ? 0 : 1;
    solve_to(&r, cases[i].t1, theta, x0, NULL);
    CHECK(r.context, r.status);
    if (r.lines) fail_msg("%s, %s: %s", cases[i].model, cases[i].settings, r.line);
    close_run(&r);
  }
}

/* One component of many that is zero by chance is no reason: 32 oscillations at 0.6 a step, which RK4 is good
 * for. */
static void one_of_many_components_is_no_reason(void **state) {
  (void)state;
  static const char model[] = "param w = 0.6\ninit x = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
                              "init y = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
                              "x' = -w*y\ny' = w*x\n";
  for (int steps = 1; steps < 40; steps++) {
    run r;
    double theta = 0.6, x0[32];
    char settings[64];
    for (int i = 0; i < 16; i++) x0[i] = cos(0.1 * i * i), x0[16 + i] = sin(0.1 * i * i);
    snprintf(settings, sizeof settings, "method=rk4;steps=%d", steps);
    open_run(&r, model, settings, 1);
    solve_to(&r, steps, &theta, x0, NULL);
    CHECK(r.context, r.status);
    if (r.lines) fail_msg("%d steps: %s", steps, r.line);
    close_run(&r);
  }
}

/* A small one that goes astray beside a large one that does not is. */
static void a_small_component_counts_by_itself(void **state) {
  (void)state;
  run r;
  open_run(&r, "param k = 2.1\ninit x = 1e5, y = 1\nx' = 0*x\ny' = -k*y\n", "method=euler;steps=20", 1);
  solve_to(&r, 20, (double[]){2.1}, (double[]){1e5, 1}, NULL);
  CHECK(r.context, r.status);
  assert_int_equal(r.lines, 1);
  close_run(&r);
}

/* ---- What it costs ---- */

static const char two_rates[] = "param k = 3\ninit x = 1, y = 1\nx' = -k*x + y*sin(t)\ny' = -y + x/10\n";

/* Looked at or not: the same bits and the same counts. The third run is not looked at, as the second was. */
static void no_result_depends_on_it(void **state) {
  (void)state;
  for (int i = 0; i < METHODS; i++) {
    double x[3][2];
    long long evals[3];
    run r;
    char settings[64];
    snprintf(settings, sizeof settings, "method=%s;steps=40", methods[i]);
    open_run(&r, two_rates, settings, 1);
    for (int k = 0; k < 3; k++) {
      solve_to(&r, 40, (double[]){1.3}, (double[]){1, 1}, x[k]);
      CHECK(r.context, r.status);
      evals[k] = og_solve_stat(r.solve, OG_STAT_RHS_EVALS);
      assert_int_equal(r.solve->looked, k < 2);
    }
    assert_memory_equal(x[0], x[2], sizeof x[0]);
    assert_memory_equal(x[1], x[2], sizeof x[0]);
    assert_true(evals[0] == evals[2] && evals[1] == evals[2]);
    assert_int_equal(r.lines, 0);
    close_run(&r);
  }
}

/* The same words on any number of threads, in whatever company. Of 150 trajectories every tenth is too fast.
 */
static void the_words_do_not_depend_on_the_layout(void **state) {
  (void)state;
  char first[LINE_SIZE] = "";
  for (int threads = 1; threads <= 5; threads++) {
    run r;
    char settings[64];
    snprintf(settings, sizeof settings, "method=rk4;steps=45;threads=%d", threads);
    open_run(&r, two_rates, settings, 150);
    for (size_t m = 0; m < 150; m++) {
      double k = m % 10 == 3 ? 2.9 + 0.001 * (double)(m * 7 % 150) : 0.5;
      CHECK(r.context, og_solve_set_parameters(r.solve, m, &k));
      CHECK(r.context, og_solve_set_span(r.solve, m, 0, 40 + (double)(m % 7)));
      CHECK(r.context, og_solve_set_initial_state(r.solve, m, (double[]){1, 1}));
    }
    CHECK(r.context, og_solve_set_name(r.solve, 113, "patient 7"));
    CHECK(r.context, og_solve_run(r.solve));
    assert_int_equal(r.lines, 1);
    assert_contains(r.line, " in 150, the step of rk4 at t = ");
    if (!*first) memcpy(first, r.line, sizeof first);
    assert_string_equal(r.line, first);
    close_run(&r);
  }
}

/* ---- Once ---- */

static void it_is_said_once(void **state) {
  (void)state;
  static const char *const settings[] = {"method=euler;steps=30", "rtol=0.5"};
  for (int i = 0; i < 2; i++) {
    run r;
    open_run(&r, TURN, settings[i], 1);
    for (int k = 0; k < 20; k++) solve_to(&r, 30, (double[]){i ? -0.5 : -3, 0, 1}, (double[]){1, 0}, NULL);
    assert_int_equal(r.lines, 1);
    close_run(&r);
  }
}

/* By all solves of an objective, of whichever kind: gradients, mini-batches of other sizes. */
static void objectives_say_it_once(void **state) {
  (void)state;
  static const char data[] =
      "id,t,x\na,0,2\na,1,1.2\na,2,0.7\nb,0,2.1\nb,1,1\nb,2,0.5\nc,0,1.8\nc,1,0.9\nc,2,0.6\n";
  fixture f = make_fixture(DECAY, data);
  run r = {0};
  double gradient[3], loss;
  const double theta[3] = {4.9, 2, 0.3};
  og_objective *coarse = NULL;
  og_context_set_log(f.context, keep_line, &r);
  set_options(f.context, f.options, "method=euler;steps=4");
  CHECK(f.context, og_objective_create(f.context, f.model, f.table, f.options, &coarse));
  for (int kind = OG_ADJOINT_DISCRETE; kind <= OG_ADJOINT_FORWARD; kind++)
    if (kind != OG_ADJOINT_BACKSOLVE)
      CHECK(f.context, og_objective_evaluate_with(coarse, (og_adjoint)kind, theta, &loss, gradient));
  for (size_t count = 1; count <= 3; count++) {
    og_window windows[3] = {{0}, {.trajectory = 1}, {.trajectory = 2}};
    size_t values;
    CHECK(f.context, og_objective_evaluate_batch(coarse, theta, count, windows, &loss, &values, gradient));
  }
  assert_int_equal(r.lines, 1);
  assert_contains(r.line, "(a), the worst of 3 in 3");
  og_objective_destroy(coarse);
  drop_fixture(&f);
}

/* A fit asks of its estimate, not of points on the way: from k = 4.9, where four steps of Euler are useless,
 * to 0.5, where they are not; and the other way round, with data that turn as Euler's own steps do. */
static void fits_ask_of_their_estimate(void **state) {
  (void)state;
  static const char model[] =
      "param k = 1 in [0, 5]\ninit x = 1\nx' = -k*x\nobserve x ~ squared_error(x)\ntime 0 : 4\n";
  static const char *const tables[] = {"t,x\n1,0.5\n2,0.25\n3,0.125\n4,0.0625\n",
                                       "t,x\n1,-2\n2,4\n3,-8\n4,16\n"};
  for (int i = 0; i < 2; i++) {
    fixture f = try_fixture(model, tables[i]);
    run r = {0};
    og_objective *objective = NULL;
    og_fit *fit = NULL;
    double k = i ? 2.6 : 4.9;
    og_context_set_log(f.context, keep_line, &r);
    set_options(f.context, f.options, "method=euler;steps=4");
    CHECK(f.context, og_objective_create(f.context, f.model, f.table, f.options, &objective));
    CHECK(f.context, og_fit_create(objective, f.options, &k, NULL, NULL, &fit));
    CHECK(f.context, og_fit_estimate(fit, &k));
    assert_close(k, i ? 3 : 0.5, 1e-6);                        /* 1 - k is -2 and 0.5: Euler's own */
    assert_contains(r.line, "squared_error is no likelihood"); /* the last line, in both */
    if (r.lines != (size_t)i + 1) fail_msg("k = %g: %zu lines: %s", k, r.lines, r.line);
    og_fit_destroy(fit);
    og_objective_destroy(objective);
    drop_fixture(&f);
  }
}

/* ---- Segments, memory ---- */

/* Segments of few steps, by events and by breakpoints, are looked at at their ends. */
static void segments_are_looked_at(void **state) {
  (void)state;
  static const char model[] = "param k = 1\ninit x = 1, s = 0\nx' = -k*x\ns' = 1\n"
                              "event a when s - 3.5 = 0 rising { s = 0 }\n";
  for (int i = 0; i < 2; i++) {
    run r;
    open_run(&r, model, "method=heun;steps=21", 1);
    solve_to(&r, 21, (double[]){i ? 3 : 0.9}, (double[]){1, 0}, NULL);
    CHECK(r.context, r.status);
    if (r.lines != (size_t)i) fail_msg("%zu lines: %s", r.lines, r.line);
    close_run(&r);
  }
}

static og_status live(og_context *context) {
  og_model *model = NULL;
  og_options *options = NULL;
  og_solve *solve = NULL;
  og_status status = og_model_create_from_text(context, "test.ode", TURN, strlen(TURN), &model);
  if (status == OG_OK) status = og_options_create(context, &options);
  if (status == OG_OK) status = og_options_set_text(options, "method", "rk4");
  if (status == OG_OK) status = og_options_set_integer(options, OG_OPT_STEPS, 20);
  if (status == OG_OK) status = og_solve_create(context, og_model_field(model), options, 5, &solve);
  if (status == OG_OK) status = og_solve_set_span(solve, OG_ALL, 0, 20);
  if (status == OG_OK) status = og_solve_set_parameters(solve, OG_ALL, (double[]){-3, 0, 1});
  if (status == OG_OK) status = og_solve_set_initial_state(solve, OG_ALL, (double[]){1, 0});
  if (status == OG_OK) status = og_solve_run(solve);
  if (status == OG_OK) assert_true(solve->told->coarse);
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_model_destroy(model);
  return status;
}

static void no_memory_is_reported(void **state) {
  (void)state;
  fail_each_allocation(live);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_absurd_is_warned_of),
      cmocka_unit_test(the_issues_cases),
      cmocka_unit_test(what_is_sane_is_not),
      cmocka_unit_test(one_of_many_components_is_no_reason),
      cmocka_unit_test(a_small_component_counts_by_itself),
      cmocka_unit_test(no_result_depends_on_it),
      cmocka_unit_test(the_words_do_not_depend_on_the_layout),
      cmocka_unit_test(it_is_said_once),
      cmocka_unit_test(objectives_say_it_once),
      cmocka_unit_test(fits_ask_of_their_estimate),
      cmocka_unit_test(segments_are_looked_at),
      cmocka_unit_test(no_memory_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
