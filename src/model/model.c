/* The public face of a model. */
#include <math.h>
#include <string.h>

#include "field/field.h"
#include "model/whole.h"

const og_model_parts *og_model_parts_of(const og_model *model) { return &model->lowered->lowering.parts; }
og_context *og_model_context(const og_model *model) { return model->context; }
const char *og_model_text(const og_model *model) {
  if (!model) return "";
  return model->source.text;
}
uint64_t og_model_digest(const og_model *model) {
  return model->origin.lower ? og_graph_digest(model->lowered->lowering.graph) : 0;
}
int og_model_saved(const og_model *model) {
  if (!model) return 0;
  return model->saved;
}
void og_model_set_saved(og_model *model) { model->saved = 1; }

/* A graph alone; `survey` may be NULL. On failure there is nothing to free. */
static og_status lower_once(og_model *model, const og_lowering *survey, og_lowering *lowering) {
  *lowering = (og_lowering){.context = model->context,
                            .source = &model->source,
                            .syntax = &model->syntax,
                            .survey = survey,
                            .overrides = model->overrides,
                            .override_count = model->override_count};
  model->source.errors = model->source.no_memory = 0;
  model->source.used = 0;
  og_status status = og_graph_create(model->context, &lowering->graph);
  if (status == OG_OK)
    status = model->origin.lower ? model->origin.lower(model->origin.of, lowering) : og_lower_model(lowering);
  lowering->survey = NULL;
  if (status == OG_OK) return OG_OK;
  og_lowering_free(lowering);
  return status;
}

static og_status lower_graph(og_model *model, og_lowering *lowering) {
  og_lowering survey;
  if (!model->syntax.dense) return lower_once(model, NULL, lowering);
  OG_TRY(lower_once(model, NULL, &survey));
  og_status status = lower_once(model, &survey, lowering);
  og_lowering_free(&survey);
  return status;
}

static void destroy_lowered(void *lowered) {
  og_lowered *l = lowered;
  og_context *context = l->lowering.context;
  l->lowering.parts.field = NULL; /* with which it goes */
  og_model_programs_destroy(&l->programs);
  og_lowering_free(&l->lowering);
  og_free(context, l->params);
  og_free(context, l);
}

static og_status list_symbols(og_lowered *lowered) {
  const og_lowering *l = &lowered->lowering;
  lowered->params = og_alloc(l->context, 2 * l->count + 1, sizeof *lowered->params);
  if (!lowered->params) return og_fail_memory(l->context, l->count * sizeof(size_t), "the names of a model");
  lowered->states = lowered->params + l->count;
  for (size_t i = 0; i < l->count; i++) {
    if (l->symbols[i].kind == OG_SY_PARAM) lowered->params[lowered->param_count++] = i;
    if (l->symbols[i].kind == OG_SY_STATE) lowered->states[lowered->state_count++] = i;
  }
  for (size_t i = 0; i < l->count; i++)
    if (l->symbols[i].kind == OG_SY_WEIGHT) lowered->params[lowered->param_count++] = i;
  return OG_OK;
}

static og_status fill_lowered(og_model *model, og_lowered *lowered) {
  OG_TRY(lower_graph(model, &lowered->lowering));
  og_status status = list_symbols(lowered);
  if (status == OG_OK) status = og_model_programs_create(&lowered->lowering.parts, &lowered->programs);
  if (status == OG_OK) return OG_OK;
  og_free(model->context, lowered->params);
  og_lowering_free(&lowered->lowering);
  return status;
}

/* Lowers the syntax, with programs. From then on the field is what it is kept and let go by. */
static og_status lower(og_model *model, og_lowered **out) {
  og_lowered *lowered = og_alloc(model->context, 1, sizeof *lowered);
  if (!lowered) return og_fail_memory(model->context, sizeof *lowered, "a model");
  og_status status = fill_lowered(model, lowered);
  if (status != OG_OK) {
    og_free(model->context, lowered);
    return status;
  }
  og_field *field = (og_field *)lowered->lowering.parts.field;
  field->owner = lowered;
  field->destroy_owner = destroy_lowered;
  *out = lowered;
  return OG_OK;
}

static void let_go(og_lowered *lowered) {
  if (lowered) og_field_destroy((og_field *)lowered->lowering.parts.field);
}

static og_status open_source(og_source *source, og_context *context, const char *name, const char *text,
                             size_t length) {
  *source = (og_source){.context = context, .length = length};
  source->name = og_strdup(context, name);
  source->text = og_alloc(context, length + 1, 1);
  if (!source->name || !source->text) return og_fail_memory(context, length, "a model's text");
  if (length) memcpy(source->text, text, length);
  for (size_t i = 0; i < length; i++)
    if (text[i] == 0)
      return og_fail(context, OG_ERR_MODEL, "%s: byte %zu is NUL: a model is plain text", name, i + 1);
  return OG_OK;
}

