/* The public pullback and pushforward: choose the kind, and add results only when all of them are there. */
#include <math.h>
#include <string.h>

#include "adjoint/adjoint.h"
#include "adjoint/trust.h"
#include "adjoint/weights.h"

static double *carve(double **next, size_t count) {
  double *array = *next;
  *next += count;
  return array;
}

static void add(double *to, const double *from, size_t count) {
  for (size_t i = 0; to && i < count; i++) to[i] += from[i];
}

/* Shared parameters: the sum over trajectories by the tree over their numbers, whatever thread computed each.
 */
static void add_theta(const og_solve *solve, double *theta_bar, const og_pullback *pullback) {
  size_t p = solve->laned;
  if (!theta_bar) return;
  if (solve->theta_shared) og_tree_sum_rows(pullback->theta_bar, solve->count, p, p);
  add(theta_bar, pullback->theta_bar, solve->theta_shared ? p : solve->count * p);
  add(theta_bar + p, pullback->weights_bar, solve->weights);
}

/* The guard of a steady solve is differentiated by f's vjp. */
static og_status check_tangents(const og_solve *solve) {
  OG_TRY(og_check_flag(solve, OG_FIELD_HAS_JVP, "jvp", "og_field_set_jvp"));
  return solve->limits.steady > 0 ? og_check_flag(solve, OG_FIELD_HAS_VJP, "vjp", "og_field_set_vjp") : OG_OK;
}

/* All unit directions, contracted with the cotangents. */
static og_status forward_gradient(og_solve *solve, og_pullback *pullback) {
  size_t directions = og_directions(solve), n = solve->states, p = solve->parameters;
  OG_TRY(check_tangents(solve));
  double *gradient = og_alloc(solve->context, solve->count, directions * sizeof(double));
  if (!gradient)
    return og_fail_memory(solve->context, solve->count * directions * sizeof(double), "tangents");
  og_pushforward push = {.pullback = pullback, .gradient = gradient};
  og_status status =
      og_in_parallel(solve, solve->count * directions, solve->single ? og_tangent_s : og_tangent_d, &push);
  for (size_t m = 0; status == OG_OK && m < solve->count; m++) {
    const double *g = gradient + m * directions;
    memcpy(pullback->x0_bar + m * n, g, n * sizeof *g);
    memcpy(pullback->theta_bar + m * p, g + n, p * sizeof *g);
    pullback->t0_bar[m] = g[n + p];
    pullback->t1_bar[m] = g[n + p + 1];
    memcpy(pullback->values_bar + og_signals_first(solve, m), g + n + p + 2,
           og_signals_count(solve, m) * sizeof *g);
  }
  og_free(solve->context, gradient);
  return status;
}

static og_status trusted(og_solve *solve, og_pullback *pullback) {
  OG_TRY(og_trusted_discrete(solve, pullback, &solve->renewed));
  if (pullback->looks != OG_LOOKS_NONE) og_trust_sum(solve, pullback);
  return OG_OK;
}

/* Tangents go over steps that are good for them: by the twin that can tell, where the field has a vjp. */
static og_status trusted_forward(og_solve *solve, og_pullback *pullback) {
  long long control = og_options_integer(solve->options, OG_OPT_GRADIENT_CONTROL);
  if (control != OG_CONTROL_NONE && !solve->held && (solve->source->flags & OG_FIELD_HAS_VJP)) {
    OG_TRY(trusted(solve, pullback));
    if (solve->observed_count) memset(pullback->times_bar, 0, solve->observed_count * sizeof(double));
    if (solve->signal_values) memset(pullback->values_bar, 0, solve->signal_values * sizeof(double));
  }
  return forward_gradient(solve, pullback);
}

/* Continuous adjoints have step control of their own, which estimates their errors. Fixed steps have none, so
 * that nothing is known of them. */
static og_status estimated(og_solve *solve, const og_pullback *pullback, og_status status) {
  int none = og_options_integer(solve->options, OG_OPT_GRADIENT_CONTROL) == OG_CONTROL_NONE ||
             og_options_integer(solve->options, OG_OPT_STEPS) > 0;
  if (status == OG_OK && !none) og_trust_sum(solve, pullback);
  return status;
}

