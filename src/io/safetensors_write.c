/* Writing safetensors: the header is padded with blanks so that the data are aligned to 8 bytes. It is gone
 * through twice, because its length comes before it. */
#include <string.h>

#include "io/io.h"
#include "io/json.h"
#include "io/safetensors.h"

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
