/* Options: one table describes them all and drives setting, checking, text, --help and the docs. */
#include "base/base.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define EXACT_INTEGERS 9007199254740992.0 /* 2^53: bounds are kept as doubles */
#define LARGE 1e300
#define BELOW_ONE 0.999999999 /* what has no memory of its start cannot be corrected for it */

#define ROW OG_INIT(og_option_info)
static const og_option_info option_rows[OG_OPTION_COUNT] = {
    [OG_OPT_METHOD] = {ROW, "method", OG_TYPE_CHOICE, OG_METHOD_AUTO, 0, OG_METHOD_COUNT - 1,
                       "euler|midpoint|heun|rk4|bs32|dopri5|tsit5|dop853|rodas5p|kvaerno5|esdirk54|radau5|"
                       "radau9|implicit-euler|trapezoid|implicit-midpoint|auto",
                       "of integration; auto: explicit, and implicit where the problem is stiff"},
    [OG_OPT_RTOL] = {ROW, "rtol", OG_TYPE_REAL, 1e-6, 0, 1, NULL, "relative error allowed in a step"},
    [OG_OPT_ATOL] = {ROW, "atol", OG_TYPE_REAL, 1e-9, 1e-300, LARGE, NULL,
                     "absolute error allowed in a step; NAME=X: of that state, may be repeated"},
    [OG_OPT_STEPS] = {ROW, "steps", OG_TYPE_INTEGER, 0, 0, 1e9, NULL,
                      "take this many equal steps; 0: adaptive steps"},
    [OG_OPT_MAX_STEPS] = {ROW, "max-steps", OG_TYPE_INTEGER, 100000, 1, 1e9, NULL,
                          "most steps of a trajectory, accepted and rejected"},
    [OG_OPT_MIN_STEP] = {ROW, "min-step", OG_TYPE_REAL, 0, 0, LARGE, NULL,
                         "smallest step; 0: the resolution of t"},
    [OG_OPT_MAX_STEP] = {ROW, "max-step", OG_TYPE_REAL, 0, 0, LARGE, NULL, "largest step; 0: the whole span"},
    [OG_OPT_FIRST_STEP] = {ROW, "first-step", OG_TYPE_REAL, 0, 0, LARGE, NULL,
                           "first step to try; 0: automatic"},
    [OG_OPT_STEADY] = {ROW, "steady", OG_TYPE_REAL, 0, 0, LARGE, NULL,
                       "end where the rms of the right-hand side falls to this; 0: at t1"},
    [OG_OPT_EVENT_SAMPLES] = {ROW, "event-samples", OG_TYPE_INTEGER, 8, 1, 10000, NULL,
                              "places in each step at which events are looked for"},
    [OG_OPT_MAX_EVENTS] = {ROW, "max-events", OG_TYPE_INTEGER, 10000, 1, 1e9, NULL,
                           "most events of a trajectory"},
    [OG_OPT_ADJOINT] = {ROW, "adjoint", OG_TYPE_CHOICE, OG_ADJOINT_DISCRETE, 0, OG_ADJOINT_FORWARD,
                        "discrete|backsolve|interpolate|quadrature|forward", "how gradients are computed"},
    [OG_OPT_ADJOINT_NORM] = {ROW, "adjoint-norm", OG_TYPE_CHOICE, OG_NORM_SEMINORM, 0, OG_NORM_FULL,
                             "seminorm|full",
                             "step control of a backward solve: without or with the parameter integral"},
    [OG_OPT_GRADIENT_CONTROL] =
        {ROW, "gradient-control", OG_TYPE_CHOICE, OG_CONTROL_REFINE, 0, OG_CONTROL_NONE,
         "refine|estimate|none",
         "of steps that are good for x and not for its derivative: narrow them or refuse, "
         "tell how well the gradient is known, or neither"},
    [OG_OPT_MEMORY] = {ROW, "memory", OG_TYPE_SIZE, 0, 0, EXACT_INTEGERS, NULL,
                       "most bytes for solving and the gradient, as in 64MiB; 0: no limit"},
    [OG_OPT_SCHEDULE] = {ROW, "schedule", OG_TYPE_CHOICE, OG_SCHEDULE_AUTO, 0, OG_SCHEDULE_ONLINE,
                         "auto|all|every|binomial|online", "which states are kept when not all can be"},
    [OG_OPT_EVERY] = {ROW, "every", OG_TYPE_INTEGER, 1, 1, 1e9, NULL,
                      "with --schedule every: keep the state of every so many steps"},
    [OG_OPT_DISK] = {ROW, "disk", OG_TYPE_SIZE, 0, 0, EXACT_INTEGERS, NULL,
                     "most bytes of the file in --checkpoint-dir; 0: no limit"},
    [OG_OPT_CHECKPOINT_DIR] = {ROW, "checkpoint-dir", OG_TYPE_TEXT, 0, 0, 0, NULL,
                               "directory of a temporary file for the states that do not fit into --memory"},
    [OG_OPT_THREADS] = {ROW, "threads", OG_TYPE_INTEGER, 0, 0, 1024, NULL,
                        "threads used for many trajectories; 0: the context's number"},
    [OG_OPT_PRECISION] = {ROW, "precision", OG_TYPE_CHOICE, OG_PRECISION_DOUBLE, 0, OG_PRECISION_SINGLE,
                          "double|single", "arithmetic of the solve"},
    [OG_OPT_SEED] = {ROW, "seed", OG_TYPE_INTEGER, 0, 0, EXACT_INTEGERS, NULL, "seed of all random numbers"},
    [OG_OPT_OPTIMIZER] = {ROW, "optimizer", OG_TYPE_CHOICE, OG_OPTIMIZER_LBFGS, 0, OG_OPTIMIZER_ADABELIEF,
                          "lbfgs|slsqp|gradient|adam|sgd|rmsprop|adamw|adabelief",
                          "how a fit descends; from adam on: training, by mini-batches"},
    [OG_OPT_ITERATIONS] = {ROW, "iterations", OG_TYPE_INTEGER, 1000, 0, 1e9, NULL,
                           "most iterations of a fit"},
    [OG_OPT_LEARNING_RATE] = {ROW, "learning-rate", OG_TYPE_REAL, 0, 0, LARGE, NULL,
                              "step of all but lbfgs and slsqp; 0: the optimizer's default"},
    [OG_OPT_TOLERANCE] = {ROW, "tolerance", OG_TYPE_REAL, 1e-10, 0, 1, NULL,
                          "relative change of the loss that ends a fit"},
    [OG_OPT_STARTS] = {ROW, "starts", OG_TYPE_INTEGER, 0, 0, 1e6, NULL,
                       "starting points drawn within the bounds, besides the given one"},
    [OG_OPT_MOMENTUM] = {ROW, "momentum", OG_TYPE_REAL, 0, 0, 1, NULL, "of sgd and rmsprop"},
    [OG_OPT_DAMPENING] = {ROW, "dampening", OG_TYPE_REAL, 0, 0, 1, NULL, "of the momentum of sgd"},
    [OG_OPT_NESTEROV] = {ROW, "nesterov", OG_TYPE_CHOICE, 0, 0, 1, "no|yes", "Nesterov's momentum in sgd"},
    [OG_OPT_CENTERED] = {ROW, "centered", OG_TYPE_CHOICE, 0, 0, 1, "no|yes",
                         "in rmsprop, take the mean gradient out of its mean square"},
    [OG_OPT_ALPHA] = {ROW, "alpha", OG_TYPE_REAL, 0.99, 0, 1, NULL, "smoothing of the squares in rmsprop"},
    [OG_OPT_BETA1] = {ROW, "beta1", OG_TYPE_REAL, 0.9, 0, BELOW_ONE, NULL,
                      "smoothing of the gradient in adam, adamw and adabelief"},
    [OG_OPT_BETA2] = {ROW, "beta2", OG_TYPE_REAL, 0.999, 0, BELOW_ONE, NULL,
                      "smoothing of the squares in adam, adamw and adabelief"},
    [OG_OPT_EPSILON] = {ROW, "epsilon", OG_TYPE_REAL, 0, 0, 1, NULL,
                        "added to the denominators of all but sgd; 0: the optimizer's default"},
    [OG_OPT_WEIGHT_DECAY] = {ROW, "weight-decay", OG_TYPE_REAL, -1, -1, LARGE, NULL,
                             "of networks' weights, or of all parameters where there is none; -1: the "
                             "optimizer's default"},
    [OG_OPT_L1] = {ROW, "l1", OG_TYPE_REAL, 0, 0, LARGE, NULL,
                   "penalty: this times the sum of the absolute weights"},
    [OG_OPT_L2] = {ROW, "l2", OG_TYPE_REAL, 0, 0, LARGE, NULL,
                   "penalty: this times the sum of the squared weights"},
    [OG_OPT_CLIP_NORM] = {ROW, "clip-norm", OG_TYPE_REAL, 0, 0, LARGE, NULL,
                          "scale gradients down to this Euclidean norm; 0: never"},
    [OG_OPT_CLIP_VALUE] = {ROW, "clip-value", OG_TYPE_REAL, 0, 0, LARGE, NULL,
                           "cut the entries of gradients to this size; 0: never"},
    [OG_OPT_LR_SCHEDULE] = {ROW, "lr-schedule", OG_TYPE_CHOICE, OG_LR_CONSTANT, 0, OG_LR_STEP,
                            "constant|cosine|step", "how the learning rate changes while training"},
    [OG_OPT_LR_FINAL] = {ROW, "lr-final", OG_TYPE_REAL, 0, 0, 1, NULL,
                         "with --lr-schedule cosine: the share of the learning rate left at the end"},
    [OG_OPT_LR_STEP] = {ROW, "lr-step", OG_TYPE_INTEGER, 1000, 1, 1e9, NULL,
                        "with --lr-schedule step: optimizer steps from one decay to the next"},
    [OG_OPT_LR_DECAY] = {ROW, "lr-decay", OG_TYPE_REAL, 0.1, 0, 1, NULL,
                         "with --lr-schedule step: factor of each decay"},
    [OG_OPT_WARM_UP] = {ROW, "warm-up", OG_TYPE_INTEGER, 0, 0, 1e9, NULL,
                        "optimizer steps during which the learning rate rises to its full value"},
    [OG_OPT_EPOCHS] = {ROW, "epochs", OG_TYPE_INTEGER, 0, 0, 1e9, NULL,
                       "times that training goes through its data; 0: until --iterations"},
    [OG_OPT_BATCH] = {ROW, "batch", OG_TYPE_INTEGER, 0, 0, 1e9, NULL,
                      "trajectories, or windows, of a mini-batch; 0: all"},
    [OG_OPT_WINDOW] = {ROW, "window", OG_TYPE_INTEGER, 0, 0, 1e9, NULL,
                       "train on windows of this many data rows, from the data at their first; 0: on whole "
                       "trajectories"},
    [OG_OPT_WINDOW_START] = {ROW, "window-start", OG_TYPE_CHOICE, OG_WINDOW_RANDOM, 0, OG_WINDOW_FIRST,
                             "random|first",
                             "where windows begin: anywhere, or at each trajectory's first row"},
    [OG_OPT_WINDOWS] = {ROW, "windows", OG_TYPE_INTEGER, 0, 0, 1e9, NULL,
                        "trajectories, or windows, of an epoch; 0: all there are"},
    [OG_OPT_VALIDATION] = {ROW, "validation", OG_TYPE_REAL, 0, 0, 0.9, NULL,
                           "share held out: of the trajectories, or of the last rows of the only one"},
    [OG_OPT_PATIENCE] = {ROW, "patience", OG_TYPE_INTEGER, 0, 0, 1e9, NULL,
                         "end training after this many epochs without a better (validation) loss; 0: never"},
    [OG_OPT_REDUCTION] = {ROW, "reduction", OG_TYPE_CHOICE, OG_REDUCTION_MEAN, 0, OG_REDUCTION_SUM,
                          "mean|sum", "a mini-batch's loss: mean over its observed values, or their sum"},
    [OG_OPT_LINEAR_SOLVER] =
        {ROW, "linear-solver", OG_TYPE_CHOICE, OG_LINEAR_AUTO, 0, OG_LINEAR_GMRES,
         "auto|dense|sparse|klu|gmres",
         "of implicit methods; auto: dense or sparse, whichever has less to do; klu: with rows "
         "exchanged; gmres: iterated, with kvaerno5, esdirk54 and fixed steps"},
};

