/* To be loaded into a program by LD_PRELOAD: the allocation whose number is in FAIL_AT finds no memory,
 * counted from the start of main, with every thread's and every library's among them. At the end the number
 * of allocations is written into the file COUNT_INTO. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);

static atomic_long calls;
static long fail_at = -1;
static int counting;

static int fails(void) {
  if (!counting || ++calls != fail_at) return 0;
  errno = ENOMEM;
  return 1;
}

void *malloc(size_t size) { return fails() ? NULL : __libc_malloc(size); }
void *calloc(size_t count, size_t size) { return fails() ? NULL : __libc_calloc(count, size); }
void *realloc(void *memory, size_t size) { return fails() ? NULL : __libc_realloc(memory, size); }

__attribute__((constructor)) static void begin(void) {
  const char *text = getenv("FAIL_AT");
  if (text) fail_at = atol(text);
  counting = 1;
}

__attribute__((destructor)) static void end(void) {
  const char *path = getenv("COUNT_INTO");
  counting = 0;
  FILE *file = path ? fopen(path, "w") : NULL;
  if (!file) return;
  fprintf(file, "%ld\n", (long)calls);
  fclose(file);
}
