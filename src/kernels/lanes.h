/* Placing steps and choosing the next widths for a block of lanes, in vectors of doubles whatever the
 * precision. Each operation is rounded once, as in the reference. Arrays have room up to a multiple of
 * OG_LANE_STEP. */
#ifndef OG_LANES_H
#define OG_LANES_H

#include "kernels/kernels.h"
#include "kernels/vec.h"

/* ---- Step-size factors ---- */

/* Step-size factors for a block of lanes: powers of the error, good to 1e-6, which is far more than step-size
 * control can use. Double in both precisions. Vector code without libm, so that every lane has the same bits.
 *
 * log2(2^e m) = e + 1/2 + (2 / ln 2) atanh z, z = (m - sqrt 2) / (m + sqrt 2), |z| < 0.172: odd series to
 * z^7. 2^(n + f) = 2^n e^(f ln 2), |f| <= 1/2: Taylor series to degree 6. */

typedef double dvec __attribute__((vector_size(OG_VEC_BYTES)));
typedef int64_t ivec __attribute__((vector_size(OG_VEC_BYTES)));
enum { OG_DVEC_LANES = (int)(OG_VEC_BYTES / sizeof(double)) };

static inline dvec dvec_all(double s) { return s - (dvec){0}; }
static inline dvec dvec_select(ivec mask, dvec yes, dvec no) {
  return (dvec)((mask & (ivec)yes) | (~mask & (ivec)no));
}
static inline dvec dvec_clamp(dvec v, dvec low, dvec high) {
  v = dvec_select(v > low, v, low); /* NaN becomes low */
  return dvec_select(v < high, v, high);
}

static inline dvec dvec_log2(dvec x) {
  const double root = 1.4142135623730951, scale = 2.8853900817779268; /* 2 / ln 2 */
  ivec bits = (ivec)x;
  dvec exponent = (dvec)((bits >> 52) | 0x4330000000000000) - (4503599627370496.0 + 1023.0);
  dvec m = (dvec)((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  dvec z = (m - root) / (m + root), q = z * z;
  return exponent + 0.5 + scale * z * (1.0 + q * (1.0 / 3 + q * (1.0 / 5 + q * (1.0 / 7))));
}

/* |y| <= 1000 */
static inline dvec dvec_exp2(dvec y) {
  const double magic = 6755399441055744.0; /* 1.5 * 2^52: adding it rounds to an integer in the low bits */
  dvec shifted = y + magic;
  ivec n = (ivec)shifted - (ivec)dvec_all(magic);
  dvec f = (y - (shifted - magic)) * 0.6931471805599453;
  dvec e =
      1.0 + f * (1.0 + f * (1.0 / 2 + f * (1.0 / 6 + f * (1.0 / 24 + f * (1.0 / 120 + f * (1.0 / 720))))));
  return (dvec)((ivec)e + (n << 52));
}

static void step_factors(int lanes, const og_control *c, const double *error, const double *previous,
                         const double *most, double *factor) {
  for (int lane = 0; lane < lanes; lane += OG_DVEC_LANES) {
    dvec e, before, limit;
    __builtin_memcpy(&e, error + lane, sizeof e);
    __builtin_memcpy(&before, previous + lane, sizeof e);
    __builtin_memcpy(&limit, most + lane, sizeof e);
    ivec accepted = e <= 1.0;
    dvec size = dvec_log2(dvec_clamp(e, dvec_all(c->least_error), dvec_all(1e100)));
    dvec memory = dvec_log2(dvec_clamp(before, dvec_all(c->least_previous), dvec_all(1.0)));
    dvec power = dvec_select(accepted, c->beta * memory - c->alpha * size, -c->exponent * size);
    dvec high = dvec_select(accepted, limit, dvec_all(1.0));
    dvec wished = c->safety * dvec_exp2(dvec_clamp(power, dvec_all(-60.0), dvec_all(60.0)));
    dvec result = dvec_clamp(wished, dvec_all(c->smallest), high);
    result = dvec_select((e <= 1e100), result, dvec_all(c->smallest)); /* NaN or infinite */
    __builtin_memcpy(factor + lane, &result, sizeof result);
  }
}

/* ---- Steps ---- */

static inline dvec dvec_load(const double *p) {
  dvec v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
static inline void dvec_store(double *p, dvec v) { __builtin_memcpy(p, &v, sizeof v); }
typedef real dvec_real __attribute__((vector_size(OG_DVEC_LANES * sizeof(real))));
static inline void dvec_store_real(real *p, dvec v) {
  dvec_real rounded = __builtin_convertvector(v, dvec_real);
  __builtin_memcpy(p, &rounded, sizeof rounded);
}

static void step_times(int lanes, const OG_R(og_lane_steps) * s) {
  for (int lane = 0; lane < lanes; lane += OG_DVEC_LANES) {
    dvec t0 = dvec_load(s->t0 + lane), span = dvec_load(s->span + lane);
    dvec start = dvec_load(s->start + lane), end = dvec_load(s->end + lane), h = span * (end - start);
    dvec_store(s->t + lane, t0 + span * start);
    dvec_store(s->t_next + lane, dvec_select(end == 1.0, dvec_load(s->t1 + lane), t0 + span * end));
    dvec_store(s->h + lane, h);
    dvec_store_real(s->h_real + lane, h);
  }
}

/* A step cut short to land on 1 says nothing against the width that was wished for, nor how much more would
 * do.
 */
static void next_widths(int lanes, const OG_R(og_lane_widths) * w) {
  for (int lane = 0; lane < lanes; lane += OG_DVEC_LANES) {
    dvec end = dvec_load(w->end + lane), tried = end - dvec_load(w->start + lane);
    dvec width = dvec_load(w->width + lane), factor = dvec_load(w->factor + lane), wished = tried * factor;
    dvec error = dvec_load(w->error + lane), widest = dvec_load(w->widest + lane);
    ivec cut = (end == 1.0) & (factor > 1.0) & (width > wished), good = error <= 1.0;
    wished = dvec_select(cut, width, wished);
    dvec_store(w->width + lane, dvec_select(wished < widest, wished, widest));
    dvec_store(w->previous + lane, dvec_select(good, error, dvec_load(w->previous + lane)));
    dvec_store(w->most + lane, dvec_select(good, dvec_all(w->growth), dvec_all(1.0)));
  }
}

#endif
