/* Making an objective: everything an evaluation needs is allocated here. */
#include "fit/objective.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "field/field.h"

const char *og_objective_entry_name(const og_objective *objective, size_t index,
                                    char text[OG_ENTRY_NAME_SIZE]) {
  snprintf(text, OG_ENTRY_NAME_SIZE, "theta[%zu]", index);
  for (size_t i = 0; i < og_model_parameters(objective->model); i++) {
    og_parameter_info info = {OG_INIT(og_parameter_info)};
    if (og_model_parameter(objective->model, i, &info) != OG_OK) continue;
    if (index < info.offset || index - info.offset >= info.rows * info.columns) continue;
    size_t at = index - info.offset;
    if (info.columns > 1)
      snprintf(text, OG_ENTRY_NAME_SIZE, "%.48s[%zu,%zu]", info.name, at / info.columns + 1,
               at % info.columns + 1);
    else if (info.rows > 1)
      snprintf(text, OG_ENTRY_NAME_SIZE, "%.48s[%zu]", info.name, at + 1);
    else
      snprintf(text, OG_ENTRY_NAME_SIZE, "%.64s", info.name);
  }
  return text;
}

static og_status read_bounds(og_objective *objective) {
  for (size_t i = 0; i < objective->p; i++)
    objective->lowest[i] = -INFINITY, objective->highest[i] = INFINITY;
  for (size_t i = 0; i < og_model_parameters(objective->model); i++) {
    og_parameter_info info = {OG_INIT(og_parameter_info)};
    OG_TRY(og_model_parameter(objective->model, i, &info));
    for (size_t k = 0; k < info.rows * info.columns; k++) {
      objective->lowest[info.offset + k] = info.lowest;
      objective->highest[info.offset + k] = info.highest;
    }
  }
  return OG_OK;
}

static og_status allocate(og_objective *objective) {
  size_t p = objective->p, M = objective->data->trajectories, inputs = og_inputs_width(&objective->parts);
  struct {
    double **array;
    size_t count;
  } arrays[] = {{&objective->lowest, p},
                {&objective->highest, p},
                {&objective->theta_bar, p},
                {&objective->theta_own, p},
                {&objective->x0_gradient, M * objective->n},
                {&objective->row_inputs, inputs * objective->data->count},
                {&objective->start_inputs, inputs * M}};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
    *arrays[i].array = og_alloc(objective->context, arrays[i].count + 1, sizeof(double));
    if (!*arrays[i].array)
      return og_fail_memory(objective->context, arrays[i].count * sizeof(double), "an objective");
  }
  return OG_OK;
}

/* The inputs at t0 and at the time of each row of the data. */
static void read_inputs(og_objective *objective) {
  const og_data *data = objective->data;
  size_t stride = og_inputs_width(&objective->parts);
  for (size_t m = 0; m < data->trajectories; m++) {
    og_inputs_rows(objective->inputs, m, data->t0[m], objective->start_inputs + m * stride);
    for (size_t i = data->first[m]; i < data->first[m + 1]; i++)
      og_inputs_rows(objective->inputs, m, data->times[i], objective->row_inputs + i * stride);
  }
}

/* ---- What the loss is made of ---- */

static og_status no_terms(const og_objective *objective) {
  const og_model_parts *parts = &objective->parts;
  const char *why = !parts->observed ? "the model has no `observe`, `cost final` or `cost integral`"
                    : !objective->data->table
                        ? "the model observes columns, but no data is given, and it has no cost"
                        : "the data holds no value of any observed column, and the model has no cost";
  return og_fail(objective->context, OG_ERR_NO_DEPENDENCE, "the loss depends on nothing: %s; add one of them",
                 why);
}

/* Whether the node depends on what a gradient could be taken of. */
static int depends(const og_model_parts *parts, og_node node, int on_time) {
  return og_graph_depends_on(parts->graph, 1, &node, OG_SLOT_STATE) ||
         og_graph_depends_on(parts->graph, 1, &node, OG_SLOT_PARAMETER) ||
         (on_time && og_graph_depends_on(parts->graph, 1, &node, OG_SLOT_TIME));
}

