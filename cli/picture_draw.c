/* Curves and data, in one panel or in several. */
#include "picture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* So many points of data in a phase portrait would hide the curve, and are a thin line. */
enum { DENSE_POINTS = 200 };
enum { SMALL_PANELS = 4, LARGE_WIDTH = 1100, LARGE_HEIGHT = 800 };

/* ---- Names ---- */

char *axis_name(const picture *d, size_t k) {
  size_t index = d->shown[k].index;
  return d->shown[k].observed ? join("%s", og_model_observed_name(d->p->model, index))
                              : state_name(d->p, index);
}

const double *axis_column(const picture *d, size_t k) {
  if (!d->p->data) return NULL;
  char *name = axis_name(d, k);
  const double *values = og_table_column(d->p->data, name);
  free(name);
  return values;
}

static int is_observed(const problem *p, const char *name) {
  for (size_t i = 0; i < og_model_observed(p->model); i++)
    if (strcmp(og_model_observed_name(p->model, i), name) == 0) return 1;
  return 0;
}

int has_points(const picture *d, size_t curve) {
  char *name = axis_name(d, curve);
  int observed = is_observed(d->p, name);
  free(name);
  return observed && axis_column(d, curve);
}

static size_t count_held_out(const picture *d) {
  size_t count = 0;
  for (size_t m = 0; m < d->p->trajectories; m++) count += (size_t)is_held_out(d, m);
  return count;
}

/* Trajectories that are many in a panel have one name and colour. */
static char *number_of(const picture *d, size_t m) {
  size_t trajectories = d->p->trajectories, held = count_held_out(d);
  return is_held_out(d, m) ? join("%zu held out", held) : join("%zu trajectories", trajectories - held);
}

/* "", or behind what a curve is of: ", 200 trajectories", " (anna), held out". */
static char *suffix_of(const picture *d, size_t m) {
  if (d->layout == BY_TRAJECTORY) return join("%s", "");
  char *id = are_many(d) ? number_of(d, m) : id_suffix(d->p, m);
  char *whole = are_many(d) ? join(", %s", id) : join("%s%s", id, is_held_out(d, m) ? ", held out" : "");
  free(id);
  return whole;
}

/* A panel of one column has its name at the axis: its curves have those of their trajectories. */
static char *curve_name(const picture *d, size_t curve, size_t m) {
  if (d->layout == BY_COLUMN && d->p->trajectories > 1 && !are_many(d))
    return join("%s%s", og_table_group_name(d->p->data, m), is_held_out(d, m) ? ", held out" : "");
  char *name = axis_name(d, curve), *suffix = suffix_of(d, m), *whole = join("%s%s", name, suffix);
  free(name), free(suffix);
  return whole;
}

/* The names at a curve: its own, and those of curves that lie exactly under it and have no points of their
 * own. */
static char *line_name(const picture *d, size_t curve, size_t m) {
  char *all = axis_name(d, curve);
  if (d->layout == BY_COLUMN) return free(all), curve_name(d, curve, m);
  for (size_t k = curve + 1; k < d->curves; k++) {
    if (d->above[k] != curve || has_points(d, k)) continue;
    char *other = axis_name(d, k), *longer = join("%s, %s", all, other);
    free(other), free(all);
    all = longer;
  }
  char *suffix = suffix_of(d, m), *whole = join("%s%s", all, suffix);
  free(all), free(suffix);
  return whole;
}

/* Lists all names, as far as they fit beside an axis. */
static char *y_label(const picture *d) {
  enum { LONGEST = 40 };
  if (d->phase) return axis_name(d, 1);
  char *all = join("%s", "");
  for (size_t i = 0; i < d->curves; i++) {
    char *name = axis_name(d, i), *longer = join("%s%s%s", all, i ? ", " : "", name);
    free(name), free(all);
    all = longer;
  }
  if (strlen(all) <= LONGEST) return all;
  free(all);
  return join("%s", d->shown[0].observed ? "observed columns" : "states");
}

/* ---- Curves and points ---- */

