/* Entries in another order, repeated, left out, joined and summed: each a function from a place in the result
 * to the entry that stands there. */
#include <string.h>

#include "builder/builder.h"

/* Where a place of the result lies in what it is taken of: along axis i it begins at first[i], and goes on by
 * step[i] entries. */
typedef struct walk {
  size_t rank, first;
  long long step[OG_RANK_MOST];
} walk;

static int walk_entry(const size_t *place, const void *user) {
  const walk *w = user;
  long long entry = (long long)w->first;
  for (size_t i = 0; i < w->rank; i++) entry += (long long)place[i] * w->step[i];
  return (int)entry;
}

static og_value fail_axis(og_builder *builder, const char *function, og_value x, size_t axis) {
  char text[OG_BUILT_TEXT];
  return og_builder_fail(builder, OG_ERR_SHAPE, function, "there is no axis %zu in %s: axes count from 0",
                         axis, og_built_text(builder, x, text));
}

og_value og_builder_reshape(og_builder *builder, og_value x, size_t rank, const size_t *shape) {
  og_extent extent;
  char from[OG_BUILT_TEXT], to[OG_EXTENT_TEXT];
  OG_BUILDER(builder);
  const og_built *built = og_builder_find(builder, __func__, x);
  if (!built || !og_read_extent(builder, __func__, rank, shape, &extent)) return 0;
  if (og_extent_entries(&extent) != og_extent_entries(&built->shape))
    return og_builder_fail(builder, OG_ERR_SHAPE, __func__, "%s cannot be %s: the numbers of entries differ",
                           og_built_text(builder, x, from), og_extent_text(&extent, to));
  return og_builder_add(builder, __func__, og_reshape(builder->graph, built->node, og_extent_shape(&extent)),
                        extent);
}

/* ---- Transposes ---- */

static int read_order(og_builder *builder, const char *function, og_value x, const size_t *order,
                      size_t *read) {
  size_t rank = builder->values[x - 1].shape.rank, seen[OG_RANK_MOST] = {0};
  char text[OG_BUILT_TEXT];
  for (size_t i = 0; i < rank; i++) {
    read[i] = order ? order[i] : rank - 1 - i;
    if (read[i] >= rank) return fail_axis(builder, function, x, read[i]);
    if (seen[read[i]]++)
      return og_builder_fail(builder, OG_ERR_SHAPE, function, "axis %zu stands twice in the order for %s",
                             read[i], og_built_text(builder, x, text));
  }
  return 1;
}

og_value og_builder_transpose(og_builder *builder, og_value x, const size_t *order) {
  size_t read[OG_RANK_MOST], strides[OG_RANK_MOST];
  OG_BUILDER(builder);
  const og_built *built = og_builder_find(builder, __func__, x);
  if (!built || !read_order(builder, __func__, x, order, read)) return 0;
  og_extent shape = {.rank = built->shape.rank};
  walk w = {.rank = shape.rank};
  og_strides(&built->shape, strides);
  for (size_t i = 0; i < shape.rank; i++) {
    shape.size[i] = built->shape.size[read[i]];
    w.step[i] = (long long)strides[read[i]];
  }
  og_value turned =
      og_builder_add(builder, __func__, og_take_by(builder, built->node, &shape, walk_entry, &w), shape);
  if (turned && shape.rank == 2 && read[0] == 1) builder->values[turned - 1].turned = x;
  return turned;
}

/* ---- Parts ---- */

