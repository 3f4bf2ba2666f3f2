/* Initial weights: their distributions, by moments and ranges, and what the draw depends on. */
#include "model/model.h"
#include "models.h"

enum { INPUTS = 200, OUTPUTS = 300 };
static const double N = (double)INPUTS * OUTPUTS;

static double *values(const og_model *model, long long seed) {
  double *theta = calloc(og_field_parameters(og_model_field(model)) + 1, sizeof *theta);
  assert_non_null(theta);
  CHECK(og_model_context(model), og_model_initialize(model, seed, theta));
  return theta;
}

static og_parameter_info find(const og_model *model, const char *name) {
  og_parameter_info info = {OG_INIT(og_parameter_info)};
  for (size_t i = 0; i < og_model_parameters(model); i++)
    if (og_model_parameter(model, i, &info) == OG_OK && strcmp(info.name, name) == 0) return info;
  fail_msg("no parameter %s", name);
  return info;
}

/* ---- Distributions ---- */

/* Five standard errors each: of the mean sigma/sqrt(N), of the variance sigma^2 sqrt((kurtosis - 1)/N), of
 * the share within one sigma. */
static void check_moments(const char *what, const double *x, double count, double sigma, double kurtosis,
                          double share_within) {
  double mean = 0, square = 0, within = 0;
  for (size_t i = 0; i < (size_t)count; i++) {
    mean += x[i] / count;
    square += x[i] * x[i] / count;
    within += (fabs(x[i]) < sigma) / count;
  }
  if (!(fabs(mean) <= 5 * sigma / sqrt(count))) fail_msg("%s: mean %g, sigma %g", what, mean, sigma);
  if (!(fabs(square / (sigma * sigma) - 1) <= 5 * sqrt((kurtosis - 1) / count)))
    fail_msg("%s: variance %g, not %g", what, square, sigma * sigma);
  if (!(fabs(within - share_within) <= 5 * sqrt(share_within * (1 - share_within) / count)))
    fail_msg("%s: %g of the entries lie within sigma", what, within);
}

static void check_normal(const char *what, const double *x, double count, double sigma) {
  check_moments(what, x, count, sigma, 3, 0.68268949213708589717);
}

/* All within [-a, a), and none of the range's ends left out: (1 - 20/N)^N = 2e-9. */
static void check_uniform(const char *what, const double *x, double count, double a) {
  double least = INFINITY, most = -INFINITY;
  check_moments(what, x, count, a / sqrt(3), 1.8, 1 / sqrt(3));
  for (size_t i = 0; i < (size_t)count; i++) least = fmin(least, x[i]), most = fmax(most, x[i]);
  assert_true(least >= -a && most <= a);
  assert_true(least < -a * (1 - 40 / count) && most > a * (1 - 40 / count));
}

typedef void (*check)(const char *what, const double *x, double count, double spread);
static void weights_of(const char *initializer, check distribution, double spread) {
  char text[256];
  og_context *context = new_context();
  snprintf(
      text, sizeof text,
      "const one[%d] = 1\nnet f = mlp(%d, %d; tanh, weights = %s, bias = zeros)\ninit x = f(one)\nx' = x\n",
      INPUTS, INPUTS, OUTPUTS, initializer);
  og_model *model = parse(context, text);
  double *theta = values(model, 11);
  distribution(initializer, theta + find(model, "f.0.weight").offset, N, spread);
  for (size_t i = 0; i < OUTPUTS; i++) assert_true(theta[find(model, "f.0.bias").offset + i] == 0);
  free(theta);
  og_model_destroy(model);
  og_context_destroy(context);
}

/* torch.nn.init: xavier with gain 1, kaiming with fan in and gain sqrt 2 */
static void weights_have_their_distributions(void **state) {
  (void)state;
  weights_of("default", check_uniform, 1 / sqrt(INPUTS));
  weights_of("xavier_uniform", check_uniform, sqrt(6. / (INPUTS + OUTPUTS)));
  weights_of("xavier_normal", check_normal, sqrt(2. / (INPUTS + OUTPUTS)));
  weights_of("kaiming_uniform", check_uniform, sqrt(2) * sqrt(3. / INPUTS));
  weights_of("kaiming_normal", check_normal, sqrt(2) / sqrt(INPUTS));
  weights_of("normal(0.1)", check_normal, 0.1);
  weights_of("uniform(2^-3)", check_uniform, 0.125);
}

/* Without options weights and biases are those of PyTorch's Linear: both by the number of inputs. */
static void biases_have_their_distributions(void **state) {
  (void)state;
  static const struct {
    const char *option;
    check distribution;
    double spread;
  } cases[] = {{"", check_uniform, 0.5},
               {"; tanh, bias = normal(3)", check_normal, 3},
               {"; bias = uniform(3)", check_uniform, 3},
               {"; bias = default", check_uniform, 0.5}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[256];
    og_context *context = new_context();
    snprintf(text, sizeof text, "init x = sum(dense([1, 2, 3, 4], 20000%s))\nx' = x\n", cases[i].option);
    og_model *model = parse(context, text);
    double *theta = values(model, 5);
    cases[i].distribution(cases[i].option, theta + find(model, "dense1.bias").offset, 20000, cases[i].spread);
    free(theta);
    og_model_destroy(model);
    og_context_destroy(context);
  }
}

