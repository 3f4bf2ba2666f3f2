/* Distributions with Stan's parametrisation: -log p(y), fully normalised, entry by entry; and plain errors.
 */
#include "model/densities.h"
#include "model/lower.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef og_density_terms terms;
/* What others know of it comes first. */
typedef struct distribution {
  og_distribution about;
  og_node (*minus_log)(const terms *t);
  og_node (*location)(const terms *t);
} distribution;

static og_node first(const terms *t) { return t->a; }
static og_node second(const terms *t) { return t->b; }
static og_node inverse(const terms *t) { return og_over(t, og_num(t, 1), t->a); }
static og_node quotient(const terms *t) { return og_over(t, t->a, t->b); }
static og_node median(const terms *t) { return og_apply1(t->g, OG_EXP, t->a); }

static const double half_log_2pi = 0.91893853320467274178, log_2 = 0.69314718055994530942;

static og_node gauss(const terms *t, og_node x) { /* log sigma + log(2 pi)/2 + z^2/2 */
  og_node z = og_over(t, og_less(t, x, t->a), t->b);
  return og_plus(t, og_plus(t, og_log_of(t, t->b), og_num(t, half_log_2pi)),
                 og_scaled(t, 0.5, og_squared(t, z)));
}
static og_node normal(const terms *t) { return gauss(t, t->y); }
static og_node lognormal(const terms *t) {
  og_node log_y = og_log_of(t, t->y);
  return og_plus(t, log_y, gauss(t, log_y));
}
static og_node cauchy(const terms *t) {
  const terms student = {t->g, t->y, og_num(t, 1), t->a, t->b};
  return og_student_t_density(&student);
}
static og_node double_exponential(const terms *t) {
  og_node z = og_over(t, og_apply1(t->g, OG_ABS, og_less(t, t->y, t->a)), t->b);
  return og_plus(t, og_plus(t, og_log_of(t, t->b), og_num(t, log_2)), z);
}
static og_node exponential(const terms *t) { return og_less(t, og_times(t, t->a, t->y), og_log_of(t, t->a)); }
static og_node bernoulli(const terms *t) {
  og_node no = og_apply2(t->g, OG_EQ, t->y, og_num(t, 0));
  return og_negated(t, og_where(t->g, no, og_log_of_complement(t->g, t->a), og_log_of(t, t->a)));
}

/* Halves are joined: log(e^a + e^b) = b + softplus(a - b), which does not overflow, whichever is larger. */
static og_node log_sum_exp(const terms *t, og_node z) {
  for (int rows = og_graph_shape(t->g, z).rows; rows > 1; rows = og_graph_shape(t->g, z).rows) {
    int half = rows / 2;
    og_node a = og_slice(t->g, z, 0, half), b = og_slice(t->g, z, half, half);
    og_node both[2] = {og_plus(t, b, og_apply1(t->g, OG_SOFTPLUS, og_less(t, a, b)))};
    if (rows % 2) both[1] = og_slice(t->g, z, rows - 1, 1);
    z = og_concat(t->g, both, 1 + rows % 2);
    if (z == OG_NODE_NONE) break;
  }
  return z;
}
/* a = the logits of classes 1, 2, ...: -log softmax(a)[y] */
static og_node categorical_logit(const terms *t) {
  og_node zero = og_num(t, 0), own = zero;
  for (int k = 0; k < og_graph_shape(t->g, t->a).rows; k++)
    own = og_where(t->g, og_apply2(t->g, OG_EQ, t->y, og_num(t, k + 1)), og_slice(t->g, t->a, k, 1), own);
  return og_less(t, log_sum_exp(t, t->a), own);
}
/* Of equals the first; NaN when a logit is. */
static og_node most_likely(const terms *t) {
  og_node best = og_slice(t->g, t->a, 0, 1), class = og_num(t, 1);
  for (int k = 1; k < og_graph_shape(t->g, t->a).rows; k++) {
    og_node other = og_slice(t->g, t->a, k, 1);
    class = og_where(t->g, og_apply2(t->g, OG_GT, other, best), og_num(t, k + 1), class);
    best = og_apply2(t->g, OG_MAX, best, other);
  }
  return og_where(t->g, og_apply2(t->g, OG_EQ, best, best), class, best);
}

/* ---- Errors, which are no densities ---- */

static og_node squared_error(const terms *t) { return og_squared(t, og_less(t, t->y, t->a)); }
static og_node absolute_error(const terms *t) { return og_apply1(t->g, OG_ABS, og_less(t, t->y, t->a)); }

#define MU                                                                                                   \
  { "mu", OG_DOMAIN_FINITE }
