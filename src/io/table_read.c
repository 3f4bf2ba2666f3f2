/* The CSV reader. One pass over the text: cells are cut out one by one, checked and kept row by row. */
#include "io/io.h"

#include <math.h>
#include <string.h>

typedef struct reader {
  og_context *context;
  const char *name, *text;
  size_t length, at;
  size_t line;                   /* counted from 1 */
  size_t counted_to, characters; /* of the present line, so far */
  /* The present cell: its text with a NUL, whether it was quoted, where it began, and whether a row ended
   * with it. */
  char *cell;
  size_t cell_length, cell_capacity, cell_line, cell_column;
  int quoted, row_ends;
  /* What was read so far. */
  og_names header, groups;
  double *values; /* [rows][columns] */
  size_t *row_group, *row_line;
  size_t comment; /* the first line of a comment that looks like a row; 0: none */
  size_t rows, capacity, columns, id_column;
} reader;

enum { NO_COLUMN = -1, SHOWN = 40 };

/* ---- Messages: every one begins with file:line:column ---- */

/* Columns are counted in characters: bytes that continue one in UTF-8 are skipped. The count goes on from
 * where it stopped, for a line may be very long. */
static size_t column_here(reader *r) {
  for (; r->counted_to < r->at; r->counted_to++)
    r->characters += ((unsigned char)r->text[r->counted_to] & 0xC0) != 0x80;
  return r->characters + 1;
}

static void start_line(reader *r) {
  r->line++;
  r->counted_to = r->at;
  r->characters = 0;
}

static og_status fail_here(reader *r, const char *what) {
  return og_fail(r->context, OG_ERR_DATA, "%s:%zu:%zu: %s", r->name, r->line, column_here(r), what);
}

/* The beginning of a cell, fit for one line of a message: no line breaks, no character cut in two. */
static const char *show(const char *cell, size_t whole, char shown[SHOWN + 4]) {
  size_t length = whole < SHOWN ? whole : SHOWN;
  while (length < whole && length > 0 && ((unsigned char)cell[length] & 0xC0) == 0x80) length--;
  for (size_t i = 0; i < length; i++) shown[i] = cell[i] ? cell[i] : '?';
  memcpy(shown + length, "...", 4);
  if (length == whole) shown[length] = '\0';
  return og_one_line(shown);
}

static og_status fail_cell(reader *r, size_t column, const char *what) {
  char shown[SHOWN + 4], shown_name[SHOWN + 4];
  const char *name = r->header.names[column];
  return og_fail(r->context, OG_ERR_DATA, "%s:%zu:%zu: column %s: \"%s\" %s", r->name, r->cell_line,
                 r->cell_column, show(name, strlen(name), shown_name), show(r->cell, r->cell_length, shown),
                 what);
}

static og_status fail_memory(reader *r) {
  return og_fail(r->context, OG_ERR_MEMORY, "out of memory while reading %s, line %zu", r->name, r->line);
}

/* ---- Cells ---- */

static int put(reader *r, char c) {
  if (r->cell_length + 1 >= r->cell_capacity) {
    size_t capacity = r->cell_capacity ? 2 * r->cell_capacity : 64;
    char *larger = og_resize(r->context, r->cell, r->cell_length, capacity, 1);
    if (!larger) return 0;
    r->cell = larger;
    r->cell_capacity = capacity;
  }
  r->cell[r->cell_length++] = c;
  r->cell[r->cell_length] = '\0';
  return 1;
}

static int is_blank(char c) { return c == ' ' || c == '\t'; }

static int is_break(char c) { return c == '\n' || c == '\r'; }

static void skip_blanks(reader *r) {
  while (r->at < r->length && is_blank(r->text[r->at])) r->at++;
}

/* Moves behind one line break: LF, CR LF or CR. */
static void next_line(reader *r) {
  if (r->text[r->at] == '\r' && r->at + 1 < r->length && r->text[r->at + 1] == '\n') r->at++;
  r->at++;
  start_line(r);
}

