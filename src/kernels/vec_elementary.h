/* Elementary functions of one vector register: those of SLEEF (Shibata and Petrogalli, 2019), to 1 ulp in
 * double precision and 3.5 ulp in single; a faster tanh in single precision and a faster softplus. */
#ifndef OG_VEC_ELEMENTARY_H
#define OG_VEC_ELEMENTARY_H

#include "kernels/vec.h"

#if defined(OG_HAVE_SLEEF)
#define OG_VEC_ELEMENTARY
#include <sleef.h>

#if defined(__AVX512F__) && defined(OG_SINGLE)
#define SLEEF(name, accuracy) Sleef_##name##f16_##accuracy##avx512f
#elif defined(__AVX512F__)
#define SLEEF(name, accuracy) Sleef_##name##d8_##accuracy##avx512f
#elif defined(__AVX2__) && defined(OG_SINGLE)
#define SLEEF(name, accuracy) Sleef_##name##f8_##accuracy##avx2
#elif defined(__AVX2__)
#define SLEEF(name, accuracy) Sleef_##name##d4_##accuracy##avx2
#elif defined(OG_SINGLE)
#define SLEEF(name, accuracy) Sleef_##name##f4_##accuracy##sse2
#else
#define SLEEF(name, accuracy) Sleef_##name##d2_##accuracy##sse2
#endif

#define FROM_SLEEF_AS(own, name, accuracy)                                                                   \
  static inline vec vec_##own(vec x) { return (vec)SLEEF(name, accuracy)((native_vec)x); }
#define FROM_SLEEF(name, accuracy) FROM_SLEEF_AS(name, name, accuracy)
#if defined(OG_SINGLE)
#define FROM_SLEEF_LOOSE_AS(own, name) FROM_SLEEF_AS(own, name, u35)
#else
#define FROM_SLEEF_LOOSE_AS(own, name) FROM_SLEEF_AS(own, name, u10)
#endif
#define FROM_SLEEF_LOOSE(name) FROM_SLEEF_LOOSE_AS(name, name)
FROM_SLEEF(exp, u10)
FROM_SLEEF(expm1, u10)
FROM_SLEEF(log1p, u10)
FROM_SLEEF(log10, u10)
FROM_SLEEF(erf, u10)
FROM_SLEEF_LOOSE(log)
FROM_SLEEF_LOOSE(asin)
FROM_SLEEF_LOOSE(acos)
FROM_SLEEF_LOOSE(atan)
FROM_SLEEF_LOOSE(sinh)
FROM_SLEEF_LOOSE(cosh)

/* SLEEF reduces angles in one of three ways, the cheapest that does for all numbers of a register: NaN or a
 * large number in one lane would change the last bits of the others. So each range is computed apart, with
 * its own least number in place of what lies outside. They end where SLEEF's do, those of tan in single
 * precision at half of the first. */
#if defined(OG_SINGLE)
#define ANGLES                                                                                               \
  { 0, 62.5f, 125, 39000 }
#else
#define ANGLES                                                                                               \
  { 0, 15, 1e14 }
#endif
#define FROM_SLEEF_ANGLE(name)                                                                               \
  FROM_SLEEF_LOOSE_AS(name##_together, name)                                                                 \
  static inline vec vec_##name(vec x) {                                                                      \
    static const real least[] = ANGLES;                                                                      \
    enum { RANGES = sizeof least / sizeof *least };                                                          \
    vec size = vec_abs(x), result = {0}, one = vec_all(1);                                                   \
    if (vec_all_less(size, vec_all(least[1]))) return vec_##name##_together(x);                              \
    for (int i = 0; i < RANGES; i++) {                                                                       \
      vec low = vec_all(least[i]), in = vec_if_less(size, low, (vec){0}, one);                               \
      if (i + 1 < RANGES) in = vec_if_less(size, vec_all(least[i + 1]), in, (vec){0});                       \
      if (vec_all_less(in, one)) continue;                                                                   \
      if (vec_all_less((vec){0}, in)) return vec_##name##_together(x);                                       \
      vec some = vec_##name##_together(vec_if_less(in, one, low, x));                                        \
      result = vec_if_less(in, one, result, some);                                                           \
    }                                                                                                        \
    return result;                                                                                           \
  }
