/* The continuous adjoints (backsolve, interpolate, quadrature) against closed forms and the discrete adjoint,
 * of which the other tests know that it is right; what backsolve says when it cannot be; and how they fail.
 */
#include "problem.h"

#include "adjoint/kronrod.h"

static const og_adjoint kinds[] = {OG_ADJOINT_BACKSOLVE, OG_ADJOINT_INTERPOLATE, OG_ADJOINT_QUADRATURE};
static const char *const kind_names[] = {"backsolve", "interpolate", "quadrature"};
enum { KINDS = 3 };

/* One trajectory of a field, and the warnings of its gradient. */
typedef struct run {
  og_context *context;
  og_field *field;
  og_options *options;
  og_solve *solve;
  int warnings;
  char warning[1024];
} run;

static void keep_warning(const char *line, void *user) {
  run *r = user;
  r->warnings++;
  snprintf(r->warning, sizeof r->warning, "%s", line);
}

static void open_run(run *r, size_t states, size_t parameters, og_rhs_fn rhs, og_vjp_fn vjp, og_adjoint kind,
                     double rtol) {
  memset(r, 0, sizeof *r);
  r->context = new_context();
  og_context_set_log(r->context, keep_warning, r);
  CHECK(r->context, og_field_create(r->context, states, parameters, rhs, NULL, &r->field));
  CHECK(r->context, og_field_set_vjp(r->field, vjp));
  r->options = new_options(r->context, OG_METHOD_TSIT5, rtol, rtol);
  CHECK(r->context, og_options_set_choice(r->options, OG_OPT_ADJOINT, (int)kind));
}

/* After the options. */
static void start_run(run *r, size_t trajectories, double t0, double t1, const double *x0,
                      const double *theta) {
  CHECK(r->context, og_solve_create(r->context, r->field, r->options, trajectories, &r->solve));
  CHECK(r->context, og_solve_set_span(r->solve, OG_ALL, t0, t1));
  CHECK(r->context, og_solve_set_initial_state(r->solve, OG_ALL, x0));
  CHECK(r->context, og_solve_set_parameters(r->solve, OG_ALL, theta));
}

static void close_run(run *r) {
  og_solve_destroy(r->solve);
  og_options_destroy(r->options);
  og_field_destroy(r->field);
  og_context_destroy(r->context);
}

static void expect_near(const char *what, double got, double want, double tolerance) {
  if (!(fabs(got - want) <= tolerance))
    fail_msg("%s: got %.17g, want %.17g, difference %.3g exceeds %.3g", what, got, want, got - want,
             tolerance);
}

static void expect_message(const char *message, const char *part) {
  if (!strstr(message, part)) fail_msg("\"%s\" is not in \"%s\"", part, message);
}

/* ---- x' = a x: stiff, and stable forward only ---- */

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

/* a = -100, L = x(0.01) + x(1): dL/dx0 = e^-1 + e^-100, dL/da = 0.01 e^-1 + e^-100. */
static void stiff_decay(void **state) {
  (void)state;
  for (int kind = 0; kind < KINDS; kind++) {
    run r;
    open_run(&r, 1, 1, decay_rhs, decay_vjp, kinds[kind], 1e-9);
    start_run(&r, 3, 0, 1, (double[]){1}, (double[]){-100});
    CHECK(r.context, og_solve_set_name(r.solve, 2, "patient 7"));
    CHECK(r.context, og_solve_set_observations(r.solve, OG_ALL, 1, (double[]){0.01}));
    CHECK(r.context, og_solve_set_initial_state(
                         r.solve, 2, (double[]){0.1})); /* the same miss is ten times as much to it */
    CHECK(r.context, og_solve_run(r.solve));
    double one[3] = {1, 1, 1}, x_bar[3] = {0}, a_bar = 0;
    og_status status = og_solve_pullback(
        r.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .observed_bar = one, .final_bar = one,
                                       .x0_bar = x_bar, .theta_bar = &a_bar});
    assert_int_equal(r.warnings, 0);
    if (kinds[kind] == OG_ADJOINT_BACKSOLVE) {
      /* x(1) is zero up to the tolerance, which grows by e^100 on the way back: refused, with the trajectory
       * that is worst, and nothing is written */
      assert_int_equal(status, OG_ERR_UNRESOLVED);
      expect_message(og_context_message(r.context), "missed x0 by");
      expect_message(og_context_message(r.context), "trajectory 2 (patient 7), the worst of 3 in 3");
      expect_message(og_context_message(r.context), "adjoint = interpolate");
      assert_true(x_bar[0] == 0 && a_bar == 0);
    } else {
      /* some 100 steps of rtol = 1e-9 each, in the solve and on the way back */
      CHECK(r.context, status);
      for (int m = 0; m < 3; m++) expect_near("dL/dx0", x_bar[m], exp(-1), 1e-7);
      expect_near("dL/da", a_bar, 2.1 * 0.01 * exp(-1), 1e-7);
    }
    close_run(&r);
  }
}

