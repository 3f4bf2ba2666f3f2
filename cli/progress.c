/* The progress of a fit, and its interruption. */
#include "cli.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

/* ---- Interruption ---- */

static volatile sig_atomic_t interrupted;

static void note_signal(int number) {
  (void)number;
  interrupted = 1;
}

static const int watched[] = {SIGINT, SIGTERM, SIGHUP};

/* A signal that is ignored, as under nohup, stays so. */
static void set_handler(void (*handler)(int)) {
  struct sigaction action, present;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  action.sa_flags = (int)SA_RESETHAND; /* the second signal finds the default, which ends the program */
  for (size_t i = 0; i < sizeof watched / sizeof watched[0]; i++)
    if (sigaction(watched[i], NULL, &present) == 0 && present.sa_handler != SIG_IGN)
      sigaction(watched[i], &action, NULL);
}

void watch_interrupts(void) {
  interrupted = 0;
  set_handler(note_signal);
}

void stop_watching(void) { set_handler(SIG_DFL); }

/* ---- Progress ---- */

/* On a terminal one line is rewritten. Elsewhere: the first iterations, then a line a second. */
static const double TERMINAL_SECONDS = 0.05, LINE_SECONDS = 1;
enum { FIRST_LINES = 10 };

void begin_progress(progress *view, int quiet) {
  *view = (progress){.quiet = quiet, .terminal = isatty(STDERR_FILENO), .last_shown = -1e9};
}

static void print_progress(const og_progress *now) {
  if (now->starts > 1) fprintf(stderr, "start %d/%d  ", now->start + 1, now->starts);
  fprintf(stderr, "iteration %lld  loss %.8g  |gradient| %.3g  %.1f s", now->iteration, now->loss,
          now->gradient_norm, now->seconds);
}

static int is_due(const progress *view, const og_progress *now, double time) {
  if (view->terminal) return time - view->last_shown >= TERMINAL_SECONDS;
  return (now->iteration <= FIRST_LINES && now->start == 0) || time - view->last_shown >= LINE_SECONDS;
}

int show_progress(const og_progress *now, void *user) {
  progress *view = user;
  double time = seconds_now();
  view->latest = *now;
  if (!view->quiet && is_due(view, now, time)) {
    view->last_shown = time;
    if (view->terminal) fputs("\r\033[K", stderr); /* to the beginning of the line, and clear it */
    print_progress(now);
    view->open_line = view->terminal;
    if (!view->terminal) fputc('\n', stderr);
    fflush(stderr);
  }
  view->interrupted = interrupted != 0;
  return view->interrupted;
}

void end_progress(progress *view) {
  if (view->open_line) fputs("\r\033[K", stderr);
  view->open_line = 0;
}
