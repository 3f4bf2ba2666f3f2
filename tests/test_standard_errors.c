/* Standard errors against closed forms of linear regression: of strongly correlated parameters, beside such
 * as the data do not determine, and with parameters held at their bounds. */
#include "fit_outcomes.h"

/* Adds up what a straight line a + b t through data of error s at `count` times gives: standard errors. */
typedef struct line_errors {
  double a, b;
} line_errors;

static line_errors line_of(int count, const double *t, double s) {
  double mean = 0, squares = 0;
  for (int i = 0; i < count; i++) mean += t[i] / count;
  for (int i = 0; i < count; i++) squares += (t[i] - mean) * (t[i] - mean);
  return (line_errors){s * sqrt(1. / count + mean * mean / squares), s / sqrt(squares)};
}

/* Far from t = 0 the line's value there and its slope are known together only: of the correlation rho there
 * is 1 - rho^2 = var(t)/mean(t^2) left, 1e-6 and 1e-8 here, by which rounding in the Hessian (some 1e-13)
 * grows. */
static void correlated_parameters_have_theirs(void **state) {
  (void)state;
  static const double far[] = {1000, 10000}, tolerance[] = {1e-6, 1e-4};
  for (int k = 0; k < 2; k++) {
    double t[4], start[] = {1, 0.4};
    char model[300], csv[300];
    for (int i = 0; i < 4; i++) t[i] = far[k] + i;
    snprintf(model, sizeof model,
             "param a = 1, b = 0.4\ninit x = a\nx' = b + 0*x\nobserve x ~ normal(x, 0.1)\ntime 0 : %g\n",
             t[3]);
    snprintf(csv, sizeof csv, "t,x\n%g,%.15g\n%g,%.15g\n%g,%.15g\n%g,%.15g\n", t[0], 2 + t[0] / 2 + 0.1, t[1],
             2 + t[1] / 2 - 0.1, t[2], 2 + t[2] / 2 - 0.1, t[3], 2 + t[3] / 2 + 0.1);
    outcome r = fit_from(model, csv, NULL, start);
    line_errors want = line_of(4, t, 0.1);
    assert_reason(&r, 1, "converged: a minimum");
    assert_close(r.theta[1], 0.5, 1e-6); /* the residuals are orthogonal to a line */
    assert_close(r.errors[0], want.a, tolerance[k]);
    assert_close(r.errors[1], want.b, tolerance[k]);
  }
}

/* The data of a line 2 + t/2 at times around `middle`, with residuals that are orthogonal to lines. */
static void far_line(double middle, double t[4], char *csv, size_t size) {
  static const double residual[] = {0.1, -0.1, -0.1, 0.1};
  int length = snprintf(csv, size, "t,x,z\n");
  for (int i = 0; i < 4; i++) {
    t[i] = middle - 1.5 + i;
    length += snprintf(csv + length, size - (size_t)length, "%.15g,%.15g,%d\n", t[i],
                       2 + t[i] / 2 + residual[i], i);
  }
}

/* A correlation of 0.999999, in units that are far from each other, beside an unused parameter, beside two of
 * which the sum alone is known, beside one at its bound, and with second derivatives from differences. The
 * mean of squares is 1.25 around the middle: 1 - rho^2 = 1.25 / (1.25 + middle^2). Rounding of 1e-13 in the
 * matrix grows by 1 / (1 - rho^2), and differences of gradients that are right to 1e-11 by as much. */
