/* `net` statements and calls of nets and `dense`: their layers, and where these stand in theta. Layers of
 * nets come first, in the order of the text, then those of `dense` by their numbers. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/network.h"
#include "base/base.h"
#include "model/lower.h"

/* ---- What stands behind the `;` ---- */

typedef struct rule {
  const og_initializer *initializer;
  double argument;
} rule;
typedef struct layer_options {
  og_activation activation, final;
  rule weights, bias;
} layer_options;

static int read_activation(og_lowering *l, const og_expression *e, og_activation *activation) {
  size_t count;
  const char *const *names = og_activation_names(&count);
  if (e->kind != OG_EX_NAME) {
    og_error_at(l->source, e->span, "expected the name of an activation, as in mlp(2, 50, 2; tanh)");
    return 0;
  }
  *activation = og_find_activation(l->source->text + e->name.at, e->name.length);
  if (!*activation) og_unknown_name(l, e->name, "activation", names, count);
  return *activation != NULL;
}

static const og_initializer *find_initializer(og_lowering *l, og_span name) {
  const char *names[OG_INITIALIZERS];
  for (size_t i = 0; i < OG_INITIALIZERS; i++) {
    names[i] = og_initializers[i].name;
    if (og_span_is(l->source, name, names[i])) return &og_initializers[i];
  }
  og_unknown_name(l, name, "initialiser", names, OG_INITIALIZERS);
  return NULL;
}

static int read_argument(og_lowering *l, const og_expression *e, rule *to) {
  const og_initializer *of = to->initializer;
  int given = e->kind == OG_EX_CALL ? e->count : -1, wanted = of->argument ? 1 : -1;
  if (given != wanted || e->options) {
    og_error_at(l->source, e->span, of->argument ? "%s takes one number" : "%s takes nothing", of->name);
    og_help(l->source, of->argument ? "%s(%s)" : "write '%s' alone", of->name, of->argument);
    return 0;
  }
  if (!of->argument) return 1;
  if (!og_constant_number(l, e->arg[0], "the spread of weights", &to->argument)) return 0;
  if (to->argument >= 0 && isfinite(to->argument)) return 1;
  og_error_at(l->source, e->arg[0]->span, "the spread of weights is 0 or more, not %g",
              og_shown(to->argument));
  return 0;
}

static int read_initializer(og_lowering *l, const og_expression *e, int is_bias, rule *to) {
  if (e->kind != OG_EX_NAME && e->kind != OG_EX_CALL) {
    og_error_at(l->source, e->span, "expected an initialiser, as in weights = normal(0.1)");
    return 0;
  }
  if (!(to->initializer = find_initializer(l, e->name))) return 0;
  if (!is_bias || !to->initializer->needs_fans) return read_argument(l, e, to);
  og_error_at(l->source, e->span, "%s is made for the two sides of a matrix, and a bias is a vector",
              to->initializer->name);
  og_help(l->source, "a bias is drawn by default, normal(sd) or uniform(a), or is zeros");
  return 0;
}

enum { FINAL, WEIGHTS, BIAS, NAMED_OPTIONS };

/* Which of the options that have a name; NAMED_OPTIONS after a diagnostic. */
static int named_option(og_lowering *l, og_span name, int is_net) {
  static const char *const names[NAMED_OPTIONS] = {"final", "weights", "bias"};
  int which = 0;
  while (which < NAMED_OPTIONS && !og_span_is(l->source, name, names[which])) which++;
  if (which == NAMED_OPTIONS) og_unknown_name(l, name, "option", names, NAMED_OPTIONS);
  if (which != FINAL || is_net) return which;
  og_error_at(l->source, name, "a dense layer has one activation");
  og_help(l->source, "it stands first behind the ';': dense(x, 16; tanh)");
  return NAMED_OPTIONS;
}

