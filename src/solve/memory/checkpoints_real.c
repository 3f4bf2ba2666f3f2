/* Checkpoints: which states a schedule keeps under a budget, and those of lanes, saved into a slot of the
 * store and put back. */
#include <stdio.h>
#include <string.h>

#include "solve/memory/checkpoints.h"
#include "solve/integrate/integrate.h"

/* ---- Of lanes: the state at the start of a step, saved into a slot and put back ---- */

typedef OG_R(og_integration) integration;

static size_t number_of(const integration *d, int lane) {
  return (size_t)(d->trajectory[lane] - d->solve->trajectories);
}

og_status OG_R(og_integrate_save)(integration *d, int lane, uint32_t slot) {
  *(og_checkpoint *)d->entry = (og_checkpoint){d->fraction[lane], d->width[lane], d->previous[lane]};
  real *x = (real *)((og_checkpoint *)d->entry + 1);
  for (int i = 0; i < d->step->n; i++) x[i] = d->x[i * d->lanes + lane];
  return og_store_write(d->solve->checkpoints->store, number_of(d, lane), slot, d->entry);
}

og_status OG_R(og_integrate_restore)(integration *d, int lane, size_t trajectory, uint32_t slot) {
  OG_TRY(og_store_read(d->solve->checkpoints->store, trajectory, slot, og_checkpoint_stride(d->solve),
                       d->entry));
  const og_checkpoint *at = d->entry;
  const real *x = (const real *)(at + 1);
  for (int i = 0; i < d->step->n; i++) d->x[i * d->lanes + lane] = x[i];
  d->fraction[lane] = at->fraction;
  d->width[lane] = at->width;
  d->previous[lane] = at->previous;
  d->most[lane] = OG_GROWTH_MOST; /* as after every accepted step */
  return OG_OK;
}

/* A replay of steps that are all there writes over them; another one places checkpoints anew. */
int OG_R(og_integrate_keep)(integration *d, int lane) {
  og_solve *solve = d->solve;
  size_t m = number_of(d, lane);
  uint32_t slot = (uint32_t)d->index[lane];
  og_status status = OG_OK;
  if (!d->replay || !solve->checkpoints->kept[m].all)
    status = og_checkpoints_offer(solve, m, d->index[lane], &slot);
  if (status == OG_OK && slot != OG_NO_SLOT) status = OG_R(og_integrate_save)(d, lane, slot);
  if (status != OG_OK) d->share->status = status;
  return status == OG_OK;
}

/* The next step's start among steps that are all there. */
double OG_R(og_integrate_kept_end)(integration *d, int lane) {
  const og_trajectory *at = d->trajectory[lane];
  size_t next = d->index[lane] + 1;
  if (next == og_segment_stop(at, d->segment[lane])) return at->path.segments[d->segment[lane]].last;
  double fraction = 1;
  og_status status =
      og_store_read(d->solve->checkpoints->store, number_of(d, lane), next, sizeof fraction, &fraction);
  if (status != OG_OK) d->share->status = status;
  return fraction;
}

/* ---- Shared by both precisions ---- */

#if !defined(OG_SINGLE)

enum { SIZE_TEXT = 32 };

/* ---- Making and dropping ---- */

void og_checkpoints_free(og_solve *solve) {
  og_checkpoints *c = solve->checkpoints;
  if (!c) return;
  for (size_t m = 0; c->kept && m < solve->count; m++)
    og_pages_free(solve->context, &c->kept[m].schedule.marks);
  og_store_close(c->store);
  og_free(solve->context, c->kept);
  og_free(solve->context, c);
  solve->checkpoints = NULL;
}

static og_status open_slots(og_solve *solve, const og_memory_budget *budget) {
  og_context *context = solve->context;
  og_checkpoints *c = solve->checkpoints = og_alloc(context, 1, sizeof *c);
  if (!c) return og_fail_memory(context, sizeof *c, "checkpoints");
  c->kept = og_alloc(context, solve->count, sizeof *c->kept);
  if (!c->kept) return og_fail_memory(context, solve->count * sizeof *c->kept, "checkpoints");
  return og_store_open(context,
                       &(og_store_plan){.trajectories = solve->count,
                                        .stride = og_checkpoint_stride(solve),
                                        .memory_slots = budget->memory_slots,
                                        .file_slots = budget->file_slots,
                                        .directory = og_options_text(solve->options, OG_OPT_CHECKPOINT_DIR)},
                       &c->store);
}

/* Slots that serve the present settings are used again. */
static int serves(const og_checkpoints *c, const og_memory_budget *budget) {
  return c && c->budget.keeps_all == budget->keeps_all && c->budget.memory_slots == budget->memory_slots &&
         c->budget.file_slots == budget->file_slots;
}

og_status og_checkpoints_prepare(og_solve *solve) {
  og_memory_budget budget;
  OG_TRY(og_budget_find(solve, &budget));
  if (!serves(solve->checkpoints, &budget)) {
    int told = solve->checkpoints && solve->checkpoints->told;
    og_checkpoints_free(solve);
    og_status status = open_slots(solve, &budget);
    if (status != OG_OK) {
      og_checkpoints_free(solve);
      return status;
    }
    solve->checkpoints->told = told;
  }
  solve->checkpoints->budget = budget;
  solve->threads_most = budget.threads;
  solve->lanes_most = budget.lanes;
  solve->taped = budget.taped;
  for (size_t m = 0; m < solve->count; m++) og_checkpoints_restart(solve, m);
  return OG_OK;
}

