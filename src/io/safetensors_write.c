/* Writing safetensors: the header by cJSON, padded with blanks so that the data are aligned to 8 bytes. */
#include <cjson/cJSON.h>
#include <string.h>

#include "io/io.h"
#include "io/safetensors.h"

static int add_metadata(const og_tensors *set, const char *checksum, cJSON *header) {
  cJSON *object = cJSON_AddObjectToObject(header, OG_METADATA_KEY);
  int complete = object && cJSON_AddStringToObject(object, OG_CHECKSUM_KEY, checksum);
  for (size_t i = 0; i < og_tensors_texts(set) && complete; i++) {
    const char *key, *text;
    og_tensors_text_at(set, i, &key, &text);
    if (strcmp(key, OG_CHECKSUM_KEY) != 0) complete = cJSON_AddStringToObject(object, key, text) != NULL;
  }
  return complete;
}

/* cJSON numbers are doubles: exact up to 2^53, beyond any memory. */
static int add_numbers(cJSON *object, const char *key, size_t count, const size_t *numbers) {
  cJSON *array = cJSON_AddArrayToObject(object, key);
  int complete = array != NULL;
  for (size_t i = 0; i < count && complete; i++)
    complete = cJSON_AddItemToArray(array, cJSON_CreateNumber((double)numbers[i]));
  return complete;
}

static int add_tensor(const og_tensor *tensor, size_t at, cJSON *header) {
  cJSON *object = cJSON_AddObjectToObject(header, tensor->name);
  size_t offsets[2] = {at, at + tensor->count * sizeof(double)};
  return object && cJSON_AddStringToObject(object, "dtype", "F64") &&
         add_numbers(object, "shape", tensor->rank, tensor->shape) &&
         add_numbers(object, "data_offsets", 2, offsets);
}

/* The header's text, for cJSON_free; NULL when there is no memory. */
static char *header_text(const og_tensors *set, const char *checksum) {
  cJSON *header = cJSON_CreateObject();
  int complete = header && add_metadata(set, checksum, header);
  size_t at = 0;
  for (size_t i = 0; i < og_tensors_count(set) && complete; i++) {
    const og_tensor *tensor = og_tensors_at(set, i);
    complete = add_tensor(tensor, at, header);
    at += tensor->count * sizeof(double);
  }
  char *text = complete ? cJSON_PrintUnformatted(header) : NULL;
  cJSON_Delete(header);
  return text;
}

static void put_little_endian(FILE *file, uint64_t bits) {
  unsigned char bytes[8];
  for (int i = 0; i < 8; i++) bytes[i] = (unsigned char)(bits >> 8 * i);
  fwrite(bytes, 1, sizeof bytes, file);
}

static void put_header(FILE *file, const char *text) {
  size_t length = strlen(text), padded = (length + 7) / 8 * 8;
  put_little_endian(file, padded);
  fputs(text, file);
  for (; length < padded; length++) fputc(' ', file);
}

static void put_values(FILE *file, const og_tensor *tensor) {
  for (size_t i = 0; i < tensor->count; i++) {
    uint64_t bits;
    memcpy(&bits, &tensor->values[i], sizeof bits);
    put_little_endian(file, bits);
  }
}

og_status og_tensors_write(const og_tensors *set, const char *path) {
  og_context *context = og_tensors_context(set);
  og_output *output;
  char checksum[OG_CHECKSUM_SIZE];
  OG_TRY(og_tensors_checksum(set, checksum));
  char *text = header_text(set, checksum);
  if (!text) return og_fail_memory(context, 0, "the header of a safetensors file");
  og_status status = og_output_open(context, path, &output);
  if (status == OG_OK) {
    put_header(og_output_file(output), text);
    for (size_t i = 0; i < og_tensors_count(set); i++)
      put_values(og_output_file(output), og_tensors_at(set, i));
    status = og_output_close(output, OG_OK);
  }
  cJSON_free(text);
  return status;
}
