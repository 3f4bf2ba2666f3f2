/* Parameter files of both kinds: the way there and back, and what is refused. */
#include <math.h>
#include <unistd.h>

#include "counting.h"
#include "parameters/parameters.h"
#include "io/safetensors.h"

static char path[] = "/tmp/odegrad-parameters-XXXXXX";
static char tensors_path[sizeof path + sizeof ".safetensors"];

static int make_file(void **state) {
  (void)state;
  int descriptor = mkstemp(path);
  snprintf(tensors_path, sizeof tensors_path, "%s.safetensors", path);
  return descriptor < 0 ? -1 : close(descriptor);
}

static int remove_file(void **state) {
  (void)state;
  unlink(tensors_path);
  return unlink(path);
}

static const char model_text[] = "param alpha = 1 in [0, 5]\n"
                                 "param beta[2] = [2, 3]\n"
                                 "init x = 1\n"
                                 "x' = alpha*x + beta[1] + beta[2]\n";

static og_model *new_model(og_context *context) {
  og_model *model;
  og_status status = og_model_parse(context, "m.ode", model_text, strlen(model_text), &model);
  if (status != OG_OK) fail_msg("%s", og_context_message(context));
  return model;
}

static void put_file(const char *text) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

static void written_parameters_read_back_to_the_same_bits(void **state) {
  (void)state;
  og_context *context = new_context();
  og_model *model = new_model(context);
  const double theta[3] = {1.0 / 3, -1e-300, 12345678.9};
  double back[3] = {0};
  assert_int_equal(og_parameters_write(model, theta, path), OG_OK);
  assert_int_equal(og_parameters_read(model, path, back), OG_OK);
  assert_memory_equal(theta, back, sizeof theta);
  char *text;
  size_t length;
  assert_int_equal(og_read_file(context, path, &text, &length), OG_OK);
  assert_string_equal(text, "{\n  \"alpha\": 0.3333333333333333,\n  \"beta\": [-1e-300, 12345678.9]\n}\n");
  og_free(context, text);
  og_model_destroy(model);
  og_context_destroy(context);
}

static void missing_names_keep_their_values(void **state) {
  (void)state;
  og_context *context = new_context();
  og_model *model = new_model(context);
  double theta[3] = {1, 2, 3};
  put_file("{\"beta\": [7, 8]}");
  assert_int_equal(og_parameters_read(model, path, theta), OG_OK);
  assert_true(theta[0] == 1 && theta[1] == 7 && theta[2] == 8);
  og_model_destroy(model);
  og_context_destroy(context);
}

static void wrong_files_are_refused_and_change_nothing(void **state) {
  (void)state;
  static const struct {
    const char *text;
    og_status status;
    const char *message;
  } rows[] = {
      {"{\"beta\": [7, 8], \"alpah\": 1}", OG_ERR_NAME, "no parameter alpah; did you mean alpha?"},
      {"{\"beta\": [7, 8], \"alpha\": [1, 2]}", OG_ERR_SHAPE, "alpha"},
      {"{\"beta\": [7, 8, 9]}", OG_ERR_SHAPE, "beta must be an array of 2 numbers"},
      {"{\"beta\": 7}", OG_ERR_SHAPE, "beta must be an array of 2 numbers"},
      {"{\"beta\": [7, \"8\"]}", OG_ERR_SHAPE, "beta"},
      {"{\"alpha\": null}", OG_ERR_SHAPE, "alpha must be a number"},
      {"{\"alpha\": 6}", OG_ERR_BOUNDS, "alpha is 6; the model bounds it to [0, 5]"},
      {"{\"alpha\": 2, \"alpha\": 3}", OG_ERR_DATA, "alpha is given twice"},
      {"{\"beta\": [7, 1e999]}", OG_ERR_NOT_FINITE, "beta"},
      {"{\n  \"alpha\": 2,\n  oops\n}", OG_ERR_DATA, ":3:3: this is not JSON"},
      {"{\"alpha\": 2} x", OG_ERR_DATA, ":1:14: this is not JSON"},
      {"{\"alpha\": 1.5x}", OG_ERR_DATA, ":1:11: this is not JSON"},
      {"{\n\"\xce\xb1\xce\xb2\" 1}", OG_ERR_DATA, ":2:6: this is not JSON"},     /* characters, not bytes, */
      {"\xEF\xBB\xBF{\"alpha\": oops}", OG_ERR_DATA, ":1:11: this is not JSON"}, /* without the mark */
      {"\xEF\xBB\xBF{\n\"alpha\": oops}", OG_ERR_DATA, ":2:10: this is not JSON"},
      {"[1, 2]", OG_ERR_DATA, "expected an object"},
      {"", OG_ERR_DATA, "not JSON"},
      {"PK\003\004 and so on", OG_ERR_DATA, "save the state dict with safetensors.torch.save_file"},
  };
  og_context *context = new_context();
  og_model *model = new_model(context);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    double theta[3] = {1, 2, 3};
    put_file(rows[i].text);
    assert_int_equal(og_parameters_read(model, path, theta), rows[i].status);
    assert_contains(og_context_message(context), rows[i].message);
    assert_contains(og_context_message(context), path);
    assert_true(theta[0] == 1 && theta[1] == 2 && theta[2] == 3);
  }
  double theta[3] = {1, NAN, 3};
  assert_int_equal(og_parameters_write(model, theta, path), OG_ERR_NOT_FINITE);
  assert_contains(og_context_message(context), "parameter beta is not finite");
  assert_int_equal(og_parameters_read(model, "/nowhere/p.json", theta), OG_ERR_FILE);
  og_model_destroy(model);
  og_context_destroy(context);
}

