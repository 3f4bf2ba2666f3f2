/* Plots: axes, what the files hold, what is refused. How they look is for eyes; that nothing lies is checked
 * here. */
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "counting.h"
#include "io/plot.h"

/* For the leak sanitizer: fontconfig, below cairo, keeps its caches until the process ends. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:libfontconfig\n"; }

static char folder[] = "/tmp/odegrad-plot-XXXXXX";

static int make_folder(void **state) {
  (void)state;
  return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
  (void)state;
  return rmdir(folder); /* fails if a test or a temporary name is left in it */
}

static const char *in_folder(const char *name) {
  static char path[128];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

static og_plot *new_plot(og_context *context) {
  og_plot *plot;
  assert_int_equal(og_plot_create(context, "Hare & lynx", "year", "pelts <1000>", &plot), OG_OK);
  return plot;
}

/* The written SVG; the file is removed. */
static char *svg_of(og_context *context, const og_plot *plot) {
  char *text;
  size_t length;
  og_status status = og_plot_write(plot, in_folder("p.svg"));
  if (status != OG_OK) fail_msg("%s", og_context_message(context));
  assert_int_equal(og_read_file(context, in_folder("p.svg"), &text, &length), OG_OK);
  unlink(in_folder("p.svg"));
  return text;
}

static size_t count_of(const char *text, const char *part) {
  size_t count = 0;
  for (const char *at = strstr(text, part); at; at = strstr(at + 1, part)) count++;
  return count;
}

/* ---- Axes ---- */

static void assert_labels(const og_scale *scale, const char *expected) {
  char labels[512] = "";
  for (size_t i = 0; i < scale->tick_count; i++) {
    if (!scale->ticks[i].text[0]) continue;
    size_t used = strlen(labels);
    snprintf(labels + used, sizeof labels - used, "%s%s", used ? " " : "", scale->ticks[i].text);
  }
  assert_string_equal(labels, expected);
}

static void ticks_are_round_numbers(void **state) {
  (void)state;
  static const struct {
    double low, high;
    int wanted;
    const char *labels;
  } rows[] = {
      {1900, 1920, 8, "1900 1902 1904 1906 1908 1910 1912 1914 1916 1918 1920"},
      {0, 1, 7, "0.0 0.2 0.4 0.6 0.8 1.0"},
      {-1, 1, 7, "\u22121.0 \u22120.8 \u22120.6 \u22120.4 \u22120.2 0.0 0.2 0.4 0.6 0.8 1.0"},
      {0, 5e7, 7, "0 1\u00d710\u2077 2\u00d710\u2077 3\u00d710\u2077 4\u00d710\u2077 5\u00d710\u2077"},
      {0, 3e-5, 7,
       "0 0.5\u00d710\u207b\u2075 1.0\u00d710\u207b\u2075 1.5\u00d710\u207b\u2075 2.0\u00d710\u207b\u2075 "
       "2.5\u00d710\u207b\u2075 3.0\u00d710\u207b\u2075"},
  };
  og_scale scale;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    og_scale_fit(&scale, 0, rows[i].low, rows[i].high, 0, rows[i].wanted);
    assert_labels(&scale, rows[i].labels);
  }
}

static void log_ticks_are_decades(void **state) {
  (void)state;
  og_scale scale;
  og_scale_fit(&scale, 1, 1, 1000, 0, 7);
  assert_labels(&scale, "1 10 100 1000");
  og_scale_fit(&scale, 1, 4, 80, 0, 7);
  assert_labels(&scale, "5 10 20 50");
  og_scale_fit(&scale, 1, 0.24, 2.1, 0.06, 7); /* about a decade: labels all along it */
  assert_labels(&scale, "0.3 0.5 0.7 1 1.5 2");
  og_scale_fit(&scale, 1, 2e-7, 9e-7, 0, 4);
  assert_labels(&scale,
                "2\u00d710\u207b\u2077 3\u00d710\u207b\u2077 5\u00d710\u207b\u2077 7\u00d710\u207b\u2077");
  og_scale_fit(&scale, 1, 1.05, 1.2, 0, 4); /* so little of a decade is as good as linear */
  assert_labels(&scale, "1.05 1.10 1.15 1.20");
  og_scale_fit(&scale, 1, 1e-12, 1, 0, 7);
  assert_labels(&scale,
                "10\u207b\u00b9\u00b2 10\u207b\u00b9\u2070 10\u207b\u2078 10\u207b\u2076 10\u207b\u2074 "
                "10\u207b\u00b2 10\u2070");
  scale.from = 0;
  scale.to = 120;
  assert_true(fabs(og_scale_position(&scale, 1e-6) - 60) < 1e-9); /* half way, to rounding */
}

