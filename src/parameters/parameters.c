/* Parameter files. Which of both kinds a file is, its ending says when it is written and its first bytes when
 * it is read. */
#include "parameters/parameters.h"

#include <math.h>
#include <string.h>

#include "io/safetensors.h"

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
