/* Forward: tangents of wrt pushed to the outputs, node by node. A missing tangent (OG_NODE_NONE) is zero. */
#include "graph/node.h"

static og_node plus(og_graph *g, og_node a, og_node b) {
  return a < 0 ? b : b < 0 ? a : og_apply2(g, OG_ADD, a, b);
}
static og_node spread(og_graph *g, og_node a, og_shape shape) {
  return a < 0 || og_same_shape(g->nodes[a].shape, shape) ? a : og_broadcast(g, a, shape);
}
static og_node or_zero(og_graph *g, og_node dot, og_node like) {
  return dot >= 0 ? dot : og_uniform(g, g->nodes[like].shape, 0);
}

/* Behind a choice a tangent may be the 0 of what was not chosen, which no slope may undo: see vjp.c. */
static og_node times(og_graph *g, int masked, og_node dot, og_node slope) {
  return og_binary_node(g, masked ? OG_MUL0 : OG_MUL, dot, slope);
}

static og_node forward_binary(og_graph *g, const og_node_data *d, og_node node, const og_node *dots,
                              int masked) {
  og_node sum = OG_NODE_NONE, a = d->operands[0], b = d->operands[1];
  for (int which = 0; which < 2; which++) {
    og_node dot = dots[d->operands[which]];
    if (dot < 0) continue;
    if (d->op == OG_DIV && which == 0 && !masked) {
      sum = plus(g, sum, og_apply2(g, OG_DIV, dot, b));
      continue;
    }
    og_node slope = og_binary_slope(g, d->op, which, a, b, node);
    if (slope >= 0) sum = plus(g, sum, times(g, masked || d->op == OG_MUL0, dot, slope));
  }
  return spread(g, sum, d->shape);
}

static og_node forward_where(og_graph *g, const og_node_data *d, const og_node *dots) {
  og_node a = dots[d->operands[1]], b = dots[d->operands[2]];
  if (a < 0 && b < 0) return OG_NODE_NONE;
  return og_where(g, d->operands[0], or_zero(g, a, d->operands[1]), or_zero(g, b, d->operands[2]));
}

static og_node forward_concat(og_graph *g, const og_node_data *d, const og_node *dots) {
  int any = 0;
  for (int i = 0; i < d->count; i++) any |= dots[g->parts[d->first + i]] >= 0;
  og_node *parts = any ? og_alloc(g->context, (size_t)d->count, sizeof *parts) : NULL;
  if (!any) return OG_NODE_NONE;
  if (!parts) {
    g->status = og_fail_memory(g->context, (size_t)d->count * sizeof *parts, "a forward sweep");
    return OG_NODE_NONE;
  }
  for (int i = 0; i < d->count; i++) {
    og_node part = g->parts[d->first + i];
    parts[i] = or_zero(g, dots[part], part);
  }
  og_node result = og_concat(g, parts, d->count);
  og_free(g->context, parts);
  return result;
}

/* Products are linear in either operand. */
static og_node forward_product(og_graph *g, const og_node_data *d, const og_node *dots) {
  og_node sum = OG_NODE_NONE;
  for (int which = 0; which < 2; which++) {
    og_node dot = dots[d->operands[which]];
    if (dot < 0) continue;
    og_node a = which ? d->operands[0] : dot, b = which ? dot : d->operands[1];
    sum = plus(g, sum,
               d->kind == OG_DOT ? og_dot_node(g, a, b, d->op) : og_product_node(g, d->kind, a, b, d->op));
  }
  return sum;
}

static og_node forward_unary(og_graph *g, const og_node_data *d, og_node node, og_node dot, int masked) {
  og_node slope = dot < 0 ? OG_NODE_NONE : og_unary_slope(g, (og_unary)d->op, d->operands[0], node);
  return slope < 0 ? OG_NODE_NONE : times(g, masked, dot, slope);
}

static og_node forward_stated(og_graph *g, const og_node_data *d, const og_node *dots, int masked) {
  og_node sum = OG_NODE_NONE;
  for (int i = 0; i < d->count; i += 2) {
    og_node dot = dots[g->parts[d->first + i]], slope = g->parts[d->first + i + 1];
    if (dot >= 0) sum = plus(g, sum, times(g, masked, dot, slope));
  }
  return spread(g, sum, d->shape);
}

