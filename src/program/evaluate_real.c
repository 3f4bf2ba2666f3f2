/* Carrying out a program. A lane's operations and their order are the same whatever the number of lanes, so
 * are its bits. */
#include <string.h>

#include "program/instructions.h"

typedef struct machine {
  const OG_R(og_elementwise) * loops;
  const OG_R(og_dense) * dense;
  real *const *bases;
  size_t lanes;
} machine;

static real *at(const machine *m, og_address place) {
  return m->bases[place.base] + (size_t)place.row * (place.one ? 1 : m->lanes);
}
static size_t stride(const machine *m, og_address place) {
  return place.step ? (place.one ? 1 : m->lanes) : 0;
}

/* An operand that is one number for a run of `count` results read with a stride of one. */
static int variant(int one_a, int one_b) { return one_a ? OG_EW_ONE_A : one_b ? OG_EW_ONE_B : OG_EW_BOTH; }

/* A table loop over all rows at once where operands allow it, else row by row. */
static void loop2(const machine *m, const og_instruction *in, size_t rows, size_t lanes) {
  const real *a = at(m, in->a), *b = at(m, in->b);
  real *out = at(m, in->out);
  int several = rows > 1;
  int one_a = in->a.one, one_b = in->b.one;
  if (lanes == 1 && several) one_a = !in->a.step, one_b = !in->b.step;
  int whole =
      !several || (lanes == 1 ? !(one_a && one_b) : in->a.step != in->a.one && in->b.step != in->b.one);
  if (whole) {
    m->loops->binary[in->op][variant(one_a, one_b)](rows * lanes, a, b, out);
    return;
  }
  size_t step_a = stride(m, in->a), step_b = stride(m, in->b);
  if (in->op == OG_EW_ADD && (in->a.one != in->b.one) && step_a && step_b) {
    m->loops->add_column(rows, lanes, in->a.one ? a : b, in->a.one ? b : a, out);
    return;
  }
  for (size_t r = 0; r < rows; r++)
    m->loops->binary[in->op][variant(in->a.one, in->b.one)](lanes, a + r * step_a, b + r * step_b,
                                                            out + r * lanes);
}

static void copy(const machine *m, const og_instruction *in, size_t rows, size_t lanes) {
  const real *from = at(m, in->a);
  real *to = at(m, in->out);
  size_t step = stride(m, in->a);
  if (!in->a.one && (in->a.step || rows == 1)) {
    memcpy(to, from, rows * lanes * sizeof *to);
    return;
  }
  for (size_t r = 0; r < rows; r++, from += step, to += lanes)
    for (size_t i = 0; i < lanes; i++) to[i] = from[in->a.one ? 0 : i];
}

/* The kernels' loops are for results that are no operands. */
static void accumulate(const machine *m, const og_instruction *in, size_t count) {
  const real *term = at(m, in->b);
  real *sum = at(m, in->out);
  for (size_t i = 0; i < count; i++) sum[i] += term[i];
}

static void unary_values(int function, size_t count, const real *a, real *out) {
  int loop = og_unary_loop(function);
  if (loop >= 0) {
    OG_R(og_elementwise_best)()->unary[loop](count, a, out);
    return;
  }
  for (size_t i = 0; i < count; i++) out[i] = OG_R(og_unary_value)((og_unary)function, a[i]);
}
static void binary_values(int function, size_t count, const real *a, const real *b, real *out) {
  for (size_t i = 0; i < count; i++) out[i] = OG_R(og_binary_value)(function, a[i], b[i]);
}
const OG_R(og_functions) OG_R(og_program_functions) = {unary_values, binary_values};

static void call2(const machine *m, const og_instruction *in, size_t rows, size_t lanes) {
  const real *a = at(m, in->a), *b = at(m, in->b);
  real *out = at(m, in->out);
  for (size_t r = 0; r < rows; r++, a += stride(m, in->a), b += stride(m, in->b), out += lanes)
    binary_values(in->op, lanes, a, b, out);
}

static void sum(const machine *m, const og_instruction *in, size_t entries, size_t lanes) {
  const real *a = at(m, in->a);
  real *out = at(m, in->out);
  memset(out, 0, lanes * sizeof *out);
  for (size_t r = 0; r < entries; r++)
    for (size_t i = 0; i < lanes; i++) out[i] += a[r * lanes + i];
}

/* out[lanes] += a[lanes] b[lanes]; where zero wins `a` may be one number for all of them. */
static void add_product(const machine *m, const og_instruction *in, const real *a, const real *b, real *out) {
  if (in->zero_wins)
    m->loops->multiply_add0[in->a.one](m->lanes, a, b, out);
  else
    m->loops->multiply_add(m->lanes, a, b, out);
}

