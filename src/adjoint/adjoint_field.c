#include "adjoint/adjoint_field.h"

/* Dense output; blocks of x, x_bar, theta_bar, at the width of double; the inner field's own scratch. */
static size_t scratch_bytes(const og_field *field, int lanes) {
  const og_solve *forward = ((const og_adjoint_field *)field)->forward;
  size_t state = OG_PADDED(forward->n * (size_t)lanes), theta = OG_PADDED(forward->p * (size_t)lanes);
  return og_dense_bytes(forward, lanes) + (2 * state + theta) * sizeof(double) +
         forward->field->scratch_bytes(forward->field, lanes);
}

const og_role og_lambda_role = {"in the backward solve of the adjoint: ",
                                "adjoint = discrete, which solves no equation backward, or ", NULL, OG_STUCK};

static void destroy(og_field *field) { og_free(field->context, field); }

og_status og_adjoint_field_create(og_solve *forward, int with_parameters, og_field **out) {
  og_adjoint_field *field = og_alloc(forward->context, 1, sizeof *field);
  *out = NULL;
  if (!field) return og_fail_memory(forward->context, sizeof *field, "the adjoint field");
  field->base = (og_field){.context = forward->context,
                           .n = forward->n + (with_parameters ? forward->p : 0),
                           .p = forward->p + OG_NUMBER_ROWS,
                           .flags = OG_FIELD_DEPENDS_ON_TIME,
                           .ops_d = og_lambda_ops_d,
                           .ops_s = og_lambda_ops_s,
                           .scratch_bytes = scratch_bytes,
                           .destroy = destroy};
  field->forward = forward;
  field->with_parameters = with_parameters && forward->p;
  *out = &field->base;
  return OG_OK;
}
