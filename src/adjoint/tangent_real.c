/* Tangents through the recorded steps: the pushforward, and forward sensitivities (a lane for every
 * direction). */
#include <math.h>

#include "adjoint/consistent_start.h"
#include "adjoint/event_steps.h"
#include "solve/memory/budget.h"

typedef struct forward {
  OG_R(og_step_reader) r;
  OG_R(og_step) * step;
  const og_pushforward *push;
  og_share *share;
  real *x_dot, *y_dot, *theta_dot, *memory;
  double *unit_values;       /* a direction among the inputs' values */
  double *state_dot, *slope; /* of one lane inside a step, [n] */
  double *start;             /* og_consistent_start_bytes */
  OG_R(og_event_steps) events;
  double t1_dot[OG_LANES_MAX];                           /* of the trajectory's end */
  double start_dot[OG_LANES_MAX], end_dot[OG_LANES_MAX]; /* of the segment's */
  double t_dot[OG_LANES_MAX], h_dot[OG_LANES_MAX];       /* of the step's start and size */
  double sum[OG_LANES_MAX];                              /* of cotangents times tangents */
  size_t cursor[OG_LANES_MAX];
  long long evals, jvps;
} forward;

/* x, its tangent and that of the step's end, and parameters with their tangents. */
static size_t reals_needed(const og_solve *solve, int lanes) {
  return 3 * OG_PADDED(solve->n * (size_t)lanes) + 2 * OG_PADDED(solve->p * (size_t)lanes) + OG_LANE_STEP;
}

size_t OG_R(og_tangent_bytes)(const og_solve *solve, int lanes) {
  const og_stepper *stepper = &solve->stepper;
  size_t doubles = 2 * solve->n + solve->signal_values + 1;
  return sizeof(forward) + reals_needed(solve, lanes) * sizeof(real) + doubles * sizeof(double) +
         og_consistent_start_bytes(solve) + OG_R(og_event_steps_bytes)(solve, lanes) +
         stepper->OG_R(ops)->bytes(stepper, solve->field, lanes, OG_STEP_DERIVATIVE);
}

static size_t entry_of(const forward *v, size_t row, int lane) {
  return row * (size_t)v->r.lanes + (size_t)lane;
}

static size_t trajectory_of(const forward *v, size_t item) {
  return v->push->gradient ? item / og_directions(v->r.solve) : item;
}

static og_status open(void *state, og_solve *solve, og_share *share, void *push) {
  forward *v = state;
  v->share = share;
  v->push = push;
  v->r = (OG_R(og_step_reader)){
      .solve = solve, .lanes = share->lanes, .idle = share->lanes, .next = share->begin, .end = share->end};
  size_t lanes = (size_t)share->lanes, block = OG_PADDED(solve->n * lanes),
         theta = OG_PADDED(solve->p * lanes);
  size_t bytes = reals_needed(solve, share->lanes) * sizeof(real);
  v->memory = og_alloc(solve->context, 1, bytes + og_consistent_start_bytes(solve));
  v->state_dot = og_alloc(solve->context, 2 * solve->n, sizeof *v->state_dot);
  v->unit_values = og_alloc(solve->context, solve->signal_values + 1, sizeof *v->unit_values);
  if (!v->memory || !v->unit_values || !v->state_dot) return OG_ERR_MEMORY;
  v->slope = v->state_dot + solve->n;
  v->start = (double *)(void *)((char *)v->memory + bytes);
  v->r.x = v->memory;
  v->x_dot = v->r.x + block;
  v->y_dot = v->x_dot + block;
  v->r.theta = v->y_dot + block;
  v->theta_dot = v->r.theta + theta;
  v->r.ascending = 1;
  OG_TRY(OG_R(og_step_reader_open)(&v->r, share));
  v->step =
      OG_R(og_step_create)(solve->context, &solve->stepper, solve->field, share->lanes, OG_STEP_DERIVATIVE);
  if (!v->step) return OG_ERR_MEMORY;
  v->r.status = v->step->status;
  return OG_R(og_event_steps_open)(&v->events, &v->r, v->step);
}

