/* The tool's command line, by the table of its options: each is taken once, with a value or without, by the
 * verbs that know it and no others; the values that the tool reads itself, and how it prints texts and
 * numbers. */
#include "counting.h"

#include <fcntl.h>
#include <math.h>
#include <unistd.h>

#pragma push_macro("fail") /* of cmocka: the tool has a function of that name */
#undef fail
#define fail tool_fail
#include "cli.h"
#pragma pop_macro("fail")

static const struct {
  verb_id id;
  const char *name;
} verbs[] = {{VERB_SOLVE, "solve"},
             {VERB_GRAD, "grad"},
             {VERB_CHECK, "check"},
             {VERB_FIT, "fit"},
             {VERB_PREDICT, "predict"}};
enum { VERBS = sizeof verbs / sizeof *verbs };

/* What was said of the last parsing. */
static char said[4096];

/* The arguments' strings must outlive what is parsed of them. */
static int parse(size_t verb, arguments *a, int count, char **words) {
  char path[] = "/tmp/odegrad-arguments-XXXXXX";
  int file = mkstemp(path), standard_error = dup(STDERR_FILENO);
  assert_true(file >= 0 && standard_error >= 0);
  fflush(stderr);
  dup2(file, STDERR_FILENO);
  *a = (arguments){.verb = verbs[verb].id, .verb_name = verbs[verb].name};
  int status = parse_arguments(count, words, a);
  fflush(stderr);
  dup2(standard_error, STDERR_FILENO);
  ssize_t length = pread(file, said, sizeof said - 1, 0);
  said[length > 0 ? length : 0] = '\0';
  close(file), close(standard_error), unlink(path);
  return status;
}

#define PARSE(verb, a, ...)                                                                                  \
  parse(verb, a, (int)(sizeof((char *[]){__VA_ARGS__}) / sizeof(char *)), (char *[]){__VA_ARGS__})

/* A value that the option takes. */
static const char *value_of(size_t index) {
  return index == FLAG_SET ? "k=1" : index == FLAG_TIMES ? "0:4:5" : index == FLAG_SIZE ? "800x500" : "value";
}

static void refused(int status, const char *what) {
  assert_int_equal(status, EXIT_USAGE);
  assert_contains(said, what);
  assert_contains(said, "--help'.\n"); /* where to look */
}

static void check_switch(size_t verb, size_t index, const char *option) {
  arguments a;
  char with_value[128], what[256];
  snprintf(with_value, sizeof with_value, "%s=1", option);
  assert_int_equal(PARSE(verb, &a, "m", (char *)option, "--data", "d"), EXIT_DONE);
  assert_true(a.values[index] && !*a.values[index] && a.values[FLAG_DATA]);
  free_arguments(&a);
  snprintf(what, sizeof what, "%s takes no value", option);
  refused(PARSE(verb, &a, "m", with_value, "--data", "d"), what);
  free_arguments(&a);
}

static void check_value(size_t verb, size_t index, const char *option) {
  arguments a;
  char together[128], empty[128], what[256];
  snprintf(together, sizeof together, "%s=%s", option, value_of(index));
  snprintf(empty, sizeof empty, "%s=", option);
  snprintf(what, sizeof what, "%s needs a value: %s ", option, option);
  for (int apart = 0; apart < 2; apart++) {
    int status = apart ? PARSE(verb, &a, "m", "--data=d", (char *)option, (char *)value_of(index))
                       : PARSE(verb, &a, "m", together, "--data", "d");
    if (index == FLAG_DATA) { /* which is there already */
      refused(status, "--data is given twice");
    } else {
      assert_int_equal(status, EXIT_DONE);
      const char *got = index == FLAG_SET ? a.sets[0] : a.values[index];
      assert_string_equal(got, value_of(index));
    }
    free_arguments(&a);
  }
  refused(PARSE(verb, &a, "m", (char *)option), what);
  free_arguments(&a);
  refused(PARSE(verb, &a, "m", empty), what);
  free_arguments(&a);
  refused(PARSE(verb, &a, "m", (char *)option, "--quiet"), what);
  free_arguments(&a);
}

