/* Status codes, context, messages, options, random numbers, numbers as text. */
#include <locale.h>
#include <math.h>

#include "counting.h"

/* ---- Status ---- */

static void status_names_and_numbers(void **state) {
  (void)state;
  assert_string_equal(og_status_name(OG_OK), "OG_OK");
  assert_string_equal(og_status_name(OG_ERR_FILE), "OG_ERR_FILE");
  assert_string_equal(og_status_text(OG_ERR_STIFF), "the problem is stiff and the method explicit");
  assert_string_equal(og_status_name((og_status)1234), "OG_ERR_INTERNAL");
  /* Pinned: programs may store these numbers. */
  assert_int_equal(OG_ERR_BOUNDS, 10);
  assert_int_equal(OG_ERR_NOT_FINITE, 20);
  assert_int_equal(OG_ERR_INTERNAL, 99);
  assert_string_equal(og_version(), "0.1.0");
}

/* ---- Context ---- */

static void context_needs_a_whole_allocator(void **state) {
  (void)state;
  og_context *context = (og_context *)state;
  counter c = {0};
  assert_int_equal(og_context_create(counter_allocate, NULL, &c, &context), OG_ERR_ARGUMENT);
  assert_null(context);
  c.fail_at = 1;
  assert_int_equal(og_context_create(counter_allocate, counter_release, &c, &context), OG_ERR_MEMORY);
  assert_null(context);
  og_context_destroy(NULL);
}

static void memory_is_aligned_and_clear(void **state) {
  (void)state;
  counter c = {0};
  og_context *context;
  assert_int_equal(og_context_create(counter_allocate, counter_release, &c, &context), OG_OK);
  for (size_t size = 0; size < 300; size += 7) {
    unsigned char *block = og_alloc(context, size, 1);
    assert_non_null(block);
    assert_int_equal((uintptr_t)block % 64, 0);
    for (size_t i = 0; i < size; i++) assert_int_equal(block[i], 0);
    og_free(context, block);
  }
  assert_null(og_alloc(context, SIZE_MAX / 2, 3));
  assert_null(og_alloc(context, SIZE_MAX - 8, 1));
  og_free(context, NULL);
  og_context_destroy(context);
  assert_int_equal(c.live, 0);
}

static void resize_keeps_what_fits(void **state) {
  (void)state;
  counter c = {0};
  og_context *context;
  assert_int_equal(og_context_create(counter_allocate, counter_release, &c, &context), OG_OK);
  int *numbers = og_alloc(context, 3, sizeof *numbers);
  for (int i = 0; i < 3; i++) numbers[i] = i + 1;
  numbers = og_resize(context, numbers, 3, 5, sizeof *numbers);
  assert_int_equal(numbers[2], 3);
  assert_int_equal(numbers[4], 0);
  c.fail_at = c.calls + 1;
  assert_null(og_resize(context, numbers, 5, 50, sizeof *numbers));
  assert_int_equal(numbers[0], 1); /* still there */
  numbers = og_resize(context, numbers, 5, 1, sizeof *numbers);
  assert_int_equal(numbers[0], 1);
  og_free(context, numbers);
  og_context_destroy(context);
  assert_int_equal(c.live, 0);
}

static void messages_carry_a_trail(void **state) {
  (void)state;
  og_context *context = new_context();
  assert_string_equal(og_context_message(context), "");
  assert_int_equal(og_fail(context, OG_ERR_SHAPE, "%d rows", 3), OG_ERR_SHAPE);
  assert_int_equal(og_trail(context, OG_ERR_SHAPE, "while reading %s", "x"), OG_ERR_SHAPE);
  assert_string_equal(og_context_message(context), "3 rows\n  while reading x");
  /* The present message may be part of the next. */
  og_fail(context, OG_ERR_DATA, "again: %s", og_context_message(context));
  assert_string_equal(og_context_message(context), "again: 3 rows\n  while reading x");
  char line[1200];
  memset(line, 'y', sizeof line - 1);
  line[sizeof line - 1] = '\0';
  og_fail(context, OG_ERR_DATA, "%s", line);
  assert_string_equal(og_context_message(context), line);
  og_trail(context, OG_ERR_DATA, "%s", line);
  assert_true(strlen(og_context_message(context)) >
              strlen(line) + 500); /* the trail's line is cut, not lost */
  og_context_destroy(context);
}