FROM_SLEEF_ANGLE(sin)
FROM_SLEEF_ANGLE(cos)
FROM_SLEEF_ANGLE(tan)

static inline vec vec_with_sign_of(vec size, vec x) {
  return (vec)((vec_mask)size | ((vec_mask)x & (vec_mask)vec_all((real)-0.0)));
}

#if defined(OG_SINGLE)
/* y = |x|, u = y^2. Below 0.75: y + y u R(u), R a minimax polynomial. Above: with a/b, a = y P(u) and b =
 * Q(u), near tanh(y/2), tanh y = 2 a b / (a^2 + b^2) = 1 - (b - a)^2 / (a^2 + b^2), where errors of a and b
 * matter the less the closer tanh y is to 1. P and Q are fitted for the least error of tanh y (Remez's
 * exchange), and all coefficients then chosen among their neighbours in single precision by the error that is
 * measured: over all numbers at most 2.98 ulp, with fused multiply-adds and without, never beyond 1, and 1
 * from 9.17 on. */
static inline vec vec_tanh(vec x) {
  vec y = vec_abs(x), v = vec_min(y, vec_all(9.3f)), u = v * v;
  vec a = v * vec_fma(vec_fma(vec_all(5.67737152e-05f), u, vec_all(0.0148697123f)), u, vec_all(0.5f));
  vec b = vec_fma(vec_all(1.21520236e-06f), u, vec_all(0.00120299309f));
  b = vec_fma(vec_fma(b, u, vec_all(0.113072716f)), u, vec_all(1));
  vec large = 1 - (b - a) * (b - a) / vec_fma(a, a, b * b);
  vec r = vec_fma(vec_all(-0.0047694575f), u, vec_all(0.0196648948f));
  r = vec_fma(vec_fma(r, u, vec_all(-0.0533904694f)), u, vec_all(0.133265257f));
  vec small = vec_fma(vec_fma(r, u, vec_all(-0.333330691f)), y * u, y);
  return vec_with_sign_of(vec_if_less(y, vec_all(0.75f), small, large), x);
}
#else
FROM_SLEEF(tanh, u10)
#endif

static inline vec vec_sigmoid(vec x) {
  vec e = vec_exp(-vec_abs(x));
  return vec_if_less(x, (vec){0}, e, vec_all(1)) / (1 + e);
}
/* log(1 + e) for 0 <= e <= 1 as 2 atanh z, z = e / (2 + e) <= 1/3: z + z w S(w), w = z^2, with a minimax
 * polynomial S (Remez's exchange) whose error is below 0.1 units of the result's last place. */
static inline vec vec_log1p_below_1(vec e) {
#if defined(OG_SINGLE)
  static const real s[] = {0.333332082f, 0.200107611f, 0.140009262f, 0.140059388f};
#else
  static const real s[] = {0.333333333333331549,  0.200000000000775576,  0.142857142740590582,
                           0.111111119768198813,  0.0909087223964740642, 0.0769327419422090428,
                           0.0665056071342008899, 0.0605247230037844989, 0.0417248623434334059,
                           0.0850487775916495606};
#endif
  enum { COUNT = sizeof s / sizeof *s };
  vec z = e / (2 + e), w = z * z, sum = vec_all(s[COUNT - 1]);
  UNROLL for (int i = COUNT - 2; i >= 0; i--) sum = vec_fma(sum, w, vec_all(s[i]));
  return vec_fma((z + z) * w, sum, z + z);
}

static inline vec vec_softplus(vec x) {
  return vec_max(x, (vec){0}) + vec_log1p_below_1(vec_exp(-vec_abs(x)));
}
#endif

#endif
