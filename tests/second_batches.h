/* A batch with everything and a loss of everything, its Hessian products, and differences of its gradient
 * along the recorded steps. */
#ifndef OG_TEST_SECOND_BATCHES_H
#define OG_TEST_SECOND_BATCHES_H

#include "fields.h"

static inline void expect_near(const char *what, double got, double want, double tolerance) {
  if (!(fabs(got - want) <= tolerance))
    fail_msg("%s: got %.17g, want %.17g, difference %.3g exceeds %.3g", what, got, want, got - want,
             tolerance);
}

enum { M = 6, N = 3, n = RICH_STATES, P = RICH_PARAMETERS, SLOTS = M * N };
enum { CALLBACKS, DIFFERENCES, MODEL, FIELD_KINDS };

typedef struct batch {
  og_context *context;
  og_field *field;
  og_model *model;
  const og_field *solved; /* either's */
  og_options *options;
  og_solve *solve;
  int shared;
  size_t theta_size; /* P or M P */
  double x0[M * n], theta[M * P];
} batch;

/* A point, a direction or a cotangent in the space of all initial states and parameters. */
typedef struct vector {
  double x0[M * n], theta[M * P];
} vector;

static const og_field *make_field(batch *b, int kind) {
  if (kind == MODEL) {
    b->model = rich_model(b->context);
    return og_model_field(b->model);
  }
  b->field = rich_field(b->context);
  if (kind == DIFFERENCES) {
    CHECK(b->context, og_field_set_hessian(b->field, NULL, NULL));
    CHECK(b->context, og_field_use_finite_differences(b->field));
  }
  return b->field;
}

static inline void set_point(batch *b, const double *x0, const double *theta) {
  for (size_t m = 0; m < M; m++) {
    CHECK(b->context, og_solve_set_initial_state(b->solve, m, x0 + m * n));
    if (!b->shared) CHECK(b->context, og_solve_set_parameters(b->solve, m, theta + m * P));
  }
  if (b->shared) CHECK(b->context, og_solve_set_parameters(b->solve, OG_ALL, theta));
}

/* Makes the solve by the present options, and runs it. */
static inline og_status try_batch(batch *b) {
  og_solve_destroy(b->solve);
  CHECK(b->context, og_solve_create(b->context, b->solved, b->options, M, &b->solve));
  for (size_t m = 0; m < M; m++) {
    double t1 = 1.5 + 0.1 * (double)m, times[N] = {0.1, 0.1 + t1 / 2, t1};
    CHECK(b->context, og_solve_set_span(b->solve, m, 0.1, t1));
    CHECK(b->context, og_solve_set_observations(b->solve, m, N, times));
  }
  set_point(b, b->x0, b->theta);
  return og_solve_run(b->solve);
}

static inline void run_batch(batch *b) { CHECK(b->context, try_batch(b)); }

static inline int takes_fixed_steps(og_method method) {
  return method == OG_METHOD_EULER || method == OG_METHOD_RK4 ||
         (method >= OG_METHOD_IMPLICIT_EULER && method <= OG_METHOD_IMPLICIT_MIDPOINT);
}

static inline void open_batch(batch *b, int kind, og_method method, int shared, int threads) {
  *b = (batch){.context = new_context(), .shared = shared, .theta_size = shared ? P : M * P};
  uint64_t seed = 7;
  b->options = new_options(b->context, method, 1e-5, 1e-5);
  if (takes_fixed_steps(method)) CHECK(b->context, og_options_set_integer(b->options, OG_OPT_STEPS, 12));
  CHECK(b->context, og_options_set_integer(b->options, OG_OPT_THREADS, threads));
  b->solved = make_field(b, kind);
  for (int i = 0; i < M * n; i++) b->x0[i] = 0.6 + 0.2 * noise(&seed);
  for (int i = 0; i < M * P; i++) b->theta[i] = 1 + 0.3 * noise(&seed);
  run_batch(b);
}

