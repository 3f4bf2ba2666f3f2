/* Lane-block kernels, compiled for each instruction set and precision; see kernels.h. */
#include <math.h>
#include <stddef.h>

#include "kernels/kernels.h"
#include "kernels/lanes.h"
#include "kernels/vec.h"

/* Lanes are worked on in strips of registers, wide enough to hide the latency of a chain of multiply-adds:
 * the wide one where the block has that many lanes, else the narrow one. Both divide OG_LANES_MAX. */
enum {
  NARROW = OG_LANE_STEP / OG_VEC_LANES > 0 ? OG_LANE_STEP / OG_VEC_LANES : 1,
  WIDE = OG_LANES_MAX / OG_VEC_LANES < 8 ? OG_LANES_MAX / OG_VEC_LANES : 8
};

/* `width` is a constant where this is called, so that the sums stay in registers. */
static inline __attribute__((always_inline)) void strip_sum(const int width, real *y, const real *x,
                                                            const real *h, int count, const real *a,
                                                            const real *const *k, int at) {
  vec sum[WIDE];
  vec a0 = vec_all(a[0]);
  for (int v = 0; v < width; v++) sum[v] = a0 * vec_load(k[0] + at + v * OG_VEC_LANES);
  for (int j = 1; j < count; j++) {
    vec aj = vec_all(a[j]);
    const real *kj = k[j] + at;
    for (int v = 0; v < width; v++) sum[v] = vec_fma(aj, vec_load(kj + v * OG_VEC_LANES), sum[v]);
  }
  if (h && x)
    for (int v = 0; v < width; v++)
      sum[v] = vec_fma(vec_load(h + v * OG_VEC_LANES), sum[v], vec_load(x + at + v * OG_VEC_LANES));
  else if (h)
    for (int v = 0; v < width; v++) sum[v] = vec_load(h + v * OG_VEC_LANES) * sum[v];
  else if (x)
    for (int v = 0; v < width; v++) sum[v] = sum[v] + vec_load(x + at + v * OG_VEC_LANES);
  for (int v = 0; v < width; v++) vec_store(y + at + v * OG_VEC_LANES, sum[v]);
}

/* One lane: rows are contiguous, and a small system is a register or two, not a strip. */
static void weighted_sum_of_one(int rows, real *y, const real *x, const real *h, int count, const real *a,
                                const real *const *k) {
  vec step = vec_all(h ? h[0] : 1);
  for (int i = 0; i < rows; i += OG_VEC_LANES) {
    vec sum = vec_all(a[0]) * vec_load(k[0] + i);
    for (int j = 1; j < count; j++) sum = vec_fma(vec_all(a[j]), vec_load(k[j] + i), sum);
    if (x)
      sum = h ? vec_fma(step, sum, vec_load(x + i)) : sum + vec_load(x + i);
    else if (h)
      sum = step * sum;
    vec_store(y + i, sum);
  }
}

static void weighted_sum(int rows, int lanes, real *y, const real *x, const real *h, int count, const real *a,
                         const real *const *k) {
  if (lanes == 1) {
    weighted_sum_of_one(rows, y, x, h, count, a, k);
    return;
  }
  int wide = lanes % (WIDE * OG_VEC_LANES) == 0, step = (wide ? WIDE : NARROW) * OG_VEC_LANES;
  for (int at = 0, lane = 0; at < rows * lanes; at += step) {
    const real *strip_h = h ? h + lane : NULL;
    if (wide)
      strip_sum(WIDE, y, x, strip_h, count, a, k, at);
    else
      strip_sum(NARROW, y, x, strip_h, count, a, k, at);
    lane = lane + step == lanes ? 0 : lane + step;
  }
}

/* NaN where y is not finite: by its own size an error would be nothing. */
static inline vec scaled(const real *e, const real *x, const real *y, vec atol, vec rtol) {
  vec state = vec_load(y), size = vec_max(vec_abs(vec_load(x)), vec_abs(state));
  return vec_fma(vec_all(0), state, vec_load(e) / vec_fma(rtol, size, atol));
}

