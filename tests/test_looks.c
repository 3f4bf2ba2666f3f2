/* What looks at steps find (adjoint/look_real.c), number by number: for a linear field and Euler's methods
 * both ways of taking a step are products of matrices of 2 x 2, and so is everything that is told of them. */
#include "fields.h"
#include "solve/solve.h"

enum { N = 2, MANY = 20, STEPS = 12 };

/* x' = A x + p b, which oscillates and decays; A is far from symmetric, so that a transpose is seen. */
static const double A[N][N] = {{-0.3, 2.0}, {-0.7, -1.1}}, B[N] = {0.8, -1.7};

static int rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)user;
  for (int i = 0; i < N; i++) f[i] = A[i][0] * x[0] + A[i][1] * x[1] + p[0] * B[i];
  return 0;
}
static int vjp(double t, const double *x, const double *p, const double *l, double *x_bar, double *theta_bar,
               double *t_bar, void *user) {
  (void)t, (void)x, (void)p, (void)t_bar, (void)user;
  for (int j = 0; j < N; j++) x_bar[j] = A[0][j] * l[0] + A[1][j] * l[1];
  theta_bar[0] = B[0] * l[0] + B[1] * l[1];
  return 0;
}
static int jvp(double t, const double *x, const double *p, double dt, const double *dx, const double *dp,
               double *f_dot, void *user) {
  (void)t, (void)x, (void)p, (void)dt, (void)user;
  for (int i = 0; i < N; i++) f_dot[i] = A[i][0] * dx[0] + A[i][1] * dx[1] + dp[0] * B[i];
  return 0;
}

/* ---- What a step is ---- */

typedef struct pair {
  double of[N];
} pair;

static double dot(pair a, pair b) { return a.of[0] * b.of[0] + a.of[1] * b.of[1]; }
static pair plus(pair a, double h, pair b) { return (pair){{a.of[0] + h * b.of[0], a.of[1] + h * b.of[1]}}; }
static pair flow(pair x, double p) {
  return (pair){
      {A[0][0] * x.of[0] + A[0][1] * x.of[1] + p * B[0], A[1][0] * x.of[0] + A[1][1] * x.of[1] + p * B[1]}};
}
static pair transposed(pair l) {
  return (pair){{A[0][0] * l.of[0] + A[1][0] * l.of[1], A[0][1] * l.of[0] + A[1][1] * l.of[1]}};
}
/* (1 - h A)^-1 v, and with the transpose of A. */
static pair solved(pair v, double h, int transpose) {
  double a = 1 - h * A[0][0], d = 1 - h * A[1][1], b = -h * A[0][1], c = -h * A[1][0];
  if (transpose) b = -h * A[1][0], c = -h * A[0][1];
  return (pair){
      {(d * v.of[0] - b * v.of[1]) / (a * d - b * c), (a * v.of[1] - c * v.of[0]) / (a * d - b * c)}};
}

static pair forward(int implicit, pair x, double h, double p) {
  return implicit ? solved(plus(x, h * p, (pair){{B[0], B[1]}}), h, 0) : plus(x, h, flow(x, p));
}
/* The cotangent of the step's start; that of p is added to. */
static pair back(int implicit, pair l, double h, double *theta) {
  pair start = implicit ? solved(l, h, 1) : plus(l, h, transposed(l));
  *theta += h * dot((pair){{B[0], B[1]}}, implicit ? start : l);
  return start;
}

/* ---- What a look at it finds ---- */

static const double parameter = 0.6;
static const double rtol = 1e-4, atols[N] = {1e-6, 3e-5};
static const double split = 0.44;
enum { FILTERED = 2, CARRIED = 8, CARRIED_MOST = 64, CARRIED_EACH_STEP = 12 };

typedef struct found {
  double lambda, theta, loss, lambda_size, theta_size, loss_size, along, flow;
} found;

static double weight(pair x, int i) { return fabs(x.of[i]) + atols[i] / rtol; }

