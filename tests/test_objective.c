/* Objectives against closed forms, densities written out here, and differences with the steps held. */
#include "fit/objective.h"
#include "fitting.h"

static const double tolerance = 1e-9; /* solves at rtol 1e-12 over a few steps, with room for their sums */

/* ---- Observations ---- */

static const double decay_t[] = {0, 0.5, 1, 2, 3.5}, decay_y[] = {2.1, 1.3, 1.05, 0.4, 0.3};

static void decay_against_closed_form(void **state) {
  (void)state;
  fixture f = make_fixture(DECAY, "t,x\n0,2.1\n0.5,1.3\n1,1.05\n2,0.4\n3.5,0.3\n");
  double theta[] = {0.9, 1.8, 0.25}, loss, gradient[3], want = 0, expected[3] = {0}, t0_want = 0, t0, t1, x0;
  decay_loss(theta, 5, decay_t, decay_y, &want, expected, &t0_want);
  for (int adjoint = OG_ADJOINT_DISCRETE; adjoint <= OG_ADJOINT_FORWARD; adjoint++) {
    CHECK(f.context, og_objective_evaluate_with(f.objective, (og_adjoint)adjoint, theta, &loss, gradient));
    assert_close(loss, want, tolerance);
    for (int i = 0; i < 3; i++) assert_close(gradient[i], expected[i], tolerance);
    CHECK(f.context, og_objective_initial_gradient(f.objective, &x0));
    assert_close(x0, expected[1], tolerance); /* x0 = a */
    CHECK(f.context, og_objective_time_gradient(f.objective, &t0, &t1));
    assert_close(t0, t0_want, tolerance);
    assert_close(t1, 0, tolerance);
  }
  drop_fixture(&f);
}

static void loss_alone_is_the_same(void **state) {
  (void)state;
  fixture f = make_fixture(DECAY, "t,x\n0,2.1\n0.5,1.3\n1,1.05\n");
  double theta[] = {0.9, 1.8, 0.25}, loss, again, gradient[3];
  CHECK(f.context, og_objective_evaluate(f.objective, theta, &loss, gradient));
  CHECK(f.context, og_objective_evaluate(f.objective, theta, &again, NULL));
  assert_memory_equal(&loss, &again, sizeof loss);
  drop_fixture(&f);
}

/* 70 rows: more than one block of lanes; every third value missing, and one row altogether. */
static void missing_values_do_not_count(void **state) {
  (void)state;
  static char csv[8192];
  double t[70], y[70];
  size_t used = (size_t)snprintf(csv, sizeof csv, "t,x,unused\n");
  for (int i = 0; i < 70; i++) {
    t[i] = 0.05 * i;
    y[i] = i % 3 == 1 ? NAN : 2 * exp(-0.6 * t[i]) + 0.1 * sin(7 * i);
    used += (size_t)snprintf(csv + used, sizeof csv - used, isnan(y[i]) ? "%.17g,NA,1\n" : "%.17g,%.17g,1\n",
                             t[i], y[i]);
  }
  fixture f = make_fixture(DECAY, csv);
  double theta[] = {0.9, 1.8, 0.25}, loss, gradient[3], want = 0, expected[3] = {0}, t0 = 0;
  decay_loss(theta, 70, t, y, &want, expected, &t0);
  CHECK(f.context, og_objective_evaluate(f.objective, theta, &loss, gradient));
  assert_close(loss, want, tolerance);
  for (int i = 0; i < 3; i++) assert_close(gradient[i], expected[i], tolerance);
  drop_fixture(&f);
}

