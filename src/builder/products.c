/* Products of matrices and vectors. The graph multiplies matrices and vectors; of two matrices each row, or
 * each column, of the result is one such product. */
#include <stdio.h>
#include <string.h>

#include "builder/builder.h"

/* A matrix as it is multiplied: `node` [rows][columns], or the transpose of that if `turned`. */
typedef struct matrix {
  og_node node;
  int rows, columns, turned;
} matrix;

static matrix whole_matrix(const og_builder *builder, const og_built *built) {
  const og_extent *shape = &built->shape;
  matrix m = {built->node, (int)shape->size[0], (int)shape->size[1], built->turned != 0};
  if (m.turned) m.node = builder->values[built->turned - 1].node;
  return m;
}

static og_node vector_of(og_graph *g, og_node node) {
  return og_reshape(g, node, (og_shape){og_entries(g->nodes[node].shape), 1});
}

static og_node matrix_vector(og_graph *g, matrix a, og_node x) {
  return a.turned ? og_matvec_transposed(g, a.node, x) : og_matvec(g, a.node, x);
}
static og_node vector_matrix(og_graph *g, og_node x, matrix b) {
  return b.turned ? og_matvec(g, b.node, x) : og_matvec_transposed(g, b.node, x);
}

/* Entries of row or column `which` of a matrix. */
typedef struct line {
  int first, step;
} line;
static int line_entry(const size_t *place, const void *user) {
  const line *l = user;
  return l->first + (int)place[0] * l->step;
}

static og_node row_of(og_builder *builder, matrix m, int row) {
  og_extent shape = {1, {(size_t)m.columns}};
  line l = m.turned ? (line){row, m.rows} : (line){row * m.columns, 1};
  return og_take_by(builder, m.node, &shape, line_entry, &l);
}
static og_node column_of(og_builder *builder, matrix m, int column) {
  og_extent shape = {1, {(size_t)m.rows}};
  line l = m.turned ? (line){column * m.rows, 1} : (line){column, m.columns};
  return og_take_by(builder, m.node, &shape, line_entry, &l);
}

/* Weights and constants are read as they lie where they are the matrix of a product (program.c); what changes
 * along a trajectory is the vector. */
static int is_fixed(const og_graph *g, matrix m) {
  return !(g->nodes[m.node].slots & (1u << OG_SLOT_STATE | 1u << OG_SLOT_TIME | 1u << OG_BUILDER_INPUT_ROWS));
}

static int turned_entry(const size_t *place, const void *user) {
  const og_extent *shape = user;
  return (int)(place[1] * shape->size[0] + place[0]);
}

/* The lines of the result, end to end: its columns where `by_columns`. */
static og_node lines_of_product(og_builder *builder, matrix a, matrix b, int by_columns, og_node *lines) {
  og_graph *g = builder->graph;
  int count = by_columns ? b.columns : a.rows;
  for (int i = 0; i < count; i++) {
    og_node vector = by_columns ? column_of(builder, b, i) : row_of(builder, a, i);
    lines[i] = by_columns ? matrix_vector(g, a, vector) : vector_matrix(g, vector, b);
  }
  return og_concat(g, lines, count);
}

/* As a vector of all entries, row-major. */
static og_node matrix_product(og_builder *builder, matrix a, matrix b) {
  og_graph *g = builder->graph;
  int by_columns = is_fixed(g, a) && !is_fixed(g, b);
  size_t count = (size_t)(by_columns ? b.columns : a.rows);
  og_node *lines = og_alloc(builder->context, count, sizeof *lines);
  if (!lines) return og_builder_no_memory(builder, count * sizeof *lines), OG_NODE_NONE;
  og_node node = lines_of_product(builder, a, b, by_columns, lines);
  og_free(builder->context, lines);
  if (!by_columns || node < 0) return node;
  og_extent shape = {2, {(size_t)a.rows, (size_t)b.columns}};
  node = og_take_by(builder, node, &shape, turned_entry, &shape);
  return node < 0 ? node : vector_of(g, node);
}

/* ---- Of more dimensions ---- */

