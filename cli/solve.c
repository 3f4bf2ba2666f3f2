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

/* The one of `end` and `t` that is farther away in the direction of the span. */
static double farther(double end, double t, double span) { return (t - end) * span > 0 ? t : end; }

static void end_at_last_row(const problem *p, const solution *s, const double *t0, double *t1) {
  for (size_t m = 0; m < p->trajectories && !goes_to_its_end(p); m++) {
    double end = t0[m], span = t1[m] - t0[m];
    for (size_t i = s->starts[m]; i < s->starts[m + 1]; i++) end = farther(end, s->t[i], span);
    t1[m] = end;
  }
}

/* The same, where rows are those of --times. */
static void end_at_last_time(const problem *p, const double *t0, double *t1) {
  for (size_t m = 0; m < p->trajectories && !goes_to_its_end(p); m++) {
    double span = t1[m] - t0[m];
    t1[m] = farther(farther(t0[m], p->arguments->first_time, span), p->arguments->last_time, span);
  }
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
  og_state_info info = {OG_INIT(og_state_info)};
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
  og_state_info info = {OG_INIT(og_state_info)};
  for (size_t i = 0; i < og_model_states(p->model) && og_model_state(p->model, i, &info) == OG_OK; i++)
    cJSON_AddItemToObject(states, info.name, state_series(r, &info, m));
  if (r->c.count > p->n)
    cJSON_AddItemToObject(object, "observed", columns_json(&r->c, p->n, r->c.count - p->n, m));
  if (og_field_events(og_model_field(p->model)) || r->s.event_count)
    cJSON_AddItemToObject(object, "events", events_json(r, m));
}

static cJSON *solution_json(const report *r) {
  cJSON *object = trajectories_json(r->p, &r->s, add_trajectory, r);
  cJSON_AddItemToObject(object, "stats", json_stats(r->s.stats, r->s.linear_solver, r->s.seconds));
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

static void free_report(report *r) {
  free_columns(&r->c);
  free_solution(&r->s);
  free(r->observed);
  r->observed = NULL;
}

static int solve_whole(problem *p, const double *t0, const double *t1) {
  report r = {.p = p};
  double *last = take(p->trajectories, sizeof *last);
  int result = choose_times(p, t0, t1, &r.s);
  if (!result) {
    memcpy(last, t1, p->trajectories * sizeof *last);
    end_at_last_row(p, &r.s, t0, last);
    og_status status = solve_at(p, t0, last, p->theta, &r.s);
    if (status == OG_OK) status = fill_columns(&r);
    if (status == OG_OK) remark_events(p, &r.s);
    result = status == OG_OK ? show(&r) : fail(p->context, status);
  }
  free_report(&r);
  free(last);
  return result;
}

/* ---- More rows than are kept at once ---- */

/* Above CELLS_KEPT, rows go out in parts of PART_CELLS each. Steps do not depend on where the solution is
 * wanted, so that solving again for each part gives the same rows, and little is kept. */
enum { CELLS_KEPT = 1 << 22, PART_CELLS = 1 << 20 };

static size_t cells_of_row(const problem *p) { return 1 + p->n + og_model_observed(p->model); }

/* A JSON object holds its numbers column by column, so it is made as a whole. */
static int wants_parts(const problem *p) {
  size_t rows = p->arguments->time_count;
  return !p->json && rows > CELLS_KEPT / cells_of_row(p) / p->trajectories;
}

/* Times [from, from + count) of one trajectory; the others stay where they start, unless they are to come to
 * rest. */
static og_status solve_part(report *r, const double *t0, const double *t1, size_t m, size_t from,
                            size_t count) {
  const problem *p = r->p;
  const arguments *a = p->arguments;
  size_t *counts = take(p->trajectories, sizeof *counts);
  double *ends = take(p->trajectories, sizeof *ends);
  int rest = og_options_real(p->options, OG_OPT_STEADY) > 0;
  for (size_t k = 0; k < p->trajectories; k++) ends[k] = k == m || rest ? t1[k] : t0[k];
  counts[m] = count;
  allot_solution(p, counts, &r->s);
  for (size_t i = 0; i < count; i++)
    r->s.t[i] = grid_time(a->first_time, a->last_time, a->time_count, from + i);
  og_status status = solve_at(p, t0, ends, p->theta, &r->s);
  if (status == OG_OK) status = fill_columns(r);
  free(counts), free(ends);
  return status;
}

static og_status stream_trajectory(problem *p, const double *t0, const double *t1, size_t m, FILE *file) {
  size_t part = PART_CELLS / cells_of_row(p) + 1, all = p->arguments->time_count;
  og_status status = OG_OK;
  for (size_t from = 0; from < all && status == OG_OK && !ferror(file); from += part) {
    report r = {.p = p};
    show_warnings(p, from == 0);
    status = solve_part(&r, t0, t1, m, from, all - from < part ? all - from : part);
    if (status == OG_OK && from == 0) remark_events(p, &r.s);
    if (status == OG_OK && p->out)
      write_columns_part(&r.c, m == 0 && from == 0, file);
    else if (status == OG_OK)
      print_columns_part(&r.c, m == 0 && from == 0);
    free_report(&r);
  }
  show_warnings(p, 1);
  return status;
}

static int solve_in_parts(problem *p, const double *t0, const double *t1) {
  output o = {.file = stdout};
  og_status status = OG_OK;
  double *last = take(p->trajectories, sizeof *last);
  int result = p->out ? open_output(p->context, p->out, &o) : EXIT_DONE;
  if (result) {
    free(last);
    return result;
  }
  memcpy(last, t1, p->trajectories * sizeof *last);
  end_at_last_time(p, t0, last);
  for (size_t m = 0; m < p->trajectories && status == OG_OK; m++)
    status = stream_trajectory(p, t0, last, m, o.file);
  free(last);
  if (status == OG_OK) return p->out ? close_output(&o) : EXIT_DONE;
  result = fail(p->context, status);
  if (p->out) drop_output(&o);
  return result;
}

int run_solve(problem *p) {
  double *t0 = take(p->trajectories, sizeof *t0), *t1 = take(p->trajectories, sizeof *t1);
  int result = find_spans(p, t0, t1);
  if (!result) result = wants_parts(p) ? solve_in_parts(p, t0, t1) : solve_whole(p, t0, t1);
  if (!result && p->plot) {
    if (p->arguments->time_count) end_at_last_time(p, t0, t1);
    og_status status = draw_solution(p, t0, t1);
    if (status != OG_OK) result = fail(p->context, status);
  }
  free(t0), free(t1);
  return result;
}
