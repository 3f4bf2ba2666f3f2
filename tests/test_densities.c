/* Densities of the model language against 40 digits (oracles/densities.csv, by oracles/densities.py): values,
 * gradients and Hessians over the whole range of arguments; and what is outside of it. */
#include "fitting.h"

/* ---- The family ---- */

enum { ORDER = 10, ROW = 5 + 2 * ORDER, LINE = 4096 };

/* Every operation of a formula rounds by half an epsilon, and so do the functions it calls, by up to four
 * (Stirling's remainder); the longest formula, the negative binomial's, is some twenty of them deep. */
static const double allowed = 16 * 2.220446049250313e-16;

/* Fields of a line of CSV; those with commas stand in quotes. Cuts the line up. */
static int split(char *line, char *field[ROW]) {
  int count = 0;
  for (char *at = line; count < ROW; at++) {
    int quoted = *at == '"';
    field[count++] = at += quoted;
    while (*at && *at != '\n' && (quoted ? *at != '"' : *at != ',')) at++;
    if (quoted && *at) *at++ = '\0';
    if (*at != ',') {
      *at = '\0';
      break;
    }
    *at = '\0';
  }
  return count;
}

typedef struct point {
  const char *density;
  double y, a[3];
  int arguments;
  char *const *cells; /* truth and size, ten of them */
} point;

static void check(const point *p, const char *what, double got, int place) {
  const char *truth = p->cells[2 * place], *size = p->cells[2 * place + 1];
  if (!*truth) return;
  double error = fabs(got - strtod(truth, NULL)), scale = strtod(size, NULL);
  if (!(error <= allowed * scale + 1e-300))
    fail_msg("%s, y = %.17g, a = %.17g, b = %.17g, c = %.17g: %s is %.17g, not %s (%.3g of what is allowed)",
             p->density, p->y, p->a[0], p->a[1], p->a[2], what, got, truth, error / (allowed * scale));
}

static void check_point(const point *p) {
  static const char *const first[] = {"dL/da", "dL/db", "dL/dc"};
  static const int place[3][3] = {{4, 5, 6}, {5, 7, 8}, {6, 8, 9}};
  char model[400], csv[100];
  double loss, gradient[3], hessian[9];
  snprintf(model, sizeof model, "param a = 0.5%s%s\ninit x = 0\nx' = 0\nobserve y ~ %s\ntime 0 : 1\n",
           p->arguments > 1 ? ", b = 0.5" : "", p->arguments > 2 ? ", c = 0.5" : "", p->density);
  snprintf(csv, sizeof csv, "t,y\n1,%.17g\n", p->y);
  fixture f = make_fixture(model, csv);
  CHECK(f.context, og_objective_evaluate(f.objective, p->a, &loss, gradient));
  CHECK(f.context, og_objective_hessian(f.objective, p->a, hessian));
  check(p, "L", loss, 0);
  for (int i = 0; i < p->arguments; i++) {
    check(p, first[i], gradient[i], 1 + i);
    for (int j = 0; j < p->arguments; j++)
      check(p, "a second derivative", hessian[i * p->arguments + j], place[i][j]);
  }
  drop_fixture(&f);
}

static void family(void **state) {
  (void)state;
  char line[LINE], *field[ROW];
  FILE *file = fopen("tests/oracles/densities.csv", "r");
  assert_non_null(file);
  assert_non_null(fgets(line, sizeof line, file));
  int points = 0;
  for (; fgets(line, sizeof line, file); points++) {
    assert_int_equal(split(line, field), ROW);
    point p = {.density = field[0], .y = strtod(field[1], NULL), .cells = field + 5};
    while (p.arguments < 3 && *field[2 + p.arguments]) {
      p.a[p.arguments] = strtod(field[2 + p.arguments], NULL);
      p.arguments++;
    }
    check_point(&p);
  }
  fclose(file);
  assert_true(points > 300);
}

/* ---- Quotients of arguments that leave the range of numbers ---- */

/* Losses and gradients by mpmath with 700 digits, of the log gammas as they stand in books. Second
 * derivatives are beyond all numbers but in the row that has them; the logarithms of y, a and b are what
 * cancels. */
