/* The continuous adjoints (backsolve, interpolate, quadrature) through events and the breakpoints of inputs:
 * against closed forms, and toward the discrete adjoint, of which the other tests know that it is right. */
#include "event_runs.h"

static const og_adjoint kinds[] = {OG_ADJOINT_BACKSOLVE, OG_ADJOINT_INTERPOLATE, OG_ADJOINT_QUADRATURE};
enum { KINDS = 3 };

/* A field's solve, and the warnings of its gradient. */
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

static void open_run(run *r, og_method method, og_adjoint kind, double tolerance) {
  memset(r, 0, sizeof *r);
  r->context = new_context();
  og_context_set_log(r->context, keep_warning, r);
  r->options = new_options(r->context, method, tolerance, tolerance);
  CHECK(r->context, og_options_set_choice(r->options, OG_OPT_ADJOINT, (int)kind));
}

/* After the field and the options. */
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

static void expect_message(const char *message, const char *part) {
  if (!strstr(message, part)) fail_msg("\"%s\" is not in \"%s\"", part, message);
}

/* ---- The bouncing ball: everything that can be asked of it, in closed form ---- */

enum { INPUTS_OF_BALL = 4 }; /* h0, g, e, r */

/* After k hits, at time t: height and speed, and the height's derivatives. With T the first hit's time,
 * h = r + e^k g T s - g s^2 / 2, s = t - t_k; before the first hit h = h0 - g t^2 / 2. */
static void ball_at(int k, double t, double h0, const double *p, double *height, double *speed,
                    double gradient[INPUTS_OF_BALL]) {
  double g = p[0], e = p[1], r = p[2], hit[4], first[4];
  if (k == 0) {
    *height = h0 - g * t * t / 2, *speed = -g * t;
    gradient[0] = 1, gradient[1] = -t * t / 2, gradient[2] = gradient[3] = 0;
    return;
  }
  double T = hit_time(0, h0, p, first), s = t - hit_time(k - 1, h0, p, hit), c = pow(e, k);
  *height = r + c * g * T * s - g * s * s / 2;
  *speed = c * g * T - g * s;
  for (int i = 0; i < INPUTS_OF_BALL; i++) gradient[i] = c * g * s * first[i] - *speed * hit[i];
  gradient[1] += c * T * s - s * s / 2;
  gradient[2] += k * pow(e, k - 1) * g * T * s;
  gradient[3] += 1;
}

static void add_scaled(double *sum, double weight, const double *gradient) {
  for (int i = 0; i < INPUTS_OF_BALL; i++) sum[i] += weight * gradient[i];
}

/* L = h(6) + sum_i w_i h(t_i) + sum_k v_k t_k, seen before, between and after the hits, and at the very time
 * of the first one. Backward in time the ball is the same: t becomes -t, and its speed changes its sign. */
static void check_ball(og_method method, int kind, int single, int backward, double tolerance, double error) {
  static const double w[4] = {0.5, -1, 0.7, 0.3}, v[HITS] = {1, -2, 0.6};
  double sign = backward ? -1 : 1, want[4] = {0}, slope[4], height, rate,
         T = hit_time(0, 10, ball_theta, slope);
  double times[] = {0, 0.9, T, 4.5}, x0_bar[2] = {0}, theta_bar[3] = {0}, t1_bar = 0, times_bar[4] = {0};
  double rows[8] = {0}, want_times[4], t0_bar = 0, want_t0 = 0;
  static const int hits[] = {0, 0, 0, 2};
  run r;
  open_run(&r, method, kinds[kind], tolerance);
  CHECK(r.context, og_options_set_choice(r.options, OG_OPT_PRECISION, single));
  r.field = ball_field(r.context, OG_DIRECTION_FALLING);
  start_run(&r, 1, 0, 6 * sign, (double[]){10, 0}, ball_theta);
  for (int i = 0; i < 4; i++) times[i] *= sign;
  CHECK(r.context, og_solve_set_observations(r.solve, 0, 4, times));
  CHECK(r.context, og_solve_run(r.solve));
  double seen[2];
  CHECK(r.context, og_solve_observed(r.solve, 0, 2, seen)); /* at the hit: rounding says, of which side */
  for (int i = 0; i < 4; i++) {
    ball_at(i == 2 && sign * seen[1] > 0 ? 1 : hits[i], sign * times[i], 10, ball_theta, &height, &rate,
            slope);
    add_scaled(want, w[i], slope);
    want_times[i] = w[i] * rate * sign;
    want_t0 -= want_times[i];
    rows[2 * i] = w[i];
  }
  ball_at(3, 6, 10, ball_theta, &height, &rate, slope);
  add_scaled(want, 1, slope);
  want_t0 -= rate * sign;
  for (int k = 0; k < HITS; k++) {
    hit_time(k, 10, ball_theta, slope);
    add_scaled(want, v[k] * sign, slope);
    want_t0 += v[k];
  }
  CHECK(r.context, og_solve_set_event_cotangents(r.solve, 0, v, NULL, NULL));
  CHECK(r.context,
        og_solve_pullback(r.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .observed_bar = rows,
                                                         .final_bar = (double[]){1, 0}, .x0_bar = x0_bar,
                                                         .theta_bar = theta_bar, .t0_bar = &t0_bar,
                                                         .t1_bar = &t1_bar, .times_bar = times_bar}));
  expect_near("dL/dh0", x0_bar[0], want[0], error);
  for (int i = 0; i < 3; i++) expect_near("dL/dtheta", theta_bar[i], want[1 + i], error);
  expect_near("dL/dt1", t1_bar, rate * sign, error);
  expect_near("dL/dt0", t0_bar, want_t0, error);
  for (int i = 0; i < 4; i++) expect_near("dL/dt_i", times_bar[i], want_times[i], error);
  if (r.warnings) fail_msg("%s", r.warning);
  close_run(&r);
}

