/* Forward over a share of trajectories: every lane steps at its own pace, and a lane that ends takes the next
 * one. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "solve/integrate/integrate.h"
#include "solve/memory/checkpoints.h"
#include "solve/networks.h"
#include "solve/recorded.h"
#include "solve/tolerances.h"

typedef OG_R(og_integration) integration;

/* The recorded or the k-th of the segment's N fractions. */
static double fixed_end(integration *d, int lane) {
  const og_trajectory *at = d->trajectory[lane];
  size_t index = d->index[lane], k = index - d->first[lane];
  if (d->replay && !d->solve->checkpoints) return og_step_end_fraction(d->solve, at, d->segment[lane], index);
  if (d->replay && d->solve->checkpoints->kept[at - d->solve->trajectories].all)
    return OG_R(og_integrate_kept_end)(d, lane);
  return (double)(k + 1) / (double)d->segment_steps[lane]; /* 1 is reached exactly */
}

/* A field that reads another solve's dense output may be smooth where that is not: steps that miss what it
 * resolved would look good. */
static void keep_pace(integration *d) {
  const og_solve *pace = d->solve->pace;
  for (int lane = 0; lane < d->lanes; lane++) {
    if (!d->trajectory[lane] || d->span[lane] == 0) continue;
    const og_trajectory *at = &pace->trajectories[d->trajectory[lane] - d->solve->trajectories];
    double t = d->t0[lane] + d->span[lane] * d->fraction[lane];
    d->width[lane] =
        fmin(d->width[lane], og_recorded_pace(pace, at, t, &d->paced[lane]) / fabs(d->span[lane]));
  }
}

/* Steps that would do for x, and not for its derivative. */
static void keep_below(integration *d) {
  for (int lane = 0; lane < d->lanes; lane++) {
    const og_trajectory *at = d->trajectory[lane];
    if (!at || !at->pacing || d->span[lane] == 0) continue;
    double s = fabs(d->t0[lane] + d->span[lane] * d->fraction[lane] - at->t0);
    double most = fmin(og_ceilings_allow(&at->pacing->stable, s, &d->run[lane][0]),
                       og_ceilings_allow(&at->pacing->resolved, s, &d->run[lane][1]));
    d->width[lane] = fmin(d->width[lane], most / fabs(d->span[lane]));
  }
}

static void find_times(integration *d) {
  d->step->kernels->step_times(d->lanes, &(OG_R(og_lane_steps)){.t0 = d->t0,
                                                                .t1 = d->t1,
                                                                .span = d->span,
                                                                .start = d->fraction,
                                                                .end = d->fraction_next,
                                                                .t = d->at.t,
                                                                .t_next = d->at.t_next,
                                                                .h = d->at.h,
                                                                .h_real = d->at.h_real});
}

/* A step that does not advance t is never taken, nor one whose h is 0 in the working precision. What is left
 * of a span is no such step: a step that rounding brings to its end goes there. Replayed steps were taken. */
static void see_to_advance(integration *d) {
  int early = 0, stuck = 0;
  for (int lane = 0; lane < d->lanes; lane++)
    early |= (d->at.t_next[lane] == d->t1[lane]) & (d->fraction_next[lane] < 1);
  if (early && !d->fixed) {
    for (int lane = 0; lane < d->lanes; lane++)
      if (d->at.t_next[lane] == d->t1[lane]) d->fraction_next[lane] = 1;
    find_times(d);
  }
  for (int lane = 0; lane < d->lanes; lane++)
    stuck |= (d->span[lane] != 0) & ((d->at.t_next[lane] == d->at.t[lane]) | (d->at.h_real[lane] == 0));
  for (int lane = 0; stuck && lane < d->lanes; lane++) {
    if (!d->trajectory[lane] || d->span[lane] == 0) continue;
    if (d->at.t_next[lane] == d->at.t[lane] || d->at.h_real[lane] == 0)
      OG_R(og_integrate_fail)(d, lane, OG_ERR_STEP_UNDERFLOW);
  }
}

/* Where each lane's step ends, by the wished width or as it is fixed. */
static void set_intervals(integration *d) {
  const OG_R(og_kernels) *kernels = d->step->kernels;
  if (d->solve->pace && !d->fixed) keep_pace(d);
  if (d->solve->paced && !d->fixed) keep_below(d);
  kernels->step_ends(d->lanes, d->fraction, d->width, d->fraction_next);
  for (int lane = 0; d->fixed && lane < d->lanes; lane++)
    if (d->trajectory[lane]) d->fraction_next[lane] = fixed_end(d, lane);
  find_times(d);
  OG_R(og_integrate_find_methods)(d);
  if (!d->replay) see_to_advance(d);
  for (int lane = 0; lane < d->lanes; lane++) {
    d->mask[lane] = d->trajectory[lane] != NULL;
    d->step->status[lane] = d->trajectory[lane] ? 0 : OG_LANE_IDLE;
  }
}