/* ---- What the draw depends on ---- */

static void assert_same_draw(const og_model *a, const double *theta_a, const og_model *b,
                             const double *theta_b, const char *name, int same) {
  og_parameter_info one = find(a, name), other = find(b, name);
  size_t count = one.rows * one.columns;
  assert_int_equal(count, other.rows * other.columns);
  int equal = memcmp(theta_a + one.offset, theta_b + other.offset, count * sizeof *theta_a) == 0;
  if (equal != same) fail_msg("%s is drawn %s", name, same ? "differently" : "alike");
}

static void draws_depend_on_seed_and_name_alone(void **state) {
  (void)state;
  static const char *const rest = "init x = 1\nx' = f([x, t]) + g([x, t])\n";
  static const char *const other_rest = "init x = 1\nx' = f([x, t]) + g([x, t]) + h(x) + dense(x, 1)\n";
  char one_text[512], other_text[512];
  snprintf(one_text, sizeof one_text, "net f = mlp(2, 8, 1; tanh), g = mlp(2, 8, 1; tanh)\n%s", rest);
  snprintf(other_text, sizeof other_text,
           "net h = mlp(1, 7, 1), g = mlp(2, 8, 1; relu)\nnet f = mlp(2, 8, 1)\nparam k[5] = 1\n%s",
           other_rest);
  og_context *context = new_context();
  og_model *one = parse(context, one_text), *other = parse(context, other_text);
  double *first = values(one, 42), *again = values(one, 42), *next = values(one, 43),
         *moved = values(other, 42);
  static const char *const names[] = {"f.0.weight", "f.0.bias", "f.2.weight", "f.2.bias", "g.0.weight"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    assert_same_draw(one, first, one, again, names[i], 1);
    assert_same_draw(one, first, one, next, names[i], 0);
    assert_same_draw(one, first, other, moved, names[i], 1);
  }
  /* of one shape, but of other names */
  assert_memory_not_equal(first + find(one, "f.0.weight").offset, first + find(one, "g.0.weight").offset,
                          16 * sizeof *first);
  free(first), free(again), free(next), free(moved);
  og_model_destroy(one);
  og_model_destroy(other);
  og_context_destroy(context);
}

static void values_are_those_of_seed_0(void **state) {
  (void)state;
  og_context *context = new_context();
  og_model *model = parse(context, "net f = mlp(1, 3, 1; tanh)\nparam k = 2\ninit x = k\nx' = f(x)\n");
  double theta[11], *drawn = values(model, 0);
  assert_int_equal(og_field_parameters(og_model_field(model)), 11);
  CHECK(context, og_model_values(model, theta));
  assert_memory_equal(theta, drawn, sizeof theta);
  free(drawn);
  og_model_destroy(model);
  og_context_destroy(context);
}

/* ---- Fits start from the seed's weights ---- */

/* Of a fit of no iterations: the best of its starting points, `starts` besides the given one. */
static double loss_at_start(og_context *context, og_objective *objective, long long seed, int starts) {
  og_options *options = new_options(context, OG_METHOD_RK4, 1e-6, 1e-6);
  og_fit *fit = NULL;
  CHECK(context, og_options_set_integer(options, OG_OPT_SEED, seed));
  CHECK(context, og_options_set_integer(options, OG_OPT_ITERATIONS, 0));
  CHECK(context, og_options_set_integer(options, OG_OPT_STARTS, starts));
  CHECK(context, og_fit_create(objective, options, NULL, NULL, NULL, &fit));
  double loss = og_fit_loss(fit);
  og_fit_destroy(fit);
  og_options_destroy(options);
  return loss;
}

static void fits_start_from_the_seed(void **state) {
  (void)state;
  og_context *context = new_context();
  og_model *model = parse(
      context, "net f = mlp(1, 3, 1; tanh)\ninit x = 1\nx' = f(x)\ncost final = (x - 2)^2\ntime 0 : 1\n");
  og_options *options = new_options(context, OG_METHOD_RK4, 1e-6, 1e-6);
  og_objective *objective = NULL;
  CHECK(context, og_options_set_integer(options, OG_OPT_STEPS, 4));
  CHECK(context, og_objective_create(context, model, NULL, options, &objective));
  double best = INFINITY;
  for (long long seed = 3; seed >= 0; seed--) {
    double loss, *theta = values(model, seed);
    CHECK(context, og_objective_evaluate(objective, theta, &loss, NULL));
    assert_true(loss_at_start(context, objective, seed, 0) == loss);
    free(theta);
    best = fmin(best, loss);
  }
  /* more starting points are those of the seeds that follow */
  assert_true(loss_at_start(context, objective, 0, 3) == best);
  og_objective_destroy(objective);
  og_options_destroy(options);
  og_model_destroy(model);
  og_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(weights_have_their_distributions), cmocka_unit_test(biases_have_their_distributions),
      cmocka_unit_test(draws_depend_on_seed_and_name_alone), cmocka_unit_test(values_are_those_of_seed_0),
      cmocka_unit_test(fits_start_from_the_seed)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
