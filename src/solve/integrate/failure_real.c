/* What is known of a lane that stops: where it was, and whether stiffness explains it. */
#include <math.h>

#include "solve/integrate/integrate.h"

typedef OG_R(og_integration) integration;

enum { POWER_ITERATIONS = 30 };

typedef struct probe {
  const og_field *field;
  double t;
  real *x, *moved, *f, *f_moved, *theta;
  void *scratch;
} probe;

static int probe_eval(const probe *p, const real *x, real *f) {
  og_lane_status status = 0;
  p->field->OG_R(ops).eval(p->field, 1, &p->t, x, p->theta, f, &status, p->scratch);
  return status == 0;
}

static double norm(const real *v, const real *minus, size_t n) {
  double sum = 0;
  for (size_t i = 0; i < n; i++) sum = hypot(sum, (double)v[i] - (minus ? (double)minus[i] : 0));
  return sum;
}

/* The rate of the fastest decaying direction, by power iteration on differences of f: -lambda, or NaN when
 * the dominant direction does not decay. */
static double fastest_decay(const probe *p) {
  size_t n = p->field->n;
  double size = norm(p->x, NULL, n),
         delta = sqrt((double)(sizeof(real) == 4 ? 1e-7 : 1e-16)) * (size > 0 ? size : 1);
  double rate = NAN;
  for (size_t i = 0; i < n; i++) p->moved[i] = p->x[i] + (real)(delta / sqrt((double)n) * (i % 2 ? 1 : -1));
  for (int k = 0; k < POWER_ITERATIONS; k++) {
    if (!probe_eval(p, p->moved, p->f_moved)) return NAN;
    double moved = norm(p->moved, p->x, n), change = norm(p->f_moved, p->f, n), along = 0;
    if (!(moved > 0) || !(change > 0) || !isfinite(change)) return NAN;
    for (size_t i = 0; i < n; i++)
      along += ((double)p->moved[i] - (double)p->x[i]) * ((double)p->f_moved[i] - (double)p->f[i]);
    rate = along < -0.5 * moved * change ? change / moved : NAN;
    for (size_t i = 0; i < n; i++)
      p->moved[i] = (real)((double)p->x[i] + delta / change * ((double)p->f_moved[i] - (double)p->f[i]));
  }
  return rate;
}

/* |h| times the fastest decay rate: at the state where adaptive steps became too many, at the start where
 * fixed ones overflowed (the state itself is useless by then). */
static double stiffness(const integration *d, int lane) {
  const og_solve *solve = d->solve;
  const og_trajectory *at = d->trajectory[lane];
  size_t n = solve->n, m = (size_t)(at - solve->trajectories), block = OG_PADDED(n);
  size_t bytes = (4 * block + OG_PADDED(solve->p)) * sizeof(real);
  char *memory = og_alloc(solve->context, 1, bytes + solve->field->scratch_bytes(solve->field, 1));
  if (!memory) return NAN;
  real *x = (real *)(void *)memory;
  probe p = {solve->field,  d->at.t[lane], x, x + block, x + 2 * block, x + 3 * block,
             x + 4 * block, memory + bytes};
  for (size_t i = 0; i < n; i++) x[i] = d->x[i * (size_t)d->lanes + (size_t)lane];
  if (at->fixed_steps) {
    p.t = at->t0;
    for (size_t i = 0; i < n; i++) x[i] = i < solve->states ? (real)solve->x0[m * solve->states + i] : 0;
  }
  for (size_t i = 0; i < solve->p; i++) p.theta[i] = d->theta[i * (size_t)d->lanes + (size_t)lane];
  double rate = probe_eval(&p, p.x, p.f) ? fastest_decay(&p) : NAN;
  og_free(solve->context, memory);
  return rate * fabs(d->at.h[lane]);
}

static double norm_of_state(const integration *d, int lane) {
  double sum = 0;
  for (int i = 0; i < d->step->n; i++) sum = hypot(sum, (double)d->x[i * d->lanes + lane]);
  return sum;
}

static double first_norm(const og_solve *solve, size_t m) {
  double sum = 0;
  for (size_t i = 0; i < solve->states; i++) sum = hypot(sum, solve->x0[m * solve->states + i]);
  return sum;
}

static og_status cause(const og_failure *failure, og_status status) {
  int algebraic = status == OG_ERR_INCONSISTENT || status == OG_ERR_INDEX;
  int grown = failure->norm > 1e6 * (1 + failure->first_norm) || !isfinite(failure->norm);
  if (status == OG_ERR_FIELD || status == OG_ERR_UNSUPPORTED || algebraic || failure->event) return status;
  if (failure->stiffness > 1) return OG_ERR_STIFF;
  return grown && status != OG_ERR_TOO_MANY_STEPS ? OG_ERR_BLOW_UP : status;
}

static int is_finite(const integration *d, const real *block, size_t row, int lane) {
  return isfinite((double)block[row * (size_t)d->lanes + (size_t)lane]);
}

/* Before a step is taken there is the slope at its start alone. */
size_t OG_R(og_integrate_not_finite)(const integration *d, int lane) {
  int slope_alone = d->at.h[lane] == 0 && d->span[lane] != 0;
  size_t n = d->solve->n, row = d->step->ops->not_finite(d->step, lane, slope_alone);
  if (row == n)
    for (row = 0; row < n && is_finite(d, d->y, row, lane);) row++;
  return row;
}

/* What a failure says of the options that bound steps. */
static void note_bounds(const integration *d, int lane, og_failure *failure) {
  const og_limits *limits = &d->solve->limits;
  double next = fabs(d->span[lane]) * d->width[lane];
  if (d->fixed || failure->event || d->at.h[lane] == 0) return;
  if (next <= limits->min_step) failure->least = limits->min_step;
  if (d->width[lane] >= d->widest[lane]) failure->most = limits->max_step;
}

void OG_R(og_integrate_fail)(integration *d, int lane, og_status status) {
  og_trajectory *at = d->trajectory[lane];
  size_t m = (size_t)(at - d->solve->trajectories);
  og_failure failure = {.trajectory = m,
                        .event = d->failed_event,
                        .refused = d->step->status[lane] > 0 ? d->step->status[lane] : 0,
                        .accepted = d->index[lane],
                        .rejected = d->rejected[lane],
                        .t = d->at.t[lane],
                        .h = d->at.h[lane],
                        .first_norm = first_norm(d->solve, m),
                        .norm = norm_of_state(d, lane),
                        .stiffness = NAN,
                        .inconsistency = d->inconsistency};
  int fixed = at->fixed_steps > 0;
  if (status == OG_ERR_TOO_MANY_STEPS || (fixed && status == OG_ERR_NOT_FINITE))
    failure.stiffness = stiffness(d, lane);
  failure.status = cause(&failure, status);
  if (failure.status == OG_ERR_NOT_FINITE && !failure.event)
    failure.row = (OG_R(og_integrate_not_finite)(d, lane) + 1) % (d->solve->n + 1);
  note_bounds(d, lane, &failure);
  og_share_fail(d->share, &failure);
  d->trajectory[lane] = NULL;
  d->idle++;
}