/* Whatever the range: some labelled ticks, all of them in it, none of them "-0". */
static void ticks_exist_for_every_range(void **state) {
  (void)state;
  og_rng rng;
  og_rng_seed(&rng, 11, 0);
  for (int i = 0; i < 5000; i++) {
    int log = i % 2;
    double size = pow(10, 580 * og_rng_uniform(&rng) - 290), a = og_rng_normal(&rng) * size,
           b = og_rng_normal(&rng) * size;
    if (i % 5 == 0) b = a;
    if (i % 7 == 0) b = a * (1 + 1e-9 * og_rng_uniform(&rng));
    if (log) a = fabs(a), b = fabs(b);
    og_scale scale;
    og_scale_fit(&scale, log, fmin(a, b), fmax(a, b), 0.05, 7);
    size_t labels = 0;
    for (size_t k = 0; k < scale.tick_count; k++) {
      double place = og_scale_position(&scale, scale.ticks[k].value);
      if (!(place >= -1e-6 && place <= 1 + 1e-6))
        fail_msg("tick %.17g of [%.17g, %.17g] is at %g", scale.ticks[k].value, fmin(a, b), fmax(a, b),
                 place);
      assert_string_not_equal(scale.ticks[k].text, "\u22120");
      labels += scale.ticks[k].text[0] != '\0';
    }
    assert_true(labels >= 1 && labels <= 16);
    double from = og_scale_position(&scale, fmin(a, b)), to = og_scale_position(&scale, fmax(a, b));
    assert_true(from >= -1e-9 && to <= 1 + 1e-9);
  }
}

/* ---- Files ---- */

static void an_svg_holds_labels_series_and_one_legend_entry_a_name(void **state) {
  (void)state;
  og_context *context = new_context();
  og_plot *plot = new_plot(context);
  const double t[] = {1900, 1901, 1902, 1903}, x[] = {30, 47.2, 70.2, 77.4}, gap[] = {1, 2, NAN, 3};
  assert_int_equal(og_plot_line(plot, "hare", 4, t, x), OG_OK);
  assert_int_equal(og_plot_points(plot, "hare", 4, t, x), OG_OK);
  assert_int_equal(og_plot_points(plot, "lynx", 4, t, gap), OG_OK);
  char *svg = svg_of(context, plot);
  assert_contains(svg, "Hare &amp; lynx</text>");
  assert_contains(svg, ">year</text>");
  assert_contains(svg, ">pelts &lt;1000&gt;</text>");
  assert_contains(svg, ">1902.0</text>");
  assert_int_equal(count_of(svg, ">hare</text>"), 1);
  assert_int_equal(count_of(svg, ">lynx</text>"), 1);
  assert_int_equal(count_of(svg, "<circle"), 4 + 3 + 2);        /* points, and two in the legend */
  assert_int_equal(count_of(svg, "stroke=\"#0072b2\""), 1 + 1); /* the line, and the legend's */
  assert_int_equal(count_of(svg, "fill=\"#0072b2\""), 4 + 1);   /* the same colour for the points */
  assert_int_equal(count_of(svg, "fill=\"#d55e00\""), 3 + 1);
  assert_contains(svg, "</svg>");
  assert_null(strstr(svg, "nan"));
  og_free(context, svg);
  og_plot_destroy(plot);
  og_context_destroy(context);
}

static void a_missing_value_breaks_the_line(void **state) {
  (void)state;
  og_context *context = new_context();
  og_plot *plot = new_plot(context);
  const double x[] = {0, 1, 2, 3, 4, 5, 6}, y[] = {1, 2, NAN, 4, INFINITY, 6, 7};
  og_plot_line(plot, "", 7, x, y);
  char *svg = svg_of(context, plot);
  assert_int_equal(count_of(svg, "stroke=\"#0072b2\""),
                   2); /* 0-1 and 5-6; a single point is no line; no legend */
  og_free(context, svg);
  og_plot_destroy(plot);
  og_context_destroy(context);
}

static void a_log_axis_leaves_out_what_is_not_positive(void **state) {
  (void)state;
  og_context *context = new_context();
  og_plot *plot = new_plot(context);
  og_plot_points(plot, "x", 5, (double[]){1, 2, 3, 4, 5}, (double[]){0.001, -1, 0, 1, 100});
  assert_int_equal(og_plot_set_log(plot, 0, 1), OG_OK);
  char *svg = svg_of(context, plot);
  assert_int_equal(count_of(svg, "<circle"), 3 + 1);
  assert_contains(svg, ">0.01</text>");
  assert_contains(svg, ">100</text>");
  og_free(context, svg);
  og_plot_destroy(plot);
  og_context_destroy(context);
}

