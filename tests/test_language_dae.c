/* Algebraic states and combinations of derivatives in the language: what they mean, and every message. */
#include "dae_models.h"
#include "field/field.h"

/* ---- M ---- */

typedef struct entry {
  int row, column;
  double value;
} entry;

static void expect_mass(const char *text, const entry *entries, size_t count) {
  og_context *context = new_context();
  og_model *model = parse(context, text);
  const og_field *field = og_model_field(model);
  CHECK(context, og_field_want_jacobian(context, field));
  size_t found = 0;
  for (int k = 0; field->mass && k < field->pattern->count; k++) found += field->mass[k] != 0;
  if (found != count) fail_msg("%s\nM has %zu entries, not %zu", text, found, count);
  for (size_t k = 0; k < count; k++) {
    int at = og_pattern_find(field->pattern, entries[k].row, entries[k].column);
    if (at < 0 || field->mass[at] != entries[k].value)
      fail_msg("%s\nM[%d][%d] is %g, not %g", text, entries[k].row, entries[k].column,
               at < 0 ? 0 : field->mass[at], entries[k].value);
  }
  og_model_destroy(model);
  og_context_destroy(context);
}
#define EXPECT_MASS(text, ...)                                                                               \
  expect_mass(text, (const entry[]){__VA_ARGS__}, sizeof((const entry[]){__VA_ARGS__}) / sizeof(entry))

static void masses(void **state) {
  (void)state;
  expect_mass("init x = 1\nx' = -x\n", NULL, 0);
  EXPECT_MASS("init x = 1\nalgebraic z = 0\nx' = -z\n0 = z - x\n", {0, 0, 1});
  EXPECT_MASS("algebraic z = 0\ninit x = 1\n0 = z - x\nx' = -z\n", {1, 1, 1});
  /* every way to write a factor, and the same state twice */
  EXPECT_MASS("const C = 2\ninit x = 1, y = 1\nC*(x' - y') = 1\n-x'/C + y'*3 - (2*C)*(-x') = x\n", {0, 0, 2},
              {0, 1, -2}, {1, 0, 3.5}, {1, 1, 3});
  EXPECT_MASS("init x = 1, y = 2\nx' + y' = 1\ny' = x\n", {0, 0, 1}, {0, 1, 1}, {1, 1, 1});
  EXPECT_MASS("init x = 1\n(x') = -x\n", {0, 0, 1});
  /* 0 = ... may fix a state that has a derivative elsewhere */
  EXPECT_MASS("init x = 1, y = 0\nx' - y' = 1\n0 = x + y - 1\n", {1, 0, 1}, {1, 1, -1});
}

static void vectors(void **state) {
  (void)state;
  EXPECT_MASS("init v = [1, 2], w = [0, 0]\n2*(v' - w') = v\nv' = w\n", {2, 0, 2}, {2, 2, -2}, {3, 1, 2},
              {3, 3, -2}, {0, 0, 1}, {1, 1, 1});
  EXPECT_MASS("const M[2, 2] = [[1, 2], [3, 4]]\ninit v = [1, 2]\nM*v' = -v\n", {0, 0, 1}, {0, 1, 2},
              {1, 0, 3}, {1, 1, 4});
  EXPECT_MASS("const c = [5, 6]\ninit v = [1, 2]\nc*v' = -v\n", {0, 0, 5}, {1, 1, 6});
  EXPECT_MASS("init v = [1, 2], x = 0\nv'[2] - x' = 1\n1*v'[1] = 2\n1*v'[2] = 3\n", {0, 1, 1}, {0, 2, -1},
              {1, 0, 1}, {2, 1, 1});
  EXPECT_MASS("init x = 1\nalgebraic z = [0, 0]\nx' = z[1]\n0 = [z[1] - x, z[2] - z[1]]\n", {0, 0, 1});
  /* one equation for two states, and two for one */
  EXPECT_MASS("init x = 1\nalgebraic a = 0, b = 0\nx' = a\n0 = [a, b] - x\n", {0, 0, 1});
  EXPECT_MASS("init x = 1\nalgebraic z = [0, 0]\nx' = z[1]\n0 = z[1] - x\n0 = z[2] - x\n", {0, 0, 1});
}

/* ---- Values ---- */

