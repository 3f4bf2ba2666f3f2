/* Texts: how wide they are, and what of them fits. */
#include "io/plot.h"

#include <string.h>

#define WIDTH 0.58 /* of a character, in sizes of the font */

static int is_first_byte(char c) { return ((unsigned char)c & 0xC0) != 0x80; }

static size_t characters_of(const char *text) {
  size_t characters = 0;
  for (; *text; text++) characters += is_first_byte(*text);
  return characters;
}

double og_text_width(const char *text, double size) { return WIDTH * size * (double)characters_of(text); }

/* The byte at which character number `index` begins. */
static size_t byte_of(const char *text, size_t index) {
  size_t byte = 0;
  for (; text[byte]; byte++)
    if (is_first_byte(text[byte]) && index-- == 0) return byte;
  return byte;
}

/* Names that differ mostly do so at their beginning or their end. */
const char *og_text_fit(const char *text, double size, double width, char shorter[OG_TEXT_FIT]) {
  enum { MOST = OG_TEXT_FIT / 4 - 2, LEAST = 3 }; /* characters: one has up to four bytes */
  size_t characters = characters_of(text);
  double room = width / (WIDTH * size);
  if ((double)characters <= room) return text;
  size_t kept = room > MOST ? MOST : room > LEAST ? (size_t)room : LEAST;
  if (characters <= kept) return text;
  size_t tail = (kept - 1) / 2, head = byte_of(text, kept - 1 - tail),
         rest = byte_of(text, characters - tail);
  snprintf(shorter, OG_TEXT_FIT, "%.*s\u2026%s", (int)head, text, text + rest);
  return shorter;
}
