/* A number with its derivatives along two directions and the second derivative along both, in long double:
 * the truth of derivatives that tests compare graphs with. The rules are the textbook's, function by
 * function, and share nothing with those of src/graph.
 *
 * A derivative of exactly 0 stays 0, whatever slope it meets: so it is with what where, min and max did not
 * choose. */
#ifndef OG_TEST_JETS_H
#define OG_TEST_JETS_H

#include <math.h>

#include "graph/node.h"

typedef struct jet {
  long double v, a, b, ab;
} jet;

static const long double pi_l = 3.14159265358979323846264338327950288L;

static inline long double jet_by(long double slope, long double dot) { return dot == 0 ? 0 : slope * dot; }

/* A function of one or two arguments at a point: value and derivatives. */
typedef struct jet_unary {
  long double f, f1, f2;
} jet_unary;
typedef struct jet_binary {
  long double f, fx, fy, fxx, fxy, fyy;
} jet_binary;

static inline jet jet_chain1(jet x, jet_unary d) {
  return (jet){d.f, jet_by(d.f1, x.a), jet_by(d.f1, x.b), jet_by(d.f2, x.a * x.b) + jet_by(d.f1, x.ab)};
}

static inline jet jet_chain2(jet x, jet y, jet_binary d) {
  return (jet){d.f, jet_by(d.fx, x.a) + jet_by(d.fy, y.a), jet_by(d.fx, x.b) + jet_by(d.fy, y.b),
               jet_by(d.fxx, x.a * x.b) + jet_by(d.fxy, x.a * y.b + x.b * y.a) + jet_by(d.fyy, y.a * y.b) +
                   jet_by(d.fx, x.ab) + jet_by(d.fy, y.ab)};
}

static inline jet jet_add(jet x, jet y) { return (jet){x.v + y.v, x.a + y.a, x.b + y.b, x.ab + y.ab}; }
static inline jet jet_times(jet x, jet y) {
  return jet_chain2(x, y, (jet_binary){x.v * y.v, y.v, x.v, 0, 1, 0});
}

/* psi and its derivative for x > 0, NaN for others: the recurrence up to 20, and from there the asymptotic
 * series, whose first term left out is below 1e-20. */
static inline long double jet_psi(long double x) {
  long double sum = x > 0 ? 0 : NAN;
  for (; x > 0 && x < 20; x++) sum -= 1 / x;
  long double w = 1 / (x * x);
  return sum + logl(x) - 0.5L / x -
         w * (1 / 12.0L -
              w * (1 / 120.0L -
                   w * (1 / 252.0L -
                        w * (1 / 240.0L - w * (1 / 132.0L - w * (691 / 32760.0L - w * (1 / 12.0L)))))));
}
static inline long double jet_psi1(long double x) {
  long double sum = x > 0 ? 0 : NAN;
  for (; x > 0 && x < 20; x++) sum += 1 / (x * x);
  long double w = 1 / (x * x);
  return sum + 1 / x + w / 2 +
         w / x *
             (1 / 6.0L -
              w * (1 / 30.0L - w * (1 / 42.0L - w * (1 / 30.0L - w * (5 / 66.0L - w * (691 / 2730.0L -
                                                                                       w * (7 / 6.0L)))))));
}

/* log Phi and r = phi/Phi, which is its slope. */
static inline jet_unary jet_log_phi(long double x) {
  long double phi = expl(-x * x / 2) / sqrtl(2 * pi_l), whole = erfcl(-x / sqrtl(2)) / 2, r = phi / whole;
  return (jet_unary){logl(whole), r, -r * (x + r)};
}

