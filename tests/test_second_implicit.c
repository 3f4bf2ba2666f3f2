/* Second derivatives through implicit steps: against closed forms of the discrete map, differences of the
 * exact gradient with the steps replayed, references of stiff problems (oracles/stiff.csv); symmetry; bits.
 */
#include "second_batches.h"
#include "stiff_references.h"

static const og_method methods[] = {OG_METHOD_RODAS5P,   OG_METHOD_KVAERNO5,         OG_METHOD_ESDIRK54,
                                    OG_METHOD_RADAU5,    OG_METHOD_RADAU9,           OG_METHOD_IMPLICIT_EULER,
                                    OG_METHOD_TRAPEZOID, OG_METHOD_IMPLICIT_MIDPOINT};
enum { METHODS = sizeof methods / sizeof *methods };

/* Third derivatives are those of models; differences give a Jacobian's derivative, but none of a Rosenbrock
 * step. */
static int serves(og_method method, int kind) { return kind == MODEL || method != OG_METHOD_RODAS5P; }

/* ---- A batch with everything ---- */

static void every_method(void **state) {
  (void)state;
  for (int i = 0; i < METHODS; i++)
    for (int kind = 0; kind < FIELD_KINDS; kind++)
      if (serves(methods[i], kind)) against_differences(methods[i], kind, (i + kind) % 2);
}

/* <u, H v> = <v, H u>, to the rounding of sums over some hundred steps, whose equations are solved to some
 * roundings. */
static void symmetric(void **state) {
  (void)state;
  for (int i = 0; i < METHODS; i++)
    for (int kind = CALLBACKS; kind <= MODEL; kind += MODEL - CALLBACKS) {
      batch b;
      vector v[2], products[2];
      uint64_t seed = 13;
      if (!serves(methods[i], kind)) continue;
      open_batch(&b, kind, methods[i], 1, 1);
      for (int d = 0; d < 2; d++) random_vector(&b, &seed, &v[d]);
      CHECK(b.context, hessian_products(&b, 2, v, products));
      double left = dot(&v[0], &products[1]), right = dot(&v[1], &products[0]);
      expect_near("<u, H v>", left, right, 1e-11 * fabs(right));
      close_batch(&b);
    }
}

/* The same bits for any number of threads, and for directions together or alone. */
static void same_bits(void **state) {
  (void)state;
  for (int i = 0; i < METHODS; i++) expect_same_bits(MODEL, methods[i], i % 2);
}

/* Single precision: the same problem; rtol = 1e-5 bounds how far the two maps are apart. */
static void in_single(void **state) {
  (void)state;
  for (int i = 0; i < METHODS; i++) {
    batch b;
    vector v, exact, product;
    uint64_t seed = 19;
    open_batch(&b, MODEL, methods[i], 1, 1);
    random_vector(&b, &seed, &v);
    CHECK(b.context, hessian_products(&b, 1, &v, &exact));
    CHECK(b.context, og_options_set_choice(b.options, OG_OPT_PRECISION, OG_PRECISION_SINGLE));
    run_batch(&b);
    CHECK(b.context, hessian_products(&b, 1, &v, &product));
    for (int k = 0; k < M * n; k++) expect_near("x0", product.x0[k], exact.x0[k], 1e-3 * size_of(&exact));
    for (int k = 0; k < P; k++)
      expect_near("theta", product.theta[k], exact.theta[k], 1e-3 * size_of(&exact));
    close_batch(&b);
  }
}

/* ---- x' = a x in N fixed steps: x(t1) = x0 R(h a)^N ---- */

static const char GROWTH[] = "param a = 1\n"
                             "init x = 1\n"
                             "x' = a*x\n";

/* Stability functions, and their first two derivatives. */
static void backward_euler(double z, double *r) {
  r[0] = 1 / (1 - z), r[1] = r[0] * r[0], r[2] = 2 * r[0] * r[1];
}
static void trapezoidal(double z, double *r) {
  double q = 1 / (1 - z / 2);
  r[0] = (1 + z / 2) * q, r[1] = q * q, r[2] = q * q * q;
}

