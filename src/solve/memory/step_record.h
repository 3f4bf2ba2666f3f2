/* The accepted steps of one trajectory: where each began, as a fraction of the span, and the state there. */
#ifndef OG_STEP_RECORD_H
#define OG_STEP_RECORD_H

#include "base/pages.h"

typedef struct og_step_record {
  size_t steps;
  og_pages pages;
} og_step_record;

/* An entry is {double fraction; real x[n]}, `stride` bytes. */
static inline size_t og_step_record_stride(size_t n, size_t real_bytes) {
  return sizeof(double) + (n * real_bytes + sizeof(double) - 1) / sizeof(double) * sizeof(double);
}

static inline void *og_step_record_entry(const og_step_record *record, size_t index, size_t stride) {
  return og_pages_entry(&record->pages, index, stride);
}
static inline double og_step_record_fraction(const og_step_record *record, size_t index, size_t stride) {
  return index == record->steps ? 1 : *(const double *)og_step_record_entry(record, index, stride);
}

#endif
