/* Networks in the model language: what they compute, against loops over the arrays by name, and what they are
 * called and drawn from. */
#include <complex.h>

#include "model/model.h"
#include "models.h"

/* ---- A network as loops ---- */

/* The place of a tensor in theta, checked for its shape. */
static const double *tensor(const og_model *model, const double *theta, const char *name, size_t rows,
                            size_t columns) {
  og_parameter_info info = {OG_INIT(og_parameter_info)};
  for (size_t i = 0; i < og_model_parameters(model); i++) {
    if (og_model_parameter(model, i, &info) != OG_OK || strcmp(info.name, name) != 0) continue;
    assert_int_equal(info.rows, rows);
    assert_int_equal(info.columns, columns);
    assert_true(info.weight == 1 && info.lowest == -INFINITY && info.highest == INFINITY);
    return theta + info.offset;
  }
  fail_msg("no parameter %s", name);
  return NULL;
}

typedef double (*function)(double);
static double identity(double x) { return x; }
static double relu(double x) { return x > 0 ? x : 0; }
static double softplus(double x) { return log(1 + exp(x)); }
static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double elu(double x) { return x > 0 ? x : exp(x) - 1; }
static double gelu(double x) { return x * 0.5 * erfc(-x / sqrt(2)); }
static double silu(double x) { return x / (1 + exp(-x)); }
static double rbf(double x) { return exp(-x * x); }

/* out = activation(W x + b) of the layer of that name */
static void layer(const og_model *model, const double *theta, const char *name, size_t inputs, size_t outputs,
                  function activation, const double *x, double *out) {
  char text[64];
  snprintf(text, sizeof text, "%s.weight", name);
  const double *W = tensor(model, theta, text, outputs, inputs);
  snprintf(text, sizeof text, "%s.bias", name);
  const double *b = tensor(model, theta, text, outputs, 1);
  for (size_t r = 0; r < outputs; r++) {
    double sum = b[r];
    for (size_t c = 0; c < inputs; c++) sum += W[r * inputs + c] * x[c];
    out[r] = activation(sum);
  }
}

static double *values(const og_model *model, long long seed) {
  double *theta = calloc(og_field_parameters(og_model_field(model)) + 1, sizeof *theta);
  assert_non_null(theta);
  CHECK(og_model_context(model), og_model_initialize(model, seed, theta));
  return theta;
}

/* x0 of a model whose initial state is an expression of networks. */
static void initial(const og_model *model, const double *theta, double t0, double *x0) {
  CHECK(og_model_context(model), og_model_initial_state(model, t0, theta, x0));
}

static const struct {
  const char *name;
  function value;
} activations[] = {{"tanh", tanh}, {"relu", relu},        {"softplus", softplus}, {"sigmoid", sigmoid},
                   {"elu", elu},   {"gelu", gelu},        {"silu", silu},         {"sin", sin},
                   {"rbf", rbf},   {"identity", identity}};

static void layers_compute_what_they_say(void **state) {
  (void)state;
  og_context *context = new_context();
  for (size_t i = 0; i < sizeof activations / sizeof *activations; i++) {
    char text[256];
    double x[3] = {0.7, -1.3, 2.1}, first[5], second[2], x0[2];
    snprintf(text, sizeof text,
             "param k = 3\nnet f = mlp(3, 5, 2; %s, final = %s)\ninit x = f([0.7, -1.3, t])\nx' = -k*x\n",
             activations[i].name, activations[(i + 1) % 10].name);
    og_model *model = parse(context, text);
    double *theta = values(model, (long long)i);
    assert_true(theta[0] == 3);
    initial(model, theta, 2.1, x0);
    layer(model, theta, "f.0", 3, 5, activations[i].value, x, first);
    layer(model, theta, "f.2", 5, 2, activations[(i + 1) % 10].value, first, second);
    /* sums of up to six terms of size 1, another order and other formulas: some rounding units */
    for (size_t k = 0; k < 2; k++) assert_near(x0[k], second[k], 1e-14, activations[i].name, k);
    free(theta);
    og_model_destroy(model);
  }
  og_context_destroy(context);
}

/* Far out, where e^x and x^2 overflow, activations and their slopes stay finite: init gives the value, a
 * gradient of the initial state the slope. */
