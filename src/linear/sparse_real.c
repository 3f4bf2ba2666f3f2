/* Sparse elimination with its pivots on the diagonal, in one order for all lanes, and a way out for lanes for
 * which that is no good.
 *
 * A matrix sigma M - J with M regular becomes dominated by its diagonal as steps get smaller, so a lane that
 * is refused here ("try a smaller step") is accepted in the end. That is not so where M is singular. Up to
 * OG_EXCHANGED_MOST rows the lane is therefore factored as a dense matrix, with rows exchanged, which always
 * serves. (Larger systems of that kind need an order that depends on numbers, as KLU finds it, or
 * OG_ELIMINATION_DENSE.) */
#include <math.h>
#include <string.h>

#include "linear/elimination.h"

/* How much larger than W the products of L and U may be: a quarter of the digits may be lost, as roundings
 * times this are the error relative to W. */
#if defined(OG_SINGLE)
static const real most_growth = 64;
#else
static const real most_growth = 8192;
#endif

/* What lies behind the sparse factors: which lanes fell back, one lane's matrix, and their dense factors. */
typedef struct fallback {
  signed char *fell; /* [OG_LANES_MAX] */
  real *w;
  char *factors;
  size_t each;
} fallback;

static size_t sparse_bytes(const og_elimination *e, int lanes) {
  return e->OG_R(sparse)->bytes(&e->symbolic->plan, lanes);
}

static size_t bytes_of_w(const og_elimination *e) {
  return OG_ALIGNED((size_t)e->pattern->count * sizeof(real));
}

static fallback fallback_of(const og_elimination *e, int lanes, const void *factors) {
  char *fell = (char *)factors + sparse_bytes(e, lanes), *w = fell + OG_ALIGNED(OG_LANES_MAX);
  return (fallback){(signed char *)fell, (real *)w, w + bytes_of_w(e),
                    e->OG_R(dense)->bytes(e->pattern->n, 1)};
}

size_t OG_R(og_sparse_bytes)(const og_elimination *elimination, int lanes) {
  size_t bytes = sparse_bytes(elimination, lanes);
  if (!elimination->falls_back) return bytes;
  return bytes + OG_ALIGNED(OG_LANES_MAX) + bytes_of_w(elimination) +
         (size_t)lanes * elimination->OG_R(dense)->bytes(elimination->pattern->n, 1);
}

static void factor_lane(const og_elimination *e, int lanes, int lane, const real *w, const fallback *f,
                        og_lane_status *status) {
  const og_pattern *p = e->pattern;
  for (int i = 0; i < p->count; i++) f->w[i] = w[(size_t)i * (size_t)lanes + (size_t)lane];
  e->OG_R(dense)->factor(p->n, 1, p->count, p->row, p->column, f->w, f->factors + (size_t)lane * f->each,
                         status + lane);
  f->fell[lane] = !status[lane];
}

void OG_R(og_sparse_factor)(const og_elimination *elimination, int lanes, const real *w, void *factors,
                            og_lane_status *status) {
  signed char bad[OG_LANES_MAX];
  const OG_R(og_sparse_lu) *kernels = elimination->OG_R(sparse);
  const og_lu_plan *plan = &elimination->symbolic->plan;
  memcpy(bad, status, (size_t)lanes);
  kernels->factor(plan, lanes, elimination->symbolic->incomplete ? (real)INFINITY : most_growth, w, factors,
                  bad);
  for (int lane = 0; lane < lanes; lane++)
    if (bad[lane]) kernels->leave_out(plan, lanes, lane, factors);
  if (!elimination->falls_back) {
    memcpy(status, bad, (size_t)lanes);
    return;
  }
  fallback f = fallback_of(elimination, lanes, factors);
  memset(f.fell, 0, OG_LANES_MAX);
  for (int lane = 0; lane < lanes; lane++)
    if (bad[lane] && !status[lane]) factor_lane(elimination, lanes, lane, w, &f, status);
}

/* ---- Solving ---- */

static void solve_lane(const og_elimination *e, int lanes, int lane, const fallback *f, int transposed,
                       real *b) {
  const OG_R(og_dense_lu) *kernels = e->OG_R(dense);
  _Alignas(64) real x[OG_PADDED(OG_EXCHANGED_MOST)];
  int n = e->pattern->n;
  for (int i = 0; i < n; i++) x[i] = b[i * lanes + lane];
  (transposed ? kernels->solve_transposed : kernels->solve)(n, 1, f->factors + (size_t)lane * f->each, x);
  for (int i = 0; i < n; i++) b[i * lanes + lane] = x[i];
}

void OG_R(og_sparse_solve)(const og_elimination *elimination, int lanes, const void *factors, int transposed,
                           real *b) {
  const OG_R(og_sparse_lu) *kernels = elimination->OG_R(sparse);
  (transposed ? kernels->solve_transposed : kernels->solve)(&elimination->symbolic->plan, lanes, factors, b);
  if (!elimination->falls_back) return;
  fallback f = fallback_of(elimination, lanes, factors);
  for (int lane = 0; lane < lanes; lane++)
    if (f.fell[lane]) solve_lane(elimination, lanes, lane, &f, transposed, b);
}
