#include "solve/watch.h"

#include <math.h>
#include <string.h>

/* Arrays side by side in one allocation. */
typedef struct part {
  double **array;
  size_t count;
} part;

enum { PARTS = 26, MARKS = 6 };

/* Doubles that have room for so many bytes. */
static size_t room_for(size_t bytes) { return (bytes + sizeof(double) - 1) / sizeof(double); }

/* Those of a watch; what the last ones hold are no doubles. */
static void list_parts(const og_solve *solve, int lanes, og_watch *watch, double *marks[MARKS],
                       part parts[PARTS]) {
  size_t guards = og_guards(solve), width = (size_t)lanes, n = solve->n, p = solve->p;
  size_t block = OG_PADDED(guards * width);
  size_t pieces = ((size_t)solve->limits.event_samples + OG_PIECE_PARTS - 1) / OG_PIECE_PARTS;
  const part all[PARTS] = {{&watch->x, n * width},
                           {&watch->theta, p * width},
                           {&watch->g, (pieces * OG_PIECE_LAST + 1) * block},
                           {&watch->fine, OG_PIECE_POINTS * OG_PADDED(guards)},
                           {&watch->curve, (size_t)solve->tableau->interpolant_degree * n},
                           {&watch->blurred, guards},
                           {&watch->misses, guards},
                           {&watch->limit_g, guards},
                           {&watch->work, og_guard_work(solve, lanes)},
                           {&watch->one_x, n},
                           {&watch->one_theta, p},
                           {&watch->one_g, guards},
                           {&watch->before, guards},
                           {&watch->after, guards},
                           {&watch->earlier, guards},
                           {&watch->later, guards},
                           {&watch->noise, guards},
                           {&watch->near, 2 * OG_PADDED(guards)},
                           {&watch->g_x, n},
                           {&watch->g_theta, p},
                           {&marks[0], room_for(guards * width * sizeof(og_watched))},
                           {&marks[1], room_for(guards * sizeof(og_watched))},
                           {&marks[2], room_for(guards * sizeof(og_crossing))},
                           {&marks[3], room_for(guards * sizeof(size_t))},
                           {&marks[4], room_for(pieces * block)},
                           {&marks[5], room_for(OG_PADDED(guards))}};
  watch->guards = guards;
  watch->lanes = lanes;
  watch->pieces = (int)pieces;
  memcpy(parts, all, sizeof all);
}

static size_t sum_of(const part parts[PARTS]) {
  size_t sum = 0;
  for (int i = 0; i < PARTS; i++) sum += OG_PADDED(parts[i].count);
  return sum;
}

size_t og_watch_bytes(const og_solve *solve, int lanes) {
  og_watch watch;
  double *marks[MARKS];
  part parts[PARTS];
  if (og_guards(solve) == 0) return 0;
  list_parts(solve, lanes, &watch, marks, parts);
  return sizeof watch + sum_of(parts) * sizeof(double);
}

og_status og_watch_create(const og_solve *solve, int lanes, og_watch **out) {
  double *marks[MARKS], *next;
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
  watch->found = (og_crossing *)(void *)marks[2];
  watch->near_ones = (size_t *)(void *)marks[3];
  watch->far = (signed char *)marks[4];
  watch->fine_far = (signed char *)marks[5];
  og_piece_test_set(&watch->test);
  return OG_OK;
}

void og_watch_begin(og_watch *watch, int lane) {
  for (size_t k = 0; k < watch->guards; k++)
    watch->watched[k * (size_t)watch->lanes + (size_t)lane] = (og_watched){0};
  watch->occurrences[lane] = watch->stalled[lane] = 0;
  watch->reach[lane] = INFINITY;
  watch->blur[lane] = 0;
}

void og_watch_destroy(og_context *context, og_watch *watch) {
  if (!watch) return;
  og_free(context, watch->memory);
  og_free(context, watch);
}

og_piece og_watch_piece(const og_watch *watch, int piece, int lane) {
  size_t block = OG_PADDED(watch->guards * (size_t)watch->lanes);
  return (og_piece){.low = (double)piece / watch->pieces,
                    .high = (double)(piece + 1) / watch->pieces,
                    .g = watch->g + (size_t)piece * OG_PIECE_LAST * block + (size_t)lane,
                    .point = block,
                    .guard = (size_t)watch->lanes,
                    .far = watch->far + (size_t)piece * block + (size_t)lane};
}