/* Adjoint equations of their own would be M^T lambda' = ..., with conditions at both ends. */
static og_status check_mass(const og_solve *solve) {
  og_adjoint kind = (og_adjoint)og_options_integer(solve->options, OG_OPT_ADJOINT);
  if (!(solve->source->flags & OG_FIELD_HAS_MASS) || kind == OG_ADJOINT_DISCRETE ||
      kind == OG_ADJOINT_FORWARD)
    return OG_OK;
  return og_fail(
      solve->context, OG_ERR_UNSUPPORTED,
      "adjoint = %s of equations with a mass matrix (combinations of derivatives, algebraic "
      "equations): the continuous adjoint knows x' = f alone, and of M x' = f its ends and jumps would have "
      "to be made consistent; use adjoint = discrete or forward",
      og_options_choice_name(solve->options, OG_OPT_ADJOINT));
}

/* A Rosenbrock step's derivative has that of its matrix in it. */
static og_status check_stepper(const og_solve *solve) {
  const og_stepper *stepper = &solve->stepper;
  OG_TRY(check_mass(solve));
  if (stepper->second_derivatives) {
    OG_TRY(og_check_flag(solve, OG_FIELD_HAS_HESSIAN, "second derivatives", "og_field_set_hessian"));
    OG_TRY(og_check_flag(solve, OG_FIELD_HAS_JACOBIAN, "Jacobian", "og_field_set_jacobian"));
  }
  og_adjoint kind = (og_adjoint)og_options_integer(solve->options, OG_OPT_ADJOINT);
  if (!stepper->implicit || kind != OG_ADJOINT_BACKSOLVE) return OG_OK;
  return og_fail(
      solve->context, OG_ERR_UNSUPPORTED,
      "adjoint = backsolve with method %s: what dies out forward grows without bound when x is solved "
      "backward, and where an implicit method is needed it grows at once; use adjoint = discrete",
      stepper->name);
}

static og_status by_kind(og_solve *solve, og_pullback *pullback) {
  og_adjoint kind = (og_adjoint)og_options_integer(solve->options, OG_OPT_ADJOINT);
  if (kind != OG_ADJOINT_FORWARD) OG_TRY(og_check_flag(solve, OG_FIELD_HAS_VJP, "vjp", "og_field_set_vjp"));
  OG_TRY(check_stepper(solve));
  switch (kind) {
  case OG_ADJOINT_FORWARD: return trusted_forward(solve, pullback);
  case OG_ADJOINT_BACKSOLVE: return estimated(solve, pullback, og_backsolve(solve, pullback));
  case OG_ADJOINT_INTERPOLATE: return estimated(solve, pullback, og_interpolate(solve, pullback));
  case OG_ADJOINT_QUADRATURE: return estimated(solve, pullback, og_quadrature(solve, pullback));
  case OG_ADJOINT_DISCRETE: return trusted(solve, pullback);
  }
  return og_fail(solve->context, OG_ERR_INTERNAL, "unknown adjoint");
}

static og_status compute(og_solve *solve, og_pullback *pullback, const og_pullback_arrays *out) {
  size_t M = solve->count, n = solve->states, observed = solve->observed_count;
  size_t entries = og_results_entries(solve, M);
  double *memory = og_alloc(solve->context, entries, sizeof(double));
  if (!memory) return og_fail_memory(solve->context, entries * sizeof(double), "a gradient");
  og_results_lay_out(solve, pullback, M, memory);
  solve->pulled = solve->renewed = 0;
  if (!solve->held) solve->error = og_error_unknown();
  og_status status = by_kind(solve, pullback);
  if (solve->checkpoints) og_checkpoints_count(solve, 0);
  if (status == OG_OK) {
    solve->pulled = 1;
    if (solve->signal_values)
      memcpy(solve->values_bar, pullback->values_bar, solve->signal_values * sizeof(double));
    add(out->x0_bar, pullback->x0_bar, M * n);
    add_theta(solve, out->theta_bar, pullback);
    add(out->t0_bar, pullback->t0_bar, M);
    add(out->t1_bar, pullback->t1_bar, M);
    add(out->times_bar, pullback->times_bar, observed);
  } else {
    og_trail(solve->context, status, "while computing the gradient (adjoint = %s)",
             og_options_choice_name(solve->options, OG_OPT_ADJOINT));
  }
  og_free(solve->context, memory);
  return status;
}

