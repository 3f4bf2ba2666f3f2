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
#if defined(__FMA__)
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

static inline vec vec_load(const real *p) { return *(const vec *)p; }
static inline void vec_store(real *p, vec v) { *(vec *)p = v; }
/* Of rows that may lie anywhere that a number may. */
typedef real row_vec __attribute__((vector_size(OG_VEC_BYTES), aligned(sizeof(real)), may_alias));
static inline vec row_load(const real *p) { return (vec) * (const row_vec *)p; }
static inline void row_store(real *p, vec v) { *(row_vec *)p = (row_vec)v; }
static inline vec vec_all(real s) { return s - (vec){0}; }
static inline vec vec_select(vec_mask mask, vec yes, vec no) {
  return (vec)((mask & (vec_mask)yes) | (~mask & (vec_mask)no));
}
static inline vec vec_abs(vec v) { return vec_select(v < 0, -v, v); }
static inline vec vec_min(vec a, vec b) { return vec_select(a > b, b, a); } /* a where it is NaN */
static inline vec vec_max(vec a, vec b) { return vec_select(a > b, a, b); }

/* a * b + c */
static inline vec vec_fma(vec a, vec b, vec c) {
#if defined(__AVX512F__) && defined(OG_SINGLE)
  return (vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__AVX512F__)
  return (vec)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
#elif defined(__FMA__) && defined(OG_SINGLE)
  return (vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__FMA__)
  return (vec)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
#else
  return a * b + c;
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

#endif
