/* What every room stands on: the context (memory, messages, threads), options, numbers and names as text,
 * whole files, random numbers. The room knows the public header and nothing of the rooms above it.
 *
 * Begin with og_fail, OG_TRY and og_alloc below, which are in nearly every function of the house, and then
 * with context.c. Beside them stand pages.h (arrays that grow without moving), tree_sum.h (sums whose bits do
 * not depend on who adds what) and real.h (one source for both precisions). */
#ifndef OG_BASE_H
#define OG_BASE_H

#include <math.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "odegrad.h"

/* Sets the context's message ("printf" style) and returns `status`, so that callers write
 * `return og_fail(context, OG_ERR_SHAPE, "...")`. Not for use from worker threads. */
og_status og_fail(og_context *context, og_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Appends one line to the trail of the present message, given whole: og_trail(context, status, "while fitting
 * from start %d", 3). Returns `status`. */
og_status og_trail(og_context *context, og_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* A number for a message: of one that is not a number without its sign, which printf writes ("-nan" of 0/0).
 */
static inline double og_shown(double value) { return value != value ? fabs(value) : value; }
/* Fails with OG_ERR_MEMORY and the message that there are no such bytes for `what`. */
og_status og_fail_memory(og_context *context, size_t bytes, const char *what);
/* A context of its own with the allocator of another, for what is made under a lock while others use that
 * one.
 */
og_status og_context_create_like(const og_context *of, og_context **out);
/* The flag of og_context_interrupt: while it is not 0, computations end with OG_ERR_INTERRUPTED. */
const atomic_int *og_interrupt_of(const og_context *context);
/* How many of the wanted threads, the calling one among them, can be made. Nobody asks OpenMP for more: it
 * ends the process where it cannot make a thread. */
int og_threads_there(og_context *context, int wanted);
/* The most threads that there were at once, which OpenMP keeps, and whether more could not be made. */
typedef struct og_threads {
  int most, limited;
} og_threads;
og_threads *og_threads_of(og_context *context);
/* Writes one line to the log sink. */
void og_log(const og_context *context, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The numbers of what the header names begin at 0. */
enum {
  OG_OPTION_COUNT = OG_OPT_LINEAR_SOLVER + 1,
  OG_METHOD_COUNT = OG_METHOD_AUTO + 1,
  OG_STAT_COUNT = OG_STAT_KRYLOV_ITERATIONS + 1
};

/* Of arguments of public functions (odegrad.h has the rule): the object that a function is of, whose context
 * the others are told to; pointers that are needed; arrays that are needed when they have entries. */
og_status og_fail_null(og_context *context, const char *function, const char *argument);
#define OG_OBJECT(object)                                                                                    \
  do {                                                                                                       \
    if (!(object)) return OG_ERR_ARGUMENT;                                                                   \
  } while (0)
#define OG_NEED(context, argument)                                                                           \
  do {                                                                                                       \
    if (!(argument)) return og_fail_null(context, __func__, #argument);                                      \
  } while (0)
#define OG_NEED_IF(context, entries, argument)                                                               \
  do {                                                                                                       \
    if ((entries) && !(argument)) return og_fail_null(context, __func__, #argument);                         \
  } while (0)

/* Structs that begin with their size (odegrad.h has the rule): copies what is given into what this library
 * knows of it, or refuses it. */
og_status og_take_sized(og_context *context, const char *function, const char *type, const void *given,
                        size_t known, void *out);
#define OG_TAKE(context, type, given, out)                                                                   \
  do {                                                                                                       \
    OG_NEED(context, given);                                                                                 \
    OG_TRY(og_take_sized(context, __func__, #type, given, sizeof(type), out));                               \
  } while (0)

/* The way back: fills a caller's struct with what the library has made, as far as the caller knows it. What
 * the library does not know becomes zero. */
og_status og_give_sized(og_context *context, const char *function, const char *type, const void *made,
                        size_t known, void *out);
#define OG_GIVE(context, type, made, out) og_give_sized(context, __func__, #type, &(made), sizeof(type), out)

/* Memory from the context's allocator, aligned to 64 bytes; NULL when there is none (or the size overflows).
 * og_alloc clears the memory. They set no message: see og_fail_memory. Thread-safe if the allocator is. */
void *og_alloc(og_context *context, size_t count, size_t size);
/* Keeps min(old, new) entries; on failure the old block stays valid and NULL is returned. */
void *og_resize(og_context *context, void *memory, size_t old_count, size_t new_count, size_t size);
void og_free(og_context *context, void *memory);
char *og_strdup(og_context *context, const char *text);

/* How many others use an object besides the one who made it. Each of them keeps it, and destroys it as that
 * one does; the last call is the one that does it. So objects can be destroyed in any order. */
typedef struct og_references {
  atomic_long others;
} og_references;
static inline void og_keep(og_references *references) { atomic_fetch_add(&references->others, 1); }
/* Gives up one use of the object; returns whether it was the last. */
static inline int og_was_last(og_references *references) {
  return atomic_fetch_sub(&references->others, 1) == 0;
}

/* Forwards a failure to the caller. */
#define OG_TRY(call)                                                                                         \
  do {                                                                                                       \
    og_status og_try_status = (call);                                                                        \
    if (og_try_status != OG_OK) return og_try_status;                                                        \
  } while (0)

/* The whole file ("-" is standard input) with a NUL behind it (give back with og_free). The message of a
 * failure names the path and the cause. */
og_status og_read_file(og_context *context, const char *path, char **text, size_t *length);

/* The name of a file in messages: its path, or "standard input". */
const char *og_file_name(const char *path);

/* Reads one decimal number ("1.5e-3", optional sign) at the start of `text`, whatever the locale: no blanks,
 * hex, inf or nan. Returns the characters used, 0 when there is none (or it has over a thousand). Overflow
 * gives an infinity. `text` needs no NUL. */
size_t og_parse_real(const char *text, size_t length, double *value);

/* A counter-based random stream: the same seed and stream give the same numbers on every machine. */
typedef struct og_rng {
  uint64_t state[4];
} og_rng;
void og_rng_seed(og_rng *rng, uint64_t seed, uint64_t stream);
uint64_t og_rng_next(og_rng *rng);
double og_rng_uniform(og_rng *rng); /* in [0, 1) */
double og_rng_normal(og_rng *rng);
/* Fills `order` with 0, ..., count - 1 in random order. */
void og_rng_shuffle(og_rng *rng, size_t *order, size_t count);

/* FNV-1a: goes on with a hash, which begins as OG_HASH_START, over so many bytes. For knowing things again,
 * not against anybody who means harm; saved files have such numbers in them. */
#define OG_HASH_START UINT64_C(0xcbf29ce484222325)
uint64_t og_hash(uint64_t hash, const void *bytes, size_t count);

/* The context an options object was made with, and a private copy of it (NULL copies the defaults). */
og_context *og_options_context(const og_options *options);
og_status og_options_copy(og_context *context, const og_options *options, og_options **out);
/* Sets a text option to a copy of `text`. */
og_status og_options_put_text(og_options *options, og_option option, const char *text);
/* Fails with OG_ERR_BOUNDS: the message has the value as it was given, and the bounds. */
og_status og_options_fail_bounds(const og_options *options, const og_option_info *row, const char *value);
/* The word of a choice option's value: "tsit5"; "" for other options. Lives as long as the options, until
 * they change. */
const char *og_options_choice_name(const og_options *options, og_option option);

/* Whether og_printable would copy the text as it is. */
int og_is_printable(const char *text);
/* Line breaks and tabs of a name that is quoted within a line become blanks; returns `text`. */
char *og_one_line(char *text);

#endif