/* Where backsolve cannot even arrive, the message says what failed, in which direction, and what else there
 * is.
 */
static void backward_blow_up(void **state) {
  (void)state;
  run r;
  open_run(&r, 1, 1, decay_rhs, decay_vjp, OG_ADJOINT_BACKSOLVE, 1e-6);
  start_run(&r, 1, 0, 1, (double[]){1}, (double[]){-2000});
  CHECK(r.context, og_solve_set_name(r.solve, 0, "patient 7"));
  CHECK(r.context, og_solve_run(r.solve));
  double x_bar = 5, a_bar = 6;
  assert_int_equal(og_solve_pullback(r.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                    .final_bar = (double[]){1},
                                                                    .x0_bar = &x_bar, .theta_bar = &a_bar}),
                   OG_ERR_BLOW_UP);
  const char *message = og_context_message(r.context);
  expect_message(message, "backward solve of the adjoint");
  expect_message(message, "patient 7");
  expect_message(message, "on the way from 1 to 0");
  expect_message(message, "adjoint = interpolate");
  assert_true(x_bar == 5 && a_bar == 6); /* nothing was written */
  close_run(&r);
}

/* Problems that run backward well give no warning. */
static void no_false_alarm(void **state) {
  (void)state;
  static const double tolerances[] = {1e-4, 1e-6, 1e-9, 1e-12};
  for (int i = 0; i < 4; i++) {
    run r;
    open_run(&r, 2, 4, lv_rhs, lv_vjp, OG_ADJOINT_BACKSOLVE, tolerances[i]);
    start_run(&r, 1, 0, 10, (double[]){1, 1}, (double[]){1.5, 1, 3, 1});
    CHECK(r.context, og_solve_run(r.solve));
    double x_bar[2] = {0}, theta_bar[4] = {0};
    CHECK(r.context,
          og_solve_pullback(r.solve,
                            &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = (double[]){1, 1},
                                                  .x0_bar = x_bar, .theta_bar = theta_bar}));
    if (r.warnings) fail_msg("rtol = %g: %s", tolerances[i], r.warning);
    close_run(&r);
  }
}

/* ---- A driven oscillator: u'' = -u + F cos 2t, observed at t0, at t1 and twice at one time ----
 * u(t) = u0 cos s + v0 sin s + F r(t), s = t - t0, r = R(t) - R(t0) cos s - R'(t0) sin s, R = -cos(2t) / 3.
 */

static int driven_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)user;
  f[0] = x[1];
  f[1] = -x[0] + p[0] * cos(2 * t);
  return 0;
}
static int driven_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                      double *theta_bar, double *t_bar, void *user) {
  (void)x, (void)user;
  x_bar[0] = -l[1];
  x_bar[1] = l[0];
  theta_bar[0] = l[1] * cos(2 * t);
  *t_bar = -2 * p[0] * sin(2 * t) * l[1];
  return 0;
}

static double response(double t, double t0) {
  return -cos(2 * t) / 3 + cos(2 * t0) / 3 * cos(t - t0) - 2 * sin(2 * t0) / 3 * sin(t - t0);
}
static double response_rate(double t, double t0) {
  return 2 * sin(2 * t) / 3 - cos(2 * t0) / 3 * sin(t - t0) - 2 * sin(2 * t0) / 3 * cos(t - t0);
}

