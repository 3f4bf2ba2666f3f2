/* Stations of a backward solve: observations, events and breakpoints, each trajectory's in turn. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "adjoint/adjoint_fields.h"
#include "adjoint/backward.h"
#include "adjoint/dense_output.h"

static const og_trajectory *trajectory_of(const og_backward *b, size_t m) {
  return &b->solve->trajectories[m];
}
static const og_segment *segment_of(const og_backward *b, size_t m) {
  return &trajectory_of(b, m)->path.segments[b->jump_points[m].segment];
}

/* The state at the start of the present segment: given, or left behind by an event; else NULL. */
static const double *start_of(const og_backward *b, size_t m) {
  const og_segment *segment = segment_of(b, m);
  if (b->jump_points[m].segment == 0) return b->solve->x0 + m * b->solve->states;
  return segment[-1].event == OG_NO_EVENT ? NULL : segment[-1].states + b->solve->n;
}

/* ---- Rows of theta ---- */

og_status og_jump_point_set_rows(og_backward *b, size_t m) {
  const og_solve *solve = b->solve;
  double *rows = b->rows + m * b->field->p;
  int numbered = b->field->p > solve->p;
  og_signals_theta(solve, m, segment_of(b, m), rows);
  for (size_t k = 0; k < solve->field->fine; k++)
    rows[solve->p - solve->field->fine + k] = og_signals_fine(solve, m, segment_of(b, m), k);
  if (numbered) og_adjoint_field_number(m, b->jump_points[m].segment, rows + solve->p);
  int shared = solve->theta_shared && !numbered && !solve->field->inputs && !solve->field->breakpoints;
  return og_solve_set_parameters(b->back, shared ? OG_ALL : m, rows);
}

/* The parameter integral of a trajectory, where the field has it. */
static double *integral_of(const og_backward *b, size_t m) {
  size_t before = b->lambda_row + b->solve->n;
  return b->field->n > before ? og_backward_state(b, m) + before : NULL;
}

void og_jump_point_pull_inputs(og_backward *b, size_t m) {
  const og_solve *solve = b->solve;
  double *q = integral_of(b, m), *theta_bar = b->theta_bar + m * solve->p, row_bar[OG_INPUT_ROWS];
  for (size_t i = 0; i < solve->field->inputs; i++) {
    for (size_t k = 0; k < OG_INPUT_ROWS; k++) {
      size_t entry = solve->parameters + OG_INPUT_ROWS * i + k;
      row_bar[k] = theta_bar[entry] + (q ? q[entry] : 0);
      theta_bar[entry] = 0;
      if (q) q[entry] = 0;
    }
    og_signals_pull(solve, m, i, segment_of(b, m), row_bar, b->pullback->values_bar);
  }
}

/* ---- One point of the forward field ---- */

/* Blocks of one lane: f, and at an event x, two cotangents, the parts of f's speed, theta and its cotangent.
 */
typedef struct blocks {
  double *f, *x, *after_bar, *before_bar, *parts, *theta, *theta_bar, *own, *work;
  void *scratch;
} blocks;

static blocks blocks_of(const og_backward *b) {
  size_t n = OG_PADDED(b->solve->n), p = OG_PADDED(b->solve->p);
  double *f = b->point, *theta = f + 5 * n, *own = theta + 2 * p,
         *work = own + og_event_adjoint_own(b->solve);
  return (blocks){.f = f,
                  .x = f + n,
                  .after_bar = f + 2 * n,
                  .before_bar = f + 3 * n,
                  .parts = f + 4 * n,
                  .theta = theta,
                  .theta_bar = theta + p,
                  .own = own,
                  .work = work,
                  .scratch = work + og_guard_work(b->solve, 1)};
}

size_t og_backward_point(const og_solve *solve) {
  size_t doubles = 5 * OG_PADDED(solve->n) + 2 * OG_PADDED(solve->p) + og_event_adjoint_own(solve) +
                   og_guard_work(solve, 1);
  return doubles * sizeof(double) + solve->field->scratch_bytes(solve->field, 1);
}

og_status og_backward_slope(og_backward *b, size_t m, double t, const double *x, const double **f) {
  const og_field *field = b->solve->field;
  blocks at = blocks_of(b);
  _Alignas(64) double times[OG_LANE_STEP] = {t};
  og_lane_status status[OG_LANE_STEP] = {0};
  double zero = 0;
  memcpy(at.x, x, b->solve->states * sizeof *x);
  if (field->quadratures) at.x[field->n - 1] = 0; /* f does not read it */
  if (field->p) memcpy(at.theta, b->rows + m * b->field->p, field->p * sizeof *at.theta);
  for (size_t k = field->p - field->fine; k < field->p; k++) at.theta[k] = 0; /* all is in double here */
  field->ops_d.eval(field, 1, times, at.x, at.theta, at.f, status, at.scratch);
  for (size_t i = 0; i < field->n; i++) zero += 0 * at.f[i];
  *f = at.f;
  if (status[0] == 0 && zero == 0) return OG_OK;
  return og_fail(b->solve->context, status[0] ? OG_ERR_FIELD : OG_ERR_NOT_FINITE,
                 "trajectory %zu: f at t = %g, needed for the derivative with respect to that time, %s", m, t,
                 status[0] ? "was refused by its callback" : "is not finite");
}

