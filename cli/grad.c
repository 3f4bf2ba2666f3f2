/* odegrad grad: the loss, its gradient and, when asked for, its Hessian. */
#include "cli.h"

#include <math.h>
#include <stdlib.h>

typedef struct gradient {
  double loss, t0_bar, t1_bar, seconds;
  double *theta_bar; /* [p] */
  double *x0_bar;    /* [M][n] */
  double *hessian;   /* [p][p]; NULL: not wanted */
  og_gradient_error error;
  size_t stats[STATS_MOST];
  const char *linear_solver;
  size_t values; /* observed values that the loss is a sum over */
} gradient;

/* What is not finite is shown as that, with the reason: the other derivatives stand. */
static og_status take_times(const problem *p, og_objective *objective, gradient *g) {
  og_status status = og_objective_time_gradient(objective, &g->t0_bar, &g->t1_bar);
  if (status != OG_ERR_NOT_FINITE) return status;
  remark(p->quiet, "note: %s", og_context_message(p->context));
  return OG_OK;
}

static og_status evaluate(const problem *p, og_objective *objective, gradient *g) {
  double start = seconds_now();
  og_status status = og_objective_evaluate(objective, p->theta, &g->loss, g->theta_bar);
  g->seconds = seconds_now() - start;
  g->values = og_objective_values(objective);
  if (status == OG_OK) status = og_objective_initial_gradient(objective, g->x0_bar);
  if (status == OG_OK) status = take_times(p, objective, g);
  g->error.size = sizeof g->error;
  if (status == OG_OK) status = og_objective_gradient_error(objective, &g->error);
  for (int i = 0; i < (int)og_stat_count(); i++) g->stats[i] = og_objective_stat(objective, (og_stat)i);
  g->linear_solver = og_objective_linear_solver(objective);
  return status == OG_OK && g->hessian ? og_objective_hessian(objective, p->theta, g->hessian) : status;
}

/* {"alpha": {"alpha": ..., "beta": ...}, ...}, by the names of theta's entries. */
static cJSON *hessian_json(const problem *p, const double *hessian) {
  cJSON *object = cJSON_CreateObject();
  for (size_t i = 0; i < p->p; i++) {
    char *row = parameter_name(p, i);
    cJSON *entries = cJSON_AddObjectToObject(object, row);
    for (size_t j = 0; j < p->p; j++) {
      char *column = parameter_name(p, j);
      cJSON_AddItemToObject(entries, column, json_number(hessian[i * p->p + j]));
      free(column);
    }
    free(row);
  }
  return object;
}

static cJSON *error_json(const problem *p, const og_gradient_error *error) {
  cJSON *object = cJSON_CreateObject();
  cJSON_AddItemToObject(object, "parameters", json_number(p->p ? error->parameters : 0));
  cJSON_AddItemToObject(object, "initial", json_number(error->initial));
  cJSON_AddItemToObject(object, "times", json_number(error->times));
  return object;
}

static cJSON *gradient_json(const problem *p, const gradient *g) {
  cJSON *object = cJSON_CreateObject();
  cJSON_AddItemToObject(object, "loss", json_number(g->loss));
  cJSON_AddStringToObject(object, "loss_is", "sum");
  cJSON_AddItemToObject(object, "values", json_count(g->values));
  cJSON_AddItemToObject(object, "gradient", json_parameters(p, g->theta_bar));
  if (g->hessian) cJSON_AddItemToObject(object, "hessian", hessian_json(p, g->hessian));
  cJSON_AddItemToObject(object, "init_gradient", json_states(p, g->x0_bar));
  cJSON *times = cJSON_AddObjectToObject(object, "time_gradient");
  cJSON_AddItemToObject(times, "t0", json_number(g->t0_bar));
  cJSON_AddItemToObject(times, "t1", json_number(g->t1_bar));
  cJSON_AddItemToObject(object, "gradient_error", error_json(p, &g->error));
  cJSON_AddItemToObject(object, "stats", json_stats(g->stats, g->linear_solver, g->seconds));
  return object;
}

/* A table that is nothing but its head is left out. */
static void print_rows(text_table *table) {
  if (table->count > table->columns) putchar('\n'), print_table(table, 1);
  free_table(table);
}

static void print_parameters(const problem *p, const row_list *list, const gradient *g) {
  text_table table = new_table(3);
  add_cell(&table, "parameter"), add_cell(&table, "value"), add_cell(&table, "dL/dparameter");
  for (size_t k = 0; k < list->count; k++) {
    const row *r = &list->rows[k];
    if (r->count > 1) continue;
    add_cell(&table, "%s", r->name);
    add_cell(&table, "%.8g", p->theta[r->first]), add_cell(&table, "%.10g", g->theta_bar[r->first]);
  }
  print_rows(&table);
}

static void print_arrays(const row_list *list, const double *values, const double *bar) {
  text_table table = new_table(5);
  add_cell(&table, "array"), add_cell(&table, "norm"), add_cell(&table, "largest");
  add_cell(&table, "norm of dL"), add_cell(&table, "largest of dL");
  for (size_t k = 0; k < list->count; k++) {
    const row *r = &list->rows[k];
    if (r->count == 1) continue;
    add_cell(&table, "%s", r->name);
    add_cell(&table, "%.6g", row_norm(r, values)), add_cell(&table, "%.6g", row_largest(r, values));
    add_cell(&table, "%.8g", row_norm(r, bar)), add_cell(&table, "%.8g", row_largest(r, bar));
  }
  print_rows(&table);
}

