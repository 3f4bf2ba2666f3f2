/* What is said of a model in which one word is missing, is there twice, is another one or the last one: every
 * word of tests/language/sample.ode in turn, against tests/language/broken.txt, which was read. Its first
 * column says where and what, the second one the errors and helps; "-" is a model still. ODEGRAD_BROKEN=FILE
 * writes it anew. */
#include <ctype.h>

#include "counting.h"

enum { TEXT_MOST = 4096, LINE_MOST = 2048 };

static char sample[TEXT_MOST], broken[TEXT_MOST + 64];

static void read_sample(void) {
  FILE *file = fopen("tests/language/sample.ode", "r");
  assert_non_null(file);
  size_t length = fread(sample, 1, sizeof sample - 1, file);
  sample[length] = '\0';
  fclose(file);
  assert_true(length > 0);
}

/* A name, a number or a sign, from here; 0: a blank or the rest of a comment. */
static size_t length_of_word(const char *at) {
  size_t length = 0;
  if (isspace((unsigned char)*at) || *at == '#') return 0;
  if (isalnum((unsigned char)*at) || (*at == '.' && isdigit((unsigned char)at[1]))) {
    while (isalnum((unsigned char)at[length]) || at[length] == '_' || at[length] == '.' ||
           (at[length] == '-' && length && at[length - 1] == 'e' && isdigit((unsigned char)at[0])))
      length++;
    return length;
  }
  static const char *const doubles[] = {"<=", ">=", "==", "!=", "&&", "||"};
  for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++)
    if (strncmp(at, doubles[i], 2) == 0) return 2;
  return 1;
}

/* The errors and helps of the message, without the lines that are quoted. */
static void say(char line[LINE_MOST]) {
  og_context *context = new_context();
  og_model *model = NULL;
  og_status status = og_model_create_from_text(context, "m", broken, strlen(broken), &model);
  size_t used = strlen(line);
  if (status == OG_OK) {
    snprintf(line + used, LINE_MOST - used, " | -");
  } else {
    char message[1 << 14], *rest;
    snprintf(message, sizeof message, "%s", og_context_message(context));
    for (char *part = strtok_r(message, "\n", &rest); part; part = strtok_r(NULL, "\n", &rest)) {
      part += strspn(part, " ");
      if (strncmp(part, "m:", 2) != 0 && strncmp(part, "help: ", 6) != 0 && strncmp(part, "and ", 4) != 0)
        continue;
      used += (size_t)snprintf(line + used, LINE_MOST - used, " | %s", part);
      assert_true(used < LINE_MOST);
    }
  }
  og_model_destroy(model);
  og_context_destroy(context);
}

/* Writes a line for each word and edit, or compares it with the next one. */
static void every_word(void **state) {
  (void)state;
  static const char *const edits[] = {"without", "twice", "$ for", "k for", "ends at", "== for"};
  const char *to = getenv("ODEGRAD_BROKEN");
  FILE *file = fopen(to ? to : "tests/language/broken.txt", to ? "w" : "r");
  int row = 1, compared = 0;
  assert_non_null(file);
  read_sample();
  const char *start = sample;
  for (const char *at = sample; *at;) {
    size_t length = length_of_word(at);
    if (*at == '\n') row++, start = at + 1;
    if (*at == '#') at += strcspn(at, "\n");
    if (length == 0) {
      at += *at && *at != '\n' ? 1 : *at == '\n';
      if (at > sample && at[-1] == '\n' && start != at) row++, start = at;
      continue;
    }
    for (int edit = 0; edit < (*at == '=' && length == 1 ? 6 : 5); edit++) {
      char line[LINE_MOST], expected[LINE_MOST];
      const char *in_place = edit == 2 ? "$" : edit == 3 ? "k" : edit == 5 ? "==" : "";
      snprintf(line, sizeof line, "%d:%d %s %.*s", row, (int)(at - start) + 1, edits[edit], (int)length, at);
      if (edit == 4)
        snprintf(broken, sizeof broken, "%.*s", (int)(at + length - sample), sample);
      else
        snprintf(broken, sizeof broken, "%.*s%.*s%s%s", (int)(at - sample), sample,
                 edit == 1 ? (int)length : 0, at, edit == 1 ? " " : in_place, edit == 1 ? at : at + length);
      say(line);
      if (to) {
        fprintf(file, "%s\n", line);
        continue;
      }
      if (!fgets(expected, sizeof expected, file)) fail_msg("broken.txt ends before: %s", line);
      expected[strcspn(expected, "\n")] = '\0';
      if (strcmp(line, expected) != 0) fail_msg("\n%s\nand not\n%s", line, expected);
      compared++;
    }
    at += length;
  }
  fclose(file);
  assert_true(to || compared > 800);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_word)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
