/* Plots as data: series on panels, with their names and labels. */
#if !defined(_POSIX_C_SOURCE)
#define _POSIX_C_SOURCE 200809L
#endif
#include "io/plot.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

/* Length of the UTF-8 character at `text`, 0 when it is none (or a control character). */
static size_t character_length(const unsigned char *text) {
  if (text[0] < 0x20 || text[0] == 0x7F) return 0;
  if (text[0] < 0x80) return 1;
  size_t length = text[0] >= 0xC2 && text[0] < 0xE0   ? 2
                  : text[0] >= 0xE0 && text[0] < 0xF0 ? 3
                  : text[0] >= 0xF0 && text[0] < 0xF5 ? 4
                                                      : 0;
  for (size_t i = 1; i < length; i++)
    if ((text[i] & 0xC0) != 0x80) return 0;
  if (text[0] == 0xE0 && text[1] < 0xA0) return 0;                     /* too long a spelling */
  if (text[0] == 0xED && text[1] > 0x9F) return 0;                     /* surrogates */
  if (text[0] == 0xF0 && text[1] < 0x90) return 0;                     /* too long a spelling */
  if (text[0] == 0xF4 && text[1] > 0x8F) return 0;                     /* beyond Unicode */
  if (text[0] == 0xEF && text[1] == 0xBF && text[2] >= 0xBE) return 0; /* no characters: XML refuses them */
  return length;
}

/* A copy in which everything that is no character is '?': SVG and cairo accept valid UTF-8 only. */
static char *copy_text(og_context *context, const char *text) {
  char *copy = og_strdup(context, text ? text : "");
  for (char *at = copy; at && *at;) {
    size_t length = character_length((unsigned char *)at);
    if (length == 0) *at = '?';
    at += length ? length : 1;
  }
  return copy;
}

og_status og_plot_create(og_context *context, const char *title, const char *x_label, const char *y_label,
                         og_plot **out) {
  if (out) *out = NULL;
  OG_OBJECT(context);
  OG_NEED(context, out);
  og_plot *plot = og_alloc(context, 1, sizeof *plot);
  if (!plot) return og_fail_memory(context, sizeof *plot, "a plot");
  plot->context = plot->names.context = plot->hues.context = plot->bands.context = context;
  plot->width = OG_PLOT_WIDTH, plot->height = OG_PLOT_HEIGHT;
  plot->title = copy_text(context, title);
  plot->x_label = copy_text(context, x_label);
  plot->y_label = copy_text(context, y_label);
  plot->panels = og_alloc(context, 1, sizeof *plot->panels);
  plot->panel_count = plot->panels != NULL;
  if (!plot->title || !plot->x_label || !plot->y_label || !plot->panels) {
    og_plot_destroy(plot);
    return og_fail_memory(context, sizeof *plot, "the texts of a plot");
  }
  *out = plot;
  return OG_OK;
}

static void clear_panel(og_context *context, og_panel *panel) {
  og_free(context, panel->title);
  og_free(context, panel->x_label);
  og_free(context, panel->y_label);
}

void og_plot_destroy(og_plot *plot) {
  if (!plot) return;
  og_context *context = plot->context;
  for (size_t i = 0; i < plot->panel_count; i++) clear_panel(context, &plot->panels[i]);
  og_free(context, plot->panels);
  og_names_clear(&plot->hues);
  og_names_clear(&plot->bands);
  for (size_t i = 0; i < plot->count; i++) {
    og_free(context, plot->series[i].x);
    og_free(context, plot->series[i].y);
  }
  og_free(context, plot->series);
  og_names_clear(&plot->names);
  og_free(context, plot->title);
  og_free(context, plot->x_label);
  og_free(context, plot->y_label);
  og_free(context, plot);
}

static int make_room(og_plot *plot) {
  if (plot->count < plot->capacity) return 1;
  size_t capacity = plot->capacity ? 2 * plot->capacity : 8;
  og_series *larger = og_resize(plot->context, plot->series, plot->count, capacity, sizeof *larger);
  if (!larger) return 0;
  plot->series = larger;
  plot->capacity = capacity;
  return 1;
}

