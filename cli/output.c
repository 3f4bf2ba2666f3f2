/* Files that are written under a temporary name and take their place whole. Pipes and devices are written
 * directly. */
#include "cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail_output(const char *path, int error) {
  complain("cannot write %s: %s", path, strerror(error ? error : EIO));
  return EXIT_USAGE;
}

static int is_direct(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

int takes_place(const char *path) { return strcmp(path, "-") != 0 && !is_direct(path); }

/* mkstemp makes files private; a result is as readable as the user's other files. */
static void open_to_others(int descriptor) {
  mode_t mask = umask(0);
  umask(mask);
  (void)!fchmod(descriptor, 0666 & ~mask);
}

int open_output(output *o, const char *path) {
  *o = (output){.path = path};
  if (strcmp(path, "-") == 0) {
    o->file = stdout;
    return EXIT_DONE;
  }
  if (is_direct(path)) {
    o->file = fopen(path, "w");
    return o->file ? EXIT_DONE : fail_output(path, errno);
  }
  o->temporary = join("%s.XXXXXX", path);
  int descriptor = mkstemp(o->temporary);
  if (descriptor >= 0) {
    open_to_others(descriptor);
    o->file = fdopen(descriptor, "w");
  }
  if (o->file) return EXIT_DONE;
  int error = errno;
  free(o->temporary);
  return fail_output(path, error);
}

int close_output(output *o) {
  if (o->file == stdout) return EXIT_DONE; /* main looks after it */
  int bad = ferror(o->file);
  if (fclose(o->file) != 0) bad = 1;
  if (!bad && o->temporary && rename(o->temporary, o->path) != 0) bad = 1;
  int error = errno;
  if (bad && o->temporary) unlink(o->temporary);
  free(o->temporary);
  return bad ? fail_output(o->path, error) : EXIT_DONE;
}

void drop_output(output *o) {
  if (o->file == stdout) return;
  fclose(o->file);
  if (o->temporary) unlink(o->temporary);
  free(o->temporary);
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