static void activations_do_not_overflow(void **state) {
  (void)state;
  static const double far[] = {-1e300, -1e3, -800, 800, 1e3, 1e300};
  og_context *context = new_context();
  for (size_t i = 0; i < sizeof activations / sizeof *activations; i++) {
    char text[256];
    double loss, gradient[2];
    og_objective *objective = NULL;
    snprintf(text, sizeof text, "init x = dense(1, 1; %s)\nx' = 0*x\ncost final = x\ntime 0 : 1\n",
             activations[i].name);
    og_model *model = parse(context, text);
    CHECK(context, og_objective_create(context, model, NULL, NULL, &objective));
    for (size_t k = 0; k < sizeof far / sizeof *far; k++) {
      CHECK(context, og_objective_evaluate(objective, (double[]){far[k], 0}, &loss, gradient));
      assert_true(isfinite(loss) && isfinite(gradient[0]) && fabs(gradient[1]) <= 1.0000001);
    }
    og_objective_destroy(objective);
    og_model_destroy(model);
  }
  og_context_destroy(context);
}

/* ---- Names and places ---- */

static const char everywhere[] = "net f = mlp(2, 3, 2; tanh), g = mlp(3, 1; sigmoid, final = tanh)\n"
                                 "const classes = 3\n"
                                 "observe label ~ normal(sum(dense(dense(x, 4; relu), classes)), 1)\n"
                                 "x' = f(x^3) + g([x, t])*f(x)\n"
                                 "y = dense(u, 2; silu)\n"
                                 "init x = y + k\n"
                                 "input u[4]\n"
                                 "param k = 0.5\n"
                                 "time 0 : 1\n";

static void weights_stand_behind_parameters(void **state) {
  (void)state;
  static const struct {
    const char *name;
    size_t offset, rows, columns, dimensions;
  } wanted[] = {{"k", 0, 1, 1, 0},
                {"f.0.weight", 1, 3, 2, 2},
                {"f.0.bias", 7, 3, 1, 1},
                {"f.2.weight", 10, 2, 3, 2},
                {"f.2.bias", 16, 2, 1, 1},
                {"g.0.weight", 18, 1, 3, 2},
                {"g.0.bias", 21, 1, 1, 1},
                {"dense1.weight", 22, 4, 2, 2}, /* numbered by their closing brackets: the inner one first */
                {"dense1.bias", 30, 4, 1, 1},
                {"dense2.weight", 34, 3, 4, 2},
                {"dense2.bias", 46, 3, 1, 1},
                {"dense3.weight", 49, 2, 4, 2},
                {"dense3.bias", 57, 2, 1, 1}};
  og_context *context = new_context();
  og_model *model = parse(context, everywhere);
  og_parameter_info info = {OG_INIT(og_parameter_info)};
  assert_int_equal(og_model_parameters(model), 13);
  for (size_t i = 0; i < 13; i++) {
    CHECK(context, og_model_parameter(model, i, &info));
    assert_string_equal(info.name, wanted[i].name);
    assert_true(info.offset == wanted[i].offset && info.rows == wanted[i].rows &&
                info.columns == wanted[i].columns && info.dimensions == wanted[i].dimensions &&
                info.weight == (i > 0));
  }
  assert_int_equal(og_field_parameters(og_model_field(model)), 59);
  og_model_destroy(model);
  og_context_destroy(context);
}

/* The state, the observation and the initial value of `everywhere`, by loops. */
static void networks_stand_anywhere(void **state) {
  (void)state;
  og_context *context = new_context();
  og_model *model = parse(context, everywhere);
  double *theta = values(model, 7), u[4] = {1, -2, 0.5, 3}, x0[2], want[2], hidden[4], out[3], location;
  theta = realloc(theta, (59 + 4) * sizeof *theta);
  assert_non_null(theta);
  memcpy(theta + 59, u, sizeof u);
  initial(model, theta, 0, x0);
  layer(model, theta, "dense3", 4, 2, silu, u, want);
  for (size_t k = 0; k < 2; k++) assert_near(x0[k], want[k] + theta[0], 1e-14, "x0", k);
  CHECK(context, og_model_predict(model, 0, x0, theta, &location));
  layer(model, theta, "dense1", 2, 4, relu, x0, hidden);
  layer(model, theta, "dense2", 4, 3, identity, hidden, out);
  assert_near(location, out[0] + out[1] + out[2], 1e-14, "location", 0);
  free(theta);
  og_model_destroy(model);
  og_context_destroy(context);
}

