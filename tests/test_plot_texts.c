/* Texts of plots: which bytes are characters that SVG may hold, by the table of RFC 3629 (UTF-8) less what
 * XML 1.0 leaves out, and what of a text fits. And the limits of what can be drawn. */
#include <math.h>

#include "counting.h"
#include "io/plot.h"

/* ---- UTF-8 ---- */

/* The rows of RFC 3629, section 4: first byte, second byte, how many more. */
static const struct {
  unsigned char first[2], second[2];
  size_t length;
} rows[] = {
    {{0x20, 0x7E}, {0, 0}, 1},       {{0xC2, 0xDF}, {0x80, 0xBF}, 2}, {{0xE0, 0xE0}, {0xA0, 0xBF}, 3},
    {{0xE1, 0xEC}, {0x80, 0xBF}, 3}, {{0xED, 0xED}, {0x80, 0x9F}, 3}, {{0xEE, 0xEF}, {0x80, 0xBF}, 3},
    {{0xF0, 0xF0}, {0x90, 0xBF}, 4}, {{0xF1, 0xF3}, {0x80, 0xBF}, 4}, {{0xF4, 0xF4}, {0x80, 0x8F}, 4}};

static int lies_in(unsigned char byte, const unsigned char ends[2]) {
  return byte >= ends[0] && byte <= ends[1];
}

/* The length of the character at `text`, or 0. */
static size_t character(const unsigned char *text) {
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (!lies_in(text[0], rows[i].first)) continue;
    if (rows[i].length > 1 && !lies_in(text[1], rows[i].second)) return 0;
    for (size_t k = 2; k < rows[i].length; k++)
      if (text[k] < 0x80 || text[k] > 0xBF) return 0;
    int none = text[0] == 0xEF && text[1] == 0xBF && text[2] >= 0xBE; /* U+FFFE and U+FFFF */
    return none ? 0 : rows[i].length;
  }
  return 0;
}

/* Every sequence of four of the bytes at which the table changes: what is no character becomes '?'. */
static void bytes_that_are_characters(void **state) {
  (void)state;
  static const unsigned char bytes[] = {'a',  0x1F, 0x7E, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBD,
                                        0xBE, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED,
                                        0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF};
  enum { BYTES = sizeof bytes, LENGTH = 4 };
  og_context *context = new_context();
  for (int number = 0; number < BYTES * BYTES * BYTES * BYTES; number++) {
    unsigned char text[LENGTH + 1] = {0}, expected[LENGTH + 1] = {0};
    for (int i = 0, rest = number; i < LENGTH; i++, rest /= BYTES) text[i] = bytes[rest % BYTES];
    if (text[0] < 0xC0 && text[1] < 0xC0 && number % 7) continue; /* enough of those */
    for (size_t i = 0; i < LENGTH;) {
      size_t length = character(text + i);
      if (length)
        memcpy(expected + i, text + i, length), i += length;
      else
        expected[i++] = '?';
    }
    og_plot *plot;
    assert_int_equal(og_plot_create(context, (char *)text, NULL, NULL, &plot), OG_OK);
    assert_string_equal(plot->title, (char *)expected);
    og_plot_destroy(plot);
  }
  og_context_destroy(context);
}

/* ---- What fits ---- */

