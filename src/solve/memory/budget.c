#include "solve/memory/budget.h"

#include <limits.h>

#include "solve/events/detection.h"
#include "solve/memory/checkpoints.h"
#include "solve/memory/recompute.h"
#include "solve/memory/window.h"
#include "solve/tolerances.h"

/* ---- Working memory ---- */

/* The list of events, of unknown length, may take this part of what is beyond the least. */
enum { EVENTS_SHARE = 8 };
/* And so may ceilings of steps. */
enum { CEILINGS_SHARE = 32 };
/* Headers and alignment of a worker's few allocations. */
enum { ALLOCATIONS_EXTRA = 2048 };

static size_t step_bytes_of(const og_solve *solve, const og_field *field, int lanes, int purpose) {
  const og_stepper *stepper = &solve->stepper;
  return solve->single ? stepper->ops_s->bytes(stepper, field, lanes, purpose)
                       : stepper->ops_d->bytes(stepper, field, lanes, purpose);
}

static size_t step_bytes(const og_solve *solve, int lanes, int purpose) {
  return step_bytes_of(solve, solve->field, lanes, purpose);
}

/* The driver, which runs again while a gradient is computed. */
static size_t driver_bytes(const og_solve *solve, int lanes) {
  size_t own = solve->single ? og_integrate_bytes_s(solve, lanes) + sizeof(og_recompute_s)
                             : og_integrate_bytes_d(solve, lanes) + sizeof(og_recompute_d);
  return own + OG_ALLOCATION_EXTRA + step_bytes(solve, lanes, OG_STEP_FORWARD);
}

/* Sums over the weights of networks. */
static size_t weights_bytes(const og_solve *solve) {
  return OG_PADDED(solve->weights) * (sizeof(double) + (solve->single ? sizeof(float) : 0));
}

/* The narrowest blocks: sums over the lanes of a block, as weights have them, may not depend on the budget.
 */
static int least_lanes(const og_solve *solve) {
  return solve->weights ? og_lanes_for(solve, solve->count) : 1;
}

int og_looks_inside(const og_solve *solve) { return solve->observed_count > 0 || og_guards(solve) > 0; }

size_t og_looks_bytes(const og_solve *solve, int lanes) {
  size_t width = (size_t)lanes, block = OG_PADDED(solve->n * width), theta = OG_PADDED(solve->p * width);
  size_t real = solve->single ? sizeof(float) : sizeof(double);
  size_t seeds = og_looks_inside(solve) ? 3 * (size_t)solve->stepper.seeds + 2 : 0;
  return ((8 + seeds) * block + OG_PADDED(seeds * solve->n * width) + 4 * theta +
          2 * OG_PADDED(solve->weights)) *
             real +
         2 * OG_ALIGNED(step_bytes(solve, lanes, OG_STEP_TRANSPOSE));
}

static og_gradient_control control_of(const og_solve *solve) {
  return (og_gradient_control)og_options_integer(solve->options, OG_OPT_GRADIENT_CONTROL);
}

/* Ceilings of steps, for the trajectory that is being refined; its gradient, three times; and the list of
 * those to be refined. What the ceilings of others take comes from what is beyond the least. */
static size_t refine_bytes(const og_solve *solve) {
  size_t lists = 5 * (OG_CEILINGS * sizeof(og_ceiling) + OG_ALLOCATION_EXTRA);
  size_t own = sizeof(og_pacing) + OG_ALLOCATION_EXTRA;
  size_t values = 3 * (solve->states + solve->parameters + 2) + solve->observed_count + solve->signal_values;
  if (control_of(solve) == OG_CONTROL_NONE) return 0;
  if (control_of(solve) == OG_CONTROL_ESTIMATE) return solve->count * sizeof(size_t) + OG_ALLOCATION_EXTRA;
  return solve->count * sizeof(size_t) + own + lists + values * sizeof(double) + 2 * OG_ALLOCATION_EXTRA;
}

/* A step with its derivative, and the blocks that the discrete adjoint and the tangent have beside it: x, its
 * cotangent or two tangents, cotangents inside the step, parameters with their cotangents or tangents, a
 * state's tangent and slope; and what is for events. */
