/* Statements to symbols and graph nodes, in the order in which they can be understood: constants and
 * parameters, initial values (which give the states their shapes), equations, observations, costs. */
#include "model/lower.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "field/field.h"

static int size_of(og_shape shape) { return shape.rows * shape.columns; }

og_symbol *og_find_symbol(const og_lowering *l, const char *name, size_t length) {
  for (size_t i = 0; i < l->count; i++)
    if (l->symbols[i].span.length == length && memcmp(l->symbols[i].name, name, length) == 0)
      return &l->symbols[i];
  return NULL;
}

static char *text_of(const og_lowering *l, og_span span) {
  char *text = og_alloc(l->source->context, span.length + 1, 1);
  if (text)
    memcpy(text, l->source->text + span.at, span.length);
  else
    l->source->no_memory = 1;
  return text;
}

static int taken(og_lowering *l, const og_statement *s) {
  static const char *const reserved[] = {"t",         "pi",      "inf",   "in",    "and",  "or",   "not",
                                         "algebraic", "param",   "const", "init",  "time", "cost", "final",
                                         "integral",  "observe", "net",   "input", "event"};
  for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
    if (og_span_is(l->source, s->name, reserved[i]))
      return og_error_at(l->source, s->name, "'%s' has a meaning of its own and cannot be defined",
                         reserved[i]),
             1;
  if (og_is_function(l->source, s->name))
    return og_error_at(l->source, s->name, "'%.*s' is a function and cannot be defined", (int)s->name.length,
                       l->source->text + s->name.at),
           1;
  const og_symbol *other = og_find_symbol(l, l->source->text + s->name.at, s->name.length);
  if (!other) return 0;
  size_t line = 1;
  for (size_t i = 0; i < other->span.at; i++) line += l->source->text[i] == '\n';
  og_error_at(l->source, s->name, "'%s' is defined twice", other->name);
  og_help(l->source, "it was defined first in line %zu", line);
  return 1;
}

og_symbol *og_declare(og_lowering *l, og_symbol_kind kind, og_statement *s) {
  if (taken(l, s)) return NULL;
  if (l->count == l->capacity) {
    size_t capacity = l->capacity ? 2 * l->capacity : 32;
    og_symbol *more = og_resize(l->source->context, l->symbols, l->count, capacity, sizeof *more);
    if (!more) return l->source->no_memory = 1, NULL;
    l->symbols = more;
    l->capacity = capacity;
  }
  char *name = text_of(l, s->name);
  if (!name) return NULL;
  l->symbols[l->count] = (og_symbol){.kind = kind,
                                     .name = name,
                                     .span = s->name,
                                     .declaration = s,
                                     .node = OG_NODE_NONE,
                                     .low = -INFINITY,
                                     .high = INFINITY,
                                     .shape = {1, 1}};
  return &l->symbols[l->count++];
}

/* ---- Parameters and constants ---- */

int og_declared_shape(og_lowering *l, const og_statement *s, og_shape *shape) {
  int *sides[] = {&shape->rows, &shape->columns};
  *shape = (og_shape){1, 1};
  for (int i = 0; i < s->dimensions; i++) {
    double value;
    if (!og_constant_number(l, s->dimension[i], "a shape", &value)) return 0;
    if (value != floor(value) || value < 1 || value > OG_ENTRIES_MOST) {
      og_error_at(l->source, s->dimension[i]->span, "a shape is a whole number from 1 to %d, not %.9g",
                  OG_ENTRIES_MOST, og_shown(value));
      return 0;
    }
    *sides[i] = (int)value;
  }
  if ((double)shape->rows * shape->columns <= OG_ENTRIES_MOST) return 1;
  og_error_at(l->source, s->name, "over %d entries", OG_ENTRIES_MOST);
  return 0;
}

/* A scalar value fills the declared shape; otherwise they must be the same. Without a shape the value's
 * counts. */
static int settle_shape(og_lowering *l, const og_statement *s, og_shape own, double **values,
                        og_shape *shape) {
  char left[OG_SHAPE_TEXT], right[OG_SHAPE_TEXT];
  if (!s->dimensions) return *shape = own, 1;
  if (!og_declared_shape(l, s, shape)) return 0;
  if (size_of(own) == 1 && size_of(*shape) > 1) {
    double *filled = og_alloc(l->source->context, (size_t)size_of(*shape), sizeof *filled);
    if (!filled) return l->source->no_memory = 1, 0;
    for (int i = 0; i < size_of(*shape); i++) filled[i] = (*values)[0];
    og_free(l->source->context, *values);
    *values = filled;
    return 1;
  }
  if (own.rows == shape->rows && own.columns == shape->columns) return 1;
  og_error_at(l->source, s->value->span, "the value is %s, but the declared shape is %s",
              og_shape_text(own, left), og_shape_text(*shape, right));
  return 0;
}

