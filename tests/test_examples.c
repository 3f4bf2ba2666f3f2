/* The networks in examples/: their gradients against PyTorch's on the same weights (oracles/networks.csv),
 * against finite differences in double precision, and in single precision; and their scripts, shortened. */
#include <math.h>

#include "fitting.h"

enum { TENSOR_NAME = 64, DIRECTIONS = 3 };

typedef struct example {
  const char *name, *model; /* as in networks.csv, and the file */
  void (*write)(FILE *file);
  int steps;
  size_t count; /* windows; 0: all of the data */
  og_window windows[3];
} example;

/* ---- Data by the formulas of oracles/networks.py, or of the examples' own files ---- */

static void spiral_data(FILE *file) {
  fputs("t,x[1],x[2]\n", file);
  for (int k = 0; k < 30; k++)
    fprintf(file, "%.17g,%.17g,%.17g\n", 0.1 * k, 1.5 * cos(0.3 * k), 1.2 * sin(0.4 * k + 0.5));
}

static void series_data(FILE *file) {
  fputs("id,t,start[1],start[2],y[1],y[2]\n", file);
  for (int m = 0; m < 3; m++)
    for (int k = 0; k < 5; k++)
      fprintf(file, "%d,%.17g,%.17g,%.17g,%.17g,%.17g\n", m, 0.25 * k, 0.2 + 0.3 * m, -0.4 + 0.25 * m,
              0.5 * cos(k + m), 0.4 * sin(0.7 * k - m));
}

static void universal_data(FILE *file) {
  fputs("t,x,y\n", file);
  for (int k = 0; k < 31; k++)
    fprintf(file, "%.17g,%.17g,%.17g\n", 0.1 * k, 1 + 0.5 * cos(0.2 * k), 2 + sin(0.3 * k));
}

static void copy_lines(FILE *to, const char *path, int lines) {
  FILE *from = fopen(path, "r");
  assert_non_null(from);
  for (int c = 0; lines > 0 && (c = fgetc(from)) != EOF;) {
    fputc(c, to);
    lines -= c == '\n';
  }
  fclose(from);
}

static void digits_data(FILE *file) { copy_lines(file, "examples/digits/digits.csv", 6); }
static void hare_data(FILE *file) { copy_lines(file, "examples/hare_lynx/hare_lynx.csv", 1000); }

static const example examples[] = {
    {"spiral", "spiral/spiral.ode", spiral_data, 18, 3, {{0, 0, 10, 0}, {0, 7, 10, 0}, {0, 20, 10, 0}}},
    {"neural_ode", "neural_ode/neural_ode.ode", series_data, 8, 0, {{0}}},
    {"universal", "universal_lv/universal.ode", universal_data, 60, 0, {{0}}},
    {"digits", "digits/digits.ode", digits_data, 8, 0, {{0}}},
    {"hare_lynx", "hare_lynx/hybrid.ode", hare_data, 40, 0, {{0}}},
};
enum { EXAMPLES = sizeof examples / sizeof *examples };

/* ---- Models, weights, gradients ---- */

typedef struct opened {
  const example *of;
  og_context *context;
  og_model *model;
  og_table *table;
  og_objective *objective;
  size_t p;
  double *theta, *gradient; /* [p] */
  double loss;
} opened;

static og_table *data_of(const example *e, og_context *context) {
  char *text = NULL;
  size_t length = 0;
  og_table *table = NULL;
  FILE *file = open_memstream(&text, &length);
  assert_non_null(file);
  e->write(file);
  fclose(file);
  CHECK(context, og_table_create_from_text(context, e->name, text, length, &table));
  free(text);
  return table;
}

/* The weights of oracles/networks.py; other parameters keep the values of the model. */
static void fill_weights(opened *o) {
  og_parameter_info info = {OG_INIT(og_parameter_info)};
  CHECK(o->context, og_model_values(o->model, o->theta));
  for (size_t i = 0; i < og_model_parameters(o->model); i++) {
    CHECK(o->context, og_model_parameter(o->model, i, &info));
    for (size_t r = 0; r < info.rows && info.weight; r++)
      for (size_t c = 0; c < info.columns; c++) {
        double a = (double)r, b = (double)c;
        double weight = sin(1 + 0.7 * a + 1.3 * b + 0.37 * a * b) / sqrt((double)info.columns);
        o->theta[info.offset + r * info.columns + c] = strstr(info.name, ".bias") ? 0.1 * cos(a) : weight;
      }
  }
}

static void evaluate(opened *o, const double *theta, double *loss, double *gradient) {
  if (o->of->count) {
    CHECK(o->context, og_objective_evaluate_batch(o->objective, theta, o->of->count, o->of->windows, loss,
                                                  NULL, gradient));
  } else {
    CHECK(o->context, og_objective_evaluate(o->objective, theta, loss, gradient));
  }
}

