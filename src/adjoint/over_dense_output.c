/* The continuous adjoints over the forward solve's dense output; their backward solves are as stable as the
 * forward one. Interpolate: lambda and the parameter integral are solved backward together. Quadrature:
 * lambda alone is solved backward, and its steps are kept; then dL/dtheta = int lambda^T df/dtheta dt is an
 * integral like any other. Parameters do not drive the step size, and a step costs no more for there being
 * many. */
#include "adjoint/adjoint_fields.h"
#include "adjoint/backward.h"
#include "adjoint/quadrature.h"
#include "solve/memory/state_cache.h"

static og_status integrate(og_backward *b) {
  const og_solve *solve = b->solve;
  if (solve->p == 0) return OG_OK;
  return og_in_parallel(b->solve, solve->count, solve->single ? og_quadrature_s : og_quadrature_d, b);
}

/* The steps of one round, within their share of the budget. */
static void keep_steps(const og_solve *solve, og_solve *back) {
  back->keep = OG_KEEP_STEPS;
  if (solve->checkpoints) back->limits.budget = solve->checkpoints->budget.lambda;
}

/* How many steps there would be is not known: the solve stopped where the share was full. */
static og_status report_budget(const og_solve *solve) {
  return og_fail(
      solve->context, OG_ERR_BUDGET,
      "the steps of the backward solve, which adjoint = quadrature must keep whole between two observations, "
      "take more than their share of the memory budget of %zu bytes, a quarter of what working memory and "
      "tables leave: %zu bytes; raise the budget, or use adjoint = interpolate or discrete, which keep no "
      "steps of a backward solve",
      solve->limits.budget, solve->checkpoints->budget.lambda);
}

/* What is kept includes them. */
static void count_steps(og_solve *solve, const og_solve *back) {
  size_t kept = atomic_load(&back->kept);
  if (solve->checkpoints)
    og_checkpoints_count(solve, kept);
  else
    atomic_store(&solve->stats[OG_STAT_CHECKPOINT_BYTES], (long long)(atomic_load(&solve->kept) + kept));
}

/* Where a forward trajectory was stiff, the backward solve has both methods too. */
static og_status open_back(og_backward *b, og_solve *solve, og_pullback *pullback, int with_parameters,
                           og_backward_how how) {
  og_field *field = NULL;
  OG_TRY(og_adjoint_field_create(solve, with_parameters, &field));
  OG_TRY(og_backward_open(b, solve, pullback, field, 0, &og_lambda_role, how));
  if (solve->stepper.switches) OG_TRY(og_solve_take_pair(b->back));
  return og_state_cache_open(solve);
}

static og_status solve_back(og_solve *solve, og_pullback *pullback, og_backward_how how) {
  og_backward b = {.solve = solve};
  og_status status = open_back(&b, solve, pullback, 0, how);
  if (status == OG_OK) {
    keep_steps(solve, b.back);
    status = og_backward_run(&b, integrate);
    if (status == OG_ERR_BUDGET) status = report_budget(solve);
    count_steps(solve, b.back);
  }
  og_state_cache_close(solve);
  og_backward_close(&b);
  og_status reading = og_state_cache_status(solve);
  return reading == OG_OK ? status : reading;
}

og_status og_quadrature(og_solve *solve, og_pullback *pullback) {
  return og_backward_checked(solve, pullback, solve_back);
}

static og_status solve_both_back(og_solve *solve, og_pullback *pullback, og_backward_how how) {
  og_backward b = {.solve = solve};
  og_status status = open_back(&b, solve, pullback, 1, how);
  if (status == OG_OK) {
    b.back->pace = solve; /* lambda may be smooth where df/dtheta is not */
    status = og_backward_run(&b, NULL);
  }
  if (solve->checkpoints) og_checkpoints_count(solve, 0);
  og_state_cache_close(solve);
  og_backward_close(&b);
  og_status reading = og_state_cache_status(solve);
  return reading == OG_OK ? status : reading;
}

og_status og_interpolate(og_solve *solve, og_pullback *pullback) {
  return og_backward_checked(solve, pullback, solve_both_back);
}
