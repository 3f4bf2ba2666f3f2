/* Where M x' = f has algebraic equations, the state at the start of a stretch (t0, a breakpoint of an input
 * or of f, an event) is made consistent: from what is given, x, to the state x + V z with M as it was, V
 * being the directions that M leaves open, at which w^T f = 0 for all algebraic equations (algebraic.h). That
 * is a map of its own, and has a pullback and a tangent, by the implicit function theorem: with B = W^T
 * (df/dx) V,
 *
 *   nu = B^-T V^T xbar,  xbar -= (df/dx)^T W nu,  thetabar -= (df/dtheta)^T W nu,  tbar -= (df/dt)^T W nu,
 *
 * so that what comes out is in the range of M^T: a guess of an algebraic state has no derivative.
 *
 * All of it is of one trajectory, and in double in both precisions. */
#ifndef OG_CONSISTENT_H
#define OG_CONSISTENT_H

#include "solve/algebraic.h"
#include "solve/inconsistency.h"

struct og_solve;

/* theta [p] and what is called x, f, x_bar, ... are blocks of one lane (base/real.h). */
typedef struct og_instant {
  double t;
  const double *theta;
  void *scratch; /* the field's, for one lane */
  double *work;  /* og_consistent_work doubles */
} og_instant;

/* Whether there is anything to be made consistent. */
int og_has_algebraic(const struct og_solve *solve);
/* Doubles, a multiple of OG_LANE_STEP: 0 where M is the identity. */
size_t og_consistent_work(const struct og_solve *solve);

/* x becomes consistent. OG_ERR_INCONSISTENT, OG_ERR_INDEX, OG_ERR_FIELD or OG_ERR_NOT_FINITE without a
 * message: why. */
og_status og_consistent_solve(const struct og_solve *solve, const og_instant *at, double *x,
                              og_inconsistency *why);
/* At a consistent x: x_bar [n], of it, becomes that of what was given; theta_bar [p] (NULL: not wanted) and
 * *t_bar are added to. */
og_status og_consistent_pull(const struct og_solve *solve, const og_instant *at, const double *x,
                             double *x_bar, double *theta_bar, double *t_bar);
/* x_dot [n], of what was given, becomes that of the consistent x. */
og_status og_consistent_push(const struct og_solve *solve, const og_instant *at, const double *x,
                             double t_dot, const double *theta_dot, double *x_dot);
/* f at a consistent x becomes x', where M is not the identity. */
og_status og_consistent_slope(const struct og_solve *solve, const og_instant *at, const double *x, double *f);

#endif