static opened open_example(const example *e, og_precision precision) {
  opened o = {.of = e, .context = new_context()};
  char path[128];
  og_options *options = NULL;
  snprintf(path, sizeof path, "examples/%s", e->model);
  CHECK(o.context, og_model_create_from_file(o.context, path, &o.model));
  CHECK(o.context, og_options_create(o.context, &options));
  CHECK(o.context, og_options_set_choice(options, OG_OPT_METHOD, OG_METHOD_MIDPOINT));
  CHECK(o.context, og_options_set_choice(options, OG_OPT_PRECISION, (int)precision));
  CHECK(o.context, og_options_set_integer(options, OG_OPT_STEPS, e->steps));
  o.table = data_of(e, o.context);
  CHECK(o.context, og_objective_create(o.context, o.model, o.table, options, &o.objective));
  o.p = og_field_parameters(og_model_field(o.model));
  o.theta = calloc(2 * o.p, sizeof(double));
  assert_non_null(o.theta);
  o.gradient = o.theta + o.p;
  fill_weights(&o);
  evaluate(&o, o.theta, &o.loss, o.gradient);
  og_options_destroy(options);
  return o;
}

static void close_example(opened *o) {
  og_objective_destroy(o->objective);
  og_table_destroy(o->table);
  og_model_destroy(o->model);
  og_context_destroy(o->context);
  free(o->theta);
}

static double norm(const double *a, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum += a[i] * a[i];
  return sqrt(sum);
}

/* ---- Against PyTorch ---- */

static const double *tensor_gradient(const opened *o, const char *name, size_t *count) {
  og_parameter_info info = {OG_INIT(og_parameter_info)};
  for (size_t i = 0; i < og_model_parameters(o->model); i++) {
    CHECK(o->context, og_model_parameter(o->model, i, &info));
    *count = info.rows * info.columns;
    if (strcmp(info.name, name) == 0) return o->gradient + info.offset;
  }
  fail_msg("%s has no parameter %s", o->of->name, name);
  return NULL;
}

/* Both programs do the same arithmetic, the midpoint rule with the same steps in double precision, but for
 * the order of sums: some hundred roundings, each amplified by the flow. 1e-10 of the tensor's norm, and of
 * what is compared, is ample. */
static int compare_line(const opened *o, const char *line) {
  char name[TENSOR_NAME], tensor[TENSOR_NAME], entry[16];
  double value;
  if (sscanf(line, "%63[^,],%63[^,],%15[^,],%lf", name, tensor, entry, &value) != 4 ||
      strcmp(name, o->of->name) != 0)
    return 0;
  size_t count = 1;
  double own = o->loss, scale = fabs(value);
  if (strcmp(tensor, "loss") != 0) {
    const double *gradient = tensor_gradient(o, tensor, &count);
    scale = norm(gradient, count);
    own = strcmp(entry, "norm") == 0 ? scale : gradient[strtoul(entry, NULL, 10)];
  }
  if (!(fabs(own - value) <= 1e-10 * scale))
    fail_msg("%s: %s %s is %.17g, PyTorch's is %.17g", name, tensor, entry, own, value);
  return 1;
}

static void gradients_are_those_of_pytorch(void **state) {
  (void)state;
  for (size_t i = 0; i < EXAMPLES; i++) {
    opened o = open_example(&examples[i], OG_PRECISION_DOUBLE);
    FILE *file = fopen("tests/oracles/networks.csv", "r");
    assert_non_null(file);
    char line[256];
    int compared = 0;
    while (fgets(line, sizeof line, file)) compared += compare_line(&o, line);
    assert_true(compared > 20);
    fclose(file);
    close_example(&o);
  }
}

/* ---- Against differences ---- */

static double loss_along(opened *o, const double *direction, double step, double *theta) {
  double loss;
  for (size_t i = 0; i < o->p; i++) theta[i] = o->theta[i] + step * direction[i];
  evaluate(o, theta, &loss, NULL);
  return loss;
}

/* Central differences along a direction, extrapolated: f[h] + (f[h] - f[2h]) / 3 has an error of h^4. At h =
 * 1e-3 of unit directions truncation is some 1e-11, rounding 1e-16 |L| / h; networks with kinks (relu) are
 * off by those that lie within h, so their h is smaller. */
static void differences_agree(opened *o, const double *direction, double *theta) {
  double h = strcmp(o->of->name, "digits") == 0 ? 1e-6 : 1e-4, slope[2], product = 0;
  for (int k = 0; k < 2; k++) {
    double step = h * (1 + k);
    slope[k] = (loss_along(o, direction, step, theta) - loss_along(o, direction, -step, theta)) / (2 * step);
  }
  double extrapolated = slope[0] + (slope[0] - slope[1]) / 3;
  for (size_t i = 0; i < o->p; i++) product += o->gradient[i] * direction[i];
  double allowed = 1e-7 * norm(o->gradient, o->p) + 1e-15 * fabs(o->loss) / h;
  if (!(fabs(product - extrapolated) <= allowed))
    fail_msg("%s: gradient times direction is %.17g, differences give %.17g", o->of->name, product,
             extrapolated);
}