static int read_named(og_lowering *l, const og_call_option *option, int is_net, int seen[NAMED_OPTIONS],
                      layer_options *to) {
  int which = named_option(l, option->name, is_net);
  if (which == NAMED_OPTIONS) return 0;
  if (seen[which]++) return og_error_at(l->source, option->name, "this option is given twice"), 0;
  if (which == FINAL) return read_activation(l, option->value, &to->final);
  return read_initializer(l, option->value, which == BIAS, which == BIAS ? &to->bias : &to->weights);
}

static int read_options(og_lowering *l, const og_expression *call, int is_net, layer_options *to) {
  og_activation identity = og_find_activation("identity", strlen("identity"));
  rule usual = {&og_initializers[0], 0};
  int seen[NAMED_OPTIONS] = {0}, good = 1;
  *to = (layer_options){identity, identity, usual, usual};
  for (const og_call_option *option = call->options; option; option = option->next) {
    if (option->name.length) {
      good &= read_named(l, option, is_net, seen, to);
    } else if (option == call->options) {
      good &= read_activation(l, option->value, &to->activation);
    } else {
      og_error_at(l->source, option->value->span, "only the activation, which stands first, has no name");
      og_help(l->source, "the others are written final = ..., weights = ... and bias = ...");
      good = 0;
    }
  }
  return good;
}

/* ---- Layers ---- */

static int read_size(og_lowering *l, const og_expression *e, int *size) {
  double value;
  if (!og_constant_number(l, e, "a layer's size", &value)) return 0;
  if (value != floor(value) || value < 1 || value > OG_ENTRIES_MOST) {
    og_error_at(l->source, e->span, "a layer's size is a whole number from 1 to %d, not %.9g",
                OG_ENTRIES_MOST, og_shown(value));
    return 0;
  }
  *size = (int)value;
  return 1;
}

static og_draw draw_of(const rule *r, int inputs, int outputs) {
  return (og_draw){r->initializer->normal, r->initializer->scale(inputs, outputs, r->argument)};
}

static char *tensor_name(og_lowering *l, const char *layer, const char *tensor) {
  size_t room = strlen(layer) + strlen(tensor) + 2;
  char *name = og_alloc(l->source->context, room, 1);
  if (name)
    snprintf(name, room, "%s.%s", layer, tensor);
  else
    l->source->no_memory = 1;
  return name;
}

/* A call is looked at more than once; the names stay. */
static int fill_layer(og_lowering *l, og_layer *layer, const char *name, const layer_options *options) {
  layer->activation = options->activation;
  layer->weight_draw = draw_of(&options->weights, layer->inputs, layer->outputs);
  layer->bias_draw = draw_of(&options->bias, layer->inputs, layer->outputs);
  if (!layer->weight) layer->weight = tensor_name(l, name, "weight");
  if (!layer->bias) layer->bias = tensor_name(l, name, "bias");
  return layer->weight && layer->bias;
}

static void place_layer(og_lowering *l, og_layer *layer) {
  layer->offset = l->parameters + l->weights;
  l->weights += og_layer_size(layer);
}

static int has_room(og_lowering *l, const og_layer *layer, og_span span) {
  if (layer->offset + og_layer_size(layer) <= OG_ENTRIES_MOST) return 1;
  return og_error_at(l->source, span, "over %d parameters in all", OG_ENTRIES_MOST), 0;
}

/* ---- Nets ---- */

static int is_mlp(const og_lowering *l, const og_expression *e) {
  return e->kind == OG_EX_CALL && og_span_is(l->source, e->name, "mlp");
}

static size_t layers_of(const og_lowering *l, const og_statement *s) {
  return s->kind == OG_ST_NET && is_mlp(l, s->value) && s->value->count > 1 ? (size_t)s->value->count - 1 : 0;
}

static int check_net(og_lowering *l, const og_expression *e) {
  if (!is_mlp(l, e))
    og_error_at(l->source, e->span, "a net is given by its layers' sizes, as in mlp(2, 50, 2; tanh)");
  else if (e->count < 2)
    og_error_at(l->source, e->span, "a net has two sizes at least, those of its input and its output");
  return is_mlp(l, e) && e->count >= 2;
}

