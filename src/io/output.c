/* Output files that appear whole or not at all. */
#if !defined(_XOPEN_SOURCE)
#define _XOPEN_SOURCE 700
#endif
#include "io/io.h"
#include "io/temporary.h"

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

enum { LINKS_MOST = 40 };

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

/* Where writing to `path` goes: links are followed, also one that leads to no file yet. NULL: no memory. */
static char *follow(og_context *context, const char *path) {
  char real_path[PATH_MAX], link[PATH_MAX];
  char *at = og_strdup(context, realpath(path, real_path) ? real_path : path);
  for (int links = 0; at && links < LINKS_MOST; links++) {
    ssize_t length = readlink(at, link, sizeof link - 1);
    if (length < 0) return at;
    link[length] = '\0';
    const char *slash = link[0] == '/' ? NULL : strrchr(at, '/');
    size_t folder = slash ? (size_t)(slash + 1 - at) : 0, size = folder + (size_t)length + 1;
    char *next = og_alloc(context, size, 1);
    if (next) snprintf(next, size, "%.*s%s", (int)folder, at, link);
    og_free(context, at);
    at = next;
  }
  return at; /* links in a circle cannot be opened either */
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
  } else if (errno == ELOOP) {
    return -errno;
  }
  return og_temporary_open(output->context, output->target, &output->temporary);
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
  if (out) *out = NULL;
  OG_OBJECT(context);
  OG_NEED(context, out);
  OG_NEED(context, path);
  og_output *output = og_alloc(context, 1, sizeof *output);
  if (!output) return og_fail_memory(context, sizeof *output, "an output file");
  output->context = context;
  output->path = og_strdup(context, path);
  output->target = follow(context, path);
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

FILE *og_output_file(og_output *output) {
  if (!output) return NULL;
  return output->file;
}

/* Writes what is still in memory, and makes sure that it is on the disk before the name points at it: else a
 * crash could leave an empty file. 0, or what went wrong. */
static int flush(const og_output *output) {
  errno = 0;
  int wrong = ferror(output->file) ? EIO : 0;
  if (fflush(output->file) != 0) wrong = errno ? errno : EIO;
  if (!wrong && output->temporary && fsync(fileno(output->file)) != 0 && errno != EINVAL) wrong = errno;
  return wrong;
}

/* The temporary file gets the target's name before it is closed. Closing gives up its lock, and then another
 * run that writes the same target would remove it as left behind. 0, or what went wrong. */
static int keep(const og_output *output) {
  int wrong = flush(output);
  if (wrong || !output->temporary) return wrong;
  if (rename(output->temporary, output->target) != 0) return errno;
  og_sync_folder(output->target);
  return 0;
}

og_status og_output_close(og_output *output, og_status status) {
  OG_OBJECT(output);
  int wrong = status == OG_OK ? keep(output) : 0;
  if (output->temporary && (status != OG_OK || wrong)) unlink(output->temporary);
  if (output->file != stdout) fclose(output->file);
  if (wrong) status = fail_write(output, wrong);
  forget(output);
  return status;
}
