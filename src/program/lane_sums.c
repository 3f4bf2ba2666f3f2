/* Sums over lanes, taken apart: the sum of a sum is the sums of its terms, and that of an outer product needs
 * no outer product. */
#include "program/lowering.h"

static og_node later(og_node a, og_node b) { return a > b ? a : b; }

/* Terms stay sorted by `ready`, those of one node in the order in which they are found. */
static void add_term(og_program_lowering *l, og_lane_sum_term term) {
  if (!og_room_for(l, (void **)&l->terms, &l->term_capacity, l->term_count + 1, sizeof term)) return;
  int at = l->term_count++;
  for (; at > 0 && l->terms[at - 1].ready > term.ready; at--) l->terms[at] = l->terms[at - 1];
  l->terms[at] = term;
}

static void put_off(og_program_lowering *l, og_node node, int offset) {
  if (og_room_for(l, (void **)&l->sums, &l->sum_capacity, l->sum_count + 1, sizeof *l->sums))
    l->sums[l->sum_count++] = (og_lane_sum){node, offset};
}

static void take_node_apart(og_program_lowering *l, og_node node, int offset) {
  const og_node_data *d = &l->graph->nodes[node];
  og_node a = d->operands[0], b = d->operands[1];
  if (d->kind == OG_RESHAPE) {
    put_off(l, a, offset);
  } else if (d->kind == OG_PAD) {
    put_off(l, a, offset + d->offset);
  } else if (d->kind == OG_OUTER) {
    add_term(l, (og_lane_sum_term){a, b, later(a, b), offset, d->op});
  } else if (d->kind == OG_BINARY && d->op == OG_ADD && og_entries_of(l, a) == og_entries_of(l, b)) {
    put_off(l, b, offset); /* the last to come is the first to go */
    put_off(l, a, offset);
  } else {
    add_term(l, (og_lane_sum_term){node, OG_NODE_NONE, node, offset, 0});
  }
}

static void take_apart(og_program_lowering *l, og_node node, int offset) {
  put_off(l, node, offset);
  while (l->sum_count && !l->failed) {
    og_lane_sum next = l->sums[--l->sum_count];
    take_node_apart(l, next.node, next.offset);
  }
}

static void need(og_program_lowering *l, og_node node, og_node ready) {
  int offset;
  if (node < 0) return;
  og_node root = og_root_of(l->graph, node, &offset);
  l->needed[node] = 1;
  l->readers[node]++;
  if (l->last_use[root] < ready) l->last_use[root] = ready;
}

void og_collect_sinks(og_program_lowering *l) {
  for (int i = 0; i < l->plan->lane_sum_count; i++)
    take_apart(l, l->plan->lane_sums[i].node, l->plan->lane_sums[i].offset);
  for (int i = 0; i < l->term_count && !l->failed; i++) {
    need(l, l->terms[i].a, l->terms[i].ready);
    need(l, l->terms[i].b, l->terms[i].ready);
  }
}

static void lower_term(og_program_lowering *l, const og_lane_sum_term *term) {
  int columns = term->b < 0 ? 1 : og_entries_of(l, term->b), rows[3] = {-1, -1, -1};
  og_instruction made = {.code = term->b < 0 ? OG_DO_ADD_LANES : OG_DO_ADD_OUTER,
                         .zero_wins = (unsigned char)term->zero_wins,
                         .rows = og_entries_of(l, term->a),
                         .columns = columns,
                         .out = {.base = OG_BASE_SUMS, .row = term->offset, .one = 1, .step = 1},
                         .a = og_block_operand(l, term->a, &rows[0])};
  if (term->b >= 0) made.b = og_block_operand(l, term->b, &rows[1]);
  if (term->zero_wins) { /* a row of the product at a time */
    rows[2] = og_take_rows(l, columns);
    made.c = (og_address){.base = OG_BASE_SCRATCH, .row = rows[2], .step = 1};
  }
  og_emit(l, made);
  if (rows[0] >= 0) og_give_rows(l, rows[0], made.rows);
  for (int i = 1; i < 3; i++)
    if (rows[i] >= 0) og_give_rows(l, rows[i], columns);
}

void og_lower_sinks(og_program_lowering *l, og_node node, int *next) {
  int first = *next;
  for (; *next < l->term_count && l->terms[*next].ready == node; ++*next) lower_term(l, &l->terms[*next]);
  for (int i = first; i < *next; i++) {
    og_retire(l, l->terms[i].a, node);
    if (l->terms[i].b >= 0) og_retire(l, l->terms[i].b, node);
  }
}
