/* The picture: panels with their scales, margins, grid, axes and labels. */
#include "io/plot.h"

#include <math.h>

#define TITLE_SIZE 16.0
#define LABEL_SIZE 13.0
#define TICK_SIZE 12.0
#define BELOW_TITLE 34.0
#define BOLD 1.15 /* as wide as plain text of so many times its size */
#define LEAST_FRAME 10.0
#define LEAST_BESIDE 220.0 /* what panels need beside a legend; without that it covers some of the data */

int og_panel_own_x(const og_plot *plot, size_t panel) {
  return plot->panels[panel].x_label != NULL || plot->panels[panel].classes;
}
int og_panel_own_y(const og_plot *plot, size_t panel) { return plot->panels[panel].y_label != NULL; }

/* A matrix has no logarithms, and neither have the places that an axis of its own counts to the right. */
static int has_cells(const og_plot *plot, size_t panel) {
  for (size_t s = 0; s < plot->count; s++)
    if (plot->series[s].panel == panel && plot->series[s].kind == OG_SERIES_CELLS) return 1;
  return 0;
}

int og_panel_log_x(const og_plot *plot, size_t panel) {
  return plot->log_x && !og_panel_own_x(plot, panel) && !has_cells(plot, panel);
}

int og_panel_log_y(const og_plot *plot, size_t panel) { return plot->log_y && !has_cells(plot, panel); }

/* ---- The range of the data ---- */

typedef struct range {
  double low, high;
  int cells; /* how many there are along the axis; 0: points */
} range;

static void include(range *r, double value) {
  r->low = fmin(r->low, value);
  r->high = fmax(r->high, value);
}

static void include_cells(range *r, size_t count) {
  include(r, 0.5);
  include(r, (double)count + 0.5);
  r->cells = (int)count;
}

static void include_series(const og_view *view, const og_series *series, int along_x, range *r) {
  if (series->kind == OG_SERIES_BAND) return;
  if (series->kind == OG_SERIES_CELLS) {
    include_cells(r, along_x ? series->columns : series->count / series->columns);
    return;
  }
  for (size_t i = 0; i < series->count; i++)
    if (og_view_shows(view, series->x[i], series->y[i])) include(r, (along_x ? series->x : series->y)[i]);
}

/* Finds the range of one panel's data, or that of all panels that share a scale. */
static range range_of(const og_picture *p, size_t panel, int along_x) {
  range r = {INFINITY, -INFINITY, 0};
  if (along_x && p->plot->panels[panel].classes) include_cells(&r, p->plot->panels[panel].classes);
  int (*own)(const og_plot *, size_t) = along_x ? og_panel_own_x : og_panel_own_y;
  for (size_t s = 0; s < p->plot->count; s++) {
    const og_series *series = &p->plot->series[s];
    int same = series->panel == panel || (!own(p->plot, panel) && !own(p->plot, series->panel));
    if (same) include_series(&p->views[series->panel], series, along_x, &r);
  }
  return r;
}

/* `length` is about that of the axis in pixels, `apart` what a labelled tick takes of it. */
static void fit_scale(og_scale *scale, int log, const range *r, double margin, double length, double apart) {
  const double CLASS = 0.3; /* a short number needs less */
  int wanted = (int)fmax(length / apart + 0.5, 2);
  if (r->cells) {
    margin = 0;
    if (wanted > r->cells || r->cells * CLASS * apart < length) wanted = r->cells;
  }
  if (r->low > r->high) /* a panel without points beside others */
    og_scale_fit(scale, log, log ? 1 : 0, log ? 10 : 1, margin, wanted);
  else
    og_scale_fit(scale, log, r->low, r->high, margin, wanted);
}

static og_status fit_scales(og_picture *p) {
  int shown = 0;
  for (size_t i = 0; i < p->plot->panel_count; i++) {
    og_view *view = &p->views[i];
    range x = range_of(p, i, 1), y = range_of(p, i, 0);
    shown |= x.low <= x.high;
    fit_scale(&view->x, og_panel_log_x(p->plot, i), &x, 0.02, view->cell.right - view->cell.left, 100);
    fit_scale(&view->y, og_panel_log_y(p->plot, i), &y, 0.06, view->cell.bottom - view->cell.top, 71);
  }
  if (shown) return OG_OK;
  return og_fail(p->plot->context, OG_ERR_ARGUMENT, "the plot is empty: it has no point that is finite%s",
                 p->plot->log_x || p->plot->log_y ? " (and positive on a logarithmic axis)" : "");
}

