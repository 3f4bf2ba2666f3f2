/* What implicit methods need of the equations of lambda (adjoint_fields.h): the Jacobian -J^T on the
 * transpose of the forward field's pattern; how they change with the time, by t and by x(t) together, which
 * is a product with second derivatives; and of the parameter integral, whose rows follow, what lambda makes
 * of them. */
#include <string.h>

#include "adjoint/adjoint_fields.h"
#include "base/real.h"

void OG_R(og_lambda_jacobian)(const og_field *base, int lanes, const double *t, const real *state,
                              const real *theta, real *values, og_lane_status *status, void *scratch) {
  const og_adjoint_field *field = (const og_adjoint_field *)base;
  const og_field *inner = field->forward->field;
  OG_R(og_lambda_room) r = OG_R(og_lambda_room_in)(field, lanes, t, theta, status, scratch);
  size_t width = (size_t)lanes;
  (void)state;
  inner->OG_R(ops).jacobian(inner, lanes, t, r.x, theta, r.values, status, r.own);
  for (int e = 0; e < base->pattern->count; e++)
    for (size_t lane = 0; lane < width; lane++)
      values[(size_t)e * width + lane] = -r.values[(size_t)field->source[e] * width + lane];
}

static void add_negative(const real *from, size_t entries, real *to) {
  for (size_t i = 0; i < entries; i++) to[i] -= from[i];
}

/* Along t: of J(t, x(t))^T lambda, x' being the interpolant's. */
static void add_along_time(const og_adjoint_field *field, OG_R(og_lambda_room) * r, int lanes,
                           const double *t, const real *lambda, const real *theta, const real *t_dot,
                           real *f_dot, og_lane_status *status) {
  const og_field *inner = field->forward->field;
  size_t n = inner->n * (size_t)lanes, p = inner->p * (size_t)lanes;
  OG_R(og_dense_output_slope)(r->dense, r->x_dot);
  for (size_t i = 0; i < n; i++) r->x_dot[i] *= t_dot[i % (size_t)lanes];
  inner->OG_R(ops).hessian(inner, lanes, t, r->x, theta, lambda, t_dot, r->x_dot, NULL, r->x_bar,
                           field->with_parameters ? r->theta_bar : NULL, NULL, status, r->own);
  add_negative(r->x_bar, n, f_dot);
  if (field->with_parameters) add_negative(r->theta_bar, p, f_dot + n);
}

static void add_along_lambda(const og_adjoint_field *field, OG_R(og_lambda_room) * r, int lanes,
                             const double *t, const real *lambda_dot, const real *theta, real *f_dot,
                             og_lane_status *status) {
  const og_field *inner = field->forward->field;
  size_t n = inner->n * (size_t)lanes, p = inner->p * (size_t)lanes;
  inner->OG_R(ops).vjp(inner, lanes, t, r->x, theta, lambda_dot, r->x_bar,
                       field->with_parameters ? r->theta_bar : NULL, NULL, status, r->own);
  add_negative(r->x_bar, n, f_dot);
  if (field->with_parameters) add_negative(r->theta_bar, p, f_dot + n);
}

/* theta is not varied. */
void OG_R(og_lambda_jvp)(const og_field *base, int lanes, const double *t, const real *state,
                         const real *theta, const real *t_dot, const real *state_dot, const real *theta_dot,
                         real *f_dot, og_lane_status *status, void *scratch) {
  const og_adjoint_field *field = (const og_adjoint_field *)base;
  OG_R(og_lambda_room) r = OG_R(og_lambda_room_in)(field, lanes, t, theta, status, scratch);
  (void)theta_dot;
  memset(f_dot, 0, base->n * (size_t)lanes * sizeof *f_dot);
  if (t_dot) add_along_time(field, &r, lanes, t, state, theta, t_dot, f_dot, status);
  if (state_dot) add_along_lambda(field, &r, lanes, t, state_dot, theta, f_dot, status);
}

void OG_R(og_lambda_following_jvp)(const og_field *base, int lanes, const double *t, const real *state,
                                   const real *theta, const real *u, real *f_dot, og_lane_status *status,
                                   void *scratch) {
  const og_adjoint_field *field = (const og_adjoint_field *)base;
  const og_field *inner = field->forward->field;
  OG_R(og_lambda_room) r = OG_R(og_lambda_room_in)(field, lanes, t, theta, status, scratch);
  (void)state;
  inner->OG_R(ops).vjp(inner, lanes, t, r.x, theta, u, r.x_bar, r.theta_bar, NULL, status, r.own);
  for (size_t i = 0; i < inner->p * (size_t)lanes; i++) f_dot[i] = -r.theta_bar[i];
}

/* ---- Shared by both precisions ---- */

#if !defined(OG_SINGLE)

/* The transpose's pattern, and where its entries stand in J's. */
og_status og_lambda_prepare(og_field *base) {
  og_adjoint_field *field = (og_adjoint_field *)base;
  const og_pattern *p = field->forward->field->pattern;
  og_pattern *pattern = NULL;
  field->source = og_alloc(base->own, (size_t)p->count, sizeof *field->source);
  if (!field->source) return og_fail_memory(base->own, (size_t)p->count * sizeof(int), "a Jacobian");
  og_status status =
      og_pattern_create(base->own, (size_t)p->n, (size_t)p->count, p->column, p->row, &pattern);
  base->pattern = pattern;
  for (int e = 0; status == OG_OK && e < pattern->count; e++)
    field->source[e] = og_pattern_find(p, pattern->column[e], pattern->row[e]);
  if (status != OG_OK) og_free(base->own, field->source), field->source = NULL;
  return status;
}

#endif
