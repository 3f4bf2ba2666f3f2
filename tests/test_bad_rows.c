/* A row whose loss is no number is named: file, line, row, trajectory, time, column and value, and the
 * argument that is to blame with what it may be; whichever row, distribution and argument it is. */
#include "fitting.h"

enum { TRAJECTORIES = 3, ROWS = 3 };

static const struct {
  const char *call, *name, *argument, *domain;
  double good, bad, y;
} cases[] = {{"normal(z, q)", "normal", "sigma", "a finite number above 0", 1, -1, 2.5},
             {"normal(z, q)", "normal", "sigma", "a finite number above 0", 1e-3, 0, -7},
             {"lognormal(z, q)", "lognormal", "sigma", "a finite number above 0", 1, -0.5, 2.5},
             {"student_t(q, z, 1)", "student_t", "nu", "a finite number above 0", 4, -3, 0},
             {"student_t(4, z, q)", "student_t", "sigma", "a finite number above 0", 4, 0, 0},
             {"cauchy(z, q)", "cauchy", "sigma", "a finite number above 0", 1, -2, 1},
             {"double_exponential(z, q)", "double_exponential", "sigma", "a finite number above 0", 1, -2, 1},
             {"exponential(q + 0*z)", "exponential", "beta", "a finite number above 0", 1, 0, 1},
             {"gamma(q, z)", "gamma", "alpha", "a finite number above 0", 1, -1, 1},
             {"gamma(z, q)", "gamma", "beta", "a finite number above 0", 1, -1, 1},
             {"poisson(q + 0*z)", "poisson", "lambda", "a finite number, 0 or more", 0.5, -0.25, 3},
             {"neg_binomial_2(q, z)", "neg_binomial_2", "mu", "a finite number above 0", 1, -1, 3},
             {"neg_binomial_2(z, q)", "neg_binomial_2", "phi", "a finite number above 0", 1, 0, 3},
             {"bernoulli(q + 0*z)", "bernoulli", "theta", "a probability from 0 to 1", 0.5, -0.25, 1},
             {"bernoulli(q + 0*z)", "bernoulli", "theta", "a probability from 0 to 1", 0.75, 1.5, 0}};

/* Column a has no value in every second row; q is `bad` in one. */
static void write_rows(double good, double bad, double y, int bad_row, char *csv, size_t size) {
  snprintf(csv, size, "id,t,a,y,q\n");
  for (int row = 0; row < TRAJECTORIES * ROWS; row++)
    snprintf(csv + strlen(csv), size - strlen(csv), "%c,%g,%s,%g,%.17g\n", 'k' + row / ROWS,
             0.5 * (row % ROWS), row % 2 ? "" : "1", y, row == bad_row ? bad : good);
}

static void arguments_are_named(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    for (int row = 0; row < TRAJECTORIES * ROWS; row += i ? 4 : 1)
      for (int gradient = 0; gradient < 2; gradient++) {
        char model[300], csv[600], want[600];
        double loss = 7, by = 7;
        snprintf(
            model, sizeof model,
            "param k = 2\ninput q linear\ninit x = k, z = 3\nx' = 0*x\nz' = 0*z\nobserve a ~ normal(x, 1)\n"
            "observe y ~ %s\n",
            cases[i].call);
        write_rows(cases[i].good, cases[i].bad, cases[i].y, row, csv, sizeof csv);
        fixture f = make_fixture(model, csv);
        assert_int_equal(og_objective_evaluate(f.objective, (double[]){2}, &loss, gradient ? &by : NULL),
                         OG_ERR_NOT_FINITE);
        snprintf(want, sizeof want,
                 "test.csv:%d: the loss of data row %d, trajectory %c, at t = %g, has no value: observed y = "
                 "%g, where %s "
                 "of %s is %g, but must be %s; the state there is (2, 3); try: ",
                 row + 2, row + 1, 'k' + row / ROWS, 0.5 * (row % ROWS), cases[i].y, cases[i].argument,
                 cases[i].name, cases[i].bad, cases[i].domain);
        assert_contains(og_context_message(f.context), want);
        assert_true(loss == 7 && by == 7);
        drop_fixture(&f);
      }
}