/* ---- Setting ---- */

static void weights_cannot_be_set(void **state) {
  (void)state;
  og_context *context = new_context();
  og_model *model = parse(context, everywhere);
  double *before = values(model, 3);
  assert_int_equal(og_model_set(model, "f.0.bias", "[1, 2, 3]"), OG_ERR_NAME);
  assert_non_null(strstr(og_context_message(context), "belongs to a network"));
  CHECK(context, og_model_set(model, "k", "2"));
  double *after = values(model, 3);
  assert_true(after[0] == 2 && memcmp(before + 1, after + 1, 58 * sizeof *after) == 0);
  free(before);
  free(after);
  og_model_destroy(model);
  og_context_destroy(context);
}

/* ---- Gradients ---- */

/* A model with an encoder, nets in an equation with known terms, time as an input, and a decoder to classes,
 * by fixed steps: written out here for complex numbers, so that a complex step gives its exact gradient. */
static const char hybrid[] = "param k = 0.3\n"
                             "net f = mlp(3, 4, 2; tanh), g = mlp(2, 3, 2; softplus, final = sigmoid)\n"
                             "input u[3]\n"
                             "init x = dense(u, 2; silu)\n"
                             "x' = f([x, t]) - k*x + g(x^3)\n"
                             "observe label ~ categorical_logit(dense(x, 3))\n"
                             "observe level ~ squared_error(x[1])\n"
                             "cost final = k*x[2]\n"
                             "time 0 : 1\n";
static const char hybrid_csv[] = "id,t,u[1],u[2],u[3],label,level\n"
                                 "a,1,0.5,-1,2,2,0.3\n"
                                 "b,1,-0.3,0.8,0.1,3,NA\n";
enum { WEIGHTS = 1 + 26 + 17 + 8 + 9, STEPS = 6 };

typedef double complex (*complex_function)(double complex);
static double complex ctanh_(double complex x) { return ctanh(x); }
static double complex clinear(double complex x) { return x; }
static double complex csigmoid(double complex x) { return 1 / (1 + cexp(-x)); }
static double complex csoftplus(double complex x) { return clog(1 + cexp(x)); }
static double complex csilu(double complex x) { return x * csigmoid(x); }

/* Reads W and b at *theta, and moves on behind them. */
static void complex_layer(const double complex **theta, int inputs, int outputs, complex_function activation,
                          const double complex *x, double complex *out) {
  const double complex *W = *theta, *b = W + inputs * outputs;
  for (int r = 0; r < outputs; r++) {
    double complex sum = b[r];
    for (int c = 0; c < inputs; c++) sum += W[r * inputs + c] * x[c];
    out[r] = activation(sum);
  }
  *theta = b + outputs;
}

static void complex_rate(const double complex *theta, double t, const double complex *x, double complex *f) {
  double complex in[3] = {x[0], x[1], t}, cubes[2] = {x[0] * x[0] * x[0], x[1] * x[1] * x[1]}, hidden[4],
                 own[2];
  const double complex *at = theta + 1;
  complex_layer(&at, 3, 4, ctanh_, in, hidden);
  complex_layer(&at, 4, 2, clinear, hidden, f);
  complex_layer(&at, 2, 3, csoftplus, cubes, hidden);
  complex_layer(&at, 3, 2, csigmoid, hidden, own);
  for (int i = 0; i < 2; i++) f[i] += own[i] - theta[0] * x[i];
}

static void complex_step(const double complex *theta, double t, double h, double complex *x) {
  double complex k[4][2], y[2];
  static const double node[] = {0, 0.5, 0.5, 1};
  for (int s = 0; s < 4; s++) {
    for (int i = 0; i < 2; i++) y[i] = x[i] + (s ? h * node[s] * k[s - 1][i] : 0);
    complex_rate(theta, t + node[s] * h, y, k[s]);
  }
  for (int i = 0; i < 2; i++) x[i] += h / 6 * (k[0][i] + 2 * k[1][i] + 2 * k[2][i] + k[3][i]);
}