static inline void close_batch(batch *b) {
  og_solve_destroy(b->solve);
  og_options_destroy(b->options);
  og_field_destroy(b->field);
  og_model_destroy(b->model);
  og_context_destroy(b->context);
}

/* L = sum of observed^3 / 3 + final^2 / 2 + cost^2 / 2: its cotangents, and their change along tangents. */
typedef struct seeds {
  double observed[SLOTS * n], final[M * n], cost[M];
} seeds;

static inline void results(const batch *b, seeds *s) {
  for (size_t m = 0; m < M; m++) {
    for (size_t i = 0; i < N; i++)
      CHECK(b->context, og_solve_observed(b->solve, m, i, s->observed + (m * N + i) * n));
    CHECK(b->context, og_solve_final(b->solve, m, s->final + m * n));
    CHECK(b->context, og_solve_cost(b->solve, m, &s->cost[m]));
  }
}

static inline void gradient(const batch *b, vector *g) {
  seeds bar;
  results(b, &bar);
  for (int i = 0; i < SLOTS * n; i++) bar.observed[i] *= bar.observed[i];
  memset(g, 0, sizeof *g);
  CHECK(b->context, og_solve_pullback(b->solve, &(og_pullback_arrays){
                                                    OG_INIT(og_pullback_arrays), .observed_bar = bar.observed,
                                                    .final_bar = bar.final, .cost_bar = bar.cost,
                                                    .x0_bar = g->x0, .theta_bar = g->theta}));
}

/* products[d] = H directions[d], all directions in one call. */
static inline og_status hessian_products(const batch *b, size_t directions, const vector *v,
                                         vector *products) {
  seeds bar, *dots = calloc(directions, sizeof *dots);
  results(b, &bar);
  double *memory = calloc(directions * (2 * M * n + 2 * M * P + SLOTS * n + M * n + M), sizeof(double));
  double *x0_dot = memory, *theta_dot = x0_dot + directions * M * n;
  double *observed = theta_dot + directions * M * P, *final = observed + directions * SLOTS * n;
  double *cost = final + directions * M * n, *x0_bar = cost + directions * M;
  double *theta_bar = x0_bar + directions * M * n;
  for (size_t d = 0; d < directions; d++) {
    memcpy(x0_dot + d * M * n, v[d].x0, sizeof v[d].x0);
    memcpy(theta_dot + d * b->theta_size, v[d].theta, b->theta_size * sizeof(double));
    CHECK(b->context,
          og_solve_pushforward(
              b->solve, &(og_pushforward_arrays){OG_INIT(og_pushforward_arrays), .x0_dot = v[d].x0,
                                                 .theta_dot = v[d].theta, .observed_dot = dots[d].observed,
                                                 .final_dot = dots[d].final, .cost_dot = dots[d].cost}));
    for (int i = 0; i < SLOTS * n; i++)
      observed[d * SLOTS * n + (size_t)i] = 2 * bar.observed[i] * dots[d].observed[i];
    memcpy(final + d * M * n, dots[d].final, sizeof dots[d].final);
    memcpy(cost + d * M, dots[d].cost, sizeof dots[d].cost);
  }
  for (int i = 0; i < SLOTS * n; i++) bar.observed[i] *= bar.observed[i];
  og_status status = og_solve_hessian_product(
      b->solve,
      &(og_hessian_arrays){OG_INIT(og_hessian_arrays), .directions = directions, .x0_dot = x0_dot,
                           .theta_dot = theta_dot, .observed_bar = bar.observed, .final_bar = bar.final,
                           .cost_bar = bar.cost, .observed_bar_dot = observed, .final_bar_dot = final,
                           .cost_bar_dot = cost, .x0_bar_dot = x0_bar, .theta_bar_dot = theta_bar});
  memset(products, 0, directions * sizeof *products);
  for (size_t d = 0; d < directions; d++) {
    memcpy(products[d].x0, x0_bar + d * M * n, sizeof products[d].x0);
    memcpy(products[d].theta, theta_bar + d * b->theta_size, b->theta_size * sizeof(double));
  }
  free(memory);
  free(dots);
  return status;
}