static size_t derivative_bytes(const og_solve *solve, int lanes, int taped) {
  size_t block = OG_PADDED(solve->n * (size_t)lanes), theta = OG_PADDED(solve->p * (size_t)lanes);
  size_t reals = (3 + (size_t)solve->stepper.seeds) * block + 2 * theta, events = 0;
  if (og_guards(solve))
    events = (block + 8 * (solve->n + solve->p) + og_guard_work(solve, 1)) * sizeof(double) +
             solve->field->scratch_bytes(solve->field, 1);
  int purpose = OG_STEP_DERIVATIVE | (taped ? OG_STEP_TAPED : 0);
  if (control_of(solve) != OG_CONTROL_NONE) events += og_looks_bytes(solve, lanes) + OG_ALLOCATION_EXTRA;
  return OG_WORKER_FIXED + step_bytes(solve, lanes, purpose) + events +
         (theta + 2 * OG_PADDED(solve->n)) * sizeof(double) + weights_bytes(solve) +
         reals * (solve->single ? sizeof(float) : sizeof(double));
}

/* Dense outputs that are there at once: of x; for quadrature of lambda too, whose steps are taken again with
 * one more of x. */
static size_t dense_outputs(const og_solve *solve) {
  long long adjoint = og_options_integer(solve->options, OG_OPT_ADJOINT);
  return adjoint == OG_ADJOINT_INTERPOLATE ? 1 : adjoint == OG_ADJOINT_QUADRATURE ? 3 : 0;
}

static size_t no_scratch(const og_field *field, int lanes) {
  (void)field, (void)lanes;
  return 0;
}

/* The backward solves of the continuous adjoints read the forward one's dense output: their driver, with rows
 * for lambda and the parameters, and in its scratch memory and beside it dense outputs, blocks of x,
 * lambda and theta, and the field's own scratch; and a driver that takes steps again. A bound, not exact. */
static size_t backward_bytes(const og_solve *solve, int lanes) {
  size_t width = (size_t)lanes, group = lanes == 1 ? 1 : OG_LANE_STEP, n = solve->n, p = solve->p;
  og_field adjoint = {.n = n + p, .p = p + 2, .scratch_bytes = no_scratch};
  size_t steps = step_bytes_of(solve, &adjoint, lanes, OG_STEP_FORWARD);
  size_t driver = 6 * OG_PADDED((n + p) * width) + 2 * OG_PADDED((p + 2) * width);
  size_t dense = ((size_t)solve->stepper.interpolant_degree + 3) * OG_PADDED(n * width) +
                 2 * OG_PADDED(n * group) + 2 * OG_PADDED(p * group);
  size_t blocks = 4 * OG_PADDED(n * width) + 8 * OG_PADDED(p * width);
  steps += (dense_outputs(solve) + 1) * step_bytes(solve, (int)group, OG_STEP_FORWARD);
  return OG_QUADRATURE_FIXED + steps +
         (driver + (dense_outputs(solve) + 1) * dense + blocks) * sizeof(double) +
         dense_outputs(solve) * OG_DENSE_FIXED + 4 * solve->field->scratch_bytes(solve->field, lanes) +
         driver_bytes(solve, 1) + 4 * ALLOCATIONS_EXTRA;
}

/* A fixed step that is taken again, on one lane (coarse.h). */
static size_t again_bytes(const og_solve *solve) {
  if (og_options_integer(solve->options, OG_OPT_STEPS) == 0) return 0;
  size_t reals = 5 * OG_PADDED(solve->n) + OG_PADDED(solve->p);
  return OG_COARSE_AGAIN + step_bytes(solve, 1, OG_STEP_FORWARD) +
         reals * (solve->single ? sizeof(float) : sizeof(double));
}

/* One worker's: events are watched for, and steps looked at, while no derivative is computed. */
static size_t worker_bytes(const og_solve *solve, int lanes, int taped) {
  size_t most = derivative_bytes(solve, lanes, taped),
         forward = og_detection_bytes(solve, lanes) + again_bytes(solve);
  size_t others[] = {forward, dense_outputs(solve) ? backward_bytes(solve, lanes) : 0};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) most = others[i] > most ? others[i] : most;
  return driver_bytes(solve, lanes) + most + ALLOCATIONS_EXTRA;
}

/* Settings and states of the backward solve. */
static size_t backward_tables(const og_solve *solve) {
  return solve->count * (sizeof(og_trajectory) + (6 * (solve->n + solve->p) + 8) * sizeof(double)) +
         og_atols_bytes(solve, 2 * solve->n + solve->p);
}

/* Lists of segments, which double as they grow, where breakpoints of inputs tell how many there will be. */
static size_t path_bytes(const og_solve *solve) {
  size_t bytes = 0;
  for (size_t m = 0; m < solve->count; m++) {
    size_t breaks = solve->trajectories[m].break_count;
    if (breaks) bytes += (8 + 3 * (breaks + 1)) * sizeof(og_segment) + 2 * OG_ALLOCATION_EXTRA;
  }
  return bytes;
}

