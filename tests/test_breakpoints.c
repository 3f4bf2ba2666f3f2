/* Breakpoints: times at which a right-hand side jumps. x' = -k x + c for t > b and -k x before it has a
 * closed form, with all its first and second derivatives, whatever moves the steps. Constant times that
 * models compare t with are breakpoints by themselves. */
#include "models.h"

#include <stdatomic.h>

/* ---- A field of callbacks ---- */

typedef struct jump {
  double at, lowest, highest; /* the jump; the times that f saw on each side of it: the last, the first */
  atomic_int within;          /* evaluations at the jump itself */
} jump;

static int is_late(double t, jump *j) {
  if (t == j->at) atomic_fetch_add(&j->within, 1);
  return t > j->at;
}
static int jump_rhs(double t, const double *x, const double *p, double *f, void *user) {
  f[0] = -p[0] * x[0] + (is_late(t, user) ? p[1] : 0);
  return 0;
}
static int jump_vjp(double t, const double *x, const double *p, const double *l, double *x_bar, double *p_bar,
                    double *t_bar, void *user) {
  (void)t_bar;
  x_bar[0] = -p[0] * l[0];
  p_bar[0] = -x[0] * l[0];
  p_bar[1] = is_late(t, user) ? l[0] : 0;
  return 0;
}
static int jump_jvp(double t, const double *x, const double *p, double t_dot, const double *dx,
                    const double *dp, double *f_dot, void *user) {
  (void)t_dot;
  f_dot[0] = -dp[0] * x[0] - p[0] * dx[0] + (is_late(t, user) ? dp[1] : 0);
  return 0;
}
static int jump_hessian(double t, const double *x, const double *p, const double *l, double dt,
                        const double *dx, const double *dp, double *x_bar_dot, double *p_bar_dot,
                        double *t_bar_dot, void *user) {
  (void)t, (void)dt, (void)x, (void)p, (void)t_bar_dot, (void)user;
  x_bar_dot[0] = -dp[0] * l[0];
  p_bar_dot[0] = -dx[0] * l[0];
  return 0;
}

/* x(t1) and its derivatives by x0, k, c, t0, t1, and by (k, k): the piece with c is that of times above b. */
typedef struct truth {
  double x, by_x0, by_k, by_c, by_t0, by_t1, by_kk;
} truth;

static truth truth_of(double b, double t0, double t1, double x0, double k, double c) {
  double span = t1 - t0, e = exp(-k * span), first = fmax(t0, fmin(b, t1)), last = fmax(first, t1);
  if (t1 < t0) first = t0, last = fmax(b, t1); /* back: with c from t0 to b, without it from there on */
  if (t1 < t0 && t0 <= b) last = first = t0;
  /* c times the integral of exp(-k (t1 - s)) over [first, last] */
  double u = t1 - first, v = t1 - last, eu = exp(-k * u), ev = exp(-k * v), g = (ev - eu) / k;
  double g_k = (-v * ev + u * eu) / k - (ev - eu) / (k * k);
  double g_kk =
      (v * v * ev - u * u * eu) / k - 2 * (-v * ev + u * eu) / (k * k) + 2 * (ev - eu) / (k * k * k);
  double x = x0 * e + c * g;
  return (truth){x,
                 e,
                 -span * x0 * e + c * g_k,
                 g,
                 (k * x0 - (t0 > b || (t0 == b && t1 > t0) ? c : 0)) * e,
                 -k * x + (t1 > b || (t1 == b && t0 > t1) ? c : 0),
                 span * span * x0 * e + c * g_kk};
}

typedef struct setting {
  og_adjoint adjoint;
  og_precision precision;
  og_method method;
  int budget, threads;
} setting;

enum { TRAJECTORIES = 9 };
static const double at = 2, k = 0.7, c = 3, x0 = 1.3;
/* Spans with the jump inside, outside, at either end; forward and back. */
static const double spans[TRAJECTORIES][2] = {{0, 3},   {1.9, 2.1}, {0, 1.5}, {2.5, 4}, {2, 3},
                                              {0.5, 2}, {3, 1},     {2, 0.5}, {3.5, 2}};

static og_field *jump_field(og_context *context, jump *j) {
  og_field *field = NULL;
  CHECK(context, og_field_create(context, 1, 2, jump_rhs, j, &field));
  CHECK(context, og_field_set_vjp(field, jump_vjp));
  CHECK(context, og_field_set_jvp(field, jump_jvp));
  CHECK(context, og_field_set_hessian(field, jump_hessian, NULL));
  CHECK(context, og_field_set_breakpoints(field, 3, (double[]){7, j->at, -5}));
  return field;
}

