/* A search that ends at the edge of a distribution's domain: the loss falls as a rate, a scale or a
 * probability goes to where it may not be, and has no value behind it. No gradient vanishes there, and
 * nothing else names it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fit/search.h"

/* Of what a parameter was at the start of the fit: so near to the edge it has come. And how many are tried.
 */
static const double NEAR = 1e-9;
enum { TRIED_MOST = 64 };

/* Whether so small a step along one parameter leads out of the domain; search->objective->outside says whose.
 */
static int leads_out(og_search *search, size_t i, double step) {
  double loss = INFINITY;
  memcpy(search->trial, search->best, search->p * sizeof *search->trial);
  search->trial[i] += step;
  og_search_clip(search, search->trial);
  if (search->trial[i] == search->best[i]) return 0;
  search->objective->outside = (og_outside){0};
  og_status status = og_search_try(search, search->trial, &loss, NULL);
  return status == OG_ERR_NOT_FINITE && search->objective->outside.argument;
}

static int is_at_edge(og_search *search, size_t i) {
  double step = NEAR * fmax(fabs(search->origin[i]), search->scale[i]);
  return leads_out(search, i, -step) || leads_out(search, i, step);
}

static void say(og_search *search, size_t i) {
  const og_outside *edge = &search->objective->outside;
  char name[OG_ENTRY_NAME_SIZE];
  og_objective_entry_name(search->objective, i, name);
  snprintf(search->reason, OG_REASON_SIZE,
           "%sthe fit has come to the edge of what %s of %s (column %.60s) may be, %s: %s leads there, and "
           "behind it the loss has no value; bound it (`param %s = ... in [low, high]`), fix it, or ask "
           "whether the data determine it",
           search->stalled ? "not converged: " : "the limit of iterations was reached: ", edge->argument,
           edge->distribution, edge->column, edge->domain, name, name);
}

int og_edge_look(og_search *search) {
  size_t most = search->p < TRIED_MOST ? search->p : TRIED_MOST;
  search->at_edge = 0;
  for (size_t i = 0; i < most && search->fatal == OG_OK && !search->at_edge; i++)
    if (is_at_edge(search, i)) say(search, i), search->at_edge = 1;
  return search->at_edge;
}