enum { SEEN = 6 };
static const double driven_x0[] = {0.7, -0.4}, force = 0.9;

/* L = sum_i w_i u(t_i) + u(t1): every derivative in closed form, and in the time limits by Leibniz's rule. */
static void driven_truth(double t0, double t1, const double *times, const double *w, double *x_bar,
                         double *theta_bar, double *t0_bar, double *t1_bar, double *times_bar) {
  double start[] = {driven_x0[1], -driven_x0[0] + force * cos(2 * t0)}; /* f(t0, x0) */
  x_bar[0] = x_bar[1] = *theta_bar = *t0_bar = 0;
  for (int i = 0; i <= SEEN; i++) {
    double t = i < SEEN ? times[i] : t1, weight = i < SEEN ? w[i] : 1, s = t - t0;
    double rate = -driven_x0[0] * sin(s) + driven_x0[1] * cos(s) + force * response_rate(t, t0);
    x_bar[0] += weight * cos(s);
    x_bar[1] += weight * sin(s);
    *theta_bar += weight * response(t, t0);
    *t0_bar -= weight * (cos(s) * start[0] + sin(s) * start[1]);
    if (i < SEEN)
      times_bar[i] = weight * rate;
    else
      *t1_bar = rate;
  }
}

static void check_driven(og_method method, int steps, int kind, int norm, int single, double t0, double t1,
                         double rtol, double tolerance) {
  run r;
  double w[] = {1, -0.5, 2, 0.3, -1, 0.8}, rows[2 * SEEN] = {0}, length = t1 - t0;
  double times[] = {t0, t0, t0 + 0.3 * length, t0 + 0.3 * length, t0 + 0.75 * length, t1};
  double x_bar[2] = {0}, f_bar = 0, t0_bar = 0, t1_bar = 0, times_bar[SEEN] = {0};
  double want_x[2], want_f, want_t0, want_t1 = 0, want_times[SEEN];
  open_run(&r, 2, 1, driven_rhs, driven_vjp, kinds[kind], rtol);
  CHECK(r.context, og_options_set_integer(r.options, OG_OPT_STEPS, steps));
  CHECK(r.context, og_options_set_choice(r.options, OG_OPT_METHOD, (int)method));
  CHECK(r.context, og_options_set_choice(r.options, OG_OPT_ADJOINT_NORM, norm));
  CHECK(r.context, og_options_set_choice(r.options, OG_OPT_PRECISION, single));
  start_run(&r, 1, t0, t1, driven_x0, &force);
  CHECK(r.context, og_solve_set_observations(r.solve, 0, SEEN, times));
  CHECK(r.context, og_solve_run(r.solve));
  for (int i = 0; i < SEEN; i++) rows[2 * i] = w[i];
  CHECK(r.context,
        og_solve_pullback(r.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .observed_bar = rows,
                                                         .final_bar = (double[]){1, 0}, .x0_bar = x_bar,
                                                         .theta_bar = &f_bar, .t0_bar = &t0_bar,
                                                         .t1_bar = &t1_bar, .times_bar = times_bar}));
  driven_truth(t0, t1, times, w, want_x, &want_f, &want_t0, &want_t1, want_times);
  expect_near("dL/du0", x_bar[0], want_x[0], tolerance);
  expect_near("dL/dv0", x_bar[1], want_x[1], tolerance);
  expect_near("dL/dF", f_bar, want_f, tolerance);
  expect_near("dL/dt0", t0_bar, want_t0, tolerance);
  expect_near("dL/dt1", t1_bar, want_t1, tolerance);
  for (int i = 0; i < SEEN; i++) expect_near("dL/dt_i", times_bar[i], want_times[i], tolerance);
  assert_int_equal(r.warnings, 0);
  close_run(&r);
}

