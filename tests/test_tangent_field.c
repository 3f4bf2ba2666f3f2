/* The tangent field against differences: its right-hand side is f and the directional derivative of f, and
 * its vjp the transpose of its own derivative. For callbacks and models, with a running cost, time and an
 * input. */
#include "adjoint/tangent_field.h"
#include "base/real.h"
#include "fields.h"

/* x0' = p0 x0 x1 + u x0, x1' = p1 u^2 - t x0 x1, cost = p1 x0^2 u: theta = (p0, p1, u). */
static int driven_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)user;
  f[0] = p[0] * x[0] * x[1] + p[2] * x[0];
  f[1] = p[1] * p[2] * p[2] - t * x[0] * x[1];
  return 0;
}
static int driven_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                      double *theta_bar, double *t_bar, void *user) {
  (void)user;
  x_bar[0] = l[0] * (p[0] * x[1] + p[2]) - l[1] * t * x[1];
  x_bar[1] = l[0] * p[0] * x[0] - l[1] * t * x[0];
  theta_bar[0] = l[0] * x[0] * x[1];
  theta_bar[1] = l[1] * p[2] * p[2];
  theta_bar[2] = l[0] * x[0] + l[1] * 2 * p[1] * p[2];
  *t_bar = -l[1] * x[0] * x[1];
  return 0;
}
static int driven_jvp(double t, const double *x, const double *p, double dt, const double *dx,
                      const double *dp, double *f_dot, void *user) {
  (void)user;
  double both = dx[0] * x[1] + x[0] * dx[1];
  f_dot[0] = dp[0] * x[0] * x[1] + p[0] * both + dp[2] * x[0] + p[2] * dx[0];
  f_dot[1] = dp[1] * p[2] * p[2] + 2 * p[1] * p[2] * dp[2] - dt * x[0] * x[1] - t * both;
  return 0;
}
static int driven_hessian(double t, const double *x, const double *p, const double *l, double dt,
                          const double *dx, const double *dp, double *x_bar_dot, double *theta_bar_dot,
                          double *t_bar_dot, void *user) {
  (void)user;
  double both = dx[0] * x[1] + x[0] * dx[1];
  x_bar_dot[0] = l[0] * (dp[0] * x[1] + p[0] * dx[1] + dp[2]) - l[1] * (dt * x[1] + t * dx[1]);
  x_bar_dot[1] = l[0] * (dp[0] * x[0] + p[0] * dx[0]) - l[1] * (dt * x[0] + t * dx[0]);
  theta_bar_dot[0] = l[0] * both;
  theta_bar_dot[1] = l[1] * 2 * p[2] * dp[2];
  theta_bar_dot[2] = l[0] * dx[0] + l[1] * 2 * (dp[1] * p[2] + p[1] * dp[2]);
  *t_bar_dot = -l[1] * both;
  return 0;
}
static int driven_cost(double t, const double *x, const double *p, double *cost, void *user) {
  (void)t, (void)user;
  *cost = p[1] * x[0] * x[0] * p[2];
  return 0;
}
static int driven_cost_vjp(double t, const double *x, const double *p, double w, double *x_bar,
                           double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  x_bar[0] = w * 2 * p[1] * x[0] * p[2];
  theta_bar[1] = w * x[0] * x[0] * p[2];
  theta_bar[2] = w * p[1] * x[0] * x[0];
  return 0;
}
static int driven_cost_hessian(double t, const double *x, const double *p, double w, double dt,
                               const double *dx, const double *dp, double *x_bar_dot, double *theta_bar_dot,
                               double *t_bar_dot, void *user) {
  (void)t, (void)dt, (void)t_bar_dot, (void)user;
  double square_dot = 2 * x[0] * dx[0];
  x_bar_dot[0] = w * 2 * (dp[1] * x[0] * p[2] + p[1] * dx[0] * p[2] + p[1] * x[0] * dp[2]);
  theta_bar_dot[1] = w * (square_dot * p[2] + x[0] * x[0] * dp[2]);
  theta_bar_dot[2] = w * (dp[1] * x[0] * x[0] + p[1] * square_dot);
  return 0;
}

