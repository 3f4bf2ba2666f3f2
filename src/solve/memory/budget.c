#include "solve/memory/budget.h"

#include <limits.h>

#include "solve/events/detection.h"
#include "solve/memory/checkpoints.h"
#include "solve/memory/recompute.h"
#include "solve/memory/state_cache.h"
#include "solve/tolerances.h"

/* ---- Working memory ---- */

/* The list of events, of unknown length, may take this part of what is beyond the least. */
enum { EVENTS_SHARE = 8 };
/* And so may ceilings of steps. */
enum { CEILINGS_SHARE = 32 };

static size_t step_bytes(const og_solve *solve, int lanes) {
  const og_stepper *stepper = &solve->stepper;
  return solve->single ? stepper->ops_s->bytes(stepper, solve->field, lanes, OG_STEP_FORWARD)
                       : stepper->ops_d->bytes(stepper, solve->field, lanes, OG_STEP_FORWARD);
}

/* The driver, which runs again while a gradient is computed. */
size_t og_driver_bytes(const og_solve *solve, int lanes) {
  size_t own = solve->single ? og_integrate_bytes_s(solve, lanes) + sizeof(og_recompute_s)
                             : og_integrate_bytes_d(solve, lanes) + sizeof(og_recompute_d);
  return own + OG_ALLOCATION_EXTRA + step_bytes(solve, lanes);
}

/* The narrowest blocks: sums over the lanes of a block, as weights have them, may not depend on the budget.
 */
