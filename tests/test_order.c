/* The order of every method and of its interpolant, measured on problems with closed-form solutions, forward
 * and backward in time: by how much the finest halving of the step that is not lost in rounding (errors above
 * 1e-13) divides the error. There the next term of the error expansion still bends the measured order, the
 * more the larger the step, which at equal error grows with the order: 5 % of it are accepted, and 10 % of
 * order 9, of which that step is an eighth of the span. */
#include "fields.h"

typedef struct closed_form {
  og_rhs_fn rhs;
  size_t states;
  double t0, t1;
  void (*solution)(double t, double *x);
} closed_form;

/* x' = cos(t) x, x = exp(sin t) */
static int driven_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)p, (void)user;
  f[0] = cos(t) * x[0];
  return 0;
}
static void driven(double t, double *x) { x[0] = exp(sin(t)); }

/* A point on the unit circle whose angle is t^2 / 2: x' = -t y, y' = t x. */
static int circle_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)p, (void)user;
  f[0] = -t * x[1];
  f[1] = t * x[0];
  return 0;
}
static void circle(double t, double *x) { x[0] = cos(t * t / 2), x[1] = sin(t * t / 2); }

/* Nonlinear: x' = x (1 - x), the logistic curve. */
static int logistic_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)p, (void)user;
  f[0] = x[0] * (1 - x[0]);
  return 0;
}
static void logistic(double t, double *x) { x[0] = 1 / (1 + exp(-t)); }

static const closed_form problems[] = {
    {driven_rhs, 1, 0, 5, driven},   {driven_rhs, 1, 4.5, -0.5, driven}, {circle_rhs, 2, 0.5, 2, circle},
    {circle_rhs, 2, 2, 0.5, circle}, {logistic_rhs, 1, -1, 3, logistic}, {logistic_rhs, 1, 3, -1, logistic},
};
enum { PROBLEMS = sizeof problems / sizeof *problems, SEEN = 8 };

/* Global orders where steps end, and between them: the order of the interpolant + 1, if that is less. */
static const int order_of[] = {1, 2, 2, 4, 3, 5, 5, 8, 5, 5, 5, 5, 9, 1, 2, 2, 5};
static const int between_of[] = {1, 2, 2, 4, 3, 5, 5, 8, 5, 5, 5, 4, 6, 1, 2, 2, 5};

static double distance(const double *x, const double *want, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum = hypot(sum, x[i] - want[i]);
  return sum;
}

/* The largest errors where steps end, and at times between (always at the same place within a step). Over
 * several times, because at a single one the leading error term may happen to vanish. */
static void errors(const closed_form *problem, int method, int steps, int single, double *end,
                   double *between) {
  og_context *context = new_context();
  og_options *options = new_options(context, OG_METHOD_TSIT5, 1e-6, 1e-6);
  og_field *field = NULL;
  og_solve *solve = NULL;
  double times[2 * SEEN], x[2], want[2];
  CHECK(context, og_options_set_integer(options, OG_OPT_STEPS, steps));
  CHECK(context, og_options_set_choice(options, OG_OPT_METHOD, method));
  CHECK(context, og_options_set_choice(options, OG_OPT_PRECISION, single));
  CHECK(context, og_field_create(context, problem->states, 0, problem->rhs, NULL, &field));
  CHECK(context, og_solve_create(context, field, options, 1, &solve));
  for (int i = 0; i < 2 * SEEN; i++)
    times[i] = problem->t0 + (problem->t1 - problem->t0) *
                                 ((i / 2) * steps / SEEN + (i % 2 ? 0.3819660112501051 : 0)) / steps;
  problem->solution(problem->t0, x);
  CHECK(context, og_solve_set_span(solve, 0, problem->t0, problem->t1));
  CHECK(context, og_solve_set_observations(solve, 0, 2 * SEEN, times));
  CHECK(context, og_solve_set_initial_state(solve, 0, x));
  CHECK(context, og_solve_run(solve));
  CHECK(context, og_solve_final(solve, 0, x));
  problem->solution(problem->t1, want);
  *end = distance(x, want, problem->states);
  *between = 0;
  for (size_t i = 0; i < 2 * SEEN; i++) {
    double *worst = i % 2 ? between : end;
    CHECK(context, og_solve_observed(solve, 0, i, x));
    problem->solution(times[i], want);
    *worst = fmax(*worst, distance(x, want, problem->states));
  }
  og_solve_destroy(solve);
  og_field_destroy(field);
  og_options_destroy(options);
  og_context_destroy(context);
}

enum { LEVELS = 12 };

static double finest_order(const double *error) {
  int last = LEVELS - 1;
  while (last > 1 && error[last] < 1e-13) last--;
  return log2(error[last - 1] / error[last]);
}

static void orders(void **state) {
  (void)state;
  assert_int_equal(sizeof order_of / sizeof *order_of, og_method_count());
  for (int method = 0; method < (int)og_method_count(); method++) {
    double least = INFINITY;
    int order = order_of[method], inside = between_of[method];
    for (int k = 0; k < PROBLEMS; k++) {
      double end[LEVELS], between[LEVELS];
      for (int i = 0; i < LEVELS; i++) errors(&problems[k], method, 8 << i, 0, &end[i], &between[i]);
      double part = order < 9 ? 0.95 : 0.9;
      if (!(finest_order(end) > part * order) || !(finest_order(between) > part * inside))
        fail_msg("method %d on problem %d: orders %.2f, between steps %.2f, not %d and %d", method, k,
                 finest_order(end), finest_order(between), order, inside);
      least = fmin(least, finest_order(end));
    }
    /* not above what is stated either: a wrong table of orders would make the test empty */
    if (!(least < order + 0.5)) fail_msg("method %d: order %.2f, above %d", method, least, order);
  }
}

/* Single precision: the same solution to its rounding, 6e-8 relative in each of 32 steps, on states up to e
 * and grown by the flow by no more than that again. */
static void single_precision(void **state) {
  (void)state;
  for (int k = 0; k < PROBLEMS; k++) {
    double end, between;
    errors(&problems[k], OG_METHOD_DOP853, 32, 1, &end, &between);
    if (!(end < 32 * 6e-8 * 8 && between < 32 * 6e-8 * 8))
      fail_msg("problem %d: errors %.2e, %.2e", k, end, between);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(orders),
      cmocka_unit_test(single_precision),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
