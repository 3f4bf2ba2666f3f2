/* The problem of a run: model, data, options and parameters, loaded and checked before any long work. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

/* ---- Names ---- */

char *entry_name(const char *name, size_t rows, size_t columns, size_t entry) {
  if (rows == 1 && columns == 1) return join("%s", name);
  if (columns == 1) return join("%s[%zu]", name, entry + 1);
  return join("%s[%zu,%zu]", name, entry / columns + 1, entry % columns + 1);
}

char *parameter_name(const problem *p, size_t i) {
  og_parameter_info info = {OG_INIT(og_parameter_info)};
  for (size_t k = 0; og_model_parameter(p->model, k, &info) == OG_OK; k++)
    if (i - info.offset < info.rows * info.columns)
      return entry_name(info.name, info.rows, info.columns, i - info.offset);
  return join("theta[%zu]", i + 1);
}

char *state_name(const problem *p, size_t i) {
  og_state_info info = {OG_INIT(og_state_info)};
  for (size_t k = 0; og_model_state(p->model, k, &info) == OG_OK; k++)
    if (i - info.offset < info.rows) return entry_name(info.name, info.rows, 1, i - info.offset);
  return join("x[%zu]", i + 1);
}

char *id_suffix(const problem *p, size_t trajectory) {
  return p->has_ids ? one_line(join(" (%s)", og_table_group_name(p->data, trajectory))) : join("%s", "");
}

/* ---- Files to be written ---- */

static int ends_in(const char *text, const char *ending) {
  size_t length = strlen(text), own = strlen(ending);
  return length > own && strcasecmp(text + length - own, ending) == 0;
}

static int same_file(const char *a, const char *b) {
  struct stat one, other;
  if (strcmp(a, b) == 0) return 1;
  return stat(a, &one) == 0 && stat(b, &other) == 0 && S_ISREG(one.st_mode) && one.st_dev == other.st_dev &&
         one.st_ino == other.st_ino;
}

/* Writing must not destroy what was read. */
static int check_target(const problem *p, flag which) {
  const arguments *a = p->arguments;
  const char *path = a->values[which], *option = option_row_of(which).name;
  /* --params may be taken up and written again, and so may --resume by --checkpoint */
  const char *inputs[] = {a->model, a->values[FLAG_DATA]};
  for (size_t i = 0; i < 2; i++) {
    if (!inputs[i] || !same_file(path, inputs[i])) continue;
    complain("--%s would overwrite %s, which is read", option, inputs[i]);
    return EXIT_USAGE;
  }
  return check_output(p->context, option, path);
}

/* A training that is taken up keeps its state where it was; one that is not there is told where it is read.
 */
static int check_resumed(const problem *p) {
  const char *resumed = p->arguments->values[FLAG_RESUME];
  if (!resumed || p->arguments->values[FLAG_CHECKPOINT] || access(resumed, F_OK) != 0) return EXIT_DONE;
  return check_output(p->context, "resume", resumed);
}

static int check_ending(const arguments *a, flag which) {
  const char *path = a->values[which];
  if (!path || ends_in(path, ".svg") || ends_in(path, ".png") || ends_in(path, ".pdf")) return EXIT_DONE;
  complain("--%s is \"%s\"; the name must end in .svg, .png or .pdf", option_row_of(which).name, path);
  return EXIT_USAGE;
}

static int check_targets(const problem *p) {
  const arguments *a = p->arguments;
  static const flag written[] = {FLAG_OUT, FLAG_PLOT, FLAG_CHECKPOINT, FLAG_LOSS_PLOT};
  enum { WRITTEN = sizeof written / sizeof written[0] };
  const char *out = a->values[FLAG_OUT];
  int status = EXIT_DONE;
  if (out && strcmp(out, "-") == 0) {
    if ((a->verb & (VERB_SOLVE | VERB_PREDICT)) && !a->values[FLAG_JSON]) return EXIT_DONE;
    complain("--out - would mix with the result on standard output; give the name of a file");
    return EXIT_USAGE;
  }
  if (check_ending(a, FLAG_PLOT) || check_ending(a, FLAG_LOSS_PLOT)) return EXIT_USAGE;
  for (size_t i = 0; i < WRITTEN && !status; i++) {
    const char *path = a->values[written[i]];
    for (size_t k = 0; k < i && path; k++) {
      const char *other = a->values[written[k]];
      if (!other || !same_file(other, path)) continue;
      complain("--%s and --%s name the same file, %s", option_row_of(written[k]).name,
               option_row_of(written[i]).name, other);
      return EXIT_USAGE;
    }
    if (path) status = check_target(p, written[i]);
  }
  return status ? status : check_resumed(p);
}

/* ---- Times ---- */

size_t data_rows_of(const problem *p, size_t trajectory, size_t *rows) {
  const size_t *group = og_table_group_of_rows(p->data);
  size_t count = 0;
  for (size_t row = 0; row < og_table_rows(p->data); row++) {
    if (group && group[row] != trajectory) continue;
    if (rows) rows[count] = row;
    count++;
  }
  return count;
}