static og_solve *jump_solve(og_context *context, const og_field *field, const setting *s) {
  og_options *options = s->precision ? new_options(context, s->method, 1e-5, 1e-6) : fine(context);
  og_solve *solve = NULL;
  CHECK(context, og_options_set_choice(options, OG_OPT_ADJOINT, (int)s->adjoint));
  CHECK(context, og_options_set_choice(options, OG_OPT_PRECISION, (int)s->precision));
  CHECK(context, og_options_set_choice(options, OG_OPT_METHOD, (int)s->method));
  CHECK(context, og_options_set_integer(options, OG_OPT_THREADS, s->threads));
  if (s->budget) { /* few checkpoints: steps are taken again on the way back */
    CHECK(context, og_options_set_integer(options, OG_OPT_MEMORY, 400000));
    CHECK(context, og_options_set_choice(options, OG_OPT_SCHEDULE, OG_SCHEDULE_EVERY));
    CHECK(context, og_options_set_integer(options, OG_OPT_EVERY, 3));
  }
  CHECK(context, og_solve_create(context, field, options, TRAJECTORIES, &solve));
  CHECK(context, og_solve_set_initial_state(solve, OG_ALL, &x0));
  for (size_t m = 0; m < TRAJECTORIES; m++) {
    CHECK(context, og_solve_set_span(solve, m, spans[m][0], spans[m][1]));
    CHECK(context, og_solve_set_parameters(solve, m, (double[]){k, c}));
  }
  og_options_destroy(options);
  return solve;
}

static void expect(double got, double want, double tolerance, const char *what, size_t m, const setting *s) {
  if (!(fabs(got - want) <= tolerance * (1 + fabs(want))))
    fail_msg("%s of trajectory %zu: %.15g, not %.15g (adjoint %d, precision %d, method %d, budget %d)", what,
             m, got, want, (int)s->adjoint, (int)s->precision, (int)s->method, s->budget);
}

/* Tolerances are the solves' (1e-12 and, in single precision, 1e-5), a hundredfold for their accumulation. */
static void first_derivatives(og_context *context, og_solve *solve, const setting *s) {
  double ones[TRAJECTORIES], x_bar[TRAJECTORIES] = {0}, p_bar[TRAJECTORIES][2] = {{0}},
                             t0_bar[TRAJECTORIES] = {0}, t1_bar[TRAJECTORIES] = {0},
                             tolerance = s->precision ? 1e-3 : 1e-9;
  for (int m = 0; m < TRAJECTORIES; m++) ones[m] = 1;
  CHECK(context, og_solve_pullback(solve, &(og_pullback_arrays){
                                              OG_INIT(og_pullback_arrays), .final_bar = ones, .x0_bar = x_bar,
                                              .theta_bar = p_bar[0], .t0_bar = t0_bar, .t1_bar = t1_bar}));
  for (size_t m = 0; m < TRAJECTORIES; m++) {
    truth want = truth_of(at, spans[m][0], spans[m][1], x0, k, c);
    double x;
    CHECK(context, og_solve_final(solve, m, &x));
    expect(x, want.x, tolerance, "x", m, s);
    expect(x_bar[m], want.by_x0, tolerance, "dx/dx0", m, s);
    expect(p_bar[m][0], want.by_k, tolerance, "dx/dk", m, s);
    expect(p_bar[m][1], want.by_c, tolerance, "dx/dc", m, s);
    expect(t0_bar[m], want.by_t0, tolerance, "dx/dt0", m, s);
    expect(t1_bar[m], want.by_t1, tolerance, "dx/dt1", m, s);
  }
}

