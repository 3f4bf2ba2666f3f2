/* Blocks [entries][lanes] transposed: vectors of entries from vectors of lanes; for dense_isa.c. */
#ifndef OG_DENSE_TRANSPOSE_H
#define OG_DENSE_TRANSPOSE_H

#include <stddef.h>

#include "kernels/vec.h"

/* a0 b0 a1 b1 ... of the first halves and of the second halves of a and b. */
#if OG_VEC_BYTES == 64 && defined(OG_SINGLE)
#define FIRST_HALVES 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define SECOND_HALVES 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif OG_VEC_BYTES == 64 || (OG_VEC_BYTES == 32 && defined(OG_SINGLE))
#define FIRST_HALVES 0, 8, 1, 9, 2, 10, 3, 11
#define SECOND_HALVES 4, 12, 5, 13, 6, 14, 7, 15
#elif OG_VEC_BYTES == 32 || defined(OG_SINGLE)
#define FIRST_HALVES 0, 4, 1, 5
#define SECOND_HALVES 2, 6, 3, 7
#else
#define FIRST_HALVES 0, 2
#define SECOND_HALVES 1, 3
#endif

/* Transposes a square of OG_VEC_LANES numbers each way: entry i of row[j] is number j of row i in memory. The
 * first `count` rows of it lie at `from`, `step` apart; the others are 0. Each round interleaves row i with
 * row i + OG_VEC_LANES / 2, which moves the leading bit of a row's index to the end of an entry's. */
INLINE void transposed_square(int count, size_t step, const real *from, vec *row) {
  UNROLL for (int i = 0; i < OG_VEC_LANES; i++) row[i] =
      i < count ? row_load(from + (size_t)i * step) : (vec){0};
  UNROLL for (int round = 1; round < OG_VEC_LANES; round *= 2) {
    vec next[OG_VEC_LANES];
    UNROLL for (int i = 0; i < OG_VEC_LANES / 2; i++) {
      vec a = row[i], b = row[i + OG_VEC_LANES / 2];
      next[2 * i] = __builtin_shufflevector(a, b, FIRST_HALVES);
      next[2 * i + 1] = __builtin_shufflevector(a, b, SECOND_HALVES);
    }
    UNROLL for (int i = 0; i < OG_VEC_LANES; i++) row[i] = next[i];
  }
}

/* panel[lane][i] = b[i][lane] for i < count, 0 for the others below `width` vectors. */
static void transpose_panel(int count, int width, int lanes, const real *b, real *panel) {
  for (int v = 0; v < width; v++, count -= OG_VEC_LANES, b += OG_VEC_LANES * lanes)
    for (int l = 0; l < lanes; l += OG_VEC_LANES) {
      vec row[OG_VEC_LANES];
      if (count >= OG_VEC_LANES)
        transposed_square(OG_VEC_LANES, (size_t)lanes, b + l, row);
      else
        transposed_square(count, (size_t)lanes, b + l, row);
      UNROLL for (int i = 0; i < OG_VEC_LANES; i++)
          vec_store(panel + ((l + i) * width + v) * OG_VEC_LANES, row[i]);
    }
}

#endif
