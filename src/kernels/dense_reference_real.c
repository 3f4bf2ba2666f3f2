/* The dense products in plain C, with a multiply-add that rounds once and with one that rounds twice: what
 * the fast ones give, bit for bit. */
#include <math.h>

#include "kernels/dense.h"

#if defined(OG_SINGLE)
#define FMA fmaf
#else
#define FMA fma
#endif

static inline real multiply_add(int fused, real a, real b, real c) {
  return fused ? FMA(a, b, c) : a * b + c;
}

/* sum over i < count of a[i step_a] b[i step_b] */
static inline real chain(int fused, int count, const real *a, int step_a, const real *b, int step_b) {
  real sum = 0;
  for (int i = 0; i < count; i++) sum = multiply_add(fused, a[i * step_a], b[i * step_b], sum);
  return sum;
}

static inline void product(int fused, int rows, int columns, int lanes, const real *w, const real *x,
                           real *y) {
  for (int r = 0; r < rows; r++)
    for (int l = 0; l < lanes; l++)
      y[r * lanes + l] = chain(fused, columns, w + r * columns, 1, x + l, lanes);
}

static inline void transposed(int fused, int rows, int columns, int lanes, const real *w, const real *y,
                              real *x) {
  for (int c = 0; c < columns; c++)
    for (int l = 0; l < lanes; l++) x[c * lanes + l] = chain(fused, rows, w + c, columns, y + l, lanes);
}

static inline void outer(int fused, int rows, int columns, int lanes, const real *a, const real *b,
                         real *w_bar) {
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < columns; c++)
      w_bar[r * columns + c] += chain(fused, lanes, a + r * lanes, 1, b + c * lanes, 1);
}

static void add_lanes(int rows, int lanes, const real *a, real *w_bar) {
  for (int r = 0; r < rows; r++) {
    real sum = 0;
    for (int l = 0; l < lanes; l++) sum += a[r * lanes + l];
    w_bar[r] += sum;
  }
}

#define TABLE(F)                                                                                             \
  static void product_##F(int rows, int columns, int lanes, const real *w, const real *x, real *y) {         \
    product(F, rows, columns, lanes, w, x, y);                                                               \
  }                                                                                                          \
  static void transposed_##F(int rows, int columns, int lanes, const real *w, const real *y, real *x) {      \
    transposed(F, rows, columns, lanes, w, y, x);                                                            \
  }                                                                                                          \
  static void outer_##F(int rows, int columns, int lanes, const real *a, const real *b, real *w_bar) {       \
    outer(F, rows, columns, lanes, a, b, w_bar);                                                             \
  }
TABLE(0)
TABLE(1)

const OG_R(og_dense) OG_R(og_dense_reference)[2] = {
    {"reference", 0, product_0, transposed_0, outer_0, add_lanes},
    {"reference, fused", 1, product_1, transposed_1, outer_1, add_lanes},
};
