/* The graph: values against libm, derivatives against differences and closed forms, the adjoint identity on
 * random expressions, bits over lanes, sharing, messages, memory. */
#include <float.h>
#include <math.h>

#include "base/real.h"
#include "counting.h"
#include "field/field.h"
#include "graph/node.h"
#include "program/program.h"
#include "kernels/elementwise.h"

static const og_shape scalar = {1, 1};

static og_graph *new_graph(og_context *context) {
  og_graph *graph;
  assert_int_equal(og_graph_create(context, &graph), OG_OK);
  return graph;
}

static void *aligned(size_t bytes) {
  void *memory = aligned_alloc(64, (bytes + 64) / 64 * 64 + 64);
  assert_non_null(memory);
  memset(memory, 0xA5, bytes);
  return memory;
}

/* The entries of one output at one point; slots are given as arrays. */
static void evaluate(const og_graph *graph, og_node node, const double *const *inputs, double *out) {
  og_program *program;
  assert_int_equal(og_program_create(graph, 1, &node, &program), OG_OK);
  void *scratch = aligned(og_program_scratch_bytes(program, 1));
  og_program_run_d(program, 1, inputs, &out, scratch);
  free(scratch);
  og_program_destroy(program);
}

static double value_at(const og_graph *graph, og_node node, double x, double y) {
  const double state[] = {x, y}, *inputs[OG_SLOT_COUNT] = {[OG_SLOT_STATE] = state};
  double out;
  evaluate(graph, node, inputs, &out);
  return out;
}

/* dy/dx backward (checked against forward: both are made of the same slope). */
static og_node derivative(og_graph *graph, og_node y, og_node x) {
  og_node one = og_constant(graph, 1), bar, dot;
  assert_int_equal(og_graph_vjp(graph, 1, &y, &one, 1, &x, &bar), OG_OK);
  assert_int_equal(og_graph_jvp(graph, 1, &y, 1, &x, &one, &dot), OG_OK);
  double back = value_at(graph, bar, 0.4, 1.3), forth = value_at(graph, dot, 0.4, 1.3);
  if (!isnan(back)) assert_true(fabs(back - forth) <= 1e-14 * (1 + fabs(back)));
  return bar;
}

static void near(double got, double want, double tolerance) {
  if (!(fabs(got - want) <= tolerance * (1 + fabs(want))))
    fail_msg("%.17g is not %.17g within %g", got, want, tolerance);
}

/* ---- Elementwise ---- */
typedef struct unary_case {
  og_unary op;
  double x;
  double value, slope; /* closed forms at x, by an independent route (mpmath for the gammas) */
} unary_case;

static void test_unary_values_and_slopes(void **state) {
  (void)state;
  double x = 0.7, s = 1 / (1 + exp(-x));
  const unary_case cases[] = {{OG_NEG, x, -x, -1},
                              {OG_ABS, -x, x, -1},
                              {OG_SIGN, -x, -1, 0},
                              {OG_FLOOR, -x, -1, 0},
                              {OG_SQRT, x, sqrt(x), 0.5 / sqrt(x)},
                              {OG_EXP, x, exp(x), exp(x)},
                              {OG_EXPM1, x, expm1(x), exp(x)},
                              {OG_LOG, x, log(x), 1 / x},
                              /* mpmath */
                              {OG_LOG10, x, -0.15490195998574316929, 0.62042068843321693600},
                              {OG_LOG1P, x, log1p(x), 1 / 1.7},
                              {OG_SIN, x, sin(x), cos(x)},
                              {OG_COS, x, cos(x), -sin(x)},
                              {OG_TAN, x, tan(x), 1 / (cos(x) * cos(x))},
                              {OG_ASIN, x, asin(x), 1 / sqrt(1 - x * x)},
                              {OG_ACOS, x, acos(x), -1 / sqrt(1 - x * x)},
                              {OG_ATAN, x, atan(x), 1 / (1 + x * x)},
                              {OG_SINH, x, sinh(x), cosh(x)},
                              {OG_COSH, x, cosh(x), sinh(x)},
                              {OG_TANH, x, tanh(x), 1 / (cosh(x) * cosh(x))},
                              {OG_SIGMOID, x, s, s * (1 - s)},
                              {OG_SOFTPLUS, x, log(1 + exp(x)), s},
                              {OG_RELU, x, x, 1},
                              {OG_RELU, -x, 0, 0},
                              /* mpmath: erf(0.7), 2/sqrt(pi) exp(-0.49) */
                              {OG_ERF, x, 0.67780119383741847298, 0.69127486041053857205},
                              {OG_NOT, x, 0, 0},
                              {OG_ERFC, x, 0.32219880616258155772, -0.69127486041053861503},
                              {OG_PHI, x, 0.75803634777692697138, 0.31225393336676126681},
                              {OG_LOG_PHI, x, -0.277023942277131263, 0.41192475041929067028},
                              {OG_LOG_PHI1, x, 0.41192475041929067028, -0.45802932530149836015},
                              {OG_LOG_PHI2, x, -0.45802932530149836015, 0.28604300831082978037},
                              {OG_LOG1P_REMAINDER, x, 0.16937174893782958548, 0.41176470588235292581},
                              {OG_LOG1M_EXP, -x, -0.6863410028083851535, -0.9864338636344633852},
                              {OG_STIRLING, x, 0.11326370211474025501, -0.14906289547348796722},
                              {OG_STIRLING1, x, -0.14906289547348796722, 0.38506956485787599864},
                              {OG_HIGH_HALF, 0.75, 0.75, 0},
                              {OG_LGAMMA, x, lgamma(x), -1.2200235536979349},
                              {OG_DIGAMMA, x, -1.2200235536979349, 2.83404915669461063}};
  og_context *context = new_context();
  og_graph *g = new_graph(context);
  og_node in = og_input(g, OG_SLOT_STATE, 0, scalar);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    og_node y = og_apply1(g, cases[i].op, in);
    near(value_at(g, y, cases[i].x, 0), cases[i].value, 1e-15); /* a few ulp */
    near(value_at(g, derivative(g, y, in), cases[i].x, 0), cases[i].slope, 2e-15);
  }
  og_graph_destroy(g);
  og_context_destroy(context);
}