static void messages_survive_without_memory(void **state) {
  (void)state;
  counter c = {0};
  og_context *context;
  assert_int_equal(og_context_create(counter_allocate, counter_release, &c, &context), OG_OK);
  c.fail_at = c.calls + 1;
  og_fail_memory(context, 4096, "a Jacobian");
  assert_contains(og_context_message(context), "4096 bytes for a Jacobian");
  char line[2000];
  memset(line, 'z', sizeof line - 1);
  line[sizeof line - 1] = '\0';
  c.fail_at = c.calls + 1;
  og_fail(context, OG_ERR_DATA, "%s", line);
  assert_int_equal(strlen(og_context_message(context)), 511);
  c.fail_at = c.calls + 1;
  og_trail(context, OG_ERR_DATA, "while full");
  assert_int_equal(og_context_message(context)[510], 'z');
  og_context_destroy(context);
  assert_int_equal(c.live, 0);
}

static void keep_line(const char *line, void *user) { snprintf(user, 64, "%s", line); }

static void log_lines_reach_the_sink(void **state) {
  (void)state;
  og_context *context = new_context();
  char kept[64] = "";
  og_log(context, "dropped");
  og_context_set_log(context, keep_line, kept);
  og_log(context, "step %d\nsmall", 7);
  assert_string_equal(kept, "step 7 small");
  og_context_destroy(context);
}

static void threads_have_bounds(void **state) {
  (void)state;
  og_context *context = new_context();
  assert_int_equal(og_context_threads(context), 1);
  assert_int_equal(og_context_set_threads(context, 1024), OG_OK);
  assert_int_equal(og_context_set_threads(context, 0), OG_ERR_BOUNDS);
  assert_int_equal(og_context_set_threads(context, 1025), OG_ERR_BOUNDS);
  assert_contains(og_context_message(context), "1025");
  assert_int_equal(og_context_threads(context), 1024);
  og_context_destroy(context);
}

/* ---- Options ---- */

static void every_option_is_described_and_starts_at_its_default(void **state) {
  (void)state;
  og_context *context = new_context();
  og_options *options;
  assert_int_equal(og_options_create(context, &options), OG_OK);
  for (int i = 0; i < (int)og_option_count(); i++) {
    const og_option_info *row = og_option_describe((og_option)i);
    assert_non_null(row->name);
    assert_true(strlen(row->help) > 8);
    assert_true(row->lowest <= row->fallback && row->fallback <= row->highest);
    assert_int_equal(row->type == OG_TYPE_CHOICE, row->choices != NULL);
    assert_true(og_options_real(options, (og_option)i) == row->fallback);
  }
  assert_null(og_option_describe(og_option_count()));
  assert_null(og_option_describe((og_option)-1));
  assert_string_equal(og_options_choice_name(options, OG_OPT_METHOD), "auto");
  assert_string_equal(og_options_choice_name(options, OG_OPT_RTOL), "");
  assert_int_equal(og_options_integer(options, OG_OPT_MAX_STEPS), 100000);
  og_options_destroy(options);
  og_context_destroy(context);
}

static void bounds_hold_for_every_option(void **state) {
  (void)state;
  og_context *context = new_context();
  og_options *options;
  assert_int_equal(og_options_create(context, &options), OG_OK);
  for (int i = 0; i < (int)og_option_count(); i++) {
    og_option option = (og_option)i;
    const og_option_info *row = og_option_describe(option);
    og_status at, beyond;
    if (row->type == OG_TYPE_TEXT) {
      assert_int_equal(og_options_set_integer(options, option, 1), OG_ERR_ARGUMENT);
      assert_int_equal(og_options_set_real(options, option, 1), OG_ERR_ARGUMENT);
      continue;
    }
    if (row->type == OG_TYPE_REAL) {
      at = og_options_set_real(options, option, row->highest);
      beyond = og_options_set_real(options, option, row->highest * 1.001);
      assert_int_equal(og_options_set_real(options, option, NAN), OG_ERR_BOUNDS);
      assert_int_equal(og_options_set_real(options, option, -INFINITY), OG_ERR_BOUNDS);
      assert_int_equal(og_options_set_integer(options, option, 1), OG_ERR_ARGUMENT);
    } else if (row->type == OG_TYPE_CHOICE) {
      at = og_options_set_choice(options, option, (int)row->highest);
      beyond = og_options_set_choice(options, option, (int)row->highest + 1);
      assert_int_equal(og_options_set_choice(options, option, -1), OG_ERR_BOUNDS);
    } else {
      at = og_options_set_integer(options, option, (long long)row->highest);
      beyond = og_options_set_integer(options, option, (long long)row->highest + 1);
      assert_int_equal(og_options_set_real(options, option, 1), OG_ERR_ARGUMENT);
    }
    assert_int_equal(at, OG_OK);
    assert_true(beyond != OG_OK);
    assert_contains(og_context_message(context), row->name);
    assert_true(og_options_real(options, option) == row->highest); /* a refusal changes nothing */
  }
  og_options_destroy(options);
  og_context_destroy(context);
}

