/* Whether threads can be made, found out by making them, with stacks of the size that OpenMP's will have. */
#include <ctype.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

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