typedef struct option_value {
  double real;
  long long integer; /* also sizes and the number of a choice */
  char word[16];     /* of a choice */
  char *text;        /* owned; NULL: "" */
} option_value;

struct og_options {
  og_context *context;
  option_value values[OG_OPTION_COUNT];
};

size_t og_option_count(void) { return OG_OPTION_COUNT; }
size_t og_method_count(void) { return OG_METHOD_COUNT; }
size_t og_stat_count(void) { return OG_STAT_COUNT; }

const og_option_info *og_option_describe(og_option option) {
  return (unsigned)option < OG_OPTION_COUNT ? &option_rows[option] : NULL;
}

/* Copies word number `index` of "euler|midpoint|...". */
static void copy_word(const char *choices, long long index, char word[16]) {
  for (; index > 0; index--) choices += strcspn(choices, "|") + 1;
  snprintf(word, 16, "%.*s", (int)strcspn(choices, "|"), choices);
}

static void put_whole(og_options *options, og_option option, long long value) {
  option_value *slot = &options->values[option];
  slot->integer = value;
  const char *choices = option_rows[option].choices;
  if (choices) copy_word(choices, value, slot->word);
}

static void put_defaults(og_options *options) {
  for (int i = 0; i < OG_OPTION_COUNT; i++) {
    const og_option_info *row = &option_rows[i];
    if (row->type == OG_TYPE_REAL)
      options->values[i].real = row->fallback;
    else if (row->type != OG_TYPE_TEXT)
      put_whole(options, (og_option)i, (long long)row->fallback);
  }
}

