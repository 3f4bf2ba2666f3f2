/* The options, in one table, and the parsing of the command line by it. */
#include "cli.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const option_row own_rows[FLAG_COUNT] = {
    [FLAG_DATA] = {"data", "FILE", VERB_ALL, 0,
                   "CSV with a header: t (or time), observed columns, optionally id; - is standard input"},
    [FLAG_SET] = {"set", "NAME=VALUE", VERB_ALL, 1, "replace the value of a param or const; may be repeated"},
    [FLAG_PARAMS] = {"params", "FILE", VERB_ALL, 0,
                     "take parameters saved by fit --out (JSON or safetensors), or a network's state dict; "
                     "--set wins over them"},
    [FLAG_TIMES] = {"times", "A:B:N", VERB_ALL & ~VERB_PREDICT, 0,
                    "N equidistant times (2 to 100000000) from A to B at which the solution is wanted"},
    [FLAG_JSON] = {"json", NULL, VERB_ALL, 0, "print one JSON object in place of tables"},
    [FLAG_OUT] = {"out", "FILE", VERB_ALL, 0, NULL}, /* differs from verb to verb: see help.c */
    [FLAG_PLOT] = {"plot", "FILE", VERB_ALL, 0, "draw a picture; FILE ends in .svg, .png or .pdf"},
    [FLAG_PHASE] = {"phase", "A,B", VERB_ALL & ~VERB_CHECK, 0,
                    "let --plot draw the state or observed column B against A, in place of all against t"},
    [FLAG_TITLE] = {"title", "TEXT", VERB_ALL, 0, "the title of the picture, in place of the model's name"},
    [FLAG_X_LABEL] = {"x-label", "TEXT", VERB_ALL, 0,
                      "what --plot writes at the axis to the right, in place of t"},
    [FLAG_Y_LABEL] = {"y-label", "TEXT", VERB_ALL, 0, "what --plot writes at the axis upward"},
    [FLAG_LOG_X] = {"log-x", NULL, VERB_ALL & ~VERB_CHECK, 0,
                    "a logarithmic axis to the right: what is not positive is left out"},
    [FLAG_LOG_Y] = {"log-y", NULL, VERB_ALL & ~VERB_CHECK, 0,
                    "a logarithmic axis upward: what is not positive is left out"},
    [FLAG_SIZE] =
        {"size", "WxH", VERB_ALL, 0,
         "width and height of the picture in pixels, 200 to 4000 each, as in 800x500; a PNG has twice as "
         "many"},
    [FLAG_CHECKPOINT] = {"checkpoint", "FILE", VERB_FIT, 0,
                         "keep the state of a training in FILE, anew after every epoch"},
    [FLAG_RESUME] =
        {"resume", "FILE", VERB_FIT, 0,
         "go on from the state that --checkpoint kept in FILE, and keep it there; the other options as then"},
    [FLAG_LOSS_PLOT] = {"loss-plot", "FILE", VERB_FIT, 0,
                        "draw the losses of a training by epoch; FILE ends in .svg, .png or .pdf"},
    [FLAG_HESSIAN] = {"hessian", NULL, VERB_GRAD, 0,
                      "the second derivatives with respect to the parameters too"},
    [FLAG_COMPILE] = {"compile", NULL, VERB_ALL, 0,
                      "compile the equations with the system's C compiler: the same bits, sooner"},
    [FLAG_PROBABILITIES] = {"probabilities", NULL, VERB_PREDICT, 0,
                            "a column for the probability of each class of a categorical_logit too"},
    [FLAG_QUIET] = {"quiet", NULL, VERB_ALL, 0, "no progress, notes or warnings on standard error"},
    [FLAG_HELP] = {"help", NULL, VERB_ALL, 0, "print this text"},
};

static const char *value_word(const og_option_info *info) {
  switch (info->type) {
  case OG_TYPE_REAL: return "X";
  case OG_TYPE_INTEGER: return "N";
  case OG_TYPE_SIZE: return "BYTES";
  case OG_TYPE_CHOICE: return "NAME";
  case OG_TYPE_TEXT: return "PATH";
  }
  return "VALUE";
}

option_row option_row_of(size_t index) {
  if (index < FLAG_COUNT) return own_rows[index];
  og_option option = (og_option)(index - FLAG_COUNT);
  const og_option_info *info = og_option_describe(option);
  /* The library's table goes on with the options of fits. */
  int fits = option >= OG_OPT_OPTIMIZER && option <= OG_OPT_REDUCTION, verbs = fits ? VERB_FIT : VERB_ALL;
  return (option_row){info->name, value_word(info), verbs, 0, info->help};
}

size_t option_rows(void) {
  size_t rows = FLAG_COUNT + (size_t)og_option_count();
  return rows < OPTION_ROWS_MOST ? rows : OPTION_ROWS_MOST;
}

