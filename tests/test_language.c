/* The model language: densities against 20-digit values, what expressions mean, and what diagnostics say. */
#include "diagnostics.h"

static og_model *parse(og_context *context, const char *text) {
  og_model *model = NULL;
  CHECK(context, og_model_create_from_text(context, "m.ode", text, strlen(text), &model));
  return model;
}

/* ---- Densities: -log p(y), by mpmath from the textbook formulas with 30 digits ---- */

typedef struct density {
  const char *distribution;
  double y, value;
} density;

static const density densities[] = {
    {"normal(1.5, 0.7)", 2.25, 1.1362431811026750567},
    {"lognormal(0.3, 0.7)", 2.25, 1.6395710359341716373},
    {"student_t(4.5, 0.3, 0.7)", 2.25, 3.3736589896081776366},
    {"cauchy(0.3, 0.7)", 2.25, 2.9582741435776260973},
    {"double_exponential(0.3, 0.7)", -2.25, 3.9793293794783557876},
    {"exponential(0.7)", 2.25, 1.9316749439387323789},
    {"gamma(2.5, 0.7)", 2.25, 1.534974905995256961},
    {"poisson(2.7)", 4, 1.905046738306812059},
    {"poisson(2.7)", 0, 2.7},
    {"neg_binomial_2(2.7, 1.3)", 4, 2.4635224298599476214},
    {"neg_binomial_2(2.7, 1.3)", 0, 1.4611091256481194368},
    {"bernoulli(0.3)", 1, 1.2039728043259359926},
    {"bernoulli(0.3)", 0, 0.35667494393873237891},
    {"categorical_logit([0.3, -1.2, 2.1, 0.7])", 1, 2.1707211462318209113},
    {"categorical_logit([0.3, -1.2, 2.1, 0.7, -0.4])", 5, 2.9258322937814208909},
    {"categorical_logit([1000, -1000, 0])", 1, 0},
    {"categorical_logit([1000, -1000, 0])", 2, 2000},
    {"categorical_logit([2, 2])", 2, 0.69314718055994530942},
    {"squared_error(1.5)", 2.25, 0.5625},
    {"absolute_error(1.5)", 0.25, 1.25},
};

/* The loss of one observation, added to a cost of x so that the loss depends on something; x stays 0. */
static double loss_of(og_context *context, const density *d) {
  char text[256], csv[64];
  double loss;
  og_table *table = NULL;
  og_objective *objective = NULL;
  snprintf(text, sizeof text, "init x = 0\nx' = 0*x\nobserve y ~ %s\ncost final = x\ntime 0 : 1\n",
           d->distribution);
  snprintf(csv, sizeof csv, "t,y\n0.5,%.17g\n", d->y);
  og_model *model = parse(context, text);
  CHECK(context, og_table_create_from_text(context, "d.csv", csv, strlen(csv), &table));
  CHECK(context, og_objective_create(context, model, table, NULL, &objective));
  CHECK(context, og_objective_evaluate(objective, (double[]){0}, &loss, NULL));
  og_objective_destroy(objective);
  og_table_destroy(table);
  og_model_destroy(model);
  return loss;
}

static void normalised_densities(void **state) {
  (void)state;
  og_context *context = new_context();
  for (size_t i = 0; i < sizeof densities / sizeof *densities; i++) {
    double got = loss_of(context, &densities[i]), want = densities[i].value;
    /* sums of up to six terms below 6 in magnitude: some rounding units each */
    if (!(fabs(got - want) <= 2e-14))
      fail_msg("%s at %g: %.17g, not %.17g", densities[i].distribution, densities[i].y, got, want);
  }
  og_context_destroy(context);
}

/* ---- Meaning ---- */

typedef struct meaning {
  const char *expression;
  double value;
} meaning;

