/* Which gradient `odegrad check` takes for the reference, and what it says of the others: the logic, on
 * columns that are made up. */
#include "counting.h"

#include <math.h>

#pragma push_macro("fail") /* of cmocka: the tool has a function of that name */
#undef fail
#define fail tool_fail
#include "check.h"
#pragma pop_macro("fail")

enum { COUNT = 5 }; /* k, a; x(t0); t0, t1 */

typedef struct made {
  check c;
  problem p;
  double theta[2], x0[1], scale[COUNT];
  double values[WAY_COUNT][COUNT], change[WAY_COUNT][COUNT], allowed[WAY_COUNT][COUNT];
} made;

static og_context *context;

/* All ways say the same but for errors of discretisation of 1e-7, which finer runs show. */
static void make(made *m, long long steps) {
  static const double right[COUNT] = {-3, 8, 8, 8, 0};
  *m = (made){.theta = {0.5, 2}, .x0 = {2}};
  m->p = (problem){.context = context, .trajectories = 1, .n = 1, .p = 2, .theta = m->theta};
  assert_int_equal(og_options_create(context, &m->p.options), OG_OK);
  assert_int_equal(og_options_set_integer(m->p.options, OG_OPT_STEPS, steps), OG_OK);
  m->c = (check){.p = &m->p, .count = COUNT, .loss = -5, .span = 4, .x0 = m->x0, .scale = m->scale};
  for (way w = 0; w < WAY_COUNT; w++) {
    column *to = &m->c.columns[w];
    to->values = m->values[w], to->change = m->change[w], to->allowed = m->allowed[w];
    double error = is_continuous(w) ? 1e-7 * (double)w : 0;
    for (size_t i = 0; i < COUNT; i++) {
      to->values[i] = right[i] * (1 + error);
      to->change[i] = 1e-6;
    }
    to->moved = 1e-7;
  }
}

static void drop(made *m) {
  for (way w = 0; w < WAY_COUNT; w++) free(m->c.columns[w].failure), free(m->c.columns[w].reason);
  og_options_destroy(m->p.options);
}

static void conclude(made *m) {
  choose_reference(&m->c);
  scale_of(&m->c, m->c.columns[shown_way(&m->c)].values, m->scale);
  allow_all(&m->c);
  judge_all(&m->c);
}

/* A way's gradient times a factor, and how far its finer run is. */
static void spoil(made *m, way which, double factor, double moved) {
  column *to = &m->c.columns[which];
  for (size_t i = 0; i < COUNT; i++) {
    to->values[i] *= factor;
    to->change[i] = fabs(to->values[i]) * (moved < 1 ? moved : 1);
  }
  to->moved = moved;
}

static void spoil_held_steps(made *m, double factor, double moved) {
  spoil(m, WAY_DISCRETE, factor, moved);
  spoil(m, WAY_FORWARD, factor, moved);
  spoil(m, WAY_DIFFERENCES, factor, moved);
}

static void fail_way(made *m, way which, int unsupported) {
  m->c.columns[which].failure = join("out of order");
  m->c.columns[which].unsupported = unsupported;
}

static void check_word(const made *m, way which, const char *word) {
  const column *to = &m->c.columns[which];
  const char *is = which == m->c.reference ? "reference"
                   : !to->judged           ? "not judged"
                   : to->agrees            ? "agrees"
                                           : "disagrees";
  if (strcmp(is, word) != 0) fail_msg("%s: %s, not %s", way_name(which), is, word);
}

static void check_words(made *m, const char *const words[WAY_COUNT], int agree) {
  conclude(m);
  for (way w = 0; w < WAY_COUNT; w++) check_word(m, w, words[w]);
  assert_int_equal(all_agree(&m->c), agree);
  drop(m);
}

