/* Options that do nothing without others, or not with them: each of them with every word that its neighbour
 * may have, refused with the message that names what it goes with, or taken. */
#include "counting.h"

#include <math.h>
#include <unistd.h>

#pragma push_macro("fail") /* of cmocka: the tool has a function of that name */
#undef fail
#define fail tool_fail
#include "cli.h"
#pragma pop_macro("fail")

#define MODEL "tests/cli/fixtures/decay.ode"
#define DATA "--data=tests/cli/fixtures/decay.csv"

static const struct {
  verb_id id;
  const char *name;
} verbs[] = {{VERB_SOLVE, "solve"},
             {VERB_GRAD, "grad"},
             {VERB_CHECK, "check"},
             {VERB_FIT, "fit"},
             {VERB_PREDICT, "predict"}};
enum { SOLVE, GRAD, CHECK_VERB, FIT, PREDICT, VERBS, WORDS_MOST = 8 };

/* What was said of the last problem. */
static char said[4096];

static int load(int verb, const char *const words[WORDS_MOST]) {
  char *argv[WORDS_MOST + 2] = {MODEL, DATA};
  int count = 2;
  for (int i = 0; i < WORDS_MOST && words[i]; i++) argv[count++] = (char *)words[i];
  arguments a = {.verb = verbs[verb].id, .verb_name = verbs[verb].name};
  problem p = {0};
  assert_int_equal(parse_arguments(count, argv, &a), EXIT_DONE);
  char path[] = "/tmp/odegrad-arguments-XXXXXX";
  int file = mkstemp(path), standard_error = dup(STDERR_FILENO);
  assert_true(file >= 0 && standard_error >= 0);
  fflush(stderr);
  dup2(file, STDERR_FILENO);
  int status = load_problem(&a, &p);
  fflush(stderr);
  dup2(standard_error, STDERR_FILENO);
  ssize_t length = pread(file, said, sizeof said - 1, 0);
  said[length > 0 ? length : 0] = '\0';
  close(file), close(standard_error), unlink(path);
  free_problem(&p);
  free_arguments(&a);
  return status;
}

static void taken(int verb, const char *const words[WORDS_MOST]) {
  if (load(verb, words) != EXIT_DONE) fail_msg("%s is refused: %s", words[0], said);
}

static void refused(int verb, const char *const words[WORDS_MOST], const char *message) {
  char line[600];
  snprintf(line, sizeof line, "odegrad: %s\n", message);
  if (load(verb, words) != EXIT_USAGE) fail_msg("%s is taken, and not: %s", words[0], message);
  assert_string_equal(said, line);
}

#define WORDS(...) ((const char *const[WORDS_MOST]){__VA_ARGS__})

/* Calls for each of the words that a choice may have. */
static void each_word(og_option choice, void (*use)(const char *word, const void *what), const void *what) {
  char words[200], *rest;
  snprintf(words, sizeof words, "%s", og_option_describe(choice)->choices);
  for (char *word = strtok_r(words, "|", &rest); word; word = strtok_r(NULL, "|", &rest)) use(word, what);
}

static int is_among(const char *word, const char *list) {
  size_t length = strlen(word);
  for (const char *at = strstr(list, word); at; at = strstr(at + 1, word))
    if ((at == list || at[-1] == ' ') && (at[length] == ' ' || !at[length])) return 1;
  return 0;
}

static int trains(const char *optimizer) { return is_among(optimizer, "adam sgd rmsprop adamw adabelief"); }

/* ---- What goes with some words of a choice ---- */

