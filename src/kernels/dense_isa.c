/* Dense products for one instruction set: tiles of outputs kept in registers while the inner index runs
 * (dense_tile.h), over panels that stay in the first-level cache. */
#include <string.h>

#include "kernels/dense.h"
#include "kernels/dense_one.h"
#include "kernels/dense_tile.h"
#include "kernels/dense_transpose.h"

/* The inner index is cut so that the panel of x that all rows of tiles read stays in the first-level cache.
 */
enum { PANEL_BYTES = 16384 };

/* Computes all of y, `width` vectors of lanes at a time. */
INLINE void strips(const int width, int lanes, sum_of_products all) {
  int strip = width * OG_VEC_LANES, most = PANEL_BYTES / (int)(sizeof(real) * (size_t)strip),
      inner = all.inner;
  for (int lane = 0; lane < lanes; lane += strip)
    for (int k = 0; k == 0 || k < inner; k += most) {
      sum_of_products part = all;
      part.w += (size_t)k * all.w_inner, part.x += (size_t)k * all.x_step + lane, part.y += lane;
      part.inner = inner - k < most ? inner - k : most;
      if (k)
        tiles(width, CONTINUE, &part);
      else
        tiles(width, BEGIN, &part);
    }
}

static void over_lanes(int lanes, const sum_of_products *all) {
  int vectors = lanes / OG_VEC_LANES;
  if (TILE_WIDTH >= 4 && vectors % 4 == 0)
    strips(4, lanes, *all);
  else if (TILE_WIDTH >= 2 && vectors % 2 == 0)
    strips(2, lanes, *all);
  else
    strips(1, lanes, *all);
}

static void product(int rows, int columns, int lanes, const real *w, const real *x, real *y) {
  if (lanes == 1)
    product_of_one(rows, columns, w, x, y);
  else
    over_lanes(lanes,
               &(sum_of_products){rows, columns, w, (size_t)columns, 1, x, (size_t)lanes, y, (size_t)lanes});
}

static void transposed(int rows, int columns, int lanes, const real *w, const real *y, real *x) {
  if (lanes == 1)
    transposed_of_one(rows, columns, w, y, x);
  else
    over_lanes(lanes,
               &(sum_of_products){columns, rows, w, 1, (size_t)columns, y, (size_t)lanes, x, (size_t)lanes});
}

/* outer where W_bar's entry [r][c] is at r step_r + c step_c. Columns are the lanes of the vectors: panels of
 * at most TILE_WIDTH vectors of them are transposed, and where the result is not a full contiguous row it is
 * added number by number. */
enum { PANEL = TILE_WIDTH * OG_VEC_LANES };
typedef struct outer_product {
  int rows, lanes;
  const real *a, *b;
  real *w_bar;
  size_t step_r, step_c;
} outer_product;

/* `panel` and `sums` are memory that tiles of all widths share: one for each width would take three times the
 * stack. */
INLINE void outer_panel(const int width, int columns, const outer_product *p, real *panel, real *sums) {
  const int most = TILE_ROWS(width), side = width * OG_VEC_LANES;
  transpose_panel(columns, width, p->lanes, p->b, panel);
  sum_of_products all = {p->rows, p->lanes,     p->a,     (size_t)p->lanes, 1,
                         panel,   (size_t)side, p->w_bar, p->step_r};
  if (columns == side && p->step_c == 1) {
    tiles(width, ADD, &all);
    return;
  }
  all.y = sums, all.y_step = (size_t)side;
  for (int r = 0; r < p->rows; r += most, all.w += (size_t)most * all.w_row) {
    all.rows = p->rows - r < most ? p->rows - r : most;
    tiles(width, BEGIN, &all);
    for (int i = 0; i < all.rows; i++)
      for (int c = 0; c < columns; c++)
        p->w_bar[(size_t)(r + i) * p->step_r + (size_t)c * p->step_c] += sums[i * side + c];
  }
}

static void outer_panels(int columns, outer_product p) {
  _Alignas(64) real panel[OG_LANES_MAX * PANEL], sums[TILE_SUMS * OG_VEC_LANES];
  while (columns > 0) {
    int count = columns < PANEL ? columns : PANEL;
    if (TILE_WIDTH >= 4 && count > 2 * OG_VEC_LANES)
      outer_panel(4, count, &p, panel, sums);
    else if (TILE_WIDTH >= 2 && count > OG_VEC_LANES)
      outer_panel(2, count, &p, panel, sums);
    else
      outer_panel(1, count, &p, panel, sums);
    columns -= count, p.b += (size_t)count * (size_t)p.lanes, p.w_bar += (size_t)count * p.step_c;
  }
}

static void outer(int rows, int columns, int lanes, const real *a, const real *b, real *w_bar) {
  if (lanes == 1)
    outer_of_one(rows, columns, a, b, w_bar);
  else if (columns >= rows || columns >= OG_VEC_LANES)
    outer_panels(columns, (outer_product){rows, lanes, a, b, w_bar, (size_t)columns, 1});
  else
    outer_panels(rows, (outer_product){columns, lanes, b, a, w_bar, 1, (size_t)columns});
}

/* Here the rows of a are what the lanes of a vector hold. */
static void add_lanes(int rows, int lanes, const real *a, real *w_bar) {
  int squares = lanes == 1 ? 0 : lanes / OG_VEC_LANES;
  for (int r = 0; squares && r < rows; r += OG_VEC_LANES, a += OG_VEC_LANES * lanes) {
    int count = rows - r < OG_VEC_LANES ? rows - r : OG_VEC_LANES;
    vec sum = {0};
    for (int s = 0; s < squares; s++) {
      vec square[OG_VEC_LANES];
      transposed_square(count, (size_t)lanes, a + s * OG_VEC_LANES, square);
      UNROLL for (int i = 0; i < OG_VEC_LANES; i++) sum += square[i];
    }
    for (int i = 0; i < count; i++) w_bar[r + i] += sum[i];
  }
  for (int r = 0; !squares && r < rows; r++) w_bar[r] += a[r] + 0;
}

#define QUOTE2(a) #a
#define QUOTE(a) QUOTE2(a)
#if defined(__FMA__)
enum { FUSED = 1 };
#else
enum { FUSED = 0 };
#endif

extern const OG_R(og_dense) OG_R_ISA(og_dense);
const OG_R(og_dense) OG_R_ISA(og_dense) = {QUOTE(OG_ISA), FUSED, product, transposed, outer, add_lanes};
