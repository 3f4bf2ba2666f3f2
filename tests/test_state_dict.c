/* State dicts of PyTorch: which parameter each of their names means, and that a network with them computes
 * what PyTorch does. tests/oracles/safetensors_fixtures.py wrote the files. */
#include <cjson/cJSON.h>
#include <unistd.h>

#include "parameters/parameters.h"
#include "io/safetensors.h"
#include "models.h"

enum { NAMES_MOST = 8 };

static const struct {
  const char *wanted[NAMES_MOST], *names[NAMES_MOST];
  int match[NAMES_MOST];
} rows[] = {
    /* the same names, whatever else would fit */
    {{"f.0.weight", "g.0.weight"}, {"g.0.weight", "f.0.weight"}, {1, 0}},
    /* a Sequential is the only network */
    {{"alpha", "f.0.weight", "f.0.bias", "f.2.weight"}, {"2.weight", "0.bias", "0.weight"}, {3, 2, 1}},
    /* a part of a module, wrapped */
    {{"f.0.weight", "f.0.bias"}, {"module.net.0.weight", "module.net.0.bias"}, {0, 1}},
    /* the most parts in common */
    {{"f.0.weight", "g.0.weight"}, {"module.g.0.weight", "module.f.0.weight"}, {1, 0}},
    {{"f.0.weight"}, {"other.0.weight", "module.f.0.weight"}, {OG_MATCH_NONE, 0}},
    {{"f.0.weight"}, {"module.f.0.weight", "other.0.weight"}, {0, OG_MATCH_NONE}},
    /* parts are whole */
    {{"f.0.weight", "g.0.weight"}, {"gf.0.weight"}, {OG_MATCH_AMBIGUOUS}},
    {{"f.0.weight"}, {"f10.weight", "10.weight", "f.0.eight"}, {OG_MATCH_NONE, OG_MATCH_NONE, OG_MATCH_NONE}},
    /* all of them but the first count */
    {{"f.0.weight"}, {"f.2.weight", "weight"}, {OG_MATCH_NONE, OG_MATCH_NONE}},
    {{"alpha", "beta"}, {"model.alpha", "gamma"}, {0, OG_MATCH_NONE}},
    /* a layer that stands alone */
    {{"f.0.weight", "dense1.weight"}, {"0.weight", "fc.weight"}, {0, 1}},
    /* several that fit alike */
    {{"f.0.weight", "g.0.weight"}, {"0.weight"}, {OG_MATCH_AMBIGUOUS}},
    {{"f.0.weight"}, {"a.0.weight", "b.0.weight"}, {OG_MATCH_RIVAL, OG_MATCH_RIVAL}},
    {{"f.0.weight"},
     {"a.0.weight", "b.0.weight", "c.0.weight"},
     {OG_MATCH_RIVAL, OG_MATCH_RIVAL, OG_MATCH_RIVAL}},
    /* what is called exactly so is no candidate for others */
    {{"f.0.weight", "g.0.weight"}, {"f.0.weight", "net.0.weight"}, {0, 1}},
};

static size_t count_of(const char *const *names) {
  size_t count = 0;
  while (count < NAMES_MOST && names[count]) count++;
  return count;
}

static void names_are_matched_by_what_they_have_in_common(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    int match[NAMES_MOST], holder[NAMES_MOST];
    size_t count = count_of(rows[i].names);
    og_match_names(count, rows[i].names, count_of(rows[i].wanted), rows[i].wanted, match, holder);
    for (size_t k = 0; k < count; k++)
      if (match[k] != rows[i].match[k])
        fail_msg("row %zu: %s has %d, not %d", i, rows[i].names[k], match[k], rows[i].match[k]);
  }
}

/* ---- A network of PyTorch's ---- */

#define NETWORK "param a = 0, b = 0\nnet f = mlp(2, 5, 2; tanh)\ninit x = f([a, b])\nx' = x\n"
enum { NETWORK_PARAMETERS = 2 + 15 + 12 };

static cJSON *read_json(og_context *context, const char *path) {
  char *text;
  size_t length;
  CHECK(context, og_read_file(context, path, &text, &length));
  cJSON *root = cJSON_ParseWithLength(text, length);
  assert_non_null(root);
  og_free(context, text);
  return root;
}

static double entry(const cJSON *root, const char *key, int row, int column) {
  return cJSON_GetArrayItem(cJSON_GetArrayItem(cJSON_GetObjectItem(root, key), row), column)->valuedouble;
}

/* The weights are floats, which doubles hold; the outputs were computed in double precision. Seven sums and a
 * tanh of numbers below 4 leave a few units of 2^-52 times 4. */
static void check_outputs(og_context *context, const og_model *model, double *theta) {
  cJSON *truth = read_json(context, "tests/oracles/sequential.json");
  for (int row = 0; row < 4; row++) {
    double x0[2];
    for (int i = 0; i < 2; i++) theta[i] = entry(truth, "inputs", row, i);
    CHECK(context, og_model_initial_state(model, 0, theta, x0));
    for (int i = 0; i < 2; i++)
      assert_near(x0[i], entry(truth, "outputs", row, i), 4e-15, "output", (size_t)i);
  }
  cJSON_Delete(truth);
}

