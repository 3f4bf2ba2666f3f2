/* What is said of nets and layers that are called wrongly: each error once, where it is, all of a statement's
 * errors at once and none that follows from another one; and of words and names that are not known. */
#include <ctype.h>

#include "counting.h"
#include "fields.h"
#include "model/hints.h"
#include "model/model.h"

static const struct {
  const char *call, *said; /* said: columns count from the call's first letter, which is 1 */
} cases[] = {
    {"f(x)", ""},
    {"f([x[1], z])", ""},
    {"dense(x, 1)", ""},
    {"dense([x, z], 2*1 - 1; tanh)", ""},
    {"f(z)", "3: error: f takes 2 values, but z has 1\n"},
    {"f([x, z])", "3: error: f takes 2 values, but [x, z] has 3\n"},
    {"g([x, z])", "3: error: g takes 1 value, but [x, z] has 3\n"},
    {"f([x, z, 3, 4, 5, 6, 7, 8, 9, 10, 11, 123])",
     "3: error: f takes 2 values, but [x, z, 3, 4, 5, 6, 7, 8, 9, 10, 11, 123] has 13\n"},
    {"f([x, z, 3, 4, 5, 6, 7, 8, 9, 10, 11, 1233])", "3: error: f takes 2 values, but this has 13\n"},
    {"f([x, 3 +\n 1])", "3: error: f takes 2 values, but this has 3\n"},
    {"f(x, z)", "1: error: a net takes one vector\nhelp: several values are joined in brackets: f([a, b])\n"},
    {"f(x; tanh)",
     "1: error: a net takes one vector\nhelp: several values are joined in brackets: f([a, b])\n"},
    {"f(q)", "3: error: unknown name 'q'\n"},
    {"dense(x)", "1: error: dense takes a vector and the number of outputs\nhelp: dense(x, 16; tanh)\n"},
    {"dense(x, 1, 2)",
     "1: error: dense takes a vector and the number of outputs\nhelp: dense(x, 16; tanh)\n"},
    {"dense(x, 0)", "10: error: a layer's size is a whole number from 1 to 1000000, not 0\n"},
    {"dense(x, -1)", "10: error: a layer's size is a whole number from 1 to 1000000, not -1\n"},
    {"dense(x, 1.5)", "10: error: a layer's size is a whole number from 1 to 1000000, not 1.5\n"},
    {"dense(x, 1000001)[1]", "10: error: a layer's size is a whole number from 1 to 1000000, not 1000001\n"},
    {"dense(x, 400000)[1]", "1: error: over 1000000 parameters in all\n"},
    {"dense(x, 333329)[1]", "1: error: over 1000000 parameters in all\n"},
    {"dense(x, k)",
     "10: error: a layer's size must be a constant expression: numbers, consts and functions of them\n"},
    {"dense(q, 1)", "7: error: unknown name 'q'\n"},
    {"dense(x, 1; thanh)", "13: error: unknown activation 'thanh'\nhelp: did you mean 'tanh'?\n"},
    {"dense(x, 1; tanh, tanh)", "19: error: only the activation, which stands first, has no name\nhelp: the "
                                "others are written final = ..., weights = ... and bias = ...\n"},
    {"dense(q, 1; thanh)",
     "7: error: unknown name 'q'\n13: error: unknown activation 'thanh'\nhelp: did you mean 'tanh'?\n"},
    {"dense(q, 0)",
     "7: error: unknown name 'q'\n10: error: a layer's size is a whole number from 1 to 1000000, not 0\n"},
};

static const char head[] = "param k = 1\nnet f = mlp(2, 3, 1; tanh)\nnet g = mlp(1, 1)\n"
                           "init x = [1, 2]\ninit z = 0\nx' = -x\nz' = ";

/* "m.ode:7:8: error: ..." becomes "3: error: ...": line 7, columns from the call on; quoted lines are left
 * out. */
static void shorten(const char *message, char *said, size_t size) {
  size_t used = 0;
  said[0] = '\0';
  for (const char *line = message; *line && used < size; line += strcspn(line, "\n"), line += *line == '\n') {
    int length = (int)strcspn(line, "\n"), column, skipped = 0;
    const char *help = strstr(line, "help: ");
    if (sscanf(line, "m.ode:7:%d%n", &column, &skipped) == 1)
      used += (size_t)snprintf(said + used, size - used, "%d%.*s\n", column - 5, length - skipped,
                               line + skipped);
    else if (help && help - line < 4)
      used += (size_t)snprintf(said + used, size - used, "%.*s\n", length - (int)(help - line), help);
  }
}

static void calls(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    og_context *context = new_context();
    og_model *model = NULL;
    char text[600], said[600];
    snprintf(text, sizeof text, "%s%s\n", head, cases[i].call);
    og_status status = og_model_create_from_text(context, "m.ode", text, strlen(text), &model);
    assert_int_equal(status == OG_OK, !*cases[i].said);
    shorten(status == OG_OK ? "" : og_context_message(context), said, sizeof said);
    if (strcmp(said, cases[i].said) != 0) fail_msg("%s\n%s\nand not\n%s", cases[i].call, said, cases[i].said);
    og_model_destroy(model);
    og_context_destroy(context);
  }
}

