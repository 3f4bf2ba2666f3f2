/* Numbers at the ends of their range: tolerances, times, states and slopes that are very small or very large,
 * steps that t does not notice, slopes that are none, and states that atol does not see. */
#include <float.h>

#include "models.h"

enum { LINE_SIZE = 1024, STATES_MOST = 3 };

typedef struct run {
  og_context *context;
  og_model *model;
  og_options *options;
  og_solve *solve;
  size_t lines;
  char line[LINE_SIZE];
  double theta[4];
} run;

static void keep_line(const char *line, void *user) {
  run *r = user;
  if (strncmp(line, "warning", 7) != 0) return; /* notes about checkpoints */
  r->lines++;
  snprintf(r->line, sizeof r->line, "%s", line);
}

/* `settings`: "name=value;name=value". */
static void set_options(const run *r, const char *settings) {
  char copy[256];
  snprintf(copy, sizeof copy, "%s", settings);
  for (char *pair = strtok(copy, ";"); pair; pair = strtok(NULL, ";")) {
    char *equals = strchr(pair, '=');
    *equals = '\0';
    CHECK(r->context, og_options_set_text(r->options, pair, equals + 1));
  }
}

/* The model's own span and initial state. */
static void open_run(run *r, const char *model, const char *settings) {
  double t0, t1, x0[STATES_MOST];
  *r = (run){.context = new_context()};
  og_context_set_log(r->context, keep_line, r);
  r->model = parse(r->context, model);
  CHECK(r->context, og_options_create(r->context, &r->options));
  set_options(r, settings);
  CHECK(r->context, og_solve_create(r->context, og_model_field(r->model), r->options, 1, &r->solve));
  CHECK(r->context, og_model_values(r->model, r->theta));
  CHECK(r->context, og_model_span(r->model, &t0, &t1));
  CHECK(r->context, og_model_initial_state(r->model, t0, r->theta, x0));
  CHECK(r->context, og_solve_set_span(r->solve, 0, t0, t1));
  CHECK(r->context, og_solve_set_parameters(r->solve, OG_ALL, r->theta));
  CHECK(r->context, og_solve_set_initial_state(r->solve, 0, x0));
}

static void close_run(run *r) {
  og_solve_destroy(r->solve);
  og_options_destroy(r->options);
  og_model_destroy(r->model);
  og_context_destroy(r->context);
}

/* ---- First steps ---- */

/* Solutions in closed form. Errors of the default tolerances, of 1e-6 a step, are 1e-5 at most in a few dozen
 * steps of problems that do not let them grow. */
