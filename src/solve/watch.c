#include "solve/watch.h"

#include <string.h>

/* Equidistant places, and one close to each end, which shows the slope there: a guard that dips between an
 * end and its neighbour is seen. */
static void set_places(og_watch *watch, int samples) {
  watch->place[0] = 0;
  watch->place[1] = 0.01 / samples;
  for (int i = 1; i < samples; i++) watch->place[i + 1] = (double)i / samples;
  watch->place[samples + 1] = 1 - 0.01 / samples;
  watch->place[samples + 2] = 1;
}

/* Arrays side by side in one allocation. */
typedef struct part {
  double **array;
  size_t count;
} part;

enum { PARTS = 13 };

/* Those of a watch; the last two hold og_watched. */
static void list_parts(const og_solve *solve, int lanes, og_watch *watch, double *marks[2],
                       part parts[PARTS]) {
  size_t guards = og_guards(solve), width = (size_t)lanes, n = solve->n, p = solve->p;
  size_t points = (size_t)solve->limits.event_samples + 3;
  size_t each = (guards * sizeof(og_watched) + sizeof(double) - 1) / sizeof(double);
  const part all[PARTS] = {{&watch->place, points},
                           {&watch->x, n * width},
                           {&watch->theta, p * width},
                           {&watch->g, points * OG_PADDED(guards * width)},
                           {&watch->work, og_guard_work(solve, lanes)},
                           {&watch->one_x, n},
                           {&watch->one_theta, p},
                           {&watch->one_g, guards},
                           {&watch->before, guards},
                           {&watch->g_x, n},
                           {&watch->g_theta, p},
                           {&marks[0], each * width},
                           {&marks[1], each}};
  watch->guards = guards;
  watch->lanes = lanes;
  watch->points = (int)points;
  memcpy(parts, all, sizeof all);
}

static size_t sum_of(const part parts[PARTS]) {
  size_t sum = 0;
  for (int i = 0; i < PARTS; i++) sum += OG_PADDED(parts[i].count);
  return sum;
}

size_t og_watch_bytes(const og_solve *solve, int lanes) {
  og_watch watch;
  double *marks[2];
  part parts[PARTS];
  if (og_guards(solve) == 0) return 0;
  list_parts(solve, lanes, &watch, marks, parts);
  return sizeof watch + sum_of(parts) * sizeof(double);
}

og_status og_watch_create(const og_solve *solve, int lanes, og_watch **out) {
  double *marks[2], *next;
  part parts[PARTS];
  *out = NULL;
  if (og_guards(solve) == 0) return OG_OK;
  og_watch *watch = og_alloc(solve->context, 1, sizeof *watch);
  if (!watch) return OG_ERR_MEMORY;
  *out = watch;
  list_parts(solve, lanes, watch, marks, parts);
  watch->memory = next = og_alloc(solve->context, sum_of(parts), sizeof *next);
  if (!next) return OG_ERR_MEMORY;
  for (int i = 0; i < PARTS; next += OG_PADDED(parts[i++].count)) *parts[i].array = next;
  watch->watched = (og_watched *)(void *)marks[0];
  watch->next = (og_watched *)(void *)marks[1];
  set_places(watch, watch->points - 3);
  return OG_OK;
}

void og_watch_begin(og_watch *watch, int lane) {
  for (size_t k = 0; k < watch->guards; k++)
    watch->watched[k * (size_t)watch->lanes + (size_t)lane] = (og_watched){0};
  watch->occurrences[lane] = watch->stalled[lane] = 0;
}

void og_watch_destroy(og_context *context, og_watch *watch) {
  if (!watch) return;
  og_free(context, watch->memory);
  og_free(context, watch);
}
