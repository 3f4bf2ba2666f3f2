/* Tables as CSV files. */
#include "io/io.h"

#include <math.h>
#include <string.h>

/* What a reader would cut, take for a comment (#), for a byte order mark or, of an id, for a missing one. */
static int needs_quotes(const char *text) {
  size_t length = strlen(text);
  return length == 0 || strpbrk(text, ",\"\r\n") || strchr(" \t#\xEF", text[0]) ||
         strchr(" \t", text[length - 1]) || strcmp(text, "NA") == 0;
}

static void write_text(FILE *file, const char *text) {
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
    write_text(file, table->columns[i].name);
  }
  fputc('\n', file);
}

static void write_row(FILE *file, const og_table *table, size_t row) {
  for (size_t i = 0; i < table->count; i++) {
    const og_column *column = &table->columns[i];
    if (i) fputc(',', file);
    if (strcmp(column->name, OG_ID_COLUMN) == 0)
      write_text(file, table->groups.names[table->row_group[row]]);
    else
      write_number(file, column->values[row]);
  }
  fputc('\n', file);
}

/* Infinities would be refused by the reader: better here, where they come from. */
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
