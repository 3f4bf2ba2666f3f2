/* Reading a whole file. */
#if !defined(_XOPEN_SOURCE)
#define _XOPEN_SOURCE 700
#endif
#include "base/base.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { FIRST_SIZE = 1 << 14, HEAD = 16 };

/* Of what is no regular file, and may never end. */
static const size_t stream_most = (size_t)1 << 30;

/* Devices may go on for ever: what begins with so many NUL bytes is neither a text nor a safetensors file,
 * and no device or pipe is read beyond a size. NULL: nothing is wrong. */
static const char *what_is_wrong(FILE *file, const char *buffer, size_t used) {
  static const char nothing[HEAD];
  struct stat facts;
  if (used >= HEAD && memcmp(buffer, nothing, HEAD) == 0) return "it begins with NUL bytes";
  if (used > stream_most && fstat(fileno(file), &facts) == 0 && !S_ISREG(facts.st_mode))
    return "over 1 GiB came from a device or pipe; put it into a file first";
  return NULL;
}

/* Doubles the buffer until the file ends; one byte is kept for the NUL. */
static og_status read_all(og_context *context, FILE *file, const char *path, char **text, size_t *length) {
  size_t size = FIRST_SIZE, used = 0;
  char *buffer = og_alloc(context, size, 1);
  if (!buffer) return og_fail_memory(context, size, path);
  for (;;) {
    errno = 0;
    used += fread(buffer + used, 1, size - 1 - used, file);
    const char *wrong = what_is_wrong(file, buffer, used);
    if (wrong) {
      og_free(context, buffer);
      return og_fail(context, OG_ERR_DATA, "cannot read %s: %s", path, wrong);
    }
    if (used < size - 1) break;
    char *larger = size > SIZE_MAX / 2 ? NULL : og_resize(context, buffer, size, 2 * size, 1);
    if (!larger) {
      og_free(context, buffer);
      return og_fail_memory(context, 2 * size, path);
    }
    buffer = larger;
    size *= 2;
  }
  if (ferror(file)) {
    og_free(context, buffer);
    return og_fail(context, OG_ERR_FILE, "cannot read %s: %s", path, strerror(errno ? errno : EIO));
  }
  buffer[used] = '\0';
  *text = buffer;
  *length = used;
  return OG_OK;
}

const char *og_file_name(const char *path) { return strcmp(path, "-") == 0 ? "standard input" : path; }

og_status og_read_file(og_context *context, const char *path, char **text, size_t *length) {
  *text = NULL;
  *length = 0;
  int is_input = strcmp(path, "-") == 0;
  FILE *file = is_input ? stdin : fopen(path, "rb");
  if (!file) return og_fail(context, OG_ERR_FILE, "cannot read %s: %s", path, strerror(errno));
  og_status status = read_all(context, file, og_file_name(path), text, length);
  if (!is_input) fclose(file);
  return status;
}
