/* What nets do after and before each product, made in one pass over the rows in place of several, with the
 * same roundings: an activation of a sum with a bias, f(z + b), and a cotangent times the slope of tanh, bar
 * ((1 - y)(1 + y)). Nodes in between that nothing else reads disappear. */
#include "program/lowering.h"

static const og_node_data *data_of(const og_program_lowering *l, og_node node) {
  return &l->graph->nodes[node];
}

/* Whether the node can be made within its only reader. */
static int is_inner(const og_program_lowering *l, og_node node, int op) {
  const og_node_data *d = data_of(l, node);
  return d->kind == OG_BINARY && d->op == op && l->readers[node] == 1 && !l->given[node];
}

static int is_uniform(const og_program_lowering *l, og_node node) {
  int offset;
  const og_node_data *d = data_of(l, og_root_of(l->graph, node, &offset));
  return d->kind == OG_INPUT && og_input_address(l, d).one;
}

/* f(z + b) with the b of weights. */
static int find_bias(const og_program_lowering *l, const og_node_data *d, og_fusion *found) {
  og_node sum = d->operands[0];
  if (d->kind != OG_UNARY || og_unary_loop(d->op) < 0 || !is_inner(l, sum, OG_ADD)) return 0;
  const og_node *part = data_of(l, sum)->operands;
  int which = is_uniform(l, part[0]) ? 0 : 1;
  *found = (og_fusion){{part[1 - which], part[which]}, {sum}, 1};
  return is_uniform(l, part[which]) && !is_uniform(l, part[1 - which]) &&
         og_entries_of(l, part[0]) == og_entries_of(l, part[1]);
}

/* bar ((1 - y)(1 + y)) with the slope as operand `which`. */
static int find_slope(const og_program_lowering *l, const og_node_data *d, int which, og_fusion *found) {
  og_node slope = d->operands[which], bar = d->operands[1 - which];
  if (d->kind != OG_BINARY || d->op != OG_MUL || !is_inner(l, slope, OG_MUL)) return 0;
  const og_node *part = data_of(l, slope)->operands;
  int sum = is_inner(l, part[0], OG_ADD) ? 0 : 1;
  if (!is_inner(l, part[sum], OG_ADD) || !is_inner(l, part[1 - sum], OG_SUB)) return 0;
  const og_node *plus = data_of(l, part[sum])->operands, *minus = data_of(l, part[1 - sum])->operands;
  int one = plus[0] == minus[1] ? 1 : 0;
  og_node y = plus[1 - one];
  *found = (og_fusion){{bar, y}, {slope, part[0], part[1]}, 3};
  return y == minus[1] && og_is_value(l->graph, plus[one], 1) && og_is_value(l->graph, minus[0], 1) &&
         og_entries_of(l, bar) == og_entries_of(l, y) && !is_uniform(l, bar) && !is_uniform(l, y);
}

int og_find_fusion(const og_program_lowering *l, og_node node, og_fusion *found) {
  const og_node_data *d = data_of(l, node);
  if (find_bias(l, d, found)) return OG_FUSED_BIAS;
  return find_slope(l, d, 0, found) || find_slope(l, d, 1, found) ? OG_FUSED_SLOPE : 0;
}

/* In programs with weights alone: others have few such rows, and may be emitted as C (scalars.c). */
void og_find_fusions(og_program_lowering *l) {
  for (og_node node = l->nodes - 1; node >= 0 && l->plan->count; node--) {
    og_fusion found;
    if (!l->needed[node] || l->given[node] || l->fused[node]) continue;
    l->fused[node] = (unsigned char)og_find_fusion(l, node, &found);
    for (int i = 0; l->fused[node] && i < found.inner_count; i++) l->fused[found.inner[i]] = OG_FUSED_AWAY;
  }
}

void og_lower_fused(og_program_lowering *l, og_node node) {
  og_fusion found;
  const og_node_data *d = data_of(l, node);
  int bias = og_find_fusion(l, node, &found) == OG_FUSED_BIAS, rows[2];
  og_instruction made = {.code = bias ? OG_DO_BIAS : OG_DO_SLOPE,
                         .op = bias ? (unsigned char)og_unary_loop(d->op) : 0,
                         .rows = d->shape.rows,
                         .columns = d->shape.columns,
                         .out = l->addresses[node],
                         .a = og_block_operand(l, found.of[0], &rows[0]),
                         .b = bias ? og_operand(l, found.of[1]) : og_block_operand(l, found.of[1], &rows[1])};
  og_emit(l, made);
  if (rows[0] >= 0) og_give_rows(l, rows[0], og_entries_of(l, found.of[0]));
  if (!bias && rows[1] >= 0) og_give_rows(l, rows[1], og_entries_of(l, found.of[1]));
}