static void whatever_is_beside_them(void **state) {
  (void)state;
  static const struct {
    const char *others, *slope, *z, *more;
    double unit, tolerance;
  } cases[] = {{"", "b", "0", "", 1, 1e-6},
               {"", "1e6*b", "0", "", 1e-6, 1e-6},
               {"", "1e-6*b", "0", "", 1e6, 1e-6},
               {", unused = 3", "b", "0", "", 1, 1e-6},
               {", c = 1, d = 1", "b", "c + d", "", 1, 1e-6},
               {", c = 1, d = 1", "1e6*b", "c + d", "", 1e-6, 1e-6},
               {", c = 1, d = 1", "1e-6*b", "c + d", "", 1e6, 1e-6},
               {", c = 1, d = 1", "1e3*b", "c*d", "", 1e-3, 1e-6},
               {", c = 1 in [0, 1]", "b", "c", "", 1, 1e-6},
               {"", "b", "0", "event e when t - 1.5 = 0 rising { x = x }\n", 1, 1e-4},
               {", unused = 3", "b", "0", "event e when t - 1.5 = 0 rising { x = x }\n", 1, 1e-4}};
  double t[4], middle = sqrt(1.25 * (1 / (1 - 0.999999 * 0.999999) - 1));
  char csv[300], model[500];
  far_line(middle, t, csv, sizeof csv);
  line_errors want = line_of(4, t, 0.1);
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    double unit = cases[k].unit;
    snprintf(model, sizeof model,
             "param a = 1, b = %g%s\ninit x = a, z = %s\nx' = %s + 0*x\nz' = 0*z\n"
             "observe x ~ normal(x, 0.1)\nobserve z ~ normal(z, 0.2)\n%stime 0 : %.17g\n",
             0.4 * unit, cases[k].others, cases[k].z, cases[k].slope, cases[k].more, t[3]);
    outcome r = fit_from(model, csv, NULL, NULL);
    if (!r.converged || !(fabs(r.errors[0] / want.a - 1) < cases[k].tolerance) ||
        !(fabs(r.errors[1] / want.b / unit - 1) < cases[k].tolerance))
      fail_msg("case %zu: %s; %.9g, not %.9g; %.9g, not %.9g; %s", k, r.reason, r.errors[0], want.a,
               r.errors[1], want.b * unit, notes);
  }
}

/* ---- Beside what is not determined ---- */

#define ROWS "t,x,z\n0,1,3\n1,1.3,3.1\n2,1.4,2.8\n3,1.9,3.1\n"
static const double row_times[] = {0, 1, 2, 3};

/* The line through x; what `others` declare is to have no errors, and `z` is observed. */
static outcome fit_line(const char *others, const char *z, const double *pairs) {
  char model[600];
  snprintf(model, sizeof model,
           "param a = 1, b = 0.4%s\ninit x = a, z = %s\nx' = b + 0*x\nz' = 0*z\n"
           "observe x ~ normal(x, 0.1)\nobserve z ~ normal(z, 0.2)\n",
           others, z);
  outcome r = fit_from(model, ROWS, pairs, NULL);
  line_errors want = line_of(4, row_times, 0.1);
  if (!r.converged) fail_msg("%s", r.reason);
  assert_close(r.errors[0], want.a, 1e-6);
  assert_close(r.errors[1], want.b, 1e-6);
  return r;
}

static void unused_parameters_are_named(void **state) {
  (void)state;
  for (int optimizer = OG_OPTIMIZER_LBFGS; optimizer <= OG_OPTIMIZER_GRADIENT; optimizer++) {
    double pairs[] = {OG_OPT_OPTIMIZER, optimizer, NO_OPTION};
    outcome r = fit_line(", unused = 7, w[3] = 2", "w[2]", pairs);
    assert_true(r.theta[2] == 7 && isnan(r.errors[2]) && isnan(r.errors[3]) && isnan(r.errors[5]));
    assert_close(r.errors[4], 0.2 / 2, 1e-6); /* of a mean of four */
    assert_contains(notes, "no standard errors for unused, w[1], w[3]: the loss does not change with them");
    assert_null(strstr(notes, "for a"));
  }
}

/* The line through z is level: its slope is zero up to what the optimizer leaves of it, in whatever unit. Its
 * error and that of the other parameter are those of a line, also from the spectrum, beside one that is not
 * used. */
