/* How whole solves come by their linear equations: KLU, for large algebraic systems whose fixed pivots would
 * not serve (in builds without KLU, that it is told); matrices that are too large to be tried. */
#include "models.h"

#include "solve/solve.h"

/* Algebraic equations in pairs, g in the one and f in the other, each with next to nothing of its own state:
 * 150 states are more than are factored as dense matrices. */
enum { PAIRS = 50, TEXT = 20000 };

static void write_pairs(char *text) {
  char *at = text;
  at += sprintf(at, "param k = 3\n");
  for (int i = 0; i < PAIRS; i++)
    at += sprintf(at, "init x%d = %g\nalgebraic f%d = 1, g%d = 1\n", i, 0.1 * i, i, i);
  for (int i = 0, j = 1; i < PAIRS; i++, j = (i + 1) % PAIRS)
    at += sprintf(at,
                  "x%d' = f%d - k*x%d^3\n0 = 1e-6*f%d + g%d + x%d - 0.3*g%d*x%d\n"
                  "0 = f%d - 0.2*f%d + x%d + 1e-7*g%d\n",
                  i, i, i, i, i, i, j, i, i, j, j, i);
  sprintf(at, "cost final = x0^2 + x%d\ntime 0 : 1\n", PAIRS - 1);
}

static og_status evaluate(og_context *context, const char *text, int solver, double *loss, double *gradient) {
  og_model *model = NULL;
  og_options *options = NULL;
  og_objective *objective = NULL;
  double k = 3;
  og_status status = og_model_create_from_text(context, "m.ode", text, strlen(text), &model);
  if (status == OG_OK) status = og_options_create(context, &options);
  if (status == OG_OK) status = og_options_set_choice(options, OG_OPT_METHOD, OG_METHOD_RODAS5P);
  if (status == OG_OK) status = og_options_set_choice(options, OG_OPT_LINEAR_SOLVER, solver);
  if (status == OG_OK) status = og_objective_create(context, model, NULL, options, &objective);
  if (status == OG_OK) status = og_objective_evaluate(objective, &k, loss, gradient);
  if (status == OG_OK && solver == OG_LINEAR_KLU)
    assert_string_equal(og_objective_linear_solver(objective), "klu");
  og_objective_destroy(objective);
  og_options_destroy(options);
  og_model_destroy(model);
  return status;
}

static void large_algebraic_systems(void **state) {
  (void)state;
  static char text[TEXT];
  double loss[2], gradient[2];
  og_context *context = new_context();
  write_pairs(text);
  og_status status = evaluate(context, text, OG_LINEAR_KLU, &loss[0], &gradient[0]);
  if (status == OG_ERR_UNSUPPORTED) {
    assert_non_null(strstr(og_context_message(context), "libsuitesparse-dev"));
    og_context_destroy(context);
    skip();
  }
  CHECK(context, status);
  assert_int_equal(evaluate(context, text, OG_LINEAR_SPARSE, &loss[1], &gradient[1]), OG_ERR_FIELD);
  assert_non_null(strstr(og_context_message(context), "try: linear-solver = klu, or dense"));
  CHECK(context, evaluate(context, text, OG_LINEAR_DENSE, &loss[1], &gradient[1]));
  assert_near(loss[0], loss[1], 1e-10, "loss", 0);
  assert_near(gradient[0], gradient[1], 1e-9, "gradient", 0);
  og_context_destroy(context);
}

/* KLU's own allocations are not the context's. */
static og_status life(og_context *context) {
  double loss, gradient;
  og_status status = evaluate(context,
                              "param k = 3\ninit x = 1, y = 2\nx' = y - k*x\ny' = -1000*y\ncost final = x*y\n"
                              "time 0 : 1\n",
                              OG_LINEAR_KLU, &loss, &gradient);
  return status == OG_ERR_UNSUPPORTED ? OG_OK : status;
}
static void allocations(void **state) { (void)state, fail_each_allocation(life); }

/* ---- Matrices that are too large ---- */

enum { MANY = 20000, BAND_STATES = 100000 };

