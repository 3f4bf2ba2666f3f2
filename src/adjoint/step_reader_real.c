/* Recorded steps, back in lanes. */
#include <math.h>

#include "adjoint/adjoint.h"
#include "solve/recorded.h"

void OG_R(og_step_reader_load)(OG_R(og_step_reader) * r, int lane, size_t item, size_t trajectory,
                               size_t index) {
  const double *theta = og_theta_of(r->solve, trajectory);
  r->trajectory[lane] = &r->solve->trajectories[trajectory];
  r->item[lane] = item;
  r->index[lane] = index;
  for (size_t i = 0; i < r->solve->laned; i++) r->theta[i * (size_t)r->lanes + (size_t)lane] = (real)theta[i];
  r->before[lane] = 0;
  OG_R(og_step_reader_enter)(r, lane, index ? r->trajectory[lane]->path.count - 1 : 0);
  r->idle--;
}

int OG_R(og_step_reader_fill)(OG_R(og_step_reader) * r, og_share *share,
                              void (*begin)(void *state, int lane, size_t item), void *state) {
  for (int lane = 0; r->idle > 0 && share->status == OG_OK && lane < r->lanes && r->next < r->end; lane++)
    if (!r->trajectory[lane]) begin(state, lane, r->next++);
  return r->idle < r->lanes;
}

void OG_R(og_step_reader_idle)(OG_R(og_step_reader) * r, int lane) {
  r->trajectory[lane] = NULL;
  r->idle++;
}

og_segment *OG_R(og_step_reader_segment)(const OG_R(og_step_reader) * r, int lane) {
  return &r->trajectory[lane]->path.segments[r->segment[lane]];
}

void OG_R(og_step_reader_enter)(OG_R(og_step_reader) * r, int lane, size_t segment) {
  const og_solve *solve = r->solve;
  size_t trajectory = (size_t)(r->trajectory[lane] - solve->trajectories);
  const og_segment *here = &r->trajectory[lane]->path.segments[segment];
  double row[OG_INPUT_ROWS];
  r->segment[lane] = segment;
  r->first[lane] = here->first;
  r->t0[lane] = here->start;
  r->t1[lane] = here->end;
  r->span[lane] = here->end - here->start;
  r->fraction[lane] = here->last;
  for (size_t i = 0; i < solve->field->inputs; i++) {
    og_signals_row(solve, trajectory, i, here, row);
    real *rows = r->theta + (solve->laned + OG_INPUT_ROWS * i) * (size_t)r->lanes + (size_t)lane;
    for (size_t k = 0; k < OG_INPUT_ROWS; k++) rows[k * (size_t)r->lanes] = (real)row[k];
  }
  if (solve->field->breakpoints)
    r->theta[og_piece_row(solve->field) * (size_t)r->lanes + (size_t)lane] =
        (real)og_piece_at(solve->field, here->inside);
  real *fine = r->theta + (solve->p - solve->field->fine) * (size_t)r->lanes + (size_t)lane;
  for (size_t k = 0; k < solve->field->fine; k++)
    fine[k * (size_t)r->lanes] = (real)og_signals_fine(solve, trajectory, here, k);
}

/* x and the start of the step. */
static void read_state(OG_R(og_step_reader) * r, int lane, const real *x, double fraction) {
  real *to = r->x + lane;
  for (size_t i = 0; i < r->solve->n; i++, to += r->lanes) *to = x[i];
  r->fraction[lane] = fraction;
}

/* By which method step `index` was taken. */
static void find_method(OG_R(og_step_reader) * r, int lane, size_t index) {
  if (r->solve->stepper.switches)
    r->at.implicit[lane] = (unsigned char)og_switches_implicit(&r->trajectory[lane]->switches, index);
}

/* The step's times and size from where it starts and ends. */
static void set_interval(OG_R(og_step_reader) * r, int lane, double end) {
  const og_segment *segment = OG_R(og_step_reader_segment)(r, lane);
  r->fraction_next[lane] = end;
  r->at.t[lane] = og_segment_time(segment, r->fraction[lane]);
  r->at.t_next[lane] = og_segment_time(segment, end);
  r->at.h[lane] = (segment->end - segment->start) * (end - r->fraction[lane]);
  r->at.h_real[lane] = (real)r->at.h[lane];
}

void OG_R(og_step_reader_step)(OG_R(og_step_reader) * r, int lane, size_t index) {
  const og_trajectory *at = r->trajectory[lane];
  double fraction = 0, next = OG_R(og_step_reader_segment)(r, lane)->last;
  if (index + 1 < og_segment_stop(at, r->segment[lane])) og_recorded_state(r->solve, at, index + 1, &next);
  const real *x = og_recorded_state(r->solve, at, index, &fraction);
  read_state(r, lane, x, fraction);
  find_method(r, lane, index);
  set_interval(r, lane, next);
}

/* The record of the lane's step: within a page right before the one that was read last. */
static const char *entry_before(OG_R(og_step_reader) * r, int lane) {
  size_t stride = r->solve->stride;
  if (r->before[lane]) {
    r->before[lane]--;
    return r->entry[lane] -= stride;
  }
  r->before[lane] = og_pages_before(r->index[lane]);
  return r->entry[lane] = og_step_record_entry(&r->trajectory[lane]->record, r->index[lane], stride);
}

