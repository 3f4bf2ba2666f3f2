/* Solutions at given times, for every trajectory of a problem. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

void fill_grid(double first, double last, size_t count, double *t) {
  for (size_t i = 0; i < count; i++) t[i] = first + (last - first) * (double)i / (double)(count - 1);
  t[count - 1] = last; /* exactly */
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
  *s = (solution){0};
}

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
  og_status status = og_model_initial_state(p->model, t0, theta, x0);
  if (status == OG_OK && p->has_ids) status = og_solve_set_name(solve, m, og_table_group_name(p->data, m));
  if (status == OG_OK) status = og_solve_set_span(solve, m, t0, t1);
  if (status == OG_OK) status = og_solve_set_initial_state(solve, m, x0);
  if (status == OG_OK) status = og_solve_set_observations(solve, m, count, ordered);
  free(ordered);
  free(x0);
  return status;
}

static og_status collect(og_solve *solve, size_t m, int reversed, solution *s) {
  size_t count = s->starts[m + 1] - s->starts[m];
  og_status status = OG_OK;
  for (size_t i = 0; i < count && status == OG_OK; i++)
    status = og_solve_observed(solve, m, reversed ? count - 1 - i : i, s->x + (s->starts[m] + i) * s->n);
  return status;
}

static og_status run_all(const problem *p, og_solve *solve, const double *t0, const double *t1,
                         const double *theta, solution *s) {
  og_status status = og_solve_set_parameters(solve, OG_ALL, theta);
  for (size_t m = 0; m < s->trajectories && status == OG_OK; m++)
    status = prepare(p, solve, m, t0[m], t1[m], theta, s);
  if (status == OG_OK) status = og_solve_run(solve);
  for (size_t m = 0; m < s->trajectories && status == OG_OK; m++) {
    size_t count = s->starts[m + 1] - s->starts[m];
    status = collect(solve, m, is_reversed(s->t + s->starts[m], count, t0[m], t1[m]), s);
  }
  for (int i = 0; i < OG_STAT_COUNT && status == OG_OK; i++) s->stats[i] = og_solve_stat(solve, (og_stat)i);
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
