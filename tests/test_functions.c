/* Functions of the language against values with 40 digits (tests/oracles/functions.py): in fields, in blocks
 * of every width, and in losses with gradients and Hessians. That compiled fields have the same bits is
 * tested in test_compile.c. */
#include <float.h>

#include "base/real.h"
#include "field/field.h"
#include "models.h"

enum { VALUE, D_X, D_Y, D_XX, D_XY, D_YY, RESULTS };
typedef struct point {
  const char *expression;
  double x, y, want[RESULTS];
} point;
static const point points[] = {
#include "function_values.h"
};
enum { POINTS = sizeof points / sizeof *points };

/* The C library's functions are right to a few units in the last place; a derivative is a handful of
 * roundings more, and digamma and trigamma are sums of up to a dozen terms. Entries that are 0 are so
 * exactly. */
static void compare(const point *p, const char *where, int which, double got) {
  double want = p->want[which], units = which == VALUE ? 4 : 16;
  if (!(fabs(got - want) <= units * DBL_EPSILON * fabs(want)))
    fail_msg("%s at (%g, %g), %s, result %d: %.17g, not %.17g", p->expression, p->x, p->y, where, which, got,
             want);
}

static og_model *model_of(og_context *context, const point *p, const char *format) {
  char text[512];
  snprintf(text, sizeof text, format, p->x, p->y, p->expression);
  return parse(context, text);
}

static void *aligned(size_t bytes) {
  void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
  assert_non_null(memory);
  memset(memory, 0, bytes);
  return memory;
}

/* Every lane has the same point. */
static void check_lanes(const point *p, const og_field *field, int lanes) {
  og_lane_status status[OG_LANES_MAX] = {0};
  double *memory = aligned(9 * OG_LANES_MAX * sizeof(double)), *t = memory, *x = t + OG_LANES_MAX,
         *theta = x + OG_LANES_MAX, *f = theta + 2 * OG_LANES_MAX, *lambda = f + OG_LANES_MAX,
         *x_bar = lambda + OG_LANES_MAX, *theta_bar = x_bar + OG_LANES_MAX;
  void *scratch = aligned(field->scratch_bytes(field, lanes));
  for (int i = 0; i < lanes; i++) theta[i] = p->x, theta[lanes + i] = p->y, lambda[i] = 1;
  field->ops_d.eval(field, lanes, t, x, theta, f, status, scratch);
  field->ops_d.vjp(field, lanes, t, x, theta, lambda, x_bar, theta_bar, NULL, status, scratch);
  for (int i = 0; i < lanes; i++) {
    compare(p, "in a field", VALUE, f[i]);
    compare(p, "in a field", D_X, theta_bar[i]);
    compare(p, "in a field", D_Y, theta_bar[lanes + i]);
  }
  free(memory);
  free(scratch);
}

static void in_fields(void **state) {
  (void)state;
  static const int lanes[] = {1, 16, 32, 48, 64};
  og_context *context = new_context();
  for (int i = 0; i < POINTS; i++) {
    og_model *model =
        model_of(context, &points[i], "param x = %.17g, y = %.17g\ninit z = 0\nz' = %s\ntime 0 : 1\n");
    for (size_t k = 0; k < sizeof lanes / sizeof *lanes; k++)
      check_lanes(&points[i], og_model_field(model), lanes[k]);
    og_model_destroy(model);
  }
  og_context_destroy(context);
}

/* As entries of vectors, and as a cost, which is the whole loss: z stays 0. */
static void in_losses(void **state) {
  (void)state;
  og_context *context = new_context();
  for (int i = 0; i < POINTS; i++) {
    const point *p = &points[i];
    double theta[2] = {p->x, p->y}, loss, gradient[2], hessian[4];
    og_objective *objective = NULL;
    og_model *model = model_of(context, p,
                               "param x = %.17g, y = %.17g\ninit z = 0\nz' = 0*z\n"
                               "cost final = %s + z\ntime 0 : 1\n");
    CHECK(context, og_objective_create(context, model, NULL, NULL, &objective));
    CHECK(context, og_objective_evaluate(objective, theta, &loss, gradient));
    CHECK(context, og_objective_hessian(objective, theta, hessian));
    const double got[] = {loss, gradient[0], gradient[1], hessian[0], hessian[1], hessian[3]};
    for (int which = 0; which < RESULTS; which++) compare(p, "in a loss", which, got[which]);
    compare(p, "in a loss, transposed", D_XY, hessian[2]);
    og_objective_destroy(objective);
    og_model_destroy(model);
  }
  og_context_destroy(context);
}

/* What a function gives for a vector it gives for its entries; scalars go with every entry. */
static void of_vectors(void **state) {
  (void)state;
  static const char *const pairs[][2] = {
      {"log10(v)", "[log10(0.5), log10(3), log10(7.25)]"},
      {"expm1(v)", "[expm1(0.5), expm1(3), expm1(7.25)]"},
      {"sign(v - 3)", "[sign(-2.5), sign(0), sign(4.25)]"},
      {"floor(v)", "[0, 3, 7]"},
      {"lgamma(v)", "[lgamma(0.5), lgamma(3), lgamma(7.25)]"},
      {"atan2(v, 2)", "[atan2(0.5, 2), atan2(3, 2), atan2(7.25, 2)]"},
      {"atan2(v, -v)", "[3*pi/4, 3*pi/4, 3*pi/4]"},
      {"min(v, 4, [1, 2, 3])", "[0.5, 2, 3]"},
      {"max(2*v, 4, [1, 9, 3])", "[4, 9, 14.5]"},
      {"[min(v), max(v), max([[1, 2], [3, 4]])]", "[0.5, 7.25, 4]"},
  };
  og_context *context = new_context();
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    char text[512];
    double x[6];
    snprintf(text, sizeof text, "param v[3] = [0.5, 3, 7.25]\ninit a = %s, b = %s\na' = -a\nb' = -b\n",
             pairs[i][0], pairs[i][1]);
    og_model *model = parse(context, text);
    CHECK(context, og_model_initial_state(model, 0, (double[]){0.5, 3, 7.25}, x));
    for (int k = 0; k < 3;
         k++) /* constants are folded by the C library, vectors come from SLEEF: an ulp apart */
      if (!(fabs(x[k] - x[3 + k]) <= 2 * DBL_EPSILON * fabs(x[3 + k])))
        fail_msg("%s, entry %d: %.17g, not %.17g", pairs[i][0], k + 1, x[k], x[3 + k]);
    og_model_destroy(model);
  }
  og_context_destroy(context);
}

/* A NaN among the arguments is not lost, wherever it stands. */
static void least_of_nan(void **state) {
  (void)state;
  static const char *const expressions[] = {"min(log(q), 1, 2)",   "min(1, log(q), 2)",
                                            "min(1, 2, log(q))",   "max([log(q), 1, 2])",
                                            "max([1, log(q), 2])", "max([1, 2, log(q)])"};
  og_context *context = new_context();
  for (size_t i = 0; i < sizeof expressions / sizeof *expressions; i++) {
    char text[128];
    double x;
    snprintf(text, sizeof text, "param q = -1\ninit x = %s\nx' = -x\n", expressions[i]);
    og_model *model = parse(context, text);
    CHECK(context, og_model_initial_state(model, 0, (double[]){-1}, &x));
    assert_true(isnan(x));
    og_model_destroy(model);
  }
  og_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(in_fields),
      cmocka_unit_test(in_losses),
      cmocka_unit_test(of_vectors),
      cmocka_unit_test(least_of_nan),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
