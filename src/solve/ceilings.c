#include <math.h>
#include <string.h>

#include "solve/ceilings.h"

/* Ceilings that differ by less are one. */
static const double ALIKE = 1.3;

og_status og_ceilings_reserve(og_context *context, og_ceilings *c, size_t capacity) {
  if (c->capacity >= capacity) return OG_OK;
  og_ceiling *runs = og_alloc(context, capacity, sizeof *runs);
  if (!runs) return OG_ERR_MEMORY;
  if (c->count) memcpy(runs, c->runs, c->count * sizeof *runs);
  og_free(context, c->runs);
  c->runs = runs;
  c->capacity = capacity;
  return OG_OK;
}

void og_ceilings_free(og_context *context, og_ceilings *c) {
  og_free(context, c->runs);
  *c = (og_ceilings){0};
}

static void join(og_ceiling *run, double from, double lowest, double highest) {
  run->from = from;
  run->width = fmin(run->width, lowest);
  run->highest = fmax(run->highest, highest);
}

/* Neighbours become one, two by two. */
static void halve(og_ceilings *c) {
  size_t half = 0;
  for (size_t i = 0; i < c->count; i += 2, half++) {
    c->runs[half] = c->runs[i];
    if (i + 1 < c->count)
      join(&c->runs[half], c->runs[i + 1].from, c->runs[i + 1].width, c->runs[i + 1].highest);
  }
  c->count = half;
}

static int is_alike(const og_ceiling *run, double width) {
  double lowest = fmin(run->width, width), highest = fmax(run->highest, width);
  return highest <= ALIKE * lowest || (isinf(lowest) && isinf(highest));
}

void og_ceilings_push(og_ceilings *c, double from, double width) {
  if (c->count && is_alike(&c->runs[c->count - 1], width)) {
    join(&c->runs[c->count - 1], from, width, width);
    return;
  }
  if (c->count == c->capacity) halve(c);
  c->runs[c->count++] = (og_ceiling){from, width, width};
}

void og_ceilings_turn(og_ceilings *c) {
  for (size_t i = 0; i < c->count / 2; i++) {
    og_ceiling run = c->runs[i];
    c->runs[i] = c->runs[c->count - 1 - i];
    c->runs[c->count - 1 - i] = run;
  }
}

/* The run that holds s. */
static size_t find(const og_ceilings *c, double s, size_t hint) {
  size_t i = hint < c->count ? hint : c->count - 1;
  while (i + 1 < c->count && c->runs[i + 1].from <= s) i++;
  while (i > 0 && c->runs[i].from > s) i--;
  return i;
}

/* Bisection, as it is asked in no order. */
static size_t find_any(const og_ceilings *c, double s) {
  size_t low = 0, high = c->count;
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    if (c->runs[middle].from <= s)
      low = middle;
    else
      high = middle;
  }
  return low;
}

double og_ceilings_least(const og_ceilings *c, double from, double to) {
  double least = INFINITY;
  if (!c->count) return least;
  for (size_t i = find_any(c, from); i < c->count && (c->runs[i].from <= to || i == 0); i++)
    least = fmin(least, c->runs[i].width);
  return least;
}

double og_ceilings_allow(const og_ceilings *c, double s, size_t *hint) {
  if (!c->count) return INFINITY;
  size_t at = *hint = find(c, s, *hint);
  double width = c->runs[at].width;
  for (size_t i = at; i > 0 && s - c->runs[i].from < width; i--)
    width = fmin(width, s - c->runs[i].from + 2 * c->runs[i - 1].width);
  for (size_t i = at + 1; i < c->count && c->runs[i].from - s < width; i++)
    width = fmin(width, fmax(c->runs[i].from - s, 0) + c->runs[i].width);
  return width;
}

void og_pacing_extend(og_pacing *pacing) {
  og_ceilings *lists[] = {&pacing->next_stable, &pacing->next_resolved, &pacing->next_cut};
  og_ceilings *stable = &pacing->next_stable; /* of the last steps it may be that nothing could be told */
  while (stable->count > 1 && isinf(stable->runs[stable->count - 1].width)) stable->count--;
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
    if (lists[i]->count) lists[i]->runs[lists[i]->count - 1].from = 0;
}

