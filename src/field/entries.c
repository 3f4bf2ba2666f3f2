/* Entries of a matrix, as lists of their rows and columns: checked, and from the interface's size_t. */
#include <limits.h>

#include "field/field.h"

og_status og_entries_narrow(og_context *context, const char *what, size_t count, const size_t *row,
                            const size_t *column, int **out) {
  int *narrow = *out = og_alloc(context, 2 * count + 1, sizeof *narrow);
  if (!narrow) return og_fail_memory(context, 2 * count * sizeof *narrow, what);
  for (size_t k = 0; k < count; k++) {
    if (row[k] > INT_MAX || column[k] > INT_MAX)
      return og_fail(context, OG_ERR_SHAPE, "entry %zu of %s is in row %zu and column %zu, which it has not",
                     k, what, row[k], column[k]);
    narrow[k] = (int)row[k];
    narrow[count + k] = (int)column[k];
  }
  return OG_OK;
}

/* A pattern knows each entry once. */
static og_status check_doubles(og_context *context, const char *what, size_t n, size_t count, const int *row,
                               const int *column) {
  og_pattern *pattern;
  OG_TRY(og_pattern_create(context, n, count, row, column, &pattern));
  size_t entries = (size_t)pattern->count;
  unsigned char *seen = og_alloc(context, entries, 1);
  og_status status = seen ? OG_OK : og_fail_memory(context, entries, what);
  for (size_t k = 0; k < count && status == OG_OK; k++) {
    int entry = og_pattern_find(pattern, row[k], column[k]);
    if (seen[entry])
      status = og_fail(context, OG_ERR_SHAPE, "entry %zu of %s, row %d and column %d, is there twice", k,
                       what, row[k], column[k]);
    seen[entry] = 1;
  }
  og_free(context, seen);
  og_pattern_destroy(pattern);
  return status;
}

og_status og_entries_check(og_context *context, const char *what, size_t rows, size_t columns, size_t count,
                           const int *row, const int *column) {
  for (size_t k = 0; k < count; k++)
    if (row[k] < 0 || column[k] < 0 || (size_t)row[k] >= rows || (size_t)column[k] >= columns)
      return og_fail(context, OG_ERR_SHAPE,
                     "entry %zu of %s is in row %d and column %d: it has rows 0 to %zu and columns 0 to %zu",
                     k, what, row[k], column[k], rows - 1, columns - 1);
  return count ? check_doubles(context, what, rows > columns ? rows : columns, count, row, column) : OG_OK;
}
