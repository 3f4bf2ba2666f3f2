/* Promise 2, literally: a trajectory's solution and gradient have the same bits alone, in any batch, on any
 * number of threads. Also runs under the thread sanitizer. */
#include "fields.h"
#include "sanitized.h"

/* Three blocks of lanes, or a little more than one. */
enum { TRAJECTORIES = SANITIZED ? 70 : 150, SEEN = 3 };

typedef struct result {
  double final[RICH_STATES], observed[SEEN][RICH_STATES], cost;
  double x0_bar[RICH_STATES], theta_bar[RICH_PARAMETERS], t0_bar, t1_bar, times_bar[SEEN];
} result;

typedef struct ensemble {
  double x0[TRAJECTORIES][RICH_STATES], theta[TRAJECTORIES][RICH_PARAMETERS], t1[TRAJECTORIES];
  double times[TRAJECTORIES][SEEN], bars[TRAJECTORIES][SEEN][RICH_STATES],
      final_bars[TRAJECTORIES][RICH_STATES];
} ensemble;

static ensemble make_ensemble(void) {
  ensemble e;
  uint64_t seed = 3;
  for (int m = 0; m < TRAJECTORIES; m++) {
    for (int i = 0; i < RICH_STATES; i++) e.x0[m][i] = 1 + 0.5 * noise(&seed);
    for (int i = 0; i < RICH_PARAMETERS; i++) e.theta[m][i] = 1 + 0.5 * noise(&seed);
    e.t1[m] = 1.5 + noise(&seed); /* very different numbers of steps */
    for (int k = 0; k < SEEN; k++) e.times[m][k] = m % 3 == 0 ? e.t1[m] : e.t1[m] * (k + 1) / (SEEN + 1);
    for (int k = 0; k < SEEN; k++)
      for (int i = 0; i < RICH_STATES; i++) e.bars[m][k][i] = noise(&seed);
    for (int i = 0; i < RICH_STATES; i++) e.final_bars[m][i] = noise(&seed);
  }
  return e;
}

/* Solves trajectories [first, first + count) together. */
static void solve_together(const ensemble *e, const og_options *options, int model, int first, int count,
                           result *results) {
  og_context *context = new_context();
  og_field *own = model ? NULL : rich_field(context);
  og_model *text = model ? rich_model(context) : NULL;
  og_solve *solve = NULL;
  CHECK(context,
        og_solve_create(context, model ? og_model_field(text) : own, options, (size_t)count, &solve));
  for (int i = 0; i < count; i++) {
    size_t m = (size_t)i;
    CHECK(context, og_solve_set_span(solve, m, 0, e->t1[first + i]));
    CHECK(context, og_solve_set_observations(solve, m, SEEN, e->times[first + i]));
    CHECK(context, og_solve_set_initial_state(solve, m, e->x0[first + i]));
    CHECK(context, og_solve_set_parameters(solve, m, e->theta[first + i]));
  }
  CHECK(context, og_solve_run(solve));
  static double x0_bar[TRAJECTORIES][RICH_STATES], theta_bar[TRAJECTORIES][RICH_PARAMETERS],
      t0_bar[TRAJECTORIES], t1_bar[TRAJECTORIES], times_bar[TRAJECTORIES][SEEN], ones[TRAJECTORIES];
  memset(x0_bar, 0, sizeof x0_bar), memset(theta_bar, 0, sizeof theta_bar), memset(t0_bar, 0, sizeof t0_bar);
  memset(t1_bar, 0, sizeof t1_bar), memset(times_bar, 0, sizeof times_bar);
  for (int i = 0; i < count; i++) ones[i] = 1;
  CHECK(context,
        og_solve_pullback(
            solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .observed_bar = &e->bars[first][0][0],
                                         .final_bar = e->final_bars[first], .cost_bar = ones,
                                         .x0_bar = x0_bar[0], .theta_bar = theta_bar[0], .t0_bar = t0_bar,
                                         .t1_bar = t1_bar, .times_bar = times_bar[0]}));
  for (int i = 0; i < count; i++) {
    result *r = &results[i];
    CHECK(context, og_solve_final(solve, (size_t)i, r->final));
    CHECK(context, og_solve_cost(solve, (size_t)i, &r->cost));
    for (size_t k = 0; k < SEEN; k++) CHECK(context, og_solve_observed(solve, (size_t)i, k, r->observed[k]));
    memcpy(r->x0_bar, x0_bar[i], sizeof r->x0_bar), memcpy(r->theta_bar, theta_bar[i], sizeof r->theta_bar);
    memcpy(r->times_bar, times_bar[i], sizeof r->times_bar);
    r->t0_bar = t0_bar[i], r->t1_bar = t1_bar[i];
  }
  og_solve_destroy(solve);
  og_field_destroy(own);
  og_model_destroy(text);
  og_context_destroy(context);
}

static void expect_same(const result *a, const result *b, int count, const char *what, int method,
                        int adjoint) {
  for (int i = 0; i < count; i++)
    if (memcmp(&a[i], &b[i], sizeof a[i]) != 0)
      fail_msg("%s: trajectory %d differs (method %d, adjoint %d): theta_bar[0] %.17g and %.17g", what, i,
               method, adjoint, a[i].theta_bar[0], b[i].theta_bar[0]);
}

