/* A program is read as the interpreter would carry it out (program/evaluate_real.c), with scalars in place of
 * numbers: each row holds the scalar that was written there last. */
#include "codegen/scalars.h"

#include <string.h>

/* A compiler would take too long for more scalars. */
enum { SCALARS_MOST = 20000 };

/* Rows of all bases one after the other: inputs, scratch, constants, outputs. */
static int input_rows(const og_program *p, int slot) {
  int rows = 0;
  for (int i = 0; i < p->count; i++) {
    const og_instruction *in = &p->instructions[i];
    const og_address *places[] = {&in->a, &in->b, &in->c};
    for (int k = 0; k < 3; k++)
      if (places[k]->base == slot && places[k]->row + in->rows * in->columns > rows)
        rows = places[k]->row + in->rows * in->columns;
  }
  return rows;
}

typedef struct reading {
  og_scalars *s;
  int first[OG_SLOT_COUNT], scratch, constants, outputs, total; /* where the rows of each base begin */
} reading;

static void lay_out(reading *r) {
  const og_program *p = r->s->program;
  for (int slot = 0; slot < OG_SLOT_COUNT; slot++) {
    r->first[slot] = r->total;
    r->total += input_rows(p, slot);
  }
  r->scratch = r->total;
  r->constants = r->scratch + p->scratch_rows;
  r->outputs = r->constants + p->constant_count;
  r->total = r->outputs + p->spare_rows;
}

static int row_of(const reading *r, og_address place, int entry) {
  int row = place.row + entry;
  if (place.base < OG_SLOT_COUNT) return r->first[place.base] + row;
  if (place.base == OG_BASE_SCRATCH) return r->scratch + row;
  if (place.base == OG_BASE_CONSTANT) return r->constants + row;
  if (place.base >= OG_BASE_OUTPUT)
    return r->outputs + r->s->program->output_rows[place.base - OG_BASE_OUTPUT] + row;
  r->s->failed = OG_ERR_UNSUPPORTED;
  return 0;
}

int og_scalar_operands(const og_scalar *s) {
  switch (s->kind) {
  case OG_SCALAR_INPUT:
  case OG_SCALAR_CONSTANT: return 0;
  case OG_DO_LOOP1:
  case OG_DO_CALL1: return 1;
  case OG_DO_WHERE:
  case OG_SCALAR_MULTIPLY_ADD: return 3;
  default: return 2;
  }
}

/* Finds the level of each scalar, and which are stored because another level reads them. */
static void place_in_level(og_scalars *s, og_scalar *made) {
  int call = og_scalar_is_call(made);
  for (int k = 0; k < og_scalar_operands(made); k++) {
    const og_scalar *operand = &s->scalars[made->operands[k]];
    if (operand->level + call > made->level) made->level = operand->level + call;
  }
  made->stored = call;
  for (int k = 0; k < og_scalar_operands(made); k++) {
    og_scalar *operand = &s->scalars[made->operands[k]];
    if (call || (!og_scalar_is_leaf(operand) && operand->level < made->level)) operand->stored = 1;
  }
  if (made->level >= s->levels) s->levels = made->level + 1;
}

static int make(og_scalars *s, og_scalar made) {
  if (s->count == s->capacity && !s->failed) {
    int more = 2 * s->capacity + 64;
    og_scalar *grown =
        og_resize(s->program->context, s->scalars, (size_t)s->capacity, (size_t)more, sizeof made);
    if (grown)
      s->scalars = grown, s->capacity = more;
    else
      s->failed = OG_ERR_MEMORY;
  }
  if (s->count >= SCALARS_MOST) s->failed = OG_ERR_UNSUPPORTED;
  if (s->failed) return 0;
  place_in_level(s, &made);
  s->scalars[s->count] = made;
  return s->count++;
}

/* ---- Instructions ---- */

static int read_row(reading *r, og_address place, int entry) {
  int row = row_of(r, place, entry), *held = &r->s->rows[row];
  if (*held >= 0 || r->s->failed) return *held;
  if (place.base == OG_BASE_CONSTANT)
    *held = make(r->s, (og_scalar){.kind = OG_SCALAR_CONSTANT, .operands = {place.row + entry}});
  else if (place.base < OG_SLOT_COUNT)
    *held =
        make(r->s, (og_scalar){.kind = OG_SCALAR_INPUT, .op = place.base, .operands = {place.row + entry}});
  else
    r->s->failed = OG_ERR_INTERNAL;
  return *held;
}

/* An operand of an elementwise operation: the same row for all entries where it has no step. */
static int operand(reading *r, og_address place, int entry) {
  return read_row(r, place, place.step ? entry : 0);
}