static void close_source(og_source *source) {
  og_free(source->context, source->name);
  og_free(source->context, source->text);
  og_free(source->context, source->report);
}

/* What is wrong besides the syntax, in the statements that could be read; always a failure. */
static og_status report_rest(og_model *model) {
  og_lowering lowering = {.context = model->context, .source = &model->source, .syntax = &model->syntax};
  og_status status = og_graph_create(model->context, &lowering.graph);
  if (status == OG_OK) status = og_lower_model(&lowering);
  og_lowering_free(&lowering);
  return status;
}

static void note_idle_inputs(const og_model *model) {
  const og_lowering *l = &model->lowered->lowering;
  for (size_t i = 0; i < l->count; i++)
    if (l->symbols[i].idle)
      og_log(model->context,
             "note: no equation, event, observation, cost or initial value reads the input %s",
             l->symbols[i].name);
}

static og_status fill(og_model *model, const char *name, const char *text, size_t length) {
  OG_TRY(open_source(&model->source, model->context, name, text, length));
  og_parse_model(&model->syntax);
  if (model->source.no_memory) return og_source_status(&model->source);
  if (model->source.errors) return report_rest(model);
  OG_TRY(lower(model, &model->lowered));
  note_idle_inputs(model);
  return OG_OK;
}

og_status og_model_create_from_text(og_context *context, const char *name, const char *text, size_t length,
                                    og_model **out) {
  if (out) *out = NULL;
  OG_OBJECT(context);
  OG_NEED(context, out);
  OG_NEED(context, name);
  OG_NEED_IF(context, length, text);
  og_model *model = og_alloc(context, 1, sizeof *model);
  if (!model) return og_fail_memory(context, sizeof *model, "a model");
  model->context = context;
  model->source.context = context;
  model->syntax.source = &model->source;
  og_status status = fill(model, name, text, length);
  if (status != OG_OK) {
    og_model_destroy(model);
    return status;
  }
  *out = model;
  return OG_OK;
}

static og_status fill_from_origin(og_model *model, const char *name) {
  OG_TRY(open_source(&model->source, model->context, name, "", 0));
  OG_TRY(lower(model, &model->lowered));
  note_idle_inputs(model);
  return OG_OK;
}

og_status og_model_from_origin(og_context *context, const char *name, og_model_origin origin,
                               og_model **out) {
  og_model *model = og_alloc(context, 1, sizeof *model);
  *out = NULL;
  if (!model) {
    origin.let_go(origin.of);
    return og_fail_memory(context, sizeof *model, "a model");
  }
  *model = (og_model){.context = context, .origin = origin};
  model->source.context = context;
  model->syntax.source = &model->source;
  og_status status = fill_from_origin(model, name);
  if (status == OG_OK)
    *out = model;
  else
    og_model_destroy(model);
  return status;
}

/* The field is the model's own, whatever others may do with it. */
og_status og_model_compile(og_model *model, og_precision precision) {
  OG_OBJECT(model);
  return og_field_compile((og_field *)model->lowered->lowering.parts.field, precision == OG_PRECISION_SINGLE);
}

void og_model_keep(const og_model *model) {
  if (model) og_keep(&((og_model *)model)->references);
}

void og_model_destroy(og_model *model) {
  if (!model || !og_was_last(&model->references)) return;
  let_go(model->lowered);
  og_syntax_free(&model->syntax);
  close_source(&model->source);
  if (model->origin.let_go) model->origin.let_go(model->origin.of);
  for (size_t i = 0; i < model->override_count; i++) {
    og_free(model->context, model->overrides[i].name);
    og_free(model->context, model->overrides[i].expression);
    og_free(model->context, model->overrides[i].values);
  }
  og_free(model->context, model->overrides);
  og_free(model->context, model);
}

/* ---- Setting values ---- */