static void trajectories_add_up(void **state) {
  (void)state;
  fixture f = make_fixture(DECAY, "id,t,x\nb,1,1.9\na,0,2.1\nb,1.5,1.5\na,0.5,1.3\na,0.5,1.2\nb,4,0.2\n");
  const double ta[] = {0, 0.5, 0.5}, ya[] = {2.1, 1.3, 1.2}, tb[] = {1, 1.5, 4}, yb[] = {1.9, 1.5, 0.2};
  double theta[] = {0.9, 1.8, 0.25}, loss, gradient[3], want = 0, all[3] = {0}, of_a[3] = {0}, t0_want = 0,
         x0[2], t0, t1;
  decay_loss(theta, 3, ta, ya, &want, of_a, &t0_want);
  memcpy(all, of_a, sizeof all);
  decay_loss(theta, 3, tb, yb, &want, all, &t0_want);
  CHECK(f.context, og_objective_evaluate(f.objective, theta, &loss, gradient));
  assert_close(loss, want, tolerance);
  for (int i = 0; i < 3; i++) assert_close(gradient[i], all[i], tolerance);
  assert_int_equal(og_objective_trajectories(f.objective), 2);
  CHECK(f.context, og_objective_initial_gradient(f.objective, x0)); /* b comes first */
  assert_close(x0[1], of_a[1], tolerance);
  assert_close(x0[0], all[1] - of_a[1], tolerance);
  CHECK(f.context, og_objective_time_gradient(f.objective, &t0, &t1));
  assert_close(t0, t0_want, tolerance);
  CHECK(f.context, og_objective_span(f.objective, 0, &t0, &t1));
  assert_true(t0 == 1 && t1 == 4);
  drop_fixture(&f);
}

/* ---- Distributions: densities as in the Stan functions reference ---- */

static const double pi = 3.14159265358979323846;

static double normal_loss(double y, double mu, double s) {
  return (y - mu) * (y - mu) / (2 * s * s) + log(s * sqrt(2 * pi));
}
static double student_loss(double y, double nu, double mu, double s) {
  double r = (y - mu) / s;
  return lgamma(nu / 2) - lgamma((nu + 1) / 2) + log(nu * pi) / 2 + log(s) + (nu + 1) / 2 * log1p(r * r / nu);
}
static double poisson_loss(double y, double rate) { return rate - y * log(rate) + lgamma(y + 1); }
static double neg_binomial_loss(double y, double mu, double phi) {
  return lgamma(y + 1) + lgamma(phi) - lgamma(y + phi) - y * log(mu / (mu + phi)) -
         phi * log(phi / (mu + phi));
}

static void every_distribution(void **state) {
  (void)state;
  fixture f = make_fixture(
      "param k = 0.3 in [0, 2]\nparam a = 6 in [0.1, 20]\nparam s = 0.4 in [0.01, 3]\n"
      "param nu = 3.5 in [1, 50]\nparam phi = 2.5 in [0.1, 50]\ninit x = a\nx' = -k*x\n"
      "observe n ~ normal(x, s)\nobserve l ~ lognormal(log(x), s)\nobserve st ~ student_t(nu, x, s)\n"
      "observe p ~ poisson(x)\nobserve nb ~ neg_binomial_2(x, phi)\n",
      "t,n,l,st,p,nb\n0,6.2,5.5,6.4,7,4\n1,4.1,NA,4.9,4,9\n2.5,2.7,3.1,2.2,0,NA\n");
  const double theta[] = {0.3, 6, 0.4, 3.5, 2.5}, t[] = {0, 1, 2.5}, missing = NAN;
  const double y[3][5] = {{6.2, 5.5, 6.4, 7, 4}, {4.1, missing, 4.9, 4, 9}, {2.7, 3.1, 2.2, 0, missing}};
  double want = 0, loss, gradient[5], differences[5], error[5];
  for (int i = 0; i < 3; i++) {
    double x = 6 * exp(-0.3 * t[i]);
    want += normal_loss(y[i][0], x, 0.4) + student_loss(y[i][2], 3.5, x, 0.4) + poisson_loss(y[i][3], x);
    if (!isnan(y[i][1])) want += normal_loss(log(y[i][1]), log(x), 0.4) + log(y[i][1]);
    if (!isnan(y[i][4])) want += neg_binomial_loss(y[i][4], x, 2.5);
  }
  CHECK(f.context, og_objective_evaluate(f.objective, theta, &loss, gradient));
  assert_close(loss, want, tolerance);
  CHECK(f.context, og_objective_differences(f.objective, theta, differences, error));
  for (int i = 0; i < 5; i++) {
    assert_close(gradient[i], differences[i], 1e-8); /* differences reach about 1e-10 */
    assert_true(fabs(gradient[i] - differences[i]) <= error[i] + 1e-9 * fabs(gradient[i]));
  }
  drop_fixture(&f);
}

