/* What implicit methods need of a tangent field (tangent_field.h). Its Jacobian is [J 0; B J], B = d/dx of
 * (df/dx x_dot + df/dtheta theta_dot): the pattern is that of J, and the rows of x_dot follow
 * (field/field.h), so that one factoring of n equations serves both. B is products with second derivatives.
 * The Hessian, which Rosenbrock steps need, has third ones in it. */
#include "adjoint/tangent_field.h"

#include <string.h>

#include "base/real.h"

typedef OG_R(og_tangent_point) point;

void OG_R(og_tangent_eval_leading)(const og_field *field, int lanes, const double *t, const real *x,
                                   const real *theta, real *f, og_lane_status *status, void *scratch) {
  point at = OG_R(og_tangent_point_in)(field, lanes, x, theta, scratch);
  at.inner->OG_R(ops).eval(at.inner, lanes, t, at.x, at.theta, at.result, status, at.own);
  memcpy(f, at.result, at.n * sizeof(real));
}

void OG_R(og_tangent_jacobian)(const og_field *field, int lanes, const double *t, const real *x,
                               const real *theta, real *values, og_lane_status *status, void *scratch) {
  point at = OG_R(og_tangent_point_in)(field, lanes, x, theta, scratch);
  at.inner->OG_R(ops).jacobian(at.inner, lanes, t, at.x, at.theta, values, status, at.own);
}

static const real *theta_dot_of(const point *at) { return at->p + at->inputs ? at->theta_dot : NULL; }

void OG_R(og_tangent_following_jvp)(const og_field *field, int lanes, const double *t, const real *x,
                                    const real *theta, const real *u, real *f_dot, og_lane_status *status,
                                    void *scratch) {
  point at = OG_R(og_tangent_point_in)(field, lanes, x, theta, scratch);
  memcpy(at.lambda, u, at.n * sizeof(real));
  at.inner->OG_R(ops).jvp_tangent(at.inner, lanes, t, at.x, at.theta, NULL, at.lambda, NULL, at.x_dot,
                                  theta_dot_of(&at), at.result, status, at.own);
  memcpy(f_dot, at.result, at.n * sizeof(real));
}

void OG_R(og_tangent_following_vjp)(const og_field *field, int lanes, const double *t, const real *x,
                                    const real *theta, const real *v, real *x_bar, og_lane_status *status,
                                    void *scratch) {
  point at = OG_R(og_tangent_point_in)(field, lanes, x, theta, scratch);
  memcpy(at.lambda, v, at.n * sizeof(real));
  at.inner->OG_R(ops).hessian(at.inner, lanes, t, at.x, at.theta, at.lambda, NULL, at.x_dot,
                              theta_dot_of(&at), at.result, NULL, NULL, status, at.own);
  memcpy(x_bar, at.result, at.n * sizeof(real));
}

/* ---- Products with the whole ---- */

static void add_to(const real *from, size_t entries, real *to) {
  for (size_t i = 0; to && i < entries; i++) to[i] += from[i];
}

/* A half of a direction, in `lambda`; NULL: zeros. */
static void take_half(point *at, const real *from) {
  if (from)
    memcpy(at->lambda, from, at->n * sizeof(real));
  else
    memset(at->lambda, 0, at->n * sizeof(real));
}

/* theta is not varied. */
void OG_R(og_tangent_jvp)(const og_field *field, int lanes, const double *t, const real *x, const real *theta,
                          const real *t_dot, const real *x_dot, const real *theta_dot, real *f_dot,
                          og_lane_status *status, void *scratch) {
  point at = OG_R(og_tangent_point_in)(field, lanes, x, theta, scratch);
  const OG_R(og_field_ops) *ops = &at.inner->OG_R(ops);
  (void)theta_dot;
  take_half(&at, x_dot);
  ops->jvp(at.inner, lanes, t, at.x, at.theta, t_dot, at.lambda, NULL, at.result, status, at.own);
  memcpy(f_dot, at.result, at.n * sizeof(real));
  ops->jvp_tangent(at.inner, lanes, t, at.x, at.theta, t_dot, at.lambda, NULL, at.x_dot, theta_dot_of(&at),
                   at.result, status, at.own);
  memcpy(f_dot + at.n, at.result, at.n * sizeof(real));
  if (!x_dot) return;
  take_half(&at, x_dot + at.n);
  ops->jvp(at.inner, lanes, t, at.x, at.theta, NULL, at.lambda, NULL, at.result, status, at.own);
  add_to(at.result, at.n, f_dot + at.n);
}

