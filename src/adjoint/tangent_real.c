/* Tangents through the recorded steps: the pushforward, and forward sensitivities (a lane for every
 * direction). */
#include <math.h>
#include <string.h>

#include "adjoint/adjoint.h"

typedef struct forward {
  OG_R(og_recall) r;
  OG_R(og_step) step;
  const og_pushforward *push;
  og_share *share;
  real *x_dot, *y_dot, *theta_dot, *memory;
  double t0_dot[OG_LANES_MAX], t1_dot[OG_LANES_MAX], t_dot[OG_LANES_MAX], h_dot[OG_LANES_MAX];
  double sum[OG_LANES_MAX]; /* of cotangents times tangents */
  size_t cursor[OG_LANES_MAX];
  long long evals, jvps;
} forward;

static size_t entry_of(const forward *v, size_t row, int lane) {
  return row * (size_t)v->r.lanes + (size_t)lane;
}

static size_t trajectory_of(const forward *v, size_t item) {
  return v->push->gradient ? item / og_directions(v->r.solve) : item;
}

static og_status open_forward(forward *v, og_solve *solve, og_share *share, const og_pushforward *push) {
  memset(v, 0, sizeof *v);
  v->share = share;
  v->push = push;
  v->r = (OG_R(og_recall)){
      .solve = solve, .lanes = share->lanes, .idle = share->lanes, .next = share->begin, .end = share->end};
  size_t lanes = (size_t)share->lanes, block = OG_PADDED(solve->n * lanes),
         theta = OG_PADDED(solve->p * lanes);
  v->memory = og_alloc(solve->context, 3 * block + 2 * theta + OG_LANE_STEP, sizeof(real));
  if (!v->memory) return OG_ERR_MEMORY;
  v->r.x = v->memory;
  v->x_dot = v->r.x + block;
  v->y_dot = v->x_dot + block;
  v->r.theta = v->y_dot + block;
  v->theta_dot = v->r.theta + theta;
  return OG_R(og_step_create)(solve->context, solve->tableau, solve->field, share->lanes, OG_STEP_DERIVATIVE,
                              &v->step);
}

static void close_forward(forward *v) {
  og_count(v->r.solve, OG_STAT_RHS_EVALS, v->evals);
  og_count(v->r.solve, OG_STAT_JVP_EVALS, v->jvps);
  OG_R(og_step_destroy)(v->r.solve->context, &v->step);
  og_free(v->r.solve->context, v->memory);
}

static double entry_or_zero(const double *values, size_t at) { return values ? values[at] : 0; }

/* The lane's direction: the caller's, or a unit one. */
static void load_direction(forward *v, int lane, size_t item) {
  const og_solve *solve = v->r.solve;
  const og_pushforward *push = v->push;
  size_t m = trajectory_of(v, item), n = solve->states, p = solve->p;
  size_t unit = push->gradient ? item % og_directions(solve) : (size_t)-1;
  size_t theta = solve->theta_shared ? 0 : m * p;
  for (size_t i = 0; i < solve->n; i++)
    v->x_dot[entry_of(v, i, lane)] = i >= n           ? 0
                                     : push->gradient ? (real)(unit == i)
                                                      : (real)entry_or_zero(push->x0_dot, m * n + i);
  for (size_t i = 0; i < p; i++)
    v->theta_dot[entry_of(v, i, lane)] =
        push->gradient ? (real)(unit == n + i) : (real)entry_or_zero(push->theta_dot, theta + i);
  v->t0_dot[lane] = push->gradient ? unit == n + p : entry_or_zero(push->t0_dot, m);
  v->t1_dot[lane] = push->gradient ? unit == n + p + 1 : entry_or_zero(push->t1_dot, m);
}

static void refill(forward *v) {
  int due = v->r.idle == v->r.lanes || v->r.idle * 8 >= v->r.lanes;
  if (!due || v->share->status != OG_OK) return;
  for (int lane = 0; lane < v->r.lanes && v->r.next < v->r.end; lane++) {
    if (v->r.trajectory[lane]) continue;
    size_t item = v->r.next++;
    OG_R(og_recall_load)(&v->r, lane, item, trajectory_of(v, item), 0);
    load_direction(v, lane, item);
    v->sum[lane] = 0;
    v->cursor[lane] = 0;
  }
}

/* Places the lanes; returns whether any has an observation in its step. */
static int place(forward *v) {
  int observed = 0;
  for (int lane = 0; lane < v->r.lanes; lane++) {
    const og_trajectory *at = v->r.trajectory[lane];
    v->step.status[lane] = at ? 0 : OG_LANE_IDLE;
    v->t_dot[lane] = v->h_dot[lane] = 0;
    if (!at) continue;
    OG_R(og_recall_step)(&v->r, lane, v->r.index[lane]);
    double start = v->r.fraction[lane], end = v->r.fraction_next[lane];
    v->t_dot[lane] = v->t0_dot[lane] * (1 - start) + v->t1_dot[lane] * start;
    v->h_dot[lane] = (v->t1_dot[lane] - v->t0_dot[lane]) * (end - start);
    observed |= v->cursor[lane] < at->observations && og_fraction(at, v->cursor[lane]) <= end;
  }
  return observed;
}

/* What becomes of the tangent of an observed or final state: stored, or contracted with its cotangent. */
static void emit(forward *v, int lane, size_t row, double tangent, double *out, const double *bar,
                 size_t slot) {
  size_t at = slot * v->r.solve->states + row;
  if (v->push->gradient)
    v->sum[lane] += bar ? bar[at] * tangent : 0;
  else if (out)
    out[at] = tangent;
}

