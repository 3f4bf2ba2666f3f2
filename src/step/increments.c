#include "step/increments.h"

void og_increment_weights(const og_increment_rows *rows, double s, double *weights, double *slopes) {
  for (int j = 0; j < rows->stages; j++) {
    const double *c = rows->interpolant + j * rows->stride;
    double weight = 0, slope = 0;
    for (int d = rows->degree - 1; d >= 0; d--) {
      slope = slope * s + (d + 1) * c[d];
      weight = (weight + c[d]) * s;
    }
    if (weights) weights[j] = weight;
    if (slopes) slopes[j] = slope;
  }
}

void *og_room_take(og_room *room, size_t bytes) {
  void *at = room->memory ? room->memory + room->used : NULL;
  room->used += OG_ALIGNED(bytes);
  return at;
}