static void test_special_functions(void **state) {
  (void)state;
  /* closed forms: psi(1) = -gamma, psi(1/2) = -gamma - 2 ln 2, psi(x + 1) = psi(x) + 1/x; psi1(1) = pi^2/6,
   * ... */
  const double gamma = 0.57721566490153286061, pi = 3.14159265358979323846;
  near(og_digamma(1), -gamma, 1e-15);
  near(og_digamma(0.5), -gamma - 2 * log(2), 1e-15);
  near(og_digamma(-0.5), -gamma - 2 * log(2) + 2, 1e-14);
  near(og_digamma(3), 1.5 - gamma, 1e-15);
  near(og_digamma(1e-8), -1e8 - gamma, 1e-15);
  near(og_digamma(1e8), log(1e8) - 0.5e-8, 1e-15);
  near(og_trigamma(1), pi * pi / 6, 1e-15);
  near(og_trigamma(0.5), pi * pi / 2, 1e-15);
  near(og_trigamma(-0.5), pi * pi / 2 + 4, 1e-14);
  near(og_trigamma(4), pi * pi / 6 - 1 - 0.25 - 1. / 9, 4e-15);
  assert_true(isnan(og_digamma(-2)));
  const og_unary of_any[] = {OG_PHI,       OG_LOG_PHI,   OG_LOG_PHI1,        OG_LOG_PHI2,  OG_STIRLING,
                             OG_STIRLING1, OG_STIRLING2, OG_LOG1P_REMAINDER, OG_LOG1M_EXP, OG_HIGH_HALF};
  for (size_t i = 0; i < sizeof of_any / sizeof *of_any; i++)
    assert_true(isnan(og_unary_value_d(of_any[i], NAN)));
  /* far out: log Phi(x) ~ -x^2/2, its slope -x and bend -1; and Phi is 1 */
  assert_true(og_unary_value_d(OG_LOG_PHI, -1e100) == -5e199 &&
              og_unary_value_d(OG_LOG_PHI1, -1e100) == 1e100);
  assert_true(og_unary_value_d(OG_LOG_PHI2, -1e100) == -1 && og_unary_value_d(OG_LOG_PHI, 1e100) == 0);
  assert_true(og_unary_value_d(OG_PHI, INFINITY) == 1 && og_unary_value_d(OG_PHI, -INFINITY) == 0);
  assert_true(og_unary_value_d(OG_LOG_PHI1, INFINITY) == 0 &&
              og_unary_value_d(OG_LOG_PHI, -INFINITY) == -INFINITY);
  /* softplus and sigmoid neither overflow nor lose what is small */
  assert_true(og_unary_value_d(OG_SOFTPLUS, 1000) == 1000 && og_unary_value_d(OG_SOFTPLUS, -1000) == 0);
  near(og_unary_value_d(OG_SOFTPLUS, -40) / exp(-40), 1, 1e-15);
  near(og_unary_value_d(OG_SIGMOID, -40) / exp(-40), 1, 1e-15);
}

/* Stated slopes are the derivative, whatever the value is made of; beside scalars and below a branch as well.
 */
static void test_stated_slopes(void **state) {
  (void)state;
  og_context *context = new_context();
  og_graph *g = new_graph(context);
  og_node x = og_input(g, OG_SLOT_STATE, 0, scalar), y = og_input(g, OG_SLOT_STATE, 1, scalar);
  og_node of[] = {x, y}, slopes[] = {og_apply2(g, OG_MUL, y, y), og_apply2(g, OG_MUL, x, y)};
  /* the slopes are not the value's, to tell them apart */
  og_node z = og_with_slopes(g, og_apply2(g, OG_MUL, x, y), 2, of, slopes), out = og_apply2(g, OG_MUL, z, z);
  const double a = 0.4, b = 1.3;
  near(value_at(g, out, a, b), a * b * a * b, 1e-15);
  near(value_at(g, derivative(g, out, x), a, b), 2 * a * b * b * b, 1e-15);
  near(value_at(g, derivative(g, out, y), a, b), 2 * a * b * a * b, 1e-15);
  near(value_at(g, derivative(g, derivative(g, z, x), y), a, b), 2 * b, 1e-15);
  og_node positive = og_apply2(g, OG_GT, x, og_constant(g, 0)), bad = og_apply1(g, OG_LOG, x);
  og_node branch = og_where(g, positive, og_with_slopes(g, bad, 1, &x, &bad), og_constant(g, 0));
  assert_true(value_at(g, derivative(g, branch, x), -1, b) == 0);
  assert_true(value_at(g, derivative(g, derivative(g, branch, x), x), -1, b) == 0);
  near(value_at(g, derivative(g, branch, x), a, b), log(a), 1e-15);
  /* behind a choice: an infinite slope does not undo the 0 of what was not chosen, backward or forward */
  og_node one = og_constant(g, 1), chosen = og_apply2(g, OG_MAX, x, og_constant(g, 0)), dot;
  og_node root = og_apply1(g, OG_SQRT, chosen), slope = og_apply2(g, OG_DIV, og_constant(g, 0.5), root);
  og_node stated = og_with_slopes(g, root, 1, &chosen, &slope);
  assert_int_equal(og_graph_jvp(g, 1, &stated, 1, &x, &one, &dot), OG_OK);
  assert_true(value_at(g, derivative(g, stated, x), -1, b) == 0 && value_at(g, dot, -1, b) == 0);
  assert_true(value_at(g, derivative(g, dot, x), -1, b) == 0);
  near(value_at(g, dot, a, b), 0.5 / sqrt(a), 1e-15);
  const double vector_at[] = {0.4, 1.3, -0.2};
  og_node v = og_input(g, OG_SLOT_STATE, 0, (og_shape){3, 1}), bar;
  og_node s = og_with_slopes(g, og_apply2(g, OG_MUL, v, x), 1, &x, &v), sum = og_sum(g, s);
  assert_int_equal(og_graph_vjp(g, 1, &sum, &one, 1, &x, &bar),
                   OG_OK); /* x is v[1] too, which is not stated */
  const double *inputs[OG_SLOT_COUNT] = {[OG_SLOT_STATE] = vector_at};
  double got;
  evaluate(g, bar, inputs, &got);
  near(got, 0.4 + 1.3 - 0.2, 1e-15);
  og_graph_destroy(g);
  og_context_destroy(context);
}

