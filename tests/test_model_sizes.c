/* Models of every size: each kind of thing once, and as often as makes every list grow, with the values that
 * it must have; and each limit of the language, just within it and just beyond. Blocks of memory are fenced
 * (counting.h), so that a list that is too short is noticed. */
#include <math.h>

#include "counting.h"

static const size_t sizes[] = {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129};
enum { SIZES = sizeof sizes / sizeof *sizes, TEXT_MOST = 1 << 16 };

static char text[TEXT_MOST];
static size_t used;

__attribute__((format(printf, 1, 2))) static void add(const char *format, ...) {
  va_list list;
  va_start(list, format);
  used += (size_t)vsnprintf(text + used, sizeof text - used, format, list);
  va_end(list);
  assert_true(used < sizeof text);
}

static void begin(void) { used = 0, text[0] = '\0'; }

static void repeat(const char *part, size_t times) {
  for (size_t i = 0; i < times; i++) add("%s", part);
}

static counter count;

static og_context *fenced(void) {
  og_context *context;
  count = (counter){0};
  assert_int_equal(og_context_create(counter_allocate, counter_release, &count, &context), OG_OK);
  return context;
}

static og_model *parse(og_context *context) {
  og_model *model = NULL;
  if (og_model_create_from_text(context, "m.ode", text, used, &model) != OG_OK)
    fail_msg("%.300s\n%s", text, og_context_message(context));
  return model;
}

static void end(og_context *context, og_model *model) {
  og_model_destroy(model);
  og_context_destroy(context);
  assert_int_equal(count.live, 0);
}

/* ---- How many of each ---- */

static void parameters_and_states(void **state) {
  (void)state;
  for (size_t k = 0; k < SIZES; k++) {
    size_t n = sizes[k];
    double theta[129], x0[129];
    begin();
    for (size_t i = 0; i < n; i++)
      add("param p%zu = %zu in [0, %zu]\ninit x%zu = 2*p%zu\n", i, i + 1, i + 2, i, i);
    for (size_t i = 0; i < n; i++) add("x%zu' = -x%zu\n", i, n - 1 - i);
    og_context *context = fenced();
    og_model *model = parse(context);
    assert_int_equal(og_model_parameters(model), n);
    assert_int_equal(og_model_states(model), n);
    assert_int_equal(og_model_values(model, theta), OG_OK);
    assert_int_equal(og_model_initial_state(model, 0, theta, x0), OG_OK);
    for (size_t i = 0; i < n; i++) {
      char name[40];
      og_parameter_info parameter = {OG_INIT(og_parameter_info)};
      og_state_info info = {OG_INIT(og_state_info)};
      assert_true(theta[i] == (double)(i + 1) && x0[i] == (double)(2 * i + 2));
      assert_int_equal(og_model_parameter(model, i, &parameter), OG_OK);
      snprintf(name, sizeof name, "p%zu", i);
      assert_string_equal(parameter.name, name);
      assert_true(parameter.offset == i && parameter.rows == 1 && parameter.columns == 1 &&
                  parameter.dimensions == 0);
      assert_int_equal(og_model_state(model, i, &info), OG_OK);
      snprintf(name, sizeof name, "x%zu", i);
      assert_string_equal(info.name, name);
      assert_true(info.offset == i && info.rows == 1);
    }
    end(context, model);
  }
}

/* A chain of definitions, each of which needs the one below it, and constants. */
static void definitions_and_constants(void **state) {
  (void)state;
  for (size_t k = 0; k < SIZES; k++) {
    double x0, sum = 0;
    begin();
    add("init x = d0\nx' = -x\n");
    for (size_t i = 0; i < sizes[k]; i++) {
      add("const c%zu = %zu\nd%zu = d%zu + c%zu\n", i, i, i, i + 1, i);
      sum += (double)i;
    }
    add("d%zu = 0.5\n", sizes[k]);
    og_context *context = fenced();
    og_model *model = parse(context);
    assert_int_equal(og_model_initial_state(model, 0, NULL, &x0), OG_OK);
    assert_true(x0 == sum + 0.5);
    end(context, model);
  }
}

