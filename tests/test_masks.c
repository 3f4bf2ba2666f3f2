/* Branches that are not chosen, undefined or infinite, under products, sums and functions: value, gradient
 * and Hessian against jets (jets.h) of what is chosen alone. What is not chosen has derivatives of exactly 0.
 */
#include <float.h>

#include "base/real.h"
#include "field/field.h"
#include "jets.h"
#include "models.h"

/* The parameters k, s and v = [x, y], and what an expression of them is. */
typedef struct arguments {
  jet k, s, x, y;
} arguments;

static jet number(long double v) { return (jet){.v = v}; }
static jet times(jet a, jet b) { return jet_times(a, b); }
static jet plus(jet a, jet b) { return jet_add(a, b); }
static jet of(int function, jet x) { return jet_chain1(x, jet_of_unary(function, x.v)); }
static jet of2(int function, jet x, jet y) { return jet_chain2(x, y, jet_of_binary(function, x.v, y.v)); }
static jet root(jet x) { return of(OG_SQRT, x); }
static jet ln(jet x) { return of(OG_LOG, x); }
static jet over(jet x, jet y) { return of2(OG_DIV, x, y); }
static jet positive(jet x) { return x.v > 0 ? x : number(0); }
static int large(jet x) { return x.v > 0.5L; }

static jet masked_root(arguments a) { return large(a.x) ? times(a.k, root(a.x)) : number(0); }
static jet quotient(arguments a, jet v) { return large(v) ? over(a.s, v) : number(0); }
static jet quotients(arguments a) { return plus(quotient(a, a.x), quotient(a, a.y)); }
static jet weighted_quotients(arguments a) {
  return times(a.k, plus(times(quotient(a, a.x), a.x), times(quotient(a, a.y), a.y)));
}
static jet product_within(arguments a) { return large(a.x) ? times(a.k, times(root(a.x), ln(a.x))) : a.s; }
static jet row(arguments a, jet v) { return large(v) ? times(a.s, ln(v)) : a.k; }
static jet matrix_of_masked(arguments a) { /* rows [1, 2] and [-3, 0.5], summed */
  return plus(times(number(-2), row(a, a.x)), times(number(2.5L), row(a, a.y)));
}
static jet both_large(arguments a) {
  if (!large(a.x) || !large(a.y)) return a.s;
  return times(a.k, plus(times(ln(a.x), root(a.x)), times(ln(a.y), root(a.y))));
}
static jet matrix_within(arguments a) {
  if (!large(a.x) || !large(a.y)) return times(a.s, a.k);
  return plus(times(number(-2), times(a.s, ln(a.x))), times(number(2.5L), times(a.s, ln(a.y))));
}
static jet root_of_choice(arguments a) { return a.x.v > 0 ? times(a.k, root(a.x)) : number(0); }
static jet roots_of_choices(arguments a) {
  return times(a.k, plus(a.x.v > 0 ? root(a.x) : number(0), a.y.v > 0 ? root(a.y) : number(0)));
}
static jet choice_of_masked(arguments a) {
  jet masked = large(a.x) ? ln(a.x) : number(-2);
  return times(a.s, masked.v > -1 ? masked : number(-1));
}
static jet power(arguments a) {
  return of(OG_EXP, times(a.k, large(a.x) ? of2(OG_POW, a.x, a.s) : number(1)));
}
static jet nested(arguments a) {
  if (!large(a.x)) return times(a.s, a.k);
  return a.x.v > 2 ? ln(plus(a.x, number(-2))) : times(a.s, root(a.x));
}
static jet norm_of_masked(arguments a) {
  jet sum = plus(large(a.x) ? a.x : number(0), large(a.y) ? a.y : number(0));
  return sum.v > 0 ? times(a.k, root(sum)) : number(0);
}
static jet divisor(arguments a) { return over(a.k, large(a.x) ? root(a.x) : number(2)); }
static jet two_sides(arguments a) { return large(a.x) ? times(a.k, of(OG_LGAMMA, a.x)) : times(a.k, a.s); }
static jet magnitude(arguments a) { return times(a.k, of(OG_ABS, large(a.x) ? ln(a.x) : a.s)); }
static jet angle(arguments a) { return large(a.x) ? of2(OG_ATAN2, a.s, root(a.x)) : a.k; }
static jet scalar_branches(arguments a) {
  return plus(large(a.x) ? root(a.k) : a.s, large(a.y) ? root(a.k) : a.s);
}
static jet least_of_masked(arguments a) {
  jet masked = large(a.x) ? over(a.s, a.x) : a.k;
  return times(a.k, masked.v <= a.y.v ? masked : a.y);
}
static jet square_of_masked(arguments a) {
  jet sum = plus(quotient(a, a.x), quotient(a, a.y));
  return times(a.k, times(sum, sum));
}
static jet positive_products(arguments a) {
  return times(a.s, plus(times(positive(a.x), positive(a.x)), times(positive(a.y), positive(a.y))));
}

