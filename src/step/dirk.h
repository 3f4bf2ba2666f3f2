/* The diagonally implicit kind of step (Kvaerno 2004; Kennedy & Carpenter 2016): a first stage that is
 * explicit, and stages that are implicit in themselves alone, all with the same gamma. In increments u_i = h
 * K_i,
 *
 *   M u_1 = h f(t, x),
 *   X_i = x + sum_{j<i} a_ij u_j + gamma u_i,  M u_i = h f(t + c_i h, X_i),
 *   x1 = x + sum_j b_j u_j.
 *
 * u_i is found as z / gamma with z = X_i - (x + sum_{j<i} a_ij u_j), never as h f(X_i), which would multiply
 * what is left of z's error by h df/dx. The equations are solved to rounding, so that the step is a function
 * of x, theta, t and h to rounding too, whatever the iterations were, and its derivative is that of the
 * equations.
 *
 * The first stage is evaluated at x, not carried over from the step before: a step remains a function of x
 * alone. What df/dx makes of x's rounding there is damped by the stages after it, and has no part in the
 * interpolants, whose weights make it cancel.
 *
 * Begin reading in dirk_real.c, the step; then dirk_newton_real.c, its stages; dirk_linear_real.c, their
 * linear equations; then dirk_transpose_real.c. */
#ifndef OG_DIRK_H
#define OG_DIRK_H

#include "step/increments.h"

enum { OG_DIRK_STAGES = 7, OG_DIRK_DEGREE = 4 };

/* What is solved for, which decides how well it must be where it is iterated (dirk_linear_real.c): a
 * correction of Newton's; a derivative; an error. */
enum { OG_DIRK_CORRECTION, OG_DIRK_DERIVATIVE, OG_DIRK_ERROR };

/* A method as data. */
typedef struct og_dirk_tableau {
  const char *name, *description, *source;
  int order, embedded_order, interpolant_order; /* embedded_order 0: fixed steps only */
  int stages, interpolant_degree;               /* with the explicit one */
  double gamma;
  double c[OG_DIRK_STAGES];
  double a[OG_DIRK_STAGES][OG_DIRK_STAGES]; /* strictly lower triangle */
  double b[OG_DIRK_STAGES];
  /* x1 minus embedded solution = sum e_j u_j; without an embedded one a difference to a formula of lower
   * order, or all zero. */
  double e[OG_DIRK_STAGES];
  /* x(t + s h) = x + sum_j u_j sum_{d=1..degree} interpolant[j][d-1] s^d */
  double interpolant[OG_DIRK_STAGES][OG_DIRK_DEGREE];
} og_dirk_tableau;

#include "base/in_double.h"
#include "step/dirk_step.h"

#include "base/in_single.h"
#include "step/dirk_step.h"

/* The tableau of a method; NULL for one that is of another kind. */
const og_dirk_tableau *og_dirk_tableau_of(og_method method);
/* As what inside a step, and its end, are made of. */
og_increment_rows og_dirk_rows(const og_dirk_tableau *tableau);
/* The method of a row of coefficients. */
og_stepper og_dirk_stepper(const og_dirk_tableau *tableau);

#endif