static double complex complex_loss(const double complex *theta) {
  static const double complex u[2][3] = {{0.5, -1, 2}, {-0.3, 0.8, 0.1}};
  static const int label[2] = {2, 3};
  double complex loss = 0;
  for (int m = 0; m < 2; m++) {
    double complex x[2], z[3];
    const double complex *encoder = theta + 44, *decoder = theta + 52;
    complex_layer(&encoder, 3, 2, csilu, u[m], x);
    for (int s = 0; s < STEPS; s++) complex_step(theta, (double)s / STEPS, 1. / STEPS, x);
    complex_layer(&decoder, 2, 3, clinear, x, z);
    loss += clog(cexp(z[0]) + cexp(z[1]) + cexp(z[2])) - z[label[m] - 1] + theta[0] * x[1];
    if (m == 0) loss += (0.3 - x[0]) * (0.3 - x[0]);
  }
  return loss;
}

typedef struct evaluation {
  og_context *context;
  og_model *model;
  og_table *table;
  og_objective *objective;
  double *theta;
} evaluation;

static evaluation make(og_options *(*options_of)(og_context *)) {
  evaluation e = {.context = new_context()};
  og_options *options = options_of(e.context);
  e.model = parse(e.context, hybrid);
  e.table = table(e.context, hybrid_csv);
  CHECK(e.context, og_objective_create(e.context, e.model, e.table, options, &e.objective));
  og_options_destroy(options);
  assert_int_equal(og_field_parameters(og_model_field(e.model)), WEIGHTS);
  e.theta = values(e.model, 17);
  return e;
}

static void destroy(evaluation *e) {
  free(e->theta);
  og_objective_destroy(e->objective);
  og_table_destroy(e->table);
  og_model_destroy(e->model);
  og_context_destroy(e->context);
}

static og_options *fixed_steps(og_context *context) {
  og_options *options = new_options(context, OG_METHOD_RK4, 1e-6, 1e-6);
  CHECK(context, og_options_set_integer(options, OG_OPT_STEPS, STEPS));
  return options;
}

/* Some hundred operations on numbers of size 1: 1e-13 is a thousand rounding units. */
static void gradients_are_exact(void **state) {
  (void)state;
  static const og_adjoint exact[] = {OG_ADJOINT_DISCRETE, OG_ADJOINT_FORWARD};
  evaluation e = make(fixed_steps);
  double complex theta[WEIGHTS];
  double loss, gradient[WEIGHTS], differences[WEIGHTS], error[WEIGHTS];
  for (int i = 0; i < WEIGHTS; i++) theta[i] = e.theta[i];
  for (int kind = 0; kind < 2; kind++) {
    CHECK(e.context, og_objective_evaluate_with(e.objective, exact[kind], e.theta, &loss, gradient));
    assert_near(loss, creal(complex_loss(theta)), 1e-13, "loss", 0);
    for (size_t i = 0; i < WEIGHTS; i++) {
      theta[i] += I * tiny;
      assert_near(gradient[i], cimag(complex_loss(theta)) / tiny, 1e-13, "gradient", i);
      theta[i] = e.theta[i];
    }
  }
  CHECK(e.context, og_objective_differences(e.objective, e.theta, differences, error));
  for (size_t i = 0; i < WEIGHTS; i++)
    assert_true(fabs(gradient[i] - differences[i]) <= error[i] + 1e-9 * fabs(gradient[i]));
  destroy(&e);
}

/* Continuous adjoints agree to what their tolerances of 1e-12 leave over a span of length 1. */
static void every_adjoint_agrees(void **state) {
  (void)state;
  static const og_adjoint continuous[] = {OG_ADJOINT_FORWARD, OG_ADJOINT_BACKSOLVE, OG_ADJOINT_INTERPOLATE,
                                          OG_ADJOINT_QUADRATURE};
  evaluation e = make(fine);
  double loss, reference[WEIGHTS], gradient[WEIGHTS];
  CHECK(e.context, og_objective_evaluate_with(e.objective, OG_ADJOINT_DISCRETE, e.theta, &loss, reference));
  for (int kind = 0; kind < 4; kind++) {
    CHECK(e.context, og_objective_evaluate_with(e.objective, continuous[kind], e.theta, &loss, gradient));
    for (size_t i = 0; i < WEIGHTS; i++) assert_near(gradient[i], reference[i], 1e-10, "gradient", i);
  }
  destroy(&e);
}

