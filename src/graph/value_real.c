/* The operations on one number: the only place where their values are defined for the elementary functions.
 */
#include <math.h>

#include "base/real.h"
#include "graph/node.h"

#if defined(OG_SINGLE)
#define M(name) name##f
#else
#define M(name) name
#endif

static real sigmoid(real x) {
  if (x >= 0) return 1 / (1 + M(exp)(-x));
  real e = M(exp)(x);
  return e / (1 + e);
}
static real softplus(real x) { return (x > 0 ? x : 0) + M(log1p)(M(exp)(-M(fabs)(x))); }
/* lgamma itself writes a global sign, which threads would race for. */
extern double lgamma_r(double x, int *sign);
static real log_gamma(real x) {
  int sign;
  return (real)lgamma_r((double)x, &sign);
}

real OG_R(og_unary_value)(og_unary op, real x) {
  switch (op) {
  case OG_NEG: return -x;
  case OG_ABS: return M(fabs)(x);
  case OG_SIGN: return x > 0 ? (real)1 : x < 0 ? (real)-1 : x == 0 ? (real)0 : x;
  case OG_SQRT: return M(sqrt)(x);
  case OG_EXP: return M(exp)(x);
  case OG_EXPM1: return M(expm1)(x);
  case OG_LOG: return M(log)(x);
  case OG_LOG1P: return M(log1p)(x);
  case OG_SIN: return M(sin)(x);
  case OG_COS: return M(cos)(x);
  case OG_TAN: return M(tan)(x);
  case OG_ASIN: return M(asin)(x);
  case OG_ACOS: return M(acos)(x);
  case OG_ATAN: return M(atan)(x);
  case OG_SINH: return M(sinh)(x);
  case OG_COSH: return M(cosh)(x);
  case OG_TANH: return M(tanh)(x);
  case OG_SIGMOID: return sigmoid(x);
  case OG_SOFTPLUS: return x != x ? x : softplus(x);
  case OG_RELU: return x < 0 ? (real)0 : x;
  case OG_ERF: return M(erf)(x);
  case OG_LGAMMA: return log_gamma(x);
  case OG_DIGAMMA: return (real)og_digamma((double)x);
  case OG_TRIGAMMA: return (real)og_trigamma((double)x);
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
  case OG_POW: return M(pow)(a, b);
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
