/* The continuous adjoints over dense output, interpolate and quadrature, with implicit methods for lambda: on
 * stiff problems against references (oracles/stiff.csv), on a forced decay against its closed form, and their
 * bits. */
#include "stiff_references.h"

/* ---- References ---- */

/* lambda is solved to the solve's tolerances too, and x read between steps, where the interpolants of
 * rodas5p, esdirk54 and Radau's methods are off by 10 to 370 tolerances (docs/decisions.md), which lambda
 * averages: the same 300 tolerances as of the discrete adjoint. kvaerno5's interpolant is off by thousands.
 */
/* dL/dt = lambda x', in which x' is known to a tolerance of x over the last step: here steps of 1 and more.
 */
static double size_of_speed(const stiff_problem *s, const stiff_result *r, double size) {
  static double bar[STIFF_STATES];
  memset(bar, 0, sizeof bar);
  s->psi(r->final, bar);
  for (size_t i = 0; i < r->n; i++) size = fmax(size, fabs(bar[i]) * s->atol);
  return size;
}

static void compare(int problem, int method, int adjoint, int control, double rtol) {
  static stiff_result result, truth;
  const stiff_problem *s = &stiff_problems[problem];
  og_context *context = new_context();
  og_options *options = new_options(context, (og_method)method, rtol, rtol * s->atol);
  CHECK(context, og_options_set_choice(options, OG_OPT_ADJOINT, adjoint));
  CHECK(context, og_options_set_choice(options, OG_OPT_GRADIENT_CONTROL, control));
  CHECK(context, stiff_gradient(context, s, options, &result));
  read_stiff(s->name, &truth);
  const char *by = name_of(method);
  expect(s->name, by, rtol, "dL/dx0", error_of(result.n, result.x0_bar, truth.x0_bar, NULL));
  expect(s->name, by, rtol, "dL/dp", error_of(result.p, result.p_bar, truth.p_bar, sizes[problem]));
  if (!isnan(truth.last_bar))
    expect(s->name, by, rtol, "dL/dt",
           fabs(result.last_bar - truth.last_bar) / size_of_speed(s, &result, fabs(truth.last_bar)));
  og_options_destroy(options);
  og_context_destroy(context);
}

static const int methods[] = {OG_METHOD_RODAS5P, OG_METHOD_ESDIRK54, OG_METHOD_RADAU5, OG_METHOD_RADAU9,
                              OG_METHOD_AUTO};
enum { METHODS = sizeof methods / sizeof *methods };
static const int adjoints[] = {OG_ADJOINT_INTERPOLATE, OG_ADJOINT_QUADRATURE};

static void by_all(int problem, int control, double rtol) {
  for (int i = 0; i < METHODS; i++)
    for (int k = 0; k < 2; k++) compare(problem, methods[i], adjoints[k], control, rtol);
}

static void robertson(void **state) {
  (void)state;
  by_all(ROBERTSON_40, OG_CONTROL_NONE, 1e-6);
  by_all(ROBERTSON_40, OG_CONTROL_NONE, 1e-8);
  by_all(ROBERTSON_40, OG_CONTROL_REFINE, 1e-6);
}
static void hires(void **state) {
  (void)state;
  by_all(HIRES_ONE, OG_CONTROL_NONE, 1e-6);
  by_all(HIRES_ONE, OG_CONTROL_NONE, 1e-8);
}
/* lambda jumps at two observations. In the jumps of y1, df/dp is 1e7 times a lambda that is there below any
 * tolerance: step control of lambda does not see what that makes of the integral, and the control of
 * gradients does. */
static void oregonator(void **state) { (void)state, by_all(OREGO, OG_CONTROL_REFINE, 1e-6); }
static void brusselator(void **state) {
  (void)state;
  for (int k = 0; k < 2; k++) {
    compare(BRUSS500, OG_METHOD_RODAS5P, adjoints[k], OG_CONTROL_NONE, 1e-6);
    compare(BRUSS500, OG_METHOD_AUTO, adjoints[k], OG_CONTROL_NONE, 1e-6);
  }
}