og_status og_backward_path_slope(og_backward *b, size_t m, double t, const double *x, const double **f) {
  og_solve *solve = b->solve;
  size_t segment = b->jump_points[m].segment;
  blocks at = blocks_of(b);
  if (!b->path) return og_backward_slope(b, m, t, x, f);
  *f = at.f;
  og_lane_status status = solve->single ? og_path_slope_s(b->path, solve, m, segment, t, at.f)
                                        : og_path_slope_d(b->path, solve, m, segment, t, at.f);
  if (status == 0) return OG_OK;
  return og_fail(solve->context, OG_ERR_FIELD,
                 "trajectory %zu: the step at t = %g could not be taken again for the derivative with "
                 "respect to that time",
                 m, t);
}

static double dot(const double *a, const double *b, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum += a[i] * b[i];
  return sum;
}

/* Where the segment ends by an event that was due from its start, that event's time is T; else its end stays
 * where it is, and dL/dT = -lambda(T) . f(T). */
og_status og_jump_point_start_bar(og_backward *b, size_t m, double *bar) {
  const og_segment *segment = segment_of(b, m);
  const double *f = NULL;
  *bar = b->jump_points[m].held_bar;
  if (segment->held) return OG_OK;
  OG_TRY(og_backward_slope(b, m, segment->start, start_of(b, m), &f));
  *bar = -dot(og_backward_lambda(b, m), f, b->solve->n);
  return OG_OK;
}

/* ---- Events ---- */

static og_status fail_event(const og_backward *b, size_t m, const og_segment *segment, og_status status) {
  const char *name = og_guard_about(b->solve, segment->event).name;
  return og_fail(b->solve->context, status, "trajectory %zu: event %zu%s%s%s at t = %.10g %s", m,
                 segment->event, name ? " (" : "", name ? name : "", name ? ")" : "", segment->time,
                 status == OG_ERR_GRAZING ? "touches zero or jumps over it without passing it at any speed, "
                                            "so that its time has no derivative"
                 : status == OG_ERR_FIELD
                     ? "has a product that its callback refused"
                     : "has a derivative that is NaN or infinite: see what that of its guard and assignments "
                       "does there");
}

/* f just before the event, and what a guard's speed is measured by (og_event_adjoint): a component that is
 * known to eps |x| and accelerates by a passes its turning point within sqrt(eps |x| / a), so that a guard
 * that only touches zero is left a speed of some sqrt(eps) sqrt(|x| a). The acceleration is that along the
 * solution. */
enum { TOUCHES = 16 };
static og_status speeds(og_backward *b, size_t m, const og_segment *segment) {
  size_t n = b->solve->n;
  const double *f = NULL, *x = segment->states;
  blocks at = blocks_of(b);
  double *moved = at.before_bar,
         step = sqrt(DBL_EPSILON) * (fabs(segment->time) + fabs(segment->time - segment->start));
  if (segment->end < segment->start) step = -step;
  OG_TRY(og_backward_slope(b, m, segment->time, x, &f));
  memcpy(at.after_bar, f, n * sizeof *f);
  for (size_t i = 0; i < n; i++) moved[i] = x[i] - step * f[i];
  OG_TRY(og_backward_slope(b, m, segment->time - step, moved, &f));
  for (size_t i = 0; i < n; i++) {
    double speed = at.after_bar[i], acceleration = step == 0 ? 0 : fabs((speed - f[i]) / step);
    at.parts[i] = fabs(speed) + TOUCHES * sqrt(fabs(x[i]) * acceleration);
    at.f[i] = speed;
  }
  return OG_OK;
}

/* Back through the event that ended `segment`. What follows it gave its time the cotangent t_bar, and what
 * comes before it ends at the speed f-: with h = 1 a stop of the solution itself. */