/* Decays from 1 to 1e4 a second. */
static int decay(double t, const double *x, const double *p, double *f, void *user) {
  size_t n = *(const size_t *)user;
  (void)t;
  for (size_t i = 0; i < n; i++) f[i] = -p[0] * (1 + 1e4 * (double)i / (double)n) * x[i];
  return 0;
}
static int decay_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                     double *p_bar, double *t_bar, void *user) {
  size_t n = *(const size_t *)user;
  (void)t, (void)t_bar;
  p_bar[0] = 0;
  for (size_t i = 0; i < n; i++) {
    double rate = 1 + 1e4 * (double)i / (double)n;
    x_bar[i] = -p[0] * rate * l[i];
    p_bar[0] -= rate * l[i] * x[i];
  }
  return 0;
}

static og_field *decays(og_context *context, size_t *n) {
  og_field *field = NULL;
  CHECK(context, og_field_create(context, *n, 1, decay, n, &field));
  CHECK(context, og_field_set_vjp(field, decay_vjp));
  CHECK(context, og_field_set_autonomous(field, 1));
  return field;
}

/* 4e8 entries, which nobody said are not all of them there: told, and not tried. auto begins explicitly, and
 * says where it would have become implicit; an explicit method goes through. */
static void full_matrices(void **state) {
  static const int methods[] = {OG_METHOD_KVAERNO5, OG_METHOD_AUTO, OG_METHOD_TSIT5};
  size_t n = MANY;
  (void)state;
  og_context *context = new_context();
  og_field *field = decays(context, &n);
  double *x0 = calloc(n, sizeof *x0);
  for (size_t i = 0; i < n; i++) x0[i] = 1;
  for (int i = 0; i < 3; i++) {
    og_options *options = new_options(context, (og_method)methods[i], 1e-3, 1e-6);
    og_solve *solve = NULL;
    og_status status = og_solve_create(context, field, options, 1, &solve);
    if (status == OG_OK) {
      CHECK(context, og_solve_set_initial_state(solve, 0, x0));
      CHECK(context, og_solve_set_parameters(solve, 0, (double[]){1}));
      CHECK(context, og_solve_set_span(solve, 0, 0, i == 1 ? 0.1 : 0.001));
      status = og_solve_run(solve);
    }
    assert_int_equal(status, i < 2 ? OG_ERR_MEMORY : OG_OK);
    const char *message = og_context_message(context);
    if (i < 2) assert_non_null(strstr(message, "has 400000000 entries as it was declared, 3.2 GB"));
    if (i < 2) assert_non_null(strstr(message, "og_field_set_preconditioner"));
    if (i == 1)
      assert_non_null(strstr(message, "while changing to method esdirk54, as the problem is stiff"));
    og_solve_destroy(solve);
    og_options_destroy(options);
  }
  free(x0);
  og_field_destroy(field);
  og_context_destroy(context);
}

/* Blocks are narrower where a step of 64 lanes would take more than a gigabyte. */
static void wide_blocks(void **state) {
  static const struct {
    size_t n;
    int lanes;
  } cases[] = {{50, 64}, {BAND_STATES, 16}, {10 * BAND_STATES, 1}};
  (void)state;
  og_context *context = new_context();
  for (int i = 0; i < 3; i++) {
    size_t n = cases[i].n;
    og_field *field = decays(context, &n);
    og_solve *solve = NULL;
    CHECK(context, og_field_set_jacobian_band(field, NULL, 0, 0));
    og_options *options = new_options(context, OG_METHOD_KVAERNO5, 1e-3, 1e-6);
    CHECK(context, og_solve_create(context, field, options, 64, &solve));
    assert_int_equal(og_lanes_for(solve, 64), cases[i].lanes);
    og_solve_destroy(solve);
    og_options_destroy(options);
    og_field_destroy(field);
  }
  og_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(large_algebraic_systems), cmocka_unit_test(allocations),
                                     cmocka_unit_test(full_matrices), cmocka_unit_test(wide_blocks)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
