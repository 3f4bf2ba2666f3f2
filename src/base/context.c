/* The context: the caller's allocator, log sink, thread count and the message of the last failure; names of
 * status codes, and the version. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

/* Most messages fit in here; those that find no memory are cut to do so, so that running out of memory can
 * still be reported. */
enum { FALLBACK_SIZE = 512, ALIGNMENT = 64, THREADS_MAX = 1024 };

struct og_context {
  og_allocate_fn allocate;
  og_release_fn release;
  void *user;
  og_log_fn log;
  void *log_user;
  int threads;
  atomic_int interrupt;
  og_threads threads_known;
  int cut;       /* the message found no memory: its end is missing, and nothing is added to it */
  char *message; /* `fallback`, or a block of the allocator */
  char fallback[FALLBACK_SIZE];
};

static void *allocate_with_malloc(size_t size, void *user) {
  (void)user;
  return malloc(size);
}

static void release_with_free(void *memory, void *user) {
  (void)user;
  free(memory);
}

og_status og_context_create(og_allocate_fn allocate, og_release_fn release, void *user, og_context **out) {
  OG_OBJECT(out);
  *out = NULL;
  if (!allocate != !release) return OG_ERR_ARGUMENT;
  og_allocate_fn take = allocate ? allocate : allocate_with_malloc;
  og_context *context = take(sizeof *context, user);
  if (!context) return OG_ERR_MEMORY;
  *context = (og_context){
      .allocate = take, .release = release ? release : release_with_free, .user = user, .threads = 1};
  context->message = context->fallback;
  *out = context;
  return OG_OK;
}

og_status og_context_create_like(const og_context *of, og_context **out) {
  return og_context_create(of->allocate, of->release, of->user, out);
}

/* ---- Memory ---- */

/* Blocks carry the allocator's own pointer just below the aligned address that is handed out. */
void *og_alloc(og_context *context, size_t count, size_t size) {
  const size_t room = ALIGNMENT - 1 + sizeof(void *);
  if (size != 0 && count > (SIZE_MAX - room) / size) return NULL;
  size_t bytes = count * size;
  char *block = context->allocate(bytes + room, context->user);
  if (!block) return NULL;
  size_t shift = sizeof(void *);
  shift += (ALIGNMENT - ((uintptr_t)block + shift) % ALIGNMENT) % ALIGNMENT;
  char *memory = block + shift;
  memcpy(memory - sizeof block, &block, sizeof block);
  return memset(memory, 0, bytes);
}

void og_free(og_context *context, void *memory) {
  if (!memory) return;
  char *block;
  memcpy(&block, (char *)memory - sizeof block, sizeof block);
  context->release(block, context->user);
}

void *og_resize(og_context *context, void *memory, size_t old_count, size_t new_count, size_t size) {
  void *moved = og_alloc(context, new_count, size);
  if (!moved) return NULL;
  size_t kept = old_count < new_count ? old_count : new_count;
  if (memory && kept * size > 0) memcpy(moved, memory, kept * size);
  og_free(context, memory);
  return moved;
}

char *og_strdup(og_context *context, const char *text) {
  size_t size = strlen(text) + 1;
  char *copy = og_alloc(context, size, 1);
  if (copy) memcpy(copy, text, size);
  return copy;
}

/* ---- Messages ---- */

static void drop_message(og_context *context) {
  if (context->message != context->fallback) og_free(context, context->message);
  context->message = context->fallback;
}

/* Every message passes here, and many quote files. Takes the text, and gives one for og_free. */
static char *printable_copy(og_context *context, char *text) {
  if (og_is_printable(text)) return text;
  size_t size = og_printable(text, NULL, 0) + 1;
  char *copy = og_alloc(context, size, 1);
  if (!copy) size = strlen(text) + 1; /* no memory: the text is changed in place, as far as there is room */
  char brief[FALLBACK_SIZE];
  if (copy) {
    og_printable(text, copy, size);
    og_free(context, text);
    return copy;
  }
  og_printable(text, brief, size < sizeof brief ? size : sizeof brief);
  memcpy(text, brief, strlen(brief) + 1);
  return text;
}

/* The new message is `head` followed by the formatted text. `head` and the arguments may be parts of the
 * present message: it is let go only when the new one is complete. Memory is asked for where the fallback is
 * too short; where there is none the message is cut. */
