#include "model/source.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int og_span_is(const og_source *source, og_span span, const char *word) {
  return strlen(word) == span.length && memcmp(source->text + span.at, word, span.length) == 0;
}

size_t og_source_start(const og_source *source) {
  return source->length >= 3 && memcmp(source->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

og_span og_join(og_span a, og_span b) {
  size_t begin = a.at < b.at ? a.at : b.at, left = a.at + a.length, right = b.at + b.length;
  return (og_span){begin, (left > right ? left : right) - begin};
}

static void append(og_source *source, const char *text, size_t length) {
  if (source->used + length + 1 > source->capacity) {
    size_t capacity = 2 * (source->used + length + 256);
    char *report = og_resize(source->context, source->report, source->used, capacity, 1);
    if (!report) {
      source->no_memory = 1;
      return;
    }
    source->report = report;
    source->capacity = capacity;
  }
  memcpy(source->report + source->used, text, length);
  source->used += length;
  source->report[source->used] = 0;
}

static void append_format(og_source *source, const char *format, va_list arguments) {
  char text[512];
  int length = vsnprintf(text, sizeof text, format, arguments);
  if (length > 0) append(source, text, (size_t)length < sizeof text ? (size_t)length : sizeof text - 1);
}

static void say(og_source *source, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(og_source *source, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  append_format(source, format, arguments);
  va_end(arguments);
}

/* A byte that starts a character: those that go on one take no column of their own. */
static int starts_character(char c) { return ((unsigned char)c & 0xc0) != 0x80; }

/* The line, then carets below the span; tabs stay tabs, so that both lines are cut alike. */
static void show(og_source *source, og_span span, size_t line_at, size_t line_end) {
  append(source, "\n  ", 3);
  append(source, source->text + line_at, line_end - line_at);
  append(source, "\n  ", 3);
  for (size_t i = line_at; i < span.at; i++)
    if (starts_character(source->text[i])) append(source, source->text[i] == '\t' ? "\t" : " ", 1);
  size_t end = span.at + span.length < line_end ? span.at + span.length : line_end, carets = 0;
  for (size_t i = span.at; i < end; i++)
    if (starts_character(source->text[i])) append(source, "^", 1), carets++;
  if (!carets) append(source, "^", 1);
}

void og_error_at(og_source *source, og_span span, const char *format, ...) {
  if (source->errors++ >= OG_ERRORS_MOST) return;
  size_t line = 1, line_at = og_source_start(source), column = 1, line_end = span.at;
  for (size_t i = 0; i < span.at; i++)
    if (source->text[i] == '\n') line++, line_at = i + 1;
  for (size_t i = line_at; i < span.at; i++) column += (size_t)starts_character(source->text[i]);
  while (line_end < source->length && source->text[line_end] != '\n' && source->text[line_end] != '\r')
    line_end++;
  say(source, "%s%s:%zu:%zu: error: ", source->used ? "\n" : "", source->name, line, column);
  va_list arguments;
  va_start(arguments, format);
  append_format(source, format, arguments);
  va_end(arguments);
  show(source, span, line_at, line_end);
}

void og_help(og_source *source, const char *format, ...) {
  if (source->errors > OG_ERRORS_MOST) return;
  append(source, "\n  help: ", 9);
  va_list arguments;
  va_start(arguments, format);
  append_format(source, format, arguments);
  va_end(arguments);
}

og_status og_source_status(og_source *source) {
  if (source->no_memory) return og_fail_memory(source->context, source->length, "a model");
  if (!source->errors) return OG_OK;
  int more = source->errors - OG_ERRORS_MOST;
  if (more > 0) say(source, "\nand %d more error%s", more, more == 1 ? "" : "s");
  return og_fail(source->context, OG_ERR_MODEL, "%s", source->report);
}

og_status og_source_open(og_source *source, og_context *context, const char *name, const char *text,
                         size_t length) {
  *source = (og_source){.context = context, .length = length};
  source->name = og_strdup(context, name);
  source->text = og_alloc(context, length + 1, 1);
  if (!source->name || !source->text) return og_fail_memory(context, length, "a model's text");
  if (length) memcpy(source->text, text, length);
  for (size_t i = 0; i < length; i++)
    if (text[i] == 0)
      return og_fail(context, OG_ERR_MODEL, "%s: byte %zu is NUL: a model is plain text", name, i + 1);
  return OG_OK;
}

void og_source_close(og_source *source) {
  og_free(source->context, source->name);
  og_free(source->context, source->text);
  og_free(source->context, source->report);
}
