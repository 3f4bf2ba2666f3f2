/* The checkpoint schedule without any ODE: a "state" is the number of its step. Counts of advances are
 * compared with the closed form of Griewank & Walther and with dynamic programming. */
#include "counting.h"

#include "checkpoint/schedule.h"

enum { STEPS_MOST = 120, SLOTS_MOST = 12 };

/* What carries out the schedule: slots that hold the numbers of states, and how often each step was advanced.
 */
typedef struct runner {
  og_context *context;
  og_schedule schedule;
  size_t *slots, *advanced;
  size_t steps, at, advances, repetition;
} runner;

static size_t largest(size_t a, size_t b) { return a > b ? a : b; }

static void runner_open(runner *r, size_t steps, size_t slots) {
  *r = (runner){.context = new_context(), .steps = steps, .at = OG_NO_STEP};
  r->slots = calloc(slots, sizeof *r->slots);
  r->advanced = calloc(steps, sizeof *r->advanced);
}

static void runner_close(runner *r) {
  og_pages_free(r->context, &r->schedule.marks);
  og_context_destroy(r->context);
  free(r->slots);
  free(r->advanced);
}

static void room(runner *r) {
  if (og_schedule_needs_mark(&r->schedule))
    assert_int_equal(og_pages_grow(r->context, &r->schedule.marks, sizeof(og_mark), r->schedule.slots),
                     OG_OK);
}

static void save(runner *r, uint32_t slot) {
  assert_true(slot < r->schedule.slots); /* never more than there are */
  r->slots[slot] = r->at;
}

static void advance(runner *r, size_t to) {
  assert_true(to > r->at && to < r->steps);
  for (; r->at < to; r->at++, r->advances++) r->repetition = largest(r->repetition, ++r->advanced[r->at]);
}

/* The first sweep, to the start of the last step. */
static void forward(runner *r) {
  for (size_t k = 0; k < r->steps; k++) {
    if (k) advance(r, k);
    r->at = k;
    room(r);
    uint32_t slot = og_schedule_offer(&r->schedule, k);
    if (slot != OG_NO_SLOT) save(r, slot);
    assert_in_range(r->schedule.held, 1, r->schedule.slots);
  }
}

static void bring(runner *r, size_t step) {
  for (;;) {
    room(r);
    og_move move = og_schedule_move(&r->schedule, step, r->at);
    assert_in_range(r->schedule.held, 1, r->schedule.slots);
    if (move.kind == OG_MOVE_READY) break;
    if (move.kind == OG_MOVE_RESTORE) {
      assert_true(move.slot < r->schedule.slots);
      r->at = r->slots[move.slot]; /* the slot holds what the schedule says */
      assert_int_equal(r->at, move.step);
    }
    if (move.kind == OG_MOVE_ADVANCE) advance(r, move.step);
    if (move.kind == OG_MOVE_SAVE) save(r, move.slot);
  }
  assert_int_equal(r->at, step);
}

/* Every step is reversed once, from the last; reversing it uses the working state up. */
static void reverse(runner *r) {
  for (size_t k = r->steps; k-- > 0; r->at = OG_NO_STEP) bring(r, k);
}

static size_t advances_of(og_placement placement, size_t steps, size_t slots, size_t *repetition) {
  runner r;
  runner_open(&r, steps, slots);
  og_schedule_start(&r.schedule, placement, slots, 1, steps);
  forward(&r);
  reverse(&r);
  size_t advances = r.advances;
  if (repetition) *repetition = r.repetition;
  runner_close(&r);
  return advances;
}

/* t(l, s) by dynamic programming: advance m, reverse the rest with one slot less, then the first m. */
static size_t optimum[STEPS_MOST + 1][SLOTS_MOST + 1];

static int find_optima(void **state) {
  (void)state;
  for (size_t s = 1; s <= SLOTS_MOST; s++)
    for (size_t l = 1; l <= STEPS_MOST; l++) {
      size_t best = l * (l - 1) / 2;
      for (size_t m = 1; s > 1 && m < l; m++) {
        size_t cost = m + optimum[l - m][s - 1] + optimum[m][s];
        if (cost < best) best = cost;
      }
      optimum[l][s] = best;
    }
  return 0;
}

static void published(void **state) {
  (void)state;
  static const size_t rows[][3] = {{10, 3, 15},    {15, 5, 23},      {100, 5, 316},
                                   {100, 10, 222}, {1000, 10, 3636}, {1000, 20, 2747}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    assert_int_equal(advances_of(OG_PLACE_BINOMIAL, rows[i][0], rows[i][1], NULL), rows[i][2]);
    assert_true(og_binomial_cost(rows[i][0], rows[i][1]) == (double)rows[i][2]);
  }
}