static const meaning meanings[] = {
    {"2^3^2", 512},
    {"-2^2", -4},
    {"2^-1", 0.5},
    {"7-3-2", 2},
    {"8/4*2", 4},
    {"1+2*3^2", 19},
    {"-3*-2", 6},
    {"not 1 < 2 or 3 >= 3 and 1 == 1", 1},
    {"not (1 < 2 or 3 > 4)", 0},
    {"1 != 1 or 2 <= 1", 0},
    {"where(1 > 2, 5, 7)", 7},
    {"sum([1, 2, 3]*[4, 5, 6])", 32},
    {"dot([1, 2, 3], [4, 5, 6])", 32},
    {"norm2([3, 4])", 5},
    {"([[1, 2], [3, 4]]*[5, 6])[2]", 39},
    {"[[1, 2], [3, 4]][2][1]", 3},
    {"[[1, 2], [3, 4]][2, 1]", 3},
    {"sum([[1, 2, 3], [4, 5, 6]][2, 2:3])", 11},
    {"sum([1, 2, 3, 4][2:3])", 5},
    {"min(2, 3) + max(2, 3)*10", 32},
    {"1e-3*1000 + .5", 1.5},
    {"c + b", 30}, /* definitions, in any order */
};

static void expressions(void **state) {
  (void)state;
  og_context *context = new_context();
  for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
    char text[256];
    double x0;
    snprintf(text, sizeof text, "c = 2*b\ninit x = %s\nx' = -x\nb = 10\n", meanings[i].expression);
    og_model *model = parse(context, text);
    CHECK(context, og_model_initial_state(model, 0, NULL, &x0));
    /* exact in doubles, but for powers by libm */
    if (!(fabs(x0 - meanings[i].value) <= 1e-15 * fabs(x0)))
      fail_msg("%s is %.17g", meanings[i].expression, x0);
    og_model_destroy(model);
  }
  og_context_destroy(context);
}

/* ---- Diagnostics, to the letter ---- */

