/* Interpolate: lambda and the parameter integral are solved backward, and x(t) is read from the forward
 * solve's dense output; so the backward solve is as stable as the forward one. */
#include "adjoint/adjoint_field.h"
#include "adjoint/backward.h"
#include "solve/memory/window.h"

static og_status solve_back(og_solve *solve, og_pullback *pullback, og_backward_how how) {
  og_field *field = NULL;
  og_backward b;
  OG_TRY(og_adjoint_field_create(solve, 1, &field));
  og_status status = og_backward_open(&b, solve, pullback, field, 0, &og_lambda_role, how);
  if (status == OG_OK) status = og_windows_open(solve);
  if (status == OG_OK) {
    b.back->pace = solve; /* lambda may be smooth where df/dtheta is not */
    status = og_backward_run(&b, NULL);
  }
  if (solve->checkpoints) og_checkpoints_count(solve, 0);
  og_windows_close(solve);
  og_backward_close(&b);
  og_status reading = og_windows_status(solve);
  return reading == OG_OK ? status : reading;
}

og_status og_interpolate(og_solve *solve, og_pullback *pullback) {
  return og_backward_checked(solve, pullback, solve_back);
}
