/* Solutions at given times, for every trajectory of a problem. */
#include "cli.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double grid_time(double first, double last, size_t count, size_t i) {
  return i == count - 1 ? last : first + (last - first) * (double)i / (double)(count - 1);
}

void fill_grid(double first, double last, size_t count, double *t) {
  for (size_t i = 0; i < count; i++) t[i] = grid_time(first, last, count, i);
}

void allot_solution(const problem *p, const size_t *counts, solution *s) {
  *s = (solution){.trajectories = p->trajectories, .n = p->n};
  s->starts = take(p->trajectories + 1, sizeof *s->starts);
  for (size_t m = 0; m < p->trajectories; m++) s->starts[m + 1] = s->starts[m] + counts[m];
  size_t rows = s->starts[p->trajectories];
  s->t = take(rows, sizeof *s->t);
  s->x = take(rows * p->n, sizeof *s->x);
}

void free_solution(solution *s) {
  free(s->starts);
  free(s->t);
  free(s->x);
  for (size_t i = 0; i < s->event_count; i++) free(s->events[i].before), free(s->events[i].after);
  free(s->events);
  *s = (solution){0};
}

/* ---- The times of the data ---- */

/* The solver would name trajectory and observation; the user knows rows. */
static int check_data_times(const problem *p, size_t m, double t0, double t1, const size_t *rows,
                            size_t count) {
  char a[NUMBER_SIZE], b[NUMBER_SIZE], c[NUMBER_SIZE];
  char *of = id_suffix(p, m);
  int bad = 0;
  for (size_t i = 0; i < count && !bad; i++) {
    double t = p->data_times[rows[i]], before = i ? p->data_times[rows[i - 1]] : t0;
    bad = (t - fmin(t0, t1)) < 0 || (t - fmax(t0, t1)) > 0 || (t - before) * (t1 - t0) < 0;
    if (!bad) continue;
    char *place = row_place(p, rows[i]);
    if ((t - fmin(t0, t1)) < 0 || (t - fmax(t0, t1)) > 0)
      complain("%s: data row %zu%s: time %s lies outside the span from %s to %s; widen the model's `time` or "
               "leave the row out",
               place, rows[i] + 1, of, number_text(t, a), number_text(t0, b), number_text(t1, c));
    else
      complain("%s: data row %zu%s: time %s comes after %s; sort the rows (or tell trajectories apart by a "
               "column id)",
               place, rows[i] + 1, of, number_text(t, a), number_text(before, b));
    free(place);
  }
  free(of);
  return bad ? EXIT_USAGE : EXIT_DONE;
}

int allot_data_times(const problem *p, const double *t0, const double *t1, solution *s) {
  size_t *counts = take(p->trajectories, sizeof *counts), *rows = take(og_table_rows(p->data), sizeof *rows);
  for (size_t m = 0; m < p->trajectories; m++) counts[m] = data_rows_of(p, m, NULL);
  allot_solution(p, counts, s);
  int result = EXIT_DONE;
  for (size_t m = 0; m < p->trajectories && !result; m++) {
    data_rows_of(p, m, rows);
    result = check_data_times(p, m, t0[m], t1[m], rows, counts[m]);
    for (size_t i = 0; i < counts[m]; i++) s->t[s->starts[m] + i] = p->data_times[rows[i]];
  }
  free(rows);
  free(counts);
  return result;
}

/* ---- How far ---- */

int goes_to_its_end(const problem *p) {
  return og_options_real(p->options, OG_OPT_STEADY) > 0 || og_options_integer(p->options, OG_OPT_STEPS) > 0;
}

static int end_at_data(const problem *p, const double *t0, double *t1) {
  size_t *rows = take(og_table_rows(p->data), sizeof *rows);
  int shorter = 0;
  for (size_t m = 0; m < p->trajectories; m++) {
    double end = t0[m], span = t1[m] - t0[m];
    for (size_t i = data_rows_of(p, m, rows); i-- > 0;)
      if ((p->data_times[rows[i]] - end) * span > 0) end = p->data_times[rows[i]];
    if ((t1[m] - end) * span > 0) t1[m] = end, shorter = 1;
  }
  free(rows);
  return shorter;
}

int retreat_to_data(const problem *p, og_status failed, const double *t0, double *t1) {
  return p->data && !goes_to_its_end(p) && !ends_all(failed, NULL) && end_at_data(p, t0, t1);
}

/* ---- Solving ---- */

/* --times may run against the direction of integration: the solver is given its own order. */
static void order_times(const double *t, size_t count, int reversed, double *ordered) {
  for (size_t i = 0; i < count; i++) ordered[i] = t[reversed ? count - 1 - i : i];
}

static int is_reversed(const double *t, size_t count, double t0, double t1) {
  return count > 1 && (t[count - 1] - t[0]) * (t1 - t0) < 0;
}

static og_status prepare(const problem *p, og_solve *solve, size_t m, double t0, double t1,
                         const double *theta, const solution *s) {
  double *x0 = take(p->n, sizeof *x0);
  const double *t = s->t + s->starts[m];
  size_t count = s->starts[m + 1] - s->starts[m];
  double *ordered = take(count, sizeof *ordered);
  order_times(t, count, is_reversed(t, count, t0, t1), ordered);
  og_status status = initial_state_at(p, theta, m, t0, x0);
  if (status == OG_OK && p->has_ids) status = og_solve_set_name(solve, m, og_table_group_name(p->data, m));
  if (status == OG_OK) status = og_solve_set_span(solve, m, t0, t1);
  if (status == OG_OK) status = og_solve_set_initial_state(solve, m, x0);
  if (status == OG_OK) status = og_solve_set_observations(solve, m, count, ordered);
  free(ordered);
  free(x0);
  return status;
}

