/* Curves and data, in one panel or in several. */
#include "picture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* So many trajectories, and curves in all, can be told apart in one panel; so many panels can be read. So
 * many points of data in a phase portrait would hide the curve, and are a thin line. */
enum { FEW_TRAJECTORIES = 6, FEW_CURVES = 12, MOST_PANELS = 16, MOST_COLUMNS = 6, DENSE_POINTS = 200 };
enum { SMALL_PANELS = 4, LARGE_WIDTH = 1100, LARGE_HEIGHT = 800 };

typedef enum layout { TOGETHER, BY_TRAJECTORY, BY_COLUMN } layout;

static layout layout_of(const picture *d) {
  size_t trajectories = d->p->trajectories;
  if (d->phase || d->curves == 0 || trajectories == 1) return TOGETHER;
  if (trajectories <= FEW_TRAJECTORIES && trajectories * d->curves <= FEW_CURVES) return TOGETHER;
  if (trajectories <= MOST_PANELS) return BY_TRAJECTORY;
  return d->curves > 1 && d->curves <= MOST_COLUMNS ? BY_COLUMN : TOGETHER;
}

/* ---- Names ---- */

char *axis_name(const picture *d, size_t k) {
  size_t index = d->shown[k].index;
  return d->shown[k].observed ? join("%s", og_model_observed_name(d->p->model, index))
                              : state_name(d->p, index);
}

static size_t count_held_out(const picture *d) {
  size_t count = 0;
  for (size_t m = 0; m < d->p->trajectories; m++) count += (size_t)is_held_out(d, m);
  return count;
}

/* Trajectories that are many in a panel have one name and colour for each column. */
static char *suffix_of(const picture *d, size_t m) {
  size_t trajectories = d->p->trajectories, held = count_held_out(d);
  if (layout_of(d) == BY_TRAJECTORY) return join("%s", "");
  if (trajectories > MOST_PANELS)
    return is_held_out(d, m) ? join(", %zu held out", held) : join(", %zu trajectories", trajectories - held);
  char *id = id_suffix(d->p, m), *whole = join("%s%s", id, is_held_out(d, m) ? ", held out" : "");
  free(id);
  return whole;
}

static char *curve_name(const picture *d, size_t curve, size_t m) {
  char *name = axis_name(d, curve), *suffix = suffix_of(d, m), *whole = join("%s%s", name, suffix);
  free(name), free(suffix);
  return whole;
}

/* All names as long as they fit beside an axis. */
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

const double *axis_column(const picture *d, size_t k) {
  if (!d->p->data) return NULL;
  char *name = axis_name(d, k);
  const double *values = og_table_column(d->p->data, name);
  free(name);
  return values;
}

static og_status draw_curve(picture *d, size_t m, size_t curve) {
  size_t start = d->s.starts[m], count = d->s.starts[m + 1] - start;
  double *y = take(count, sizeof *y);
  for (size_t i = 0; i < count; i++) y[i] = d->values[(start + i) * d->curves + curve];
  char *name = curve_name(d, curve, m);
  og_status status = og_plot_line(d->plot, name, count, d->s.t + start, y);
  free(name);
  free(y);
  return status;
}

static int is_observed(const problem *p, const char *name) {
  for (size_t i = 0; i < og_model_observed(p->model); i++)
    if (strcmp(og_model_observed_name(p->model, i), name) == 0) return 1;
  return 0;
}

/* Points of an observed column, in the colour of the curve of that name. */
static og_status draw_data(picture *d, size_t m, size_t curve) {
  const problem *p = d->p;
  const double *values = axis_column(d, curve);
  char *column = axis_name(d, curve);
  int observed = is_observed(p, column);
  free(column);
  if (!values || !observed) return OG_OK;
  size_t *rows = take(og_table_rows(p->data), sizeof *rows), count = data_rows_of(p, m, rows);
  double *t = take(count, sizeof *t), *y = take(count, sizeof *y);
  for (size_t i = 0; i < count; i++) t[i] = p->data_times[rows[i]], y[i] = values[rows[i]];
  char *name = curve_name(d, curve, m);
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

/* Curves look alike in both directions: their ends are marked. */
static og_status draw_ends(picture *d, size_t count, const double *x, const double *y) {
  if (count == 0) return OG_OK;
  og_status status = og_plot_signs(d->plot, "start", OG_MARKER_DISC, 1, x, y);
  return status == OG_OK ? og_plot_signs(d->plot, "end", OG_MARKER_SQUARE, 1, x + count - 1, y + count - 1)
                         : status;
}

static og_status draw_phase_curve(picture *d, size_t m) {
  size_t start = d->s.starts[m], count = d->s.starts[m + 1] - start;
  double *x = take(2 * count, sizeof *x), *y = x + count;
  for (size_t i = 0; i < count; i++) {
    const double *row = d->values + (start + i) * d->curves;
    x[i] = row[0], y[i] = row[1];
  }
  og_status status = og_plot_line(d->plot, "model", count, x, y);
  if (status == OG_OK) status = draw_ends(d, count, x, y);
  free(x);
  return status;
}

static og_status draw_phase_data(picture *d, size_t m) {
  const double *a = axis_column(d, 0), *b = axis_column(d, 1);
  if (!a || !b) return OG_OK;
  size_t *rows = take(og_table_rows(d->p->data), sizeof *rows), count = data_rows_of(d->p, m, rows);
  double *x = take(2 * count, sizeof *x), *y = x + count;
  for (size_t i = 0; i < count; i++) x[i] = a[rows[i]], y[i] = b[rows[i]];
  og_status status = count > DENSE_POINTS ? og_plot_guide(d->plot, "data", count, x, y)
                                          : og_plot_points(d->plot, "data", count, x, y);
  free(x), free(rows);
  return status;
}

static og_status draw_phases(picture *d) {
  og_status status = OG_OK;
  for (size_t m = 0; m < d->p->trajectories && status == OG_OK; m++) {
    status = draw_phase_data(d, m); /* above its curve */
    if (status == OG_OK) status = draw_phase_curve(d, m);
  }
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
  layout how = layout_of(d);
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