static og_status draw_curve(picture *d, size_t m, size_t curve) {
  if (d->layout != BY_COLUMN && d->above[curve] != curve) return OG_OK;
  size_t start = d->s.starts[m], count = d->s.starts[m + 1] - start;
  double *y = take(count, sizeof *y);
  for (size_t i = 0; i < count; i++) y[i] = d->values[(start + i) * d->curves + curve];
  char *name = line_name(d, curve, m);
  og_status status = og_plot_line(d->plot, name, count, d->s.t + start, y);
  free(name);
  free(y);
  return status;
}

/* Points of an observed column, in the colour of the curve of that name. */
static og_status draw_data(picture *d, size_t m, size_t curve) {
  const problem *p = d->p;
  const double *values = axis_column(d, curve);
  if (!has_points(d, curve)) return OG_OK;
  size_t *rows = take(og_table_rows(p->data), sizeof *rows), count = data_rows_of(p, m, rows);
  double *t = take(count, sizeof *t), *y = take(count, sizeof *y);
  for (size_t i = 0; i < count; i++) t[i] = p->data_times[rows[i]], y[i] = values[rows[i]];
  /* the line's name where it has one: it may be that of several curves */
  char *name = d->above[curve] == curve ? line_name(d, curve, m) : curve_name(d, curve, m);
  og_status status = og_plot_points(d->plot, name, count, t, y);
  free(name), free(y), free(t), free(rows);
  return status;
}

static og_status draw_curves(picture *d, size_t m, size_t first, size_t end) {
  og_status status = OG_OK;
  for (size_t k = first; k < end && status == OG_OK; k++) status = draw_curve(d, m, k);
  for (size_t k = first; k < end && status == OG_OK; k++) status = draw_data(d, m, k);
  return status;
}

/* ---- Phase portraits ---- */

/* Marks the ends of curves, which look alike in both directions. */
static og_status draw_ends(picture *d, size_t m) {
  if (d->s.starts[m] == d->s.starts[m + 1]) return OG_OK;
  const double *first = d->values + d->s.starts[m] * d->curves,
               *last = d->values + (d->s.starts[m + 1] - 1) * d->curves;
  og_status status = og_plot_signs(d->plot, "start", OG_MARKER_DISC, 1, first, first + 1);
  return status == OG_OK ? og_plot_signs(d->plot, "end", OG_MARKER_SQUARE, 1, last, last + 1) : status;
}

/* Where trajectories are few, each has a colour of its own. */
static char *phase_name(const picture *d, size_t m, const char *what) {
  if (d->p->trajectories == 1) return join("%s", what);
  char *number = are_many(d) ? number_of(d, m) : NULL;
  char *name = number
                   ? join("%s, %s", what, number)
                   : join("%s%s", og_table_group_name(d->p->data, m), is_held_out(d, m) ? ", held out" : "");
  free(number);
  return name;
}

static og_status draw_phase_curve(picture *d, size_t m) {
  size_t start = d->s.starts[m], count = d->s.starts[m + 1] - start;
  double *x = take(2 * count, sizeof *x), *y = x + count;
  for (size_t i = 0; i < count; i++) {
    const double *row = d->values + (start + i) * d->curves;
    x[i] = row[0], y[i] = row[1];
  }
  char *name = phase_name(d, m, "model");
  og_status status = og_plot_line(d->plot, name, count, x, y);
  free(name);
  free(x);
  return status;
}

static og_status draw_phase_data(picture *d, size_t m) {
  const double *a = axis_column(d, 0), *b = axis_column(d, 1);
  if (!a || !b) return OG_OK;
  size_t *rows = take(og_table_rows(d->p->data), sizeof *rows), count = data_rows_of(d->p, m, rows);
  double *x = take(2 * count, sizeof *x), *y = x + count;
  for (size_t i = 0; i < count; i++) x[i] = a[rows[i]], y[i] = b[rows[i]];
  char *name = count > DENSE_POINTS ? join("data") : phase_name(d, m, "data");
  og_status status = count > DENSE_POINTS ? og_plot_guide(d->plot, name, count, x, y)
                                          : og_plot_points(d->plot, name, count, x, y);
  free(name);
  free(x), free(rows);
  return status;
}

