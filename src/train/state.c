/* A training's whole state in a safetensors file, and back. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "io/safetensors.h"
#include "train/trainer.h"

#define OG_UPDATER_PREFIX "updater."
enum { OG_TENSOR_NAME_SIZE = 64 };
/* A row of the history as doubles: steps, loss, validation loss, learning rate, norm of the gradient,
 * seconds, mini-batches left out. */
enum { OG_EPOCH_NUMBERS = 7 };

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
    og_state_array array = {OG_INIT(og_state_array)};
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

/* ---- Numbers ---- */

/* The numbers of a saved training, which somebody may have written by hand: each by itself, and each beside
 * the others, since every mini-batch is counted in several places. */

/* -0 is no count: it would end as 1 / -0. */
static int is_count(double value) {
  return value >= 0 && !signbit(value) && value < 0x1p53 && value == floor(value);
}

static int is_size(double value) { return value >= 0 && isfinite(value); }

static og_status fail_number(const og_trainer *trainer, const char *path, const char *what, double value) {
  char text[OG_NUMBER_SIZE];
  og_format_real(value, text);
  return og_fail(trainer->context, OG_ERR_DATA, "%s: %s cannot be %s", path, text, what);
}

/* ---- Points ---- */

static og_status check_point(const og_trainer *trainer, const og_tensors *set, const char *path,
                             const char *name) {
  const double *point = og_tensors_find(set, name)->values;
  char value[OG_NUMBER_SIZE], lowest[OG_NUMBER_SIZE], highest[OG_NUMBER_SIZE];
  for (size_t i = 0; i < trainer->p; i++) {
    if (!isfinite(point[i])) return fail_number(trainer, path, name, point[i]);
    if (point[i] >= trainer->lowest[i] && point[i] <= trainer->highest[i]) continue;
    og_format_real(point[i], value);
    og_format_real(trainer->lowest[i], lowest), og_format_real(trainer->highest[i], highest);
    return og_fail(trainer->context, OG_ERR_DATA, "%s: entry %zu of %s is %s, outside its bounds [%s, %s]",
                   path, i + 1, name, value, lowest, highest);
  }
  return OG_OK;
}

/* ---- The optimiser ---- */

static og_status check_array(const og_trainer *trainer, const og_tensor *tensor, const char *path,
                             int squares) {
  for (size_t i = 0; i < tensor->count; i++) {
    double value = tensor->values[i];
    if (!isfinite(value)) return fail_number(trainer, path, tensor->name, value);
    if (squares && value < 0) return fail_number(trainer, path, "a mean of squares", value);
  }
  return OG_OK;
}

/* A step of the optimiser may fail after it was counted, so that there are more of them than successes. */
static og_status check_steps(const og_trainer *trainer, const og_tensors *set, const char *path) {
  og_trainer_state at;
  memcpy(&at, og_tensors_find(set, "state")->values, sizeof at);
  double steps = og_tensors_find(set, OG_UPDATER_PREFIX "step")->values[0];
  int fits = is_count(steps) && steps >= at.succeeded && steps <= at.position;
  return fits ? OG_OK : fail_number(trainer, path, "a number of steps", steps);
}

static og_status check_updater(const og_trainer *trainer, const og_tensors *set, const char *path) {
  for (size_t i = 1; i < og_updater_arrays(trainer->updater); i++) {
    og_state_array array = {OG_INIT(og_state_array)};
    char name[OG_TENSOR_NAME_SIZE];
    OG_TRY(og_updater_array(trainer->updater, i, &array));
    snprintf(name, sizeof name, OG_UPDATER_PREFIX "%s", array.name);
    OG_TRY(check_array(trainer, og_tensors_find(set, name), path, trainer->updater->rule->squares == i));
  }
  return check_steps(trainer, set, path);
}

/* ---- Counts and sums ---- */

static og_status check_counts(const og_trainer *trainer, const og_trainer_state *at, const char *path) {
  const double counts[] = {at->position, at->succeeded, at->failed_in_row, at->batches,
                           at->skipped,  at->waited,    at->value_sum};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
    if (!is_count(counts[i]))
      return fail_number(trainer, path, "a number of mini-batches, epochs or values", counts[i]);
  if (at->succeeded > at->position || at->failed_in_row > at->position - at->succeeded)
    return fail_number(trainer, path, "a part of the mini-batches that there were",
                       fmax(at->succeeded, at->failed_in_row));
  return at->value_sum >= at->batches
             ? OG_OK
             : fail_number(trainer, path, "a number of values in the epoch's mini-batches", at->value_sum);
}

static og_status check_sums(const og_trainer *trainer, const og_trainer_state *at, const char *path) {
  const double sums[] = {at->best_loss, at->reference_loss, at->loss_sum, at->penalty_sum, at->norm_sum};
  for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
    if (isnan(sums[i])) return fail_number(trainer, path, "a loss of a training", sums[i]);
  if (!(at->penalty_sum >= 0)) return fail_number(trainer, path, "a penalty", at->penalty_sum);
  if (!(at->norm_sum >= 0 && at->norm >= 0))
    return fail_number(trainer, path, "the norm of a gradient", fmin(at->norm_sum, at->norm));
  if (!is_size(at->learning_rate)) return fail_number(trainer, path, "a learning rate", at->learning_rate);
  return is_size(at->seconds) ? OG_OK : fail_number(trainer, path, "a duration", at->seconds);
}

