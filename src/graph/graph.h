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
 * returns OG_NODE_NONE, so a whole expression can be built before checking once. */
#ifndef OG_GRAPH_H
#define OG_GRAPH_H

#include "base/base.h"

typedef struct og_graph og_graph;
typedef int32_t og_node;
enum { OG_NODE_NONE = -1 };

typedef struct og_shape {
  int rows, columns;
} og_shape;

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
/* The entry of slot `slot` that entry `entry` of a node is, through slices, reshapes and exp(log(.)), which
 * are the same where they are defined; -1: it is something else. */
int og_graph_entry_of_slot(const og_graph *graph, og_node node, int entry, int slot);
/* Whether f compares something with the time or a state in it: it may jump there, and its derivatives do not
 * show that the place moves. */
int og_graph_switches(const og_graph *graph, og_node f);

/* ---- Evaluation: a program is a straight line of instructions over lane blocks, buffers reused. ---- */
typedef struct og_program og_program;
og_status og_program_create(const og_graph *graph, int output_count, const og_node *outputs,
                            og_program **out);
/* A program with more than outputs. Uniform entries: those from `first` on, `count` of them, of input slot
 * `slot` are one number for all lanes, read from an array `weights`; the slot's block is without them. Sinks:
 * the values of nodes, summed over lanes in their order, are ADDED to an array `sums` from `offset` on.
 * Given: nodes whose values are not computed but read from a block, end to end; none is a leaf, a slice or a
 * reshape. */
typedef struct og_sink {
  og_node node;
  int offset;
} og_sink;
typedef struct og_program_plan {
  int output_count, slot, first, count, sink_count, given_count;
  const og_node *outputs, *given;
  const og_sink *sinks;
  const og_node *clock; /* given as well, in slot OG_SLOT_CLOCK */
  int clock_count, row_count;
  const int *rows; /* [row_count], sorted: the block of slot OG_SLOT_PARAMETER has these entries alone */
} og_program_plan;
og_status og_program_create_planned(const og_graph *graph, const og_program_plan *plan, og_program **out);
void og_program_destroy(og_program *program);
/* From now on, with one lane or OG_LANES_MAX of them, the program adds to output `output` what it would store
 * there. 0: it cannot, since that is read again, or not made row by row; nothing is changed. */
int og_program_add_to(og_program *program, int output);
size_t og_program_scratch_bytes(const og_program *program, int lanes); /* enough for either precision */
/* inputs[slot] is a block [entries of the slot][lanes] (a slot the program does not read may be NULL);
 * outputs[j] a block [entries of output j][lanes], or NULL when not wanted. Outputs do not alias inputs. */
void og_program_run_d(const og_program *program, int lanes, const double *const *inputs,
                      double *const *outputs, void *scratch);
void og_program_run_s(const og_program *program, int lanes, const float *const *inputs, float *const *outputs,
                      void *scratch);
/* The same with what a plan has of its own; what it has not may be NULL. */
void og_program_run_planned_d(const og_program *program, int lanes, const double *const *inputs,
                              const double *weights, const double *given, double *const *outputs,
                              double *sums, void *scratch);
void og_program_run_planned_s(const og_program *program, int lanes, const float *const *inputs,
                              const float *weights, const float *given, float *const *outputs, float *sums,
                              void *scratch);

/* Which entries of slot OG_SLOT_PARAMETER are weights of networks. */
typedef struct og_weights {
  int first, count;
} og_weights;
/* og_graph_vjp of one output, and the cotangents of the weights as sinks of a plan: offsets count from the
 * first weight. *sinks is to be freed by the caller, also after a failure. */
og_status og_graph_vjp_weights(og_graph *graph, og_node f, og_node f_bar, int wrt_count, const og_node *wrt,
                               og_node *bars, og_weights weights, og_sink **sinks, int *sink_count);

/* ---- A field from a graph: dx/dt = f(t, x, theta), from input slots 0 (t), 1 (x), 2 (theta). ----
 * `f` is a vector of n entries; vjp and jvp are derived here. If `quadratures` is 1 the last entry is a
 * running cost. */
enum {
  OG_SLOT_TIME = 0,
  OG_SLOT_STATE = 1,
  OG_SLOT_PARAMETER = 2,
  OG_SLOT_COTANGENT = 3,
  OG_SLOT_TIME_DOT = 4,
  OG_SLOT_STATE_DOT = 5,
  OG_SLOT_PARAMETER_DOT = 6,
  OG_SLOT_DATA = 7,
  OG_SLOT_CLOCK = 8, /* of programs in single precision (clock.h); graphs do not read it */
  OG_SLOT_COUNT = 9
};
og_status og_field_from_graph(og_graph *graph, og_node f, size_t parameters, size_t quadratures,
                              og_field **out);

/* The same with inputs and events. Slot 2 then holds the parameters and, behind them, the inputs' rows
 * (field/field.h). Names of events must outlive the field. */
typedef struct og_graph_event {
  og_event about;
  og_node guard; /* scalar */
  og_node jump;  /* the state just after the event, without the quadrature */
} og_graph_event;
typedef struct og_graph_dynamics {
  og_node f;
  size_t parameters, inputs, quadratures, events;
  size_t weights;              /* how many of the parameters, the last ones, are weights of networks */
  const og_graph_event *event; /* [events] */
  size_t named;                /* entries of `state`, the names of the states; 0: none. Copied */
  const og_state_info *state;
} og_graph_dynamics;
og_status og_field_from_dynamics(og_graph *graph, const og_graph_dynamics *dynamics, og_field **out);
/* From now on the functions of a field made here are carried out by machine code, compiled by the system's C
 * compiler, with the same bits; not while others use the field. When that fails it stays as it was. */
og_status og_field_compile(og_field *field, int single);

#endif