/* log(a) and log(1 - a) as `of` their argument x = state[0], where a itself has rounded to 0 or 1. */
static void test_logarithms_of_probabilities(void **state) {
  (void)state;
  og_context *context = new_context();
  og_graph *g = new_graph(context);
  og_node x = og_input(g, OG_SLOT_STATE, 0, scalar), one = og_constant(g, 1), half = og_constant(g, 0.5);
  og_node erf = og_apply1(g, OG_ERF, x), phi = og_apply1(g, OG_PHI, x), sigmoid = og_apply1(g, OG_SIGMOID, x);
  /* mpmath: log Phi(-40), log Phi(-20 sqrt 2) */
  const double far = -804.60844201375378817, far_erf = -404.26249051466418027, at = -40;
  og_node lower = og_apply2(g, OG_MUL, half, og_apply2(g, OG_ADD, one, erf)),
          upper = og_apply2(g, OG_DIV, og_apply2(g, OG_SUB, one, erf), og_constant(g, 2)),
          split = og_apply2(g, OG_ADD, half, og_apply2(g, OG_MUL, half, erf)),
          rare = og_apply2(g, OG_SUB, one, og_apply1(g, OG_EXP, x));
  og_node power = og_apply1(g, OG_EXP, x), more = og_apply2(g, OG_ADD, one, power),
          tanh = og_apply1(g, OG_TANH, x);
  const struct {
    og_node a;
    double x, log, log_of_rest;
  } cases[] = {
      {phi, at, far, 0},
      {phi, -at, 0, far},
      {og_apply2(g, OG_SUB, one, phi), -at, far, 0},
      {lower, -20, far_erf, 0},
      {upper, 20, far_erf, 0},
      {split, -20, far_erf, 0},
      {lower, 20, 0, far_erf},
      {upper, -20, 0, far_erf},
      {split, 20, 0, far_erf},
      {sigmoid, -800, -800, 0},
      {sigmoid, 800, 0, -800},
      {og_apply1(g, OG_EXP, x), -800, -800, 0},
      {rare, -800, 0, -800},
      {rare, -1e-300, -690.77552789821371, -1e-300},
      /* sigmoid written out: e^-40 beside 1; 1 + tanh(x) = 2 sigmoid(2 x); what is taken from 1 twice */
      {og_apply2(g, OG_DIV, one, more), -40, -4.2483542552915890e-18, -40},
      {og_apply2(g, OG_DIV, power, more), 40, -4.2483542552915890e-18, -40},
      {og_apply2(g, OG_DIV, power, more), -40, -40, -4.2483542552915890e-18},
      {og_apply2(g, OG_SUB, one, og_apply2(g, OG_DIV, one, more)), 40, -4.2483542552915890e-18, -40},
      {og_apply2(g, OG_MUL, half, og_apply2(g, OG_ADD, tanh, one)), 40, -1.8048513878454152e-35, -80},
      {og_apply2(g, OG_DIV, og_apply2(g, OG_SUB, one, tanh), og_constant(g, 2)), 40, -80,
       -1.8048513878454152e-35},
      {tanh, 40, 0, -79.306852819440055}, /* log 2 - 80 */
      {og_apply2(g, OG_SUB, one, og_apply2(g, OG_SUB, one, phi)), at, far, 0},
      {og_apply1(g, OG_NEG, og_apply1(g, OG_EXPM1, x)), -40, -4.2483542552915890e-18, -40},
      {erf, 20, 0, far_erf + 0.69314718055994531},
      {og_apply1(g, OG_ERFC, x), 20, far_erf + 0.69314718055994531, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    near(value_at(g, og_apply1(g, OG_LOG, cases[i].a), cases[i].x, 0), cases[i].log, 1e-15);
    near(value_at(g, og_log_of_complement(g, cases[i].a), cases[i].x, 0), cases[i].log_of_rest, 1e-15);
  }
  og_node grown = og_apply1(g, OG_LOG, og_apply2(g, OG_ADD, one, og_apply1(g, OG_EXP, x)));
  assert_true(value_at(g, grown, 1000, 0) == 1000);
  assert_true(value_at(g, og_apply1(g, OG_LOG1P, og_apply1(g, OG_EXP, x)), 1000, 0) == 1000);
  /* -0.5 + 0.5 erf is no multiple of Phi, and a negative multiple has no logarithm */
  og_node not_phi = og_apply2(g, OG_ADD, og_constant(g, 0.25), og_apply2(g, OG_MUL, half, erf));
  /* mpmath: erf(0.3) */
  near(value_at(g, og_apply1(g, OG_LOG, not_phi), 0.3, 0), log(0.25 + 0.5 * 0.32862675945912742764), 1e-15);
  assert_true(isnan(value_at(g, og_apply1(g, OG_LOG, og_apply2(g, OG_MUL, og_constant(g, -2), phi)), 1, 0)));
  /* 0.25 + 0.5 tanh(x) and exp(x)/(1 + exp(w)) are none of these; 1 - 2/(1 + exp(x)) is no complement of a
   * sigmoid */
  og_node other = og_apply2(g, OG_DIV, og_constant(g, 2), more), rest = og_log_of_complement(g, other);
  near(value_at(g, og_apply1(g, OG_LOG, other), 0.5, 0), log(2 / (1 + exp(0.5))), 1e-15);
  near(value_at(g, rest, 0.5, 0), log(1 - 2 / (1 + exp(0.5))), 1e-15);
  og_node bent = og_apply2(g, OG_ADD, og_constant(g, 0.25), og_apply2(g, OG_MUL, half, tanh));
  near(value_at(g, og_apply1(g, OG_LOG, bent), 0.5, 0), log(0.25 + 0.5 * 0.46211715726000976), 1e-15);
  og_node ratio = og_apply2(g, OG_DIV, power, og_apply2(g, OG_ADD, one, og_apply1(g, OG_EXP, bent)));
  near(value_at(g, og_apply1(g, OG_LOG, ratio), 0, 0), -log(1 + exp(0.25)), 1e-15);
  og_graph_destroy(g);
  og_context_destroy(context);
}

/* Every binary operation's derivatives against central differences: error O(h^2) + epsilon / h with h = 1e-5.
 */
static void test_binary_slopes(void **state) {
  (void)state;
  og_context *context = new_context();
  og_graph *g = new_graph(context);
  og_node x = og_input(g, OG_SLOT_STATE, 0, scalar), y = og_input(g, OG_SLOT_STATE, 1, scalar);
  for (int op = 0; op < OG_BINARY_ALL; op++) {
    og_node z = og_binary_node(g, op, x, y);
    const double a = 0.8, b = 1.7, h = 1e-5;
    near(value_at(g, derivative(g, z, x), a, b),
         (value_at(g, z, a + h, b) - value_at(g, z, a - h, b)) / (2 * h), 1e-9);
    near(value_at(g, derivative(g, z, y), a, b),
         (value_at(g, z, a, b + h) - value_at(g, z, a, b - h)) / (2 * h), 1e-9);
  }
  og_node power = og_apply2(g, OG_POW, x, y), tie = og_apply2(g, OG_MAX, x, y);
  for (double p = 0.25; p <= 4; p *= 2) assert_true(value_at(g, derivative(g, power, y), 0, p) == 0);
  assert_true(value_at(g, derivative(g, tie, x), 2, 2) == 1 && value_at(g, derivative(g, tie, y), 2, 2) == 0);
  og_graph_destroy(g);
  og_context_destroy(context);
}

/* The branch not taken gives exactly 0, whatever becomes of it; also in second derivatives. */
static void test_where(void **state) {
  (void)state;
  og_context *context = new_context();
  og_graph *g = new_graph(context);
  og_node x = og_input(g, OG_SLOT_STATE, 0, scalar), y = og_input(g, OG_SLOT_STATE, 1, scalar),
          zero = og_constant(g, 0);
  og_node positive = og_apply2(g, OG_GT, x, zero);
  og_node huge = og_apply1(g, OG_EXP, og_apply2(g, OG_DIV, y, og_apply2(g, OG_MUL, x, x)));
  og_node branches[] = {
      og_apply1(g, OG_SQRT, x),      og_apply1(g, OG_LOG, x),
      og_apply2(g, OG_DIV, y, x),    og_apply2(g, OG_POW, x, y),
      og_apply2(g, OG_MUL, x, huge), og_apply2(g, OG_MUL, og_apply1(g, OG_SQRT, x), og_apply1(g, OG_LOG, x))};
  for (size_t i = 0; i < sizeof branches / sizeof *branches; i++) {
    og_node w = og_where(g, positive, branches[i], zero);
    og_node first = derivative(g, w, x), second = derivative(g, first, x), mixed = derivative(g, first, y);
    for (double at = -1; at <= 0; at += 1) {
      assert_true(value_at(g, first, at, 3) == 0);
      assert_true(value_at(g, second, at, 3) == 0);
      assert_true(value_at(g, mixed, at, 3) == 0);
    }
    near(value_at(g, first, 0.9, 3), value_at(g, derivative(g, branches[i], x), 0.9, 3), 1e-14);
    near(value_at(g, second, 0.9, 3), value_at(g, derivative(g, derivative(g, branches[i], x), x), 0.9, 3),
         1e-13);
  }
  og_graph_destroy(g);
  og_context_destroy(context);
}

/* ---- Random expressions of scalars, vectors and matrices; smooth and bounded, so that differences are
 * trustworthy ---- */
enum { POOL = 40, N = 3 };
static const og_shape vector = {N, 1}, matrix = {N, N};

static og_node tame(og_graph *g, og_node a, og_rng *rng) {
  static const og_unary ops[] = {OG_TANH, OG_SIN, OG_ATAN, OG_SIGMOID, OG_SOFTPLUS, OG_COS, OG_NEG};
  return og_apply1(g, ops[og_rng_next(rng) % 7], a);
}

static og_node random_vector(og_graph *g, const og_node *pool, int count, og_rng *rng) {
  og_node a = pool[og_rng_next(rng) % (unsigned)count], b = pool[og_rng_next(rng) % (unsigned)count];
  og_node c = pool[og_rng_next(rng) % (unsigned)count], parts[2];
  switch (og_rng_next(rng) % 12) {
  case 0: return og_apply2(g, OG_ADD, a, b);
  case 1: return og_apply2(g, OG_SUB, a, b);
  case 2: return og_apply2(g, OG_MUL, a, b);
  case 3: return og_apply2(g, OG_DIV, a, og_apply2(g, OG_ADD, og_constant(g, 2), og_apply2(g, OG_MUL, b, b)));
  case 4: return og_apply2(g, OG_MUL, og_dot(g, a, b), c);
  case 5: return og_matvec(g, og_outer(g, tame(g, a, rng), b), c);
  case 6: return og_matvec_transposed(g, og_input(g, OG_SLOT_PARAMETER, 0, matrix), a);
  case 7: return og_matvec(g, og_input(g, OG_SLOT_PARAMETER, 0, matrix), a);
  case 8: parts[0] = og_slice(g, a, 1, 2), parts[1] = og_sum(g, b); return og_concat(g, parts, 2);
  case 9: return og_pad(g, og_slice(g, a, 0, 2), 1, N);
  case 10: return og_where(g, og_apply2(g, OG_LT, og_slice(g, a, 0, 1), og_constant(g, 5)), b, c);
  default: return og_reshape(g, og_slice(g, og_outer(g, a, tame(g, b, rng)), 2, N), vector);
  }
}

static og_node random_expression(og_graph *g, og_rng *rng) {
  og_node pool[POOL] = {og_input(g, OG_SLOT_STATE, 0, vector),
                        og_constant_tensor(g, vector, (double[]){0.3, -0.7, 1.1}),
                        og_input(g, OG_SLOT_PARAMETER, N * N, vector)};
  for (int i = 3; i < POOL; i++) pool[i] = tame(g, random_vector(g, pool, i, rng), rng);
  og_node sum = pool[POOL - 1];
  for (int i = POOL - 6; i < POOL - 1; i++) sum = og_apply2(g, OG_ADD, sum, pool[i]);
  return sum;
}

typedef struct point {
  double x[N], theta[N * N + N], bar[N], x_dot[N], theta_dot[N * N + N];
  const double *inputs[OG_SLOT_COUNT];
} point;

static void fill(double *v, int count, og_rng *rng) {
  for (int i = 0; i < count; i++) v[i] = og_rng_normal(rng);
}

static void random_point(point *p, og_rng *rng) {
  fill(p->x, N, rng), fill(p->theta, N * N + N, rng), fill(p->bar, N, rng);
  fill(p->x_dot, N, rng), fill(p->theta_dot, N * N + N, rng);
  p->inputs[OG_SLOT_STATE] = p->x, p->inputs[OG_SLOT_PARAMETER] = p->theta,
  p->inputs[OG_SLOT_COTANGENT] = p->bar;
  p->inputs[OG_SLOT_STATE_DOT] = p->x_dot, p->inputs[OG_SLOT_PARAMETER_DOT] = p->theta_dot;
}

static double dot_of(const double *a, const double *b, int n) {
  double sum = 0;
  for (int i = 0; i < n; i++) sum += a[i] * b[i];
  return sum;
}

/* <bar, J dot> = <J^T bar, dot>, and J dot is the difference quotient; then the same one derivative up. */
static void test_random_expressions(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 60; seed++) {
    og_rng rng;
    og_rng_seed(&rng, seed, 7);
    og_context *context = new_context();
    og_graph *g = new_graph(context);
    og_node f = random_expression(g, &rng),
            in[3] = {og_input(g, OG_SLOT_STATE, 0, vector), og_input(g, OG_SLOT_PARAMETER, 0, matrix),
                     og_input(g, OG_SLOT_PARAMETER, N * N, vector)};
    og_node dots[3] = {og_input(g, OG_SLOT_STATE_DOT, 0, vector),
                       og_input(g, OG_SLOT_PARAMETER_DOT, 0, matrix),
                       og_input(g, OG_SLOT_PARAMETER_DOT, N * N, vector)};
    og_node bar = og_input(g, OG_SLOT_COTANGENT, 0, vector), bars[3], f_dot;
    assert_int_equal(og_graph_vjp(g, 1, &f, &bar, 3, in, bars), OG_OK);
    assert_int_equal(og_graph_jvp(g, 1, &f, 3, in, dots, &f_dot), OG_OK);
    point p = {0};
    random_point(&p, &rng);
    double jx[N], x_bar[N], a_bar[N * N], b_bar[N], plus[N], minus[N];
    evaluate(g, f_dot, p.inputs, jx);
    evaluate(g, bars[0], p.inputs, x_bar), evaluate(g, bars[1], p.inputs, a_bar),
        evaluate(g, bars[2], p.inputs, b_bar);
    double left = dot_of(p.bar, jx, N), right = dot_of(x_bar, p.x_dot, N) +
                                                dot_of(a_bar, p.theta_dot, N * N) +
                                                dot_of(b_bar, p.theta_dot + N * N, N);
    double size = sqrt(dot_of(p.bar, p.bar, N) * dot_of(jx, jx, N));
    assert_true(fabs(left - right) <=
                1e-12 * (size + 1)); /* tens of roundings through forty nested operations */

    const double h = 1e-6;
    point moved = p;
    for (int side = 0; side < 2; side++) {
      double move = side ? -h : h;
      for (int i = 0; i < N; i++) moved.x[i] = p.x[i] + move * p.x_dot[i];
      for (int i = 0; i < N * N + N; i++) moved.theta[i] = p.theta[i] + move * p.theta_dot[i];
      moved.inputs[OG_SLOT_STATE] = moved.x, moved.inputs[OG_SLOT_PARAMETER] = moved.theta;
      evaluate(g, f, moved.inputs, side ? minus : plus);
    }
    for (int i = 0; i < N; i++) {
      double difference = (plus[i] - minus[i]) / (2 * h);
      if (!(fabs(difference - jx[i]) <= 1e-5 * (fabs(jx[i]) + 1)))
        fail_msg("seed %d: %g, %g", (int)seed, difference, jx[i]);
    }

    /* the Hessian of <bar, f> in x, by vjp of vjp and vjp of jvp: equal, and symmetric */
    double hessian[N][N], other[N];
    for (int i = 0; i < N; i++) {
      og_node one = og_constant(g, 1), entry = og_slice(g, bars[0], i, 1), row;
      assert_int_equal(og_graph_vjp(g, 1, &entry, &one, 1, in, &row), OG_OK);
      evaluate(g, row, p.inputs, hessian[i]);
    }
    og_node only_x, mixed, dotted;
    assert_int_equal(og_graph_jvp(g, 1, &f, 1, in, dots, &only_x), OG_OK);
    dotted = og_dot(g, bar, only_x);
    og_node one = og_constant(g, 1);
    assert_int_equal(og_graph_vjp(g, 1, &dotted, &one, 1, in, &mixed), OG_OK);
    evaluate(g, mixed, p.inputs, other);
    double scale = 1;
    for (int i = 0; i < N; i++) scale += sqrt(dot_of(hessian[i], hessian[i], N));
    for (int i = 0; i < N; i++) {
      for (int j = 0; j < N; j++) assert_true(fabs(hessian[i][j] - hessian[j][i]) <= 1e-11 * scale);
      assert_true(fabs(dot_of(hessian[i], p.x_dot, N) - other[i]) <=
                  1e-11 * scale * (1 + sqrt(dot_of(p.x_dot, p.x_dot, N))));
    }
    assert_true(g->count < 5000); /* derivatives are a small multiple of what they are of */
    og_graph_destroy(g);
    og_context_destroy(context);
  }
}