/* A character is 0.58 of the font's size wide: at size 10, as many as there are times 5.8 pixels. */
static void what_of_a_text_fits(void **state) {
  (void)state;
  static const struct {
    const char *text;
    double width;
    const char *fits;
  } cases[] = {{"abcdefghij", 58.001, "abcdefghij"},
               {"abcdefghij", 57.9, "abcd\u2026ghij"},
               {"abcdefghij", 46.401, "abcd\u2026hij"},
               {"abcdefghij", 40.601, "abc\u2026hij"},
               {"abcdefghij", 0, "a\u2026j"},
               {"abc", 0, "abc"},
               {"abcd", 0, "a\u2026d"},
               {"", 0, ""},
               {"\u00e4\u00f6\u20ac\U0001F600xyz", 29.001, "\u00e4\u00f6\u2026yz"}};
  char shorter[OG_TEXT_FIT];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_string_equal(og_text_fit(cases[i].text, 10, cases[i].width, shorter), cases[i].fits);
  assert_true(fabs(og_text_width("\u00e4b\U0001F600", 10) - 3 * 5.8) < 1e-12);
  char longer[2000], *at = longer;
  for (int i = 0; i < 490; i++) at += sprintf(at, "\U0001F600"); /* of four bytes each */
  const char *fits = og_text_fit(longer, 10, 1e9, shorter);
  assert_ptr_equal(fits, longer);
  fits = og_text_fit(longer, 10, 489 * 5.8, shorter);
  assert_int_equal(strlen(fits), 4 * 125 + 3); /* the ellipsis stands for one of 126 */
}

/* ---- Limits ---- */

static og_status size_of(og_plot *plot, int width, int height) {
  return og_plot_set_size(plot, width, height);
}

static void limits(void **state) {
  (void)state;
  og_context *context = new_context();
  og_plot *plot;
  assert_int_equal(og_plot_create(context, "", "", "", &plot), OG_OK);
  assert_int_equal(og_plot_classes(plot, 0), OG_ERR_ARGUMENT);
  assert_int_equal(og_plot_classes(plot, 1), OG_OK);
  assert_int_equal(og_plot_classes(plot, 1048576), OG_OK);
  assert_int_equal(og_plot_classes(plot, 1048577), OG_ERR_ARGUMENT);
  assert_string_equal(og_context_message(context), "an axis of 1048577 classes cannot be drawn");
  assert_int_equal(size_of(plot, 200, 4000), OG_OK);
  assert_int_equal(size_of(plot, 4000, 200), OG_OK);
  assert_int_equal(size_of(plot, 199, 300), OG_ERR_ARGUMENT);
  assert_int_equal(size_of(plot, 300, 199), OG_ERR_ARGUMENT);
  assert_int_equal(size_of(plot, 4001, 300), OG_ERR_ARGUMENT);
  assert_int_equal(size_of(plot, 300, 4001), OG_ERR_ARGUMENT);
  assert_string_equal(og_context_message(context), "a plot of 300 by 4001 pixels; give 200 to 4000 for each");
  assert_true(plot->width == 4000 && plot->height == 200);
  const double numbers[] = {1, 2};
  assert_int_equal(og_plot_cells(plot, 0, 1, numbers), OG_ERR_ARGUMENT);
  assert_int_equal(og_plot_cells(plot, 1, 0, numbers), OG_ERR_ARGUMENT);
  assert_int_equal(og_plot_cells(plot, SIZE_MAX / 2, 3, numbers), OG_ERR_ARGUMENT);
  assert_int_equal(og_plot_cells(plot, 1, 2, numbers), OG_OK);
  assert_int_equal(og_plot_band(plot, "a", 2, 1), OG_ERR_ARGUMENT);
  assert_string_equal(og_context_message(context),
                      "a band of a plot goes from 2 to 1; give the lower end first");
  assert_int_equal(og_plot_band(plot, "a", 1, 1), OG_OK);
  assert_int_equal(og_plot_band(plot, "a", NAN, 1), OG_ERR_ARGUMENT);
  assert_int_equal(og_plot_signs(plot, "a", OG_MARKER_DIAMOND, 2, numbers, numbers), OG_OK);
  assert_int_equal(og_plot_signs(plot, "a", (og_marker)(OG_MARKER_DIAMOND + 1), 2, numbers, numbers),
                   OG_ERR_ARGUMENT);
  assert_int_equal(og_plot_signs(plot, "a", (og_marker)-1, 2, numbers, numbers), OG_ERR_ARGUMENT);
  og_plot_destroy(plot);
  og_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(bytes_that_are_characters),
                                     cmocka_unit_test(what_of_a_text_fits), cmocka_unit_test(limits)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