static double relative(pair whole, pair parts, pair end, pair x, int weighted, double *size) {
  double most = 0, difference = 0;
  for (int i = 0; i < N; i++) {
    double w = weighted ? weight(x, i) : 1;
    difference = fmax(difference, w * fabs(whole.of[i] - parts.of[i]));
    most = fmax(most, w * fmax(fabs(end.of[i]), fmax(fabs(whole.of[i]), fabs(parts.of[i]))));
  }
  *size = most;
  return difference / most;
}

/* What an error of lambda does to lambda^T f, and the sizes of both. */
static void look_along(pair error, pair parts, pair slope, pair x, found *f) {
  double size = 0, speed = 0;
  for (int i = 0; i < N; i++) {
    size += pow(parts.of[i] * weight(x, i), 2);
    speed += pow(slope.of[i] / weight(x, i), 2);
  }
  f->along = fabs(dot(error, slope));
  f->flow = sqrt(size * speed);
}

static double worst_error(pair error, pair parts, pair end, pair x, double *size) {
  double unused;
  pair whole = plus(parts, 1, error);
  return fmax(relative(whole, parts, end, x, 0, size), relative(whole, parts, end, x, 1, &unused));
}

/* The error is carried back by implicit Euler steps, each a part of this one: eight, and eight more as long
 * as they make it smaller, and it is no less than the tolerance; and not beyond the start, which is `before`
 * away. */
static pair carried(pair error, pair parts, pair end, pair x, double h, double before, double *theta,
                    found *f, int follows) {
  double first = split * h, last = INFINITY, unused;
  for (int k = 0; k < CARRIED_MOST && k * h < before * CARRIED_EACH_STEP; k++) {
    double now = worst_error(error, parts, end, x, &unused);
    if (k % CARRIED == 0 && k > 0 && !(now > rtol && now < 0.7 * last)) break;
    if (k % CARRIED == 0) last = now;
    error = solved(error, first, 1);
    *theta += first * dot((pair){{B[0], B[1]}}, error);
    if (k + 1 == FILTERED && follows) look_along(error, parts, flow(x, parameter), x, f);
  }
  return error;
}

static found look_at(int implicit, int timed, pair x, pair end, double h, double p, double before) {
  found f = {0};
  double theta[2] = {0, 0}, first = split * h, second = h - first;
  pair x_parts = forward(implicit, forward(implicit, x, first, p), second, p),
       x_whole = forward(implicit, x, h, p);
  pair whole = back(implicit, end, h, &theta[0]);
  pair parts = back(implicit, back(implicit, end, second, &theta[1]), first, &theta[1]);
  pair error = plus(whole, -1, parts);
  int follows = implicit && !timed;
  if (follows) look_along(error, parts, flow(x, p), x, &f);
  if (implicit) error = carried(error, parts, end, x, h, before, &theta[0], &f, follows);
  f.lambda = worst_error(error, parts, end, x, &f.lambda_size);
  f.theta = fabs(theta[0] - theta[1]), f.theta_size = fmax(fabs(theta[0]), fabs(theta[1]));
  f.loss = fabs(dot(end, plus(x_whole, -1, x_parts)));
  f.loss_size = fabs(end.of[0] * x.of[0]) + fabs(end.of[1] * x.of[1]);
  return f;
}

