/* Pictures that were looked at and found good, kept in tests/pictures: what is drawn now has the same
 * elements in the same order, texts and colours to the letter, and places to a fiftieth of a pixel, since
 * logarithms may round otherwise elsewhere. ODEGRAD_PICTURES=DIRECTORY writes them there (end the name in /
 * ), as SVG and as PNG, to be looked at. */
#include <math.h>
#include <unistd.h>

#include "counting.h"
#include "io/plot.h"

enum { POINTS_MOST = 600 };
static double xs[POINTS_MOST], ys[POINTS_MOST];

static void ok(const og_plot *plot, og_status status) {
  if (status != OG_OK) fail_msg("%s", og_context_message(plot->context));
}

/* ---- The pictures ---- */

/* Every kind of series, gaps, negative numbers; the legend finds a free corner. */
static void draw_kinds(og_plot *plot) {
  static const char *const names[] = {"disc", "ring", "square", "triangle", "diamond"};
  ok(plot, og_plot_band(plot, "rain", -2, -1));
  ok(plot, og_plot_band(plot, "snow", 0.5, 1));
  ok(plot, og_plot_band(plot, "rain", 1.5, INFINITY));
  for (int i = 0; i < 9; i++) xs[i] = i / 2. - 2, ys[i] = i == 4 ? NAN : xs[i] * xs[i] * xs[i];
  ok(plot, og_plot_line(plot, "cubic", 9, xs, ys));
  ok(plot, og_plot_points(plot, "cubic", 9, xs, ys));
  for (int i = 0; i < 3; i++) ys[i] = -2 - i;
  ok(plot, og_plot_marked(plot, "first", 3, xs, ys));
  ok(plot, og_plot_marked(plot, "second", 3, xs + 3, ys));
  ok(plot, og_plot_guide(plot, "slope 1", 2, (double[]){-2, 2}, (double[]){-2, 2}));
  for (int i = 0; i <= OG_MARKER_DIAMOND; i++)
    ok(plot, og_plot_signs(plot, names[i], (og_marker)i, 1, (double[]){-1.5 + 0.5 * i}, (double[]){6}));
  ok(plot, og_plot_line(plot, "a point alone", 1, xs, ys));
}

/* Decades on both axes; what is not positive has no place. */
static void draw_decades(og_plot *plot) {
  ok(plot, og_plot_set_log(plot, 1, 1));
  for (int i = 0; i < 8; i++) xs[i] = pow(10, i - 6), ys[i] = pow(10, 3 * i - 9);
  ys[3] = 0;
  ok(plot, og_plot_line(plot, "error", 8, xs, ys));
  ok(plot, og_plot_points(plot, "error", 8, xs, ys));
  ok(plot, og_plot_band(plot, "below rounding", -INFINITY, 1e-5));
  ok(plot, og_plot_band(plot, "too coarse", 2, INFINITY));
}

/* Two decades, labelled at 1, 2 and 5; and less than one. */
static void draw_short_decades(og_plot *plot) {
  ok(plot, og_plot_set_log(plot, 1, 1));
  ok(plot, og_plot_line(plot, "a", 3, (double[]){0.2, 2, 15}, (double[]){3, 4.5, 9}));
}

/* Ranges of all sizes: powers of ten common to an axis, a value alone, what stands on zero. */
static void draw_ranges(og_plot *plot) {
  ok(plot, og_plot_panel(plot, "large", NULL, "y"));
  ok(plot, og_plot_line(plot, "a", 3, (double[]){-2e7, 0, 1e7}, (double[]){1e-5, 3e-5, 2.5e-5}));
  ok(plot, og_plot_panel(plot, "one value", "t", "z"));
  ok(plot, og_plot_points(plot, "a", 1, (double[]){0}, (double[]){-40}));
  ok(plot, og_plot_panel(plot, "close together", "u", "v"));
  ok(plot, og_plot_line(plot, "b", 2, (double[]){1000, 1000.25}, (double[]){0.1, 12}));
}