static og_field *driven_field(og_context *context) {
  og_field *field = NULL;
  CHECK(context, og_field_create(context, 2, 2, driven_rhs, NULL, &field));
  CHECK(context, og_field_set_inputs(field, 1));
  CHECK(context, og_field_set_vjp(field, driven_vjp));
  CHECK(context, og_field_set_jvp(field, driven_jvp));
  CHECK(context, og_field_set_hessian(field, driven_hessian, driven_cost_hessian));
  CHECK(context, og_field_set_cost(field, driven_cost, driven_cost_vjp));
  return field;
}

static og_model *driven_model(og_context *context) {
  static const char text[] = "input u\nparam p0 = 1, p1 = 1\ninit x = 1, y = 1\nx' = p0*x*y + u*x\n"
                             "y' = p1*u^2 - t*x*y\ncost integral = p1*x^2*u\n";
  og_model *model = NULL;
  CHECK(context, og_model_create_from_text(context, "driven", text, sizeof text - 1, &model));
  return model;
}

enum {
  ROWS = 6,
  THETA = 7,
  FINE_MOST = 3, /* rows behind them, to which nothing flows back */
  LANES = 16
}; /* of the pairs: 2 x 3 states; 2 x 2 parameters and 3 rows of an input */

typedef struct blocks {
  _Alignas(64) double t[LANES], x[ROWS * LANES], theta[(THETA + FINE_MOST) * LANES], lambda[ROWS * LANES],
      f[ROWS * LANES];
  _Alignas(64) double x_bar[ROWS * LANES], theta_bar[(THETA + FINE_MOST) * LANES], t_bar[LANES];
  og_lane_status status[LANES];
  void *scratch;
} blocks;

static void fill(blocks *b, const og_field *field, int lanes) {
  uint64_t seed = 23;
  memset(b, 0, sizeof *b);
  for (int i = 0; i < LANES; i++) b->t[i] = 0.5 + 0.3 * noise(&seed);
  for (int i = 0; i < ROWS * LANES; i++) b->x[i] = noise(&seed), b->lambda[i] = noise(&seed);
  for (int i = 0; i < (THETA + FINE_MOST) * LANES; i++) b->theta[i] = noise(&seed);
  b->scratch = aligned_alloc(64, (field->scratch_bytes(field, lanes) + 63) / 64 * 64);
}

/* lambda^T F, lane by lane. */
static void products(const og_field *field, int lanes, blocks *b, double *sums) {
  field->ops_d.eval(field, lanes, b->t, b->x, b->theta, b->f, b->status, b->scratch);
  for (int lane = 0; lane < lanes; lane++) {
    sums[lane] = 0;
    for (int i = 0; i < ROWS; i++) sums[lane] += b->lambda[i * lanes + lane] * b->f[i * lanes + lane];
  }
}

/* One row of inputs against central differences: 1e-9 is their error with h = 1e-5 for numbers near 1. */
static void check_row(const og_field *field, int lanes, blocks *b, double *row, const double *bar) {
  double up[LANES], down[LANES], h = 1e-5;
  for (int lane = 0; lane < lanes; lane++) row[lane] += h;
  products(field, lanes, b, up);
  for (int lane = 0; lane < lanes; lane++) row[lane] -= 2 * h;
  products(field, lanes, b, down);
  for (int lane = 0; lane < lanes; lane++) row[lane] += h;
  for (int lane = 0; lane < lanes; lane++) {
    double want = (up[lane] - down[lane]) / (2 * h);
    if (!(fabs(bar[lane] - want) <= 1e-9)) fail_msg("%.12g, not %.12g", bar[lane], want);
  }
}

/* The lower half of F is the derivative of the upper along (x_dot, theta_dot). */
static void check_tangent(const og_field *field, int lanes, blocks *b) {
  double upper[2][ROWS * LANES], tangent[ROWS * LANES], h = 1e-5;
  size_t half = (size_t)(ROWS / 2 * lanes), p = (size_t)(2 * lanes);
  blocks at = *b;
  field->ops_d.eval(field, lanes, b->t, b->x, b->theta, tangent, b->status, b->scratch);
  for (int side = 0; side < 2; side++) {
    for (size_t i = 0; i < half; i++) at.x[i] = b->x[i] + (side ? h : -h) * b->x[half + i];
    for (size_t i = 0; i < p; i++) at.theta[i] = b->theta[i] + (side ? h : -h) * b->theta[p + i];
    field->ops_d.eval(field, lanes, at.t, at.x, at.theta, upper[side], at.status, b->scratch);
  }
  for (size_t i = 0; i < half; i++)
    assert_true(fabs(tangent[half + i] - (upper[1][i] - upper[0][i]) / (2 * h)) <= 1e-9);
}

