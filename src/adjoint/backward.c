/* The rounds of a backward solve; see backward.h. All trajectories go together, each from one of its jump
 * points to the one before; those that have arrived at t0 wait there. */
#include "adjoint/backward.h"
#include "adjoint/dense_output.h"
#include "adjoint/trust.h"
#include "solve/recorded.h"
#include "solve/tolerances.h"

#include <math.h>
#include <string.h>

/* ---- Opening ---- */

static void start_state(og_backward *b, size_t m) {
  const og_solve *solve = b->solve;
  double *lambda = og_backward_lambda(b, m);
  if (b->lambda_row) memcpy(og_backward_state(b, m), solve->final + m * solve->n, solve->n * sizeof *lambda);
  if (b->pullback->final_bar)
    memcpy(lambda, b->pullback->final_bar + m * solve->states, solve->states * sizeof *lambda);
  if (b->pullback->cost_bar) lambda[solve->n - 1] = b->pullback->cost_bar[m];
}

static og_status allocate(og_backward *b) {
  const og_solve *solve = b->solve;
  size_t doubles = solve->count * (b->field->n + b->field->p + solve->p + 2),
         point = og_backward_point(solve);
  b->state = og_alloc(solve->context, doubles, sizeof *b->state);
  b->jump_points = og_alloc(solve->context, solve->count, sizeof *b->jump_points);
  b->point = og_alloc(solve->context, 1, point);
  int path = !b->lambda_row && solve->stepper.implicit && b->pullback->want_times;
  if (path) b->path = og_alloc(solve->context, 1, og_path_slope_bytes(solve));
  if (!b->state || !b->jump_points || !b->point || (path && !b->path))
    return og_fail_memory(solve->context, doubles * sizeof *b->state + point, "the adjoint state");
  b->rows = b->state + solve->count * b->field->n;
  b->theta_bar = b->rows + solve->count * b->field->p;
  b->errors = b->theta_bar + solve->count * solve->p;
  b->left_out = b->errors + solve->count;
  return OG_OK;
}

og_status og_backward_open(og_backward *b, og_solve *solve, og_pullback *pullback, og_field *field,
                           size_t lambda_row, const og_role *role, og_backward_how how) {
  *b = (og_backward){.solve = solve, .field = field, .lambda_row = lambda_row, .pullback = pullback};
  OG_TRY(og_solve_make(solve->context, field, solve->options, solve->count, &b->back));
  b->back->keep = OG_KEEP_NOTHING;
  b->back->role = role;
  b->back->named_after = solve;
  b->back->threads_most = solve->threads_most;
  b->back->lanes_most = solve->lanes_most;
  b->back->limits.steady = 0;
  b->back->limits.rtol *= how.share;
  b->back->limits.atol *= how.share;
  OG_TRY(og_atols_take(b->back, solve, lambda_row, how.share));
  if (how.norm == OG_NORM_SEMINORM) b->back->controlled = lambda_row + solve->n;
  OG_TRY(allocate(b));
  for (size_t m = 0; m < solve->count; m++) start_state(b, m);
  return OG_OK;
}

void og_backward_close(og_backward *b) {
  og_solve_destroy(b->back);
  og_field_destroy(b->field);
  og_free(b->solve->context, b->state);
  og_free(b->solve->context, b->jump_points);
  og_free(b->solve->context, b->point);
  og_free(b->solve->context, b->path);
}

/* ---- Rounds ---- */

/* The round's share of the fixed steps, at least one. Adaptive ones go on with the step that was last wished
 * for: also when the round before was shorter than that and says nothing against it. */
static void set_steps(og_backward *b, size_t m, double length) {
  const og_trajectory *forward = &b->solve->trajectories[m];
  og_trajectory *back = &b->back->trajectories[m];
  double span = fabs(forward->t1 - forward->t0);
  if (forward->fixed_steps)
    back->fixed_steps =
        length > 0 ? (size_t)fmax(1, ceil((double)forward->fixed_steps * length / span - 1e-9)) : 1;
  else if (back->steps > 1 || back->rejected > 0)
    back->first_step = back->last_step;
  else
    back->first_step = fmax(back->first_step, back->last_step);
}

/* Of solves that choose their method as they go: lambda is stiff where x is, so that a round begins with the
 * method that the forward solve had there. */