/* ---- Costs ---- */

#define COSTS                                                                                                \
  "param k = 0.7 in [0.1, 5]\nparam a = 2\ninit x = a + t\nx' = -k*x\n"                                      \
  "cost final = x^2 + t\ncost integral = x\ntime 0.5 : 2\n"

static void costs_against_closed_form(void **state) {
  (void)state;
  fixture f = make_fixture(COSTS, NULL);
  double theta[] = {0.8, 1.7}, k = 0.8, x0 = 2.2, T = 1.5, E = exp(-k * T), loss, gradient[2], x0_bar, t0, t1,
         error[2];
  double by_x0 = 2 * x0 * E * E + (1 - E) / k, by_T = -2 * k * x0 * x0 * E * E + x0 * E;
  double by_k = -2 * T * x0 * x0 * E * E + x0 * (T * E / k - (1 - E) / (k * k));
  for (int route = 0; route < 4; route++) {
    if (route < 3)
      CHECK(f.context, og_objective_evaluate_with(f.objective, (og_adjoint)route, theta, &loss, gradient));
    else
      CHECK(f.context, og_objective_differences(f.objective, theta, gradient, error));
    assert_close(loss, x0 * x0 * E * E + 2 + x0 * (1 - E) / k, tolerance);
    assert_close(gradient[0], by_k, tolerance);
    assert_close(gradient[1], by_x0, tolerance);
    CHECK(f.context, og_objective_initial_gradient(f.objective, &x0_bar));
    assert_close(x0_bar, by_x0, tolerance);
    CHECK(f.context, og_objective_time_gradient(f.objective, &t0, &t1));
    assert_close(t0, by_x0 - by_T, tolerance);
    assert_close(t1, by_T + 1, tolerance);
  }
  drop_fixture(&f);
}

#define LYNX_HARE                                                                                            \
  "param a = 0.55 in [0, 5], b = 0.028 in [0, 1], c = 0.8 in [0, 5], d = 0.024 in [0, 1]\n"                  \
  "param s = 0.25 in [0.01, 5]\nparam x0 = 30, y0 = 6\ninit x = x0\ninit y = y0\n"                           \
  "x' = a*x - b*x*y\ny' = -c*y + d*x*y\nobserve x ~ lognormal(log(x), s)\nobserve y ~ lognormal(log(y), "    \
  "s)\n"

/* Every route to the gradient, the times' too, of observations and both costs together. */
static void differences_agree_everywhere(void **state) {
  (void)state;
  fixture f =
      make_fixture(LYNX_HARE "cost final = a*x*y/100 + t\ncost integral = (x - y)^2/1000\ntime -0.5 : 6\n",
                   "id,t,x,y\n1,0,30,4\n1,2,70.2,9.8\n1,4,36,59\n2,-0.5,25,5\n2,6,20,NA\n");
  double theta[7], loss, gradient[7], differences[7], error[7], x0[4], x0_want[4], t[2], t_want[2];
  CHECK(f.context, og_model_values(f.model, theta));
  CHECK(f.context, og_objective_evaluate(f.objective, theta, &loss, gradient));
  CHECK(f.context, og_objective_initial_gradient(f.objective, x0));
  CHECK(f.context, og_objective_time_gradient(f.objective, &t[0], &t[1]));
  CHECK(f.context, og_objective_differences(f.objective, theta, differences, error));
  CHECK(f.context, og_objective_initial_gradient(f.objective, x0_want));
  CHECK(f.context, og_objective_time_gradient(f.objective, &t_want[0], &t_want[1]));
  for (int i = 0; i < 7; i++) assert_close(gradient[i], differences[i], 1e-7);
  for (int i = 0; i < 4; i++) assert_close(x0[i], x0_want[i], 1e-7);
  for (int i = 0; i < 2; i++)
    assert_close(t[i], t_want[i], 1e-6); /* one-sided where an observation is at the end */
  drop_fixture(&f);
}

