/* The progress of a fit, and its interruption. */
#include "cli.h"

#include <signal.h>
#include <stdlib.h>
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

int was_interrupted(void) { return interrupted != 0; }

void stop_watching(void) { set_handler(SIG_DFL); }

/* ---- Progress ---- */

/* On a terminal one line is rewritten. Elsewhere: the first iterations, then a line a second. */
static const double TERMINAL_SECONDS = 0.05, LINE_SECONDS = 1, SAVE_SECONDS = 1;
enum { FIRST_LINES = 10 };

void begin_progress(progress *view, const problem *p) {
  *view = (progress){.problem = p, .terminal = can_rewrite_lines(), .last_shown = -1e9, .last_saved = -1e9};
  view->saves = p->out && takes_place(p->out);
}

static void print_to(FILE *file, const og_progress *now) {
  if (now->starts > 1) fprintf(file, "start %d/%d  ", now->start + 1, now->starts);
  fprintf(file, "iteration %lld  loss %.8g  |gradient| %.3g  %.1f s", now->iteration, now->loss,
          now->gradient_norm, now->seconds);
}

static void print_progress(const og_progress *now) { print_to(stderr, now); }

static void rewrite(const og_progress *now) {
  char line[LINE_SIZE];
  FILE *file = fmemopen(line, sizeof line, "w");
  if (!file) return;
  print_to(file, now);
  fclose(file);
  rewrite_line(line);
}

static int is_due(const progress *view, const og_progress *now, double time) {
  if (view->terminal) return time - view->last_shown >= TERMINAL_SECONDS;
  return (now->iteration <= FIRST_LINES && now->start == 0) || time - view->last_shown >= LINE_SECONDS;
}

static void show(progress *view, double time) {
  view->hidden = !is_due(view, &view->latest, time);
  if (view->hidden) return;
  view->last_shown = time;
  view->open_line = view->terminal;
  if (view->terminal) {
    rewrite(&view->latest);
  } else {
    print_progress(&view->latest);
    fputc('\n', stderr);
  }
  fflush(stderr);
}

static void end_line(progress *view) {
  if (!view->open_line) return;
  if (view->hidden) rewrite(&view->latest);
  fputc('\n', stderr);
  view->open_line = 0;
}

/* A run that is killed loses a second's work. A file that cannot be written now may be writable at the end:
 * the fit goes on. */
static void save(progress *view, const double *theta, double time) {
  const problem *p = view->problem;
  if (!view->saves || time - view->last_saved < SAVE_SECONDS) return;
  view->last_saved = time;
  if (og_parameters_write(p->model, theta, p->out) == OG_OK) return;
  view->saves = 0;
  end_line(view);
  remark(p->quiet, "%s; the fit goes on, and is saved only when it ends", og_context_message(p->context));
}

int follow_progress(const og_progress *now, void *user) {
  progress *view = user;
  double time = seconds_now();
  view->latest = *now;
  view->latest.theta = NULL;
  if (!view->problem->quiet) show(view, time);
  save(view, now->theta, time);
  view->interrupted = was_interrupted();
  return view->interrupted;
}

void end_progress(progress *view) { end_line(view); }
