/* Second derivatives of a solve against independent truths: closed forms of the discrete map, differences of
 * the exact gradient with the steps replayed, symmetry, bits. */
#include "second_batches.h"

/* ---- x' = a x in N fixed steps: x(t1) = x0 R(h a)^N with the method's stability polynomial R ---- */

static int growth_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)user;
  f[0] = p[0] * x[0];
  return 0;
}
static int growth_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                      double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  x_bar[0] = l[0] * p[0];
  theta_bar[0] = l[0] * x[0];
  return 0;
}
static int growth_jvp(double t, const double *x, const double *p, double t_dot, const double *dx,
                      const double *dp, double *f_dot, void *user) {
  (void)t, (void)t_dot, (void)user;
  f_dot[0] = p[0] * dx[0] + dp[0] * x[0];
  return 0;
}
static int growth_hessian(double t, const double *x, const double *p, const double *l, double dt,
                          const double *dx, const double *dp, double *x_bar_dot, double *theta_bar_dot,
                          double *t_bar_dot, void *user) {
  (void)dt;
  (void)t, (void)x, (void)p, (void)t_bar_dot, (void)user;
  x_bar_dot[0] = l[0] * dp[0];
  theta_bar_dot[0] = l[0] * dx[0];
  return 0;
}

typedef struct growth {
  og_method method;
  double r[5]; /* R(z) = sum of r_k z^k */
} growth;

/* The d-th derivative of R. */
static double polynomial(const growth *g, double z, int d) {
  double sum = 0;
  for (int k = 4; k >= d; k--) {
    double factor = 1;
    for (int i = 0; i < d; i++) factor *= k - i;
    sum = sum * z + factor * g->r[k];
  }
  return sum;
}

/* L = x(t1)^2 / 2; the Hessian with respect to (x0, a) from one call with both directions. */
static void growth_hessian_matrix(const growth *g, int steps, double x0, double a, double hessian[2][2]) {
  og_context *context = new_context();
  og_field *field = NULL;
  CHECK(context, og_field_create(context, 1, 1, growth_rhs, NULL, &field));
  CHECK(context, og_field_set_vjp(field, growth_vjp));
  CHECK(context, og_field_set_jvp(field, growth_jvp));
  CHECK(context, og_field_set_hessian(field, growth_hessian, NULL));
  og_options *options = new_options(context, g->method, 1e-6, 1e-6);
  CHECK(context, og_options_set_integer(options, OG_OPT_STEPS, steps));
  og_solve *solve = NULL;
  CHECK(context, og_solve_create(context, field, options, 1, &solve));
  CHECK(context, og_solve_set_span(solve, OG_ALL, 0, 2));
  CHECK(context, og_solve_set_initial_state(solve, OG_ALL, &x0));
  CHECK(context, og_solve_set_parameters(solve, OG_ALL, &a));
  CHECK(context, og_solve_run(solve));
  double x0_dot[] = {1, 0}, a_dot[] = {0, 1}, x = 0, x_dot[2];
  CHECK(context, og_solve_final(solve, 0, &x));
  for (int d = 0; d < 2; d++)
    CHECK(context, og_solve_pushforward(
                       solve, &(og_pushforward_arrays){OG_INIT(og_pushforward_arrays), .x0_dot = &x0_dot[d],
                                                       .theta_dot = &a_dot[d], .final_dot = &x_dot[d]}));
  double x0_bar_dot[2] = {0}, a_bar_dot[2] = {0};
  CHECK(context,
        og_solve_hessian_product(
            solve, &(og_hessian_arrays){OG_INIT(og_hessian_arrays), .directions = 2, .x0_dot = x0_dot,
                                        .theta_dot = a_dot, .final_bar = &x, .final_bar_dot = x_dot,
                                        .x0_bar_dot = x0_bar_dot, .theta_bar_dot = a_bar_dot}));
  for (int d = 0; d < 2; d++) hessian[0][d] = x0_bar_dot[d], hessian[1][d] = a_bar_dot[d];
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_field_destroy(field);
  og_context_destroy(context);
}