og_status og_options_create(og_context *context, og_options **out) {
  if (out) *out = NULL;
  OG_OBJECT(context);
  OG_NEED(context, out);
  return og_options_copy(context, NULL, out);
}

/* The copy holds the originals' texts: it gets its own. */
static og_status copy_texts(og_options *copy) {
  og_status status = OG_OK;
  for (int i = 0; i < OG_OPTION_COUNT; i++) {
    const char *text = copy->values[i].text;
    copy->values[i].text = text && status == OG_OK ? og_strdup(copy->context, text) : NULL;
    if (text && !copy->values[i].text) status = OG_ERR_MEMORY;
  }
  return status == OG_OK ? OG_OK : og_fail_memory(copy->context, sizeof *copy, "options");
}

og_status og_options_copy(og_context *context, const og_options *options, og_options **out) {
  *out = NULL;
  og_options *copy = og_alloc(context, 1, sizeof *copy);
  if (!copy) return og_fail_memory(context, sizeof *copy, "options");
  if (options)
    *copy = *options;
  else
    put_defaults(copy);
  copy->context = context;
  og_status status = copy_texts(copy);
  if (status != OG_OK) {
    og_options_destroy(copy);
    return status;
  }
  *out = copy;
  return OG_OK;
}

og_context *og_options_context(const og_options *options) { return options->context; }

