/* The finer runs of `odegrad check`: with what options they are made, when steps are limited besides, and
 * what is made of their gradients and failures. The library is played: steps, spans and gradients are
 * scripted. */
#include "counting.h"

#include <math.h>

#pragma push_macro("fail") /* of cmocka: the tool has a function of that name */
#undef fail
#define fail tool_fail
#include "check.h"
#pragma pop_macro("fail")

enum { TRAJECTORIES = 2, COMPONENTS = 6, CREATED_MOST = 10, WORDS_MOST = 8 };

/* ---- The library that is played (the linker's --wrap) ---- */

typedef struct asked {
  double rtol, atol, min_step, max_step, first_step;
  long long steps, max_steps;
} asked;

static struct {
  int created, live; /* objectives made so far, with these options, and those not destroyed */
  asked options[CREATED_MOST];
  og_status create, evaluate; /* what they answer */
  og_adjoint failing;         /* which way `evaluate` is of */
  double spans[TRAJECTORIES];
  long long steps[CREATED_MOST + 1]; /* of the plain run, then of every finer one */
  int counted;                       /* evaluations without a gradient */
  og_adjoint last;
  int logs; /* warnings are shown */
  int logged_while_finer;
} play;

og_status __wrap_og_objective_create(og_context *context, const og_model *model, const og_table *table,
                                     const og_options *options, og_objective **out);
og_status __real_og_objective_create(og_context *context, const og_model *model, const og_table *table,
                                     const og_options *options, og_objective **out);
og_status __wrap_og_objective_create(og_context *context, const og_model *model, const og_table *table,
                                     const og_options *options, og_objective **out) {
  if (play.create != OG_OK) return og_fail(context, play.create, "no objective");
  assert_true(play.created < CREATED_MOST);
  play.options[play.created++] =
      (asked){og_options_real(options, OG_OPT_RTOL),        og_options_real(options, OG_OPT_ATOL),
              og_options_real(options, OG_OPT_MIN_STEP),    og_options_real(options, OG_OPT_MAX_STEP),
              og_options_real(options, OG_OPT_FIRST_STEP),  og_options_integer(options, OG_OPT_STEPS),
              og_options_integer(options, OG_OPT_MAX_STEPS)};
  play.live++;
  return __real_og_objective_create(context, model, table, options, out);
}

void __wrap_og_objective_destroy(og_objective *objective);
void __real_og_objective_destroy(og_objective *objective);
void __wrap_og_objective_destroy(og_objective *objective) {
  play.live -= objective != NULL;
  __real_og_objective_destroy(objective);
}

static og_context *context;
static og_objective *plain; /* the one of the plain runs */

/* dL/dtheta of a finer run, by the way: k, a. The other kinds follow below. */
static double finer_value(og_adjoint way, size_t i) {
  return (double)(i + 1) * (way == OG_ADJOINT_QUADRATURE ? -1 : 1);
}

og_status __wrap_og_objective_evaluate_with(og_objective *objective, og_adjoint adjoint, const double *theta,
                                            double *loss, double *theta_bar);
og_status __wrap_og_objective_evaluate_with(og_objective *objective, og_adjoint adjoint, const double *theta,
                                            double *loss, double *theta_bar) {
  (void)theta;
  *loss = 1;
  play.last = adjoint;
  play.logged_while_finer |= play.logs;
  if (!theta_bar) {
    play.counted++;
    return OG_OK;
  }
  assert_ptr_not_equal(objective, plain);
  if (play.evaluate != OG_OK && adjoint == play.failing) return og_fail(context, play.evaluate, "too stiff");
  for (size_t i = 0; i < 2; i++) theta_bar[i] = finer_value(adjoint, i);
  return OG_OK;
}

og_status __wrap_og_objective_initial_gradient(const og_objective *objective, double *x0_bar);
og_status __wrap_og_objective_initial_gradient(const og_objective *objective, double *x0_bar) {
  (void)objective;
  for (size_t i = 0; i < 2; i++) x0_bar[i] = finer_value(play.last, 2 + i);
  return OG_OK;
}

