/* What the files of training share. */
#ifndef ODEGRAD_TRAINING_H
#define ODEGRAD_TRAINING_H

#include "cli.h"

typedef struct training_view {
  const problem *problem;
  og_objective *objective;
  const og_trainer *trainer;
  int terminal, open_line;
  double last_shown, last_saved, began; /* times */
  size_t first_step;                    /* of this run */
  og_training latest;
  double loss, validation_loss; /* of the last epoch; NaN: none */
  double evaluations;           /* of the right-hand side, for a trajectory or window */
  int saves;                    /* --out is kept up to date */
  const char *keeps;            /* and so is the file of --checkpoint; NULL: it is not */
  int interrupted;
} training_view;

/* The file that the state of the training is kept in; NULL: none. */
const char *kept_state(const problem *p);
void begin_view(training_view *view, const problem *p, og_objective *objective, const og_trainer *trainer);
/* An og_training_fn: shows the step, and at the end of an epoch saves the best parameters and the state. */
int follow_training(const og_training *now, void *view);
void end_view(training_view *view);

#endif
