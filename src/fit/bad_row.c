/* A row whose loss is no number: which argument of which distribution is to blame. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/real.h"
#include "field/field.h"
#include "fit/objective.h"

/* What was found of a row of the data: the values of the arguments of one column's distribution there. */
typedef struct place {
  const og_batch *batch;
  const double *theta;
  size_t problem, observation, row;
  char trajectory[OG_PLACE_SIZE], t[OG_NUMBER_SIZE];
} place;
typedef struct arguments {
  const og_observed *observed;
  size_t column;
  double *values;
  int first[OG_ARGUMENTS_MOST + 1];
} arguments;

/* Parameters and, behind them, the rows of the inputs. */
static void fill_theta(const place *at, double *theta) {
  const og_objective *objective = at->batch->objective;
  const og_model_parts *parts = &objective->parts;
  const double *inputs = objective->row_inputs + at->row * og_inputs_width(parts);
  if (objective->p) memcpy(theta, at->theta, objective->p * sizeof *theta);
  for (size_t i = 0; i < parts->inputs; i++)
    for (size_t row = 0; row < og_input_rows_read(parts->input_columns[i].kind); row++)
      theta[objective->p + OG_INPUT_ROWS * i + row] = *inputs++;
}

static og_status run(const place *at, const og_program *program, arguments *found) {
  const og_objective *objective = at->batch->objective;
  const og_data *data = objective->data;
  const og_distribution *about = found->observed->distribution;
  size_t n = OG_PADDED(objective->n), d = OG_PADDED(2 * data->columns),
         p = OG_PADDED(objective->p + OG_INPUT_ROWS * objective->parts.inputs),
         bytes = (OG_LANE_STEP + n + d + p) * sizeof(double) + og_program_scratch_bytes(program, 1);
  double *memory = og_alloc(objective->context, 1, bytes), *outputs[OG_ARGUMENTS_MOST];
  if (!memory) return og_fail_memory(objective->context, bytes, "a message");
  double *x = memory + OG_LANE_STEP, *values = x + n, *theta = values + d;
  memory[0] = data->times[at->row];
  memcpy(x, at->batch->observed + at->observation * objective->n, objective->n * sizeof *x);
  memcpy(values, data->values + 2 * data->columns * at->row, 2 * data->columns * sizeof *values);
  fill_theta(at, theta);
  const double *inputs[OG_SLOT_COUNT] = {
      [OG_SLOT_TIME] = memory, [OG_SLOT_STATE] = x, [OG_SLOT_PARAMETER] = theta, [OG_SLOT_DATA] = values};
  for (int k = 0; k < about->arguments; k++) outputs[k] = found->values + found->first[k];
  og_program_run_d(program, 1, inputs, outputs, theta + p);
  og_free(objective->context, memory);
  return OG_OK;
}

/* found->values is to be freed, also after a failure. Results of a program start at multiples of a vector. */
static og_status find_arguments(const place *at, size_t column, arguments *found) {
  const og_objective *objective = at->batch->objective;
  const og_graph *graph = objective->parts.graph;
  og_program *program = NULL;
  *found = (arguments){.observed = &objective->parts.distributions[column], .column = column};
  int count = found->observed->distribution->arguments;
  for (int k = 0; k < count; k++)
    found->first[k + 1] =
        found->first[k] + (int)OG_PADDED(og_graph_shape(graph, found->observed->argument[k]).rows);
  found->values = og_alloc(objective->context, (size_t)found->first[count], sizeof(double));
  if (!found->values) return og_fail_memory(objective->context, sizeof(double), "a message");
  OG_TRY(og_program_create(graph, count, found->observed->argument, &program));
  og_status status = run(at, program, found);
  og_program_destroy(program);
  return status;
}

/* The first value outside its argument's domain; NULL: there is none. */
static const double *outside(const place *at, const arguments *found, int *argument) {
  const og_distribution *about = found->observed->distribution;
  const og_graph *graph = at->batch->objective->parts.graph;
  for (*argument = 0; *argument < about->arguments; ++*argument) {
    int rows = og_graph_shape(graph, found->observed->argument[*argument]).rows;
    for (int i = 0; i < rows; i++) {
      const double *value = found->values + found->first[*argument] + i;
      if (!og_in_domain(about->argument[*argument].domain, *value)) return value;
    }
  }
  return NULL;
}