static og_model *parse(og_context *context, const char *text) {
  og_model *model;
  og_status status = og_model_parse(context, "m.ode", text, strlen(text), &model);
  if (status != OG_OK) fail_msg("%s", og_context_message(context));
  return model;
}

/* What may be written for a number, a vector, and matrices. A parameter of one column is a vector. */
static void shapes_in_json(void **state) {
  (void)state;
  static const char shapes[] =
      "param a = 0\nparam v[2] = 0\nparam C[2,1] = 0\nparam R[1,2] = 0\nparam W[2,3] = 0\n"
      "init x = 1\nx' = -x\n";
  static const struct {
    const char *text;
    size_t offset, count;
    double values[6];
    const char *message; /* NULL: it is taken */
  } rows[] = {
      {"{\"a\": 3}", 0, 1, {3}, NULL},
      {"{\"a\": [3]}", 0, 1, {3}, NULL},
      {"{\"a\": [[3]]}", 0, 0, {0}, "a must be a number"},
      {"{\"a\": {\"b\": 3}}", 0, 0, {0}, "a must be a number"},
      {"{\"a\": true}", 0, 0, {0}, "a must be a number"},
      {"{\"a\": []}", 0, 0, {0}, "a must be a number"},
      {"{\"v\": [3, 4]}", 1, 2, {3, 4}, NULL},
      {"{\"v\": [[3], [4]]}", 0, 0, {0}, "v must be an array of 2 numbers"},
      {"{\"v\": [3]}", 0, 0, {0}, "v must be an array of 2 numbers"},
      {"{\"C\": [3, 4]}", 3, 2, {3, 4}, NULL},
      {"{\"C\": [[3], [4]]}", 0, 0, {0}, "C must be an array of 2 numbers"},
      {"{\"C\": [[3, 4]]}", 0, 0, {0}, "C must be an array of 2 numbers"},
      {"{\"C\": [[3], 4]}", 0, 0, {0}, "C must be an array of 2 numbers"},
      {"{\"C\": []}", 0, 0, {0}, "C must be an array of 2 numbers"},
      {"{\"R\": [[3, 4]]}", 5, 2, {3, 4}, NULL},
      {"{\"R\": [3, 4]}", 0, 0, {0}, "R must be an array of 1 rows, each an array of 2 numbers"},
      {"{\"R\": [[3], [4]]}", 0, 0, {0}, "R must be an array of 1 rows, each an array of 2 numbers"},
      {"{\"W\": [[1, 2, 3], [4, 5, 6]]}", 7, 6, {1, 2, 3, 4, 5, 6}, NULL},
      {"{\"W\": [[1, 2, 3]]}", 0, 0, {0}, "W must be an array of 2 rows, each an array of 3 numbers"},
      {"{\"W\": [[1, 2], [3, 4]]}", 0, 0, {0}, "W must be an array of 2 rows, each an array of 3 numbers"},
      {"{\"W\": [1, 2, 3, 4, 5, 6]}", 0, 0, {0}, "W must be an array of 2 rows"},
      {"{\"W\": [[1, 2, 3], [4, 5, 6], [7, 8, 9]]}", 0, 0, {0}, "W must be an array of 2 rows"},
      {"{\"W\": 1}", 0, 0, {0}, "W must be an array of 2 rows"}};
  og_context *context = new_context();
  og_model *model = parse(context, shapes);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    double theta[13];
    for (size_t k = 0; k < 13; k++) theta[k] = -7;
    put_file(rows[i].text);
    og_status status = og_parameters_read(model, path, theta);
    if (status != (rows[i].message ? OG_ERR_SHAPE : OG_OK))
      fail_msg("%s: %s", rows[i].text, og_status_name(status));
    if (rows[i].message) assert_contains(og_context_message(context), rows[i].message);
    for (size_t k = 0; k < 13; k++) {
      size_t own = k - rows[i].offset;
      assert_true(theta[k] == (k >= rows[i].offset && own < rows[i].count ? rows[i].values[own] : -7));
    }
  }
  og_model_destroy(model);
  og_context_destroy(context);
}