static void check_twice(size_t verb, size_t index, const char *option, int valued) {
  arguments a;
  char *value = (char *)value_of(index), what[256];
  snprintf(what, sizeof what, "%s is given twice", option);
  int status = valued ? PARSE(verb, &a, "m", (char *)option, value, (char *)option, value)
                      : PARSE(verb, &a, "m", (char *)option, (char *)option);
  refused(status, index == FLAG_SET ? "--set gives k twice" : what);
  free_arguments(&a);
}

static void every_option_of_every_verb(void **state) {
  (void)state;
  for (size_t verb = 0; verb < VERBS; verb++)
    for (size_t index = 0; index < option_rows(); index++) {
      option_row row = option_row_of(index);
      arguments a;
      char option[40];
      snprintf(option, sizeof option, "--%s", row.name);
      if (!(row.verbs & (int)verbs[verb].id)) {
        refused(PARSE(verb, &a, "m", option, "x"), " is an option of ");
        free_arguments(&a);
        continue;
      }
      if (index != FLAG_SET || !(verbs[verb].id & (VERB_FIT | VERB_PREDICT))) /* which ask for data first */
        check_twice(verb, index, option, row.value != NULL);
      if (index == FLAG_HELP) continue;
      if (row.value)
        check_value(verb, index, option);
      else
        check_switch(verb, index, option);
    }
}

static void options_of_one_verb(void **state) {
  (void)state;
  static const struct {
    const char *option;
    int verbs;
    const char *of;
  } rows[] = {{"--hessian", VERB_GRAD, "grad"},
              {"--probabilities", VERB_PREDICT, "predict"},
              {"--checkpoint", VERB_FIT, "fit"},
              {"--resume", VERB_FIT, "fit"},
              {"--loss-plot", VERB_FIT, "fit"},
              {"--optimizer", VERB_FIT, "fit"},
              {"--nesterov", VERB_FIT, "fit"},
              {"--times", VERB_ALL & ~VERB_PREDICT, "the other verbs"},
              {"--phase", VERB_ALL & ~VERB_CHECK, "the other verbs"},
              {"--log-x", VERB_ALL & ~VERB_CHECK, "the other verbs"},
              {"--log-y", VERB_ALL & ~VERB_CHECK, "the other verbs"}};
  for (size_t verb = 0; verb < VERBS; verb++)
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
      arguments a;
      char what[256];
      snprintf(what, sizeof what, "%s is an option of %s, not of %s\n", rows[i].option, rows[i].of,
               verbs[verb].name);
      int status = PARSE(verb, &a, "m", (char *)rows[i].option, "1", "--help");
      int known = strstr(said, "is an option of") == NULL;
      assert_int_equal(known, (rows[i].verbs & (int)verbs[verb].id) != 0);
      if (!known) refused(status, what);
      free_arguments(&a);
    }
}

static void what_comes_between(void **state) {
  (void)state;
  arguments a;
  assert_int_equal(PARSE(0, &a, "--set", "k=1", "--", "--model"), EXIT_DONE); /* names alone behind -- */
  assert_string_equal(a.model, "--model");
  assert_string_equal(a.model_name, "--model");
  free_arguments(&a);
  assert_int_equal(PARSE(0, &a, "-", "--set", "k=1", "--set=kk=2", "--set", "a=b=c"), EXIT_DONE);
  assert_string_equal(a.model_name, "standard input");
  assert_int_equal(a.set_count, 3);
  assert_string_equal(a.sets[2], "a=b=c");
  free_arguments(&a);
  assert_int_equal(PARSE(0, &a, "m", "--atol", "1e-3", "--atol", "x=1", "--atol=y=2,z=3"), EXIT_DONE);
  assert_string_equal(a.values[FLAG_COUNT + OG_OPT_ATOL], "1e-3");
  assert_int_equal(a.state_atol_count, 2);
  assert_string_equal(a.state_atols[1], "y=2,z=3");
  free_arguments(&a);
  assert_int_equal(PARSE(3, &a, "-h", "--nonsense"), EXIT_USAGE);
  free_arguments(&a);
  assert_int_equal(PARSE(3, &a, "-h"), EXIT_DONE); /* needs neither model nor data */
  assert_non_null(a.values[FLAG_HELP]);
  free_arguments(&a);
  assert_int_equal(PARSE(1, &a, "m", "--data", "-1", "--times", "-1:4:3"),
                   EXIT_DONE); /* negative values are no options */
  assert_true(a.first_time == -1 && a.last_time == 4 && a.time_count == 3);
  free_arguments(&a);
}

