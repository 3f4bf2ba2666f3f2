/* Lanes of the forward driver: their memory, filling them, and what happens when one moves on, ends or fails.
 */
#include <math.h>

#include "solve/integrate/integrate.h"
#include "solve/memory/checkpoints.h"
#include "solve/tolerances.h"

typedef OG_R(og_integration) integration;

static size_t reals_needed(const og_solve *solve, int lanes) {
  return 4 * OG_PADDED(solve->n * (size_t)lanes) + OG_PADDED(solve->p * (size_t)lanes) + OG_LANE_STEP;
}

static size_t scale_bytes(const og_solve *solve) {
  return og_watches_stiffness(solve) ? OG_ALIGNED(solve->n * sizeof(double)) : 0;
}

size_t OG_R(og_integrate_bytes)(const og_solve *solve, int lanes) {
  size_t entry = solve->keep == OG_KEEP_CHECKPOINTS ? og_checkpoint_stride(solve) : 0;
  return reals_needed(solve, lanes) * sizeof(real) + scale_bytes(solve) +
         OG_R(og_integrate_consistent_bytes)(solve) + entry;
}

og_status OG_R(og_integrate_open)(integration *d, og_solve *solve, og_share *share, int mode) {
  d->solve = solve;
  d->share = share;
  d->replay = mode == OG_INTEGRATE_REPLAY;
  d->lanes = d->idle = share->lanes;
  d->next = share->begin;
  d->fixed = d->replay || og_options_integer(solve->options, OG_OPT_STEPS) > 0;
  d->judging = mode == OG_INTEGRATE_SOLVE && solve->looked;
  d->noting_sizes = mode == OG_INTEGRATE_SOLVE && solve->noting_sizes;
  d->control = og_control_of(&solve->stepper);
  d->resting = og_rest_error(d->control.exponent);
  size_t block = OG_PADDED(solve->n * (size_t)d->lanes);
  d->memory = og_alloc(solve->context, 1, OG_R(og_integrate_bytes)(solve, d->lanes));
  if (!d->memory) return OG_ERR_MEMORY;
  d->scale = (double *)(void *)(d->memory + reals_needed(solve, d->lanes));
  d->instant = (double *)(void *)((char *)d->scale + scale_bytes(solve));
  d->entry = (char *)d->instant + OG_R(og_integrate_consistent_bytes)(solve);
  d->watching = mode == OG_INTEGRATE_SOLVE && og_watches_stiffness(solve);
  d->x = d->memory;
  d->y = d->x + block;
  d->e = d->y + block;
  d->e2 = d->e + block;
  d->theta = d->e2 + block;
  if (mode != OG_INTEGRATE_AGAIN && og_detection_create(solve, d->lanes, &d->detection) != OG_OK)
    return OG_ERR_MEMORY;
  d->step = OG_R(og_step_create)(solve->context, &solve->stepper, solve->field, d->lanes, OG_STEP_FORWARD);
  return d->step ? OG_OK : OG_ERR_MEMORY;
}

void OG_R(og_integrate_close)(integration *d) {
  og_count(d->solve, OG_STAT_RHS_EVALS, d->evals + og_count_work(d->solve, OG_R(og_step_take_work)(d->step)));
  og_detection_destroy(d->solve->context, d->detection);
  OG_R(og_step_destroy)(d->solve->context, d->step);
  og_free(d->solve->context, d->memory);
}

void OG_R(og_integrate_eval)(integration *d, const double *t, const real *x, real *f) {
  for (int lane = 0; lane < d->lanes; lane++) {
    d->step->status[lane] = d->mask[lane] != 0 ? 0 : OG_LANE_IDLE;
    d->evals += d->mask[lane] != 0;
  }
  d->step->field->OG_R(ops).eval(d->step->field, d->lanes, t, x, d->theta, f, d->step->status,
                                 d->step->scratch);
}

