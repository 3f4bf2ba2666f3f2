/* Backward: the cotangents of outputs pulled back to wrt, node by node from the last.
 *
 * The branch of a `where` that is not taken gets a cotangent of exactly 0, and below a branch every product
 * of a cotangent with a slope is one in which zero wins, so the 0 stays 0 even where the slope is NaN or
 * infinite. So it is with what `min`, `max` and `relu` do not choose, whatever cotangent comes in: that of
 * sqrt(max(x, 0)) is infinite where x is negative. */
#include "graph/node.h"

typedef struct sweep {
  og_graph *graph;
  og_node *bars;         /* OG_NODE_NONE: zero so far */
  unsigned char *active; /* depends on wrt */
  unsigned char *masked; /* below a branch of a where */
  int masking;           /* the node at hand is */
} sweep;

static void add_bar(sweep *s, og_node node, og_node bar) {
  if (bar < 0 || !s->active[node]) return;
  s->bars[node] = s->bars[node] < 0 ? bar : og_apply2(s->graph, OG_ADD, s->bars[node], bar);
  if (s->masking) s->masked[node] = 1;
}

static og_node times(const sweep *s, og_node bar, og_node slope) {
  return og_binary_node(s->graph, s->masking ? OG_MUL0 : OG_MUL, bar, slope);
}

/* bar * slope summed up to the shape of the operand: a scalar among tensors takes all. */
static og_node fitted(const sweep *s, og_node operand, og_node bar, og_node slope) {
  og_graph *g = s->graph;
  og_shape to = g->nodes[operand].shape;
  if (slope < 0) return OG_NODE_NONE;
  if (og_entries(to) > 1 || og_entries(g->nodes[bar].shape) == 1) return times(s, bar, slope);
  if (og_same_shape(g->nodes[bar].shape, g->nodes[slope].shape))
    return og_dot_node(g, bar, slope, s->masking);
  return times(s, og_sum(g, bar), slope);
}

static void back_binary(sweep *s, og_node node, const og_node_data *d, og_node bar) {
  og_graph *g = s->graph;
  og_node a = d->operands[0], b = d->operands[1];
  s->masking |= d->op == OG_MUL0;
  for (int which = 0; which < 2; which++) {
    og_node operand = d->operands[which];
    if (!s->active[operand]) continue;
    if (d->op == OG_DIV && which == 0) { /* bar / b rounds once */
      if (!s->masking && og_same_shape(g->nodes[a].shape, d->shape))
        add_bar(s, a, og_apply2(g, OG_DIV, bar, b));
      else
        add_bar(s, a, fitted(s, a, bar, og_binary_slope(g, d->op, 0, a, b, node)));
    } else {
      add_bar(s, operand, fitted(s, operand, bar, og_binary_slope(g, d->op, which, a, b, node)));
    }
  }
}

/* What is not chosen gets 0, whatever comes in. Not a where: below it products stay as fast as they are. */
static void back_choice(sweep *s, og_node node, const og_node_data *d, og_node bar) {
  int masking = s->masking;
  for (int which = 0; which < 2; which++) {
    og_node operand = d->operands[which];
    if (!s->active[operand]) continue;
    s->masking = 1;
    og_node chosen = og_binary_slope(s->graph, d->op, which, d->operands[0], d->operands[1], node);
    og_node own = fitted(s, operand, bar, chosen);
    s->masking = masking;
    add_bar(s, operand, own);
  }
}

static void back_unary(sweep *s, og_node node, const og_node_data *d, og_node bar) {
  int masking = s->masking;
  og_node slope = og_unary_slope(s->graph, (og_unary)d->op, d->operands[0], node);
  s->masking |= og_is_choice(d);
  og_node own = fitted(s, d->operands[0], bar, slope);
  s->masking = masking;
  add_bar(s, d->operands[0], own);
}

static void back_where(sweep *s, const og_node_data *d, og_node bar) {
  og_node zero = og_uniform(s->graph, d->shape, 0);
  s->masking = 1;
  add_bar(s, d->operands[1], og_where(s->graph, d->operands[0], bar, zero));
  add_bar(s, d->operands[2], og_where(s->graph, d->operands[0], zero, bar));
}

static void back_concat(sweep *s, const og_node_data *d, og_node bar) {
  int at = 0;
  for (int i = 0; i < d->count; i++) {
    og_node part = s->graph->parts[d->first + i];
    int rows = s->graph->nodes[part].shape.rows;
    if (s->active[part]) add_bar(s, part, og_slice(s->graph, bar, at, rows));
    at += rows;
  }
}

static void back_product(sweep *s, const og_node_data *d, og_node bar) {
  og_graph *g = s->graph;
  og_node a = d->operands[0], b = d->operands[1];
  int zero_wins = s->masking |= d->op;
  og_kind to_a = d->kind == OG_OUTER ? OG_MATVEC : OG_OUTER;
  og_kind to_b = d->kind == OG_MATVEC_T ? OG_MATVEC : OG_MATVEC_T;
  og_node left = d->kind == OG_MATVEC ? bar : d->kind == OG_MATVEC_T ? b : bar;
  og_node right = d->kind == OG_MATVEC ? b : d->kind == OG_MATVEC_T ? bar : b;
  if (s->active[a]) add_bar(s, a, og_product_node(g, to_a, left, right, zero_wins));
  if (!s->active[b]) return;
  if (d->kind == OG_OUTER)
    add_bar(s, b, og_product_node(g, to_b, bar, a, zero_wins));
  else
    add_bar(s, b, og_product_node(g, to_b, a, bar, zero_wins));
}

