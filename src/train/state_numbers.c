/* The numbers of a saved training, which somebody may have written by hand: each by itself, and each beside
 * the others, since every mini-batch is counted in several places. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "train/state.h"

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
    og_state_array array;
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

/* What the epochs add up to. */
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

og_status og_trainer_check_numbers(const og_trainer *trainer, const og_tensors *set, const char *path) {
  static const char *const points[] = {"theta", "best", "before"};
  for (size_t i = 0; i < 3; i++) OG_TRY(check_point(trainer, set, path, points[i]));
  OG_TRY(check_state(trainer, set, path));
  return check_updater(trainer, set, path);
}
