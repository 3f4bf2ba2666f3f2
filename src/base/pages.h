/* An array that grows without moving: page i holds OG_PAGE_FIRST << i entries, so that at most half is spare
 * and what is there stays where it is. Entries are cleared when their page is made. */
#ifndef OG_PAGES_H
#define OG_PAGES_H

#include "base/base.h"

enum { OG_PAGES = 40, OG_PAGE_FIRST = 32 };

enum { OG_ALLOCATION_EXTRA = 96 }; /* of one allocation: alignment and the allocator's own header, at most */

typedef struct og_pages {
  size_t capacity; /* entries there is room for */
  void *page[OG_PAGES];
} og_pages;

/* The bytes that og_pages_grow will allocate so that there is an entry `index` (0: it is there already).
 * `most` is the largest number of entries that will ever be wanted: the last page is no larger than these
 * need. */
size_t og_pages_growth(const og_pages *pages, size_t index, size_t stride, size_t most);
/* Adds a page. OG_ERR_MEMORY, without a message, where there is no memory; worker threads may call it. */
og_status og_pages_grow(og_context *context, og_pages *pages, size_t stride, size_t most);
void og_pages_free(og_context *context, og_pages *pages);
/* The bytes that `count` entries take, pages' own bookkeeping by the allocator included. */
size_t og_pages_bytes(size_t count, size_t stride);

static inline unsigned og_pages_page(size_t index) {
  return 63u - (unsigned)__builtin_clzll(index / OG_PAGE_FIRST + 1);
}
/* How many entries of the same page stand before one. */
static inline size_t og_pages_before(size_t index) {
  return index - OG_PAGE_FIRST * (((size_t)1 << og_pages_page(index)) - 1);
}
/* How many entries there are from one on, in the same page. */
static inline size_t og_pages_left(const og_pages *pages, size_t index) {
  size_t left = ((size_t)OG_PAGE_FIRST << og_pages_page(index)) - og_pages_before(index);
  return left < pages->capacity - index ? left : pages->capacity - index;
}
static inline void *og_pages_entry(const og_pages *pages, size_t index, size_t stride) {
  return (char *)pages->page[og_pages_page(index)] + og_pages_before(index) * stride;
}

#endif
