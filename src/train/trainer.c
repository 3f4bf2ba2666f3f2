/* The training loop: one step, and steps until the end. */
#include "train/trainer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

double og_trainer_seconds(const og_trainer *trainer) {
  return isnan(trainer->begun) ? trainer->at.seconds : og_seconds() - trainer->begun;
}

int og_trainer_survives(og_status status) {
  return (status >= OG_ERR_NOT_FINITE && status <= OG_ERR_STIFF) ||
         (status >= OG_ERR_ZENO && status <= OG_ERR_INDEX);
}

og_status og_trainer_loss(og_trainer *trainer, size_t count, const og_window *windows, double *sum,
                          double *values, double *gradient) {
  size_t counted = 0;
  OG_TRY(trainer->loss(trainer->theta, count, windows, sum, &counted, gradient, trainer->user));
  if (!isfinite(*sum))
    return og_fail(trainer->context, OG_ERR_NOT_FINITE, "the loss of %zu windows is %g", count,
                   og_shown(*sum));
  *values = (double)(counted ? counted : count); /* a loss of costs alone counts trajectories */
  return OG_OK;
}

/* ---- One step ---- */

/* Comparisons in place of fmin and fmax, which are calls. */
static void project(og_trainer *trainer) {
  const double *lowest = trainer->lowest, *highest = trainer->highest;
  for (size_t i = 0; i < trainer->p; i++) {
    double x = trainer->theta[i] < lowest[i] ? lowest[i] : trainer->theta[i];
    trainer->theta[i] = x > highest[i] ? highest[i] : x;
  }
}

/* Where nothing descends a training would run in vain, and quietly. */
static void note_no_gradient(const og_trainer *trainer, double norm) {
  if (trainer->at.succeeded == 0 && norm == 0)
    og_log(trainer->context,
           "note: the gradient of the first mini-batch is zero; the loss does not depend on any "
           "parameter there (windows start from the data, not from the model's init)");
}

/* Makes the next theta of the gradient of the sum over `values`. */
static og_status descend(og_trainer *trainer, double sum, double values) {
  og_trainer_state *at = &trainer->at;
  double factor = og_learning_rate_factor(trainer->options, (size_t)at->position, (size_t)trainer->steps);
  double scale = trainer->mean ? 1 / values : 1;
  for (size_t i = 0; i < trainer->p; i++) trainer->gradient[i] *= scale;
  double penalty =
      og_penalize(trainer->options, trainer->exempt, trainer->p, trainer->theta, trainer->gradient);
  double norm = og_clip_gradient(trainer->options, trainer->p, trainer->gradient);
  note_no_gradient(trainer, norm);
  memcpy(trainer->before, trainer->theta, trainer->p * sizeof(double));
  OG_TRY(og_updater_step(trainer->updater, factor, trainer->gradient, trainer->theta));
  project(trainer);
  at->loss = sum * scale + penalty;
  at->norm = norm;
  at->learning_rate = og_updater_learning_rate(trainer->updater) * factor;
  at->loss_sum += sum, at->value_sum += values, at->penalty_sum += penalty, at->norm_sum += norm;
  at->batches++, at->succeeded++, at->failed_in_row = 0;
  return OG_OK;
}

/* The step before a failure may have led astray: half of it is taken back, half of that again, and at the
 * third failure in a row all of it. */
static double share_taken_back(const og_trainer_state *at) {
  if (at->succeeded == 0) return 0; /* there was no step to take back */
  return at->failed_in_row < 3 ? 0.5 : 1;
}

static const char *what_is_taken_back(const og_trainer_state *at) {
  double share = share_taken_back(at);
  return share == 0  ? ""
         : share < 1 ? ", and half of the step before it taken back"
                     : ", and the step before it taken back";
}

/* Puts theta back within its bounds, past which rounding may have led. */
static void take_back(og_trainer *trainer) {
  double share = share_taken_back(&trainer->at);
  for (size_t i = 0; i < trainer->p; i++)
    trainer->theta[i] += share * (trainer->before[i] - trainer->theta[i]);
  project(trainer);
}