static void closed_form(void **state) {
  (void)state;
  static const growth cases[] = {{OG_METHOD_EULER, {1, 1}},
                                 {OG_METHOD_MIDPOINT, {1, 1, 0.5}},
                                 {OG_METHOD_HEUN, {1, 1, 0.5}},
                                 {OG_METHOD_RK4, {1, 1, 0.5, 1.0 / 6, 1.0 / 24}}};
  enum { STEPS = 20 };
  double a = -1.3, x0 = 1.7, h = 2.0 / STEPS;
  for (int i = 0; i < 4; i++) {
    double hessian[2][2];
    growth_hessian_matrix(&cases[i], STEPS, x0, a, hessian);
    double r = polynomial(&cases[i], h * a, 0), r1 = polynomial(&cases[i], h * a, 1),
           r2 = polynomial(&cases[i], h * a, 2);
    double g = pow(r, STEPS), g1 = STEPS * h * r1 * pow(r, STEPS - 1);
    double g2 = STEPS * h * h * (r2 * pow(r, STEPS - 1) + (STEPS - 1) * r1 * r1 * pow(r, STEPS - 2));
    /* 1e-13 is 100 rounding errors of the 20 steps' sums */
    expect_near("d2L/dx0 dx0", hessian[0][0], g * g, 1e-13);
    expect_near("d2L/dx0 da", hessian[0][1], 2 * x0 * g * g1, 1e-13);
    expect_near("d2L/da dx0", hessian[1][0], 2 * x0 * g * g1, 1e-13);
    expect_near("d2L/da da", hessian[1][1], x0 * x0 * (g1 * g1 + g * g2), 1e-13);
  }
}

/* ---- Batches ---- */

static void every_method(void **state) {
  (void)state;
  for (int method = 0; method < EXPLICIT_METHODS; method++)
    for (int kind = 0; kind < FIELD_KINDS; kind++) against_differences((og_method)method, kind, kind % 2);
  against_differences(OG_METHOD_TSIT5, CALLBACKS, 1);
  against_differences(OG_METHOD_TSIT5, MODEL, 1);
}