static void bouncing_ball(void **state) {
  (void)state;
  for (int kind = 0; kind < KINDS; kind++)
    for (int backward = 0; backward < 2; backward++) {
      /* Parabolas are exact for the methods and their interpolants; of what is summed the largest is g t^2 =
       * 350, times e^-k at each hit for the event's time; 1e-12 of it is left by rounding. */
      for (int method = OG_METHOD_BS32; method < EXPLICIT_METHODS; method++)
        if (method != OG_METHOD_RK4) check_ball((og_method)method, kind, 0, backward, 1e-9, 1e-9);
      check_ball(OG_METHOD_TSIT5, kind, 1, backward, 1e-5, 5e-3); /* the same with 6e-8 */
    }
}

/* ---- Signals: x' = -k x + u ---- */

static int filter_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)user;
  f[0] = -p[0] * x[0] + p[1];
  return 0;
}
static int filter_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                      double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  x_bar[0] = -p[0] * l[0];
  theta_bar[0] = -x[0] * l[0];
  theta_bar[1] = l[0];
  return 0;
}

static void filter_field(run *r) {
  CHECK(r->context, og_field_create(r->context, 1, 1, filter_rhs, NULL, &r->field));
  CHECK(r->context, og_field_set_vjp(r->field, filter_vjp));
  CHECK(r->context, og_field_set_inputs(r->field, 1));
}

enum { PIECES = 5, SPANS = 6 };
static const double piece_times[PIECES] = {-1, 0.3, 0.9, 1.7, 2.6},
                    piece_values[PIECES] = {2, -1, 0.5, 3, -2};
/* One to five segments; the last ones go back in time. */
static const double spans[SPANS][2] = {{0, 2.2}, {0, 0.2}, {0.5, 3}, {-0.9, 3.1}, {2.2, 0}, {3, 0.95}};

/* Held values: x(t) = x0 e^(-k (t - t0)) + sum_i u_i w_i, w_i = (e^(-k (t - end_i)) - e^(-k (t - start_i))) /
 * k over what lies of piece i between t0 and t. Returns x; adds `weight` times its derivatives. */
static double filtered(double k, double x0, double t0, double t, double weight, double *x_bar, double *k_bar,
                       double *u_bar) {
  double low = fmin(t0, t), high = fmax(t0, t), sign = t < t0 ? -1 : 1, e = exp(-k * (t - t0)), x = x0 * e;
  *x_bar += weight * e;
  *k_bar -= weight * x0 * (t - t0) * e;
  for (int i = 0; i < PIECES; i++) {
    double start = fmax(low, piece_times[i]), end = i + 1 < PIECES ? fmin(high, piece_times[i + 1]) : high;
    if (!(start < end)) continue;
    double a = exp(-k * (t - end)), b = exp(-k * (t - start)), share = sign * (a - b) / k;
    x += piece_values[i] * share;
    u_bar[i] += weight * share;
    *k_bar += weight * piece_values[i] * (sign * ((t - start) * b - (t - end) * a) / k - share / k);
  }
  return x;
}

static double held_at(double t) {
  int i = 0;
  while (i + 1 < PIECES && piece_times[i + 1] <= t) i++;
  return piece_values[i];
}

/* L = sum over trajectories of x(t1) - x in the middle of the span + 2 x at 0.9, if that breakpoint is in it.
 */
