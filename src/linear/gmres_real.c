/* GMRES in one precision. Sums and what follows from them are double in both. */
#include "linear/gmres.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "kernels/kernels.h"

enum { BASIS = OG_GMRES_BASIS, PARTS = 8, BLOCKS = BASIS + 5, ENDED = 127 };

static const double EPSILON = sizeof(real) == 4 ? FLT_EPSILON : DBL_EPSILON;

/* One call's memory and progress. Numbers of a lane are [..][lanes] as everywhere. */
typedef struct iteration {
  const OG_R(og_gmres_operator) * w;
  const OG_R(og_kernels) * kernels;
  size_t block;                /* entries of a block, padded */
  real *basis, *x, *r, *z, *b; /* [BASIS + 1] blocks; the solution; the residual; what is made of a product;
                                * the right side, scaled */
  double *hessenberg;          /* [BASIS][BASIS + 1][lanes], by columns: R after the rotations */
  double *cosine, *sine;       /* [BASIS][lanes] */
  double *right;               /* [BASIS + 1][lanes]: the residual in the basis */
  double *sum;                 /* [PARTS][lanes] */
  og_lane_status status[OG_LANES_MAX];           /* 0: the lane is iterated */
  unsigned char running[OG_LANES_MAX];           /* and has not ended within the cycle */
  int kept[OG_LANES_MAX];                        /* products of the cycle */
  double size[OG_LANES_MAX], left[OG_LANES_MAX]; /* |b|, and |b - W x| */
  _Alignas(64) real unit[OG_LANES_MAX]; /* that b is scaled by: a power of 2, so that squares keep in range */
  _Alignas(64) real factor[OG_LANES_MAX];
} iteration;

static size_t block_of(size_t n, int lanes) { return OG_PADDED(n * (size_t)lanes); }

static size_t doubles_of(int lanes) {
  return OG_PADDED((size_t)lanes * (BASIS * (BASIS + 1) + 2 * BASIS + BASIS + 1 + PARTS));
}

size_t OG_R(og_gmres_bytes)(size_t n, int lanes) {
  return OG_ALIGNED(sizeof(iteration)) + OG_ALIGNED(BLOCKS * block_of(n, lanes) * sizeof(real)) +
         OG_ALIGNED(doubles_of(lanes) * sizeof(double));
}

static iteration *open(const OG_R(og_gmres_operator) * w, void *memory) {
  iteration *it = memory;
  size_t lanes = (size_t)w->lanes, block = block_of((size_t)w->n, w->lanes);
  char *next = (char *)memory + OG_ALIGNED(sizeof *it);
  it->w = w;
  it->kernels = OG_R(og_kernels_best)();
  it->block = block;
  it->basis = (real *)(void *)next;
  it->x = it->basis + (BASIS + 1) * block;
  it->r = it->x + block;
  it->z = it->r + block;
  it->b = it->z + block;
  it->hessenberg = (double *)(void *)(next + OG_ALIGNED(BLOCKS * block * sizeof(real)));
  it->cosine = it->hessenberg + BASIS * (BASIS + 1) * lanes;
  it->sine = it->cosine + BASIS * lanes;
  it->right = it->sine + BASIS * lanes;
  it->sum = it->right + (BASIS + 1) * lanes;
  return it;
}

static real *basis_at(const iteration *it, int k) { return it->basis + (size_t)k * it->block; }
static double *hessenberg_at(const iteration *it, int row, int column) {
  return it->hessenberg + ((size_t)column * (BASIS + 1) + (size_t)row) * (size_t)it->w->lanes;
}

/* ---- Sums over rows: in PARTS of every PARTS-th row, so that they do not wait for each other ---- */

static void dot_of_one(int n, const real *a, const real *b, double *parts) {
  double sum[PARTS] = {0};
  int i = 0;
  for (; i + PARTS <= n; i += PARTS)
    for (int k = 0; k < PARTS; k++) sum[k] += (double)a[i + k] * (double)b[i + k];
  for (int k = 0; i < n; i++, k++) sum[k] += (double)a[i] * (double)b[i];
  memcpy(parts, sum, sizeof sum);
}

