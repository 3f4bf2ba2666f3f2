/* Promises of docs/design.md for implicit methods and for auto, on Robertson's reaction from not stiff at all
 * to stiff, literally: the same bits alone, in a batch, on threads, under memory budgets, again and replayed,
 * and compiled; tangents and cotangents of whole solves that fit each other; every allocation failing in
 * turn. */
#include "models.h"

enum { TRAJECTORIES = 70, SEEN = 2, N = 3, P = 3, LITTLE = 260000 };
#define LAST 40.0

static const char MODEL[] = "param p1 = 0.04, p2 = 3e7, p3 = 1e4\n"
                            "init y1 = 1, y2 = 0, y3 = 0\n"
                            "y1' = -p1*y1 + p3*y2*y3\n"
                            "y2' = p1*y1 - p3*y2*y3 - p2*y2^2\n"
                            "y3' = p2*y2^2\n"
                            "cost integral = y1^2 + y2\n";

/* Of which methods, and how: fixed steps where they have no error estimate. */
typedef struct setting {
  int method, steps;
  double identity; /* how well tangents and cotangents must fit: solved by iteration, or without */
} setting;
static const setting settings[] = {{OG_METHOD_RODAS5P, 0, 1e-12},
                                   {OG_METHOD_KVAERNO5, 0, 1e-10},
                                   {OG_METHOD_ESDIRK54, 0, 1e-10},
                                   {OG_METHOD_RADAU5, 0, 1e-10},
                                   {OG_METHOD_RADAU9, 0, 1e-10},
                                   {OG_METHOD_AUTO, 0, 1e-12},
                                   {OG_METHOD_IMPLICIT_EULER, 400, 1e-10},
                                   {OG_METHOD_TRAPEZOID, 400, 1e-10},
                                   {OG_METHOD_IMPLICIT_MIDPOINT, 400, 1e-10}};
enum { SETTINGS = sizeof settings / sizeof *settings };

typedef struct result {
  double final[N], observed[SEEN][N], cost, x0_bar[N], theta_bar[P], t0_bar, t1_bar, times_bar[SEEN];
} result;

/* Rate constants of a trajectory: stiffness from about 1e-2 to 3e3; with fixed steps, whose equations need
 * not have a solution, to 0.1. */
static void parameters_of(size_t trajectory, const setting *s, double theta[P]) {
  double decades = s->steps ? 2 : 5, from = s->steps ? -7 : -5;
  double scale = pow(10, from + decades * (double)(trajectory * 37 % TRAJECTORIES) / (TRAJECTORIES - 1));
  theta[0] = 0.04 * (1 + 0.01 * (double)trajectory);
  theta[1] = 3e7 * scale;
  theta[2] = 1e4 * scale;
}

typedef struct how {
  int threads, compiled, replayed;
  long long memory;
} how;

static og_options *options_of(og_context *context, const setting *s, const how *h) {
  og_options *options = new_options(context, OG_METHOD_AUTO, 1e-6, 1e-9);
  if (s->steps) CHECK(context, og_options_set_integer(options, OG_OPT_STEPS, s->steps));
  CHECK(context, og_options_set_choice(options, OG_OPT_METHOD, s->method));
  CHECK(context, og_options_set_integer(options, OG_OPT_THREADS, h->threads));
  if (h->memory) CHECK(context, og_options_set_integer(options, OG_OPT_MEMORY, h->memory));
  return options;
}

static og_solve *make_solve(og_context *context, const setting *s, const og_field *field,
                            const og_options *options, size_t first, size_t count) {
  og_solve *solve = NULL;
  CHECK(context, og_solve_create(context, field, options, count, &solve));
  for (size_t m = 0; m < count; m++) {
    double theta[P];
    parameters_of(first + m, s, theta);
    CHECK(context, og_solve_set_parameters(solve, m, theta));
    CHECK(context, og_solve_set_initial_state(solve, m, (double[]){1, 3e-5, 0}));
    CHECK(context, og_solve_set_span(solve, m, 0, LAST));
    CHECK(context, og_solve_set_observations(solve, m, SEEN, (double[]){0.3, 10}));
  }
  return solve;
}

