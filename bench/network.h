/* What the benchmarks of networks share on odegrad's side: a model of examples/ with its first weights, also
 * as a file for the peers; mini-batches drawn beforehand; a folder for what is handed over. */
#ifndef BENCH_NETWORK_H
#define BENCH_NETWORK_H

#include <odegrad.h>
#include <stddef.h>
#include <stdint.h>

typedef struct network {
  og_context *context;
  og_model *model;
  og_options *options; /* to be set before network_objective */
  og_table *table;
  og_objective *objective;
  og_updater *updater;
  size_t p;
  double *first, *theta, *gradient; /* [p]: initial weights, present ones, gradient of the loss */
} network;

/* 0 for success; messages go to standard error. `model` is a path below the root of the repository, or the
 * text of a model if it has more than one line. */
int network_open(network *n, const char *model);
void network_close(network *n);
int network_write(const network *n, const char *path);
/* Reads the data, and makes objective and updater by the options; also again, from the first weights. */
int network_objective(network *n, const char *data);
int network_restart(network *n);
/* One step of training on the mean loss of the windows. */
int network_step(network *n, size_t count, const og_window *windows, double *loss);

/* `count` different numbers of 0 ... range - 1, in each of `rows` rows; written as CSV as well. */
int draw_rows(size_t rows, size_t count, size_t range, const char *path, size_t *to);

/* A folder in /tmp that is removed at the end of the program, and paths in it (valid until the next 8). */
const char *scratch(const char *name);
/* Data of an example by its own script (examples/NAME/data.sh). */
int make_data(const char *example, const char *path);

/* Complains with the context's message unless the status is OG_OK. */
int bad(const network *n, og_status status);

#endif