/* A mini-batch that failed is left out. */
static og_status leave_out(og_trainer *trainer, og_status status) {
  enum { NOTES = 5 };
  og_trainer_state *at = &trainer->at;
  at->failed_in_row++, at->skipped++;
  at->loss = NAN;
  take_back(trainer);
  double failures = at->position + 1 - at->succeeded;
  if (failures <= NOTES)
    og_log(trainer->context, "note: mini-batch %.0f is left out%s: %s%s", at->position + 1,
           what_is_taken_back(at), og_context_message(trainer->context),
           failures == NOTES ? " (further ones are counted, not told)" : "");
  int in_vain = at->succeeded == 0 && at->position + 1 >= (double)trainer->steps;
  if (at->failed_in_row < OG_FAILURES_IN_A_ROW && !in_vain) return OG_OK;
  if (at->succeeded == 0)
    return og_trail(trainer->context, status, "in each of the first %.0f mini-batches of the training",
                    failures);
  trainer->ended = 1;
  snprintf(trainer->reason, sizeof trainer->reason, "%d mini-batches in a row failed, the last with: %s",
           OG_FAILURES_IN_A_ROW, og_context_message(trainer->context));
  return OG_OK;
}

og_status og_trainer_step(og_trainer *trainer) {
  OG_OBJECT(trainer);
  if (trainer->ended)
    return og_fail(trainer->context, OG_ERR_STATE, "the training has ended: %s", trainer->reason);
  if (isnan(trainer->begun)) trainer->begun = og_seconds() - trainer->at.seconds;
  const og_window *windows;
  double sum = 0, values = 1;
  OG_TRY(og_batches_seek(trainer->batches, (size_t)trainer->at.position));
  OG_TRY(og_batches_next(trainer->batches, &trainer->windows, &windows));
  og_status status = og_trainer_loss(trainer, trainer->windows, windows, &sum, &values, trainer->gradient);
  if (status == OG_OK) status = descend(trainer, sum, values);
  if (status != OG_OK && !og_trainer_survives(status)) return status;
  if (status != OG_OK) status = leave_out(trainer, status);
  trainer->at.position++; /* also where the training gives up: what was left out is counted */
  OG_TRY(status);
  int last = (long long)trainer->at.position % trainer->per_epoch == 0 || trainer->ended ||
             (long long)trainer->at.position == trainer->steps;
  return last ? og_trainer_end_epoch(trainer) : OG_OK;
}

/* ---- Steps until the end ---- */

static void interrupt(og_trainer *trainer) {
  trainer->ended = trainer->interrupted = 1;
  snprintf(trainer->reason, sizeof trainer->reason, "interrupted; this is the best point so far");
}

static int report(const og_trainer *trainer, size_t epochs_before, og_training_fn progress, void *user) {
  const og_trainer_state *at = &trainer->at;
  size_t held_out = og_batches_validation(trainer->batches, NULL), per_epoch = (size_t)trainer->per_epoch;
  const og_epoch *ended = trainer->history_count > epochs_before ? &trainer->history[epochs_before] : NULL;
  og_training training = {OG_INIT(og_training),
                          .epoch = ((size_t)at->position - 1) / per_epoch + 1,
                          .epochs = ((size_t)trainer->steps - 1) / per_epoch + 1,
                          .step = (size_t)at->position,
                          .steps = (size_t)trainer->steps,
                          .ended = ended,
                          .windows = trainer->windows,
                          .evaluated = ended && held_out ? held_out : trainer->windows,
                          .loss = at->loss,
                          .learning_rate = at->learning_rate,
                          .gradient_norm = at->norm,
                          .seconds = og_trainer_seconds(trainer),
                          .best_loss = at->best_loss,
                          .theta = trainer->theta,
                          .best = og_trainer_best(trainer)};
  return progress(&training, user);
}

og_status og_trainer_run(og_trainer *trainer, og_training_fn progress, void *user) {
  OG_OBJECT(trainer);
  if (trainer->interrupted) trainer->interrupted = trainer->ended = 0; /* called again: go on */
  og_trainer_check_end(trainer);
  while (!trainer->ended) {
    size_t epochs = trainer->history_count;
    OG_TRY(og_trainer_step(trainer));
    int stop = progress && report(trainer, epochs, progress, user);
    if (stop && !trainer->ended) interrupt(trainer);
  }
  return OG_OK;
}

/* ---- Epochs ---- */

/* The end of an epoch: its row of the history, its validation, the best theta, and whether it was the last.
 */
