/* The discrete adjoint: back through the recorded steps, each recomputed and transposed. The derivative is
 * that of the computed numbers with h_k = (T_b - T_a) w_k, w_k constant, in a segment from T_a to T_b. */
#include <math.h>
#include <string.h>

#include "adjoint/consistent_start.h"
#include "adjoint/event_steps.h"
#include "adjoint/looks.h"
#include "adjoint/weights.h"
#include "solve/memory/budget.h"
#include "solve/networks.h"

typedef struct reverse {
  OG_R(og_step_reader) r;
  OG_R(og_step) * step;
  const og_pullback *pullback;
  og_share *share;
  real *x_bar, *theta_bar, *memory;
  real *seeds;                          /* cotangents of states inside the step: stepper.seeds blocks */
  double *theta_sum;                    /* [p][lanes]: over steps, in double */
  _Alignas(64) real mask[OG_LANES_MAX]; /* lanes whose step has observations that read the interpolant */
  double start_bar[OG_LANES_MAX], end_bar[OG_LANES_MAX]; /* of the segment's times T_a and T_b */
  double t1_bar[OG_LANES_MAX];                           /* from later segments */
  OG_R(og_event_steps) events;
  OG_R(og_weights_sum) weights;
  OG_R(og_looks) looks;
  double *start;               /* og_consistent_start_bytes */
  int times;                   /* cotangents of times are needed */
  size_t cursor[OG_LANES_MAX]; /* observations at or after it are done */
  size_t due[OG_LANES_MAX];    /* the first one of the lane's step */
  size_t done[OG_LANES_MAX];   /* and the one behind its last */
  int reads_interpolant;
  long long evals, vjps;
} reverse;

/* x and its cotangent, the seeds of a step, parameters with their cotangents, and these summed in double. */
static size_t blocks_bytes(const og_solve *solve, int lanes) {
  size_t block = OG_PADDED(solve->n * (size_t)lanes), theta = OG_PADDED(solve->p * (size_t)lanes);
  return ((2 + (size_t)solve->stepper.seeds) * block + 2 * theta) * sizeof(real) + theta * sizeof(double);
}

size_t OG_R(og_discrete_bytes)(const og_solve *solve, int lanes, int taped) {
  const og_stepper *stepper = &solve->stepper;
  long long control = og_options_integer(solve->options, OG_OPT_GRADIENT_CONTROL);
  int purpose = OG_STEP_DERIVATIVE | (taped ? OG_STEP_TAPED : 0);
  size_t looks = control == OG_CONTROL_NONE ? 0 : OG_R(og_looks_bytes)(solve, lanes) + OG_ALLOCATION_EXTRA;
  return sizeof(reverse) + blocks_bytes(solve, lanes) + looks + OG_R(og_event_steps_bytes)(solve, lanes) +
         stepper->OG_R(ops)->bytes(stepper, solve->field, lanes, purpose) + og_weights_bytes(solve) +
         og_consistent_start_bytes(solve);
}

static og_status open(void *state, og_solve *solve, og_share *share, void *work) {
  reverse *v = state;
  const og_pullback *pullback = work;
  v->share = share;
  v->pullback = pullback;
  v->times = pullback->want_times || og_guards(solve) > 0;
  v->r = (OG_R(og_step_reader)){
      .solve = solve, .lanes = share->lanes, .idle = share->lanes, .next = share->begin, .end = share->end};
  size_t lanes = (size_t)share->lanes, block = OG_PADDED(solve->n * lanes),
         theta = OG_PADDED(solve->p * lanes);
  size_t bytes = blocks_bytes(solve, share->lanes);
  v->memory = og_alloc(solve->context, 1, bytes + og_consistent_start_bytes(solve));
  if (!v->memory) return OG_ERR_MEMORY;
  real *next = v->memory;
  v->start = (double *)(void *)((char *)v->memory + bytes);
  v->theta_sum = (double *)(void *)next;
  next = (real *)(void *)(v->theta_sum + theta);
  v->r.x = next;
  v->x_bar = v->r.x + block;
  v->r.theta = v->x_bar + block;
#if defined(OG_SINGLE)
  v->theta_bar = v->r.theta + theta;
#else
  v->theta_bar = v->theta_sum;
#endif
  v->seeds = v->r.theta + 2 * theta;
  OG_TRY(OG_R(og_step_reader_open)(&v->r, share));
  int purpose = (v->times ? OG_STEP_DERIVATIVE : OG_STEP_TRANSPOSE) | (solve->taped ? OG_STEP_TAPED : 0);
  v->step = OG_R(og_step_create)(solve->context, &solve->stepper, solve->field, share->lanes, purpose);
  if (!v->step) return OG_ERR_MEMORY;
  OG_TRY(OG_R(og_weights_open)(&v->weights, solve));
  v->step->weights_bar = v->weights.part;
  OG_R(og_looks_open)(&v->looks, solve, share->lanes, pullback->looks);
  og_status status = OG_R(og_event_steps_open)(&v->events, &v->r, v->step);
  v->events.looks = v->looks.mode != OG_LOOKS_NONE;
  return status;
}

