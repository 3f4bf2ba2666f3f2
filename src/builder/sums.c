/* Sums over axes, and of entries that are added where they belong. */
#include "builder/builder.h"

typedef struct og_sum_plan {
  og_extent kept, shape; /* with 1 in place of the axes that are summed over; as the result has it */
} og_sum_plan;

static int read_axes(og_builder *builder, const char *function, og_value x, size_t count, const size_t *axes,
                     int keep, og_sum_plan *plan) {
  og_extent shape = builder->values[x - 1].shape;
  char text[OG_BUILT_TEXT];
  int summed[OG_RANK_MOST] = {0};
  for (size_t i = 0; i < count; i++) {
    if (axes[i] >= shape.rank || summed[axes[i]])
      return og_builder_fail(builder, OG_ERR_SHAPE, function, "axis %zu of %s %s", axes[i],
                             og_built_text(builder, x, text),
                             axes[i] < shape.rank ? "is given twice" : "is not there: axes count from 0");
    summed[axes[i]] = 1;
  }
  *plan = (og_sum_plan){.kept = shape};
  for (size_t i = 0; i < shape.rank; i++) {
    if (summed[i]) plan->kept.size[i] = 1;
    if (!summed[i] || keep) plan->shape.size[plan->shape.rank++] = plan->kept.size[i];
  }
  return 1;
}

/* Entry i of x, row-major, is added to the entry of the result that has its place but for the axes. */
static int *find_sums(og_builder *builder, const og_extent *from, const og_extent *kept) {
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

og_value og_builder_sum(og_builder *builder, og_value x, size_t count, const size_t *axes, int keep) {
  og_sum_plan plan;
  OG_BUILDER(builder);
  OG_BUILDER_NEEDS(builder, count, axes);
  const og_built *built = og_builder_find(builder, __func__, x);
  if (!built || !read_axes(builder, __func__, x, count, axes, keep, &plan)) return 0;
  int *index = find_sums(builder, &built->shape, &plan.kept);
  if (!index) return 0;
  og_node node = og_take_transposed(builder->graph, built->node, og_extent_shape(&plan.shape), index);
  og_free(builder->context, index);
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