/* A layer's weight is a matrix also where one side is 1; that of one column may be written as a vector. */
static void weights_in_json(void **state) {
  (void)state;
  static const struct {
    const char *first, *last, *message; /* of the weights; NULL: they are taken */
  } rows[] = {{"[[3], [4]]", "[[5, 6]]", NULL},
              {"[3, 4]", "[[5, 6]]", NULL},
              {"[[3, 4]]", "[[5, 6]]", "f.0.weight must be an array of 2 numbers"},
              {"[[3], 4]", "[[5, 6]]", "f.0.weight must be an array of 2 numbers"},
              {"[3, [4]]", "[[5, 6]]", "f.0.weight must be an array of 2 numbers"},
              {"[[3], [4], [5]]", "[[5, 6]]", "f.0.weight must be an array of 2 numbers"},
              {"[3, 4]", "[5, 6]", "f.2.weight must be an array of 1 rows, each an array of 2 numbers"},
              {"[3, 4]", "[[5], [6]]", "f.2.weight must be an array of 1 rows, each an array of 2 numbers"}};
  og_context *context = new_context();
  og_model *model = parse(context, "net f = mlp(1, 2, 1; tanh)\ninit x = 1\nx' = f(x)\n");
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    static const double expected[7] = {3, 4, 1, 2, 5, 6, 7};
    double theta[7] = {0};
    char text[256];
    snprintf(text, sizeof text,
             "{\"f.0.weight\": %s, \"f.0.bias\": [1, 2], \"f.2.weight\": %s, \"f.2.bias\": [7]}",
             rows[i].first, rows[i].last);
    put_file(text);
    og_status status = og_parameters_read(model, path, theta);
    if (status != (rows[i].message ? OG_ERR_SHAPE : OG_OK))
      fail_msg("%s: %s", text, og_context_message(context));
    if (rows[i].message) assert_contains(og_context_message(context), rows[i].message);
    if (rows[i].message)
      assert_true(theta[0] == 0);
    else
      assert_memory_equal(theta, expected, sizeof theta);
  }
  og_model_destroy(model);
  og_context_destroy(context);
}

/* ---- As safetensors ---- */

/* A number, a vector, a matrix; bytes in a comment that are not UTF-8; a const. */
static const char matrix_text[] = "# caf\xe9, caf\xc3\xa9\n"
                                  "const k = 2\n"
                                  "param alpha = 1 in [0, 5], beta[2] = [2, 3], W[2, 3] = 0\n"
                                  "init x = [1, k]\n"
                                  "x' = k*alpha*x + beta + W*[1, 2, 3]\n";
enum { MATRIX_PARAMETERS = 9 };
static const double matrix_theta[MATRIX_PARAMETERS] = {1.0 / 3, -1e-300, -0.0, 0.1, 0.2, 0.3, 4, 5, 6e200};

