/* Solutions and gradients of stiff problems, by every implicit method and by auto, against references with 9
 * digits and more (oracles/stiff.csv). Steps are held to their tolerance one by one; errors of a solution are
 * sums over steps that a problem may amplify: 300 tolerances is what implicit methods are given on these
 * problems. Errors are relative to the largest of their kind, parameters in units of their size. A gradient
 * that is refused as not resolved by its steps is no wrong answer; one that is given must be right. */
#include "stiff_references.h"

enum { RIGHT, RIGHT_OR_REFUSED };

static void compare(int problem, int method, double rtol, int expected) {
  static stiff_result result, truth;
  const stiff_problem *s = &stiff_problems[problem];
  og_context *context = new_context();
  og_options *options = new_options(context, (og_method)method, rtol, rtol * s->atol);
  const char *by = name_of(method);
  og_status status = stiff_gradient(context, s, options, &result);
  if (status != OG_OK && !(status == OG_ERR_UNRESOLVED && expected == RIGHT_OR_REFUSED))
    fail_msg("%s, %s at %g: %s", s->name, by, rtol, og_context_message(context));
  if (status == OG_OK) {
    read_stiff(s->name, &truth);
    expect(s->name, by, rtol, "the loss", error_of(1, &result.loss, &truth.loss, NULL));
    expect(s->name, by, rtol, "the final state", error_of(result.n, result.final, truth.final, NULL));
    expect(s->name, by, rtol, "dL/dx0", error_of(result.n, result.x0_bar, truth.x0_bar, NULL));
    expect(s->name, by, rtol, "dL/dp", error_of(result.p, result.p_bar, truth.p_bar, sizes[problem]));
    expect(s->name, by, rtol, "dL/dt", error_of(1, &result.last_bar, &truth.last_bar, NULL));
  }
  og_options_destroy(options);
  og_context_destroy(context);
}

static const int methods[] = {OG_METHOD_RODAS5P, OG_METHOD_KVAERNO5, OG_METHOD_ESDIRK54, OG_METHOD_RADAU5,
                              OG_METHOD_AUTO};
enum { METHODS = sizeof methods / sizeof *methods };

static void by_all(int problem, double rtol) {
  for (int i = 0; i < METHODS; i++) compare(problem, methods[i], rtol, RIGHT);
}

static void robertson(void **state) { (void)state, by_all(ROBERTSON_40, 1e-6), by_all(ROBERTSON_40, 1e-8); }
static void hires(void **state) { (void)state, by_all(HIRES_ONE, 1e-6), by_all(HIRES_ONE, 1e-8); }
static void oregonator(void **state) { (void)state, by_all(OREGO, 1e-6), by_all(OREGO, 1e-8); }

/* Where lambda is all but gone between the jumps, and what is left of it hangs on single steps. */
static void van_der_pol(void **state) {
  (void)state;
  compare(VDP_MU1E3, OG_METHOD_RADAU5, 1e-8, RIGHT_OR_REFUSED);
  compare(VDP_MU1E3, OG_METHOD_RADAU5, 1e-6, RIGHT_OR_REFUSED);
  compare(VDP_MU1E3, OG_METHOD_RODAS5P, 1e-6, RIGHT_OR_REFUSED);
  compare(VDP_MU1E3, OG_METHOD_AUTO, 1e-6, RIGHT_OR_REFUSED);
}

/* Milder jumps, of which at every tolerance some are gone through by explicit steps of auto that no sign asks
 * to be looked at: wrong by 4000 tolerances at 1e-6 once, and nothing said so. */
static void milder_jumps(void **state) {
  (void)state;
  for (int exponent = 5; exponent <= 8; exponent++) {
    compare(VDP_MU1E2, OG_METHOD_AUTO, pow(10, -exponent), RIGHT_OR_REFUSED);
    compare(VDP_MU1E2, OG_METHOD_RODAS5P, pow(10, -exponent), RIGHT_OR_REFUSED);
  }
}

/* ---- When auto takes the implicit method ---- */

