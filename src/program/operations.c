/* Nodes as instructions: operations, arrangements, takes. */
#include "program/lowering.h"

_Static_assert((int)OG_EW_MIN == OG_MIN - 2 && (int)OG_EW_OR == OG_OR - 2 && (int)OG_EW_MUL0 == OG_MUL0 - 2 &&
                   (int)OG_EW_DIV == (int)OG_DIV,
               "the loops stand in the order of og_binary, without pow and atan2");

#define ELEMENTARY_LOOP(NAME, name)                                                                          \
  case OG_##NAME: return OG_EW_##NAME;
int og_unary_loop(int op) {
  switch (op) {
  case OG_NEG: return OG_EW_NEG;
  case OG_ABS: return OG_EW_ABS;
  case OG_SIGN: return OG_EW_SIGN;
  case OG_SQRT: return OG_EW_SQRT;
  case OG_RELU: return OG_EW_RELU;
  case OG_NOT: return OG_EW_NOT; OG_ELEMENTARY(ELEMENTARY_LOOP)
  default: return -1;
  }
}

/* Of those, the operations that are a processor's own are loops in programs, the others functions. */
static int is_function(int op) { return og_unary_loop(op) < 0 || og_unary_loop(op) >= OG_EW_EXP; }

/* A matrix that is one for all lanes, and lies as it is written. */
static int is_flat_matrix(const og_program_lowering *l, const og_node_data *d) {
  if (d->kind != OG_MATVEC && d->kind != OG_MATVEC_T) return 0;
  og_address place = og_operand(l, d->operands[0]);
  return place.one && (place.step || og_entries_of(l, d->operands[0]) == 1);
}

static og_code product_code(const og_node_data *d, int flat) {
  switch (d->kind) {
  case OG_SUM: return OG_DO_SUM;
  case OG_DOT: return OG_DO_DOT;
  case OG_MATVEC: return flat && !d->op ? OG_DO_DENSE : OG_DO_MATVEC;
  default: return flat && !d->op ? OG_DO_DENSE_T : OG_DO_MATVEC_T;
  }
}

/* Of an operation that is made entry by entry: what it is called as an instruction. */
static void name_entrywise(const og_node_data *d, og_instruction *made) {
  switch (d->kind) {
  case OG_UNARY:
    made->code = is_function(d->op) ? OG_DO_CALL1 : OG_DO_LOOP1;
    if (made->code == OG_DO_LOOP1) made->op = (unsigned char)og_unary_loop(d->op);
    break;
  case OG_BINARY:
    made->code = og_is_function2(d->op) ? OG_DO_CALL2 : OG_DO_LOOP2;
    if (d->op >= OG_MIN) made->op = (unsigned char)(d->op - OG_MIN + OG_EW_MIN);
    break;
  case OG_WHERE: made->code = OG_DO_WHERE; break;
  case OG_BROADCAST: made->code = OG_DO_COPY; break;
  default: made->code = OG_DO_OUTER;
  }
}

/* Sums and products run over the entries of their first operand. */
static void name_product(const og_node_data *d, og_shape matrix, int flat, og_instruction *made) {
  made->code = (unsigned char)product_code(d, flat);
  made->rows = matrix.rows;
  made->columns = matrix.columns;
  made->single = 0;
}

static int is_entrywise(og_kind kind) {
  return kind == OG_UNARY || kind == OG_BINARY || kind == OG_WHERE || kind == OG_BROADCAST ||
         kind == OG_OUTER;
}

/* The operands; where one has to be spread over lanes, rows[i] is where. */
static void read_operands(og_program_lowering *l, const og_node_data *d, int flat, og_address *in,
                          int *rows) {
  int is_binary = d->kind == OG_BINARY && !og_is_function2(d->op);
  for (int i = 0; i < d->operand_count; i++) {
    og_address plain = og_operand(l, d->operands[i]);
    int as_is = (is_binary && !(i == 1 && in[0].one)) || d->kind == OG_BROADCAST || (flat && i == 0);
    in[i] = as_is || !plain.one ? plain : og_block_operand(l, d->operands[i], &rows[i]);
  }
}

