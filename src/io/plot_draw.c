/* The picture: margins, grid, axes, data, legend. */
#include "io/plot.h"

#include <math.h>
#include <string.h>

#define TITLE_SIZE 16.0
#define LABEL_SIZE 13.0
#define TICK_SIZE 12.0
#define LINE_WIDTH 2.0
#define GUIDE_WIDTH 1.3
#define DISC_RADIUS 3.8
#define LEGEND_STEP 20.0
#define LEGEND_SAMPLE 26.0

enum {
  INK = 0x222222,
  AXIS = 0x555555,
  GRID = 0xe4e4e4,
  GUIDE = 0x888888,
  PAPER = 0xffffff,
  LEGEND_MOST = 16,
  PALETTE = 7
};

/* The colours of Okabe and Ito (2008), told apart by colour-blind readers too; without the yellow, too faint
 * on paper. */
static const unsigned palette[PALETTE] = {0x0072B2, 0xD55E00, 0x009E73, 0xCC79A7,
                                          0xE69F00, 0x56B4E9, 0x000000};

typedef struct box {
  double left, top, right, bottom;
} box;

typedef struct picture {
  const og_plot *plot;
  const og_canvas *canvas;
  og_scale x, y;
  box frame;
  double *path; /* room for the longest series, [count][2] */
  int legend_outside;
  box legend;
} picture;

static unsigned colour_of(size_t name) { return palette[name % PALETTE]; }

/* Line patterns tell names apart when the colours come round again. */
static int dash_of(size_t name) { return (int)(name / PALETTE % 3); }

static int has_line(og_series_kind kind) { return kind != OG_SERIES_POINTS; }

/* Width of a text in a usual sans-serif, about: a canvas need not know its fonts. */
static double width_of(const char *text, double size) {
  size_t characters = 0;
  for (; *text; text++) characters += ((unsigned char)*text & 0xC0) != 0x80;
  return 0.58 * size * (double)characters;
}

/* ---- The range of the data ---- */

static int is_shown(const picture *p, double x, double y) {
  return og_scale_holds(p->plot->log_x, x) && og_scale_holds(p->plot->log_y, y);
}

typedef struct range {
  double low, high;
} range;

static void include(range *r, double value) {
  r->low = fmin(r->low, value);
  r->high = fmax(r->high, value);
}

static og_status fit_scales(picture *p) {
  range x = {INFINITY, -INFINITY}, y = x;
  for (size_t s = 0; s < p->plot->count; s++) {
    const og_series *series = &p->plot->series[s];
    for (size_t i = 0; i < series->count; i++) {
      if (!is_shown(p, series->x[i], series->y[i])) continue;
      include(&x, series->x[i]);
      include(&y, series->y[i]);
    }
  }
  if (x.low > x.high)
    return og_fail(p->plot->context, OG_ERR_ARGUMENT, "the plot is empty: it has no point that is finite%s",
                   p->plot->log_x || p->plot->log_y ? " (and positive on a logarithmic axis)" : "");
  og_scale_fit(&p->x, p->plot->log_x, x.low, x.high, 0.02, 8);
  og_scale_fit(&p->y, p->plot->log_y, y.low, y.high, 0.06, 7);
  return OG_OK;
}

/* ---- The legend's place ---- */

static size_t legend_entries(const og_plot *plot) {
  size_t count = plot->names.count;
  if (count == 0 || (count == 1 && !plot->names.names[0][0])) return 0;
  return count < LEGEND_MOST ? count : LEGEND_MOST;
}

static double legend_width(const og_plot *plot) {
  double widest = 0;
  for (size_t i = 0; i < legend_entries(plot); i++)
    widest = fmax(widest, width_of(plot->names.names[i], TICK_SIZE));
  return fmin(widest, OG_PLOT_WIDTH / 3.0) + LEGEND_SAMPLE + 26;
}

static double legend_height(const og_plot *plot) {
  return LEGEND_STEP * (double)(legend_entries(plot) + (plot->names.count > LEGEND_MOST)) + 10;
}

static int inside(const box *b, double x, double y) {
  return x >= b->left && x <= b->right && y >= b->top && y <= b->bottom;
}

