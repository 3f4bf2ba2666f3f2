#include <math.h>
#include <string.h>

#include "adjoint/event_steps.h"
#include "solve/signals.h"

typedef OG_R(og_event_steps) og_event_steps;

/* Arrays of one lane: n each of the speed, its parts, the state and two tangents or cotangents; p each of
 * theta and its tangent or cotangent; og_event_adjoint_own; og_guard_work; and for the slope of the solution,
 * n of it and n, p and n of its arguments and of f in the solve's precision. */
static size_t one_lane(const og_solve *solve) {
  return 8 * OG_PADDED(solve->n) + 3 * OG_PADDED(solve->p) + og_event_adjoint_own(solve) +
         og_guard_work(solve, 1);
}

size_t OG_R(og_event_steps_bytes)(const og_solve *solve, int lanes) {
  if (og_guards(solve) == 0) return 0;
  return (OG_PADDED(solve->n * (size_t)lanes) + one_lane(solve)) * sizeof(double) +
         solve->field->scratch_bytes(solve->field, 1);
}

og_status OG_R(og_event_steps_open)(og_event_steps *events, const OG_R(og_step_reader) * r,
                                    const OG_R(og_step) * step) {
  const og_solve *solve = r->solve;
  *events = (og_event_steps){.r = r, .step = step};
  if (og_guards(solve) == 0) return OG_OK;
  size_t block = OG_PADDED(solve->n * (size_t)r->lanes);
  events->memory = og_alloc(solve->context, 1, OG_R(og_event_steps_bytes)(solve, r->lanes));
  if (!events->memory) return OG_ERR_MEMORY;
  events->before = events->memory;
  events->one = events->before + block;
  events->scratch = events->one + one_lane(solve);
  return OG_OK;
}

void OG_R(og_event_steps_close)(og_event_steps *events) {
  if (events->r) og_free(events->r->solve->context, events->memory);
}

int OG_R(og_event_steps_find)(og_event_steps *events, int lane) {
  const OG_R(og_step_reader) *r = events->r;
  const og_trajectory *at = r->trajectory[lane];
  events->count -= events->segment[lane] != NULL;
  events->segment[lane] = NULL;
  events->sigma[lane] = events->time_bar[lane] = 0;
  if (!at) return 0;
  const og_segment *segment = &at->path.segments[r->segment[lane]];
  if (segment->event == OG_NO_EVENT || r->index[lane] + 1 != og_segment_stop(at, r->segment[lane])) return 0;
  events->segment[lane] = segment;
  events->sigma[lane] = segment->sigma;
  events->count++;
  return 1;
}

static size_t entry_of(const og_event_steps *events, size_t row, int lane) {
  return row * (size_t)events->r->lanes + (size_t)lane;
}

/* h f at the state before the event, in `slope`, which has room for more behind it. */
static void find_slope(const og_event_steps *events, int lane, const og_event_adjoint *event, double *slope) {
  const og_solve *solve = events->r->solve;
  _Alignas(64) double t[OG_LANE_STEP] = {event->at.t};
  og_lane_status status[OG_LANE_STEP] = {0};
  real *x = (real *)(void *)(slope + OG_PADDED(solve->n)), *theta = x + OG_PADDED(solve->n),
       *f = theta + OG_PADDED(solve->p);
  for (size_t i = 0; i < solve->n; i++) x[i] = (real)event->at.x[i];
  for (size_t i = 0; i < solve->p; i++) theta[i] = (real)event->at.theta[i];
  for (size_t k = 0; k < solve->field->fine; k++)
    theta[solve->p - solve->field->fine + k] =
        events->r->theta[entry_of(events, solve->p - solve->field->fine + k, lane)];
  solve->field->OG_R(ops).eval(solve->field, 1, t, x, theta, f, status, event->at.scratch);
  for (size_t i = 0; i < solve->n; i++) slope[i] = status[0] ? NAN : (double)f[i];
  og_instant instant = og_guard_instant(&event->at);
  if (solve->algebraic && og_consistent_slope(solve, &instant, event->at.x, slope) != OG_OK) slope[0] = NAN;
  for (size_t i = 0; i < solve->n; i++) slope[i] *= event->h;
}