og_value og_builder_slice(og_builder *builder, og_value x, size_t axis, size_t first, size_t count,
                          long long step) {
  size_t strides[OG_RANK_MOST];
  char text[OG_BUILT_TEXT];
  OG_BUILDER(builder);
  const og_built *built = og_builder_find(builder, __func__, x);
  if (!built) return 0;
  if (axis >= built->shape.rank) return fail_axis(builder, __func__, x, axis);
  if (count == 1) step = 1; /* none is made */
  size_t room = built->shape.size[axis];
  long long most = (long long)room, last = count ? (long long)count - 1 : 0;
  int short_enough = count >= 1 && count <= room && first < room && step >= -most && step <= most;
  long long end = short_enough ? (long long)first + last * step : -1;
  if (!short_enough || (count > 1 && step == 0) || end < 0 || end >= most)
    return og_builder_fail(builder, OG_ERR_SHAPE, __func__,
                           "%zu entries from %zu on in steps of %lld do not lie within axis %zu of %s", count,
                           first, step, axis, og_built_text(builder, x, text));
  og_extent shape = built->shape;
  og_strides(&shape, strides);
  walk w = {.rank = shape.rank, .first = first * strides[axis]};
  for (size_t i = 0; i < shape.rank; i++) w.step[i] = (long long)strides[i] * (i == axis ? step : 1);
  shape.size[axis] = count;
  return og_builder_add(builder, __func__, og_take_by(builder, built->node, &shape, walk_entry, &w), shape);
}

/* Along one axis the entries are listed. */
typedef struct listed {
  size_t rank, axis, strides[OG_RANK_MOST];
  const int *index;
} listed;

static int listed_entry(const size_t *place, const void *user) {
  const listed *l = user;
  size_t entry = 0;
  for (size_t i = 0; i < l->rank; i++)
    entry += l->strides[i] * (i == l->axis ? (size_t)l->index[place[i]] : place[i]);
  return (int)entry;
}

og_value og_builder_gather(og_builder *builder, og_value x, size_t axis, size_t count,
                           const size_t *indices) {
  OG_BUILDER(builder);
  OG_BUILDER_NEEDS(builder, count, indices);
  const og_built *built = og_builder_find(builder, __func__, x);
  if (!built) return 0;
  if (axis >= built->shape.rank) return fail_axis(builder, __func__, x, axis);
  og_extent shape = built->shape;
  size_t sizes[OG_RANK_MOST];
  memcpy(sizes, shape.size, sizeof sizes);
  sizes[axis] = count;
  listed l = {.rank = shape.rank, .axis = axis};
  og_strides(&built->shape, l.strides);
  if (!og_read_extent(builder, __func__, shape.rank, sizes, &shape)) return 0;
  int *index = og_read_indices(builder, __func__, count, indices, built->shape.size[axis]);
  if (!index) return 0;
  l.index = index;
  og_node node = og_take_by(builder, built->node, &shape, listed_entry, &l);
  og_free(builder->context, index);
  return og_builder_add(builder, __func__, node, shape);
}

og_value og_builder_entries(og_builder *builder, og_value x, size_t rank, const size_t *shape,
                            const size_t *indices) {
  og_extent extent;
  OG_BUILDER(builder);
  OG_BUILDER_NEEDS(builder, 1, indices);
  const og_built *built = og_builder_find(builder, __func__, x);
  if (!built || !og_read_extent(builder, __func__, rank, shape, &extent)) return 0;
  int *index = og_read_indices(builder, __func__, og_extent_entries(&extent), indices,
                               og_extent_entries(&built->shape));
  if (!index) return 0;
  og_node node = og_take_entries(builder->graph, built->node, og_extent_shape(&extent), index);
  og_free(builder->context, index);
  return og_builder_add(builder, __func__, node, extent);
}

og_value og_builder_broadcast(og_builder *builder, og_value x, size_t rank, const size_t *shape) {
  og_extent extent, joined;
  char from[OG_BUILT_TEXT], to[OG_EXTENT_TEXT];
  OG_BUILDER(builder);
  const og_built *built = og_builder_find(builder, __func__, x);
  if (!built || !og_read_extent(builder, __func__, rank, shape, &extent)) return 0;
  if (!og_join_extents(&built->shape, &extent, &joined) || !og_same_extent(&joined, &extent))
    return og_builder_fail(builder, OG_ERR_SHAPE, __func__, "%s cannot be broadcast to %s",
                           og_built_text(builder, x, from), og_extent_text(&extent, to));
  og_node node = og_broadcast_to(builder, built, &extent);
  og_shape whole = og_extent_shape(&extent);
  if (node >= 0 && og_extent_entries(&built->shape) == 1) node = og_broadcast(builder->graph, node, whole);
  return og_builder_add(builder, __func__, node, extent);
}

