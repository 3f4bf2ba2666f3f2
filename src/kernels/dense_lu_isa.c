/* Dense LU with row exchanges, compiled for each instruction set and precision; see elimination.h.
 *
 * Lanes are taken a register at a time, each such strip with a matrix of its own in `factors`, entry after
 * entry, so that it stays in the fastest memory. Strips are factored by Crout's order: a column and a row are
 * finished by sums of products that stay in registers. One lane alone is factored by rows, whose columns fill
 * registers. Both subtract from an entry the same products in the same order.
 *
 * L (its diagonal is 1) and U stand in the place of W, rows exchanged; on the diagonal are the reciprocals of
 * the pivots. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "kernels/elimination.h"
#include "kernels/vec.h"

/* How many sums are made at once, and up to how many rows a matrix is kept in registers. */
enum { SUMS = 4, FEW = 4 };

#define NUMBER vec
#define NAME(name) name##_vec
#define FNMA vec_fnma
#define ABS vec_abs
#define ALL vec_all
#define IF_LESS vec_if_less
#include "kernels/dense_lu_loops.h"
#undef NUMBER
#undef NAME
#undef FNMA
#undef ABS
#undef ALL
#undef IF_LESS
static inline real real_abs(real x) { return x < 0 ? -x : x; }
#define NUMBER real
#define NAME(name) name##_one
#define FNMA real_fnma
#define ABS real_abs
#define ALL(x) (x)
#define IF_LESS(a, b, yes, no) ((a) < (b) ? (yes) : (no))
#include "kernels/dense_lu_loops.h"

/* `work` with n as a constant, for matrices of a few rows. */
#define WITH_FEW(n, work)                                                                                    \
  do {                                                                                                       \
    if ((n) == 1) work(1);                                                                                   \
    if ((n) == 2) work(2);                                                                                   \
    if ((n) == 3) work(3);                                                                                   \
    if ((n) == 4) work(4);                                                                                   \
  } while (0)

/* ---- Memory ---- */

/* A strip: the matrix, which row each step exchanged with its own in every lane, and a summary of it for each
 * step: the row if all lanes have the same, else MIXED. */
enum { MIXED = -1 };
typedef struct strip {
  vec *a, *exchanged;
  int *step;
} strip;

/* One lane's rows begin at registers. */
static ptrdiff_t stride_of_one(int n) { return (n + OG_VEC_LANES - 1) / OG_VEC_LANES * OG_VEC_LANES; }

static size_t strip_bytes(int n) {
  size_t many = (size_t)n;
  return OG_ALIGNED(many * (many + 1) * sizeof(vec) + many * sizeof(int));
}

static size_t bytes(int n, int lanes) {
  if (lanes > 1) return (size_t)(lanes / OG_VEC_LANES) * strip_bytes(n);
  return OG_ALIGNED((size_t)n * ((size_t)stride_of_one(n) * sizeof(real) + sizeof(int)));
}

static strip strip_of(int n, const void *factors, int number) {
  size_t many = (size_t)n;
  vec *a = (vec *)((char *)factors + (size_t)number * strip_bytes(n));
  return (strip){a, a + many * many, (int *)(a + many * (many + 1))};
}

static int *exchanges_of_one(int n, const void *factors) {
  return (int *)((real *)factors + (ptrdiff_t)n * stride_of_one(n));
}

/* ---- A strip of lanes ---- */

/* The row of the largest entry of what is left of column k, in each lane; two chains of comparisons find
 * how large that is. */
static inline vec pivot_rows(int n, int k, const vec *a) {
  const vec *column = a + k;
  vec most = vec_abs(column[(ptrdiff_t)k * n]), other = most, row = vec_all((real)k);
  int i = k + 1;
  for (; i + 1 < n; i += 2) {
    most = vec_max(most, vec_abs(column[(ptrdiff_t)i * n]));
    other = vec_max(other, vec_abs(column[(ptrdiff_t)(i + 1) * n]));
  }
  if (i < n) most = vec_max(most, vec_abs(column[(ptrdiff_t)i * n]));
  most = vec_max(most, other);
  for (i = n - 1; i >= k; i--)
    row = vec_if_less(vec_abs(column[(ptrdiff_t)i * n]), most, row, vec_all((real)i));
  return row;
}

