/* Promises 2 and 3: under any budget, in memory, in a file or in both, a gradient has the bits of the one
 * that keeps every state; and a budget is kept, by the account of the caller's allocator. */
#include "fields.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

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

/* ---- One problem, many ways to keep its states ---- */

enum { MOST = 70, SEEN = 4 };

typedef struct problem {
  int method, precision, steps, threads, adjoint;
  size_t count;
  double rtol;
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
  CHECK(context, og_options_set_integer(options, OG_OPT_MEMORY, (long long)k->memory));
  CHECK(context, og_options_set_integer(options, OG_OPT_DISK, (long long)k->disk));
  CHECK(context, og_options_set_choice(options, OG_OPT_SCHEDULE, k->schedule));
  if (k->every) CHECK(context, og_options_set_integer(options, OG_OPT_EVERY, k->every));
  if (k->directory) CHECK(context, og_options_set_text(options, "checkpoint-dir", k->directory));
  return options;
}

static void set_trajectories(og_context *context, og_solve *solve, size_t count) {
  uint64_t seed = 11;
  for (size_t m = 0; m < count; m++) {
    double x0[RICH_STATES], theta[RICH_PARAMETERS], times[SEEN], t1 = 3 + 2 * noise(&seed);
    for (int i = 0; i < RICH_STATES; i++) x0[i] = 1 + 0.5 * noise(&seed);
    for (int i = 0; i < RICH_PARAMETERS; i++) theta[i] = 1 + 0.5 * noise(&seed);
    for (int k = 0; k < SEEN; k++) times[k] = m % 3 == 1 ? t1 : t1 * k / SEEN;
    CHECK(context, og_solve_set_span(solve, m, 0, t1));
    CHECK(context, og_solve_set_observations(solve, m, SEEN, times));
    CHECK(context, og_solve_set_initial_state(solve, m, x0));
    CHECK(context, og_solve_set_parameters(solve, m, theta));
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
  return og_solve_pullback(solve, observed_bar[0][0], final_bar[0], cost_bar, r->x0_bar[0], r->theta_bar[0],
                           r->t0_bar, r->t1_bar, r->times_bar[0]);
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
  return og_solve_pushforward(solve, r->x0_bar[0], NULL, r->t0_bar, NULL, NULL, NULL, r->final_dot[0], NULL);
}

static outcome solve_with(const problem *p, const keeping *k, result *r) {
  account a = {0};
  outcome o = {0};
  og_context *context = NULL;
  og_solve *solve = NULL;
  assert_int_equal(og_context_create(account_allocate, account_release, &a, &context), OG_OK);
  og_context_set_log(context, keep_line, &o);
  og_field *field = rich_field(context);
  og_options *options = options_of(context, p, k);
  memset(r, 0, sizeof *r);
  o.status = og_solve_create(context, field, options, p->count, &solve);
  if (o.status == OG_OK) {
    set_trajectories(context, solve, p->count);
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
  size_t least = least_budget(p, NULL);
  for (size_t more = 0; more < 100 * least; more = more < 4 ? more + 1 : 3 * more)
    expect_same(p, &(keeping){.memory = least + more}, &expected);
  assert_int_equal(solve_with(p, &(keeping){.memory = least - 1}, &(result){0}).status, OG_ERR_BUDGET);
}

static void all_stores(const problem *p) {
  static result expected;
  outcome o = solve_with(p, &(keeping){0}, &expected);
  if (o.status != OG_OK) fail_msg("%s", o.message);
  size_t least = least_budget(p, directory);
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
  for (int method = 0; method < OG_METHOD_COUNT; method++)
    for (int precision = 0; precision < 2; precision++) {
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
    for (int threads = 1; threads <= 3; threads++) {
      problem p = {.method = i % 2 ? OG_METHOD_DOP853 : OG_METHOD_BS32,
                   .count = counts[i],
                   .rtol = 1e-4,
                   .threads = threads};
      all_budgets(&p);
      if (threads == 3) all_stores(&p);
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
      cmocka_unit_test(sensitivities),
  };
  return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
