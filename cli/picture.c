/* Pictures: curves on a dense grid, or phase portraits, with the data as points. */
#include "cli.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A phase portrait may go round many times; so many points of data in it would hide the curve, and are a thin
 * line. */
enum { CURVE_POINTS = 401, PHASE_POINTS = 2001, DENSE_POINTS = 200 };

/* What is drawn in one picture. */
typedef struct picture {
  const problem *p;
  const double *theta;
  int observed; /* locations of the observed columns in place of the states */
  int phase;    /* one of two curves against the other: those of `axes` */
  phase_axis axes[2];
  size_t curves; /* of each trajectory */
  solution s;
  double *values; /* [rows][curves] */
  og_plot *plot;
} picture;

static void add_row(solution *s, size_t *to, double t, const double *x) {
  s->t[*to] = t;
  memcpy(s->x + (*to)++ * s->n, x, s->n * sizeof *x);
}

/* Events are jumps and corners of the curves: the states on both sides join those of the grid. */
static void add_events(const picture *d, const double *t0, const double *t1, solution *s) {
  const occurrence *e = d->s.events, *last = e + d->s.event_count;
  size_t *counts = take(d->s.trajectories, sizeof *counts), to = 0;
  for (size_t m = 0; m < d->s.trajectories; m++) counts[m] = d->s.starts[m + 1] - d->s.starts[m];
  for (size_t i = 0; i < d->s.event_count; i++) counts[e[i].trajectory] += 2;
  allot_solution(d->p, counts, s);
  free(counts);
  for (size_t m = 0; m < d->s.trajectories; m++)
    for (size_t i = d->s.starts[m]; i <= d->s.starts[m + 1]; i++) {
      int past = i == d->s.starts[m + 1];
      for (; e < last && e->trajectory == m; e++) {
        if (!past && (d->s.t[i] - e->what.t) * (t1[m] - t0[m]) <= 0) break;
        add_row(s, &to, e->what.t, e->before), add_row(s, &to, e->what.t, e->after);
      }
      if (!past) add_row(s, &to, d->s.t[i], d->s.x + i * d->s.n);
    }
}

static og_status solve_curves(picture *d, const double *t0, const double *t1) {
  show_warnings(d->p, 0); /* what was computed before gave them */
  og_status status = solve_at(d->p, t0, t1, d->theta, &d->s);
  show_warnings(d->p, 1);
  if (status != OG_OK || d->s.event_count == 0) return status;
  solution with_events;
  add_events(d, t0, t1, &with_events);
  free_solution(&d->s);
  d->s = with_events;
  return OG_OK;
}

/* The two values of a phase portrait. */
static og_status evaluate_phase(const picture *d, size_t m, double t, const double *x, double *row) {
  double *locations = take(og_model_observed(d->p->model), sizeof *locations);
  og_status status = OG_OK;
  if (d->axes[0].observed || d->axes[1].observed) status = predict_at(d->p, d->theta, m, t, x, locations);
  for (int i = 0; i < 2; i++) row[i] = (d->axes[i].observed ? locations : x)[d->axes[i].index];
  free(locations);
  return status;
}

static og_status evaluate_curves(picture *d) {
  d->values = take(d->s.starts[d->s.trajectories] * d->curves, sizeof *d->values);
  og_status status = OG_OK;
  for (size_t m = 0; m < d->s.trajectories; m++)
    for (size_t i = d->s.starts[m]; i < d->s.starts[m + 1] && status == OG_OK; i++) {
      const double *x = d->s.x + i * d->s.n;
      double *row = d->values + i * d->curves;
      if (d->phase)
        status = evaluate_phase(d, m, d->s.t[i], x, row);
      else if (d->observed)
        status = predict_at(d->p, d->theta, m, d->s.t[i], x, row);
      else
        memcpy(row, x, d->curves * sizeof *row);
    }
  return status;
}

static char *axis_name(const picture *d, size_t k) {
  size_t index = d->axes[k].index;
  return d->axes[k].observed ? join("%s", og_model_observed_name(d->p->model, index))
                             : state_name(d->p, index);
}

