/* Parameters as readable JSON {"name": value, ...}. A scalar is a number, a vector an array, a matrix an
 * array of its rows; a layer's weight is a matrix also where one side is 1. */
#include <string.h>

#include "io/io.h"
#include "io/json.h"
#include "io/safetensors.h"
#include "parameters/parameters.h"

/* ---- Writing ---- */

static void write_number(FILE *file, double value) {
  char text[OG_NUMBER_SIZE];
  og_format_real(value, text);
  fputs(text, file);
}

static void write_row(FILE *file, size_t count, const double *values) {
  fputc('[', file);
  for (size_t i = 0; i < count; i++) {
    if (i) fputs(", ", file);
    write_number(file, values[i]);
  }
  fputc(']', file);
}

/* Arrays of arrays, one for each dimension; returns what is behind the values. */
static const double *write_nested(FILE *file, size_t dimensions, const size_t *shape, const double *values) {
  if (dimensions == 1) {
    write_row(file, shape[0], values);
    return values + shape[0];
  }
  fputc('[', file);
  for (size_t i = 0; i < shape[0]; i++) {
    if (i) fputs(",\n    ", file);
    values = write_nested(file, dimensions - 1, shape + 1, values);
  }
  fputc(']', file);
  return values;
}

static void write_value(FILE *file, const og_parameter_info *info, const double *values) {
  if (info->dimensions == 0)
    write_number(file, values[0]);
  else
    write_nested(file, info->dimensions, info->shape, values);
}

static og_status write_parameters(const og_model *model, const double *theta, FILE *file) {
  fputs("{", file);
  for (size_t i = 0; i < og_model_parameters(model); i++) {
    og_parameter_info info = {OG_INIT(og_parameter_info)};
    OG_TRY(og_model_parameter(model, i, &info));
    fprintf(file, "%s\n  \"%s\": ", i ? "," : "", info.name); /* names have nothing to escape */
    write_value(file, &info, theta + info.offset);
  }
  fputs("\n}\n", file);
  return OG_OK;
}

og_status og_parameters_write_json(const og_model *model, const double *theta, const char *path) {
  og_output *output;
  OG_TRY(og_output_open(og_model_context(model), path, &output));
  return og_output_close(output, write_parameters(model, theta, og_output_file(output)));
}

/* ---- Reading ---- */

static og_status fail_shape(const og_parameter_reading *r, const og_parameter_info *info) {
  if (info->rows == 1 && info->columns == 1)
    return og_fail(r->context, OG_ERR_SHAPE, "%s: %s must be a number", r->path, info->name);
  if (info->dimensions > 2) {
    char text[OG_TENSOR_SHAPE_TEXT];
    return og_fail(r->context, OG_ERR_SHAPE, "%s: %s must be arrays within arrays, of the shape %s", r->path,
                   info->name, og_tensor_shape_text(info->dimensions, info->shape, text));
  }
  if (info->columns == 1)
    return og_fail(r->context, OG_ERR_SHAPE, "%s: %s must be an array of %zu numbers", r->path, info->name,
                   info->rows);
  return og_fail(r->context, OG_ERR_SHAPE,
                 "%s: %s must be an array of %zu rows, each an array of %zu numbers", r->path, info->name,
                 info->rows, info->columns);
}

static og_status read_number(const og_parameter_reading *r, const og_parameter_info *info,
                             const og_json *item, double *value) {
  if (item->kind != OG_JSON_NUMBER) return fail_shape(r, info);
  return og_parameter_put(r, info, item->number, value);
}

static og_status read_row(const og_parameter_reading *r, const og_parameter_info *info, const og_json *array,
                          size_t count, double *values) {
  if (array->kind != OG_JSON_ARRAY || array->count != count) return fail_shape(r, info);
  for (const og_json *item = array->first; item; item = item->next)
    OG_TRY(read_number(r, info, item, values++));
  return OG_OK;
}

static og_status read_nested(const og_parameter_reading *r, const og_parameter_info *info, size_t dimension,
                             const og_json *item, double **values) {
  size_t count = info->shape[dimension];
  if (dimension + 1 == info->dimensions) {
    OG_TRY(read_row(r, info, item, count, *values));
    *values += count;
    return OG_OK;
  }
  if (item->kind != OG_JSON_ARRAY || item->count != count) return fail_shape(r, info);
  for (const og_json *part = item->first; part; part = part->next)
    OG_TRY(read_nested(r, info, dimension + 1, part, values));
  return OG_OK;
}

static og_status read_value(const og_parameter_reading *r, const og_parameter_info *info,
                            const og_json *item) {
  double *values = r->values + info->offset;
  if (info->dimensions > 2) return read_nested(r, info, 0, item, &values);
  int is_array = item->kind == OG_JSON_ARRAY;
  int nested = is_array && item->first && item->first->kind == OG_JSON_ARRAY;
  if (info->rows == 1 && info->columns == 1 && !is_array) return read_number(r, info, item, values);
  if (info->columns == 1 && !(nested && info->dimensions == 2))
    return read_row(r, info, item, info->rows, values);
  if (!is_array || item->count != info->rows) return fail_shape(r, info);
  for (const og_json *row = item->first; row; row = row->next, values += info->columns)
    OG_TRY(read_row(r, info, row, info->columns, values));
  return OG_OK;
}

static og_status read_item(const og_parameter_reading *r, const og_json *item) {
  for (size_t i = 0; i < r->count; i++) {
    if (strcmp(item->name, r->names[i]) != 0) continue;
    if (r->seen[i]++) return og_fail(r->context, OG_ERR_DATA, "%s: %s is given twice", r->path, item->name);
    og_parameter_info info = {OG_INIT(og_parameter_info)};
    OG_TRY(og_model_parameter(r->model, i, &info));
    return read_value(r, &info, item);
  }
  const char *nearest = og_nearest(item->name, r->names, r->count);
  return og_fail(r->context, OG_ERR_NAME, "%s: the model has no parameter %s%s%s%s", r->path, item->name,
                 nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

static og_status read_items(const og_parameter_reading *r, const og_json *root) {
  if (root->kind != OG_JSON_OBJECT)
    return og_fail(r->context, OG_ERR_DATA, "%s: expected an object such as {\"alpha\": 1.5}", r->path);
  for (const og_json *item = root->first; item; item = item->next) OG_TRY(read_item(r, item));
  return og_parameters_check_networks(r);
}

/* Columns are counted in characters, as editors do: bytes that continue one in UTF-8, and a byte order mark,
 * are none. */
static og_status fail_syntax(const og_parameter_reading *r, const char *text, const char *where) {
  size_t line = 1, column = 1;
  if (strncmp(text, "\xEF\xBB\xBF", 3) == 0) text += 3;
  for (; text < where; text++) {
    column = *text == '\n' ? 1 : column + (((unsigned char)*text & 0xC0) != 0x80);
    line += *text == '\n';
  }
  return og_fail(r->context, OG_ERR_DATA,
                 "%s:%zu:%zu: this is not JSON; expected an object such as {\"alpha\": 1.5}", r->path, line,
                 column);
}

og_status og_parameters_read_json(const og_parameter_reading *r, const char *text, size_t length) {
  const char *where;
  og_json *root;
  og_status status = og_json_parse(r->context, r->path, text, length, &where, &root);
  if (status == OG_ERR_DATA) return fail_syntax(r, text, where);
  if (status == OG_OK) status = read_items(r, root);
  og_free(r->context, root);
  return status;
}