static void an_estimate_of_zero_has_its_error(void **state) {
  (void)state;
  line_errors want = line_of(4, row_times, 0.2);
  for (int power = -4; power <= 4; power += 2) {
    char model[400];
    double unit = pow(10, power);
    snprintf(model, sizeof model,
             "param a = 1, b = 0.4, unused = 7, c = 1, d = %g\ninit x = a, z = c\nx' = b + 0*x\n"
             "z' = %g*d + 0*z\nobserve x ~ normal(x, 0.1)\nobserve z ~ normal(z, 0.2)\n",
             2 / unit, unit);
    outcome r = fit_from(model, ROWS, NULL, NULL);
    assert_reason(&r, 1, "does not change along 1 of 5 directions (unused)");
    assert_true(fabs(r.theta[4] * unit) < 1e-5 && isnan(r.errors[2]));
    assert_close(r.errors[3], want.a, 1e-6);
    assert_close(r.errors[4], want.b / unit, 1e-6);
    assert_null(strstr(notes, "the data do not determine"));
  }
}

/* Used, and yet nothing changes with it. */
static void a_parameter_without_gradient_is_named(void **state) {
  (void)state;
  outcome r = fit_line(", c = 1 in [0, 2], d = 2", "d + max(c, 5) - 5", NULL);
  assert_true(r.theta[2] == 1 && isnan(r.errors[2]));
  assert_close(r.errors[3], 0.2 / 2, 1e-6);
  assert_contains(notes, "no standard errors for c: the loss does not change with it");
}

/* exp(log c) - c is zero and has the slope zero, of which rounding leaves 1e-16: no second derivative at all,
 * and none that could be taken for that of e, which moves z in the same way. */
static void rounding_is_no_curvature(void **state) {
  (void)state;
  static const char *const values[] = {"0.1", "0.7", "3", "5", "7", "11", "1e3"};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    char others[64];
    snprintf(others, sizeof others, ", c = %s, e = 2", values[i]);
    outcome r = fit_line(others, "e + exp(log(c)) - c", NULL);
    assert_true(isnan(r.errors[2]));
    assert_close(r.errors[3], 0.2 / 2, 1e-6);
    assert_contains(notes, "no standard errors for c:");
  }
}

/* In whatever order parameters are declared: one that is not used, one at its bound and two that are known.
 */
static void their_order_does_not_matter(void **state) {
  (void)state;
  static const char *const declared[] = {"a = 1", "b = 0.4", "unused = 7", "held = 0.2 in [0, 0.5]"};
  line_errors want = line_of(4, row_times, 0.1);
  for (int turn = 0; turn < 4; turn++) {
    char model[400];
    snprintf(
        model, sizeof model,
        "param %s, %s, %s, %s\ninit x = a, z = held\nx' = b + 0*x\nz' = 0*z\nobserve x ~ normal(x, 0.1)\n"
        "observe z ~ normal(z, 0.2)\n",
        declared[turn], declared[(turn + 1) % 4], declared[(turn + 2) % 4], declared[(turn + 3) % 4]);
    outcome r = fit_from(model, ROWS, NULL, NULL);
    assert_true(r.converged);
    for (int k = 0; k < 4; k++) {
      double error = r.errors[(k - turn + 4) % 4];
      if (k < 2) assert_close(error, k ? want.b : want.a, 1e-6);
      if (k >= 2) assert_true(isnan(error));
      assert_int_equal(r.at_bound[(k - turn + 4) % 4], k == 3);
    }
    assert_contains(notes, "no standard errors for unused: the loss does not change with it");
    assert_contains(notes, "no standard error for held, which is at its bound");
  }
}

/* Only c + d is known, only c d: the latter's Hessian is singular where the gradient vanishes only, so that
 * what an optimizer leaves of it must not look like knowledge. */
