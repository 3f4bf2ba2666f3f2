/* Distributions with Stan's parametrisation: -log p(y), fully normalised, entry by entry; and plain errors.
 */
#include "model/lower.h"

typedef struct terms {
  og_graph *g;
  og_node y, a, b, c;
} terms;
typedef struct distribution {
  const char *name;
  int arguments;
  const char *signature;
  og_support_kind support;
  og_node (*minus_log)(const terms *t);
  og_node (*location)(const terms *t);
} distribution;

static og_node num(const terms *t, double v) { return og_constant(t->g, v); }
static og_node add(const terms *t, og_node a, og_node b) { return og_apply2(t->g, OG_ADD, a, b); }
static og_node sub(const terms *t, og_node a, og_node b) { return og_apply2(t->g, OG_SUB, a, b); }
static og_node mul(const terms *t, og_node a, og_node b) { return og_apply2(t->g, OG_MUL, a, b); }
static og_node divide(const terms *t, og_node a, og_node b) { return og_apply2(t->g, OG_DIV, a, b); }
static og_node logarithm(const terms *t, og_node a) { return og_apply1(t->g, OG_LOG, a); }
static og_node log_1p(const terms *t, og_node a) { return og_apply1(t->g, OG_LOG1P, a); }
static og_node lgam(const terms *t, og_node a) { return og_apply1(t->g, OG_LGAMMA, a); }
/* y log(a), and 0 where y is 0, whatever a is. */
static og_node times_log(const terms *t, og_node y, og_node log_a) {
  og_node zero = num(t, 0);
  return og_where(t->g, og_apply2(t->g, OG_EQ, y, zero), zero, mul(t, y, log_a));
}
static og_node first(const terms *t) { return t->a; }
static og_node second(const terms *t) { return t->b; }
static og_node inverse(const terms *t) { return divide(t, num(t, 1), t->a); }
static og_node quotient(const terms *t) { return divide(t, t->a, t->b); }
static og_node median(const terms *t) { return og_apply1(t->g, OG_EXP, t->a); }

static const double half_log_2pi = 0.91893853320467274178, log_pi = 1.14472988584940017414,
                    log_2 = 0.69314718055994530942;

static og_node gauss(const terms *t, og_node x) { /* log sigma + log(2 pi)/2 + z^2/2 */
  og_node z = divide(t, sub(t, x, t->a), t->b);
  return add(t, add(t, logarithm(t, t->b), num(t, half_log_2pi)), mul(t, num(t, 0.5), mul(t, z, z)));
}
static og_node normal(const terms *t) { return gauss(t, t->y); }
static og_node lognormal(const terms *t) {
  og_node log_y = logarithm(t, t->y);
  return add(t, log_y, gauss(t, log_y));
}
/* a = nu, b = mu, c = sigma */
static og_node student_t(const terms *t) {
  og_node z = divide(t, sub(t, t->y, t->b), t->c), half = mul(t, num(t, 0.5), add(t, t->a, num(t, 1)));
  og_node tail = mul(t, half, og_apply1(t->g, OG_LOG1P, divide(t, mul(t, z, z), t->a)));
  og_node norm = add(t, sub(t, lgam(t, mul(t, num(t, 0.5), t->a)), lgam(t, half)), logarithm(t, t->c));
  return add(t, add(t, norm, mul(t, num(t, 0.5), add(t, logarithm(t, t->a), num(t, log_pi)))), tail);
}
static og_node cauchy(const terms *t) {
  og_node z = divide(t, sub(t, t->y, t->a), t->b);
  return add(t, add(t, logarithm(t, t->b), num(t, log_pi)), og_apply1(t->g, OG_LOG1P, mul(t, z, z)));
}
static og_node double_exponential(const terms *t) {
  og_node z = divide(t, og_apply1(t->g, OG_ABS, sub(t, t->y, t->a)), t->b);
  return add(t, add(t, logarithm(t, t->b), num(t, log_2)), z);
}
static og_node exponential(const terms *t) { return sub(t, mul(t, t->a, t->y), logarithm(t, t->a)); }
static og_node gamma_density(const terms *t) { /* a = alpha, b = beta */
  og_node log_norm = sub(t, lgam(t, t->a), mul(t, t->a, logarithm(t, t->b)));
  return add(t, sub(t, log_norm, mul(t, sub(t, t->a, num(t, 1)), logarithm(t, t->y))), mul(t, t->b, t->y));
}
static og_node log_factorial(const terms *t) { return lgam(t, add(t, t->y, num(t, 1))); }
static og_node poisson(const terms *t) {
  return add(t, sub(t, t->a, times_log(t, t->y, logarithm(t, t->a))), log_factorial(t));
}
/* mean a, variance a + a^2 / b; log1p keeps the digits when b is large */
static og_node neg_binomial_2(const terms *t) {
  og_node choose = sub(t, add(t, log_factorial(t), lgam(t, t->b)), lgam(t, add(t, t->y, t->b)));
  og_node by_mean = times_log(t, t->y, log_1p(t, divide(t, t->b, t->a)));
  return add(t, choose, add(t, by_mean, mul(t, t->b, log_1p(t, divide(t, t->a, t->b)))));
}
static og_node bernoulli(const terms *t) {
  og_node yes = times_log(t, t->y, logarithm(t, t->a));
  og_node no = times_log(t, sub(t, num(t, 1), t->y), log_1p(t, og_apply1(t->g, OG_NEG, t->a)));
  return og_apply1(t->g, OG_NEG, add(t, yes, no));
}

