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

static void assert_near(double value, double truth) {
  if (!(fabs(value - truth) <= 1e-12 * fabs(truth))) fail_msg("%.17g is not %.17g", value, truth);
}

/* How far each way may be from discrete, as docs/cli.md has it: changes of 1e-6 explain four times as much,
 * of both ways; the sizes of the kinds are 8 and, of t0 and t1, x0 dL/dx0 / span = 4 or themselves. */
static void limits_beside_discrete(void **state) {
  (void)state;
  static const double sizes[COUNT] = {8, 8, 8, 8, 8}, variables[COUNT] = {0.5, 2, 2, 4, 4};
  static const double kinds[COUNT] = {2, 2, 2, 4, 4}; /* the largest variable of each kind */
  for (int single = 0; single < 2; single++) {
    const double epsilon = single ? 0x1p-23 : 0x1p-52, rounding = single ? 1e-3 : 1e-10;
    made m;
    make(&m, 0);
    assert_int_equal(og_options_set_choice(m.p.options, OG_OPT_PRECISION,
                                           single ? OG_PRECISION_SINGLE : OG_PRECISION_DOUBLE),
                     OG_OK);
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
                                                             10 * pow(epsilon, 2. / 3) * 5 / variables[i] +
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
                                     cmocka_unit_test(limits_beside_discrete),
                                     cmocka_unit_test(limits_beside_another),
                                     cmocka_unit_test(near_the_limit),
                                     cmocka_unit_test(lost_derivatives),
                                     cmocka_unit_test(distances)};
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  og_context_destroy(context);
  return failed;
}
