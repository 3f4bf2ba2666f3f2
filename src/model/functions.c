/* The functions of the language, in one table. */
#include "model/functions.h"

#include "model/hints.h"
#include "model/lower.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef og_function function;

static const function functions[] = {
    {"exp", OG_FORM_UNARY, OG_EXP, 1, "exp(x)"},
    {"expm1", OG_FORM_UNARY, OG_EXPM1, 1, "expm1(x)"},
    {"log", OG_FORM_UNARY, OG_LOG, 1, "log(x)"},
    {"log1p", OG_FORM_UNARY, OG_LOG1P, 1, "log1p(x)"},
    {"log10", OG_FORM_UNARY, OG_LOG10, 1, "log10(x)"},
    {"sqrt", OG_FORM_UNARY, OG_SQRT, 1, "sqrt(x)"},
    {"sin", OG_FORM_UNARY, OG_SIN, 1, "sin(x)"},
    {"cos", OG_FORM_UNARY, OG_COS, 1, "cos(x)"},
    {"tan", OG_FORM_UNARY, OG_TAN, 1, "tan(x)"},
    {"asin", OG_FORM_UNARY, OG_ASIN, 1, "asin(x)"},
    {"acos", OG_FORM_UNARY, OG_ACOS, 1, "acos(x)"},
    {"atan", OG_FORM_UNARY, OG_ATAN, 1, "atan(x)"},
    {"sinh", OG_FORM_UNARY, OG_SINH, 1, "sinh(x)"},
    {"cosh", OG_FORM_UNARY, OG_COSH, 1, "cosh(x)"},
    {"tanh", OG_FORM_UNARY, OG_TANH, 1, "tanh(x)"},
    {"abs", OG_FORM_UNARY, OG_ABS, 1, "abs(x)"},
    {"sign", OG_FORM_UNARY, OG_SIGN, 1, "sign(x)"},
    {"floor", OG_FORM_UNARY, OG_FLOOR, 1, "floor(x)"},
    {"sigmoid", OG_FORM_UNARY, OG_SIGMOID, 1, "sigmoid(x)"},
    {"softplus", OG_FORM_UNARY, OG_SOFTPLUS, 1, "softplus(x)"},
    {"relu", OG_FORM_UNARY, OG_RELU, 1, "relu(x)"},
    {"erf", OG_FORM_UNARY, OG_ERF, 1, "erf(x)"},
    {"erfc", OG_FORM_UNARY, OG_ERFC, 1, "erfc(x)"},
    {"Phi", OG_FORM_UNARY, OG_PHI, 1, "Phi(x)"},
    {"lgamma", OG_FORM_UNARY, OG_LGAMMA, 1, "lgamma(x)"},
    {"atan2", OG_FORM_BINARY, OG_ATAN2, 2, "atan2(y, x)"},
    {"min", OG_FORM_LEAST, OG_MIN, 2, "min(a, b, ...), or min(x) of a vector"},
    {"max", OG_FORM_LEAST, OG_MAX, 2, "max(a, b, ...), or max(x) of a vector"},
    {"where", OG_FORM_WHERE, 0, 3, "where(condition, a, b)"},
    {"dot", OG_FORM_DOT, 0, 2, "dot(a, b)"},
    {"sum", OG_FORM_SUM, 0, 1, "sum(x)"},
    {"norm2", OG_FORM_NORM2, 0, 1, "norm2(x)"},
    {"dense", OG_FORM_DENSE, 0, 2, "dense(x, 16; tanh)"},
    {"mlp", OG_FORM_MLP, 0, 0, "mlp(2, 50, 2; tanh)"},
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

const og_function *og_functions(size_t *count) { return *count = FUNCTIONS, functions; }

const og_function *og_find_function(const char *name, size_t length) {
  for (size_t i = 0; i < FUNCTIONS; i++)
    if (strlen(functions[i].name) == length && memcmp(functions[i].name, name, length) == 0)
      return &functions[i];
  return NULL;
}

int og_is_function(const og_source *source, og_span name) {
  return og_find_function(source->text + name.at, name.length) != NULL;
}

static int entrywise(og_shape a, og_shape b) {
  return (a.rows == b.rows && a.columns == b.columns) || a.rows * a.columns == 1 || b.rows * b.columns == 1;
}

static int check_shapes(og_lowering *l, const og_expression *e, const function *f, const og_node *arg,
                        int count) {
  char left[OG_SHAPE_TEXT], right[OG_SHAPE_TEXT];
  for (int i = 0; i < count; i++)
    for (int k = i + 1; k < count; k++) {
      og_shape a = og_graph_shape(l->graph, arg[i]), b = og_graph_shape(l->graph, arg[k]);
      int fine = f->form == OG_FORM_DOT ? a.rows == b.rows && a.columns == b.columns : entrywise(a, b);
      if (fine) continue;
      og_error_at(l->source, e->span, "the arguments of %s have different shapes: %s and %s", f->name,
                  og_shape_text(a, left), og_shape_text(b, right));
      return 0;
    }
  return 1;
}

og_node og_function_node(og_graph *g, const og_function *f, const og_node *arg) {
  switch (f->form) {
  case OG_FORM_UNARY: return og_apply1(g, (og_unary)f->op, arg[0]);
  case OG_FORM_LEAST:
  case OG_FORM_BINARY: return og_apply2(g, (og_binary)f->op, arg[0], arg[1]);
  case OG_FORM_WHERE: return og_where(g, arg[0], arg[1], arg[2]);
  case OG_FORM_DOT: return og_dot(g, arg[0], arg[1]);
  case OG_FORM_SUM: return og_sum(g, arg[0]);
  case OG_FORM_NORM2: { /* at 0 its derivative is taken as 0, the least of the subgradients */
    og_node square = og_dot(g, arg[0], arg[0]), zero = og_constant(g, 0);
    return og_where(g, og_apply2(g, OG_GT, square, zero), og_apply1(g, OG_SQRT, square), zero);
  }
  case OG_FORM_DENSE:
  case OG_FORM_MLP: break;
  }
  return OG_NODE_NONE;
}

static og_node unknown_function(og_lowering *l, og_span name) {
  const char **names = og_alloc(l->source->context, FUNCTIONS + l->count, sizeof *names);
  size_t count = 0;
  if (!names) return l->source->no_memory = 1, OG_NODE_NONE;
  for (size_t i = 0; i < FUNCTIONS; i++) names[count++] = functions[i].name;
  for (size_t i = 0; i < l->count; i++)
    if (l->symbols[i].kind == OG_SY_NET) names[count++] = l->symbols[i].name;
  og_unknown_name(l, name, "function", names, count);
  og_free(l->source->context, names);
  return OG_NODE_NONE;
}

int og_reads_time(const og_lowering *l, const og_expression *e) {
  if (e->kind == OG_EX_NAME) return og_span_is(l->source, e->name, "t");
  for (int i = 0; i < e->count; i++)
    if (og_reads_time(l, e->arg[i])) return 1;
  return 0;
}

/* x(t), x(t - 1), k(x + 1): what is no function is called like one. */
static og_node refuse_call(og_lowering *l, const og_symbol *symbol, const og_expression *e) {
  int of_time = e->count == 1 && og_reads_time(l, e->arg[0]);
  og_error_at(l->source, e->span, "'%s' is no function", symbol->name);
  if (of_time && e->arg[0]->kind == OG_EX_NAME)
    og_help(l->source, "its value at t is written: %s", symbol->name);
  else if (of_time)
    og_help(l->source, "%s", og_hint(OG_HINT_FUNCTION, "delay", 5));
  else
    og_help(l->source, "a product is written %s*(...), an entry of a vector %s[...]", symbol->name,
            symbol->name);
  return OG_NODE_NONE;
}

static og_node call_of_net(og_lowering *l, const og_expression *e) {
  const og_symbol *symbol = og_find_symbol(l, l->source->text + e->name.at, e->name.length);
  if (symbol && symbol->kind != OG_SY_NET) return refuse_call(l, symbol, e);
  return symbol && symbol->kind == OG_SY_NET ? og_lower_net_call(l, symbol, e) : unknown_function(l, e->name);
}

static og_node nameless_net(og_lowering *l, const og_expression *e) {
  og_error_at(l->source, e->span, "a net is declared with a name, and called by it");
  og_help(l->source, "net f = mlp(2, 50, 2; tanh), then f(x)");
  return OG_NODE_NONE;
}

static og_node wrong_count(og_lowering *l, const og_expression *e, const function *f) {
  if (f->form == OG_FORM_LEAST)
    og_error_at(l->source, e->span, "%s takes two arguments or more, or one vector, not %s", f->name,
                e->count ? "one number" : "none");
  else
    og_error_at(l->source, e->span, "%s takes %d argument%s, not %d", f->name, f->arguments,
                f->arguments == 1 ? "" : "s", e->count);
  og_help(l->source, "%s", f->signature);
  return OG_NODE_NONE;
}

/* ---- The least and the largest of many ---- */

/* Of all entries: halves are compared until one is left. */
og_node og_least_entry(og_graph *g, og_binary op, og_node a) {
  og_shape shape = og_graph_shape(g, a);
  for (int entries = shape.rows * shape.columns; entries > 1; entries = entries / 2 + entries % 2) {
    int half = entries / 2;
    og_node both[2] = {og_apply2(g, op, og_slice(g, a, 0, half), og_slice(g, a, half, half))};
    if (entries % 2) both[1] = og_slice(g, a, entries - 1, 1);
    a = og_concat(g, both, 1 + entries % 2);
    if (a == OG_NODE_NONE) break;
  }
  return a;
}

/* Of one vector its least entry; of several arguments the least one, entry by entry. */
static og_node lower_least(og_lowering *l, const og_expression *e, const function *f) {
  og_node least = OG_NODE_NONE;
  int good = e->count > 0;
  for (int i = 0; i < e->count; i++) {
    og_node both[2] = {least, og_lower_expression(l, e->arg[i])};
    good &= both[1] != OG_NODE_NONE && (i == 0 || least == OG_NODE_NONE || check_shapes(l, e, f, both, 2));
    least = i == 0 ? both[1] : good ? og_apply2(l->graph, (og_binary)f->op, both[0], both[1]) : OG_NODE_NONE;
  }
  if (e->count > 1 || (e->count && !good)) return least;
  og_shape shape = good ? og_graph_shape(l->graph, least) : (og_shape){1, 1};
  if (shape.rows * shape.columns > 1) return og_least_entry(l->graph, (og_binary)f->op, least);
  return wrong_count(l, e, f);
}

og_node og_lower_call(og_lowering *l, const og_expression *e) {
  const function *f = og_find_function(l->source->text + e->name.at, e->name.length);
  og_node arg[3];
  if (!f) return call_of_net(l, e);
  if (f->form == OG_FORM_MLP) return nameless_net(l, e);
  if (f->form == OG_FORM_DENSE) return og_lower_dense(l, e);
  if (e->options) return og_refuse_options(l, e);
  if (f->form == OG_FORM_LEAST) return lower_least(l, e, f);
  if (e->count != f->arguments) return wrong_count(l, e, f);
  int good = 1;
  for (int i = 0; i < e->count; i++) good &= (arg[i] = og_lower_expression(l, e->arg[i])) != OG_NODE_NONE;
  return good && check_shapes(l, e, f, arg, f->arguments) ? og_function_node(l->graph, f, arg) : OG_NODE_NONE;
}