/* Rows k and i trade places in the lanes of the mask. */
static inline void exchange_rows(int n, vec *a, int k, int i, vec_mask lanes) {
  vec *one = a + (ptrdiff_t)k * n, *other = a + (ptrdiff_t)i * n;
  for (int j = 0; j < n; j++) {
    vec_mask change = ((vec_mask)one[j] ^ (vec_mask)other[j]) & lanes;
    one[j] = (vec)((vec_mask)one[j] ^ change);
    other[j] = (vec)((vec_mask)other[j] ^ change);
  }
}

/* The row that all lanes have, or MIXED. */
static inline int common_row(vec rows) {
  vec first = vec_all(rows[0]), half = vec_all((real)0.5);
  return vec_all_less(vec_abs(rows - first), half) ? (int)rows[0] : MIXED;
}

static void exchange(int n, int k, const strip *s) {
  vec rows = s->exchanged[k];
  if (vec_all_less(rows, vec_all((real)k + (real)0.5))) {
    s->step[k] = k;
    return;
  }
  int common = s->step[k] = common_row(rows);
  if (common != MIXED) {
    exchange_rows(n, s->a, k, common, ~(vec_mask){0});
    return;
  }
  for (int i = k + 1; i < n; i++) {
    vec here = vec_all((real)i);
    if (!vec_all_less((vec){0}, vec_abs(rows - here))) exchange_rows(n, s->a, k, i, rows == here);
  }
}

/* Returns 0 where all pivots and their reciprocals are finite, else NaN. */
static vec factor_strip(int n, const strip *s) {
  vec doubt = {0}, *a = s->a;
#define WORK(few) return factor_few_vec(few, a, s->exchanged)
  WITH_FEW(n, WORK);
#undef WORK
  for (int k = 0; k < n; k++) {
    ptrdiff_t row = (ptrdiff_t)k * n;
    subtract_vec(n - k, k, a + row + k, n, a + row, n, 1, a + k, n);
    s->exchanged[k] = pivot_rows(n, k, a);
    exchange(n, k, s);
    vec pivot = a[row + k], reciprocal = a[row + k] = 1 / pivot;
    doubt = doubt + ((pivot - pivot) + (reciprocal - reciprocal));
    subtract_vec(n - k - 1, k, a + row + k + 1, 1, a + k + 1, 1, n, a + row, 1);
    for (int i = k + 1; i < n; i++) a[(ptrdiff_t)i * n + k] *= reciprocal;
  }
  return doubt;
}

static void put_in_strip(int n, int lanes, int count, const int *row, const int *column, const real *w,
                         vec *a) {
  if (count == n * n) {
    for (int e = 0; e < count; e++) a[e] = vec_load(w + (ptrdiff_t)e * lanes);
    return;
  }
  memset(a, 0, (size_t)n * (size_t)n * sizeof *a);
  for (int e = 0; e < count; e++) a[(ptrdiff_t)row[e] * n + column[e]] = vec_load(w + (ptrdiff_t)e * lanes);
}

static int all_bad(int lanes, const signed char *bad) {
  for (int lane = 0; lane < lanes; lane++)
    if (!bad[lane]) return 0;
  return 1;
}

/* ---- One lane ---- */

static inline int pivot_row(int n, ptrdiff_t stride, int k, const real *a) {
  real most = (real)fabs(a[k * stride + k]);
  int row = k;
  for (int i = k + 1; i < n; i++) {
    real size = (real)fabs(a[i * stride + k]);
    if (most < size) most = size, row = i;
  }
  return row;
}

static inline void exchange_rows_of_one(ptrdiff_t stride, real *one, real *other) {
  for (ptrdiff_t j = 0; j < stride; j += OG_VEC_LANES) {
    vec kept = vec_load(one + j);
    vec_store(one + j, vec_load(other + j));
    vec_store(other + j, kept);
  }
}

/* Row i of what is left without its part of row k, in whole registers from `first` on. The register that
 * column k is in, if it is that one, keeps what is before the column and gets the factor there: writing the
 * factor by itself would make the next load wait for it. */
