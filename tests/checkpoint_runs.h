/* Problems whose states are kept in many ways, for the tests of checkpoints: with inputs, with events, under
 * an account of the bytes that are out. */
#ifndef OG_TEST_CHECKPOINT_RUNS_H
#define OG_TEST_CHECKPOINT_RUNS_H

#include <stdatomic.h>

#include "fields.h"
#include "sanitized.h"
#include "solve/memory/checkpoints.h"

/* ---- An allocator that knows how many bytes are out ---- */

typedef struct account {
  atomic_long live, peak;
} account;

enum { HEADER = 64 };

static inline void *account_allocate(size_t size, void *user) {
  account *a = user;
  char *memory = malloc(size + HEADER);
  if (!memory) return NULL;
  memcpy(memory, &size, sizeof size);
  long live = atomic_fetch_add(&a->live, (long)size) + (long)size, peak = atomic_load(&a->peak);
  while (live > peak && !atomic_compare_exchange_weak(&a->peak, &peak, live)) continue;
  return memory + HEADER;
}

static inline void account_release(void *memory, void *user) {
  size_t size;
  memcpy(&size, (char *)memory - HEADER, sizeof size);
  atomic_fetch_sub(&((account *)user)->live, (long)size);
  free((char *)memory - HEADER);
}

/* ---- The field, driven by an input as well: its breakpoints cut the trajectory into segments ---- */

static inline int forced_rhs(double t, const double *x, const double *p, double *f, void *user) {
  rich_rhs(t, x, p, f, user);
  f[2] += p[RICH_PARAMETERS];
  return 0;
}
static inline int forced_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                             double *theta_bar, double *t_bar, void *user) {
  theta_bar[RICH_PARAMETERS] = l[2];
  return rich_vjp(t, x, p, l, x_bar, theta_bar, t_bar, user);
}
static inline int forced_jvp(double t, const double *x, const double *p, double dt, const double *dx,
                             const double *dp, double *f_dot, void *user) {
  rich_jvp(t, x, p, dt, dx, dp, f_dot, user);
  f_dot[2] += dp[RICH_PARAMETERS];
  return 0;
}

static inline og_field *forced_field(og_context *context) {
  og_field *field = NULL;
  CHECK(context, og_field_create(context, RICH_STATES, RICH_PARAMETERS, forced_rhs, NULL, &field));
  CHECK(context, og_field_set_vjp(field, forced_vjp));
  CHECK(context, og_field_set_jvp(field, forced_jvp));
  CHECK(context, og_field_set_cost(field, rich_cost, rich_cost_vjp));
  CHECK(context, og_field_set_inputs(field, 1));
  return field;
}

/* ---- An oscillator whose passing through zero moves another state: segments end at events ---- */

static inline int relay_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)user;
  f[0] = x[1];
  f[1] = -4 * p[0] * x[0];
  f[2] = -p[1] * x[2] + x[0];
  return 0;
}
static inline int relay_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                            double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  x_bar[0] = -4 * p[0] * l[1] + l[2];
  x_bar[1] = l[0];
  x_bar[2] = -p[1] * l[2];
  theta_bar[0] = -4 * x[0] * l[1];
  theta_bar[1] = -x[2] * l[2];
  return 0;
}
static inline int relay_jvp(double t, const double *x, const double *p, double dt, const double *dx,
                            const double *dp, double *f_dot, void *user) {
  (void)t, (void)dt, (void)user;
  f_dot[0] = dx[1];
  f_dot[1] = -4 * (dp[0] * x[0] + p[0] * dx[0]);
  f_dot[2] = -dp[1] * x[2] - p[1] * dx[2] + dx[0];
  return 0;
}
static inline int relay_guard(double t, const double *x, const double *p, double *g, void *user) {
  (void)t, (void)p, (void)user;
  g[0] = x[0];
  return 0;
}
static inline int relay_guard_vjp(double t, const double *x, const double *p, const double *g_bar,
                                  double *x_bar, double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)x, (void)p, (void)theta_bar, (void)t_bar, (void)user;
  x_bar[0] = g_bar[0];
  return 0;
}
static inline int relay_jump(size_t event, double t, const double *x, const double *p, double *after,
                             void *user) {
  (void)event, (void)t, (void)user;
  after[2] = 0.5 * p[2] * x[2] + p[3];
  return 0;
}
static inline int relay_jump_vjp(size_t event, double t, const double *x, const double *p,
                                 const double *after_bar, double *x_bar, double *theta_bar, double *t_bar,
                                 void *user) {
  (void)event, (void)t, (void)t_bar, (void)user;
  x_bar[0] = after_bar[0], x_bar[1] = after_bar[1];
  x_bar[2] = 0.5 * p[2] * after_bar[2];
  theta_bar[2] = 0.5 * x[2] * after_bar[2];
  theta_bar[3] = after_bar[2];
  return 0;
}
static inline int relay_jump_jvp(size_t event, double t, const double *x, const double *p, double dt,
                                 const double *dx, const double *dp, double *after_dot, void *user) {
  (void)event, (void)t, (void)dt, (void)user;
  after_dot[0] = dx[0], after_dot[1] = dx[1];
  after_dot[2] = 0.5 * (dp[2] * x[2] + p[2] * dx[2]) + dp[3];
  return 0;
}

