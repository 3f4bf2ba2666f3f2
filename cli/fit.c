/* odegrad fit: parameters estimated from data. */
#include "cli.h"

#include <math.h>
#include <stdlib.h>

typedef struct estimate {
  og_fit *fit;
  double *theta, *std_error; /* [p] */
  int *at_bound;             /* [p]: not 0 */
  size_t stats[STATS_MOST];
  const char *linear_solver;
  double seconds;
  size_t values; /* observed values that the loss is a sum over */
} estimate;

/* Whether entries are at a bound, in the parameter's shape. */
static cJSON *bounds_json(const og_parameter_info *info, const int *at_bound) {
  if (info->dimensions == 0) return cJSON_CreateBool(at_bound[0] != 0);
  cJSON *all = cJSON_CreateArray();
  for (size_t i = 0; i < info->rows; i++) {
    cJSON *row = info->dimensions == 1 ? all : cJSON_CreateArray();
    for (size_t j = 0; j < info->columns; j++)
      cJSON_AddItemToArray(row, cJSON_CreateBool(at_bound[i * info->columns + j] != 0));
    if (row != all) cJSON_AddItemToArray(all, row);
  }
  return all;
}

/* Estimates and standard errors are collected by the parameters' shapes, so that vectors stay together. */
static cJSON *parameters_json(const problem *p, const estimate *e) {
  cJSON *object = cJSON_CreateObject();
  og_parameter_info info = {OG_INIT(og_parameter_info)};
  for (size_t i = 0; i < og_model_parameters(p->model) && og_model_parameter(p->model, i, &info) == OG_OK;
       i++) {
    cJSON *one = cJSON_AddObjectToObject(object, info.name);
    cJSON_AddItemToObject(one, "estimate", json_parameter(&info, e->theta));
    cJSON_AddItemToObject(one, "std_error", json_parameter(&info, e->std_error));
    cJSON_AddItemToObject(one, "at_bound", bounds_json(&info, e->at_bound + info.offset));
  }
  return object;
}

static cJSON *fit_json(const problem *p, const estimate *e) {
  cJSON *object = cJSON_CreateObject();
  cJSON_AddItemToObject(object, "loss", json_number(og_fit_loss(e->fit)));
  cJSON_AddStringToObject(object, "loss_is", "sum");
  cJSON_AddItemToObject(object, "values", json_count(e->values));
  cJSON_AddItemToObject(object, "params", parameters_json(p, e));
  cJSON_AddItemToObject(object, "iterations", json_count(og_fit_iterations(e->fit)));
  cJSON_AddBoolToObject(object, "converged", og_fit_converged(e->fit) != 0);
  cJSON_AddStringToObject(object, "reason", og_fit_reason(e->fit));
  cJSON_AddItemToObject(object, "stats", json_stats(e->stats, e->linear_solver, e->seconds));
  return object;
}

static void print_entries(const row_list *list, const estimate *e) {
  text_table table = new_table(3);
  add_cell(&table, "parameter"), add_cell(&table, "estimate"), add_cell(&table, "std. error");
  for (size_t k = 0; k < list->count; k++) {
    const row *r = &list->rows[k];
    if (r->count > 1) continue;
    add_cell(&table, "%s", r->name), add_cell(&table, "%.6g", e->theta[r->first]);
    if (isfinite(e->std_error[r->first]))
      add_cell(&table, "%.3g", e->std_error[r->first]);
    else
      add_cell(&table, e->at_bound[r->first] ? "at bound" : "-");
  }
  if (table.count > table.columns) print_table(&table, 1), putchar('\n');
}

static void print_arrays(const row_list *list, const estimate *e) {
  text_table table = new_table(3);
  add_cell(&table, "array"), add_cell(&table, "norm"), add_cell(&table, "largest");
  for (size_t k = 0; k < list->count; k++) {
    const row *r = &list->rows[k];
    if (r->count == 1) continue;
    add_cell(&table, "%s", r->name);
    add_cell(&table, "%.6g", row_norm(r, e->theta)), add_cell(&table, "%.6g", row_largest(r, e->theta));
  }
  print_table(&table, 1);
  putchar('\n');
}

static void print_fit(const problem *p, const estimate *e) {
  row_list list = {0};
  add_parameter_rows(p, &list);
  print_entries(&list, e);
  if (has_whole_rows(&list)) print_arrays(&list, e), explain_arrays("every entry"), putchar('\n');
  free_rows(&list);
  print_loss("loss        ", og_fit_loss(e->fit), e->values);
  printf("iterations  %zu in %.3g s\n", og_fit_iterations(e->fit), e->seconds);
  printf("stopped     %s\n", og_fit_reason(e->fit));
}

/* Standard errors are a help, not the result: without them the fit is still reported. */
static void find_errors(const problem *p, estimate *e) {
  if (og_fit_standard_errors(e->fit, e->std_error) == OG_OK) return;
  for (size_t i = 0; i < p->p; i++) e->std_error[i] = NAN;
  remark(p->quiet, "there are no standard errors: %s", og_context_message(p->context));
}

static int report_fit(const problem *p, og_objective *objective, estimate *e) {
  og_status status = og_fit_estimate(e->fit, e->theta);
  if (status == OG_OK && p->out) status = og_parameters_write(p->model, e->theta, p->out);
  if (status == OG_OK) status = og_fit_at_bound(e->fit, e->at_bound);
  int result = status == OG_OK ? EXIT_DONE : fail(p->context, status);
  for (int i = 0; i < (int)og_stat_count(); i++) e->stats[i] = og_objective_stat(objective, (og_stat)i);
  e->linear_solver = og_objective_linear_solver(objective);
  e->values = og_objective_values(objective);
  find_errors(p, e);
  if (p->json)
    print_json(fit_json(p, e));
  else
    print_fit(p, e);
  return draw_objective(p, e->theta, NULL, result);
}

static int run_objective(const problem *p, og_objective *objective, estimate *e) {
  progress view;
  double start = seconds_now();
  begin_progress(&view, p);
  og_status status = og_fit_create(objective, p->options, p->theta, follow_progress, &view, &e->fit);
  end_progress(&view);
  view.interrupted = was_interrupted();
  stop_watching();
  e->seconds = seconds_now() - start;
  if (status != OG_OK) return fail(p->context, status);
  int result = report_fit(p, objective, e);
  if (view.interrupted)
    remark(p->quiet, "interrupted: this is the best point so far%s%s", p->out ? ", saved in " : "",
           p->out ? p->out : "");
  return result || !view.interrupted ? result : EXIT_FAILED;
}

int run_fit(problem *p) {
  if (is_training(p)) return run_training(p);
  estimate e = {.theta = take(p->p, sizeof(double)),
                .std_error = take(p->p, sizeof(double)),
                .at_bound = take(p->p, sizeof(int))};
  og_objective *objective;
  og_status status = og_objective_create(p->context, p->model, p->data, p->options, &objective);
  int result = status == OG_OK ? run_objective(p, objective, &e) : fail(p->context, status);
  og_fit_destroy(e.fit);
  og_objective_destroy(objective);
  free(e.theta), free(e.std_error), free(e.at_bound);
  return result;
}
