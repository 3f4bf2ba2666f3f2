/* A solve: settings, recorded steps and results of M trajectories, the public calls, and who runs them on
 * threads.
 *
 * The room knows fields by their contract and methods by their steps, never graphs or models. Begin with
 * solve.c (the public calls) and parallel.c (trajectories shared among threads); then integrate/ takes steps,
 * events/ finds where guards pass zero, memory/ keeps what derivatives will read, within a budget. */
#ifndef OG_SOLVE_H
#define OG_SOLVE_H

#include <stdatomic.h>

#include "base/real.h"
#include "field/field.h"
#include "step/stepper.h"
#include "solve/memory/step_tapes.h"
#include "solve/ceilings.h"
#include "solve/algebraic.h"
#include "solve/inconsistency.h"
#include "solve/integrate/coarse.h"
#include "solve/memory/step_record.h"
#include "solve/signals.h"
#include "solve/switches.h"
#include "solve/trust.h"

typedef struct og_trajectory {
  char *name; /* for messages; NULL: none */
  double t0, t1;
  size_t observations, first_observation; /* in the flat arrays over all trajectories */
  double *times;
  size_t time_room;               /* that there is memory for */
  size_t fixed_steps;             /* 0: adaptive */
  double first_step;              /* |h|; 0: automatic */
  double last_step;               /* out: |h| the controller would take next */
  double *breaks;                 /* breakpoints of its inputs and of the field within the span, ascending */
  size_t break_count, run_breaks; /* now, and in the last run */
  size_t break_room;              /* that there is memory for */
  og_step_record record;
  og_path path;           /* its segments */
  size_t seen;            /* observations before it ended */
  int placed;             /* their times are those of the last run, whose segments tell where they belong */
  double *event_bars;     /* cotangents put on its events, [events][1 + 2 states]; NULL: none */
  double *event_dots;     /* their tangents, by the last pushforward */
  size_t steps, rejected; /* of the last run */
  og_switches switches;   /* likewise: where its method changed; */
  size_t stiff_from;      /* where it is to change first, for it was seen to be stiff there; 0: it was not */
  double stiff_time;      /* and when that was */
  int begins_implicit;    /* in: where the stepper has two methods it begins with the implicit one */
  og_rests rests, drops;  /* of the last run: steps at which x rests, and whose size dropped */
  double errors;          /* of its accepted steps, in tolerances: their sum; */
  double left_out;     /* and of the rows that are not controlled, the largest entry of each step as it is */
  og_pacing *pacing;   /* NULL: none */
  double ending_bar;   /* largest cotangent of x before the event that ended it, on the last way back */
  og_tally tally;      /* of the last way back, */
  og_trust trust;      /* and what it says */
  og_coarse coarse;    /* of the last run, with fixed steps */
  og_step_tapes tapes; /* of the last run */
} og_trajectory;

/* Why and where one trajectory stopped. */
typedef struct og_failure {
  og_status status;
  int derivative; /* while computing one, not while solving */
  int refused;    /* OG_ERR_FIELD: asked for ever smaller steps, and not to stop: the lane's status */
  size_t trajectory;
  size_t accepted, rejected;
  size_t event;       /* 1 + the number of the one that it is about; 0: none */
  size_t row;         /* 1 + the first row whose right-hand side, or value, was not finite; 0: not known */
  double least, most; /* the option that held the step: min-step, max-step; 0: none did */
  double t, h, norm, first_norm;
  double stiffness;               /* estimate of |h| times the spectral radius of df/dx; NaN when not known */
  og_inconsistency inconsistency; /* of OG_ERR_INCONSISTENT and OG_ERR_INDEX */
} og_failure;

/* Options, read once for a run. */
typedef struct og_limits {
  double rtol, atol, min_step, max_step;
  double steady; /* 0: not wanted */
  int event_samples;
  /* Of the method, or of the explicit and the implicit one: */
  double looked_at[2]; /* |h| |J^T g| / |g| from which on the discrete adjoint looks at a step */
  double reach[2];     /* of stability, in the same unit */
  size_t max_steps, budget, max_events;
} og_limits;

/* TORN: a replay failed, and results are partly old, partly new; what was recorded can be replayed.
 * CHANGED: run, then settings changed; what was recorded can be replayed but not differentiated. */
enum { OG_SOLVE_NEW, OG_SOLVE_TORN, OG_SOLVE_CHANGED, OG_SOLVE_DONE };
/* AGAIN: steps between checkpoints, whose events are known. */
enum { OG_INTEGRATE_SOLVE, OG_INTEGRATE_REPLAY, OG_INTEGRATE_AGAIN };
/* What a run keeps for a derivative: nothing, the state of every step, or checkpoints under a budget. */
enum { OG_KEEP_NOTHING, OG_KEEP_STEPS, OG_KEEP_CHECKPOINTS };
struct og_checkpoints;

