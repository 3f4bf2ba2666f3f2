/* Weights of a network that all trajectories share: the bound form of a solve against the source form (every
 * trajectory with its own copy of them), its derivative against the tangent and against differences, and the
 * same bits for any number of threads and any memory budget. */
#include <string.h>

#include "base/tree_sum.h"
#include "fields.h"
#include "graph_field/graph_field.h"

enum {
  N = 3,
  OWN = 2,
  HIDDEN = 7,
  WEIGHTS = HIDDEN * 4 + HIDDEN + 2 * HIDDEN + 2,
  P = OWN + WEIGHTS,
  SEEN = 4,
  MOST = 150
};

/* x' = a / x + (B tanh(A [x, y, z, t] + c) + d, -b z)  with weights A, c, B, d: a state of zeros, as an
 * idle lane may have it, is outside of the field's domain. */
static og_status create(og_context *context, og_field **field) {
  og_graph *g = NULL;
  og_status status = og_graph_create(context, &g);
  if (status) return status;
  og_node t = og_input(g, OG_SLOT_TIME, 0, (og_shape){1, 1}),
          x = og_input(g, OG_SLOT_STATE, 0, (og_shape){N, 1});
  og_node a = og_input(g, OG_SLOT_PARAMETER, 0, (og_shape){1, 1}),
          b = og_input(g, OG_SLOT_PARAMETER, 1, (og_shape){1, 1});
  int at = OWN;
  og_node A = og_input(g, OG_SLOT_PARAMETER, at, (og_shape){HIDDEN, 4}),
          c = og_input(g, OG_SLOT_PARAMETER, at += HIDDEN * 4, (og_shape){HIDDEN, 1});
  og_node B = og_input(g, OG_SLOT_PARAMETER, at += HIDDEN, (og_shape){2, HIDDEN}),
          d = og_input(g, OG_SLOT_PARAMETER, at + 2 * HIDDEN, (og_shape){2, 1});
  og_node layer =
      og_apply1(g, OG_TANH, og_apply2(g, OG_ADD, og_matvec(g, A, og_concat(g, (og_node[]){x, t}, 2)), c));
  og_node out = og_apply2(g, OG_ADD, og_matvec(g, B, layer), d);
  og_node bz = og_apply1(g, OG_NEG, og_apply2(g, OG_MUL, b, og_slice(g, x, 2, 1)));
  og_node f = og_apply2(g, OG_ADD, og_apply2(g, OG_DIV, a, x), og_concat(g, (og_node[]){out, bz}, 2));
  og_graph_dynamics dynamics = {.f = f, .parameters = P, .weights = WEIGHTS};
  status = og_field_from_dynamics(g, &dynamics, field);
  og_graph_destroy(g);
  return status;
}

typedef struct setting {
  og_method method;
  og_precision precision;
  int steps, threads, apart; /* apart: each trajectory has its own parameters, which are the same */
  size_t count;
  long long memory;
} setting;

/* What comes out of a solve and its pullback. */
typedef struct result {
  double final[MOST * N], x0_bar[MOST * N], theta_bar[P], t0_bar[MOST], t1_bar[MOST], times_bar[MOST * SEEN];
} result;

typedef struct run {
  og_context *context;
  og_field *field;
  og_options *options;
  og_solve *solve;
  double theta[P], x0[MOST * N], times[MOST * SEEN], seeds[MOST * SEEN * N], final_seeds[MOST * N];
} run;

