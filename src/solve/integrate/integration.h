/* The forward driver in one precision (base/in_double.h). Arrays over lanes stand side by side, so that what
 * every lane does each step is a plain loop. */

#define STEP OG_P(og_step)
#define INTERVAL OG_P(og_interval)
#define INTEGRATION OG_P(og_integration)

typedef struct INTEGRATION {
  og_solve *solve;
  og_share *share;
  STEP *step;
  INTERVAL at; /* where each lane's step lies */
  og_control control;
  double resting;    /* a step whose error is below it is taken at a state that rests (solve/rests.h) */
  int replay;        /* the steps are those that were recorded */
  int fixed;         /* recorded or equal steps, without error control */
  int lanes, idle;   /* how many lanes there are, and how many of them have no trajectory */
  size_t next;       /* the first item of the share that no lane has begun */
  size_t attempts;   /* how many steps the block has attempted */
  int noting_sizes;  /* the sizes of the states are noted for a warning (tolerances.h) */
  int watching;      /* steps are looked at for stiffness (switches.h) */
  int judging;       /* some fixed steps are taken again in two halves (coarse.h) */
  size_t until_look; /* how many steps of the block until one of them is */
  unsigned char due[OG_LANES_MAX]; /* the lane's present step is one of them */
  REAL *x, *y;                     /* the states at the start and at the end of each lane's step [n][lanes] */
  REAL *e, *e2;                    /* error estimates of every row [n][lanes] */
  REAL *theta;                     /* parameters and the rows of inputs [p][lanes] */
  REAL *memory;                    /* where these blocks lie */
  void *entry;                     /* room for one checkpoint, between a lane and the store */
  _Alignas(64) REAL mask[OG_LANES_MAX];                    /* not 0 in the lanes that an operation is about */
  _Alignas(64) REAL sum[OG_LANES_MAX], sum2[OG_LANES_MAX]; /* sums of the squared errors of each estimate */
  og_trajectory *trajectory[OG_LANES_MAX];                 /* NULL: the lane is idle */
  size_t segment[OG_LANES_MAX];        /* the present segment's index in the trajectory's path */
  size_t first[OG_LANES_MAX];          /* the index of the segment's first step */
  size_t segment_steps[OG_LANES_MAX];  /* of equal steps: how many the segment has */
  unsigned char restart[OG_LANES_MAX]; /* a segment begins, whose slope at the start is not known yet */
  int restarting;                      /* that holds for some lane */
  char *recorded[OG_LANES_MAX];        /* the entry of the record that the step will be written to */
  size_t room[OG_LANES_MAX]; /* how many entries are free from there on; 0: the place is to be looked up */
  og_detection *detection;   /* NULL: there are no events */
  size_t failed_event;       /* 1 + the event that a failure is about; 0: it is about none */
  double t0[OG_LANES_MAX], t1[OG_LANES_MAX], span[OG_LANES_MAX]; /* of the segment */
  double fraction[OG_LANES_MAX],
      fraction_next[OG_LANES_MAX]; /* of the segment, where the step starts and ends */
  double width[OG_LANES_MAX];      /* of the next step as control wishes it, as a fraction of the segment */
  double widest[OG_LANES_MAX];     /* the most that the option max-step allows, likewise */
  double error[OG_LANES_MAX];      /* of the step, in units of the tolerance */
  double previous[OG_LANES_MAX];   /* the error of the last accepted step */
  double accepted[OG_LANES_MAX];   /* |h| of the last accepted step */
  double left_out[OG_LANES_MAX];   /* the step's largest error in a row that the norm leaves out */
  double most[OG_LANES_MAX];       /* by how much the width may grow */
  double factor[OG_LANES_MAX];     /* by how much control wants it to change */
  double next_observation[OG_LANES_MAX]; /* the fraction of the segment at which it lies; 2 when none is left
                                            in it */
  size_t index[OG_LANES_MAX];            /* of the step in its trajectory */
  size_t rejected[OG_LANES_MAX];         /* how many steps of the trajectory were rejected */
  size_t cursor[OG_LANES_MAX];           /* the next observation of the trajectory */
  size_t paced[OG_LANES_MAX];   /* the step of solve->pace at the lane's time: this one may not be wider */
  size_t run[OG_LANES_MAX][2];  /* the entries of the two lists of ceilings that hold at the lane's time */
  size_t again[OG_LANES_MAX];   /* trajectories that begin anew, for they are stiff, */
  int again_count;              /* and how many they are */
  double *scale;                /* [n]: what each row is large against, in one lane; of `watching` */
  size_t watched[OG_LANES_MAX]; /* the next step that is looked at for stiffness */
  unsigned char stiff[OG_LANES_MAX]; /* so many steps in a row have looked like the other method's; */
  unsigned char calm[OG_LANES_MAX];  /* and so many since have not */
  double *instant;                   /* where one lane's state is made consistent (consistent_real.c) */
  og_inconsistency inconsistency;    /* why the last one could not be */
  long long evals;                   /* evaluations of f, one for each lane */
} INTEGRATION;

