/* odegrad predict: what a model says of the observed columns at every row of the data, and how near it comes.
 */
#include "cli.h"

#include <math.h>
#include <stdlib.h>

typedef struct prediction {
  problem *p;
  solution s;
  columns c;              /* the observed columns, then the probabilities of classes */
  size_t values;          /* of the observed columns in the data; 0: it has none */
  double loss;            /* for each of them; NaN when it is not known */
  size_t *judged, *right; /* [observed]: values of columns of classes */
} prediction;

/* ---- Columns ---- */

static int wants_probabilities(const problem *p) { return p->arguments->values[FLAG_PROBABILITIES] != NULL; }

static size_t classes_of(const problem *p, size_t column) {
  return wants_probabilities(p) ? og_model_observed_classes(p->model, column) : 0;
}

static void name_columns(prediction *r) {
  size_t observed = og_model_observed(r->p->model), count = observed, to = observed;
  for (size_t i = 0; i < observed; i++) count += classes_of(r->p, i);
  r->c = new_columns(r->p, &r->s, count);
  for (size_t i = 0; i < observed; i++) {
    const char *name = og_model_observed_name(r->p->model, i);
    r->c.names[i] = join("%s", name);
    for (size_t k = 0; k < classes_of(r->p, i); k++) r->c.names[to++] = join("p(%s=%zu)", name, k + 1);
  }
}

static og_status fill_row(prediction *r, size_t m, size_t row) {
  const problem *p = r->p;
  size_t observed = og_model_observed(p->model);
  const double *x = r->s.x + row * p->n;
  double *values = r->c.values + row * r->c.count, *to = values + observed;
  og_status status = predict_at(p, p->theta, m, r->s.t[row], x, values);
  for (size_t i = 0; i < observed && status == OG_OK; to += classes_of(p, i++))
    if (classes_of(p, i)) status = probabilities_at(p, p->theta, m, r->s.t[row], x, i, to);
  return status;
}

static og_status fill_columns(prediction *r) {
  og_status status = OG_OK;
  name_columns(r);
  for (size_t m = 0; m < r->p->trajectories; m++)
    for (size_t row = r->s.starts[m]; row < r->s.starts[m + 1] && status == OG_OK; row++)
      status = fill_row(r, m, row);
  return status;
}

/* ---- How near it comes ---- */

/* Rows that come after the end of a trajectory are the last of its rows. */
static void judge_classes(prediction *r, size_t column) {
  const problem *p = r->p;
  const double *data = og_table_column(p->data, og_model_observed_name(p->model, column));
  if (!data || !og_model_observed_classes(p->model, column)) return;
  size_t *rows = take(og_table_rows(p->data), sizeof *rows);
  for (size_t m = 0; m < p->trajectories; m++) {
    data_rows_of(p, m, rows);
    for (size_t i = r->s.starts[m]; i < r->s.starts[m + 1]; i++) {
      double value = data[rows[i - r->s.starts[m]]];
      if (!isfinite(value)) continue;
      r->judged[column]++;
      r->right[column] += r->c.values[i * r->c.count + column] == value;
    }
  }
  free(rows);
}

/* The objective wants all observed columns: those that the data lacks are missing in all rows. Returns
 * whether there is any value. */
static int complete_data(const problem *p, og_status *status) {
  int found = 0;
  size_t rows = og_table_rows(p->data);
  double *missing = take(rows, sizeof *missing);
  for (size_t i = 0; i < rows; i++) missing[i] = NAN;
  for (size_t k = 0; k < og_model_observed(p->model); k++) {
    const char *name = og_model_observed_name(p->model, k);
    const double *values = og_table_column(p->data, name);
    for (size_t i = 0; values && i < rows && !found; i++) found = isfinite(values[i]);
    if (!values && *status == OG_OK) *status = og_table_add_column(p->data, name, missing);
  }
  free(missing);
  return found;
}

static og_status evaluate_loss(prediction *r) {
  const problem *p = r->p;
  og_objective *objective;
  og_status status = og_objective_create(p->context, p->model, p->data, p->options, &objective);
  show_warnings(p, 0); /* the solution has given them */
  if (status == OG_OK) status = og_objective_evaluate(objective, p->theta, &r->loss, NULL);
  show_warnings(p, 1);
  if (status == OG_OK) r->values = og_objective_values(objective);
  if (status == OG_OK) r->loss /= (double)r->values;
  og_objective_destroy(objective);
  return status;
}

