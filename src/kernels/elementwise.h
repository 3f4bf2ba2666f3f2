/* Elementwise loops over contiguous numbers, one table per instruction set and precision. Operations are
 * single correctly rounded ones (or selections), so that every table gives the same bits, but for
 * multiply-adds and the elementary functions: of these the bits depend on the table and the argument alone,
 * and the tests state how exact they are (tests/test_elementary.c). Outputs do not overlap inputs. */
#ifndef OG_ELEMENTWISE_H
#define OG_ELEMENTWISE_H

#include <stddef.h>

#include "base/real.h"
#include "kernels/elementary.h"
#include "kernels/scalar_run.h"

#define OG_ELEMENTARY_INDEX(NAME, name) OG_EW_##NAME,
enum {
  OG_EW_NEG,
  OG_EW_ABS,
  OG_EW_SIGN,
  OG_EW_SQRT,
  OG_EW_RELU,
  OG_EW_NOT,
  OG_ELEMENTARY(OG_ELEMENTARY_INDEX) OG_EW_UNARY_COUNT
};
#undef OG_ELEMENTARY_INDEX
/* OG_EW_MUL0 is a product in which a zero wins, also against NaN and infinity. */
enum {
  OG_EW_ADD,
  OG_EW_SUB,
  OG_EW_MUL,
  OG_EW_DIV,
  OG_EW_MIN,
  OG_EW_MAX,
  OG_EW_LT,
  OG_EW_LE,
  OG_EW_GT,
  OG_EW_GE,
  OG_EW_EQ,
  OG_EW_NE,
  OG_EW_AND,
  OG_EW_OR,
  OG_EW_MUL0,
  OG_EW_BINARY_COUNT
};
/* Which of a binary operation's operands is one number for the whole loop. */
enum { OG_EW_BOTH, OG_EW_ONE_A, OG_EW_ONE_B, OG_EW_VARIANTS };

#define OG_ELEMENTWISE_TABLE(X, S)                                                                           \
  typedef struct og_elementwise_##S {                                                                        \
    void (*unary[OG_EW_UNARY_COUNT])(size_t count, const X *a, X *out);                                      \
    void (*binary[OG_EW_BINARY_COUNT][OG_EW_VARIANTS])(size_t count, const X *a, const X *b, X *out);        \
    void (*where)(size_t count, const X *condition, const X *a, const X *b, X *out);                         \
    /* sum += a b by the multiply-add of this instruction set's dense products (dense.h) */                  \
    void (*multiply_add)(size_t count, const X *a, const X *b, X *sum);                                      \
    /* the same where zero wins; [1]: `a` is one number */                                                   \
    void (*multiply_add0[2])(size_t count, const X *a, const X *b, X *sum);                                  \
    /* out[rows][lanes] = a + column[rows] */                                                                \
    void (*add_column)(size_t rows, size_t lanes, const X *column, const X *a, X *out);                      \
    /* out = bar ((1 - y)(1 + y)), each operation rounded */                                                 \
    void (*slope_of_tanh)(size_t count, const X *bar, const X *y, X *out);                                   \
    /* see scalar_run.h; scalar_run_one: on rows of one lane */                                              \
    void (*scalar_run)(int count, const og_scalar_run *run, X *const *bases);                                \
    void (*scalar_run_one)(int count, const og_scalar_run *run, X *const *bases);                            \
  } og_elementwise_##S;                                                                                      \
  const og_elementwise_##S *og_elementwise_best_##S(void); /* the fastest that this processor runs */        \
  extern const og_elementwise_##S og_elementwise_reference_##S, og_elementwise_base_##S,                     \
      og_elementwise_avx2_##S, og_elementwise_avx512_##S;
OG_ELEMENTWISE_TABLE(double, d)
OG_ELEMENTWISE_TABLE(float, s)

#endif
