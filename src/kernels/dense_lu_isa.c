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

enum { SUMS = 4 };

#define NUMBER vec
#define NAME(name) name##_vec
#define FNMA vec_fnma
#include "kernels/dense_lu_loops.h"
#undef NUMBER
#undef NAME
#undef FNMA
#define NUMBER real
#define NAME(name) name##_one
#define FNMA real_fnma
#include "kernels/dense_lu_loops.h"

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

/* The row of the largest entry of what is left of column k, in each lane. */
static inline vec pivot_rows(int n, int k, const vec *a) {
  vec most = vec_abs(a[(ptrdiff_t)k * n + k]), row = vec_all((real)k);
  for (int i = k + 1; i < n; i++) {
    vec size = vec_abs(a[(ptrdiff_t)i * n + k]);
    row = vec_if_less(most, size, vec_all((real)i), row);
    most = vec_if_less(most, size, size, most);
  }
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
  int common = s->step[k] = common_row(rows);
  if (common == k) return;
  if (common != MIXED) {
    exchange_rows(n, s->a, k, common, ~(vec_mask){0});
    return;
  }
  for (int i = k + 1; i < n; i++) {
    vec here = vec_all((real)i);
    if (!vec_all_less((vec){0}, vec_abs(rows - here))) exchange_rows(n, s->a, k, i, rows == here);
  }
}

/* Returns which lanes had no pivot that divides. */
static inline vec_mask factor_strip(int n, const strip *s) {
  vec_mask good = ~(vec_mask){0};
  vec *a = s->a;
  for (int k = 0; k < n; k++) {
    ptrdiff_t row = (ptrdiff_t)k * n;
    subtract_vec(n - k, k, a + row + k, n, a + row, n, 1, a + k, n);
    s->exchanged[k] = pivot_rows(n, k, a);
    exchange(n, k, s);
    vec reciprocal = 1 / a[row + k];
    a[row + k] = reciprocal;
    good &= (reciprocal - reciprocal == 0) & (reciprocal != 0);
    for (int i = k + 1; i < n; i++) a[(ptrdiff_t)i * n + k] *= reciprocal;
    subtract_vec(n - k - 1, k, a + row + k + 1, 1, a + k + 1, 1, n, a + row, 1);
  }
  return ~good;
}

static void put_in_strip(int n, int lanes, int count, const int *row, const int *column, const real *w,
                         vec *a) {
  if (count < n * n) memset(a, 0, (size_t)n * (size_t)n * sizeof *a);
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

/* row -= factor pivots behind column k, in whole registers, of which the first keeps what is up to k. */
static inline void subtract_row(ptrdiff_t stride, int k, vec_mask behind, real factor, const real *pivots,
                                real *row) {
  ptrdiff_t j = (k + 1) / OG_VEC_LANES * OG_VEC_LANES;
  vec all = vec_all(factor);
  if (j >= stride) return;
  vec old = vec_load(row + j);
  vec_store(row + j, vec_select(behind, vec_fnma(all, vec_load(pivots + j), old), old));
  for (j += OG_VEC_LANES; j < stride; j += OG_VEC_LANES)
    vec_store(row + j, vec_fnma(all, vec_load(pivots + j), vec_load(row + j)));
}

/* Which places of the register with column k + 1 in it are behind column k. */
static inline vec_mask behind_column(int k) {
  vec_mask behind;
  for (int v = 0; v < OG_VEC_LANES; v++) behind[v] = v >= (k + 1) % OG_VEC_LANES ? -1 : 0;
  return behind;
}

static int factor_one(int n, real *a, int *exchanged) {
  ptrdiff_t stride = stride_of_one(n);
  int good = 1;
  for (int k = 0; k < n; k++) {
    real *pivots = a + k * stride;
    int p = exchanged[k] = pivot_row(n, stride, k, a);
    if (p != k) exchange_rows_of_one(stride, pivots, a + p * stride);
    real reciprocal = pivots[k] = 1 / pivots[k];
    good &= reciprocal - reciprocal == 0 && reciprocal != 0;
    vec_mask behind = behind_column(k);
    for (int i = k + 1; i < n; i++) {
      real *row = a + i * stride;
      row[k] *= reciprocal;
      subtract_row(stride, k, behind, row[k], pivots, row);
    }
  }
  return !good;
}

static void put_one(int n, int count, const int *row, const int *column, const real *w, real *a) {
  ptrdiff_t stride = stride_of_one(n);
  memset(a, 0, (size_t)(n * stride) * sizeof *a);
  for (int e = 0; e < count; e++) a[row[e] * stride + column[e]] = w[e];
}

/* ---- The table ---- */

static void factor(int n, int lanes, int count, const int *row, const int *column, const real *w,
                   void *factors, signed char *bad) {
  if (lanes == 1) {
    put_one(n, count, row, column, w, factors);
    if (factor_one(n, factors, exchanges_of_one(n, factors)) && !bad[0]) bad[0] = 1;
    return;
  }
  for (int lane = 0; lane < lanes; lane += OG_VEC_LANES) {
    strip s = strip_of(n, factors, lane / OG_VEC_LANES);
    if (all_bad(OG_VEC_LANES, bad + lane)) memset(s.step, 0, (size_t)n * sizeof *s.step);
    if (all_bad(OG_VEC_LANES, bad + lane)) continue;
    put_in_strip(n, lanes, count, row, column, w + lane, s.a);
    vec_mask failed = factor_strip(n, &s);
    for (int v = 0; v < OG_VEC_LANES; v++)
      if (failed[v] && !bad[lane + v]) bad[lane + v] = 1;
  }
}

static void exchange_numbers(real *one, real *other) {
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

static void solve(int n, int lanes, const void *factors, real *b) {
  if (lanes == 1) {
    const int *exchanged = exchanges_of_one(n, factors);
    ptrdiff_t stride = stride_of_one(n);
    for (int k = 0; k < n; k++) exchange_numbers(b + k, b + exchanged[k]);
    solve_downwards_one(1, n, factors, stride, 1, b, 1);
    solve_upwards_one(0, n, factors, stride, 1, b, 1);
    return;
  }
  for (int lane = 0; lane < lanes; lane += OG_VEC_LANES) {
    strip s = strip_of(n, factors, lane / OG_VEC_LANES);
    for (int k = 0; k < n; k++) exchange_in_strip(&s, k, lanes, b + lane);
    solve_downwards_vec(1, n, s.a, n, 1, (vec *)(b + lane), lanes / OG_VEC_LANES);
    solve_upwards_vec(0, n, s.a, n, 1, (vec *)(b + lane), lanes / OG_VEC_LANES);
  }
}

static void solve_transposed(int n, int lanes, const void *factors, real *b) {
  if (lanes == 1) {
    const int *exchanged = exchanges_of_one(n, factors);
    ptrdiff_t stride = stride_of_one(n);
    solve_downwards_one(0, n, factors, 1, stride, b, 1);
    solve_upwards_one(1, n, factors, 1, stride, b, 1);
    for (int k = n - 1; k >= 0; k--) exchange_numbers(b + k, b + exchanged[k]);
    return;
  }
  for (int lane = 0; lane < lanes; lane += OG_VEC_LANES) {
    strip s = strip_of(n, factors, lane / OG_VEC_LANES);
    solve_downwards_vec(0, n, s.a, 1, n, (vec *)(b + lane), lanes / OG_VEC_LANES);
    solve_upwards_vec(1, n, s.a, 1, n, (vec *)(b + lane), lanes / OG_VEC_LANES);
    for (int k = n - 1; k >= 0; k--) exchange_in_strip(&s, k, lanes, b + lane);
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
