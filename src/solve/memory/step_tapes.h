/* What the steps of one trajectory leave for the way back (og_step_ops.tape_bytes), where that is solved in a
 * lane of its own: the backward pass then computes nothing twice, and has the same bits. Kept without a
 * budget only, and up to OG_STEP_TAPES_MOST bytes for all trajectories together; steps behind are computed
 * again. Networks in equal steps have tapes of whole blocks of lanes (solve/networks.h). */
#ifndef OG_STEP_TAPES_H
#define OG_STEP_TAPES_H

#include <stddef.h>

#include "odegrad.h"

struct og_solve;
struct og_trajectory;

enum { OG_STEP_TAPES_MOST = 1 << 28 };

typedef struct og_step_tapes {
  size_t steps;  /* the first so many have left one */
  size_t chunks; /* that there is memory for */
  size_t room;   /* of the list of chunks */
  char **chunk;
} og_step_tapes;

/* For the run that is about to start: decides, and forgets what was there. */
void og_step_tapes_prepare(struct og_solve *solve);
void og_step_tapes_free(struct og_solve *solve);

/* Where the attempt at step `index` is to leave its tape; NULL: nowhere. OG_ERR_MEMORY, without a message. */
og_status og_step_tape_for(struct og_solve *solve, struct og_trajectory *at, size_t index, void **tape);
/* What the step has left; NULL: nothing. */
void *og_step_tape_of(const struct og_solve *solve, const struct og_trajectory *at, size_t index);

#endif
