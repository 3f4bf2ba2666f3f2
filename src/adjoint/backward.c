/* The rounds of a backward solve; see backward.h. All trajectories go together, each from one of its
 * observations to the one before; those that have arrived at t0 wait there. */
#include "adjoint/backward.h"

#include <math.h>
#include <string.h>

#include "adjoint/lambda_field.h"

/* ---- Opening ---- */

static double *state_of(const og_backward *b, size_t m) { return b->state + m * b->field->n; }
static double *lambda_of(const og_backward *b, size_t m) { return state_of(b, m) + b->lambda_row; }

static void start_state(og_backward *b, size_t m) {
  const og_solve *solve = b->solve;
  double *lambda = lambda_of(b, m);
  if (b->lambda_row) memcpy(state_of(b, m), solve->final + m * solve->n, solve->n * sizeof *lambda);
  if (b->pullback->final_bar)
    memcpy(lambda, b->pullback->final_bar + m * solve->states, solve->states * sizeof *lambda);
  if (b->pullback->cost_bar) lambda[solve->n - 1] = b->pullback->cost_bar[m];
}

/* theta, and the trajectory's number for a field that reads its dense output. `rows` [back's p] is to work
 * in.
 */
static og_status set_parameters(og_backward *b, size_t m, double *rows) {
  const og_solve *solve = b->solve;
  int numbered = b->field->p > solve->p;
  if (solve->p) memcpy(rows, og_theta_of(solve, m), solve->p * sizeof *rows);
  if (numbered) og_lambda_field_number(m, rows + solve->p);
  return og_solve_set_parameters(b->back, solve->theta_shared && !numbered ? OG_ALL : m, rows);
}

static og_status start(og_backward *b) {
  og_status status = OG_OK;
  double *rows = og_alloc(b->solve->context, b->field->p + 1, sizeof *rows);
  if (!rows) return og_fail_memory(b->solve->context, b->field->p * sizeof *rows, "parameters");
  for (size_t m = 0; m < b->solve->count && status == OG_OK; m++) {
    start_state(b, m);
    status = set_parameters(b, m, rows);
    if (status == OG_OK) status = og_solve_set_name(b->back, m, b->solve->trajectories[m].name);
  }
  og_free(b->solve->context, rows);
  return status;
}

og_status og_backward_open(og_backward *b, og_solve *solve, og_pullback *pullback, og_field *field,
                           size_t lambda_row, const og_role *role) {
  const og_field *inner = solve->field;
  size_t point =
      (2 * OG_PADDED(solve->n) + OG_PADDED(solve->p)) * sizeof(double) + inner->scratch_bytes(inner, 1);
  *b = (og_backward){.solve = solve, .field = field, .lambda_row = lambda_row, .pullback = pullback};
  OG_TRY(og_solve_create(solve->context, field, solve->options, solve->count, &b->back));
  b->back->keep = OG_KEEP_NOTHING;
  b->back->role = role;
  if (og_options_integer(solve->options, OG_OPT_ADJOINT_NORM) == OG_NORM_SEMINORM)
    b->back->controlled = lambda_row + solve->n;
  b->state = og_alloc(solve->context, solve->count, field->n * sizeof(double));
  b->point = og_alloc(solve->context, 1, point);
  if (!b->state || !b->point)
    return og_fail_memory(solve->context, solve->count * field->n * sizeof(double) + point,
                          "the adjoint state");
  return start(b);
}

void og_backward_close(og_backward *b) {
  og_solve_destroy(b->back);
  og_field_destroy(b->field);
  og_free(b->solve->context, b->state);
  og_free(b->solve->context, b->point);
}

/* ---- Derivatives with respect to times ---- */

/* bar . f(t, x) over the first `rows` rows. */
static og_status speed(og_backward *b, size_t m, double t, const double *x, const double *bar, size_t rows,
                       double *product) {
  const og_solve *solve = b->solve;
  const og_field *field = solve->field;
  og_lane_status status = 0;
  double *at = b->point, *f = at + OG_PADDED(solve->n), *theta = f + OG_PADDED(solve->n);
  memcpy(at, x, solve->states * sizeof *x);
  memcpy(theta, og_theta_of(solve, m), solve->p * sizeof *x);
  field->ops_d.eval(field, 1, &t, at, theta, f, &status, theta + OG_PADDED(solve->p));
  *product = 0;
  for (size_t i = 0; i < rows; i++) *product += bar[i] * f[i];
  if (status == 0 && isfinite(*product)) return OG_OK;
  return og_fail(solve->context, status ? OG_ERR_FIELD : OG_ERR_NOT_FINITE,
                 "trajectory %zu: f at t = %g, needed for the derivative with respect to that time, %s", m, t,
                 status ? "was refused by its callback" : "is not finite");
}

