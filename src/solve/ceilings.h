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
  double flow;          /* og_tally.moved_flow of it, */
  size_t segment;       /* and moved_segment */
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

/* ---- Rests and drops ---- */

/* Steps of which x tells that they may not be good for a derivative. Where it rests, their error was next to
 * nothing, so that nothing but the growth of steps limits them. Where their size drops at once, the
 * right-hand side may not be smooth, or x has met what its steps had not resolved. */
/* At rest a step's error (in tolerances) would have let it be four times as wide, and is small anyway, for a
 * method of low order says more than that. The first steps are tiny: those of less than this part of the span
 * say nothing. `exponent` is the step control's: errors go with h to the power of 1/exponent. */
#define OG_REST_ERROR 1e-3
#define OG_REST_GROWTH 4.0
#define OG_REST_WIDTH 1e-3
double og_rest_error(double exponent);
/* A last step that is so much narrower than the one before was cut by the span's end. */
#define OG_REST_CUT 0.5
/* A step this much narrower than the one before drops. */
#define OG_REST_DROP 0.25

/* Runs of steps, [first, stop), ascending. Of too many runs the nearest are taken together. */
enum { OG_RESTS = 8 };
typedef struct og_rests {
  int count;
  struct {
    size_t first, stop;
  } run[OG_RESTS];
} og_rests;

/* Steps first ... index are some of them; index is behind those that are there, the others may be among them.
 */
void og_rests_add(og_rests *rests, size_t first, size_t index);
int og_rests_has(const og_rests *rests, size_t index);
/* The last one before step `index`; (size_t)-1: there is none. */
size_t og_rests_before(const og_rests *rests, size_t index);

#endif