og_status __wrap_og_objective_time_gradient(const og_objective *objective, double *t0_bar, double *t1_bar);
og_status __wrap_og_objective_time_gradient(const og_objective *objective, double *t0_bar, double *t1_bar) {
  (void)objective;
  *t0_bar = finer_value(play.last, 4), *t1_bar = finer_value(play.last, 5);
  return OG_OK;
}

size_t __wrap_og_objective_stat(const og_objective *objective, og_stat stat);
size_t __wrap_og_objective_stat(const og_objective *objective, og_stat stat) {
  assert_int_equal(stat, OG_STAT_STEPS);
  return play.steps[objective == plain ? 0 : play.created];
}

og_status __wrap_og_objective_span(const og_objective *objective, size_t trajectory, double *t0, double *t1);
og_status __wrap_og_objective_span(const og_objective *objective, size_t trajectory, double *t0, double *t1) {
  (void)objective;
  *t0 = 7, *t1 = 7 - play.spans[trajectory]; /* backward */
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
  double x0[TRAJECTORIES], scale[COMPONENTS], values[WAY_COUNT][COMPONENTS], change[WAY_COUNT][COMPONENTS];
} made;

/* A plain run of 100 steps for each of two trajectories, and one finer run of 200; all derivatives are 1/2.
 */
static void make(made *m, const char *const words[WORDS_MOST]) {
  char *argv[WORDS_MOST + 3] = {"tests/cli/fixtures/decay.ode", "--data", "tests/cli/fixtures/two.csv"};
  int count = 3;
  for (int i = 0; i < WORDS_MOST && words[i]; i++) argv[count++] = (char *)words[i];
  *m = (made){.a = {.verb = VERB_CHECK, .verb_name = "check"}};
  assert_int_equal(parse_arguments(count, argv, &m->a), EXIT_DONE);
  assert_int_equal(load_problem(&m->a, &m->p), EXIT_DONE);
  context = m->p.context;
  memset(&play, 0, sizeof play);
  assert_int_equal(__real_og_objective_create(context, m->p.model, m->p.data, m->p.options, &plain), OG_OK);
  m->c =
      (check){.p = &m->p, .objective = plain, .count = COMPONENTS, .x0 = m->x0, .scale = m->scale, .span = 4};
  for (way w = 0; w < WAY_COUNT; w++)
    m->c.columns[w].values = m->values[w], m->c.columns[w].change = m->change[w];
  for (way w = 0; w < WAY_COUNT; w++)
    for (size_t i = 0; i < COMPONENTS; i++) m->values[w][i] = 0.5;
  play.spans[0] = 3, play.spans[1] = 5;
  play.steps[0] = 100, play.steps[1] = 200;
}

static void drop(made *m) {
  assert_int_equal(play.live, 0);
  for (way w = 0; w < WAY_COUNT; w++) free(m->c.columns[w].reason);
  free(m->c.finer_failure);
  og_objective_destroy(plain);
  free_problem(&m->p);
  free_arguments(&m->a);
}

#define WORDS(...) ((const char *const[WORDS_MOST]){__VA_ARGS__})

static void is_near(double value, double expected) {
  if (!(fabs(value - expected) <= 1e-14 * fabs(expected))) fail_msg("%.17g is not %.17g", value, expected);
}

/* ---- Options ---- */

/* A tenth of rtol, but no finer than rounding lets it be met, and never wider than it was. */
static void tolerances(void **state) {
  (void)state;
  static const struct {
    const char *rtol, *precision;
    double finer;
  } cases[] = {{"1e-3", "double", 1e-4},   {"1e-13", "double", 1e-14}, {"5e-14", "double", 1e-14},
               {"1e-15", "double", 1e-15}, {"1e-3", "single", 1e-4},   {"5e-6", "single", 1e-6},
               {"1e-7", "single", 1e-7}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    made m;
    make(&m, WORDS("--rtol", cases[i].rtol, "--precision", cases[i].precision, "--atol=1e-5"));
    assert_int_equal(run_finer(&m.c), OG_OK);
    is_near(play.options[0].rtol, cases[i].finer);
    is_near(play.options[0].atol, 1e-6);
    drop(&m);
  }
}