static void elementwise(reading *r, const og_instruction *in) {
  for (int i = 0; i < in->rows * in->columns; i++) {
    og_scalar made = {.kind = in->code, .op = in->op};
    const og_address places[] = {in->a, in->b, in->c};
    if (in->code == OG_DO_ACCUMULATE) made.kind = OG_DO_LOOP2, made.op = OG_EW_ADD;
    for (int k = 0; k < og_scalar_operands(&made); k++) made.operands[k] = operand(r, places[k], i);
    int scalar = in->code == OG_DO_COPY ? operand(r, in->a, i) : make(r->s, made);
    r->s->rows[row_of(r, in->out, i)] = scalar;
  }
}

static int zero(reading *r) { return make(r->s, (og_scalar){.kind = OG_SCALAR_CONSTANT, .operands = {-1}}); }

static int added(reading *r, int sum, int term) {
  return make(r->s, (og_scalar){.kind = OG_DO_LOOP2, .op = OG_EW_ADD, .operands = {sum, term}});
}

static int product_added(reading *r, const og_instruction *in, int sum, int a, int b) {
  return make(r->s,
              (og_scalar){.kind = OG_SCALAR_MULTIPLY_ADD, .op = in->zero_wins, .operands = {a, b, sum}});
}

static void sum(reading *r, const og_instruction *in) {
  int total = zero(r);
  for (int i = 0; i < in->rows * in->columns; i++) {
    int a = read_row(r, in->a, i);
    total =
        in->code == OG_DO_SUM ? added(r, total, a) : product_added(r, in, total, a, read_row(r, in->b, i));
  }
  r->s->rows[row_of(r, in->out, 0)] = total;
}

static void matrix_product(reading *r, const og_instruction *in) {
  int transposed = in->code == OG_DO_MATVEC_T || in->code == OG_DO_DENSE_T,
      rows = transposed ? in->columns : in->rows, terms = transposed ? in->rows : in->columns;
  for (int i = 0; i < rows; i++) {
    int total = zero(r);
    for (int k = 0; k < terms; k++) {
      int entry = transposed ? k * in->columns + i : i * in->columns + k;
      total = product_added(r, in, total, read_row(r, in->a, entry), read_row(r, in->b, k));
    }
    r->s->rows[row_of(r, in->out, i)] = total;
  }
}

static void outer(reading *r, const og_instruction *in) {
  int op = in->zero_wins ? OG_EW_MUL0 : OG_EW_MUL;
  for (int i = 0; i < in->rows * in->columns; i++) {
    int a = read_row(r, in->a, i / in->columns), b = read_row(r, in->b, i % in->columns);
    r->s->rows[row_of(r, in->out, i)] =
        make(r->s, (og_scalar){.kind = OG_DO_LOOP2, .op = op, .operands = {a, b}});
  }
}

static void read_instruction(reading *r, const og_instruction *in) {
  switch ((og_code)in->code) {
  case OG_DO_LOOP1:
  case OG_DO_CALL1:
  case OG_DO_LOOP2:
  case OG_DO_CALL2:
  case OG_DO_WHERE:
  case OG_DO_ACCUMULATE:
  case OG_DO_COPY: elementwise(r, in); break;
  case OG_DO_SUM:
  case OG_DO_DOT: sum(r, in); break;
  case OG_DO_MATVEC:
  case OG_DO_MATVEC_T:
  case OG_DO_DENSE:
  case OG_DO_DENSE_T: matrix_product(r, in); break;
  case OG_DO_OUTER: outer(r, in); break;
  case OG_DO_BIAS: /* only programs of bound weights have it */
  case OG_DO_SLOPE:
  case OG_DO_ADD_OUTER:
  case OG_DO_ADD_LANES: r->s->failed = OG_ERR_UNSUPPORTED; break;
  }
}

/* ---- The whole ---- */

void og_scalars_destroy(og_scalars *s) {
  og_free(s->program->context, s->scalars);
  og_free(s->program->context, s->rows);
  s->scalars = NULL;
  s->rows = NULL;
}

int og_scalars_output(const og_scalars *s, int output, int row) {
  return s->rows[s->program->output_rows[output] + row];
}

og_status og_scalars_create(const og_program *program, og_scalars *s) {
  *s = (og_scalars){.program = program, .levels = 1};
  reading r = {.s = s};
  lay_out(&r);
  s->rows = og_alloc(program->context, (size_t)r.total + 1, sizeof *s->rows);
  if (!s->rows) return og_fail_memory(program->context, (size_t)r.total * sizeof *s->rows, "emission of C");
  for (int i = 0; i < r.total; i++) s->rows[i] = -1;
  for (int i = 0; i < program->count && !s->failed; i++) read_instruction(&r, &program->instructions[i]);
  memmove(s->rows, s->rows + r.outputs, (size_t)program->spare_rows * sizeof *s->rows);
  if (!s->failed) return OG_OK;
  int memory = s->failed == OG_ERR_MEMORY;
  og_scalars_destroy(s);
  if (memory) return og_fail_memory(program->context, sizeof *s->scalars * SCALARS_MOST, "emission of C");
  return og_fail(program->context, OG_ERR_UNSUPPORTED,
                 "the equations come to more than %d operations, which is too much for one C function",
                 SCALARS_MOST);
}