/* The lane's step in arrays of its own; *next is what is left of `one`. */
static og_event_adjoint event_of(og_event_steps *events, int lane, double **next) {
  const og_solve *solve = events->r->solve;
  const og_segment *segment = events->segment[lane];
  size_t n = OG_PADDED(solve->n);
  double *speed = events->one, *parts = speed + n, *x = parts + n, *theta = x + n;
  double *own = theta + OG_PADDED(solve->p), *work = own + og_event_adjoint_own(solve);
  events->step->ops->slope_at(events->step, lane, segment->sigma, speed, parts);
  for (size_t i = 0; i < solve->n; i++) {
    speed[i] *= events->r->at.h[lane];
    parts[i] *= fabs(events->r->at.h[lane]);
  }
  og_signals_theta(solve, (size_t)(events->r->trajectory[lane] - solve->trajectories), segment, theta);
  memcpy(x, segment->states, solve->n * sizeof *x);
  *next = work + og_guard_work(solve, 1);
  return (og_event_adjoint){.segment = segment,
                            .h = events->r->at.h[lane],
                            .speed = speed,
                            .parts = parts,
                            .at = {segment->time, x, theta, events->scratch, work},
                            .own = own};
}

/* At sigma = 1 the state before the event is the step's end; else it is read from the interpolant. */
static void seed(og_event_steps *events, int lane, const double *before_bar, real *x_bar, real *seeds) {
  const og_solve *solve = events->r->solve;
  int at_end = events->sigma[lane] == 1;
  size_t lanes = (size_t)events->r->lanes;
  if (!at_end)
    events->step->ops->seed(events->step->stepper, events->sigma[lane], solve->n, before_bar, seeds + lane,
                            OG_PADDED(solve->n * lanes), lanes);
  for (size_t i = 0; i < solve->n; i++) {
    size_t entry = entry_of(events, i, lane);
    x_bar[entry] = at_end ? (real)before_bar[i] : 0;
    events->before[entry] = at_end ? 0 : before_bar[i];
  }
}

og_status OG_R(og_event_steps_pull)(og_event_steps *events, int lane, double start_bar, real *x_bar,
                                    real *seeds, double *theta_sum) {
  const og_solve *solve = events->r->solve;
  double *after_bar, *before_bar, *theta_bar, t_bar = start_bar;
  og_event_adjoint event = event_of(events, lane, &after_bar);
  before_bar = after_bar + OG_PADDED(solve->n);
  theta_bar = before_bar + OG_PADDED(solve->n);
  event.slope = events->looks ? theta_bar + OG_PADDED(solve->p) : NULL;
  if (events->looks) find_slope(events, lane, &event, theta_bar + OG_PADDED(solve->p));
  for (size_t i = 0; i < solve->n; i++) after_bar[i] = (double)x_bar[entry_of(events, i, lane)];
  if (solve->p) memset(theta_bar, 0, solve->p * sizeof *theta_bar);
  OG_TRY(og_event_adjoint_pull(solve, &event, events->r->trajectory[lane], after_bar, before_bar, theta_bar,
                               &t_bar, &events->error));
  for (size_t i = 0; i < solve->p; i++) theta_sum[entry_of(events, i, lane)] += theta_bar[i];
  events->time_bar[lane] = t_bar;
  seed(events, lane, before_bar, x_bar, seeds);
  return OG_OK;
}

void OG_R(og_event_steps_after)(og_event_steps *events, real *x_bar) {
  for (int lane = 0; events->count && lane < events->r->lanes; lane++)
    for (size_t i = 0; events->segment[lane] && i < events->r->solve->n; i++)
      x_bar[entry_of(events, i, lane)] += (real)events->before[entry_of(events, i, lane)];
}

/* Of the state before the event, sigma held. */
static void before_tangent(const og_event_steps *events, int lane, const real *x_dot, double h_dot,
                           const real *y_dot, double *before_dot) {
  if (events->sigma[lane] != 1)
    events->step->ops->tangent_at(events->step, lane, events->sigma[lane], &events->r->at, x_dot, h_dot,
                                  before_dot);
  for (size_t i = 0; events->sigma[lane] == 1 && i < events->r->solve->n; i++)
    before_dot[i] = (double)y_dot[entry_of(events, i, lane)];
}

og_status OG_R(og_event_steps_push)(og_event_steps *events, int lane, const real *x_dot,
                                    const real *theta_dot, double h_dot, double *t_dot, real *y_dot) {
  const og_solve *solve = events->r->solve;
  double *before_dot, *after_dot, *theta;
  og_event_adjoint event = event_of(events, lane, &before_dot);
  after_dot = before_dot + OG_PADDED(solve->n);
  theta = after_dot + OG_PADDED(solve->n);
  before_tangent(events, lane, x_dot, h_dot, y_dot, before_dot);
  for (size_t i = 0; i < solve->p; i++) theta[i] = (double)theta_dot[entry_of(events, i, lane)];
  *t_dot += events->sigma[lane] * h_dot;
  OG_TRY(og_event_adjoint_push(solve, &event, theta, t_dot, before_dot, after_dot));
  for (size_t i = 0; i < solve->n; i++) {
    events->before[entry_of(events, i, lane)] = before_dot[i];
    y_dot[entry_of(events, i, lane)] = (real)after_dot[i];
  }
  return OG_OK;
}
