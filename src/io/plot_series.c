/* Series on the axes of a panel: bands, cells, lines, markers. */
#include "io/plot.h"

#include <math.h>
#include <string.h>

#define LINE_WIDTH 2.0
#define GUIDE_WIDTH 1.3
#define DISC_RADIUS 3.8
#define LEAST_RADIUS 1.0
#define SEEN_RADIUS 1.5 /* before lines */
#define CELL_TEXT 12.0

enum { GUIDE = 0x888888, BAND_EDGE = 0xb8b8b8, PALETTE = 7, SHADES = 3 };

static const unsigned shades[SHADES] = {0xf0f0e8, 0xe4edf6, 0xf6e9ee};

/* The colours of Okabe and Ito (2008), told apart by colour-blind readers too; without the yellow, too faint
 * on paper. */
static const unsigned palette[PALETTE] = {0x0072B2, 0xD55E00, 0x009E73, 0xCC79A7,
                                          0xE69F00, 0x56B4E9, 0x000000};

static unsigned colour_of(const og_series *series) {
  return series->kind == OG_SERIES_SIGNS   ? OG_INK
         : series->kind == OG_SERIES_GUIDE ? GUIDE
                                           : palette[series->hue % PALETTE];
}

/* Line patterns tell names apart when the colours come round again. */
static int dash_of(const og_series *series) {
  return series->kind == OG_SERIES_GUIDE ? 1 : (int)(series->hue / PALETTE % 3);
}

int og_series_has_line(const og_series *series) {
  return series->kind == OG_SERIES_LINE || series->kind == OG_SERIES_MARKED ||
         series->kind == OG_SERIES_GUIDE;
}

int og_series_has_markers(const og_series *series) {
  return series->kind == OG_SERIES_POINTS || series->kind == OG_SERIES_MARKED ||
         series->kind == OG_SERIES_SIGNS;
}

int og_view_shows(const og_view *view, double x, double y) {
  return og_scale_holds(og_panel_log_x(view->plot, view->panel), x) &&
         og_scale_holds(og_panel_log_y(view->plot, view->panel), y);
}

/* A colour mixed with the paper's. */
static unsigned tint(unsigned colour, double share) {
  unsigned mixed = 0;
  for (int shift = 0; shift <= 16; shift += 8) {
    double channel = (double)(colour >> shift & 255) * share + 255 * (1 - share);
    mixed |= (unsigned)(channel + 0.5) << shift;
  }
  return mixed;
}

/* ---- Crowds ---- */

enum { FEW_LINES = 6, MANY_LINES = 40 };

/* Counts the lines of one name in one panel, as far as their number matters. */
static size_t lines_of_name(const og_view *view, const og_series *series) {
  size_t lines = 0;
  for (size_t s = 0; s < view->plot->count && lines <= MANY_LINES; s++) {
    const og_series *other = &view->plot->series[s];
    lines += other->panel == view->panel && other->name == series->name && other->kind == series->kind;
  }
  return lines;
}

/* A grid of squares over the frame, in which a place that has a marker is taken. */
typedef struct places {
  double side;
  size_t columns, rows;
  unsigned char *taken;
} places;

/* 0 when there is no memory. */
static int allot_places(const og_view *view, double side, places *p) {
  const og_box *f = &view->frame;
  *p = (places){side, (size_t)((f->right - f->left) / side) + 1, (size_t)((f->bottom - f->top) / side) + 1,
                NULL};
  p->taken = og_alloc(view->plot->context, p->columns * p->rows, 1);
  return p->taken != NULL;
}

/* Takes a place of the grid; returns whether it was free until now. */
static int take_place(const og_view *view, const places *p, double x, double y) {
  double column = fmin(fmax((x - view->frame.left) / p->side, 0), (double)(p->columns - 1)),
         row = fmin(fmax((y - view->frame.top) / p->side, 0), (double)(p->rows - 1));
  unsigned char *place = &p->taken[(size_t)row * p->columns + (size_t)column];
  int was_free = !*place;
  *place = 1;
  return was_free;
}

/* Points of the panel for each place, of a marker's size, that has any. */
static double crowd_of(const og_view *view, const places *p) {
  double points = 0, taken = 0;
  for (size_t s = 0; s < view->plot->count; s++) {
    const og_series *series = &view->plot->series[s];
    if (series->panel != view->panel || series->kind != OG_SERIES_POINTS) continue;
    for (size_t i = 0; i < series->count; i++) {
      if (!og_view_shows(view, series->x[i], series->y[i])) continue;
      points++;
      taken += take_place(view, p, og_scale_position(&view->x, series->x[i]),
                          og_scale_position(&view->y, series->y[i]));
    }
  }
  return taken > 0 ? points / taken : 0;
}

