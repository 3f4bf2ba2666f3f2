/* The estimate that comes with a gradient, against the true error. */
#include "fields.h"

/* x' = p0 cos(w t + x) + p1, at p0 = 0: x and lambda are a line and a constant, which any step solves
 * exactly, and all that there is to resolve is dL/dp0 = int cos(w t + x) dt. */
static const double W = 20;
static int rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)user;
  f[0] = p[0] * cos(W * t + x[0]) + p[1];
  return 0;
}
static int vjp(double t, const double *x, const double *p, const double *l, double *x_bar, double *theta_bar,
               double *t_bar, void *user) {
  (void)user;
  x_bar[0] = -p[0] * sin(W * t + x[0]) * l[0];
  theta_bar[0] = cos(W * t + x[0]) * l[0];
  theta_bar[1] = l[0];
  *t_bar = -W * p[0] * sin(W * t + x[0]) * l[0];
  return 0;
}
static int jvp(double t, const double *x, const double *p, double dt, const double *dx, const double *dp,
               double *f_dot, void *user) {
  (void)user;
  f_dot[0] = dp[0] * cos(W * t + x[0]) - p[0] * sin(W * t + x[0]) * (W * dt + dx[0]) + dp[1];
  return 0;
}

typedef struct kind {
  og_method method;
  og_adjoint adjoint;
  int control;
  double rtol;
  size_t count;
} kind;

/* The error of dL/dp0, L = sum of x(t1), spans of several lengths: each integral is sin(w t1) / w. */
static double gradient_of(const kind *k, og_gradient_error *estimate) {
  og_context *context = new_context();
  og_field *field = NULL;
  og_solve *solve = NULL;
  double bars[5] = {1, 1, 1, 1, 1}, x_bar[5] = {0}, p_bar[2] = {0}, truth = 0;
  CHECK(context, og_field_create(context, 1, 2, rhs, NULL, &field));
  CHECK(context, og_field_set_vjp(field, vjp));
  CHECK(context, og_field_set_jvp(field, jvp));
  og_options *options = new_options(context, k->method, k->rtol, k->rtol);
  CHECK(context, og_options_set_choice(options, OG_OPT_ADJOINT, (int)k->adjoint));
  CHECK(context, og_options_set_choice(options, OG_OPT_GRADIENT_CONTROL, k->control));
  CHECK(context, og_solve_create(context, field, options, k->count, &solve));
  CHECK(context, og_solve_set_initial_state(solve, OG_ALL, (double[]){0}));
  CHECK(context, og_solve_set_parameters(solve, OG_ALL, (double[]){0, 0}));
  for (size_t m = 0; m < k->count; m++) {
    double end = 2 - 0.37 * (double)m;
    CHECK(context, og_solve_set_span(solve, m, 0, end));
    truth += sin(W * end) / W;
  }
  CHECK(context, og_solve_run(solve));
  assert_int_equal(og_solve_gradient_error(solve, estimate), OG_ERR_STATE);
  CHECK(context,
        og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = bars,
                                                       .x0_bar = x_bar, .theta_bar = p_bar}));
  CHECK(context, og_solve_gradient_error(solve, estimate));
  for (size_t m = 0; m < k->count; m++) assert_true(fabs(x_bar[m] - 1) <= 1e-14); /* nothing depends on x0 */
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_field_destroy(field);
  og_context_destroy(context);
  return fabs(p_bar[0] - truth);
}

static void expect_at_most(const kind *k, const char *what, double value, double most) {
  if (!(value <= most))
    fail_msg("method %d, adjoint %d, control %d, rtol %g, %zu trajectories: %s is %g, more than %g",
             k->method, k->adjoint, k->control, k->rtol, k->count, what, value, most);
}

static void each_kind(int control, void (*check)(const kind *)) {
  for (int method = OG_METHOD_BS32; method < EXPLICIT_METHODS; method++)
    for (int adjoint = OG_ADJOINT_DISCRETE; adjoint <= OG_ADJOINT_FORWARD; adjoint++)
      for (double rtol = 1e-3; rtol > 1e-7; rtol /= 1000)
        for (size_t count = 1; count <= 5; count += 2)
          check(&(kind){(og_method)method, (og_adjoint)adjoint, control, rtol, count});
}

/* Left as they are, steps that are good for x alone miss all of the oscillation but by chance: the error is
 * of the size of what is integrated, and the estimate is of its order of magnitude, by the step that happens
 * to be sampled: no less than a hundredth, the worst here being 1/42, and no more than the integral of |cos|
 * can make it. Of x itself there is none. */
static void estimate_is_told(const kind *k) {
  og_gradient_error estimate = {OG_INIT(og_gradient_error)};
  double error = gradient_of(k, &estimate), all = 2 * (double)k->count;
  expect_at_most(k, "the error", error, 100 * estimate.parameters);
  expect_at_most(k, "the estimate", estimate.parameters, all);
  expect_at_most(k, "that of the initial states", estimate.initial, 1.01 * k->rtol);
  assert_true(estimate.parameters >= k->rtol * 0.999 && estimate.initial >= k->rtol * 0.999);
}

/* Refined, gradients are good to the 150 tolerances at which two kinds that differ are refused, and what is
 * said is smaller than before. */
static void refined_are_good(const kind *k) {
  og_gradient_error estimate = {OG_INIT(og_gradient_error)};
  double error = gradient_of(k, &estimate), scale = (double)k->count * k->rtol;
  expect_at_most(k, "the error", error, 150 * scale);
  expect_at_most(k, "the error", error, 100 * estimate.parameters);
  expect_at_most(k, "the estimate", estimate.parameters, 150 * scale);
}

static void nothing_is_said(const kind *k) {
  og_gradient_error estimate = {OG_INIT(og_gradient_error)};
  gradient_of(k, &estimate);
  assert_true(isnan(estimate.parameters) && isnan(estimate.initial) && isnan(estimate.times));
}

static void estimates_are_of_the_order_of_errors(void **state) {
  (void)state;
  each_kind(OG_CONTROL_ESTIMATE, estimate_is_told);
}
static void refinement_makes_them_small(void **state) {
  (void)state;
  each_kind(OG_CONTROL_REFINE, refined_are_good);
}
static void without_control_none_is_known(void **state) {
  (void)state;
  each_kind(OG_CONTROL_NONE, nothing_is_said);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(estimates_are_of_the_order_of_errors),
                                     cmocka_unit_test(refinement_makes_them_small),
                                     cmocka_unit_test(without_control_none_is_known)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