/* Wherever it is; nothing is written. */
static void values_that_are_not_finite(void **state) {
  (void)state;
  static const double bad[] = {NAN, INFINITY, -INFINITY};
  og_context *context = new_context();
  og_model *model = parse(context, matrix_text);
  put_file("old");
  for (size_t k = 0; k < MATRIX_PARAMETERS; k++) {
    double theta[MATRIX_PARAMETERS];
    char *text;
    size_t length;
    memcpy(theta, matrix_theta, sizeof theta);
    theta[k] = bad[k % 3];
    assert_int_equal(og_parameters_write(model, theta, path), OG_ERR_NOT_FINITE);
    assert_contains(og_context_message(context), k == 0  ? "parameter alpha"
                                                 : k < 3 ? "parameter beta"
                                                         : "parameter W");
    assert_int_equal(og_read_file(context, path, &text, &length), OG_OK);
    assert_string_equal(text, "old");
    og_free(context, text);
  }
  og_model_destroy(model);
  og_context_destroy(context);
}

static void written_tensors_read_back_to_the_same_bits(void **state) {
  (void)state;
  og_context *context = new_context();
  og_model *model = parse(context, matrix_text);
  double back[MATRIX_PARAMETERS] = {0};
  assert_int_equal(og_parameters_write(model, matrix_theta, tensors_path), OG_OK);
  assert_int_equal(og_parameters_read(model, tensors_path, back), OG_OK);
  assert_memory_equal(matrix_theta, back, sizeof back);
  assert_int_equal(rename(tensors_path, path), 0); /* the first bytes tell, not the ending */
  memset(back, 0, sizeof back);
  assert_int_equal(og_parameters_read(model, path, back), OG_OK);
  assert_memory_equal(matrix_theta, back, sizeof back);
  og_tensors *set;
  assert_int_equal(og_tensors_read(context, path, &set), OG_OK);
  const og_tensor *alpha = og_tensors_find(set, "alpha"), *beta = og_tensors_find(set, "beta");
  const og_tensor *w = og_tensors_find(set, "W");
  assert_true(alpha->rank == 0 && beta->rank == 1 && beta->shape[0] == 2);
  assert_true(w->rank == 2 && w->shape[0] == 2 && w->shape[1] == 3);
  og_tensors_destroy(set);
  og_model_destroy(model);
  og_context_destroy(context);
}

static void a_model_is_read_from_its_parameters(void **state) {
  (void)state;
  og_context *context = new_context();
  og_model *model = parse(context, matrix_text), *back;
  double theta[MATRIX_PARAMETERS], x0[2];
  assert_int_equal(og_model_saved(model), 0);
  assert_string_equal(og_model_text(model), matrix_text);
  assert_int_equal(og_model_set(model, "k", "3*2 - 1"), OG_OK);
  assert_int_equal(og_model_set(model, "k", "2^2"), OG_OK);
  assert_int_equal(og_model_set(model, "alpha", "4"), OG_OK); /* a param: its value is a tensor */
  assert_int_equal(og_parameters_write(model, matrix_theta, tensors_path), OG_OK);
  if (og_model_read(context, tensors_path, &back) != OG_OK) fail_msg("%s", og_context_message(context));
  assert_int_equal(og_model_saved(back), 1);
  assert_string_equal(og_model_text(back) + 13, matrix_text + 13);
  assert_memory_equal(og_model_text(back), "# caf?, caf\xc3\xa9", 13);
  assert_int_equal(og_model_values(back, theta), OG_OK);
  assert_true(theta[0] == 1);
  assert_int_equal(og_parameters_read(back, tensors_path, theta), OG_OK);
  assert_memory_equal(theta, matrix_theta, sizeof theta);
  assert_int_equal(og_model_initial_state(back, 0, theta, x0), OG_OK);
  assert_true(x0[0] == 1 && x0[1] == 4); /* the const has the value that it was given */
  og_model_destroy(model);
  og_model_destroy(back);
  og_context_destroy(context);
}

static void put_tensors(og_context *context, const char *name, size_t rank, const size_t *shape,
                        const double *values) {
  og_tensors *set;
  assert_int_equal(og_tensors_create(context, &set), OG_OK);
  assert_int_equal(og_tensors_add(set, "odegrad.optimizer.step", 0, NULL, values), OG_OK); /* passed over */
  assert_int_equal(og_tensors_add(set, name, rank, shape, values), OG_OK);
  assert_int_equal(og_tensors_write(set, tensors_path), OG_OK);
  og_tensors_destroy(set);
}

