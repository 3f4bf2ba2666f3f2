/* A set of tensors: made, added to, looked at, and written. The header is padded with blanks so that the data
 * are aligned to 8 bytes; it is gone through twice, because its length comes before it. */
#include <stdio.h>
#include <string.h>

#include "io/io.h"
#include "io/json.h"
#include "io/safetensors.h"

struct og_tensors {
  og_context *context;
  og_tensor *tensors;
  size_t count, capacity;
  og_names names; /* those of the tensors, in their order */
  og_names keys;  /* those of the metadata */
  char **texts;   /* [text_capacity], keys.count of them in use */
  size_t text_capacity;
};

og_status og_tensors_create(og_context *context, og_tensors **out) {
  *out = og_alloc(context, 1, sizeof **out);
  if (!*out) return og_fail_memory(context, sizeof **out, "a set of tensors");
  (*out)->context = (*out)->names.context = (*out)->keys.context = context;
  return OG_OK;
}

void og_tensors_destroy(og_tensors *set) {
  if (!set) return;
  for (size_t i = 0; i < set->count; i++) og_free(set->context, set->tensors[i].values);
  for (size_t i = 0; i < set->keys.count; i++) og_free(set->context, set->texts[i]);
  og_free(set->context, set->tensors);
  og_free(set->context, set->texts);
  og_names_clear(&set->names);
  og_names_clear(&set->keys);
  og_free(set->context, set);
}

/* ---- UTF-8 ---- */

/* Bytes of the character at `text`; 0: it is none (RFC 3629: no overlong forms, surrogates or beyond
 * U+10FFFF). */
static size_t character_length(const unsigned char *text, size_t left) {
  unsigned char first = text[0];
  size_t length = first < 0x80   ? 1
                  : first < 0xc2 ? 0
                  : first < 0xe0 ? 2
                  : first < 0xf0 ? 3
                  : first < 0xf5 ? 4
                                 : 0;
  if (length > left) return 0;
  for (size_t i = 1; i < length; i++)
    if ((text[i] & 0xc0) != 0x80) return 0;
  if ((first == 0xe0 && text[1] < 0xa0) || (first == 0xed && text[1] > 0x9f)) return 0;
  if ((first == 0xf0 && text[1] < 0x90) || (first == 0xf4 && text[1] > 0x8f)) return 0;
  return length;
}

size_t og_utf8_prefix(const char *text, size_t length) {
  size_t at = 0, step = 1;
  for (; at < length && step; at += step)
    step = character_length((const unsigned char *)text + at, length - at);
  return at;
}

static int is_utf8(const char *text) { return og_utf8_prefix(text, strlen(text)) == strlen(text); }

/* ---- Adding ---- */

static og_status make_room(og_tensors *set) {
  if (set->count < set->capacity) return OG_OK;
  size_t capacity = set->capacity ? 2 * set->capacity : 16;
  og_tensor *larger = og_resize(set->context, set->tensors, set->count, capacity, sizeof *larger);
  if (!larger) return og_fail_memory(set->context, capacity * sizeof *larger, "tensors");
  set->tensors = larger;
  set->capacity = capacity;
  return OG_OK;
}

og_status og_tensors_append(og_tensors *set, const char *name, size_t rank, const size_t *shape, size_t count,
                            og_tensor **out) {
  size_t index;
  OG_TRY(make_room(set));
  og_tensor tensor = {.rank = rank, .count = count, .values = og_alloc(set->context, count, sizeof(double))};
  for (size_t i = 0; i < rank; i++) tensor.shape[i] = shape[i];
  if (!tensor.values || !og_names_add(&set->names, name, &index)) {
    og_free(set->context, tensor.values);
    return og_fail_memory(set->context, count * sizeof(double), "a tensor");
  }
  tensor.name = set->names.names[index];
  set->tensors[set->count] = tensor;
  *out = &set->tensors[set->count++];
  return OG_OK;
}

