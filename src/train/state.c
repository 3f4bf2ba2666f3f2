/* A training's whole state in a safetensors file, and back. */
#include <inttypes.h>
#include <stdio.h>
#include <math.h>
#include <string.h>

#include "train/state.h"

enum { TEXT_SIZE = 32 };

/* ---- What must be the same when it is loaded ---- */

typedef struct identity {
  const char *key, *what;
  char text[TEXT_SIZE];
} identity;
enum { IDENTITIES = 7 };

static void identify(const og_trainer *trainer, identity of[IDENTITIES]) {
  of[0] = (identity){.key = "odegrad.optimizer", .what = "optimizer"};
  of[1] = (identity){.key = "odegrad.seed", .what = "seed"};
  of[2] = (identity){.key = "odegrad.windows", .what = "number of trajectories or windows trained on"};
  of[3] = (identity){.key = "odegrad.held_out", .what = "number of those held out"};
  of[4] = (identity){.key = "odegrad.batches", .what = "number of mini-batches of an epoch"};
  of[5] = (identity){.key = "odegrad.model_fingerprint", .what = "model's fingerprint"};
  of[6] = (identity){.key = "odegrad.data_fingerprint", .what = "data's fingerprint"};
  snprintf(of[0].text, TEXT_SIZE, "%s", og_options_choice_name(trainer->options, OG_OPT_OPTIMIZER));
  snprintf(of[1].text, TEXT_SIZE, "%lld", og_options_integer(trainer->options, OG_OPT_SEED));
  snprintf(of[2].text, TEXT_SIZE, "%zu", og_batches_training(trainer->batches, NULL));
  snprintf(of[3].text, TEXT_SIZE, "%zu", og_batches_validation(trainer->batches, NULL));
  snprintf(of[4].text, TEXT_SIZE, "%lld", trainer->per_epoch);
  snprintf(of[5].text, TEXT_SIZE, "%016" PRIx64, trainer->model);
  snprintf(of[6].text, TEXT_SIZE, "%016" PRIx64, trainer->data);
}

/* ---- Saving ---- */

static og_status add(og_tensors *set, const char *name, size_t count, const double *values) {
  return og_tensors_add(set, name, 1, &count, values);
}

static og_status add_updater(const og_trainer *trainer, og_tensors *set) {
  for (size_t i = 0; i < og_updater_arrays(trainer->updater); i++) {
    og_state_array array;
    char name[OG_TENSOR_NAME_SIZE];
    OG_TRY(og_updater_array(trainer->updater, i, &array));
    snprintf(name, sizeof name, OG_UPDATER_PREFIX "%s", array.name);
    OG_TRY(add(set, name, array.count, array.values));
  }
  return OG_OK;
}

static og_status add_history(const og_trainer *trainer, og_tensors *set) {
  size_t shape[2] = {trainer->history_count, OG_EPOCH_NUMBERS};
  double *rows = og_alloc(trainer->context, shape[0] * OG_EPOCH_NUMBERS + 1, sizeof *rows), *row = rows;
  if (!rows) return og_fail_memory(trainer->context, shape[0] * sizeof *rows, "the history of a training");
  for (size_t i = 0; i < shape[0]; i++, row += OG_EPOCH_NUMBERS) {
    const og_epoch *e = &trainer->history[i];
    const double numbers[OG_EPOCH_NUMBERS] = {(double)e->steps,  e->loss,          e->validation_loss,
                                              e->learning_rate,  e->gradient_norm, e->seconds,
                                              (double)e->skipped};
    memcpy(row, numbers, sizeof numbers);
  }
  og_status status = og_tensors_add(set, "history", 2, shape, rows);
  og_free(trainer->context, rows);
  return status;
}

static og_status fill(const og_trainer *trainer, og_tensors *set) {
  identity of[IDENTITIES];
  og_trainer_state at = trainer->at;
  at.seconds = og_trainer_seconds(trainer);
  identify(trainer, of);
  OG_TRY(og_tensors_set_text(set, "format", OG_TRAINING_FORMAT));
  OG_TRY(og_tensors_set_text(set, "odegrad.version", og_version()));
  for (size_t i = 0; i < IDENTITIES; i++) OG_TRY(og_tensors_set_text(set, of[i].key, of[i].text));
  OG_TRY(add(set, "theta", trainer->p, trainer->theta));
  OG_TRY(add(set, "best", trainer->p, trainer->best));
  OG_TRY(add(set, "before", trainer->p, trainer->before));
  OG_TRY(add(set, "state", OG_TRAINER_NUMBERS, (const double *)&at));
  OG_TRY(add_updater(trainer, set));
  return add_history(trainer, set);
}

og_status og_trainer_save(const og_trainer *trainer, const char *path) {
  OG_OBJECT(trainer);
  OG_NEED(trainer->context, path);
  og_tensors *set = NULL;
  OG_TRY(og_tensors_create(trainer->context, &set));
  og_status status = fill(trainer, set);
  if (status == OG_OK) status = og_tensors_write(set, path);
  og_tensors_destroy(set);
  return status;
}

/* ---- Loading: everything is checked before anything is changed ---- */