static void binomial(void **state) {
  (void)state;
  for (size_t s = 1; s <= SLOTS_MOST; s++)
    for (size_t l = 1; l <= STEPS_MOST; l++) {
      if (advances_of(OG_PLACE_BINOMIAL, l, s, NULL) != optimum[l][s] ||
          og_binomial_cost(l, s) != (double)optimum[l][s])
        fail_msg("%zu steps, %zu slots: %zu advances, formula %g, optimum %zu", l, s,
                 advances_of(OG_PLACE_BINOMIAL, l, s, NULL), og_binomial_cost(l, s), optimum[l][s]);
    }
}

/* The total stays within 1.35 of the optimum (its worst here is 1.338, at 102 steps and 12 slots, just beyond
 * the 91 that two repetitions reach), and no step is advanced more often than in the optimum. */
static void online(void **state) {
  (void)state;
  for (size_t s = 1; s <= SLOTS_MOST; s++)
    for (size_t l = 1; l <= STEPS_MOST; l++) {
      size_t repetition = 0, least = 0, advances = advances_of(OG_PLACE_ONLINE, l, s, &repetition);
      advances_of(OG_PLACE_BINOMIAL, l, s, &least);
      if (repetition != least || (double)advances > 1.35 * (double)optimum[l][s])
        fail_msg("%zu steps, %zu slots: %zu advances (optimum %zu), repetition %zu (optimum %zu)", l, s,
                 advances, optimum[l][s], repetition, least);
    }
}

/* Checkpoints at multiples of k, where k has doubled until they fit. */
static void every(void **state) {
  (void)state;
  for (size_t s = 1; s <= SLOTS_MOST; s++)
    for (size_t l = 1; l <= STEPS_MOST; l++)
      for (size_t k = 1; k <= 5; k += 2) {
        runner r;
        runner_open(&r, l, s);
        og_schedule_start(&r.schedule, OG_PLACE_EVERY, s, k, l);
        forward(&r);
        size_t wide = k;
        while (s > 1 && (l - 1) / wide + 1 > s) wide *= 2;
        assert_int_equal(r.schedule.held, s == 1 ? 1 : (l - 1) / wide + 1);
        reverse(&r);
        runner_close(&r);
      }
}

/* Without a state at hand the cost foretold is what the reversal takes; and steps can be reversed again, from
 * the first state alone, at the optimal cost. */
static void foretold(void **state) {
  (void)state;
  for (int placement = OG_PLACE_EVERY; placement <= OG_PLACE_ONLINE; placement++)
    for (size_t s = 1; s <= SLOTS_MOST; s++)
      for (size_t l = 1; l <= STEPS_MOST; l += 7) {
        runner r;
        runner_open(&r, l, s);
        og_schedule_start(&r.schedule, (og_placement)placement, s, 3, l);
        forward(&r);
        for (int again = 0; again < 2; again++) {
          double cost = og_schedule_cost(&r.schedule, l);
          r.advances = 0;
          r.at = OG_NO_STEP;
          reverse(&r);
          assert_true(cost == (double)r.advances);
        }
        assert_int_equal(r.advances, optimum[l][s]);
        runner_close(&r);
      }
}

/* A checkpoint whose saving failed is forgotten, and is made again when it is wanted. */
static void forgotten(void **state) {
  (void)state;
  runner r;
  runner_open(&r, 50, 4);
  og_schedule_start(&r.schedule, OG_PLACE_BINOMIAL, 4, 1, 50);
  forward(&r);
  while (r.schedule.held > 1) og_schedule_forget(&r.schedule);
  r.at = OG_NO_STEP;
  reverse(&r);
  runner_close(&r);
}

/* A long run costs constant time a step, and stays near the optimum. */
static void long_run(void **state) {
  (void)state;
  enum { LONG = 1000000, SLOTS = 1000 };
  runner r;
  runner_open(&r, LONG, SLOTS);
  og_schedule_start(&r.schedule, OG_PLACE_ONLINE, SLOTS, 1, 0);
  forward(&r);
  reverse(&r);
  assert_true((double)r.advances <= 1.35 * og_binomial_cost(LONG, SLOTS));
  runner_close(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(published), cmocka_unit_test(binomial), cmocka_unit_test(online),
      cmocka_unit_test(every),     cmocka_unit_test(foretold), cmocka_unit_test(forgotten),
      cmocka_unit_test(long_run),
  };
  return cmocka_run_group_tests(tests, find_optima, NULL);
}