static int least_lanes(const og_solve *solve) {
  return solve->weights ? og_lanes_for(solve, solve->count) : 1;
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

/* Dense outputs that are there at once: of x; for quadrature of lambda too, whose steps are taken again with
 * one more of x. */
size_t og_dense_output_count(const og_solve *solve) {
  long long adjoint = og_options_integer(solve->options, OG_OPT_ADJOINT);
  return adjoint == OG_ADJOINT_INTERPOLATE ? 1 : adjoint == OG_ADJOINT_QUADRATURE ? 3 : 0;
}

/* A fixed step that is taken again, on one lane (coarse.h). */
static size_t again_bytes(const og_solve *solve) {
  if (og_options_integer(solve->options, OG_OPT_STEPS) == 0) return 0;
  size_t reals = 5 * OG_PADDED(solve->n) + OG_PADDED(solve->p);
  return OG_COARSE_AGAIN + step_bytes(solve, 1) + reals * (solve->single ? sizeof(float) : sizeof(double));
}

/* One worker's: events are watched for, and steps looked at, while no derivative is computed. */
static size_t worker_bytes(const og_solve *solve, int lanes, int taped) {
  size_t forward = og_detection_bytes(solve, lanes) + again_bytes(solve);
  size_t back = solve->derivative_bytes ? solve->derivative_bytes(solve, lanes, taped) : 0;
  return og_driver_bytes(solve, lanes) + (back > forward ? back : forward) + OG_WORKER_ALLOCATIONS;
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
  size_t backward = og_dense_output_count(solve) ? backward_tables(solve) : 0;
  if (solve->weights) backward = (solve->count / (size_t)least_lanes(solve) + 1) * sizeof(og_share);
  return results * sizeof(double) + backward + refine_bytes(solve) + solve->count * sizeof(og_kept) +
         og_store_bytes(solve->count, 0, 0, with_file) + OG_WORKER_ALLOCATIONS;
}

static int fits(const og_solve *solve, og_memory_budget *budget, size_t allowed) {
  budget->reserved = (size_t)budget->threads * worker_bytes(solve, budget->lanes, budget->taped);
  return budget->reserved <= allowed;
}

/* Blocks have one width; of threads and tapes what fits. */
static void share_blocks(const og_solve *solve, og_memory_budget *budget, size_t allowed, int threads) {
  budget->lanes = least_lanes(solve);
  for (budget->threads = threads;; budget->threads = 1) {
    for (budget->taped = 1; budget->taped >= 0; budget->taped--)
      if (fits(solve, budget, allowed) || (budget->threads == 1 && !budget->taped)) return;
  }
}

/* The widest blocks and the most threads whose working memory takes no more than half of the bytes beyond the
 * least budget; else one lane and one thread. */
static void share_work(const og_solve *solve, og_memory_budget *budget, size_t beyond) {
  static const int widths[] = {OG_LANES_MAX, OG_LANE_STEP, 1};
  size_t allowed = worker_bytes(solve, least_lanes(solve), 0) + beyond / 2;
  int threads = og_solve_threads(solve);
  if ((size_t)threads > solve->count) threads = (int)solve->count;
  if (solve->weights) {
    share_blocks(solve, budget, allowed, threads);
    return;
  }
  for (budget->threads = threads;; budget->threads = 1) {
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
      budget->lanes =
          og_lanes_for(solve, (solve->count + (size_t)budget->threads - 1) / (size_t)budget->threads);
      if (budget->lanes > widths[i]) budget->lanes = widths[i];
      if (fits(solve, budget, allowed)) return;
    }
    if (budget->threads == 1) return;
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
static size_t room_for_slots(const og_solve *solve, const og_memory_budget *budget) {
  size_t bytes = solve->limits.budget;
  if (!bytes) return SIZE_MAX;
  return bytes > budget->reserved ? (bytes - budget->reserved) / solve->count : 0;
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
static int share_all(const og_solve *solve, og_memory_budget *budget, size_t room, size_t stride) {
  og_schedule_kind kind = (og_schedule_kind)og_options_integer(solve->options, OG_OPT_SCHEDULE);
  size_t known = most_steps(solve);
  budget->file_slots = file_slots(solve, stride);
  budget->memory_slots = room < SIZE_MAX ? entries_in(room, stride, 0) : budget->file_slots ? 0 : SIZE_MAX;
  budget->keeps_all =
      kind == OG_SCHEDULE_ALL ||
      (kind != OG_SCHEDULE_EVERY && (budget->file_slots == SIZE_MAX || budget->memory_slots == SIZE_MAX ||
                                     (known && known <= og_budget_slots(budget))));
  return budget->keeps_all;
}

/* Marks of slots in the file are in memory too: they get half of the room at most. */
static void share_marked(const og_solve *solve, og_memory_budget *budget, size_t room, size_t stride) {
  og_schedule_kind kind = (og_schedule_kind)og_options_integer(solve->options, OG_OPT_SCHEDULE);
  budget->placement = kind == OG_SCHEDULE_EVERY    ? OG_PLACE_EVERY
                      : kind == OG_SCHEDULE_ONLINE ? OG_PLACE_ONLINE
                      : most_steps(solve) > 0      ? OG_PLACE_BINOMIAL
                                                   : OG_PLACE_ONLINE;
  budget->every = (size_t)og_options_integer(solve->options, OG_OPT_EVERY);
  if (room == SIZE_MAX) return;
  size_t marks = entries_in(room / 2, sizeof(og_mark), 0);
  if (budget->file_slots > marks) budget->file_slots = marks;
  budget->memory_slots = entries_in(room - og_pages_bytes(budget->file_slots, sizeof(og_mark)), stride, 1);
}

static size_t least_budget(const og_solve *solve, size_t stride, int with_file) {
  size_t slot = og_pages_bytes(1, stride) + og_pages_bytes(1, sizeof(og_mark));
  if (og_dense_output_count(solve)) slot += 4 * (OG_STATE_CACHE_LEAST * stride + 128);
  return worker_bytes(solve, least_lanes(solve), 0) + path_bytes(solve) + table_bytes(solve, with_file) +
         solve->count * slot;
}

/* Where dense output is read, a quarter is for the cache, and a quarter for the steps of quadrature's
 * backward solve. */
static size_t share_with_readers(const og_solve *solve, og_memory_budget *budget, size_t room,
                                 size_t stride) {
  budget->cache = SIZE_MAX;
  if (!og_dense_output_count(solve) || room == SIZE_MAX) return room;
  int quadrature = og_dense_output_count(solve) == 3;
  budget->cache = (room / 4 - 128) / stride;
  budget->lambda = quadrature ? room / 4 * solve->count : 0;
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

og_status og_budget_find(const og_solve *solve, og_memory_budget *budget) {
  *budget = (og_memory_budget){.threads = INT_MAX, .lanes = OG_LANES_MAX, .taped = solve->weights > 0};
  size_t stride = og_checkpoint_stride(solve);
  int with_file = file_slots(solve, stride) > 0;
  size_t least = least_budget(solve, stride, with_file);
  OG_TRY(check_budget(solve, least));
  if (solve->limits.budget) share_work(solve, budget, solve->limits.budget - least);
  budget->paths = path_bytes(solve);
  if (solve->limits.budget && og_guards(solve))
    budget->paths += (solve->limits.budget - least) / EVENTS_SHARE;
  budget->ceilings = solve->limits.budget ? (solve->limits.budget - least) / CEILINGS_SHARE : 0;
  budget->reserved += budget->paths + budget->ceilings + table_bytes(solve, with_file);
  size_t room = share_with_readers(solve, budget, room_for_slots(solve, budget), stride);
  if (!share_all(solve, budget, room, stride)) share_marked(solve, budget, room, stride);
  if (og_budget_slots(budget)) return OG_OK;
  return og_fail(
      solve->context, OG_ERR_BUDGET,
      "disk allows checkpoints %lld bytes, less than the %zu bytes that one for each of %zu trajectories "
      "takes: raise disk, or give memory",
      og_options_integer(solve->options, OG_OPT_DISK), solve->count * stride, solve->count);
}