#define STATE "init x = 1\nx' = -x\n"
static const diagnostic diagnostics[] = {
    {"param rate = 1\ninit x = 1\nx' = -rte*x\n",
     "m.ode:3:7: error: unknown name 'rte'\n  x' = -rte*x\n        ^^^\n  help: did you mean 'rate'?"},
    {"init x = 1\nx' = exq(x)\n",
     "m.ode:2:6: error: unknown function 'exq'\n  x' = exq(x)\n       ^^^\n  help: did you mean 'exp'?"},
    {"init x = 1\nx' = min(x)\n",
     "m.ode:2:6: error: min takes two arguments or more, or one vector, not one number\n"
     "  x' = min(x)\n       ^^^^^^\n  help: min(a, b, ...), or min(x) of a vector"},
    {"init x = [1, 2]\nx' = x + [1, 2, 3]\n", "m.ode:2:6: error: shapes do not match: a vector of 2 and a "
                                              "vector of 3\n  x' = x + [1, 2, 3]\n       ^^^^^^^^^^^^^"},
    {"init x = [1, 2]\nx' = x[3]*x\n",
     "m.ode:2:8: error: index 3 is out of range: entries count from 1 to 2\n  x' = x[3]*x\n         ^"},
    {"param k = 7 in [0, 5]\n" STATE, "m.ode:1:11: error: the value 7 of 'k' lies outside its bounds [0, "
                                      "5]\n  param k = 7 in [0, 5]\n            ^"},
    {"param k = 0/0\n" STATE,
     "m.ode:1:11: error: the value nan of 'k' is not finite\n  param k = 0/0\n            ^"},
    {"param k = 1 in [0*log(0), 2]\n" STATE,
     "m.ode:1:17: error: the lower bound nan is not below the upper bound 2\n"
     "  param k = 1 in [0*log(0), 2]\n                  ^^^^^^^^^^^"},
    {"param k = 1\nconst k = 2\n" STATE, "m.ode:2:7: error: 'k' is defined twice\n  const k = 2\n        ^\n "
                                         " help: it was defined first in line 1"},
    {"init x = 1\nx' = -x\ny' = x\n", "m.ode:3:1: error: 'y' has an equation but no initial value\n  y' = "
                                      "x\n  ^\n  help: add a line: init y = ..."},
    {"init x = 1, y = 2\nx' = y\n", "m.ode:1:13: error: 'y' has an initial value but no equation\n  init x = "
                                    "1, y = 2\n              ^\n  help: add a line: y' "
                                    "= ..."},
    {STATE "a = b\nb = a\n", "m.ode:4:5: error: 'a' is defined by itself\n  b = a\n      ^\n  help: a "
                             "definition may not lead back to its own "
                             "name; a state has an equation NAME' = ..."},
    {"init x = 1, y = x\nx' = y\ny' = x\n", "m.ode:1:17: error: an initial value cannot depend on a state, "
                                            "and 'x' is one\n  init x = 1, y = x\n                  "
                                            "^"},
    {STATE "observe x ~ normal\n", "m.ode:3:13: error: expected a distribution with its arguments, as in "
                                   "normal(mu, sigma)\n  observe x ~ normal\n        "
                                   "      ^^^^^^"},
    {STATE "observe x ~ normal(x, 1)\nobserve x ~ normal(x, 2)\n",
     "m.ode:4:9: error: column 'x' is observed twice"},
    {STATE "observe x ~ gauss(x, 1)\n", "m.ode:3:13: error: unknown distribution 'gauss'"},
    {"init x = 1\nx' = 0 < x < 1\n",
     "m.ode:2:12: error: comparisons do not chain: write a < b and b < c\n  x' = 0 < x < 1\n             ^"},
    {"init x = 1\nx' = -x $ 2\n",
     "m.ode:2:9: error: this character has no meaning here\n  x' = -x $ 2\n          ^"},
    {"init x = 1\n\tx' = -\xc3\xa4\n",
     "m.ode:2:8: error: this character has no meaning here\n  \tx' = -\xc3\xa4\n  \t      ^"},
    {"", "m.ode:1:1: error: the model has no states: it needs 'init x = ...' and \"x' = ...\""},
    {"param exp = 1\n" STATE, "m.ode:1:7: error: 'exp' is a function and cannot be defined"},
    {"param k[2] = [1, 2, 3]\n" STATE,
     "m.ode:1:14: error: the value is a vector of 3, but the declared shape is a vector of 2"},
    {"param k[1000000000] = 1\n" STATE,
     "m.ode:1:9: error: a shape is a whole number from 1 to 1000000, not 1e+09"},
    {STATE "time 0 : x\n", "m.ode:3:10: error: a constant expression cannot read the state 'x'"},
};

/* ---- Diagnostics of events and inputs ---- */