static void dot(const iteration *it, const real *a, const real *b, double *result) {
  size_t lanes = (size_t)it->w->lanes;
  double *s = it->sum;
  if (lanes == 1) dot_of_one(it->w->n, a, b, s);
  if (lanes > 1) memset(s, 0, PARTS * lanes * sizeof *s);
  for (int i = 0; lanes > 1 && i < it->w->n; i++, a += lanes, b += lanes)
    for (size_t lane = 0; lane < lanes; lane++)
      s[(size_t)(i % PARTS) * lanes + lane] += (double)a[lane] * (double)b[lane];
  for (size_t lane = 0; lane < lanes; lane++) {
    const double *p = s + lane;
    result[lane] = ((p[0] + p[4 * lanes]) + (p[2 * lanes] + p[6 * lanes])) +
                   ((p[lanes] + p[5 * lanes]) + (p[3 * lanes] + p[7 * lanes]));
  }
}

static void norm(const iteration *it, const real *a, double *result) {
  dot(it, a, a, result);
  for (int lane = 0; lane < it->w->lanes; lane++) result[lane] = sqrt(result[lane]);
}

/* y += factor v, of each lane its own. */
static void add_multiple(const iteration *it, const real *v, real *y) {
  const real one = 1;
  it->kernels->weighted_sum(it->w->n, it->w->lanes, y, y, it->factor, 1, &one, &v);
}

/* y = factor v; zero in lanes whose factor is. */
static void scale(const iteration *it, const real *v, real *y) {
  const real one = 1;
  it->kernels->weighted_sum(it->w->n, it->w->lanes, y, NULL, it->factor, 1, &one, &v);
}

/* ---- One cycle ---- */

/* The residual becomes the first of the basis. */
static void begin_cycle(iteration *it) {
  int lanes = it->w->lanes;
  for (int lane = 0; lane < lanes; lane++) {
    it->running[lane] = it->status[lane] == 0;
    it->kept[lane] = 0;
    it->factor[lane] = it->running[lane] ? (real)(1 / it->left[lane]) : 0;
    it->right[lane] = it->left[lane];
  }
  scale(it, it->r, basis_at(it, 0));
}

static int any_running(const iteration *it) {
  int count = 0;
  for (int lane = 0; lane < it->w->lanes; lane++) count += it->running[lane];
  return count;
}

/* The next of the basis: W times the preconditioned last one, without what the others have of it (modified
 * Gram-Schmidt). */
static void extend(iteration *it, int k) {
  int lanes = it->w->lanes;
  real *next = basis_at(it, k + 1);
  it->kernels->copy_rows(it->w->n, lanes, it->z, basis_at(it, k), NULL);
  it->w->precondition(it->w->self, it->z, it->status);
  it->w->apply(it->w->self, it->z, next, it->status);
  for (int i = 0; i <= k; i++) {
    double *h = hessenberg_at(it, i, k);
    dot(it, next, basis_at(it, i), h);
    for (int lane = 0; lane < lanes; lane++) it->factor[lane] = (real)-h[lane];
    add_multiple(it, basis_at(it, i), next);
  }
  norm(it, next, hessenberg_at(it, k + 1, k));
}

/* Rotates column k, of one lane, to that of R. */
static void rotate(const iteration *it, int k, int lane) {
  size_t lanes = (size_t)it->w->lanes, at = (size_t)k * lanes + (size_t)lane;
  double *h = hessenberg_at(it, 0, k) + lane;
  for (int i = 0; i < k; i++) {
    double c = it->cosine[(size_t)i * lanes + (size_t)lane], s = it->sine[(size_t)i * lanes + (size_t)lane];
    double upper = h[(size_t)i * lanes], lower = h[(size_t)(i + 1) * lanes];
    h[(size_t)i * lanes] = c * upper + s * lower;
    h[(size_t)(i + 1) * lanes] = c * lower - s * upper;
  }
  double upper = h[(size_t)k * lanes], lower = h[(size_t)(k + 1) * lanes], length = hypot(upper, lower);
  it->cosine[at] = length > 0 ? upper / length : 1;
  it->sine[at] = length > 0 ? lower / length : 0;
  h[(size_t)k * lanes] = length;
  it->right[at + lanes] = -it->sine[at] * it->right[at];
  it->right[at] *= it->cosine[at];
}