/* The gradient before it is added to the caller's arrays, and the tables of what is kept. */
static size_t table_bytes(const og_solve *solve, int with_file) {
  size_t results = solve->count * (solve->states + solve->laned + 2 + solve->signal_most) +
                   solve->observed_count + solve->signal_values + og_block_sums(solve);
  size_t backward = dense_outputs(solve) ? backward_tables(solve) : 0;
  if (solve->weights) backward = (solve->count / (size_t)least_lanes(solve) + 1) * sizeof(og_share);
  return results * sizeof(double) + backward + refine_bytes(solve) + solve->count * sizeof(og_kept) +
         og_store_bytes(solve->count, 0, 0, with_file) + ALLOCATIONS_EXTRA;
}

static int fits(const og_solve *solve, og_memory_budget *layout, size_t allowed) {
  layout->reserved = (size_t)layout->threads * worker_bytes(solve, layout->lanes, layout->taped);
  return layout->reserved <= allowed;
}

/* Blocks have one width; of threads and tapes what fits. */
static void share_blocks(const og_solve *solve, og_memory_budget *layout, size_t allowed, int threads) {
  layout->lanes = least_lanes(solve);
  for (layout->threads = threads;; layout->threads = 1) {
    for (layout->taped = 1; layout->taped >= 0; layout->taped--)
      if (fits(solve, layout, allowed) || (layout->threads == 1 && !layout->taped)) return;
  }
}

/* The widest blocks and the most threads whose working memory takes no more than half of the bytes beyond the
 * least budget; else one lane and one thread. */
static void share_work(const og_solve *solve, og_memory_budget *layout, size_t beyond) {
  static const int widths[] = {OG_LANES_MAX, OG_LANE_STEP, 1};
  size_t allowed = worker_bytes(solve, least_lanes(solve), 0) + beyond / 2;
  int threads = og_solve_threads(solve);
  if ((size_t)threads > solve->count) threads = (int)solve->count;
  if (solve->weights) {
    share_blocks(solve, layout, allowed, threads);
    return;
  }
  for (layout->threads = threads;; layout->threads = 1) {
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
      layout->lanes =
          og_lanes_for(solve, (solve->count + (size_t)layout->threads - 1) / (size_t)layout->threads);
      if (layout->lanes > widths[i]) layout->lanes = widths[i];
      if (fits(solve, layout, allowed)) return;
    }
    if (layout->threads == 1) return;
  }
}

/* ---- Slots ---- */

/* Entries of `stride` bytes, and for each a mark if there are marks, that fit into so many bytes. */
static size_t entries_in(size_t bytes, size_t stride, int marked) {
  size_t unit = stride + (marked ? sizeof(og_mark) : 0), most = bytes / unit;
  size_t pages = og_pages_bytes(most, stride) - most * stride;
  if (marked) pages *= 2;
  return bytes > pages ? (bytes - pages) / unit : 0;
}

static size_t file_slots(const og_solve *solve, size_t stride) {
  size_t disk = (size_t)og_options_integer(solve->options, OG_OPT_DISK);
  if (!*og_options_text(solve->options, OG_OPT_CHECKPOINT_DIR)) return 0;
  return disk ? disk / solve->count / stride : SIZE_MAX;
}

/* Bytes of the budget for each trajectory's slots; SIZE_MAX without one. */
static size_t room_for_slots(const og_solve *solve, const og_memory_budget *layout) {
  size_t budget = solve->limits.budget;
  if (!budget) return SIZE_MAX;
  return budget > layout->reserved ? (budget - layout->reserved) / solve->count : 0;
}

static size_t most_steps(const og_solve *solve) {
  size_t most = 0;
  for (size_t m = 0; m < solve->count; m++) {
    size_t steps = og_known_steps(solve, m);
    most = steps > most ? steps : most;
  }
  return most;
}

/* Every state in its slot, where that is asked for or is known to be possible. */
static int lay_straight(const og_solve *solve, og_memory_budget *layout, size_t room, size_t stride) {
  og_schedule_kind kind = (og_schedule_kind)og_options_integer(solve->options, OG_OPT_SCHEDULE);
  size_t known = most_steps(solve);
  layout->file_slots = file_slots(solve, stride);
  layout->memory_slots = room < SIZE_MAX ? entries_in(room, stride, 0) : layout->file_slots ? 0 : SIZE_MAX;
  layout->straight =
      kind == OG_SCHEDULE_ALL ||
      (kind != OG_SCHEDULE_EVERY && (layout->file_slots == SIZE_MAX || layout->memory_slots == SIZE_MAX ||
                                     (known && known <= og_budget_slots(layout))));
  return layout->straight;
}