/* ---- Places ---- */

/* The number of columns that gives the panels the best shape, one and a half times as wide as high. */
static size_t columns_of(const og_plot *plot, double width, double height) {
  size_t best = 1, count = plot->panel_count;
  double least = INFINITY;
  for (size_t columns = 1; columns <= count; columns++) {
    size_t rows = (count + columns - 1) / columns;
    double shape = width / (double)columns / (height / (double)rows),
           away = fabs(log(shape / 1.5)) + 0.1 * (double)(rows * columns - count);
    if (away < least) least = away, best = columns;
  }
  return best;
}

/* Several panels that have all the same label have it once. */
static int label_is_common(const og_plot *plot, int (*own)(const og_plot *, size_t)) {
  for (size_t i = 0; i < plot->panel_count; i++)
    if (own(plot, i)) return 0;
  return plot->panel_count > 1;
}

/* The box of the picture in which the panels lie. */
static og_box grid_of(const og_picture *p) {
  const og_plot *plot = p->plot;
  int x_once = label_is_common(plot, og_panel_own_x) && *plot->x_label,
      y_once = label_is_common(plot, og_panel_own_y) && *plot->y_label;
  return (og_box){y_once ? LABEL_SIZE + 12 : 0, *plot->title ? 30 : 4,
                  plot->width - (p->legend_outside ? og_legend_width(plot) : 0),
                  plot->height - (x_once ? LABEL_SIZE + 12 : 0)};
}

static void set_cells(og_picture *p) {
  const og_plot *plot = p->plot;
  og_box grid = grid_of(p);
  size_t columns = columns_of(plot, grid.right - grid.left, grid.bottom - grid.top),
         rows = (plot->panel_count + columns - 1) / columns;
  double width = (grid.right - grid.left) / (double)columns, height = (grid.bottom - grid.top) / (double)rows;
  for (size_t i = 0; i < plot->panel_count; i++) {
    double left = grid.left + width * (double)(i % columns),
           upper = grid.top + height * (double)(i / columns);
    p->views[i].cell = (og_box){left, upper, left + width, upper + height};
  }
}

/* The label of a panel's axis; "" where all panels have it once. */
static const char *x_label_of(const og_view *view) {
  if (label_is_common(view->plot, og_panel_own_x)) return "";
  const char *own = view->plot->panels[view->panel].x_label;
  return own ? own : view->plot->x_label;
}

static const char *y_label_of(const og_view *view) {
  if (label_is_common(view->plot, og_panel_own_y)) return "";
  const char *own = view->plot->panels[view->panel].y_label;
  return own ? own : view->plot->y_label;
}

static void set_frame(og_view *view) {
  double widest = 0;
  for (size_t i = 0; i < view->y.tick_count; i++)
    widest = fmax(widest, og_text_width(view->y.ticks[i].text, TICK_SIZE));
  const og_box *c = &view->cell;
  view->frame = (og_box){c->left + 22 + widest + (*y_label_of(view) ? LABEL_SIZE + 8 : 0),
                         c->top + 16 + (view->plot->panels[view->panel].title ? 12 : 0), c->right - 24,
                         c->bottom - (*x_label_of(view) ? 58 : 36)};
  view->frame.right = fmax(view->frame.right, view->frame.left + LEAST_FRAME);
  view->frame.bottom = fmax(view->frame.bottom, view->frame.top + LEAST_FRAME);
  view->x.from = view->frame.left, view->x.to = view->frame.right;
  view->y.from = view->frame.bottom, view->y.to = view->frame.top;
}

/* Panels above each other begin at one place, so that what is above each other in them belongs together, and
 * those beside each other too. */
