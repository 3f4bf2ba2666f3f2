/* Backsolve: the continuous adjoint, solved backward from observation to observation together with x. Nothing
 * of the forward solve is kept but its end. At an observation lambda jumps by its cotangent. */
#include <math.h>
#include <string.h>

#include "adjoint/adjoint.h"
#include "adjoint/adjoint_field.h"

typedef struct backsolve {
  og_solve *solve; /* the forward one */
  og_solve *back;  /* of the adjoint field, one segment a run */
  og_field *field;
  const og_pullback *pullback;
  size_t rows;   /* 2 n + p */
  double *state; /* [M][rows]: x, lambda, q */
  double *f;     /* [n] */
} backsolve;

static og_status start_state(backsolve *b, size_t m) {
  const og_solve *solve = b->solve;
  double *state = b->state + m * b->rows, *lambda = state + solve->n;
  memcpy(state, solve->final + m * solve->n, solve->n * sizeof *state);
  if (b->pullback->final_bar)
    memcpy(lambda, b->pullback->final_bar + m * solve->states, solve->states * sizeof *lambda);
  if (b->pullback->cost_bar) lambda[solve->n - 1] = b->pullback->cost_bar[m];
  return og_solve_set_parameters(b->back, solve->theta_shared ? OG_ALL : m, og_theta_of(solve, m));
}

static og_status open_backsolve(backsolve *b) {
  og_solve *solve = b->solve;
  OG_TRY(og_adjoint_field_create(solve->context, solve->field, &b->field));
  b->rows = b->field->n;
  OG_TRY(og_solve_create(solve->context, b->field, solve->options, solve->count, &b->back));
  b->back->keep = 0;
  b->state = og_alloc(solve->context, solve->count, b->rows * sizeof(double));
  b->f = og_alloc(solve->context, solve->n, sizeof(double));
  if (!b->state || !b->f)
    return og_fail_memory(solve->context, solve->count * b->rows * sizeof(double), "the adjoint state");
  for (size_t m = 0; m < solve->count; m++) OG_TRY(start_state(b, m));
  return OG_OK;
}

static void close_backsolve(backsolve *b) {
  og_solve_destroy(b->back);
  og_field_destroy(b->field);
  og_free(b->solve->context, b->state);
  og_free(b->solve->context, b->f);
}

/* bar . f(t, x) of one trajectory, for the derivatives with respect to times. */
static og_status speed(backsolve *b, size_t m, double t, const double *x, const double *bar,
                       double *product) {
  const og_solve *solve = b->solve;
  const og_field *field = solve->field;
  size_t block = OG_PADDED(solve->n), theta = OG_PADDED(solve->p);
  size_t bytes = (2 * block + theta) * sizeof(double) + field->scratch_bytes(field, 1);
  double *memory = og_alloc(solve->context, 1, bytes);
  if (!memory) return og_fail_memory(solve->context, bytes, "an evaluation of the field");
  og_lane_status status = 0;
  double *f = memory + block, *parameters = f + block;
  memcpy(memory, x, solve->n * sizeof *x);
  memcpy(parameters, og_theta_of(solve, m), solve->p * sizeof *x);
  field->ops_d.eval(field, 1, &t, memory, parameters, f, &status, parameters + theta);
  *product = 0;
  for (size_t i = 0; i < solve->states; i++) *product += bar[i] * f[i];
  if (solve->field->quadratures && bar == b->state + m * b->rows + solve->n)
    *product += bar[solve->n - 1] * f[solve->n - 1];
  og_free(solve->context, memory);
  if (status == 0 && isfinite(*product)) return OG_OK;
  return og_fail(solve->context, status ? OG_ERR_FIELD : OG_ERR_NOT_FINITE,
                 "trajectory %zu: f at t = %g, needed for the "
                 "derivative with respect to that time, %s",
                 m, t, status ? "was refused by its callback" : "is not finite");
}

/* Where the trajectory's next segment ends: its last observation not yet passed, or t0. */
static double segment_end(const backsolve *b, size_t m, size_t left) {
  const og_trajectory *at = &b->solve->trajectories[m];
  return left ? at->times[left - 1] : at->t0;
}

