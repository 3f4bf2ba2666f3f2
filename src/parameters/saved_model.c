/* Models out of files: a file of parameters may be one too, with the model's text and the values that its
 * consts were given in its metadata. */
#include <string.h>

#include "io/safetensors.h"
#include "model/model.h"

static og_status apply_settings(og_model *model, const og_tensors *set) {
  const size_t length = strlen(OG_SETTING_KEY);
  for (size_t i = 0; i < og_tensors_texts(set); i++) {
    const char *key, *text;
    og_tensors_text_at(set, i, &key, &text);
    if (strncmp(key, OG_SETTING_KEY, length) == 0) OG_TRY(og_model_set(model, key + length, text));
  }
  return OG_OK;
}

static og_status parse(og_context *context, const char *path, const og_tensors *set, og_model **out) {
  OG_TRY(og_tensors_refuse_training(set, path));
  const char *text = og_tensors_text(set, OG_MODEL_KEY);
  if (!text)
    return og_fail(context, OG_ERR_DATA,
                   "%s has parameters but no text of a model: the model is needed too, and this file as its "
                   "parameters (--params)",
                   path);
  OG_TRY(og_model_parse(context, path, text, strlen(text), out));
  og_status status = apply_settings(*out, set);
  if (status == OG_OK) return OG_OK;
  og_model_destroy(*out);
  *out = NULL;
  return status;
}

static og_status parse_saved(og_context *context, const char *path, const char *bytes, size_t length,
                             og_model **out) {
  og_tensors *set;
  *out = NULL;
  OG_TRY(og_tensors_parse(context, path, bytes, length, &set));
  og_status status = parse(context, path, set, out);
  og_tensors_destroy(set);
  return status;
}

og_status og_model_read(og_context *context, const char *path, og_model **out) {
  if (out) *out = NULL;
  OG_OBJECT(context);
  OG_NEED(context, out);
  OG_NEED(context, path);
  char *text;
  size_t length;
  OG_TRY(og_read_file(context, path, &text, &length));
  int saved = og_tensors_recognise(text, length);
  og_status status = saved ? parse_saved(context, path, text, length, out)
                           : og_model_parse(context, og_file_name(path), text, length, out);
  if (status == OG_OK && saved) og_model_set_saved(*out);
  og_free(context, text);
  return status;
}