/* A matrix M of the text and its inverse by hand: x' = M^-1 f. */
static void same_solution(void **state) {
  (void)state;
  dae_run a =
      dae_open("const M[2, 2] = [[2, 1], [1, 3]]\ninit v = [1, 0]\nM*v' = [-v[1], v[1] - v[2]]\ntime 0 : 2\n",
               OG_METHOD_AUTO, 1e-9, 1e-9);
  dae_run b =
      dae_open("init v = [1, 0]\nv' = [(-3*v[1] - v[1] + v[2])/5, (v[1] + 2*v[1] - 2*v[2])/5]\ntime 0 : 2\n",
               OG_METHOD_DOP853, 1e-12, 1e-12);
  a.n = b.n = 2;
  memcpy(a.x0, (double[]){1, 0}, sizeof(double[2]));
  memcpy(b.x0, a.x0, sizeof b.x0);
  dae_solve(&a);
  dae_solve(&b);
  dae_pull(&a, NULL, (double[]){1, 2});
  dae_pull(&b, NULL, (double[]){1, 2});
  for (size_t i = 0; i < 2; i++) {
    assert_near(a.final[i], b.final[i], 3e-7, "final", i);
    assert_near(a.x0_bar[i], b.x0_bar[i], 3e-7, "dL/dx0", i);
  }
  dae_close(&a);
  dae_close(&b);
}

/* A guess may read parameters and t, and has no part in the loss. */
static void guesses(void **state) {
  (void)state;
  dae_run r = dae_open("param a = 3\ninit x = 1\nalgebraic z = 2*a + t\nx' = -z\n0 = z - a*x\ntime 1 : 2\n",
                       OG_METHOD_AUTO, 1e-9, 1e-9);
  assert_true(r.x0[1] == 7);
  dae_solve(&r);
  dae_pull(&r, NULL, (double[]){1, 0});
  assert_near(r.final[0], exp(-3), 3e-7, "x", 0);
  assert_near(r.theta_bar[0], -exp(-3), 3e-7, "dx/da", 0);
  dae_close(&r);
}

/* Equations that are written in another order than the states that they determine: z[k + 1] = a x[k + 1] as
 * equation k. The matrices of 160 states are sparse, and are eliminated on their diagonal. x(1) = x(0)
 * exp(-a).
 */
static void order_of_equations(void **state) {
  (void)state;
  const double rtol = 1e-7;
  og_context *context = new_context();
  og_model *model = parse(context, "param a = 1.5\nconst one[80] = 1, none[80] = 0\ninit x = one\n"
                                   "algebraic z = none\nx' = -z\n"
                                   "0 = [z[2:80] - a*x[2:80], z[1] - a*x[1]]\ntime 0 : 1\n");
  og_options *options = new_options(context, OG_METHOD_AUTO, rtol, rtol);
  og_solve *solve = NULL;
  double x0[160], x[160], bar[160] = {0}, x0_bar[160] = {0}, a = 1.5, a_bar = 0;
  for (int i = 0; i < 80; i++) bar[i] = 1;
  CHECK(context, og_model_initial_state(model, 0, &a, x0));
  CHECK(context, og_solve_create(context, og_model_field(model), options, 1, &solve));
  CHECK(context, og_solve_set_initial_state(solve, 0, x0));
  CHECK(context, og_solve_set_parameters(solve, 0, &a));
  CHECK(context, og_solve_run(solve));
  CHECK(context, og_solve_final(solve, 0, x));
  CHECK(context, og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = bar,
                                                                .x0_bar = x0_bar, .theta_bar = &a_bar}));
  for (size_t i = 0; i < 80; i++) {
    assert_near(x[i], exp(-1.5), 300 * rtol, "x", i);
    assert_near(x[80 + i], 1.5 * exp(-1.5), 300 * rtol, "z", i);
    assert_near(x0_bar[i], exp(-1.5), 300 * rtol, "dL/dx0", i);
    assert_true(x0_bar[80 + i] == 0);
  }
  assert_near(a_bar, -80 * exp(-1.5), 300 * rtol, "dL/da", 0);
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_model_destroy(model);
  og_context_destroy(context);
}

/* ---- Messages ---- */

static void expect_error(const char *text, const char *where, const char *error, const char *help) {
  og_context *context = new_context();
  og_model *model = NULL;
  og_status status = og_model_create_from_text(context, "m", text, strlen(text), &model);
  const char *message = og_context_message(context);
  if (status != OG_ERR_MODEL || !strstr(message, where) || !strstr(message, error) || !strstr(message, help))
    fail_msg("for\n%s\ngot %s: %s\nnot %s %s | %s", text, og_status_name(status), message, where, error,
             help);
  og_model_destroy(model);
  og_context_destroy(context);
}