/* <u, H v> = <v, H u>, to the rounding of sums over some hundred steps. */
static void symmetric(void **state) {
  (void)state;
  for (int method = 0; method < EXPLICIT_METHODS; method++)
    for (int kind = CALLBACKS; kind <= MODEL; kind += MODEL - CALLBACKS) {
      batch b;
      vector v[2], products[2];
      uint64_t seed = 13;
      open_batch(&b, kind, (og_method)method, 1, 1);
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
  for (int kind = CALLBACKS; kind <= MODEL; kind += MODEL - CALLBACKS)
    for (int shared = 0; shared < 2; shared++) expect_same_bits(kind, OG_METHOD_TSIT5, shared);
}

/* The same bits under a memory budget: where all steps are kept, where only the tangents' are not, and where
 * the controller is driven again; also in fixed steps. */
static void same_bits_in_any_memory(void **state) {
  (void)state;
  static const long long budgets[] = {140000, 154000, 194000, 1000000};
  static const og_method methods[] = {OG_METHOD_TSIT5, OG_METHOD_RK4};
  long long recomputed = 0;
  for (int i = 0; i < 8; i++) {
    batch b;
    vector v, all, few;
    uint64_t seed = 29;
    open_batch(&b, MODEL, methods[i / 4], 1, 1);
    CHECK(b.context, og_options_set_real(b.options, OG_OPT_RTOL, 1e-10));
    CHECK(b.context, og_options_set_real(b.options, OG_OPT_ATOL, 1e-12));
    if (i / 4) CHECK(b.context, og_options_set_integer(b.options, OG_OPT_STEPS, 400));
    run_batch(&b);
    random_vector(&b, &seed, &v);
    CHECK(b.context, hessian_products(&b, 1, &v, &all));
    CHECK(b.context, og_options_set_integer(b.options, OG_OPT_MEMORY, budgets[i % 4]));
    run_batch(&b);
    CHECK(b.context, hessian_products(&b, 1, &v, &few));
    assert_memory_equal(&all, &few, sizeof all);
    recomputed += og_solve_stat(b.solve, OG_STAT_RECOMPUTED_STEPS);
    close_batch(&b);
  }
  assert_true(recomputed > 0);
}

static size_t least_in(const og_context *context) {
  const char *said = strstr(og_context_message(context), "at least ");
  assert_non_null(said);
  return strtoull(said + 9, NULL, 10);
}

/* The least budget of the run is not that of the pairs, which is named as theirs, and is enough. */
static void least_of_pairs(void **state) {
  (void)state;
  batch b;
  vector v, product, expected;
  uint64_t seed = 31;
  open_batch(&b, MODEL, OG_METHOD_TSIT5, 1, 1);
  CHECK(b.context, og_options_set_real(b.options, OG_OPT_RTOL, 1e-10));
  CHECK(b.context, og_options_set_real(b.options, OG_OPT_ATOL, 1e-12));
  run_batch(&b);
  random_vector(&b, &seed, &v);
  CHECK(b.context, hessian_products(&b, 1, &v, &expected));
  CHECK(b.context, og_options_set_integer(b.options, OG_OPT_MEMORY, 1));
  assert_int_equal(try_batch(&b), OG_ERR_BUDGET);
  assert_null(strstr(og_context_message(b.context), "pairs"));
  CHECK(b.context, og_options_set_integer(b.options, OG_OPT_MEMORY, (long long)least_in(b.context)));
  run_batch(&b);
  assert_int_equal(hessian_products(&b, 1, &v, &product), OG_ERR_BUDGET);
  assert_non_null(strstr(og_context_message(b.context), "the pairs (x, x_dot) of second derivatives"));
  CHECK(b.context, og_options_set_integer(b.options, OG_OPT_MEMORY, (long long)least_in(b.context)));
  run_batch(&b);
  CHECK(b.context, hessian_products(&b, 1, &v, &product));
  assert_memory_equal(&product, &expected, sizeof product);
  close_batch(&b);
}

/* Single precision: the same problem, to the rounding of floats over some hundred steps. */
static void in_single(void **state) {
  (void)state;
  batch b;
  vector v, exact, product;
  uint64_t seed = 19;
  open_batch(&b, MODEL, OG_METHOD_TSIT5, 1, 1);
  random_vector(&b, &seed, &v);
  CHECK(b.context, hessian_products(&b, 1, &v, &exact));
  CHECK(b.context, og_options_set_choice(b.options, OG_OPT_PRECISION, OG_PRECISION_SINGLE));
  run_batch(&b);
  CHECK(b.context, hessian_products(&b, 1, &v, &product));
  /* rtol = 1e-5 bounds how far the two step sequences, and so the two maps, are apart */
  for (int i = 0; i < M * n; i++) expect_near("x0", product.x0[i], exact.x0[i], 1e-3 * size_of(&exact));
  for (int i = 0; i < P; i++) expect_near("theta", product.theta[i], exact.theta[i], 1e-3 * size_of(&exact));
  close_batch(&b);
}

static int pendulum_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)p, (void)user;
  f[0] = x[1];
  f[1] = -sin(x[0]);
  return 0;
}
static int pendulum_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                        double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)p, (void)theta_bar, (void)t_bar, (void)user;
  x_bar[0] = -l[1] * cos(x[0]);
  x_bar[1] = l[0];
  return 0;
}

/* No parameters, the missing products by differences: the Hessian of x0(t1). At rest it is zero, because the
 * flow is odd; elsewhere it is not, but it is symmetric. */
static void without_parameters(void **state) {
  (void)state;
  og_context *context = new_context();
  og_field *field = NULL;
  og_solve *solve = NULL;
  CHECK(context, og_field_create(context, 2, 0, pendulum_rhs, NULL, &field));
  CHECK(context, og_field_set_vjp(field, pendulum_vjp));
  CHECK(context, og_field_use_finite_differences(field));
  CHECK(context, og_solve_create(context, field, NULL, 2, &solve));
  CHECK(context, og_solve_set_span(solve, OG_ALL, 0, 3));
  CHECK(context, og_solve_set_initial_state(solve, 0, (double[]){0, 0}));
  CHECK(context, og_solve_set_initial_state(solve, 1, (double[]){1, 0}));
  CHECK(context, og_solve_run(solve));
  double x0_dot[8] = {1, 0, 1, 0, 0, 1, 0, 1}, final_bar[4] = {1, 0, 1, 0}, h[8] = {0};
  CHECK(context, og_solve_hessian_product(
                     solve, &(og_hessian_arrays){OG_INIT(og_hessian_arrays), .directions = 2,
                                                 .x0_dot = x0_dot, .final_bar = final_bar, .x0_bar_dot = h}));
  /* differences of the vjp have errors of 1e-10, which the span may multiply tenfold */
  for (int i = 0; i < 2; i++) expect_near("at rest", fabs(h[i]) + fabs(h[4 + i]), 0, 1e-9);
  expect_near("symmetry", h[3], h[6], 1e-9);
  assert_true(fabs(h[2]) > 0.1);
  og_solve_destroy(solve);
  og_field_destroy(field);
  og_context_destroy(context);
}

