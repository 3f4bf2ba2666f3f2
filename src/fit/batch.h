/* What of the data is evaluated together: initial-value problems, each a trajectory or a window of its rows,
 * one solve of them per adjoint, and all the memory an evaluation uses. */
#ifndef OG_BATCH_H
#define OG_BATCH_H

#include "fit/loss_program.h"

/* OG_ADJOINT_WHOLE: discrete, with every step kept whatever the memory budget. */
enum { OG_ADJOINT_KINDS = OG_ADJOINT_FORWARD + 1, OG_ADJOINT_WHOLE = OG_ADJOINT_KINDS };

/* One of them. `row` is its first row in the data; a window starts from the values there. */
typedef struct og_problem {
  size_t trajectory, row, rows;
  size_t first; /* of its observations, among the batch's */
  int window;   /* starts from the data */
  int cut;      /* ends at its last row: a window, or rows of a solve from the model's initial state */
} og_problem;

/* Where a problem ended in the last run: at t1, or at a terminal event. */
typedef struct og_ending {
  double t;
  const char *name; /* of the event; NULL: none, the end is t1 */
  size_t events;    /* of the problem, the terminal one included */
} og_ending;

typedef struct og_batch {
  og_objective *objective;
  size_t M, N;           /* problems, observations */
  size_t M_room, N_room; /* that there is memory for */
  og_problem *problems;  /* [M] */
  size_t *whole;         /* [whole_count]: the problems that are no windows */
  size_t whole_count;
  size_t *trajectories;                   /* [M]: of the problems */
  size_t *rows;                           /* [N]: of the data */
  size_t *row_ends, *whole_ends;          /* [blocks]: observations, and whole problems, up to the end of */
  size_t blocks;                          /* each block of OG_ITEM_BLOCK problems */
  size_t present;                         /* values observed in them */
  double *t0, *t1, *end;                  /* [M]: the span, and where the last run ended */
  double *final_inputs;                   /* [M][og_inputs_width]: at the end */
  og_solve *solves[OG_ADJOINT_WHOLE + 1]; /* made when first asked for */
  unsigned char ready[OG_ADJOINT_WHOLE + 1];  /* they have the problems' spans, observations and inputs */
  double *x0, *observed, *final;              /* [M][n], [N][n], [M][n] */
  double *row_losses, *final_losses, *losses; /* [N], [M], [M]: the last is each problem's sum */
  double *observed_bar, *final_bar, *ones;    /* cotangents for the solve: [N][n], [M][n], [M] */
  double *x0_bar, *t0_bar, *t1_bar;           /* [M][n], [M], [M] */
  double *t_bar;                              /* of one term's own time [M] */
  og_ending *endings;                         /* [M] */
  double *memory;                             /* of the arrays */
  double *event_bars;                         /* [event_room]: of one problem's events */
  size_t event_room;
} og_batch;

/* Every trajectory as a whole; what the windows say, which have been checked. */
og_status og_batch_set_all(og_batch *batch);
og_status og_batch_set_windows(og_batch *batch, size_t count, const og_window *windows);
void og_batch_free(og_batch *batch);
/* The items of a term: of the initial state, of observations, of final costs. */
og_items og_batch_initial_items(const og_batch *batch);
og_items og_batch_observed_items(const og_batch *batch);
og_items og_batch_final_items(const og_batch *batch);
/* The solve of a kind (an og_adjoint or OG_ADJOINT_WHOLE), with its spans and observation times set. */
og_status og_batch_solve(og_batch *batch, int kind, og_solve **out);

/* After a solve: where each problem ended, which is when its final cost is taken; whether its observations
 * were reached; and the cotangent of the end's time put where it belongs. */
og_status og_batch_find_endings(og_batch *batch, const og_solve *solve);
og_status og_batch_check_reached(const og_batch *batch, size_t m);
og_status og_batch_pull_ending(og_batch *batch, og_solve *solve, size_t m, double t_bar);

/* x0(theta) into batch->x0; windows have theirs from the data. */
og_status og_batch_initial_states(og_batch *batch, const double *theta);
/* The terms after a solve: fills `losses`, and with `gradient` the cotangents of the solve's results; adds
 * the terms' own dependence on theta to theta_bar and on t1 to t1_bar. A loss that is not finite is refused.
 */
og_status og_batch_terms(og_batch *batch, og_solve *solve, const double *theta, int gradient);
/* The message for observation i of problem m, whose loss or its derivative is not finite. */
og_status og_batch_bad_row(const og_batch *batch, const double *theta, size_t m, size_t i);
/* Everything up to the loss at theta, and with `gradient` the cotangents; *out is the solve. */
og_status og_batch_forward(og_batch *batch, int kind, const double *theta, int gradient, og_solve **out);
/* And back: theta_bar of the objective and x0_bar; with `times` t0_bar and t1_bar too, which cost more. */
og_status og_batch_pull_back(og_batch *batch, og_solve *solve, const double *theta, int times);
double og_batch_total(const og_batch *batch);

#endif
