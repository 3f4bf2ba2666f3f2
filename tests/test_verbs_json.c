/* JSON of all verbs: a parameter has one shape wherever it is printed, that of parameter files, and a
 * trajectory or a list is one also where there is only one of it. */
#include "tool.h"

#include <unistd.h>

static const char model[] =
    "param k = 0.5 in [0, 10]\nparam v[2] = [1, 2]\nparam one[1] = 1\nparam A[2, 1] = 1\n"
    "net f = mlp(1, 2, 1; tanh)\ninit x = 2\n"
    "x' = -k*x + 0.01*sum(v)*sum(A)*one*sum(f(x))\nobserve y ~ normal(x, 0.5)\ntime 0 : 4\n";

static const char *in_folder(const char *name) {
  static char path[4][128];
  static int next;
  next = (next + 1) % 4;
  snprintf(path[next], sizeof path[next], "%s/%s", folder, name);
  return path[next];
}

static void put(const char *name, const char *text) {
  FILE *file = fopen(in_folder(name), "w");
  assert_non_null(file);
  fputs(text, file);
  assert_int_equal(fclose(file), 0);
}

static void same_shape(const cJSON *a, const cJSON *b, const char *name, const char *verb) {
  if (cJSON_IsArray(a) != cJSON_IsArray(b) ||
      (cJSON_IsArray(a) && cJSON_GetArraySize(a) != cJSON_GetArraySize(b)))
    fail_msg("%s has another shape in %s", name, verb);
  if (!cJSON_IsArray(a)) return;
  for (int i = 0; i < cJSON_GetArraySize(a); i++)
    same_shape(cJSON_GetArrayItem(a, i), cJSON_GetArrayItem(b, i), name, verb);
}

static void shapes_of_parameters(void **state) {
  (void)state;
  char command[600];
  put("m.ode", model);
  snprintf(command, sizeof command, "fit %s --data " FIXTURES "decay.csv --iterations 1 --quiet --out %s",
           in_folder("m.ode"), in_folder("p.json"));
  cJSON *fit = run_json(command);
  snprintf(command, sizeof command, "fit %s --data " FIXTURES "decay.csv --optimizer adam --epochs 1 --quiet",
           in_folder("m.ode"));
  cJSON *training = run_json(command);
  snprintf(command, sizeof command, "grad %s --data " FIXTURES "decay.csv --quiet", in_folder("m.ode"));
  cJSON *grad = run_json(command);
  FILE *file = fopen(in_folder("p.json"), "r");
  static char text[4096];
  assert_non_null(file);
  text[fread(text, 1, sizeof text - 1, file)] = '\0';
  fclose(file);
  cJSON *kept = cJSON_Parse(text), *one;
  assert_int_equal(cJSON_GetArraySize(kept), 8); /* four, and two layers of a weight and a bias */
  cJSON_ArrayForEach(one, kept) {
    same_shape(one, at(at(grad, "gradient"), one->string), one->string, "grad");
    same_shape(one, at(at(at(fit, "params"), one->string), "estimate"), one->string, "fit");
    same_shape(one, at(at(at(fit, "params"), one->string), "std_error"), one->string,
               "the standard errors of fit");
    same_shape(one, at(at(at(fit, "params"), one->string), "at_bound"), one->string, "the bounds of fit");
    same_shape(one, at(at(at(training, "params"), one->string), "estimate"), one->string, "a training");
    assert_true(cJSON_IsNull(at(at(at(training, "params"), one->string), "std_error")));
  }
  assert_int_equal(cJSON_GetArraySize(at(fit, "params")), 8);
  assert_int_equal(cJSON_GetArraySize(at(training, "params")), 8);
  cJSON_Delete(kept), cJSON_Delete(fit), cJSON_Delete(training), cJSON_Delete(grad);
}

