/* The plain loops that the fast ones must agree with, bit for bit. */
#include "kernels/elementwise.h"

#define FOR_EACH(count, ...)                                                                                 \
  for (size_t i = 0; i < (count); i++) {                                                                     \
    __VA_ARGS__;                                                                                             \
  }
static void multiply_add(size_t count, const real *a, const real *b, real *sum) {
  for (size_t i = 0; i < count; i++) sum[i] += a[i] * b[i];
}

#define TABLE_NAME OG_R(og_elementwise_reference)
#include "kernels/elementwise_loops.h"
