/* What the tool draws, and where: states, observed columns, data, classes, what is shaded, the sweep of
 * check.
 */
#include "recorded_plots.h"

/* ---- Curves and data ---- */

static double decay(const char *name, double t) { return (void)name, 2 * exp(-0.5 * t); }

static void curves_of_states_and_columns(void **state) {
  (void)state;
  truth = decay;
  draws("plot decay.ode | t | x\nline x: at least 401 points, (0,2) to (4,0.2707)\nwrite p.svg\n",
        WORDS("solve", "decay.ode", "--quiet", "--plot=p.svg"));
  draws("plot decay.ode | t | x, y\nline x: at least 401 points, (0,2) to (4,0.2707)\n"
        "points y: (0,2.1) (1,1.2) (2,0.7) (3,nan) (4,0.3)\nwrite p.svg\n",
        WORDS("solve", "decay.ode", "--data=decay.csv", "--quiet", "--plot=p.svg"));
  draws("plot a | b | c\nlog 0 1\nsize 300 x 400\nline x: at least 401 points, (0,2) to (6,0.09957)\n"
        "points y: (0,2.1) (1,1.2) (2,0.7) (3,nan) (4,0.3)\nband beyond the data: 4 to inf\nwrite p.svg\n",
        WORDS("solve", "./decay.ode", "--data=decay.csv", "--quiet", "--plot=p.svg", "--times=0:6:3",
              "--title=a", "--x-label=b", "--y-label=c", "--log-y", "--size=300x400"));
  draws("plot decay.ode | t | y\nline y (left): at least 401 points, (0,2) to (4,0.2707)\n"
        "points y (left): (0,2.1) (1,1.2)\nline y (right): at least 401 points, (0,2) to (4,0.2707)\n"
        "points y (right): (0,1.9) (2,0.8) (3,0.4)\nband beyond the data: 3 to inf\nwrite p.svg\n",
        WORDS("grad", "./decay.ode", "--data=two.csv", "--quiet", "--plot=p.svg"));
  truth = NULL;
}

/* Curves that lie exactly under others are named beside them; all names stand at the axis as long as they are
 * short. */
static void names(void **state) {
  (void)state;
  put("same.ode", "init x = 1, x2 = 1, z = 2\nx' = -x\nx2' = -x2\nz' = -z\ntime 0 : 1\n");
  draws("plot same.ode | t | x, x2, z\nline x, x2: at least 401 points, (0,1) to (1,0.3679)\n"
        "line z: at least 401 points, (0,2) to (1,0.7358)\nwrite p.svg\n",
        WORDS("solve", "same.ode", "--quiet", "--plot=p.svg"));
  for (int more = 0; more < 2; more++) { /* forty letters, and one more */
    put("long.ode", more
                        ? "init a234567890123456789 = 1, b2345678901234567890 = 2\na234567890123456789' = 0\n"
                          "b2345678901234567890' = 1\ntime 0 : 1\n"
                        : "init a234567890123456789 = 1, b234567890123456789 = 2\na234567890123456789' = 0\n"
                          "b234567890123456789' = 1\ntime 0 : 1\n");
    run(WORDS("solve", "long.ode", "--quiet", "--plot=p.svg"));
    assert_contains(drawn, more ? "plot long.ode | t | states\n"
                                : "plot long.ode | t | a234567890123456789, b234567890123456789\n");
  }
}

/* A held input jumps at its row, and what reads it with it; x is its integral. */
static double held(const char *name, double t) {
  if (strcmp(name, "y") == 0) return t < 1 ? 1 : -1;
  return t < 1 ? t : 2 - t;
}

static void corners_of_inputs(void **state) {
  (void)state;
  put("held.ode", "input u hold\ninit x = 0\nx' = u\nobserve y ~ normal(u, 1)\ntime 0 : 3\n");
  put("held.csv", "t,u,y\n0,1,1\n1,-1,-1\n");
  truth = held;
  run(WORDS("solve", "held.ode", "--data=held.csv", "--quiet", "--plot=p.svg"));
  assert_contains(drawn, "line y: at least 401 points, (0,1) to (3,-1)\n");
  assert_contains(drawn, "line x: at least 401 points, (0,0) to (3,-1)\n");
  run(WORDS("solve", "held.ode", "--data=held.csv", "--quiet", "--plot=p.svg", "--steps=30"));
  assert_int_equal(last_count, 401 + 8 * (30 + 0) + 2); /* the ends of both pieces are one */
  truth = NULL;
}

