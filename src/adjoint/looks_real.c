/* Which steps are looked at, and the queue in which they wait for it; see looks.h. */
#include "adjoint/looks.h"
#include "adjoint/trust.h"

#include <math.h>
#include <string.h>

#include "step/stability.h"
#include "solve/memory/budget.h"
#include "solve/tolerances.h"

typedef OG_R(og_looks) looks;
typedef OG_R(og_step_reader) reader;
typedef OG_R(og_step) step_t;

/* A block of lanes costs little more than one lane where rows are few, so that also the steps of one
 * trajectory wait for others; not of bound weights, whose errors are summed over a block, nor under a budget.
 */
enum { FEW_ROWS = 256 };

static int queue_length(const og_solve *solve, int lanes) {
  int few = solve->n + solve->p <= FEW_ROWS && !solve->source->weights && !solve->limits.budget;
  return lanes == 1 && few ? OG_LANE_STEP : lanes;
}

void OG_R(og_looks_open)(looks *l, og_solve *solve, int lanes, int mode) {
  memset(l, 0, sizeof *l);
  l->solve = solve;
  l->lanes = queue_length(solve, lanes);
  l->mode = mode;
}

void OG_R(og_looks_close)(looks *l) {
  if (l->solve) og_free(l->solve->context, l->memory);
}

/* Everything that make_room lays out, in its order. */
size_t OG_R(og_looks_bytes)(const og_solve *solve, int worker_lanes) {
  int lanes = queue_length(solve, worker_lanes);
  size_t width = (size_t)lanes, block = OG_PADDED(solve->n * width), theta = OG_PADDED(solve->p * width);
  const og_stepper *stepper = &solve->stepper;
  size_t rows = og_look_rows(solve);
  size_t reals = (7 + 2 + rows) * block + (3 + 1) * theta + 2 * OG_PADDED(solve->weights) +
                 OG_PADDED(rows * solve->n * width);
  return reals * sizeof(real) +
         2 * stepper->OG_R(ops)->bytes(stepper, solve->field, lanes, OG_STEP_TRANSPOSE);
}

/* Made when the first step is to be looked at: most short solves have none. */
static int make_room(looks *l) {
  const og_solve *solve = l->solve;
  size_t width = (size_t)l->lanes, block = OG_PADDED(solve->n * width), theta = OG_PADDED(solve->p * width);
  if (l->memory) return 1;
  l->memory = og_alloc(solve->context, 1, OG_R(og_looks_bytes)(solve, l->lanes));
  if (!l->memory) {
    l->status = OG_ERR_MEMORY;
    return 0;
  }
  real *next = l->memory;
  for (int i = 0; i < OG_LOOK_BLOCKS; i++) l->block[i] = next, next += i < OG_LOOK_THETA ? block : theta;
  l->x = next;
  l->lambda = l->x + block;
  l->theta = l->lambda + block;
  l->weights[0] = l->theta + theta;
  l->weights[1] = l->weights[0] + OG_PADDED(solve->weights);
  next = l->weights[1] + OG_PADDED(solve->weights);
  l->seeds = next;
  next += OG_PADDED(og_look_rows(solve) * solve->n * width);
  for (int i = 0; og_look_rows(solve) && i < 3; i++, next += (size_t)solve->stepper.seeds * block)
    l->inside[i] = next;
  for (int i = 0; og_look_rows(solve) && i < 2; i++, next += block) l->direct[i] = next;
  char *steps = (char *)next;
  l->step_memory[0] = steps;
  l->step_memory[1] =
      steps + solve->stepper.OG_R(ops)->bytes(&solve->stepper, solve->field, l->lanes, OG_STEP_TRANSPOSE);
  return 1;
}

/* ---- When to look ---- */

/* Puts the lane down for its next look before step `index`, its next one. Looks that are farther away than
 * the list reaches are found again on the way. */
static void schedule(looks *l, int lane, const og_trajectory *at, size_t index) {
  size_t next = l->next[lane] = og_looks_before(at, &l->samples[lane], index);
  if (next == (size_t)-1) return;
  size_t ahead = index - 1 - next;
  if (ahead >= OG_LOOKS_AHEAD) ahead = OG_LOOKS_AHEAD - 1;
  l->slot[lane] = (unsigned char)((l->now + ahead) % OG_LOOKS_AHEAD);
  l->due[l->slot[lane]] |= (uint64_t)1 << lane;
}

void OG_R(og_looks_enter)(looks *l, const reader *r, int lane) {
  if (l->mode != OG_LOOKS_SOME) return;
  l->due[l->slot[lane]] &= ~((uint64_t)1 << lane); /* of a trajectory that was given up */
  l->samples[lane] = og_samples_of(l->solve, (size_t)(r->trajectory[lane] - l->solve->trajectories));
  schedule(l, lane, r->trajectory[lane], r->index[lane]);
}