/* Puts one character of the text into the cell; line breaks within quotes are kept as they are. */
static og_status take(reader *r) {
  char c = r->text[r->at];
  if (c == '\0') return fail_here(r, "a NUL byte; this is no plain text (UTF-16 must be saved as UTF-8)");
  if (!put(r, c)) return fail_memory(r);
  r->at++;
  if (c == '\n' || (c == '\r' && !(r->at < r->length && r->text[r->at] == '\n'))) start_line(r);
  return OG_OK;
}

static og_status read_quoted(reader *r) {
  r->quoted = 1;
  r->at++;
  for (;;) {
    if (r->at >= r->length)
      return og_fail(r->context, OG_ERR_DATA, "%s:%zu:%zu: a quote is opened here and never closed", r->name,
                     r->cell_line, r->cell_column);
    if (r->text[r->at] == '"') {
      r->at++;
      if (r->at >= r->length || r->text[r->at] != '"') break;
    }
    OG_TRY(take(r));
  }
  skip_blanks(r);
  if (r->at >= r->length || r->text[r->at] == ',' || is_break(r->text[r->at])) return OG_OK;
  return fail_here(r, "text after the closing quote; expected a comma or the end of the line");
}

static og_status read_plain(reader *r) {
  while (r->at < r->length && r->text[r->at] != ',' && !is_break(r->text[r->at])) {
    if (r->text[r->at] == '"')
      return fail_here(r, "a quote within a cell; quote the whole cell and double the quotes in it");
    OG_TRY(take(r));
  }
  while (r->cell_length > 0 && is_blank(r->cell[r->cell_length - 1])) r->cell_length--;
  r->cell[r->cell_length] = '\0';
  return OG_OK;
}

/* Reads the next cell and what ends it. */
static og_status read_cell(reader *r) {
  if (!put(r, ' ')) return fail_memory(r); /* so that there is a buffer even for an empty cell */
  r->cell_length = 0;
  r->cell[0] = '\0';
  r->quoted = 0;
  skip_blanks(r);
  r->cell_line = r->line;
  r->cell_column = column_here(r);
  OG_TRY(r->at < r->length && r->text[r->at] == '"' ? read_quoted(r) : read_plain(r));
  r->row_ends = r->at >= r->length || r->text[r->at] != ',';
  if (r->at >= r->length) return OG_OK;
  if (r->row_ends)
    next_line(r);
  else
    r->at++;
  return OG_OK;
}

/* A line that begins with #. One with as many cells as a row may have been meant as a row. */
static void skip_comment(reader *r) {
  size_t cells = 1;
  for (; r->at < r->length && !is_break(r->text[r->at]); r->at++) cells += r->text[r->at] == ',';
  if (cells > 1 && cells == r->columns && !r->comment) r->comment = r->line;
  if (r->at < r->length) next_line(r);
}

/* Passes over lines of blanks and comments, which are no rows. */
static void skip_empty_lines(reader *r) {
  for (;;) {
    size_t start = r->at;
    skip_blanks(r);
    if (r->at < r->length && is_break(r->text[r->at])) {
      next_line(r);
    } else if (r->at < r->length && r->text[r->at] == '#') {
      skip_comment(r);
    } else {
      if (r->at < r->length) r->at = start;
      return;
    }
  }
}

/* ---- The header ---- */

/* Reads over empty cells up to the end of the row: columns that a spreadsheet left. *ends: there was nothing
 * else. */
static og_status skip_empty_cells(reader *r, int *ends) {
  while (r->cell_length == 0 && !r->row_ends) OG_TRY(read_cell(r));
  *ends = r->cell_length == 0;
  return OG_OK;
}

