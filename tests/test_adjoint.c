/* The derivative of a solve against independent truths: reference gradients, the adjoint identity, replayed
 * finite differences. */
#include "fields.h"
#include "problem.h"

/* ---- Reference gradients computed by an independent route (40-digit Taylor series; Radau IIA with complex
 * step) ---- */

typedef struct oracle {
  double t1;
  double x[2];        /* 0: not given */
  double gradient[6]; /* x0, y0, p1 .. p4 */
} oracle;

static const oracle lv10 = {10,
                            {1.0263447675750893191, 0.90969107813604161755},
                            {0.299599508303682302, -0.0141518163448535055, 0.621961585551280884,
                             0.0680014041508743366, 0.169176463995892817, 0.272560693950007505}};
static const oracle lv1 = {1,
                           {0, 0},
                           {3.52025689526615, -2.19271337646507, 4.34114754253341, -2.00093381679180,
                            1.01012067676291, -1.39559432673380}};

/* L = ((x - 1)^2 + (y - 1)^2) / 2 at t1, p = (1.5, 1, 3, 1), x(0) = (1, 1). */
static void lv_gradient(const oracle *truth, og_method method, og_adjoint adjoint, double rtol, double *x,
                        double *gradient) {
  og_context *context = new_context();
  og_field *field = lv_field(context);
  og_options *options = new_options(context, method, rtol, rtol);
  CHECK(context, og_options_set_choice(options, OG_OPT_ADJOINT, (int)adjoint));
  og_solve *solve = NULL;
  CHECK(context, og_solve_create(context, field, options, 1, &solve));
  CHECK(context, og_solve_set_span(solve, OG_ALL, 0, truth->t1));
  CHECK(context, og_solve_set_initial_state(solve, OG_ALL, (double[]){1, 1}));
  CHECK(context, og_solve_set_parameters(solve, OG_ALL, (double[]){1.5, 1, 3, 1}));
  CHECK(context, og_solve_run(solve));
  CHECK(context, og_solve_final(solve, 0, x));
  memset(gradient, 0, 6 * sizeof *gradient);
  CHECK(context,
        og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                       .final_bar = (double[]){x[0] - 1, x[1] - 1},
                                                       .x0_bar = gradient, .theta_bar = gradient + 2}));
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_field_destroy(field);
  og_context_destroy(context);
}

static void expect_near(const char *what, double got, double want, double tolerance) {
  if (!(fabs(got - want) <= tolerance))
    fail_msg("%s: got %.17g, want %.17g, difference %.3g exceeds %.3g", what, got, want, got - want,
             tolerance);
}

static void oracles(void **state) {
  (void)state;
  static const og_method methods[] = {OG_METHOD_DOPRI5, OG_METHOD_TSIT5, OG_METHOD_DOP853};
  static const oracle *const truths[] = {&lv10, &lv1};
  for (int k = 0; k < 2; k++)
    for (int i = 0; i < 3; i++)
      for (int adjoint = OG_ADJOINT_DISCRETE; adjoint <= OG_ADJOINT_FORWARD; adjoint++) {
        double x[2], gradient[6], size = 0;
        lv_gradient(truths[k], methods[i], (og_adjoint)adjoint, 1e-12, x, gradient);
        for (int c = 0; c < 6; c++) size = fmax(size, fabs(truths[k]->gradient[c]));
        /* 1e-9 of each component, the bound. Backsolve solves x again backward
         * from t1, which at rtol = 1e-12 over some 1000 steps loses up to two digits more: 1e-9 of the
         * gradient's size. */
        for (int c = 0; c < 6; c++)
          expect_near("gradient", gradient[c], truths[k]->gradient[c],
                      1e-9 * (adjoint == OG_ADJOINT_BACKSOLVE ? size : fabs(truths[k]->gradient[c])));
        for (int c = 0; c < 2 && truths[k]->x[c] != 0; c++)
          expect_near("state", x[c], truths[k]->x[c], 1e-10);
      }
}

static int decay_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)user;
  f[0] = p[0] * x[0];
  return 0;
}
static int decay_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                     double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  x_bar[0] = l[0] * p[0];
  theta_bar[0] = l[0] * x[0];
  return 0;
}
static int decay_jvp(double t, const double *x, const double *p, double t_dot, const double *dx,
                     const double *dp, double *f_dot, void *user) {
  (void)t, (void)t_dot, (void)user;
  f_dot[0] = p[0] * dx[0] + dp[0] * x[0];
  return 0;
}

