/* odegrad: solutions of ordinary differential equations and their exact gradients.
 *
 * Conventions, stated once for every declaration below.
 *  - The problem is dx/dt = f(t, x, theta), x(t0) = x0; n states, p parameters, M trajectories.
 *  - A cotangent of q is written q_bar and means dL/dq. Functions that return cotangents ADD to the
 *    caller's arrays (+=), so that several losses accumulate; clear them first.
 *  - Arrays are row-major doubles: [M][n] keeps one trajectory's states together.
 *  - Functions return OG_OK or a status; the message is in og_context_message(). On failure no output
 *    argument is left half written: pointers are NULL and arrays hold what they held before.
 *  - A pointer must not be NULL unless its declaration says OG_OR_NULL, or it is an array of no entries, or a
 *    `void *user`. Where it is, a function that returns a status does nothing and returns OG_ERR_ARGUMENT,
 * and the message names the argument; another one does nothing, or returns 0, NULL, "" or NaN.
 *  - `const char *` results belong to the object they were asked of and live as long as it does, the message
 *    of a context (og_context_message) alone does not.
 *  - A thread needs 128 KiB of stack, whatever the model, beside what its callbacks take.
 *  - An object is used by one thread at a time. Fields are constant and may be shared by threads.
 *  - Structs begin with `size_t size`, and later versions add members at their ends. In one that the caller
 *    fills `size` is its sizeof, and what is left zero is not given or not wanted. In C:
 *    &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = bars}, and so in C++20 without the
 *    parentheses; in older C++: og_pullback_arrays a{}; a.size = sizeof a. A smaller struct stands for one
 *    whose further members are zero, and a larger one is refused (OG_ERR_ARGUMENT) if anything that this
 *    library does not know in it is not zero. One that the library fills comes in with its sizeof as well:
 *    og_gradient_error e = {OG_INIT(og_gradient_error)}. The members that both know are written, and those
 *    that this library does not know become zero. In one that the library hands out by a pointer `size` is
 *    what the library has: read it where it is, and a member newer than your oldest library only if `size`
 *    reaches it. og_window has no size and never changes: it stands in arrays that are handed both ways.
 *  - Counts, indices, lengths and dimensions are size_t. Of another type are: values of options and seeds
 *    (long long: they may be negative, and are one type for all options), the step of a slice (long long, for
 *    the same reason), the order of a method (int: one calculates with it), and nodes of a builder
 *    (og_value). Any other int is yes (not 0) or no (0), a sign, the number of an enumeration, or what a
 *    callback returns.
 *  - Objects are made by functions called og_..._create or og_..._create_from_..., and given back by
 * og_..._destroy; outputs alone are opened and closed.
 *  - Objects are destroyed in any order before their context; destroying NULL does nothing. An object keeps
 * what it was made from for as long as it needs it: a field may be destroyed before its solves, a model and a
 *    table before an objective. What a callback's `user` points to is the caller's to keep. */
#ifndef ODEGRAD_H
#define ODEGRAD_H

#include <stddef.h>
#include <stdio.h>

/** Marks a pointer that may be NULL in the declarations below; what NULL means there, their comments say. */
#define OG_OR_NULL

/** The first member of a struct that the caller fills, in a braced list of designated members. */
#define OG_INIT(type) .size = sizeof(type)

#if defined(__GNUC__)
#define OG_API __attribute__((visibility("default")))
#else
#define OG_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define OG_VERSION_MAJOR 0
#define OG_VERSION_MINOR 1
#define OG_VERSION_PATCH 0

/** The version of the library that is linked, as "0.1.0". */
OG_API const char *og_version(void);

/* ---- Status codes ------------------------------------------------------------------------------ */

/** Every status: name, pinned number, one-line meaning. Numbers never change meaning. */
#define OG_STATUS_LIST(X)                                                                                    \
  X(OG_OK, 0, "success")                                                                                     \
  X(OG_ERR_ARGUMENT, 1, "an argument is out of range or inconsistent")                                       \
  X(OG_ERR_MEMORY, 2, "out of memory")                                                                       \
  X(OG_ERR_BUDGET, 3, "the memory budget is too small")                                                      \
  X(OG_ERR_STATE, 4, "called in the wrong order")                                                            \
  X(OG_ERR_FILE, 5, "a file cannot be read or written")                                                      \
  X(OG_ERR_DATA, 6, "a data file or table is malformed")                                                     \
  X(OG_ERR_MODEL, 7, "the model text has errors")                                                            \
  X(OG_ERR_NAME, 8, "unknown name")                                                                          \
  X(OG_ERR_SHAPE, 9, "shapes do not match")                                                                  \
  X(OG_ERR_BOUNDS, 10, "a value lies outside its bounds")                                                    \
  X(OG_ERR_UNSUPPORTED, 11, "the operation needs something that is not available")                           \
  X(OG_ERR_NOT_FINITE, 20, "NaN or infinity")                                                                \
  X(OG_ERR_BLOW_UP, 21, "the solution grows without bound")                                                  \
  X(OG_ERR_STEP_UNDERFLOW, 22, "the step size became too small")                                             \
  X(OG_ERR_TOO_MANY_STEPS, 23, "the step limit was reached")                                                 \
  X(OG_ERR_STIFF, 24, "the problem is stiff and the method explicit")                                        \
  X(OG_ERR_FIELD, 25, "a field callback asked to stop")                                                      \
  X(OG_ERR_NO_DEPENDENCE, 26, "the loss depends on nothing")                                                 \
  X(OG_ERR_INTERRUPTED, 27, "interrupted")                                                                   \
  X(OG_ERR_ZENO, 28, "events accumulate")                                                                    \
  X(OG_ERR_GRAZING, 29, "an event is touched, not crossed, so that it has no derivative")                    \
  X(OG_ERR_NOT_STEADY, 30, "no steady state before the end of the span")                                     \
  X(OG_ERR_ENDED, 31, "a trajectory ended before an observation")                                            \
  X(OG_ERR_UNRESOLVED, 32,                                                                                   \
    "the gradient is not resolved: the steps are good for the solution, not for its derivative")             \
  X(OG_ERR_GUARD_UNRESOLVED, 33, "an event's guard changes faster than it can be followed")                  \
  X(OG_ERR_INCONSISTENT, 34, "algebraic equations have no solution near the guess")                          \
  X(OG_ERR_INDEX, 35, "algebraic equations do not determine the algebraic states (index above 1)")           \
  X(OG_ERR_INTERNAL, 99, "a defect in odegrad; please report it")

typedef enum og_status {
#define OG_STATUS_ENUM(name, number, text) name = number,
  OG_STATUS_LIST(OG_STATUS_ENUM)
#undef OG_STATUS_ENUM
} og_status;

/** The name ("OG_ERR_FILE") and the meaning of a status; "OG_ERR_INTERNAL" for an unknown number. */
OG_API const char *og_status_name(og_status status);
OG_API const char *og_status_text(og_status status);

/* ---- Context ----------------------------------------------------------------------------------- */

/** Allocator, log sink, thread count and last error message. There is no process-global state. */
typedef struct og_context og_context;

/** Returns `size` (> 0) bytes aligned for any type, or NULL. May be called from several threads. */
typedef void *(*og_allocate_fn)(size_t size, void *user);
/** Gives back what an og_allocate_fn returned; never called with NULL. */
typedef void (*og_release_fn)(void *memory, void *user);
/** Receives warnings and notes, one line each without a newline. */
typedef void (*og_log_fn)(const char *line, void *user);

/** Creates a context. `allocate` and `release` are given both, or both NULL for malloc and free. */
OG_API og_status og_context_create(og_allocate_fn OG_OR_NULL allocate, og_release_fn OG_OR_NULL release,
                                   void *user, og_context **out);
OG_API void og_context_destroy(og_context *context);
/** Where warnings go; NULL (the default) drops them. */
OG_API void og_context_set_log(og_context *context, og_log_fn OG_OR_NULL log, void *user);
/** Threads used by solves of many trajectories, 1 to 1024 (default 1). Results do not depend on it. */
OG_API og_status og_context_set_threads(og_context *context, size_t threads);
OG_API size_t og_context_threads(const og_context *context);
/** Copies text as a terminal may show it: control characters (but for line breaks and tabs), bytes that are
 * no UTF-8 and marks that turn the direction of writing are replaced by visible characters of one column. The
 *  library's messages and log lines are so already. At most `size` bytes with a NUL are written (whole
 *  characters; none if size is 0); returns the bytes that the whole needs without the NUL. */
OG_API size_t og_printable(const char *text, char *OG_OR_NULL out, size_t size);
/** Writes the shortest of %.15g, %.16g, %.17g that reads back as `value`, whatever the locale; "nan", "inf",
 *  "-inf". All numbers that the library writes into text files are so. */
enum { OG_NUMBER_SIZE = 32 };
OG_API void og_format_real(double value, char text[OG_NUMBER_SIZE]);
/** Writes a text as a cell of a CSV file: in quotes where it would not be read back as it is. */
OG_API void og_csv_put_text(FILE *file, const char *text);
/** The name in `names` nearest to `name` by edit distance (a letter in the wrong case counts nothing), or
 *  NULL when none is near enough to suggest. */
OG_API const char *og_nearest(const char *name, const char *const *names, size_t count);
/** Seconds on a clock that nobody sets. */
OG_API double og_seconds(void);
/** With `interrupt` = 1 whatever computes with this context ends soon, with OG_ERR_INTERRUPTED, until it is
 * taken back by 0: a solve between two steps, which is then as if it had not been run; a fit with its best
 * point so far, if it has one; a compiler is ended. The one function that may be called at any time from any
 * thread, and from a signal handler. */
OG_API void og_context_interrupt(og_context *context, int interrupt);
/** The message of the last failure, with the trail of calls that led to it; "" if there was none. It is there
 * until the next call with this context or an object of it: copy what is to be kept. */
OG_API const char *og_context_message(const og_context *OG_OR_NULL context);

/* ---- Options ----------------------------------------------------------------------------------- */

/* Numbers of options, methods and all other words below are fixed: new ones come behind them. */

/** Options of solves and fits: name, default and bounds of each are in one table (og_option_info). */
typedef struct og_options og_options;

