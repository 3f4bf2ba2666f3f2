/* Dense layers on lane blocks: small matrix products, one table of functions for each instruction set and
 * precision. Matrices are row-major [rows][columns] and lie anywhere that a number may; blocks are
 * [entries][lanes] as in kernels.h, but with one lane they too may lie anywhere, and nothing beside them is
 * touched. Outputs do not overlap inputs.
 *
 * Every result is one sum of products from 0 in the order of the inner index, one multiply-add a term (one
 * rounding each in tables that are `fused`, else two), so its bits do not depend on its lane, on the number
 * of lanes, or on how the work is cut into tiles. */
#ifndef OG_DENSE_H
#define OG_DENSE_H

#include "base/real.h"

/* product:    y[rows][lanes] = W x, inner index: columns.
 * transposed: x[columns][lanes] = W^T y, inner index: rows.
 * outer:      W_bar[rows][columns] += sum over lanes of a[rows] b[columns]; the sum is formed from 0, in the
 *             order of lanes, and then added.
 * add_lanes:  w_bar[rows] += sum over lanes of a[rows], in the same way. */
#define OG_DENSE(X, S)                                                                                       \
  typedef struct og_dense_##S {                                                                              \
    const char *name;                                                                                        \
    int fused;                                                                                               \
    void (*product)(int rows, int columns, int lanes, const X *w, const X *x, X *y);                         \
    void (*transposed)(int rows, int columns, int lanes, const X *w, const X *y, X *x);                      \
    void (*outer)(int rows, int columns, int lanes, const X *a, const X *b, X *w_bar);                       \
    void (*add_lanes)(int rows, int lanes, const X *a, X *w_bar);                                            \
  } og_dense_##S;                                                                                            \
  /* In plain C, [fused]. */                                                                                 \
  extern const og_dense_##S og_dense_reference_##S[2];                                                       \
  /* The tables that this processor runs, the fastest last; *count receives their number. */                 \
  const og_dense_##S *const *og_dense_all_##S(int *count);                                                   \
  const og_dense_##S *og_dense_best_##S(void);
OG_DENSE(double, d)
OG_DENSE(float, s)

#endif