/* Outputs of one Hessian's call: overwritten where they are the first, else added to; NULL: not wanted. */
typedef struct outputs {
  real *x_bar, *theta_bar, *inputs_bar, *t_bar;
} outputs;

static void clear(const point *at, int lanes, const outputs *to) {
  if (to->x_bar) memset(to->x_bar, 0, at->n * sizeof(real));
  if (to->theta_bar) memset(to->theta_bar, 0, at->p * sizeof(real));
  if (to->inputs_bar) memset(to->inputs_bar, 0, at->inputs * sizeof(real));
  if (to->t_bar) memset(to->t_bar, 0, (size_t)lanes * sizeof(real));
}

static void add_outputs(const point *at, int lanes, const outputs *to) {
  add_to(at->result, at->n, to->x_bar);
  add_to(at->theta_result, at->p, to->theta_bar);
  add_to(at->theta_result + at->p, at->inputs, to->inputs_bar);
  add_to(at->t_result, (size_t)lanes, to->t_bar);
}

/* The Hessian of lambda^T f along (t_dot, u). */
static void add_hessian(point *at, int lanes, const double *t, const real *lambda, const real *t_dot,
                        const real *u, const outputs *to, og_lane_status *status) {
  real *theta_bar = to->theta_bar || to->inputs_bar ? at->theta_result : NULL;
  take_half(at, lambda);
  memcpy(at->along, u, at->n * sizeof(real));
  at->inner->OG_R(ops).hessian(at->inner, lanes, t, at->x, at->theta, at->lambda, t_dot, at->along, NULL,
                               at->result, theta_bar, to->t_bar ? at->t_result : NULL, status, at->own);
  add_outputs(at, lanes, to);
}

/* That along (x_dot, theta_dot) of this field's own point, and once more along (t_dot, u). */
static void add_third(point *at, int lanes, const double *t, const real *lambda, const real *t_dot,
                      const real *u, const outputs *to, og_lane_status *status) {
  real *theta_bar = to->theta_bar || to->inputs_bar ? at->theta_result : NULL;
  take_half(at, lambda);
  memcpy(at->along, u, at->n * sizeof(real));
  at->inner->OG_R(ops).hessian_tangent(at->inner, lanes, t, at->x, at->theta, at->lambda, t_dot, at->along,
                                       at->x_dot, theta_dot_of(at), at->result, theta_bar,
                                       to->t_bar ? at->t_result : NULL, status, at->own);
  add_outputs(at, lanes, to);
}

/* With lambda = (lambda_x, mu): of lambda_x^T f + mu^T (df/dx x_dot + df/dtheta theta_dot) along (t_dot,
 * x_dot) of the call; theta is not varied. */
void OG_R(og_tangent_hessian)(const og_field *field, int lanes, const double *t, const real *x,
                              const real *theta, const real *lambda, const real *t_dot, const real *x_dot,
                              const real *theta_dot, real *x_bar_dot, real *theta_bar_dot, real *t_bar_dot,
                              og_lane_status *status, void *scratch) {
  point at = OG_R(og_tangent_point_in)(field, lanes, x, theta, scratch);
  int any = theta_bar_dot && at.p > 0, inputs = theta_bar_dot && at.inputs > 0;
  outputs values = {x_bar_dot, any ? theta_bar_dot : NULL, inputs ? theta_bar_dot + 2 * at.p : NULL,
                    t_bar_dot};
  outputs tangents = {x_bar_dot + at.n, any ? theta_bar_dot + at.p : NULL, NULL, NULL};
  (void)theta_dot;
  clear(&at, lanes, &values);
  clear(&at, lanes, &tangents);
  add_hessian(&at, lanes, t, lambda, t_dot, x_dot, &values, status);
  add_hessian(&at, lanes, t, lambda + at.n, NULL, x_dot + at.n, &values, status);
  add_third(&at, lanes, t, lambda + at.n, t_dot, x_dot, &values, status);
  add_hessian(&at, lanes, t, lambda + at.n, t_dot, x_dot, &tangents, status);
}

/* ---- Shared by both precisions ---- */

#if !defined(OG_SINGLE)

og_status og_tangent_prepare(og_field *base) {
  const og_field *inner = ((const og_tangent_field *)base)->inner;
  og_pattern_keep(inner->pattern);
  base->pattern = inner->pattern;
  return OG_OK;
}

#endif
