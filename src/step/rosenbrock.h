/* The Rosenbrock kind of step (Hairer & Wanner IV.7): linearly implicit, without iterations, so that what it
 * computes is a function of x, theta, t and h like an explicit step, and its transpose is exact. In the form
 * without products with J, u_i = sum_j gamma_ij k_j h, and W = M / (h gamma) - J with J = df/dx at the step's
 * start:
 *
 *   X_i = x + sum_{j<i} a_ij u_j
 *   W u_i = f(t + alpha_i h, X_i) + 1/h M sum_{j<i} c_ij u_j + h d_i df/dt
 *   x1 = x + sum_j m_j u_j
 *
 * Begin reading in rosenbrock_real.c, the step; then rosenbrock_transpose_real.c. */
#ifndef OG_ROSENBROCK_H
#define OG_ROSENBROCK_H

#include "step/increments.h"

enum { OG_ROSENBROCK_STAGES = 8, OG_ROSENBROCK_DEGREE = 4 };

/* A method as data. */
typedef struct og_rosenbrock_tableau {
  const char *name, *description, *source;
  int order, embedded_order, interpolant_order;
  int stages, interpolant_degree;
  double gamma;
  double alpha[OG_ROSENBROCK_STAGES];
  double d[OG_ROSENBROCK_STAGES];
  double a[OG_ROSENBROCK_STAGES][OG_ROSENBROCK_STAGES]; /* strictly lower triangles */
  double c[OG_ROSENBROCK_STAGES][OG_ROSENBROCK_STAGES];
  double m[OG_ROSENBROCK_STAGES];
  double e[OG_ROSENBROCK_STAGES]; /* x1 minus embedded solution = sum e_j u_j */
  /* x(t + s h) = x + sum_j u_j sum_{d=1..degree} interpolant[j][d-1] s^d */
  double interpolant[OG_ROSENBROCK_STAGES][OG_ROSENBROCK_DEGREE];
} og_rosenbrock_tableau;

#include "base/in_double.h"
#include "step/rosenbrock_step.h"

#include "base/in_single.h"
#include "step/rosenbrock_step.h"

/* The tableau of a method; NULL for one that is of another kind. */
const og_rosenbrock_tableau *og_rosenbrock_tableau_of(og_method method);
/* As what inside a step, and its end, are made of. */
og_increment_rows og_rosenbrock_rows(const og_rosenbrock_tableau *tableau);
/* The method of a row of coefficients. */
og_stepper og_rosenbrock_stepper(const og_rosenbrock_tableau *tableau);

#endif
