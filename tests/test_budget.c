/* Memory budgets of problems of many shapes, by the account of the caller's allocator: the least budget that
 * is named is enough and no more than is used; one byte less is refused; whatever lies beyond it is kept to.
 */
#include "fields.h"
#include "solve/memory/checkpoints.h"

enum { HEADER = 64 };

typedef struct account {
  atomic_size_t live, peak; /* threads allocate too */
} account;

static void *account_allocate(size_t size, void *user) {
  account *a = user;
  char *memory = malloc(size + HEADER);
  if (!memory) return NULL;
  memcpy(memory, &size, sizeof size);
  size_t live = atomic_fetch_add(&a->live, size) + size, peak = atomic_load(&a->peak);
  while (live > peak && !atomic_compare_exchange_weak(&a->peak, &peak, live)) continue;
  return memory + HEADER;
}

static void account_release(void *memory, void *user) {
  size_t size;
  memcpy(&size, (char *)memory - HEADER, sizeof size);
  atomic_fetch_sub(&((account *)user)->live, size);
  free((char *)memory - HEADER);
}

/* ---- A chain of any number of states and parameters: xi' = -theta[i mod p] xi + x(i-1), x0' = -theta0 x0 +
 * u ---- */

typedef struct shape {
  size_t n, p, inputs;
} shape;

static double input_of(const shape *s, const double *theta) { return s->inputs ? theta[s->p] : 0; }

static int chain_rhs(double t, const double *x, const double *theta, double *f, void *user) {
  const shape *s = user;
  (void)t;
  for (size_t i = 0; i < s->n; i++) f[i] = -theta[i % s->p] * x[i] + (i ? x[i - 1] : input_of(s, theta));
  return 0;
}

static int chain_vjp(double t, const double *x, const double *theta, const double *lambda, double *x_bar,
                     double *theta_bar, double *t_bar, void *user) {
  const shape *s = user;
  (void)t, (void)t_bar;
  for (size_t i = 0; i < s->n; i++) {
    x_bar[i] = -theta[i % s->p] * lambda[i] + (i + 1 < s->n ? lambda[i + 1] : 0);
    theta_bar[i % s->p] -= x[i] * lambda[i];
  }
  if (s->inputs) theta_bar[s->p] = lambda[0];
  return 0;
}

static int chain_jvp(double t, const double *x, const double *theta, double t_dot, const double *x_dot,
                     const double *theta_dot, double *f_dot, void *user) {
  const shape *s = user;
  (void)t, (void)t_dot;
  for (size_t i = 0; i < s->n; i++)
    f_dot[i] = -theta[i % s->p] * x_dot[i] - theta_dot[i % s->p] * x[i] +
               (i ? x_dot[i - 1] : input_of(s, theta_dot));
  return 0;
}

/* ---- Problems ---- */

enum { GRADIENT = 1000 };

typedef struct problem {
  shape shape;
  size_t count, observed;
  og_method method;
  int adjoint, single, control, steps;
  const char *text; /* of a model in place of the chain; its shape is filled in */
  int threads;
} problem;

typedef struct outcome {
  og_status status;
  char message[600];
  size_t used; /* at most, until the gradient was there */
} outcome;

static og_options *options_of(og_context *context, const problem *p, size_t memory) {
  og_options *options = new_options(context, p->method, 1e-3, 1e-3);
  CHECK(context, og_options_set_choice(options, OG_OPT_PRECISION, p->single));
  CHECK(context, og_options_set_choice(options, OG_OPT_ADJOINT, p->adjoint));
  CHECK(context, og_options_set_choice(options, OG_OPT_GRADIENT_CONTROL, p->control));
  CHECK(context, og_options_set_integer(options, OG_OPT_STEPS, p->steps));
  CHECK(context, og_options_set_integer(options, OG_OPT_MEMORY, (long long)memory));
  return options;
}

