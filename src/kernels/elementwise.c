/* The choice of an instruction set, made at run time from what the processor says. */
#include "kernels/elementwise.h"

#if defined(OG_HAVE_X86_ISAS)
#define BEST(S)                                                                                              \
  const og_elementwise_##S *og_elementwise_best_##S(void) {                                                  \
    if (__builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))                            \
      return &og_elementwise_avx512_##S;                                                                     \
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return &og_elementwise_avx2_##S;    \
    return &og_elementwise_base_##S;                                                                         \
  }
#else
#define BEST(S)                                                                                              \
  const og_elementwise_##S *og_elementwise_best_##S(void) { return &og_elementwise_base_##S; }
#endif
BEST(d)
BEST(s)
