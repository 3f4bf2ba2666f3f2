/* The right-hand sides of the continuous adjoint on lane blocks: over dense output, and together with x. */
#include <string.h>

#include "adjoint/adjoint_fields.h"
#include "base/real.h"

static void numbers_of(const real *rows, int lanes, const og_lane_status *status, size_t *number) {
  for (int lane = 0; lane < lanes; lane++)
    number[lane] = status[lane] ? 0 : (size_t)rows[lane] + ((size_t)rows[lanes + lane] << OG_NUMBER_BITS);
}

/* x at t, and room for the rest. */
OG_R(og_lambda_room)
OG_R(og_lambda_room_in)
(const og_adjoint_field *field, int lanes, const double *t, const real *theta, og_lane_status *status,
 void *scratch) {
  const og_field *inner = field->forward->field;
  size_t width = (size_t)lanes, n = OG_PADDED(inner->n * width), p = OG_PADDED(inner->p * width),
         trajectory[OG_LANES_MAX], segment[OG_LANES_MAX];
  size_t values = inner->pattern ? OG_PADDED((size_t)inner->pattern->count * width) : 0;
  real *x = (real *)(void *)((char *)scratch + og_dense_output_bytes(field->forward, lanes));
  OG_R(og_lambda_room)
  r = {.dense = OG_R(og_dense_output_in)(scratch, field->forward, lanes),
       .x = x,
       .x_dot = x + n,
       .x_bar = x + 2 * n,
       .theta_bar = x + 3 * n,
       .values = x + 3 * n + p,
       .own = x + 3 * n + p + values};
  numbers_of(theta + inner->p * width, lanes, status, trajectory);
  numbers_of(theta + (inner->p + 2) * width, lanes, status, segment);
  OG_R(og_dense_output_read)(r.dense, t, trajectory, segment, status, r.x);
  return r;
}

static void eval_rows(const og_field *base, int lanes, const double *t, const real *state, const real *theta,
                      int with_parameters, real *f, og_lane_status *status, void *scratch) {
  const og_adjoint_field *field = (const og_adjoint_field *)base;
  const og_field *inner = field->forward->field;
  size_t n = inner->n * (size_t)lanes, p = inner->p * (size_t)lanes;
  OG_R(og_lambda_room) r = OG_R(og_lambda_room_in)(field, lanes, t, theta, status, scratch);
  inner->OG_R(ops).vjp(inner, lanes, t, r.x, theta, state, r.x_bar, with_parameters ? r.theta_bar : NULL,
                       NULL, status, r.own);
  for (size_t i = 0; i < n; i++) f[i] = -r.x_bar[i];
  for (size_t i = 0; with_parameters && i < p; i++) f[n + i] = -r.theta_bar[i];
}

static void eval(const og_field *base, int lanes, const double *t, const real *state, const real *theta,
                 real *f, og_lane_status *status, void *scratch) {
  int with_parameters = ((const og_adjoint_field *)base)->with_parameters;
  eval_rows(base, lanes, t, state, theta, with_parameters, f, status, scratch);
}

static void eval_leading(const og_field *base, int lanes, const double *t, const real *state,
                         const real *theta, real *f, og_lane_status *status, void *scratch) {
  eval_rows(base, lanes, t, state, theta, 0, f, status, scratch);
}

const OG_R(og_field_ops) OG_R(og_lambda_ops) = {.eval = eval,
                                                .eval_leading = eval_leading,
                                                .jacobian = OG_R(og_lambda_jacobian),
                                                .jvp = OG_R(og_lambda_jvp),
                                                .following_jvp = OG_R(og_lambda_following_jvp)};

/* ---- Shared by both precisions ---- */

#if !defined(OG_SINGLE)

/* Dense output; blocks of x, x_dot, x_bar, theta_bar and a Jacobian, at the width of double; the inner
 * field's own scratch. */
static size_t scratch_bytes(const og_field *field, int lanes) {
  const og_solve *forward = ((const og_adjoint_field *)field)->forward;
  size_t state = OG_PADDED(forward->n * (size_t)lanes), theta = OG_PADDED(forward->p * (size_t)lanes);
  const og_pattern *pattern = forward->field->pattern;
  size_t values = pattern ? OG_PADDED((size_t)pattern->count * (size_t)lanes) : 0;
  return og_dense_output_bytes(forward, lanes) + (3 * state + theta + values) * sizeof(double) +
         forward->field->scratch_bytes(forward->field, lanes);
}