/* Lanes that are near enough, or can come no nearer, end; others scale what was added to the basis. */
static void judge(iteration *it, int k, double tolerance) {
  size_t lanes = (size_t)it->w->lanes;
  for (size_t lane = 0; lane < lanes; lane++) {
    double length = hessenberg_at(it, k + 1, k)[lane];
    it->factor[lane] = 0;
    if (!it->running[lane]) continue;
    if (it->status[lane] || !isfinite(length)) {
      it->status[lane] = it->status[lane] ? it->status[lane] : OG_GMRES_FAILED;
      it->running[lane] = 0;
      continue;
    }
    rotate(it, k, (int)lane);
    it->kept[lane] = k + 1;
    double left = fabs(it->right[(size_t)(k + 1) * lanes + lane]);
    it->running[lane] = left > tolerance * it->size[lane] && length > 0;
    it->left[lane] = left;
    it->factor[lane] = it->running[lane] ? (real)(1 / length) : 0;
  }
  scale(it, basis_at(it, k + 1), basis_at(it, k + 1));
}

/* Coefficients of the basis, by R: they take the place of `right`. */
static void solve_small(const iteration *it) {
  size_t lanes = (size_t)it->w->lanes;
  for (size_t lane = 0; lane < lanes; lane++)
    for (int i = it->kept[lane] - 1; i >= 0; i--) {
      double y = it->right[(size_t)i * lanes + lane];
      for (int j = i + 1; j < it->kept[lane]; j++)
        y -= hessenberg_at(it, i, j)[lane] * it->right[(size_t)j * lanes + lane];
      double pivot = hessenberg_at(it, i, i)[lane];
      it->right[(size_t)i * lanes + lane] = pivot != 0 ? y / pivot : 0;
    }
}

static void add_cycle(iteration *it) {
  int lanes = it->w->lanes, most = 0;
  const real one = 1, *z = it->z;
  solve_small(it);
  for (int lane = 0; lane < lanes; lane++) most = it->kept[lane] > most ? it->kept[lane] : most;
  memset(it->z, 0, it->block * sizeof *it->z);
  for (int k = 0; k < most; k++) {
    for (int lane = 0; lane < lanes; lane++)
      it->factor[lane] = k < it->kept[lane] ? (real)it->right[(size_t)k * (size_t)lanes + (size_t)lane] : 0;
    add_multiple(it, basis_at(it, k), it->z);
  }
  it->w->precondition(it->w->self, it->z, it->status);
  it->kernels->weighted_sum(it->w->n, lanes, it->x, it->x, NULL, 1, &one, &z);
}

static long long run_cycle(iteration *it, double tolerance) {
  long long count = 0;
  begin_cycle(it);
  for (int k = 0, running; k < BASIS && (running = any_running(it)) > 0; k++, count += running) {
    extend(it, k);
    judge(it, k, tolerance);
  }
  add_cycle(it);
  return count;
}

/* ---- All of them ---- */

static void find_residual(iteration *it) {
  const real minus = -1, *product = it->z;
  it->w->apply(it->w->self, it->x, it->z, it->status);
  it->kernels->weighted_sum(it->w->n, it->w->lanes, it->r, it->b, NULL, 1, &minus, &product);
}

static void find_units(iteration *it, const real *b) {
  int lanes = it->w->lanes;
  for (int lane = 0; lane < lanes; lane++) {
    double most = 0;
    for (int i = 0; i < it->w->n; i++) most = fmax(most, fabs((double)b[i * lanes + lane]));
    it->unit[lane] = most > 0 && isfinite(most) ? (real)ldexp(1, -ilogb(most)) : 1;
    if (!isfinite((double)it->unit[lane])) it->unit[lane] = (real)ldexp(1, sizeof(real) == 4 ? 126 : 1022);
  }
}

