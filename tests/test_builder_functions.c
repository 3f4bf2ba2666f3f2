/* Functions that builders know by name: each against the same one in a text, and activations, which texts
 * have in layers alone, against closed forms. */
#include <ctype.h>
#include <math.h>

#include "builder_bench.h"
#include "model/densities.h"

enum { PLACES = 3 };
static const double places[PLACES][2] = {{0.3, 0.7}, {0.9, 0.2}, {0.5, 0.5}};

/* What a solve says of f: x + f, and its first and second derivatives. */
typedef struct findings {
  double final[2], x0_bar[2], final_dot[2], x0_bar_dot[2];
} findings;

/* One step of Euler over a span of 1, the same roundings on both sides. */
static og_solve *step_from(og_context *context, const og_field *field, const double *x) {
  og_options *options = NULL;
  og_solve *solve = NULL;
  CHECK(context, og_options_create(context, &options));
  CHECK(context, og_options_set_text(options, "method", "euler"));
  CHECK(context, og_options_set_text(options, "steps", "1"));
  CHECK(context, og_options_set_text(options, "gradient-control", "none"));
  CHECK(context, og_solve_create(context, field, options, 1, &solve));
  CHECK(context, og_solve_set_span(solve, OG_ALL, 0, 1));
  CHECK(context, og_solve_set_initial_state(solve, OG_ALL, x));
  CHECK(context, og_solve_run(solve));
  og_options_destroy(options);
  return solve;
}

static findings step_of(og_context *context, const og_field *field, const double *x) {
  const double bar[2] = {1, -0.5}, dot[2] = {0.7, 0.4};
  findings f = {{0}, {0}, {0}, {0}};
  og_solve *solve = step_from(context, field, x);
  CHECK(context, og_solve_final(solve, 0, f.final));
  CHECK(context, og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = bar,
                                                                .x0_bar = f.x0_bar}));
  CHECK(context,
        og_solve_pushforward(solve, &(og_pushforward_arrays){OG_INIT(og_pushforward_arrays), .x0_dot = dot,
                                                             .final_dot = f.final_dot}));
  CHECK(context, og_solve_hessian_product(
                     solve, &(og_hessian_arrays){OG_INIT(og_hessian_arrays), .directions = 1, .x0_dot = dot,
                                                 .final_bar = bar, .x0_bar_dot = f.x0_bar_dot}));
  og_solve_destroy(solve);
  return f;
}

/* How the language writes the function `name` of a and b; 0: it has it in layers alone. */
static int write_text(const char *name, char text[64]) {
  static const char *const of_two[] = {"atan2", "min", "max"};
  const char *form = "%s(a)";
  if (!isalpha((unsigned char)name[0])) form = "a %s b";
  if (strcmp(name, "and") == 0 || strcmp(name, "or") == 0) form = "a %s (b - 0.5)";
  if (strcmp(name, "not") == 0) form = "%s (a > b)";
  if (strcmp(name, "neg") == 0) name = "-", form = "%sa";
  if (strcmp(name, "pow") == 0) name = "^", form = "a %s b";
  if (strcmp(name, "where") == 0) form = "%s(a > b, a, b)";
  if (strcmp(name, "dot") == 0 || strcmp(name, "norm2") == 0 || strcmp(name, "sum") == 0) form = NULL;
  for (size_t i = 0; i < sizeof of_two / sizeof *of_two; i++)
    if (strcmp(name, of_two[i]) == 0) form = "%s(a, b)";
  if (!form) {
    snprintf(text, 64, strcmp(name, "dot") == 0 ? "%s([a, b], [b, 2])" : "%s([a, b])", name);
    return 1;
  }
  snprintf(text, 64, form, name);
  return 1;
}

static int is_layers_alone(const char *name) {
  static const char *const names[] = {"elu", "gelu", "silu", "rbf", "identity"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(name, names[i]) == 0) return 1;
  return 0;
}