/* ---- lanes_real.c: lanes begin, are filled again, and end ---- */
/* The state is in memory that is cleared; og_integrate_bytes is what opening allocates, without the step. */
og_status OG_P(og_integrate_open)(INTEGRATION *d, og_solve *solve, og_share *share, int mode);
void OG_P(og_integrate_close)(INTEGRATION *d);
size_t OG_P(og_integrate_bytes)(const og_solve *solve, int lanes);
/* Idle lanes take the next trajectories: states, parameters, slope, width of the first step. */
void OG_P(og_integrate_refill)(INTEGRATION *d);
/* The parameters of a trajectory into a lane. */
void OG_P(og_integrate_parameters)(INTEGRATION *d, int lane, size_t trajectory);
/* f at (t, x) into `f`, in the lanes of the mask. */
void OG_P(og_integrate_eval)(INTEGRATION *d, const double *t, const REAL *x, REAL *f);
/* The slope at x in the lanes of the mask, into e and into the step; a lane where it cannot be had fails and
 * leaves the mask. */
void OG_P(og_integrate_first_slope)(INTEGRATION *d);
/* Records the steps that were accepted in the lanes of the mask, reads observations in them, and goes on
 * behind them. */
void OG_P(og_integrate_commit)(INTEGRATION *d);
/* x becomes y in the lanes of the mask, and the step goes on from there. */
void OG_P(og_integrate_advance)(INTEGRATION *d);
/* The lane's trajectory is at its end: its results are written, and the lane is idle. */
void OG_P(og_integrate_finish)(INTEGRATION *d, int lane);
/* The state at a place of the lane's step, 0 at its start and 1 at its end, in double. */
void OG_P(og_integrate_state_at)(const INTEGRATION *d, int lane, double place, double *x);
/* Counts bytes against the memory budget before they are allocated. 0: there is no room, and the share has
 * failed. */
int OG_P(og_integrate_reserve)(INTEGRATION *d, size_t bytes);

/* ---- integrate_real.c ---- */
/* Attempts one step in every lane. Afterwards the mask has the lanes whose step is accepted. */
void OG_P(og_integrate_attempt)(INTEGRATION *d);

/* ---- first_step_real.c ---- */
/* Sets the widths of the lanes in the mask by the automatic first step of Hairer, Norsett & Wanner (II.4); f0
 * is f at x. */
void OG_P(og_integrate_first_steps)(INTEGRATION *d, const REAL *f0);
/* The width of a first step of size h > 0: within max-step and the span, and such that t advances. */
double OG_P(og_integrate_first_width)(const INTEGRATION *d, int lane, double h);

/* ---- next_segment_real.c: from segment to segment ---- */
/* The lane enters its trajectory's first segment. */
void OG_P(og_integrate_begin)(INTEGRATION *d, int lane);
/* The lane goes on in segment `next`; or it has reached the end of its segment, which may be that of the
 * trajectory. 0: there is no memory. */
int OG_P(og_integrate_next_segment)(INTEGRATION *d, int lane, og_segment next);
int OG_P(og_integrate_end_segment)(INTEGRATION *d, int lane);
/* Of recorded segments: the lane is at the start of one; it goes on from one to the next. */
void OG_P(og_integrate_enter)(INTEGRATION *d, int lane, size_t segment);
void OG_P(og_integrate_follow)(INTEGRATION *d, int lane);
/* The slopes of the lanes whose segment has just begun. */
void OG_P(og_integrate_restart)(INTEGRATION *d);
/* Sets next_observation. */
void OG_P(og_integrate_next_observation)(INTEGRATION *d, int lane);