/* Marks of slots in the file are in memory too: they get half of the room at most. */
static void lay_marked(const og_solve *solve, og_memory_budget *layout, size_t room, size_t stride) {
  og_schedule_kind kind = (og_schedule_kind)og_options_integer(solve->options, OG_OPT_SCHEDULE);
  layout->placement = kind == OG_SCHEDULE_EVERY    ? OG_PLACE_EVERY
                      : kind == OG_SCHEDULE_ONLINE ? OG_PLACE_ONLINE
                      : most_steps(solve) > 0      ? OG_PLACE_BINOMIAL
                                                   : OG_PLACE_ONLINE;
  layout->every = (size_t)og_options_integer(solve->options, OG_OPT_EVERY);
  if (room == SIZE_MAX) return;
  size_t marks = room / 2 / sizeof(og_mark);
  if (layout->file_slots > marks) layout->file_slots = marks;
  layout->memory_slots = entries_in(room - layout->file_slots * sizeof(og_mark), stride, 1);
}

static size_t least_budget(const og_solve *solve, size_t stride, int with_file) {
  size_t slot = og_pages_bytes(1, stride) + og_pages_bytes(1, sizeof(og_mark));
  if (dense_outputs(solve)) slot += 4 * (OG_WINDOW_LEAST * stride + 128);
  return worker_bytes(solve, least_lanes(solve), 0) + path_bytes(solve) + table_bytes(solve, with_file) +
         solve->count * slot;
}

/* Where dense output is read, a quarter is for the window, and a quarter for the steps of quadrature's
 * backward solve. */
static size_t share_with_readers(const og_solve *solve, og_memory_budget *layout, size_t room,
                                 size_t stride) {
  layout->window = SIZE_MAX;
  if (!dense_outputs(solve) || room == SIZE_MAX) return room;
  int quadrature = dense_outputs(solve) == 3;
  layout->window = (room / 4 - 128) / stride;
  layout->lambda = quadrature ? room / 4 * solve->count : 0;
  return room - (quadrature ? 2 : 1) * (room / 4);
}

static og_status check_budget(const og_solve *solve, size_t least) {
  const char *what = solve->role ? solve->role->trajectories : NULL;
  if (!solve->limits.budget || solve->limits.budget >= least) return OG_OK;
  return og_fail(
      solve->context, OG_ERR_BUDGET,
      "the memory budget of %zu bytes is too small: solving %s%zu trajector%s of %zu state%s with %s and "
      "computing a gradient needs at least %zu bytes; the more there are beyond that, the fewer steps "
      "are computed again",
      solve->limits.budget, what ? what : "", solve->count, solve->count == 1 ? "y" : "ies", solve->states,
      solve->states == 1 ? "" : "s", solve->stepper.name, least);
}

og_status og_budget_find(const og_solve *solve, og_memory_budget *layout) {
  *layout = (og_memory_budget){.threads = INT_MAX, .lanes = OG_LANES_MAX, .taped = solve->weights > 0};
  size_t stride = og_checkpoint_stride(solve);
  int with_file = file_slots(solve, stride) > 0;
  size_t least = least_budget(solve, stride, with_file);
  OG_TRY(check_budget(solve, least));
  if (solve->limits.budget) share_work(solve, layout, solve->limits.budget - least);
  layout->paths = path_bytes(solve);
  if (solve->limits.budget && og_guards(solve))
    layout->paths += (solve->limits.budget - least) / EVENTS_SHARE;
  layout->ceilings = solve->limits.budget ? (solve->limits.budget - least) / CEILINGS_SHARE : 0;
  layout->reserved += layout->paths + layout->ceilings + table_bytes(solve, with_file);
  size_t room = share_with_readers(solve, layout, room_for_slots(solve, layout), stride);
  if (!lay_straight(solve, layout, room, stride)) lay_marked(solve, layout, room, stride);
  if (og_budget_slots(layout)) return OG_OK;
  return og_fail(
      solve->context, OG_ERR_BUDGET,
      "disk allows checkpoints %lld bytes, less than the %zu bytes that one for each of %zu trajectories "
      "takes: raise disk, or give memory",
      og_options_integer(solve->options, OG_OPT_DISK), solve->count * stride, solve->count);
}