static const char *states(const place *at, char *text, size_t size) {
  const og_objective *objective = at->batch->objective;
  const double *x = at->batch->observed + at->observation * objective->n;
  size_t used = 0;
  for (size_t j = 0; j < objective->n && used + 1 < size; j++)
    used += (size_t)snprintf(text + used, size - used, "%s%.6g", j ? ", " : "", og_shown(x[j]));
  return text;
}

static double observed_value(const place *at, size_t column) {
  const og_data *data = at->batch->objective->data;
  return data->values[2 * data->columns * at->row + column];
}

static og_status refuse_argument(const place *at, const arguments *found, int argument, double value) {
  og_objective *objective = at->batch->objective;
  const og_distribution *about = found->observed->distribution;
  char number[OG_NUMBER_SIZE], file[OG_FILE_SIZE], state[200] = "";
  og_format_real(value, number);
  objective->outside = (og_outside){about->argument[argument].name, about->name,
                                    og_domain_text(about->argument[argument].domain),
                                    og_model_observed_name(objective->model, found->column)};
  return og_fail(
      objective->context, OG_ERR_NOT_FINITE,
      "%sthe loss of data row %zu%s, at t = %s, has no value: observed %s = %.10g, where %s of %s is %s, but "
      "must be "
      "%s; the state there is (%s); try: bounds or another start for the parameters, or an expression that "
      "stays in that range",
      og_data_file(objective->data->table, objective->data->row[at->row], file),
      objective->data->row[at->row] + 1, at->trajectory, at->t,
      og_model_observed_name(objective->model, found->column), observed_value(at, found->column),
      about->argument[argument].name, about->name, number, og_domain_text(about->argument[argument].domain),
      states(at, state, sizeof state));
}

/* "cells = 3 of poisson(lambda = 0)" */
static size_t describe(const place *at, const arguments *found, char *text, size_t size) {
  const og_objective *objective = at->batch->objective;
  const og_distribution *about = found->observed->distribution;
  size_t used = (size_t)snprintf(text, size, "%s = %.10g of %s(",
                                 og_model_observed_name(objective->model, found->column),
                                 observed_value(at, found->column), about->name);
  for (int k = 0; k < about->arguments && used + 1 < size; k++)
    used += (size_t)snprintf(
        text + used, size - used, "%s%s = %.6g%s", k ? ", " : "", about->argument[k].name,
        og_shown(found->values[found->first[k]]),
        og_graph_shape(objective->parts.graph, found->observed->argument[k]).rows > 1 ? ", ..." : "");
  return used + 1 < size ? used + (size_t)snprintf(text + used, size - used, ")") : used;
}

static og_status refuse_row(const place *at, const char *observed) {
  const og_objective *objective = at->batch->objective;
  char loss[OG_NUMBER_SIZE], file[OG_FILE_SIZE], state[200] = "";
  og_format_real(at->batch->row_losses[at->observation], loss);
  return og_fail(
      objective->context, OG_ERR_NOT_FINITE,
      "%sthe loss of data row %zu%s, at t = %s, is %s or its derivative is not finite: observed %s, where "
      "the state is (%s); try: check that the value can come from its distribution with these arguments, "
      "and that what is written for them has a derivative there",
      og_data_file(objective->data->table, objective->data->row[at->row], file),
      objective->data->row[at->row] + 1, at->trajectory, at->t, loss, observed,
      states(at, state, sizeof state));
}

og_status og_batch_bad_row(const og_batch *batch, const double *theta, size_t m, size_t i) {
  const og_objective *objective = batch->objective;
  const og_data *data = objective->data;
  place at = {.batch = batch, .theta = theta, .problem = m, .observation = i, .row = batch->rows[i]};
  char observed[400] = "";
  size_t used = 0;
  og_data_trajectory(data->table, batch->problems[m].trajectory, at.trajectory);
  og_format_real(data->times[at.row], at.t);
  for (size_t k = 0; k < data->columns; k++) {
    arguments found;
    int argument;
    if (data->values[(2 * at.row + 1) * data->columns + k] == 0) continue;
    og_status status = find_arguments(&at, k, &found);
    const double *value = status == OG_OK ? outside(&at, &found, &argument) : NULL;
    if (value) status = refuse_argument(&at, &found, argument, *value);
    if (status == OG_OK && used + 1 < sizeof observed) {
      used += (size_t)snprintf(observed + used, sizeof observed - used, "%s", used ? ", " : "");
      if (used + 1 < sizeof observed) used += describe(&at, &found, observed + used, sizeof observed - used);
    }
    og_free(objective->context, found.values);
    if (status != OG_OK) return status;
  }
  return refuse_row(&at, observed);
}