/* ---- Refusals ---- */

static void refused(const batch *b, og_status want, const char *part, size_t directions, const double *x0_dot,
                    const double *final_bar) {
  double x0_bar_dot[M * n], theta_bar_dot[M * P];
  for (int i = 0; i < M * n; i++) x0_bar_dot[i] = i;
  og_status status = og_solve_hessian_product(
      b->solve,
      &(og_hessian_arrays){OG_INIT(og_hessian_arrays), .directions = directions, .x0_dot = x0_dot,
                           .final_bar = final_bar, .x0_bar_dot = x0_bar_dot, .theta_bar_dot = theta_bar_dot});
  assert_int_equal(status, want);
  if (!strstr(og_context_message(b->context), part))
    fail_msg("\"%s\" is not in \"%s\"", part, og_context_message(b->context));
  for (int i = 0; i < M * n; i++) assert_true(x0_bar_dot[i] == i);
}

static int stop_hessian(double t, const double *x, const double *p, const double *l, double dt,
                        const double *dx, const double *dp, double *x_bar_dot, double *theta_bar_dot,
                        double *t_bar_dot, void *user) {
  (void)dt;
  (void)x, (void)p, (void)l, (void)dx, (void)dp, (void)x_bar_dot, (void)theta_bar_dot, (void)t_bar_dot;
  (void)user;
  return t > 1 ? -1 : 0;
}

static int nan_hessian(double t, const double *x, const double *p, const double *l, double dt,
                       const double *dx, const double *dp, double *x_bar_dot, double *theta_bar_dot,
                       double *t_bar_dot, void *user) {
  (void)dt;
  (void)t, (void)x, (void)p, (void)l, (void)dx, (void)dp, (void)theta_bar_dot, (void)t_bar_dot, (void)user;
  x_bar_dot[0] = NAN;
  return 0;
}

static void refusals(void **state) {
  (void)state;
  batch b;
  double ones[M * n], bad[M * n] = {NAN};
  for (int i = 0; i < M * n; i++) ones[i] = 1;
  open_batch(&b, CALLBACKS, OG_METHOD_TSIT5, 1, 1);
  refused(&b, OG_ERR_ARGUMENT, "directions is 0", 0, ones, ones);
  refused(&b, OG_ERR_NOT_FINITE, "x0_dot[0]", 1, bad, ones);
  refused(&b, OG_ERR_NOT_FINITE, "final_bar[0]", 1, ones, bad);
  CHECK(b.context, og_field_set_hessian(b.field, stop_hessian, rich_cost_hessian));
  refused(&b, OG_ERR_FIELD, "second derivatives", 1, ones, ones);
  CHECK(b.context, og_field_set_hessian(b.field, nan_hessian, rich_cost_hessian));
  refused(&b, OG_ERR_NOT_FINITE, "second derivatives", 1, ones, ones);
  CHECK(b.context, og_field_set_hessian(b.field, rich_hessian, NULL));
  refused(&b, OG_ERR_UNSUPPORTED, "og_field_set_hessian", 1, ones, ones);
  CHECK(b.context, og_solve_set_span(b.solve, 0, 0.1, 1.4));
  refused(&b, OG_ERR_STATE, "settings were changed", 1, ones, ones);
  close_batch(&b);
  open_batch(&b, MODEL, OG_METHOD_TSIT5, 1, 1);
  assert_int_equal(og_field_set_hessian((og_field *)og_model_field(b.model), rich_hessian, NULL),
                   OG_ERR_UNSUPPORTED);
  close_batch(&b);
}