static void set(run *r, const setting *s) {
  uint64_t seed = 5;
  for (int i = 0; i < P; i++) r->theta[i] = i < OWN ? 1 - 0.8 * i : 0.6 * noise(&seed);
  for (size_t m = 0; m < s->count; m++) {
    double t1 = 0.5 + 2.5 * (double)(m % 7) / 7;
    for (int k = 0; k < SEEN; k++) r->times[m * SEEN + (size_t)k] = t1 * (k + 1) / SEEN;
    for (int i = 0; i < N; i++) r->x0[m * N + (size_t)i] = 1.5 + 0.5 * noise(&seed);
    CHECK(r->context, og_solve_set_span(r->solve, m, 0, t1));
    CHECK(r->context, og_solve_set_observations(r->solve, m, SEEN, r->times + m * SEEN));
    CHECK(r->context, og_solve_set_initial_state(r->solve, m, r->x0 + m * N));
    if (s->apart) CHECK(r->context, og_solve_set_parameters(r->solve, m, r->theta));
  }
  if (!s->apart) CHECK(r->context, og_solve_set_parameters(r->solve, OG_ALL, r->theta));
  for (size_t i = 0; i < s->count * SEEN * N; i++) r->seeds[i] = noise(&seed);
  for (size_t i = 0; i < s->count * N; i++) r->final_seeds[i] = noise(&seed);
}

static run *start(const setting *s) {
  run *r = calloc(1, sizeof *r);
  assert_non_null(r);
  r->context = new_context();
  CHECK(r->context, create(r->context, &r->field));
  r->options = new_options(r->context, s->method, 1e-6, 1e-8);
  CHECK(r->context, og_options_set_integer(r->options, OG_OPT_STEPS, s->steps));
  CHECK(r->context, og_options_set_integer(r->options, OG_OPT_THREADS, s->threads));
  CHECK(r->context, og_options_set_integer(r->options, OG_OPT_MEMORY, s->memory));
  CHECK(r->context, og_options_set_choice(r->options, OG_OPT_PRECISION, (int)s->precision));
  CHECK(r->context, og_solve_create(r->context, r->field, r->options, s->count, &r->solve));
  set(r, s);
  return r;
}

static void finish(run *r) {
  og_solve_destroy(r->solve);
  og_options_destroy(r->options);
  og_field_destroy(r->field);
  og_context_destroy(r->context);
  free(r);
}

static void pull(run *r, const setting *s, int times, result *out) {
  double *theta_bar = calloc(s->apart ? s->count * P : P, sizeof(double));
  assert_non_null(theta_bar);
  memset(out, 0, sizeof *out);
  for (size_t m = 0; m < s->count; m++) CHECK(r->context, og_solve_final(r->solve, m, out->final + m * N));
  CHECK(r->context,
        og_solve_pullback(
            r->solve, &(og_pullback_arrays){
                          OG_INIT(og_pullback_arrays), .observed_bar = r->seeds, .final_bar = r->final_seeds,
                          .x0_bar = out->x0_bar, .theta_bar = theta_bar, .t0_bar = times ? out->t0_bar : NULL,
                          .t1_bar = times ? out->t1_bar : NULL, .times_bar = times ? out->times_bar : NULL}));
  if (s->apart) og_tree_sum_rows(theta_bar, s->count, P, P); /* as a solve sums over trajectories */
  memcpy(out->theta_bar, theta_bar, sizeof out->theta_bar);
  free(theta_bar);
}

static result *solved(const setting *s) {
  result *out = malloc(sizeof *out);
  assert_non_null(out);
  run *r = start(s);
  CHECK(r->context, og_solve_run(r->solve));
  pull(r, s, 1, out);
  finish(r);
  return out;
}

static double norm(const double *a, int count) {
  double sum = 0;
  for (int i = 0; i < count; i++) sum = hypot(sum, a[i]);
  return sum;
}

/* Both forms do the same operations but for the order of the sum of the weights' cotangents over lanes and
 * steps: some thousand terms, whose roundings add up to far less than 1e-13 of its size (float: 1e-5). */