/* The values of an expression that may read the model's consts; a source and a graph of their own. */
static og_status evaluate(const og_model *model, const char *name, const char *expression, og_shape *shape,
                          double **values) {
  og_source source;
  og_syntax syntax = {.source = &source};
  og_lowering own = {.source = &source, .syntax = &syntax};
  char place[80]; /* a file could be called as the parameter is */
  snprintf(place, sizeof place, "the value of %.60s", name);
  *values = NULL;
  og_status status = open_source(&source, model->context, place, expression, strlen(expression));
  if (status == OG_OK) status = og_graph_create(model->context, &own.graph);
  own.symbols = status == OG_OK
                    ? og_alloc(model->context, model->lowered->lowering.count + 1, sizeof *own.symbols)
                    : NULL;
  if (status == OG_OK && !own.symbols) status = og_fail_memory(model->context, 0, "an expression");
  for (size_t i = 0; status == OG_OK && i < model->lowered->lowering.count; i++) {
    const og_symbol *symbol = &model->lowered->lowering.symbols[i];
    if (symbol->kind != OG_SY_CONST) continue;
    own.symbols[own.count] = *symbol;
    own.symbols[own.count++].node = og_constant_tensor(own.graph, symbol->shape, symbol->values);
  }
  og_expression *e = status == OG_OK ? og_parse_lone_expression(&syntax) : NULL;
  if (e && !og_constant_values(&own, e, "the value", shape, values) && !source.errors) source.no_memory = 1;
  if (status == OG_OK) status = og_source_status(&source);
  if (status != OG_OK) {
    og_free(model->context, *values);
    *values = NULL;
  }
  og_syntax_free(&syntax);
  og_graph_destroy(own.graph);
  og_free(model->context, own.symbols);
  close_source(&source);
  return status;
}

static int is_weight(const og_lowering *l, const char *name) {
  const og_symbol *symbol = og_find_symbol(l, name, strlen(name));
  if (symbol && symbol->kind == OG_SY_WEIGHT) return 1;
  for (size_t i = 0; i < l->layer_count; i++)
    if (strcmp(name, l->layers[i].weight) == 0 || strcmp(name, l->layers[i].bias) == 0) return 1;
  return 0;
}

