/* Statements to symbols and graph nodes, in the order in which they can be understood: constants and
 * parameters (lower_values.c), initial values (which give the states their shapes), equations, observations
 * (lower_observations.c), costs. */
#include "model/lower.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "field/field.h"

/* ---- States ---- */

/* The initial values, which may read parameters, t as t0 and definitions that read no state. */
static void lower_init(og_lowering *l, og_symbol *symbol, og_node *initial) {
  const og_expression *value = symbol->declaration->value;
  l->initial = 1;
  og_node node = og_lower_expression(l, value);
  l->initial = 0;
  *initial = node;
  if (node == OG_NODE_NONE) return;
  symbol->shape = og_graph_shape(l->graph, node);
  if (symbol->shape.columns != 1) {
    og_error_at(l->source, value->span, "a state is a scalar or a vector, not a matrix");
    *initial = OG_NODE_NONE;
    return;
  }
  symbol->offset = l->states;
  l->states += (size_t)symbol->shape.rows;
  if (l->states > OG_ENTRIES_MOST)
    og_error_at(l->source, symbol->span, "over %d states in all", OG_ENTRIES_MOST);
  symbol->node = og_input(l->graph, OG_SLOT_STATE, (int)symbol->offset, symbol->shape);
}

static og_node lower_equation(og_lowering *l, size_t index) {
  const og_statement *s = l->symbols[index].equation;
  char left[OG_SHAPE_TEXT], right[OG_SHAPE_TEXT];
  og_node node = og_lower_expression(l, s->value);
  if (node == OG_NODE_NONE) return node;
  og_shape own = og_graph_shape(l->graph, node), want = l->symbols[index].shape;
  if (l->symbols[index].node == OG_NODE_NONE) return OG_NODE_NONE; /* its initial value was refused */
  if (og_shape_size(own) == 1 || (own.rows == want.rows && own.columns == want.columns))
    return og_spread(l->graph, node, want);
  og_error_at(l->source, s->value->span, "the equation gives %s, but '%s' is %s", og_shape_text(own, left),
              l->symbols[index].name, og_shape_text(want, right));
  return OG_NODE_NONE;
}

static og_node scalar_cost(og_lowering *l, const og_statement *s) {
  char text[OG_SHAPE_TEXT];
  og_node node = og_lower_expression(l, s->value);
  if (node == OG_NODE_NONE || og_shape_size(og_graph_shape(l->graph, node)) == 1) return node;
  og_error_at(l->source, s->value->span, "a cost is a scalar, not %s",
              og_shape_text(og_graph_shape(l->graph, node), text));
  return OG_NODE_NONE;
}

/* ---- The whole ---- */

/* The derivative may have been written as a definition of another tool's. */
static void help_with_equation(og_lowering *l, const char *state) {
  static const char *const forms[][2] = {{"d", ""}, {"d", "dt"}, {"d", "_dt"}, {"", "dot"}, {"", "_dot"}};
  char name[64];
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
    int length = snprintf(name, sizeof name, "%s%s%s", forms[i][0], state, forms[i][1]);
    if (length < 0 || (size_t)length >= sizeof name) break;
    const og_symbol *symbol = og_find_symbol(l, name, (size_t)length);
    if (!symbol || symbol->kind != OG_SY_DEFINED) continue;
    og_help(l->source, "'%s = ...' only defines a name: write %s' = ...", name, state);
    return;
  }
  og_help(l->source, "add a line: %s' = ...", state);
}