void OG_R(og_integrate_parameters)(integration *d, int lane, size_t m) {
  const double *theta = og_theta_of(d->solve, m);
  for (size_t i = 0; i < d->solve->laned; i++) d->theta[i * (size_t)d->lanes + (size_t)lane] = (real)theta[i];
}

/* The lanes in mask; no more when every row has been large. */
static void note_sizes(integration *d, const real *x) {
  int unknown = 0;
  for (size_t i = 0; i < d->solve->n; i++) {
    double size = 0;
    for (int lane = 0; lane < d->lanes; lane++)
      if (d->mask[lane] != 0) size = fmax(size, fabs((double)x[i * (size_t)d->lanes + (size_t)lane]));
    unknown += !og_faint_note(d->solve, i, size);
  }
  d->noting_sizes = unknown > 0;
}

static void begin_record(og_trajectory *at) {
  at->rests.count = at->drops.count = 0;
  at->errors = at->left_out = 0;
}

static void load(integration *d, int lane, size_t m) {
  const og_solve *solve = d->solve;
  const double *x0 = solve->x0 + m * solve->states;
  for (size_t i = 0; i < solve->n; i++)
    d->x[i * (size_t)d->lanes + (size_t)lane] = i < solve->states ? (real)x0[i] : 0;
  OG_R(og_integrate_parameters)(d, lane, m);
  d->trajectory[lane] = &solve->trajectories[m];
  OG_R(og_integrate_methods_begin)(d, lane);
  if (!d->replay) begin_record(d->trajectory[lane]);
  d->index[lane] = d->rejected[lane] = d->cursor[lane] = 0;
  d->room[lane] = 0;
  d->accepted[lane] = 0;
  d->previous[lane] = OG_FIRST_ERROR;
  d->most[lane] = OG_GROWTH_MOST;
  OG_R(og_integrate_begin)(d, lane);
  d->idle--;
  if (solve->algebraic && !OG_R(og_integrate_make_consistent)(d, lane, d->x)) return;
  if (solve->sizes) OG_R(og_integrate_size_begin)(d, lane, d->x);
  if (d->judging) OG_R(og_integrate_coarse_begin)(d, lane);
}

/* One that begins anew knows where it was stiff. */
static void load_next(integration *d, int lane) {
  if (d->again_count) {
    load(d, lane, d->again[--d->again_count]);
    return;
  }
  size_t m = og_item(d->solve, d->next++);
  if (d->watching && !d->solve->trajectories[m].pacing) d->solve->trajectories[m].stiff_from = 0;
  load(d, lane, m);
}

/* Widths as fractions: given, or automatic for the lanes that need it. */
static void first_widths(integration *d, const real *f0) {
  int automatic = 0;
  for (int lane = 0; lane < d->lanes; lane++) {
    const og_trajectory *at = d->trajectory[lane];
    if (d->mask[lane] == 0) continue;
    double span = fabs(d->span[lane]);
    d->width[lane] =
        at->first_step > 0 && span > 0 ? OG_R(og_integrate_first_width)(d, lane, at->first_step) : 1;
    if (d->fixed || at->first_step > 0 || span == 0)
      d->mask[lane] = 0;
    else
      automatic = 1;
  }
  if (automatic) OG_R(og_integrate_first_steps)(d, f0);
}

/* Where f is not finite no step can help: the lane fails at once. */
void OG_R(og_integrate_first_slope)(integration *d) {
  real zero[OG_LANES_MAX] = {0};
  OG_R(og_integrate_eval)(d, d->at.t, d->x, d->e);
  if (d->solve->algebraic) OG_R(og_integrate_mass_slope)(d, d->at.t, d->x, d->e);
  d->step->ops->begin(d->step, d->mask, d->e);
  for (int i = 0; i < d->step->n; i++)
    for (int lane = 0; lane < d->lanes; lane++) zero[lane] += d->e[i * d->lanes + lane] * 0;
  for (int lane = 0; lane < d->lanes; lane++)
    if (d->mask[lane] != 0 && (d->step->status[lane] || zero[lane] != 0)) {
      d->mask[lane] = 0;
      d->at.h[lane] = 0;
      OG_R(og_integrate_fail)(d, lane, d->step->status[lane] ? OG_ERR_FIELD : OG_ERR_NOT_FINITE);
    }
}