static void close(void *state) {
  forward *v = state;
  og_count(v->r.solve, OG_STAT_RHS_EVALS,
           v->evals + og_count_work(v->r.solve, OG_R(og_step_take_work)(v->step)));
  og_count(v->r.solve, OG_STAT_JVP_EVALS, v->jvps);
  OG_R(og_event_steps_close)(&v->events);
  OG_R(og_step_reader_close)(&v->r);
  OG_R(og_step_destroy)(v->r.solve->context, v->step);
  og_free(v->r.solve->context, v->state_dot);
  og_free(v->r.solve->context, v->unit_values);
  og_free(v->r.solve->context, v->memory);
}

static double entry_or_zero(const double *values, size_t at) { return values ? values[at] : 0; }

/* The lane's direction: the caller's, or a unit one. */
static void load_direction(forward *v, int lane, size_t item) {
  const og_solve *solve = v->r.solve;
  const og_pushforward *push = v->push;
  size_t m = trajectory_of(v, item), n = solve->states, p = solve->parameters;
  size_t unit = push->gradient ? item % og_directions(solve) : (size_t)-1;
  size_t theta = solve->theta_shared ? 0 : m * p;
  for (size_t i = 0; i < solve->n; i++)
    v->x_dot[entry_of(v, i, lane)] = i >= n           ? 0
                                     : push->gradient ? (real)(unit == i)
                                                      : (real)entry_or_zero(push->x0_dot, m * n + i);
  for (size_t i = 0; i < p; i++) /* the rows of inputs: load_inputs */
    v->theta_dot[entry_of(v, i, lane)] =
        push->gradient ? (real)(unit == n + i) : (real)entry_or_zero(push->theta_dot, theta + i);
  v->start_dot[lane] = push->gradient ? unit == n + p : entry_or_zero(push->t0_dot, m);
  v->t1_dot[lane] = push->gradient ? unit == n + p + 1 : entry_or_zero(push->t1_dot, m);
}

/* The rows of inputs in theta_dot. */
static void load_inputs(forward *v, int lane) {
  const og_solve *solve = v->r.solve;
  const og_pushforward *push = v->push;
  size_t m = trajectory_of(v, v->r.item[lane]), first = og_signals_first(solve, m);
  size_t unit = push->gradient ? v->r.item[lane] % og_directions(solve) : 0,
         others = og_directions(solve) - solve->signal_most;
  double *one = push->gradient && unit >= others && unit - others < og_signals_count(solve, m)
                    ? &v->unit_values[first + unit - others]
                    : NULL;
  if (one) *one = 1;
  for (size_t i = 0; i < solve->field->inputs; i++) {
    double row_dot[OG_INPUT_ROWS];
    og_signals_push(solve, m, i, OG_R(og_step_reader_segment)(&v->r, lane),
                    push->gradient ? v->unit_values : NULL, row_dot);
    for (size_t k = 0; k < OG_INPUT_ROWS; k++)
      v->theta_dot[entry_of(v, solve->parameters + OG_INPUT_ROWS * i + k, lane)] = (real)row_dot[k];
  }
  if (one) *one = 0;
}

/* The segment's end moves only when it is the trajectory's. */
static void enter(forward *v, int lane, size_t segment, double start_dot) {
  OG_R(og_step_reader_enter)(&v->r, lane, segment);
  v->start_dot[lane] = start_dot;
  v->end_dot[lane] =
      OG_R(og_step_reader_segment)(&v->r, lane)->end == v->r.trajectory[lane]->t1 ? v->t1_dot[lane] : 0;
  load_inputs(v, lane);
}

static void begin(void *state, int lane, size_t item) {
  forward *v = state;
  OG_R(og_step_reader_load)(&v->r, lane, item, trajectory_of(v, item), 0);
  load_direction(v, lane, item);
  enter(v, lane, 0, v->start_dot[lane]);
  v->sum[lane] = 0;
  v->cursor[lane] = 0;
}

static int fill(void *state) {
  forward *v = state;
  return OG_R(og_step_reader_fill)(&v->r, v->share, begin, v);
}

