/* Which windows there are, over generated settings: numbers of rows, lengths of windows, shares held out,
 * rows at which no window may begin. Each list is held against what og_batches_create says of it, window by
 * window. */
#include "fitting.h"
#include "train/batches.h"

enum { TRAJECTORIES_MOST = 5, ROWS_MOST = 9, SETTINGS = 4000 };

typedef struct setting {
  size_t trajectories, rows[TRAJECTORIES_MOST], window;
  int only_first;
  double share;
  unsigned char may_start[TRAJECTORIES_MOST][ROWS_MOST];
} setting;

static size_t draw(og_rng *rng, size_t below) { return (size_t)(og_rng_next(rng) % below); }

static setting draw_setting(og_rng *rng) {
  static const double shares[] = {0, 0.1, 0.25, 0.5, 0.9};
  static const size_t windows[] = {0, 2, 3, 4, 5, 8};
  setting s = {.trajectories = 1 + draw(rng, TRAJECTORIES_MOST),
               .window = windows[draw(rng, 6)],
               .only_first = (int)draw(rng, 2),
               .share = shares[draw(rng, 5)]};
  size_t barred = draw(rng, 4); /* of eight rows */
  for (size_t m = 0; m < TRAJECTORIES_MOST; m++) {
    s.rows[m] = 1 + draw(rng, ROWS_MOST);
    for (size_t row = 0; row < ROWS_MOST; row++) s.may_start[m][row] = draw(rng, 8) >= barred;
  }
  return s;
}

static int may_start(const void *of, size_t trajectory, size_t row) {
  const setting *s = of;
  return s->may_start[trajectory][row];
}

static og_status make(og_context *context, const setting *s, og_batches **out) {
  og_options *options = NULL;
  CHECK(context, og_options_create(context, &options));
  og_options_set_integer(options, OG_OPT_WINDOW, (long long)s->window);
  og_options_set_real(options, OG_OPT_VALIDATION, s->share);
  og_options_set_choice(options, OG_OPT_WINDOW_START, s->only_first ? OG_WINDOW_FIRST : OG_WINDOW_RANDOM);
  og_status status = og_batches_create_where(context, options, s->trajectories, s->rows, may_start, s, out);
  og_options_destroy(options);
  return status;
}

/* Half up; at least one is held out, and one is not. */
static size_t part_of(double share, size_t count) {
  size_t part = 0;
  while ((double)(part + 1) <= share * (double)count + 0.5) part++;
  if (part == 0) part = 1;
  return part < count ? part : count - 1;
}

/* Of one trajectory rows are held out, two at least where there are windows, since each has two. */
static size_t rows_held(const setting *s) {
  size_t least = s->window ? 2 : 1;
  if (s->share == 0 || s->trajectories > 1 || s->rows[0] < 2 * least) return 0;
  size_t held = part_of(s->share, s->rows[0]);
  return held < least ? least : held;
}

static int is_listed_from(const og_window *list, size_t count, size_t m, size_t first, size_t rows,
                          size_t from_start) {
  int times = 0;
  for (size_t i = 0; i < count; i++)
    times += list[i].trajectory == m && list[i].first == first && list[i].count == rows &&
             list[i].from_start == from_start;
  return times;
}

static int is_listed(const og_window *list, size_t count, size_t m, size_t first, size_t rows) {
  return is_listed_from(list, count, m, first, rows, 0);
}

static size_t of_trajectory(const og_window *list, size_t count, size_t m) {
  size_t found = 0;
  for (size_t i = 0; i < count; i++) found += list[i].trajectory == m;
  return found;
}

/* Every window whose rows are trained on and that may begin where it does; or the first of them. */
static void check_training(const setting *s, size_t m, size_t rows, const og_window *list, size_t count) {
  size_t wanted = 0;
  for (size_t first = 0; first + s->window <= rows; first++) {
    if (!s->may_start[m][first] || (s->only_first && wanted)) continue;
    assert_int_equal(is_listed(list, count, m, first, s->window), 1);
    wanted++;
  }
  assert_int_equal(of_trajectory(list, count, m), wanted);
}

/* Side by side from row `from` on, of full length but for the last; between them only rows at which none may
 * begin, and behind the last none of which two are left. */
static size_t check_tiles(const setting *s, size_t m, size_t from, const og_window *list) {
  size_t count = 0, row = from;
  for (; row + 2 <= s->rows[m]; row++) {
    if (!s->may_start[m][row]) continue;
    const og_window *w = &list[count++];
    size_t left = s->rows[m] - row;
    assert_true(w->trajectory == m && w->first == row && w->count == (left < s->window ? left : s->window));
    if (s->only_first) break;
    row += w->count - 1;
  }
  return count;
}

