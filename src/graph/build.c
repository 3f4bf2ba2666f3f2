/* Constructors: shapes are checked, simpler equals looked for, and the node made. */
#include "graph/node.h"

#include <string.h>

#define SHAPE(s) (s).rows, (s).columns

static const char *const unary_names[OG_UNARY_COUNT] = {
    "neg",     "abs",      "sign",      "floor",      "sqrt",      "exp",       "expm1",     "log",
    "log1p",   "log10",    "sin",       "cos",        "tan",       "asin",      "acos",      "atan",
    "sinh",    "cosh",     "tanh",      "sigmoid",    "softplus",  "relu",      "erf",       "lgamma",
    "digamma", "trigamma", "log1m_exp", "log1p_rest", "stirling",  "stirling1", "stirling2", "erfc",
    "Phi",     "log_Phi",  "log_Phi1",  "log_Phi2",   "high_half", "not"};
static const char *const binary_names[OG_BINARY_ALL] = {
    "+", "-", "*", "/", "pow", "atan2", "min", "max", "<", "<=", ">", ">=", "==", "!=", "and", "or", "*"};
const char *og_unary_name(og_unary op) { return unary_names[op]; }
const char *og_binary_name(int op) { return binary_names[op]; }

static og_shape shape_of(const og_graph *g, og_node a) { return g->nodes[a].shape; }
static int is_scalar(og_shape s) { return s.rows == 1 && s.columns == 1; }
static og_node make(og_graph *g, og_node_data data) { return og_intern(g, data, NULL, NULL); }

int og_is_shape(og_graph *g, og_shape s) {
  if (s.rows >= 1 && s.columns >= 1 && s.rows <= (1 << 28) / s.columns) return 1;
  og_graph_fail(g, OG_ERR_SHAPE,
                "a shape of %d x %d: rows and columns must be at least 1, entries at most 2^28", SHAPE(s));
  return 0;
}

og_node og_uniform(og_graph *g, og_shape shape, double value) {
  return make(g, (og_node_data){.kind = OG_CONSTANT, .shape = shape, .value = value});
}
og_node og_constant(og_graph *g, double value) { return og_uniform(g, (og_shape){1, 1}, value); }

og_node og_constant_tensor(og_graph *g, og_shape shape, const double *values) {
  if (!og_is_shape(g, shape)) return OG_NODE_NONE;
  int count = og_entries(shape), same = 1;
  for (int i = 1; i < count && same; i++) same = !memcmp(&values[i], &values[0], sizeof *values);
  if (same) return og_uniform(g, shape, values[0]);
  return og_intern(g, (og_node_data){.kind = OG_CONSTANT, .shape = shape, .count = count}, NULL, values);
}

og_node og_input(og_graph *g, int slot, int offset, og_shape shape) {
  if (!og_is_shape(g, shape)) return OG_NODE_NONE;
  if (slot < 0 || slot >= OG_SLOT_COUNT || offset < 0)
    return og_graph_fail(g, OG_ERR_ARGUMENT,
                         "an input of slot %d, offset %d: slots go from 0 to %d, offsets from 0", slot,
                         offset, OG_SLOT_COUNT - 1);
  return make(g, (og_node_data){.kind = OG_INPUT, .slot = slot, .offset = offset, .shape = shape});
}

og_node og_apply1(og_graph *g, og_unary op, og_node a) {
  if (a < 0) return OG_NODE_NONE;
  og_node simple = og_simplify1(g, op, a);
  if (simple >= 0 || g->status != OG_OK) return simple;
  return make(
      g, (og_node_data){
             .kind = OG_UNARY, .op = (int)op, .shape = shape_of(g, a), .operands = {a}, .operand_count = 1});
}

static int commutes(int op) {
  return op == OG_ADD || op == OG_MUL || op == OG_MUL0 || op == OG_EQ || op == OG_NE || op == OG_AND ||
         op == OG_OR;
}

/* The scalar that all entries of a node are, when that is plain to see. */
static og_node spread_scalar(og_graph *g, og_node a) {
  og_node_data d = g->nodes[a];
  if (is_scalar(d.shape)) return a;
  if (d.kind == OG_BROADCAST) return d.operands[0];
  return d.kind == OG_CONSTANT && !d.count ? og_constant(g, d.value) : OG_NODE_NONE;
}

