/* What is seen and kept of a training while it runs. */
#include "training.h"

#include <math.h>
#include <stdlib.h>

/* On a terminal one line is rewritten. Elsewhere about LINES lines in all, each at the end of an epoch. Files
 * are written after each epoch; where epochs are shorter than SAVE_SECONDS, not after each. */
static const double TERMINAL_SECONDS = 0.05, SAVE_SECONDS = 0.1;
enum { LINES = 20 };

/* A training that was taken up goes on keeping its state where it was, unless it is told of another place. */
const char *kept_state(const problem *p) {
  const char *checkpoint = p->arguments->values[FLAG_CHECKPOINT];
  return checkpoint ? checkpoint : p->arguments->values[FLAG_RESUME];
}

void begin_view(training_view *view, const problem *p, og_objective *objective, const og_trainer *trainer) {
  *view = (training_view){.problem = p,
                          .objective = objective,
                          .trainer = trainer,
                          .terminal = can_rewrite_lines(),
                          .last_shown = -1e9,
                          .last_saved = -1e9,
                          .began = seconds_now(),
                          .first_step = og_trainer_steps(trainer),
                          .validation_loss = NAN,
                          .loss = NAN,
                          .evaluations = NAN};
  view->saves = p->out && takes_place(p->context, p->out);
  view->keeps = kept_state(p);
}

/* ---- Lines ---- */

/* "1:02:03", "2:03", "3 s". */
static void print_duration(FILE *file, double seconds) {
  long long whole = seconds < 1e9 ? (long long)(seconds + 0.5) : 1000000000;
  if (whole >= 3600)
    fprintf(file, "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60);
  else if (whole >= 60)
    fprintf(file, "%lld:%02lld", whole / 60, whole % 60);
  else
    fprintf(file, "%lld s", whole);
}

static void print_to(FILE *file, const training_view *view, double time) {
  const og_training *at = &view->latest;
  double seconds = time - view->began, rate = (double)(at->step - view->first_step) / seconds;
  int sum = og_options_integer(view->problem->options, OG_OPT_REDUCTION) == OG_REDUCTION_SUM;
  fprintf(file, "epoch %zu/%zu  loss (%s) %.6g", at->epoch, at->epochs, sum ? "sum" : "mean",
          isnan(view->loss) ? at->loss : view->loss);
  if (!isnan(view->validation_loss)) fprintf(file, "  validation %.6g", view->validation_loss);
  fprintf(file, "  %.1f evaluations/sample  %.3g steps/s  ", view->evaluations, rate);
  print_duration(file, (double)(at->steps - at->step) / rate);
  fputs(" left", file);
}

static void print_line(const training_view *view, double time) { print_to(stderr, view, time); }

static void rewrite(const training_view *view, double time) {
  char line[LINE_SIZE];
  FILE *file = fmemopen(line, sizeof line, "w");
  if (!file) return;
  print_to(file, view, time);
  fclose(file);
  rewrite_line(line);
}

static void end_line(training_view *view) {
  if (!view->open_line) return;
  rewrite(view, seconds_now());
  fputc('\n', stderr);
  view->open_line = 0;
}

/* Epochs that get a line: the first, and each that is the last of a twentieth of them all. */
static int is_marked(const og_training *at) {
  if (!at->ended) return 0;
  return at->epoch == 1 || at->epochs <= LINES || at->step == at->steps ||
         at->epoch * LINES / at->epochs > (at->epoch - 1) * LINES / at->epochs;
}

static void show(training_view *view, double time) {
  if (view->terminal && time - view->last_shown < TERMINAL_SECONDS) return;
  if (!view->terminal && !is_marked(&view->latest)) return;
  view->last_shown = time;
  if (view->terminal) {
    rewrite(view, time);
    view->open_line = 1;
  } else {
    print_line(view, time);
    fputc('\n', stderr);
  }
  fflush(stderr);
}

/* ---- Files ---- */

/* A file that cannot be written now may be writable at the end: the training goes on. */
static void note_failure(training_view *view, const char *option) {
  end_line(view);
  remark(view->problem->quiet, "--%s: %s; the training goes on, and it is written only when it ends", option,
         og_context_message(view->problem->context));
}

static void save(training_view *view, const double *best, double time) {
  const problem *p = view->problem;
  if (time - view->last_saved < SAVE_SECONDS) return;
  view->last_saved = time;
  if (view->saves && og_parameters_write(p->model, best, p->out) != OG_OK) {
    view->saves = 0;
    note_failure(view, "out");
  }
  if (view->keeps && og_trainer_save(view->trainer, view->keeps) != OG_OK) {
    view->keeps = NULL;
    note_failure(view, "checkpoint");
  }
}

int follow_training(const og_training *now, void *user) {
  training_view *view = user;
  double time = seconds_now();
  view->latest = *now;
  view->evaluations = (double)og_objective_stat(view->objective, OG_STAT_RHS_EVALS) / (double)now->evaluated;
  if (now->ended) view->loss = now->ended->loss, view->validation_loss = now->ended->validation_loss;
  if (!view->problem->quiet) show(view, time);
  if (now->ended) save(view, now->best, time);
  view->interrupted = was_interrupted();
  return view->interrupted;
}

void end_view(training_view *view) { end_line(view); }