static void errors(void **state) {
  (void)state;
  expect_error("init x = 1\nx' = -x\n0 = x - 1\n", "m:3:1:", "one equation more than there are unknowns",
               "algebraic NAME = guess");
  expect_error("init x = 1\nalgebraic z = 1\nx' = -x\n0 = z - x\n0 = z - 2\n", "m:5:1:", "one equation more",
               "0 = ...");
  expect_error("init x = 1\nalgebraic z = 1\nx' = -x*z\n",
               "m:2:11:", "'z' is algebraic, and there is no equation", "add a line: 0 = ...");
  expect_error("init x = 1\nalgebraic z = 1, y = 2\nx' = -x*z\n0 = y - x\n",
               "m:2:18:", "'y' is algebraic, and there is no equation", "add a line: 0 = ...");
  expect_error("init x = 1, y = 2\nx' + y' = 1\n", "m:1:", "one equation less than unknowns", "add a line");
  expect_error("init x = 1\nalgebraic z = 1\nx' = -x\nz' = x\n",
               "m:4:1:", "'z' is algebraic and has no derivative", "init z = ...");
  expect_error("init x = 1\nalgebraic z = 1\nx' - z' = -x\n0 = x\n",
               "m:3:6:", "'z' is algebraic and has no derivative", "init z = ...");
  expect_error("init x = 1\nx'*x' = -x\n", "m:2:1:", "an equation is linear in the derivatives",
               "C1*(v1' - v2')");
  expect_error("init x = 1\nx'^2 = -x\n", "m:2:1:", "an equation is linear in the derivatives",
               "C1*(v1' - v2')");
  expect_error("init x = 1\n1/x' = -x\n", "m:2:1:", "an equation is linear in the derivatives",
               "C1*(v1' - v2')");
  expect_error("init x = 1\nsin(x') = -x\n", "m:2:1:", "an equation is linear in the derivatives",
               "C1*(v1' - v2')");
  expect_error("param C = 2\ninit x = 1, y = 1\nC*(x' - y') = -x\nx' = y\n",
               "m:3:1:", "must be a constant expression", "divide the equation by it");
  expect_error("init x = 1, y = 1\nx*(x' - y') = -x\nx' = y\n", "m:2:1:", "constant expression",
               "divide the equation by it");
  expect_error("init x = 1, y = 1\nt*(x' - y') = -x\nx' = y\n", "m:2:1:", "constant expression",
               "divide the equation by it");
  expect_error("init x = 1, y = 1\nx' - y' + 3*x = -x\nx' = y\n", "m:2:11:", "a term without a derivative",
               "everything else on the right");
  expect_error("init x = 1\n2*q' = -x\nx' = 1\n", "m:2:3:", "'q' has a derivative but no initial value",
               "init q = ...");
  expect_error("param k = 1\ninit x = 1\nx' - k' = -x\n",
               "m:3:6:", "'k' is not a state and has no derivative", "init k = ...");
  expect_error("init x = 1\nx' = -x\n0 = y\nalgebraic y\n", "m:4:12:", "expected '=' and a guess",
               "algebraic y = 1");
  expect_error("init x = 1, v = [1, 2]\nx' = -x\nv' - x' + 0*v' = [1, 2, 3]\n",
               "m:3:", "the equation gives a vector of 3", "");
  expect_error("init x = [1, 2, 3], v = [1, 2]\nx' = -x\nv' - x' = 1\n", "m:3:", "do not match in shape", "");
  expect_error("const A[3, 3] = 1\ninit v = [1, 2]\nA*v' = 1\n", "m:3:", "do not match in shape", "");
  expect_error("init x = 1\nx'/0 = 1\n", "m:2:", "finite number", "");
  expect_error("init x = 1\nalgebraic z = x\nx' = -z\n0 = z - x\n", "m:2:15:", "cannot depend on a state",
               "");
  expect_error("init x = 1\nalgebraic z = 1\nx' = -z\n0 = z - q\n", "m:4:9:", "unknown name 'q'", "");
  expect_error("constraint z = 1\ninit x = 1\nx' = 1\n", "m:1:", "expected", "algebraic NAME = value");
  expect_error("init algebraic = 1\nalgebraic' = 1\n", "m:1:6:", "has a meaning of its own", "");
  expect_error("init x = 1\nx' = x'\n", "m:2:7:", "expected the end of the line", "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(masses),  cmocka_unit_test(vectors), cmocka_unit_test(same_solution),
      cmocka_unit_test(guesses), cmocka_unit_test(errors),  cmocka_unit_test(order_of_equations),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
