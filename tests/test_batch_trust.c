/* Trajectories whose steps are not good for their derivative, among others whose steps are: neither kind may
 * change a bit of another's, nor may threads or budgets; all are right; and one that cannot be made right is
 * refused by name. */
#include "models.h"
#include "sanitized.h"

/* x rests where x0 = p/q, and z is constant where th = 0; both derivatives are then those of steps as long as
 * the span. */
#define EQUATIONS                                                                                            \
  "param p = 1, q = 1, th = 0.3, d = 0.5\n"                                                                  \
  "init x = 1, y = 1, z = 0\n"                                                                               \
  "x' = p - q*x\n"                                                                                           \
  "y' = -0.1*(y - 2)\n"                                                                                      \
  "z' = th*y*sin(7*t)^2\n"
static const char plain_text[] = EQUATIONS;
static const char dose_text[] = EQUATIONS "event dose when t - 4 = 0 any { x = x + d }\n";

enum { N = 3, P = 4, ALL = 71, BACKSOLVED = 5, MANY = 150, LONG = 1000 };
static const double dose_time = 4, observed_share = 0.63;

typedef struct trajectory {
  double x0[N], theta[P], t1;
} trajectory;

/* Of every 71 those numbered 5, 37 and 61 are bad: zero th, rest, and nothing at all. The one called LONG has
 * zero th too. */
static trajectory trajectory_of(size_t index) {
  uint64_t seed = 1000 + index;
  double q = 1.2 + 0.7 * noise(&seed), p = 2 + noise(&seed);
  trajectory t = {{1 + 0.4 * noise(&seed), 1 + 0.5 * noise(&seed), noise(&seed)},
                  {p, q, 0.4 + 0.2 * noise(&seed), 0.5},
                  6 + 2 * noise(&seed)};
  switch (index % ALL) {
  case 5: t.theta[2] = 0; break;
  case 37: t.theta[1] = 100, t.x0[0] = p / 100, t.t1 = 10; break;
  case 61: t.theta[0] = t.theta[2] = t.x0[0] = 0, t.theta[1] = 25, t.t1 = 9; break;
  }
  if (index == LONG) t.theta[2] = 0, t.t1 = 400;
  return t;
}

/* ---- What is right: L = x(t_o) + x(t1) + z(t1)/100, with t_o = 0.63 t1 ---- */

static const double weight = 0.01;

typedef struct slopes {
  double x0[N], theta[P], t0, t1, observed; /* observed: with respect to t_o */
} slopes;

static void add_level(const trajectory *r, double t, int dosed, slopes *s) {
  double p = r->theta[0], q = r->theta[1], e = exp(-q * t);
  s->x0[0] += e;
  s->theta[0] += (1 - e) / q;
  s->theta[1] += -p / (q * q) * (1 - e) - (r->x0[0] - p / q) * t * e;
  if (!dosed || t < dose_time) return;
  double since = t - dose_time, left = exp(-q * since);
  s->theta[1] -= r->theta[3] * since * left;
  s->theta[3] += left;
}

/* x'(t) = p - q x(t). */
static double rate_of(const trajectory *r, double t, int dosed) {
  double p = r->theta[0], q = r->theta[1];
  double rate = (p - q * r->x0[0]) * exp(-q * t);
  return dosed && t >= dose_time ? rate - q * r->theta[3] * exp(-q * (t - dose_time)) : rate;
}

static slopes right_slopes(const trajectory *r, int dosed) {
  slopes s = {0};
  double T = r->t1, e = exp(-0.1 * T), w = 14;
  double square = T / 2 - sin(w * T) / (2 * w); /* integrals of sin(7t)^2, and of it times e^(-t/10) */
  double cosine = (0.1 * (1 - e * cos(w * T)) + w * e * sin(w * T)) / (0.01 + w * w);
  double decayed = ((1 - e) / 0.1 - cosine) / 2;
  add_level(r, observed_share * T, dosed, &s);
  add_level(r, T, dosed, &s);
  s.x0[1] = weight * r->theta[2] * decayed;
  s.x0[2] = weight;
  s.theta[2] = weight * (2 * square + (r->x0[1] - 2) * decayed);
  s.observed = rate_of(r, observed_share * T, dosed);
  return s;
}

