/* The model language: densities against 20-digit values, what expressions mean, and what diagnostics say. */
#include "fields.h"

static og_model *parse(og_context *context, const char *text) {
  og_model *model = NULL;
  CHECK(context, og_model_parse(context, "m.ode", text, strlen(text), &model));
  return model;
}

/* ---- Densities: -log p(y), by mpmath from the textbook formulas with 30 digits ---- */

typedef struct density {
  const char *distribution;
  double y, value;
} density;

static const density densities[] = {
    {"normal(1.5, 0.7)", 2.25, 1.1362431811026750567},
    {"lognormal(0.3, 0.7)", 2.25, 1.6395710359341716373},
    {"student_t(4.5, 0.3, 0.7)", 2.25, 3.3736589896081776366},
    {"cauchy(0.3, 0.7)", 2.25, 2.9582741435776260973},
    {"double_exponential(0.3, 0.7)", -2.25, 3.9793293794783557876},
    {"exponential(0.7)", 2.25, 1.9316749439387323789},
    {"gamma(2.5, 0.7)", 2.25, 1.534974905995256961},
    {"poisson(2.7)", 4, 1.905046738306812059},
    {"poisson(2.7)", 0, 2.7},
    {"neg_binomial_2(2.7, 1.3)", 4, 2.4635224298599476214},
    {"neg_binomial_2(2.7, 1.3)", 0, 1.4611091256481194368},
    {"bernoulli(0.3)", 1, 1.2039728043259359926},
    {"bernoulli(0.3)", 0, 0.35667494393873237891},
};

/* The loss of one observation, added to a cost of x so that the loss depends on something; x stays 0. */
static double loss_of(og_context *context, const density *d) {
  char text[256], csv[64];
  double loss;
  og_table *table = NULL;
  og_objective *objective = NULL;
  snprintf(text, sizeof text, "init x = 0\nx' = 0*x\nobserve y ~ %s\ncost final = x\ntime 0 : 1\n",
           d->distribution);
  snprintf(csv, sizeof csv, "t,y\n0.5,%.17g\n", d->y);
  og_model *model = parse(context, text);
  CHECK(context, og_table_parse_csv(context, "d.csv", csv, strlen(csv), &table));
  CHECK(context, og_objective_create(context, model, table, NULL, &objective));
  CHECK(context, og_objective_evaluate(objective, (double[]){0}, &loss, NULL));
  og_objective_destroy(objective);
  og_table_destroy(table);
  og_model_destroy(model);
  return loss;
}

static void normalised_densities(void **state) {
  (void)state;
  og_context *context = new_context();
  for (size_t i = 0; i < sizeof densities / sizeof *densities; i++) {
    double got = loss_of(context, &densities[i]), want = densities[i].value;
    /* sums of up to six terms below 6 in magnitude: some rounding units each */
    if (!(fabs(got - want) <= 2e-14))
      fail_msg("%s at %g: %.17g, not %.17g", densities[i].distribution, densities[i].y, got, want);
  }
  og_context_destroy(context);
}

/* ---- Meaning ---- */

typedef struct meaning {
  const char *expression;
  double value;
} meaning;

static const meaning meanings[] = {
    {"2^3^2", 512},
    {"-2^2", -4},
    {"2^-1", 0.5},
    {"7-3-2", 2},
    {"8/4*2", 4},
    {"1+2*3^2", 19},
    {"-3*-2", 6},
    {"not 1 < 2 or 3 >= 3 and 1 == 1", 1},
    {"not (1 < 2 or 3 > 4)", 0},
    {"1 != 1 or 2 <= 1", 0},
    {"where(1 > 2, 5, 7)", 7},
    {"sum([1, 2, 3]*[4, 5, 6])", 32},
    {"dot([1, 2, 3], [4, 5, 6])", 32},
    {"norm2([3, 4])", 5},
    {"([[1, 2], [3, 4]]*[5, 6])[2]", 39},
    {"[[1, 2], [3, 4]][2][1]", 3},
    {"sum([1, 2, 3, 4][2:3])", 5},
    {"min(2, 3) + max(2, 3)*10", 32},
    {"1e-3*1000 + .5", 1.5},
    {"c + b", 30}, /* definitions, in any order */
};

static void expressions(void **state) {
  (void)state;
  og_context *context = new_context();
  for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
    char text[256];
    double x0;
    snprintf(text, sizeof text, "c = 2*b\ninit x = %s\nx' = -x\nb = 10\n", meanings[i].expression);
    og_model *model = parse(context, text);
    CHECK(context, og_model_initial_state(model, 0, NULL, &x0));
    /* exact in doubles, but for powers by libm */
    if (!(fabs(x0 - meanings[i].value) <= 1e-15 * fabs(x0)))
      fail_msg("%s is %.17g", meanings[i].expression, x0);
    og_model_destroy(model);
  }
  og_context_destroy(context);
}

