/* Lists of steps that have to be looked at: what was put in comes out from the last to the first, and when
 * there are more runs than the list holds, more steps come out than were put in, never fewer. */
#include <math.h>

#include "counting.h"
#include "solve/ceilings.h"

enum { STEPS = 200 };

/* The steps that og_rests_before names, going back from the end. */
static size_t read_back(const og_rests *rests, unsigned char *named) {
  size_t count = 0, index = STEPS;
  memset(named, 0, STEPS);
  while ((index = og_rests_before(rests, index)) != (size_t)-1) {
    assert_true(index < STEPS && !named[index]);
    named[index] = 1;
    count++;
  }
  return count;
}

static void runs_come_back_as_they_are(void **state) {
  (void)state;
  static const size_t runs[][2] = {{0, 2}, {5, 5}, {9, 14}, {16, 16}, {40, 99}, {120, 121}};
  unsigned char named[STEPS], wanted[STEPS] = {0};
  og_rests rests = {0};
  assert_true(og_rests_before(&rests, STEPS) == (size_t)-1);
  for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) {
    og_rests_add(&rests, runs[i][0], runs[i][1]);
    for (size_t k = runs[i][0]; k <= runs[i][1]; k++) wanted[k] = 1;
  }
  read_back(&rests, named);
  assert_memory_equal(named, wanted, STEPS);
  assert_int_equal(rests.count, 6);
}

/* A second list of the same steps, each given alone, in pairs that overlap, or behind the ones before. */
static void overlaps_are_taken_once(void **state) {
  (void)state;
  unsigned char named[STEPS];
  og_rests rests = {0};
  og_rests_add(&rests, 3, 3);
  og_rests_add(&rests, 3, 4); /* 3 is there */
  og_rests_add(&rests, 0, 5); /* and all before it stay out: a list ascends */
  og_rests_add(&rests, 8, 9);
  assert_int_equal(read_back(&rests, named), 5);
  assert_int_equal(rests.count, 2);
  assert_true(named[3] && named[4] && named[5] && named[8] && named[9]);
}

static void the_last_one_before_a_step(void **state) {
  (void)state;
  og_rests rests = {0};
  og_rests_add(&rests, 2, 4);
  og_rests_add(&rests, 10, 10);
  assert_true(og_rests_before(&rests, 2) == (size_t)-1);
  assert_int_equal(og_rests_before(&rests, 3), 2);
  assert_int_equal(og_rests_before(&rests, 5), 4);
  assert_int_equal(og_rests_before(&rests, 6), 4);
  assert_int_equal(og_rests_before(&rests, 10), 4);
  assert_int_equal(og_rests_before(&rests, 11), 10);
}

/* Ten runs at growing distances: the nearest ones are joined, and what is between them is named as well. */
static void too_many_runs_lose_none(void **state) {
  (void)state;
  unsigned char named[STEPS];
  og_rests rests = {0};
  size_t at = 0, first[10];
  for (size_t i = 0; i < 10; i++, at += i + 1) og_rests_add(&rests, first[i] = at, at);
  assert_int_equal(rests.count, OG_RESTS);
  size_t count = read_back(&rests, named);
  for (size_t i = 0; i < 10; i++) assert_true(named[first[i]]);
  /* runs at 0, 2, 5, 9, ... with gaps of 1, 2, 3, ... steps: the first two gaps are filled */
  assert_int_equal(count, 10 + 1 + 2);
  assert_true(named[1] && named[3] && named[4] && !named[6]);
}

/* 4^-5, 4^-8 and, of a method of order 1, no more than a thousandth. */
static void rest_goes_by_the_order(void **state) {
  (void)state;
  assert_true(fabs(og_rest_error(1.0 / 5) - 0x1p-10) < 1e-15);
  assert_true(fabs(og_rest_error(1.0 / 8) - 0x1p-16) < 1e-18);
  assert_true(og_rest_error(0.5) == 1e-3);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(runs_come_back_as_they_are), cmocka_unit_test(overlaps_are_taken_once),
      cmocka_unit_test(the_last_one_before_a_step), cmocka_unit_test(too_many_runs_lose_none),
      cmocka_unit_test(rest_goes_by_the_order),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