static og_status add_header_cell(reader *r) {
  size_t index, before = r->header.count, line = r->cell_line, column = r->cell_column;
  int ends = 0;
  if (r->cell_length == 0 && before) OG_TRY(skip_empty_cells(r, &ends));
  if (ends) return OG_OK;
  if (r->cell_length == 0 || r->cell_line != line || r->cell_column != column)
    return og_fail(r->context, OG_ERR_DATA, "%s:%zu:%zu: column %zu has no name in the header", r->name, line,
                   column, before + 1);
  if (!og_names_add(&r->header, r->cell, &index)) return fail_memory(r);
  if (index < before)
    return og_fail(r->context, OG_ERR_DATA,
                   "%s:%zu:%zu: column %zu is named %s like column %zu; names must differ", r->name,
                   r->cell_line, r->cell_column, before + 1, r->cell, index + 1);
  if (strcmp(r->cell, OG_ID_COLUMN) == 0) r->id_column = index;
  return OG_OK;
}

/* Refuses a file without a header, or with one behind a #. */
static int is_all_numbers(const og_names *header) {
  double value;
  for (size_t i = 0; i < header->count; i++) {
    size_t length = strlen(header->names[i]);
    if (og_parse_real(header->names[i], length, &value) != length) return 0;
  }
  return 1;
}

static og_status read_header(reader *r) {
  if (r->length >= 3 && memcmp(r->text, "\xEF\xBB\xBF", 3) == 0) r->at = r->counted_to = 3;
  skip_empty_lines(r);
  if (r->at >= r->length)
    return fail_here(r, "the file is empty; expected a header line with the names of the columns");
  size_t line = r->line;
  do {
    OG_TRY(read_cell(r));
    OG_TRY(add_header_cell(r));
  } while (!r->row_ends);
  r->columns = r->header.count;
  if (is_all_numbers(&r->header))
    return og_fail(
        r->context, OG_ERR_DATA,
        "%s:%zu:1: this line holds numbers; expected a header with the names of the columns, as in t,x (a "
        "line that begins with # is a comment)",
        r->name, line);
  if (r->columns == 1 && !r->quoted && strpbrk(r->cell, ";\t"))
    return og_fail(r->context, OG_ERR_DATA,
                   "%s:%zu:1: the columns seem to be separated by %s; expected commas", r->name, r->cell_line,
                   strchr(r->cell, ';') ? "semicolons" : "tabs");
  return OG_OK;
}

/* ---- Rows ---- */

static og_status number_of_cell(reader *r, size_t column, double *value) {
  *value = NAN;
  if (og_cell_is_missing(r->cell)) return OG_OK;
  size_t used = og_parse_real(r->cell, r->cell_length, value);
  if (used == 0 || used != r->cell_length) return fail_cell(r, column, og_cell_fault(r->cell));
  if (!isfinite(*value)) return fail_cell(r, column, "is too large for a double");
  return OG_OK;
}

static og_status group_of_cell(reader *r, double *value) {
  if (r->cell_length == 0 || (!r->quoted && strcmp(r->cell, "NA") == 0))
    return fail_cell(r, r->id_column, "is missing; every row needs an id");
  size_t used = og_parse_real(r->cell, r->cell_length, value);
  if (used == 0 || used != r->cell_length || !isfinite(*value)) *value = NAN;
  return og_names_add(&r->groups, r->cell, &r->row_group[r->rows]) ? OG_OK : fail_memory(r);
}

static og_status make_room(reader *r) {
  if (r->rows < r->capacity) return OG_OK;
  size_t capacity = r->capacity ? 2 * r->capacity : 64, width = r->columns * sizeof(double);
  double *values = og_resize(r->context, r->values, r->rows, capacity, width);
  if (values) r->values = values;
  size_t *row_group = og_resize(r->context, r->row_group, r->rows, capacity, sizeof *row_group);
  if (row_group) r->row_group = row_group;
  size_t *row_line = og_resize(r->context, r->row_line, r->rows, capacity, sizeof *row_line);
  if (row_line) r->row_line = row_line;
  if (!values || !row_group || !row_line) return fail_memory(r);
  r->capacity = capacity;
  return OG_OK;
}

static og_status fail_ragged(reader *r, size_t cells, size_t line) {
  return og_fail(r->context, OG_ERR_DATA, "%s:%zu:%zu: the row has %s%zu cell%s; the header has %zu column%s",
                 r->name, line, r->cell_column, cells > r->columns ? "more than " : "",
                 cells > r->columns ? r->columns : cells, cells == 1 ? "" : "s", r->columns,
                 r->columns == 1 ? "" : "s");
}

