/* Results of a solve: of one trajectory, and of all of them as whole arrays. */
#include <math.h>
#include <string.h>

#include "solve/memory/checkpoints.h"
#include "solve/solve.h"
#include "step/switching.h"

og_status og_solve_final(const og_solve *solve, size_t trajectory, double *x) {
  OG_OBJECT(solve);
  OG_NEED(solve->context, x);
  OG_TRY(og_check_result(solve, trajectory, "the final state is"));
  memcpy(x, solve->final + trajectory * solve->n, solve->states * sizeof(double));
  return OG_OK;
}

og_status og_solve_observed(const og_solve *solve, size_t trajectory, size_t index, double *x) {
  OG_OBJECT(solve);
  OG_NEED(solve->context, x);
  OG_TRY(og_check_result(solve, trajectory, "the observed state is"));
  const og_trajectory *at = &solve->trajectories[trajectory];
  if (index >= at->observations)
    return og_fail(solve->context, OG_ERR_ARGUMENT, "observation %zu of trajectory %zu, which has %zu", index,
                   trajectory, at->observations);
  if (index >= at->seen) return og_fail_ended(solve, trajectory, index);
  memcpy(x, solve->observed + (at->first_observation + index) * solve->n, solve->states * sizeof(double));
  return OG_OK;
}

og_status og_solve_cost(const og_solve *solve, size_t trajectory, double *cost) {
  OG_OBJECT(solve);
  OG_NEED(solve->context, cost);
  OG_TRY(og_check_result(solve, trajectory, "the running cost is"));
  if (!solve->field->quadratures)
    return og_fail(solve->context, OG_ERR_ARGUMENT, "the field has no running cost: see og_field_set_cost");
  *cost = solve->final[trajectory * solve->n + solve->n - 1];
  return OG_OK;
}

long long og_count_work(og_solve *solve, og_step_work work) {
  og_count(solve, OG_STAT_JACOBIANS, work.jacobians);
  og_count(solve, OG_STAT_FACTORISATIONS, work.factorisations);
  og_count(solve, OG_STAT_LINEAR_SOLVES, work.linear_solves);
  og_count(solve, OG_STAT_NEWTON_ITERATIONS, work.newton_iterations);
  og_count(solve, OG_STAT_KRYLOV_ITERATIONS, work.krylov_iterations);
  return work.evals;
}

/* Of a solve whose method is chosen as it goes that is the implicit part's. */
const char *og_solve_linear_solver(const og_solve *solve) {
  if (!solve) return NULL;
  const og_stepper *stepper = solve->stepper.switches ? &solve->pair->part[1] : &solve->stepper;
  return stepper->implicit ? og_stepper_linear_solver(stepper) : NULL;
}

size_t og_solve_stat(const og_solve *solve, og_stat stat) {
  if (!solve) return 0;
  return (unsigned)stat < OG_STAT_COUNT ? (size_t)atomic_load(&((og_solve *)solve)->stats[stat]) : 0;
}

og_status og_solve_steps(const og_solve *solve, size_t trajectory, size_t *steps, double *times) {
  OG_OBJECT(solve);
  OG_NEED(solve->context, steps);
  OG_TRY(og_check_result(solve, trajectory, "the number of steps is"));
  const og_trajectory *at = &solve->trajectories[trajectory];
  if (times && !solve->keep)
    return og_fail(solve->context, OG_ERR_UNSUPPORTED,
                   "with adjoint = backsolve the steps' times are not kept");
  const og_segment *segment = at->path.segments, *last = segment + at->path.count - 1;
  for (size_t k = 0; times && k < at->steps; k++) {
    while (segment < last && segment[1].first <= k) segment++;
    double fraction = 0;
    OG_TRY(og_solve_fraction(solve, trajectory, k, &fraction));
    times[k] = og_segment_time(segment, fraction);
  }
  if (times) times[at->steps] = last->event == OG_NO_EVENT ? last->end : last->time;
  *steps = at->steps;
  return OG_OK;
}

/* ---- Of all trajectories at once ---- */

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
