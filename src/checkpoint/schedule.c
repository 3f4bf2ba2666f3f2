#include "checkpoint/schedule.h"

/* ---- The binomial optimum ---- */

typedef struct repetition {
  size_t r;          /* so that beta(s, r - 1) < l <= beta(s, r) */
  double beta, less; /* beta(s, r) and beta(s, r - 1) */
} repetition;

/* beta(s, r) = beta(s, r - 1) (s + r) / r. Slots beyond one for each step change nothing. */
static repetition repetition_of(size_t steps, size_t slots) {
  double l = (double)steps, s = (double)(slots < steps ? slots : steps);
  repetition at = {0, 1, 0};
  while (at.beta < l) {
    at.r++;
    at.less = at.beta;
    at.beta = at.beta * (s + (double)at.r) / (double)at.r;
  }
  return at;
}

/* C(s + r, s + 1) = beta(s, r) r / (s + 1). */
double og_binomial_cost(size_t steps, size_t slots) {
  double l = (double)steps;
  if (steps < 2) return 0;
  if (slots == 1) return l * (l - 1) / 2;
  double s = (double)(slots < steps ? slots : steps);
  repetition at = repetition_of(steps, slots);
  return (double)at.r * l - at.beta * (double)at.r / (s + 1);
}

/* The first piece is advanced once more and reversed with all slots, so it is at most beta(s, r - 1) long;
 * the rest is reversed with one slot less, and is at least beta(s - 1, r - 1) = beta(s, r - 1) s / (s + r -
 * 1) long. The longest such piece is taken: fewer states are saved on the way. */
size_t og_binomial_split(size_t steps, size_t slots) {
  if (slots == 1) return steps - 1;
  double s = (double)(slots < steps ? slots : steps);
  repetition at = repetition_of(steps, slots);
  double rest = at.less * s / (s + (double)at.r - 1), longest = (double)steps - rest;
  return (size_t)((at.less < longest ? at.less : longest) + 0.5);
}

/* ---- The list of checkpoints ---- */

void og_schedule_start(og_schedule *schedule, og_placement placement, size_t slots, size_t every,
                       size_t steps) {
  *schedule = (og_schedule){.placement = placement,
                            .slots = slots,
                            .every = every,
                            .steps = steps,
                            .raised = OG_NO_SLOT,
                            .newest = OG_NO_SLOT,
                            .free = OG_NO_SLOT,
                            .stop = OG_NO_STEP,
                            .marks = schedule->marks};
}

int og_schedule_needs_mark(const og_schedule *schedule) {
  return schedule->free == OG_NO_SLOT && schedule->fresh < schedule->slots &&
         schedule->fresh >= schedule->marks.capacity;
}

static uint32_t push(og_schedule *schedule, size_t step) {
  uint32_t slot = schedule->free;
  if (slot == OG_NO_SLOT)
    slot = schedule->fresh++;
  else
    schedule->free = og_mark_of(schedule, slot)->older;
  *og_mark_of(schedule, slot) = (og_mark){.step = step, .older = schedule->newest, .level = 0};
  schedule->newest = slot;
  schedule->held++;
  return slot;
}

static void let_go(og_schedule *schedule, uint32_t slot) {
  og_mark_of(schedule, slot)->older = schedule->free;
  schedule->free = slot;
  schedule->held--;
}

/* Drops the checkpoint just older than the one in `slot`. */
static void drop_older(og_schedule *schedule, uint32_t slot) {
  og_mark *mark = og_mark_of(schedule, slot);
  uint32_t dropped = mark->older;
  mark->older = og_mark_of(schedule, dropped)->older;
  let_go(schedule, dropped);
}

void og_schedule_forget(og_schedule *schedule) {
  uint32_t slot = schedule->newest;
  schedule->newest = og_mark_of(schedule, slot)->older;
  let_go(schedule, slot);
}

/* ---- Going forward ---- */

/* Keeps what stands at even multiples of k, and doubles k. */
static void thin_out(og_schedule *schedule) {
  size_t wide = 2 * schedule->every;
  schedule->every = wide;
  while (og_mark_of(schedule, schedule->newest)->step % wide) og_schedule_forget(schedule);
  for (uint32_t slot = schedule->newest; slot != OG_NO_SLOT; slot = og_mark_of(schedule, slot)->older) {
    uint32_t older = og_mark_of(schedule, slot)->older;
    if (older != OG_NO_SLOT && og_mark_of(schedule, older)->step % wide) drop_older(schedule, slot);
  }
}