/* ---- The history, and the state beside it ---- */

static og_status check_epoch(const og_trainer *trainer, const double *row, double before, const char *path) {
  if (!is_count(row[0]) || !is_count(row[6]))
    return fail_number(trainer, path, "a number of steps in the history", is_count(row[0]) ? row[6] : row[0]);
  if (row[0] <= before)
    return fail_number(trainer, path, "the number of steps at the end of an epoch in the history", row[0]);
  if (row[6] > row[0] - before)
    return fail_number(trainer, path, "a part of an epoch's mini-batches in the history", row[6]);
  if (!is_size(row[3])) return fail_number(trainer, path, "a learning rate in the history", row[3]);
  if (row[4] < 0) return fail_number(trainer, path, "the norm of a gradient in the history", row[4]);
  return is_size(row[5]) ? OG_OK : fail_number(trainer, path, "a duration in the history", row[5]);
}

/* Sums over the epochs of the history. */
typedef struct epochs_sum {
  double count, steps, skipped, least;
} epochs_sum;

static og_status sum_history(const og_trainer *trainer, const og_tensor *history, const char *path,
                             epochs_sum *sum) {
  size_t judged_by = og_batches_validation(trainer->batches, NULL) > 0 ? 2 : 1;
  *sum = (epochs_sum){.count = (double)history->shape[0], .least = INFINITY};
  for (size_t i = 0; i < history->shape[0]; i++) {
    const double *row = history->values + i * OG_EPOCH_NUMBERS;
    OG_TRY(check_epoch(trainer, row, sum->steps, path));
    sum->steps = row[0], sum->skipped += row[6];
    if (row[judged_by] < sum->least) sum->least = row[judged_by];
  }
  return OG_OK;
}

/* Each mini-batch is in an epoch that ended or in the one under way, and succeeded or was left out. */
static og_status check_state(const og_trainer *trainer, const og_tensors *set, const char *path) {
  og_trainer_state at;
  epochs_sum sum;
  memcpy(&at, og_tensors_find(set, "state")->values, sizeof at);
  OG_TRY(check_counts(trainer, &at, path));
  OG_TRY(check_sums(trainer, &at, path));
  OG_TRY(sum_history(trainer, og_tensors_find(set, "history"), path, &sum));
  if (at.position != sum.steps + at.batches + at.skipped)
    return fail_number(trainer, path, "the number of mini-batches of the history and of the epoch under way",
                       at.position);
  if (at.succeeded != at.position - sum.skipped - at.skipped)
    return fail_number(trainer, path, "the number of mini-batches that were not left out", at.succeeded);
  if (at.waited > sum.count) return fail_number(trainer, path, "a number of epochs waited", at.waited);
  if (at.best_loss != sum.least)
    return fail_number(trainer, path, "the least loss of the history", at.best_loss);
  return at.reference_loss >= at.best_loss
             ? OG_OK
             : fail_number(trainer, path, "a loss above the best one", at.reference_loss);
}

/* Whether a training can have left these numbers; the tensors are there, each of its size. */
static og_status check_numbers(const og_trainer *trainer, const og_tensors *set, const char *path) {
  static const char *const points[] = {"theta", "best", "before"};
  for (size_t i = 0; i < 3; i++) OG_TRY(check_point(trainer, set, path, points[i]));
  OG_TRY(check_state(trainer, set, path));
  return check_updater(trainer, set, path);
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
    og_state_array array = {OG_INIT(og_state_array)};
    char name[OG_TENSOR_NAME_SIZE];
    OG_TRY(og_updater_array(trainer->updater, i, &array));
    snprintf(name, sizeof name, OG_UPDATER_PREFIX "%s", array.name);
    OG_TRY(check(trainer, set, path, name, array.count));
  }
  const og_tensor *history = og_tensors_find(set, "history");
  if (!history || history->rank != 2 || history->shape[1] != OG_EPOCH_NUMBERS)
    return og_fail(trainer->context, OG_ERR_DATA, "%s has no history of %d columns", path, OG_EPOCH_NUMBERS);
  return check_numbers(trainer, set, path);
}

static void take(const og_tensors *set, const char *name, double *values) {
  const og_tensor *tensor = og_tensors_find(set, name);
  memcpy(values, tensor->values, tensor->count * sizeof *values);
}

static void take_history(og_trainer *trainer, const og_tensor *history) {
  trainer->history_count = history->shape[0];
  for (size_t i = 0; i < history->shape[0]; i++) {
    const double *row = history->values + i * OG_EPOCH_NUMBERS;
    trainer->history[i] = (og_epoch){
        OG_INIT(og_epoch),         .epoch = i + 1,          .steps = (size_t)row[0], .loss = row[1],
        .validation_loss = row[2], .learning_rate = row[3], .gradient_norm = row[4], .seconds = row[5],
        .skipped = (size_t)row[6]};
  }
}

static void take_all(og_trainer *trainer, const og_tensors *set) {
  take(set, "theta", trainer->theta);
  take(set, "best", trainer->best);
  take(set, "before", trainer->before);
  take(set, "state", (double *)&trainer->at);
  for (size_t i = 0; i < og_updater_arrays(trainer->updater); i++) {
    og_state_array array = {OG_INIT(og_state_array)};
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

/* Older states were saved without a checksum, and a program may leave it out. */
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
