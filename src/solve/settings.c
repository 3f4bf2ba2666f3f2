/* Settings of a solve: spans, observations, initial states, parameters, names; of one trajectory or of all.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "solve/solve.h"

static og_status check_finite(const og_solve *solve, const char *what, const double *values, size_t count) {
  if (!values && count) return og_fail(solve->context, OG_ERR_ARGUMENT, "NULL was given for %s", what);
  for (size_t i = 0; i < count; i++)
    if (!isfinite(values[i]))
      return og_fail(solve->context, OG_ERR_NOT_FINITE, "%s has %g at index %zu; give finite numbers", what,
                     og_shown(values[i]), i);
  return OG_OK;
}

/* The same of what is rounded to the working precision. */
og_status og_check_rounded(const og_solve *solve, const char *what, const double *values, size_t count) {
  OG_TRY(check_finite(solve, what, values, count));
  for (size_t i = 0; solve->single && i < count; i++)
    if (fabs(values[i]) > (double)FLT_MAX)
      return og_fail(
          solve->context, OG_ERR_ARGUMENT,
          "%s has %g at index %zu, beyond the largest number of single precision, %.3g; try: precision "
          "= double",
          what, values[i], i, (double)FLT_MAX);
  return OG_OK;
}

/* Steps are parts of the span's length, in the working precision too. */
static og_status check_length(og_solve *solve, double t0, double t1) {
  double length = fabs(t1 - t0), most = solve->single ? (double)FLT_MAX : DBL_MAX;
  if (length <= most) return OG_OK;
  return og_fail(solve->context, OG_ERR_ARGUMENT,
                 "the span from %g to %g is longer than the largest number of %s precision, %.3g; try: %s",
                 t0, t1, solve->single ? "single" : "double", most,
                 solve->single ? "precision = double, or another unit of time" : "another unit of time");
}

og_status og_solve_set_span(og_solve *solve, size_t trajectory, double t0, double t1) {
  OG_OBJECT(solve);
  size_t begin = 0, end = 0;
  OG_TRY(check_finite(solve, "the span", (double[]){t0, t1}, 2));
  OG_TRY(check_length(solve, t0, t1));
  OG_TRY(og_solve_range(solve, trajectory, &begin, &end));
  og_solve_touch(solve);
  for (size_t m = begin; m < end; m++) {
    solve->trajectories[m].t0 = t0;
    solve->trajectories[m].t1 = t1;
  }
  return OG_OK;
}

static og_status copy_times(og_solve *solve, og_trajectory *at, size_t count, const double *times) {
  if (count > at->time_room) {
    double *room = og_alloc(solve->context, count, sizeof(double));
    if (!room) return og_fail_memory(solve->context, count * sizeof(double), "observation times");
    og_free(solve->context, at->times);
    at->times = room;
    at->time_room = count;
  }
  if (count != at->observations) solve->state = OG_SOLVE_NEW;
  at->observations = count;
  at->placed = 0;
  if (count) memcpy(at->times, times, count * sizeof(double));
  return OG_OK;
}

og_status og_solve_set_observations(og_solve *solve, size_t trajectory, size_t count, const double *times) {
  OG_OBJECT(solve);
  OG_NEED_IF(solve->context, count, times);
  size_t begin = 0, end = 0;
  OG_TRY(check_finite(solve, "the observation times", times, count));
  OG_TRY(og_solve_range(solve, trajectory, &begin, &end));
  og_solve_touch(solve);
  for (size_t m = begin; m < end; m++) OG_TRY(copy_times(solve, &solve->trajectories[m], count, times));
  return OG_OK;
}

og_status og_solve_set_initial_state(og_solve *solve, size_t trajectory, const double *x0) {
  OG_OBJECT(solve);
  OG_NEED(solve->context, x0);
  size_t begin = 0, end = 0;
  OG_TRY(og_check_rounded(solve, "the initial state", x0, solve->states));
  OG_TRY(og_solve_range(solve, trajectory, &begin, &end));
  og_solve_touch(solve);
  for (size_t m = begin; m < end; m++) {
    memcpy(solve->x0 + m * solve->states, x0, solve->states * sizeof(double));
    solve->x0_given[m] = 1;
  }
  return OG_OK;
}

static og_status unshare(og_solve *solve) {
  double *all = og_alloc(solve->context, solve->count, (solve->parameters + 1) * sizeof(double));
  size_t bytes = solve->parameters * sizeof(double);
  if (!all) return og_fail_memory(solve->context, solve->count * bytes, "parameters");
  for (size_t m = 0; m < solve->count; m++) memcpy(all + m * solve->parameters, solve->theta, bytes);
  og_free(solve->context, solve->theta);
  solve->theta = all;
  solve->theta_shared = 0;
  return OG_OK;
}

og_status og_solve_set_parameters(og_solve *solve, size_t trajectory, const double *theta) {
  OG_OBJECT(solve);
  OG_NEED_IF(solve->context, solve->parameters, theta);
  size_t begin = 0, end = 0;
  OG_TRY(og_check_rounded(solve, "theta", theta, solve->parameters));
  OG_TRY(og_solve_range(solve, trajectory, &begin, &end));
  og_solve_touch(solve);
  if (trajectory == OG_ALL)
    solve->theta_shared = 1;
  else if (solve->theta_shared)
    OG_TRY(unshare(solve));
  for (size_t m = begin; m < end; m++) solve->theta_given[m] = 1;
  if (solve->parameters)
    memcpy(solve->theta + begin * solve->parameters, theta, solve->parameters * sizeof(double));
  return OG_OK;
}

og_status og_solve_set_name(og_solve *solve, size_t trajectory, const char *name) {
  OG_OBJECT(solve);
  size_t begin = 0, end = 0;
  OG_TRY(og_solve_range(solve, trajectory, &begin, &end));
  for (size_t m = begin; m < end; m++) {
    char *copy = name && *name ? og_strdup(solve->context, name) : NULL;
    if (name && *name && !copy) return og_fail_memory(solve->context, strlen(name), "a trajectory's name");
    og_free(solve->context, solve->trajectories[m].name);
    solve->trajectories[m].name = copy ? og_one_line(copy) : NULL;
  }
  return OG_OK;
}

void og_solve_set_names(og_solve *solve, og_name_fn name_of, const void *names) {
  solve->name_of = name_of;
  solve->names = names;
}

/* ---- As whole arrays ---- */

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
