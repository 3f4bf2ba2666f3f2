/* What the continuous adjoints share: a solve of an adjoint field from t1 back to t0, in rounds that end at
 * observations, where lambda jumps by the observation's cotangent. */
#ifndef OG_BACKWARD_H
#define OG_BACKWARD_H

#include "adjoint/adjoint.h"

typedef struct og_backward {
  og_solve *solve; /* the forward one */
  og_solve *back;  /* of the adjoint field, a round a run */
  og_field
      *field; /* its state is x[n] if lambda_row is n, then lambda[n], then q[p] if it has so many rows */
  size_t lambda_row;
  og_pullback *pullback;
  double *state; /* [M][rows of the field], where the next round starts */
  double *point; /* for one evaluation of the forward field */
} og_backward;

/* Opens a backward solve of `field`, which it takes over. On failure, too, it must be closed. */
og_status og_backward_open(og_backward *b, og_solve *solve, og_pullback *pullback, og_field *field,
                           size_t lambda_row, const og_role *role);
void og_backward_close(og_backward *b);

/* What is left to do over a round's recorded steps, before lambda jumps. */
typedef og_status (*og_round_fn)(og_backward *b);
/* From t1 to t0, with time gradients; x0_bar and (if q is there) theta_bar are filled. `after` may be NULL.
 */
og_status og_backward_run(og_backward *b, og_round_fn after);

#endif