/* ---- Loading ---- */

static void print_warning(const char *line, void *user) {
  (void)user;
  complain("%s", line);
}

void show_warnings(const problem *p, int shown) {
  og_context_set_log(p->context, shown && !p->quiet ? print_warning : NULL, NULL);
}

og_status make_options(const problem *p, og_options **out) {
  og_status status = og_options_create(p->context, out);
  for (int i = 0; i < (int)og_option_count() && status == OG_OK; i++) {
    const char *text = p->arguments->values[FLAG_COUNT + i];
    if (text) status = og_options_set_text(*out, og_option_describe((og_option)i)->name, text);
  }
  for (size_t i = 0; i < p->arguments->state_atol_count && status == OG_OK; i++)
    status = og_options_set_text(*out, "atol", p->arguments->state_atols[i]);
  return status;
}

/* "x=1e-12,y=1e-9" with other numbers is added, and wins. */
static og_status scale_list(og_options *options, const char *list, double share) {
  og_status status = OG_OK;
  while (*list && status == OG_OK) {
    const char *equals = strchr(list, '=');
    char *end, number[NUMBER_SIZE];
    double value = fmin(fmax(share * strtod(equals + 1, &end), 1e-300), 1e300);
    char *text = join("%.*s=%s", (int)(equals - list), list, number_text(value, number));
    status = og_options_set_text(options, "atol", text);
    free(text);
    list = end + (*end == ',');
  }
  return status;
}

og_status set_tolerances(const problem *p, og_options *options, double rtol, double share) {
  double atol = og_options_real(p->options, OG_OPT_ATOL);
  og_status status = og_options_set_real(options, OG_OPT_RTOL, rtol);
  if (status == OG_OK) status = og_options_set_real(options, OG_OPT_ATOL, fmax(share * atol, 1e-300));
  for (size_t i = 0; i < p->arguments->state_atol_count && status == OG_OK; i++)
    status = scale_list(options, p->arguments->state_atols[i], share);
  return status;
}

static og_status apply_sets(problem *p) {
  og_status status = OG_OK;
  for (size_t i = 0; i < p->arguments->set_count && status == OG_OK; i++) {
    const char *text = p->arguments->sets[i], *equals = strchr(text, '=');
    char *name = join("%.*s", (int)(equals - text), text);
    status = og_model_set(p->model, name, equals + 1);
    free(name);
  }
  return status;
}

static og_status load_model(problem *p) {
  og_status status = og_model_create_from_file(p->context, p->arguments->model, &p->model);
  if (status == OG_OK) status = apply_sets(p);
  if (status == OG_OK && p->arguments->values[FLAG_COMPILE])
    status = og_model_compile(p->model, (og_precision)og_options_integer(p->options, OG_OPT_PRECISION));
  if (status != OG_OK) return status;
  p->n = og_field_states(og_model_field(p->model));
  p->p = og_field_parameters(og_model_field(p->model));
  p->theta = take(p->p, sizeof *p->theta);
  return og_model_initialize(p->model, og_options_integer(p->options, OG_OPT_SEED), p->theta);
}

static int was_set(const problem *p, const char *name) {
  size_t length = strlen(name);
  for (size_t i = 0; i < p->arguments->set_count; i++)
    if (strncmp(p->arguments->sets[i], name, length) == 0 && p->arguments->sets[i][length] == '=') return 1;
  return 0;
}

/* Saved parameters, of --params or else of the model's own file, replace the model's values, and --set
 * replaces both. */
static og_status load_parameters(problem *p) {
  const char *path = p->arguments->values[FLAG_PARAMS];
  if (!path && og_model_saved(p->model)) path = p->arguments->model;
  if (!path) return OG_OK;
  double *model_values = take(p->p, sizeof *model_values);
  memcpy(model_values, p->theta, p->p * sizeof *model_values);
  og_status status = og_parameters_read(p->model, path, p->theta);
  og_parameter_info info = {OG_INIT(og_parameter_info)};
  for (size_t i = 0; status == OG_OK && og_model_parameter(p->model, i, &info) == OG_OK; i++)
    if (was_set(p, info.name))
      memcpy(p->theta + info.offset, model_values + info.offset, info.rows * info.columns * sizeof *p->theta);
  free(model_values);
  return status;
}

char *row_place(const problem *p, size_t row) {
  size_t line = og_table_line(p->data, row);
  return line ? join("%s:%zu", og_table_name(p->data), line) : join("%s", og_table_name(p->data));
}

static int check_times(const problem *p) {
  for (size_t row = 0; row < og_table_rows(p->data); row++) {
    if (isfinite(p->data_times[row])) continue;
    char *place = row_place(p, row);
    complain("%s: data row %zu has no time", place, row + 1);
    free(place);
    return EXIT_USAGE;
  }
  return EXIT_DONE;
}

