/* Dense output on lane blocks; see dense.h. The interpolant is kept as the coefficients of its
 * powers of s, in double: lanes then differ in s alone, and powers cancel where weights
 * do not. */
#include "adjoint/dense_output.h"

#include <string.h>

#include "solve/memory/budget.h"
#include "solve/recorded.h"

typedef OG_R(og_dense_output) og_dense_output;

static void prepare(og_dense_output *d, og_solve *solve, int lanes) {
  int group = og_dense_output_group(lanes);
  char *next = (char *)d + OG_ALIGNED(sizeof *d);
  d->lanes = lanes;
  d->coefficients = (double *)(void *)next;
  next +=
      OG_PADDED(((size_t)solve->stepper.interpolant_degree + 1) * solve->n * (size_t)lanes) * sizeof(double);
  d->sum = (double *)(void *)next;
  next += OG_PADDED(solve->n * (size_t)lanes) * sizeof(double);
  d->r = (OG_R(og_step_reader)){.solve = solve, .lanes = group, .x = (real *)(void *)next};
  next += OG_PADDED(solve->n * (size_t)group) * sizeof(real);
  d->r.theta = (real *)(void *)next;
  next += OG_PADDED(solve->p * (size_t)group) * sizeof(real);
  d->step = solve->stepper.OG_R(ops)->open(&solve->stepper, solve->field, group, OG_STEP_FORWARD, next);
  d->solve = solve;
}

og_dense_output *OG_R(og_dense_output_in)(void *memory, og_solve *solve, int lanes) {
  og_dense_output *d = memory;
  if (!d->solve) prepare(d, solve, lanes);
  return d;
}

/* A slot of the group takes the lane's step. Parameters are loaded only for another trajectory, inputs only
 * for another segment. */
static void load(og_dense_output *d, int slot, int lane) {
  size_t m = d->trajectory[lane];
  d->r.idle = d->r.lanes;
  if (d->r.trajectory[slot] != &d->solve->trajectories[m])
    OG_R(og_step_reader_load)(&d->r, slot, m, m, d->index[lane]);
  if (d->r.segment[slot] != d->segment[lane]) OG_R(og_step_reader_enter)(&d->r, slot, d->segment[lane]);
  OG_R(og_step_reader_step)(&d->r, slot, d->index[lane]);
}

/* Coefficients of s^0 .. s^degree for one lane. */
static void keep(og_dense_output *d, int slot, int lane) {
  size_t n = d->solve->n, lanes = (size_t)d->lanes, group = (size_t)d->r.lanes;
  double *c = d->coefficients + lane;
  for (size_t i = 0; i < n; i++) c[i * lanes] = (double)d->r.x[i * group + (size_t)slot];
  d->step->ops->curve(d->step, slot, &d->r.at, c + n * lanes, n * lanes, lanes);
  d->start[lane] = d->r.at.t[slot];
  d->end[lane] = d->r.at.t_next[slot];
  d->width[lane] = d->r.at.h[slot];
}

/* Takes the steps of up to a group of lanes again. */
static void recompute(og_dense_output *d, const int *wanted, int count, og_lane_status *status) {
  for (int slot = 0; slot < d->r.lanes; slot++) {
    d->step->status[slot] = slot < count ? 0 : OG_LANE_IDLE;
    if (slot < count) load(d, slot, wanted[slot]);
  }
  int evals = d->step->ops->recompute(d->step, OG_STEP_INSIDE, &d->r.at, d->r.x, d->r.theta);
  og_count(d->solve, OG_STAT_RHS_EVALS, (long long)evals * count + OG_R(og_step_take_further_evals)(d->step));
  for (int slot = 0; slot < count; slot++) {
    int lane = wanted[slot];
    status[lane] = d->step->status[slot];
    d->there[lane] = !status[lane];
    if (d->there[lane]) keep(d, slot, lane);
  }
}

/* Whether the lane must leave the step it has for another; most often it need not, and that is seen without a
 * look at the record. */