/* ---- x' = -k (x - c cos t): x(T) = c k (k cos T + sin T) / (k^2 + 1) + e^-kT (x0 - c k^2 / (k^2 + 1)) ----
 */

static const char FORCED[] = "param k = 1, c = 1\n"
                             "init x = 2\n"
                             "x' = -k*(x - c*cos(t))\n";
static const double END = 3;

/* dx(T)/d(k, c, x0) */
static void forced_truth(double k, double c, double x0, double *bar) {
  double q = k * k + 1, e = exp(-k * END), a = k * cos(END) + sin(END);
  bar[0] = c * (a + k * cos(END)) / q - 2 * c * k * k * a / (q * q) - END * e * (x0 - c * k * k / q) -
           e * c * 2 * k / (q * q);
  bar[1] = k * a / q - e * k * k / q;
  bar[2] = e;
}

static void forced(int method, int adjoint, double k, int steps, double tolerance) {
  double theta[] = {k, 1.5}, x0 = 2, one = 1, truth[3], bar[3] = {0};
  og_context *context = new_context();
  og_options *options = new_options(context, steps ? OG_METHOD_TSIT5 : (og_method)method, 1e-8, 1e-10);
  og_model *model = parse(context, FORCED);
  og_solve *solve = NULL;
  CHECK(context, og_options_set_integer(options, OG_OPT_STEPS, steps));
  CHECK(context, og_options_set_choice(options, OG_OPT_METHOD, method));
  CHECK(context, og_options_set_choice(options, OG_OPT_ADJOINT, adjoint));
  CHECK(context, og_options_set_choice(options, OG_OPT_GRADIENT_CONTROL, OG_CONTROL_NONE));
  CHECK(context, og_solve_create(context, og_model_field(model), options, 1, &solve));
  CHECK(context, og_solve_set_initial_state(solve, 0, &x0));
  CHECK(context, og_solve_set_parameters(solve, OG_ALL, theta));
  CHECK(context, og_solve_set_span(solve, 0, 0, END));
  CHECK(context, og_solve_run(solve));
  CHECK(context,
        og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = &one,
                                                       .x0_bar = &bar[2], .theta_bar = bar}));
  forced_truth(theta[0], theta[1], x0, truth);
  for (int i = 0; i < 3; i++)
    if (!(fabs(bar[i] - truth[i]) <= tolerance * fmax(fabs(truth[i]), 1)))
      fail_msg("%s, adjoint %d, k = %g, derivative %d: %.12g, not %.12g", name_of(method), adjoint, k, i,
               bar[i], truth[i]);
  og_solve_destroy(solve);
  og_model_destroy(model);
  og_options_destroy(options);
  og_context_destroy(context);
}

/* At rtol 1e-8 to 300 tolerances. In N fixed steps to what the method's order leaves: of order p some
 * (T/N)^p, of the first about 1e-2 and of the second 1e-4, where steps resolve the decay (k = 1); read
 * between steps, x has an error of the same order. */
static void closed_form(void **state) {
  (void)state;
  static const double rates[] = {1, 1e3, 1e6};
  for (int i = 0; i < METHODS; i++)
    for (int k = 0; k < 2; k++)
      for (int r = 0; r < 3; r++) forced(methods[i], adjoints[k], rates[r], 0, 3e-6);
  for (int k = 0; k < 2; k++) {
    forced(OG_METHOD_IMPLICIT_EULER, adjoints[k], 1, 400, 1e-2);
    forced(OG_METHOD_TRAPEZOID, adjoints[k], 1, 400, 1e-4);
    forced(OG_METHOD_IMPLICIT_MIDPOINT, adjoints[k], 1, 400, 1e-4);
    forced(OG_METHOD_RODAS5P, adjoints[k], 1, 100, 1e-8);
    forced(OG_METHOD_ESDIRK54, adjoints[k], 1, 100, 1e-7);
    forced(OG_METHOD_RADAU5, adjoints[k], 1, 100, 1e-6);
  }
}

/* ---- Orders ---- */