static og_node binary_of_shape(og_graph *g, int op, og_node a, og_node b, og_shape shape) {
  og_node simple = og_simplify2(g, op, a, b, shape);
  if (simple >= 0 || g->status != OG_OK) return simple;
  int swap = commutes(op) && a > b;
  return make(g, (og_node_data){.kind = OG_BINARY,
                                .op = op,
                                .shape = shape,
                                .operands = {swap ? b : a, swap ? a : b},
                                .operand_count = 2});
}

og_node og_binary_node(og_graph *g, int op, og_node a, og_node b) {
  if (a < 0 || b < 0) return OG_NODE_NONE;
  og_shape left = shape_of(g, a), right = shape_of(g, b), shape = is_scalar(left) ? right : left;
  if (!is_scalar(left) && !is_scalar(right) && !og_same_shape(left, right))
    return og_graph_fail(g, OG_ERR_SHAPE,
                         "the operands of '%s' are %d x %d and %d x %d: they must have one shape, or one "
                         "must be a scalar",
                         binary_names[op], SHAPE(left), SHAPE(right));
  og_node x = spread_scalar(g, a), y = spread_scalar(g, b);
  if (g->status != OG_OK) return OG_NODE_NONE;
  if (x >= 0 && y >= 0) return og_broadcast(g, binary_of_shape(g, op, x, y, (og_shape){1, 1}), shape);
  return binary_of_shape(g, op, x >= 0 ? x : a, y >= 0 ? y : b, shape);
}
og_node og_apply2(og_graph *g, og_binary op, og_node a, og_node b) {
  return og_binary_node(g, (int)op, a, b);
}

og_node og_where(og_graph *g, og_node condition, og_node a, og_node b) {
  if (condition < 0 || a < 0 || b < 0) return OG_NODE_NONE;
  og_node parts[3] = {condition, a, b};
  og_shape shape = {1, 1};
  for (int i = 0; i < 3; i++)
    if (!is_scalar(shape_of(g, parts[i]))) shape = shape_of(g, parts[i]);
  for (int i = 0; i < 3; i++)
    if (!is_scalar(shape_of(g, parts[i])) && !og_same_shape(shape_of(g, parts[i]), shape))
      return og_graph_fail(g, OG_ERR_SHAPE,
                           "the condition and branches of 'where' are %d x %d, %d x %d and %d x %d: they "
                           "must have one shape or be scalars",
                           SHAPE(shape_of(g, condition)), SHAPE(shape_of(g, a)), SHAPE(shape_of(g, b)));
  double value;
  if (a == b && og_same_shape(shape_of(g, a), shape)) return a;
  og_node chosen = og_graph_is_constant(g, condition, &value) ? (value != 0 ? a : b) : OG_NODE_NONE;
  if (chosen >= 0) return og_same_shape(shape_of(g, chosen), shape) ? chosen : og_broadcast(g, chosen, shape);
  for (int i = 0; i < 3; i++)
    if (!og_same_shape(shape_of(g, parts[i]), shape)) parts[i] = og_broadcast(g, parts[i], shape);
  if (parts[0] < 0 || parts[1] < 0 || parts[2] < 0) return OG_NODE_NONE;
  return make(g, (og_node_data){.kind = OG_WHERE,
                                .shape = shape,
                                .operands = {parts[0], parts[1], parts[2]},
                                .operand_count = 3});
}

og_node og_reshape(og_graph *g, og_node a, og_shape shape) {
  if (a < 0 || !og_is_shape(g, shape)) return OG_NODE_NONE;
  og_node_data d = g->nodes[a];
  if (og_same_shape(d.shape, shape)) return a;
  if (og_entries(d.shape) != og_entries(shape))
    return og_graph_fail(g, OG_ERR_SHAPE,
                         "%d x %d cannot be reshaped to %d x %d: the numbers of entries differ",
                         SHAPE(d.shape), SHAPE(shape));
  if (d.kind == OG_CONSTANT && !d.count) return og_uniform(g, shape, d.value);
  if (d.kind == OG_RESHAPE) return og_reshape(g, d.operands[0], shape);
  if (d.kind == OG_INPUT) return og_input(g, d.slot, d.offset, shape);
  return make(g, (og_node_data){.kind = OG_RESHAPE, .shape = shape, .operands = {a}, .operand_count = 1});
}

