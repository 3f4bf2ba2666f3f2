#include "solve/record.h"

size_t og_record_stride(size_t n, size_t real_bytes) {
  return sizeof(double) + (n * real_bytes + sizeof(double) - 1) / sizeof(double) * sizeof(double);
}

static unsigned pages_of(const og_record *record) {
  unsigned pages = 0;
  while (pages < OG_RECORD_PAGES && record->page[pages]) pages++;
  return pages;
}

size_t og_record_growth(const og_record *record, size_t index, size_t stride) {
  return index < record->capacity ? 0 : ((size_t)OG_RECORD_PAGE << pages_of(record)) * stride;
}

og_status og_record_grow(og_context *context, og_record *record, size_t stride) {
  unsigned page = pages_of(record);
  if (page == OG_RECORD_PAGES) return OG_ERR_MEMORY;
  record->page[page] = og_alloc(context, (size_t)OG_RECORD_PAGE << page, stride);
  if (!record->page[page]) return OG_ERR_MEMORY;
  record->capacity += (size_t)OG_RECORD_PAGE << page;
  return OG_OK;
}

void og_record_free(og_context *context, og_record *record) {
  for (unsigned page = 0; page < OG_RECORD_PAGES; page++) og_free(context, record->page[page]);
  *record = (og_record){0};
}
