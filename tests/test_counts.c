/* What the statistics say against what was called: callbacks that count themselves. With fixed steps the
 * method dictates the numbers. */
#include "fields.h"

static long long calls[3]; /* of rhs, vjp, jvp: one thread */

static int rhs(double t, const double *x, const double *p, double *f, void *user) {
  calls[0]++;
  return lv_rhs(t, x, p, f, user);
}
static int vjp(double t, const double *x, const double *p, const double *l, double *x_bar, double *theta_bar,
               double *t_bar, void *user) {
  calls[1]++;
  return lv_vjp(t, x, p, l, x_bar, theta_bar, t_bar, user);
}
static int jvp(double t, const double *x, const double *p, double dt, const double *dx, const double *dp,
               double *f_dot, void *user) {
  calls[2]++;
  return lv_jvp(t, x, p, dt, dx, dp, f_dot, user);
}

static int jacobian(double t, const double *x, const double *p, double *values, void *user) {
  (void)t, (void)user;
  values[0] = p[0] - p[1] * x[1], values[1] = -p[1] * x[0];
  values[2] = p[3] * x[1], values[3] = -p[2] + p[3] * x[0];
  return 0;
}

typedef struct kind {
  og_method method;
  og_adjoint adjoint;
  int steps, control, observed; /* observations inside steps */
  size_t count;
  int implicit; /* the Jacobian is given, and is none of what is counted */
} kind;

typedef struct counted {
  og_context *context;
  og_field *field;
  og_options *options;
  og_solve *solve;
} counted;

static counted open_counted(const kind *k) {
  counted c = {.context = new_context()};
  CHECK(c.context, og_context_set_threads(c.context, 1));
  CHECK(c.context, og_field_create(c.context, 2, 4, rhs, NULL, &c.field));
  CHECK(c.context, og_field_set_vjp(c.field, vjp));
  CHECK(c.context, og_field_set_jvp(c.field, jvp));
  if (k->implicit) CHECK(c.context, og_field_set_jacobian(c.field, jacobian, 0, NULL, NULL));
  c.options = new_options(c.context, OG_METHOD_TSIT5, 1e-6, 1e-8);
  CHECK(c.context, og_options_set_integer(c.options, OG_OPT_STEPS, k->steps));
  CHECK(c.context, og_options_set_choice(c.options, OG_OPT_METHOD, (int)k->method));
  CHECK(c.context, og_options_set_choice(c.options, OG_OPT_ADJOINT, (int)k->adjoint));
  CHECK(c.context, og_options_set_choice(c.options, OG_OPT_GRADIENT_CONTROL, k->control));
  CHECK(c.context, og_solve_create(c.context, c.field, c.options, k->count, &c.solve));
  CHECK(c.context, og_solve_set_parameters(c.solve, OG_ALL, (double[]){1.5, 1, 3, 1}));
  for (size_t m = 0; m < k->count; m++) {
    double end = 1 + 0.3 * (double)m;
    CHECK(c.context, og_solve_set_initial_state(c.solve, m, (double[]){1, 1 + 0.1 * (double)m}));
    CHECK(c.context, og_solve_set_span(c.solve, m, 0, end));
    if (k->observed)
      CHECK(c.context, og_solve_set_observations(c.solve, m, 2, (double[]){0.31 * end, 0.77 * end}));
  }
  memset(calls, 0, sizeof calls);
  return c;
}

static void close_counted(counted *c) {
  og_solve_destroy(c->solve);
  og_options_destroy(c->options);
  og_field_destroy(c->field);
  og_context_destroy(c->context);
}

static void said_is_called(const counted *c, const kind *k, const char *when) {
  static const char *const names[] = {"rhs", "vjp", "jvp"};
  for (int i = 0; i < (k->implicit ? 2 : 3); i++) { /* jvps also check the Jacobian */
    long long said = og_solve_stat(c->solve, (og_stat)(OG_STAT_RHS_EVALS + i));
    if (said != calls[i])
      fail_msg("%s, method %d, adjoint %d, steps %d, control %d, observed %d, %zu trajectories: "
               "%lld calls "
               "of %s, and %lld were said",
               when, k->method, k->adjoint, k->steps, k->control, k->observed, k->count, calls[i], names[i],
               said);
  }
}

enum { TRAJECTORIES = 5 };