static void check_relay(og_method method, int kind, double tolerance, double error) {
  static const double k = 0.8, x0 = 0.5, w[] = {-1, 2, 1};
  run r;
  double rows[3 * SPANS], ones[SPANS], x0_bar[SPANS] = {0}, k_bar = 0, t0_bar[SPANS] = {0},
                                       t1_bar[SPANS] = {0};
  double want_k = 0, seen[SPANS][3];
  size_t count = 0;
  open_run(&r, method, kinds[kind], tolerance);
  filter_field(&r);
  start_run(&r, SPANS, 0, 1, &x0, &k);
  CHECK(r.context, og_solve_set_input(r.solve, OG_ALL, 0, OG_SIGNAL_HOLD, PIECES, piece_times, piece_values));
  for (size_t m = 0; m < SPANS; m++) {
    double t0 = spans[m][0], t1 = spans[m][1], middle = 0.5 * (t0 + t1);
    int crosses = (0.9 - t0) * (0.9 - t1)<0, late = fabs(0.9 - t0)> fabs(middle - t0);
    seen[m][0] = crosses && !late ? 0.9 : middle, seen[m][1] = crosses && late ? 0.9 : middle;
    CHECK(r.context, og_solve_set_span(r.solve, m, t0, t1));
    CHECK(r.context, og_solve_set_observations(r.solve, m, crosses ? 2 : 1, seen[m]));
    for (int i = 0; i < (crosses ? 2 : 1); i++) rows[count++] = seen[m][i] == 0.9 ? w[1] : w[0];
    ones[m] = 1;
  }
  CHECK(r.context, og_solve_run(r.solve));
  CHECK(r.context, og_solve_pullback(r.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                    .observed_bar = rows, .final_bar = ones,
                                                                    .x0_bar = x0_bar, .theta_bar = &k_bar,
                                                                    .t0_bar = t0_bar, .t1_bar = t1_bar}));
  count = 0;
  for (size_t m = 0; m < SPANS; m++) {
    double t0 = spans[m][0], t1 = spans[m][1], want_x = 0, want_u[PIECES] = {0}, u_bar[PIECES] = {0}, x = 0;
    int observations = (0.9 - t0) * (0.9 - t1) < 0 ? 2 : 1;
    for (int i = 0; i < observations; i++, count++)
      filtered(k, x0, t0, seen[m][i], rows[count], &want_x, &want_k, want_u);
    x = filtered(k, x0, t0, t1, 1, &want_x, &want_k, want_u);
    expect_near("dL/dx0", x0_bar[m], want_x, error);
    CHECK(r.context, og_solve_input_gradient(r.solve, m, 0, u_bar));
    for (int i = 0; i < PIECES; i++) expect_near("dL/du", u_bar[i], want_u[i], error);
    expect_near("dL/dt1", t1_bar[m], -k * x + held_at(t1), error); /* no span ends on a breakpoint */
    expect_near("dL/dt0", t0_bar[m], want_x * (k * x0 - held_at(t0)), error);
  }
  expect_near("dL/dk", k_bar, want_k, error);
  if (r.warnings) fail_msg("%s", r.warning);
  close_run(&r);
}

/* Errors of some tens of steps at the tolerance, of values up to 5, in the solve and on the way back. */
static void relay(void **state) {
  (void)state;
  for (int kind = 0; kind < KINDS; kind++) {
    check_relay(OG_METHOD_DOP853, kind, 1e-12, 1e-9);
    check_relay(OG_METHOD_TSIT5, kind, 1e-10, 1e-7);
    check_relay(OG_METHOD_BS32, kind, 1e-8, 1e-5);
  }
}

/* x' = u with u linear between values: lambda is 1, and dL/du the trapezoidal rule's weights, as the integral
 * of a line: exact for every method from order 2 on. */