static void markers_have_shapes_and_guides_are_grey(void **state) {
  (void)state;
  og_context *context = new_context();
  og_plot *plot = new_plot(context);
  const double x[] = {1, 2, 3};
  static const char *const names[] = {"disc", "ring", "square", "triangle", "diamond"};
  for (int i = 0; i < 5; i++) assert_int_equal(og_plot_marked(plot, names[i], 3, x, x), OG_OK);
  assert_int_equal(og_plot_guide(plot, "slope", 2, x, x), OG_OK);
  char *svg = svg_of(context, plot);
  assert_int_equal(count_of(svg, "<circle"), 3 + 1);                /* and the legend's */
  assert_int_equal(count_of(svg, "stroke=\"#d55e00\""), 1 + 3 + 2); /* a line, rings, the legend's */
  assert_int_equal(count_of(svg, "<polygon"), 3 * (3 + 1));         /* three shapes */
  assert_int_equal(count_of(svg, "stroke=\"#888888\""), 1 + 1);     /* the guide and the legend's */
  assert_int_equal(count_of(svg, "stroke-dasharray"), 2);
  og_free(context, svg);
  og_plot_destroy(plot);
  og_context_destroy(context);
}

static void text_that_is_not_utf8_is_made_so(void **state) {
  (void)state;
  og_context *context = new_context();
  og_plot *plot;
  assert_int_equal(og_plot_create(context, "\xC3\xA4\xFF\xC3\x01\xED\xA0\x80z", NULL, NULL, &plot), OG_OK);
  og_plot_points(plot, "x", 1, (double[]){1}, (double[]){1});
  char *svg = svg_of(context, plot);
  assert_contains(svg, ">\xC3\xA4???"
                       "???z</text>");
  og_free(context, svg);
  og_plot_destroy(plot);
  og_context_destroy(context);
}

/* Whether the text is among bytes of which some are zero. */
static int holds(const char *bytes, size_t length, const char *text) {
  for (size_t i = 0; i + strlen(text) <= length; i++)
    if (memcmp(bytes + i, text, strlen(text)) == 0) return 1;
  return 0;
}

static void png_and_pdf_are_these_or_refused_with_a_reason(void **state) {
  (void)state;
  og_context *context = new_context();
  og_plot *plot = new_plot(context);
  og_plot_line(plot, "x", 2, (double[]){0, 1}, (double[]){0, 1});
  og_status status = og_plot_write(plot, in_folder("p.PNG"));
  if (status == OG_ERR_UNSUPPORTED) {
    assert_contains(og_context_message(context), "libcairo2-dev");
  } else {
    assert_int_equal(status, OG_OK);
    char *bytes;
    size_t length;
    assert_int_equal(og_read_file(context, in_folder("p.PNG"), &bytes, &length), OG_OK);
    assert_true(length > 1000);
    assert_memory_equal(bytes, "\x89PNG\r\n\x1a\n", 8);
    assert_memory_equal(bytes + length - 8, "IEND", 4); /* whole to its last chunk */
    og_free(context, bytes);
    unlink(in_folder("p.PNG"));
    assert_int_equal(og_plot_write(plot, in_folder("p.pdf")), OG_OK);
    assert_int_equal(og_read_file(context, in_folder("p.pdf"), &bytes, &length), OG_OK);
    assert_memory_equal(bytes, "%PDF-", 5);
    assert_memory_equal(bytes + length - 6, "%%EOF\n", 6);
    /* 800 by 500 at 96 to the inch, in points */
    assert_true(holds(bytes, length, "MediaBox [ 0 0 600 375 ]"));
    og_free(context, bytes);
    unlink(in_folder("p.pdf"));
  }
  og_plot_destroy(plot);
  og_context_destroy(context);
}

static void what_cannot_be_drawn_is_refused(void **state) {
  (void)state;
  og_context *context = new_context();
  og_plot *plot = new_plot(context);
  assert_int_equal(og_plot_write(plot, in_folder("p.svg")), OG_ERR_ARGUMENT);
  assert_contains(og_context_message(context), "the plot is empty");
  og_plot_points(plot, "x", 1, (double[]){1}, (double[]){-1});
  og_plot_set_log(plot, 0, 1);
  assert_int_equal(og_plot_write(plot, in_folder("p.svg")), OG_ERR_ARGUMENT);
  assert_contains(og_context_message(context), "positive on a logarithmic axis");
  assert_int_equal(access(in_folder("p.svg"), F_OK), -1); /* no half of a picture */
  og_plot_set_log(plot, 0, 0);
  assert_int_equal(og_plot_write(plot, "/nowhere/p.svg"), OG_ERR_FILE);
  assert_string_equal(og_context_message(context), "cannot write /nowhere/p.svg: No such file or directory");
  assert_int_equal(og_plot_write(plot, in_folder("p.jpg")), OG_ERR_ARGUMENT);
  assert_contains(og_context_message(context), "end the name in .svg, .png or .pdf");
  assert_int_equal(og_plot_write(plot, in_folder("p")), OG_ERR_ARGUMENT);
  og_plot_destroy(plot);
  og_plot_destroy(NULL);
  og_context_destroy(context);
}