og_status og_solve_pullback(og_solve *solve, const og_pullback_arrays *arrays) {
  OG_OBJECT(solve);
  og_pullback_arrays a;
  OG_TAKE(solve->context, og_pullback_arrays, arrays, &a);
  OG_TRY(og_check_kept(solve));
  OG_TRY(og_check_seeds(solve, "observed_bar", a.observed_bar, solve->observed_count * solve->states));
  OG_TRY(og_check_seeds(solve, "final_bar", a.final_bar, solve->count * solve->states));
  OG_TRY(og_check_seeds(solve, "cost_bar", a.cost_bar, solve->count));
  if (a.cost_bar && !solve->field->quadratures)
    return og_fail(solve->context, OG_ERR_ARGUMENT, "cost_bar is given, but the field has no running cost");
  og_pullback pullback = {.observed_bar = solve->observed_count ? a.observed_bar : NULL,
                          .final_bar = a.final_bar,
                          .cost_bar = a.cost_bar,
                          .want_times = a.t0_bar || a.t1_bar || a.times_bar};
  return compute(solve, &pullback, &a);
}

og_status og_solve_gradient_error(const og_solve *solve, og_gradient_error *error) {
  OG_OBJECT(solve);
  OG_NEED(solve->context, error);
  if (!solve->pulled)
    return og_fail(solve->context, OG_ERR_STATE,
                   "there is no gradient whose error could be known: call og_solve_pullback first");
  return OG_GIVE(solve->context, og_gradient_error, solve->error, error);
}

/* Results go to the caller only when all of them are there. */
static og_status push_forward(og_solve *solve, og_pushforward *push) {
  size_t observed = solve->observed_count * solve->states, final = solve->count * solve->states;
  double *out[] = {push->observed_dot, push->final_dot, push->cost_dot};
  size_t counts[] = {observed, final, solve->count};
  double *memory = og_alloc(solve->context, observed + final + solve->count, sizeof(double)), *next = memory;
  if (!memory) return og_fail_memory(solve->context, (observed + final) * sizeof(double), "tangents");
  push->observed_dot = carve(&next, observed);
  push->final_dot = carve(&next, final);
  push->cost_dot = carve(&next, solve->count);
  const double *results[] = {push->observed_dot, push->final_dot, push->cost_dot};
  solve->pushed = 0;
  int back = og_weight_binding_leave(solve);
  og_status status = og_in_parallel(solve, solve->count, solve->single ? og_tangent_s : og_tangent_d, push);
  og_weight_binding_return(solve, back);
  for (int i = 0; status == OG_OK && i < 3; i++)
    if (out[i] && counts[i]) memcpy(out[i], results[i], counts[i] * sizeof(double));
  solve->pushed = status == OG_OK;
  og_free(solve->context, memory);
  return status == OG_OK ? OG_OK : og_trail(solve->context, status, "while pushing a tangent forward");
}

static og_status check_tangents_in(const og_solve *solve, const og_pushforward_arrays *a) {
  static const char must[] = "a tangent must be finite";
  size_t M = solve->count, p = solve->parameters;
  OG_TRY(og_check_finite(solve, "x0_dot", a->x0_dot, M * solve->states, must));
  OG_TRY(og_check_finite(solve, "theta_dot", a->theta_dot, solve->theta_shared ? p : M * p, must));
  OG_TRY(og_check_finite(solve, "t0_dot", a->t0_dot, M, must));
  OG_TRY(og_check_finite(solve, "t1_dot", a->t1_dot, M, must));
  return og_check_finite(solve, "times_dot", a->times_dot, solve->observed_count, must);
}

