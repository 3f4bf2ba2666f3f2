/* What the tool leaves behind: every command of the transcripts, run in one program over and over, keeps no
 * memory and no open file, whether it succeeds or is refused. */
#include "counting.h"

#include <fcntl.h>
#include <glob.h>
#include <malloc.h>
#include <unistd.h>

#pragma push_macro("fail") /* of cmocka: the tool has a function of that name */
#undef fail
#define fail tool_fail
#include "cli.h"
#pragma pop_macro("fail")

enum { WORDS_MOST = 40, LINE_MOST = 1024, FILES_MOST = 256 };

static const struct {
  const char *name;
  verb_id id;
  int (*run)(problem *p);
} verbs[] = {{"solve", VERB_SOLVE, run_solve},
             {"grad", VERB_GRAD, run_grad},
             {"check", VERB_CHECK, run_check},
             {"fit", VERB_FIT, run_fit},
             {"predict", VERB_PREDICT, run_predict}};

/* ---- Commands ---- */

/* Splits what stands behind "odegrad" in place, as far as a shell's own signs; 0: it has variables. */
static int split(char *text, char *words[WORDS_MOST]) {
  int count = 0;
  while (*text && count < WORDS_MOST) {
    text += strspn(text, " ");
    char *word = text, *end = text, quote = '\0';
    for (; *text && (quote || !strchr(" |<>;&()", *text)); text++) {
      if (*text == '$' || *text == '`' || *text == '*') return 0;
      if (*text == quote)
        quote = '\0';
      else if (!quote && (*text == '\'' || *text == '"'))
        quote = *text;
      else
        *end++ = *text;
    }
    char stop = *text;
    int number = stop == '>' && end == word + 1 && *word == '2'; /* 2>errors */
    if (*text) text++;
    if (*end) *end = '\0';
    if (end > word && !number) words[count++] = word;
    if (stop != ' ') break;
  }
  return count;
}

static int run_words(int count, char **words) {
  for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
    if (strcmp(words[0], verbs[i].name) != 0) continue;
    arguments a = {.verb = verbs[i].id, .verb_name = verbs[i].name};
    problem p = {0};
    int status = parse_arguments(count - 1, words + 1, &a);
    if (!status && !a.values[FLAG_HELP]) {
      status = load_problem(&a, &p);
      if (!status) status = verbs[i].run(&p);
      free_problem(&p);
    }
    free_arguments(&a);
    return 1;
  }
  return 0;
}

/* ---- What is left ---- */

static long long memory_in_use(void) {
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
  struct mallinfo2 now = mallinfo2();
  return (long long)(now.uordblks + now.hblkhd);
#else
  return 0;
#endif
}

static int files_open(void) {
  int count = 0;
  for (int i = 0; i < FILES_MOST; i++) count += fcntl(i, F_GETFD) >= 0;
  return count;
}

/* The first command that leaves something, and what: standard error is none while they run. */
static char lost[2 * LINE_MOST];

/* Threads, buffers and caches are made once and stay. What is left of every run is lost. */
static int check_command(const char *line) {
  enum { RUNS = 5 };
  long long grown = 1;
  for (int k = 0; k < RUNS && grown > 0; k++) {
    char text[LINE_MOST], *words[WORDS_MOST];
    snprintf(text, sizeof text, "%s", line);
    int count = split(text, words), files = files_open();
    long long before = memory_in_use();
    if (count == 0 || !run_words(count, words)) return 0;
    grown = memory_in_use() - before;
    if (files_open() != files && !*lost)
      snprintf(lost, sizeof lost, "open files are left by: odegrad %s", line);
  }
  if (grown > 0 && !*lost)
    snprintf(lost, sizeof lost, "%lld bytes are left by each run of: odegrad %s", grown, line);
  return 1;
}

static int check_transcript(const char *path) {
  char line[LINE_MOST];
  int commands = 0;
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  while (fgets(line, sizeof line, file)) {
    static const char start[] = "$ odegrad ";
    line[strcspn(line, "\n")] = '\0';
    if (strncmp(line, start, sizeof start - 1) == 0) commands += check_command(line + sizeof start - 1);
  }
  fclose(file);
  return commands;
}

/* ---- The whole ---- */

static void nothing_is_left(void **state) {
  (void)state;
  char folder[] = "/tmp/odegrad-verbs-XXXXXX", command[600], here[400];
  glob_t found;
  int commands = 0;
  assert_non_null(getcwd(here, sizeof here));
  assert_non_null(mkdtemp(folder));
  snprintf(command, sizeof command, "cp tests/cli/fixtures/* %s", folder);
  assert_int_equal(system(command), 0);
  snprintf(command, sizeof command, "%s/tests/cli/transcripts/*.txt", here);
  assert_int_equal(glob(command, 0, NULL, &found), 0);
  int kept[] = {dup(STDIN_FILENO), dup(STDOUT_FILENO), dup(STDERR_FILENO)}, null = open("/dev/null", O_RDWR);
  fflush(NULL);
  for (int i = 0; i < 3; i++) dup2(null, i);
  assert_int_equal(chdir(folder), 0);
  for (size_t i = 0; i < found.gl_pathc; i++) commands += check_transcript(found.gl_pathv[i]);
  fflush(NULL);
  for (int i = 0; i < 3; i++) dup2(kept[i], i), close(kept[i]);
  assert_int_equal(chdir(here), 0);
  snprintf(command, sizeof command, "rm -rf %s", folder);
  assert_int_equal(system(command), 0);
  close(null);
  globfree(&found);
  if (*lost) fail_msg("%s", lost);
  assert_true(commands > 150);
}

/* Blocks that threads keep in a cache of their own count as used: there must be none. */
int main(int argc, char **argv) {
  if (argc == 1 && setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1) == 0)
    execv("/proc/self/exe", (char *[]){argv[0], "again", NULL});
  const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_left)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
