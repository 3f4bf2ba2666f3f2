/* odegrad solve: the solution at the times of --times, of the data, or of the model's span. */
#include "cli.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_TIMES = 101 };

/* What is printed: the states and, of the observed columns, the locations whose names differ from the
 * states'. */
typedef struct report {
  problem *p;
  solution s;
  size_t *columns; /* [column_count] of the observed ones */
  size_t column_count;
  double *locations; /* [rows][observed columns of the model] */
} report;

/* The solver would name trajectory and observation; the user knows rows. */
static int check_data_times(const problem *p, size_t m, double t0, double t1, const size_t *rows,
                            size_t count) {
  const char *path = p->arguments->values[FLAG_DATA];
  char a[NUMBER_SIZE], b[NUMBER_SIZE], c[NUMBER_SIZE];
  char *of = id_suffix(p, m);
  int bad = 0;
  for (size_t i = 0; i < count && !bad; i++) {
    double t = p->data_times[rows[i]], before = i ? p->data_times[rows[i - 1]] : t0;
    bad = (t - fmin(t0, t1)) < 0 || (t - fmax(t0, t1)) > 0 || (t - before) * (t1 - t0) < 0;
    if (!bad) continue;
    if ((t - fmin(t0, t1)) < 0 || (t - fmax(t0, t1)) > 0)
      complain("%s: data row %zu%s: time %s lies outside the span from %s to %s; widen the model's `time` or "
               "leave the row out",
               path, rows[i] + 1, of, number_text(t, a), number_text(t0, b), number_text(t1, c));
    else
      complain("%s: data row %zu%s: time %s comes after %s; sort the rows (or tell trajectories apart by a "
               "column id)",
               path, rows[i] + 1, of, number_text(t, a), number_text(before, b));
  }
  free(of);
  return bad ? EXIT_USAGE : EXIT_DONE;
}