static inline void subtract_row(ptrdiff_t stride, ptrdiff_t first, vec_mask at, vec_mask behind, real factor,
                                const real *pivots, real *row) {
  vec all = vec_all(factor), old = vec_load(row + first);
  old = vec_select(behind, vec_fnma(all, vec_load(pivots + first), old), old);
  vec_store(row + first, vec_select(at, all, old));
  for (ptrdiff_t j = first + OG_VEC_LANES; j < stride; j += OG_VEC_LANES)
    vec_store(row + j, vec_fnma(all, vec_load(pivots + j), vec_load(row + j)));
}

static inline vec places(void) {
  vec place;
  for (int v = 0; v < OG_VEC_LANES; v++) place[v] = (real)v;
  return place;
}

/* Returns 0 where all pivots and their reciprocals are finite, else NaN. */
static real factor_one(int n, real *a, int *exchanged) {
  ptrdiff_t stride = stride_of_one(n);
  vec place = places();
  real doubt = 0;
  for (int k = 0; k < n; k++) {
    ptrdiff_t first = k / OG_VEC_LANES * OG_VEC_LANES;
    real *pivots = a + k * stride;
    int p = exchanged[k] = pivot_row(n, stride, k, a);
    if (p != k) exchange_rows_of_one(stride, pivots, a + p * stride);
    real pivot = pivots[k], reciprocal = 1 / pivot;
    vec_mask at = place == vec_all((real)(k - first)), behind = place > vec_all((real)(k - first));
    doubt += (pivot - pivot) + (reciprocal - reciprocal);
    for (int i = k + 1; i < n; i++) {
      real *row = a + i * stride;
      subtract_row(stride, first, at, behind, row[k] * reciprocal, pivots, row);
    }
    vec_store(pivots + first, vec_select(at, vec_all(reciprocal), vec_load(pivots + first)));
  }
  return doubt;
}

static void put_one(int n, ptrdiff_t stride, int count, const int *row, const int *column, const real *w,
                    real *a) {
  memset(a, 0, (size_t)(n * stride) * sizeof *a);
  if (count == n * n)
    for (int i = 0; i < n; i++, w += n) memcpy(a + i * stride, w, (size_t)n * sizeof *w);
  else
    for (int e = 0; e < count; e++) a[row[e] * stride + column[e]] = w[e];
}

/* A few rows have no room between them; the rows exchanged stand behind them as reals. */
static real factor_one_of_few(int n, real *a) {
#define WORK(few) return factor_few_one(few, a, a + few * few)
  WITH_FEW(n, WORK);
#undef WORK
  return 0;
}

/* ---- The table ---- */

static void factor(int n, int lanes, int count, const int *row, const int *column, const real *w,
                   void *factors, signed char *bad) {
  if (lanes == 1) {
    put_one(n, n <= FEW ? n : stride_of_one(n), count, row, column, w, factors);
    real doubt = n <= FEW ? factor_one_of_few(n, factors)
                          : factor_one(n, factors, exchanges_of_one(n, factors));
    if (doubt != 0 && !bad[0]) bad[0] = 1;
    return;
  }
  for (int lane = 0; lane < lanes; lane += OG_VEC_LANES) {
    strip s = strip_of(n, factors, lane / OG_VEC_LANES);
    if (all_bad(OG_VEC_LANES, bad + lane)) {
      memset(s.step, 0, (size_t)n * sizeof *s.step); /* what solves read */
      continue;
    }
    put_in_strip(n, lanes, count, row, column, w + lane, s.a);
    vec doubt = factor_strip(n, &s);
    if (vec_all_less(vec_abs(doubt), vec_all(1))) continue;
    for (int v = 0; v < OG_VEC_LANES; v++)
      if (doubt[v] != 0 && !bad[lane + v]) bad[lane + v] = 1;
  }
}

static inline void exchange_numbers(real *one, real *other) {
  real kept = *one;
  *one = *other;
  *other = kept;
}

/* Step k's exchange of a strip of b, whose rows are `lanes` apart. */
static inline void exchange_in_strip(const strip *s, int k, int lanes, real *b) {
  int row = s->step[k];
  real *here = b + (ptrdiff_t)k * lanes;
  if (row == k) return;
  if (row != MIXED) {
    real *there = b + (ptrdiff_t)row * lanes;
    vec kept = vec_load(here);
    vec_store(here, vec_load(there));
    vec_store(there, kept);
    return;
  }
  for (int v = 0; v < OG_VEC_LANES; v++)
    exchange_numbers(here + v, b + (ptrdiff_t)s->exchanged[k][v] * lanes + v);
}

