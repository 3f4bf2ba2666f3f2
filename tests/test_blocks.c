/* Fields of block callbacks: whatever is computed with them has the bits that the same formulas give as
 * callbacks for one trajectory, in both precisions, and lanes have nothing to do with one another. */
#include "event_field.h"

enum { MOST = 8, TRAJECTORIES = 70, SEEN = 3, ROOM = 20000 };

/* Formulas for one trajectory, called for each lane. */
typedef struct formulas {
  size_t states, entries; /* entries of theta, inputs included */
  og_rhs_fn rhs;
  og_vjp_fn vjp;
  og_jvp_fn jvp;
  og_cost_fn cost;
  og_cost_vjp_fn cost_vjp;
  og_hessian_fn hessian;
  og_cost_hessian_fn cost_hessian;
} formulas;

static const formulas rich = {RICH_STATES, RICH_PARAMETERS, rich_rhs,     rich_vjp,         rich_jvp,
                              rich_cost,   rich_cost_vjp,   rich_hessian, rich_cost_hessian},
                      driven = {DRIVEN_STATES,
                                DRIVEN_PARAMETERS + DRIVEN_INPUTS,
                                driven_rhs,
                                driven_vjp,
                                driven_jvp,
                                driven_cost,
                                driven_cost_vjp,
                                NULL,
                                NULL};

/* A lane that is not needed gets NaN, which nobody may see. */
#define BLOCKS(X, S)                                                                                         \
  static void take_##S(size_t rows, size_t lanes, size_t lane, const X *block, double *out) {                \
    for (size_t i = 0; i < rows; i++) out[i] = (double)block[i * lanes + lane];                              \
  }                                                                                                          \
  static void give_##S(size_t rows, size_t lanes, size_t lane, const double *in, X *block) {                 \
    for (size_t i = 0; block && i < rows; i++) {                                                             \
      if (block[i * lanes + lane] != 0) fail_msg("an output does not come in as zero");                      \
      block[i * lanes + lane] = (X)in[i];                                                                    \
    }                                                                                                        \
  }                                                                                                          \
  static int rhs_##S(size_t lanes, const double *t, const X *x, const X *theta, X *f, signed char *status,   \
                     void *user) {                                                                           \
    const formulas *of = user;                                                                               \
    double at[MOST], p[MOST], out[MOST];                                                                     \
    for (size_t lane = 0; lane < lanes; lane++) {                                                            \
      for (size_t i = 0; i < MOST; i++) out[i] = NAN;                                                        \
      take_##S(of->states, lanes, lane, x, at), take_##S(of->entries, lanes, lane, theta, p);                \
      if (!status[lane] && of->rhs(t[lane], at, p, out, NULL)) return -1;                                    \
      if (!status[lane]) of->cost(t[lane], at, p, &out[of->states], NULL);                                   \
      give_##S(of->states + 1, lanes, lane, out, f);                                                         \
    }                                                                                                        \
    return 0;                                                                                                \
  }                                                                                                          \
  static int vjp_##S(size_t lanes, const double *t, const X *x, const X *theta, const X *lambda, X *x_bar,   \
                     X *theta_bar, X *t_bar, signed char *status, void *user) {                              \
    const formulas *of = user;                                                                               \
    double at[MOST], p[MOST], l[MOST];                                                                       \
    for (size_t lane = 0; lane < lanes; lane++) {                                                            \
      double a[MOST] = {0}, b[MOST] = {0}, c = 0, ca[MOST] = {0}, cb[MOST] = {0}, cc = 0;                    \
      if (status[lane]) continue;                                                                            \
      take_##S(of->states, lanes, lane, x, at), take_##S(of->entries, lanes, lane, theta, p);                \
      take_##S(of->states + 1, lanes, lane, lambda, l);                                                      \
      of->vjp(t[lane], at, p, l, a, b, &c, NULL);                                                            \
      of->cost_vjp(t[lane], at, p, l[of->states], ca, cb, &cc, NULL);                                        \
      for (int i = 0; i < MOST; i++) a[i] += ca[i], b[i] += cb[i];                                           \
      c += cc;                                                                                               \
      give_##S(of->states, lanes, lane, a, x_bar), give_##S(of->entries, lanes, lane, b, theta_bar);         \
      give_##S(1, lanes, lane, &c, t_bar);                                                                   \
    }                                                                                                        \
    return 0;                                                                                                \
  }                                                                                                          \
  static int jvp_##S(size_t lanes, const double *t, const X *x, const X *theta, const X *t_dot,              \
                     const X *x_dot, const X *theta_dot, X *f_dot, signed char *status, void *user) {        \
    const formulas *of = user;                                                                               \
    double at[MOST], p[MOST], dx[MOST], dp[MOST], dt, out[MOST];                                             \
    for (size_t lane = 0; lane < lanes; lane++) {                                                            \
      double a[MOST] = {0}, b[MOST] = {0}, c = 0;                                                            \
      if (status[lane]) continue;                                                                            \
      take_##S(of->states, lanes, lane, x, at), take_##S(of->entries, lanes, lane, theta, p);                \
      take_##S(of->states, lanes, lane, x_dot, dx), take_##S(of->entries, lanes, lane, theta_dot, dp);       \
      take_##S(1, lanes, lane, t_dot, &dt);                                                                  \
      of->jvp(t[lane], at, p, dt, dx, dp, out, NULL);                                                        \
      of->cost_vjp(t[lane], at, p, 1, a, b, &c, NULL);                                                       \
      double dot = c * dt;                                                                                   \
      for (size_t i = 0; i < of->states; i++) dot += a[i] * dx[i];                                           \
      for (size_t i = 0; i < of->entries; i++) dot += b[i] * dp[i];                                          \
      out[of->states] = dot;                                                                                 \
      give_##S(of->states + 1, lanes, lane, out, f_dot);                                                     \
    }                                                                                                        \
    return 0;                                                                                                \
  }                                                                                                          \
  static int hessian_##S(size_t lanes, const double *t, const X *x, const X *theta, const X *lambda,         \
                         const X *t_dot, const X *x_dot, const X *theta_dot, X *x_bar_dot, X *theta_bar_dot, \
                         X *t_bar_dot, signed char *status, void *user) {                                    \
    const formulas *of = user;                                                                               \
    double at[MOST], p[MOST], dx[MOST], dp[MOST], l[MOST];                                                   \
    for (size_t lane = 0; lane < lanes; lane++) {                                                            \
      double a[MOST] = {0}, b[MOST] = {0}, c = 0, ca[MOST] = {0}, cb[MOST] = {0}, cc = 0;                    \
      if (status[lane]) continue;                                                                            \
      take_##S(of->states, lanes, lane, x, at), take_##S(of->entries, lanes, lane, theta, p);                \
      take_##S(of->states, lanes, lane, x_dot, dx), take_##S(of->entries, lanes, lane, theta_dot, dp);       \
      take_##S(of->states + 1, lanes, lane, lambda, l);                                                      \
      of->hessian(t[lane], at, p, l, (double)t_dot[lane], dx, dp, a, b, &c, NULL);                           \
      of->cost_hessian(t[lane], at, p, l[of->states], (double)t_dot[lane], dx, dp, ca, cb, &cc, NULL);       \
      for (int i = 0; i < MOST; i++) a[i] += ca[i], b[i] += cb[i];                                           \
      c += cc;                                                                                               \
      give_##S(of->states, lanes, lane, a, x_bar_dot);                                                       \
      give_##S(of->entries, lanes, lane, b, theta_bar_dot), give_##S(1, lanes, lane, &c, t_bar_dot);         \
    }                                                                                                        \
    return 0;                                                                                                \
  }
