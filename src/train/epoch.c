/* The end of an epoch: its row of the history, its validation, the best theta, and whether it was the last.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "train/trainer.h"

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
  og_epoch row = {.epoch = (long long)trainer->history_count + 1,
                  .steps = (long long)at->position,
                  .loss = training_loss(trainer),
                  .learning_rate = at->learning_rate,
                  .gradient_norm = at->batches > 0 ? at->norm_sum / at->batches : NAN,
                  .skipped = (long long)at->skipped};
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
  if (trainer->ended) return; /* for a reason of its own */
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
