/* Shapes of up to OG_RANK_MOST dimensions, broadcast as NumPy does, over a graph that knows rows and columns.
 */
#include "builder/builder.h"

#include <stdio.h>
#include <string.h>

size_t og_extent_entries(const og_extent *shape) {
  size_t entries = 1;
  for (size_t i = 0; i < shape->rank; i++) entries *= shape->size[i];
  return entries;
}

og_shape og_extent_shape(const og_extent *shape) {
  if (shape->rank == 2) return (og_shape){(int)shape->size[0], (int)shape->size[1]};
  return (og_shape){(int)og_extent_entries(shape), 1};
}

int og_same_extent(const og_extent *a, const og_extent *b) {
  return a->rank == b->rank && !memcmp(a->size, b->size, a->rank * sizeof *a->size);
}

const char *og_extent_text(const og_extent *shape, char text[OG_EXTENT_TEXT]) {
  size_t used = 1;
  text[0] = '[', text[1] = '\0';
  for (size_t i = 0; i < shape->rank; i++)
    used += (size_t)snprintf(text + used, OG_EXTENT_TEXT - used, i ? ", %zu" : "%zu", shape->size[i]);
  snprintf(text + used, OG_EXTENT_TEXT - used, "]");
  return text;
}

int og_read_extent(og_builder *builder, const char *function, size_t rank, const size_t *size,
                   og_extent *out) {
  og_extent read = {.rank = rank};
  size_t entries = 1;
  if (rank > OG_RANK_MOST)
    return og_builder_fail(builder, OG_ERR_SHAPE, function, "%zu dimensions: there are %d at most", rank,
                           OG_RANK_MOST);
  if (rank && !size) return og_builder_fail(builder, OG_ERR_ARGUMENT, function, "the argument shape is NULL");
  for (size_t i = 0; i < rank; i++) {
    if (size[i] < 1 || size[i] > OG_ENTRIES_MOST / entries)
      return og_builder_fail(builder, OG_ERR_SHAPE, function,
                             "dimension %zu is %zu: each is at least 1, and all entries together are %d at "
                             "most",
                             i, size[i], OG_ENTRIES_MOST);
    entries *= size[i];
    read.size[i] = size[i];
  }
  *out = read;
  return 1;
}

/* The size of dimension `from_end` (0: the last), 1 where there is none. */
static size_t size_from_end(const og_extent *shape, size_t from_end) {
  return from_end < shape->rank ? shape->size[shape->rank - 1 - from_end] : 1;
}

int og_join_extents(const og_extent *a, const og_extent *b, og_extent *out) {
  og_extent joined = {.rank = a->rank > b->rank ? a->rank : b->rank};
  size_t entries = 1;
  for (size_t i = 0; i < joined.rank; i++) {
    size_t x = size_from_end(a, i), y = size_from_end(b, i), both = x > y ? x : y;
    if ((x != y && x != 1 && y != 1) || both > OG_ENTRIES_MOST / entries) return 0;
    entries *= both;
    joined.size[joined.rank - 1 - i] = both;
  }
  *out = joined;
  return 1;
}

void og_strides(const og_extent *shape, size_t strides[OG_RANK_MOST]) {
  size_t stride = 1;
  for (size_t i = shape->rank; i-- > 0;) {
    strides[i] = stride;
    stride *= shape->size[i];
  }
}

/* The next place in row-major order. */
static void advance(const og_extent *shape, size_t *place) {
  for (size_t i = shape->rank; i-- > 0;) {
    if (++place[i] < shape->size[i]) return;
    place[i] = 0;
  }
}

og_node og_take_by(og_builder *builder, og_node from, const og_extent *shape, og_entry_fn entry,
                   const void *user) {
  size_t count = og_extent_entries(shape), place[OG_RANK_MOST] = {0};
  int *index = og_alloc(builder->context, count, sizeof *index);
  if (!index) return og_builder_no_memory(builder, count * sizeof *index), OG_NODE_NONE;
  for (size_t i = 0; i < count; i++) {
    index[i] = entry(place, user);
    advance(shape, place);
  }
  og_node node = og_take_entries(builder->graph, from, og_extent_shape(shape), index);
  og_free(builder->context, index);
  return node;
}

typedef struct repeated {
  size_t lead; /* dimensions that the value has not */
  og_extent of;
  size_t strides[OG_RANK_MOST];
} repeated;

static int repeated_entry(const size_t *place, const void *user) {
  const repeated *r = user;
  size_t entry = 0;
  for (size_t i = 0; i < r->of.rank; i++)
    if (r->of.size[i] > 1) entry += place[r->lead + i] * r->strides[i];
  return (int)entry;
}

og_node og_broadcast_to(og_builder *builder, const og_built *value, const og_extent *shape) {
  og_node node = value->node;
  size_t entries = og_extent_entries(&value->shape);
  if (entries == 1) return og_reshape(builder->graph, node, (og_shape){1, 1});
  if (entries == og_extent_entries(shape)) return og_reshape(builder->graph, node, og_extent_shape(shape));
  repeated r = {.lead = shape->rank - value->shape.rank, .of = value->shape};
  og_strides(&r.of, r.strides);
  return og_take_by(builder, node, shape, repeated_entry, &r);
}

int *og_read_indices(og_builder *builder, const char *function, size_t count, const size_t *indices,
                     size_t room) {
  int *read = og_alloc(builder->context, count + 1, sizeof *read);
  if (!read) return og_builder_no_memory(builder, count * sizeof *read), NULL;
  for (size_t i = 0; i < count; i++) {
    if (indices[i] >= room) {
      og_builder_fail(builder, OG_ERR_SHAPE, function, "index %zu is %zu: they go from 0 to %zu", i,
                      indices[i], room - 1);
      og_free(builder->context, read);
      return NULL;
    }
    read[i] = (int)indices[i];
  }
  return read;
}