/* Text options hold any text; copies have their own. */
static void text_options(void **state) {
  (void)state;
  og_context *context = new_context();
  og_options *options, *copy;
  assert_int_equal(og_options_create(context, &options), OG_OK);
  assert_string_equal(og_options_text(options, OG_OPT_CHECKPOINT_DIR), "");
  assert_string_equal(og_options_text(options, OG_OPT_METHOD), "");
  assert_int_equal(og_options_set_text(options, "checkpoint-dir", "/tmp/some where"), OG_OK);
  assert_int_equal(og_options_copy(context, options, &copy), OG_OK);
  assert_int_equal(og_options_set_text(options, "checkpoint-dir", "/var"), OG_OK);
  assert_string_equal(og_options_text(options, OG_OPT_CHECKPOINT_DIR), "/var");
  og_options_destroy(options);
  assert_string_equal(og_options_text(copy, OG_OPT_CHECKPOINT_DIR), "/tmp/some where");
  og_options_destroy(copy);
  og_context_destroy(context);
}

static og_status live_with_text(og_context *context) {
  og_options *options = NULL, *copy = NULL;
  OG_TRY(og_options_create(context, &options));
  og_status status = og_options_set_text(options, "checkpoint-dir", "/tmp");
  if (status == OG_OK) status = og_options_copy(context, options, &copy);
  og_options_destroy(copy);
  og_options_destroy(options);
  return status;
}

static void texts_without_memory(void **state) {
  (void)state;
  fail_each_allocation(live_with_text);
}

static void assert_text(og_options *options, const char *name, const char *text, og_status status,
                        const char *message) {
  og_status got = og_options_set_text(options, name, text);
  if (got != status) fail_msg("%s = %s: %s", name, text, og_status_name(got));
  if (message) assert_contains(og_context_message(og_options_context(options)), message);
}

static void options_are_read_from_text(void **state) {
  (void)state;
  og_context *context = new_context();
  og_options *options;
  assert_int_equal(og_options_create(context, &options), OG_OK);
  assert_text(options, "rtol", "1e-8", OG_OK, NULL);
  assert_true(og_options_real(options, OG_OPT_RTOL) == 1e-8);
  assert_text(options, "rtol", "1e-8x", OG_ERR_ARGUMENT, "option rtol is \"1e-8x\"");
  assert_text(options, "rtol", "nan", OG_ERR_ARGUMENT, "number");
  assert_text(options, "rtol", "", OG_ERR_ARGUMENT, "number");
  assert_text(options, "rtol", "2", OG_ERR_BOUNDS, "option rtol is 2; it must be from 0 to 1");
  assert_true(og_options_real(options, OG_OPT_RTOL) == 1e-8);
  assert_text(options, "max-steps", "1e6", OG_OK, NULL);
  assert_int_equal(og_options_integer(options, OG_OPT_MAX_STEPS), 1000000);
  assert_text(options, "max-steps", "2.5", OG_ERR_ARGUMENT, "whole number");
  assert_text(options, "max-steps", "1e300", OG_ERR_BOUNDS,
              "option max-steps is 1e300; it must be from 1 to");
  assert_text(options, "method", "dop853", OG_OK, NULL);
  assert_int_equal(og_options_integer(options, OG_OPT_METHOD), OG_METHOD_DOP853);
  assert_string_equal(og_options_choice_name(options, OG_OPT_METHOD), "dop853");
  assert_text(options, "method", "tist5", OG_ERR_NAME, "did you mean tsit5?");
  assert_text(options, "adjoint", "reverse", OG_ERR_NAME,
              "discrete|backsolve|interpolate|quadrature|forward");
  assert_text(options, "memory", "18014398509481985", OG_ERR_BOUNDS, "option memory is 18014398509481985;");
  assert_text(options, "memory", "20000TB", OG_ERR_BOUNDS, "option memory is 20000TB;");
  assert_text(options, "memory", "-1kB", OG_ERR_BOUNDS, "option memory is -1kB;");
  assert_text(options, "memory", "8192TiB", OG_OK, NULL); /* 2^53: the bound itself */
  assert_int_equal(og_options_integer(options, OG_OPT_MEMORY), 1LL << 53);
  assert_text(options, "mehtod", "rk4", OG_ERR_NAME, "did you mean method?");
  assert_text(options, "zzz", "1", OG_ERR_NAME, "unknown option zzz");
  og_options_destroy(options);
  og_context_destroy(context);
}