/* ---- A solve of some of them ---- */

typedef struct plan {
  og_adjoint adjoint;
  og_precision precision;
  int dosed, threads;
  long long memory;
  size_t count;
  const size_t *which; /* NULL: 0, 1, ... */
} plan;

typedef struct batch {
  og_context *context;
  og_model *model;
  og_options *options;
  og_solve *solve;
  plan plan;
} batch;

static size_t index_of(const plan *p, size_t m) { return p->which ? p->which[m] : m; }

/* What decays by e^q in a unit of time cannot be solved back far: backsolve gets a quarter of q. */
static trajectory trajectory_in(const plan *p, size_t m) {
  trajectory r = trajectory_of(index_of(p, m));
  if (p->adjoint == OG_ADJOINT_BACKSOLVE) r.theta[1] /= 4;
  return r;
}

static void set_trajectory(batch *b, size_t m, const trajectory *r) {
  double at = observed_share * r->t1;
  CHECK(b->context, og_solve_set_span(b->solve, m, 0, r->t1));
  CHECK(b->context, og_solve_set_observations(b->solve, m, 1, &at));
  CHECK(b->context, og_solve_set_initial_state(b->solve, m, r->x0));
  CHECK(b->context, og_solve_set_parameters(b->solve, m, r->theta));
}

static batch make_batch(const plan *p) {
  batch b = {.context = new_context(), .plan = *p};
  b.model = parse(b.context, p->dosed ? dose_text : plain_text);
  CHECK(b.context, og_options_create(b.context, &b.options));
  /* which some of the trajectories are too stiff for: implicit steps would be good for their derivatives */
  CHECK(b.context, og_options_set_choice(b.options, OG_OPT_METHOD, OG_METHOD_TSIT5));
  CHECK(b.context, og_options_set_choice(b.options, OG_OPT_ADJOINT, (int)p->adjoint));
  CHECK(b.context, og_options_set_choice(b.options, OG_OPT_PRECISION, (int)p->precision));
  CHECK(b.context, og_options_set_integer(b.options, OG_OPT_THREADS, p->threads));
  CHECK(b.context, og_options_set_integer(b.options, OG_OPT_MEMORY, p->memory));
  if (p->precision == OG_PRECISION_SINGLE)
    CHECK(b.context, og_options_set_real(b.options, OG_OPT_RTOL, 1e-4));
  CHECK(b.context, og_solve_create(b.context, og_model_field(b.model), b.options, p->count, &b.solve));
  for (size_t m = 0; m < p->count; m++) {
    trajectory r = trajectory_in(p, m);
    set_trajectory(&b, m, &r);
  }
  return b;
}

static void drop_batch(batch *b) {
  og_solve_destroy(b->solve);
  og_options_destroy(b->options);
  og_model_destroy(b->model);
  og_context_destroy(b->context);
}

/* ADDS the derivatives of L to `out` [count]. */
static og_status pull(batch *b, slopes *out) {
  static double observed[MANY][N], final[MANY][N], x0[MANY][N], theta[MANY][P];
  static double t0[MANY], t1[MANY], times[MANY];
  size_t count = b->plan.count;
  assert_true(count <= MANY);
  for (size_t m = 0; m < count; m++) {
    memcpy(observed[m], (double[N]){1, 0, 0}, sizeof observed[m]);
    memcpy(final[m], (double[N]){1, 0, weight}, sizeof final[m]);
    memcpy(x0[m], out[m].x0, sizeof x0[m]);
    memcpy(theta[m], out[m].theta, sizeof theta[m]);
    t0[m] = out[m].t0, t1[m] = out[m].t1, times[m] = out[m].observed;
  }
  og_status status = og_solve_pullback(
      b->solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .observed_bar = observed[0],
                                      .final_bar = final[0], .x0_bar = x0[0], .theta_bar = theta[0],
                                      .t0_bar = t0, .t1_bar = t1, .times_bar = times});
  for (size_t m = 0; m < count; m++) {
    memcpy(out[m].x0, x0[m], sizeof x0[m]);
    memcpy(out[m].theta, theta[m], sizeof theta[m]);
    out[m].t0 = t0[m], out[m].t1 = t1[m], out[m].observed = times[m];
  }
  return status;
}