static void dot(const machine *m, const og_instruction *in, size_t entries, size_t lanes) {
  const real *a = at(m, in->a), *b = at(m, in->b);
  real *out = at(m, in->out);
  if (lanes == 1 && !in->zero_wins) {
    m->dense->product(1, (int)entries, 1, a, b, out);
    return;
  }
  memset(out, 0, lanes * sizeof *out);
  for (size_t r = 0; r < entries; r++) add_product(m, in, a + r * lanes, b + r * lanes, out);
}

static void dense(const machine *m, const og_instruction *in) {
  const real *a = at(m, in->a), *x = at(m, in->b);
  if (in->code == OG_DO_DENSE || in->code == OG_DO_MATVEC)
    m->dense->product(in->rows, in->columns, (int)m->lanes, a, x, at(m, in->out));
  else
    m->dense->transposed(in->rows, in->columns, (int)m->lanes, a, x, at(m, in->out));
}

static void matvec(const machine *m, const og_instruction *in, size_t lanes) {
  const real *a = at(m, in->a), *x = at(m, in->b);
  real *out = at(m, in->out);
  size_t rows = (size_t)in->rows, columns = (size_t)in->columns, step = in->a.one ? 1 : lanes;
  memset(out, 0, rows * lanes * sizeof *out);
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < columns; c++, a += step) add_product(m, in, a, x + c * lanes, out + r * lanes);
}

static void matvec_transposed(const machine *m, const og_instruction *in, size_t lanes) {
  const real *a = at(m, in->a), *y = at(m, in->b);
  real *out = at(m, in->out);
  size_t rows = (size_t)in->rows, columns = (size_t)in->columns, step = in->a.one ? 1 : lanes;
  memset(out, 0, columns * lanes * sizeof *out);
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < columns; c++, a += step) add_product(m, in, a, y + r * lanes, out + c * lanes);
}

/* The matrix of one lane lies as it is written. */
static void product(const machine *m, const og_instruction *in, size_t lanes) {
  if (lanes == 1 && !in->zero_wins)
    dense(m, in);
  else if (in->code == OG_DO_MATVEC)
    matvec(m, in, lanes);
  else
    matvec_transposed(m, in, lanes);
}

static void add_outer(const machine *m, const og_instruction *in, size_t lanes) {
  const real *a = at(m, in->a), *b = at(m, in->b);
  real *sums = at(m, in->out);
  size_t columns = (size_t)in->columns;
  if (!in->zero_wins) {
    m->dense->outer(in->rows, in->columns, (int)lanes, a, b, sums);
    return;
  }
  real *row = at(m, in->c);
  for (size_t r = 0; r < (size_t)in->rows; r++, a += lanes) {
    for (size_t c = 0; c < columns; c++)
      m->loops->binary[OG_EW_MUL0][OG_EW_BOTH](lanes, a, b + c * lanes, row + c * lanes);
    m->dense->add_lanes(in->columns, (int)lanes, row, sums + r * columns);
  }
}

/* The sums stay in the first cache. */
static void bias(const machine *m, const og_instruction *in, size_t rows, size_t lanes) {
  enum { TILE = 1024 };
  _Alignas(64) real sum[TILE];
  const real *a = at(m, in->a), *b = at(m, in->b);
  real *out = at(m, in->out);
  size_t most = TILE / lanes;
  for (size_t first = 0; first < rows; first += most) {
    size_t some = rows - first < most ? rows - first : most;
    m->loops->add_column(some, lanes, b + first, a + first * lanes, sum);
    m->loops->unary[in->op](some * lanes, sum, out + first * lanes);
  }
}

static void outer(const machine *m, const og_instruction *in, size_t lanes) {
  const real *a = at(m, in->a), *b = at(m, in->b);
  real *out = at(m, in->out);
  int op = in->zero_wins ? OG_EW_MUL0 : OG_EW_MUL;
  for (size_t r = 0; r < (size_t)in->rows; r++, a += lanes)
    for (size_t c = 0; c < (size_t)in->columns; c++, out += lanes)
      m->loops->binary[op][OG_EW_BOTH](lanes, a, b + c * lanes, out);
}

