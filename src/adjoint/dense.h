/* Dense output: x(t) of recorded trajectories at any time, on lane blocks.
 *
 * The recorded step that holds t is taken again, its interpolant's coefficients stay with the lane until it
 * asks for another step. What is read depends on t alone: a step's stages have the bits of the first pass, in
 * whatever lane and whenever they are evaluated. */
#ifndef OG_DENSE_H
#define OG_DENSE_H

#include "adjoint/adjoint.h"

#define OG_DENSE_TYPES(X, S)                                                                                 \
  typedef struct og_dense_##S {                                                                              \
    og_solve *solve;                                                                                         \
    int lanes;                                                                                               \
    og_step_reader_##S r; /* steps are taken again in groups of a few lanes */                               \
    og_step_##S *step;                                                                                       \
    double *coefficients; /* [degree + 1][n][lanes]: x(t) = sum_d c_d s^d at t = t_k + s h */                \
    double *sum;          /* [n][lanes], to work in */                                                       \
    size_t trajectory[OG_LANES_MAX], segment[OG_LANES_MAX], index[OG_LANES_MAX];                             \
    unsigned char there[OG_LANES_MAX]; /* the coefficients are those of this step */                         \
    double start[OG_LANES_MAX], end[OG_LANES_MAX], width[OG_LANES_MAX]; /* t_k, t_(k+1) and h */             \
  } og_dense_##S;                                                                                            \
  /* Dense output of a solve in `memory`, which is cleared before its first use. Not for two threads. */     \
  og_dense_##S *og_dense_in_##S(void *memory, og_solve *solve, int lanes);                                   \
  /* x [n][lanes] at the lanes' own times, of the trajectories with these numbers and within these segments; \
   * lanes with a status are left out, and one whose step cannot be taken again gets one. */                 \
  void og_dense_read_##S(og_dense_##S *dense, const double *t, const size_t *trajectory,                     \
                         const size_t *segment, og_lane_status *status, X *x);
OG_DENSE_TYPES(double, d)
OG_DENSE_TYPES(float, s)

/* The bytes that og_dense_in needs, in either precision; a multiple of 64. */
size_t og_dense_bytes(const og_solve *solve, int lanes);
/* Lanes in which steps are taken again: most often few of a block move on to another step at once. */
static inline int og_dense_group(int lanes) { return lanes == 1 ? 1 : OG_LANE_STEP; }

#endif
