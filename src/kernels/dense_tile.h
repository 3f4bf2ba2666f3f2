/* Sums of products in tiles of registers, `rows` outputs by `width` vectors; for dense_isa.c. Sizes are
 * constants where tiles are called, so that the sums stay in registers. */
#ifndef OG_DENSE_TILE_H
#define OG_DENSE_TILE_H

#include <stddef.h>

#include "kernels/vec.h"

/* y[r][..] = sum over k < inner of w[r w_row + k w_inner] x[k][..], for r < rows: rows of x are x_step apart,
 * those of y y_step. */
typedef struct sum_of_products {
  int rows, inner;
  const real *w;
  size_t w_row, w_inner;
  const real *x;
  size_t x_step;
  real *y;
  size_t y_step;
} sum_of_products;

/* Sums begin at 0, or go on from what is in y, or begin at 0 and are added to y at their end. */
enum { BEGIN, CONTINUE, ADD };

/* Registers: 24 sums of 32, 12 of 16; the others hold a row of x and an entry of w. */
#if defined(__AVX512F__)
enum { TILE_SUMS = 24, TILE_WIDTH = 4 };
#else
enum { TILE_SUMS = 12, TILE_WIDTH = 2 };
#endif
#define TILE_ROWS(width) (TILE_SUMS / (width))

#define EACH_SUM UNROLL for (int r = 0; r < rows; r++) UNROLL for (int v = 0; v < width; v++)

INLINE void tile(const int rows, const int width, const int mode, const sum_of_products *p) {
  vec sum[TILE_SUMS], x[TILE_WIDTH];
  const real *w = p->w, *from = p->x;
  size_t w_row = p->w_row, w_inner = p->w_inner, x_step = p->x_step;
  EACH_SUM sum[r * width + v] =
      mode == CONTINUE ? row_load(p->y + (size_t)r * p->y_step + v * OG_VEC_LANES) : (vec){0};
  for (int k = p->inner; k > 0; k--, w += w_inner, from += x_step) {
    UNROLL for (int v = 0; v < width; v++) x[v] = row_load(from + v * OG_VEC_LANES);
    UNROLL for (int r = 0; r < rows; r++) {
      vec wr = vec_all(w[(size_t)r * w_row]);
      UNROLL for (int v = 0; v < width; v++) sum[r * width + v] = vec_fma(wr, x[v], sum[r * width + v]);
    }
  }
  EACH_SUM {
    real *y = p->y + (size_t)r * p->y_step + v * OG_VEC_LANES;
    row_store(y, mode == ADD ? row_load(y) + sum[r * width + v] : sum[r * width + v]);
  }
}

/* Sums the next `rows` rows of y, and moves on behind them. */
INLINE void next_tile(const int rows, const int width, const int mode, sum_of_products *p) {
  tile(rows, width, mode, p);
  p->w += (size_t)rows * p->w_row, p->y += (size_t)rows * p->y_step, p->rows -= rows;
}

/* Sums all rows: in the largest tiles, and the rows that are left over in smaller ones. */
INLINE void tiles(const int width, const int mode, const sum_of_products *all) {
  const int most = TILE_ROWS(width);
  sum_of_products p = *all;
  while (p.rows >= most) next_tile(most, width, mode, &p);
  if (most > 12 && p.rows >= 12) next_tile(12, width, mode, &p);
  if (most > 6 && p.rows >= 6) next_tile(6, width, mode, &p);
  switch (p.rows) {
  case 5: tile(5, width, mode, &p); break;
  case 4: tile(4, width, mode, &p); break;
  case 3: tile(3, width, mode, &p); break;
  case 2: tile(2, width, mode, &p); break;
  case 1: tile(1, width, mode, &p); break;
  }
}

#endif