/* With ids even one trajectory is a list of one; without there is no list. */
static void shapes_of_trajectories(void **state) {
  (void)state;
  static const char *const data[] = {"t,y\n0,2\n1,1\n", "id,t,y\na,0,2\na,1,1\n",
                                     "id,t,y\na,0,2\na,1,1\nb,0,2\n"};
  static const char *const verbs[] = {"solve", "predict"};
  for (int trajectories = 0; trajectories < 3; trajectories++) {
    put("d.csv", data[trajectories]);
    for (int verb = 0; verb < 2; verb++) {
      char command[400];
      snprintf(command, sizeof command, "%s " FIXTURES "decay.ode --data %s --quiet", verbs[verb],
               in_folder("d.csv"));
      cJSON *object = run_json(command), *list = cJSON_GetObjectItem(object, "trajectories");
      assert_int_equal(list != NULL, trajectories > 0);
      assert_int_equal(cJSON_GetObjectItem(object, "t") != NULL, trajectories == 0);
      if (list) assert_int_equal(cJSON_GetArraySize(list), trajectories);
      for (int m = 0; m < cJSON_GetArraySize(list); m++) {
        assert_string_equal(at(cJSON_GetArrayItem(list, m), "id")->valuestring, m ? "b" : "a");
        assert_int_equal(cJSON_GetArraySize(at(cJSON_GetArrayItem(list, m), "t")), m ? 1 : 2);
      }
      assert_true(number(at(at(object, "stats"), "steps")) > 0);
      cJSON_Delete(object);
    }
    char command[400];
    snprintf(command, sizeof command, "grad " FIXTURES "decay.ode --data %s --quiet", in_folder("d.csv"));
    cJSON *object = run_json(command), *x = at(at(object, "init_gradient"), "x");
    assert_int_equal(cJSON_IsArray(x), trajectories > 0);
    if (trajectories) assert_int_equal(cJSON_GetArraySize(x), trajectories);
    assert_true(number(at(object, "values")) == (trajectories < 2 ? 2 : 3));
    cJSON_Delete(object);
  }
}

/* What a training tells of its epochs. */
static void histories(void **state) {
  (void)state;
  cJSON *object =
            run_json("fit " FIXTURES "decay.ode --data " FIXTURES
                     "decay.csv --optimizer sgd --learning-rate 1e-4 --epochs 3 --validation 0.5 --quiet"),
        *history = at(object, "history"), *list;
  static const char *const names[] = {"steps",         "loss",          "validation_loss",
                                      "learning_rate", "gradient_norm", "seconds"};
  assert_int_equal(cJSON_GetArraySize(history), 6);
  for (int i = 0; i < 6; i++) {
    list = at(history, names[i]);
    assert_int_equal(cJSON_GetArraySize(list), 3);
    for (int k = 0; k < 3; k++) {
      double value = number(cJSON_GetArrayItem(list, k));
      if (i == 0) assert_true(value == k + 1);
      if (i == 3) assert_true(value == 1e-4);
      if (i > 3) assert_true(value > 0);
    }
  }
  double best = number(at(object, "validation_loss"));
  for (int k = 0; k < 3; k++)
    assert_true(number(cJSON_GetArrayItem(at(history, "validation_loss"), k)) >= best);
  assert_true(number(at(object, "epochs")) == 3 && number(at(object, "iterations")) == 3);
  assert_string_equal(at(object, "loss_is")->valuestring, "mean");
  cJSON_Delete(object);
  object = run_json("fit " FIXTURES "decay.ode --data " FIXTURES
                    "decay.csv --optimizer sgd --learning-rate 1e-4 --epochs 3 --reduction sum --quiet");
  assert_string_equal(at(object, "loss_is")->valuestring, "sum");
  assert_true(cJSON_IsNull(at(object, "validation_loss")));
  cJSON_Delete(object);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(shapes_of_parameters),
                                     cmocka_unit_test(shapes_of_trajectories), cmocka_unit_test(histories)};
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
