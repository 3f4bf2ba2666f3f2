/* Which curves of the tool's pictures share a panel, what they are called there, and phase portraits. */
#include "recorded_plots.h"

/* ---- Panels: docs/cli.md says which curves share one ---- */

/* Rates of k states, the last of which reaches `ratio` times as far as the first; no two are the same. */
static void put_rates(size_t k, double ratio) {
  char text[2000] = "";
  for (size_t i = 0; i < k; i++) {
    double rate = i + 1 == k ? ratio : 1 + (double)i / 100;
    snprintf(text + strlen(text), sizeof text - strlen(text), "init x%zu = 0\nx%zu' = %g\n", i, i, rate);
  }
  strcat(text, "time 0 : 2\n");
  put("rates.ode", text);
}

static void put_ids(size_t trajectories, size_t rows) {
  FILE *file = fopen("rates.csv", "w");
  assert_non_null(file);
  fprintf(file, "id,t,x0,x1\n");
  for (size_t m = 0; m < trajectories; m++)
    for (size_t i = 0; i < rows; i++)
      fprintf(file, "run%zu,%.17g,%zu,%zu\n", m + 1, rows > 1 ? 2 * (double)i / (double)(rows - 1) : 0, m, i);
  assert_int_equal(fclose(file), 0);
}

static void layouts(void **state) {
  (void)state;
  enum { TOGETHER_, BY_TRAJECTORY_, BY_COLUMN_ };
  static const struct {
    size_t trajectories, columns;
    double ratio;
    int expected;
  } cases[] = {{1, 1, 1, TOGETHER_},       {1, 2, 9.9, TOGETHER_},    {1, 2, 10.1, BY_COLUMN_},
               {1, 17, 2, TOGETHER_},      {1, 16, 10.1, BY_COLUMN_}, {1, 17, 10.1, TOGETHER_},
               {6, 1, 1, TOGETHER_},       {7, 1, 1, BY_TRAJECTORY_}, {16, 1, 1, BY_TRAJECTORY_},
               {17, 1, 1, TOGETHER_},      {3, 2, 2, TOGETHER_},      {4, 2, 2, BY_COLUMN_},
               {2, 3, 2, TOGETHER_},       {2, 4, 2, BY_COLUMN_},     {6, 16, 2, BY_COLUMN_},
               {6, 17, 2, BY_TRAJECTORY_}, {7, 2, 2, BY_TRAJECTORY_}, {7, 2, 10.1, BY_COLUMN_},
               {16, 6, 2, BY_TRAJECTORY_}, {17, 6, 2, BY_COLUMN_},    {17, 7, 2, TOGETHER_},
               {17, 2, 2, BY_COLUMN_},     {17, 16, 10.1, BY_COLUMN_}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    size_t m = cases[i].trajectories, k = cases[i].columns;
    put_rates(k, cases[i].ratio), put_ids(m, 2);
    run(m == 1 ? WORDS("solve", "rates.ode", "--quiet", "--plot=p.svg", "--steps=2")
               : WORDS("solve", "rates.ode", "--data=rates.csv", "--quiet", "--plot=p.svg", "--steps=2"));
    size_t panels = count_of("panel "), curves = count_of("line "), large = count_of("size 1100 x 800\n");
    size_t expected = cases[i].expected == TOGETHER_ ? 0 : cases[i].expected == BY_COLUMN_ ? k : m;
    if (panels != expected) fail_msg("%zu trajectories, %zu columns: %zu panels", m, k, panels);
    assert_int_equal(curves, m * k);
    assert_int_equal(large, panels > 4);
    const char *name = cases[i].expected == BY_TRAJECTORY_        ? "panel run2 | - | -\nline x0: "
                       : cases[i].expected == TOGETHER_ && m > 16 ? "line x0, 17 trajectories: "
                       : cases[i].expected == TOGETHER_ && m > 1  ? "line x0 (run2): "
                       : cases[i].expected == TOGETHER_           ? "line x0: "
                       : m > 16 ? "panel - | - | x1\nline x1, 17 trajectories: "
                       : m > 1  ? "panel - | - | x1\nline run1: "
                                : "panel - | - | x1\nline x1: ";
    assert_contains(drawn, name);
    if (cases[i].ratio > 10) { /* on a logarithmic axis all are seen */
      run(m == 1 ? WORDS("solve", "rates.ode", "--quiet", "--plot=p.svg", "--steps=2", "--log-y")
                 : WORDS("solve", "rates.ode", "--data=rates.csv", "--quiet", "--plot=p.svg", "--steps=2",
                         "--log-y"));
      if (m == 1) assert_int_equal(count_of("panel "), 0);
    }
  }
  put_rates(5, 20);
  run(WORDS("solve", "rates.ode", "--quiet", "--plot=p.svg", "--y-label=all", "--size=300x300"));
  assert_contains(drawn, "panel x4 | - | all\n");
  assert_int_equal(count_of("size "), 1); /* that of --size */
}

