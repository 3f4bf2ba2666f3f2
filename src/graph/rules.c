/* The derivatives of the elementwise operations: one table for forward and backward. */
#include "graph/node.h"

#define ADD(a, b) og_apply2(g, OG_ADD, a, b)
#define SUB(a, b) og_apply2(g, OG_SUB, a, b)
#define MUL(a, b) og_apply2(g, OG_MUL, a, b)
#define DIV(a, b) og_apply2(g, OG_DIV, a, b)
#define F(op, a) og_apply1(g, op, a)
#define C(value) og_constant(g, value)
#define SQUARE(a) MUL(a, a)

og_node og_unary_slope(og_graph *g, og_unary op, og_node x, og_node y) {
  switch (op) {
  case OG_NEG: return C(-1);
  case OG_ABS: return F(OG_SIGN, x);
  case OG_SQRT: return DIV(C(0.5), y);
  case OG_EXP: return y;
  case OG_EXPM1: return F(OG_EXP, x);
  case OG_LOG: return DIV(C(1), x);
  case OG_LOG10: return DIV(C(0.43429448190325182765), x); /* 1/ln 10 */
  case OG_LOG1P: return DIV(C(1), ADD(C(1), x));
  case OG_SIN: return F(OG_COS, x);
  case OG_COS: return F(OG_NEG, F(OG_SIN, x));
  case OG_TAN: return ADD(C(1), SQUARE(y));
  case OG_ASIN: return DIV(C(1), F(OG_SQRT, MUL(SUB(C(1), x), ADD(C(1), x))));
  case OG_ACOS: return DIV(C(-1), F(OG_SQRT, MUL(SUB(C(1), x), ADD(C(1), x))));
  case OG_ATAN: return DIV(C(1), ADD(C(1), SQUARE(x)));
  case OG_SINH: return F(OG_COSH, x);
  case OG_COSH: return F(OG_SINH, x);
  case OG_TANH: return MUL(SUB(C(1), y), ADD(C(1), y));
  case OG_SIGMOID: return MUL(y, F(OG_SIGMOID, F(OG_NEG, x))); /* 1 - y would cancel where y is near 1 */
  case OG_SOFTPLUS: return F(OG_SIGMOID, x);
  case OG_RELU: return og_apply2(g, OG_GT, y, C(0));
  case OG_ERF: /* 2/sqrt(pi) exp(-x^2) */
    return MUL(C(1.12837916709551257390), F(OG_EXP, F(OG_NEG, SQUARE(x))));
  case OG_LGAMMA: return F(OG_DIGAMMA, x);
  case OG_DIGAMMA: return F(OG_TRIGAMMA, x);
  case OG_TRIGAMMA: /* polygamma functions of higher order are not among the operations */
    return og_graph_fail(g, OG_ERR_UNSUPPORTED,
                         "the derivative of trigamma is not available: lgamma can be "
                         "differentiated twice");
  case OG_LOG1M_EXP: return DIV(C(-1), F(OG_EXPM1, F(OG_NEG, x)));
  case OG_LOG1P_REMAINDER: return DIV(x, ADD(C(1), x));
  case OG_STIRLING: return F(OG_STIRLING1, x);
  case OG_STIRLING1: return F(OG_STIRLING2, x);
  case OG_STIRLING2:
    return og_graph_fail(g, OG_ERR_UNSUPPORTED, "the third derivative of log gamma is not available");
  case OG_ERFC: return MUL(C(-1.12837916709551257390), F(OG_EXP, F(OG_NEG, SQUARE(x))));
  case OG_PHI: /* exp(-x^2/2) / sqrt(2 pi) */
    return MUL(C(0.39894228040143267794), F(OG_EXP, MUL(C(-0.5), SQUARE(x))));
  case OG_LOG_PHI: return F(OG_LOG_PHI1, x);
  case OG_LOG_PHI1: return F(OG_LOG_PHI2, x);
  case OG_LOG_PHI2: { /* of -r (x + r), where r' is y */
    og_node ratio = F(OG_LOG_PHI1, x);
    return F(OG_NEG, ADD(MUL(y, ADD(x, ratio)), MUL(ratio, ADD(C(1), y))));
  }
  case OG_SIGN:
  case OG_HIGH_HALF:
  case OG_FLOOR:
  case OG_NOT:
  case OG_UNARY_COUNT: break;
  }
  return OG_NODE_NONE;
}

