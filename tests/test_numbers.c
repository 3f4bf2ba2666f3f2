/* Numbers that programs were compiled with: none of them ever moves, and those that are added since come here
 * too. Of options the names stay as well, by which files and command lines know them. */
#include "counting.h"

static const struct {
  const char *word;
  int number, pinned;
} numbers[] = {
#define PIN(word, number)                                                                                    \
  { #word, (int)word, number }
    PIN(OG_OK, 0),
    PIN(OG_ERR_ARGUMENT, 1),
    PIN(OG_ERR_MEMORY, 2),
    PIN(OG_ERR_BUDGET, 3),
    PIN(OG_ERR_STATE, 4),
    PIN(OG_ERR_FILE, 5),
    PIN(OG_ERR_DATA, 6),
    PIN(OG_ERR_MODEL, 7),
    PIN(OG_ERR_NAME, 8),
    PIN(OG_ERR_SHAPE, 9),
    PIN(OG_ERR_BOUNDS, 10),
    PIN(OG_ERR_UNSUPPORTED, 11),
    PIN(OG_ERR_NOT_FINITE, 20),
    PIN(OG_ERR_BLOW_UP, 21),
    PIN(OG_ERR_STEP_UNDERFLOW, 22),
    PIN(OG_ERR_TOO_MANY_STEPS, 23),
    PIN(OG_ERR_STIFF, 24),
    PIN(OG_ERR_FIELD, 25),
    PIN(OG_ERR_NO_DEPENDENCE, 26),
    PIN(OG_ERR_INTERRUPTED, 27),
    PIN(OG_ERR_ZENO, 28),
    PIN(OG_ERR_GRAZING, 29),
    PIN(OG_ERR_NOT_STEADY, 30),
    PIN(OG_ERR_ENDED, 31),
    PIN(OG_ERR_UNRESOLVED, 32),
    PIN(OG_ERR_GUARD_UNRESOLVED, 33),
    PIN(OG_ERR_INCONSISTENT, 34),
    PIN(OG_ERR_INDEX, 35),
    PIN(OG_ERR_INTERNAL, 99),
    PIN(OG_OPT_METHOD, 0),
    PIN(OG_OPT_RTOL, 1),
    PIN(OG_OPT_ATOL, 2),
    PIN(OG_OPT_STEPS, 3),
    PIN(OG_OPT_MAX_STEPS, 4),
    PIN(OG_OPT_MIN_STEP, 5),
    PIN(OG_OPT_MAX_STEP, 6),
    PIN(OG_OPT_FIRST_STEP, 7),
    PIN(OG_OPT_STEADY, 8),
    PIN(OG_OPT_EVENT_SAMPLES, 9),
    PIN(OG_OPT_MAX_EVENTS, 10),
    PIN(OG_OPT_ADJOINT, 11),
    PIN(OG_OPT_ADJOINT_NORM, 12),
    PIN(OG_OPT_GRADIENT_CONTROL, 13),
    PIN(OG_OPT_MEMORY, 14),
    PIN(OG_OPT_SCHEDULE, 15),
    PIN(OG_OPT_EVERY, 16),
    PIN(OG_OPT_DISK, 17),
    PIN(OG_OPT_CHECKPOINT_DIR, 18),
    PIN(OG_OPT_THREADS, 19),
    PIN(OG_OPT_PRECISION, 20),
    PIN(OG_OPT_SEED, 21),
    PIN(OG_OPT_OPTIMIZER, 22),
    PIN(OG_OPT_ITERATIONS, 23),
    PIN(OG_OPT_LEARNING_RATE, 24),
    PIN(OG_OPT_TOLERANCE, 25),
    PIN(OG_OPT_STARTS, 26),
    PIN(OG_OPT_MOMENTUM, 27),
    PIN(OG_OPT_DAMPENING, 28),
    PIN(OG_OPT_NESTEROV, 29),
    PIN(OG_OPT_CENTERED, 30),
    PIN(OG_OPT_ALPHA, 31),
    PIN(OG_OPT_BETA1, 32),
    PIN(OG_OPT_BETA2, 33),
    PIN(OG_OPT_EPSILON, 34),
    PIN(OG_OPT_WEIGHT_DECAY, 35),
    PIN(OG_OPT_L1, 36),
    PIN(OG_OPT_L2, 37),
    PIN(OG_OPT_CLIP_NORM, 38),
    PIN(OG_OPT_CLIP_VALUE, 39),
    PIN(OG_OPT_LR_SCHEDULE, 40),
    PIN(OG_OPT_LR_FINAL, 41),
    PIN(OG_OPT_LR_STEP, 42),
    PIN(OG_OPT_LR_DECAY, 43),
    PIN(OG_OPT_WARM_UP, 44),
    PIN(OG_OPT_EPOCHS, 45),
    PIN(OG_OPT_BATCH, 46),
    PIN(OG_OPT_WINDOW, 47),
    PIN(OG_OPT_WINDOW_START, 48),
    PIN(OG_OPT_WINDOWS, 49),
    PIN(OG_OPT_VALIDATION, 50),
    PIN(OG_OPT_PATIENCE, 51),
    PIN(OG_OPT_REDUCTION, 52),
    PIN(OG_OPT_LINEAR_SOLVER, 53),
    PIN(OG_TYPE_REAL, 0),
    PIN(OG_TYPE_INTEGER, 1),
    PIN(OG_TYPE_SIZE, 2),
    PIN(OG_TYPE_CHOICE, 3),
    PIN(OG_TYPE_TEXT, 4),
    PIN(OG_METHOD_EULER, 0),
    PIN(OG_METHOD_MIDPOINT, 1),
    PIN(OG_METHOD_HEUN, 2),
    PIN(OG_METHOD_RK4, 3),
    PIN(OG_METHOD_BS32, 4),
    PIN(OG_METHOD_DOPRI5, 5),
    PIN(OG_METHOD_TSIT5, 6),
    PIN(OG_METHOD_DOP853, 7),
    PIN(OG_METHOD_RODAS5P, 8),
    PIN(OG_METHOD_KVAERNO5, 9),
    PIN(OG_METHOD_ESDIRK54, 10),
    PIN(OG_METHOD_RADAU5, 11),
    PIN(OG_METHOD_RADAU9, 12),
    PIN(OG_METHOD_IMPLICIT_EULER, 13),
    PIN(OG_METHOD_TRAPEZOID, 14),
    PIN(OG_METHOD_IMPLICIT_MIDPOINT, 15),
    PIN(OG_METHOD_AUTO, 16),
    PIN(OG_ADJOINT_DISCRETE, 0),
    PIN(OG_ADJOINT_BACKSOLVE, 1),
    PIN(OG_ADJOINT_INTERPOLATE, 2),
    PIN(OG_ADJOINT_QUADRATURE, 3),
    PIN(OG_ADJOINT_FORWARD, 4),
    PIN(OG_NORM_SEMINORM, 0),
    PIN(OG_NORM_FULL, 1),
    PIN(OG_CONTROL_REFINE, 0),
    PIN(OG_CONTROL_ESTIMATE, 1),
    PIN(OG_CONTROL_NONE, 2),
    PIN(OG_LINEAR_AUTO, 0),
    PIN(OG_LINEAR_DENSE, 1),
    PIN(OG_LINEAR_SPARSE, 2),
    PIN(OG_LINEAR_KLU, 3),
    PIN(OG_LINEAR_GMRES, 4),
    PIN(OG_SCHEDULE_AUTO, 0),
    PIN(OG_SCHEDULE_ALL, 1),
    PIN(OG_SCHEDULE_EVERY, 2),
    PIN(OG_SCHEDULE_BINOMIAL, 3),
    PIN(OG_SCHEDULE_ONLINE, 4),
    PIN(OG_PRECISION_DOUBLE, 0),
    PIN(OG_PRECISION_SINGLE, 1),
    PIN(OG_OPTIMIZER_LBFGS, 0),
    PIN(OG_OPTIMIZER_SLSQP, 1),
    PIN(OG_OPTIMIZER_GRADIENT, 2),
    PIN(OG_OPTIMIZER_ADAM, 3),
    PIN(OG_OPTIMIZER_SGD, 4),
    PIN(OG_OPTIMIZER_RMSPROP, 5),
    PIN(OG_OPTIMIZER_ADAMW, 6),
    PIN(OG_OPTIMIZER_ADABELIEF, 7),
    PIN(OG_LR_CONSTANT, 0),
    PIN(OG_LR_COSINE, 1),
    PIN(OG_LR_STEP, 2),
    PIN(OG_WINDOW_RANDOM, 0),
    PIN(OG_WINDOW_FIRST, 1),
    PIN(OG_REDUCTION_MEAN, 0),
    PIN(OG_REDUCTION_SUM, 1),
    PIN(OG_DIRECTION_ANY, 0),
    PIN(OG_DIRECTION_RISING, 1),
    PIN(OG_DIRECTION_FALLING, 2),
    PIN(OG_STAT_STEPS, 0),
    PIN(OG_STAT_REJECTED, 1),
    PIN(OG_STAT_RHS_EVALS, 2),
    PIN(OG_STAT_VJP_EVALS, 3),
    PIN(OG_STAT_JVP_EVALS, 4),
    PIN(OG_STAT_CHECKPOINT_BYTES, 5),
    PIN(OG_STAT_RECOMPUTED_STEPS, 6),
    PIN(OG_STAT_REFINEMENTS, 7),
    PIN(OG_STAT_IMPLICIT_STEPS, 8),
    PIN(OG_STAT_JACOBIANS, 9),
    PIN(OG_STAT_FACTORISATIONS, 10),
    PIN(OG_STAT_LINEAR_SOLVES, 11),
    PIN(OG_STAT_NEWTON_ITERATIONS, 12),
    PIN(OG_STAT_KRYLOV_ITERATIONS, 13),
    PIN(OG_SIGNAL_CONSTANT, 0),
    PIN(OG_SIGNAL_LINEAR, 1),
    PIN(OG_SIGNAL_HOLD, 2),
    PIN(OG_MARKER_DISC, 0),
    PIN(OG_MARKER_RING, 1),
    PIN(OG_MARKER_SQUARE, 2),
    PIN(OG_MARKER_TRIANGLE, 3),
    PIN(OG_MARKER_DIAMOND, 4),
#undef PIN
};

static void numbers_stay(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    if (numbers[i].number != numbers[i].pinned)
      fail_msg("%s is %d, and was %d", numbers[i].word, numbers[i].number, numbers[i].pinned);
}

static const char *const option_names[] = {
    "method",
    "rtol",
    "atol",
    "steps",
    "max-steps",
    "min-step",
    "max-step",
    "first-step",
    "steady",
    "event-samples",
    "max-events",
    "adjoint",
    "adjoint-norm",
    "gradient-control",
    "memory",
    "schedule",
    "every",
    "disk",
    "checkpoint-dir",
    "threads",
    "precision",
    "seed",
    "optimizer",
    "iterations",
    "learning-rate",
    "tolerance",
    "starts",
    "momentum",
    "dampening",
    "nesterov",
    "centered",
    "alpha",
    "beta1",
    "beta2",
    "epsilon",
    "weight-decay",
    "l1",
    "l2",
    "clip-norm",
    "clip-value",
    "lr-schedule",
    "lr-final",
    "lr-step",
    "lr-decay",
    "warm-up",
    "epochs",
    "batch",
    "window",
    "window-start",
    "windows",
    "validation",
    "patience",
    "reduction",
    "linear-solver",
};
enum { NAMES = sizeof option_names / sizeof *option_names };

static void names_of_options_stay(void **state) {
  (void)state;
  assert_int_equal(og_option_count(), NAMES);
  for (int i = 0; i < NAMES; i++)
    assert_string_equal(og_option_describe((og_option)i)->name, option_names[i]);
}

/* Words of choices are in the order of their enumerations. */
static void words_of_choices_stay(void **state) {
  (void)state;
  static const struct {
    og_option option;
    const char *words;
  } choices[] = {
      {OG_OPT_METHOD, "euler|midpoint|heun|rk4|bs32|dopri5|tsit5|dop853"},
      {OG_OPT_ADJOINT, "discrete|backsolve|interpolate|quadrature|forward"},
      {OG_OPT_ADJOINT_NORM, "seminorm|full"},
      {OG_OPT_GRADIENT_CONTROL, "refine|estimate|none"},
      {OG_OPT_SCHEDULE, "auto|all|every|binomial|online"},
      {OG_OPT_PRECISION, "double|single"},
      {OG_OPT_OPTIMIZER, "lbfgs|slsqp|gradient|adam|sgd|rmsprop|adamw|adabelief"},
      {OG_OPT_NESTEROV, "no|yes"},
      {OG_OPT_CENTERED, "no|yes"},
      {OG_OPT_LR_SCHEDULE, "constant|cosine|step"},
      {OG_OPT_WINDOW_START, "random|first"},
      {OG_OPT_REDUCTION, "mean|sum"},
      {OG_OPT_LINEAR_SOLVER, "auto|dense|sparse|klu|gmres"},
  };
  for (size_t i = 0; i < sizeof choices / sizeof *choices; i++) {
    const char *words = og_option_describe(choices[i].option)->choices;
    if (strncmp(words, choices[i].words, strlen(choices[i].words)) != 0)
      fail_msg("%s: \"%s\" does not begin with \"%s\"", og_option_describe(choices[i].option)->name, words,
               choices[i].words);
  }
}

/* Every word of the header has its number here: one more than the largest of each kind is none. */
static void counts_are_those_of_the_library(void **state) {
  (void)state;
  int options = 0, methods = 0, stats = 0;
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    options += strncmp(numbers[i].word, "OG_OPT_", 7) == 0;
    methods += strncmp(numbers[i].word, "OG_METHOD_", 10) == 0;
    stats += strncmp(numbers[i].word, "OG_STAT_", 8) == 0;
  }
  assert_int_equal(og_option_count(), options);
  assert_int_equal(og_method_count(), methods);
  assert_int_equal(og_stat_count(), stats);
  assert_null(og_option_describe((og_option)og_option_count()));
  assert_int_equal(og_method_order((og_method)og_method_count()), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers_stay),
      cmocka_unit_test(names_of_options_stay),
      cmocka_unit_test(words_of_choices_stay),
      cmocka_unit_test(counts_are_those_of_the_library),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
