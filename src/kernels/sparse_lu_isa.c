/* Sparse LU by lists of indices, compiled for each instruction set and precision; see elimination.h. Lanes
 * are taken in strips of OG_LANE_STEP, or all OG_LANES_MAX at once where there are so many: divisions of a
 * chain, as band matrices have them, then wait for each other less. */
#include <math.h>
#include <stddef.h>

#include "kernels/elimination.h"
#include "kernels/vec.h"

/* Registers of a strip. */
enum { WIDTH = OG_LANE_STEP / OG_VEC_LANES };

static inline real real_abs(real x) { return x < 0 ? -x : x; }
/* As vec_max: the second where one is NaN. */
static inline real real_max(real a, real b) { return a > b ? a : b; }
/* `bad`, or 1 where there is doubt (it is not 0) or the size is not at most what is allowed. */
static inline vec worse_vec(vec bad, vec doubt, vec size, vec allowed) {
  return vec_select((doubt == 0) & (size <= allowed), bad, vec_all(1));
}
static inline real worse_one(real bad, real doubt, real size, real allowed) {
  return doubt == 0 && size <= allowed ? bad : 1;
}

/* a[target ...] -= l a[source ...], of a strip and of one lane, whose run fills registers. */
INLINE void subtract_run_vec(const int width, const og_lu_run *run, const vec *l, vec *a) {
  vec *target = a + (ptrdiff_t)run->target * width;
  const vec *source = a + (ptrdiff_t)run->source * width;
  for (int s = 0; s < run->count; s++, target += width, source += width)
    UNROLL for (int v = 0; v < width; v++) target[v] = vec_fnma(l[v], source[v], target[v]);
}
INLINE void subtract_run_one(const int width, const og_lu_run *run, const real *l, real *a) {
  real *target = a + (ptrdiff_t)run->target * width;
  const real *source = a + (ptrdiff_t)run->source * width;
  int s = 0;
  vec all = vec_all(l[0]);
  for (; s + OG_VEC_LANES <= run->count; s += OG_VEC_LANES)
    row_store(target + s, vec_fnma(all, row_load(source + s), row_load(target + s)));
  for (; s < run->count; s++) target[s] = real_fnma(l[0], source[s], target[s]);
}

#define NUMBER vec
#define REAL_OF_NUMBER real
#define NAME(name) name##_vec
#define FNMA vec_fnma
#define FMA vec_fma
#define ABS vec_abs
#define MAX vec_max
#define ALL vec_all
#include "kernels/sparse_lu_loops.h"
#undef NUMBER
#undef NAME
#undef FNMA
#undef FMA
#undef ABS
#undef MAX
#undef ALL
#define NUMBER real
#define NAME(name) name##_one
#define FNMA real_fnma
#define FMA real_fma
#define ABS real_abs
#define MAX real_max
#define ALL(x) (x)
#include "kernels/sparse_lu_loops.h"

/* ---- The table ---- */

/* Of `lanes` lanes that lie together: L and U, and room for 2 n. */
static ptrdiff_t reals_of(const og_lu_plan *plan, int lanes) {
  size_t numbers = ((size_t)plan->entries + 2 * (size_t)plan->n) * (size_t)lanes;
  return (ptrdiff_t)(OG_ALIGNED(numbers * sizeof(real)) / sizeof(real));
}

static ptrdiff_t strip_reals(const og_lu_plan *plan) { return reals_of(plan, OG_LANE_STEP); }

static size_t bytes(const og_lu_plan *plan, int lanes) {
  size_t one = (size_t)reals_of(plan, 1), strip = (size_t)strip_reals(plan);
  return (lanes == 1 ? one : (size_t)(lanes / OG_LANE_STEP) * strip) * sizeof(real);
}

static void factor_strip(const og_lu_plan *p, int lanes, real most, const real *w, real *a,
                         signed char *bad) {
  vec worse[WIDTH], *values = (vec *)a, *work = values + (ptrdiff_t)p->entries * WIDTH;
  put_vec(WIDTH, p, (const vec *)w, lanes / OG_VEC_LANES, values, work);
  factor_rows_vec(WIDTH, p, most, values, work, worse);
  for (int v = 0; v < WIDTH; v++)
    for (int lane = 0; lane < OG_VEC_LANES; lane++)
      if (worse[v][lane] != 0 && !bad[v * OG_VEC_LANES + lane]) bad[v * OG_VEC_LANES + lane] = 1;
}

static void factor_one(const og_lu_plan *p, real most, const real *w, real *a, signed char *bad) {
  real worse, *work = a + p->entries;
  put_one(1, p, w, 1, a, work);
  factor_rows_one(1, p, most, a, work, &worse);
  if (worse != 0 && !bad[0]) bad[0] = 1;
}

static void factor(const og_lu_plan *plan, int lanes, real most, const real *w, void *factors,
                   signed char *bad) {
  real *a = factors;
  if (lanes == 1) factor_one(plan, most, w, a, bad);
  for (int lane = 0; lanes > 1 && lane < lanes; lane += OG_LANE_STEP, a += strip_reals(plan))
    factor_strip(plan, lanes, most, w + lane, a, bad + lane);
}

static void leave_out(const og_lu_plan *plan, int lanes, int lane, void *factors) {
  int step = lanes == 1 ? 1 : OG_LANE_STEP;
  real *a = (real *)factors + lane / step * strip_reals(plan) + lane % step;
  for (ptrdiff_t t = 0; t < plan->entries; t++) a[t * step] = 0;
  for (int i = 0; i < plan->n; i++) a[(ptrdiff_t)plan->diagonal[i] * step] = 1;
}

static void solve(const og_lu_plan *plan, int lanes, const void *factors, real *b) {
  const real *a = factors;
  if (lanes == 1) solve_rows_one(1, plan, a, b, 1);
  for (int lane = 0; lanes > 1 && lane < lanes; lane += OG_LANE_STEP, a += strip_reals(plan))
    solve_rows_vec(WIDTH, plan, (const vec *)a, (vec *)(b + lane), lanes / OG_VEC_LANES);
}

static void solve_transposed(const og_lu_plan *plan, int lanes, const void *factors, real *b) {
  const real *a = factors;
  if (lanes == 1) solve_columns_one(1, plan, a, b, 1);
  for (int lane = 0; lanes > 1 && lane < lanes; lane += OG_LANE_STEP, a += strip_reals(plan))
    solve_columns_vec(WIDTH, plan, (const vec *)a, (vec *)(b + lane), lanes / OG_VEC_LANES);
}

#define QUOTE2(a) #a
#define QUOTE(a) QUOTE2(a)

extern const OG_R(og_sparse_lu) OG_R_ISA(og_sparse_lu);
const OG_R(og_sparse_lu) OG_R_ISA(og_sparse_lu) = {
    .name = QUOTE(OG_ISA),
    .bytes = bytes,
    .factor = factor,
    .leave_out = leave_out,
    .solve = solve,
    .solve_transposed = solve_transposed,
};