static void declare_states(og_lowering *l) {
  og_syntax *syntax = l->syntax;
  for (size_t i = 0; i < syntax->count; i++) {
    og_statement *s = &syntax->statements[i];
    og_symbol *state =
        s->kind == OG_ST_INIT || s->kind == OG_ST_ALGEBRAIC ? og_declare(l, OG_SY_STATE, s) : NULL;
    if (state) state->algebraic = s->kind == OG_ST_ALGEBRAIC;
    if (s->kind == OG_ST_DEFINE) og_declare(l, OG_SY_DEFINED, s);
    if (s->kind == OG_ST_EVENT) og_declare(l, OG_SY_EVENT, s);
  }
  for (size_t i = 0; i < syntax->count; i++) {
    og_statement *s = &syntax->statements[i];
    if (s->kind != OG_ST_EQUATION) continue;
    og_symbol *state = og_find_symbol(l, l->source->text + s->name.at, s->name.length);
    if ((!state || state->kind != OG_SY_STATE) && og_in_failed_text(l->syntax, s->name)) continue;
    if (!state || state->kind != OG_SY_STATE) {
      og_error_at(l->source, s->name, "'%.*s' has an equation but no initial value", (int)s->name.length,
                  l->source->text + s->name.at);
      og_help(l->source, "add a line: init %.*s = ...", (int)s->name.length, l->source->text + s->name.at);
    } else if (state->algebraic) {
      og_refuse_derivative(l, s->name);
    } else if (state->equation) {
      og_error_at(l->source, s->name, "'%s' has two equations", state->name);
    } else {
      state->equation = s;
    }
  }
  og_declare_combined(l);
  for (size_t i = 0; i < l->count; i++)
    if (l->symbols[i].kind == OG_SY_STATE && !l->symbols[i].equation && !l->symbols[i].algebraic &&
        !l->symbols[i].combined && !og_in_failed_text(l->syntax, l->symbols[i].span)) {
      og_error_at(l->source, l->symbols[i].span, "'%s' has an initial value but no equation",
                  l->symbols[i].name);
      help_with_equation(l, l->symbols[i].name);
    }
}

/* In their order, so that long chains of definitions are not followed all at once; what nothing uses is
 * checked too. */
static void lower_definitions(og_lowering *l) {
  for (size_t i = 0; i < l->count; i++)
    if (l->symbols[i].kind == OG_SY_DEFINED && l->symbols[i].mark == OG_FRESH) og_lower_definition(l, i);
}

/* Initial values first: they give the states their shapes. */
static void lower_states(og_lowering *l, og_node *initial, og_node *rates) {
  size_t k = 0;
  for (size_t i = 0; i < l->count; i++)
    if (l->symbols[i].kind == OG_SY_STATE) lower_init(l, &l->symbols[i], &initial[k++]);
  lower_definitions(l);
  k = 0;
  for (size_t i = 0; i < l->count; i++)
    if (l->symbols[i].kind == OG_SY_STATE)
      rates[k++] = l->symbols[i].equation ? lower_equation(l, i) : OG_NODE_NONE;
  og_lower_combined(l, rates);
}

/* What is wrong in equations of states that are not there, or that have one already. */
static void look_at_other_equations(og_lowering *l) {
  for (size_t i = 0; i < l->syntax->count; i++) {
    const og_statement *s = &l->syntax->statements[i];
    if (s->kind != OG_ST_EQUATION) continue;
    const og_symbol *state = og_find_symbol(l, l->source->text + s->name.at, s->name.length);
    if (!state || state->equation != s) og_lower_expression(l, s->value);
  }
}

static size_t count_states(const og_lowering *l) {
  size_t count = 0;
  for (size_t i = 0; i < l->count; i++) count += l->symbols[i].kind == OG_SY_STATE;
  return count;
}

static void lower_costs(og_lowering *l, og_node *integral) {
  const og_statement *seen[2] = {NULL, NULL};
  for (size_t i = 0; i < l->syntax->count; i++) {
    const og_statement *s = &l->syntax->statements[i];
    if (s->kind != OG_ST_COST_FINAL && s->kind != OG_ST_COST_INTEGRAL) continue;
    int which = s->kind == OG_ST_COST_INTEGRAL;
    if (seen[which])
      og_error_at(l->source, s->name, "a second cost of this kind: add them up in one statement");
    seen[which] = s;
    *(which ? integral : &l->parts.final_cost) = scalar_cost(l, s);
  }
}

