/* Events that never happened: most often because their guard is beyond zero from the start, or a column of
 * the data never brings it there. A gradient then knows nothing of them. */
#include "solve/idle.h"

#include <stdio.h>
#include <string.h>

#include "solve/solve.h"

enum { SHOWN = 5 };

/* Adds 1 to each event that did not happen in a trajectory; `seen` has room for a mark of each. */
static void count_missing(const og_solve *solve, const og_trajectory *at, size_t *missing,
                          unsigned char *seen) {
  size_t events = solve->field->events;
  memset(seen, 0, events);
  for (size_t s = 0; s < at->path.count; s++)
    if (at->path.segments[s].event < events) seen[at->path.segments[s].event] = 1;
  for (size_t k = 0; k < events; k++) missing[k] += !seen[k];
}

static void tell(const og_solve *solve, size_t event, size_t missing) {
  const char *name = solve->field->event[event].name;
  char number[32], where[64] = "";
  snprintf(number, sizeof number, "%zu", event);
  if (solve->count > 1) snprintf(where, sizeof where, " in %zu of %zu trajectories", missing, solve->count);
  og_log(solve->context, "note: event %s%s%s never happened%s", name ? "'" : "", name ? name : number,
         name ? "'" : "", where);
}

static void tell_all(const og_solve *solve, const size_t *missing) {
  size_t told = 0, more = 0;
  for (size_t k = 0; k < solve->field->events; k++) {
    if (!missing[k]) continue;
    if (told < SHOWN)
      tell(solve, k, missing[k]), told++;
    else
      more++;
  }
  if (more) og_log(solve->context, "note: nor did %zu other events", more);
}

void og_idle_tell(const og_solve *solve) {
  og_told *told = solve->told;
  size_t events = solve->field->events;
  if (solve->role || solve->part || told->held || told->idle || events == 0) return;
  told->idle = 1;
  size_t *missing = og_alloc(solve->context, events, sizeof *missing);
  unsigned char *seen = og_alloc(solve->context, events, 1);
  for (size_t m = 0; missing && seen && m < solve->count; m++)
    count_missing(solve, &solve->trajectories[m], missing, seen);
  if (missing && seen) tell_all(solve, missing); /* a note is not worth a failure */
  og_free(solve->context, missing);
  og_free(solve->context, seen);
}