static inline og_field *relay_field(og_context *context) {
  og_field *field = NULL;
  og_event_functions functions = {
      OG_INIT(og_event_functions), relay_guard, relay_guard_vjp, relay_jump, relay_jump_vjp, relay_jump_jvp};
  CHECK(context, og_field_create(context, RICH_STATES, RICH_PARAMETERS, relay_rhs, NULL, &field));
  CHECK(context, og_field_set_vjp(field, relay_vjp));
  CHECK(context, og_field_set_jvp(field, relay_jvp));
  CHECK(context, og_field_set_cost(field, rich_cost, rich_cost_vjp));
  CHECK(context, og_field_set_events(field, 1, &(og_event){OG_INIT(og_event), .name = "zero"}, &functions));
  return field;
}

/* ---- One problem, many ways to keep its states ---- */

enum { MOST = 70, SEEN = 4 };

typedef struct problem {
  int method, precision, steps, threads, adjoint, forced, relay, samples;
  size_t count;
  double rtol, stretch; /* stretch: the spans times it (0: as they are) */
} problem;

typedef struct keeping {
  size_t memory, disk;
  int schedule, every;
  const char *directory;
} keeping;

typedef struct result {
  double final[MOST][RICH_STATES], x0_bar[MOST][RICH_STATES], theta_bar[MOST][RICH_PARAMETERS];
  double t0_bar[MOST], t1_bar[MOST], times_bar[MOST][SEEN], final_dot[MOST][RICH_STATES];
} result;

typedef struct outcome {
  og_status status;
  char message[600], log[300];
  long live, peak; /* bytes out before the run, and the most until the gradient was there */
  long long steps, rejected, recomputed, bytes;
} outcome;

static char directory[] = "/tmp/odegrad-checkpoints-test-XXXXXX";

static inline void keep_line(const char *line, void *user) {
  outcome *o = user;
  snprintf(o->log, sizeof o->log, "%s", line);
}

static inline og_options *options_of(og_context *context, const problem *p, const keeping *k) {
  og_options *options = new_options(context, (og_method)p->method, p->rtol, 1e-3 * p->rtol);
  CHECK(context, og_options_set_choice(options, OG_OPT_PRECISION, p->precision));
  CHECK(context, og_options_set_choice(options, OG_OPT_ADJOINT, p->adjoint));
  CHECK(context, og_options_set_integer(options, OG_OPT_STEPS, p->steps));
  CHECK(context, og_options_set_integer(options, OG_OPT_MAX_STEPS, 10000000));
  CHECK(context, og_options_set_integer(options, OG_OPT_THREADS, p->threads));
  if (p->samples) CHECK(context, og_options_set_integer(options, OG_OPT_EVENT_SAMPLES, p->samples));
  CHECK(context, og_options_set_integer(options, OG_OPT_MEMORY, (long long)k->memory));
  CHECK(context, og_options_set_integer(options, OG_OPT_DISK, (long long)k->disk));
  CHECK(context, og_options_set_choice(options, OG_OPT_SCHEDULE, k->schedule));
  if (k->every) CHECK(context, og_options_set_integer(options, OG_OPT_EVERY, k->every));
  if (k->directory) CHECK(context, og_options_set_text(options, "checkpoint-dir", k->directory));
  return options;
}

