/* Looks at steps on the way back: what a step does to lambda and to the parameters' cotangent, beside what
 * the same step does when it is taken in two parts (0.44 h and 0.56 h). The difference is an estimate of the
 * error that the step makes in the derivative, of which its error in x says nothing. A look costs three
 * steps, so few steps are looked at: those at which a cheap sign asks for it, and samples.
 *
 * Signs: |h| |J^T g| / |g| of the first stage (the last one on the way back, which the powers of h J^T before
 * it have turned toward what grows fastest) beyond what the method resolves; and x at rest (solve/rests.h).
 * Which steps are sampled depends on the trajectory alone, not on what is solved beside it.
 *
 * Steps to be looked at are copied into a queue, and looked at together when a block of lanes is full. */
#ifndef OG_LOOKS_H
#define OG_LOOKS_H

#include <stdint.h>

#include "adjoint/adjoint.h"
#include "solve/tolerances.h"

/* What every step is cut to when a gradient is compared with that of narrower steps: not the ratio of looks,
 * which would agree with it where neither resolves anything. */
#define OG_CUT 0.62

enum { OG_LOOKS_NONE, OG_LOOKS_SOME, OG_LOOKS_ALL };

/* One step in the queue. */
typedef struct og_looked {
  size_t trajectory, segment;
  int kind;   /* OG_LOOK_... */
  int inside; /* cotangents were put on its inside */
  double t, h, ratio;
  unsigned char implicit; /* by which of two methods it was taken (og_interval) */
  double theta_largest;   /* entry of theta's cotangent by then, whatever else waits in the queue */
  double before;          /* how long the trajectory is before it */
  double part;            /* of h: 1, or less when an event stopped it, whose state the interpolant gives */
} og_looked;

/* Sampled are the steps k with k modulo stride = phase; stride 0: none. */
typedef struct og_samples {
  size_t stride, phase;
} og_samples;
/* Whether a few samples are enough: of a field whose coefficients do not change with time, at a tolerance
 * that is not loose. */
int og_is_sampled_sparsely(const og_solve *solve, size_t trajectory);
og_samples og_samples_of(const og_solve *solve, size_t trajectory);
int og_is_sampled(const og_samples *samples, size_t index);
/* The last step before `index` that is sampled, or may have a sign by what x did there; (size_t)-1: none. */
size_t og_looks_before(const og_trajectory *trajectory, const og_samples *samples, size_t index);
/* Whether the step, at which |h| |J^T g| / |g| is `ratio`, has a sign. */
int og_has_sign(const og_solve *solve, const og_trajectory *trajectory, size_t index, int implicit,
                double ratio);

/* What one look has found, and what becomes of it: into the tally, and, where every step is looked at, into
 * the trajectory's next ceilings. */
typedef struct og_look_error {
  double lambda, theta, loss; /* lambda relative to its size in the step, the others as they are */
  double lambda_size, theta_size, loss_size;
  double along, flow; /* the error of lambda^T f, and |lambda| |f|; 0: not known */
} og_look_error;
void og_looks_tell(og_solve *solve, const og_looked *looked, const og_look_error *error);
void og_looks_limit(og_solve *solve, const og_looked *looked, const og_look_error *error);

/* The lowest lane of a set that is not empty, which it leaves. */
static inline int og_next_lane(uint64_t *set) {
  int lane = __builtin_ctzll(*set);
  *set &= *set - 1;
  return lane;
}

enum { OG_LOOKS_AHEAD = 64 };
/* Rows of n that the cotangents inside a step take: the seeds of the whole step and of its two parts, and the
 * cotangents of the state at the start of each part, which interpolants have beside their seeds. */
#define OG_LOOK_SEEDS(seeds) (3 * (seeds) + 2)
static inline size_t og_look_rows(const og_solve *solve) {
  int inside = solve->observed_count > 0 || og_guards(solve) > 0;
  return inside ? OG_LOOK_SEEDS((size_t)solve->stepper.seeds) : 0;
}

/* Blocks that a look works on. */
enum {
  OG_LOOK_X_START,
  OG_LOOK_X_MIDDLE,
  OG_LOOK_X_WHOLE,
  OG_LOOK_X_PARTS,
  OG_LOOK_LAMBDA_WHOLE,
  OG_LOOK_LAMBDA_PARTS,
  OG_LOOK_SLOPE,
  OG_LOOK_THETA,
  OG_LOOK_THETA_WHOLE,
  OG_LOOK_THETA_PARTS,
  OG_LOOK_BLOCKS
};

/* Whether lambda^T f is followed: of implicit methods, where it is the same at all times. */
static inline int og_look_follows(const og_solve *solve) {
  return solve->stepper.implicit && !(solve->field->flags & OG_FIELD_DEPENDS_ON_TIME);
}

/* fmax is a call, and the first of the two is never NaN here. */
static inline double og_larger(double a, double b) { return b > a ? b : a; }

#include "base/in_double.h"
#include "adjoint/looks_real.h"

#include "base/in_single.h"
#include "adjoint/looks_real.h"

#endif
