/* Pictures: curves on a dense grid, or phase portraits, with the data as points. */
#include "picture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A phase portrait may go round many times. */
enum { CURVE_POINTS = 401, PHASE_POINTS = 2001 };

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

static int shows_observed(const picture *d) {
  int observed = 0;
  for (size_t i = 0; i < d->curves; i++) observed |= d->shown[i].observed;
  return observed;
}

static og_status evaluate_curves(picture *d) {
  double *locations = take(og_model_observed(d->p->model), sizeof *locations);
  int observed = shows_observed(d);
  d->values = take(d->s.starts[d->s.trajectories] * d->curves, sizeof *d->values);
  og_status status = OG_OK;
  for (size_t m = 0; m < d->s.trajectories; m++)
    for (size_t i = d->s.starts[m]; i < d->s.starts[m + 1] && status == OG_OK; i++) {
      const double *x = d->s.x + i * d->s.n;
      if (observed) status = predict_at(d->p, d->theta, m, d->s.t[i], x, locations);
      for (size_t k = 0; k < d->curves; k++)
        d->values[i * d->curves + k] = (d->shown[k].observed ? locations : x)[d->shown[k].index];
    }
  free(locations);
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

/* ---- What is shown ---- */

static void show_states(picture *d) {
  for (size_t i = 0; i < d->p->n; i++) d->shown[d->curves++] = (phase_axis){0, i};
}

static int is_shown(const picture *d, const char *name) {
  int found = 0;
  for (size_t i = 0; i < d->curves && !found; i++) {
    char *other = axis_name(d, i);
    found = strcmp(name, other) == 0;
    free(other);
  }
  return found;
}

/* A most likely class is no curve. With `beside`: those that the data have and no state is called like. */
static void show_observed(picture *d, int beside) {
  const og_model *model = d->p->model;
  for (size_t i = 0; i < og_model_observed(model); i++) {
    const char *name = og_model_observed_name(model, i);
    if (og_model_observed_classes(model, i)) continue;
    if (beside && (!d->p->data || !og_table_column(d->p->data, name) || is_shown(d, name))) continue;
    d->shown[d->curves++] = (phase_axis){1, i};
  }
}

/* Columns of classes have curves of an only trajectory. */
static int needs_curves(const picture *d) { return d->curves > 0 || d->p->trajectories == 1; }

static og_status draw_picture(picture *d, const double *t0, const double *t1) {
  og_status status = OG_OK;
  if (needs_curves(d)) {
    fill_times(d, t0, t1);
    status = solve_curves(d, t0, t1);
    if (status == OG_OK) status = evaluate_curves(d);
  }
  if (status == OG_OK) status = draw_and_write(d, d->p->plot);
  free_solution(&d->s);
  free(d->values);
  free(d->shown);
  return status;
}

static picture new_picture(const problem *p, const double *theta) {
  picture d = {.p = p, .theta = theta};
  d.shown = take(p->n + og_model_observed(p->model) + 2, sizeof *d.shown);
  d.phase = p->arguments->values[FLAG_PHASE] && find_phase(p, d.shown) == EXIT_DONE;
  d.curves = d.phase ? 2 : 0;
  return d;
}

og_status draw_solution(const problem *p, const double *t0, const double *t1) {
  picture d = new_picture(p, p->theta);
  if (!d.phase) show_states(&d), show_observed(&d, 1);
  return draw_picture(&d, t0, t1);
}

int draw_objective(const problem *p, const double *theta, const held_out *held, int result) {
  if (!p->plot || result) return result;
  double *t0 = take(p->trajectories, sizeof *t0), *t1 = take(p->trajectories, sizeof *t1);
  result = find_spans(p, t0, t1);
  if (!result) {
    picture d = new_picture(p, theta);
    d.held = held;
    d.classes = !d.phase;
    if (!d.phase) show_observed(&d, 0);
    if (!d.phase && og_model_observed(p->model) == 0) show_states(&d);
    og_status status = draw_picture(&d, t0, t1);
    if (status != OG_OK) result = fail(p->context, status);
  }
  free(t0), free(t1);
  return result;
}