typedef enum og_option {
  OG_OPT_METHOD = 0,     /* choice: og_method */
  OG_OPT_RTOL = 1,       /* real */
  OG_OPT_ATOL = 2,       /* real; from text also of single states: see og_options_set_text */
  OG_OPT_STEPS = 3,      /* integer: fixed steps; 0 = adaptive */
  OG_OPT_MAX_STEPS = 4,  /* integer: accepted + rejected per trajectory */
  OG_OPT_MIN_STEP = 5,   /* real: 0 = a few ulp of t */
  OG_OPT_MAX_STEP = 6,   /* real: 0 = the span */
  OG_OPT_FIRST_STEP = 7, /* real: 0 = automatic (Hairer, Norsett & Wanner II.4) */
  OG_OPT_STEADY = 8,     /* real: end where the root mean square of f falls to it; 0 = at t1 */
  OG_OPT_EVENT_SAMPLES =
      9,                  /* integer: places in a step at which guards are looked at first (docs/events.md) */
  OG_OPT_MAX_EVENTS = 10, /* integer: of a trajectory */
  OG_OPT_ADJOINT = 11,    /* choice: og_adjoint */
  OG_OPT_ADJOINT_NORM = 12,     /* choice: og_norm */
  OG_OPT_GRADIENT_CONTROL = 13, /* choice: og_gradient_control */
  OG_OPT_MEMORY = 14,   /* size: bytes for the solve and its gradient; 0 = no limit. Not counted are settings
                      and   results: observed states and copies of events' cotangents and tangents among them
                      (docs/checkpointing.md) */
  OG_OPT_SCHEDULE = 15, /* choice: og_schedule_kind */
  OG_OPT_EVERY = 16,    /* integer: of schedule = every, the first k */
  OG_OPT_DISK = 17,     /* size: most bytes of the file in checkpoint-dir; 0 = no limit */
  OG_OPT_CHECKPOINT_DIR = 18, /* text: where checkpoints go that do not fit into memory; "" = nowhere */
  OG_OPT_THREADS = 19,        /* integer: 0 = the context's */
  OG_OPT_PRECISION = 20,      /* choice: og_precision */
  OG_OPT_SEED = 21,           /* integer */
  OG_OPT_OPTIMIZER = 22,      /* choice: og_optimizer */
  OG_OPT_ITERATIONS = 23,     /* integer: of the optimiser */
  OG_OPT_LEARNING_RATE = 24,  /* real: of first-order optimisers; 0 = the optimiser's default */
  OG_OPT_TOLERANCE = 25,      /* real: relative change of the loss that ends a fit */
  OG_OPT_STARTS = 26,         /* integer: starting points drawn within the bounds, besides the given one */
  /* Of training (docs/training.md) */
  OG_OPT_MOMENTUM = 27,     /* real: sgd and rmsprop */
  OG_OPT_DAMPENING = 28,    /* real: sgd with momentum */
  OG_OPT_NESTEROV = 29,     /* choice: no|yes; sgd with momentum */
  OG_OPT_CENTERED = 30,     /* choice: no|yes; rmsprop */
  OG_OPT_ALPHA = 31,        /* real: rmsprop */
  OG_OPT_BETA1 = 32,        /* real: adam, adamw, adabelief */
  OG_OPT_BETA2 = 33,        /* real */
  OG_OPT_EPSILON = 34,      /* real: 0 = the optimiser's default */
  OG_OPT_WEIGHT_DECAY = 35, /* real: -1 = the optimiser's default */
  OG_OPT_L1 = 36,           /* real: penalty l1 * sum |w| */
  OG_OPT_L2 = 37,           /* real: penalty l2 * sum w^2 */
  OG_OPT_CLIP_NORM = 38,    /* real: most Euclidean norm of a gradient; 0 = no limit */
  OG_OPT_CLIP_VALUE = 39,   /* real: most size of an entry of a gradient; 0 = no limit */
  OG_OPT_LR_SCHEDULE = 40,  /* choice: og_lr_schedule */
  OG_OPT_LR_FINAL = 41,     /* real: of cosine, a share of the learning rate */
  OG_OPT_LR_STEP = 42,      /* integer: of step, in steps of the optimiser */
  OG_OPT_LR_DECAY = 43,     /* real: of step */
  OG_OPT_WARM_UP = 44,      /* integer: steps of the optimiser */
  OG_OPT_EPOCHS = 45,       /* integer: 0 = as many as `iterations` steps make */
  OG_OPT_BATCH = 46,        /* integer: trajectories or windows of a mini-batch; 0 = all */
  OG_OPT_WINDOW = 47,       /* integer: data rows of a window; 0 = whole trajectories */
  OG_OPT_WINDOW_START = 48, /* choice: og_window_start */
  OG_OPT_WINDOWS = 49,      /* integer: of an epoch; 0 = all there are */
  OG_OPT_VALIDATION = 50,   /* real: share of the data held out */
  OG_OPT_PATIENCE = 51,     /* integer: epochs without a better loss that end a training; 0 = never */
  OG_OPT_REDUCTION = 52     /* choice: og_reduction */
} og_option;

typedef enum og_option_type {
  OG_TYPE_REAL = 0,
  OG_TYPE_INTEGER = 1,
  OG_TYPE_SIZE = 2,
  OG_TYPE_CHOICE = 3,
  OG_TYPE_TEXT = 4
} og_option_type;

/** Methods, with their coefficients in src/step. The explicit Runge-Kutta methods need f alone; the others
 * are for stiff problems, and solve with df/dx. */
typedef enum og_method {
  OG_METHOD_EULER = 0,
  OG_METHOD_MIDPOINT = 1,
  OG_METHOD_HEUN = 2,
  OG_METHOD_RK4 = 3,
  OG_METHOD_BS32 = 4,
  OG_METHOD_DOPRI5 = 5,
  OG_METHOD_TSIT5 = 6,
  OG_METHOD_DOP853 = 7,
  OG_METHOD_RODAS5P = 8,         /* Rosenbrock 5(4), for stiff problems */
  OG_METHOD_KVAERNO5 = 9,        /* diagonally implicit 5(4) */
  OG_METHOD_ESDIRK54 = 10,       /* diagonally implicit 5(4), with the smaller error where it is very stiff */
  OG_METHOD_RADAU5 = 11,         /* fully implicit, order 5 */
  OG_METHOD_RADAU9 = 12,         /* fully implicit, order 9, for low tolerances */
  OG_METHOD_IMPLICIT_EULER = 13, /* these three in fixed steps only */
  OG_METHOD_TRAPEZOID = 14,
  OG_METHOD_IMPLICIT_MIDPOINT = 15,
  OG_METHOD_AUTO = 16 /* begins with tsit5 (dop853 at rtol below 1e-8), goes on with an implicit method where
                       the problem is stiff, and back; the default */
} og_method;
/** The order of a method: its error over a span goes as h^order. 0 for a number that is none. */
OG_API int og_method_order(og_method method);

/** How gradients are computed: see og_solve_pullback. */
typedef enum og_adjoint {
  OG_ADJOINT_DISCRETE = 0,
  OG_ADJOINT_BACKSOLVE = 1,
  OG_ADJOINT_INTERPOLATE = 2,
  OG_ADJOINT_QUADRATURE = 3,
  OG_ADJOINT_FORWARD = 4
} og_adjoint;
/** Which rows set the step size of a backward solve: all but the parameter integral (Kidger, Chen & Lyons,
 *  "Hey, that's not an ODE", 2021), on which the equation does not depend, or all. */
typedef enum og_norm { OG_NORM_SEMINORM = 0, OG_NORM_FULL = 1 } og_norm;
/** What is done about steps that are good for x and not for its derivative (docs/adjoints.md): the gradient's
 *  own error is estimated, and steps are narrowed where it is too large, or the gradient is refused; it is
 *  estimated only; neither. */
typedef enum og_gradient_control {
  OG_CONTROL_REFINE = 0,
  OG_CONTROL_ESTIMATE = 1,
  OG_CONTROL_NONE = 2
} og_gradient_control;
/** Which states are kept for the backward pass when not all of them can be: see docs/checkpointing.md. */
typedef enum og_schedule_kind {
  OG_SCHEDULE_AUTO = 0, /* all if they fit; else binomial with fixed steps, online with adaptive ones */
  OG_SCHEDULE_ALL = 1,  /* all, or OG_ERR_BUDGET */
  OG_SCHEDULE_EVERY = 2,
  OG_SCHEDULE_BINOMIAL = 3, /* fixed steps only */
  OG_SCHEDULE_ONLINE = 4
} og_schedule_kind;
/** Of the solve's arithmetic. Times are double in both; in single precision what the equations of a model
 * make of t and of parameters alone, before a state comes in (t - t_start, a phase), is computed in double
 * and then rounded. Callbacks get t in double, and parameters rounded to single precision. */
typedef enum og_precision { OG_PRECISION_DOUBLE = 0, OG_PRECISION_SINGLE = 1 } og_precision;
typedef enum og_optimizer {
  OG_OPTIMIZER_LBFGS = 0,
  OG_OPTIMIZER_SLSQP = 1,
  OG_OPTIMIZER_GRADIENT = 2,
  /* first-order optimisers of og_updater and og_trainer: see og_optimizer_trains */
  OG_OPTIMIZER_ADAM = 3,
  OG_OPTIMIZER_SGD = 4,
  OG_OPTIMIZER_RMSPROP = 5,
  OG_OPTIMIZER_ADAMW = 6,
  OG_OPTIMIZER_ADABELIEF = 7
} og_optimizer;
typedef enum og_lr_schedule { OG_LR_CONSTANT = 0, OG_LR_COSINE = 1, OG_LR_STEP = 2 } og_lr_schedule;
/** Windows begin anywhere in a trajectory, or at its first row: one for each trajectory. */
typedef enum og_window_start { OG_WINDOW_RANDOM = 0, OG_WINDOW_FIRST = 1 } og_window_start;
/** The loss of a mini-batch: the mean over its observed values, or their sum. */
typedef enum og_reduction { OG_REDUCTION_MEAN = 0, OG_REDUCTION_SUM = 1 } og_reduction;

/** Creates options with every default. Objects that take options copy them. */
OG_API og_status og_options_create(og_context *context, og_options **out);
OG_API void og_options_destroy(og_options *options);
/** Set one option; a value outside its bounds is OG_ERR_BOUNDS and changes nothing. Sizes are integers. */
OG_API og_status og_options_set_real(og_options *options, og_option option, double value);
OG_API og_status og_options_set_integer(og_options *options, og_option option, long long value);
OG_API og_status og_options_set_choice(og_options *options, og_option option, int value);
/** Set one option from text, as the command line does: "1e-8", "64MiB", "tsit5", "/tmp". The text of atol may
 *  also be that of states of a model, "x=1e-12" or "x=1e-12,y[2]=1e-9", which is added to what was given of
 *  the kind before (a later one of the same state wins); other states have the general one. */
OG_API og_status og_options_set_text(og_options *options, const char *name, const char *text);
OG_API double og_options_real(const og_options *options, og_option option);
OG_API long long og_options_integer(const og_options *options, og_option option);
/** The text of a text option ("" by default), and of atol those of single states; "" for other options. Valid
 *  until the options change. */
OG_API const char *og_options_text(const og_options *options, og_option option);

/** A row of the option table. `choices` are words separated by '|', in the order of the enum, or NULL. */
typedef struct og_option_info {
  size_t size;
  const char *name; /* as on the command line, without the dashes: "max-steps" */
  og_option_type type;
  double fallback, lowest, highest; /* default and bounds, both inclusive */
  const char *choices;
  const char *help;
} og_option_info;
/** The row of an option, or NULL beyond the last. */
OG_API const og_option_info *og_option_describe(og_option option);
/** How many there are in the library that is linked: options, methods, statistics. They count from 0. */
OG_API size_t og_option_count(void);
OG_API size_t og_method_count(void);
OG_API size_t og_stat_count(void);

/* ---- Fields ------------------------------------------------------------------------------------ */

/** A vector field f(t, x, theta) and its products. Constant once used; shared freely by threads. */
typedef struct og_field og_field;

/* Callbacks are written for one trajectory with plain arrays, and return 0 for success, > 0 for "not
 * here, try a smaller step", < 0 for "stop". They may be called from several threads at once. All of them
 * OVERWRITE their outputs; those of products come in as zeros, so that zero entries need not be written. */

/** f[n] = f(t, x, theta). */
typedef int (*og_rhs_fn)(double t, const double *x, const double *theta, double *f, void *user);
/** x_bar[n] = lambda^T df/dx, theta_bar[p] = lambda^T df/dtheta, *t_bar = lambda^T df/dt. */
typedef int (*og_vjp_fn)(double t, const double *x, const double *theta, const double *lambda, double *x_bar,
                         double *theta_bar, double *t_bar, void *user);
/** f_dot[n] = df/dt t_dot + df/dx x_dot + df/dtheta theta_dot. */
typedef int (*og_jvp_fn)(double t, const double *x, const double *theta, double t_dot, const double *x_dot,
                         const double *theta_dot, double *f_dot, void *user);