/* Each size but the first and last is that of a layer's output and of the next one's input. */
static int read_sizes(og_lowering *l, const og_expression *call, og_layer *layers) {
  int good = 1;
  for (int i = 0; i < call->count; i++) {
    int size = 0;
    good &= read_size(l, call->arg[i], &size);
    if (i > 0) layers[i - 1].outputs = size;
    if (i + 1 < call->count) layers[i].inputs = size;
  }
  return good;
}

/* The numbers are those of PyTorch's Sequential(Linear, activation, Linear, ...). */
static int add_net_layer(og_lowering *l, const og_symbol *net, int index, const layer_options *options) {
  char name[16];
  og_layer *layer = &l->layers[net->first_layer + (size_t)index];
  snprintf(name, sizeof name, "%d", 2 * index);
  char *whole = tensor_name(l, net->name, name);
  int good = whole && fill_layer(l, layer, whole, options);
  og_free(l->source->context, whole);
  if (!good) return 0;
  place_layer(l, layer);
  return has_room(l, layer, net->declaration->value->span);
}

static void lower_net(og_lowering *l, og_statement *s) {
  layer_options options;
  og_symbol *net = og_declare(l, OG_SY_NET, s);
  if (!net) return;
  net->first_layer = l->net_layers;
  l->net_layers += layers_of(l, s);
  if (!check_net(l, s->value)) return;
  int good = read_sizes(l, s->value, &l->layers[net->first_layer]);
  if (!read_options(l, s->value, 1, &options) || !good) return;
  int layers = s->value->count - 1;
  for (int i = 0; i < layers; i++) {
    if (i == layers - 1) options.activation = options.final;
    if (!add_net_layer(l, net, i, &options)) return;
  }
  net->layers = layers;
}

void og_lower_nets(og_lowering *l) {
  size_t dense = (size_t)l->syntax->dense;
  l->layer_count = dense;
  for (size_t i = 0; i < l->syntax->count; i++) l->layer_count += layers_of(l, &l->syntax->statements[i]);
  l->layers = og_alloc(l->source->context, l->layer_count + 1, sizeof *l->layers);
  if (!l->layers) {
    l->source->no_memory = 1;
    return;
  }
  for (size_t i = 0; i < l->syntax->count; i++)
    if (l->syntax->statements[i].kind == OG_ST_NET) lower_net(l, &l->syntax->statements[i]);
  for (size_t i = 0; l->survey && i < dense; i++) {
    og_layer *layer = &l->layers[l->net_layers + i];
    const og_layer *found = &l->survey->layers[l->net_layers + i];
    layer->inputs = found->inputs, layer->outputs = found->outputs;
    place_layer(l, layer);
  }
}

/* ---- Calls ---- */

/* "f takes 2 values, but x has 3"; a long argument is not repeated. */
static void wrong_size(og_lowering *l, const og_symbol *net, int inputs, const og_expression *x, int rows) {
  const char *text = l->source->text + x->span.at;
  size_t length = x->span.length;
  int brief = length <= 40 && !memchr(text, '\n', length);
  og_error_at(l->source, x->span, "%s takes %d value%s, but %.*s has %d", net->name, inputs,
              inputs == 1 ? "" : "s", brief ? (int)length : 4, brief ? text : "this", rows);
}

/* The vector that goes into a layer. */
static og_node lower_input(og_lowering *l, const og_expression *e) {
  char text[OG_SHAPE_TEXT];
  og_node x = og_lower_expression(l, e);
  if (x == OG_NODE_NONE || og_graph_shape(l->graph, x).columns == 1) return x;
  og_error_at(l->source, e->span, "a layer takes a vector, not %s",
              og_shape_text(og_graph_shape(l->graph, x), text));
  return OG_NODE_NONE;
}