static void many_names_fit(void **state) {
  (void)state;
  og_context *context = new_context();
  og_plot *plot = new_plot(context);
  for (int i = 0; i < 40; i++) {
    char name[16];
    snprintf(name, sizeof name, "s%d", i);
    og_plot_line(plot, name, 2, (double[]){0, 1}, (double[]){i, 40 - i});
  }
  char *svg = svg_of(context, plot);
  assert_contains(svg, ">s15</text>");
  assert_null(strstr(svg, ">s16</text>"));
  assert_contains(svg, ">and 24 more</text>");
  og_free(context, svg);
  og_plot_destroy(plot);
  og_context_destroy(context);
}

/* ---- Crowds ---- */

/* Discs of an SVG of `count` points along a line, and the radius of the first. */
static size_t discs_of(size_t count, double *radius, int *rims, int *below) {
  og_context *context = new_context();
  og_plot *plot = new_plot(context);
  double *x = calloc(count, sizeof *x), *y = calloc(count, sizeof *y);
  for (size_t i = 0; i < count; i++) x[i] = (double)i / (double)count, y[i] = x[i] * x[i];
  assert_int_equal(og_plot_line(plot, "", count, x, y), OG_OK);
  assert_int_equal(og_plot_points(plot, "", count, x, y), OG_OK);
  char *svg = svg_of(context, plot), *disc = strstr(svg, "<circle"),
       *line = strstr(svg, "stroke=\"#0072b2\"");
  *radius = strtod(strstr(disc, " r=\"") + 4, NULL);
  *rims = count_of(svg, "stroke=\"#ffffff\"") > 0;
  *below = disc < line;
  size_t discs = count_of(svg, "<circle");
  og_free(context, svg);
  og_plot_destroy(plot);
  og_context_destroy(context);
  free(x), free(y);
  return discs;
}

/* Few markers are whole, have rims and lie on the curve; many are smaller the more they are, have no rims
 * (which would cover their neighbours) and lie below it. Of those in one place, of half a pixel or
 * more, one is drawn: a curve that rises all the way through a frame of 720 by 400 pixels passes no more than
 * 2240 of these. */
static void markers_adapt_to_their_number(void **state) {
  (void)state;
  double few, many, more;
  int rims, below;
  assert_int_equal(discs_of(30, &few, &rims, &below), 30);
  assert_true(few == 3.8 && rims && !below);
  size_t discs = discs_of(1000, &many, &rims, &below);
  assert_true(discs > 700 && discs <= 1000);
  assert_true(many < 0.8 * few && !rims && below);
  discs = discs_of(20000, &more, &rims, &below);
  assert_true(discs > 716 && discs <= 2240); /* no gap of a pixel */
  assert_true(more < 0.8 * many && more >= 1 && !rims && below);
}

/* Of noise the markers have few neighbours, and hide the curve between them all the same: 300 points within
 * a fifth of the height, three for each stripe of a marker's width, are small and lie below it. */
static void noise_does_not_hide_its_curve(void **state) {
  (void)state;
  enum { COUNT = 300 };
  double x[COUNT], y[COUNT], noisy[COUNT];
  og_rng rng;
  og_rng_seed(&rng, 5, 0);
  for (int i = 0; i < COUNT; i++) x[i] = i, y[i] = i, noisy[i] = i + 60 * (og_rng_uniform(&rng) - 0.5);
  og_context *context = new_context();
  og_plot *plot = new_plot(context);
  assert_int_equal(og_plot_line(plot, "", COUNT, x, y), OG_OK);
  assert_int_equal(og_plot_points(plot, "", COUNT, x, noisy), OG_OK);
  char *svg = svg_of(context, plot), *disc = strstr(svg, "<circle");
  assert_true(strtod(strstr(disc, " r=\"") + 4, NULL) < 3);
  assert_true(disc < strstr(svg, "stroke=\"#0072b2\""));
  og_free(context, svg);
  og_plot_destroy(plot);
  og_context_destroy(context);
}

