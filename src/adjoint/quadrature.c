/* Quadrature: lambda alone is solved backward over the forward solve's dense output, and its steps are kept;
 * then dL/dtheta = int lambda^T df/dtheta dt is an integral like any other. Parameters do not drive the step
 * size, and a step costs no more for there being many. */
#include "adjoint/quadrature.h"
#include "adjoint/lambda_field.h"

static const og_role role = {"in the backward solve of the adjoint: ",
                             "adjoint = discrete, which solves no equation backward, or "};

static og_status integrate(og_backward *b) {
  const og_solve *solve = b->solve;
  if (solve->p == 0) return OG_OK;
  return og_in_parallel(b->solve, solve->count, solve->single ? og_integrate_s : og_integrate_d, b);
}

/* The steps of one round, within what the forward solve's have left of the budget. */
static void keep_steps(const og_solve *solve, og_solve *back) {
  size_t kept = atomic_load(&solve->kept), budget = solve->limits.budget;
  back->keep = OG_KEEP_STEPS;
  if (budget) back->limits.budget = budget > kept ? budget - kept : 1;
}

og_status og_quadrature(og_solve *solve, og_pullback *pullback) {
  og_field *field = NULL;
  og_backward b;
  OG_TRY(og_lambda_field_create(solve, 0, &field));
  og_status status = og_backward_open(&b, solve, pullback, field, 0, &role);
  if (status == OG_OK) {
    keep_steps(solve, b.back);
    status = og_backward_run(&b, integrate);
    size_t kept = atomic_load(&solve->kept) + atomic_load(&b.back->kept);
    atomic_store(&solve->stats[OG_STAT_CHECKPOINT_BYTES], (long long)kept);
  }
  og_backward_close(&b);
  return status;
}
