/* odegrad solve: the solution at the times of --times, of the data, or of the model's span. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

enum { DEFAULT_TIMES = 101 };

/* The states and, of the observed columns, the locations whose names differ from the states'. */
typedef struct report {
  problem *p;
  solution s;
  columns c;        /* the states, then those columns */
  size_t *observed; /* [c.count - n]: which they are */
} report;

static int choose_times(const problem *p, const double *t0, const double *t1, solution *s) {
  const arguments *a = p->arguments;
  if (p->data && !a->time_count) return allot_data_times(p, t0, t1, s);
  size_t *counts = take(p->trajectories, sizeof *counts);
  size_t grid = a->time_count ? a->time_count : DEFAULT_TIMES;
  for (size_t m = 0; m < p->trajectories; m++) counts[m] = grid;
  allot_solution(p, counts, s);
  for (size_t m = 0; m < p->trajectories; m++)
    fill_grid(a->time_count ? a->first_time : t0[m], a->time_count ? a->last_time : t1[m], grid,
              s->t + s->starts[m]);
  free(counts);
  return EXIT_DONE;
}

static int is_state(const problem *p, const char *name) {
  int found = 0;
  for (size_t i = 0; i < p->n && !found; i++) {
    char *state = state_name(p, i);
    found = strcmp(state, name) == 0;
    free(state);
  }
  return found;
}

static void name_columns(report *r) {
  const problem *p = r->p;
  size_t observed = og_model_observed(p->model), count = 0;
  r->observed = take(observed, sizeof *r->observed);
  for (size_t i = 0; i < observed; i++)
    if (!is_state(p, og_model_observed_name(p->model, i))) r->observed[count++] = i;
  r->c = new_columns(p, &r->s, p->n + count);
  for (size_t i = 0; i < p->n; i++) r->c.names[i] = state_name(p, i);
  for (size_t i = 0; i < count; i++)
    r->c.names[p->n + i] = join("%s", og_model_observed_name(p->model, r->observed[i]));
}

static og_status fill_row(report *r, size_t m, size_t row, double *locations) {
  const problem *p = r->p;
  const double *x = r->s.x + row * p->n;
  double *values = r->c.values + row * r->c.count;
  memcpy(values, x, p->n * sizeof *x);
  if (r->c.count == p->n) return OG_OK;
  og_status status = predict_at(p, p->theta, m, r->s.t[row], x, locations);
  for (size_t i = p->n; i < r->c.count; i++) values[i] = locations[r->observed[i - p->n]];
  return status;
}

static og_status fill_columns(report *r) {
  double *locations = take(og_model_observed(r->p->model), sizeof *locations);
  og_status status = OG_OK;
  name_columns(r);
  for (size_t m = 0; m < r->p->trajectories; m++)
    for (size_t row = r->s.starts[m]; row < r->s.starts[m + 1] && status == OG_OK; row++)
      status = fill_row(r, m, row, locations);
  free(locations);
  return status;
}

/* ---- JSON ---- */

/* One number for each time; for a vector state one array for each time. */
static cJSON *state_series(const report *r, const og_state_info *info, size_t m) {
  size_t start = r->s.starts[m], count = r->s.starts[m + 1] - start;
  cJSON *series = cJSON_CreateArray();
  for (size_t i = 0; i < count; i++)
    cJSON_AddItemToArray(series, json_array(r->s.x + (start + i) * r->p->n + info->offset, info->rows, 1));
  return series;
}

static cJSON *states_at(const problem *p, const double *x) {
  cJSON *object = cJSON_CreateObject();
  og_state_info info;
  for (size_t i = 0; i < og_model_states(p->model) && og_model_state(p->model, i, &info) == OG_OK; i++)
    cJSON_AddItemToObject(object, info.name, json_array(x + info.offset, info.rows, 1));
  return object;
}

/* Where, and the states just before and after. */
static cJSON *events_json(const report *r, size_t m) {
  cJSON *all = cJSON_CreateArray();
  for (size_t i = 0; i < r->s.event_count; i++) {
    const occurrence *e = &r->s.events[i];
    if (e->trajectory != m) continue;
    cJSON *one = cJSON_CreateObject();
    cJSON_AddStringToObject(one, "name", e->what.name);
    cJSON_AddItemToObject(one, "t", json_number(e->what.t));
    cJSON_AddItemToObject(one, "before", states_at(r->p, e->before));
    cJSON_AddItemToObject(one, "after", states_at(r->p, e->after));
    cJSON_AddItemToArray(all, one);
  }
  return all;
}

static void add_trajectory(const void *what, size_t m, cJSON *object) {
  const report *r = what;
  const problem *p = r->p;
  cJSON *states = cJSON_AddObjectToObject(object, "states");
  og_state_info info;
  for (size_t i = 0; i < og_model_states(p->model) && og_model_state(p->model, i, &info) == OG_OK; i++)
    cJSON_AddItemToObject(states, info.name, state_series(r, &info, m));
  if (r->c.count > p->n)
    cJSON_AddItemToObject(object, "observed", columns_json(&r->c, p->n, r->c.count - p->n, m));
  if (og_field_events(og_model_field(p->model)) || r->s.event_count)
    cJSON_AddItemToObject(object, "events", events_json(r, m));
}

static cJSON *solution_json(const report *r) {
  cJSON *object = trajectories_json(r->p, &r->s, add_trajectory, r);
  cJSON_AddItemToObject(object, "stats", json_stats(r->s.stats, r->s.seconds));
  return object;
}

/* ---- The verb ---- */

static int show(const report *r) {
  int status = EXIT_DONE;
  if (r->p->out) status = write_columns(&r->c, r->p->out);
  if (r->p->json)
    print_json(solution_json(r));
  else if (!r->p->out)
    print_columns(&r->c);
  return status;
}

int run_solve(problem *p) {
  report r = {.p = p};
  double *t0 = take(p->trajectories, sizeof *t0), *t1 = take(p->trajectories, sizeof *t1);
  int result = find_spans(p, t0, t1);
  if (!result) result = choose_times(p, t0, t1, &r.s);
  if (!result) {
    og_status status = solve_at(p, t0, t1, p->theta, &r.s);
    if (status == OG_OK) status = fill_columns(&r);
    if (status == OG_OK) remark_events(p, &r.s);
    result = status == OG_OK ? show(&r) : fail(p->context, status);
    if (!result && p->plot) {
      status = draw_solution(p, t0, t1);
      if (status != OG_OK) result = fail(p->context, status);
    }
  }
  free_columns(&r.c);
  free_solution(&r.s);
  free(r.observed), free(t0), free(t1);
  return result;
}