static void close(void *state) {
  reverse *v = state;
  if (v->looks.count && v->share->status == OG_OK) OG_R(og_looks_flush)(&v->looks);
  OG_R(og_weights_finish)(&v->weights, v->r.solve, v->share);
  og_count(v->r.solve, OG_STAT_RHS_EVALS,
           v->evals + v->looks.evals + OG_R(og_step_take_further_evals)(v->step));
  og_count(v->r.solve, OG_STAT_VJP_EVALS, v->vjps + v->looks.vjps);
  OG_R(og_looks_close)(&v->looks);
  OG_R(og_event_steps_close)(&v->events);
  OG_R(og_step_reader_close)(&v->r);
  OG_R(og_step_destroy)(v->r.solve->context, v->step);
  og_free(v->r.solve->context, v->memory);
}

static size_t entry_of(const reverse *v, size_t row, int lane) {
  return row * (size_t)v->r.lanes + (size_t)lane;
}

/* The lane starts at the end of its trajectory with the cotangent of the final state. */
static void begin(void *state, int lane, size_t item) {
  reverse *v = state;
  const og_solve *solve = v->r.solve;
  size_t m = og_item(solve, item);
  const double *final_bar = v->pullback->final_bar, *cost_bar = v->pullback->cost_bar;
  OG_R(og_step_reader_load)(&v->r, lane, item, m, solve->trajectories[m].steps);
  for (size_t i = 0; i < solve->states; i++)
    v->x_bar[entry_of(v, i, lane)] = final_bar ? (real)final_bar[m * solve->states + i] : 0;
  if (solve->field->quadratures) v->x_bar[entry_of(v, solve->n - 1, lane)] = cost_bar ? (real)cost_bar[m] : 0;
  for (size_t i = 0; i < solve->p; i++)
    v->theta_sum[entry_of(v, i, lane)] = 0, v->theta_bar[entry_of(v, i, lane)] = 0;
  v->start_bar[lane] = v->end_bar[lane] = v->t1_bar[lane] = 0;
  v->cursor[lane] = solve->trajectories[m].seen;
  if (v->looks.mode) solve->trajectories[m].tally = (og_tally){0};
  OG_R(og_looks_enter)(&v->looks, &v->r, lane);
}

static int fill(void *state) {
  reverse *v = state;
  return OG_R(og_step_reader_fill)(&v->r, v->share, begin, v);
}

/* One that is at an event's time, as far as can be told, is at most at the end of the step. */
static double fraction_of(const reverse *v, int lane, size_t i) {
  double s = og_segment_fraction(OG_R(og_step_reader_segment)(&v->r, lane), v->r.trajectory[lane]->times[i]);
  return fmin(s, v->r.fraction_next[lane]);
}

/* The first observation that belongs to the lane's step: those in (start, end], and in a segment's first step
 * all that are left of it. */
static size_t first_of_step(const reverse *v, int lane) {
  const og_segment *segment = OG_R(og_step_reader_segment)(&v->r, lane);
  size_t i = v->pullback->observed_bar ? v->cursor[lane] : segment->observed;
  while (i > segment->observed &&
         (v->r.index[lane] == segment->first || fraction_of(v, lane, i - 1) > v->r.fraction[lane]))
    i--;
  return i;
}