/* Data are above lines that fill the panel. */
static void data_are_seen_before_many_lines(void **state) {
  (void)state;
  og_context *context = new_context();
  og_plot *plot = new_plot(context);
  for (int i = 0; i < 50; i++) {
    assert_int_equal(og_plot_line(plot, "", 2, (double[]){0, 1}, (double[]){i, i}), OG_OK);
    assert_int_equal(og_plot_points(plot, "", 2, (double[]){0.4, 0.5}, (double[]){i, i + 0.5}), OG_OK);
  }
  char *svg = svg_of(context, plot), *disc = strstr(svg, "<circle"), *line = NULL;
  for (char *at = svg; (at = strstr(at, "stroke=\"#99c7e0\"")); at++) line = at;
  assert_true(line && disc > line);
  assert_non_null(strstr(disc, "fill=\"#0072b2\"")); /* in full colour, though they are many */
  og_free(context, svg);
  og_plot_destroy(plot);
  og_context_destroy(context);
}

/* A line of more points than pixels keeps what is seen: the ends, and of a fast oscillation both extremes. */
static void a_long_line_keeps_its_extremes(void **state) {
  (void)state;
  enum { COUNT = 200000 };
  double *x = calloc(COUNT, sizeof *x), *y = calloc(COUNT, sizeof *y);
  for (int i = 0; i < COUNT; i++) x[i] = i, y[i] = i % 2 ? -1 : 1;
  y[COUNT / 3] = 7, y[COUNT / 2] = -7;
  og_context *context = new_context();
  og_plot *plot = new_plot(context);
  assert_int_equal(og_plot_line(plot, "", COUNT, x, y), OG_OK);
  char *svg = svg_of(context, plot), *at = strstr(strstr(svg, "stroke=\"#0072b2\""), "points=\"") + 8;
  double lowest = INFINITY, highest = -INFINITY, middle = NAN, place;
  int points = 0;
  for (int used; sscanf(at, "%lf,%lf%n", &place, &middle, &used) == 2; at += used, points++)
    lowest = fmin(lowest, middle), highest = fmax(highest, middle);
  assert_true(points > 1440 && points <= 4 * 1440 + 4); /* four in each half of a pixel, of 720 and some */
  assert_true(fabs((highest - lowest) / (442 - 46) - 1 / 1.12) < 0.01); /* all of it but the margins */
  og_free(context, svg);
  og_plot_destroy(plot);
  og_context_destroy(context);
  free(x), free(y);
}

/* Lines of one name are thinner when there are many of them, and pale when they fill the panel. */
static void many_lines_of_a_name_are_thin(void **state) {
  (void)state;
  static const struct {
    int lines;
    const char *width, *colour;
  } rows[] = {{6, "stroke-width=\"2\"", "stroke=\"#0072b2\""},
              {7, "stroke-width=\"1\"", "stroke=\"#0072b2\""},
              {41, "stroke-width=\"0.5\"", "stroke=\"#99c7e0\""}}; /* 0.4 of #0072b2, the rest white */
  for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++) {
    og_context *context = new_context();
    og_plot *plot = new_plot(context);
    for (int i = 0; i < rows[k].lines; i++) og_plot_line(plot, "", 2, (double[]){0, 1}, (double[]){i, i + 1});
    char *svg = svg_of(context, plot);
    size_t found = 0;
    for (const char *at = svg; (at = strstr(at, rows[k].colour)); at++)
      found += strstr(at, rows[k].width) && strstr(at, rows[k].width) < strstr(at, "points");
    assert_int_equal(found, rows[k].lines);
    og_free(context, svg);
    og_plot_destroy(plot);
    og_context_destroy(context);
  }
}

/* ---- Bands, signs, cells, panels, sizes ---- */

/* The number behind `name` in the first element that begins with `element` after the one of the background.
 */
static double attribute(const char *svg, const char *element, const char *name) {
  const char *at = strstr(svg, element);
  if (!at) fail_msg("there is no %s", element);
  const char *value = strstr(at, name);
  return strtod(value + strlen(name), NULL);
}

/* x from 0 to 10: a band from 6 on covers what lies right of 6, to the edge; it does not stretch the axis. */
static void a_band_reaches_to_the_edges(void **state) {
  (void)state;
  og_context *context = new_context();
  og_plot *plot = new_plot(context);
  og_plot_points(plot, "x", 3, (double[]){0, 6, 10}, (double[]){0, 1, 2});
  assert_int_equal(og_plot_band(plot, "beyond", 6, INFINITY), OG_OK);
  char *svg = svg_of(context, plot), *band = strstr(svg + 1, "fill=\"#f0f0e8\"");
  assert_non_null(band);
  while (*band != '<') band--;
  double six = strtod(strstr(strstr(strstr(svg, "<circle") + 1, "<circle") + 0, "cx=\"") + 4, NULL);
  assert_true(fabs(attribute(band, "<rect", " x=\"") - six) < 0.02);
  assert_true(fabs(attribute(band, "<rect", " x=\"") + attribute(band, "<rect", " width=\"") - 776) < 0.02);
  assert_int_equal(count_of(svg, ">beyond</text>"), 1);
  assert_contains(svg, ">10</text>");
  assert_null(strstr(svg, ">12</text>"));
  og_free(context, svg);
  assert_int_equal(og_plot_band(plot, "wrong", 2, 1), OG_ERR_ARGUMENT);
  assert_int_equal(og_plot_band(plot, "wrong", NAN, 1), OG_ERR_ARGUMENT);
  og_plot_destroy(plot);
  og_context_destroy(context);
}

