/* Parameter files. Which of both kinds a file is, its ending says when it is written and its first bytes when
 * it is read. */
#include <math.h>
#include <string.h>

#include "parameters/parameters.h"
#include "io/safetensors.h"
#include "model/model.h"

/* ---- Writing ---- */

/* JSON has no word for NaN or infinity, and no model a use. */
static og_status check_finite(const og_model *model, const double *theta) {
  for (size_t i = 0; i < og_model_parameters(model); i++) {
    og_parameter_info info = {OG_INIT(og_parameter_info)};
    OG_TRY(og_model_parameter(model, i, &info));
    for (size_t k = 0; k < info.rows * info.columns; k++)
      if (!isfinite(theta[info.offset + k]))
        return og_fail(og_model_context(model), OG_ERR_NOT_FINITE,
                       "parameter %s is not finite; nothing was written", info.name);
  }
  return OG_OK;
}

static int ends_in(const char *path, const char *ending) {
  size_t length = strlen(path), own = strlen(ending);
  return length > own && strcmp(path + length - own, ending) == 0;
}

og_status og_parameters_write(const og_model *model, const double *theta, const char *path) {
  OG_OBJECT(model);
  OG_NEED_IF(og_model_context(model), og_model_parameters(model), theta);
  OG_NEED(og_model_context(model), path);
  OG_TRY(check_finite(model, theta));
  return ends_in(path, ".safetensors") ? og_parameters_write_tensors(model, theta, path)
                                       : og_parameters_write_json(model, theta, path);
}

/* ---- Reading ---- */

og_status og_parameter_put(const og_parameter_reading *r, const og_parameter_info *info, double value,
                           double *target) {
  if (!isfinite(value))
    return og_fail(r->context, OG_ERR_NOT_FINITE, "%s: a value of %s is no finite double", r->path,
                   info->name);
  if (value < info->lowest || value > info->highest) {
    char text[3][OG_NUMBER_SIZE];
    og_format_real(value, text[0]);
    og_format_real(info->lowest, text[1]);
    og_format_real(info->highest, text[2]);
    return og_fail(r->context, OG_ERR_BOUNDS, "%s: %s is %s; the model bounds it to [%s, %s]", r->path,
                   info->name, text[0], text[1], text[2]);
  }
  *target = value;
  return OG_OK;
}

/* Half a network is none: a tensor that is not there is no wish to keep what was drawn from the seed. */
og_status og_parameters_check_networks(const og_parameter_reading *r) {
  for (size_t i = 0; i < r->count; i++) {
    og_parameter_info info = {OG_INIT(og_parameter_info)};
    OG_TRY(og_model_parameter(r->model, i, &info));
    if (!r->seen[i] && info.weight)
      return og_fail(r->context, OG_ERR_NAME, "%s: there is no %s, a tensor of the model's network", r->path,
                     info.name);
  }
  return OG_OK;
}

/* torch.save writes zip archives of pickles, which only Python can run. */
static int is_pickle(const char *bytes, size_t length) {
  return length > 4 && memcmp(bytes, "PK\003\004", 4) == 0;
}

static og_status read_bytes(const og_parameter_reading *r, const char *bytes, size_t length) {
  if (is_pickle(bytes, length))
    return og_fail(r->context, OG_ERR_DATA,
                   "%s: this is an archive, as torch.save writes it; save the state dict with "
                   "safetensors.torch.save_file instead",
                   r->path);
  int tensors = og_tensors_recognise(bytes, length) || ends_in(r->path, ".safetensors");
  return tensors ? og_parameters_read_tensors(r, bytes, length) : og_parameters_read_json(r, bytes, length);
}

/* Fills in names and the copy of theta, and reads; *size is p. */
static og_status read_into_copy(og_parameter_reading *r, const double *theta, size_t *size) {
  og_parameter_info info = {OG_INIT(og_parameter_info)};
  for (size_t i = 0; i < r->count; i++) {
    OG_TRY(og_model_parameter(r->model, i, &info));
    r->names[i] = info.name;
    *size += info.rows * info.columns;
  }
  r->values = og_alloc(r->context, *size, sizeof *r->values);
  if (!r->values) return og_fail_memory(r->context, *size * sizeof *r->values, "parameters");
  if (*size) memcpy(r->values, theta, *size * sizeof *theta);
  char *text;
  size_t length;
  OG_TRY(og_read_file(r->context, r->path, &text, &length));
  og_status status = read_bytes(r, text, length);
  og_free(r->context, text);
  return status;
}

og_status og_parameters_read(const og_model *model, const char *path, double *theta) {
  OG_OBJECT(model);
  OG_NEED(og_model_context(model), path);
  OG_NEED_IF(og_model_context(model), og_model_parameters(model), theta);
  og_parameter_reading r = {
      .model = model, .context = og_model_context(model), .path = path, .count = og_model_parameters(model)};
  r.names = og_alloc(r.context, r.count, sizeof *r.names);
  r.seen = og_alloc(r.context, r.count, 1);
  size_t size = 0;
  og_status status = r.names && r.seen
                         ? read_into_copy(&r, theta, &size)
                         : og_fail_memory(r.context, r.count * sizeof *r.names, "names of parameters");
  if (status == OG_OK && size) memcpy(theta, r.values, size * sizeof *theta);
  og_free(r.context, r.values);
  og_free(r.context, r.names);
  og_free(r.context, r.seen);
  return status;
}

/* ---- Models out of files ---- */

/* A file of parameters may be a model too, with its text and the values that its consts were given in its
 * metadata. */

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
  OG_TRY(og_model_create_from_text(context, path, text, strlen(text), out));
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

og_status og_model_create_from_file(og_context *context, const char *path, og_model **out) {
  if (out) *out = NULL;
  OG_OBJECT(context);
  OG_NEED(context, out);
  OG_NEED(context, path);
  char *text;
  size_t length;
  OG_TRY(og_read_file(context, path, &text, &length));
  int saved = og_tensors_recognise(text, length);
  og_status status = saved ? parse_saved(context, path, text, length, out)
                           : og_model_create_from_text(context, og_file_name(path), text, length, out);
  if (status == OG_OK && saved) og_model_set_saved(*out);
  og_free(context, text);
  return status;
}