#define POSITIVE(name)                                                                                       \
  { name, OG_DOMAIN_POSITIVE }
/* Supports and domains are Stan's. */
static const distribution distributions[] = {
    {{"normal", 2, {MU, POSITIVE("sigma")}, OG_SUPPORT_REAL}, normal, first},
    {{"lognormal", 2, {MU, POSITIVE("sigma")}, OG_SUPPORT_POSITIVE}, lognormal, median},
    {{"student_t", 3, {POSITIVE("nu"), MU, POSITIVE("sigma")}, OG_SUPPORT_REAL},
     og_student_t_density,
     second},
    {{"cauchy", 2, {MU, POSITIVE("sigma")}, OG_SUPPORT_REAL}, cauchy, first},
    {{"double_exponential", 2, {MU, POSITIVE("sigma")}, OG_SUPPORT_REAL}, double_exponential, first},
    {{"exponential", 1, {POSITIVE("beta")}, OG_SUPPORT_NOT_NEGATIVE}, exponential, inverse},
    {{"gamma", 2, {POSITIVE("alpha"), POSITIVE("beta")}, OG_SUPPORT_POSITIVE}, og_gamma_density, quotient},
    {{"poisson", 1, {{"lambda", OG_DOMAIN_NOT_NEGATIVE}}, OG_SUPPORT_COUNT}, og_poisson_density, first},
    {{"neg_binomial_2", 2, {POSITIVE("mu"), POSITIVE("phi")}, OG_SUPPORT_COUNT},
     og_neg_binomial_2_density,
     first},
    {{"bernoulli", 1, {{"theta", OG_DOMAIN_PROBABILITY}}, OG_SUPPORT_BINARY}, bernoulli, first},
    {{"categorical_logit", 1, {{"logits", OG_DOMAIN_FINITE}}, OG_SUPPORT_CLASS},
     categorical_logit,
     most_likely},
    {{"squared_error", 1, {{"x", OG_DOMAIN_FINITE}}, OG_SUPPORT_REAL}, squared_error, first},
    {{"absolute_error", 1, {{"x", OG_DOMAIN_FINITE}}, OG_SUPPORT_REAL}, absolute_error, first},
};
enum { DISTRIBUTIONS = sizeof distributions / sizeof *distributions };

int og_is_plain_error(const og_distribution *about) {
  for (int i = 0; i < DISTRIBUTIONS; i++)
    if (&distributions[i].about == about)
      return distributions[i].minus_log == squared_error || distributions[i].minus_log == absolute_error;
  return 0;
}

const og_distribution *og_distribution_at(size_t index) {
  return index < DISTRIBUTIONS ? &distributions[index].about : NULL;
}

const og_distribution *og_find_distribution(const char *name, size_t length) {
  for (size_t i = 0; i < DISTRIBUTIONS; i++)
    if (strlen(distributions[i].about.name) == length &&
        memcmp(distributions[i].about.name, name, length) == 0)
      return &distributions[i].about;
  return NULL;
}

int og_is_distribution(const og_source *source, og_span span) {
  return og_find_distribution(source->text + span.at, span.length) != NULL;
}