static void align_frames(og_picture *p) {
  for (size_t i = 0; i < p->plot->panel_count; i++)
    for (size_t k = 0; k < p->plot->panel_count; k++) {
      og_view *view = &p->views[i], *other = &p->views[k];
      if (view->cell.left == other->cell.left && view->frame.left < other->frame.left)
        view->x.from = view->frame.left = other->frame.left;
      if (view->cell.top == other->cell.top && view->frame.top < other->frame.top)
        view->y.to = view->frame.top = other->frame.top;
    }
}

static og_status lay_out(og_picture *p) {
  set_cells(p);
  OG_TRY(fit_scales(p));
  for (size_t i = 0; i < p->plot->panel_count; i++) set_frame(&p->views[i]);
  align_frames(p);
  return OG_OK;
}

/* ---- Axes ---- */

static void write_text(const og_view *view, double x, double y, double size, og_anchor anchor,
                       const char *text) {
  const og_text_style style = {.size = size, .anchor = anchor, .colour = OG_INK};
  view->canvas->text(view->canvas->state, x, y, &style, text);
}

static void draw_segment(const og_view *view, double x0, double y0, double x1, double y1, unsigned colour,
                         double width) {
  const double xy[] = {x0, y0, x1, y1};
  view->canvas->lines(view->canvas->state, 2, xy, colour, width, 0);
}

static void draw_x_ticks(const og_view *view) {
  const og_box *f = &view->frame;
  for (size_t i = 0; i < view->x.tick_count; i++) {
    const og_tick *tick = &view->x.ticks[i];
    double x = og_scale_position(&view->x, tick->value), length = *tick->text ? 5 : 3;
    if (*tick->text) draw_segment(view, x, f->top, x, f->bottom, OG_GRID, 1);
    draw_segment(view, x, f->bottom, x, f->bottom + length, OG_AXIS, 1);
    write_text(view, x, f->bottom + 8 + TICK_SIZE, TICK_SIZE, OG_ANCHOR_MIDDLE, tick->text);
  }
}

static void draw_y_ticks(const og_view *view) {
  const og_box *f = &view->frame;
  for (size_t i = 0; i < view->y.tick_count; i++) {
    const og_tick *tick = &view->y.ticks[i];
    double y = og_scale_position(&view->y, tick->value), length = *tick->text ? 5 : 3;
    if (*tick->text) draw_segment(view, f->left, y, f->right, y, OG_GRID, 1);
    draw_segment(view, f->left - length, y, f->left, y, OG_AXIS, 1);
    write_text(view, f->left - 9, y + 0.36 * TICK_SIZE, TICK_SIZE, OG_ANCHOR_END, tick->text);
  }
}

static void draw_axes(const og_view *view) {
  const og_box *f = &view->frame;
  draw_x_ticks(view);
  draw_y_ticks(view);
  draw_segment(view, f->left, f->top, f->left, f->bottom, OG_AXIS, 1.2);
  draw_segment(view, f->left, f->bottom, f->right, f->bottom, OG_AXIS, 1.2);
}

/* Labels have as much room on both sides of their middle. */
static void write_label(const og_view *view, double x, double y, double room, const char *text) {
  char shorter[OG_TEXT_FIT];
  room = fmin(room, 2 * fmin(x, view->plot->width - x)) - 8;
  write_text(view, x, y, LABEL_SIZE, OG_ANCHOR_MIDDLE, og_text_fit(text, LABEL_SIZE, room, shorter));
}

/* Draws the title above `top`. */
static void write_upward(const og_canvas *canvas, double x, double y, double top, const char *text) {
  const og_text_style style = {.size = LABEL_SIZE, .anchor = OG_ANCHOR_MIDDLE, .upward = 1, .colour = OG_INK};
  char shorter[OG_TEXT_FIT];
  canvas->text(canvas->state, x, y, &style,
               og_text_fit(text, LABEL_SIZE, 2 * (y - fmax(top, BELOW_TITLE)), shorter));
}

