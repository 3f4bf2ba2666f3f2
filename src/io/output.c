/* Output files that appear whole or not at all. */
#if !defined(_XOPEN_SOURCE)
#define _XOPEN_SOURCE 700
#endif
#include "io/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef PATH_MAX
#define PATH_MAX 4096
#endif

enum { TEMPORARY_NAMES = 100 };

struct og_output {
  og_context *context;
  FILE *file;
  char *path;      /* as the caller gave it, for messages */
  char *target;    /* where it goes: `path` with links followed */
  char *temporary; /* NULL when written directly */
};

static void forget(og_output *output) {
  og_context *context = output->context;
  og_free(context, output->path);
  og_free(context, output->target);
  og_free(context, output->temporary);
  og_free(context, output);
}

static og_status fail_write(const og_output *output, int cause) {
  return og_fail(output->context, OG_ERR_FILE, "cannot write %s: %s", output->path, strerror(cause));
}

/* A new file beside the target, created as any new file is (umask). */
static int open_temporary(og_output *output) {
  size_t size = strlen(output->target) + 48;
  output->temporary = og_alloc(output->context, size, 1);
  if (!output->temporary) return -ENOMEM;
  for (int attempt = 0; attempt < TEMPORARY_NAMES; attempt++) {
    snprintf(output->temporary, size, "%s.%ld-%d.tmp", output->target, (long)getpid(), attempt);
    int descriptor = open(output->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor >= 0) return descriptor;
    if (errno != EEXIST) return -errno;
  }
  return -EEXIST;
}

/* Opens for writing: a descriptor, or minus the error number. */
static int open_descriptor(og_output *output) {
  struct stat facts;
  if (stat(output->target, &facts) == 0) {
    if (S_ISDIR(facts.st_mode)) return -EISDIR;
    if (!S_ISREG(facts.st_mode)) {
      int direct = open(output->target, O_WRONLY | O_CLOEXEC);
      return direct >= 0 ? direct : -errno;
    }
    if (access(output->target, W_OK) != 0) return -errno;
  }
  return open_temporary(output);
}

static og_status open_file(og_output *output) {
  int descriptor = open_descriptor(output);
  if (descriptor == -ENOMEM)
    return og_fail_memory(output->context, strlen(output->target), "a temporary file name");
  if (descriptor < 0) return fail_write(output, -descriptor);
  output->file = fdopen(descriptor, "wb");
  if (output->file) return OG_OK;
  og_status status = fail_write(output, errno);
  close(descriptor);
  if (output->temporary) unlink(output->temporary);
  return status;
}

og_status og_output_open(og_context *context, const char *path, og_output **out) {
  *out = NULL;
  og_output *output = og_alloc(context, 1, sizeof *output);
  if (!output) return og_fail_memory(context, sizeof *output, "an output file");
  char real_path[PATH_MAX];
  output->context = context;
  output->path = og_strdup(context, path);
  output->target = og_strdup(context, realpath(path, real_path) ? real_path : path);
  og_status status = OG_OK;
  if (!output->path || !output->target)
    status = og_fail_memory(context, strlen(path), "a file name");
  else if (strcmp(path, "-") == 0)
    output->file = stdout;
  else
    status = open_file(output);
  if (status == OG_OK)
    *out = output;
  else
    forget(output);
  return status;
}

FILE *og_output_file(og_output *output) { return output->file; }

/* 0, or what went wrong up to and including the last flush. Closes all but standard output. */
static int finish(og_output *output, int keep) {
  errno = 0;
  int wrong = ferror(output->file) ? EIO : 0;
  if (fflush(output->file) != 0) wrong = errno ? errno : EIO;
  if (output->file == stdout) return wrong;
  /* The data must be on the disk before the name points at it, or a crash could leave an empty file. */
  if (keep && !wrong && output->temporary && fsync(fileno(output->file)) != 0 && errno != EINVAL)
    wrong = errno;
  if (fclose(output->file) != 0 && !wrong) wrong = errno ? errno : EIO;
  return wrong;
}

og_status og_output_close(og_output *output, og_status status) {
  int wrong = finish(output, status == OG_OK);
  if (status == OG_OK && !wrong && output->temporary && rename(output->temporary, output->target) != 0)
    wrong = errno;
  if (output->temporary && (status != OG_OK || wrong)) unlink(output->temporary);
  if (status == OG_OK && wrong) status = fail_write(output, wrong);
  forget(output);
  return status;
}
