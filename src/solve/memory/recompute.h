/* States between checkpoints, computed again: a block of lanes, each brought to the start of a wanted step of
 * its trajectory. A lane restores the checkpoint that its schedule names and takes the steps from there with
 * the same driver, saving on the way what the schedule asks for; lanes that are there wait for the others. */
#ifndef OG_RECOMPUTE_H
#define OG_RECOMPUTE_H

#include "solve/integrate/integrate.h"
#include "solve/memory/checkpoints.h"

#define OG_RECOMPUTE_TYPES(X, S)                                                                             \
  typedef struct og_recompute_##S {                                                                          \
    og_integration_##S d; /* d.x and d.fraction: what was brought */                                         \
    const og_trajectory *loaded[OG_LANES_MAX];                                                               \
    size_t wanted[OG_LANES_MAX], at[OG_LANES_MAX], target[OG_LANES_MAX];                                     \
    double end[OG_LANES_MAX];          /* where the last step taken ended, as a fraction of its segment */   \
    double width[OG_LANES_MAX];        /* the driver's, for lanes that wait */                               \
    unsigned char there[OG_LANES_MAX]; /* the wanted state is; 0 after a failure, which the share has */     \
    unsigned char fresh[OG_LANES_MAX]; /* restored: K_1 is to be evaluated */                                \
    long long steps;                                                                                         \
  } og_recompute_##S;                                                                                        \
  /* In memory that is cleared. */                                                                           \
  og_status og_recompute_open_##S(og_recompute_##S *recompute, og_solve *solve, og_share *share);            \
  void og_recompute_close_##S(og_recompute_##S *recompute);                                                  \
  /* Brings step[lane] of trajectory[lane] (NULL: nothing is wanted). A trajectory's steps are wanted in     \
   * falling order, unless all of its states are kept. */                                                    \
  void og_recompute_states_##S(og_recompute_##S *recompute, og_trajectory *const *trajectory,                \
                               const size_t *step);                                                          \
  /* Lane 0 starts from a slot that holds state `step`, whatever the schedule. */                            \
  og_status og_recompute_start_##S(og_recompute_##S *recompute, og_trajectory *trajectory, uint32_t slot,    \
                                   size_t step);                                                             \
  /* Takes one step more in the lanes that are there. At the end of the last step the fraction is 1. */      \
  void og_recompute_next_##S(og_recompute_##S *recompute);
OG_RECOMPUTE_TYPES(double, d)
OG_RECOMPUTE_TYPES(float, s)

#endif