/* dL/da of x' = a x, a = -1.3, x(0) = 1, L = x(2), in fixed steps. */
static double scalar_gradient(og_method method, int steps, og_adjoint adjoint) {
  og_context *context = new_context();
  og_field *field = NULL;
  CHECK(context, og_field_create(context, 1, 1, decay_rhs, NULL, &field));
  CHECK(context, og_field_set_vjp(field, decay_vjp));
  CHECK(context, og_field_set_jvp(field, decay_jvp));
  og_options *options = new_options(context, OG_METHOD_DOPRI5, 1e-6, 1e-6);
  CHECK(context, og_options_set_integer(options, OG_OPT_STEPS, steps));
  CHECK(context, og_options_set_choice(options, OG_OPT_METHOD, (int)method));
  CHECK(context, og_options_set_choice(options, OG_OPT_ADJOINT, (int)adjoint));
  og_solve *solve = NULL;
  CHECK(context, og_solve_create(context, field, options, 1, &solve));
  CHECK(context, og_solve_set_span(solve, OG_ALL, 0, 2));
  CHECK(context, og_solve_set_initial_state(solve, OG_ALL, (double[]){1}));
  CHECK(context, og_solve_set_parameters(solve, OG_ALL, (double[]){-1.3}));
  CHECK(context, og_solve_run(solve));
  double x_bar = 0, a_bar = 0;
  CHECK(context, og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                .final_bar = (double[]){1}, .x0_bar = &x_bar,
                                                                .theta_bar = &a_bar}));
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_field_destroy(field);
  og_context_destroy(context);
  return a_bar;
}

static void fixed_step_oracle(void **state) {
  (void)state;
  /* closed form N h R'(ha) R(ha)^(N-1); 1e-13 is 100 rounding errors of the 20 steps' sums */
  expect_near("discrete", scalar_gradient(OG_METHOD_RK4, 20, OG_ADJOINT_DISCRETE), 0.14854616782011612,
              1e-13 * 0.1485);
  expect_near("forward", scalar_gradient(OG_METHOD_RK4, 20, OG_ADJOINT_FORWARD), 0.14854616782011612,
              1e-13 * 0.1485);
  /* backsolve has RK4's own error, 1e-6 here as the discrete value's distance from the continuous one shows
   */
  expect_near("backsolve", scalar_gradient(OG_METHOD_RK4, 20, OG_ADJOINT_BACKSOLVE), 0.14854715642866775,
              3e-6);
}

/* The continuous adjoint in N steps errs by C / N^p: halving the step must divide the error by about 2^p, for
 * Euler as for every method. N is small enough that the error stays far above rounding, large enough to be
 * asymptotic to 0.3. */
static void backsolve_orders(void **state) {
  (void)state;
  static const int orders[] = {1, 2, 2, 4, 3, 5, 5, 8};
  static const int steps[] = {400, 100, 100, 40, 60, 20, 20, 4};
  assert_int_equal(sizeof orders / sizeof *orders, EXPLICIT_METHODS);
  assert_int_equal(sizeof steps / sizeof *steps, EXPLICIT_METHODS);
  double truth = 2 * exp(-2.6);
  for (int method = 0; method < EXPLICIT_METHODS; method++) {
    double coarse = scalar_gradient((og_method)method, steps[method], OG_ADJOINT_BACKSOLVE) - truth;
    double fine = scalar_gradient((og_method)method, 2 * steps[method], OG_ADJOINT_BACKSOLVE) - truth;
    double order = log2(fabs(coarse / fine));
    if (!(order > orders[method] - 0.3))
      fail_msg("method %d: order %.2f, not %d", method, order, orders[method]);
  }
}

/* <bar, J dot> = <J^T bar, dot>: exact in exact arithmetic, so a multiple of the rounding unit for the sums'
 * length. */
static void identity_of(const setting *s) {
  problem p = make(s);
  uint64_t seed = 42;
  inputs dots, gradient;
  outputs bars, tangents;
  CHECK(p.context, og_solve_run(p.solve));
  random_inputs(&p, s->shared, &dots, &seed);
  random_outputs(&p, &bars, &seed);
  lay_inputs(&gradient);
  lay_outputs(&tangents);
  push(&p, &dots, &tangents);
  pull(&p, &bars, &gradient);
  double left = dot(bars.v, tangents.v, OUTPUTS), right = dot(gradient.v, dots.v, INPUTS);
  double scale = size_of(gradient.v, INPUTS) * size_of(dots.v, INPUTS);
  double tolerance = s->precision == OG_PRECISION_SINGLE ? 1e-5 : 1e-12;
  if (!(fabs(left - right) <= tolerance * scale) || !(scale > 0))
    fail_msg("method %d precision %d steps %d backward %d shared %d trajectories %zu: %.17g is not %.17g "
             "(relative %.2e)",
             s->method, s->precision, s->steps, s->backward, s->shared, s->trajectories, left, right,
             fabs(left - right) / scale);
  drop(&p);
}