static void where_all_is_well(void **state) {
  (void)state;
  made m;
  for (long long steps = 0; steps <= 100; steps += 100) {
    make(&m, steps);
    conclude(&m);
    assert_true(m.c.confirmed_by_itself && m.c.confirmed_by[WAY_BACKSOLVE] &&
                m.c.confirmed_by[WAY_INTERPOLATE] && m.c.confirmed_by[WAY_QUADRATURE] &&
                !m.c.confirmed_by[WAY_FORWARD] && !m.c.below);
    drop(&m);
    make(&m, steps);
    check_words(&m, (const char *[]){"reference", "agrees", "agrees", "agrees", "agrees", "agrees"}, 1);
  }
}

/* Held steps that explode: forward and differences agree with discrete, and are as useless. */
static void exploded_steps_are_no_reference(void **state) {
  (void)state;
  static const char *const words[] = {"disagrees", "disagrees", "agrees", "agrees", "reference", "disagrees"};
  made m;
  for (int k = 0; k < 3; k++) {
    make(&m, 0); /* its finer run explodes elsewhere, as much, or does not */
    spoil_held_steps(&m, 1e71, k == 0 ? 1e60 : k == 1 ? 0.5 : 1e71);
    check_words(&m, words, 0);
  }
  make(&m, 0);
  spoil_held_steps(&m, 1e71, 1e-8); /* the finer run repeats the steps: two others outvote it */
  conclude(&m);
  assert_int_equal(m.c.reference, WAY_QUADRATURE);
  assert_contains(m.c.columns[WAY_DISCRETE].reason, "away from quadrature");
  assert_contains(m.c.columns[WAY_FORWARD].reason, "holds the steps of discrete");
  drop(&m);
  make(&m, 0);
  spoil_held_steps(&m, 1 + 2e-2, 1); /* 2 %, where 1e-6 was asked for */
  check_words(&m, words, 0);
}

/* Continuous ones that are off with the seminorm: quadrature alone is confirmed, by its finer run. */
static void one_alone_is_confirmed_by_its_finer_run(void **state) {
  (void)state;
  made m;
  make(&m, 0);
  spoil_held_steps(&m, -1.3, 3);
  spoil(&m, WAY_BACKSOLVE, -2.7, 0.8);
  spoil(&m, WAY_INTERPOLATE, -0.2, 5);
  check_words(
      &m, (const char *[]){"disagrees", "disagrees", "not judged", "not judged", "reference", "disagrees"},
      0);
  make(&m, 0); /* two that confirm themselves and not each other: neither */
  spoil_held_steps(&m, -1.3, 3);
  spoil(&m, WAY_BACKSOLVE, -2.7, 0.8);
  spoil(&m, WAY_INTERPOLATE, -0.2, 1e-7);
  check_words(
      &m,
      (const char *[]){"not judged", "not judged", "not judged", "not judged", "not judged", "not judged"},
      0);
}

static void where_nothing_is_confirmed_nothing_is_judged(void **state) {
  (void)state;
  static const char *const none[] = {"not judged", "not judged", "not judged",
                                     "not judged", "not judged", "not judged"};
  made m;
  make(&m, 0);
  spoil_held_steps(&m, 1e71, 1e50);
  for (way w = WAY_BACKSOLVE; w < WAY_DIFFERENCES; w++) spoil(&m, w, pow(1e3, w), 1e3);
  check_words(&m, none, 0);
  make(&m, 100); /* fixed steps: all explode alike, exactly */
  for (way w = 0; w < WAY_COUNT; w++)
    spoil(&m, w, 1e31 / (1 + 1e-7 * (is_continuous(w) ? (double)w : 0)), 1e20);
  conclude(&m);
  assert_contains(m.c.columns[WAY_DISCRETE].reason, "its finer run changes it by");
  assert_int_equal(m.c.reference, WAY_COUNT);
  assert_false(all_agree(&m.c));
  drop(&m);
}

/* Discrete is refused or fails: the others go on without it. */
static void without_discrete(void **state) {
  (void)state;
  made m;
  make(&m, 0);
  fail_way(&m, WAY_DISCRETE, 0);
  fail_way(&m, WAY_FORWARD, 0);
  conclude(&m);
  assert_int_equal(m.c.reference, WAY_QUADRATURE);
  check_word(&m, WAY_INTERPOLATE, "agrees");
  check_word(&m, WAY_DIFFERENCES, "agrees");
  assert_false(all_agree(&m.c)); /* it failed */
  drop(&m);
}