/* L = x(t1): its Hessian with respect to (x0, a). */
static void growth_hessian(og_method method, int steps, double x0, double a, double hessian[2][2]) {
  og_context *context = new_context();
  og_options *options = new_options(context, OG_METHOD_TSIT5, 1e-6, 1e-6);
  og_model *model = parse(context, GROWTH);
  og_solve *solve = NULL;
  double x0_dot[] = {1, 0}, a_dot[] = {0, 1}, one = 1, x0_bar_dot[2] = {0}, a_bar_dot[2] = {0};
  CHECK(context, og_options_set_integer(options, OG_OPT_STEPS, steps));
  CHECK(context, og_options_set_choice(options, OG_OPT_METHOD, (int)method));
  CHECK(context, og_solve_create(context, og_model_field(model), options, 1, &solve));
  CHECK(context, og_solve_set_span(solve, OG_ALL, 0, 2));
  CHECK(context, og_solve_set_initial_state(solve, OG_ALL, &x0));
  CHECK(context, og_solve_set_parameters(solve, OG_ALL, &a));
  CHECK(context, og_solve_run(solve));
  CHECK(context, og_solve_hessian_product(
                     solve, &(og_hessian_arrays){OG_INIT(og_hessian_arrays), .directions = 2,
                                                 .x0_dot = x0_dot, .theta_dot = a_dot, .final_bar = &one,
                                                 .x0_bar_dot = x0_bar_dot, .theta_bar_dot = a_bar_dot}));
  for (int d = 0; d < 2; d++) hessian[0][d] = x0_bar_dot[d], hessian[1][d] = a_bar_dot[d];
  og_solve_destroy(solve);
  og_model_destroy(model);
  og_options_destroy(options);
  og_context_destroy(context);
}

/* From slow to stiff: to roundings of the steps' terms, which are of size h and h^2, and cancel where R of
 * the trapezoidal rule is near -1. */
static void closed_form(void **state) {
  (void)state;
  static const struct {
    og_method method;
    void (*stability)(double z, double *r);
  } cases[] = {{OG_METHOD_IMPLICIT_EULER, backward_euler},
               {OG_METHOD_TRAPEZOID, trapezoidal},
               {OG_METHOD_IMPLICIT_MIDPOINT, trapezoidal}};
  static const double rates[] = {-1.3, -50, -1e4};
  enum { STEPS = 8 };
  for (int i = 0; i < 3; i++)
    for (int k = 0; k < 3; k++) {
      double hessian[2][2], r[3], x0 = 1.7, h = 2.0 / STEPS;
      growth_hessian(cases[i].method, STEPS, x0, rates[k], hessian);
      cases[i].stability(h * rates[k], r);
      double g1 = STEPS * h * r[1] * pow(r[0], STEPS - 1);
      double g2 =
          STEPS * h * h * (r[2] * pow(r[0], STEPS - 1) + (STEPS - 1) * r[1] * r[1] * pow(r[0], STEPS - 2));
      double first = 1e-12 * fabs(g1) + 1e-16 * STEPS * h, second = 1e-16 * STEPS * h * STEPS * h;
      expect_near("d2L/dx0 dx0", hessian[0][0], 0, 0);
      expect_near("d2L/dx0 da", hessian[0][1], g1, first);
      expect_near("d2L/da dx0", hessian[1][0], g1, first);
      expect_near("d2L/da da", hessian[1][1], x0 * g2, 1e-12 * fabs(x0 * g2) + second);
    }
}

/* ---- Stiff problems against references ---- */

/* Cotangents' own derivatives along the tangents: psi's second derivatives times them. */
static void robertson_second(const double *dx, double *bar_dot) {
  bar_dot[0] = 2 * dx[0] + dx[2], bar_dot[1] = 0, bar_dot[2] = dx[0];
}
static void hires_second(const double *dx, double *bar_dot) {
  memset(bar_dot, 0, 8 * sizeof *bar_dot);
  bar_dot[0] = 1000 * dx[5], bar_dot[5] = 1000 * dx[0];
}

static void van_der_pol_second(const double *dx, double *bar_dot) { bar_dot[0] = 2 * dx[0], bar_dot[1] = 0; }
static void (*const seconds[])(const double *dx, double *bar_dot) = {
    [ROBERTSON_40] = robertson_second, [HIRES_ONE] = hires_second, [VDP_MU1E3] = van_der_pol_second};

static size_t refined; /* by the last product */