static void carry_out(const machine *m, const og_instruction *in) {
  size_t lanes = m->lanes, rows = (size_t)in->rows * (size_t)in->columns, count = rows * lanes;
  switch ((og_code)in->code) {
  case OG_DO_LOOP1: m->loops->unary[in->op](count, at(m, in->a), at(m, in->out)); break;
  case OG_DO_CALL1: unary_values(in->op, count, at(m, in->a), at(m, in->out)); break;
  case OG_DO_LOOP2: loop2(m, in, rows, lanes); break;
  case OG_DO_CALL2: call2(m, in, rows, lanes); break;
  case OG_DO_WHERE: m->loops->where(count, at(m, in->a), at(m, in->b), at(m, in->c), at(m, in->out)); break;
  case OG_DO_COPY: copy(m, in, rows, lanes); break;
  case OG_DO_ACCUMULATE: accumulate(m, in, count); break;
  case OG_DO_SUM: sum(m, in, rows, lanes); break;
  case OG_DO_DOT: dot(m, in, rows, lanes); break;
  case OG_DO_MATVEC:
  case OG_DO_MATVEC_T: product(m, in, lanes); break;
  case OG_DO_DENSE:
  case OG_DO_DENSE_T: dense(m, in); break;
  case OG_DO_OUTER: outer(m, in, lanes); break;
  case OG_DO_BIAS: bias(m, in, rows, lanes); break;
  case OG_DO_SLOPE: m->loops->slope_of_tanh(count, at(m, in->a), at(m, in->b), at(m, in->out)); break;
  case OG_DO_ADD_OUTER: add_outer(m, in, lanes); break;
  case OG_DO_ADD_LANES: m->dense->add_lanes(in->rows, (int)lanes, at(m, in->a), at(m, in->out)); break;
  }
}

/* One lane or a full block: runs of scalar operations in one call each. */
static void carry_out_stretches(const machine *m, const og_program *program) {
  for (int i = 0; i < program->stretch_count; i++) {
    const og_stretch *s = &program->stretches[i];
    if (!s->scalar)
      for (int k = s->first; k < s->first + s->count; k++) carry_out(m, &program->instructions[k]);
    else if (m->lanes == 1)
      m->loops->scalar_run_one(s->count, program->scalar_runs + s->first, m->bases);
    else
      m->loops->scalar_run(s->count, program->scalar_runs + s->first, m->bases);
  }
}

static void set_constants(const og_program *program, int lanes, real **bases) {
#if defined(OG_SINGLE)
  bases[OG_BASE_CONSTANT] = program->constants_single;
  bases[OG_BASE_WIDE] = lanes == 1 ? program->constants_single : program->wide_single;
#else
  bases[OG_BASE_CONSTANT] = program->constants;
  bases[OG_BASE_WIDE] = lanes == 1 ? program->constants : program->wide;
#endif
}

/* Outputs that are not wanted are made in spare rows of the scratch. */
static void place_outputs(const og_program *program, int lanes, real *const *outputs, real **places,
                          void *scratch) {
  real *rows = (real *)((char *)scratch + og_program_head(program));
  real *spare = rows + (size_t)program->scratch_rows * (size_t)lanes;
  for (int i = 0; i < program->output_count; i++)
    places[i] = outputs[i] ? outputs[i] : spare + (size_t)program->output_rows[i] * (size_t)lanes;
}

void OG_R(og_program_run_planned)(const og_program *program, int lanes, const real *const *inputs,
                                  const real *weights, const real *given, real *const *outputs, real *sums,
                                  void *scratch) {
  real **bases = scratch, *rows = (real *)((char *)scratch + og_program_head(program));
  for (int i = 0; i < program->slot_count; i++) bases[program->slots[i]] = (real *)inputs[program->slots[i]];
  bases[OG_BASE_SCRATCH] = rows;
  bases[OG_BASE_WEIGHTS] = (real *)weights;
  bases[OG_BASE_GIVEN] = (real *)given;
  bases[OG_BASE_SUMS] = sums;
  set_constants(program, lanes, bases);
  place_outputs(program, lanes, outputs, bases + OG_BASE_OUTPUT, scratch);
  machine m = {
      .loops = program->OG_R(loops), .dense = program->OG_R(dense), .bases = bases, .lanes = (size_t)lanes};
  if (lanes == 1 || lanes == OG_LANES_MAX)
    carry_out_stretches(&m, program);
  else
    for (int i = 0; i < program->count; i++) carry_out(&m, &program->instructions[i]);
}

void OG_R(og_program_run)(const og_program *program, int lanes, const real *const *inputs,
                          real *const *outputs, void *scratch) {
  if (program->OG_R(compiled)) {
    real **places = scratch;
    place_outputs(program, lanes, outputs, places, scratch);
    program->OG_R(compiled)(lanes, inputs, places, &OG_R(og_program_functions));
    return;
  }
  OG_R(og_program_run_planned)(program, lanes, inputs, NULL, NULL, outputs, NULL, scratch);
}