/* A derivative costs nodes for its own outputs only, whatever else is in the graph; slices of an input count
 * as it. */
static void test_derivatives_stay_small(void **state) {
  (void)state;
  og_context *context = new_context();
  og_graph *g = new_graph(context);
  og_node x1 = og_input(g, OG_SLOT_STATE_DOT, 0, scalar);
  og_node x = og_input(g, OG_SLOT_STATE, 0, (og_shape){2, 1}), first = og_slice(g, x, 0, 1),
          second = og_slice(g, x, 1, 1);
  og_node y = og_apply2(g, OG_MUL, first, second), one = og_constant(g, 1), bar, dot;
  for (int i = 0; i < 100; i++) og_apply1(g, OG_EXP, og_apply2(g, OG_ADD, first, og_constant(g, i + 0.5)));
  og_node last = og_apply2(g, OG_ADD, y, first);
  int count = g->count;
  assert_int_equal(og_graph_vjp(g, 1, &last, &one, 1, &x, &bar), OG_OK);
  assert_int_equal(og_graph_jvp(g, 1, &last, 1, &first, &one, &dot), OG_OK);
  assert_true(g->count <= count + 6);
  double at[2] = {3, 5}, out[2];
  evaluate(g, bar, (const double *[OG_SLOT_COUNT]){[OG_SLOT_STATE] = at}, out);
  assert_true(out[0] == 6 && out[1] == 3);
  /* the derivative of an output by itself, which is no input, and a tangent that is the graph's first node */
  assert_int_equal(og_graph_jvp(g, 1, &last, 1, &last, &x1, &dot), OG_OK);
  assert_int_equal(dot, x1);
  assert_int_equal(og_graph_vjp(g, 1, &last, &x1, 1, &last, &bar), OG_OK);
  assert_int_equal(bar, x1);
  assert_int_equal(og_graph_jvp(g, 1, &y, 1, &first, &x1, &dot), OG_OK);
  assert_int_equal(dot, og_apply2(g, OG_MUL, x1, second));
  og_graph_destroy(g);
  og_context_destroy(context);
}

