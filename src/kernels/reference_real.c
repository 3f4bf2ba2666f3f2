/* The kernels of lane blocks and the dense products in plain C: what each means, and what the fast ones must
 * give, bit for bit. */
#include <math.h>

#include "kernels/dense.h"
#include "kernels/kernels.h"
#include "kernels/lane_loops.h"

/* ---- Lane blocks ---- */

static real at_lane(const real *h, int lanes, int i) { return h ? h[lanes == 1 ? 0 : i % lanes] : 1; }

static void weighted_sum(int rows, int lanes, real *y, const real *x, const real *h, int count, const real *a,
                         const real *const *k) {
  for (int i = 0; i < rows * lanes; i++) {
    real sum = a[0] * k[0][i];
    for (int j = 1; j < count; j++) sum += a[j] * k[j][i];
    y[i] = at_lane(h, lanes, i) * sum + (x ? x[i] : 0);
  }
}

static void scaled_error(int rows, int lanes, real *e, const real *x, const real *y, real atol,
                         const real *atols, real rtol, real *sum) {
  for (int lane = 0; lane < lanes; lane++) {
    sum[lane] = 0;
    for (int at = lane; at < rows * lanes; at += lanes) {
      real size = fabs(x[at]) > fabs(y[at]) ? (real)fabs(x[at]) : (real)fabs(y[at]);
      real q = e[at] / ((atols ? atols[at / lanes] : atol) + rtol * size) + 0 * y[at];
      sum[lane] += q * q;
    }
  }
}

static void add_rows(int rows, int lanes, real *y, const real *x, const real *mask) {
  for (int i = 0; i < rows * lanes; i++)
    if (!mask || mask[i % lanes] != 0) y[i] += x[i];
}

static void copy_rows(int rows, int lanes, real *y, const real *x, const real *mask) {
  for (int i = 0; i < rows * lanes; i++)
    if (!mask || mask[i % lanes] != 0) y[i] = x[i];
}

static void dot_rows(int rows, int lanes, const real *a, const real *b, real *sum) {
  for (int i = 0; i < rows * lanes; i++) sum[i % lanes] += a[i] * b[i];
}

static double factor_of(const og_control *c, double error, double previous, double most) {
  if (!(error <= 1e100)) return c->smallest;
  double size = log2(fmax(error, c->least_error)), memory = log2(fmin(fmax(previous, c->least_previous), 1));
  double factor = c->safety * exp2(error <= 1 ? c->beta * memory - c->alpha * size : -c->exponent * size);
  return fmax(c->smallest, fmin(factor, error <= 1 ? most : 1));
}

static void step_factors(int lanes, const og_control *control, const double *error, const double *previous,
                         const double *most, double *factor) {
  for (int lane = 0; lane < lanes; lane++)
    factor[lane] = factor_of(control, error[lane], previous[lane], most[lane]);
}

static void step_times(int lanes, const OG_R(og_lane_steps) * s) {
  for (int lane = 0; lane < lanes; lane++) {
    s->t[lane] = s->t0[lane] + s->span[lane] * s->start[lane];
    s->t_next[lane] = s->end[lane] == 1 ? s->t1[lane] : s->t0[lane] + s->span[lane] * s->end[lane];
    s->h[lane] = s->span[lane] * (s->end[lane] - s->start[lane]);
    s->h_real[lane] = (real)s->h[lane];
  }
}

static void next_widths(int lanes, const OG_R(og_lane_widths) * w) {
  for (int lane = 0; lane < lanes; lane++) {
    double wished = (w->end[lane] - w->start[lane]) * w->factor[lane];
    int cut = w->end[lane] == 1 && w->factor[lane] > 1 && w->width[lane] > wished;
    if (cut) wished = w->width[lane];
    w->width[lane] = wished < w->widest[lane] ? wished : w->widest[lane];
    if (w->error[lane] <= 1) w->previous[lane] = w->error[lane];
    w->most[lane] = w->error[lane] <= 1 ? w->growth : 1;
  }
}

