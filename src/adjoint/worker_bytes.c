/* What the workers of derivatives hold, which a memory budget reserves while the solution is computed; and
 * the public constructor, which makes a solve that knows of it. */
#include "adjoint/adjoint.h"
#include "adjoint/adjoint_fields.h"
#include "adjoint/dense_output.h"
#include "adjoint/quadrature.h"
#include "solve/memory/budget.h"

static size_t larger(size_t a, size_t b) { return b > a ? b : a; }

static size_t no_scratch(const og_field *field, int lanes) {
  (void)field, (void)lanes;
  return 0;
}

/* The step of a backward solve, whose rows are lambda and the parameters. */
static size_t backward_step(const og_solve *solve, int lanes) {
  const og_stepper *stepper = &solve->stepper;
  og_field adjoint = {.n = solve->n + solve->p,
                      .p = solve->p + OG_NUMBER_ROWS,
                      .flags = OG_FIELD_DEPENDS_ON_TIME,
                      .pattern = solve->field->pattern,
                      .following = OG_FOLLOWS_INTEGRALS,
                      .scratch_bytes = no_scratch};
  return solve->single ? stepper->ops_s->bytes(stepper, &adjoint, lanes, OG_STEP_FORWARD)
                       : stepper->ops_d->bytes(stepper, &adjoint, lanes, OG_STEP_FORWARD);
}

/* What implicit methods need besides: x' and a Jacobian, for a pair of methods a second scratch memory with
 * its dense output, and the slope at a time. */
static size_t implicit_parts(const og_solve *solve, int lanes) {
  const og_pattern *pattern = solve->field->pattern;
  size_t width = (size_t)lanes, n = solve->n;
  if (!solve->stepper.implicit) return 0;
  size_t blocks = OG_PADDED(n * width) + OG_PADDED((size_t)pattern->count * width);
  size_t second = 3 * OG_PADDED(n * width) + OG_PADDED(solve->p * width) + blocks;
  size_t bytes = blocks * sizeof(double) + og_path_slope_bytes(solve);
  if (!solve->stepper.switches) return bytes;
  return bytes + second * sizeof(double) + og_dense_output_bytes(solve, lanes) +
         solve->field->scratch_bytes(solve->field, lanes);
}

/* The backward solves of the continuous adjoints read the forward one's dense output: their driver, and in
 * its scratch memory and beside it dense outputs, blocks of x, lambda and theta, and the field's own scratch;
 * and a driver that takes steps again. A bound, not exact. */
static size_t over_dense_output(const og_solve *solve, int lanes) {
  size_t width = (size_t)lanes, n = solve->n, p = solve->p, outputs = og_dense_output_count(solve);
  size_t driver = 6 * OG_PADDED((n + p) * width) + 2 * OG_PADDED((p + 2) * width);
  size_t blocks = 4 * OG_PADDED(n * width) + 8 * OG_PADDED(p * width);
  if (!outputs) return 0;
  return og_quadrature_bytes() + backward_step(solve, lanes) + implicit_parts(solve, lanes) +
         (driver + blocks) * sizeof(double) + (outputs + 1) * og_dense_output_bytes(solve, lanes) +
         4 * solve->field->scratch_bytes(solve->field, lanes) + og_driver_bytes(solve, 1) +
         4 * OG_WORKER_ALLOCATIONS;
}

size_t og_derivative_bytes(const og_solve *solve, int lanes, int taped) {
  size_t discrete =
      solve->single ? og_discrete_bytes_s(solve, lanes, taped) : og_discrete_bytes_d(solve, lanes, taped);
  size_t tangent = solve->single ? og_tangent_bytes_s(solve, lanes) : og_tangent_bytes_d(solve, lanes);
  return larger(larger(discrete, tangent), over_dense_output(solve, lanes));
}

og_status og_solve_create(og_context *context, const og_field *field, const og_options *options,
                          size_t trajectories, og_solve **out) {
  if (out) *out = NULL;
  OG_OBJECT(context);
  OG_NEED(context, out);
  OG_NEED(context, field);
  return og_solve_open(context, field, options, trajectories, og_derivative_bytes, out);
}