static void driven_oscillator(void **state) {
  (void)state;
  for (int variant = 0; variant < KINDS * 2 * 2; variant++) {
    int kind = variant % KINDS, norm = variant / KINDS % 2, back = variant / KINDS / 2;
    double t0 = back ? 3 : 0.2, t1 = back ? -1 : 5;
    /* adaptive: some 1000 steps of 1e-10 at most, on values around 1 */
    check_driven(OG_METHOD_BS32, 0, kind, norm, 0, t0, t1, 1e-8, 1e-6);
    check_driven(OG_METHOD_TSIT5, 0, kind, norm, 0, t0, t1, 1e-10, 1e-8);
    check_driven(OG_METHOD_DOP853, 0, kind, norm, 0, t0, t1, 1e-11, 1e-8);
    /* fixed: h = 1/200, the error of order p about h^p times the span; Euler's about h */
    check_driven(OG_METHOD_EULER, 4000, kind, norm, 0, t0, t1, 1e-6, 3e-2);
    check_driven(OG_METHOD_RK4, 1000, kind, norm, 0, t0, t1, 1e-10, 1e-8);
    /* single: rounding of 6e-8 in each of some 100 steps, on values up to 5 */
    check_driven(OG_METHOD_TSIT5, 0, kind, norm, 1, t0, t1, 1e-5, 2e-3);
    check_driven(OG_METHOD_RK4, 200, kind, norm, 1, t0, t1, 1e-5, 1e-4);
  }
}

/* ---- lambda smooth, df/dtheta not: x' = a x + b sin 50 t, dx(T)/db = int_0^T e^{a (T - s)} sin 50 s ds ----
 */

static int buzz_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)user;
  f[0] = p[0] * x[0] + p[1] * sin(50 * t);
  return 0;
}
static int buzz_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                    double *theta_bar, double *t_bar, void *user) {
  (void)user;
  x_bar[0] = l[0] * p[0];
  theta_bar[0] = l[0] * x[0];
  theta_bar[1] = l[0] * sin(50 * t);
  *t_bar = l[0] * p[1] * 50 * cos(50 * t);
  return 0;
}

static void smooth_lambda(void **state) {
  (void)state;
  double a = -0.5, T = 10, w = 50;
  double exact = (-a * sin(w * T) - w * cos(w * T) + w * exp(a * T)) / (a * a + w * w);
  for (int kind = 0; kind < KINDS; kind++)
    for (double rtol = 1e-4; rtol > 1e-9; rtol *= 1e-2) {
      run r;
      open_run(&r, 1, 2, buzz_rhs, buzz_vjp, kinds[kind], rtol);
      start_run(&r, 1, 0, T, (double[]){1}, (double[]){a, 1});
      CHECK(r.context, og_solve_run(r.solve));
      double x_bar = 0, theta_bar[2] = {0};
      CHECK(r.context, og_solve_pullback(r.solve, &(og_pullback_arrays){
                                                      OG_INIT(og_pullback_arrays), .final_bar = (double[]){1},
                                                      .x0_bar = &x_bar, .theta_bar = theta_bar}));
      /* errors of rtol / w or so a step, in up to 1100 steps, forgotten at the rate a */
      if (!(fabs(theta_bar[1] - exact) < rtol))
        fail_msg("%s, rtol %g: dx(T)/db is %g, not %g", kind_names[kind], rtol, theta_bar[1], exact);
      close_run(&r);
    }
}

/* ---- Against the discrete adjoint, on the problem with everything ---- */

/* How far the gradient by a continuous kind is from that by the discrete adjoint, over the size of the
 * latter: in all, of x0 and theta, and of times. */
typedef struct distances {
  double all, solution, times;
} distances;

static void gradient_of(const setting *s, og_adjoint kind, double rtol, int norm, inputs *gradient) {
  problem p = make(s);
  uint64_t seed = 11;
  outputs bars;
  CHECK(p.context, og_options_set_real(p.options, OG_OPT_RTOL, rtol));
  CHECK(p.context, og_options_set_real(p.options, OG_OPT_ATOL, rtol));
  CHECK(p.context, og_options_set_choice(p.options, OG_OPT_ADJOINT_NORM, norm));
  CHECK(p.context, og_options_set_choice(p.options, OG_OPT_ADJOINT, (int)kind));
  og_solve_destroy(p.solve);
  CHECK(p.context, og_solve_create(p.context, p.field, p.options, p.count, &p.solve));
  apply(&p, s->shared);
  CHECK(p.context, og_solve_run(p.solve));
  random_outputs(&p, &bars, &seed);
  lay_inputs(gradient);
  pull(&p, &bars, gradient);
  drop(&p);
}