static void begin(iteration *it, const real *b, const og_lane_status *status) {
  const real one = 1;
  memset(it->x, 0, it->block * sizeof *it->x);
  find_units(it, b);
  it->kernels->weighted_sum(it->w->n, it->w->lanes, it->b, NULL, it->unit, 1, &one, &b);
  it->kernels->copy_rows(it->w->n, it->w->lanes, it->r, it->b, NULL);
  norm(it, it->b, it->size);
  for (int lane = 0; lane < it->w->lanes; lane++) {
    it->status[lane] = status[lane] ? ENDED : 0;
    it->left[lane] = it->size[lane];
    if (!status[lane] && !isfinite(it->size[lane])) it->status[lane] = OG_GMRES_FAILED;
    if (!status[lane] && it->size[lane] == 0) it->status[lane] = ENDED;
  }
}

/* After a cycle, before a residual is formed: a lane that is content with what recurrence tells. */
static void end_by_recurrence(iteration *it, double tolerance) {
  for (int lane = 0; lane < it->w->lanes; lane++)
    if (it->status[lane] == 0 && it->left[lane] <= tolerance * it->size[lane]) it->status[lane] = ENDED;
}

/* After a cycle. `before`: what was left before it; `told`: what recurrence tells. Where that fell and the
 * residual did not, it is the rounding of products, of about |W| |x| units, and x is as good as by factors.
 */
static void end_lanes(iteration *it, double tolerance, int last, const double *before, const double *told) {
  for (int lane = 0; lane < it->w->lanes; lane++) {
    double left = it->left[lane], enough = tolerance * it->size[lane];
    int rests = last || !(left < 0.5 * before[lane]);
    int rounded = told[lane] < 0.1 * before[lane] && left <= cbrt(EPSILON) * it->size[lane];
    if (it->status[lane]) continue;
    if (left <= enough || (rests && rounded))
      it->status[lane] = ENDED;
    else if (rests)
      it->status[lane] = OG_GMRES_FAILED;
  }
}

static int any_left(const iteration *it) {
  int count = 0;
  for (int lane = 0; lane < it->w->lanes; lane++) count += it->status[lane] == 0;
  return count;
}

static void give(iteration *it, real *b, og_lane_status *status) {
  _Alignas(64) real mask[OG_LANES_MAX];
  const real one = 1, *x = it->x;
  for (int lane = 0; lane < it->w->lanes; lane++) {
    mask[lane] = status[lane] == 0;
    if (status[lane] == 0 && it->status[lane] != ENDED) status[lane] = it->status[lane];
    it->factor[lane] = 1 / it->unit[lane];
  }
  it->kernels->weighted_sum(it->w->n, it->w->lanes, it->z, NULL, it->factor, 1, &one, &x);
  it->kernels->copy_rows(it->w->n, it->w->lanes, b, it->z, mask);
}

long long OG_R(og_gmres)(const OG_R(og_gmres_operator) * w, double tolerance, int surely, void *memory,
                         real *b, og_lane_status *status) {
  iteration *it = open(w, memory);
  long long count = 0;
  double least = 16 * EPSILON, before[OG_LANES_MAX], told[OG_LANES_MAX];
  tolerance = tolerance > least ? tolerance : least;
  begin(it, b, status);
  for (int cycle = 0; cycle < OG_GMRES_CYCLES && any_left(it); cycle++) {
    memcpy(before, it->left, sizeof before);
    count += run_cycle(it, tolerance);
    if (!surely) end_by_recurrence(it, tolerance);
    if (!any_left(it)) break;
    memcpy(told, it->left, sizeof told);
    find_residual(it);
    norm(it, it->r, it->left);
    end_lanes(it, tolerance, cycle == OG_GMRES_CYCLES - 1, before, told);
  }
  give(it, b, status);
  return count;
}