/* All steps of a trajectory, the last one first, as they are looked at where the tolerance is loose. */
static og_tally look_at_all(int implicit, int timed, pair x0, pair end, double t1, double p) {
  og_tally y = {.lambda_least = INFINITY, .loss_least = INFINITY};
  pair x[STEPS + 1] = {x0};
  double h = t1 / STEPS, theta = 0;
  for (int k = 0; k < STEPS; k++) x[k + 1] = forward(implicit, x[k], h, p);
  for (int k = STEPS; k-- > 0;) {
    found f = look_at(implicit, timed, x[k], end, h, p, k * h);
    end = back(implicit, end, h, &theta);
    y.looks[OG_LOOK_SAMPLE]++;
    y.lambda[OG_LOOK_SAMPLE] += f.lambda, y.theta[OG_LOOK_SAMPLE] += f.theta,
        y.loss[OG_LOOK_SAMPLE] += f.loss;
    y.lambda_largest = fmax(y.lambda_largest, f.lambda_size),
    y.lambda_least = fmin(y.lambda_least, f.lambda_size);
    y.theta_largest = fmax(y.theta_largest, fmax(f.theta_size, fabs(theta)));
    y.theta_worst = fmax(y.theta_worst, f.theta), y.loss_least = fmin(y.loss_least, f.loss_size);
    y.along += f.along;
    if (f.flow > 0 && y.along / f.flow > y.moved) y.moved = y.along / f.flow, y.moved_flow = f.flow;
    if (f.lambda > y.worst) y.worst = f.lambda, y.t = k * h, y.h = h;
  }
  return y;
}

/* ---- Against the library ---- */

typedef struct plan {
  og_method method;
  og_precision precision;
  int timed;
  size_t count;
} plan;

static pair start_of(size_t m) { return (pair){{1.3 - 0.11 * (double)m, -0.4 + 0.07 * (double)m}}; }
static pair seed_of(size_t m) { return (pair){{0.9 + 0.05 * (double)m, 1.4 - 0.21 * (double)m}}; }
static double span_of(size_t m) { return 0.6 + 0.03 * (double)m; } /* steps of 0.05 to 0.1 */

/* The difference between the two ways is h^2/4 and more of what is compared, of which rounding is 1e-16 or
 * 1e-7 of each step. */
static void expect(const plan *p, size_t m, const char *what, double is, double wanted) {
  double most = p->precision == OG_PRECISION_SINGLE ? 5e-3 : 1e-10;
  if (!(fabs(is - wanted) <= most * fabs(wanted)))
    fail_msg("method %d, precision %d, timed %d, trajectory %zu of %zu: %s is %.12g, not %.12g",
             (int)p->method, (int)p->precision, p->timed, m, p->count, what, is, wanted);
}

static void expect_tally(const plan *p, size_t m, const og_tally *is, const og_tally *wanted) {
  assert_int_equal(is->looks[OG_LOOK_SIGN] + is->looks[OG_LOOK_SAMPLE], STEPS);
  expect(p, m, "the error of lambda", is->lambda[0] + is->lambda[1], wanted->lambda[OG_LOOK_SAMPLE]);
  expect(p, m, "the error of theta", is->theta[0] + is->theta[1], wanted->theta[OG_LOOK_SAMPLE]);
  expect(p, m, "the error of the loss", is->loss[0] + is->loss[1], wanted->loss[OG_LOOK_SAMPLE]);
  expect(p, m, "lambda's largest size", is->lambda_largest, wanted->lambda_largest);
  expect(p, m, "lambda's least size", is->lambda_least, wanted->lambda_least);
  expect(p, m, "theta's size", is->theta_largest, wanted->theta_largest);
  expect(p, m, "the loss's size", is->loss_least, wanted->loss_least);
  expect(p, m, "theta's worst error", is->theta_worst, wanted->theta_worst);
  expect(p, m, "lambda's worst error", is->worst, wanted->worst);
  expect(p, m, "the time of it", is->t + 1, wanted->t + 1);
  expect(p, m, "its step", is->h, wanted->h);
  expect(p, m, "the error along f", is->along, wanted->along);
  expect(p, m, "what it moves", is->moved, wanted->moved);
  expect(p, m, "the flow there", is->moved_flow, wanted->moved_flow);
  assert_int_equal(is->overflow, 0);
}

