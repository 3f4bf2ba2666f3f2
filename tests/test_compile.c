/* Compiled equations against the interpreter, bit for bit: every function of the field, every kind of
 * operation, every size of a block; solves and gradients in both precisions; what compiling refuses, and how.
 * That the interpreter is right is tested elsewhere. */
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/real.h"
#include "field/field.h"
#include "models.h"

/* Every elementwise operation; functions of the library side by side and one inside the other; vectors,
 * matrices, sums. States lie around 0, so that both sides of every comparison occur. */
static const char *const texts[] = {
    "param p1 = 1.5, p2 = 1, p3 = 3, p4 = 1\ninit x = 1\ninit y = 1\n"
    "x' = p1*x - p2*x*y\ny' = -p3*y + p4*x*y\n",
    "param a = 0.3, b = 0.7\ninit x = 1\ninit y = 0.5\ninit z = 0\n"
    "x' = where(x > y, a*exp(-x), b*x/(1 + y^2)) + min(x, y) - max(a, x*y) + cos(t)\n"
    "y' = tanh(a*x + sin(b*y)) + abs(x)^1.3 - sqrt(1 + z^2) + relu(x) + sigmoid(y)*softplus(z)\n"
    "z' = log1p(x^2)*where(x <= 0.1, 1, 0.2*y) - where(y >= z, x, where(x < z, y, -z)) + 0.1*t\n",
    "param A[3, 3] = [[-1, 0.2, 0.1], [0.3, -2, 0.4], [0.5, 0.6, -3]]\nparam w[3] = [1, 2, 3]\n"
    "const B = [[1, 2, 0.5], [0, 1, -1], [0.1, 0.2, 0.3]]\n"
    "init x = [1, -0.5, 2]\ninit s = 0\n"
    "x' = A*x + tanh(B*x)*dot(w, x) - 0.1*x\n"
    "s' = dot(x, w) - sum(x) + norm2(x) - s\ncost integral = dot(x, x) + s^2\n",
    "param k = 2\ninit x = 1\nx' = exp(-k*t) - x\n",
    "param a = 0.4, b = 1.5\ninit x = 0.5\ninit y = -0.7\n"
    "x' = atan2(a, y - b) + log10(1 + x^2) - 0.1*lgamma(2 + y^2) + atan2(x^2, b)*sign(b - 1)\n"
    "y' = expm1(-a*x^2) - floor(5*a)*0.1 + min(x, y, a) - max([x, y, -b])\n",
    "init x = 1\ninit y = 0\nx' = y\ny' = -x\n",
    /* plain arithmetic, which stays in registers, of one state and of many, with time */
    "param a = 0.5\ninit x = 1\nx' = a*t - x\n",
    "param a = 0.5, b = 2\ninit u = 1\ninit v = 1\ninit w = 0\ninit x = 0.5\ninit y = -1\n"
    "u' = a*(v - u)\nv' = b*u - v - u*w\nw' = u*v - w*t\nx' = y/(2 + u*u)\ny' = -x - a*y\n",
};
enum { TEXTS = sizeof texts / sizeof *texts, ROWS_MOST = 16, BLOCK = ROWS_MOST * OG_LANES_MAX };

typedef struct blocks {
  double t[OG_LANES_MAX], t_dot[OG_LANES_MAX], t_u[OG_LANES_MAX], x[BLOCK], theta[BLOCK], lambda[BLOCK],
      x_dot[BLOCK], theta_dot[BLOCK];
} blocks;
typedef struct results {
  double f[BLOCK], x_bar[4][BLOCK], theta_bar[4][BLOCK], t_bar[OG_LANES_MAX], f_dot[2][BLOCK];
  double x_bar_dot[3][BLOCK], theta_bar_dot[3][BLOCK], t_bar_dot[OG_LANES_MAX], f_ddot[3][BLOCK],
      jacobian[ROWS_MOST * BLOCK];
} results;

static void *aligned(size_t bytes) {
  void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
  assert_non_null(memory);
  memset(memory, 0, bytes);
  return memory;
}