static distances distance_to_discrete(const setting *s, og_adjoint kind, double rtol, int norm) {
  inputs a, b;
  int solution = M * (RICH_STATES + RICH_PARAMETERS);
  gradient_of(s, OG_ADJOINT_DISCRETE, rtol, norm, &a);
  gradient_of(s, kind, rtol, norm, &b);
  for (int i = 0; i < INPUTS; i++) b.v[i] -= a.v[i];
  double size = size_of(a.v, INPUTS);
  return (distances){size_of(b.v, INPUTS) / size, size_of(b.v, solution) / size,
                     size_of(b.t0, INPUTS - solution) / size};
}

/* DOP853 reads an interpolant of order 7 between steps chosen for order 8; its error, some 100 rtol, is the
 * distance. The others are measured where they are accurate. */
static void tight_tolerance(void **state) {
  (void)state;
  for (int variant = 0; variant < KINDS * 2 * 2 * 2 * 2; variant++) {
    int kind = variant % KINDS, bits = variant / KINDS;
    setting s = {.method = OG_METHOD_DOP853,
                 .shared = bits % 2,
                 .backward = bits / 2 % 2,
                 .model = bits / 4 % 2,
                 .trajectories = M};
    double distance = distance_to_discrete(&s, kinds[kind], 1e-11, bits / 8).all;
    if (!(distance < 1e-8))
      fail_msg("%s, shared %d, backward %d, model %d, norm %d: %.2e", kind_names[kind], s.shared, s.backward,
               s.model, bits / 8, distance);
    s.method = OG_METHOD_BS32, s.precision = OG_PRECISION_SINGLE;
    distance = distance_to_discrete(&s, kinds[kind], 1e-5, bits / 8).all;
    /* single precision, third order at 1e-5 in some 50 steps */
    if (!(distance < 1e-3)) fail_msg("%s in single precision: %.2e", kind_names[kind], distance);
  }
}

static void expect_order(const setting *s, int kind, const char *of, double coarse, double fine, int order) {
  double measured = log2(coarse / fine);
  if (!(measured > order - 0.3))
    fail_msg("method %d, %s, %s: order %.2f, not %d (%.2e, %.2e)", s->method, kind_names[kind], of, measured,
             order, coarse, fine);
}

/* With N equal steps both adjoints err by C / N^p, so that their distance falls by 2^p when N is doubled,
 * down to Euler. In derivatives by times the discrete adjoint has the slope of its interpolant, whose order
 * is one less for some. Observations lie on the ends of steps (N is a multiple of 15), where backward steps
 * end too. The distance is far above rounding, and asymptotic to 0.3. */
static void orders(void **state) {
  (void)state;
  static const int order_of[] = {1, 2, 2, 4, 3, 5, 5, 8};
  static const int slope_order_of[] = {1, 2, 2, 3, 3, 4, 4, 7};
  static const int steps[] = {480, 240, 240, 60, 60, 30, 30, 15};
  static const double stretch[] = {1, 1, 1, 1, 1, 1, 1, 2};
  assert_int_equal(sizeof order_of / sizeof *order_of, EXPLICIT_METHODS);
  assert_int_equal(sizeof slope_order_of / sizeof *slope_order_of, EXPLICIT_METHODS);
  assert_int_equal(sizeof steps / sizeof *steps, EXPLICIT_METHODS);
  assert_int_equal(sizeof stretch / sizeof *stretch, EXPLICIT_METHODS);
  for (int method = 0; method < EXPLICIT_METHODS; method++)
    for (int kind = 0; kind < KINDS; kind++) {
      setting s = {
          .method = (og_method)method, .steps = steps[method], .trajectories = M, .stretch = stretch[method]};
      distances coarse = distance_to_discrete(&s, kinds[kind], 1e-13, OG_NORM_SEMINORM);
      s.steps *= 2;
      distances fine = distance_to_discrete(&s, kinds[kind], 1e-13, OG_NORM_SEMINORM);
      expect_order(&s, kind, "x0 and theta", coarse.solution, fine.solution, order_of[method]);
      expect_order(&s, kind, "times", coarse.times, fine.times, slope_order_of[method]);
    }
}

