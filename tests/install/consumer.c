/* A program outside odegrad, in C and in C++ alike: the gradient of x(1) for dx/dt = -theta x, x(0) = 1,
 * which is dx(1)/dtheta = -exp(-theta). */
#include <math.h>
#include <odegrad.h>
#include <stdio.h>

static int decay(double t, const double *x, const double *theta, double *f, void *user) {
  (void)t, (void)user;
  f[0] = -theta[0] * x[0];
  return 0;
}

static int decay_vjp(double t, const double *x, const double *theta, const double *lambda, double *x_bar,
                     double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)user, (void)t_bar;
  x_bar[0] = -theta[0] * lambda[0];
  theta_bar[0] = -x[0] * lambda[0];
  return 0;
}

/* Returns 0 when the gradient is right to 1e-6: the default tolerance with room to spare. */
static int check_gradient(og_context *context, og_field *field, og_solve *solve) {
  const double x0 = 1, theta = 0.5, final_bar = 1;
  double theta_bar = 0;
  if (og_field_set_vjp(field, decay_vjp) || og_solve_set_span(solve, OG_ALL, 0, 1) ||
      og_solve_set_initial_state(solve, OG_ALL, &x0) || og_solve_set_parameters(solve, OG_ALL, &theta) ||
      og_solve_run(solve) ||
      og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = &final_bar,
                                                     .theta_bar = &theta_bar})) {
    fprintf(stderr, "%s\n", og_context_message(context));
    return 1;
  }
  printf("odegrad %s: gradient %.9f, exact %.9f\n", og_version(), theta_bar, -exp(-theta));
  return fabs(theta_bar + exp(-theta)) > 1e-6;
}

/* The same as a model made by calls, whose loss is x(1). */
static int check_calls(og_context *context) {
  const double theta = 0.5;
  double loss = 0, gradient = 0;
  og_builder *builder = NULL;
  og_model *model = NULL;
  og_objective *objective = NULL;
  if (og_builder_create(context, &builder)) return 1;
  og_value k = og_builder_parameter(builder, "k", 0, NULL, &theta, 0, 10);
  og_value x = og_builder_state(builder, "x", 0, NULL);
  og_builder_set_initial(builder, x, og_builder_number(builder, 1));
  og_builder_set_derivative(builder, x,
                            og_builder_unary(builder, "neg", og_builder_binary(builder, "*", k, x)));
  og_builder_set_final_cost(builder, x);
  og_builder_set_span(builder, 0, 1);
  int failed = og_builder_model(builder, &model) ||
               og_objective_create(context, model, NULL, NULL, &objective) ||
               og_objective_evaluate(objective, &theta, &loss, &gradient);
  if (failed) fprintf(stderr, "%s\n", og_context_message(context));
  og_objective_destroy(objective);
  og_model_destroy(model);
  og_builder_destroy(builder);
  return failed || fabs(gradient + exp(-theta)) > 1e-6;
}

int main(void) {
  og_context *context = NULL;
  og_field *field = NULL;
  og_options *options = NULL;
  og_solve *solve = NULL;
  int failed = og_context_create(NULL, NULL, NULL, &context) || og_options_create(context, &options) ||
               og_options_set_real(options, OG_OPT_RTOL, 1e-9) ||
               og_options_set_real(options, OG_OPT_ATOL, 1e-9) ||
               og_field_create(context, 1, 1, decay, NULL, &field) ||
               og_solve_create(context, field, options, 1, &solve) || check_gradient(context, field, solve) ||
               check_calls(context);
  og_solve_destroy(solve);
  og_field_destroy(field);
  og_options_destroy(options);
  og_context_destroy(context);
  return failed;
}
