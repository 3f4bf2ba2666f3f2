/* The words about states that stay below what their absolute tolerance can see. */
#include <math.h>
#include <stdio.h>

#include "field/states.h"
#include "solve/tolerances.h"

/* The first run, the second, the fourth, and so on, until it is told. */
int og_faint_begin(og_solve *solve) {
  og_told *told = solve->told;
  int fixed = og_options_integer(solve->options, OG_OPT_STEPS) > 0;
  if (!solve->largest || solve->role || told->held || told->faint || fixed) return 0;
  told->runs++;
  if (told->runs & (told->runs - 1)) return 0;
  for (size_t i = 0; i < solve->n; i++) atomic_store(&solve->largest[i], 0);
  return 1;
}

static int is_faint(const og_solve *solve, size_t row) {
  double size = atomic_load(&solve->largest[row]);
  return size > 0 && !(solve->norm && solve->norm[row] == 0) &&
         size < og_faint_limit(solve) * og_atol_of(solve, row);
}

enum { SHOWN = 4 };

/* "x (at most 3e-12), y (at most 1e-13) and 7 others" */
size_t og_faint_list(const og_solve *solve, char names[OG_FAINT_NAMES]) {
  char text[OG_ROW_NAME_SIZE];
  size_t used = 0, shown = 0, count = 0;
  names[0] = '\0';
  for (size_t i = 0; i < solve->n; i++) {
    if (!is_faint(solve, i) || count++ >= SHOWN) continue;
    used +=
        (size_t)snprintf(names + used, OG_FAINT_NAMES - used, "%s%.64s (at most %.2g)", shown++ ? ", " : "",
                         og_row_name(solve->source, i, text), atomic_load(&solve->largest[i]));
  }
  if (count > shown)
    snprintf(names + used, OG_FAINT_NAMES - used, " and %zu other%s", count - shown,
             count > shown + 1 ? "s" : "");
  return count;
}

/* An atol that sees what is left of a state when rtol of it is. */
static double enough(const og_solve *solve, size_t row) {
  double share = fmin(fmax(solve->limits.rtol, 1e-12), 1e-4);
  return pow(10, floor(log10(share * atomic_load(&solve->largest[row]))));
}

int og_faint_tell(const og_solve *solve) {
  char names[OG_FAINT_NAMES], text[OG_ROW_NAME_SIZE], own[OG_ROW_NAME_SIZE + 1] = "";
  size_t first = 0;
  if (!og_faint_list(solve, names)) return 0;
  while (!is_faint(solve, first)) first++;
  if (first < solve->states && solve->source->named)
    snprintf(own, sizeof own, "%.64s=", og_row_name(solve->source, first, text));
  og_log(solve->context,
         "warning: %s: within a thousand times atol = %g, so that few digits of it are known, or none; try: "
         "atol %s%.0e, or other units",
         names, og_atol_of(solve, first), own, enough(solve, first));
  return 1;
}
