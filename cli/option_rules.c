/* Options that do nothing without others, or not with them, are refused: whoever gives one expects something.
 */
#include "cli.h"

/* What an option needs: that a choice has one of some words. */
typedef struct need {
  og_option option, choice;
  unsigned words; /* bit k: word number k does */
  const char *with;
} need;

#define WORD(k) (1u << (k))
#define ADAMS (WORD(OG_OPTIMIZER_ADAM) | WORD(OG_OPTIMIZER_ADAMW) | WORD(OG_OPTIMIZER_ADABELIEF))
#define MOMENTUM (WORD(OG_OPTIMIZER_SGD) | WORD(OG_OPTIMIZER_RMSPROP))
#define WHOLE (WORD(OG_OPTIMIZER_LBFGS) | WORD(OG_OPTIMIZER_SLSQP) | WORD(OG_OPTIMIZER_GRADIENT))

/* Methods that solve linear equations, or may come to it. */
#define IMPLICIT                                                                                             \
  (WORD(OG_METHOD_RODAS5P) | WORD(OG_METHOD_KVAERNO5) | WORD(OG_METHOD_ESDIRK54) | WORD(OG_METHOD_RADAU5) |  \
   WORD(OG_METHOD_RADAU9) | WORD(OG_METHOD_IMPLICIT_EULER) | WORD(OG_METHOD_TRAPEZOID) |                     \
   WORD(OG_METHOD_IMPLICIT_MIDPOINT) | WORD(OG_METHOD_AUTO))

static const need needs[] = {
    {OG_OPT_LINEAR_SOLVER, OG_OPT_METHOD, IMPLICIT, "--method auto or an implicit method"},
    {OG_OPT_EVERY, OG_OPT_SCHEDULE, WORD(OG_SCHEDULE_EVERY), "--schedule every"},
    {OG_OPT_STARTS, OG_OPT_OPTIMIZER, WHOLE, "--optimizer lbfgs, slsqp or gradient"},
    {OG_OPT_MOMENTUM, OG_OPT_OPTIMIZER, MOMENTUM, "--optimizer sgd or rmsprop"},
    {OG_OPT_DAMPENING, OG_OPT_OPTIMIZER, WORD(OG_OPTIMIZER_SGD), "--optimizer sgd"},
    {OG_OPT_NESTEROV, OG_OPT_OPTIMIZER, WORD(OG_OPTIMIZER_SGD), "--optimizer sgd"},
    {OG_OPT_CENTERED, OG_OPT_OPTIMIZER, WORD(OG_OPTIMIZER_RMSPROP), "--optimizer rmsprop"},
    {OG_OPT_ALPHA, OG_OPT_OPTIMIZER, WORD(OG_OPTIMIZER_RMSPROP), "--optimizer rmsprop"},
    {OG_OPT_BETA1, OG_OPT_OPTIMIZER, ADAMS, "--optimizer adam, adamw or adabelief"},
    {OG_OPT_BETA2, OG_OPT_OPTIMIZER, ADAMS, "--optimizer adam, adamw or adabelief"},
    {OG_OPT_EPSILON, OG_OPT_OPTIMIZER, ADAMS | WORD(OG_OPTIMIZER_RMSPROP),
     "--optimizer adam, adamw, adabelief or rmsprop"},
    {OG_OPT_LR_FINAL, OG_OPT_LR_SCHEDULE, WORD(OG_LR_COSINE), "--lr-schedule cosine"},
    {OG_OPT_LR_STEP, OG_OPT_LR_SCHEDULE, WORD(OG_LR_STEP), "--lr-schedule step"},
    {OG_OPT_LR_DECAY, OG_OPT_LR_SCHEDULE, WORD(OG_LR_STEP), "--lr-schedule step"},
};

int is_training(const problem *p) {
  return og_optimizer_trains((og_optimizer)og_options_integer(p->options, OG_OPT_OPTIMIZER));
}

static const char *name_of(og_option option) { return og_option_describe(option)->name; }

static int given(const problem *p, og_option option) {
  return p->arguments->values[FLAG_COUNT + option] ||
         (option == OG_OPT_ATOL && p->arguments->state_atol_count);
}

