/* What a graph is made of; for the files of this room. */
#ifndef OG_NODE_H
#define OG_NODE_H

#include "graph/graph.h"

typedef enum og_kind {
  OG_CONSTANT,
  OG_INPUT,
  OG_UNARY,
  OG_BINARY,
  OG_WHERE,
  OG_SLICE,
  OG_CONCAT,
  OG_RESHAPE,
  OG_WITH_SLOPES,
  OG_BROADCAST,
  OG_PAD,
  OG_TAKE,
  OG_TAKE_T,
  OG_SUM,
  OG_DOT,
  OG_MATVEC,
  OG_MATVEC_T,
  OG_OUTER
} og_kind;

/* A product in which zero wins over NaN and infinity: cotangents below a `where` are passed on with it. */
enum { OG_MUL0 = OG_BINARY_COUNT, OG_BINARY_ALL };

enum { OG_SLOPES_MOST = 3 };

/* `op` is an og_unary or og_binary; of products it says whether zero wins. `offset` is that of input, slice
 * and pad. A constant of equal entries has count 0 and its value; other constants' values and the parts of a
 * concat, the pairs (of, slope) of a value with stated slopes, and the entries that a take reads or its
 * transpose adds to, are `count` entries of a pool from `first`. What a node depends on is found when it is
 * made, so that asking needs no memory, which could be missing. */
typedef struct og_node_data {
  og_kind kind;
  int op, slot, offset;
  og_shape shape;
  og_node operands[3];
  int operand_count, first, count;
  double value;
  unsigned slots;      /* bit i: an entry of input slot i */
  int parameters_read; /* entries of OG_SLOT_PARAMETER, up to the last one */
  int switches;        /* a comparison of what moves along a trajectory, at times that nobody knows */
  int in_time;         /* OG_IN_TIME_... */
  int time_cost;       /* operations of which a straight line is made */
} og_node_data;

/* What a node is as a function of time along a trajectory (switches.c): a constant; fixed by parameters; a
 * function of steps at known times; a straight line with constant coefficients; anything else. */
enum { OG_IN_TIME_CONSTANT, OG_IN_TIME_FIXED, OG_IN_TIME_STEPS, OG_IN_TIME_STRAIGHT, OG_IN_TIME_OTHER };

struct og_graph {
  og_context *context;
  og_status status;
  og_node_data *nodes;
  int count, capacity;
  og_node *parts;
  int part_count, part_capacity;
  double *values;
  int value_count, value_capacity;
  og_node *table; /* open addressing; table_size is a power of two */
  int table_size;
  const struct og_clocked *clocked; /* programs made now have clocks (clock.h); NULL: none */
};

static inline int og_entries(og_shape s) { return s.rows * s.columns; }
/* Another look at the rows of its operand, from `offset` on. */
static inline int og_is_view(og_kind kind) {
  return kind == OG_SLICE || kind == OG_RESHAPE || kind == OG_WITH_SLOPES;
}
static inline int og_same_shape(og_shape a, og_shape b) { return a.rows == b.rows && a.columns == b.columns; }

/* The node equal to `data`, made if there is none. `parts` (of takes the entries) and `values` are
 * data->count entries or NULL. */