static void what_is_missing_or_too_much(void **state) {
  (void)state;
  arguments a;
  refused(PARSE(0, &a, "--quiet"), "solve needs a model: odegrad solve MODEL");
  free_arguments(&a);
  refused(PARSE(0, &a, "m", "n"), "solve takes one model; there are two: m and n");
  free_arguments(&a);
  for (size_t verb = 0; verb < VERBS; verb++) {
    int needs = verbs[verb].id == VERB_FIT || verbs[verb].id == VERB_PREDICT;
    assert_int_equal(PARSE(verb, &a, "m"), needs ? EXIT_USAGE : EXIT_DONE);
    if (needs) assert_contains(said, "needs data: odegrad");
    free_arguments(&a);
  }
  char *inputs[][5] = {{"-", "--data", "-", "--params", "p"},
                       {"-", "--data", "d", "--params", "-"},
                       {"m", "--data", "-", "--params", "-"}};
  for (int i = 0; i < 3; i++) {
    refused(parse(1, &a, 5, inputs[i]), "only one of MODEL, --data and --params can be -, standard input");
    free_arguments(&a);
    inputs[i][i == 2 ? 4 : 0] = "f";
    assert_int_equal(parse(1, &a, 5, inputs[i]), EXIT_DONE);
    free_arguments(&a);
  }
  static const char *const sets[] = {"k", "=1", "k="};
  for (int i = 0; i < 3; i++) {
    refused(PARSE(0, &a, "m", "--set", (char *)sets[i]), "expected NAME=VALUE, as in alpha=0.5");
    free_arguments(&a);
  }
}

static void times(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t count;
    double first, last;
  } rows[] = {{"0:1:2", 2, 0, 1},         {"1:0:2", 2, 1, 0},   {"-1e3:.5:100000000", 100000000, -1e3, 0.5},
              {"0:1:1", 0, 0, 0},         {"0:1:0", 0, 0, 0},   {"0:1:-2", 0, 0, 0},
              {"0:1:2.5", 0, 0, 0},       {"1:1:2", 0, 0, 0},   {"0:1:100000001", 0, 0, 0},
              {"0:1", 0, 0, 0},           {"0:1:", 0, 0, 0},    {":1:2", 0, 0, 0},
              {"0:1:2:3", 0, 0, 0},       {"0,1,2", 0, 0, 0},   {"inf:1:2", 0, 0, 0},
              {"0:nan:2", 0, 0, 0},       {"0:1:inf", 0, 0, 0}, {"0x:1:2", 0, 0, 0},
              {"-1e308:1e308:2", 0, 0, 0}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    arguments a;
    int status = PARSE(0, &a, "m", "--times", (char *)rows[i].text);
    if ((status == EXIT_DONE) != (rows[i].count > 0)) fail_msg("%s", rows[i].text);
    if (status == EXIT_DONE)
      assert_true(a.time_count == rows[i].count && a.first_time == rows[i].first &&
                  a.last_time == rows[i].last);
    else
      assert_contains(said, i == 18  ? "further than numbers go"
                            : i == 8 ? "N is at most 100000000"
                                     : "expected A:B:N");
    free_arguments(&a);
  }
}