static int is_inside(const reverse *v, int lane, double s) {
  return s > v->r.fraction[lane] && s < v->r.fraction_next[lane];
}

/* Whether the lane's step has an event or observations that read the interpolant; and which these are. */
static int reads_inside(reverse *v, int lane) {
  int stopped = OG_R(og_event_steps_find)(&v->events, lane);
  if (!v->r.trajectory[lane] || !v->pullback->observed_bar) return stopped;
  v->due[lane] = first_of_step(v, lane);
  v->done[lane] = v->cursor[lane];
  for (size_t i = v->due[lane]; i < v->cursor[lane]; i++)
    if (v->times || is_inside(v, lane, fraction_of(v, lane, i))) return 1;
  return stopped;
}

static void set_intervals(reverse *v) {
  int may_read = og_guards(v->r.solve) > 0 || v->pullback->observed_bar;
  v->reads_interpolant = 0;
  for (int lane = 0; lane < v->r.lanes; lane++) v->r.index[lane]--; /* idle ones have none */
  OG_R(og_step_reader_steps)(&v->r);
  if (v->weights.count) OG_R(og_weights_fill_idle)(&v->r, v->step, v->x_bar);
  for (int lane = 0; lane < v->r.lanes; lane++)
    v->step->status[lane] = v->r.trajectory[lane] ? 0 : OG_LANE_IDLE;
  for (int lane = 0; may_read && lane < v->r.lanes; lane++) {
    v->mask[lane] = reads_inside(v, lane);
    v->reads_interpolant |= v->mask[lane] != 0;
  }
}

static const double *seed_of(const reverse *v, int lane, size_t i) {
  return v->pullback->observed_bar + (v->r.trajectory[lane]->first_observation + i) * v->r.solve->states;
}

/* The derivative of xbar . x(t) with respect to t on the interpolant, at fraction s of the segment and
 * `place` of the step; the observation moves with T_a and T_b as well, as the steps do. */
static void time_of_observation(reverse *v, int lane, size_t i, double s, double place) {
  const og_trajectory *at = v->r.trajectory[lane];
  double speed = v->step->ops->slope_along(v->step, lane, place, v->r.solve->states, seed_of(v, lane, i));
  v->pullback->times_bar[at->first_observation + i] += speed;
  v->start_bar[lane] += speed * (s - 1);
  v->end_bar[lane] -= speed * s;
}

static void seed_inside(reverse *v, int lane, size_t i, double place) {
  size_t lanes = (size_t)v->r.lanes;
  v->step->ops->seed(v->step->stepper, place, v->r.solve->states, seed_of(v, lane, i), v->seeds + lane,
                     OG_PADDED(v->r.solve->n * lanes), lanes);
}

static void seed_state(reverse *v, int lane, size_t i) {
  const double *seed = seed_of(v, lane, i);
  for (size_t row = 0; row < v->r.solve->states; row++) v->x_bar[entry_of(v, row, lane)] += (real)seed[row];
}

/* Before the transpose: observations at the step's end join its cotangent, those inside the seeds. */
static void seeds_before(reverse *v, int lane) {
  double start = v->r.fraction[lane], end = v->r.fraction_next[lane];
  for (size_t i = v->due[lane]; i < v->cursor[lane]; i++) {
    double s = fraction_of(v, lane, i);
    if (s == end) seed_state(v, lane, i);
    if (v->mask[lane] == 0) continue;
    double place = (s - start) / (end - start);
    if (is_inside(v, lane, s)) seed_inside(v, lane, i, place);
    if (v->times) time_of_observation(v, lane, i, s, place);
  }
}

/* After it: those inside, and at t0, read x itself. */
static void seeds_after(reverse *v, int lane) {
  for (size_t i = v->due[lane]; i < v->cursor[lane]; i++)
    if (fraction_of(v, lane, i) != v->r.fraction_next[lane]) seed_state(v, lane, i);
  v->cursor[lane] = v->due[lane];
}

static void each_active(reverse *v, void (*what)(reverse *, int)) {
  if (!v->pullback->observed_bar) return;
  for (int lane = 0; lane < v->r.lanes; lane++)
    if (v->r.trajectory[lane] && v->cursor[lane]) what(v, lane);
}

