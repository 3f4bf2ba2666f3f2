/* Activations, and the layer that they end. */
#include "model/network.h"

#include <string.h>

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
