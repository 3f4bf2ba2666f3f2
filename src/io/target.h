/* What a path stands for when it is written to, and whether it can be written. */
#ifndef OG_TARGET_H
#define OG_TARGET_H

#include "base/base.h"

typedef enum og_target_kind {
  OG_TARGET_WHOLE,    /* a regular file, or none yet: replaced by a temporary file beside it */
  OG_TARGET_IN_PLACE, /* a regular file in a folder where none can be made: filled anew when all is there */
  OG_TARGET_STREAM,   /* a pipe or a device: opened as it is */
  OG_TARGET_END, /* a regular file that others hold open: it is added to, because they would not see a new one
                  */
  OG_TARGET_DESCRIPTOR, /* a descriptor of this process: it is written at its present offset */
} og_target_kind;

typedef struct og_target {
  og_target_kind kind;
  char *path;     /* links followed; for og_free */
  int descriptor; /* -1: none */
} og_target;

/* 0, or the error number that says why `path` cannot be written; ENOMEM without memory. Nothing is made or
 * changed. Every target that was found, or was not, is freed by og_target_free. */
int og_target_find(og_context *context, const char *path, og_target *target);
void og_target_free(og_context *context, og_target *target);

#endif