/* A lane has the same bits among 1, 16 and 64; float agrees with double to its epsilon, a few hundred
 * roundings deep. */
static void test_lanes(void **state) {
  (void)state;
  for (uint64_t seed = 100; seed < 120; seed++) {
    og_rng rng;
    og_rng_seed(&rng, seed, 7);
    og_context *context = new_context();
    og_graph *g = new_graph(context);
    og_node f = random_expression(g, &rng), x = og_input(g, OG_SLOT_STATE, 0, vector);
    og_node bar = og_input(g, OG_SLOT_COTANGENT, 0, vector),
            outputs[5] = {f, OG_NODE_NONE, x, og_slice(g, f, 1, 2), f};
    assert_int_equal(og_graph_vjp(g, 1, &f, &bar, 1, &x, &outputs[1]), OG_OK);
    og_program *program;
    assert_int_equal(og_program_create(g, 5, outputs, &program), OG_OK);
    enum { L = 64, P = N * N + N };
    static double xs[N * L], ts[P * L], bs[N * L], all[5][N * L], some[5][N * L];
    static float xf[N * L], tf[P * L], bf[N * L], singles[5][N * L];
    fill(xs, N * L, &rng), fill(ts, P * L, &rng), fill(bs, N * L, &rng);
    for (int i = 0; i < P * L; i++) tf[i] = (float)ts[i];
    for (int i = 0; i < N * L; i++) xf[i] = (float)xs[i], bf[i] = (float)bs[i];
    void *scratch = aligned(og_program_scratch_bytes(program, L));
    og_program_run_d(program, L, (const double *[OG_SLOT_COUNT]){[1] = xs, [2] = ts, [3] = bs},
                     (double *[]){all[0], all[1], all[2], all[3], all[4]}, scratch);
    og_program_run_s(program, L, (const float *[OG_SLOT_COUNT]){[1] = xf, [2] = tf, [3] = bf},
                     (float *[]){singles[0], singles[1], singles[2], singles[3], singles[4]}, scratch);
    int rows[5] = {N, N, N, 2, N};
    for (int i = 0; i < N * L; i++) near(singles[0][i], all[0][i], 1e-2);
    for (int lanes = 1; lanes <= 16; lanes += 15) {
      for (int first = 0; first < L; first += lanes) {
        double a[N * 16], b[P * 16], c[N * 16];
        for (int r = 0; r < P; r++)
          for (int i = 0; i < lanes; i++) {
            b[r * lanes + i] = ts[r * L + first + i];
            if (r < N) a[r * lanes + i] = xs[r * L + first + i], c[r * lanes + i] = bs[r * L + first + i];
          }
        memset(some, 0xA5, sizeof some);
        og_program_run_d(program, lanes, (const double *[OG_SLOT_COUNT]){[1] = a, [2] = b, [3] = c},
                         (double *[]){first % 32 ? some[0] : NULL, some[1], some[2], some[3], some[4]},
                         scratch);
        for (int j = first % 32 ? 0 : 1; j < 5; j++)
          for (int r = 0; r < rows[j]; r++)
            assert_memory_equal(&some[j][r * lanes], &all[j][r * L + first], (size_t)lanes * sizeof(double));
      }
    }
    free(scratch);
    og_program_destroy(program);
    og_graph_destroy(g);
    og_context_destroy(context);
  }
}

