/* A plot is data (plot.c), laid out on panels (plot_draw.c) with axes (scale.c) and a legend (plot_legend.c),
 * and drawn (plot_series.c) on a canvas that is SVG text, or cairo's pixels or PDF. */
#ifndef OG_PLOT_H
#define OG_PLOT_H

#include "io/io.h"

/* ---- The plot ---- */

typedef enum og_series_kind {
  OG_SERIES_LINE,
  OG_SERIES_POINTS,
  OG_SERIES_MARKED,
  OG_SERIES_GUIDE,
  OG_SERIES_SIGNS, /* markers in ink */
  OG_SERIES_BAND,  /* x: from, to */
  OG_SERIES_CELLS  /* y: the values, row by row */
} og_series_kind;

typedef struct og_series {
  og_series_kind kind;
  og_marker marker;
  size_t name, count; /* `name` counts into og_plot.names */
  size_t hue;         /* counts the names that have a colour; for bands, those of bands */
  size_t panel, columns;
  double *x, *y;
} og_series;

/* NULL: the plot's label, and the scale that panels without one of their own share. */
typedef struct og_panel {
  char *title, *x_label, *y_label;
  size_t classes; /* of the x axis; 0: it has numbers */
} og_panel;

struct og_plot {
  og_context *context;
  char *title, *x_label, *y_label;
  int log_x, log_y;
  og_series *series;
  size_t count, capacity;
  og_names names, hues, bands;
  og_panel *panels; /* the first is there from the beginning */
  size_t panel_count;
  double width, height; /* pixels of the layout */
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
double og_scale_position(const og_scale *scale, double value);

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
  /* Markers; `rim`: set off by a thin white line. */
  void (*disc)(void *state, double x, double y, double radius, unsigned colour, int rim);
  void (*polygon)(void *state, size_t count, const double *xy, unsigned colour, int rim);
  void (*text)(void *state, double x, double y, const og_text_style *style, const char *text);
} og_canvas;

enum { OG_PLOT_WIDTH = 800, OG_PLOT_HEIGHT = 500 };

/* ---- Laid out ---- */

typedef struct og_box {
  double left, top, right, bottom;
} og_box;

/* A panel on its part of the picture. */
typedef struct og_view {
  const og_plot *plot;
  const og_canvas *canvas;
  size_t panel;
  og_scale x, y;
  og_box cell, frame;
  double *path;  /* room for the longest series, [count][2] */
  double radius; /* of markers */
  int crowded;   /* markers would hide each other, or their curve: they are small, pale and below it */
  int filled;    /* lines fill the panel: they are pale, and markers above them */
} og_view;

typedef struct og_picture {
  const og_plot *plot;
  const og_canvas *canvas;
  og_view *views; /* one for each panel */
  double *path;
  int legend_outside;
  og_box legend;
} og_picture;

enum { OG_INK = 0x222222, OG_AXIS = 0x555555, OG_GRID = 0xe4e4e4, OG_PAPER = 0xffffff };

/* Leaves out points that no one sees, of a path [length][2] in pixels; returns how many stay. */
size_t og_path_thin(double *path, size_t length);
int og_series_has_line(const og_series *series);
int og_series_has_markers(const og_series *series);
/* Whether a point of a series with points has a place on the axes of its panel. */
int og_view_shows(const og_view *view, double x, double y);
/* Chooses the markers' size by how many there are in one place. */
og_status og_view_judge_crowd(og_view *view);
void og_view_draw_bands(const og_view *view);
void og_view_draw_series(const og_view *view);
/* A sample of the series for the legend, `width` wide from x. */
void og_view_draw_sample(const og_view *view, const og_series *series, double x, double y, double width);
/* Whether the panel's scale is its own, and whether it is logarithmic. */
int og_panel_own_x(const og_plot *plot, size_t panel);
int og_panel_own_y(const og_plot *plot, size_t panel);
int og_panel_log_x(const og_plot *plot, size_t panel);
int og_panel_log_y(const og_plot *plot, size_t panel);

/* Width of a text in a usual sans-serif, about: a canvas need not know its fonts. */
double og_text_width(const char *text, double size);
/* The text, or in `shorter` its beginning and end with an ellipsis between, where it is wider than `width`.
 */
enum { OG_TEXT_FIT = 512 };
const char *og_text_fit(const char *text, double size, double width, char shorter[OG_TEXT_FIT]);
size_t og_legend_entries(const og_plot *plot);
double og_legend_width(const og_plot *plot);
/* A corner of the first panel where the legend hides nothing; 0: there is none, and it is put into the first.
 */
int og_legend_find_corner(og_picture *picture);
void og_legend_place_outside(og_picture *picture);
void og_legend_draw(const og_picture *picture);

/* Draws the plot; OG_ERR_ARGUMENT when it shows nothing. */
og_status og_plot_draw(const og_plot *plot, const og_canvas *canvas);
og_status og_plot_write_svg(const og_plot *plot, FILE *file);
/* OG_ERR_UNSUPPORTED when built without cairo. */
og_status og_plot_write_png(const og_plot *plot, FILE *file);
og_status og_plot_write_pdf(const og_plot *plot, FILE *file);

#endif
