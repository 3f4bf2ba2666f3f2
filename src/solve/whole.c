/* Settings and results of all trajectories at once, as whole arrays: what the calls for single trajectories
 * do, for each of them. */
#include <math.h>
#include <string.h>

#include "solve/solve.h"

og_status og_solve_set_initial_states(og_solve *solve, const double *x0) {
  OG_OBJECT(solve);
  OG_NEED(solve->context, x0);
  OG_TRY(og_check_rounded(solve, "the array of initial states", x0, solve->count * solve->states));
  og_solve_touch(solve);
  memcpy(solve->x0, x0, solve->count * solve->states * sizeof *x0);
  for (size_t m = 0; m < solve->count; m++) solve->x0_given[m] = 1;
  return OG_OK;
}

og_status og_solve_set_parameter_rows(og_solve *solve, const double *theta) {
  OG_OBJECT(solve);
  size_t p = solve->parameters;
  OG_NEED_IF(solve->context, p, theta);
  OG_TRY(og_check_rounded(solve, "the array of parameters", theta, solve->count * p));
  for (size_t m = 0; m < solve->count; m++)
    OG_TRY(og_solve_set_parameters(solve, m, p ? theta + m * p : NULL));
  return OG_OK;
}

size_t og_solve_trajectories(const og_solve *solve) { return solve ? solve->count : 0; }

size_t og_solve_observations(const og_solve *solve) {
  size_t count = 0;
  for (size_t m = 0; solve && m < solve->count; m++) count += solve->trajectories[m].observations;
  return count;
}

og_status og_solve_final_states(const og_solve *solve, double *x) {
  OG_OBJECT(solve);
  OG_NEED(solve->context, x);
  OG_TRY(og_check_result(solve, 0, "final states are"));
  for (size_t m = 0; m < solve->count; m++)
    memcpy(x + m * solve->states, solve->final + m * solve->n, solve->states * sizeof *x);
  return OG_OK;
}

og_status og_solve_costs(const og_solve *solve, double *cost) {
  OG_OBJECT(solve);
  OG_NEED(solve->context, cost);
  for (size_t m = 0; m < solve->count; m++) OG_TRY(og_solve_cost(solve, m, &cost[m]));
  return OG_OK;
}

/* The first trajectory that ended before one of its observations: their number if there is none. */
static size_t first_ended(const og_solve *solve) {
  size_t m = 0;
  while (m < solve->count && solve->trajectories[m].seen == solve->trajectories[m].observations) m++;
  return m;
}

og_status og_solve_observed_states(const og_solve *solve, double *x, size_t *seen) {
  OG_OBJECT(solve);
  OG_NEED_IF(solve->context, og_solve_observations(solve), x);
  OG_TRY(og_check_result(solve, 0, "observed states are"));
  size_t ended = first_ended(solve), n = solve->states;
  if (ended < solve->count && !seen) return og_fail_ended(solve, ended, solve->trajectories[ended].seen);
  for (size_t m = 0; m < solve->count; m++) {
    const og_trajectory *at = &solve->trajectories[m];
    const double *from = solve->observed + at->first_observation * solve->n;
    double *to = x + at->first_observation * n;
    for (size_t k = 0; k < at->seen; k++) memcpy(to + k * n, from + k * solve->n, n * sizeof *x);
    for (size_t i = at->seen * n; i < at->observations * n; i++) to[i] = NAN;
    if (seen) seen[m] = at->seen;
  }
  return OG_OK;
}