/* What messages call a trajectory besides its number; NULL: nothing. */
enum { OG_TRAJECTORY_NAME_SIZE = 192 };
typedef const char *(*og_name_fn)(const void *names, size_t trajectory, char text[OG_TRAJECTORY_NAME_SIZE]);

/* What messages say of a solve that is a part of something else: what it is, what to try in its place, and
 * what its trajectories are to whom a budget is named (NULL: trajectories). */
typedef struct og_role {
  const char *what, *advice, *trajectories;
  const char *stuck; /* what to think of where steps become too small; NULL: nothing */
} og_role;

/* What steps leave for the way back (memory/tapes.h). memory: NULL: none are kept. */
typedef struct og_tapes {
  int lanes;
  size_t blocks, block_bytes, step_bytes;
  char *memory;
} og_tapes;

/* Of a gradient of whose error nothing is known. */
static inline og_gradient_error og_error_unknown(void) {
  return (og_gradient_error){OG_INIT(og_gradient_error), NAN, NAN, NAN};
}

struct og_solve {
  og_context *context;
  size_t (*derivative_bytes)(const og_solve *solve, int lanes, int taped); /* og_derivative_bytes_fn */
  const og_field *field; /* the one in use: source, or bound */
  const og_field *source;
  og_field *bound; /* to the weights of the last run; owned, NULL: not made */
  og_options *options;
  og_stepper stepper;      /* the method */
  og_algebraic *algebraic; /* NULL, or of equations M x' = f: which of them are algebraic; owned */
  int found_stiff;         /* the present run has to begin anew (switches.h) */
  int automatic;           /* it is chosen as the solve goes */
  struct og_pair *pair;    /* NULL, or the two methods of the stepper; owned */
  int single, keep;        /* single precision; OG_KEEP_... */
  int state;
  size_t count, n, states;   /* trajectories; rows of the field; without the quadrature */
  size_t p, parameters;      /* rows of the field's theta; without those of inputs, with bound weights */
  size_t laned, weights;     /* of the parameters: those in lanes, and the bound ones behind them */
  int taped;                 /* stages of the bound field leave tapes in the backward pass */
  og_tapes tapes;            /* those of the last run, left in the forward pass */
  size_t tape_bytes;         /* of a step of a trajectory alone, which its steps leave; 0: nothing */
  atomic_size_t taped_bytes; /* of all of these */
  size_t controlled;         /* the first rows, whose errors set the step size: n, or fewer (a seminorm) */
  const og_role *role;       /* NULL: the caller's own solve */
  og_name_fn name_of;        /* of trajectories without a name of their own; NULL: as in `named_after` */
  const void *names;
  const og_solve *named_after; /* NULL, or a solve whose trajectories these are, modulo their count */
  const og_solve *pace;    /* NULL, or a solve from t1 to t0 that this one must not outpace on its way back */
  int paced;               /* some trajectories have pacings */
  size_t failed;           /* the trajectory that the last failure was of */
  int replayed;            /* the last run was a replay, whose steps are held */
  int part;                /* a mini-batch: that an event does not happen in it says nothing */
  int renewed;             /* the last pullback has narrowed steps, and so changed results */
  int keeps_pacings;       /* a run has those that were given to it */
  int tangents_trusted;    /* steps are good for tangents */
  int held;                /* steps are good for the derivative: no looks */
  og_gradient_error error; /* of the last pullback, */
  double parameters_error; /* and that of the parameters as a number */
  size_t *selected;        /* NULL, or the trajectories that drivers and adjoints work on, */
  size_t selected_count;   /* which are so many */
  int theta_shared, *x0_given, *theta_given; /* given: [M] */
  double *x0;                                /* [M][states] */
  double *theta;                             /* [parameters] or [M][parameters] */
  og_signal_data *signals;                   /* [M][inputs] */
  size_t signal_values, signal_most;         /* values of all of them; of the trajectory that has most */
  size_t signal_room;                        /* of values_bar */
  double *values_bar;                        /* [signal_values], by the last pullback */
  int pulled, pushed; /* values_bar, the trajectories' event_dots are those of the last run */
  og_trajectory *trajectories;
  size_t observed_count, observed_capacity;
  double *observed; /* [sum of counts][n] */
  double *final;    /* [M][n] */
  double *sizes;    /* [M][n]: largest |x_i| since t0 or the last event; NULL: not wanted */
  og_limits limits;
  double *norm;  /* [n]: what errors of rows are multiplied by for step control; NULL: 1 (tolerances.c) */
  double *atols; /* [padded n]: of each row; NULL: limits.atol for all (tolerances.h) */
  float *atols_single;     /* the same, where there are some */
  _Atomic double *largest; /* [n]: |x_i| of the last run that was looked at for it (tolerances.h) */
  int noting_sizes;        /* the present run is */
  size_t stride;           /* of the records' entries */
  atomic_size_t kept;      /* bytes of all records */
  struct og_checkpoints *checkpoints;
  int looked;                   /* the present run is, or the last was, looked at: coarse.h */
  og_told *told, own_told;      /* by all solves of an objective; own_told: by this one alone */
  int threads_most, lanes_most; /* that a budget has room for; 0: no limit */
  atomic_llong stats[OG_STAT_COUNT];
};

