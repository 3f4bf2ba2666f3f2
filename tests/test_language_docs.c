/* Every ```ode block of the documentation is a model that can be read. */
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

static void models_of(const char *path, int least) {
  og_context *context = new_context();
  char *text = read_whole(path);
  int count = 0;
  for (char *at = strstr(text, "```ode\n"); at; at = strstr(at, "```ode\n")) {
    at += strlen("```ode\n");
    char *end = strstr(at, "```");
    assert_non_null(end);
    og_model *model = NULL;
    CHECK(context, og_model_parse(context, path, at, (size_t)(end - at), &model));
    og_model_destroy(model);
    at = end;
    count++;
  }
  assert_in_range(count, least, 100);
  free(text);
  og_context_destroy(context);
}

static void language(void **state) { (void)state, models_of("docs/language.md", 5); }
static void readme(void **state) { (void)state, models_of("README.md", 1); }

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(language), cmocka_unit_test(readme)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
