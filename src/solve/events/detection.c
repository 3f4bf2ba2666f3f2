#include "solve/events/detection.h"

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

/* Those of a detection; what the last ones hold are no doubles. */
static void list_parts(const og_solve *solve, int lanes, og_detection *detection, double *marks[MARKS],
                       part parts[PARTS]) {
  size_t guards = og_guards(solve), width = (size_t)lanes, n = solve->n, p = solve->p;
  size_t block = OG_PADDED(guards * width);
  size_t pieces = ((size_t)solve->limits.event_samples + OG_PIECE_PARTS - 1) / OG_PIECE_PARTS;
  const part all[PARTS] = {{&detection->x, n * width},
                           {&detection->theta, p * width},
                           {&detection->g, (pieces * OG_PIECE_LAST + 1) * block},
                           {&detection->fine, OG_PIECE_POINTS * OG_PADDED(guards)},
                           {&detection->curve, (size_t)solve->stepper.interpolant_degree * n},
                           {&detection->blurred, guards},
                           {&detection->misses, guards},
                           {&detection->limit_g, guards},
                           {&detection->work, og_guard_work(solve, lanes)},
                           {&detection->one_x, n},
                           {&detection->one_theta, p},
                           {&detection->one_g, guards},
                           {&detection->before, guards},
                           {&detection->after, guards},
                           {&detection->earlier, guards},
                           {&detection->later, guards},
                           {&detection->noise, guards},
                           {&detection->near, 2 * OG_PADDED(guards)},
                           {&detection->g_x, n},
                           {&detection->g_theta, p},
                           {&marks[0], room_for(guards * width * sizeof(og_watched_guard))},
                           {&marks[1], room_for(guards * sizeof(og_watched_guard))},
                           {&marks[2], room_for(guards * sizeof(og_crossing))},
                           {&marks[3], room_for(guards * sizeof(size_t))},
                           {&marks[4], room_for(pieces * block)},
                           {&marks[5], room_for(OG_PADDED(guards))}};
  detection->guards = guards;
  detection->lanes = lanes;
  detection->pieces = (int)pieces;
  memcpy(parts, all, sizeof all);
}

static size_t sum_of(const part parts[PARTS]) {
  size_t sum = 0;
  for (int i = 0; i < PARTS; i++) sum += OG_PADDED(parts[i].count);
  return sum;
}

size_t og_detection_bytes(const og_solve *solve, int lanes) {
  og_detection detection;
  double *marks[MARKS];
  part parts[PARTS];
  if (og_guards(solve) == 0) return 0;
  list_parts(solve, lanes, &detection, marks, parts);
  return sizeof detection + sum_of(parts) * sizeof(double);
}

og_status og_detection_create(const og_solve *solve, int lanes, og_detection **out) {
  double *marks[MARKS], *next;
  part parts[PARTS];
  *out = NULL;
  if (og_guards(solve) == 0) return OG_OK;
  og_detection *detection = og_alloc(solve->context, 1, sizeof *detection);
  if (!detection) return OG_ERR_MEMORY;
  *out = detection;
  list_parts(solve, lanes, detection, marks, parts);
  detection->memory = next = og_alloc(solve->context, sum_of(parts), sizeof *next);
  if (!next) return OG_ERR_MEMORY;
  for (int i = 0; i < PARTS; next += OG_PADDED(parts[i++].count)) *parts[i].array = next;
  detection->watched = (og_watched_guard *)(void *)marks[0];
  detection->next = (og_watched_guard *)(void *)marks[1];
  detection->found = (og_crossing *)(void *)marks[2];
  detection->near_ones = (size_t *)(void *)marks[3];
  detection->far = (signed char *)marks[4];
  detection->fine_far = (signed char *)marks[5];
  og_piece_test_set(&detection->test);
  return OG_OK;
}

void og_detection_begin(og_detection *detection, int lane) {
  for (size_t k = 0; k < detection->guards; k++)
    detection->watched[k * (size_t)detection->lanes + (size_t)lane] = (og_watched_guard){0};
  detection->occurrences[lane] = detection->stalled[lane] = 0;
  detection->reach[lane] = INFINITY;
  detection->blur[lane] = 0;
}

void og_detection_destroy(og_context *context, og_detection *detection) {
  if (!detection) return;
  og_free(context, detection->memory);
  og_free(context, detection);
}

og_piece og_detection_piece(const og_detection *detection, int piece, int lane) {
  size_t block = OG_PADDED(detection->guards * (size_t)detection->lanes);
  return (og_piece){.low = (double)piece / detection->pieces,
                    .high = (double)(piece + 1) / detection->pieces,
                    .g = detection->g + (size_t)piece * OG_PIECE_LAST * block + (size_t)lane,
                    .point = block,
                    .guard = (size_t)detection->lanes,
                    .far = detection->far + (size_t)piece * block + (size_t)lane};
}