static void print_hessian(const problem *p, const double *hessian) {
  if (p->p == 0) return;
  text_table table = new_table(p->p + 1);
  add_cell(&table, "d2L");
  for (size_t j = 0; j < p->p; j++) add_text(&table, parameter_name(p, j));
  for (size_t i = 0; i < p->p; i++) {
    add_text(&table, parameter_name(p, i));
    for (size_t j = 0; j < p->p; j++) add_cell(&table, "%.10g", hessian[i * p->p + j]);
  }
  putchar('\n');
  print_table(&table, 1);
}

static void add_derivative(text_table *table, double value) {
  if (isfinite(value))
    add_cell(table, "%.10g", value);
  else
    add_cell(table, "not finite");
}

/* The initial states with the dependence of x0 on parameters left out, and the ends of the span. */
static void print_ends(const row_list *list, const gradient *g) {
  text_table table = new_table(2);
  add_cell(&table, "end"), add_cell(&table, "dL/dend");
  for (size_t k = 0; k < list->count; k++) {
    const row *r = &list->rows[k];
    add_cell(&table, r->count == 1 ? "%s" : "norm of %s", r->name);
    add_cell(&table, "%.10g", r->count == 1 ? g->x0_bar[r->first] : row_norm(r, g->x0_bar));
  }
  add_cell(&table, "t0"), add_derivative(&table, g->t0_bar);
  add_cell(&table, "t1"), add_derivative(&table, g->t1_bar);
  putchar('\n');
  print_table(&table, 1);
}

static void print_gradient(const problem *p, const gradient *g) {
  row_list parameters = {0}, states = {0};
  add_parameter_rows(p, &parameters);
  add_initial_rows(p, 0, &states);
  print_parameters(p, &parameters, g);
  print_arrays(&parameters, p->theta, g->theta_bar);
  if (g->hessian) print_hessian(p, g->hessian);
  print_ends(&states, g);
  if (has_whole_rows(&parameters) || has_whole_rows(&states)) putchar('\n'), explain_arrays("every entry");
  free_rows(&parameters), free_rows(&states);
}

static void print_errors(const problem *p, const og_gradient_error *error) {
  if (!isnan(error->initial))
    printf("\nestimated errors, of the largest component: %.1e of parameters, %.1e of initial states, %.1e "
           "of times\n",
           p->p ? error->parameters : 0, error->initial, error->times);
  else if (og_options_integer(p->options, OG_OPT_GRADIENT_CONTROL) != OG_CONTROL_NONE)
    puts("\nestimated errors: not known");
}

/* A derivative of exactly 0 is that of what nothing reads, but for points where it happens to vanish. */
static void remark_zeros(const problem *p, const double *theta_bar) {
  enum { NAMED = 8 };
  row_list list = {0};
  char *names = join("%s", ""), *longer;
  size_t count = 0;
  add_parameter_rows(p, &list);
  for (size_t k = 0; k < list.count; k++) {
    if (row_largest(&list.rows[k], theta_bar) != 0 || count++ >= NAMED) continue;
    longer = join("%s%s%s", names, *names ? ", " : "", list.rows[k].name);
    free(names), names = longer;
  }
  if (count)
    remark(p->quiet, "note: the derivative by %s%s is exactly 0: the loss does not use %s, or not here",
           names, count > NAMED ? ", ..." : "", count > 1 ? "them" : "it");
  free(names), free_rows(&list);
}

static int show(const problem *p, const gradient *g) {
  remark_zeros(p, g->theta_bar);
  int status = p->out ? write_json(p, gradient_json(p, g), p->out) : EXIT_DONE;
  if (p->json) return print_json(gradient_json(p, g)), status;
  print_loss("loss  ", g->loss, g->values);
  print_gradient(p, g);
  print_errors(p, &g->error);
  if (g->stats[OG_STAT_REFINEMENTS])
    remark(p->quiet,
           "the steps of the tolerances were not good for the derivative: they were narrowed %zu times",
           g->stats[OG_STAT_REFINEMENTS]);
  remark(p->quiet, "%zu steps, %zu rejected, %zu evaluations of f, %zu of its vjp, %.3g s",
         g->stats[OG_STAT_STEPS], g->stats[OG_STAT_REJECTED], g->stats[OG_STAT_RHS_EVALS],
         g->stats[OG_STAT_VJP_EVALS], g->seconds);
  remark_implicit(p->quiet, g->stats, g->linear_solver);
  return status;
}

int run_grad(problem *p) {
  gradient g = {.theta_bar = take(p->p, sizeof(double)),
                .x0_bar = take(p->trajectories * p->n, sizeof(double)),
                .hessian = p->arguments->values[FLAG_HESSIAN] ? take(p->p * p->p, sizeof(double)) : NULL};
  og_objective *objective;
  og_status status = og_objective_create(p->context, p->model, p->data, p->options, &objective);
  if (status == OG_OK) status = evaluate(p, objective, &g);
  int result = status == OG_OK ? draw_objective(p, p->theta, NULL, show(p, &g)) : fail(p->context, status);
  og_objective_destroy(objective);
  free(g.theta_bar), free(g.x0_bar), free(g.hessian);
  return result;
}
