/* Starting points: a Latin hypercube over finite bounds, so that few points already spread over every
 * parameter's range; weights of networks by their initialisers. */
#include <math.h>

#include "fit/search.h"

static double inverse_stratum(og_rng *rng, size_t stratum, size_t count) {
  return ((double)stratum + og_rng_uniform(rng)) / (double)count;
}

/* Entry i of all points. Without finite bounds: normal around the given value, with its size (or 1) as
 * deviation. */
static void draw_entry(const og_objective *objective, const double *theta, size_t i, og_rng *rng,
                       size_t *order, size_t count, double *points) {
  double low = objective->lowest[i], high = objective->highest[i],
         size = fabs(theta[i]) > 0 ? fabs(theta[i]) : 1;
  og_rng_shuffle(rng, order, count);
  for (size_t k = 0; k < count; k++) {
    double value = isfinite(low) && isfinite(high)
                       ? low + (high - low) * inverse_stratum(rng, order[k], count)
                       : theta[i] + size * og_rng_normal(rng);
    points[k * objective->p + i] = fmin(fmax(value, low), high);
  }
}

/* The weights of point k are those of the seed that comes k + 1 after the given point's; its parameters are
 * drawn afterwards. */
static og_status draw_weights(const og_objective *objective, size_t count, unsigned long long seed,
                              double *points) {
  if (!og_model_parts_of(objective->model)->weights) return OG_OK;
  for (size_t k = 0; k < count; k++)
    OG_TRY(og_model_initialize(objective->model, (long long)(seed + 1 + k), points + k * objective->p));
  return OG_OK;
}

og_status og_starts_draw(og_context *context, const og_objective *objective, const double *theta, int count,
                         unsigned long long seed, double **out) {
  size_t points = (size_t)count;
  *out = og_alloc(context, points + 1, objective->p * sizeof **out);
  size_t *order = og_alloc(context, points + 1, sizeof *order);
  if (!*out || !order) {
    og_free(context, *out);
    og_free(context, order);
    *out = NULL;
    return og_fail_memory(context, points * objective->p * sizeof **out, "the starting points");
  }
  og_status status = draw_weights(objective, points, seed, *out);
  size_t parameters = objective->p - og_model_parts_of(objective->model)->weights;
  for (size_t i = 0; i < parameters && points; i++) {
    og_rng rng; /* a stream for each entry: more starts or parameters do not change the others' */
    og_rng_seed(&rng, seed, 0x5741525400000000u + i);
    draw_entry(objective, theta, i, &rng, order, points, *out);
  }
  og_free(context, order);
  if (status != OG_OK) {
    og_free(context, *out);
    *out = NULL;
  }
  return status;
}