/* Exactly as many runs as there are. */
static og_status shrink(og_context *context, og_ceilings *c) {
  if (c->count == c->capacity || !c->capacity) return OG_OK;
  og_ceiling *runs = c->count ? og_alloc(context, c->count, sizeof *runs) : NULL;
  if (c->count && !runs) return OG_ERR_MEMORY;
  if (runs) memcpy(runs, c->runs, c->count * sizeof *runs);
  og_free(context, c->runs);
  c->runs = runs;
  c->capacity = c->count;
  return OG_OK;
}

og_status og_pacing_close(og_context *context, og_pacing *pacing) {
  og_ceilings *lists[] = {&pacing->next_stable, &pacing->next_resolved, &pacing->next_cut};
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) og_ceilings_free(context, lists[i]);
  OG_TRY(shrink(context, &pacing->stable));
  return shrink(context, &pacing->resolved);
}

void og_pacing_free(og_context *context, og_pacing **pacing) {
  if (!*pacing) return;
  og_ceilings *lists[] = {&(*pacing)->stable, &(*pacing)->resolved, &(*pacing)->next_stable,
                          &(*pacing)->next_resolved, &(*pacing)->next_cut};
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) og_ceilings_free(context, lists[i]);
  og_free(context, *pacing);
  *pacing = NULL;
}

static og_status copy_list(og_context *context, const og_ceilings *from, og_ceilings *to) {
  if (!from->count) return OG_OK;
  OG_TRY(og_ceilings_reserve(context, to, from->count));
  memcpy(to->runs, from->runs, from->count * sizeof *to->runs);
  to->count = from->count;
  return OG_OK;
}

og_status og_pacing_copy(og_context *context, const og_pacing *from, og_pacing **to) {
  *to = og_alloc(context, 1, sizeof **to);
  if (!*to) return OG_ERR_MEMORY;
  OG_TRY(copy_list(context, &from->stable, &(*to)->stable));
  return copy_list(context, &from->resolved, &(*to)->resolved);
}

size_t og_pacing_bytes(const og_pacing *pacing) {
  return (pacing->stable.capacity + pacing->resolved.capacity + pacing->next_stable.capacity +
          pacing->next_resolved.capacity + pacing->next_cut.capacity) *
         sizeof(og_ceiling);
}

/* ---- Rests and drops ---- */

double og_rest_error(double exponent) { return fmin(OG_REST_ERROR, pow(OG_REST_GROWTH, -1 / exponent)); }

static size_t gap(const og_rests *rests, int i) { return rests->run[i + 1].first - rests->run[i].stop; }

static void join_nearest(og_rests *rests) {
  int nearest = 0;
  for (int i = 1; i + 1 < rests->count; i++)
    if (gap(rests, i) < gap(rests, nearest)) nearest = i;
  rests->run[nearest].stop = rests->run[nearest + 1].stop;
  rests->count--;
  for (int i = nearest + 1; i < rests->count; i++) rests->run[i] = rests->run[i + 1];
}

static void add(og_rests *rests, size_t index) {
  int last = rests->count - 1;
  if (last >= 0 && rests->run[last].stop == index) {
    rests->run[last].stop++;
    return;
  }
  if (rests->count == OG_RESTS) join_nearest(rests);
  rests->run[rests->count].first = index;
  rests->run[rests->count++].stop = index + 1;
}

void og_rests_add(og_rests *rests, size_t first, size_t index) {
  size_t there = rests->count ? rests->run[rests->count - 1].stop : 0;
  for (size_t i = first > there ? first : there; i <= index; i++) add(rests, i);
}

size_t og_rests_before(const og_rests *rests, size_t index) {
  for (int i = rests->count - 1; i >= 0; i--) {
    if (rests->run[i].first >= index) continue;
    return rests->run[i].stop < index ? rests->run[i].stop - 1 : index - 1;
  }
  return (size_t)-1;
}

int og_rests_has(const og_rests *rests, size_t index) { return og_rests_before(rests, index + 1) == index; }
