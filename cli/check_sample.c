/* Which parameters differences vary when there are too many for all of them: some of each, spread over it,
 * drawn by the seed. */
#include "check.h"

#include <stdint.h>
#include <stdlib.h>

enum { SAMPLE = 48, LEAST_OF_EACH = 2 };

/* splitmix64 (Steele, Lea and Flood 2014): a number in [0, below). */
static size_t draw(uint64_t *state, size_t below) {
  uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return (size_t)((z ^ (z >> 31)) % below);
}

/* One from each of `wanted` stretches of equal length, or all. */
static void draw_entries(check *c, const og_parameter_info *info, size_t wanted, uint64_t *state) {
  size_t count = info->rows * info->columns;
  if (wanted > count) wanted = count;
  for (size_t k = 0; k < wanted; k++) {
    size_t from = k * count / wanted, to = (k + 1) * count / wanted;
    c->sample[c->sample_count++] = info->offset + from + draw(state, to - from);
  }
}

void draw_sample(check *c) {
  if (c->p->p <= PARAMETERS_MOST) return;
  size_t arrays = og_model_parameters(c->p->model), wanted = SAMPLE / arrays;
  uint64_t state = (uint64_t)og_options_integer(c->p->options, OG_OPT_SEED);
  og_parameter_info info;
  if (wanted < LEAST_OF_EACH) wanted = LEAST_OF_EACH;
  c->sample = take(arrays * wanted, sizeof *c->sample);
  for (size_t i = 0; i < arrays; i++)
    if (og_model_parameter(c->p->model, i, &info) == OG_OK) draw_entries(c, &info, wanted, &state);
}

int is_sampled(const check *c, size_t parameter) {
  for (size_t i = 0; i < c->sample_count; i++)
    if (c->sample[i] == parameter) return 1;
  return !c->sample;
}
