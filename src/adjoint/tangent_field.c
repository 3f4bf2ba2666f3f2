#include "adjoint/tangent_field.h"

#include "base/real.h"

/* Blocks of x, x_dot, lambda and a result, of theta, theta_dot and a result, and times' cotangents, at the
 * width of double, and the inner field's own scratch. */
static size_t scratch_bytes(const og_field *field, int lanes) {
  const og_field *inner = ((const og_tangent_field *)field)->inner;
  size_t state = OG_PADDED(inner->n * (size_t)lanes), theta = OG_PADDED(inner->p * (size_t)lanes);
  return (4 * state + 3 * theta + OG_PADDED((size_t)lanes)) * sizeof(double) +
         inner->scratch_bytes(inner, lanes);
}

static void destroy(og_field *field) { og_free(field->context, field); }

og_status og_tangent_field_create(og_context *context, const og_field *inner, og_field **out) {
  size_t parameters = og_field_parameters(inner);
  og_tangent_field *field = og_alloc(context, 1, sizeof *field + inner->fine * sizeof(size_t));
  *out = NULL;
  if (!field) return og_fail_memory(context, sizeof *field, "the tangent field");
  field->base = (og_field){.context = context,
                           .n = 2 * inner->n,
                           .p = inner->p + parameters,
                           .fine = inner->fine,
                           .inputs = inner->inputs,
                           .breakpoints = inner->breakpoints,
                           .breakpoint = inner->breakpoint,
                           .flags = (inner->flags & OG_FIELD_DEPENDS_ON_TIME) | OG_FIELD_HAS_VJP,
                           .ops_d = og_tangent_field_ops_d,
                           .ops_s = og_tangent_field_ops_s,
                           .scratch_bytes = scratch_bytes,
                           .destroy = destroy};
  field->inner = inner;
  field->base.fine_row = field->fine_row;
  for (size_t k = 0; k < inner->fine; k++)
    field->fine_row[k] = inner->fine_row[k] + (inner->fine_row[k] < parameters ? 0 : parameters);
  *out = &field->base;
  return OG_OK;
}
