/* Segments in the forward driver: a lane enters one, and at its end goes on to the next. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "solve/integrate/integrate.h"

typedef OG_R(og_integration) integration;

void OG_R(og_integrate_next_observation)(integration *d, int lane) {
  const og_trajectory *at = d->trajectory[lane];
  const og_segment *segment = &at->path.segments[d->segment[lane]];
  size_t cursor = d->cursor[lane];
  int here = cursor < at->observations && !og_segment_before(segment, at->times[cursor]);
  d->next_observation[lane] = here ? og_segment_fraction(segment, at->times[cursor]) : 2;
}

static void load_inputs(integration *d, int lane) {
  const og_solve *solve = d->solve;
  const og_trajectory *at = d->trajectory[lane];
  const og_segment *segment = &at->path.segments[d->segment[lane]];
  double row[OG_INPUT_ROWS];
  for (size_t i = 0; i < solve->field->inputs; i++) {
    og_signals_row(solve, (size_t)(at - solve->trajectories), i, segment, row);
    real *rows = d->theta + (solve->laned + OG_INPUT_ROWS * i) * (size_t)d->lanes + (size_t)lane;
    for (size_t k = 0; k < OG_INPUT_ROWS; k++) rows[k * (size_t)d->lanes] = (real)row[k];
  }
  if (solve->field->breakpoints)
    d->theta[og_piece_row(solve->field) * (size_t)d->lanes + (size_t)lane] =
        (real)og_piece_at(solve->field, segment->inside);
  real *fine = d->theta + (solve->p - solve->field->fine) * (size_t)d->lanes + (size_t)lane;
  for (size_t k = 0; k < solve->field->fine; k++)
    fine[k * (size_t)d->lanes] = (real)og_signals_fine(solve, (size_t)(at - solve->trajectories), segment, k);
}

/* The segment's share of the trajectory's equal steps, at least one. */
static size_t share_of_steps(const og_trajectory *at, double length) {
  double whole = fabs(at->t1 - at->t0);
  if (at->fixed_steps == 0 || !(whole > 0)) return at->fixed_steps;
  return (size_t)fmax(1, ceil((double)at->fixed_steps * length / whole - 1e-9));
}

void OG_R(og_integrate_enter)(integration *d, int lane, size_t s) {
  const og_trajectory *at = d->trajectory[lane];
  const og_segment *segment = &at->path.segments[s];
  d->segment[lane] = s;
  d->first[lane] = segment->first;
  d->t0[lane] = d->at.t[lane] = segment->start;
  d->t1[lane] = segment->end;
  d->span[lane] = segment->end - segment->start;
  d->fraction[lane] = 0;
  d->segment_steps[lane] = share_of_steps(at, fabs(d->span[lane]));
  d->until_look = 1;
  d->widest[lane] =
      d->solve->limits.max_step > 0 ? d->solve->limits.max_step / fabs(d->span[lane]) : INFINITY;
  load_inputs(d, lane);
}

static void enter(integration *d, int lane, size_t s) {
  og_segment *segment = &d->trajectory[lane]->path.segments[s];
  segment->first = d->index[lane];
  segment->observed = d->cursor[lane];
  OG_R(og_integrate_enter)(d, lane, s);
  OG_R(og_integrate_next_observation)(d, lane);
}

/* A replay keeps the recorded segments, and moves them. */
void OG_R(og_integrate_begin)(integration *d, int lane) {
  og_trajectory *at = d->trajectory[lane];
  if (d->detection) og_detection_begin(d->detection, lane);
  og_segment first = og_segment_plain(at->t0, og_signals_end(at, at->t0));
  if (d->replay) {
    og_segment_move(&at->path.segments[0], &first);
  } else {
    atomic_fetch_sub(&d->solve->kept, at->path.bytes);
    og_path_begin(d->solve->context, &at->path, first);
  }
  enter(d, lane, 0);
}

static int add_segment(integration *d, og_path *path, og_segment next) {
  size_t growth = og_path_growth(path), old = og_path_old(path);
  if (growth && !OG_R(og_integrate_reserve)(d, growth)) return 0;
  int added = og_path_add(d->solve->context, path, next) == OG_OK;
  if (growth) atomic_fetch_sub(&d->solve->kept, added ? old : growth);
  if (added) return 1;
  d->share->status = OG_ERR_MEMORY;
  return 0;
}