static void numbers_of_steps(void **state) {
  (void)state;
  static const struct {
    const char *option;
    long long steps, max_steps;
  } cases[] = {{"--max-steps=100", 0, 400},
               {"--max-steps=100000000", 0, 400000000},
               {"--max-steps=100000001", 0, 100000001}, /* four times as many are too many for the option */
               {"--steps=1", 2, 100000},
               {"--steps=8", 16, 100000}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    made m;
    make(&m, WORDS(cases[i].option, "--rtol=1e-3"));
    assert_int_equal(run_finer(&m.c), OG_OK);
    assert_int_equal(play.created, 1);
    assert_int_equal(play.options[0].steps, cases[i].steps);
    assert_int_equal(play.options[0].max_steps, cases[i].max_steps);
    if (cases[i].steps) /* equal steps are not limited, and tolerances are left */
      assert_true(play.options[0].rtol == 1e-3 && play.options[0].max_step == 0 && play.counted == 0);
    drop(&m);
  }
}

/* Half the mean step of the longest span: 5 * 2 trajectories / 100 steps / 2. What the user limits is halved
 * where that is narrower, and steps that would not go with it are free. */
static void limits_of_steps(void **state) {
  (void)state;
  static const struct {
    const char *option;
    double limit;
  } cases[] = {{"--min-step=1e-3", 0.05},
               {"--first-step=2", 0.05},
               {"--max-step=0.06", 0.03},
               {"--max-step=0.1", 0.05},
               {"--max-step=2", 0.05}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    made m;
    make(&m, WORDS(cases[i].option));
    assert_int_equal(run_finer(&m.c), OG_OK);
    assert_int_equal(play.created, 1);
    is_near(play.options[0].max_step, cases[i].limit);
    assert_true(play.options[0].min_step == 0 && play.options[0].first_step == 0);
    drop(&m);
  }
}

/* Until there are a fifth more steps, or six times. */
static void narrower_and_narrower(void **state) {
  (void)state;
  static const struct {
    long long steps[8];
    int runs;
  } cases[] = {{{100, 120}, 1},
               {{100, 119, 120}, 2},
               {{100, 100, 100, 119, 130}, 4},
               {{100, 1, 2, 3, 4, 5, 6, 7}, 6},
               {{100, 0, 0, 0, 0, 119, 120}, 6},
               {{1, 2}, 1}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    made m;
    make(&m, WORDS("--rtol=1e-3"));
    memcpy(play.steps, cases[i].steps, sizeof cases[i].steps);
    assert_int_equal(run_finer(&m.c), OG_OK);
    assert_int_equal(play.created, cases[i].runs);
    assert_int_equal(play.counted, 1 + cases[i].runs);
    for (int k = 0; k < cases[i].runs; k++)
      is_near(play.options[k].max_step, 5. * 2 / (double)cases[i].steps[0] / 2 / (1 << k));
    drop(&m);
  }
}

/* Nothing to be halved: no steps, or a span of no length. One of length 1 is as any other. */
static void without_steps(void **state) {
  (void)state;
  for (int k = 0; k < 3; k++) {
    made m;
    make(&m, WORDS("--max-step=9"));
    if (k == 0) play.steps[0] = 0;
    if (k > 0) play.spans[0] = play.spans[1] = k - 1;
    assert_int_equal(run_finer(&m.c), OG_OK);
    assert_int_equal(play.created, 1);
    is_near(play.options[0].max_step, k < 2 ? 9 : 0.01);
    drop(&m);
  }
}

/* ---- Gradients ---- */

/* |finer - plain|, and a tenth of the largest of the kind; of the ways that are evidence of their own and
 * were computed. */