static void lower_time(og_lowering *l) {
  for (size_t i = 0; i < l->syntax->count; i++) {
    const og_statement *s = &l->syntax->statements[i];
    if (s->kind != OG_ST_TIME) continue;
    if (l->parts.has_span) og_error_at(l->source, s->name, "a second time statement");
    l->parts.has_span = 1;
    og_constant_number(l, s->value, "a time", &l->parts.t0);
    og_constant_number(l, s->high, "a time", &l->parts.t1);
    if (!isfinite(l->parts.t0) || !isfinite(l->parts.t1))
      og_error_at(l->source, s->name, "times must be finite");
  }
}

static int is_survey(const og_lowering *l) { return l->syntax->dense && !l->survey; }

/* Inputs up to the last one that the solution depends on: those that only initial values, observations or
 * final costs read need not be carried through a solve. */
static size_t inputs_of_field(const og_lowering *l, og_node f) {
  int own = (int)(l->parameters + l->weights);
  int read = og_graph_parameters_read(l->graph, 1, &f);
  for (size_t k = 0; k < l->parts.events; k++) {
    int of_event = og_graph_parameters_read(l->graph, 2, (og_node[]){l->events[k].guard, l->events[k].jump});
    if (of_event > read) read = of_event;
  }
  size_t inputs = read > own ? ((size_t)(read - own) + OG_INPUT_ROWS - 1) / OG_INPUT_ROWS : 0;
  return inputs < l->inputs ? inputs : l->inputs;
}

/* Names, places and sizes of the states; whether there was memory. */
static int list_states(og_lowering *l, size_t count, og_state_info **states) {
  size_t k = 0;
  *states = og_alloc(l->source->context, count, sizeof **states);
  if (!*states) return 0;
  for (size_t i = 0; i < l->count; i++) {
    const og_symbol *s = &l->symbols[i];
    if (s->kind == OG_SY_STATE)
      (*states)[k++] = (og_state_info){OG_INIT(og_state_info), s->name, s->offset, (size_t)s->shape.rows};
  }
  return 1;
}

/* Inputs that nothing reads. */
static void find_idle_inputs(og_lowering *l, og_node f) {
  const og_model_parts *parts = &l->parts;
  size_t own = l->parameters + l->weights, entries = own + OG_INPUT_ROWS * l->inputs, count = 0;
  og_node *roots = og_alloc(l->source->context, 5 + 2 * parts->events, sizeof *roots);
  unsigned char *read = og_alloc(l->source->context, entries + 1, 1);
  if (roots && read) {
    og_node ends[] = {f, parts->initial_state, parts->observation_loss, parts->locations, parts->final_cost};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) roots[count++] = ends[i];
    for (size_t k = 0; k < parts->events; k++)
      roots[count++] = l->events[k].guard, roots[count++] = l->events[k].jump;
  }
  if (!roots || !read ||
      og_graph_find_read(l->graph, (int)count, roots, OG_SLOT_PARAMETER, (int)entries, read) != OG_OK)
    l->source->no_memory = 1;
  for (size_t i = 0; !l->source->no_memory && i < l->count; i++) {
    og_symbol *s = &l->symbols[i];
    if (s->kind != OG_SY_INPUT) continue;
    size_t first = own + OG_INPUT_ROWS * s->offset, rows = OG_INPUT_ROWS * (size_t)s->shape.rows;
    s->idle = memchr(read + first, 1, rows) == NULL;
  }
  og_free(l->source->context, roots);
  og_free(l->source->context, read);
}

static og_graph_dynamics dynamics_of(og_lowering *l, size_t count, og_node *rates) {
  og_graph_dynamics dynamics = {.f = og_concat(l->graph, rates, (int)count + l->parts.has_integral_cost),
                                .parameters = l->parameters + l->weights,
                                .weights = l->weights,
                                .quadratures = (size_t)l->parts.has_integral_cost,
                                .events = l->parts.events,
                                .event = l->events};
  dynamics.inputs = inputs_of_field(l, dynamics.f);
  dynamics.mass = (og_mass_entries){l->mass.count, l->mass.row, l->mass.column, l->mass.value};
  return dynamics;
}

