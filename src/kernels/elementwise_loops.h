/* The loops themselves, for elementwise_isa.c and elementwise_reference_real.c, which first define
 * FOR_EACH(count, body), TABLE_NAME and multiply_add. Not a header of its own. */
#include <math.h>
#if defined(OG_SINGLE)
#define ABS fabsf
#define SQRT sqrtf
#else
#define ABS fabs
#define SQRT sqrt
#endif

#define UNARY(name, expression)                                                                              \
  static void name(size_t count, const real *restrict a, real *restrict out) {                               \
    FOR_EACH(count, const real x = a[i]; out[i] = expression)                                                \
  }
#define BINARY1(name, x_index, y_index, expression)                                                          \
  static void name(size_t count, const real *restrict a, const real *restrict b, real *restrict out) {       \
    FOR_EACH(count, const real x = a[x_index]; const real y = b[y_index]; out[i] = expression)               \
  }
#define BINARY(name, expression)                                                                             \
  BINARY1(name, i, i, expression)                                                                            \
  BINARY1(name##_one_a, 0, i, expression) BINARY1(name##_one_b, i, 0, expression)
#define VARIANTS(name)                                                                                       \
  { name, name##_one_a, name##_one_b }

UNARY(negate, -x)
UNARY(absolute, ABS(x))
UNARY(sign, x > 0 ? (real)1 : x < 0 ? (real)-1 : x == 0 ? (real)0 : x)
UNARY(square_root, SQRT(x))
UNARY(rectify, x < 0 ? (real)0 : x)
UNARY(negation, x == 0 ? (real)1 : (real)0)
BINARY(add, x + y)
BINARY(subtract, x - y)
BINARY(multiply, x *y)
BINARY(divide, x / y)
BINARY(minimum, x <= y ? x : x != x ? x : y)
BINARY(maximum, x >= y ? x : x != x ? x : y)
BINARY(less, x < y ? (real)1 : (real)0)
BINARY(less_equal, x <= y ? (real)1 : (real)0)
BINARY(greater, x > y ? (real)1 : (real)0)
BINARY(greater_equal, x >= y ? (real)1 : (real)0)
BINARY(equal, x == y ? (real)1 : (real)0)
BINARY(unequal, x != y ? (real)1 : (real)0)
BINARY(both, x != 0 && y != 0 ? (real)1 : (real)0)
BINARY(either, x != 0 || y != 0 ? (real)1 : (real)0)
BINARY(zero_wins, x == 0 || y == 0 ? (real)0 : x * y)

static void where(size_t count, const real *restrict condition, const real *restrict a,
                  const real *restrict b, real *restrict out) {
  FOR_EACH(count, const real x = a[i]; const real y = b[i]; out[i] = condition[i] != 0 ? x : y)
}
static void slope_of_tanh(size_t count, const real *restrict bar, const real *restrict y,
                          real *restrict out) {
  FOR_EACH(count, const real one = 1; out[i] = bar[i] * ((one - y[i]) * (one + y[i])))
}
static void add_column(size_t rows, size_t lanes, const real *restrict column, const real *restrict a,
                       real *restrict out) {
  if (lanes == 1) {
    add(rows, a, column, out);
    return;
  }
  for (size_t r = 0; r < rows; r++, a += lanes, out += lanes) {
    const real x = column[r];
    FOR_EACH(lanes, out[i] = a[i] + x)
  }
}

#if !defined(OG_VEC_H)
static real real_fma(real a, real b, real c) { return a * b + c; }
#endif
#define MULTIPLY_ADD0(name, x_index)                                                                         \
  static void name(size_t count, const real *restrict a, const real *restrict b, real *restrict sum) {       \
    FOR_EACH(count, const real x = a[x_index]; const real y = b[i];                                          \
             sum[i] = x == 0 || y == 0 ? sum[i] : real_fma(x, y, sum[i]))                                    \
  }
MULTIPLY_ADD0(multiply_add0, i)
MULTIPLY_ADD0(multiply_add0_one, 0)

/* The elementary functions over contiguous numbers: in vectors with vec_elementary.h, else by the C library.
 * A count that is no whole number of vectors is padded, so that a number's bits do not depend on its place.
 * */
#if defined(OG_VEC_ELEMENTARY)
#define LOOP(NAME, name)                                                                                     \
  static void each_##name(size_t count, const real *a, real *out) {                                          \
    size_t i = 0;                                                                                            \
    for (; i + OG_VEC_LANES <= count; i += OG_VEC_LANES) row_store(out + i, vec_##name(row_load(a + i)));    \
    if (i == count) return;                                                                                  \
    vec rest = vec_all(a[i]);                                                                                \
    for (size_t k = 1; k < count - i; k++) rest[k] = a[i + k];                                               \
    rest = vec_##name(rest);                                                                                 \
    for (size_t k = 0; k < count - i; k++) out[i + k] = rest[k];                                             \
  }
#else
#define LOOP(NAME, name)                                                                                     \
  static void each_##name(size_t count, const real *a, real *out) {                                          \
    for (size_t i = 0; i < count; i++) out[i] = OG_LIBM(name)(a[i]);                                         \
  }
#endif
OG_ELEMENTARY(LOOP)
#undef LOOP
#include "kernels/straight_loops.h"

#define EACH(NAME, name) each_##name,
const OG_R(og_elementwise) TABLE_NAME = {
    .unary = {negate, absolute, sign, square_root, rectify, negation, OG_ELEMENTARY(EACH)},
    .binary = {VARIANTS(add), VARIANTS(subtract), VARIANTS(multiply), VARIANTS(divide), VARIANTS(minimum),
               VARIANTS(maximum), VARIANTS(less), VARIANTS(less_equal), VARIANTS(greater),
               VARIANTS(greater_equal), VARIANTS(equal), VARIANTS(unequal), VARIANTS(both), VARIANTS(either),
               VARIANTS(zero_wins)},
    .where = where,
    .multiply_add = multiply_add,
    .add_column = add_column,
    .slope_of_tanh = slope_of_tanh,
    .multiply_add0 = {multiply_add0, multiply_add0_one},
    .straight = straight,
    .straight_one = straight_one};
