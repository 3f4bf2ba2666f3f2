/* What the stages of all steps leave for the backward pass, kept by the forward one: for a bound field whose
 * trajectories, blocks of them, go in step. Nothing is then computed twice. It takes much memory, and so is
 * done only without a budget and up to OG_TAPES_MOST bytes; beyond that the backward pass recomputes the
 * stages of one step at a time. Bits are the same. */
#ifndef OG_NETWORKS_H
#define OG_NETWORKS_H

#include "solve/solve.h"

enum { OG_TAPES_MOST = 1 << 30 };

/* For the run that is about to start: decides, and makes room. */
void og_tapes_prepare(og_solve *solve);
void og_tapes_free(og_solve *solve);

/* Where step `index` of the block that starts with trajectory `begin` leaves its tape. */
void *og_tapes_at(const og_solve *solve, size_t begin, size_t index);

#endif
