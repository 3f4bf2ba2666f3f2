#include "base/pages.h"

static unsigned pages_of(const og_pages *pages) {
  unsigned count = 0;
  while (count < OG_PAGES && pages->page[count]) count++;
  return count;
}

/* How many entries the next page will have. */
static size_t next_size(const og_pages *pages, size_t most) {
  size_t full = (size_t)OG_PAGE_FIRST << pages_of(pages), left = most - pages->capacity;
  return full < left ? full : left;
}

size_t og_pages_growth(const og_pages *pages, size_t index, size_t stride, size_t most) {
  return index < pages->capacity ? 0 : next_size(pages, most) * stride;
}

og_status og_pages_grow(og_context *context, og_pages *pages, size_t stride, size_t most) {
  unsigned page = pages_of(pages);
  if (page == OG_PAGES || pages->capacity >= most) return OG_ERR_MEMORY;
  size_t entries = next_size(pages, most);
  pages->page[page] = og_alloc(context, entries, stride);
  if (!pages->page[page]) return OG_ERR_MEMORY;
  pages->capacity += entries;
  return OG_OK;
}

void og_pages_free(og_context *context, og_pages *pages) {
  for (unsigned page = 0; page < OG_PAGES; page++) og_free(context, pages->page[page]);
  *pages = (og_pages){0};
}

size_t og_pages_bytes(size_t count, size_t stride) {
  size_t pages = count ? 64u - (size_t)__builtin_clzll((count - 1) / OG_PAGE_FIRST + 1) : 0;
  return count * stride + pages * OG_ALLOCATION_EXTRA;
}