static void solve_plan(const plan *p, slopes *out) {
  batch b = make_batch(p);
  memset(out, 0, p->count * sizeof *out);
  CHECK(b.context, og_solve_run(b.solve));
  CHECK(b.context, pull(&b, out));
  drop_batch(&b);
}

static const char *const adjoint_names[] = {"discrete", "backsolve", "interpolate", "quadrature", "forward"};

static void same_bits(const plan *p, size_t m, const slopes *a, const slopes *b, const char *what) {
  if (memcmp(a, b, sizeof *a))
    fail_msg("%s%s: trajectory %zu has other bits %s: dL/dq %.17g and %.17g", adjoint_names[p->adjoint],
             p->dosed ? ", with doses" : "", index_of(p, m), what, a->theta[1], b->theta[1]);
}

/* And the first ones alone, of which the last has zero th. */
static size_t all_for(og_adjoint adjoint) { return adjoint == OG_ADJOINT_BACKSOLVE ? BACKSOLVED + 1 : ALL; }

/* Calls `test` for every adjoint, without and with an event, in both precisions; under sanitizers in one of
 * them, each in turn. */
static void for_all_plans(void (*test)(plan p)) {
  for (int adjoint = OG_ADJOINT_DISCRETE; adjoint <= OG_ADJOINT_FORWARD; adjoint++)
    for (int dosed = 0; dosed < 2; dosed++)
      for (int precision = OG_PRECISION_DOUBLE; precision <= OG_PRECISION_SINGLE; precision++)
        if (!SANITIZED || (adjoint + dosed + precision) % 2 == 0)
          test((plan){.adjoint = (og_adjoint)adjoint,
                      .precision = (og_precision)precision,
                      .dosed = dosed,
                      .threads = 1,
                      .count = all_for((og_adjoint)adjoint)});
}

/* ---- Right ---- */

/* Default tolerances are 1e-6, of single precision 1e-4 here. The largest seed is 1. An error of x is one of
 * x' = p - q x, which dL/dt_o is, by the factor q, or by 1 where the interpolant's slope is less exact. */
static void right_time(const plan *p, size_t index, const slopes *got, const slopes *want) {
  trajectory r = trajectory_of(index);
  double allowed = p->precision == OG_PRECISION_SINGLE ? 1e-2 : 1e-4;
  if (!(fabs(got->observed - want->observed) <= allowed * (1 + r.theta[1])))
    fail_msg("%s%s: trajectory %zu: dL/dt of its observation is %g in place of %g", adjoint_names[p->adjoint],
             p->dosed ? ", with doses" : "", index, got->observed, want->observed);
}

static void right_within(const plan *p, size_t index, const slopes *got, const slopes *want) {
  double allowed = p->precision == OG_PRECISION_SINGLE ? 1e-2 : 1e-4, scale = 0;
  const char *name = adjoint_names[p->adjoint], *doses = p->dosed ? ", with doses" : "";
  for (int k = 0; k < P; k++) scale = fmax(scale, fabs(want->theta[k]));
  for (int k = 0; k < P; k++)
    if (!(fabs(got->theta[k] - want->theta[k]) <= allowed * scale))
      fail_msg("%s%s: trajectory %zu: dL/dtheta[%d] is %g in place of %g", name, doses, index, k,
               got->theta[k], want->theta[k]);
  for (int i = 0; i < N; i++)
    if (!(fabs(got->x0[i] - want->x0[i]) <= allowed))
      fail_msg("%s%s: trajectory %zu: dL/dx0[%d] is %g in place of %g", name, doses, index, i, got->x0[i],
               want->x0[i]);
}

static void are_right(plan p) {
  static slopes got[MANY];
  solve_plan(&p, got);
  for (size_t m = 0; m < p.count; m++) {
    trajectory r = trajectory_in(&p, m);
    slopes want = right_slopes(&r, p.dosed);
    right_within(&p, m, &got[m], &want);
    right_time(&p, m, &got[m], &want);
  }
}

static void good_and_bad_ones_are_right(void **state) { (void)state, for_all_plans(are_right); }