static const struct {
  const char *text;
  jet (*truth)(arguments);
} cases[] = {
    {"k*where(x > 0.5, sqrt(x), 0)", masked_root},
    {"where(x > 0.5, k*sqrt(x), 0)", masked_root},
    {"where(not_large, 0, sqrt(x))*k", masked_root},
    {"sum(where(v > 0.5, s/v, 0))", quotients},
    {"s*sum(where(v > 0.5, 1/v, 0))", quotients},
    {"k*dot(where(v > 0.5, s/v, 0), v)", weighted_quotients},
    {"where(x > 0.5, k*sqrt(x)*log(x), s)", product_within},
    {"sum(A*where(v > 0.5, s*log(v), k))", matrix_of_masked},
    {"where(min(v) > 0.5, k*dot(log(v), sqrt(v)), s)", both_large},
    {"where(min(v) > 0.5, sum(A*(s*log(v))), k*s)", matrix_within},
    {"where(min(v) > 0.5, s*sum(A*log(v)), k*s)", matrix_within},
    {"k*sqrt(max(x, 0))", root_of_choice},
    {"sum(k*sqrt(max(v, 0)))", roots_of_choices},
    {"sum(k*sqrt(-min(0, -v)))", roots_of_choices},
    {"k*sum(sqrt(relu(v)))", roots_of_choices},
    {"s*max(where(x > 0.5, log(x), -2), -1)", choice_of_masked},
    {"exp(k*where(x > 0.5, x^s, 1))", power},
    {"where(x > 0.5, where(x > 2, log(x - 2), s*sqrt(x)), k*s)", nested},
    {"k*norm2(where(v > 0.5, sqrt(v), 0))", norm_of_masked},
    {"k/where(x > 0.5, sqrt(x), 2)", divisor},
    {"where(x > 0.5, lgamma(x), 0)*k + where(x > 0.5, 0, k*s)", two_sides},
    {"k*abs(where(x > 0.5, log(x), s))", magnitude},
    {"where(x > 0.5, atan2(s, sqrt(x)), k)", angle},
    {"sum(where(v > 0.5, sqrt(k), s))", scalar_branches},
    {"k*min(where(x > 0.5, s/x, k), y)", least_of_masked},
    {"k*sum(where(v > 0.5, s/v, 0))^2", square_of_masked},
    {"s*dot(max(v, 0), max(0, v))", positive_products},
};
enum { CASES = sizeof cases / sizeof *cases, PARAMETERS = 4 };
static const char declarations[] = "param k = 1, s = 1\nparam v[2] = [1, 1]\nx = v[1]\ny = v[2]\n"
                                   "const A = [[1, 2], [-3, 0.5]]\nnot_large = x <= 0.5\n";

static const double xs[] = {-1, 0, 0.25, 0.75, 1.5, 3.5}, ys[] = {-2, 0, 1.25};
enum { XS = 6, YS = 3, POINTS = XS * YS };
static void point(int i, double theta[PARAMETERS]) {
  theta[0] = 1.75 + 0.1 * i, theta[1] = 0.625, theta[2] = xs[i % XS], theta[3] = ys[i / XS];
}

/* Along the directions of parameters i and j. */
static jet truth_of(int which, const double theta[PARAMETERS], int i, int j) {
  jet p[PARAMETERS];
  for (int k = 0; k < PARAMETERS; k++) p[k] = (jet){(long double)theta[k], k == i, k == j, 0};
  return cases[which].truth((arguments){p[0], p[1], p[2], p[3]});
}

/* A dozen operations or two on numbers below 100, each rounded. Where nothing was chosen, and so the value is
 * 0, derivatives are 0 exactly. */
static void compare(int which, const char *where, int at, double got, jet truth, long double want) {
  long double tolerance = truth.v == 0 && want == 0 ? 0 : 200 * DBL_EPSILON * (1 + fabsl(want));
  if (!(fabsl((long double)got - want) <= tolerance))
    fail_msg("%s, %s, point %d: %.17g, not %.17Lg", cases[which].text, where, at, got, want);
}

/* ---- In losses ---- */

static void in_losses_as(const char *where, const char *format) {
  og_context *context = new_context();
  for (int which = 0; which < CASES; which++) {
    char text[512];
    og_objective *objective = NULL;
    snprintf(text, sizeof text, format, declarations, cases[which].text);
    og_model *model = parse(context, text);
    CHECK(context, og_objective_create(context, model, NULL, NULL, &objective));
    for (int at = 0; at < POINTS; at++) {
      double theta[PARAMETERS], loss, gradient[PARAMETERS], hessian[PARAMETERS * PARAMETERS];
      point(at, theta);
      CHECK(context, og_objective_evaluate(objective, theta, &loss, gradient));
      CHECK(context, og_objective_hessian(objective, theta, hessian));
      jet truth = truth_of(which, theta, 0, 0);
      compare(which, where, at, loss, truth, truth.v);
      for (int i = 0; i < PARAMETERS; i++) {
        compare(which, where, at, gradient[i], truth, truth_of(which, theta, i, 0).a);
        for (int j = 0; j < PARAMETERS; j++)
          compare(which, where, at, hessian[i * PARAMETERS + j], truth, truth_of(which, theta, i, j).ab);
      }
    }
    og_objective_destroy(objective);
    og_model_destroy(model);
  }
  og_context_destroy(context);
}