/* ---- memory/checkpoints_real.c ---- */
/* The lane's checkpoint into a slot of the store; x, the place and step-size control from a slot into the
 * lane. */
og_status OG_P(og_integrate_save)(INTEGRATION *d, int lane, uint32_t slot);
og_status OG_P(og_integrate_restore)(INTEGRATION *d, int lane, size_t trajectory, uint32_t slot);
/* The lane has a new state, which is saved if its schedule says so. 0: that failed, and the share has failed.
 */
int OG_P(og_integrate_keep)(INTEGRATION *d, int lane);
/* The fraction at which the lane's step ends, where all states are kept. */
double OG_P(og_integrate_kept_end)(INTEGRATION *d, int lane);

/* ---- events: of solves that have some ---- */
/* Which event ends each lane's step, and where (detection_real.c). */
void OG_P(og_integrate_detect)(INTEGRATION *d);
/* The event happens: the lane goes on in a segment of its own, ends or fails. 0: there is no memory
 * (apply_real.c). */
int OG_P(og_integrate_apply)(INTEGRATION *d, int lane);
/* On which side of zero the guards are, in the lanes of the mask, whose segment has just begun with the slope
 * f. */
void OG_P(og_integrate_sides)(INTEGRATION *d, const REAL *f);
/* A lane's parameters in double, and the time at a place of its step. */
void OG_P(og_integrate_own_theta)(const INTEGRATION *d, int lane, double *theta);
double OG_P(og_integrate_time_at)(const INTEGRATION *d, int lane, double place);
/* The lane fails because of an event. */
void OG_P(og_integrate_event_fail)(INTEGRATION *d, int lane, size_t event, og_status status);

/* ---- consistent_real.c: of solves with a mass matrix (solve/consistent.h) ---- */
size_t OG_P(og_integrate_consistent_bytes)(const og_solve *solve);
/* The lane's state in a block, at the start of its segment. 0: the lane has failed, and left the mask. */
int OG_P(og_integrate_make_consistent)(INTEGRATION *d, int lane, REAL *block);
/* f at (t, x) becomes x' in the lanes of the mask. */
void OG_P(og_integrate_mass_slope)(INTEGRATION *d, const double *t, const REAL *x, REAL *f);

/* ---- stiff_real.c: which method takes the next step, where there are two ---- */
/* A lane begins a trajectory; its step was accepted, and it has not moved on yet; the methods of all lanes'
 * steps. */
void OG_P(og_integrate_methods_begin)(INTEGRATION *d, int lane);
og_choice OG_P(og_integrate_choose_method)(INTEGRATION *d, int lane);
void OG_P(og_integrate_find_methods)(INTEGRATION *d);

/* ---- next_segment_real.c: how large each row has been, where solve->sizes asks for it ---- */
/* From a state on; in the steps of the lanes in the mask; up to the event that ended a segment, into it. */
void OG_P(og_integrate_size_begin)(INTEGRATION *d, int lane, const REAL *state);
void OG_P(og_integrate_size_grow)(INTEGRATION *d);
void OG_P(og_integrate_size_end)(INTEGRATION *d, int lane, og_segment *segment);

/* ---- coarse_real.c: whether fixed steps are too wide ---- */
/* A lane begins; before a step that is looked at; after it. */
void OG_P(og_integrate_coarse_begin)(INTEGRATION *d, int lane);
void OG_P(og_integrate_coarse_before)(INTEGRATION *d);
void OG_P(og_integrate_coarse_after)(INTEGRATION *d);

/* ---- failure_real.c ---- */
/* The first row that is not finite in what the lane's step evaluated, or at its end; n if there is none. */
size_t OG_P(og_integrate_not_finite)(const INTEGRATION *d, int lane);
/* The lane's trajectory fails, and the lane is idle; the share keeps the failure of the lowest trajectory. */
void OG_P(og_integrate_fail)(INTEGRATION *d, int lane, og_status status);

#undef STEP
#undef INTERVAL
#undef INTEGRATION