static char *curve_name(const picture *d, size_t curve, size_t m) {
  char *name = d->observed ? join("%s", og_model_observed_name(d->p->model, curve)) : state_name(d->p, curve);
  char *suffix = id_suffix(d->p, m);
  char *whole = join("%s%s", name, suffix);
  free(name);
  free(suffix);
  return whole;
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

/* Points of the observed columns, in the colour of the curve of that name. */
static og_status draw_data(picture *d, size_t m, size_t column) {
  const problem *p = d->p;
  const char *name = og_model_observed_name(p->model, column);
  const double *values = og_table_column(p->data, name);
  if (!values) return OG_OK;
  size_t *rows = take(og_table_rows(p->data), sizeof *rows), count = data_rows_of(p, m, rows);
  double *t = take(count, sizeof *t), *y = take(count, sizeof *y);
  for (size_t i = 0; i < count; i++) t[i] = p->data_times[rows[i]], y[i] = values[rows[i]];
  char *suffix = id_suffix(p, m), *whole = join("%s%s", name, suffix);
  og_status status = og_plot_points(d->plot, whole, count, t, y);
  free(whole), free(suffix), free(y), free(t), free(rows);
  return status;
}

static og_status draw_phase_curve(picture *d, size_t m) {
  size_t start = d->s.starts[m], count = d->s.starts[m + 1] - start;
  double *x = take(2 * count, sizeof *x), *y = x + count;
  for (size_t i = 0; i < count; i++) {
    const double *row = d->values + (start + i) * d->curves;
    x[i] = row[0], y[i] = row[1];
  }
  og_status status = og_plot_line(d->plot, "model", count, x, y);
  free(x);
  return status;
}

/* The column of the data that an axis shows, or NULL. */
static const double *axis_column(const picture *d, size_t k) {
  if (!d->p->data) return NULL;
  char *name = axis_name(d, k);
  const double *values = og_table_column(d->p->data, name);
  free(name);
  return values;
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

static og_status draw_trajectory(picture *d, size_t m) {
  if (d->phase) {
    og_status status = draw_phase_data(d, m);
    return status == OG_OK ? draw_phase_curve(d, m) : status; /* above its data */
  }
  og_status status = OG_OK;
  for (size_t i = 0; i < d->curves && status == OG_OK; i++) status = draw_curve(d, m, i);
  for (size_t i = 0; i < og_model_observed(d->p->model) && status == OG_OK && d->p->data; i++)
    status = draw_data(d, m, i);
  return status;
}

static og_status draw_all(picture *d) {
  og_status status = OG_OK;
  for (size_t m = 0; m < d->p->trajectories && status == OG_OK; m++) status = draw_trajectory(d, m);
  return status;
}

/* The one column or state there is, else none: the legend names them. */
static char *y_label(const picture *d) {
  if (d->phase) return axis_name(d, 1);
  if (d->curves != 1) return join("%s", "");
  return d->observed ? join("%s", og_model_observed_name(d->p->model, 0)) : state_name(d->p, 0);
}

static og_status draw_and_write(picture *d, const char *path) {
  const char *slash = strrchr(d->p->arguments->model_name, '/');
  const char *title = slash ? slash + 1 : d->p->arguments->model_name;
  char *x = d->phase ? axis_name(d, 0) : join("t"), *y = y_label(d);
  og_status status = og_plot_create(d->p->context, title, x, y, &d->plot);
  free(x), free(y);
  if (status == OG_OK) status = draw_all(d);
  if (status == OG_OK) status = og_plot_write(d->plot, path);
  og_plot_destroy(d->plot);
  return status;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static int descending(const void *a, const void *b) { return ascending(b, a); }

/* Inputs have their corners and jumps at the rows of the data: those inside the span, and just before each,
 * where what reads a held input has its old value. */
static size_t fill_breaks(const problem *p, size_t m, double t0, double t1, double *t) {
  if (!p->data || og_model_inputs(p->model) == 0) return 0;
  size_t *rows = take(og_table_rows(p->data), sizeof *rows), count = data_rows_of(p, m, rows), used = 0;
  for (size_t i = 0; i < count; i++) {
    double at = p->data_times[rows[i]];
    if ((at - t0) * (t1 - at) <= 0) continue;
    t[used++] = nextafter(at, -INFINITY);
    t[used++] = at;
  }
  free(rows);
  return used;
}

static void fill_times(picture *d, const double *t0, const double *t1) {
  const problem *p = d->p;
  size_t least = d->phase ? PHASE_POINTS : CURVE_POINTS;
  size_t count = p->arguments->time_count > least ? p->arguments->time_count : least;
  size_t *counts = take(p->trajectories, sizeof *counts);
  double *breaks = take(2 * (p->data ? og_table_rows(p->data) : 0) + 1, sizeof *breaks);
  for (size_t m = 0; m < p->trajectories; m++) counts[m] = count + fill_breaks(p, m, t0[m], t1[m], breaks);
  allot_solution(p, counts, &d->s);
  for (size_t m = 0; m < p->trajectories; m++) {
    double *t = d->s.t + d->s.starts[m];
    fill_grid(t0[m], t1[m], count, t);
    if (fill_breaks(p, m, t0[m], t1[m], t + count) > 0)
      qsort(t, counts[m], sizeof *t, t1[m] < t0[m] ? descending : ascending);
  }
  free(breaks), free(counts);
}

og_status draw_picture(const problem *p, const double *theta, const double *t0, const double *t1,
                       int observed, const char *path) {
  size_t columns = og_model_observed(p->model);
  picture d = {.p = p, .theta = theta, .observed = observed && columns > 0};
  d.phase = p->arguments->values[FLAG_PHASE] && find_phase(p, d.axes) == EXIT_DONE;
  d.curves = d.phase ? 2 : d.observed ? columns : p->n;
  fill_times(&d, t0, t1);
  og_status status = solve_curves(&d, t0, t1);
  if (status == OG_OK) status = evaluate_curves(&d);
  if (status == OG_OK) status = draw_and_write(&d, path);
  free_solution(&d.s);
  free(d.values);
  return status;
}

int draw_objective(const problem *p, const double *theta, int result) {
  if (!p->plot || result) return result;
  double *t0 = take(p->trajectories, sizeof *t0), *t1 = take(p->trajectories, sizeof *t1);
  result = find_spans(p, t0, t1);
  if (!result) {
    og_status status = draw_picture(p, theta, t0, t1, 1, p->plot);
    if (status != OG_OK) result = fail(p->context, status);
  }
  free(t0), free(t1);
  return result;
}