static void differences_at_a_bound_are_one_sided(void **state) {
  (void)state;
  fixture f = make_fixture(DECAY, "t,x\n0,2.1\n0.5,1.3\n1,1.05\n2,0.4\n3.5,0.3\n");
  double theta[] = {0, 1.8, 0.25}, want = 0, expected[3] = {0}, t0 = 0, gradient[3], error[3];
  decay_loss(theta, 5, decay_t, decay_y, &want, expected, &t0);
  CHECK(f.context, og_objective_differences(f.objective, theta, gradient, error));
  for (int i = 0; i < 3; i++) assert_close(gradient[i], expected[i], 1e-7);
  drop_fixture(&f);
}

/* What is said of the last gradient is that of the whole set, whatever was evaluated since; of differences
 * nothing is known. */
static void errors_are_those_of_the_last_gradient(void **state) {
  (void)state;
  fixture f = make_fixture(DECAY, "id,t,x\nu,0,2.1\nu,1,1.05\nv,0,0.4\nv,3,0.3\n");
  const double theta[] = {0.7, 1.8, 0.25};
  const og_window second = {1, 0, 2, 1};
  double loss, gradient[3];
  og_gradient_error before = {OG_INIT(og_gradient_error)}, after = {OG_INIT(og_gradient_error)};
  CHECK(f.context, og_objective_evaluate(f.objective, theta, &loss, gradient));
  CHECK(f.context, og_objective_gradient_error(f.objective, &before));
  CHECK(f.context, og_objective_evaluate_batch(f.objective, theta, 1, &second, &loss, NULL, gradient));
  CHECK(f.context, og_objective_gradient_error(f.objective, &after));
  assert_true(before.parameters > 0 && before.initial > 0);
  assert_memory_equal(&before, &after, sizeof before);
  CHECK(f.context, og_objective_differences(f.objective, theta, gradient, NULL));
  CHECK(f.context, og_objective_gradient_error(f.objective, &after));
  assert_true(isnan(after.parameters) && isnan(after.initial) && isnan(after.times));
  drop_fixture(&f);
}

/* x' = k w(t) from t0 = 0 to t1 = 1 with L = x(t1), where w has no finite derivative by t at an end, or at
 * both: dL/dk is the integral of w, dL/dt1 = k w(1), which a discrete adjoint knows where f is smooth at t1.
 */
static void a_time_without_derivative_refuses_nothing_else(void **state) {
  (void)state;
  static const struct {
    const char *rate;
    double integral, t1; /* NaN: not finite */
    int bad_t0;
    const char *says;
  } cases[] = {{"sqrt(t)", 2. / 3, 1, 1, "by t0 is not finite"},
               {"1.5*t^0.5", 1, 1.5, 1, "by t0 is not finite"},
               {"sqrt(1 - t)", 2. / 3, NAN, 0, "by t1 is not finite"},
               {"sqrt(t*(1 - t))", 0.39269908169872414, NAN, 1, "by t0 and by t1 is not finite"}}; /* pi/8 */
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char model[200];
    snprintf(model, sizeof model, "param k = 1\ninit x = 0\nx' = k*%s\ncost final = x\ntime 0 : 1\n",
             cases[i].rate);
    fixture f = make_fixture(model, NULL);
    for (og_adjoint adjoint = OG_ADJOINT_DISCRETE; adjoint <= OG_ADJOINT_FORWARD; adjoint++) {
      double loss, by_k, x0, t0 = 7, t1 = 7;
      int exact = adjoint == OG_ADJOINT_DISCRETE || adjoint == OG_ADJOINT_FORWARD;
      CHECK(f.context, og_objective_evaluate_with(f.objective, adjoint, (double[]){1}, &loss, &by_k));
      CHECK(f.context, og_objective_initial_gradient(f.objective, &x0));
      assert_close(by_k, cases[i].integral, 1e-8);
      assert_close(x0, 1, 1e-12);
      og_status status = og_objective_time_gradient(f.objective, &t0, &t1);
      if (!exact) { /* dL/dt0 = -k w(0) */
        assert_int_equal(status, OG_OK);
        assert_close(t0, i == 2 ? -1 : 0, 1e-8);
        continue;
      }
      assert_int_equal(status, OG_ERR_NOT_FINITE);
      assert_contains(og_context_message(f.context), cases[i].says);
      assert_int_equal(!isfinite(t0), cases[i].bad_t0);
      assert_int_equal(!isfinite(t1), isnan(cases[i].t1));
      if (isfinite(t1)) assert_close(t1, cases[i].t1, 1e-6); /* of the steps that shrink towards the end */
      int asked = og_objective_time_gradient(f.objective, cases[i].bad_t0 ? NULL : &t0, NULL);
      assert_int_equal(asked, OG_OK);
    }
    drop_fixture(&f);
  }
}

