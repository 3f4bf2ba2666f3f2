/* Every public function is called from outside, through the installed header, in C and in C++ alike: these
 * files are both. Each part returns 0 when everything was as it should be. */
#ifndef CALLS_H
#define CALLS_H

#include <math.h>
#include <odegrad.h>
#include <stdlib.h>
#include <string.h>

#define MUST(context, call)                                                                                  \
  do {                                                                                                       \
    og_status must_status = (call);                                                                          \
    if (must_status != OG_OK) {                                                                              \
      fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, og_status_name(must_status),                    \
              og_context_message(context));                                                                  \
      return 1;                                                                                              \
    }                                                                                                        \
  } while (0)
#define SEE(condition)                                                                                       \
  do {                                                                                                       \
    if (!(condition)) {                                                                                      \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                                \
      return 1;                                                                                              \
    }                                                                                                        \
  } while (0)
/* A struct that begins with its size, in words that both languages have. */
#define SIZED(type, name)                                                                                    \
  type name;                                                                                                 \
  memset(&name, 0, sizeof name);                                                                             \
  name.size = sizeof name

static inline int near_to(double value, double truth, double tolerance) {
  return fabs(value - truth) <= tolerance;
}

int call_context(og_context *context);
int call_fields(og_context *context);
int call_solves(og_context *context);
int call_events(og_context *context);
int call_models(og_context *context);
int call_builder(og_context *context);
int call_objectives(og_context *context);
int call_fits(og_context *context);
int call_training(og_context *context);
int call_files(og_context *context);

#endif
