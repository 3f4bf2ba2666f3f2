/* Sums, least and largest entries over axes; sums of entries that are added where they belong. */
#include "builder/builder.h"

#include <string.h>

/* The shape with 1 in place of the axes that are reduced, and as the result has it. */
typedef struct reduction {
  og_extent kept, shape;
} reduction;

static int read_axes(og_builder *builder, const char *function, og_value x, size_t count, const size_t *axes,
                     int keep, reduction *plan) {
  og_extent shape = builder->values[x - 1].shape;
  char text[OG_BUILT_TEXT];
  int reduced[OG_RANK_MOST] = {0};
  for (size_t i = 0; i < count; i++) {
    if (axes[i] >= shape.rank || reduced[axes[i]])
      return og_builder_fail(builder, OG_ERR_SHAPE, function, "axis %zu of %s %s", axes[i],
                             og_built_text(builder, x, text),
                             axes[i] < shape.rank ? "is given twice" : "is not there: axes count from 0");
    reduced[axes[i]] = 1;
  }
  *plan = (reduction){.kept = shape};
  for (size_t i = 0; i < shape.rank; i++) {
    if (reduced[i]) plan->kept.size[i] = 1;
    if (!reduced[i] || keep) plan->shape.size[plan->shape.rank++] = plan->kept.size[i];
  }
  return 1;
}

/* For entry i of x, row-major, the entry of the result that has its place but for the axes. */
static int *find_targets(og_builder *builder, const og_extent *from, const og_extent *kept) {
  size_t count = og_extent_entries(from), strides[OG_RANK_MOST], behind[OG_RANK_MOST];
  int *index = og_alloc(builder->context, count, sizeof *index);
  if (!index) return og_builder_no_memory(builder, count * sizeof *index), NULL;
  og_strides(kept, strides);
  og_strides(from, behind);
  for (size_t i = 0; i < count; i++)
    for (size_t k = 0; k < from->rank; k++)
      if (kept->size[k] > 1) index[i] += (int)(i / behind[k] % from->size[k] * strides[k]);
  return index;
}

/* The entries that are compared with each other lie `rows` apart from then on: the first of each result, the
 * second of each, ... */
static og_node line_up(og_builder *builder, og_node x, int count, int rows, const int *target) {
  int *seen = og_alloc(builder->context, (size_t)rows, sizeof *seen);
  int *order = og_alloc(builder->context, (size_t)count, sizeof *order);
  og_node node = OG_NODE_NONE;
  if (seen && order) {
    for (int i = 0; i < count; i++) order[seen[target[i]]++ * rows + target[i]] = i;
    node = og_take_entries(builder->graph, x, (og_shape){count, 1}, order);
  } else {
    og_builder_no_memory(builder, (size_t)count * sizeof *order);
  }
  og_free(builder->context, seen);
  og_free(builder->context, order);
  return node;
}

/* Halves are compared until one line is left. */
static og_node least_line(og_graph *g, og_binary op, og_node lines, int count, int rows) {
  for (int n = count / rows; n > 1 && lines >= 0; n = n / 2 + n % 2) {
    int half = n / 2 * rows;
    og_node parts[2] = {og_apply2(g, op, og_slice(g, lines, 0, half), og_slice(g, lines, half, half))};
    if (n % 2) parts[1] = og_slice(g, lines, (n - 1) * rows, rows);
    lines = og_concat(g, parts, 1 + n % 2);
  }
  return lines;
}

static og_node least_over(og_builder *builder, og_binary op, const og_built *x, const reduction *plan,
                          const int *target) {
  int count = (int)og_extent_entries(&x->shape), rows = (int)og_extent_entries(&plan->shape);
  og_node lines = line_up(builder, x->node, count, rows, target);
  og_node least = least_line(builder->graph, op, lines, count, rows);
  return og_reshape(builder->graph, least, og_extent_shape(&plan->shape));
}

/* OG_ADD, OG_MIN or OG_MAX; OG_BINARY_COUNT after a failure. */
static og_binary reduction_named(og_builder *builder, const char *function, const char *name) {
  static const struct {
    const char *name;
    og_binary op;
  } known[] = {{"sum", OG_ADD}, {"min", OG_MIN}, {"max", OG_MAX}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strcmp(known[i].name, name) == 0) return known[i].op;
  og_builder_fail(builder, OG_ERR_NAME, function, "axes are reduced by 'sum', 'min' or 'max', not '%.64s'",
                  name);
  return OG_BINARY_COUNT;
}

og_value og_builder_reduce(og_builder *builder, const char *name, og_value x, size_t count,
                           const size_t *axes, int keep) {
  reduction plan;
  OG_BUILDER(builder);
  OG_BUILDER_NEEDS(builder, 1, name);
  OG_BUILDER_NEEDS(builder, count, axes);
  const og_built *built = og_builder_find(builder, __func__, x);
  if (!built) return 0;
  og_binary op = reduction_named(builder, __func__, name);
  if (op == OG_BINARY_COUNT || !read_axes(builder, __func__, x, count, axes, keep, &plan)) return 0;
  int *target = find_targets(builder, &built->shape, &plan.kept);
  if (!target) return 0;
  og_node node = op == OG_ADD
                     ? og_take_transposed(builder->graph, built->node, og_extent_shape(&plan.shape), target)
                     : least_over(builder, op, built, &plan, target);
  og_free(builder->context, target);
  return og_builder_add(builder, __func__, node, plan.shape);
}

og_value og_builder_add_entries(og_builder *builder, og_value x, size_t rank, const size_t *shape,
                                const size_t *indices) {
  og_extent extent;
  OG_BUILDER(builder);
  OG_BUILDER_NEEDS(builder, 1, indices);
  const og_built *built = og_builder_find(builder, __func__, x);
  if (!built || !og_read_extent(builder, __func__, rank, shape, &extent)) return 0;
  int *index = og_read_indices(builder, __func__, og_extent_entries(&built->shape), indices,
                               og_extent_entries(&extent));
  if (!index) return 0;
  og_node node = og_take_transposed(builder->graph, built->node, og_extent_shape(&extent), index);
  og_free(builder->context, index);
  return og_builder_add(builder, __func__, node, extent);
}
