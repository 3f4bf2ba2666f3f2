/* Lotka-Volterra: the loss ((x(10) - 1)^2 + (y(10) - 1)^2) / 2 and its gradient with respect to four
 * parameters. */
#include <odegrad.h>
#include <stdio.h>

static int rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)user;
  f[0] = p[0] * x[0] - p[1] * x[0] * x[1];
  f[1] = -p[2] * x[1] + p[3] * x[0] * x[1];
  return 0;
}

/* lambda^T df/dx and lambda^T df/dp */
static int vjp(double t, const double *x, const double *p, const double *l, double *x_bar, double *p_bar,
               double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  x_bar[0] = l[0] * (p[0] - p[1] * x[1]) + l[1] * p[3] * x[1];
  x_bar[1] = -l[0] * p[1] * x[0] + l[1] * (p[3] * x[0] - p[2]);
  p_bar[0] = l[0] * x[0], p_bar[1] = -l[0] * x[0] * x[1];
  p_bar[2] = -l[1] * x[1], p_bar[3] = l[1] * x[0] * x[1];
  return 0;
}

int main(void) {
  og_context *context;
  og_field *field;
  og_solve *solve;
  if (og_context_create(NULL, NULL, NULL, &context) != OG_OK) return 1;
  og_field_create(context, 2, 4, rhs, NULL, &field);
  og_field_set_vjp(field, vjp);
  og_solve_create(context, field, NULL, 1, &solve);
  og_solve_set_span(solve, OG_ALL, 0, 10);
  og_solve_set_initial_state(solve, OG_ALL, (double[]){1, 1});
  og_solve_set_parameters(solve, OG_ALL, (double[]){1.5, 1, 3, 1});
  if (og_solve_run(solve) != OG_OK) return fprintf(stderr, "%s\n", og_context_message(context)), 1;

  double x[2], x0_bar[2] = {0}, p_bar[4] = {0};
  og_solve_final(solve, 0, x);
  double x_bar[2] = {x[0] - 1, x[1] - 1}; /* dL/dx(10) */
  if (og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = x_bar,
                                                     .x0_bar = x0_bar, .theta_bar = p_bar}) != OG_OK)
    return fprintf(stderr, "%s\n", og_context_message(context)), 1;
  printf("x(10) = (%.6f, %.6f), dL/dp = (%.6f, %.6f, %.6f, %.6f)\n", x[0], x[1], p_bar[0], p_bar[1], p_bar[2],
         p_bar[3]);

  og_solve_destroy(solve);
  og_field_destroy(field);
  og_context_destroy(context);
  return 0;
}
