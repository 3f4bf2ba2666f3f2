/* The right-hand side of the continuous adjoint on lane blocks. Rows of the augmented state are copied to and
 * from blocks of their own, because the inner field may write into a block's padding. */
#include <string.h>

#include "adjoint/augmented_field.h"
#include "base/real.h"

static void eval(const og_field *field, int lanes, const double *t, const real *x, const real *theta, real *f,
                 og_lane_status *status, void *scratch) {
  const og_field *inner = ((const og_augmented_field *)field)->inner;
  size_t n = inner->n * (size_t)lanes, p = inner->p * (size_t)lanes, block = OG_PADDED(n);
  real *state = scratch, *lambda = state + block, *rate = lambda + block, *x_bar = rate + block;
  real *theta_bar = x_bar + block, *own = theta_bar + OG_PADDED(p);
  memcpy(state, x, n * sizeof(real));
  memcpy(lambda, x + n, n * sizeof(real));
  inner->OG_R(ops).eval(inner, lanes, t, state, theta, rate, status, own);
  inner->OG_R(ops).vjp(inner, lanes, t, state, theta, lambda, x_bar, p ? theta_bar : NULL, NULL, status, own);
  memcpy(f, rate, n * sizeof(real));
  for (size_t i = 0; i < n; i++) f[n + i] = -x_bar[i];
  for (size_t i = 0; i < p; i++) f[2 * n + i] = -theta_bar[i];
}

const OG_R(og_field_ops) OG_R(og_backsolve_ops) = {.eval = eval};
