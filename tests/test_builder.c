/* Graphs made by calls: each arrangement and product against loops over numbers, in value and in first and
 * second derivatives.
 *
 * Arrangements are linear and products bilinear. With small whole numbers a sum of squares of the one, or of
 * entries of the other, is a quadratic function of x that is computed without rounding, and then so are its
 * derivatives from differences: q(x + v) - q(x - v) = 2 q'(x) v, q(x + v + w) - q(x + v) - q(x + w) + q(x) =
 * v' q'' w. They must come out with equality. */
#include <math.h>

#include "builder_bench.h"

/* ---- Arrangements and products ---- */

/* Makes a value of x; `linear`: its squares are summed, else its entries, and `loops` does the same. Entries
 * of the result are counted. */
typedef struct operation {
  const char *name;
  size_t rank, shape[3]; /* of the state x */
  int linear;
  og_value (*make)(og_builder *b, og_value x);
  int (*loops)(const double *x, double *out);
  size_t out_rank, out_shape[4];
} operation;

static og_value reshaped(og_builder *b, og_value x) { return og_builder_reshape(b, x, 2, SIZES(4, 3)); }
static int same(const double *x, double *out) { return memcpy(out, x, 12 * sizeof *x), 12; }

static og_value turned(og_builder *b, og_value x) { return og_builder_transpose(b, x, NULL); }
static int turned_loops(const double *x, double *out) {
  for (int i = 0; i < 3; i++)
    for (int k = 0; k < 4; k++) out[k * 3 + i] = x[i * 4 + k];
  return 12;
}

static og_value permuted(og_builder *b, og_value x) { return og_builder_transpose(b, x, SIZES(1, 2, 0)); }
static int permuted_loops(const double *x, double *out) { /* [2, 3, 2] -> [3, 2, 2] */
  for (int i = 0; i < 2; i++)
    for (int k = 0; k < 3; k++)
      for (int m = 0; m < 2; m++) out[(k * 2 + m) * 2 + i] = x[(i * 3 + k) * 2 + m];
  return 12;
}

static og_value rows_back(og_builder *b, og_value x) { return og_builder_slice(b, x, 0, 2, 2, -2); }
static int rows_back_loops(const double *x, double *out) {
  for (int k = 0; k < 4; k++) out[k] = x[8 + k], out[4 + k] = x[k];
  return 8;
}

static og_value middle(og_builder *b, og_value x) { return og_builder_slice(b, x, 1, 1, 2, 1); }
static int middle_loops(const double *x, double *out) {
  for (int i = 0; i < 3; i++)
    for (int k = 0; k < 2; k++) out[i * 2 + k] = x[i * 4 + 1 + k];
  return 6;
}

static og_value gathered(og_builder *b, og_value x) {
  return og_builder_gather(b, x, 1, 5, SIZES(3, 0, 0, 2, 3));
}
static int gathered_loops(const double *x, double *out) {
  static const int from[] = {3, 0, 0, 2, 3};
  for (int i = 0; i < 3; i++)
    for (int k = 0; k < 5; k++) out[i * 5 + k] = x[i * 4 + from[k]];
  return 15;
}

static og_value any_entries(og_builder *b, og_value x) {
  return og_builder_entries(b, x, 3, SIZES(2, 1, 2), SIZES(11, 4, 4, 0));
}
static int any_entries_loops(const double *x, double *out) {
  out[0] = x[11], out[1] = out[2] = x[4], out[3] = x[0];
  return 4;
}

static og_value added(og_builder *b, og_value x) {
  return og_builder_add_entries(b, x, 2, SIZES(2, 3), SIZES(5, 5, 0, 1, 1, 1, 0, 0, 5, 3, 3, 0));
}
static int added_loops(const double *x, double *out) {
  static const int to[] = {5, 5, 0, 1, 1, 1, 0, 0, 5, 3, 3, 0};
  memset(out, 0, 6 * sizeof *out);
  for (int i = 0; i < 12; i++) out[to[i]] += x[i];
  return 6;
}