static og_value made_of(og_builder *b, const char *name, og_value x, og_value y) {
  og_value pair = both(b, x, y), above = og_builder_binary(b, ">", x, y);
  if (strcmp(name, "where") == 0) return og_builder_where(b, above, x, y);
  if (strcmp(name, "not") == 0) return call(b, name, above);
  if (strcmp(name, "and") == 0 || strcmp(name, "or") == 0)
    return og_builder_binary(b, name, x, sub(b, y, num(b, 0.5)));
  if (strcmp(name, "dot") == 0) return og_builder_binary(b, name, pair, both(b, y, num(b, 2)));
  if (strcmp(name, "sum") == 0 || strcmp(name, "norm2") == 0) return call(b, name, pair);
  if (strcmp(name, "atan2") == 0 || strcmp(name, "min") == 0 || strcmp(name, "max") == 0 ||
      strcmp(name, "pow") == 0 || !isalpha((unsigned char)name[0]))
    return og_builder_binary(b, name, x, y);
  return call(b, name, x);
}

static void compare_function(const char *name) {
  char expression[64], text[256];
  bench b = new_bench();
  og_model *model = NULL;
  og_field *field = NULL;
  write_text(name, expression);
  snprintf(text, sizeof text, "init a = 0, b = 0\na' = %s\nb' = 0\n", expression);
  CHECK(b.context, og_model_parse(b.context, "m", text, strlen(text), &model));
  og_value x = og_builder_state(b.builder, "a", 0, NULL), y = og_builder_state(b.builder, "b", 0, NULL);
  og_builder_set_derivative(b.builder, x, made_of(b.builder, name, x, y));
  og_builder_set_derivative(b.builder, y, num(b.builder, 0));
  CHECK(b.context, og_builder_field(b.builder, &field));
  for (int i = 0; i < PLACES; i++) {
    findings want = step_of(b.context, og_model_field(model), places[i]),
             got = step_of(b.context, field, places[i]);
    if (memcmp(&want, &got, sizeof want) != 0)
      fail_msg("%s: %.17g, not %.17g, or its derivatives", expression, got.final[0], want.final[0]);
  }
  og_field_destroy(field);
  og_model_destroy(model);
  end_bench(&b);
}

static void every_function(void **s) {
  (void)s;
  size_t count = 0, layers = 0;
  for (const char *name; (name = og_builder_function_name(count)); count++) {
    for (size_t i = 0; i < count; i++) assert_string_not_equal(name, og_builder_function_name(i));
    if (is_layers_alone(name))
      layers++;
    else
      compare_function(name);
  }
  assert_int_equal(layers, 5);
  assert_true(count > 50);
}

/* Closed forms, each to a few roundings of the C library's functions. */
static void activations(void **s) {
  (void)s;
  bench b = new_bench();
  const double x[ENTRIES] = {-0.8, 1.7};
  const struct {
    const char *name;
    double want[2];
  } cases[] = {{"elu", {expm1(-0.8), 1.7}},
               {"gelu", {-0.8 * 0.5 * erfc(0.8 / sqrt(2)), 1.7 * 0.5 * erfc(-1.7 / sqrt(2))}},
               {"silu", {-0.8 / (1 + exp(0.8)), 1.7 / (1 + exp(-1.7))}},
               {"rbf", {exp(-0.64), exp(-1.7 * 1.7)}},
               {"identity", {-0.8, 1.7}}};
  og_value in = og_builder_state(b.builder, "x", 1, SIZES(2));
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    double got[2];
    og_value y = call(b.builder, cases[i].name, in);
    check_made(&b);
    evaluate(b.builder, b.builder->values[y - 1].node, x, NULL, got);
    for (int k = 0; k < 2; k++)
      if (fabs(got[k] - cases[i].want[k]) > 1e-15 * (1 + fabs(cases[i].want[k])))
        fail_msg("%s(%g) is %.17g, not %.17g", cases[i].name, x[k], got[k], cases[i].want[k]);
  }
  end_bench(&b);
}

