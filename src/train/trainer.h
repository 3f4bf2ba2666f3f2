/* A training between two steps. What is saved of it: theta, best, before, the optimiser's arrays, the
 * history, and the numbers of og_trainer_state.
 *
 * The room is for first-order optimisers and their loop. It knows a loss as a function (og_loss_fn); only
 * objective_trainer.c makes that of an objective. Begin with trainer.c (a step, an epoch), then updater.c
 * (the formulas) and batches.c (which windows come next); state.c saves all of it. */
#ifndef OG_TRAINER_H
#define OG_TRAINER_H

#include "train/updater.h"

enum { OG_TRAINING_REASON_SIZE = 512, OG_FAILURES_IN_A_ROW = 10 };

/* Doubles alone, so that they are saved as one array. */
typedef struct og_trainer_state {
  double position;       /* mini-batches handed out */
  double succeeded;      /* of them, in all */
  double failed_in_row;  /* up to now */
  double best_loss;      /* of the best theta */
  double reference_loss; /* from which patience counts, */
  double waited;         /* in epochs */
  double seconds;        /* of earlier runs */
  /* of the epoch that is under way: */
  double loss_sum, value_sum, penalty_sum, norm_sum, batches, skipped;
  double learning_rate, norm, loss; /* of the last step */
} og_trainer_state;
enum { OG_TRAINER_NUMBERS = sizeof(og_trainer_state) / sizeof(double) };

struct og_trainer {
  og_context *context;
  og_options *options;
  size_t p, exempt;
  og_loss_fn loss;
  void *user;
  uint64_t model, data; /* fingerprints of those of an objective, else 0 */
  og_batches *batches;
  og_objective *objective; /* NULL, or whose loss it is */
  og_updater *updater;
  long long epochs, steps; /* limits; epochs = 0: none */
  long long per_epoch, patience;
  double tolerance;
  int mean;
  double *theta, *best, *before, *gradient; /* [p]; before: the last theta whose loss was found */
  double *lowest, *highest;                 /* [p] */
  og_trainer_state at;
  og_epoch *history;
  size_t history_count, history_room;
  size_t windows; /* of the last mini-batch */
  double begun;   /* when the present run began, less the seconds of earlier ones; NaN: not yet */
  int ended, converged, interrupted;
  char reason[OG_TRAINING_REASON_SIZE];
};

double og_trainer_seconds(const og_trainer *trainer);
/* Failures that belong to a point theta, not to the call. */
int og_trainer_survives(og_status status);
/* The loss of windows, by the options a mean or a sum: over *values, which is never 0. */
og_status og_trainer_loss(og_trainer *trainer, size_t count, const og_window *windows, double *sum,
                          double *values, double *gradient);
/* Closes the epoch: its row of the history, the best theta. */
og_status og_trainer_end_epoch(og_trainer *trainer);
/* Sets `ended` and the reason by the state and the options' limits. */
void og_trainer_check_end(og_trainer *trainer);
og_status og_trainer_reserve_history(og_trainer *trainer, size_t count);

#endif