/* ---- Cost ---- */

static long long backward_cost(int kind, int observations, og_stat stat) {
  run r;
  double times[64], bars[128], x_bar[2] = {0}, theta_bar[4] = {0};
  for (int i = 0; i < observations; i++) times[i] = 10.0 * (i + 1) / (observations + 1);
  for (int i = 0; i < 128; i++) bars[i] = 1e-12;
  open_run(&r, 2, 4, lv_rhs, lv_vjp, kinds[kind], 1e-8);
  CHECK(r.context, og_options_set_choice(r.options, OG_OPT_GRADIENT_CONTROL, OG_CONTROL_NONE));
  start_run(&r, 1, 0, 10, (double[]){1, 1}, (double[]){1.5, 1, 3, 1});
  CHECK(r.context, og_solve_set_observations(r.solve, 0, (size_t)observations, times));
  CHECK(r.context, og_solve_run(r.solve));
  CHECK(r.context,
        og_solve_pullback(r.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .observed_bar = bars,
                                                         .final_bar = (double[]){1, 1}, .x0_bar = x_bar,
                                                         .theta_bar = theta_bar}));
  long long count = og_solve_stat(r.solve, stat);
  close_run(&r);
  return count;
}

/* A jump of lambda, here too small to change it, costs the step that is cut short and the first stage anew, 7
 * evaluations of Tsit5, not a search for the step size, which takes some steps of 6 and 2 more. Half of a
 * step for rejections. */
static void jumps_are_cheap(void **state) {
  (void)state;
  for (int kind = 0; kind < 2; kind++) {
    long long smooth = backward_cost(kind, 0, OG_STAT_VJP_EVALS);
    long long with = backward_cost(kind, 60, OG_STAT_VJP_EVALS);
    if (with > smooth + 60 * 10)
      fail_msg("%s: %lld evaluations, %lld without jumps", kind_names[kind], with, smooth);
  }
}

/* ---- Failures ---- */

static int undefined_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                         double *theta_bar, double *t_bar, void *user) {
  decay_vjp(t, x, p, l, x_bar, theta_bar, t_bar, user);
  x_bar[0] = t < 0.5 ? NAN : x_bar[0];
  return 0;
}
static int undefined_theta_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                               double *theta_bar, double *t_bar, void *user) {
  decay_vjp(t, x, p, l, x_bar, theta_bar, t_bar, user);
  theta_bar[0] = t < 0.5 ? NAN : theta_bar[0];
  return 0;
}
/* Different at any two times. */
static int erratic_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                       double *theta_bar, double *t_bar, void *user) {
  decay_vjp(t, x, p, l, x_bar, theta_bar, t_bar, user);
  theta_bar[0] = fmod(1e7 * fabs(sin(1e9 * t)), 1);
  return 0;
}
static int refusing_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                        double *theta_bar, double *t_bar, void *user) {
  decay_vjp(t, x, p, l, x_bar, theta_bar, t_bar, user);
  return t < 0.5 ? -1 : 0;
}

static void expect_failure(og_vjp_fn vjp, int kind, int steps, og_status status, const char *part) {
  run r;
  double x_bar = 5, a_bar = 6;
  open_run(&r, 1, 1, decay_rhs, vjp, kinds[kind], 1e-6);
  CHECK(r.context, og_options_set_integer(r.options, OG_OPT_STEPS, steps));
  start_run(&r, 1, 0, 1, (double[]){1}, (double[]){-1});
  CHECK(r.context, og_solve_run(r.solve));
  og_status got = og_solve_pullback(r.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                   .final_bar = (double[]){1},
                                                                   .x0_bar = &x_bar, .theta_bar = &a_bar});
  if (got != status)
    fail_msg("%s: %s, not %s: %s", kind_names[kind], og_status_name(got), og_status_name(status),
             og_context_message(r.context));
  expect_message(og_context_message(r.context), part);
  expect_message(og_context_message(r.context), kind_names[kind]);
  expect_message(og_context_message(r.context), "t = 0.");
  assert_true(x_bar == 5 && a_bar == 6);
  close_run(&r);
}