static void changes(void **state) {
  (void)state;
  made m;
  make(&m, WORDS("--rtol=1e-3"));
  m.c.columns[WAY_INTERPOLATE].failure = "it failed before";
  m.values[WAY_BACKSOLVE][0] = 5; /* finer: 1 */
  assert_int_equal(run_finer(&m.c), OG_OK);
  for (way w = 0; w < WAY_COUNT; w++) {
    int measured = w == WAY_DISCRETE || w == WAY_BACKSOLVE || w == WAY_QUADRATURE;
    double finer[COMPONENTS], difference[COMPONENTS];
    for (size_t i = 0; i < COMPONENTS; i++) {
      finer[i] = finer_value(w == WAY_QUADRATURE ? OG_ADJOINT_QUADRATURE : OG_ADJOINT_DISCRETE, i);
      difference[i] = fabs(finer[i] - m.values[w][i]);
    }
    for (size_t i = 0; i < COMPONENTS; i++) { /* two of each kind */
      size_t first = i / 2 * 2;
      double largest = fmax(difference[first], difference[first + 1]);
      is_near(m.change[w][i], measured ? difference[i] + 0.1 * largest : 0);
    }
    double moved = measured ? apart(&m.c, m.values[w], finer, NULL) : 0;
    assert_true(m.c.columns[w].moved == moved && (moved > 0) == measured && isfinite(moved));
    assert_null(m.c.columns[w].reason);
  }
  assert_false(play.logged_while_finer); /* the plain runs gave the warnings */
  assert_true(play.logs);
  drop(&m);
}

static void a_finer_run_that_fails(void **state) {
  (void)state;
  made m;
  make(&m, WORDS("--rtol=1e-3"));
  play.evaluate = OG_ERR_STIFF, play.failing = OG_ADJOINT_BACKSOLVE;
  assert_int_equal(run_finer(&m.c), OG_OK);
  for (size_t i = 0; i < COMPONENTS; i++) {
    assert_true(isinf(m.change[WAY_BACKSOLVE][i]));
    assert_true(isfinite(m.change[WAY_DISCRETE][i]) && isfinite(m.change[WAY_QUADRATURE][i]) &&
                m.change[WAY_QUADRATURE][i] > 0);
  }
  assert_true(isinf(m.c.columns[WAY_BACKSOLVE].moved) && isfinite(m.c.columns[WAY_QUADRATURE].moved));
  assert_string_equal(m.c.columns[WAY_BACKSOLVE].reason, "its finer run failed: too stiff");
  assert_true(play.logs);
  drop(&m);
  make(&m, WORDS("--rtol=1e-3"));
  play.evaluate = OG_ERR_INTERRUPTED, play.failing = OG_ADJOINT_BACKSOLVE; /* which ends all */
  assert_int_equal(run_finer(&m.c), OG_ERR_INTERRUPTED);
  assert_true(m.change[WAY_DISCRETE][0] > 0 && m.change[WAY_QUADRATURE][0] == 0 && play.logs);
  drop(&m);
}

static void no_finer_runs(void **state) {
  (void)state;
  for (int k = 0; k < 2; k++) { /* adaptive steps, and fixed ones */
    made m;
    make(&m, WORDS(k ? "--steps=8" : "--rtol=1e-3"));
    play.create = OG_ERR_BUDGET;
    assert_int_equal(run_finer(&m.c), OG_OK);
    assert_string_equal(m.c.finer_failure, "no objective");
    for (way w = 0; w < WAY_COUNT; w++) {
      assert_true(isinf(m.c.columns[w].moved) && !m.c.columns[w].reason);
      for (size_t i = 0; i < COMPONENTS; i++) assert_true(isinf(m.change[w][i]));
    }
    assert_true(play.logs);
    drop(&m);
    make(&m, WORDS(k ? "--steps=8" : "--rtol=1e-3"));
    play.create = OG_ERR_MEMORY;
    assert_int_equal(run_finer(&m.c), OG_ERR_MEMORY);
    assert_null(m.c.finer_failure);
    drop(&m);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(tolerances),
                                     cmocka_unit_test(numbers_of_steps),
                                     cmocka_unit_test(limits_of_steps),
                                     cmocka_unit_test(narrower_and_narrower),
                                     cmocka_unit_test(without_steps),
                                     cmocka_unit_test(changes),
                                     cmocka_unit_test(a_finer_run_that_fails),
                                     cmocka_unit_test(no_finer_runs)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
