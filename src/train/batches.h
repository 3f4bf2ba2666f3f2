/* Mini-batches whose windows begin only where they may. */
#ifndef OG_BATCHES_H
#define OG_BATCHES_H

#include "base/base.h"

/* Whether a window may begin at a row of a trajectory. */
typedef int (*og_start_fn)(const void *of, size_t trajectory, size_t row);

/* og_batches_create with windows that begin only where can_start(of, ...) allows it; NULL: anywhere. */
og_status og_batches_create_where(og_context *context, const og_options *options, size_t trajectories,
                                  const size_t *rows, og_start_fn can_start, const void *of,
                                  og_batches **out);

/* Uses the mini-batches until og_batches_destroy; NULL is nothing. */
void og_batches_keep(og_batches *batches);

#endif
