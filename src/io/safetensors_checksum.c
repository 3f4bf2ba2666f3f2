/* The checksum of a set of tensors. It is one of what the file says, not of its bytes: another program may
 * read the file and write it again, with the tensors in another order and the header in other words, and as
 * long as names, shapes, numbers and metadata are the same so is the checksum. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/safetensors.h"

/* ---- CRC-64/XZ, a byte or eight bytes at a time ---- */

static const uint64_t reversed_polynomial = 0xC96C5795D7870F42;

static uint64_t of_byte(uint64_t byte) {
  for (int bit = 0; bit < 8; bit++) byte = byte & 1 ? byte >> 1 ^ reversed_polynomial : byte >> 1;
  return byte;
}

void og_crc64_begin(og_crc64 *crc) {
  crc->state = ~(uint64_t)0;
  for (int byte = 0; byte < 256; byte++) crc->table[0][byte] = of_byte((uint64_t)byte);
  for (int k = 1; k < 8; k++)
    for (int byte = 0; byte < 256; byte++) {
      uint64_t before = crc->table[k - 1][byte];
      crc->table[k][byte] = crc->table[0][before & 0xff] ^ before >> 8;
    }
}

void og_crc64_bytes(og_crc64 *crc, const void *bytes, size_t length) {
  const unsigned char *next = bytes;
  for (size_t i = 0; i < length; i++)
    crc->state = crc->table[0][(crc->state ^ next[i]) & 0xff] ^ crc->state >> 8;
}

void og_crc64_word(og_crc64 *crc, uint64_t word) {
  uint64_t mixed = crc->state ^ word, sum = 0;
  for (int k = 0; k < 8; k++) sum ^= crc->table[7 - k][mixed >> 8 * k & 0xff];
  crc->state = sum;
}

uint64_t og_crc64_end(const og_crc64 *crc) { return ~crc->state; }

/* ---- Of a set ---- */

/* A tensor, or a text of the metadata. */
typedef struct entry {
  const char *name;
  const og_tensor *tensor; /* NULL: it is a text */
  const char *text;
} entry;

static int compare(const void *left, const void *right) {
  const entry *a = left, *b = right;
  if (!a->tensor != !b->tensor) return a->tensor ? -1 : 1;
  return strcmp(a->name, b->name);
}

/* The checksum itself is left out. */
static size_t collect(const og_tensors *set, entry *entries) {
  size_t count = 0;
  for (size_t i = 0; i < og_tensors_count(set); i++) {
    const og_tensor *tensor = og_tensors_at(set, i);
    entries[count++] = (entry){.name = tensor->name, .tensor = tensor};
  }
  for (size_t i = 0; i < og_tensors_texts(set); i++) {
    entry *next = &entries[count];
    *next = (entry){0};
    og_tensors_text_at(set, i, &next->name, &next->text);
    count += strcmp(next->name, OG_CHECKSUM_KEY) != 0;
  }
  return count;
}

/* With the NUL, which no name or text has in it: so one cannot go on where another begins. */
static void add_text(og_crc64 *crc, const char *text) { og_crc64_bytes(crc, text, strlen(text) + 1); }

static void add_tensor(og_crc64 *crc, const og_tensor *tensor) {
  og_crc64_word(crc, tensor->rank);
  for (size_t i = 0; i < tensor->rank; i++) og_crc64_word(crc, tensor->shape[i]);
  for (size_t i = 0; i < tensor->count; i++) {
    uint64_t bits;
    memcpy(&bits, &tensor->values[i], sizeof bits);
    og_crc64_word(crc, bits);
  }
}

static void add_entry(og_crc64 *crc, const entry *entry) {
  add_text(crc, entry->name);
  if (entry->tensor)
    add_tensor(crc, entry->tensor);
  else
    add_text(crc, entry->text);
}

og_status og_tensors_checksum(const og_tensors *set, char text[OG_CHECKSUM_SIZE]) {
  og_context *context = og_tensors_context(set);
  size_t most = og_tensors_count(set) + og_tensors_texts(set);
  entry *entries = og_alloc(context, most, sizeof *entries);
  if (!entries) return og_fail_memory(context, most * sizeof *entries, "a checksum");
  size_t count = collect(set, entries);
  qsort(entries, count, sizeof *entries, compare);
  og_crc64 *crc = og_alloc(context, 1, sizeof *crc); /* with its tables too large for a small stack */
  if (crc) {
    og_crc64_begin(crc);
    og_crc64_word(crc, og_tensors_count(set));
    for (size_t i = 0; i < count; i++) add_entry(crc, &entries[i]);
    snprintf(text, OG_CHECKSUM_SIZE, "%016" PRIx64, og_crc64_end(crc));
  }
  og_free(context, entries);
  og_free(context, crc);
  return crc ? OG_OK : og_fail_memory(context, sizeof *crc, "a checksum");
}

og_status og_tensors_verify(const og_tensors *set, const char *path) {
  const char *written = og_tensors_text(set, OG_CHECKSUM_KEY);
  char found[OG_CHECKSUM_SIZE];
  if (!written) return OG_OK;
  OG_TRY(og_tensors_checksum(set, found));
  if (strcmp(written, found) == 0) return OG_OK;
  return og_fail(
      og_tensors_context(set), OG_ERR_DATA,
      "%s is damaged, or was changed after it was written: the checksum of what is in it is %s, where "
      "%s was written; try: a copy of the file, or an older one; if it was changed on purpose, the "
      "same without " OG_CHECKSUM_KEY " in its metadata",
      path, found, written);
}
