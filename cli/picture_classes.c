/* Columns of classes: how often each class of the data was taken for which, and how probable it was held to
 * be. */
#include "picture.h"

#include <math.h>
#include <stdlib.h>

/* One column of classes at every row of the data. */
typedef struct judged {
  size_t column, classes, rows, labelled;
  double *label;         /* [rows]: the class in the data, or NaN */
  double *t;             /* [rows] */
  double *probabilities; /* [rows][classes] */
} judged;

static int has_panels(const picture *d, size_t column) {
  const problem *p = d->p;
  if (d->classes == NO_CLASSES || !p->data || og_model_observed_classes(p->model, column) == 0) return 0;
  return d->classes == ALL_CLASSES ||
         og_table_column(p->data, og_model_observed_name(p->model, column)) != NULL;
}

size_t class_panels(const picture *d) {
  size_t count = 0;
  for (size_t i = 0; i < og_model_observed(d->p->model); i++) count += has_panels(d, i) ? 2 : 0;
  return count;
}

static size_t most_likely(const judged *j, size_t row) {
  const double *p = j->probabilities + row * j->classes;
  size_t best = 0;
  for (size_t k = 1; k < j->classes; k++)
    if (p[k] > p[best]) best = k;
  return best;
}

static int has_class(const judged *j, size_t row) {
  return j->label[row] >= 1 && j->label[row] <= (double)j->classes;
}

/* The solution has no rows behind the end of a trajectory: its last ones are missing. */
static og_status judge_rows(const picture *d, const solution *s, judged *j) {
  const problem *p = d->p;
  const double *labels = og_table_column(p->data, og_model_observed_name(p->model, j->column));
  size_t *rows = take(og_table_rows(p->data), sizeof *rows);
  og_status status = OG_OK;
  for (size_t m = 0; m < p->trajectories; m++) {
    data_rows_of(p, m, rows);
    for (size_t i = s->starts[m]; i < s->starts[m + 1] && status == OG_OK; i++) {
      j->t[i] = s->t[i];
      j->label[i] = labels ? labels[rows[i - s->starts[m]]] : NAN;
      j->labelled += (size_t)has_class(j, i);
      status = probabilities_at(p, d->theta, m, s->t[i], s->x + i * s->n, j->column,
                                j->probabilities + i * j->classes);
    }
  }
  free(rows);
  return status;
}

/* ---- Panels ---- */

static og_status draw_confusion(const picture *d, const judged *j) {
  double *counts = take(j->classes * j->classes, sizeof *counts);
  for (size_t i = 0; i < j->rows; i++)
    if (has_class(j, i)) counts[((size_t)j->label[i] - 1) * j->classes + most_likely(j, i)]++;
  char *title = join("%s, number of rows", og_model_observed_name(d->p->model, j->column));
  og_status status = og_plot_panel(d->plot, title, "most likely class", "class in the data");
  if (status == OG_OK) status = og_plot_cells(d->plot, j->classes, j->classes, counts);
  free(title), free(counts);
  return status;
}

/* Rows of a class side by side, spread by the golden ratio, which never comes near to a place it had. */
static double spread(size_t i) {
  double turns = (double)i * 0.6180339887498949;
  return 0.7 * (turns - floor(turns) - 0.5);
}

/* Where the data have no classes, the most likely ones are shown. */
static og_status draw_rows(const picture *d, const judged *j) {
  double *x = take(j->rows, sizeof *x), *y = take(j->rows, sizeof *y);
  size_t count = 0;
  for (size_t i = 0; i < j->rows; i++) {
    if (j->labelled && !has_class(j, i)) continue;
    size_t shown = j->labelled ? (size_t)j->label[i] - 1 : most_likely(j, i);
    x[count] = (double)(shown + 1) + spread(i);
    y[count++] = j->probabilities[i * j->classes + shown];
  }
  char *title = join("%s, probability", og_model_observed_name(d->p->model, j->column)),
       *name = join("a row of %s", og_model_observed_name(d->p->model, j->column));
  og_status status = og_plot_panel(d->plot, title, j->labelled ? "class in the data" : "most likely class",
                                   "probability of that class");
  if (status == OG_OK) status = og_plot_classes(d->plot, j->classes);
  if (status == OG_OK) status = og_plot_points(d->plot, name, count, x, y);
  const double ends[] = {0.5, (double)j->classes + 0.5}, even = 1 / (double)j->classes;
  if (status == OG_OK) status = og_plot_guide(d->plot, "by chance", 2, ends, (double[]){even, even});
  free(title), free(name), free(x), free(y);
  return status;
}