static void first_steps(void **state) {
  (void)state;
  static const struct {
    const char *model, *settings;
    double end, tolerance;
  } cases[] = {
      /* the slope over the tolerance: 1e200 and more, whose square is no number */
      {"init x = 0\nx' = 1\ntime 0 : 1\n", "atol=1e-200", 1, 1e-12},
      {"init x = 0\nx' = 1\ntime 0 : 1\n", "atol=1e-300", 1, 1e-12},
      {"init x = 0\nx' = 1\ntime 0 : 1\n", "atol=1e-200;method=dop853", 1, 1e-12},
      {"init x = 0\nx' = 1\ntime 0 : 1\n", "atol=1e-200;precision=single", 1, 1e-5},
      /* and so much of it that single precision has no step of that size */
      {"init x = 0\nx' = 1\ntime 0 : 1\n", "atol=1e-300;precision=single", 1, 1e-5},
      {"init x = 0\nx' = 1\ntime 0 : 1\n", "atol=1e-300;precision=single;method=dop853", 1, 1e-5},
      {"init x = 0\nx' = 1\ntime 0 : 1\n", "atol=1e-300;precision=single;method=bs32", 1, 1e-5},
      {"init x = 0\nx' = 1e30\ntime 0 : 1e-30\n", "atol=1e-300;precision=single", 1, 1e-5},
      {"init x = 0\nx' = 1e200\ntime 0 : 1e-200\n", "", 1, 1e-12},
      /* units of time from the smallest to the largest */
      {"const tau = 1e-11\ninit x = 1\nx' = -x/tau\ntime 0 : tau\n", "", 0.36787944117144233, 1e-5},
      {"const tau = 1e-150\ninit x = 1\nx' = -x/tau\ntime 0 : tau\n", "", 0.36787944117144233, 1e-5},
      {"const tau = 1e-250\ninit x = 1\nx' = -x/tau\ntime 0 : tau\n", "", 0.36787944117144233, 1e-5},
      {"const tau = 1e-250\ninit x = 1\nx' = x/tau\ntime 0 : -tau\n", "", 0.36787944117144233, 1e-5},
      {"const tau = 1e250\ninit x = 1\nx' = -x/tau\ntime 0 : tau\n", "", 0.36787944117144233, 1e-5},
      /* x = log(t + e^-600): the slope begins with e^600, and the trial point is beyond all exponentials */
      {"init x = -600\nx' = exp(-x)\ntime 0 : 1\n", "", 0, 1e-4},
      /* a trial point where f is not finite: x = -log(1 - t) */
      {"init x = 0\nx' = exp(x) + 0*sqrt(1e-7 - where(x < 1e-7, x, 0))\ntime 0 : 0.5\n", "",
       0.69314718055994531, 1e-5},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    run r;
    double x[STATES_MOST];
    open_run(&r, cases[i].model, cases[i].settings);
    CHECK(r.context, og_solve_run(r.solve));
    CHECK(r.context, og_solve_final(r.solve, 0, x));
    assert_near(x[0], cases[i].end, cases[i].tolerance, cases[i].model, i);
    close_run(&r);
  }
}

/* ---- Steps that t does not notice ---- */

static void t_advances(void **state) {
  (void)state;
  static const struct {
    const char *settings, *words; /* NULL: it is solved, with the end 1 */
    double t0, t1;
  } cases[] = {
      {"first-step=1e-20", NULL, 1, 2},
      {"first-step=1e-20", NULL, -2, -1},
      {"first-step=1e-20", NULL, 0, 1},
      {"first-step=1e-320", NULL, 0, 1},
      {"max-step=1e-20", "max-step = 1e-20", 1, 2},
      {"steps=1000", "too small to advance t", 1e16, 1e16 + 64},
      {"steps=32", NULL, 1e16, 1e16 + 64},
      {"max-step=10", NULL, 1e16, 1e16 + 64},
      {"", NULL, 1e16, 1e16 + 2}, /* one ulp */
      {"", NULL, 1, 1 + DBL_EPSILON},
      {"precision=single;rtol=1e-4", "too small to advance t", 0, 1e-50}, /* h is 0 in single precision */
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    run r;
    double x[STATES_MOST], length = cases[i].t1 - cases[i].t0, times[1001];
    size_t steps;
    open_run(&r, "param v = 1\ninit x = 0\nx' = v\ntime 0 : 1\n", cases[i].settings);
    CHECK(r.context, og_solve_set_span(r.solve, 0, cases[i].t0, cases[i].t1));
    r.theta[0] = fmin(1 / length, 1e30);
    CHECK(r.context, og_solve_set_parameters(r.solve, OG_ALL, r.theta));
    og_status status = og_solve_run(r.solve);
    if (cases[i].words) {
      assert_int_equal(status, OG_ERR_STEP_UNDERFLOW);
      assert_contains(og_context_message(r.context), cases[i].words);
    } else {
      CHECK(r.context, status);
      CHECK(r.context, og_solve_final(r.solve, 0, x));
      assert_near(x[0], 1, 1e-12, cases[i].settings, i);
      CHECK(r.context, og_solve_steps(r.solve, 0, &steps, NULL));
      assert_true(steps <= 1000);
      CHECK(r.context, og_solve_steps(r.solve, 0, &steps, times));
      for (size_t k = 0; k < steps; k++) assert_true(times[k] < times[k + 1]);
    }
    close_run(&r);
  }
}

