/* odegrad: the command line. One file per verb; this one finds the verb. */
#include "cli.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
  const char *name;
  verb_id id;
  int (*run)(problem *p);
} verbs[] = {
    {"solve", VERB_SOLVE, run_solve},       {"grad", VERB_GRAD, run_grad},
    {"check", VERB_CHECK, run_check},       {"fit", VERB_FIT, run_fit},
    {"predict", VERB_PREDICT, run_predict},
};
enum { VERB_COUNT = sizeof verbs / sizeof verbs[0] };

static int run_verb(size_t index, int argc, char **argv) {
  arguments a = {.verb = verbs[index].id, .verb_name = verbs[index].name};
  problem p = {0};
  int status = parse_arguments(argc, argv, &a);
  if (!status && a.values[FLAG_HELP]) {
    print_verb_help(a.verb);
  } else if (!status) {
    status = load_problem(&a, &p);
    if (!status) status = verbs[index].run(&p);
    free_problem(&p);
  }
  free_arguments(&a);
  if (status && verbs[index].id != VERB_FIT) end_by_signal(); /* a fit ends with its best point */
  return status;
}

static int is_one_of(const char *word, const char *a, const char *b, const char *c) {
  return strcmp(word, a) == 0 || strcmp(word, b) == 0 || strcmp(word, c) == 0;
}

static int fail_verb(const char *word) {
  static const char *const names[] = {"solve", "grad",    "check",  "fit",      "predict",
                                      "help",  "version", "--help", "--version"};
  const char *own = verb_for(word);
  const char *nearest = own ? own : og_nearest(word, names, sizeof names / sizeof names[0]);
  complain("there is no %s %s%s%s%s", word[0] == '-' ? "option" : "verb", word,
           nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
  fputs("Try 'odegrad --help'.\n", stderr);
  return EXIT_USAGE;
}

/* `odegrad help`, `odegrad help fit` */
static int help(int argc, char **argv) {
  if (argc == 0) return print_help(), EXIT_DONE;
  for (size_t i = 0; i < VERB_COUNT; i++)
    if (strcmp(argv[0], verbs[i].name) == 0) return print_verb_help(verbs[i].id), EXIT_DONE;
  return fail_verb(argv[0]);
}

static int dispatch(int argc, char **argv) {
  if (argc < 2) {
    complain("what to do is missing: odegrad solve|grad|check|fit|predict MODEL");
    fputs("Try 'odegrad --help'.\n", stderr);
    return EXIT_USAGE;
  }
  for (size_t i = 0; i < VERB_COUNT; i++)
    if (strcmp(argv[1], verbs[i].name) == 0) return run_verb(i, argc - 2, argv + 2);
  if (is_one_of(argv[1], "help", "--help", "-h")) return help(argc - 2, argv + 2);
  if (is_one_of(argv[1], "version", "--version", "-V"))
    return printf("odegrad %s\n", og_version()), EXIT_DONE;
  return fail_verb(argv[1]);
}

static void *take_json(size_t size) { return take(size, 1); }

/* A standard stream that is closed would lend its number to the next file that is opened, and its text would
 * go there. Opened the wrong way round, /dev/null still refuses what is written or read. */
static void open_standard_streams(void) {
  for (int number = 0; number <= STDERR_FILENO; number++)
    if (fcntl(number, F_GETFD) < 0) (void)!open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv) {
  open_standard_streams();
  signal(SIGPIPE, SIG_IGN); /* a reader that goes away is noticed when writing: see finish_output */
  cJSON_InitHooks(&(cJSON_Hooks){take_json, free});
  int status = dispatch(argc, argv);
  int written = finish_output();
  return status ? status : written;
}