/* docs/training.md and docs/cli.md say what each is for. */
typedef struct need {
  const char *option;
  og_option choice;
  const char *words, *message;
} need;
static const need needs[] = {
    {"--every=4", OG_OPT_SCHEDULE, "every", "--every goes with --schedule every"},
    {"--starts=3", OG_OPT_OPTIMIZER, "lbfgs slsqp gradient",
     "--starts goes with --optimizer lbfgs, slsqp or gradient"},
    {"--momentum=0.5", OG_OPT_OPTIMIZER, "sgd rmsprop", "--momentum goes with --optimizer sgd or rmsprop"},
    {"--dampening=0.5", OG_OPT_OPTIMIZER, "sgd", "--dampening goes with --optimizer sgd"},
    {"--nesterov=yes", OG_OPT_OPTIMIZER, "sgd", "--nesterov goes with --optimizer sgd"},
    {"--centered=yes", OG_OPT_OPTIMIZER, "rmsprop", "--centered goes with --optimizer rmsprop"},
    {"--alpha=0.5", OG_OPT_OPTIMIZER, "rmsprop", "--alpha goes with --optimizer rmsprop"},
    {"--beta1=0.5", OG_OPT_OPTIMIZER, "adam adamw adabelief",
     "--beta1 goes with --optimizer adam, adamw or adabelief"},
    {"--beta2=0.5", OG_OPT_OPTIMIZER, "adam adamw adabelief",
     "--beta2 goes with --optimizer adam, adamw or adabelief"},
    {"--epsilon=0.5", OG_OPT_OPTIMIZER, "adam adamw adabelief rmsprop",
     "--epsilon goes with --optimizer adam, adamw, adabelief or rmsprop"},
    {"--lr-final=0.5", OG_OPT_LR_SCHEDULE, "cosine", "--lr-final goes with --lr-schedule cosine"},
    {"--lr-step=5", OG_OPT_LR_SCHEDULE, "step", "--lr-step goes with --lr-schedule step"},
    {"--lr-decay=0.5", OG_OPT_LR_SCHEDULE, "step", "--lr-decay goes with --lr-schedule step"},
};

static void use_needed(const char *word, const void *what) {
  const need *n = what;
  char choice[64];
  snprintf(choice, sizeof choice, "--%s=%s", og_option_describe(n->choice)->name, word);
  int whole = n->choice == OG_OPT_OPTIMIZER && !trains(word);
  const char *const words[WORDS_MOST] = {n->option, choice,
                                         n->choice == OG_OPT_LR_SCHEDULE ? "--optimizer=adam" : NULL};
  if (is_among(word, n->words))
    taken(FIT, words);
  else if (!whole) /* see options_of_training for the others */
    refused(FIT, words, n->message);
}

static void what_goes_with_some_words(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
    each_word(needs[i].choice, use_needed, &needs[i]);
    if (needs[i].choice == OG_OPT_SCHEDULE) refused(GRAD, WORDS(needs[i].option), needs[i].message);
  }
}

/* ---- What is for training ---- */

static void use_of_training(const char *optimizer, const void *what) {
  const char *option = what;
  char name[64], chosen[64], message[500];
  snprintf(name, sizeof name, "%.*s", (int)strcspn(option, "="), option);
  snprintf(chosen, sizeof chosen, "--optimizer=%s", optimizer);
  snprintf(
      message, sizeof message,
      "%s is for training by mini-batches; --optimizer %s descends on all data at once: choose --optimizer "
      "adam (or sgd, rmsprop, adamw, adabelief), or leave %s out",
      name, optimizer, name);
  if (!trains(optimizer))
    refused(FIT, WORDS(option, chosen), message);
  else if (load(FIT, WORDS(option, chosen)) != EXIT_DONE)
    assert_non_null(strstr(said, " goes with ")); /* an option of another optimizer */
  if (strcmp(optimizer, "lbfgs") == 0) refused(FIT, WORDS(option), message);
}

static void options_of_training(void **state) {
  (void)state;
  static const char *const files[] = {"--checkpoint=/tmp/odegrad-no-such-file",
                                      "--resume=/tmp/odegrad-no-such-file",
                                      "--loss-plot=/tmp/odegrad-no-such-file.svg"};
  for (int i = 0; i < 3; i++) each_word(OG_OPT_OPTIMIZER, use_of_training, files[i]);
  for (int i = OG_OPT_STARTS + 1; i <= OG_OPT_REDUCTION; i++) {
    const og_option_info *info = og_option_describe((og_option)i);
    char option[80];
    if (info->choices)
      snprintf(option, sizeof option, "--%s=%.*s", info->name, (int)strcspn(info->choices, "|"),
               info->choices);
    else
      snprintf(option, sizeof option, "--%s=%g", info->name, info->fallback);
    each_word(OG_OPT_OPTIMIZER, use_of_training, option);
  }
  static const char *const all[] = {"--iterations=5", "--learning-rate=0.1", "--tolerance=1e-3", "--seed=3"};
  for (int i = 0; i < 4; i++) taken(FIT, WORDS(all[i], "--optimizer=gradient"));
}