void og_options_destroy(og_options *options) {
  if (!options) return;
  for (int i = 0; i < OG_OPTION_COUNT; i++) og_free(options->context, options->values[i].text);
  og_free(options->context, options);
}

/* ---- Setting by value ---- */

static const char *type_words(og_option_type type) {
  static const char *const words[] = {"a real number", "an integer", "a size", "a choice", "a text"};
  return words[type];
}

/* The row of `option` when it may be set as `type` (sizes are set as integers). */
static og_status row_for(const og_options *options, og_option option, og_option_type type,
                         const og_option_info **row) {
  *row = og_option_describe(option);
  if (!*row) return og_fail(options->context, OG_ERR_ARGUMENT, "there is no option number %d", (int)option);
  og_option_type own = (*row)->type == OG_TYPE_SIZE ? OG_TYPE_INTEGER : (*row)->type;
  if (own == type) return OG_OK;
  return og_fail(options->context, OG_ERR_ARGUMENT, "option %s is %s; it cannot be set as %s", (*row)->name,
                 type_words((*row)->type), type_words(type));
}

og_status og_options_fail_bounds(const og_options *options, const og_option_info *row, const char *value) {
  char lowest[OG_NUMBER_SIZE], highest[OG_NUMBER_SIZE];
  og_format_real(row->lowest, lowest);
  og_format_real(row->highest, highest);
  return og_fail(options->context, OG_ERR_BOUNDS, "option %s is %s; it must be from %s to %s", row->name,
                 value, lowest, highest);
}

