/* From what was called to the parts of a model, as a text's lowering gives them: a copy of the graph in which
 * weights, inputs' rows and flags stand in their places, and names. */
#include <stdio.h>
#include <string.h>

#include "builder/builder.h"
#include "field/field.h"

/* ---- What is missing ---- */

og_status og_builder_check(const og_builder *builder, int field_alone) {
  if (!builder->states)
    return og_fail(builder->context, OG_ERR_MODEL,
                   "the model has no states: see og_builder_state and og_builder_set_derivative");
  for (size_t i = 0; i < builder->declared; i++) {
    const og_declaration *d = &builder->declarations[i];
    if (d->kind != OG_SY_STATE) continue;
    if (d->derivative < 0)
      return og_fail(builder->context, OG_ERR_MODEL,
                     "the state '%.64s' has no derivative: see og_builder_set_derivative", d->name);
    if (d->initial < 0 && !field_alone)
      return og_fail(builder->context, OG_ERR_MODEL,
                     "the state '%.64s' has no initial value: see og_builder_set_initial", d->name);
  }
  return OG_OK;
}

/* ---- Names ---- */

static int copy_symbol_values(og_lowering *l, const og_declaration *d, og_symbol *symbol) {
  if (!d->values) return 1;
  symbol->values = og_alloc(l->context, d->entries, sizeof *symbol->values);
  if (!symbol->values) return 0;
  memcpy(symbol->values, d->values, d->entries * sizeof *d->values);
  return og_apply_override(l, symbol, symbol->shape, symbol->values);
}

/* Rows and columns as files and messages have them: the first dimension, and all others. */
static og_shape rows_and_columns(const og_declaration *d) {
  if (d->kind == OG_SY_STATE || d->shape.rank < 2) return (og_shape){(int)d->entries, 1};
  int rows = (int)d->shape.size[0];
  return (og_shape){rows, (int)d->entries / rows};
}

/* What counts from the start of theta there. */
static size_t offset_of(const og_builder *b, const og_declaration *d) {
  return d->kind == OG_SY_WEIGHT ? b->parameters + d->offset : d->offset;
}

static int add_symbol(og_lowering *l, const og_builder *b, const og_declaration *d) {
  og_symbol *symbol = &l->symbols[l->count];
  *symbol = (og_symbol){.kind = d->kind,
                        .name = og_strdup(l->context, d->name),
                        .span = {0, strlen(d->name)},
                        .shape = rows_and_columns(d),
                        .offset = offset_of(b, d),
                        .low = d->low,
                        .high = d->high,
                        .draw = d->draw,
                        .rank = (int)d->shape.rank,
                        .node = OG_NODE_NONE};
  memcpy(symbol->extents, d->shape.size, sizeof symbol->extents);
  l->count++;
  return symbol->name && copy_symbol_values(l, d, symbol);
}

static int add_symbols(og_lowering *l, const og_builder *b) {
  l->symbols = og_alloc(l->context, b->declared + 1, sizeof *l->symbols);
  if (!l->symbols) return 0;
  l->capacity = b->declared + 1;
  for (size_t i = 0; i < b->declared; i++)
    if (!add_symbol(l, b, &b->declarations[i])) return 0;
  if (!og_index_symbols(l->context, l, l->count)) return 0;
  l->parameters = b->parameters, l->weights = b->weights;
  l->states = b->states, l->inputs = b->inputs;
  return 1;
}

/* "name", or "name[3]" where it has several entries. */
static char *entry_name(og_lowering *l, const char *name, size_t entries, size_t entry) {
  size_t room = strlen(name) + 24;
  char *text = og_alloc(l->context, room, 1);
  if (text) snprintf(text, room, entries == 1 ? "%s" : "%s[%zu]", name, entry + 1);
  return text;
}

static int name_inputs(og_lowering *l, const og_builder *b) {
  l->input_columns = og_alloc(l->context, b->inputs + 1, sizeof *l->input_columns);
  if (!l->input_columns) return 0;
  for (size_t i = 0; i < b->declared; i++) {
    const og_declaration *d = &b->declarations[i];
    for (size_t k = 0; d->kind == OG_SY_INPUT && k < d->entries; k++) {
      og_input_column *column = &l->input_columns[d->offset + k];
      column->kind = d->signal;
      column->name = entry_name(l, d->name, d->shape.rank ? d->entries : 1, k);
      if (!column->name) return 0;
    }
  }
  l->parts.inputs = b->inputs;
  l->parts.input_columns = l->input_columns;
  return 1;
}

/* ---- Parts ---- */

static int add_columns(og_lowering *l, const og_built_observation *o, const og_node *map) {
  og_observed whole = o->observed;
  for (int k = 0; k < whole.distribution->arguments; k++) whole.argument[k] = map[whole.argument[k]];
  for (size_t i = 0; i < o->rows; i++) {
    size_t column = o->first + i;
    l->distributions[column] = og_observed_entry(l->graph, &whole, (int)i);
    l->observed[column] = entry_name(l, o->column, o->rows, i);
    l->parts.observed = column + 1;
    if (!l->observed[column]) return 0;
  }
  return 1;
}

static og_node plus(og_graph *g, og_node sum, og_node term) {
  return sum == OG_NODE_NONE ? term : og_apply2(g, OG_ADD, sum, term);
}