/** Running cost *cost = l(t, x, theta). */
typedef int (*og_cost_fn)(double t, const double *x, const double *theta, double *cost, void *user);
/** Derivatives of the running cost times `weight`: x_bar[n], theta_bar[p], *t_bar. */
typedef int (*og_cost_vjp_fn)(double t, const double *x, const double *theta, double weight, double *x_bar,
                              double *theta_bar, double *t_bar, void *user);

/** The Hessian of the number lambda^T f times the direction (t_dot, x_dot, theta_dot), which is the
 * derivative of the vjp along it with lambda held: x_bar_dot[n] = d2(lambda^T f)/dx2 x_dot + d2(lambda^T
 * f)/dx dtheta theta_dot + d2(lambda^T f)/dx dt t_dot, theta_bar_dot[p] and *t_bar_dot likewise. t_dot, the
 * part of the direction along the time, is other than 0 for implicit methods alone, where f depends on t. */
typedef int (*og_hessian_fn)(double t, const double *x, const double *theta, const double *lambda,
                             double t_dot, const double *x_dot, const double *theta_dot, double *x_bar_dot,
                             double *theta_bar_dot, double *t_bar_dot, void *user);
/** The same of the running cost times `weight`. */
typedef int (*og_cost_hessian_fn)(double t, const double *x, const double *theta, double weight, double t_dot,
                                  const double *x_dot, const double *theta_dot, double *x_bar_dot,
                                  double *theta_bar_dot, double *t_bar_dot, void *user);

/** A field of `states` (>= 1) states and `parameters` (>= 0) parameters from callbacks. Without a vjp it
 *  can be solved but not differentiated backward; without a jvp, not forward. */
OG_API og_status og_field_create(og_context *context, size_t states, size_t parameters, og_rhs_fn rhs,
                                 void *user, og_field **out);
OG_API void og_field_destroy(og_field *field);
OG_API og_status og_field_set_vjp(og_field *field, og_vjp_fn OG_OR_NULL vjp);
OG_API og_status og_field_set_jvp(og_field *field, og_jvp_fn OG_OR_NULL jvp);
/** Says (nonzero) that rhs and the running cost do not depend on t. Then what a vjp puts into t_bar is not
 *  read, and derivatives need fewer looks: nothing oscillates that the solution does not show. Guards and
 *  jumps may depend on t. A run whose rhs has other values at t1 than at t0, at the initial state, is
 *  refused (OG_ERR_ARGUMENT). Models know it themselves. */
OG_API og_status og_field_set_autonomous(og_field *field, int autonomous);
/** Adds a running cost: every solve then also integrates l over the span (og_solve_cost). */
OG_API og_status og_field_set_cost(og_field *field, og_cost_fn OG_OR_NULL cost,
                                   og_cost_vjp_fn OG_OR_NULL cost_vjp);
/** Second derivatives, for og_solve_hessian_product; `cost_hessian` is NULL when there is no running cost. */
OG_API og_status og_field_set_hessian(og_field *field, og_hessian_fn OG_OR_NULL hessian,
                                      og_cost_hessian_fn OG_OR_NULL cost_hessian);
/** The Jacobian df/dx, of which implicit methods solve linear systems: values of its entries, as they were
 * declared (below), which come in as zeros. Returns as the others. */
typedef int (*og_jacobian_fn)(double t, const double *x, const double *theta, double *values, void *user);
/** Where df/dx can have entries, and what they are. Value k is df[row[k]]/dx[column[k]], each entry once, in
 * any order; with row and column NULL all entries can be there, values[n * n] row after row, and count is 0.
 * With `jacobian` NULL the entries come from the jvp (columns that have no row in common in one), else from
 * the vjp (row by row), else from differences of f: those are good enough to solve equations, and not for
 * gradients of methods in whose formula the Jacobian stands. Without this call it is as if all entries could
 * be there. A running cost's derivatives are no part of it: they come from og_cost_vjp_fn. Models derive
 * their own. The lists are copied. OG_ERR_SHAPE: an entry beyond the states, or twice. */
OG_API og_status og_field_set_jacobian(og_field *field, og_jacobian_fn OG_OR_NULL jacobian, size_t count,
                                       const size_t *OG_OR_NULL row, const size_t *OG_OR_NULL column);
/** The same of a band: df[i]/dx[j] is 0 but for -upper <= i - j <= lower, and is
 * values[(upper + i - j) * n + j], as in LAPACK's band storage with rows of n: values[(lower + upper + 1) *
 * n], whose places without an entry are not read. */
OG_API og_status og_field_set_jacobian_band(og_field *field, og_jacobian_fn OG_OR_NULL jacobian, size_t lower,
                                            size_t upper);

/** Makes the equations M x' = f(t, x, theta): entry M[row[k]][column[k]] is values[k], each once, in any
 * order; the others are 0. M is constant, and may be singular. Then w^T f = 0 for every w with w^T M = 0, and
 * these algebraic equations are to determine what of x the product M x leaves open (index 1; else a run is
 * OG_ERR_INDEX). Of an initial state M x0 counts, and the rest of x0 is a guess: the state that is consistent
 * is found from there to rounding (OG_ERR_INCONSISTENT where there is none), at t0, after events, and where
 * inputs or f jump. It is what is observed there, and derivatives go through it: those by x0 are in the range
 * of M^T. A running cost is as it was. Methods: rodas5p, radau5, radau9 (auto takes rodas5p, or radau5
 * without a Hessian); where M is regular, all implicit ones. Adjoints: discrete, forward. The lists are
 * copied; count = 0 gives x' = f again. OG_ERR_SHAPE: an entry beyond the states, or twice. */
OG_API og_status og_field_set_mass(og_field *field, size_t count, const size_t *row, const size_t *column,
                                   const double *values);

/** A field that also reads `inputs` inputs u(t), given to a solve by og_solve_set_input. In every callback
 * theta then has p + inputs entries, the inputs' values at t behind the parameters, and theta_bar and
 * theta_dot likewise; df/dt is the derivative with the inputs' values held. */
OG_API og_status og_field_set_inputs(og_field *field, size_t inputs);

/** Times (in any order) at which the right-hand side or the running cost jumps or has a kink. Steps end
 * there, and near one the callbacks are asked on one side alone: a segment before it sees no time at or
 * beyond it, one behind it none at or before it, so that a comparison as t > 2 has one value throughout, and
 * the derivatives by t0, t1 and the times of events are right. Guards and jumps of events see times as they
 * are. They are copied; count = 0 takes them back. To be set before solves are made. A model's field knows
 * its own: constant times that are compared with t. */
OG_API og_status og_field_set_breakpoints(og_field *field, size_t count, const double *times);

/* Block callbacks are for callers that are fast on arrays only. They are given `lanes` trajectories at once,
 * 1 to 64, each at a time of its own: a row is one number of every trajectory, x[n][lanes], theta[p][lanes]
 * (with inputs [p + inputs][lanes]). status[lane] comes in as 0, or nonzero for a lane that is not needed:
 * it may be skipped, its numbers may be anything, and what is written for it is ignored. A callback writes
 * > 0 for "not here, try a smaller step" and < 0 for "stop" into the status of a lane, or returns one of them
 * for all. What is computed for a lane must not depend, in any bit, on the others or on their number. Outputs
 * are OVERWRITTEN; they come in as zeros, so that zero entries need not be written, and NULL where they are
 * not wanted. They may be called from several threads at once. */

/** f[n][lanes]; with a running cost one row more, l, here and in lambda and f_dot below. */
typedef int (*og_block_rhs_fn)(size_t lanes, const double *t, const double *x, const double *theta, double *f,
                               signed char *status, void *user);
/** x_bar[n][lanes], theta_bar[p][lanes], t_bar[lanes] from lambda[n][lanes]. */
typedef int (*og_block_vjp_fn)(size_t lanes, const double *t, const double *x, const double *theta,
                               const double *lambda, double *OG_OR_NULL x_bar, double *OG_OR_NULL theta_bar,
                               double *OG_OR_NULL t_bar, signed char *status, void *user);
/** f_dot[n][lanes] from t_dot[lanes], x_dot[n][lanes], theta_dot[p][lanes]. */
typedef int (*og_block_jvp_fn)(size_t lanes, const double *t, const double *x, const double *theta,
                               const double *t_dot, const double *x_dot, const double *theta_dot,
                               double *f_dot, signed char *status, void *user);
/** As og_hessian_fn, with t_dot[lanes]. */
typedef int (*og_block_hessian_fn)(size_t lanes, const double *t, const double *x, const double *theta,
                                   const double *lambda, const double *t_dot, const double *x_dot,
                                   const double *theta_dot, double *OG_OR_NULL x_bar_dot,
                                   double *OG_OR_NULL theta_bar_dot, double *OG_OR_NULL t_bar_dot,
                                   signed char *status, void *user);
/** As og_jacobian_fn: values[count][lanes] of the entries that og_block_functions lists. With a running cost
 *  its row is row n. */
typedef int (*og_block_jacobian_fn)(size_t lanes, const double *t, const double *x, const double *theta,
                                    double *values, signed char *status, void *user);
/* The same on single-precision numbers; times are double. */
typedef int (*og_block_rhs_single_fn)(size_t lanes, const double *t, const float *x, const float *theta,
                                      float *f, signed char *status, void *user);
typedef int (*og_block_vjp_single_fn)(size_t lanes, const double *t, const float *x, const float *theta,
                                      const float *lambda, float *OG_OR_NULL x_bar,
                                      float *OG_OR_NULL theta_bar, float *OG_OR_NULL t_bar,
                                      signed char *status, void *user);
typedef int (*og_block_jvp_single_fn)(size_t lanes, const double *t, const float *x, const float *theta,
                                      const float *t_dot, const float *x_dot, const float *theta_dot,
                                      float *f_dot, signed char *status, void *user);
typedef int (*og_block_hessian_single_fn)(size_t lanes, const double *t, const float *x, const float *theta,
                                          const float *lambda, const float *t_dot, const float *x_dot,
                                          const float *theta_dot, float *OG_OR_NULL x_bar_dot,
                                          float *OG_OR_NULL theta_bar_dot, float *OG_OR_NULL t_bar_dot,
                                          signed char *status, void *user);
typedef int (*og_block_jacobian_single_fn)(size_t lanes, const double *t, const float *x, const float *theta,
                                           float *values, signed char *status, void *user);

/** The callbacks of a block field. All but rhs may be NULL. A single-precision one stands beside that in
 *  double; where it is NULL a solve in single precision converts blocks to double and back. */
typedef struct og_block_functions {
  size_t size;
  int cost; /* nonzero: the last row of f is a running cost (og_solve_cost) */
  og_block_rhs_fn rhs;
  og_block_vjp_fn vjp;
  og_block_jvp_fn jvp;
  og_block_hessian_fn hessian;
  og_block_rhs_single_fn rhs_single;
  og_block_vjp_single_fn vjp_single;
  og_block_jvp_single_fn jvp_single;
  og_block_hessian_single_fn hessian_single;
  /* Entries of the Jacobian, as in og_field_set_jacobian: NULL lists: all of them, row after row. */
  size_t jacobian_count;
  const size_t *OG_OR_NULL jacobian_row, *OG_OR_NULL jacobian_column;
  og_block_jacobian_fn jacobian;
  og_block_jacobian_single_fn jacobian_single;
} og_block_functions;
/** A field as og_field_create makes it, from block callbacks. Events have callbacks for one trajectory, as
 *  below; vjp, jvp, Hessian and cost are those given here. */
OG_API og_status og_field_create_blocks(og_context *context, size_t states, size_t parameters,
                                        const og_block_functions *functions, void *user, og_field **out);

/** Which way a guard passes zero, seen in the direction of integration. */
typedef enum og_direction {
  OG_DIRECTION_ANY = 0,
  OG_DIRECTION_RISING = 1,
  OG_DIRECTION_FALLING = 2
} og_direction;