/* Vectors and matrices entry by entry, and sums, brackets and arguments one after the other. */
static void entries_and_terms(void **state) {
  (void)state;
  for (size_t k = 1; k < SIZES; k++) { /* of one entry it is a scalar */
    size_t n = sizes[k];
    double x0[4], total = (double)(n * (n + 1)) / 2;
    begin();
    add("const v = [1");
    for (size_t i = 1; i < n; i++) add(", %zu", i + 1);
    add("]\nconst A = [");
    for (size_t i = 0; i < n; i++) add("%s[%zu, 1]", i ? ", " : "", i);
    add("]\ninit x = [sum(v), sum(A*[1, 2]), v[%zu], 0", n);
    for (size_t i = 0; i < n; i++) add(" + %zu", i + 1);
    add("]\nx' = -x\n");
    og_context *context = fenced();
    og_model *model = parse(context);
    assert_int_equal(og_model_initial_state(model, 0, NULL, x0), OG_OK);
    assert_true(x0[0] == total && x0[1] == total - (double)n + 2 * (double)n && x0[2] == (double)n &&
                x0[3] == total);
    end(context, model);
  }
}

static void inputs_and_observations(void **state) {
  (void)state;
  for (size_t k = 0; k < SIZES; k++) {
    size_t n = sizes[k];
    double theta[129], location[129], x = 3;
    begin();
    add("init x = 3\nx' = -x\n");
    for (size_t i = 0; i < n; i++) add("input u%zu\nobserve y%zu ~ normal(x + u%zu, 1)\n", i, i, i);
    og_context *context = fenced();
    og_model *model = parse(context);
    assert_int_equal(og_model_inputs(model), n);
    assert_int_equal(og_model_observed(model), n);
    for (size_t i = 0; i < n; i++) {
      char name[40];
      snprintf(name, sizeof name, "u%zu", i), assert_string_equal(og_model_input_name(model, i), name);
      snprintf(name, sizeof name, "y%zu", i), assert_string_equal(og_model_observed_name(model, i), name);
      theta[i] = (double)i;
    }
    assert_int_equal(og_model_predict(model, 0, &x, theta, location), OG_OK);
    for (size_t i = 0; i < n; i++) assert_true(location[i] == 3 + (double)i);
    end(context, model);
  }
}

static void events(void **state) {
  (void)state;
  for (size_t k = 0; k < SIZES; k++) {
    size_t n = sizes[k];
    begin();
    add("init x = 0, z = 0\nx' = 1\nz' = 0\n");
    for (size_t i = 0; i < n; i++) add("event e%zu when x - %zu = 0 rising { z = z + %zu }\n", i, i + 1, i);
    og_context *context = fenced();
    og_model *model = parse(context);
    const og_field *field = og_model_field(model);
    for (size_t i = 0; i < n; i++) {
      char name[40];
      snprintf(name, sizeof name, "e%zu", i);
      assert_string_equal(og_field_event(field, (int)i)->name, name);
      assert_int_equal(og_field_event(field, (int)i)->terminal, 0);
    }
    assert_null(og_field_event(field, (int)n));
    end(context, model);
  }
}

/* ---- Limits ---- */

/* NULL: it is taken. */
static void is_said(const char *message) {
  og_context *context = new_context();
  og_model *model = NULL;
  og_status status = og_model_create_from_text(context, "m.ode", text, used, &model);
  const char *said = og_context_message(context);
  if (!message && status != OG_OK) fail_msg("refused: %.300s", said);
  if (message && (status != OG_ERR_MODEL || !strstr(said, message)))
    fail_msg("%.300s\nand not\n%s", said, message);
  og_model_destroy(model);
  og_context_destroy(context);
}

static void terms(void **state) {
  (void)state;
  static const char *const parts[] = {" + 1", " * 1", " - 1", " || 1"};
  for (size_t i = 0; i < 3; i++)
    for (size_t n = 999; n <= 1001; n++) {
      begin();
      add("init x = 1"), repeat(parts[i], n), add("\nx' = -x\n");
      is_said(n > 1000 ? "m.ode:1:4012: error: an expression of over 1000 terms" : NULL);
    }
  begin(); /* of products, a sum of many is two levels */
  add("init x = 1"), repeat("*2 + 1", 1000), add("\nx' = -x\n");
  is_said(NULL);
}

static void depths(void **state) {
  (void)state;
  for (size_t n = 1; n <= 320; n++) { /* the statement's expression and the number are levels too */
    begin();
    add("init x = "), repeat("-", n), add("1\nx' = -x\n");
    is_said(n > 298 ? "expressions are nested too deeply here (over 300)" : NULL);
  }
  begin();
  add("init x = x0\nparam x0 = 1\nx' = x"), repeat("[1]", 9), add("\n");
  is_said("m.ode:3:32: error: too many indices, one after another");
  begin();
  add("init x = x0\nparam x0 = 1\nx' = x"), repeat("[1]", 8), add("\n");
  og_context *context = new_context();
  og_model *model;
  assert_int_equal(og_model_create_from_text(context, "m.ode", text, used, &model), OG_ERR_MODEL);
  assert_null(strstr(og_context_message(context), "too many indices"));
  og_context_destroy(context);
}

