/* Logarithms of what is better known on their scale than itself: probabilities round to 0 or 1 where their
 * logarithms still have all digits. */
#include <math.h>

#include "graph/node.h"

static const double root_2 = 1.41421356237309504880, log_2 = 0.69314718055994530942;

static int is_unary(const og_graph *g, og_node a, og_unary op) {
  return g->nodes[a].kind == OG_UNARY && g->nodes[a].op == (int)op;
}
static int is_binary(const og_graph *g, og_node a, og_binary op) {
  return g->nodes[a].kind == OG_BINARY && g->nodes[a].op == (int)op;
}
static og_node operand(const og_graph *g, og_node a, int which) { return g->nodes[a].operands[which]; }
static og_node negative(og_graph *g, og_node a) { return og_apply1(g, OG_NEG, a); }
static og_node times(og_graph *g, double factor, og_node a) {
  return og_apply2(g, OG_MUL, og_constant(g, factor), a);
}

/* a = *factor times the result. */
static og_node without_factor(const og_graph *g, og_node a, double *factor) {
  double value;
  *factor = 1;
  if (is_binary(g, a, OG_MUL))
    for (int which = 0; which < 2; which++)
      if (og_graph_is_constant(g, operand(g, a, which), &value)) {
        *factor = value;
        return operand(g, a, 1 - which);
      }
  if (is_binary(g, a, OG_DIV) && og_graph_is_constant(g, operand(g, a, 1), &value)) {
    *factor = 1 / value;
    return operand(g, a, 0);
  }
  return a;
}

/* The argument x when a = outer + outer f(x), or outer - outer f(x), of one operation f: *minus. */
static og_node argument_beside_1(const og_graph *g, og_node a, og_unary f, double *outer, int *minus) {
  double inner;
  *minus = is_binary(g, a, OG_SUB);
  if (!*minus && !is_binary(g, a, OG_ADD)) return OG_NODE_NONE;
  for (int which = 0; which < 2 - *minus; which++) {
    if (!og_graph_is_constant(g, operand(g, a, which), outer)) continue;
    og_node found = without_factor(g, operand(g, a, 1 - which), &inner);
    if (is_unary(g, found, f) && inner == *outer) return operand(g, found, 0);
  }
  return OG_NODE_NONE;
}

/* The argument z when a = c Phi(z): Phi itself, erfc(x) = 2 Phi(-sqrt(2) x), c + c erf(x) = 2c Phi(sqrt(2)
 * x). */
static og_node argument_of_phi(og_graph *g, og_node a, double *c) {
  double outer;
  int minus;
  a = without_factor(g, a, c);
  if (is_unary(g, a, OG_PHI)) return operand(g, a, 0);
  if (is_unary(g, a, OG_ERFC)) return *c *= 2, times(g, -root_2, operand(g, a, 0));
  og_node x = argument_beside_1(g, a, OG_ERF, &outer, &minus);
  if (x < 0) return OG_NODE_NONE;
  *c *= 2 * outer;
  return times(g, minus ? -root_2 : root_2, x);
}

/* exp(w) when a = 1 + exp(w). */
static og_node exp_beside_1(const og_graph *g, og_node a) {
  if (is_binary(g, a, OG_ADD))
    for (int which = 0; which < 2; which++)
      if (og_is_value(g, operand(g, a, which), 1) && is_unary(g, operand(g, a, 1 - which), OG_EXP))
        return operand(g, a, 1 - which);
  return OG_NODE_NONE;
}

/* The argument z when a = c sigmoid(z): sigmoid itself, 1/(1 + exp(-z)), exp(z)/(1 + exp(z)), and
 * 1 + tanh(x) = 2 sigmoid(2 x). */
static og_node argument_of_sigmoid(og_graph *g, og_node a, double *c) {
  double outer;
  int minus;
  a = without_factor(g, a, c);
  if (is_unary(g, a, OG_SIGMOID)) return operand(g, a, 0);
  if (is_binary(g, a, OG_DIV)) {
    og_node power = exp_beside_1(g, operand(g, a, 1)), above = without_factor(g, operand(g, a, 0), &outer);
    if (power < 0) return OG_NODE_NONE;
    if (above == power) return *c *= outer, operand(g, power, 0);
    if (!og_graph_is_constant(g, operand(g, a, 0), &outer)) return OG_NODE_NONE;
    return *c *= outer, negative(g, operand(g, power, 0));
  }
  og_node x = argument_beside_1(g, a, OG_TANH, &outer, &minus);
  if (x < 0) return OG_NODE_NONE;
  *c *= 2 * outer;
  return times(g, minus ? -2 : 2, x);
}