/* A column reaches as far as its data do, whichever row they are far off in; what is constant is seen
 * anywhere. */
static void reaches(void **state) {
  (void)state;
  put("reach.ode",
      "init x = 0, z = 0\nx' = 1\nz' = 1\nobserve x ~ normal(x, 1)\nobserve z ~ normal(z, 1)\ntime 0 : 2\n");
  for (int far = -1; far < 3; far++) { /* -1: none is */
    char data[200] = "t,x,z\n";
    for (int row = 0; row < 3; row++)
      snprintf(data + strlen(data), sizeof data - strlen(data), "%d,%d,%d\n", row, row,
               row == far ? 40 : row);
    put("reach.csv", data);
    run(WORDS("grad", "reach.ode", "--data=reach.csv", "--quiet", "--plot=p.svg"));
    assert_int_equal(count_of("panel "), far < 0 ? 0 : 2);
  }
  put("constant.ode", "init x = 0, z = 1\nx' = 1\nz' = 0\ntime 0 : 2\n");
  run(WORDS("solve", "constant.ode", "--quiet", "--plot=p.svg"));
  assert_int_equal(count_of("panel "), 0);
}

static void phase_portraits(void **state) {
  (void)state;
  draws("plot turn.ode | x[1] | x[2]\nline model: at least 401 points, (1,0) to (0.5403,-0.8415)\n"
        "signs 0 start: (1,0)\nsigns 2 end: (0.5403,-0.84147)\nwrite p.svg\n",
        WORDS("solve", "turn.ode", "--phase=x[1],x[2]", "--quiet", "--plot=p.svg"));
  put_rates(2, 3);
  for (size_t m = 1; m <= 7; m += m < 6 ? 5 : 1) {
    put_ids(m, 2);
    run(WORDS("solve", "rates.ode", "--data=rates.csv", "--phase=x0,x1", "--quiet", "--plot=p.svg",
              "--steps=2"));
    assert_int_equal(count_of("line "), m);
    assert_int_equal(count_of("signs 0 start: (0,0)\n"), m);
    assert_int_equal(count_of("signs 2 end: (2,6)\n"), m);
    assert_contains(drawn, m == 1 ? "points data: (0,0) (0,1)\nline model: "
                           : m == 6
                               ? "points run2: (1,0) (1,1)\nline run2: "
                               : "points data, 7 trajectories: (6,0) (6,1)\nline model, 7 trajectories: ");
  }
  for (size_t rows = 200; rows <= 201; rows++) { /* too many for markers */
    put_ids(1, rows);
    run(WORDS("solve", "rates.ode", "--data=rates.csv", "--phase=x0,x1", "--quiet", "--plot=p.svg",
              "--steps=2"));
    assert_int_equal(count_of("points data: "), rows == 200);
    assert_int_equal(count_of("guide data: "), rows == 201);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(layouts), cmocka_unit_test(reaches),
                                     cmocka_unit_test(phase_portraits)};
  return cmocka_run_group_tests(tests, enter, leave);
}