/* A loss that cannot be had is no failure, unless nothing can be had any more. */
static og_status judge(prediction *r) {
  const problem *p = r->p;
  og_status status = OG_OK;
  r->loss = NAN;
  for (size_t i = 0; i < og_model_observed(p->model); i++) judge_classes(r, i);
  int complete = complete_data(p, &status);
  if (complete && status == OG_OK) status = evaluate_loss(r);
  if (ends_all(status, NULL)) return status;
  if (complete && status != OG_OK) remark(p->quiet, "there is no loss: %s", og_context_message(p->context));
  return OG_OK;
}

static void remark_judgement(const prediction *r) {
  const problem *p = r->p;
  if (r->values) remark(p->quiet, "loss %.10g per observed value, of %zu", r->loss, r->values);
  for (size_t i = 0; i < og_model_observed(p->model); i++)
    if (r->judged[i])
      remark(p->quiet, "%s: %zu of %zu right (%.4g%%)", og_model_observed_name(p->model, i), r->right[i],
             r->judged[i], 100 * (double)r->right[i] / (double)r->judged[i]);
}

/* ---- JSON ---- */

static void add_trajectory(const void *what, size_t m, cJSON *object) {
  const prediction *r = what;
  size_t observed = og_model_observed(r->p->model);
  cJSON_AddItemToObject(object, "predicted", columns_json(&r->c, 0, observed, m));
  if (r->c.count > observed)
    cJSON_AddItemToObject(object, "probabilities", columns_json(&r->c, observed, r->c.count - observed, m));
}

static cJSON *prediction_json(const prediction *r) {
  cJSON *object = trajectories_json(r->p, &r->s, add_trajectory, r), *accuracy = NULL;
  if (r->values) {
    cJSON_AddItemToObject(object, "loss", json_number(r->loss));
    cJSON_AddStringToObject(object, "loss_is", "mean");
    cJSON_AddItemToObject(object, "values", json_count(r->values));
  }
  for (size_t i = 0; i < og_model_observed(r->p->model); i++) {
    if (!r->judged[i]) continue;
    if (!accuracy) accuracy = cJSON_AddObjectToObject(object, "accuracy");
    cJSON_AddItemToObject(accuracy, og_model_observed_name(r->p->model, i),
                          json_number((double)r->right[i] / (double)r->judged[i]));
  }
  cJSON_AddItemToObject(object, "stats", json_stats(r->s.stats, r->s.linear_solver, r->s.seconds));
  return object;
}

/* ---- The verb ---- */

/* What a network says that was never trained means nothing. */
static int check_problem(const problem *p) {
  og_parameter_info info = {OG_INIT(og_parameter_info)};
  int weights = 0;
  for (size_t i = 0; og_model_parameter(p->model, i, &info) == OG_OK; i++) weights |= info.weight;
  if (og_model_observed(p->model) == 0) {
    complain("%s has no `observe` statement, so there is nothing to predict: see odegrad solve",
             p->arguments->model_name);
    return EXIT_USAGE;
  }
  if (!weights || p->arguments->values[FLAG_PARAMS] || og_model_saved(p->model)) return EXIT_DONE;
  complain("%s has networks: give the weights of their training by --params", p->arguments->model_name);
  return EXIT_USAGE;
}

static int show(const prediction *r) {
  const problem *p = r->p;
  int status = p->out || !p->json ? write_columns(&r->c, p->out ? p->out : "-") : EXIT_DONE;
  if (p->json) print_json(prediction_json(r));
  remark_judgement(r);
  return draw_objective(p, p->theta, NULL, status);
}

static int predict_all(prediction *r, const double *t0, double *t1) {
  og_status status = solve_rows_at(r->p, t0, t1, r->p->theta, &r->s);
  if (status == OG_OK) status = fill_columns(r);
  if (status != OG_OK) return fail(r->p->context, status);
  remark_events(r->p, &r->s);
  status = judge(r);
  return status == OG_OK ? show(r) : fail(r->p->context, status);
}

int run_predict(problem *p) {
  size_t observed = og_model_observed(p->model);
  prediction r = {.p = p, .judged = take(observed, sizeof(size_t)), .right = take(observed, sizeof(size_t))};
  double *t0 = take(p->trajectories, sizeof *t0), *t1 = take(p->trajectories, sizeof *t1);
  int result = check_problem(p);
  if (!result) result = find_spans(p, t0, t1);
  if (!result) result = allot_data_times(p, t0, t1, &r.s);
  if (!result) result = predict_all(&r, t0, t1);
  free_columns(&r.c);
  free_solution(&r.s);
  free(r.judged), free(r.right), free(t0), free(t1);
  return result;
}