static void ramps(void **state) {
  (void)state;
  for (int method = OG_METHOD_MIDPOINT; method < EXPLICIT_METHODS; method++)
    for (int variant = 0; variant < 2 * KINDS; variant++) {
      int backward = variant / KINDS;
      double sign = backward ? -1 : 1, weight[PIECES] = {0}, u_bar[PIECES] = {0}, x0_bar = 0;
      run r;
      open_run(&r, OG_METHOD_TSIT5, kinds[variant % KINDS], 1e-12);
      CHECK(r.context, og_options_set_choice(r.options, OG_OPT_METHOD, method));
      CHECK(r.context, og_options_set_integer(r.options, OG_OPT_STEPS, 7));
      filter_field(&r);
      start_run(&r, 1, backward ? 2.6 : -1, backward ? -1 : 2.6, (double[]){0.5}, (double[]){0});
      CHECK(r.context,
            og_solve_set_input(r.solve, 0, 0, OG_SIGNAL_LINEAR, PIECES, piece_times, piece_values));
      CHECK(r.context, og_solve_run(r.solve));
      CHECK(r.context,
            og_solve_pullback(r.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                             .final_bar = (double[]){1}, .x0_bar = &x0_bar}));
      CHECK(r.context, og_solve_input_gradient(r.solve, 0, 0, u_bar));
      for (int i = 0; i + 1 < PIECES; i++) {
        double half = 0.5 * sign * (piece_times[i + 1] - piece_times[i]);
        weight[i] += half, weight[i + 1] += half;
      }
      assert_true(x0_bar == 1);
      for (int i = 0; i < PIECES; i++) expect_near("dL/du", u_bar[i], weight[i], 1e-14);
      close_run(&r);
    }
}

/* ---- Steady solves: x' = a - b x until |f| = tol, at t* = log((a - b x0) / tol) / b, x* = (a - tol) / b
 * ---- */

static int tank_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)user;
  f[0] = p[0] - p[1] * x[0];
  return 0;
}
static int tank_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                    double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  x_bar[0] = -p[1] * l[0];
  theta_bar[0] = l[0];
  theta_bar[1] = -x[0] * l[0];
  return 0;
}

/* L = x* + c t*, from x0; steady from the start when x0 is a / b. */
static void check_steady(og_adjoint kind, double tol, double x0, double c, double error) {
  static const double a = 2, b = 0.7;
  double x_bar = 0, theta_bar[2] = {0}, t0_bar = 0, t1_bar = 0, f0 = a - b * x0, t = log(f0 / tol) / b;
  int from_start = fabs(f0) < tol;
  run r;
  open_run(&r, OG_METHOD_DOP853, kind, 1e-12);
  CHECK(r.context, og_options_set_real(r.options, OG_OPT_STEADY, tol));
  CHECK(r.context, og_field_create(r.context, 1, 2, tank_rhs, NULL, &r.field));
  CHECK(r.context, og_field_set_vjp(r.field, tank_vjp));
  start_run(&r, 1, 0, 100, &x0, (double[]){a, b});
  CHECK(r.context, og_solve_run(r.solve));
  CHECK(r.context, og_solve_set_event_cotangents(r.solve, 0, &c, NULL, NULL));
  CHECK(r.context, og_solve_pullback(r.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                    .final_bar = (double[]){1},
                                                                    .x0_bar = &x_bar, .theta_bar = theta_bar,
                                                                    .t0_bar = &t0_bar, .t1_bar = &t1_bar}));
  expect_near("dL/dx0", x_bar, from_start ? 1 : -c / f0, error);
  expect_near("dL/da", theta_bar[0], from_start ? 0 : 1 / b + c / (f0 * b), error);
  expect_near("dL/db", theta_bar[1], from_start ? 0 : -(a - tol) / (b * b) - c * (x0 / f0 + t) / b, error);
  expect_near("dL/dt0", t0_bar, c, error);
  expect_near("dL/dt1", t1_bar, 0, error);
  close_run(&r);
}

/* |f| has fallen to 1e-3, and what some tens of steps of 1e-12 leave in x = 3, 1e-10, is 1e-7 of it, which
 * the event's time has; the discrete adjoint too, whose t1_bar is that small as well. */
static void steady(void **state) {
  (void)state;
  for (int kind = -1; kind < KINDS; kind++)
    for (double c = 0; c < 2; c += 1.5) {
      og_adjoint adjoint = kind < 0 ? OG_ADJOINT_DISCRETE : kinds[kind];
      check_steady(adjoint, 1e-3, 0.3, c, 1e-7);
      check_steady(adjoint, 1e-3, 2 / 0.7, c, 1e-12);
      check_steady(adjoint, 1e-7, 0.3, c, 1e-3); /* likewise */
    }
}

/* ---- Several events at once ---- */