static og_status check_dependence(const og_objective *objective) {
  const og_model_parts *parts = &objective->parts;
  int has_final = parts->final_cost != OG_NODE_NONE;
  if (!objective->data->count && !has_final && !parts->has_integral_cost) return no_terms(objective);
  if (parts->has_integral_cost || (objective->data->count && depends(parts, parts->observation_loss, 0)) ||
      (has_final && depends(parts, parts->final_cost, 1)))
    return OG_OK;
  return og_fail(objective->context, OG_ERR_NO_DEPENDENCE,
                 "the loss is a constant: neither the observations' "
                 "distributions nor the costs use a state or a parameter, so every gradient would be zero");
}

og_status og_objective_create_terms(const og_objective *objective, const og_loss_program_nodes *nodes,
                                    og_loss_programs *terms) {
  og_context *context = objective->context;
  const og_model_parts *parts = &objective->parts;
  const og_data *data = objective->data;
  size_t M = data->trajectories, N = data->count;
  OG_TRY(og_loss_program_create(context, parts, nodes->initial, 1, M, 0, &terms->initial));
  if (parts->final_cost != OG_NODE_NONE)
    OG_TRY(og_loss_program_create(context, parts, nodes->final_cost, 0, M, 0, &terms->final_cost));
  if (N == 0) return OG_OK;
  return og_loss_program_create(context, parts, nodes->observation, 0, N, 2 * data->columns,
                                &terms->observation);
}

static og_status create_terms(og_objective *objective) {
  const og_model_parts *parts = &objective->parts;
  og_loss_program_nodes nodes = {parts->initial_state, parts->observation_loss, parts->final_cost};
  return og_objective_create_terms(objective, &nodes, &objective->terms);
}

void og_loss_programs_destroy(og_loss_programs *terms) {
  og_loss_program_destroy(terms->initial);
  og_loss_program_destroy(terms->observation);
  og_loss_program_destroy(terms->final_cost);
}

static og_status set_up(og_objective *objective, const og_table *table, const og_options *options) {
  og_context *context = objective->context;
  const og_model_parts *parts = og_model_parts_of(objective->model);
  objective->parts = *parts;
  og_field_keep(parts->field);
  objective->n = parts->states;
  objective->p = parts->parameters;
  OG_TRY(og_options_copy(context, options, &objective->options));
  OG_TRY(og_data_create(context, objective->model, table, &objective->data));
  OG_TRY(og_inputs_create(context, objective->model, table, &objective->inputs));
  OG_TRY(check_dependence(objective));
  if (parts->switches)
    og_log(context,
           "note: the equations switch by a comparison with a state in it, or of t with more than constants; "
           "where the branches differ there, gradients lack the part by which the moment of switching moves, "
           "or have "
           "one too many behind an event and by t0 and t1, and their error is not known: make it an event");
  OG_TRY(allocate(objective));
  OG_TRY(read_bounds(objective));
  read_inputs(objective);
  OG_TRY(create_terms(objective));
  OG_TRY(og_batch_set_all(&objective->all));
  return og_batch_solve(&objective->all, (int)og_options_integer(objective->options, OG_OPT_ADJOINT),
                        &objective->last);
}

og_status og_objective_create(og_context *context, const og_model *model, const og_table *table,
                              const og_options *options, og_objective **out) {
  if (out) *out = NULL;
  OG_OBJECT(context);
  OG_NEED(context, out);
  OG_NEED(context, model);
  if (!model) return og_fail(context, OG_ERR_ARGUMENT, "an objective needs a model: model is NULL");
  og_objective *objective = og_alloc(context, 1, sizeof *objective);
  if (!objective) return og_fail_memory(context, sizeof *objective, "an objective");
  objective->context = context;
  objective->model = model;
  og_model_keep(model);
  objective->all.objective = objective->some.objective = objective;
  og_status status = set_up(objective, table, options);
  if (status != OG_OK) {
    og_objective_destroy(objective);
    return status;
  }
  *out = objective;
  return OG_OK;
}

