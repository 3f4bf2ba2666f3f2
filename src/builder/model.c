/* A builder as a model, and as a field. */
#include "builder/builder.h"

#include "field/field.h"

static void let_go(void *of) { og_builder_destroy(of); }

static og_status make(og_builder *builder, int field_alone, og_model **model) {
  OG_TRY(og_builder_result(builder));
  OG_TRY(og_builder_check(builder, field_alone));
  og_keep(&builder->references);
  og_model_origin origin = {builder, og_builder_lower, let_go};
  OG_TRY(og_model_from_origin(builder->context, "a model made by calls", origin, model));
  builder->closed = 1;
  return OG_OK;
}

og_status og_builder_model(og_builder *builder, og_model **out) {
  if (out) *out = NULL;
  OG_OBJECT(builder);
  OG_NEED(builder->context, out);
  return make(builder, 0, out);
}

/* The field has what it was made of with it. */
og_status og_builder_field(og_builder *builder, og_field **out) {
  og_model *model;
  if (out) *out = NULL;
  OG_OBJECT(builder);
  OG_NEED(builder->context, out);
  OG_TRY(make(builder, 1, &model));
  *out = (og_field *)og_model_field(model);
  og_field_keep(*out);
  og_model_destroy(model);
  return OG_OK;
}
