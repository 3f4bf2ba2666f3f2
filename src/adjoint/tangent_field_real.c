/* The tangent field's functions on lane blocks. Rows are copied to and from blocks of their own, because the
 * inner field may write into a block's padding. */
#include "adjoint/tangent_field.h"

#include <string.h>

#include "base/real.h"

typedef OG_R(og_tangent_point) point;

static real *take(real **next, size_t entries) {
  real *block = *next;
  *next += OG_PADDED(entries);
  return block;
}

point OG_R(og_tangent_point_in)(const og_field *field, int lanes, const real *x, const real *theta,
                                void *scratch) {
  const og_field *inner = ((const og_tangent_field *)field)->inner;
  size_t parameters = og_field_parameters(inner), width = (size_t)lanes;
  point at = {.inner = inner,
              .n = inner->n * width,
              .p = parameters * width,
              .inputs = (inner->p - parameters) * width};
  real *next = scratch;
  real **states[] = {&at.x, &at.x_dot, &at.lambda, &at.along, &at.result};
  real **thetas[] = {&at.theta, &at.theta_dot, &at.theta_result};
  for (int i = 0; i < 5; i++) *states[i] = take(&next, at.n);
  for (int i = 0; i < 3; i++) *thetas[i] = take(&next, at.p + at.inputs);
  at.t_result = take(&next, width);
  at.own = next;
  memcpy(at.x, x, at.n * sizeof(real));
  memcpy(at.x_dot, x + at.n, at.n * sizeof(real));
  if (at.p) memcpy(at.theta, theta, at.p * sizeof(real));
  if (at.p) memcpy(at.theta_dot, theta + at.p, at.p * sizeof(real));
  if (at.inputs) memcpy(at.theta + at.p, theta + 2 * at.p, at.inputs * sizeof(real));
  if (at.inputs) memset(at.theta_dot + at.p, 0, at.inputs * sizeof(real));
  return at;
}

static void eval(const og_field *field, int lanes, const double *t, const real *x, const real *theta, real *f,
                 og_lane_status *status, void *scratch) {
  point at = OG_R(og_tangent_point_in)(field, lanes, x, theta, scratch);
  at.inner->OG_R(ops).eval(at.inner, lanes, t, at.x, at.theta, at.result, status, at.own);
  memcpy(f, at.result, at.n * sizeof(real));
  at.inner->OG_R(ops).jvp(at.inner, lanes, t, at.x, at.theta, NULL, at.x_dot,
                          at.p + at.inputs ? at.theta_dot : NULL, at.result, status, at.own);
  memcpy(f + at.n, at.result, at.n * sizeof(real));
}

static void hand_out(const real *from, size_t entries, real *to) {
  if (to && entries) memcpy(to, from, entries * sizeof(real));
}

static void add_to(const real *from, size_t entries, real *to) {
  for (size_t i = 0; to && i < entries; i++) to[i] += from[i];
}

/* With lambda = (lambda_x, mu): the cotangents of x_dot and theta_dot are the vjp of mu; those of x, theta
 * and t are the vjp of lambda_x and the Hessian of mu^T f along (x_dot, theta_dot). */
