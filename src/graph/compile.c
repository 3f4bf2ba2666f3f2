/* The compiler is run as the shell's `$CC` (cc when it is not set), in a directory of its own that does not
 * outlive the call: what has been loaded needs no file. Its flags are those that keep bits: nothing is fused
 * or reordered; that square roots and comparisons raise no flags changes none. */
#include "graph/compile.h"

#include <dlfcn.h>
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernels/dense.h"

extern char **environ;

enum { PATH_SIZE = 4096, LOG_SIZE = 1200 };

typedef struct workshop {
  og_context *context;
  char directory[PATH_SIZE], source[PATH_SIZE + 16], object[PATH_SIZE + 16], log[PATH_SIZE + 16];
} workshop;

static og_status open_workshop(workshop *w) {
  const char *place = getenv("TMPDIR");
  int length =
      snprintf(w->directory, sizeof w->directory, "%s/odegrad-XXXXXX", place && *place ? place : "/tmp");
  if (length >= (int)sizeof w->directory || !mkdtemp(w->directory))
    return og_fail(w->context, OG_ERR_FILE, "cannot make a directory for compiling, %s: %s", w->directory,
                   strerror(errno));
  snprintf(w->source, sizeof w->source, "%s/field.c", w->directory);
  snprintf(w->object, sizeof w->object, "%s/field.so", w->directory);
  snprintf(w->log, sizeof w->log, "%s/compiler.log", w->directory);
  return OG_OK;
}

static void close_workshop(const workshop *w) {
  unlink(w->source);
  unlink(w->object);
  unlink(w->log);
  rmdir(w->directory);
}

static og_status write_source(const workshop *w, const og_text *text) {
  FILE *file = fopen(w->source, "w");
  int good = file && fwrite(text->text, 1, text->length, file) == text->length;
  if (file && fclose(file)) good = 0;
  return good ? OG_OK : og_fail(w->context, OG_ERR_FILE, "cannot write %s: %s", w->source, strerror(errno));
}

/* What the compiler said, as much as is worth showing. */
static void read_log(const workshop *w, char text[LOG_SIZE]) {
  FILE *file = fopen(w->log, "r");
  size_t length = file ? fread(text, 1, LOG_SIZE - 1, file) : 0;
  if (file) fclose(file);
  while (length && text[length - 1] == '\n') length--;
  text[length] = 0;
}

/* The kernels' multiply-add is one instruction or two; products emitted do as they do. */
static const char *fused_flag(void) { return og_dense_best_d()->fused ? "-DFUSED=1" : "-DFUSED=0"; }

static og_status run_compiler(const workshop *w, int single) {
  char *words[] = {
    "sh",
    "-c",
    "log=$1; shift; eval \"exec ${CC:-cc} \\\"\\$@\\\"\" >\"$log\" 2>&1",
    "sh",
    (char *)w->log,
    single ? "-DREAL=float" : "-DREAL=double",
    (char *)fused_flag(),
    "-O3",
    "-std=gnu11",
    "-w",
#if defined(__x86_64__)
    "-march=native",
    "-mprefer-vector-width=512",
#endif
    "-ffp-contract=off",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fPIC",
    "-shared",
    "-o",
    (char *)w->object,
    (char *)w->source,
    NULL
  };
  pid_t child;
  int outcome, failed = posix_spawn(&child, "/bin/sh", NULL, NULL, words, environ);
  if (failed) return og_fail(w->context, OG_ERR_UNSUPPORTED, "cannot run a compiler: %s", strerror(failed));
  while (waitpid(child, &outcome, 0) < 0)
    if (errno != EINTR)
      return og_fail(w->context, OG_ERR_UNSUPPORTED, "cannot wait for the compiler: %s", strerror(errno));
  int good = WIFEXITED(outcome) && WEXITSTATUS(outcome) == 0, made = access(w->object, R_OK) == 0;
  if (good && made) return OG_OK;
  char said[LOG_SIZE];
  const char *name = getenv("CC");
  read_log(w, said);
  return og_fail(
      w->context, OG_ERR_UNSUPPORTED,
      "the C compiler '%s' did not compile the equations%s%s\nset the environment variable CC to a "
      "working C compiler (gcc or clang), or do without compiling: the results are the same",
      name && *name ? name : "cc",
      *said  ? "; it says:\n"
      : good ? "; its output was not made"
             : "",
      said);
}

static og_status load(const workshop *w, void **library) {
  *library = dlopen(w->object, RTLD_NOW | RTLD_LOCAL);
  if (*library) return OG_OK;
  return og_fail(
      w->context, OG_ERR_UNSUPPORTED,
      "the compiled equations cannot be loaded: %s; if programs must not be run from that directory, "
      "set TMPDIR to one from which they may",
      dlerror());
}

og_status og_compile(og_context *context, const og_text *text, int single, void **library) {
  workshop w = {.context = context};
  *library = NULL;
  OG_TRY(open_workshop(&w));
  og_status status = write_source(&w, text);
  if (status == OG_OK) status = run_compiler(&w, single);
  if (status == OG_OK) status = load(&w, library);
  close_workshop(&w);
  return status;
}

void *og_library_find(void *library, const char *name) { return dlsym(library, name); }

void og_library_close(void *library) {
  if (library) dlclose(library);
}
