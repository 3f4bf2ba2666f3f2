#include "model/hints.h"

#include <string.h>

typedef struct hint {
  const char *words; /* with a blank before and behind each */
  const char *help;
} hint;

#define DELAYS "equations with delays are not part of the language: a state is read at the present time alone"

static const hint functions[] = {
    {" ln lg ", "the natural logarithm is log(x), that of base 10 log10(x)"},
    {" log2 lb ", "write log(x)/log(2)"},
    {" pow power powr ", "a power is written a^b"},
    {" norm vecnorm l2norm ", "the Euclidean norm of a vector is norm2(x)"},
    {" norm1 ", "write sum(abs(x))"},
    {" hypot ", "write norm2([a, b])"},
    {" if ifelse if_else ite iif piecewise cond select case merge ",
     "a choice is written where(condition, a, b)"},
    {" heaviside step unitstep theta_function ",
     "write where(x > 0, 1, 0), or an event where the time of the switch matters"},
    {" ceil ceiling ", "write -floor(-x)"},
    {" round rint nint ", "write floor(x + 0.5)"},
    {" trunc fix int ", "write sign(x)*floor(abs(x))"},
    {" mod fmod rem remainder ", "write a - b*floor(a/b)"},
    {" sgn signum ", "the sign of x is sign(x)"},
    {" fabs ", "write abs(x)"},
    {" fmin pmin minimum ", "write min(a, b)"},
    {" fmax pmax maximum ", "write max(a, b)"},
    {" arcsin ", "write asin(x)"},
    {" arccos ", "write acos(x)"},
    {" arctan ", "write atan(x)"},
    {" arctan2 ", "write atan2(y, x)"},
    {" asinh arcsinh ", "write log(x + sqrt(x^2 + 1))"},
    {" acosh arccosh ", "write log(x + sqrt(x^2 - 1))"},
    {" atanh arctanh ", "write log((1 + x)/(1 - x))/2"},
    {" sec ", "write 1/cos(x)"},
    {" csc ", "write 1/sin(x)"},
    {" cot ", "write 1/tan(x)"},
    {" gamma tgamma ", "the logarithm of the gamma function is lgamma(x)"},
    {" gammaln loggamma lgam lngamma ", "write lgamma(x)"},
    {" logistic expit inv_logit ", "write sigmoid(x)"},
    {" logit ", "write log(p/(1 - p))"},
    {" log1p_exp softmax_plus ", "write softplus(x)"},
    {" square sqr ", "write x^2"},
    {" cbrt ", "write x^(1/3)"},
    {" normcdf pnorm norm_cdf normal_cdf std_normal_cdf ", "write Phi(x)"},
    {" exp10 ", "write 10^x"},
    {" exp2 ", "write 2^x"},
    {" mean average avg ", "write sum(x)/n"},
    {" inner vdot scalar_product dotproduct ", "write dot(a, b)"},
    {" total ", "write sum(x)"},
    {" delay lag dde ", DELAYS},
    {" d diff der ddt derivative ", "an equation is written x' = ..., one for each state"},
};

static const hint names[] = {
    {" e ", "Euler's number is exp(1)"},
    {" time ", "the time is t"},
    {" true ", "conditions are numbers: 1 holds"},
    {" false ", "conditions are numbers: 0 does not hold"},
    {" nan na ", "there is no missing number in a model; data may have one, an empty cell"},
    {" infinity ", "write inf, in bounds"},
};

static const hint distributions[] = {
    {" gauss gaussian norm n ", "write normal(mu, sigma), with the standard deviation"},
    {" lognorm log_normal ", "write lognormal(mu, sigma)"},
    {" laplace ", "write double_exponential(mu, sigma)"},
    {" t student studentt tdist ", "write student_t(nu, mu, sigma)"},
    {" pois ", "write poisson(lambda)"},
    {" negbin nbinom neg_binomial negative_binomial ",
     "write neg_binomial_2(mu, phi): the mean, and phi of variance mu + mu^2/phi"},
    {" bern binary ", "write bernoulli(theta)"},
    {" categorical multinomial softmax cross_entropy ", "write categorical_logit(logits)"},
    {" mse sse l2 least_squares ", "write squared_error(x)"},
    {" mae l1 ", "write absolute_error(x)"},
    {" exp expon ", "write exponential(beta), with the rate"},
};

static const hint activations[] = {
    {" swish ", "write silu"},
    {" linear none ", "write identity, or nothing"},
    {" logistic ", "write sigmoid"},
    {" gaussian rbf_kernel ", "write rbf"},
};

#define ONE_A_LINE "statements stand one to a line, without blocks; see docs/language.md"
#define PRIOR "a prior is added to the loss: cost final = ((c - mean)/sd)^2/2, once for each trajectory"
static const hint statements[] = {
    {" parameters parameter params par pars parms ", "a parameter is declared with: param NAME = value"},
    {" constant constants consts number let ", "a constant is declared with: const NAME = value"},
    {" initial inits init_state state states var vars variable variables x0 ",
     "a state is declared with its initial value: init NAME = value, and its equation: NAME' = ..."},
    {" alg algebraics constraint constraints alias ", "an algebraic state is declared with a guess of its "
                                                      "value: algebraic NAME = value, and its equation: 0 = "
                                                      "..."},
    {" inputs forcing covariate covariates signal ",
     "a column of the data that the model reads is declared with: input NAME"},
    {" observation observations obs observable observables output outputs measurement measure data ",
     "a column of the data is described with: observe COLUMN ~ distribution"},
    {" events when at on trigger callback ",
     "an event is written: event NAME when expression = 0 falling { STATE = ... }"},
    {" network networks nn neural layers ", "a network is declared with: net f = mlp(2, 50, 2; tanh)"},
    {" loss objective minimize minimise cost_final ",
     "a cost is written: cost final = ..., or cost integral = ..."},
    {" tspan times span t0 ", "the span is written: time t0 : t1"},
    {" prior priors ", PRIOR},
    {" if for while else elseif ",
     "there are no such statements: a choice is where(condition, a, b), and vectors go entry "
     "by entry"},
    {" model ode odes system equations transformed generated functions function def begin end done return "
     "import using "
     "include real double float int vector matrix ",
     ONE_A_LINE},
};

