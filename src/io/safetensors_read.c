/* Reading safetensors. Nothing in the file is believed: every length is compared with what is there. */
#include "io/safetensors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io/io.h"
#include "io/json.h"

/* The longest header that the format's own library reads. */
static const uint64_t header_most = 100000000;

typedef enum dtype { F64, F32, F16, BF16, I64, DTYPE_COUNT } dtype;
static const struct {
  const char *name;
  size_t size;
} dtypes[DTYPE_COUNT] = {{"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"I64", 8}};

/* Where a tensor's bytes are in the data. */
typedef struct place {
  const char *name;
  size_t begin, end;
} place;

typedef struct reading {
  og_context *context;
  const char *file;
  const unsigned char *data; /* what follows the header */
  size_t length;
  og_tensors *set;
  place *places; /* [count] */
  size_t count;
} reading;

static uint64_t little_endian(const unsigned char *bytes, size_t size) {
  uint64_t bits = 0;
  for (size_t i = size; i > 0; i--) bits = bits << 8 | bytes[i - 1];
  return bits;
}

/* ---- Values ---- */

static double from_f64(uint64_t bits) {
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static double from_f32(uint64_t bits) {
  uint32_t low = (uint32_t)bits;
  float value;
  memcpy(&value, &low, sizeof value);
  return value;
}

/* IEEE 754 binary16: 5 bits of exponent with a bias of 15, 10 of fraction. */
static double from_f16(uint64_t bits) {
  int exponent = (int)(bits >> 10 & 0x1f), fraction = (int)(bits & 0x3ff);
  double size = exponent == 0x1f ? (fraction ? NAN : INFINITY)
                : exponent       ? ldexp(fraction + 0x400, exponent - 25)
                                 : ldexp(fraction, -24);
  return bits & 0x8000 ? -size : size;
}

/* bfloat16 is the upper half of a float. */
static double from_bf16(uint64_t bits) { return from_f32(bits << 16); }

static double from_i64(uint64_t bits) { return (double)(int64_t)bits; }

/* Returns 0 where no double is that integer. */
static int decode(dtype type, const unsigned char *bytes, size_t count, double *values) {
  static double (*const convert[DTYPE_COUNT])(uint64_t) = {from_f64, from_f32, from_f16, from_bf16, from_i64};
  size_t size = dtypes[type].size;
  for (size_t i = 0; i < count; i++) {
    uint64_t bits = little_endian(bytes + i * size, size);
    values[i] = convert[type](bits);
    if (type == I64 && (values[i] >= 0x1p63 || (int64_t)values[i] != (int64_t)bits)) return 0;
  }
  return 1;
}

/* ---- One tensor ---- */

static og_status fail_tensor(const reading *r, const char *name, const char *what) {
  return og_fail(r->context, OG_ERR_DATA, "%s: tensor %s: %s", r->file, name, what);
}

/* A whole number that a double holds exactly. */
static int read_size(const og_json *item, size_t *size) {
  if (item->kind != OG_JSON_NUMBER) return 0;
  double value = item->number;
  if (!(value >= 0 && value <= 0x1p53 && value == floor(value))) return 0;
  *size = (size_t)value;
  return 1;
}

static int is_array(const og_json *item) { return item && item->kind == OG_JSON_ARRAY; }

static og_status read_type(const reading *r, const og_json *item, dtype *type) {
  const og_json *word = og_json_entry(item, "dtype");
  if (!word || word->kind != OG_JSON_STRING) return fail_tensor(r, item->name, "it has no dtype");
  for (int i = 0; i < DTYPE_COUNT; i++) {
    *type = (dtype)i;
    if (strcmp(word->text, dtypes[i].name) == 0) return OG_OK;
  }
  return og_fail(r->context, OG_ERR_DATA,
                 "%s: tensor %s: its dtype is %s; F64, F32, F16, BF16 and I64 are read", r->file, item->name,
                 word->text);
}

static og_status read_shape(const reading *r, const og_json *item, size_t *rank, size_t *shape,
                            size_t *count) {
  const og_json *array = og_json_entry(item, "shape");
  *rank = 0;
  *count = 1;
  if (!is_array(array)) return fail_tensor(r, item->name, "it has no shape");
  for (const og_json *entry = array->first; entry; entry = entry->next) {
    if (*rank == OG_RANK_MOST) return fail_tensor(r, item->name, "its shape has more than 8 dimensions");
    size_t *size = &shape[(*rank)++];
    if (!read_size(entry, size)) return fail_tensor(r, item->name, "its shape is not made of whole numbers");
    if (*size && *count > SIZE_MAX / *size) return fail_tensor(r, item->name, "its shape is too large");
    *count *= *size;
  }
  return OG_OK;
}

static og_status read_place(const reading *r, const og_json *item, place *where) {
  const og_json *array = og_json_entry(item, "data_offsets");
  const og_json *begin = is_array(array) ? array->first : NULL, *end = begin ? begin->next : NULL;
  if (!end || end->next || !read_size(begin, &where->begin) || !read_size(end, &where->end))
    return fail_tensor(r, item->name, "its data_offsets are not two whole numbers");
  if (where->begin > where->end || where->end > r->length)
    return og_fail(r->context, OG_ERR_DATA,
                   "%s: tensor %s: bytes %zu to %zu are not in the file, which has %zu", r->file, item->name,
                   where->begin, where->end, r->length);
  where->name = item->name;
  return OG_OK;
}

static og_status check_length(const reading *r, const place *where, size_t rank, const size_t *shape,
                              size_t count, dtype type) {
  char text[OG_TENSOR_SHAPE_TEXT];
  size_t bytes = where->end - where->begin, size = dtypes[type].size;
  if (bytes % size == 0 && bytes / size == count) return OG_OK;
  return og_fail(r->context, OG_ERR_DATA, "%s: tensor %s: %zu bytes are not those of %s of shape %s", r->file,
                 where->name, bytes, dtypes[type].name, og_tensor_shape_text(rank, shape, text));
}

static og_status read_tensor(reading *r, const og_json *item) {
  dtype type;
  size_t rank, shape[OG_RANK_MOST], count;
  place where;
  og_tensor *tensor;
  if (og_tensors_find(r->set, item->name)) return fail_tensor(r, item->name, "it is given twice");
  if (item->kind != OG_JSON_OBJECT) return fail_tensor(r, item->name, "it is not described by an object");
  OG_TRY(read_type(r, item, &type));
  OG_TRY(read_shape(r, item, &rank, shape, &count));
  OG_TRY(read_place(r, item, &where));
  OG_TRY(check_length(r, &where, rank, shape, count, type));
  OG_TRY(og_tensors_append(r->set, item->name, rank, shape, count, &tensor));
  r->places[r->count++] = where;
  if (decode(type, r->data + where.begin, count, tensor->values)) return OG_OK;
  return fail_tensor(r, item->name, "it has an integer that no double holds");
}

/* ---- All of them ---- */

static int compare_places(const void *left, const void *right) {
  const place *a = left, *b = right;
  if (a->begin != b->begin) return a->begin < b->begin ? -1 : 1;
  return (a->end > b->end) - (a->end < b->end);
}

/* The tensors must fill the data, one behind the other. */
static og_status check_places(const reading *r) {
  size_t end = 0;
  const char *before = "the header";
  qsort(r->places, r->count, sizeof *r->places, compare_places);
  for (size_t i = 0; i < r->count; i++) {
    const place *p = &r->places[i];
    if (p->begin != end)
      return og_fail(r->context, OG_ERR_DATA, "%s: tensor %s %s %s", r->file, p->name,
                     p->begin < end ? "shares bytes with" : "does not follow upon", before);
    end = p->end;
    before = p->name;
  }
  if (end == r->length) return OG_OK;
  return og_fail(r->context, OG_ERR_DATA, "%s: %zu bytes behind the last tensor belong to none", r->file,
                 r->length - end);
}

static og_status read_metadata(const reading *r, const og_json *object) {
  if (object->kind != OG_JSON_OBJECT)
    return og_fail(r->context, OG_ERR_DATA, "%s: __metadata__ is not an object of strings", r->file);
  for (const og_json *item = object->first; item; item = item->next) {
    if (item->kind != OG_JSON_STRING || og_tensors_text(r->set, item->name))
      return og_fail(r->context, OG_ERR_DATA, "%s: __metadata__: %s is %s", r->file, item->name,
                     item->kind == OG_JSON_STRING ? "given twice" : "not a string");
    OG_TRY(og_tensors_set_text(r->set, item->name, item->text));
  }
  return OG_OK;
}

static og_status read_header(reading *r, const og_json *header) {
  int has_metadata = 0;
  r->places = og_alloc(r->context, header->count, sizeof *r->places);
  if (!r->places) return og_fail_memory(r->context, header->count * sizeof *r->places, "places of tensors");
  for (const og_json *item = header->first; item; item = item->next) {
    if (strcmp(item->name, OG_METADATA_KEY) != 0)
      OG_TRY(read_tensor(r, item));
    else if (has_metadata++)
      return og_fail(r->context, OG_ERR_DATA, "%s: __metadata__ is given twice", r->file);
    else
      OG_TRY(read_metadata(r, item));
  }
  return check_places(r);
}

/* ---- The header ---- */

static og_status parse_header(reading *r, const char *text, size_t length) {
  if (og_utf8_prefix(text, length) < length)
    return og_fail(r->context, OG_ERR_DATA, "%s: the header is not UTF-8", r->file);
  const char *where = text;
  og_json *header;
  og_status status = og_json_parse(r->context, r->file, text, length, &where, &header);
  if (status == OG_ERR_DATA || (status == OG_OK && header->kind != OG_JSON_OBJECT))
    status = og_fail(r->context, OG_ERR_DATA,
                     "%s: the header is not a JSON object, from byte %zu of the file on; NUL in a name or "
                     "text is not read either",
                     r->file, OG_HEADER_LENGTH_SIZE + (size_t)(where - text) + 1);
  else if (status == OG_OK)
    status = read_header(r, header);
  og_free(r->context, header);
  og_free(r->context, r->places);
  return status;
}

int og_tensors_recognise(const char *bytes, size_t length) {
  return length > OG_HEADER_LENGTH_SIZE && bytes[OG_HEADER_LENGTH_SIZE] == '{' &&
         little_endian((const unsigned char *)bytes, OG_HEADER_LENGTH_SIZE) <= header_most;
}

og_status og_tensors_parse(og_context *context, const char *name, const char *bytes, size_t length,
                           og_tensors **out) {
  *out = NULL;
  if (!og_tensors_recognise(bytes, length))
    return og_fail(context, OG_ERR_DATA,
                   "%s: this is no safetensors file; one begins with the length of a JSON header", name);
  uint64_t header = little_endian((const unsigned char *)bytes, OG_HEADER_LENGTH_SIZE);
  size_t left = length - OG_HEADER_LENGTH_SIZE;
  if (header > left)
    return og_fail(context, OG_ERR_DATA, "%s: the file ends within its header: %zu of %llu bytes are there",
                   name, left, (unsigned long long)header);
  const char *text = bytes + OG_HEADER_LENGTH_SIZE;
  reading r = {.context = context, .file = name, .length = left - (size_t)header};
  r.data = (const unsigned char *)text + header;
  OG_TRY(og_tensors_create(context, &r.set));
  og_status status = parse_header(&r, text, (size_t)header);
  if (status == OG_OK) status = og_tensors_verify(r.set, name);
  if (status == OG_OK)
    *out = r.set;
  else
    og_tensors_destroy(r.set);
  return status;
}

og_status og_tensors_read(og_context *context, const char *path, og_tensors **out) {
  char *bytes;
  size_t length;
  *out = NULL;
  OG_TRY(og_read_file(context, path, &bytes, &length));
  og_status status = og_tensors_parse(context, path, bytes, length, out);
  og_free(context, bytes);
  return status;
}