static void each_setting(void (*check)(const setting *)) {
  static const size_t counts[] = {1, 3, M};
  for (int variant = 0; variant < EXPLICIT_METHODS * 2 * 2 * 12; variant++) {
    int method = variant % EXPLICIT_METHODS, rest = variant / EXPLICIT_METHODS;
    setting s = {.method = (og_method)method,
                 .precision = (og_precision)(rest % 2),
                 .model = rest / 2 % 2,
                 .steps = rest / 4 % 2 ? 12 : 0,
                 .backward = rest / 8 % 2,
                 .shared = rest % 5 == 0,
                 .trajectories = counts[rest / 4 % 3]};
    if (!s.steps && (method == OG_METHOD_EULER || method == OG_METHOD_RK4)) continue;
    check(&s);
  }
}

static void adjoint_identity(void **state) {
  (void)state;
  each_setting(identity_of);
}

/* ---- Finite differences with the step sequence replayed ---- */

static double loss_at(problem *p, const problem *base, const inputs *dots, double h, int shared,
                      const outputs *bars) {
  size_t slot = 0;
  for (size_t m = 0; m < p->count; m++) {
    for (int i = 0; i < RICH_STATES; i++)
      p->x0[m][i] = base->x0[m][i] + h * dots->x0[m * RICH_STATES + (size_t)i];
    for (int i = 0; i < RICH_PARAMETERS; i++)
      p->theta[m][i] = base->theta[m][i] + h * dots->theta[(shared ? 0 : m * RICH_PARAMETERS) + (size_t)i];
    p->t0[m] = base->t0[m] + h * dots->t0[m];
    p->t1[m] = base->t1[m] + h * dots->t1[m];
    for (int i = 0; i < p->counts[m]; i++) p->times[m][i] = base->times[m][i] + h * dots->times[slot++];
  }
  apply(p, shared);
  CHECK(p->context, og_solve_replay(p->solve));
  double sum = 0, x[RICH_STATES], cost;
  slot = 0;
  for (size_t m = 0; m < p->count; m++) {
    for (int i = 0; i < p->counts[m]; i++, slot++) {
      CHECK(p->context, og_solve_observed(p->solve, m, (size_t)i, x));
      sum += dot(bars->observed + slot * RICH_STATES, x, RICH_STATES);
    }
    CHECK(p->context, og_solve_final(p->solve, m, x));
    CHECK(p->context, og_solve_cost(p->solve, m, &cost));
    sum += dot(bars->final + m * RICH_STATES, x, RICH_STATES) + bars->cost[m] * cost;
  }
  return sum;
}

/* Observation times must stay where their steps are: inside the span and off the steps' ends. */
static void move_times_inside(problem *p) {
  for (size_t m = 0; m < p->count; m++)
    for (int i = 0; i < p->counts[m]; i++)
      p->times[m][i] = p->t0[m] + (p->t1[m] - p->t0[m]) * (0.05317 + 0.15 * (i == 3 ? 2.05 : i));
  apply(p, 0);
}

static void differences_of(const setting *given) {
  setting own = *given;
  own.shared = 0;
  if (own.precision == OG_PRECISION_SINGLE) return; /* differences of floats show nothing */
  problem p = make(&own), base;
  uint64_t seed = 5;
  inputs dots, gradient;
  outputs bars;
  move_times_inside(&p);
  base = p;
  CHECK(p.context, og_solve_run(p.solve));
  random_inputs(&p, 0, &dots, &seed);
  random_outputs(&p, &bars, &seed);
  lay_inputs(&gradient);
  pull(&p, &bars, &gradient);
  /* five-point formula: rounding 1e-16 / h is 1e-11, truncation h^4 |f^(5)| / 30 far less. The move must be
   * so small that no observation crosses into another step, where the interpolant has a kink. */
  double h = 1e-5;
  double d1 = loss_at(&p, &base, &dots, h, 0, &bars) - loss_at(&p, &base, &dots, -h, 0, &bars);
  double d2 = loss_at(&p, &base, &dots, 2 * h, 0, &bars) - loss_at(&p, &base, &dots, -2 * h, 0, &bars);
  double slope = (8 * d1 - d2) / (12 * h), exact = dot(gradient.v, dots.v, INPUTS);
  double scale = size_of(gradient.v, INPUTS) * size_of(dots.v, INPUTS);
  if (!(fabs(slope - exact) <= 1e-9 * scale))
    fail_msg(
        "method %d steps %d backward %d trajectories %zu: differences %.15g, gradient %.15g, relative %.2e",
        own.method, own.steps, own.backward, own.trajectories, slope, exact, fabs(slope - exact) / scale);
  drop(&p);
}

