/* One evaluation of an objective: what is not finite is named with its place, whichever trajectory, state or
 * term it is; and the error of a gradient is put together from those of its parts. */
#include "fitting.h"

/* ---- Initial states ---- */

#define STARTS                                                                                               \
  "param k = 0.5\ninput a, b\ninit x = k, v = [1, sqrt(a), 2], w = log(b)\nx' = 0*x\nv' = 0*v\nw' = 0*w\n"   \
  "observe x ~ normal(x + sum(v) + w, 1)\n"

/* v[2] is NaN where a < 0, and w where b < 0, -inf where b = 0. The first of them is named, of the first
 * trajectory that has one. */
static void initial_states_are_named(void **state) {
  (void)state;
  for (int bad = 0; bad < 3; bad++)
    for (int which = 0; which < 3; which++) {
      char csv[300] = "id,t,x,a,b\n", want[200];
      for (int m = 0; m < 3; m++) {
        const char *a = m == bad && which == 0 ? "-1" : "1",
                   *b = m == bad && which > 0 ? which > 1 ? "0" : "-1" : "2";
        snprintf(csv + strlen(csv), sizeof csv - strlen(csv), "%c,%d,1,%s,%s\n%c,%d,1,,\n", 'a' + m, m, a, b,
                 'a' + m, m + 3);
      }
      fixture f = make_fixture(STARTS, csv);
      double loss = 7, gradient = 7;
      assert_int_equal(og_objective_evaluate(f.objective, (double[]){0.5}, &loss, &gradient),
                       OG_ERR_NOT_FINITE);
      snprintf(want, sizeof want, "the initial value of state %s is %s at t0 = %d", which ? "w" : "v",
               which > 1 ? "-inf" : "nan", bad);
      assert_contains(og_context_message(f.context), want);
      assert_true(loss == 7 && gradient == 7);
      drop_fixture(&f);
    }
}

/* ---- Terms ---- */

/* A cost of one trajectory: log(1 - u + ...) has no value where u >= 1, and sqrt no slope at
 * 0. */