static blocks *random_blocks(void) {
  blocks *b = aligned(sizeof *b);
  og_rng rng;
  og_rng_seed(&rng, 5, 1);
  for (size_t i = 0; i < sizeof *b / sizeof(double); i++) ((double *)b)[i] = og_rng_normal(&rng);
  return b;
}

/* What implicit methods use: what they do not want is not asked for. */
static void run_implicit(const og_field *field, int lanes, const blocks *b, results *r,
                         og_lane_status *status, void *scratch) {
  const og_field_ops_d *ops = &field->ops_d;
  for (int k = 0; k < 3; k++) {
    ops->hessian(field, lanes, b->t, b->x, b->theta, b->lambda, k > 1 ? b->t_dot : NULL, b->x_dot,
                 k > 0 ? b->theta_dot : NULL, r->x_bar_dot[k], field->p ? r->theta_bar_dot[k] : NULL,
                 k > 1 ? r->t_bar_dot : NULL, status, scratch);
    ops->jvp_tangent(field, lanes, b->t, b->x, b->theta, k > 1 ? b->t_u : NULL, b->lambda,
                     k > 1 ? b->t_dot : NULL, b->x_dot, k > 0 ? b->theta_dot : NULL, r->f_ddot[k], status,
                     scratch);
  }
  ops->jacobian(field, lanes, b->t, b->x, b->theta, r->jacobian, status, scratch);
}

static results *run_all(const og_field *field, int lanes, const blocks *b) {
  og_lane_status status[OG_LANES_MAX] = {0};
  results *r = aligned(sizeof *r);
  void *scratch = aligned(field->scratch_bytes(field, lanes));
  const og_field_ops_d *ops = &field->ops_d;
  int with = field->p > 0;
  ops->eval(field, lanes, b->t, b->x, b->theta, r->f, status, scratch);
  for (int extent = 0; extent < 3; extent++)
    ops->vjp(field, lanes, b->t, b->x, b->theta, b->lambda, r->x_bar[extent],
             extent > 0 && with ? r->theta_bar[extent] : NULL, extent > 1 ? r->t_bar : NULL, status, scratch);
  for (int i = 0; i < BLOCK; i++) r->theta_bar[3][i] = b->x_dot[i]; /* something to add to */
  if (ops->vjp_add)
    ops->vjp_add(field, lanes, b->t, b->x, b->theta, b->lambda, r->x_bar[3], r->theta_bar[3], status,
                 scratch);
  ops->jvp(field, lanes, b->t, b->x, b->theta, NULL, b->x_dot, NULL, r->f_dot[0], status, scratch);
  ops->jvp(field, lanes, b->t, b->x, b->theta, b->t_dot, b->x_dot, b->theta_dot, r->f_dot[1], status,
           scratch);
  run_implicit(field, lanes, b, r, status, scratch);
  free(scratch);
  return r;
}

static void test_functions_of_fields(void **state) {
  static const int lanes[] = {1, 16, 48, 64};
  (void)state;
  blocks *b = random_blocks();
  for (size_t i = 0; i < TEXTS; i++) {
    og_context *context = new_context();
    og_model *plain = parse(context, texts[i]), *compiled = parse(context, texts[i]);
    CHECK(context, og_field_want_jacobian(context, og_model_field(plain)));
    if (i % 2) CHECK(context, og_field_want_jacobian(context, og_model_field(compiled)));
    CHECK(context, og_model_compile(compiled, OG_PRECISION_DOUBLE));
    CHECK(context, og_field_want_jacobian(context, og_model_field(compiled)));
    for (size_t k = 0; k < sizeof lanes / sizeof *lanes; k++) {
      results *one = run_all(og_model_field(plain), lanes[k], b);
      results *other = run_all(og_model_field(compiled), lanes[k], b);
      if (memcmp(one, other, sizeof *one)) fail_msg("model %zu, %d lanes: other bits", i, lanes[k]);
      free(one);
      free(other);
    }
    og_model_destroy(plain);
    og_model_destroy(compiled);
    og_context_destroy(context);
  }
  free(b);
}