static void set_up(og_context *context, og_solve *solve, const problem *p) {
  double x0[1000], theta[1000], times[8];
  for (size_t i = 0; i < p->shape.n; i++) x0[i] = 1 / (1. + (double)i);
  for (size_t i = 0; i < p->shape.p; i++) theta[i] = 0.5 + 0.1 * (double)(i % 5) - (p->text && i % 2 ? 1 : 0);
  for (size_t k = 0; k < p->observed; k++) times[k] = 0.1 * (double)(k + 1);
  CHECK(context, og_solve_set_initial_state(solve, OG_ALL, x0));
  CHECK(context, og_solve_set_parameters(solve, OG_ALL, theta));
  CHECK(context, og_solve_set_span(solve, OG_ALL, 0, 1));
  if (p->observed) CHECK(context, og_solve_set_observations(solve, OG_ALL, p->observed, times));
  const double at[] = {0, 0.2, 0.5, 1}, u[] = {1, 0.5, 2, 1};
  for (size_t i = 0; i < p->shape.inputs; i++)
    CHECK(context, og_solve_set_input(solve, OG_ALL, i, OG_SIGNAL_HOLD, 4, at, u));
}

static og_status pull(og_solve *solve, const problem *p, double *gradient) {
  size_t n = p->shape.n;
  double *final_bar = calloc(p->count * n + 1, sizeof(double)),
         *x0_bar = calloc(p->count * n, sizeof(double));
  double *observed_bar = calloc(p->count * p->observed * n + 1, sizeof(double));
  for (size_t i = 0; i < p->count * n; i++) final_bar[i] = 1;
  for (size_t i = 0; i < p->count * p->observed * n; i++) observed_bar[i] = 0.5;
  memset(gradient, 0, GRADIENT * sizeof *gradient);
  og_status status = og_solve_pullback(
      solve,
      &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .observed_bar = p->observed ? observed_bar : NULL,
                            .final_bar = final_bar, .x0_bar = x0_bar, .theta_bar = gradient});
  free(final_bar), free(x0_bar), free(observed_bar);
  return status;
}

static outcome solve_with(problem p, size_t memory, double *gradient) {
  account a = {0, 0};
  outcome o = {.status = OG_OK};
  og_context *context = NULL;
  og_field *field = NULL;
  og_solve *solve = NULL;
  assert_int_equal(og_context_create(account_allocate, account_release, &a, &context), OG_OK);
  og_model *model = NULL;
  og_context_set_threads(context, p.threads ? p.threads : 1);
  if (p.text) {
    CHECK(context, og_model_create_from_text(context, "m", p.text, strlen(p.text), &model));
    p.shape.n = og_field_states(og_model_field(model)),
    p.shape.p = og_field_parameters(og_model_field(model));
  } else {
    CHECK(context, og_field_create(context, p.shape.n, p.shape.p, chain_rhs, &p.shape, &field));
    CHECK(context, og_field_set_vjp(field, chain_vjp));
    CHECK(context, og_field_set_jvp(field, chain_jvp));
    CHECK(context, og_field_set_inputs(field, p.shape.inputs));
  }
  og_options *options = options_of(context, &p, memory);
  CHECK(context, og_solve_create(context, model ? og_model_field(model) : field, options, p.count, &solve));
  set_up(context, solve, &p);
  size_t before = a.live + p.count * p.observed * (p.shape.n + 1) * sizeof(double); /* observed states */
  a.peak = a.live;
  o.status = og_solve_run(solve);
  if (o.status == OG_OK) o.status = pull(solve, &p, gradient);
  o.used = a.peak > before ? a.peak - before : 0;
  snprintf(o.message, sizeof o.message, "%s", og_context_message(context));
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_field_destroy(field);
  og_model_destroy(model);
  og_context_destroy(context);
  assert_int_equal(a.live, 0);
  return o;
}

/* A problem's gradient without a budget, and under one. */
static double free_gradient[GRADIENT], gradient[GRADIENT];

static size_t least_of(problem p) {
  outcome o = solve_with(p, 1, gradient);
  assert_int_equal(o.status, OG_ERR_BUDGET);
  const char *said = strstr(o.message, "at least ");
  assert_non_null(said);
  return strtoull(said + 9, NULL, 10);
}