/* The chosen entries' differences are those of all, bit for bit. */
static void differences_of_some(void **state) {
  (void)state;
  static const size_t chosen[] = {60, 0, 17, 17};
  evaluation e = make(fixed_steps);
  double all[WEIGHTS], all_errors[WEIGHTS], some[4], errors[4];
  CHECK(e.context, og_objective_differences(e.objective, e.theta, all, all_errors));
  CHECK(e.context, og_objective_differences_of(e.objective, e.theta, 4, chosen, some, errors));
  for (int i = 0; i < 4; i++) assert_true(some[i] == all[chosen[i]] && errors[i] == all_errors[chosen[i]]);
  CHECK(e.context, og_objective_differences_of(e.objective, e.theta, 2, NULL, some, NULL));
  assert_memory_equal(some, all, 2 * sizeof *some);
  assert_int_equal(og_objective_differences_of(e.objective, e.theta, 1, (size_t[]){WEIGHTS}, some, errors),
                   OG_ERR_ARGUMENT);
  assert_non_null(strstr(og_context_message(e.context), "entry 61 of 61 parameters"));
  destroy(&e);
}

/* ---- Classes ---- */

static void classes_out_of_range_are_refused(void **state) {
  (void)state;
  static const char *const wrong[] = {"0", "4", "1.5", "-1"};
  og_context *context = new_context();
  og_model *model = parse(context, "init x = [1, 2, 3]\nx' = -x\nobserve label ~ categorical_logit(x)\n");
  for (size_t i = 0; i < 4; i++) {
    char csv[64], want[64];
    snprintf(csv, sizeof csv, "t,label\n0,3\n1,%s\n", wrong[i]);
    snprintf(want, sizeof want, "column 'label': %s, but", wrong[i]);
    og_table *data = table(context, csv);
    og_objective *objective = NULL;
    assert_int_equal(og_objective_create(context, model, data, NULL, &objective), OG_ERR_DATA);
    assert_non_null(strstr(og_context_message(context), "data row 2 (t = 1)"));
    assert_non_null(strstr(og_context_message(context), want));
    assert_non_null(strstr(og_context_message(context), "needs a class from 1 to 3"));
    og_table_destroy(data);
  }
  og_model_destroy(model);
  og_context_destroy(context);
}

/* Of equal logits the first. A logit that is NaN makes no class. */
static void the_most_likely_class_is_predicted(void **state) {
  (void)state;
  static const struct {
    double x[3], class;
  } cases[] = {{{1, 5, 2}, 2}, {{7, 5, 2}, 1}, {{1, 5, 12}, 3},
               {{4, 4, 4}, 1}, {{1, 4, 4}, 2}, {{-INFINITY, 0, 1}, 3}};
  og_context *context = new_context();
  og_model *model = parse(context, "init x = [1, 2, 3]\nx' = -x\nobserve label ~ categorical_logit(x)\n");
  double class;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    CHECK(context, og_model_predict(model, 0, cases[i].x, NULL, &class));
    assert_true(class == cases[i].class);
  }
  for (int i = 0; i < 3; i++) {
    double x[3] = {1, 2, 3};
    x[i] = NAN;
    CHECK(context, og_model_predict(model, 0, x, NULL, &class));
    assert_true(isnan(class));
  }
  og_model_destroy(model);
  og_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(gradients_are_exact),
                                     cmocka_unit_test(every_adjoint_agrees),
                                     cmocka_unit_test(differences_of_some),
                                     cmocka_unit_test(classes_out_of_range_are_refused),
                                     cmocka_unit_test(the_most_likely_class_is_predicted),
                                     cmocka_unit_test(layers_compute_what_they_say),
                                     cmocka_unit_test(activations_do_not_overflow),
                                     cmocka_unit_test(weights_stand_behind_parameters),
                                     cmocka_unit_test(networks_stand_anywhere),
                                     cmocka_unit_test(weights_cannot_be_set)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
