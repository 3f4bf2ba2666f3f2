/* Inputs in closed form: x_i' = u_i(t) + theta_j of any number of states, parameters, signals and
 * trajectories, with times of their own. States, observations and every derivative are integrals of signals,
 * of their hats or boxes. */
#include "fields.h"

enum { STATES = 4, VALUES = 7, SEEN = 5, MOST = 70 };

typedef struct shape {
  size_t p, inputs; /* states are as many as inputs, and one without */
} shape;

static int rhs(double t, const double *x, const double *theta, double *f, void *user) {
  const shape *s = user;
  (void)t, (void)x;
  for (size_t i = 0; i <= s->inputs; i++)
    f[i] = (i < s->inputs ? theta[s->p + i] : 0.5) + (s->p ? theta[i % s->p] : 0);
  return 0;
}
static int vjp(double t, const double *x, const double *theta, const double *lambda, double *x_bar,
               double *theta_bar, double *t_bar, void *user) {
  const shape *s = user;
  (void)t, (void)x, (void)theta, (void)x_bar, (void)t_bar;
  for (size_t i = 0; i <= s->inputs; i++) {
    if (i < s->inputs) theta_bar[s->p + i] += lambda[i];
    if (s->p) theta_bar[i % s->p] += lambda[i];
  }
  return 0;
}
static int jvp(double t, const double *x, const double *theta, double t_dot, const double *x_dot,
               const double *theta_dot, double *f_dot, void *user) {
  const shape *s = user;
  (void)t, (void)x, (void)theta, (void)t_dot, (void)x_dot;
  for (size_t i = 0; i <= s->inputs; i++)
    f_dot[i] = (i < s->inputs ? theta_dot[s->p + i] : 0) + (s->p ? theta_dot[i % s->p] : 0);
  return 0;
}

typedef struct signal {
  og_signal kind;
  double times[VALUES], values[VALUES];
} signal;

typedef struct trajectory {
  double t0, t1, x0[STATES], seen[SEEN];
  signal u[STATES];
} trajectory;

/* The integral from a to b > a of value number k's part in a signal: a hat, or a box up to the next. */
static double part_of(const signal *u, int k, double a, double b) {
  double sum = 0;
  if (u->kind == OG_SIGNAL_HOLD) {
    double from = fmax(a, u->times[k]), to = k + 1 < VALUES ? fmin(b, u->times[k + 1]) : b;
    return fmax(0, to - from);
  }
  for (int side = -1; side <= 1; side += 2) { /* the two slopes of the hat */
    if (k + side < 0 || k + side >= VALUES) continue;
    double foot = u->times[k + side], top = u->times[k], low = fmax(a, fmin(foot, top)),
           high = fmin(b, fmax(foot, top));
    if (high > low) sum += (high - low) * ((low + high) / 2 - foot) / (top - foot);
  }
  return sum;
}

static double integral_of(const signal *u, double from, double to) {
  double a = fmin(from, to), b = fmax(from, to), sum = 0;
  for (int k = 0; k < VALUES; k++) sum += u->values[k] * part_of(u, k, a, b);
  return to < from ? -sum : sum;
}

/* On the side from which the span is seen. */
static double value_at(const signal *u, double t, double toward) {
  int k = 0;
  while (k + 2 < VALUES + (u->kind == OG_SIGNAL_HOLD) &&
         (toward > t ? u->times[k + 1] <= t : u->times[k + 1] < t))
    k++;
  if (u->kind == OG_SIGNAL_HOLD) return u->values[k];
  return u->values[k] +
         (u->values[k + 1] - u->values[k]) * (t - u->times[k]) / (u->times[k + 1] - u->times[k]);
}