/* Derivatives of f by its time that are not finite, as that of sqrt(t) at 0, belong to the ends that move the
 * time at which f was evaluated, `at` of the segment: T_a alone at the very start, T_b alone at the very end.
 */
static void singular_time(reverse *v, int lane, double at, double bar) {
  if (bar == 0) return;
  if (at != 1) v->start_bar[lane] += bar * (1 - at);
  if (at != 0) v->end_bar[lane] += bar * at;
}

/* t = T_a + (T_b - T_a) W and h = (T_b - T_a) w. An event's time is t + sigma h. */
static void step_times(reverse *v, int lane) {
  double t_bar = v->events.time_bar[lane], h_bar = t_bar * v->events.sigma[lane];
  double start = v->r.fraction[lane], end = v->r.fraction_next[lane], width = end - start;
  double singular[OG_SINGULAR_PLACES] = {0};
  v->step->ops->time_cotangents(v->step, lane, v->mask[lane] != 0, &t_bar, &h_bar, singular);
  singular_time(v, lane, start, singular[OG_AT_START]);
  singular_time(v, lane, start + width / 2, singular[OG_AT_INSIDE]);
  singular_time(v, lane, end, singular[OG_AT_END]);
  v->start_bar[lane] += t_bar * (1 - start) - width * h_bar;
  v->end_bar[lane] += t_bar * start + width * h_bar;
}

/* Over steps the gradient is summed in double; a single-precision step's share is moved there and cleared. */
static void add_to_sum(reverse *v) {
#if defined(OG_SINGLE)
  for (size_t i = 0; i < v->r.solve->p * (size_t)v->r.lanes; i++) {
    v->theta_sum[i] += (double)v->theta_bar[i];
    v->theta_bar[i] = 0;
  }
#else
  (void)v; /* theta_bar is theta_sum */
#endif
}

/* An event's derivative has the slope of the interpolant where that of the solution belongs. */
static void tell_of_event(reverse *v, int lane) {
  og_looked looked = {.trajectory = (size_t)(v->r.trajectory[lane] - v->r.solve->trajectories),
                      .segment = v->r.segment[lane],
                      .kind = OG_LOOK_SIGN,
                      .t = v->r.at.t[lane],
                      .h = v->r.at.h[lane],
                      .theta_largest = v->r.trajectory[lane]->tally.theta_largest,
                      .part = v->events.sigma[lane]};
  og_look_error error = {.lambda = v->events.error.lambda,
                         .theta = v->events.error.theta,
                         .lambda_size = v->r.trajectory[lane]->tally.lambda_largest};
  if (error.lambda == 0 && error.theta == 0) return;
  OG_R(og_looks_flush)(&v->looks); /* those of later steps come before it */
  og_looks_tell(v->r.solve, &looked, &error);
  if (v->looks.mode == OG_LOOKS_ALL) og_looks_limit(v->r.solve, &looked, &error);
}

/* Lanes whose step an event stopped: from the state after it to the seeds. */
static void events_before(reverse *v) {
  for (int lane = 0; v->events.count && lane < v->r.lanes; lane++) {
    if (!v->r.trajectory[lane] || !v->events.segment[lane]) continue;
    og_status status =
        OG_R(og_event_steps_pull)(&v->events, lane, v->start_bar[lane], v->x_bar, v->seeds, v->theta_sum);
    v->start_bar[lane] = 0;
    if (v->looks.mode && status == OG_OK) tell_of_event(v, lane);
    if (status == OG_OK) continue;
    OG_R(og_step_reader_fail)(&v->r, v->share, lane, status);
    OG_R(og_step_reader_idle)(&v->r, lane);
  }
}

