/* Tables: columns of numbers, made by a program, looked at, and written as CSV. */
#include <math.h>
#include <string.h>

#include "io/io.h"

og_status og_table_create(og_context *context, size_t rows, og_table **out) {
  if (out) *out = NULL;
  OG_OBJECT(context);
  OG_NEED(context, out);
  og_table *table = og_alloc(context, 1, sizeof *table);
  size_t *row_group = og_alloc(context, rows, sizeof *row_group);
  if (!table || !row_group) {
    og_free(context, table);
    og_free(context, row_group);
    return og_fail_memory(context, rows > SIZE_MAX / sizeof *row_group ? SIZE_MAX : rows * sizeof *row_group,
                          "a table");
  }
  table->context = table->groups.context = context;
  table->rows = rows;
  table->row_group = row_group;
  *out = table;
  return OG_OK;
}

void og_table_keep(const og_table *table) {
  if (table) og_keep(&((og_table *)table)->references);
}

void og_table_destroy(og_table *table) {
  if (!table || !og_was_last(&table->references)) return;
  og_context *context = table->context;
  for (size_t i = 0; i < table->count; i++) {
    og_free(context, table->columns[i].name);
    og_free(context, table->columns[i].values);
  }
  og_free(context, table->columns);
  og_names_clear(&table->groups);
  og_free(context, table->row_group);
  og_free(context, table->name);
  og_free(context, table->line);
  og_free(context, table);
}

static og_status make_room(og_table *table) {
  if (table->count < table->capacity) return OG_OK;
  size_t capacity = table->capacity ? 2 * table->capacity : 8;
  og_column *columns = og_resize(table->context, table->columns, table->count, capacity, sizeof *columns);
  if (!columns) return og_fail_memory(table->context, capacity * sizeof *columns, "the columns of a table");
  table->columns = columns;
  table->capacity = capacity;
  return OG_OK;
}

og_status og_table_append(og_table *table, const char *name, const double *values) {
  OG_TRY(make_room(table));
  og_column column = {og_strdup(table->context, name), og_alloc(table->context, table->rows, sizeof(double))};
  if (!column.name || !column.values) {
    og_free(table->context, column.name);
    og_free(table->context, column.values);
    return og_fail_memory(table->context, table->rows * sizeof(double), "a column");
  }
  if (table->rows) memcpy(column.values, values, table->rows * sizeof(double));
  table->columns[table->count++] = column;
  return OG_OK;
}

/* Groups the rows by equal numbers. On failure the table has no groups, as before. */
static og_status group_by_numbers(og_table *table, const double *values) {
  for (size_t row = 0; row < table->rows; row++) {
    char text[OG_NUMBER_SIZE];
    og_format_real(values[row], text);
    if (og_names_add(&table->groups, text, &table->row_group[row])) continue;
    og_names_clear(&table->groups);
    memset(table->row_group, 0, table->rows * sizeof *table->row_group);
    return og_fail_memory(table->context, table->rows * sizeof *table->row_group, "the groups of a table");
  }
  return OG_OK;
}

static og_status check_ids(const og_table *table, const double *values) {
  for (size_t row = 0; row < table->rows; row++)
    if (!isfinite(values[row]))
      return og_fail(table->context, OG_ERR_DATA, "the id of row %zu is missing; every row needs one",
                     row + 1);
  return OG_OK;
}

og_status og_table_add_column(og_table *table, const char *name, const double *values) {
  OG_OBJECT(table);
  OG_NEED(table->context, name);
  OG_NEED_IF(table->context, table->rows, values);
  if (!*name) return og_fail(table->context, OG_ERR_ARGUMENT, "a column needs a name");
  if (og_table_column(table, name))
    return og_fail(table->context, OG_ERR_ARGUMENT, "the table has a column %s already", name);
  int is_id = strcmp(name, OG_ID_COLUMN) == 0;
  if (is_id) OG_TRY(check_ids(table, values));
  OG_TRY(og_table_append(table, name, values));
  og_status status = is_id ? group_by_numbers(table, values) : OG_OK;
  if (status != OG_OK) {
    og_column *last = &table->columns[--table->count];
    og_free(table->context, last->name);
    og_free(table->context, last->values);
  }
  return status;
}

size_t og_table_rows(const og_table *table) {
  if (!table) return 0;
  return table->rows;
}

size_t og_table_columns(const og_table *table) {
  if (!table) return 0;
  return table->count;
}

const char *og_table_column_name(const og_table *table, size_t column) {
  if (!table) return NULL;
  return column < table->count ? table->columns[column].name : NULL;
}

