#include <string.h>

#include "solve/memory/state_cache.h"
#include "solve/memory/recompute.h"

typedef OG_R(og_recompute) recompute;

/* One step after the other is taken, and all states go by; the last ones stay. */
static void take_steps(recompute *b, const og_trajectory *at, size_t trajectory, og_state_cache_goal goal) {
  og_solve *solve = b->d.solve;
  double sign = at->t1 < at->t0 ? -1 : 1;
  size_t end = at->steps - 1;
  int open = goal.step == OG_NO_STEP; /* the step that holds t has not been left yet */
  if (!open && goal.step + goal.beyond < end) end = goal.step + goal.beyond;
  while (b->there[0]) {
    size_t index = b->at[0];
    og_checkpoint *entry = og_state_cache_push(solve, trajectory, index);
    entry->fraction = b->d.fraction[0];
    memcpy(entry + 1, b->d.x, solve->n * sizeof(real));
    if (open && sign * og_step_time(at, index, entry->fraction) > sign * goal.t) {
      if (index + goal.beyond < end) end = index + goal.beyond;
      open = 0;
    }
    if (index >= end) break;
    OG_R(og_recompute_next)(b);
  }
}

og_status OG_R(og_state_cache_fill)(og_solve *solve, size_t trajectory, uint32_t slot, size_t step,
                                    og_state_cache_goal goal) {
  og_share share = {.lanes = 1, .interrupt = og_interrupt_of(solve->context)};
  recompute *b = og_alloc(solve->context, 1, sizeof *b);
  if (!b) return OG_ERR_MEMORY;
  share.status = OG_R(og_recompute_open)(b, solve, &share);
  if (share.status == OG_OK)
    share.status = OG_R(og_recompute_start)(b, &solve->trajectories[trajectory], slot, step);
  if (share.status == OG_OK) take_steps(b, &solve->trajectories[trajectory], trajectory, goal);
  OG_R(og_recompute_close)(b);
  og_free(solve->context, b);
  return share.status;
}

/* ---- Shared by both precisions ---- */

#if !defined(OG_SINGLE)

static size_t number_of(const og_solve *solve, const og_trajectory *at) {
  return (size_t)(at - solve->trajectories);
}

static og_state_cache *cache_of(const og_solve *solve, const og_trajectory *at) {
  return &solve->checkpoints->kept[number_of(solve, at)].cache;
}

static og_checkpoint *entry_of(const og_solve *solve, const og_state_cache *cache, size_t index) {
  return (og_checkpoint *)(void *)(cache->entries + index % cache->room * og_checkpoint_stride(solve));
}

/* ---- Opening and closing ---- */

void og_state_cache_close(og_solve *solve) {
  for (size_t m = 0; solve->checkpoints && m < solve->count; m++) {
    og_free(solve->context, solve->checkpoints->kept[m].cache.entries);
    solve->checkpoints->kept[m].cache = (og_state_cache){0};
  }
}

/* A trajectory of which all states are kept needs room for the one that is read. */
og_status og_state_cache_open(og_solve *solve) {
  og_checkpoints *c = solve->checkpoints;
  if (!c) return OG_OK;
  atomic_store(&c->cache_status, OG_OK);
  for (size_t m = 0; m < solve->count; m++) {
    size_t steps = solve->trajectories[m].steps, most = c->budget.cache;
    size_t room = c->kept[m].all ? 1 : most < steps ? most : steps;
    c->kept[m].cache.entries = og_alloc(solve->context, room, og_checkpoint_stride(solve));
    if (!c->kept[m].cache.entries)
      return og_fail_memory(solve->context, room * og_checkpoint_stride(solve), "a cache of states");
    c->kept[m].cache.room = room;
  }
  return OG_OK;
}

og_status og_state_cache_status(const og_solve *solve) {
  og_checkpoints *c = solve->checkpoints;
  og_status status = c ? (og_status)atomic_load(&c->cache_status) : OG_OK;
  if (status == OG_OK) return OG_OK;
  if (status == OG_ERR_FILE) return og_store_report(c->store);
  if (status == OG_ERR_MEMORY)
    return og_fail_memory(solve->context, og_checkpoint_stride(solve), "computing steps again");
  return og_fail(
      solve->context, status,
      "steps that were computed again from a checkpoint differ from those of the first pass; give a "
      "right-hand side that depends on t, x and theta alone, or keep the states of all steps (memory = 0)");
}

static void remember(const og_solve *solve, og_status status) {
  int none = OG_OK;
  if (status != OG_OK) atomic_compare_exchange_strong(&solve->checkpoints->cache_status, &none, status);
}

/* ---- Filling ---- */

og_checkpoint *og_state_cache_push(const og_solve *solve, size_t trajectory, size_t index) {
  og_state_cache *cache = &solve->checkpoints->kept[trajectory].cache;
  if (cache->count == 0 || index != cache->first + cache->count) cache->first = index, cache->count = 0;
  if (cache->count < cache->room)
    cache->count++;
  else
    cache->first++;
  return entry_of(solve, cache, index);
}