/* Words that are longer than any that is known, wherever a word is looked up to say what was meant. */
static void long_words(void **state) {
  (void)state;
  static const char *const texts[] = {"init x = 1\nx' = %s(x)\n", "init x = 1\nx' = -x*%s\n",
                                      "init x = 1\nx' = -x\nobserve x ~ %s(x, 1)\n",
                                      "init x = 1\nx' = dense(x, 1; %s)\n", "%s x = 1\nx' = -x\n"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    for (size_t length = 55; length < 6000; length += length < 70 ? 1 : 5000) {
      static char word[7000], text[7100];
      og_context *context = new_context();
      og_model *model = NULL;
      memset(word, 'w', length), word[length] = '\0';
      snprintf(text, sizeof text, texts[i], word);
      assert_int_not_equal(og_model_create_from_text(context, "m.ode", text, strlen(text), &model), OG_OK);
      assert_non_null(strstr(og_context_message(context), "error: "));
      assert_null(strstr(og_context_message(context), "did you mean"));
      og_context_destroy(context);
    }
}

/* A name that cannot be set: what is near to it among params and consts, and nothing else that the model has.
 */
static void names_that_are_set(void **state) {
  (void)state;
  static const char text[] = "param alpha = 1, W[2] = [1, 2]\nconst omega = 2\ninput supply hold\n"
                             "net layers = mlp(1, 1)\ninit population = 1\nmiddle = alpha*population\n"
                             "population' = -middle + supply + layers(population)\n";
  static const struct {
    const char *name, *near;
  } names[] = {{"alpah", "alpha"}, {"Alpha", "alpha"}, {"omeag", "omega"},
               {"supplly", NULL},  {"middel", NULL},   {"populatino", NULL},
               {"layer", NULL},    {"nothing", NULL},  {"population", NULL}};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    og_context *context = new_context();
    og_model *model = NULL;
    char said[200] = "";
    CHECK(context, og_model_create_from_text(context, "m.ode", text, strlen(text), &model));
    assert_int_equal(og_model_set(model, names[i].name, "1"), OG_ERR_NAME);
    snprintf(said, sizeof said, "the model has no param or const '%s'%s%s%s", names[i].name,
             names[i].near ? "; did you mean '" : "", names[i].near ? names[i].near : "",
             names[i].near ? "'?" : "");
    assert_non_null(strstr(og_context_message(context), said));
    assert_int_equal(strstr(og_context_message(context), "mean") != NULL, names[i].near != NULL);
    CHECK(context, og_model_set(model, "omega", "3"));
    CHECK(context, og_model_set(model, "alpha", "omega + 1"));
    og_model_destroy(model);
    og_context_destroy(context);
  }
}

/* Bounds are within them, what is beyond is not; what was set last counts, and stands once in the list. */
static void values_that_are_set(void **state) {
  (void)state;
  static const char text[] = "param k = 1 in [0, 5]\nconst a = 1, b = 2\ninit x = a + 10*b\nx' = -k*x\n";
  static const struct {
    const char *value;
    int good;
  } values[] = {{"0", 1}, {"5", 1}, {"-1e-12", 0}, {"5 + 1e-12", 0}, {"b", 1}, {"0/0", 0}};
  og_context *context = new_context();
  og_model *model = NULL;
  const char *name, *expression;
  double x0, k = 1;
  CHECK(context, og_model_create_from_text(context, "m.ode", text, strlen(text), &model));
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    og_status status = og_model_set(model, "k", values[i].value);
    if ((status == OG_OK) != values[i].good)
      fail_msg("k = %s: %s", values[i].value, og_context_message(context));
    if (i == 3)
      assert_non_null(
          strstr(og_context_message(context), "'k' = 5.000000000001 lies outside its bounds [0, 5]"));
  }
  for (int i = 3; i < 9; i++) {
    char value[2] = {(char)('0' + i), '\0'};
    CHECK(context, og_model_set(model, i % 2 ? "b" : "a", value));
    CHECK(context, og_model_initial_state(model, 0, &k, &x0));
    double a = i > 3 ? i - i % 2 : 1, b = i % 2 ? i : i - 1;
    assert_true(x0 == a + 10 * b);
    int count = 0;
    while (og_model_setting(model, (size_t)count, &name, &expression)) count++;
    assert_int_equal(count, i > 3 ? 2 : 1);
  }
  og_model_destroy(model);
  og_context_destroy(context);
}

/* Hints do not depend on the case of letters; each of another kind of word. */
static void hints_in_capitals(void **state) {
  (void)state;
  static const char *const words[] = {
      "ln", "pow", "norm", "prior", "network", "trigger", "while", "objective", "nothing_of_the_kind"};
  int found = 0;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    for (int kind = 0; kind < 5; kind++) {
      char upper[64], mixed[64];
      size_t length = strlen(words[i]);
      for (size_t k = 0; k <= length; k++) {
        upper[k] = (char)toupper((unsigned char)words[i][k]);
        mixed[k] = k % 2 ? upper[k] : words[i][k];
      }
      const char *hint = og_hint((og_hint_kind)kind, words[i], length);
      assert_ptr_equal(og_hint((og_hint_kind)kind, upper, length), hint);
      assert_ptr_equal(og_hint((og_hint_kind)kind, mixed, length), hint);
      found += hint != NULL;
    }
  assert_true(found >= 6);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(calls), cmocka_unit_test(long_words), cmocka_unit_test(names_that_are_set),
      cmocka_unit_test(values_that_are_set), cmocka_unit_test(hints_in_capitals)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
