/* The sweep of `odegrad check`: its levels and their options, what is taken for the truth, errors and
 * failures. The library is played: every run has a gradient that is scripted. */
#include "counting.h"

#include <math.h>

#pragma push_macro("fail") /* of cmocka: the tool has a function of that name */
#undef fail
#define fail tool_fail
#include "check.h"
#pragma pop_macro("fail")

enum { TRAJECTORIES = 2, COMPONENTS = 6, RUNS_MOST = 12, WORDS_MOST = 8 };

/* ---- The library that is played (the linker's --wrap) ---- */

typedef struct asked {
  double rtol, atol;
  long long steps, method, precision;
} asked;

static struct {
  int created, live; /* objectives; the first is that of the truth */
  asked options[RUNS_MOST];
  og_status create[RUNS_MOST];              /* what each answers, */
  og_status plain;                          /* without a gradient, */
  og_status evaluate[RUNS_MOST][WAY_COUNT]; /* with one; */
  double error[RUNS_MOST][WAY_COUNT];       /* and how far dL/dk is from the truth, which is 4 */
  int evaluated[RUNS_MOST][WAY_COUNT];
  int logs, logged;
} play;

og_status __wrap_og_objective_create(og_context *context, const og_model *model, const og_table *table,
                                     const og_options *options, og_objective **out);
og_status __real_og_objective_create(og_context *context, const og_model *model, const og_table *table,
                                     const og_options *options, og_objective **out);
og_status __wrap_og_objective_create(og_context *context, const og_model *model, const og_table *table,
                                     const og_options *options, og_objective **out) {
  int index = play.created++;
  assert_true(index < RUNS_MOST);
  play.options[index] =
      (asked){og_options_real(options, OG_OPT_RTOL), og_options_real(options, OG_OPT_ATOL),
              og_options_integer(options, OG_OPT_STEPS), og_options_integer(options, OG_OPT_METHOD),
              og_options_integer(options, OG_OPT_PRECISION)};
  if (play.create[index] != OG_OK) return og_fail(context, play.create[index], "no objective");
  play.live++;
  return __real_og_objective_create(context, model, table, options, out);
}

void __wrap_og_objective_destroy(og_objective *objective);
void __real_og_objective_destroy(og_objective *objective);
void __wrap_og_objective_destroy(og_objective *objective) {
  play.live -= objective != NULL;
  __real_og_objective_destroy(objective);
}

static const way way_of[] = {[OG_ADJOINT_DISCRETE] = WAY_DISCRETE,
                             [OG_ADJOINT_BACKSOLVE] = WAY_BACKSOLVE,
                             [OG_ADJOINT_INTERPOLATE] = WAY_INTERPOLATE,
                             [OG_ADJOINT_QUADRATURE] = WAY_QUADRATURE,
                             [OG_ADJOINT_FORWARD] = WAY_FORWARD};

og_status __wrap_og_objective_evaluate_with(og_objective *objective, og_adjoint adjoint, const double *theta,
                                            double *loss, double *theta_bar);
og_status __wrap_og_objective_evaluate_with(og_objective *objective, og_adjoint adjoint, const double *theta,
                                            double *loss, double *theta_bar) {
  int run = play.created - 1;
  way which = way_of[adjoint];
  (void)theta;
  assert_non_null(objective);
  play.logged |= play.logs;
  *loss = 1;
  if (!theta_bar) return play.plain;
  play.evaluated[run][which]++;
  theta_bar[0] = 4 + play.error[run][which], theta_bar[1] = 1;
  return play.evaluate[run][which];
}

/* Times have another one at each level, which does not count. */

og_status __wrap_og_objective_initial_gradient(const og_objective *objective, double *x0_bar);
og_status __wrap_og_objective_initial_gradient(const og_objective *objective, double *x0_bar) {
  (void)objective;
  x0_bar[0] = 8, x0_bar[1] = 2;
  return OG_OK;
}