static void choice_words_follow_the_enums(void **state) {
  (void)state;
  og_context *context = new_context();
  og_options *options;
  assert_int_equal(og_options_create(context, &options), OG_OK);
  static const struct {
    const char *option, *word;
    og_option number;
    int value;
  } rows[] = {
      {"method", "euler", OG_OPT_METHOD, OG_METHOD_EULER},
      {"method", "midpoint", OG_OPT_METHOD, OG_METHOD_MIDPOINT},
      {"method", "heun", OG_OPT_METHOD, OG_METHOD_HEUN},
      {"method", "rk4", OG_OPT_METHOD, OG_METHOD_RK4},
      {"method", "bs32", OG_OPT_METHOD, OG_METHOD_BS32},
      {"method", "dopri5", OG_OPT_METHOD, OG_METHOD_DOPRI5},
      {"method", "tsit5", OG_OPT_METHOD, OG_METHOD_TSIT5},
      {"method", "dop853", OG_OPT_METHOD, OG_METHOD_DOP853},
      {"adjoint", "discrete", OG_OPT_ADJOINT, OG_ADJOINT_DISCRETE},
      {"adjoint", "backsolve", OG_OPT_ADJOINT, OG_ADJOINT_BACKSOLVE},
      {"adjoint", "interpolate", OG_OPT_ADJOINT, OG_ADJOINT_INTERPOLATE},
      {"adjoint", "quadrature", OG_OPT_ADJOINT, OG_ADJOINT_QUADRATURE},
      {"adjoint", "forward", OG_OPT_ADJOINT, OG_ADJOINT_FORWARD},
      {"adjoint-norm", "full", OG_OPT_ADJOINT_NORM, OG_NORM_FULL},
      {"precision", "double", OG_OPT_PRECISION, OG_PRECISION_DOUBLE},
      {"precision", "single", OG_OPT_PRECISION, OG_PRECISION_SINGLE},
      {"optimizer", "lbfgs", OG_OPT_OPTIMIZER, OG_OPTIMIZER_LBFGS},
      {"optimizer", "slsqp", OG_OPT_OPTIMIZER, OG_OPTIMIZER_SLSQP},
      {"optimizer", "gradient", OG_OPT_OPTIMIZER, OG_OPTIMIZER_GRADIENT},
      {"optimizer", "adam", OG_OPT_OPTIMIZER, OG_OPTIMIZER_ADAM},
      {"optimizer", "sgd", OG_OPT_OPTIMIZER, OG_OPTIMIZER_SGD},
      {"optimizer", "rmsprop", OG_OPT_OPTIMIZER, OG_OPTIMIZER_RMSPROP},
      {"optimizer", "adamw", OG_OPT_OPTIMIZER, OG_OPTIMIZER_ADAMW},
      {"optimizer", "adabelief", OG_OPT_OPTIMIZER, OG_OPTIMIZER_ADABELIEF},
      {"lr-schedule", "constant", OG_OPT_LR_SCHEDULE, OG_LR_CONSTANT},
      {"lr-schedule", "cosine", OG_OPT_LR_SCHEDULE, OG_LR_COSINE},
      {"lr-schedule", "step", OG_OPT_LR_SCHEDULE, OG_LR_STEP},
      {"window-start", "random", OG_OPT_WINDOW_START, OG_WINDOW_RANDOM},
      {"window-start", "first", OG_OPT_WINDOW_START, OG_WINDOW_FIRST},
      {"reduction", "mean", OG_OPT_REDUCTION, OG_REDUCTION_MEAN},
      {"reduction", "sum", OG_OPT_REDUCTION, OG_REDUCTION_SUM},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    assert_text(options, rows[i].option, rows[i].word, OG_OK, NULL);
    assert_int_equal(og_options_integer(options, rows[i].number), rows[i].value);
    assert_string_equal(og_options_choice_name(options, rows[i].number), rows[i].word);
  }
  og_options_destroy(options);
  og_context_destroy(context);
}