/* The matrices of a value of three dimensions or more: `entry` is where one begins. */
static matrix matrix_at(og_builder *builder, const og_built *built, size_t entry) {
  const og_extent *s = &built->shape;
  matrix m = {OG_NODE_NONE, (int)s->size[s->rank - 2], (int)s->size[s->rank - 1], 0};
  og_node part = og_slice(builder->graph, built->node, (int)entry, m.rows * m.columns);
  m.node = og_reshape(builder->graph, part, (og_shape){m.rows, m.columns});
  return m;
}

/* Which matrix of a value belongs to one of the result, whose outer dimensions are `outer`. */
static size_t matrix_number(const og_extent *shape, const og_extent *outer, size_t number) {
  size_t found = 0, stride = 1, lead = outer->rank - (shape->rank - 2);
  for (size_t i = outer->rank; i-- > lead;) {
    size_t place = number % outer->size[i], size = shape->size[i - lead];
    number /= outer->size[i];
    found += size > 1 ? place * stride : 0;
    stride *= size;
  }
  return found;
}

static og_node product_at(og_builder *builder, const og_built *x, const og_built *y, const og_extent *outer,
                          size_t number) {
  const og_extent *a = &x->shape, *b = &y->shape;
  size_t of_a = matrix_number(a, outer, number) * a->size[a->rank - 2] * a->size[a->rank - 1];
  size_t of_b = matrix_number(b, outer, number) * b->size[b->rank - 2] * b->size[b->rank - 1];
  matrix left = matrix_at(builder, x, of_a), right = matrix_at(builder, y, of_b);
  if (left.node < 0 || right.node < 0) return OG_NODE_NONE;
  return matrix_product(builder, left, right);
}

static og_node product_of_many(og_builder *builder, const og_built *x, const og_built *y,
                               const og_extent *outer) {
  size_t count = og_extent_entries(outer);
  og_node *parts = og_alloc(builder->context, count, sizeof *parts);
  if (!parts) return og_builder_no_memory(builder, count * sizeof *parts), OG_NODE_NONE;
  for (size_t i = 0; i < count; i++) parts[i] = product_at(builder, x, y, outer, i);
  og_node node = og_concat(builder->graph, parts, (int)count);
  og_free(builder->context, parts);
  return node;
}

/* ---- The product ---- */

static og_value fail_fit(og_builder *builder, const char *function, og_value x, og_value y) {
  char first[OG_BUILT_TEXT], second[OG_BUILT_TEXT];
  return og_builder_fail(builder, OG_ERR_SHAPE, function,
                         "%s and %s cannot be multiplied: the last dimension of the first is to be the last "
                         "but one of the second, or its only one",
                         og_built_text(builder, x, first), og_built_text(builder, y, second));
}

/* A vector on the left is one row, one on the right one column, for as long as it is multiplied. */
static og_built as_matrix(og_builder *builder, const og_built *built, int on_the_right) {
  og_built made = *built;
  if (built->shape.rank != 1) return made;
  size_t count = built->shape.size[0];
  made.shape = on_the_right ? (og_extent){2, {count, 1}} : (og_extent){2, {1, count}};
  made.node = og_reshape(builder->graph, built->node, og_extent_shape(&made.shape));
  return made;
}

static og_extent outer_of(const og_extent *shape) {
  og_extent outer = *shape;
  outer.rank -= 2;
  return outer;
}

/* What two matrices, or two stacks of them, give; without the dimensions that vectors have not. */
static og_extent shape_of_product(const og_built *x, const og_built *y, const og_extent *outer,
                                  int left_vector, int right_vector) {
  og_extent shape = *outer;
  if (!left_vector) shape.size[shape.rank++] = x->shape.size[x->shape.rank - 2];
  if (!right_vector) shape.size[shape.rank++] = y->shape.size[y->shape.rank - 1];
  return shape;
}

static og_node node_of_product(og_builder *builder, const og_built *x, const og_built *y,
                               const og_extent *outer, int left_vector, int right_vector) {
  og_graph *g = builder->graph;
  if (left_vector && right_vector) return og_dot(g, vector_of(g, x->node), vector_of(g, y->node));
  if (x->shape.rank > 2 || y->shape.rank > 2) return product_of_many(builder, x, y, outer);
  if (right_vector) return matrix_vector(g, whole_matrix(builder, x), vector_of(g, y->node));
  if (left_vector) return vector_matrix(g, vector_of(g, x->node), whole_matrix(builder, y));
  return matrix_product(builder, whole_matrix(builder, x), whole_matrix(builder, y));
}