static void signs_are_black_and_take_no_colour(void **state) {
  (void)state;
  og_context *context = new_context();
  og_plot *plot = new_plot(context);
  const double x[] = {1, 2};
  assert_int_equal(og_plot_signs(plot, "start", OG_MARKER_DISC, 1, x, x), OG_OK);
  assert_int_equal(og_plot_signs(plot, "end", OG_MARKER_SQUARE, 1, x + 1, x + 1), OG_OK);
  assert_int_equal(og_plot_line(plot, "model", 2, x, x), OG_OK);
  assert_int_equal(og_plot_signs(plot, "none", (og_marker)9, 1, x, x), OG_ERR_ARGUMENT);
  char *svg = svg_of(context, plot);
  assert_int_equal(count_of(svg, "<circle"), 1 + 1);
  assert_int_equal(count_of(svg, "<polygon"), 1 + 1);
  assert_int_equal(count_of(svg, "stroke=\"#0072b2\""), 1 + 1); /* the first colour is the line's */
  assert_true(strstr(svg, "<polyline fill=\"none\" stroke=\"#0072b2\"") < strstr(svg, "<circle"));
  og_free(context, svg);
  og_plot_destroy(plot);
  og_context_destroy(context);
}

/* A matrix of counts: a number in each cell that has one, whole classes on the axes. */
static void cells_show_their_values(void **state) {
  (void)state;
  og_context *context = new_context();
  og_plot *plot;
  assert_int_equal(og_plot_create(context, "", "predicted", "in the data", &plot), OG_OK);
  assert_int_equal(og_plot_cells(plot, 3, 3, (double[]){41, 0, 7, 0, 52, 0, 0, 0, 63}), OG_OK);
  assert_int_equal(og_plot_cells(plot, 0, 3, NULL), OG_ERR_ARGUMENT);
  assert_int_equal(og_plot_set_log(plot, 1, 1), OG_OK); /* classes have no logarithms */
  char *svg = svg_of(context, plot);
  assert_int_equal(count_of(svg, "<rect"), 1 + 9);
  static const char *const once[] = {">41<", ">7<", ">52<", ">63<"}, *const twice[] = {">1<", ">2<", ">3<"};
  for (int i = 0; i < 4; i++) assert_int_equal(count_of(svg, once[i]), 1);
  for (int i = 0; i < 3; i++) assert_int_equal(count_of(svg, twice[i]), 2); /* on both axes */
  assert_null(strstr(svg, ">1.5<"));
  /* row 1, column 3 is at x = 3, y = 1: right of 41, and below 63 */
  const char *seven = strstr(svg, ">7<"), *first = strstr(svg, ">41<"), *last = strstr(svg, ">63<");
  while (*seven != '<' || seven[1] != 't') seven--;
  while (*first != '<' || first[1] != 't') first--;
  while (*last != '<' || last[1] != 't') last--;
  assert_true(attribute(seven, "<text", " x=\"") > attribute(first, "<text", " x=\""));
  assert_true(attribute(seven, "<text", " y=\"") == attribute(first, "<text", " y=\""));
  assert_true(attribute(seven, "<text", " y=\"") > attribute(last, "<text", " y=\""));
  og_free(context, svg);
  og_plot_destroy(plot);
  og_context_destroy(context);
}

/* Cells are the darker the larger the part of their row: 52 and 63 are all of theirs, 41 is not. An axis of
 * classes has their numbers, in the places of the columns above it, and no others. */