static void sizes_have_units(void **state) {
  (void)state;
  og_context *context = new_context();
  og_options *options;
  assert_int_equal(og_options_create(context, &options), OG_OK);
  static const struct {
    const char *text;
    long long bytes;
  } rows[] = {
      {"1000", 1000},      {"64MiB", 64LL << 20},
      {"1GiB", 1LL << 30}, {"10kB", 10000},
      {"2 KiB", 2048},     {"0", 0},
      {"1.5MB", 1500000},  {"3B", 3},
      {"1TiB", 1LL << 40}, {"1KiB", 1024},
      {"2GB", 2000000000}, {"1TB", 1000000000000},
      {"7kib", 7168},      {"1.0009765625KiB", 1025},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    assert_text(options, "memory", rows[i].text, OG_OK, NULL);
    assert_int_equal(og_options_integer(options, OG_OPT_MEMORY), rows[i].bytes);
  }
  assert_text(options, "memory", "64Mi", OG_ERR_ARGUMENT, "64MiB");
  assert_text(options, "memory", "MiB", OG_ERR_ARGUMENT, "size");
  assert_text(options, "memory", "-1", OG_ERR_BOUNDS, "memory");
  assert_text(options, "memory", "1e30TiB", OG_ERR_BOUNDS, "memory");
  og_options_destroy(options);
  og_context_destroy(context);
}

static og_status use_options(og_context *context) {
  og_options *options = NULL, *copy = NULL;
  og_status status = og_options_create(context, &options);
  if (status == OG_OK) {
    og_options_set_integer(options, OG_OPT_STEPS, 5);
    status = og_options_copy(context, options, &copy);
  }
  if (status == OG_OK) assert_int_equal(og_options_integer(copy, OG_OPT_STEPS), 5);
  og_options_destroy(options);
  og_options_destroy(copy);
  return status;
}

/* Tolerances of single states are put behind those that were given before; one that is wrong changes nothing.
 */