static const diagnostic event_diagnostics[] = {
    {"init height = 1\nheight' = -1\nevent hit when height = 0 falling { hieght = 1 }\n",
     "m.ode:3:37: error: unknown state 'hieght'\n  event hit when height = 0 falling { hieght = 1 }\n"
     "                                      ^^^^^^\n  help: did you mean 'height'?"},
    {BALL "event hit when h = 0 falling { e = 1 }\n",
     "m.ode:5:32: error: an event sets states, and 'e' is a parameter\n"},
    {BALL "k = h\nevent hit when h = 0 falling { k = 1 }\n",
     "m.ode:6:32: error: an event sets states, and 'k' is a named intermediate\n"},
    {BALL "input u\nevent hit when h = 0 falling { u = 1; hit = 2 }\n",
     "m.ode:6:32: error: an event sets states, and 'u' is an input\n"
     "  event hit when h = 0 falling { u = 1; hit = 2 }\n                                 ^\n"
     "m.ode:6:39: error: an event sets states, and 'hit' is an event\n"},
    {BALL "event hit when h = 0 falling { v = [1, 2, 3] }\n",
     "m.ode:5:36: error: the value is a vector of 3, but 'v' is a vector of 2\n"},
    {BALL "event hit when h = 0 falling { v[1] = v }\n",
     "m.ode:5:39: error: the value is a vector of 2, but 'v[1]' is a scalar\n"},
    {BALL "event hit when h = 0 falling { v[3] = 1 }\n",
     "m.ode:5:34: error: index 3 is out of range: entries count from 1 to 2\n"},
    {BALL "event hit when h = 0 falling { h[1] = 1 }\n",
     "m.ode:5:32: error: a scalar has no entries to index\n"},
    {BALL "event hit when h = 0 falling { v[2] = 1; v = 2 }\n",
     "m.ode:5:42: error: 'v' is set twice in this event\n"},
    {BALL "event hit when h = 0 falling { 2*v = 1 }\n",
     "m.ode:5:32: error: expected STATE = expression, or 'stop', not '2'\n"},
    {BALL "event hit when h = 0 falling { v*2 = 1 }\n",
     "m.ode:5:32: error: only a state or a part of one can be set\n"},
    {BALL "event hit when h = 0 falling { v' = 1 }\n",
     "m.ode:5:33: error: expected '=' and the state's value behind the event, not '''\n"},
    {BALL "event hit when h = 0 falling { v = 1 h = 2 }\n",
     "m.ode:5:38: error: expected the end of the line, ';' or '}', not 'h'\n"},
    {BALL "event hit when v = 0 any { }\n", "m.ode:5:16: error: a guard is a scalar, not a vector of 2\n"
                                            "  event hit when v = 0 any { }\n                 ^\n"
                                            "  help: give each entry an event of its own"},
    {BALL "event hit when e - 1 = 0 any { }\n",
     "m.ode:5:16: error: this guard reads neither a state nor t, so it never passes 0\n"},
    {BALL "event a when h = 0 any { }\nevent a when h - 1 = 0 any { }\n",
     "m.ode:6:7: error: 'a' is defined twice\n  event a when h - 1 = 0 any { }\n        ^\n"
     "  help: it was defined first in line 5"},
    {BALL "event a when h any { }\n", "m.ode:5:16: error: expected '= 0' behind the guard, not 'any'\n"},
    {BALL "event a when h = e any { }\n",
     "m.ode:5:18: error: expected 0, not 'e'\n  event a when h = e any { }\n                   ^\n"
     "  help: an event is where an expression is 0: write h - (...) = 0"},
    {BALL "event a when h = 0 { }\n", "m.ode:5:20: error: expected 'rising', 'falling' or 'any', the way in "
                                      "which the guard passes 0, not '{'\n"},
    {BALL "event a h = 0 any { }\n",
     "m.ode:5:9: error: expected 'when' and the guard: event NAME when expression = 0, not 'h'\n"},
    {BALL "event a when h = 0 any\n",
     "m.ode:5:23: error: expected '{' and what the event sets ('{ }' when it "
     "sets nothing), but the line ends here\n"},
    {BALL "event a when h = 0 any {\n  h = 1\n",
     "m.ode:5:24: error: this brace is not closed\n  event a when h = 0 any {\n                         ^"},
    {BALL "stop\n", "m.ode:5:5: error: expected ''' (an equation) or '=' (a definition) after the name, but "
                    "the line ends here\n  stop\n      ^\n  help: stop stands in the braces of an event: "
                    "event NAME when ... = 0 any { stop }"},
    {BALL "event a when h = 0 any { h = a }\n", "m.ode:5:30: error: 'a' is an event and has no value\n"},
    {BALL "}\n", "m.ode:5:1: error: expected a statement, not '}'\n"},
    {BALL "input u held\n",
     "m.ode:5:9: error: expected 'constant', 'linear' or 'hold', or the end of the line, not 'held'\n"},
    {BALL "input u[2, 2]\n", "m.ode:5:7: error: an input is a scalar or a vector, not a matrix\n"},
    {BALL "input h\n", "m.ode:2:6: error: 'h' is defined twice\n"},
    {"input u\nparam k = u\n" STATE, "m.ode:2:11: error: unknown name 'u'\n"},
    {STATE "input u\ntime 0 : u\n", "m.ode:4:10: error: a time must be a constant expression"},
};

