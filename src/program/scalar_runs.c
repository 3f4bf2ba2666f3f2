/* Runs of scalar operations, prepared to be carried out in one call (kernels/scalar_run.h). A value that only
 * one operation of the same run reads is put off until right before that one: there it is in the accumulator
 * still, or, as a product read by a sum, a difference or a change of sign, becomes part of it. Operations and
 * roundings stay what they were. */
#include "program/instructions.h"

/* How many values are put off one for another, which bounds the recursion; operands of an operation. */
enum { DEPTH_MOST = 64, SOURCES_MOST = 4 };

/* What an operation reads: the value that instruction `value` of the same run gives, or else (-1) a row. */
typedef struct source {
  int value, base, row;
} source;

/* An instruction's operation and value. */
typedef struct value {
  int op, count; /* op < 0: not one for a run */
  source from[2];
  int last_reader; /* the last instruction that reads the row before it is written again, or -1 */
  int internal;    /* read within the run alone */
  int readers;
  int depth; /* > 0: put off, with this many values one below the other */
  int base, row;
  int last_use; /* the last entry that reads the value's row: -1: none does */
} value;

/* An operation of a run in its new place. */
typedef struct entry {
  int value;
  source from[SOURCES_MOST];
} entry;

typedef struct preparation {
  og_program *program;
  value *values;
  entry *entries;
  int *writer, *reader; /* by scratch row */
  int *free_rows, free_count, rows;
  int entry_count, latest; /* the value in the accumulator, or -1 */
} preparation;

static int reads_weights(const og_instruction *in) {
  return in->a.base == OG_BASE_WEIGHTS || in->b.base == OG_BASE_WEIGHTS;
}

/* Weights have no rows of full width. */
static int scalar_op(const og_instruction *in) {
  if (!in->single || reads_weights(in)) return -1;
  if (in->code == OG_DO_COPY) return OG_ST_COPY;
  if (in->code == OG_DO_LOOP1)
    return in->op == OG_EW_NEG ? OG_ST_NEG : in->op == OG_EW_SQRT ? OG_ST_SQRT : -1;
  if (in->code != OG_DO_LOOP2) return -1;
  switch (in->op) {
  case OG_EW_ADD: return OG_ST_ADD;
  case OG_EW_SUB: return OG_ST_SUB;
  case OG_EW_MUL: return OG_ST_MUL;
  case OG_EW_DIV: return OG_ST_DIV;
  default: return -1;
  }
}

static int in_scratch(og_address place) { return !place.one && place.base == OG_BASE_SCRATCH; }

/* Marks the scratch rows that instruction i reads, or may read, unless a later one is known to. */
static void mark_read(const preparation *s, int i, og_address place) {
  const og_instruction *in = &s->program->instructions[i];
  int rows = in->single || !place.step ? 1 : in->rows * in->columns;
  for (int row = place.row; in_scratch(place) && row < place.row + rows && row < s->program->scratch_rows;
       row++)
    if (s->reader[row] < 0) s->reader[row] = i;
}

static void find_last_readers(const preparation *s) {
  const og_program *p = s->program;
  for (int row = 0; row < p->scratch_rows; row++) s->reader[row] = -1;
  for (int i = p->count - 1; i >= 0; i--) {
    const og_instruction *in = &p->instructions[i];
    s->values[i] = (value){.op = scalar_op(in), .last_reader = -1, .last_use = -1};
    if (in->single && in_scratch(in->out)) {
      s->values[i].last_reader = s->reader[in->out.row];
      s->reader[in->out.row] = -1;
    }
    mark_read(s, i, in->a);
    mark_read(s, i, in->b);
    mark_read(s, i, in->c);
  }
}

static source source_of(const preparation *s, og_address place, int first) {
  int writer = in_scratch(place) ? s->writer[place.row] : -1;
  if (writer >= first && s->values[writer].internal) return (source){.value = writer};
  return (source){-1, place.one ? OG_BASE_WIDE : place.base, place.row};
}

/* The values of the run [first, end) and what they are made of. */
static void resolve(preparation *s, int first, int end) {
  for (int i = first; i < end; i++) {
    const og_instruction *in = &s->program->instructions[i];
    value *v = &s->values[i];
    v->count = in->code == OG_DO_LOOP2 ? 2 : 1;
    v->from[0] = source_of(s, in->a, first);
    v->from[1] = source_of(s, in->b, first);
    for (int k = 0; k < v->count; k++)
      if (v->from[k].value >= 0) s->values[v->from[k].value].readers++;
    v->internal = in_scratch(in->out) && v->last_reader < end;
    v->base = in->out.base, v->row = in->out.row;
    if (in_scratch(in->out)) s->writer[in->out.row] = i;
  }
}