/* More points than places: small, pale and below the curve. */
static void draw_crowd(og_plot *plot) {
  for (int i = 0; i < POINTS_MOST; i++) xs[i] = i % 60, ys[i] = (i % 60) * 0.5 + i / 60 * 0.4;
  ok(plot, og_plot_points(plot, "data", POINTS_MOST, xs, ys));
  ok(plot, og_plot_line(plot, "curve", 2, (double[]){0, 59}, (double[]){4, 33}));
}

/* Lines of a name as they become many, by panel: as wide as one, half, a quarter and pale. */
static void draw_many_lines(og_plot *plot) {
  static const int counts[] = {6, 7, 40, 41};
  static const char *const titles[] = {"6", "7", "40", "41"};
  for (int panel = 0; panel < 4; panel++) {
    ok(plot, og_plot_panel(plot, titles[panel], NULL, NULL));
    for (int i = 0; i < counts[panel]; i++)
      ok(plot, og_plot_line(plot, "x", 2, (double[]){0, 1}, (double[]){i, i + 1}));
    ok(plot, og_plot_points(plot, "y", 1, (double[]){0.5}, (double[]){2}));
  }
}

/* A table of counts: the darker the larger its part of the row. */
static void draw_cells(og_plot *plot) {
  ok(plot, og_plot_cells(plot, 4, 3, (double[]){8, 2, 0, 1, 123, 1, 0, 0, 0, -1, 22. / 7, INFINITY}));
  ok(plot, og_plot_classes(plot, 3));
  ok(plot, og_plot_panel(plot, "classes", "class", "share"));
  ok(plot, og_plot_classes(plot, 3));
  ok(plot, og_plot_points(plot, "p", 3, (double[]){1, 2, 3}, (double[]){0.25, 0.5, 1}));
}

/* A legend beside a picture that is full; names that do not fit; colours that come round again. */
static void draw_names(og_plot *plot) {
  char name[80];
  for (int i = 0; i < 17; i++) {
    snprintf(name, sizeof name, i == 3 ? "a name that is far too long for a legend, number %d" : "n%d", i);
    for (int k = 0; k < 5; k++) xs[k] = k, ys[k] = (i + 3 * k) % 17;
    ok(plot, i % 3 == 2 ? og_plot_marked(plot, name, 5, xs, ys) : og_plot_line(plot, name, 5, xs, ys));
  }
}

/* The least there is. */
static void draw_small(og_plot *plot) {
  ok(plot, og_plot_line(plot, "a", 2, (double[]){0, 1}, (double[]){0, 1}));
  ok(plot, og_plot_line(plot, "b", 2, (double[]){0, 1}, (double[]){1, 0.5}));
}

/* Panels with no room for what is in them: labels of their own, classes and cells by the dozen. */
static void draw_tight(og_plot *plot) {
  ok(plot,
     og_plot_panel(plot, "a title that is too long for its panel", "a label that is too long", "upward"));
  ok(plot, og_plot_classes(plot, 30));
  ok(plot, og_plot_points(plot, "a", 2, (double[]){1, 30}, (double[]){0.001, 0.002}));
  for (int i = 0; i < 60; i++) xs[i] = i % 4 ? i : 0;
  ok(plot, og_plot_panel(plot, NULL, NULL, NULL));
  ok(plot, og_plot_cells(plot, 10, 6, xs));
  ok(plot, og_plot_panel(plot, NULL, "c", NULL));
  ok(plot, og_plot_cells(plot, 1, 2, xs + 57));
  ok(plot, og_plot_panel(plot, "none", NULL, NULL)); /* without a point */
}

/* As many points above each other as hide a curve, had they one to hide. */
static void draw_noise(og_plot *plot) {
  for (int i = 0; i < 300; i++) xs[i] = i % 100, ys[i] = i * 37 % 61;
  ok(plot, og_plot_points(plot, "noise", 300, xs, ys));
}

