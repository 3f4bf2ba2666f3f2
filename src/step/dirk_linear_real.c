/* How a diagonally implicit step solves with W = 1 / (h gamma) M - df/dx: by factors; or by GMRES, with
 * products of df/dx where W is wanted, and one preconditioner for the whole step, of where it starts. */
#include "step/dirk.h"

typedef OG_R(og_dirk) dirk;
typedef OG_R(og_dirk_point) point;
typedef OG_R(og_step) step_t;

int OG_R(og_dirk_iterates)(const dirk *d) { return d->common.base.stepper->linear_solver == OG_LINEAR_GMRES; }

/* ---- What is prepared ---- */

static void precondition_by_field(dirk *d, const point *at, og_lane_status *status, void *factors) {
  step_t *step = &d->common.base;
  step->field->OG_R(ops).precondition_setup(step->field, step->lanes, at->t, at->x, at->theta, d->sigma,
                                            factors, status, step->scratch);
}

void OG_R(og_dirk_factor)(dirk *d, const point *at, og_lane_status *status, void *factors) {
  step_t *step = &d->common.base;
  if (!d->elimination) {
    precondition_by_field(d, at, status, factors);
    return;
  }
  OG_R(og_increments_jacobian)(step, at->t, at->x, at->theta, d->w, status);
  OG_R(og_increments_subtract)(step, d->sigma, d->w);
  OG_R(og_increments_factor)(step, d->elimination, d->w, factors, status);
}

void OG_R(og_dirk_keep_start)(dirk *d, const real *x, const real *theta) {
  step_t *step = &d->common.base;
  if (!d->start_x) return;
  step->kernels->copy_rows(step->n, step->lanes, d->start_x, x, NULL);
  step->kernels->copy_rows(step->p, step->lanes, d->start_theta, theta, NULL);
}

/* ---- Iterations ---- */

/* W at a point, or its transpose. */
typedef struct products {
  dirk *d;
  const point *at;
  int transposed;
} products;

static void apply(void *self, const real *v, real *product, og_lane_status *status) {
  const products *w = self;
  step_t *step = &w->d->common.base;
  const OG_R(og_field_ops) *ops = &step->field->OG_R(ops);
  const real one = 1, minus = -1, *slope = product;
  if (w->transposed)
    ops->vjp(step->field, step->lanes, w->at->t, w->at->x, w->at->theta, v, product, NULL, NULL, status,
             step->scratch);
  else
    ops->jvp(step->field, step->lanes, w->at->t, w->at->x, w->at->theta, NULL, v, NULL, product, status,
             step->scratch);
  step->kernels->weighted_sum(step->n, step->lanes, product, NULL, NULL, 1, &minus, &slope);
  step->kernels->weighted_sum(step->n, step->lanes, product, product, w->d->sigma, 1, &one, &v);
}

static void precondition(void *self, real *v, og_lane_status *status) {
  const products *w = self;
  step_t *step = &w->d->common.base;
  if (!w->d->elimination)
    step->field->OG_R(ops).precondition(step->field, step->lanes, w->transposed, w->d->factors, v, status,
                                        step->scratch);
  else if (w->transposed)
    OG_R(og_elimination_solve_transposed)(w->d->elimination, step->lanes, w->d->factors, v);
  else
    OG_R(og_elimination_solve)(w->d->elimination, step->lanes, w->d->factors, v);
}

/* How small residuals must be, beside right sides. An iteration of Newton's leaves what the next one
 * corrects; a derivative is to be that of the step to 1e-12; an error need be known by a few digits. */
static const struct {
  double tolerance;
  int surely;
} accuracy[] = {
    [OG_DIRK_CORRECTION] = {1e-9, 0}, [OG_DIRK_DERIVATIVE] = {1e-13, 1}, [OG_DIRK_ERROR] = {1e-6, 0}};

long long OG_R(og_dirk_solve)(dirk *d, int purpose, const point *at, const void *factors, int transposed,
                              og_lane_status *status, real *b) {
  step_t *step = &d->common.base;
  products w = {d, at, transposed};
  const OG_R(og_gmres_operator) operator= {step->n, step->lanes, apply, precondition, &w};
  if (d->krylov)
    return OG_R(og_gmres)(&operator, accuracy[purpose].tolerance, accuracy[purpose].surely, d->krylov, b,
                          status);
  if (transposed) OG_R(og_increments_solve_transposed)
  (&d->common, d->elimination, factors, at->t, at->x, at->theta, NULL, b);
  else OG_R(og_increments_solve)(&d->common, d->elimination, factors, NULL, b);
  return 0;
}

void OG_R(og_dirk_count)(dirk *d, int lanes, long long iterations) {
  d->common.base.work.linear_solves += lanes;
  d->common.base.work.krylov_iterations += iterations;
}
