/* Mini-batches: what is in them, that every pass has each window once, that the seed alone decides, and that
 * nothing that is held out is trained on. */
#include <math.h>

#include "fitting.h"

typedef struct setting {
  long long batch, window, windows, seed;
  double validation;
  int only_first;
} setting;

static og_status try_batches(og_context *context, const setting *s, size_t trajectories, const size_t *rows,
                             og_batches **out) {
  og_options *options = NULL;
  *out = NULL;
  OG_TRY(og_options_create(context, &options));
  og_options_set_integer(options, OG_OPT_BATCH, s->batch);
  og_options_set_integer(options, OG_OPT_WINDOW, s->window);
  og_options_set_integer(options, OG_OPT_WINDOWS, s->windows);
  og_options_set_integer(options, OG_OPT_SEED, s->seed);
  og_options_set_real(options, OG_OPT_VALIDATION, s->validation);
  og_options_set_choice(options, OG_OPT_WINDOW_START, s->only_first ? OG_WINDOW_FIRST : OG_WINDOW_RANDOM);
  og_status status = og_batches_create(context, options, trajectories, rows, out);
  og_options_destroy(options);
  return status;
}

static og_batches *make_batches(og_context *context, setting s, size_t trajectories, const size_t *rows) {
  og_batches *batches = NULL;
  CHECK(context, try_batches(context, &s, trajectories, rows, &batches));
  return batches;
}

/* Counts how often each trajectory comes in an epoch; returns its number of windows. */
static size_t count_epoch(og_batches *batches, size_t *seen) {
  size_t count, total = 0;
  const og_window *windows;
  for (size_t i = 0; i < og_batches_per_epoch(batches); i++) {
    assert_int_equal(og_batches_next(batches, &count, &windows), OG_OK);
    for (size_t k = 0; k < count; k++) seen[windows[k].trajectory]++;
    total += count;
  }
  return total;
}

static void every_epoch_has_every_trajectory_once(void **state) {
  (void)state;
  og_context *context = new_context();
  og_batches *batches = make_batches(context, (setting){.batch = 4}, 10, NULL);
  assert_int_equal(og_batches_per_epoch(batches), 3);
  size_t seen[10] = {0}, count;
  const og_window *windows;
  for (size_t epoch = 1; epoch <= 5; epoch++) {
    assert_int_equal(count_epoch(batches, seen), 10);
    for (size_t m = 0; m < 10; m++) assert_int_equal(seen[m], epoch);
  }
  for (int i = 0; i < 3; i++) {
    assert_int_equal(og_batches_next(batches, &count, &windows), OG_OK);
    assert_int_equal(count, i < 2 ? 4 : 2);
    for (size_t k = 0; k < count; k++) assert_true(windows[k].count == 0 && windows[k].first == 0);
  }
  og_batches_destroy(batches);
  og_context_destroy(context);
}

/* The order in which passes 0 to 5 go through 20 trajectories, one at a time. */
static void read_orders(long long seed, size_t orders[6][20]) {
  og_context *context = new_context();
  og_batches *batches = make_batches(context, (setting){.batch = 1, .seed = seed}, 20, NULL);
  for (int pass = 0; pass < 6; pass++)
    for (int i = 0; i < 20; i++) {
      size_t count;
      const og_window *windows;
      CHECK(context, og_batches_next(batches, &count, &windows));
      orders[pass][i] = windows[0].trajectory;
    }
  og_batches_destroy(batches);
  og_context_destroy(context);
}

/* No two of them are alike, nor is one of them unshuffled: by chance that happens once in 20! / 21 trials. */
static void every_pass_has_an_order_of_its_own(void **state) {
  (void)state;
  size_t orders[13][20];
  read_orders(3, orders);
  read_orders(4, orders + 6);
  for (size_t i = 0; i < 20; i++) orders[12][i] = i;
  for (int a = 0; a < 13; a++)
    for (int b = 0; b < a; b++) assert_memory_not_equal(orders[a], orders[b], sizeof orders[a]);
}

static void everything_at_once_keeps_its_order(void **state) {
  (void)state;
  og_context *context = new_context();
  og_batches *batches = make_batches(context, (setting){.batch = 0}, 7, NULL);
  assert_int_equal(og_batches_per_epoch(batches), 1);
  for (int epoch = 0; epoch < 3; epoch++) {
    size_t count;
    const og_window *windows;
    CHECK(context, og_batches_next(batches, &count, &windows));
    assert_int_equal(count, 7);
    for (size_t m = 0; m < 7; m++) assert_int_equal(windows[m].trajectory, m);
  }
  og_batches_destroy(batches);
  og_context_destroy(context);
}

