/* What implicit methods need of a field, made when one of them asks for the first time. */
#include <pthread.h>

#include "field/coloured.h"

/* One lock for all fields: what is done under it is done once for each of them. */
static pthread_mutex_t preparing = PTHREAD_MUTEX_INITIALIZER;

static og_status prepare(og_field *field) {
  if (!field->own) OG_TRY(og_context_create_like(field->context, &field->own));
  return field->prepare(field);
}

void og_field_drop_jacobian(og_field *field) {
  og_colouring_destroy((og_colouring *)field->colouring);
  og_free(field->own, (double *)field->mass);
  og_pattern_destroy((og_pattern *)field->pattern);
  field->mass = NULL;
  field->colouring = NULL;
  field->pattern = NULL;
}

og_status og_field_want_jacobian(og_context *context, const og_field *constant) {
  og_field *field = (og_field *)constant; /* constant are its functions */
  if (og_field_is_prepared(field)) return OG_OK;
  if (!field->prepare)
    return og_fail(context, OG_ERR_UNSUPPORTED, "this field has no Jacobian, which implicit methods need");
  pthread_mutex_lock(&preparing);
  og_status status = og_field_is_prepared(field) ? OG_OK : prepare(field);
  if (status == OG_OK) atomic_store(&field->prepared, 1);
  if (status != OG_OK && field->own) og_fail(context, status, "%s", og_context_message(field->own));
  if (status != OG_OK && !field->own) og_fail_memory(context, sizeof *field, "a Jacobian");
  pthread_mutex_unlock(&preparing);
  return status;
}
