/* Every ```ode block of the documentation is a model that can be read, and solved where it says for what span
 * and needs no data. */
#include "fields.h"

static char *read_whole(const char *path) {
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  char *text = calloc(1, 1 << 20);
  assert_non_null(text);
  size_t length = fread(text, 1, (1 << 20) - 1, file);
  assert_true(length > 0 && length < (1 << 20) - 1);
  fclose(file);
  return text;
}

static void solve_whole(og_context *context, const og_model *model, double t0, double t1) {
  const og_field *field = og_model_field(model);
  size_t n = og_field_states(field), p = og_field_parameters(field);
  double *theta = calloc(n + p + 1, sizeof *theta), *x = theta + p, sum = 0;
  og_solve *solve = NULL;
  assert_non_null(theta);
  CHECK(context, og_model_values(model, theta));
  CHECK(context, og_model_initial_state(model, t0, theta, x));
  CHECK(context, og_solve_create(context, field, NULL, 1, &solve));
  CHECK(context, og_solve_set_span(solve, 0, t0, t1));
  CHECK(context, og_solve_set_initial_state(solve, 0, x));
  if (p) CHECK(context, og_solve_set_parameters(solve, 0, theta));
  CHECK(context, og_solve_run(solve));
  CHECK(context, og_solve_final(solve, 0, x));
  for (size_t i = 0; i < n; i++) sum += 0 * x[i];
  assert_true(sum == 0);
  og_solve_destroy(solve);
  free(theta);
}

static void models_of(const char *path, int least, int least_solved) {
  og_context *context = new_context();
  char *text = read_whole(path);
  int count = 0, solved = 0;
  for (char *at = strstr(text, "```ode\n"); at; at = strstr(at, "```ode\n")) {
    at += strlen("```ode\n");
    char *end = strstr(at, "```");
    assert_non_null(end);
    og_model *model = NULL;
    CHECK(context, og_model_create_from_text(context, path, at, (size_t)(end - at), &model));
    double t0 = 0, t1 = 0;
    if (og_model_span(model, &t0, &t1) == OG_OK && og_model_inputs(model) == 0) {
      solve_whole(context, model, t0, t1);
      solved++;
    }
    og_model_destroy(model);
    at = end;
    count++;
  }
  assert_in_range(count, least, 100);
  assert_in_range(solved, least_solved, 100);
  free(text);
  og_context_destroy(context);
}

static void language(void **state) { (void)state, models_of("docs/language.md", 5, 5); }
static void readme(void **state) { (void)state, models_of("README.md", 1, 0); }

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(language), cmocka_unit_test(readme)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
