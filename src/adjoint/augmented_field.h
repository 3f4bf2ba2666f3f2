/* The continuous adjoint as a field of its own: d/dt (x, lambda, q) = (f, -(df/dx)^T lambda, -(df/dtheta)^T
 * lambda), to be solved backward; then lambda(t0) = dL/dx0 and q(t0) = dL/dtheta (Pontryagin; Chen et al.
 * 2018, appendix B). */
#ifndef OG_AUGMENTED_FIELD_H
#define OG_AUGMENTED_FIELD_H

#include "field/field.h"

og_status og_augmented_field_create(og_context *context, const og_field *inner, og_field **out);

typedef struct og_augmented_field {
  og_field base;
  const og_field *inner;
} og_augmented_field;
extern const og_field_ops_d og_backsolve_ops_d;
extern const og_field_ops_s og_backsolve_ops_s;

#endif