static int choose_times(const problem *p, const double *t0, const double *t1, solution *s) {
  const arguments *a = p->arguments;
  size_t *counts = take(p->trajectories, sizeof *counts);
  size_t grid = a->time_count ? a->time_count : DEFAULT_TIMES;
  int from_data = p->data && !a->time_count;
  for (size_t m = 0; m < p->trajectories; m++) counts[m] = from_data ? data_rows_of(p, m, NULL) : grid;
  allot_solution(p, counts, s);
  size_t *rows = take(p->data ? og_table_rows(p->data) : 0, sizeof *rows);
  int result = EXIT_DONE;
  for (size_t m = 0; m < p->trajectories && !result; m++) {
    double *t = s->t + s->starts[m];
    if (!from_data) {
      fill_grid(a->time_count ? a->first_time : t0[m], a->time_count ? a->last_time : t1[m], grid, t);
      continue;
    }
    data_rows_of(p, m, rows);
    result = check_data_times(p, m, t0[m], t1[m], rows, counts[m]);
    for (size_t i = 0; i < counts[m]; i++) t[i] = p->data_times[rows[i]];
  }
  free(rows);
  free(counts);
  return result;
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

static og_status predict(report *r) {
  const problem *p = r->p;
  size_t observed = og_model_observed(p->model), rows = r->s.starts[p->trajectories];
  r->columns = take(observed, sizeof *r->columns);
  for (size_t i = 0; i < observed; i++)
    if (!is_state(p, og_model_observed_name(p->model, i))) r->columns[r->column_count++] = i;
  r->locations = take(rows * observed, sizeof *r->locations);
  og_status status = OG_OK;
  for (size_t m = 0; m < p->trajectories && r->column_count; m++)
    for (size_t i = r->s.starts[m]; i < r->s.starts[m + 1] && status == OG_OK; i++)
      status = predict_at(p, p->theta, m, r->s.t[i], r->s.x + i * p->n, r->locations + i * observed);
  return status;
}

/* ---- Table and CSV ---- */

static double column_value(const report *r, size_t row, size_t column) {
  if (column < r->p->n) return r->s.x[row * r->p->n + column];
  return r->locations[row * og_model_observed(r->p->model) + r->columns[column - r->p->n]];
}

static char *column_name(const report *r, size_t column) {
  if (column < r->p->n) return state_name(r->p, column);
  return join("%s", og_model_observed_name(r->p->model, r->columns[column - r->p->n]));
}

static void print_solution(const report *r) {
  const problem *p = r->p;
  size_t values = p->n + r->column_count, ids = p->has_ids ? 1 : 0;
  text_table table = new_table(ids + 1 + values);
  if (ids) add_cell(&table, "id");
  add_cell(&table, "t");
  for (size_t i = 0; i < values; i++) add_text(&table, column_name(r, i));
  for (size_t m = 0; m < p->trajectories; m++)
    for (size_t row = r->s.starts[m]; row < r->s.starts[m + 1]; row++) {
      if (ids) add_text(&table, join("%s", og_table_group_name(p->data, m)));
      add_cell(&table, "%.8g", r->s.t[row]);
      for (size_t i = 0; i < values; i++) add_cell(&table, "%.8g", column_value(r, row, i));
    }
  print_table(&table, ids);
}

static void write_csv_text(FILE *file, const char *text) {
  if (!strpbrk(text, ",\"\r\n")) {
    fputs(text, file);
    return;
  }
  fputc('"', file);
  for (; *text; text++) fprintf(file, *text == '"' ? "\"\"" : "%c", *text);
  fputc('"', file);
}

static void write_csv_row(const report *r, size_t m, size_t row, FILE *file) {
  char text[NUMBER_SIZE];
  if (r->p->has_ids) {
    write_csv_text(file, og_table_group_name(r->p->data, m));
    fputc(',', file);
  }
  fputs(number_text(r->s.t[row], text), file);
  for (size_t i = 0; i < r->p->n + r->column_count; i++) {
    double value = column_value(r, row, i);
    fprintf(file, ",%s", isfinite(value) ? number_text(value, text) : "NA");
  }
  fputc('\n', file);
}

static int write_csv(const report *r) {
  output o;
  int status = open_output(&o, r->p->out);
  if (status) return status;
  fputs(r->p->has_ids ? "id,t" : "t", o.file);
  for (size_t i = 0; i < r->p->n + r->column_count; i++) {
    char *name = column_name(r, i);
    fputc(',', o.file);
    write_csv_text(o.file, name);
    free(name);
  }
  fputc('\n', o.file);
  for (size_t m = 0; m < r->p->trajectories; m++)
    for (size_t row = r->s.starts[m]; row < r->s.starts[m + 1]; row++) write_csv_row(r, m, row, o.file);
  return close_output(&o);
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

static cJSON *observed_series(const report *r, size_t m) {
  cJSON *object = cJSON_CreateObject();
  for (size_t i = 0; i < r->column_count; i++) {
    cJSON *series = cJSON_CreateArray();
    for (size_t row = r->s.starts[m]; row < r->s.starts[m + 1]; row++)
      cJSON_AddItemToArray(series, json_number(column_value(r, row, r->p->n + i)));
    cJSON_AddItemToObject(object, og_model_observed_name(r->p->model, r->columns[i]), series);
  }
  return object;
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

static void add_trajectory(const report *r, size_t m, cJSON *object) {
  const problem *p = r->p;
  cJSON *states = cJSON_CreateObject();
  cJSON_AddItemToObject(object, "t", json_list(r->s.t + r->s.starts[m], r->s.starts[m + 1] - r->s.starts[m]));
  og_state_info info;
  for (size_t i = 0; i < og_model_states(p->model) && og_model_state(p->model, i, &info) == OG_OK; i++)
    cJSON_AddItemToObject(states, info.name, state_series(r, &info, m));
  cJSON_AddItemToObject(object, "states", states);
  if (r->column_count) cJSON_AddItemToObject(object, "observed", observed_series(r, m));
  if (og_field_events(og_model_field(p->model)) || r->s.event_count)
    cJSON_AddItemToObject(object, "events", events_json(r, m));
}

static cJSON *solution_json(const report *r) {
  cJSON *object = cJSON_CreateObject();
  if (!r->p->has_ids) {
    add_trajectory(r, 0, object);
  } else {
    cJSON *all = cJSON_AddArrayToObject(object, "trajectories");
    for (size_t m = 0; m < r->p->trajectories; m++) {
      cJSON *one = cJSON_CreateObject();
      cJSON_AddStringToObject(one, "id", og_table_group_name(r->p->data, m));
      add_trajectory(r, m, one);
      cJSON_AddItemToArray(all, one);
    }
  }
  cJSON_AddItemToObject(object, "stats", json_stats(r->s.stats, r->s.seconds));
  return object;
}

/* ---- Events ---- */

enum { EVENTS_SHOWN = 20 };

static void remark_event(const problem *p, const occurrence *e) {
  char *of = id_suffix(p, e->trajectory);
  remark(p->quiet, "event %s%s at t = %.10g%s", e->what.name, of, e->what.t,
         e->terminal ? ", the end: later times are left out" : "");
  free(of);
}

static void remark_events(const report *r) {
  size_t count = r->s.event_count;
  for (size_t i = 0; i < count && i < EVENTS_SHOWN; i++) remark_event(r->p, &r->s.events[i]);
  if (count > EVENTS_SHOWN)
    remark(r->p->quiet, "and %zu more events; --json lists them all", count - EVENTS_SHOWN);
}

/* ---- The verb ---- */

static int show(report *r) {
  int status = EXIT_DONE;
  if (r->p->out) status = write_csv(r);
  if (r->p->json)
    print_json(solution_json(r));
  else if (!r->p->out)
    print_solution(r);
  return status;
}

int run_solve(problem *p) {
  report r = {.p = p};
  double *t0 = take(p->trajectories, sizeof *t0), *t1 = take(p->trajectories, sizeof *t1);
  int result = find_spans(p, t0, t1);
  if (!result) result = choose_times(p, t0, t1, &r.s);
  if (!result) {
    og_status status = solve_at(p, t0, t1, p->theta, &r.s);
    if (status == OG_OK) status = predict(&r);
    if (status == OG_OK) remark_events(&r);
    result = status == OG_OK ? show(&r) : fail(p->context, status);
    if (!result && p->plot) {
      status = draw_picture(p, p->theta, t0, t1, 0, p->plot);
      if (status != OG_OK) result = fail(p->context, status);
    }
  }
  free_solution(&r.s);
  free(r.columns), free(r.locations), free(t0), free(t1);
  return result;
}