static og_status unknown(const og_model *model, const char *name) {
  const og_lowering *l = &model->lowered->lowering;
  if (is_weight(l, name))
    return og_fail(model->context, OG_ERR_NAME,
                   "'%s' belongs to a network and cannot be set: weights are drawn from the seed by the "
                   "initialiser in the model, or read from a file of parameters",
                   name);
  size_t whole = strcspn(name, "[");
  if (name[whole] && og_find_symbol(l, name, whole))
    return og_fail(model->context, OG_ERR_NAME, "entries are set all at once: %.*s=[...], not %s", (int)whole,
                   name, name);
  const char **names = og_alloc(model->context, l->count + 1, sizeof *names);
  size_t count = 0;
  for (size_t i = 0; names && i < l->count; i++)
    if (l->symbols[i].kind == OG_SY_PARAM || l->symbols[i].kind == OG_SY_CONST)
      names[count++] = l->symbols[i].name;
  const char *near = names ? og_nearest(name, names, count) : NULL;
  og_status status = og_fail(model->context, OG_ERR_NAME, "the model has no param or const '%s'%s%s%s", name,
                             near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
  og_free(model->context, names);
  return status;
}

/* With all digits: 5.000000000001 is outside [0, 5], and 5 is not. */
static og_status outside_bounds(const og_model *model, const og_symbol *symbol, double value) {
  char number[OG_NUMBER_SIZE], low[OG_NUMBER_SIZE], high[OG_NUMBER_SIZE];
  og_format_real(value, number), og_format_real(symbol->low, low), og_format_real(symbol->high, high);
  return og_fail(model->context, OG_ERR_BOUNDS, "'%s' = %s lies outside its bounds [%s, %s]", symbol->name,
                 number, low, high);
}

static og_status check_new(const og_model *model, const og_symbol *symbol, og_shape shape,
                           const double *values) {
  char left[OG_SHAPE_TEXT], right[OG_SHAPE_TEXT];
  if (shape.rows != symbol->shape.rows || shape.columns != symbol->shape.columns)
    return og_fail(model->context, OG_ERR_SHAPE, "'%s' is %s and cannot be set to %s", symbol->name,
                   og_shape_text(symbol->shape, left), og_shape_text(shape, right));
  for (int i = 0; i < shape.rows * shape.columns; i++) {
    if (!isfinite(values[i]))
      return og_fail(model->context, OG_ERR_NOT_FINITE, "'%s' cannot be set to %g", symbol->name,
                     og_shown(values[i]));
    if (values[i] < symbol->low || values[i] > symbol->high) return outside_bounds(model, symbol, values[i]);
  }
  return OG_OK;
}

/* Adds or replaces the override; takes expression and values. *old receives what must be put back or freed.
 */
static og_status put_override(og_model *model, const og_symbol *symbol, char *expression, double *values,
                              og_override *old, size_t *place) {
  size_t i = 0;
  while (i < model->override_count && strcmp(model->overrides[i].name, symbol->name) != 0) i++;
  *place = i;
  *old = (og_override){0};
  if (i == model->override_count) {
    og_override *more = og_resize(model->context, model->overrides, i, i + 1, sizeof *more);
    char *name = og_strdup(model->context, symbol->name);
    if (more) model->overrides = more;
    if (!more || !name) {
      og_free(model->context, name);
      return og_fail_memory(model->context, sizeof *more, "a value");
    }
    model->overrides[i] = (og_override){.name = name};
    model->override_count++;
  } else {
    *old = model->overrides[i];
  }
  model->overrides[i].expression = expression;
  model->overrides[i].values = values;
  model->overrides[i].count = symbol->shape.rows * symbol->shape.columns;
  return OG_OK;
}

static void undo_override(og_model *model, size_t place, const og_override *old) {
  og_free(model->context, model->overrides[place].expression);
  og_free(model->context, model->overrides[place].values);
  if (old->name) {
    model->overrides[place] = *old;
  } else {
    og_free(model->context, model->overrides[place].name);
    model->override_count--;
  }
}

/* A const is folded into the graph, so everything is made anew; the old graph stays when that fails. */
static og_status lower_again(og_model *model) {
  og_lowered *fresh;
  OG_TRY(lower(model, &fresh));
  let_go(model->lowered);
  model->lowered = fresh;
  return OG_OK;
}

static og_status set(og_model *model, const og_symbol *symbol, char *expression, double *values) {
  og_override old;
  size_t place = 0;
  og_status status = expression ? put_override(model, symbol, expression, values, &old, &place)
                                : og_fail_memory(model->context, 0, "an expression");
  if (status != OG_OK) {
    og_free(model->context, expression);
    og_free(model->context, values);
    return status;
  }
  status = lower_again(model);
  if (status != OG_OK) {
    undo_override(model, place, &old);
    return status;
  }
  og_free(model->context, old.expression);
  og_free(model->context, old.values);
  return OG_OK;
}

og_status og_model_set(og_model *model, const char *name, const char *expression) {
  OG_OBJECT(model);
  OG_NEED(model->context, name);
  OG_NEED(model->context, expression);
  const og_symbol *symbol = og_find_symbol(&model->lowered->lowering, name, strlen(name));
  og_shape shape;
  double *values;
  if (!symbol || (symbol->kind != OG_SY_PARAM && symbol->kind != OG_SY_CONST)) return unknown(model, name);
  OG_TRY(evaluate(model, name, expression, &shape, &values));
  og_status status = check_new(model, symbol, shape, values);
  if (status == OG_OK) return set(model, symbol, og_strdup(model->context, expression), values);
  og_free(model->context, values);
  return status;
}

int og_model_setting(const og_model *model, size_t index, const char **name, const char **expression) {
  for (size_t i = 0; i < model->override_count; i++) {
    const og_override *o = &model->overrides[i];
    const og_symbol *symbol = og_find_symbol(&model->lowered->lowering, o->name, strlen(o->name));
    if (symbol->kind != OG_SY_CONST || index-- > 0) continue;
    *name = o->name;
    *expression = o->expression;
    return 1;
  }
  return 0;
}

/* ---- Looking ---- */

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
  og_parameter_info info = {.name = s->name,
                            .offset = s->offset,
                            .rows = (size_t)s->shape.rows,
                            .columns = (size_t)s->shape.columns,
                            .lowest = s->low,
                            .highest = s->high,
                            .weight = s->kind == OG_SY_WEIGHT,
                            .dimensions = s->shape.columns > 1 ? 2 : s->shape.rows > 1,
                            .shape = {(size_t)s->shape.rows, (size_t)s->shape.columns}};
  if (!s->rank) return info;
  info.dimensions = s->rank;
  memcpy(info.shape, s->extents, sizeof info.shape);
  return info;
}

static og_parameter_info about_tensor(const og_layer *layer, int is_bias) {
  return (og_parameter_info){.name = is_bias ? layer->bias : layer->weight,
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
  *info = index < l->param_count ? about_parameter(&l->lowering.symbols[l->params[index]])
                                 : about_tensor(&l->lowering.layers[tensor / 2], tensor % 2 != 0);
  return OG_OK;
}

og_status og_model_state(const og_model *model, size_t index, og_state_info *info) {
  OG_OBJECT(model);
  OG_NEED(model->context, info);
  const og_lowered *l = model->lowered;
  if (index >= l->state_count)
    return og_fail(model->context, OG_ERR_ARGUMENT, "state %zu of a model with %zu", index, l->state_count);
  const og_symbol *s = &l->lowering.symbols[l->states[index]];
  *info = (og_state_info){s->name, s->offset, (size_t)s->shape.rows};
  return OG_OK;
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