static og_status read_row(reader *r) {
  OG_TRY(make_room(r));
  double *row = r->values + r->rows * r->columns;
  size_t cells = 0, line = r->row_line[r->rows] = r->line;
  do {
    int ends = 0;
    OG_TRY(read_cell(r));
    if (cells == r->columns) OG_TRY(skip_empty_cells(r, &ends));
    if (ends) break;
    if (cells == r->columns) return fail_ragged(r, cells + 1, line);
    OG_TRY(cells == r->id_column ? group_of_cell(r, &row[cells]) : number_of_cell(r, cells, &row[cells]));
    cells++;
  } while (!r->row_ends);
  if (cells < r->columns) return fail_ragged(r, cells, line);
  r->rows++;
  return OG_OK;
}

static og_status read_rows(reader *r) {
  for (skip_empty_lines(r); r->at < r->length; skip_empty_lines(r)) OG_TRY(read_row(r));
  if (r->comment)
    og_log(r->context,
           "note: %s:%zu: a line that begins with # is read over, though it has as many cells as a row; an "
           "id that "
           "begins with # stands in quotes",
           r->name, r->comment);
  return r->rows ? OG_OK : fail_here(r, "the file has a header but no rows");
}

/* ---- The table ---- */

static og_status fill_table(reader *r, og_table *table) {
  double *column = og_alloc(r->context, r->rows, sizeof *column);
  if (!column) return fail_memory(r);
  og_status status = OG_OK;
  for (size_t i = 0; status == OG_OK && i < r->columns; i++) {
    for (size_t row = 0; row < r->rows; row++) column[row] = r->values[row * r->columns + i];
    status = og_table_append(table, r->header.names[i], column);
  }
  og_free(r->context, column);
  return status;
}

static og_status build_table(reader *r, og_table **out) {
  og_table *table;
  OG_TRY(og_table_create(r->context, r->rows, &table));
  og_status status = fill_table(r, table);
  if (status != OG_OK) {
    og_table_destroy(table);
    return status;
  }
  if (r->groups.count) memcpy(table->row_group, r->row_group, r->rows * sizeof *r->row_group);
  table->name = og_strdup(r->context, r->name);
  if (!table->name) {
    og_table_destroy(table);
    return fail_memory(r);
  }
  table->line = r->row_line; /* handed over, with room to spare */
  r->row_line = NULL;
  og_names spare = table->groups;
  table->groups = r->groups; /* handed over */
  r->groups = spare;
  *out = table;
  return OG_OK;
}

static void release_reader(reader *r) {
  og_names_clear(&r->header);
  og_names_clear(&r->groups);
  og_free(r->context, r->cell);
  og_free(r->context, r->values);
  og_free(r->context, r->row_group);
  og_free(r->context, r->row_line);
}

og_status og_table_create_from_text(og_context *context, const char *name, const char *text, size_t length,
                                    og_table **out) {
  if (out) *out = NULL;
  OG_OBJECT(context);
  OG_NEED(context, out);
  OG_NEED(context, name);
  OG_NEED_IF(context, length, text);
  reader r = {.context = context,
              .name = name,
              .text = text,
              .length = length,
              .line = 1,
              .id_column = (size_t)NO_COLUMN};
  r.header.context = r.groups.context = context;
  og_status status = read_header(&r);
  if (status == OG_OK) status = read_rows(&r);
  if (status == OG_OK) status = build_table(&r, out);
  release_reader(&r);
  return status;
}

og_status og_table_create_from_csv(og_context *context, const char *path, og_table **out) {
  if (out) *out = NULL;
  OG_OBJECT(context);
  OG_NEED(context, out);
  OG_NEED(context, path);
  char *text;
  size_t length;
  OG_TRY(og_read_file(context, path, &text, &length));
  og_status status = og_table_create_from_text(context, og_file_name(path), text, length, out);
  og_free(context, text);
  return status;
}
