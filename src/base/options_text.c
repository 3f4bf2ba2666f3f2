/* Options from and to text, as on the command line. */
#include "base/base.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CHOICES_MAX = 32, WORD_SIZE = 32 };

/* The words of "euler|midpoint|...", cut apart. */
typedef struct words {
  char text[CHOICES_MAX][WORD_SIZE];
  const char *names[CHOICES_MAX];
  size_t count;
} words;

static void split_choices(const char *choices, words *list) {
  list->count = 0;
  while (list->count < CHOICES_MAX) {
    size_t length = strcspn(choices, "|");
    size_t kept = length < WORD_SIZE ? length : WORD_SIZE - 1;
    memcpy(list->text[list->count], choices, kept);
    list->text[list->count][kept] = '\0';
    list->names[list->count] = list->text[list->count];
    list->count++;
    if (choices[length] == '\0') break;
    choices += length + 1;
  }
}

static og_status fail_value(og_context *context, const og_option_info *row, const char *text,
                            const char *expected) {
  return og_fail(context, OG_ERR_ARGUMENT, "option %s is \"%s\"; expected %s", row->name, text, expected);
}

/* Names that other tools have for a choice. */
static const struct {
  const char *names; /* with a blank before and behind each */
  const char *own;
} foreign[] = {
    {" rk45 dopri dopri45 dp5 dp45 dormand-prince dormandprince ode45 ", "dopri5"},
    {" dop dop8 dopri8 rk8 rk89 ode89 dop85 ", "dop853"},
    {" rk23 bs3 bosh3 ode23 bogacki-shampine ", "bs32"},
    {" tsit tsit45 tsitouras ", "tsit5"},
    {" rk rk44 runge-kutta ", "rk4"},
    {" forward-euler explicit-euler ", "euler"},
    {" rk2 ", "midpoint"},
    {" bfgs bfgs-b l-bfgs l-bfgs-b lbfgsb ", "lbfgs"},
    {" gd gradient-descent steepest-descent ", "gradient"},
    {" float float32 f32 fp32 32 ", "single"},
    {" float64 f64 fp64 64 ", "double"},
};

/* The choice of the list that `text` is elsewhere, or the one it is nearest to, or NULL. */
static const char *choice_for(const char *text, const words *list) {
  char word[32];
  size_t length = strlen(text);
  if (length == 0 || length + 3 > sizeof word || strchr(text, ' ')) return NULL;
  word[0] = word[length + 1] = ' ', word[length + 2] = '\0';
  for (size_t i = 0; i < length; i++) {
    char c = text[i] == '_' ? '-' : text[i];
    word[i + 1] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  }
  for (size_t k = 0; k < sizeof foreign / sizeof *foreign; k++)
    for (size_t i = 0; i < list->count; i++)
      if (strcmp(list->names[i], foreign[k].own) == 0 && strstr(foreign[k].names, word))
        return foreign[k].own;
  return og_nearest(text, list->names, list->count);
}