static const struct far_point {
  const char *density;
  double y, a[2], loss, gradient[2];
} far_points[] = {
    {"gamma(a, b)", 1e12, {1e-300, 1}, 1000000000718.4065, {-1e300, 1e12}},
    {"gamma(a, b)", 1e300, {1e-50, 1e-300}, 806.90478254791599, {-1e50, 1e300}},
    {"gamma(a, b)", 1e-200, {2, 1e-200}, 1381.5510557964274, {921.45682153271674, -2e200}},
    {"gamma(a, b)", 1e-200, {1e-200, 1e-150}, 8.0532756688301444e-198, {-1e200, -1e-50}},
    {"gamma(a, b)", 1e12, {1e-120, 1}, 1000000000303.9412, {-1e120, 1e12}},
    {"neg_binomial_2(a, b)", 1e15, {1e15, 1e-300}, 725.31430429312439, {0, -1e300}},
    {"neg_binomial_2(a, b)", 0, {2, 1e-300}, 6.9146867507877367e-298, {5e-301, 690.46867507877365}},
    {"neg_binomial_2(a, b)", 3, {2, 1e-300}, 691.87414018688181, {-2.5e-301, -1e300}},
    {"neg_binomial_2(a, b)", 1, {1e-300, 1e-300}, 691.46867507877365, {-5e299, -5e299}},
};

static double log_size(double x) { return x > 0 ? fabs(log(x)) : 0; }

static void check_far_point(const struct far_point *at) {
  char model[200], csv[100];
  double loss, gradient[2], hessian[4], size = log_size(at->y) + log_size(at->a[0]) + log_size(at->a[1]);
  snprintf(model, sizeof model, "param a = 0.5, b = 0.5\ninit x = 0\nx' = 0\nobserve y ~ %s\ntime 0 : 1\n",
           at->density);
  snprintf(csv, sizeof csv, "t,y\n1,%.17g\n", at->y);
  fixture f = make_fixture(model, csv);
  CHECK(f.context, og_objective_evaluate(f.objective, at->a, &loss, gradient));
  if (!(fabs(loss - at->loss) <= allowed * fmax(size, at->loss)))
    fail_msg("%s at %g: %.17g, not %.17g", at->density, at->y, loss, at->loss);
  for (int i = 0; i < 2; i++)
    if (!(fabs(gradient[i] - at->gradient[i]) <= allowed * fabs(at->gradient[i])))
      fail_msg("%s at %g: slope %d is %.17g, not %.17g", at->density, at->y, i, gradient[i], at->gradient[i]);
  if (at->y == 0) { /* phi log(1 + mu/phi): -phi/m^2, mu/m^2 and -(mu/m)^2/phi, where m = mu + phi */
    CHECK(f.context, og_objective_hessian(f.objective, at->a, hessian));
    const double truth[] = {-2.5e-301, 0.5, 0.5, -1e300};
    for (int i = 0; i < 4; i++) assert_true(fabs(hessian[i] - truth[i]) <= allowed * fabs(truth[i]));
  }
  drop_fixture(&f);
}

static void quotients_beyond_the_range(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof far_points / sizeof *far_points; i++) check_far_point(&far_points[i]);
}

/* ---- Outside the domain ---- */

typedef struct bad_argument {
  const char *density, *name, *needs;
  double y, value;
} bad_argument;

