/* One program as a C function: every value a local variable, lanes in strips of a fixed length, which
 * compilers turn into vectors. Calls divide the text into levels (scalars.h); values that cross from one to
 * another stand in arrays of a strip. */
#include "codegen/emit.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "codegen/scalars.h"

static const char *const slot_names[OG_SLOT_COUNT] = {
    "t", "x", "theta", "lambda", "t_dot", "x_dot", "theta_dot", "data", "t_along", "x_along", "clock"};

/* The emission of one function. */
typedef struct emission {
  og_text *text;
  const og_program *program;
  og_scalars scalars;
  int *declared; /* [scalars]: 1 + the last level in which an input is there as a variable */
} emission;

/* ---- Operands ---- */

enum { NAME_SIZE = OG_NUMBER_SIZE + 16 };

static void constant_text(const og_program *p, int row, char name[NAME_SIZE]) {
  char digits[OG_NUMBER_SIZE];
  double value = row < 0 ? 0 : p->constants[row];
  if (isnan(value) || isinf(value)) {
    strcpy(name, isnan(value) ? "(real)__builtin_nan(\"\")"
                 : value > 0  ? "(real)__builtin_inf()"
                              : "(real)-__builtin_inf()");
    return;
  }
  og_format_real(value, digits);
  strcpy(name, "(real)");
  strcat(name, digits);
  if (!strpbrk(digits, ".e")) strcat(name, ".0"); /* -0 is no integer */
}

/* How level `level` reads the scalar. */
static void name_of(const emission *e, int index, int level, char name[NAME_SIZE]) {
  const og_scalar *s = &e->scalars.scalars[index];
  if (s->kind == OG_SCALAR_CONSTANT)
    constant_text(e->program, s->operands[0], name);
  else if (s->kind == OG_SCALAR_INPUT)
    snprintf(name, NAME_SIZE, "%s%d", slot_names[s->op], s->operands[0]);
  else if (s->level < level || og_scalar_is_call(s))
    snprintf(name, NAME_SIZE, "kept%d[i]", index);
  else
    snprintf(name, NAME_SIZE, "v%d", index);
}

static void declare_input(const emission *e, int index, int level) {
  const og_scalar *s = &e->scalars.scalars[index];
  if (s->kind != OG_SCALAR_INPUT || e->declared[index] == level + 1) return;
  const char *slot = slot_names[s->op];
  og_text_add(e->text, "    const real %s%d = %s[%d * lanes + i];\n", slot, s->operands[0], slot,
              s->operands[0]);
  e->declared[index] = level + 1;
}

/* ---- Operations ---- */

static const char *const unary_text[OG_EW_UNARY_COUNT] = {"-%s",      "absolute(%s)", "sign(%s)",
                                                          "root(%s)", "rectify(%s)",  "negation(%s)"};
static const char *const binary_text[OG_EW_BINARY_COUNT] = {"%s + %s",          "%s - %s",
                                                            "%s * %s",          "%s / %s",
                                                            "minimum(%s, %s)",  "maximum(%s, %s)",
                                                            "less(%s, %s)",     "less_equal(%s, %s)",
                                                            "greater(%s, %s)",  "greater_equal(%s, %s)",
                                                            "equal(%s, %s)",    "unequal(%s, %s)",
                                                            "both(%s, %s)",     "either(%s, %s)",
                                                            "zero_wins(%s, %s)"};

/* Adds the pattern, its %s replaced by operands in their order. */
static void fill_in(og_text *text, const char *pattern, char names[3][NAME_SIZE]) {
  for (int k = 0; *pattern;) {
    const char *gap = strstr(pattern, "%s");
    if (!gap) gap = pattern + strlen(pattern);
    og_text_add(text, "%.*s", (int)(gap - pattern), pattern);
    if (*gap) og_text_add(text, "%s", names[k++]), gap += 2;
    pattern = gap;
  }
}

static const char *pattern_of(const og_scalar *s) {
  switch (s->kind) {
  case OG_DO_LOOP1: return unary_text[s->op];
  case OG_DO_LOOP2: return binary_text[s->op];
  case OG_DO_WHERE: return "where(%s, %s, %s)";
  default: return s->op ? "multiply_add0(%s, %s, %s)" : "multiply_add(%s, %s, %s)";
  }
}

static void compute(emission *e, int index) {
  const og_scalar *s = &e->scalars.scalars[index];
  char names[3][NAME_SIZE];
  for (int k = 0; k < og_scalar_operands(s); k++) {
    declare_input(e, s->operands[k], s->level);
    name_of(e, s->operands[k], s->level, names[k]);
  }
  og_text_add(e->text, "    const real v%d = ", index);
  fill_in(e->text, pattern_of(s), names);
  og_text_add(e->text, ";\n");
}

