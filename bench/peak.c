#include "peak.h"

#include <math.h>

#include "measure.h"

/* GCC's and clang's vectors; chains enough that latency is hidden. */
typedef float v16 __attribute__((vector_size(64)));
enum { CHAINS = 12, TURNS = 20000 };

#define CHAIN_LOOP                                                                                           \
  v16 sum[CHAINS], a, b;                                                                                     \
  for (int i = 0; i < 16; i++) a[i] = factor, b[i] = 1 - factor;                                             \
  for (int i = 0; i < CHAINS; i++) sum[i] = a * (float)i;                                                    \
  for (int k = 0; k < TURNS; k++)                                                                            \
    for (int i = 0; i < CHAINS; i++) sum[i] = sum[i] * a + b;                                                \
  float all = 0;                                                                                             \
  for (int i = 0; i < CHAINS; i++)                                                                           \
    for (int l = 0; l < 16; l++) all += sum[i][l];                                                           \
  return all

#define FAST __attribute__((noinline, optimize("O3", "fp-contract=fast", "unroll-loops")))
FAST __attribute__((target("avx512f,fma"))) static float chains_avx512(float factor) { CHAIN_LOOP; }
FAST __attribute__((target("avx2,fma"))) static float chains_avx2(float factor) { CHAIN_LOOP; }
FAST static float chains_plain(float factor) { CHAIN_LOOP; }

double peak_gflops(void) {
  float (*chains)(float) = __builtin_cpu_supports("avx512f") ? chains_avx512
                           : __builtin_cpu_supports("avx2")  ? chains_avx2
                                                             : chains_plain;
  double best = INFINITY;
  volatile float kept = 0;
  for (int i = 0; i < 50; i++) {
    double begin = cpu_seconds();
    kept = chains(0.5f + 0.001f * (float)i);
    best = fmin(best, cpu_seconds() - begin);
  }
  (void)kept;
  return 2.0 * 16 * CHAINS * TURNS / best / 1e9;
}
