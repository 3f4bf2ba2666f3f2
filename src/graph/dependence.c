/* What nodes depend on, and where a graph jumps at times that nobody knows: comparisons, signs and whole
 * parts of what moves along a trajectory, but for those that switches.c finds. */
#include "graph/node.h"

enum { MOVING = 1u << OG_SLOT_TIME | 1u << OG_SLOT_STATE };

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

static int larger(int a, int b) { return a > b ? a : b; }

void og_find_dependence(const og_graph *g, og_node_data *d, const og_node *parts) {
  int listed = d->kind == OG_CONCAT || d->kind == OG_WITH_SLOPES;
  const og_node *operands = listed ? parts : d->operands;
  int count = listed ? d->count : d->operand_count;
  d->slots = d->kind == OG_INPUT ? 1u << d->slot : 0;
  d->parameters_read =
      d->kind == OG_INPUT && d->slot == OG_SLOT_PARAMETER ? d->offset + og_entries(d->shape) : 0;
  d->switches = 0;
  for (int i = 0; i < count; i++) {
    const og_node_data *operand = &g->nodes[operands[i]];
    d->slots |= operand->slots;
    d->parameters_read = larger(d->parameters_read, operand->parameters_read);
    d->switches |= operand->switches;
  }
  og_find_time_kind(g, d, parts);
  d->switches |= is_jump(g, d) && (d->slots & MOVING) && d->in_time > OG_IN_TIME_STEPS;
}

int og_graph_parameters_read(const og_graph *g, int output_count, const og_node *outputs) {
  int read = 0;
  for (int i = 0; i < output_count; i++)
    if (outputs[i] >= 0) read = larger(read, g->nodes[outputs[i]].parameters_read);
  return read;
}

int og_graph_depends_on(const og_graph *g, int output_count, const og_node *outputs, int slot) {
  unsigned slots = 0;
  for (int i = 0; i < output_count; i++)
    if (outputs[i] >= 0) slots |= g->nodes[outputs[i]].slots;
  return (int)(slots >> slot & 1);
}

/* Operands come before what is made of them. */
static void mark_operands(const og_graph *g, unsigned char *reached) {
  for (og_node node = g->count - 1; node >= 0; node--) {
    int count;
    const og_node *operands = og_operands(g, node, &count);
    for (int i = 0; reached[node] && i < count; i++) reached[operands[i]] = 1;
  }
}

og_status og_graph_find_read(const og_graph *g, int output_count, const og_node *outputs, int slot,
                             int entries, unsigned char *read) {
  unsigned char *reached = og_alloc(g->context, (size_t)g->count + 1, 1);
  if (!reached) return og_fail_memory(g->context, (size_t)g->count + 1, "what a graph reads");
  for (int i = 0; i < output_count; i++)
    if (outputs[i] >= 0) reached[outputs[i]] = 1;
  mark_operands(g, reached);
  for (og_node node = 0; node < g->count; node++) {
    const og_node_data *d = &g->nodes[node];
    if (!reached[node] || d->kind != OG_INPUT || d->slot != slot) continue;
    for (int i = d->offset; i < d->offset + og_entries(d->shape) && i < entries; i++) read[i] = 1;
  }
  og_free(g->context, reached);
  return OG_OK;
}

int og_graph_switches(const og_graph *g, og_node f) { return f >= 0 && g->nodes[f].switches; }