static void windows_are_all_there_are(void **state) {
  (void)state;
  og_context *context = new_context();
  const size_t rows[3] = {5, 2, 4};
  og_batches *batches = make_batches(context, (setting){.batch = 2, .window = 3}, 3, rows);
  const og_window *windows, want[] = {{0, 0, 3, 0}, {0, 1, 3, 0}, {0, 2, 3, 0}, {2, 0, 3, 0}, {2, 1, 3, 0}};
  assert_int_equal(og_batches_training(batches, &windows), 5);
  assert_memory_equal(windows, want, sizeof want);
  og_batches_destroy(batches);
  batches = make_batches(context, (setting){.window = 3, .only_first = 1}, 3, rows);
  assert_int_equal(og_batches_training(batches, &windows), 2);
  assert_true(windows[0].trajectory == 0 && windows[1].trajectory == 2 && windows[1].first == 0);
  og_batches_destroy(batches);
  og_context_destroy(context);
}

/* Epochs of 20 of 991 windows draw without repetition until all had their turn, as the next pass begins
 * within an epoch. */
static void short_epochs_pass_through_all_windows(void **state) {
  (void)state;
  og_context *context = new_context();
  const size_t rows = 1000;
  og_batches *batches = make_batches(context, (setting){.batch = 20, .window = 10, .windows = 20}, 1, &rows);
  unsigned char seen[991] = {0};
  assert_int_equal(og_batches_per_epoch(batches), 1);
  for (size_t drawn = 0; drawn < 3 * 991;) {
    size_t count;
    const og_window *windows;
    CHECK(context, og_batches_next(batches, &count, &windows));
    assert_int_equal(count, 20);
    for (size_t k = 0; k < count; k++, drawn++) {
      assert_int_equal(seen[windows[k].first], drawn / 991);
      seen[windows[k].first]++;
    }
  }
  og_batches_destroy(batches);
  og_context_destroy(context);
}

/* ---- Seed and state ---- */

static void first_windows(setting s, long long from, og_window *out, size_t batches_wanted) {
  og_context *context = new_context();
  const size_t rows[4] = {30, 40, 50, 60};
  og_batches *batches = make_batches(context, s, 4, rows);
  CHECK(context, og_batches_seek(batches, from));
  for (size_t i = 0; i < batches_wanted; i++) {
    size_t count;
    const og_window *windows;
    CHECK(context, og_batches_next(batches, &count, &windows));
    assert_int_equal(count, 8);
    memcpy(out + 8 * i, windows, 8 * sizeof *out);
  }
  assert_int_equal(og_batches_position(batches), from + (long long)batches_wanted);
  og_batches_destroy(batches);
  og_context_destroy(context);
}

static void the_seed_decides_and_the_position_is_the_state(void **state) {
  (void)state;
  setting s = {.batch = 8, .window = 5, .windows = 56, .seed = 3};
  og_window all[100 * 8], again[100 * 8], later[60 * 8];
  first_windows(s, 0, all, 100);
  first_windows(s, 0, again, 100);
  assert_memory_equal(all, again, sizeof all);
  first_windows(s, 40, later, 60); /* in the middle of an epoch and of a pass */
  assert_memory_equal(all + 40 * 8, later, sizeof later);
  s.seed = 4;
  first_windows(s, 0, again, 100);
  assert_memory_not_equal(all, again, sizeof all);
}

/* ---- Validation ---- */

static void trajectories_are_held_out(void **state) {
  (void)state;
  og_context *context = new_context();
  size_t rows[20], seen[20] = {0}, other[20] = {0};
  for (size_t m = 0; m < 20; m++) rows[m] = 7;
  og_batches *batches =
      make_batches(context, (setting){.batch = 3, .window = 3, .validation = 0.25}, 20, rows);
  const og_window *windows;
  count_epoch(batches, seen);
  size_t held = og_batches_validation(batches, &windows), trained = 0;
  assert_int_equal(held, 5 * 2); /* rows 0 to 2 and 3 to 5; one row is left over */
  for (size_t i = 0; i < held; i++) {
    assert_int_equal(seen[windows[i].trajectory], 0);
    assert_true(windows[i].count == 3 && windows[i].first % 3 == 0);
  }
  for (size_t m = 0; m < 20; m++) trained += seen[m] > 0;
  assert_int_equal(trained, 15);
  og_batches_destroy(batches);
  batches = make_batches(context, (setting){.validation = 0.25, .seed = 1}, 20, NULL); /* another split */
  assert_int_equal(og_batches_validation(batches, &windows), 5);
  count_epoch(batches, other);
  size_t moved = 0;
  for (size_t m = 0; m < 20; m++) moved += (seen[m] > 0) != (other[m] > 0);
  assert_true(moved > 0);
  og_batches_destroy(batches);
  og_context_destroy(context);
}