static int moves(og_dense_output *d, int lane, size_t m, size_t segment, double t) {
  const og_trajectory *at = &d->solve->trajectories[m];
  int same = d->there[lane] && d->trajectory[lane] == m && d->segment[lane] == segment;
  double sign = at->t1 < at->t0 ? -1 : 1;
  if (same && sign * t >= sign * d->start[lane] && sign * t < sign * d->end[lane]) return 0;
  size_t index = og_recorded_find_in(d->solve, at, segment, t, same ? d->index[lane] : at->record.steps - 1);
  if (same && index == d->index[lane]) return 0;
  d->trajectory[lane] = m;
  d->segment[lane] = segment;
  d->index[lane] = index;
  return 1;
}

/* sum = sum s + c; s has an entry a lane. */
static void horner(size_t rows, size_t lanes, double *sum, const double *s, const double *c) {
  if (lanes == 1) {
    for (size_t i = 0; i < rows; i++) sum[i] = sum[i] * s[0] + c[i];
    return;
  }
  for (size_t i = 0; i < rows * lanes; i += lanes)
    for (size_t lane = 0; lane < lanes; lane++) sum[i + lane] = sum[i + lane] * s[lane] + c[i + lane];
}

static void evaluate(og_dense_output *d, real *x) {
  const double *s = d->place;
  size_t n = d->solve->n, lanes = (size_t)d->lanes, block = n * lanes;
  size_t degree = (size_t)d->solve->stepper.interpolant_degree;
  memcpy(d->sum, d->coefficients + degree * block, block * sizeof *d->sum);
  for (size_t power = degree; power-- > 0;) horner(n, lanes, d->sum, s, d->coefficients + power * block);
  for (size_t i = 0; i < block; i++) x[i] = (real)d->sum[i];
}

/* Horner's rule for the derivative: sum = sum s + d c. Of a step of no length it is 0. */
void OG_R(og_dense_output_slope)(og_dense_output *d, real *x_dot) {
  size_t n = d->solve->n, lanes = (size_t)d->lanes, block = n * lanes;
  memset(d->sum, 0, block * sizeof *d->sum);
  for (size_t power = (size_t)d->solve->stepper.interpolant_degree; power > 0; power--)
    for (size_t i = 0; i < block; i++)
      d->sum[i] = d->sum[i] * d->place[i % lanes] + (double)power * d->coefficients[power * block + i];
  for (size_t i = 0; i < block; i++) {
    double width = d->width[i % lanes];
    x_dot[i] = width == 0 ? 0 : (real)(d->sum[i] / width);
  }
}

/* t = t_k + s h; a stage's time may lie an ulp outside the span. */
static double place_in_step(const og_dense_output *d, int lane, double t) {
  double s = d->width[lane] == 0 ? 0 : (t - d->start[lane]) / d->width[lane];
  return s < 0 ? 0 : s > 1 ? 1 : s;
}

void OG_R(og_dense_output_read)(og_dense_output *d, const double *t, const size_t *trajectory,
                                const size_t *segment, og_lane_status *status, real *x) {
  int wanted[OG_LANES_MAX], count = 0;
  for (int lane = 0; lane < d->lanes; lane++)
    if (!status[lane] && moves(d, lane, trajectory[lane], segment[lane], t[lane])) wanted[count++] = lane;
  for (int first = 0; first < count; first += d->r.lanes) {
    int left = count - first;
    recompute(d, wanted + first, left < d->r.lanes ? left : d->r.lanes, status);
  }
  for (int lane = 0; lane < d->lanes; lane++)
    d->place[lane] = status[lane] ? 0 : place_in_step(d, lane, t[lane]);
  evaluate(d, x);
}

/* ---- Shared by both precisions ---- */

#if !defined(OG_SINGLE)

size_t og_dense_output_bytes(const og_solve *solve, int lanes) {
  int group = og_dense_output_group(lanes);
  size_t coefficients = (size_t)solve->stepper.interpolant_degree + 1;
  const og_step_ops_d *ops = solve->stepper.ops_d;
  size_t doubles = OG_PADDED(coefficients * solve->n * (size_t)lanes) + OG_PADDED(solve->n * (size_t)lanes) +
                   OG_PADDED(solve->n * (size_t)group) + OG_PADDED(solve->p * (size_t)group);
  return OG_ALIGNED(sizeof(og_dense_output_d)) + doubles * sizeof(double) +
         ops->bytes(&solve->stepper, solve->field, group, OG_STEP_FORWARD);
}

#endif