static void compare(const setting *shared, double tolerance) {
  setting apart = *shared;
  apart.apart = 1;
  result *one = solved(shared), *other = solved(&apart);
  assert_memory_equal(one->final, other->final, sizeof one->final);
  assert_memory_equal(one->x0_bar, other->x0_bar, sizeof one->x0_bar);
  assert_memory_equal(one->t1_bar, other->t1_bar, sizeof one->t1_bar);
  assert_memory_equal(one->times_bar, other->times_bar, sizeof one->times_bar);
  assert_memory_equal(one->theta_bar, other->theta_bar, OWN * sizeof(double));
  double size = norm(other->theta_bar, P);
  assert_true(size > 0);
  for (int i = OWN; i < P; i++)
    assert_true(fabs(one->theta_bar[i] - other->theta_bar[i]) <= tolerance * size);
  free(one), free(other);
}

static void forms_agree(void **state) {
  (void)state;
  static const size_t counts[] = {1, 3, 5, 20, 64, 70, MOST};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    compare(&(setting){.method = OG_METHOD_DOPRI5, .count = counts[i]}, 1e-13);
    compare(&(setting){.method = OG_METHOD_DOPRI5, .precision = OG_PRECISION_SINGLE, .count = counts[i]},
            1e-5);
  }
  for (int method = 0; method < (int)og_method_count(); method++)
    compare(&(setting){.method = (og_method)method, .steps = 21, .count = 20}, 1e-13);
}

static void same_bits(const setting *a, const setting *b) {
  result *one = solved(a), *other = solved(b);
  assert_memory_equal(one, other, sizeof *one);
  free(one), free(other);
}

static void threads_do_not_matter(void **state) {
  (void)state;
  for (int precision = 0; precision < 2; precision++)
    for (int threads = 2; threads <= 5; threads++) {
      setting one = {.method = OG_METHOD_TSIT5,
                     .precision = (og_precision)precision,
                     .threads = 1,
                     .count = MOST},
              many = one;
      many.threads = threads;
      same_bits(&one, &many);
    }
}

static long long least_budget(setting s) {
  s.memory = 1;
  run *r = start(&s);
  assert_int_equal(og_solve_run(r->solve), OG_ERR_BUDGET);
  const char *text = strstr(og_context_message(r->context), "needs at least ");
  assert_non_null(text);
  long long bytes = atoll(text + strlen("needs at least "));
  finish(r);
  return bytes;
}

/* From the least budget on, which has no room for tapes, to one that holds everything. */
static void budgets_do_not_matter(void **state) {
  (void)state;
  static const double factors[] = {1, 1.1, 2, 8};
  for (int precision = 0; precision < 2; precision++)
    for (int steps = 0; steps <= 40; steps += 40) {
      setting free_of_limits = {
          .method = OG_METHOD_BS32, .precision = (og_precision)precision, .steps = steps, .count = 70};
      long long least = least_budget(free_of_limits);
      for (int k = 0; k < 4; k++) {
        setting limited = free_of_limits;
        limited.memory = (long long)(factors[k] * (double)least);
        limited.threads = 1 + k % 2;
        same_bits(&free_of_limits, &limited);
      }
    }
}

/* Promise 1: <bar, J v> = <J^T bar, v>. */
static void adjoint_identity(void **state) {
  (void)state;
  setting s = {.method = OG_METHOD_DOP853, .count = 20};
  run *r = start(&s);
  result *bars = malloc(sizeof *bars);
  double theta_dot[P], *x0_dot = calloc(MOST * N, sizeof(double)),
                       *observed_dot = calloc(MOST * SEEN * N, sizeof(double)),
                       *final_dot = calloc(MOST * N, sizeof(double)), left = 0, right = 0, size = 0;
  uint64_t seed = 21;
  assert_true(bars && x0_dot && observed_dot && final_dot);
  for (int i = 0; i < P; i++) theta_dot[i] = noise(&seed);
  for (size_t i = 0; i < s.count * N; i++) x0_dot[i] = noise(&seed);
  CHECK(r->context, og_solve_run(r->solve));
  CHECK(r->context, og_solve_pushforward(r->solve, &(og_pushforward_arrays){
                                                       OG_INIT(og_pushforward_arrays), .x0_dot = x0_dot,
                                                       .theta_dot = theta_dot, .observed_dot = observed_dot,
                                                       .final_dot = final_dot}));
  pull(r, &s, 0, bars); /* after the tangent, which works with the source form */
  for (size_t i = 0; i < s.count * SEEN * N; i++) left += r->seeds[i] * observed_dot[i];
  for (size_t i = 0; i < s.count * N; i++) left += r->final_seeds[i] * final_dot[i];
  for (size_t i = 0; i < s.count * N; i++)
    right += bars->x0_bar[i] * x0_dot[i], size += fabs(bars->x0_bar[i] * x0_dot[i]);
  for (int i = 0; i < P; i++)
    right += bars->theta_bar[i] * theta_dot[i], size += fabs(bars->theta_bar[i] * theta_dot[i]);
  assert_true(fabs(left - right) <= 1e-12 * size);
  free(bars), free(x0_dot), free(observed_dot), free(final_dot);
  finish(r);
}