/* On the floor two events: the speed turns, and then a kick of p[1] t is added. */
static int two_guards(double t, const double *x, const double *p, double *g, void *user) {
  ball_guard(t, x, p, g, user);
  g[1] = g[0];
  return 0;
}
static int two_guards_vjp(double t, const double *x, const double *p, const double *g_bar, double *x_bar,
                          double *theta_bar, double *t_bar, void *user) {
  double sum = g_bar[0] + g_bar[1];
  return ball_guard_vjp(t, x, p, &sum, x_bar, theta_bar, t_bar, user);
}
static int two_jumps(size_t event, double t, const double *x, const double *p, double *after, void *user) {
  if (event == 0) return ball_jump(event, t, x, p, after, user);
  after[1] = x[1] + p[1] * t;
  return 0;
}
static int two_jumps_vjp(size_t event, double t, const double *x, const double *p, const double *after_bar,
                         double *x_bar, double *theta_bar, double *t_bar, void *user) {
  if (event == 0) return ball_jump_vjp(event, t, x, p, after_bar, x_bar, theta_bar, t_bar, user);
  x_bar[0] = after_bar[0];
  x_bar[1] = after_bar[1];
  theta_bar[1] = t * after_bar[1];
  *t_bar = p[1] * after_bar[1];
  return 0;
}

/* After one hit, at T: h = r + V s - g s^2 / 2 with V = (g + 1) e T, s = t - T. */
static void together(void **state) {
  (void)state;
  static const og_event events[2] = {{OG_INIT(og_event), "hit", OG_DIRECTION_FALLING, 0},
                                     {OG_INIT(og_event), "kick", OG_DIRECTION_FALLING, 0}};
  static const og_event_functions functions = {
      OG_INIT(og_event_functions), two_guards, two_guards_vjp, two_jumps, two_jumps_vjp, NULL};
  const double g = ball_theta[0], e = ball_theta[1], t1 = 3;
  double first[4], T = hit_time(0, 10, ball_theta, first), s = t1 - T, V = (g + 1) * e * T, want[4];
  for (int i = 0; i < 4; i++) want[i] = first[i] * ((g + 1) * e * s - V + g * s);
  want[1] += e * T * s - s * s / 2;
  want[2] += (g + 1) * T * s;
  want[3] += 1;
  for (int kind = -1; kind < KINDS; kind++) {
    double x0_bar[2] = {0}, theta_bar[3] = {0};
    size_t count = 0;
    run r;
    open_run(&r, OG_METHOD_TSIT5, kind < 0 ? OG_ADJOINT_DISCRETE : kinds[kind], 1e-9);
    CHECK(r.context, og_field_create(r.context, 2, 3, ball_rhs, NULL, &r.field));
    CHECK(r.context, og_field_set_vjp(r.field, ball_vjp));
    CHECK(r.context, og_field_set_events(r.field, 2, events, &functions));
    start_run(&r, 1, 0, t1, (double[]){10, 0}, ball_theta);
    CHECK(r.context, og_solve_run(r.solve));
    CHECK(r.context, og_solve_events(r.solve, 0, &count));
    assert_int_equal(count, 2);
    CHECK(r.context,
          og_solve_pullback(r.solve,
                            &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = (double[]){1, 0},
                                                  .x0_bar = x0_bar, .theta_bar = theta_bar}));
    expect_near("dL/dh0", x0_bar[0], want[0], 1e-9); /* as above */
    for (int i = 0; i < 3; i++) expect_near("dL/dtheta", theta_bar[i], want[1 + i], 1e-9);
    close_run(&r);
  }
}

/* ---- Guards that jump with an input: theirs is the breakpoint's time, which does not move ----
 * x' = -k x; at t = 1 u rises above x and 2 x: first x = k t x, then x = x + 0.3 x^2. */

static int fade_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)user;
  f[0] = -p[0] * x[0];
  return 0;
}
static int fade_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                    double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  x_bar[0] = -p[0] * l[0];
  theta_bar[0] = -x[0] * l[0];
  return 0;
}
static int fade_guard(double t, const double *x, const double *p, double *g, void *user) {
  (void)t, (void)user;
  g[0] = x[0] - p[1];
  g[1] = 2 * x[0] - p[1];
  return 0;
}
static int fade_guard_vjp(double t, const double *x, const double *p, const double *g_bar, double *x_bar,
                          double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)x, (void)p, (void)t_bar, (void)user;
  x_bar[0] = g_bar[0] + 2 * g_bar[1];
  theta_bar[1] = -g_bar[0] - g_bar[1];
  return 0;
}
static int fade_jump(size_t event, double t, const double *x, const double *p, double *after, void *user) {
  (void)user;
  after[0] = event == 0 ? p[0] * t * x[0] : x[0] + 0.3 * x[0] * x[0];
  return 0;
}
static int fade_jump_vjp(size_t event, double t, const double *x, const double *p, const double *after_bar,
                         double *x_bar, double *theta_bar, double *t_bar, void *user) {
  (void)user;
  x_bar[0] = after_bar[0] * (event == 0 ? p[0] * t : 1 + 0.6 * x[0]);
  theta_bar[0] = event == 0 ? after_bar[0] * t * x[0] : 0;
  *t_bar = event == 0 ? after_bar[0] * p[0] * x[0] : 0;
  return 0;
}

