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

#include "base/in_double.h"
#include "kernels/elementwise_table.h"

#include "base/in_single.h"
#include "kernels/elementwise_table.h"

#endif
