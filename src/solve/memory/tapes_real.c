#include "solve/memory/tapes.h"

void OG_R(og_tapes_point)(const og_solve *solve, size_t begin, size_t index, OG_R(og_step) * step) {
  const og_tapes *tapes = &solve->tapes;
  size_t stages = (size_t)solve->tableau->stages, block = OG_PADDED(solve->n * (size_t)tapes->lanes);
  char *at =
      tapes->memory + begin / (size_t)tapes->lanes * tapes->block_bytes + index * stages * tapes->stage_bytes;
  for (size_t j = 0; j < stages; j++, at += tapes->stage_bytes) {
    step->stage_x[j] = (real *)(void *)at;
    step->k[j] = step->stage_x[j] + block;
    step->tape[j] = step->k[j] + block;
  }
}
