/* Limits of what the base reads: sizes of structs and of thread stacks, beginnings of files, pages of lists,
 * and names that other programs have for choices. */
#include <stdlib.h>
#include <unistd.h>

#include "base/pages.h"
#include "counting.h"
#include "fields.h"

/* ---- Structs with their size ---- */

typedef struct known_struct {
  size_t size;
  double a, b;
} known_struct;
enum { UNKNOWN = 4096 };

/* A struct of an older version is filled up with zeros, one of a newer one is read as far as it is known if
 * the rest is zero, up to a size that none ever has. */
static void structs_of_other_versions(void **state) {
  (void)state;
  static const size_t sizes[] = {
      0, 8, 9, 16, 24, 25, 32, 24 + UNKNOWN - 1, 24 + UNKNOWN, 24 + UNKNOWN + 1, SIZE_MAX};
  og_context *context = new_context();
  for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
    for (int newer = 0; newer < 2; newer++) {
      static unsigned char given[24 + UNKNOWN + 8];
      known_struct in = {sizes[k], 1.5, -2.5}, out = {7, 7, 7};
      memset(given, 0, sizeof given);
      memcpy(given, &in, sizeof in);
      if (newer && sizes[k] > 24 && sizes[k] < sizeof given) given[sizes[k] - 1] = 1;
      og_status status = og_take_sized(context, "function", "known_struct", given, sizeof in, &out);
      int fits = sizes[k] > 8 && sizes[k] <= 24 + UNKNOWN, zero = !newer || sizes[k] <= 24;
      assert_int_equal(status, fits && zero ? OG_OK : OG_ERR_ARGUMENT);
      if (status != OG_OK) continue;
      if (sizes[k] == 16) assert_true(out.a == 1.5 && out.b == 0);
      if (sizes[k] >= 24) assert_true(out.a == 1.5 && out.b == -2.5);
    }
  og_context_destroy(context);
}

/* ---- Lists in pages ---- */

/* Whatever is the most that will be wanted: there is room for it and no more, each entry has a place of its
 * own that stays, growth is told beforehand, and beyond the most there is none. */
static void pages_hold_the_most_and_no_more(void **state) {
  (void)state;
  static const size_t mosts[] = {0, 1, 31, 32, 33, 95, 96, 97, 1000};
  for (size_t k = 0; k < sizeof mosts / sizeof *mosts; k++) {
    og_context *context = new_context();
    og_pages pages = {0};
    size_t most = mosts[k], bytes = 0, *places[1000];
    for (size_t i = 0; i < most; i++) {
      size_t growth = og_pages_growth(&pages, i, sizeof i, most), before = pages.capacity;
      assert_int_equal(growth == 0, i < pages.capacity);
      if (growth) assert_int_equal(og_pages_grow(context, &pages, sizeof i, most), OG_OK);
      assert_int_equal((pages.capacity - before) * sizeof i, growth);
      bytes += growth;
      assert_in_range(og_pages_left(&pages, i), 1, pages.capacity - i);
      places[i] = og_pages_entry(&pages, i, sizeof i);
      *places[i] = i;
    }
    for (size_t i = 0; i < most; i++) {
      assert_ptr_equal(og_pages_entry(&pages, i, sizeof i), places[i]);
      assert_int_equal(*places[i], i);
    }
    assert_int_equal(pages.capacity, most);
    assert_true(bytes <= og_pages_bytes(most, sizeof(size_t)));
    assert_int_equal(og_pages_grow(context, &pages, sizeof(size_t), most), OG_ERR_MEMORY);
    assert_int_equal(pages.capacity, most);
    og_pages_free(context, &pages);
    og_context_destroy(context);
  }
}

/* ---- Stacks of threads ---- */

/* OMP_STACKSIZE in its units: a number alone is KiB, blanks may stand around it, and what is no size is
 * ignored. A stack beyond all addresses of the machine leaves room for no thread, which is how the size is
 * seen. */
