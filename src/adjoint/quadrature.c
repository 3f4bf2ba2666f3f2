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

og_status og_quadrature(og_solve *solve, og_pullback *pullback) {
  og_field *field = NULL;
  og_backward b;
  OG_TRY(og_lambda_field_create(solve, 0, &field));
  og_status status = og_backward_open(&b, solve, pullback, field, 0, &role);
  if (status == OG_OK) {
    b.back->keep = 1;
    status = og_backward_run(&b, integrate);
  }
  og_backward_close(&b);
  return status;
}