/* Where quadrature's steps of lambda do not fit, or the list of events, which are known only when they are
 * there, that is said. */
static outcome within(problem p, size_t memory) {
  outcome o = solve_with(p, memory, gradient);
  if (o.used > memory) fail_msg("%zu bytes of %zu", o.used, memory);
  if (o.status == OG_ERR_BUDGET && p.adjoint == OG_ADJOINT_QUADRATURE &&
      strstr(o.message, "the steps of the backward solve"))
    return o;
  if (o.status == OG_ERR_BUDGET && strstr(o.message, "the list of events takes more than its share"))
    return o;
  if (o.status != OG_OK) fail_msg("%zu bytes: %s", memory, o.message);
  if (p.adjoint != OG_ADJOINT_FORWARD) assert_memory_equal(gradient, free_gradient, sizeof gradient);
  return o;
}

/* What is named as the least is used but for a part: three tenths for the discrete adjoint, a half for
 * tangents, which have the same share and use less, two thirds where there are weights, whose blocks are as
 * wide as can be, or a list of events, and three quarters for the continuous ones, whose need is bounded and
 * not counted (budget.c). */
static void check_problem(problem p) {
  static const double more[] = {1.4, 3, 9};
  double share = p.text                             ? 0.35
                 : p.adjoint == OG_ADJOINT_DISCRETE ? 0.7
                 : p.adjoint == OG_ADJOINT_FORWARD  ? 0.5
                                                    : 0.25;
  size_t least = least_of(p);
  assert_int_equal(solve_with(p, 0, free_gradient).status, OG_OK);
  assert_int_equal(solve_with(p, least - 1, gradient).status, OG_ERR_BUDGET);
  outcome o = within(p, least);
  if (o.status == OG_OK && o.used < share * (double)least)
    fail_msg("n %zu, p %zu, count %zu, adjoint %d: %zu bytes of %zu used", p.shape.n, p.shape.p, p.count,
             p.adjoint, o.used, least);
  for (int k = 0; k < 3; k++) within(p, (size_t)(more[k] * (double)least));
}

