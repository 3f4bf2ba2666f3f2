/* Implicit steps whose linear equations are solved by GMRES: the numbers of factors; promises of
 * docs/design.md (the identity, differences of frozen steps, the same bits in any company); preconditioners
 * of the user's; and what is told where it cannot be. */
#include "grid_problem.h"
#include "models.h"

enum { N = GRID_STATES, P = GRID_PARAMETERS, TRAJECTORIES = 19, SEEN = 2 };

typedef struct setting {
  int method, steps, solver;
  double rtol;
  long long memory;
  int threads;
} setting;

static og_status create(og_context *context, const og_field *field, const setting *s, size_t count,
                        og_solve **solve) {
  og_options *options = new_options(context, OG_METHOD_ESDIRK54, s->rtol ? s->rtol : 1e-6, 1e-9);
  if (s->steps) CHECK(context, og_options_set_integer(options, OG_OPT_STEPS, s->steps));
  CHECK(context, og_options_set_choice(options, OG_OPT_METHOD, s->method));
  CHECK(context, og_options_set_choice(options, OG_OPT_LINEAR_SOLVER, s->solver));
  CHECK(context, og_options_set_choice(options, OG_OPT_GRADIENT_CONTROL, OG_CONTROL_NONE));
  CHECK(context, og_options_set_integer(options, OG_OPT_MEMORY, s->memory));
  CHECK(context, og_options_set_integer(options, OG_OPT_THREADS, s->threads));
  og_status status = og_solve_create(context, field, options, count, solve);
  og_options_destroy(options);
  return status;
}

static og_solve *open(og_context *context, const og_field *field, const setting *s, size_t first,
                      size_t count) {
  og_solve *solve = NULL;
  CHECK(context, create(context, field, s, count, &solve));
  for (size_t m = 0; m < count; m++) {
    double x0[N], theta[P];
    grid_initial(first + m, x0), grid_parameters(first + m, theta);
    CHECK(context, og_solve_set_initial_state(solve, m, x0));
    CHECK(context, og_solve_set_parameters(solve, m, theta));
    CHECK(context, og_solve_set_span(solve, m, 0, 0.5));
    CHECK(context, og_solve_set_observations(solve, m, SEEN, (double[]){0.11, 0.3}));
  }
  return solve;
}

typedef struct result {
  double final[N], observed[SEEN][N], x0_bar[N], theta_bar[P];
} result;

static void read_results(og_context *context, og_solve *solve, size_t count, result *results) {
  size_t states = count * N;
  double *final_bar = calloc(states, sizeof *final_bar), *x0_bar = calloc(states, sizeof *x0_bar);
  double *observed_bar = calloc(SEEN * states, sizeof *observed_bar),
         *theta_bar = calloc(count * P, sizeof *theta_bar);
  for (size_t i = 0; i < states; i++) final_bar[i] = cos((double)(i % N)), observed_bar[i * SEEN] = 0.3;
  CHECK(context,
        og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = final_bar,
                                                       .observed_bar = observed_bar, .x0_bar = x0_bar,
                                                       .theta_bar = theta_bar}));
  for (size_t m = 0; m < count; m++) {
    CHECK(context, og_solve_final(solve, m, results[m].final));
    for (size_t k = 0; k < SEEN; k++) CHECK(context, og_solve_observed(solve, m, k, results[m].observed[k]));
    memcpy(results[m].x0_bar, x0_bar + m * N, sizeof results[m].x0_bar);
    memcpy(results[m].theta_bar, theta_bar + m * P, sizeof results[m].theta_bar);
  }
  free(final_bar), free(observed_bar), free(x0_bar), free(theta_bar);
}

static void solve_all(og_context *context, const og_field *field, const setting *s, size_t first,
                      size_t count, result *results, long long *iterations) {
  og_solve *solve = open(context, field, s, first, count);
  CHECK(context, og_solve_run(solve));
  read_results(context, solve, count, results);
  if (iterations) *iterations = (long long)og_solve_stat(solve, OG_STAT_KRYLOV_ITERATIONS);
  og_solve_destroy(solve);
}

