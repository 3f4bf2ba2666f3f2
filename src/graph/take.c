/* Entries taken in any order and as often as wanted, and the transpose of that, which adds entries up where
 * they came from. Transposes of matrices, steps through an axis, broadcasts and concatenations along any axis
 * are takes; sums over axes are transposed ones. */
#include "graph/node.h"

#include <string.h>

static int is_scalar(og_shape s) { return og_entries(s) == 1; }

static int in_range(og_graph *g, const char *what, const int *index, int count, int room) {
  for (int i = 0; i < count; i++)
    if (index[i] < 0 || index[i] >= room) {
      og_graph_fail(g, OG_ERR_SHAPE, "%s: entry %d is not among %d entries", what, index[i], room);
      return 0;
    }
  return 1;
}

/* Whether the entries are from, from + step, from + 2 step, ... */
static int is_run(const int *index, int count, int step) {
  for (int i = 1; i < count; i++)
    if (index[i] != index[0] + i * step) return 0;
  return 1;
}

static og_node made(og_graph *g, og_kind kind, og_node a, og_shape shape, const int *index, int count) {
  return og_intern(
      g, (og_node_data){.kind = kind, .shape = shape, .operands = {a}, .operand_count = 1, .count = count},
      index, NULL);
}

/* A take through what is itself only another arrangement of entries; *from is what is taken of, and `through`
 * [count] the entries there. Pools may move, so that nothing is made here. */
static int look_through(const og_graph *g, og_node a, const int *index, int count, og_node *from,
                        int *through) {
  const og_node_data *d = &g->nodes[a];
  if (d->kind != OG_RESHAPE && d->kind != OG_SLICE && d->kind != OG_TAKE) return 0;
  *from = d->operands[0];
  for (int i = 0; i < count; i++)
    through[i] = d->kind == OG_TAKE ? g->parts[d->first + index[i]] : d->offset + index[i];
  return 1;
}

static og_node take_through(og_graph *g, og_node a, og_shape shape, const int *index) {
  int count = og_entries(shape);
  og_node from = OG_NODE_NONE, found = OG_NODE_NONE;
  int *through = og_alloc(g->context, (size_t)count, sizeof *through);
  if (!through) return og_graph_fail(g, OG_ERR_MEMORY, "out of memory for the entries of a tensor");
  if (look_through(g, a, index, count, &from, through)) found = og_take_entries(g, from, shape, through);
  og_free(g->context, through);
  return found;
}

static og_node take_of_constant(og_graph *g, const og_node_data *d, og_shape shape, const int *index) {
  int count = og_entries(shape);
  if (!d->count) return og_uniform(g, shape, d->value);
  double *values = og_alloc(g->context, (size_t)count, sizeof *values);
  if (!values) return og_graph_fail(g, OG_ERR_MEMORY, "out of memory for the entries of a tensor");
  for (int i = 0; i < count; i++) values[i] = g->values[d->first + index[i]];
  og_node node = og_constant_tensor(g, shape, values);
  og_free(g->context, values);
  return node;
}

og_node og_take_entries(og_graph *g, og_node a, og_shape shape, const int *index) {
  if (a < 0 || !og_is_shape(g, shape)) return OG_NODE_NONE;
  og_node_data d = g->nodes[a];
  int count = og_entries(shape);
  if (!in_range(g, "a take", index, count, og_entries(d.shape))) return OG_NODE_NONE;
  if (is_run(index, count, 1)) return og_reshape(g, og_slice(g, a, index[0], count), shape);
  if (is_run(index, count, 0)) return og_broadcast(g, og_slice(g, a, index[0], 1), shape);
  if (d.kind == OG_CONSTANT) return take_of_constant(g, &d, shape, index);
  if (d.kind == OG_BROADCAST) return og_broadcast(g, d.operands[0], shape);
  if (d.kind == OG_RESHAPE || d.kind == OG_SLICE || d.kind == OG_TAKE)
    return take_through(g, a, shape, index);
  return made(g, OG_TAKE, a, shape, index, count);
}

og_node og_take_transposed(og_graph *g, og_node a, og_shape shape, const int *index) {
  if (a < 0 || !og_is_shape(g, shape)) return OG_NODE_NONE;
  og_node_data d = g->nodes[a];
  int count = og_entries(d.shape);
  if (!in_range(g, "a sum of entries", index, count, og_entries(shape))) return OG_NODE_NONE;
  if (og_is_value(g, a, 0)) return og_uniform(g, shape, 0);
  if (is_scalar(shape)) return og_reshape(g, og_sum(g, a), shape);
  if (is_run(index, count, 1)) {
    og_node vector = og_reshape(g, a, (og_shape){count, 1});
    return og_reshape(g, og_pad(g, vector, index[0], og_entries(shape)), shape);
  }
  if (d.kind == OG_RESHAPE) return og_take_transposed(g, d.operands[0], shape, index);
  return made(g, OG_TAKE_T, a, shape, index, count);
}

/* The transpose of a node of either kind, applied to `bar`, in the shape of its operand. */
og_node og_take_back(og_graph *g, const og_node_data *d, og_node bar) {
  og_shape shape = g->nodes[d->operands[0]].shape;
  int *index = og_alloc(g->context, (size_t)d->count, sizeof *index);
  if (!index) return og_graph_fail(g, OG_ERR_MEMORY, "out of memory for the entries of a tensor");
  memcpy(index, g->parts + d->first, (size_t)d->count * sizeof *index);
  og_node back =
      d->kind == OG_TAKE ? og_take_transposed(g, bar, shape, index) : og_take_entries(g, bar, shape, index);
  og_free(g->context, index);
  return back;
}

/* The same operation on the tangent of its operand. */
og_node og_take_along(og_graph *g, const og_node_data *d, og_node dot) {
  int *index = og_alloc(g->context, (size_t)d->count, sizeof *index);
  if (!index) return og_graph_fail(g, OG_ERR_MEMORY, "out of memory for the entries of a tensor");
  memcpy(index, g->parts + d->first, (size_t)d->count * sizeof *index);
  og_node along = d->kind == OG_TAKE ? og_take_entries(g, dot, d->shape, index)
                                     : og_take_transposed(g, dot, d->shape, index);
  og_free(g->context, index);
  return along;
}
