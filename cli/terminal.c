/* Lines, and how wide they may be. */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "help.h"

enum { WIDEST = 100, NARROWEST = 24 };

/* The columns of the terminal that `descriptor` is; 0: it is none, or does not say. */
static size_t columns_of(int descriptor) {
  struct winsize size;
  return isatty(descriptor) && ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

size_t output_width(void) {
  size_t columns = columns_of(STDOUT_FILENO);
  if (columns == 0 || columns > WIDEST) return WIDEST;
  return columns < NARROWEST ? NARROWEST : columns;
}

/* How much of a word fits into `room`, when all of it does not: up to its last | there. */
static size_t part_of(const char *word, size_t length, size_t room) {
  for (size_t i = room < length ? room : length; i > 0; i--)
    if (word[i - 1] == '|') return i;
  return length;
}

void print_wrapped(const char *text, size_t at, size_t indent, size_t width, const char *tail) {
  size_t end = width - strlen(tail), start = at;
  for (size_t length; *text; text += length, at += length) {
    int space = *text == ' ';
    length = (size_t)space + strcspn(text + space, " ");
    size_t word = length - (size_t)space, last = text[length] ? end : width;
    if (indent + word > width) length = (size_t)space + part_of(text + space, word, width - indent);
    if (at + length > last && at > start) {
      printf("%s\n%*s", tail, (int)indent, "");
      start = at = indent;
      if (space) text++, length--;
    }
    printf("%.*s", (int)length, text);
  }
}

/* ---- A line that is rewritten ---- */

int can_rewrite_lines(void) {
  const char *kind = getenv("TERM");
  return isatty(STDERR_FILENO) && kind && *kind && strcmp(kind, "dumb") != 0;
}

void rewrite_line(const char *line) {
  size_t length = strlen(line), columns = columns_of(STDERR_FILENO);
  /* The last column is left free: behind a character there some terminals begin a new line. */
  if (columns > 1 && length > columns - 1) length = columns - 1;
  fprintf(stderr, "\r\033[K%.*s", (int)length, line);
}
