/* Pictures of the tool as the calls that make them, recorded in the place of the library (the linker's
 * --wrap, see cmake/Tests.cmake): curves are compared with closed forms at every point. The tool runs within
 * the program, in a copy of tests/cli/fixtures. */
#ifndef OG_RECORDED_PLOTS_H
#define OG_RECORDED_PLOTS_H

#include "counting.h"

#include <fcntl.h>
#include <math.h>
#include <unistd.h>

#pragma push_macro("fail") /* of cmocka: the tool has a function of that name */
#undef fail
#define fail tool_fail
#include "check.h"
#pragma pop_macro("fail")

enum { WORDS_MOST = 16, TEXT_MOST = 1 << 16 };

/* ---- The recording (the linker's --wrap) ---- */

static char drawn[TEXT_MOST];
static size_t length;
/* The value of the curve `name` at x, or NaN: it is not known. */
static double (*truth)(const char *name, double x);
enum { CURVE_MOST = 1 << 19 };
static size_t last_count; /* the last curve */
static double last_x[CURVE_MOST], last_y[CURVE_MOST];

__attribute__((format(printf, 1, 2))) static void record(const char *format, ...) {
  va_list list;
  va_start(list, format);
  length += (size_t)vsnprintf(drawn + length, sizeof drawn - length, format, list);
  va_end(list);
  assert_true(length < sizeof drawn);
}

static const char *shown(const char *text) { return text ? text : "-"; }

og_status __wrap_og_plot_create(og_context *context, const char *title, const char *x, const char *y,
                                og_plot **out);
og_status __wrap_og_plot_create(og_context *context, const char *title, const char *x, const char *y,
                                og_plot **out) {
  (void)context;
  record("plot %s | %s | %s\n", shown(title), shown(x), shown(y));
  *out = (og_plot *)drawn; /* which is not looked at */
  return OG_OK;
}

void __wrap_og_plot_destroy(og_plot *plot);
void __wrap_og_plot_destroy(og_plot *plot) { (void)plot; }

og_status __wrap_og_plot_panel(og_plot *plot, const char *title, const char *x, const char *y);
og_status __wrap_og_plot_panel(og_plot *plot, const char *title, const char *x, const char *y) {
  (void)plot;
  record("panel %s | %s | %s\n", shown(title), shown(x), shown(y));
  return OG_OK;
}

static void put_pairs(const char *kind, const char *name, size_t count, const double *x, const double *y) {
  record("%s %s:", kind, name);
  for (size_t i = 0; i < count; i++) record(" (%.5g,%.5g)", x[i], y[i]);
  record("\n");
}

/* Of a curve its ends; its points go one way in time, and are right. */
og_status __wrap_og_plot_line(og_plot *plot, const char *name, size_t count, const double *x,
                              const double *y);
og_status __wrap_og_plot_line(og_plot *plot, const char *name, size_t count, const double *x,
                              const double *y) {
  (void)plot;
  last_count = count;
  assert_true(count <= CURVE_MOST);
  memcpy(last_x, x, count * sizeof *x), memcpy(last_y, y, count * sizeof *y);
  if (count < 40) {
    put_pairs("line", name, count, x, y);
    return OG_OK;
  }
  record("line %s: %s401 points, (%.4g,%.4g) to (%.4g,%.4g)\n", name,
         count >= 401 ? "at least " : "less than ", x[0], y[0], x[count - 1], y[count - 1]);
  for (size_t i = 0; i < count && truth; i++) {
    double right = truth(name, x[i]);
    if (!isnan(right) && !(fabs(y[i] - right) <= 1e-5 * fmax(1, fabs(right)))) /* tolerances of 1e-6 a step */
      fail_msg("%s at %g: %g and not %g", name, x[i], y[i], right);
    if (i > 0 && (x[i] - x[i - 1]) * (x[count - 1] - x[0]) < 0) fail_msg("%s goes back at %g", name, x[i]);
  }
  return OG_OK;
}

