/* Initial weights, by the initialisers of torch.nn.init and Linear's own, drawn from the seed. */
#include "model/network.h"

#include <math.h>
#include <string.h>

#include "base/base.h"

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