og_status og_tensors_add(og_tensors *set, const char *name, size_t rank, const size_t *shape,
                         const double *values) {
  if (og_tensors_find(set, name) || strcmp(name, OG_METADATA_KEY) == 0)
    return og_fail(set->context, OG_ERR_ARGUMENT, "a tensor cannot be called %s%s", name,
                   og_tensors_find(set, name) ? ": there is one already" : "");
  if (!is_utf8(name) || rank > OG_RANK_MOST)
    return og_fail(set->context, OG_ERR_ARGUMENT, "tensor %s: %s", name,
                   rank > OG_RANK_MOST ? "too many dimensions" : "its name is not UTF-8");
  size_t count = 1;
  og_tensor *tensor;
  for (size_t i = 0; i < rank; i++) count *= shape[i];
  OG_TRY(og_tensors_append(set, name, rank, shape, count, &tensor));
  if (count) memcpy(tensor->values, values, count * sizeof *values);
  return OG_OK;
}

static og_status add_text(og_tensors *set, const char *key, char *text) {
  size_t index = set->keys.count, capacity = set->text_capacity;
  if (index == capacity) {
    char **larger = og_resize(set->context, set->texts, index, 2 * capacity + 4, sizeof *larger);
    if (!larger) return og_fail_memory(set->context, capacity * sizeof *larger, "metadata");
    set->texts = larger;
    set->text_capacity = 2 * capacity + 4;
  }
  if (!og_names_add(&set->keys, key, &index)) return og_fail_memory(set->context, strlen(key), "metadata");
  set->texts[index] = text;
  return OG_OK;
}

og_status og_tensors_set_text(og_tensors *set, const char *key, const char *text) {
  if (!is_utf8(key) || !is_utf8(text))
    return og_fail(set->context, OG_ERR_DATA, "the metadata %s is not UTF-8, as a safetensors file must be",
                   key);
  char *copy = og_strdup(set->context, text);
  if (!copy) return og_fail_memory(set->context, strlen(text), "metadata");
  size_t index;
  if (og_names_find(&set->keys, key, &index)) {
    og_free(set->context, set->texts[index]);
    set->texts[index] = copy;
    return OG_OK;
  }
  og_status status = add_text(set, key, copy);
  if (status != OG_OK) og_free(set->context, copy);
  return status;
}

/* ---- Looking ---- */

og_context *og_tensors_context(const og_tensors *set) { return set->context; }
size_t og_tensors_count(const og_tensors *set) { return set->count; }
const og_tensor *og_tensors_at(const og_tensors *set, size_t index) { return &set->tensors[index]; }

const og_tensor *og_tensors_find(const og_tensors *set, const char *name) {
  size_t index;
  return og_names_find(&set->names, name, &index) ? &set->tensors[index] : NULL;
}

const char *og_tensors_text(const og_tensors *set, const char *key) {
  size_t index;
  return og_names_find(&set->keys, key, &index) ? set->texts[index] : NULL;
}

size_t og_tensors_texts(const og_tensors *set) { return set->keys.count; }

void og_tensors_text_at(const og_tensors *set, size_t index, const char **key, const char **text) {
  *key = set->keys.names[index];
  *text = set->texts[index];
}

og_status og_tensors_refuse_training(const og_tensors *set, const char *path) {
  const char *format = og_tensors_text(set, "format");
  if (!format || strcmp(format, OG_TRAINING_FORMAT) != 0) return OG_OK;
  return og_fail(set->context, OG_ERR_DATA,
                 "%s is the state of a training, which --resume takes up; its parameters are in the file of "
                 "fit --out",
                 path);
}

