/* How wide blocks are, and how many threads there can be. */
#include "counting.h"
#include "sanitized.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "solve/solve.h"

/* Entries of a block are counted by an int, up to the 2^28 states and parameters that are allowed. */
static void indices_fit(void **state) {
  (void)state;
  og_solve *solve = calloc(1, sizeof *solve);
  assert_non_null(solve);
  for (int both = 0; both < 3; both++)
    for (size_t rows = 1; rows <= (size_t)1 << 28; rows = rows * 5 / 4 + 1)
      for (size_t items = 1; items <= 200; items++) {
        solve->n = both != 1 ? rows : 1;
        solve->p = both != 0 ? rows : 0;
        size_t lanes = (size_t)og_lanes_for(solve, items);
        assert_true(lanes * rows <= INT32_MAX);
        assert_true(lanes == 1 || lanes % OG_LANE_STEP == 0);
        if (rows < 1000) assert_true(lanes == (items < 4 ? 1 : items >= 64 ? 64 : OG_PADDED(items)));
      }
  free(solve);
}

static int decay(double t, const double *x, const double *theta, double *f, void *user) {
  (void)t, (void)theta, (void)user;
  f[0] = -x[0];
  return 0;
}

static void solve_with(int threads, double x[128]) {
  og_context *context = new_context();
  og_field *field;
  og_solve *solve;
  assert_int_equal(og_context_set_threads(context, threads), OG_OK);
  assert_int_equal(og_field_create(context, 1, 0, decay, NULL, &field), OG_OK);
  assert_int_equal(og_solve_create(context, field, NULL, 128, &solve), OG_OK);
  for (size_t m = 0; m < 128; m++) {
    double x0 = 1 + (double)m;
    assert_int_equal(og_solve_set_initial_state(solve, m, &x0), OG_OK);
  }
  assert_int_equal(og_solve_run(solve), OG_OK);
  for (size_t m = 0; m < 128; m++) assert_int_equal(og_solve_final(solve, m, &x[m]), OG_OK);
  og_solve_destroy(solve);
  og_field_destroy(field);
  og_context_destroy(context);
}

static size_t address_space(void) {
  unsigned long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file) return 0;
  if (fscanf(file, "%lu", &pages) != 1) pages = 0;
  fclose(file);
  return (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* In a child with room for the stacks of a few threads alone, before OpenMP has made any. */
static void too_few_threads_are_enough(void **state) {
  (void)state;
  if (SANITIZED) skip(); /* they take address space of their own */
  fflush(NULL);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    double few[128], one[128];
    size_t size = address_space() + ((size_t)100 << 20);
    struct rlimit limit = {size, size};
    if (size <= (size_t)100 << 20 || setrlimit(RLIMIT_AS, &limit) != 0) _exit(77);
    solve_with(100, few);
    solve_with(1, one);
    _exit(memcmp(few, one, sizeof one) != 0);
  }
  int outcome = 0;
  assert_int_equal(waitpid(child, &outcome, 0), child);
  assert_true(WIFEXITED(outcome));
  if (WEXITSTATUS(outcome) == 77) skip();
  assert_int_equal(WEXITSTATUS(outcome), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(indices_fit),
                                     cmocka_unit_test(too_few_threads_are_enough)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