static void a_network_computes_what_pytorch_does(void **state) {
  (void)state;
  static const char *const files[] = {"tests/oracles/sequential.safetensors",
                                      "tests/oracles/nested.safetensors"};
  og_context *context = new_context();
  og_model *model = parse(context, NETWORK);
  for (size_t i = 0; i < 2; i++) {
    double theta[NETWORK_PARAMETERS] = {-7, -8};
    CHECK(context, og_parameters_read(model, files[i], theta));
    assert_true(theta[0] == -7 && theta[1] == -8);
    check_outputs(context, model, theta);
  }
  og_model_destroy(model);
  og_context_destroy(context);
}

static void networks_that_do_not_fit_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *model;
    og_status status;
    const char *message[3];
  } refused[] = {
      {"net f = mlp(2, 6, 2; tanh)\ninit x = f([1, 2])\nx' = x\n",
       OG_ERR_SHAPE,
       {"tensor 0.bias of shape [5] cannot be f.0.bias of shape [6]",
        "the file has: 0.bias [5], 0.weight [5, 2]",
        "the model has: f.0.weight [6, 2], f.0.bias [6], f.2.weight [2, 6], f.2.bias [2]"}},
      {"net f = mlp(2, 2; tanh)\ninit x = f([1, 2])\nx' = x\n", OG_ERR_SHAPE, {"0.bias", "", ""}},
      {"net f = mlp(2, 5, 2, 2; tanh)\ninit x = f([1, 2])\nx' = x\n",
       OG_ERR_NAME,
       {"there is no f.4.weight, a tensor of the model's network", "the file has: 0.bias [5]",
        "f.4.weight [2, 2], f.4.bias [2]"}},
      {"net f = mlp(2, 5, 2; tanh)\nnet g = mlp(2, 5, 2; tanh)\ninit x = f(g([1, 2]))\nx' = x\n",
       OG_ERR_NAME,
       {"could be more than one parameter of the model", "the file has", "g.0.weight [5, 2]"}},
      {"param k = 1\ninit x = k\nx' = x\n", OG_ERR_NAME, {"could be no parameter", "0.weight", "k []"}},
  };
  og_context *context = new_context();
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
    og_model *model = parse(context, refused[i].model);
    double theta[100] = {0}, before[100] = {0};
    assert_int_equal(og_parameters_read(model, "tests/oracles/sequential.safetensors", theta),
                     refused[i].status);
    for (int k = 0; k < 3; k++) assert_contains(og_context_message(context), refused[i].message[k]);
    assert_memory_equal(theta, before, sizeof theta);
    og_model_destroy(model);
  }
  og_context_destroy(context);
}

/* ---- A network of the model's own ---- */

static char path[] = "/tmp/odegrad-state-dict-XXXXXX";

static int make_file(void **state) {
  (void)state;
  int descriptor = mkstemp(path);
  return descriptor < 0 ? -1 : close(descriptor);
}

static int remove_file(void **state) {
  (void)state;
  return unlink(path);
}

/* PyTorch's Linear(3, 1) has a weight [1, 3], Linear(1, 3) one [3, 1] and Linear(1, 1) one [1, 1]. */
static void layers_of_one_keep_both_dimensions(void **state) {
  (void)state;
  char tensors_path[sizeof path + sizeof ".safetensors"];
  snprintf(tensors_path, sizeof tensors_path, "%s.safetensors", path);
  og_context *context = new_context();
  og_model *model = parse(context, "net f = mlp(1, 3, 1, 1; tanh)\ninit x = f(1)\nx' = x\n");
  double theta[12], back[12] = {0};
  static const size_t shapes[3][2] = {{3, 1}, {1, 3}, {1, 1}};
  CHECK(context, og_model_initialize(model, 3, theta));
  CHECK(context, og_parameters_write(model, theta, tensors_path));
  CHECK(context, og_parameters_read(model, tensors_path, back));
  assert_memory_equal(theta, back, sizeof theta);
  og_tensors *set;
  CHECK(context, og_tensors_read(context, tensors_path, &set));
  for (size_t i = 0; i < 3; i++) {
    char name[32];
    snprintf(name, sizeof name, "f.%zu.weight", 2 * i);
    const og_tensor *weight = og_tensors_find(set, name);
    assert_true(weight && weight->rank == 2);
    assert_memory_equal(weight->shape, shapes[i], sizeof shapes[i]);
    snprintf(name, sizeof name, "f.%zu.bias", 2 * i);
    assert_true(og_tensors_find(set, name) && og_tensors_find(set, name)->rank == 1);
  }
  og_tensors_destroy(set);
  og_model_destroy(model);
  og_context_destroy(context);
  unlink(tensors_path);
}

