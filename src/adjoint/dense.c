/* The memory of dense output: see dense.h. */
#include "adjoint/dense.h"

#include "solve/memory/budget.h"

_Static_assert(sizeof(og_dense_d) <= OG_DENSE_FIXED && sizeof(og_dense_s) <= OG_DENSE_FIXED,
               "a budget counts on the size of a dense output");

size_t og_dense_bytes(const og_solve *solve, int lanes) {
  int group = og_dense_group(lanes);
  size_t coefficients = (size_t)solve->stepper.interpolant_degree + 1;
  const og_step_ops_d *ops = solve->stepper.ops_d;
  size_t doubles = OG_PADDED(coefficients * solve->n * (size_t)lanes) + OG_PADDED(solve->n * (size_t)lanes) +
                   OG_PADDED(solve->n * (size_t)group) + OG_PADDED(solve->p * (size_t)group);
  return OG_ALIGNED(sizeof(og_dense_d)) + doubles * sizeof(double) +
         ops->bytes(&solve->stepper, solve->field, group, OG_STEP_FORWARD);
}