BLOCKS(double, double)
BLOCKS(float, single)

/* How a field is made. */
typedef enum kind { ONE_BY_ONE, DOUBLE_BLOCKS, BOTH_BLOCKS, RHS_BLOCKS } kind;

static og_field *block_field(og_context *context, const formulas *of, size_t parameters, kind kind) {
  og_block_functions functions = {OG_INIT(og_block_functions), .cost = 1, .rhs = rhs_double};
  if (kind != RHS_BLOCKS) functions.vjp = vjp_double, functions.jvp = jvp_double;
  if (kind != RHS_BLOCKS && of->hessian) functions.hessian = hessian_double;
  if (kind == BOTH_BLOCKS) {
    functions.rhs_single = rhs_single, functions.vjp_single = vjp_single, functions.jvp_single = jvp_single;
    if (of->hessian) functions.hessian_single = hessian_single;
  }
  og_field *field = NULL;
  CHECK(context, og_field_create_blocks(context, of->states, parameters, &functions, (void *)of, &field));
  return field;
}

static og_field *field_of(og_context *context, const formulas *of, kind kind) {
  og_field *field = NULL;
  if (kind == ONE_BY_ONE) {
    field = of == &rich ? rich_field(context) : driven_field(context);
  } else if (of == &rich) {
    field = block_field(context, of, RICH_PARAMETERS, kind);
  } else {
    field = block_field(context, of, DRIVEN_PARAMETERS, kind);
    CHECK(context, og_field_set_inputs(field, DRIVEN_INPUTS));
    CHECK(context, driven_events(field));
  }
  return field;
}

