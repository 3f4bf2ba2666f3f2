/* The continuous adjoint with x(t) read from the forward solve's dense output, as a field of its own:
 *   lambda' = -(df/dx)^T lambda,  and with it, when wanted, q' = -(df/dtheta)^T lambda,
 * to be solved backward; then lambda(t0) = dL/dx0 and q(t0) = dL/dtheta (Pontryagin). */
#ifndef OG_ADJOINT_FIELDS_H
#define OG_ADJOINT_FIELDS_H

#include "adjoint/dense_output.h"

/* Rows lambda[n], and q[p] `with_parameters`. A field is not told which trajectory a lane carries, or in
 * which of its segments; here their numbers come as more rows of theta (og_adjoint_field_number). */
og_status og_adjoint_field_create(og_solve *forward, int with_parameters, og_field **out);

/* What messages of its backward solve say. */
extern const og_role og_lambda_role;
/* Where the backward solve can go no further (docs/adjoints.md, "Where a state runs out"). */
#define OG_STUCK                                                                                             \
  "the adjoint may be singular there: df/dx is infinite where a state runs out, as that of sqrt(h) at h = "  \
  "0; an "                                                                                                   \
  "event that ends it just before helps: event empty when h - 1e-8 = 0 falling { h = 0; stop }"

/* For each number two rows of 24 bits, which single precision holds exactly. */
enum { OG_NUMBER_ROWS = 4, OG_NUMBER_BITS = 24 };
static inline void og_adjoint_field_number(size_t trajectory, size_t segment, double rows[OG_NUMBER_ROWS]) {
  const size_t low = ((size_t)1 << OG_NUMBER_BITS) - 1;
  rows[0] = (double)(trajectory & low);
  rows[1] = (double)(trajectory >> OG_NUMBER_BITS);
  rows[2] = (double)(segment & low);
  rows[3] = (double)(segment >> OG_NUMBER_BITS);
}

typedef struct og_adjoint_field {
  og_field base;
  og_solve *forward;
  int with_parameters;
  int *source; /* owned, in base.own: of each entry of the pattern the one of the forward field's */
} og_adjoint_field;

#include "base/in_double.h"
#include "adjoint/lambda_real.h"

#include "base/in_single.h"
#include "adjoint/lambda_real.h"

/* Of og_field.prepare (lambda_jacobian_real.c). */
og_status og_lambda_prepare(og_field *field);
extern const og_field_ops_d og_lambda_ops_d;
extern const og_field_ops_s og_lambda_ops_s;

/* ---- With x ---- */

/* The continuous adjoint as a field of its own: d/dt (x, lambda, q) = (f, -(df/dx)^T lambda, -(df/dtheta)^T
 * lambda), to be solved backward; then lambda(t0) = dL/dx0 and q(t0) = dL/dtheta (Pontryagin; Chen et al.
 * 2018, appendix B). */
og_status og_augmented_field_create(og_context *context, const og_field *inner, og_field **out);

typedef struct og_augmented_field {
  og_field base;
  const og_field *inner;
} og_augmented_field;
extern const og_field_ops_d og_backsolve_ops_d;
extern const og_field_ops_s og_backsolve_ops_s;

#endif