static void keep(const emission *e, int index) {
  const og_scalar *s = &e->scalars.scalars[index];
  char name[NAME_SIZE];
  declare_input(e, index, s->level);
  name_of(e, index, s->level, name);
  og_text_add(e->text, "    kept%d[i] = %s;\n", index, name);
}

static void write_outputs(emission *e, int level) {
  const og_program *p = e->program;
  char name[NAME_SIZE];
  for (int output = 0; output < p->output_count; output++)
    for (int row = 0; row < og_program_output_rows(p, output); row++) {
      int index = og_scalars_output(&e->scalars, output, row);
      if (e->scalars.scalars[index].level != level) continue;
      declare_input(e, index, level);
      name_of(e, index, level, name);
      og_text_add(e->text, "    out%d[%d * lanes + i] %s %s;\n", output, row,
                  output == p->added_output ? "+=" : "=", name);
    }
}

static void call(const emission *e, int index) {
  const og_scalar *s = &e->scalars.scalars[index];
  if (s->kind == OG_DO_CALL1)
    og_text_add(e->text, "  call->unary(%d /* %s */, strip, kept%d, kept%d);\n", s->op,
                og_unary_name((og_unary)s->op), s->operands[0], index);
  else
    og_text_add(e->text, "  call->binary(%d /* %s */, strip, kept%d, kept%d, kept%d);\n", s->op,
                og_binary_name(s->op), s->operands[0], s->operands[1], index);
}

static void emit_level(emission *e, int level) {
  og_text_add(e->text, "  LANES {\n");
  for (int i = 0; i < e->scalars.count; i++) {
    const og_scalar *s = &e->scalars.scalars[i];
    if (s->level != level || og_scalar_is_call(s)) continue;
    if (!og_scalar_is_leaf(s)) compute(e, i);
    if (s->stored) keep(e, i);
  }
  write_outputs(e, level);
  og_text_add(e->text, "  }\n");
  for (int i = 0; i < e->scalars.count; i++)
    if (og_scalar_is_call(&e->scalars.scalars[i]) && e->scalars.scalars[i].level == level + 1) call(e, i);
}

/* ---- Registers: values and arguments are vectors, or numbers ---- */

enum { REGISTER_VALUES_MOST = 200 };

/* Whether a program fits into registers: it has only operations that vectors have operators for, and few
 * values. */
static int fits_registers(const emission *e) {
  for (int i = 0; i < e->scalars.count; i++) {
    const og_scalar *s = &e->scalars.scalars[i];
    int simple = s->kind == OG_DO_LOOP2   ? s->op <= OG_EW_DIV
                 : s->kind == OG_DO_LOOP1 ? s->op == OG_EW_NEG
                                          : s->kind == OG_SCALAR_MULTIPLY_ADD && !s->op;
    if (!og_scalar_is_leaf(s) && !simple) return 0;
  }
  return e->scalars.count <= REGISTER_VALUES_MOST;
}

static void register_name(const emission *e, int index, int vectors, char name[NAME_SIZE]) {
  const og_scalar *s = &e->scalars.scalars[index];
  char constant[NAME_SIZE];
  if (s->kind == OG_SCALAR_CONSTANT) {
    constant_text(e->program, s->operands[0], constant);
    snprintf(name, NAME_SIZE, vectors ? "ALL(%.*s)" : "%.*s", NAME_SIZE - 6, constant);
  } else if (s->kind == OG_SCALAR_INPUT && s->op == OG_SLOT_TIME)
    snprintf(name, NAME_SIZE, "t");
  else if (s->kind == OG_SCALAR_INPUT)
    snprintf(name, NAME_SIZE, "%s[%d]", slot_names[s->op], s->operands[0]);
  else
    snprintf(name, NAME_SIZE, "v%d", index);
}