/* ---- Diagnostics, to the letter ---- */

typedef struct diagnostic {
  const char *text, *message;
} diagnostic;

#define STATE "init x = 1\nx' = -x\n"
static const diagnostic diagnostics[] = {
    {"param rate = 1\ninit x = 1\nx' = -rte*x\n",
     "m.ode:3:7: error: unknown name 'rte'\n  x' = -rte*x\n        ^^^\n  help: did you mean 'rate'?"},
    {"init x = 1\nx' = exq(x)\n",
     "m.ode:2:6: error: unknown function 'exq'\n  x' = exq(x)\n       ^^^\n  help: did you mean 'exp'?"},
    {"init x = 1\nx' = min(x)\n",
     "m.ode:2:6: error: min takes 2 arguments, not 1\n  x' = min(x)\n       ^^^^^^\n  help: min(a, b)"},
    {"init x = [1, 2]\nx' = x + [1, 2, 3]\n", "m.ode:2:6: error: shapes do not match: a vector of 2 and a "
                                              "vector of 3\n  x' = x + [1, 2, 3]\n       ^^^^^^^^^^^^^"},
    {"init x = [1, 2]\nx' = x[3]*x\n",
     "m.ode:2:8: error: index 3 is out of range: entries count from 1 to 2\n  x' = x[3]*x\n         ^"},
    {"param k = 7 in [0, 5]\n" STATE, "m.ode:1:11: error: the value 7 of 'k' lies outside its bounds [0, "
                                      "5]\n  param k = 7 in [0, 5]\n            ^"},
    {"param k = 1\nconst k = 2\n" STATE, "m.ode:2:7: error: 'k' is defined twice\n  const k = 2\n        ^\n "
                                         " help: it was defined first in line 1"},
    {"init x = 1\nx' = -x\ny' = x\n", "m.ode:3:1: error: 'y' has an equation but no initial value\n  y' = "
                                      "x\n  ^\n  help: add a line: init y = ..."},
    {"init x = 1, y = 2\nx' = y\n", "m.ode:1:13: error: 'y' has an initial value but no equation\n  init x = "
                                    "1, y = 2\n              ^\n  help: add a line: y' "
                                    "= ..."},
    {STATE "a = b\nb = a\n", "m.ode:4:5: error: 'a' is defined by itself\n  b = a\n      ^\n  help: a "
                             "definition may not lead back to its own "
                             "name; a state has an equation NAME' = ..."},
    {"init x = 1, y = x\nx' = y\ny' = x\n", "m.ode:1:17: error: an initial value cannot depend on a state, "
                                            "and 'x' is one\n  init x = 1, y = x\n                  "
                                            "^"},
    {"net f = mlp(2, 50, 2; tanh)\n" STATE, "m.ode:1:1: error: 'net' is reserved: it comes in a later "
                                            "version of odegrad\n  net f = mlp(2, 50, 2; tanh)\n  ^^^"},
    {STATE "observe x ~ normal\n", "m.ode:3:13: error: expected a distribution with its arguments, as in "
                                   "normal(mu, sigma)\n  observe x ~ normal\n        "
                                   "      ^^^^^^"},
    {STATE "observe x ~ normal(x, 1)\nobserve x ~ normal(x, 2)\n",
     "m.ode:4:9: error: column 'x' is observed twice"},
    {STATE "observe x ~ gauss(x, 1)\n", "m.ode:3:13: error: unknown distribution 'gauss'"},
    {"init x = 1\nx' = 0 < x < 1\n",
     "m.ode:2:12: error: comparisons do not chain: write a < b and b < c\n  x' = 0 < x < 1\n             ^"},
    {"init x = 1\nx' = -x $ 2\n",
     "m.ode:2:9: error: this character has no meaning here\n  x' = -x $ 2\n          ^"},
    {"init x = 1\n\tx' = -\xc3\xa4\n",
     "m.ode:2:8: error: this character has no meaning here\n  \tx' = -\xc3\xa4\n  \t      ^"},
    {"", "m.ode:1:1: error: the model has no states: it needs 'init x = ...' and \"x' = ...\""},
    {"param exp = 1\n" STATE, "m.ode:1:7: error: 'exp' is a function and cannot be defined"},
    {"param k[2] = [1, 2, 3]\n" STATE,
     "m.ode:1:14: error: the value is a vector of 3, but the declared shape is a vector of 2"},
    {"param k[1000000000] = 1\n" STATE,
     "m.ode:1:9: error: a shape is a whole number from 1 to 1000000, not 1e+09"},
    {STATE "time 0 : x\n", "m.ode:3:10: error: a constant expression cannot read the state 'x'"},
};