static double mark_time(const og_solve *solve, const og_trajectory *at, uint32_t slot) {
  double fraction = 0;
  remember(solve,
           og_store_read(solve->checkpoints->store, number_of(solve, at), slot, sizeof fraction, &fraction));
  return og_step_time(at, og_mark_of(&solve->checkpoints->kept[number_of(solve, at)].schedule, slot)->step,
                      fraction);
}

/* From the oldest checkpoint from which all states to `last` have room, or from the one in `slot`. */
static void fill(const og_solve *solve, const og_trajectory *at, uint32_t slot, size_t last,
                 og_state_cache_goal goal) {
  const og_schedule *schedule = &solve->checkpoints->kept[number_of(solve, at)].schedule;
  og_state_cache *cache = cache_of(solve, at);
  for (uint32_t older = og_mark_of(schedule, slot)->older; older != OG_NO_SLOT;
       older = og_mark_of(schedule, older)->older) {
    if (og_mark_of(schedule, older)->step + cache->room <= last) break;
    slot = older;
  }
  cache->count = 0;
  remember(solve, (solve->single ? og_state_cache_fill_s : og_state_cache_fill_d)(
                      (og_solve *)solve, number_of(solve, at), slot, og_mark_of(schedule, slot)->step, goal));
}

static size_t least_of(size_t a, size_t b) { return a < b ? a : b; }

/* The newest checkpoint at or before a step. */
static void fill_to_step(const og_solve *solve, const og_trajectory *at, size_t step) {
  const og_schedule *schedule = &solve->checkpoints->kept[number_of(solve, at)].schedule;
  uint32_t slot = schedule->newest;
  size_t beyond = cache_of(solve, at)->room / 4;
  while (og_mark_of(schedule, slot)->step > step) slot = og_mark_of(schedule, slot)->older;
  fill(solve, at, slot, least_of(step + beyond, at->steps - 1),
       (og_state_cache_goal){.step = step, .beyond = beyond});
}

/* The newest one at or before a time; the step that holds it comes before the checkpoint after that. */
static void fill_to_time(const og_solve *solve, const og_trajectory *at, double t) {
  const og_schedule *schedule = &solve->checkpoints->kept[number_of(solve, at)].schedule;
  uint32_t slot = schedule->newest;
  size_t after = at->steps - 1, beyond = cache_of(solve, at)->room / 4;
  double sign = at->t1 < at->t0 ? -1 : 1;
  while (og_mark_of(schedule, slot)->step > 0 && sign * mark_time(solve, at, slot) > sign * t) {
    after = og_mark_of(schedule, slot)->step;
    slot = og_mark_of(schedule, slot)->older;
  }
  fill(solve, at, slot, least_of(after + beyond, at->steps - 1),
       (og_state_cache_goal){.step = OG_NO_STEP, .beyond = beyond, .t = t});
}

/* ---- Reading ---- */

const og_checkpoint *og_state_cache_read(const og_solve *solve, const og_trajectory *at, size_t index) {
  const og_kept *kept = &solve->checkpoints->kept[number_of(solve, at)];
  og_state_cache *cache = cache_of(solve, at);
  og_checkpoint *entry = entry_of(solve, cache, index);
  if (kept->all)
    remember(solve, og_store_read(solve->checkpoints->store, number_of(solve, at), index,
                                  og_checkpoint_stride(solve), entry));
  else if (index - cache->first >= cache->count)
    fill_to_step(solve, at, index);
  return entry;
}

/* Of a state in the cache. */
static double time_of(const og_solve *solve, const og_trajectory *at, size_t index) {
  return og_step_time(at, index, entry_of(solve, cache_of(solve, at), index)->fraction);
}

/* The last state in the cache that is not after t. */
static size_t search(const og_solve *solve, const og_trajectory *at, double t) {
  const og_state_cache *cache = cache_of(solve, at);
  double sign = at->t1 < at->t0 ? -1 : 1;
  size_t low = cache->first, high = cache->first + cache->count;
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    if (sign * time_of(solve, at, middle) <= sign * t)
      low = middle;
    else
      high = middle;
  }
  return low;
}

/* Whether the step that holds t is in the cache, with the one after it (unless it is the last). */
static int covers(const og_solve *solve, const og_trajectory *at, double t) {
  const og_state_cache *cache = cache_of(solve, at);
  if (cache->count == 0) return 0;
  double sign = at->t1 < at->t0 ? -1 : 1;
  size_t last = cache->first + cache->count - 1;
  double from = time_of(solve, at, cache->first), to = time_of(solve, at, last);
  return (cache->first == 0 || sign * from <= sign * t) && (last == at->steps - 1 || sign * t < sign * to);
}

size_t og_state_cache_find(const og_solve *solve, const og_trajectory *at, double t) {
  if (!covers(solve, at, t)) fill_to_time(solve, at, t);
  return cache_of(solve, at)->count ? search(solve, at, t) : 0;
}

#endif
