/* Dense products for one instruction set: tiles of outputs kept in registers while the inner index runs
 * (dense_tile.h), over panels that stay in the first-level cache. */
#include <string.h>

#include "kernels/dense.h"
#include "kernels/dense_tile.h"

/* The inner index is cut so that the panel of x that all rows of tiles read stays in the first-level cache.
 */
enum { PANEL_BYTES = 16384 };

/* All of y, `width` vectors of lanes at a time. */
static inline __attribute__((always_inline)) void strips(const int width, int lanes, sum_of_products all) {
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

/* One lane: as many rows' chains at a time as hide the latency of a multiply-add. */
enum { CHAINS = 8 };
static void product_of_one(int rows, int columns, const real *w, const real *x, real *y) {
  int r = 0;
  for (; r + CHAINS <= rows; r += CHAINS, w += (size_t)CHAINS * (size_t)columns) {
    real sum[CHAINS] = {0};
    for (int c = 0; c < columns; c++)
      for (int i = 0; i < CHAINS; i++) sum[i] = real_fma(w[(size_t)i * (size_t)columns + c], x[c], sum[i]);
    memcpy(y + r, sum, sizeof sum);
  }
  for (; r < rows; r++, w += columns) {
    real sum = 0;
    for (int c = 0; c < columns; c++) sum = real_fma(w[c], x[c], sum);
    y[r] = sum;
  }
}

static void product(int rows, int columns, int lanes, const real *w, const real *x, real *y) {
  if (lanes == 1)
    product_of_one(rows, columns, w, x, y);
  else
    over_lanes(lanes,
               &(sum_of_products){rows, columns, w, (size_t)columns, 1, x, (size_t)lanes, y, (size_t)lanes});
}

/* One lane: columns are the lanes of the vectors. */
static void transposed_of_one(int rows, int columns, const real *w, const real *y, real *x) {
  enum { STEP = TILE_WIDTH * OG_VEC_LANES };
  size_t step = (size_t)columns;
  int c = 0;
  for (; c + STEP <= columns; c += STEP)
    tile(1, TILE_WIDTH, BEGIN, &(sum_of_products){1, rows, y, 0, 1, w + c, step, x + c, 0});
  for (; c + OG_VEC_LANES <= columns; c += OG_VEC_LANES)
    tile(1, 1, BEGIN, &(sum_of_products){1, rows, y, 0, 1, w + c, step, x + c, 0});
  for (; c < columns; c++) {
    real sum = 0;
    for (int r = 0; r < rows; r++) sum = real_fma(w[(size_t)r * step + c], y[r], sum);
    x[c] = sum;
  }
}

static void transposed(int rows, int columns, int lanes, const real *w, const real *y, real *x) {
  if (lanes == 1)
    transposed_of_one(rows, columns, w, y, x);
  else
    over_lanes(lanes,
               &(sum_of_products){columns, rows, w, 1, (size_t)columns, y, (size_t)lanes, x, (size_t)lanes});
}

/* panel[lane][i] = b[i][lane] for i < count, 0 up to `width`. */
static void turn(int count, int width, int lanes, const real *b, real *panel) {
  for (int l = 0; l < lanes; l++)
    for (int i = 0; i < width; i++) panel[l * width + i] = i < count ? b[i * lanes + l] : 0;
}

/* outer where W_bar's entry [r][c] is at r step_r + c step_c. Columns are the lanes of the vectors: a panel
 * of them is turned, and where the result is not a full contiguous row it is added number by number. */
enum { PANEL = TILE_WIDTH * OG_VEC_LANES };
static void outer_of(int rows, int columns, int lanes, const real *a, const real *b, real *w_bar,
                     size_t step_r, size_t step_c) {
  _Alignas(64) real panel[OG_LANES_MAX * PANEL], sums[TILE_ROWS(TILE_WIDTH) * PANEL];
  for (int c = 0; c < columns; c += PANEL) {
    int count = columns - c < PANEL ? columns - c : PANEL;
    turn(count, PANEL, lanes, b + (size_t)c * (size_t)lanes, panel);
    sum_of_products all = {rows,  lanes, a, (size_t)lanes, 1, panel, PANEL, w_bar + (size_t)c * step_c,
                           step_r};
    if (count == PANEL && step_c == 1) {
      tiles(TILE_WIDTH, ADD, &all);
      continue;
    }
    for (int r = 0; r < rows; r += TILE_ROWS(TILE_WIDTH)) {
      int some = rows - r < TILE_ROWS(TILE_WIDTH) ? rows - r : TILE_ROWS(TILE_WIDTH);
      tiles(TILE_WIDTH, BEGIN,
            &(sum_of_products){some, lanes, a + (size_t)r * (size_t)lanes, (size_t)lanes, 1, panel, PANEL,
                               sums, PANEL});
      for (int i = 0; i < some; i++)
        for (int j = 0; j < count; j++)
          w_bar[(size_t)(r + i) * step_r + (size_t)(c + j) * step_c] += sums[i * PANEL + j];
    }
  }
}

static void outer(int rows, int columns, int lanes, const real *a, const real *b, real *w_bar) {
  if (lanes == 1)
    for (int r = 0; r < rows; r++)
      for (int c = 0; c < columns; c++)
        w_bar[(size_t)r * (size_t)columns + (size_t)c] += real_fma(a[r], b[c], 0);
  else if (columns >= rows || columns >= PANEL)
    outer_of(rows, columns, lanes, a, b, w_bar, (size_t)columns, 1);
  else
    outer_of(columns, rows, lanes, b, a, w_bar, 1, (size_t)columns);
}

static void add_lanes(int rows, int lanes, const real *a, real *w_bar) {
  for (int r = 0; r < rows; r++, a += lanes) {
    real sum = 0;
    for (int l = 0; l < lanes; l++) sum += a[l];
    w_bar[r] += sum;
  }
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