og_status og_solve_pushforward(og_solve *solve, const og_pushforward_arrays *arrays) {
  OG_OBJECT(solve);
  og_pushforward_arrays a;
  OG_TAKE(solve->context, og_pushforward_arrays, arrays, &a);
  OG_TRY(og_check_kept(solve));
  OG_TRY(check_tangents(solve));
  OG_TRY(check_tangents_in(solve, &a));
  if (!solve->keep)
    return og_fail(solve->context, OG_ERR_UNSUPPORTED,
                   "with adjoint = backsolve the steps are not kept, and the "
                   "pushforward follows them; use adjoint = discrete or forward");
  if (solve->weights && solve->checkpoints)
    return og_fail(
        solve->context, OG_ERR_UNSUPPORTED,
        "with adjoint = discrete under a memory budget, tangents of a field with weights of networks "
        "have no room of their own; use adjoint = forward, or memory = 0");
  OG_TRY(og_trust_tangents(solve));
  OG_TRY(og_events_make_room(solve));
  og_pushforward push = {.x0_dot = a.x0_dot,
                         .theta_dot = a.theta_dot,
                         .t0_dot = a.t0_dot,
                         .t1_dot = a.t1_dot,
                         .times_dot = a.times_dot,
                         .observed_dot = a.observed_dot,
                         .final_dot = a.final_dot,
                         .cost_dot = a.cost_dot};
  return push_forward(solve, &push);
}

og_status og_check_kept(const og_solve *solve) {
  if (solve->state == OG_SOLVE_DONE) return OG_OK;
  return og_fail(
      solve->context, OG_ERR_STATE,
      solve->state == OG_SOLVE_NEW ? "a derivative needs a solve first: call og_solve_run"
      : solve->state == OG_SOLVE_TORN
          ? "a derivative needs a solve, and the replay of this one failed: call "
            "og_solve_run, or og_solve_replay with other settings"
          : "settings were changed after the solve, so its derivative would be of something else: call "
            "og_solve_run or og_solve_replay first");
}

og_status og_check_flag(const og_solve *solve, unsigned flag, const char *product, const char *setter) {
  if (solve->source->flags & flag) return OG_OK;
  return og_fail(
      solve->context, OG_ERR_UNSUPPORTED,
      "this derivative needs the field's %s, which was not given (with a "
      "running cost, its gradient too): call %s, or og_field_use_finite_differences to have it approximated",
      product, setter);
}

og_status og_check_seeds(const og_solve *solve, const char *what, const double *bar, size_t count) {
  return og_check_finite(solve, what, bar, count, "a cotangent must be finite (is the loss finite there?)");
}

/* ---- The arrays of results ---- */

size_t og_results_entries(const og_solve *solve, size_t count) {
  return count * (solve->states + solve->laned + 2) + solve->observed_count + solve->signal_values +
         og_block_sums(solve);
}

void og_results_lay_out(const og_solve *solve, og_pullback *pullback, size_t count, double *memory) {
  pullback->x0_bar = carve(&memory, count * solve->states);
  pullback->theta_bar = carve(&memory, count * solve->laned);
  pullback->t0_bar = carve(&memory, count);
  pullback->t1_bar = carve(&memory, count);
  pullback->times_bar = carve(&memory, solve->observed_count);
  pullback->values_bar = carve(&memory, solve->signal_values);
  pullback->weights_bar = carve(&memory, og_block_sums(solve));
}

static void copy(double *to, const double *from, size_t count) {
  if (to && count) memcpy(to, from, count * sizeof *to);
}

void og_results_take(const og_solve *solve, size_t m, const og_pullback *from, size_t item, og_pullback *to) {
  const og_trajectory *at = &solve->trajectories[m];
  size_t n = solve->states, p = solve->laned, first = at->first_observation;
  size_t signals = og_signals_first(solve, m);
  copy(to->x0_bar + m * n, from->x0_bar + item * n, n);
  if (to->theta_bar) copy(to->theta_bar + m * p, from->theta_bar + item * p, p);
  copy(to->t0_bar + m, from->t0_bar + item, 1);
  copy(to->t1_bar + m, from->t1_bar + item, 1);
  copy(to->times_bar + first, from->times_bar + first, at->observations);
  copy(to->values_bar + signals, from->values_bar + signals, og_signals_count(solve, m));
}
