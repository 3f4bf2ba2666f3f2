/* Parameter files: the way there and back, and what is refused. */
#include <math.h>
#include <unistd.h>

#include "counting.h"

static char path[] = "/tmp/odegrad-parameters-XXXXXX";

static int make_file(void **state) {
  (void)state;
  int descriptor = mkstemp(path);
  return descriptor < 0 ? -1 : close(descriptor);
}

static int remove_file(void **state) {
  (void)state;
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
      {"{\"alpha\": 2} x", OG_ERR_DATA, "not JSON"},
      {"[1, 2]", OG_ERR_DATA, "expected an object"},
      {"", OG_ERR_DATA, "not JSON"},
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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(written_parameters_read_back_to_the_same_bits),
      cmocka_unit_test(missing_names_keep_their_values),
      cmocka_unit_test(wrong_files_are_refused_and_change_nothing),
  };
  return cmocka_run_group_tests(tests, make_file, remove_file);
}