static void check_layouts(int model, int method, int precision, int adjoint, int steps) {
  static result alone[TRAJECTORIES], other[TRAJECTORIES];
  og_context *context = new_context();
  og_options *options = new_options(context, OG_METHOD_TSIT5, 1e-6, 1e-8);
  CHECK(context, og_options_set_integer(options, OG_OPT_STEPS, steps));
  CHECK(context, og_options_set_choice(options, OG_OPT_METHOD, method));
  CHECK(context, og_options_set_choice(options, OG_OPT_PRECISION, precision));
  CHECK(context, og_options_set_choice(options, OG_OPT_ADJOINT, adjoint));
  ensemble e = make_ensemble();
  int count = adjoint == OG_ADJOINT_DISCRETE ? TRAJECTORIES : 20;
  for (int m = 0; m < count; m++) solve_together(&e, options, model, m, 1, &alone[m]);
  static const int batches[] = {2, 7, 20, 64, 65, TRAJECTORIES};
  for (size_t i = 0; i < sizeof batches / sizeof *batches && batches[i] <= count; i++) {
    solve_together(&e, options, model, 0, batches[i], other);
    expect_same(alone, other, batches[i], "in a batch", method, adjoint);
  }
  for (int threads = 2; threads <= 5; threads += SANITIZED ? 3 : 1) {
    CHECK(context, og_options_set_integer(options, OG_OPT_THREADS, threads));
    solve_together(&e, options, model, 0, count, other);
    expect_same(alone, other, count, "on several threads", method, adjoint);
  }
  og_options_destroy(options);
  og_context_destroy(context);
}

/* Both fields in both precisions; under sanitizers in one of them, for methods differ in coefficients alone.
 */
static void discrete(void **state) {
  (void)state;
  for (int method = OG_METHOD_MIDPOINT; method < EXPLICIT_METHODS; method++)
    for (int kind = SANITIZED ? method % 2 : 0; kind < 4; kind += SANITIZED ? 2 : 1)
      check_layouts(kind / 2, method, kind % 2, OG_ADJOINT_DISCRETE,
                    method == OG_METHOD_RK4 || method == OG_METHOD_MIDPOINT ? 20 : 0);
}

static void other_kinds(void **state) {
  (void)state;
  check_layouts(1, OG_METHOD_TSIT5, OG_PRECISION_DOUBLE, OG_ADJOINT_FORWARD, 0);
  check_layouts(0, OG_METHOD_DOP853, OG_PRECISION_DOUBLE, OG_ADJOINT_BACKSOLVE, 0);
  check_layouts(1, OG_METHOD_EULER, OG_PRECISION_DOUBLE, OG_ADJOINT_BACKSOLVE, 200); /* fewer miss x0 */
  for (int kind = OG_ADJOINT_INTERPOLATE; kind <= OG_ADJOINT_QUADRATURE; kind++) {
    check_layouts(1, OG_METHOD_TSIT5, OG_PRECISION_DOUBLE, kind, 0);
    check_layouts(0, OG_METHOD_DOP853, OG_PRECISION_DOUBLE, kind, 0);
    check_layouts(1, OG_METHOD_BS32, OG_PRECISION_SINGLE, kind, 0);
    check_layouts(0, OG_METHOD_RK4, OG_PRECISION_SINGLE, kind, 10);
    check_layouts(1, OG_METHOD_EULER, OG_PRECISION_DOUBLE, kind, 10);
  }
}

/* Shared parameters: their gradient is summed in the order of trajectories on any number of threads. */
static void shared_parameters(void **state) {
  (void)state;
  double first[4] = {0};
  for (int threads = 1; threads <= 4; threads++) {
    og_context *context = new_context();
    og_field *field = lv_field(context);
    og_solve *solve = NULL;
    CHECK(context, og_context_set_threads(context, threads));
    CHECK(context, og_solve_create(context, field, NULL, TRAJECTORIES, &solve));
    CHECK(context, og_solve_set_parameters(solve, OG_ALL, (double[]){1.5, 1, 3, 1}));
    double final_bar[TRAJECTORIES][2], x0_bar[TRAJECTORIES][2], theta_bar[4] = {0};
    for (size_t m = 0; m < TRAJECTORIES; m++) {
      CHECK(context, og_solve_set_initial_state(solve, m, (double[]){1 + 0.01 * (double)m, 1}));
      final_bar[m][0] = 1, final_bar[m][1] = 0.1 * (double)m;
    }
    memset(x0_bar, 0, sizeof x0_bar);
    CHECK(context, og_solve_run(solve));
    CHECK(context, og_solve_pullback(
                       solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = final_bar[0],
                                                    .x0_bar = x0_bar[0], .theta_bar = theta_bar}));
    if (threads == 1) memcpy(first, theta_bar, sizeof first);
    assert_memory_equal(first, theta_bar, sizeof first);
    og_solve_destroy(solve);
    og_field_destroy(field);
    og_context_destroy(context);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(discrete),
      cmocka_unit_test(other_kinds),
      cmocka_unit_test(shared_parameters),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