/* K_1 is in e as well, for the first widths. */
static void start_lanes(integration *d) {
  if (d->fixed && !d->solve->stepper.carries_slope && !d->detection) return;
  OG_R(og_integrate_first_slope)(d);
  OG_R(og_integrate_sides)(d, d->e);
  first_widths(d, d->e);
}

/* Under a budget: the states that are new in these lanes are kept as their schedules say. */
static void keep_states(integration *d, const unsigned char *moved) {
  if (d->solve->keep != OG_KEEP_CHECKPOINTS) return;
  for (int lane = 0; lane < d->lanes; lane++)
    if (moved[lane] && d->trajectory[lane] && !OG_R(og_integrate_keep)(d, lane)) return;
}

void OG_R(og_integrate_refill)(integration *d) {
  unsigned char moved[OG_LANES_MAX];
  for (int lane = 0; lane < d->lanes; lane++) {
    moved[lane] = !d->trajectory[lane] && (d->again_count || d->next < d->share->end);
    d->mask[lane] = moved[lane];
    if (moved[lane]) load_next(d, lane);
  }
  if (d->noting_sizes) note_sizes(d, d->x);
  start_lanes(d);
  keep_states(d, moved);
}

/* ---- Moving on ---- */

int OG_R(og_integrate_reserve)(integration *d, size_t bytes) {
  og_solve *solve = d->solve;
  size_t kept = atomic_fetch_add(&solve->kept, bytes) + bytes;
  size_t most = solve->checkpoints ? solve->checkpoints->budget.paths : solve->limits.budget;
  if (!solve->limits.budget || kept <= most) return 1;
  atomic_fetch_sub(&solve->kept, bytes);
  d->share->status = OG_ERR_BUDGET;
  d->share->long_list = solve->keep != OG_KEEP_STEPS;
  return 0;
}

static int make_room(integration *d, og_step_record *record, size_t growth) {
  og_solve *solve = d->solve;
  if (!OG_R(og_integrate_reserve)(d, growth)) return 0;
  if (og_pages_grow(solve->context, &record->pages, solve->stride, SIZE_MAX) == OG_OK) return 1;
  atomic_fetch_sub(&solve->kept, growth);
  d->share->status = OG_ERR_MEMORY;
  return 0;
}

static int find_room(integration *d, int lane) {
  og_step_record *record = &d->trajectory[lane]->record;
  size_t k = d->index[lane], growth = og_pages_growth(&record->pages, k, d->solve->stride, SIZE_MAX);
  if (growth && !make_room(d, record, growth)) return 0;
  d->recorded[lane] = og_step_record_entry(record, k, d->solve->stride);
  d->room[lane] = og_pages_left(&record->pages, k);
  return 1;
}

static int record_step(integration *d, int lane) {
  size_t stride = d->solve->stride;
  if (!d->room[lane] && !find_room(d, lane)) return 0;
  char *entry = d->recorded[lane];
  real *to = (real *)(void *)(entry + sizeof(double));
  const real *x = d->x + lane;
  __builtin_prefetch((const void *)((uintptr_t)entry + 4 * stride),
                     1); /* many lanes' records: too many streams for the hardware */
  *(double *)(void *)entry = d->fraction[lane];
  for (int i = 0; i < d->step->n; i++, x += d->lanes) to[i] = *x;
  d->recorded[lane] = entry + stride;
  d->room[lane]--;
  return 1;
}