/* Both sides of a jump are on the curve, at one time, the one after the other. */
static const double jump_at = 0.69314718055994530942;

static double jump(const char *name, double t) {
  (void)name;
  return fabs(t - jump_at) < 1e-5 ? NAN : t < jump_at ? exp(-t) : 3 * exp(jump_at - t);
}

static void jumps(void **state) {
  (void)state;
  put("jump.ode", "init x = 1\nx' = -x\nevent low when x - 0.5 = 0 falling { x = 3 }\ntime 0 : 1\n");
  truth = jump;
  run(WORDS("solve", "jump.ode", "--quiet", "--plot=p.svg", "--rtol=1e-9"));
  int up = 0, down = 0;
  for (size_t i = 1; i < last_count; i++) {
    up += last_y[i] - last_y[i - 1] > 2 && last_x[i] == last_x[i - 1];
    down += last_y[i] - last_y[i - 1] < -1;
  }
  assert_true(up == 1 && down == 0);
  truth = NULL;
}

/* A grid, eight points of each step, fewer where there would be a million numbers, and then some steps only.
 */
static void numbers_of_points(void **state) {
  (void)state;
  static const struct {
    const char *steps, *times, *phase;
    size_t count;
  } cases[] = {{"--steps=10", "--times=0:4:5", NULL, 401 + 80},
               {"--steps=10", "--times=0:4:401", NULL, 401 + 80},
               {"--steps=10", "--times=0:4:402", NULL, 402 + 80},
               {"--steps=10", "--times=0:4:5", "--phase=x,x", 2001 + 80},
               {"--steps=100000", "--times=0:4:5", NULL, 401 + 300000},
               {"--steps=349926", "--times=0:4:5", NULL, 401 + 349926},
               {"--steps=349927", "--times=0:4:5", NULL, 401 + 174964}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    run(WORDS("solve", "decay.ode", "--method=heun", "--quiet", "--plot=p.svg", cases[i].steps,
              cases[i].times, cases[i].phase));
    if (last_count != cases[i].count) fail_msg("%s: %zu points", cases[i].steps, last_count);
  }
}

/* ---- What is shaded ---- */

