/* The peer: gradients by SUNDIALS CVODES, behind an interface that shows nothing of it. Memory is allocated
 * once in peer_create and reused by every gradient, as an optimised program would. */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include "problem.h"

typedef enum peer_kind {
  PEER_ADJOINT,    /* CVODES' adjoint: solve with checkpoints, then lambda and quadratures backward */
  PEER_SENSITIVITY /* CVODES' forward sensitivities, for comparison */
} peer_kind;

/* What a user of CVODES can turn. */
typedef struct peer_settings {
  peer_kind kind;
  int bdf; /* BDF, Newton, dense direct solver with the exact Jacobian; else Adams, fixed-point iteration */
  int polynomial;         /* of the stored solution: variable-degree polynomial; else cubic Hermite */
  int quadrature_control; /* do the quadratures take part in the backward error control? */
  int checkpoint_steps;   /* steps between checkpoints */
  double tolerance;       /* relative and absolute, of the solution */
  double backward_factor; /* tolerance of the backward problem and its quadratures, relative to the above */
  double first_step;      /* of the backward problem: this times sqrt(tolerance); 0: CVODES' own choice */
} peer_settings;

typedef struct peer peer;

/* "SUNDIALS 6.4.1 (-O2)", or NULL when the benchmarks were built without it. */
const char *peer_version(void);

/* NULL when something failed. */
peer *peer_create(const peer_settings *settings);
void peer_destroy(peer *p);

/* 0 for success. peer_solve is the plain solve with the observed problem's outputs, no gradient. */
int peer_observed_gradient(peer *p, const double parameters[LV_PARAMETERS], double *loss,
                           double gradient[LV_GRADIENT]);
int peer_final_gradient(peer *p, const double parameters[LV_PARAMETERS], double *loss,
                        double gradient[LV_GRADIENT]);
int peer_solve(peer *p, const double parameters[LV_PARAMETERS]);

/* Steps of the solution and right-hand sides of the backward problem in the last gradient. */
void peer_counts(const peer *p, long *steps, long *backward_evaluations);

#endif
