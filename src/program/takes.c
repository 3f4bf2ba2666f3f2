/* Takes and their transposes: rows that stay side by side, and those that are the same one again and again,
 * are copied or added in one instruction. */
#include "program/lowering.h"

/* The longest stretch index[0], index[0] + step, ... that begins there. */
static int run_length(const int *index, int count, int step) {
  int length = 1;
  while (length < count && index[length] == index[0] + length * step) length++;
  return length;
}

static og_place entry_of(og_place whole, int entry, int repeated) {
  if (whole.step) whole.row += entry;
  if (repeated) whole.step = 0;
  return whole;
}

/* A single row is copied within runs of scalar operations (scalar_runs.c). */
static void copy_rows(og_program_lowering *l, og_place from, og_place to, int rows) {
  og_emit(l, (og_instruction){
                 .code = OG_DO_COPY, .single = rows == 1, .rows = rows, .columns = 1, .out = to, .a = from});
}

void og_lower_take(og_program_lowering *l, const og_node_data *d, og_place to) {
  const int *index = l->graph->parts + d->first;
  og_place from = og_operand(l, d->operands[0]);
  for (int i = 0, rows; i < d->count; i += rows) {
    int same = run_length(index + i, d->count - i, 0);
    rows = same > 1 ? same : run_length(index + i, d->count - i, 1);
    copy_rows(l, entry_of(from, index[i], rows == 1 || same > 1), entry_of(to, i, 0), rows);
  }
}

static void add_rows(og_program_lowering *l, og_place from, og_place to, int rows) {
  og_emit(l, (og_instruction){
                 .code = OG_DO_ACCUMULATE, .rows = rows, .columns = 1, .out = to, .a = to, .b = from});
}

/* Sums of entries side by side, to which nothing else is added before, are sums as they stand. */
static void sum_rows(og_program_lowering *l, og_place from, og_place to, int rows) {
  og_emit(l, (og_instruction){.code = OG_DO_SUM, .rows = rows, .columns = 1, .out = to, .a = from});
}

/* Adds the stretch of entries from `i` on, and returns its length; `added` marks where something was. */
static int add_run(og_program_lowering *l, const og_node_data *d, int i, og_place from, og_place to,
                   unsigned char *added) {
  const int *index = l->graph->parts + d->first + i;
  int same = run_length(index, d->count - i, 0), alone = same > 1 && !added[index[0]];
  int rows = alone ? same : same > 1 ? 1 : run_length(index, d->count - i, 1);
  if (alone)
    sum_rows(l, entry_of(from, i, 0), entry_of(to, index[0], 1), rows);
  else
    add_rows(l, entry_of(from, i, rows == 1), entry_of(to, index[0], rows == 1), rows);
  for (int k = 0; k < rows; k++) added[index[k]] = 1;
  return rows;
}

void og_lower_take_transposed(og_program_lowering *l, const og_node_data *d, og_place to) {
  int row;
  og_place from = og_block_operand(l, d->operands[0], &row);
  unsigned char *added = og_alloc(l->program->context, (size_t)og_entries(d->shape), 1);
  if (!added) l->failed = 1;
  og_fill_zero(l, to, og_entries(d->shape));
  for (int i = 0; added && i < d->count;) i += add_run(l, d, i, from, to, added);
  og_free(l->program->context, added);
  if (row >= 0) og_give_rows(l, row, og_entries_of(l, d->operands[0]));
}
