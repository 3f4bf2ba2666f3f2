#include "adjoint/augmented_field.h"

#include "base/real.h"

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
