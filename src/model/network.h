/* Networks: layers y = activation(W x + b) whose W and b are the last entries of theta. */
#ifndef OG_NETWORK_H
#define OG_NETWORK_H

#include "graph/graph.h"

/* How a tensor's entries are drawn: from N(0, scale^2), or evenly from [-scale, scale). */
typedef struct og_draw {
  int normal;
  double scale;
} og_draw;

typedef og_node (*og_activation)(og_graph *graph, og_node x);

/* `weight` and `bias` are the tensors' names, owned. */
typedef struct og_layer {
  int inputs, outputs;
  og_activation activation;
  og_draw weight_draw, bias_draw;
  size_t offset; /* in theta: of W [outputs][inputs], with b [outputs] behind it */
  char *weight, *bias;
} og_layer;

static inline size_t og_layer_weight_size(const og_layer *layer) {
  return (size_t)layer->inputs * (size_t)layer->outputs;
}
static inline size_t og_layer_size(const og_layer *layer) {
  return og_layer_weight_size(layer) + (size_t)layer->outputs;
}
og_node og_layer_apply(og_graph *graph, const og_layer *layer, og_node x);

/* The activation of that name, or NULL; and the names of all. */
og_activation og_find_activation(const char *name, size_t length);
const char *const *og_activation_names(size_t *count);

/* An initialiser by the field's name for it (those of PyTorch), of a layer's weight or bias. */
typedef struct og_initializer {
  const char *name, *argument; /* what it takes: "sd"; NULL: nothing */
  int needs_fans;              /* its spread depends on both sides of a matrix: not for a bias */
  int normal;
  double (*scale)(double inputs, double outputs, double argument);
} og_initializer;
extern const og_initializer og_initializers[];
enum { OG_INITIALIZERS = 8 };

/* Draws a tensor of that name. */
void og_draw_tensor(og_draw draw, const char *name, uint64_t seed, size_t count, double *values);
/* Draws W and b of the layer into theta. */
void og_layer_initialize(const og_layer *layer, uint64_t seed, double *theta);

#endif