static void count_steps(const char *text, double t1, double rtol, size_t *steps, size_t *implicit) {
  og_context *context = new_context();
  og_model *model = parse(context, text);
  og_options *options = new_options(context, OG_METHOD_AUTO, rtol, rtol);
  og_solve *solve = NULL;
  double values[STIFF_PARAMETERS], x0[STIFF_STATES];
  CHECK(context, og_model_values(model, values));
  CHECK(context, og_model_initial_state(model, 0, values, x0));
  CHECK(context, og_solve_create(context, og_model_field(model), options, 1, &solve));
  CHECK(context, og_solve_set_initial_state(solve, 0, x0));
  CHECK(context, og_solve_set_span(solve, 0, 0, t1));
  CHECK(context, og_solve_run(solve));
  *steps = og_solve_stat(solve, OG_STAT_STEPS);
  *implicit = og_solve_stat(solve, OG_STAT_IMPLICIT_STEPS);
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_model_destroy(model);
  og_context_destroy(context);
}

/* x follows sin(5 t) within 1/1000, and its error, of order h^2 times powers of h df/dx, holds explicit steps
 * at 0.7 of what is stable: 400 a unit of time, where the motion wants some 20. An oscillator whose steps are
 * as wide against its own rate is not stiff at all. */
static void held_well_within_the_border(void **state) {
  size_t steps, implicit;
  (void)state;
  count_steps("init x = 0.3, y = 0\nx' = -1000*(x - sin(5*y))\ny' = 1\n", 10, 1e-6, &steps, &implicit);
  assert_true(steps < 1000 && implicit > steps / 2);
  count_steps("init x = 1, y = 0\nx' = 20*y\ny' = -20*x\n", 10, 1e-3, &steps, &implicit);
  assert_int_equal(implicit, 0);
  count_steps("init x = 1, y = 1\nx' = 1.5*x - x*y\ny' = x*y - 3*y\n", 30, 1e-4, &steps, &implicit);
  assert_int_equal(implicit, 0);
  count_steps("init x = 1\nx' = -x\n", 3, 1e-4, &steps, &implicit);
  assert_int_equal(implicit, 0);
}

/* ---- What it costs to know that a gradient is right ---- */

static stiff_result gradient_by(int problem, int method, double rtol, og_gradient_control control) {
  static stiff_result result;
  const stiff_problem *s = &stiff_problems[problem];
  og_context *context = new_context();
  og_options *options = new_options(context, (og_method)method, rtol, rtol * s->atol);
  CHECK(context, og_options_set_choice(options, OG_OPT_GRADIENT_CONTROL, control));
  CHECK(context, stiff_gradient(context, s, options, &result));
  og_options_destroy(options);
  og_context_destroy(context);
  return result;
}

/* Where the steps of the tolerances are good for the gradient, its control finds that by looks at some of
 * them: a look takes three steps forward and back, so that looks at half of them cost 1.5 gradients more. */
static void good_steps_are_kept(void **state) {
  static const int problems[] = {ROBERTSON_40, HIRES_ONE};
  (void)state;
  for (int i = 0; i < 2 * 3 * 2; i++) {
    int problem = problems[i % 2], method = i / 2 % 2 ? OG_METHOD_AUTO : OG_METHOD_RODAS5P;
    double rtol = pow(10, -6 - i / 4);
    stiff_result plain = gradient_by(problem, method, rtol, OG_CONTROL_NONE);
    stiff_result known = gradient_by(problem, method, rtol, OG_CONTROL_REFINE);
    assert_memory_equal(plain.x0_bar, known.x0_bar, sizeof plain.x0_bar);
    assert_memory_equal(plain.p_bar, known.p_bar, sizeof plain.p_bar);
    if (known.evals > 3 * plain.evals)
      fail_msg("%s, %s at %g: %zu evaluations in place of %zu", stiff_problems[problem].name, name_of(method),
               rtol, known.evals, plain.evals);
  }
}

/* A thousand states in a band. */
static void brusselator(void **state) {
  (void)state;
  compare(BRUSS500, OG_METHOD_RODAS5P, 1e-6, RIGHT);
  compare(BRUSS500, OG_METHOD_RADAU5, 1e-6, RIGHT);
  compare(BRUSS500, OG_METHOD_AUTO, 1e-6, RIGHT);
}

/* ---- Events and inputs: a feed, and a dose when little is left ---- */

static const char FED[] = "param p1 = 0.04, p2 = 3e7, p3 = 1e4, dose = 0.3, level = 0.97\n"
                          "input feed linear\n"
                          "init y1 = 1, y2 = 0, y3 = 0\n"
                          "y1' = -p1*y1 + p3*y2*y3 + feed\n"
                          "y2' = p1*y1 - p3*y2*y3 - p2*y2^2\n"
                          "y3' = p2*y2^2\n"
                          "event given when y1 - level = 0 falling { y1 = y1 + dose }\n";