/* ---- Results ---- */

static int is_terminal(const problem *p, const og_occurrence *what) {
  const og_event *event = og_field_event(og_model_field(p->model), what->event);
  return !event || event->terminal; /* the built-in one of a steady solve is none of the field's */
}

static og_status collect_event(const problem *p, og_solve *solve, size_t m, size_t index, occurrence *e) {
  e->trajectory = m;
  e->what.size = sizeof e->what;
  og_status status = og_solve_event(solve, m, index, &e->what);
  if (status != OG_OK) return status;
  e->terminal = is_terminal(p, &e->what);
  e->before = take(p->n, sizeof *e->before), e->after = take(p->n, sizeof *e->after);
  return og_solve_event_states(solve, m, index, e->before, e->after);
}

static og_status collect_events(const problem *p, og_solve *solve, size_t m, solution *s) {
  size_t count;
  og_status status = og_solve_events(solve, m, &count);
  if (status != OG_OK || count == 0) return status;
  occurrence *all = take(s->event_count + count, sizeof *all);
  if (s->event_count) memcpy(all, s->events, s->event_count * sizeof *all);
  free(s->events);
  s->events = all;
  for (size_t i = 0; i < count && status == OG_OK; i++)
    status = collect_event(p, solve, m, i, &s->events[s->event_count++]);
  return status;
}

/* How many of the times, in the solver's order, come before the end: it knows which are at the end's very
 * time. */
static size_t reached(const og_solve *solve, const solution *s, size_t m, size_t count) {
  const occurrence *last = s->event_count ? &s->events[s->event_count - 1] : NULL;
  size_t seen = 0;
  if (!last || last->trajectory != m || !last->terminal) return count;
  double *x = take(s->n, sizeof *x);
  while (seen < count && og_solve_observed(solve, m, seen, x) == OG_OK) seen++;
  free(x);
  return seen;
}

/* Moves the rows that were reached to `to`, behind those of the trajectories before, and fills their states.
 */
static og_status collect(const problem *p, og_solve *solve, size_t m, double t0, double t1, size_t *to,
                         solution *s) {
  size_t start = s->starts[m], count = s->starts[m + 1] - start;
  const double *t = s->t + start;
  int reversed = is_reversed(t, count, t0, t1);
  og_status status = collect_events(p, solve, m, s);
  size_t seen = reached(solve, s, m, count), skip = reversed ? count - seen : 0;
  for (size_t i = 0; i < seen && status == OG_OK; i++) {
    s->t[*to + i] = t[skip + i];
    status = og_solve_observed(solve, m, reversed ? seen - 1 - i : i, s->x + (*to + i) * s->n);
  }
  s->starts[m] = *to;
  *to += seen;
  return status;
}

static og_status run_all(const problem *p, og_solve *solve, const double *t0, const double *t1,
                         const double *theta, solution *s) {
  og_status status = og_solve_set_parameters(solve, OG_ALL, theta);
  for (size_t m = 0; m < s->trajectories && status == OG_OK; m++)
    status = prepare(p, solve, m, t0[m], t1[m], theta, s);
  if (status == OG_OK) status = og_inputs_set(p->inputs, solve);
  if (status == OG_OK) status = og_solve_run(solve);
  size_t to = 0;
  for (size_t m = 0; m < s->trajectories && status == OG_OK; m++)
    status = collect(p, solve, m, t0[m], t1[m], &to, s);
  if (status == OG_OK) s->starts[s->trajectories] = to;
  for (int i = 0; i < (int)og_stat_count() && status == OG_OK; i++)
    s->stats[i] = og_solve_stat(solve, (og_stat)i);
  s->linear_solver = og_solve_linear_solver(solve);
  return status;
}

og_status solve_at(const problem *p, const double *t0, const double *t1, const double *theta, solution *s) {
  double start = seconds_now();
  og_solve *solve;
  og_status status =
      og_solve_create(p->context, og_model_field(p->model), p->options, p->trajectories, &solve);
  if (status == OG_OK) status = run_all(p, solve, t0, t1, theta, s);
  og_solve_destroy(solve);
  s->seconds = seconds_now() - start;
  return status;
}

og_status solve_rows_at(const problem *p, const double *t0, double *t1, const double *theta, solution *s) {
  og_status status = solve_at(p, t0, t1, theta, s);
  return status != OG_OK && retreat_to_data(p, status, t0, t1) ? solve_at(p, t0, t1, theta, s) : status;
}

/* ---- Events ---- */

enum { EVENTS_SHOWN = 20 };

static void remark_event(const problem *p, const occurrence *e) {
  char *of = id_suffix(p, e->trajectory);
  remark(p->quiet, "event %s%s at t = %.10g%s", e->what.name, of, e->what.t,
         e->terminal ? ", the end: later times are left out" : "");
  free(of);
}

void remark_events(const problem *p, const solution *s) {
  for (size_t i = 0; i < s->event_count && i < EVENTS_SHOWN; i++) remark_event(p, &s->events[i]);
  if (s->event_count > EVENTS_SHOWN)
    remark(p->quiet, "and %zu more events; solve --json lists them all", s->event_count - EVENTS_SHOWN);
}