/* The series of the panel that have one name and kind with this one, this one being the first of them. */
static int is_first_of_name(const og_view *view, const og_series *series) {
  const og_series *other = view->plot->series;
  while (other->panel != series->panel || other->name != series->name || other->kind != series->kind) other++;
  return other == series && series->panel == view->panel;
}

/* Points of one name for each upright stripe, of a marker's width, that has any: noise spreads them over many
 * places, and they hide their curve all the same. */
static double crowd_of_name(const og_view *view, const places *p, const og_series *first) {
  double points = 0, taken = 0;
  memset(p->taken, 0, p->columns * p->rows);
  for (size_t s = 0; s < view->plot->count; s++) {
    const og_series *series = &view->plot->series[s];
    if (series->panel != view->panel || series->kind != first->kind || series->name != first->name) continue;
    for (size_t i = 0; i < series->count; i++) {
      if (!og_view_shows(view, series->x[i], series->y[i])) continue;
      points++;
      taken += take_place(view, p, og_scale_position(&view->x, series->x[i]), view->frame.top);
    }
  }
  return taken > 0 ? points / taken : 0;
}

/* The most points for a stripe that any name has; 0 where there is no curve that they could hide. */
static double crowd_of_names(const og_view *view, const places *p) {
  double most = 0;
  int curves = 0;
  for (size_t s = 0; s < view->plot->count; s++)
    curves |= view->plot->series[s].panel == view->panel && view->plot->series[s].kind == OG_SERIES_LINE;
  for (size_t s = 0; s < view->plot->count && curves; s++) {
    const og_series *series = &view->plot->series[s];
    if (series->kind == OG_SERIES_POINTS && is_first_of_name(view, series))
      most = fmax(most, crowd_of_name(view, p, series));
  }
  return most;
}

/* The panel has so many lines of one name that they fill it. */
static int has_many_lines(const og_view *view) {
  for (size_t s = 0; s < view->plot->count; s++)
    if (view->plot->series[s].panel == view->panel && view->plot->series[s].kind == OG_SERIES_LINE &&
        lines_of_name(view, &view->plot->series[s]) > MANY_LINES)
      return 1;
  return 0;
}

og_status og_view_judge_crowd(og_view *view) {
  const double CROWDED = 1.6, /* markers for each place of one */
      IN_STRIPE = 1.25;       /* so many above each other are as one that hides another */
  places p;
  if (!allot_places(view, 2 * DISC_RADIUS, &p))
    return og_fail_memory(view->plot->context, p.columns * p.rows, "the places of markers in a plot");
  double crowd = crowd_of(view, &p);
  crowd = fmax(crowd, crowd_of_names(view, &p) / IN_STRIPE);
  og_free(view->plot->context, p.taken);
  view->crowded = crowd > CROWDED;
  view->filled = has_many_lines(view);
  double least = view->filled ? SEEN_RADIUS : LEAST_RADIUS;
  view->radius = view->crowded ? fmax(DISC_RADIUS * sqrt(1 / crowd), least) : DISC_RADIUS;
  return OG_OK;
}

/* ---- Markers ---- */

enum { MARKER_COUNT = OG_MARKER_DIAMOND + 1 };

/* Corners of the markers that are polygons, in units of the disc's radius. */
static const struct {
  size_t corners;
  double xy[8];
} polygons[MARKER_COUNT] = {
    [OG_MARKER_SQUARE] = {4, {-0.95, -0.95, 0.95, -0.95, 0.95, 0.95, -0.95, 0.95}},
    [OG_MARKER_TRIANGLE] = {3, {0, -1.4, 1.3, 0.9, -1.3, 0.9}},
    [OG_MARKER_DIAMOND] = {4, {0, -1.4, 1.4, 0, 0, 1.4, -1.4, 0}},
};

/* Open, so that it hides nothing: a polygon of many sides. */
static void draw_ring(const og_view *view, double x, double y, double radius, unsigned colour) {
  enum { SIDES = 24 };
  double xy[2 * (SIDES + 1)];
  for (int i = 0; i <= SIDES; i++) {
    double angle = 6.283185307179586 * i / SIDES;
    xy[2 * i] = x + 1.8 * radius * cos(angle);
    xy[2 * i + 1] = y + 1.8 * radius * sin(angle);
  }
  view->canvas->lines(view->canvas->state, SIDES + 1, xy, colour, 1.5, 0);
}