enum { FED_STATES = 3, FED_PARAMETERS = 5, FEEDS = 3 };
static const double fed_sizes[FED_PARAMETERS] = {0.04, 3e7, 1e4, 0.3, 0.97};

typedef struct fed_result {
  double final[FED_STATES], x0_bar[FED_STATES], p_bar[FED_PARAMETERS], feed_bar[FEEDS];
} fed_result;

static fed_result solve_fed(int method, double rtol) {
  fed_result r = {0};
  double p[FED_PARAMETERS + 1] = {0}, x0[FED_STATES]; /* behind the parameters the input's value */
  og_context *context = new_context();
  og_model *model = parse(context, FED);
  og_options *options = new_options(context, (og_method)method, rtol, rtol * 1e-4);
  og_solve *solve = NULL;
  size_t events;
  CHECK(context, og_options_set_integer(options, OG_OPT_MAX_STEPS, 1000000));
  CHECK(context, og_model_values(model, p));
  p[FED_PARAMETERS] = 0.005;
  CHECK(context, og_model_initial_state(model, 0, p, x0));
  CHECK(context, og_solve_create(context, og_model_field(model), options, 1, &solve));
  CHECK(context, og_solve_set_initial_state(solve, 0, x0));
  CHECK(context, og_solve_set_parameters(solve, OG_ALL, p));
  CHECK(context, og_solve_set_span(solve, 0, 0, 4));
  CHECK(context, og_solve_set_input(solve, 0, 0, OG_SIGNAL_LINEAR, FEEDS, (double[]){0, 2.5, 4},
                                    (double[]){0.005, 0.02, 0}));
  CHECK(context, og_solve_run(solve));
  CHECK(context, og_solve_events(solve, 0, &events));
  assert_int_equal(events, 1);
  CHECK(context, og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                .final_bar = (double[]){1, 1e4, 0.5},
                                                                .x0_bar = r.x0_bar, .theta_bar = r.p_bar}));
  CHECK(context, og_solve_input_gradient(solve, 0, 0, r.feed_bar));
  CHECK(context, og_solve_final(solve, 0, r.final));
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_model_destroy(model);
  og_context_destroy(context);
  return r;
}

/* The reference is an explicit method's, at a tolerance a thousand times smaller. */
static void events_and_inputs(void **state) {
  (void)state;
  const double rtol = 1e-8;
  fed_result truth = solve_fed(OG_METHOD_DOP853, 1e-11);
  for (int i = 0; i < METHODS; i++) {
    const char *by = name_of(methods[i]);
    fed_result r = solve_fed(methods[i], rtol);
    expect("fed", by, rtol, "the final state", error_of(FED_STATES, r.final, truth.final, NULL));
    expect("fed", by, rtol, "dL/dx0", error_of(FED_STATES, r.x0_bar, truth.x0_bar, NULL));
    expect("fed", by, rtol, "dL/dp", error_of(FED_PARAMETERS, r.p_bar, truth.p_bar, fed_sizes));
    expect("fed", by, rtol, "dL/dfeed", error_of(FEEDS, r.feed_bar, truth.feed_bar, NULL));
  }
}

/* ---- Data: examples/n2o5 ---- */

/* The reaction as a whole is of first order; from the data Eyring and Daniels found 6.2e-4 per second, and
 * two digits of it are given. A fit with default options, from a guess that is sixteen times too large. */
static void reaction_is_fitted(void **state) {
  (void)state;
  const double kr = 8e8, k2 = 4e5;
  double theta[3];
  og_context *context = new_context();
  og_model *model = NULL;
  og_table *data = NULL;
  og_objective *objective = NULL;
  og_fit *fit = NULL;
  CHECK(context, og_model_create_from_file(context, "examples/n2o5/n2o5.ode", &model));
  CHECK(context, og_table_create_from_csv(context, "examples/n2o5/n2o5.csv", &data));
  CHECK(context, og_objective_create(context, model, data, NULL, &objective));
  CHECK(context, og_fit_create(objective, NULL, NULL, NULL, NULL, &fit));
  CHECK(context, og_fit_estimate(fit, theta));
  double whole = 2 * pow(10, theta[0]) * k2 / (kr + 2 * k2); /* NO3 and NO in balance */
  if (!(fabs(whole - 6.2e-4) <= 0.05e-4)) fail_msg("the reaction as a whole has k = %g", whole);
  og_fit_destroy(fit);
  og_objective_destroy(objective);
  og_table_destroy(data);
  og_model_destroy(model);
  og_context_destroy(context);
}