static int half_guard(double t, const double *x, const double *p, double *g, void *user) {
  (void)t, (void)p, (void)user;
  g[0] = x[0] - 0.5;
  return 0;
}
static int half_guard_vjp(double t, const double *x, const double *p, const double *g_bar, double *x_bar,
                          double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)x, (void)p, (void)theta_bar, (void)t_bar, (void)user;
  x_bar[0] = g_bar[0];
  return 0;
}

/* A field with events, and a solve that kept no steps. */
static void refused_kinds(void **state) {
  (void)state;
  static const char *const parts[] = {"through events", "steps are not kept"};
  for (int i = 0; i < 2; i++) {
    og_context *context = new_context();
    og_options *options = new_options(context, OG_METHOD_TSIT5, 1e-6, 1e-9);
    og_field *field = NULL;
    og_solve *solve = NULL;
    double one = 1, rate = -1, bar = 7;
    if (i == 1) CHECK(context, og_options_set_choice(options, OG_OPT_ADJOINT, OG_ADJOINT_BACKSOLVE));
    CHECK(context, og_field_create(context, 1, 1, growth_rhs, NULL, &field));
    if (i == 0)
      CHECK(context,
            og_field_set_events(field, 1, &(og_event){OG_INIT(og_event), "half", OG_DIRECTION_ANY, 1},
                                &(og_event_functions){OG_INIT(og_event_functions), .guard = half_guard,
                                                      .guard_vjp = half_guard_vjp}));
    CHECK(context, og_field_set_vjp(field, growth_vjp));
    CHECK(context, og_field_set_jvp(field, growth_jvp));
    CHECK(context, og_field_set_hessian(field, growth_hessian, NULL));
    CHECK(context, og_solve_create(context, field, options, 1, &solve));
    CHECK(context, og_solve_set_span(solve, OG_ALL, 0, 20));
    CHECK(context, og_solve_set_initial_state(solve, OG_ALL, &one));
    CHECK(context, og_solve_set_parameters(solve, OG_ALL, &rate));
    CHECK(context, og_solve_run(solve));
    assert_int_equal(og_solve_hessian_product(
                         solve, &(og_hessian_arrays){OG_INIT(og_hessian_arrays), .directions = 1,
                                                     .x0_dot = &one, .final_bar = &one, .x0_bar_dot = &bar}),
                     OG_ERR_UNSUPPORTED);
    if (!strstr(og_context_message(context), parts[i])) fail_msg("%s", og_context_message(context));
    assert_true(bar == 7);
    og_solve_destroy(solve);
    og_field_destroy(field);
    og_options_destroy(options);
    og_context_destroy(context);
  }
}

/* ---- Every allocation fails in turn ---- */

static og_status product_life(og_context *context, og_field **field, og_solve **solve, double *out) {
  og_status status = og_field_create(context, 1, 1, growth_rhs, NULL, field);
  if (status) return status;
  og_field_set_vjp(*field, growth_vjp);
  og_field_set_jvp(*field, growth_jvp);
  og_field_set_hessian(*field, growth_hessian, NULL);
  if ((status = og_solve_create(context, *field, NULL, 5, solve))) return status;
  if ((status = og_solve_set_initial_state(*solve, OG_ALL, (double[]){1}))) return status;
  if ((status = og_solve_set_parameters(*solve, OG_ALL, (double[]){-1}))) return status;
  if ((status = og_solve_set_observations(*solve, OG_ALL, 1, (double[]){0.5}))) return status;
  if ((status = og_solve_run(*solve))) return status;
  double ones[10] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  return og_solve_hessian_product(*solve, &(og_hessian_arrays){OG_INIT(og_hessian_arrays), .directions = 2,
                                                               .x0_dot = ones, .theta_dot = ones,
                                                               .observed_bar = ones, .final_bar = ones,
                                                               .x0_bar_dot = out, .theta_bar_dot = out + 10});
}

