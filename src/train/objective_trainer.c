/* A trainer of an objective: its loss, its data's windows, its model's bounds and weights. */
#include <string.h>

#include "fit/objective.h"
#include "train/batches.h"
#include "train/trainer.h"

/* ---- Fingerprints ---- */

/* Fingerprints of a model and of data, by which a training knows whether it goes on with its own. */

static uint64_t add_numbers(uint64_t hash, const double *numbers, size_t count) {
  return og_hash(hash, numbers, count * sizeof *numbers);
}

/* The fingerprint of a model: of its text or its graph, and of the consts that were set. */
static uint64_t model_fingerprint(const og_model *model) {
  const char *name, *expression, *text = og_model_text(model);
  uint64_t hash = og_hash(OG_HASH_START, text, strlen(text)), digest = og_model_digest(model);
  if (digest) hash = og_hash(hash, &digest, sizeof digest);
  for (size_t i = 0; og_model_setting(model, i, &name, &expression); i++) {
    hash = og_hash(hash, name, strlen(name) + 1);
    hash = og_hash(hash, expression, strlen(expression) + 1);
  }
  return hash;
}

/* The fingerprint of an objective's data: of spans, observations and inputs. */
static uint64_t data_fingerprint(const og_objective *objective) {
  const og_data *data = objective->data;
  const og_inputs *inputs = objective->inputs;
  uint64_t hash = og_hash(OG_HASH_START, data->first, (data->trajectories + 1) * sizeof *data->first);
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

/* ---- Trainers ---- */

og_status og_objective_loss(const double *theta, size_t count, const og_window *windows, double *loss,
                            size_t *values, double *gradient, void *user) {
  og_objective *objective = user;
  OG_OBJECT(objective);
  OG_NEED_IF(objective->context, objective->p, theta);
  OG_NEED(objective->context, windows);
  OG_NEED(objective->context, loss);
  OG_NEED(objective->context, values);
  return og_objective_evaluate_batch(objective, theta, count, windows, loss, values, gradient);
}

static int can_start(const void *objective, size_t trajectory, size_t row) {
  return og_objective_can_start(objective, trajectory, row);
}

og_status og_batches_create_for_objective(og_objective *objective, const og_options *options,
                                          og_batches **out) {
  if (out) *out = NULL;
  OG_OBJECT(objective);
  OG_NEED(objective->context, out);
  og_context *context = objective->context;
  size_t M = og_objective_trajectories(objective);
  if (og_options_integer(options, OG_OPT_WINDOW)) OG_TRY(og_objective_check_windows(objective));
  size_t *rows = og_alloc(context, M, sizeof *rows);
  if (!rows) return og_fail_memory(context, M * sizeof *rows, "mini-batches");
  for (size_t m = 0; m < M; m++) rows[m] = og_objective_rows(objective, m);
  og_status status = og_batches_create_where(context, options, M, rows, can_start, objective, out);
  og_free(context, rows);
  return status;
}

/* Parameters before the first weight; 0 when there are no weights. */
static size_t count_exempt(const og_objective *objective) {
  og_parameter_info info = {OG_INIT(og_parameter_info)};
  for (size_t i = 0; i < og_model_parameters(objective->model); i++)
    if (og_model_parameter(objective->model, i, &info) == OG_OK && info.weight) return info.offset;
  return 0;
}

static og_status make(og_objective *objective, const og_options *options, og_batches *batches,
                      const double *theta, og_trainer **out) {
  og_trainer *trainer = NULL;
  OG_TRY(og_objective_check_theta(objective, theta));
  OG_TRY(og_trainer_create(objective->context, options,
                           &(og_trainer_parts){OG_INIT(og_trainer_parts), .p = objective->p,
                                               .loss = og_objective_loss, .user = objective,
                                               .batches = batches, .theta = theta},
                           &trainer));
  og_status status = og_trainer_set_bounds(trainer, objective->lowest, objective->highest);
  if (status == OG_OK) status = og_trainer_exempt(trainer, count_exempt(objective));
  if (status != OG_OK) {
    og_trainer_destroy(trainer);
    return status;
  }
  trainer->objective = objective;
  og_objective_keep(objective);
  trainer->model = model_fingerprint(objective->model);
  trainer->data = data_fingerprint(objective);
  *out = trainer;
  return OG_OK;
}

static og_status make_from(og_objective *objective, const og_options *options, const double *theta,
                           og_trainer **out) {
  og_batches *batches = NULL;
  OG_TRY(og_batches_create_for_objective(objective, options, &batches));
  og_status status = make(objective, options, batches, theta, out);
  og_batches_destroy(batches); /* which the trainer keeps */
  return status;
}

og_status og_trainer_create_for_objective(og_objective *objective, const og_options *options,
                                          const double *theta, og_trainer **out) {
  if (out) *out = NULL;
  OG_OBJECT(objective);
  OG_NEED(objective->context, out);
  og_context *context = objective->context;
  const og_options *o = options ? options : objective->options;
  if (objective->p == 0)
    return og_fail(context, OG_ERR_NO_DEPENDENCE,
                   "the model has no parameters to train: declare some with `param` "
                   "or `net`");
  if (theta) return make_from(objective, o, theta, out);
  double *drawn = og_alloc(context, objective->p, sizeof *drawn);
  if (!drawn) return og_fail_memory(context, objective->p * sizeof *drawn, "the starting point");
  og_status status = og_model_initialize(objective->model, og_options_integer(o, OG_OPT_SEED), drawn);
  if (status == OG_OK) status = make_from(objective, o, drawn, out);
  og_free(context, drawn);
  return status;
}