typedef struct look {
  og_marker marker;
  double radius;
  unsigned colour;
  int rim;
} look;

/* Only markers of data are made smaller where they are many. */
static look look_of(const og_view *view, const og_series *series) {
  const double SIGN = 1.25;
  look l = {.marker = series->kind == OG_SERIES_SIGNS    ? series->marker
                      : series->kind == OG_SERIES_MARKED ? (og_marker)(series->hue % MARKER_COUNT)
                                                         : OG_MARKER_DISC,
            .radius = series->kind == OG_SERIES_SIGNS ? SIGN * DISC_RADIUS : DISC_RADIUS,
            .colour = colour_of(series),
            .rim = 1};
  if (series->kind != OG_SERIES_POINTS || !view->crowded) return l;
  return (look){l.marker, view->radius, view->filled ? l.colour : tint(l.colour, 0.5), 0};
}

static void draw_marker(const og_view *view, const look *l, double x, double y) {
  const og_canvas *canvas = view->canvas;
  double xy[8];
  if (l->marker == OG_MARKER_DISC) canvas->disc(canvas->state, x, y, l->radius, l->colour, l->rim);
  if (l->marker == OG_MARKER_RING) draw_ring(view, x, y, l->radius, l->colour);
  size_t corners = polygons[l->marker].corners;
  for (size_t i = 0; i < corners; i++) {
    xy[2 * i] = x + l->radius * polygons[l->marker].xy[2 * i];
    xy[2 * i + 1] = y + l->radius * polygons[l->marker].xy[2 * i + 1];
  }
  if (corners) canvas->polygon(canvas->state, corners, xy, l->colour, l->rim);
}

/* In a crowd a marker whose place, half as wide as its radius, has one of its series already would show
 * nothing new, and a million of them would make a file that no viewer opens. Without memory for the places
 * all are drawn. */
static void draw_markers(const og_view *view, const og_series *series) {
  look l = look_of(view, series);
  places p = {0};
  if (!l.rim) allot_places(view, l.radius / 2, &p);
  for (size_t i = 0; i < series->count; i++) {
    if (!og_view_shows(view, series->x[i], series->y[i])) continue;
    double x = og_scale_position(&view->x, series->x[i]), y = og_scale_position(&view->y, series->y[i]);
    if (!p.taken || take_place(view, &p, x, y)) draw_marker(view, &l, x, y);
  }
  og_free(view->plot->context, p.taken);
}

/* ---- Lines ---- */

/* How wide the lines of a name are that has so many of them in one panel. */
static double width_of(const og_view *view, const og_series *series) {
  if (series->kind == OG_SERIES_GUIDE) return GUIDE_WIDTH;
  size_t lines = lines_of_name(view, series);
  return lines <= FEW_LINES ? LINE_WIDTH : lines <= MANY_LINES ? LINE_WIDTH / 2 : LINE_WIDTH / 4;
}

/* Lines that fill their panel are pale, so that the data are seen before them. */
static unsigned line_colour(const og_view *view, const og_series *series) {
  const double PALE = 0.4;
  int pale = series->kind == OG_SERIES_LINE && lines_of_name(view, series) > MANY_LINES;
  return pale ? tint(colour_of(series), PALE) : colour_of(series);
}

static void stroke(const og_view *view, const og_series *series, double width, size_t *length) {
  if (*length > 1) *length = og_path_thin(view->path, *length);
  if (*length > 1)
    view->canvas->lines(view->canvas->state, *length, view->path, line_colour(view, series), width,
                        dash_of(series));
  *length = 0;
}

static void draw_line(const og_view *view, const og_series *series) {
  size_t length = 0;
  double width = width_of(view, series);
  for (size_t i = 0; i < series->count; i++) {
    if (!og_view_shows(view, series->x[i], series->y[i])) {
      stroke(view, series, width, &length);
      continue;
    }
    view->path[2 * length] = og_scale_position(&view->x, series->x[i]);
    view->path[2 * length + 1] = og_scale_position(&view->y, series->y[i]);
    length++;
  }
  stroke(view, series, width, &length);
}

/* ---- Cells ---- */

static double sum_of(const double *values, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum += fmax(values[i], 0);
  return sum;
}

