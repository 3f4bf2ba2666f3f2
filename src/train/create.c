/* Trainers made, set up and read out. */
#include <math.h>
#include <string.h>

#include "train/batches.h"
#include "train/trainer.h"

static void read_options(og_trainer *trainer) {
  const og_options *o = trainer->options;
  trainer->epochs = og_options_integer(o, OG_OPT_EPOCHS);
  trainer->per_epoch = (long long)og_batches_per_epoch(trainer->batches);
  trainer->steps =
      trainer->epochs ? trainer->epochs * trainer->per_epoch : og_options_integer(o, OG_OPT_ITERATIONS);
  trainer->patience = og_options_integer(o, OG_OPT_PATIENCE);
  trainer->tolerance = og_options_real(o, OG_OPT_TOLERANCE);
  trainer->mean = og_options_integer(o, OG_OPT_REDUCTION) == OG_REDUCTION_MEAN;
}

static og_status allot(og_trainer *trainer, const double *theta) {
  size_t p = trainer->p;
  double *numbers = og_alloc(trainer->context, 6 * p, sizeof *numbers);
  if (!numbers) return og_fail_memory(trainer->context, 6 * p * sizeof *numbers, "a trainer");
  double **arrays[] = {&trainer->theta,    &trainer->best,   &trainer->before,
                       &trainer->gradient, &trainer->lowest, &trainer->highest};
  for (size_t i = 0; i < 6; i++) *arrays[i] = numbers + i * p;
  for (size_t i = 0; i < p; i++) {
    if (!isfinite(theta[i]))
      return og_fail(trainer->context, OG_ERR_NOT_FINITE, "entry %zu of the starting theta is %g", i + 1,
                     og_shown(theta[i]));
    trainer->theta[i] = trainer->best[i] = trainer->before[i] = theta[i];
    trainer->lowest[i] = -INFINITY, trainer->highest[i] = INFINITY;
  }
  return OG_OK;
}

static og_status set_up(og_trainer *trainer, const og_options *options, const og_trainer_parts *parts) {
  if (!parts->loss || !parts->batches || !parts->theta)
    return og_fail(trainer->context, OG_ERR_ARGUMENT, "a trainer needs a loss, batches and theta");
  og_batches_keep(parts->batches);
  trainer->batches = parts->batches;
  OG_TRY(og_updater_create(trainer->context, options, trainer->p, &trainer->updater));
  OG_TRY(og_options_copy(trainer->context, options, &trainer->options));
  read_options(trainer);
  OG_TRY(allot(trainer, parts->theta));
  og_trainer_check_end(trainer); /* no steps: ended at once */
  return OG_OK;
}

og_status og_trainer_create(og_context *context, const og_options *options, const og_trainer_parts *parts,
                            og_trainer **out) {
  if (out) *out = NULL;
  OG_OBJECT(context);
  OG_NEED(context, out);
  OG_NEED(context, options);
  og_trainer_parts given;
  OG_TAKE(context, og_trainer_parts, parts, &given);
  og_trainer *trainer = og_alloc(context, 1, sizeof *trainer);
  if (!trainer) return og_fail_memory(context, sizeof *trainer, "a trainer");
  *trainer = (og_trainer){.context = context, .p = given.p, .loss = given.loss, .user = given.user};
  trainer->begun = NAN;
  trainer->at = (og_trainer_state){.best_loss = INFINITY, .reference_loss = INFINITY, .loss = NAN};
  og_status status = set_up(trainer, options, &given);
  if (status != OG_OK) {
    og_trainer_destroy(trainer);
    return status;
  }
  *out = trainer;
  return OG_OK;
}

void og_trainer_destroy(og_trainer *trainer) {
  if (!trainer) return;
  og_batches_destroy(trainer->batches);
  og_objective_destroy(trainer->objective);
  og_updater_destroy(trainer->updater);
  og_options_destroy(trainer->options);
  og_free(trainer->context, trainer->theta);
  og_free(trainer->context, trainer->history);
  og_free(trainer->context, trainer);
}

/* ---- Settings ---- */

static og_status check_fresh(const og_trainer *trainer, const char *what) {
  if (trainer->at.position == 0) return OG_OK;
  return og_fail(trainer->context, OG_ERR_STATE, "%s come before the first step of a training", what);
}

og_status og_trainer_set_bounds(og_trainer *trainer, const double *lowest, const double *highest) {
  OG_OBJECT(trainer);
  OG_NEED(trainer->context, lowest);
  OG_NEED(trainer->context, highest);
  OG_TRY(check_fresh(trainer, "bounds"));
  for (size_t i = 0; i < trainer->p; i++)
    if (!(trainer->theta[i] >= lowest[i] && trainer->theta[i] <= highest[i]))
      return og_fail(trainer->context, OG_ERR_BOUNDS, "entry %zu of theta is %g, outside its bounds [%g, %g]",
                     i + 1, trainer->theta[i], og_shown(lowest[i]), og_shown(highest[i]));
  memcpy(trainer->lowest, lowest, trainer->p * sizeof *lowest);
  memcpy(trainer->highest, highest, trainer->p * sizeof *highest);
  return OG_OK;
}

og_status og_trainer_exempt(og_trainer *trainer, size_t count) {
  OG_OBJECT(trainer);
  OG_TRY(check_fresh(trainer, "exemptions"));
  OG_TRY(og_updater_exempt(trainer->updater, count));
  trainer->exempt = count;
  return OG_OK;
}

/* ---- Results ---- */

int og_trainer_ended(const og_trainer *trainer) {
  if (!trainer) return 0;
  return trainer->ended;
}

int og_trainer_converged(const og_trainer *trainer) {
  if (!trainer) return 0;
  return trainer->converged;
}

const char *og_trainer_reason(const og_trainer *trainer) {
  if (!trainer) return "";
  return trainer->reason;
}

const double *og_trainer_theta(const og_trainer *trainer) {
  if (!trainer) return NULL;
  return trainer->theta;
}

const double *og_trainer_best(const og_trainer *trainer) {
  if (!trainer) return NULL;
  return isinf(trainer->at.best_loss) ? trainer->theta : trainer->best;
}

double og_trainer_best_loss(const og_trainer *trainer) {
  if (!trainer) return NAN;
  return trainer->at.best_loss;
}

size_t og_trainer_steps(const og_trainer *trainer) {
  if (!trainer) return 0;
  return (size_t)trainer->at.position;
}

size_t og_trainer_epochs(const og_trainer *trainer) {
  if (!trainer) return 0;
  return trainer->history_count;
}

og_status og_trainer_epoch(const og_trainer *trainer, size_t index, og_epoch *epoch) {
  OG_OBJECT(trainer);
  OG_NEED(trainer->context, epoch);
  if (index >= trainer->history_count)
    return og_fail(trainer->context, OG_ERR_ARGUMENT, "epoch %zu of a training in which %zu have ended",
                   index, trainer->history_count);
  return OG_GIVE(trainer->context, og_epoch, trainer->history[index], epoch);
}