static og_status draw_phases(picture *d) {
  og_status status = OG_OK;
  for (size_t m = 0; m < d->p->trajectories && status == OG_OK; m++) {
    status = draw_phase_data(d, m); /* above its curve */
    if (status == OG_OK) status = draw_phase_curve(d, m);
  }
  for (size_t m = 0; m < d->p->trajectories && status == OG_OK; m++) status = draw_ends(d, m);
  return status;
}

/* ---- Panels ---- */

static og_status draw_together(picture *d, size_t first, size_t end) {
  og_status status = OG_OK;
  for (size_t m = 0; m < d->p->trajectories && status == OG_OK; m++) status = draw_curves(d, m, first, end);
  return status == OG_OK ? shade_panel(d, 0, d->p->trajectories) : status;
}

static og_status draw_by_trajectory(picture *d) {
  og_status status = OG_OK;
  for (size_t m = 0; m < d->p->trajectories && status == OG_OK; m++) {
    status = og_plot_panel(d->plot, og_table_group_name(d->p->data, m), NULL, NULL);
    if (status == OG_OK) status = draw_curves(d, m, 0, d->curves);
    if (status == OG_OK) status = shade_panel(d, m, m + 1);
  }
  return status;
}

/* With --y-label at the axes the columns' names are above them. */
static og_status draw_by_column(picture *d) {
  const char *label = d->p->arguments->values[FLAG_Y_LABEL];
  og_status status = OG_OK;
  for (size_t k = 0; k < d->curves && status == OG_OK; k++) {
    char *name = axis_name(d, k);
    status = og_plot_panel(d->plot, label ? name : NULL, NULL, label ? label : name);
    free(name);
    if (status == OG_OK) status = draw_together(d, k, k + 1);
  }
  return status;
}

static og_status draw_all(picture *d) {
  size_t panels = class_panels(d);
  panel_layout how = d->layout = choose_layout(d);
  og_status status = OG_OK;
  if (d->curves) panels += how == BY_TRAJECTORY ? d->p->trajectories : how == BY_COLUMN ? d->curves : 1;
  if (panels > SMALL_PANELS && !d->p->arguments->width)
    status = og_plot_set_size(d->plot, LARGE_WIDTH, LARGE_HEIGHT);
  if (status != OG_OK) return status;
  if (d->phase) return draw_phases(d);
  if (d->curves == 0) return draw_classes(d);
  status = how == BY_TRAJECTORY ? draw_by_trajectory(d)
           : how == BY_COLUMN   ? draw_by_column(d)
                                : draw_together(d, 0, d->curves);
  return status == OG_OK ? draw_classes(d) : status;
}

/* ---- The picture ---- */

static const char *chosen(const problem *p, flag which, const char *text) {
  return p->arguments->values[which] ? p->arguments->values[which] : text;
}

og_status new_plot(const problem *p, const char *title, const char *x_label, const char *y_label,
                   og_plot **plot) {
  const arguments *a = p->arguments;
  og_status status = og_plot_create(p->context, chosen(p, FLAG_TITLE, title),
                                    chosen(p, FLAG_X_LABEL, x_label), chosen(p, FLAG_Y_LABEL, y_label), plot);
  if (status == OG_OK)
    status = og_plot_set_log(*plot, a->values[FLAG_LOG_X] != NULL, a->values[FLAG_LOG_Y] != NULL);
  if (status == OG_OK && a->width) status = og_plot_set_size(*plot, a->width, a->height);
  return status;
}

og_status draw_and_write(picture *d, const char *path) {
  const char *slash = strrchr(d->p->arguments->model_name, '/');
  const char *title = slash ? slash + 1 : d->p->arguments->model_name;
  char *x = d->phase ? axis_name(d, 0) : join("t"), *y = y_label(d);
  og_status status = new_plot(d->p, title, x, y, &d->plot);
  free(x), free(y);
  if (status == OG_OK) status = draw_all(d);
  if (status == OG_OK) status = og_plot_write(d->plot, path);
  og_plot_destroy(d->plot);
  return status;
}