/* L = x(2) = e^-k (y + 0.3 y^2) with y = k e^(-k (1 - t0)) x0. */
static void due_by_an_input(void **state) {
  (void)state;
  static const og_event events[2] = {{OG_INIT(og_event), "low", OG_DIRECTION_FALLING, 0},
                                     {OG_INIT(og_event), "lower", OG_DIRECTION_FALLING, 0}};
  static const og_event_functions functions = {
      OG_INIT(og_event_functions), fade_guard, fade_guard_vjp, fade_jump, fade_jump_vjp, NULL};
  static const double k = 0.8, x0 = 1.5, u[] = {0.1, 5};
  double y = k * exp(-k) * x0, outer = exp(-k) * (1 + 0.6 * y);
  for (int kind = -1; kind < KINDS; kind++) {
    double x0_bar = 0, k_bar = 0, t0_bar = 0, u_bar[2] = {0};
    size_t count = 0;
    run r;
    open_run(&r, OG_METHOD_DOP853, kind < 0 ? OG_ADJOINT_DISCRETE : kinds[kind], 1e-12);
    CHECK(r.context, og_field_create(r.context, 1, 1, fade_rhs, NULL, &r.field));
    CHECK(r.context, og_field_set_vjp(r.field, fade_vjp));
    CHECK(r.context, og_field_set_inputs(r.field, 1));
    CHECK(r.context, og_field_set_events(r.field, 2, events, &functions));
    start_run(&r, 1, 0, 2, &x0, &k);
    CHECK(r.context, og_solve_set_input(r.solve, 0, 0, OG_SIGNAL_HOLD, 2, (double[]){0, 1}, u));
    CHECK(r.context, og_solve_run(r.solve));
    CHECK(r.context, og_solve_events(r.solve, 0, &count));
    assert_int_equal(count, 2);
    CHECK(r.context,
          og_solve_pullback(r.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                           .final_bar = (double[]){1}, .x0_bar = &x0_bar,
                                                           .theta_bar = &k_bar, .t0_bar = &t0_bar}));
    CHECK(r.context, og_solve_input_gradient(r.solve, 0, 0, u_bar));
    /* some tens of steps of 1e-12 */
    expect_near("dL/dx0", x0_bar, outer * y / x0, 1e-10);
    expect_near("dL/dk", k_bar, -exp(-k) * (y + 0.3 * y * y) + outer * y * (1 / k - 1), 1e-10);
    expect_near("dL/dt0", t0_bar, outer * k * y, 1e-10);
    expect_near("dL/du", u_bar[0], 0, 1e-10);
    expect_near("dL/du", u_bar[1], 0, 1e-10);
    close_run(&r);
  }
}

/* ---- The driven oscillator: toward the discrete adjoint ---- */

typedef struct driven_case {
  og_method method;
  int steps;
  double tolerance;
  og_adjoint kind;
  int norm, backward;
  int every; /* of the states that are kept; 0: all */
} driven_case;

/* Its gradient for random cotangents of everything. */
static void driven_gradient(const driven_case *c, driven_input *bar, size_t *events, run *r) {
  driven_input in = driven_start(c->backward);
  driven_output result, random;
  uint64_t seed = 21;
  open_run(r, OG_METHOD_TSIT5, c->kind, c->tolerance);
  CHECK(r->context, og_options_set_integer(r->options, OG_OPT_STEPS, c->steps));
  CHECK(r->context, og_options_set_choice(r->options, OG_OPT_METHOD, (int)c->method));
  CHECK(r->context, og_options_set_choice(r->options, OG_OPT_ADJOINT_NORM, c->norm));
  if (c->every) {
    CHECK(r->context, og_options_set_choice(r->options, OG_OPT_SCHEDULE, OG_SCHEDULE_EVERY));
    CHECK(r->context, og_options_set_integer(r->options, OG_OPT_EVERY, c->every));
  }
  r->field = driven_field(r->context);
  CHECK(r->context, og_solve_create(r->context, r->field, r->options, 1, &r->solve));
  driven_set(r->context, r->solve, 0, &in);
  CHECK(r->context, og_solve_run(r->solve));
  *events = driven_get(r->context, r->solve, 0, &result);
  random_cotangents(&seed, *events, &random);
  memset(bar, 0, sizeof *bar);
  driven_pull(r->context, r->solve, &random, bar);
}

