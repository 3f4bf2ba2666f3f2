/* A hundred Lotka-Volterra equations at once, with parameters of their own, from callbacks for whole blocks
 * of them: loops over lanes, which compilers vectorise. The loss is the sum of x(10) + y(10). */
#include <odegrad.h>
#include <stdio.h>

enum { MANY = 100, STATES = 2, PARAMETERS = 4 };

/* Row i of a block is x + i * lanes. Lanes that are not needed may be computed all the same. */
static int rhs(size_t lanes, const double *t, const double *x, const double *p, double *f,
               signed char *status, void *user) {
  const double *y = x + lanes, *a = p, *b = p + lanes, *c = p + 2 * lanes, *d = p + 3 * lanes;
  (void)t, (void)status, (void)user;
  for (size_t i = 0; i < lanes; i++) {
    f[i] = a[i] * x[i] - b[i] * x[i] * y[i];
    f[lanes + i] = -c[i] * y[i] + d[i] * x[i] * y[i];
  }
  return 0;
}

/* x_bar = lambda^T df/dx, p_bar = lambda^T df/dp, each only where it is wanted. */
static int vjp(size_t lanes, const double *t, const double *x, const double *p, const double *l,
               double *x_bar, double *p_bar, double *t_bar, signed char *status, void *user) {
  const double *y = x + lanes, *m = l + lanes, *a = p, *b = p + lanes, *c = p + 2 * lanes, *d = p + 3 * lanes;
  (void)t, (void)t_bar, (void)status, (void)user;
  for (size_t i = 0; x_bar && i < lanes; i++) {
    x_bar[i] = l[i] * (a[i] - b[i] * y[i]) + m[i] * d[i] * y[i];
    x_bar[lanes + i] = -l[i] * b[i] * x[i] + m[i] * (d[i] * x[i] - c[i]);
  }
  for (size_t i = 0; p_bar && i < lanes; i++) {
    p_bar[i] = l[i] * x[i], p_bar[lanes + i] = -l[i] * x[i] * y[i];
    p_bar[2 * lanes + i] = -m[i] * y[i], p_bar[3 * lanes + i] = m[i] * x[i] * y[i];
  }
  return 0;
}

int main(void) {
  static double x0[MANY][STATES], p[MANY][PARAMETERS], x[MANY][STATES], x_bar[MANY][STATES],
      p_bar[MANY][PARAMETERS];
  og_context *context;
  og_field *field;
  og_solve *solve;
  if (og_context_create(NULL, NULL, NULL, &context) != OG_OK) return 1;
  og_block_functions functions = {OG_INIT(og_block_functions), .rhs = rhs, .vjp = vjp};
  og_field_create_blocks(context, STATES, PARAMETERS, &functions, NULL, &field);
  og_field_set_autonomous(field, 1);
  og_solve_create(context, field, NULL, MANY, &solve);
  for (int m = 0; m < MANY; m++) {
    x0[m][0] = x0[m][1] = x_bar[m][0] = x_bar[m][1] = 1;
    p[m][0] = 1.5 + 0.001 * m, p[m][1] = 1, p[m][2] = 3, p[m][3] = 1;
  }
  og_solve_set_span(solve, OG_ALL, 0, 10);
  og_solve_set_initial_states(solve, x0[0]);
  og_solve_set_parameter_rows(solve, p[0]);
  og_pullback_arrays arrays = {OG_INIT(og_pullback_arrays), .final_bar = x_bar[0], .theta_bar = p_bar[0]};
  if (og_solve_run(solve) != OG_OK || og_solve_final_states(solve, x[0]) != OG_OK ||
      og_solve_pullback(solve, &arrays) != OG_OK)
    return fprintf(stderr, "%s\n", og_context_message(context)), 1;
  for (int m = 0; m < MANY; m += MANY - 1)
    printf("a = %.3f: x + y = %.5f, dL/da = %.5f\n", p[m][0], x[m][0] + x[m][1], p_bar[m][0]);
  og_solve_destroy(solve);
  og_field_destroy(field);
  og_context_destroy(context);
  return 0;
}
