/* Networks outside the equations: encoders of the initial state, decoders in observations and final costs.
 * Gradients against central differences of the loss, and Hessians against those of gradients; the gradient of
 * a data set is the sum of those of its trajectories, whose number fills no block. */
#include "fitting.h"

static const char *const text = "param k = 0.3, s = 0.5\n"
                                "input u[3]\n"
                                "net f = mlp(2, 4, 2; tanh)\n"
                                "net decode = mlp(2, 3; softplus)\n"
                                "init x = dense(u, 2; tanh)\n"
                                "x' = f(x) - k*x\n"
                                "observe y ~ normal(decode(x), s)\n"
                                "observe z ~ normal(dense(x, 1) + dot(x, x), s)\n"
                                "cost final = norm2(dense(x, 2; sigmoid))\n"
                                "time 0 : 1\n";

enum { TRAJECTORIES = 19, ROWS = 2 };

/* Trajectories [first, end), each with two rows of data. */
static void write_data(char *csv, size_t room, int first, int end) {
  size_t used = (size_t)snprintf(csv, room, "id,t,u[1],u[2],u[3],y[1],y[2],y[3],z\n");
  for (int i = first; i < end; i++)
    for (int row = 0; row < ROWS; row++)
      used += (size_t)snprintf(csv + used, room - used, "%d,%g,%g,%g,%g,%g,%g,%g,%s\n", i, 0.5 + 0.5 * row,
                               cos(i), sin(2 * i), cos(3 * i + 1), sin(i + row), cos(5 * i), 0.1 * i,
                               (i + row) % 3 ? "0.25" : "NA");
}

static double evaluate(const fixture *f, const double *theta, double *gradient) {
  double loss;
  CHECK(f->context, og_objective_evaluate(f->objective, theta, &loss, gradient));
  return loss;
}

static double *initialize(const fixture *f, size_t *p) {
  *p = og_field_parameters(og_model_field(f->model));
  double *theta = calloc(*p, sizeof *theta);
  assert_non_null(theta);
  CHECK(f->context, og_model_initialize(f->model, 5, theta));
  return theta;
}

static void gradient_is_that_of_differences(void **state) {
  (void)state;
  char csv[8192];
  write_data(csv, sizeof csv, 0, TRAJECTORIES);
  fixture f = make_fixture(text, csv);
  size_t p;
  double *theta = initialize(&f, &p), *gradient = calloc(p, sizeof *gradient), h = 1e-5;
  double loss = evaluate(&f, theta, gradient);
  for (size_t i = 0; i < p; i++) {
    double at = theta[i], sides[2];
    for (int side = 0; side < 2; side++) {
      theta[i] = at + (side ? h : -h);
      sides[side] = evaluate(&f, theta, NULL);
    }
    theta[i] = at;
    /* h^2 times third derivatives, and rounding of a loss near 100 over 2 h */
    assert_true(fabs(gradient[i] - (sides[1] - sides[0]) / (2 * h)) <= 1e-7 * (1 + fabs(loss)));
  }
  free(theta), free(gradient);
  drop_fixture(&f);
}

static void gradient_is_the_sum_over_trajectories(void **state) {
  (void)state;
  char csv[8192];
  write_data(csv, sizeof csv, 0, TRAJECTORIES);
  fixture whole = make_fixture(text, csv);
  size_t p;
  double *theta = initialize(&whole, &p), *all = calloc(p, sizeof *all), *one = calloc(p, sizeof *one),
         *sum = calloc(p, sizeof *sum), loss = evaluate(&whole, theta, all), losses = 0;
  for (int i = 0; i < TRAJECTORIES; i++) {
    write_data(csv, sizeof csv, i, i + 1);
    fixture f = make_fixture(text, csv);
    losses += evaluate(&f, theta, one);
    for (size_t k = 0; k < p; k++) sum[k] += one[k];
    drop_fixture(&f);
  }
  assert_close(loss, losses, 1e-13);
  for (size_t k = 0; k < p; k++) assert_true(fabs(all[k] - sum[k]) <= 1e-11 * (1 + fabs(sum[k]))); /* rtol */
  free(theta), free(all), free(one), free(sum);
  drop_fixture(&whole);
}

static void hessian_is_that_of_differences(void **state) {
  (void)state;
  char csv[8192];
  write_data(csv, sizeof csv, 0, 3);
  fixture f = make_fixture(text, csv);
  size_t p;
  double *theta = initialize(&f, &p), *hessian = calloc(p * p, sizeof *hessian), h = 1e-5;
  double *sides[2] = {calloc(p, sizeof *theta), calloc(p, sizeof *theta)};
  CHECK(f.context, og_objective_hessian(f.objective, theta, hessian));
  for (size_t i = 0; i < p; i += 3) {
    double at = theta[i];
    for (int side = 0; side < 2; side++) {
      theta[i] = at + (side ? h : -h);
      evaluate(&f, theta, sides[side]);
    }
    theta[i] = at;
    for (size_t k = 0; k < p; k++)
      assert_true(fabs(hessian[i * p + k] - (sides[1][k] - sides[0][k]) / (2 * h)) <=
                  1e-6 * (1 + fabs(hessian[i * p + k])));
  }
  free(theta), free(hessian), free(sides[0]), free(sides[1]);
  drop_fixture(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(gradient_is_that_of_differences),
                                     cmocka_unit_test(gradient_is_the_sum_over_trajectories),
                                     cmocka_unit_test(hessian_is_that_of_differences)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
