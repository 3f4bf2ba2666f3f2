/* The cotangent of bound weights over one block of lanes, whose trajectories are always the same: summed over
 * lanes by the field, over steps here. In single precision a sum of a few steps at a time goes on to one in
 * double. */
#ifndef OG_WEIGHTS_H
#define OG_WEIGHTS_H

#include "adjoint/adjoint.h"

#include "base/in_double.h"
#include "adjoint/weights_real.h"

#include "base/in_single.h"
#include "adjoint/weights_real.h"

/* Bytes that opening allocates. */
size_t og_weights_bytes(const og_solve *solve);
/* Runs the worker, a block at a time; weights_bar becomes the sum over blocks by the tree over their numbers.
 */
og_status og_weights_in_blocks(og_solve *solve, og_worker_fn worker, og_pullback *pullback);

#endif