const double *og_table_column(const og_table *table, const char *name) {
  if (!table || !name) return NULL;
  for (size_t i = 0; i < table->count; i++)
    if (strcmp(table->columns[i].name, name) == 0) return table->columns[i].values;
  return NULL;
}

const char *og_table_name(const og_table *table) { return table && table->name ? table->name : ""; }

size_t og_table_line(const og_table *table, size_t row) {
  return table && table->line && row < table->rows ? table->line[row] : 0;
}

size_t og_table_groups(const og_table *table) {
  if (!table) return 0;
  return table->groups.count ? table->groups.count : 1;
}

const size_t *og_table_group_of_rows(const og_table *table) {
  if (!table) return NULL;
  return table->row_group;
}

const char *og_table_group_name(const og_table *table, size_t group) {
  if (!table) return NULL;
  if (table->groups.count) return group < table->groups.count ? table->groups.names[group] : NULL;
  return group == 0 ? "" : NULL;
}

/* ---- Writing ---- */

/* Whether a reader would cut the text, or take it for a comment (#), a byte order mark or, as an id, for a
 * missing one. */
static int needs_quotes(const char *text) {
  size_t length = strlen(text);
  return length == 0 || strpbrk(text, ",\"\r\n") || strchr(" \t#\xEF", text[0]) ||
         strchr(" \t", text[length - 1]) || strcmp(text, "NA") == 0;
}

void og_csv_put_text(FILE *file, const char *text) {
  if (!file || !text) return;
  if (!needs_quotes(text)) {
    fputs(text, file);
    return;
  }
  fputc('"', file);
  for (; *text; text++) {
    if (*text == '"') fputc('"', file);
    fputc(*text, file);
  }
  fputc('"', file);
}

static void write_number(FILE *file, double value) {
  char text[OG_NUMBER_SIZE];
  og_format_real(value, text);
  fputs(isnan(value) ? "NA" : text, file);
}

static void write_header(FILE *file, const og_table *table) {
  for (size_t i = 0; i < table->count; i++) {
    if (i) fputc(',', file);
    og_csv_put_text(file, table->columns[i].name);
  }
  fputc('\n', file);
}

static void write_row(FILE *file, const og_table *table, size_t row) {
  for (size_t i = 0; i < table->count; i++) {
    const og_column *column = &table->columns[i];
    if (i) fputc(',', file);
    if (strcmp(column->name, OG_ID_COLUMN) == 0)
      og_csv_put_text(file, table->groups.names[table->row_group[row]]);
    else
      write_number(file, column->values[row]);
  }
  fputc('\n', file);
}

/* Infinities are refused here, where they come from, since the reader would refuse them. */
static og_status check_finite(const og_table *table) {
  for (size_t i = 0; i < table->count; i++)
    for (size_t row = 0; row < table->rows; row++)
      if (isinf(table->columns[i].values[row]))
        return og_fail(table->context, OG_ERR_NOT_FINITE,
                       "column %s is infinite in row %zu; a table holds finite numbers",
                       table->columns[i].name, row + 1);
  return OG_OK;
}

og_status og_table_write_csv(const og_table *table, const char *path) {
  OG_OBJECT(table);
  OG_NEED(table->context, path);
  if (table->count == 0)
    return og_fail(table->context, OG_ERR_STATE, "the table has no columns to write to %s", path);
  OG_TRY(check_finite(table));
  og_output *output;
  OG_TRY(og_output_open(table->context, path, &output));
  FILE *file = og_output_file(output);
  write_header(file, table);
  for (size_t row = 0; row < table->rows; row++) write_row(file, table, row);
  return og_output_close(output, OG_OK);
}

/* ---- Cells ---- */

/* Says why a cell is no number, for spellings that are often met. */
const char *og_cell_fault(const char *cell) {
  const char *digits = cell + (*cell == '-' || *cell == '+');
  if (*digits && strchr("nNiI.?", *digits)) /* inf, NULL, ?: another tool's ways to say it */
    return "is not a number; expected a number, or NA for a missing value";
  if (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X'))
    return "is hexadecimal; expected a decimal number";
  return "is not a number; expected a number, an empty cell or NA (only the id column may hold text; leave "
         "other columns of text out)";
}

/* The words for a missing value that R, Python, SAS, NONMEM and spreadsheets write. */
int og_cell_is_missing(const char *cell) {
  static const char *const words[] = {"", "na", "nan", "n/a", "#n/a", "."};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    size_t k = 0;
    while (words[i][k] && (cell[k] >= 'A' && cell[k] <= 'Z' ? cell[k] - 'A' + 'a' : cell[k]) == words[i][k])
      k++;
    if (!words[i][k] && !cell[k]) return 1;
  }
  return 0;
}