/* ---- Structure ---- */
static void test_sharing_and_simplification(void **state) {
  (void)state;
  og_context *context = new_context();
  og_graph *g = new_graph(context);
  og_node x = og_input(g, OG_SLOT_STATE, 0, scalar), y = og_input(g, OG_SLOT_STATE, 1, scalar);
  og_node zero = og_constant(g, 0), one = og_constant(g, 1), two = og_constant(g, 2);
  og_node product = og_apply2(g, OG_MUL, x, y);
  int count = g->count;
  assert_int_equal(og_apply2(g, OG_MUL, y, x), product);
  assert_int_equal(og_apply2(g, OG_ADD, x, zero), x);
  assert_int_equal(og_apply2(g, OG_MUL, one, x), x);
  assert_int_equal(og_apply2(g, OG_MUL, x, zero), zero);
  assert_int_equal(og_apply2(g, OG_POW, x, one), x);
  assert_int_equal(og_where(g, one, x, y), x);
  assert_int_equal(og_slice(g, og_input(g, OG_SLOT_STATE, 0, (og_shape){2, 1}), 1, 1), y);
  assert_int_equal(g->count, count + 1); /* the vector input, nothing else */
  assert_int_equal(og_apply2(g, OG_POW, x, two), og_apply2(g, OG_MUL, x, x));
  og_node negative = og_apply1(g, OG_NEG, x);
  assert_int_equal(og_apply1(g, OG_NEG, negative), x);
  assert_int_equal(og_apply2(g, OG_ADD, y, negative), og_apply2(g, OG_SUB, y, x));
  assert_int_equal(og_apply2(g, OG_MUL, negative, y), og_apply1(g, OG_NEG, product));
  assert_int_equal(og_slice(g, og_concat(g, (og_node[]){x, y}, 2), 1, 1), y);
  double folded;
  assert_true(og_graph_is_constant(g, og_apply1(g, OG_EXP, og_apply2(g, OG_ADD, one, two)), &folded));
  assert_true(folded == exp(3));
  assert_true(og_graph_depends_on(g, 1, &product, OG_SLOT_STATE) &&
              !og_graph_depends_on(g, 1, &product, OG_SLOT_TIME));
  /* hundreds of distinct nodes outgrow the table and stay distinct */
  og_node first = og_apply2(g, OG_ADD, x, og_constant(g, 0.5)), last = first;
  for (int i = 1; i < 1000; i++) last = og_apply2(g, OG_ADD, x, og_constant(g, i + 0.5));
  assert_int_not_equal(first, last);
  assert_int_equal(og_apply2(g, OG_ADD, og_constant(g, 0.5), x), first);
  og_graph_destroy(g);
  og_context_destroy(context);
}

