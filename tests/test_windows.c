/* Mini-batches: windows against data sets made of them by hand, sums over partitions, differences. */
#include "fitting.h"

/* Two species, one of them with an error of its own. */
#define RIVALS                                                                                               \
  "param a = 1.1, b = 0.4, c = 0.4, d = 0.1, s = 0.3 in [0.01, 5], x0 = 9, y0 = 4\n"                         \
  "init x = x0\ninit y = y0\nx' = a*x - b*x*y\ny' = d*x*y - c*y\n"

static const char *const rivals = RIVALS "observe x ~ lognormal(log(x), s)\nobserve y ~ normal(y, 0.5)\n";
static const double theta[] = {1.05, 0.42, 0.41, 0.11, 0.25, 8.5, 4.2};
enum { P = sizeof theta / sizeof *theta };

static const char data[] =
    "id,t,x,y\n"
    "u,0,9.2,4.1\nu,0.5,6.9,5.7\nu,1,4.1,7.0\nu,1.5,2.2,7.2\nu,2,1.3,NA\nu,2.5,0.9,6.1\n"
    "v,1,10.1,3.0\nv,1.75,9.8,4.9\nv,2.25,NA,NA\nv,2.5,6.6,7.4\nv,4,1.2,7.6\n"
    "w,0,3,3\nw,1,3.2,2.9\n";

/* The same windows as trajectories of their own, which start from columns of the data. */
static const char *const windows_by_hand =
    "input x_start\ninput y_start\n"
    "param a = 1.1, b = 0.4, c = 0.4, d = 0.1, s = 0.3 in [0.01, 5], x0 = 9, y0 = 4\n"
    "init x = x_start\ninit y = y_start\nx' = a*x - b*x*y\ny' = d*x*y - c*y\n"
    "observe x ~ lognormal(log(x), s)\nobserve y ~ normal(y, 0.5)\n";
static const og_window windows[] = {{0, 1, 3}, {1, 0, 4}, {0, 2, 4}, {2, 0, 2}};
static const char data_by_hand[] =
    "id,t,x,y,x_start,y_start\n"
    "1,0.5,6.9,5.7,6.9,5.7\n1,1,4.1,7.0,6.9,5.7\n1,1.5,2.2,7.2,6.9,5.7\n"
    "2,1,10.1,3.0,10.1,3.0\n2,1.75,9.8,4.9,10.1,3.0\n2,2.5,6.6,7.4,10.1,3.0\n2,4,1.2,7.6,10.1,3.0\n"
    "3,1,4.1,7.0,4.1,7.0\n3,1.5,2.2,7.2,4.1,7.0\n3,2,1.3,NA,4.1,7.0\n3,2.5,0.9,6.1,4.1,7.0\n"
    "4,0,3,3,3,3\n4,1,3.2,2.9,3,3\n";
enum { WINDOWS = sizeof windows / sizeof *windows };

static void the_whole_set_has_the_same_bits(void **state) {
  (void)state;
  fixture f = make_fixture(rivals, data);
  const og_window all[] = {{0, 0, 0}, {1, 0, 0}, {2, 0, 0}};
  double loss, gradient[P], batch_loss, batch_gradient[P];
  size_t values;
  CHECK(f.context, og_objective_evaluate(f.objective, theta, &loss, gradient));
  CHECK(f.context,
        og_objective_evaluate_batch(f.objective, theta, 3, all, &batch_loss, &values, batch_gradient));
  assert_memory_equal(&loss, &batch_loss, sizeof loss);
  assert_memory_equal(gradient, batch_gradient, sizeof gradient);
  assert_int_equal(values, 23);
  assert_int_equal(og_objective_values(f.objective), 23);
  assert_int_equal(og_objective_rows(f.objective, 1), 4); /* a row without values is none */
  drop_fixture(&f);
}

static void windows_are_trajectories_from_their_data(void **state) {
  (void)state;
  for (int adjoint = OG_ADJOINT_DISCRETE; adjoint <= OG_ADJOINT_FORWARD; adjoint++) {
    fixture f = make_fixture(rivals, data), g = make_fixture(windows_by_hand, data_by_hand);
    double loss, gradient[P], want, expected[P];
    size_t values;
    og_objective_destroy(f.objective);
    CHECK(f.context, og_options_set_choice(f.options, OG_OPT_ADJOINT, adjoint));
    CHECK(f.context, og_objective_create(f.context, f.model, f.table, f.options, &f.objective));
    CHECK(f.context,
          og_objective_evaluate_batch(f.objective, theta, WINDOWS, windows, &loss, &values, gradient));
    CHECK(g.context, og_objective_evaluate_with(g.objective, (og_adjoint)adjoint, theta, &want, expected));
    assert_close(loss, want, 1e-12); /* the same steps; only sums differ */
    for (int i = 0; i < P; i++) assert_close(gradient[i], expected[i], 1e-11);
    assert_true(gradient[5] == 0 && gradient[6] == 0); /* no window starts from x0, y0 */
    assert_int_equal(values, og_objective_values(g.objective));
    drop_fixture(&f);
    drop_fixture(&g);
  }
}

static void expect(og_objective *objective, og_context *context, og_window window, og_status status,
                   const char *words) {
  double loss = 17;
  assert_int_equal(og_objective_evaluate_batch(objective, theta, 1, &window, &loss, NULL, NULL), status);
  if (!strstr(og_context_message(context), words))
    fail_msg("'%s' is not in: %s", words, og_context_message(context));
  assert_true(status == OG_OK || loss == 17);
}

static void windows_that_make_no_sense_are_refused(void **state) {
  (void)state;
  fixture f = make_fixture(rivals, data);
  expect(f.objective, f.context, (og_window){3, 0, 0}, OG_ERR_ARGUMENT,
         "trajectory 3 of an objective with 3");
  expect(f.objective, f.context, (og_window){0, 1, 0}, OG_ERR_ARGUMENT, "first must be 0");
  expect(f.objective, f.context, (og_window){0, 1, 1}, OG_ERR_ARGUMENT, "has one row");
  expect(f.objective, f.context, (og_window){0, 4, 3}, OG_ERR_ARGUMENT, "trajectory 0 has 6");
  expect(f.objective, f.context, (og_window){0, (size_t)-1, 3}, OG_ERR_ARGUMENT, "trajectory 0 has 6");
  expect(f.objective, f.context, (og_window){0, 4, 2}, OG_ERR_DATA,
         "row 5, trajectory u, but column y has no value there");
  assert_int_equal(og_objective_evaluate_batch(f.objective, theta, 0, windows, NULL, NULL, NULL),
                   OG_ERR_ARGUMENT);
  drop_fixture(&f);
  f = make_fixture(RIVALS "observe x ~ normal(x, 1)\nobserve y ~ normal(2*y, 1)\n", data);
  expect(f.objective, f.context, (og_window){0, 0, 2}, OG_ERR_UNSUPPORTED,
         "no column observes component 1 of state y as it is");
  expect(f.objective, f.context, (og_window){0, 0, 0}, OG_OK, "");
  drop_fixture(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_whole_set_has_the_same_bits),
      cmocka_unit_test(windows_are_trajectories_from_their_data),
      cmocka_unit_test(windows_that_make_no_sense_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