#define VECTOR "init x = [1, 2, 3]\nx' = -x\n"
static const diagnostic network_diagnostics[] = {
    {VECTOR "net f = mlp(2, 50, 2; tan)\n", "m.ode:3:23: error: unknown activation 'tan'\n  net f = mlp(2, "
                                            "50, 2; tan)\n                        ^^^\n"
                                            "  help: did you mean 'tanh'?"},
    {VECTOR "net f = mlp(2, 50, 2; 3)\n",
     "m.ode:3:23: error: expected the name of an activation, as in mlp(2, 50, 2; tanh)"},
    {VECTOR "net f = mlp(2, 0, 2; tanh)\n",
     "m.ode:3:16: error: a layer's size is a whole number from 1 to 1000000, not 0"},
    {VECTOR "net f = mlp(2, 2.5, 2; tanh)\n",
     "m.ode:3:16: error: a layer's size is a whole number from 1 to 1000000, not 2.5"},
    {VECTOR "net f = mlp(2, [1, 2])\n",
     "m.ode:3:16: error: a layer's size must be a scalar, not a vector of 2"},
    {VECTOR "net f = mlp(2, t)\n", "m.ode:3:16: error: a layer's size must be a constant expression"},
    {VECTOR "net f = mlp(2, 1000, 1000)\n", "m.ode:3:9: error: over 1000000 parameters in all"},
    {VECTOR "net f = mlp(2; tanh)\n",
     "m.ode:3:9: error: a net has two sizes at least, those of its input and its output"},
    {VECTOR "net f = cnn(2, 3)\n",
     "m.ode:3:9: error: a net is given by its layers' sizes, as in mlp(2, 50, 2; tanh)"},
    {VECTOR "net f\n",
     "m.ode:3:6: error: expected '=' and its layers: net f = mlp(2, 50, 2; tanh), but the line "
     "ends here"},
    {VECTOR "net f = mlp(2, 3; tanh, weights = norml(1))\n",
     "m.ode:3:35: error: unknown initialiser 'norml'\n  net f = mlp(2, 3; tanh, weights = norml(1))\n        "
     "     "
     "                       ^^^^^\n  help: did you mean 'normal'?"},
    {VECTOR "net f = mlp(2, 3; weights = normal)\n", "m.ode:3:29: error: normal takes one number\n  net f = "
                                                     "mlp(2, 3; weights = normal)\n                      "
                                                     "        ^^^^^^\n  help: normal(sd)"},
    {VECTOR "net f = mlp(2, 3; weights = normal(-1))\n",
     "m.ode:3:36: error: the spread of weights is 0 or more, not -1"},
    {VECTOR "net f = mlp(2, 3; bias = zeros(1))\n", "m.ode:3:26: error: zeros takes nothing\n  net f = "
                                                    "mlp(2, 3; bias = zeros(1))\n                           "
                                                    "^^^^^^^^\n  help: write 'zeros' alone"},
    {VECTOR "net f = mlp(2, 3; bias = kaiming_normal)\n",
     "m.ode:3:26: error: kaiming_normal is made for the two sides of a matrix, and a bias is a vector"},
    {VECTOR "net f = mlp(2, 3; bias = zeros, bias = zeros)\n",
     "m.ode:3:33: error: this option is given twice"},
    {VECTOR "net f = mlp(2, 3; finl = tanh)\n", "m.ode:3:19: error: unknown option 'finl'\n  net f = mlp(2, "
                                                "3; finl = tanh)\n                    ^^^^\n  "
                                                "help: did you mean 'final'?"},
    {VECTOR "net f = mlp(2, 3; bias = zeros, tanh)\n",
     "m.ode:3:33: error: only the activation, which stands first, has no name"},
    {VECTOR "net f = mlp(2, 3; tanh; relu)\n", "m.ode:3:23: error: expected ',' or ')', not ';'"},
    {VECTOR "net f = mlp(2, 3)\ny = f(x)\n",
     "m.ode:4:7: error: f takes 2 values, but x has 3\n  y = f(x)\n        ^"},
    {VECTOR "net f = mlp(1, 3)\ny = f([x, t])\n",
     "m.ode:4:7: error: f takes 1 value, but [x, t] has 4\n  y = f([x, t])\n        ^^^^^^"},
    {VECTOR "net f = mlp(2, 3)\ny = f(x, t)\n",
     "m.ode:4:5: error: a net takes one vector\n  y = f(x, t)\n      ^^^^^^^\n  help: several values are "
     "joined in brackets: f([a, b])"},
    {VECTOR "net f = mlp(3, 3)\ny = f*x\n", "m.ode:4:5: error: 'f' is a net and has no value of its own\n  y "
                                            "= f*x\n      ^\n  help: it is called with a "
                                            "vector: f(x)"},
    {VECTOR "net force = mlp(3, 3)\ny = farce(x)\n", "m.ode:4:5: error: unknown function 'farce'\n  y = "
                                                     "farce(x)\n      ^^^^^\n  help: did you mean 'force'?"},
    {VECTOR "net x = mlp(3, 3)\n", "m.ode:1:6: error: 'x' is defined twice"},
    {VECTOR "net exp = mlp(3, 3)\n", "m.ode:3:5: error: 'exp' is a function and cannot be defined"},
    {VECTOR "dense = 3\n", "m.ode:3:1: error: 'dense' is a function and cannot be defined"},
    {VECTOR "net f = mlp(3, 3)\ny = f(z)\nz = f(y)\n", "m.ode:5:7: error: 'y' is defined by itself"},
    {VECTOR "net f = mlp(3, 3)\nevent a when x[1] = 0 any { f = 3 }\n",
     "m.ode:4:29: error: an event sets states, and 'f' is a network"},
    {VECTOR "y = dense(x)\n",
     "m.ode:3:5: error: dense takes a vector and the number of outputs\n  y = dense(x)\n"
     "      ^^^^^^^^\n  help: dense(x, 16; tanh)"},
    {VECTOR "y = dense(x, 2; tanh, final = tanh)\n", "m.ode:3:23: error: a dense layer has one activation"},
    {VECTOR "y = dense([[1, 2], [3, 4]], 2)\n",
     "m.ode:3:11: error: a layer takes a vector, not a matrix of 2 x 2"},
    {VECTOR "param k = dense([1, 2], 2)\n", "m.ode:3:11: error: a constant expression cannot have a layer"},
    {VECTOR "time 0 : dense(1, 1)\n", "m.ode:3:10: error: a time must be a constant expression"},
    {VECTOR "y = mlp(2, 3)\n",
     "m.ode:3:5: error: a net is declared with a name, and called by it\n  y = mlp(2, 3)"
     "\n      ^^^^^^^^^\n  help: net f = mlp(2, 50, 2; tanh), then f(x)"},
    {VECTOR "y = exp(x; tanh)\n", "m.ode:3:12: error: exp takes nothing behind a ';'"},
    {VECTOR "observe x ~ normal(x, 1; tanh)\n", "m.ode:3:26: error: normal takes nothing behind a ';'"},
    {VECTOR "observe y ~ categorical_logit(x[1])\n",
     "m.ode:3:31: error: the logits of classes are a vector of two or more, not a scalar"},
    {VECTOR "net f = mlp(3, 2\n  ; tanh)\nobserve y ~ normal(f(x), [1, 2, 3])\n",
     "m.ode:5:20: error: this argument is a vector of 2, but the observation is a vector of 3"},
};

