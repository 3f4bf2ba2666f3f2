/* Inputs as expressions of their rows in theta; events as guards and jumps. */
#include <stdio.h>
#include <string.h>

#include "field/field.h"
#include "model/lower.h"

/* ---- Inputs ---- */

og_node og_input_node(og_graph *g, int slot, int row, og_signal kind) {
  og_shape scalar = {1, 1};
  og_node a = og_input(g, slot, row, scalar);
  if (kind != OG_SIGNAL_LINEAR) return a;
  og_node b = og_input(g, slot, row + 1, scalar);
  og_node since =
      og_apply2(g, OG_SUB, og_input(g, OG_SLOT_TIME, 0, scalar), og_input(g, slot, row + 2, scalar));
  return og_apply2(g, OG_ADD, a, og_apply2(g, OG_MUL, b, since));
}

static og_node entry_of_input(og_lowering *l, const og_symbol *symbol, size_t entry) {
  int row = (int)(l->parameters + l->weights + OG_INPUT_ROWS * entry);
  return og_input_node(l->graph, OG_SLOT_PARAMETER, row, (og_signal)symbol->declaration->mode);
}

static og_node node_of_input(og_lowering *l, const og_symbol *symbol) {
  size_t rows = (size_t)symbol->shape.rows;
  og_node *entries = og_alloc(l->source->context, rows, sizeof *entries);
  if (!entries) return l->source->no_memory = 1, OG_NODE_NONE;
  for (size_t i = 0; i < rows; i++) entries[i] = entry_of_input(l, symbol, symbol->offset + i);
  og_node node = rows == 1 ? entries[0] : og_concat(l->graph, entries, (int)rows);
  og_free(l->source->context, entries);
  return node;
}

static void lower_input(og_lowering *l, og_statement *s) {
  og_symbol *symbol = og_declare(l, OG_SY_INPUT, s);
  og_shape shape;
  if (!symbol || !og_declared_shape(l, s, &shape)) return;
  if (shape.columns != 1) {
    og_error_at(l->source, s->name, "an input is a scalar or a vector, not a matrix");
    return;
  }
  symbol->shape = shape;
  symbol->offset = l->inputs;
  l->inputs += (size_t)shape.rows;
  l->held |= s->mode == OG_SIGNAL_HOLD;
  if (l->inputs > OG_INPUTS_MOST)
    og_error_at(l->source, s->name, "over %d input columns in all", OG_INPUTS_MOST);
  else
    symbol->node = node_of_input(l, symbol);
}

static int name_inputs(og_lowering *l) {
  l->input_columns = og_alloc(l->source->context, l->inputs + 1, sizeof *l->input_columns);
  if (!l->input_columns) return 0;
  for (size_t i = 0; i < l->count; i++) {
    const og_symbol *symbol = &l->symbols[i];
    if (symbol->kind != OG_SY_INPUT || symbol->node == OG_NODE_NONE) continue;
    for (int k = 0; k < symbol->shape.rows; k++) {
      og_input_column *column = &l->input_columns[symbol->offset + (size_t)k];
      size_t room = strlen(symbol->name) + 16;
      column->kind = (og_signal)symbol->declaration->mode;
      column->name = og_alloc(l->source->context, room, 1);
      if (!column->name) return 0;
      snprintf(column->name, room, symbol->shape.rows == 1 ? "%s" : "%s[%d]", symbol->name, k + 1);
    }
  }
  return 1;
}

void og_lower_inputs(og_lowering *l) {
  for (size_t i = 0; i < l->syntax->count; i++)
    if (l->syntax->statements[i].kind == OG_ST_INPUT) lower_input(l, &l->syntax->statements[i]);
  if (l->inputs > OG_INPUTS_MOST) return;
  if (!name_inputs(l)) l->source->no_memory = 1;
  l->parts.inputs = l->inputs;
  l->parts.input_columns = l->input_columns;
}

/* ---- Guards ---- */

/* A guard that reads parameters alone stays where it is, unless one of its parameters is the level of a held
 * input. */