/* Stan's domains (its Functions Reference). By the formulas alone many of these have a finite density. */
static const bad_argument bad_arguments[] = {
    {"normal(0, a)", "sigma of normal", "above 0", 1, -1},
    {"normal(0, a)", "sigma of normal", "above 0", 1, 0},
    {"normal(0, 1/a)", "sigma of normal", "finite", 1, 0},
    {"normal(1/a, 1)", "mu of normal", "finite", 1, 0},
    {"lognormal(0, a)", "sigma of lognormal", "above 0", 1, -2},
    {"student_t(a, 0, 1)", "nu of student_t", "above 0", 1, -0.5},
    {"student_t(1/a, 0, 1)", "nu of student_t", "finite", 1, 0},
    {"student_t(2, 0, a)", "sigma of student_t", "above 0", 1, -1},
    {"cauchy(0, a)", "sigma of cauchy", "above 0", 1, -1},
    {"double_exponential(0, a)", "sigma of double_exponential", "above 0", 1, -1},
    {"exponential(a)", "beta of exponential", "above 0", 1, 0},
    {"exponential(a)", "beta of exponential", "above 0", 1, -3},
    {"gamma(a, 1)", "alpha of gamma", "above 0", 1, -0.5},
    {"gamma(2, a)", "beta of gamma", "above 0", 1, -1},
    {"poisson(a)", "lambda of poisson", "0 or more", 0, -9.5e12},
    {"poisson(a)", "lambda of poisson", "0 or more", 2, -1e-12},
    {"poisson(1/a)", "lambda of poisson", "finite", 0, 0},
    {"neg_binomial_2(a, 1)", "mu of neg_binomial_2", "above 0", 0, -0.5},
    {"neg_binomial_2(a, 1)", "mu of neg_binomial_2", "above 0", 0, 0},
    {"neg_binomial_2(2, a)", "phi of neg_binomial_2", "above 0", 3, -4.5},
    {"neg_binomial_2(2, 1/a)", "phi of neg_binomial_2", "finite", 3, 0},
    {"bernoulli(a)", "theta of bernoulli", "from 0 to 1", 1, 4.4e6},
    {"bernoulli(a)", "theta of bernoulli", "from 0 to 1", 0, -0.25},
    {"categorical_logit([a, 1, -1/a])", "logits of categorical_logit", "finite", 1, 0},
};

static fixture fixture_of(const char *density, double y) {
  char model[200], csv[100];
  snprintf(model, sizeof model, "param a = 0.5\ninit x = 0\nx' = 0\nobserve n ~ %s\n", density);
  snprintf(csv, sizeof csv, "t,n\n0,\n3,%.17g\n", y);
  return make_fixture(model, csv);
}

static void outside_of_the_domain(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof bad_arguments / sizeof *bad_arguments; i++) {
    const bad_argument *bad = &bad_arguments[i];
    double loss = 0, gradient = 0, hessian = 0;
    fixture f = fixture_of(bad->density, bad->y);
    if (og_objective_evaluate(f.objective, &bad->value, &loss, NULL) != OG_ERR_NOT_FINITE)
      fail_msg("%s at %g has the loss %g", bad->density, bad->value, loss);
    assert_int_equal(og_objective_evaluate(f.objective, &bad->value, &loss, &gradient), OG_ERR_NOT_FINITE);
    const char *parts[] = {"data row 2", "t = 3", "observed n = ", bad->name, "must be", bad->needs};
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
      assert_contains(og_context_message(f.context), parts[k]);
    assert_int_equal(og_objective_hessian(f.objective, &bad->value, &hessian), OG_ERR_NOT_FINITE);
    const double good = 0.5; /* one failure is of its point alone */
    CHECK(f.context, og_objective_evaluate(f.objective, &good, &loss, &gradient));
    drop_fixture(&f);
  }
}

static void check_edge(const char *density, double y, double a, double want_loss, double want_slope) {
  double loss = NAN, gradient = NAN;
  fixture f = fixture_of(density, y);
  CHECK(f.context, og_objective_evaluate(f.objective, &a, &loss, &gradient));
  assert_true(loss == want_loss && gradient == want_slope);
  drop_fixture(&f);
}

/* What lies in the domain, on its edge, and is not impossible, has its loss. */
static void edges_of_the_domain(void **state) {
  (void)state;
  check_edge("poisson(a)", 0, 0, 0, 1);
  check_edge("bernoulli(a)", 0, 0, 0, 1);
  check_edge("bernoulli(a)", 1, 1, 0, -1);
  const double zero = 0;
  double loss;
  fixture f = fixture_of("poisson(a)", 2);
  assert_int_equal(og_objective_evaluate(f.objective, &zero, &loss, NULL), OG_ERR_NOT_FINITE);
  assert_contains(og_context_message(f.context), "n = 2 of poisson(lambda = 0)");
  drop_fixture(&f);
}

