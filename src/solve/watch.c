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

og_status og_watch_create(const og_solve *solve, int lanes, og_watch **out) {
  size_t guards = og_guards(solve), width = (size_t)lanes, n = solve->n, p = solve->p;
  size_t points = (size_t)solve->limits.event_samples + 3, work = og_guard_work(solve, lanes);
  size_t counts[] = {points,
                     n * width,
                     p * width,
                     points * OG_PADDED(guards * width),
                     work,
                     n,
                     p,
                     guards,
                     guards,
                     n,
                     p,
                     guards * width * sizeof(og_watched) / sizeof(double) + 1,
                     guards * sizeof(og_watched) / sizeof(double) + 1};
  enum { ARRAYS = sizeof counts / sizeof *counts };
  size_t all = 0;
  *out = NULL;
  if (guards == 0) return OG_OK;
  og_watch *watch = og_alloc(solve->context, 1, sizeof *watch);
  if (!watch) return OG_ERR_MEMORY;
  *out = watch;
  for (int i = 0; i < ARRAYS; i++) all += OG_PADDED(counts[i]);
  double *next = watch->memory = og_alloc(solve->context, all, sizeof *next);
  if (!next) return OG_ERR_MEMORY;
  double *arrays[ARRAYS];
  for (int i = 0; i < ARRAYS; next += OG_PADDED(counts[i++])) arrays[i] = next;
  *watch = (og_watch){.guards = guards,
                      .lanes = lanes,
                      .points = (int)points,
                      .place = arrays[0],
                      .x = arrays[1],
                      .theta = arrays[2],
                      .g = arrays[3],
                      .work = arrays[4],
                      .one_x = arrays[5],
                      .one_theta = arrays[6],
                      .one_g = arrays[7],
                      .before = arrays[8],
                      .g_x = arrays[9],
                      .g_theta = arrays[10],
                      .watched = (og_watched *)(void *)arrays[11],
                      .next = (og_watched *)(void *)arrays[12],
                      .memory = watch->memory};
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