og_status og_options_set_real(og_options *options, og_option option, double value) {
  OG_OBJECT(options);
  const og_option_info *row;
  OG_TRY(row_for(options, option, OG_TYPE_REAL, &row));
  if (!(value >= row->lowest && value <= row->highest)) {
    char text[OG_NUMBER_SIZE];
    og_format_real(value, text);
    return og_options_fail_bounds(options, row, text);
  }
  options->values[option].real = value;
  return OG_OK;
}

/* Integer bounds are whole numbers up to 2^53, so that the comparison is exact. */
static og_status set_whole(og_options *options, og_option option, const og_option_info *row,
                           long long value) {
  if (value < (long long)row->lowest || value > (long long)row->highest) {
    char text[OG_NUMBER_SIZE];
    snprintf(text, sizeof text, "%lld", value);
    return og_options_fail_bounds(options, row, text);
  }
  put_whole(options, option, value);
  return OG_OK;
}

og_status og_options_set_integer(og_options *options, og_option option, long long value) {
  OG_OBJECT(options);
  const og_option_info *row;
  OG_TRY(row_for(options, option, OG_TYPE_INTEGER, &row));
  return set_whole(options, option, row, value);
}

og_status og_options_set_choice(og_options *options, og_option option, int value) {
  OG_OBJECT(options);
  const og_option_info *row;
  OG_TRY(row_for(options, option, OG_TYPE_CHOICE, &row));
  return set_whole(options, option, row, value);
}

og_status og_options_put_text(og_options *options, og_option option, const char *text) {
  char *copy = og_strdup(options->context, text);
  if (!copy) return og_fail_memory(options->context, strlen(text) + 1, "an option");
  og_free(options->context, options->values[option].text);
  options->values[option].text = copy;
  return OG_OK;
}

/* ---- Reading ---- */

double og_options_real(const og_options *options, og_option option) {
  if (!options) return NAN;
  const og_option_info *row = og_option_describe(option);
  if (!row) return NAN;
  return row->type == OG_TYPE_REAL ? options->values[option].real : (double)options->values[option].integer;
}

long long og_options_integer(const og_options *options, og_option option) {
  if (!options) return 0;
  const og_option_info *row = og_option_describe(option);
  if (!row) return 0;
  if (row->type != OG_TYPE_REAL) return options->values[option].integer;
  double value = options->values[option].real;
  return fabs(value) < EXACT_INTEGERS ? (long long)value : 0;
}

const char *og_options_choice_name(const og_options *options, og_option option) {
  return og_option_describe(option) ? options->values[option].word : "";
}

const char *og_options_text(const og_options *options, og_option option) {
  if (!options) return "";
  const char *text = og_option_describe(option) ? options->values[option].text : NULL;
  return text ? text : "";
}
