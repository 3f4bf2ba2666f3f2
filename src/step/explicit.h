/* The explicit Runge-Kutta kind of step: a row of coefficients (tableau.h), one step, one transpose, one
 * interpolant for all of them. With X_j = x + h sum_{l<j} a_jl K_l, K_j = f(t + c_j h, X_j), x1 = x + h sum_j
 * b_j K_j.
 *
 * Begin reading in explicit_real.c, the step; then explicit_transpose_real.c. */
#ifndef OG_EXPLICIT_H
#define OG_EXPLICIT_H

#include "step/step.h"
#include "step/tableau.h"

#include "base/in_double.h"
#include "step/explicit_step.h"

#include "base/in_single.h"
#include "step/explicit_step.h"

/* Weights of the interpolant at s in [0, 1], and of its derivative with respect to s (each may be NULL). */
void og_interpolant_weights(const og_tableau *tableau, double s, double *weights, double *slopes);
/* The method of a row of coefficients. */
og_stepper og_explicit_stepper(const og_tableau *tableau);

#endif