static og_node power_slope(og_graph *g, int which, og_node x, og_node p, og_node y) {
  if (which == 0) return MUL(p, og_apply2(g, OG_POW, x, SUB(p, C(1))));
  og_node at_zero = og_apply2(g, OG_AND, og_apply2(g, OG_EQ, x, C(0)), og_apply2(g, OG_GT, p, C(0)));
  return og_where(g, at_zero, C(0), MUL(y, F(OG_LOG, x)));
}

/* The angle of the point (x, y), each scaled by the larger one: their squares neither overflow nor vanish. */
static og_node angle_slope(og_graph *g, int which, og_node y, og_node x) {
  og_node size = og_apply2(g, OG_MAX, F(OG_ABS, y), F(OG_ABS, x)), v = DIV(y, size), u = DIV(x, size);
  og_node square = MUL(size, ADD(SQUARE(u), SQUARE(v)));
  return which ? F(OG_NEG, DIV(v, square)) : DIV(u, square);
}

/* Whether the first operand is the one that min or max chooses; of equal ones the first, but of max(x, 0) the
 * 0, as in relu(x): sqrt(max(x, 0)) may come to rest where x is exactly 0. */
static og_node chooses_first(og_graph *g, int op, og_node a, og_node b) {
  if (op == OG_MIN) return og_apply2(g, OG_LE, a, b);
  return og_apply2(g, g->nodes[b].kind == OG_CONSTANT ? OG_GT : OG_GE, a, b);
}

int og_is_choice(const og_node_data *d) {
  return d->kind == OG_WHERE || (d->kind == OG_BINARY && (d->op == OG_MIN || d->op == OG_MAX)) ||
         (d->kind == OG_UNARY && d->op == OG_RELU);
}

og_node og_binary_slope(og_graph *g, int op, int which, og_node a, og_node b, og_node y) {
  switch (op) {
  case OG_ADD: return C(1);
  case OG_SUB: return C(which ? -1 : 1);
  case OG_MUL:
  case OG_MUL0: return which ? a : b;
  case OG_DIV: return which ? F(OG_NEG, DIV(y, b)) : DIV(C(1), b);
  case OG_POW: return power_slope(g, which, a, b, y);
  case OG_ATAN2: return angle_slope(g, which, a, b);
  case OG_MIN:
  case OG_MAX: {
    og_node first = chooses_first(g, op, a, b);
    return which ? F(OG_NOT, first) : first;
  }
  default: return OG_NODE_NONE;
  }
}

static int is_wrt(const og_graph *g, og_node node, int wrt_count, const og_node *wrt) {
  for (int i = 0; i < wrt_count; i++)
    if (og_overlap(g, node, wrt[i])) return 1;
  return 0;
}

void og_mark_active(const og_graph *g, int last, int wrt_count, const og_node *wrt, unsigned char *active) {
  for (og_node node = 0; node <= last; node++) {
    int count;
    const og_node *operands = og_operands(g, node, &count);
    active[node] = (unsigned char)is_wrt(g, node, wrt_count, wrt);
    for (int i = 0; i < count && !active[node]; i++) active[node] = active[operands[i]];
  }
}

void og_mark_needed(const og_graph *g, int last, int output_count, const og_node *outputs,
                    unsigned char *needed) {
  for (int i = 0; i < output_count; i++) needed[outputs[i]] = 1;
  for (og_node node = last; node >= 0; node--) {
    int count;
    const og_node *operands = og_operands(g, node, &count);
    for (int i = 0; needed[node] && i < count; i++) needed[operands[i]] = 1;
  }
}