og_node og_intern(og_graph *graph, og_node_data data, const og_node *parts, const double *values);
og_node og_graph_fail(og_graph *graph, og_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
og_node og_uniform(og_graph *graph, og_shape shape, double value);
/* Whether a tensor can have the shape; a failure of the graph if not. */
int og_is_shape(og_graph *graph, og_shape shape);
/* Of a take or its transpose: what it makes of a cotangent, and of a tangent (take.c). */
og_node og_take_back(og_graph *graph, const og_node_data *take, og_node bar);
og_node og_take_along(og_graph *graph, const og_node_data *take, og_node dot);
const og_node *og_operands(const og_graph *graph, og_node node, int *count);
int og_is_value(const og_graph *graph, og_node node, double value);
/* Fills in slots, parameters_read and switches of a node that is about to be made; and in_time and time_cost.
 */
void og_find_dependence(const og_graph *graph, og_node_data *data, const og_node *parts);
void og_find_time_kind(const og_graph *graph, og_node_data *data, const og_node *parts);

/* A simpler equal of the operation, or OG_NODE_NONE when there is none. Shapes have been checked. */
og_node og_simplify1(og_graph *graph, og_unary op, og_node a);
/* Of log(a) and log(1 + a), where a is better known on that scale than itself. */
og_node og_simplify_log(og_graph *graph, og_node a);
og_node og_simplify_log1p(og_graph *graph, og_node a);
og_node og_simplify2(og_graph *graph, int op, og_node a, og_node b, og_shape shape);
/* As og_apply2 with OG_MUL0 as well; products with `zero_wins`. */
og_node og_binary_node(og_graph *graph, int op, og_node a, og_node b);
og_node og_dot_node(og_graph *graph, og_node a, og_node b, int zero_wins);
og_node og_product_node(og_graph *graph, og_kind kind, og_node a, og_node b, int zero_wins);
/* Whether a binary operation is a function that is called, not a loop. */
static inline int og_is_function2(int op) { return op == OG_POW || op == OG_ATAN2; }
const char *og_unary_name(og_unary op);
const char *og_binary_name(int op);

/* dy/dx of y = op(x), and of y = op(a, b) with respect to its `which` operand; OG_NODE_NONE when it is 0. */
og_node og_unary_slope(og_graph *graph, og_unary op, og_node x, og_node y);
og_node og_binary_slope(og_graph *graph, int op, int which, og_node a, og_node b, og_node y);
/* where, min, max and relu: what is not chosen gets a cotangent or tangent of exactly 0. */
int og_is_choice(const og_node_data *d);
/* An input and a wrt that read a common stretch of a slot are two views of it, whatever nodes they are.
 * og_gather: the cotangent of `wrt` from bars[0..last] of the inputs that overlap it (of wrt alone when it is
 * no input). og_scatter: the tangent of input `node` from those of the wrt that overlap it; OG_NODE_NONE when
 * there is none. */
og_node og_gather(og_graph *graph, og_node wrt, int last, const og_node *bars);
og_node og_scatter(og_graph *graph, og_node node, int wrt_count, const og_node *wrt, const og_node *wrt_dots);
int og_overlap(const og_graph *graph, og_node a, og_node b);
/* og_graph_vjp in which only the first `gathered` wrt are seen as views. The others are nodes that the
 * outputs are made of, and get their own cotangents; OG_NODE_NONE: zero. */
og_status og_graph_vjp_leaves(og_graph *graph, int output_count, const og_node *outputs,
                              const og_node *output_bars, int wrt_count, int gathered, const og_node *wrt,
                              og_node *bars);
/* The node whose entries a chain of slices and reshapes shows, from *offset on. */
og_node og_root_of(const og_graph *graph, og_node node, int *offset);
/* needed[i], all 0 before, becomes 1 for the nodes that the outputs are made of. */
void og_mark_needed(const og_graph *graph, int last, int output_count, const og_node *outputs,
                    unsigned char *needed);
/* active[i] becomes 1 for the nodes up to `last` that depend on any of wrt. */
void og_mark_active(const og_graph *graph, int last, int wrt_count, const og_node *wrt,
                    unsigned char *active);

double og_unary_value_d(og_unary op, double x);
float og_unary_value_s(og_unary op, float x);
double og_binary_value_d(int op, double a, double b);
float og_binary_value_s(int op, float a, float b);
double og_digamma(double x);
double og_trigamma(double x);
/* x - log(1 + x); Stirling's remainder of log gamma and its derivatives; Phi and its logarithm's
 * (special.c). */
double og_log1p_remainder(double x);
double og_stirling(double x);
double og_stirling1(double x);
double og_stirling2(double x);
double og_phi(double x);
double og_log_phi(double x);
double og_log_phi1(double x);
double og_log_phi2(double x);

#endif