static int can_change(const og_lowering *l, og_node guard) {
  return og_graph_depends_on(l->graph, 1, &guard, OG_SLOT_STATE) ||
         og_graph_depends_on(l->graph, 1, &guard, OG_SLOT_TIME) ||
         (l->held && og_graph_depends_on(l->graph, 1, &guard, OG_SLOT_PARAMETER));
}

static og_node lower_guard(og_lowering *l, const og_expression *e) {
  char text[OG_SHAPE_TEXT];
  og_node node = og_lower_expression(l, e);
  if (node == OG_NODE_NONE) return node;
  og_shape shape = og_graph_shape(l->graph, node);
  if (shape.rows * shape.columns != 1) {
    og_error_at(l->source, e->span, "a guard is a scalar, not %s", og_shape_text(shape, text));
    og_help(l->source, "give each entry an event of its own");
    return OG_NODE_NONE;
  }
  if (can_change(l, node)) return node;
  og_error_at(l->source, e->span, "this guard reads neither a state nor t, so it never passes 0");
  return OG_NODE_NONE;
}

/* ---- Jumps ---- */

/* Entries [first, first + rows) of the state, and what they are behind the event. */
typedef struct stretch {
  size_t first, rows;
  og_node node;
} stretch;

/* The stretches that are set, in the order of the state's entries. */
typedef struct jump {
  stretch *set;
  size_t count;
} jump;

static og_symbol *unknown_state(og_lowering *l, og_span name) {
  static const char *const kinds[] = {[OG_SY_PARAM] = "a parameter", [OG_SY_CONST] = "a constant",
                                      [OG_SY_NET] = "a network",     [OG_SY_DEFINED] = "a named intermediate",
                                      [OG_SY_INPUT] = "an input",    [OG_SY_EVENT] = "an event"};
  const og_symbol *symbol = og_find_symbol(l, l->source->text + name.at, name.length);
  if (symbol) {
    og_error_at(l->source, name, "an event sets states, and '%s' is %s", symbol->name, kinds[symbol->kind]);
    return NULL;
  }
  const char **names = og_alloc(l->source->context, l->count + 1, sizeof *names);
  size_t count = 0;
  if (!names) return l->source->no_memory = 1, NULL;
  for (size_t i = 0; i < l->count; i++)
    if (l->symbols[i].kind == OG_SY_STATE) names[count++] = l->symbols[i].name;
  og_unknown_name(l, name, "state", names, count);
  og_free(l->source->context, names);
  return NULL;
}

static const og_symbol *state_of(og_lowering *l, const og_expression *target) {
  og_span name = target->kind == OG_EX_NAME ? target->name : target->arg[0]->name;
  const og_symbol *symbol = og_find_symbol(l, l->source->text + name.at, name.length);
  return symbol && symbol->kind == OG_SY_STATE ? symbol : unknown_state(l, name);
}

/* Entries [*first, *first + *rows) of the state that the assignment sets. */
static int range_of_target(og_lowering *l, const og_symbol *state, const og_expression *target, int *first,
                           int *rows) {
  int from = 1, to = state->shape.rows;
  if (target->kind != OG_EX_NAME && to == 1)
    return og_error_at(l->source, target->span, "a scalar has no entries to index"), 0;
  if (target->kind != OG_EX_NAME && !og_index_range(l, target, to, &from, &to)) return 0;
  *first = from - 1;
  *rows = to - from + 1;
  return 1;
}

static og_node lower_right(og_lowering *l, const og_assignment *a, int rows) {
  char left[OG_SHAPE_TEXT], right[OG_SHAPE_TEXT];
  og_node node = og_lower_expression(l, a->value);
  if (node == OG_NODE_NONE) return node;
  og_shape own = og_graph_shape(l->graph, node);
  if (own.rows * own.columns == 1 || (own.rows == rows && own.columns == 1)) return node;
  og_error_at(l->source, a->value->span, "the value is %s, but '%.*s' is %s", og_shape_text(own, left),
              (int)a->target->span.length, l->source->text + a->target->span.at,
              og_shape_text((og_shape){rows, 1}, right));
  return OG_NODE_NONE;
}