static og_status cross_event(og_backward *b, size_t m, const og_segment *segment, double t_bar) {
  const og_solve *solve = b->solve;
  size_t n = solve->n;
  double *lambda = og_backward_lambda(b, m), *theta_bar = b->theta_bar + m * solve->p, zero = 0;
  blocks at = blocks_of(b);
  OG_TRY(speeds(b, m, segment));
  memcpy(at.x, segment->states, n * sizeof *at.x);
  memcpy(at.after_bar, lambda, n * sizeof *lambda);
  memset(at.theta_bar, 0, OG_PADDED(solve->p) * sizeof *at.theta_bar);
  og_event_adjoint event = {.segment = segment,
                            .h = 1,
                            .speed = at.f,
                            .parts = at.parts,
                            .at = {segment->time, at.x, at.theta, at.scratch, at.work},
                            .own = at.own};
  og_event_adjoint_error exact; /* f is at hand here */
  og_status status = og_event_adjoint_pull(solve, &event, &b->solve->trajectories[m], at.after_bar,
                                           at.before_bar, at.theta_bar, &t_bar, &exact);
  for (size_t i = 0; i < n; i++) zero += 0 * at.before_bar[i];
  for (size_t i = 0; i < solve->p; i++) zero += 0 * at.theta_bar[i];
  if (status == OG_OK && zero != 0) status = OG_ERR_NOT_FINITE;
  if (status != OG_OK) return fail_event(b, m, segment, status);
  memcpy(lambda, at.before_bar, n * sizeof *lambda);
  for (size_t i = 0; i < solve->p; i++) theta_bar[i] += at.theta_bar[i];
  b->jump_points[m].held_bar = t_bar;
  if (b->lambda_row) memcpy(og_backward_state(b, m), segment->states, n * sizeof *lambda);
  return OG_OK;
}

/* ---- Passing ---- */

og_status og_jump_point_begin(og_backward *b, size_t m) {
  const og_trajectory *at = trajectory_of(b, m);
  og_jump_point *jump_point = &b->jump_points[m];
  *jump_point =
      (og_jump_point){.segment = at->path.count - 1, .cursor = b->pullback->observed_bar ? at->seen : 0};
  OG_TRY(og_jump_point_set_rows(b, m));
  const og_segment *last = segment_of(b, m);
  if (last->event == OG_NO_EVENT) {
    const double *f = NULL;
    jump_point->t = at->t1;
    if (!b->pullback->want_times) return OG_OK;
    OG_TRY(og_backward_path_slope(b, m, at->t1, b->solve->final + m * b->solve->n, &f));
    b->pullback->t1_bar[m] = dot(og_backward_lambda(b, m), f, b->solve->n);
    return OG_OK;
  }
  jump_point->t = last->time;
  return cross_event(b, m, last, 0);
}

/* Whether it is an observation; else it is the start of the segment. */
static int sees(const og_backward *b, size_t m) {
  return b->jump_points[m].cursor > segment_of(b, m)->observed && !b->jump_points[m].arrived;
}

/* An observation at an event's time, as far as can be told, is not beyond it. */
double og_jump_point_next(const og_backward *b, size_t m) {
  const og_segment *segment = segment_of(b, m);
  if (!sees(b, m)) return segment->start;
  double t = trajectory_of(b, m)->times[b->jump_points[m].cursor - 1];
  if (segment->event == OG_NO_EVENT) return t;
  return segment->end < segment->start ? fmax(t, segment->time) : fmin(t, segment->time);
}

const double *og_jump_point_state(const og_backward *b, size_t m) {
  return sees(b, m) || b->jump_points[m].arrived ? NULL : start_of(b, m);
}

static og_status pass_observation(og_backward *b, size_t m) {
  const og_solve *solve = b->solve;
  size_t i = --b->jump_points[m].cursor, slot = trajectory_of(b, m)->first_observation + i;
  const double *seed = b->pullback->observed_bar + slot * solve->states, *f = NULL;
  if (b->pullback->want_times) {
    OG_TRY(
        og_backward_path_slope(b, m, trajectory_of(b, m)->times[i], solve->observed + slot * solve->n, &f));
    b->pullback->times_bar[slot] = dot(seed, f, solve->states);
  }
  double *lambda = og_backward_lambda(b, m);
  for (size_t row = 0; row < solve->states; row++) lambda[row] += seed[row];
  return OG_OK;
}

og_status og_jump_point_pass(og_backward *b, size_t m) {
  og_jump_point *jump_point = &b->jump_points[m];
  if (jump_point->arrived) return OG_OK;
  jump_point->t = og_jump_point_next(b, m);
  if (sees(b, m)) return pass_observation(b, m);
  jump_point->arrived = jump_point->segment == 0;
  if (jump_point->arrived) return OG_OK;
  const og_segment *before = segment_of(b, m) - 1;
  if (before->event == OG_NO_EVENT) {
    og_jump_point_pull_inputs(b, m);
  } else {
    double t_bar = 0;
    OG_TRY(og_jump_point_start_bar(b, m, &t_bar));
    OG_TRY(cross_event(b, m, before, t_bar));
  }
  jump_point->segment--;
  return og_jump_point_set_rows(b, m);
}