/** An event happens where its guard g(t, x, theta) reaches zero; a rising or falling one also at t0, when its
 * guard is zero there and leaves zero in that direction. Observations at its time see the state before it.
 * The state may then jump; a terminal event ends the trajectory there. */
typedef struct og_event {
  size_t size;
  const char *name; /* for messages; NULL: "event 0" */
  og_direction direction;
  int terminal;
} og_event;

/** The guards of all events: g[count]. */
typedef int (*og_guard_fn)(double t, const double *x, const double *theta, double *g, void *user);
/** x_bar[n] = g_bar^T dg/dx, theta_bar[p], *t_bar likewise. */
typedef int (*og_guard_vjp_fn)(double t, const double *x, const double *theta, const double *g_bar,
                               double *x_bar, double *theta_bar, double *t_bar, void *user);
/** The state just after `event` from x just before it: after[n], which comes in as x. A function of these
 * alone: it is also tried near an event, to see what rounding makes of it. */
typedef int (*og_jump_fn)(size_t event, double t, const double *x, const double *theta, double *after,
                          void *user);
/** x_bar[n] = after_bar^T dafter/dx, and so on. */
typedef int (*og_jump_vjp_fn)(size_t event, double t, const double *x, const double *theta,
                              const double *after_bar, double *x_bar, double *theta_bar, double *t_bar,
                              void *user);
/** after_dot[n] = dafter/dt t_dot + dafter/dx x_dot + dafter/dtheta theta_dot. */
typedef int (*og_jump_jvp_fn)(size_t event, double t, const double *x, const double *theta, double t_dot,
                              const double *x_dot, const double *theta_dot, double *after_dot, void *user);

/** `jump` is NULL when no event changes the state; its products are then not needed. guard_vjp and jump_vjp
 * are needed for gradients, guard_vjp and jump_jvp for tangents. */
typedef struct og_event_functions {
  size_t size;
  og_guard_fn guard;
  og_guard_vjp_fn guard_vjp;
  og_jump_fn jump;
  og_jump_vjp_fn jump_vjp;
  og_jump_jvp_fn jump_jvp;
} og_event_functions;

/** Gives the field `count` events (0: none). Both arrays are copied, names included; several events in one
 *  instant happen in the order of this list. docs/events.md says what is located and what can be missed. */
OG_API og_status og_field_set_events(og_field *field, size_t count, const og_event *events,
                                     const og_event_functions *functions);
/** Products that are missing are formed by central differences of the callbacks: about 1e-9 relative
 *  error, n + p + 1 pairs of evaluations a vjp. Never done unless asked for here. A missing Hessian is formed
 *  from differences of the vjp, if that was given. */
OG_API og_status og_field_use_finite_differences(og_field *field);
/** Compiles the equations of a field that og_builder_field has made, as og_model_compile does those of a
 * model's. Others are OG_ERR_UNSUPPORTED: callbacks are compiled already. */
OG_API og_status og_field_compile(og_field *field, og_precision precision);
OG_API size_t og_field_states(const og_field *field);
OG_API size_t og_field_parameters(const og_field *field);
OG_API size_t og_field_inputs(const og_field *field);
/** The events' number, and one of them (NULL beyond the last). */
OG_API size_t og_field_events(const og_field *field);
OG_API const og_event *og_field_event(const og_field *field, size_t event);

/* ---- Solves: a function with a pullback ---------------------------------------------------------- */

/** One initial-value problem for each of M trajectories: settings, the computed steps, and their
 *  derivative. Trajectories never influence each other. */
typedef struct og_solve og_solve;

/** In place of a trajectory's index: all of them (parameters and their cotangents are then shared). */
#define OG_ALL ((size_t)-1)

typedef enum og_stat {
  OG_STAT_STEPS = 0,
  OG_STAT_REJECTED = 1,
  OG_STAT_RHS_EVALS = 2,
  OG_STAT_VJP_EVALS = 3,
  OG_STAT_JVP_EVALS = 4,
  OG_STAT_CHECKPOINT_BYTES = 5, /* kept in memory; under a budget with all working memory and tables: the most
                               so far */
  OG_STAT_RECOMPUTED_STEPS = 6, /* steps taken again from checkpoints */
  OG_STAT_REFINEMENTS =
      7, /* times that steps were narrowed for a gradient's sake, the most of a trajectory */
  OG_STAT_IMPLICIT_STEPS = 8 /* of OG_STAT_STEPS: those that an implicit method has taken */
} og_stat;

/** A solve of `trajectories` (>= 1) trajectories. `options` may be NULL for the defaults. */
OG_API og_status og_solve_create(og_context *context, const og_field *field,
                                 const og_options *OG_OR_NULL options, size_t trajectories, og_solve **out);
OG_API void og_solve_destroy(og_solve *solve);

/* Settings of one trajectory, or of OG_ALL. Arrays are copied. They can be changed between runs; a derivative
 * is refused until the next run or replay. */
/** Integrate from t0 to t1; t1 < t0 integrates backward, t1 = t0 returns x0. */
OG_API og_status og_solve_set_span(og_solve *solve, size_t trajectory, double t0, double t1);
/** Times between t0 and t1, ordered from t0 to t1 (equal times are allowed), at which the state is wanted. */
OG_API og_status og_solve_set_observations(og_solve *solve, size_t trajectory, size_t count,
                                           const double *times);
OG_API og_status og_solve_set_initial_state(og_solve *solve, size_t trajectory, const double *x0);
/** An absolute tolerance for each state [n], in place of the option's for all; NULL takes it back. The
 * running cost, and the adjoint variables of continuous adjoints, have the option's. */
OG_API og_status og_solve_set_atol(og_solve *solve, const double *OG_OR_NULL atol);
/** Weights of the states [n] in the error that sets the size of steps, sqrt(sum w q^2 / sum w) of the errors
 * q in tolerances; NULL: all 1. A state of weight 0 does not drive the step size: it is as accurate as the
 * others' steps make it. A running cost counts with weight 1. They are for solving forward: backward solves
 * of continuous adjoints, and what is done for a gradient's own accuracy, have all states. */
OG_API og_status og_solve_set_norm_weights(og_solve *solve, const double *OG_OR_NULL weights);
/** With OG_ALL the parameters are shared and theta_bar below is [p]; once set for one trajectory, every
 *  trajectory has its own and theta_bar is [M][p]. */
OG_API og_status og_solve_set_parameters(og_solve *solve, size_t trajectory, const double *theta);

/** The same for all trajectories at once: x0 [M][n]; theta [M][p], one row for each trajectory. */
OG_API og_status og_solve_set_initial_states(og_solve *solve, const double *x0);
OG_API og_status og_solve_set_parameter_rows(og_solve *solve, const double *theta);

/** What messages call a trajectory besides its number ("patient 7"): copied; NULL or "" takes it back. */
OG_API og_status og_solve_set_name(og_solve *solve, size_t trajectory, const char *OG_OR_NULL name);

/** A signal in time: one value; values at times, joined by straight lines; or each held until the next. */
typedef enum og_signal { OG_SIGNAL_CONSTANT = 0, OG_SIGNAL_LINEAR = 1, OG_SIGNAL_HOLD = 2 } og_signal;
/** Gives an input its signal: `count` values (of a constant: 1) at times that increase (NULL for a constant).
 *  A linear signal must cover the span; a held one must begin no later than the span does on its left, and
 *  holds its last value on. Steps end at the times within the span. */
OG_API og_status og_solve_set_input(og_solve *solve, size_t trajectory, size_t input, og_signal kind,
                                    size_t count, const double *OG_OR_NULL times, const double *values);
/** The derivative of the last og_solve_pullback's loss with respect to the signal's values, ADDED to
 *  values_bar[count]. The signals' times are constants. */
OG_API og_status og_solve_input_gradient(const og_solve *solve, size_t trajectory, size_t input,
                                         double *values_bar);
/** Tangents of the signal's values [count] for the pushforwards that follow, until the signal is set anew. */
OG_API og_status og_solve_set_input_tangents(og_solve *solve, size_t trajectory, size_t input,
                                             const double *values_dot);

/** Solves forward and keeps what the derivative needs. A failure names trajectory, time, step and state. */
OG_API og_status og_solve_run(og_solve *solve);
/** Solves again over the recorded steps (as fractions of the span) with the present settings: the map of
 *  which og_solve_pullback is the derivative. Recorded steps stay; og_solve_final etc. give the new result,
 * or none after a failure. */
OG_API og_status og_solve_replay(og_solve *solve);

/** Results of the last run: states at the end [n], at observation `index` [n] (OG_ERR_STATE when a terminal
 * event came before it), the running cost's integral. An observation at the very time of an event has the
 * state before it. */
OG_API og_status og_solve_final(const og_solve *solve, size_t trajectory, double *x);
OG_API og_status og_solve_observed(const og_solve *solve, size_t trajectory, size_t index, double *x);
OG_API og_status og_solve_cost(const og_solve *solve, size_t trajectory, double *cost);
/** The same of all trajectories at once: final states [M][n], costs [M], observed states [sum of counts][n]
 * by trajectory and time. Where a terminal event came before observations, their states are NaN and seen [M]
 * tells how many of each trajectory's are there; without it that is OG_ERR_STATE. */
OG_API og_status og_solve_final_states(const og_solve *solve, double *x);
OG_API og_status og_solve_observed_states(const og_solve *solve, double *x, size_t *OG_OR_NULL seen);
OG_API og_status og_solve_costs(const og_solve *solve, double *cost);
/** M, and the sum of the observations' counts. */
OG_API size_t og_solve_trajectories(const og_solve *solve);
OG_API size_t og_solve_observations(const og_solve *solve);
/** Counters summed over trajectories since the last og_solve_run. */
OG_API size_t og_solve_stat(const og_solve *solve, og_stat stat);
/** Accepted steps of one trajectory, and its times [steps + 1] (NULL to ask for the count alone). */
OG_API og_status og_solve_steps(const og_solve *solve, size_t trajectory, size_t *steps,
                                double *OG_OR_NULL times);

/* Events of the last run or replay, in the order in which they happened: docs/events.md. After a terminal
 * event og_solve_final gives the state after it, and observations that come later are not there. */

typedef struct og_occurrence {
  size_t size;
  size_t event;     /* which of the field's; its number of them, for the built-in one of a steady solve */
  const char *name; /* NULL: it has none */
  double t;
} og_occurrence;
OG_API og_status og_solve_events(const og_solve *solve, size_t trajectory, size_t *count);
OG_API og_status og_solve_event(const og_solve *solve, size_t trajectory, size_t index, og_occurrence *out);
/** States [n] just before and just after event `index`; NULL: not wanted. */
OG_API og_status og_solve_event_states(const og_solve *solve, size_t trajectory, size_t index,
                                       double *OG_OR_NULL before, double *OG_OR_NULL after);
/** Cotangents of the events' times [events] and of the states before and after them [events][n], for the
 *  pullbacks that follow, until the next run or replay; NULL means zero. */
OG_API og_status og_solve_set_event_cotangents(og_solve *solve, size_t trajectory,
                                               const double *OG_OR_NULL times_bar,
                                               const double *OG_OR_NULL before_bar,
                                               const double *OG_OR_NULL after_bar);
/** Tangents of the same, by the last pushforward: times_dot [events], before_dot and after_dot [events][n];
 *  NULL: not wanted. */
OG_API og_status og_solve_event_tangents(const og_solve *solve, size_t trajectory,
                                         double *OG_OR_NULL times_dot, double *OG_OR_NULL before_dot,
                                         double *OG_OR_NULL after_dot);