/* Points in the box; a line counts at eight places on every piece. */
static size_t crowd_of_series(const picture *p, const og_series *series, const box *b) {
  size_t crowd = 0;
  double last_x = NAN, last_y = NAN;
  for (size_t i = 0; i < series->count; i++) {
    int shown = is_shown(p, series->x[i], series->y[i]);
    double x = shown ? og_scale_place(&p->x, series->x[i]) : NAN,
           y = shown ? og_scale_place(&p->y, series->y[i]) : NAN;
    crowd += (size_t)inside(b, x, y);
    for (int k = 1; has_line(series->kind) && k < 8; k++)
      crowd += (size_t)inside(b, last_x + (x - last_x) * k / 8, last_y + (y - last_y) * k / 8);
    last_x = x;
    last_y = y;
  }
  return crowd;
}

static size_t crowd_of(const picture *p, const box *b) {
  size_t crowd = 0;
  for (size_t s = 0; s < p->plot->count; s++) crowd += crowd_of_series(p, &p->plot->series[s], b);
  return crowd;
}

static void set_frame(picture *p) {
  double widest = 0;
  for (size_t i = 0; i < p->y.tick_count; i++) widest = fmax(widest, width_of(p->y.ticks[i].text, TICK_SIZE));
  p->frame = (box){22 + widest + (*p->plot->y_label ? LABEL_SIZE + 8 : 0), *p->plot->title ? 46 : 20,
                   OG_PLOT_WIDTH - 24, OG_PLOT_HEIGHT - (*p->plot->x_label ? 58 : 36)};
  if (p->legend_outside) p->frame.right -= legend_width(p->plot);
  p->x.from = p->frame.left, p->x.to = p->frame.right;
  p->y.from = p->frame.bottom, p->y.to = p->frame.top;
}

/* The first corner where the legend hides nothing; beside the frame when there is none. */
static void place_legend(picture *p) {
  double width = legend_width(p->plot), height = legend_height(p->plot), gap = 8;
  const box *f = &p->frame;
  for (int corner = 0; corner < 4; corner++) {
    double left = corner % 2 ? f->left + gap : f->right - gap - width;
    double top = corner / 2 ? f->bottom - gap - height : f->top + gap;
    p->legend = (box){left, top, left + width, top + height};
    box near = {left - gap, top - gap, left + width + gap, top + height + gap};
    if (crowd_of(p, &near) == 0) return;
  }
  p->legend_outside = 1;
  set_frame(p);
  p->legend = (box){f->right + gap, f->top, f->right + gap + width, f->top + height};
}

/* ---- Drawing ---- */

static void write_text(const picture *p, double x, double y, double size, og_anchor anchor,
                       const char *text) {
  const og_text_style style = {.size = size, .anchor = anchor, .colour = INK};
  p->canvas->text(p->canvas->state, x, y, &style, text);
}

static void draw_segment(const picture *p, double x0, double y0, double x1, double y1, unsigned colour,
                         double width) {
  const double xy[] = {x0, y0, x1, y1};
  p->canvas->lines(p->canvas->state, 2, xy, colour, width, 0);
}

static void draw_x_ticks(const picture *p) {
  for (size_t i = 0; i < p->x.tick_count; i++) {
    const og_tick *tick = &p->x.ticks[i];
    double x = og_scale_place(&p->x, tick->value), length = *tick->text ? 5 : 3;
    if (*tick->text) draw_segment(p, x, p->frame.top, x, p->frame.bottom, GRID, 1);
    draw_segment(p, x, p->frame.bottom, x, p->frame.bottom + length, AXIS, 1);
    write_text(p, x, p->frame.bottom + 8 + TICK_SIZE, TICK_SIZE, OG_ANCHOR_MIDDLE, tick->text);
  }
}

static void draw_y_ticks(const picture *p) {
  for (size_t i = 0; i < p->y.tick_count; i++) {
    const og_tick *tick = &p->y.ticks[i];
    double y = og_scale_place(&p->y, tick->value), length = *tick->text ? 5 : 3;
    if (*tick->text) draw_segment(p, p->frame.left, y, p->frame.right, y, GRID, 1);
    draw_segment(p, p->frame.left - length, y, p->frame.left, y, AXIS, 1);
    write_text(p, p->frame.left - 9, y + 0.36 * TICK_SIZE, TICK_SIZE, OG_ANCHOR_END, tick->text);
  }
}