static double ratio_of(const looks *l, const reader *r, int lane) {
  double g = (double)l->sum[1][lane], size = fabs(r->at.h[lane]) * (double)l->sum[0][lane];
  return size > 0 ? size / g : 0;
}

static uint64_t signs(const looks *l, const reader *r) {
  uint64_t found = 0;
  for (int lane = 0; lane < r->lanes; lane++)
    if (r->trajectory[lane] && ratio_of(l, r, lane) > l->solve->limits.looked_at[r->at.implicit[lane]])
      found |= (uint64_t)1 << lane;
  return found;
}

static uint64_t all_lanes(const reader *r) {
  uint64_t all = 0;
  for (int lane = 0; lane < r->lanes; lane++)
    if (r->trajectory[lane]) all |= (uint64_t)1 << lane;
  return all;
}

static int is_due(const looks *l, const reader *r, int lane) {
  return og_is_sampled(&l->samples[lane], r->index[lane]) ||
         og_has_sign(l->solve, r->trajectory[lane], r->index[lane], r->at.implicit[lane],
                     ratio_of(l, r, lane));
}

/* The lanes whose turn it is, put down for their next one. */
static uint64_t take_turns(looks *l, const reader *r) {
  uint64_t due = l->due[l->now % OG_LOOKS_AHEAD], found = 0;
  l->due[l->now++ % OG_LOOKS_AHEAD] = 0;
  while (due) {
    int lane = og_next_lane(&due);
    if (!r->trajectory[lane]) continue;
    if (l->next[lane] == r->index[lane] && is_due(l, r, lane)) found |= (uint64_t)1 << lane;
    schedule(l, lane, r->trajectory[lane], r->index[lane]);
  }
  return found;
}

/* ---- lambda^T f ---- */

/* The size of a block's column of states or of cotangents, `up` or down by what each state counts for. */
static double weighted_size(const looks *l, const reader *r, const real *block, int up, int lane) {
  size_t lanes = (size_t)r->lanes;
  double size = 0;
  for (size_t i = 0, at = (size_t)lane; i < l->solve->n; i++, at += lanes) {
    double weight = og_row_scale(l->solve, i, (double)r->x[at]);
    double entry = up ? (double)block[at] * weight : (double)block[at] / weight;
    size += entry * entry;
  }
  return sqrt(size);
}

void OG_R(og_looks_before)(looks *l, const reader *r, const step_t *step) {
  if (l->mode != OG_LOOKS_SOME || !og_look_follows(l->solve)) return;
  const real *f = step->ops->slope(step);
  for (int lane = 0; lane < r->lanes; lane++)
    if (r->trajectory[lane]) l->speed[lane] = weighted_size(l, r, f, 0, lane);
}

/* Errors of lambda^T f stay as they are where |lambda| |f| changes by orders of magnitude: see find_along. */
static void follow_flow(const looks *l, const reader *r, const real *x_bar, int lane) {
  og_tally *tally = &r->trajectory[lane]->tally;
  size_t m = (size_t)(r->trajectory[lane] - l->solve->trajectories);
  double size = weighted_size(l, r, x_bar, 1, lane), flow = size * l->speed[lane];
  tally->flow_sum = flow + (r->segment[lane] == tally->flow_segment ? tally->flow_sum : 0);
  tally->flow_segment = r->segment[lane];
  tally->size_most = og_larger(tally->size_most, size);
  if (flow > 0 && size >= og_trust_tolerance(l->solve, m) * tally->size_most)
    tally->stretch = og_larger(tally->stretch, tally->flow_sum / flow);
}

static void follow_flows(const looks *l, const reader *r, const real *x_bar) {
  if (l->mode != OG_LOOKS_SOME || !og_look_follows(l->solve)) return;
  for (int lane = 0; lane < r->lanes; lane++)
    if (r->trajectory[lane]) follow_flow(l, r, x_bar, lane);
}

uint64_t OG_R(og_looks_due)(looks *l, const reader *r, const step_t *step, const real *x_bar) {
  if (l->mode == OG_LOOKS_NONE) return 0;
  follow_flows(l, r, x_bar);
  int grown = step->ops->growth(step, &r->at,
                                (real)fmin(l->solve->limits.looked_at[0], l->solve->limits.looked_at[1]),
                                l->sum[0], l->sum[1]);
  if (l->mode == OG_LOOKS_ALL) return all_lanes(r);
  return take_turns(l, r) | (grown ? signs(l, r) : 0);
}

