/* What callbacks do not give but their other products make up. */
#include <string.h>

#include "base/real.h"
#include "field/callback.h"

/* Row i is that of the Hessian of f_i along (t_dot, x_dot, theta_dot), times (t_u, u). */
static void add_row(size_t n, size_t width, const real *x_bar, const real *t_bar, const real *t_u,
                    const real *u, real *row) {
  for (size_t lane = 0; lane < width; lane++) row[lane] = t_u ? t_bar[lane] * t_u[lane] : 0;
  for (size_t j = 0; j < n; j++)
    for (size_t lane = 0; lane < width; lane++) row[lane] += x_bar[j * width + lane] * u[j * width + lane];
}

void OG_R(og_jvp_tangent_from_hessians)(const og_field *field, int lanes, const double *t, const real *x,
                                        const real *theta, const real *t_u, const real *u, const real *t_dot,
                                        const real *x_dot, const real *theta_dot, real *f_ddot,
                                        og_lane_status *status, void *scratch) {
  size_t n = field->n, width = (size_t)lanes, rows = OG_PADDED(n * width);
  real *lambda = scratch, *x_bar = lambda + rows, *t_bar = x_bar + rows;
  void *own = (char *)scratch + og_derived_bytes(field, lanes);
  memset(lambda, 0, n * width * sizeof *lambda);
  for (size_t i = 0; i < n; i++) {
    for (size_t lane = 0; lane < width; lane++) lambda[i * width + lane] = 1;
    field->OG_R(ops).hessian(field, lanes, t, x, theta, lambda, t_dot, x_dot, theta_dot, x_bar, NULL, t_bar,
                             status, own);
    add_row(n, width, x_bar, t_bar, t_u, u, f_ddot + i * width);
    for (size_t lane = 0; lane < width; lane++) lambda[i * width + lane] = 0;
  }
}

static int has_input_terms(const og_field *field, const real *t_dot, const real *theta_dot) {
  return field->inputs && (t_dot || theta_dot) && og_field_is_prepared(field);
}

/* Of u = a + b (t - tau) the cotangent of b is u_bar (t - tau), that of t b u_bar: they move with t and b
 * themselves, which a Hessian by the value of u does not know. */
void OG_R(og_add_input_terms)(const og_field *field, int lanes, const double *t, const real *x,
                              const real *theta, const real *lambda, const real *t_dot, const real *theta_dot,
                              real *theta_bar_dot, real *t_bar_dot, og_lane_status *status, void *scratch) {
  if (!has_input_terms(field, t_dot, theta_dot)) return;
  size_t width = (size_t)lanes, parameters = og_field_parameters(field);
  real *x_bar = scratch, *theta_bar = x_bar + OG_PADDED(field->n * width);
  memset(theta_bar, 0, field->p * width * sizeof *theta_bar);
  field->OG_R(ops).vjp(field, lanes, t, x, theta, lambda, x_bar, theta_bar, NULL, status,
                       (char *)scratch + og_input_terms_bytes(field, lanes));
  for (size_t input = 0; input < field->inputs; input++) {
    size_t row = parameters + OG_INPUT_ROWS * input, slope = (row + OG_INPUT_SLOPE) * width;
    const real *u_bar = theta_bar + (row + OG_INPUT_LEVEL) * width;
    for (size_t lane = 0; lane < width; lane++) {
      if (theta_bar_dot && t_dot) theta_bar_dot[slope + lane] += u_bar[lane] * t_dot[lane];
      if (t_bar_dot && theta_dot) t_bar_dot[lane] += u_bar[lane] * theta_dot[slope + lane];
    }
  }
}

#if !defined(OG_SINGLE)
size_t og_input_terms_bytes(const og_field *field, int lanes) {
  size_t width = (size_t)lanes;
  if (!field->inputs || !og_field_is_prepared(field)) return 0;
  return (OG_PADDED(field->n * width) + OG_PADDED(field->p * width)) * sizeof(double);
}

size_t og_derived_bytes(const og_field *field, int lanes) {
  return (2 * OG_PADDED(field->n * (size_t)lanes) + OG_PADDED((size_t)lanes)) * sizeof(double);
}
#endif