/* Large ones, in which what every solve has is little beside what each state, parameter and step needs. */
static void every_shape(void **state) {
  (void)state;
  static const struct {
    shape shape;
    size_t count, observed;
    og_method method;
    int adjoint, single, control, steps;
  } of[] = {{{150, 1, 0}, 1, 0, OG_METHOD_TSIT5, OG_ADJOINT_DISCRETE, 0, OG_CONTROL_REFINE, 0},
            {{150, 1, 2}, 1, 3, OG_METHOD_DOP853, OG_ADJOINT_DISCRETE, 0, OG_CONTROL_REFINE, 0},
            {{10, 200, 0}, 3, 0, OG_METHOD_TSIT5, OG_ADJOINT_DISCRETE, 0, OG_CONTROL_NONE, 0},
            {{10, 200, 1}, 3, 2, OG_METHOD_BS32, OG_ADJOINT_FORWARD, 0, OG_CONTROL_REFINE, 0},
            {{50, 50, 1}, 3, 0, OG_METHOD_TSIT5, OG_ADJOINT_DISCRETE, 0, OG_CONTROL_ESTIMATE, 0},
            {{50, 50, 1}, 3, 2, OG_METHOD_TSIT5, OG_ADJOINT_DISCRETE, 1, OG_CONTROL_REFINE, 0},
            {{5, 5, 0}, 150, 3, OG_METHOD_TSIT5, OG_ADJOINT_DISCRETE, 0, OG_CONTROL_REFINE, 0},
            {{5, 5, 0}, 150, 0, OG_METHOD_TSIT5, OG_ADJOINT_DISCRETE, 1, OG_CONTROL_REFINE, 0},
            {{5, 5, 0}, 30, 0, OG_METHOD_EULER, OG_ADJOINT_DISCRETE, 0, OG_CONTROL_REFINE, 300},
            {{50, 5, 0}, 3, 0, OG_METHOD_RK4, OG_ADJOINT_FORWARD, 1, OG_CONTROL_NONE, 300},
            {{50, 5, 0}, 2, 1, OG_METHOD_RK4, OG_ADJOINT_INTERPOLATE, 0, OG_CONTROL_NONE, 300},
            {{60, 1, 1}, 2, 0, OG_METHOD_TSIT5, OG_ADJOINT_QUADRATURE, 0, OG_CONTROL_NONE, 0},
            {{4, 60, 0}, 2, 0, OG_METHOD_DOPRI5, OG_ADJOINT_INTERPOLATE, 0, OG_CONTROL_NONE, 0},
            {{4, 60, 0}, 130, 0, OG_METHOD_TSIT5, OG_ADJOINT_INTERPOLATE, 0, OG_CONTROL_NONE, 0},
            {{60, 4, 0}, 130, 0, OG_METHOD_DOPRI5, OG_ADJOINT_QUADRATURE, 1, OG_CONTROL_NONE, 0},
            {{50, 5, 0}, 2, 1, OG_METHOD_ESDIRK54, OG_ADJOINT_INTERPOLATE, 0, OG_CONTROL_NONE, 0},
            {{50, 5, 1}, 30, 2, OG_METHOD_RADAU5, OG_ADJOINT_INTERPOLATE, 1, OG_CONTROL_NONE, 0},
            {{60, 1, 1}, 2, 0, OG_METHOD_ESDIRK54, OG_ADJOINT_QUADRATURE, 0, OG_CONTROL_NONE, 0},
            {{4, 60, 0}, 130, 0, OG_METHOD_ESDIRK54, OG_ADJOINT_INTERPOLATE, 0, OG_CONTROL_NONE, 0},
            {{150, 3, 0}, 1, 0, OG_METHOD_RADAU5, OG_ADJOINT_QUADRATURE, 0, OG_CONTROL_NONE, 0},
            {{4, 60, 1}, 130, 0, OG_METHOD_TSIT5, OG_ADJOINT_DISCRETE, 1, OG_CONTROL_REFINE, 0}};
  for (size_t i = 0; i < sizeof of / sizeof *of; i++)
    check_problem((problem){of[i].shape, of[i].count, of[i].observed, of[i].method, of[i].adjoint,
                            of[i].single, of[i].control, of[i].steps, NULL, 1});
}

/* Networks, whose weights all lanes share, and events, in models; on one thread and on more. */
static void models_and_threads(void **state) {
  (void)state;
  static const char network[] = "net f = mlp(6, 20, 6; tanh)\ninit x = [1, 1, 1, 1, 1, 1]\nx' = f(x)\n",
                    events[] = "param a = 1, e = 0.5\ninit h = 1, v = 0\nh' = v\nv' = -9.81 + 0*a\n"
                               "event bounce when h = 0 falling { v = -e*v }\n"
                               "event up when v = 0 falling { h = h }\n";
  for (int threads = 1; threads <= 3; threads++)
    for (int single = 0; single < 2; single++) {
      problem p = {{0, 0, 0},         20, 2,       OG_METHOD_TSIT5, OG_ADJOINT_DISCRETE, single,
                   OG_CONTROL_REFINE, 0,  network, threads};
      check_problem(p);
      p.count = 3, p.steps = 100, p.control = OG_CONTROL_NONE;
      check_problem(p);
      p.text = events, p.count = 9, p.steps = 0, p.control = single ? OG_CONTROL_REFINE : OG_CONTROL_NONE;
      check_problem(p);
      p.observed = 0, p.count = 130;
      check_problem(p);
    }
}

/* Of many steps, checkpoints take what there is but for a thirty-second, which is for ceilings, and what the
 * least leaves. */
static void what_there_is_is_used(void **state) {
  (void)state;
  const problem p = {{50, 5, 0}, 3,    0, OG_METHOD_RK4, OG_ADJOINT_DISCRETE, 0, OG_CONTROL_REFINE,
                     1200,       NULL, 1};
  size_t least = least_of(p);
  assert_int_equal(solve_with(p, 0, free_gradient).status, OG_OK);
  for (size_t memory = 2 * least; memory < 7 * least; memory = 3 * memory / 2)
    if (within(p, memory).used < 17 * (memory / 20))
      fail_msg("%zu of %zu bytes", within(p, memory).used, memory);
}