/* That of a segment which is next to nothing says nothing: it is passed on from the one before. */
static double wished_step(const integration *d, int lane) {
  double passed_on = d->trajectory[lane]->path.segments[d->segment[lane]].wished;
  return passed_on > 0 ? passed_on : d->width[lane] * fabs(d->span[lane]);
}

static int next_to_nothing(const og_segment *segment) {
  return fabs(segment->end - segment->start) <= OG_NOISE_FACTOR * DBL_EPSILON * fabs(segment->start);
}

static void resume(integration *d, int lane, double wished) {
  d->width[lane] = d->span[lane] != 0 ? fmin(fmin(1, d->widest[lane]), wished / fabs(d->span[lane])) : 1;
  d->restart[lane] = 1;
  d->restarting = 1;
}

void OG_R(og_integrate_follow)(integration *d, int lane) {
  double wished = wished_step(d, lane);
  OG_R(og_integrate_enter)(d, lane, d->segment[lane] + 1);
  resume(d, lane, wished);
}

/* It has the step size that was wished for in the last one. */
int OG_R(og_integrate_next_segment)(integration *d, int lane, og_segment next) {
  og_path *path = &d->trajectory[lane]->path;
  size_t s = d->segment[lane] + 1;
  double wished = wished_step(d, lane);
  next.wished = next_to_nothing(&next) ? wished : 0;
  if (s < path->count)
    og_segment_move(&path->segments[s], &next);
  else if (!add_segment(d, path, next))
    return 0;
  enter(d, lane, s);
  resume(d, lane, wished);
  return 1;
}

int OG_R(og_integrate_end_segment)(integration *d, int lane) {
  const og_trajectory *at = d->trajectory[lane];
  double end = at->path.segments[d->segment[lane]].end;
  if (end != at->t1) {
    if (!OG_R(og_integrate_next_segment)(d, lane, og_segment_plain(end, og_signals_end(at, end)))) return 0;
    if (d->solve->algebraic) OG_R(og_integrate_make_consistent)(d, lane, d->y);
    return 1;
  }
  if (d->solve->limits.steady > 0) {
    OG_R(og_integrate_event_fail)(d, lane, d->solve->field->events, OG_ERR_NOT_STEADY);
    return 1;
  }
  OG_R(og_integrate_finish)(d, lane);
  return 1;
}

void OG_R(og_integrate_restart)(integration *d) {
  int any = 0;
  if (!d->restarting) return;
  d->restarting = 0;
  for (int lane = 0; lane < d->lanes; lane++) {
    d->mask[lane] = d->trajectory[lane] && d->restart[lane];
    any |= d->mask[lane] != 0;
    d->restart[lane] = 0;
  }
  if (!any || (!d->solve->stepper.carries_slope && !d->detection)) return;
  OG_R(og_integrate_first_slope)(d);
  OG_R(og_integrate_sides)(d, d->e);
}

/* ---- Sizes ---- */

/* How large each component of a solution has been: since t0, and anew since each event. Whoever solves
 * backward over such a stretch has nothing else to measure by how far he came back from where it began. */

static double *sizes_of(const integration *d, int lane) {
  return d->solve->sizes + (size_t)(d->trajectory[lane] - d->solve->trajectories) * d->solve->n;
}

void OG_R(og_integrate_size_begin)(integration *d, int lane, const real *state) {
  double *sizes = sizes_of(d, lane);
  for (int i = 0; i < d->step->n; i++) sizes[i] = fabs((double)state[i * d->lanes + lane]);
}

/* Steps that an event stopped have no end. */
void OG_R(og_integrate_size_grow)(integration *d) {
  for (int lane = 0; lane < d->lanes; lane++) {
    if (d->mask[lane] == 0 || (d->detection && d->detection->event[lane] != OG_NO_EVENT)) continue;
    double *sizes = sizes_of(d, lane);
    for (int i = 0; i < d->step->n; i++) sizes[i] = fmax(sizes[i], fabs((double)d->y[i * d->lanes + lane]));
  }
}

void OG_R(og_integrate_size_end)(integration *d, int lane, og_segment *segment) {
  size_t n = d->solve->n;
  double *sizes = sizes_of(d, lane), *kept = segment->states + 2 * n;
  for (size_t i = 0; i < n; i++) kept[i] = fmax(sizes[i], fabs(segment->states[i]));
  OG_R(og_integrate_size_begin)(d, lane, d->y);
}