static void vjp(const og_field *field, int lanes, const double *t, const real *x, const real *theta,
                const real *lambda, real *x_bar, real *theta_bar, real *t_bar, og_lane_status *status,
                void *scratch) {
  point at = OG_R(og_tangent_point_in)(field, lanes, x, theta, scratch);
  const OG_R(og_field_ops) *ops = &at.inner->OG_R(ops);
  int any = at.p + at.inputs > 0 && theta_bar;
  real *theta_result = any ? at.theta_result : NULL, *t_result = t_bar ? at.t_result : NULL;
  memcpy(at.lambda, lambda, at.n * sizeof(real));
  ops->vjp(at.inner, lanes, t, at.x, at.theta, at.lambda, at.result, theta_result, t_result, status, at.own);
  hand_out(at.result, at.n, x_bar);
  hand_out(at.theta_result, at.p, theta_bar);
  hand_out(at.theta_result + at.p, at.inputs, any ? theta_bar + 2 * at.p : NULL);
  hand_out(at.t_result, (size_t)lanes, t_bar);
  memcpy(at.lambda, lambda + at.n, at.n * sizeof(real));
  ops->vjp(at.inner, lanes, t, at.x, at.theta, at.lambda, at.result, theta_result, NULL, status, at.own);
  hand_out(at.result, at.n, x_bar ? x_bar + at.n : NULL);
  hand_out(at.theta_result, at.p, theta_bar ? theta_bar + at.p : NULL);
  ops->hessian(at.inner, lanes, t, at.x, at.theta, at.lambda, NULL, at.x_dot, at.theta_dot, at.result,
               theta_result, t_result, status, at.own);
  add_to(at.result, at.n, x_bar);
  add_to(at.theta_result, at.p, theta_bar);
  add_to(at.theta_result + at.p, at.inputs, any ? theta_bar + 2 * at.p : NULL);
  add_to(at.t_result, (size_t)lanes, t_bar);
}

const OG_R(og_field_ops) OG_R(og_tangent_field_ops) = {
    .eval = eval,
    .vjp = vjp,
    .jvp = OG_R(og_tangent_jvp),
    .hessian = OG_R(og_tangent_hessian),
    .jacobian = OG_R(og_tangent_jacobian),
    .eval_leading = OG_R(og_tangent_eval_leading),
    .following_jvp = OG_R(og_tangent_following_jvp),
    .following_vjp = OG_R(og_tangent_following_vjp),
};

/* ---- Shared by both precisions ---- */

#if !defined(OG_SINGLE)

/* Blocks of x, x_dot, lambda, a direction and a result, of theta, theta_dot and a result, and times'
 * cotangents, at the width of double, and the inner field's own scratch. */
static size_t scratch_bytes(const og_field *field, int lanes) {
  const og_field *inner = ((const og_tangent_field *)field)->inner;
  size_t state = OG_PADDED(inner->n * (size_t)lanes), theta = OG_PADDED(inner->p * (size_t)lanes);
  return (5 * state + 3 * theta + OG_PADDED((size_t)lanes)) * sizeof(double) +
         inner->scratch_bytes(inner, lanes);
}

static void destroy(og_field *field) { og_free(field->context, field); }

static unsigned flags_of(const og_field *inner) {
  unsigned same = OG_FIELD_DEPENDS_ON_TIME | OG_FIELD_HAS_JACOBIAN;
  return (inner->flags & same) | OG_FIELD_HAS_VJP |
         (inner->flags & OG_FIELD_HAS_THIRD ? OG_FIELD_HAS_HESSIAN : 0u);
}

og_status og_tangent_field_create(og_context *context, const og_field *inner, og_field **out) {
  size_t parameters = og_field_parameters(inner);
  og_tangent_field *field = og_alloc(context, 1, sizeof *field + inner->fine * sizeof(size_t));
  *out = NULL;
  if (!field) return og_fail_memory(context, sizeof *field, "the tangent field");
  field->base = (og_field){.context = context,
                           .n = 2 * inner->n,
                           .p = inner->p + parameters,
                           .fine = inner->fine,
                           .inputs = inner->inputs,
                           .breakpoints = inner->breakpoints,
                           .breakpoint = inner->breakpoint,
                           .following = OG_FOLLOWS_TANGENTS,
                           .made_of = inner,
                           .prepare = inner->prepare ? og_tangent_prepare : NULL,
                           .flags = flags_of(inner),
                           .ops_d = og_tangent_field_ops_d,
                           .ops_s = og_tangent_field_ops_s,
                           .scratch_bytes = scratch_bytes,
                           .destroy = destroy};
  field->inner = inner;
  field->base.fine_row = field->fine_row;
  for (size_t k = 0; k < inner->fine; k++)
    field->fine_row[k] = inner->fine_row[k] + (inner->fine_row[k] < parameters ? 0 : parameters);
  *out = &field->base;
  return OG_OK;
}

#endif