/* Without a bad row all of them are fine. */
/* Of a vector, each entry: 1/q is infinite where q is 0. */
static void entries_of_arguments_are_named(void **state) {
  (void)state;
  static const char *const calls[] = {"[1/q, z, 2]", "[2, 1/q, z, 0]", "[0, 1, z, -1/q]", "[z, 1 - 1/q]"};
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
    for (int row = 0; row < TRAJECTORIES * ROWS; row++) {
      char model[300], csv[600], want[300];
      double loss = 7;
      snprintf(model, sizeof model,
               "input q linear\ninit z = 3\nz' = 0*z\nobserve a ~ normal(z, 1)\nobserve y ~ "
               "categorical_logit(%s)\n",
               calls[i]);
      write_rows(1, 0, 1 + row % 2, row, csv, sizeof csv);
      fixture f = make_fixture(model, csv);
      assert_int_equal(og_objective_evaluate(f.objective, NULL, &loss, NULL), OG_ERR_NOT_FINITE);
      snprintf(
          want, sizeof want,
          "test.csv:%d: the loss of data row %d, trajectory %c, at t = %g, has no value: observed y = %d, "
          "where logits of categorical_logit is %sinf, but must be a finite number; the state there is (3)",
          row + 2, row + 1, 'k' + row / ROWS, 0.5 * (row % ROWS), 1 + row % 2, i < 2 ? "" : "-");
      assert_contains(og_context_message(f.context), want);
      assert_true(loss == 7);
      drop_fixture(&f);
    }
}

/* Without memory for the words of it that is said, and nothing lost. */
static og_status name_a_row(og_context *context) {
  static const char text[] = "input q linear\ninit z = 3\nz' = 0*z\nobserve y ~ normal(z, q)\n",
                    csv[] = "t,y,q\n0,1,1\n1,1,-1\n";
  og_model *model = NULL;
  og_table *table = NULL;
  og_objective *objective = NULL;
  double loss;
  og_status status = og_model_create_from_text(context, "m", text, strlen(text), &model);
  if (status == OG_OK) status = og_table_create_from_text(context, "d", csv, strlen(csv), &table);
  if (status == OG_OK) status = og_objective_create(context, model, table, NULL, &objective);
  if (status == OG_OK) status = og_objective_evaluate(objective, NULL, &loss, NULL);
  og_objective_destroy(objective);
  og_table_destroy(table);
  og_model_destroy(model);
  return status == OG_ERR_NOT_FINITE ? OG_OK : status;
}

static void no_memory_is_reported(void **state) {
  (void)state;
  fail_each_allocation(name_a_row);
}

static void good_rows_are_none(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char model[300], csv[600];
    double loss, gradient;
    snprintf(model, sizeof model,
             "param k = 2\ninput q linear\ninit x = k, z = 3\nx' = 0*x\nz' = 0*z\nobserve a ~ normal(x, 1)\n"
             "observe y ~ %s\n",
             cases[i].call);
    write_rows(cases[i].good, cases[i].bad, cases[i].y, -1, csv, sizeof csv);
    fixture f = make_fixture(model, csv);
    CHECK(f.context, og_objective_evaluate(f.objective, (double[]){2}, &loss, &gradient));
    drop_fixture(&f);
  }
}

/* Arguments in their domains, and yet a density without a derivative: then every observed column of the row
 * is told, with its arguments. The square root of x - 2 + q has none where q = 0. */
static void rows_without_derivative_are_named(void **state) {
  (void)state;
  for (int row = 0; row < TRAJECTORIES * ROWS; row++) {
    char csv[600], want[600];
    double loss, gradient = 7;
    write_rows(0.25, 0, 1.5, row, csv, sizeof csv);
    fixture f = make_fixture("param k = 2\ninput q linear\ninit x = k, z = 3\nx' = 0*x\nz' = 0*z\n"
                             "observe a ~ normal(x, 1)\nobserve y ~ normal(sqrt(x - 2 + q), 2*z)\n",
                             csv);
    CHECK(f.context, og_objective_evaluate(f.objective, (double[]){2}, &loss, NULL));
    assert_int_equal(og_objective_evaluate(f.objective, (double[]){2}, &loss, &gradient), OG_ERR_NOT_FINITE);
    snprintf(want, sizeof want, "test.csv:%d: the loss of data row %d, trajectory %c, at t = %g, is ",
             row + 2, row + 1, 'k' + row / ROWS, 0.5 * (row % ROWS));
    assert_contains(og_context_message(f.context), want);
    snprintf(want, sizeof want,
             " or its derivative is not finite: observed %sy = 1.5 of normal(mu = 0, sigma = 6), where the "
             "state is (2, 3);",
             row % 2 ? "" : "a = 1 of normal(mu = 2, sigma = 1), ");
    assert_contains(og_context_message(f.context), want);
    assert_true(gradient == 7);
    drop_fixture(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(arguments_are_named), cmocka_unit_test(entries_of_arguments_are_named),
      cmocka_unit_test(no_memory_is_reported), cmocka_unit_test(good_rows_are_none),
      cmocka_unit_test(rows_without_derivative_are_named)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