og_node og_lower_net_call(og_lowering *l, const og_symbol *net, const og_expression *e) {
  if (e->count != 1 || e->options) {
    og_error_at(l->source, e->span, "a net takes one vector");
    og_help(l->source, "several values are joined in brackets: %s([a, b])", net->name);
    return OG_NODE_NONE;
  }
  og_node x = lower_input(l, e->arg[0]);
  if (x == OG_NODE_NONE || net->layers == 0) return OG_NODE_NONE;
  const og_layer *layer = &l->layers[net->first_layer];
  int rows = og_graph_shape(l->graph, x).rows;
  if (rows != layer->inputs) return wrong_size(l, net, layer->inputs, e->arg[0], rows), OG_NODE_NONE;
  for (int i = 0; i < net->layers; i++) x = og_layer_apply(l->graph, &layer[i], x);
  l->varies = 1;
  return x;
}

/* In the survey the offset stays 0: only the sizes are wanted. */
og_node og_lower_dense(og_lowering *l, const og_expression *e) {
  layer_options options;
  char name[32];
  if (e->count != 2) {
    og_error_at(l->source, e->span, "dense takes a vector and the number of outputs");
    og_help(l->source, "dense(x, 16; tanh)");
    return OG_NODE_NONE;
  }
  if (!l->layers)
    return og_error_at(l->source, e->span, "a constant expression cannot have a layer"), OG_NODE_NONE;
  og_layer *layer = &l->layers[l->net_layers + (size_t)e->dense];
  og_node x = lower_input(l, e->arg[0]);
  if (!read_size(l, e->arg[1], &layer->outputs) || !read_options(l, e, 0, &options) || x == OG_NODE_NONE)
    return OG_NODE_NONE;
  layer->inputs = og_graph_shape(l->graph, x).rows;
  snprintf(name, sizeof name, "dense%d", e->dense + 1);
  if (!fill_layer(l, layer, name, &options) || !has_room(l, layer, e->span)) return OG_NODE_NONE;
  l->varies = 1;
  return og_layer_apply(l->graph, layer, x);
}

/* ---- Initial weights, by the initialisers of torch.nn.init and Linear's own, drawn from the seed ---- */

static double linear(double in, double out, double a) { return (void)out, (void)a, 1 / sqrt(in); }
static double zero(double in, double out, double a) { return (void)in, (void)out, (void)a, 0; }
static double given(double in, double out, double a) { return (void)in, (void)out, a; }
/* Glorot and Bengio (2010), gain 1 */
static double xavier_uniform(double in, double out, double a) { return (void)a, sqrt(6 / (in + out)); }
static double xavier_normal(double in, double out, double a) { return (void)a, sqrt(2 / (in + out)); }
/* He et al. (2015), fan in, gain sqrt 2 */
static double kaiming_uniform(double in, double out, double a) { return (void)out, (void)a, sqrt(6 / in); }
static double kaiming_normal(double in, double out, double a) { return (void)out, (void)a, sqrt(2 / in); }

const og_initializer og_initializers[OG_INITIALIZERS] = {
    {"default", NULL, 0, 0, linear},
    {"xavier_uniform", NULL, 1, 0, xavier_uniform},
    {"xavier_normal", NULL, 1, 1, xavier_normal},
    {"kaiming_uniform", NULL, 1, 0, kaiming_uniform},
    {"kaiming_normal", NULL, 1, 1, kaiming_normal},
    {"normal", "sd", 0, 1, given},
    {"uniform", "a", 0, 0, given},
    {"zeros", NULL, 0, 0, zero},
};

/* A stream for each name makes a tensor's draw independent of the others, and of their order. */
static uint64_t stream_of(const char *name) { return og_hash(OG_HASH_START, name, strlen(name)); }

static double unit(og_rng *rng, int normal) {
  return normal ? og_rng_normal(rng) : 2 * og_rng_uniform(rng) - 1;
}

