/* The forward driver in one precision (base/in_double.h). Arrays over lanes stand side by side, so that what
 * every lane does each step is a plain loop. */

#define STEP OG_P(og_step)
#define INTERVAL OG_P(og_interval)
#define INTEGRATION OG_P(og_integration)

typedef struct INTEGRATION {
  og_solve *solve;
  og_share *share;
  STEP *step;
  INTERVAL at;
  og_control control;
  double resting;                  /* error of a step at which x rests */
  int replay, fixed, lanes, idle;  /* fixed: recorded or equal steps, no error control */
  size_t next;                     /* first trajectory not begun */
  size_t attempts;                 /* steps tried by the block */
  int weighing;                    /* states' sizes are noted (tolerances.h) */
  int judging;                     /* fixed steps are looked at (coarse.h) */
  size_t until_look;               /* steps until one is */
  unsigned char due[OG_LANES_MAX]; /* the present one is */
  REAL *x, *y, *e, *e2, *theta, *memory;
  void *entry; /* a checkpoint on its way */
  _Alignas(64) REAL mask[OG_LANES_MAX];
  _Alignas(64) REAL sum[OG_LANES_MAX], sum2[OG_LANES_MAX]; /* of squared errors */
  og_trajectory *trajectory[OG_LANES_MAX];                 /* NULL: idle */
  size_t segment[OG_LANES_MAX];        /* the lane's present one, in its trajectory's path */
  size_t first[OG_LANES_MAX];          /* index of its first step */
  size_t segment_steps[OG_LANES_MAX];  /* when they are equal: their number */
  unsigned char restart[OG_LANES_MAX]; /* a segment begins: K_1 is not there */
  int restarting;                      /* some of them do */
  char *recorded[OG_LANES_MAX];        /* where the step will be recorded, */
  size_t room[OG_LANES_MAX];           /* and how many there is room for from there on; 0: to be found */
  og_detection *detection;             /* NULL: there are no events */
  size_t failed_event;                 /* 1 + the event that a failure is about; 0: none */
  double t0[OG_LANES_MAX], t1[OG_LANES_MAX], span[OG_LANES_MAX]; /* of the segment */
  double fraction[OG_LANES_MAX], fraction_next[OG_LANES_MAX];    /* of it, at the step's ends */
  double width[OG_LANES_MAX];    /* of the next step as wished, as a fraction */
  double widest[OG_LANES_MAX];   /* by the option max-step */
  double error[OG_LANES_MAX];    /* of the step, in units of the tolerance */
  double previous[OG_LANES_MAX]; /* of the last accepted step */
  double accepted[OG_LANES_MAX]; /* |h| of the last accepted step */
  double left_out[OG_LANES_MAX]; /* of the step: its largest error in a row that is not controlled */
  double most[OG_LANES_MAX], factor[OG_LANES_MAX]; /* of the width: the limit, and what control says */
  double next_observation[OG_LANES_MAX];           /* its fraction; 2 when there are none left */
  size_t index[OG_LANES_MAX], rejected[OG_LANES_MAX], cursor[OG_LANES_MAX];
  size_t paced[OG_LANES_MAX];  /* the step of the solve that must not be outpaced */
  size_t run[OG_LANES_MAX][2]; /* of the ceilings that the lane's steps are held to */
  long long evals;             /* lanes evaluated */
} INTEGRATION;
/* In memory that is cleared. */
og_status OG_P(og_integrate_open)(INTEGRATION *d, og_solve *solve, og_share *share, int mode);
void OG_P(og_integrate_close)(INTEGRATION *d);
size_t OG_P(og_integrate_bytes)(const og_solve *solve,
                                int lanes); /* that opening allocates, the step apart */