/* The first option, or flag, of training that is given; NULL: none. */
static const char *training_option(const problem *p) {
  static const flag flags[] = {FLAG_CHECKPOINT, FLAG_RESUME, FLAG_LOSS_PLOT};
  for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
    if (p->arguments->values[flags[i]]) return option_row_of(flags[i]).name;
  for (int option = OG_OPT_MOMENTUM; option <= OG_OPT_REDUCTION; option++)
    if (given(p, (og_option)option)) return name_of((og_option)option);
  return NULL;
}

static int check_training(const problem *p) {
  const char *name = training_option(p);
  if (is_training(p) || !name) return EXIT_DONE;
  complain("--%s is for training by mini-batches; --optimizer %s descends on all data at once: choose "
           "--optimizer adam (or sgd, rmsprop, adamw, adabelief), or leave --%s out",
           name,
           p->arguments->values[FLAG_COUNT + OG_OPT_OPTIMIZER]
               ? p->arguments->values[FLAG_COUNT + OG_OPT_OPTIMIZER]
               : "lbfgs",
           name);
  return EXIT_USAGE;
}

/* Fixed steps have no use for tolerances, but for the parameter integral of quadrature, which check computes
 * too; and the picture of check compares with an adaptive run. */
static int means_something(const problem *p, og_option option) {
  int tolerance = option == OG_OPT_RTOL || option == OG_OPT_ATOL;
  if (p->arguments->verb == VERB_CHECK) return tolerance || p->plot;
  return tolerance && og_options_integer(p->options, OG_OPT_ADJOINT) == OG_ADJOINT_QUADRATURE;
}

static int check_fixed(const problem *p) {
  static const og_option adaptive[] = {OG_OPT_RTOL,     OG_OPT_ATOL,     OG_OPT_MAX_STEPS,
                                       OG_OPT_MIN_STEP, OG_OPT_MAX_STEP, OG_OPT_FIRST_STEP};
  if (og_options_integer(p->options, OG_OPT_STEPS) == 0) return EXIT_DONE;
  for (size_t i = 0; i < sizeof adaptive / sizeof *adaptive; i++) {
    if (!given(p, adaptive[i]) || means_something(p, adaptive[i])) continue;
    complain(
        "--%s is for adaptive steps, and --steps takes equal ones, whatever their errors: leave one of the "
        "two out",
        name_of(adaptive[i]));
    return EXIT_USAGE;
  }
  return EXIT_DONE;
}

/* Options of a picture's looks need a picture. That of losses has its own axes. */
static int check_picture(const problem *p) {
  static const flag looks[] = {FLAG_TITLE, FLAG_X_LABEL, FLAG_Y_LABEL, FLAG_LOG_X, FLAG_LOG_Y, FLAG_SIZE};
  const char *const *values = p->arguments->values;
  for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
    int of_losses = looks[i] == FLAG_SIZE && values[FLAG_LOSS_PLOT];
    if (!values[looks[i]] || p->plot || of_losses) continue;
    complain("--%s goes with --plot FILE", option_row_of(looks[i]).name);
    return EXIT_USAGE;
  }
  return EXIT_DONE;
}

int check_option_rules(const problem *p) {
  const char *missing = NULL;
  if (check_picture(p)) return EXIT_USAGE;
  if (p->arguments->verb == VERB_FIT && check_training(p)) return EXIT_USAGE;
  if (check_fixed(p)) return EXIT_USAGE;
  for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
    long long word = og_options_integer(p->options, needs[i].choice);
    if (!given(p, needs[i].option) || needs[i].words & WORD(word)) continue;
    complain("--%s goes with %s", name_of(needs[i].option), needs[i].with);
    return EXIT_USAGE;
  }
  if (given(p, OG_OPT_DISK) && !*og_options_text(p->options, OG_OPT_CHECKPOINT_DIR))
    missing = "--disk goes with --checkpoint-dir, the directory of the file that it limits";
  if (given(p, OG_OPT_WINDOW_START) && og_options_integer(p->options, OG_OPT_WINDOW) == 0)
    missing = "--window-start goes with --window, the number of data rows of each";
  if (given(p, OG_OPT_EPOCHS) && given(p, OG_OPT_ITERATIONS))
    missing = "--epochs and --iterations both say how long to train; give one of them";
  if (given(p, OG_OPT_TOLERANCE) && is_training(p) && og_options_integer(p->options, OG_OPT_PATIENCE) == 0)
    missing = "--tolerance goes with --patience in training: it says what counts as a better loss";
  if (missing) complain("%s", missing);
  return missing ? EXIT_USAGE : EXIT_DONE;
}