static const og_distribution *find(og_lowering *l, const og_expression *call) {
  const char *names[DISTRIBUTIONS];
  const og_distribution *found = NULL;
  for (size_t i = 0; i < DISTRIBUTIONS; i++) names[i] = distributions[i].about.name;
  if (call->kind == OG_EX_CALL)
    found = og_find_distribution(l->source->text + call->name.at, call->name.length);
  if (found) return found;
  if (call->kind == OG_EX_CALL || (call->kind == OG_EX_NAME && !og_is_distribution(l->source, call->span)))
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

static int check_argument(og_lowering *l, const og_distribution *about, const og_expression *e, og_node node,
                          og_node y) {
  char own[OG_SHAPE_TEXT], column[OG_SHAPE_TEXT];
  og_shape shape = og_graph_shape(l->graph, node), want = og_graph_shape(l->graph, y);
  if (about->support == OG_SUPPORT_CLASS) return check_logits(l, e, shape);
  if (shape.rows * shape.columns == 1 || (shape.rows == want.rows && shape.columns == 1)) return 1;
  og_error_at(l->source, e->span, "this argument is %s, but the observation is %s", og_shape_text(shape, own),
              og_shape_text(want, column));
  return 0;
}

/* ---- Domains ---- */

int og_in_domain(og_domain domain, double value) {
  if (!isfinite(value)) return 0;
  switch (domain) {
  case OG_DOMAIN_FINITE: return 1;
  case OG_DOMAIN_POSITIVE: return value > 0;
  case OG_DOMAIN_NOT_NEGATIVE: return value >= 0;
  case OG_DOMAIN_PROBABILITY: return value >= 0 && value <= 1;
  }
  return 0;
}

const char *og_domain_text(og_domain domain) {
  switch (domain) {
  case OG_DOMAIN_FINITE: break;
  case OG_DOMAIN_POSITIVE: return "a finite number above 0";
  case OG_DOMAIN_NOT_NEGATIVE: return "a finite number, 0 or more";
  case OG_DOMAIN_PROBABILITY: return "a probability from 0 to 1";
  }
  return "a finite number";
}

/* 1 where the argument is in its domain. */
static og_node inside(og_graph *g, og_domain domain, og_node a) {
  og_node low = og_constant(g, 0), high = og_constant(g, domain == OG_DOMAIN_PROBABILITY ? 1 : DBL_MAX);
  og_node size = domain == OG_DOMAIN_FINITE ? og_apply1(g, OG_ABS, a) : a;
  og_node above = og_apply2(g, domain == OG_DOMAIN_POSITIVE ? OG_GT : OG_GE, size, low);
  return og_apply2(g, OG_AND, above, og_apply2(g, OG_LE, size, high));
}

/* The density, and NaN where an argument is outside its domain, so that no formula's accidental value is one.
 * Of arguments that may be any number the formulas themselves give no value where they are not finite, but
 * for logits.
 */
static og_node guarded(og_graph *g, const og_distribution *about, const og_node *arg, og_node density) {
  og_node valid = og_constant(g, 1);
  for (int i = 0; i < about->arguments; i++) {
    og_domain domain = about->argument[i].domain;
    og_node good = inside(g, domain, arg[i]);
    if (about->support == OG_SUPPORT_CLASS)
      good = og_apply2(g, OG_EQ, og_sum(g, good), og_constant(g, og_graph_shape(g, arg[i]).rows));
    else if (domain == OG_DOMAIN_FINITE)
      continue;
    valid = og_apply2(g, OG_AND, valid, good);
  }
  return og_apply2(g, OG_ADD, density, og_where(g, valid, og_constant(g, 0), og_constant(g, NAN)));
}

/* What is outside whatever the states are is a mistake of the text. */
static int check_constant(og_lowering *l, const og_distribution *about, int i, const og_expression *e,
                          og_node node) {
  double value;
  if (!og_graph_is_constant(l->graph, node, &value) || og_in_domain(about->argument[i].domain, value))
    return 1;
  og_error_at(l->source, e->span, "%s of %s must be %s, not %g", about->argument[i].name, about->name,
              og_domain_text(about->argument[i].domain), og_shown(value));
  return 0;
}

static og_node wrong_count(og_lowering *l, const og_distribution *about, const og_expression *call) {
  og_error_at(l->source, call->span, "%s takes %d argument%s, not %d", about->name, about->arguments,
              about->arguments == 1 ? "" : "s", call->count);
  const char *comma = about->arguments > 1 ? ", " : "", *more = about->arguments > 2 ? ", " : "";
  og_help(l->source, "%s(%s%s%s%s%s)", about->name, about->argument[0].name, comma,
          about->arguments > 1 ? about->argument[1].name : "", more,
          about->arguments > 2 ? about->argument[2].name : "");
  return OG_NODE_NONE;
}

og_node og_density_node(og_graph *g, const og_distribution *about, const og_node *arg, og_node y,
                        og_node *location) {
  const distribution *d = (const distribution *)about;
  terms t = {g, y, arg[0], arg[1], arg[2]};
  *location = d->location(&t);
  return guarded(g, about, arg, d->minus_log(&t));
}

og_node og_lower_density(og_lowering *l, const og_expression *call, og_node y, og_node *location,
                         og_observed *observed) {
  const og_distribution *about = find(l, call);
  if (!about) return OG_NODE_NONE;
  if (call->options) return og_refuse_options(l, call);
  if (call->count != about->arguments) return wrong_count(l, about, call);
  og_node arg[OG_ARGUMENTS_MOST] = {OG_NODE_NONE, OG_NODE_NONE, OG_NODE_NONE};
  int good = 1;
  for (int i = 0; i < call->count; i++) {
    arg[i] = og_lower_expression(l, call->arg[i]);
    good &= arg[i] != OG_NODE_NONE && check_argument(l, about, call->arg[i], arg[i], y) &&
            check_constant(l, about, i, call->arg[i], arg[i]);
  }
  if (!good) return OG_NODE_NONE;
  *observed = (og_observed){about, {arg[0], arg[1], arg[2]}};
  return og_density_node(l->graph, about, arg, y, location);
}