static const setting settings[] = {{OG_METHOD_ESDIRK54, 0, OG_LINEAR_GMRES, 0, 0, 1},
                                   {OG_METHOD_KVAERNO5, 0, OG_LINEAR_GMRES, 0, 0, 1},
                                   {OG_METHOD_IMPLICIT_EULER, 40, OG_LINEAR_GMRES, 0, 0, 1},
                                   {OG_METHOD_TRAPEZOID, 40, OG_LINEAR_GMRES, 0, 0, 1},
                                   {OG_METHOD_IMPLICIT_MIDPOINT, 40, OG_LINEAR_GMRES, 0, 0, 1}};
enum { SETTINGS = sizeof settings / sizeof *settings };

/* Stages are solved to rounding either way, so that steps are the same; what is left of residuals is 1e-13 of
 * the right sides in derivatives, which some hundred solves add up. */
static void as_by_factors(void **state) {
  (void)state;
  og_context *context = new_context();
  og_field *field = grid_field(context, 1);
  for (int i = 0; i < SETTINGS; i++) {
    static result own, other;
    long long iterations;
    setting sparse = settings[i];
    sparse.solver = OG_LINEAR_SPARSE;
    solve_all(context, field, &settings[i], 0, 1, &own, &iterations);
    assert_true(iterations > 0);
    solve_all(context, field, &sparse, 0, 1, &other, &iterations);
    assert_int_equal(iterations, 0);
    for (size_t k = 0; k < N; k++) {
      assert_near(own.final[k], other.final[k], 1e-12, "final", k);
      assert_near(own.observed[0][k], other.observed[0][k], 1e-12, "observed", k);
      assert_near(own.x0_bar[k], other.x0_bar[k], 1e-11, "x0_bar", k);
    }
    for (size_t k = 0; k < P; k++) assert_near(own.theta_bar[k], other.theta_bar[k], 1e-11, "theta_bar", k);
  }
  og_field_destroy(field);
  og_context_destroy(context);
}

/* <bars, J dots> = <J^T bars, dots>, as tests/test_stiff_promises.c has it for factors. */
static void identity(void **state) {
  (void)state;
  og_context *context = new_context();
  og_field *field = grid_field(context, 1);
  for (int i = 0; i < SETTINGS; i++) {
    double bars[N], dots[N], theta_dot[P], final_dot[N], x0_bar[N] = {0}, theta_bar[P] = {0};
    double out = 0, in = 0, size = 0;
    uint64_t seed = 3;
    for (int k = 0; k < N; k++) bars[k] = noise(&seed), dots[k] = noise(&seed);
    for (int k = 0; k < P; k++) theta_dot[k] = noise(&seed);
    og_solve *solve = open(context, field, &settings[i], 0, 1);
    CHECK(context, og_solve_run(solve));
    CHECK(context,
          og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = bars,
                                                         .x0_bar = x0_bar, .theta_bar = theta_bar}));
    CHECK(context, og_solve_pushforward(
                       solve, &(og_pushforward_arrays){OG_INIT(og_pushforward_arrays), .x0_dot = dots,
                                                       .theta_dot = theta_dot, .final_dot = final_dot}));
    for (int k = 0; k < N; k++) {
      out += bars[k] * final_dot[k], in += x0_bar[k] * dots[k];
      size += fabs(bars[k] * final_dot[k]) + fabs(x0_bar[k] * dots[k]);
    }
    for (int k = 0; k < P; k++) in += theta_bar[k] * theta_dot[k], size += fabs(theta_bar[k] * theta_dot[k]);
    if (!(fabs(out - in) <= 1e-12 * size))
      fail_msg("method %d: %.17g and %.17g, sizes %g", settings[i].method, out, in, size);
    og_solve_destroy(solve);
  }
  og_field_destroy(field);
  og_context_destroy(context);
}

static double loss_of(const result *r) {
  double sum = 0;
  for (int i = 0; i < N; i++) sum += cos(i) * r->final[i];
  for (int i = 0; i < N; i += 1) /* as observed_bar has it: every SEEN-th entry */
    for (int k = 0; k < SEEN; k++)
      if ((k * N + i) % SEEN == 0 && k * N + i < SEEN * N) sum += 0.3 * r->observed[k][i];
  return sum;
}

