/* Promises 2 and 3: under any budget, in memory, in a file or in both, a gradient has the bits of the one
 * that keeps every state; and a budget is kept, by the account of the caller's allocator. */
#include "fields.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

#include "solve/memory/checkpoints.h"

/* ---- An allocator that knows how many bytes are out ---- */

typedef struct account {
  atomic_long live, peak;
} account;

enum { HEADER = 64 };

static void *account_allocate(size_t size, void *user) {
  account *a = user;
  char *memory = malloc(size + HEADER);
  if (!memory) return NULL;
  memcpy(memory, &size, sizeof size);
  long live = atomic_fetch_add(&a->live, (long)size) + (long)size, peak = atomic_load(&a->peak);
  while (live > peak && !atomic_compare_exchange_weak(&a->peak, &peak, live)) continue;
  return memory + HEADER;
}

static void account_release(void *memory, void *user) {
  size_t size;
  memcpy(&size, (char *)memory - HEADER, sizeof size);
  atomic_fetch_sub(&((account *)user)->live, (long)size);
  free((char *)memory - HEADER);
}

/* ---- The field, driven by an input as well: its breakpoints cut the trajectory into segments ---- */

static int forced_rhs(double t, const double *x, const double *p, double *f, void *user) {
  rich_rhs(t, x, p, f, user);
  f[2] += p[RICH_PARAMETERS];
  return 0;
}
static int forced_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                      double *theta_bar, double *t_bar, void *user) {
  theta_bar[RICH_PARAMETERS] = l[2];
  return rich_vjp(t, x, p, l, x_bar, theta_bar, t_bar, user);
}
static int forced_jvp(double t, const double *x, const double *p, double dt, const double *dx,
                      const double *dp, double *f_dot, void *user) {
  rich_jvp(t, x, p, dt, dx, dp, f_dot, user);
  f_dot[2] += dp[RICH_PARAMETERS];
  return 0;
}

static og_field *forced_field(og_context *context) {
  og_field *field = NULL;
  CHECK(context, og_field_create(context, RICH_STATES, RICH_PARAMETERS, forced_rhs, NULL, &field));
  CHECK(context, og_field_set_vjp(field, forced_vjp));
  CHECK(context, og_field_set_jvp(field, forced_jvp));
  CHECK(context, og_field_set_cost(field, rich_cost, rich_cost_vjp));
  CHECK(context, og_field_set_inputs(field, 1));
  return field;
}

/* ---- An oscillator whose passing through zero moves another state: segments end at events ---- */

static int relay_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)user;
  f[0] = x[1];
  f[1] = -4 * p[0] * x[0];
  f[2] = -p[1] * x[2] + x[0];
  return 0;
}
static int relay_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                     double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  x_bar[0] = -4 * p[0] * l[1] + l[2];
  x_bar[1] = l[0];
  x_bar[2] = -p[1] * l[2];
  theta_bar[0] = -4 * x[0] * l[1];
  theta_bar[1] = -x[2] * l[2];
  return 0;
}
static int relay_jvp(double t, const double *x, const double *p, double dt, const double *dx,
                     const double *dp, double *f_dot, void *user) {
  (void)t, (void)dt, (void)user;
  f_dot[0] = dx[1];
  f_dot[1] = -4 * (dp[0] * x[0] + p[0] * dx[0]);
  f_dot[2] = -dp[1] * x[2] - p[1] * dx[2] + dx[0];
  return 0;
}
static int relay_guard(double t, const double *x, const double *p, double *g, void *user) {
  (void)t, (void)p, (void)user;
  g[0] = x[0];
  return 0;
}
static int relay_guard_vjp(double t, const double *x, const double *p, const double *g_bar, double *x_bar,
                           double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)x, (void)p, (void)theta_bar, (void)t_bar, (void)user;
  x_bar[0] = g_bar[0];
  return 0;
}
static int relay_jump(size_t event, double t, const double *x, const double *p, double *after, void *user) {
  (void)event, (void)t, (void)user;
  after[2] = 0.5 * p[2] * x[2] + p[3];
  return 0;
}
static int relay_jump_vjp(size_t event, double t, const double *x, const double *p, const double *after_bar,
                          double *x_bar, double *theta_bar, double *t_bar, void *user) {
  (void)event, (void)t, (void)t_bar, (void)user;
  x_bar[0] = after_bar[0], x_bar[1] = after_bar[1];
  x_bar[2] = 0.5 * p[2] * after_bar[2];
  theta_bar[2] = 0.5 * x[2] * after_bar[2];
  theta_bar[3] = after_bar[2];
  return 0;
}
static int relay_jump_jvp(size_t event, double t, const double *x, const double *p, double dt,
                          const double *dx, const double *dp, double *after_dot, void *user) {
  (void)event, (void)t, (void)dt, (void)user;
  after_dot[0] = dx[0], after_dot[1] = dx[1];
  after_dot[2] = 0.5 * (dp[2] * x[2] + p[2] * dx[2]) + dp[3];
  return 0;
}