/* What one more state, parameter, trajectory or input needs is in the least budget, and little more: large
 * problems less smaller ones, in which what every solve has cancels. Of the discrete adjoint and of tangents
 * it is counted, but for the larger of two things that are not there at once; for the continuous ones it is a
 * bound, of which a third to four fifths are used. */
static void each_part_is_counted(void **state) {
  (void)state;
  static const double least_share[5][4] = {{0.75, 0.88, 0.93, 0.97},
                                           {0},
                                           {0.38, 0.44, 0.62, 0.47},
                                           {0.28, 0.28, 0.78, 0.29},
                                           {0.8, 0.88, 0.93, 0.97}};
  static const double most_share[5][4] = {
      {1.0, 1.01, 1.0, 1.15}, {0}, {0.55, 0.66, 0.7, 0.7}, {0.42, 0.4, 0.84, 0.42}, {1.0, 1.01, 1.03, 1.15}};
  for (int adjoint = 0; adjoint < 5; adjoint++)
    for (int part = 0; part < 4; part++)
      for (int control = OG_CONTROL_REFINE; control <= OG_CONTROL_NONE && adjoint != OG_ADJOINT_BACKSOLVE;
           control++) {
        problem pair[2];
        size_t least[2], used[2];
        for (int large = 0; large < 2; large++) {
          problem p = {{5, 2, 0}, 1, 0, OG_METHOD_TSIT5, adjoint, control % 2, control, 20, NULL, 1};
          if (part == 0) p.shape.n = large ? 400 : 60;
          if (part == 1) p.shape.p = large ? 900 : 60;
          if (part == 2) p.count = large ? 400 : 100;
          if (part == 3) p.shape.n = 60, p.shape.inputs = large ? 60 : 1;
          pair[large] = p;
          least[large] = least_of(p);
          used[large] = solve_with(p, least[large], gradient).used;
        }
        double share = ((double)used[1] - (double)used[0]) / ((double)least[1] - (double)least[0]);
        if (!(share >= least_share[adjoint][part] && share <= most_share[adjoint][part]))
          fail_msg("adjoint %d, control %d, n %zu, p %zu, count %zu: %g is used of what is counted", adjoint,
                   control, pair[1].shape.n, pair[1].shape.p, pair[1].count, share);
      }
}

/* What is too small is told with the numbers of trajectories and states. */
static void the_problem_is_told(void **state) {
  (void)state;
  static const struct {
    size_t n, count;
    const char *said;
  } of[] = {{1, 1, ": solving 1 trajectory of 1 state with tsit5 and"},
            {2, 1, ": solving 1 trajectory of 2 states with tsit5 and"},
            {1, 2, ": solving 2 trajectories of 1 state with tsit5 and"},
            {7, 3, ": solving 3 trajectories of 7 states with tsit5 and"}};
  for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
    problem p = {{of[i].n, 1, 0},
                 of[i].count,
                 0,
                 OG_METHOD_TSIT5,
                 OG_ADJOINT_DISCRETE,
                 0,
                 OG_CONTROL_NONE,
                 0,
                 NULL,
                 1};
    outcome o = solve_with(p, 12345, gradient);
    assert_int_equal(o.status, OG_ERR_BUDGET);
    assert_non_null(strstr(o.message, "the memory budget of 12345 bytes is too small"));
    if (!strstr(o.message, of[i].said)) fail_msg("%s", o.message);
  }
}

/* ---- Solves that are run again ---- */

typedef struct opened {
  og_context *context;
  og_field *field;
  og_model *model;
  og_solve *solve;
} opened;

