/* What models made by calls have besides their equations: shapes of many dimensions in files, values that are
 * set, weights that all trajectories share, states of trainings that know their model. */
#include <math.h>
#include <unistd.h>

#include "building.h"
#include "field/field.h"
#include "field/pieces.h"
#include "models.h"

#define SIZES(...) ((const size_t[]){__VA_ARGS__})

static og_builder *new_builder(og_context *context) {
  og_builder *b = NULL;
  CHECK(context, og_builder_create(context, &b));
  return b;
}

static og_model *end_builder(og_context *context, og_builder *b) {
  og_model *model = NULL;
  CHECK(context, og_builder_model(b, &model));
  og_builder_destroy(b);
  return model;
}

/* ---- Files ---- */

static const double counted[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static og_model *model_of_shapes(og_context *context) {
  og_builder *b = new_builder(context);
  og_value k = og_builder_parameter(b, "k", 3, SIZES(2, 1, 3), counted, -INFINITY, INFINITY);
  og_value w = og_builder_weight(b, "conv.weight", 4, SIZES(2, 2, 2, 2), counted, 0);
  og_value column = og_builder_parameter(b, "column", 2, SIZES(3, 1), counted, 0, 9);
  og_value x = state(b, "x", 1, call(b, "sum", k));
  og_builder_set_derivative(b, x, add(b, call(b, "sum", w), call(b, "max", column)));
  return end_builder(context, b);
}

static void check_shapes(const og_model *model) {
  og_parameter_info info = {OG_INIT(og_parameter_info)};
  assert_int_equal(og_model_parameters(model), 3);
  assert_int_equal(og_model_parameter(model, 0, &info), OG_OK);
  assert_true(info.dimensions == 3 && info.rows == 2 && info.columns == 3 && !info.weight);
  assert_memory_equal(info.shape, SIZES(2, 1, 3), 3 * sizeof(size_t));
  assert_int_equal(og_model_parameter(model, 1, &info), OG_OK);
  assert_true(info.dimensions == 2 && info.rows == 3 && info.columns == 1 && info.offset == 6);
  assert_int_equal(og_model_parameter(model, 2, &info), OG_OK);
  assert_string_equal(info.name, "conv.weight");
  assert_true(info.dimensions == 4 && info.rows == 2 && info.columns == 8 && info.weight && info.offset == 9);
  assert_memory_equal(info.shape, SIZES(2, 2, 2, 2), 4 * sizeof(size_t));
}

/* Written and read back to the same bits, as both kinds of file. */
static void shapes_in_files(void **s) {
  (void)s;
  static const char *const endings[] = {".json", ".safetensors"};
  char path[64];
  og_context *context = new_context();
  og_model *model = model_of_shapes(context);
  double theta[25], back[25];
  check_shapes(model);
  CHECK(context, og_model_values(model, theta));
  for (int i = 0; i < 25; i++) theta[i] = i < 9 ? i : sin(i);
  for (int i = 0; i < 2; i++) {
    snprintf(path, sizeof path, "builder_shapes_%d%s", (int)getpid(), endings[i]);
    CHECK(context, og_parameters_write(model, theta, path));
    memset(back, 0, sizeof back);
    CHECK(context, og_parameters_read(model, path, back));
    assert_memory_equal(theta, back, sizeof theta);
    remove(path);
  }
  og_model_destroy(model);
  og_context_destroy(context);
}

static void refuse_json(og_context *context, const og_model *model, const char *text, const char *message) {
  char path[64];
  double theta[25] = {0};
  snprintf(path, sizeof path, "builder_wrong_%d.json", (int)getpid());
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
  assert_int_equal(og_parameters_read(model, path, theta), OG_ERR_SHAPE);
  assert_contains(og_context_message(context), message);
  remove(path);
}

static void wrong_shapes_in_files(void **s) {
  (void)s;
  og_context *context = new_context();
  og_model *model = model_of_shapes(context);
  static const char message[] = "k must be arrays within arrays, of the shape [2, 1, 3]";
  refuse_json(context, model, "{\"k\": [[[1, 2, 3]]]}", message);
  refuse_json(context, model, "{\"k\": [[[1, 2, 3]], [[4, 5]]]}", message);
  refuse_json(context, model, "{\"k\": [[1, 2, 3], [4, 5, 6]]}", message);
  refuse_json(context, model, "{\"k\": 3}", message);
  og_model_destroy(model);
  og_context_destroy(context);
}

/* Their model has no text, which is said where one is asked for. */
static void no_text_in_files(void **s) {
  (void)s;
  char path[64];
  double theta[25];
  og_context *context = new_context();
  og_model *model = model_of_shapes(context), *read = NULL;
  CHECK(context, og_model_values(model, theta));
  snprintf(path, sizeof path, "builder_text_%d.safetensors", (int)getpid());
  CHECK(context, og_parameters_write(model, theta, path));
  assert_int_equal(og_model_create_from_file(context, path, &read), OG_ERR_DATA);
  assert_contains(og_context_message(context), "has parameters but no text of a model");
  remove(path);
  og_model_destroy(model);
  og_context_destroy(context);
}

/* ---- Values that are set ---- */

static void values_are_set(void **s) {
  (void)s;
  og_context *context = new_context();
  og_builder *b = new_builder(context);
  og_value k = og_builder_parameter(b, "k", 1, SIZES(2), (double[]){1, 2}, 0, 5);
  og_value w = og_builder_weight(b, "w", 0, NULL, (double[]){3}, 0);
  og_value x = state(b, "x", 2, mul(b, w, k));
  og_builder_set_derivative(b, x, neg(b, x));
  og_model *model = end_builder(context, b);
  double theta[3], x0[2];
  CHECK(context, og_model_set(model, "k", "[4, 1/2]"));
  CHECK(context, og_model_values(model, theta));
  assert_true(theta[0] == 4 && theta[1] == 0.5 && theta[2] == 3);
  CHECK(context, og_model_initial_state(model, 0, theta, x0));
  assert_true(x0[0] == 12 && x0[1] == 1.5);
  assert_int_equal(og_model_set(model, "k", "[4, 6]"), OG_ERR_BOUNDS);
  assert_int_equal(og_model_set(model, "k", "4"), OG_ERR_SHAPE);
  assert_int_equal(og_model_set(model, "w", "4"), OG_ERR_NAME);
  assert_contains(og_context_message(context), "belongs to a network");
  assert_int_equal(og_model_set(model, "kk", "4"), OG_ERR_NAME);
  assert_contains(og_context_message(context), "no param or const 'kk'");
  og_model_destroy(model);
  og_context_destroy(context);
}

/* ---- Weights ---- */

/* Weights in every position: as matrices of products, transposed, sliced, turned entry by entry, broadcast.
 */
static og_model *model_of_weights(og_context *context) {
  og_builder *b = new_builder(context);
  og_value rate = free_param(b, "rate", 0.3);
  og_value w = og_builder_weight(b, "w", 2, SIZES(3, 3), NULL, 0.6);
  og_value c = og_builder_weight(b, "c", 1, SIZES(3), NULL, 0.4);
  og_value v = og_builder_weight(b, "v", 2, SIZES(2, 4), NULL, 0.5);
  og_value z = og_builder_state(b, "z", 2, SIZES(2, 3));
  og_value turned = og_builder_transpose(b, w, NULL),
           below = og_builder_product(b, v, og_builder_transpose(b, v, NULL));
  og_value start = og_builder_slice(b, v, 1, 0, 3, 1);
  og_builder_set_initial(b, z, start);
  og_value first = add(b, og_builder_product(b, z, turned), c), rows = og_builder_slice(b, w, 0, 2, 2, -1);
  og_value mixed = og_builder_product(b, below, call(b, "tanh", first));
  og_value last = mul(b, og_builder_slice(b, turned, 0, 1, 2, 1), z);
  og_builder_set_derivative(b, z, sub(b, add(b, mul(b, mixed, rows), last), mul(b, rate, z)));
  og_builder_set_final_cost(b, call(b, "sum", mul(b, z, z)));
  og_builder_set_running_cost(b, call(b, "norm2", og_builder_reshape(b, z, 1, SIZES(6))));
  og_builder_set_span(b, 0, 2);
  return end_builder(context, b);
}

/* The discrete adjoint, by way of the bound form, against forward tangents, which know nothing of it: two
 * exact derivatives of the same numbers; and against differences, by their own estimate of their error. */
static void weights_are_shared(void **s) {
  (void)s;
  og_context *context = new_context();
  og_model *model = model_of_weights(context);
  const og_field *field = og_model_field(model);
  og_objective *objective = NULL;
  enum { P = 1 + 9 + 3 + 8 };
  double theta[P], gradient[P], forward[P], differences[P], error[P], loss;
  assert_int_equal(og_field_parameters(field), P);
  assert_int_equal(field->weights, P - 1);
  assert_non_null(field->bind);
  CHECK(context, og_model_initialize(model, 4, theta));
  CHECK(context, og_objective_create(context, model, NULL, NULL, &objective));
  CHECK(context, og_objective_evaluate(objective, theta, &loss, gradient));
  CHECK(context, og_objective_evaluate_with(objective, OG_ADJOINT_FORWARD, theta, &loss, forward));
  CHECK(context, og_objective_differences(objective, theta, differences, error));
  for (size_t i = 0; i < P; i++) {
    assert_near(gradient[i], forward[i], 1e-12, "gradient", i);
    if (!(fabs(gradient[i] - differences[i]) <= 10 * error[i] + 1e-8 * (1 + fabs(gradient[i]))))
      fail_msg("entry %zu: %.12g, by differences %.12g", i, gradient[i], differences[i]);
    assert_true(gradient[i] != 0);
  }
  og_objective_destroy(objective);
  og_model_destroy(model);
  og_context_destroy(context);
}

/* ---- Times ---- */

/* Comparisons of t with constants are known beforehand, also where its entries are taken in another order:
 * x' is the number of [4, 2, 1] t that are above 1, whose integral over [0, 2] is 7/4 + 3/2 + 1. */
static void switches_are_known(void **s) {
  (void)s;
  og_context *context = new_context();
  og_builder *b = new_builder(context);
  og_value t = og_builder_time(b), x = state(b, "x", 1, num(b, 0));
  og_value lines = og_builder_slice(b, mul(b, vector(b, 3, (double[]){1, 2, 4}), t), 0, 2, 3, -1);
  og_builder_set_derivative(b, x, call(b, "sum", og_builder_binary(b, ">", lines, num(b, 1))));
  og_builder_set_final_cost(b, x);
  og_builder_set_span(b, 0, 2);
  og_model *model = end_builder(context, b);
  const og_field *field = og_model_field(model);
  og_objective *objective = NULL;
  double loss = 0;
  assert_int_equal(field->breakpoints, 3);
  const double times[] = {0.25, 0.5, 1};
  for (int i = 0; i < 3; i++) assert_true(field->breakpoint[i].time == times[i]);
  CHECK(context, og_objective_create(context, model, NULL, NULL, &objective));
  CHECK(context, og_objective_evaluate(objective, NULL, &loss, NULL));
  assert_near(loss, 4.25, 1e-14, "the integral", 0); /* steps end there: constants are integrated exactly */
  og_objective_destroy(objective);
  og_model_destroy(model);
  og_context_destroy(context);
}

/* ---- Trainings ---- */

static og_trainer *trainer_of(og_context *context, double factor) {
  og_builder *b = new_builder(context);
  og_options *options = NULL;
  og_objective *objective = NULL;
  og_trainer *trainer = NULL;
  og_value x = state(b, "x", 1, num(b, 1)), w = og_builder_weight(b, "w", 0, NULL, NULL, 1);
  og_builder_set_derivative(b, x, mul(b, num(b, factor), mul(b, w, x)));
  observe(b, "x", "squared_error", x, 0);
  og_model *model = end_builder(context, b);
  og_table *data = table(context, "t,x\n0,1\n1,0.5\n2,0.3\n");
  CHECK(context, og_options_create(context, &options));
  CHECK(context, og_options_set_text(options, "optimizer", "adam"));
  CHECK(context, og_options_set_text(options, "epochs", "2"));
  CHECK(context, og_objective_create(context, model, data, options, &objective));
  CHECK(context, og_trainer_create_for_objective(objective, options, NULL, &trainer));
  og_objective_destroy(objective);
  og_options_destroy(options);
  og_table_destroy(data);
  og_model_destroy(model);
  return trainer;
}

/* A state goes on with the model that it is of, and no other. */
static void trainings_know_their_model(void **s) {
  (void)s;
  char path[64];
  og_context *context = new_context();
  og_trainer *first = trainer_of(context, 1), *same = trainer_of(context, 1), *other = trainer_of(context, 2);
  snprintf(path, sizeof path, "builder_state_%d.safetensors", (int)getpid());
  CHECK(context, og_trainer_step(first));
  CHECK(context, og_trainer_save(first, path));
  CHECK(context, og_trainer_load(same, path));
  assert_memory_equal(og_trainer_theta(first), og_trainer_theta(same), sizeof(double));
  assert_int_not_equal(og_trainer_load(other, path), OG_OK);
  assert_contains(og_context_message(context), "model");
  remove(path);
  og_trainer_destroy(first);
  og_trainer_destroy(same);
  og_trainer_destroy(other);
  og_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shapes_in_files),           cmocka_unit_test(wrong_shapes_in_files),
      cmocka_unit_test(no_text_in_files),          cmocka_unit_test(values_are_set),
      cmocka_unit_test(weights_are_shared),        cmocka_unit_test(switches_are_known),
      cmocka_unit_test(trainings_know_their_model)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