static int name_index(og_plot *plot, og_names *names, const char *name, size_t *index) {
  char *clean = copy_text(plot->context, name);
  int added = clean && og_names_add(names, clean, index);
  og_free(plot->context, clean);
  return added;
}

/* Names take the colours of the palette in their order; what is drawn in grey or ink takes none. */
static int takes_colour(og_series_kind kind) { return kind <= OG_SERIES_MARKED; }

static int enter_names(og_plot *plot, og_series *series, const char *name) {
  og_names *hues = series->kind == OG_SERIES_BAND ? &plot->bands : &plot->hues;
  if ((takes_colour(series->kind) || hues == &plot->bands) && !name_index(plot, hues, name, &series->hue))
    return 0;
  return series->kind == OG_SERIES_CELLS || name_index(plot, &plot->names, name, &series->name);
}

static og_status add_series(og_plot *plot, og_series series, const char *name, const double *x,
                            const double *y) {
  size_t count = series.count;
  series.panel = plot->panel_count - 1;
  series.x = og_alloc(plot->context, count, sizeof *x);
  series.y = og_alloc(plot->context, count, sizeof *y);
  if (!series.x || !series.y || !make_room(plot) || !enter_names(plot, &series, name)) {
    og_free(plot->context, series.x);
    og_free(plot->context, series.y);
    return og_fail_memory(plot->context, 2 * count * sizeof *x, "a series of a plot");
  }
  if (count && x) memcpy(series.x, x, count * sizeof *x);
  if (count && y) memcpy(series.y, y, count * sizeof *y);
  plot->series[plot->count++] = series;
  return OG_OK;
}

og_status og_plot_line(og_plot *plot, const char *name, size_t count, const double *x, const double *y) {
  OG_OBJECT(plot);
  OG_NEED_IF(plot->context, count, x);
  OG_NEED_IF(plot->context, count, y);
  return add_series(plot, (og_series){.kind = OG_SERIES_LINE, .count = count}, name, x, y);
}

og_status og_plot_points(og_plot *plot, const char *name, size_t count, const double *x, const double *y) {
  OG_OBJECT(plot);
  OG_NEED_IF(plot->context, count, x);
  OG_NEED_IF(plot->context, count, y);
  return add_series(plot, (og_series){.kind = OG_SERIES_POINTS, .count = count}, name, x, y);
}

og_status og_plot_marked(og_plot *plot, const char *name, size_t count, const double *x, const double *y) {
  OG_OBJECT(plot);
  OG_NEED_IF(plot->context, count, x);
  OG_NEED_IF(plot->context, count, y);
  return add_series(plot, (og_series){.kind = OG_SERIES_MARKED, .count = count}, name, x, y);
}

og_status og_plot_guide(og_plot *plot, const char *name, size_t count, const double *x, const double *y) {
  OG_OBJECT(plot);
  OG_NEED_IF(plot->context, count, x);
  OG_NEED_IF(plot->context, count, y);
  return add_series(plot, (og_series){.kind = OG_SERIES_GUIDE, .count = count}, name, x, y);
}

og_status og_plot_signs(og_plot *plot, const char *name, og_marker marker, size_t count, const double *x,
                        const double *y) {
  OG_OBJECT(plot);
  OG_NEED_IF(plot->context, count, x);
  OG_NEED_IF(plot->context, count, y);
  if ((unsigned)marker > OG_MARKER_DIAMOND)
    return og_fail(plot->context, OG_ERR_ARGUMENT, "there is no marker number %d", (int)marker);
  return add_series(plot, (og_series){.kind = OG_SERIES_SIGNS, .marker = marker, .count = count}, name, x, y);
}

og_status og_plot_band(og_plot *plot, const char *name, double from, double to) {
  OG_OBJECT(plot);
  if (!(from <= to))
    return og_fail(plot->context, OG_ERR_ARGUMENT,
                   "a band of a plot goes from %g to %g; give the lower end first", og_shown(from),
                   og_shown(to));
  return add_series(plot, (og_series){.kind = OG_SERIES_BAND, .count = 2}, name, (double[]){from, to}, NULL);
}