const char *og_tensor_shape_text(size_t rank, const size_t *shape, char text[OG_TENSOR_SHAPE_TEXT]) {
  size_t used = 1;
  text[0] = '[';
  for (size_t i = 0; i < rank && used < OG_TENSOR_SHAPE_TEXT - 1; i++)
    used += (size_t)snprintf(text + used, OG_TENSOR_SHAPE_TEXT - used, "%s%zu", i ? ", " : "", shape[i]);
  if (used > OG_TENSOR_SHAPE_TEXT - 2) used = OG_TENSOR_SHAPE_TEXT - 2;
  text[used] = ']';
  text[used + 1] = '\0';
  return text;
}

/* ---- Writing ---- */

static void put_little_endian(FILE *file, uint64_t bits) {
  unsigned char bytes[8];
  for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)(bits >> 8 * i);
  fwrite(bytes, 1, sizeof bytes, file);
}

/* ---- The header ---- */

/* Without a file the text is only measured. */
typedef struct header {
  FILE *file;
  size_t length;
} header;

static void put(header *to, const char *text) {
  if (to->file) fputs(text, to->file);
  to->length += strlen(text);
}

static void put_string(header *to, const char *before, const char *text) {
  put(to, before);
  to->length += og_json_put_string(to->file, text);
}

static void put_sizes(header *to, const char *before, size_t count, const size_t *sizes) {
  char text[32];
  put(to, before);
  for (size_t i = 0; i < count; i++) {
    snprintf(text, sizeof text, "%s%zu", i ? "," : "", sizes[i]);
    put(to, text);
  }
  put(to, "]");
}

static void put_metadata(header *to, const og_tensors *set, const char *checksum) {
  put_string(to, "{", OG_METADATA_KEY);
  put_string(to, ":{", OG_CHECKSUM_KEY);
  put_string(to, ":", checksum);
  for (size_t i = 0; i < og_tensors_texts(set); i++) {
    const char *key, *text;
    og_tensors_text_at(set, i, &key, &text);
    if (strcmp(key, OG_CHECKSUM_KEY) == 0) continue;
    put_string(to, ",", key);
    put_string(to, ":", text);
  }
  put(to, "}");
}

static void put_tensor(header *to, const og_tensor *tensor, size_t begin, size_t end) {
  put_string(to, ",", tensor->name);
  put_string(to, ":{\"dtype\":", "F64");
  put_sizes(to, ",\"shape\":[", tensor->rank, tensor->shape);
  put_sizes(to, ",\"data_offsets\":[", 2, (size_t[]){begin, end});
  put(to, "}");
}

/* The length of the header's text, which is written unless `file` is NULL. */
static size_t put_text(FILE *file, const og_tensors *set, const char *checksum) {
  header to = {.file = file};
  size_t at = 0;
  put_metadata(&to, set, checksum);
  for (size_t i = 0; i < og_tensors_count(set); i++) {
    const og_tensor *tensor = og_tensors_at(set, i);
    size_t end = at + tensor->count * sizeof(double);
    put_tensor(&to, tensor, at, end);
    at = end;
  }
  put(&to, "}");
  return to.length;
}

static void put_header(FILE *file, const og_tensors *set, const char *checksum) {
  size_t length = put_text(NULL, set, checksum), padded = (length + 7) / 8 * 8;
  put_little_endian(file, padded);
  put_text(file, set, checksum);
  for (; length < padded; length++) fputc(' ', file);
}

/* ---- The file ---- */

static void put_values(FILE *file, const og_tensor *tensor) {
  for (size_t i = 0; i < tensor->count; i++) {
    uint64_t bits;
    memcpy(&bits, &tensor->values[i], sizeof bits);
    put_little_endian(file, bits);
  }
}

og_status og_tensors_write(const og_tensors *set, const char *path) {
  og_output *output;
  char checksum[OG_CHECKSUM_SIZE];
  OG_TRY(og_tensors_checksum(set, checksum));
  OG_TRY(og_output_open(og_tensors_context(set), path, &output));
  put_header(og_output_file(output), set, checksum);
  for (size_t i = 0; i < og_tensors_count(set); i++)
    put_values(og_output_file(output), og_tensors_at(set, i));
  return og_output_close(output, OG_OK);
}