static void replayed_differences(void **state) {
  (void)state;
  each_setting(differences_of);
}

/* ---- Each kind against the others ---- */

static void kind_agrees(og_adjoint kind, double rtol, double tolerance) {
  setting s = {.method = OG_METHOD_DOP853, .shared = 1, .trajectories = M};
  problem p = make(&s), q = make(&s);
  uint64_t seed = 11;
  inputs exact, other;
  outputs bars;
  for (int i = 0; i < 2; i++) {
    problem *which = i ? &q : &p;
    CHECK(which->context, og_options_set_real(which->options, OG_OPT_RTOL, rtol));
    CHECK(which->context, og_options_set_real(which->options, OG_OPT_ATOL, rtol));
    CHECK(which->context,
          og_options_set_choice(which->options, OG_OPT_ADJOINT, (int)(i ? kind : OG_ADJOINT_DISCRETE)));
    og_solve_destroy(which->solve);
    CHECK(which->context,
          og_solve_create(which->context, which->field, which->options, which->count, &which->solve));
    apply(which, 1);
    CHECK(which->context, og_solve_run(which->solve));
  }
  random_outputs(&p, &bars, &seed);
  lay_inputs(&exact);
  lay_inputs(&other);
  pull(&p, &bars, &exact);
  pull(&q, &bars, &other);
  for (int i = 0; i < INPUTS; i++)
    expect_near("component", other.v[i], exact.v[i], tolerance * size_of(exact.v, INPUTS));
  drop(&p);
  drop(&q);
}

static void kinds_agree(void **state) {
  (void)state;
  kind_agrees(OG_ADJOINT_FORWARD, 1e-6, 1e-13); /* the same numbers summed in another order */
  /* observations read an interpolant of order 7 at steps chosen for order 8: its error, some 100 rtol, is the
   * difference */
  kind_agrees(OG_ADJOINT_BACKSOLVE, 1e-11, 1e-8);
}

static void zero_span_of(int adjoint) {
  og_context *context = new_context();
  og_field *field = lv_field(context);
  og_options *options = new_options(context, OG_METHOD_TSIT5, 1e-6, 1e-9);
  og_solve *solve = NULL;
  CHECK(context, og_options_set_choice(options, OG_OPT_ADJOINT, adjoint));
  CHECK(context, og_solve_create(context, field, options, 1, &solve));
  CHECK(context, og_solve_set_span(solve, 0, 2, 2));
  CHECK(context, og_solve_set_initial_state(solve, 0, (double[]){3, 4}));
  CHECK(context, og_solve_set_parameters(solve, 0, (double[]){1, 2, 3, 4}));
  CHECK(context, og_solve_run(solve));
  double x[2], x_bar[2] = {0}, theta_bar[4] = {0}, t0_bar = 0, t1_bar = 0;
  CHECK(context, og_solve_final(solve, 0, x));
  assert_true(x[0] == 3 && x[1] == 4);
  CHECK(context, og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                .final_bar = (double[]){1, 0},
                                                                .x0_bar = x_bar, .theta_bar = theta_bar,
                                                                .t0_bar = &t0_bar, .t1_bar = &t1_bar}));
  assert_true(x_bar[0] == 1 && x_bar[1] == 0 && theta_bar[0] == 0);
  /* dx(t1)/dt1 = f = 1*3 - 2*3*4 = -21, exactly: sums of small integers */
  expect_near("dx/dt1", t1_bar, -21, 1e-13);
  expect_near("dx/dt0", t0_bar, 21, 1e-13);
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_field_destroy(field);
  og_context_destroy(context);
}

static void zero_span(void **state) {
  (void)state;
  for (int adjoint = OG_ADJOINT_DISCRETE; adjoint <= OG_ADJOINT_FORWARD; adjoint++) zero_span_of(adjoint);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(oracles),
      cmocka_unit_test(fixed_step_oracle),
      cmocka_unit_test(backsolve_orders),
      cmocka_unit_test(adjoint_identity),
      cmocka_unit_test(replayed_differences),
      cmocka_unit_test(kinds_agree),
      cmocka_unit_test(zero_span),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