static void tolerances_of_states(void **state) {
  (void)state;
  static const char longest[] = "a_state_with_a_long_name=1e-12";
  og_context *context = new_context();
  og_options *options;
  assert_int_equal(og_options_create(context, &options), OG_OK);
  assert_text(options, "atol", "x=1e-3", OG_OK, NULL);
  assert_string_equal(og_options_text(options, OG_OPT_ATOL), "x=1e-3");
  assert_text(options, "atol", "y=1e300,z=1e-300", OG_OK, NULL); /* the bounds themselves */
  assert_text(options, "atol", longest, OG_OK, NULL);
  static const char *const wrong[] = {"=1",      "x=",     "x=1,",    ",x=1", "x=1,,y=2",
                                      "x=1;y=2", "x=tiny", "x=1e-3y", "x=1,y"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_text(options, "atol", wrong[i], OG_ERR_ARGUMENT, "x=1e-12,y=1e-9");
  assert_text(options, "atol", "x", OG_ERR_ARGUMENT, "a number such as 1e-8");
  assert_text(options, "atol", "x=-1", OG_ERR_BOUNDS, "option atol is x=-1;");
  assert_text(options, "atol", "x=1,y=1e999", OG_ERR_BOUNDS,
              "option atol is y=1e999; it must be from 1e-300 to 1e+300");
  assert_string_equal(og_options_text(options, OG_OPT_ATOL),
                      "x=1e-3,y=1e300,z=1e-300,a_state_with_a_long_name=1e-12");
  assert_text(options, "atol", "1e-5", OG_OK, NULL); /* that of all others */
  assert_true(og_options_real(options, OG_OPT_ATOL) == 1e-5);
  assert_string_equal(og_options_text(options, OG_OPT_ATOL),
                      "x=1e-3,y=1e300,z=1e-300,a_state_with_a_long_name=1e-12");
  og_options_destroy(options);
  og_context_destroy(context);
}

static void options_survive_every_failing_allocation(void **state) {
  (void)state;
  fail_each_allocation(use_options);
}

/* ---- Names, numbers, files ---- */

static void nearest_names(void **state) {
  (void)state;
  const char *const names[] = {"alpha", "beta", "gamma", "max-steps", "x"};
  assert_string_equal(og_nearest("alpah", names, 5), "alpha");
  assert_string_equal(og_nearest("ALPHA", names, 5), "alpha");
  assert_string_equal(og_nearest("max-step", names, 5), "max-steps");
  assert_string_equal(og_nearest("maxsteps", names, 5), "max-steps");
  assert_null(og_nearest("delta", names, 5)); /* two letters from beta: another word */
  assert_null(og_nearest("y", names, 5));
  assert_null(og_nearest("", names, 5));
  assert_null(og_nearest("x", names, 0));
}

/* One letter of a short name may be wrong, of a longer one a third of them, but not all of what is found. */
static void distant_names_are_not_suggested(void **state) {
  (void)state;
  static const char *const names[] = {"rtol", "atol", "memory", "to", "y", "checkpoint-dir"};
  static const struct {
    const char *word, *found;
  } rows[] = {{"rtol", "rtol"},
              {"rtoll", "rtol"},
              {"tol", "rtol"},
              {"atool", "atol"},
              {"rotl", "rtol"},
              {"meomory", "memory"},
              {"RTOL", "rtol"},
              {"mmeery", "memory"},
              {"mmxxry", NULL},
              {"mxxxxy", NULL},
              {"atoo", "atol"},
              {"atxx", NULL},
              {"tp", "to"},
              {"t", NULL},
              {"me", NULL},
              {"x", NULL},
              {"xy", NULL},
              {"chekpont-di", "checkpoint-dir"},
              {"y-name-of-over-sixty-three-letters-is-no-misspelt-name-of-anything", NULL},
              {"checkpxxxx-dir", "checkpoint-dir"},
              {"checkxxxxx-dir", NULL}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const char *found = og_nearest(rows[i].word, names, sizeof names / sizeof *names);
    if (rows[i].found ? !found || strcmp(found, rows[i].found) != 0 : found != NULL)
      fail_msg("%s: %s", rows[i].word, found ? found : "none");
  }
}

static void numbers_read_back(void **state) {
  (void)state;
  og_rng rng;
  og_rng_seed(&rng, 1, 0);
  for (int i = 0; i < 20000; i++) {
    uint64_t bits = og_rng_next(&rng);
    double value, back;
    char text[OG_NUMBER_SIZE];
    memcpy(&value, &bits, sizeof value);
    if (!isfinite(value)) continue;
    og_format_real(value, text);
    assert_int_equal(og_parse_real(text, strlen(text), &back), strlen(text));
    assert_memory_equal(&value, &back, sizeof value);
  }
  char text[OG_NUMBER_SIZE];
  og_format_real(0.1, text);
  assert_string_equal(text, "0.1");
  og_format_real(-INFINITY, text);
  assert_string_equal(text, "-inf");
}

static void number_syntax(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t used;
    double value;
  } rows[] = {
      {"1.5e-3", 6, 1.5e-3}, {"1.", 2, 1},  {".5", 2, 0.5},         {"+2", 2, 2},
      {"-0", 2, -0.0},       {"1e", 1, 1},  {"1e+", 1, 1},          {"0x10", 1, 0},
      {"1,5", 1, 1},         {"2:3", 1, 2}, {"1e999", 5, INFINITY},
  };
  double value;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    assert_int_equal(og_parse_real(rows[i].text, strlen(rows[i].text), &value), rows[i].used);
    assert_true(value == rows[i].value);
  }
  static const char *const none[] = {"", "inf", "nan", ".", "-", "e5", " 1", ".e1"};
  for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
    assert_int_equal(og_parse_real(none[i], strlen(none[i]), &value), 0);
  assert_int_equal(og_parse_real("123456", 3, &value), 3);
  assert_true(value == 123);
}

/* A program that embeds the library may have set a locale with a decimal comma. */
static void numbers_ignore_the_locale(void **state) {
  (void)state;
  if (!setlocale(LC_NUMERIC, "de_DE.UTF-8") && !setlocale(LC_NUMERIC, "fr_FR.UTF-8")) skip();
  double value;
  char text[OG_NUMBER_SIZE];
  size_t used = og_parse_real("2.5", 3, &value);
  og_format_real(0.25, text);
  setlocale(LC_NUMERIC, "C");
  assert_int_equal(used, 3);
  assert_true(value == 2.5);
  assert_string_equal(text, "0.25");
}

