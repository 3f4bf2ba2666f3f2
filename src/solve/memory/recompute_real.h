/* Steps taken again, in one precision (base/in_double.h). */

#define INTEGRATION OG_P(og_integration)
#define RECOMPUTE OG_P(og_recompute)

typedef struct RECOMPUTE {
  INTEGRATION d; /* d.x and d.fraction: what was brought */
  const og_trajectory *loaded[OG_LANES_MAX];
  size_t wanted[OG_LANES_MAX], at[OG_LANES_MAX], target[OG_LANES_MAX];
  double end[OG_LANES_MAX];          /* where the last step taken ended, as a fraction of its segment */
  double width[OG_LANES_MAX];        /* the driver's, for lanes that wait */
  unsigned char there[OG_LANES_MAX]; /* the wanted state is; 0 after a failure, which the share has */
  unsigned char fresh[OG_LANES_MAX]; /* restored: K_1 is to be evaluated */
  long long steps;
} RECOMPUTE;
/* In memory that is cleared. */
og_status OG_P(og_recompute_open)(RECOMPUTE *recompute, og_solve *solve, og_share *share);
void OG_P(og_recompute_close)(RECOMPUTE *recompute);
/* Brings step[lane] of trajectory[lane] (NULL: nothing is wanted). A trajectory's steps are wanted in
 * falling order, unless all of its states are kept. */
void OG_P(og_recompute_states)(RECOMPUTE *recompute, og_trajectory *const *trajectory, const size_t *step);
/* Lane 0 starts from a slot that holds state `step`, whatever the schedule. */
og_status OG_P(og_recompute_start)(RECOMPUTE *recompute, og_trajectory *trajectory, uint32_t slot,
                                   size_t step);
/* Takes one step more in the lanes that are there. At the end of the last step the fraction is 1. */
void OG_P(og_recompute_next)(RECOMPUTE *recompute);

#undef INTEGRATION
#undef RECOMPUTE
