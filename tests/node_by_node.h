/* Graphs evaluated as they are written: node by node and number by number, each value in a place of its own.
 * The operations and their roundings are those that programs promise, so that programs must give these bits.
 * Functions that are no operation of a processor are those of the library, one number at a time: how exact
 * they are is tested elsewhere (test_elementary.c, test_functions.c).
 *
 * NUMBER_BY_NUMBER(X, S): the operations on numbers alone. NODE_BY_NODE(X, S): these, and node_by_node_S(g,
 * last, lane, inputs, values), where values[i] are the entries of node i and inputs[slot][row][lane] blocks
 * of OG_LANES_MAX lanes. */
#ifndef OG_TEST_NODE_BY_NODE_H
#define OG_TEST_NODE_BY_NODE_H

#include <math.h>

#include "base/real.h"
#include "graph/node.h"
#include "program/instructions.h"

#define NUMBER_BY_NUMBER(X, S)                                                                               \
  static inline X unary_number_##S(int op, X x) {                                                            \
    X out;                                                                                                   \
    switch (op) {                                                                                            \
    case OG_NEG: return -x;                                                                                  \
    case OG_ABS: return x < 0 || (x == 0 && signbit(x)) ? -x : x;                                            \
    case OG_SIGN: return x > 0 ? 1 : x < 0 ? -1 : x == 0 ? 0 : x;                                            \
    case OG_FLOOR: return (X)floor((double)x);                                                               \
    case OG_SQRT: return (X)sqrt((double)x); /* rounded twice, sqrt still has the right bits */              \
    case OG_RELU: return x < 0 ? 0 : x;                                                                      \
    case OG_NOT: return x == 0;                                                                              \
    default: og_program_functions_##S.unary(op, 1, &x, &out); return out;                                    \
    }                                                                                                        \
  }                                                                                                          \
  static inline X binary_number_##S(int op, X x, X y) {                                                      \
    switch (op) {                                                                                            \
    case OG_ADD: return x + y;                                                                               \
    case OG_SUB: return x - y;                                                                               \
    case OG_MUL: return x * y;                                                                               \
    case OG_DIV: return x / y;                                                                               \
    case OG_POW: return sizeof(X) == 4 ? (X)powf((float)x, (float)y) : (X)pow(x, y);                         \
    case OG_ATAN2: return sizeof(X) == 4 ? (X)atan2f((float)x, (float)y) : (X)atan2(x, y);                   \
    case OG_MIN: return isnan(x) || isnan(y) ? (X)NAN : y < x ? y : x;                                       \
    case OG_MAX: return isnan(x) || isnan(y) ? (X)NAN : y > x ? y : x;                                       \
    case OG_LT: return x < y;                                                                                \
    case OG_LE: return x <= y;                                                                               \
    case OG_GT: return x > y;                                                                                \
    case OG_GE: return x >= y;                                                                               \
    case OG_EQ: return x == y;                                                                               \
    case OG_NE: return x != y;                                                                               \
    case OG_AND: return x != 0 && y != 0;                                                                    \
    case OG_OR: return x != 0 || y != 0;                                                                     \
    default: return x == 0 || y == 0 ? 0 : x * y;                                                            \
    }                                                                                                        \
  }                                                                                                          \
  /* sum + x y, with one rounding or two as this processor's products of matrices do */                      \
  static inline X multiply_add_##S(int zero_wins, X x, X y, X sum) {                                         \
    if (zero_wins && (x == 0 || y == 0)) return sum;                                                         \
    if (!og_dense_best_##S()->fused) return x * y + sum;                                                     \
    return sizeof(X) == 4 ? (X)fmaf((float)x, (float)y, (float)sum) : (X)fma(x, y, sum);                     \
  }

