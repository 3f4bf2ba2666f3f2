/* Who computes gradients of the stiff problems: odegrad by a method and a kind of field, or CVODES' adjoint.
 */
#ifndef BENCH_STIFF_CONTESTANT_H
#define BENCH_STIFF_CONTESTANT_H

#include <stddef.h>

#include "stiff_problems.h"

typedef enum stiff_field { STIFF_COMPILED, STIFF_MODEL, STIFF_CALLBACKS } stiff_field;

/* Gradients [trajectories][n + p]: dL/dx0, then p dL/dp. Everything is made once. */
typedef struct stiff_own stiff_own;
stiff_own *stiff_own_create(const stiff_problem *problem, stiff_field field, const char *method,
                            double tolerance, const char *control, size_t trajectories);
void stiff_own_destroy(stiff_own *o);
/* theta [trajectories][p]; 0 for success. */
int stiff_own_gradient(stiff_own *o, const double *theta, double *gradients);
/* Steps in the last gradient, and of those implicit ones. */
void stiff_own_counts(const stiff_own *o, long long *steps, long long *implicit, long long *refinements);

/* What a user of CVODES can turn: BDF, direct solvers and the exact Jacobians. */
typedef struct stiff_peer_settings {
  int polynomial, quadrature_control; /* as in peer.h */
  double backward_factor;
} stiff_peer_settings;
typedef struct stiff_peer stiff_peer;
/* Its version, or NULL when the benchmarks were built without it. */
const char *stiff_peer_version(void);
/* NULL when something failed, or without CVODES. */
stiff_peer *stiff_peer_create(const stiff_problem *problem, const stiff_peer_settings *settings,
                              double tolerance);
void stiff_peer_destroy(stiff_peer *p);
int stiff_peer_gradient(stiff_peer *p, const double *theta, double *gradient);

#endif