void og_draw_tensor(og_draw draw, const char *name, uint64_t seed, size_t count, double *values) {
  og_rng rng;
  og_rng_seed(&rng, seed, stream_of(name));
  for (size_t i = 0; i < count; i++)
    values[i] = draw.scale > 0 ? draw.scale * unit(&rng, draw.normal) : 0; /* and no -0 */
}

void og_layer_initialize(const og_layer *layer, uint64_t seed, double *theta) {
  double *weight = theta + layer->offset, *bias = weight + og_layer_weight_size(layer);
  og_draw_tensor(layer->weight_draw, layer->weight, seed, og_layer_weight_size(layer), weight);
  og_draw_tensor(layer->bias_draw, layer->bias, seed, (size_t)layer->outputs, bias);
}

/* ---- Activations, and the layer that they end ---- */

static og_node tanh_of(og_graph *g, og_node x) { return og_apply1(g, OG_TANH, x); }
static og_node relu(og_graph *g, og_node x) { return og_apply1(g, OG_RELU, x); }
static og_node softplus(og_graph *g, og_node x) { return og_apply1(g, OG_SOFTPLUS, x); }
static og_node sigmoid(og_graph *g, og_node x) { return og_apply1(g, OG_SIGMOID, x); }
static og_node sine(og_graph *g, og_node x) { return og_apply1(g, OG_SIN, x); }
static og_node silu(og_graph *g, og_node x) { return og_apply2(g, OG_MUL, x, sigmoid(g, x)); }
static og_node identity(og_graph *g, og_node x) { return (void)g, x; }

/* x where x > 0, else e^x - 1; one of the two terms is exactly 0, so neither overflows nor rounds the other.
 */
static og_node elu(og_graph *g, og_node x) {
  og_node below = og_apply2(g, OG_MIN, x, og_constant(g, 0));
  return og_apply2(g, OG_ADD, relu(g, x), og_apply1(g, OG_EXPM1, below));
}

/* x/2 (1 + erf(x / sqrt 2)) (Hendrycks and Gimpel, 2016) */
static og_node gelu(og_graph *g, og_node x) {
  og_node scaled = og_apply2(g, OG_MUL, og_constant(g, 0.70710678118654752440), x);
  og_node twice = og_apply2(g, OG_ADD, og_constant(g, 1), og_apply1(g, OG_ERF, scaled));
  return og_apply2(g, OG_MUL, og_apply2(g, OG_MUL, og_constant(g, 0.5), x), twice);
}

/* exp(-x^2), the radial basis function */
static og_node rbf(og_graph *g, og_node x) {
  return og_apply1(g, OG_EXP, og_apply1(g, OG_NEG, og_apply2(g, OG_MUL, x, x)));
}

enum { ACTIVATIONS = 10 };
static const char *const names[ACTIVATIONS] = {"tanh", "relu", "softplus", "sigmoid", "elu",
                                               "gelu", "silu", "sin",      "rbf",     "identity"};
static const og_activation functions[ACTIVATIONS] = {tanh_of, relu, softplus, sigmoid, elu,
                                                     gelu,    silu, sine,     rbf,     identity};

og_activation og_find_activation(const char *name, size_t length) {
  for (size_t i = 0; i < ACTIVATIONS; i++)
    if (strlen(names[i]) == length && memcmp(names[i], name, length) == 0) return functions[i];
  return NULL;
}

const char *const *og_activation_names(size_t *count) { return *count = ACTIVATIONS, names; }

og_node og_layer_apply(og_graph *g, const og_layer *layer, og_node x) {
  og_shape matrix = {layer->outputs, layer->inputs}, vector = {layer->outputs, 1};
  og_node W = og_input(g, OG_SLOT_PARAMETER, (int)layer->offset, matrix);
  og_node b = og_input(g, OG_SLOT_PARAMETER, (int)(layer->offset + og_layer_weight_size(layer)), vector);
  return layer->activation(g, og_apply2(g, OG_ADD, og_matvec(g, W, x), b));
}