static void draw_cell(const og_view *view, double x, double y, double value, double share) {
  double left = og_scale_position(&view->x, x - 0.5), right = og_scale_position(&view->x, x + 0.5),
         top = og_scale_position(&view->y, y + 0.5), bottom = og_scale_position(&view->y, y - 0.5);
  char text[OG_NUMBER_SIZE];
  og_format_real(value, text);
  const og_canvas *canvas = view->canvas;
  canvas->rectangle(canvas->state, left + 0.5, top + 0.5, right - left - 1, bottom - top - 1,
                    tint(palette[0], share), 1);
  const og_text_style style = {
      .size = CELL_TEXT, .anchor = OG_ANCHOR_MIDDLE, .colour = share > 0.6 ? OG_PAPER : OG_INK};
  if (value != 0 && og_text_width(text, CELL_TEXT) < right - left && CELL_TEXT < bottom - top)
    canvas->text(canvas->state, (left + right) / 2, (top + bottom) / 2 + 0.36 * CELL_TEXT, &style, text);
}

/* Draws the cells of a matrix: the larger an entry's part of its row, the darker its cell. */
static void draw_cells(const og_view *view, const og_series *series) {
  for (size_t i = 0; i < series->count; i++) {
    size_t row = i / series->columns;
    double sum = sum_of(series->y + row * series->columns, series->columns), value = series->y[i];
    double share = value > 0 && sum < INFINITY ? value / sum : 0;
    draw_cell(view, (double)(i % series->columns + 1), (double)(row + 1), value, 0.04 + 0.96 * share);
  }
}

/* ---- All of a panel ---- */

/* Where the end of a band lies beyond the axis, the band ends at the frame. */
static void draw_band(const og_view *view, const og_series *series) {
  const og_box *f = &view->frame;
  double ends[2];
  for (int i = 0; i < 2; i++) {
    double value = series->x[i], edge = value > 1 ? f->right : f->left,
           place = og_scale_holds(view->x.log, value) ? og_scale_position(&view->x, value) : edge;
    ends[i] = fmin(fmax(place, f->left), f->right);
  }
  if (ends[1] > ends[0])
    view->canvas->rectangle(view->canvas->state, ends[0], f->top, ends[1] - ends[0], f->bottom - f->top,
                            shades[series->hue % SHADES], 1);
}

void og_view_draw_bands(const og_view *view) {
  for (size_t s = 0; s < view->plot->count; s++)
    if (view->plot->series[s].panel == view->panel && view->plot->series[s].kind == OG_SERIES_BAND)
      draw_band(view, &view->plot->series[s]);
}

/* Draws lines from the last to the first, so that those that were added first lie above later ones. */
static void draw_each(const og_view *view, int (*belongs)(const og_series *series),
                      void (*draw)(const og_view *view, const og_series *series)) {
  for (size_t s = view->plot->count; s-- > 0;)
    if (view->plot->series[s].panel == view->panel && belongs(&view->plot->series[s]))
      draw(view, &view->plot->series[s]);
}

static int is_cells(const og_series *series) { return series->kind == OG_SERIES_CELLS; }
static int is_data(const og_series *series) { return series->kind == OG_SERIES_POINTS; }
static int is_marked(const og_series *series) { return series->kind == OG_SERIES_MARKED; }
static int is_sign(const og_series *series) { return series->kind == OG_SERIES_SIGNS; }

/* Markers go above all lines, unless they are so many that these would not be seen; above lines that fill the
 * panel in any case. */
void og_view_draw_series(const og_view *view) {
  draw_each(view, is_cells, draw_cells);
  int below = view->crowded && !view->filled;
  if (below) draw_each(view, is_data, draw_markers);
  draw_each(view, og_series_has_line, draw_line);
  if (!below) draw_each(view, is_data, draw_markers);
  draw_each(view, is_marked, draw_markers);
  draw_each(view, is_sign, draw_markers);
}

void og_view_draw_sample(const og_view *view, const og_series *series, double x, double y, double width) {
  const og_canvas *canvas = view->canvas;
  const double xy[] = {x, y, x + width, y};
  look l = look_of(view, series);
  l.radius = fmax(l.radius, 2.5);
  if (og_series_has_line(series))
    canvas->lines(canvas->state, 2, xy, colour_of(series),
                  series->kind == OG_SERIES_GUIDE ? GUIDE_WIDTH : LINE_WIDTH, dash_of(series));
  if (og_series_has_markers(series)) draw_marker(view, &l, x + width / 2, y);
  if (series->kind != OG_SERIES_BAND) return;
  canvas->rectangle(canvas->state, x, y - 6, width, 12, BAND_EDGE, 1);
  canvas->rectangle(canvas->state, x + 1, y - 5, width - 2, 10, shades[series->hue % SHADES], 1);
}