static void draw_labels(const og_view *view) {
  const og_box *f = &view->frame, *c = &view->cell;
  const og_text_style title = {.size = LABEL_SIZE, .bold = 1, .colour = OG_INK};
  const char *text = view->plot->panels[view->panel].title;
  char shorter[OG_TEXT_FIT];
  if (text)
    view->canvas->text(view->canvas->state, f->left, f->top - 6, &title,
                       og_text_fit(text, BOLD * LABEL_SIZE, c->right - f->left - 4, shorter));
  write_label(view, (f->left + f->right) / 2, c->bottom - 14, c->right - c->left, x_label_of(view));
  write_upward(view->canvas, c->left + 10 + LABEL_SIZE, (f->top + f->bottom) / 2, c->top, y_label_of(view));
}

static void draw_common_labels(const og_picture *p) {
  const og_plot *plot = p->plot;
  og_box grid = grid_of(p);
  if (label_is_common(plot, og_panel_own_x))
    write_label(&p->views[0], (grid.left + grid.right) / 2, plot->height - 14, grid.right - grid.left,
                plot->x_label);
  if (label_is_common(plot, og_panel_own_y))
    write_upward(p->canvas, 10 + LABEL_SIZE, (grid.top + grid.bottom) / 2, grid.top, plot->y_label);
}

/* ---- The picture ---- */

static og_status draw_view(og_view *view) {
  OG_TRY(og_view_judge_crowd(view));
  og_view_draw_bands(view);
  draw_axes(view);
  og_view_draw_series(view);
  draw_labels(view);
  return OG_OK;
}

/* Draws the plot's title above the first frame. A long one begins at the picture's edge, is smaller, and if
 * it is still too long, shortened. */
static void draw_title(const og_picture *p) {
  const double LEAST_SIZE = 11, EDGE = 8;
  og_text_style style = {.size = TITLE_SIZE, .bold = 1, .colour = OG_INK};
  char shorter[OG_TEXT_FIT];
  double x = p->views[0].frame.left, width = og_text_width(p->plot->title, BOLD * TITLE_SIZE);
  if (width > p->plot->width - x - EDGE) {
    x = EDGE;
    style.size = fmin(fmax(TITLE_SIZE * (p->plot->width - 2 * EDGE) / width, LEAST_SIZE), TITLE_SIZE);
  }
  double room = p->plot->width - x - EDGE + 1e-6;
  p->canvas->text(p->canvas->state, x, 28, &style,
                  og_text_fit(p->plot->title, BOLD * style.size, room, shorter));
}

static og_status draw_picture(og_picture *p) {
  const og_plot *plot = p->plot;
  int legend = og_legend_entries(plot) > 0;
  int fits_outside = plot->width - og_legend_width(plot) > LEAST_BESIDE;
  p->legend_outside = legend && plot->panel_count > 1 && fits_outside;
  OG_TRY(lay_out(p));
  if (legend && !p->legend_outside && !og_legend_find_corner(p) && fits_outside) {
    p->legend_outside = 1;
    OG_TRY(lay_out(p));
  }
  if (p->legend_outside) og_legend_place_outside(p);
  p->canvas->rectangle(p->canvas->state, 0, 0, plot->width, plot->height, OG_PAPER, 1);
  draw_title(p);
  for (size_t i = 0; i < plot->panel_count; i++) OG_TRY(draw_view(&p->views[i]));
  draw_common_labels(p);
  if (legend) og_legend_draw(p);
  return OG_OK;
}

static og_status make_room(og_picture *p) {
  const og_plot *plot = p->plot;
  size_t longest = 0;
  for (size_t s = 0; s < plot->count; s++)
    if (plot->series[s].count > longest) longest = plot->series[s].count;
  p->path = og_alloc(plot->context, longest, 2 * sizeof *p->path);
  p->views = og_alloc(plot->context, plot->panel_count, sizeof *p->views);
  if (!p->path || !p->views)
    return og_fail_memory(plot->context, longest * 2 * sizeof *p->path, "the path of a line");
  for (size_t i = 0; i < plot->panel_count; i++)
    p->views[i] = (og_view){.plot = plot, .canvas = p->canvas, .panel = i, .path = p->path};
  return OG_OK;
}

og_status og_plot_draw(const og_plot *plot, const og_canvas *canvas) {
  og_picture p = {.plot = plot, .canvas = canvas};
  og_status status = make_room(&p);
  if (status == OG_OK) status = draw_picture(&p);
  og_free(plot->context, p.views);
  og_free(plot->context, p.path);
  return status;
}