/* The argument w when a = -expm1(w) = 1 - exp(w). */
static og_node argument_of_rise(const og_graph *g, og_node a) {
  int negated = is_unary(g, a, OG_NEG) && is_unary(g, operand(g, a, 0), OG_EXPM1);
  return negated ? operand(g, operand(g, a, 0), 0) : OG_NODE_NONE;
}

static og_node plus_log(og_graph *g, og_node a, double factor) {
  return og_apply2(g, OG_ADD, a, og_constant(g, factor == 2 ? log_2 : log(factor)));
}

/* What 1 is the first operand of: a in 1 - a. */
static og_node taken_from_1(const og_graph *g, og_node a) {
  return is_binary(g, a, OG_SUB) && og_is_value(g, operand(g, a, 0), 1) ? operand(g, a, 1) : OG_NODE_NONE;
}

/* log(1 - a) */
static og_node log_of_rest(og_graph *g, og_node a) {
  double c;
  og_node z = argument_of_phi(g, a, &c);
  if (z >= 0 && c == 1) return og_apply1(g, OG_LOG_PHI, negative(g, z));
  z = argument_of_sigmoid(g, a, &c);
  if (z >= 0 && c == 1) return negative(g, og_apply1(g, OG_SOFTPLUS, z));
  if (is_unary(g, a, OG_EXP)) return og_apply1(g, OG_LOG1M_EXP, operand(g, a, 0));
  if (is_unary(g, a, OG_ERF)) return og_apply1(g, OG_LOG, og_apply1(g, OG_ERFC, operand(g, a, 0)));
  if (is_unary(g, a, OG_ERFC)) return og_apply1(g, OG_LOG, og_apply1(g, OG_ERF, operand(g, a, 0)));
  if (is_unary(g, a, OG_TANH)) /* 1 - tanh(x) = 2 sigmoid(-2 x) */
    return plus_log(g, negative(g, og_apply1(g, OG_SOFTPLUS, times(g, 2, operand(g, a, 0)))), 2);
  og_node risen = argument_of_rise(g, a), rest = taken_from_1(g, a);
  if (risen >= 0) return risen;
  return rest < 0 ? OG_NODE_NONE : og_apply1(g, OG_LOG, rest);
}

og_node og_simplify_log(og_graph *g, og_node a) {
  double c;
  og_node z = argument_of_phi(g, a, &c);
  if (z >= 0 && c > 0) return plus_log(g, og_apply1(g, OG_LOG_PHI, z), c);
  og_node plain = without_factor(g, a, &c), rest = taken_from_1(g, a);
  if (c > 0 && is_unary(g, plain, OG_EXP)) return plus_log(g, operand(g, plain, 0), c);
  og_node risen = argument_of_rise(g, plain), power = exp_beside_1(g, a);
  if (c > 0 && risen >= 0) return plus_log(g, og_apply1(g, OG_LOG1M_EXP, risen), c);
  if (power >= 0) return og_apply1(g, OG_SOFTPLUS, operand(g, power, 0));
  z = argument_of_sigmoid(g, a, &c);
  if (z >= 0 && c > 0) return plus_log(g, negative(g, og_apply1(g, OG_SOFTPLUS, negative(g, z))), c);
  return rest < 0 ? OG_NODE_NONE : log_of_rest(g, rest);
}

og_node og_simplify_log1p(og_graph *g, og_node a) {
  if (is_unary(g, a, OG_EXP)) return og_apply1(g, OG_SOFTPLUS, operand(g, a, 0));
  if (is_unary(g, a, OG_EXPM1)) return operand(g, a, 0);
  return is_unary(g, a, OG_NEG) ? log_of_rest(g, operand(g, a, 0)) : OG_NODE_NONE;
}

og_node og_log_of_complement(og_graph *g, og_node a) {
  if (a < 0) return OG_NODE_NONE;
  og_node known = log_of_rest(g, a);
  return known >= 0 || g->status != OG_OK ? known : og_apply1(g, OG_LOG1P, negative(g, a));
}