static void shapes_of_one_meaning_are_read(void **state) {
  (void)state;
  static const struct {
    const char *name;
    size_t rank, shape[4], offset;
  } rows[] = {{"alpha", 0, {0}, 0},   {"alpha", 1, {1}, 0}, {"alpha", 2, {1, 1}, 0},   {"beta", 1, {2}, 1},
              {"beta", 2, {2, 1}, 1}, {"W", 2, {2, 3}, 3},  {"model.alpha", 0, {0}, 0}};
  og_context *context = new_context();
  og_model *model = parse(context, matrix_text);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    double theta[MATRIX_PARAMETERS], values[6] = {1, 2, 3, 4, 5, 3};
    for (size_t k = 0; k < MATRIX_PARAMETERS; k++) theta[k] = -7;
    put_tensors(context, rows[i].name, rows[i].rank, rows[i].shape, values);
    if (og_parameters_read(model, tensors_path, theta) != OG_OK) fail_msg("%s", og_context_message(context));
    for (size_t k = 0; k < MATRIX_PARAMETERS; k++) {
      size_t count = rows[i].offset == 0 ? 1 : rows[i].offset == 1 ? 2 : 6, own = k - rows[i].offset;
      assert_true(theta[k] == (own < count ? values[own] : -7)); /* what is missing keeps its value */
    }
  }
  og_model_destroy(model);
  og_context_destroy(context);
}

static void tensors_that_do_not_fit_are_refused_and_change_nothing(void **state) {
  (void)state;
  static const struct {
    const char *name;
    size_t rank, shape[4];
    double value;
    og_status status;
    const char *message;
  } rows[] = {
      {"alpha", 1, {2}, 1, OG_ERR_SHAPE, "tensor alpha of shape [2] cannot be alpha of shape []"},
      {"W", 2, {3, 2}, 1, OG_ERR_SHAPE, "tensor W of shape [3, 2] cannot be W of shape [2, 3]"},
      {"W", 1, {6}, 1, OG_ERR_SHAPE, "tensor W of shape [6] cannot be W of shape [2, 3]"},
      {"W", 3, {2, 3, 1}, 1, OG_ERR_SHAPE, "tensor W of shape [2, 3, 1] cannot be W of shape [2, 3]"},
      {"gamma", 1, {2}, 1, OG_ERR_NAME, "tensor gamma could be no parameter of the model"},
      {"gamma", 1, {2}, 1, OG_ERR_NAME, "the file has: gamma [2]"},
      {"gamma", 1, {2}, 1, OG_ERR_NAME, "the model has: alpha [], beta [2], W [2, 3]"},
      {"alpha", 0, {0}, 6, OG_ERR_BOUNDS, "alpha is 6; the model bounds it to [0, 5]"},
      {"beta", 1, {2}, NAN, OG_ERR_NOT_FINITE, "a value of beta is no finite double"},
  };
  og_context *context = new_context();
  og_model *model = parse(context, matrix_text);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    double theta[MATRIX_PARAMETERS], values[6];
    for (size_t k = 0; k < 6; k++) values[k] = rows[i].value;
    memcpy(theta, matrix_theta, sizeof theta);
    put_tensors(context, rows[i].name, rows[i].rank, rows[i].shape, values);
    assert_int_equal(og_parameters_read(model, tensors_path, theta), rows[i].status);
    assert_contains(og_context_message(context), rows[i].message);
    assert_contains(og_context_message(context), tensors_path);
    assert_memory_equal(theta, matrix_theta, sizeof theta);
  }
  og_model *none = NULL;
  assert_int_equal(og_model_read(context, tensors_path, &none), OG_ERR_DATA);
  assert_null(none);
  assert_contains(og_context_message(context), "has parameters but no text of a model");
  double bad[MATRIX_PARAMETERS] = {INFINITY};
  assert_int_equal(og_parameters_write(model, bad, tensors_path), OG_ERR_NOT_FINITE);
  og_model_destroy(model);
  og_context_destroy(context);
}

