/* Rows that follow those of the pattern (field/field.h) in a fully implicit step, when the pattern's are
 * there: tangents solve the same system, with the right side that f gives where they are those of the start;
 * integrals are h sum_j a_ij f(X_j). */
#include "step/radau.h"

#include <string.h>

typedef OG_R(og_radau) radau;
typedef OG_R(og_interval) interval;
typedef OG_R(og_step) step_t;

static size_t entries_before(const step_t *step) { return (size_t)(step->leading * step->lanes); }
static size_t bytes_behind(const step_t *step) {
  return (size_t)((step->n - step->leading) * step->lanes) * sizeof(real);
}

/* In `residual`, the z of those rows being zero. */
static void find_slopes(radau *r, const interval *at, const real *x, const real *theta) {
  step_t *step = &r->common.base;
  double t[OG_LANES_MAX];
  for (int i = 0; i < r->tableau->stages; i++)
    memset(r->common.u[i] + entries_before(step), 0, bytes_behind(step));
  OG_R(og_radau_set_states)(r, x);
  for (int i = 0; i < r->tableau->stages; i++) {
    OG_R(og_increments_times)(step, r->tableau->c[i], at, t);
    step->field->OG_R(ops).eval(step->field, step->lanes, t, r->stage_x[i], theta, r->residual[i],
                                step->status, step->scratch);
  }
}

static void take(radau *r, int i, const real *from) {
  const step_t *step = &r->common.base;
  memcpy(r->common.u[i] + entries_before(step), from + entries_before(step), bytes_behind(step));
}

static void integrate(radau *r) {
  const step_t *step = &r->common.base;
  for (int i = 0; i < r->tableau->stages; i++) {
    OG_R(og_increments_sum)
    (step, r->a[i], 1, 0, r->tableau->stages, r->residual, NULL, r->common.h_real, r->sum);
    take(r, i, r->sum);
  }
}

int OG_R(og_radau_find_following)(radau *r, const interval *at, const real *x, const real *theta) {
  step_t *step = &r->common.base;
  if (!step->field->following) return 0;
  find_slopes(r, at, x, theta);
  if (step->field->following == OG_FOLLOWS_INTEGRALS) {
    integrate(r);
  } else {
    OG_R(og_radau_factor)(r, at, theta, step->status);
    OG_R(og_radau_solve)(r, step->leading, 0, r->residual);
    for (int i = 0; i < r->tableau->stages; i++) take(r, i, r->residual[i]);
  }
  OG_R(og_radau_set_states)(r, x);
  return r->tableau->stages;
}

void OG_R(og_radau_solve_transposed)(radau *r, const interval *at, const real *theta) {
  step_t *step = &r->common.base;
  double t[OG_LANES_MAX];
  if (step->field->following) {
    OG_R(og_radau_solve)(r, step->leading, 1, r->v);
    for (int j = 0; j < r->tableau->stages; j++) {
      OG_R(og_increments_times)(step, r->tableau->c[j], at, t);
      OG_R(og_following_couple_back)(&r->common, t, r->stage_x[j], theta, r->v[j]);
    }
  }
  OG_R(og_radau_solve)(r, 0, 1, r->v);
}
