/* What is asked of the system: whole files, the time, threads. */
#if !defined(_XOPEN_SOURCE)
#define _XOPEN_SOURCE 700
#endif
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/base.h"

/* ---- Threads ---- */

typedef struct gate {
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  int arrived, open;
} gate;

/* All must be there at the same time: each waits until the last one has been made. A thread's first memory
 * makes the C library set some of the address space apart for it, often more than its stack has. */
static void *pass(void *of) {
  gate *g = of;
  void *volatile first = malloc(1);
  free(first);
  pthread_mutex_lock(&g->mutex);
  g->arrived++;
  pthread_cond_broadcast(&g->changed);
  while (!g->open) pthread_cond_wait(&g->changed, &g->mutex);
  pthread_mutex_unlock(&g->mutex);
  return NULL;
}

/* "512M", " 20000 k ": a number and a unit of B, K, M, G or T, K where there is none. 0: it is not so. */
static size_t read_size(const char *text) {
  static const char units[] = "BKMGT";
  while (isspace((unsigned char)*text)) text++;
  if (!isdigit((unsigned char)*text)) return 0;
  char *end;
  unsigned long long number = strtoull(text, &end, 10);
  while (isspace((unsigned char)*end)) end++;
  const char *unit = *end ? strchr(units, toupper((unsigned char)*end)) : units + 1;
  if (*end) end++;
  while (isspace((unsigned char)*end)) end++;
  if (!unit || *end) return 0;
  int shift = 10 * (int)(unit - units);
  return number > SIZE_MAX >> shift ? SIZE_MAX : (size_t)number << shift;
}

/* The largest that any of the variables asks for, since which of them counts differs between runtimes; 0: the
 * system's own size. */
static size_t stack_size(void) {
  static const char *const names[] = {"OMP_STACKSIZE", "GOMP_STACKSIZE", "KMP_STACKSIZE"};
  size_t most = 0;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const char *text = getenv(names[i]);
    size_t size = text ? read_size(text) : 0;
    if (size > most) most = size;
  }
  return most;
}

/* A size that the system does not take is none: OpenMP leaves it at that too. */
static int make_threads(pthread_t *threads, int wanted, gate *g) {
  pthread_attr_t attributes;
  int made = 0;
  size_t size = stack_size();
  if (pthread_attr_init(&attributes) != 0) return 0;
  if (size) (void)!pthread_attr_setstacksize(&attributes, size);
  while (made < wanted && pthread_create(&threads[made], &attributes, pass, g) == 0) {
    made++;
    while (g->arrived < made) pthread_cond_wait(&g->changed, &g->mutex);
  }
  pthread_attr_destroy(&attributes);
  return made;
}

static int count_threads(og_context *context, int wanted) {
  gate g = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
  pthread_t *threads = og_alloc(context, (size_t)wanted, sizeof *threads);
  if (!threads) return 0;
  pthread_mutex_lock(&g.mutex);
  int made = make_threads(threads, wanted, &g);
  g.open = 1;
  pthread_cond_broadcast(&g.changed);
  pthread_mutex_unlock(&g.mutex);
  for (int i = 0; i < made; i++) pthread_join(threads[i], NULL);
  og_free(context, threads);
  return made;
}

/* One more is tried than is used, and where they are too many a quarter of them is not used: the room of
 * their stacks is for what the others do. What was too much stays so, since another attempt would find those
 * that OpenMP has already in its way. */
int og_threads_there(og_context *context, int wanted) {
  og_threads *known = og_threads_of(context);
  if (wanted <= 1 || wanted <= known->most) return wanted;
  if (known->limited) return known->most;
  int made = count_threads(context, wanted), there = made < wanted ? made - made / 4 : wanted;
  if (there < 1) there = 1;
  known->most = there;
  known->limited = there < wanted;
  if (known->limited)
    og_log(context, "note: there is no room for %d threads, but for %d; results do not depend on it", wanted,
           there);
  return there;
}

/* ---- Files ---- */

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

/* ---- Time ---- */

double og_seconds(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (double)at.tv_sec + 1e-9 * (double)at.tv_nsec;
}