/* An argument of an entry whose value is missing is not looked at, and the entry to blame is named. */
static void vectors_and_missing_values(void **state) {
  (void)state;
  static const double theta[] = {2, -1, -3};
  double loss = 0, gradient[3];
  fixture f = make_fixture("param a[3] = 1\ninit x = 0\nx' = 0\nobserve n ~ poisson(a)\n",
                           "t,n[1],n[2],n[3]\n0,1,,\n");
  CHECK(f.context, og_objective_evaluate(f.objective, theta, &loss, gradient));
  assert_close(loss, 2 - log(2), 1e-15);
  assert_true(gradient[0] == 0.5 && gradient[1] == 0 && gradient[2] == 0);
  drop_fixture(&f);
  f = make_fixture("param a[3] = 1\ninit x = 0\nx' = 0\nobserve n ~ poisson(a)\n",
                   "t,n[1],n[2],n[3]\n0,1,,4\n");
  assert_int_equal(og_objective_evaluate(f.objective, theta, &loss, gradient), OG_ERR_NOT_FINITE);
  assert_contains(og_context_message(f.context), "observed n[3] = 4, where lambda of poisson is -3");
  drop_fixture(&f);
}

static void constants_are_refused_in_the_text(void **state) {
  (void)state;
  og_context *context = new_context();
  og_model *model = NULL;
  static const char text[] = "const s = -2\ninit x = 1\nx' = -x\nobserve x ~ normal(x, s)\n";
  assert_int_equal(og_model_create_from_text(context, "m", text, sizeof text - 1, &model), OG_ERR_MODEL);
  assert_contains(og_context_message(context), "sigma of normal must be a finite number above 0, not -2");
  og_context_destroy(context);
}

/* The best rate of three zeros is 0, at a = 1/2, and beyond it there is no model: it was -9.5e12 once. */
static void fits_step_back(void **state) {
  (void)state;
  og_fit *fit = NULL;
  const double start = 0.1;
  fixture f =
      make_fixture("param a = 0.1\ninit x = 1\nx' = -a\nobserve n ~ poisson(x)\n", "t,n\n0,1\n1,0\n2,0\n");
  CHECK(f.context, og_fit_create(f.objective, f.options, &start, NULL, NULL, &fit));
  double estimate = 0;
  CHECK(f.context, og_fit_estimate(fit, &estimate));
  if (!(estimate <= 0.5 && estimate > 0.5 - 1e-6)) fail_msg("the estimate is %.17g", estimate);
  assert_close(og_fit_loss(fit), 1.5, 1e-6); /* 1 - log 1 + 1/2 + 0 */
  og_fit_destroy(fit);
  drop_fixture(&f);
}

/* The message is made by a program of its own. */
static og_status message(og_context *context) {
  static const char text[] = "param a = 0.5\ninit x = 0\nx' = 0\nobserve n ~ neg_binomial_2(2, a)\n",
                    csv[] = "t,n\n0,1\n1,2\n";
  og_model *model = NULL;
  og_table *table = NULL;
  og_objective *objective = NULL;
  const double bad = -1;
  double loss;
  og_status status = og_model_create_from_text(context, "m", text, sizeof text - 1, &model);
  if (status == OG_OK) status = og_table_create_from_text(context, "d", csv, sizeof csv - 1, &table);
  if (status == OG_OK) status = og_objective_create(context, model, table, NULL, &objective);
  if (status == OG_OK) status = og_objective_evaluate(objective, &bad, &loss, NULL);
  og_objective_destroy(objective);
  og_table_destroy(table);
  og_model_destroy(model);
  return status == OG_ERR_NOT_FINITE ? OG_OK : status;
}

static void no_memory_is_reported(void **state) {
  (void)state;
  fail_each_allocation(message);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(family),
                                     cmocka_unit_test(outside_of_the_domain),
                                     cmocka_unit_test(edges_of_the_domain),
                                     cmocka_unit_test(quotients_beyond_the_range),
                                     cmocka_unit_test(vectors_and_missing_values),
                                     cmocka_unit_test(constants_are_refused_in_the_text),
                                     cmocka_unit_test(fits_step_back),
                                     cmocka_unit_test(no_memory_is_reported)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
