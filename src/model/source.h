/* A model's text and what is wrong with it. */
#ifndef OG_SOURCE_H
#define OG_SOURCE_H

#include "base/base.h"

/* A stretch of the text. */
typedef struct og_span {
  size_t at, length;
} og_span;

enum { OG_ERRORS_MOST = 20 };

typedef struct og_source {
  og_context *context;
  char *name, *text; /* owned, text NUL-terminated */
  size_t length;
  int errors, no_memory;
  char *report; /* owned: all diagnostics */
  size_t used, capacity;
} og_source;

/* The text is copied; one with a NUL in it is refused. What was opened, also in part, is to be closed. */
og_status og_source_open(og_source *source, og_context *context, const char *name, const char *text,
                         size_t length);
void og_source_close(og_source *source);
/* One diagnostic: file:line:column, the message, the line and carets under the span. Beyond OG_ERRORS_MOST
 * they are only counted. */
void og_error_at(og_source *source, og_span span, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A line of help for the diagnostic before. */
void og_help(og_source *source, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Where the text begins: behind a byte order mark. */
size_t og_source_start(const og_source *source);
int og_span_is(const og_source *source, og_span span, const char *word);
og_span og_join(og_span a, og_span b);
og_status og_source_status(og_source *source);

#endif
