/* The fully implicit kind of step: collocation at Radau's nodes (Hairer & Wanner IV.5), all stages together.
 * With z_i = X_i - x, which are the increments,
 *
 *   1/h M sum_j (A^-1)_ij z_j = f(t + c_i h, x + z_i),  x1 = x + z_s,
 *
 * and x(t + s h) is the polynomial through x and the X_i. The system of s n equations is solved to rounding
 * with its exact matrix, of blocks (A^-1)_ij M / h - delta_ij df/dx(X_i): the transformed one of RADAU5, of
 * one real and some complex n x n matrices, has one df/dx for all stages, and is no matrix of the transpose.
 * M may be singular.
 *
 * Begin reading in radau_real.c, the step; then radau_newton_real.c; then radau_transpose_real.c. */
#ifndef OG_RADAU_H
#define OG_RADAU_H

#include "step/increments.h"

enum { OG_RADAU_STAGES = 5 };

/* A method as data. */
typedef struct og_radau_tableau {
  const char *name, *description, *source;
  int order, stages;
  double c[OG_RADAU_STAGES];
  double inverse[OG_RADAU_STAGES][OG_RADAU_STAGES]; /* A^-1 */
  double b[OG_RADAU_STAGES];                        /* x1 = x + sum b_j z_j */
  /* x1 minus a solution of order s, made of f at the step's start too: - gamma h f - sum e_j z_j, with gamma
   * the real eigenvalue of A. */
  double gamma;
  double e[OG_RADAU_STAGES];
  /* x(t + s h) = x + sum_j z_j sum_{d=1..stages} interpolant[j][d-1] s^d */
  double interpolant[OG_RADAU_STAGES][OG_RADAU_STAGES];
} og_radau_tableau;

#include "base/in_double.h"
#include "step/radau_step.h"

#include "base/in_single.h"
#include "step/radau_step.h"

/* The tableau of a method; NULL for one that is of another kind. */
const og_radau_tableau *og_radau_tableau_of(og_method method);
/* A of the collocation. */
void og_radau_collocation(const og_radau_tableau *tableau, double a[OG_RADAU_STAGES][OG_RADAU_STAGES]);
/* As what inside a step, and its end, are made of. */
og_increment_rows og_radau_rows(const og_radau_tableau *tableau);
og_stepper og_radau_stepper(const og_radau_tableau *tableau);

#endif
