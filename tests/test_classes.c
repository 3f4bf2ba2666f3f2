/* Observations of classes: the most likely one and the probabilities of all, against a softmax in longer
 * arithmetic. */
#include "models.h"

static const char text[] = "param W[5] = 0\n"
                           "input u\n"
                           "init x = 1, z = 2\n"
                           "x' = -x\n"
                           "z' = -z\n"
                           "observe z ~ lognormal(0, z)\n"
                           "observe label ~ categorical_logit(W*x + [0, 0, u, 0, 0])\n"
                           "observe other ~ categorical_logit([z, 0])\n";
enum { CLASSES = 5, LABEL = 1, OTHER = 2 };

static void check(og_context *context, const og_model *model, const double *logits, size_t likely) {
  double theta[CLASSES + 1] = {0}, location[3], probabilities[CLASSES];
  const double x[2] = {1, 0.5};
  long double sum = 0, highest = logits[0];
  memcpy(theta, logits, CLASSES * sizeof *theta);
  theta[2] -= 0.25, theta[CLASSES] = 0.25; /* the input has its share in the third */
  for (int k = 0; k < CLASSES; k++) highest = fmaxl(highest, logits[k]);
  for (int k = 0; k < CLASSES; k++) sum += expl(logits[k] - highest);
  CHECK(context, og_model_predict(model, 0, x, theta, location));
  CHECK(context, og_model_probabilities(model, LABEL, 0, x, theta, probabilities));
  assert_true(location[LABEL] == (double)likely);
  for (int k = 0; k < CLASSES; k++) {
    /* exp of a logit l has the rounding of l, |l| 2^-53, for its relative error */
    double truth = (double)(expl(logits[k] - highest) / sum), tolerance = 2e-15 * (1 + fabs(logits[k]));
    assert_true(fabs(probabilities[k] - truth) <= tolerance);
  }
}

static void probabilities_are_those_of_a_softmax(void **state) {
  (void)state;
  static const struct {
    double logits[CLASSES];
    size_t likely;
  } rows[] = {{{0.1, -0.4, 2.25, 1, -3}, 3},
              {{0, 0, 0, 0, 0}, 1}, /* of equals the first */
              {{-1000, 1000, 0.25, 999, -1000}, 2},
              {{-800, -801, -799.75, -802, -799}, 5}};
  og_context *context = new_context();
  og_model *model = parse(context, text);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    check(context, model, rows[i].logits, rows[i].likely);
  double theta[CLASSES + 1] = {0}, two[2];
  CHECK(context, og_model_probabilities(model, OTHER, 0, (double[]){1, 0.5}, theta, two));
  assert_near(two[0], 1 / (1 + exp(-0.5)), 1e-15, "class", 1);
  assert_near(two[1], 1 / (1 + exp(0.5)), 1e-15, "class", 2);
  og_model_destroy(model);
  og_context_destroy(context);
}

static void only_classes_have_classes(void **state) {
  (void)state;
  og_context *context = new_context();
  og_model *model = parse(context, text),
           *plain = parse(context, "init x = 1\nx' = x\nobserve x ~ normal(x, 1)\n");
  assert_int_equal(og_model_observed_classes(model, 0), 0);
  assert_int_equal(og_model_observed_classes(model, LABEL), CLASSES);
  assert_int_equal(og_model_observed_classes(model, OTHER), 2);
  assert_int_equal(og_model_observed_classes(model, 3), 0);
  double none = 7, x = 1;
  CHECK(context, og_model_probabilities(plain, 0, 0, &x, NULL, &none));
  assert_true(none == 7);
  og_model_destroy(model);
  og_model_destroy(plain);
  og_context_destroy(context);
}

static og_status ask(og_context *context) {
  og_model *model;
  double theta[CLASSES + 1] = {0}, probabilities[CLASSES];
  OG_TRY(og_model_create_from_text(context, "m.ode", text, strlen(text), &model));
  og_status status = og_model_probabilities(model, LABEL, 0, (double[]){1, 0.5}, theta, probabilities);
  og_model_destroy(model);
  return status;
}

static void running_out_of_memory_is_survived(void **state) {
  (void)state;
  fail_each_allocation(ask);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(probabilities_are_those_of_a_softmax),
      cmocka_unit_test(only_classes_have_classes),
      cmocka_unit_test(running_out_of_memory_is_survived),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
