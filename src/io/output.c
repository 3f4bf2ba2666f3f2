/* Output files that appear whole or not at all. */
#if !defined(_XOPEN_SOURCE)
#define _XOPEN_SOURCE 700
#endif
#include "io/target.h"
#include "io/temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct og_output {
  og_context *context;
  FILE *file;
  char *path; /* as the caller gave it */
  og_target target;
  char *temporary; /* the name of what is to replace the target; NULL: nothing is */
  int copied;      /* `file` has no name, and what is in it goes into the target at the end */
};

static void forget(og_output *output) {
  og_context *context = output->context;
  og_free(context, output->path);
  og_target_free(context, &output->target);
  og_free(context, output->temporary);
  og_free(context, output);
}

static og_status fail_path(og_context *context, const char *path, int cause) {
  if (cause == ENOMEM) return og_fail_memory(context, strlen(path), "a file name");
  return og_fail(context, OG_ERR_FILE, "cannot write %s: %s", path, strerror(cause));
}

static og_status fail_write(const og_output *output, int cause) {
  return fail_path(output->context, output->path, cause);
}

/* A copy of the descriptor. Standard output is flushed first, so that what the caller has printed comes
 * before. */
static int duplicate(int descriptor) {
  if (descriptor == STDOUT_FILENO) fflush(stdout);
  return fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

/* Opens a file without a name or, where none can be made, the target itself. */
static int open_in_place(og_output *output) {
  output->file = tmpfile();
  output->copied = output->file != NULL;
  return output->file ? fileno(output->file) : open(output->target.path, O_WRONLY | O_CLOEXEC | O_TRUNC);
}

static int open_whole(og_output *output) {
  struct stat facts;
  int descriptor = og_temporary_open(output->context, output->target.path, &output->temporary);
  if (descriptor >= 0) return descriptor;
  og_free(output->context, output->temporary); /* it is the name of no file of ours */
  output->temporary = NULL;
  errno = -descriptor;
  int refused = errno == EACCES || errno == EPERM || errno == EROFS;
  if (!refused || stat(output->target.path, &facts) != 0) return errno = -descriptor, -1;
  return open_in_place(output);
}

/* Opens what is to be written; returns a descriptor, or -1 with the reason in errno. */
static int open_descriptor(og_output *output) {
  switch (output->target.kind) {
  case OG_TARGET_DESCRIPTOR: return duplicate(output->target.descriptor);
  case OG_TARGET_STREAM: return open(output->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
  case OG_TARGET_END: return open(output->path, O_WRONLY | O_CLOEXEC | O_APPEND);
  case OG_TARGET_IN_PLACE: return open_in_place(output);
  default: return open_whole(output);
  }
}

static og_status open_file(og_output *output) {
  int wrong = og_target_find(output->context, output->path, &output->target);
  if (wrong) return fail_write(output, wrong);
  int descriptor = open_descriptor(output);
  if (descriptor < 0) return fail_write(output, errno);
  if (!output->file) output->file = fdopen(descriptor, "wb");
  if (output->file) return OG_OK;
  og_status status = fail_write(output, errno);
  close(descriptor);
  if (output->temporary) unlink(output->temporary);
  return status;
}

og_status og_output_check(og_context *context, const char *path, int *replaces) {
  og_target target;
  if (replaces) *replaces = 0;
  OG_OBJECT(context);
  OG_NEED(context, path);
  if (strcmp(path, "-") == 0) return OG_OK;
  int wrong = og_target_find(context, path, &target);
  if (replaces) *replaces = !wrong && (target.kind == OG_TARGET_WHOLE || target.kind == OG_TARGET_IN_PLACE);
  og_target_free(context, &target);
  return wrong ? fail_path(context, path, wrong) : OG_OK;
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
  og_status status = OG_OK;
  if (!output->path)
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

static int write_all(int to, const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t written = write(to, bytes, count);
    if (written < 0 && errno != EINTR) return errno;
    if (written > 0) bytes += written, count -= (size_t)written;
  }
  return 0;
}

static int copy_all(int from, int to) {
  char block[4096];
  off_t at = 0;
  for (ssize_t got; (got = pread(from, block, sizeof block, at)) != 0;) {
    if (got < 0 && errno != EINTR) return errno;
    int wrong = got > 0 ? write_all(to, block, (size_t)got) : 0;
    if (wrong) return wrong;
    at += got > 0 ? got : 0;
  }
  return ftruncate(to, at) == 0 ? 0 : errno;
}

/* Fills the target anew with what is in `file`. */
static int fill_target(const og_output *output) {
  int to = open(output->target.path, O_WRONLY | O_CLOEXEC);
  if (to < 0) return errno;
  int wrong = copy_all(fileno(output->file), to);
  if (!wrong && fsync(to) != 0 && errno != EINVAL) wrong = errno;
  close(to);
  return wrong;
}

/* The temporary file gets the target's name before it is closed. Closing gives up its lock, and then another
 * run that writes the same target would remove it as left behind. 0, or what went wrong. */
static int replace(const og_output *output) {
  if (rename(output->temporary, output->target.path) == 0) {
    og_sync_folder(output->target.path);
    return 0;
  }
  /* Renaming is not allowed over another user's file in a folder as /tmp is, nor over a file that is mounted.
   */
  int wrong = errno, held = wrong == EPERM || wrong == EACCES || wrong == EBUSY;
  if (!held || fill_target(output) != 0) return wrong;
  unlink(output->temporary);
  return 0;
}

static int keep(const og_output *output) {
  int wrong = flush(output);
  if (wrong) return wrong;
  return output->temporary ? replace(output) : output->copied ? fill_target(output) : 0;
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