og_node og_broadcast(og_graph *g, og_node scalar, og_shape shape) {
  if (scalar < 0 || !og_is_shape(g, shape)) return OG_NODE_NONE;
  og_node_data d = g->nodes[scalar];
  if (!is_scalar(d.shape))
    return og_graph_fail(g, OG_ERR_SHAPE, "only a scalar can be spread to %d x %d, not %d x %d", SHAPE(shape),
                         SHAPE(d.shape));
  if (is_scalar(shape)) return scalar;
  if (d.kind == OG_CONSTANT) return og_uniform(g, shape, d.value);
  return make(g,
              (og_node_data){.kind = OG_BROADCAST, .shape = shape, .operands = {scalar}, .operand_count = 1});
}

static og_node bad_range(og_graph *g, const char *what, int offset, int rows, int room) {
  return og_graph_fail(g, OG_ERR_SHAPE, "%s: entries %d to %d do not lie within %d entries", what, offset,
                       offset + rows - 1, room);
}

/* The slice of a concat that lies within one part is a slice of the part. */
static og_node slice_of_concat(og_graph *g, const og_node_data *d, int offset, int rows) {
  int at = 0;
  for (int i = 0; i < d->count; i++) {
    og_node part = g->parts[d->first + i];
    int entries = og_entries(shape_of(g, part));
    if (offset >= at && offset + rows <= at + entries) return og_slice(g, part, offset - at, rows);
    at += entries;
  }
  return OG_NODE_NONE;
}

og_node og_slice(og_graph *g, og_node a, int offset, int rows) {
  if (a < 0) return OG_NODE_NONE;
  og_node_data d = g->nodes[a];
  int entries = og_entries(d.shape);
  if (offset < 0 || rows < 1 || offset > entries - rows)
    return bad_range(g, "a slice", offset, rows, entries);
  og_shape shape = {rows, 1};
  if (rows == entries) return og_reshape(g, a, shape);
  if (d.kind == OG_INPUT) return og_input(g, d.slot, d.offset + offset, shape);
  if (d.kind == OG_CONSTANT && !d.count) return og_uniform(g, shape, d.value);
  if (d.kind == OG_CONSTANT && rows == 1) return og_uniform(g, shape, g->values[d.first + offset]);
  if (d.kind == OG_SLICE) return og_slice(g, d.operands[0], d.offset + offset, rows);
  if (d.kind == OG_RESHAPE) return og_slice(g, d.operands[0], offset, rows);
  if (d.kind == OG_BROADCAST) return og_broadcast(g, d.operands[0], shape);
  if (d.kind == OG_CONCAT) {
    og_node part = slice_of_concat(g, &d, offset, rows);
    if (part >= 0 || g->status != OG_OK) return part;
  }
  return make(g,
              (og_node_data){
                  .kind = OG_SLICE, .offset = offset, .shape = shape, .operands = {a}, .operand_count = 1});
}

og_node og_concat(og_graph *g, const og_node *parts, int count) {
  int rows = 0;
  for (int i = 0; i < count; i++) {
    if (parts[i] < 0) return OG_NODE_NONE;
    og_shape s = shape_of(g, parts[i]);
    if (s.columns != 1)
      return og_graph_fail(g, OG_ERR_SHAPE, "part %d of a list is %d x %d: parts must be scalars or vectors",
                           i, SHAPE(s));
    if (s.rows > (1 << 28) - rows) return og_graph_fail(g, OG_ERR_SHAPE, "a list of more than 2^28 entries");
    rows += s.rows;
  }
  if (count < 1) return og_graph_fail(g, OG_ERR_SHAPE, "a list of no parts: give at least one");
  if (count == 1) return parts[0];
  return og_intern(g, (og_node_data){.kind = OG_CONCAT, .shape = {rows, 1}, .count = count}, parts, NULL);
}

og_node og_pad(og_graph *g, og_node a, int offset, int rows) {
  if (a < 0) return OG_NODE_NONE;
  og_shape s = shape_of(g, a);
  if (s.columns != 1)
    return og_graph_fail(g, OG_ERR_SHAPE, "only a vector can be padded, not %d x %d", SHAPE(s));
  if (offset < 0 || offset > rows - s.rows)
    return bad_range(g, "a vector placed among zeros", offset, s.rows, rows);
  if (rows == s.rows) return a;
  if (og_is_value(g, a, 0)) return og_uniform(g, (og_shape){rows, 1}, 0);
  return make(g,
              (og_node_data){
                  .kind = OG_PAD, .offset = offset, .shape = {rows, 1}, .operands = {a}, .operand_count = 1});
}