static og_value beside(og_builder *b, og_value x) {
  og_value left = og_builder_slice(b, x, 1, 0, 1, 1), all[] = {x, left, x};
  return og_builder_concatenate(b, 1, 3, all);
}
static int beside_loops(const double *x, double *out) { /* [3, 4], [3, 1], [3, 4] -> [3, 9] */
  for (int i = 0; i < 3; i++)
    for (int k = 0; k < 9; k++) out[i * 9 + k] = x[i * 4 + (k < 4 ? k : k == 4 ? 0 : k - 5)];
  return 27;
}

static og_value below(og_builder *b, og_value x) {
  return og_builder_concatenate(b, 0, 2, (og_value[]){x, og_builder_slice(b, x, 0, 1, 1, 1)});
}
static int below_loops(const double *x, double *out) {
  memcpy(out, x, 12 * sizeof *out);
  memcpy(out + 12, x + 4, 4 * sizeof *out);
  return 16;
}

static og_value between(og_builder *b, og_value x) {
  return og_builder_concatenate(b, 1, 2, (og_value[]){x, og_builder_slice(b, x, 1, 2, 1, 1)});
}
static int between_loops(const double *x, double *out) { /* [2, 3, 2] and [2, 1, 2] -> [2, 4, 2] */
  for (int i = 0; i < 2; i++)
    for (int k = 0; k < 4; k++)
      for (int m = 0; m < 2; m++) out[(i * 4 + k) * 2 + m] = x[(i * 3 + (k < 3 ? k : 2)) * 2 + m];
  return 16;
}

static og_value spread_out(og_builder *b, og_value x) {
  return og_builder_broadcast(b, x, 3, SIZES(2, 3, 4));
}
static int spread_out_loops(const double *x, double *out) {
  for (int i = 0; i < 24; i++) out[i] = x[i % 4];
  return 24;
}

static og_value column_spread(og_builder *b, og_value x) {
  return og_builder_broadcast(b, x, 2, SIZES(3, 2));
}
static int column_spread_loops(const double *x, double *out) {
  for (int i = 0; i < 6; i++) out[i] = x[i / 2];
  return 6;
}

static og_value one_spread(og_builder *b, og_value x) { return og_builder_broadcast(b, x, 2, SIZES(3, 2)); }
static int one_spread_loops(const double *x, double *out) {
  for (int i = 0; i < 6; i++) out[i] = x[0];
  return 6;
}

static og_value sum_rows(og_builder *b, og_value x) { return og_builder_reduce(b, "sum", x, 1, SIZES(0), 0); }
static int sum_rows_loops(const double *x, double *out) {
  for (int k = 0; k < 4; k++) out[k] = x[k] + x[4 + k] + x[8 + k];
  return 4;
}

static og_value sum_columns(og_builder *b, og_value x) {
  return og_builder_reduce(b, "sum", x, 1, SIZES(1), 1);
}
static int sum_columns_loops(const double *x, double *out) {
  for (int i = 0; i < 3; i++) out[i] = x[4 * i] + x[4 * i + 1] + x[4 * i + 2] + x[4 * i + 3];
  return 3;
}

static og_value sum_outer(og_builder *b, og_value x) {
  return og_builder_reduce(b, "sum", x, 2, SIZES(2, 0), 0);
}
static int sum_outer_loops(const double *x, double *out) { /* [2, 3, 2] */
  for (int k = 0; k < 3; k++) out[k] = x[2 * k] + x[2 * k + 1] + x[6 + 2 * k] + x[6 + 2 * k + 1];
  return 3;
}

static og_value sum_all(og_builder *b, og_value x) {
  return og_builder_reduce(b, "sum", x, 2, SIZES(0, 1), 0);
}
static int sum_all_loops(const double *x, double *out) {
  out[0] = 0;
  for (int i = 0; i < 12; i++) out[0] += x[i];
  return 1;
}

static og_value sum_none(og_builder *b, og_value x) { return og_builder_reduce(b, "sum", x, 0, NULL, 0); }