/* Puts a stretch in its place; 0 when it meets another. */
static int insert(jump *to, stretch new) {
  size_t at = to->count;
  while (at > 0 && to->set[at - 1].first > new.first) at--;
  if (at > 0 && to->set[at - 1].first + to->set[at - 1].rows > new.first) return 0;
  if (at<to->count &&new.first + new.rows> to->set[at].first) return 0;
  memmove(to->set + at + 1, to->set + at, (to->count - at) * sizeof *to->set);
  to->set[at] = new;
  to->count++;
  return 1;
}

static int assign(og_lowering *l, const og_assignment *a, jump *to) {
  int first, rows;
  const og_symbol *state = state_of(l, a->target);
  if (!state || state->node == OG_NODE_NONE || !range_of_target(l, state, a->target, &first, &rows)) return 0;
  stretch new = {state->offset + (size_t)first, (size_t)rows, lower_right(l, a, rows)};
  if (new.node == OG_NODE_NONE) return 0;
  new.node = og_spread(l->graph, new.node, (og_shape){rows, 1});
  if (insert(to, new)) return 1;
  og_error_at(l->source, a->target->span, "'%.*s' is set twice in this event", (int)a->target->span.length,
              l->source->text + a->target->span.at);
  return 0;
}

static og_node part_of_state(og_lowering *l, size_t from, size_t to) {
  return og_input(l->graph, OG_SLOT_STATE, (int)from, (og_shape){(int)(to - from), 1});
}

/* The whole state behind the event: what is not set stays. */
static og_node join_stretches(og_lowering *l, const jump *from) {
  og_node *parts = og_alloc(l->source->context, 2 * from->count + 1, sizeof *parts);
  size_t at = 0;
  int count = 0;
  if (!parts) return l->source->no_memory = 1, OG_NODE_NONE;
  for (size_t i = 0; i < from->count; i++) {
    const stretch *set = &from->set[i];
    if (set->first > at) parts[count++] = part_of_state(l, at, set->first);
    parts[count++] = set->node;
    at = set->first + set->rows;
  }
  if (at < l->states) parts[count++] = part_of_state(l, at, l->states);
  og_node node = og_concat(l->graph, parts, count);
  og_free(l->source->context, parts);
  return node;
}

/* All right-hand sides read the state before the event, whatever their order. */
static og_node lower_jump(og_lowering *l, const og_statement *s) {
  size_t count = 0;
  int good = 1;
  for (const og_assignment *a = s->assignments; a; a = a->next) count++;
  jump to = {.set = og_alloc(l->source->context, count + 1, sizeof *to.set)};
  if (!to.set) return l->source->no_memory = 1, OG_NODE_NONE;
  for (const og_assignment *a = s->assignments; a; a = a->next) good &= assign(l, a, &to);
  og_node node = good ? join_stretches(l, &to) : OG_NODE_NONE;
  og_free(l->source->context, to.set);
  return node;
}

/* ---- Events ---- */

static size_t count_events(const og_lowering *l) {
  size_t count = 0;
  for (size_t i = 0; i < l->count; i++) count += l->symbols[i].kind == OG_SY_EVENT;
  return count;
}

/* In the order of the text, which is the order in which events at the same time take place. */
void og_lower_events(og_lowering *l) {
  l->events = og_alloc(l->source->context, count_events(l) + 1, sizeof *l->events);
  if (!l->events) {
    l->source->no_memory = 1;
    return;
  }
  for (size_t i = 0; i < l->count; i++) {
    const og_symbol *symbol = &l->symbols[i];
    if (symbol->kind != OG_SY_EVENT) continue;
    const og_statement *s = symbol->declaration;
    l->events[l->parts.events++] =
        (og_graph_event){.about = {OG_INIT(og_event), symbol->name, (og_direction)s->mode, s->terminal},
                         .guard = lower_guard(l, s->value),
                         .jump = lower_jump(l, s)};
  }
}
