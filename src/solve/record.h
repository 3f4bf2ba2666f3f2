/* The accepted steps of one trajectory: where each began, as a fraction of the span, and the state there. */
#ifndef OG_RECORD_H
#define OG_RECORD_H

#include "base/base.h"

/* Page i holds OG_RECORD_PAGE << i entries: growing never moves what is there, and at most half is spare. */
enum { OG_RECORD_PAGES = 40, OG_RECORD_PAGE = 32 };

typedef struct og_record {
  size_t steps, capacity;
  void *page[OG_RECORD_PAGES];
} og_record;

/* An entry is {double fraction; real x[n]}, `stride` bytes. */
size_t og_record_stride(size_t n, size_t real_bytes);
/* The bytes that adding step `index` allocates: 0 when there is room. */
size_t og_record_growth(const og_record *record, size_t index, size_t stride);
/* Makes room for one more page: OG_ERR_MEMORY if there is none. Safe from worker threads. */
og_status og_record_grow(og_context *context, og_record *record, size_t stride);
void og_record_free(og_context *context, og_record *record);

static inline void *og_record_entry(const og_record *record, size_t index, size_t stride) {
  unsigned page = 63u - (unsigned)__builtin_clzll(index / OG_RECORD_PAGE + 1);
  size_t first = OG_RECORD_PAGE * (((size_t)1 << page) - 1);
  return (char *)record->page[page] + (index - first) * stride;
}
static inline double og_record_fraction(const og_record *record, size_t index, size_t stride) {
  return index == record->steps ? 1 : *(const double *)og_record_entry(record, index, stride);
}

#endif
