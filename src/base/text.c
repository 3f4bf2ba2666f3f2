/* Text: numbers in every locale alike, characters that a terminal may be given, names that were meant. */
#if !defined(_POSIX_C_SOURCE)
#define _POSIX_C_SOURCE 200809L
#endif
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

/* ---- Numbers ---- */

/* strtod and printf follow the locale of the thread; these two put the C locale in its place for a while.
 * (newlocale of "C" needs no memory in glibc and musl; if it fails anyway the present locale stays.) */
static locale_t enter_c_locale(locale_t *mine) {
  *mine = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
  return *mine ? uselocale(*mine) : (locale_t)0;
}

static void leave_c_locale(locale_t mine, locale_t before) {
  if (!mine) return;
  uselocale(before);
  freelocale(mine);
}

static size_t digits_at(const char *text, size_t length, size_t at) {
  size_t end = at;
  while (end < length && text[end] >= '0' && text[end] <= '9') end++;
  return end - at;
}

/* Length of [+-] digits [. digits] [e [+-] digits] at the start of the text, with a digit before the
 * exponent; 0: none. */
static size_t decimal_length(const char *text, size_t length) {
  size_t at = length > 0 && (text[0] == '+' || text[0] == '-');
  size_t whole = digits_at(text, length, at), fraction = 0;
  at += whole;
  if (at < length && text[at] == '.') {
    fraction = digits_at(text, length, at + 1);
    if (whole + fraction > 0) at += 1 + fraction;
  }
  if (whole + fraction == 0) return 0;
  if (at < length && (text[at] == 'e' || text[at] == 'E')) {
    size_t sign = at + 1 < length && (text[at + 1] == '+' || text[at + 1] == '-');
    size_t power = digits_at(text, length, at + 1 + sign);
    if (power > 0) at += 1 + sign + power;
  }
  return at;
}

size_t og_parse_real(const char *text, size_t length, double *value) {
  char digits[1024];
  size_t used = decimal_length(text, length);
  if (used == 0 || used >= sizeof digits) return 0;
  memcpy(digits, text, used);
  digits[used] = '\0';
  locale_t mine, before = enter_c_locale(&mine);
  *value = strtod(digits, NULL);
  leave_c_locale(mine, before);
  return used;
}

void og_format_real(double value, char text[OG_NUMBER_SIZE]) {
  if (!isfinite(value)) {
    snprintf(text, OG_NUMBER_SIZE, "%s", isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
    return;
  }
  locale_t mine, before = enter_c_locale(&mine);
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(text, OG_NUMBER_SIZE, "%.*g", digits, value);
    if (strtod(text, NULL) == value) break;
  }
  leave_c_locale(mine, before);
}

/* ---- Characters ---- */

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

/* The length of the UTF-8 character at the start of the text and its code; 0: it is none (RFC 3629). */
static size_t read_character(const unsigned char *text, unsigned *code) {
  unsigned first = text[0];
  size_t length = first < 0x80                    ? 1
                  : first >= 0xc2 && first < 0xe0 ? 2
                  : first >= 0xe0 && first < 0xf0 ? 3
                                                  : 4;
  if ((first >= 0x80 && first < 0xc2) || first > 0xf4) return 0;
  *code = length == 1 ? first : first & (0xffu >> (length + 1));
  for (size_t i = 1; i < length; i++) {
    if ((text[i] & 0xc0) != 0x80) return 0;
    *code = *code << 6 | (text[i] & 0x3f);
  }
  static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
  return *code < least[length] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000) ? 0 : length;
}

/* Marks that turn the direction of writing let text read differently from what it is. */
static int turns_direction(unsigned code) {
  return (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) || code == 0x200e ||
         code == 0x200f;
}

/* What stands for the character, of one column: Unicode's pictures of the control characters, or itself
 * (NULL). */
static const char *shown(unsigned code, char picture[4]) {
  if (code == '\n' || code == '\t') return NULL;
  if (code < 0x20 || code == 0x7f) {
    memcpy(picture, "\xe2\x90\x80", 4);
    picture[2] = (char)(0x80 + (code == 0x7f ? 0x21 : code));
    return picture;
  }
  return (code >= 0x80 && code < 0xa0) || turns_direction(code) ? replacement : NULL;
}

size_t og_printable(const char *text, char *out, size_t size) {
  size_t needed = 0, length;
  int fits = 1; /* what does not fit ends the copy, at a whole character */
  if (!out) size = 0;
  if (size) out[0] = '\0';
  for (; text && *text; text += length ? length : 1) {
    unsigned code = 0;
    char picture[4];
    length = read_character((const unsigned char *)text, &code);
    const char *put = length ? shown(code, picture) : replacement;
    size_t own = put ? strlen(put) : length;
    fits = fits && needed + own < size;
    if (fits) {
      memcpy(out + needed, put ? put : text, own);
      out[needed + own] = '\0';
    }
    needed += own;
  }
  return needed;
}

char *og_one_line(char *text) {
  for (char *at = text; *at; at++)
    if (*at == '\n' || *at == '\t') *at = ' ';
  return text;
}

int og_is_printable(const char *text) {
  for (size_t length; *text; text += length) {
    unsigned code = 0;
    char picture[4];
    length = read_character((const unsigned char *)text, &code);
    if (!length || shown(code, picture)) return 0;
  }
  return 1;
}

/* ---- Misspelt names ---- */

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
  if (!name || !names) return NULL;
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