static void stack_sizes(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int too_large;
  } cases[] = {{"400T", 1},
               {"400 t", 1},
               {" 400T ", 1},
               {"409600G", 1},
               {"419430400M", 1},
               {"429496729600", 1},
               {"429496729600 K", 1},
               {"439804651110400B", 1},
               {"99999999999999T", 1},
               {"400Tx", 0},
               {"400 T x", 0},
               {"400 q", 0},
               {"", 0},
               {"T", 0},
               {"-400T", 0},
               {"4096", 0},
               {"400 B", 0},
               {"400K", 0},
               {"1M", 0},
               {"0", 0},
               {"4194304 b", 0}};
  static const char *const names[] = {"OMP_STACKSIZE", "GOMP_STACKSIZE", "KMP_STACKSIZE"};
  if (sizeof(void *) < 8) skip();
  for (size_t n = 0; n < 3; n++) unsetenv(names[n]);
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    const char *name = names[k % 3], *other = names[(k + 1) % 3];
    og_context *context = new_context();
    setenv(name, cases[k].text, 1);
    setenv(other, "64K", 1); /* the largest counts */
    int there = og_threads_there(context, 2);
    if (there != (cases[k].too_large ? 1 : 2)) fail_msg("%s=%s: %d threads", name, cases[k].text, there);
    unsetenv(name), unsetenv(other);
    og_context_destroy(context);
  }
}

/* What was found once for a context holds: where there was room, and where there was none. */
static void room_for_threads_is_found_once(void **state) {
  (void)state;
  if (sizeof(void *) < 8) skip();
  for (int room_first = 0; room_first < 2; room_first++) {
    og_context *context = new_context();
    if (!room_first) setenv("OMP_STACKSIZE", "400T", 1);
    assert_int_equal(og_threads_there(context, 2), room_first ? 2 : 1);
    if (room_first)
      setenv("OMP_STACKSIZE", "400T", 1);
    else
      unsetenv("OMP_STACKSIZE");
    assert_int_equal(og_threads_there(context, 2), room_first ? 2 : 1);
    assert_int_equal(og_threads_there(context, 3), 1);
    assert_int_equal(og_threads_there(context, 1), 1);
    unsetenv("OMP_STACKSIZE");
    og_context_destroy(context);
  }
}

/* ---- Files that begin with nothing ---- */

static void beginnings_of_files(void **state) {
  (void)state;
  static const char none[40];
  static const struct {
    size_t zeros;
    const char *then;
    int refused;
  } cases[] = {{15, "", 0}, {15, "x", 0}, {16, "", 1}, {16, "x", 1}, {17, "", 1}, {0, "", 0}, {0, "text", 0}};
  char path[] = "/tmp/odegrad_limits_XXXXXX";
  int descriptor = mkstemp(path);
  assert_true(descriptor >= 0);
  close(descriptor);
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    og_context *context = new_context();
    FILE *file = fopen(path, "wb");
    char *text = NULL;
    size_t length = 0, whole = cases[k].zeros + strlen(cases[k].then);
    assert_non_null(file);
    fwrite(none, 1, cases[k].zeros, file);
    fputs(cases[k].then, file);
    fclose(file);
    og_status status = og_read_file(context, path, &text, &length);
    assert_int_equal(status, cases[k].refused ? OG_ERR_DATA : OG_OK);
    if (status == OG_OK) {
      assert_int_equal(length, whole);
      assert_memory_equal(text, none, cases[k].zeros);
      assert_string_equal(text + cases[k].zeros, cases[k].then); /* it ends with NUL */
      og_free(context, text);
    }
    og_context_destroy(context);
  }
  unlink(path);
}

/* ---- What choices are called elsewhere ---- */

