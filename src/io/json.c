/* JSON by cJSON, which does not say why it gives nothing, and follows nested brackets by recursion. */
#include "io/json.h"

#include <errno.h>
#include <string.h>

/* What is read is two brackets deep at most, and a safetensors header three. */
enum { DEPTH_MOST = 32 };

static const char *end_of_string(const char *at, const char *end) {
  for (at++; at < end && *at != '"'; at++) at += *at == '\\';
  return at;
}

/* Where brackets are nested too deeply, or NULL. */
static const char *too_deep(const char *text, size_t length) {
  int depth = 0;
  const char *end = text + length;
  for (const char *at = text; at < end; at++) {
    if (*at == '"') at = end_of_string(at, end);
    if (at >= end) break;
    depth += (*at == '[' || *at == '{') - (*at == ']' || *at == '}');
    if (depth > DEPTH_MOST) return at;
  }
  return NULL;
}

og_status og_json_parse(og_context *context, const char *path, const char *text, size_t length,
                        const char **where, cJSON **out) {
  *out = NULL;
  *where = too_deep(text, length);
  if (*where || memchr(text, '\0', length)) {
    if (!*where) *where = memchr(text, '\0', length);
    return OG_ERR_DATA;
  }
  errno = 0;
  *out = cJSON_ParseWithLengthOpts(text, length + 1, where, 1);
  if (*out) return OG_OK;
  return errno == ENOMEM ? og_fail_memory(context, length, path) : OG_ERR_DATA;
}