static void emit_registers(const emission *e, const char *name, int vectors) {
  const og_program *p = e->program;
  const char *type = vectors ? "vec" : "real";
  char names[3][NAME_SIZE];
  og_text_add(e->text, "\nSTATIC void %s_%s(%s t, const %s *x, const %s *theta, const %s *lambda", name, type,
              type, type, type, type);
  for (int i = 0; i < p->output_count; i++) og_text_add(e->text, ", %s *out%d", type, i);
  og_text_add(e->text, ") {\n");
  for (int i = 0; i < e->scalars.count; i++) {
    const og_scalar *s = &e->scalars.scalars[i];
    if (og_scalar_is_leaf(s)) continue;
    for (int k = 0; k < og_scalar_operands(s); k++) register_name(e, s->operands[k], vectors, names[k]);
    og_text_add(e->text, "  const %s v%d = ", type, i);
    fill_in(e->text, s->kind == OG_SCALAR_MULTIPLY_ADD && vectors ? "vec_fma(%s, %s, %s)" : pattern_of(s),
            names);
    og_text_add(e->text, ";\n");
  }
  for (int output = 0; output < p->output_count; output++)
    for (int row = 0; row < og_program_output_rows(p, output); row++) {
      register_name(e, og_scalars_output(&e->scalars, output, row), vectors, names[0]);
      og_text_add(e->text, "  out%d[%d] %s %s;\n", output, row, output == p->added_output ? "+=" : "=",
                  names[0]);
    }
  og_text_add(e->text, "}\n");
}

/* ---- Functions ---- */

static void parameters(const emission *e) {
  const og_program *p = e->program;
  for (int i = 0; i < p->slot_count; i++)
    og_text_add(e->text, ", const real *restrict %s", slot_names[p->slots[i]]);
  for (int i = 0; i < p->output_count; i++) og_text_add(e->text, ", real *restrict out%d", i);
}

static void arguments(const emission *e, const char *at) {
  const og_program *p = e->program;
  for (int i = 0; i < p->slot_count; i++) og_text_add(e->text, ", in[%d]%s", p->slots[i], at);
  for (int i = 0; i < p->output_count; i++) og_text_add(e->text, ", out[%d]%s", i, at);
  og_text_add(e->text, ", call);\n");
}

static void emit_strip(emission *e, const char *name) {
  og_text_add(e->text, "\nSTATIC void %s_strip(const size_t strip, const size_t lanes", name);
  parameters(e);
  og_text_add(e->text, ", const struct functions *call) {\n  (void)call;\n");
  for (int i = 0; i < e->scalars.count; i++)
    if (e->scalars.scalars[i].stored) og_text_add(e->text, "  _Alignas(64) real kept%d[FULL];\n", i);
  for (int level = 0; level < e->scalars.levels; level++) emit_level(e, level);
  og_text_add(e->text, "}\n");
}

/* in[slot] and out[output] are rows of `lanes`. */
static void emit_block(const emission *e, const char *name) {
  og_text *t = e->text;
  og_text_add(
      t, "\nvoid %s(int lanes, const real *const *in, real *const *out, const struct functions *call) {\n",
      name);
  og_text_add(t, "  if (lanes == FULL)\n    %s_strip(FULL, FULL", name);
  arguments(e, "");
  og_text_add(t, "  else if (lanes == 1)\n    %s_strip(1, 1", name);
  arguments(e, "");
  og_text_add(t, "  else\n    for (int i = 0; i < lanes; i += PART)\n      %s_strip(PART, (size_t)lanes",
              name);
  arguments(e, " + i");
  og_text_add(t, "}\n");
}

og_status og_emit_program(og_text *text, og_emitted_part *part) {
  emission e = {.text = text, .program = part->program};
  OG_TRY(og_scalars_create(part->program, &e.scalars));
  e.declared = og_alloc(text->context, (size_t)e.scalars.count + 1, sizeof *e.declared);
  if (!e.declared) text->failed = 1;
  part->registers = part->registers && fits_registers(&e);
  if (!text->failed) {
    emit_strip(&e, part->name);
    emit_block(&e, part->name);
    for (int vectors = 0; part->registers && vectors < 2; vectors++) emit_registers(&e, part->name, vectors);
  }
  og_free(text->context, e.declared);
  og_scalars_destroy(&e.scalars);
  return text->failed ? og_fail_memory(text->context, text->length, "emission of C") : OG_OK;
}

/* ---- Text ---- */

/* Text for a compiler, and what every emitted file begins with. */

/* Makes room for so many characters more, and the NUL behind them. */
static int room_for(og_text *t, size_t more) {
  if (t->length + more < t->capacity) return 1;
  size_t capacity = 2 * (t->length + more) + 1024;
  char *grown = og_resize(t->context, t->text, t->length, capacity, 1);
  if (!grown) return !(t->failed = 1);
  t->text = grown;
  t->capacity = capacity;
  return 1;
}

void og_text_add(og_text *t, const char *format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  int length = vsnprintf(NULL, 0, format, arguments);
  if (!t->failed && length >= 0 && room_for(t, (size_t)length)) {
    vsnprintf(t->text + t->length, (size_t)length + 1, format, again);
    t->length += (size_t)length;
  }
  va_end(again);
  va_end(arguments);
}

