/* Runge-Kutta methods as data: one row a method (tableaus.c), one step and one transpose for all (step.h). */
#ifndef OG_TABLEAU_H
#define OG_TABLEAU_H

#include "odegrad.h"

enum { OG_STAGES_MAX = 16, OG_INTERPOLANT_DEGREE_MAX = 7 };

/* Stage j: K_j = f(t + c_j h, x + h sum_{l<j} a_jl K_l). x1 = x + h sum_j b_j K_j. Stages `stages` ..
 * `stages_total` - 1 exist for the interpolant only and are evaluated in steps that need it. */
typedef struct og_tableau {
  const char *name;        /* as on the command line */
  const char *description; /* "Dormand-Prince 5(4), 7 stages, first same as last" */
  const char *source;      /* paper, equation or table */
  int order;
  int embedded_order;     /* 0: no error estimate, fixed steps only */
  int interpolant_order;  /* x(t + s h) has local error O(h^(order + 1)) at this order */
  int stages;             /* including a last one that equals f at the step's end */
  int stages_total;       /* with the interpolant's own */
  int first_same_as_last; /* a[stages-1] == b, b[stages-1] == 0: K of the last stage is the next step's first
                           */
  int interpolant_degree;
  double c[OG_STAGES_MAX];
  double a[OG_STAGES_MAX][OG_STAGES_MAX]; /* strictly lower triangle */
  double b[OG_STAGES_MAX];
  double e[OG_STAGES_MAX];  /* x1 minus embedded solution = h sum e_j K_j */
  double e2[OG_STAGES_MAX]; /* a second estimate (DOP853's third-order one), all zero for the rest: see step
                               control */
  /* x(t + s h) = x + h sum_j K_j sum_{d=1..degree} interpolant[j][d-1] s^d */
  double interpolant[OG_STAGES_MAX][OG_INTERPOLANT_DEGREE_MAX];
} og_tableau;

/* The tableau of a method; NULL for one that is of another kind, or none. */
const og_tableau *og_tableau_of(og_method method);

#endif