static void classes_are_where_their_cells_are(void **state) {
  (void)state;
  og_context *context = new_context();
  og_plot *plot;
  assert_int_equal(og_plot_create(context, "", "predicted", "in the data", &plot), OG_OK);
  assert_int_equal(og_plot_set_size(plot, 400, 1000), OG_OK); /* one panel above the other */
  assert_int_equal(og_plot_cells(plot, 3, 3, (double[]){41, 0, 7, 0, 52, 0, 0, 0, 63}), OG_OK);
  assert_int_equal(og_plot_panel(plot, NULL, "class", "a probability, with longer numbers"), OG_OK);
  assert_int_equal(og_plot_points(plot, "", 1, (double[]){2}, (double[]){0.123}), OG_OK);
  assert_int_equal(og_plot_classes(plot, 0), OG_ERR_ARGUMENT);
  assert_int_equal(og_plot_classes(plot, 3), OG_OK);
  char *svg = svg_of(context, plot);
  assert_int_equal(count_of(svg, "fill=\"#0072b2\""), 2 + 1); /* and the point */
  static const char *const numbers[] = {">1</text>", ">2</text>", ">3</text>"};
  for (int i = 0; i < 3; i++) {
    const char *last = NULL, *at = strstr(svg, numbers[i]), *first = at;
    assert_int_equal(count_of(svg, numbers[i]), 3); /* both axes of the matrix, and that of classes */
    for (; at; at = strstr(at + 1, numbers[i])) last = at;
    while (strncmp(first, "<text", 5) != 0) first--;
    while (strncmp(last, "<text", 5) != 0) last--;
    assert_true(attribute(first, "<text", " x=\"") == attribute(last, "<text", " x=\""));
  }
  assert_null(strstr(svg, ">0.5</text>"));
  og_free(context, svg);
  og_plot_destroy(plot);
  og_context_destroy(context);
}

/* Panels share a scale, so that they can be compared; one with labels of its own has its own, not
 * logarithmic. */
static void panels_share_their_scales(void **state) {
  (void)state;
  og_context *context = new_context();
  og_plot *plot = new_plot(context);
  assert_int_equal(og_plot_panel(plot, "small", NULL, NULL), OG_OK); /* takes the empty one that is there */
  og_plot_points(plot, "x", 2, (double[]){0, 1}, (double[]){1, 2});
  assert_int_equal(og_plot_panel(plot, "large", NULL, NULL), OG_OK);
  og_plot_points(plot, "x", 2, (double[]){0, 1}, (double[]){1, 8000});
  assert_int_equal(og_plot_panel(plot, "own", NULL, "share"), OG_OK);
  og_plot_points(plot, "x", 2, (double[]){0, 1}, (double[]){1, 30});
  og_plot_set_log(plot, 0, 1);
  char *svg = svg_of(context, plot);
  assert_int_equal(count_of(svg, ">100<"), 2);
  assert_int_equal(count_of(svg, ">20<"), 1);
  assert_int_equal(count_of(svg, ">share<"), 1);
  assert_int_equal(count_of(svg, ">year<"), 1); /* the label that all have stands once */
  assert_int_equal(count_of(svg, ">small<") + count_of(svg, ">large<") + count_of(svg, ">own<"), 3);
  assert_int_equal(count_of(svg, "<circle"), 6 + 1);
  assert_int_equal(count_of(svg, ">x</text>"), 1); /* one legend for all */
  og_free(context, svg);
  og_plot_destroy(plot);
  og_context_destroy(context);
}

/* However small the picture, and whatever is to be in it: no frame is turned inside out, no legend leaves it.
 */
static void everything_fits_a_small_picture(void **state) {
  (void)state;
  og_context *context = new_context();
  og_plot *plot = new_plot(context);
  assert_int_equal(og_plot_set_size(plot, 200, 200), OG_OK);
  for (int i = 0; i < 30; i++) {
    char name[64];
    snprintf(name, sizeof name, "a curve with a name that is rather long, number %d", i);
    if (i > 14) assert_int_equal(og_plot_panel(plot, name, NULL, NULL), OG_OK);
    og_plot_points(plot, name, 2, (double[]){0, 1}, (double[]){i, 30 - i});
  }
  char *svg = svg_of(context, plot);
  assert_null(strstr(svg, "width=\"-"));
  assert_null(strstr(svg, "height=\"-"));
  assert_contains(svg, ">and 26 more</text>");
  for (const char *at = strstr(svg, ">a curve"); at; at = strstr(at + 1, ">a curve")) {
    const char *begin = at;
    while (*begin != '<') begin--;
    assert_true(attribute(begin, "<text", " y=\"") <= 200);
  }
  og_free(context, svg);
  og_plot_destroy(plot);
  og_context_destroy(context);
}

