/* A step that an event stopped, differentiated: the event's time is where the guard vanishes on the step's
 * interpolant, G(sigma) = g(t + sigma h, x + h sum_j b_j(sigma) K_j, theta) = 0, so that the implicit
 * function theorem gives sigma's derivative; then comes the jump. */
#ifndef OG_EVENT_ADJOINT_H
#define OG_EVENT_ADJOINT_H

#include "solve/events/guards.h"

/* All arrays are blocks of one lane. */
typedef struct og_event_adjoint {
  const og_segment *segment; /* that the event ended */
  double h;
  const double *speed; /* dx/dsigma = h sum_j b_j'(sigma) K_j, [n] */
  const double *parts; /* |h| sum_j |b_j'(sigma) K_j|, [n]: what it is the sum of */
  const double *
      slope; /* what speed is an interpolant's approximation of: h f just before the event; NULL: not known */
  og_guard_point at; /* just before the event */
  double *own;       /* og_event_adjoint_own doubles */
} og_event_adjoint;
size_t og_event_adjoint_own(const og_solve *solve);

/* What the approximate speed does to the cotangents: to that of the state before the event, relative to the
 * larger of its size and of the part that came by the guard; and to the parameters', as it is. */
typedef struct og_event_adjoint_error {
  double lambda, theta;
} og_event_adjoint_error;

/* Cotangents at the event of trajectory `at`, those that the caller put on it included. `after_bar` [n] and
 * *t_bar come in, of the state after it (changed) and of its time; before_bar [n] and *t_bar go out, of the
 * state before it and its time with sigma held; theta_bar [p] accumulates. OG_ERR_GRAZING when the guard does
 * not pass zero at any speed; OG_ERR_FIELD from a callback. `error` is 0 where the slope is not known. */
og_status og_event_adjoint_pull(const og_solve *solve, const og_event_adjoint *event, og_trajectory *at,
                                double *after_bar, double *before_bar, double *theta_bar, double *t_bar,
                                og_event_adjoint_error *error);
/* Tangents: *t_dot and before_dot [n] come in with sigma held and go out as they are; after_dot [n]. */
og_status og_event_adjoint_push(const og_solve *solve, const og_event_adjoint *event, const double *theta_dot,
                                double *t_dot, double *before_dot, double *after_dot);

#endif
