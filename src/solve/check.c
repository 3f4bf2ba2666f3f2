/* Settings are checked, and results' arrays made, before a run. */
#include "solve/solve.h"

#include <math.h>

static og_status check_order(const og_solve *solve, og_option less, og_option more) {
  double a = og_options_real(solve->options, less), b = og_options_real(solve->options, more);
  const char *name = og_option_describe(less)->name, *other = og_option_describe(more)->name;
  char is[OG_NUMBER_SIZE], beside[OG_NUMBER_SIZE];
  if (a == 0 || b == 0 || a <= b) return OG_OK; /* 0: no limit, or an automatic one */
  og_format_real(a, is), og_format_real(b, beside);
  return og_fail(solve->context, OG_ERR_ARGUMENT,
                 "%s = %s is above %s = %s, so that no step is within both: lower %s, raise %s, or leave one "
                 "of them out",
                 name, is, other, beside, name, other);
}

/* Limits of adaptive steps, which exclude one another where they are not in this order. */
og_status og_check_steps(const og_solve *solve) {
  if (og_options_integer(solve->options, OG_OPT_STEPS)) return OG_OK;
  OG_TRY(check_order(solve, OG_OPT_MIN_STEP, OG_OPT_MAX_STEP));
  OG_TRY(check_order(solve, OG_OPT_FIRST_STEP, OG_OPT_MAX_STEP));
  return check_order(solve, OG_OPT_MIN_STEP, OG_OPT_FIRST_STEP);
}

static og_status check_times(const og_solve *solve, size_t m) {
  const og_trajectory *at = &solve->trajectories[m];
  double sign = at->t1 < at->t0 ? -1 : 1, previous = at->t0;
  for (size_t i = 0; i < at->observations; i++) {
    double t = at->times[i];
    if (sign * (t - at->t0) < 0 || sign * (at->t1 - t) < 0)
      return og_fail(solve->context, OG_ERR_ARGUMENT,
                     "trajectory %zu, observation %zu: time %g lies outside the span "
                     "from %g to %g",
                     m, i, og_shown(t), at->t0, at->t1);
    if (sign * (t - previous) < 0)
      return og_fail(solve->context, OG_ERR_ARGUMENT,
                     "trajectory %zu, observation %zu: time %g comes after %g, but "
                     "times must be ordered from t0 = %g to t1 = %g",
                     m, i, t, previous, at->t0, at->t1);
    previous = t;
  }
  return OG_OK;
}

static og_status check_mass(const og_solve *solve) {
  if (!(solve->source->flags & OG_FIELD_HAS_MASS) || solve->stepper.implicit) return OG_OK;
  return og_fail(solve->context, OG_ERR_UNSUPPORTED,
                 "the equations have a mass matrix, as combinations of derivatives and algebraic equations "
                 "give one, and method %s is explicit, which cannot solve them; use method = auto, rodas5p "
                 "or radau5",
                 solve->stepper.name);
}

og_status og_solve_check(og_solve *solve) {
  size_t offset = 0;
  OG_TRY(check_mass(solve));
  for (size_t m = 0; m < solve->count; m++) {
    if (solve->parameters && !solve->theta_given[m])
      return og_fail(solve->context, OG_ERR_STATE,
                     "trajectory %zu has no parameters, and the field has %zu: call og_solve_set_parameters "
                     "first",
                     m, solve->parameters);
    if (!solve->x0_given[m])
      return og_fail(solve->context, OG_ERR_STATE,
                     "trajectory %zu has no initial state: call "
                     "og_solve_set_initial_state first",
                     m);
    OG_TRY(check_times(solve, m));
    OG_TRY(og_check_autonomous(solve->source,
                               (double[]){solve->trajectories[m].t0, solve->trajectories[m].t1},
                               solve->x0 + m * solve->states, og_theta_of(solve, m)));
    if (solve->stepper.implicit && m == 0)
      OG_TRY(og_check_jacobian(solve->context, solve->source, solve->trajectories[0].t0, solve->x0,
                               og_theta_of(solve, 0)));
    solve->trajectories[m].first_observation = offset;
    offset += solve->trajectories[m].observations;
  }
  solve->observed_count = offset;
  OG_TRY(og_signals_prepare(solve));
  return og_weight_binding_choose(solve);
}

og_status og_solve_start(og_solve *solve) {
  OG_TRY(og_solve_check(solve));
  if (solve->observed_count <= solve->observed_capacity) return OG_OK;
  double *observed = og_alloc(solve->context, solve->observed_count, solve->n * sizeof(double));
  if (!observed)
    return og_fail_memory(solve->context, solve->observed_count * solve->n * sizeof(double),
                          "observed states");
  og_free(solve->context, solve->observed);
  solve->observed = observed;
  solve->observed_capacity = solve->observed_count;
  return OG_OK;
}

og_status og_fail_not_run(const og_solve *solve, const char *what) {
  return og_fail(solve->context, OG_ERR_STATE, "%s known only after og_solve_run succeeded", what);
}

og_status og_check_result(const og_solve *solve, size_t trajectory, const char *what) {
  if (solve->state == OG_SOLVE_NEW) return og_fail_not_run(solve, what);
  if (solve->state == OG_SOLVE_TORN)
    return og_fail(solve->context, OG_ERR_STATE,
                   "%s not known after og_solve_replay failed: change the settings and replay, or call "
                   "og_solve_run",
                   what);
  if (trajectory < solve->count) return OG_OK;
  return og_fail(solve->context, OG_ERR_ARGUMENT, "trajectory %zu of a solve of %zu (they count from 0)",
                 trajectory, solve->count);
}

og_status og_check_finite(const og_solve *solve, const char *what, const double *values, size_t count,
                          const char *must) {
  for (size_t i = 0; values && i < count; i++)
    if (!isfinite(values[i]))
      return og_fail(solve->context, OG_ERR_NOT_FINITE, "%s[%zu] is %g: %s", what, i, og_shown(values[i]),
                     must);
  return OG_OK;
}
