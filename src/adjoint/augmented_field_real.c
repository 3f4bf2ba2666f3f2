/* The right-hand side of the continuous adjoint on lane blocks. Rows of the augmented state are copied to and
 * from blocks of their own, because the inner field may write into a block's padding. */
#include "adjoint/augmented_field.h"

#include <string.h>

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

/* ---- Shared by both precisions ---- */

#if !defined(OG_SINGLE)

/* Blocks of x, lambda, f, x_bar, theta_bar, at the width of double, and the inner field's own scratch. */
static size_t scratch_bytes(const og_field *field, int lanes) {
  const og_field *inner = ((const og_augmented_field *)field)->inner;
  size_t state = OG_PADDED(inner->n * (size_t)lanes), theta = OG_PADDED(inner->p * (size_t)lanes);
  return (4 * state + theta) * sizeof(double) + inner->scratch_bytes(inner, lanes);
}

static void destroy(og_field *field) { og_free(field->context, field); }

og_status og_augmented_field_create(og_context *context, const og_field *inner, og_field **out) {
  og_augmented_field *field = og_alloc(context, 1, sizeof *field);
  *out = NULL;
  if (!field) return og_fail_memory(context, sizeof *field, "the adjoint field");
  field->base = (og_field){.context = context,
                           .n = 2 * inner->n + inner->p,
                           .p = inner->p,
                           .flags = inner->flags & OG_FIELD_DEPENDS_ON_TIME,
                           .ops_d = og_backsolve_ops_d,
                           .ops_s = og_backsolve_ops_s,
                           .scratch_bytes = scratch_bytes,
                           .destroy = destroy};
  field->inner = inner;
  *out = &field->base;
  return OG_OK;
}

#endif