static void spans_that_have_no_length(void **state) {
  (void)state;
  run r;
  open_run(&r, "init x = 0\nx' = 1\ntime 0 : 1\n", "");
  assert_int_equal(og_solve_set_span(r.solve, 0, -1e308, 1e308), OG_ERR_ARGUMENT);
  assert_contains(og_context_message(r.context), "from -1e+308 to 1e+308 is longer than the largest number");
  CHECK(r.context, og_solve_set_span(r.solve, 0, -8e307, 8e307));
  close_run(&r);
  open_run(&r, "init x = 0\nx' = 1\ntime 0 : 1\n", "precision=single");
  assert_int_equal(og_solve_set_span(r.solve, 0, 0, 1e39), OG_ERR_ARGUMENT);
  assert_contains(og_context_message(r.context), "single precision");
  close_run(&r);
}

/* States beyond all numbers are no solution, also where f does not mind. */
static void states_that_overflow(void **state) {
  (void)state;
  static const struct {
    const char *model, *settings;
  } cases[] = {
      {"init x = 0\nx' = 1e306\ntime 0 : 1000\n", ""},
      {"init x = 0\nx' = 1e306\ntime 0 : 1000\n", "steps=10;method=rk4"},
      {"init x = 0, y = 1\nx' = 1e306\ny' = -y\ntime 0 : 1000\n", "method=dop853"},
      {"init x = 0\nx' = 1e36\ntime 0 : 1000\n", "precision=single"},
      {"init x = 0, y = 1\nx' = 1e36\ny' = -y\ntime 0 : 1000\n", "precision=single;method=bs32"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    run r;
    open_run(&r, cases[i].model, cases[i].settings);
    og_status status = og_solve_run(r.solve);
    /* or too many steps, where h f is less than a rounding of x */
    if (status != OG_ERR_BLOW_UP && status != OG_ERR_TOO_MANY_STEPS)
      fail_msg("%zu: %s", i, og_status_name(status));
    close_run(&r);
  }
  run r;
  open_run(&r, "param a = 1\ninit x = 0\nx' = a\ntime 0 : 1\n", "precision=single");
  assert_int_equal(og_solve_set_initial_state(r.solve, 0, &(double){1e39}), OG_ERR_ARGUMENT);
  assert_contains(og_context_message(r.context), "the largest number of single precision");
  assert_int_equal(og_solve_set_parameters(r.solve, OG_ALL, &(double){-1e39}), OG_ERR_ARGUMENT);
  close_run(&r);
}

/* ---- Slopes that are none ---- */

/* The first evaluation tells; the equation is named. Where K_1 is finite and a later stage is not, steps
 * become smaller first. */
static void slopes_that_are_not_finite(void **state) {
  (void)state;
  static const struct {
    const char *model, *settings, *name;
    size_t most; /* evaluations */
  } cases[] = {
      {"init x = 1, y = -1\nx' = -x\ny' = sqrt(y)\ntime 0 : 1\n", "", "that of y", 1},
      {"init x = 1, y = -1\nx' = -x\ny' = sqrt(y)\ntime 0 : 1\n", "method=bs32;precision=single", "that of y",
       1},
      {"init x = 1, y = -1\nx' = -x\ny' = sqrt(y)\ntime 0 : 1\n", "method=rk4;steps=10", "that of y", 5},
      {"init x = [1, 2]\nx' = [1, 1/(x[1] - 1)]\ntime 0 : 1\n", "", "that of x[2]", 1},
      {"init x = 1\nx' = -x\ncost integral = log(-x)\ntime 0 : 1\n", "", "the running cost", 1},
      {"init x = 1, y = 0\nx' = -1\ny' = sqrt(x)\ntime 0 : 3\n", "", "that of y", 100000},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    run r;
    open_run(&r, cases[i].model, cases[i].settings);
    assert_int_equal(og_solve_run(r.solve), OG_ERR_NOT_FINITE);
    if (!strstr(og_context_message(r.context), cases[i].name))
      fail_msg("%s: %s", cases[i].model, og_context_message(r.context));
    assert_true(og_solve_stat(r.solve, OG_STAT_RHS_EVALS) <= cases[i].most);
    close_run(&r);
  }
}

/* Failures that min-step has brought about name it, and others do not. */
static void min_step_is_named(void **state) {
  (void)state;
  static const struct {
    const char *model, *settings;
    og_status status;
    int named;
  } cases[] = {
      {"init x = 1\nx' = 1e3*sin(1e4*t)\ntime 0 : 1\n", "min-step=0.01", OG_ERR_STEP_UNDERFLOW, 1},
      {"init x = 1, y = 0\nx' = -1\ny' = sqrt(x)\ntime 0 : 3\n", "min-step=0.01", OG_ERR_NOT_FINITE, 1},
      {"init x = 1, y = 0\nx' = -1\ny' = sqrt(x)\ntime 0 : 3\n", "", OG_ERR_NOT_FINITE, 0},
      {"init x = -1\nx' = sqrt(x)\ntime 0 : 3\n", "min-step=1e-9", OG_ERR_NOT_FINITE, 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    run r;
    open_run(&r, cases[i].model, cases[i].settings);
    assert_int_equal(og_solve_run(r.solve), cases[i].status);
    assert_int_equal(strstr(og_context_message(r.context), "min-step = ") != NULL, cases[i].named);
    close_run(&r);
  }
}

/* Limits that exclude one another are refused, of adaptive steps and where both are set; equal ones are not.
 */
static void limits_of_steps_are_in_order(void **state) {
  (void)state;
  static const struct {
    const char *settings, *words; /* NULL: taken */
  } cases[] = {
      {"min-step=3;max-step=1", "min-step = 3 is above max-step = 1"},
      {"first-step=0.5;max-step=0.25", "first-step = 0.5 is above max-step = 0.25"},
      {"min-step=0.1;first-step=1e-3", "min-step = 0.1 is above first-step = 0.001"},
      {"min-step=1e-3;first-step=1e-2;max-step=0.1", NULL},
      {"min-step=0.125;first-step=0.125;max-step=0.125", NULL},
      {"min-step=3", NULL},
      {"first-step=3", NULL},
      {"min-step=3;max-step=1;method=rk4;steps=10", NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    run r;
    og_solve *solve = NULL;
    open_run(&r, "init x = 1\nx' = -x\ntime 0 : 1\n", "");
    set_options(&r, cases[i].settings);
    og_status status = og_solve_create(r.context, og_model_field(r.model), r.options, 1, &solve);
    assert_int_equal(status, cases[i].words ? OG_ERR_ARGUMENT : OG_OK);
    if (cases[i].words) assert_contains(og_context_message(r.context), cases[i].words);
    og_solve_destroy(solve);
    close_run(&r);
  }
}

/* ---- Tolerances of single states ---- */

/* x = c (1 - e^-t), y = c (1 - (1 + t) e^-t), at t = 5; z = e^-5. */
#define SMALL "param c = 1e-12\ninit x = 0, y = 0, z = 1\nx' = c - x\ny' = x - y\nz' = -z\ntime 0 : 5\n"

static void assert_small_is_right(const double *x, double tolerance) {
  double e = exp(-5.0), truth[] = {1 - e, 1 - 6 * e};
  for (int i = 0; i < 2; i++)
    if (!(fabs(1e12 * x[i] - truth[i]) <= tolerance)) fail_msg("%d: %.17g", i, 1e12 * x[i]);
}

/* Errors of 1e-6 a step in a solution that forgets them. Both ways to say it are the same; the general one
 * for all has the bits of none. */
static void every_state_has_its_own(void **state) {
  (void)state;
  static const double own[] = {1e-19, 1e-19, 1e-9}, same[] = {1e-9, 1e-9, 1e-9}, bad[] = {1e-9, 0, 1e-9};
  double by_name[3], by_number[3], plain[3], alike[3], back[3];
  for (int single = 0; single < 2; single++) {
    const char *precision = single ? "precision=single;rtol=1e-4" : "";
    char settings[128];
    run r;
    snprintf(settings, sizeof settings, "atol=x=1e-19,y=1e-10;atol=y=1e-19;%s", precision);
    open_run(&r, SMALL, settings);
    CHECK(r.context, og_solve_run(r.solve));
    CHECK(r.context, og_solve_final(r.solve, 0, by_name));
    assert_small_is_right(by_name, single ? 1e-3 : 1e-5);
    assert_int_equal(r.lines, 0);
    close_run(&r);
    open_run(&r, SMALL, precision);
    CHECK(r.context, og_solve_run(r.solve));
    CHECK(r.context, og_solve_final(r.solve, 0, plain));
    CHECK(r.context, og_solve_set_atol(r.solve, same));
    CHECK(r.context, og_solve_run(r.solve));
    CHECK(r.context, og_solve_final(r.solve, 0, alike));
    assert_memory_equal(alike, plain, sizeof plain);
    CHECK(r.context, og_solve_set_atol(r.solve, own));
    assert_int_equal(og_solve_pullback(r.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                      .final_bar = own, .x0_bar = back}),
                     OG_ERR_STATE);
    CHECK(r.context, og_solve_run(r.solve));
    CHECK(r.context, og_solve_final(r.solve, 0, by_number));
    assert_memory_equal(by_number, by_name, sizeof by_name);
    assert_int_equal(og_solve_set_atol(r.solve, bad), OG_ERR_BOUNDS);
    CHECK(r.context, og_solve_set_atol(r.solve, NULL));
    CHECK(r.context, og_solve_run(r.solve));
    CHECK(r.context, og_solve_final(r.solve, 0, back));
    assert_memory_equal(back, plain, sizeof plain);
    close_run(&r);
  }
}

/* d/dc of 1e12 y(5), by every adjoint. */
static void gradients_have_them_too(void **state) {
  (void)state;
  double truth = 1e12 * (1 - 6 * exp(-5.0));
  for (int adjoint = OG_ADJOINT_DISCRETE; adjoint <= OG_ADJOINT_FORWARD; adjoint++) {
    run r;
    double c_bar = 0, final_bar[] = {0, 1e12, 0};
    open_run(&r, SMALL, "atol=x=1e-19,y=1e-19");
    og_solve_destroy(r.solve);
    CHECK(r.context, og_options_set_choice(r.options, OG_OPT_ADJOINT, adjoint));
    CHECK(r.context, og_solve_create(r.context, og_model_field(r.model), r.options, 1, &r.solve));
    CHECK(r.context, og_solve_set_span(r.solve, 0, 0, 5));
    CHECK(r.context, og_solve_set_parameters(r.solve, OG_ALL, r.theta));
    CHECK(r.context, og_solve_set_initial_state(r.solve, 0, (double[]){0, 0, 1}));
    CHECK(r.context, og_solve_run(r.solve));
    og_status status =
        og_solve_pullback(r.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = final_bar,
                                                         .theta_bar = &c_bar});
    CHECK(r.context, status);
    if (!(fabs(c_bar - truth) <= 1e-5 * truth))
      fail_msg("adjoint %d: %.17g, not %.17g", adjoint, c_bar, truth);
    close_run(&r);
  }
}

static void names_that_are_none(void **state) {
  (void)state;
  static const struct {
    const char *text, *words;
    og_status status;
    int at_once; /* not only when the states are known */
  } cases[] = {
      {"zz=1", "no state zz", OG_ERR_NAME, 0},
      {"x[2]=1", "state x has 1 component", OG_ERR_ARGUMENT, 0},
      {"v[0]=1", "state v has 2 components", OG_ERR_ARGUMENT, 0},
      {"v[1,2]=1", "expected a number", OG_ERR_ARGUMENT, 1},
      {"x=0", "must be from", OG_ERR_BOUNDS, 1},
      {"x=", "expected a number", OG_ERR_ARGUMENT, 1},
      {"=1", "expected a number", OG_ERR_ARGUMENT, 1},
      {"x=1,", "expected a number", OG_ERR_ARGUMENT, 1},
      {"x=1e-9y", "expected a number", OG_ERR_ARGUMENT, 1},
  };
  og_context *context = new_context();
  og_model *model = parse(context, "init x = 1, v = [1, 2]\nx' = -x\nv' = -v\n");
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    og_options *options;
    og_solve *solve;
    CHECK(context, og_options_create(context, &options));
    og_status status = og_options_set_text(options, "atol", cases[i].text);
    assert_int_equal(status != OG_OK, cases[i].at_once);
    if (status == OG_OK) status = og_solve_create(context, og_model_field(model), options, 1, &solve);
    assert_int_equal(status, cases[i].status);
    assert_contains(og_context_message(context), cases[i].words);
    og_options_destroy(options);
  }
  og_model_destroy(model);
  og_context_destroy(context);
}

