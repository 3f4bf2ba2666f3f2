/* Suggestions for misspelt names. */
#include "base/base.h"

#include <string.h>

enum { NAME_MAX_LENGTH = 63 };

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

static char lower(char c) { return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); }

/* Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours count one
 * each; a letter in the wrong case counts nothing. Three rows of the table are kept. */
static size_t edit_distance(const char *a, size_t a_length, const char *b, size_t b_length) {
  size_t rows[3][NAME_MAX_LENGTH + 1];
  size_t *before = rows[0], *above = rows[1], *row = rows[2];
  for (size_t j = 0; j <= b_length; j++) above[j] = j;
  for (size_t i = 1; i <= a_length; i++) {
    row[0] = i;
    for (size_t j = 1; j <= b_length; j++) {
      char x = lower(a[i - 1]), y = lower(b[j - 1]);
      row[j] = least(above[j - 1] + (x != y), least(above[j], row[j - 1]) + 1);
      if (i > 1 && j > 1 && x == lower(b[j - 2]) && lower(a[i - 2]) == y)
        row[j] = least(row[j], before[j - 2] + 1);
    }
    size_t *spare = before;
    before = above, above = row, row = spare;
  }
  return above[b_length];
}

/* One mistake for each three letters, and at least one: enough for slips, too few to suggest another word. */
const char *og_nearest(const char *name, const char *const *names, size_t count) {
  size_t length = strlen(name);
  if (length > NAME_MAX_LENGTH) return NULL;
  size_t nearest = (length < 6 ? 1 : length / 3) + 1;
  const char *found = NULL;
  for (size_t i = 0; i < count; i++) {
    size_t other = names[i] ? strlen(names[i]) : NAME_MAX_LENGTH + 1;
    if (other > NAME_MAX_LENGTH) continue;
    size_t distance = edit_distance(name, length, names[i], other);
    if (distance >= nearest || distance >= least(length, other)) continue;
    nearest = distance;
    found = names[i];
  }
  return found;
}
