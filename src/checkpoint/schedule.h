/* The checkpoint schedule: which states to keep in a limited number of slots, and how to get from those that
 * are kept to the one that is wanted. A pure state machine: it knows steps and slots by number only, calls
 * nothing and allocates nothing.
 *
 * Steps count from 0; "state k" is the state at the start of step k. Going forward, states are offered in
 * order. Then they are wanted from the last to the first, and each gap between checkpoints is reversed with
 * the slots that are free by then, in the optimal way (Griewank & Walther, Algorithm 799, 2000): with s
 * slots, that of the gap's first state included, and no step advanced more than r times, beta(s, r) = C(s +
 * r, s) steps can be reversed; l steps take t(l, s) = r l - C(s + r, s + 1) advances, where beta(s, r - 1) <
 * l <= beta(s, r). Reversing a step evaluates its own stages and is no advance.
 *
 * Placement going forward:
 *  every     state 0, k, 2k, ...; when the slots are full every other one is dropped and k doubles
 *  binomial  the number of steps is known: where the optimal reversal has its checkpoints
 *  online    it is not known: Wang, Moin & Iaccarino (2009), algorithm 1. Each state is kept while there are
 * slots, then in the slot of a dispensable one, that is one with a later one of higher level; when there is
 * none, the state gives its place up to the next, which rises a level. The newest state counts as kept before
 * it is saved, so it needs no slot. No step is advanced more often than in the optimum; the total is within a
 *            few percent of it while r <= 2, and up to half more just beyond, where r rises to 3.
 *
 * The room has two halves that do not know each other: this one decides, store.h keeps bytes. It knows base
 * alone, no solve and no state. Begin here; src/solve/memory is who uses both. */
#ifndef OG_SCHEDULE_H
#define OG_SCHEDULE_H

#include "base/pages.h"

typedef enum og_placement { OG_PLACE_EVERY, OG_PLACE_BINOMIAL, OG_PLACE_ONLINE } og_placement;

#define OG_NO_SLOT UINT32_MAX
#define OG_NO_STEP SIZE_MAX

/* What a slot holds. `older` is the slot of the next older checkpoint, or in the list of free slots the next.
 */
typedef struct og_mark {
  size_t step;
  uint32_t older, level;
} og_mark;

typedef struct og_schedule {
  og_placement placement;
  size_t slots, held;    /* most checkpoints, and their number now */
  size_t every, next;    /* every: k; binomial: the next state to keep */
  size_t steps;          /* binomial: their number */
  size_t dispensable;    /* online: the number of those that are; they stand just before `raised`, */
  uint32_t raised;       /* the newest checkpoint above level 0, or (OG_NO_SLOT) before the coming state */
  uint32_t level;        /* online: of the coming state */
  uint32_t newest, free; /* slots, linked by `older` */
  uint32_t fresh;        /* slots from here on have never been used */
  size_t stop;           /* a state to keep on arrival */
  og_pages marks;        /* the caller grows them: see og_schedule_needs_mark */
} og_schedule;

/* Begins a run with `slots` (1 to 2^32 - 2) slots. `every` >= 1 and `steps` >= 1 count in the placements that
 * have them. Marks stay allocated. */
void og_schedule_start(og_schedule *schedule, og_placement placement, size_t slots, size_t every,
                       size_t steps);
/* Whether the next state that is kept may need a slot without a mark: marks must grow (stride
 * sizeof(og_mark)) first. */
int og_schedule_needs_mark(const og_schedule *schedule);
/* State `step` is at hand for the first time: the slot to save it in, whose content is dropped, or
 * OG_NO_SLOT. State 0 is always kept, and never dropped. */
uint32_t og_schedule_offer(og_schedule *schedule, size_t step);

/* The next move towards having state `step` at hand, when state `at` is (OG_NO_STEP: none is). Checkpoints
 * beyond `step` are let go: states are wanted in falling order. */
enum { OG_MOVE_READY, OG_MOVE_RESTORE, OG_MOVE_ADVANCE, OG_MOVE_SAVE };
typedef struct og_move {
  int kind;
  uint32_t slot; /* restore, save */
  size_t step;   /* restore, advance: the state that is then at hand */
} og_move;
og_move og_schedule_bring(og_schedule *schedule, size_t step, size_t at);
/* The newest checkpoint is not there after all: saving it failed. */
void og_schedule_forget(og_schedule *schedule);

/* Advances that reversing all steps takes from where the checkpoints now are, with nothing at hand. */
double og_schedule_cost(const og_schedule *schedule, size_t steps);
/* t(l, s), and the optimal length of the first piece, 1 <= m < l for l >= 2. */
double og_binomial_cost(size_t steps, size_t slots);
size_t og_binomial_split(size_t steps, size_t slots);

static inline og_mark *og_mark_of(const og_schedule *schedule, uint32_t slot) {
  return og_pages_entry(&schedule->marks, slot, sizeof(og_mark));
}

#endif
