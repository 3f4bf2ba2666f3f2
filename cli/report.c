/* What is said on standard error, exit statuses, memory; and where results go. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

char *printable(const char *text) {
  size_t size = og_printable(text, NULL, 0) + 1;
  char *copy = take(size, 1);
  og_printable(text, copy, size);
  return copy;
}

char *shown_in(FILE *file, const char *text) { return isatty(fileno(file)) ? printable(text) : NULL; }

void put_text(const char *text, FILE *file) {
  char *shown = shown_in(file, text);
  fputs(shown ? shown : text, file);
  free(shown);
}

static char *join_list(const char *format, va_list list) {
  va_list again;
  va_copy(again, list);
  size_t size = (size_t)(vsnprintf(NULL, 0, format, again) + 1); /* 0: it cannot be written; nothing is */
  va_end(again);
  char *text = take(size, 1);
  vsnprintf(text, size, format, list);
  return text;
}

/* Messages quote files and the command line. */
static void print_message(const char *format, va_list list) {
  char *text = join_list(format, list), *shown = printable(text);
  fprintf(stderr, "odegrad: %s\n", shown);
  free(shown), free(text);
}

void complain(const char *format, ...) {
  va_list list;
  va_start(list, format);
  print_message(format, list);
  va_end(list);
}

void remark(int quiet, const char *format, ...) {
  if (quiet) return;
  va_list list;
  va_start(list, format);
  print_message(format, list);
  va_end(list);
}

void remark_implicit(int quiet, const size_t *stats, const char *linear_solver) {
  if (!linear_solver) return;
  remark(quiet, "%zu Jacobians, %zu factorisations (%s), %zu linear solves, %zu Newton iterations",
         stats[OG_STAT_JACOBIANS], stats[OG_STAT_FACTORISATIONS], linear_solver, stats[OG_STAT_LINEAR_SOLVES],
         stats[OG_STAT_NEWTON_ITERATIONS]);
}

/* The computation failed, as opposed to what it was given being wrong. */
static int is_failure(og_status status) {
  switch (status) {
  case OG_ERR_MEMORY:
  case OG_ERR_BUDGET:
  case OG_ERR_NOT_FINITE:
  case OG_ERR_BLOW_UP:
  case OG_ERR_STEP_UNDERFLOW:
  case OG_ERR_TOO_MANY_STEPS:
  case OG_ERR_STIFF:
  case OG_ERR_ZENO:
  case OG_ERR_GRAZING:
  case OG_ERR_NOT_STEADY:
  case OG_ERR_ENDED:
  case OG_ERR_UNRESOLVED:
  case OG_ERR_GUARD_UNRESOLVED:
  case OG_ERR_INCONSISTENT:
  case OG_ERR_INDEX:
  case OG_ERR_FIELD:
  case OG_ERR_INTERRUPTED:
  case OG_ERR_STATE:
  case OG_ERR_INTERNAL: return 1;
  default: return 0;
  }
}

int exit_status(og_status status) {
  return status == OG_OK ? EXIT_DONE : is_failure(status) ? EXIT_FAILED : EXIT_USAGE;
}

/* Diagnostics of a model begin with file:line:column, where editors look for it. */
int fail(const og_context *context, og_status status) {
  const char *message = og_context_message(context);
  if (status == OG_ERR_MODEL)
    fprintf(stderr, "%s%s", message, message[strlen(message) - (*message != '\0')] == '\n' ? "" : "\n");
  else
    complain("%s", *message ? message : og_status_text(status));
  return exit_status(status);
}

int ends_all(og_status status, og_status *all) {
  int ends = status == OG_ERR_MEMORY || status == OG_ERR_INTERRUPTED;
  if (ends && all) *all = status;
  return ends;
}

/* A message would need memory of its own. */
void *take(size_t count, size_t size) {
  void *memory = calloc(count ? count : 1, size);
  if (memory) return memory;
  fprintf(stderr, "odegrad: out of memory: no %zu x %zu bytes\n", count, size);
  exit(EXIT_FAILED);
}

char *join(const char *format, ...) {
  va_list list;
  va_start(list, format);
  char *text = join_list(format, list);
  va_end(list);
  return text;
}

double seconds_now(void) { return og_seconds(); }

int finish_output(void) {
  errno = 0;
  if (fflush(stdout) == 0 && !ferror(stdout)) return EXIT_DONE;
  if (errno == EPIPE)
    return EXIT_DONE; /* as with `odegrad solve ... | head`: the reader has what it wanted */
  complain("cannot write to standard output: %s", strerror(errno ? errno : EIO));
  return EXIT_FAILED;
}

/* ---- Where results go ---- */

/* Where results go. */
int open_output(og_context *context, const char *path, output *o) {
  *o = (output){.context = context, .file = stdout};
  if (strcmp(path, "-") == 0) return EXIT_DONE; /* main looks after it */
  og_status status = og_output_open(context, path, &o->output);
  if (status != OG_OK) return fail(context, status);
  o->file = og_output_file(o->output);
  return EXIT_DONE;
}

int close_output(output *o) {
  if (!o->output) return EXIT_DONE;
  og_status status = og_output_close(o->output, OG_OK);
  return status == OG_OK ? EXIT_DONE : fail(o->context, status);
}

void drop_output(output *o) {
  if (o->output) og_output_close(o->output, OG_ERR_FILE);
}

int takes_place(og_context *context, const char *path) {
  int replaces;
  return og_output_check(context, path, &replaces) == OG_OK && replaces;
}

int check_output(og_context *context, const char *option, const char *path) {
  if (og_output_check(context, path, NULL) == OG_OK) return EXIT_DONE;
  complain("--%s: %s", option, og_context_message(context));
  return EXIT_USAGE;
}
