/* Whether threads can be made, found out by making them. */
#include <pthread.h>

#include "base/base.h"

typedef struct gate {
  pthread_mutex_t mutex;
} gate;

/* All must be there at the same time: each waits until the last one has been made. */
static void *pass(void *of) {
  gate *g = of;
  pthread_mutex_lock(&g->mutex);
  pthread_mutex_unlock(&g->mutex);
  return NULL;
}

static int count_threads(og_context *context, int wanted) {
  gate g = {.mutex = PTHREAD_MUTEX_INITIALIZER};
  pthread_t *threads = og_alloc(context, (size_t)wanted, sizeof *threads);
  int made = 0;
  if (!threads) return 0;
  pthread_mutex_lock(&g.mutex);
  while (made < wanted && pthread_create(&threads[made], NULL, pass, &g) == 0) made++;
  pthread_mutex_unlock(&g.mutex);
  for (int i = 0; i < made; i++) pthread_join(threads[i], NULL);
  og_free(context, threads);
  return made;
}

int og_threads_there(og_context *context, int wanted) {
  int *known = og_threads_known(context);
  if (wanted <= 1 || wanted <= *known) return wanted;
  int there = 1 + count_threads(context, wanted - 1);
  if (there < wanted)
    og_log(context, "note: %d threads could not be made, but %d; results do not depend on it", wanted, there);
  if (there > *known) *known = there;
  return there;
}