/* A trajectory is trained on or held out as a whole. */
static void check_whole(const setting *s, const og_window *training, size_t trained, const og_window *held,
                        size_t validated) {
  size_t all = 0;
  for (size_t m = 0; m < s->trajectories; m++) {
    int in = is_listed(training, trained, m, 0, 0), out = is_listed(held, validated, m, 0, 0);
    assert_int_equal(in + out, 1);
    all += (size_t)out;
  }
  assert_int_equal(all, s->share > 0 ? part_of(s->share, s->trajectories) : 0);
  assert_int_equal(trained + validated, s->trajectories);
}

/* Which trajectories are held out is the seed's matter; how many is not. */
static void check_windows(const setting *s, const og_window *training, size_t trained, const og_window *held,
                          size_t validated, const unsigned char *is_held) {
  size_t seen = 0, out = 0;
  for (size_t m = 0; m < s->trajectories; m++) {
    out += is_held[m];
    if (is_held[m]) seen += check_tiles(s, m, 0, held + seen);
    check_training(s, m, is_held[m] ? 0 : s->rows[m], training, trained);
  }
  assert_int_equal(out, s->share > 0 ? part_of(s->share, s->trajectories) : 0);
  assert_int_equal(seen, validated);
}

/* One trajectory is cut in two. */
static void check_cut(const setting *s, const og_window *training, size_t trained, const og_window *held,
                      size_t validated) {
  size_t out = rows_held(s), in = s->rows[0] - out;
  if (s->window) {
    check_training(s, 0, in, training, trained);
    assert_int_equal(validated, out ? check_tiles(s, 0, in, held) : 0);
    return;
  }
  assert_int_equal(is_listed_from(training, trained, 0, 0, out ? in : 0, out ? 1 : 0), 1);
  assert_int_equal(trained, 1);
  assert_int_equal(validated, out > 0);
  if (out) assert_int_equal(is_listed_from(held, validated, 0, in, out, 1), 1);
}

/* The split is the shuffle of the seed's stream 0x5452414900000000, and its first trajectories are held out.
 * Pass k is that of the stream behind it by 1 + k. A saved training goes on with another version's windows
 * only while this is so. */
static const uint64_t STREAM = UINT64_C(0x5452414900000000);

static void order_of(uint64_t seed, uint64_t stream, size_t count, size_t *order) {
  og_rng rng;
  og_rng_seed(&rng, seed, stream);
  og_rng_shuffle(&rng, order, count);
}

static void find_held(const setting *s, unsigned char *is_held) {
  size_t order[TRAJECTORIES_MOST];
  order_of(0, STREAM, s->trajectories, order);
  for (size_t i = 0; s->share > 0 && i < part_of(s->share, s->trajectories); i++) is_held[order[i]] = 1;
}

/* What windows there are to train on, and to be held out, by the setting alone. */
static int has_windows(const setting *s, const unsigned char *is_held, int held) {
  for (size_t m = 0; m < s->trajectories; m++) {
    size_t cut = s->trajectories == 1 ? rows_held(s) : 0, from = held && cut ? s->rows[m] - cut : 0;
    size_t to = held ? s->rows[m] : s->rows[m] - cut, least = held ? 2 : s->window;
    if (s->trajectories > 1 ? is_held[m] != held : held && !cut) continue;
    for (size_t row = from; row + least <= to; row++)
      if (s->may_start[m][row]) return 1;
  }
  return 0;
}

static void check_refusal(og_context *context, const setting *s, const unsigned char *is_held) {
  const char *message = og_context_message(context);
  if (strstr(message, "is too little, or leaves too few"))
    assert_true(s->trajectories == 1 && s->share > 0 &&
                (rows_held(s) == 0 || s->rows[0] - rows_held(s) < s->window));
  else if (strstr(message, "no trajectory has the"))
    assert_true(s->window > 0 && !has_windows(s, is_held, 0));
  else if (strstr(message, "no window can begin in what is held out"))
    assert_true(s->window > 0 && has_windows(s, is_held, 0) && !has_windows(s, is_held, 1));
  else
    fail_msg("%s", message);
}

static void lists_are_what_the_options_say(void **state) {
  (void)state;
  og_context *context = new_context();
  og_rng rng;
  size_t refused = 0;
  og_rng_seed(&rng, 7, 0);
  for (int i = 0; i < SETTINGS; i++) {
    setting s = draw_setting(&rng);
    og_batches *b = NULL;
    unsigned char is_held[TRAJECTORIES_MOST] = {0};
    if (s.trajectories > 1) find_held(&s, is_held);
    if (make(context, &s, &b) != OG_OK) {
      check_refusal(context, &s, is_held);
      refused++;
      continue;
    }
    const og_window *training, *held;
    size_t trained = og_batches_training(b, &training), validated = og_batches_validation(b, &held);
    assert_true(trained > 0 && (s.share == 0) == (validated == 0));
    if (s.trajectories == 1)
      check_cut(&s, training, trained, held, validated);
    else if (s.window)
      check_windows(&s, training, trained, held, validated, is_held);
    else
      check_whole(&s, training, trained, held, validated);
    og_batches_destroy(b);
  }
  assert_in_range(refused, SETTINGS / 10, SETTINGS * 6 / 10); /* neither none nor most */
  og_context_destroy(context);
}

