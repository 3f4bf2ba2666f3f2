/* The canvas that writes SVG. Text stays text, so that it can be searched, read aloud and edited. */
#include "io/plot.h"

#include <math.h>

/* Pixels to two digits, in any locale. */
static void put_number(FILE *file, double value) {
  char text[OG_NUMBER_SIZE];
  og_format_real(round(value * 100) / 100, text);
  fputs(text, file);
}

static void put_attribute(FILE *file, const char *name, double value) {
  fprintf(file, " %s=\"", name);
  put_number(file, value);
  fputc('"', file);
}

static void put_points(FILE *file, size_t count, const double *xy) {
  for (size_t i = 0; i < 2 * count; i++) {
    if (i) fputc(i % 2 ? ',' : ' ', file);
    put_number(file, xy[i]);
  }
}

static void put_escaped(FILE *file, const char *text) {
  for (; *text; text++) {
    if (*text == '&')
      fputs("&amp;", file);
    else if (*text == '<')
      fputs("&lt;", file);
    else if (*text == '>')
      fputs("&gt;", file);
    else
      fputc(*text, file);
  }
}

static void draw_rectangle(void *state, double x, double y, double width, double height, unsigned fill,
                           double opacity) {
  FILE *file = state;
  fputs("<rect", file);
  put_attribute(file, "x", x);
  put_attribute(file, "y", y);
  put_attribute(file, "width", width);
  put_attribute(file, "height", height);
  fprintf(file, " fill=\"#%06x\"", fill);
  if (opacity < 1) put_attribute(file, "fill-opacity", opacity);
  fputs("/>\n", file);
}

static void draw_lines(void *state, size_t count, const double *xy, unsigned colour, double width, int dash) {
  static const char *const patterns[] = {"", " stroke-dasharray=\"8 4\"", " stroke-dasharray=\"2 4\""};
  FILE *file = state;
  fprintf(file, "<polyline fill=\"none\" stroke=\"#%06x\" stroke-linejoin=\"round\" stroke-linecap=\"round\"",
          colour);
  put_attribute(file, "stroke-width", width);
  fprintf(file, "%s points=\"", patterns[dash % 3]);
  put_points(file, count, xy);
  fputs("\"/>\n", file);
}

static const char *rim_of(int rim) { return rim ? " stroke=\"#ffffff\" stroke-width=\"0.8\"" : ""; }

static void draw_disc(void *state, double x, double y, double radius, unsigned colour, int rim) {
  FILE *file = state;
  fputs("<circle", file);
  put_attribute(file, "cx", x);
  put_attribute(file, "cy", y);
  put_attribute(file, "r", radius);
  fprintf(file, " fill=\"#%06x\"%s/>\n", colour, rim_of(rim));
}

static void draw_polygon(void *state, size_t count, const double *xy, unsigned colour, int rim) {
  FILE *file = state;
  fputs("<polygon points=\"", file);
  put_points(file, count, xy);
  fprintf(file, "\" fill=\"#%06x\"%s/>\n", colour, rim_of(rim));
}

static void draw_text(void *state, double x, double y, const og_text_style *style, const char *text) {
  static const char *const anchors[] = {"start", "middle", "end"};
  FILE *file = state;
  fputs("<text", file);
  put_attribute(file, "x", x);
  put_attribute(file, "y", y);
  put_attribute(file, "font-size", style->size);
  fprintf(file, " fill=\"#%06x\" text-anchor=\"%s\"", style->colour, anchors[style->anchor]);
  if (style->bold) fputs(" font-weight=\"bold\"", file);
  if (style->upward) {
    fputs(" transform=\"rotate(-90 ", file);
    put_number(file, x);
    fputc(' ', file);
    put_number(file, y);
    fputs(")\"", file);
  }
  fputc('>', file);
  put_escaped(file, text);
  fputs("</text>\n", file);
}

og_status og_plot_write_svg(const og_plot *plot, FILE *file) {
  const og_canvas canvas = {file, draw_rectangle, draw_lines, draw_disc, draw_polygon, draw_text};
  fprintf(
      file,
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" viewBox=\"0 0 %.0f %.0f\"\n"
      "     font-family=\"Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif\">\n",
      plot->width, plot->height, plot->width, plot->height);
  OG_TRY(og_plot_draw(plot, &canvas));
  fputs("</svg>\n", file);
  return OG_OK;
}