/* Broadcasts of elementwise operations: [3, 1] + [4], [2, 3, 2] - [3, 1], [2, 1] with [1, 2] and a scalar. */
static og_value outer_sum(og_builder *b, og_value x) {
  og_value column = og_builder_slice(b, x, 1, 0, 1, 1);
  return add(b, column,
             og_builder_gather(b, og_builder_reshape(b, x, 1, SIZES(12)), 0, 4, SIZES(1, 2, 3, 4)));
}
static int outer_sum_loops(const double *x, double *out) {
  for (int i = 0; i < 3; i++)
    for (int k = 0; k < 4; k++) out[i * 4 + k] = x[4 * i] + x[1 + k];
  return 12;
}
static og_value shifted(og_builder *b, og_value x) {
  return sub(b, x, og_builder_entries(b, x, 2, SIZES(3, 1), SIZES(0, 1, 2)));
}
static int shifted_loops(const double *x, double *out) {
  for (int i = 0; i < 12; i++) out[i] = x[i] - x[i / 2 % 3];
  return 12;
}
static og_value chosen(og_builder *b, og_value x) {
  og_value column = og_builder_entries(b, x, 2, SIZES(2, 1), SIZES(0, 1)),
           row = og_builder_entries(b, x, 2, SIZES(1, 3), SIZES(3, 4, 5));
  return og_builder_where(b, og_builder_constant(b, 1, SIZES(3), (double[]){1, 0, 1}), column,
                          mul(b, num(b, 3), row));
}
static int chosen_loops(const double *x, double *out) {
  for (int i = 0; i < 2; i++)
    for (int k = 0; k < 3; k++) out[i * 3 + k] = k == 1 ? 3 * x[4] : x[i];
  return 6;
}