static void shape_error(const char *part, og_node (*build)(og_graph *g, og_node two, og_node three)) {
  og_context *context = new_context();
  og_graph *g = new_graph(context);
  og_node two = og_input(g, OG_SLOT_STATE, 0, (og_shape){2, 1}),
          three = og_input(g, OG_SLOT_STATE, 2, (og_shape){3, 1});
  og_node bad = build(g, two, three);
  assert_int_equal(bad, OG_NODE_NONE);
  assert_int_equal(og_apply1(g, OG_EXP, bad), OG_NODE_NONE);
  assert_int_equal(og_graph_status(g), OG_ERR_SHAPE);
  assert_contains(og_context_message(context), part);
  og_graph_destroy(g);
  og_context_destroy(context);
}
static og_node bad_add(og_graph *g, og_node a, og_node b) { return og_apply2(g, OG_ADD, a, b); }
static og_node bad_dot(og_graph *g, og_node a, og_node b) { return og_dot(g, a, b); }
static og_node bad_where(og_graph *g, og_node a, og_node b) { return og_where(g, a, a, b); }
static og_node bad_slice(og_graph *g, og_node a, og_node b) {
  (void)b;
  return og_slice(g, a, 1, 2);
}
static og_node bad_reshape(og_graph *g, og_node a, og_node b) {
  (void)b;
  return og_reshape(g, a, (og_shape){3, 1});
}
static og_node bad_broadcast(og_graph *g, og_node a, og_node b) {
  (void)b;
  return og_broadcast(g, a, (og_shape){3, 1});
}
static og_node bad_matvec(og_graph *g, og_node a, og_node b) { return og_matvec(g, og_outer(g, a, b), a); }
static og_node bad_pad(og_graph *g, og_node a, og_node b) {
  (void)b;
  return og_pad(g, a, 2, 3);
}