/* Trajectories [first, first + count) together; how many of their steps were implicit, and of how many. */
static void solve_together(const setting *s, const how *h, size_t first, size_t count, result *results,
                           long long steps[2]) {
  static double x0_bar[TRAJECTORIES][N], theta_bar[TRAJECTORIES][P], t0_bar[TRAJECTORIES],
      t1_bar[TRAJECTORIES], times_bar[TRAJECTORIES][SEEN], ones[TRAJECTORIES], final_bar[TRAJECTORIES][N],
      observed_bar[TRAJECTORIES][SEEN][N];
  og_context *context = new_context();
  og_model *model = parse(context, MODEL);
  if (h->compiled) CHECK(context, og_model_compile(model, OG_PRECISION_DOUBLE));
  og_options *options = options_of(context, s, h);
  og_solve *solve = make_solve(context, s, og_model_field(model), options, first, count);
  for (size_t m = 0; m < count; m++) {
    ones[m] = 1;
    for (size_t i = 0; i < N; i++) {
      final_bar[m][i] = 1 + 0.1 * (double)i;
      for (size_t k = 0; k < SEEN; k++) observed_bar[m][k][i] = 0.5 - 0.2 * (double)(i + k);
    }
  }
  memset(x0_bar, 0, sizeof x0_bar), memset(theta_bar, 0, sizeof theta_bar);
  memset(t0_bar, 0, sizeof t0_bar), memset(t1_bar, 0, sizeof t1_bar);
  memset(times_bar, 0, sizeof times_bar);
  CHECK(context, og_solve_run(solve));
  if (h->replayed) CHECK(context, og_solve_replay(solve));
  CHECK(context,
        og_solve_pullback(
            solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .observed_bar = observed_bar[0][0],
                                         .final_bar = final_bar[0], .cost_bar = ones, .x0_bar = x0_bar[0],
                                         .theta_bar = theta_bar[0], .t0_bar = t0_bar, .t1_bar = t1_bar,
                                         .times_bar = times_bar[0]}));
  for (size_t m = 0; m < count; m++) {
    result *r = &results[m];
    CHECK(context, og_solve_final(solve, m, r->final));
    CHECK(context, og_solve_cost(solve, m, &r->cost));
    for (size_t k = 0; k < SEEN; k++) CHECK(context, og_solve_observed(solve, m, k, r->observed[k]));
    memcpy(r->x0_bar, x0_bar[m], sizeof r->x0_bar);
    memcpy(r->theta_bar, theta_bar[m], sizeof r->theta_bar);
    memcpy(r->times_bar, times_bar[m], sizeof r->times_bar);
    r->t0_bar = t0_bar[m], r->t1_bar = t1_bar[m];
  }
  if (h->memory == LITTLE) assert_true(og_solve_stat(solve, OG_STAT_RECOMPUTED_STEPS) > 0);
  steps[0] = og_solve_stat(solve, OG_STAT_IMPLICIT_STEPS);
  steps[1] = og_solve_stat(solve, OG_STAT_STEPS);
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_model_destroy(model);
  og_context_destroy(context);
}

static void expect_same(const setting *s, const result *a, const result *b, size_t count, const char *what) {
  for (size_t m = 0; m < count; m++)
    if (memcmp(&a[m], &b[m], sizeof a[m]) != 0)
      fail_msg("method %d, %s: trajectory %zu differs: final %.17g and %.17g, dL/dp1 %.17g and %.17g",
               s->method, what, m, a[m].final[0], b[m].final[0], a[m].theta_bar[0], b[m].theta_bar[0]);
}

static void same_bits(void **state) {
  (void)state;
  static result alone[TRAJECTORIES], other[TRAJECTORIES];
  static const struct {
    const char *what;
    how how;
  } ways[] = {{"in a batch", {.threads = 1}},
              {"on three threads", {.threads = 3}},
              {"within little memory", {.threads = 1, .memory = LITTLE}},
              {"within much memory", {.threads = 1, .memory = 64 << 20}},
              {"replayed", {.threads = 1, .replayed = 1}},
              {"compiled", {.threads = 1, .compiled = 1}}};
  for (int i = 0; i < SETTINGS; i++) {
    const setting *s = &settings[i];
    long long steps[2], all[2] = {0};
    for (size_t m = 0; m < TRAJECTORIES; m++) {
      solve_together(s, &(how){.threads = 1}, m, 1, &alone[m], steps);
      all[0] += steps[0], all[1] += steps[1];
    }
    /* auto: some of both kinds */
    if (s->method == OG_METHOD_AUTO)
      assert_in_range(all[0], all[1] / 10, all[1] * 9 / 10);
    else
      assert_int_equal(all[0], all[1]);
    for (size_t k = 0; k < sizeof ways / sizeof *ways; k++) {
      if (ways[k].how.compiled && s->method != OG_METHOD_RODAS5P && s->method != OG_METHOD_AUTO)
        continue; /* what is compiled is the field */
      solve_together(s, &ways[k].how, 0, TRAJECTORIES, other, steps);
      expect_same(s, alone, other, TRAJECTORIES, ways[k].what);
      if (!ways[k].how.replayed && !ways[k].how.memory) assert_memory_equal(steps, all, sizeof steps);
    }
  }
}

/* ---- Tangents and cotangents ---- */

