/* Where a trajectory changes its method: the list of changes against a table with one entry a step; and when
 * steps are watched. */
#include "fields.h"
#include "solve/solve.h"
#include "solve/switches.h"

enum { STEPS = 400 };

/* Changes at random steps, some of them at once; up to 60, so that the list grows several times. */
static void changes_are_found_again(void **state) {
  (void)state;
  og_context *context = new_context();
  uint64_t seed = 5;
  for (int draw = 0; draw < 100; draw++) {
    og_switches switches = {0};
    char implicit[STEPS] = {0};
    double often = 0.15 * (draw % 4) / 3;
    size_t count = 0;
    for (size_t k = 0; k < STEPS; k++) {
      implicit[k] = k ? implicit[k - 1] : 0;
      if ((noise(&seed) + 1) / 2 >= often) continue;
      implicit[k] = !implicit[k];
      CHECK(context, og_switches_add(context, &switches, k));
    }
    for (size_t k = 0; k < STEPS; k++) assert_int_equal(og_switches_implicit(&switches, k), implicit[k]);
    for (size_t k = 0; k < STEPS; k++) count += implicit[k] != 0;
    assert_int_equal(og_switches_count(&switches, STEPS), count);
    og_switches_free(context, &switches);
    assert_null(switches.at);
  }
  og_context_destroy(context);
}

static og_status many_changes(og_context *context) {
  og_switches switches = {0};
  og_status status = OG_OK;
  for (size_t k = 0; k < 40 && status == OG_OK; k++) status = og_switches_add(context, &switches, k);
  og_switches_free(context, &switches);
  return status == OG_OK ? status : og_fail_memory(context, 0, "a list of changes"); /* callers tell */
}

static void memory_may_be_missing(void **state) {
  (void)state;
  fail_each_allocation(many_changes);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(changes_are_found_again),
                                     cmocka_unit_test(memory_may_be_missing)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
