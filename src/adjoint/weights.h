/* The cotangent of bound weights over one block of lanes, whose trajectories are always the same: summed over
 * lanes by the field, over steps here. In single precision a sum of a few steps at a time goes on to one in
 * double. */
#ifndef OG_WEIGHTS_H
#define OG_WEIGHTS_H

#include "adjoint/adjoint.h"

#define OG_WEIGHTS_TYPES(X, S)                                                                               \
  typedef struct og_weights_sum_##S {                                                                        \
    size_t count;                                                                                            \
    int steps;                                                                                               \
    double *sum; /* [count], the allocation */                                                               \
    X *part;     /* [count]: what the field adds to; in double precision it is the sum */                    \
  } og_weights_sum_##S;                                                                                      \
  og_status og_weights_open_##S(og_weights_sum_##S *w, const og_solve *solve);                               \
  /* Idle lanes get the numbers of one that is not, and a cotangent of zero, so that they add zero and not   \
   * what a field may give for numbers that are no state of anything. */                                     \
  void og_weights_fill_idle_##S(og_step_reader_##S *r, const og_step_##S *step, X *x_bar);                   \
  /* After each step, and after the last. */                                                                 \
  void og_weights_step_##S(og_weights_sum_##S *w);                                                           \
  void og_weights_finish_##S(og_weights_sum_##S *w, const og_solve *solve, og_share *share);
OG_WEIGHTS_TYPES(double, d)
OG_WEIGHTS_TYPES(float, s)

/* Bytes that opening allocates. */
size_t og_weights_bytes(const og_solve *solve);
/* Runs the worker, a block at a time; weights_bar becomes the sum over blocks by the tree over their numbers.
 */
og_status og_weights_in_blocks(og_solve *solve, og_worker_fn worker, og_pullback *pullback);

#endif