/* The observation times' cotangents come along with the first direction of each trajectory. */
static int first_direction(const forward *v, int lane) {
  return v->push->gradient && v->r.item[lane] % og_directions(v->r.solve) == 0;
}

static double seed_or_zero(const forward *v, size_t slot, size_t row) {
  return entry_or_zero(v->push->pullback->observed_bar, slot * v->r.solve->states + row);
}

static void observe(forward *v, int lane, size_t i) {
  const og_trajectory *at = v->r.trajectory[lane];
  const og_tableau *tableau = v->step.tableau;
  size_t slot = at->first_observation + i, lanes = (size_t)v->r.lanes;
  double start = v->r.fraction[lane], end = v->r.fraction_next[lane], s = og_fraction(at, i);
  double weights[OG_STAGES_MAX], slopes[OG_STAGES_MAX];
  og_interpolant_weights(tableau, (s - start) / (end - start), weights, slopes);
  double moved = entry_or_zero(v->push->times_dot, slot) - (1 - s) * v->t0_dot[lane] - s * v->t1_dot[lane];
  for (size_t row = 0; row < v->r.solve->states; row++) {
    double k = 0, k_dot = 0, slope = 0;
    for (int j = 0; j < tableau->stages_total; j++) {
      double stage = (double)v->step.k[j][row * lanes + (size_t)lane];
      k += weights[j] * stage;
      k_dot += weights[j] * (double)v->step.x_bar[j][row * lanes + (size_t)lane];
      slope += slopes[j] * stage;
    }
    if (first_direction(v, lane)) v->push->pullback->times_bar[slot] += seed_or_zero(v, slot, row) * slope;
    double x_dot = (double)v->x_dot[entry_of(v, row, lane)];
    double state_dot = s == start ? x_dot
                       : s == end ? (double)v->y_dot[entry_of(v, row, lane)]
                                  : x_dot + v->r.at.h[lane] * k_dot + v->h_dot[lane] * k;
    emit(v, lane, row, state_dot + slope * moved, v->push->observed_dot,
         v->push->gradient ? v->push->pullback->observed_bar : NULL, slot);
  }
}

static void finish(forward *v, int lane) {
  const og_solve *solve = v->r.solve;
  size_t m = trajectory_of(v, v->r.item[lane]);
  const og_pullback *seeds = v->push->pullback;
  for (size_t row = 0; row < solve->states; row++)
    emit(v, lane, row, (double)v->x_dot[entry_of(v, row, lane)], v->push->final_dot,
         seeds ? seeds->final_bar : NULL, m);
  if (solve->field->quadratures) {
    double cost_dot = (double)v->x_dot[entry_of(v, solve->n - 1, lane)];
    if (v->push->gradient)
      v->sum[lane] += entry_or_zero(seeds->cost_bar, m) * cost_dot;
    else if (v->push->cost_dot)
      v->push->cost_dot[m] = cost_dot;
  }
  if (v->push->gradient) v->push->gradient[v->r.item[lane]] = v->sum[lane];
}

static int finite_lane(const forward *v, int lane) {
  double zero = 0;
  for (size_t i = 0; i < v->r.solve->n; i++) zero += 0 * (double)v->x_dot[entry_of(v, i, lane)];
  return zero == 0;
}

static void advance(forward *v) {
  int observed = place(v);
  int last = observed ? v->step.tableau->stages_total : v->step.core;
  OG_R(og_step_stages)(&v->step, 0, last, last, &v->r.at, v->r.x, v->r.theta);
  OG_R(og_step_tangent)
  (&v->step, last, &v->r.at, v->r.x, v->r.theta, v->x_dot, v->theta_dot, v->t_dot, v->h_dot, v->y_dot);
  v->evals += (long long)last * (v->r.lanes - v->r.idle);
  v->jvps += (long long)last * (v->r.lanes - v->r.idle);
}

static void settle(forward *v, int lane) {
  og_trajectory *at = v->r.trajectory[lane];
  while (v->cursor[lane] < at->observations && og_fraction(at, v->cursor[lane]) <= v->r.fraction_next[lane])
    observe(v, lane, v->cursor[lane]++);
  for (size_t i = 0; i < v->r.solve->n; i++) v->x_dot[entry_of(v, i, lane)] = v->y_dot[entry_of(v, i, lane)];
  int bad = v->step.status[lane] != 0 || !finite_lane(v, lane);
  if (bad)
    OG_R(og_recall_fail)(&v->r, v->share, lane, v->step.status[lane] ? OG_ERR_FIELD : OG_ERR_NOT_FINITE);
  v->r.index[lane]++;
  if (!bad && v->r.index[lane] < at->record.steps) return;
  if (!bad) finish(v, lane);
  v->r.trajectory[lane] = NULL;
  v->r.idle++;
}

void OG_R(og_tangent)(og_solve *solve, og_share *share, void *pushforward) {
  forward v;
  share->status = open_forward(&v, solve, share, pushforward);
  while (share->status != OG_ERR_MEMORY) {
    refill(&v);
    if (v.r.idle == v.r.lanes) break;
    advance(&v);
    for (int lane = 0; lane < v.r.lanes; lane++)
      if (v.r.trajectory[lane]) settle(&v, lane);
  }
  close_forward(&v);
}
