/* Promises 2 and 3: under any budget, in memory, in a file or in both, a gradient has the bits of the one
 * that keeps every state; and a budget is kept, by the account of the caller's allocator. */
#include "checkpoint_runs.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

static void every_method(void **state) {
  (void)state;
  for (int method = 0; method < EXPLICIT_METHODS; method++)
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
  for (int method = OG_METHOD_DOPRI5; method < EXPLICIT_METHODS; method++)
    for (size_t count = 1; count < 30; count += 16) {
      problem p = {.method = method, .count = count, .rtol = 1e-3, .adjoint = OG_ADJOINT_QUADRATURE};
      for (p.threads = 1; p.threads < 4; p.threads += SANITIZED ? 2 : 1) {
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