/* ---- Solves ---- */

enum { MANY = 70, PARAMETERS_MOST = 16, STATES_MOST = 8 };
typedef struct outcome {
  double final[MANY][STATES_MOST], x0_bar[MANY][STATES_MOST], theta_bar[MANY][PARAMETERS_MOST], t0_bar[MANY],
      t1_bar[MANY];
} outcome;

/* `count` trajectories that differ in their parameters; with observations inside steps, and with cotangents
 * of times or without. */
static outcome *solve(og_context *context, const og_model *model, const og_options *options, size_t count,
                      int times) {
  const og_field *field = og_model_field(model);
  size_t n = field->n - field->quadratures, p = field->p;
  const double at[] = {0.15, 0.37, 0.5}, seed[] = {1, -2, 3, 0.5, 0.25, -1, 2, 1};
  outcome *o = aligned(sizeof *o);
  double theta[PARAMETERS_MOST], x0[STATES_MOST], *observed_bar = calloc(count * 3 * n, sizeof(double)),
                                                  *final_bar = calloc(count * n, sizeof(double));
  og_solve *s = NULL;
  assert_true(observed_bar && final_bar && n <= STATES_MOST && p <= PARAMETERS_MOST);
  CHECK(context, og_model_values(model, theta));
  CHECK(context, og_model_initial_state(model, 0, theta, x0));
  CHECK(context, og_solve_create(context, field, options, count, &s));
  CHECK(context, og_solve_set_span(s, OG_ALL, 0, 1));
  CHECK(context, og_solve_set_initial_state(s, OG_ALL, x0));
  CHECK(context, og_solve_set_observations(s, OG_ALL, 3, at));
  for (size_t m = 0; m < count; m++) {
    double own[PARAMETERS_MOST];
    for (size_t i = 0; i < p; i++) own[i] = theta[i] * (1 + 0.002 * (double)m);
    CHECK(context, og_solve_set_parameters(s, m, own));
    for (size_t i = 0; i < n; i++) final_bar[m * n + i] = seed[i];
    for (size_t i = 0; i < 3 * n; i++) observed_bar[m * 3 * n + i] = times ? 0.1 * seed[i % 8] : 0;
  }
  CHECK(context, og_solve_run(s));
  double *x0_bar = calloc(count * n, sizeof(double)), *theta_bar = calloc(count * p + 1, sizeof(double));
  assert_true(x0_bar && theta_bar);
  CHECK(context,
        og_solve_pullback(s, &(og_pullback_arrays){
                                 OG_INIT(og_pullback_arrays), .observed_bar = times ? observed_bar : NULL,
                                 .final_bar = final_bar, .x0_bar = x0_bar, .theta_bar = theta_bar,
                                 .t0_bar = times ? o->t0_bar : NULL, .t1_bar = times ? o->t1_bar : NULL}));
  for (size_t m = 0; m < count; m++) {
    CHECK(context, og_solve_final(s, m, o->final[m]));
    memcpy(o->x0_bar[m], x0_bar + m * n, n * sizeof(double));
    memcpy(o->theta_bar[m], theta_bar + m * p, p * sizeof(double));
  }
  og_solve_destroy(s);
  free(x0_bar), free(theta_bar), free(observed_bar), free(final_bar);
  return o;
}

typedef struct pair {
  og_context *context;
  og_model *plain, *compiled;
  og_precision precision;
} pair;

static void compare_solves(const pair *p, og_method method, size_t count, int times) {
  double tolerance = p->precision == OG_PRECISION_SINGLE ? 1e-4 : 1e-8;
  og_options *options = new_options(p->context, method, tolerance, tolerance);
  CHECK(p->context, og_options_set_choice(options, OG_OPT_PRECISION, (int)p->precision));
  outcome *one = solve(p->context, p->plain, options, count, times);
  outcome *other = solve(p->context, p->compiled, options, count, times);
  if (memcmp(one, other, sizeof *one))
    fail_msg("method %d, precision %d, %zu trajectories, times %d: other bits", (int)method,
             (int)p->precision, count, times);
  free(one);
  free(other);
  og_options_destroy(options);
}