/* ---- Joining ---- */

/* The shape of the whole; 0 after a failure. */
static int join_shapes(og_builder *builder, const char *function, size_t axis, size_t count,
                       const og_value *values, og_extent *whole) {
  char first[OG_BUILT_TEXT], other[OG_BUILT_TEXT];
  for (size_t i = 0; i < count; i++) {
    const og_built *built = og_builder_find(builder, function, values[i]);
    if (!built) return 0;
    og_extent own = built->shape;
    if (axis >= own.rank) return fail_axis(builder, function, values[i], axis);
    size_t length = i ? whole->size[axis] : 0;
    if (i == 0) *whole = own;
    size_t mine = own.size[axis];
    own.size[axis] = whole->size[axis];
    if (!og_same_extent(&own, whole))
      return og_builder_fail(
          builder, OG_ERR_SHAPE, function, "%s and %s cannot stand one behind the other along axis %zu",
          og_built_text(builder, values[0], first), og_built_text(builder, values[i], other), axis);
    whole->size[axis] = length + mine;
  }
  return og_read_extent(builder, function, whole->rank, whole->size, whole);
}

/* In the list of all parts, end to end, the part that a place lies in begins at start[part]. */
typedef struct joined {
  size_t rank, axis, inner; /* entries behind the axis */
  const size_t *start, *length;
  size_t sizes[OG_RANK_MOST];
} joined;

static int joined_entry(const size_t *place, const void *user) {
  const joined *j = user;
  size_t along = place[j->axis], part = 0, outer = 0, inner = 0;
  for (; along >= j->length[part]; part++) along -= j->length[part];
  for (size_t i = 0; i < j->axis; i++) outer = outer * j->sizes[i] + place[i];
  for (size_t i = j->axis + 1; i < j->rank; i++) inner = inner * j->sizes[i] + place[i];
  return (int)(j->start[part] + (outer * j->length[part] + along) * j->inner + inner);
}

/* `room` has 2 count entries. */
static og_node join_nodes(og_builder *builder, size_t axis, size_t count, const og_value *values,
                          const og_extent *whole, og_node *parts, size_t *room) {
  size_t strides[OG_RANK_MOST], at = 0;
  joined j = {.rank = whole->rank, .axis = axis, .start = room, .length = room + count};
  og_strides(whole, strides);
  j.inner = strides[axis];
  memcpy(j.sizes, whole->size, sizeof j.sizes);
  for (size_t i = 0; i < count; i++) {
    const og_built *built = &builder->values[values[i] - 1];
    size_t entries = og_extent_entries(&built->shape);
    parts[i] = og_reshape(builder->graph, built->node, (og_shape){(int)entries, 1});
    room[i] = at;
    room[count + i] = built->shape.size[axis];
    at += entries;
  }
  og_node all = og_concat(builder->graph, parts, (int)count);
  return all < 0 ? all : og_take_by(builder, all, whole, joined_entry, &j);
}

og_value og_builder_concatenate(og_builder *builder, size_t axis, size_t count, const og_value *values) {
  og_extent whole = {0};
  OG_BUILDER(builder);
  OG_BUILDER_NEEDS(builder, count, values);
  if (count < 1 || count > OG_ENTRIES_MOST)
    return og_builder_fail(builder, OG_ERR_ARGUMENT, __func__, "%zu values: there is at least one", count);
  if (!join_shapes(builder, __func__, axis, count, values, &whole)) return 0;
  og_node *parts = og_alloc(builder->context, count, sizeof *parts);
  size_t *room = og_alloc(builder->context, 2 * count, sizeof *room);
  og_node node = OG_NODE_NONE;
  if (parts && room)
    node = join_nodes(builder, axis, count, values, &whole, parts, room);
  else
    og_builder_no_memory(builder, 2 * count * sizeof *room);
  og_free(builder->context, parts);
  og_free(builder->context, room);
  return og_builder_add(builder, __func__, node, whole);
}