static void trainings_alone(void **state) {
  (void)state;
#define ADAM "--optimizer=adam"
  refused(FIT, WORDS("--window-start=first", ADAM),
          "--window-start goes with --window, the number of data rows of each");
  taken(FIT, WORDS("--window-start=first", ADAM, "--window=2"));
  taken(FIT, WORDS("--window=2", ADAM));
  refused(FIT, WORDS("--epochs=3", ADAM, "--iterations=5"),
          "--epochs and --iterations both say how long to train; give one of them");
  taken(FIT, WORDS("--epochs=3", ADAM));
  taken(FIT, WORDS("--iterations=3", ADAM));
  refused(FIT, WORDS("--tolerance=1e-3", ADAM),
          "--tolerance goes with --patience in training: it says what counts as a better loss");
  taken(FIT, WORDS("--tolerance=1e-3", ADAM, "--patience=2"));
  taken(FIT, WORDS("--patience=2", ADAM));
}

/* ---- What is for adaptive steps, and for pictures ---- */

static void equal_steps(void **state) {
  (void)state;
  static const char *const adaptive[] = {"rtol=1e-3",     "atol=1e-3",  "atol=x=1e-3",    "max-steps=50",
                                         "min-step=1e-3", "max-step=1", "first-step=1e-3"};
  for (int verb = 0; verb < VERBS; verb++)
    for (size_t i = 0; i < sizeof adaptive / sizeof *adaptive; i++) {
      char option[40], message[200];
      int tolerance = i < 3;
      snprintf(option, sizeof option, "--%s", adaptive[i]);
      snprintf(
          message, sizeof message,
          "--%.*s is for adaptive steps, and --steps takes equal ones, whatever their errors: leave one of "
          "the two out",
          (int)strcspn(adaptive[i], "="), adaptive[i]);
      taken(verb, WORDS(option));
      taken(verb, WORDS(option, "--steps=0"));
      if (tolerance && verb == CHECK_VERB)
        taken(verb, WORDS(option, "--steps=8"));
      else
        refused(verb, WORDS(option, "--steps=8"), message);
      if (tolerance || verb == CHECK_VERB)
        taken(verb, WORDS(option, "--steps=8", "--adjoint=quadrature", "--plot=/tmp/odegrad-no-such.svg"));
      else
        refused(verb, WORDS(option, "--steps=8", "--adjoint=quadrature", "--plot=/tmp/odegrad-no-such.svg"),
                message);
    }
}

static void looks_of_pictures(void **state) {
  (void)state;
  static const char *const looks[] = {"--title=a", "--x-label=a", "--y-label=a",
                                      "--log-x",   "--log-y",     "--size=300x300"};
  for (int verb = 0; verb < VERBS; verb++)
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
      char message[64];
      if (verb == CHECK_VERB && strncmp(looks[i], "--log", 5) == 0) continue; /* which has none */
      snprintf(message, sizeof message, "%.*s goes with --plot FILE", (int)strcspn(looks[i], "="), looks[i]);
      refused(verb, WORDS(looks[i]), message);
      taken(verb, WORDS(looks[i], "--plot=/tmp/odegrad-no-such.svg"));
      if (verb != FIT) continue;
      const char *const losses[WORDS_MOST] = {looks[i], ADAM, "--loss-plot=/tmp/odegrad-no-such.svg"};
      if (strncmp(looks[i], "--size", 6) == 0)
        taken(verb, losses);
      else
        refused(verb, losses, message);
    }
}

static void a_file_of_states(void **state) {
  (void)state;
  refused(GRAD, WORDS("--disk=1MiB"),
          "--disk goes with --checkpoint-dir, the directory of the file that it limits");
  taken(GRAD, WORDS("--disk=1MiB", "--checkpoint-dir=/tmp"));
  taken(GRAD, WORDS("--checkpoint-dir=/tmp"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_goes_with_some_words), cmocka_unit_test(options_of_training),
      cmocka_unit_test(trainings_alone),           cmocka_unit_test(equal_steps),
      cmocka_unit_test(looks_of_pictures),         cmocka_unit_test(a_file_of_states)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