static void tangents(og_context *context, og_solve *solve, const setting *s) {
  double x_dot[TRAJECTORIES], p_dot[TRAJECTORIES][2], t0_dot[TRAJECTORIES], t1_dot[TRAJECTORIES],
      final_dot[TRAJECTORIES], product[TRAJECTORIES][2] = {{0}}, ones[TRAJECTORIES],
                               k_dot[TRAJECTORIES][2] = {{0}}, tolerance = s->precision ? 1e-3 : 1e-9;
  for (int m = 0; m < TRAJECTORIES; m++)
    x_dot[m] = 0.3, p_dot[m][0] = -0.4, p_dot[m][1] = 0.5, t0_dot[m] = 0.6, t1_dot[m] = -0.7, ones[m] = 1,
    k_dot[m][0] = 1;
  CHECK(context,
        og_solve_pushforward(solve, &(og_pushforward_arrays){OG_INIT(og_pushforward_arrays), .x0_dot = x_dot,
                                                             .theta_dot = p_dot[0], .t0_dot = t0_dot,
                                                             .t1_dot = t1_dot, .final_dot = final_dot}));
  CHECK(context,
        og_solve_hessian_product(solve, &(og_hessian_arrays){OG_INIT(og_hessian_arrays), .directions = 1,
                                                             .theta_dot = k_dot[0], .final_bar = ones,
                                                             .theta_bar_dot = product[0]}));
  for (size_t m = 0; m < TRAJECTORIES; m++) {
    truth d = truth_of(at, spans[m][0], spans[m][1], x0, k, c);
    expect(final_dot[m], 0.3 * d.by_x0 - 0.4 * d.by_k + 0.5 * d.by_c + 0.6 * d.by_t0 - 0.7 * d.by_t1,
           tolerance, "the tangent", m, s);
    expect(product[m][0], d.by_kk, tolerance, "d2x/dk2", m, s);
  }
}

static void all_derivatives(const setting *s) {
  og_context *context = new_context();
  jump j = {.at = at};
  og_field *field = jump_field(context, &j);
  og_solve *solve = jump_solve(context, field, s);
  CHECK(context, og_solve_run(solve));
  first_derivatives(context, solve, s);
  if (s->adjoint == OG_ADJOINT_DISCRETE && s->budget)
    assert_true(og_solve_stat(solve, OG_STAT_RECOMPUTED_STEPS) > 0);
  if (s->adjoint == OG_ADJOINT_DISCRETE) tangents(context, solve, s);
  if (s->adjoint == OG_ADJOINT_DISCRETE && !s->budget) {
    CHECK(context, og_solve_replay(solve));
    first_derivatives(context, solve, s);
  }
  assert_int_equal(j.within, 0);
  og_solve_destroy(solve);
  og_field_destroy(field);
  og_context_destroy(context);
}

static void every_adjoint_is_right_around_a_jump(void **state) {
  (void)state;
  for (int adjoint = OG_ADJOINT_DISCRETE; adjoint <= OG_ADJOINT_FORWARD; adjoint++)
    for (int single = 0; single < 2; single++)
      for (int budget = 0; budget < 2; budget++)
        all_derivatives(&(setting){(og_adjoint)adjoint, single ? OG_PRECISION_SINGLE : OG_PRECISION_DOUBLE,
                                   OG_METHOD_DOP853, budget, 1 + 2 * budget});
}

static void with_every_method(void **state) {
  (void)state;
  for (int method = OG_METHOD_DOPRI5; method <= OG_METHOD_DOP853; method++)
    all_derivatives(&(setting){OG_ADJOINT_DISCRETE, OG_PRECISION_DOUBLE, (og_method)method, 0, 1});
}

/* Equal steps: f is constant on each side of the jump (k = 0), so that Euler's method is exact, to rounding,
 * where no step goes over it; t0 and t1 may be at it. */
static void equal_steps_end_there(void **state) {
  (void)state;
  og_context *context = new_context();
  jump j = {.at = at};
  og_field *field = jump_field(context, &j);
  og_options *options = NULL;
  og_solve *solve = NULL;
  CHECK(context, og_options_create(context, &options));
  CHECK(context, og_options_set_choice(options, OG_OPT_METHOD, OG_METHOD_EULER));
  CHECK(context, og_options_set_integer(options, OG_OPT_STEPS, 7));
  CHECK(context, og_solve_create(context, field, options, TRAJECTORIES, &solve));
  CHECK(context, og_solve_set_initial_state(solve, OG_ALL, &x0));
  CHECK(context, og_solve_set_parameters(solve, OG_ALL, (double[]){0, c}));
  for (size_t m = 0; m < TRAJECTORIES; m++)
    CHECK(context, og_solve_set_span(solve, m, spans[m][0], spans[m][1]));
  CHECK(context, og_solve_run(solve));
  for (size_t m = 0; m < TRAJECTORIES; m++) {
    double x, t0 = spans[m][0], t1 = spans[m][1];
    CHECK(context, og_solve_final(solve, m, &x));
    assert_near(x, x0 + c * (fmax(t1 - at, 0) - fmax(t0 - at, 0)), 1e-14, "x", m);
  }
  assert_int_equal(j.within, 0);
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_field_destroy(field);
  og_context_destroy(context);
}

