/* What a forward pass leaves for the backward one: the values at the border between nodes of the forward part
 * and those that read cotangents. A slope that follows by a few cheap operations from values that are kept
 * anyway (1 - y^2 from the y of tanh) is computed again. */
#include "program/program.h"

#include "graph/node.h"

enum { LEAVES_MOST = 8, DEPTH_MOST = 6 };

typedef struct choice {
  const og_graph *graph;
  unsigned char *needed, *backward, *kept;
  int last;
} choice;

static int computed(const choice *c, og_node node) {
  og_kind kind = c->graph->nodes[node].kind;
  return kind != OG_CONSTANT && kind != OG_INPUT;
}

static og_node root_of(const choice *c, og_node node) {
  int offset;
  return og_root_of(c->graph, node, &offset);
}

/* backward[i] becomes 1 for the nodes that depend on cotangents. */
static void mark_backward(choice *c) {
  for (og_node node = 0; node <= c->last; node++) {
    int count;
    const og_node *operands = og_operands(c->graph, node, &count);
    const og_node_data *d = &c->graph->nodes[node];
    c->backward[node] = d->kind == OG_INPUT && d->slot == OG_SLOT_COTANGENT;
    for (int i = 0; i < count; i++) c->backward[node] |= c->backward[operands[i]];
  }
}

static void keep(choice *c, og_node node) {
  og_node root = root_of(c, node);
  if (!c->backward[root] && computed(c, root)) c->kept[root] = 1;
}

static void keep_border(choice *c, const og_program_plan *plan) {
  for (int i = 0; i < plan->output_count; i++) keep(c, plan->outputs[i]);
  for (int i = 0; i < plan->lane_sum_count; i++) keep(c, plan->lane_sums[i].node);
  for (og_node node = 0; node <= c->last; node++) {
    int count;
    const og_node *operands = og_operands(c->graph, node, &count);
    for (int i = 0; c->needed[node] && c->backward[node] && i < count; i++) keep(c, operands[i]);
  }
}

static int is_cheap(const og_node_data *d) {
  if (d->kind == OG_UNARY) return d->op == OG_NEG || d->op == OG_ABS || d->op == OG_RELU || d->op == OG_NOT;
  return d->kind == OG_WHERE || (d->kind == OG_BINARY && !og_is_function2(d->op) && d->op != OG_DIV);
}

/* The values that `node` follows from by cheap operations, added to leaves[*count]; 0: there are too many. */
static int find_leaves(const choice *c, og_node node, int depth, og_node *leaves, int *count) {
  const og_node_data *d = &c->graph->nodes[node];
  if (!computed(c, node)) return 1;
  if (depth > 0 && (c->kept[node] || depth == DEPTH_MOST || !is_cheap(d))) {
    for (int i = 0; i < *count; i++)
      if (leaves[i] == node) return 1;
    if (*count == LEAVES_MOST) return 0;
    leaves[(*count)++] = node;
    return 1;
  }
  for (int i = 0; i < d->operand_count; i++)
    if (!find_leaves(c, root_of(c, d->operands[i]), depth + 1, leaves, count)) return 0;
  return 1;
}

/* Keeps the leaves in place of the node where that is less. */
static void replace(choice *c, og_node node) {
  og_node leaves[LEAVES_MOST];
  int count = 0, more = 0;
  if (!is_cheap(&c->graph->nodes[node]) || !find_leaves(c, node, 0, leaves, &count)) return;
  for (int i = 0; i < count; i++)
    if (!c->kept[leaves[i]]) more += og_entries(c->graph->nodes[leaves[i]].shape);
  if (more >= og_entries(c->graph->nodes[node].shape)) return;
  c->kept[node] = 0;
  for (int i = 0; i < count; i++) c->kept[leaves[i]] = 1;
}

static void mark_needed(choice *c, const og_program_plan *plan) {
  for (int i = 0; i < plan->lane_sum_count; i++) c->needed[plan->lane_sums[i].node] = 1;
  og_mark_needed(c->graph, c->last, plan->output_count, plan->outputs, c->needed);
}

static int last_node(const og_program_plan *plan) {
  int last = 0;
  for (int i = 0; i < plan->output_count; i++) last = plan->outputs[i] > last ? plan->outputs[i] : last;
  for (int i = 0; i < plan->lane_sum_count; i++)
    last = plan->lane_sums[i].node > last ? plan->lane_sums[i].node : last;
  return last;
}

og_status og_choose_tape(const og_graph *g, const og_program_plan *plan, og_node **tape, int *count) {
  size_t nodes = (size_t)last_node(plan) + 1;
  choice c = {.graph = g,
              .last = (int)nodes - 1,
              .needed = og_alloc(g->context, nodes, 1),
              .backward = og_alloc(g->context, nodes, 1),
              .kept = og_alloc(g->context, nodes, 1)};
  *count = 0;
  *tape = og_alloc(g->context, nodes, sizeof **tape);
  int good = c.needed && c.backward && c.kept && *tape;
  if (good) {
    mark_needed(&c, plan);
    mark_backward(&c);
    keep_border(&c, plan);
    for (og_node node = c.last; node >= 0; node--)
      if (c.kept[node]) replace(&c, node);
    for (og_node node = 0; node <= c.last; node++)
      if (c.kept[node]) (*tape)[(*count)++] = node;
  }
  og_free(g->context, c.needed);
  og_free(g->context, c.backward);
  og_free(g->context, c.kept);
  return good ? OG_OK : og_fail_memory(g->context, nodes * sizeof **tape, "the tape of a field");
}
