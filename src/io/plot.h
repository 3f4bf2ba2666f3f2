/* A plot is data (plot.c), laid out on axes (scale.c), drawn (plot_draw.c) on a canvas that is SVG text or
 * cairo pixels. */
#ifndef OG_PLOT_H
#define OG_PLOT_H

#include "io/io.h"

/* ---- The plot ---- */

typedef enum og_series_kind {
  OG_SERIES_LINE,
  OG_SERIES_POINTS,
  OG_SERIES_MARKED,
  OG_SERIES_GUIDE
} og_series_kind;

typedef struct og_series {
  og_series_kind kind;
  size_t name, count; /* `name` counts into og_plot.names */
  double *x, *y;
} og_series;

struct og_plot {
  og_context *context;
  char *title, *x_label, *y_label;
  int log_x, log_y;
  og_series *series;
  size_t count, capacity;
  og_names names;
};

/* ---- Axes ---- */

enum { OG_TICKS_MAX = 32, OG_TICK_TEXT = 32 };

typedef struct og_tick {
  double value;
  char text[OG_TICK_TEXT]; /* UTF-8; "" for a tick between the labelled ones */
} og_tick;

typedef struct og_scale {
  int log;
  double low, high; /* of the data, with a margin; their decimal logarithms when log */
  double from, to;  /* pixels */
  size_t tick_count;
  og_tick ticks[OG_TICKS_MAX];
} og_scale;

/* Whether a value has a place on the axis. */
int og_scale_holds(int log, double value);
/* An axis for data from `lowest` to `highest`, with about `wanted` labelled ticks. `margin` is a fraction of
 * the range. */
void og_scale_fit(og_scale *scale, int log, double lowest, double highest, double margin, int wanted);
double og_scale_place(const og_scale *scale, double value);

/* ---- Canvas ---- */

typedef enum og_anchor { OG_ANCHOR_START, OG_ANCHOR_MIDDLE, OG_ANCHOR_END } og_anchor;

typedef struct og_text_style {
  double size;
  og_anchor anchor;
  int bold, upward; /* upward: turned to be read from below */
  unsigned colour;  /* 0xRRGGBB */
} og_text_style;

/* What a canvas can do; coordinates in pixels, y downward. */
typedef struct og_canvas {
  void *state;
  void (*rectangle)(void *state, double x, double y, double width, double height, unsigned fill,
                    double opacity);
  void (*lines)(void *state, size_t count, const double *xy, unsigned colour, double width, int dash);
  void (*disc)(void *state, double x, double y, double radius, unsigned colour);
  void (*polygon)(void *state, size_t count, const double *xy, unsigned colour);
  void (*text)(void *state, double x, double y, const og_text_style *style, const char *text);
} og_canvas;

enum { OG_PLOT_WIDTH = 800, OG_PLOT_HEIGHT = 500 };

/* Draws the plot; OG_ERR_ARGUMENT when it shows nothing. */
og_status og_plot_draw(const og_plot *plot, const og_canvas *canvas);
og_status og_plot_write_svg(const og_plot *plot, FILE *file);
/* OG_ERR_UNSUPPORTED when built without cairo. */
og_status og_plot_write_png(const og_plot *plot, FILE *file);

#endif