/* Lower case, with a blank at both ends. */
static int put_in_blanks(const char *word, size_t length, char out[64]) {
  if (length == 0 || length > 60) return 0;
  out[0] = ' ';
  for (size_t i = 0; i < length; i++)
    out[i + 1] = (char)(word[i] >= 'A' && word[i] <= 'Z' ? word[i] - 'A' + 'a' : word[i]);
  out[length + 1] = ' ';
  out[length + 2] = 0;
  return 1;
}

#define TABLE(name) name, sizeof name / sizeof *name
const char *og_hint(og_hint_kind kind, const char *word, size_t length) {
  static const struct {
    const hint *rows;
    size_t count;
  } tables[] = {
      {TABLE(functions)}, {TABLE(names)}, {TABLE(distributions)}, {TABLE(activations)}, {TABLE(statements)}};
  char text[64];
  if (!put_in_blanks(word, length, text)) return NULL;
  for (size_t i = 0; i < tables[kind].count; i++)
    if (strstr(tables[kind].rows[i].words, text)) return tables[kind].rows[i].help;
  return NULL;
}

/* ---- Signs ---- */

#define PRIME "the prime of an equation is the plain apostrophe: x' = ..."
#define MINUS "the minus sign is the plain hyphen: -"
#define TIMES "a product is written with '*'"
#define BLANK "this is not a plain blank"
#define QUOTE "there is no quoted text in a model"
#define COMMENT "a comment starts with '#'"

static const og_foreign_sign signs[] = {
    {"**", "a power is written a^b", "^"},
    {".^", "powers are taken entry by entry: write a^b", "^"},
    {".*", "products are taken entry by entry: write a*b", "*"},
    {"./", "quotients are taken entry by entry: write a/b", "/"},
    {"&&", "write 'and'", "and"},
    {"||", "write 'or'", "or"},
    {"&", "write 'and'", "and"},
    {"|", "write 'or', or abs(x) for an absolute value", NULL},
    {"?", "a choice is written where(condition, a, b)", NULL},
    {"%", COMMENT "; a remainder is a - b*floor(a/b)", NULL},
    {"\"", QUOTE, NULL},
    {"`", PRIME, "'"},
    {"\xc2\xb4", PRIME, "'"},     /* acute accent */
    {"\xe2\x80\x98", PRIME, "'"}, /* left single quotation mark */
    {"\xe2\x80\x99", PRIME, "'"}, /* right single quotation mark */
    {"\xe2\x80\xb2", PRIME, "'"}, /* prime */
    {"\xca\xb9", PRIME, "'"},     /* modifier letter prime */
    {"\xca\xbc", PRIME, "'"},     /* modifier letter apostrophe */
    {"\xef\xbc\x87", PRIME, "'"}, /* fullwidth apostrophe */
    {"\xe2\x88\x92", MINUS, "-"}, /* minus sign */
    {"\xe2\x80\x90", MINUS, "-"}, /* hyphen */
    {"\xe2\x80\x91", MINUS, "-"}, /* hyphen that does not break */
    {"\xe2\x80\x93", MINUS, "-"}, /* en dash */
    {"\xe2\x80\x94", MINUS, "-"}, /* em dash */
    {"\xc3\x97", TIMES, "*"},     /* multiplication sign */
    {"\xc2\xb7", TIMES, "*"},     /* middle dot */
    {"\xe2\x8b\x85", TIMES, "*"}, /* dot operator */
    {"\xe2\x88\x99", TIMES, "*"}, /* bullet operator */
    {"\xe2\x88\x97", TIMES, "*"}, /* asterisk operator */
    {"\xc3\xb7", "a quotient is written with '/'", "/"},
    {"\xe2\x88\x95", "a quotient is written with '/'", "/"},
    {"\xe2\x89\xa4", "write <=", "<="},
    {"\xe2\x89\xa5", "write >=", ">="},
    {"\xe2\x89\xa0", "write !=", "!="},
    {"\xcf\x80", "write pi", NULL},
    {"\xe2\x88\x9e", "write inf", NULL},
    {"\xc2\xb2", "a power is written a^b", NULL},
    {"\xc2\xb3", "a power is written a^b", NULL},
    {"\xe2\x88\x9a", "write sqrt(x)", NULL},
    {"\xe2\x80\x9c", QUOTE, NULL},
    {"\xe2\x80\x9d", QUOTE, NULL},
    {"\xc2\xa0", BLANK, ""},     /* no-break space */
    {"\xe2\x80\x8b", BLANK, ""}, /* zero width space */
    {"\xe2\x80\xaf", BLANK, ""}, /* narrow no-break space */
    {"\xe2\x80\x89", BLANK, ""}, /* thin space */
    {"\xef\xbb\xbf", BLANK, ""}, /* byte order mark */
};

const og_foreign_sign *og_foreign_sign_at(const char *text, size_t length) {
  for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
    size_t own = strlen(signs[i].sign);
    if (own <= length && memcmp(text, signs[i].sign, own) == 0) return &signs[i];
  }
  return NULL;
}
