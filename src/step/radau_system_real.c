/* The system of all stages of a fully implicit step: its matrix, and its solution (newton.h). */
#include "step/newton.h"
#include "step/radau.h"

#include <math.h>
#include <string.h>

typedef OG_R(og_radau) radau;
typedef OG_R(og_interval) interval;
typedef OG_R(og_newton) newton_t;
typedef OG_R(og_step) step_t;

/* ---- The matrix ---- */

void OG_R(og_radau_set_rows)(radau *r, int i) {
  const og_pattern *pattern = og_elimination_pattern(r->system), *own = r->common.base.field->pattern;
  const double *mass = r->common.base.field->mass;
  size_t lanes = (size_t)r->common.base.lanes;
  int stages = r->tableau->stages;
  for (int e = 0; e < pattern->count; e++) {
    if (pattern->row[e] % stages != i) continue;
    int from = r->source[e], j = pattern->column[e] % stages;
    double m = mass ? mass[from] : own->row[from] == own->column[from];
    real scale = (real)(r->tableau->inverse[i][j] * m);
    real *w = r->w + (size_t)e * lanes;
    const real *jacobian = r->jacobian + (size_t)from * lanes;
    for (size_t lane = 0; lane < lanes; lane++)
      w[lane] = scale * r->h_inverse[lane] - (i == j ? jacobian[lane] : 0);
  }
}

void OG_R(og_radau_factor)(radau *r, const interval *at, const real *theta, og_lane_status *status) {
  step_t *step = &r->common.base;
  double t[OG_LANES_MAX];
  for (int i = 0; i < r->tableau->stages; i++) {
    OG_R(og_increments_times)(step, r->tableau->c[i], at, t);
    step->field->OG_R(ops).jacobian(step->field, step->lanes, t, r->stage_x[i], theta, r->jacobian, status,
                                    step->scratch);
    OG_R(og_radau_set_rows)(r, i);
  }
  OG_R(og_increments_factor)(step, r->system, r->w, r->system_factors, status);
}

void OG_R(og_radau_solve)(radau *r, int first, int transposed, real *const *blocks) {
  size_t lanes = (size_t)r->common.base.lanes, stages = (size_t)r->tableau->stages,
         n = (size_t)r->common.base.leading, before = (size_t)first * lanes;
  for (size_t i = 0; i < stages; i++)
    for (size_t k = 0; k < n; k++)
      memcpy(r->right + (k * stages + i) * lanes, blocks[i] + before + k * lanes, lanes * sizeof(real));
  if (transposed)
    OG_R(og_elimination_solve_transposed)(r->system, (int)lanes, r->system_factors, r->right);
  else
    OG_R(og_elimination_solve)(r->system, (int)lanes, r->system_factors, r->right);
  for (size_t i = 0; i < stages; i++)
    for (size_t k = 0; k < n; k++)
      memcpy(blocks[i] + before + k * lanes, r->right + (k * stages + i) * lanes, lanes * sizeof(real));
}

void OG_R(og_radau_couple)(radau *r, int i, int transposed, real *const *blocks, real *y) {
  const step_t *step = &r->common.base;
  const double *weights = transposed ? &r->tableau->inverse[0][i] : r->tableau->inverse[i];
  const real one = 1;
  OG_R(og_increments_sum)
  (step, weights, transposed ? OG_RADAU_STAGES : 1, 0, r->tableau->stages, blocks, NULL, r->h_inverse,
   r->sum);
  const real *product = OG_R(og_increments_mass)(step, r->sum, transposed, r->common.product);
  step->kernels->weighted_sum(step->n, step->lanes, y, NULL, NULL, 1, &one, &product);
}

/* ---- The solution ---- */

void OG_R(og_radau_set_states)(const radau *r, const real *x) {
  const step_t *step = &r->common.base;
  const real one = 1;
  for (int i = 0; i < r->tableau->stages; i++) {
    const real *z = r->common.u[i];
    step->kernels->weighted_sum(step->n, step->lanes, r->stage_x[i], x, NULL, 1, &one, &z);
  }
}

static void find_corrections(radau *r, const interval *at, const real *theta, newton_t *n) {
  step_t *step = &r->common.base;
  const OG_R(og_field_ops) *ops = &step->field->OG_R(ops);
  const real minus = -1;
  double t[OG_LANES_MAX];
  for (int i = 0; i < r->tableau->stages; i++) {
    const real *f = r->residual[i], *coupled = r->right;
    OG_R(og_increments_times)(step, r->tableau->c[i], at, t);
    (r->common.half ? ops->eval_leading : ops->eval)(step->field, step->lanes, t, r->stage_x[i], theta,
                                                     r->residual[i], n->status, step->scratch);
    OG_R(og_radau_couple)(r, i, 0, r->common.u, r->right);
    step->kernels->weighted_sum(step->n, step->lanes, r->residual[i], f, NULL, 1, &minus, &coupled);
  }
  OG_R(og_radau_solve)(r, 0, 0, r->residual);
}

/* The first stage where f is not finite has the cause, and then the step's end is not finite either; else
 * nothing of a lane that failed is left. */
static void clear_failed(radau *r, const interval *at, const real *theta, const newton_t *n) {
  step_t *step = &r->common.base;
  double t[OG_LANES_MAX];
  for (int lane = 0; lane < step->lanes; lane++) {
    if (n->phase[lane] != OG_NEWTON_FAILED) continue;
    int overflowed = OG_R(og_newton_overflowed)(n, lane);
    if (!overflowed && !step->status[lane]) continue;
    for (int i = 0; i < r->tableau->stages; i++) {
      OG_R(og_increments_times)(step, r->tableau->c[i], at, t);
      if (overflowed) OG_R(og_increments_find_cause)(&r->common, t, r->stage_x[i], theta, lane, r->sum);
      for (int row = 0; row < step->n; row++)
        r->common.u[i][row * step->lanes + lane] = overflowed ? (real)NAN : 0;
    }
  }
}

static long long iterate(radau *r, const interval *at, const real *x, const real *theta, newton_t *n,
                         int phase) {
  step_t *step = &r->common.base;
  long long evals = 0;
  int count, stages = r->tableau->stages;
  for (int k = 0; (count = OG_R(og_newton_select)(step, n, phase)) > 0; k++, evals += count * stages) {
    OG_R(og_radau_set_states)(r, x);
    if (phase == OG_NEWTON_EXACT) OG_R(og_radau_factor)(r, at, theta, n->status);
    find_corrections(r, at, theta, n);
    for (int i = 0; i < stages; i++)
      OG_R(og_newton_measure)(step, n, r->residual[i], r->common.u[i], r->stage_x[i]);
    OG_R(og_newton_finish)(step, n, phase);
    for (int i = 0; i < stages; i++)
      step->kernels->add_rows(step->n, step->lanes, r->common.u[i], r->residual[i], n->mask);
    OG_R(og_newton_decide)(step, n, phase, k);
    clear_failed(r, at, theta, n);
  }
  return evals;
}

long long OG_R(og_radau_solve_stages)(radau *r, const interval *at, const real *x, const real *theta) {
  step_t *step = &r->common.base;
  newton_t n;
  for (int i = 0; i < r->tableau->stages; i++)
    memset(r->common.u[i], 0, (size_t)(step->n * step->lanes) * sizeof(real));
  OG_R(og_newton_begin)(step, &n);
  long long evals = iterate(r, at, x, theta, &n, OG_NEWTON_CHORD);
  evals += iterate(r, at, x, theta, &n, OG_NEWTON_EXACT);
  OG_R(og_radau_set_states)(r, x);
  return evals;
}
