/* Implicit methods beside the edge of where f is defined: x' = -k sqrt(x), which comes to zero in a finite
 * time, is solved up to just before it. Steps that would go beyond are refused, by f's values or by the
 * callback, and taken again; what that does in one lane of a block is no matter of the others. */
#include "fields.h"

enum { MANY = 20 };

/* Beyond the edge f is NaN, or the callback says so. */
typedef enum edge { EDGE_NAN, EDGE_TOLD } edge;
static int beyond(double x, const void *user) { return x < 0 && *(const edge *)user == EDGE_TOLD; }

static int rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t;
  f[0] = -p[0] * sqrt(x[0]);
  return beyond(x[0], user);
}
static int jvp(double t, const double *x, const double *p, double t_dot, const double *x_dot,
               const double *p_dot, double *f_dot, void *user) {
  (void)t, (void)t_dot;
  f_dot[0] = -p[0] / (2 * sqrt(x[0])) * x_dot[0] - p_dot[0] * sqrt(x[0]);
  return beyond(x[0], user);
}
static int vjp(double t, const double *x, const double *p, const double *l, double *x_bar, double *p_bar,
               double *t_bar, void *user) {
  (void)t, (void)t_bar;
  x_bar[0] = -p[0] / (2 * sqrt(x[0])) * l[0];
  p_bar[0] = -sqrt(x[0]) * l[0];
  return beyond(x[0], user);
}
static int hessian(double t, const double *x, const double *p, const double *l, double t_dot,
                   const double *x_dot, const double *p_dot, double *x_bar_dot, double *p_bar_dot,
                   double *t_bar_dot, void *user) {
  double root = sqrt(x[0]);
  (void)t, (void)t_dot, (void)t_bar_dot;
  x_bar_dot[0] = l[0] * (p[0] / (4 * x[0] * root) * x_dot[0] - p_dot[0] / (2 * root));
  p_bar_dot[0] = -l[0] / (2 * root) * x_dot[0];
  return beyond(x[0], user);
}

typedef struct result {
  double x, x_bar, p_bar;
} result;

static double start_of(size_t m) { return 0.5 + 0.13 * (double)m; }
static double rate_of(size_t m) { return 1 + 0.7 * (double)(m * 7 % MANY); }
/* So near to the edge that the last steps are as narrow as the first ones. */
static double end_of(size_t m) { return 0.999 * 2 * sqrt(start_of(m)) / rate_of(m); }

/* Trajectories first, ... together; returns how many steps were rejected. */
static long long solve_together(og_method method, edge kind, double rtol, size_t first, size_t count,
                                result *results) {
  og_context *context = new_context();
  og_options *options = new_options(context, method, rtol, 1e-3 * rtol);
  og_field *field = NULL;
  og_solve *solve = NULL;
  double bars[MANY], x_bar[MANY] = {0}, p_bar[MANY] = {0};
  CHECK(context, og_field_create(context, 1, 1, rhs, &kind, &field));
  CHECK(context, og_field_set_vjp(field, vjp));
  CHECK(context, og_field_set_jvp(field, jvp));
  CHECK(context, og_field_set_hessian(field, hessian, NULL));
  CHECK(context, og_options_set_choice(options, OG_OPT_GRADIENT_CONTROL, OG_CONTROL_NONE));
  CHECK(context, og_solve_create(context, field, options, count, &solve));
  for (size_t i = 0; i < count; i++) {
    double x0 = start_of(first + i), rate = rate_of(first + i);
    bars[i] = 1;
    CHECK(context, og_solve_set_span(solve, i, 0, end_of(first + i)));
    CHECK(context, og_solve_set_initial_state(solve, i, &x0));
    CHECK(context, og_solve_set_parameters(solve, i, &rate));
  }
  CHECK(context, og_solve_run(solve));
  CHECK(context,
        og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = bars,
                                                       .x0_bar = x_bar, .theta_bar = p_bar}));
  for (size_t i = 0; i < count; i++) {
    CHECK(context, og_solve_final(solve, i, &results[i].x));
    results[i].x_bar = x_bar[i], results[i].p_bar = p_bar[i];
  }
  long long rejected = og_solve_stat(solve, OG_STAT_REJECTED);
  og_solve_destroy(solve);
  og_field_destroy(field);
  og_options_destroy(options);
  og_context_destroy(context);
  return rejected;
}

/* x = (sqrt(x0) - k t/2)^2, dx/dx0 = sqrt(x/x0), dx/dk = -t sqrt(x). Relative to x0, 300 tolerances are what
 * steps' errors may add up to in x, and so the square root of that in sqrt(x), which is next to nothing at
 * the end. */
static void is_right(og_method method, size_t m, double rtol, const result *r) {
  double root = sqrt(start_of(m)), left = root - rate_of(m) * end_of(m) / 2, wanted = left / root,
         off = 300 * rtol;
  if (!(fabs(r->x - left * left) <= off * root * root) || !(fabs(r->x_bar - wanted) <= sqrt(off)) ||
      !(fabs(r->p_bar + left * end_of(m)) <= sqrt(off) * root * end_of(m)))
    fail_msg("method %d, trajectory %zu: %g, %g, %g in place of %g, %g, %g", (int)method, m, r->x, r->x_bar,
             r->p_bar, left * left, wanted, -left * end_of(m));
}

static void steps_beyond_the_edge_are_taken_again(void **state) {
  (void)state;
  for (int method = OG_METHOD_RODAS5P; method <= OG_METHOD_RADAU9; method++)
    for (int kind = EDGE_NAN; kind <= EDGE_TOLD; kind++) {
      const double rtol = 1e-4;
      result together[MANY], alone;
      long long rejected = solve_together((og_method)method, (edge)kind, rtol, 0, MANY, together);
      if (method != OG_METHOD_ESDIRK54) assert_true(rejected > 100); /* that one comes near without one */
      for (size_t m = 0; m < MANY; m++) {
        solve_together((og_method)method, (edge)kind, rtol, m, 1, &alone);
        assert_memory_equal(&alone, &together[m], sizeof alone);
        is_right((og_method)method, m, rtol, &alone);
      }
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(steps_beyond_the_edge_are_taken_again)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