static void scaled_error(int rows, int lanes, real *e, const real *x, const real *y, real atol,
                         const real *atols, real rtol, real *sum) {
  vec va = vec_all(atol), vr = vec_all(rtol);
  if (lanes == 1) {
    for (int i = 0; i < rows; i += OG_VEC_LANES)
      vec_store(e + i, scaled(e + i, x + i, y + i, atols ? vec_load(atols + i) : va, vr));
    sum[0] = 0;
    for (int i = 0; i < rows; i++) sum[0] = real_fma(e[i], e[i], sum[0]);
    return;
  }
  for (int lane = 0; lane < lanes; lane += OG_VEC_LANES) {
    vec total = {0};
    for (int i = 0, at = lane; i < rows; i++, at += lanes) {
      vec q = scaled(e + at, x + at, y + at, atols ? vec_all(atols[i]) : va, vr);
      total = vec_fma(q, q, total);
    }
    vec_store(sum + lane, total);
  }
}

static void add_all(int count, real *y, const real *x) {
  for (int i = 0; i < count; i += OG_VEC_LANES) vec_store(y + i, vec_load(y + i) + vec_load(x + i));
}

static void add_rows(int rows, int lanes, real *y, const real *x, const real *mask) {
  if (lanes == 1 || !mask) {
    if (!mask || mask[0] != 0) add_all(rows * lanes, y, x);
    return;
  }
  for (int lane = 0; lane < lanes; lane += OG_VEC_LANES) {
    vec_mask chosen = vec_load(mask + lane) != 0;
    for (int at = lane; at < rows * lanes; at += lanes) {
      vec old = vec_load(y + at);
      vec_store(y + at, vec_select(chosen, old + vec_load(x + at), old));
    }
  }
}

static void copy_rows(int rows, int lanes, real *y, const real *x, const real *mask) {
  if (lanes == 1 || !mask) {
    if (!mask || mask[0] != 0)
      for (int i = 0; i < rows * lanes; i += OG_VEC_LANES) vec_store(y + i, vec_load(x + i));
    return;
  }
  for (int lane = 0; lane < lanes; lane += OG_VEC_LANES) {
    vec_mask chosen = vec_load(mask + lane) != 0;
    for (int at = lane; at < rows * lanes; at += lanes)
      vec_store(y + at, vec_select(chosen, vec_load(x + at), vec_load(y + at)));
  }
}

static void dot_rows(int rows, int lanes, const real *a, const real *b, real *sum) {
  if (lanes == 1) {
    for (int i = 0; i < rows; i++) sum[0] = real_fma(a[i], b[i], sum[0]);
    return;
  }
  for (int lane = 0; lane < lanes; lane += OG_VEC_LANES) {
    vec total = vec_load(sum + lane);
    for (int at = lane; at < rows * lanes; at += lanes)
      total = vec_fma(vec_load(a + at), vec_load(b + at), total);
    vec_store(sum + lane, total);
  }
}

static int outgrows_of_one(int rows, const real *a, const real *b, real h, real most, real *a_sum,
                           real *b_sum) {
  a_sum[0] = b_sum[0] = 0;
  for (int i = 0; i < rows; i++) {
    a_sum[0] += a[i] < 0 ? -a[i] : a[i];
    b_sum[0] += b[i] < 0 ? -b[i] : b[i];
  }
  return (h < 0 ? -h : h) * a_sum[0] > most * b_sum[0];
}

static int outgrows(int rows, int lanes, const real *a, const real *b, const real *h, real most, real *a_sum,
                    real *b_sum) {
  vec_mask any = {0};
  if (lanes == 1) return outgrows_of_one(rows, a, b, h[0], most, a_sum, b_sum);
  for (int lane = 0; lane < lanes; lane += OG_VEC_LANES) {
    vec of_a = {0}, of_b = {0};
    for (int at = lane; at < rows * lanes; at += lanes) {
      of_a = of_a + vec_abs(vec_load(a + at));
      of_b = of_b + vec_abs(vec_load(b + at));
    }
    vec_store(a_sum + lane, of_a);
    vec_store(b_sum + lane, of_b);
    any |= vec_abs(vec_load(h + lane)) * of_a > vec_all(most) * of_b;
  }
  int found = 0;
  for (int v = 0; v < OG_VEC_LANES; v++) found |= any[v] != 0;
  return found;
}

#include "kernels/lane_loops.h"

#define QUOTE2(a) #a
#define QUOTE(a) QUOTE2(a)

extern const OG_R(og_kernels) OG_R_ISA(og_kernels);
const OG_R(og_kernels) OG_R_ISA(og_kernels) = {
    .name = QUOTE(OG_ISA),
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