static void messages(void **state) {
  (void)state;
  check_messages(diagnostics, sizeof diagnostics / sizeof *diagnostics);
}

static void messages_of_events_and_inputs(void **state) {
  (void)state;
  check_messages(event_diagnostics, sizeof event_diagnostics / sizeof *event_diagnostics);
}

static void messages_of_networks(void **state) {
  (void)state;
  check_messages(network_diagnostics, sizeof network_diagnostics / sizeof *network_diagnostics);
}

static void several_in_one_run(void **state) {
  (void)state;
  static const char text[] = "param k = zz\ninit x = 1\nx' = -kk*x\nb = foo(x)\nobserve y ~ nrmal(x, 1)\n";
  og_context *context = new_context();
  og_model *model = NULL;
  assert_int_equal(og_model_create_from_text(context, "m.ode", text, sizeof text - 1, &model), OG_ERR_MODEL);
  static const char *const parts[] = {":1:11: error: unknown name 'zz'", ":3:7: error: unknown name 'kk'",
                                      ":4:5: error: unknown function 'foo'",
                                      ":5:13: error: unknown distribution 'nrmal'"};
  for (int i = 0; i < 4; i++)
    if (!strstr(og_context_message(context), parts[i]))
      fail_msg("%s lacks %s", og_context_message(context), parts[i]);
  og_context_destroy(context);
}