typedef struct setting {
  const formulas *of;
  og_adjoint adjoint;
  og_precision precision;
  int threads, budget, differences;
} setting;

typedef struct run {
  og_context *context;
  og_field *field;
  og_options *options;
  og_solve *solve;
} run;

static run begin(const setting *s, kind kind) {
  run r = {.context = new_context()};
  r.field = field_of(r.context, s->of, kind);
  if (s->differences) CHECK(r.context, og_field_use_finite_differences(r.field));
  r.options = new_options(r.context, OG_METHOD_TSIT5, 1e-4, 1e-6);
  CHECK(r.context, og_options_set_choice(r.options, OG_OPT_ADJOINT, (int)s->adjoint));
  CHECK(r.context, og_options_set_choice(r.options, OG_OPT_PRECISION, (int)s->precision));
  CHECK(r.context, og_options_set_integer(r.options, OG_OPT_THREADS, s->threads));
  if (s->budget) CHECK(r.context, og_options_set_integer(r.options, OG_OPT_MEMORY, 1 << 20));
  CHECK(r.context, og_solve_create(r.context, r.field, r.options, TRAJECTORIES, &r.solve));
  for (size_t m = 0; m < TRAJECTORIES; m++) {
    double shift = 0.01 * (double)m, x0[3] = {1 + shift, shift, 0.4 - shift / 3},
           theta[2][4] = {{1, 0.8 + shift, 1.1, 0.9}, {4 + shift, 0.7, 0.5, 0.8}}, end = 2 + shift;
    CHECK(r.context, og_solve_set_span(r.solve, m, 0, end));
    CHECK(r.context, og_solve_set_observations(r.solve, m, SEEN, (double[]){0.3, 1, end}));
    CHECK(r.context, og_solve_set_initial_state(r.solve, m, x0));
    CHECK(r.context, og_solve_set_parameters(r.solve, m, theta[s->of == &driven]));
  }
  if (s->of == &driven) {
    double times[DRIVEN_VALUES], u[DRIVEN_VALUES], w[DRIVEN_VALUES];
    driven_signals(times, u, w);
    CHECK(r.context, og_solve_set_input(r.solve, OG_ALL, 0, OG_SIGNAL_LINEAR, DRIVEN_VALUES, times, u));
    CHECK(r.context, og_solve_set_input(r.solve, OG_ALL, 1, OG_SIGNAL_HOLD, DRIVEN_VALUES, times, w));
  }
  CHECK(r.context, og_solve_run(r.solve));
  return r;
}

static void end(run *r) {
  og_solve_destroy(r->solve);
  og_options_destroy(r->options);
  og_field_destroy(r->field);
  og_context_destroy(r->context);
}

/* All that comes of a setting, one after the other; how many numbers. */
static size_t all_numbers(const setting *s, kind kind, double *out) {
  static double bars[TRAJECTORIES * SEEN * MOST];
  enum { STATES = 3 * TRAJECTORIES, THETA = 4 * TRAJECTORIES };
  run r = begin(s, kind);
  double *next = out, cost_bar[TRAJECTORIES];
  for (int i = 0; i < TRAJECTORIES * SEEN * MOST; i++) bars[i] = sin(1.0 + i);
  for (int m = 0; m < TRAJECTORIES; m++) cost_bar[m] = 1;
  memset(out, 0, ROOM * sizeof *out);
  og_pullback_arrays back = {OG_INIT(og_pullback_arrays), .observed_bar = bars, .cost_bar = cost_bar};
  back.x0_bar = next, next += STATES;
  back.theta_bar = next, next += THETA;
  back.t0_bar = next, next += TRAJECTORIES;
  back.t1_bar = next, next += TRAJECTORIES;
  back.times_bar = next, next += TRAJECTORIES * SEEN;
  CHECK(r.context, og_solve_pullback(r.solve, &back));
  if (s->adjoint == OG_ADJOINT_DISCRETE) {
    og_pushforward_arrays ahead = {OG_INIT(og_pushforward_arrays), .x0_dot = bars, .theta_dot = bars};
    ahead.t0_dot = bars;
    ahead.observed_dot = next, next += STATES * SEEN;
    ahead.cost_dot = next, next += TRAJECTORIES;
    CHECK(r.context, og_solve_pushforward(r.solve, &ahead));
  }
  if (s->of->hessian && s->adjoint == OG_ADJOINT_DISCRETE) {
    og_hessian_arrays twice = {OG_INIT(og_hessian_arrays), .directions = 1, .x0_dot = bars,
                               .theta_dot = bars};
    twice.final_bar = bars, twice.cost_bar = cost_bar;
    twice.x0_bar_dot = next, next += STATES;
    twice.theta_bar_dot = next, next += THETA;
    CHECK(r.context, og_solve_hessian_product(r.solve, &twice));
  }
  for (size_t m = 0; m < TRAJECTORIES; m++, next += 4) {
    CHECK(r.context, og_solve_final(r.solve, m, next));
    CHECK(r.context, og_solve_cost(r.solve, m, next + 3));
  }
  end(&r);
  return (size_t)(next - out);
}