/* Products: of parts of x with each other, so that both sides move. */
static og_value part(og_builder *b, og_value x, size_t first, size_t rank, const size_t *shape) {
  size_t count = 1;
  for (size_t i = 0; i < rank; i++) count *= shape[i];
  return og_builder_reshape(b, og_builder_slice(b, x, 0, first, count, 1), rank, shape);
}
static void multiply(int rows, int inner, int columns, const double *a, const double *c, double *out) {
  for (int i = 0; i < rows; i++)
    for (int k = 0; k < columns; k++) {
      out[i * columns + k] = 0;
      for (int m = 0; m < inner; m++) out[i * columns + k] += a[i * inner + m] * c[m * columns + k];
    }
}
static og_value two_matrices(og_builder *b, og_value x) {
  return og_builder_product(b, part(b, x, 0, 2, SIZES(2, 3)), part(b, x, 6, 2, SIZES(3, 4)));
}
static int two_matrices_loops(const double *x, double *out) { return multiply(2, 3, 4, x, x + 6, out), 8; }
static og_value matrix_times_vector(og_builder *b, og_value x) {
  return og_builder_product(b, part(b, x, 0, 2, SIZES(3, 4)), part(b, x, 12, 1, SIZES(4)));
}
static int matrix_times_vector_loops(const double *x, double *out) {
  return multiply(3, 4, 1, x, x + 12, out), 3;
}
static og_value vector_times_matrix(og_builder *b, og_value x) {
  return og_builder_product(b, part(b, x, 12, 1, SIZES(3)), part(b, x, 0, 2, SIZES(3, 4)));
}
static int vector_times_matrix_loops(const double *x, double *out) {
  return multiply(1, 3, 4, x + 12, x, out), 4;
}
static og_value two_vectors(og_builder *b, og_value x) {
  return og_builder_product(b, part(b, x, 0, 1, SIZES(5)), part(b, x, 5, 1, SIZES(5)));
}
static int two_vectors_loops(const double *x, double *out) { return multiply(1, 5, 1, x, x + 5, out), 1; }
/* A transpose is multiplied by as it lies. */
static og_value by_transpose(og_builder *b, og_value x) {
  og_value w = part(b, x, 6, 2, SIZES(4, 3));
  return og_builder_product(b, part(b, x, 0, 2, SIZES(2, 3)), og_builder_transpose(b, w, NULL));
}
static void turn(int rows, int columns, const double *a, double *out) {
  for (int i = 0; i < rows; i++)
    for (int k = 0; k < columns; k++) out[k * rows + i] = a[i * columns + k];
}
static int by_transpose_loops(const double *x, double *out) {
  double w[12];
  turn(4, 3, x + 6, w);
  return multiply(2, 3, 4, x, w, out), 8;
}
static og_value transpose_times(og_builder *b, og_value x) {
  og_value a = og_builder_transpose(b, part(b, x, 0, 2, SIZES(3, 2)), NULL);
  return add(b, og_builder_product(b, a, part(b, x, 6, 2, SIZES(3, 4))),
             og_builder_reshape(b, og_builder_product(b, a, part(b, x, 15, 1, SIZES(3))), 2, SIZES(2, 1)));
}
static int transpose_times_loops(const double *x, double *out) {
  double a[6], more[2];
  turn(3, 2, x, a);
  multiply(2, 3, 4, a, x + 6, out);
  multiply(2, 3, 1, a, x + 15, more);
  for (int i = 0; i < 8; i++) out[i] += more[i / 4];
  return 8;
}
/* [2, 1, 2, 3] times [2, 3, 2]: four products. */
static og_value many_matrices(og_builder *b, og_value x) {
  return og_builder_product(b, part(b, x, 0, 4, SIZES(2, 1, 2, 3)), part(b, x, 12, 3, SIZES(2, 3, 2)));
}
static int many_matrices_loops(const double *x, double *out) {
  for (int i = 0; i < 2; i++)
    for (int k = 0; k < 2; k++) multiply(2, 3, 2, x + 6 * i, x + 12 + 6 * k, out + 4 * (2 * i + k));
  return 16;
}
/* A vector beside a stack of matrices is each one's row. */
static og_value vector_and_stack(og_builder *b, og_value x) {
  return og_builder_product(b, part(b, x, 0, 1, SIZES(3)), part(b, x, 3, 3, SIZES(2, 3, 2)));
}
static int vector_and_stack_loops(const double *x, double *out) {
  for (int k = 0; k < 2; k++) multiply(1, 3, 2, x, x + 3 + 6 * k, out + 2 * k);
  return 4;
}
/* What does not move is multiplied by column. */
static const double fixed[6] = {1, -2, 3, 0, 2, 1};
static og_value constant_times(og_builder *b, og_value x) {
  og_value a = og_builder_constant(b, 2, SIZES(2, 3), fixed), m = part(b, x, 0, 2, SIZES(3, 4));
  return mul(b, og_builder_product(b, a, m), entry(b, x, 0));
}
static int constant_times_loops(const double *x, double *out) {
  multiply(2, 3, 4, fixed, x, out);
  for (int i = 0; i < 8; i++) out[i] *= x[0];
  return 8;
}

