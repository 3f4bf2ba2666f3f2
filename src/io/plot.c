/* Plots: what is to be shown. */
#if !defined(_POSIX_C_SOURCE)
#define _POSIX_C_SOURCE 200809L
#endif
#include "io/plot.h"

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
  plot->context = plot->names.context = context;
  plot->title = copy_text(context, title);
  plot->x_label = copy_text(context, x_label);
  plot->y_label = copy_text(context, y_label);
  if (!plot->title || !plot->x_label || !plot->y_label) {
    og_plot_destroy(plot);
    return og_fail_memory(context, sizeof *plot, "the texts of a plot");
  }
  *out = plot;
  return OG_OK;
}

void og_plot_destroy(og_plot *plot) {
  if (!plot) return;
  og_context *context = plot->context;
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

static int name_index(og_plot *plot, const char *name, size_t *index) {
  char *clean = copy_text(plot->context, name);
  int added = clean && og_names_add(&plot->names, clean, index);
  og_free(plot->context, clean);
  return added;
}

static og_status add_series(og_plot *plot, og_series_kind kind, const char *name, size_t count,
                            const double *x, const double *y) {
  og_series series = {.kind = kind, .count = count};
  series.x = og_alloc(plot->context, count, sizeof *x);
  series.y = og_alloc(plot->context, count, sizeof *y);
  if (!series.x || !series.y || !make_room(plot) || !name_index(plot, name, &series.name)) {
    og_free(plot->context, series.x);
    og_free(plot->context, series.y);
    return og_fail_memory(plot->context, 2 * count * sizeof *x, "a series of a plot");
  }
  if (count) memcpy(series.x, x, count * sizeof *x);
  if (count) memcpy(series.y, y, count * sizeof *y);
  plot->series[plot->count++] = series;
  return OG_OK;
}

og_status og_plot_line(og_plot *plot, const char *name, size_t count, const double *x, const double *y) {
  OG_OBJECT(plot);
  OG_NEED_IF(plot->context, count, x);
  OG_NEED_IF(plot->context, count, y);
  return add_series(plot, OG_SERIES_LINE, name, count, x, y);
}

og_status og_plot_points(og_plot *plot, const char *name, size_t count, const double *x, const double *y) {
  OG_OBJECT(plot);
  OG_NEED_IF(plot->context, count, x);
  OG_NEED_IF(plot->context, count, y);
  return add_series(plot, OG_SERIES_POINTS, name, count, x, y);
}

og_status og_plot_marked(og_plot *plot, const char *name, size_t count, const double *x, const double *y) {
  OG_OBJECT(plot);
  OG_NEED_IF(plot->context, count, x);
  OG_NEED_IF(plot->context, count, y);
  return add_series(plot, OG_SERIES_MARKED, name, count, x, y);
}

og_status og_plot_guide(og_plot *plot, const char *name, size_t count, const double *x, const double *y) {
  OG_OBJECT(plot);
  OG_NEED_IF(plot->context, count, x);
  OG_NEED_IF(plot->context, count, y);
  return add_series(plot, OG_SERIES_GUIDE, name, count, x, y);
}

og_status og_plot_set_log(og_plot *plot, int log_x, int log_y) {
  OG_OBJECT(plot);
  plot->log_x = log_x != 0;
  plot->log_y = log_y != 0;
  return OG_OK;
}

og_status og_plot_write(const og_plot *plot, const char *path) {
  OG_OBJECT(plot);
  OG_NEED(plot->context, path);
  const char *ending = strrchr(path, '.');
  int svg = ending && strcasecmp(ending, ".svg") == 0, png = ending && strcasecmp(ending, ".png") == 0;
  if (!svg && !png)
    return og_fail(plot->context, OG_ERR_ARGUMENT,
                   "cannot tell the kind of picture from \"%s\"; end the name in .svg or .png", path);
  og_output *output;
  OG_TRY(og_output_open(plot->context, path, &output));
  FILE *file = og_output_file(output);
  return og_output_close(output, svg ? og_plot_write_svg(plot, file) : og_plot_write_png(plot, file));
}