static void draw(uint64_t *seed, double origin, int backward, trajectory *at) {
  double a = origin + 0.4 * noise(seed), b = origin + 3 + 0.5 * noise(seed);
  at->t0 = backward ? b : a, at->t1 = backward ? a : b;
  for (int i = 0; i < STATES; i++) {
    at->x0[i] = noise(seed);
    at->u[i].kind = noise(seed) > 0 ? OG_SIGNAL_LINEAR : OG_SIGNAL_HOLD;
    for (int k = 0; k < VALUES; k++) {
      at->u[i].times[k] = origin - 0.5 + 0.7 * k + 0.3 * noise(seed);
      at->u[i].values[k] = 2 * noise(seed);
    }
    at->u[i].times[0] = origin - 1, at->u[i].times[VALUES - 1] = origin + 4;
  }
  at->u[1].times[2] = at->u[0].times[2] = 0.25 * (3 * a + b); /* one place for two of them, */
  at->u[2].times[0] = a, at->u[2].times[VALUES - 1] = b;      /* and one that covers the span alone */
  for (int k = 0; k < SEEN; k++) at->seen[k] = at->t0 + (at->t1 - at->t0) * k / (SEEN - 1);
  at->seen[2] = at->seen[1];
  at->seen[SEEN - 1] = at->t1;
}

/* What is one place must be increasing. */
static int is_sorted(const trajectory *at) {
  for (int i = 0; i < STATES; i++)
    for (int k = 1; k < VALUES; k++)
      if (!(at->u[i].times[k] > at->u[i].times[k - 1] + 1e-3)) return 0;
  return 1;
}

typedef struct problem {
  shape shape;
  size_t count;
  og_method method;
  int steps, single, backward;
  double origin;
} problem;

static trajectory all[MOST];

static void near(double got, double want, double tolerance, const char *what, size_t m, size_t i) {
  if (!(fabs(got - want) <= tolerance * (1 + fabs(want))))
    fail_msg("%s %zu of trajectory %zu: %.15g, not %.15g", what, i, m, got, want);
}

static double state_at(const problem *p, const trajectory *at, const double *theta, size_t i, double t) {
  double rate = (i < p->shape.inputs ? 0 : 0.5) + (p->shape.p ? theta[i % p->shape.p] : 0);
  return at->x0[i] + rate * (t - at->t0) + (i < p->shape.inputs ? integral_of(&at->u[i], at->t0, t) : 0);
}

/* L = sum over trajectories and states of weight times x(t1). */
static double weight_of(size_t m, size_t i) { return 1 + 0.5 * (double)((m + 2 * i) % 5); }

static void check_values(og_context *context, const og_solve *solve, const problem *p, const double *theta,
                         double tolerance) {
  size_t n = p->shape.inputs + 1;
  for (size_t m = 0; m < p->count; m++) {
    double x[STATES + 1];
    CHECK(context, og_solve_final(solve, m, x));
    for (size_t i = 0; i < n; i++)
      near(x[i], state_at(p, &all[m], theta, i, all[m].t1), tolerance, "state", m, i);
    for (size_t k = 0; k < SEEN; k++) {
      CHECK(context, og_solve_observed(solve, m, k, x));
      for (size_t i = 0; i < n; i++)
        near(x[i], state_at(p, &all[m], theta, i, all[m].seen[k]), 10 * tolerance, "observation", m, k);
    }
  }
}

static void check_gradient(og_context *context, og_solve *solve, const problem *p, const double *theta,
                           double tolerance) {
  static double bar[MOST * STATES], x0_bar[MOST * STATES], theta_bar[3], t0_bar[MOST], t1_bar[MOST];
  size_t n = p->shape.inputs + 1;
  memset(x0_bar, 0, sizeof x0_bar), memset(theta_bar, 0, sizeof theta_bar);
  memset(t0_bar, 0, sizeof t0_bar), memset(t1_bar, 0, sizeof t1_bar);
  for (size_t m = 0; m < p->count; m++)
    for (size_t i = 0; i < n; i++) bar[m * n + i] = weight_of(m, i);
  CHECK(context, og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = bar,
                                                                .x0_bar = x0_bar, .theta_bar = theta_bar,
                                                                .t0_bar = t0_bar, .t1_bar = t1_bar}));
  double by_theta[3] = {0};
  for (size_t m = 0; m < p->count; m++) {
    const trajectory *at = &all[m];
    double at_start = 0, at_end = 0;
    for (size_t i = 0; i < n; i++) {
      double w = weight_of(m, i), rate = p->shape.p ? theta[i % p->shape.p] : 0;
      near(x0_bar[m * n + i], w, tolerance, "dL/dx0", m, i);
      if (p->shape.p) by_theta[i % p->shape.p] += w * (at->t1 - at->t0);
      at_start += w * (rate + (i < p->shape.inputs ? value_at(&at->u[i], at->t0, at->t1) : 0.5));
      at_end += w * (rate + (i < p->shape.inputs ? value_at(&at->u[i], at->t1, at->t0) : 0.5));
      if (i == p->shape.inputs) continue;
      double values_bar[VALUES] = {0}, sign = p->backward ? -1 : 1;
      CHECK(context, og_solve_input_gradient(solve, m, i, values_bar));
      for (int k = 0; k < VALUES; k++)
        near(values_bar[k], sign * w * part_of(&at->u[i], k, fmin(at->t0, at->t1), fmax(at->t0, at->t1)),
             tolerance, "dL/du", m, (size_t)k);
    }
    near(t0_bar[m], -at_start, tolerance, "dL/dt0", m, 0);
    near(t1_bar[m], at_end, tolerance, "dL/dt1", m, 0);
  }
  for (size_t j = 0; j < p->shape.p; j++)
    near(theta_bar[j], by_theta[j], (double)p->count * tolerance, "dL/dtheta", 0, j);
}