/* ---- The same bits ---- */

static void in_a_batch_as_alone(plan p) {
  static slopes together[MANY], shuffled[MANY], alone;
  size_t order[MANY], count = p.count;
  solve_plan(&p, together);
  for (size_t m = 0; m < count; m++) order[m] = (m * 29 + 3) % count;
  p.which = order;
  if (count == ALL) { /* 29 and 71 have no common divisor */
    solve_plan(&p, shuffled);
    for (size_t m = 0; m < count; m++)
      same_bits(&p, m, &together[order[m]], &shuffled[m], "in another place");
  }
  p.count = 1; /* under sanitizers every eighth, the bad ones among them */
  for (size_t m = SANITIZED ? 5 : 0; m < count; m += SANITIZED ? 8 : 1) {
    p.which = &m;
    solve_plan(&p, &alone);
    same_bits(&p, 0, &together[m], &alone, "alone");
  }
}

static void neighbours_change_nothing(void **state) { (void)state, for_all_plans(in_a_batch_as_alone); }

static void on_threads_as_on_one(plan p) {
  static slopes one[MANY], several[MANY];
  if (p.adjoint != OG_ADJOINT_BACKSOLVE) p.count = SANITIZED ? ALL : MANY; /* three blocks of lanes, or two */
  solve_plan(&p, one);
  p.threads = 3;
  solve_plan(&p, several);
  for (size_t m = 0; m < p.count; m++) same_bits(&p, m, &one[m], &several[m], "on three threads");
}

static void threads_change_nothing(void **state) { (void)state, for_all_plans(on_threads_as_on_one); }

/* A long one needs thousands of steps for its sin(7t)^2: a budget of little more than working
 * memory has no room for the states of all. A list of events takes 64 KiB and more. */
static void alone_under_a_budget(plan p, size_t index) {
  slopes free_of_limit, limited;
  p.count = 1, p.which = &index;
  solve_plan(&p, &free_of_limit);
  p.memory = p.adjoint == OG_ADJOINT_QUADRATURE ? 2 << 20 : p.dosed ? 392 << 10 : 184 << 10;
  solve_plan(&p, &limited);
  same_bits(&p, 0, &free_of_limit, &limited, "in a small budget");
}

static void under_a_budget_as_without(plan p) {
  static slopes free_of_limit[MANY], limited[MANY];
  static const size_t bad[] = {5, 37, 61, LONG};
  size_t alone = p.adjoint == OG_ADJOINT_BACKSOLVE ? 1 : sizeof bad / sizeof *bad;
  solve_plan(&p, free_of_limit);
  p.memory = p.adjoint == OG_ADJOINT_QUADRATURE ? 8 << 20 : 2 << 20; /* it keeps the backward solve's steps */
  solve_plan(&p, limited);
  for (size_t m = 0; m < p.count; m++) same_bits(&p, m, &free_of_limit[m], &limited[m], "under a budget");
  for (size_t i = 0; i < alone; i++) alone_under_a_budget(p, bad[i]);
}

static void budgets_change_nothing(void **state) { (void)state, for_all_plans(under_a_budget_as_without); }

/* ---- Again ---- */

/* Pulled back twice, after a replay, and run anew: whatever a first pullback found out about the steps is no
 * secret of it. */
static void again_as_before(plan p) {
  static slopes first[MANY], more[MANY];
  batch b = make_batch(&p);
  memset(first, 0, sizeof first);
  CHECK(b.context, og_solve_run(b.solve));
  CHECK(b.context, pull(&b, first));
  for (int way = 0; way < 3; way++) {
    if (way == 1 && p.adjoint == OG_ADJOINT_BACKSOLVE) continue; /* it keeps no steps to replay */
    if (way == 1) CHECK(b.context, og_solve_replay(b.solve));
    if (way == 2) CHECK(b.context, og_solve_run(b.solve));
    memset(more, 0, sizeof more);
    CHECK(b.context, pull(&b, more));
    for (size_t m = 0; m < p.count; m++)
      same_bits(&p, m, &first[m], &more[m], way == 0 ? "again" : way == 1 ? "after a replay" : "run anew");
  }
  drop_batch(&b);
}