static void refusals(void **state) {
  (void)state;
  og_context *context = new_context();
  jump j = {.at = at};
  og_field *field = jump_field(context, &j);
  og_model *model = parse(context, "init x = 1\nx' = -x\n");
  assert_int_equal(og_field_set_breakpoints(field, 1, (double[]){NAN}), OG_ERR_NOT_FINITE);
  assert_int_equal(og_field_set_breakpoints(field, 1, NULL), OG_ERR_ARGUMENT);
  assert_int_equal(og_field_set_breakpoints((og_field *)og_model_field(model), 1, (double[]){1}),
                   OG_ERR_UNSUPPORTED);
  assert_int_equal(og_field_parameters(field), 2);
  CHECK(context, og_field_set_inputs(field, 3));
  assert_int_equal(og_field_parameters(field), 2);
  CHECK(context, og_field_set_breakpoints(field, 0, NULL));
  assert_int_equal(og_field_parameters(field), 2);
  assert_int_equal(og_field_inputs(field), 3);
  og_model_destroy(model);
  og_field_destroy(field);
  og_context_destroy(context);
}

/* ---- Models ---- */

typedef struct solved {
  og_context *context;
  og_model *model;
  og_objective *objective;
  char notes[2000];
  double theta[64], loss, gradient[64];
} solved;

static void note(const char *line, void *user) {
  solved *s = user;
  snprintf(s->notes + strlen(s->notes), sizeof s->notes - strlen(s->notes), "%s\n", line);
}

static void solve_model(solved *s, const char *text, og_adjoint adjoint, og_precision precision,
                        int compiled) {
  memset(s, 0, sizeof *s);
  s->context = new_context();
  og_context_set_log(s->context, note, s);
  s->model = parse(s->context, text);
  if (compiled) CHECK(s->context, og_model_compile(s->model, precision));
  og_options *options = precision ? new_options(s->context, OG_METHOD_TSIT5, 1e-6, 1e-6) : fine(s->context);
  CHECK(s->context, og_options_set_choice(options, OG_OPT_ADJOINT, (int)adjoint));
  CHECK(s->context, og_options_set_choice(options, OG_OPT_PRECISION, (int)precision));
  CHECK(s->context, og_objective_create(s->context, s->model, NULL, options, &s->objective));
  CHECK(s->context, og_model_values(s->model, s->theta));
  CHECK(s->context, og_objective_evaluate(s->objective, s->theta, &s->loss, s->gradient));
  og_options_destroy(options);
}

static void drop(solved *s) {
  og_objective_destroy(s->objective);
  og_model_destroy(s->model);
  og_context_destroy(s->context);
}

/* An event at time q moves all steps behind it, but not the jump. x(t1) = t1 - 2 whatever q is. With
 * exponential decay (k) x(t1) follows from the closed form above. */
static void an_event_does_not_move_the_jump(void **state) {
  (void)state;
  static const char text[] = "param q = 0.5, k = 0.7, c = 3\ninit x = 1.3, a = 0\n"
                             "x' = -k*x + where(t > 2, c, 0)\na' = 0\n"
                             "event now when t - q = 0 rising { a = a + 1 }\ncost final = x\ntime 0 : 3\n";
  truth want = truth_of(at, 0, 3, 1.3, 0.7, 3);
  for (int adjoint = OG_ADJOINT_DISCRETE; adjoint <= OG_ADJOINT_FORWARD; adjoint++)
    for (int single = 0; single < 2; single++) {
      solved s;
      double t0_bar, t1_bar, tolerance = single ? 1e-4 : 1e-9;
      solve_model(&s, text, (og_adjoint)adjoint, single ? OG_PRECISION_SINGLE : OG_PRECISION_DOUBLE, 0);
      CHECK(s.context, og_objective_time_gradient(s.objective, &t0_bar, &t1_bar));
      assert_near(s.loss, want.x, tolerance, "x", 0);
      assert_near(s.gradient[0], 0, tolerance, "dx/dq", (size_t)adjoint);
      assert_near(s.gradient[1], want.by_k, tolerance, "dx/dk", (size_t)adjoint);
      assert_near(s.gradient[2], want.by_c, tolerance, "dx/dc", (size_t)adjoint);
      assert_near(t0_bar, want.by_t0, tolerance, "dx/dt0", (size_t)adjoint);
      assert_near(t1_bar, want.by_t1, tolerance, "dx/dt1", (size_t)adjoint);
      assert_null(strstr(s.notes, "switch"));
      drop(&s);
    }
}