static og_status draw_class_curve(const picture *d, const judged *j, size_t class, const double *curve) {
  size_t count = d->s.starts[1], points = 0;
  double *x = take(j->rows, sizeof *x), *y = take(j->rows, sizeof *y);
  for (size_t i = 0; i < j->rows; i++)
    if (j->label[i] == (double)(class + 1)) {
      x[points] = j->t[i];
      y[points++] = j->probabilities[i * j->classes + class];
    }
  double *line = take(count, sizeof *line);
  for (size_t i = 0; i < count; i++) line[i] = curve[i * j->classes + class];
  char *name = join("p(%s=%zu)", og_model_observed_name(d->p->model, j->column), class + 1);
  og_status status = og_plot_line(d->plot, name, count, d->s.t, line);
  if (status == OG_OK) status = og_plot_points(d->plot, name, points, x, y);
  free(name), free(line), free(x), free(y);
  return status;
}

/* An only trajectory: the probability of every class against time, with a point for each row on that of its
 * class. */
static og_status draw_class_curves(const picture *d, const judged *j) {
  size_t count = d->s.starts[1];
  double *curve = take(count * j->classes, sizeof *curve);
  og_status status = OG_OK;
  for (size_t i = 0; i < count && status == OG_OK; i++)
    status = probabilities_at(d->p, d->theta, 0, d->s.t[i], d->s.x + i * d->s.n, j->column,
                              curve + i * j->classes);
  char *title = join("%s, probability", og_model_observed_name(d->p->model, j->column));
  if (status == OG_OK) status = og_plot_panel(d->plot, title, NULL, "probability");
  for (size_t k = 0; k < j->classes && status == OG_OK; k++) status = draw_class_curve(d, j, k, curve);
  if (status == OG_OK) status = shade_panel(d, 0, 1);
  free(title), free(curve);
  return status;
}

static og_status draw_column(const picture *d, const solution *s, size_t column) {
  size_t rows = s->starts[s->trajectories], classes = og_model_observed_classes(d->p->model, column);
  judged j = {.column = column, .classes = classes, .rows = rows};
  j.label = take(rows, sizeof *j.label), j.t = take(rows, sizeof *j.t);
  j.probabilities = take(rows * classes, sizeof *j.probabilities);
  og_status status = judge_rows(d, s, &j);
  if (status == OG_OK && j.labelled) status = draw_confusion(d, &j);
  if (status == OG_OK) status = d->p->trajectories == 1 ? draw_class_curves(d, &j) : draw_rows(d, &j);
  free(j.label), free(j.t), free(j.probabilities);
  return status;
}

/* The data's times, in the order of the curves. */
static og_status solve_rows(const picture *d, solution *s) {
  const problem *p = d->p;
  double *t0 = take(p->trajectories, sizeof *t0), *t1 = take(p->trajectories, sizeof *t1);
  og_status status = OG_ERR_DATA; /* the messages of these two have been printed before the picture */
  if (!find_spans(p, t0, t1) && !allot_data_times(p, t0, t1, s)) {
    show_warnings(p, 0);
    status = solve_rows_at(p, t0, t1, d->theta, s);
    show_warnings(p, 1);
  }
  free(t0), free(t1);
  return status;
}

og_status draw_classes(picture *d) {
  if (class_panels(d) == 0) return OG_OK;
  solution s = {0};
  og_status status = solve_rows(d, &s);
  for (size_t i = 0; i < og_model_observed(d->p->model) && status == OG_OK; i++)
    if (has_panels(d, i)) status = draw_column(d, &s, i);
  free_solution(&s);
  return status;
}