static void asking_again_changes_nothing(void **state) { (void)state, for_all_plans(again_as_before); }

/* ---- Observations where steps end ---- */

enum { TIMES_MAX = 1024 };

/* The times of all steps of a solve of one trajectory. */
static size_t times_of_steps(const batch *b, double times[TIMES_MAX]) {
  size_t steps = 0;
  CHECK(b->context, og_solve_steps(b->solve, 0, &steps, NULL));
  assert_true(steps < TIMES_MAX);
  CHECK(b->context, og_solve_steps(b->solve, 0, &steps, times));
  return steps + 1;
}

/* L is the sum of x over the ends of the steps that trajectory 37, which rests, took without observations
 * there; but for the event's time, at which x jumps. */
static void observed_at_step_ends(plan p) {
  static double times[TIMES_MAX], bars[TIMES_MAX][N];
  size_t index = 37;
  if (p.adjoint == OG_ADJOINT_BACKSOLVE) return;
  p.count = 1, p.which = &index;
  batch b = make_batch(&p);
  trajectory r = trajectory_of(index);
  slopes got = {0}, want = {0};
  CHECK(b.context, og_solve_run(b.solve));
  size_t count = times_of_steps(&b, times);
  for (size_t i = 0; i < count; i++) {
    int jumps = p.dosed && fabs(times[i] - dose_time) < 1e-6;
    bars[i][0] = !jumps;
    if (!jumps) add_level(&r, times[i], p.dosed, &want);
  }
  CHECK(b.context, og_solve_set_observations(b.solve, 0, count, times));
  CHECK(b.context, og_solve_run(b.solve));
  CHECK(b.context,
        og_solve_pullback(b.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .observed_bar = bars[0],
                                                         .x0_bar = got.x0, .theta_bar = got.theta}));
  right_within(&p, index, &got, &want);
  drop_batch(&b);
}

static void observations_at_step_ends_are_right(void **state) {
  (void)state, for_all_plans(observed_at_step_ends);
}

/* ---- One that cannot be made right ---- */

/* q t1 is 1e7: more steps than the 100000 that a trajectory may take. Nothing is added to anything. */
static void one_that_is_hopeless(og_adjoint adjoint) {
  static slopes got[MANY], before[MANY];
  plan p = {.adjoint = adjoint, .threads = 1, .count = ALL};
  batch b = make_batch(&p);
  trajectory r = trajectory_of(37);
  r.theta[1] = 1e6, r.x0[0] = r.theta[0] / 1e6;
  set_trajectory(&b, 37, &r);
  CHECK(b.context, og_solve_set_name(b.solve, 37, "patient 12"));
  for (size_t m = 0; m < ALL; m++) before[m] = got[m] = (slopes){{1, 2, 3}, {4, 5, 6, (double)m}, 7, 8, 9};
  CHECK(b.context, og_solve_run(b.solve));
  og_status status = pull(&b, got);
  if (status == OG_OK)
    fail_msg("%s: dL/dp is %g in place of %g", adjoint_names[adjoint], got[37].theta[0] - 4, 2 / 1e6);
  assert_true(status >= OG_ERR_NOT_FINITE && status < OG_ERR_INTERNAL);
  assert_contains(og_context_message(b.context), "patient 12");
  assert_memory_equal(got, before, sizeof got);
  drop_batch(&b);
}

static void one_that_is_hopeless_is_refused_by_name(void **state) {
  (void)state;
  one_that_is_hopeless(OG_ADJOINT_DISCRETE);
  one_that_is_hopeless(OG_ADJOINT_INTERPOLATE);
  one_that_is_hopeless(OG_ADJOINT_QUADRATURE);
  one_that_is_hopeless(OG_ADJOINT_FORWARD);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(good_and_bad_ones_are_right),
      cmocka_unit_test(neighbours_change_nothing),
      cmocka_unit_test(threads_change_nothing),
      cmocka_unit_test(budgets_change_nothing),
      cmocka_unit_test(asking_again_changes_nothing),
      cmocka_unit_test(observations_at_step_ends_are_right),
      cmocka_unit_test(one_that_is_hopeless_is_refused_by_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