static void gradients_are_those_of_differences(void **state) {
  (void)state;
  for (size_t i = 0; i < EXAMPLES; i++) {
    opened o = open_example(&examples[i], OG_PRECISION_DOUBLE);
    double *direction = calloc(2 * o.p, sizeof(double)), *theta = direction + o.p;
    assert_non_null(direction);
    for (int d = 0; d < DIRECTIONS; d++) {
      for (size_t k = 0; k < o.p; k++) direction[k] = sin(1 + (d + 1.7) * (double)k);
      double length = norm(direction, o.p);
      for (size_t k = 0; k < o.p; k++) direction[k] /= length;
      differences_agree(&o, direction, theta);
    }
    free(direction);
    close_example(&o);
  }
}

/* Single precision resolves 6e-8; some thousand roundings and the flow make of it what is allowed. */
static void single_precision_is_close(void **state) {
  (void)state;
  for (size_t i = 0; i < EXAMPLES; i++) {
    opened fine = open_example(&examples[i], OG_PRECISION_DOUBLE);
    opened o = open_example(&examples[i], OG_PRECISION_SINGLE);
    for (size_t k = 0; k < o.p; k++) o.gradient[k] -= fine.gradient[k];
    double off = norm(o.gradient, o.p) / norm(fine.gradient, o.p);
    if (!(off <= 1e-4)) fail_msg("%s: %.3g", examples[i].name, off);
    close_example(&o);
    close_example(&fine);
  }
}

/* ---- The scripts ---- */

static char folder[] = "/tmp/odegrad-examples-XXXXXX";

static const char *tool(void) {
  const char *path = getenv("ODEGRAD_TOOL");
  return path ? path : "build/odegrad";
}

/* Runs the shortened script in the folder; what it says ends up in `said`. */
static void run_script(const char *script, const char *name) {
  char command[512];
  snprintf(command, sizeof command, "ODEGRAD='%s' examples/%s --short %s/%s >%s/said 2>&1", tool(), script,
           folder, name, folder);
  if (system(command) != 0) {
    snprintf(command, sizeof command, "cat %s/said >&2", folder);
    fail_msg("examples/%s failed (%d)", script, system(command));
  }
}

static int exists(const char *file) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", folder, file);
  FILE *found = fopen(path, "r");
  if (found) fclose(found);
  return found != NULL;
}

/* The n-th number behind `word` in what the script said. */
static double said(const char *word, int n) {
  char path[128];
  static char text[1 << 16];
  snprintf(path, sizeof path, "%s/said", folder);
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  text[fread(text, 1, sizeof text - 1, file)] = '\0';
  fclose(file);
  const char *at = text;
  while ((at = strstr(at, word)) && n-- > 0) at += strlen(word);
  if (!at) fail_msg("nothing says %s", word);
  return strtod(at + strlen(word), NULL);
}

/* An iteration of training of a few windows lowers the mean absolute error on them below that of the first
 * weights, under which hardly anything moves (about 0.08); pictures are drawn after both parts. */
static void spiral_trains(void **state) {
  (void)state;
  run_script("spiral/run.sh", "spiral");
  assert_true(said("loss ", 2) < said("loss ", 0));
  assert_true(exists("spiral/phase_10.svg") && exists("spiral/phase_20.svg") && exists("spiral/loss.svg"));
}

static void neural_ode_trains(void **state) {
  (void)state;
  run_script("neural_ode/run.sh", "neural_ode");
  assert_true(exists("neural_ode/phase.svg"));
  assert_true(isfinite(said("odegrad: loss ", 0)));
}

/* The true interaction is recovered to a tenth of its size (1.8) already by the shortened training. */
static void universal_recovers_the_terms(void **state) {
  (void)state;
  run_script("universal_lv/run.sh", "universal_lv");
  assert_true(exists("universal_lv/terms.svg"));
  assert_true(sqrt(said("odegrad: loss ", 0)) < 0.18);
}

/* Chance is 10 %. What one short epoch learns is far from the end, and the residual network and the equation
 * that it discretises say nearly the same: of 359 answers a few differ. */
static void digits_are_learned(void **state) {
  (void)state;
  run_script("digits/run.sh", "digits");
  assert_true(said("digit: ", 0) > 0.8 * 359);
  assert_true(fabs(said("digit: ", 0) - said("digit: ", 2)) < 0.05 * 359);
}

static void hybrid_is_judged(void **state) {
  (void)state;
  run_script("hare_lynx/hybrid.sh", "hybrid");
  assert_true(said("early years: loss ", 1) <= said("early years: loss ", 0) + 1e-3);
  assert_true(isfinite(said("late years: loss ", 4)));
}

static int make_folder(void **state) {
  (void)state;
  return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
  (void)state;
  char command[128];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  return system(command);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gradients_are_those_of_pytorch),
      cmocka_unit_test(gradients_are_those_of_differences),
      cmocka_unit_test(single_precision_is_close),
      cmocka_unit_test(spiral_trains),
      cmocka_unit_test(neural_ode_trains),
      cmocka_unit_test(universal_recovers_the_terms),
      cmocka_unit_test(digits_are_learned),
      cmocka_unit_test(hybrid_is_judged),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
