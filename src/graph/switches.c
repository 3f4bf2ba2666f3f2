/* Where a graph jumps: comparisons, signs and whole parts of what moves along a trajectory. */
#include "graph/node.h"

/* norm2 is guarded by a comparison of x.x with 0, on both sides of which it is the same. */
static int is_guard_of_norm(const og_graph *g, const og_node_data *d) {
  const og_node_data *left = &g->nodes[d->operands[0]], *right = &g->nodes[d->operands[1]];
  return d->op == OG_GT && left->kind == OG_DOT && right->kind == OG_CONSTANT && !right->count &&
         right->value == 0;
}

/* atan2 jumps too, by 2 pi, but is mostly used where that does not matter. */
static int is_jump(const og_graph *g, const og_node_data *d) {
  if (d->kind == OG_UNARY) return d->op == OG_SIGN || d->op == OG_FLOOR || d->op == OG_NOT;
  return d->kind == OG_BINARY && d->op >= OG_LT && d->op <= OG_NE && !is_guard_of_norm(g, d);
}

int og_graph_switches(const og_graph *g, og_node f) {
  if (f < 0) return 0;
  unsigned char *needed = og_alloc(g->context, (size_t)f + 1, 1);
  int found = 0;
  if (!needed) return 0; /* a note the less */
  og_mark_needed(g, f, 1, &f, needed);
  for (og_node node = f; node >= 0 && !found; node--)
    found =
        needed[node] && is_jump(g, &g->nodes[node]) &&
        (og_graph_depends_on(g, 1, &node, OG_SLOT_STATE) || og_graph_depends_on(g, 1, &node, OG_SLOT_TIME));
  og_free(g->context, needed);
  return found;
}