static void test_solves_have_the_same_bits(void **state) {
  (void)state;
  for (size_t i = 0; i < 2 * TEXTS; i++) {
    pair p = {.context = new_context(), .precision = i % 2 ? OG_PRECISION_SINGLE : OG_PRECISION_DOUBLE};
    p.plain = parse(p.context, texts[i / 2]);
    p.compiled = parse(p.context, texts[i / 2]);
    CHECK(p.context, og_model_compile(p.compiled, p.precision));
    compare_solves(&p, OG_METHOD_DOP853, MANY, 0);
    compare_solves(&p, OG_METHOD_TSIT5, 20, 1);
    compare_solves(&p, OG_METHOD_HEUN, 40, 0);
    compare_solves(&p, OG_METHOD_DOP853, 1, 0);
    compare_solves(&p, OG_METHOD_DOP853, 1, 1);
    og_model_destroy(p.plain);
    og_model_destroy(p.compiled);
    og_context_destroy(p.context);
  }
}

static void test_set_needs_compiling_again(void **state) {
  (void)state;
  og_context *context = new_context();
  og_options *options = fine(context);
  og_model *plain = parse(context, texts[2]), *compiled = parse(context, texts[2]);
  const char *value = "[[1, 0, 0], [0, 1, 0], [0, 0, 2]]";
  CHECK(context, og_model_compile(compiled, OG_PRECISION_DOUBLE));
  CHECK(context, og_model_set(compiled, "B", value));
  CHECK(context, og_model_set(plain, "B", value));
  outcome *before = solve(context, compiled, options, 1, 0);
  CHECK(context, og_model_compile(compiled, OG_PRECISION_DOUBLE));
  CHECK(context, og_model_compile(compiled, OG_PRECISION_DOUBLE)); /* nothing more to do */
  outcome *after = solve(context, compiled, options, 1, 0), *truth = solve(context, plain, options, 1, 0);
  assert_memory_equal(before, truth, sizeof *truth);
  assert_memory_equal(after, truth, sizeof *truth);
  free(before), free(after), free(truth);
  og_model_destroy(plain);
  og_model_destroy(compiled);
  og_options_destroy(options);
  og_context_destroy(context);
}

/* ---- Refusals ---- */

static void expect_refusal(const char *compiler, const char *said, const char *try) {
  og_context *context = new_context();
  og_options *options = fine(context);
  og_model *model = parse(context, texts[0]);
  assert_int_equal(setenv("CC", compiler, 1), 0);
  assert_int_equal(og_model_compile(model, OG_PRECISION_DOUBLE), OG_ERR_UNSUPPORTED);
  assert_contains(og_context_message(context), said);
  assert_contains(og_context_message(context), try);
  assert_int_equal(unsetenv("CC"), 0);
  free(solve(context, model, options, 1, 0)); /* as before */
  CHECK(context, og_model_compile(model, OG_PRECISION_DOUBLE));
  og_model_destroy(model);
  og_options_destroy(options);
  og_context_destroy(context);
}

static void test_compilers_that_fail(void **state) {
  (void)state;
  static const char *const other = "environment variable CC", *const more = "larger stack (ulimit -s";
  expect_refusal("/no/such/compiler", "/no/such/compiler", other);
  expect_refusal("sh -c 'echo what an odd processor; exit 3'", "what an odd processor", other);
  expect_refusal("true", "was not made", other);
  /* The compiler, the shell that runs it, and a part of it, as gcc and clang put it. */
  expect_refusal("sh -c 'kill -SEGV $$'", "ended by a signal", more);
  expect_refusal("kill -SEGV $$ #", "ended by a signal", more);
  expect_refusal(
      "sh -c 'echo cc: internal compiler error: Segmentation fault signal terminated program cc1; exit 4'",
      "ended by a signal", more);
  expect_refusal("sh -c 'echo clang: error: clang frontend command failed due to signal; exit 1'",
                 "ended by a signal", more);
}

