/* Whatever computes can be ended from outside: from a callback, another thread, a signal; and goes on
 * afterwards. */
#include "counting.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- From a callback: after so many calls ---- */

typedef struct field_state {
  og_context *context;
  atomic_long calls;
  long end_at; /* 0: never */
} field_state;

static void count_call(field_state *s) {
  if (++s->calls == s->end_at) og_context_interrupt(s->context, 1);
}

static int rotate(double t, const double *x, const double *theta, double *f, void *user) {
  (void)t;
  count_call(user);
  f[0] = theta[0] * x[1], f[1] = -theta[0] * x[0];
  return 0;
}

static int rotate_vjp(double t, const double *x, const double *theta, const double *lambda, double *x_bar,
                      double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)t_bar;
  count_call(user);
  x_bar[0] = -theta[0] * lambda[1], x_bar[1] = theta[0] * lambda[0];
  theta_bar[0] = lambda[0] * x[1] - lambda[1] * x[0];
  return 0;
}

typedef struct setting {
  field_state state;
  og_field *field;
  og_solve *solve;
} setting;

static void open_setting(setting *s, og_adjoint adjoint, size_t trajectories, const char *memory) {
  og_options *options;
  *s = (setting){.state = {.context = new_context()}};
  og_context *c = s->state.context;
  double theta = 1, x0[2] = {1, 0};
  assert_int_equal(og_field_create(c, 2, 1, rotate, &s->state, &s->field), OG_OK);
  assert_int_equal(og_field_set_vjp(s->field, rotate_vjp), OG_OK);
  assert_int_equal(og_options_create(c, &options), OG_OK);
  assert_int_equal(og_options_set_choice(options, OG_OPT_ADJOINT, adjoint), OG_OK);
  assert_int_equal(og_options_set_text(options, "memory", memory), OG_OK);
  assert_int_equal(og_solve_create(c, s->field, options, trajectories, &s->solve), OG_OK);
  og_options_destroy(options);
  assert_int_equal(og_solve_set_span(s->solve, OG_ALL, 0, 100), OG_OK);
  assert_int_equal(og_solve_set_initial_state(s->solve, OG_ALL, x0), OG_OK);
  assert_int_equal(og_solve_set_parameters(s->solve, OG_ALL, &theta), OG_OK);
}

static void close_setting(setting *s) {
  og_solve_destroy(s->solve);
  og_field_destroy(s->field);
  og_context_destroy(s->state.context);
}

static og_status pull_back(setting *s, double *theta_bar) {
  double bar[160] = {1, 2};
  return og_solve_pullback(
      s->solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = bar, .theta_bar = theta_bar});
}

static void is_interrupted(setting *s, og_status status) {
  assert_int_equal(status, OG_ERR_INTERRUPTED);
  assert_contains(og_context_message(s->state.context), "interrupted in a solve of ");
}

/* Every tenth or so of a run and its gradient; then all again gives the bits of a run that nobody
 * interrupted. */
static void anywhere(og_adjoint adjoint, size_t trajectories, const char *memory) {
  setting s;
  double expected = 0;
  open_setting(&s, adjoint, trajectories, memory);
  assert_int_equal(og_solve_run(s.solve), OG_OK);
  long run = s.state.calls;
  assert_int_equal(pull_back(&s, &expected), OG_OK);
  long all = s.state.calls;
  for (int part = 1; part < 20; part++) {
    double theta_bar = 0, x[2] = {7, 7};
    s.state.calls = 0;
    s.state.end_at = 1 + part * all / 20;
    og_status status = og_solve_run(s.solve);
    if (s.state.end_at <= run) {
      is_interrupted(&s, status);
      assert_int_equal(og_solve_final(s.solve, 0, x), OG_ERR_STATE);
      assert_true(x[0] == 7);
      is_interrupted(&s, og_solve_run(s.solve)); /* until it is taken back */
    } else {
      assert_int_equal(status, OG_OK);
      is_interrupted(&s, pull_back(&s, &theta_bar));
    }
    assert_true(theta_bar == 0);
    og_context_interrupt(s.state.context, 0);
    s.state.end_at = 0;
    assert_int_equal(og_solve_run(s.solve), OG_OK);
    assert_int_equal(pull_back(&s, &theta_bar), OG_OK);
    assert_memory_equal(&theta_bar, &expected, sizeof expected);
  }
  close_setting(&s);
}