static og_status set_choice_text(og_options *options, og_context *context, og_option option,
                                 const char *text) {
  const og_option_info *row = og_option_describe(option);
  words list;
  split_choices(row->choices, &list);
  for (size_t i = 0; i < list.count; i++)
    if (strcmp(text, list.names[i]) == 0) return og_options_set_choice(options, option, (int)i);
  const char *nearest = choice_for(text, &list);
  return og_fail(context, OG_ERR_NAME, "option %s is \"%s\"; expected one of %s%s%s%s", row->name, text,
                 row->choices, nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

static og_status set_real_text(og_options *options, og_context *context, og_option option, const char *text) {
  double value;
  size_t used = og_parse_real(text, strlen(text), &value);
  if (used > 0 && text[used] == '\0') return og_options_set_real(options, option, value);
  return fail_value(context, og_option_describe(option), text, "a number such as 1e-8");
}

/* One "x=1e-12" of a list, its bounds too. */
static og_status check_state_atol(og_options *options, og_context *context, const char *text, size_t length) {
  const og_option_info *row = og_option_describe(OG_OPT_ATOL);
  const char *equals = memchr(text, '=', length);
  size_t name = equals ? (size_t)(equals - text) : 0, rest = equals ? length - name - 1 : 0;
  double value;
  if (!name || !rest || og_parse_real(equals + 1, rest, &value) != rest)
    return fail_value(context, row, text,
                      "a number such as 1e-8, or numbers of states, as in x=1e-12,y=1e-9");
  if (value >= row->lowest && value <= row->highest) return OG_OK;
  return og_options_fail_bounds(options, row, text);
}

/* Tolerances of single states are added to those that were given before. */
static og_status add_state_atols(og_options *options, og_context *context, const char *text) {
  const char *before = og_options_text(options, OG_OPT_ATOL);
  for (const char *at = text;; at++) {
    size_t length = strcspn(at, ",");
    OG_TRY(check_state_atol(options, context, at, length));
    at += length;
    if (!*at) break;
  }
  size_t bytes = strlen(before) + strlen(text) + 2;
  char *both = og_alloc(context, 1, bytes);
  if (!both) return og_fail_memory(context, bytes, "an option");
  snprintf(both, bytes, "%s%s%s", before, *before ? "," : "", text);
  og_status status = og_options_put_text(options, OG_OPT_ATOL, both);
  og_free(context, both);
  return status;
}

/* Bounds are checked here, where the text is known and before a number beyond all integers becomes one. */
static og_status set_whole(og_options *options, og_option option, const char *text, double value) {
  const og_option_info *row = og_option_describe(option);
  if (value >= row->lowest && value <= row->highest)
    return og_options_set_integer(options, option, (long long)value);
  return og_options_fail_bounds(options, row, text);
}

static og_status set_integer_text(og_options *options, og_context *context, og_option option,
                                  const char *text) {
  double value;
  size_t used = og_parse_real(text, strlen(text), &value);
  if (used > 0 && text[used] == '\0' && floor(value) == value) return set_whole(options, option, text, value);
  return fail_value(context, og_option_describe(option), text, "a whole number");
}

static char upper(char c) { return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c); }

static int same_word(const char *a, const char *b) {
  while (*a && upper(*a) == upper(*b)) a++, b++;
  return *a == *b;
}

/* How many bytes a unit of memory has; 0: there is no such unit. */
static double unit_bytes(const char *unit) {
  static const struct {
    const char *name;
    double bytes;
  } units[] = {
      {"", 1},      {"B", 1},        {"kB", 1e3},     {"MB", 1e6},     {"GB", 1e9},
      {"TB", 1e12}, {"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"TiB", 0x1p40},
  };
  for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
    if (same_word(unit, units[i].name)) return units[i].bytes;
  return 0;
}

static og_status set_size_text(og_options *options, og_context *context, og_option option, const char *text) {
  double value;
  size_t used = og_parse_real(text, strlen(text), &value);
  const char *unit = text + used;
  double bytes = unit_bytes(*unit == ' ' ? unit + 1 : unit);
  if (used == 0 || bytes == 0)
    return fail_value(context, og_option_describe(option), text,
                      "a size such as 1000, 64MiB or 2GB (units: B kB MB GB TB KiB MiB GiB TiB)");
  return set_whole(options, option, text, floor(value * bytes));
}

static og_status fail_unknown(og_context *context, const char *name) {
  const char *names[OG_OPTION_COUNT];
  for (int i = 0; i < OG_OPTION_COUNT; i++) names[i] = og_option_describe((og_option)i)->name;
  const char *nearest = og_nearest(name, names, OG_OPTION_COUNT);
  return og_fail(context, OG_ERR_NAME, "unknown option %s%s%s%s", name, nearest ? "; did you mean " : "",
                 nearest ? nearest : "", nearest ? "?" : "");
}

static og_status set_text(og_options *options, og_context *context, og_option option, const char *text) {
  switch (og_option_describe(option)->type) {
  case OG_TYPE_REAL:
    if (option == OG_OPT_ATOL && strchr(text, '=')) return add_state_atols(options, context, text);
    return set_real_text(options, context, option, text);
  case OG_TYPE_INTEGER: return set_integer_text(options, context, option, text);
  case OG_TYPE_SIZE: return set_size_text(options, context, option, text);
  case OG_TYPE_CHOICE: return set_choice_text(options, context, option, text);
  case OG_TYPE_TEXT: return og_options_put_text(options, option, text);
  }
  return og_fail(context, OG_ERR_INTERNAL, "option %d has no type", (int)option);
}

og_status og_options_set_text(og_options *options, const char *name, const char *text) {
  OG_OBJECT(options);
  OG_NEED(og_options_context(options), name);
  OG_NEED(og_options_context(options), text);
  og_context *context = og_options_context(options);
  for (int i = 0; i < OG_OPTION_COUNT; i++)
    if (strcmp(name, og_option_describe((og_option)i)->name) == 0)
      return set_text(options, context, (og_option)i, text);
  return fail_unknown(context, name);
}
