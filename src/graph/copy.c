/* Graphs as wholes: copies with inputs elsewhere, and a number to know them by. */
#include "graph/node.h"

#include <string.h>

int og_graph_size(const og_graph *graph) { return graph->count; }

/* Takes have entries in the pool that the parts of others stand in. */
static int lists_nodes(og_kind kind) { return kind == OG_CONCAT || kind == OG_WITH_SLOPES; }
static int lists_entries(og_kind kind) { return kind == OG_TAKE || kind == OG_TAKE_T; }

static og_node_data moved(const og_graph *from, og_node node, const og_slot_move *slots, const og_node *map) {
  og_node_data d = from->nodes[node];
  for (int i = 0; i < d.operand_count; i++) d.operands[i] = map[d.operands[i]];
  if (d.kind != OG_INPUT) return d;
  d.offset += slots[d.slot].offset;
  d.slot = slots[d.slot].slot;
  return d;
}

static og_node copy_node(const og_graph *from, og_node node, const og_slot_move *slots, og_graph *to,
                         const og_node *map, og_node *room) {
  og_node_data d = moved(from, node, slots, map);
  const og_node *parts = lists_nodes(d.kind) || lists_entries(d.kind) ? from->parts + d.first : NULL;
  const double *values = d.kind == OG_CONSTANT && d.count ? from->values + d.first : NULL;
  d.first = 0;
  if (!lists_nodes(d.kind)) return og_intern(to, d, parts, values);
  for (int i = 0; i < d.count; i++) room[i] = map[parts[i]];
  return og_intern(to, d, room, NULL);
}

/* `needed`: NULL for all nodes up to the last. */
static og_status copy_nodes(const og_graph *from, og_node last, const unsigned char *needed,
                            const og_slot_move *slots, og_graph *to, og_node *map) {
  size_t most = (size_t)from->part_count + 1;
  og_node *room = og_alloc(to->context, most, sizeof *room);
  if (!room) return og_fail_memory(to->context, most * sizeof *room, "a copy of a graph");
  for (og_node node = 0; node <= last && to->status == OG_OK; node++)
    if (!needed || needed[node]) map[node] = copy_node(from, node, slots, to, map, room);
  og_free(to->context, room);
  return og_graph_status(to);
}

og_status og_graph_copy(const og_graph *from, const og_slot_move *slots, og_graph *to, og_node *map) {
  OG_TRY(og_graph_status(from));
  return copy_nodes(from, from->count - 1, NULL, slots, to, map);
}

/* Stated slopes belong to a node, though its value is not made of them. */
static void mark_copied(const og_graph *g, og_node root, unsigned char *needed) {
  needed[root] = 1;
  for (og_node node = root; node >= 0; node--) {
    const og_node_data *d = &g->nodes[node];
    for (int i = 0; needed[node] && i < d->operand_count; i++) needed[d->operands[i]] = 1;
    for (int i = 0; needed[node] && lists_nodes(d->kind) && i < d->count; i++)
      needed[g->parts[d->first + i]] = 1;
  }
}

og_status og_graph_copy_node(const og_graph *from, og_node node, og_graph *to, og_node *copy) {
  OG_TRY(og_graph_status(from));
  og_slot_move same[OG_SLOT_COUNT];
  for (int slot = 0; slot < OG_SLOT_COUNT; slot++) same[slot] = (og_slot_move){slot, 0};
  size_t nodes = (size_t)node + 1;
  unsigned char *needed = og_alloc(to->context, nodes, 1);
  og_node *map = og_alloc(to->context, nodes, sizeof *map);
  og_status status =
      needed && map ? OG_OK : og_fail_memory(to->context, nodes * sizeof *map, "a copy of a graph");
  if (status == OG_OK) {
    mark_copied(from, node, needed);
    status = copy_nodes(from, node, needed, same, to, map);
    *copy = map[node];
  }
  og_free(to->context, needed);
  og_free(to->context, map);
  return status;
}

uint64_t og_graph_digest(const og_graph *g) {
  uint64_t hash = OG_HASH_START;
  for (og_node node = 0; node < g->count; node++) {
    const og_node_data *d = &g->nodes[node];
    int numbers[] = {(int)d->kind,     d->op,          d->slot,        d->offset,      d->shape.rows,
                     d->shape.columns, d->operands[0], d->operands[1], d->operands[2], d->count};
    hash = og_hash(og_hash(hash, numbers, sizeof numbers), &d->value, sizeof d->value);
  }
  hash = og_hash(hash, g->parts, (size_t)g->part_count * sizeof *g->parts);
  return og_hash(hash, g->values, (size_t)g->value_count * sizeof *g->values);
}