static void without_the_others(void **state) {
  (void)state;
  made m;
  for (int confirmed = 0; confirmed < 2; confirmed++) {
    make(&m, 0);
    for (way w = WAY_BACKSOLVE; w < WAY_DIFFERENCES; w++) fail_way(&m, w, 1);
    if (!confirmed) spoil_held_steps(&m, 1, 0.5);
    conclude(&m);
    assert_int_equal(m.c.reference, confirmed ? WAY_DISCRETE : WAY_COUNT);
    assert_int_equal(all_agree(&m.c), confirmed);
    drop(&m);
  }
  make(&m, 0); /* its finer run failed, but another way confirms it */
  m.c.columns[WAY_DISCRETE].moved = INFINITY;
  conclude(&m);
  assert_int_equal(m.c.reference, WAY_DISCRETE);
  drop(&m);
}

/* A wrong derivative does not shrink with the tolerance. */
static void wrong_ones_are_found(void **state) {
  (void)state;
  made m;
  make(&m, 0);
  spoil(&m, WAY_INTERPOLATE, 1.001, 1e-7); /* within 1 %, but not explained */
  check_words(&m, (const char *[]){"reference", "agrees", "agrees", "disagrees", "agrees", "agrees"}, 0);
  make(&m, 0);
  m.values[WAY_FORWARD][0] *= 1 + 1e-8;
  check_words(&m, (const char *[]){"reference", "disagrees", "agrees", "agrees", "agrees", "agrees"}, 0);
  make(&m, 0);
  spoil(&m, WAY_BACKSOLVE, 1e40, 1e20); /* unstable backward: not judged */
  check_words(&m, (const char *[]){"reference", "agrees", "not judged", "agrees", "agrees", "agrees"}, 1);
}

/* A thousand tolerances, but at least 1 % and at most all; ten times the smaller one with fixed steps. */
static void how_far_is_too_far(void **state) {
  (void)state;
  static const double rtol[] = {1e-9, 1e-5, 1e-4, 1e-3, 1e-2}, far[] = {1e-2, 1e-2, 1e-1, 1, 1};
  made m;
  make(&m, 0);
  for (size_t i = 0; i < 5; i++) {
    assert_int_equal(og_options_set_real(m.p.options, OG_OPT_RTOL, rtol[i]), OG_OK);
    assert_true(fabs(too_far(&m.p) - far[i]) < 1e-15);
  }
  assert_int_equal(og_options_set_integer(m.p.options, OG_OPT_STEPS, 1), OG_OK);
  assert_true(too_far(&m.p) == 10);
  drop(&m);
}

/* Discrete that its finer run alone confirms stays the reference beside another that is as alone, and gives
 * way to two that confirm each other. */
static void discrete_on_its_own(void **state) {
  (void)state;
  made m;
  for (int outvoted = 0; outvoted < 2; outvoted++) {
    make(&m, 0);
    spoil(&m, WAY_BACKSOLVE, 5, 0.5);
    spoil(&m, WAY_INTERPOLATE, outvoted ? 3 : 2, 0.5);
    spoil(&m, WAY_QUADRATURE, 3, 1e-6);
    conclude(&m);
    assert_int_equal(m.c.reference, outvoted ? WAY_QUADRATURE : WAY_DISCRETE);
    assert_int_equal(m.c.confirmed_by_itself, 1);
    for (way w = 0; w < WAY_COUNT; w++)
      assert_int_equal(m.c.confirmed_by[w], outvoted && w == WAY_INTERPOLATE);
    assert_int_equal(all_agree(&m.c), 0);
    drop(&m);
  }
}

/* What a kind's own size does not explain may be lost in the errors of the loss: 1e-3 of it (a thousand times
 * rtol), in units of the parameters, or as much of the largest product for initial states and times. A
 * parameter that is 0 is taken for the largest of its kind. */
