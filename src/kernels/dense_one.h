/* Dense products of one lane, where only outputs are independent of each other; for dense_isa.c. */
#ifndef OG_DENSE_ONE_H
#define OG_DENSE_ONE_H

#include "kernels/dense_tile.h"
#include "kernels/dense_transpose.h"

/* y[i] += sum over k of w[i w_row + k w_inner] x[k]: chains of several outputs at a time, to hide the latency
 * of a multiply-add. */
enum { CHAINS = 8 };
INLINE void chains(const int outputs, const sum_of_products *p) {
  real sum[CHAINS];
  const real *w = p->w;
  UNROLL for (int i = 0; i < outputs; i++) sum[i] = p->y[i];
  for (int k = 0; k < p->inner; k++, w += p->w_inner) {
    UNROLL for (int i = 0; i < outputs; i++) sum[i] = real_fma(w[(size_t)i * p->w_row], p->x[k], sum[i]);
  }
  UNROLL for (int i = 0; i < outputs; i++) p->y[i] = sum[i];
}

static void all_chains(sum_of_products p) {
  for (; p.rows >= CHAINS; p.rows -= CHAINS, p.w += CHAINS * p.w_row, p.y += CHAINS) chains(CHAINS, &p);
  switch (p.rows) {
  case 7: chains(7, &p); break;
  case 6: chains(6, &p); break;
  case 5: chains(5, &p); break;
  case 4: chains(4, &p); break;
  case 3: chains(3, &p); break;
  case 2: chains(2, &p); break;
  case 1: chains(1, &p); break;
  }
}

/* Rows are the lanes of the vectors where they are many: squares of W are transposed in registers. */
static void product_of_one(int rows, int columns, const real *w, const real *x, real *y) {
  int c = 0;
  size_t step = (size_t)columns;
  memset(y, 0, (size_t)rows * sizeof *y);
  int squares = OG_VEC_LANES >= 8 && columns >= OG_VEC_LANES;
  for (; squares && rows >= OG_VEC_LANES; rows -= OG_VEC_LANES, w += OG_VEC_LANES * step, y += OG_VEC_LANES) {
    vec sum = {0};
    for (c = 0; c + OG_VEC_LANES <= columns; c += OG_VEC_LANES) {
      vec square[OG_VEC_LANES];
      transposed_square(OG_VEC_LANES, step, w + c, square);
      UNROLL for (int i = 0; i < OG_VEC_LANES; i++) sum = vec_fma(vec_all(x[c + i]), square[i], sum);
    }
    row_store(y, sum);
    all_chains((sum_of_products){OG_VEC_LANES, columns - c, w + c, step, 1, x + c, 0, y, 0});
  }
  all_chains((sum_of_products){rows, columns, w, step, 1, x, 0, y, 0});
}

/* Columns are the lanes of the vectors; the last tile repeats what it shares with the one before. */
static void transposed_of_one(int rows, int columns, const real *w, const real *y, real *x) {
  enum { WIDE = TILE_WIDTH * OG_VEC_LANES };
  sum_of_products p = {1, rows, y, 0, 1, w, (size_t)columns, x, 0};
  if (columns < OG_VEC_LANES) {
    memset(x, 0, (size_t)columns * sizeof *x);
    all_chains((sum_of_products){columns, rows, w, 1, (size_t)columns, y, 0, x, 0});
    return;
  }
  for (int c = 0; c < columns;) {
    int wide = columns - c >= WIDE, step = wide ? WIDE : OG_VEC_LANES;
    if (c + step > columns) c = columns - step;
    p.x = w + c, p.y = x + c;
    if (wide)
      tile(1, TILE_WIDTH, BEGIN, &p);
    else
      tile(1, 1, BEGIN, &p);
    c += step;
  }
}

static void outer_of_one(int rows, int columns, const real *a, const real *b, real *w_bar) {
  for (int r = 0; r < rows; r++, w_bar += columns)
    for (int c = 0; c < columns; c++) w_bar[c] += real_fma(a[r], b[c], 0);
}

#endif