static void draw_axes(const picture *p) {
  const box *f = &p->frame;
  draw_x_ticks(p);
  draw_y_ticks(p);
  draw_segment(p, f->left, f->top, f->left, f->bottom, AXIS, 1.2);
  draw_segment(p, f->left, f->bottom, f->right, f->bottom, AXIS, 1.2);
}

static void draw_labels(const picture *p) {
  const box *f = &p->frame;
  const og_text_style title = {.size = TITLE_SIZE, .bold = 1, .colour = INK};
  const og_text_style upward = {.size = LABEL_SIZE, .anchor = OG_ANCHOR_MIDDLE, .upward = 1, .colour = INK};
  p->canvas->text(p->canvas->state, f->left, 28, &title, p->plot->title);
  write_text(p, (f->left + f->right) / 2, OG_PLOT_HEIGHT - 14, LABEL_SIZE, OG_ANCHOR_MIDDLE,
             p->plot->x_label);
  p->canvas->text(p->canvas->state, 10 + LABEL_SIZE, (f->top + f->bottom) / 2, &upward, p->plot->y_label);
}

/* ---- Markers ---- */

/* Shapes in the order of names. */
enum { MARKER_DISC, MARKER_RING, MARKER_SQUARE, MARKER_TRIANGLE, MARKER_DIAMOND, MARKER_COUNT };

/* Corners, in units of the disc's radius. */
static const struct {
  size_t corners;
  double xy[8];
} polygons[MARKER_COUNT] = {
    [MARKER_SQUARE] = {4, {-0.95, -0.95, 0.95, -0.95, 0.95, 0.95, -0.95, 0.95}},
    [MARKER_TRIANGLE] = {3, {0, -1.4, 1.3, 0.9, -1.3, 0.9}},
    [MARKER_DIAMOND] = {4, {0, -1.4, 1.4, 0, 0, 1.4, -1.4, 0}},
};

/* Open, so that it hides nothing: a polygon of many sides. */
static void draw_ring(const picture *p, double x, double y, unsigned colour) {
  enum { SIDES = 24 };
  double xy[2 * (SIDES + 1)];
  for (int i = 0; i <= SIDES; i++) {
    double angle = 6.283185307179586 * i / SIDES;
    xy[2 * i] = x + 1.8 * DISC_RADIUS * cos(angle);
    xy[2 * i + 1] = y + 1.8 * DISC_RADIUS * sin(angle);
  }
  p->canvas->lines(p->canvas->state, SIDES + 1, xy, colour, 1.5, 0);
}

static void draw_marker(const picture *p, size_t name, int marker, double x, double y) {
  const og_canvas *canvas = p->canvas;
  double xy[8];
  if (marker == MARKER_DISC) canvas->disc(canvas->state, x, y, DISC_RADIUS, colour_of(name));
  if (marker == MARKER_RING) draw_ring(p, x, y, colour_of(name));
  for (size_t i = 0; i < polygons[marker].corners; i++) {
    xy[2 * i] = x + DISC_RADIUS * polygons[marker].xy[2 * i];
    xy[2 * i + 1] = y + DISC_RADIUS * polygons[marker].xy[2 * i + 1];
  }
  if (polygons[marker].corners) canvas->polygon(canvas->state, polygons[marker].corners, xy, colour_of(name));
}

static int marker_of(og_series_kind kind, size_t name) {
  return kind == OG_SERIES_MARKED ? (int)(name % MARKER_COUNT) : MARKER_DISC;
}

static int has_markers(og_series_kind kind) { return kind == OG_SERIES_POINTS || kind == OG_SERIES_MARKED; }

/* ---- Series ---- */

static void stroke(const picture *p, og_series_kind kind, size_t name, size_t length, const double *path) {
  int guide = kind == OG_SERIES_GUIDE;
  p->canvas->lines(p->canvas->state, length, path, guide ? GUIDE : colour_of(name),
                   guide ? GUIDE_WIDTH : LINE_WIDTH, guide ? 1 : dash_of(name));
}

static void end_line(const picture *p, const og_series *series, size_t *length) {
  if (*length > 1) stroke(p, series->kind, series->name, *length, p->path);
  *length = 0;
}

