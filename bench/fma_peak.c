/* Chains of multiply-adds, enough of them to hide the latency of one; the compiler is kept from seeing that
 * their results are thrown away. */
#include "fma_peak.h"

#include <math.h>

#include "measure.h"

enum { CHAINS = 16, TURNS = 4000, RUNS = 20 };

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

#if defined(__x86_64__)
#include <immintrin.h>

#define KEEP(v) __asm__ volatile("" : "+x"(v))
#define BURST(name, isa, V, lanes, all, multiply_add)                                                        \
  __attribute__((target(isa))) static double name(void) {                                                    \
    V sum[CHAINS], a = all(0.5), b = all(1);                                                                 \
    UNROLL for (int i = 0; i < CHAINS; i++) sum[i] = all((float)i);                                          \
    KEEP(a);                                                                                                 \
    for (int k = 0; k < TURNS; k++) {                                                                        \
      UNROLL for (int i = 0; i < CHAINS; i++) sum[i] = multiply_add(sum[i], a, b);                           \
    }                                                                                                        \
    UNROLL for (int i = 0; i < CHAINS; i++) KEEP(sum[i]);                                                    \
    return 2.0 * CHAINS * TURNS * lanes;                                                                     \
  }
BURST(avx512_d, "avx512f", __m512d, 8, _mm512_set1_pd, _mm512_fmadd_pd)
BURST(avx512_s, "avx512f", __m512, 16, _mm512_set1_ps, _mm512_fmadd_ps)
BURST(avx2_d, "avx2,fma", __m256d, 4, _mm256_set1_pd, _mm256_fmadd_pd)
BURST(avx2_s, "avx2,fma", __m256, 8, _mm256_set1_ps, _mm256_fmadd_ps)
#define WIDEST(S)                                                                                            \
  if (__builtin_cpu_supports("avx512f")) return avx512_##S();                                                \
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return avx2_##S();
#else
#define WIDEST(S)
#endif

/* Elsewhere: vectors of 16 bytes, a product and a sum. */
#define PLAIN(X, S)                                                                                          \
  static double burst_##S(void) {                                                                            \
    WIDEST(S)                                                                                                \
    typedef X vec __attribute__((vector_size(16)));                                                          \
    volatile X half = (X)0.5;                                                                                \
    volatile vec kept;                                                                                       \
    vec sum[CHAINS], a = half - (vec){0};                                                                    \
    for (int i = 0; i < CHAINS; i++) sum[i] = (X)i - (vec){0};                                               \
    for (int k = 0; k < TURNS; k++) {                                                                        \
      UNROLL for (int i = 0; i < CHAINS; i++) sum[i] = sum[i] * a + 1;                                       \
    }                                                                                                        \
    for (int i = 0; i < CHAINS; i++) kept = sum[i];                                                          \
    (void)kept;                                                                                              \
    return 2.0 * CHAINS * TURNS * (double)(sizeof(vec) / sizeof(X));                                         \
  }                                                                                                          \
  double fma_peak_##S(void) {                                                                                \
    double best = 0;                                                                                         \
    for (int i = 0; i < RUNS; i++) {                                                                         \
      double start = cpu_seconds(), work = burst_##S();                                                      \
      best = fmax(best, work / (cpu_seconds() - start) / 1e9);                                               \
    }                                                                                                        \
    return best;                                                                                             \
  }
PLAIN(double, d)
PLAIN(float, s)