/* A step ends where the one that was wanted before it starts. */
static void step_back(OG_R(og_step_reader) * r) {
  for (int lane = 0; lane < r->lanes; lane++) {
    if (!r->trajectory[lane]) continue;
    const char *entry = entry_before(r, lane);
    /* many lanes are too many streams for the hardware */
    __builtin_prefetch((const void *)((uintptr_t)entry - 8 * r->solve->stride));
    r->fraction_next[lane] = r->fraction[lane];
    find_method(r, lane, r->index[lane]);
    read_state(r, lane, (const real *)(const void *)(entry + sizeof(double)),
               *(const double *)(const void *)entry);
  }
  r->kernels->step_times(r->lanes, &(OG_R(og_lane_steps)){.t0 = r->t0,
                                                          .t1 = r->t1,
                                                          .span = r->span,
                                                          .start = r->fraction,
                                                          .end = r->fraction_next,
                                                          .t = r->at.t,
                                                          .t_next = r->at.t_next,
                                                          .h = r->at.h,
                                                          .h_real = r->at.h_real});
}

/* ---- Under a budget ---- */

og_status OG_R(og_step_reader_open)(OG_R(og_step_reader) * r, og_share *share) {
  r->kernels = OG_R(og_kernels_best)();
  if (r->solve->keep != OG_KEEP_CHECKPOINTS) return OG_OK;
  r->recompute = og_alloc(r->solve->context, 1, sizeof *r->recompute);
  return r->recompute ? OG_R(og_recompute_open)(r->recompute, r->solve, share) : OG_ERR_MEMORY;
}

void OG_R(og_step_reader_close)(OG_R(og_step_reader) * r) {
  if (r->recompute) OG_R(og_recompute_close)(r->recompute);
  og_free(r->solve->context, r->recompute);
}

/* The lane that recomputes has the state and the start of the step; the end is known to the caller. */
static void take_lane(OG_R(og_step_reader) * r, int lane) {
  size_t lanes = (size_t)r->lanes;
  for (size_t i = 0; i < r->solve->n; i++)
    r->x[i * lanes + (size_t)lane] = r->recompute->d.x[i * lanes + (size_t)lane];
  r->fraction[lane] = r->recompute->d.fraction[lane];
}

static void drop_lost(OG_R(og_step_reader) * r) {
  for (int lane = 0; lane < r->lanes; lane++) {
    if (!r->trajectory[lane] || r->recompute->there[lane]) continue;
    OG_R(og_step_reader_idle)(r, lane);
  }
}

/* A step ends where the one that was wanted before it starts; a field that did not give the same values again
 * may have led beyond that. */
static void read_back(OG_R(og_step_reader) * r) {
  OG_R(og_recompute_states)(r->recompute, r->trajectory, r->index);
  drop_lost(r);
  for (int lane = 0; lane < r->lanes; lane++) {
    if (!r->trajectory[lane]) continue;
    double end = r->fraction[lane];
    take_lane(r, lane);
    find_method(r, lane, r->index[lane]);
    set_interval(r, lane, end);
    if (r->fraction[lane] < end) continue;
    OG_R(og_step_reader_fail)(r, r->recompute->d.share, lane, OG_ERR_UNSUPPORTED);
    OG_R(og_step_reader_idle)(r, lane);
  }
}

/* Lanes at their first step start from state 0; the others stand where the last step has led them. */
static void read_forward(OG_R(og_step_reader) * r) {
  og_trajectory *starting[OG_LANES_MAX];
  unsigned char running[OG_LANES_MAX];
  for (int lane = 0; lane < r->lanes; lane++) {
    running[lane] = r->trajectory[lane] && r->index[lane] > 0;
    starting[lane] = running[lane] ? NULL : r->trajectory[lane];
  }
  OG_R(og_recompute_states)(r->recompute, starting, r->index);
  for (int lane = 0; lane < r->lanes; lane++)
    if (running[lane]) r->recompute->there[lane] = 1;
  drop_lost(r);
  for (int lane = 0; lane < r->lanes; lane++)
    if (r->trajectory[lane]) take_lane(r, lane);
  OG_R(og_recompute_next)(r->recompute);
  drop_lost(r);
  for (int lane = 0; lane < r->lanes; lane++)
    if (r->trajectory[lane]) {
      find_method(r, lane, r->index[lane]);
      set_interval(r, lane, r->recompute->end[lane]);
    }
}

void OG_R(og_step_reader_steps)(OG_R(og_step_reader) * r) {
  if (r->recompute && r->ascending)
    read_forward(r);
  else if (r->recompute)
    read_back(r);
  else if (!r->ascending)
    step_back(r);
  else
    for (int lane = 0; lane < r->lanes; lane++)
      if (r->trajectory[lane]) OG_R(og_step_reader_step)(r, lane, r->index[lane]);
}

/* Why the step's own equations could not be solved; 0: they were, or nobody knows. */
static int refusal_of(const OG_R(og_step_reader) * r, int lane, og_status status) {
  int known = status == OG_ERR_FIELD && r->status && r->status[lane] >= OG_LANE_NOT_SOLVED;
  return known ? r->status[lane] : 0;
}

void OG_R(og_step_reader_fail)(const OG_R(og_step_reader) * r, og_share *share, int lane, og_status status) {
  const og_segment *segment = OG_R(og_step_reader_segment)(r, lane);
  og_failure failure = {.status = status,
                        .event = status == OG_ERR_GRAZING ? segment->event + 1 : 0,
                        .refused = refusal_of(r, lane, status),
                        .derivative = 1,
                        .trajectory = (size_t)(r->trajectory[lane] - r->solve->trajectories),
                        .accepted = r->index[lane],
                        .t = status == OG_ERR_GRAZING ? segment->time : r->at.t[lane],
                        .h = r->at.h[lane],
                        .stiffness = NAN};
  for (size_t i = 0; i < r->solve->n; i++)
    failure.norm = hypot(failure.norm, (double)r->x[i * (size_t)r->lanes + (size_t)lane]);
  og_share_fail(share, &failure);
}