static int outgrows(int rows, int lanes, const real *a, const real *b, const real *h, real most, real *a_sum,
                    real *b_sum) {
  int any = 0;
  for (int lane = 0; lane < lanes; lane++) {
    a_sum[lane] = b_sum[lane] = 0;
    for (int i = 0; i < rows; i++) {
      a_sum[lane] += (real)fabs(a[i * lanes + lane]);
      b_sum[lane] += (real)fabs(b[i * lanes + lane]);
    }
    any |= (real)fabs(h[lane]) * a_sum[lane] > most * b_sum[lane];
  }
  return any;
}

extern const OG_R(og_kernels) OG_R(og_kernels_reference);
const OG_R(og_kernels) OG_R(og_kernels_reference) = {
    .name = "reference",
    .weighted_sum = weighted_sum,
    .scaled_error = scaled_error,
    .add_rows = add_rows,
    .copy_rows = copy_rows,
    .dot_rows = dot_rows,
    .outgrows = outgrows,
    .step_factors = step_factors,
    .step_ends = step_ends,
    .step_times = step_times,
    .error_norms = error_norms,
    .next_widths = next_widths,
};

/* ---- Dense products, with a multiply-add that rounds once and with one that rounds twice ---- */

#if defined(OG_SINGLE)
#define FMA fmaf
#else
#define FMA fma
#endif

static inline real multiply_add(int fused, real a, real b, real c) {
  return fused ? FMA(a, b, c) : a * b + c;
}

/* sum over i < count of a[i step_a] b[i step_b] */
static inline real chain(int fused, int count, const real *a, int step_a, const real *b, int step_b) {
  real sum = 0;
  for (int i = 0; i < count; i++) sum = multiply_add(fused, a[i * step_a], b[i * step_b], sum);
  return sum;
}

static inline void product(int fused, int rows, int columns, int lanes, const real *w, const real *x,
                           real *y) {
  for (int r = 0; r < rows; r++)
    for (int l = 0; l < lanes; l++)
      y[r * lanes + l] = chain(fused, columns, w + r * columns, 1, x + l, lanes);
}

static inline void transposed(int fused, int rows, int columns, int lanes, const real *w, const real *y,
                              real *x) {
  for (int c = 0; c < columns; c++)
    for (int l = 0; l < lanes; l++) x[c * lanes + l] = chain(fused, rows, w + c, columns, y + l, lanes);
}

static inline void outer(int fused, int rows, int columns, int lanes, const real *a, const real *b,
                         real *w_bar) {
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < columns; c++)
      w_bar[r * columns + c] += chain(fused, lanes, a + r * lanes, 1, b + c * lanes, 1);
}

static void add_lanes(int rows, int lanes, const real *a, real *w_bar) {
  for (int r = 0; r < rows; r++) {
    real sum = 0;
    for (int l = 0; l < lanes; l++) sum += a[r * lanes + l];
    w_bar[r] += sum;
  }
}

#define TABLE(F)                                                                                             \
  static void product_##F(int rows, int columns, int lanes, const real *w, const real *x, real *y) {         \
    product(F, rows, columns, lanes, w, x, y);                                                               \
  }                                                                                                          \
  static void transposed_##F(int rows, int columns, int lanes, const real *w, const real *y, real *x) {      \
    transposed(F, rows, columns, lanes, w, y, x);                                                            \
  }                                                                                                          \
  static void outer_##F(int rows, int columns, int lanes, const real *a, const real *b, real *w_bar) {       \
    outer(F, rows, columns, lanes, a, b, w_bar);                                                             \
  }
TABLE(0)
TABLE(1)

const OG_R(og_dense) OG_R(og_dense_reference)[2] = {
    {"reference", 0, product_0, transposed_0, outer_0, add_lanes},
    {"reference, fused", 1, product_1, transposed_1, outer_1, add_lanes},
};