static void draw_line(const picture *p, const og_series *series) {
  size_t length = 0;
  for (size_t i = 0; i < series->count; i++) {
    if (!is_shown(p, series->x[i], series->y[i])) {
      end_line(p, series, &length);
      continue;
    }
    p->path[2 * length] = og_scale_place(&p->x, series->x[i]);
    p->path[2 * length + 1] = og_scale_place(&p->y, series->y[i]);
    length++;
  }
  end_line(p, series, &length);
}

static void draw_markers(const picture *p, const og_series *series) {
  for (size_t i = 0; i < series->count; i++)
    if (is_shown(p, series->x[i], series->y[i]))
      draw_marker(p, series->name, marker_of(series->kind, series->name), og_scale_place(&p->x, series->x[i]),
                  og_scale_place(&p->y, series->y[i]));
}

/* Markers go above all lines, and what was added first above what came later. */
static void draw_series(const picture *p) {
  for (size_t s = p->plot->count; s-- > 0;)
    if (has_line(p->plot->series[s].kind)) draw_line(p, &p->plot->series[s]);
  for (size_t s = p->plot->count; s-- > 0;)
    if (has_markers(p->plot->series[s].kind)) draw_markers(p, &p->plot->series[s]);
}

/* A sample of each kind in which the name is drawn, lines before markers. */
static void draw_entry(const picture *p, size_t name, double x, double y) {
  const double xy[] = {x, y, x + LEGEND_SAMPLE, y};
  int lines = 0, markers = 0;
  for (size_t s = 0; s < p->plot->count; s++) {
    const og_series *series = &p->plot->series[s];
    if (series->name == name && has_line(series->kind) && !lines++) stroke(p, series->kind, name, 2, xy);
  }
  for (size_t s = 0; s < p->plot->count; s++) {
    const og_series *series = &p->plot->series[s];
    if (series->name == name && has_markers(series->kind) && !markers++)
      draw_marker(p, name, marker_of(series->kind, name), x + LEGEND_SAMPLE / 2, y);
  }
  write_text(p, x + LEGEND_SAMPLE + 8, y + 0.36 * TICK_SIZE, TICK_SIZE, OG_ANCHOR_START,
             p->plot->names.names[name]);
}

static void draw_legend(const picture *p) {
  size_t entries = legend_entries(p->plot);
  const box *b = &p->legend;
  double x = b->left + 8, y = b->top + 5 + LEGEND_STEP / 2;
  p->canvas->rectangle(p->canvas->state, b->left, b->top, b->right - b->left, b->bottom - b->top, PAPER,
                       0.85);
  for (size_t i = 0; i < entries; i++) draw_entry(p, i, x, y + LEGEND_STEP * (double)i);
  if (p->plot->names.count == entries) return;
  char more[64];
  snprintf(more, sizeof more, "and %zu more", p->plot->names.count - entries);
  write_text(p, x, y + LEGEND_STEP * (double)entries + 0.36 * TICK_SIZE, TICK_SIZE, OG_ANCHOR_START, more);
}

static og_status make_path(picture *p) {
  size_t longest = 0;
  for (size_t s = 0; s < p->plot->count; s++)
    if (p->plot->series[s].count > longest) longest = p->plot->series[s].count;
  p->path = og_alloc(p->plot->context, longest, 2 * sizeof *p->path);
  return p->path ? OG_OK
                 : og_fail_memory(p->plot->context, longest * 2 * sizeof *p->path, "the path of a line");
}

og_status og_plot_draw(const og_plot *plot, const og_canvas *canvas) {
  picture p = {.plot = plot, .canvas = canvas};
  OG_TRY(fit_scales(&p));
  OG_TRY(make_path(&p));
  set_frame(&p);
  int has_legend = legend_entries(plot) > 0;
  if (has_legend) place_legend(&p);
  canvas->rectangle(canvas->state, 0, 0, OG_PLOT_WIDTH, OG_PLOT_HEIGHT, PAPER, 1);
  draw_axes(&p);
  draw_series(&p);
  if (has_legend) draw_legend(&p);
  draw_labels(&p);
  og_free(plot->context, p.path);
  return OG_OK;
}