/* Deep and long input is refused, not followed to the end of the stack. */
static void endless_input(void **state) {
  (void)state;
  static const char *const repeated[] = {"(", "-", "x+", "x^", "[", "not ", "x[1]", "sin("};
  og_context *context = new_context();
  for (size_t i = 0; i < sizeof repeated / sizeof *repeated; i++) {
    size_t length = strlen(repeated[i]), times = 100000;
    char *text = malloc(length * times + 64), *at = text + sprintf(text, "init x = 1\nx' = ");
    assert_non_null(text);
    for (size_t k = 0; k < times; k++, at += length) memcpy(at, repeated[i], length);
    og_model *model = NULL;
    assert_int_equal(og_model_create_from_text(context, "m.ode", text, (size_t)(at - text), &model),
                     OG_ERR_MODEL);
    free(text);
  }
  og_model *model = NULL;
  assert_int_equal(og_model_create_from_text(context, "m.ode", "init x\0= 1", 10, &model), OG_ERR_MODEL);
  og_context_destroy(context);
}

/* ---- Setting values ---- */

static void set_values(void **state) {
  (void)state;
  og_context *context = new_context();
  og_model *model = parse(
      context, "const n = 2\nparam k[n] = [1, 2] in [0, 5]\nparam a = 3*n\ninit x = a\nx' = -k[1]*x*n\n");
  double theta[3], x0;
  CHECK(context, og_model_set(model, "k", "[n, 2*n]"));
  CHECK(context, og_model_values(model, theta));
  assert_true(theta[0] == 2 && theta[1] == 4 && theta[2] == 6);
  assert_int_equal(og_model_set(model, "k", "[1, 9]"), OG_ERR_BOUNDS);
  assert_int_equal(og_model_set(model, "k", "[1, 2, 3]"), OG_ERR_SHAPE);
  assert_int_equal(og_model_set(model, "b", "1"), OG_ERR_NAME);
  assert_int_equal(og_model_set(model, "k[2]", "1"), OG_ERR_NAME);
  assert_string_equal(og_context_message(context), "entries are set all at once: k=[...], not k[2]");
  assert_int_equal(og_model_set(model, "a", "1 +"), OG_ERR_MODEL);
  assert_int_equal(og_model_set(model, "a", "x"), OG_ERR_MODEL);
  CHECK(context, og_model_values(model, theta)); /* as before */
  assert_true(theta[0] == 2 && theta[1] == 4 && theta[2] == 6);
  CHECK(context, og_model_initial_state(model, 0, theta, &x0));
  assert_true(x0 == 6);
  og_model_destroy(model);
  og_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(normalised_densities),
      cmocka_unit_test(expressions),
      cmocka_unit_test(messages),
      cmocka_unit_test(messages_of_events_and_inputs),
      cmocka_unit_test(messages_of_networks),
      cmocka_unit_test(several_in_one_run),
      cmocka_unit_test(endless_input),
      cmocka_unit_test(set_values),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