static void what_is_lost(void **state) {
  (void)state;
  made m;
  make(&m, 0);
  for (int zero = 0; zero < 2; zero++)
    for (int beyond = 0; beyond < 2; beyond++) {
      double a[COUNT] = {1e-9, 0, 8, 8, 8}, b[COUNT] = {1e-9, 0, 8, 8, 8};
      int below = 0;
      m.theta[0] = zero ? 0 : -0.5, m.theta[1] = 2;
      b[0] += (beyond ? 1.001 : 0.999) * 1e-3 * 5 / (zero ? 2 : 0.5);
      assert_true((apart(&m.c, a, b, &below) > 0) == beyond);
      assert_int_equal(below, !beyond);
    }
  m.theta[0] = 0.5;
  for (int beyond = 0; beyond < 2;
       beyond++) { /* initial states: the largest product is dL/dk k = -100 * 0.5 */
    double a[COUNT] = {-100, 1, 1e-9, 0, 0}, b[COUNT] = {-100, 1, 1e-9, 0, 0};
    int below = 0;
    b[2] += (beyond ? 1.001 : 0.999) * 1e-3 * 50 / 2;
    assert_true((apart(&m.c, a, b, &below) > 0) == beyond);
    assert_int_equal(below, !beyond);
  }
  drop(&m);
}

/* Where no finer run is to be had, continuous ways say so; discrete is confirmed by those that agree with it.
 */
static void without_finer_runs(void **state) {
  (void)state;
  made m;
  make(&m, 0);
  m.c.finer_failure = join("out of steps");
  for (way w = 0; w < WAY_COUNT; w++) {
    m.c.columns[w].moved = INFINITY;
    for (size_t i = 0; i < COUNT; i++) m.change[w][i] = INFINITY;
  }
  conclude(&m);
  assert_int_equal(m.c.reference, WAY_DISCRETE);
  check_word(&m, WAY_BACKSOLVE, "not judged");
  assert_string_equal(m.c.columns[WAY_QUADRATURE].reason, "there is no finer run: out of steps");
  free(m.c.finer_failure);
  drop(&m);
}

/* A time whose derivative is not finite is left out; any other value that is none is a disagreement. */
static void values_that_are_none(void **state) {
  (void)state;
  made m;
  for (size_t i = 0; i < COUNT; i++) {
    make(&m, 0);
    m.values[WAY_INTERPOLATE][i] = NAN;
    conclude(&m);
    check_word(&m, WAY_INTERPOLATE, i >= COUNT - 2 ? "agrees" : "disagrees");
    drop(&m);
  }
}

/* Parameters that differences do not vary are not held against them; against other ways they are. */
static void a_sample_of_parameters(void **state) {
  (void)state;
  size_t sample[] = {1};
  made m;
  for (int wrong = 0; wrong < 3; wrong++) {
    make(&m, 0);
    m.c.sample = sample, m.c.sample_count = 1;
    m.values[WAY_DIFFERENCES][0] = NAN;
    if (wrong == 1) m.values[WAY_DIFFERENCES][1] *= 1.1;
    if (wrong == 2) m.values[WAY_QUADRATURE][0] *= 1.001;
    conclude(&m);
    check_word(&m, WAY_DIFFERENCES, wrong == 1 ? "disagrees" : "agrees");
    check_word(&m, WAY_QUADRATURE, wrong == 2 ? "disagrees" : "agrees");
    assert_int_equal(all_agree(&m.c), wrong == 0);
    drop(&m);
  }
}

static void assert_near(double value, double truth) {
  if (!(fabs(value - truth) <= 1e-12 * fabs(truth))) fail_msg("%.17g is not %.17g", value, truth);
}

/* How far each way may be from discrete, as docs/cli.md has it: changes of 1e-6 explain four times as much,
 * of both ways; the largest of each kind is 8. */