/* At the ends of the step the states themselves. */
void OG_R(og_integrate_state_at)(const integration *d, int lane, double place, double *out) {
  const real *exact = place == 1 ? d->y : place == 0 ? d->x : NULL;
  if (!exact) d->step->ops->state(d->step, lane, place, &d->at, d->x, out);
  for (int i = 0; exact && i < d->step->n; i++) out[i] = (double)exact[i * d->lanes + lane];
}

static void observe(integration *d, int lane) {
  og_trajectory *at = d->trajectory[lane];
  size_t slot = at->first_observation + d->cursor[lane];
  const og_segment *segment = &at->path.segments[d->segment[lane]];
  double start = d->fraction[lane], end = d->fraction_next[lane],
         s = og_segment_fraction(segment, at->times[d->cursor[lane]]);
  double place = s >= end ? 1 : s <= start ? 0 : (s - start) / (end - start);
  OG_R(og_integrate_state_at)(d, lane, place, d->solve->observed + slot * d->solve->n);
  d->cursor[lane]++;
  OG_R(og_integrate_next_observation)(d, lane);
}

/* Whether the next observation comes before the event that stops the lane's step. One at the event's very
 * time does, and that time is known as far as that of another event would be told from it. In a replay the
 * event may have moved past an observation, which stays on its side of it as the steps stay what they are. */
static int before_event(const integration *d, int lane) {
  const og_trajectory *at = d->trajectory[lane];
  const og_detection *detection = d->detection;
  size_t i = d->cursor[lane], next = d->segment[lane] + 1;
  if (i >= at->observations) return 0;
  if (d->replay && at->placed)
    return i < (next < at->path.count ? at->path.segments[next].observed : at->seen);
  double late = at->times[i] - OG_R(og_integrate_time_at)(d, lane, detection->sigma[lane]);
  /* single precision: what rounds parameters makes of it, FLT_EPSILON of the time */
  double factor = sizeof(real) == sizeof(float) ? 8 : OG_NOISE_FACTOR;
  return (at->t1 < at->t0 ? -late : late) <= factor * detection->blur[lane];
}

/* Up to the place where the step ends or an event stops it. */
static void observe_step(integration *d, int lane, int event) {
  if (!event)
    while (d->next_observation[lane] <= d->fraction_next[lane]) observe(d, lane);
  else
    while (before_event(d, lane)) observe(d, lane);
}

static int inside(const integration *d, int lane) {
  const og_trajectory *at = d->trajectory[lane];
  if (d->mask[lane] != 0 && d->detection) return 1;
  if (d->mask[lane] == 0 || d->next_observation[lane] > d->fraction_next[lane]) return 0;
  for (size_t i = d->cursor[lane]; i < at->observations;
       i++) { /* the first ones may stand at the step's start */
    double s = og_segment_fraction(&at->path.segments[d->segment[lane]], at->times[i]);
    if (s > d->fraction[lane]) return s < d->fraction_next[lane];
  }
  return 0;
}

static int observation_due(const integration *d) {
  int due = 0;
  if (d->solve->observed_count == 0) return 0;
  for (int lane = 0; lane < d->lanes; lane++) due |= d->next_observation[lane] <= d->fraction_next[lane];
  return due;
}

/* What the interpolant needs beyond the step, when one that moves on has an observation inside, or there are
 * events to look for. */
static void complete_steps(integration *d) {
  int wanted = 0;
  if (d->solve->stepper.interpolant_evals == 0 || (!d->detection && !observation_due(d))) return;
  for (int lane = 0; lane < d->lanes; lane++) {
    int needs = inside(d, lane);
    wanted += needs;
    d->step->status[lane] = needs ? 0 : OG_LANE_IDLE;
  }
  if (!wanted) return;
  d->evals += (long long)wanted * d->step->ops->complete(d->step, &d->at, d->x, d->theta);
}