/* Each is 0 up to some time and c beyond it, or a kink: its integral from 0 to 3, by c, and whether the
 * moment of switching is known. The event moves steps. */
static void comparisons_of_models(void **state) {
  (void)state;
  static const struct {
    const char *rate;
    double integral;
    int known;
  } cases[] = {
      {"where(t > 2, 1, 0)", 1, 1},
      {"where(2 <= t, 1, 0)", 1, 1},
      {"where(t - 2 > 0, 1, 0)", 1, 1},
      {"where(2*t - 1 > t + 1, 1, 0)", 1, 1},
      {"where(t/3 > 2/3, 1, 0)", 1, 1},
      {"where(-(t + 1)/0.7 < -3/0.7, 1, 0)", 1, 1},
      {"where(t < 2, 0, 1)", 1, 1},
      {"where(t == 2, 5, 1)", 3, 1},
      {"where(t > 1 and t < 2.5, 1, 0)", 1.5, 1},
      {"where(not (t > 1) or t >= 2.5, 1, 0)", 1.5, 1},
      {"(1 + sign(t - 2))/2", 1, 1},
      {"max(0, t - 2)", 0.5, 1},
      {"min(t, 2)", 4, 1},
      {"relu(t - 2)", 0.5, 1},
      {"abs(t - 2)", 2.5, 1},
      {"sum(where(t > [1, 2], [1, 2], 0))", 4, 1},
      {"where(where(t > 2, 1, 0) > where(t > 1, 1, 0), 1, 0)", 0, 1},
      {"where(t > 2, where(t > 2.5, 3, 1), 0)", 2, 1},
      {"where(t > tau, 1, 0)", 1, 0},
      {"where(sin(pi*t/2) < 0, 1, 0)", 1, 0},
      {"where(floor(t/2) > 0.5, 1, 0)", 1, 0},
      {"where(y > 2, 1, 0)", 1, 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    solved s;
    char text[500];
    snprintf(text, sizeof text,
             "param c = 1, q = 0.3, tau = 2\ninit x = 0, y = 0, a = 0\nx' = c*(%s)\ny' = 1\na' = 0\n"
             "event now when t - q = 0 rising { a = 1 }\ncost final = x\ntime 0 : 3\n",
             cases[i].rate);
    solve_model(&s, text, OG_ADJOINT_DISCRETE, OG_PRECISION_DOUBLE, 0);
    int noted = strstr(s.notes, "the equations switch") != NULL;
    if (noted == cases[i].known) fail_msg("%s: noted %d: %s", cases[i].rate, noted, s.notes);
    /* within a piece the rates are constant or straight, and no step goes over a switch: to rounding */
    double tolerance = cases[i].known ? 1e-13 : 1e-8;
    assert_near(s.loss, cases[i].integral, tolerance, cases[i].rate, i);
    assert_near(s.gradient[0], cases[i].integral, tolerance, cases[i].rate, i);
    if (cases[i].known) assert_near(s.gradient[1], 0, 1e-13, cases[i].rate, i);
    drop(&s);
  }
}

/* Where rounding lets a comparison go over is where f does: the operations as they are decide. */
static void sides_are_those_of_the_operations(void **state) {
  (void)state;
  for (int i = 1; i < 200; i++) {
    solved s;
    char text[300];
    snprintf(text, sizeof text,
             "param c = 1\ninit x = 0\nx' = c*where((t + %d)/%d > %.17g, 1, 0)\ncost final = x\ntime 0 : 3\n",
             i, 3 * i, (1.5 + i) / (3 * i));
    solve_model(&s, text, OG_ADJOINT_DISCRETE, OG_PRECISION_DOUBLE, 0);
    assert_near(s.loss, 1.5, 1e-12, "x", (size_t)i);
    drop(&s);
  }
}

/* Seconds since 1970 in single precision: times are double. */
static void late_times_in_single_precision(void **state) {
  (void)state;
  solved s;
  solve_model(&s,
              "param c = 1\ninit x = 0\nx' = c*where(t > 1700000000.75, 1, 0)\ncost final = x\n"
              "time 1700000000 : 1700000002\n",
              OG_ADJOINT_DISCRETE, OG_PRECISION_SINGLE, 0);
  assert_near(s.loss, 1.25, 1e-6, "x", 0);
  assert_near(s.gradient[0], 1.25, 1e-6, "dx/dc", 0);
  drop(&s);
}

static const char network[] = "net f = mlp(1, 4, 1; tanh)\ninit x = 0.5\n"
                              "x' = f(x) + where(t > 2, 1, 0)\ncost final = x\ntime 0 : 3\n";

/* A network, whose weights all lanes share: the derivative by each weight against central differences, whose
 * error is about 1e-9. */
static void networks(void **state) {
  (void)state;
  for (int adjoint = OG_ADJOINT_DISCRETE; adjoint <= OG_ADJOINT_FORWARD; adjoint++) {
    solved s;
    solve_model(&s, network, (og_adjoint)adjoint, OG_PRECISION_DOUBLE, 0);
    CHECK(s.context, og_model_initialize(s.model, 3, s.theta));
    CHECK(s.context, og_objective_evaluate(s.objective, s.theta, &s.loss, s.gradient));
    size_t p = og_field_parameters(og_model_field(s.model));
    for (size_t i = 0; i < p; i++) {
      double sides[2], kept = s.theta[i];
      for (int side = 0; side < 2; side++) {
        s.theta[i] = kept + (side ? 1e-5 : -1e-5);
        CHECK(s.context, og_objective_evaluate(s.objective, s.theta, &sides[side], NULL));
      }
      s.theta[i] = kept;
      assert_near(s.gradient[i], (sides[1] - sides[0]) / 2e-5, 1e-8, "of weight", i);
    }
    drop(&s);
  }
}

/* Machine code has the bits of the interpreter. */
static void compiled_models(void **state) {
  (void)state;
  static const char text[] = "param k = 0.7, c = 3\ninit x = 1.3\nx' = -k*x + where(t > 2, c, 0) + sin(t)\n"
                             "cost final = x\ntime 0 : 3\n";
  for (int single = 0; single < 2; single++) {
    solved s[2];
    for (int i = 0; i < 2; i++)
      solve_model(&s[i], text, OG_ADJOINT_DISCRETE, single ? OG_PRECISION_SINGLE : OG_PRECISION_DOUBLE, i);
    assert_memory_equal(s[0].gradient, s[1].gradient, sizeof s[0].gradient);
    assert_true(s[0].loss == s[1].loss);
    for (int i = 0; i < 2; i++) drop(&s[i]);
  }
}

/* Events at the very time of a jump: each once, whichever way it is reached, and their derivatives are those
 * of their own times. x is set to 1 at the
 * jump and grows by 1 behind it. */
static void events_at_the_jump(void **state) {
  (void)state;
  static const char *const guards[] = {"t - 2", "2 - t", "y - 2", "t - b"};
  for (int g = 0; g < 4; g++)
    for (int single = 0; single < 2; single++)
      for (int adjoint = OG_ADJOINT_DISCRETE; adjoint <= OG_ADJOINT_FORWARD; adjoint++) {
        solved s;
        char text[400];
        snprintf(text, sizeof text,
                 "param b = 2\ninit x = 0, y = 0, n = 0\nx' = where(t > 2, 1, 0)\ny' = 1\nn' = 0\n"
                 "event set when %s = 0 any { x = 1; n = n + 1 }\ncost final = x + 10*n\ntime 0 : 3\n",
                 guards[g]);
        solve_model(&s, text, (og_adjoint)adjoint, single ? OG_PRECISION_SINGLE : OG_PRECISION_DOUBLE, 0);
        assert_near(s.loss, 12, single ? 1e-5 : 1e-12, guards[g], (size_t)adjoint);
        drop(&s);
      }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_adjoint_is_right_around_a_jump),
      cmocka_unit_test(with_every_method),
      cmocka_unit_test(equal_steps_end_there),
      cmocka_unit_test(refusals),
      cmocka_unit_test(an_event_does_not_move_the_jump),
      cmocka_unit_test(comparisons_of_models),
      cmocka_unit_test(sides_are_those_of_the_operations),
      cmocka_unit_test(late_times_in_single_precision),
      cmocka_unit_test(networks),
      cmocka_unit_test(compiled_models),
      cmocka_unit_test(events_at_the_jump),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