static og_status read_this_file(og_context *context) {
  char *text;
  size_t length;
  og_status status = og_read_file(context, __FILE__, &text, &length);
  if (status == OG_OK) assert_int_equal(strlen(text), length);
  og_free(context, text);
  return status;
}

static void endless_devices_are_refused(void **state) {
  (void)state;
  char *text;
  size_t length;
  og_context *context = new_context();
  og_table *table;
  og_model *model;
  assert_int_equal(og_read_file(context, "/dev/zero", &text, &length), OG_ERR_DATA);
  assert_null(text);
  assert_contains(og_context_message(context), "/dev/zero: it begins with NUL bytes");
  assert_int_equal(og_table_create_from_csv(context, "/dev/zero", &table), OG_ERR_DATA);
  assert_int_equal(og_model_create_from_file(context, "/dev/zero", &model), OG_ERR_DATA);
  og_context_destroy(context);
}

static void files_are_read_or_refused(void **state) {
  (void)state;
  FILE *here = fopen(__FILE__, "rb");
  if (!here) skip();
  fclose(here);
  fail_each_allocation(read_this_file);
  og_context *context = new_context();
  char *text;
  size_t length;
  assert_int_equal(og_read_file(context, "/nowhere/x.csv", &text, &length), OG_ERR_FILE);
  assert_string_equal(og_context_message(context), "cannot read /nowhere/x.csv: No such file or directory");
  assert_null(text);
  assert_int_equal(og_read_file(context, "/", &text, &length), OG_ERR_FILE);
  assert_contains(og_context_message(context), "directory");
  og_context_destroy(context);
}

/* ---- Random numbers ---- */

static void xoshiro_gives_the_published_numbers(void **state) {
  (void)state;
  /* First outputs of the authors' C program from the state (1, 2, 3, 4). */
  static const uint64_t expected[] = {UINT64_C(11520),
                                      0,
                                      UINT64_C(1509978240),
                                      UINT64_C(1215971899390074240),
                                      UINT64_C(1216172134540287360),
                                      UINT64_C(607988272756665600),
                                      UINT64_C(16172922978634559625),
                                      UINT64_C(8476171486693032832)};
  og_rng rng = {{1, 2, 3, 4}};
  for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
    assert_true(og_rng_next(&rng) == expected[i]);
}

static void streams_differ_and_repeat(void **state) {
  (void)state;
  og_rng a, b, c, d;
  og_rng_seed(&a, 7, 0);
  og_rng_seed(&b, 7, 0);
  og_rng_seed(&c, 7, 1);
  og_rng_seed(&d, 8, 0);
  for (int i = 0; i < 100; i++) {
    uint64_t x = og_rng_next(&a);
    assert_true(x == og_rng_next(&b));
    assert_true(x != og_rng_next(&c));
    assert_true(x != og_rng_next(&d));
  }
}

/* Moments of N draws lie within six standard errors: 1/sqrt(12 N) for the uniform mean; 1, 2, 15, 96 over N
 * are the variances of the sample mean of z, z^2 - 1, z^3 and z^4 - 3 of a standard normal. */
static void draws_have_the_right_moments(void **state) {
  (void)state;
  enum { N = 400000 };
  og_rng rng;
  og_rng_seed(&rng, 2024, 3);
  double uniform = 0, m[5] = {0};
  for (int i = 0; i < N; i++) {
    double u = og_rng_uniform(&rng), z = og_rng_normal(&rng), power = 1;
    assert_true(u >= 0 && u < 1);
    uniform += u / N;
    for (int k = 1; k <= 4; k++) m[k] += (power *= z) / N;
  }
  assert_true(fabs(uniform - 0.5) < 6 / sqrt(12.0 * N));
  assert_true(fabs(m[1]) < 6 * sqrt(1.0 / N));
  assert_true(fabs(m[2] - 1) < 6 * sqrt(2.0 / N));
  assert_true(fabs(m[3]) < 6 * sqrt(15.0 / N));
  assert_true(fabs(m[4] - 3) < 6 * sqrt(96.0 / N));
}

/* ---- Text for terminals ---- */