/* ---- Refusals ---- */

typedef struct refusal {
  const char *model, *csv;
  og_status status;
  const char *says[4];
} refusal;

static const refusal refusals[] = {
    {DECAY, "t,y\n0,1\n", OG_ERR_NAME, {"observes x", "t, y"}},
    {DECAY, "when,x\n0,1\n", OG_ERR_NAME, {"test.csv: the data has no column t or time", "when, x"}},
    {DECAY, "t,x\n0,1\nNA,2\n", OG_ERR_DATA, {"data row 2", "missing"}},
    {DECAY,
     "id,t,x\nu,0,1\nv,0,1\nv,2,2\nv,1.5,3\n",
     OG_ERR_DATA,
     {"test.csv:5: data row 4", "trajectory v", "1.5 comes after 2"}},
    {DECAY,
     "id,t,x\nu,7,1\nu,6,2\nv,2,1\nv,1.5,3\nv,-1,4\n",
     OG_ERR_DATA,
     {"test.csv:3: data row 2, trajectory u: time 6 comes after 7;",
      "sort the rows; to integrate backward, write `time 7 : -1` into the model, where every trajectory "
      "then"}},
    {DECAY,
     "t,x\n2,1\n1.5,3\n-1,4\n",
     OG_ERR_DATA,
     {"data row 2: time 1.5 comes after 2;",
      "by a column id); to integrate backward, write `time 2 : -1` into"}},
    {DECAY "time 0 : 3\n", "t,x\n0,1\n4,2\n", OG_ERR_DATA, {"data row 2", "time 4", "0 : 3"}},
    {DECAY, "t,x\n0,NA\n1,NA\n", OG_ERR_NO_DEPENDENCE, {"depends on nothing", "no value"}},
    {DECAY "time 0 : 3\n", NULL, OG_ERR_NO_DEPENDENCE, {"depends on nothing", "no data"}},
    {"init x = 1\nx' = -x\ntime 0 : 1\n", NULL, OG_ERR_NO_DEPENDENCE, {"depends on nothing", "observe"}},
    {"init x = 1\nx' = -x\ntime 0 : 1\ncost final = 3\n", NULL, OG_ERR_NO_DEPENDENCE, {"constant"}},
    {"init x = 1\nx' = -x\ncost final = x\n", NULL, OG_ERR_ARGUMENT, {"span is not known", "time t0 : t1"}},
};

static void bad_data_is_refused_by_name(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
    fixture f = try_fixture(refusals[i].model, refusals[i].csv);
    if (f.status != refusals[i].status)
      fail_msg("refusal %zu: %s: %s", i, og_status_name(f.status), og_context_message(f.context));
    assert_null(f.objective);
    for (int k = 0; k < 4 && refusals[i].says[k]; k++)
      assert_contains(og_context_message(f.context), refusals[i].says[k]);
    drop_fixture(&f);
  }
}

