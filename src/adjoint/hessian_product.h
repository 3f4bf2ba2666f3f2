/* Second derivatives of a solve: the tangents of its trajectories along several directions, solved over its
 * recorded steps, and the pullback through them. */
#ifndef OG_HESSIAN_PRODUCT_H
#define OG_HESSIAN_PRODUCT_H

#include "adjoint/adjoint.h"

typedef struct og_hessian_product {
  og_solve *base;
  size_t directions;
  int shared;      /* one (theta, theta_dot) for all trajectories */
  og_field *field; /* of (x, x_dot) */
  og_solve *solve; /* trajectory m along direction d is its trajectory d M + m */
} og_hessian_product;

/* Cotangents of a solve's results, as og_solve_pullback takes them. */
typedef struct og_seeds {
  const double *observed, *final, *cost;
} og_seeds;

/* Solves along x0_dot [D][M][n] and theta_dot [D][p] or [D][M][p] (NULL: zero). To be closed also after a
 * failure. */
og_status og_hessian_product_open(og_solve *base, size_t directions, const double *x0_dot,
                                  const double *theta_dot, og_hessian_product *second);
void og_hessian_product_close(og_hessian_product *second);
/* Tangents of the observed states [D][sum of counts][n] and the final states [D][M][n]; NULL: not wanted. */
void og_hessian_product_tangents(const og_hessian_product *second, double *observed_dot, double *final_dot);
/* From cotangents and their tangents along each direction (a leading [D]), added to: x0_bar_dot [D][M][n],
 * theta_bar_dot [D][p] or [D][M][p]; overwritten: x0_bar [M][n]. Each may be NULL. */
og_status og_hessian_product_pullback(og_hessian_product *second, og_seeds bar, og_seeds bar_dot,
                                      double *x0_bar_dot, double *theta_bar_dot, double *x0_bar);

#endif