/* ---- The queue ---- */

int OG_R(og_looks_take)(looks *l, const reader *r, const step_t *step, int lane, const real *x_bar,
                        const double *theta_sum, double part) {
  size_t lanes = (size_t)r->lanes, n = l->solve->n, p = l->solve->p, at = (size_t)l->count;
  if (l->status != OG_OK || !make_room(l)) return 0;
  double ratio = ratio_of(l, r, lane), most = 0;
  int sign = l->mode == OG_LOOKS_ALL ||
             og_has_sign(l->solve, r->trajectory[lane], r->index[lane], r->at.implicit[lane], ratio);
  step->ops->end_cotangent(step, lane, x_bar, l->lambda + at * n);
  for (size_t i = 0; i < n; i++) l->x[at * n + i] = r->x[i * lanes + (size_t)lane];
  for (size_t i = 0; i < p; i++) {
    l->theta[at * p + i] = r->theta[i * lanes + (size_t)lane];
    most = og_larger(most, fabs(theta_sum[i * lanes + (size_t)lane]));
  }
  og_tally *tally = &r->trajectory[lane]->tally;
  tally->theta_largest = fmax(tally->theta_largest, most);
  if (og_look_rows(l->solve))
    memset(l->seeds + at * og_look_rows(l->solve) * n, 0, og_look_rows(l->solve) * n * sizeof(real));
  l->queue[at] = (og_looked){.trajectory = (size_t)(r->trajectory[lane] - l->solve->trajectories),
                             .segment = r->segment[lane],
                             .kind = sign ? OG_LOOK_SIGN : OG_LOOK_SAMPLE,
                             .t = r->at.t[lane],
                             .h = r->at.h[lane],
                             .ratio = ratio,
                             .implicit = r->at.implicit[lane],
                             .before = fabs(r->at.t[lane] - r->trajectory[lane]->t0),
                             .theta_largest = tally->theta_largest,
                             .part = part};
  return 1;
}

/* By the interpolant of the whole step, and by that of the part in which it lies. */
void OG_R(og_looks_seed)(looks *l, double place, const double *seed) {
  const og_stepper *stepper = &l->solve->stepper;
  const OG_R(og_step_ops) *ops = stepper->OG_R(ops);
  size_t n = l->solve->n, states = l->solve->states, blocks = (size_t)stepper->seeds, at = (size_t)l->count;
  real *seeds = l->seeds + at * og_look_rows(l->solve) * n;
  int second = place > OG_SPLIT;
  double own = second ? (place - OG_SPLIT) / (1 - OG_SPLIT) : place / OG_SPLIT;
  ops->seed(stepper, place * l->queue[at].part, states, seed, seeds, n, 1);
  ops->seed(stepper, own, states, seed, seeds + (second ? 2 : 1) * blocks * n, n, 1);
  l->queue[at].inside = 1;
  for (size_t i = 0; i < states; i++) {
    seeds[(3 * blocks + (size_t)second) * n + i] += (real)seed[i];
    l->lambda[at * n + i] -= (real)seed[i];
  }
}

/* At an event the whole step gives the state by its interpolant: lambda is a cotangent inside of it. */
static void seed_stop(looks *l, size_t at) {
  const og_stepper *stepper = &l->solve->stepper;
  size_t n = l->solve->n;
  real *seeds = l->seeds + at * og_look_rows(l->solve) * n;
  l->queue[at].inside = 1;
  for (size_t i = 0; i < n; i++) {
    double bar = (double)l->lambda[at * n + i];
    stepper->OG_R(ops)->seed(stepper, l->queue[at].part, 1, &bar, seeds + i, n, 1);
  }
}

void OG_R(og_looks_put)(looks *l) {
  if (l->queue[l->count].part < 1) seed_stop(l, (size_t)l->count);
  if (++l->count == l->lanes) OG_R(og_looks_flush)(l);
}

/* Beyond it lambda has grown too far to be what a vjp gave at once. */
#if defined(OG_SINGLE)
static const double EXPLODED = 1e12;
#else
static const double EXPLODED = 1e100;
#endif

int OG_R(og_looks_abandon)(looks *l, const reader *r, int lane) {
  og_trajectory *at = r->trajectory[lane];
  if (l->mode == OG_LOOKS_NONE) return 0;
  OG_R(og_looks_flush)(l);
  int unstable = at->tally.worst > 0.1 && at->tally.ratio > 0.5 * at->tally.reach;
  if (!unstable && !(at->tally.lambda_largest > EXPLODED)) return 0;
  at->tally.overflow = 1;
  if (l->mode == OG_LOOKS_ALL) og_pacing_extend(at->pacing);
  return 1;
}