/* One worker's share of the trajectories, [begin, end), on its own thread. */
typedef struct og_share {
  size_t begin, end;
  int lanes;
  og_status status; /* OG_ERR_MEMORY, OG_ERR_BUDGET, OG_ERR_FILE, OG_ERR_INTERRUPTED, or a failure's */
  const atomic_int *interrupt;
  int stiff;           /* a trajectory is stiff, and the method explicit: the run is to begin anew */
  int long_list;       /* of OG_ERR_BUDGET: it is the list of events that is too long */
  double *weights_bar; /* of og_in_blocks: a block's sum, which the worker makes and `collect` frees */
  og_failure failure;
} og_share;

/* Failures that are not of a trajectory: there is no going on. Asked at each step, so that it can be ended
 * there from outside as well. */
static inline int og_share_broken(og_share *share) {
  int interrupted = atomic_load_explicit(share->interrupt, memory_order_relaxed);
  if (interrupted && share->status == OG_OK) share->status = OG_ERR_INTERRUPTED;
  return interrupted || share->stiff || share->status == OG_ERR_MEMORY || share->status == OG_ERR_BUDGET ||
         share->status == OG_ERR_FILE || share->status == OG_ERR_INTERRUPTED;
}

/* A trajectory of the share fails: of several the failure of the lowest one stays, and none hides that there
 * is no going on. */
void og_share_fail(og_share *share, const og_failure *failure);

/* How a worker goes through its share, trajectories (or what else its items are) in lanes, each at a pace of
 * its own: idle lanes begin what is left, all lanes take a step together, and what that came to is settled
 * lane by lane. Integration, its recomputation, the discrete adjoint, tangents and the adjoint's quadrature
 * do so. */
typedef struct og_lane_worker {
  size_t size; /* of its state, which is cleared before it is opened */
  og_status (*open)(void *state, og_solve *solve, og_share *share, void *work);
  int (*fill)(void *state);    /* idle lanes begin items; 0: no lane is busy, and nothing is left */
  void (*step)(void *state);   /* all busy lanes, one step, which may turn out not to be good */
  void (*settle)(void *state); /* lanes go on, deliver what they were for and are idle, or fail */
  void (*close)(void *state);  /* also what was opened in part */
} og_lane_worker;
/* From opening to closing; or the loop alone, over lanes that are filled. */
void og_work_in_lanes(const og_lane_worker *worker, og_solve *solve, og_share *share, void *work);
void og_loop_over_lanes(const og_lane_worker *worker, og_share *share, void *state);

typedef void (*og_worker_fn)(og_solve *solve, og_share *share, void *work);
/* Trajectories in blocks that do not depend on the number of threads; `collect`, if there is one, follows
 * each block's worker in order of the blocks. */
og_status og_in_blocks(og_solve *solve, og_worker_fn worker, og_worker_fn collect, void *work);
/* Numbers that the sum over those blocks takes: one for each weight, and beside them nodes of the tree. */
size_t og_block_sums(const og_solve *solve);
/* Runs `worker` over all items (trajectories, or trajectories times directions), split among the threads. The
 * result is the failure of the lowest item, whatever the number of threads. Sets the context's message. */
og_status og_in_parallel(og_solve *solve, size_t items, og_worker_fn worker, void *work);
int og_solve_threads(const og_solve *solve);
/* Lanes of a block for so many items. */
int og_lanes_for(const og_solve *solve, size_t items);

/* Forward over a share; *mode is OG_INTEGRATE_SOLVE or OG_INTEGRATE_REPLAY. */
void og_integrate_d(og_solve *solve, og_share *share, void *mode);
void og_integrate_s(og_solve *solve, og_share *share, void *mode);

/* What a worker of a solve's derivatives holds at most (adjoint/worker_bytes.c). */
typedef size_t (*og_derivative_bytes_fn)(const og_solve *solve, int lanes, int taped);
/* A solve of a user's field; NULL: no derivatives are computed. */
og_status og_solve_open(og_context *context, const og_field *field, const og_options *options,
                        size_t trajectories, og_derivative_bytes_fn derivative_bytes, og_solve **out);
/* Of a field that a solve makes for itself: options speak of states of another. */
og_status og_solve_make(og_context *context, const og_field *field, const og_options *options,
                        size_t trajectories, og_solve **out);