static void solve_one(int n, const real *a, const int *exchanged, real *b) {
  ptrdiff_t stride = stride_of_one(n);
#define WORK(few)                                                                                            \
  {                                                                                                          \
    solve_few_one(few, a, a + few * few, b, 1);                                                              \
    return;                                                                                                  \
  }
  WITH_FEW(n, WORK);
#undef WORK
  for (int k = 0; k < n; k++) exchange_numbers(b + k, b + exchanged[k]);
  solve_downwards_one(1, n, a, stride, 1, b, 1);
  solve_upwards_one(0, n, a, stride, 1, b, 1);
}

static void solve_strip(int n, int lanes, const strip *s, real *b) {
  ptrdiff_t step = lanes / OG_VEC_LANES;
#define WORK(few)                                                                                            \
  {                                                                                                          \
    solve_few_vec(few, s->a, s->exchanged, (vec *)b, step);                                                  \
    return;                                                                                                  \
  }
  WITH_FEW(n, WORK);
#undef WORK
  for (int k = 0; k < n; k++) exchange_in_strip(s, k, lanes, b);
  solve_downwards_vec(1, n, s->a, n, 1, (vec *)b, step);
  solve_upwards_vec(0, n, s->a, n, 1, (vec *)b, step);
}

static void solve(int n, int lanes, const void *factors, real *b) {
  if (lanes == 1) {
    solve_one(n, factors, exchanges_of_one(n, factors), b);
    return;
  }
  for (int lane = 0; lane < lanes; lane += OG_VEC_LANES) {
    strip s = strip_of(n, factors, lane / OG_VEC_LANES);
    solve_strip(n, lanes, &s, b + lane);
  }
}

static void solve_one_transposed(int n, const real *a, const int *exchanged, real *b) {
  ptrdiff_t stride = stride_of_one(n);
#define WORK(few)                                                                                            \
  {                                                                                                          \
    solve_few_transposed_one(few, a, a + few * few, b, 1);                                                   \
    return;                                                                                                  \
  }
  WITH_FEW(n, WORK);
#undef WORK
  solve_downwards_one(0, n, a, 1, stride, b, 1);
  solve_upwards_one(1, n, a, 1, stride, b, 1);
  for (int k = n - 1; k >= 0; k--) exchange_numbers(b + k, b + exchanged[k]);
}

static void solve_strip_transposed(int n, int lanes, const strip *s, real *b) {
  ptrdiff_t step = lanes / OG_VEC_LANES;
#define WORK(few)                                                                                            \
  {                                                                                                          \
    solve_few_transposed_vec(few, s->a, s->exchanged, (vec *)b, step);                                       \
    return;                                                                                                  \
  }
  WITH_FEW(n, WORK);
#undef WORK
  solve_downwards_vec(0, n, s->a, 1, n, (vec *)b, step);
  solve_upwards_vec(1, n, s->a, 1, n, (vec *)b, step);
  for (int k = n - 1; k >= 0; k--) exchange_in_strip(s, k, lanes, b);
}

static void solve_transposed(int n, int lanes, const void *factors, real *b) {
  if (lanes == 1) {
    solve_one_transposed(n, factors, exchanges_of_one(n, factors), b);
    return;
  }
  for (int lane = 0; lane < lanes; lane += OG_VEC_LANES) {
    strip s = strip_of(n, factors, lane / OG_VEC_LANES);
    solve_strip_transposed(n, lanes, &s, b + lane);
  }
}

#define QUOTE2(a) #a
#define QUOTE(a) QUOTE2(a)

extern const OG_R(og_dense_lu) OG_R_ISA(og_dense_lu);
const OG_R(og_dense_lu) OG_R_ISA(og_dense_lu) = {
    .name = QUOTE(OG_ISA),
    .bytes = bytes,
    .factor = factor,
    .solve = solve,
    .solve_transposed = solve_transposed,
};