/* Steps halved, the error of dL/dp1 falls like the method's order, or that of its interpolant, which is 4: at
 * least tenfold. A Rosenbrock step that did not know how lambda's equations change with the time would be of
 * order 2 at most. */
static double swing_error(int method, int adjoint, int steps) {
  static const char text[] = "param p1 = 2, p2 = 0.7\n"
                             "init x = 1, y = 0.5\n"
                             "x' = y - p2*x^3 + sin(t)\n"
                             "y' = -p1*sin(x) - 0.3*y*x^2\n";
  double theta[] = {2, 0.7}, x0[] = {1, 0.5}, bar[] = {1, -0.4}, found[2][2] = {{0}};
  og_context *context = new_context();
  og_model *model = parse(context, text);
  for (int k = 0; k < 2; k++) {
    og_options *options = new_options(context, k ? OG_METHOD_DOP853 : OG_METHOD_TSIT5, 1e-13, 1e-14);
    og_solve *solve = NULL;
    if (!k) CHECK(context, og_options_set_integer(options, OG_OPT_STEPS, steps));
    if (!k) CHECK(context, og_options_set_choice(options, OG_OPT_METHOD, method));
    if (!k) CHECK(context, og_options_set_choice(options, OG_OPT_ADJOINT, adjoint));
    CHECK(context, og_options_set_choice(options, OG_OPT_GRADIENT_CONTROL, OG_CONTROL_NONE));
    CHECK(context, og_solve_create(context, og_model_field(model), options, 1, &solve));
    CHECK(context, og_solve_set_initial_state(solve, 0, x0));
    CHECK(context, og_solve_set_parameters(solve, OG_ALL, theta));
    CHECK(context, og_solve_set_span(solve, 0, 0, 4));
    CHECK(context, og_solve_run(solve));
    CHECK(context, og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                  .final_bar = bar, .theta_bar = found[k]}));
    og_solve_destroy(solve);
    og_options_destroy(options);
  }
  og_model_destroy(model);
  og_context_destroy(context);
  return hypot(found[0][0] - found[1][0], found[0][1] - found[1][1]);
}

static void orders(void **state) {
  (void)state;
  for (int i = 0; i + 1 < METHODS; i++)
    for (int k = 0; k < 2; k++) {
      double coarse = swing_error(methods[i], adjoints[k], 40),
             fine = swing_error(methods[i], adjoints[k], 80);
      if (!(fine < coarse / 10 || fine < 1e-12))
        fail_msg("%s, adjoint %d: %.3g and %.3g", name_of(methods[i]), adjoints[k], coarse, fine);
    }
}

/* ---- Bits ---- */

enum { COUNT = 9, SEEN = 4, STATES = 8, PARAMETERS = 12 };

typedef struct gradients {
  double x0_bar[COUNT][STATES], p_bar[COUNT][PARAMETERS];
} gradients;

/* HIRES with rates of its own in each trajectory; `first` of them and `count` on. */
static void set_many(og_context *context, const og_model *model, const og_options *options, size_t first,
                     size_t count, og_solve **solve) {
  double p[PARAMETERS], own[PARAMETERS], x0[STATES], times[SEEN] = {0.3, 5, 5, 60};
  CHECK(context, og_model_values(model, p));
  CHECK(context, og_model_initial_state(model, 0, p, x0));
  CHECK(context, og_solve_create(context, og_model_field(model), options, count, solve));
  CHECK(context, og_solve_set_initial_state(*solve, OG_ALL, x0));
  CHECK(context, og_solve_set_span(*solve, OG_ALL, 0, 60));
  CHECK(context, og_solve_set_observations(*solve, OG_ALL, SEEN, times));
  for (size_t m = 0; m < count; m++) {
    for (int i = 0; i < PARAMETERS; i++) own[i] = p[i] * (1 + 0.1 * (double)(first + m));
    CHECK(context, og_solve_set_parameters(*solve, m, own));
  }
}

/* In the least budget of the solve and its gradient and `more`, as failures name it: the pair of methods
 * needs more than the explicit one that a run begins with. */
