#include <string.h>

#include "solve/memory/recompute.h"

typedef OG_R(og_recompute) recompute;
typedef OG_R(og_integration) integration;

og_status OG_R(og_recompute_open)(recompute *b, og_solve *solve, og_share *share) {
  return OG_R(og_integrate_open)(&b->d, solve, share, OG_INTEGRATE_AGAIN);
}

void OG_R(og_recompute_close)(recompute *b) {
  og_count(b->d.solve, OG_STAT_RECOMPUTED_STEPS, b->steps);
  OG_R(og_integrate_close)(&b->d);
}

/* ---- Lanes start and stop ---- */

static size_t number_of(const recompute *b, int lane) {
  return (size_t)(b->loaded[lane] - b->d.solve->trajectories);
}

static void start(recompute *b, int lane) {
  b->d.trajectory[lane] = &b->d.solve->trajectories[number_of(b, lane)];
  b->d.restart[lane] = b->fresh[lane];
  b->d.restarting |= b->fresh[lane];
  b->fresh[lane] = 0;
  b->d.idle--;
}

static void stop(recompute *b, int lane) {
  b->d.trajectory[lane] = NULL;
  b->fresh[lane] = b->d.restart[lane];
  b->d.restart[lane] = 0;
  b->d.idle++;
}

/* What does not change while a lane is with one trajectory. Observations were made in the first pass. */
static void load(recompute *b, int lane, og_trajectory *trajectory) {
  if (b->loaded[lane] == trajectory) return;
  OG_R(og_integrate_parameters)(&b->d, lane, (size_t)(trajectory - b->d.solve->trajectories));
  b->loaded[lane] = trajectory;
  b->d.next_observation[lane] = 2;
}

static og_status restore(recompute *b, int lane, const og_move *move) {
  integration *d = &b->d;
  const og_path *path = &b->loaded[lane]->path;
  size_t segment = og_path_find(path, move->step);
  start(b, lane);
  OG_R(og_integrate_enter)(d, lane, segment);
  og_status status = OG_R(og_integrate_restore)(d, lane, number_of(b, lane), move->slot);
  d->at.t[lane] = og_segment_time(&path->segments[segment], d->fraction[lane]);
  d->index[lane] = b->at[lane] = move->step;
  d->rejected[lane] = 0;
  d->restart[lane] = 1;
  stop(b, lane);
  return status;
}

static og_status save(recompute *b, int lane, const og_move *move) {
  start(b, lane);
  og_status status = OG_R(og_integrate_save)(&b->d, lane, move->slot);
  stop(b, lane);
  if (status != OG_OK) og_schedule_forget(&b->d.solve->checkpoints->kept[number_of(b, lane)].schedule);
  return status;
}

/* Makes the schedule's moves until steps are to be taken or the wanted state is there. */
static void follow(recompute *b, int lane) {
  og_status status = OG_OK;
  og_move move = {.kind = OG_MOVE_RESTORE};
  while (status == OG_OK && (move.kind == OG_MOVE_RESTORE || move.kind == OG_MOVE_SAVE)) {
    status = og_checkpoints_move(b->d.solve, number_of(b, lane), b->wanted[lane], b->at[lane], &move);
    if (status == OG_OK && move.kind == OG_MOVE_RESTORE) status = restore(b, lane, &move);
    if (status == OG_OK && move.kind == OG_MOVE_SAVE) status = save(b, lane, &move);
  }
  b->there[lane] = status == OG_OK && move.kind == OG_MOVE_READY;
  b->width[lane] = b->d.width[lane];
  b->target[lane] = move.step;
  if (status != OG_OK)
    b->d.share->status = status;
  else if (move.kind == OG_MOVE_ADVANCE)
    start(b, lane);
}

/* ---- Taking steps ---- */

/* A segment ends with the recorded number of steps and where it did, not before or beyond: else the field did
 * not give the same values again. */
static void check_end(recompute *b, int lane) {
  integration *d = &b->d;
  const og_trajectory *at = b->loaded[lane];
  int ends = d->index[lane] + 1 == og_segment_stop(at, d->segment[lane]);
  double last = at->path.segments[d->segment[lane]].last;
  if (ends ? d->fraction_next[lane] == last : d->fraction_next[lane] < last) return;
  d->mask[lane] = 0;
  OG_R(og_integrate_fail)(d, lane, OG_ERR_UNSUPPORTED);
  d->share->failure.derivative = 1;
}

/* Into the next segment, if the step was the last of one: after an event from the state that it left behind.
 */
static void cross_segments(recompute *b, int lane) {
  integration *d = &b->d;
  const og_path *path = &b->loaded[lane]->path;
  while (d->segment[lane] + 1 < path->count && d->index[lane] == path->segments[d->segment[lane] + 1].first) {
    const og_segment *ended = &path->segments[d->segment[lane]];
    for (int i = 0; ended->event != OG_NO_EVENT && i < d->step->n; i++)
      d->x[i * d->lanes + lane] = (real)ended->states[d->step->n + i];
    OG_R(og_integrate_follow)(d, lane);
    if (d->solve->algebraic && ended->event == OG_NO_EVENT) OG_R(og_integrate_make_consistent)(d, lane, d->x);
  }
}

static void move_on(void *state) {
  recompute *b = state;
  integration *d = &b->d;
  for (int lane = 0; lane < d->lanes; lane++)
    if (d->mask[lane] != 0) check_end(b, lane);
  OG_R(og_integrate_advance)(d);
  for (int lane = 0; lane < d->lanes; lane++) {
    if (d->mask[lane] == 0) continue;
    b->steps++;
    d->fraction[lane] = b->end[lane] = d->fraction_next[lane];
    d->index[lane]++;
    cross_segments(b, lane);
    if (d->index[lane] != b->target[lane]) continue;
    b->at[lane] = d->index[lane];
    stop(b, lane);
    follow(b, lane);
  }
}

static int is_busy(void *state) {
  const recompute *b = state;
  return b->d.idle < b->d.lanes;
}

static void step(void *state) {
  recompute *b = state;
  OG_R(og_integrate_restart)(&b->d);
  OG_R(og_integrate_attempt)(&b->d);
}

/* Until every lane has what is wanted of it. */
static void run(recompute *b) {
  static const og_lane_worker worker = {.fill = is_busy, .step = step, .settle = move_on};
  og_loop_over_lanes(&worker, b->d.share, b);
}

void OG_R(og_recompute_states)(recompute *b, og_trajectory *const *trajectory, const size_t *step) {
  for (int lane = 0; lane < b->d.lanes; lane++) {
    b->there[lane] = 0;
    if (!trajectory[lane]) continue;
    load(b, lane, trajectory[lane]);
    b->wanted[lane] = step[lane];
    b->at[lane] = OG_NO_STEP;
    follow(b, lane);
  }
  run(b);
}

og_status OG_R(og_recompute_start)(recompute *b, og_trajectory *trajectory, uint32_t slot, size_t step) {
  load(b, 0, trajectory);
  OG_TRY(restore(b, 0, &(og_move){.slot = slot, .step = step}));
  b->width[0] = b->d.width[0];
  b->there[0] = 1;
  return OG_OK;
}

void OG_R(og_recompute_next)(recompute *b) {
  for (int lane = 0; lane < b->d.lanes; lane++) {
    if (!b->there[lane]) continue;
    b->there[lane] = 0;
    b->wanted[lane] = b->target[lane] = b->at[lane] + 1;
    b->d.width[lane] = b->width[lane]; /* tries in other lanes have changed them */
    b->d.most[lane] = OG_GROWTH_MOST;
    start(b, lane);
  }
  run(b);
}