/* Only what nothing writes over in between can be read later: inputs, constants and the run's own values. */
static void put_off(const preparation *s, int first, int end) {
  for (int i = first; i < end; i++) {
    value *v = &s->values[i];
    int free = v->internal && v->readers == 1, depth = 1;
    for (int k = 0; k < v->count; k++) {
      source from = v->from[k];
      if (from.value >= 0 && s->values[from.value].depth >= depth) depth = s->values[from.value].depth + 1;
      free = free && (from.value >= 0 || from.base < OG_BASE_SCRATCH || from.base == OG_BASE_WIDE);
    }
    v->depth = free && depth <= DEPTH_MOST ? depth : 0;
  }
}

/* The product that an operand is, when it can become part of the operation that reads it. */
static const value *product_of(const preparation *s, source from) {
  const value *v = from.value >= 0 ? &s->values[from.value] : NULL;
  return v && v->depth && v->op == OG_ST_MUL ? v : NULL;
}

/* The operation with products taken in: its operands' number, and *op. */
static int take_in(const preparation *s, const value *v, int *op, source *from) {
  const value *a = product_of(s, v->from[0]), *b = v->count > 1 ? product_of(s, v->from[1]) : NULL;
  int sum = v->op == OG_ST_ADD, count = 0;
  *op = v->op;
  if (!(sum || v->op == OG_ST_SUB || v->op == OG_ST_NEG) || (!a && !b)) {
    from[0] = v->from[0], from[1] = v->from[1];
    return v->count;
  }
  if (a) from[count++] = a->from[0], from[count++] = a->from[1];
  if (b) from[count++] = b->from[0], from[count++] = b->from[1];
  if (v->op == OG_ST_NEG)
    *op = OG_ST_NEGMUL;
  else if (a && b)
    *op = sum ? OG_ST_MULADDMUL : OG_ST_MULSUBMUL;
  else
    *op = sum ? OG_ST_MULADD : a ? OG_ST_MULSUB : OG_ST_SUBMUL, from[count++] = v->from[a ? 1 : 0];
  return count;
}

static void swap(source *from, int a, int b) {
  source other = from[a];
  from[a] = from[b], from[b] = other;
}

/* The form of `op` in which operand k is the accumulator; operands are brought to where it has them. */
static int accumulating(int op, source *from, int k) {
  if (op == OG_ST_SUB || op == OG_ST_DIV) return op + 1 + k;
  if (op == OG_ST_MULADDMUL && k >= 2) swap(from, 0, 2), swap(from, 1, 3), k -= 2;
  if (k >= 2) {
    swap(from, 2, k);
    return op + 2;
  }
  swap(from, 0, k);
  return op + 1;
}

/* Which operand an operation in such a form does not read. */
static int accumulated(int op, int plain) {
  if (op == plain) return -1;
  if (plain == OG_ST_SUB || plain == OG_ST_DIV) return op - plain - 1;
  return op == plain + 1 ? 0 : 2;
}

static void make(preparation *s, int i) {
  value *v = &s->values[i];
  int plain, count, e;
  source from[SOURCES_MOST];
  count = take_in(s, v, &plain, from);
  for (int k = 0; k < count; k++)
    if (from[k].value >= 0 && s->values[from[k].value].depth) make(s, from[k].value);
  int op = plain;
  for (int k = count - 1; k >= 0 && op == plain; k--)
    if (from[k].value >= 0 && from[k].value == s->latest) op = accumulating(plain, from, k);
  e = s->entry_count++;
  s->entries[e].value = i;
  for (int k = 0; k < SOURCES_MOST; k++) {
    int read = k < count && k != accumulated(op, plain);
    s->entries[e].from[k] = read ? from[k] : (source){-1, OG_BASE_SCRATCH, 0};
    if (read && from[k].value >= 0) s->values[from[k].value].last_use = e;
  }
  s->program->scalar_runs[e].op = op;
  s->latest = i;
}

/* ---- Rows ---- */

static int take_row(preparation *s) {
  return s->free_count ? s->free_rows[--s->free_count] : s->program->scratch_rows + s->rows++;
}

static void place_operands(preparation *s, int e) {
  og_scalar_run *to = &s->program->scalar_runs[e];
  for (int k = 0; k < SOURCES_MOST; k++) {
    source from = s->entries[e].from[k];
    value *v = from.value >= 0 ? &s->values[from.value] : NULL;
    to->base[k] = v ? OG_BASE_SCRATCH : from.base;
    to->row[k] = v ? v->row : from.row;
    if (!v || v->last_use != e) continue;
    s->free_rows[s->free_count++] = v->row;
    v->last_use = -1; /* an operand may be there twice */
  }
}

/* A result may take the row of an operand that is read for the last time: a strip is read before it is
 * written. */
static void place_entries(preparation *s, int first) {
  for (int e = first; e < s->entry_count; e++) {
    og_scalar_run *to = &s->program->scalar_runs[e];
    value *v = &s->values[s->entries[e].value];
    place_operands(s, e);
    to->keep = !v->internal || v->last_use >= 0 ? OG_SCALAR_RUN_STORE : OG_SCALAR_RUN_DROP;
    if (v->internal) v->base = OG_BASE_SCRATCH, v->row = to->keep ? take_row(s) : 0;
    to->base[OG_SCALAR_RUN_OUT] = v->base;
    to->row[OG_SCALAR_RUN_OUT] = v->row;
  }
}