static void count_notes(const char *line, void *user) { *(int *)user += strstr(line, "MB of C") != NULL; }

/* Of a chain of definitions there is C by the megabyte, of which the user is told before the compiler runs.
 */
static void test_long_equations_are_noted(void **state) {
  (void)state;
  enum { DEFINITIONS = 500 };
  static char text[64 * DEFINITIONS + 200];
  size_t used = (size_t)snprintf(text, sizeof text, "param k = 1\ninit x = 1\nx' = d0\n");
  for (int i = 0; i < DEFINITIONS; i++)
    used +=
        (size_t)snprintf(text + used, sizeof text - used, "d%d = 0.5*log(1 + exp(d%d)) + 0.1*x\n", i, i + 1);
  snprintf(text + used, sizeof text - used, "d%d = k*x\n", DEFINITIONS);
  const char *const both[] = {text, texts[0]};
  assert_int_equal(setenv("CC", "false", 1), 0);
  for (int i = 0; i < 2; i++) {
    og_context *context = new_context();
    int notes = 0;
    og_context_set_log(context, count_notes, &notes);
    og_model *model = parse(context, both[i]);
    assert_int_equal(og_model_compile(model, OG_PRECISION_DOUBLE), OG_ERR_UNSUPPORTED);
    assert_int_equal(notes, i == 0);
    og_model_destroy(model);
    og_context_destroy(context);
  }
  assert_int_equal(unsetenv("CC"), 0);
}

static int entries_of(const char *path) {
  int count = 0;
  DIR *directory = opendir(path);
  assert_non_null(directory);
  while (readdir(directory)) count++;
  closedir(directory);
  return count;
}

static void test_temporary_directory(void **state) {
  (void)state;
  char own[] = "/tmp/odegrad-test-XXXXXX";
  og_context *context = new_context();
  og_model *model = parse(context, texts[0]);
  assert_non_null(mkdtemp(own));
  assert_int_equal(setenv("TMPDIR", own, 1), 0);
  CHECK(context, og_model_compile(model, OG_PRECISION_DOUBLE));
  assert_int_equal(setenv("CC", "false", 1), 0);
  assert_int_equal(og_model_compile(model, OG_PRECISION_SINGLE), OG_ERR_UNSUPPORTED);
  assert_int_equal(entries_of(own), 2); /* "." and ".." */
  assert_int_equal(rmdir(own), 0);
  assert_int_equal(og_model_compile(model, OG_PRECISION_SINGLE), OG_ERR_FILE);
  assert_contains(og_context_message(context), own);
  assert_int_equal(unsetenv("TMPDIR"), 0);
  assert_int_equal(unsetenv("CC"), 0);
  og_model_destroy(model);
  og_context_destroy(context);
}

/* A child that is compiling with what takes its time, in `own`; `alive` is closed when nothing of it runs. */
static pid_t start_slow_compiler(const char *own, int *alive) {
  char compiler[200];
  int ends[2];
  snprintf(compiler, sizeof compiler, "sh -c 'echo >%s/begun; sleep 300; exit 1'", own);
  assert_int_equal(pipe(ends), 0);
  int high = fcntl(ends[1], F_DUPFD, 50);
  close(ends[1]);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    close(ends[0]);
    setenv("CC", compiler, 1);
    og_context *context = new_context();
    og_model_compile(parse(context, texts[0]), OG_PRECISION_DOUBLE);
    _exit(0);
  }
  close(high);
  *alive = ends[0];
  return child;
}

static void wait_for_file(const char *own, const char *name) {
  char path[200];
  snprintf(path, sizeof path, "%s/%s", own, name);
  for (int i = 0; i < 3000 && access(path, F_OK) != 0; i++) /* 30 s at most */
    nanosleep(&(struct timespec){0, 10000000}, NULL);
  assert_int_equal(unlink(path), 0);
}

static void compile_once(void) {
  og_context *context = new_context();
  og_model *model = parse(context, texts[0]);
  CHECK(context, og_model_compile(model, OG_PRECISION_DOUBLE));
  og_model_destroy(model);
  og_context_destroy(context);
}

