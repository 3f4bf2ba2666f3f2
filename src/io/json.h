/* Reading JSON. */
#ifndef OG_JSON_H
#define OG_JSON_H

#include <cjson/cJSON.h>

#include "base/base.h"

/* Parses `text`, of `length` bytes with a NUL behind them; `path` is for messages. The result is for
 * cJSON_Delete. OG_ERR_DATA: it is not JSON, or nested more deeply than anything that is written here, from
 * *where on; that is left to the caller to say. */
og_status og_json_parse(og_context *context, const char *path, const char *text, size_t length,
                        const char **where, cJSON **out);

#endif
