/* Events: guards, and the state behind them. */
#include "builder/builder.h"

#include <string.h>

static og_node guard_of(og_builder *builder, const char *function, const char *name, og_value guard) {
  char text[OG_BUILT_TEXT];
  const og_built *built = og_builder_find(builder, function, guard);
  if (!built) return OG_NODE_NONE;
  if (og_extent_entries(&built->shape) != 1) {
    og_builder_fail(builder, OG_ERR_SHAPE, function, "the guard of '%.64s' is one number, not %s", name,
                    og_built_text(builder, guard, text));
    return OG_NODE_NONE;
  }
  og_node node = og_reshape(builder->graph, built->node, (og_shape){1, 1});
  if (og_graph_depends_on(builder->graph, 1, &node, OG_SLOT_STATE) ||
      og_graph_depends_on(builder->graph, 1, &node, OG_SLOT_TIME) ||
      og_graph_depends_on(builder->graph, 1, &node, OG_BUILDER_INPUT_ROWS) || node < 0)
    return node;
  og_builder_fail(builder, OG_ERR_ARGUMENT, function,
                  "the guard of '%.64s' reads neither a state nor t, so it never passes 0", name);
  return OG_NODE_NONE;
}

/* jump [declared]: what each state is behind the event; 0: what it was. */
static int set_state(og_builder *builder, const char *function, const char *name, og_value state,
                     og_value after, og_value *jump) {
  char text[OG_BUILT_TEXT], wanted[OG_EXTENT_TEXT];
  const og_built *built = og_builder_find(builder, function, after);
  if (!built || !og_builder_find(builder, function, state)) return 0;
  const og_declaration *d = og_builder_state_of(builder, state);
  if (!d)
    return og_builder_fail(builder, OG_ERR_ARGUMENT, function, "'%.64s' sets states, and %s is none", name,
                           og_built_text(builder, state, text));
  og_value *to_be = &jump[d - builder->declarations];
  if (*to_be)
    return og_builder_fail(builder, OG_ERR_ARGUMENT, function, "'%.64s' sets '%.64s' twice", name, d->name);
  if (og_extent_entries(&built->shape) != 1 && !og_same_extent(&built->shape, &d->shape))
    return og_builder_fail(builder, OG_ERR_SHAPE, function,
                           "'%.64s' has the shape %s, and '%.64s' cannot set it to %s", d->name,
                           og_extent_text(&d->shape, wanted), name, og_built_text(builder, after, text));
  *to_be = after;
  return 1;
}

static og_node as_vector(og_builder *builder, const og_declaration *d, og_value value) {
  const og_built *built = &builder->values[value - 1];
  og_shape vector = {(int)d->entries, 1};
  if (og_extent_entries(&built->shape) > 1) return og_reshape(builder->graph, built->node, vector);
  return og_broadcast(builder->graph, og_reshape(builder->graph, built->node, (og_shape){1, 1}), vector);
}

/* The whole state: stretches that are not set are read in one piece. */
static og_node join_states(og_builder *builder, const og_value *jump, og_node *parts) {
  og_graph *g = builder->graph;
  size_t at = 0;
  int count = 0;
  for (size_t i = 0; i < builder->declared; i++) {
    const og_declaration *d = &builder->declarations[i];
    if (!jump[i]) continue;
    if (d->offset > at)
      parts[count++] = og_input(g, OG_SLOT_STATE, (int)at, (og_shape){(int)(d->offset - at), 1});
    parts[count++] = as_vector(builder, d, jump[i]);
    at = d->offset + d->entries;
  }
  if (at < builder->states)
    parts[count++] = og_input(g, OG_SLOT_STATE, (int)at, (og_shape){(int)(builder->states - at), 1});
  return og_concat(g, parts, count);
}

static og_node jump_of(og_builder *builder, const char *function, const char *name, size_t count,
                       const og_value *states, const og_value *after) {
  og_value *jump = og_alloc(builder->context, builder->declared + 1, sizeof *jump);
  og_node *parts = og_alloc(builder->context, 2 * builder->declared + 1, sizeof *parts);
  int good = jump && parts;
  if (!good) og_builder_no_memory(builder, builder->declared * sizeof *parts);
  for (size_t i = 0; good && i < count; i++)
    good = set_state(builder, function, name, states[i], after[i], jump);
  og_node node = good ? join_states(builder, jump, parts) : OG_NODE_NONE;
  og_free(builder->context, jump);
  og_free(builder->context, parts);
  return node;
}

static int is_direction(og_direction direction) {
  return direction == OG_DIRECTION_ANY || direction == OG_DIRECTION_RISING ||
         direction == OG_DIRECTION_FALLING;
}

/* The states that are not there yet are missing in the jump. */
static int check_event(og_builder *builder, const char *function, og_direction direction) {
  if (!is_direction(direction))
    return og_builder_fail(builder, OG_ERR_ARGUMENT, function, "no event has that direction");
  if (builder->states) return 1;
  return og_builder_fail(builder, OG_ERR_STATE, function, "events come behind all states, and there is none");
}

og_status og_builder_add_event(og_builder *builder, const char *name, og_value guard, og_direction direction,
                               int terminal, size_t count, const og_value *states, const og_value *after) {
  OG_OBJECT(builder);
  OG_STATEMENT_NEEDS(builder, 1, name);
  OG_STATEMENT_NEEDS(builder, count, states);
  OG_STATEMENT_NEEDS(builder, count, after);
  OG_BUILDER_STATEMENT(builder);
  if (!check_event(builder, __func__, direction)) return og_builder_result(builder);
  og_built_event event = {.direction = direction, .terminal = terminal != 0};
  event.guard = guard_of(builder, __func__, name, guard);
  event.jump = event.guard < 0 ? OG_NODE_NONE : jump_of(builder, __func__, name, count, states, after);
  if (event.jump < 0) og_builder_add(builder, __func__, OG_NODE_NONE, (og_extent){0});
  if (builder->status != OG_OK ||
      !og_builder_grow(builder, (void **)&builder->events, builder->event_count, &builder->event_capacity,
                       sizeof event) ||
      !og_builder_declare(builder, __func__, OG_SY_EVENT, name, (og_extent){0}))
    return og_builder_result(builder);
  event.declaration = builder->declared - 1;
  builder->events[builder->event_count++] = event;
  return OG_OK;
}