static void parameters_known_together_are_named(void **state) {
  (void)state;
  static const char *const together[] = {"c + d", "c*d", "c*d*exp(0.1*sin(c - c))"};
  for (int k = 0; k < 3; k++)
    for (int optimizer = OG_OPTIMIZER_LBFGS; optimizer <= OG_OPTIMIZER_GRADIENT; optimizer++) {
      double pairs[] = {OG_OPT_OPTIMIZER, optimizer, NO_OPTION};
      outcome r = fit_line(", c = 1, d = 2", together[k], pairs);
      assert_true(isnan(r.errors[2]) && isnan(r.errors[3]));
      assert_contains(notes, "no standard errors for c, d: the data do not determine them one by one");
    }
}

/* Behind an event the Hessian comes from differences. */
static void differences_leave_them_out_too(void **state) {
  (void)state;
  outcome r =
      fit_line(", unused = 7, c = 1, d = 2", "c + d\nevent e when t - 1.5 = 0 rising { x = x }", NULL);
  assert_true(isnan(r.errors[2]) && isnan(r.errors[3]) && isnan(r.errors[4]));
  assert_contains(notes, "come from differences");
  assert_contains(notes, "for unused: the loss");
  assert_contains(notes, "for c, d: the data");
}

/* Of a network and of plain errors there is no information, and the gradient tells. */
static void unused_parameters_are_named_without_errors(void **state) {
  (void)state;
  fit_from("param a = 1, unused = 7\nnet f = mlp(1, 2, 1; tanh)\ninit x = a\nx' = f(x)\nobserve x ~ "
           "normal(x, 0.1)\n",
           ROWS, (double[]){OG_OPT_ITERATIONS, 5, NO_OPTION}, NULL);
  assert_contains(notes, "the loss did not change with unused anywhere: is it used?");
  fit_from("param a = 1, unused = 7, w[2] = 1\ninit x = a\nx' = 0*x\nobserve x ~ squared_error(x)\n", ROWS,
           NULL, NULL);
  assert_contains(notes, "the loss did not change with unused, w[1], w[2] anywhere: are they used?");
}

/* ---- At a bound ---- */

/* The slope of the best line is 0.28: held at 0.1 or 0.5 the error of a is that of a mean. A bound of 0 is
 * reached exactly, from above or from below. */
static void the_others_are_those_with_it_held(void **state) {
  (void)state;
  static const struct {
    const char *bounds, *slope;
    double bound;
    int side;
  } cases[] = {{"b = 0 in [-1, 0.1]", "b", 0.1, 1},    {"b = 0.6 in [0.5, 1]", "b", 0.5, -1},
               {"b = 0.3 in [0, 1]", "-b", 0, -1},     {"b = 1e-9 in [0, 1000]", "-b", 0, -1},
               {"b = 0 in [0, 1]", "-b", 0, -1},       {"b = -0.3 in [-1, 0]", "b", 0, 1},
               {"b = -1 in [-1, 0], u = 1", "b", 0, 1}};
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
    for (int optimizer = OG_OPTIMIZER_LBFGS; optimizer <= OG_OPTIMIZER_GRADIENT; optimizer++) {
      double pairs[] = {OG_OPT_OPTIMIZER, optimizer, NO_OPTION};
      char model[300];
      snprintf(model, sizeof model,
               "param a = 1, %s\ninit x = a\nx' = %s + 0*x\nobserve x ~ normal(x, 0.1)\n", cases[k].bounds,
               cases[k].slope);
      outcome r = fit_from(model, ROWS, pairs, NULL);
      assert_reason(&r, 1, "converged: ");
      assert_true(r.theta[1] == cases[k].bound && r.at_bound[1] == cases[k].side && r.at_bound[0] == 0);
      assert_true(isnan(r.errors[1]));
      assert_close(r.errors[0], 0.1 / 2, 1e-6);
      assert_contains(notes, "no standard error for b, which is at its bound");
    }
}

/* ---- No likelihood ---- */

