/* The solution along the curves of a picture. Its points are dense where the solver's steps are: a curve of
 * equidistant points would show what is not there where the solution is faster than they. */
#include "picture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Equidistant points of a curve, which every picture has: a phase portrait may go round many times. Of each
 * step so many parts, as long as the numbers in all are no more than CELLS, of a curve of states, time and
 * what is shown. */
enum { CURVE_POINTS = 401, PHASE_POINTS = 2001, PARTS = 8, CELLS = 1 << 20 };

/* ---- Times ---- */

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static int descending(const void *a, const void *b) { return ascending(b, a); }

/* The steps of a trajectory, [count + 1] times. */
typedef struct steps {
  size_t count;
  double *times;
} steps;

static size_t grid_points(const picture *d) {
  size_t least = d->phase ? PHASE_POINTS : CURVE_POINTS, wanted = d->p->arguments->time_count;
  return wanted > least ? wanted : least;
}

/* Points that the steps of one trajectory may have. */
static size_t most_points(const picture *d) {
  size_t cells = 1 + d->p->n + d->curves;
  return CELLS / cells / d->p->trajectories + grid_points(d);
}

/* Points of each step, or (`every` > 1) steps of each point. */
static void share_points(const picture *d, const steps *s, size_t *parts, size_t *every) {
  size_t most = most_points(d);
  *parts = PARTS, *every = 1;
  while (*parts > 1 && s->count > most / *parts) (*parts)--;
  if (s->count > most) *every = s->count / most + 1;
}

/* The ends of steps and times within them; with `t` NULL they are only counted. */
static size_t fill_steps(const picture *d, const steps *s, double *t) {
  size_t parts, every, used = 0;
  share_points(d, s, &parts, &every);
  for (size_t k = 0; k < s->count; k += every)
    for (size_t i = 0; i < parts; i++, used++) {
      double share = (double)i / (double)parts;
      if (t) t[used] = s->times[k] + share * (s->times[k + 1] - s->times[k]);
    }
  return used;
}

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

static void fill_times(picture *d, const steps *s, const double *t0, const double *t1) {
  const problem *p = d->p;
  size_t grid = grid_points(d), *counts = take(p->trajectories, sizeof *counts);
  double *breaks = take(2 * (p->data ? og_table_rows(p->data) : 0) + 1, sizeof *breaks);
  for (size_t m = 0; m < p->trajectories; m++)
    counts[m] = grid + fill_steps(d, &s[m], NULL) + fill_breaks(p, m, t0[m], t1[m], breaks);
  allot_solution(p, counts, &d->s);
  for (size_t m = 0; m < p->trajectories; m++) {
    double *t = d->s.t + d->s.starts[m];
    fill_grid(t0[m], t1[m], grid, t);
    size_t used = grid + fill_steps(d, &s[m], t + grid);
    fill_breaks(p, m, t0[m], t1[m], t + used);
    qsort(t, counts[m], sizeof *t, t1[m] < t0[m] ? descending : ascending);
  }
  free(breaks), free(counts);
}

/* ---- Steps ---- */

static og_status read_steps(og_solve *solve, size_t m, steps *s) {
  og_status status = og_solve_steps(solve, m, &s->count, NULL);
  if (status != OG_OK) return status;
  s->times = take(s->count + 1, sizeof *s->times);
  return og_solve_steps(solve, m, &s->count, s->times);
}

static og_status run_steps(const picture *d, og_solve *solve, const double *t0, const double *t1, steps *s) {
  const problem *p = d->p;
  double *x0 = take(p->n, sizeof *x0);
  og_status status = og_solve_set_parameters(solve, OG_ALL, d->theta);
  for (size_t m = 0; m < p->trajectories && status == OG_OK; m++) {
    status = initial_state_at(p, d->theta, m, t0[m], x0);
    if (status == OG_OK) status = og_solve_set_span(solve, m, t0[m], t1[m]);
    if (status == OG_OK) status = og_solve_set_initial_state(solve, m, x0);
  }
  free(x0);
  if (status == OG_OK) status = og_inputs_set(p->inputs, solve);
  if (status == OG_OK) status = og_solve_run(solve);
  for (size_t m = 0; m < p->trajectories && status == OG_OK; m++) status = read_steps(solve, m, &s[m]);
  return status;
}

/* The discrete adjoint's solves keep their steps, whatever adjoint is asked for. Where there is no memory for
 * them the points are the equidistant ones. */
static og_status find_steps(const picture *d, const double *t0, const double *t1, steps *s) {
  og_options *options = NULL;
  og_solve *solve = NULL;
  og_status status = make_options(d->p, &options);
  if (status == OG_OK) status = og_options_set_text(options, "adjoint", "discrete");
  if (status == OG_OK)
    status = og_solve_create(d->p->context, og_model_field(d->p->model), options, d->p->trajectories, &solve);
  if (status == OG_OK) status = run_steps(d, solve, t0, t1, s);
  og_solve_destroy(solve);
  og_options_destroy(options);
  return status == OG_ERR_BUDGET ? OG_OK : status;
}

/* ---- Events ---- */

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

/* ---- The solution ---- */

static og_status solve_to(picture *d, const double *t0, const double *t1) {
  steps *s = take(d->p->trajectories, sizeof *s);
  og_status status = find_steps(d, t0, t1, s);
  if (status == OG_OK) {
    fill_times(d, s, t0, t1);
    status = solve_at(d->p, t0, t1, d->theta, &d->s);
  }
  for (size_t m = 0; m < d->p->trajectories; m++) free(s[m].times);
  free(s);
  if (status != OG_OK || d->s.event_count == 0) return status;
  solution with_events;
  add_events(d, t0, t1, &with_events);
  free_solution(&d->s);
  d->s = with_events;
  return OG_OK;
}

/* What lies beyond the data is no failure of a picture: it goes as far as they do. */
static og_status solve_as_far_as_data(picture *d, const double *t0, double *t1, og_status failed) {
  const problem *p = d->p;
  const char *message = og_context_message(p->context);
  char *why = join("%.*s", (int)strcspn(message, ":"), message); /* the rest are numbers and advice */
  int shorter = retreat_to_data(p, failed, t0, t1);
  og_status status = shorter ? solve_to(d, t0, t1) : failed;
  if (shorter && status == OG_OK)
    remark(p->quiet, "note: the curves of the picture end at the last row of the data: beyond it %s", why);
  free(why);
  return status;
}

og_status solve_curves(picture *d, const double *t0, double *t1) {
  show_warnings(d->p, 0); /* what was computed before gave them */
  og_status status = solve_to(d, t0, t1);
  if (status != OG_OK) {
    free_solution(&d->s);
    status = solve_as_far_as_data(d, t0, t1, status);
  }
  show_warnings(d->p, 1);
  return status;
}