#define NODE_BY_NODE(X, S)                                                                                   \
  NUMBER_BY_NUMBER(X, S)                                                                                     \
  static inline X chain_##S(int zero_wins, int count, const X *a, int stride, const X *b) {                  \
    X sum = 0;                                                                                               \
    for (int i = 0; i < count; i++) sum = multiply_add_##S(zero_wins, a[i * stride], b[i], sum);             \
    return sum;                                                                                              \
  }                                                                                                          \
  static inline X concat_entry_##S(const og_graph *g, const og_node_data *d, int entry, X *const *values) {  \
    int part = 0;                                                                                            \
    for (; entry >= g->nodes[g->parts[d->first + part]].shape.rows; part++)                                  \
      entry -= g->nodes[g->parts[d->first + part]].shape.rows;                                               \
    return values[g->parts[d->first + part]][entry];                                                         \
  }                                                                                                          \
  static inline X entry_##S(const og_graph *g, const og_node_data *d, int e, int lane,                       \
                            const X(*const *inputs)[OG_LANES_MAX], X *const *values) {                       \
    const X *in[3] = {0};                                                                                    \
    int step[3] = {0};                                                                                       \
    og_shape shape = d->shape;                                                                               \
    for (int i = 0; i < d->operand_count; i++) {                                                             \
      in[i] = values[d->operands[i]];                                                                        \
      shape = g->nodes[d->operands[0]].shape;                                                                \
      step[i] = og_entries(g->nodes[d->operands[i]].shape) > 1;                                              \
    }                                                                                                        \
    X sum = 0;                                                                                               \
    switch (d->kind) {                                                                                       \
    case OG_CONSTANT: return (X)(d->count ? g->values[d->first + e] : d->value);                             \
    case OG_INPUT: return inputs[d->slot][d->offset + e][lane];                                              \
    case OG_UNARY: return unary_number_##S(d->op, in[0][e]);                                                 \
    case OG_BINARY: return binary_number_##S(d->op, in[0][e * step[0]], in[1][e * step[1]]);                 \
    case OG_WHERE: return in[0][e] != 0 ? in[1][e] : in[2][e];                                               \
    case OG_SLICE: return in[0][d->offset + e];                                                              \
    case OG_CONCAT: return concat_entry_##S(g, d, e, values);                                                \
    case OG_BROADCAST: return in[0][0];                                                                      \
    case OG_PAD: return e >= d->offset && e < d->offset + shape.rows ? in[0][e - d->offset] : 0;             \
    case OG_TAKE: return in[0][g->parts[d->first + e]];                                                      \
    case OG_TAKE_T:                                                                                          \
      for (int i = 0; i < d->count; i++)                                                                     \
        if (g->parts[d->first + i] == e) sum += in[0][i];                                                    \
      return sum;                                                                                            \
    case OG_SUM:                                                                                             \
      for (int i = 0; i < og_entries(shape); i++) sum += in[0][i];                                           \
      return sum;                                                                                            \
    case OG_DOT: return chain_##S(d->op, og_entries(shape), in[0], 1, in[1]);                                \
    case OG_MATVEC: return chain_##S(d->op, shape.columns, in[0] + e * shape.columns, 1, in[1]);             \
    case OG_MATVEC_T: return chain_##S(d->op, shape.rows, in[0] + e, shape.columns, in[1]);                  \
    case OG_OUTER:                                                                                           \
      return binary_number_##S(d->op ? (int)OG_MUL0 : (int)OG_MUL, in[0][e / d->shape.columns],              \
                               in[1][e % d->shape.columns]);                                                 \
    default: return in[0][e]; /* reshape, stated slopes */                                                   \
    }                                                                                                        \
  }                                                                                                          \
  static inline void node_by_node_##S(const og_graph *g, int last, int lane,                                 \
                                      const X(*const *inputs)[OG_LANES_MAX], X *const *values) {             \
    for (og_node node = 0; node <= last; node++)                                                             \
      for (int e = 0; e < og_entries(g->nodes[node].shape); e++)                                             \
        values[node][e] = entry_##S(g, &g->nodes[node], e, lane, inputs, values);                            \
  }

#endif