static void plain_errors_have_none(void **state) {
  (void)state;
  static const char *const errors[] = {"squared_error", "absolute_error"};
  for (int k = 0; k < 2; k++) {
    char model[300], note[100];
    snprintf(model, sizeof model,
             "param a = 1, b = 0.3\ninit x = a, z = b\nx' = 0*x\nz' = 0*z\nobserve x ~ normal(x, 0.1)\n"
             "observe z ~ %s(z)\n",
             errors[k]);
    outcome r = fit_from(model, ROWS, NULL, NULL);
    assert_true(isnan(r.errors[0]) && isnan(r.errors[1]));
    snprintf(note, sizeof note, "no standard errors, because %s is no likelihood", errors[k]);
    assert_contains(notes, note);
  }
}

/* Where the loss falls up to the edge of a distribution's domain it is no minimum, and its curvature no
 * information: -log(0.5 (0.5 + a) (0.5 + 2 a)) falls up to a = 1/4, where the last probability is 1, and 3 k
 * of a rate down to k = 0. */
static void edges_have_none(void **state) {
  (void)state;
  static const struct {
    const char *model, *csv;
    double at, loss;
  } cases[] = {{"param a = 0.1\ninit x = 0.5\nx' = a\nobserve y ~ bernoulli(x)\n", "t,y\n0,1\n1,1\n2,1\n",
                0.25, 0.98082925301172623},
               {"param k = 1 in [-5, 5]\ninit x = 1\nx' = 0\nobserve n ~ poisson(k*x)\n",
                "t,n\n0,0\n1,0\n2,0\n", 0, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    outcome r = fit_from(cases[i].model, cases[i].csv, NULL, NULL);
    assert_reason(&r, 0, "come to the edge of what");
    assert_true(fabs(r.theta[0] - cases[i].at) <= 1e-8); /* as near to the edge as is looked for: 1e-9 */
    assert_true(fabs(r.loss - cases[i].loss) <= 1e-7);   /* slopes of 3 and 4 */
    assert_true(isnan(r.errors[0]));
    assert_contains(notes, "no standard errors: at the edge of a distribution's domain");
  }
}

/* ---- Memory ---- */

/* c and d are known together only: their errors take the spectrum of the information. */
static og_status fit_without_all_errors(og_context *context) {
  static const char text[] = "param a = 1, c = 1, d = 2\ninit x = a, z = c + d\nx' = 0*x\nz' = 0*z\n"
                             "observe y ~ normal(x, 1)\nobserve w ~ normal(z, 1)\n",
                    csv[] = "t,y,w\n0,4.1,1\n1,3.9,2\n";
  og_model *model = NULL;
  og_table *table = NULL;
  og_objective *objective = NULL;
  og_fit *fit = NULL;
  og_status status = og_model_create_from_text(context, "m", text, strlen(text), &model);
  if (status == OG_OK) status = og_table_create_from_text(context, "d", csv, strlen(csv), &table);
  if (status == OG_OK) status = og_objective_create(context, model, table, NULL, &objective);
  if (status == OG_OK) status = og_fit_create(objective, NULL, NULL, NULL, NULL, &fit);
  og_fit_destroy(fit);
  og_objective_destroy(objective);
  og_table_destroy(table);
  og_model_destroy(model);
  return status;
}

static void no_memory_is_reported(void **state) {
  (void)state;
  fail_each_allocation(fit_without_all_errors);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(correlated_parameters_have_theirs),
                                     cmocka_unit_test(whatever_is_beside_them),
                                     cmocka_unit_test(unused_parameters_are_named),
                                     cmocka_unit_test(an_estimate_of_zero_has_its_error),
                                     cmocka_unit_test(rounding_is_no_curvature),
                                     cmocka_unit_test(their_order_does_not_matter),
                                     cmocka_unit_test(a_parameter_without_gradient_is_named),
                                     cmocka_unit_test(parameters_known_together_are_named),
                                     cmocka_unit_test(differences_leave_them_out_too),
                                     cmocka_unit_test(unused_parameters_are_named_without_errors),
                                     cmocka_unit_test(the_others_are_those_with_it_held),
                                     cmocka_unit_test(plain_errors_have_none),
                                     cmocka_unit_test(edges_have_none),
                                     cmocka_unit_test(no_memory_is_reported)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