og_value og_builder_product(og_builder *builder, og_value x, og_value y) {
  char first[OG_BUILT_TEXT], second[OG_BUILT_TEXT];
  og_extent outer;
  OG_BUILDER(builder);
  if (!og_builder_find(builder, __func__, x) || !og_builder_find(builder, __func__, y)) return 0;
  og_built left = builder->values[x - 1], right = builder->values[y - 1];
  if (!left.shape.rank || !right.shape.rank)
    return og_builder_fail(builder, OG_ERR_SHAPE, __func__,
                           "%s and %s: a scalar is multiplied by og_builder_binary(builder, \"*\", x, y)",
                           og_built_text(builder, x, first), og_built_text(builder, y, second));
  int left_vector = left.shape.rank == 1, right_vector = right.shape.rank == 1;
  left = as_matrix(builder, &left, 0), right = as_matrix(builder, &right, 1);
  if (builder->status != OG_OK || og_graph_status(builder->graph) != OG_OK)
    return og_builder_add(builder, __func__, OG_NODE_NONE, left.shape);
  og_extent above = outer_of(&left.shape), beside = outer_of(&right.shape);
  if (left.shape.size[left.shape.rank - 1] != right.shape.size[right.shape.rank - 2] ||
      !og_join_extents(&above, &beside, &outer))
    return fail_fit(builder, __func__, x, y);
  og_extent shape = shape_of_product(&left, &right, &outer, left_vector, right_vector);
  if (!og_read_extent(builder, __func__, shape.rank, shape.size, &shape)) return 0;
  og_node node = node_of_product(builder, &left, &right, &outer, left_vector, right_vector);
  return og_builder_add(builder, __func__, og_reshape(builder->graph, node, og_extent_shape(&shape)), shape);
}

/* ---- A layer ---- */

/* The names "name.weight" and "name.bias". */
static og_value add_tensor(og_builder *builder, const char *name, const char *tensor, size_t rank,
                           const size_t *shape, double spread) {
  size_t room = strlen(name) + strlen(tensor) + 2;
  char *whole = og_alloc(builder->context, room, 1);
  if (!whole) return og_builder_no_memory(builder, room);
  snprintf(whole, room, "%s.%s", name, tensor);
  og_value value = og_builder_weight(builder, whole, rank, shape, NULL, spread);
  og_free(builder->context, whole);
  return value;
}

static og_value unknown_activation(og_builder *builder, const char *function, const char *activation) {
  size_t count;
  const char *const *names = og_activation_names(&count);
  const char *near = og_nearest(activation, names, count);
  return og_builder_fail(builder, OG_ERR_NAME, function, "there is no activation '%.64s'%s%s%s", activation,
                         near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

og_value og_builder_dense(og_builder *builder, const char *name, og_value x, size_t outputs,
                          const char *activation) {
  char text[OG_BUILT_TEXT];
  OG_BUILDER(builder);
  OG_BUILDER_NEEDS(builder, 1, name);
  OG_BUILDER_NEEDS(builder, 1, activation);
  const og_built *input = og_builder_find(builder, __func__, x);
  if (!input) return 0;
  if (!og_find_activation(activation, strlen(activation)))
    return unknown_activation(builder, __func__, activation);
  if (input->shape.rank != 1)
    return og_builder_fail(builder, OG_ERR_SHAPE, __func__, "a layer takes a vector, not %s",
                           og_built_text(builder, x, text));
  size_t shape[2] = {outputs, input->shape.size[0]};
  double spread = og_initializers[0].scale((double)shape[1], (double)outputs, 0);
  og_value weight = add_tensor(builder, name, "weight", 2, shape, spread);
  og_value bias = add_tensor(builder, name, "bias", 1, shape, spread);
  og_value sum = og_builder_binary(builder, "+", og_builder_product(builder, weight, x), bias);
  return og_builder_unary(builder, activation, sum);
}