/* Nothing is written when an evaluation fails. */
static void expect_failure(fixture *f, const double *theta, og_status want, const char *const *says) {
  double loss = -7, gradient[8] = {-7};
  og_status status = og_objective_evaluate(f->objective, theta, &loss, gradient);
  if (status != want) fail_msg("%s: %s", og_status_name(status), og_context_message(f->context));
  for (; *says; says++) assert_contains(og_context_message(f->context), *says);
  assert_true(loss == -7 && gradient[0] == -7);
}

static void bad_parameters_are_refused_by_name(void **state) {
  (void)state;
  fixture f = make_fixture(DECAY, "t,x\n0,2.1\n0.5,1.3\n");
  expect_failure(&f, (double[]){7, 2, 0.3}, OG_ERR_BOUNDS,
                 (const char *[]){"parameter k is 7", "[0, 5]", NULL});
  expect_failure(&f, (double[]){1, NAN, 0.3}, OG_ERR_NOT_FINITE,
                 (const char *[]){"parameter a is nan", NULL});
  double t0, t1;
  assert_int_equal(og_objective_time_gradient(f.objective, &t0, &t1), OG_ERR_STATE);
  drop_fixture(&f);
}

static void expect_refused(const char *model, const char *csv, const char *const *parts) {
  fixture f = try_fixture(model, csv);
  assert_int_equal(f.status, OG_ERR_DATA);
  for (; *parts; parts++)
    if (!strstr(og_context_message(f.context), *parts))
      fail_msg("the message lacks \"%s\": %s", *parts, og_context_message(f.context));
  drop_fixture(&f);
}

/* A value that its distribution cannot give has a density by the formula all the same: it must not come that
 * far. */
static void impossible_values_are_refused(void **state) {
  (void)state;
#define OBSERVED(distribution) "init x = 1\nx' = -x\nobserve y ~ " distribution "\n"
  expect_refused(OBSERVED("lognormal(x, 1)"), "t,y\n0,4\n1,-2\n",
                 (const char *[]){"data row 2", "t = 1", "column 'y': -2", "above 0", NULL});
  expect_refused(OBSERVED("poisson(x)"), "t,y\n0,4\n1,2.5\n", (const char *[]){"2.5", "a count", NULL});
  expect_refused(OBSERVED("neg_binomial_2(x, 1)"), "t,y\n0,-1\n1,2\n",
                 (const char *[]){"-1", "a count", NULL});
  expect_refused(OBSERVED("bernoulli(x/2)"), "t,y\n0,1\n1,2\n", (const char *[]){"'y': 2", "0 or 1", NULL});
  expect_refused(OBSERVED("exponential(x)"), "t,y\n0,-1\n1,2\n", (const char *[]){"0 or more", NULL});
}

static void values_outside_the_distribution_are_named(void **state) {
  (void)state;
  fixture f = make_fixture("param k = 1\ninit x = -5\nx' = -k*x\nobserve x ~ lognormal(log(x), 1)\n",
                           "id,t,x\nu,0,4\nu,1,2\n");
  expect_failure(&f, (double[]){1}, OG_ERR_NOT_FINITE,
                 (const char *[]){"data row 1", "trajectory u", "t = 0", "x = 4", "lognormal", NULL});
  drop_fixture(&f);
  f = make_fixture("param k = 1\ninit x = log(k)\nx' = -x\ncost final = x\ntime 0 : 1\n", NULL);
  expect_failure(&f, (double[]){-1}, OG_ERR_NOT_FINITE,
                 (const char *[]){"initial value of state x", "init", NULL});
  drop_fixture(&f);
}

/* x' = x^2 blows up at t = 1/x0: the solve's own message must come through. */
static void failed_solves_say_where(void **state) {
  (void)state;
  fixture f =
      make_fixture("param x0 = 1\ninit x = x0\nx' = x^2\nobserve x ~ normal(x, 1)\n", "t,x\n0,1\n3,1\n");
  expect_failure(&f, (double[]){1}, OG_ERR_BLOW_UP, (const char *[]){"t = 1", "trajectory 0", NULL});
  drop_fixture(&f);
}

/* ---- Memory ---- */

