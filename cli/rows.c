/* Rows of tables: an entry of a parameter or initial state, or a large array as a whole. */
#include "cli.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A matrix of 4 x 4 is still shown entry by entry, and the initial states of some dozen trajectories. */
enum { ENTRIES_MOST = 16, STATES_MOST = 32 };

static void append_row(row_list *to, row new) {
  if (to->count == to->capacity) {
    size_t capacity = to->capacity ? 2 * to->capacity : 32;
    row *rows = take(capacity, sizeof *rows);
    if (to->count) memcpy(rows, to->rows, to->count * sizeof *rows);
    free(to->rows);
    to->rows = rows, to->capacity = capacity;
  }
  to->rows[to->count++] = new;
}

void append_entry(row_list *to, char *name, size_t at) {
  append_row(to, (row){.name = name, .count = 1, .first = at, .length = 1});
}

size_t row_entry(const row *r, size_t k) { return r->first + k / r->length * r->stride + k % r->length; }

char *array_name(const og_parameter_info *info) {
  if (info->dimensions == 2) return join("%s [%zu,%zu]", info->name, info->rows, info->columns);
  return join("%s [%zu]", info->name, info->rows);
}

void add_parameter_rows(const problem *p, row_list *to) {
  og_parameter_info info;
  for (size_t i = 0; i < og_model_parameters(p->model); i++) {
    if (og_model_parameter(p->model, i, &info) != OG_OK) continue;
    size_t count = info.rows * info.columns;
    if (count > ENTRIES_MOST) append_row(to, (row){array_name(&info), count, info.offset, count, count});
    for (size_t k = 0; k < count && count <= ENTRIES_MOST; k++)
      append_entry(to, entry_name(info.name, info.rows, info.columns, k), info.offset + k);
  }
}

/* One entry of x0 of one trajectory. */
static void add_initial_row(const problem *p, size_t m, size_t i, size_t at, row_list *to) {
  char *name = state_name(p, i), *suffix = id_suffix(p, m);
  append_entry(to, join("%s(t0)%s", name, suffix), at + m * p->n + i);
  free(name), free(suffix);
}

void add_initial_rows(const problem *p, size_t at, row_list *to) {
  og_state_info info;
  if (p->trajectories * p->n <= STATES_MOST) {
    for (size_t i = 0; i < p->trajectories * p->n; i++) add_initial_row(p, i / p->n, i % p->n, at, to);
    return;
  }
  for (size_t i = 0; i < og_model_states(p->model); i++) {
    if (og_model_state(p->model, i, &info) != OG_OK) continue;
    char *name = p->trajectories == 1 ? join("%s(t0) [%zu]", info.name, info.rows)
                 : info.rows == 1     ? join("%s(t0) [%zu]", info.name, p->trajectories)
                                      : join("%s(t0) [%zu,%zu]", info.name, p->trajectories, info.rows);
    append_row(to, (row){name, p->trajectories * info.rows, at + info.offset, info.rows, p->n});
  }
}

double row_norm(const row *r, const double *values) {
  double scale = fabs(row_largest(r, values)), sum = 0;
  for (size_t k = 0; k < r->count && scale > 0; k++) sum += pow(values[row_entry(r, k)] / scale, 2);
  return scale * sqrt(sum);
}

double row_largest(const row *r, const double *values) {
  double largest = values[r->first];
  for (size_t k = 0; k < r->count; k++)
    if (fabs(values[row_entry(r, k)]) > fabs(largest)) largest = values[row_entry(r, k)];
  return largest;
}

int has_whole_rows(const row_list *list) {
  for (size_t i = 0; i < list->count; i++)
    if (list->rows[i].count > 1) return 1;
  return 0;
}

void free_rows(row_list *list) {
  for (size_t i = 0; i < list->count; i++) free(list->rows[i].name);
  free(list->rows);
  *list = (row_list){0};
}

void explain_arrays(const char *in_json) {
  printf(
      "arrays of over %d entries, and over %d initial values in all, are shown as a whole; --json has %s\n",
      ENTRIES_MOST, STATES_MOST, in_json);
}

void print_loss(const char *name, double loss, size_t values) {
  printf("%s%.10g", name, loss);
  if (values)
    printf(" (sum over %zu observed value%s)\n", values, values == 1 ? "" : "s");
  else
    printf(" (sum of the costs)\n");
}
