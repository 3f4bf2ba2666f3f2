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

static og_status prepare_third(og_field *field) {
  if (!og_field_is_prepared(field)) OG_TRY(prepare(field));
  atomic_store(&field->prepared, OG_PREPARED);
  return field->prepare_third(field);
}

static og_status make(og_context *context, og_field *field, int what, og_status (*made_by)(og_field *field)) {
  pthread_mutex_lock(&preparing);
  int there = atomic_load(&field->prepared) >= what;
  og_status status = there ? OG_OK : made_by(field);
  if (status == OG_OK && !there) atomic_store(&field->prepared, what);
  if (status != OG_OK && field->own) og_fail(context, status, "%s", og_context_message(field->own));
  if (status != OG_OK && !field->own) og_fail_memory(context, sizeof *field, "a Jacobian");
  pthread_mutex_unlock(&preparing);
  return status;
}

og_status og_field_want_jacobian(og_context *context, const og_field *constant) {
  og_field *field = (og_field *)constant; /* constant are its functions */
  if (og_field_is_prepared(field)) return OG_OK;
  if (!field->prepare)
    return og_fail(context, OG_ERR_UNSUPPORTED, "this field has no Jacobian, which implicit methods need");
  if (field->made_of) OG_TRY(og_field_want_jacobian(context, field->made_of));
  return make(context, field, OG_PREPARED, prepare);
}

og_status og_field_want_third(og_context *context, const og_field *constant) {
  og_field *field = (og_field *)constant;
  if (og_field_has_third(field)) return OG_OK;
  if (!field->prepare_third)
    return og_fail(context, OG_ERR_UNSUPPORTED,
                   "third derivatives are those of models and graphs; callbacks have none");
  return make(context, field, OG_PREPARED_THIRD, prepare_third);
}
