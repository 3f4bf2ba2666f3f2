#include "calls.h"

static void *take(size_t size, void *user) {
  (void)user;
  return malloc(size);
}
static void give(void *memory, void *user) {
  (void)user;
  free(memory);
}

/* Its argument is a folder that files may be written to; it is the working folder. */
int main(void) {
  int (*const parts[])(og_context *) = {call_context, call_fields,     call_solves, call_events,
                                        call_models,  call_objectives, call_fits,   call_training,
                                        call_files,   call_builder};
  int failed = 0;
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    og_context *context = NULL;
    if (og_context_create(take, give, NULL, &context) != OG_OK) return 1;
    failed |= parts[i](context);
    og_context_destroy(context);
  }
  printf("odegrad %s: %s\n", og_version(), failed ? "failed" : "every call as it should be");
  return failed;
}