/* ---- States that atol does not see ---- */

static void hidden_states_are_named(void **state) {
  (void)state;
  static const struct {
    const char *model, *settings, *words; /* NULL: no warning */
  } cases[] = {
      {SMALL, "", "x (at most 9.9e-13), y (at most 9.6e-13): within a thousand times atol = 1e-09"},
      {SMALL, "adjoint=backsolve", "x (at most 9.9e-13), y (at most 9.6e-13)"},
      {SMALL, "memory=150kB", "x (at most 9.9e-13), y (at most 9.6e-13)"},
      {SMALL, "atol=x=1e-18", "y (at most"},
      {SMALL, "atol=x=1e-18,y=1e-18", NULL},
      {SMALL, "steps=100", NULL},
      {SMALL, "atol=1e-18", NULL},
      {"init x = 0, y = 1\nx' = -x\ny' = -y\ntime 0 : 5\n", "", NULL}, /* exactly zero throughout */
      {"init x = 1e-9\nx' = x\ntime 0 : 20\n", "atol=1e-11", NULL},    /* small at first */
      {"init x = 1.1e-6, y = 1\nx' = -x\ny' = -y\ntime 0 : 5\n", "", NULL},
      {"init x = 0.99e-6, y = 1\nx' = -x\ny' = -y\ntime 0 : 5\n", "", "x (at most 9.9e-07)"},
      {"init x = 1\nx' = -x\ncost integral = 1e-12*x\ntime 0 : 5\n", "", "the running cost"},
      {"init x = [1e-9, 1, 1e-8]\nx' = -x\ntime 0 : 5\n", "", "x[1] (at most 1e-09), x[3] (at most 1e-08)"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    run r;
    open_run(&r, cases[i].model, cases[i].settings);
    for (int k = 0; k < 3; k++) CHECK(r.context, og_solve_run(r.solve)); /* told once */
    size_t lines = cases[i].words ? 1 : 0;
    if (r.lines != lines)
      fail_msg("%s, %s: %zu warnings, %s", cases[i].model, cases[i].settings, r.lines, r.line);
    if (cases[i].words) assert_contains(r.line, cases[i].words);
    close_run(&r);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(first_steps),
      cmocka_unit_test(t_advances),
      cmocka_unit_test(spans_that_have_no_length),
      cmocka_unit_test(states_that_overflow),
      cmocka_unit_test(slopes_that_are_not_finite),
      cmocka_unit_test(min_step_is_named),
      cmocka_unit_test(limits_of_steps_are_in_order),
      cmocka_unit_test(every_state_has_its_own),
      cmocka_unit_test(gradients_have_them_too),
      cmocka_unit_test(names_that_are_none),
      cmocka_unit_test(hidden_states_are_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