/* The product along (0, p). */
static void product_along_p(int problem, int method, double rtol, long long memory, stiff_result *r) {
  const stiff_problem *s = &stiff_problems[problem];
  og_context *context = new_context();
  og_options *options = new_options(context, (og_method)method, rtol, rtol * s->atol);
  og_model *model = parse(context, s->text);
  og_solve *solve = NULL;
  double p[STIFF_PARAMETERS], x0[8], x[8], x_dot[8], bar[8] = {0}, bar_dot[8];
  memset(r, 0, sizeof *r);
  r->n = og_field_states(og_model_field(model)), r->p = og_field_parameters(og_model_field(model));
  CHECK(context, og_options_set_integer(options, OG_OPT_MEMORY, memory));
  CHECK(context, og_model_values(model, p));
  CHECK(context, og_model_initial_state(model, 0, p, x0));
  CHECK(context, og_solve_create(context, og_model_field(model), options, 1, &solve));
  CHECK(context, og_solve_set_initial_state(solve, 0, x0));
  CHECK(context, og_solve_set_parameters(solve, OG_ALL, p));
  CHECK(context, og_solve_set_span(solve, 0, 0, s->t[0]));
  CHECK(context, og_solve_run(solve));
  CHECK(context, og_solve_pushforward(solve, &(og_pushforward_arrays){OG_INIT(og_pushforward_arrays),
                                                                      .theta_dot = p, .final_dot = x_dot}));
  CHECK(context, og_solve_final(solve, 0, x)); /* after it: it may have narrowed steps */
  s->psi(x, bar);
  seconds[problem](x_dot, bar_dot);
  CHECK(context,
        og_solve_hessian_product(
            solve, &(og_hessian_arrays){OG_INIT(og_hessian_arrays), .directions = 1, .theta_dot = p,
                                        .final_bar = bar, .final_bar_dot = bar_dot,
                                        .x0_bar_dot = r->x0_product, .theta_bar_dot = r->p_product}));
  refined = og_solve_stat(solve, OG_STAT_REFINEMENTS);
  if (memory) assert_true(og_solve_stat(solve, OG_STAT_RECOMPUTED_STEPS) > 0);
  og_solve_destroy(solve);
  og_model_destroy(model);
  og_options_destroy(options);
  og_context_destroy(context);
}

static const int adaptive[] = {OG_METHOD_RODAS5P, OG_METHOD_KVAERNO5, OG_METHOD_ESDIRK54, OG_METHOD_RADAU5,
                               OG_METHOD_AUTO};

/* As gradients (test_stiff.c): 300 tolerances. */
static void references(void **state) {
  (void)state;
  static const double tolerances[] = {1e-6, 1e-8};
  static stiff_result r, truth;
  for (int problem = ROBERTSON_40; problem <= HIRES_ONE; problem++)
    for (size_t i = 0; i < sizeof adaptive / sizeof *adaptive; i++)
      for (int k = 0; k < 2; k++) {
        const char *name = stiff_problems[problem].name, *by = name_of(adaptive[i]);
        product_along_p(problem, adaptive[i], tolerances[k], 0, &r);
        read_stiff(name, &truth);
        expect(name, by, tolerances[k], "H p, x0", error_of(r.n, r.x0_product, truth.x0_product, NULL));
        expect(name, by, tolerances[k], "H p, p",
               error_of(r.p, r.p_product, truth.p_product, sizes[problem]));
      }
}

/* Within a budget that does not hold all steps, whose controller is driven again. */
static void same_bits_in_any_memory(void **state) {
  (void)state;
  static stiff_result all, few;
  for (size_t i = 0; i < sizeof adaptive / sizeof *adaptive; i++) {
    product_along_p(HIRES_ONE, adaptive[i], 1e-8, 0, &all);
    product_along_p(HIRES_ONE, adaptive[i], 1e-8, 200000, &few);
    assert_memory_equal(&all, &few, sizeof all);
  }
  /* steps that were narrowed, of both methods of auto */
  product_along_p(VDP_MU1E3, OG_METHOD_AUTO, 1e-6, 0, &all);
  product_along_p(VDP_MU1E3, OG_METHOD_AUTO, 1e-6, 200000, &few);
  assert_memory_equal(&all, &few, sizeof all);
  assert_true(refined > 0);
}

/* ---- Refusals ---- */