void og_checkpoints_restart(og_solve *solve, size_t trajectory) {
  const og_memory_budget *budget = &solve->checkpoints->budget;
  og_kept *kept = &solve->checkpoints->kept[trajectory];
  kept->all = budget->keeps_all;
  og_schedule_start(&kept->schedule, budget->placement, og_budget_slots(budget), budget->every,
                    og_known_steps(solve, trajectory));
}

/* ---- While solving ---- */

static og_status grow_marks(og_solve *solve, og_schedule *schedule) {
  if (!og_schedule_needs_mark(schedule)) return OG_OK;
  size_t most = og_budget_slots(&solve->checkpoints->budget);
  size_t growth = og_pages_growth(&schedule->marks, schedule->marks.capacity, sizeof(og_mark), most);
  OG_TRY(og_pages_grow(solve->context, &schedule->marks, sizeof(og_mark), most));
  atomic_fetch_add(&solve->checkpoints->marks_bytes, growth);
  return OG_OK;
}

og_status og_checkpoints_offer(og_solve *solve, size_t trajectory, size_t step, uint32_t *slot) {
  og_checkpoints *c = solve->checkpoints;
  og_schedule *schedule = &c->kept[trajectory].schedule;
  *slot = (uint32_t)step;
  if (c->budget.keeps_all) return step < og_budget_slots(&c->budget) ? OG_OK : OG_ERR_BUDGET;
  OG_TRY(grow_marks(solve, schedule));
  *slot = og_schedule_offer(schedule, step);
  return OG_OK;
}

og_status og_checkpoints_move(og_solve *solve, size_t trajectory, size_t step, size_t at, og_move *move) {
  og_kept *kept = &solve->checkpoints->kept[trajectory];
  if (kept->all) {
    *move =
        (og_move){.kind = at == step ? OG_MOVE_READY : OG_MOVE_RESTORE, .slot = (uint32_t)step, .step = step};
    return OG_OK;
  }
  OG_TRY(grow_marks(solve, &kept->schedule));
  *move = og_schedule_move(&kept->schedule, step, at);
  return OG_OK;
}

/* Slots are taken in order while none is dropped: then as many as there are steps means that slot k holds
 * state k. */
void og_checkpoints_end(og_solve *solve, size_t trajectory, size_t steps) {
  og_kept *kept = &solve->checkpoints->kept[trajectory];
  if (!solve->checkpoints->budget.keeps_all) kept->all = kept->schedule.held == steps;
}

int og_checkpoints_all(const og_solve *solve) {
  for (size_t m = 0; m < solve->count; m++)
    if (!solve->checkpoints->kept[m].all) return 0;
  return 1;
}

/* ---- What it comes to ---- */

size_t og_checkpoints_bytes(const og_solve *solve) {
  const og_checkpoints *c = solve->checkpoints;
  size_t caches = 0;
  for (size_t m = 0; m < solve->count; m++) caches += c->kept[m].cache.room * og_checkpoint_stride(solve);
  size_t tables = og_store_bytes(solve->count, 0, 0, c->budget.file_slots > 0); /* reserved already */
  return c->budget.reserved + og_store_memory(c->store) - tables + caches +
         atomic_load(&((og_checkpoints *)c)->marks_bytes);
}

void og_checkpoints_count(og_solve *solve, size_t more) {
  long long bytes = (long long)(og_checkpoints_bytes(solve) + more);
  if (bytes > atomic_load(&solve->stats[OG_STAT_CHECKPOINT_BYTES]))
    atomic_store(&solve->stats[OG_STAT_CHECKPOINT_BYTES], bytes);
}

static const char *placement_name(const og_memory_budget *budget) {
  static const char *const names[] = {"every", "binomial", "online"};
  return budget->keeps_all ? "all" : names[budget->placement];
}

/* "16 MiB" */
static const char *size_text(size_t bytes, char text[SIZE_TEXT]) {
  static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  double size = (double)bytes;
  size_t unit = 0;
  for (; size >= 1024 && unit + 1 < sizeof units / sizeof *units; unit++) size /= 1024;
  snprintf(text, SIZE_TEXT, "%.*f %s", unit && size < 100 ? 1 : 0, size, units[unit]);
  return text;
}

static void log_choice(const og_solve *solve, size_t held, size_t steps, double cost) {
  const og_checkpoints *c = solve->checkpoints;
  size_t disk = og_store_disk(c->store);
  char memory[SIZE_TEXT], file[SIZE_TEXT], again[64] = "nothing is computed again";
  if (held < steps)
    snprintf(again, sizeof again, "a gradient takes each step %.3g times more", cost / (double)steps);
  og_log(solve->context,
         "checkpoints (%s): the states of %zu of %zu steps in %s, working memory included%s%s%s; %s",
         placement_name(&c->budget), held, steps, size_text(og_checkpoints_bytes(solve), memory),
         disk ? ", and " : "", disk ? size_text(disk, file) : "", disk ? " of disk" : "", again);
}

void og_checkpoints_tell(og_solve *solve) {
  og_checkpoints *c = solve->checkpoints;
  double cost = 0;
  size_t held = 0, steps = 0;
  og_checkpoints_count(solve, 0);
  if (c->told || solve->role) return;
  for (size_t m = 0; m < solve->count; m++) {
    const og_kept *kept = &c->kept[m];
    steps += solve->trajectories[m].steps;
    held += kept->all ? solve->trajectories[m].steps : kept->schedule.held;
    cost += kept->all ? 0 : og_schedule_cost(&kept->schedule, solve->trajectories[m].steps);
  }
  log_choice(solve, held, steps, cost);
  c->told = 1;
}

#endif
