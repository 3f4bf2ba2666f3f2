/* Tables of text with aligned columns. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

text_table new_table(size_t columns) { return (text_table){.columns = columns}; }

char *one_line(char *text) {
  char *at = text;
  while (*at >= ' ' && *at < 127) at++;
  if (!*at) return text;
  char *shown = printable(text);
  free(text);
  for (at = shown; *at; at++)
    if (*at == '\n' || *at == '\t') *at = ' ';
  return shown;
}

void add_text(text_table *table, char *text) {
  if (table->count == table->capacity) {
    size_t capacity = table->capacity ? 2 * table->capacity : 64;
    char **cells = take(capacity, sizeof *cells);
    if (table->count) memcpy(cells, table->cells, table->count * sizeof *cells);
    free(table->cells);
    table->cells = cells, table->capacity = capacity;
  }
  table->cells[table->count++] = one_line(text);
}

/* A number alone that is none has no sign, which 0/0 has and printf writes. */
void add_cell(text_table *table, const char *format, ...) {
  char text[256];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  int unsigned_nan = strcmp(format, "%s") != 0 && strcmp(text, "-nan") == 0;
  add_text(table, join("%s", unsigned_nan ? "nan" : text));
}

void free_table(text_table *table) {
  for (size_t i = 0; i < table->count; i++) free(table->cells[i]);
  free(table->cells);
  *table = (text_table){0};
}

size_t width_of(const char *text) {
  size_t width = 0;
  for (; *text; text++) width += ((unsigned char)*text & 0xC0) != 0x80;
  return width;
}

static void pad(size_t width) {
  for (; width > 0; width--) putchar(' ');
}

static void print_row(const text_table *table, size_t row, const size_t *widths, size_t left) {
  for (size_t column = 0; column < table->columns; column++) {
    const char *cell = table->cells[row * table->columns + column];
    size_t space = widths[column] - width_of(cell);
    if (column) fputs("  ", stdout);
    if (column >= left) pad(space);
    fputs(cell, stdout);
    if (column < left && column + 1 < table->columns) pad(space);
  }
  putchar('\n');
}

void print_table(text_table *table, size_t left) {
  size_t *widths = take(table->columns, sizeof *widths);
  for (size_t i = 0; i < table->count; i++) {
    size_t width = width_of(table->cells[i]), *widest = &widths[i % table->columns];
    if (width > *widest) *widest = width;
  }
  for (size_t row = 0; row < table->count / table->columns; row++) print_row(table, row, widths, left);
  free(widths);
  free_table(table);
}

/* ---- Rows ---- */

/* Rows of tables: an entry of a parameter or initial state, or a large array as a whole. */

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
  og_parameter_info info = {OG_INIT(og_parameter_info)};
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
  og_state_info info = {OG_INIT(og_state_info)};
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