static void run_in_least(og_context *context, const og_model *model, og_options *options, long long more,
                         size_t first, size_t count, og_solve **solve) {
  long long memory = 1;
  og_status status = OG_ERR_BUDGET;
  while (status == OG_ERR_BUDGET) {
    og_solve_destroy(*solve);
    CHECK(context, og_options_set_integer(options, OG_OPT_MEMORY, memory));
    set_many(context, model, options, first, count, solve);
    status = og_solve_run(*solve);
    const char *least = status == OG_ERR_BUDGET ? strstr(og_context_message(context), "at least ") : NULL;
    if (status == OG_ERR_BUDGET) assert_non_null(least), memory = strtoll(least + 9, NULL, 10) + more;
  }
  CHECK(context, status);
}

static void many(int method, int adjoint, int in_budget, int threads, size_t first, size_t count,
                 gradients *g) {
  og_context *context = new_context();
  og_options *options = new_options(context, (og_method)method, 1e-7, 1e-9);
  og_model *model = parse(context, HIRES);
  og_solve *solve = NULL;
  static double bars[COUNT * SEEN * STATES];
  for (size_t i = 0; i < COUNT * SEEN * STATES; i++) bars[i] = 1 + (double)(i % (SEEN * STATES)) / 7;
  CHECK(context, og_options_set_choice(options, OG_OPT_ADJOINT, adjoint));
  CHECK(context, og_options_set_integer(options, OG_OPT_THREADS, threads));
  if (in_budget) {
    /* quadrature keeps the steps of lambda between two observations in a quarter of it */
    long long more = adjoint == OG_ADJOINT_QUADRATURE ? 2000000 : 0;
    run_in_least(context, model, options, more, first, count, &solve);
  } else {
    set_many(context, model, options, first, count, &solve);
    CHECK(context, og_solve_run(solve));
  }
  memset(g, 0, sizeof *g);
  CHECK(context, og_solve_pullback(
                     solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .observed_bar = bars,
                                                  .x0_bar = g->x0_bar[first], .theta_bar = g->p_bar[first]}));
  if (in_budget && adjoint == OG_ADJOINT_INTERPOLATE)
    assert_true(og_solve_stat(solve, OG_STAT_RECOMPUTED_STEPS) > 0);
  assert_true(og_solve_stat(solve, OG_STAT_IMPLICIT_STEPS) > 0);
  og_solve_destroy(solve);
  og_model_destroy(model);
  og_options_destroy(options);
  og_context_destroy(context);
}

/* Alone, in a batch, on threads, and within a budget that, with interpolate, holds some of the steps only. */
static void same_bits(void **state) {
  (void)state;
  static const int kinds[] = {OG_METHOD_AUTO, OG_METHOD_RODAS5P, OG_METHOD_ESDIRK54, OG_METHOD_RADAU5};
  for (int i = 0; i < 4; i++)
    for (int k = 0; k < 2; k++) {
      gradients all, threaded, few, alone;
      many(kinds[i], adjoints[k], 0, 1, 0, COUNT, &all);
      many(kinds[i], adjoints[k], 0, 3, 0, COUNT, &threaded);
      assert_memory_equal(&all, &threaded, sizeof all);
      many(kinds[i], adjoints[k], 1, 1, 0, COUNT, &few);
      assert_memory_equal(&all, &few, sizeof all);
      for (size_t m = 4; m < COUNT; m += 4) {
        many(kinds[i], adjoints[k], 0, 1, m, 1, &alone);
        assert_memory_equal(all.x0_bar[m], alone.x0_bar[m], sizeof all.x0_bar[m]);
        assert_memory_equal(all.p_bar[m], alone.p_bar[m], sizeof all.p_bar[m]);
      }
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(closed_form), cmocka_unit_test(orders),
                                     cmocka_unit_test(robertson),   cmocka_unit_test(hires),
                                     cmocka_unit_test(oregonator),  cmocka_unit_test(brusselator),
                                     cmocka_unit_test(same_bits)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