static const operation operations[] = {
    {"reshape", 2, {3, 4}, 1, reshaped, same, 2, {4, 3}},
    {"transpose", 2, {3, 4}, 1, turned, turned_loops, 2, {4, 3}},
    {"transpose of three", 3, {2, 3, 2}, 1, permuted, permuted_loops, 3, {3, 2, 2}},
    {"slice backwards", 2, {3, 4}, 1, rows_back, rows_back_loops, 2, {2, 4}},
    {"slice of columns", 2, {3, 4}, 1, middle, middle_loops, 2, {3, 2}},
    {"gather", 2, {3, 4}, 1, gathered, gathered_loops, 2, {3, 5}},
    {"entries", 2, {3, 4}, 1, any_entries, any_entries_loops, 3, {2, 1, 2}},
    {"add entries", 2, {3, 4}, 1, added, added_loops, 2, {2, 3}},
    {"concatenate columns", 2, {3, 4}, 1, beside, beside_loops, 2, {3, 9}},
    {"concatenate rows", 2, {3, 4}, 1, below, below_loops, 2, {4, 4}},
    {"concatenate in the middle", 3, {2, 3, 2}, 1, between, between_loops, 3, {2, 4, 2}},
    {"broadcast", 1, {4}, 1, spread_out, spread_out_loops, 3, {2, 3, 4}},
    {"broadcast of a column", 2, {3, 1}, 1, column_spread, column_spread_loops, 2, {3, 2}},
    {"broadcast of one", 2, {1, 1}, 1, one_spread, one_spread_loops, 2, {3, 2}},
    {"sum over rows", 2, {3, 4}, 1, sum_rows, sum_rows_loops, 1, {4}},
    {"sum over columns", 2, {3, 4}, 1, sum_columns, sum_columns_loops, 2, {3, 1}},
    {"sum over the outer two", 3, {2, 3, 2}, 1, sum_outer, sum_outer_loops, 1, {3}},
    {"sum over all", 2, {3, 4}, 1, sum_all, sum_all_loops, 0, {0}},
    {"sum over none", 2, {3, 4}, 1, sum_none, same, 2, {3, 4}},
    {"sums of all pairs", 2, {3, 4}, 1, outer_sum, outer_sum_loops, 2, {3, 4}},
    {"broadcast of three", 3, {2, 3, 2}, 1, shifted, shifted_loops, 3, {2, 3, 2}},
    {"where", 2, {3, 4}, 1, chosen, chosen_loops, 2, {2, 3}},
    {"two matrices", 1, {18}, 0, two_matrices, two_matrices_loops, 2, {2, 4}},
    {"matrix and vector", 1, {16}, 0, matrix_times_vector, matrix_times_vector_loops, 1, {3}},
    {"vector and matrix", 1, {15}, 0, vector_times_matrix, vector_times_matrix_loops, 1, {4}},
    {"two vectors", 1, {10}, 0, two_vectors, two_vectors_loops, 0, {0}},
    {"by a transpose", 1, {18}, 0, by_transpose, by_transpose_loops, 2, {2, 4}},
    {"a transpose times", 1, {18}, 0, transpose_times, transpose_times_loops, 2, {2, 4}},
    {"stacks of matrices", 1, {24}, 0, many_matrices, many_matrices_loops, 4, {2, 2, 2, 2}},
    {"a vector and a stack", 1, {15}, 0, vector_and_stack, vector_and_stack_loops, 2, {2, 2}},
    {"a constant and a matrix", 1, {12}, 0, constant_times, constant_times_loops, 2, {2, 4}}};
enum { OPERATIONS = sizeof operations / sizeof *operations };

/* The quadratic function by loops: entries, squared where the operation is linear, times 1, 2, 3, ... */
static double quadratic(const operation *o, const double *x) {
  double out[4 * ENTRIES], sum = 0;
  int count = o->loops(x, out);
  for (int i = 0; i < count; i++) sum += (i + 1) * (o->linear ? out[i] * out[i] : out[i]);
  return sum;
}

static double quadratic_at(const operation *o, const double *x, double a, const double *v, double c,
                           const double *w) {
  double at[ENTRIES];
  for (int i = 0; i < ENTRIES; i++) at[i] = x[i] + a * v[i] + c * w[i];
  return quadratic(o, at);
}

/* The same as a node. */
static og_node quadratic_node(og_graph *g, const operation *o, og_node y) {
  double weights[4 * ENTRIES];
  int count = og_entries(og_graph_shape(g, y));
  for (int i = 0; i < count; i++) weights[i] = i + 1;
  og_node flat = og_reshape(g, y, (og_shape){count, 1});
  og_node terms = o->linear ? og_apply2(g, OG_MUL, flat, flat) : flat;
  return og_dot(g, og_constant_tensor(g, (og_shape){count, 1}, weights), terms);
}

static void check_number(const operation *o, const char *what, double got, double want) {
  if (got != want) fail_msg("%s, %s: %.17g, not %.17g", o->name, what, got, want);
}

/* Row by row: the gradient against differences along unit vectors, and along v; the Hessian between v and w.
 */
