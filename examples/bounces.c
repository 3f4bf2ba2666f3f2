/* A bouncing ball: when it hits the floor, and how the third hit's time depends on gravity, restitution and
 * radius. */
#include <odegrad.h>
#include <stdio.h>

/* h' = v, v' = -g; theta = (g, e, r) */
static int rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)user;
  f[0] = x[1];
  f[1] = -p[0];
  return 0;
}
static int vjp(double t, const double *x, const double *p, const double *l, double *x_bar, double *p_bar,
               double *t_bar, void *user) {
  (void)t, (void)x, (void)p, (void)t_bar, (void)user;
  x_bar[1] = l[0];
  p_bar[0] = -l[1];
  return 0;
}

/* It hits where h - r falls to zero; then v turns to -e v. */
static int guard(double t, const double *x, const double *p, double *g, void *user) {
  (void)t, (void)user;
  g[0] = x[0] - p[2];
  return 0;
}
static int guard_vjp(double t, const double *x, const double *p, const double *g_bar, double *x_bar,
                     double *p_bar, double *t_bar, void *user) {
  (void)t, (void)x, (void)p, (void)t_bar, (void)user;
  x_bar[0] = g_bar[0];
  p_bar[2] = -g_bar[0];
  return 0;
}
static int jump(size_t event, double t, const double *x, const double *p, double *after, void *user) {
  (void)event, (void)t, (void)user;
  after[1] = -p[1] * x[1];
  return 0;
}
static int jump_vjp(size_t event, double t, const double *x, const double *p, const double *after_bar,
                    double *x_bar, double *p_bar, double *t_bar, void *user) {
  (void)event, (void)t, (void)t_bar, (void)user;
  x_bar[0] = after_bar[0];
  x_bar[1] = -p[1] * after_bar[1];
  p_bar[1] = -x[1] * after_bar[1];
  return 0;
}

int main(void) {
  static const og_event hit = {OG_INIT(og_event), "hit", OG_DIRECTION_FALLING, 0};
  static const og_event_functions functions = {
      OG_INIT(og_event_functions), guard, guard_vjp, jump, jump_vjp, NULL};
  og_context *context;
  og_field *field;
  og_solve *solve;
  if (og_context_create(NULL, NULL, NULL, &context) != OG_OK) return 1;
  og_field_create(context, 2, 3, rhs, NULL, &field);
  og_field_set_vjp(field, vjp);
  og_field_set_events(field, 1, &hit, &functions);
  og_solve_create(context, field, NULL, 1, &solve);
  og_solve_set_span(solve, OG_ALL, 0, 6);
  og_solve_set_initial_state(solve, OG_ALL, (double[]){10, 0});
  og_solve_set_parameters(solve, OG_ALL, (double[]){9.8, 0.8, 0.2});
  if (og_solve_run(solve) != OG_OK) return fprintf(stderr, "%s\n", og_context_message(context)), 1;

  size_t count = 0;
  og_solve_events(solve, 0, &count);
  for (size_t k = 0; k < count; k++) {
    og_occurrence at = {OG_INIT(og_occurrence)};
    og_solve_event(solve, 0, k, &at);
    printf("%s at t = %.9f\n", at.name, at.t);
  }

  double times_bar[3] = {0, 0, 1}, p_bar[3] = {0}; /* L is the time of the third */
  if (count != 3 || og_solve_set_event_cotangents(solve, 0, times_bar, NULL, NULL) != OG_OK ||
      og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .theta_bar = p_bar}) !=
          OG_OK)
    return fprintf(stderr, "%s\n", og_context_message(context)), 1;
  printf("dt/dg = %.6f, dt/de = %.6f, dt/dr = %.6f\n", p_bar[0], p_bar[1], p_bar[2]);

  og_solve_destroy(solve);
  og_field_destroy(field);
  og_context_destroy(context);
  return 0;
}
