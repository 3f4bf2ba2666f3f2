/* The cotangent of a whole input slot. A graph reads its slots in pieces (x[1] is an input of its own), and
 * og_graph_vjp answers for each piece; here they are put end to end. */
#include <stdlib.h>

#include "fit/term.h"
#include "graph/node.h"

typedef struct pieces {
  og_node *inputs, *bars, *parts;
  int count;
} pieces;

static int by_offset(const void *a, const void *b) {
  const int *left = a, *right = b;
  return (left[0] > right[0]) - (left[0] < right[0]);
}

static void collect(const og_graph *graph, og_node node, int slot, pieces *found) {
  for (og_node i = 0; i <= node; i++)
    if (graph->nodes[i].kind == OG_INPUT && graph->nodes[i].slot == slot) found->inputs[found->count++] = i;
}

static og_node as_vector(og_graph *graph, og_node node) {
  return og_reshape(graph, node, (og_shape){og_entries(og_graph_shape(graph, node)), 1});
}

/* Pieces that do not overlap are concatenated, with zeros between them. */
static og_node join(og_graph *graph, pieces *from, int entries, int (*order)[2]) {
  int at = 0, parts = 0;
  for (int i = 0; i < from->count; i++) {
    int piece = order[i][1], offset = order[i][0], size = og_entries(graph->nodes[from->inputs[piece]].shape);
    if (og_is_value(graph, from->bars[piece], 0)) continue;
    if (offset > at) from->parts[parts++] = og_uniform(graph, (og_shape){offset - at, 1}, 0);
    from->parts[parts++] = as_vector(graph, from->bars[piece]);
    at = offset + size;
  }
  if (at < entries) from->parts[parts++] = og_uniform(graph, (og_shape){entries - at, 1}, 0);
  return parts == 1 ? from->parts[0] : og_concat(graph, from->parts, parts);
}

static og_node add_padded(og_graph *graph, const pieces *from, int entries) {
  og_node sum = og_uniform(graph, (og_shape){entries, 1}, 0);
  for (int i = 0; i < from->count; i++) {
    og_node bar = as_vector(graph, from->bars[i]);
    sum = og_apply2(graph, OG_ADD, sum, og_pad(graph, bar, graph->nodes[from->inputs[i]].offset, entries));
  }
  return sum;
}

static og_status assemble(og_graph *graph, pieces *found, int entries, og_node *bar) {
  int(*order)[2] = og_alloc(graph->context, (size_t)found->count + 1, sizeof *order);
  if (!order) return og_fail_memory(graph->context, (size_t)found->count * sizeof *order, "a derivative");
  for (int i = 0; i < found->count; i++) order[i][0] = graph->nodes[found->inputs[i]].offset, order[i][1] = i;
  qsort(order, (size_t)found->count, sizeof *order, by_offset);
  int overlaps = 0;
  for (int i = 0, at = 0; i < found->count; i++) {
    if (og_is_value(graph, found->bars[order[i][1]], 0)) continue;
    overlaps |= order[i][0] < at;
    at = order[i][0] + og_entries(graph->nodes[found->inputs[order[i][1]]].shape);
  }
  *bar = overlaps ? add_padded(graph, found, entries) : join(graph, found, entries, order);
  og_free(graph->context, order);
  return og_graph_status(graph);
}

og_status og_slot_cotangent(og_graph *graph, og_node node, og_node seed, int slot, int entries,
                            og_node *bar) {
  size_t room = (size_t)node + 2;
  og_node *memory = og_alloc(graph->context, 4 * room, sizeof *memory);
  if (!memory) return og_fail_memory(graph->context, 4 * room * sizeof *memory, "a derivative");
  pieces found = {memory, memory + room, memory + 2 * room, 0};
  collect(graph, node, slot, &found);
  og_status status = og_graph_vjp(graph, 1, &node, &seed, found.count, found.inputs, found.bars);
  if (status == OG_OK) status = assemble(graph, &found, entries, bar);
  og_free(graph->context, memory);
  return status;
}