#define PAIRS(kind)                                                                                          \
  og_status __wrap_og_plot_##kind(og_plot *plot, const char *name, size_t count, const double *x,            \
                                  const double *y);                                                          \
  og_status __wrap_og_plot_##kind(og_plot *plot, const char *name, size_t count, const double *x,            \
                                  const double *y) {                                                         \
    (void)plot;                                                                                              \
    put_pairs(#kind, name, count, x, y);                                                                     \
    return OG_OK;                                                                                            \
  }
PAIRS(points)
PAIRS(marked)
PAIRS(guide)

og_status __wrap_og_plot_signs(og_plot *plot, const char *name, og_marker marker, size_t count,
                               const double *x, const double *y);
og_status __wrap_og_plot_signs(og_plot *plot, const char *name, og_marker marker, size_t count,
                               const double *x, const double *y) {
  char kind[16];
  (void)plot;
  snprintf(kind, sizeof kind, "signs %d", (int)marker);
  put_pairs(kind, name, count, x, y);
  return OG_OK;
}

og_status __wrap_og_plot_band(og_plot *plot, const char *name, double from, double to);
og_status __wrap_og_plot_band(og_plot *plot, const char *name, double from, double to) {
  (void)plot;
  record("band %s: %g to %g\n", name, from, to);
  return OG_OK;
}

og_status __wrap_og_plot_cells(og_plot *plot, size_t rows, size_t columns, const double *values);
og_status __wrap_og_plot_cells(og_plot *plot, size_t rows, size_t columns, const double *values) {
  (void)plot;
  record("cells %zu x %zu:", rows, columns);
  for (size_t i = 0; i < rows * columns; i++) record(" %g", values[i]);
  record("\n");
  return OG_OK;
}

og_status __wrap_og_plot_classes(og_plot *plot, size_t count);
og_status __wrap_og_plot_classes(og_plot *plot, size_t count) {
  (void)plot;
  record("classes %zu\n", count);
  return OG_OK;
}

og_status __wrap_og_plot_set_size(og_plot *plot, size_t width, size_t height);
og_status __wrap_og_plot_set_size(og_plot *plot, size_t width, size_t height) {
  (void)plot;
  record("size %zu x %zu\n", width, height);
  return OG_OK;
}

og_status __wrap_og_plot_set_log(og_plot *plot, int log_x, int log_y);
og_status __wrap_og_plot_set_log(og_plot *plot, int log_x, int log_y) {
  (void)plot;
  if (log_x || log_y) record("log %d %d\n", log_x, log_y);
  return OG_OK;
}

og_status __wrap_og_plot_write(const og_plot *plot, const char *path);
og_status __wrap_og_plot_write(const og_plot *plot, const char *path) {
  (void)plot;
  record("write %s\n", path);
  return OG_OK;
}

/* ---- The tool, within this program ---- */

static char folder[] = "/tmp/odegrad-pictures-XXXXXX", here[400];

static inline int enter(void **state) {
  (void)state;
  char command[500];
  if (!getcwd(here, sizeof here) || !mkdtemp(folder)) return -1;
  snprintf(command, sizeof command, "cp tests/cli/fixtures/* %s", folder);
  return system(command) || chdir(folder);
}

static inline int leave(void **state) {
  (void)state;
  char command[100];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  return chdir(here) || system(command);
}

static inline void put(const char *name, const char *text) {
  FILE *file = fopen(name, "w");
  assert_non_null(file);
  fputs(text, file);
  assert_int_equal(fclose(file), 0);
}

#define WORDS(...) ((const char *const[WORDS_MOST]){__VA_ARGS__})

/* The verb and its arguments; draws into p.svg. */
static inline void run(const char *const words[WORDS_MOST]) {
  static const struct {
    const char *name;
    verb_id id;
    int (*run)(problem *p);
  } verbs[] = {{"solve", VERB_SOLVE, run_solve},
               {"grad", VERB_GRAD, run_grad},
               {"check", VERB_CHECK, run_check},
               {"fit", VERB_FIT, run_fit},
               {"predict", VERB_PREDICT, run_predict}};
  char *argv[WORDS_MOST];
  int count = 0, status = -1;
  for (int i = 1; i < WORDS_MOST && words[i]; i++) argv[count++] = (char *)words[i];
  length = 0, drawn[0] = '\0';
  fflush(NULL);
  int kept = dup(STDOUT_FILENO), null = open("/dev/null", O_WRONLY);
  dup2(null, STDOUT_FILENO), close(null);
  for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
    if (strcmp(words[0], verbs[i].name) != 0) continue;
    arguments a = {.verb = verbs[i].id, .verb_name = verbs[i].name};
    problem p = {0};
    status = parse_arguments(count, argv, &a);
    if (!status) status = load_problem(&a, &p);
    if (!status) status = verbs[i].run(&p);
    free_problem(&p);
    free_arguments(&a);
  }
  fflush(NULL);
  dup2(kept, STDOUT_FILENO), close(kept);
  assert_int_equal(status, EXIT_DONE);
}

static inline void draws(const char *expected, const char *const words[WORDS_MOST]) {
  run(words);
  if (strcmp(drawn, expected) != 0)
    fail_msg("%s %s draws\n%s\nand not\n%s", words[0], words[1], drawn, expected);
}

static inline size_t count_of(const char *part) {
  size_t count = 0;
  for (const char *at = strstr(drawn, part); at; at = strstr(at + 1, part)) count++;
  return count;
}

#endif