/* How far a kind is from the discrete adjoint, over the largest entry of the latter. */
static double distance_of(driven_case c, size_t *events) {
  driven_input discrete, other;
  og_adjoint kind = c.kind;
  double distance = 0, size = 0;
  run r;
  c.kind = OG_ADJOINT_DISCRETE;
  driven_gradient(&c, &discrete, events, &r);
  close_run(&r);
  c.kind = kind;
  driven_gradient(&c, &other, events, &r);
  close_run(&r);
  const double *a = (const double *)&discrete, *b = (const double *)&other;
  for (size_t i = 0; i < sizeof discrete / sizeof *a; i++) {
    size = fmax(size, fabs(a[i]));
    distance = fmax(distance, fabs(b[i] - a[i]));
  }
  return distance / size;
}

/* The mean over some numbers of equal steps from `steps` on: where in its step an event falls changes the
 * distance by a factor, and with the number of steps at random. */
static double mean_distance(driven_case c, int steps, size_t events) {
  enum { NUMBERS = 12 };
  double sum = 0;
  for (int i = 0; i < NUMBERS; i++) {
    size_t found = 0;
    c.steps = steps + steps * i / 24;
    sum += distance_of(c, &found);
    assert_int_equal(found, events);
  }
  return sum / NUMBERS;
}

/* The distance falls with the lower of the orders of the method and of its interpolant's slope, by which the
 * discrete adjoint knows speeds at events and observations; to 0.4, as the mean still moves by some tenths.
 */
static void orders(void **state) {
  (void)state;
  static const int order_of[] = {1, 2, 2, 3, 3, 4, 4, 7};
  static const int steps[] = {800, 200, 200, 100, 100, 60, 60, 20};
  assert_int_equal(sizeof order_of / sizeof *order_of, EXPLICIT_METHODS);
  assert_int_equal(sizeof steps / sizeof *steps, EXPLICIT_METHODS);
  for (int method = 0; method < EXPLICIT_METHODS; method++)
    for (int kind = 0; kind < KINDS; kind++) {
      driven_case c = {.method = (og_method)method, .tolerance = 1e-12, .kind = kinds[kind]};
      int finer = method == OG_METHOD_DOP853 ? 2 : 4; /* further on it is down to rounding */
      double coarse = mean_distance(c, steps[method], 3), fine = mean_distance(c, finer * steps[method], 3);
      double measured = log(coarse / fine) / log(finer);
      if (!(measured > order_of[method] - 0.4))
        fail_msg("method %d, kind %d: order %.2f, not %d (%.2e, %.2e)", method, kind, measured,
                 order_of[method], coarse, fine);
    }
}

/* Adaptive steps, both ways in time, with either norm: at 1e-11 both are the problem's own gradient to some
 * 1e-8. */
static void adaptive(void **state) {
  (void)state;
  for (int variant = 0; variant < 4 * KINDS; variant++) {
    size_t events = 0;
    driven_case c = {.method = OG_METHOD_DOP853,
                     .tolerance = 1e-11,
                     .kind = kinds[variant % KINDS],
                     .norm = variant / KINDS % 2,
                     .backward = variant / KINDS / 2};
    double distance = distance_of(c, &events);
    if (!(distance < 1e-7)) fail_msg("variant %d: %.2e", variant, distance);
  }
}

/* Where every seventh state only is kept, and the others are computed again, the bits are the same. */
static void computed_again(void **state) {
  (void)state;
  for (int kind = 1; kind < KINDS; kind++) {
    driven_case c = {.method = OG_METHOD_BS32, .tolerance = 1e-6, .kind = kinds[kind]};
    driven_input all, some;
    size_t events = 0;
    run r;
    driven_gradient(&c, &all, &events, &r);
    close_run(&r);
    c.every = 7;
    driven_gradient(&c, &some, &events, &r);
    assert_true(og_solve_stat(r.solve, OG_STAT_RECOMPUTED_STEPS) > 0);
    assert_memory_equal(&all, &some, sizeof all);
    close_run(&r);
  }
}

/* ---- What cannot be ---- */

static int refusing_vjp(size_t event, double t, const double *x, const double *p, const double *after_bar,
                        double *x_bar, double *theta_bar, double *t_bar, void *user) {
  (void)event, (void)t, (void)x, (void)p, (void)after_bar, (void)x_bar, (void)theta_bar, (void)t_bar,
      (void)user;
  return 1;
}
static int broken_vjp(size_t event, double t, const double *x, const double *p, const double *after_bar,
                      double *x_bar, double *theta_bar, double *t_bar, void *user) {
  (void)event, (void)t, (void)x, (void)p, (void)after_bar, (void)theta_bar, (void)t_bar, (void)user;
  x_bar[0] = NAN;
  return 0;
}

