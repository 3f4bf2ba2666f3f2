/* A user's preconditioner is given to a field. */
#include "field/callback.h"

og_status og_field_set_preconditioner(og_field *field, const og_preconditioner *preconditioner) {
  OG_OBJECT(field);
  og_preconditioner given = {0};
  if (!og_callback_of(field)) return og_fail_not_callback(field);
  og_callback_field *callback = (og_callback_field *)field;
  if (preconditioner) {
    OG_TAKE(field->context, og_preconditioner, preconditioner, &given);
    if (!given.solve)
      return og_fail(field->context, OG_ERR_ARGUMENT,
                     "a preconditioner needs a function that solves: solve is NULL");
  }
  callback->preconditioner = given;
  field->preconditioner_bytes = given.solve ? og_callback_preconditioner_bytes : NULL;
  field->ops_d.precondition_setup = given.solve ? og_callback_precondition_setup_d : NULL;
  field->ops_s.precondition_setup = given.solve ? og_callback_precondition_setup_s : NULL;
  field->ops_d.precondition = given.solve ? og_callback_precondition_d : NULL;
  field->ops_s.precondition = given.solve ? og_callback_precondition_s : NULL;
  return OG_OK;
}