void og_make_field(og_lowering *l, size_t count, og_node *initial, og_node *rates, og_node integral) {
  l->parts.initial_state = og_concat(l->graph, initial, (int)count);
  og_find_state_columns(l);
  l->parts.has_integral_cost = integral != OG_NODE_NONE;
  if (l->parts.has_integral_cost) rates[count] = og_reshape(l->graph, integral, (og_shape){1, 1});
  og_graph_dynamics dynamics = dynamics_of(l, count, rates);
  if (l->inputs) find_idle_inputs(l, dynamics.f);
  l->parts.switches = og_graph_switches(l->graph, dynamics.f);
  og_field *field = NULL;
  og_state_info *states;
  dynamics.named = list_states(l, count, &states) ? count : 0;
  dynamics.state = states;
  if (!states) l->source->no_memory = 1;
  if (states && dynamics.f != OG_NODE_NONE && og_field_from_dynamics(l->graph, &dynamics, &field) == OG_OK)
    l->parts.field = field;
  og_free(l->source->context, states);
}

static void lower_rest(og_lowering *l, size_t count, og_node *initial, og_node *rates) {
  og_node integral = OG_NODE_NONE;
  lower_states(l, initial, rates);
  og_lower_observations(l);
  lower_costs(l, &integral);
  og_lower_events(l);
  look_at_other_equations(l);
  if (l->source->errors || l->source->no_memory || og_graph_status(l->graph) || is_survey(l)) return;
  og_make_field(l, count, initial, rates, integral);
}

og_status og_settle_parts(og_lowering *l) {
  l->parts.graph = l->graph;
  l->parts.parameters = l->parameters + l->weights;
  l->parts.weights = l->weights;
  l->parts.states = l->states;
  if (og_graph_status(l->graph) == OG_ERR_MEMORY) l->source->no_memory = 1;
  OG_TRY(og_source_status(l->source));
  OG_TRY(og_graph_status(l->graph));
  return l->parts.field || is_survey(l) ? OG_OK
                                        : og_fail_memory(l->source->context, l->source->length, "a model");
}

og_status og_lower_model(og_lowering *l) {
  l->parts.initial_state = l->parts.observation_loss = l->parts.locations = l->parts.final_cost =
      OG_NODE_NONE;
  for (size_t i = 0; i < l->syntax->count; i++) {
    og_statement *s = &l->syntax->statements[i];
    if (s->kind == OG_ST_PARAM || s->kind == OG_ST_CONST) og_lower_value(l, s);
  }
  og_lower_nets(l);
  og_lower_inputs(l);
  declare_states(l);
  lower_time(l);
  size_t count = count_states(l);
  if (!count && !l->source->errors)
    og_error_at(l->source, (og_span){l->source->length, 0},
                "the model has no states: it needs 'init x = ...' and \"x' = ...\"");
  og_node *initial = og_alloc(l->source->context, count + 1, sizeof *initial);
  og_node *rates = og_alloc(l->source->context, count + 2, sizeof *rates);
  if (!initial || !rates)
    l->source->no_memory = 1;
  else if (count || l->source->errors)
    lower_rest(l, count, initial, rates);
  og_free(l->source->context, initial);
  og_free(l->source->context, rates);
  return og_settle_parts(l);
}

void og_lowering_free(og_lowering *l) {
  og_context *context = l->context;
  for (size_t i = 0; i < l->count; i++) {
    og_free(context, l->symbols[i].name);
    og_free(context, l->symbols[i].values);
  }
  for (size_t i = 0; l->layers && i < l->layer_count; i++) {
    og_free(context, l->layers[i].weight);
    og_free(context, l->layers[i].bias);
  }
  og_free(context, l->layers);
  for (size_t i = 0; l->observed && i < l->parts.observed; i++) og_free(context, l->observed[i]);
  for (size_t i = 0; l->input_columns && i < l->inputs; i++) og_free(context, l->input_columns[i].name);
  og_free(context, l->input_columns);
  og_free(context, l->events);
  og_mass_free(l);
  og_free(context, l->observed);
  og_free(context, l->distributions);
  og_free(context, l->state_columns);
  og_free(context, l->symbols);
  og_free(context, l->place);
  og_field_destroy((og_field *)l->parts.field);
  og_graph_destroy(l->graph);
}