static og_status try_product(og_context *context, const og_field *field, int method) {
  og_options *options = new_options(context, (og_method)method, 1e-6, 1e-9);
  og_solve *solve = NULL;
  double ones[] = {1, 1, 1, 1}, out[8] = {0};
  CHECK(context, og_solve_create(context, field, options, 1, &solve));
  CHECK(context, og_solve_set_initial_state(solve, 0, ones));
  CHECK(context, og_solve_set_parameters(solve, OG_ALL, ones));
  CHECK(context, og_solve_run(solve));
  og_status status = og_solve_hessian_product(
      solve, &(og_hessian_arrays){OG_INIT(og_hessian_arrays), .directions = 1, .theta_dot = ones,
                                  .final_bar = ones, .x0_bar_dot = out, .theta_bar_dot = out + 4});
  og_solve_destroy(solve);
  og_options_destroy(options);
  return status;
}

static void expect_said(const og_context *context, const char *part) {
  if (!strstr(og_context_message(context), part)) fail_msg("%s", og_context_message(context));
}

static void refusals(void **state) {
  (void)state;
  og_context *context = new_context();
  og_field *field = rich_field(context);
  assert_int_equal(try_product(context, field, OG_METHOD_RODAS5P), OG_ERR_UNSUPPORTED);
  expect_said(context, "third derivatives");
  expect_said(context, "esdirk54, kvaerno5");
  CHECK(context, try_product(context, field, OG_METHOD_ESDIRK54));
  og_field_destroy(field);
  og_model *model = parse(context, "param a = 1\n"
                                   "init x = 1\n"
                                   "algebraic z = 1\n"
                                   "x' = -a*z\n"
                                   "0 = z - x^2\n");
  assert_int_equal(try_product(context, og_model_field(model), OG_METHOD_RADAU5), OG_ERR_UNSUPPORTED);
  expect_said(context, "mass matrix");
  og_model_destroy(model);
  og_context_destroy(context);
}

/* ---- Every allocation fails in turn ---- */

static og_status life(og_context *context, int method, og_model **model, og_options **options,
                      og_solve **solve, double *out) {
  static const char text[] = "param a = 3\n"
                             "init x = 1, y = 0\n"
                             "x' = y\n"
                             "y' = a*(1 - x^2)*y - x*exp(y/9)\n";
  og_status status = og_model_create_from_text(context, "m.ode", text, sizeof text - 1, model);
  if (status) return status;
  if ((status = og_options_create(context, options))) return status;
  if ((status = og_options_set_choice(*options, OG_OPT_METHOD, method))) return status;
  if ((status = og_solve_create(context, og_model_field(*model), *options, 2, solve))) return status;
  if ((status = og_solve_set_initial_state(*solve, OG_ALL, (double[]){1, 0}))) return status;
  if ((status = og_solve_set_parameters(*solve, OG_ALL, (double[]){3}))) return status;
  if ((status = og_solve_run(*solve))) return status;
  double ones[4] = {1, 1, 1, 1};
  return og_solve_hessian_product(*solve,
                                  &(og_hessian_arrays){OG_INIT(og_hessian_arrays), .directions = 1,
                                                       .x0_dot = ones, .theta_dot = ones, .final_bar = ones,
                                                       .x0_bar_dot = out, .theta_bar_dot = out + 4});
}

/* Of Rosenbrock and of diagonally implicit steps; stepping through every third failure of the many. */
static void allocations(void **state) {
  (void)state;
  for (int method = OG_METHOD_RODAS5P; method <= OG_METHOD_ESDIRK54; method += 2)
    for (long fail_at = 1, done = 0; !done; fail_at += 3) {
      counter c = {.fail_at = fail_at};
      og_context *context = NULL;
      og_model *model = NULL;
      og_options *options = NULL;
      og_solve *solve = NULL;
      double out[5] = {0};
      og_status status = og_context_create(counter_allocate, counter_release, &c, &context);
      if (status == OG_OK) status = life(context, method, &model, &options, &solve, out);
      if (status != OG_OK) {
        assert_int_equal(status, OG_ERR_MEMORY);
        for (int i = 0; i < 5; i++) assert_true(out[i] == 0);
      }
      og_solve_destroy(solve);
      og_options_destroy(options);
      og_model_destroy(model);
      og_context_destroy(context);
      assert_int_equal(c.live, 0);
      done = status == OG_OK;
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(closed_form), cmocka_unit_test(every_method),
                                     cmocka_unit_test(symmetric),   cmocka_unit_test(same_bits),
                                     cmocka_unit_test(in_single),   cmocka_unit_test(references),
                                     cmocka_unit_test(refusals),    cmocka_unit_test(same_bits_in_any_memory),
                                     cmocka_unit_test(allocations)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