static void check_field(og_context *context, const og_field *inner, int lanes) {
  og_field *field = NULL;
  static blocks b;
  CHECK(context, og_tangent_field_create(context, inner, &field));
  assert_int_equal(field->n, ROWS);
  assert_int_equal(field->p - field->fine, THETA);
  assert_true(field->fine <= FINE_MOST);
  fill(&b, field, lanes);
  check_tangent(field, lanes, &b);
  field->ops_d.vjp(field, lanes, b.t, b.x, b.theta, b.lambda, b.x_bar, b.theta_bar, b.t_bar, b.status,
                   b.scratch);
  check_row(field, lanes, &b, b.t, b.t_bar);
  for (int i = 0; i < ROWS; i++) check_row(field, lanes, &b, b.x + i * lanes, b.x_bar + i * lanes);
  for (int i = 0; i < THETA - 1; i++) /* the last is the input's own start, to which nothing flows back */
    check_row(field, lanes, &b, b.theta + i * lanes, b.theta_bar + i * lanes);
  for (int lane = 0; lane < lanes; lane++) assert_int_equal(b.status[lane], 0);
  free(b.scratch);
  og_field_destroy(field);
}

/* ---- What implicit methods need: along (t_dot, x_dot), theta held ---- */

typedef struct outputs {
  _Alignas(64) double f[ROWS * LANES], x_bar[ROWS * LANES], theta_bar[(THETA + FINE_MOST) * LANES],
      t_bar[LANES];
} outputs;

static void all_outputs(const og_field *field, int lanes, blocks *at, outputs *o) {
  field->ops_d.eval(field, lanes, at->t, at->x, at->theta, o->f, at->status, at->scratch);
  field->ops_d.vjp(field, lanes, at->t, at->x, at->theta, at->lambda, o->x_bar, o->theta_bar, o->t_bar,
                   at->status, at->scratch);
}

/* Central differences of all outputs, with errors of 1e-9 as above. */
static void differences(const og_field *field, int lanes, const blocks *b, const double *t_dot,
                        const double *x_dot, outputs *o) {
  static outputs side[2];
  double h = 1e-5;
  for (int k = 0; k < 2; k++) {
    static blocks at;
    at = *b;
    for (int i = 0; i < lanes; i++) at.t[i] += (k ? h : -h) * t_dot[i];
    for (int i = 0; i < ROWS * lanes; i++) at.x[i] += (k ? h : -h) * x_dot[i];
    all_outputs(field, lanes, &at, &side[k]);
  }
  double *to = (double *)o, *up = (double *)&side[1], *down = (double *)&side[0];
  for (size_t i = 0; i < sizeof *o / sizeof *to; i++) to[i] = (up[i] - down[i]) / (2 * h);
}

static void near(const char *what, size_t count, const double *got, const double *want) {
  for (size_t i = 0; i < count; i++)
    if (!(fabs(got[i] - want[i]) <= 2e-9)) fail_msg("%s %zu: %.12g, not %.12g", what, i, got[i], want[i]);
}

static void check_leading(const og_field *field, int lanes, blocks *b, const double *x_dot) {
  size_t half = (size_t)(ROWS / 2 * lanes);
  _Alignas(64) double f[ROWS * LANES], values[ROWS * ROWS * LANES], product[ROWS * LANES] = {0};
  field->ops_d.eval(field, lanes, b->t, b->x, b->theta, b->f, b->status, b->scratch);
  field->ops_d.eval_leading(field, lanes, b->t, b->x, b->theta, f, b->status, b->scratch);
  assert_memory_equal(f, b->f, half * sizeof *f);
  field->ops_d.jacobian(field, lanes, b->t, b->x, b->theta, values, b->status, b->scratch);
  assert_int_equal(field->pattern->n, ROWS / 2);
  for (int e = 0; e < field->pattern->count; e++)
    for (int lane = 0; lane < lanes; lane++)
      product[field->pattern->row[e] * lanes + lane] +=
          values[e * lanes + lane] * x_dot[field->pattern->column[e] * lanes + lane];
  outputs want;
  double zero[LANES] = {0};
  differences(field, lanes, b, zero, x_dot, &want);
  near("J u", half, product, want.f);
}