static void prepare_run(preparation *s, int first, int end) {
  int start = s->entry_count;
  s->latest = -1;
  resolve(s, first, end);
  put_off(s, first, end);
  for (int i = first; i < end; i++)
    if (!s->values[i].depth) make(s, i);
  place_entries(s, start);
  s->program->stretches[s->program->stretch_count++] = (og_stretch){1, start, s->entry_count - start};
}

static void prepare(preparation *s) {
  og_program *p = s->program;
  find_last_readers(s);
  for (int row = 0; row < p->scratch_rows; row++) s->writer[row] = -1;
  for (int first = 0, end; first < p->count; first = end) {
    int scalar = s->values[first].op >= 0;
    for (end = first + 1; end < p->count && (s->values[end].op >= 0) == scalar;) end++;
    if (scalar)
      prepare_run(s, first, end);
    else
      p->stretches[p->stretch_count++] = (og_stretch){0, first, end - first};
  }
  p->scratch_rows += s->rows;
}

static int widen_constants(og_program *p) {
  size_t count = ((size_t)p->constant_count + 1) * OG_LANES_MAX;
  p->wide = og_alloc(p->context, count, sizeof *p->wide);
  p->wide_single = og_alloc(p->context, count, sizeof *p->wide_single);
  if (!p->wide || !p->wide_single) return 0;
  for (size_t i = 0; i < (size_t)p->constant_count * OG_LANES_MAX; i++) {
    p->wide[i] = p->constants[i / OG_LANES_MAX];
    p->wide_single[i] = (float)p->wide[i];
  }
  return 1;
}

int og_program_find_scalar_runs(og_program *p) {
  size_t count = (size_t)p->count + 1, rows = (size_t)p->scratch_rows + 1;
  preparation s = {.program = p,
                   .values = og_alloc(p->context, count, sizeof *s.values),
                   .entries = og_alloc(p->context, count, sizeof *s.entries),
                   .writer = og_alloc(p->context, rows, sizeof *s.writer),
                   .reader = og_alloc(p->context, rows, sizeof *s.reader),
                   .free_rows = og_alloc(p->context, count, sizeof *s.free_rows)};
  p->scalar_runs = og_alloc(p->context, count, sizeof *p->scalar_runs);
  p->stretches = og_alloc(p->context, count, sizeof *p->stretches);
  int good = s.values && s.entries && s.writer && s.reader && s.free_rows && p->scalar_runs && p->stretches &&
             widen_constants(p);
  if (good) prepare(&s);
  og_free(p->context, s.values);
  og_free(p->context, s.entries);
  og_free(p->context, s.writer);
  og_free(p->context, s.reader);
  og_free(p->context, s.free_rows);
  return good;
}

/* ---- Adding to an output ---- */

static int reads_or_writes(const og_instruction *in, int base) {
  return in->out.base == base || in->a.base == base || in->b.base == base || in->c.base == base;
}

static int reads(const og_scalar_run *entry, int base) {
  for (int k = 0; k < OG_SCALAR_RUN_OUT; k++)
    if (entry->base[k] == (unsigned)base) return 1;
  return 0;
}

/* Entries that write the output; -1 when it is read again, or written by something else. */
static int writers_of(const og_program *p, int base) {
  int count = 0;
  for (int i = 0; i < p->stretch_count; i++) {
    const og_stretch *s = &p->stretches[i];
    for (int k = s->first; k < s->first + s->count; k++) {
      if (s->scalar ? reads(&p->scalar_runs[k], base) : reads_or_writes(&p->instructions[k], base)) return -1;
      count +=
          s->scalar && p->scalar_runs[k].base[OG_SCALAR_RUN_OUT] == (unsigned)base && p->scalar_runs[k].keep;
    }
  }
  return count;
}

static int can_add(const og_program *p, int output) {
  return writers_of(p, OG_BASE_OUTPUT + output) == og_program_output_rows(p, output);
}

int og_program_add_to(og_program *p, int output) {
  int base = OG_BASE_OUTPUT + output;
  if (!can_add(p, output) || (p->single && !can_add(p->single, output))) return 0;
  if (p->single) og_program_add_to(p->single, output);
  for (int i = 0; i < p->stretch_count; i++) {
    const og_stretch *s = &p->stretches[i];
    for (int k = s->first; s->scalar && k < s->first + s->count; k++)
      if (p->scalar_runs[k].base[OG_SCALAR_RUN_OUT] == (unsigned)base && p->scalar_runs[k].keep)
        p->scalar_runs[k].keep = OG_SCALAR_RUN_ADD;
  }
  p->added_output = output;
  return 1;
}