static int add_observations(og_lowering *l, const og_builder *b, const og_node *map) {
  if (!b->observed) return 1;
  og_node *locations = og_alloc(l->context, b->observed, sizeof *locations), loss = OG_NODE_NONE;
  l->observed = og_alloc(l->context, b->columns + 1, sizeof *l->observed);
  l->distributions = og_alloc(l->context, b->columns + 1, sizeof *l->distributions);
  int good = locations && l->observed && l->distributions;
  l->parts.distributions = l->distributions;
  for (size_t i = 0; good && i < b->observed; i++) {
    const og_built_observation *o = &b->observations[i];
    good = add_columns(l, o, map);
    locations[i] = map[o->location];
    loss = plus(l->graph, loss, map[o->term]);
  }
  l->parts.observation_loss = loss;
  if (good) l->parts.locations = og_concat(l->graph, locations, (int)b->observed);
  og_free(l->context, locations);
  return good;
}

/* Names are the symbols'. */
static int add_events(og_lowering *l, const og_builder *b, const og_node *map) {
  l->events = og_alloc(l->context, b->event_count + 1, sizeof *l->events);
  if (!l->events) return 0;
  for (size_t i = 0; i < b->event_count; i++) {
    const og_built_event *e = &b->events[i];
    l->events[l->parts.events++] = (og_graph_event){
        .about = {OG_INIT(og_event), l->symbols[e->declaration].name, e->direction, e->terminal},
        .guard = map[e->guard],
        .jump = map[e->jump]};
  }
  return 1;
}

/* States without an initial value, of a field alone, begin at 0. */
static void list_states(og_lowering *l, const og_builder *b, const og_node *map, og_node *initial,
                        og_node *rates) {
  size_t k = 0;
  for (size_t i = 0; i < b->declared; i++) {
    const og_declaration *d = &b->declarations[i];
    if (d->kind != OG_SY_STATE) continue;
    og_shape shape = {(int)d->entries, 1};
    initial[k] = d->initial < 0 ? og_uniform(l->graph, shape, 0) : map[d->initial];
    rates[k++] = map[d->derivative];
  }
}

static int mapped_cost(og_node cost, const og_node *map) { return cost < 0 ? OG_NODE_NONE : map[cost]; }

static int make_parts(og_lowering *l, const og_builder *b, const og_node *map) {
  size_t count = 0;
  for (size_t i = 0; i < b->declared; i++) count += b->declarations[i].kind == OG_SY_STATE;
  og_node *initial = og_alloc(l->context, count + 1, sizeof *initial);
  og_node *rates = og_alloc(l->context, count + 2, sizeof *rates);
  int good = initial && rates && add_observations(l, b, map) && add_events(l, b, map);
  l->parts.final_cost = mapped_cost(b->final_cost, map);
  l->parts.has_span = b->has_span;
  l->parts.t0 = b->t0, l->parts.t1 = b->t1;
  if (good) list_states(l, b, map, initial, rates);
  if (good && !og_graph_status(l->graph))
    og_make_field(l, count, initial, rates, mapped_cost(b->running_cost, map));
  og_free(l->context, initial);
  og_free(l->context, rates);
  return good;
}

/* ---- The whole ---- */

static og_status copy_graph(og_lowering *l, const og_builder *b, og_node *map) {
  const og_slot_move moves[OG_SLOT_COUNT] = {
      [OG_SLOT_TIME] = {OG_SLOT_TIME, 0},
      [OG_SLOT_STATE] = {OG_SLOT_STATE, 0},
      [OG_SLOT_PARAMETER] = {OG_SLOT_PARAMETER, 0},
      [OG_SLOT_DATA] = {OG_SLOT_DATA, 0},
      [OG_BUILDER_WEIGHTS] = {OG_SLOT_PARAMETER, (int)b->parameters},
      [OG_BUILDER_INPUT_ROWS] = {OG_SLOT_PARAMETER, (int)(b->parameters + b->weights)},
      [OG_BUILDER_FLAGS] = {OG_SLOT_DATA, (int)b->columns}};
  return og_graph_copy(b->graph, moves, l->graph, map);
}

og_status og_builder_lower(const void *of, og_lowering *l) {
  const og_builder *b = of;
  l->parts.initial_state = l->parts.observation_loss = l->parts.locations = l->parts.final_cost =
      OG_NODE_NONE;
  og_node *map = og_alloc(l->context, (size_t)og_graph_size(b->graph) + 1, sizeof *map);
  og_status status = map ? copy_graph(l, b, map) : OG_ERR_MEMORY;
  if (status == OG_OK && !(add_symbols(l, b) && name_inputs(l, b) && make_parts(l, b, map)))
    l->source->no_memory = 1;
  if (status == OG_ERR_MEMORY) l->source->no_memory = 1;
  og_free(l->context, map);
  return og_settle_parts(l);
}

/* ---- The model, and the field ---- */

static void let_go(void *of) { og_builder_destroy(of); }

static og_status make(og_builder *builder, int field_alone, og_model **model) {
  OG_TRY(og_builder_result(builder));
  OG_TRY(og_builder_check(builder, field_alone));
  og_keep(&builder->references);
  og_model_origin origin = {builder, og_builder_lower, let_go};
  OG_TRY(og_model_from_origin(builder->context, "a model made by calls", origin, model));
  builder->closed = 1;
  return OG_OK;
}

og_status og_builder_model(og_builder *builder, og_model **out) {
  if (out) *out = NULL;
  OG_OBJECT(builder);
  OG_NEED(builder->context, out);
  return make(builder, 0, out);
}

/* The field has what it was made of with it. */
og_status og_builder_field(og_builder *builder, og_field **out) {
  og_model *model;
  if (out) *out = NULL;
  OG_OBJECT(builder);
  OG_NEED(builder->context, out);
  OG_TRY(make(builder, 1, &model));
  *out = (og_field *)og_model_field(model);
  og_field_keep(*out);
  og_model_destroy(model);
  return OG_OK;
}
