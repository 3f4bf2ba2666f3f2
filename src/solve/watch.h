/* Watching for events: in every accepted step the guards are sampled on the interpolant, at the same places
 * for all lanes; where one has left its side, the place is located in that lane alone.
 *
 * A guard is on a side, + or -, and an event is due where it reaches zero or the other side. A guard that
 * starts at zero (after its own event, say) has no side by its sign: it is on the side that its slope along
 * the solution points to, and is fresh until a sample finds it there. */
#ifndef OG_WATCH_H
#define OG_WATCH_H

#include "solve/guards.h"

/* Of each guard and lane. */
typedef struct og_watched {
  signed char side; /* 0: not known yet */
  unsigned char fresh;
  unsigned char pending; /* passed zero together with another event, which went first: due at once; 2: held,
                            as that one was */
  unsigned char changed; /* the event that made it fresh changed the state */
  double noise;          /* what rounding makes of zero */
} og_watched;

typedef struct og_watch {
  size_t guards;
  int lanes;
  int points;                        /* sampled in a step, its ends included */
  double *place;                     /* [points]: 0 to 1 */
  double *x, *theta;                 /* [n][lanes], [p][lanes] in double */
  double *g;                         /* [points] blocks [guards][lanes] */
  og_watched *watched;               /* [guards][lanes] */
  og_watched *next;                  /* [guards]: of one lane, at its step's end */
  double *work;                      /* og_guard_work */
  double *one_x, *one_theta, *one_g; /* of one lane */
  int theta_of;               /* the lane whose theta was copied while looking at this step; -1: none */
  double *before;             /* guards just before an event */
  double *g_x, *g_theta;      /* a guard's gradient */
  size_t event[OG_LANES_MAX]; /* that stops the lane's step; OG_NO_EVENT */
  double sigma[OG_LANES_MAX], residual[OG_LANES_MAX];
  unsigned char held[OG_LANES_MAX]; /* see og_segment */
  size_t occurrences[OG_LANES_MAX], stalled[OG_LANES_MAX];
  double last[OG_LANES_MAX]; /* the last event's time */
  void *memory;
} og_watch;

/* Bytes of a watch: 0 when the solve has nothing to watch. */
size_t og_watch_bytes(const og_solve *solve, int lanes);
/* NULL in *out when the solve has nothing to watch. */
og_status og_watch_create(const og_solve *solve, int lanes, og_watch **out);
/* The lane takes a trajectory from its start: no guard has passed anything yet. */
void og_watch_begin(og_watch *watch, int lane);
void og_watch_destroy(og_context *context, og_watch *watch);

#endif
