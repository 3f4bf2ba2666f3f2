/* Dense output: x(t) of recorded trajectories at any time, on lane blocks.
 *
 * The recorded step that holds t is taken again, its interpolant's coefficients stay with the lane until it
 * asks for another step. What is read depends on t alone: a step's stages have the bits of the first pass, in
 * whatever lane and whenever they are evaluated. */
#ifndef OG_DENSE_OUTPUT_H
#define OG_DENSE_OUTPUT_H

#include "adjoint/adjoint.h"

#include "base/in_double.h"
#include "adjoint/dense_output_real.h"

#include "base/in_single.h"
#include "adjoint/dense_output_real.h"

/* The bytes that og_dense_output_in needs, in either precision; a multiple of 64. */
size_t og_dense_output_bytes(const og_solve *solve, int lanes);
/* x' of trajectory m at time `at` of a segment, [n], from dense output in memory of og_path_slope_bytes
 * bytes, which is cleared before its first use. What is not 0 is the status of a step that could not be taken
 * again. */
size_t og_path_slope_bytes(const og_solve *solve);
og_lane_status og_path_slope_d(void *memory, og_solve *solve, size_t m, size_t segment, double at,
                               double *slope);
og_lane_status og_path_slope_s(void *memory, og_solve *solve, size_t m, size_t segment, double at,
                               double *slope);
/* Lanes in which steps are taken again: most often few of a block move on to another step at once. */
static inline int og_dense_output_group(int lanes) { return lanes == 1 ? 1 : OG_LANE_STEP; }

#endif
