/* What of texts and lines fits into a picture. */
#include <math.h>
#include <string.h>

#include "io/plot.h"

/* ---- Texts ---- */

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

/* ---- Lines ---- */

/* Of the points in one column of half a pixel the first, the lowest, the highest and the last, in their
 * order: their lines cover what those of all cover. */
static size_t thin_column(double *path, size_t from, size_t to, size_t kept) {
  size_t low = from, high = from;
  for (size_t i = from; i < to; i++) {
    if (path[2 * i + 1] < path[2 * low + 1]) low = i;
    if (path[2 * i + 1] > path[2 * high + 1]) high = i;
  }
  const size_t wanted[] = {from, low < high ? low : high, low < high ? high : low, to - 1};
  for (size_t k = 0; k < 4; k++) {
    if (k && wanted[k] == wanted[k - 1]) continue;
    path[2 * kept] = path[2 * wanted[k]];
    path[2 * kept++ + 1] = path[2 * wanted[k] + 1];
  }
  return kept;
}

/* A line of a million points would make a file that no viewer opens. Where points are few they stay. */
size_t og_path_thin(double *path, size_t length) {
  const double COLUMNS = 2; /* of a pixel: as many as those of a PNG */
  enum { FEW = 8 };
  size_t kept = 0;
  for (size_t from = 0, to; from < length; from = to) {
    double column = floor(COLUMNS * path[2 * from]);
    for (to = from + 1; to < length && floor(COLUMNS * path[2 * to]) == column;) to++;
    if (to - from > FEW)
      kept = thin_column(path, from, to, kept);
    else
      for (size_t i = from; i < to; i++, kept++) memmove(path + 2 * kept, path + 2 * i, 2 * sizeof *path);
  }
  return kept;
}
