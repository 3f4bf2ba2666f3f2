/* The tool on terminals of several widths: lines of --help end where the terminal does, and the line of
 * progress is never wider than it, because a line that wraps is two, of which only the second would be
 * rewritten. */
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
/* must come last: */
#include <cmocka.h>

enum { LIMIT = 1 << 18 };

/* What `arguments` (up to a NULL) print on a terminal of `columns` columns; to be freed. */
static char *on_terminal(unsigned short columns, const char *const *arguments) {
  struct winsize size = {.ws_row = 24, .ws_col = columns};
  char *text = test_calloc(LIMIT, 1);
  size_t length = 0;
  int terminal, status;
  pid_t child = forkpty(&terminal, NULL, NULL, &size);
  assert_true(child >= 0);
  if (child == 0) {
    setenv("TERM", "xterm", 1);
    execv(getenv("ODEGRAD_TOOL"), (char *const *)arguments);
    _exit(127);
  }
  for (ssize_t more; length < LIMIT - 1 && (more = read(terminal, text + length, LIMIT - 1 - length)) > 0;)
    length += (size_t)more;
  close(terminal);
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  return text;
}

/* The widest line; a line ends at \n and is begun again at \r, and a sequence that clears the line has no
 * width. */
static size_t widest(const char *text) {
  size_t width = 0, most = 0;
  for (; *text; text++) {
    if (strncmp(text, "\033[K", 3) == 0)
      text += 2;
    else
      width = *text == '\n' || *text == '\r' ? 0 : width + 1;
    if (width > most) most = width;
  }
  return most;
}

static void help_keeps_to_the_width(void **state) {
  (void)state;
  static const char *const verbs[] = {"solve", "grad", "check", "fit", "predict", NULL};
  static const unsigned short widths[] = {30, 60, 80, 100, 250};
  for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
    size_t limit = widths[i] < 100 ? widths[i] : 100;
    for (size_t k = 0; k < sizeof verbs / sizeof *verbs; k++) {
      const char *arguments[] = {"odegrad", verbs[k] ? verbs[k] : "--help", verbs[k] ? "--help" : NULL, NULL};
      char *text = on_terminal(widths[i], arguments);
      assert_true(widest(text) <= limit);
      assert_true(widest(text) > limit / 2); /* the room is used */
      test_free(text);
    }
  }
}

static void progress_keeps_to_the_width(void **state) {
  (void)state;
  static const char *const arguments[] = {"odegrad",
                                          "fit",
                                          "examples/hare_lynx/hare_lynx.ode",
                                          "--data",
                                          "examples/hare_lynx/hare_lynx.csv",
                                          "--out",
                                          "/dev/null",
                                          NULL};
  for (unsigned short columns = 20; columns <= 120; columns = (unsigned short)(columns + 50)) {
    char *text = on_terminal(columns, arguments), *line = strstr(text, "\033[Kiteration ");
    assert_non_null(line);
    char *end = strstr(text, "\r\n");
    assert_non_null(end);
    *end = '\0'; /* what follows is the result */
    assert_true(widest(text) < columns);
    assert_null(
        strstr(text, "\033[?7")); /* a terminal that cuts lines itself would show their last character */
    if (columns > 100) assert_non_null(strstr(text, " s"));
    test_free(text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(help_keeps_to_the_width),
      cmocka_unit_test(progress_keeps_to_the_width),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
