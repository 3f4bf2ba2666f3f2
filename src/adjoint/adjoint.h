/* Derivatives of a solve: what goes in, what comes out, and the drivers of each kind.
 *
 * The room reads recorded steps through a step reader and knows fields by their contract. Begin with
 * pullback.c (the public call, which chooses a kind), then discrete_real.c (back through the steps) or
 * backward.c (the continuous adjoints); trusted.c, trust.c and refine.c judge how far the result can be
 * trusted, hessian_product.c goes on to second order. */
#ifndef OG_ADJOINT_H
#define OG_ADJOINT_H

#include "base/tree_sum.h"
#include "step/step.h"
#include "solve/memory/recompute.h"

/* Cotangents in, as given to og_solve_pullback, and per-trajectory results in the solve's workspace. */
typedef struct og_pullback {
  const double *observed_bar, *final_bar, *cost_bar;
  int want_times;          /* any of t0_bar, t1_bar, times_bar */
  int looks;               /* of the discrete adjoint: OG_LOOKS_... (looks.h) */
  double *x0_bar;          /* [M][states] */
  double *theta_bar;       /* [M][parameters that are in lanes] */
  double *weights_bar;     /* [bound weights]: summed over trajectories, behind it nodes of weights_sum */
  og_tree_sum weights_sum; /* over blocks of lanes */
  double weights_size;     /* the largest entry of weights_bar, once it is known */
  double *t0_bar, *t1_bar, *times_bar;
  double *values_bar; /* of the inputs' signals */
} og_pullback;

/* Results of `count` trajectories take so many numbers; the pullback's arrays of results are laid into such
 * memory, one after the other. Times, values of inputs and bound weights are those of all trajectories. */
size_t og_results_entries(const og_solve *solve, size_t count);
void og_results_lay_out(const og_solve *solve, og_pullback *pullback, size_t count, double *memory);
/* Those of trajectory m, at place `item` of `from`, go to place m of `to`; to->theta_bar may be NULL. Bound
 * weights have no cotangent for each trajectory. */
void og_results_take(const og_solve *solve, size_t m, const og_pullback *from, size_t item, og_pullback *to);

/* Tangents in and out, as given to og_solve_pushforward; or, when `gradient` is not NULL, every unit
 * direction of each trajectory (x0, theta, t0, t1, inputs' values: og_directions of them) contracted with the
 * cotangents of `pullback`. */
typedef struct og_pushforward {
  const double *x0_dot, *theta_dot, *t0_dot, *t1_dot, *times_dot;
  double *observed_dot, *final_dot, *cost_dot;
  const og_pullback *pullback;
  double *gradient; /* [M][og_directions] */
} og_pushforward;

static inline size_t og_directions(const og_solve *solve) {
  return solve->states + solve->parameters + 2 + solve->signal_most;
}

/* Workers for og_in_parallel; `work` is an og_pullback or og_pushforward. */
void og_discrete_d(og_solve *solve, og_share *share, void *pullback);
void og_discrete_s(og_solve *solve, og_share *share, void *pullback);
void og_tangent_d(og_solve *solve, og_share *share, void *pushforward);
void og_tangent_s(og_solve *solve, og_share *share, void *pushforward);
/* What such a worker holds at most, on blocks of so many lanes; taped: its steps leave tapes. Of all kinds of
 * derivatives the most (worker_bytes.c). */
size_t og_discrete_bytes_d(const og_solve *solve, int lanes, int taped);
size_t og_discrete_bytes_s(const og_solve *solve, int lanes, int taped);
size_t og_tangent_bytes_d(const og_solve *solve, int lanes);
size_t og_tangent_bytes_s(const og_solve *solve, int lanes);
size_t og_derivative_bytes(const og_solve *solve, int lanes, int taped);
/* The continuous adjoint: x, lambda and the parameter integral backward together; lambda and the integral,
 * with x(t) from dense output; lambda alone, the integral afterwards. */
og_status og_backsolve(og_solve *solve, og_pullback *pullback);
og_status og_interpolate(og_solve *solve, og_pullback *pullback);
og_status og_quadrature(og_solve *solve, og_pullback *pullback);

/* Whether the solve's results stand for its settings; whether its field has a product (named with the
 * function that sets it); whether cotangents are finite. */
og_status og_check_kept(const og_solve *solve);
og_status og_check_flag(const og_solve *solve, unsigned flag, const char *product, const char *setter);
og_status og_check_seeds(const og_solve *solve, const char *what, const double *bar, size_t count);

#include "base/in_double.h"
#include "adjoint/step_reader.h"

#include "base/in_single.h"
#include "adjoint/step_reader.h"

#endif