/* The segment's share of the fixed steps, at least one; adaptive segments go on with the last step size. */
static void set_steps(backsolve *b, size_t m, double length) {
  const og_trajectory *forward = &b->solve->trajectories[m];
  og_trajectory *back = &b->back->trajectories[m];
  double span = fabs(forward->t1 - forward->t0);
  if (forward->fixed_steps)
    back->fixed_steps =
        length > 0 ? (size_t)fmax(1, ceil((double)forward->fixed_steps * length / span - 1e-9)) : 1;
  else if (back->last_step > 0)
    back->first_step = back->last_step;
}

static og_status prepare(backsolve *b, size_t round, size_t m) {
  const og_trajectory *at = &b->solve->trajectories[m];
  og_trajectory *back = &b->back->trajectories[m];
  size_t seen = b->pullback->observed_bar ? at->observations : 0;
  double from = round == 0 ? at->t1 : back->t1;
  double to = round <= seen ? segment_end(b, m, seen - round) : from;
  set_steps(b, m, fabs(to - from));
  OG_TRY(og_solve_set_span(b->back, m, from, to));
  return og_solve_set_initial_state(b->back, m, b->state + m * b->rows);
}

/* lambda jumps by the cotangent of the observation that was reached. */
static og_status jump(backsolve *b, size_t round, size_t m) {
  const og_solve *solve = b->solve;
  const og_trajectory *at = &solve->trajectories[m];
  size_t seen = b->pullback->observed_bar ? at->observations : 0;
  double *state = b->state + m * b->rows;
  memcpy(state, b->back->final + m * b->rows, b->rows * sizeof *state);
  if (round >= seen) return OG_OK;
  size_t slot = at->first_observation + seen - round - 1;
  const double *seed = b->pullback->observed_bar + slot * solve->states;
  if (b->pullback->want_times)
    OG_TRY(speed(b, m, at->times[seen - round - 1], state, seed, &b->pullback->times_bar[slot]));
  for (size_t i = 0; i < solve->states; i++) state[solve->n + i] += seed[i];
  return OG_OK;
}

static size_t rounds_of(const backsolve *b) {
  size_t most = 0;
  for (size_t m = 0; b->pullback->observed_bar && m < b->solve->count; m++)
    if (b->solve->trajectories[m].observations > most) most = b->solve->trajectories[m].observations;
  return most + 1;
}

static void add_stats(backsolve *b) {
  long long evals = og_solve_stat(b->back, OG_STAT_RHS_EVALS);
  og_count(b->solve, OG_STAT_RHS_EVALS, evals);
  og_count(b->solve, OG_STAT_VJP_EVALS, evals);
}

/* The end-point terms: dL/dt1 = lambda(t1) . f(t1) before any jump at t1, dL/dt0 = -lambda(t0) . f(t0). */
static og_status end_times(backsolve *b, double *bars, double sign, int at_end) {
  if (!b->pullback->want_times) return OG_OK;
  for (size_t m = 0; m < b->solve->count; m++) {
    const og_trajectory *at = &b->solve->trajectories[m];
    double *state = b->state + m * b->rows, product = 0;
    OG_TRY(speed(b, m, at_end ? at->t1 : at->t0, state, state + b->solve->n, &product));
    bars[m] = sign * product;
  }
  return OG_OK;
}

static og_status run_rounds(backsolve *b) {
  OG_TRY(end_times(b, b->pullback->t1_bar, 1, 1));
  for (size_t round = 0, rounds = rounds_of(b); round < rounds; round++) {
    for (size_t m = 0; m < b->solve->count; m++) OG_TRY(prepare(b, round, m));
    OG_TRY(og_solve_run(b->back));
    add_stats(b);
    for (size_t m = 0; m < b->solve->count; m++) OG_TRY(jump(b, round, m));
  }
  return end_times(b, b->pullback->t0_bar, -1, 0);
}

static void deliver(backsolve *b, og_pullback *pullback) {
  const og_solve *solve = b->solve;
  for (size_t m = 0; m < solve->count; m++) {
    const double *state = b->state + m * b->rows;
    memcpy(pullback->x0_bar + m * solve->states, state + solve->n, solve->states * sizeof *state);
    memcpy(pullback->theta_bar + m * solve->p, state + 2 * solve->n, solve->p * sizeof *state);
  }
}

og_status og_backsolve(og_solve *solve, og_pullback *pullback) {
  backsolve b = {.solve = solve, .pullback = pullback};
  og_status status = open_backsolve(&b);
  if (status == OG_OK) status = run_rounds(&b);
  if (status == OG_OK) deliver(&b, pullback);
  close_backsolve(&b);
  return status;
}
