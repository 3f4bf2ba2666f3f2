/* Values that are set in place of those of the text: the model is lowered again with them. */
#include <math.h>
#include <string.h>

#include "model/whole.h"

/* The values of an expression that may read the model's consts; a source and a graph of their own. */
static og_status evaluate(const og_model *model, const char *name, const char *expression, og_shape *shape,
                          double **values) {
  og_source source;
  og_syntax syntax = {.source = &source};
  og_lowering own = {.source = &source, .syntax = &syntax};
  char place[80]; /* a file could be called as the parameter is */
  snprintf(place, sizeof place, "the value of %.60s", name);
  *values = NULL;
  og_status status = og_source_open(&source, model->context, place, expression, strlen(expression));
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
  if (status == OG_OK && !og_index_symbols(model->context, &own, own.count + 1))
    status = og_fail_memory(model->context, own.count * sizeof(size_t), "an expression");
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
  og_free(model->context, own.place);
  og_source_close(&source);
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
  OG_TRY(og_model_lower(model, &fresh));
  og_lowered_let_go(model->lowered);
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