/* One step to be looked at, with the cotangents of observations inside it. */
static void look_at(reverse *v, int lane) {
  double part = v->events.count && v->events.segment[lane] ? v->events.sigma[lane] : 1;
  double start = v->r.fraction[lane], width = (v->r.fraction_next[lane] - start) * part;
  if (!OG_R(og_looks_take)(&v->looks, &v->r, v->step, lane, v->x_bar, v->theta_sum, part)) return;
  for (size_t i = v->due[lane]; v->pullback->observed_bar && i < v->done[lane]; i++) {
    double s = fraction_of(v, lane, i);
    if (is_inside(v, lane, s))
      OG_R(og_looks_seed)(&v->looks, fmin((s - start) / width, 1), seed_of(v, lane, i));
  }
  OG_R(og_looks_put)(&v->looks);
}

/* Steps whose own error in the derivative is to be seen. */
static void look(reverse *v) {
  uint64_t due = OG_R(og_looks_due)(&v->looks, &v->r, v->step, v->x_bar);
  while (due) look_at(v, og_next_lane(&due));
  if (v->looks.status != OG_OK) v->share->status = v->looks.status;
}

/* What the forward pass has kept of the steps need not be computed again. */
static void find_tape(reverse *v) {
  const og_solve *solve = v->r.solve;
  int busy = 0;
  if (solve->tape_bytes && v->r.lanes == 1)
    v->step->ops->use_tape(v->step, og_step_tape_of(solve, v->r.trajectory[0], v->r.index[0]), 1);
  if (!solve->tapes.memory || v->r.idle == v->r.lanes) return;
  while (!v->r.trajectory[busy]) busy++;
  v->step->ops->use_tape(v->step, og_tapes_at(solve, v->share->begin, v->r.index[busy]), 1);
}

static void transpose(reverse *v) {
  const OG_R(og_step_ops) *ops = v->step->ops;
  int inside = v->reads_interpolant;
  int uses = (v->times ? OG_STEP_VALUES : 0) | (inside ? OG_STEP_INSIDE : 0);
  size_t block = OG_PADDED(v->r.solve->n * (size_t)v->r.lanes);
  find_tape(v);
  int evals = ops->recompute(v->step, uses, &v->r.at, v->r.x, v->r.theta);
  OG_R(og_looks_before)(&v->looks, &v->r, v->step);
  if (inside) memset(v->seeds, 0, (size_t)v->step->stepper->seeds * block * sizeof(real));
  events_before(v);
  each_active(v, seeds_before);
  int vjps = ops->transpose(v->step, uses, &v->r.at, v->r.x, v->r.theta, inside ? v->seeds : NULL, v->mask,
                            v->x_bar, v->r.solve->p ? v->theta_bar : NULL);
  add_to_sum(v);
  OG_R(og_weights_step)(&v->weights);
  for (int lane = 0; v->times && lane < v->r.lanes; lane++)
    if (v->r.trajectory[lane]) step_times(v, lane);
  each_active(v, seeds_after);
  OG_R(og_event_steps_after)(&v->events, v->x_bar);
  if (v->looks.mode) look(v);
  v->evals += (long long)evals * (v->r.lanes - v->r.idle);
  v->vjps += (long long)vjps * (v->r.lanes - v->r.idle);
}

/* 0 in the lanes where lambda is finite, NaN in the others. */
static void find_finite(const reverse *v, real *zero) {
  memset(zero, 0, (size_t)v->r.lanes * sizeof *zero);
  for (size_t i = 0; i < v->r.solve->n; i++)
    for (int lane = 0; lane < v->r.lanes; lane++) zero[lane] += 0 * v->x_bar[entry_of(v, i, lane)];
}

static int theta_finite(const reverse *v, int lane) {
  double zero = 0;
  for (size_t i = 0; i < v->r.solve->p; i++) zero += 0 * v->theta_sum[entry_of(v, i, lane)];
  return zero == 0;
}

/* From the rows of inputs to the signals' values; the rows begin anew. */
static void pull_inputs(reverse *v, int lane) {
  const og_solve *solve = v->r.solve;
  double row_bar[OG_INPUT_ROWS];
  for (size_t i = 0; i < solve->field->inputs; i++) {
    for (size_t k = 0; k < OG_INPUT_ROWS; k++) {
      double *sum = &v->theta_sum[entry_of(v, solve->laned + OG_INPUT_ROWS * i + k, lane)];
      row_bar[k] = *sum;
      *sum = 0;
    }
    og_signals_pull(solve, (size_t)(v->r.trajectory[lane] - solve->trajectories), i,
                    OG_R(og_step_reader_segment)(&v->r, lane), row_bar, v->pullback->values_bar);
  }
}