static inline void random_vector(const batch *b, uint64_t *seed, vector *v) {
  memset(v, 0, sizeof *v);
  for (int i = 0; i < M * n; i++) v->x0[i] = noise(seed);
  for (size_t i = 0; i < b->theta_size; i++) v->theta[i] = noise(seed);
}

/* The gradient's derivative along v by central differences over the recorded steps, extrapolated to h^4. */
static inline void differences(batch *b, const vector *v, vector *product) {
  static const struct {
    double at, weight;
  } stencil[] = {{-2, 1.0 / 12}, {-1, -8.0 / 12}, {1, 8.0 / 12}, {2, -1.0 / 12}};
  double h = 1e-3;
  memset(product, 0, sizeof *product);
  for (int k = 0; k < 4; k++) {
    vector moved, g;
    for (int i = 0; i < M * n; i++) moved.x0[i] = b->x0[i] + stencil[k].at * h * v->x0[i];
    for (int i = 0; i < M * P; i++) moved.theta[i] = b->theta[i] + stencil[k].at * h * v->theta[i];
    set_point(b, moved.x0, moved.theta);
    CHECK(b->context, og_solve_replay(b->solve));
    gradient(b, &g);
    for (int i = 0; i < M * n; i++) product->x0[i] += stencil[k].weight / h * g.x0[i];
    for (size_t i = 0; i < b->theta_size; i++) product->theta[i] += stencil[k].weight / h * g.theta[i];
  }
}

static inline double size_of(const vector *v) {
  double most = 0;
  for (int i = 0; i < M * n; i++) most = fmax(most, fabs(v->x0[i]));
  for (int i = 0; i < M * P; i++) most = fmax(most, fabs(v->theta[i]));
  return most;
}

static inline void against_differences(og_method method, int kind, int shared) {
  batch b;
  vector v[2], products[2], truth;
  uint64_t seed = 11;
  open_batch(&b, kind, method, shared, 1);
  for (int d = 0; d < 2; d++) random_vector(&b, &seed, &v[d]);
  CHECK(b.context, hessian_products(&b, 2, v, products));
  for (int d = 0; d < 2; d++) {
    differences(&b, &v[d], &truth);
    /* The truth's own error: h^4 = 1e-12 times fifth derivatives of some hundreds, and rounding over h. */
    double tolerance = 1e-9 * size_of(&truth);
    for (int i = 0; i < M * n; i++) expect_near("x0_bar_dot", products[d].x0[i], truth.x0[i], tolerance);
    for (size_t i = 0; i < b.theta_size; i++)
      expect_near("theta_bar_dot", products[d].theta[i], truth.theta[i], tolerance);
  }
  close_batch(&b);
}

static inline double dot(const vector *a, const vector *b) {
  double sum = 0;
  for (int i = 0; i < M * n; i++) sum += a->x0[i] * b->x0[i];
  for (int i = 0; i < M * P; i++) sum += a->theta[i] * b->theta[i];
  return sum;
}

/* Products along directions together, on three threads, and one by one. */
static inline void expect_same_bits(int kind, og_method method, int shared) {
  enum { DIRECTIONS = 5 };
  batch one, three;
  vector v[DIRECTIONS], together[DIRECTIONS], threaded[DIRECTIONS], alone;
  uint64_t seed = 17;
  open_batch(&one, kind, method, shared, 1);
  open_batch(&three, kind, method, shared, 3);
  for (int d = 0; d < DIRECTIONS; d++) random_vector(&one, &seed, &v[d]);
  CHECK(one.context, hessian_products(&one, DIRECTIONS, v, together));
  CHECK(three.context, hessian_products(&three, DIRECTIONS, v, threaded));
  assert_memory_equal(together, threaded, sizeof together);
  for (int d = 0; d < DIRECTIONS; d++) {
    CHECK(one.context, hessian_products(&one, 1, &v[d], &alone));
    assert_memory_equal(&alone, &together[d], sizeof alone);
  }
  close_batch(&one);
  close_batch(&three);
}

#endif
