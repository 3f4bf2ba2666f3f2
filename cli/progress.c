/* The progress of a fit. */
#include "cli.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* On a terminal one line is rewritten. Elsewhere: the first iterations, then a line a second. */
static const double TERMINAL_SECONDS = 0.05, LINE_SECONDS = 1, SAVE_SECONDS = 1;
/* Elsewhere an iteration that goes on is a line again from time to time: a sign of life. */
static const double SIGN_SECONDS = 10;
enum { FIRST_LINES = 10 };

void begin_progress(progress *view, const problem *p) {
  *view = (progress){.problem = p, .terminal = can_rewrite_lines(), .last_saved = -1e9};
  view->last_shown = view->terminal ? -1e9 : seconds_now();
  view->saves = p->out && takes_place(p->context, p->out);
}

static void print_to(FILE *file, const og_progress *now) {
  if (now->starts > 1) fprintf(file, "start %zu/%zu  ", now->start + 1, now->starts);
  fprintf(file, "iteration %zu  loss (sum) %.8g  |gradient| %.3g  %.1f s", now->iteration, now->loss,
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
  double since = time - view->last_shown;
  int shown = now->iteration == view->shown_iteration && now->start == view->shown_start;
  if (!isfinite(now->loss)) return 0;
  if (view->terminal) return since >= TERMINAL_SECONDS;
  if (shown) return since >= SIGN_SECONDS;
  return (now->iteration <= FIRST_LINES && now->start == 0) || since >= LINE_SECONDS;
}

static void show(progress *view, double time) {
  view->hidden = !is_due(view, &view->latest, time);
  if (view->hidden) return;
  view->last_shown = time;
  view->shown_iteration = view->latest.iteration;
  view->shown_start = view->latest.start;
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
  if (isfinite(now->loss)) save(view, now->theta, time);
  view->interrupted = was_interrupted();
  return view->interrupted;
}

void end_progress(progress *view) { end_line(view); }