static double fraction_of(const forward *v, int lane, size_t i) {
  return og_segment_fraction(OG_R(og_step_reader_segment)(&v->r, lane), v->r.trajectory[lane]->times[i]);
}

/* Whether the lane's next observation belongs to its step: the last of a segment has all that are left. */
static int observation_due(const forward *v, int lane) {
  const og_trajectory *at = v->r.trajectory[lane];
  size_t s = v->r.segment[lane];
  size_t end = s + 1 < at->path.count ? at->path.segments[s + 1].observed : at->seen;
  if (v->cursor[lane] >= end || v->r.index[lane] + 1 == og_segment_stop(at, s)) return v->cursor[lane] < end;
  return fraction_of(v, lane, v->cursor[lane]) <= v->r.fraction_next[lane];
}

/* Places the lanes; returns whether any has an observation or an event in its step. */
static int set_intervals(forward *v) {
  int observed = 0;
  OG_R(og_step_reader_steps)(&v->r);
  for (int lane = 0; lane < v->r.lanes; lane++) {
    const og_trajectory *at = v->r.trajectory[lane];
    v->step->status[lane] = at ? 0 : OG_LANE_IDLE;
    v->t_dot[lane] = v->h_dot[lane] = 0;
    observed |= OG_R(og_event_steps_find)(&v->events, lane);
    if (!at) continue;
    double start = v->r.fraction[lane], end = v->r.fraction_next[lane];
    v->t_dot[lane] = v->start_dot[lane] * (1 - start) + v->end_dot[lane] * start;
    v->h_dot[lane] = (v->end_dot[lane] - v->start_dot[lane]) * (end - start);
    observed |= observation_due(v, lane);
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
  size_t slot = at->first_observation + i;
  double start = v->r.fraction[lane], end = v->r.fraction_next[lane];
  double s = fmin(fraction_of(v, lane, i), end); /* one at an event's time may be rounded beyond it */
  double place = (s - start) / (end - start);
  v->step->ops->slope_at(v->step, lane, place, v->slope, NULL);
  v->step->ops->tangent_at(v->step, lane, place, &v->r.at, v->x_dot, v->h_dot[lane], v->state_dot);
  double moved =
      entry_or_zero(v->push->times_dot, slot) - (1 - s) * v->start_dot[lane] - s * v->end_dot[lane];
  for (size_t row = 0; row < v->r.solve->states; row++) {
    double slope = v->slope[row];
    if (first_direction(v, lane)) v->push->pullback->times_bar[slot] += seed_or_zero(v, slot, row) * slope;
    double state_dot = s == start ? (double)v->x_dot[entry_of(v, row, lane)]
                       : s == end ? (double)v->y_dot[entry_of(v, row, lane)]
                                  : v->state_dot[row];
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

/* Where a segment begins its state was made consistent; after an event that is a part of the event. */
static void push_starts(forward *v) {
  for (int lane = 0; lane < v->r.lanes; lane++) {
    const og_trajectory *at = v->r.trajectory[lane];
    size_t s = v->r.segment[lane];
    if (!at || v->r.index[lane] != v->r.first[lane]) continue;
    if (s > 0 && at->path.segments[s - 1].event != OG_NO_EVENT) continue;
    og_status status = OG_R(og_consistent_start_push)(&v->r, lane, v->start, v->step->scratch,
                                                      v->start_dot[lane], v->theta_dot, v->x_dot);
    if (status == OG_OK) continue;
    OG_R(og_step_reader_fail)(&v->r, v->share, lane, status);
    OG_R(og_step_reader_idle)(&v->r, lane);
    v->step->status[lane] = OG_LANE_IDLE;
  }
}

static void step(void *state) {
  forward *v = state;
  const OG_R(og_step_ops) *ops = v->step->ops;
  int uses = OG_STEP_VALUES | (set_intervals(v) ? OG_STEP_INSIDE : 0);
  if (og_has_algebraic(v->r.solve)) push_starts(v);
  int evals = ops->recompute(v->step, uses, &v->r.at, v->r.x, v->r.theta);
  int jvps = ops->tangent(v->step, uses, &v->r.at, v->r.x, v->r.theta, v->x_dot, v->theta_dot, v->t_dot,
                          v->h_dot, v->y_dot);
  v->evals += (long long)evals * (v->r.lanes - v->r.idle);
  v->jvps += (long long)jvps * (v->r.lanes - v->r.idle);
}

/* Tangents of the event that ended the lane's segment: kept, or contracted with its cotangents. */
static void emit_event(forward *v, int lane, double t_dot) {
  const og_trajectory *at = v->r.trajectory[lane];
  size_t n = v->r.solve->states, entry = v->events.segment[lane]->occurrence * (1 + 2 * n);
  double *out = v->push->gradient ? NULL : at->event_dots;
  const double *bar = v->push->gradient ? at->event_bars : NULL;
  for (size_t i = 0; i < 1 + 2 * n; i++, entry++) {
    double tangent = i == 0   ? t_dot
                     : i <= n ? v->events.before[entry_of(v, i - 1, lane)]
                              : (double)v->y_dot[entry_of(v, i - 1 - n, lane)];
    if (out) out[entry] = tangent;
    if (bar) v->sum[lane] += bar[entry] * tangent;
  }
}

/* The segment's last step is done. After an event the next one begins at the event's time; a breakpoint does
 * not move. */
static og_status end_segment(forward *v, int lane) {
  const og_trajectory *at = v->r.trajectory[lane];
  double start_dot = 0;
  if (v->events.segment[lane]) {
    start_dot = v->t_dot[lane];
    OG_TRY(OG_R(og_event_steps_push)(&v->events, lane, v->x_dot, v->theta_dot, v->h_dot[lane], &start_dot,
                                     v->y_dot));
    emit_event(v, lane, start_dot);
  }
  if (v->r.segment[lane] + 1 < at->path.count) enter(v, lane, v->r.segment[lane] + 1, start_dot);
  return OG_OK;
}

/* Of a gradient: the directions of t0 and t1, which nothing else depends on. */
static int is_time_direction(const forward *v, int lane) {
  const og_solve *solve = v->r.solve;
  size_t first = solve->states + solve->parameters, at = v->r.item[lane] % og_directions(solve);
  return v->push->gradient && (at == first || at == first + 1);
}

/* A derivative by time that is not finite is none, and refuses no other. */
static void leave_open(forward *v, int lane) {
  v->push->gradient[v->r.item[lane]] = NAN;
  OG_R(og_step_reader_idle)(&v->r, lane);
}

static void settle_lane(forward *v, int lane) {
  const og_trajectory *at = v->r.trajectory[lane];
  while (observation_due(v, lane)) observe(v, lane, v->cursor[lane]++);
  og_status status = v->step->status[lane] ? OG_ERR_FIELD : OG_OK;
  if (status == OG_OK && v->r.index[lane] + 1 == og_segment_stop(at, v->r.segment[lane]))
    status = end_segment(v, lane);
  for (size_t i = 0; i < v->r.solve->n; i++) v->x_dot[entry_of(v, i, lane)] = v->y_dot[entry_of(v, i, lane)];
  if (status == OG_OK && !finite_lane(v, lane)) status = OG_ERR_NOT_FINITE;
  if (status == OG_ERR_NOT_FINITE && is_time_direction(v, lane)) {
    leave_open(v, lane);
    return;
  }
  if (status != OG_OK) OG_R(og_step_reader_fail)(&v->r, v->share, lane, status);
  v->r.index[lane]++;
  if (status == OG_OK && v->r.index[lane] < at->steps) return;
  if (status == OG_OK) finish(v, lane);
  OG_R(og_step_reader_idle)(&v->r, lane);
}

static void settle(void *state) {
  forward *v = state;
  for (int lane = 0; lane < v->r.lanes; lane++)
    if (v->r.trajectory[lane]) settle_lane(v, lane);
}

void OG_R(og_tangent)(og_solve *solve, og_share *share, void *pushforward) {
  static const og_lane_worker worker = {sizeof(forward), open, fill, step, settle, close};
  og_work_in_lanes(&worker, solve, share, pushforward);
}
