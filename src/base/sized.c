/* Structs of the public header, which begin with their size: read and filled by a library that may know fewer
 * members than its caller, or more. */
#include <string.h>

#include "base/base.h"

/* Far beyond what any version has: such a size was never set. */
enum { MOST_UNKNOWN = 4096 };

static og_status wrong_size(og_context *context, const char *function, const char *type, size_t size) {
  return og_fail(context, OG_ERR_ARGUMENT,
                 "%s: the size of an %s is %zu: set its member `size` to sizeof(%s)", function, type, size,
                 type);
}

static og_status read_size(og_context *context, const char *function, const char *type, const void *given,
                           size_t known, size_t *size) {
  memcpy(size, given, sizeof *size);
  int impossible = *size <= sizeof *size || *size > known + MOST_UNKNOWN;
  return impossible ? wrong_size(context, function, type, *size) : OG_OK;
}

og_status og_take_sized(og_context *context, const char *function, const char *type, const void *given,
                        size_t known, void *out) {
  size_t size;
  OG_TRY(read_size(context, function, type, given, known, &size));
  const char *bytes = given;
  for (size_t i = known; i < size; i++)
    if (bytes[i])
      return og_fail(
          context, OG_ERR_ARGUMENT,
          "%s: byte %zu of an %s of %zu bytes is not zero, and this version of the library (%s) knows "
          "%zu bytes of it: leave out what is newer, or link a newer library",
          function, i, type, size, og_version(), known);
  memset(out, 0, known);
  memcpy(out, given, size < known ? size : known);
  return OG_OK;
}

og_status og_give_sized(og_context *context, const char *function, const char *type, const void *made,
                        size_t known, void *out) {
  size_t size, head = sizeof size;
  OG_TRY(read_size(context, function, type, out, known, &size));
  memset((char *)out + head, 0, size - head);
  memcpy((char *)out + head, (const char *)made + head, (size < known ? size : known) - head);
  return OG_OK;
}