/* ---- Orders ---- */

static void orders_are_those_of_their_streams(void **state) {
  (void)state;
  enum { COUNT = 11, PASSES = 4 };
  og_context *context = new_context();
  for (long long seed = 0; seed < 3; seed++) {
    og_options *options = NULL;
    og_batches *b = NULL;
    CHECK(context, og_options_create(context, &options));
    og_options_set_integer(options, OG_OPT_BATCH, 1);
    og_options_set_integer(options, OG_OPT_SEED, seed);
    CHECK(context, og_batches_create(context, options, COUNT, NULL, &b));
    for (uint64_t pass = 0; pass < PASSES; pass++) {
      size_t order[COUNT], count;
      const og_window *now;
      order_of((uint64_t)seed, STREAM + 1 + pass, COUNT, order);
      for (size_t i = 0; i < COUNT; i++) {
        CHECK(context, og_batches_next(b, &count, &now));
        assert_true(count == 1 && now->trajectory == order[i]);
      }
    }
    og_batches_destroy(b);
    og_options_destroy(options);
  }
  og_context_destroy(context);
}

/* ---- Sizes of mini-batches ---- */

/* Every step but an epoch's last has as many windows as asked for; more than there are is all of them, which
 * is said. */
static void batches_have_their_size(void **state) {
  (void)state;
  static const size_t rows[] = {6, 9}; /* windows of 3: 4 and 7 */
  og_context *context = new_context();
  for (long long epoch = 0; epoch <= 13; epoch++)
    for (long long batch = 0; batch <= 14; batch++) {
      og_options *options = NULL;
      og_batches *b = NULL;
      CHECK(context, og_options_create(context, &options));
      og_options_set_integer(options, OG_OPT_WINDOW, 3);
      og_options_set_integer(options, OG_OPT_WINDOWS, epoch);
      og_options_set_integer(options, OG_OPT_BATCH, batch);
      CHECK(context, og_batches_create(context, options, 2, rows, &b));
      size_t all = epoch ? (size_t)epoch : 11, size = batch && (size_t)batch < all ? (size_t)batch : all;
      assert_int_equal(og_batches_per_epoch(b), (all + size - 1) / size);
      for (size_t done = 0; done < 2 * all;) {
        size_t count, left = all - done % all;
        const og_window *now;
        CHECK(context, og_batches_next(b, &count, &now));
        assert_int_equal(count, left < size ? left : size);
        done += count;
      }
      og_batches_destroy(b);
      og_options_destroy(options);
    }
  og_context_destroy(context);
}

static char notes[4096];
static void keep_notes(const char *message, void *user) {
  (void)user;
  snprintf(notes + strlen(notes), sizeof notes - strlen(notes), "%s\n", message);
}

static void more_than_there_are_is_told(void **state) {
  (void)state;
  static const struct {
    size_t trajectories;
    long long batch, window;
    const char *note;
  } cases[] = {{1, 1, 0, ""}, {1, 2, 0, "batch = 2, but there is 1 trajectory to train on"},
               {2, 2, 0, ""}, {2, 3, 0, "batch = 3, but there are 2 trajectories to train on"},
               {2, 8, 3, ""}, {2, 9, 3, "batch = 9, but there are 8 windows to train on"}};
  static const size_t rows[] = {6, 6};
  og_context *context = new_context();
  og_context_set_log(context, keep_notes, NULL);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    og_options *options = NULL;
    og_batches *b = NULL;
    notes[0] = '\0';
    CHECK(context, og_options_create(context, &options));
    og_options_set_integer(options, OG_OPT_WINDOW, cases[i].window);
    og_options_set_integer(options, OG_OPT_BATCH, cases[i].batch);
    CHECK(context, og_batches_create(context, options, cases[i].trajectories, rows, &b));
    assert_contains(notes, cases[i].note);
    if (!*cases[i].note) assert_string_equal(notes, "");
    og_batches_destroy(b);
    og_options_destroy(options);
  }
  og_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lists_are_what_the_options_say), cmocka_unit_test(orders_are_those_of_their_streams),
      cmocka_unit_test(batches_have_their_size), cmocka_unit_test(more_than_there_are_is_told)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