og_node og_with_slopes(og_graph *g, og_node value, int count, const og_node *of, const og_node *slopes) {
  og_node parts[2 * OG_SLOPES_MOST];
  if (value < 0 || g->nodes[value].kind == OG_CONSTANT) return value;
  for (int i = 0; i < count; i++) {
    if (of[i] < 0 || slopes[i] < 0) return OG_NODE_NONE;
    parts[2 * i] = of[i];
    parts[2 * i + 1] = slopes[i];
  }
  return og_intern(g,
                   (og_node_data){.kind = OG_WITH_SLOPES,
                                  .shape = shape_of(g, value),
                                  .operands = {value},
                                  .operand_count = 1,
                                  .count = 2 * count},
                   parts, NULL);
}

og_node og_sum(og_graph *g, og_node a) {
  if (a < 0) return OG_NODE_NONE;
  og_node_data d = g->nodes[a];
  if (is_scalar(d.shape)) return a;
  if (og_is_value(g, a, 0)) return og_constant(g, 0);
  if (d.kind == OG_RESHAPE || d.kind == OG_PAD) return og_sum(g, d.operands[0]);
  if (d.kind == OG_BROADCAST) return og_apply2(g, OG_MUL, og_constant(g, og_entries(d.shape)), d.operands[0]);
  return make(g, (og_node_data){.kind = OG_SUM, .shape = {1, 1}, .operands = {a}, .operand_count = 1});
}

og_node og_dot_node(og_graph *g, og_node a, og_node b, int zero_wins) {
  if (a < 0 || b < 0) return OG_NODE_NONE;
  og_shape left = shape_of(g, a), right = shape_of(g, b);
  if (!og_same_shape(left, right))
    return og_graph_fail(g, OG_ERR_SHAPE,
                         "the operands of 'dot' are %d x %d and %d x %d: they must have one shape",
                         SHAPE(left), SHAPE(right));
  if (is_scalar(left)) return og_binary_node(g, zero_wins ? OG_MUL0 : OG_MUL, a, b);
  if (og_is_value(g, a, 0) || og_is_value(g, b, 0)) return og_constant(g, 0);
  if (og_is_value(g, a, 1)) return og_sum(g, b);
  if (og_is_value(g, b, 1)) return og_sum(g, a);
  return make(g, (og_node_data){.kind = OG_DOT,
                                .op = zero_wins,
                                .shape = {1, 1},
                                .operands = {a < b ? a : b, a < b ? b : a},
                                .operand_count = 2});
}
og_node og_dot(og_graph *g, og_node a, og_node b) { return og_dot_node(g, a, b, 0); }

/* A x, A^T y or a b^T. */
og_node og_product_node(og_graph *g, og_kind kind, og_node a, og_node b, int zero_wins) {
  if (a < 0 || b < 0) return OG_NODE_NONE;
  og_shape left = shape_of(g, a), right = shape_of(g, b);
  int inner = kind == OG_MATVEC ? left.columns : left.rows;
  if (right.columns != 1 || (kind == OG_OUTER ? left.columns != 1 : right.rows != inner))
    return og_graph_fail(g, OG_ERR_SHAPE, "the operands of '%s' are %d x %d and %d x %d, which do not fit",
                         kind == OG_MATVEC  ? "matrix times vector"
                         : kind == OG_OUTER ? "outer"
                                            : "transposed matrix times vector",
                         SHAPE(left), SHAPE(right));
  og_shape shape = kind == OG_OUTER ? (og_shape){left.rows, right.rows}
                                    : (og_shape){kind == OG_MATVEC ? left.rows : left.columns, 1};
  if (!og_is_shape(g, shape)) return OG_NODE_NONE;
  if (og_is_value(g, a, 0) || og_is_value(g, b, 0)) return og_uniform(g, shape, 0);
  return make(g, (og_node_data){
                     .kind = kind, .op = zero_wins, .shape = shape, .operands = {a, b}, .operand_count = 2});
}
og_node og_matvec(og_graph *g, og_node a, og_node x) { return og_product_node(g, OG_MATVEC, a, x, 0); }
og_node og_matvec_transposed(og_graph *g, og_node a, og_node y) {
  return og_product_node(g, OG_MATVEC_T, a, y, 0);
}
og_node og_outer(og_graph *g, og_node a, og_node b) { return og_product_node(g, OG_OUTER, a, b, 0); }