static og_status whole_life(og_context *context) {
  static const char model[] = DECAY "cost final = x\n", csv[] = "id,t,x\n1,0,2\n1,1,1\n2,0,2\n";
  og_model *m = NULL;
  og_table *table = NULL;
  og_objective *objective = NULL;
  double theta[3], loss, gradient[3], error[3];
  og_status status = og_model_create_from_text(context, "m", model, strlen(model), &m);
  if (status == OG_OK) status = og_table_create_from_text(context, "d", csv, strlen(csv), &table);
  if (status == OG_OK) status = og_model_values(m, theta);
  if (status == OG_OK) status = og_objective_create(context, m, table, NULL, &objective);
  if (status == OG_OK) status = og_objective_evaluate(objective, theta, &loss, gradient);
  if (status == OG_OK) status = og_objective_differences(objective, theta, gradient, error);
  og_objective_destroy(objective);
  og_table_destroy(table);
  og_model_destroy(m);
  return status;
}

static void no_memory_is_reported(void **state) {
  (void)state;
  fail_each_allocation(whole_life);
}

/* What messages call entry i of theta: a number, an element of a vector, of a matrix by row and column, of a
 * network's weights. */
static void entries_have_names(void **state) {
  (void)state;
  fixture f = make_fixture("param a = 1, w[3] = 2, M[2, 3] = 0.5, last = 1\nnet f = mlp(1, 2, 1; tanh)\n"
                           "init x = a\nx' = f(x) + last*sum(w) + norm2(M*w)\nobserve x ~ normal(x, 1)\n",
                           "t,x\n0,1\n1,2\n");
  static const char *const names[] = {"a",      "w[1]",   "w[2]",   "w[3]",   "M[1,1]", "M[1,2]",
                                      "M[1,3]", "M[2,1]", "M[2,2]", "M[2,3]", "last"};
  char text[OG_ENTRY_NAME_SIZE];
  size_t p = f.objective->p, index = 0;
  for (size_t i = 0; i < og_model_parameters(f.model); i++) {
    og_parameter_info info = {OG_INIT(og_parameter_info)};
    CHECK(f.context, og_model_parameter(f.model, i, &info));
    for (size_t k = 0; k < info.rows * info.columns; k++, index++) {
      char want[OG_ENTRY_NAME_SIZE];
      assert_int_equal(info.offset + k, index);
      if (info.columns > 1)
        snprintf(want, sizeof want, "%s[%zu,%zu]", info.name, k / info.columns + 1, k % info.columns + 1);
      else
        snprintf(want, sizeof want, info.rows > 1 ? "%s[%zu]" : "%s", info.name, k + 1);
      assert_string_equal(og_objective_entry_name(f.objective, index, text), want);
      if (index < sizeof names / sizeof *names) assert_string_equal(text, names[index]);
    }
  }
  assert_int_equal(index, p);
  assert_string_equal(og_objective_entry_name(f.objective, p, text), "theta[18]"); /* none of them */
  drop_fixture(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(entries_have_names),
                                     cmocka_unit_test(decay_against_closed_form),
                                     cmocka_unit_test(loss_alone_is_the_same),
                                     cmocka_unit_test(missing_values_do_not_count),
                                     cmocka_unit_test(trajectories_add_up),
                                     cmocka_unit_test(every_distribution),
                                     cmocka_unit_test(costs_against_closed_form),
                                     cmocka_unit_test(differences_agree_everywhere),
                                     cmocka_unit_test(differences_at_a_bound_are_one_sided),
                                     cmocka_unit_test(errors_are_those_of_the_last_gradient),
                                     cmocka_unit_test(a_time_without_derivative_refuses_nothing_else),
                                     cmocka_unit_test(bad_data_is_refused_by_name),
                                     cmocka_unit_test(bad_parameters_are_refused_by_name),
                                     cmocka_unit_test(impossible_values_are_refused),
                                     cmocka_unit_test(values_outside_the_distribution_are_named),
                                     cmocka_unit_test(failed_solves_say_where),
                                     cmocka_unit_test(no_memory_is_reported)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