static void set_message(og_context *context, const char *head, const char *format, va_list arguments) {
  va_list again;
  va_copy(again, arguments);
  int length = vsnprintf(NULL, 0, format, again);
  va_end(again);
  size_t start = strlen(head), size = start + (length > 0 ? (size_t)length : 0) + 1;
  char brief[FALLBACK_SIZE] = "";
  char *text = size > sizeof brief ? og_alloc(context, size, 1) : NULL;
  char *target = text ? text : brief;
  context->cut = !text && size > sizeof brief;
  if (!text) size = sizeof brief;
  if (start >= size) start = size - 1;
  memcpy(target, head, start);
  vsnprintf(target + start, size - start, format, arguments);
  drop_message(context);
  if (text)
    context->message = printable_copy(context, text);
  else
    og_printable(brief, context->fallback, sizeof context->fallback);
}

og_status og_fail(og_context *context, og_status status, const char *format, ...) {
  if (!context) return status;
  va_list arguments;
  va_start(arguments, format);
  set_message(context, "", format, arguments);
  va_end(arguments);
  return status;
}

/* Adds `text` on a line of its own. */
static og_status append_line(og_context *context, og_status status, const char *format, ...) {
  if (context->cut) return status;
  va_list arguments;
  va_start(arguments, format);
  set_message(context, context->message, format, arguments);
  va_end(arguments);
  return status;
}

og_status og_trail(og_context *context, og_status status, const char *format, ...) {
  if (!context) return status;
  char line[FALLBACK_SIZE];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line, sizeof line, format, arguments);
  va_end(arguments);
  return append_line(context, status, "\n  %s", line);
}

og_status og_fail_memory(og_context *context, size_t bytes, const char *what) {
  return og_fail(context, OG_ERR_MEMORY, "out of memory: no %zu bytes for %s", bytes, what);
}

og_status og_fail_null(og_context *context, const char *function, const char *argument) {
  return og_fail(context, OG_ERR_ARGUMENT, "%s: the argument %s is NULL", function, argument);
}

const char *og_context_message(const og_context *context) { return context ? context->message : ""; }

/* ---- Settings ---- */

void og_context_interrupt(og_context *context, int interrupt) {
  if (context) atomic_store(&context->interrupt, interrupt != 0);
}

og_threads *og_threads_of(og_context *context) { return &context->threads_known; }

const atomic_int *og_interrupt_of(const og_context *context) { return &context->interrupt; }

void og_context_set_log(og_context *context, og_log_fn log, void *user) {
  if (!context) return;
  context->log = log;
  context->log_user = user;
}

void og_log(const og_context *context, const char *format, ...) {
  if (!context->log) return;
  char raw[1024], line[1536];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(raw, sizeof raw, format, arguments);
  va_end(arguments);
  og_printable(raw, line, sizeof line);
  context->log(og_one_line(line), context->log_user);
}

og_status og_context_set_threads(og_context *context, size_t threads) {
  OG_OBJECT(context);
  if (threads < 1 || threads > THREADS_MAX)
    return og_fail(context, OG_ERR_BOUNDS, "the number of threads is %zu; it must be from 1 to %d", threads,
                   THREADS_MAX);
  context->threads = (int)threads;
  return OG_OK;
}

size_t og_context_threads(const og_context *context) {
  if (!context) return 0;
  return (size_t)context->threads;
}

void og_context_destroy(og_context *context) {
  if (!context) return;
  drop_message(context);
  context->release(context, context->user);
}

/* ---- Names of status codes, and the version ---- */

typedef struct status_row {
  og_status status;
  const char *name, *text;
} status_row;

static const status_row status_rows[] = {
#define STATUS_ROW(name, number, text) {name, #name, text},
    OG_STATUS_LIST(STATUS_ROW)
#undef STATUS_ROW
};

static const status_row *row_of(og_status status) {
  size_t count = sizeof status_rows / sizeof status_rows[0];
  for (size_t i = 0; i < count; i++)
    if (status_rows[i].status == status) return &status_rows[i];
  return &status_rows[count - 1]; /* OG_ERR_INTERNAL is the last one */
}

const char *og_status_name(og_status status) { return row_of(status)->name; }

const char *og_status_text(og_status status) { return row_of(status)->text; }

#define TEXT_OF(number) #number
#define VERSION_TEXT(major, minor, patch) TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)

const char *og_version(void) { return VERSION_TEXT(OG_VERSION_MAJOR, OG_VERSION_MINOR, OG_VERSION_PATCH); }

/* ---- Structs that begin with their size ---- */

/* Read and filled by a library that may know fewer members than its caller, or more. */

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