/* Options have their numbers in the order in which they came; here they stand by what they are for. */
size_t option_shown(size_t place) {
  size_t late = FLAG_COUNT + OG_OPT_LINEAR_SOLVER, here = FLAG_COUNT + OG_OPT_METHOD + 1;
  return place == here ? late : place > here && place <= late ? place - 1 : place;
}

/* The row called `name` (of `length` letters), or their number. */
static size_t find_row(const char *name, size_t length) {
  for (size_t i = 0; i < option_rows(); i++) {
    const char *own = option_row_of(i).name;
    if (strlen(own) == length && strncmp(own, name, length) == 0) return i;
  }
  return option_rows();
}

/* ---- Usage errors ---- */

static int hint(const arguments *a) {
  fprintf(stderr, "Try 'odegrad %s --help'.\n", a->verb_name);
  return EXIT_USAGE;
}

/* Other tools print little unless a word such as --verbose asks for more. */
static int fail_verbose(const arguments *a, const char *word) {
  complain("there is no %s: progress, notes and warnings are shown unless --quiet is given", word);
  return hint(a);
}

static int is_verbose(const char *name, size_t length) {
  static const char *const names[] = {"v", "vv", "verbose", "verbosity", "debug", "progress"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strlen(names[i]) == length && strncmp(names[i], name, length) == 0) return 1;
  return 0;
}

static int fail_unknown(const arguments *a, const char *name) {
  const char *names[OPTION_ROWS_MOST], *own = option_for(name, strlen(name));
  size_t count = 0;
  for (size_t i = 0; i < option_rows(); i++)
    if (option_row_of(i).verbs & (int)a->verb) names[count++] = option_row_of(i).name;
  size_t row = own ? find_row(own, strlen(own)) : option_rows();
  int fits = row < option_rows() && option_row_of(row).verbs & (int)a->verb;
  const char *nearest = fits ? own : og_nearest(name, names, count);
  complain("%s has no option --%s%s%s%s", a->verb_name, name, nearest ? "; did you mean --" : "",
           nearest ? nearest : "", nearest ? "?" : "");
  return hint(a);
}

/* ---- Parsing ---- */

static int store(arguments *a, size_t index, const option_row *row, const char *value) {
  if (row->repeats) {
    a->sets[a->set_count++] = value;
    return EXIT_DONE;
  }
  if (index == FLAG_COUNT + OG_OPT_ATOL && strchr(value, '=')) {
    a->state_atols[a->state_atol_count++] = value;
    return EXIT_DONE;
  }
  if (a->values[index]) {
    complain("--%s is given twice", row->name);
    return hint(a);
  }
  a->values[index] = value;
  return EXIT_DONE;
}

static const char *owners(int verbs) {
  switch (verbs) {
  case VERB_FIT: return "fit";
  case VERB_GRAD: return "grad";
  case VERB_PREDICT: return "predict";
  default: return "the other verbs";
  }
}

/* Parses argv[*i], which begins with "--", and the value that may follow it. */
static int parse_option(int argc, char **argv, int *i, arguments *a) {
  const char *name = argv[*i] + 2, *equals = strchr(name, '=');
  size_t length = equals ? (size_t)(equals - name) : strlen(name);
  size_t index = find_row(name, length);
  option_row row = index < option_rows() ? option_row_of(index) : (option_row){0};
  if (index < option_rows() && !(row.verbs & (int)a->verb)) {
    complain("--%s is an option of %s, not of %s", row.name, owners(row.verbs), a->verb_name);
    return hint(a);
  }
  if (index == option_rows() && is_verbose(name, length)) return fail_verbose(a, argv[*i]);
  if (index == option_rows()) {
    char *bare = join("%.*s", (int)length, name);
    int status = fail_unknown(a, bare);
    free(bare);
    return status;
  }
  if (!row.value) {
    if (!equals) return store(a, index, &row, "");
    complain("--%s takes no value", row.name);
    return hint(a);
  }
  const char *value = equals ? equals + 1 : *i + 1 < argc ? argv[++*i] : NULL;
  if (!value || !*value || (!equals && strncmp(value, "--", 2) == 0)) {
    complain("--%s needs a value: --%s %s", row.name, row.name, row.value);
    return hint(a);
  }
  return store(a, index, &row, value);
}

static int is_input(const char *path) { return path && strcmp(path, "-") == 0; }

static int store_model(arguments *a, const char *path) {
  if (a->model) {
    complain("%s takes one model; there are two: %s and %s", a->verb_name, a->model, path);
    return hint(a);
  }
  a->model = path;
  a->model_name = is_input(path) ? "standard input" : path;
  return EXIT_DONE;
}

static int parse_one(int argc, char **argv, int *i, int *only_names, arguments *a) {
  const char *word = argv[*i];
  if (*only_names || word[0] != '-' || word[1] == '\0') return store_model(a, word);
  if (strcmp(word, "--") == 0) return *only_names = 1, EXIT_DONE;
  if (strcmp(word, "-h") == 0) return a->values[FLAG_HELP] = "", EXIT_DONE;
  if (word[1] == '-') return parse_option(argc, argv, i, a);
  if (is_verbose(word + 1, strlen(word + 1))) return fail_verbose(a, word);
  const char *own = option_for(word + 1, strcspn(word + 1, "="));
  complain("options begin with two dashes; there is no %s%s%s%s", word, own ? "; did you mean --" : "",
           own ? own : "", own ? "?" : "");
  return hint(a);
}