static void sizes(void **state) {
  (void)state;
  static const char *const good[] = {"200x4000", "4000x200", "800x500"};
  static const char *const bad[] = {"199x500",   "500x199",  "4001x500", "500x4001", "800.5x500",
                                    "800x500.5", "800",      "800x",     "x500",     "800X500",
                                    "800x500x",  "-800x500", "800x-500"};
  arguments a;
  for (int i = 0; i < 3; i++) {
    int width, height;
    assert_int_equal(sscanf(good[i], "%dx%d", &width, &height), 2);
    assert_int_equal(PARSE(0, &a, "m", "--size", (char *)good[i]), EXIT_DONE);
    assert_true(a.width == width && a.height == height);
    free_arguments(&a);
  }
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    if (PARSE(0, &a, "m", "--size", (char *)bad[i]) != EXIT_USAGE) fail_msg("%s", bad[i]);
    assert_contains(said, "200 to 4000 each, as in 800x500");
    free_arguments(&a);
  }
}

/* ---- Texts, numbers and JSON, as all verbs print them ---- */

static void texts_of_any_length(void **state) {
  (void)state;
  char word[300];
  for (size_t length = 0; length < sizeof word; length += 1 + length / 3) {
    memset(word, 'w', length), word[length] = '\0';
    char *joined = join("%s", word), *twice = join("%s-%s", word, word);
    assert_string_equal(joined, word);
    assert_int_equal(strlen(twice), 2 * length + 1);
    free(joined), free(twice);
  }
}

/* The shortest of 15 to 17 digits that reads back to the same double. */
static void numbers_of_17_digits(void **state) {
  (void)state;
  static const struct {
    double value;
    const char *text;
  } rows[] = {{0.1, "0.1"},
              {0.1 + 0.2, "0.30000000000000004"},
              {1.0 / 3, "0.3333333333333333"},
              {-2, "-2"},
              {1e22, "1e+22"},
              {5e-324, "4.94065645841247e-324"},
              {0x1p53, "9007199254740992"},
              {0.1 + 0.7, "0.7999999999999999"}};
  char text[NUMBER_SIZE];
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    assert_string_equal(number_text(rows[i].value, text), rows[i].text);
    assert_true(strtod(text, NULL) == rows[i].value);
  }
}

static void prints(cJSON *item, const char *expected) {
  char *text = cJSON_PrintUnformatted(item);
  assert_string_equal(text, expected);
  cJSON_free(text);
  cJSON_Delete(item);
}

static void arrays_in_json(void **state) {
  (void)state;
  static const double values[] = {1, 2.5, -3, 4, 5, 6};
  const double none[] = {(double)NAN, (double)INFINITY, 1};
  prints(json_array(values + 1, 1, 1), "2.5");
  prints(json_array(values, 3, 1), "[1,2.5,-3]");
  prints(json_array(values, 1, 3), "[[1,2.5,-3]]");
  prints(json_array(values, 2, 3), "[[1,2.5,-3],[4,5,6]]");
  prints(json_array(values, 3, 2), "[[1,2.5],[-3,4],[5,6]]");
  prints(json_array(values, 0, 1), "[]");
  prints(json_list(values, 1), "[1]");
  prints(json_list(none, 3), "[null,null,1]");
  prints(json_count(9007199254740993), "9007199254740993"); /* no double */
  prints(json_parameter(&(og_parameter_info){.rows = 1, .columns = 1, .offset = 2, .dimensions = 0}, values),
         "-3");
  prints(json_parameter(&(og_parameter_info){.rows = 1, .columns = 1, .offset = 2, .dimensions = 1}, values),
         "[-3]");
  prints(json_parameter(&(og_parameter_info){.rows = 2, .columns = 1, .offset = 1, .dimensions = 2}, values),
         "[[2.5],[-3]]");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_option_of_every_verb),
                                     cmocka_unit_test(options_of_one_verb),
                                     cmocka_unit_test(what_comes_between),
                                     cmocka_unit_test(what_is_missing_or_too_much),
                                     cmocka_unit_test(times),
                                     cmocka_unit_test(sizes),
                                     cmocka_unit_test(texts_of_any_length),
                                     cmocka_unit_test(numbers_of_17_digits),
                                     cmocka_unit_test(arrays_in_json)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