/* The segment's end is t1, or a breakpoint, which does not move. */
static void end_segment_times(reverse *v, int lane) {
  if (OG_R(og_step_reader_segment)(&v->r, lane)->end == v->r.trajectory[lane]->t1)
    v->t1_bar[lane] += v->end_bar[lane];
  v->end_bar[lane] = 0;
}

static void deliver(reverse *v, int lane) {
  const og_solve *solve = v->r.solve;
  size_t m = v->r.item[lane]; /* results are in the order of items */
  for (size_t i = 0; i < solve->states; i++)
    v->pullback->x0_bar[m * solve->states + i] = (double)v->x_bar[entry_of(v, i, lane)];
  for (size_t i = 0; i < solve->laned; i++)
    v->pullback->theta_bar[m * solve->laned + i] = v->theta_sum[entry_of(v, i, lane)];
  pull_inputs(v, lane);
  end_segment_times(v, lane);
  v->pullback->t0_bar[m] = v->start_bar[lane];
  v->pullback->t1_bar[m] = v->t1_bar[lane];
}

/* To the segment before. After an event the end is the same one, and the start is the event's time; a
 * breakpoint does not move. */
static void leave(reverse *v, int lane) {
  size_t s = v->r.segment[lane];
  if (v->r.trajectory[lane]->path.segments[s - 1].event == OG_NO_EVENT) {
    pull_inputs(v, lane);
    end_segment_times(v, lane);
    v->start_bar[lane] = 0;
  }
  OG_R(og_step_reader_enter)(&v->r, lane, s - 1);
}

/* Where a segment begins its state was made consistent; after an event that is a part of the event. */
static og_status pull_start(reverse *v, int lane) {
  size_t s = v->r.segment[lane];
  int after_event = s > 0 && v->r.trajectory[lane]->path.segments[s - 1].event != OG_NO_EVENT;
  if (!og_has_algebraic(v->r.solve) || after_event) return OG_OK;
  return OG_R(og_consistent_start_pull)(&v->r, lane, v->start, v->step->scratch, v->x_bar, v->theta_sum,
                                        &v->start_bar[lane]);
}

static void settle_lane(reverse *v, int lane, int finite) {
  int begun = v->r.index[lane] == v->r.first[lane], last = v->r.index[lane] == 0;
  og_status status = v->step->status[lane] ? OG_ERR_FIELD : OG_OK;
  if (begun && finite && status == OG_OK) status = pull_start(v, lane);
  int bad = status != OG_OK;
  if (bad) {
    OG_R(og_step_reader_fail)(&v->r, v->share, lane, status);
  } else if (!finite || (begun && !theta_finite(v, lane))) {
    bad = 1;
    if (!OG_R(og_looks_abandon)(&v->looks, &v->r, lane))
      OG_R(og_step_reader_fail)(&v->r, v->share, lane, OG_ERR_NOT_FINITE);
  }
  if (last && !bad) deliver(v, lane);
  if (last || bad)
    OG_R(og_step_reader_idle)(&v->r, lane);
  else if (begun)
    leave(v, lane);
}

/* Whether there is anything but to go on to the step before. */
static int to_settle(const reverse *v, int lane, int finite) {
  return v->r.trajectory[lane] &&
         (v->r.index[lane] == v->r.first[lane] || !finite || v->step->status[lane] != 0);
}

static void step(void *state) {
  set_intervals(state);
  transpose(state);
}

static void settle(void *state) {
  reverse *v = state;
  real zero[OG_LANES_MAX];
  find_finite(v, zero);
  for (int lane = 0; lane < v->r.lanes; lane++)
    if (to_settle(v, lane, zero[lane] == 0)) settle_lane(v, lane, zero[lane] == 0);
}

void OG_R(og_discrete)(og_solve *solve, og_share *share, void *pullback) {
  static const og_lane_worker worker = {sizeof(reverse), open, fill, step, settle, close};
  og_work_in_lanes(&worker, solve, share, pullback);
}