static void choices_of_other_programs(void **state) {
  (void)state;
  static const struct {
    const char *option, *word, *own;
  } cases[] = {{"method", "RK45", "dopri5"},
               {"method", "ode45", "dopri5"},
               {"method", "Dormand_Prince", "dopri5"},
               {"method", "DOP", "dop853"},
               {"method", "rk23", "bs32"},
               {"method", "Bogacki-Shampine", "bs32"},
               {"method", "Tsitouras", "tsit5"},
               {"method", "runge_kutta", "rk4"},
               {"method", "Forward-Euler", "euler"},
               {"method", "RK2", "midpoint"},
               {"optimizer", "BFGS", "lbfgs"},
               {"optimizer", "L_BFGS_B", "lbfgs"},
               {"optimizer", "Gradient_Descent", "gradient"},
               {"precision", "Float32", "single"},
               {"precision", "64", "double"},
               {"precision", "FP64", "double"},
               {"method", "rk4 5", NULL},
               {"precision", "RK45", NULL},
               {"method", "rk rk44", NULL},
               {"method", "", NULL},
               {"precision", "", NULL},
               {"method", "a-word-that-is-much-too-long-for-any-of-them", NULL}};
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    og_context *context = new_context();
    og_options *options;
    char expected[60];
    assert_int_equal(og_options_create(context, &options), OG_OK);
    assert_int_equal(og_options_set_text(options, cases[k].option, cases[k].word), OG_ERR_NAME);
    snprintf(expected, sizeof expected, "; did you mean %s", cases[k].own ? cases[k].own : "");
    const char *said = strstr(og_context_message(context), expected);
    if (cases[k].own ? !said || strcmp(said + strlen(expected), "?") != 0 : said != NULL)
      fail_msg("%s %s: %s", cases[k].option, cases[k].word, og_context_message(context));
    og_options_destroy(options);
    og_context_destroy(context);
  }
}

/* A word that is far longer than any choice. */
static void endless_words(void **state) {
  (void)state;
  static char word[20000];
  memset(word, 'w', sizeof word - 1);
  for (int option = 0; option < OG_OPTION_COUNT; option++) {
    const og_option_info *about = og_option_describe((og_option)option);
    og_context *context = new_context();
    og_options *options;
    assert_int_equal(og_options_create(context, &options), OG_OK);
    og_status status = og_options_set_text(options, about->name, word);
    assert_int_equal(status, about->type == OG_TYPE_TEXT     ? OG_OK
                             : about->type == OG_TYPE_CHOICE ? OG_ERR_NAME
                                                             : OG_ERR_ARGUMENT);
    assert_null(strstr(og_context_message(context), "did you mean"));
    og_options_destroy(options);
    og_context_destroy(context);
  }
}

/* What is no number is none for any option, and leaves it as it was: 0 is a value that means something. */
static void texts_that_are_no_numbers(void **state) {
  (void)state;
  static const char *const texts[] = {"",  " ",  "x",   "1x",  "--1", "+", "-",
                                      ".", "e5", "1,5", "1 2", "nan", "1e"};
  for (int option = 0; option < OG_OPTION_COUNT; option++) {
    const og_option_info *about = og_option_describe((og_option)option);
    if (about->type == OG_TYPE_TEXT || about->type == OG_TYPE_CHOICE) continue;
    og_context *context = new_context();
    og_options *options;
    assert_int_equal(og_options_create(context, &options), OG_OK);
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
      if (og_options_set_text(options, about->name, texts[k]) != OG_ERR_ARGUMENT)
        fail_msg("%s is \"%s\": %s", about->name, texts[k], og_context_message(context));
      assert_non_null(strstr(og_context_message(context), about->type == OG_TYPE_SIZE ? "a size" : "number"));
      double value = about->type == OG_TYPE_REAL ? og_options_real(options, (og_option)option)
                                                 : (double)og_options_integer(options, (og_option)option);
      assert_true(value == about->fallback);
    }
    og_options_destroy(options);
    og_context_destroy(context);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(structs_of_other_versions),
      cmocka_unit_test(pages_hold_the_most_and_no_more),
      cmocka_unit_test(stack_sizes),
      cmocka_unit_test(room_for_threads_is_found_once),
      cmocka_unit_test(beginnings_of_files),
      cmocka_unit_test(choices_of_other_programs),
      cmocka_unit_test(endless_words),
      cmocka_unit_test(texts_that_are_no_numbers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