/** Cotangents in and out; NULL: zero, or not wanted. */
typedef struct og_pullback_arrays {
  size_t size;
  const double *observed_bar; /* of the observed states [sum of counts][n], by trajectory and time */
  const double *final_bar;    /* of the final states [M][n] */
  const double *cost_bar;     /* of the running cost's integral [M] */
  double *x0_bar;             /* out, ADDED to: [M][n] */
  double *theta_bar;          /* [p], or [M][p] where each trajectory has its own parameters */
  double *t0_bar, *t1_bar;    /* [M] */
  double *times_bar;          /* of the times of observations [sum of counts] */
} og_pullback_arrays;

/** The gradient of a loss from its cotangents of the results.
 *  With the option adjoint = discrete it is the exact derivative of the computed numbers with the steps
 *  held at fixed fractions of the span, and forward assembles the same numbers from n + p + 2 tangents and
 * one for each signal value. The others solve the continuous adjoint equation lambda' = -(df/dx)^T lambda
 * from t1 back to t0, with the solve's method and tolerances or, of fixed steps, as many between
 * observations, events and breakpoints of inputs as the forward solve took there: backsolve together with x
 * (it keeps no steps; where x does not come back to x0, the log says so and by how much); interpolate with
 * x(t) from the forward solve's dense output, together with the integral of lambda^T df/dtheta; quadrature
 * lambda alone, and the integral by an adaptive Gauss-Kronrod rule, to rtol and atol also with fixed steps.
 * They are correct up to the errors of the two solves. Steps that are good for the solution and not for its
 * derivative are narrowed and the trajectory solved again, or OG_ERR_UNRESOLVED says where and what to try
 * (option gradient-control). Events are differentiated with their times; one that is touched and not crossed
 * is refused (OG_ERR_GRAZING). Cotangents of observations that a terminal event left out are ignored. */
OG_API og_status og_solve_pullback(og_solve *solve, const og_pullback_arrays *arrays);
/** How well the last gradient is known: estimated errors, each relative to the largest component of its kind.
 *  With adjoint = discrete or forward they come from looks at single steps on the way back (what the same
 * step in two parts does otherwise), or, where these gave cause for doubt, from a comparison with the
 * gradient of narrower steps; with the others from a comparison with another gradient, or from their own step
 * control. It is an estimate of the order of magnitude, no bound. Times have no estimate of their own: theirs
 * is that of the initial states. With adaptive steps it is at least the tolerance, or 0 for a kind that is
 * all zero. NaN: not known (gradient-control = none; a continuous adjoint with fixed steps; a model whose
 * equations switch, which a note says). INFINITY: the kind is all zero, and may not be. docs/adjoints.md has
 * what can be missed. */
typedef struct og_gradient_error {
  size_t size;
  double parameters, initial, times;
} og_gradient_error;
/** Of the last og_solve_pullback; OG_ERR_STATE before one succeeded. Where the pullback narrowed steps
 * (statistic OG_STAT_REFINEMENTS > 0) og_solve_final, og_solve_observed and so on give the states on the
 * narrower steps, which differ by no more than the tolerances: a loss that is to be that of the very same
 * numbers is to be computed from them, and its cotangents pulled back once more. og_objective_evaluate does
 * so. */
OG_API og_status og_solve_gradient_error(const og_solve *solve, og_gradient_error *error);

/** Tangents in and out; NULL: zero, or not wanted. Shapes as in og_pullback_arrays. */
typedef struct og_pushforward_arrays {
  size_t size;
  const double *x0_dot, *theta_dot, *t0_dot, *t1_dot, *times_dot;
  double *observed_dot, *final_dot, *cost_dot; /* out, overwritten */
} og_pushforward_arrays;
/** The twin: how the results change with what they are made from. */
OG_API og_status og_solve_pushforward(og_solve *solve, const og_pushforward_arrays *arrays);

/** Of og_solve_hessian_product; NULL: zero, or not wanted. D is the number of directions. */
typedef struct og_hessian_arrays {
  size_t size;
  size_t directions;                                             /* >= 1 */
  const double *x0_dot, *theta_dot;                              /* [D][M][n]; [D][p] or [D][M][p] */
  const double *observed_bar, *final_bar, *cost_bar;             /* as in og_pullback_arrays */
  const double *observed_bar_dot, *final_bar_dot, *cost_bar_dot; /* the same with a leading [D] */
  double *x0_bar_dot, *theta_bar_dot; /* out, ADDED to: [D][M][n]; [D][p] or [D][M][p] */
} og_hessian_arrays;
/** Second derivatives: how the results of og_solve_pullback change along each direction of initial states and
 * parameters. Cotangents in, as for the pullback, and their own changes along each
 * direction: of a loss L(observed, final, cost) they are its
 * Hessian times the tangents that og_solve_pushforward gives. What comes out is then the Hessian of L times
 * each direction. Forward over adjoint, exact for the computed numbers with the steps held, as the discrete
 * pullback is; the steps must have been kept, and the field needs vjp, jvp and second derivatives, for
 * implicit steps a Jacobian that is not by differences of f, for those of rodas5p (method = auto too) third
 * derivatives, which models and graphs have; mass matrices are refused. Directions
 * are solved together: time and memory are about those of that many trajectories of 2 n states. Under a
 * memory budget they keep checkpoints of their own, within as much again. Pairs (x, x_dot) need more than x
 * alone, so a budget that is enough for run and pullback may be refused here: OG_ERR_BUDGET, and the message
 * has the least that would do. */
OG_API og_status og_solve_hessian_product(og_solve *solve, const og_hessian_arrays *arrays);

/* ---- Tables of data ------------------------------------------------------------------------------ */

/** Named columns of equal length. Missing values are NaN. */
typedef struct og_table og_table;

/** Reads CSV with a header. Missing is an empty cell, or NA, NaN, n/a or `.`, in letters of any case;
 * anything else that is not a number is refused with its line and column. An `id` column may hold any text.
 * Lines that begin with # and empty columns at the right end are read over. "-" is standard input. */
OG_API og_status og_table_create_from_csv(og_context *context, const char *path, og_table **out);
/** The same from memory; `name` stands for the file in messages. */
OG_API og_status og_table_create_from_text(og_context *context, const char *name, const char *text,
                                           size_t length, og_table **out);
OG_API og_status og_table_create(og_context *context, size_t rows, og_table **out);
OG_API void og_table_destroy(og_table *table);
OG_API og_status og_table_add_column(og_table *table, const char *name, const double *values);
OG_API size_t og_table_rows(const og_table *table);
OG_API size_t og_table_columns(const og_table *table);
OG_API const char *og_table_column_name(const og_table *table, size_t column);
/** The file a table was read from ("" if it was made in C), and the line in which a row begins, counted from
 * 1 (0: not known). */
OG_API const char *og_table_name(const og_table *table);
OG_API size_t og_table_line(const og_table *table, size_t row);
/** The values of a column [rows], or NULL if there is none of that name. */
OG_API const double *og_table_column(const og_table *table, const char *name);
/** Trajectories by the `id` column in order of first appearance (one if there is none): their number, the
 *  trajectory of each row [rows], and the id text of each. */
OG_API size_t og_table_groups(const og_table *table);
OG_API const size_t *og_table_group_of_rows(const og_table *table);
OG_API const char *og_table_group_name(const og_table *table, size_t group);
/** Writes CSV to a temporary name beside `path` and renames it; "-" is standard output. Numbers read back
 *  to the same doubles; missing values are written as NA. */
OG_API og_status og_table_write_csv(const og_table *table, const char *path);

/* ---- Models -------------------------------------------------------------------------------------- */

/** The most dimensions of a tensor. */
enum { OG_RANK_MOST = 8 };

/** A model in the .ode language (docs/language.md). */
typedef struct og_model og_model;

/** Reads or parses a model. On failure the message holds every diagnostic, each with file, line, column,
 *  the line itself and a caret. A safetensors file that og_parameters_write wrote can be read as a model too:
 *  its text and the values that og_model_set gave to consts are in there. */
OG_API og_status og_model_create_from_file(og_context *context, const char *path, og_model **out);
OG_API og_status og_model_create_from_text(og_context *context, const char *name, const char *text,
                                           size_t length, og_model **out);
OG_API void og_model_destroy(og_model *model);
/** The text it was made from. */
OG_API const char *og_model_text(const og_model *model);
/** 1 when it was read from a safetensors file. Its values are still those of the text (og_model_values);
 * those in the file are og_parameters_read's. */
OG_API int og_model_saved(const og_model *model);
/** Replaces the value of a param or const by a constant expression ("2*pi", "[1, 2]"). Fields and objectives
 *  made before keep the old one. */
OG_API og_status og_model_set(og_model *model, const char *name, const char *expression);

/** The field of the model's equations, with its running cost if it has one. Its inputs are those of the model
 * up to the last one that equations, running cost or events read. Lives as long as the model, until the next
 *  og_model_set. */
OG_API const og_field *og_model_field(const og_model *model);
/** Compiles the equations and their derivatives, in one precision, with the system's C compiler (the
 *  environment's CC, else cc). From then on solves of the model's field are faster, with the same bits; call
 * it before they run, and again after og_model_set. OG_ERR_UNSUPPORTED: there is no compiler, it failed (its
 * first lines are in the message), or the equations are a network's or too many; the field then works as
 * before. */
OG_API og_status og_model_compile(og_model *model, og_precision precision);
/** Named parameters: those of the text in their order, then the weights and biases of nets and dense layers
 *  ("f.0.weight", "f.0.bias"), layer by layer. `offset` is the place of the first entry in theta, entries
 *  row-major. */
typedef struct og_parameter_info {
  size_t size;
  const char *name;
  size_t offset, rows, columns; /* scalar: 1, 1; vector: n, 1; of more than two dimensions: the first, and the
                                   product of all others */
  double lowest, highest;       /* bounds; -inf and inf when there are none */
  int weight;                   /* 1: of a network; these are the last entries of theta */
  size_t dimensions; /* 0, 1 or 2; a layer's weight [outputs, inputs] has 2 also where a side is 1; of tensors
                     in models made by calls up to OG_RANK_MOST */
  size_t shape[OG_RANK_MOST]; /* [dimensions] */
} og_parameter_info;
OG_API size_t og_model_parameters(const og_model *model);
OG_API og_status og_model_parameter(const og_model *model, size_t index, og_parameter_info *info);
/** Where to start from [p]: parameters as written in the model, weights drawn by their initialisers
 *  (docs/language.md). The draw of a tensor depends on the seed and the tensor's name and shape alone. */
OG_API og_status og_model_initialize(const og_model *model, long long seed, double *theta);
/** og_model_initialize with seed 0: without networks simply the values written in the model. */
OG_API og_status og_model_values(const og_model *model, double *theta);
/** Named states, with the place of each in x. */
typedef struct og_state_info {
  size_t size;
  const char *name;
  size_t offset, rows;
} og_state_info;
OG_API size_t og_model_states(const og_model *model);
OG_API og_status og_model_state(const og_model *model, size_t index, og_state_info *info);
/** Columns of the data that the model reads as inputs, the field's first; a vector input
 *  has one "u[1]" for each component. */
OG_API size_t og_model_inputs(const og_model *model);
OG_API const char *og_model_input_name(const og_model *model, size_t index);
/** x0(theta) at t0, [n]. Here and in og_model_predict the values of the inputs at that time stand behind the
 *  parameters: theta [p + inputs]. */
OG_API og_status og_model_initial_state(const og_model *model, double t0, const double *theta, double *x0);
/** The `time` statement: OG_ERR_STATE (without a message) when the model has none. */
OG_API og_status og_model_span(const og_model *model, double *t0, double *t1);
/** Observed columns: a vector observation `observe x ~` has one name "x[1]" for each component. */
OG_API size_t og_model_observed(const og_model *model);
OG_API const char *og_model_observed_name(const og_model *model, size_t index);
/** The location of each observed column's distribution on the data's scale (its median for lognormal, the
 * most likely class for categorical_logit, its mean or location otherwise) at (t, x, theta):
 * [og_model_observed]. */