static og_field *relay_field(og_context *context) {
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

static void keep_line(const char *line, void *user) {
  outcome *o = user;
  snprintf(o->log, sizeof o->log, "%s", line);
}

static og_options *options_of(og_context *context, const problem *p, const keeping *k) {
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

static void set_trajectories(og_context *context, og_solve *solve, const problem *p) {
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

static og_status pull(og_solve *solve, size_t count, result *r) {
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
static og_status derive(og_context *context, og_solve *solve, const problem *p, result *r, outcome *o,
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

static outcome solve_with(const problem *p, const keeping *k, result *r) {
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

static size_t least_budget(const problem *p, const char *where) {
  static result r;
  outcome o = solve_with(p, &(keeping){.memory = 1, .directory = where}, &r);
  assert_int_equal(o.status, OG_ERR_BUDGET);
  const char *said = strstr(o.message, "at least ");
  assert_non_null(said);
  return strtoull(said + 9, NULL, 10);
}

/* With room for the list of events, which has an eighth of what is beyond the least, or for the steps of
 * quadrature's backward solve, which have a quarter. */
static size_t small_budget(const problem *p, const char *where) {
  size_t steps = p->adjoint == OG_ADJOINT_QUADRATURE ? 30000 : 0;
  return least_budget(p, where) + (p->relay ? 30000 * p->count : steps * p->count);
}

static void expect_same(const problem *p, const keeping *k, const result *expected) {
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

static void all_budgets(const problem *p) {
  static result expected;
  outcome o = solve_with(p, &(keeping){0}, &expected);
  if (o.status != OG_OK) fail_msg("%s", o.message);
  size_t least = small_budget(p, NULL);
  for (size_t more = 0; more < 100 * least; more = more < 2 ? more + 1 : 7 * more)
    expect_same(p, &(keeping){.memory = least + more}, &expected);
  if (p->relay || p->adjoint == OG_ADJOINT_QUADRATURE) return;
  assert_int_equal(solve_with(p, &(keeping){.memory = least - 1}, &(result){0}).status, OG_ERR_BUDGET);
}

static void all_stores(const problem *p) {
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

static void every_method(void **state) {
  (void)state;
  for (int method = 0; method < (int)og_method_count(); method++)
    for (int precision = 0; precision < (method == OG_METHOD_TSIT5 ? 2 : 1); precision++) {
      int adaptive = method != OG_METHOD_EULER && method != OG_METHOD_RK4;
      problem p = {.method = method, .precision = precision, .count = 1, .rtol = 1e-4, .threads = 1};
      if (adaptive) all_budgets(&p);
      p.steps = 100;
      all_budgets(&p);
    }
}

static void every_store(void **state) {
  (void)state;
  problem p = {.method = OG_METHOD_TSIT5, .count = 1, .rtol = 1e-8, .threads = 1};
  all_stores(&p);
  p.steps = 150;
  all_stores(&p);
  p.method = OG_METHOD_RK4;
  p.count = 20;
  all_stores(&p);
}

static void batches_and_threads(void **state) {
  (void)state;
  static const size_t counts[] = {2, 5, 20, 70};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
    for (int threads = 1; threads <= 3; threads += 2) {
      problem p = {.method = i % 2 ? OG_METHOD_DOP853 : OG_METHOD_BS32,
                   .count = counts[i],
                   .rtol = 1e-4,
                   .threads = threads};
      all_budgets(&p);
      if (threads == 3) all_stores(&p);
    }
}

/* Segments end at the breakpoints of an input. */
static void segments(void **state) {
  (void)state;
  problem p = {.method = OG_METHOD_TSIT5, .count = 1, .rtol = 1e-6, .threads = 1, .forced = 1};
  all_budgets(&p);
  p.count = 17;
  all_budgets(&p);
  all_stores(&p);
  p.steps = 60;
  all_budgets(&p);
  p.adjoint = OG_ADJOINT_FORWARD;
  p.steps = 0;
  p.count = 2;
  all_budgets(&p);
}

/* Segments end at events; what is computed again takes the states after them from the first pass. */
static void events(void **state) {
  (void)state;
  problem p = {.method = OG_METHOD_TSIT5, .count = 1, .rtol = 1e-6, .threads = 1, .relay = 1};
  all_budgets(&p);
  p.method = OG_METHOD_DOP853;
  p.count = 17;
  all_budgets(&p);
  p.method = OG_METHOD_BS32;
  all_stores(&p);
  p.steps = 200;
  all_budgets(&p);
  p.adjoint = OG_ADJOINT_FORWARD;
  p.count = 2;
  all_budgets(&p);
}

/* What events take is within the budget: samples of guards, the growing list of events and their states. */
static void memory_of_events(void **state) {
  (void)state;
  static result expected, r;
  problem p = {
      .method = OG_METHOD_TSIT5, .count = 3, .rtol = 1e-6, .threads = 1, .relay = 1, .samples = 3000};
  all_budgets(&p);
  p.samples = 0;
  p.stretch = 60; /* some 130 events each */
  solve_with(&p, &(keeping){0}, &expected);
  size_t least = least_budget(&p, NULL);
  for (size_t more = 1600000; more < 5000000; more += 800000)
    expect_same(&p, &(keeping){.memory = least + more}, &expected);
  for (int i = 0; i < 2; i++) {
    outcome o = solve_with(&p, &(keeping){.memory = least + 50000, .directory = i ? directory : NULL}, &r);
    assert_int_equal(o.status, OG_ERR_BUDGET);
    assert_non_null(strstr(o.message, "list of events"));
  }
}

/* The continuous adjoints read dense output of steps that are computed again, in any order. */
static void dense_output(void **state) {
  (void)state;
  for (int adjoint = OG_ADJOINT_INTERPOLATE; adjoint <= OG_ADJOINT_QUADRATURE; adjoint++) {
    problem p = {.method = OG_METHOD_TSIT5, .count = 1, .rtol = 1e-6, .threads = 1, .adjoint = adjoint};
    all_budgets(&p);
    all_stores(&p);
    p.method = OG_METHOD_RK4;
    p.steps = 90;
    all_budgets(&p);
    p.method = OG_METHOD_BS32;
    p.steps = 0;
    p.rtol = 1e-4;
    p.count = 20;
    p.threads = 2;
    all_budgets(&p);
    p.precision = OG_PRECISION_SINGLE;
    p.rtol = 1e-4;
    all_budgets(&p);
  }
}

/* Forward sensitivities follow the steps from the start, whatever is kept. */
static void sensitivities(void **state) {
  (void)state;
  problem p = {
      .method = OG_METHOD_TSIT5, .count = 3, .rtol = 1e-5, .threads = 1, .adjoint = OG_ADJOINT_FORWARD};
  all_budgets(&p);
  all_stores(&p);
}

/* ---- What is computed again ---- */

typedef struct lv {
  og_context *context;
  og_field *field;
  og_options *options;
  og_solve *solve;
} lv;

/* A solve by the present options. */
static void create_lv(lv *w, double t1) {
  og_solve_destroy(w->solve);
  CHECK(w->context, og_solve_create(w->context, w->field, w->options, 1, &w->solve));
  CHECK(w->context, og_solve_set_span(w->solve, 0, 0, t1));
  CHECK(w->context, og_solve_set_initial_state(w->solve, 0, (double[]){1, 1}));
  CHECK(w->context, og_solve_set_parameters(w->solve, OG_ALL, (double[]){1.5, 1, 3, 1}));
}

static lv open_lv(double t1, int steps, size_t memory) {
  lv w = {.context = new_context()};
  w.field = lv_field(w.context);
  w.options = new_options(w.context, OG_METHOD_TSIT5, 1e-6, 1e-9);
  CHECK(w.context, og_options_set_integer(w.options, OG_OPT_STEPS, steps));
  CHECK(w.context, og_options_set_integer(w.options, OG_OPT_MEMORY, (long long)memory));
  create_lv(&w, t1);
  return w;
}

static void close_lv(lv *w) {
  og_solve_destroy(w->solve);
  og_options_destroy(w->options);
  og_field_destroy(w->field);
  og_context_destroy(w->context);
}

static og_status pull_lv(lv *w, double x0_bar[2]) {
  return og_solve_pullback(w->solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                           .final_bar = (double[]){1, 0}, .x0_bar = x0_bar});
}

/* With a known number of steps l and s slots the backward pass advances t(l, s) - (l - 1) steps beyond the
 * first sweep, and again at most the last gap, since the sweep does not stop at the start of the last step:
 * within a tenth of the theory, and just what the schedule foretold. Online, what was foretold. */
static void as_theory_has_it(void **state) {
  (void)state;
  for (int adaptive = 0; adaptive < 2; adaptive++)
    for (size_t memory = 100000; memory < 142000; memory += 4000) {
      double x0_bar[2] = {0};
      lv w = open_lv(400, adaptive ? 0 : 3000, memory);
      CHECK(w.context,
            og_options_set_choice(w.options, OG_OPT_GRADIENT_CONTROL, OG_CONTROL_NONE)); /* one pass */
      create_lv(&w, 400);
      CHECK(w.context, og_solve_run(w.solve));
      const og_kept *kept = &w.solve->checkpoints->kept[0];
      size_t steps = w.solve->trajectories[0].steps, slots = og_budget_slots(&w.solve->checkpoints->budget);
      double foretold = og_schedule_cost(&kept->schedule, steps);
      assert_false(kept->all);
      CHECK(w.context, pull_lv(&w, x0_bar));
      double again = (double)og_solve_stat(w.solve, OG_STAT_RECOMPUTED_STEPS);
      double theory = og_binomial_cost(steps, slots) - (double)(steps - 1);
      assert_true(again == foretold);
      if (!adaptive) assert_true(again >= theory && again <= 1.1 * theory);
      if (adaptive) assert_true(again <= 1.35 * (theory + (double)steps) - (double)steps);
      close_lv(&w);
    }
}

/* Quadrature at the least budget keeps to it, or says that lambda's steps do not fit; for a small problem its
 * fixed tables are most of it. */
static void least_of_quadrature(void **state) {
  (void)state;
  static result r;
  for (int method = OG_METHOD_DOPRI5; method < (int)og_method_count(); method++)
    for (size_t count = 1; count < 30; count += 16) {
      problem p = {.method = method, .count = count, .rtol = 1e-3, .adjoint = OG_ADJOINT_QUADRATURE};
      for (p.threads = 1; p.threads < 4; p.threads++) {
        size_t least = least_budget(&p, NULL);
        for (size_t memory = least; memory < 3 * least; memory += least / 3) {
          outcome o = solve_with(&p, &(keeping){.memory = memory}, &r);
          assert_true(o.status == OG_OK || o.status == OG_ERR_BUDGET);
          if (o.peak - o.live > (long)memory)
            fail_msg("method %d, %zu trajectories: %ld bytes of %zu", method, count, o.peak - o.live, memory);
        }
      }
    }
}

/* How many steps lambda takes is known when they are taken: where they do not fit it is said that it is they,
 * what room they have, and what to do; which helps. */
static void steps_of_lambda(void **state) {
  (void)state;
  static const long long memory[] = {274000, 800000, 274000, 0};
  static const og_adjoint adjoints[] = {OG_ADJOINT_QUADRATURE, OG_ADJOINT_QUADRATURE, OG_ADJOINT_INTERPOLATE,
                                        OG_ADJOINT_QUADRATURE};
  double x0_bar[4][2] = {{7, 7}};
  for (int i = 0; i < 4; i++) {
    lv w = open_lv(300, 0, 0);
    CHECK(w.context, og_options_set_choice(w.options, OG_OPT_ADJOINT, adjoints[i]));
    CHECK(w.context, og_options_set_integer(w.options, OG_OPT_MEMORY, memory[i]));
    CHECK(w.context,
          og_options_set_choice(w.options, OG_OPT_GRADIENT_CONTROL, OG_CONTROL_NONE)); /* one solve */
    create_lv(&w, 300);
    CHECK(w.context, og_solve_run(w.solve));
    assert_int_equal(pull_lv(&w, x0_bar[i]), i ? OG_OK : OG_ERR_BUDGET);
    if (i == 0) {
      const char *message = og_context_message(w.context), *share = strstr(message, "leave: ");
      assert_non_null(strstr(message, "steps of the backward solve"));
      assert_non_null(strstr(message, "the memory budget of 274000 bytes"));
      assert_non_null(strstr(message, "use adjoint = interpolate or discrete"));
      assert_non_null(share);
      size_t bytes = strtoull(share + 7, NULL, 10);
      assert_true(bytes > 0 && bytes < 50000);
    }
    close_lv(&w);
  }
  assert_true(x0_bar[0][0] == 7 && x0_bar[0][1] == 7);
  assert_memory_equal(x0_bar[1], x0_bar[3], sizeof x0_bar[1]);
}

/* A budget that was enough for a run is enough for the next one. */
static void run_again(void **state) {
  (void)state;
  lv w = open_lv(40, 0, 1);
  assert_int_equal(og_solve_run(w.solve), OG_ERR_BUDGET);
  size_t least = strtoull(strstr(og_context_message(w.context), "at least ") + 9, NULL, 10);
  close_lv(&w);
  w = open_lv(40, 0, least);
  double first[2] = {0}, second[2] = {0};
  CHECK(w.context, og_solve_run(w.solve));
  CHECK(w.context, pull_lv(&w, first));
  CHECK(w.context, og_solve_run(w.solve));
  CHECK(w.context, pull_lv(&w, second));
  assert_memory_equal(first, second, sizeof first);
  close_lv(&w);
}

/* ---- What is refused ---- */

static void places_that_were_not_kept(void **state) {
  (void)state;
  size_t steps = 0;
  double x0_bar[2] = {0}, *times = calloc(10000, sizeof *times);
  lv w = open_lv(400, 0, 114000);
  CHECK(w.context, og_solve_run(w.solve));
  CHECK(w.context, og_solve_steps(w.solve, 0, &steps, NULL));
  assert_int_equal(og_solve_steps(w.solve, 0, &steps, times), OG_ERR_UNSUPPORTED);
  assert_non_null(strstr(og_context_message(w.context), "memory = 0"));
  assert_int_equal(og_solve_replay(w.solve), OG_ERR_UNSUPPORTED);
  CHECK(w.context, pull_lv(&w, x0_bar)); /* the run still stands */
  close_lv(&w);
  w = open_lv(400, 0, 0); /* all of them are there, or fit into the budget, or are equal */
  lv fits = open_lv(400, 0, 1000000), equal = open_lv(400, 3000, 114000), equal_too = open_lv(400, 3000, 0);
  double expected[2], found[2];
  lv *pairs[][2] = {{&w, &fits}, {&equal_too, &equal}};
  for (int i = 0; i < 2; i++) {
    double a[2] = {0}, b[2] = {0};
    for (int j = 0; j < 2; j++) {
      lv *one = pairs[i][j];
      CHECK(one->context, og_solve_run(one->solve));
      CHECK(one->context, og_solve_set_parameters(one->solve, OG_ALL, (double[]){1.4, 1, 3, 1}));
      CHECK(one->context, og_solve_set_span(one->solve, 0, 0, 390));
      CHECK(one->context, og_solve_replay(one->solve));
      CHECK(one->context, og_solve_final(one->solve, 0, j ? found : expected));
      CHECK(one->context, pull_lv(one, j ? b : a));
    }
    assert_memory_equal(found, expected, sizeof found);
    assert_memory_equal(a, b, sizeof a);
  }
  CHECK(fits.context, og_solve_steps(fits.solve, 0, &steps, times));
  assert_true(times[0] == 0 && times[steps] == 390);
  close_lv(&w), close_lv(&fits), close_lv(&equal), close_lv(&equal_too);
  free(times);
}

static void schedules_that_cannot_be(void **state) {
  (void)state;
  og_context *context = new_context();
  og_field *field = lv_field(context);
  og_options *options = new_options(context, OG_METHOD_TSIT5, 1e-6, 1e-9);
  og_solve *solve = NULL;
  CHECK(context, og_options_set_text(options, "schedule", "binomial"));
  assert_int_equal(og_solve_create(context, field, options, 1, &solve), OG_ERR_ARGUMENT);
  assert_non_null(strstr(og_context_message(context), "online"));
  og_options_destroy(options);
  og_field_destroy(field);
  og_context_destroy(context);
}

/* A right-hand side with a memory: steps that get ahead of those of the first pass are seen. */
static int moody(double t, const double *x, const double *p, double *f, void *user) {
  int *calls = user;
  (void)t, (void)p;
  f[0] = (++*calls > 100000 ? -1 : -20) * x[0];
  return 0;
}
static int moody_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                     double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)x, (void)p, (void)theta_bar, (void)t_bar, (void)user;
  x_bar[0] = -20 * l[0];
  return 0;
}

static void other_values_the_second_time(void **state) {
  (void)state;
  int calls = 0;
  lv w = {.context = new_context()};
  CHECK(w.context, og_field_create(w.context, 1, 0, moody, &calls, &w.field));
  CHECK(w.context, og_field_set_vjp(w.field, moody_vjp));
  w.options = new_options(w.context, OG_METHOD_TSIT5, 1e-10, 1e-12);
  CHECK(w.context, og_options_set_integer(w.options, OG_OPT_MEMORY, 112000));
  CHECK(w.context, og_solve_create(w.context, w.field, w.options, 1, &w.solve));
  CHECK(w.context, og_solve_set_span(w.solve, 0, 0, 30));
  CHECK(w.context, og_solve_set_initial_state(w.solve, 0, (double[]){1}));
  CHECK(w.context, og_solve_run(w.solve));
  assert_true(calls < 100000);
  calls = 100000;
  double x0_bar[1] = {7};
  assert_int_equal(
      og_solve_pullback(w.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                       .final_bar = (double[]){1}, .x0_bar = x0_bar}),
      OG_ERR_UNSUPPORTED);
  assert_true(x0_bar[0] == 7);
  assert_non_null(strstr(og_context_message(w.context), "differ from those of the first pass"));
  close_lv(&w);
}

/* ---- The disk ---- */

static void limit_files(rlim_t bytes) {
  struct rlimit limit;
  getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
  setrlimit(RLIMIT_FSIZE, &limit);
}

/* A full disk (a limit on the size of files stands for it), going forward and going back: an error that says
 * so, no gradient, nothing left; and the same solve works when there is room again. */
static void full_disk(void **state) {
  (void)state;
  signal(SIGXFSZ, SIG_IGN);
  for (int backward = 0; backward < 2; backward++) {
    double x0_bar[2] = {7, 7};
    lv w = open_lv(100, 0, 0);
    CHECK(w.context, og_options_set_text(w.options, "checkpoint-dir", directory));
    CHECK(w.context, og_options_set_integer(w.options, OG_OPT_DISK, 4000)); /* 100 slots */
    create_lv(&w, 100);
    if (backward) CHECK(w.context, og_solve_run(w.solve));
    limit_files(1000);
    assert_int_equal(backward ? pull_lv(&w, x0_bar) : og_solve_run(w.solve), OG_ERR_FILE);
    limit_files(RLIM_INFINITY);
    assert_non_null(strstr(og_context_message(w.context), directory));
    assert_true(x0_bar[0] == 7 && x0_bar[1] == 7);
    if (!backward) CHECK(w.context, og_solve_run(w.solve));
    CHECK(w.context, pull_lv(&w, x0_bar));
    close_lv(&w);
  }
}

static void no_such_directory(void **state) {
  (void)state;
  lv w = open_lv(100, 0, 0);
  og_solve_destroy(w.solve);
  CHECK(w.context, og_options_set_text(w.options, "checkpoint-dir", "/nowhere"));
  CHECK(w.context, og_solve_create(w.context, w.field, w.options, 1, &w.solve));
  CHECK(w.context, og_solve_set_initial_state(w.solve, 0, (double[]){1, 1}));
  CHECK(w.context, og_solve_set_parameters(w.solve, OG_ALL, (double[]){1.5, 1, 3, 1}));
  assert_int_equal(og_solve_run(w.solve), OG_ERR_FILE);
  assert_non_null(strstr(og_context_message(w.context), "/nowhere"));
  close_lv(&w);
}

/* ---- What is said ---- */

static void said_in_the_log(void **state) {
  (void)state;
  static result r;
  problem p = {.method = OG_METHOD_TSIT5, .count = 1, .rtol = 1e-8, .threads = 1};
  outcome o = solve_with(&p, &(keeping){.memory = least_budget(&p, NULL) + 2000}, &r);
  assert_int_equal(o.status, OG_OK);
  assert_non_null(strstr(o.log, "checkpoints (online)"));
  assert_non_null(strstr(o.log, "a gradient takes each step"));
  assert_true(o.recomputed > 0);
  o = solve_with(&p, &(keeping){0}, &r);
  assert_string_equal(o.log, "");
  assert_true(o.recomputed == 0);
}

static int make_directory(void **state) {
  (void)state;
  return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state) {
  (void)state;
  return rmdir(directory); /* fails when anything was left in it */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_method),
      cmocka_unit_test(every_store),
      cmocka_unit_test(batches_and_threads),
      cmocka_unit_test(segments),
      cmocka_unit_test(events),
      cmocka_unit_test(memory_of_events),
      cmocka_unit_test(least_of_quadrature),
      cmocka_unit_test(steps_of_lambda),
      cmocka_unit_test(run_again),
      cmocka_unit_test(dense_output),
      cmocka_unit_test(sensitivities),
      cmocka_unit_test(as_theory_has_it),
      cmocka_unit_test(places_that_were_not_kept),
      cmocka_unit_test(schedules_that_cannot_be),
      cmocka_unit_test(other_values_the_second_time),
      cmocka_unit_test(full_disk),
      cmocka_unit_test(no_such_directory),
      cmocka_unit_test(said_in_the_log),
  };
  return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
