/* What the continuous adjoints share: a solve of an adjoint field from the end back to t0, in rounds from
 * jump point to jump point: observations, where lambda jumps by their cotangents; events, where it jumps by
 * the transpose of what they do to the state and of their times' dependence on it; breakpoints of inputs. */
#ifndef OG_BACKWARD_H
#define OG_BACKWARD_H

#include "adjoint/adjoint.h"
#include "adjoint/event_adjoint.h"

/* Where one trajectory is on its way back. */
typedef struct og_jump_point {
  size_t segment;
  size_t cursor; /* observations not yet passed, of those that have cotangents */
  double t;
  double held_bar; /* cotangent of the time of a held event, which is the start of its segment */
  int arrived;     /* at t0 */
} og_jump_point;

typedef struct og_backward {
  og_solve *solve; /* the forward one */
  og_solve *back;  /* of the adjoint field, a round a run */
  og_field
      *field; /* its state is x[n] if lambda_row is n, then lambda[n], then q[p] if it has so many rows */
  size_t lambda_row;
  og_pullback *pullback;
  double *state;              /* [M][rows of the field], where the next round starts */
  double *rows;               /* [M][p of the field]: its theta in the present segment */
  double *theta_bar;          /* [M][p]: what does not come by q */
  og_jump_point *jump_points; /* [M] */
  double *point;              /* blocks of one lane of the forward field: og_backward_point */
  double *errors, *left_out;  /* [M]: of all rounds, as in og_trajectory */
  void *path; /* for slopes of what an implicit method solved; NULL: f's are good (path_slope_real.c) */
} og_backward;

static inline double *og_backward_state(const og_backward *b, size_t m) { return b->state + m * b->field->n; }
static inline double *og_backward_lambda(const og_backward *b, size_t m) {
  return og_backward_state(b, m) + b->lambda_row;
}

/* How a backward solve goes: the norm of its step control, and its tolerances as a share
 * of the solve's. */
typedef struct og_backward_how {
  og_norm norm;
  double share;
} og_backward_how;
/* Opens a backward solve of `field`, which it takes over. On failure, too, it must be closed. */
og_status og_backward_open(og_backward *b, og_solve *solve, og_pullback *pullback, og_field *field,
                           size_t lambda_row, const og_role *role, og_backward_how how);
void og_backward_close(og_backward *b);

/* One kind of backward solve. */
typedef og_status (*og_backward_fn)(og_solve *solve, og_pullback *pullback, og_backward_how how);
/* The kind with the norm of the options, held against the discrete adjoint (`checked`), or where no steps are
 * kept against itself (`trusted`). Trajectories whose results are in doubt get those of the full norm and
 * tighter tolerances; OG_ERR_UNRESOLVED if that does not help. */
og_status og_backward_trusted(og_solve *solve, og_pullback *pullback, og_backward_fn kind);
og_status og_backward_checked(og_solve *solve, og_pullback *pullback, og_backward_fn kind);
/* What is left to do over a round's recorded steps, before lambda jumps. */
typedef og_status (*og_round_fn)(og_backward *b);
/* From the end to t0, with time gradients; x0_bar and theta_bar are filled. `after` may be NULL. */
og_status og_backward_run(og_backward *b, og_round_fn after);

/* f(t, x) of a trajectory with the rows of its present segment, [n], in blocks of its own (jump_points.c). */
og_status og_backward_slope(og_backward *b, size_t m, double t, const double *x, const double **f);
/* The same on the forward solution, where x is known to a tolerance only. */
og_status og_backward_path_slope(og_backward *b, size_t m, double t, const double *x, const double **f);
size_t og_backward_point(const og_solve *solve);
/* The end of the trajectory: its terminal event, if one ended it. */
og_status og_jump_point_begin(og_backward *b, size_t m);
/* The next jump point on the way back is at this time; its state, where that is known because x is given or
 * left behind by an event there, else NULL. */
double og_jump_point_next(const og_backward *b, size_t m);
const double *og_jump_point_state(const og_backward *b, size_t m);
/* dL/dT of the start T of the present segment, when lambda is there. */
og_status og_jump_point_start_bar(og_backward *b, size_t m, double *bar);
/* It was reached. */
og_status og_jump_point_pass(og_backward *b, size_t m);
/* The rows of theta in the present segment, into b->rows and into the backward solve. */
og_status og_jump_point_set_rows(og_backward *b, size_t m);
/* Cotangents of the rows of inputs to the signals' values. */
void og_jump_point_pull_inputs(og_backward *b, size_t m);

#endif
