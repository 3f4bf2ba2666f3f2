/* One vector register of reals, by the compiler's vector extensions. Multiply-add is one rounding where the
 * instruction set has it and two where it has not, always the same within one build of a kernel, so that a
 * lane's bits do not depend on its place in the block. */
#ifndef OG_VEC_H
#define OG_VEC_H

#include <stdint.h>

#include "base/real.h"

#if defined(__AVX512F__)
#define OG_VEC_BYTES 64
#elif defined(__AVX__)
#define OG_VEC_BYTES 32
#else
#define OG_VEC_BYTES 16
#endif
#if defined(__SSE2__)
#include <immintrin.h>
#endif

/* Loops over the registers of a tile: their bounds are constants where they are inlined. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 24")
#endif
#define INLINE static inline __attribute__((always_inline))

#if defined(OG_SINGLE)
typedef int32_t og_vec_int_lane;
#else
typedef int64_t og_vec_int_lane;
#endif
typedef real vec __attribute__((vector_size(OG_VEC_BYTES)));
typedef og_vec_int_lane vec_mask __attribute__((vector_size(OG_VEC_BYTES)));
enum { OG_VEC_LANES = (int)(OG_VEC_BYTES / sizeof(real)) };

/* What the compiler's vectors have no operator for, by the processor's own name. */
#if defined(__AVX512F__) && defined(OG_SINGLE)
typedef __m512 native_vec;
#define OG_NATIVE(name) _mm512_##name##_ps
#define OG_NATIVE_LESS _mm512_cmp_ps_mask
#elif defined(__AVX512F__)
typedef __m512d native_vec;
#define OG_NATIVE(name) _mm512_##name##_pd
#define OG_NATIVE_LESS _mm512_cmp_pd_mask
#elif defined(__AVX__) && defined(OG_SINGLE)
typedef __m256 native_vec;
#define OG_NATIVE(name) _mm256_##name##_ps
#elif defined(__AVX__)
typedef __m256d native_vec;
#define OG_NATIVE(name) _mm256_##name##_pd
#elif defined(__SSE2__) && defined(OG_SINGLE)
typedef __m128 native_vec;
#define OG_NATIVE(name) _mm_##name##_ps
#elif defined(__SSE2__)
typedef __m128d native_vec;
#define OG_NATIVE(name) _mm_##name##_pd
#endif

static inline vec vec_load(const real *p) { return *(const vec *)p; }
static inline void vec_store(real *p, vec v) { *(vec *)p = v; }
/* Loads and stores of rows that need not be aligned to a register. */
typedef real row_vec __attribute__((vector_size(OG_VEC_BYTES), aligned(sizeof(real)), may_alias));
static inline vec row_load(const real *p) { return (vec) * (const row_vec *)p; }
static inline void row_store(real *p, vec v) { *(row_vec *)p = (row_vec)v; }
static inline vec vec_all(real s) { return s - (vec){0}; }
static inline vec vec_select(vec_mask mask, vec yes, vec no) {
  return (vec)((mask & (vec_mask)yes) | (~mask & (vec_mask)no));
}
/* a < b ? yes : no */
static inline vec vec_if_less(vec a, vec b, vec yes, vec no) {
#if defined(__AVX512F__)
  return (vec)OG_NATIVE(mask_blend)(OG_NATIVE_LESS((native_vec)a, (native_vec)b, _CMP_LT_OQ), (native_vec)no,
                                    (native_vec)yes);
#else
  return vec_select(a < b, yes, no);
#endif
}
/* Whether a < b in every lane. */
static inline int vec_all_less(vec a, vec b) {
#if defined(__AVX512F__)
  return OG_NATIVE_LESS((native_vec)a, (native_vec)b, _CMP_LT_OQ) == (1 << OG_VEC_LANES) - 1;
#elif defined(__AVX__)
  return OG_NATIVE(movemask)(OG_NATIVE(cmp)((native_vec)a, (native_vec)b, _CMP_LT_OQ)) ==
         (1 << OG_VEC_LANES) - 1;
#elif defined(OG_NATIVE)
  return OG_NATIVE(movemask)(OG_NATIVE(cmplt)((native_vec)a, (native_vec)b)) == (1 << OG_VEC_LANES) - 1;
#else
  int all = 1;
  for (int i = 0; i < OG_VEC_LANES; i++) all &= a[i] < b[i];
  return all;
#endif
}
static inline vec vec_abs(vec v) { return (vec)((vec_mask)v & ~(vec_mask)vec_all((real)-0.0)); }
/* The smaller of a and b; a where either is NaN. */
static inline vec vec_min(vec a, vec b) {
#if defined(OG_NATIVE)
  return (vec)OG_NATIVE(min)((native_vec)b, (native_vec)a);
#else
  return vec_select(b < a, b, a);
#endif
}
/* The second where one is NaN. */
static inline vec vec_max(vec a, vec b) {
#if defined(OG_NATIVE)
  return (vec)OG_NATIVE(max)((native_vec)a, (native_vec)b);
#else
  return vec_select(a > b, a, b);
#endif
}

/* a * b + c */
static inline vec vec_fma(vec a, vec b, vec c) {
#if defined(__FMA__)
  return (vec)OG_NATIVE(fmadd)((native_vec)a, (native_vec)b, (native_vec)c);
#else
  return a * b + c;
#endif
}

/* c - a * b, rounded as vec_fma rounds */
static inline vec vec_fnma(vec a, vec b, vec c) {
#if defined(__FMA__)
  return (vec)OG_NATIVE(fnmadd)((native_vec)a, (native_vec)b, (native_vec)c);
#else
  return c - a * b;
#endif
}

/* The same for one number, with the same rounding. */
static inline real real_fma(real a, real b, real c) {
#if defined(__FMA__) && defined(OG_SINGLE)
  return __builtin_fmaf(a, b, c);
#elif defined(__FMA__)
  return __builtin_fma(a, b, c);
#else
  return a * b + c;
#endif
}

static inline real real_fnma(real a, real b, real c) { return real_fma(-a, b, c); }

#endif