/* Central differences of replayed runs, at 1e-5 of a parameter: third derivatives leave 1e-9, rounding 1e-10;
 * and the gradient of steps that are far narrower, by another method with factors. */
static void differences_and_truth(void **state) {
  (void)state;
  og_context *context = new_context();
  og_field *field = grid_field(context, 1);
  static result own, moved, truth;
  og_solve *solve = open(context, field, &settings[0], 0, 1);
  CHECK(context, og_solve_run(solve));
  read_results(context, solve, 1, &own);
  for (int j = 0; j < P; j++) {
    double theta[P], loss[2], step;
    for (int side = 0; side < 2; side++) {
      grid_parameters(0, theta);
      step = 1e-5 * theta[j];
      theta[j] += side ? step : -step;
      CHECK(context, og_solve_set_parameters(solve, 0, theta));
      CHECK(context, og_solve_replay(solve));
      CHECK(context, og_solve_final(solve, 0, moved.final));
      for (size_t k = 0; k < SEEN; k++) CHECK(context, og_solve_observed(solve, 0, k, moved.observed[k]));
      loss[side] = loss_of(&moved);
    }
    assert_near((loss[1] - loss[0]) / (2 * step), own.theta_bar[j], 1e-7, "difference", (size_t)j);
  }
  og_solve_destroy(solve);
  solve_all(context, field, &(setting){OG_METHOD_RADAU9, 0, OG_LINEAR_AUTO, 1e-11, 0, 1}, 0, 1, &truth, NULL);
  for (size_t j = 0; j < P; j++) /* 300 tolerances, as docs/design.md allows stiff gradients */
    assert_near(own.theta_bar[j], truth.theta_bar[j], 3e-4, "gradient", j);
  og_field_destroy(field);
  og_context_destroy(context);
}

static void expect_same(const result *a, const result *b, size_t count, int method, const char *what) {
  for (size_t m = 0; m < count; m++)
    if (memcmp(&a[m], &b[m], sizeof *a) != 0)
      fail_msg("method %d, %s: trajectory %zu differs", method, what, m);
}

static void same_bits(void **state) {
  static result together[TRAJECTORIES], alone[TRAJECTORIES], other[TRAJECTORIES];
  (void)state;
  og_context *context = new_context();
  og_field *field = grid_field(context, 1);
  for (int i = 0; i < 3; i++) {
    long long all = 0, sum = 0, one;
    setting s = settings[i];
    solve_all(context, field, &s, 0, TRAJECTORIES, together, &all);
    for (size_t m = 0; m < TRAJECTORIES; m++, sum += one)
      solve_all(context, field, &s, m, 1, &alone[m], &one);
    expect_same(together, alone, TRAJECTORIES, s.method, "alone");
    assert_int_equal(sum, all);
    s.threads = 2;
    solve_all(context, field, &s, 0, TRAJECTORIES, other, NULL);
    expect_same(together, other, TRAJECTORIES, s.method, "on two threads");
    s.threads = 1, s.memory = 4000000;
    solve_all(context, field, &s, 0, TRAJECTORIES, other, NULL);
    expect_same(together, other, TRAJECTORIES, s.method, "under a budget");
    og_solve *solve = open(context, field, &settings[i], 0, TRAJECTORIES);
    CHECK(context, og_solve_run(solve));
    CHECK(context, og_solve_replay(solve));
    read_results(context, solve, TRAJECTORIES, other);
    expect_same(together, other, TRAJECTORIES, s.method, "replayed");
    og_solve_destroy(solve);
  }
  og_field_destroy(field);
  og_context_destroy(context);
}

/* ---- Preconditioners of the user's ---- */

static long long setups, applied[2];

