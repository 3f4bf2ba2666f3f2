/* A user's preconditioner on lane blocks: one trajectory after another, in double. A running cost's row,
 * which nothing depends on, is that of sigma alone. */
#include <string.h>

#include "base/real.h"
#include "field/callback.h"

/* Memory: sigma and the user's own of each lane, one after another; behind them b and z of one. */
static size_t own_bytes(const og_callback_field *field) {
  return OG_ALIGNED(sizeof(double)) + OG_ALIGNED(field->preconditioner.bytes);
}

static double *sigma_of(const og_callback_field *field, const void *memory, int lane) {
  return (double *)(void *)((char *)memory + (size_t)lane * own_bytes(field));
}

static void *own_of(const og_callback_field *field, const void *memory, int lane) {
  return (char *)sigma_of(field, memory, lane) + OG_ALIGNED(sizeof(double));
}

#if !defined(OG_SINGLE)
size_t og_callback_preconditioner_bytes(const og_field *field, int lanes) {
  size_t vectors = 2 * OG_PADDED(field->n) * sizeof(double);
  return (size_t)lanes * own_bytes((const og_callback_field *)field) + vectors;
}
#endif

static og_lane_status narrowed(int result) { return (og_lane_status)((result > 0) - (result < 0)); }

void OG_R(og_callback_precondition_setup)(const og_field *base, int lanes, const double *t, const real *x,
                                          const real *theta, const real *sigma, void *memory,
                                          og_lane_status *status, void *scratch) {
  const og_callback_field *field = (const og_callback_field *)base;
  og_callback_point at = og_callback_point_in(base, scratch);
  for (int lane = 0; lane < lanes; lane++) {
    if (status[lane]) continue;
    *sigma_of(field, memory, lane) = (double)sigma[lane];
    if (!field->preconditioner.setup) continue;
    OG_R(og_callback_load)(base, lanes, lane, t, x, theta, &at);
    status[lane] = narrowed(field->preconditioner.setup(at.t, at.x, at.theta, (double)sigma[lane],
                                                        own_of(field, memory, lane), field->user));
  }
}

void OG_R(og_callback_precondition)(const og_field *base, int lanes, int transposed, const void *memory,
                                    real *v, og_lane_status *status, void *scratch) {
  const og_callback_field *field = (const og_callback_field *)base;
  double *b = sigma_of(field, memory, lanes), *z = b + OG_PADDED(base->n); /* behind the last lane's */
  size_t states = og_field_states(base), width = (size_t)lanes;
  (void)scratch;
  for (size_t lane = 0; lane < width; lane++) {
    double by_sigma = 1 / *sigma_of(field, memory, (int)lane);
    if (status[lane]) continue;
    for (size_t i = 0; i < base->n; i++) b[i] = (double)v[i * width + lane], z[i] = b[i] * by_sigma;
    status[lane] = narrowed(
        field->preconditioner.solve(transposed, b, z, own_of(field, memory, (int)lane), field->user));
    for (size_t i = 0; i < base->n; i++) v[i * width + lane] = (real)(i < states ? z[i] : b[i] * by_sigma);
  }
}