static void in_final_costs(void **state) {
  (void)state;
  in_losses_as("as a final cost", "%sinit z = 0\nz' = 0*z\ncost final = %s + z\ntime 0 : 1\n");
}
static void in_initial_values(void **state) {
  (void)state;
  in_losses_as("as an initial value", "%sinit z = %s\nz' = 0*z\ncost final = z\ntime 0 : 1\n");
}
/* A state in the expression, so that its products with tangents are those of a field. */
static void in_integrals(void **state) {
  (void)state;
  in_losses_as("as an integral", "%sinit z = 0\nz' = 0*z\ncost integral = %s + z\ntime 0 : 1\n");
}

/* ---- In fields: a point a lane, so that neighbours take other branches ---- */

static void *aligned(size_t count) {
  void *memory = aligned_alloc(64, count * OG_LANES_MAX * sizeof(double));
  assert_non_null(memory);
  memset(memory, 0, count * OG_LANES_MAX * sizeof(double));
  return memory;
}

static void check_field(const og_field *field, const char *where, int lanes, int stride) {
  int states = (CASES + stride - 1) / stride; /* each of a case */
  og_lane_status status[OG_LANES_MAX] = {0};
  double *t = aligned(1), *x = aligned(CASES), *theta = aligned(PARAMETERS), *f = aligned(CASES),
         *lambda = aligned(CASES), *x_bar = aligned(CASES), *theta_bar = aligned(PARAMETERS),
         *theta_dot = aligned(PARAMETERS), *f_dot = aligned(CASES), one[PARAMETERS];
  void *scratch = aligned_alloc(64, OG_ALIGNED(field->scratch_bytes(field, lanes)));
  assert_non_null(scratch);
  for (int lane = 0; lane < lanes; lane++) {
    point(lane % POINTS, one);
    for (int i = 0; i < PARAMETERS; i++) theta[i * lanes + lane] = one[i];
  }
  field->ops_d.eval(field, lanes, t, x, theta, f, status, scratch);
  for (int which = 0; which < states; which++) {
    for (int i = 0; i < states * lanes; i++) lambda[i] = i / lanes == which;
    field->ops_d.vjp(field, lanes, t, x, theta, lambda, x_bar, theta_bar, NULL, status, scratch);
    for (int lane = 0; lane < lanes; lane++) {
      point(lane % POINTS, one);
      jet truth = truth_of(which * stride, one, 0, 0);
      compare(which * stride, where, lane, f[which * lanes + lane], truth, truth.v);
      for (int i = 0; i < PARAMETERS; i++)
        compare(which * stride, where, lane, theta_bar[i * lanes + lane], truth,
                truth_of(which * stride, one, i, 0).a);
    }
  }
  for (int i = 0; i < PARAMETERS; i++) {
    for (int k = 0; k < PARAMETERS * lanes; k++) theta_dot[k] = k / lanes == i;
    field->ops_d.jvp(field, lanes, t, x, theta, NULL, x_bar, theta_dot, f_dot, status, scratch);
    for (int k = 0; k < states * lanes; k++) {
      point(k % lanes % POINTS, one);
      jet truth = truth_of(k / lanes * stride, one, i, 0);
      compare(k / lanes * stride, where, k % lanes, f_dot[k], truth, truth.a);
    }
  }
  free(t), free(x), free(theta), free(f), free(lambda), free(x_bar), free(theta_bar), free(theta_dot);
  free(f_dot), free(scratch);
}

/* Every case, or a few of them: compilers take their time. */
static void in_fields_of(int stride, int compiled) {
  static char text[8192];
  og_context *context = new_context();
  int at = snprintf(text, sizeof text, "%s", declarations);
  for (int i = 0; i < CASES; i += stride)
    at += snprintf(text + at, sizeof text - (size_t)at, "init z%d = 0\nz%d' = %s\n", i, i, cases[i].text);
  og_model *model = parse(context, text);
  if (compiled) CHECK(context, og_model_compile(model, OG_PRECISION_DOUBLE));
  for (int lanes = 16; lanes <= OG_LANES_MAX; lanes += 48)
    check_field(og_model_field(model), compiled ? "in a compiled field" : "in a field", lanes, stride);
  og_model_destroy(model);
  og_context_destroy(context);
}
static void in_fields(void **state) { (void)state, in_fields_of(1, 0); }
static void in_compiled_fields(void **state) { (void)state, in_fields_of(4, 1); }

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(in_final_costs), cmocka_unit_test(in_initial_values),
                                     cmocka_unit_test(in_integrals), cmocka_unit_test(in_fields),
                                     cmocka_unit_test(in_compiled_fields)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