OG_API og_status og_model_predict(const og_model *model, double t, const double *x, const double *theta,
                                  double *location);
/** The number of classes of an observed column, 0 where it is no class; and the probability of each in the
 * same place, probabilities [classes]. */
OG_API size_t og_model_observed_classes(const og_model *model, size_t index);
OG_API og_status og_model_probabilities(const og_model *model, size_t index, double t, const double *x,
                                        const double *theta, double *probabilities);

/* ---- Graphs: models made by calls ---------------------------------------------------------------------- */

/** A model without a text, made node by node: how other languages hand over their equations (docs/graphs.md).
 * A node is a tensor of doubles: a scalar (rank 0), a vector, a matrix, up to OG_RANK_MOST dimensions,
 * entries row-major, each dimension 1 or more. Nodes are named by numbers that belong to one builder.
 *
 * The first failure is kept, and its message: from then on every call does nothing, returns 0 or that status,
 * and sets that message, so that a whole model can be made before anything is checked. It names the call, the
 * nodes by their numbers and labels, and their shapes. Arrays and texts are copied. */
typedef struct og_builder og_builder;
/** A node of a builder; 0: none. */
typedef int og_value;

OG_API og_status og_builder_create(og_context *context, og_builder **out);
OG_API void og_builder_destroy(og_builder *builder);
/** OG_OK, or the status of the first failure, and its message ("": none). */
OG_API og_status og_builder_status(const og_builder *builder);
OG_API const char *og_builder_message(const og_builder *builder);
/** The rank of a node, and its shape [rank]; OG_ERR_ARGUMENT where `value` is no node. This is no failure
 * that is kept. */
OG_API og_status og_builder_shape(const og_builder *builder, og_value value, size_t *rank,
                                  size_t *OG_OR_NULL shape);
/** What messages call a node besides its number ("value 7 (layer 1)"). */
OG_API og_status og_builder_label(og_builder *builder, og_value value, const char *label);

/* Leaves. Names of parameters, weights, states, inputs and events are all different, of any printable
 * characters but blanks, quotes, backslashes, commas, `=` and brackets. A shape [rank] may be NULL for rank
 * 0.
 */
/** The time t. */
OG_API og_value og_builder_time(og_builder *builder);
OG_API og_value og_builder_number(og_builder *builder, double value);
OG_API og_value og_builder_constant(og_builder *builder, size_t rank, const size_t *OG_OR_NULL shape,
                                    const double *values);
/** A parameter with its value, where fits start from, and bounds for each entry (-INFINITY and INFINITY:
 * none).
 */
OG_API og_value og_builder_parameter(og_builder *builder, const char *name, size_t rank,
                                     const size_t *OG_OR_NULL shape, const double *values, double lowest,
                                     double highest);
/** A tensor of a network, as PyTorch calls it ("net.0.weight"): a parameter without bounds, which stands
 * behind all others in theta, and which all trajectories of a solve share. Its values, or NULL: drawn evenly
 * from
 * [-spread, spread) by og_model_initialize. */
OG_API og_value og_builder_weight(og_builder *builder, const char *name, size_t rank,
                                  const size_t *OG_OR_NULL shape, const double *OG_OR_NULL values,
                                  double spread);
/** A state, which then needs an initial value and a derivative. In x its entries stand row-major, behind
 * those of the states before. */
OG_API og_value og_builder_state(og_builder *builder, const char *name, size_t rank,
                                 const size_t *OG_OR_NULL shape);
/** A data column that the model reads: constant for each trajectory, or a signal in time. Rank 0, or 1 with a
 *  column "u[1]" for each entry. */
OG_API og_value og_builder_input(og_builder *builder, const char *name, size_t rank,
                                 const size_t *OG_OR_NULL shape, og_signal kind);

/* Operations. Elementwise ones broadcast as NumPy does: shapes are lined up at their ends, and dimensions
 * that are 1 or missing are repeated. */
/** A function or operator by its name: those of the language (docs/language.md), entry by entry; sum(x),
 * dot(x, y), norm2(x), and min(x) and max(x) of one argument, over all entries; + - * / ^ < <= > >= == != and
 * or not, neg; and the activations elu gelu silu rbf identity. og_builder_function_name lists them. */
OG_API og_value og_builder_apply(og_builder *builder, const char *name, size_t count,
                                 const og_value *arguments);
OG_API og_value og_builder_unary(og_builder *builder, const char *name, og_value x);
OG_API og_value og_builder_binary(og_builder *builder, const char *name, og_value x, og_value y);
/** condition != 0 ? x : y. The branch that is not taken has no part in derivatives, whatever its value. */
OG_API og_value og_builder_where(og_builder *builder, og_value condition, og_value x, og_value y);
/** The names that og_builder_apply knows, in no order that means anything; NULL beyond the last. */
OG_API const char *og_builder_function_name(size_t index);
/** x y as NumPy's matmul: of two vectors their dot product, of matrices and vectors the matrix product; of
 * more dimensions the products of all matrices in the last two, the others broadcast. */
OG_API og_value og_builder_product(og_builder *builder, og_value x, og_value y);
/** activation(W x + b) of a vector x, with W [outputs][inputs] and b [outputs] new weights "name.weight" and
 * "name.bias", drawn as PyTorch's Linear draws them; as `dense` of the language. */
OG_API og_value og_builder_dense(og_builder *builder, const char *name, og_value x, size_t outputs,
                                 const char *activation);

/* Arrangements. */
OG_API og_value og_builder_reshape(og_builder *builder, og_value x, size_t rank,
                                   const size_t *OG_OR_NULL shape);
/** Dimension i of the result is dimension order[i] of x; NULL: all in reverse. */
OG_API og_value og_builder_transpose(og_builder *builder, og_value x, const size_t *OG_OR_NULL order);
/** `count` entries along an axis: first, first + step, ...; step may be negative. */
OG_API og_value og_builder_slice(og_builder *builder, og_value x, size_t axis, size_t first, size_t count,
                                 long long step);
/** Entries indices[0], indices[1], ... along an axis, counted from 0. */
OG_API og_value og_builder_gather(og_builder *builder, og_value x, size_t axis, size_t count,
                                  const size_t *indices);
/** Any entries of x: entry i of the result, row-major, is entry indices[i] of x, as if that were a vector. */
OG_API og_value og_builder_entries(og_builder *builder, og_value x, size_t rank,
                                   const size_t *OG_OR_NULL shape, const size_t *indices);
/** Its transpose: entry indices[i] of the result is the sum of all such entries i of x; 0 where there are
 * none.
 */
OG_API og_value og_builder_add_entries(og_builder *builder, og_value x, size_t rank,
                                       const size_t *OG_OR_NULL shape, const size_t *indices);
/** One behind the other along an axis; the other dimensions are the same. */
OG_API og_value og_builder_concatenate(og_builder *builder, size_t axis, size_t count,
                                       const og_value *values);
OG_API og_value og_builder_broadcast(og_builder *builder, og_value x, size_t rank,
                                     const size_t *OG_OR_NULL shape);
/** The sum ("sum") over `count` axes, or the least ("min") or largest ("max") entry along them. They are left
 * out of the result, or stay as 1 if `keep` is not 0. */
OG_API og_value og_builder_reduce(og_builder *builder, const char *name, og_value x, size_t count,
                                  const size_t *axes, int keep);

/* What the nodes mean. */
/** x(t0): of the state's shape, or one number for all entries. It may read parameters, inputs and t, which is
 *  t0 there, and no state. */
OG_API og_status og_builder_set_initial(og_builder *builder, og_value state, og_value value);
/** dx/dt: of the state's shape, or one number for all entries. */
OG_API og_status og_builder_set_derivative(og_builder *builder, og_value state, og_value value);
/** A column of the data (or "x[1]", "x[2]", ..., as many as the widest argument has entries) with its
 * distribution: normal, lognormal, ... with the arguments that they have in docs/language.md. */
OG_API og_status og_builder_observe(og_builder *builder, const char *column, const char *distribution,
                                    size_t count, const og_value *arguments);
/** Scalars: a cost at the end of each trajectory, and the integrand of one over it; once each. */
OG_API og_status og_builder_set_final_cost(og_builder *builder, og_value cost);
OG_API og_status og_builder_set_running_cost(og_builder *builder, og_value cost);
/** An event where the scalar `guard` passes zero; then states[i] becomes after[i], made of what holds just
 * before it. `terminal` ends the trajectory. Events in one instant happen in the order of these calls. */
OG_API og_status og_builder_add_event(og_builder *builder, const char *name, og_value guard,
                                      og_direction direction, int terminal, size_t count,
                                      const og_value *states, const og_value *after);
/** What the `time` statement says. */
OG_API og_status og_builder_set_span(og_builder *builder, double t0, double t1);

/** The model that the nodes make, which is used as one from a text is: fields, objectives, fits, trainings,
 * compiling, files of parameters. What a model needs and is not there (a derivative, an initial value) is
 * OG_ERR_MODEL, and can be added. Once a model has been made nothing can be added any more; a further call
 * makes another one of the same. og_model_text is "". */
OG_API og_status og_builder_model(og_builder *builder, og_model **out);
/** The field alone, for og_solve_create, which needs no initial values. The caller destroys it, and may
 * compile it (og_field_compile). */
OG_API og_status og_builder_field(og_builder *builder, og_field **out);

/* ---- Inputs: the signals of a model, from data ------------------------------------------------------- */

/** The columns of a table that a model reads as inputs. */
typedef struct og_inputs og_inputs;

/** Reads and checks them. The table may be NULL when the model has no
 * inputs. An input that is constant has one value in all rows of a trajectory. A signal in time has its
 * values at the times of the rows (column t or time); missing values are left out. */
OG_API og_status og_inputs_create(og_context *context, const og_model *model,
                                  const og_table *OG_OR_NULL table, og_inputs **out);
OG_API void og_inputs_destroy(og_inputs *inputs);
/** Their values u [og_model_inputs] at a time: of a held signal the last value at or before t. OG_ERR_DATA
 * where a signal is not known: before its first value, and beyond the last one of a linear one. */
OG_API og_status og_inputs_at(const og_inputs *inputs, size_t trajectory, double t, double *u);
/** Hands them to a solve of the model's field whose trajectories are those of the table and have their spans.
 */
OG_API og_status og_inputs_set(const og_inputs *inputs, og_solve *solve);

/* ---- Objectives: model + data -> loss and gradient ----------------------------------------------- */

/** L(theta) = negative log-likelihood of the data + final cost + integral cost. A trajectory that a terminal
 *  event ends has its final cost there; data beyond it are OG_ERR_ENDED. */
typedef struct og_objective og_objective;

/** `table` may be NULL when the model has costs and a `time` statement; `options` may be NULL. A column that
 * the model observes and the table lacks, and times out of order, are refused by name; columns that the model
 * does not use are noted in the log. */
OG_API og_status og_objective_create(og_context *context, const og_model *model,
                                     const og_table *OG_OR_NULL table, const og_options *OG_OR_NULL options,
                                     og_objective **out);
OG_API void og_objective_destroy(og_objective *objective);
/** theta [p]; *loss and gradient [p] are overwritten; gradient may be NULL for the loss alone, and loss for
 * the gradient alone. */
OG_API og_status og_objective_evaluate(og_objective *objective, const double *theta, double *OG_OR_NULL loss,
                                       double *OG_OR_NULL gradient);
