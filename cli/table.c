/* Tables of text with aligned columns. */
#include "cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

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
