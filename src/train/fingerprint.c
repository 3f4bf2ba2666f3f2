/* Fingerprints of a model and of data, by which a training knows whether it goes on with its own. */
#include "train/fingerprint.h"

#include <string.h>

/* FNV-1a. */
static uint64_t add(uint64_t hash, const void *bytes, size_t count) {
  const unsigned char *at = bytes;
  for (size_t i = 0; i < count; i++) hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
  return hash;
}

static uint64_t add_numbers(uint64_t hash, const double *numbers, size_t count) {
  return add(hash, numbers, count * sizeof *numbers);
}

static const uint64_t SEED = UINT64_C(0xcbf29ce484222325);

/* Its text, or its graph, and the consts that were set. */
uint64_t og_model_fingerprint(const og_model *model) {
  const char *name, *expression, *text = og_model_text(model);
  uint64_t hash = add(SEED, text, strlen(text)), digest = og_model_digest(model);
  if (digest) hash = add(hash, &digest, sizeof digest);
  for (size_t i = 0; og_model_setting(model, i, &name, &expression); i++) {
    hash = add(hash, name, strlen(name) + 1);
    hash = add(hash, expression, strlen(expression) + 1);
  }
  return hash;
}

/* Spans, observations and inputs. */
uint64_t og_objective_fingerprint(const og_objective *objective) {
  const og_data *data = objective->data;
  const og_inputs *inputs = objective->inputs;
  uint64_t hash = add(SEED, data->first, (data->trajectories + 1) * sizeof *data->first);
  hash = add_numbers(hash, data->t0, data->trajectories);
  hash = add_numbers(hash, data->t1, data->trajectories);
  hash = add_numbers(hash, data->times, data->count);
  hash = add_numbers(hash, data->values, 2 * data->columns * data->count);
  for (size_t i = 0; i < inputs->trajectories * inputs->count; i++) {
    hash = add_numbers(hash, inputs->series[i].times, inputs->series[i].count);
    hash = add_numbers(hash, inputs->series[i].values, inputs->series[i].count);
  }
  return hash;
}