/** One part of the data: a window of `count` (>= 2) rows of a trajectory from row `first` on, counted from 0
 *  among its rows that hold an observed value, in order of time (og_objective_rows). It is solved from the
 * time of its first row to that of its last, and starts from the data there: every state must be observed as
 * it is, in a column whose location is that state itself (observe x ~ normal(x, s)). count = 0, with first =
 * 0: the whole trajectory over its own span, from the model's initial state. from_start = 1: the
 * `count` (>= 1) rows from `first` on, solved from the model's initial state at t0 to the time of the last of
 * them; refused where the model has a final cost. */
typedef struct og_window {
  size_t trajectory, first, count, from_start;
} og_window;

/** Loss and gradient summed over `count` (>= 1) windows, in their order, as og_objective_evaluate sums over
 *  trajectories; windows may overlap and repeat. A window's loss has the rows of its data, the first one too,
 *  and the integral cost over its span; a final cost belongs to the end of a whole trajectory, and windows
 * have none. Where a window starts from the data, that start is not differentiated. *loss and gradient [p]
 * (NULL: the loss alone) are overwritten, *values (NULL: not wanted) with the number of observed values that
 * were counted. What is asked "of the last gradient" below is that of the whole set. Batches of as many
 * windows with as many rows as the one before allocate nothing to be set up. */
OG_API og_status og_objective_evaluate_batch(og_objective *objective, const double *theta, size_t count,
                                             const og_window *windows, double *OG_OR_NULL loss,
                                             size_t *OG_OR_NULL values, double *OG_OR_NULL gradient);
/** Whether windows can start from the data: OG_ERR_UNSUPPORTED, and the message names a state that is not
 *  observed as it is. */
OG_API og_status og_objective_check_windows(og_objective *objective);
/** Rows of a trajectory that hold an observed value (0 beyond the last trajectory), and observed values in
 *  all. */
OG_API size_t og_objective_rows(const og_objective *objective, size_t trajectory);
OG_API size_t og_objective_values(const og_objective *objective);
/** The gradient of og_objective_evaluate by another adjoint, whatever the options say. */
OG_API og_status og_objective_evaluate_with(og_objective *objective, og_adjoint adjoint, const double *theta,
                                            double *OG_OR_NULL loss, double *OG_OR_NULL gradient);
/** Central differences with the step sequence held (og_solve_replay, outside any memory budget), of the loss.
 * `error` [p] receives an estimate of their own error (NULL: not wanted). Also fills the gradients below. */
OG_API og_status og_objective_differences(og_objective *objective, const double *theta, double *gradient,
                                          double *OG_OR_NULL error);
/** The same for `count` entries of theta alone (NULL: the first ones), gradient [count] and error [count] in
 *  their order: each takes several solves, and networks have thousands. */
OG_API og_status og_objective_differences_of(og_objective *objective, const double *theta, size_t count,
                                             const size_t *OG_OR_NULL entries, double *gradient,
                                             double *OG_OR_NULL error);
/** Second derivatives of the loss, exact for the computed numbers as the discrete gradient is: the Hessian
 * times `direction` [p] into product [p], and the whole symmetric Hessian [p][p], row-major, at the cost of p
 *  products. Steps are kept for it whatever the adjoint; models with events or mass matrices are refused. */
OG_API og_status og_objective_hessian_product(og_objective *objective, const double *theta,
                                              const double *direction, double *product);
OG_API og_status og_objective_hessian(og_objective *objective, const double *theta, double *hessian);
/** Of the last gradient: dL/dx0 [trajectories][n] with the dependence of x0 on theta left out, dL/dt0 and
 *  dL/dt1, summed over trajectories; inputs go on beyond t0 and t1 as they are within. A derivative by a time
 *  that is wanted (not NULL) and not finite, as where f has sqrt(t) at t0 = 0, is OG_ERR_NOT_FINITE; both are
 *  written all the same, and the gradient of the parameters stands. */
OG_API size_t og_objective_trajectories(const og_objective *objective);
OG_API og_status og_objective_initial_gradient(const og_objective *objective, double *x0_bar);
OG_API og_status og_objective_time_gradient(const og_objective *objective, double *OG_OR_NULL t0_bar,
                                            double *OG_OR_NULL t1_bar);
/** Of the last gradient, as og_solve_gradient_error has it; that of parameters is relative to the largest
 * entry of dL/dtheta, and has the share that came by the initial states. NaN
 *  after og_objective_differences. */
OG_API og_status og_objective_gradient_error(const og_objective *objective, og_gradient_error *error);
OG_API size_t og_objective_stat(const og_objective *objective, og_stat stat);
/** The span of one trajectory, from the `time` statement or the data. */
OG_API og_status og_objective_span(const og_objective *objective, size_t trajectory, double *t0, double *t1);

/* ---- Fits ---------------------------------------------------------------------------------------- */

typedef struct og_fit og_fit;

/** What is known on the way. `start` counts from 0 when several starting points are tried; loss and
 *  gradient_norm are those of its last iteration, loss INFINITY before the first point that has one. */
typedef struct og_progress {
  size_t size;
  size_t start, starts, iteration, evaluations;
  double loss, gradient_norm, seconds;
  const double *theta; /* [p]: the best point so far, of all starts; valid during the call */
} og_progress;
/** Called after each evaluation of the loss, and after each iteration, from the calling thread; returns
 * nonzero to stop with the best point so far. */
typedef int (*og_progress_fn)(const og_progress *progress, void *user);

/** Minimises the objective within the parameters' bounds from `theta` [p] (NULL: the model's values).
 *  Its optimizers are lbfgs, slsqp and gradient; for the others see og_trainer_create_for_objective.
 *  Where the gradient vanishes at a maximum or a saddle, the fit leaves it along a direction of descent.
 *  Stopping by `progress` or by og_context_interrupt is success, once a loss is known: the reason says so.
 * Solves that fail on the way are survived; only a failure at every starting point is an error. */
OG_API og_status og_fit_create(og_objective *objective, const og_options *OG_OR_NULL options,
                               const double *OG_OR_NULL theta, og_progress_fn OG_OR_NULL progress, void *user,
                               og_fit **out);
OG_API void og_fit_destroy(og_fit *fit);
OG_API double og_fit_loss(const og_fit *fit);
OG_API og_status og_fit_estimate(const og_fit *fit, double *theta);
/** From the inverse observed information; NaN for a parameter at its bound (the others are those with it held
 * there) and for one that the data do not determine, and for all where the information is not to be believed
 * or the loss is a plain error and no likelihood (notes say which and why). */
OG_API og_status og_fit_standard_errors(const og_fit *fit, double *standard_errors);
/** Whether each parameter [p] is at its lower (-1) or upper (1) bound, or within (0). */
OG_API og_status og_fit_at_bound(const og_fit *fit, int *at_bound);
OG_API size_t og_fit_iterations(const og_fit *fit);
/** Whether the estimate is a minimum as far as the solves can tell: the gradient is small beside the loss and
 * no direction leads down (docs/cli.md, "When a fit is converged"). */
OG_API int og_fit_converged(const og_fit *fit);
/** Why it stopped, in words, and what the estimate is: a minimum, a saddle, undetermined, ... */
OG_API const char *og_fit_reason(const og_fit *fit);

/* ---- Training: optimisers, batches, trainer --------------------------------------------------------- */

/* Pieces that work alone, with any loss (docs/training.md); the options above name what each of them reads.
 */

/** Whether an optimizer is a first-order one, for mini-batches: the trainer's. The others are
 * og_fit_create's.
 */
OG_API int og_optimizer_trains(og_optimizer optimizer);

/** The state of a first-order optimiser. Formulas, names and defaults are PyTorch's (torch.optim: SGD,
 * RMSprop, Adam, AdamW); AdaBelief is Zhuang et al., 2020, as optax has it, with decoupled weight decay. */
typedef struct og_updater og_updater;

/** For p >= 1 parameters. Reads the options optimizer, learning-rate, momentum, dampening, nesterov,
 * centered, alpha, beta1, beta2, epsilon and weight-decay; an optimizer that does not train is
 * OG_ERR_UNSUPPORTED. */
OG_API og_status og_updater_create(og_context *context, const og_options *options, size_t p,
                                   og_updater **out);
OG_API void og_updater_destroy(og_updater *updater);
/** Leaves the first `count` parameters out of weight decay; none are at first. */
OG_API og_status og_updater_exempt(og_updater *updater, size_t count);
/** One step: theta [p] is changed by the gradient [p], with the learning rate times `rate_factor` (see
 * og_learning_rate_factor). OG_ERR_NOT_FINITE when an entry of the gradient or of the new theta is not
 * finite; theta then stays as it was, and after a gradient that was not finite so does the optimiser's state.
 */
OG_API og_status og_updater_step(og_updater *updater, double rate_factor, const double *gradient,
                                 double *theta);
/** The learning rate before the factor: the option, or the optimizer's default. */
OG_API double og_updater_learning_rate(const og_updater *updater);
/** An array of numbers that belongs to an object, to be saved and filled in again; they alone are its state.
 */
typedef struct og_state_array {
  size_t size;
  const char *name; /* "step", "exp_avg", ... as in PyTorch's state_dict */
  size_t count;
  double *values;
} og_state_array;
OG_API size_t og_updater_arrays(const og_updater *updater);
OG_API og_status og_updater_array(og_updater *updater, size_t index, og_state_array *array);

/** The factor of the learning rate at step 0, 1, ... of `steps`, by the options lr-schedule, lr-final,
 * lr-step, lr-decay and warm-up. During W steps of warm-up it is (step + 1) / (W + 1); then with s = step -
 * W, S = steps
 * - W: constant 1, cosine final + (1 - final) (1 + cos(pi s / S)) / 2, step decay^floor(s / lr-step). */
OG_API double og_learning_rate_factor(const og_options *options, size_t step, size_t steps);

/** Which trajectories, or windows of their rows, make the next mini-batch: shuffled anew for each pass
 * through them, from the seed; the bits depend on it alone. Some may be held out for validation. */
typedef struct og_batches og_batches;

/** For `trajectories` (>= 1) with rows [trajectories] data rows each (NULL is allowed where neither windows
 * nor rows to be held out are asked for). Reads the options batch, window, window-start, windows, validation
 * and seed. With window = W >= 2 the windows begin at every row that has W - 1 more behind it, or at the
 * first row of each trajectory alone. Held out for validation are a random share of the trajectories, or,
 * when there is one, its last rows: without windows as a part from its start (from_start), else cut into
 * windows side by side, into which no window of training reaches. A mini-batch of everything is never
 * shuffled. */
OG_API og_status og_batches_create(og_context *context, const og_options *options, size_t trajectories,
                                   const size_t *OG_OR_NULL rows, og_batches **out);
OG_API void og_batches_destroy(og_batches *batches);
/** The next mini-batch: its windows are valid until the next call. */
OG_API og_status og_batches_next(og_batches *batches, size_t *count, const og_window **windows);
/** Mini-batches of an epoch, which has `windows` windows or all there are; the last may be smaller. */
OG_API size_t og_batches_per_epoch(const og_batches *batches);
/** What is trained on, in order, and what is held out (0: nothing). Valid as long as `batches`. */
OG_API size_t og_batches_training(const og_batches *batches, const og_window **OG_OR_NULL windows);
OG_API size_t og_batches_validation(const og_batches *batches, const og_window **OG_OR_NULL windows);
/** How many mini-batches were handed out: all of the state. og_batches_seek goes on from there. */
OG_API size_t og_batches_position(const og_batches *batches);
OG_API og_status og_batches_seek(og_batches *batches, size_t position);

/** Cuts a gradient [p] down, by the options clip-value (each entry) and then clip-norm (as a whole, as
 * torch's clip_grad_norm_ does). Returns its Euclidean norm before either. */