void OG_R(og_integrate_finish)(integration *d, int lane) {
  og_solve *solve = d->solve;
  og_trajectory *at = d->trajectory[lane];
  size_t m = (size_t)(at - solve->trajectories);
  double *final = solve->final + m * solve->n;
  for (int i = 0; i < d->step->n; i++) final[i] = (double)d->y[i * d->lanes + lane];
  at->seen = d->cursor[lane];
  at->placed = 1;
  if (!d->replay) {
    at->record.steps = at->steps = d->index[lane];
    at->rejected = d->rejected[lane];
    at->last_step = d->width[lane] * fabs(d->span[lane]);
    at->run_breaks = at->break_count;
    og_count(solve, OG_STAT_STEPS, (long long)at->steps);
    og_count(solve, OG_STAT_IMPLICIT_STEPS, (long long)og_implicit_steps(solve, at));
    og_count(solve, OG_STAT_REJECTED, (long long)at->rejected);
  }
  if (solve->keep == OG_KEEP_CHECKPOINTS && !(d->replay && solve->checkpoints->kept[m].all))
    og_checkpoints_end(solve, m, d->index[lane]);
  d->trajectory[lane] = NULL;
  d->idle++;
}

/* The first two steps come from a guessed size, and one that the span's end has cut short is no step that
 * grew: their small errors say nothing. Where the third step rests, so did these two. */
static void note_error(integration *d, int lane) {
  og_trajectory *at = d->trajectory[lane];
  size_t index = d->index[lane];
  double width = d->fraction_next[lane] - d->fraction[lane], h = width * fabs(d->span[lane]);
  double before = d->accepted[lane];
  int last = d->fraction_next[lane] == 1, dropped = h < OG_REST_DROP * before && !last;
  int rests = d->error[lane] < d->resting && width >= OG_REST_WIDTH && h >= OG_REST_CUT * before;
  if (dropped)
    og_rests_add(&at->drops, index - 1, index);
  else if (rests && index >= 2)
    og_rests_add(&at->rests, index == 2 ? 0 : index, index);
  d->accepted[lane] = h;
  at->errors += d->error[lane];
  at->left_out += d->left_out[lane];
}

/* The lane's step is done, or an event stopped it. 0: no memory. */
static int move_on(integration *d, int lane) {
  size_t event = d->detection ? d->detection->event[lane] : OG_NO_EVENT;
  if (!d->fixed) note_error(d, lane);
  og_choice choice = OG_R(og_integrate_choose_method)(d, lane);
  if (choice != OG_CHOICE_MADE) return choice == OG_CHOICE_LEFT;
  if (d->solve->keep == OG_KEEP_STEPS && !record_step(d, lane)) return 0;
  observe_step(d, lane, event != OG_NO_EVENT);
  d->fraction[lane] = d->fraction_next[lane];
  d->index[lane]++;
  if (event != OG_NO_EVENT) return OG_R(og_integrate_apply)(d, lane);
  return d->fraction[lane] == 1 ? OG_R(og_integrate_end_segment)(d, lane) : 1;
}

void OG_R(og_integrate_advance)(integration *d) {
  d->step->kernels->copy_rows(d->step->n, d->lanes, d->x, d->y, d->mask);
  d->step->ops->advance(d->step, d->mask);
}

void OG_R(og_integrate_commit)(integration *d) {
  unsigned char moved[OG_LANES_MAX];
  int moving[OG_LANES_MAX], count = 0;
  complete_steps(d);
  if (d->detection) OG_R(og_integrate_detect)(d);
  for (int lane = 0; lane < d->lanes; lane++) { /* without branches, which nobody could predict */
    moved[lane] = d->mask[lane] != 0;
    moving[count] = lane;
    count += moved[lane];
  }
  if (d->solve->sizes) OG_R(og_integrate_size_grow)(d);
  if (d->noting_sizes) note_sizes(d, d->y);
  for (int i = 0; i < count; i++)
    if (!move_on(d, moving[i])) return;
  OG_R(og_integrate_advance)(d);
  OG_R(og_integrate_restart)(d);
  keep_states(d, moved);
}