static og_node forward(og_graph *g, og_node node, const og_node *dots, int masked) {
  og_node_data d = g->nodes[node];
  og_node dot = d.operand_count ? dots[d.operands[0]] : OG_NODE_NONE;
  switch (d.kind) {
  case OG_CONSTANT:
  case OG_INPUT: return OG_NODE_NONE;
  case OG_UNARY: return forward_unary(g, &d, node, dot, masked);
  case OG_BINARY: return forward_binary(g, &d, node, dots, masked);
  case OG_WHERE: return forward_where(g, &d, dots);
  case OG_CONCAT: return forward_concat(g, &d, dots);
  case OG_SLICE: return dot < 0 ? dot : og_slice(g, dot, d.offset, d.shape.rows);
  case OG_RESHAPE: return dot < 0 ? dot : og_reshape(g, dot, d.shape);
  case OG_WITH_SLOPES: return forward_stated(g, &d, dots, masked);
  case OG_BROADCAST: return dot < 0 ? dot : og_broadcast(g, dot, d.shape);
  case OG_PAD: return dot < 0 ? dot : og_pad(g, dot, d.offset, d.shape.rows);
  case OG_TAKE:
  case OG_TAKE_T: return dot < 0 ? dot : og_take_along(g, &d, dot);
  case OG_SUM: return dot < 0 ? dot : og_sum(g, dot);
  case OG_DOT:
  case OG_MATVEC:
  case OG_MATVEC_T:
  case OG_OUTER: return forward_product(g, &d, dots);
  }
  return OG_NODE_NONE;
}

/* Whether a node lies behind a choice among what depends on wrt. */
static void mark_masked(const og_graph *g, int last, const unsigned char *active, unsigned char *masked) {
  for (og_node node = 0; node <= last; node++) {
    int count;
    const og_node *operands = og_operands(g, node, &count);
    masked[node] = active[node] && og_is_choice(&g->nodes[node]);
    for (int i = 0; i < count && active[node]; i++) masked[node] |= masked[operands[i]];
  }
}

static int check_dots(og_graph *g, int count, const og_node *wrt, const og_node *wrt_dots) {
  for (int i = 0; i < count; i++) {
    og_shape want = g->nodes[wrt[i]].shape, have = og_graph_shape(g, wrt_dots[i]);
    if (wrt_dots[i] < 0 || og_same_shape(want, have)) continue;
    og_graph_fail(g, OG_ERR_SHAPE, "the tangent of input %d is %d x %d, the input %d x %d", i, have.rows,
                  have.columns, want.rows, want.columns);
    return 0;
  }
  return 1;
}

/* Whose tangents the outputs' are made of: not those of a value whose slopes are stated. */
static void mark_differentiated(const og_graph *g, int last, int output_count, const og_node *outputs,
                                unsigned char *needed) {
  for (int i = 0; i < output_count; i++) needed[outputs[i]] = 1;
  for (og_node node = last; node >= 0; node--) {
    const og_node_data *d = &g->nodes[node];
    int count, stated = d->kind == OG_WITH_SLOPES;
    const og_node *operands = og_operands(g, node, &count);
    for (int i = 0; needed[node] && !stated && i < count; i++) needed[operands[i]] = 1;
    for (int i = 0; needed[node] && stated && i < d->count; i += 2) needed[g->parts[d->first + i]] = 1;
  }
}

/* A wrt within the graph has its given tangent plus nothing: it cuts off what lies before it. */
static void seed(og_graph *g, int last, int count, const og_node *wrt, const og_node *wrt_dots,
                 og_node *dots) {
  for (og_node node = 0; node <= last; node++)
    dots[node] = g->nodes[node].kind == OG_INPUT ? og_scatter(g, node, count, wrt, wrt_dots) : OG_NODE_NONE;
  for (int i = 0; i < count; i++)
    if (wrt[i] <= last && g->nodes[wrt[i]].kind != OG_INPUT) dots[wrt[i]] = wrt_dots[i];
}

static void run(og_graph *g, int last, int output_count, const og_node *outputs, int wrt_count,
                const og_node *wrt, const og_node *wrt_dots, og_node *dots, unsigned char *active,
                unsigned char *needed, unsigned char *masked, og_node *output_dots) {
  if (!check_dots(g, wrt_count, wrt, wrt_dots)) return;
  seed(g, last, wrt_count, wrt, wrt_dots, dots);
  og_mark_active(g, last, wrt_count, wrt, active);
  mark_differentiated(g, last, output_count, outputs, needed);
  mark_masked(g, last, active, masked);
  for (og_node node = 0; node <= last && g->status == OG_OK; node++)
    if (active[node] && needed[node] && dots[node] < 0) dots[node] = forward(g, node, dots, masked[node]);
  for (int i = 0; i < output_count; i++) output_dots[i] = or_zero(g, dots[outputs[i]], outputs[i]);
}

og_status og_graph_jvp(og_graph *g, int output_count, const og_node *outputs, int wrt_count,
                       const og_node *wrt, const og_node *wrt_dots, og_node *output_dots) {
  if (g->status != OG_OK) return g->status;
  int last = -1;
  for (int i = 0; i < output_count; i++) last = outputs[i] > last ? outputs[i] : last;
  size_t nodes = (size_t)last + 2;
  og_node *dots = og_alloc(g->context, nodes, sizeof *dots);
  unsigned char *marks = og_alloc(g->context, 3 * nodes, 1);
  int have = dots && marks;
  if (have)
    run(g, last, output_count, outputs, wrt_count, wrt, wrt_dots, dots, marks, marks + nodes,
        marks + 2 * nodes, output_dots);
  og_status status = have ? g->status : og_fail_memory(g->context, nodes * sizeof *dots, "a forward sweep");
  og_free(g->context, dots);
  og_free(g->context, marks);
  return status;
}