static void costs_are_named(void **state) {
  (void)state;
  static const struct {
    const char *cost, *what;
    int gradient_alone;
  } cases[] = {{"cost final = log(1 - u*x) + x\n", "the final cost", 0},
               {"cost final = sqrt(x - u) + x\n", "the final cost", 1}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    for (int bad = 0; bad < 3; bad++) {
      char model[200], csv[200] = "id,t,u\n", want[200];
      for (int m = 0; m < 3; m++)
        snprintf(csv + strlen(csv), sizeof csv - strlen(csv), "%c,0,%g\n%c,%d,\n", 'a' + m,
                 m == bad ? cases[i].gradient_alone ? 1 : 2 : 0.25, 'a' + m, m + 1);
      snprintf(model, sizeof model, "param k = 1\ninput u\ninit x = 1 + 0*k\nx' = 0*k\n%s", cases[i].cost);
      fixture f = make_fixture(model, csv);
      double loss = 7, gradient = 7;
      assert_int_equal(og_objective_evaluate(f.objective, (double[]){1}, &loss, &gradient),
                       OG_ERR_NOT_FINITE);
      snprintf(want, sizeof want, "%s, trajectory %c", cases[i].what, 'a' + bad);
      assert_contains(og_context_message(f.context), want);
      snprintf(want, sizeof want, "on the span from 0 to %d", bad + 1);
      assert_contains(og_context_message(f.context), want);
      assert_true(loss == 7 && gradient == 7);
      og_status alone = og_objective_evaluate(f.objective, (double[]){1}, &loss, NULL);
      assert_int_equal(alone, cases[i].gradient_alone ? OG_OK : OG_ERR_NOT_FINITE);
      drop_fixture(&f);
    }
}

/* Each of the parts is finite, and their sum is not. */
static void a_sum_that_overflows_is_told(void **state) {
  (void)state;
  fixture f = make_fixture("param k = 1\ninit x = 1\nx' = 0*x\ncost final = 1e308*k*x\n",
                           "id,t\na,0\na,1\nb,0\nb,1\n");
  double loss = 7;
  CHECK(f.context, og_objective_evaluate(f.objective, (double[]){0.8}, &loss, NULL));
  assert_close(loss, 1.6e308, 1e-15);
  assert_int_equal(og_objective_evaluate(f.objective, (double[]){1}, &loss, NULL), OG_ERR_NOT_FINITE);
  assert_contains(og_context_message(f.context), "the sum of the loss over 2 trajectories overflows");
  drop_fixture(&f);
}

/* sqrt(k) at 0 has a value and no slope: by each parameter, which is named. */
static void parameters_are_named(void **state) {
  (void)state;
  for (int bad = 0; bad < 3; bad++) {
    static const char *const names[] = {"a", "b[1]", "b[2]"};
    fixture f =
        make_fixture("param a = 1, b[2] = 1\ninit x = 1 + sqrt(a) + sqrt(b[1]) + sqrt(b[2])\nx' = 0*x\n"
                     "cost final = x\ntime 0 : 1\n",
                     NULL);
    double theta[] = {1, 1, 1}, loss, gradient[3];
    char want[100];
    theta[bad] = 0;
    CHECK(f.context, og_objective_evaluate(f.objective, theta, &loss, NULL));
    assert_int_equal(og_objective_evaluate(f.objective, theta, &loss, gradient), OG_ERR_NOT_FINITE);
    snprintf(want, sizeof want, "the derivative of the loss by parameter %s is inf", names[bad]);
    assert_contains(og_context_message(f.context), want);
    drop_fixture(&f);
  }
}

/* ---- Errors of gradients ---- */

static og_gradient_error error_of(const char *model, const double *theta, double *gradient) {
  fixture f = make_fixture(model, NULL);
  og_gradient_error error = {OG_INIT(og_gradient_error)};
  double loss;
  CHECK(f.context, og_objective_evaluate(f.objective, theta, &loss, gradient));
  CHECK(f.context, og_objective_gradient_error(f.objective, &error));
  drop_fixture(&f);
  return error;
}

#define GROWING(starts)                                                                                      \
  "param c = 1, d = 1\ninit x = " starts "\nx' = sin(3*t)*x\ncost final = x\ntime 0 : 2\n"

/* Of parameters that act by the initial state alone the relative error is that of its derivative, whatever
 * the factor, its sign, or how many they are. */
static void errors_come_by_initial_states(void **state) {
  (void)state;
  static const char *const models[] = {GROWING("c + 0*d"), GROWING("-3*c + 0*d"), GROWING("1e-5*d - 1e3*c"),
                                       GROWING("0*c - 2*d")};
  for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
    double gradient[2];
    og_gradient_error error = error_of(models[i], (double[]){1, 1}, gradient);
    assert_true(error.initial > 0 && error.initial < 1e-6);
    assert_close(error.parameters, error.initial, 1e-12);
  }
}

/* Beside one on which the solve depends the errors add, each against the largest entry: L = c exp(2 k) has
 * dL/dk = 2 L and dL/dc = L / c. What k's own is is seen with a fixed initial state. */
static void errors_of_both_kinds_add(void **state) {
  (void)state;
  static const char fixed[] = "param k = 1\ninit x = 0.25\nx' = k*x\ncost final = x\ntime 0 : 2\n",
                    free[] = "param k = 1, c = 0.25\ninit x = c\nx' = k*x\ncost final = x\ntime 0 : 2\n";
  double gradient[2];
  og_gradient_error own = error_of(fixed, (double[]){1}, gradient);
  double own_size = fabs(gradient[0]);
  og_gradient_error both = error_of(free, (double[]){1, 0.25}, gradient);
  double size = fmax(fabs(gradient[0]), fabs(gradient[1]));
  assert_true(fabs(gradient[1]) > own_size);
  assert_close(both.initial, own.initial, 1e-12);
  assert_close(both.parameters, (own.parameters * own_size + own.initial * fabs(gradient[1])) / size, 1e-9);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(initial_states_are_named),      cmocka_unit_test(costs_are_named),
      cmocka_unit_test(a_sum_that_overflows_is_told),  cmocka_unit_test(parameters_are_named),
      cmocka_unit_test(errors_come_by_initial_states), cmocka_unit_test(errors_of_both_kinds_add)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