static opened open_problem(problem *p, size_t memory) {
  opened o = {.context = new_context()};
  if (p->text) {
    CHECK(o.context, og_model_create_from_text(o.context, "m", p->text, strlen(p->text), &o.model));
    p->shape.n = og_field_states(og_model_field(o.model)),
    p->shape.p = og_field_parameters(og_model_field(o.model));
  } else {
    CHECK(o.context, og_field_create(o.context, p->shape.n, p->shape.p, chain_rhs, &p->shape, &o.field));
    CHECK(o.context, og_field_set_vjp(o.field, chain_vjp));
    CHECK(o.context, og_field_set_inputs(o.field, p->shape.inputs));
  }
  og_options *options = options_of(o.context, p, memory);
  CHECK(o.context,
        og_solve_create(o.context, o.model ? og_model_field(o.model) : o.field, options, p->count, &o.solve));
  og_options_destroy(options);
  set_up(o.context, o.solve, p);
  return o;
}

static void close_problem(opened *o) {
  og_solve_destroy(o->solve);
  og_field_destroy(o->field);
  og_model_destroy(o->model);
  og_context_destroy(o->context);
}

/* The hundredth run has as much as the first. */
static void every_run_has_the_same(void **state) {
  (void)state;
  static const char events[] = "param a = 1\ninit x = 1, v = 0\nx' = v\nv' = -300*x + 0*a\n"
                               "event up when x = 0 rising { v = v + 0.01 }\n";
  problem problems[] = {
      {{3, 2, 2}, 3, 2, OG_METHOD_TSIT5, OG_ADJOINT_DISCRETE, 0, OG_CONTROL_NONE, 0, NULL, 1},
      {{0, 0, 0}, 2, 0, OG_METHOD_TSIT5, OG_ADJOINT_DISCRETE, 0, OG_CONTROL_NONE, 0, events, 1}};
  for (int i = 0; i < 2; i++) {
    problem p = problems[i];
    size_t memory = least_of(p) + (i ? 30000 : 500);
    opened o = open_problem(&p, memory);
    for (int k = 0; k < 100; k++) {
      CHECK(o.context, og_solve_run(o.solve));
      if (k == 0) CHECK(o.context, pull(o.solve, &p, free_gradient));
      if (k % 10 == 9) CHECK(o.context, pull(o.solve, &p, gradient));
      if (k % 10 == 9) assert_memory_equal(gradient, free_gradient, sizeof gradient);
    }
    close_problem(&o);
  }
}

/* ---- As many slots as steps ---- */

static size_t recomputed_with(problem p, size_t memory, size_t *slots) {
  opened o = open_problem(&p, memory);
  CHECK(o.context, og_solve_run(o.solve));
  CHECK(o.context, pull(o.solve, &p, gradient));
  size_t again = (size_t)og_solve_stat(o.solve, OG_STAT_RECOMPUTED_STEPS);
  *slots = og_budget_slots(&o.solve->checkpoints->budget);
  close_problem(&o);
  return again;
}

/* Where each state has a slot none is computed again; with one slot less some are. */
static void a_slot_for_each_state_is_enough(void **state) {
  (void)state;
  for (int steps = 50; steps <= 150; steps += 50) {
    problem p = {{9, 2, 0}, 1, 0, OG_METHOD_RK4, OG_ADJOINT_DISCRETE, 0, OG_CONTROL_NONE, steps, NULL, 1};
    size_t low = least_of(p), high = 20 * low, slots = 0;
    assert_true(recomputed_with(p, low, &slots) > 0 && slots < (size_t)steps);
    assert_int_equal(recomputed_with(p, high, &slots), 0);
    while (high - low > 1) {
      size_t middle = (low + high) / 2;
      *(recomputed_with(p, middle, &slots) ? &low : &high) = middle;
    }
    recomputed_with(p, high, &slots);
    assert_int_equal(slots, steps);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_shape),
                                     cmocka_unit_test(the_problem_is_told),
                                     cmocka_unit_test(every_run_has_the_same),
                                     cmocka_unit_test(a_slot_for_each_state_is_enough),
                                     cmocka_unit_test(each_part_is_counted),
                                     cmocka_unit_test(models_and_threads),
                                     cmocka_unit_test(what_there_is_is_used)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