og_status og_trainer_reserve_history(og_trainer *trainer, size_t count) {
  if (count <= trainer->history_room) return OG_OK;
  size_t room = 2 * count + 16;
  og_epoch *larger =
      og_resize(trainer->context, trainer->history, trainer->history_count, room, sizeof *larger);
  if (!larger) return og_fail_memory(trainer->context, room * sizeof *larger, "the history of a training");
  trainer->history = larger;
  trainer->history_room = room;
  return OG_OK;
}

/* ---- Losses of the epoch ---- */

static double training_loss(const og_trainer *trainer) {
  const og_trainer_state *at = &trainer->at;
  if (at->batches == 0) return NAN;
  return at->loss_sum / (trainer->mean ? at->value_sum : 1) + at->penalty_sum / at->batches;
}

/* NaN when nothing is held out, or the solve fails. */
static og_status validation_loss(og_trainer *trainer, double *loss) {
  const og_window *windows;
  size_t count = og_batches_validation(trainer->batches, &windows);
  double sum = 0, values = 1;
  *loss = NAN;
  if (count == 0) return OG_OK;
  og_status status = og_trainer_loss(trainer, count, windows, &sum, &values, NULL);
  if (og_trainer_survives(status)) {
    og_log(trainer->context, "note: no validation loss of epoch %zu: %s", trainer->history_count + 1,
           og_context_message(trainer->context));
    return OG_OK;
  }
  if (status == OG_OK) *loss = sum / (trainer->mean ? values : 1);
  return status;
}

/* ---- The best ---- */

/* `before` had the loss of the last mini-batch; theta, after the last step, has the validation loss. */
static void judge(og_trainer *trainer, const og_epoch *row) {
  og_trainer_state *at = &trainer->at;
  int validated = og_batches_validation(trainer->batches, NULL) > 0;
  double loss = validated ? row->validation_loss : row->loss;
  if (loss < at->best_loss) {
    at->best_loss = loss;
    memcpy(trainer->best, validated ? trainer->theta : trainer->before, trainer->p * sizeof(double));
  }
  if (loss < at->reference_loss - trainer->tolerance * fabs(at->reference_loss) ||
      (isinf(at->reference_loss) && loss < INFINITY)) {
    at->reference_loss = loss;
    at->waited = 0;
  } else {
    at->waited++;
  }
}

static void clear_epoch(og_trainer_state *at) {
  at->loss_sum = at->value_sum = at->penalty_sum = at->norm_sum = at->batches = at->skipped = 0;
}

og_status og_trainer_end_epoch(og_trainer *trainer) {
  og_trainer_state *at = &trainer->at;
  og_epoch row = {OG_INIT(og_epoch),
                  .epoch = trainer->history_count + 1,
                  .steps = (size_t)at->position,
                  .loss = training_loss(trainer),
                  .learning_rate = at->learning_rate,
                  .gradient_norm = at->batches > 0 ? at->norm_sum / at->batches : NAN,
                  .skipped = (size_t)at->skipped};
  OG_TRY(og_trainer_reserve_history(trainer, trainer->history_count + 1));
  OG_TRY(validation_loss(trainer, &row.validation_loss));
  row.seconds = og_trainer_seconds(trainer);
  judge(trainer, &row);
  trainer->history[trainer->history_count++] = row;
  clear_epoch(at);
  og_trainer_check_end(trainer);
  return OG_OK;
}

/* ---- The end ---- */

void og_trainer_check_end(og_trainer *trainer) {
  const og_trainer_state *at = &trainer->at;
  if (trainer->ended) return; /* the reason is there already */
  trainer->converged = trainer->patience > 0 && at->waited >= (double)trainer->patience;
  trainer->ended = trainer->converged || at->position >= (double)trainer->steps;
  if (trainer->converged)
    snprintf(trainer->reason, sizeof trainer->reason,
             "early stopping: the %s loss has not fallen by more than the tolerance %.3g for %lld epochs",
             og_batches_validation(trainer->batches, NULL) ? "validation" : "training", trainer->tolerance,
             trainer->patience);
  else if (trainer->ended && trainer->epochs)
    snprintf(trainer->reason, sizeof trainer->reason, "all %lld epochs are done", trainer->epochs);
  else if (trainer->ended)
    snprintf(trainer->reason, sizeof trainer->reason, "all %lld iterations are done", trainer->steps);
}
