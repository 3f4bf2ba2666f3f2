/* The tensor expression graph: one data structure, many readings (simplification, vjp, jvp, evaluation).
 *
 * A graph is a growing list of nodes; a node refers only to earlier nodes. Nodes are hash-consed (equal
 * expressions are one node: common subexpressions never exist twice) and simplified as they are made
 * (constants folded, x+0, x*1, x*0, x^1, x^2 -> x*x, x^3 -> x*x*x, -(-x), neg pulled out of products, where
 * with constant condition, index of concat, ...). Simplifications keep exact arithmetic or reduce rounding;
 * x*0 -> 0 is allowed (a NaN in x is caught in f itself).
 *
 * A shape is rows x columns; scalars are 1x1, vectors n x 1. Elementwise binary operations take equal shapes
 * or a scalar on either side. Errors (shapes that do not match, no memory) make the constructor return
 * OG_NODE_NONE, set the graph's status and its context's message, and every constructor given OG_NODE_NONE
 * returns OG_NODE_NONE, so a whole expression can be built before checking once.
 *
 * The room knows numbers and shapes, and nothing of solves, fields or the language. Begin with build.c (nodes
 * are made), rules.c (the slope of each operation), vjp.c and jvp.c (derivatives, which are graphs too). */
#ifndef OG_GRAPH_H
#define OG_GRAPH_H

#include "base/base.h"

typedef struct og_graph og_graph;
typedef int32_t og_node;
enum { OG_NODE_NONE = -1 };

typedef struct og_shape {
  int rows, columns;
} og_shape;

/* Slots of what is evaluated: the arguments of a vector field, of its products and of observations. */
enum {
  OG_SLOT_TIME = 0,
  OG_SLOT_STATE = 1,
  OG_SLOT_PARAMETER = 2,
  OG_SLOT_COTANGENT = 3,
  OG_SLOT_TIME_DOT = 4,
  OG_SLOT_STATE_DOT = 5,
  OG_SLOT_PARAMETER_DOT = 6,
  OG_SLOT_DATA = 7,
  OG_SLOT_TIME_ALONG = 8, /* a direction along which a tangent is differentiated once more */
  OG_SLOT_STATE_ALONG = 9,
  OG_SLOT_CLOCK = 10, /* of programs in single precision (clock.h); graphs do not read it */
  OG_SLOT_COUNT = 11
};

og_status og_graph_create(og_context *context, og_graph **out);
void og_graph_destroy(og_graph *graph);
og_status og_graph_status(const og_graph *graph);
og_shape og_graph_shape(const og_graph *graph, og_node node);
/* Whether the node is a constant with all entries equal; *value receives it (value may be NULL). */
int og_graph_is_constant(const og_graph *graph, og_node node, double *value);

/* ---- Leaves. An input reads slot `slot` of the evaluation, from `offset` entries on. ---- */
og_node og_constant(og_graph *graph, double value);
og_node og_constant_tensor(og_graph *graph, og_shape shape, const double *values);
og_node og_input(og_graph *graph, int slot, int offset, og_shape shape);

/* ---- Elementwise. One list drives names, evaluation and derivatives. ---- */
typedef enum og_unary {
  OG_NEG,
  OG_ABS,
  OG_SIGN /* 0 at 0 */,
  OG_FLOOR,
  OG_SQRT,
  OG_EXP,
  OG_EXPM1,
  OG_LOG,
  OG_LOG1P,
  OG_LOG10,
  OG_SIN,
  OG_COS,
  OG_TAN,
  OG_ASIN,
  OG_ACOS,
  OG_ATAN,
  OG_SINH,
  OG_COSH,
  OG_TANH,
  OG_SIGMOID,
  OG_SOFTPLUS,
  OG_RELU,
  OG_ERF,
  OG_LGAMMA,
  OG_DIGAMMA,
  OG_TRIGAMMA,
  OG_LOG1M_EXP,       /* log(1 - exp(x)) */
  OG_LOG1P_REMAINDER, /* x - log(1 + x) */
  OG_STIRLING,
  OG_STIRLING1,
  OG_STIRLING2, /* log Gamma(x) - ((x - 1/2) log x - x + log(2 pi)/2), x > 0 */
  OG_ERFC,
  OG_PHI, /* the normal distribution function */
  OG_LOG_PHI,
  OG_LOG_PHI1,
  OG_LOG_PHI2,
  OG_HIGH_HALF, /* the leading half of the digits */
  OG_NOT,
  OG_UNARY_COUNT
} og_unary;
/* Comparisons and logic give 1 or 0 and have zero derivative. min and max pass the cotangent to the argument
 * that is chosen (to the first on a tie). atan2(y, x) is the angle of the point (x, y). pow(x, y): d/dy is 0
 * where x == 0 and y > 0. */
typedef enum og_binary {
  OG_ADD,
  OG_SUB,
  OG_MUL,
  OG_DIV,
  OG_POW,
  OG_ATAN2,
  OG_MIN,
  OG_MAX,
  OG_LT,
  OG_LE,
  OG_GT,
  OG_GE,
  OG_EQ,
  OG_NE,
  OG_AND,
  OG_OR,
  OG_BINARY_COUNT
} og_binary;
og_node og_apply1(og_graph *graph, og_unary op, og_node a);
og_node og_apply2(og_graph *graph, og_binary op, og_node a, og_node b);
og_node og_log_of_complement(og_graph *graph, og_node a); /* log(1 - a) */
/* Elementwise condition != 0 ? a : b. Both branches are evaluated; the cotangent of the one not taken is
 * exactly 0, also when its value or derivative is NaN or infinite. */