/* The diagonal of sigma I - df/dx. */
static int set_diagonal(double t, const double *z, const double *p, double sigma, void *memory, void *user) {
  double *diagonal = memory;
  (void)t, (void)user;
  assert_int_equal((uintptr_t)memory % 64, 0);
  setups++;
  for (int i = 0; i < N; i++) {
    int point = i / 2, x = point % GRID, y = point / GRID;
    int near = (x > 0) + (x + 1 < GRID) + (y > 0) + (y + 1 < GRID);
    double reaction = i % 2 ? -z[i - 1] * z[i - 1] : 2 * z[i] * z[i + 1] - p[1] - 1;
    diagonal[i] = sigma - reaction + p[2] * GRID * GRID * near;
  }
  return 0;
}
static int by_diagonal(int transposed, const double *b, double *z, const void *memory, void *user) {
  const double *diagonal = memory;
  (void)user;
  applied[transposed]++;
  for (int i = 0; i < N; i++) z[i] = b[i] / diagonal[i];
  return 0;
}
/* Leaves nothing of half of the right side: W's solution cannot be made of what it gives. */
static int by_half(int transposed, const double *b, double *z, const void *memory, void *user) {
  (void)transposed, (void)memory, (void)user;
  for (int i = 0; i < N; i++) z[i] = i < N / 2 ? b[i] : 0;
  return 0;
}

static void own_preconditioner(void **state) {
  static result own, other;
  (void)state;
  og_context *context = new_context();
  og_field *field = grid_field(context, 0);
  const og_preconditioner diagonal = {OG_INIT(og_preconditioner), .bytes = N * sizeof(double),
                                      .setup = set_diagonal, .solve = by_diagonal};
  CHECK(context, og_field_set_preconditioner(field, &diagonal));
  og_solve *solve = open(context, field, &settings[0], 0, 1);
  CHECK(context, og_solve_run(solve));
  read_results(context, solve, 1, &own);
  assert_string_equal(og_solve_linear_solver(solve), "gmres");
  assert_int_equal(og_solve_stat(solve, OG_STAT_JACOBIANS), 0); /* none is formed */
  assert_true(setups > 0 && applied[0] > 0 && applied[1] > 0);
  og_solve_destroy(solve);
  static result many[5], alone;
  solve_all(context, field, &settings[0], 0, 5, many, NULL);
  for (size_t m = 0; m < 5; m++) {
    solve_all(context, field, &settings[0], m, 1, &alone, NULL);
    expect_same(&many[m], &alone, 1, OG_METHOD_ESDIRK54, "of a preconditioner of its own");
  }
  CHECK(context, og_field_set_preconditioner(field, NULL));
  og_field_destroy(field);
  field = grid_field(context, 1);
  solve_all(context, field, &settings[0], 0, 1, &other, NULL);
  for (size_t k = 0; k < N; k++) assert_near(own.x0_bar[k], other.x0_bar[k], 1e-11, "x0_bar", k);
  og_field_destroy(field);
  og_context_destroy(context);
}

/* ---- What cannot be ---- */

static void expect_refusal(og_context *context, const og_field *field, const setting *s, const char *words) {
  og_solve *solve = NULL;
  og_status status = create(context, field, s, 1, &solve);
  if (status == OG_OK) {
    double x0[N], theta[P];
    grid_initial(0, x0), grid_parameters(0, theta);
    CHECK(context, og_solve_set_initial_state(solve, 0, x0));
    CHECK(context, og_solve_set_parameters(solve, 0, theta));
    status = og_solve_run(solve);
  }
  assert_true(status != OG_OK);
  if (!strstr(og_context_message(context), words))
    fail_msg("\"%s\" is not in \"%s\"", words, og_context_message(context));
  og_solve_destroy(solve);
}

static void refusals(void **state) {
  (void)state;
  og_context *context = new_context();
  og_field *field = grid_field(context, 1), *bare = NULL, *massive = grid_field(context, 1);
  expect_refusal(context, field,
                 &(setting){.method = OG_METHOD_RODAS5P, .solver = OG_LINEAR_GMRES, .threads = 1},
                 "choose kvaerno5 or esdirk54");
  expect_refusal(context, field,
                 &(setting){.method = OG_METHOD_RADAU5, .solver = OG_LINEAR_GMRES, .threads = 1},
                 "choose kvaerno5 or esdirk54");
  CHECK(context, og_field_set_mass(massive, 1, (size_t[]){0}, (size_t[]){0}, (double[]){2}));
  expect_refusal(context, massive, &settings[0], "have a matrix M before x'");
  CHECK(context, og_field_create(context, N, P, grid_rhs, NULL, &bare));
  expect_refusal(context, bare, &settings[0], "og_field_set_jvp");
  const og_preconditioner half = {OG_INIT(og_preconditioner), .solve = by_half};
  CHECK(context, og_field_set_preconditioner(field, &half));
  expect_refusal(context, field, &settings[0], "GMRES does not solve the linear equations");
  assert_non_null(strstr(og_context_message(context), "try: linear-solver = sparse"));
  const og_preconditioner none = {OG_INIT(og_preconditioner)};
  assert_int_equal(og_field_set_preconditioner(field, &none), OG_ERR_ARGUMENT);
  og_model *model = parse(context, "init x = 1\nx' = -x\n");
  assert_int_equal(og_field_set_preconditioner((og_field *)og_model_field(model), &half), OG_ERR_UNSUPPORTED);
  og_model_destroy(model);
  og_field_destroy(field), og_field_destroy(bare), og_field_destroy(massive);
  og_context_destroy(context);
}