/* ---- Callback fields, which lack what models have: auto goes on with another implicit method ---- */

static int reaction(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)user;
  f[0] = -p[0] * x[0] + p[2] * x[1] * x[2];
  f[2] = p[1] * x[1] * x[1];
  f[1] = -f[0] - f[2];
  return 0;
}
static int reaction_jvp(double t, const double *x, const double *p, double t_dot, const double *dx,
                        const double *dp, double *f_dot, void *user) {
  (void)t, (void)t_dot, (void)user;
  f_dot[0] = -dp[0] * x[0] - p[0] * dx[0] + dp[2] * x[1] * x[2] + p[2] * (dx[1] * x[2] + x[1] * dx[2]);
  f_dot[2] = dp[1] * x[1] * x[1] + 2 * p[1] * x[1] * dx[1];
  f_dot[1] = -f_dot[0] - f_dot[2];
  return 0;
}
static int reaction_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                        double *p_bar, double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  double first = l[0] - l[1], last = l[2] - l[1];
  x_bar[0] = -first * p[0];
  x_bar[1] = first * p[2] * x[2] + 2 * last * p[1] * x[1];
  x_bar[2] = first * p[2] * x[1];
  p_bar[0] = -first * x[0];
  p_bar[1] = last * x[1] * x[1];
  p_bar[2] = first * x[1] * x[2];
  return 0;
}

static void solve_callbacks(int products, stiff_result *got) {
  og_context *context = new_context();
  og_field *field = NULL;
  og_solve *solve = NULL;
  CHECK(context, og_field_create(context, 3, 3, reaction, NULL, &field));
  if (products == 0) CHECK(context, og_field_use_finite_differences(field));
  if (products > 0) CHECK(context, og_field_set_vjp(field, reaction_vjp));
  if (products > 1) CHECK(context, og_field_set_jvp(field, reaction_jvp));
  CHECK(context, og_field_set_autonomous(field, 1));
  og_options *options = new_options(context, OG_METHOD_AUTO, 1e-6, 1e-10);
  CHECK(context, og_solve_create(context, field, options, 1, &solve));
  CHECK(context, og_solve_set_span(solve, 0, 0, 40));
  CHECK(context, og_solve_set_initial_state(solve, 0, (double[]){1, 0, 0}));
  CHECK(context, og_solve_set_parameters(solve, 0, (double[]){0.04, 3e7, 1e4}));
  CHECK(context, og_solve_run(solve));
  CHECK(context, og_solve_final(solve, 0, got->final));
  assert_true(og_solve_stat(solve, OG_STAT_IMPLICIT_STEPS) > 0);
  double bars[3];
  got->loss = robertson_psi(got->final, bars);
  CHECK(context,
        og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = bars,
                                                       .x0_bar = got->x0_bar, .theta_bar = got->p_bar}));
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_field_destroy(field);
  og_context_destroy(context);
}

static void callback_fields(void **state) {
  static const char *const names[] = {"auto with differences", "auto with a vjp", "auto with vjp and jvp"};
  static stiff_result truth;
  (void)state;
  read_stiff("robertson_40", &truth);
  for (int products = 0; products < 3; products++) {
    stiff_result got = {.n = 3, .p = 3};
    solve_callbacks(products, &got);
    expect("robertson_40", names[products], 1e-6, "the loss", error_of(1, &got.loss, &truth.loss, NULL));
    expect("robertson_40", names[products], 1e-6, "dL/dx0", error_of(3, got.x0_bar, truth.x0_bar, NULL));
    expect("robertson_40", names[products], 1e-6, "dL/dp",
           error_of(3, got.p_bar, truth.p_bar, (double[]){0.04, 3e7, 1e4}));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(robertson),
                                     cmocka_unit_test(hires),
                                     cmocka_unit_test(oregonator),
                                     cmocka_unit_test(van_der_pol),
                                     cmocka_unit_test(held_well_within_the_border),
                                     cmocka_unit_test(milder_jumps),
                                     cmocka_unit_test(good_steps_are_kept),
                                     cmocka_unit_test(brusselator),
                                     cmocka_unit_test(events_and_inputs),
                                     cmocka_unit_test(reaction_is_fitted),
                                     cmocka_unit_test(callback_fields)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