static int fail_no_time(const problem *p) {
  enum { NAMED = 20 };
  size_t count = og_table_columns(p->data);
  char *names = join("%s", "");
  for (size_t i = 0; i < count && i < NAMED; i++) {
    char *longer = join("%s%s%s", names, i ? ", " : "", og_table_column_name(p->data, i));
    free(names);
    names = longer;
  }
  names = one_line(names);
  complain("%s has no column t (or time); its columns are: %s%s", og_table_name(p->data), names,
           count > NAMED ? ", ..." : "");
  free(names);
  return EXIT_USAGE;
}

static int load_data(problem *p) {
  const char *path = p->arguments->values[FLAG_DATA];
  p->trajectories = 1;
  if (!path) return EXIT_DONE;
  og_status status = og_table_create_from_csv(p->context, path, &p->data);
  if (status != OG_OK) return fail(p->context, status);
  p->data_times = og_table_column(p->data, "t");
  if (!p->data_times) p->data_times = og_table_column(p->data, "time");
  if (!p->data_times) return fail_no_time(p);
  for (size_t i = 0; i < og_table_columns(p->data); i++)
    p->has_ids |= strcmp(og_table_column_name(p->data, i), "id") == 0;
  p->trajectories = og_table_groups(p->data);
  return check_times(p);
}

static int load_inputs(problem *p) {
  og_status status = og_inputs_create(p->context, p->model, p->data, &p->inputs);
  return status == OG_OK ? EXIT_DONE : fail(p->context, status);
}

int load_problem(const arguments *a, problem *p) {
  *p =
      (problem){.arguments = a, .json = a->values[FLAG_JSON] != NULL, .quiet = a->values[FLAG_QUIET] != NULL};
  p->out = a->values[FLAG_OUT], p->plot = a->values[FLAG_PLOT];
  if (og_context_create(NULL, NULL, NULL, &p->context) != OG_OK)
    return complain("out of memory"), EXIT_FAILED;
  watch_interrupts(p->context);
  show_warnings(p, 1);
  og_status status = make_options(p, &p->options);
  if (status != OG_OK) return fail(p->context, status);
  int refused = check_targets(p);
  if (!refused) refused = check_option_rules(p);
  if (refused) return refused;
  status = load_model(p);
  if (status == OG_OK && og_model_saved(p->model) && strcmp(a->model, "-") == 0) {
    complain(
        "a model with its parameters is read twice, and standard input only once: give the name of the file");
    return EXIT_USAGE;
  }
  if (status == OG_OK) status = load_parameters(p);
  if (status == OG_OK) {
    int loaded = load_data(p);
    if (!loaded) loaded = load_inputs(p);
    if (!loaded) loaded = note_span(p);
    return loaded ? loaded : find_phase(p, (phase_axis[2]){0});
  }
  int result = fail(p->context, status);
  return status == OG_ERR_NOT_FINITE ? EXIT_USAGE : result; /* a value that was given, not computed */
}

void free_problem(problem *p) {
  stop_watching();
  og_options_destroy(p->options);
  og_inputs_destroy(p->inputs);
  og_table_destroy(p->data);
  og_model_destroy(p->model);
  og_context_destroy(p->context);
  free(p->theta);
}

int has_value(const problem *p, size_t row) {
  int found = 0;
  for (size_t i = 0; i < og_model_observed(p->model) && !found; i++) {
    const double *values = og_table_column(p->data, og_model_observed_name(p->model, i));
    found = values && isfinite(values[row]);
  }
  return found;
}

/* ---- The model at one time ---- */

/* What a model says at one time. Inputs stand behind the parameters. */

/* theta [p + inputs], which the caller frees. */
static og_status with_inputs(const problem *p, const double *theta, size_t trajectory, double t,
                             double **whole) {
  *whole = take(p->p + og_model_inputs(p->model), sizeof **whole);
  memcpy(*whole, theta, p->p * sizeof *theta);
  return og_inputs_at(p->inputs, trajectory, t, *whole + p->p);
}

og_status initial_state_at(const problem *p, const double *theta, size_t trajectory, double t0, double *x0) {
  double *whole;
  og_status status = with_inputs(p, theta, trajectory, t0, &whole);
  if (status == OG_OK) status = og_model_initial_state(p->model, t0, whole, x0);
  free(whole);
  return status;
}

og_status predict_at(const problem *p, const double *theta, size_t trajectory, double t, const double *x,
                     double *location) {
  double *whole;
  og_status status = with_inputs(p, theta, trajectory, t, &whole);
  if (status == OG_OK) status = og_model_predict(p->model, t, x, whole, location);
  free(whole);
  return status;
}

og_status probabilities_at(const problem *p, const double *theta, size_t trajectory, double t,
                           const double *x, size_t column, double *probabilities) {
  double *whole;
  og_status status = with_inputs(p, theta, trajectory, t, &whole);
  if (status == OG_OK) status = og_model_probabilities(p->model, column, t, x, whole, probabilities);
  free(whole);
  return status;
}
