#define _GNU_SOURCE
#include "network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int bad(const network *n, og_status status) {
  if (status != OG_OK) fprintf(stderr, "%s\n", n->context ? og_context_message(n->context) : "no context");
  return status != OG_OK;
}

int network_open(network *n, const char *model) {
  *n = (network){0};
  char path[512];
  snprintf(path, sizeof path, BENCH_ROOT "/%.400s", model);
  if (og_context_create(NULL, NULL, NULL, &n->context)) return -1;
  og_status status = strchr(model, '\n')
                         ? og_model_create_from_text(n->context, "model", model, strlen(model), &n->model)
                         : og_model_create_from_file(n->context, path, &n->model);
  if (bad(n, status) || bad(n, og_options_create(n->context, &n->options))) return -1;
  og_parameter_info info = {OG_INIT(og_parameter_info)};
  for (size_t i = 0; i < og_model_parameters(n->model); i++)
    if (og_model_parameter(n->model, i, &info) == OG_OK) n->p = info.offset + info.rows * info.columns;
  n->first = calloc(3 * n->p, sizeof *n->first);
  if (!n->first) return -1;
  n->theta = n->first + n->p, n->gradient = n->theta + n->p;
  return bad(n, og_model_initialize(n->model, 1, n->first)) ? -1 : 0;
}

void network_close(network *n) {
  og_updater_destroy(n->updater);
  og_objective_destroy(n->objective);
  og_table_destroy(n->table);
  og_options_destroy(n->options);
  og_model_destroy(n->model);
  og_context_destroy(n->context);
  free(n->first);
}

int network_write(const network *n, const char *path) {
  return bad(n, og_parameters_write(n->model, n->first, path)) ? -1 : 0;
}

int network_restart(network *n) {
  og_updater_destroy(n->updater);
  n->updater = NULL;
  memcpy(n->theta, n->first, n->p * sizeof *n->theta);
  return bad(n, og_updater_create(n->context, n->options, n->p, &n->updater)) ? -1 : 0;
}

int network_objective(network *n, const char *data) {
  if (bad(n, og_table_create_from_csv(n->context, data, &n->table)) ||
      bad(n, og_objective_create(n->context, n->model, n->table, n->options, &n->objective)))
    return -1;
  return network_restart(n);
}

int network_step(network *n, size_t count, const og_window *windows, double *loss) {
  size_t values;
  if (bad(n, og_objective_evaluate_batch(n->objective, n->theta, count, windows, loss, &values, n->gradient)))
    return -1;
  *loss /= (double)values;
  for (size_t i = 0; i < n->p; i++) n->gradient[i] /= (double)values;
  return bad(n, og_updater_step(n->updater, 1, n->gradient, n->theta)) ? -1 : 0;
}

/* Lehmer's generator; a number in 0 ... range - 1. */
static size_t draw(uint64_t *state, size_t range) {
  *state = *state * 48271 % 2147483647;
  return (size_t)((double)*state / 2147483647 * (double)range);
}

static int drawn_before(const size_t *row, size_t count, size_t number) {
  for (size_t i = 0; i < count; i++)
    if (row[i] == number) return 1;
  return 0;
}

int draw_rows(size_t rows, size_t count, size_t range, const char *path, size_t *to) {
  FILE *file = fopen(path, "w");
  uint64_t state = 20181207;
  for (size_t i = 0; file && i < rows; i++)
    for (size_t j = 0; j < count; j++) {
      size_t *number = to + i * count + j;
      do *number = draw(&state, range);
      while (drawn_before(to + i * count, j, *number));
      fprintf(file, "%zu%c", *number, j + 1 < count ? ',' : '\n');
    }
  if (file && fclose(file) == 0) return 0;
  perror(path);
  return -1;
}

static char folder[] = "/tmp/odegrad-bench-XXXXXX";

static void remove_folder(void) {
  char command[64];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  if (system(command) != 0) perror(folder);
}

const char *scratch(const char *name) {
  static char paths[8][128];
  static size_t next;
  if (strchr(folder, 'X') && mkdtemp(folder)) atexit(remove_folder);
  char *path = paths[next++ % 8];
  snprintf(path, sizeof paths[0], "%s/%s", folder, name);
  return path;
}

int make_data(const char *example, const char *path) {
  char command[1024];
  snprintf(command, sizeof command,
           "ODEGRAD='" BENCH_ROOT "/build/odegrad' sh '" BENCH_ROOT "/examples/%s/data.sh' %s", example,
           path);
  return system(command) == 0 ? 0 : -1;
}