/* What does not fit keeps its beginning and its end, in whole characters. */
static void long_texts_are_shortened(void **state) {
  (void)state;
  char shorter[OG_TEXT_FIT];
  const char *text = "\u03b1\u03b2\u03b3\u03b4\u03b5\u03b6\u03b7\u03b8";
  assert_ptr_equal(og_text_fit(text, 10, og_text_width(text, 10), shorter), text);
  assert_string_equal(og_text_fit(text, 10, og_text_width("12345", 10) + 1, shorter),
                      "\u03b1\u03b2\u2026\u03b7\u03b8");
  assert_string_equal(og_text_fit(text, 10, 0, shorter), "\u03b1\u2026\u03b8");
  og_context *context = new_context();
  og_plot *plot;
  assert_int_equal(og_plot_create(context, "A rather long title for such a small picture", "t",
                                  "quite a long label of an axis upward", &plot),
                   OG_OK);
  assert_int_equal(og_plot_set_size(plot, 200, 200), OG_OK);
  og_plot_line(plot, "patient-of-the-second-study-number-0001", 2, (double[]){0, 1}, (double[]){0, 1});
  char *svg = svg_of(context, plot);
  assert_contains(svg, ">A rather");
  assert_contains(svg, "picture</text>");
  assert_contains(svg, ">pati\u2026");
  assert_contains(svg, "0001</text>");
  assert_int_equal(count_of(svg, "\u2026"), 3);
  og_free(context, svg);
  og_plot_destroy(plot);
  og_context_destroy(context);
}

static void sizes_are_those_asked_for(void **state) {
  (void)state;
  og_context *context = new_context();
  og_plot *plot = new_plot(context);
  og_plot_points(plot, "", 2, (double[]){0, 1}, (double[]){0, 1});
  assert_int_equal(og_plot_set_size(plot, 1234, 567), OG_OK);
  assert_int_equal(og_plot_set_size(plot, 100, 567), OG_ERR_ARGUMENT);
  assert_int_equal(og_plot_set_size(plot, 300, 4001), OG_ERR_ARGUMENT);
  char *svg = svg_of(context, plot);
  assert_contains(svg, "width=\"1234\" height=\"567\" viewBox=\"0 0 1234 567\"");
  og_free(context, svg);
  og_plot_destroy(plot);
  og_context_destroy(context);
}

static og_status live(og_context *context) {
  og_plot *plot = NULL;
  const double x[] = {1, 2};
  og_status status = og_plot_create(context, "title", "x", "y", &plot);
  if (status == OG_OK) status = og_plot_line(plot, "a", 2, x, x);
  if (status == OG_OK) status = og_plot_points(plot, "b", 2, x, x);
  if (status == OG_OK) status = og_plot_marked(plot, "c", 2, x, x);
  if (status == OG_OK) status = og_plot_signs(plot, "d", OG_MARKER_RING, 2, x, x);
  if (status == OG_OK) status = og_plot_band(plot, "e", 1, 2);
  if (status == OG_OK) status = og_plot_panel(plot, "f", "x", "y");
  if (status == OG_OK) status = og_plot_cells(plot, 1, 2, x);
  if (status == OG_OK) status = og_plot_write(plot, in_folder("m.svg"));
  if (status == OG_OK) unlink(in_folder("m.svg"));
  og_plot_destroy(plot);
  return status;
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  fail_each_allocation(live);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ticks_are_round_numbers),
      cmocka_unit_test(log_ticks_are_decades),
      cmocka_unit_test(ticks_exist_for_every_range),
      cmocka_unit_test(an_svg_holds_labels_series_and_one_legend_entry_a_name),
      cmocka_unit_test(a_missing_value_breaks_the_line),
      cmocka_unit_test(a_log_axis_leaves_out_what_is_not_positive),
      cmocka_unit_test(markers_have_shapes_and_guides_are_grey),
      cmocka_unit_test(text_that_is_not_utf8_is_made_so),
      cmocka_unit_test(png_and_pdf_are_these_or_refused_with_a_reason),
      cmocka_unit_test(what_cannot_be_drawn_is_refused),
      cmocka_unit_test(many_names_fit),
      cmocka_unit_test(markers_adapt_to_their_number),
      cmocka_unit_test(many_lines_of_a_name_are_thin),
      cmocka_unit_test(noise_does_not_hide_its_curve),
      cmocka_unit_test(data_are_seen_before_many_lines),
      cmocka_unit_test(a_long_line_keeps_its_extremes),
      cmocka_unit_test(a_band_reaches_to_the_edges),
      cmocka_unit_test(signs_are_black_and_take_no_colour),
      cmocka_unit_test(cells_show_their_values),
      cmocka_unit_test(classes_are_where_their_cells_are),
      cmocka_unit_test(panels_share_their_scales),
      cmocka_unit_test(everything_fits_a_small_picture),
      cmocka_unit_test(long_texts_are_shortened),
      cmocka_unit_test(sizes_are_those_asked_for),
      cmocka_unit_test(every_allocation_may_fail),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