static void solves(void **state) {
  (void)state;
  for (int adjoint = OG_ADJOINT_DISCRETE; adjoint <= OG_ADJOINT_QUADRATURE; adjoint++)
    anywhere((og_adjoint)adjoint, 1, "0");
  anywhere(OG_ADJOINT_DISCRETE, 80, "0");
  anywhere(OG_ADJOINT_DISCRETE, 1, "136KiB");
}

/* ---- From another thread ---- */

static void *interrupt_soon(void *context) {
  nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
  og_context_interrupt(context, 1);
  return NULL;
}

static void another_thread(void **state) {
  (void)state;
  setting s;
  pthread_t thread;
  open_setting(&s, OG_ADJOINT_BACKSOLVE, 1, "0");
  assert_int_equal(og_solve_set_span(s.solve, OG_ALL, 0, 1e5), OG_OK);
  assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, s.state.context), 0);
  og_status status = og_solve_run(s.solve);
  if (status != OG_ERR_TOO_MANY_STEPS) is_interrupted(&s, status); /* where the thread came late */
  assert_int_equal(pthread_join(thread, NULL), 0);
  close_setting(&s);
}

/* ---- Fits and compilers ---- */

static int interrupt_at_third(const og_progress *progress, void *context) {
  if (progress->iteration == 3) og_context_interrupt(context, 1);
  return 0;
}

static void a_fit_ends_with_its_best_point(void **state) {
  (void)state;
  static const char text[] = "param a = 1, b = 0.1\ninit x = a\nx' = -b*x\nobserve x ~ normal(x, 1)\n",
                    csv[] = "t,x\n0,5\n1,3\n2,2\n3,1.2\n";
  og_context *context = new_context();
  og_model *model;
  og_table *table;
  og_objective *objective;
  og_fit *fit;
  double loss, theta[2];
  assert_int_equal(og_model_parse(context, "m", text, strlen(text), &model), OG_OK);
  assert_int_equal(og_table_parse_csv(context, "d", csv, strlen(csv), &table), OG_OK);
  assert_int_equal(og_objective_create(context, model, table, NULL, &objective), OG_OK);
  assert_int_equal(og_fit_run(objective, NULL, NULL, interrupt_at_third, context, &fit), OG_OK);
  assert_contains(og_fit_reason(fit), "interrupted");
  assert_false(og_fit_converged(fit));
  double reached = og_fit_loss(fit);
  assert_int_equal(og_fit_estimate(fit, theta), OG_OK);
  og_fit_destroy(fit);
  assert_int_equal(og_fit_run(objective, NULL, NULL, NULL, NULL, &fit),
                   OG_ERR_INTERRUPTED); /* no point yet */
  assert_null(fit);
  og_context_interrupt(context, 0);
  assert_int_equal(og_objective_evaluate(objective, theta, &loss, NULL), OG_OK);
  assert_true(loss == reached);
  og_objective_destroy(objective);
  og_table_destroy(table);
  og_model_destroy(model);
  og_context_destroy(context);
}

/* ---- The tool ---- */

static char folder[] = "/tmp/odegrad-interrupt-XXXXXX";

static int count_files(void) {
  int count = 0;
  DIR *directory = opendir(folder);
  assert_non_null(directory);
  for (struct dirent *entry; (entry = readdir(directory));) count += entry->d_name[0] != '.';
  closedir(directory);
  return count;
}

static void write_file(const char *name, const char *text, mode_t mode) {
  char path[128];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  assert_int_equal(fclose(file), 0);
  assert_int_equal(chmod(path, mode), 0);
}