/* The message names event, time and reason; nothing is written. */
static void expect_refusal(const og_event_functions *functions, const double *x0, const double *theta,
                           double t1, og_status want, const char *reason) {
  for (int kind = 0; kind < KINDS; kind++) {
    double x0_bar[2] = {5, 6}, theta_bar[3] = {7, 8, 9};
    size_t count = 0;
    run r;
    open_run(&r, OG_METHOD_TSIT5, kinds[kind], 1e-9);
    CHECK(r.context, og_field_create(r.context, 2, 3, ball_rhs, NULL, &r.field));
    CHECK(r.context, og_field_set_vjp(r.field, ball_vjp));
    CHECK(r.context, og_field_set_events(
                         r.field, 1, &(og_event){OG_INIT(og_event), "hit", OG_DIRECTION_ANY, 0}, functions));
    start_run(&r, 1, 0, t1, x0, theta);
    CHECK(r.context, og_solve_run(r.solve));
    CHECK(r.context, og_solve_events(r.solve, 0, &count));
    assert_true(count > 0);
    assert_int_equal(
        og_solve_pullback(r.solve,
                          &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = (double[]){1, 1},
                                                .x0_bar = x0_bar, .theta_bar = theta_bar}),
        want);
    expect_message(og_context_message(r.context), "event 0 (hit) at t = ");
    expect_message(og_context_message(r.context), reason);
    assert_true(x0_bar[0] == 5 && x0_bar[1] == 6 && theta_bar[2] == 9);
    close_run(&r);
  }
}

static void refusals(void **state) {
  (void)state;
  og_event_functions functions = {
      OG_INIT(og_event_functions), ball_guard, ball_guard_vjp, ball_jump, refusing_vjp, NULL};
  expect_refusal(&functions, (double[]){10, 0}, ball_theta, 3, OG_ERR_FIELD, "callback refused");
  functions.jump_vjp = broken_vjp;
  expect_refusal(&functions, (double[]){10, 0}, ball_theta, 3, OG_ERR_NOT_FINITE, "NaN or infinite");
  /* thrown up, the highest point touches h = r: 8^2 / (2 8) = 4 */
  functions =
      (og_event_functions){OG_INIT(og_event_functions), .guard = top_guard, .guard_vjp = top_guard_vjp};
  expect_refusal(&functions, (double[]){0, 8}, (double[]){8, 0, 4}, 3, OG_ERR_GRAZING, "touches zero");
}

/* x' = -100 x from 0; at t = 0.5 x is set to 1, and e^-50 does not find back to it. */
static int clock_guard(double t, const double *x, const double *p, double *g, void *user) {
  (void)x, (void)p, (void)user;
  g[0] = t - 0.5;
  return 0;
}
static int clock_jump(size_t event, double t, const double *x, const double *p, double *after, void *user) {
  (void)event, (void)t, (void)x, (void)p, (void)user;
  after[0] = 1;
  return 0;
}
static void missed_state(void **state) {
  (void)state;
  og_event_functions functions = {OG_INIT(og_event_functions), .guard = clock_guard, .jump = clock_jump};
  double x0_bar = 0;
  run r;
  open_run(&r, OG_METHOD_TSIT5, OG_ADJOINT_BACKSOLVE, 1e-9);
  CHECK(r.context, og_field_create(r.context, 1, 1, fade_rhs, NULL, &r.field));
  CHECK(r.context, og_field_use_finite_differences(r.field));
  CHECK(r.context, og_field_set_events(r.field, 1, &(og_event){OG_INIT(og_event), "set", OG_DIRECTION_ANY, 0},
                                       &functions));
  start_run(&r, 1, 0, 1, (double[]){0}, (double[]){100});
  CHECK(r.context, og_solve_run(r.solve));
  assert_int_equal(
      og_solve_pullback(r.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                       .final_bar = (double[]){1}, .x0_bar = &x0_bar}),
      OG_ERR_UNRESOLVED);
  expect_message(og_context_message(r.context),
                 "went back from t = 1 to t = 0.5 and missed the state after the event there");
  close_run(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bouncing_ball), cmocka_unit_test(relay),        cmocka_unit_test(ramps),
      cmocka_unit_test(steady),        cmocka_unit_test(together),     cmocka_unit_test(due_by_an_input),
      cmocka_unit_test(orders),        cmocka_unit_test(adaptive),     cmocka_unit_test(computed_again),
      cmocka_unit_test(refusals),      cmocka_unit_test(missed_state),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
