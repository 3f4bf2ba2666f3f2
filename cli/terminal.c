/* The terminal: lines and how wide they may be, and the signals that come from it. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"
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

/* ---- Signals ---- */

/* Signals that end a run: Ctrl-C, SIGTERM and SIGHUP. */
static volatile sig_atomic_t interrupted; /* the signal's number */
static og_context *volatile interruptible;

/* The second signal, of any kind, ends the program as it would have without a handler: raised here, it comes
 * when the handler is left. */
static void note_signal(int number) {
  if (interrupted) {
    signal(number, SIG_DFL);
    raise(number);
    return;
  }
  interrupted = number;
  if (interruptible) og_context_interrupt(interruptible, 1);
}

static const int watched[] = {SIGINT, SIGTERM, SIGHUP};

/* A signal that is ignored, as under nohup, stays so. */
static void set_handler(void (*handler)(int)) {
  struct sigaction action, present;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  for (size_t i = 0; i < sizeof watched / sizeof watched[0]; i++)
    if (sigaction(watched[i], NULL, &present) == 0 && present.sa_handler != SIG_IGN)
      sigaction(watched[i], &action, NULL);
}

void watch_interrupts(og_context *context) {
  interruptible = context;
  if (interrupted) return; /* already on the way to the end */
  set_handler(note_signal);
}

int was_interrupted(void) { return interrupted != 0; }

void stop_watching(void) {
  og_context *context = interruptible;
  set_handler(SIG_DFL);
  interruptible = NULL;
  og_context_interrupt(context, 0);
}

void end_by_signal(void) {
  if (!interrupted) return;
  fflush(NULL);
  set_handler(SIG_DFL);
  raise((int)interrupted);
}
