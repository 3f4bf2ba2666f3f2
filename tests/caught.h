/* What tests of the tool's own files share that print and load: standard streams caught as text, and a
 * problem of a model and data that are given as texts. */
#ifndef OG_CAUGHT_H
#define OG_CAUGHT_H

#include "counting.h"

#include <math.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#pragma push_macro("fail") /* of cmocka: the tool has a function of that name */
#undef fail
#define fail tool_fail
#include "cli.h"
#pragma pop_macro("fail")
int(fail)(const og_context *context, og_status status);

#define LENGTH(array) (sizeof(array) / sizeof *(array))

static char text[1 << 15], path[] = "/tmp/odegrad-printing-XXXXXX";
static int kept = -1;

static inline void begin_printing(int stream) {
  fflush(NULL);
  snprintf(path, sizeof path, "/tmp/odegrad-printing-XXXXXX");
  int file = mkstemp(path);
  kept = dup(stream);
  assert_true(file >= 0 && kept >= 0);
  dup2(file, stream);
  close(file);
}

static inline const char *printed(int stream) {
  fflush(NULL);
  dup2(kept, stream);
  close(kept);
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  text[fread(text, 1, sizeof text - 1, file)] = '\0';
  fclose(file);
  unlink(path);
  return text;
}

static inline void prints(const char *expected) { assert_string_equal(printed(STDOUT_FILENO), expected); }
static inline void says(const char *expected) { assert_string_equal(printed(STDERR_FILENO), expected); }

/* A problem of a model and data that are given as texts. */
typedef struct loaded {
  char folder[40], model[80], data[80];
  arguments a;
  problem p;
} loaded;

static inline void put(const char *where, const char *what) {
  FILE *file = fopen(where, "w");
  assert_non_null(file);
  fputs(what, file);
  assert_int_equal(fclose(file), 0);
}

static verb_id verb_of_loads = VERB_SOLVE;

/* With up to two options more. */
static inline void load_with(loaded *l, const char *model, const char *data, const char *option,
                             const char *other) {
  *l = (loaded){.folder = "/tmp/odegrad-printing-XXXXXX", .a = {.verb = verb_of_loads, .verb_name = "solve"}};
  assert_non_null(mkdtemp(l->folder));
  snprintf(l->model, sizeof l->model, "%s/m.ode", l->folder);
  snprintf(l->data, sizeof l->data, "%s/d.csv", l->folder);
  put(l->model, model);
  if (data) put(l->data, data);
  char *argv[6] = {l->model, "--quiet"};
  int count = 2;
  if (data) argv[count++] = "--data", argv[count++] = l->data;
  if (option) argv[count++] = (char *)option;
  if (other) argv[count++] = (char *)other;
  assert_int_equal(parse_arguments(count, argv, &l->a), EXIT_DONE);
  assert_int_equal(load_problem(&l->a, &l->p), EXIT_DONE);
}

static inline void load(loaded *l, const char *model, const char *data) {
  load_with(l, model, data, NULL, NULL);
}

static inline void drop(loaded *l) {
  free_problem(&l->p);
  free_arguments(&l->a);
  unlink(l->model), unlink(l->data);
  assert_int_equal(rmdir(l->folder), 0);
}

#endif