og_status __wrap_og_objective_time_gradient(const og_objective *objective, double *t0_bar, double *t1_bar);
og_status __wrap_og_objective_time_gradient(const og_objective *objective, double *t0_bar, double *t1_bar) {
  (void)objective;
  *t0_bar = 1, *t1_bar = play.created == 1 ? 1 : 100;
  return OG_OK;
}

void __wrap_og_context_set_log(og_context *of, og_log_fn log, void *user);
void __wrap_og_context_set_log(og_context *of, og_log_fn log, void *user) {
  (void)of, (void)user;
  play.logs = log != NULL;
}

/* ---- Runs ---- */

typedef struct made {
  arguments a;
  problem p;
  check c;
  double x0[TRAJECTORIES];
} made;

static void make(made *m, const char *const words[WORDS_MOST]) {
  char *argv[WORDS_MOST + 3] = {"tests/cli/fixtures/decay.ode", "--data", "tests/cli/fixtures/two.csv"};
  int count = 3;
  for (int i = 0; i < WORDS_MOST && words[i]; i++) argv[count++] = (char *)words[i];
  *m = (made){.a = {.verb = VERB_CHECK, .verb_name = "check"}, .x0 = {2, 2}};
  assert_int_equal(parse_arguments(count, argv, &m->a), EXIT_DONE);
  assert_int_equal(load_problem(&m->a, &m->p), EXIT_DONE);
  memset(&play, 0, sizeof play);
  m->c = (check){.p = &m->p, .count = COMPONENTS, .x0 = m->x0, .span = 4, .loss = 0};
}

static void drop(made *m) {
  assert_int_equal(play.live, 0);
  assert_true(play.logs && !play.logged); /* warnings are shown again, and were not in between */
  free_problem(&m->p);
  free_arguments(&m->a);
}

#define WORDS(...) ((const char *const[WORDS_MOST]){__VA_ARGS__})

static void is_near(double value, double expected) {
  if (!(fabs(value - expected) <= 1e-12 * fabs(expected))) fail_msg("%.17g is not %.17g", value, expected);
}

/* ---- Levels ---- */

/* Powers of ten that the precision can meet, with atol in proportion; numbers of steps from a quarter on. */
static void levels(void **state) {
  (void)state;
  static const struct {
    const char *option;
    size_t count;
    double first; /* steps; 0: tolerances */
  } cases[] = {{"--rtol=1e-5", 8, 0},  {"--precision=single", 4, 0}, {"--steps=8", 8, 2},
               {"--steps=100", 8, 25}, {"--steps=3", 8, 1},          {"--steps=4", 8, 1},
               {"--steps=1", 8, 1}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    made m;
    sweep s;
    double rtol = i == 0 ? 1e-5 : 1e-6;
    int single = i == 1;
    make(&m, WORDS(cases[i].option, "--method=heun", cases[i].first > 0 ? NULL : "--atol=1e-7"));
    assert_int_equal(run_sweep(&m.c, &s), OG_OK);
    double atol = cases[i].first > 0 ? 1e-9 : 1e-7;
    assert_int_equal(s.count, cases[i].count);
    assert_int_equal(s.fixed, cases[i].first > 0);
    assert_int_equal(play.created, 1 + (int)s.count);
    const asked *truth = &play.options[0];
    is_near(truth->rtol, 1e-13), is_near(truth->atol, atol * 1e-13 / rtol);
    assert_true(truth->steps == 0 && truth->method == OG_METHOD_DOP853 &&
                truth->precision == OG_PRECISION_DOUBLE);
    for (size_t k = 0; k < s.count; k++) {
      const asked *level = &play.options[1 + k];
      is_near(s.levels[k], s.fixed ? cases[i].first * (1 << k) : pow(10, -3 - (double)k));
      assert_true(level->method == OG_METHOD_HEUN && level->precision == single);
      if (s.fixed)
        assert_true((double)level->steps == s.levels[k] && level->rtol == rtol);
      else
        is_near(level->rtol, s.levels[k]), is_near(level->atol, atol * s.levels[k] / rtol);
    }
    drop(&m);
  }
}