/* Nothing can be done on SIGKILL: the compiler ends all the same, and the next program that compiles removes
 * the directory; not that of one that is under way, nor what is not its own. */
static void test_what_is_killed(void **state) {
  (void)state;
  char own[] = "/tmp/odegrad-test-XXXXXX", other[100];
  int alive, status;
  assert_non_null(mkdtemp(own));
  assert_int_equal(setenv("TMPDIR", own, 1), 0);
  snprintf(other, sizeof other, "%s/odegrad-compile-another", own);
  assert_int_equal(mkdir(other, 0700), 0);
  pid_t child = start_slow_compiler(own, &alive);
  wait_for_file(own, "begun");
  compile_once();
  assert_int_equal(entries_of(own), 4);
  assert_int_equal(kill(child, SIGKILL), 0);
  assert_int_equal(waitpid(child, &status, 0), child);
  struct pollfd ended = {.fd = alive, .events = POLLIN};
  assert_int_equal(poll(&ended, 1, 30000), 1);
  assert_true(ended.revents & POLLHUP);
  close(alive);
  assert_int_equal(entries_of(own), 4);
  compile_once();
  assert_int_equal(entries_of(own), 3);
  assert_int_equal(rmdir(other), 0);
  assert_int_equal(rmdir(own), 0);
  assert_int_equal(unsetenv("TMPDIR"), 0);
}

static void test_too_many_operations(void **state) {
  (void)state;
  enum { LENGTH = 400000, PARTS = 12, TERMS = 900 };
  og_context *context = new_context();
  char *text = malloc(LENGTH);
  assert_non_null(text);
  int at = snprintf(text, LENGTH, "param k = 1\ninit x = 1\n");
  for (int part = 0; part < PARTS; part++) {
    at += snprintf(text + at, (size_t)(LENGTH - at), "y%d = 0", part);
    for (int i = 1; i <= TERMS; i++)
      at += snprintf(text + at, (size_t)(LENGTH - at), " + sin(%d*x)", part * TERMS + i);
    at += snprintf(text + at, (size_t)(LENGTH - at), "\n");
  }
  at += snprintf(text + at, (size_t)(LENGTH - at), "x' = k");
  for (int part = 0; part < PARTS; part++) at += snprintf(text + at, (size_t)(LENGTH - at), " + y%d", part);
  og_model *model = parse(context, text);
  assert_int_equal(og_model_compile(model, OG_PRECISION_DOUBLE), OG_ERR_UNSUPPORTED);
  assert_contains(og_context_message(context), "operations");
  og_model_destroy(model);
  og_context_destroy(context);
  free(text);
}

static void test_networks(void **state) {
  (void)state;
  og_context *context = new_context();
  og_model *model = parse(context, "net f = mlp(2, 4, 2; tanh)\ninit x = [1, 0]\nx' = f(x)\n");
  assert_int_equal(og_model_compile(model, OG_PRECISION_DOUBLE), OG_ERR_UNSUPPORTED);
  assert_contains(og_context_message(context), "network");
  og_model_destroy(model);
  og_context_destroy(context);
}

static og_status compile_briefly(og_context *context) {
  og_model *model = NULL;
  og_status status = og_model_create_from_text(context, "m", texts[3], strlen(texts[3]), &model);
  if (status == OG_OK) status = og_model_compile(model, OG_PRECISION_SINGLE);
  og_model_destroy(model);
  return status;
}

static void test_memory(void **state) {
  (void)state;
  fail_each_allocation(compile_briefly);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_functions_of_fields),
      cmocka_unit_test(test_solves_have_the_same_bits),
      cmocka_unit_test(test_set_needs_compiling_again),
      cmocka_unit_test(test_compilers_that_fail),
      cmocka_unit_test(test_long_equations_are_noted),
      cmocka_unit_test(test_temporary_directory),
      cmocka_unit_test(test_what_is_killed),
      cmocka_unit_test(test_too_many_operations),
      cmocka_unit_test(test_networks),
      cmocka_unit_test(test_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