og_status og_plot_cells(og_plot *plot, size_t rows, size_t columns, const double *values) {
  OG_OBJECT(plot);
  OG_NEED(plot->context, values);
  if (rows == 0 || columns == 0 || rows > SIZE_MAX / columns)
    return og_fail(plot->context, OG_ERR_ARGUMENT, "a matrix of %zu by %zu cells cannot be drawn", rows,
                   columns);
  return add_series(plot, (og_series){.kind = OG_SERIES_CELLS, .count = rows * columns, .columns = columns},
                    "", NULL, values);
}

static int copy_optional(og_context *context, const char *text, char **copy) {
  *copy = text ? copy_text(context, text) : NULL;
  return !text || *copy;
}

/* Begins a new panel. The first one is there from the beginning, and is taken while it is empty. */
static int panel_is_free(const og_plot *plot) {
  return plot->panel_count == 1 && plot->count == 0 && !plot->panels->title && !plot->panels->x_label &&
         !plot->panels->y_label;
}

og_status og_plot_panel(og_plot *plot, const char *title, const char *x_label, const char *y_label) {
  OG_OBJECT(plot);
  og_panel new = {0};
  size_t last = plot->panel_count - (panel_is_free(plot) ? 1 : 0);
  og_panel *panels = og_resize(plot->context, plot->panels, plot->panel_count, last + 1, sizeof *panels);
  if (panels) plot->panels = panels;
  if (!panels || !copy_optional(plot->context, title, &new.title) ||
      !copy_optional(plot->context, x_label, &new.x_label) ||
      !copy_optional(plot->context, y_label, &new.y_label)) {
    clear_panel(plot->context, &new);
    return og_fail_memory(plot->context, sizeof new, "a panel of a plot");
  }
  plot->panels[last] = new;
  plot->panel_count = last + 1;
  return OG_OK;
}

og_status og_plot_classes(og_plot *plot, size_t count) {
  OG_OBJECT(plot);
  enum { MOST = 1 << 20 };
  if (count == 0 || count > MOST)
    return og_fail(plot->context, OG_ERR_ARGUMENT, "an axis of %zu classes cannot be drawn", count);
  plot->panels[plot->panel_count - 1].classes = count;
  return OG_OK;
}

og_status og_plot_set_size(og_plot *plot, size_t width, size_t height) {
  OG_OBJECT(plot);
  enum { LEAST = 200, MOST = 4000 };
  if (width < LEAST || height < LEAST || width > MOST || height > MOST)
    return og_fail(plot->context, OG_ERR_ARGUMENT, "a plot of %zu by %zu pixels; give %d to %d for each",
                   width, height, LEAST, MOST);
  plot->width = (double)width;
  plot->height = (double)height;
  return OG_OK;
}

og_status og_plot_set_log(og_plot *plot, int log_x, int log_y) {
  OG_OBJECT(plot);
  plot->log_x = log_x != 0;
  plot->log_y = log_y != 0;
  return OG_OK;
}

typedef og_status (*writer)(const og_plot *plot, FILE *file);

static writer writer_for(const char *path) {
  static const struct {
    const char *ending;
    writer write;
  } kinds[] = {{".svg", og_plot_write_svg}, {".png", og_plot_write_png}, {".pdf", og_plot_write_pdf}};
  const char *ending = strrchr(path, '.');
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
    if (ending && strcasecmp(ending, kinds[i].ending) == 0) return kinds[i].write;
  return NULL;
}

og_status og_plot_write(const og_plot *plot, const char *path) {
  OG_OBJECT(plot);
  OG_NEED(plot->context, path);
  writer write = writer_for(path);
  if (!write)
    return og_fail(plot->context, OG_ERR_ARGUMENT,
                   "cannot tell the kind of picture from \"%s\"; end the name in .svg, .png or .pdf", path);
  og_output *output;
  OG_TRY(og_output_open(plot->context, path, &output));
  return og_output_close(output, write(plot, og_output_file(output)));
}