/* <bars, J dots> and <J^T bars, dots> over all that goes in and comes out, relative to the sum of sizes. */
static void identity(void **state) {
  (void)state;
  for (int i = 0; i < SETTINGS; i++)
    for (size_t m = 0; m < TRAJECTORIES; m += 9) {
      const setting *s = &settings[i];
      og_context *context = new_context();
      og_model *model = parse(context, MODEL);
      og_options *options = options_of(context, s, &(how){.threads = 1});
      og_solve *solve = make_solve(context, s, og_model_field(model), options, m, 1);
      uint64_t seed = m;
      double theta[P], x0_dot[N], theta_dot[P], ends_dot[2] = {0.02, 0.7}, times_dot[SEEN] = {0.1, -0.4};
      double observed_bar[SEEN * N], final_bar[N], cost_bar = 0.8, observed_dot[SEEN * N], final_dot[N],
                                                   cost_dot;
      double x0_bar[N] = {0}, theta_bar[P] = {0}, t0_bar = 0, t1_bar = 0, times_bar[SEEN] = {0};
      parameters_of(m, s, theta);
      for (int k = 0; k < N; k++) x0_dot[k] = noise(&seed), final_bar[k] = noise(&seed);
      for (int k = 0; k < P; k++) theta_dot[k] = theta[k] * noise(&seed);
      for (int k = 0; k < SEEN * N; k++) observed_bar[k] = noise(&seed);
      CHECK(context, og_solve_run(solve));
      CHECK(context, og_solve_pullback(solve, &(og_pullback_arrays){
                                                  OG_INIT(og_pullback_arrays), .observed_bar = observed_bar,
                                                  .final_bar = final_bar, .cost_bar = &cost_bar,
                                                  .x0_bar = x0_bar, .theta_bar = theta_bar, .t0_bar = &t0_bar,
                                                  .t1_bar = &t1_bar, .times_bar = times_bar}));
      CHECK(context, og_solve_pushforward(
                         solve, &(og_pushforward_arrays){OG_INIT(og_pushforward_arrays), .x0_dot = x0_dot,
                                                         .theta_dot = theta_dot, .t0_dot = &ends_dot[0],
                                                         .t1_dot = &ends_dot[1], .times_dot = times_dot,
                                                         .observed_dot = observed_dot, .final_dot = final_dot,
                                                         .cost_dot = &cost_dot}));
      double out = cost_bar * cost_dot, in = t0_bar * ends_dot[0] + t1_bar * ends_dot[1];
      double size = fabs(out) + fabs(t0_bar * ends_dot[0]) + fabs(t1_bar * ends_dot[1]);
      for (int k = 0; k < N; k++) {
        out += final_bar[k] * final_dot[k], in += x0_bar[k] * x0_dot[k];
        size += fabs(final_bar[k] * final_dot[k]) + fabs(x0_bar[k] * x0_dot[k]);
      }
      for (int k = 0; k < P; k++)
        in += theta_bar[k] * theta_dot[k], size += fabs(theta_bar[k] * theta_dot[k]);
      for (int k = 0; k < SEEN * N; k++) out += observed_bar[k] * observed_dot[k];
      for (int k = 0; k < SEEN; k++) in += times_bar[k] * times_dot[k];
      if (!(fabs(out - in) <= s->identity * size))
        fail_msg("method %d, trajectory %zu: %.17g and %.17g", s->method, m, out, in);
      og_solve_destroy(solve);
      og_options_destroy(options);
      og_model_destroy(model);
      og_context_destroy(context);
    }
}

/* ---- Allocations ---- */

static og_status live(og_context *context, og_model **model, og_options **options, og_solve **solve) {
  og_status status = og_model_create_from_text(context, "m.ode", MODEL, sizeof MODEL - 1, model);
  if (status || (status = og_options_create(context, options))) return status;
  if ((status = og_solve_create(context, og_model_field(*model), *options, 1, solve))) return status;
  if ((status = og_solve_set_initial_state(*solve, OG_ALL, (double[]){1, 3e-5, 0}))) return status;
  if ((status = og_solve_set_parameters(*solve, OG_ALL, (double[]){0.04, 3e7, 1e4}))) return status;
  if ((status = og_solve_set_span(*solve, OG_ALL, 0, 1))) return status;
  if ((status = og_solve_run(*solve))) return status;
  assert_true(og_solve_stat(*solve, OG_STAT_IMPLICIT_STEPS) > 0);
  double theta_bar[P] = {0};
  if ((status = og_solve_pullback(*solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                .final_bar = (double[]){1, 1, 1},
                                                                .theta_bar = theta_bar})))
    return status;
  double final_dot[N];
  return og_solve_pushforward(*solve,
                              &(og_pushforward_arrays){OG_INIT(og_pushforward_arrays), .theta_dot = theta_bar,
                                                       .final_dot = final_dot});
}

static og_status life(og_context *context) {
  og_model *model = NULL;
  og_options *options = NULL;
  og_solve *solve = NULL;
  og_status status = live(context, &model, &options, &solve);
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_model_destroy(model);
  return status;
}

static void allocations(void **state) { (void)state, fail_each_allocation(life); }

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(same_bits), cmocka_unit_test(identity),
                                     cmocka_unit_test(allocations)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
