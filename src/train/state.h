/* The layout of a training's state in a safetensors file. */
#ifndef OG_STATE_H
#define OG_STATE_H

#include "io/safetensors.h"
#include "train/trainer.h"

#define OG_UPDATER_PREFIX "updater."
enum { OG_TENSOR_NAME_SIZE = 64 };
/* A row of the history as doubles: steps, loss, validation loss, learning rate, norm of the gradient,
 * seconds, mini-batches left out. */
enum { OG_EPOCH_NUMBERS = 7 };

/* Whether a training can have left these numbers; the tensors are there, each of its size. */
og_status og_trainer_check_numbers(const og_trainer *trainer, const og_tensors *set, const char *path);

#endif
