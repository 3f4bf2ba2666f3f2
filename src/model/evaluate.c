/* A model at one point in time: its initial state, what it predicts, the probabilities of classes. */
#include <math.h>
#include <string.h>

#include "base/real.h"
#include "field/field.h"
#include "model/whole.h"

static int has_classes(const og_model_parts *parts) {
  for (size_t i = 0; i < parts->observed; i++)
    if (parts->distributions[i].distribution->support == OG_SUPPORT_CLASS) return 1;
  return 0;
}

static og_status create(const og_model_parts *parts, og_model_programs *programs) {
  OG_TRY(og_program_create(parts->graph, 1, &parts->initial_state, &programs->initial));
  if (parts->observed) OG_TRY(og_program_create(parts->graph, 1, &parts->locations, &programs->predict));
  return has_classes(parts) ? og_program_create(parts->graph, 1, &parts->observation_loss, &programs->loss)
                            : OG_OK;
}

og_status og_model_programs_create(const og_model_parts *parts, og_model_programs *programs) {
  *programs = (og_model_programs){0};
  og_status status = create(parts, programs);
  if (status != OG_OK) og_model_programs_destroy(programs);
  return status;
}

void og_model_programs_destroy(og_model_programs *programs) {
  og_program_destroy(programs->initial);
  og_program_destroy(programs->predict);
  og_program_destroy(programs->loss);
  *programs = (og_model_programs){0};
}

/* Parameters as they are; an input's value u as the rows of a constant. */
static void fill_theta(const og_model_parts *parts, const double *theta, double *rows) {
  size_t p = parts->parameters;
  if (p) memcpy(rows, theta, p * sizeof *theta);
  for (size_t i = 0; i < parts->inputs; i++) rows[p + OG_INPUT_ROWS * i + OG_INPUT_LEVEL] = theta[p + i];
}

/* Where a program is run: x NULL before there is one, data [2 K] only for losses. */
typedef struct point {
  double t;
  const double *x, *theta, *data;
} point;

/* Runs a program for one lane on copies of the caller's arrays, which need not be padded. */
static og_status run_one(const og_model *model, const og_program *program, const point *at, size_t count,
                         double *result) {
  const og_model_parts *parts = &model->lowered->lowering.parts;
  size_t n = OG_PADDED(parts->states), k = OG_PADDED(count), d = OG_PADDED(2 * parts->observed);
  size_t p = OG_PADDED(parts->parameters + OG_INPUT_ROWS * parts->inputs);
  size_t bytes = (n + p + d + k + OG_LANE_STEP) * sizeof(double) + og_program_scratch_bytes(program, 1);
  double *memory = og_alloc(model->context, 1, bytes + 64);
  if (!memory) return og_fail_memory(model->context, bytes, "an evaluation of the model");
  double *state = memory + OG_LANE_STEP, *parameters = state + n, *data = parameters + p, *out = data + d;
  memory[0] = at->t;
  if (at->x) memcpy(state, at->x, parts->states * sizeof *state);
  if (at->data) memcpy(data, at->data, 2 * parts->observed * sizeof *data);
  fill_theta(parts, at->theta, parameters);
  const double *inputs[OG_SLOT_COUNT] = {[OG_SLOT_TIME] = memory,
                                         [OG_SLOT_STATE] = state,
                                         [OG_SLOT_PARAMETER] = parameters,
                                         [OG_SLOT_DATA] = data};
  double *outputs[] = {out};
  og_program_run_d(program, 1, inputs, outputs, out + k);
  memcpy(result, out, count * sizeof *result);
  og_free(model->context, memory);
  return OG_OK;
}

og_status og_model_initial_state(const og_model *model, double t0, const double *theta, double *x0) {
  OG_OBJECT(model);
  OG_NEED_IF(model->context,
             model->lowered->lowering.parts.parameters + model->lowered->lowering.parts.inputs, theta);
  OG_NEED(model->context, x0);
  const point at = {.t = t0, .theta = theta};
  return run_one(model, model->lowered->programs.initial, &at, model->lowered->lowering.parts.states, x0);
}

og_status og_model_predict(const og_model *model, double t, const double *x, const double *theta,
                           double *location) {
  OG_OBJECT(model);
  OG_NEED(model->context, x);
  OG_NEED_IF(model->context,
             model->lowered->lowering.parts.parameters + model->lowered->lowering.parts.inputs, theta);
  OG_NEED_IF(model->context, model->lowered->lowering.parts.observed, location);
  const point at = {.t = t, .x = x, .theta = theta};
  if (!model->lowered->programs.predict) return OG_OK;
  return run_one(model, model->lowered->programs.predict, &at, model->lowered->lowering.parts.observed,
                 location);
}

size_t og_model_observed_classes(const og_model *model, size_t index) {
  if (!model) return 0;
  const og_model_parts *parts = &model->lowered->lowering.parts;
  if (index >= parts->observed || parts->distributions[index].distribution->support != OG_SUPPORT_CLASS)
    return 0;
  return (size_t)og_graph_shape(parts->graph, parts->distributions[index].argument[0]).rows;
}

/* The loss of a row that has the one column alone is -log p(y). */
og_status og_model_probabilities(const og_model *model, size_t index, double t, const double *x,
                                 const double *theta, double *probabilities) {
  OG_OBJECT(model);
  OG_NEED(model->context, x);
  OG_NEED_IF(model->context,
             model->lowered->lowering.parts.parameters + model->lowered->lowering.parts.inputs, theta);
  OG_NEED(model->context, probabilities);
  size_t observed = model->lowered->lowering.parts.observed,
         classes = og_model_observed_classes(model, index);
  double *data = og_alloc(model->context, 2 * observed + classes + 1, sizeof *data);
  if (!data) return og_fail_memory(model->context, observed * sizeof *data, "probabilities");
  double *found = data + 2 * observed;
  const point at = {t, x, theta, data};
  og_status status = OG_OK;
  for (size_t i = 0; i < observed; i++) data[i] = 1; /* any distribution allows it */
  if (classes) data[observed + index] = 1;
  for (size_t k = 0; k < classes && status == OG_OK; k++) {
    data[index] = (double)(k + 1);
    status = run_one(model, model->lowered->programs.loss, &at, 1, &found[k]);
  }
  for (size_t k = 0; k < classes && status == OG_OK; k++) probabilities[k] = exp(-found[k]);
  og_free(model->context, data);
  return status;
}