/* dL/dt1 = lambda(t1) . f(t1) before any jump at t1. */
static og_status end_times(og_backward *b) {
  const og_solve *solve = b->solve;
  for (size_t m = 0; b->pullback->want_times && m < solve->count; m++)
    OG_TRY(speed(b, m, solve->trajectories[m].t1, solve->final + m * solve->n, lambda_of(b, m), solve->n,
                 &b->pullback->t1_bar[m]));
  return OG_OK;
}

/* dL/dt0 = -lambda(t0) . f(t0) */
static og_status start_times(og_backward *b) {
  const og_solve *solve = b->solve;
  for (size_t m = 0; b->pullback->want_times && m < solve->count; m++) {
    double product = 0;
    OG_TRY(speed(b, m, solve->trajectories[m].t0, solve->x0 + m * solve->states, lambda_of(b, m), solve->n,
                 &product));
    b->pullback->t0_bar[m] = -product;
  }
  return OG_OK;
}

/* ---- Rounds ---- */

/* Observations of the trajectory that have cotangents. */
static size_t seen(const og_backward *b, size_t m) {
  return b->pullback->observed_bar ? b->solve->trajectories[m].observations : 0;
}

static size_t rounds_of(const og_backward *b) {
  size_t most = 0;
  for (size_t m = 0; m < b->solve->count; m++)
    if (seen(b, m) > most) most = seen(b, m);
  return most + 1;
}

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

/* The round ends at the last observation not yet passed, or at t0. */
static og_status prepare(og_backward *b, size_t round, size_t m) {
  const og_trajectory *at = &b->solve->trajectories[m];
  double from = round == 0 ? at->t1 : b->back->trajectories[m].t1;
  double to = round < seen(b, m) ? at->times[seen(b, m) - round - 1] : at->t0;
  set_steps(b, m, fabs(to - from));
  OG_TRY(og_solve_set_span(b->back, m, from, to));
  return og_solve_set_initial_state(b->back, m, state_of(b, m));
}

/* At the observation that was reached. */
static og_status jump(og_backward *b, size_t round, size_t m) {
  const og_solve *solve = b->solve;
  memcpy(state_of(b, m), b->back->final + m * b->field->n, b->field->n * sizeof(double));
  if (round >= seen(b, m)) return OG_OK;
  size_t i = seen(b, m) - round - 1, slot = solve->trajectories[m].first_observation + i;
  const double *seed = b->pullback->observed_bar + slot * solve->states;
  if (b->pullback->want_times)
    OG_TRY(speed(b, m, solve->trajectories[m].times[i], solve->observed + slot * solve->n, seed,
                 solve->states, &b->pullback->times_bar[slot]));
  double *lambda = lambda_of(b, m);
  for (size_t row = 0; row < solve->states; row++) lambda[row] += seed[row];
  return OG_OK;
}

/* Every evaluation of an adjoint field is one vjp. */
static og_status run_round(og_backward *b, size_t round) {
  for (size_t m = 0; m < b->solve->count; m++) OG_TRY(prepare(b, round, m));
  OG_TRY(og_solve_run(b->back));
  long long evals = og_solve_stat(b->back, OG_STAT_RHS_EVALS);
  og_count(b->solve, OG_STAT_VJP_EVALS, evals);
  if (b->lambda_row) og_count(b->solve, OG_STAT_RHS_EVALS, evals);
  return OG_OK;
}

static void deliver(og_backward *b) {
  const og_solve *solve = b->solve;
  for (size_t m = 0; m < solve->count; m++) {
    const double *lambda = lambda_of(b, m), *q = lambda + solve->n;
    memcpy(b->pullback->x0_bar + m * solve->states, lambda, solve->states * sizeof *lambda);
    if (b->field->n > b->lambda_row + solve->n)
      memcpy(b->pullback->theta_bar + m * solve->p, q, solve->p * sizeof *q);
  }
}

og_status og_backward_run(og_backward *b, og_round_fn after) {
  OG_TRY(end_times(b));
  for (size_t round = 0, rounds = rounds_of(b); round < rounds; round++) {
    OG_TRY(run_round(b, round));
    if (after) OG_TRY(after(b));
    for (size_t m = 0; m < b->solve->count; m++) OG_TRY(jump(b, round, m));
  }
  OG_TRY(start_times(b));
  deliver(b);
  return OG_OK;
}
