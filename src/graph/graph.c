/* The node store: nodes in order of their making, each distinct expression once. */
#include "graph/node.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

og_status og_graph_create(og_context *context, og_graph **out) {
  *out = og_alloc(context, 1, sizeof **out);
  if (!*out) return og_fail_memory(context, sizeof **out, "an expression graph");
  (*out)->context = context;
  return OG_OK;
}

void og_graph_destroy(og_graph *graph) {
  if (!graph) return;
  og_free(graph->context, graph->nodes);
  og_free(graph->context, graph->parts);
  og_free(graph->context, graph->values);
  og_free(graph->context, graph->table);
  og_free(graph->context, graph);
}

og_status og_graph_status(const og_graph *graph) { return graph->status; }
og_shape og_graph_shape(const og_graph *graph, og_node node) {
  return node < 0 ? (og_shape){0, 0} : graph->nodes[node].shape;
}

int og_graph_is_constant(const og_graph *graph, og_node node, double *value) {
  if (node < 0 || graph->nodes[node].kind != OG_CONSTANT || graph->nodes[node].count) return 0;
  if (value) *value = graph->nodes[node].value;
  return 1;
}

int og_is_value(const og_graph *graph, og_node node, double value) {
  double found;
  return og_graph_is_constant(graph, node, &found) && found == value;
}

const og_node *og_operands(const og_graph *graph, og_node node, int *count) {
  const og_node_data *data = &graph->nodes[node];
  *count = data->kind == OG_CONCAT ? data->count : data->operand_count;
  return data->kind == OG_CONCAT ? graph->parts + data->first : data->operands;
}

/* The first failure is the one told. */
og_node og_graph_fail(og_graph *graph, og_status status, const char *format, ...) {
  if (graph->status != OG_OK) return OG_NODE_NONE;
  char text[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  graph->status = og_fail(graph->context, status, "%s", text);
  return OG_NODE_NONE;
}

static int grow(og_graph *graph, void **memory, int *capacity, int needed, size_t size) {
  if (needed <= *capacity) return 1;
  int more = *capacity ? *capacity : 64;
  while (more < needed && more <= INT32_MAX / 2) more *= 2;
  void *grown =
      more >= needed ? og_resize(graph->context, *memory, (size_t)*capacity, (size_t)more, size) : NULL;
  if (!grown) {
    if (graph->status == OG_OK)
      graph->status = og_fail_memory(graph->context, (size_t)more * size, "the nodes of an expression graph");
    return 0;
  }
  *memory = grown;
  *capacity = more;
  return 1;
}

static uint64_t mix(uint64_t hash, const void *bytes, size_t size) {
  const unsigned char *byte = bytes;
  for (size_t i = 0; i < size; i++) hash = (hash ^ byte[i]) * 1099511628211u;
  hash = (hash ^ hash >> 32) * UINT64_C(0x9e3779b97f4a7c15); /* so that its low bits depend on all of it */
  return hash ^ hash >> 29;
}

static uint64_t hash_of(const og_node_data *d, const og_node *parts, const double *values) {
  int numbers[] = {(int)d->kind,     d->op,          d->slot,        d->offset,      d->shape.rows,
                   d->shape.columns, d->operands[0], d->operands[1], d->operands[2], d->count};
  uint64_t hash = mix(mix(14695981039346656037u, numbers, sizeof numbers), &d->value, sizeof d->value);
  if (parts) hash = mix(hash, parts, (size_t)d->count * sizeof *parts);
  if (values) hash = mix(hash, values, (size_t)d->count * sizeof *values);
  return hash;
}

static const og_node *parts_of(const og_graph *graph, const og_node_data *data) {
  int has = data->kind == OG_CONCAT || data->kind == OG_WITH_SLOPES || data->kind == OG_TAKE ||
            data->kind == OG_TAKE_T;
  return has ? graph->parts + data->first : NULL;
}
static const double *values_of(const og_graph *graph, const og_node_data *data) {
  return data->kind == OG_CONSTANT && data->count ? graph->values + data->first : NULL;
}

/* Values are compared as bits: -0 is not 0, and NaN is itself. */
static int equal(const og_graph *graph, const og_node_data *a, const og_node_data *b, const og_node *parts,
                 const double *values) {
  if (a->kind != b->kind || a->op != b->op || a->slot != b->slot || a->offset != b->offset ||
      a->count != b->count || !og_same_shape(a->shape, b->shape) ||
      memcmp(a->operands, b->operands, sizeof a->operands) || memcmp(&a->value, &b->value, sizeof a->value))
    return 0;
  size_t count = (size_t)a->count;
  if (parts) return !memcmp(parts_of(graph, a), parts, count * sizeof *parts);
  return !values || !memcmp(values_of(graph, a), values, count * sizeof *values);
}

static int place_for(const og_graph *graph, uint64_t hash) {
  return (int)(hash & (uint64_t)(graph->table_size - 1));
}

static int rehash(og_graph *graph, int size) {
  og_node *table = og_alloc(graph->context, (size_t)size, sizeof *table);
  if (!table) {
    if (graph->status == OG_OK)
      graph->status =
          og_fail_memory(graph->context, (size_t)size * sizeof *table, "an expression graph's table");
    return 0;
  }
  og_free(graph->context, graph->table);
  graph->table = table;
  graph->table_size = size;
  for (int i = 0; i < size; i++) table[i] = OG_NODE_NONE;
  for (int node = 0; node < graph->count; node++) {
    const og_node_data *data = &graph->nodes[node];
    int place = place_for(graph, hash_of(data, parts_of(graph, data), values_of(graph, data)));
    while (table[place] >= 0) place = (place + 1) & (size - 1);
    table[place] = node;
  }
  return 1;
}

/* Copies come before the growing of a pool that they may lie in is harmless: callers pass no pointers into
 * pools. */
static int keep_pool(og_graph *graph, og_node_data *data, const og_node *parts, const double *values) {
  if (parts) {
    data->first = graph->part_count;
    if (!grow(graph, (void **)&graph->parts, &graph->part_capacity, graph->part_count + data->count,
              sizeof *parts))
      return 0;
    memcpy(graph->parts + data->first, parts, (size_t)data->count * sizeof *parts);
    graph->part_count += data->count;
  }
  if (values) {
    data->first = graph->value_count;
    if (!grow(graph, (void **)&graph->values, &graph->value_capacity, graph->value_count + data->count,
              sizeof *values))
      return 0;
    memcpy(graph->values + data->first, values, (size_t)data->count * sizeof *values);
    graph->value_count += data->count;
  }
  return 1;
}

og_node og_intern(og_graph *graph, og_node_data data, const og_node *parts, const double *values) {
  if (graph->status != OG_OK) return OG_NODE_NONE;
  for (int i = data.operand_count; i < 3; i++) data.operands[i] = OG_NODE_NONE;
  if (2 * (graph->count + 1) > graph->table_size &&
      !rehash(graph, graph->table_size ? 2 * graph->table_size : 256))
    return OG_NODE_NONE;
  int place = place_for(graph, hash_of(&data, parts, values));
  for (; graph->table[place] >= 0; place = (place + 1) & (graph->table_size - 1))
    if (equal(graph, &graph->nodes[graph->table[place]], &data, parts, values)) return graph->table[place];
  if (!grow(graph, (void **)&graph->nodes, &graph->capacity, graph->count + 1, sizeof data))
    return OG_NODE_NONE;
  if (!keep_pool(graph, &data, parts, values)) return OG_NODE_NONE;
  og_find_dependence(graph, &data, parts);
  graph->nodes[graph->count] = data;
  return graph->table[place] = graph->count++;
}