static og_status check_identity(const og_trainer *trainer, const og_tensors *set, const char *path) {
  identity of[IDENTITIES];
  const char *format = og_tensors_text(set, "format");
  if (!format || strcmp(format, OG_TRAINING_FORMAT) != 0)
    return og_fail(trainer->context, OG_ERR_DATA, "%s is not the state of a training", path);
  identify(trainer, of);
  for (size_t i = 0; i < IDENTITIES; i++) {
    const char *saved = og_tensors_text(set, of[i].key);
    if (saved && strcmp(saved, of[i].text) == 0) continue;
    return og_fail(
        trainer->context, OG_ERR_ARGUMENT,
        "%s is of a training whose %s is %s, not %s; a training goes on with the options and data it "
        "began with",
        path, of[i].what, saved ? saved : "not said", of[i].text);
  }
  return OG_OK;
}

static og_status check(const og_trainer *trainer, const og_tensors *set, const char *path, const char *name,
                       size_t count) {
  const og_tensor *tensor = og_tensors_find(set, name);
  if (tensor && tensor->count == count) return OG_OK;
  if (!tensor) return og_fail(trainer->context, OG_ERR_DATA, "%s has no tensor %s", path, name);
  return og_fail(trainer->context, OG_ERR_SHAPE,
                 "%s: tensor %s has %zu numbers, where the training needs %zu", path, name, tensor->count,
                 count);
}

static og_status check_all(og_trainer *trainer, const og_tensors *set, const char *path) {
  OG_TRY(check_identity(trainer, set, path));
  OG_TRY(check(trainer, set, path, "theta", trainer->p));
  OG_TRY(check(trainer, set, path, "best", trainer->p));
  OG_TRY(check(trainer, set, path, "before", trainer->p));
  OG_TRY(check(trainer, set, path, "state", OG_TRAINER_NUMBERS));
  for (size_t i = 0; i < og_updater_arrays(trainer->updater); i++) {
    og_state_array array;
    char name[OG_TENSOR_NAME_SIZE];
    OG_TRY(og_updater_array(trainer->updater, i, &array));
    snprintf(name, sizeof name, OG_UPDATER_PREFIX "%s", array.name);
    OG_TRY(check(trainer, set, path, name, array.count));
  }
  const og_tensor *history = og_tensors_find(set, "history");
  if (!history || history->rank != 2 || history->shape[1] != OG_EPOCH_NUMBERS)
    return og_fail(trainer->context, OG_ERR_DATA, "%s has no history of %d columns", path, OG_EPOCH_NUMBERS);
  return og_trainer_check_numbers(trainer, set, path);
}

static void take(const og_tensors *set, const char *name, double *values) {
  const og_tensor *tensor = og_tensors_find(set, name);
  memcpy(values, tensor->values, tensor->count * sizeof *values);
}

static void take_history(og_trainer *trainer, const og_tensor *history) {
  trainer->history_count = history->shape[0];
  for (size_t i = 0; i < history->shape[0]; i++) {
    const double *row = history->values + i * OG_EPOCH_NUMBERS;
    trainer->history[i] = (og_epoch){.epoch = (long long)i + 1,
                                     .steps = (long long)row[0],
                                     .loss = row[1],
                                     .validation_loss = row[2],
                                     .learning_rate = row[3],
                                     .gradient_norm = row[4],
                                     .seconds = row[5],
                                     .skipped = (long long)row[6]};
  }
}

static void take_all(og_trainer *trainer, const og_tensors *set) {
  take(set, "theta", trainer->theta);
  take(set, "best", trainer->best);
  take(set, "before", trainer->before);
  take(set, "state", (double *)&trainer->at);
  for (size_t i = 0; i < og_updater_arrays(trainer->updater); i++) {
    og_state_array array = {0};
    char name[OG_TENSOR_NAME_SIZE];
    og_updater_array(trainer->updater, i, &array);
    snprintf(name, sizeof name, OG_UPDATER_PREFIX "%s", array.name);
    take(set, name, array.values);
  }
  take_history(trainer, og_tensors_find(set, "history"));
  trainer->begun = NAN;
  trainer->ended = trainer->converged = trainer->interrupted = 0;
  trainer->reason[0] = '\0';
  og_trainer_check_end(trainer);
}

/* States were saved without one once, and a program may leave it out. */
static void note_no_checksum(const og_trainer *trainer, const og_tensors *set, const char *path) {
  if (og_tensors_text(set, OG_CHECKSUM_KEY)) return;
  og_log(
      trainer->context,
      "warning: %s has no checksum, as an earlier odegrad wrote it or another program: whether its numbers "
      "are those of the training cannot be told",
      path);
}

og_status og_trainer_load(og_trainer *trainer, const char *path) {
  OG_OBJECT(trainer);
  OG_NEED(trainer->context, path);
  og_tensors *set = NULL;
  OG_TRY(og_tensors_read(trainer->context, path, &set));
  og_status status = check_all(trainer, set, path);
  if (status == OG_OK) note_no_checksum(trainer, set, path);
  if (status == OG_OK)
    status = og_trainer_reserve_history(trainer, og_tensors_find(set, "history")->shape[0]);
  if (status == OG_OK) take_all(trainer, set);
  og_tensors_destroy(set);
  return status;
}
