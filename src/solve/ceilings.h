/* How wide steps may be where, as a function of the distance from t0: what a solve keeps to besides its
 * tolerances when its steps are good for x and not for a derivative (adjoint/refine.c).
 *
 * A list of runs, each from its start to the next one's, within which steps have the same ceiling. It is made
 * going backward, and never takes more than the memory it was given: where there are too many runs,
 * neighbours become one with the lower ceiling. */
#ifndef OG_CEILINGS_H
#define OG_CEILINGS_H

#include "base/base.h"

typedef struct og_ceiling {
  double from, width;
  double highest; /* of the ceilings that it stands for */
} og_ceiling;

enum { OG_CEILINGS = 128 }; /* runs of a list, whatever the budget: steps follow from them */

typedef struct og_ceilings {
  size_t count, capacity;
  og_ceiling *runs; /* descending while it is made, then ascending; the first one holds from the start on */
} og_ceilings;

/* Room for so many runs (>= 4), those that are there included. OG_ERR_MEMORY without a message; safe from
 * worker threads. */
og_status og_ceilings_reserve(og_context *context, og_ceilings *c, size_t capacity);
void og_ceilings_free(og_context *context, og_ceilings *c);
/* From `from` (at or before the last one's) to where the last run begins the ceiling is `width`. */
void og_ceilings_push(og_ceilings *c, double from, double width);
/* The list is whole. */
void og_ceilings_turn(og_ceilings *c);
/* The lowest ceiling between two distances; INFINITY where there is none. */
double og_ceilings_least(const og_ceilings *c, double from, double to);
/* How far a step may reach that starts at distance s. Beside a lower ceiling it may be as wide as the
 * distance to it and that ceiling (behind one: twice that) together. *hint is a run near it, and becomes that
 * run. */
double og_ceilings_allow(const og_ceilings *c, double s, size_t *hint);

/* What a trajectory's steps are held to for a derivative's sake: to be stable, and to resolve it. The
 * ceilings that may come next are made while those in force are: to be stable, to reach the target, or all
 * steps cut. */
typedef struct og_pacing {
  og_ceilings stable, resolved, next_stable, next_resolved, next_cut;
  double target, worst; /* of a step's error in the derivative: wanted, and found at most */
  double theta;         /* the size that the parameters' cotangent had on the last way back */
  double flow;          /* the least |lambda| |f| that was seen there (og_tally.flow_least) */
  int unstable;         /* some steps are beyond the border of stability */
} og_pacing;
/* Nothing more is being made, and no more memory is held than what is in force takes. */
og_status og_pacing_close(og_context *context, og_pacing *pacing);
/* The ceilings that are being made hold from the start on as they are where they were made last. */
void og_pacing_extend(og_pacing *pacing);
/* Memory of all lists. */
size_t og_pacing_bytes(const og_pacing *pacing);
/* Those in force. OG_ERR_MEMORY without a message. */
og_status og_pacing_copy(og_context *context, const og_pacing *from, og_pacing **to);
/* NULL after it, as before it is made. */
void og_pacing_free(og_context *context, og_pacing **pacing);

#endif