static double replayed_loss(run *r, const setting *s, const double *theta) {
  double loss = 0, x[N];
  CHECK(r->context, og_solve_set_parameters(r->solve, OG_ALL, theta));
  CHECK(r->context, og_solve_replay(r->solve));
  for (size_t m = 0; m < s->count; m++) {
    CHECK(r->context, og_solve_final(r->solve, m, x));
    for (size_t i = 0; i < N; i++) loss += r->final_seeds[m * N + i] * x[i];
    for (size_t k = 0; k < SEEN; k++) {
      CHECK(r->context, og_solve_observed(r->solve, m, k, x));
      for (size_t i = 0; i < N; i++) loss += r->seeds[(m * SEEN + k) * N + i] * x[i];
    }
  }
  return loss;
}

/* Five-point differences with h = 1e-3 over replayed steps: h^4 and 1e-16 / h of the loss's size, about
 * 1e-11. */
static void differences(void **state) {
  (void)state;
  setting s = {.method = OG_METHOD_TSIT5, .count = 20};
  run *r = start(&s);
  result *bars = malloc(sizeof *bars);
  assert_non_null(bars);
  CHECK(r->context, og_solve_run(r->solve));
  pull(r, &s, 1, bars);
  double size = norm(bars->theta_bar, P), h = 1e-3;
  for (int i = 0; i < P; i++) {
    double theta[P], loss[4];
    static const double places[] = {-2, -1, 1, 2};
    for (int k = 0; k < 4; k++) {
      memcpy(theta, r->theta, sizeof theta);
      theta[i] += places[k] * h;
      loss[k] = replayed_loss(r, &s, theta);
    }
    double slope = (loss[0] - 8 * loss[1] + 8 * loss[2] - loss[3]) / (12 * h);
    assert_true(fabs(slope - bars->theta_bar[i]) <= 1e-9 * size);
  }
  free(bars);
  finish(r);
}

/* The Hessian product against differences of gradients over replayed steps. */
static void hessian(void **state) {
  (void)state;
  setting s = {.method = OG_METHOD_TSIT5, .count = 5};
  run *r = start(&s);
  result bars[2];
  double direction[P], product[P] = {0}, theta[P], h = 1e-5;
  uint64_t seed = 2;
  for (int i = 0; i < P; i++) direction[i] = noise(&seed);
  CHECK(r->context, og_solve_run(r->solve));
  CHECK(r->context,
        og_solve_hessian_product(
            r->solve, &(og_hessian_arrays){OG_INIT(og_hessian_arrays), .directions = 1,
                                           .theta_dot = direction, .observed_bar = r->seeds,
                                           .final_bar = r->final_seeds, .theta_bar_dot = product}));
  for (int k = 0; k < 2; k++) {
    for (int i = 0; i < P; i++) theta[i] = r->theta[i] + (k ? h : -h) * direction[i];
    CHECK(r->context, og_solve_set_parameters(r->solve, OG_ALL, theta));
    CHECK(r->context, og_solve_replay(r->solve));
    pull(r, &s, 0, &bars[k]);
  }
  double size = norm(product, P); /* central differences: h^2 and 1e-16 / h */
  for (int i = 0; i < P; i++)
    assert_true(fabs((bars[1].theta_bar[i] - bars[0].theta_bar[i]) / (2 * h) - product[i]) <= 1e-8 * size);
  finish(r);
}