/* B u, from (u, 0), and its transpose. */
static void check_following(const og_field *field, int lanes, blocks *b, const double *u) {
  size_t half = (size_t)(ROWS / 2 * lanes);
  _Alignas(64) double product[ROWS * LANES], back[ROWS * LANES], along[ROWS * LANES] = {0};
  double zero[LANES] = {0};
  outputs want;
  memcpy(along, u, half * sizeof *u);
  field->ops_d.following_jvp(field, lanes, b->t, b->x, b->theta, u, product, b->status, b->scratch);
  differences(field, lanes, b, zero, along, &want);
  near("B u", half, product, want.f + half);
  field->ops_d.following_vjp(field, lanes, b->t, b->x, b->theta, b->lambda, back, b->status, b->scratch);
  double one = 0, other = 0;
  for (size_t i = 0; i < half; i++) one += b->lambda[i] * product[i], other += back[i] * u[i];
  assert_true(fabs(one - other) <= 1e-13 * (double)half);
}

static void check_implicit(og_context *context, const og_field *inner, int lanes, int third) {
  og_field *field = NULL;
  static blocks b;
  static outputs got, want;
  _Alignas(64) double t_dot[LANES], x_dot[ROWS * LANES];
  uint64_t seed = 41;
  if (third) CHECK(context, og_field_want_third(context, inner));
  CHECK(context, og_tangent_field_create(context, inner, &field));
  CHECK(context, og_field_want_jacobian(context, field));
  fill(&b, field, lanes);
  for (int i = 0; i < LANES; i++) t_dot[i] = noise(&seed);
  for (int i = 0; i < ROWS * LANES; i++) x_dot[i] = noise(&seed);
  check_leading(field, lanes, &b, x_dot);
  check_following(field, lanes, &b, x_dot);
  differences(field, lanes, &b, t_dot, x_dot, &want);
  field->ops_d.jvp(field, lanes, b.t, b.x, b.theta, t_dot, x_dot, NULL, got.f, b.status, b.scratch);
  near("jvp", (size_t)(ROWS * lanes), got.f, want.f);
  if (third) {
    field->ops_d.hessian(field, lanes, b.t, b.x, b.theta, b.lambda, t_dot, x_dot, NULL, got.x_bar,
                         got.theta_bar, got.t_bar, b.status, b.scratch);
    near("x_bar_dot", (size_t)(ROWS * lanes), got.x_bar, want.x_bar);
    near("theta_bar_dot", (size_t)((THETA - 1) * lanes), got.theta_bar, want.theta_bar);
    near("t_bar_dot", (size_t)lanes, got.t_bar, want.t_bar);
  }
  assert_true(((field->flags & OG_FIELD_HAS_HESSIAN) != 0) == third);
  free(b.scratch);
  og_field_destroy(field);
}

static void implicit_products(void **state) {
  (void)state;
  og_context *context = new_context();
  og_model *model = driven_model(context);
  og_field *field = driven_field(context);
  for (int lanes = 1; lanes <= LANES; lanes += LANES - 1) {
    check_implicit(context, og_model_field(model), lanes, 1);
    check_implicit(context, field, lanes, 0);
  }
  og_field_destroy(field);
  og_model_destroy(model);
  og_context_destroy(context);
}

static void callbacks(void **state) {
  (void)state;
  og_context *context = new_context();
  og_field *field = driven_field(context);
  check_field(context, field, 1);
  check_field(context, field, LANES);
  CHECK(context, og_field_set_hessian(field, NULL, NULL));
  CHECK(context, og_field_use_finite_differences(field));
  check_field(context, field, LANES);
  og_field_destroy(field);
  og_context_destroy(context);
}

static void models(void **state) {
  (void)state;
  og_context *context = new_context();
  og_model *model = driven_model(context);
  check_field(context, og_model_field(model), 1);
  check_field(context, og_model_field(model), LANES);
  og_model_destroy(model);
  og_context_destroy(context);
}

