/* Where results go. */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int takes_place(const char *path) {
  struct stat status;
  return strcmp(path, "-") != 0 && (stat(path, &status) != 0 || S_ISREG(status.st_mode));
}

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

/* The folder of `path`: "." for a bare name. */
static char *folder_of(const char *path) {
  const char *slash = strrchr(path, '/');
  if (!slash) return join(".");
  return slash == path ? join("/") : join("%.*s", (int)(slash - path), path);
}

int check_output(const char *option, const char *path) {
  struct stat status;
  int error = 0;
  if (stat(path, &status) == 0) {
    if (S_ISDIR(status.st_mode))
      error = EISDIR;
    else if (access(path, W_OK) != 0)
      error = errno;
    else if (!S_ISREG(status.st_mode))
      return EXIT_DONE;
  }
  char *folder = folder_of(path);
  if (!error && access(folder, W_OK | X_OK) != 0) error = errno;
  free(folder);
  if (!error) return EXIT_DONE;
  complain("--%s: cannot write %s: %s", option, path, strerror(error));
  return EXIT_USAGE;
}
