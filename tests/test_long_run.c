/* Promise 3, from outside: the gradient of a million steps under a budget of 16 MiB, in a process of its own,
 * whose peak of resident memory is compared with that of the same process with ten steps. Under sanitizers it
 * is a sixteenth of that, by a quarter of the budget: the states are still twice as much. */
#include "fields.h"
#include "sanitized.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STATES = 16, STEPS = SANITIZED ? 62500 : 1000000, BUDGET = (SANITIZED ? 4 : 16) << 20 };

/* A chain of damped oscillators, one forced: x' = v, v' = coupling - k x - c v. */
static int chain_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)user;
  for (int i = 0; i < STATES / 2; i++) {
    double left = i ? x[i - 1] : sin(t), right = i + 1 < STATES / 2 ? x[i + 1] : 0;
    f[i] = x[STATES / 2 + i];
    f[STATES / 2 + i] = left + right - p[0] * x[i] - p[1] * x[STATES / 2 + i];
  }
  return 0;
}

static int chain_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                     double *theta_bar, double *t_bar, void *user) {
  (void)user;
  for (int i = 0; i < STATES / 2; i++) {
    double own = l[STATES / 2 + i];
    x_bar[i] += -p[0] * own;
    x_bar[STATES / 2 + i] = l[i] - p[1] * own;
    if (i) x_bar[i - 1] += own;
    if (i + 1 < STATES / 2) x_bar[i + 1] += own;
    theta_bar[0] -= x[i] * own;
    theta_bar[1] -= x[STATES / 2 + i] * own;
  }
  *t_bar = cos(t) * l[STATES / 2];
  return 0;
}

typedef struct outcome {
  double theta_bar[2];
  long long steps, recomputed, bytes;
} outcome;

/* The whole life of a solve; sends its outcome through a pipe. */
static int child(int to, int steps, long long budget) {
  og_context *context = NULL;
  og_field *field = NULL;
  og_options *options = NULL;
  og_solve *solve = NULL;
  double x0[STATES] = {1}, final_bar[STATES] = {1};
  outcome o = {{0}, 0, 0, 0};
  int bad = og_context_create(NULL, NULL, NULL, &context) ||
            og_field_create(context, STATES, 2, chain_rhs, NULL, &field) ||
            og_field_set_vjp(field, chain_vjp) || og_options_create(context, &options) ||
            og_options_set_choice(options, OG_OPT_METHOD, OG_METHOD_BS32) ||
            og_options_set_real(options, OG_OPT_MAX_STEP, 0.01) ||
            og_options_set_integer(options, OG_OPT_MAX_STEPS, 10 * STEPS) ||
            og_options_set_integer(options, OG_OPT_MEMORY, budget) ||
            og_solve_create(context, field, options, 1, &solve) ||
            og_solve_set_span(solve, 0, 0, 0.01 * steps) || og_solve_set_initial_state(solve, 0, x0) ||
            og_solve_set_parameters(solve, 0, (double[]){3, 0.01}) || og_solve_run(solve) ||
            og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                           .final_bar = final_bar, .theta_bar = o.theta_bar});
  if (bad) fprintf(stderr, "%s\n", og_context_message(context));
  o.steps = og_solve_stat(solve, OG_STAT_STEPS);
  o.recomputed = og_solve_stat(solve, OG_STAT_RECOMPUTED_STEPS);
  o.bytes = og_solve_stat(solve, OG_STAT_CHECKPOINT_BYTES);
  bad |= write(to, &o, sizeof o) != sizeof o;
  return bad;
}

/* Its peak of resident memory, in bytes. */
static long long in_a_process(int steps, long long budget, outcome *o) {
  int ends[2], status = 0;
  struct rusage used;
  assert_int_equal(pipe(ends), 0);
  pid_t process = fork();
  if (process == 0) _exit(child(ends[1], steps, budget));
  assert_int_equal(read(ends[0], o, sizeof *o), sizeof *o);
  assert_int_equal(wait4(process, &status, 0, &used), process);
  assert_int_equal(status, 0);
  close(ends[0]), close(ends[1]);
  return (long long)used.ru_maxrss * 1024;
}

/* Pages of the process that come and go beside the budget: what the C library needs for its own heap and
 * stack. */
static const long long SLACK = 1 << 20;

static void a_million_steps(void **state) {
  (void)state;
  outcome few, many;
  long long baseline = in_a_process(10, BUDGET, &few), peak = in_a_process(STEPS, BUDGET, &many);
  printf("%lld steps: %.2f MiB above a process of %lld steps (budget %d, counted %.2f), each step advanced "
         "%.3f times "
         "more\n",
         many.steps, (double)(peak - baseline) / (1 << 20), few.steps, BUDGET >> 20,
         (double)many.bytes / (1 << 20), (double)many.recomputed / (double)many.steps);
  assert_true(many.steps >= STEPS);
  assert_true(many.bytes <= BUDGET);
  assert_true(peak - baseline <= BUDGET + SLACK);
  assert_true(many.recomputed > 0);
  assert_true(isfinite(many.theta_bar[0]) && many.theta_bar[0] != 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_million_steps)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