/* Gives a lane a trajectory's parameters. */
void OG_P(og_integrate_parameters)(INTEGRATION *d, int lane, size_t trajectory);
/* K_1 of the lanes in mask; where it cannot be had the lane fails and leaves the mask. */
void OG_P(og_integrate_first_stage)(INTEGRATION *d);
/* One try at a step in every lane; then `mask` says which may move on. */
void OG_P(og_integrate_attempt)(INTEGRATION *d);
/* x and K_1 of the lanes in mask become those of the step's end. */
void OG_P(og_integrate_move)(INTEGRATION *d);
/* The lane's checkpoint into a slot; from a slot, x and control, not the rest of the lane. */
og_status OG_P(og_integrate_save)(INTEGRATION *d, int lane, uint32_t slot);
og_status OG_P(og_integrate_restore)(INTEGRATION *d, int lane, size_t trajectory, uint32_t slot);
/* The lane's state is new: saved if its schedule wants it. 0: the share has failed. */
int OG_P(og_integrate_keep)(INTEGRATION *d, int lane);
/* Where the lane's step ends, when all states are kept. */
double OG_P(og_integrate_kept_end)(INTEGRATION *d, int lane);
/* Evaluates f at x (of the lanes in mask) into `f`, at time t. */
void OG_P(og_integrate_eval)(INTEGRATION *d, const double *t, const REAL *x, REAL *f);
/* Fills idle lanes with waiting trajectories: states, parameters, first step, K_1. */
void OG_P(og_integrate_refill)(INTEGRATION *d);
/* Sets the lane's `width` by Hairer, Norsett & Wanner's automatic first step (II.4); f at x is in f0. */
void OG_P(og_integrate_first_steps)(INTEGRATION *d, const REAL *f0);
/* The width of a first step of size h > 0: within max-step and the span, and such that t advances. */
double OG_P(og_integrate_first_width)(const INTEGRATION *d, int lane, double h);
/* A lane enters its trajectory's first segment; goes on to another one; reaches the end of one, which may
 * be the trajectory's. 0: no memory. */
void OG_P(og_integrate_begin)(INTEGRATION *d, int lane);
int OG_P(og_integrate_next_segment)(INTEGRATION *d, int lane, og_segment next);
int OG_P(og_integrate_end_segment)(INTEGRATION *d, int lane);
/* The lane is in a recorded segment, at its start; goes on to the next one when it is recorded too. */
void OG_P(og_integrate_enter)(INTEGRATION *d, int lane, size_t segment);
void OG_P(og_integrate_follow)(INTEGRATION *d, int lane);
/* K_1 of the lanes whose segment has just begun. */
void OG_P(og_integrate_restart)(INTEGRATION *d);
void OG_P(og_integrate_next_observation)(INTEGRATION *d, int lane);
void OG_P(og_integrate_finish)(INTEGRATION *d, int lane);
/* Events, where the solve has any to look for. Which one stops each lane's step, and where. */
void OG_P(og_integrate_detect)(INTEGRATION *d);
/* It happens; the lane goes on in a segment of its own, ends, or fails. 0: no memory. */
int OG_P(og_integrate_apply)(INTEGRATION *d, int lane);
/* The guards' sides in the lanes in mask, whose segment has just begun with the slope f. */
void OG_P(og_integrate_sides)(INTEGRATION *d, const REAL *f);
/* A lane's theta, and its time and state at a place of its step, 0 to 1, in double. */
void OG_P(og_integrate_own_theta)(const INTEGRATION *d, int lane, double *theta);
double OG_P(og_integrate_time_at)(const INTEGRATION *d, int lane, double place);
void OG_P(og_integrate_state_at)(const INTEGRATION *d, int lane, double place, double *x);
/* Stops a lane for an event's sake. */
void OG_P(og_integrate_event_fail)(INTEGRATION *d, int lane, size_t event, og_status status);
/* Sizes, where the solve wants them: from a state on; with the steps' ends; up to the event that ended
 * the segment, and from the state behind it on. */
void OG_P(og_integrate_size_begin)(INTEGRATION *d, int lane, const REAL *state);
void OG_P(og_integrate_size_grow)(INTEGRATION *d);
void OG_P(og_integrate_size_end)(INTEGRATION *d, int lane, og_segment *segment);
/* Fixed steps: a lane begins; before and after a step that is looked at. */
void OG_P(og_integrate_look_begin)(INTEGRATION *d, int lane);
void OG_P(og_integrate_look)(INTEGRATION *d);
void OG_P(og_integrate_judge)(INTEGRATION *d);
/* Counts bytes that are to be kept against the budget. 0: there is no room. */
int OG_P(og_integrate_take)(INTEGRATION *d, size_t bytes);
/* Records accepted steps, observes, moves on; `mask` says which lanes. */
void OG_P(og_integrate_commit)(INTEGRATION *d);
/* The first row that is not finite in a stage of the lane's step, or at its end; the number of rows if
 * there is none. */
size_t OG_P(og_integrate_not_finite)(const INTEGRATION *d, int lane);
/* Stops a lane with a failure. */
void OG_P(og_integrate_fail)(INTEGRATION *d, int lane, og_status status);

#undef STEP
#undef INTERVAL
#undef INTEGRATION
