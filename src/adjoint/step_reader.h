/* A block of lanes, each at a recorded step of a trajectory of its own, in one precision (base/in_double.h).
 */

#define INTERVAL OG_P(og_interval)
#define READER OG_P(og_step_reader)
#define RECOMPUTE OG_P(og_recompute)
#define KERNELS OG_P(og_kernels)

typedef struct READER {
  og_solve *solve;
  int lanes, idle;
  size_t next, end; /* items not begun */
  INTERVAL at;
  REAL *x, *theta;                         /* [n][lanes], [p][lanes] */
  og_trajectory *trajectory[OG_LANES_MAX]; /* NULL: idle */
  size_t item[OG_LANES_MAX], index[OG_LANES_MAX];
  size_t segment[OG_LANES_MAX]; /* of the step; its path's inputs are in theta */
  size_t first[OG_LANES_MAX];   /* the segment's first step */
  double t0[OG_LANES_MAX], t1[OG_LANES_MAX], span[OG_LANES_MAX]; /* of the segment */
  const char *entry[OG_LANES_MAX];                               /* the record of the step */
  size_t before[OG_LANES_MAX]; /* entries of its page before it; 0: its place is looked up */
  const KERNELS *kernels;
  const og_lane_status *status; /* of the step that is taken again; NULL: not told */
  double fraction[OG_LANES_MAX], fraction_next[OG_LANES_MAX];
  RECOMPUTE *recompute; /* under a budget: computes what is not kept */
  int ascending;        /* steps are wanted from the first to the last, else from the last to the first */
} READER;
void OG_P(og_step_reader_load)(READER *r, int lane, size_t item, size_t trajectory, size_t index);
og_segment *OG_P(og_step_reader_segment)(const READER *r, int lane);
/* The lane goes to a segment of its trajectory. */
void OG_P(og_step_reader_enter)(READER *r, int lane, size_t segment);
void OG_P(og_step_reader_idle)(READER *r, int lane);
/* Before the first use and after the last. */
og_status OG_P(og_step_reader_open)(READER *r, og_share *share);
void OG_P(og_step_reader_close)(READER *r);
/* x, t and h of step index[lane] in every lane, whose steps come one after the other: the bits of the
 * first pass. A lane that fails is then idle, and the share has the failure. */
void OG_P(og_step_reader_steps)(READER *r);
/* The same of one lane, whose step may be any, when all steps are recorded. */
void OG_P(og_step_reader_step)(READER *r, int lane, size_t index);
/* Idle lanes begin the next items; whether any lane is busy then. */
int OG_P(og_step_reader_fill)(READER *r, og_share *share, void (*begin)(void *state, int lane, size_t item),
                              void *state);
/* The share fails at the lane's step; of several failures that of the lowest trajectory stays. */
void OG_P(og_step_reader_fail)(const READER *r, og_share *share, int lane, og_status status);

#undef INTERVAL
#undef READER
#undef RECOMPUTE
#undef KERNELS