/* The innermost bracket that is open is shown; each takes two levels. */
static void open_brackets(void **state) {
  (void)state;
  static const size_t counts[] = {1, 2, 63, 64, 65, 127, 128, 129, 149};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    char message[80];
    begin();
    add("x' = "), repeat("(", counts[i]), add("1\nparam k = 1\n");
    snprintf(message, sizeof message, "m.ode:1:%zu: error: this bracket is not closed", 5 + counts[i]);
    is_said(message);
  }
  for (size_t n = 150; n < 1000; n += 50) {
    begin();
    add("x' = "), repeat("(", n), add("1\nparam k = 1\n");
    is_said("m.ode:1:156: error: expressions are nested too deeply here (over 300)");
  }
}

static void shapes(void **state) {
  (void)state;
  static const struct {
    const char *text, *message;
  } cases[] = {
      {"param a[1000000] = 0\n", NULL},
      {"param a[1000001] = 0\n",
       "m.ode:1:9: error: a shape is a whole number from 1 to 1000000, not 1000001"},
      {"param a[1000, 1000] = 0\n", NULL},
      {"param a[1000, 1001] = 0\n", "m.ode:1:7: error: over 1000000 entries"},
      {"param a[0] = 0\n", "m.ode:1:9: error: a shape is a whole number from 1 to 1000000, not 0"},
      {"param a[1] = 0\n", NULL},
      {"param a[1.5] = 0\n", "m.ode:1:9: error: a shape is a whole number from 1 to 1000000, not 1.5"},
      {"param a[999999] = 0\nparam b = 0\n", NULL},
      {"param a[1000000] = 0\nparam b = 0\n", "m.ode:2:7: error: over 1000000 parameters in all"},
      {"input u[10000]\n", NULL},
      {"input u[9999]\ninput v\n", NULL},
      {"input u[10000]\ninput v\n", "m.ode:2:7: error: over 10000 input columns in all"},
      {"input u[10001]\n", "m.ode:1:7: error: over 10000 input columns in all"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    begin();
    add("%sinit x = 1\nx' = -x\n", cases[i].text);
    is_said(cases[i].message);
  }
}

/* Wherever it stands; its place counts from 1. */
static void bytes_that_are_no_text(void **state) {
  (void)state;
  static const char model[] = "init x = 1\nx' = -x\n";
  for (size_t i = 0; i < sizeof model - 1; i++) {
    char message[100];
    begin();
    add("%s", model);
    text[i] = '\0';
    snprintf(message, sizeof message, "m.ode: byte %zu is NUL: a model is plain text", i + 1);
    is_said(message);
  }
}

/* Twenty errors are told, and how many more there are. */
static void numbers_of_errors(void **state) {
  (void)state;
  for (size_t n = 1; n <= 23; n++) {
    begin();
    add("init x = 1\nx' = -x\n");
    for (size_t i = 0; i < n; i++) add("d%zu = unknown%zu\n", i, i);
    og_context *context = new_context();
    og_model *model;
    assert_int_equal(og_model_create_from_text(context, "m.ode", text, used, &model), OG_ERR_MODEL);
    const char *said = og_context_message(context);
    size_t told = 0;
    for (const char *at = strstr(said, ": error: "); at; at = strstr(at + 1, ": error: ")) told++;
    assert_int_equal(told, n < 20 ? n : 20);
    char more[40];
    snprintf(more, sizeof more, "\nand %zu more error%s", n - 20, n == 21 ? "" : "s");
    const char *last = strrchr(said, '\n');
    if (n > 20)
      assert_string_equal(last, more);
    else
      assert_null(strstr(said, "\nand "));
    og_context_destroy(context);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(parameters_and_states),
                                     cmocka_unit_test(definitions_and_constants),
                                     cmocka_unit_test(entries_and_terms),
                                     cmocka_unit_test(inputs_and_observations),
                                     cmocka_unit_test(events),
                                     cmocka_unit_test(terms),
                                     cmocka_unit_test(depths),
                                     cmocka_unit_test(open_brackets),
                                     cmocka_unit_test(shapes),
                                     cmocka_unit_test(bytes_that_are_no_text),
                                     cmocka_unit_test(numbers_of_errors)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