/* ---- Auto, single precision, allocations ---- */

/* Stiff by diffusion: auto changes to esdirk54 and GMRES. */
static const char ROD[] = "param k = 1\n"
                          "init a = 1, b = 2, c = 0, d = 1\n"
                          "a' = k*3000*(b - a) - a^3\n"
                          "b' = k*3000*(a - 2*b + c) - b^3\n"
                          "c' = k*3000*(b - 2*c + d) - c^3\n"
                          "d' = k*3000*(c - d) - d^3\n"
                          "cost final = a*d\n"
                          "time 0 : 1\n";

static void automatic(void **state) {
  (void)state;
  for (int single = 0; single < 2; single++) {
    double loss[2], gradient[2], k = 1;
    for (int i = 0; i < 2; i++) {
      og_context *context = new_context();
      og_model *model = parse(context, ROD);
      og_options *options = new_options(context, OG_METHOD_AUTO, single ? 1e-4 : 1e-7, 1e-9);
      CHECK(context, og_options_set_choice(options, OG_OPT_PRECISION, single));
      CHECK(context,
            og_options_set_choice(options, OG_OPT_LINEAR_SOLVER, i ? OG_LINEAR_GMRES : OG_LINEAR_AUTO));
      og_objective *objective = NULL;
      CHECK(context, og_objective_create(context, model, NULL, options, &objective));
      CHECK(context, og_objective_evaluate(objective, &k, &loss[i], &gradient[i]));
      assert_true(og_objective_stat(objective, OG_STAT_IMPLICIT_STEPS) > 0);
      assert_string_equal(og_objective_linear_solver(objective), i ? "gmres" : "dense");
      assert_int_equal(og_objective_stat(objective, OG_STAT_KRYLOV_ITERATIONS) > 0, i);
      og_objective_destroy(objective);
      og_options_destroy(options);
      og_model_destroy(model);
      og_context_destroy(context);
    }
    assert_near(loss[1], loss[0], single ? 1e-3 : 1e-6, "loss", 0);
    assert_near(gradient[1], gradient[0], single ? 1e-3 : 1e-6, "gradient", 0);
  }
}

static og_status life(og_context *context) {
  og_model *model = NULL;
  og_options *options = NULL;
  og_objective *objective = NULL;
  double loss, gradient, k = 1;
  og_status status = og_model_create_from_text(context, "m.ode", ROD, sizeof ROD - 1, &model);
  if (status == OG_OK) status = og_options_create(context, &options);
  if (status == OG_OK) status = og_options_set_text(options, "method", "kvaerno5");
  if (status == OG_OK) status = og_options_set_text(options, "linear-solver", "gmres");
  if (status == OG_OK) status = og_objective_create(context, model, NULL, options, &objective);
  if (status == OG_OK) status = og_objective_evaluate(objective, &k, &loss, &gradient);
  og_objective_destroy(objective);
  og_options_destroy(options);
  og_model_destroy(model);
  return status;
}

static void allocations(void **state) { (void)state, fail_each_allocation(life); }

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(as_by_factors),
                                     cmocka_unit_test(identity),
                                     cmocka_unit_test(differences_and_truth),
                                     cmocka_unit_test(same_bits),
                                     cmocka_unit_test(own_preconditioner),
                                     cmocka_unit_test(refusals),
                                     cmocka_unit_test(automatic),
                                     cmocka_unit_test(allocations)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
