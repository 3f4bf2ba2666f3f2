#include "solve/watch.h"

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

static double *take_parts(og_context *context, const part *parts, int count) {
  size_t all = 0;
  for (int i = 0; i < count; i++) all += OG_PADDED(parts[i].count);
  double *memory = og_alloc(context, all, sizeof *memory), *next = memory;
  for (int i = 0; memory && i < count; next += OG_PADDED(parts[i++].count)) *parts[i].array = next;
  return memory;
}

og_status og_watch_create(const og_solve *solve, int lanes, og_watch **out) {
  size_t guards = og_guards(solve), width = (size_t)lanes, n = solve->n, p = solve->p;
  size_t points = (size_t)solve->limits.event_samples + 3;
  size_t marks = (guards * sizeof(og_watched) + sizeof(double) - 1) / sizeof(double);
  double *watched = NULL, *next = NULL;
  *out = NULL;
  if (guards == 0) return OG_OK;
  og_watch *watch = og_alloc(solve->context, 1, sizeof *watch);
  if (!watch) return OG_ERR_MEMORY;
  *out = watch;
  const part parts[] = {{&watch->place, points},
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
                        {&watched, marks * width},
                        {&next, marks}};
  watch->memory = take_parts(solve->context, parts, sizeof parts / sizeof *parts);
  if (!watch->memory) return OG_ERR_MEMORY;
  watch->guards = guards;
  watch->lanes = lanes;
  watch->points = (int)points;
  watch->watched = (og_watched *)(void *)watched;
  watch->next = (og_watched *)(void *)next;
  set_places(watch, (int)points - 3);
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