static void set_method(og_backward *b, size_t m, double from) {
  const og_solve *forward = b->solve;
  const og_trajectory *at = &forward->trajectories[m];
  size_t step = at->record.steps - 1;
  if (!b->back->stepper.switches) return;
  step = og_recorded_find(forward, at, from, step);
  b->back->trajectories[m].begins_implicit = og_switches_implicit(&at->switches, step);
}

static og_status prepare(og_backward *b, size_t m) {
  double from = b->jump_points[m].t, to = og_jump_point_next(b, m);
  set_steps(b, m, fabs(to - from));
  if (!b->lambda_row) set_method(b, m, from);
  OG_TRY(og_solve_set_span(b->back, m, from, to));
  return og_solve_set_initial_state(b->back, m, og_backward_state(b, m));
}

static og_status run_round(og_backward *b) {
  size_t M = b->solve->count;
  for (size_t m = 0; m < M; m++) OG_TRY(prepare(b, m));
  OG_TRY(og_solve_run(b->back));
  memcpy(b->state, b->back->final, M * b->field->n * sizeof *b->state);
  for (size_t m = 0; m < M; m++) {
    b->errors[m] += b->back->trajectories[m].errors;
    b->left_out[m] += b->back->trajectories[m].left_out;
  }
  return OG_OK;
}

/* Every evaluation of an adjoint field is one vjp, those of its dense output too. */
static void count_round(const og_backward *b) {
  long long evals = og_solve_stat(b->back, OG_STAT_RHS_EVALS);
  og_count(b->solve, OG_STAT_VJP_EVALS, evals);
  if (b->lambda_row) og_count(b->solve, OG_STAT_RHS_EVALS, evals);
}

static int all_arrived(const og_backward *b) {
  for (size_t m = 0; m < b->solve->count; m++)
    if (!b->jump_points[m].arrived) return 0;
  return 1;
}

static og_status start_times(og_backward *b) {
  for (size_t m = 0; b->pullback->want_times && m < b->solve->count; m++)
    OG_TRY(og_jump_point_start_bar(b, m, &b->pullback->t0_bar[m]));
  return OG_OK;
}

static void deliver(og_backward *b) {
  const og_solve *solve = b->solve;
  size_t n = solve->states, p = solve->parameters, before = b->lambda_row + solve->n;
  for (size_t m = 0; m < solve->count; m++) {
    const double *lambda = og_backward_lambda(b, m), *state = og_backward_state(b, m);
    double *theta_bar = b->pullback->theta_bar + m * p;
    og_jump_point_pull_inputs(b, m);
    memcpy(b->pullback->x0_bar + m * n, lambda, n * sizeof *lambda);
    for (size_t i = 0; i < p; i++)
      theta_bar[i] = b->theta_bar[m * solve->p + i] + (b->field->n > before ? state[before + i] : 0);
  }
}

/* What the steps of both solves may have left in lambda, by their own estimates, and what they left in the
 * parameter integral besides. */
static void tell_errors(const og_backward *b, size_t m) {
  og_solve *solve = b->solve;
  og_trajectory *at = &solve->trajectories[m];
  double share = og_trust_tolerance(solve, m) * fmax(1, at->errors + b->errors[m]), x0 = 0, theta = 0;
  for (size_t i = 0; i < solve->states; i++) x0 = fmax(x0, fabs(b->pullback->x0_bar[m * solve->states + i]));
  for (size_t i = 0; i < solve->parameters; i++)
    theta = fmax(theta, fabs(b->pullback->theta_bar[m * solve->parameters + i]));
  at->trust = (og_trust){.initial = share * x0, .parameters = share * theta + b->left_out[m]};
}

og_status og_backward_run(og_backward *b, og_round_fn after) {
  for (size_t m = 0; m < b->solve->count; m++) OG_TRY(og_jump_point_begin(b, m));
  while (!all_arrived(b)) {
    OG_TRY(run_round(b));
    if (after) OG_TRY(after(b));
    count_round(b);
    for (size_t m = 0; m < b->solve->count; m++) OG_TRY(og_jump_point_pass(b, m));
  }
  OG_TRY(start_times(b));
  deliver(b);
  for (size_t m = 0; m < b->solve->count; m++) tell_errors(b, m);
  return OG_OK;
}