static void limits_beside_discrete(void **state) {
  (void)state;
  static const double sizes[COUNT] = {8, 8, 8, 8, 8}, x0[] = {-0.5, 0};
  for (int k = 0; k < 4; k++) {
    const int single = k % 2;
    const double state_size = k < 2 ? 0.5 : 1;            /* a variable that is 0 is taken for 1 */
    const double kinds[COUNT] = {2, 2, state_size, 4, 4}; /* the largest variable of each kind */
    const double epsilon = single ? 0x1p-23 : 0x1p-52, rounding = single ? 1e-3 : 1e-10;
    made m;
    make(&m, 0);
    assert_int_equal(og_options_set_choice(m.p.options, OG_OPT_PRECISION,
                                           single ? OG_PRECISION_SINGLE : OG_PRECISION_DOUBLE),
                     OG_OK);
    m.theta[0] = -0.5, m.theta[1] = -2, m.x0[0] = x0[k / 2]; /* their size counts */
    for (size_t i = 0; i < COUNT; i++) {
      m.change[WAY_DISCRETE][i] = 1e-6 * (double)(i + 1), m.change[WAY_BACKSOLVE][i] = 1e-5;
      m.allowed[WAY_DIFFERENCES][i] = 1e-7 * (double)(i + 1); /* their own estimate, of parameters */
    }
    conclude(&m);
    assert_int_equal(m.c.reference, WAY_DISCRETE);
    for (size_t i = 0; i < COUNT; i++) {
      double held = 1e-6 * (double)(i + 1);
      assert_near(m.allowed[WAY_BACKSOLVE][i], 4 * (held + 1e-5) + rounding * sizes[i]);
      assert_near(m.allowed[WAY_QUADRATURE][i], 4 * (held + 1e-6) + rounding * sizes[i]);
      assert_near(m.allowed[WAY_FORWARD][i], rounding * sizes[i] + 1e3 * epsilon * 5 / kinds[i]);
      assert_near(m.allowed[WAY_DIFFERENCES][i], i < 2 ? 10 * 1e-7 * (double)(i + 1) + rounding * sizes[i]
                                                       : cbrt(epsilon) * sizes[i] +
                                                             10 * pow(epsilon, 2. / 3) * 5 / kinds[i] +
                                                             (i > 2 ? 4 * held : 0));
    }
    drop(&m);
  }
}

/* Beside another reference the held steps explain no more than makes two gradients differ. */
static void limits_beside_another(void **state) {
  (void)state;
  made m;
  make(&m, 0);
  spoil_held_steps(&m, 1 + 2e-2, 1);
  m.change[WAY_DISCRETE][0] = 1e-7, m.change[WAY_QUADRATURE][1] = 1e-5;
  conclude(&m);
  assert_int_equal(m.c.reference, WAY_QUADRATURE);
  for (size_t i = 0; i < COUNT; i++) {
    double own = i == 1 ? 1e-5 : 1e-6, size = m.scale[i],
           held = i == 0 ? 1e-7 : fmin(m.change[WAY_DISCRETE][i], 1e-2 * size);
    assert_near(m.allowed[WAY_DISCRETE][i], 4 * (own + held) + 1e-10 * size);
    assert_near(m.allowed[WAY_FORWARD][i], 4 * (own + held) + 1e-10 * size);
    assert_near(m.allowed[WAY_INTERPOLATE][i], 4 * (own + 1e-6) + 1e-10 * size);
  }
  drop(&m);
}

/* A continuous way that is just within or just beyond its limit, in each component and to both sides. */
static void near_the_limit(void **state) {
  (void)state;
  made m;
  for (way w = WAY_BACKSOLVE; w < WAY_DIFFERENCES; w++)
    for (int k = 0; k < 4 * COUNT; k++) {
      size_t i = (size_t)k / 4;
      int beyond = k % 2;
      make(&m, 0);
      double limit = 4 * (1e-6 + 1e-6) + 1e-10 * 8, share = (k % 4 < 2 ? 1 : -1) * (beyond ? 1.001 : 0.999);
      m.values[w][i] = m.values[WAY_DISCRETE][i] + share * limit;
      conclude(&m);
      check_word(&m, w, beyond ? "disagrees" : "agrees");
      assert_int_equal(all_agree(&m.c), !beyond);
      assert_true(fabs(m.c.columns[w].worst - limit / 8) < 0.01 * limit / 8 || !beyond);
      drop(&m);
    }
}