static void check_problem(problem p) {
  static const double theta[] = {0.7, -0.3};
  og_context *context = new_context();
  og_field *field = NULL;
  og_solve *solve = NULL;
  uint64_t seed = 5;
  CHECK(context, og_field_create(context, p.shape.inputs + 1, p.shape.p, rhs, &p.shape, &field));
  CHECK(context, og_field_set_inputs(field, p.shape.inputs));
  CHECK(context, og_field_set_vjp(field, vjp));
  CHECK(context, og_field_set_jvp(field, jvp));
  og_options *options = new_options(context, p.method, 1e-6, 1e-6);
  CHECK(context, og_options_set_integer(options, OG_OPT_STEPS, p.steps));
  CHECK(context, og_options_set_choice(options, OG_OPT_PRECISION, p.single));
  CHECK(context, og_solve_create(context, field, options, p.count, &solve));
  if (p.shape.p) CHECK(context, og_solve_set_parameters(solve, OG_ALL, theta));
  for (size_t m = 0; m < p.count; m++) {
    do draw(&seed, p.origin, p.backward, &all[m]);
    while (!is_sorted(&all[m]));
    CHECK(context, og_solve_set_initial_state(solve, m, all[m].x0));
    CHECK(context, og_solve_set_span(solve, m, all[m].t0, all[m].t1));
    CHECK(context, og_solve_set_observations(solve, m, SEEN, all[m].seen));
    for (size_t i = 0; i < p.shape.inputs; i++)
      CHECK(context,
            og_solve_set_input(solve, m, i, all[m].u[i].kind, VALUES, all[m].u[i].times, all[m].u[i].values));
  }
  CHECK(context, og_solve_run(solve));
  /* rounding: of steps, some tens of them, and of times, against slopes of 10; ten times that of an
   * interpolant, whose coefficients are large */
  double unit = p.single ? 1.2e-7 : 2.2e-16, tolerance = 100 * unit + 100 * 2.2e-16 * p.origin;
  check_values(context, solve, &p, theta, tolerance);
  check_gradient(context, solve, &p, theta, tolerance);
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_field_destroy(field);
  og_context_destroy(context);
}

static void every_shape(void **state) {
  (void)state;
  static const og_method methods[] = {OG_METHOD_TSIT5, OG_METHOD_RK4, OG_METHOD_DOP853, OG_METHOD_BS32};
  static const size_t counts[] = {1, 5, MOST};
  for (size_t inputs = 1; inputs < STATES; inputs++)
    for (size_t p = 0; p <= 2; p++)
      for (int k = 0; k < 3; k++)
        for (int way = 0; way < 4; way++) {
          og_method method = methods[(inputs + p + (size_t)k) % 4];
          int steps = method == OG_METHOD_RK4 || (way == 3 && k == 1) ? 9 : 0;
          check_problem((problem){{p, inputs}, counts[k], method, steps, way / 2, way % 2, 0});
        }
}

/* Far from t = 0 single precision has no digits left of it: times of inputs come in two parts. */
static void far_from_zero(void **state) {
  (void)state;
  for (int way = 0; way < 4; way++)
    check_problem((problem){{1, 3}, 5, way % 2 ? OG_METHOD_TSIT5 : OG_METHOD_BS32, 0, 1, way / 2, 1e6});
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_shape), cmocka_unit_test(far_from_zero)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