/* Relative to the largest of the kind, here 4, and to discrete of the same level. */
static void errors(void **state) {
  (void)state;
  made m;
  sweep s;
  make(&m, WORDS("--rtol=1e-5"));
  for (int run = 1; run <= 8; run++)
    for (way w = 0; w < WAY_COUNT; w++)
      play.error[run][w] = run * (w == WAY_DISCRETE ? 0.5 : -0.25 * (double)w);
  play.evaluate[3][WAY_BACKSOLVE] = OG_ERR_STIFF;
  play.evaluate[4][WAY_DISCRETE] = OG_ERR_BLOW_UP;
  play.create[5] = OG_ERR_BUDGET;
  assert_int_equal(run_sweep(&m.c, &s), OG_OK);
  assert_int_equal(s.truth, WAY_DISCRETE);
  for (size_t k = 0; k < 8; k++)
    for (way w = 0; w < WAY_DIFFERENCES; w++) {
      double run = (double)k + 1, error = w == WAY_DISCRETE ? 0.5 * run : 0.25 * run * (double)w,
             away = w == WAY_DISCRETE ? 0 : error + 0.5 * run;
      int none = (k == 2 && w == WAY_BACKSOLVE) || (k == 3 && w == WAY_DISCRETE) || k == 4;
      if (none)
        assert_true(isnan(s.errors[w][k]) && isnan(s.apart[w][k]));
      else
        is_near(s.errors[w][k], error / 4);
      if (!none && k == 3) assert_true(isnan(s.apart[w][k])); /* from what is not known */
      if (!none && k != 3) is_near(s.apart[w][k], away / 4);
    }
  drop(&m);
}

/* Forward sensitivities are left out where there are too many parameters. */
static void with_a_sample(void **state) {
  (void)state;
  made m;
  sweep s;
  size_t sample[] = {0};
  make(&m, WORDS("--rtol=1e-5"));
  m.c.sample = sample, m.c.sample_count = 1;
  assert_int_equal(run_sweep(&m.c, &s), OG_OK);
  for (size_t k = 0; k < 8; k++) {
    assert_int_equal(play.evaluated[1 + k][WAY_FORWARD], 0);
    assert_true(isnan(s.errors[WAY_FORWARD][k]) && s.errors[WAY_QUADRATURE][k] == 0);
  }
  drop(&m);
}

/* What ends all ends the sweep, wherever it happens. */
static void what_ends_it(void **state) {
  (void)state;
  for (int k = 0; k < 7; k++) {
    made m;
    sweep s;
    og_status ending = k % 2 ? OG_ERR_MEMORY : OG_ERR_INTERRUPTED;
    make(&m, WORDS("--rtol=1e-5"));
    if (k == 0) play.plain = ending;
    if (k == 1) play.create[0] = ending;
    if (k == 2) play.evaluate[0][WAY_DISCRETE] = ending;
    if (k == 3) play.evaluate[0][WAY_QUADRATURE] = ending;
    if (k == 4) play.evaluate[2][WAY_BACKSOLVE] = ending;
    if (k == 5) play.create[2] = ending;
    if (k == 6) play.error[0][WAY_DISCRETE] = 1, play.evaluate[0][WAY_INTERPOLATE] = ending;
    assert_int_equal(run_sweep(&m.c, &s), ending);
    assert_int_equal(play.created, k == 4 || k == 5 ? 3 : 1);
    drop(&m);
  }
  made m; /* nor is there one without the loss */
  sweep s;
  make(&m, WORDS("--rtol=1e-5"));
  play.plain = OG_ERR_BLOW_UP;
  assert_int_equal(run_sweep(&m.c, &s), OG_ERR_BLOW_UP);
  assert_int_equal(play.created, 1);
  drop(&m);
}

/* ---- The truth ---- */