OG_API double og_clip_gradient(const og_options *options, size_t p, double *gradient);

/** A loss to train on: summed over `count` windows at theta into *loss, the number of values it is the sum of
 * into *values, and unless NULL its gradient; all three are overwritten. The trainer survives failures of a
 * solve (OG_ERR_NOT_FINITE to OG_ERR_STIFF, OG_ERR_ZENO to OG_ERR_INDEX) and ends at others. */
typedef og_status (*og_loss_fn)(const double *theta, size_t count, const og_window *windows, double *loss,
                                size_t *values, double *gradient, void *user);
/** The loss of an objective, which is `user` (og_objective_evaluate_batch). */
OG_API og_status og_objective_loss(const double *theta, size_t count, const og_window *windows, double *loss,
                                   size_t *values, double *OG_OR_NULL gradient, void *user);
/** og_batches of an objective's data; windows are refused where they cannot start from it, and do not begin
 * at rows that lack a state's value. */
OG_API og_status og_batches_create_for_objective(og_objective *objective,
                                                 const og_options *OG_OR_NULL options, og_batches **out);

/** One epoch of a training. */
typedef struct og_epoch {
  size_t size;
  size_t epoch, steps;    /* its number from 1; optimiser steps up to its end */
  double loss;            /* of its mini-batches, each before its step, with penalties; NaN: all failed */
  double validation_loss; /* at its end, without penalties; NaN: nothing is held out, or it failed */
  double learning_rate, gradient_norm; /* of the last step; the mean over steps, before clipping */
  double seconds;                      /* of the training up to its end */
  size_t skipped;                      /* mini-batches that failed and were left out */
} og_epoch;

/** What is known after each step. */
typedef struct og_training {
  size_t size;
  size_t epoch, epochs, step, steps; /* the present one, of how many */
  const og_epoch *ended;             /* the epoch that ends with this step, or NULL */
  size_t windows,
      evaluated; /* of the mini-batch; of the loss that was last found, which may be the validation */
  double loss, learning_rate, gradient_norm, seconds; /* of the mini-batch; NaN when it was left out */
  double best_loss; /* by which the best theta is chosen; infinite before the first epoch has ended */
  const double *theta, *best; /* [p]: the present point and the best; valid during the call */
} og_training;
/** Called after each step from the calling thread; nonzero ends the training. */
typedef int (*og_training_fn)(const og_training *training, void *user);

/** The training loop: epochs of mini-batches, each a loss, penalties, clipping and a step of the optimiser,
 * within bounds. It keeps the last theta and the best one: by validation loss at the end of an epoch, else by
 * the loss of the epoch, with the theta of its last mini-batch. A mini-batch that fails is left out and
 * half of the last step taken back, at the third failure in a row all of it; ten in a row end the training.
 * With `patience` it also ends after so many epochs whose (validation) loss is not below the best by more
 * than `tolerance` of it. */
typedef struct og_trainer og_trainer;

/** What a trainer is made of. */
typedef struct og_trainer_parts {
  size_t size;
  size_t p;
  og_loss_fn loss;
  void *user;          /* handed to the loss */
  og_batches *batches; /* at their start; the trainer's alone from then on */
  const double *theta; /* [p], where it starts */
} og_trainer_parts;
/** Reads the options epochs, iterations, reduction, l1, l2, clip-norm, clip-value,
 * lr-schedule and those it names, patience, tolerance, seed and those of og_updater_create. */
OG_API og_status og_trainer_create(og_context *context, const og_options *options,
                                   const og_trainer_parts *parts, og_trainer **out);
/** A trainer of an objective's loss, with batches of its own, within the parameters' bounds; penalties and
 * decay are for the weights of networks alone if the model has any. theta = NULL: og_model_initialize by the
 * seed. */
OG_API og_status og_trainer_create_for_objective(og_objective *objective,
                                                 const og_options *OG_OR_NULL options,
                                                 const double *OG_OR_NULL theta, og_trainer **out);
OG_API void og_trainer_destroy(og_trainer *trainer);
/** Bounds [p], to which theta is projected after each step; and how many parameters, the first ones, have
 * neither penalties nor decay. Both before the first step. */
OG_API og_status og_trainer_set_bounds(og_trainer *trainer, const double *lowest, const double *highest);
OG_API og_status og_trainer_exempt(og_trainer *trainer, size_t count);
/** One mini-batch, and the end of the epoch where it is the last; OG_ERR_STATE when the training has ended.
 */
OG_API og_status og_trainer_step(og_trainer *trainer);
/** All that are left. `progress` may be NULL. After a failure what was reached can still be read and saved.
 */
OG_API og_status og_trainer_run(og_trainer *trainer, og_training_fn OG_OR_NULL progress, void *user);
/** Whether it has ended; whether because nothing got better any more; and why, in words ("": not ended). */
OG_API int og_trainer_ended(const og_trainer *trainer);
OG_API int og_trainer_converged(const og_trainer *trainer);
OG_API const char *og_trainer_reason(const og_trainer *trainer);
/** [p]: the present theta, and the best so far (the present one before the first epoch has ended). */
OG_API const double *og_trainer_theta(const og_trainer *trainer);
OG_API const double *og_trainer_best(const og_trainer *trainer);
/** The loss of the best, by which it was chosen. */
OG_API double og_trainer_best_loss(const og_trainer *trainer);
OG_API size_t og_trainer_steps(const og_trainer *trainer);
/** How many epochs have ended, and one of them, from 0 on. */
OG_API size_t og_trainer_epochs(const og_trainer *trainer);
OG_API og_status og_trainer_epoch(const og_trainer *trainer, size_t index, og_epoch *epoch);
/** The whole state between two steps, as a safetensors file that appears whole or not at all; loaded into a
 * trainer that was made with the same options it goes on to the same bits. Options that may differ are
 * epochs, iterations, patience and settings of learning rate, penalties and clipping; a state of another
 * optimizer, seed or split of the data is refused, and so is a file that has been damaged. */
OG_API og_status og_trainer_save(const og_trainer *trainer, const char *path);
OG_API og_status og_trainer_load(og_trainer *trainer, const char *path);

/* ---- Files that are written --------------------------------------------------------------------------- */

/** A file that appears whole or not at all, as everything does that is written here: under a temporary name
 * beside `path`, from which it takes that place when it is done and on the disk. Links are followed; a file
 * that is replaced leaves its permissions to the new one. Temporary files of runs that were killed while they
 * wrote the same file are removed. Where no file can be made beside an existing one, or none can take its
 * place, that is filled anew at the end. Pipes and devices are written directly, and so are open files of
 * this process ("/dev/stdout", "/dev/fd/3"), from where they stand; "-" is standard output. */
typedef struct og_output og_output;
OG_API og_status og_output_open(og_context *context, const char *path, og_output **out);
/** OG_ERR_FILE where `path` could not be written, as far as that can be said without making or changing
 *  anything. *replaces is 1 where what is there would be replaced at the end, 0 where it is written directly.
 */
OG_API og_status og_output_check(og_context *context, const char *path, int *OG_OR_NULL replaces);
OG_API FILE *og_output_file(og_output *output);
/** Ends the output for good or ill, and destroys it: with a `status` other than OG_OK the file is dropped and
 *  `status` returned. */
OG_API og_status og_output_close(og_output *output, og_status status);

/* ---- Parameter files and plots --------------------------------------------------------------------- */

/** Parameters in files. A path that ends in ".safetensors" is written as that format: one F64 tensor for each
 *  parameter, called as the model has it, weights of networks as PyTorch has them ("f.0.weight" [out][in]),
 * and the text of the model and a checksum in the metadata. Any other is written as readable JSON {"name":
 * value, ...}. Values that are not finite are refused; the file appears whole or not at all, and reads back
 * to the same bits.
 *
 *  Reading knows the format by its first bytes and takes F64, F32, F16, BF16 and I64. Parameters that are
 * missing keep what `theta` [p] holds, but a network must be there whole; unknown names are refused. State
 * dicts of PyTorch: a tensor that no parameter is called like is the one with which it shares the most
 * dot-separated parts at the end, all but the first of the parameter's at least: "0.weight" or
 * "module.net.0.weight" is the weight of the first layer of the model's only network. Where several fit alike
 * the file is refused. */
OG_API og_status og_parameters_write(const og_model *model, const double *theta, const char *path);
OG_API og_status og_parameters_read(const og_model *model, const char *path, double *theta);

/** A picture of points and curves with axes and legend, written as SVG, PNG or PDF by the ending of the path.
 * Markers are smaller, pale and below the curves where they are many in one place; lines of one name are
 * thinner as they become many. */
typedef struct og_plot og_plot;
typedef enum og_marker {
  OG_MARKER_DISC = 0,
  OG_MARKER_RING = 1,
  OG_MARKER_SQUARE = 2,
  OG_MARKER_TRIANGLE = 3,
  OG_MARKER_DIAMOND = 4
} og_marker;
OG_API og_status og_plot_create(og_context *context, const char *OG_OR_NULL title,
                                const char *OG_OR_NULL x_label, const char *OG_OR_NULL y_label,
                                og_plot **out);
OG_API void og_plot_destroy(og_plot *plot);
/** Arrays are copied; points that are not finite are left out (a line is broken there). Series of the same
 *  name share one colour and one legend entry. */
OG_API og_status og_plot_line(og_plot *plot, const char *OG_OR_NULL name, size_t count, const double *x,
                              const double *y);
OG_API og_status og_plot_points(og_plot *plot, const char *OG_OR_NULL name, size_t count, const double *x,
                                const double *y);
/** A line with markers, whose shapes tell names apart as colours do: for few points. */
OG_API og_status og_plot_marked(og_plot *plot, const char *OG_OR_NULL name, size_t count, const double *x,
                                const double *y);
/** A thin dashed line in grey to compare with: a slope, a bound. */
OG_API og_status og_plot_guide(og_plot *plot, const char *OG_OR_NULL name, size_t count, const double *x,
                               const double *y);
/** Markers of one shape in black, above everything: a start, a best value. */
OG_API og_status og_plot_signs(og_plot *plot, const char *OG_OR_NULL name, og_marker marker, size_t count,
                               const double *x, const double *y);
/** Shades what lies between two values of x, behind everything; -INFINITY and INFINITY are the edges. */
OG_API og_status og_plot_band(og_plot *plot, const char *OG_OR_NULL name, double from, double to);
/** A matrix as cells that are the darker the larger the value [rows][columns] is in its row, with the values
 * in them: the cell of row i and column j, both from 0, is at x = j + 1, y = i + 1. */
OG_API og_status og_plot_cells(og_plot *plot, size_t rows, size_t columns, const double *values);
/** Begins a panel: what is added from here on is drawn in it. Panels share their scales, but for an axis that
 * has a label of its own here, which has a scale of its own. NULL: no title; the plot's label. Logarithms
 * (og_plot_set_log) are for all panels but those of matrices, and not for an x axis of a panel's own. */
OG_API og_status og_plot_panel(og_plot *plot, const char *OG_OR_NULL title, const char *OG_OR_NULL x_label,
                               const char *OG_OR_NULL y_label);
/** The x axis of the last panel has the classes 1 to `count`, in the places that og_plot_cells gives them. */
OG_API og_status og_plot_classes(og_plot *plot, size_t count);
/** In pixels, 200 to 4000 each; 800 by 500 unless set (a PNG has twice as many, a PDF 96 to the inch). */
OG_API og_status og_plot_set_size(og_plot *plot, size_t width, size_t height);
OG_API og_status og_plot_set_log(og_plot *plot, int log_x, int log_y);
OG_API og_status og_plot_write(const og_plot *plot, const char *path);

#ifdef __cplusplus
}
#endif
#endif
