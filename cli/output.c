/* Where results go. */
#include "cli.h"

#include <string.h>

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