static const struct {
  const char *name, *title, *x_label, *y_label;
  int width, height;
  void (*draw)(og_plot *plot);
} pictures[] = {{"kinds", "Every kind <of> series", "time & space", "value", 500, 320, draw_kinds},
                {"decades", "Decades", "step", "error", 420, 300, draw_decades},
                {"short_decades", NULL, NULL, NULL, 400, 300, draw_short_decades},
                {"ranges", "Ranges", "x", NULL, 500, 500, draw_ranges},
                {"crowd", NULL, "t", "y", 360, 220, draw_crowd},
                {"many_lines", "Lines of a name", "t", "x", 420, 400, draw_many_lines},
                {"cells", NULL, "predicted", "observed", 420, 420, draw_cells},
                {"names", "A title that is far too long for a picture of this width, so that it is shortened",
                 "t", "y", 360, 300, draw_names},
                {"tight", "tight", "a common label", "b", 330, 300, draw_tight},
                {"noise", NULL, "t", NULL, 360, 260, draw_noise},
                {"small", "small", "t", "y", 200, 200, draw_small}};

/* ---- Comparison ---- */

static og_plot *plot_of(og_context *context, size_t i) {
  og_plot *plot;
  assert_int_equal(
      og_plot_create(context, pictures[i].title, pictures[i].x_label, pictures[i].y_label, &plot), OG_OK);
  ok(plot, og_plot_set_size(plot, pictures[i].width, pictures[i].height));
  pictures[i].draw(plot);
  return plot;
}

static char *text_of(og_context *context, const char *path) {
  char *text;
  size_t length;
  if (og_read_file(context, path, &text, &length) != OG_OK) fail_msg("%s", og_context_message(context));
  return text;
}

static int is_number(const char *at) {
  return strchr("0123456789", at[*at == '-']) != NULL && at[*at == '-'];
}

/* Colours are no numbers. */
static void compare(const char *name, const char *is, const char *expected) {
  const double FIFTIETH = 0.02;
  int line = 1;
  for (const char *a = is, *b = expected; *a || *b; line += *a == '\n', a++, b++) {
    char *after_a, *after_b;
    if (a > is && a[-1] != '#' && is_number(a) && is_number(b)) {
      double one = strtod(a, &after_a), other = strtod(b, &after_b);
      if (!(fabs(one - other) <= FIFTIETH))
        fail_msg("%s.svg, line %d: %g and not %g", name, line, one, other);
      a = after_a - 1, b = after_b - 1;
    } else if (*a != *b) {
      fail_msg("%s.svg, line %d: %.60s\nand not %.60s", name, line, a, b);
    }
  }
}

static void pictures_are_as_they_were(void **state) {
  (void)state;
  const char *directory = getenv("ODEGRAD_PICTURES");
  char own[] = "/tmp/odegrad-pictures-XXXXXX/", *end = own + sizeof own - 2;
  *end = '\0';
  assert_non_null(mkdtemp(own));
  *end = '/';
  for (size_t i = 0; i < sizeof pictures / sizeof *pictures; i++) {
    char path[300], kept[300];
    og_context *context = new_context();
    og_plot *plot = plot_of(context, i);
    snprintf(path, sizeof path, "%s%s.svg", directory ? directory : own, pictures[i].name);
    snprintf(kept, sizeof kept, "tests/pictures/%s.svg", pictures[i].name);
    ok(plot, og_plot_write(plot, path));
    if (directory) {
      snprintf(path, sizeof path, "%s%s.png", directory, pictures[i].name);
      ok(plot, og_plot_write(plot, path));
    } else {
      char *is = text_of(context, path), *expected = text_of(context, kept);
      unlink(path);
      compare(pictures[i].name, is, expected);
      og_free(context, is), og_free(context, expected);
    }
    og_plot_destroy(plot);
    og_context_destroy(context);
  }
  *end = '\0';
  assert_int_equal(rmdir(own), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(pictures_are_as_they_were)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