/* A finite number at *text, which must end at `end`; moves *text behind it. */
static int parse_number(const char **text, char end, double *value) {
  char *stop;
  *value = strtod(*text, &stop);
  if (stop == *text || *stop != end || !isfinite(*value)) return 0;
  *text = stop + (end != '\0');
  return 1;
}

static int parse_times(arguments *a) {
  enum { TIMES_MOST = 100000000 };
  const char *text = a->values[FLAG_TIMES];
  if (!text) return EXIT_DONE;
  double count = 0;
  int ok = parse_number(&text, ':', &a->first_time) && parse_number(&text, ':', &a->last_time) &&
           parse_number(&text, '\0', &count);
  if (ok && !isfinite(a->last_time - a->first_time)) {
    complain("--times is \"%s\": from A to B is further than numbers go", a->values[FLAG_TIMES]);
    return hint(a);
  }
  if (ok && count >= 2 && count <= TIMES_MOST && count == floor(count) && a->first_time != a->last_time) {
    a->time_count = (size_t)count;
    return EXIT_DONE;
  }
  if (ok && a->first_time == a->last_time)
    complain("--times is \"%s\": A and B are the same; expected A:B:N as in 0:20:101", a->values[FLAG_TIMES]);
  else if (ok && count > TIMES_MOST)
    complain("--times is \"%s\": N is at most %d, the number of equidistant times from A to B",
             a->values[FLAG_TIMES], TIMES_MOST);
  else
    complain("--times is \"%s\"; expected A:B:N, the number N of equidistant times (2 to %d) from A to B, as "
             "in 0:20:101",
             a->values[FLAG_TIMES], TIMES_MOST);
  return hint(a);
}

/* Parses a size as in 800x500. */
static int parse_size(arguments *a) {
  enum { LEAST = 200, MOST = 4000 };
  const char *text = a->values[FLAG_SIZE];
  if (!text) return EXIT_DONE;
  double width = 0, height = 0;
  int ok = parse_number(&text, 'x', &width) && parse_number(&text, '\0', &height);
  if (ok && width >= LEAST && height >= LEAST && width <= MOST && height <= MOST && width == floor(width) &&
      height == floor(height)) {
    a->width = (int)width, a->height = (int)height;
    return EXIT_DONE;
  }
  complain("--size is \"%s\"; expected width and height in pixels, %d to %d each, as in 800x500",
           a->values[FLAG_SIZE], LEAST, MOST);
  return hint(a);
}

static int check_sets(const arguments *a) {
  for (size_t i = 0; i < a->set_count; i++) {
    const char *equals = strchr(a->sets[i], '=');
    if (!equals || equals == a->sets[i] || !equals[1]) {
      complain("--set is \"%s\"; expected NAME=VALUE, as in alpha=0.5", a->sets[i]);
      return hint(a);
    }
    size_t length = (size_t)(equals - a->sets[i]) + 1;
    for (size_t j = 0; j < i; j++) {
      if (strncmp(a->sets[i], a->sets[j], length) != 0) continue;
      complain("--set gives %.*s twice", (int)length - 1, a->sets[i]);
      return hint(a);
    }
  }
  return EXIT_DONE;
}

static int check_needs(const arguments *a) {
  if (!a->model) {
    complain("%s needs a model: odegrad %s MODEL", a->verb_name, a->verb_name);
    return hint(a);
  }
  if (is_input(a->model) + is_input(a->values[FLAG_DATA]) + is_input(a->values[FLAG_PARAMS]) > 1) {
    complain("only one of MODEL, --data and --params can be -, standard input");
    return hint(a);
  }
  if ((a->verb & (VERB_FIT | VERB_PREDICT)) && !a->values[FLAG_DATA]) {
    complain("%s needs data: odegrad %s %s --data FILE", a->verb_name, a->verb_name, a->model);
    return hint(a);
  }
  return EXIT_DONE;
}

int parse_arguments(int argc, char **argv, arguments *a) {
  a->sets = take((size_t)argc, sizeof *a->sets);
  a->state_atols = take((size_t)argc, sizeof *a->state_atols);
  int only_names = 0;
  for (int i = 0; i < argc; i++) {
    int status = parse_one(argc, argv, &i, &only_names, a);
    if (status) return status;
  }
  if (a->values[FLAG_HELP]) return EXIT_DONE;
  int status = check_needs(a);
  if (!status) status = parse_times(a);
  if (!status) status = parse_size(a);
  return status ? status : check_sets(a);
}

void free_arguments(arguments *a) {
  free(a->sets);
  free(a->state_atols);
}
