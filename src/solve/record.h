/* The accepted steps of one trajectory: where each began, as a fraction of the span, and the state there. */
#ifndef OG_RECORD_H
#define OG_RECORD_H

#include "base/pages.h"

typedef struct og_record {
  size_t steps;
  og_pages pages;
} og_record;

/* An entry is {double fraction; real x[n]}, `stride` bytes. */
size_t og_record_stride(size_t n, size_t real_bytes);

static inline void *og_record_entry(const og_record *record, size_t index, size_t stride) {
  return og_pages_entry(&record->pages, index, stride);
}
static inline double og_record_fraction(const og_record *record, size_t index, size_t stride) {
  return index == record->steps ? 1 : *(const double *)og_record_entry(record, index, stride);
}
/* The step that holds a fraction of the span: the last one that starts at or before it. `hint` is a step near
 * it; the answer does not depend on it. */
size_t og_record_find(const og_record *record, size_t stride, double fraction, size_t hint);

#endif