static void text_for_terminals(void **state) {
  (void)state;
  static const struct {
    const char *raw, *shown;
  } rows[] = {
      {"", ""},
      {"plain\n\ttext", "plain\n\ttext"},
      {"\xc3\xa4\xe2\x82\xac\xf0\x9d\x84\x9e", "\xc3\xa4\xe2\x82\xac\xf0\x9d\x84\x9e"},
      {"\x1b[31mred\x07\r", "\xe2\x90\x9b[31mred\xe2\x90\x87\xe2\x90\x8d"},
      {"a\x7f"
       "b",
       "a\xe2\x90\xa1"
       "b"},
      {"\xc2\x9b"
       "31m",
       "\xef\xbf\xbd"
       "31m"}, /* CSI in one character */
      {"\x9b"
       "31m\xff\xc3",
       "\xef\xbf\xbd"
       "31m\xef\xbf\xbd\xef\xbf\xbd"}, /* in one byte; bytes that are no UTF-8 */
      {"\xc0\x9b\xe0\x80\x9b",
       "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"}, /* overlong ESC */
      {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},         /* a surrogate */
      {"a\xe2\x80\xae"
       "b\xe2\x81\xa6",
       "a\xef\xbf\xbd"
       "b\xef\xbf\xbd"}, /* from right to left */
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char out[64];
    size_t length = strlen(rows[i].shown);
    assert_int_equal(og_printable(rows[i].raw, out, sizeof out), length);
    assert_string_equal(out, rows[i].shown);
    for (size_t size = 0; size <= length; size++) { /* cut at a whole character, and never beyond */
      memset(out, 'x', sizeof out);
      assert_int_equal(og_printable(rows[i].raw, out, size), length);
      assert_true(out[size] == 'x');
      if (size) assert_true(strlen(out) < size && strncmp(out, rows[i].shown, strlen(out)) == 0);
    }
  }
}

static void keep_text(const char *line, void *user) { strcpy(user, line); }

/* Every message and every line of the log. */
static void messages_are_printable(void **state) {
  (void)state;
  char line[200] = "";
  og_context *context = new_context();
  og_context_set_log(context, keep_text, line);
  og_fail(context, OG_ERR_DATA, "%s", "a\x1b]0;title\x07");
  assert_string_equal(og_context_message(context), "a\xe2\x90\x9b]0;title\xe2\x90\x87");
  og_trail(context, OG_ERR_DATA, "%s", "\x9b");
  assert_string_equal(og_context_message(context), "a\xe2\x90\x9b]0;title\xe2\x90\x87\n  \xef\xbf\xbd");
  og_log(context, "%s",
         "b\x1b"
         "c\nd");
  assert_string_equal(line, "b\xe2\x90\x9b"
                            "c d");
  og_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(text_for_terminals),
      cmocka_unit_test(messages_are_printable),
      cmocka_unit_test(status_names_and_numbers),
      cmocka_unit_test(context_needs_a_whole_allocator),
      cmocka_unit_test(memory_is_aligned_and_clear),
      cmocka_unit_test(resize_keeps_what_fits),
      cmocka_unit_test(messages_carry_a_trail),
      cmocka_unit_test(messages_survive_without_memory),
      cmocka_unit_test(log_lines_reach_the_sink),
      cmocka_unit_test(threads_have_bounds),
      cmocka_unit_test(every_option_is_described_and_starts_at_its_default),
      cmocka_unit_test(bounds_hold_for_every_option),
      cmocka_unit_test(text_options),
      cmocka_unit_test(texts_without_memory),
      cmocka_unit_test(tolerances_of_states),
      cmocka_unit_test(options_are_read_from_text),
      cmocka_unit_test(choice_words_follow_the_enums),
      cmocka_unit_test(sizes_have_units),
      cmocka_unit_test(options_survive_every_failing_allocation),
      cmocka_unit_test(nearest_names),
      cmocka_unit_test(distant_names_are_not_suggested),
      cmocka_unit_test(numbers_read_back),
      cmocka_unit_test(number_syntax),
      cmocka_unit_test(numbers_ignore_the_locale),
      cmocka_unit_test(endless_devices_are_refused),
      cmocka_unit_test(files_are_read_or_refused),
      cmocka_unit_test(xoshiro_gives_the_published_numbers),
      cmocka_unit_test(streams_differ_and_repeat),
      cmocka_unit_test(draws_have_the_right_moments),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
