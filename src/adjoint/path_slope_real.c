/* The slope of a forward solution where it was solved by an implicit method. f at a state that is known to a
 * tolerance would multiply what is wrong with it by the stiffness; the derivative of dense output has no such
 * part. */
#include "adjoint/dense_output.h"

#include "base/real.h"

og_lane_status OG_R(og_path_slope)(void *memory, og_solve *solve, size_t m, size_t segment, double at,
                                   double *slope) {
  size_t n = solve->n, dense = og_dense_output_bytes(solve, 1);
  og_lane_status status[OG_LANE_STEP] = {0};
  real *x = (real *)(void *)((char *)memory + dense);
  OG_R(og_dense_output) *d = OG_R(og_dense_output_in)(memory, solve, 1);
  OG_R(og_dense_output_read)(d, &at, &m, &segment, status, x);
  OG_R(og_dense_output_slope)(d, x);
  for (size_t i = 0; i < n; i++) slope[i] = (double)x[i];
  return status[0];
}

#if !defined(OG_SINGLE)
size_t og_path_slope_bytes(const og_solve *solve) {
  return og_dense_output_bytes(solve, 1) + OG_PADDED(solve->n) * sizeof(double);
}
#endif
