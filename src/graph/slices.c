/* Inputs as views of their slots: a derivative with respect to a whole slot sees those who read a part of it.
 */
#include "graph/node.h"

typedef struct stretch {
  int from, to;
} stretch;

static stretch stretch_of(const og_graph *g, og_node input) {
  const og_node_data *d = &g->nodes[input];
  return (stretch){d->offset, d->offset + og_entries(d->shape)};
}

static stretch common(stretch a, stretch b) {
  return (stretch){a.from > b.from ? a.from : b.from, a.to < b.to ? a.to : b.to};
}

/* Whether the nodes are the same, or inputs that share an entry. */
int og_overlap(const og_graph *g, og_node a, og_node b) {
  const og_node_data *x = &g->nodes[a], *y = &g->nodes[b];
  if (a == b) return 1;
  if (x->kind != OG_INPUT || y->kind != OG_INPUT || x->slot != y->slot) return 0;
  stretch both = common(stretch_of(g, a), stretch_of(g, b));
  return both.from < both.to;
}

static og_node as_vector(og_graph *g, og_node node) {
  return og_reshape(g, node, (og_shape){og_entries(og_graph_shape(g, node)), 1});
}
static og_node zeros(og_graph *g, int rows) { return og_uniform(g, (og_shape){rows, 1}, 0); }

/* What `value`, a tensor over the view `from`, says of the view `to`: zeros elsewhere. A vector. */
static og_node seen_from(og_graph *g, og_node value, og_node from, og_node to) {
  stretch a = stretch_of(g, from), b = stretch_of(g, to), both = common(a, b);
  og_node piece = og_slice(g, as_vector(g, value), both.from - a.from, both.to - both.from);
  return og_pad(g, piece, both.from - b.from, b.to - b.from);
}

static og_node summed(og_graph *g, og_node wrt, const og_node *inputs, const og_node *bars, int count) {
  og_node sum = seen_from(g, bars[inputs[0]], inputs[0], wrt);
  for (int i = 1; i < count; i++)
    sum = og_apply2(g, OG_ADD, sum, seen_from(g, bars[inputs[i]], inputs[i], wrt));
  return sum;
}

/* Disjoint parts within wrt are laid end to end, with zeros between; others are added up. Inputs are sorted.
 */
static og_node joined(og_graph *g, og_node wrt, const og_node *inputs, const og_node *bars, int count,
                      og_node *parts) {
  stretch whole = stretch_of(g, wrt);
  int at = whole.from, used = 0;
  for (int i = 0; i < count; i++) {
    stretch part = stretch_of(g, inputs[i]);
    if (part.from < at || part.to > whole.to) return summed(g, wrt, inputs, bars, count);
    if (part.from > at) parts[used++] = zeros(g, part.from - at);
    parts[used++] = as_vector(g, bars[inputs[i]]);
    at = part.to;
  }
  if (at < whole.to) parts[used++] = zeros(g, whole.to - at);
  return og_concat(g, parts, used);
}

static void insert_sorted(const og_graph *g, og_node *inputs, int count, og_node input) {
  for (; count > 0 && g->nodes[inputs[count - 1]].offset > g->nodes[input].offset; count--)
    inputs[count] = inputs[count - 1];
  inputs[count] = input;
}

static int has_bar(const og_graph *g, og_node node, og_node wrt, const og_node *bars) {
  return bars[node] >= 0 && og_overlap(g, node, wrt);
}

og_node og_gather(og_graph *g, og_node wrt, int last, const og_node *bars) {
  og_shape shape = g->nodes[wrt].shape;
  if (g->nodes[wrt].kind != OG_INPUT)
    return wrt <= last && bars[wrt] >= 0 ? bars[wrt] : og_uniform(g, shape, 0);
  int count = 0, used = 0;
  for (og_node node = 0; node <= last; node++) count += has_bar(g, node, wrt, bars);
  if (!count) return og_uniform(g, shape, 0);
  og_node *inputs = og_alloc(g->context, 3 * (size_t)count + 1, sizeof *inputs);
  if (!inputs) {
    g->status = og_fail_memory(g->context, 3 * (size_t)count * sizeof *inputs, "a backward sweep");
    return OG_NODE_NONE;
  }
  for (og_node node = 0; node <= last; node++)
    if (has_bar(g, node, wrt, bars)) insert_sorted(g, inputs, used++, node);
  og_node bar = joined(g, wrt, inputs, bars, count, inputs + count);
  og_free(g->context, inputs);
  return og_reshape(g, bar, shape);
}

og_node og_scatter(og_graph *g, og_node node, int wrt_count, const og_node *wrt, const og_node *wrt_dots) {
  og_node sum = OG_NODE_NONE;
  for (int i = 0; i < wrt_count; i++) {
    if (wrt_dots[i] < 0 || !og_overlap(g, node, wrt[i])) continue;
    og_node dot = seen_from(g, wrt_dots[i], wrt[i], node);
    sum = sum < 0 ? dot : og_apply2(g, OG_ADD, sum, dot);
  }
  return og_reshape(g, sum, g->nodes[node].shape);
}

static og_node part_of_concat(const og_graph *g, const og_node_data *d, int *entry) {
  const og_node *parts = g->parts + d->first;
  int i = 0;
  for (; *entry >= og_entries(g->nodes[parts[i]].shape); i++) *entry -= og_entries(g->nodes[parts[i]].shape);
  return parts[i];
}

/* The node that entry *entry of a node is taken from unchanged, and its entry there; OG_NODE_NONE. */
static og_node source_of_entry(const og_graph *g, const og_node_data *d, int *entry) {
  switch (d->kind) {
  case OG_CONCAT: return part_of_concat(g, d, entry);
  case OG_SLICE: *entry += d->offset; return d->operands[0];
  case OG_RESHAPE: return d->operands[0];
  case OG_BROADCAST: *entry = 0; return d->operands[0];
  case OG_TAKE: *entry = g->parts[d->first + *entry]; return d->operands[0];
  case OG_UNARY: {
    const og_node_data *inner = &g->nodes[d->operands[0]];
    int undone = d->op == OG_EXP && inner->kind == OG_UNARY && inner->op == OG_LOG;
    return undone ? inner->operands[0] : OG_NODE_NONE;
  }
  default: return OG_NODE_NONE;
  }
}

int og_graph_entry_of_slot(const og_graph *g, og_node node, int entry, int slot) {
  while (node >= 0 && g->nodes[node].kind != OG_INPUT) node = source_of_entry(g, &g->nodes[node], &entry);
  return node >= 0 && g->nodes[node].slot == slot ? g->nodes[node].offset + entry : -1;
}
