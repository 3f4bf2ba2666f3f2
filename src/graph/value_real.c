/* The operations on one number, where constants are folded or no loop of the tables has them. */
#include <math.h>

#include "graph/node.h"
#include "kernels/elementary.h"

/* lgamma itself writes a global sign, which threads would race for. */
extern double lgamma_r(double x, int *sign);
static real log_gamma(real x) {
  int sign;
  return (real)lgamma_r((double)x, &sign);
}

/* The product of two halves is exact. */
static real high_half(real x) {
  int exponent, digits = sizeof x == 4 ? 12 : 26;
  double m = frexp((double)x, &exponent);
  return isfinite(x) ? (real)ldexp(trunc(ldexp(m, digits)), exponent - digits) : x;
}

#define ELEMENTARY(NAME, name)                                                                               \
  case OG_##NAME: return OG_LIBM(name)(x);
real OG_R(og_unary_value)(og_unary op, real x) {
  switch (op) {
  case OG_NEG: return -x;
  case OG_ABS: return OG_LIBM(fabs)(x);
  case OG_SIGN: return x > 0 ? (real)1 : x < 0 ? (real)-1 : x == 0 ? (real)0 : x;
  case OG_FLOOR: return OG_LIBM(floor)(x);
  case OG_SQRT: return OG_LIBM(sqrt)(x); OG_ELEMENTARY(ELEMENTARY)
  case OG_RELU: return x < 0 ? (real)0 : x;
  case OG_LGAMMA: return log_gamma(x);
  case OG_DIGAMMA: return (real)og_digamma((double)x);
  case OG_TRIGAMMA: return (real)og_trigamma((double)x);
  case OG_LOG1M_EXP: /* one of them keeps the digits */
    return x > -(real)0.7 ? OG_LIBM(log)(-OG_LIBM(expm1)(x)) : OG_LIBM(log1p)(-OG_LIBM(exp)(x));
  case OG_LOG1P_REMAINDER: return (real)og_log1p_remainder((double)x);
  case OG_STIRLING: return (real)og_stirling((double)x);
  case OG_STIRLING1: return (real)og_stirling1((double)x);
  case OG_STIRLING2: return (real)og_stirling2((double)x);
  case OG_ERFC: return OG_LIBM(erfc)(x);
  case OG_PHI: return (real)og_phi((double)x);
  case OG_LOG_PHI: return (real)og_log_phi((double)x);
  case OG_LOG_PHI1: return (real)og_log_phi1((double)x);
  case OG_LOG_PHI2: return (real)og_log_phi2((double)x);
  case OG_HIGH_HALF: return high_half(x);
  case OG_NOT: return x == 0 ? (real)1 : (real)0;
  case OG_UNARY_COUNT: break;
  }
  return x;
}

real OG_R(og_binary_value)(int op, real a, real b) {
  switch (op) {
  case OG_ADD: return a + b;
  case OG_SUB: return a - b;
  case OG_MUL: return a * b;
  case OG_DIV: return a / b;
  case OG_POW: return OG_LIBM(pow)(a, b);
  case OG_ATAN2: return OG_LIBM(atan2)(a, b);
  case OG_MIN: return a <= b || a != a ? a : b;
  case OG_MAX: return a >= b || a != a ? a : b;
  case OG_LT: return a < b;
  case OG_LE: return a <= b;
  case OG_GT: return a > b;
  case OG_GE: return a >= b;
  case OG_EQ: return a == b;
  case OG_NE: return a != b;
  case OG_AND: return a != 0 && b != 0;
  case OG_OR: return a != 0 || b != 0;
  default: return a == 0 || b == 0 ? (real)0 : a * b;
  }
}