/* The limits that follow from the stepper. */
void og_limits_of_stepper(og_solve *solve);
/* Names that are formed when a message needs them. */
void og_solve_set_names(og_solve *solve, og_name_fn name_of, const void *names);
const char *og_trajectory_name(const og_solve *solve, size_t trajectory, char text[OG_TRAJECTORY_NAME_SIZE]);
/* The message for a failure: what happened, where, and what to try. */
og_status og_report_failure(const og_solve *solve, const og_failure *failure);
/* Whether an array, called `what`, is finite and within the working precision. */
og_status og_check_rounded(const og_solve *solve, const char *what, const double *values, size_t count);
void og_norm_free(og_solve *solve);
/* The range of trajectories that an index stands for, OG_ALL included. */
og_status og_solve_range(og_solve *solve, size_t trajectory, size_t *begin, size_t *end);
/* Solves what is selected (else all) anew, with steps held to their pacings. */
og_status og_solve_rerun(og_solve *solve);
/* Of the trajectory's last run: how many steps an implicit method has taken. */
size_t og_implicit_steps(const og_solve *solve, const og_trajectory *at);
/* Results no longer belong to the settings; the recorded steps can still be replayed. */
void og_solve_touch(og_solve *solve);
/* That a terminal event came before an observation. */
og_status og_fail_ended(const og_solve *solve, size_t trajectory, size_t observation);
/* Makes room for tangents of the events. */
og_status og_events_make_room(og_solve *solve);
/* Cotangents and tangents of events that are no longer there. */
void og_events_forget(og_solve *solve);
/* Whether every setting is there and makes sense. */
og_status og_solve_check(og_solve *solve);
/* The same, and room for the results of a run. */
og_status og_solve_start(og_solve *solve);
/* Chooses the form of a field that has weights: bound where trajectories share them and the gradient, if any,
 * is the discrete one, else the source. */
og_status og_weight_binding_choose(og_solve *solve);
/* The source for what the bound form cannot do; nonzero if that was a change, which `back` undoes. */
int og_weight_binding_leave(og_solve *solve);
void og_weight_binding_return(og_solve *solve, int back);
/* Whether there are results, and of this trajectory; `what` begins the sentence: "the final state is". */
og_status og_check_result(const og_solve *solve, size_t trajectory, const char *what);
/* Whether min-step, first-step and max-step of the options leave room for a step. */
og_status og_check_steps(const og_solve *solve);
og_status og_fail_not_run(const og_solve *solve, const char *what);
/* Whether an array (NULL: none) is finite; else OG_ERR_NOT_FINITE and `must`: "a tangent must be finite". */
og_status og_check_finite(const og_solve *solve, const char *what, const double *values, size_t count,
                          const char *must);

/* Where step `step` starts, as a fraction of its segment. OG_ERR_UNSUPPORTED when a budget left only some of
 * them. */
og_status og_solve_fraction(const og_solve *solve, size_t trajectory, size_t step, double *fraction);
/* The solve, whose settings are made, gets the steps of `from` to replay: its trajectory m those of
 * trajectory m modulo the count of `from`, as fractions of its own span. */
og_status og_solve_take_steps(og_solve *solve, const og_solve *from);

/* The trajectory that a worker's item stands for, and the number of items. */
static inline size_t og_item(const og_solve *solve, size_t item) {
  return solve->selected ? solve->selected[item] : item;
}
static inline size_t og_items_of(const og_solve *solve) {
  return solve->selected ? solve->selected_count : solve->count;
}
static inline const double *og_theta_of(const og_solve *solve, size_t trajectory) {
  return solve->theta_shared ? solve->theta : solve->theta + trajectory * solve->parameters;
}
/* The time at which step `index` starts, from its fraction of its segment. */
static inline double og_step_time(const og_trajectory *at, size_t index, double fraction) {
  return og_segment_time(&at->path.segments[og_path_find(&at->path, index)], fraction);
}
/* The first step after those of segment `s`. */
static inline size_t og_segment_stop(const og_trajectory *at, size_t s) {
  return s + 1 < at->path.count ? at->path.segments[s + 1].first : at->record.steps;
}
/* Where step `index` of segment `s` ends, as it was tried: the next one's start, or the segment's end. */
static inline double og_step_end_fraction(const og_solve *solve, const og_trajectory *at, size_t s,
                                          size_t index) {
  if (index + 1 == og_segment_stop(at, s)) return at->path.segments[s].last;
  return *(const double *)og_step_record_entry(&at->record, index + 1, solve->stride);
}
static inline void og_count(og_solve *solve, og_stat stat, long long more) {
  atomic_fetch_add_explicit(&solve->stats[stat], more, memory_order_relaxed);
}

#endif