void og_objective_keep(og_objective *objective) { og_keep(&objective->references); }

void og_objective_destroy(og_objective *objective) {
  if (!objective || !og_was_last(&objective->references)) return;
  og_batch_free(&objective->all);
  og_batch_free(&objective->some);
  og_loss_programs_destroy(&objective->terms);
  og_loss_programs_destroy(&objective->tangents);
  og_data_destroy(objective->data);
  og_inputs_destroy(objective->inputs);
  og_options_destroy(objective->options);
  og_field_destroy((og_field *)objective->parts.field);
  og_model_destroy((og_model *)objective->model);
  double *owned[] = {objective->lowest,      objective->highest,     objective->theta_bar,
                     objective->theta_own,   objective->x0_gradient, objective->row_inputs,
                     objective->start_inputs};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) og_free(objective->context, owned[i]);
  og_free(objective->context, objective);
}

/* ---- Plain answers ---- */

size_t og_objective_trajectories(const og_objective *objective) {
  if (!objective) return 0;
  return objective->all.M;
}

static og_status no_gradient(const og_objective *objective) {
  return og_fail(objective->context, OG_ERR_STATE,
                 "there is no gradient yet: call og_objective_evaluate with room for a "
                 "gradient first");
}

og_status og_objective_initial_gradient(const og_objective *objective, double *x0_bar) {
  OG_OBJECT(objective);
  OG_NEED(objective->context, x0_bar);
  if (!objective->has_gradient) return no_gradient(objective);
  memcpy(x0_bar, objective->x0_gradient, objective->all.M * objective->n * sizeof *x0_bar);
  return OG_OK;
}

og_status og_objective_time_gradient(const og_objective *objective, double *t0_bar, double *t1_bar) {
  OG_OBJECT(objective);
  if (!objective->has_gradient) return no_gradient(objective);
  double t0 = objective->t0_gradient, t1 = objective->t1_gradient;
  if (t0_bar) *t0_bar = t0;
  if (t1_bar) *t1_bar = t1;
  int bad0 = t0_bar && !isfinite(t0), bad1 = t1_bar && !isfinite(t1);
  if (!bad0 && !bad1) return OG_OK;
  return og_fail(
      objective->context, OG_ERR_NOT_FINITE,
      "the derivative of the loss by %s is not finite, though the loss is: the right-hand side, an "
      "event or the final cost has no finite derivative by t there (sqrt(t) at 0, or a power)",
      bad0 && bad1 ? "t0 and by t1"
      : bad0       ? "t0"
                   : "t1");
}

og_status og_objective_gradient_error(const og_objective *objective, og_gradient_error *error) {
  OG_OBJECT(objective);
  OG_NEED(objective->context, error);
  if (!objective->has_gradient) return no_gradient(objective);
  return OG_GIVE(objective->context, og_gradient_error, objective->error, error);
}

size_t og_objective_stat(const og_objective *objective, og_stat stat) {
  if (!objective) return 0;
  return og_solve_stat(objective->last, stat);
}

const char *og_objective_linear_solver(const og_objective *objective) {
  return objective ? og_solve_linear_solver(objective->last) : NULL;
}

og_status og_objective_span(const og_objective *objective, size_t trajectory, double *t0, double *t1) {
  OG_OBJECT(objective);
  OG_NEED(objective->context, t0);
  OG_NEED(objective->context, t1);
  if (trajectory >= objective->all.M)
    return og_fail(objective->context, OG_ERR_ARGUMENT,
                   "trajectory %zu of an objective with %zu (they count from 0)", trajectory,
                   objective->all.M);
  *t0 = objective->data->t0[trajectory];
  *t1 = objective->data->t1[trajectory];
  return OG_OK;
}
