/* A field of callbacks that is said not to depend on time: the same gradient with fewer looks; and a promise
 * that is not kept is refused. */
#include "models.h"

static og_options *options_of(og_context *context) {
  og_options *options = NULL;
  CHECK(context, og_options_create(context, &options));
  CHECK(context, og_options_set_real(options, OG_OPT_RTOL, 1e-8));
  CHECK(context, og_options_set_real(options, OG_OPT_ATOL, 1e-8));
  return options;
}

static og_solve *solve_of(og_context *context, const og_field *field, const double *x0, const double *theta) {
  og_options *options = options_of(context);
  og_solve *solve = NULL;
  CHECK(context, og_solve_create(context, field, options, 1, &solve));
  CHECK(context, og_solve_set_span(solve, 0, 0.25, 9));
  CHECK(context, og_solve_set_initial_state(solve, 0, x0));
  CHECK(context, og_solve_set_parameters(solve, 0, theta));
  og_options_destroy(options);
  return solve;
}

static const double theta[4] = {1.5, 1, 3, 1};

/* The products of looks are counted in OG_STAT_VJP_EVALS. */
static long long pull(int autonomous, double *gradient, double *times) {
  og_context *context = new_context();
  og_field *field = NULL;
  CHECK(context, og_field_create(context, 2, 4, lv_rhs, NULL, &field));
  CHECK(context, og_field_set_vjp(field, lv_vjp));
  CHECK(context, og_field_set_autonomous(field, autonomous));
  og_solve *solve = solve_of(context, field, (double[]){1, 1}, theta);
  CHECK(context, og_solve_run(solve));
  CHECK(context, og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                .final_bar = (double[]){1, 2},
                                                                .x0_bar = gradient, .theta_bar = gradient + 2,
                                                                .t0_bar = times, .t1_bar = times + 1}));
  long long vjps = og_solve_stat(solve, OG_STAT_VJP_EVALS);
  og_solve_destroy(solve);
  og_field_destroy(field);
  og_context_destroy(context);
  return vjps;
}

static void the_same_gradient_with_fewer_looks(void **state) {
  (void)state;
  double told[6] = {0}, untold[6] = {0}, told_times[2] = {0}, untold_times[2] = {0};
  long long many = pull(0, untold, untold_times), few = pull(1, told, told_times);
  assert_memory_equal(told, untold, sizeof told);
  assert_memory_equal(told_times, untold_times, sizeof told_times);
  assert_true(few < many);
}

static int late_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)user;
  f[0] = p[0] * x[0];
  f[1] = -x[1] + (t > 5 ? p[1] : 0);
  return 0;
}

static void a_promise_that_is_not_kept_is_refused(void **state) {
  (void)state;
  og_context *context = new_context();
  og_field *field = NULL;
  CHECK(context, og_field_create(context, 2, 4, late_rhs, NULL, &field));
  CHECK(context, og_field_set_autonomous(field, 1));
  og_solve *solve = solve_of(context, field, (double[]){0.1, 0.5}, theta);
  assert_int_equal(og_solve_run(solve), OG_ERR_ARGUMENT);
  assert_contains(og_context_message(context), "row 1 is -0.5 at t = 0.25 and 0.5 at t = 9");
  og_solve_destroy(solve);
  CHECK(context, og_field_set_autonomous(field, 0));
  solve = solve_of(context, field, (double[]){0.1, 0.5}, theta);
  CHECK(context, og_solve_run(solve));
  og_solve_destroy(solve);
  og_field_destroy(field);
  og_context_destroy(context);
}

static void models_know_it_themselves(void **state) {
  (void)state;
  og_context *context = new_context();
  og_model *model = parse(context, "param a = 1\ninit x = 1\nx' = -a*x\n");
  assert_int_equal(og_field_set_autonomous((og_field *)og_model_field(model), 1), OG_ERR_UNSUPPORTED);
  og_model_destroy(model);
  og_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_same_gradient_with_fewer_looks),
      cmocka_unit_test(a_promise_that_is_not_kept_is_refused),
      cmocka_unit_test(models_know_it_themselves),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
