/* Dense LU with row exchanges, compiled for each instruction set and precision; see elimination.h.
 *
 * Lanes are taken a register at a time, each such strip with a matrix of its own in `factors`, entry after
 * entry, so that it stays in the fastest memory (dense_lu_strip.h). One lane alone is factored by rows, whose
 * columns fill registers (dense_lu_one.h). Both subtract from an entry the same products in the same order.
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

#include "kernels/dense_lu_one.h"
#include "kernels/dense_lu_strip.h"

/* ---- The table ---- */

static size_t bytes(int n, int lanes) {
  return lanes == 1 ? bytes_of_one(n) : (size_t)(lanes / OG_VEC_LANES) * strip_bytes(n);
}

static int all_bad(int lanes, const signed char *bad) {
  for (int lane = 0; lane < lanes; lane++)
    if (!bad[lane]) return 0;
  return 1;
}

static void factor(int n, int lanes, int count, const int *row, const int *column, const real *w,
                   void *factors, signed char *bad) {
  if (lanes == 1) {
    put_one(n, count, row, column, w, factors);
    if (factor_one(n, factors) != 0 && !bad[0]) bad[0] = 1;
    return;
  }
  for (int lane = 0; lane < lanes; lane += OG_VEC_LANES) {
    strip s = strip_of(n, factors, lane / OG_VEC_LANES);
    if (all_bad(OG_VEC_LANES, bad + lane)) {
      memset(s.step, 0, (size_t)n * sizeof *s.step); /* what solves read */
      continue;
    }
    put_in_strip(&s, lanes, count, row, column, w + lane);
    vec doubt = factor_strip(&s);
    if (vec_all_less(vec_abs(doubt), vec_all(1))) continue;
    for (int v = 0; v < OG_VEC_LANES; v++)
      if (doubt[v] != 0 && !bad[lane + v]) bad[lane + v] = 1;
  }
}

static void solve(int n, int lanes, const void *factors, real *b) {
  if (lanes == 1) solve_one(n, factors, b);
  for (int lane = 0; lanes > 1 && lane < lanes; lane += OG_VEC_LANES) {
    strip s = strip_of(n, factors, lane / OG_VEC_LANES);
    solve_strip(&s, lanes, b + lane);
  }
}

static void solve_transposed(int n, int lanes, const void *factors, real *b) {
  if (lanes == 1) solve_one_transposed(n, factors, b);
  for (int lane = 0; lanes > 1 && lane < lanes; lane += OG_VEC_LANES) {
    strip s = strip_of(n, factors, lane / OG_VEC_LANES);
    solve_strip_transposed(&s, lanes, b + lane);
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