static void back_stated(sweep *s, const og_node_data *d, og_node bar) {
  for (int i = 0; i < d->count; i += 2) {
    og_node of = s->graph->parts[d->first + i], slope = s->graph->parts[d->first + i + 1];
    if (s->active[of]) add_bar(s, of, fitted(s, of, bar, slope));
  }
}

static void back(sweep *s, og_node node) {
  og_graph *g = s->graph;
  og_node_data d = g->nodes[node];
  og_node bar = s->bars[node], a = d.operands[0];
  s->masking = s->masked[node];
  switch (d.kind) {
  case OG_CONSTANT:
  case OG_INPUT: break;
  case OG_UNARY: back_unary(s, node, &d, bar); break;
  case OG_BINARY: (og_is_choice(&d) ? back_choice : back_binary)(s, node, &d, bar); break;
  case OG_WHERE: back_where(s, &d, bar); break;
  case OG_SLICE: {
    og_shape shape = g->nodes[a].shape;
    add_bar(s, a, og_reshape(g, og_pad(g, bar, d.offset, og_entries(shape)), shape));
    break;
  }
  case OG_CONCAT: back_concat(s, &d, bar); break;
  case OG_RESHAPE: add_bar(s, a, og_reshape(g, bar, g->nodes[a].shape)); break;
  case OG_WITH_SLOPES: back_stated(s, &d, bar); break;
  case OG_BROADCAST: add_bar(s, a, og_sum(g, bar)); break;
  case OG_PAD: add_bar(s, a, og_slice(g, bar, d.offset, g->nodes[a].shape.rows)); break;
  case OG_TAKE:
  case OG_TAKE_T: add_bar(s, a, og_take_back(g, &d, bar)); break;
  case OG_SUM: add_bar(s, a, og_broadcast(g, bar, g->nodes[a].shape)); break;
  case OG_DOT:
    s->masking |= d.op;
    add_bar(s, a, times(s, bar, d.operands[1]));
    add_bar(s, d.operands[1], times(s, bar, a));
    break;
  case OG_MATVEC:
  case OG_MATVEC_T:
  case OG_OUTER: back_product(s, &d, bar); break;
  }
}

static void seed(sweep *s, int count, const og_node *outputs, const og_node *output_bars) {
  for (int i = 0; i < count; i++) {
    og_shape want = s->graph->nodes[outputs[i]].shape, have = og_graph_shape(s->graph, output_bars[i]);
    if (output_bars[i] < 0) continue;
    if (og_same_shape(want, have))
      add_bar(s, outputs[i], output_bars[i]);
    else
      og_graph_fail(s->graph, OG_ERR_SHAPE, "the cotangent of output %d is %d x %d, the output %d x %d", i,
                    have.rows, have.columns, want.rows, want.columns);
  }
}

static og_status run(sweep *s, int last, int output_count, const og_node *outputs, const og_node *output_bars,
                     int wrt_count, int gathered, const og_node *wrt, og_node *bars) {
  og_graph *g = s->graph;
  for (int i = 0; i <= last; i++) s->bars[i] = OG_NODE_NONE;
  og_mark_active(g, last, wrt_count, wrt, s->active);
  seed(s, output_count, outputs, output_bars);
  for (og_node node = last; node >= 0 && g->status == OG_OK; node--)
    if (s->bars[node] >= 0) back(s, node);
  for (int i = 0; i < wrt_count && g->status == OG_OK; i++)
    bars[i] = i < gathered ? og_gather(g, wrt[i], last, s->bars) : s->bars[wrt[i]];
  return g->status;
}

og_status og_graph_vjp_leaves(og_graph *g, int output_count, const og_node *outputs,
                              const og_node *output_bars, int wrt_count, int gathered, const og_node *wrt,
                              og_node *bars) {
  if (g->status != OG_OK) return g->status;
  int last = -1;
  for (int i = 0; i < output_count; i++) last = outputs[i] > last ? outputs[i] : last;
  size_t nodes = (size_t)last + 1;
  sweep s = {.graph = g,
             .bars = og_alloc(g->context, nodes + 1, sizeof(og_node)),
             .active = og_alloc(g->context, nodes + 1, 1),
             .masked = og_alloc(g->context, nodes + 1, 1)};
  og_status status = s.bars && s.active && s.masked
                         ? run(&s, last, output_count, outputs, output_bars, wrt_count, gathered, wrt, bars)
                         : og_fail_memory(g->context, nodes * sizeof(og_node), "a backward sweep");
  og_free(g->context, s.bars);
  og_free(g->context, s.active);
  og_free(g->context, s.masked);
  return status;
}

og_status og_graph_vjp(og_graph *g, int output_count, const og_node *outputs, const og_node *output_bars,
                       int wrt_count, const og_node *wrt, og_node *bars) {
  return og_graph_vjp_leaves(g, output_count, outputs, output_bars, wrt_count, wrt_count, wrt, bars);
}
