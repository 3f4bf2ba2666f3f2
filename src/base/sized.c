/* Structs that a caller fills, which begin with their size: read by a library that may know fewer members, or
 * more. */
#include <string.h>

#include "base/base.h"

/* Far beyond what any version has: such a size was never set. */
enum { MOST_UNKNOWN = 4096 };

static og_status wrong_size(og_context *context, const char *function, const char *type, size_t size) {
  return og_fail(context, OG_ERR_ARGUMENT,
                 "%s: the size of an %s is %zu: set its member `size` to sizeof(%s)", function, type, size,
                 type);
}

og_status og_take_sized(og_context *context, const char *function, const char *type, const void *given,
                        size_t known, void *out) {
  size_t size;
  memcpy(&size, given, sizeof size);
  if (size <= sizeof size || size > known + MOST_UNKNOWN) return wrong_size(context, function, type, size);
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