const og_role og_lambda_role = {"in the backward solve of the adjoint: ",
                                "adjoint = discrete, which solves no equation backward, or ", NULL, OG_STUCK};

static void destroy(og_field *field) { og_free(field->context, field); }

static void destroy_lambda(og_field *field) {
  if (field->own) og_free(field->own, ((og_adjoint_field *)field)->source);
  og_free(field->context, field);
}

og_status og_adjoint_field_create(og_solve *forward, int with_parameters, og_field **out) {
  og_adjoint_field *field = og_alloc(forward->context, 1, sizeof *field);
  *out = NULL;
  if (!field) return og_fail_memory(forward->context, sizeof *field, "the adjoint field");
  const og_field *inner = forward->field;
  with_parameters = with_parameters && forward->p;
  field->base = (og_field){.context = forward->context,
                           .n = forward->n + (with_parameters ? forward->p : 0),
                           .p = forward->p + OG_NUMBER_ROWS,
                           .flags = OG_FIELD_DEPENDS_ON_TIME | (inner->flags & OG_FIELD_HAS_JACOBIAN),
                           .following = with_parameters ? OG_FOLLOWS_INTEGRALS : OG_FOLLOWS_NOTHING,
                           .made_of = inner,
                           .prepare = inner->prepare ? og_lambda_prepare : NULL,
                           .ops_d = og_lambda_ops_d,
                           .ops_s = og_lambda_ops_s,
                           .scratch_bytes = scratch_bytes,
                           .destroy = destroy_lambda};
  field->forward = forward;
  field->with_parameters = with_parameters;
  *out = &field->base;
  return OG_OK;
}

#endif

/* ---- With x: the augmented field ---- */

/* Rows of the augmented state are copied to and from blocks of their own, because the inner field may write
 * into a block's padding. */

static void augmented_eval(const og_field *field, int lanes, const double *t, const real *x,
                           const real *theta, real *f, og_lane_status *status, void *scratch) {
  const og_field *inner = ((const og_augmented_field *)field)->inner;
  size_t n = inner->n * (size_t)lanes, p = inner->p * (size_t)lanes, block = OG_PADDED(n);
  real *state = scratch, *lambda = state + block, *rate = lambda + block, *x_bar = rate + block;
  real *theta_bar = x_bar + block, *own = theta_bar + OG_PADDED(p);
  memcpy(state, x, n * sizeof(real));
  memcpy(lambda, x + n, n * sizeof(real));
  inner->OG_R(ops).eval(inner, lanes, t, state, theta, rate, status, own);
  inner->OG_R(ops).vjp(inner, lanes, t, state, theta, lambda, x_bar, p ? theta_bar : NULL, NULL, status, own);
  memcpy(f, rate, n * sizeof(real));
  for (size_t i = 0; i < n; i++) f[n + i] = -x_bar[i];
  for (size_t i = 0; i < p; i++) f[2 * n + i] = -theta_bar[i];
}

const OG_R(og_field_ops) OG_R(og_backsolve_ops) = {.eval = augmented_eval};

/* ---- Shared by both precisions ---- */

#if !defined(OG_SINGLE)

/* Blocks of x, lambda, f, x_bar, theta_bar, at the width of double, and the inner field's own scratch. */
static size_t augmented_scratch_bytes(const og_field *field, int lanes) {
  const og_field *inner = ((const og_augmented_field *)field)->inner;
  size_t state = OG_PADDED(inner->n * (size_t)lanes), theta = OG_PADDED(inner->p * (size_t)lanes);
  return (4 * state + theta) * sizeof(double) + inner->scratch_bytes(inner, lanes);
}

og_status og_augmented_field_create(og_context *context, const og_field *inner, og_field **out) {
  og_augmented_field *field = og_alloc(context, 1, sizeof *field);
  *out = NULL;
  if (!field) return og_fail_memory(context, sizeof *field, "the adjoint field");
  field->base = (og_field){.context = context,
                           .n = 2 * inner->n + inner->p,
                           .p = inner->p,
                           .flags = inner->flags & OG_FIELD_DEPENDS_ON_TIME,
                           .ops_d = og_backsolve_ops_d,
                           .ops_s = og_backsolve_ops_s,
                           .scratch_bytes = augmented_scratch_bytes,
                           .destroy = destroy};
  field->inner = inner;
  *out = &field->base;
  return OG_OK;
}

#endif