static void the_last_rows_of_one_trajectory_are_held_out(void **state) {
  (void)state;
  og_context *context = new_context();
  const size_t rows = 100;
  og_batches *batches = make_batches(context, (setting){.window = 10, .validation = 0.25}, 1, &rows);
  const og_window *windows, held[] = {{0, 75, 10, 0}, {0, 85, 10, 0}, {0, 95, 5, 0}};
  assert_int_equal(og_batches_training(batches, &windows), 66);
  for (size_t i = 0; i < 66; i++) assert_true(windows[i].first + windows[i].count <= 75);
  assert_int_equal(og_batches_validation(batches, &windows), 3);
  assert_memory_equal(windows, held, sizeof held);
  og_batches_destroy(batches);
  /* without windows: both parts from the model's initial state */
  const og_window before = {0, 0, 75, 1}, behind = {0, 75, 25, 1};
  batches = make_batches(context, (setting){.validation = 0.25}, 1, &rows);
  assert_int_equal(og_batches_training(batches, &windows), 1);
  assert_memory_equal(windows, &before, sizeof before);
  assert_int_equal(og_batches_validation(batches, &windows), 1);
  assert_memory_equal(windows, &behind, sizeof behind);
  og_batches_destroy(batches);
  og_context_destroy(context);
}

/* ---- Refusals ---- */

static void what_cannot_be_is_refused(void **state) {
  (void)state;
  static const struct {
    setting s;
    size_t trajectories, rows;
    og_status status;
    const char *message;
  } rows[] = {{{.window = 1}, 2, 9, OG_ERR_BOUNDS, "two data rows"},
              {{.window = 10}, 2, 9, OG_ERR_DATA, "the longest to train on has 9"},
              {{.window = 8, .validation = 0.5}, 1, 10, OG_ERR_DATA, "0.5 of 10 rows"},
              {{.validation = 0.5}, 1, 1, OG_ERR_DATA, "0.5 of 1 rows"},
              {{.batch = 1}, 0, 0, OG_ERR_ARGUMENT, "one trajectory or more"}};
  og_context *context = new_context();
  og_batches *batches = NULL;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    size_t each[2] = {rows[i].rows, rows[i].rows};
    assert_int_equal(try_batches(context, &rows[i].s, rows[i].trajectories, each, &batches), rows[i].status);
    assert_null(batches);
    assert_contains(og_context_message(context), rows[i].message);
  }
  assert_int_equal(try_batches(context, &(setting){.window = 2}, 2, NULL, &batches), OG_ERR_ARGUMENT);
  batches = make_batches(context, (setting){.batch = 1}, 2, NULL);
  assert_int_equal(og_batches_seek(batches, -1), OG_ERR_ARGUMENT);
  og_batches_destroy(batches);
  og_context_destroy(context);
}

static og_status live(og_context *context) {
  const size_t rows[3] = {5, 6, 7};
  og_batches *batches = NULL;
  og_status status =
      try_batches(context, &(setting){.batch = 2, .window = 3, .validation = 0.3}, 3, rows, &batches);
  og_batches_destroy(batches);
  return status;
}

static void no_memory_is_reported(void **state) {
  (void)state;
  fail_each_allocation(live);
}

/* What a window would have had to be is told, of those that are trained on. */
static void the_longest_is_told(void **state) {
  (void)state;
  og_context *context = new_context();
  og_batches *batches = NULL;
  const size_t rows[4] = {5, 9, 7, 2};
  setting s = {.window = 10};
  assert_int_equal(try_batches(context, &s, 4, rows, &batches), OG_ERR_DATA);
  assert_contains(og_context_message(context), "the longest to train on has 9");
  assert_null(batches);
  /* one of two is held out: the longest of the others */
  const size_t two[2] = {5, 9};
  int seen[2] = {0};
  for (s = (setting){.window = 10, .validation = 0.5}; s.seed < 20; s.seed++) {
    assert_int_equal(try_batches(context, &s, 2, two, &batches), OG_ERR_DATA);
    int nine = strstr(og_context_message(context), "the longest to train on has 9") != NULL;
    if (!nine) assert_contains(og_context_message(context), "the longest to train on has 5");
    seen[nine]++;
  }
  assert_true(seen[0] > 0 && seen[1] > 0);
  og_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_longest_is_told),
                                     cmocka_unit_test(every_epoch_has_every_trajectory_once),
                                     cmocka_unit_test(every_pass_has_an_order_of_its_own),
                                     cmocka_unit_test(everything_at_once_keeps_its_order),
                                     cmocka_unit_test(windows_are_all_there_are),
                                     cmocka_unit_test(short_epochs_pass_through_all_windows),
                                     cmocka_unit_test(the_seed_decides_and_the_position_is_the_state),
                                     cmocka_unit_test(trajectories_are_held_out),
                                     cmocka_unit_test(the_last_rows_of_one_trajectory_are_held_out),
                                     cmocka_unit_test(what_cannot_be_is_refused),
                                     cmocka_unit_test(no_memory_is_reported)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
