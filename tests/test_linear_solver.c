/* KLU in whole solves: large algebraic systems whose fixed pivots would not serve; in builds without KLU,
 * that it is told. */
#include "models.h"

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

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(large_algebraic_systems),
                                     cmocka_unit_test(allocations)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