static void same(const setting *s, kind kind) {
  static double want[ROOM], got[ROOM];
  size_t count = all_numbers(s, ONE_BY_ONE, want);
  assert_true(count <= ROOM);
  assert_int_equal(all_numbers(s, kind, got), count);
  for (size_t i = 0; i < count; i++)
    if (!(want[i] == got[i]))
      fail_msg("%s, adjoint %d, precision %d, kind %d: number %zu is %.17g, not %.17g",
               s->of == &rich ? "rich" : "driven", (int)s->adjoint, (int)s->precision, (int)kind, i, got[i],
               want[i]);
}

static void every_adjoint_has_the_bits_of_single_callbacks(void **state) {
  (void)state;
  for (int adjoint = OG_ADJOINT_DISCRETE; adjoint <= OG_ADJOINT_FORWARD; adjoint++)
    for (int k = 0; k < 2; k++)
      same(&(setting){k ? &driven : &rich, (og_adjoint)adjoint, OG_PRECISION_DOUBLE, 1, 0, 0}, DOUBLE_BLOCKS);
}

/* In single precision the formulas are in double within a lane in all three kinds, so that bits agree;
 * inputs' values alone are rounded before callbacks of single precision see them, so that of the driven field
 * with those nothing is asked here. */
static void so_in_single_precision(void **state) {
  (void)state;
  for (int adjoint = OG_ADJOINT_DISCRETE; adjoint <= OG_ADJOINT_INTERPOLATE; adjoint += 2) {
    setting s = {&rich, (og_adjoint)adjoint, OG_PRECISION_SINGLE, 1, 0, 0};
    same(&s, DOUBLE_BLOCKS);
    same(&s, BOTH_BLOCKS);
    s.of = &driven;
    same(&s, DOUBLE_BLOCKS);
  }
}

static void so_with_threads_budgets_and_differences(void **state) {
  (void)state;
  same(&(setting){&driven, OG_ADJOINT_DISCRETE, OG_PRECISION_DOUBLE, 3, 1, 0}, DOUBLE_BLOCKS);
  same(&(setting){&rich, OG_ADJOINT_DISCRETE, OG_PRECISION_SINGLE, 3, 1, 0}, BOTH_BLOCKS);
}

/* Missing products come from differences: central ones of about 1e-9. */
static void missing_products_are_differences(void **state) {
  (void)state;
  static double want[ROOM], got[ROOM];
  setting s = {&driven, OG_ADJOINT_DISCRETE, OG_PRECISION_DOUBLE, 1, 0, 0};
  size_t count = all_numbers(&s, ONE_BY_ONE, want);
  s.differences = 1;
  all_numbers(&s, RHS_BLOCKS, got);
  for (size_t i = 0; i < count; i++)
    if (!(fabs(got[i] - want[i]) <= 1e-5 * (1 + fabs(want[i]))))
      fail_msg("number %zu is %.12g, not %.12g", i, got[i], want[i]);
}

/* In single precision with inputs: callbacks in float, within what float can tell of it. */
static void inputs_in_single_precision(void **state) {
  (void)state;
  static double want[ROOM], got[ROOM];
  setting s = {&driven, OG_ADJOINT_INTERPOLATE, OG_PRECISION_DOUBLE, 1, 0, 0};
  size_t count = all_numbers(&s, ONE_BY_ONE, want);
  s.precision = OG_PRECISION_SINGLE;
  all_numbers(&s, BOTH_BLOCKS, got);
  double most = 0;
  for (size_t i = 0; i < count; i++) most = fmax(most, fabs(want[i]));
  for (size_t i = 0; i < count; i++)
    if (!(fabs(got[i] - want[i]) <= 1e-3 * most)) fail_msg("number %zu is %g, not %g", i, got[i], want[i]);
}

/* ---- Statuses: x' = theta, where x may not exceed a limit ---- */

