/* Text from files and command lines as a terminal may show it. A terminal obeys control characters: they can
 * rewrite what was printed before, change its title or worse, and come with files from anywhere. */
#include <string.h>

#include "base/base.h"

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