og_node og_where(og_graph *graph, og_node condition, og_node a, og_node b);

/* `value`, with its derivatives stated: with respect to of[i], from which it is made, slopes[i]. For formulas
 * whose derivative, taken operation by operation, cancels where the value does not. */
og_node og_with_slopes(og_graph *graph, og_node value, int count, const og_node *of, const og_node *slopes);

/* ---- Structure ---- */
og_node og_slice(og_graph *graph, og_node a, int offset,
                 int rows); /* entries offset.. of a vector (row-major of a matrix) as a vector */
og_node og_concat(og_graph *graph, const og_node *parts, int count); /* scalars and vectors, end to end */
og_node og_reshape(og_graph *graph, og_node a, og_shape shape);
og_node og_broadcast(og_graph *graph, og_node scalar, og_shape shape);
og_node og_pad(og_graph *graph, og_node a, int offset,
               int rows); /* transpose of slice: a placed in a zero vector of `rows` */

/* Entry i of the result, row-major, is entry index[i] of a: any order, any number of times. */
og_node og_take_entries(og_graph *graph, og_node a, og_shape shape, const int *index);
/* Its transpose: entry i of a is added to entry index[i] of the result, in the order of i, from 0 on. */
og_node og_take_transposed(og_graph *graph, og_node a, og_shape shape, const int *index);

/* ---- Sums and products ---- */
og_node og_sum(og_graph *graph, og_node a);
og_node og_dot(og_graph *graph, og_node a, og_node b);
og_node og_matvec(og_graph *graph, og_node matrix, og_node vector);            /* A x */
og_node og_matvec_transposed(og_graph *graph, og_node matrix, og_node vector); /* A^T y */
og_node og_outer(og_graph *graph, og_node a, og_node b);                       /* a b^T */

/* ---- Derivatives, as new nodes of the same graph; they can be differentiated again. ---- */
/* bars[i] = sum over outputs of (d outputs[j] / d wrt[i])^T output_bars[j]. A wrt that nothing depends on
 * gets a constant 0 of its shape. wrt are usually inputs but may be any nodes. */
og_status og_graph_vjp(og_graph *graph, int output_count, const og_node *outputs, const og_node *output_bars,
                       int wrt_count, const og_node *wrt, og_node *bars);
/* output_dots[j] = sum over wrt of (d outputs[j] / d wrt[i]) wrt_dots[i]. */
og_status og_graph_jvp(og_graph *graph, int output_count, const og_node *outputs, int wrt_count,
                       const og_node *wrt, const og_node *wrt_dots, og_node *output_dots);
/* The entries of slot OG_SLOT_PARAMETER up to the last one that any output depends on; whether an output
 * depends on a slot at all. OG_NODE_NONE depends on nothing. */
int og_graph_parameters_read(const og_graph *graph, int output_count, const og_node *outputs);
int og_graph_depends_on(const og_graph *graph, int output_count, const og_node *outputs, int slot);
/* Sets read[i], of `entries`, for each entry i of the slot that an output depends on. */
og_status og_graph_find_read(const og_graph *graph, int output_count, const og_node *outputs, int slot,
                             int entries, unsigned char *read);
/* Where the derivative of a node by the first `entries` of a slot can have entries: row after row, within a
 * row by column. */
typedef struct og_sparsity {
  size_t count;
  int *row, *column;
} og_sparsity;
og_status og_graph_find_sparsity(const og_graph *graph, og_node node, int slot, int entries,
                                 og_sparsity *out);
void og_sparsity_free(og_context *context, og_sparsity *sparsity);
/* The entry of slot `slot` that entry `entry` of a node is, through slices, reshapes and exp(log(.)), which
 * are the same where they are defined; -1: it is something else. */
int og_graph_entry_of_slot(const og_graph *graph, og_node node, int entry, int slot);
/* Times at which f switches that are known beforehand, as it compares t with constants: sorted; to be freed.
 * `before` is the last time on the left side, `after` the first on the right. */
typedef struct og_switch {
  double time, before, after;
} og_switch;
og_status og_graph_find_switches(const og_graph *graph, og_node f, size_t *count, og_switch **switches);
/* Whether f compares something with a state, or with the time other than at those: it may jump there, and its
 * derivatives do not show that the place moves. */
int og_graph_switches(const og_graph *graph, og_node f);

/* The nodes and inputs of one graph, made anew in another, in their order: an input of slot s becomes one of
 * slots[s].slot, offset by slots[s].offset. map [og_graph_size(from)] receives the new nodes. */
typedef struct og_slot_move {
  int slot, offset;
} og_slot_move;
int og_graph_size(const og_graph *graph);
og_status og_graph_copy(const og_graph *from, const og_slot_move *slots, og_graph *to, og_node *map);
/* What one node is made of, and nothing else; *copy is the node in the other graph. */
og_status og_graph_copy_node(const og_graph *from, og_node node, og_graph *to, og_node *copy);
/* A number that says whether two graphs have the same nodes in the same order. */
uint64_t og_graph_digest(const og_graph *graph);

#endif
