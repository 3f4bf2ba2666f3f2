#include "adjoint/weights.h"

size_t og_weights_bytes(const og_solve *solve) {
  size_t part = solve->single ? OG_PADDED(solve->weights) * sizeof(float) : 0;
  return OG_PADDED(solve->weights) * sizeof(double) + part;
}

void og_weights_collect(og_solve *solve, og_share *share, void *work) {
  const og_pullback *pullback = work;
  for (size_t i = 0; share->weights_bar && i < solve->weights; i++)
    pullback->weights_bar[i] += share->weights_bar[i];
  og_free(solve->context, share->weights_bar);
  share->weights_bar = NULL;
}
