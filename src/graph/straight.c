/* Runs of scalar operations, prepared to be carried out in one call on full blocks (kernels/straight.h). A
 * product that only the next sum or difference reads joins it: one pass less over the lanes, and the same two
 * roundings. */
#include "graph/program.h"

static int straight_op(const og_instruction *in) {
  if (!in->single) return -1;
  if (in->code == OG_DO_COPY) return OG_ST_COPY;
  if (in->code == OG_DO_LOOP1)
    return in->op == OG_EW_NEG ? OG_ST_NEG : in->op == OG_EW_SQRT ? OG_ST_SQRT : -1;
  if (in->code != OG_DO_LOOP2) return -1;
  static const signed char ops[OG_EW_BINARY_COUNT] = {[OG_EW_ADD] = OG_ST_ADD + 1,
                                                      [OG_EW_SUB] = OG_ST_SUB + 1,
                                                      [OG_EW_MUL] = OG_ST_MUL + 1,
                                                      [OG_EW_DIV] = OG_ST_DIV + 1};
  return ops[in->op] - 1;
}

static int same_place(og_place a, og_place b) {
  return !a.one && !b.one && a.base == b.base && a.row == b.row;
}

static int operands_of(const og_instruction *in, og_place *places) {
  places[0] = in->a, places[1] = in->b, places[2] = in->c;
  return in->code == OG_DO_COPY || in->code == OG_DO_LOOP1 ? 1 : in->code == OG_DO_WHERE ? 3 : 2;
}

static int reads(const og_instruction *in, og_place row) {
  og_place places[3];
  int count = operands_of(in, places), times = 0;
  for (int i = 0; i < count; i++) times += same_place(places[i], row);
  return times;
}

/* Whether instruction `in` writes over a row that the product `product` reads. */
static int disturbs(const og_instruction *in, const og_instruction *product) {
  return same_place(in->out, product->a) || same_place(in->out, product->b);
}

/* The instruction that product i can join: the only reader of its row, a sum or difference, with nothing but
 * scalar operations between, none of which writes over what the product reads. -1: none. */
static int partner(const og_program *p, int i) {
  const og_instruction *product = &p->instructions[i];
  if (straight_op(product) != OG_ST_MUL || product->out.base != OG_BASE_SCRATCH) return -1;
  int found = -1;
  for (int j = i + 1; j < p->count; j++) {
    const og_instruction *in = &p->instructions[j];
    int times = in->single ? reads(in, product->out) : 1; /* several rows: perhaps this one among them */
    if (found < 0 && times == 0 && disturbs(in, product)) return -1;
    if (times) {
      int op = straight_op(in);
      if (found >= 0 || times > 1 || (op != OG_ST_ADD && op != OG_ST_SUB)) return -1;
      found = j;
    }
    if (in->single && same_place(in->out, product->out))
      break; /* from here on the row holds something else */
  }
  return found;
}

static void set_row(og_straight *s, int k, og_place place) {
  s->base[k] = place.one ? OG_BASE_WIDE : place.base;
  s->row[k] = place.row;
}

/* a b + c, a b - c or c - a b, from a product and the sum or difference that reads it. */
static void join(og_straight *s, const og_instruction *product, const og_instruction *in) {
  int first = same_place(in->a, product->out);
  s->op = in->op == OG_EW_ADD ? OG_ST_MULADD : first ? OG_ST_MULSUB : OG_ST_SUBMUL;
  set_row(s, 1, product->a);
  set_row(s, 2, product->b);
  set_row(s, 3, first ? in->b : in->a);
}

static void translate(og_straight *s, const og_instruction *in) {
  og_place places[3];
  int count = operands_of(in, places);
  s->op = straight_op(in);
  for (int k = 0; k < count; k++) set_row(s, k + 1, places[k]);
}

static void add_segment(og_program *p, int straight, int first) {
  og_segment *last = p->segment_count ? &p->segments[p->segment_count - 1] : NULL;
  if (last && last->straight == straight && last->first + last->count == first)
    last->count++;
  else
    p->segments[p->segment_count++] = (og_segment){straight, first, 1};
}

/* joined[i]: the instruction that product i becomes part of; taken[j]: one more than the product that j takes
 * in. */
static void find_partners(const og_program *p, int *joined, int *taken) {
  for (int i = 0; i < p->count; i++) {
    int j = partner(p, i);
    joined[i] = j >= 0 && !taken[j];
    if (joined[i]) taken[j] = i + 1;
  }
}

static void lay_out(og_program *p, const int *joined, const int *taken) {
  int straight = 0;
  for (int i = 0; i < p->count; i++) {
    const og_instruction *in = &p->instructions[i];
    if (joined[i]) continue;
    if (straight_op(in) < 0) {
      add_segment(p, 0, i);
      continue;
    }
    og_straight *s = &p->straight[straight];
    if (taken[i])
      join(s, &p->instructions[taken[i] - 1], in);
    else
      translate(s, in);
    set_row(s, 0, in->out);
    add_segment(p, 1, straight++);
  }
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

int og_program_straighten(og_program *p) {
  size_t count = (size_t)p->count + 1;
  int *joined = og_alloc(p->context, count, sizeof *joined),
      *taken = og_alloc(p->context, count, sizeof *taken);
  p->straight = og_alloc(p->context, count, sizeof *p->straight);
  p->segments = og_alloc(p->context, count, sizeof *p->segments);
  int good = joined && taken && p->straight && p->segments && widen_constants(p);
  if (good) {
    find_partners(p, joined, taken);
    lay_out(p, joined, taken);
  }
  og_free(p->context, joined);
  og_free(p->context, taken);
  return good;
}