static void messages(void **state) {
  (void)state;
  og_context *context = new_context();
  for (size_t i = 0; i < sizeof diagnostics / sizeof *diagnostics; i++) {
    og_model *model = NULL;
    const char *text = diagnostics[i].text, *want = diagnostics[i].message;
    if (og_model_parse(context, "m.ode", text, strlen(text), &model) != OG_ERR_MODEL)
      fail_msg("accepted:\n%s", text);
    assert_null(model);
    if (strncmp(og_context_message(context), want, strlen(want)) != 0)
      fail_msg("for\n%s\ngot\n%s\nnot\n%s", text, og_context_message(context), want);
  }
  og_context_destroy(context);
}

static void several_in_one_run(void **state) {
  (void)state;
  static const char text[] = "param k = zz\ninit x = 1\nx' = -kk*x\nb = foo(x)\nobserve y ~ nrmal(x, 1)\n";
  og_context *context = new_context();
  og_model *model = NULL;
  assert_int_equal(og_model_parse(context, "m.ode", text, sizeof text - 1, &model), OG_ERR_MODEL);
  static const char *const parts[] = {":1:11: error: unknown name 'zz'", ":3:7: error: unknown name 'kk'",
                                      ":4:5: error: unknown function 'foo'",
                                      ":5:13: error: unknown distribution 'nrmal'"};
  for (int i = 0; i < 4; i++)
    if (!strstr(og_context_message(context), parts[i]))
      fail_msg("%s lacks %s", og_context_message(context), parts[i]);
  og_context_destroy(context);
}

/* Deep and long input is refused, not followed to the end of the stack. */
static void endless_input(void **state) {
  (void)state;
  static const char *const repeated[] = {"(", "-", "x+", "x^", "[", "not ", "x[1]", "sin("};
  og_context *context = new_context();
  for (size_t i = 0; i < sizeof repeated / sizeof *repeated; i++) {
    size_t length = strlen(repeated[i]), times = 100000;
    char *text = malloc(length * times + 64), *at = text + sprintf(text, "init x = 1\nx' = ");
    assert_non_null(text);
    for (size_t k = 0; k < times; k++, at += length) memcpy(at, repeated[i], length);
    og_model *model = NULL;
    assert_int_equal(og_model_parse(context, "m.ode", text, (size_t)(at - text), &model), OG_ERR_MODEL);
    free(text);
  }
  og_model *model = NULL;
  assert_int_equal(og_model_parse(context, "m.ode", "init x\0= 1", 10, &model), OG_ERR_MODEL);
  og_context_destroy(context);
}

/* ---- Setting values ---- */

static void set_values(void **state) {
  (void)state;
  og_context *context = new_context();
  og_model *model = parse(
      context, "const n = 2\nparam k[n] = [1, 2] in [0, 5]\nparam a = 3*n\ninit x = a\nx' = -k[1]*x*n\n");
  double theta[3], x0;
  CHECK(context, og_model_set(model, "k", "[n, 2*n]"));
  CHECK(context, og_model_values(model, theta));
  assert_true(theta[0] == 2 && theta[1] == 4 && theta[2] == 6);
  assert_int_equal(og_model_set(model, "k", "[1, 9]"), OG_ERR_BOUNDS);
  assert_int_equal(og_model_set(model, "k", "[1, 2, 3]"), OG_ERR_SHAPE);
  assert_int_equal(og_model_set(model, "b", "1"), OG_ERR_NAME);
  assert_int_equal(og_model_set(model, "a", "1 +"), OG_ERR_MODEL);
  assert_int_equal(og_model_set(model, "a", "x"), OG_ERR_MODEL);
  CHECK(context, og_model_values(model, theta)); /* as before */
  assert_true(theta[0] == 2 && theta[1] == 4 && theta[2] == 6);
  CHECK(context, og_model_initial_state(model, 0, theta, &x0));
  assert_true(x0 == 6);
  og_model_destroy(model);
  og_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(normalised_densities), cmocka_unit_test(expressions),   cmocka_unit_test(messages),
      cmocka_unit_test(several_in_one_run),   cmocka_unit_test(endless_input), cmocka_unit_test(set_values),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
