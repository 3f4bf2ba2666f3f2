#include "solve/segment.h"

#include <string.h>

og_segment og_segment_plain(double start, double end) {
  return (og_segment){
      .start = start, .end = end, .inside = 0.5 * start + 0.5 * end, .last = 1, .event = OG_NO_EVENT};
}

void og_path_free(og_context *context, og_path *path) {
  for (size_t s = 0; s < path->count; s++) og_free(context, path->segments[s].states);
  if (path->segments != &path->only) og_free(context, path->segments);
  *path = (og_path){0};
}

void og_path_begin(og_context *context, og_path *path, og_segment first) {
  og_path_free(context, path);
  path->only = first;
  path->segments = &path->only;
  path->count = path->capacity = 1;
}

enum { FIRST_CAPACITY = 8 };

static size_t next_capacity(const og_path *path) {
  return path->capacity < FIRST_CAPACITY ? FIRST_CAPACITY : 2 * path->capacity;
}

static size_t list_bytes(size_t capacity) {
  return capacity > 1 ? capacity * sizeof(og_segment) + OG_ALLOCATION_EXTRA : 0;
}

size_t og_path_old(const og_path *path) { return list_bytes(path->capacity); }

size_t og_path_growth(const og_path *path) {
  return path->count < path->capacity ? 0 : list_bytes(next_capacity(path));
}

og_status og_path_add(og_context *context, og_path *path, og_segment next) {
  if (path->count == path->capacity) {
    size_t capacity = next_capacity(path);
    og_segment *more = og_alloc(context, capacity, sizeof *more);
    if (!more) return OG_ERR_MEMORY;
    memcpy(more, path->segments, path->count * sizeof *more);
    path->bytes += og_path_growth(path) - og_path_old(path);
    if (path->segments != &path->only) og_free(context, path->segments);
    path->segments = more;
    path->capacity = capacity;
  }
  path->segments[path->count++] = next;
  return OG_OK;
}

size_t og_path_find(const og_path *path, size_t step) {
  size_t low = 0, high = path->count;
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    if (path->segments[middle].first <= step)
      low = middle;
    else
      high = middle;
  }
  return low;
}