typedef struct limited {
  double limit;
  int answer, idle; /* what is said beyond it; calls in which a lane was not needed */
} limited;

static int limited_rhs(size_t lanes, const double *t, const double *x, const double *theta, double *f,
                       signed char *status, void *user) {
  limited *l = user;
  (void)t;
  for (size_t lane = 0; lane < lanes; lane++) {
    if (status[lane]) l->idle++;
    f[lane] = theta[lane];
    if (x[lane] > l->limit) status[lane] = (signed char)l->answer;
  }
  return 0;
}

static run limited_run(limited *l, og_status want) {
  run r = {.context = new_context()};
  og_block_functions functions = {OG_INIT(og_block_functions), .rhs = limited_rhs};
  CHECK(r.context, og_field_create_blocks(r.context, 1, 1, &functions, l, &r.field));
  CHECK(r.context, og_solve_create(r.context, r.field, NULL, 5, &r.solve));
  CHECK(r.context, og_solve_set_span(r.solve, OG_ALL, 0, 1));
  CHECK(r.context, og_solve_set_initial_state(r.solve, OG_ALL, (double[]){0}));
  for (size_t m = 0; m < 5; m++) CHECK(r.context, og_solve_set_parameters(r.solve, m, (double[]){(double)m}));
  assert_int_equal(og_solve_run(r.solve), want);
  return r;
}

static void a_status_is_that_of_its_lane(void **state) {
  (void)state;
  /* trajectories 0 to 4 end at their number: the last one is stopped */
  for (int answer = -127; answer < 0; answer += 126) {
    limited l = {.limit = 3.5, .answer = answer};
    run r = limited_run(&l, OG_ERR_FIELD);
    assert_non_null(strstr(og_context_message(r.context), "trajectory 4"));
    end(&r);
  }
  /* "try a smaller step" helps nobody at a wall */
  limited wall = {.limit = 3.5, .answer = 127};
  run r = limited_run(&wall, OG_ERR_FIELD);
  assert_non_null(strstr(og_context_message(r.context), "trajectory 4"));
  assert_non_null(strstr(og_context_message(r.context), "smaller step"));
  assert_true(wall.idle > 0);
  end(&r);
  limited none = {.limit = 5, .answer = -1};
  r = limited_run(&none, OG_OK);
  for (size_t m = 0; m < 5; m++) {
    double x;
    CHECK(r.context, og_solve_final(r.solve, m, &x));
    assert_true(fabs(x - (double)m) < 1e-12);
  }
  end(&r);
}

static int returns_stop(size_t lanes, const double *t, const double *x, const double *theta, double *f,
                        signed char *status, void *user) {
  (void)lanes, (void)t, (void)x, (void)theta, (void)f, (void)status;
  return *(int *)user;
}

static void refusals(void **state) {
  (void)state;
  og_context *context = new_context();
  og_field *field = NULL;
  og_block_functions functions = {OG_INIT(og_block_functions)};
  assert_int_equal(og_field_create_blocks(context, 1, 0, &functions, NULL, &field), OG_ERR_ARGUMENT);
  functions.rhs = returns_stop;
  functions.jvp_single = jvp_single;
  assert_int_equal(og_field_create_blocks(context, 1, 0, &functions, NULL, &field), OG_ERR_ARGUMENT);
  functions.jvp_single = NULL;
  int answer = -3;
  CHECK(context, og_field_create_blocks(context, 1, 0, &functions, &answer, &field));
  assert_int_equal(og_field_set_vjp(field, lv_vjp), OG_ERR_UNSUPPORTED);
  assert_int_equal(og_field_set_cost(field, rich_cost, NULL), OG_ERR_UNSUPPORTED);
  og_solve *solve = NULL;
  CHECK(context, og_solve_create(context, field, NULL, 2, &solve));
  CHECK(context, og_solve_set_span(solve, OG_ALL, 0, 1));
  CHECK(context, og_solve_set_initial_state(solve, OG_ALL, (double[]){0}));
  assert_int_equal(og_solve_run(solve), OG_ERR_FIELD);
  og_solve_destroy(solve);
  og_field_destroy(field);
  og_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_adjoint_has_the_bits_of_single_callbacks),
      cmocka_unit_test(so_in_single_precision),
      cmocka_unit_test(so_with_threads_budgets_and_differences),
      cmocka_unit_test(missing_products_are_differences),
      cmocka_unit_test(inputs_in_single_precision),
      cmocka_unit_test(a_status_is_that_of_its_lane),
      cmocka_unit_test(refusals),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