static void find_left_out(integration *d) {
  for (int lane = 0; lane < d->lanes; lane++) {
    double largest = 0;
    for (size_t i = d->solve->controlled; i < d->solve->n; i++)
      largest = fmax(largest, fabs((double)d->e[i * (size_t)d->lanes + (size_t)lane]));
    d->left_out[lane] = largest;
  }
}

/* By the weights of rows, where there are some. What is not finite stays so. */
static void scale_by_norm(const integration *d, real *e) {
  const double *norm = d->solve->norm;
  for (int i = 0; norm && i < d->step->n; i++)
    for (int lane = 0; lane < d->lanes; lane++) e[i * d->lanes + lane] *= (real)norm[i];
}

static void sum_errors(integration *d, int which, real *e, real *error) {
  const og_limits *limits = &d->solve->limits;
  d->step->ops->error(d->step, which, &d->at, e);
  if (which == 0 && d->solve->controlled < d->solve->n) find_left_out(d);
  scale_by_norm(d, e);
#if defined(OG_SINGLE)
  real atol = og_atol_single(limits->atol);
  const real *atols = d->solve->atols_single;
#else
  real atol = limits->atol;
  const real *atols = d->solve->atols;
#endif
  d->step->kernels->scaled_error((int)d->solve->controlled, d->lanes, e, d->x, d->y, atol, atols,
                                 (real)limits->rtol, error);
}

/* All lanes are at one step. Idle ones get the numbers of one that is not, so that what they leave is finite.
 */
static void keep_tapes(integration *d) {
  int busy = 0;
  while (!d->trajectory[busy]) busy++;
  d->step->ops->use_tape(d->step, og_tapes_at(d->solve, d->share->begin, d->index[busy]), 0);
  for (int lane = 0; lane < d->lanes; lane++)
    if (!d->trajectory[lane]) OG_R(og_step_imitate)(d->step, busy, lane, &d->at, d->x, d->theta);
}

/* The one lane's step is taken again and again at the same index until it is accepted. */
static void keep_tape(integration *d) {
  void *tape;
  og_status status = og_step_tape_for(d->solve, d->trajectory[0], d->index[0], &tape);
  d->step->ops->use_tape(d->step, tape, 0);
  if (status != OG_OK) d->share->status = status;
}

static void try_step(integration *d) {
  if (d->solve->tapes.memory && !d->replay) keep_tapes(d);
  if (d->solve->tape_bytes && d->lanes == 1 && !d->replay) keep_tape(d);
  int evals = d->step->ops->attempt(d->step, &d->at, d->x, d->theta, d->y);
  d->evals += (long long)evals * (d->lanes - d->idle);
  if (d->fixed) return;
  sum_errors(d, 0, d->e, d->sum);
  if (d->solve->stepper.errors == 2) sum_errors(d, 1, d->e2, d->sum2);
}

/* NaN to the errors of lanes in which a row from `first` on is not finite. */
static void refuse_not_finite(integration *d, int first) {
  for (int lane = 0; lane < d->lanes; lane++) {
    real zero = 0;
    for (int i = first; i < d->step->n; i++) zero += d->y[i * d->lanes + lane] * 0;
    d->error[lane] += (double)zero;
  }
}

/* Errors in units of the tolerance; NaN when anything in the step is not finite. */
static void find_errors(integration *d) {
  size_t rows = d->solve->controlled;
  d->step->kernels->error_norms(d->lanes, (double)rows, d->sum,
                                d->solve->stepper.errors == 2 ? d->sum2 : NULL, d->error);
  if (rows < d->solve->n) refuse_not_finite(d, (int)rows);
}

/* Fixed steps are good when they are finite. */
static void find_finite(integration *d) {
  memset(d->error, 0, (size_t)d->lanes * sizeof *d->error);
  refuse_not_finite(d, 0);
}