static void test_shape_errors(void **state) {
  (void)state;
  shape_error("'+' are 2 x 1 and 3 x 1", bad_add);
  shape_error("'dot' are 2 x 1 and 3 x 1", bad_dot);
  shape_error("'where' are 2 x 1, 2 x 1 and 3 x 1", bad_where);
  shape_error("entries 1 to 2 do not lie within 2", bad_slice);
  shape_error("2 x 1 cannot be reshaped to 3 x 1", bad_reshape);
  shape_error("only a scalar can be spread", bad_broadcast);
  shape_error("'matrix times vector' are 2 x 3 and 2 x 1", bad_matvec);
  shape_error("entries 2 to 3 do not lie within 3", bad_pad);
}

/* ---- Loops: each table gives the reference's bits, on specials too, at any count ---- */
#define CHECK_TABLE(X, S)                                                                                    \
  static void check_table_##S(const og_elementwise_##S *fast) {                                              \
    const og_elementwise_##S *slow = &og_elementwise_reference_##S;                                          \
    enum { COUNT = 64 + 5 };                                                                                 \
    X a[COUNT], b[COUNT], c[COUNT], one[COUNT], two[COUNT];                                                  \
    og_rng rng;                                                                                              \
    og_rng_seed(&rng, 3, 3);                                                                                 \
    const X specials[] = {0, -(X)0.0, (X)INFINITY, -(X)INFINITY, (X)NAN, 1, -1};                             \
    for (int i = 0; i < COUNT; i++) {                                                                        \
      a[i] = og_rng_next(&rng) % 3 ? (X)og_rng_normal(&rng) : specials[og_rng_next(&rng) % 7];               \
      b[i] = og_rng_next(&rng) % 3 ? (X)og_rng_normal(&rng) : specials[og_rng_next(&rng) % 7];               \
      c[i] = (X)(og_rng_next(&rng) % 2);                                                                     \
    }                                                                                                        \
    for (int op = 0; op < OG_EW_EXP; op++) { /* elementary functions: test_elementary.c */                   \
      fast->unary[op](COUNT, a, one), slow->unary[op](COUNT, a, two);                                        \
      same_##S(one, two, COUNT);                                                                             \
    }                                                                                                        \
    for (int op = 0; op < OG_EW_BINARY_COUNT; op++)                                                          \
      for (int v = 0; v < OG_EW_VARIANTS; v++) {                                                             \
        fast->binary[op][v](COUNT, a, b, one), slow->binary[op][v](COUNT, a, b, two);                        \
        same_##S(one, two, COUNT);                                                                           \
      }                                                                                                      \
    fast->where(COUNT, c, a, b, one), slow->where(COUNT, c, a, b, two);                                      \
    same_##S(one, two, COUNT);                                                                               \
    fast->slope_of_tanh(COUNT, a, b, one), slow->slope_of_tanh(COUNT, a, b, two);                            \
    same_##S(one, two, COUNT);                                                                               \
    fast->add_column(3, COUNT / 3, c, a, one), slow->add_column(3, COUNT / 3, c, a, two);                    \
    same_##S(one, two, 3 * (COUNT / 3));                                                                     \
    for (int v = 0; v < 2; v++) {                                                                            \
      memcpy(one, c, sizeof c), memcpy(two, c, sizeof c);                                                    \
      fast->multiply_add0[v](COUNT, a, b, one), slow->multiply_add0[v](COUNT, a, b, two);                    \
      near_##S(one, two, COUNT);                                                                             \
    }                                                                                                        \
  }
/* Which NaN comes out of two is the compiler's choice of operand order: any NaN equals any. */
#define SAME(X, S)                                                                                           \
  static void same_##S(const X *a, const X *b, int count) {                                                  \
    for (int i = 0; i < count; i++)                                                                          \
      if (!(a[i] != a[i] && b[i] != b[i])) assert_memory_equal(&a[i], &b[i], sizeof *a);                     \
  }                                                                                                          \
  /* one rounding or two, of products and sums below 20 */                                                   \
  static void near_##S(const X *a, const X *b, int count) {                                                  \
    for (int i = 0; i < count; i++)                                                                          \
      assert_true((a[i] != a[i] && b[i] != b[i]) || a[i] == b[i] ||                                          \
                  fabs((double)(a[i] - b[i])) <= epsilon_##S);                                               \
  }
static const double epsilon_d = 20 * DBL_EPSILON, epsilon_s = 20 * FLT_EPSILON;
SAME(double, d)
SAME(float, s)
CHECK_TABLE(double, d)
CHECK_TABLE(float, s)

static void test_loops(void **state) {
  (void)state;
  check_table_d(&og_elementwise_base_d);
  check_table_s(&og_elementwise_base_s);
  check_table_d(og_elementwise_best_d());
  check_table_s(og_elementwise_best_s());
#if defined(OG_HAVE_X86_ISAS)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    check_table_d(&og_elementwise_avx2_d);
    check_table_s(&og_elementwise_avx2_s);
  }
#endif
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_unary_values_and_slopes),
                                     cmocka_unit_test(test_special_functions),
                                     cmocka_unit_test(test_stated_slopes),
                                     cmocka_unit_test(test_logarithms_of_probabilities),
                                     cmocka_unit_test(test_binary_slopes),
                                     cmocka_unit_test(test_where),
                                     cmocka_unit_test(test_random_expressions),
                                     cmocka_unit_test(test_derivatives_stay_small),
                                     cmocka_unit_test(test_lanes),
                                     cmocka_unit_test(test_sharing_and_simplification),
                                     cmocka_unit_test(test_shape_errors),
                                     cmocka_unit_test(test_loops)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
