/* Lanes of equations M x' = f: their states are made consistent where a segment begins, and slopes are those
 * of x. One lane at a time, in double. */
#include "solve/consistent.h"

#include <math.h>

#include "solve/integrate/integrate.h"

typedef OG_R(og_integration) integration;

/* The state and the slope [n], and theta [p]. */
size_t OG_R(og_integrate_consistent_bytes)(const og_solve *solve) {
  if (!solve->algebraic) return 0;
  return (2 * OG_PADDED(solve->n) + OG_PADDED(solve->p) + og_consistent_work(solve)) * sizeof(double);
}

typedef struct one_lane {
  double *x, *slope;
  og_instant at;
} one_lane;

static one_lane open_lane(integration *d, int lane, double t, const real *block) {
  const og_solve *solve = d->solve;
  const og_trajectory *trajectory = d->trajectory[lane];
  one_lane one = {.x = d->instant, .slope = d->instant + OG_PADDED(solve->n)};
  double *theta = one.slope + OG_PADDED(solve->n);
  og_signals_theta(solve, (size_t)(trajectory - solve->trajectories),
                   &trajectory->path.segments[d->segment[lane]], theta);
  for (size_t i = 0; i < solve->n; i++) one.x[i] = (double)block[i * (size_t)d->lanes + (size_t)lane];
  one.at = (og_instant){t, theta, d->step->scratch, theta + OG_PADDED(solve->p)};
  return one;
}

int OG_R(og_integrate_make_consistent)(integration *d, int lane, real *block) {
  if (!og_has_algebraic(d->solve)) return 1;
  one_lane one = open_lane(d, lane, d->at.t[lane], block);
  og_status status = og_consistent_solve(d->solve, &one.at, one.x, &d->inconsistency);
  for (size_t i = 0; i < d->solve->n; i++) block[i * (size_t)d->lanes + (size_t)lane] = (real)one.x[i];
  if (status == OG_OK) return 1;
  d->mask[lane] = 0;
  d->at.h[lane] = 0;
  d->step->status[lane] = 0;
  OG_R(og_integrate_fail)(d, lane, status);
  return 0;
}

void OG_R(og_integrate_mass_slope)(integration *d, const double *t, const real *x, real *f) {
  size_t lanes = (size_t)d->lanes;
  for (size_t lane = 0; lane < lanes; lane++) {
    if (d->mask[lane] == 0 || d->step->status[lane]) continue;
    one_lane one = open_lane(d, (int)lane, t[lane], x);
    for (size_t i = 0; i < d->solve->n; i++) one.slope[i] = (double)f[i * lanes + lane];
    int known = og_consistent_slope(d->solve, &one.at, one.x, one.slope) == OG_OK;
    for (size_t i = 0; i < d->solve->n; i++) f[i * lanes + lane] = known ? (real)one.slope[i] : (real)NAN;
  }
}
