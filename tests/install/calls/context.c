/* Context, statuses, options. */
#include "calls.h"

static void count_line(const char *line, void *user) {
  if (line[0]) ++*(int *)user;
}

static int call_options(og_context *context) {
  og_options *options = NULL;
  MUST(context, og_options_create(context, &options));
  MUST(context, og_options_set_real(options, OG_OPT_RTOL, 1e-9));
  MUST(context, og_options_set_integer(options, OG_OPT_STEPS, 10));
  MUST(context, og_options_set_choice(options, OG_OPT_METHOD, OG_METHOD_RK4));
  MUST(context, og_options_set_text(options, "memory", "2KiB"));
  MUST(context, og_options_set_text(options, "checkpoint-dir", "/tmp"));
  SEE(og_options_real(options, OG_OPT_RTOL) == 1e-9);
  SEE(og_options_integer(options, OG_OPT_MEMORY) == 2048);
  SEE(strcmp(og_options_text(options, OG_OPT_CHECKPOINT_DIR), "/tmp") == 0);
  SEE(og_options_set_real(options, OG_OPT_RTOL, -1) == OG_ERR_BOUNDS);
  SEE(strcmp(og_option_describe(OG_OPT_MAX_STEPS)->name, "max-steps") == 0);
  SEE(og_option_describe((og_option)og_option_count()) == NULL);
  SEE(og_method_count() > OG_METHOD_DOP853 && og_stat_count() > OG_STAT_REFINEMENTS);
  SEE(og_method_order(OG_METHOD_RK4) == 4);
  SEE(og_optimizer_trains(OG_OPTIMIZER_ADAM) && !og_optimizer_trains(OG_OPTIMIZER_LBFGS));
  og_options_destroy(options);
  return 0;
}

int call_context(og_context *context) {
  char shown[16];
  int lines = 0;
  og_context_set_log(context, count_line, &lines);
  MUST(context, og_context_set_threads(context, 2));
  SEE(og_context_threads(context) == 2);
  SEE(og_printable("a\033b", shown, sizeof shown) > 3 && shown[0] == 'a' && !strchr(shown, '\033'));
  SEE(strcmp(og_status_name(OG_ERR_FILE), "OG_ERR_FILE") == 0 && og_status_text(OG_ERR_FILE)[0]);
  og_context_interrupt(context, 1);
  og_context_interrupt(context, 0);
  return call_options(context);
}