static inline void set_trajectories(og_context *context, og_solve *solve, const problem *p) {
  size_t count = p->count;
  uint64_t seed = 11;
  for (size_t m = 0; m < count; m++) {
    double x0[RICH_STATES], theta[RICH_PARAMETERS], times[SEEN], t1 = 3 + 2 * noise(&seed);
    if (p->stretch > 0) t1 *= p->stretch;
    for (int i = 0; i < RICH_STATES; i++) x0[i] = 1 + 0.5 * noise(&seed);
    for (int i = 0; i < RICH_PARAMETERS; i++) theta[i] = 1 + 0.5 * noise(&seed);
    for (int k = 0; k < SEEN; k++) times[k] = m % 3 == 1 ? t1 : t1 * k / SEEN;
    CHECK(context, og_solve_set_span(solve, m, 0, t1));
    CHECK(context, og_solve_set_observations(solve, m, SEEN, times));
    CHECK(context, og_solve_set_initial_state(solve, m, x0));
    CHECK(context, og_solve_set_parameters(solve, m, theta));
    if (!p->forced) continue;
    double at[] = {0, 0.3 * t1, 0.31 * t1, 0.7 * t1, t1}, values[] = {0, 1, 0.2, 0.5, 0};
    CHECK(context, og_solve_set_input(solve, m, 0, m % 2 ? OG_SIGNAL_LINEAR : OG_SIGNAL_HOLD, 5, at, values));
  }
}

static inline og_status pull(og_solve *solve, size_t count, result *r) {
  double observed_bar[MOST][SEEN][RICH_STATES], final_bar[MOST][RICH_STATES], cost_bar[MOST];
  uint64_t seed = 5;
  for (size_t m = 0; m < count; m++) {
    cost_bar[m] = noise(&seed);
    for (int i = 0; i < RICH_STATES; i++) final_bar[m][i] = noise(&seed);
    for (int k = 0; k < SEEN; k++)
      for (int i = 0; i < RICH_STATES; i++) observed_bar[m][k][i] = noise(&seed);
  }
  return og_solve_pullback(
      solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .observed_bar = observed_bar[0][0],
                                   .final_bar = final_bar[0], .cost_bar = cost_bar, .x0_bar = r->x0_bar[0],
                                   .theta_bar = r->theta_bar[0], .t0_bar = r->t0_bar, .t1_bar = r->t1_bar,
                                   .times_bar = r->times_bar[0]});
}

/* Runs, pulls back twice (the second time only one checkpoint may be left) and pushes forward. */
static inline og_status derive(og_context *context, og_solve *solve, const problem *p, result *r, outcome *o,
                               account *a) {
  result again = {0};
  og_status status = og_solve_run(solve);
  if (status == OG_OK) status = pull(solve, p->count, r);
  o->peak = a->peak;
  o->recomputed = og_solve_stat(solve, OG_STAT_RECOMPUTED_STEPS);
  o->bytes = og_solve_stat(solve, OG_STAT_CHECKPOINT_BYTES);
  if (status != OG_OK) return status;
  o->steps = og_solve_stat(solve, OG_STAT_STEPS);
  o->rejected = og_solve_stat(solve, OG_STAT_REJECTED);
  for (size_t m = 0; m < p->count; m++) CHECK(context, og_solve_final(solve, m, r->final[m]));
  CHECK(context, pull(solve, p->count, &again));
  memcpy(again.final, r->final, sizeof again.final);
  assert_memory_equal(&again, r, sizeof again);
  return og_solve_pushforward(solve,
                              &(og_pushforward_arrays){OG_INIT(og_pushforward_arrays), .x0_dot = r->x0_bar[0],
                                                       .t0_dot = r->t0_bar, .final_dot = r->final_dot[0]});
}

static inline outcome solve_with(const problem *p, const keeping *k, result *r) {
  account a = {0};
  outcome o = {0};
  og_context *context = NULL;
  og_solve *solve = NULL;
  assert_int_equal(og_context_create(account_allocate, account_release, &a, &context), OG_OK);
  og_context_set_log(context, keep_line, &o);
  og_field *field = p->forced ? forced_field(context) : p->relay ? relay_field(context) : rich_field(context);
  og_options *options = options_of(context, p, k);
  memset(r, 0, sizeof *r);
  o.status = og_solve_create(context, field, options, p->count, &solve);
  if (o.status == OG_OK) {
    set_trajectories(context, solve, p);
    o.live =
        a.live + (long)(p->count * SEEN * (RICH_STATES + 1) * sizeof(double) + 128); /* observed states */
    o.status = derive(context, solve, p, r, &o, &a);
  }
  snprintf(o.message, sizeof o.message, "%s", og_context_message(context));
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_field_destroy(field);
  og_context_destroy(context);
  assert_int_equal(a.live, 0);
  return o;
}