/* Two whole networks, of which each could be the model's. */
static void two_whole_networks_are_told_by_name(void **state) {
  (void)state;
  char tensors_path[sizeof path + sizeof ".safetensors"];
  snprintf(tensors_path, sizeof tensors_path, "%s.safetensors", path);
  static const char *const names[] = {"net.0.weight",   "net.0.bias",   "net.2.weight",   "net.2.bias",
                                      "other.0.weight", "other.0.bias", "other.2.weight", "other.2.bias"};
  static const size_t shapes[4][2] = {{3, 1}, {3}, {1, 3}, {1}};
  double values[3] = {1, 2, 3}, theta[10] = {0};
  og_context *context = new_context();
  og_model *model = parse(context, "net f = mlp(1, 3, 1; tanh)\ninit x = f(1)\nx' = x\n");
  og_tensors *set;
  CHECK(context, og_tensors_create(context, &set));
  for (size_t i = 0; i < 8; i++)
    CHECK(context, og_tensors_add(set, names[i], i % 2 ? 1 : 2, shapes[i % 4], values));
  CHECK(context, og_tensors_write(set, tensors_path));
  assert_int_equal(og_parameters_read(model, tensors_path, theta), OG_ERR_NAME);
  assert_contains(og_context_message(context),
                  "tensors net.0.weight and other.0.weight could both be parameter f.0.weight of the model");
  og_tensors_destroy(set);
  og_model_destroy(model);
  og_context_destroy(context);
  unlink(tensors_path);
}

/* Encoder and decoder of an autoencoder, each with one of the layers that the model's network has. */
static void layers_of_two_networks_are_not_one(void **state) {
  (void)state;
  char tensors_path[sizeof path + sizeof ".safetensors"];
  snprintf(tensors_path, sizeof tensors_path, "%s.safetensors", path);
  static const char *const beginnings[][2] = {
      {"encoder.", "decoder."}, {"", "net."}, {"net.", "net.net."}, {"net.f.", "f."},
      {"module.", "module."},   {"", ""},     {"f.", "f."},         {"a.f.", "a.f."}};
  static const size_t first[2] = {3, 1}, second[2] = {1, 3};
  double values[3] = {1, 2, 3}, theta[10];
  og_context *context = new_context();
  og_model *model = parse(context, "net f = mlp(1, 3, 1; tanh)\ninit x = f(1)\nx' = x\n");
  for (size_t i = 0; i < 8; i++) {
    og_tensors *set;
    char name[4][40];
    for (int k = 0; k < 4; k++)
      snprintf(name[k], sizeof name[k], "%s%d.%s", beginnings[i][k / 2], 2 * (k / 2),
               k % 2 ? "bias" : "weight");
    CHECK(context, og_tensors_create(context, &set));
    CHECK(context, og_tensors_add(set, name[0], 2, first, values));
    CHECK(context, og_tensors_add(set, name[1], 1, (size_t[]){3}, values));
    CHECK(context, og_tensors_add(set, name[2], 2, second, values));
    CHECK(context, og_tensors_add(set, name[3], 1, (size_t[]){1}, values));
    CHECK(context, og_tensors_write(set, tensors_path));
    og_tensors_destroy(set);
    og_status status = og_parameters_read(model, tensors_path, theta);
    assert_int_equal(status, i < 4 ? OG_ERR_NAME : OG_OK);
    if (status != OG_OK) assert_contains(og_context_message(context), "do not begin alike");
  }
  og_model_destroy(model);
  og_context_destroy(context);
  unlink(tensors_path);
}

static void half_a_network_is_refused_as_json_too(void **state) {
  (void)state;
  og_context *context = new_context();
  og_model *model = parse(context, NETWORK);
  double theta[NETWORK_PARAMETERS], back[NETWORK_PARAMETERS] = {0};
  CHECK(context, og_model_initialize(model, 3, theta));
  CHECK(context, og_parameters_write(model, theta, path));
  CHECK(context, og_parameters_read(model, path, back));
  assert_memory_equal(theta, back, sizeof theta);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs("{\"a\": 1, \"f.2.bias\": [3, 4]}", file);
  fclose(file);
  assert_int_equal(og_parameters_read(model, path, back), OG_ERR_NAME);
  assert_contains(og_context_message(context), "there is no f.0.weight, a tensor of the model's network");
  og_model_destroy(model);
  og_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_are_matched_by_what_they_have_in_common),
      cmocka_unit_test(a_network_computes_what_pytorch_does),
      cmocka_unit_test(two_whole_networks_are_told_by_name),
      cmocka_unit_test(networks_that_do_not_fit_are_refused),
      cmocka_unit_test(layers_of_one_keep_both_dimensions),
      cmocka_unit_test(layers_of_two_networks_are_not_one),
      cmocka_unit_test(half_a_network_is_refused_as_json_too),
  };
  return cmocka_run_group_tests(tests, make_file, remove_file);
}