/* Two trajectories driven by signals, held and linear: the Hessian of sum x(t1)^2 / 2 + cost along a
 * direction against central differences of the gradient over the recorded steps. */
typedef struct driven {
  og_context *context;
  og_solve *solve;
} driven;

static void set_point(const driven *d, double h, const double *direction) {
  double x0[] = {0.8, 0.5}, p[] = {0.3, -0.7};
  for (int i = 0; i < 2; i++) x0[i] += h * direction[i], p[i] += h * direction[2 + i];
  CHECK(d->context, og_solve_set_initial_state(d->solve, OG_ALL, x0));
  CHECK(d->context, og_solve_set_parameters(d->solve, OG_ALL, p));
}

static void gradient(const driven *d, double bars[4]) {
  double x[4], x0_bar[4] = {0}, theta_bar[2] = {0};
  for (size_t m = 0; m < 2; m++) CHECK(d->context, og_solve_final(d->solve, m, x + 2 * m));
  CHECK(d->context,
        og_solve_pullback(d->solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = x,
                                                          .cost_bar = (double[]){1, 1}, .x0_bar = x0_bar,
                                                          .theta_bar = theta_bar}));
  for (int i = 0; i < 2; i++) bars[i] = x0_bar[i] + x0_bar[2 + i], bars[2 + i] = theta_bar[i];
}

static void hessian_product(const driven *d, const double *v, double bars[4]) {
  double x[4], x_dot[4], x0_dot[] = {v[0], v[1], v[0], v[1]}, x0_bar[4] = {0}, theta_bar[2] = {0};
  for (size_t m = 0; m < 2; m++) CHECK(d->context, og_solve_final(d->solve, m, x + 2 * m));
  CHECK(d->context, og_solve_pushforward(
                        d->solve, &(og_pushforward_arrays){OG_INIT(og_pushforward_arrays), .x0_dot = x0_dot,
                                                           .theta_dot = v + 2, .final_dot = x_dot}));
  CHECK(d->context, og_solve_hessian_product(
                        d->solve, &(og_hessian_arrays){OG_INIT(og_hessian_arrays), .directions = 1,
                                                       .x0_dot = x0_dot, .theta_dot = v + 2, .final_bar = x,
                                                       .cost_bar = (double[]){1, 1}, .final_bar_dot = x_dot,
                                                       .x0_bar_dot = x0_bar, .theta_bar_dot = theta_bar}));
  for (int i = 0; i < 2; i++) bars[i] = x0_bar[i] + x0_bar[2 + i], bars[2 + i] = theta_bar[i];
}

static void signals(void **state) {
  (void)state;
  static const double times[] = {0, 0.4, 1.1, 2}, values[] = {0.5, -0.3, 0.9, 0.2}, v[] = {0.4, -1, 0.7, 0.3};
  driven d = {.context = new_context()};
  og_field *field = driven_field(d.context);
  CHECK(d.context, og_solve_create(d.context, field, NULL, 2, &d.solve));
  CHECK(d.context, og_solve_set_span(d.solve, OG_ALL, 0, 2));
  CHECK(d.context, og_solve_set_input(d.solve, 0, 0, OG_SIGNAL_LINEAR, 4, times, values));
  CHECK(d.context, og_solve_set_input(d.solve, 1, 0, OG_SIGNAL_HOLD, 4, times, values));
  set_point(&d, 0, v);
  CHECK(d.context, og_solve_run(d.solve));
  double product[4], up[4], down[4], h = 1e-4;
  hessian_product(&d, v, product);
  set_point(&d, h, v);
  CHECK(d.context, og_solve_replay(d.solve));
  gradient(&d, up);
  set_point(&d, -h, v);
  CHECK(d.context, og_solve_replay(d.solve));
  gradient(&d, down);
  for (int i = 0; i < 4; i++) { /* h^2 = 1e-8 times third derivatives of some tens */
    double want = (up[i] - down[i]) / (2 * h);
    if (!(fabs(product[i] - want) <= 1e-6)) fail_msg("entry %d is %.12g, not %.12g", i, product[i], want);
  }
  og_solve_destroy(d.solve);
  og_field_destroy(field);
  og_context_destroy(d.context);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(callbacks), cmocka_unit_test(implicit_products),
                                     cmocka_unit_test(models), cmocka_unit_test(signals)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