static inline size_t least_budget(const problem *p, const char *where) {
  static result r;
  outcome o = solve_with(p, &(keeping){.memory = 1, .directory = where}, &r);
  assert_int_equal(o.status, OG_ERR_BUDGET);
  const char *said = strstr(o.message, "at least ");
  assert_non_null(said);
  return strtoull(said + 9, NULL, 10);
}

/* With room for the list of events, which has an eighth of what is beyond the least, or for the steps of
 * quadrature's backward solve, which have a quarter. */
static inline size_t small_budget(const problem *p, const char *where) {
  size_t steps = p->adjoint == OG_ADJOINT_QUADRATURE ? 30000 : 0;
  return least_budget(p, where) + (p->relay ? 30000 * p->count : steps * p->count);
}

static inline void expect_same(const problem *p, const keeping *k, const result *expected) {
  static result r;
  outcome o = solve_with(p, k, &r);
  if (o.status != OG_OK) fail_msg("memory %zu: %s", k->memory, o.message);
  if (memcmp(&r, expected, sizeof r) != 0)
    fail_msg(
        "method %d, steps %d, count %zu, adjoint %d: other bits with memory %zu, disk %zu, schedule %d, %s",
        p->method, p->steps, p->count, p->adjoint, k->memory, k->disk, k->schedule,
        k->directory ? k->directory : "no file");
  if (k->memory && o.peak - o.live > (long)k->memory)
    fail_msg("method %d, steps %d, count %zu, threads %d: a budget of %zu, %ld bytes taken", p->method,
             p->steps, p->count, p->threads, k->memory, o.peak - o.live);
  if (k->memory) assert_true(o.bytes <= (long long)k->memory);
}

static inline void all_budgets(const problem *p) {
  static result expected;
  outcome o = solve_with(p, &(keeping){0}, &expected);
  if (o.status != OG_OK) fail_msg("%s", o.message);
  size_t least = small_budget(p, NULL);
  for (size_t more = 0; more < 100 * least; more = more < 2 ? more + 1 : (SANITIZED ? 49 : 7) * more)
    expect_same(p, &(keeping){.memory = least + more}, &expected);
  if (p->relay || p->adjoint == OG_ADJOINT_QUADRATURE) return;
  assert_int_equal(solve_with(p, &(keeping){.memory = least - 1}, &(result){0}).status, OG_ERR_BUDGET);
}

static inline void all_stores(const problem *p) {
  static result expected;
  outcome o = solve_with(p, &(keeping){0}, &expected);
  if (o.status != OG_OK) fail_msg("%s", o.message);
  size_t least = small_budget(p, directory);
  expect_same(p, &(keeping){.directory = directory}, &expected);
  expect_same(p, &(keeping){.directory = directory, .memory = least}, &expected);
  expect_same(p, &(keeping){.directory = directory, .memory = 2 * least}, &expected);
  for (size_t disk = 300 * p->count; disk < 1000000; disk *= 5) {
    expect_same(p, &(keeping){.directory = directory, .disk = disk}, &expected);
    expect_same(p, &(keeping){.directory = directory, .disk = disk, .memory = 5 * least / 4}, &expected);
  }
  for (int schedule = OG_SCHEDULE_AUTO; schedule <= OG_SCHEDULE_ONLINE; schedule++) {
    if (schedule == OG_SCHEDULE_BINOMIAL && !p->steps) continue;
    expect_same(p, &(keeping){.schedule = schedule, .every = 7}, &expected);
    if (schedule != OG_SCHEDULE_ALL)
      expect_same(p, &(keeping){.schedule = schedule, .every = 7, .memory = 5 * least / 4}, &expected);
    expect_same(p, &(keeping){.schedule = schedule, .every = 3, .directory = directory}, &expected);
  }
}

#endif