static void check_bounds(og_lowering *l, og_symbol *symbol, const og_statement *s) {
  if (!s->low) return;
  double low, high;
  if (!og_constant_number(l, s->low, "a bound", &low) || !og_constant_number(l, s->high, "a bound", &high))
    return;
  symbol->low = low, symbol->high = high;
  if (!(low < high)) {
    og_error_at(l->source, og_join(s->low->span, s->high->span),
                "the lower bound %g is not below the upper bound %g", og_shown(low), og_shown(high));
    return;
  }
  for (int i = 0; i < size_of(symbol->shape); i++)
    if (symbol->values[i] < low || symbol->values[i] > high) {
      og_error_at(l->source, s->value->span, "the value %g of '%s' lies outside its bounds [%g, %g]",
                  og_shown(symbol->values[i]), symbol->name, low, high);
      return;
    }
}

int og_apply_override(og_lowering *l, const og_symbol *symbol, og_shape shape, double *values) {
  for (size_t i = 0; i < l->override_count; i++) {
    const og_override *o = &l->overrides[i];
    if (strcmp(o->name, symbol->name) != 0) continue;
    if (o->count != size_of(shape)) {
      og_error_at(l->source, symbol->span, "'%s' was set to %d entries but has %d now", symbol->name,
                  o->count, size_of(shape));
      return 0;
    }
    memcpy(values, o->values, (size_t)o->count * sizeof *values);
  }
  return 1;
}

static void lower_value(og_lowering *l, og_statement *s) {
  og_shape own, shape;
  double *values = NULL;
  og_symbol *symbol = og_declare(l, s->kind == OG_ST_PARAM ? OG_SY_PARAM : OG_SY_CONST, s);
  if (!symbol) return;
  int good = og_constant_values(l, s->value, s->kind == OG_ST_PARAM ? "a parameter's value" : "a const", &own,
                                &values) &&
             settle_shape(l, s, own, &values, &shape) && og_apply_override(l, symbol, shape, values);
  symbol->values = values;
  if (!good) return;
  symbol->shape = shape;
  for (int i = 0; i < size_of(shape); i++)
    if (!isfinite(values[i])) {
      og_error_at(l->source, s->value->span, "the value %g of '%s' is not finite", og_shown(values[i]),
                  symbol->name);
      return;
    }
  if (s->kind == OG_ST_CONST) {
    symbol->node = og_constant_tensor(l->graph, shape, values);
    return;
  }
  check_bounds(l, symbol, s);
  symbol->offset = l->parameters;
  l->parameters += (size_t)size_of(shape);
  symbol->node = og_input(l->graph, OG_SLOT_PARAMETER, (int)symbol->offset, shape);
  if (l->parameters > OG_ENTRIES_MOST)
    og_error_at(l->source, s->name, "over %d parameters in all", OG_ENTRIES_MOST);
}

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

static og_node spread(og_graph *g, og_node node, og_shape shape) {
  return size_of(og_graph_shape(g, node)) == size_of(shape) ? node : og_broadcast(g, node, shape);
}

og_node og_spread(og_lowering *l, og_node node, og_shape shape) { return spread(l->graph, node, shape); }

static og_node lower_equation(og_lowering *l, size_t index) {
  const og_statement *s = l->symbols[index].equation;
  char left[OG_SHAPE_TEXT], right[OG_SHAPE_TEXT];
  og_node node = og_lower_expression(l, s->value);
  if (node == OG_NODE_NONE) return node;
  og_shape own = og_graph_shape(l->graph, node), want = l->symbols[index].shape;
  if (l->symbols[index].node == OG_NODE_NONE) return OG_NODE_NONE; /* its initial value was refused */
  if (size_of(own) == 1 || (own.rows == want.rows && own.columns == want.columns))
    return og_spread(l, node, want);
  og_error_at(l->source, s->value->span, "the equation gives %s, but '%s' is %s", og_shape_text(own, left),
              l->symbols[index].name, og_shape_text(want, right));
  return OG_NODE_NONE;
}

static og_node scalar_cost(og_lowering *l, const og_statement *s) {
  char text[OG_SHAPE_TEXT];
  og_node node = og_lower_expression(l, s->value);
  if (node == OG_NODE_NONE || size_of(og_graph_shape(l->graph, node)) == 1) return node;
  og_error_at(l->source, s->value->span, "a cost is a scalar, not %s",
              og_shape_text(og_graph_shape(l->graph, node), text));
  return OG_NODE_NONE;
}

/* ---- Observations ---- */

typedef struct observations {
  og_node *locations; /* a vector each */
  og_node *densities;
  size_t count, columns;
  int *rows;
} observations;

static int name_columns(og_lowering *l, const og_statement *s, int rows, size_t from) {
  for (int i = 0; i < rows; i++) {
    size_t room = s->name.length + 16;
    char *name = og_alloc(l->source->context, room, 1);
    if (!name) return l->source->no_memory = 1, 0;
    l->observed[from + (size_t)i] = name;
    l->parts.observed = from + (size_t)i + 1;
    if (rows == 1)
      snprintf(name, room, "%.*s", (int)s->name.length, l->source->text + s->name.at);
    else
      snprintf(name, room, "%.*s[%d]", (int)s->name.length, l->source->text + s->name.at, i + 1);
    for (size_t k = 0; k < from; k++)
      if (strcmp(l->observed[k], name) == 0) {
        og_error_at(l->source, s->name, "column '%s' is observed twice", name);
        return 0;
      }
  }
  return 1;
}