/* Errors of discrete, quadrature and interpolate in units of 4, the largest of their kind; NaN: it fails. */
static void which_is_the_truth(void **state) {
  (void)state;
  static const struct {
    double discrete, quadrature, interpolate;
    way truth;
    double apart;
  } cases[] = {{0, 0, NAN, WAY_DISCRETE, 0},      {0, 0.9e-7, NAN, WAY_DISCRETE, 0.9e-7},
               {0, 1.1e-7, 0, WAY_COUNT, 1.1e-7}, {0, 1.1e-7, 0.5e-7, WAY_QUADRATURE, 1.1e-7},
               {1, 0, 0.9e-7, WAY_QUADRATURE, 1}, {1, 0, 1.1e-7, WAY_COUNT, 1},
               {1, 0, NAN, WAY_COUNT, 1},         {0, NAN, NAN, WAY_DISCRETE, 0},
               {0, NAN, 0, WAY_DISCRETE, 0},      {NAN, 0, 0, WAY_QUADRATURE, 0},
               {NAN, 0, 1, WAY_COUNT, 0},         {NAN, NAN, 0, WAY_COUNT, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    made m;
    sweep s;
    const double errors[] = {cases[i].discrete, cases[i].quadrature, cases[i].interpolate};
    static const way ways[] = {WAY_DISCRETE, WAY_QUADRATURE, WAY_INTERPOLATE};
    make(&m, WORDS("--rtol=1e-5"));
    for (int k = 0; k < 3; k++) {
      if (isnan(errors[k])) play.evaluate[0][ways[k]] = OG_ERR_UNRESOLVED;
      if (!isnan(errors[k])) play.error[0][ways[k]] = 4 * errors[k];
    }
    assert_int_equal(run_sweep(&m.c, &s), OG_OK);
    if (s.truth != cases[i].truth) fail_msg("case %zu: way %d", i, (int)s.truth);
    if (!(fabs(s.truths_apart - cases[i].apart) <= 1e-12)) fail_msg("case %zu: %g", i, s.truths_apart);
    assert_int_equal(play.created, s.truth == WAY_COUNT ? 1 : 9);
    if (s.truth == WAY_QUADRATURE) /* the levels have the value 4, and are measured from its */
      assert_true(fabs(s.errors[WAY_DISCRETE][0] - cases[i].quadrature / (1 + cases[i].quadrature)) < 1e-12);
    drop(&m);
  }
}

static void as_json(void **state) {
  (void)state;
  for (int fixed = 0; fixed < 2; fixed++) {
    sweep s = {.truth = fixed ? WAY_QUADRATURE : WAY_DISCRETE, .fixed = fixed, .count = 2, .levels = {2, 4}};
    for (way w = 0; w < WAY_COUNT; w++)
      for (size_t k = 0; k < 2; k++)
        s.errors[w][k] = (double)(10 * w + k), s.apart[w][k] = 0.5 * (double)(10 * w + k);
    s.errors[WAY_BACKSOLVE][0] = NAN;
    cJSON *object = sweep_json(&s);
    char *text = cJSON_PrintUnformatted(object), expected[600];
    snprintf(expected, sizeof expected,
             "{\"%s\":[2,4],\"truth\":\"%s\",\"error\":{\"discrete\":[0,1],\"forward\":[10,11],\"backsolve\":"
             "[null,21],"
             "\"interpolate\":[30,31],\"quadrature\":[40,41]},\"from_discrete\":{\"forward\":[5,5.5],"
             "\"backsolve\":[10,10.5],\"interpolate\":[15,15.5],\"quadrature\":[20,20.5]}}",
             fixed ? "steps" : "rtol", fixed ? "quadrature" : "discrete");
    assert_string_equal(text, expected);
    cJSON_free(text);
    cJSON_Delete(object);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(levels),
                                     cmocka_unit_test(errors),
                                     cmocka_unit_test(with_a_sample),
                                     cmocka_unit_test(what_ends_it),
                                     cmocka_unit_test(which_is_the_truth),
                                     cmocka_unit_test(as_json)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