static void allocations(void **state) {
  (void)state;
  for (int threads = 1; threads <= 3; threads += 2)
    for (long fail_at = 1, done = 0; !done; fail_at++) {
      counter c = {.fail_at = fail_at};
      og_context *context = NULL;
      og_field *field = NULL;
      og_solve *solve = NULL;
      double out[12] = {0};
      og_status status = og_context_create(counter_allocate, counter_release, &c, &context);
      if (status == OG_OK) {
        og_context_set_threads(context, threads);
        status = product_life(context, &field, &solve, out);
      }
      if (status != OG_OK) {
        assert_int_equal(status, OG_ERR_MEMORY);
        for (int i = 0; i < 12; i++) assert_true(out[i] == 0);
      }
      og_solve_destroy(solve);
      og_field_destroy(field);
      og_context_destroy(context);
      assert_int_equal(c.live, 0);
      assert_true(status == OG_OK || c.calls >= fail_at);
      done = status == OG_OK;
    }
}

/* ---- More parameters than states ---- */

enum { MANY = 200, GUARDED = 4096 };

/* x' = x mean(theta): x(1) = exp(mean theta), whose Hessian is x(1) / p^2 everywhere. */
static double mean_of(const double *p) {
  double sum = 0;
  for (int i = 0; i < MANY; i++) sum += p[i];
  return sum / MANY;
}
static int many_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)user;
  f[0] = x[0] * mean_of(p);
  return 0;
}
static int many_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                    double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  x_bar[0] = l[0] * mean_of(p);
  for (int i = 0; i < MANY; i++) theta_bar[i] = l[0] * x[0] / MANY;
  return 0;
}

/* Memory with bytes behind it that nobody may write to; the size stands in front. */
static void *guarded_allocate(size_t size, void *user) {
  (void)user;
  char *memory = malloc(64 + size + GUARDED);
  if (!memory) return NULL;
  memcpy(memory, &size, sizeof size);
  memset(memory + 64 + size, 0xC3, GUARDED);
  return memory + 64;
}
static void guarded_release(void *memory, void *user) {
  size_t size;
  const unsigned char *after;
  memcpy(&size, (char *)memory - 64, sizeof size);
  after = (const unsigned char *)memory + size;
  for (int i = 0; i < GUARDED; i++) *(int *)user += after[i] != 0xC3;
  free((char *)memory - 64);
}

/* Differences of the vjp (about 1e-9 relative) in scratch memory that holds them. */
static void many_parameters_by_differences(void **state) {
  (void)state;
  int written = 0;
  og_context *context = NULL;
  og_field *field = NULL;
  og_solve *solve = NULL;
  double theta[MANY], theta_dot[MANY], product[MANY] = {0}, one = 1;
  for (int i = 0; i < MANY; i++) theta[i] = 0.01 * i / MANY, theta_dot[i] = 1;
  assert_int_equal(og_context_create(guarded_allocate, guarded_release, &written, &context), OG_OK);
  og_options *options = new_options(context, OG_METHOD_DOP853, 1e-12, 1e-12);
  CHECK(context, og_field_create(context, 1, MANY, many_rhs, NULL, &field));
  CHECK(context, og_field_set_vjp(field, many_vjp));
  CHECK(context, og_field_use_finite_differences(field));
  CHECK(context, og_solve_create(context, field, options, 1, &solve));
  CHECK(context, og_solve_set_initial_state(solve, 0, &one));
  CHECK(context, og_solve_set_parameters(solve, OG_ALL, theta));
  CHECK(context, og_solve_run(solve));
  CHECK(context,
        og_solve_hessian_product(solve, &(og_hessian_arrays){OG_INIT(og_hessian_arrays), .directions = 1,
                                                             .theta_dot = theta_dot, .final_bar = &one,
                                                             .theta_bar_dot = product}));
  double want = exp(mean_of(theta)) / MANY;
  for (int i = 0; i < MANY; i++) expect_near("product", product[i], want, 1e-7 * want);
  og_solve_destroy(solve);
  og_field_destroy(field);
  og_options_destroy(options);
  og_context_destroy(context);
  assert_int_equal(written, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(many_parameters_by_differences),
                                     cmocka_unit_test(closed_form),
                                     cmocka_unit_test(every_method),
                                     cmocka_unit_test(symmetric),
                                     cmocka_unit_test(same_bits),
                                     cmocka_unit_test(same_bits_in_any_memory),
                                     cmocka_unit_test(least_of_pairs),
                                     cmocka_unit_test(in_single),
                                     cmocka_unit_test(without_parameters),
                                     cmocka_unit_test(refusals),
                                     cmocka_unit_test(refused_kinds),
                                     cmocka_unit_test(allocations)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