/* Beyond the data by more than half a percent of the range, in the direction of time. */
static void beyond_the_data(void **state) {
  (void)state;
  static const struct {
    const char *span, *last;
    const char *band;
  } cases[] = {{"0 : 4", "3.985", NULL}, {"0 : 4", "3.975", "band beyond the data: 3.975 to inf\n"},
               {"0 : 4", "4", NULL},     {"0 : -4", "-3.985", NULL},
               {"0 : -4", "-4", NULL},   {"0 : -4", "-3.975", "band beyond the data: -inf to -3.975\n"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[200];
    snprintf(text, sizeof text, "init x = 1\nx' = 0.1\nobserve y ~ normal(x, 1)\ntime %s\n", cases[i].span);
    put("beyond.ode", text);
    snprintf(text, sizeof text, "t,y\n0,1\n%s,2\n", cases[i].last);
    put("beyond.csv", text);
    run(WORDS("grad", "beyond.ode", "--data=beyond.csv", "--quiet", "--plot=p.svg"));
    if (cases[i].band)
      assert_contains(drawn, cases[i].band);
    else
      assert_null(strstr(drawn, "band"));
  }
  put("beyond.csv", "t,y\n0,1\n-1,2\n-4,NA\n"); /* a row that holds nothing */
  run(WORDS("grad", "beyond.ode", "--data=beyond.csv", "--quiet", "--plot=p.svg"));
  assert_contains(drawn, "band beyond the data: -inf to -1\n");
}

static void what_a_training_held_out(void **state) {
  (void)state;
  run(WORDS("fit", "decay.ode", "--data=decay.csv", "--optimizer=adam", "--epochs=3", "--validation=0.5",
            "--quiet", "--loss-plot=l.svg", "--plot=p.svg"));
  assert_contains(drawn, "band held out: 1.5 to inf\nwrite p.svg\n");
  assert_contains(drawn, "plot losses | epoch | loss, mean per observed value\nline training: (1,");
  assert_contains(drawn, "signs 4 best epoch, 3: (3,");
  run(WORDS("fit", "decay.ode", "--data=two.csv", "--optimizer=adam", "--epochs=3", "--validation=0.5",
            "--quiet", "--plot=p.svg"));
  assert_int_equal(strstr(drawn, "line y (left), held out:") != NULL,
                   strstr(drawn, "line y (right), held out:") == NULL);
  assert_null(strstr(drawn, "band held out"));
}

/* ---- Classes ---- */

static double classes(const char *name, double t) {
  return exp(-t) * (strstr(name, "low") ? -1 : strstr(name, "high") ? 1 : 8);
}

/* Probabilities are a softmax of (-2 x, 1/2, 2 x), x = u exp(-t). */
static void classes_of_several_trajectories(void **state) {
  (void)state;
  truth = classes;
  draws(
      "plot classes.ode | t | y\nline y (low): at least 401 points, (0,-1) to (2,-0.1353)\n"
      "points y (low): (0,-1) (2,nan)\nline y (high): at least 401 points, (0,1) to (2,0.1353)\n"
      "points y (high): (0,1.5) (1,nan)\nline y (far, far): at least 401 points, (0,8) to (2,1.083)\n"
      "points y (far, far): (2,1)\n"
      "panel label, number of rows | most likely class | class in the data\ncells 3 x 3: 1 1 0 0 0 1 0 0 2\n"
      "panel label, probability | class in the data | probability of that class\nclasses 3\n"
      "points a row of label: (0.65,0.80551) (1.0826,0.35215) (2.8152,0.80551) (2.2479,0.39116) "
      "(2.9805,0.83175)\n"
      "guide by chance: (0.5,0.33333) (3.5,0.33333)\nwrite p.svg\n",
      WORDS("predict", "classes.ode", "--params=classes.json", "--data=classes.csv", "--out=o", "--quiet",
            "--plot=p.svg"));
  truth = NULL;
}

/* Without classes in the data the most likely ones are shown. */
static void classes_that_are_not_known(void **state) {
  (void)state;
  put("unknown.csv", "id,t,u\na,0,-1\nb,0,1\n");
  run(WORDS("predict", "classes.ode", "--params=classes.json", "--data=unknown.csv", "--out=o", "--quiet",
            "--plot=p.svg"));
  assert_contains(drawn,
                  "panel label, probability | most likely class | probability of that class\nclasses 3\n"
                  "points a row of label: (0.65,0.80551) (3.0826,0.80551)\n");
  assert_null(strstr(drawn, "number of rows"));
}

static double softmax(const char *name, double t) {
  double x = -exp(-t), sum = exp(-2 * x) + exp(0.5) + exp(2 * x);
  if (strncmp(name, "p(label=", 8) != 0) return x;
  return (name[8] == '1' ? exp(-2 * x) : name[8] == '2' ? exp(0.5) : exp(2 * x)) / sum;
}

static void classes_of_an_only_trajectory(void **state) {
  (void)state;
  put("only.csv", "t,u,label\n0,-1,1\n1,-1,2\n2,-1,1\n");
  truth = softmax;
  run(WORDS("predict", "classes.ode", "--params=classes.json", "--data=only.csv", "--out=o", "--quiet",
            "--plot=p.svg"));
  assert_contains(drawn, "cells 3 x 3: 1 1 0 1 0 0 0 0 0\n");
  assert_contains(drawn,
                  "panel label, probability | - | probability\nline p(label=1): at least 401 points, ");
  assert_contains(drawn, "points p(label=1): (0,0.80551) (2,0.35215)\n");
  assert_contains(drawn, "points p(label=2): (1,0.39116)\n");
  assert_contains(drawn, "points p(label=3):\n");
  truth = NULL;
}

/* ---- The sweep of check ---- */

/* Errors that are 3 h^2 (of equal steps) or 3 rtol: the guide lies at twice as much, where they are. */
static void sweeps(void **state) {
  (void)state;
  for (int fixed = 0; fixed < 2; fixed++) {
    arguments a = {.verb = VERB_CHECK, .verb_name = "check"};
    problem p = {0};
    check c = {.p = &p};
    sweep s = {.fixed = fixed, .count = 4};
    char *argv[] = {"./decay.ode", "--method=heun"};
    assert_int_equal(parse_arguments(2, argv, &a), EXIT_DONE);
    assert_int_equal(load_problem(&a, &p), EXIT_DONE);
    for (size_t k = 0; k < 4; k++) {
      double x = ldexp(1, -2 * (int)k - 1);
      s.levels[k] = fixed ? 1 / x : x;
      for (way w = 0; w < WAY_COUNT; w++) s.errors[w][k] = fixed ? 3 * x * x : 3 * x;
    }
    s.errors[WAY_BACKSOLVE][0] = 10, s.errors[WAY_BACKSOLVE][1] = 10.001;
    s.errors[WAY_QUADRATURE][3] = NAN, s.errors[WAY_QUADRATURE][2] = 0;
    c.columns[WAY_FORWARD].unsupported = 1;
    length = 0;
    assert_int_equal(draw_sweep(&c, &s, "s.svg"), OG_OK);
    const char *expected =
        fixed ? "plot decay.ode, heun | step size / span | relative error of the gradient\nlog 1 1\n"
                "marked discrete: (0.5,0.75) (0.125,0.046875) (0.03125,0.0029297) (0.0078125,0.00018311)\n"
                "marked backsolve (off the chart: 1): (0.5,10) (0.125,nan) (0.03125,0.0029297) "
                "(0.0078125,0.00018311)\n"
                "marked interpolate: (0.5,0.75) (0.125,0.046875) (0.03125,0.0029297) (0.0078125,0.00018311)\n"
                "marked quadrature (off the chart: 1): (0.5,0.75) (0.125,0.046875) (0.03125,0) "
                "(0.0078125,nan)\n"
                "guide slope 2, the order: (0.5,1.5) (0.125,0.09375) (0.03125,0.0058594) "
                "(0.0078125,0.00036621)\n"
                "write s.svg\n"
              : "plot decay.ode, heun | rtol | relative error of the gradient\nlog 1 1\n"
                "marked discrete: (0.5,1.5) (0.125,0.375) (0.03125,0.09375) (0.0078125,0.023438)\n"
                "marked backsolve (off the chart: 1): (0.5,10) (0.125,nan) (0.03125,0.09375) "
                "(0.0078125,0.023438)\n"
                "marked interpolate: (0.5,1.5) (0.125,0.375) (0.03125,0.09375) (0.0078125,0.023438)\n"
                "marked quadrature (off the chart: 1): (0.5,1.5) (0.125,0.375) (0.03125,0) (0.0078125,nan)\n"
                "guide proportional to rtol: (0.5,3) (0.125,0.75) (0.03125,0.1875) (0.0078125,0.046875)\n"
                "write s.svg\n";
    assert_string_equal(drawn, expected);
    /* theory is taken from the finer half; what is off the chart, or rounding, has no say */
    s.errors[WAY_DISCRETE][0] = 11, s.errors[WAY_DISCRETE][1] = fixed ? 0.06 : 0.4;
    length = 0;
    assert_int_equal(draw_sweep(&c, &s, "s.svg"), OG_OK);
    assert_contains(drawn, fixed
                               ? "(0.5,nan) (0.125,0.09375) (0.03125,0.0058594) (0.0078125,0.00036621)\nwrite"
                               : "(0.5,nan) (0.125,0.75) (0.03125,0.1875) (0.0078125,0.046875)\nwrite");
    s.errors[WAY_DISCRETE][3] = 1e-11;
    length = 0;
    assert_int_equal(draw_sweep(&c, &s, "s.svg"), OG_OK);
    /* 2 sqrt(3 * 3.84) h^2 of the two before it, and 2 sqrt(3 * 3.2) rtol */
    assert_contains(drawn, fixed ? "(0.03125,0.0066291)" : "(0.03125,0.19365)");
    free_problem(&p);
    free_arguments(&a);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(curves_of_states_and_columns),
                                     cmocka_unit_test(names),
                                     cmocka_unit_test(corners_of_inputs),
                                     cmocka_unit_test(jumps),
                                     cmocka_unit_test(numbers_of_points),
                                     cmocka_unit_test(beyond_the_data),
                                     cmocka_unit_test(what_a_training_held_out),
                                     cmocka_unit_test(classes_of_several_trajectories),
                                     cmocka_unit_test(classes_that_are_not_known),
                                     cmocka_unit_test(classes_of_an_only_trajectory),
                                     cmocka_unit_test(sweeps)};
  return cmocka_run_group_tests(tests, enter, leave);
}
