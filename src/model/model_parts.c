/* What a model is made of, for those who ask: its field, parameters, states, columns. */
#include <math.h>
#include <string.h>

#include "model/whole.h"

const og_field *og_model_field(const og_model *model) {
  if (!model) return NULL;
  return model->lowered->lowering.parts.field;
}

/* A weight and a bias for each layer. */
size_t og_model_parameters(const og_model *model) {
  if (!model) return 0;
  return model->lowered->param_count + 2 * model->lowered->lowering.layer_count;
}
size_t og_model_states(const og_model *model) {
  if (!model) return 0;
  return model->lowered->state_count;
}

static og_parameter_info about_parameter(const og_symbol *s) {
  og_parameter_info info = {OG_INIT(og_parameter_info),
                            .name = s->name,
                            .offset = s->offset,
                            .rows = (size_t)s->shape.rows,
                            .columns = (size_t)s->shape.columns,
                            .lowest = s->low,
                            .highest = s->high,
                            .weight = s->kind == OG_SY_WEIGHT,
                            .dimensions = s->shape.columns > 1 ? 2u : s->shape.rows > 1,
                            .shape = {(size_t)s->shape.rows, (size_t)s->shape.columns}};
  if (!s->rank) return info;
  info.dimensions = (size_t)s->rank;
  memcpy(info.shape, s->extents, sizeof info.shape);
  return info;
}

static og_parameter_info about_tensor(const og_layer *layer, int is_bias) {
  return (og_parameter_info){OG_INIT(og_parameter_info),
                             .name = is_bias ? layer->bias : layer->weight,
                             .offset = layer->offset + (is_bias ? og_layer_weight_size(layer) : 0),
                             .rows = (size_t)layer->outputs,
                             .columns = is_bias ? 1 : (size_t)layer->inputs,
                             .lowest = -INFINITY,
                             .highest = INFINITY,
                             .weight = 1,
                             .dimensions = is_bias ? 1 : 2,
                             .shape = {(size_t)layer->outputs, is_bias ? 1 : (size_t)layer->inputs}};
}

og_status og_model_parameter(const og_model *model, size_t index, og_parameter_info *info) {
  OG_OBJECT(model);
  OG_NEED(model->context, info);
  const og_lowered *l = model->lowered;
  size_t count = og_model_parameters(model);
  if (index >= count)
    return og_fail(model->context, OG_ERR_ARGUMENT, "parameter %zu of a model with %zu", index, count);
  size_t tensor = index - l->param_count;
  og_parameter_info about = index < l->param_count
                                ? about_parameter(&l->lowering.symbols[l->params[index]])
                                : about_tensor(&l->lowering.layers[tensor / 2], tensor % 2 != 0);
  return OG_GIVE(model->context, og_parameter_info, about, info);
}

og_status og_model_state(const og_model *model, size_t index, og_state_info *info) {
  OG_OBJECT(model);
  OG_NEED(model->context, info);
  const og_lowered *l = model->lowered;
  if (index >= l->state_count)
    return og_fail(model->context, OG_ERR_ARGUMENT, "state %zu of a model with %zu", index, l->state_count);
  const og_symbol *s = &l->lowering.symbols[l->states[index]];
  og_state_info about = {OG_INIT(og_state_info), s->name, s->offset, (size_t)s->shape.rows};
  return OG_GIVE(model->context, og_state_info, about, info);
}

og_status og_model_initialize(const og_model *model, long long seed, double *theta) {
  OG_OBJECT(model);
  OG_NEED_IF(model->context, model->lowered->lowering.parts.parameters, theta);
  for (size_t i = 0; i < model->lowered->lowering.count; i++) {
    const og_symbol *s = &model->lowered->lowering.symbols[i];
    size_t entries = (size_t)s->shape.rows * (size_t)s->shape.columns;
    if (s->kind == OG_SY_WEIGHT && !s->values)
      og_draw_tensor(s->draw, s->name, (uint64_t)seed, entries, theta + s->offset);
    else if (s->kind == OG_SY_PARAM || s->kind == OG_SY_WEIGHT)
      memcpy(theta + s->offset, s->values, entries * sizeof *theta);
  }
  for (size_t i = 0; i < model->lowered->lowering.layer_count; i++)
    og_layer_initialize(&model->lowered->lowering.layers[i], (uint64_t)seed, theta);
  return OG_OK;
}

og_status og_model_values(const og_model *model, double *theta) {
  OG_OBJECT(model);
  OG_NEED_IF(model->context, model->lowered->lowering.parts.parameters, theta);
  return og_model_initialize(model, 0, theta);
}

og_status og_model_span(const og_model *model, double *t0, double *t1) {
  OG_OBJECT(model);
  OG_NEED(model->context, t0);
  OG_NEED(model->context, t1);
  const og_model_parts *parts = &model->lowered->lowering.parts;
  if (!parts->has_span) return OG_ERR_STATE;
  *t0 = parts->t0;
  *t1 = parts->t1;
  return OG_OK;
}

size_t og_model_observed(const og_model *model) {
  if (!model) return 0;
  return model->lowered->lowering.parts.observed;
}

const char *og_model_observed_name(const og_model *model, size_t index) {
  if (!model) return NULL;
  return index < model->lowered->lowering.parts.observed ? model->lowered->lowering.observed[index] : NULL;
}

size_t og_model_inputs(const og_model *model) {
  if (!model) return 0;
  return model->lowered->lowering.parts.inputs;
}

const char *og_model_input_name(const og_model *model, size_t index) {
  if (!model) return NULL;
  return index < model->lowered->lowering.parts.inputs ? model->lowered->lowering.input_columns[index].name
                                                       : NULL;
}