void og_lower_operation(og_program_lowering *l, og_node node) {
  const og_node_data *d = &l->graph->nodes[node];
  int rows[3] = {-1, -1, -1}, flat = is_flat_matrix(l, d);
  og_address in[3] = {{0}};
  read_operands(l, d, flat, in, rows);
  og_instruction made = {.op = (unsigned char)d->op,
                         .rows = d->shape.rows,
                         .columns = d->shape.columns,
                         .single = og_entries(d->shape) == 1,
                         .out = l->addresses[node],
                         .a = in[0],
                         .b = in[1],
                         .c = in[2]};
  if (is_entrywise(d->kind))
    name_entrywise(d, &made);
  else
    name_product(d, d->operand_count ? l->graph->nodes[d->operands[0]].shape : d->shape, flat, &made);
  made.zero_wins = d->kind == OG_OUTER || d->kind >= OG_DOT ? (unsigned char)d->op : 0;
  og_emit(l, made);
  for (int i = 0; i < d->operand_count; i++)
    if (rows[i] >= 0) og_give_rows(l, rows[i], og_entries_of(l, d->operands[i]));
}

/* ---- Arrangements ---- */

void og_lower_pad(og_program_lowering *l, const og_node_data *d, og_address to) {
  og_fill_zero(l, to, d->shape.rows);
  to.row += d->offset;
  og_emit_copy(l, og_operand(l, d->operands[0]), to, og_entries_of(l, d->operands[0]));
}

void og_lower_concat(og_program_lowering *l, const og_node_data *d, og_address to) {
  for (int i = 0; i < d->count; i++) {
    og_node part = l->graph->parts[d->first + i];
    og_address from = og_operand(l, part);
    if (from.one || from.base != to.base || from.row != to.row)
      og_emit_copy(l, from, to, og_entries_of(l, part));
    to.row += og_entries_of(l, part);
  }
}

/* ---- Takes ---- */

/* Takes and their transposes: rows that stay side by side, and those that are the same one again and again,
 * are copied or added in one instruction. */
/* The longest stretch index[0], index[0] + step, ... that begins there. */
static int run_length(const int *index, int count, int step) {
  int length = 1;
  while (length < count && index[length] == index[0] + length * step) length++;
  return length;
}

static og_address entry_of(og_address whole, int entry, int repeated) {
  if (whole.step) whole.row += entry;
  if (repeated) whole.step = 0;
  return whole;
}

/* A single row is copied within runs of scalar operations (scalar_runs.c). */
static void copy_rows(og_program_lowering *l, og_address from, og_address to, int rows) {
  og_emit(l, (og_instruction){
                 .code = OG_DO_COPY, .single = rows == 1, .rows = rows, .columns = 1, .out = to, .a = from});
}

void og_lower_take(og_program_lowering *l, const og_node_data *d, og_address to) {
  const int *index = l->graph->parts + d->first;
  og_address from = og_operand(l, d->operands[0]);
  for (int i = 0, rows; i < d->count; i += rows) {
    int same = run_length(index + i, d->count - i, 0);
    rows = same > 1 ? same : run_length(index + i, d->count - i, 1);
    copy_rows(l, entry_of(from, index[i], rows == 1 || same > 1), entry_of(to, i, 0), rows);
  }
}

static void add_rows(og_program_lowering *l, og_address from, og_address to, int rows) {
  og_emit(l, (og_instruction){
                 .code = OG_DO_ACCUMULATE, .rows = rows, .columns = 1, .out = to, .a = to, .b = from});
}

/* Sums of entries side by side, to which nothing else is added before, are sums as they stand. */
static void sum_rows(og_program_lowering *l, og_address from, og_address to, int rows) {
  og_emit(l, (og_instruction){.code = OG_DO_SUM, .rows = rows, .columns = 1, .out = to, .a = from});
}

/* Adds the stretch of entries from `i` on, and returns its length; `added` marks where something was. */
static int add_run(og_program_lowering *l, const og_node_data *d, int i, og_address from, og_address to,
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

void og_lower_take_transposed(og_program_lowering *l, const og_node_data *d, og_address to) {
  int row;
  og_address from = og_block_operand(l, d->operands[0], &row);
  unsigned char *added = og_alloc(l->program->context, (size_t)og_entries(d->shape), 1);
  if (!added) l->failed = 1;
  og_fill_zero(l, to, og_entries(d->shape));
  for (int i = 0; added && i < d->count;) i += add_run(l, d, i, from, to, added);
  og_free(l->program->context, added);
  if (row >= 0) og_give_rows(l, row, og_entries_of(l, d->operands[0]));
}