static int grow_names(og_lowering *l, size_t count) {
  char **more = og_resize(l->source->context, l->observed, l->parts.observed, count, sizeof *more);
  if (!more) return l->source->no_memory = 1, 0;
  l->observed = more;
  l->distributions = og_alloc(l->source->context, count, sizeof *l->distributions);
  if (!l->distributions) return l->source->no_memory = 1, 0;
  l->parts.distributions = l->distributions;
  return 1;
}

og_observed og_observed_entry(og_graph *g, const og_observed *whole, int i) {
  og_observed one = *whole;
  for (int k = 0; k < whole->distribution->arguments; k++)
    if (size_of(og_graph_shape(g, whole->argument[k])) > 1 &&
        whole->distribution->support != OG_SUPPORT_CLASS)
      one.argument[k] = og_slice(g, whole->argument[k], i, 1);
  return one;
}

og_node og_observation_term(og_graph *g, og_node present, og_node density, og_node *location) {
  og_shape shape = og_graph_shape(g, present);
  *location = spread(g, *location, shape);
  return og_sum(g, og_where(g, present, spread(g, density, shape), og_constant(g, 0)));
}

/* The K values come first, then the K flags, so K must be known: a first pass counts. */
static og_node observation_term(og_lowering *l, const og_statement *s, int rows, size_t from, size_t columns,
                                og_node *location) {
  og_shape shape = {rows, 1};
  og_node y = og_input(l->graph, OG_SLOT_DATA, (int)from, shape);
  og_node present = og_input(l->graph, OG_SLOT_DATA, (int)(columns + from), shape);
  og_observed observed;
  og_node density = og_lower_density(l, s->value, y, location, &observed);
  if (density == OG_NODE_NONE) return density;
  for (int i = 0; i < rows; i++)
    l->distributions[from + (size_t)i] = og_observed_entry(l->graph, &observed, i);
  return og_observation_term(l->graph, present, density, location);
}

static void lower_observations(og_lowering *l) {
  og_syntax *syntax = l->syntax;
  size_t columns = 0, statements = 0, from = 0, done = 0;
  int *rows = og_alloc(l->source->context, syntax->count + 1, sizeof *rows);
  og_node *locations = og_alloc(l->source->context, syntax->count + 1, sizeof *locations);
  if (!rows || !locations) l->source->no_memory = 1;
  for (size_t i = 0; i < syntax->count && rows && locations; i++) {
    if (syntax->statements[i].kind != OG_ST_OBSERVE) continue;
    rows[i] = og_density_rows(l, syntax->statements[i].value);
    columns += (size_t)rows[i];
    statements++;
  }
  og_node loss = OG_NODE_NONE;
  int good = statements > 0 && rows && locations && grow_names(l, columns + 1);
  for (size_t i = 0; good && i < syntax->count; i++) {
    const og_statement *s = &syntax->statements[i];
    if (s->kind != OG_ST_OBSERVE || rows[i] == 0) continue;
    if (!name_columns(l, s, rows[i], from)) {
      from = l->parts.observed;
      continue;
    }
    og_node term = observation_term(l, s, rows[i], from, columns, &locations[done++]);
    from += (size_t)rows[i];
    if (term != OG_NODE_NONE) loss = loss == OG_NODE_NONE ? term : og_apply2(l->graph, OG_ADD, loss, term);
  }
  if (good && !l->source->errors) {
    l->parts.observation_loss = loss;
    l->parts.locations = og_concat(l->graph, locations, (int)done);
  }
  og_free(l->source->context, rows);
  og_free(l->source->context, locations);
}

/* Which column of the data is the value of each state. */
static void find_state_columns(og_lowering *l) {
  l->state_columns = og_alloc(l->source->context, l->states, sizeof *l->state_columns);
  if (!l->state_columns) {
    l->source->no_memory = 1;
    return;
  }
  l->parts.state_columns = l->state_columns;
  for (size_t j = 0; j < l->states; j++) l->state_columns[j] = OG_NO_COLUMN;
  for (size_t k = l->parts.observed; k-- > 0;) {
    int state = og_graph_entry_of_slot(l->graph, l->parts.locations, (int)k, OG_SLOT_STATE);
    if (state >= 0) l->state_columns[state] = k;
  }
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
    if (s->kind == OG_SY_STATE) (*states)[k++] = (og_state_info){s->name, s->offset, (size_t)s->shape.rows};
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
  find_state_columns(l);
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
  lower_observations(l);
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
    if (s->kind == OG_ST_PARAM || s->kind == OG_ST_CONST) lower_value(l, s);
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
  og_field_destroy((og_field *)l->parts.field);
  og_graph_destroy(l->graph);
}