/* A layer's weight is a matrix also where one side is 1, and its bias an array: the shapes of PyTorch. */
static void layers_keep_their_dimensions_in_json(void **state) {
  (void)state;
  og_context *context;
  assert_int_equal(og_context_create(NULL, NULL, NULL, &context), OG_OK);
  og_model *model = parse(context, "net f = mlp(1, 2, 1)\ninit x = 1\nx' = f(x)\n");
  double theta[7] = {1, 2, 3, 4, 5, 6, 7}, again[7] = {0};
  assert_int_equal(og_parameters_write(model, theta, path), OG_OK);
  char text[256] = "";
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  text[fread(text, 1, sizeof text - 1, file)] = 0;
  fclose(file);
  assert_string_equal(text, "{\n  \"f.0.weight\": [[1],\n    [2]],\n  \"f.0.bias\": [3, 4],\n"
                            "  \"f.2.weight\": [[5, 6]],\n  \"f.2.bias\": [7]\n}\n");
  assert_int_equal(og_parameters_read(model, path, again), OG_OK);
  assert_memory_equal(theta, again, sizeof theta);
  put_file(
      "{\"f.0.weight\": [[1], [2, 3]], \"f.0.bias\": [3, 4], \"f.2.weight\": [[5, 6]], \"f.2.bias\": [7]}");
  assert_int_equal(og_parameters_read(model, path, again), OG_ERR_SHAPE);
  assert_memory_equal(theta, again, sizeof theta);
  og_model_destroy(model);
  og_context_destroy(context);
}

static void the_state_of_a_training_is_told_from_parameters(void **state) {
  (void)state;
  og_context *context = new_context();
  og_model *model = parse(context, matrix_text), *none = NULL;
  og_tensors *set;
  double theta[MATRIX_PARAMETERS];
  assert_int_equal(og_tensors_create(context, &set), OG_OK);
  assert_int_equal(og_tensors_set_text(set, "format", OG_TRAINING_FORMAT), OG_OK);
  assert_int_equal(og_tensors_write(set, tensors_path), OG_OK);
  og_tensors_destroy(set);
  assert_int_equal(og_parameters_read(model, tensors_path, theta), OG_ERR_DATA);
  assert_contains(og_context_message(context), "is the state of a training, which --resume takes up");
  assert_int_equal(og_model_read(context, tensors_path, &none), OG_ERR_DATA);
  assert_contains(og_context_message(context), "is the state of a training");
  og_model_destroy(model);
  og_context_destroy(context);
}

/* ---- Memory ---- */

static og_status write_and_read(og_context *context) {
  og_model *model, *back = NULL;
  double theta[MATRIX_PARAMETERS];
  OG_TRY(og_model_parse(context, "m.ode", matrix_text, strlen(matrix_text), &model));
  og_status status = og_model_set(model, "k", "3");
  if (status == OG_OK) status = og_parameters_write(model, matrix_theta, tensors_path);
  if (status == OG_OK) status = og_parameters_read(model, tensors_path, theta);
  if (status == OG_OK) status = og_model_read(context, tensors_path, &back);
  og_model_destroy(back);
  og_model_destroy(model);
  return status;
}

static void running_out_of_memory_is_survived(void **state) {
  (void)state;
  fail_each_allocation(write_and_read);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(written_parameters_read_back_to_the_same_bits),
      cmocka_unit_test(missing_names_keep_their_values),
      cmocka_unit_test(wrong_files_are_refused_and_change_nothing),
      cmocka_unit_test(shapes_in_json),
      cmocka_unit_test(weights_in_json),
      cmocka_unit_test(values_that_are_not_finite),
      cmocka_unit_test(written_tensors_read_back_to_the_same_bits),
      cmocka_unit_test(a_model_is_read_from_its_parameters),
      cmocka_unit_test(shapes_of_one_meaning_are_read),
      cmocka_unit_test(tensors_that_do_not_fit_are_refused_and_change_nothing),
      cmocka_unit_test(layers_keep_their_dimensions_in_json),
      cmocka_unit_test(the_state_of_a_training_is_told_from_parameters),
      cmocka_unit_test(running_out_of_memory_is_survived),
  };
  return cmocka_run_group_tests(tests, make_file, remove_file);
}