static void control(integration *d) {
  const OG_R(og_kernels) *kernels = d->step->kernels;
  for (int lane = 0; lane < d->lanes; lane++)
    if (d->step->status[lane]) d->error[lane] = NAN;
  if (d->fixed) return;
  kernels->step_factors(d->lanes, &d->control, d->error, d->previous, d->most, d->factor);
  kernels->next_widths(d->lanes, &(OG_R(og_lane_widths)){.start = d->fraction,
                                                         .end = d->fraction_next,
                                                         .widest = d->widest,
                                                         .error = d->error,
                                                         .factor = d->factor,
                                                         .width = d->width,
                                                         .previous = d->previous,
                                                         .most = d->most,
                                                         .growth = OG_GROWTH_MOST});
}

static int too_small(const integration *d, int lane) {
  double h = fabs(d->span[lane]) * d->width[lane], t = fabs(d->at.t[lane]);
  return h <= d->solve->limits.min_step || h <= 4 * DBL_EPSILON * t ||
         d->width[lane] <= 4 * DBL_EPSILON * d->fraction[lane] || d->width[lane] < 1e-300;
}

/* An error may be beyond all numbers where the step is not. */
static og_status reason_of(const integration *d, int lane) {
  if (d->step->status[lane]) return OG_ERR_FIELD;
  int finite = OG_R(og_integrate_not_finite)(d, lane) == d->solve->n;
  return d->error[lane] < INFINITY || finite ? OG_ERR_STEP_UNDERFLOW : OG_ERR_NOT_FINITE;
}

/* The lane does not move on: it tries again with a smaller step, or stops. */
static void reject(integration *d, int lane) {
  d->mask[lane] = 0;
  d->rejected[lane]++;
  if (d->step->status[lane] < 0 || d->fixed || d->span[lane] == 0 || too_small(d, lane))
    OG_R(og_integrate_fail)(d, lane, reason_of(d, lane));
}

static void limit_attempts(integration *d, int lane) {
  size_t attempts = d->index[lane] + d->rejected[lane] + (d->mask[lane] != 0);
  if (attempts < d->solve->limits.max_steps || (d->mask[lane] != 0 && d->fraction_next[lane] == 1)) return;
  d->mask[lane] = 0;
  OG_R(og_integrate_fail)(d, lane, OG_ERR_TOO_MANY_STEPS);
}

/* Which lanes' steps are refused; written without branches, which nobody could predict. */
static int find_refused(const integration *d, int *refused) {
  int count = 0;
  for (int lane = 0; lane < d->lanes; lane++) {
    refused[count] = lane;
    count += (d->trajectory[lane] != NULL) & !(d->error[lane] <= 1);
  }
  return count;
}

static void decide(integration *d) {
  int refused[OG_LANES_MAX];
  if (d->fixed)
    find_finite(d);
  else
    find_errors(d);
  control(d);
  int limited =
      !d->fixed && ++d->attempts >= d->solve->limits.max_steps; /* no lane has tried more than the block */
  for (int i = 0, count = find_refused(d, refused); i < count; i++) reject(d, refused[i]);
  for (int lane = 0; limited && lane < d->lanes; lane++)
    if (d->trajectory[lane]) limit_attempts(d, lane);
}

static int refill_due(const integration *d) {
  int left = d->again_count > 0 || d->next < d->share->end;
  if (!left || d->share->status != OG_OK) return 0;
  return d->idle == d->lanes || d->idle * 8 >= d->lanes;
}

void OG_R(og_integrate_attempt)(integration *d) {
  int looking = d->judging && --d->until_look == 0;
  set_intervals(d);
  if (d->idle == d->lanes) return;
  if (looking) OG_R(og_integrate_coarse_before)(d);
  try_step(d);
  decide(d);
  if (looking) OG_R(og_integrate_coarse_after)(d);
}

/* ---- As a worker ---- */

static og_status open(void *state, og_solve *solve, og_share *share, void *mode) {
  return OG_R(og_integrate_open)(state, solve, share, *(const int *)mode);
}

/* Lanes that begin may all fail at once, and leave room for more. */
static int fill(void *state) {
  integration *d = state;
  if (refill_due(d)) OG_R(og_integrate_refill)(d);
  return d->idle < d->lanes || refill_due(d);
}

static void step(void *state) { OG_R(og_integrate_attempt)(state); }
static void settle(void *state) { OG_R(og_integrate_commit)(state); }
static void close(void *state) { OG_R(og_integrate_close)(state); }

void OG_R(og_integrate)(og_solve *solve, og_share *share, void *mode) {
  static const og_lane_worker worker = {sizeof(integration), open, fill, step, settle, close};
  og_work_in_lanes(&worker, solve, share, mode);
}