/* Halves are joined: log(e^a + e^b) = b + softplus(a - b), which does not overflow, whichever is larger. */
static og_node log_sum_exp(const terms *t, og_node z) {
  for (int rows = og_graph_shape(t->g, z).rows; rows > 1; rows = og_graph_shape(t->g, z).rows) {
    int half = rows / 2;
    og_node a = og_slice(t->g, z, 0, half), b = og_slice(t->g, z, half, half);
    og_node both[2] = {add(t, b, og_apply1(t->g, OG_SOFTPLUS, sub(t, a, b)))};
    if (rows % 2) both[1] = og_slice(t->g, z, rows - 1, 1);
    z = og_concat(t->g, both, 1 + rows % 2);
    if (z == OG_NODE_NONE) break;
  }
  return z;
}
/* a = the logits of classes 1, 2, ...: -log softmax(a)[y] */
static og_node categorical_logit(const terms *t) {
  og_node zero = num(t, 0), own = zero;
  for (int k = 0; k < og_graph_shape(t->g, t->a).rows; k++)
    own = og_where(t->g, og_apply2(t->g, OG_EQ, t->y, num(t, k + 1)), og_slice(t->g, t->a, k, 1), own);
  return sub(t, log_sum_exp(t, t->a), own);
}
/* Of equals the first; NaN when a logit is. */
static og_node most_likely(const terms *t) {
  og_node best = og_slice(t->g, t->a, 0, 1), class = num(t, 1);
  for (int k = 1; k < og_graph_shape(t->g, t->a).rows; k++) {
    og_node other = og_slice(t->g, t->a, k, 1);
    class = og_where(t->g, og_apply2(t->g, OG_GT, other, best), num(t, k + 1), class);
    best = og_apply2(t->g, OG_MAX, best, other);
  }
  return og_where(t->g, og_apply2(t->g, OG_EQ, best, best), class, best);
}

/* ---- Errors, which are no densities ---- */

static og_node squared_error(const terms *t) {
  og_node error = sub(t, t->y, t->a);
  return mul(t, error, error);
}
static og_node absolute_error(const terms *t) { return og_apply1(t->g, OG_ABS, sub(t, t->y, t->a)); }

static const distribution distributions[] = {
    {"normal", 2, "normal(mu, sigma)", OG_SUPPORT_REAL, normal, first},
    {"lognormal", 2, "lognormal(mu, sigma)", OG_SUPPORT_POSITIVE, lognormal, median},
    {"student_t", 3, "student_t(nu, mu, sigma)", OG_SUPPORT_REAL, student_t, second},
    {"cauchy", 2, "cauchy(mu, sigma)", OG_SUPPORT_REAL, cauchy, first},
    {"double_exponential", 2, "double_exponential(mu, sigma)", OG_SUPPORT_REAL, double_exponential, first},
    {"exponential", 1, "exponential(beta)", OG_SUPPORT_NOT_NEGATIVE, exponential, inverse},
    {"gamma", 2, "gamma(alpha, beta)", OG_SUPPORT_POSITIVE, gamma_density, quotient},
    {"poisson", 1, "poisson(lambda)", OG_SUPPORT_COUNT, poisson, first},
    {"neg_binomial_2", 2, "neg_binomial_2(mu, phi)", OG_SUPPORT_COUNT, neg_binomial_2, first},
    {"bernoulli", 1, "bernoulli(theta)", OG_SUPPORT_BINARY, bernoulli, first},
    {"categorical_logit", 1, "categorical_logit(logits)", OG_SUPPORT_CLASS, categorical_logit, most_likely},
    {"squared_error", 1, "squared_error(x)", OG_SUPPORT_REAL, squared_error, first},
    {"absolute_error", 1, "absolute_error(x)", OG_SUPPORT_REAL, absolute_error, first},
};
enum { DISTRIBUTIONS = sizeof distributions / sizeof *distributions };

