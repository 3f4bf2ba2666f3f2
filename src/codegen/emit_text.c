/* Text for a compiler, and what every emitted file begins with. */
#include <stdarg.h>
#include <stdio.h>

#include "codegen/emit.h"

/* With the NUL behind it. */
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
