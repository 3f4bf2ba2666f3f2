/* What tests of the tool share: running it, and reading what it prints. */
#ifndef OG_TEST_TOOL_H
#define OG_TEST_TOOL_H

#include <cjson/cJSON.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#define FIXTURES "tests/cli/fixtures/"

static char folder[] = "/tmp/odegrad-cli-XXXXXX";

static inline const char *tool(void) {
  const char *path = getenv("ODEGRAD_TOOL");
  return path ? path : "build/odegrad";
}

/* Runs the tool through the shell; returns its exit status and standard output, which the caller frees. */
static inline int run(char **out, const char *format, ...) {
  char tail[2048], command[4096];
  va_list list;
  va_start(list, format);
  vsnprintf(tail, sizeof tail, format, list);
  va_end(list);
  snprintf(command, sizeof command, "'%s' %s 2>'%s/stderr'", tool(), tail, folder);
  FILE *pipe = popen(command, "r");
  assert_non_null(pipe);
  size_t length = 0, room = 1 << 24;
  *out = calloc(room, 1);
  assert_non_null(*out);
  length = fread(*out, 1, room - 1, pipe);
  assert_true(length < room - 1);
  int status = pclose(pipe);
  assert_true(WIFEXITED(status));
  return WEXITSTATUS(status);
}

/* The same for --json: status 0, and one object. */
static inline cJSON *run_json(const char *arguments) {
  char *out;
  assert_int_equal(run(&out, "%s --json", arguments), 0);
  const char *end = NULL;
  cJSON *object = cJSON_ParseWithOpts(out, &end, 1);
  assert_non_null(object);
  free(out);
  return object;
}

static inline cJSON *at(cJSON *object, const char *name) {
  cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
  if (!item) fail_msg("there is no field %s", name);
  return item;
}

static inline double number(const cJSON *item) {
  assert_true(cJSON_IsNumber(item));
  return item->valuedouble;
}

static inline void assert_close(double value, double truth, double tolerance) {
  if (!(fabs(value - truth) <= tolerance * fmax(1, fabs(truth))))
    fail_msg("%.17g is not %.17g to %.1g", value, truth, tolerance);
}

static inline int make_folder(void **state) {
  (void)state;
  return mkdtemp(folder) ? 0 : -1;
}

static inline int remove_folder(void **state) {
  (void)state;
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", folder);
  return system(command);
}

#endif