/* The least and the largest of all entries of one, and of several, whose shapes are broadcast. */
static void least_and_largest(void **s) {
  (void)s;
  bench b = new_bench();
  const double x[ENTRIES] = {3, -1, 4, 1, -5, 9};
  double got[6];
  og_value in = og_builder_state(b.builder, "x", 2, SIZES(2, 3));
  og_value least = call(b.builder, "min", in), row = og_builder_slice(b.builder, in, 0, 0, 1, 1);
  og_value all[] = {in, row, num(b.builder, 2)};
  og_value largest = og_builder_apply(b.builder, "max", 3, all);
  check_made(&b);
  evaluate(b.builder, b.builder->values[least - 1].node, x, NULL, got);
  assert_true(got[0] == -5);
  evaluate(b.builder, b.builder->values[largest - 1].node, x, NULL, got);
  const double want[] = {3, 2, 4, 3, 2, 9};
  assert_memory_equal(got, want, sizeof want);
  end_bench(&b);
}

/* ---- Distributions ---- */

static og_model *observed_text(og_context *context, const og_distribution *d) {
  char text[256];
  int classes = d->support == OG_SUPPORT_CLASS;
  const char *arguments = classes             ? "[x, b, c]"
                          : d->arguments == 1 ? "x"
                          : d->arguments == 2 ? "x, b"
                                              : "x, b, c";
  og_model *model = NULL;
  int length =
      snprintf(text, sizeof text, "param b = 0.7, c = 1.2\ninit x = 0.9\nx' = -b*x\nobserve y ~ %s(%s)\n",
               d->name, arguments);
  CHECK(context, og_model_parse(context, "m", text, (size_t)length, &model));
  return model;
}

static og_model *observed_calls(og_context *context, const og_distribution *d) {
  og_builder *builder = NULL;
  og_model *model = NULL;
  CHECK(context, og_builder_create(context, &builder));
  og_value b = free_param(builder, "b", 0.7), c = free_param(builder, "c", 1.2);
  og_value x = state(builder, "x", 1, num(builder, 0.9)), arguments[] = {x, b, c};
  og_builder_set_derivative(builder, x, mul(builder, neg(builder, b), x));
  if (d->support == OG_SUPPORT_CLASS) {
    for (int i = 0; i < 3; i++) arguments[i] = og_builder_reshape(builder, arguments[i], 1, SIZES(1));
    arguments[0] = og_builder_concatenate(builder, 0, 3, arguments);
  }
  og_builder_observe(builder, "y", d->name, (size_t)d->arguments, arguments);
  CHECK(context, og_builder_model(builder, &model));
  og_builder_destroy(builder);
  return model;
}

/* 1 is a value of all of them, and x, which falls from 0.9, an argument. */
static void every_distribution(void **s) {
  (void)s;
  static const char csv[] = "t,y\n0,1\n0.5,1\n1,1\n";
  const og_distribution *d;
  size_t count = 0;
  for (; (d = og_distribution_at(count)); count++) {
    og_context *context = new_context();
    og_model *models[2] = {observed_text(context, d), observed_calls(context, d)};
    const double theta[2] = {0.7, 1.2};
    double found[2][3];
    for (int i = 0; i < 2; i++) {
      og_table *data = NULL;
      og_objective *objective = NULL;
      CHECK(context, og_table_parse_csv(context, "d", csv, strlen(csv), &data));
      CHECK(context, og_objective_create(context, models[i], data, NULL, &objective));
      CHECK(context, og_objective_evaluate(objective, theta, &found[i][0], &found[i][1]));
      og_objective_destroy(objective);
      og_table_destroy(data);
      og_model_destroy(models[i]);
    }
    assert_true(isfinite(found[0][0]) && found[0][1] != 0);
    if (memcmp(found[0], found[1], sizeof found[0]) != 0)
      fail_msg("%s: %.17g, not %.17g, or its gradient", d->name, found[1][0], found[0][0]);
    og_context_destroy(context);
  }
  assert_true(count > 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_function), cmocka_unit_test(every_distribution),
                                     cmocka_unit_test(activations), cmocka_unit_test(least_and_largest)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