static const char prelude[] =
    "#include <stddef.h>\n"
    "\n"
    "/* REAL: double or float. FUSED: products of matrices and vectors add with one rounding. */\n"
    "typedef REAL real;\n"
    "enum { FULL = %d, PART = %d, SLOTS = %d }; /* lanes of a whole block and of the least one */\n"
    "\n"
    "/* Elementary functions, by number, for `count` lanes. */\n"
    "struct functions {\n"
    "  void (*unary)(int function, size_t count, const real *a, real *out);\n"
    "  void (*binary)(int function, size_t count, const real *a, const real *b, real *out);\n"
    "};\n"
    "\n"
    "#define STATIC static inline __attribute__((always_inline, unused))\n"
    "#if defined(__clang__)\n"
    "#define LANES _Pragma(\"clang loop vectorize(assume_safety)\") for (size_t i = 0; i < strip; i++)\n"
    "#else\n"
    "#define LANES _Pragma(\"GCC ivdep\") for (size_t i = 0; i < strip; i++)\n"
    "#endif\n"
    "STATIC real absolute(real x) { return sizeof x == 4 ? __builtin_fabsf((float)x) : "
    "(real)__builtin_fabs(x); "
    "}\n"
    "STATIC real root(real x) { return sizeof x == 4 ? __builtin_sqrtf((float)x) : (real)__builtin_sqrt(x); "
    "}\n"
    "STATIC real sign(real x) { return x > 0 ? (real)1 : x < 0 ? (real)-1 : x == 0 ? (real)0 : x; }\n"
    "STATIC real rectify(real x) { return x < 0 ? (real)0 : x; }\n"
    "STATIC real negation(real x) { return x == 0 ? (real)1 : (real)0; }\n"
    "STATIC real minimum(real x, real y) { return x <= y ? x : x != x ? x : y; }\n"
    "STATIC real maximum(real x, real y) { return x >= y ? x : x != x ? x : y; }\n"
    "STATIC real less(real x, real y) { return x < y ? (real)1 : (real)0; }\n"
    "STATIC real less_equal(real x, real y) { return x <= y ? (real)1 : (real)0; }\n"
    "STATIC real greater(real x, real y) { return x > y ? (real)1 : (real)0; }\n"
    "STATIC real greater_equal(real x, real y) { return x >= y ? (real)1 : (real)0; }\n"
    "STATIC real equal(real x, real y) { return x == y ? (real)1 : (real)0; }\n"
    "STATIC real unequal(real x, real y) { return x != y ? (real)1 : (real)0; }\n"
    "STATIC real both(real x, real y) { return x != 0 && y != 0 ? (real)1 : (real)0; }\n"
    "STATIC real either(real x, real y) { return x != 0 || y != 0 ? (real)1 : (real)0; }\n"
    "STATIC real zero_wins(real x, real y) { return x == 0 || y == 0 ? (real)0 : x * y; }\n"
    "STATIC real where(real c, real x, real y) { return c != 0 ? x : y; }\n"
    "STATIC real multiply_add(real x, real y, real sum) {\n"
    "#if FUSED\n"
    "  return sizeof x == 4 ? __builtin_fmaf((float)x, (float)y, (float)sum) : (real)__builtin_fma(x, y, "
    "sum);\n"
    "#else\n"
    "  return x * y + sum;\n"
    "#endif\n"
    "}\n"
    "STATIC real multiply_add0(real x, real y, real sum) {\n"
    "  return x == 0 || y == 0 ? sum : multiply_add(x, y, sum);\n"
    "}\n"
    "\n"
    "#if defined(__AVX512F__)\n"
    "#define VEC 64\n"
    "#elif defined(__AVX__)\n"
    "#define VEC 32\n"
    "#else\n"
    "#define VEC 16\n"
    "#endif\n"
    "#if defined(__FMA__)\n"
    "#include <immintrin.h>\n"
    "#endif\n"
    "typedef real vec __attribute__((vector_size(VEC), may_alias));\n"
    "enum { V = VEC / sizeof(real) };\n"
    "#define ALL(number) ((number) - (vec){0})\n"
    "\n"
    "STATIC vec vec_fma(vec a, vec b, vec c) {\n"
    "#if FUSED && VEC == 64\n"
    "  return sizeof(real) == 4 ? (vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c)\n"
    "                           : (vec)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);\n"
    "#elif FUSED\n"
    "  return sizeof(real) == 4 ? (vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c)\n"
    "                           : (vec)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);\n"
    "#else\n"
    "  return a * b + c;\n"
    "#endif\n"
    "}\n";

void og_emit_prelude(og_text *text) { og_text_add(text, prelude, OG_LANES_MAX, OG_LANE_STEP, OG_SLOT_COUNT); }
