/* The canvas of cairo: pixels and PDF. */
#include "io/plot.h"

#if !defined(OG_HAVE_CAIRO)

static og_status refuse(const og_plot *plot, const char *kind) {
  return og_fail(
      plot->context, OG_ERR_UNSUPPORTED,
      "this odegrad was built without cairo and cannot write %s; write .svg instead, or install cairo "
      "(Debian: libcairo2-dev) and build again",
      kind);
}

og_status og_plot_write_png(const og_plot *plot, FILE *file) {
  (void)file;
  return refuse(plot, "PNG");
}

og_status og_plot_write_pdf(const og_plot *plot, FILE *file) {
  (void)file;
  return refuse(plot, "PDF");
}

#else

#include <cairo-pdf.h>
#include <cairo.h>

/* Pixels for each unit of the layout: sharp on today's screens. PDF counts 72 points to the inch, a layout 96
 * pixels. */
static const double DENSITY = 2, POINTS = 0.75;

static void set_colour(cairo_t *cairo, unsigned colour, double opacity) {
  cairo_set_source_rgba(cairo, (colour >> 16 & 255) / 255.0, (colour >> 8 & 255) / 255.0,
                        (colour & 255) / 255.0, opacity);
}

static void draw_rectangle(void *state, double x, double y, double width, double height, unsigned fill,
                           double opacity) {
  set_colour(state, fill, opacity);
  cairo_rectangle(state, x, y, width, height);
  cairo_fill(state);
}

static void draw_lines(void *state, size_t count, const double *xy, unsigned colour, double width, int dash) {
  static const double patterns[3][2] = {{0, 0}, {8, 4}, {2, 4}};
  set_colour(state, colour, 1);
  cairo_set_line_width(state, width);
  cairo_set_dash(state, patterns[dash % 3], dash % 3 ? 2 : 0, 0);
  cairo_set_line_join(state, CAIRO_LINE_JOIN_ROUND);
  cairo_set_line_cap(state, CAIRO_LINE_CAP_ROUND);
  cairo_new_path(state); /* a text before leaves a point behind */
  for (size_t i = 0; i < count; i++) cairo_line_to(state, xy[2 * i], xy[2 * i + 1]);
  cairo_stroke(state);
}

/* The present path, filled and with `rim` set off by a thin white line. */
static void fill_marker(cairo_t *cairo, unsigned colour, int rim) {
  set_colour(cairo, colour, 1);
  if (!rim) {
    cairo_fill(cairo);
    return;
  }
  cairo_fill_preserve(cairo);
  cairo_set_dash(cairo, NULL, 0, 0);
  cairo_set_line_width(cairo, 0.8);
  set_colour(cairo, 0xffffff, 1);
  cairo_stroke(cairo);
}

static void draw_disc(void *state, double x, double y, double radius, unsigned colour, int rim) {
  const double turn = 6.283185307179586;
  cairo_new_path(state);
  cairo_arc(state, x, y, radius, 0, turn);
  fill_marker(state, colour, rim);
}

static void draw_polygon(void *state, size_t count, const double *xy, unsigned colour, int rim) {
  cairo_new_path(state);
  for (size_t i = 0; i < count; i++) cairo_line_to(state, xy[2 * i], xy[2 * i + 1]);
  cairo_close_path(state);
  fill_marker(state, colour, rim);
}

static void draw_text(void *state, double x, double y, const og_text_style *style, const char *text) {
  static const double shares[] = {0, 0.5, 1};
  cairo_text_extents_t extents;
  cairo_save(state);
  cairo_select_font_face(state, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                         style->bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(state, style->size);
  cairo_text_extents(state, text, &extents);
  cairo_translate(state, x, y);
  if (style->upward) cairo_rotate(state, -1.5707963267948966);
  set_colour(state, style->colour, 1);
  cairo_move_to(state, -shares[style->anchor] * extents.x_advance, 0);
  cairo_show_text(state, text);
  cairo_restore(state);
}

static cairo_status_t write_bytes(void *file, const unsigned char *bytes, unsigned count) {
  return fwrite(bytes, 1, count, file) == count ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static og_status status_of_cairo(const og_plot *plot, cairo_status_t status) {
  if (status == CAIRO_STATUS_SUCCESS) return OG_OK;
  if (status == CAIRO_STATUS_NO_MEMORY) return og_fail_memory(plot->context, 0, "the pixels of a plot");
  return og_fail(plot->context, OG_ERR_FILE, "cannot write the picture: %s", cairo_status_to_string(status));
}

/* Draws on the surface, at `scale` of its units for a pixel of the layout. */
static og_status paint(const og_plot *plot, cairo_surface_t *surface, double scale) {
  cairo_t *cairo = cairo_create(surface); /* never NULL: in trouble it carries an error */
  cairo_scale(cairo, scale, scale);
  const og_canvas canvas = {cairo, draw_rectangle, draw_lines, draw_disc, draw_polygon, draw_text};
  og_status status = og_plot_draw(plot, &canvas);
  if (status == OG_OK) status = status_of_cairo(plot, cairo_status(cairo));
  cairo_destroy(cairo);
  return status;
}

og_status og_plot_write_png(const og_plot *plot, FILE *file) {
  cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(DENSITY * plot->width),
                                                        (int)(DENSITY * plot->height));
  og_status status = paint(plot, surface, DENSITY);
  if (status == OG_OK)
    status = status_of_cairo(plot, cairo_surface_write_to_png_stream(surface, write_bytes, file));
  cairo_surface_destroy(surface);
  return status;
}

og_status og_plot_write_pdf(const og_plot *plot, FILE *file) {
  cairo_surface_t *surface =
      cairo_pdf_surface_create_for_stream(write_bytes, file, POINTS * plot->width, POINTS * plot->height);
  og_status status = paint(plot, surface, POINTS);
  cairo_surface_finish(surface);
  if (status == OG_OK) status = status_of_cairo(plot, cairo_surface_status(surface));
  cairo_surface_destroy(surface);
  return status;
}

#endif
