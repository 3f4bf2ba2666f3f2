/* The legend: a sample of every name, in a corner of an only panel where it hides nothing, else beside. */
#include "io/plot.h"

#include <math.h>

#define TEXT_SIZE 12.0
#define STEP 20.0
#define SAMPLE 26.0
#define MARGINS 120.0 /* above and below, and the line that counts what there is no room for */

enum { MOST = 16 };

size_t og_legend_entries(const og_plot *plot) {
  size_t count = plot->names.count;
  if (count == 0 || (count == 1 && !plot->names.names[0][0])) return 0;
  size_t room = (size_t)((plot->height - MARGINS) / STEP), most = room < MOST ? room : MOST;
  return count < most ? count : most;
}

double og_legend_width(const og_plot *plot) {
  double widest = 0;
  for (size_t i = 0; i < og_legend_entries(plot); i++)
    widest = fmax(widest, og_text_width(plot->names.names[i], TEXT_SIZE));
  return fmin(widest, plot->width / 3) + SAMPLE + 26;
}

static double height_of(const og_plot *plot) {
  return STEP * (double)(og_legend_entries(plot) + (plot->names.count > og_legend_entries(plot))) + 10;
}

/* ---- A corner ---- */

static int inside(const og_box *b, double x, double y) {
  return x >= b->left && x <= b->right && y >= b->top && y <= b->bottom;
}

/* How many points lie in the box; a line counts at eight places of every piece. */
static size_t crowd_of_series(const og_view *view, const og_series *series, const og_box *b) {
  size_t crowd = 0;
  double last_x = NAN, last_y = NAN;
  for (size_t i = 0; i < series->count; i++) {
    int shown = og_view_shows(view, series->x[i], series->y[i]);
    double x = shown ? og_scale_position(&view->x, series->x[i]) : NAN,
           y = shown ? og_scale_position(&view->y, series->y[i]) : NAN;
    crowd += (size_t)inside(b, x, y);
    for (int k = 1; og_series_has_line(series) && k < 8; k++)
      crowd += (size_t)inside(b, last_x + (x - last_x) * k / 8, last_y + (y - last_y) * k / 8);
    last_x = x;
    last_y = y;
  }
  return crowd;
}

static size_t crowd_of(const og_view *view, const og_box *b) {
  size_t crowd = 0;
  for (size_t s = 0; s < view->plot->count; s++) {
    const og_series *series = &view->plot->series[s];
    if (og_series_has_line(series) || og_series_has_markers(series))
      crowd += crowd_of_series(view, series, b);
    crowd += series->kind == OG_SERIES_CELLS; /* they fill the panel */
  }
  return crowd;
}

static og_box corner_of(const og_picture *picture, int corner) {
  const double gap = 8, width = og_legend_width(picture->plot), height = height_of(picture->plot);
  const og_box *f = &picture->views[0].frame;
  double left = corner % 2 ? f->left + gap : f->right - gap - width;
  double top = corner / 2 ? f->bottom - gap - height : f->top + gap;
  return (og_box){left, top, left + width, top + height};
}

int og_legend_find_corner(og_picture *picture) {
  const double gap = 8;
  for (int corner = 0; corner < 4; corner++) {
    og_box *b = &picture->legend;
    *b = corner_of(picture, corner);
    og_box near = {b->left - gap, b->top - gap, b->right + gap, b->bottom + gap};
    if (crowd_of(&picture->views[0], &near) == 0) return 1;
  }
  picture->legend = corner_of(picture, 0);
  return 0;
}

void og_legend_place_outside(og_picture *picture) {
  double left = picture->views[picture->plot->panel_count - 1].cell.right, top = picture->views[0].frame.top;
  for (size_t i = 0; i < picture->plot->panel_count; i++) left = fmax(left, picture->views[i].cell.right);
  picture->legend =
      (og_box){left, top, left + og_legend_width(picture->plot), top + height_of(picture->plot)};
}

/* ---- Drawing ---- */

static void write_text(const og_picture *picture, double x, double y, const char *text) {
  const og_text_style style = {.size = TEXT_SIZE, .anchor = OG_ANCHOR_START, .colour = OG_INK};
  picture->canvas->text(picture->canvas->state, x, y + 0.36 * TEXT_SIZE, &style, text);
}

/* One sample of every kind in which the name is drawn: the first line, then the first markers. */
static void draw_entry(const og_picture *picture, size_t name, double x, double y) {
  const og_plot *plot = picture->plot;
  const og_series *line = NULL, *other = NULL;
  for (size_t s = 0; s < plot->count; s++) {
    const og_series *series = &plot->series[s];
    if (series->name != name || series->kind == OG_SERIES_CELLS) continue;
    const og_series **place = og_series_has_line(series) ? &line : &other;
    if (!*place) *place = series;
  }
  if (line) og_view_draw_sample(&picture->views[line->panel], line, x, y, SAMPLE);
  if (other) og_view_draw_sample(&picture->views[other->panel], other, x, y, SAMPLE);
  char shorter[OG_TEXT_FIT];
  double room = picture->legend.right - picture->legend.left - SAMPLE - 26;
  write_text(picture, x + SAMPLE + 8, y,
             og_text_fit(plot->names.names[name], TEXT_SIZE, room + 1e-6, shorter));
}

static int is_band(const og_plot *plot, size_t name) {
  size_t index;
  return og_names_find(&plot->bands, plot->names.names[name], &index);
}

/* Entries of bands come after those of series. */
void og_legend_draw(const og_picture *picture) {
  const og_plot *plot = picture->plot;
  size_t entries = og_legend_entries(plot), drawn = 0;
  const og_box *b = &picture->legend;
  double x = b->left + 8, y = b->top + 5 + STEP / 2;
  picture->canvas->rectangle(picture->canvas->state, b->left, b->top, b->right - b->left, b->bottom - b->top,
                             OG_PAPER, 0.85);
  for (int bands = 0; bands < 2; bands++)
    for (size_t i = 0; i < plot->names.count && drawn < entries; i++)
      if (is_band(plot, i) == bands) draw_entry(picture, i, x, y + STEP * (double)drawn++);
  if (plot->names.count == entries) return;
  char more[64];
  snprintf(more, sizeof more, "and %zu more", plot->names.count - entries);
  write_text(picture, x, y + STEP * (double)entries, more);
}
