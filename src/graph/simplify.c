/* Local rules, tried as a node is made. Each keeps exact arithmetic (but for NaN and infinity times 0) and
 * rounds no more (logarithm.c: and neither underflows nor saturates), but for the third power, which as two
 * products rounds twice and costs a twentieth. */
#include "graph/node.h"

/* The operand when the node is -operand. */
static og_node negated(const og_graph *graph, og_node node) {
  const og_node_data *d = &graph->nodes[node];
  return d->kind == OG_UNARY && d->op == OG_NEG ? d->operands[0] : OG_NODE_NONE;
}

/* `a` in the shape of the result: a scalar among tensors is spread. */
static og_node shaped(og_graph *graph, og_node a, og_shape shape) {
  return og_same_shape(graph->nodes[a].shape, shape) ? a : og_broadcast(graph, a, shape);
}
static og_node negative(og_graph *graph, og_node a) { return og_apply1(graph, OG_NEG, a); }

og_node og_simplify1(og_graph *graph, og_unary op, og_node a) {
  double value;
  if (og_graph_is_constant(graph, a, &value))
    return og_uniform(graph, graph->nodes[a].shape, og_unary_value_d(op, value));
  if (op == OG_LOG) return og_simplify_log(graph, a);
  if (op == OG_LOG1P) return og_simplify_log1p(graph, a);
  if (op != OG_NEG) return OG_NODE_NONE;
  og_node_data d = graph->nodes[a];
  if (d.kind == OG_UNARY && d.op == OG_NEG) return d.operands[0];
  if (d.kind == OG_BINARY && d.op == OG_SUB) return og_apply2(graph, OG_SUB, d.operands[1], d.operands[0]);
  return OG_NODE_NONE;
}

static og_node simplify_sum(og_graph *g, og_node a, og_node b, og_shape shape) {
  if (og_is_value(g, a, 0)) return shaped(g, b, shape);
  if (og_is_value(g, b, 0)) return shaped(g, a, shape);
  if (a == b) return og_apply2(g, OG_MUL, og_constant(g, 2), a);
  if (negated(g, b) >= 0) return og_apply2(g, OG_SUB, a, negated(g, b));
  if (negated(g, a) >= 0) return og_apply2(g, OG_SUB, b, negated(g, a));
  return OG_NODE_NONE;
}

static og_node simplify_difference(og_graph *g, og_node a, og_node b, og_shape shape) {
  if (og_is_value(g, a, 0)) return shaped(g, negative(g, b), shape);
  if (og_is_value(g, b, 0)) return shaped(g, a, shape);
  if (negated(g, b) >= 0) return og_apply2(g, OG_ADD, a, negated(g, b));
  return OG_NODE_NONE;
}

/* Signs are pulled out of products and quotients, where sums can take them up. */
static og_node pull_sign(og_graph *g, int op, og_node a, og_node b) {
  if (negated(g, a) >= 0) return negative(g, og_binary_node(g, op, negated(g, a), b));
  if (negated(g, b) >= 0) return negative(g, og_binary_node(g, op, a, negated(g, b)));
  return OG_NODE_NONE;
}

static og_node simplify_product(og_graph *g, int op, og_node a, og_node b, og_shape shape) {
  if (og_is_value(g, a, 0) || og_is_value(g, b, 0)) return og_uniform(g, shape, 0);
  if (og_is_value(g, a, 1)) return shaped(g, b, shape);
  if (og_is_value(g, b, 1)) return shaped(g, a, shape);
  if (og_is_value(g, a, -1)) return shaped(g, negative(g, b), shape);
  if (og_is_value(g, b, -1)) return shaped(g, negative(g, a), shape);
  return pull_sign(g, op, a, b);
}

static og_node simplify_quotient(og_graph *g, og_node a, og_node b, og_shape shape) {
  if (og_is_value(g, b, 1)) return shaped(g, a, shape);
  if (og_is_value(g, b, -1)) return shaped(g, negative(g, a), shape);
  if (og_is_value(g, a, 0) && !og_is_value(g, b, 0)) return og_uniform(g, shape, 0);
  return pull_sign(g, OG_DIV, a, b);
}

static og_node simplify_power(og_graph *g, og_node a, og_node b, og_shape shape) {
  if (og_is_value(g, b, 0)) return og_uniform(g, shape, 1);
  if (og_is_value(g, b, 1)) return shaped(g, a, shape);
  if (og_is_value(g, b, 2)) return shaped(g, og_apply2(g, OG_MUL, a, a), shape);
  if (og_is_value(g, b, 3)) return shaped(g, og_apply2(g, OG_MUL, og_apply2(g, OG_MUL, a, a), a), shape);
  if (og_is_value(g, b, 0.5)) return shaped(g, og_apply1(g, OG_SQRT, a), shape);
  if (og_is_value(g, b, -1)) return shaped(g, og_apply2(g, OG_DIV, og_constant(g, 1), a), shape);
  return OG_NODE_NONE;
}

og_node og_simplify2(og_graph *g, int op, og_node a, og_node b, og_shape shape) {
  double x, y;
  if (og_graph_is_constant(g, a, &x) && og_graph_is_constant(g, b, &y))
    return og_uniform(g, shape, og_binary_value_d(op, x, y));
  switch (op) {
  case OG_ADD: return simplify_sum(g, a, b, shape);
  case OG_SUB: return simplify_difference(g, a, b, shape);
  case OG_MUL:
  case OG_MUL0: return simplify_product(g, op, a, b, shape);
  case OG_DIV: return simplify_quotient(g, a, b, shape);
  case OG_POW: return simplify_power(g, a, b, shape);
  default: return OG_NODE_NONE;
  }
}
