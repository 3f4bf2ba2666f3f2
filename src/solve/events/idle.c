/* Events that never happened: most often because their guard is beyond zero from the start, or a column of
 * the data never brings it there. A gradient then knows nothing of them. */
#include "solve/events/idle.h"

#include <stdio.h>

#include "solve/events/lost.h"
#include "solve/solve.h"

enum { SHOWN = 5 };

static int happened(const og_trajectory *at, size_t event) {
  for (size_t s = 0; s < at->path.count; s++)
    if (at->path.segments[s].event == event) return 1;
  return 0;
}

/* In how many trajectories the event did not happen. No memory is asked for: a note is worth no failure. */
static size_t count_missing(const og_solve *solve, size_t event) {
  size_t missing = 0;
  for (size_t m = 0; m < solve->count; m++) missing += !happened(&solve->trajectories[m], event);
  return missing;
}

static void tell(const og_solve *solve, size_t event, size_t missing) {
  const char *name = solve->field->event[event].name;
  char number[32], where[64] = "";
  snprintf(number, sizeof number, "%zu", event);
  if (solve->count > 1) snprintf(where, sizeof where, " in %zu of %zu trajectories", missing, solve->count);
  og_log(solve->context, "note: event %s%s%s never happened%s", name ? "'" : "", name ? name : number,
         name ? "'" : "", where);
}

og_status og_idle_tell(const og_solve *solve) {
  og_told *told = solve->told;
  size_t events = solve->field->events, shown = 0, more = 0;
  if (solve->role || solve->part || told->held || told->idle || events == 0) return OG_OK;
  told->idle = 1;
  for (size_t k = 0; k < events; k++) {
    size_t missing = count_missing(solve, k);
    if (missing && shown < SHOWN)
      tell(solve, k, missing), shown++;
    else
      more += missing > 0;
  }
  if (more) og_log(solve->context, "note: nor did %zu other events", more);
  return og_lost_tell(solve);
}