static og_solve *open_solve(og_context *context, const plan *p, og_field **field) {
  og_options *options = new_options(context, p->method, rtol, atols[0]);
  og_solve *solve = NULL;
  CHECK(context, og_field_create(context, N, 1, rhs, NULL, field));
  CHECK(context, og_field_set_vjp(*field, vjp));
  CHECK(context, og_field_set_jvp(*field, jvp));
  if (!p->timed) CHECK(context, og_field_set_autonomous(*field, 1));
  CHECK(context, og_options_set_integer(options, OG_OPT_STEPS, STEPS));
  CHECK(context, og_options_set_choice(options, OG_OPT_PRECISION, (int)p->precision));
  CHECK(context, og_options_set_choice(options, OG_OPT_GRADIENT_CONTROL, OG_CONTROL_ESTIMATE));
  CHECK(context, og_solve_create(context, *field, options, p->count, &solve));
  CHECK(context, og_solve_set_atol(solve, atols));
  CHECK(context, og_solve_set_parameters(solve, OG_ALL, &parameter));
  for (size_t m = 0; m < p->count; m++) {
    CHECK(context, og_solve_set_span(solve, m, 0, span_of(m)));
    CHECK(context, og_solve_set_initial_state(solve, m, start_of(m).of));
  }
  og_options_destroy(options);
  return solve;
}

static void check(plan p) {
  og_context *context = new_context();
  og_field *field = NULL;
  og_solve *solve = open_solve(context, &p, &field);
  pair bars[MANY], x_bar[MANY] = {{{0}}};
  double theta_bar[1] = {0};
  for (size_t m = 0; m < p.count; m++) bars[m] = seed_of(m);
  CHECK(context, og_solve_run(solve));
  CHECK(context,
        og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = bars[0].of,
                                                       .x0_bar = x_bar[0].of, .theta_bar = theta_bar}));
  for (size_t m = 0; m < p.count; m++) {
    og_tally wanted = look_at_all(p.method == OG_METHOD_IMPLICIT_EULER, p.timed, start_of(m), seed_of(m),
                                  span_of(m), parameter);
    expect_tally(&p, m, &solve->trajectories[m].tally, &wanted);
  }
  og_solve_destroy(solve);
  og_field_destroy(field);
  og_context_destroy(context);
}

static void looks_find_what_there_is(void **state) {
  (void)state;
  static const size_t counts[] = {1, 3, MANY};
  for (int kind = 0; kind < 8; kind++)
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
      check((plan){.method = kind % 2 ? OG_METHOD_IMPLICIT_EULER : OG_METHOD_EULER,
                   .precision = kind / 2 % 2 ? OG_PRECISION_SINGLE : OG_PRECISION_DOUBLE,
                   .timed = kind / 4,
                   .count = counts[i]});
}

/* Where nothing depends on the solution both ways are the same, which is no error, and no size. */
static void of_nothing_there_is_no_error(void **state) {
  (void)state;
  for (int kind = 0; kind < 2; kind++) {
    plan p = {.method = kind ? OG_METHOD_IMPLICIT_EULER : OG_METHOD_EULER, .count = 1};
    og_context *context = new_context();
    og_field *field = NULL;
    og_solve *solve = open_solve(context, &p, &field);
    double theta_bar[1] = {0}, x_bar[N] = {0}, final_bar[N] = {0};
    CHECK(context, og_solve_run(solve));
    CHECK(context,
          og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = final_bar,
                                                         .x0_bar = x_bar, .theta_bar = theta_bar}));
    const og_tally *tally = &solve->trajectories[0].tally;
    assert_int_equal(tally->looks[0] + tally->looks[1], STEPS);
    assert_true(tally->lambda[0] + tally->lambda[1] == 0 && tally->theta[0] + tally->theta[1] == 0);
    assert_true(tally->loss[0] + tally->loss[1] == 0 && tally->worst == 0 && tally->lambda_largest == 0);
    og_solve_destroy(solve);
    og_field_destroy(field);
    og_context_destroy(context);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(looks_find_what_there_is),
                                     cmocka_unit_test(of_nothing_there_is_no_error)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
