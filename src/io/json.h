/* JSON (RFC 8259): a text is read into a tree, and strings are written. It is a reader of our own because
 * every byte that is taken comes from the context's allocator (docs/decisions.md). */
#ifndef OG_JSON_H
#define OG_JSON_H

#include <stdio.h>

#include "base/base.h"

/* Words are null, true and false. No file of ours has a meaning for them. */
typedef enum og_json_kind {
  OG_JSON_WORD,
  OG_JSON_NUMBER,
  OG_JSON_STRING,
  OG_JSON_ARRAY,
  OG_JSON_OBJECT
} og_json_kind;

typedef struct og_json {
  og_json_kind kind;
  const char *name;             /* in an object; else NULL */
  const char *text;             /* of a string */
  double number;                /* infinite where it is too large for a double */
  size_t count;                 /* of an array's or object's entries, */
  struct og_json *first, *next; /* which are in a list */
} og_json;

/* Parses `text`, of `length` bytes, which may begin with a byte order mark; `path` is
 * for messages. The tree is one block, for og_free. OG_ERR_DATA: from *where on it is not JSON, or nested
 * more deeply than anything that is written here, or a string has NUL in it; that is left to the caller to
 * say. */
og_status og_json_parse(og_context *context, const char *path, const char *text, size_t length,
                        const char **where, og_json **out);
/* The first entry of that name in the object; NULL: there is none. */
const og_json *og_json_entry(const og_json *object, const char *name);
/* Writes a string in quotes; returns how many bytes it takes. Where `file` is NULL it only counts them. */
size_t og_json_put_string(FILE *file, const char *text);

#endif