static uint32_t offer_every(og_schedule *schedule, size_t step) {
  if (step % schedule->every || (step && schedule->slots == 1)) return OG_NO_SLOT;
  if (schedule->held == schedule->slots) thin_out(schedule);
  return step % schedule->every ? OG_NO_SLOT : push(schedule, step);
}

static uint32_t offer_binomial(og_schedule *schedule, size_t step) {
  if (step != schedule->next) return OG_NO_SLOT;
  uint32_t slot = push(schedule, step);
  size_t left = schedule->steps - step, slots = schedule->slots - schedule->held + 1;
  schedule->next = slots == 1 || left < 2 ? OG_NO_STEP : step + og_binomial_split(left, slots);
  return slot;
}

/* State `step` gives its place up to the next one, which rises a level. No checkpoint is dispensable, so
 * levels do not rise from old to new; those at the level of `step` are the newest, and become dispensable. */
static void raise_next(og_schedule *schedule) {
  uint32_t slot = schedule->newest;
  for (; og_mark_of(schedule, slot)->level == schedule->level; slot = og_mark_of(schedule, slot)->older)
    schedule->dispensable++;
  schedule->level++;
  schedule->raised = OG_NO_SLOT;
}

static void drop_dispensable(og_schedule *schedule) {
  if (schedule->raised == OG_NO_SLOT)
    og_schedule_forget(schedule);
  else
    drop_older(schedule, schedule->raised);
  schedule->dispensable--;
}

static uint32_t offer_online(og_schedule *schedule, size_t step) {
  if (step && schedule->slots == 1) return OG_NO_SLOT;
  if (schedule->held == schedule->slots && !schedule->dispensable) {
    raise_next(schedule);
    return OG_NO_SLOT;
  }
  if (schedule->held == schedule->slots) drop_dispensable(schedule);
  uint32_t slot = push(schedule, step);
  og_mark_of(schedule, slot)->level = step ? schedule->level : UINT32_MAX;
  if (schedule->level) schedule->raised = slot;
  schedule->level = 0;
  return slot;
}

uint32_t og_schedule_offer(og_schedule *schedule, size_t step) {
  switch (schedule->placement) {
  case OG_PLACE_EVERY: return offer_every(schedule, step);
  case OG_PLACE_BINOMIAL: return offer_binomial(schedule, step);
  case OG_PLACE_ONLINE: return offer_online(schedule, step);
  }
  return OG_NO_SLOT;
}

/* ---- Going back ---- */

og_move og_schedule_move(og_schedule *schedule, size_t step, size_t at) {
  if (at == step) return (og_move){.kind = OG_MOVE_READY, .step = at};
  while (og_mark_of(schedule, schedule->newest)->step > step) og_schedule_forget(schedule);
  size_t kept = og_mark_of(schedule, schedule->newest)->step;
  if (at != OG_NO_STEP && at == schedule->stop) {
    schedule->stop = OG_NO_STEP;
    return (og_move){.kind = OG_MOVE_SAVE, .slot = push(schedule, at), .step = at};
  }
  if (at != kept) return (og_move){.kind = OG_MOVE_RESTORE, .slot = schedule->newest, .step = kept};
  schedule->stop = at + og_binomial_split(step - at + 1, schedule->slots - schedule->held + 1);
  return (og_move){.kind = OG_MOVE_ADVANCE, .step = schedule->stop};
}

/* When a gap is reversed the checkpoints after it have been let go. */
double og_schedule_cost(const og_schedule *schedule, size_t steps) {
  size_t end = steps, held = schedule->held;
  double cost = 0;
  for (uint32_t slot = schedule->newest; slot != OG_NO_SLOT; slot = og_mark_of(schedule, slot)->older) {
    const og_mark *mark = og_mark_of(schedule, slot);
    cost += og_binomial_cost(end - mark->step, schedule->slots - held + 1);
    end = mark->step;
    held--;
  }
  return cost;
}
