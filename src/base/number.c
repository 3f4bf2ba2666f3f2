/* Numbers as text, the same in every locale. */
#if !defined(_POSIX_C_SOURCE)
#define _POSIX_C_SOURCE 200809L
#endif
#include "base/base.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
