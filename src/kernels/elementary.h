/* The elementary functions: one list for tables, programs and tests, and their values for one number by the C
 * library. */
#ifndef OG_ELEMENTARY_H
#define OG_ELEMENTARY_H

#include <math.h>

#include "base/real.h"

#define OG_ELEMENTARY(X)                                                                                     \
  X(EXP, exp)                                                                                                \
  X(EXPM1, expm1)                                                                                            \
  X(LOG, log)                                                                                                \
  X(LOG1P, log1p)                                                                                            \
  X(LOG10, log10)                                                                                            \
  X(SIN, sin)                                                                                                \
  X(COS, cos)                                                                                                \
  X(TAN, tan)                                                                                                \
  X(ASIN, asin)                                                                                              \
  X(ACOS, acos)                                                                                              \
  X(ATAN, atan)                                                                                              \
  X(SINH, sinh)                                                                                              \
  X(COSH, cosh)                                                                                              \
  X(TANH, tanh)                                                                                              \
  X(ERF, erf)                                                                                                \
  X(SIGMOID, sigmoid)                                                                                        \
  X(SOFTPLUS, softplus)

#if defined(OG_SINGLE)
#define OG_LIBM(name) name##f
#else
#define OG_LIBM(name) name
#endif

/* Sigmoid and softplus in forms that do not overflow, and in which small results keep their digits. */
static inline real OG_LIBM(sigmoid)(real x) {
  real e = OG_LIBM(exp)(-OG_LIBM(fabs)(x));
  return (x < 0 ? e : 1) / (1 + e);
}
static inline real OG_LIBM(softplus)(real x) {
  return (x > 0 ? x : 0) + OG_LIBM(log1p)(OG_LIBM(exp)(-OG_LIBM(fabs)(x)));
}

#endif