static void check_derivatives(const bench *b, const operation *o, og_node y, og_node in, const double *x) {
  og_graph *g = b->builder->graph;
  double v[ENTRIES], w[ENTRIES], unit[ENTRIES] = {0}, gradient[ENTRIES], product[ENTRIES], along, sum = 0;
  int n = og_entries(og_graph_shape(g, in));
  for (int i = 0; i < ENTRIES; i++) v[i] = i % 5 - 2, w[i] = i % 3 - 1;
  og_node q = quadratic_node(g, o, y), one = og_constant(g, 1), bar, dot, bar_dot;
  og_node direction = og_input(g, OG_SLOT_DATA, 0, og_graph_shape(g, in));
  CHECK(b->context, og_graph_vjp(g, 1, &q, &one, 1, &in, &bar));
  CHECK(b->context, og_graph_jvp(g, 1, &q, 1, &in, &direction, &dot));
  CHECK(b->context, og_graph_jvp(g, 1, &bar, 1, &in, &direction, &bar_dot));
  evaluate(b->builder, bar, x, NULL, gradient);
  for (int i = 0; i < n; i++) {
    unit[i] = 1;
    check_number(o, "gradient", 2 * gradient[i],
                 quadratic_at(o, x, 1, unit, 0, w) - quadratic_at(o, x, -1, unit, 0, w));
    unit[i] = 0;
  }
  evaluate(b->builder, dot, x, v, &along);
  check_number(o, "tangent", 2 * along, quadratic_at(o, x, 1, v, 0, w) - quadratic_at(o, x, -1, v, 0, w));
  evaluate(b->builder, bar_dot, x, v, product);
  for (int i = 0; i < n; i++) sum += product[i] * w[i];
  check_number(o, "second derivative", sum,
               quadratic_at(o, x, 1, v, 1, w) - quadratic_at(o, x, 1, v, 0, w) -
                   quadratic_at(o, x, 0, v, 1, w) + quadratic(o, x));
}

static void check_operation(const operation *o) {
  bench b = new_bench();
  double x[ENTRIES], got[4 * ENTRIES], want[4 * ENTRIES];
  for (int i = 0; i < ENTRIES; i++) x[i] = (7 * i) % 11 - 4;
  og_value in = og_builder_state(b.builder, "x", o->rank, o->shape), made = o->make(b.builder, in);
  check_made(&b);
  size_t rank = 99, shape[OG_RANK_MOST];
  CHECK(b.context, og_builder_shape(b.builder, made, &rank, shape));
  if (rank != o->out_rank || memcmp(shape, o->out_shape, rank * sizeof *shape) != 0)
    fail_msg("%s: a shape of %zu dimensions, the first of them %zu", o->name, rank, shape[0]);
  og_node y = b.builder->values[made - 1].node;
  int count = o->loops(x, want);
  assert_int_equal(og_entries(og_graph_shape(b.builder->graph, y)), count);
  evaluate(b.builder, y, x, NULL, got);
  for (int i = 0; i < count; i++) check_number(o, "value", got[i], want[i]);
  check_derivatives(&b, o, y, b.builder->values[in - 1].node, x);
  end_bench(&b);
}

static void arrangements_and_products(void **s) {
  (void)s;
  for (int i = 0; i < OPERATIONS; i++) check_operation(&operations[i]);
}

/* A product with a transpose has the nodes of a product with what was transposed: weights stay as they lie.
 */
static void transposes_are_not_made(void **s) {
  (void)s;
  bench b = new_bench();
  og_value w = og_builder_weight(b.builder, "w", 2, SIZES(3, 2), NULL, 1),
           x = og_builder_state(b.builder, "x", 1, SIZES(2));
  og_value straight = og_builder_product(b.builder, w, x),
           turned_twice = og_builder_product(b.builder, x, og_builder_transpose(b.builder, w, NULL));
  check_made(&b);
  assert_int_equal(b.builder->values[straight - 1].node, b.builder->values[turned_twice - 1].node);
  end_bench(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(arrangements_and_products),
                                     cmocka_unit_test(transposes_are_not_made)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