static void tangent_under_a_budget(void **state) {
  (void)state;
  setting s = {.method = OG_METHOD_TSIT5, .count = 5, .memory = 1 << 24};
  run *r = start(&s);
  double final_dot[5 * N], theta_dot[P] = {1};
  CHECK(r->context, og_solve_run(r->solve));
  assert_int_equal(og_solve_pushforward(r->solve, &(og_pushforward_arrays){OG_INIT(og_pushforward_arrays),
                                                                           .theta_dot = theta_dot,
                                                                           .final_dot = final_dot}),
                   OG_ERR_UNSUPPORTED);
  assert_non_null(strstr(og_context_message(r->context), "adjoint = forward"));
  finish(r);
}

/* Every allocation fails in turn: a clean status, or the same bits without what there was no room for
 * (tapes). */
static og_status live(og_context *context, og_field **field, og_options **options, og_solve **solve,
                      double *theta_bar) {
  double theta[P], x0[N] = {1, 1.5, 2}, final_bar[5 * N];
  for (int i = 0; i < P; i++) theta[i] = 0.3;
  for (int i = 0; i < 5 * N; i++) final_bar[i] = 1;
  og_status status = create(context, field);
  if (status) return status;
  if ((status = og_options_create(context, options))) return status;
  og_options_set_choice(*options, OG_OPT_METHOD, OG_METHOD_RK4);
  og_options_set_integer(*options, OG_OPT_STEPS, 5);
  og_options_set_integer(*options, OG_OPT_THREADS, 2);
  if ((status = og_solve_create(context, *field, *options, 5, solve))) return status;
  if ((status = og_solve_set_initial_state(*solve, OG_ALL, x0))) return status;
  if ((status = og_solve_set_parameters(*solve, OG_ALL, theta))) return status;
  if ((status = og_solve_run(*solve))) return status;
  return og_solve_pullback(*solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = final_bar,
                                                         .theta_bar = theta_bar});
}

static void memory(void **state) {
  (void)state;
  double whole[P] = {0};
  long fail_at = 0; /* none */
  for (int more = 1; more; fail_at++) {
    counter c = {.fail_at = fail_at};
    double theta_bar[P] = {0}, before[P] = {0};
    og_context *context = NULL;
    og_field *field = NULL;
    og_options *options = NULL;
    og_solve *solve = NULL;
    og_status status = og_context_create(counter_allocate, counter_release, &c, &context);
    if (status == OG_OK) status = live(context, &field, &options, &solve, theta_bar);
    og_solve_destroy(solve);
    og_options_destroy(options);
    og_field_destroy(field);
    og_context_destroy(context);
    assert_int_equal(c.live, 0);
    assert_true(status == OG_OK || status == OG_ERR_MEMORY);
    if (fail_at == 0) memcpy(whole, theta_bar, sizeof whole);
    assert_memory_equal(theta_bar, status == OG_OK ? whole : before, sizeof whole);
    more = fail_at == 0 || c.calls >= fail_at;
  }
  assert_in_range(fail_at, 20, 10000);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(forms_agree),
                                     cmocka_unit_test(threads_do_not_matter),
                                     cmocka_unit_test(budgets_do_not_matter),
                                     cmocka_unit_test(adjoint_identity),
                                     cmocka_unit_test(differences),
                                     cmocka_unit_test(hessian),
                                     cmocka_unit_test(tangent_under_a_budget),
                                     cmocka_unit_test(memory)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
