/* A field together with its tangent, as a field of its own: d/dt (x, x_dot) = (f, df/dx x_dot + df/dtheta
 * theta_dot), with parameters (theta, theta_dot). Inputs are not varied.
 *
 * A Runge-Kutta step of it is the step of x and that step's tangent, so its discrete adjoint, given
 * (x_bar_dot, x_bar) at the end, arrives at the tangent of the pullback and the pullback itself:
 * Hessian-vector products by forward over adjoint, exact for the computed numbers, with no step code of their
 * own (Griewank & Walther, Evaluating Derivatives, 2008, section 5.3). */
#ifndef OG_TANGENT_FIELD_H
#define OG_TANGENT_FIELD_H

#include "field/field.h"

/* `inner` must have vjp, jvp and hessian, and no events; what implicit methods need of it besides is that it
 * has a Jacobian, and for a Hessian of it (Rosenbrock steps) third derivatives, no mass matrix and that
 * og_field_want_third was called. A running cost is a state like any other here. */
og_status og_tangent_field_create(og_context *context, const og_field *inner, og_field **out);

typedef struct og_tangent_field {
  og_field base;
  const og_field *inner;
  size_t fine_row[]; /* base.fine_row */
} og_tangent_field;
extern const og_field_ops_d og_tangent_field_ops_d;
extern const og_field_ops_s og_tangent_field_ops_s;
/* Of og_field.prepare (tangent_implicit_real.c). */
og_status og_tangent_prepare(og_field *field);

#include "base/in_double.h"
#include "adjoint/tangent_field_ops.h"

#include "base/in_single.h"
#include "adjoint/tangent_field_ops.h"

#endif
