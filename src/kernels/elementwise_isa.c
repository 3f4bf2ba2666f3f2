/* Elementwise loops for one instruction set: whole blocks of a constant length, which compilers turn into
 * vectors. */
#include "kernels/elementwise.h"
#include "kernels/vec.h"
#include "kernels/vec_elementary.h"

#define FOR_EACH(count, ...)                                                                                 \
  size_t first = 0;                                                                                          \
  for (; first + OG_LANE_STEP <= (count); first += OG_LANE_STEP) {                                           \
    UNROLL for (size_t i = first; i < first + OG_LANE_STEP; i++) { __VA_ARGS__; }                            \
  }                                                                                                          \
  for (size_t i = first; i < (count); i++) {                                                                 \
    __VA_ARGS__;                                                                                             \
  }
static void multiply_add(size_t count, const real *a, const real *b, real *sum) {
  size_t i = 0;
  for (; i + OG_VEC_LANES <= count; i += OG_VEC_LANES)
    row_store(sum + i, vec_fma(row_load(a + i), row_load(b + i), row_load(sum + i)));
  for (; i < count; i++) sum[i] = real_fma(a[i], b[i], sum[i]);
}

#define TABLE_NAME OG_R_ISA(og_elementwise)
#include "kernels/elementwise_loops.h"