/* Gradients that are nothing beside the loss, at a minimum or where the initial state is forgotten, are
 * compared with it. */
static void lost_derivatives(void **state) {
  (void)state;
  made m;
  make(&m, 0); /* initial states that are forgotten: each way has other errors, 1e-10 of dL/dtheta theta */
  for (way w = 0; w < WAY_COUNT; w++) {
    m.values[w][2] = 1e-10 * cos(w), m.change[w][2] = 1e-9;
    m.values[w][3] = m.values[w][4] = 0;
  }
  conclude(&m);
  assert_int_equal(m.c.reference, WAY_DISCRETE);
  assert_true(m.c.below);
  check_word(&m, WAY_QUADRATURE, "agrees");
  for (way w = WAY_BACKSOLVE; w < WAY_DIFFERENCES; w++) /* 4e-7 of the parameters; of dL/dx0 it would be 1 */
    assert_true(m.c.columns[w].worst <= 4.1e-7);
  drop(&m);
  make(&m, 0); /* the same of parameters, 1e-10 of the loss; but an exploded one is not lost */
  for (way w = 0; w < WAY_COUNT; w++)
    for (size_t i = 0; i < COUNT; i++)
      m.values[w][i] = 1e-10 * cos((double)w + (double)i), m.change[w][i] = 1e-9;
  conclude(&m);
  assert_int_equal(m.c.reference, WAY_DISCRETE);
  drop(&m);
  make(&m, 0);
  for (way w = 0; w < WAY_COUNT; w++)
    for (size_t i = 0; i < COUNT; i++)
      m.values[w][i] = 1e-10 * cos((double)w + (double)i), m.change[w][i] = 1e-9;
  spoil_held_steps(&m, 1e12, 1e12);
  conclude(&m);
  assert_int_equal(m.c.reference, WAY_QUADRATURE);
  drop(&m);
}

static void distances(void **state) {
  (void)state;
  made m;
  double a[COUNT] = {1, 2, 4, 0, 0}, b[COUNT] = {1, 2, 4, 0, 0};
  make(&m, 0);
  m.c.loss = 0;
  assert_true(apart(&m.c, a, b, NULL) == 0);
  b[1] = 2.1; /* the kind's largest is 2 in a */
  assert_true(fabs(apart(&m.c, a, b, NULL) - 0.05) < 1e-12 && fabs(apart(&m.c, b, a, NULL) - 0.05) < 1e-12);
  b[1] = 2e30; /* relative to the smaller one */
  assert_true(fabs(apart(&m.c, a, b, NULL) / 1e30 - 1) < 1e-12);
  b[1] = 2, b[4] = 0.1; /* times: beside x0 dL/dx0 / span = 2 */
  assert_true(fabs(apart(&m.c, a, b, NULL) - 0.05) < 1e-12);
  drop(&m);
}

int main(void) {
  context = new_context();
  const struct CMUnitTest tests[] = {cmocka_unit_test(where_all_is_well),
                                     cmocka_unit_test(exploded_steps_are_no_reference),
                                     cmocka_unit_test(one_alone_is_confirmed_by_its_finer_run),
                                     cmocka_unit_test(where_nothing_is_confirmed_nothing_is_judged),
                                     cmocka_unit_test(without_discrete),
                                     cmocka_unit_test(without_the_others),
                                     cmocka_unit_test(wrong_ones_are_found),
                                     cmocka_unit_test(how_far_is_too_far),
                                     cmocka_unit_test(discrete_on_its_own),
                                     cmocka_unit_test(what_is_lost),
                                     cmocka_unit_test(without_finer_runs),
                                     cmocka_unit_test(values_that_are_none),
                                     cmocka_unit_test(a_sample_of_parameters),
                                     cmocka_unit_test(limits_beside_discrete),
                                     cmocka_unit_test(limits_beside_another),
                                     cmocka_unit_test(near_the_limit),
                                     cmocka_unit_test(lost_derivatives),
                                     cmocka_unit_test(distances)};
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  og_context_destroy(context);
  return failed;
}
