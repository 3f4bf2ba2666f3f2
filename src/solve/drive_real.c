/* Forward over a share of trajectories: every lane steps at its own pace, and a lane that ends takes the next one. */
#include <float.h>
#include <math.h>

#include "solve/drive.h"

typedef OG_R(og_drive_state) drive;

/* Chooses where each lane's step ends: the recorded or k-th of N fractions, or the wished width, landing on 1. */
static double end_of_step(const drive *d, int lane) {
  const og_trajectory *at = d->trajectory[lane];
  size_t k = d->index[lane];
  if (d->replay) return og_record_fraction(&at->record, k + 1, d->solve->stride);
  if (at->fixed_steps) return k + 1 == at->fixed_steps ? 1 : (double)(k + 1) / (double)at->fixed_steps;
  double end = d->fraction[lane] + d->width[lane];
  return d->fraction[lane] + 1.01 * d->width[lane] >= 1 ? 1 : end; /* a sliver is joined to the last step */
}

static void place(drive *d) {
  for (int lane = 0; lane < d->lanes; lane++) {
    const og_trajectory *at = d->trajectory[lane];
    d->mask[lane] = at != NULL;
    d->step.status[lane] = at ? 0 : OG_LANE_IDLE;
    if (!at) continue;
    d->fraction_next[lane] = end_of_step(d, lane);
    d->at.t[lane] = og_time_at(at, d->fraction[lane]);
    d->at.t_next[lane] = og_time_at(at, d->fraction_next[lane]);
    d->at.h[lane] = (at->t1 - at->t0) * (d->fraction_next[lane] - d->fraction[lane]);
    d->at.h_real[lane] = (real)d->at.h[lane];
  }
}

static int adaptive(const drive *d) { return !d->replay && d->step.e.count > 0; }

static void sum_errors(drive *d, const OG_R(og_weights) *weights, real *e, real *error) {
  const real *k[OG_STAGES_MAX];
  const og_limits *limits = &d->solve->limits;
  for (int j = 0; j < weights->count; j++) k[j] = d->step.k[weights->stage[j]];
  d->step.kernels->weighted_sum(d->step.n, d->lanes, e, NULL, d->at.h_real, weights->count, weights->value, k);
  d->step.kernels->scaled_error(d->step.n, d->lanes, e, d->x, d->y, (real)limits->atol, (real)limits->rtol, error);
}

static void try_step(drive *d) {
  const og_tableau *tableau = d->step.tableau;
  int fsal = tableau->first_same_as_last;
  OG_R(og_step_stages)(&d->step, fsal, tableau->stages, tableau->stages, &d->at, d->x, d->theta);
  if (fsal)
    d->step.kernels->copy_rows(d->step.n, d->lanes, d->y, d->step.stage_x[tableau->stages - 1], NULL);
  else
    OG_R(og_step_end)(&d->step, &d->at, d->x, d->y);
  d->evals += (long long)(tableau->stages - fsal) * (d->lanes - d->idle);
  if (!adaptive(d)) return;
  sum_errors(d, &d->step.e, d->e, d->error);
  if (d->step.e2.count) sum_errors(d, &d->step.e2, d->e2, d->error2);
}

/* The error in units of the tolerance; NaN when anything in the step is not finite. */
static double error_of(const drive *d, int lane) {
  double n = d->step.n, e = (double)d->error[lane];
  if (!d->step.e2.count) return sqrt(e / n);
  double both = e + 0.01 * (double)d->error2[lane];
  return both > 0 ? e / sqrt(both * n) : both;
}

static int row_finite(const drive *d, int lane) {
  real sum = 0;
  for (int i = 0; i < d->step.n; i++) sum += d->y[i * d->lanes + lane] * 0;
  return sum == 0;
}

static void accept(drive *d, int lane, double error) {
  if (!d->replay && !d->trajectory[lane]->fixed_steps) {
    double factor = og_factor_accepted(&d->control, error, d->previous[lane], d->rejected_before[lane]);
    double most = d->solve->limits.max_step / fabs(d->trajectory[lane]->t1 - d->trajectory[lane]->t0);
    /* a step cut short to land on t1 says nothing against the width that was wished for */
    double tried = fmax(d->fraction_next[lane] - d->fraction[lane],
                        d->fraction_next[lane] == 1 && factor > 1 ? d->width[lane] : 0);
    d->width[lane] = tried * factor;
    if (most > 0 && d->width[lane] > most) d->width[lane] = most;
  }
  d->previous[lane] = error;
  d->rejected_before[lane] = d->not_finite[lane] = 0;
}

static int too_small(const drive *d, int lane) {
  const og_trajectory *at = d->trajectory[lane];
  double h = fabs(at->t1 - at->t0) * d->width[lane], t = fabs(d->at.t[lane]);
  return h <= d->solve->limits.min_step || h <= 4 * DBL_EPSILON * t || d->width[lane] <= 4 * DBL_EPSILON * d->fraction[lane] ||
         d->width[lane] < 1e-300;
}

static void reject(drive *d, int lane, double error) {
  d->mask[lane] = 0;
  d->not_finite[lane] = !(error < INFINITY);
  d->rejected[lane]++;
  d->rejected_before[lane] = 1;
  d->width[lane] = (d->fraction_next[lane] - d->fraction[lane]) * og_factor_rejected(&d->control, error);
  if (too_small(d, lane))
    OG_R(og_drive_fail)(d, lane, d->not_finite[lane] ? OG_ERR_NOT_FINITE : OG_ERR_STEP_UNDERFLOW);
}

/* Accepts or rejects the lane's step; clears its mask if it does not move on. */
static void decide(drive *d, int lane) {
  const og_trajectory *at = d->trajectory[lane];
  int fixed = d->replay || at->fixed_steps || d->at.h[lane] == 0;
  og_lane_status status = d->step.status[lane];
  double error = status ? NAN : fixed ? (row_finite(d, lane) ? 0 : NAN) : error_of(d, lane);
  if (status < 0) {
    d->mask[lane] = 0;
    OG_R(og_drive_fail)(d, lane, OG_ERR_FIELD);
  } else if (error <= 1) {
    accept(d, lane, error);
  } else if (fixed) {
    d->mask[lane] = 0;
    OG_R(og_drive_fail)(d, lane, OG_ERR_NOT_FINITE);
  } else {
    reject(d, lane, error);
  }
  size_t attempts = d->index[lane] + d->rejected[lane] + 1;
  if (d->trajectory[lane] && !fixed && attempts >= d->solve->limits.max_steps && d->fraction_next[lane] < 1) {
    d->mask[lane] = 0;
    OG_R(og_drive_fail)(d, lane, OG_ERR_TOO_MANY_STEPS);
  }
}

static int refill_due(const drive *d) {
  if (d->next >= d->share->end || d->share->status != OG_OK) return 0;
  return d->idle == d->lanes || d->idle * 8 >= d->lanes;
}

void OG_R(og_drive)(og_solve *solve, og_share *share, void *mode) {
  drive d;
  share->status = OG_R(og_drive_open)(&d, solve, share, *(const int *)mode);
  while (share->status == OG_OK || d.idle < d.lanes) {
    if (share->status == OG_ERR_MEMORY || share->status == OG_ERR_BUDGET) break;
    if (refill_due(&d)) OG_R(og_drive_refill)(&d);
    if (d.idle == d.lanes && !refill_due(&d)) break;
    place(&d);
    try_step(&d);
    for (int lane = 0; lane < d.lanes; lane++)
      if (d.trajectory[lane]) decide(&d, lane);
    OG_R(og_drive_commit)(&d);
  }
  OG_R(og_drive_close)(&d);
}