static void count(const kind *k) {
  counted c = open_counted(k);
  double final_bar[2 * TRAJECTORIES], observed_bar[4 * TRAJECTORIES];
  double x_bar[2 * TRAJECTORIES] = {0}, theta_bar[4] = {0}, t1_bar[TRAJECTORIES];
  for (int i = 0; i < 2 * TRAJECTORIES; i++) final_bar[i] = 1;
  for (int i = 0; i < 4 * TRAJECTORIES; i++) observed_bar[i] = 0.5;
  CHECK(c.context, og_solve_run(c.solve));
  said_is_called(&c, k, "the run");
  CHECK(c.context,
        og_solve_pullback(c.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                         .observed_bar = k->observed ? observed_bar : NULL,
                                                         .final_bar = final_bar, .x0_bar = x_bar,
                                                         .theta_bar = theta_bar}));
  said_is_called(&c, k, "the gradient");
  if (k->adjoint == OG_ADJOINT_DISCRETE) {
    CHECK(c.context,
          og_solve_pushforward(c.solve, &(og_pushforward_arrays){OG_INIT(og_pushforward_arrays),
                                                                 .x0_dot = final_bar, .final_dot = x_bar}));
    said_is_called(&c, k, "tangents");
    CHECK(c.context, og_solve_replay(c.solve));
    CHECK(c.context, og_solve_pullback(c.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                      .final_bar = final_bar, .x0_bar = x_bar,
                                                                      .t1_bar = t1_bar}));
    said_is_called(&c, k, "the replay");
  }
  close_counted(&c);
}

static int has_steps_of_its_own(int method) {
  return method >= OG_METHOD_BS32; /* the others have no estimate of errors */
}

static void what_is_said_was_called(void **state) {
  (void)state;
  for (int method = 0; method < EXPLICIT_METHODS; method++)
    for (int adjoint = OG_ADJOINT_DISCRETE; adjoint <= OG_ADJOINT_FORWARD; adjoint++)
      for (int variant = 0; variant < 16; variant++) {
        kind k = {.method = (og_method)method,
                  .adjoint = (og_adjoint)adjoint,
                  .steps = variant % 2 ? 20 : 0,
                  .control = variant / 2 % 2 ? OG_CONTROL_NONE : OG_CONTROL_REFINE,
                  .observed = variant / 4 % 2,
                  .count = variant / 8 ? TRAJECTORIES : 1};
        if (k.steps || has_steps_of_its_own(method)) count(&k);
      }
}

/* Implicit methods as well, whose iterations take as many as they take. With fixed steps, and with their own.
 */
static void implicit_ones_too(void **state) {
  (void)state;
  for (int method = OG_METHOD_KVAERNO5; method <= OG_METHOD_IMPLICIT_MIDPOINT; method++)
    for (int variant = 0; variant < 16; variant++) {
      kind k = {.method = (og_method)method,
                .adjoint = variant / 8 ? OG_ADJOINT_FORWARD : OG_ADJOINT_DISCRETE,
                .steps = variant % 2 ? 20 : 0,
                .control = OG_CONTROL_NONE,
                .observed = variant / 2 % 2,
                .count = variant / 4 % 2 ? TRAJECTORIES : 1,
                .implicit = 1};
      if (k.steps || method <= OG_METHOD_RADAU9) count(&k);
    }
}

/* N steps take N evaluations of each stage, of which one is the next step's first where the method is made so
 * (first same as last); going back each is evaluated again, but the last, and pulled back, and a tangent
 * takes f and its product at each. */
static void methods_dictate_them(void **state) {
  (void)state;
  static const struct {
    int stages, again; /* the first one is the last of the step before */
  } methods[] = {{1, 0}, {2, 0}, {2, 0}, {4, 0}, {3, 1}, {6, 1}, {6, 1}, {12, 1}};
  assert_int_equal(sizeof methods / sizeof *methods, EXPLICIT_METHODS);
  for (int method = 0; method < EXPLICIT_METHODS; method++)
    for (size_t trajectories = 1; trajectories <= TRAJECTORIES; trajectories += 2) {
      kind k = {.method = (og_method)method, .steps = 100, .control = OG_CONTROL_NONE, .count = trajectories};
      counted c = open_counted(&k);
      double bars[2 * TRAJECTORIES] = {1, 2, 3, 4}, x_bar[2 * TRAJECTORIES] = {0}, theta_bar[4] = {0};
      long long stages = methods[method].stages, steps = 100 * (long long)trajectories;
      CHECK(c.context, og_solve_run(c.solve));
      assert_int_equal(og_solve_stat(c.solve, OG_STAT_STEPS), steps);
      assert_int_equal(og_solve_stat(c.solve, OG_STAT_REJECTED), 0);
      long long forward = calls[0];
      assert_int_equal(forward, stages * steps + methods[method].again * (long long)trajectories);
      CHECK(c.context,
            og_solve_pullback(c.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = bars,
                                                             .x0_bar = x_bar, .theta_bar = theta_bar}));
      assert_int_equal(calls[0] - forward, (stages - 1) * steps);
      assert_int_equal(calls[1], stages * steps);
      long long before = calls[0];
      CHECK(c.context,
            og_solve_pushforward(c.solve, &(og_pushforward_arrays){OG_INIT(og_pushforward_arrays),
                                                                   .x0_dot = bars, .final_dot = x_bar}));
      assert_int_equal(calls[0] - before, stages * steps);
      assert_int_equal(calls[2], stages * steps);
      close_counted(&c);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_said_was_called),
                                     cmocka_unit_test(implicit_ones_too),
                                     cmocka_unit_test(methods_dictate_them)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