static inline jet_unary jet_of_unary(int op, long double x) {
  const long double e = expl(x), s = 1 / (1 + expl(-x)), root = sqrtl(x), q = 1 - x * x;
  switch (op) {
  case OG_NEG: return (jet_unary){-x, -1, 0};
  case OG_ABS: return (jet_unary){fabsl(x), x > 0 ? 1 : x < 0 ? -1 : 0, 0};
  case OG_SIGN: return (jet_unary){x > 0 ? 1 : x < 0 ? -1 : x, 0, 0};
  case OG_FLOOR: return (jet_unary){floorl(x), 0, 0};
  case OG_SQRT: return (jet_unary){root, 0.5L / root, -0.25L / (root * x)};
  case OG_EXP: return (jet_unary){e, e, e};
  case OG_EXPM1: return (jet_unary){expm1l(x), e, e};
  case OG_LOG: return (jet_unary){logl(x), 1 / x, -1 / (x * x)};
  case OG_LOG1P: return (jet_unary){log1pl(x), 1 / (1 + x), -1 / ((1 + x) * (1 + x))};
  case OG_LOG10: return (jet_unary){log10l(x), 1 / (x * logl(10)), -1 / (x * x * logl(10))};
  case OG_SIN: return (jet_unary){sinl(x), cosl(x), -sinl(x)};
  case OG_COS: return (jet_unary){cosl(x), -sinl(x), -cosl(x)};
  case OG_TAN: {
    long double c = cosl(x);
    return (jet_unary){tanl(x), 1 / (c * c), 2 * sinl(x) / (c * c * c)};
  }
  case OG_ASIN: return (jet_unary){asinl(x), 1 / sqrtl(q), x / (q * sqrtl(q))};
  case OG_ACOS: return (jet_unary){acosl(x), -1 / sqrtl(q), -x / (q * sqrtl(q))};
  case OG_ATAN: return (jet_unary){atanl(x), 1 / (1 + x * x), -2 * x / ((1 + x * x) * (1 + x * x))};
  case OG_SINH: return (jet_unary){sinhl(x), coshl(x), sinhl(x)};
  case OG_COSH: return (jet_unary){coshl(x), sinhl(x), coshl(x)};
  case OG_TANH: {
    long double c = coshl(x);
    return (jet_unary){tanhl(x), 1 / (c * c), -2 * sinhl(x) / (c * c * c)};
  }
  case OG_SIGMOID: return (jet_unary){s, s * (1 - s), s * (1 - s) * (1 - 2 * s)};
  case OG_SOFTPLUS: return (jet_unary){log1pl(e), s, s * (1 - s)};
  case OG_RELU: return (jet_unary){x > 0 ? x : 0, x > 0, 0};
  case OG_ERF:
  case OG_ERFC: {
    long double slope = 2 / sqrtl(pi_l) * expl(-x * x);
    if (op == OG_ERF) return (jet_unary){erfl(x), slope, -2 * x * slope};
    return (jet_unary){erfcl(x), -slope, 2 * x * slope};
  }
  case OG_PHI: {
    long double slope = expl(-x * x / 2) / sqrtl(2 * pi_l);
    return (jet_unary){erfcl(-x / sqrtl(2)) / 2, slope, -x * slope};
  }
  case OG_LGAMMA: return (jet_unary){lgammal(x), jet_psi(x), jet_psi1(x)};
  case OG_LOG_PHI: return jet_log_phi(x);
  case OG_LOG1M_EXP: {
    long double less = expm1l(-x);
    return (jet_unary){logl(-expm1l(x)), -1 / less, -expl(-x) / (less * less)};
  }
  case OG_LOG1P_REMAINDER: return (jet_unary){x - log1pl(x), x / (1 + x), 1 / ((1 + x) * (1 + x))};
  case OG_STIRLING:
    return (jet_unary){lgammal(x) - ((x - 0.5L) * logl(x) - x + logl(2 * pi_l) / 2),
                       jet_psi(x) - logl(x) + 0.5L / x, jet_psi1(x) - 1 / x - 0.5L / (x * x)};
  case OG_NOT: return (jet_unary){x == 0, 0, 0};
  default: return (jet_unary){NAN, NAN, NAN};
  }
}

static inline jet_binary jet_of_binary(int op, long double x, long double y) {
  switch (op) {
  case OG_ADD: return (jet_binary){x + y, 1, 1, 0, 0, 0};
  case OG_SUB: return (jet_binary){x - y, 1, -1, 0, 0, 0};
  case OG_MUL: return (jet_binary){x * y, y, x, 0, 1, 0};
  case OG_MUL0: return (jet_binary){jet_by(x, y), y, x, 0, 1, 0};
  case OG_DIV: return (jet_binary){x / y, 1 / y, -x / (y * y), 0, -1 / (y * y), 2 * x / (y * y * y)};
  case OG_POW: {
    long double f = powl(x, y), l = logl(x), less = powl(x, y - 1);
    return (jet_binary){f, y * less, f * l, y * (y - 1) * powl(x, y - 2), less * (1 + y * l), f * l * l};
  }
  case OG_ATAN2: { /* of (y, x): here x is the first argument */
    long double r = x * x + y * y;
    return (jet_binary){atan2l(x, y),       y / r, -x / r, -2 * x * y / (r * r), (x * x - y * y) / (r * r),
                        2 * x * y / (r * r)};
  }
  case OG_LT: return (jet_binary){.f = x < y};
  case OG_LE: return (jet_binary){.f = x <= y};
  case OG_GT: return (jet_binary){.f = x > y};
  case OG_GE: return (jet_binary){.f = x >= y};
  case OG_EQ: return (jet_binary){.f = x == y};
  case OG_NE: return (jet_binary){.f = x != y};
  case OG_AND: return (jet_binary){.f = x != 0 && y != 0};
  case OG_OR: return (jet_binary){.f = x != 0 || y != 0};
  default: return (jet_binary){NAN, NAN, NAN, NAN, NAN, NAN};
  }
}

/* min and max: the first of equal ones, but of max(x, constant) the constant. */
static inline jet jet_choice(int op, jet x, jet y, int y_is_constant) {
  if (isnan(x.v)) return x;
  if (isnan(y.v)) return y;
  if (op == OG_MIN) return x.v <= y.v ? x : y;
  return x.v > y.v || (x.v == y.v && !y_is_constant) ? x : y;
}

#endif