static int is_distribution(const og_lowering *l, og_span span) {
  for (size_t i = 0; i < DISTRIBUTIONS; i++)
    if (og_span_is(l->source, span, distributions[i].name)) return 1;
  return 0;
}

static const distribution *find(og_lowering *l, const og_expression *call) {
  const char *names[DISTRIBUTIONS];
  for (size_t i = 0; i < DISTRIBUTIONS; i++) {
    names[i] = distributions[i].name;
    if (call->kind == OG_EX_CALL && og_span_is(l->source, call->name, names[i])) return &distributions[i];
  }
  if (call->kind == OG_EX_CALL || (call->kind == OG_EX_NAME && !is_distribution(l, call->span)))
    og_unknown_name(l, call->kind == OG_EX_CALL ? call->name : call->span, "distribution", names,
                    DISTRIBUTIONS);
  else
    og_error_at(l->source, call->span, "expected a distribution with its arguments, as in normal(mu, sigma)");
  return NULL;
}

/* The shape of an observation is that of its distribution's widest argument; a class is one number, whatever
 * the number of its logits. */
int og_density_rows(og_lowering *l, const og_expression *call) {
  int rows = 1;
  for (int i = 0; call->kind == OG_EX_CALL && i < call->count; i++) {
    og_node node = og_lower_expression(l, call->arg[i]);
    if (node == OG_NODE_NONE) return 0;
    og_shape shape = og_graph_shape(l->graph, node);
    if (shape.rows * shape.columns > rows) rows = shape.rows * shape.columns;
  }
  return call->kind == OG_EX_CALL && og_span_is(l->source, call->name, "categorical_logit") ? 1 : rows;
}

static int check_logits(og_lowering *l, const og_expression *e, og_shape shape) {
  char text[OG_SHAPE_TEXT];
  if (shape.columns == 1 && shape.rows > 1) return 1;
  og_error_at(l->source, e->span, "the logits of classes are a vector of two or more, not %s",
              og_shape_text(shape, text));
  return 0;
}

static int check_argument(og_lowering *l, const distribution *d, const og_expression *e, og_node node,
                          og_node y) {
  char own[OG_SHAPE_TEXT], column[OG_SHAPE_TEXT];
  og_shape shape = og_graph_shape(l->graph, node), want = og_graph_shape(l->graph, y);
  if (d->support == OG_SUPPORT_CLASS) return check_logits(l, e, shape);
  if (shape.rows * shape.columns == 1 || (shape.rows == want.rows && shape.columns == 1)) return 1;
  og_error_at(l->source, e->span, "this argument is %s, but the observation is %s", og_shape_text(shape, own),
              og_shape_text(want, column));
  return 0;
}

og_node og_lower_density(og_lowering *l, const og_expression *call, og_node y, og_node *location,
                         og_support *support) {
  const distribution *d = find(l, call);
  og_node arg[3] = {OG_NODE_NONE, OG_NODE_NONE, OG_NODE_NONE};
  if (!d) return OG_NODE_NONE;
  if (call->options) return og_refuse_options(l, call);
  if (call->count != d->arguments) {
    og_error_at(l->source, call->span, "%s takes %d argument%s, not %d", d->name, d->arguments,
                d->arguments == 1 ? "" : "s", call->count);
    og_help(l->source, "%s", d->signature);
    return OG_NODE_NONE;
  }
  int good = 1;
  for (int i = 0; i < call->count; i++) {
    arg[i] = og_lower_expression(l, call->arg[i]);
    good &= arg[i] != OG_NODE_NONE && check_argument(l, d, call->arg[i], arg[i], y);
  }
  if (!good) return OG_NODE_NONE;
  terms t = {l->graph, y, arg[0], arg[1], arg[2]};
  int plain = d->minus_log == squared_error || d->minus_log == absolute_error;
  *support = (og_support){d->support, og_graph_shape(l->graph, arg[0]).rows, plain ? d->name : NULL};
  *location = d->location(&t);
  return d->minus_log(&t);
}
