#include "adjoint/weights.h"

#include <string.h>

size_t og_weights_bytes(const og_solve *solve) {
  size_t part = solve->single ? OG_PADDED(solve->weights) * sizeof(float) : 0;
  return OG_PADDED(solve->weights) * sizeof(double) + part;
}

static void collect(og_solve *solve, og_share *share, void *work) {
  og_pullback *pullback = work;
  double *term = og_tree_sum_term(&pullback->weights_sum);
  if (share->weights_bar) { /* else the block failed, and there will be no sum */
    memcpy(term, share->weights_bar, solve->weights * sizeof *term);
    og_tree_sum_add(&pullback->weights_sum, 0);
  }
  og_free(solve->context, share->weights_bar);
  share->weights_bar = NULL;
}

og_status og_weights_in_blocks(og_solve *solve, og_worker_fn worker, og_pullback *pullback) {
  og_tree_sum_begin(&pullback->weights_sum, solve->weights, pullback->weights_bar, 0);
  OG_TRY(og_in_blocks(solve, worker, collect, pullback));
  og_tree_sum_total(&pullback->weights_sum); /* in its first row, which is weights_bar */
  return OG_OK;
}