/* Starts the tool with these arguments in the folder, waits, sends `number`; what waitpid says. */
static int end_tool(const char *const *arguments, int number, int ignore_children) {
  char tool[1024];
  assert_non_null(realpath(getenv("ODEGRAD_TOOL"), tool));
  fflush(NULL);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    int null = open("/dev/null", O_RDWR);
    dup2(null, 1), dup2(null, 2);
    if (chdir(folder) != 0) _exit(99);
    setenv("TMPDIR", ".", 1);
    if (ignore_children) signal(SIGCHLD, SIG_IGN);
    execv(tool, (char *const *)(void *)arguments);
    _exit(99);
  }
  if (number) {
    nanosleep(&(struct timespec){.tv_nsec = 400000000}, NULL);
    kill(child, number);
  }
  int outcome = 0;
  assert_int_equal(waitpid(child, &outcome, 0), child);
  return outcome;
}

/* A solve that would take minutes is ended by the signal, and leaves nothing; so is one whose compiler
 * sleeps. */
static void signals_end_the_tool(void **state) {
  (void)state;
  if (!getenv("ODEGRAD_TOOL")) skip();
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
  assert_non_null(mkdtemp(folder));
  write_file("m.ode",
             "param k = 1000\ninit x = 1, y = 0\nx' = k*y\ny' = -k*x\ncost final = x\ntime 0 : 1e6\n", 0644);
  write_file("cc", "#!/bin/sh\nsleep 1000\n", 0755);
  int before = count_files();
  for (size_t i = 0; i < 3; i++) {
    const char *solve[] = {"odegrad", "solve", "m.ode",     "--max-steps", "1000000000",
                           "--out",   "o.csv", "--adjoint", "backsolve",   NULL};
    int outcome = end_tool(solve, numbers[i], 0);
    assert_true(WIFSIGNALED(outcome) && WTERMSIG(outcome) == numbers[i]);
    assert_int_equal(count_files(), before);
    const char *grad[] = {"odegrad",    "grad",      "m.ode",     "--max-steps",
                          "1000000000", "--adjoint", "backsolve", NULL};
    outcome = end_tool(grad, numbers[i], 0);
    assert_true(WIFSIGNALED(outcome) && WTERMSIG(outcome) == numbers[i]);
    setenv("CC", "./cc", 1);
    const char *compile[] = {"odegrad", "solve", "m.ode", "--compile", NULL};
    outcome = end_tool(compile, numbers[i], 0);
    unsetenv("CC");
    assert_true(WIFSIGNALED(outcome) && WTERMSIG(outcome) == numbers[i]);
    assert_int_equal(count_files(), before);
  }
}

/* Where children are not waited for, the outcome of the compiler is not known. */
static void compiles_where_children_are_ignored(void **state) {
  (void)state;
  if (!getenv("ODEGRAD_TOOL") || !strstr(folder, "/tmp/") || strstr(folder, "XXXXXX")) skip();
  write_file("short.ode", "init x = 1\nx' = -x\ntime 0 : 1\n", 0644);
  int before = count_files();
  const char *solve[] = {"odegrad", "solve", "short.ode", "--compile", NULL};
  int outcome = end_tool(solve, 0, 1);
  assert_true(WIFEXITED(outcome));
  assert_int_equal(WEXITSTATUS(outcome), 0);
  assert_int_equal(count_files(), before);
}

static int clean(void **state) {
  (void)state;
  static const char *const names[] = {"m.ode", "cc", "short.ode", "o.csv"};
  char path[128];
  for (size_t i = 0; i < 4; i++) snprintf(path, sizeof path, "%s/%s", folder, names[i]), unlink(path);
  rmdir(folder);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(solves), cmocka_unit_test(another_thread),
                                     cmocka_unit_test(a_fit_ends_with_its_best_point),
                                     cmocka_unit_test(signals_end_the_tool),
                                     cmocka_unit_test(compiles_where_children_are_ignored)};
  return cmocka_run_group_tests(tests, NULL, clean);
}
