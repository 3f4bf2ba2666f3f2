/* Elementwise loops for one instruction set: whole blocks of a constant length, which compilers turn into
 * vectors. */
#include "kernels/elementwise.h"

#define FOR_EACH(count, ...)                                                                                 \
  size_t i = 0;                                                                                              \
  for (; i + OG_LANE_STEP <= (count);)                                                                       \
    for (int k = 0; k < OG_LANE_STEP; k++, i++) {                                                            \
      __VA_ARGS__;                                                                                           \
    }                                                                                                        \
  for (; i < (count); i++) {                                                                                 \
    __VA_ARGS__;                                                                                             \
  }
#define TABLE_NAME OG_R_ISA(og_elementwise)
#include "kernels/elementwise_loops.h"
