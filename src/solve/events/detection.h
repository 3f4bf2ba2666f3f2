/* Watching for events: in every accepted step the guards are sampled on the interpolant, at the same places
 * for all lanes; where samples do not resolve a guard (piece.h), that lane's step is sampled in smaller
 * pieces; where a guard has left its side, the place is located in that lane alone.
 *
 * A guard is on a side, + or -, and an event is due where it reaches zero or the other side. A guard that
 * starts at zero (after its own event, say) has no side by its sign: it is on the side that its slope along
 * the solution points to, and is fresh until a sample finds it there. While its samples cannot be told from
 * zero it is fresh: it rests there. One without such a slope is on no side until it has left zero for good:
 * where f has a kink or a jump, the interpolant swings through zero by some part of the step's error.
 *
 * Begin with detection_real.c, which is called once a step; scan_real.c and sample_real.c read guards on the
 * interpolant, sides_real.c says on which side each is, root.c finds the zero, apply_real.c makes the jump,
 * results.c answers the public questions. */
#ifndef OG_DETECTION_H
#define OG_DETECTION_H

#include "solve/events/guards.h"
#include "solve/events/piece.h"

/* A guard counts as zero up to this many times what rounding is seen to make of zero. */
enum { OG_NOISE_FACTOR = 64 };
/* Times nearer than this many units in the last place are one time. */
enum { OG_SAME_TIME = 4 };
/* What og_watched_guard.waits may be. */
enum { OG_WAITS = 1, OG_CAME = 2 };
/* And og_watched_guard.changed. */
enum { OG_LEFT = 2 };

/* Of each guard and lane. */
typedef struct og_watched_guard {
  signed char side; /* 0: not known yet */
  unsigned char fresh;
  unsigned char pending; /* passed zero together with another event, which went first: due at once; 2: held,
                            as that one was */
  unsigned char changed; /* the event that made it fresh was its own, and changed the state; OG_LEFT: where
                            the guard left zero after a rest */
  unsigned char waits; /* fresh, and it came to zero without an event of its own: where it leaves it, one may
                          be due; OG_CAME: with the last event, so that it may as well turn there */
  double noise;        /* what is zero as far as can be told */
} og_watched_guard;

/* What became of a guard in a piece of a step. */
typedef struct og_crossing {
  enum { OG_STAYS, OG_CROSSES, OG_ACCUMULATES } what;
  double sigma, residual;
  double blur; /* how well sigma is known */
  int held, jumps;
} og_crossing;

typedef struct og_detection {
  size_t guards;
  int lanes;
  int pieces; /* that a step is sampled in, [pieces][OG_PIECE_LAST] + 1 places, its ends included */
  og_piece_test test;
  double *x, *theta;                 /* [n][lanes], [p][lanes] in double */
  double *g;                         /* of each place a block [guards][lanes] */
  signed char *far;                  /* [pieces] blocks: og_piece's */
  double *fine;                      /* [OG_PIECE_POINTS][guards]: of one lane's smaller piece, */
  signed char *fine_far;             /* [guards] */
  double *curve;                     /* [degree][n]: the lane's interpolant in it */
  double *blurred;                   /* [guards]: what rounding makes of them */
  double *misses;                    /* [guards]: smallest pieces that did not resolve them */
  og_watched_guard *watched;         /* [guards][lanes] */
  size_t *near_ones, near_count;     /* of a lane's piece: the guards that are not far from zero */
  og_watched_guard *next;            /* [guards]: of one lane, at its piece's end */
  og_crossing *found;                /* [guards]: in its piece */
  double limit;                      /* the place in the step behind which no event can be the first, */
  double *limit_g;                   /* and the guards there, [guards] */
  double *work;                      /* og_guard_work */
  double *one_x, *one_theta, *one_g; /* of one lane */
  int theta_of;               /* the lane whose theta was copied while looking at this step; -1: none */
  double *before, *after;     /* guards just before an event, and just after it; */
  double *earlier, *later;    /* as they are a little earlier, and would be a little later without it; */
  double *noise;              /* and what is zero of them after it, as far as can be told */
  double *near;               /* [2][guards]: at places next to it */
  double *g_x, *g_theta;      /* a guard's gradient */
  size_t event[OG_LANES_MAX]; /* that stops the lane's step; OG_NO_EVENT */
  double sigma[OG_LANES_MAX], residual[OG_LANES_MAX];
  double reach[OG_LANES_MAX];         /* how wide in time a piece may be that is expected to be resolved */
  double blur[OG_LANES_MAX];          /* of its time */
  double wide[OG_LANES_MAX];          /* the piece that it was found in */
  unsigned char held[OG_LANES_MAX];   /* see og_segment */
  unsigned char jumped[OG_LANES_MAX]; /* its guard jumped over zero */
  size_t occurrences[OG_LANES_MAX], stalled[OG_LANES_MAX];
  double last[OG_LANES_MAX]; /* the last event's time */
  void *memory;
} og_detection;

/* The guard is at zero, exactly, and waits there. */
static inline void og_watched_guard_wait(og_watched_guard *w) {
  *w = (og_watched_guard){.fresh = 1, .waits = OG_WAITS};
}
static inline int og_sign_of(double g) { return (g > 0) - (g < 0); }
/* Which way entry i of a state is rounded, to see what that makes of guards: of two entries one is rounded up
 * and one down in one of the patterns, unless their numbers are equal modulo eight, and both up in the last
 * one. So neither their difference nor their sum escapes, whatever their signs. */
enum { OG_ROUNDINGS = 4 };
static inline double og_rounding(size_t i, int pattern) {
  return pattern < OG_ROUNDINGS - 1 && (i >> pattern) & 1 ? -1 : 1;
}

/* Bytes of a detection: 0 when the solve has no guards. */
size_t og_detection_bytes(const og_solve *solve, int lanes);
/* NULL in *out when the solve has no guards. */
og_status og_detection_create(const og_solve *solve, int lanes, og_detection **out);
/* The lane takes a trajectory from its start: no guard has passed anything yet. */
void og_detection_begin(og_detection *detection, int lane);
void og_detection_destroy(og_context *context, og_detection *detection);
/* Piece `piece` of the step as it was sampled for all lanes. */
og_piece og_detection_piece(const og_detection *detection, int piece, int lane);

#endif