static void failures(void **state) {
  (void)state;
  for (int kind = 0; kind < KINDS; kind++)
    for (int steps = 0; steps <= 50; steps += 50) {
      expect_failure(undefined_vjp, kind, steps, OG_ERR_NOT_FINITE, "backward solve of the adjoint");
      expect_failure(undefined_theta_vjp, kind, steps, OG_ERR_NOT_FINITE, "NaN");
      expect_failure(refusing_vjp, kind, steps, OG_ERR_FIELD, "callback");
    }
  expect_failure(erratic_vjp, 2, 0, OG_ERR_TOO_MANY_STEPS, "does not converge");
  expect_failure(erratic_vjp, 2, 50, OG_ERR_TOO_MANY_STEPS, "does not converge");
}

/* Dense output under a budget: steps that were not kept are taken again, with the same bits; a budget that
 * does not hold what there must be, or quadrature's steps of lambda, is refused. */
static void budgets(void **state) {
  (void)state;
  for (int kind = 1; kind < KINDS; kind++) {
    double expected[2] = {0};
    int refused = 0, done = 0;
    for (long long budget = 0; budget <= 1 << 22; budget = budget ? 2 * budget : 1 << 10) {
      run r;
      double x_bar[2] = {0}, theta_bar[4] = {0};
      open_run(&r, 2, 4, lv_rhs, lv_vjp, kinds[kind], 1e-10);
      CHECK(r.context, og_options_set_integer(r.options, OG_OPT_MEMORY, budget));
      start_run(&r, 1, 0, 10, (double[]){1, 1}, (double[]){1.5, 1, 3, 1});
      og_status status = og_solve_run(r.solve);
      if (status == OG_OK)
        status = og_solve_pullback(r.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                  .final_bar = (double[]){1, 1},
                                                                  .x0_bar = x_bar, .theta_bar = theta_bar});
      if (!budget) memcpy(expected, x_bar, sizeof expected);
      if (status != OG_OK) {
        assert_int_equal(status, OG_ERR_BUDGET);
        assert_true(x_bar[0] == 0 && theta_bar[0] == 0);
        refused++;
      } else {
        assert_memory_equal(x_bar, expected, sizeof expected);
        done++;
      }
      close_run(&r);
    }
    assert_true(refused > 2 && done > 3);
  }
}

/* ---- The rules of quadrature: exact for polynomials of degree 22 and 13, which with symmetry makes 23 ----
 */

static void kronrod_rules(void **state) {
  (void)state;
  for (int degree = 0; degree <= 23; degree++) {
    double kronrod = 0, gauss = 0, exact = degree % 2 ? 0 : 2.0 / (degree + 1);
    for (int i = 0; i < OG_KRONROD_NODES; i++) {
      kronrod += og_kronrod[i].weight * pow(og_kronrod[i].x, degree);
      gauss += og_kronrod[i].gauss * pow(og_kronrod[i].x, degree);
    }
    expect_near("Kronrod", kronrod, exact, 1e-15); /* rounding of 15 terms that add up to 2 at most */
    if (degree <= 13) expect_near("Gauss", gauss, exact, 1e-15);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(stiff_decay),    cmocka_unit_test(backward_blow_up),
      cmocka_unit_test(no_false_alarm), cmocka_unit_test(driven_oscillator),
      cmocka_unit_test(smooth_lambda),  cmocka_unit_test(tight_tolerance),
      cmocka_unit_test(orders),         cmocka_unit_test(jumps_are_cheap),
      cmocka_unit_test(failures),       cmocka_unit_test(kronrod_rules),
      cmocka_unit_test(budgets),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
