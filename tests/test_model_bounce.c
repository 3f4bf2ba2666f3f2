/* Models with events, solved, differentiated and fitted: the bouncing ball in closed form, whose derivatives
 * are taken by the complex step. */
#include <complex.h>

#include "models.h"

/* ---- The bouncing ball ---- */

static const char ball[] = "param g = 9.8, e = 0.8, r = 0.2, top = 10\n"
                           "init h = top, v = 0\n"
                           "h' = v\n"
                           "v' = -g\n"
                           "event hit when h - r = 0 falling { v = -e*v }\n";
static const double ball_theta[] = {9.8, 0.8, 0.2, 10};

/* The time of bounce number k (from 0): the fall, then parabolas whose durations shrink by e. */
static double complex bounce(const double complex *p, int k) {
  double complex fall = csqrt(2 * (p[3] - p[2]) / p[0]), t = fall, flight = 2 * fall;
  for (int i = 0; i < k; i++) t += flight *= p[1];
  return t;
}

static double bounce_slope(int k, int parameter) {
  double complex p[4];
  for (int i = 0; i < 4; i++) p[i] = ball_theta[i] + (i == parameter ? tiny * I : 0);
  return cimag(bounce(p, k)) / tiny;
}

/* Methods of order 2 and more solve a parabola exactly, and so do their interpolants: rounding is what is
 * left. */
static void bounces_and_their_derivatives(void **state) {
  (void)state;
  enum { BOUNCES = 5 };
  og_context *context = new_context();
  og_model *model = parse(context, ball);
  og_options *options = new_options(context, OG_METHOD_TSIT5, 1e-8, 1e-10);
  og_solve *solve = NULL;
  double x0[2];
  CHECK(context, og_solve_create(context, og_model_field(model), options, 1, &solve));
  CHECK(context, og_model_initial_state(model, 0, ball_theta, x0));
  CHECK(context, og_solve_set_initial_state(solve, 0, x0));
  CHECK(context, og_solve_set_parameters(solve, OG_ALL, ball_theta));
  CHECK(context, og_solve_set_span(solve, 0, 0, 8.2));
  CHECK(context, og_solve_run(solve));
  size_t count = 0;
  CHECK(context, og_solve_events(solve, 0, &count));
  assert_int_equal(count, BOUNCES);
  static const double issue[] = {1.4142135623730951, 3.676955262170047, 5.487148622007609};
  for (size_t k = 0; k < BOUNCES; k++) {
    og_occurrence what = {OG_INIT(og_occurrence)};
    double times_bar[BOUNCES] = {[0] = 0}, x0_bar[2] = {0}, theta_bar[4] = {0};
    CHECK(context, og_solve_event(solve, 0, k, &what));
    assert_string_equal(what.name, "hit");
    if (k < 3) assert_near(what.t, issue[k], 1e-14, "time", k);
    times_bar[k] = 1;
    CHECK(context, og_solve_set_event_cotangents(solve, 0, times_bar, NULL, NULL));
    CHECK(context, og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                  .x0_bar = x0_bar, .theta_bar = theta_bar}));
    for (int i = 0; i < 3; i++) assert_near(theta_bar[i], bounce_slope((int)k, i), 1e-12, "dt/dtheta", k);
    assert_near(x0_bar[0], bounce_slope((int)k, 3), 1e-12, "dt/dh0", k);
  }
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_model_destroy(model);
  og_context_destroy(context);
}

/* ---- A terminal event: thrown down, up again to the highest point ---- */

static const char apex[] = "param g = 9.8, e = 0.8, r = 0.2, top = 10\n"
                           "init h = top, v = -1\n"
                           "h' = v\n"
                           "v' = -g\n"
                           "event hit when h - r = 0 falling { v = -e*v }\n"
                           "event highest when v = 0 falling { h = 2*h; stop }\n"
                           "cost final = h + 3*t\n"
                           "cost integral = g\n"
                           "time 0 : 30\n";

static double complex apex_loss(const double complex *p) {
  double complex impact = csqrt(1 + 2 * p[0] * (p[3] - p[2])), up = p[1] * impact;
  double complex t = (impact - 1) / p[0] + up / p[0];
  return 2 * (p[2] + up * up / (2 * p[0])) + 3 * t + p[0] * t;
}

static void final_time_by_event(void **state) {
  (void)state;
  og_context *context = new_context();
  og_model *model = parse(context, apex);
  og_options *options = fine(context);
  og_objective *objective = NULL;
  double loss, gradient[4], t0_bar, t1_bar, differences[4];
  CHECK(context, og_objective_create(context, model, NULL, options, &objective));
  CHECK(context, og_objective_evaluate(objective, ball_theta, &loss, gradient));
  CHECK(context, og_objective_time_gradient(objective, &t0_bar, &t1_bar));
  double complex p[4] = {9.8, 0.8, 0.2, 10};
  assert_near(loss, creal(apex_loss(p)), 1e-13, "loss", 0);
  for (size_t i = 0; i < 4; i++) {
    p[i] += tiny * I;
    assert_near(gradient[i], cimag(apex_loss(p)) / tiny, 1e-12, "gradient", i);
    p[i] = creal(p[i]);
  }
  assert_near(t1_bar, 0, 1e-11, "dL/dt1", 0); /* of the discrete map: what its steps' errors leave */
  /* all that follows is shifted with t0: 3 t is what is left */
  assert_near(t0_bar, 3, 1e-12, "dL/dt0", 0);
  for (og_adjoint kind = OG_ADJOINT_DISCRETE; kind <= OG_ADJOINT_FORWARD; kind++) {
    double other[4];
    CHECK(context, og_objective_evaluate_with(objective, kind, ball_theta, &loss, other));
    /* solutions are parabolas and adjoints lines in time, which every kind integrates exactly */
    for (size_t i = 0; i < 4; i++) assert_near(other[i], gradient[i], 1e-11, "gradient of another kind", i);
  }
  CHECK(context, og_objective_differences(objective, ball_theta, differences, NULL));
  for (size_t i = 0; i < 4; i++) assert_near(differences[i], gradient[i], 1e-8, "difference", i);
  og_objective_destroy(objective);
  og_options_destroy(options);
  og_model_destroy(model);
  og_context_destroy(context);
}

static void observation_behind_the_end(void **state) {
  (void)state;
  og_context *context = new_context();
  og_model *model = parse(context, "param k = 1\ninit x = 1\nx' = -k*x\n"
                                   "event low when x - 0.5 = 0 falling { stop }\nobserve x ~ normal(x, 1)\n");
  og_table *data = table(context, "t,x\n0,1\n0.5,0.6\n1,0.4\n");
  og_objective *objective = NULL;
  double loss = 7, gradient = 8;
  CHECK(context, og_objective_create(context, model, data, NULL, &objective));
  assert_int_equal(og_objective_evaluate(objective, (double[]){1}, &loss, &gradient), OG_ERR_ENDED);
  assert_true(loss == 7 && gradient == 8);
  static const char want[] =
      "d.csv:4: data row 3, at t = 1, is never reached: the terminal event 'low' ends the "
      "trajectory at t = 0.693147";
  if (strncmp(og_context_message(context), want, sizeof want - 1) != 0)
    fail_msg("%s", og_context_message(context));
  CHECK(context, og_objective_evaluate(objective, (double[]){0.6}, &loss, &gradient)); /* ln 2 / 0.6 > 1 */
  og_objective_destroy(objective);
  og_table_destroy(data);
  og_model_destroy(model);
  og_context_destroy(context);
}

/* ---- An event that an input sets off: doses, given where their column rises ---- */

static double complex dose_loss(double complex k, double complex share) {
  double complex x = 1;
  x = x * cexp(-k) + share * 5;     /* at 1 */
  x = x * cexp(-2 * k) + share * 3; /* at 3 */
  return x * cexp(-1.5 * k);        /* at 4.5 */
}

static void doses(void **state) {
  (void)state;
  og_context *context = new_context();
  og_model *model = parse(context, "param k = 0.4, share = 0.9\ninput dose hold\ninit x = 1\nx' = -k*x\n"
                                   "event given when dose - 0.1 = 0 rising { x = x + share*dose }\n"
                                   "cost final = x\ntime 0 : 4.5\n");
  og_table *data = table(context, "t,dose\n0,0\n1,5\n2,0\n3,3\n4,0\n");
  og_options *options = fine(context);
  og_objective *objective = NULL;
  double loss, gradient[2];
  CHECK(context, og_objective_create(context, model, data, options, &objective));
  CHECK(context, og_objective_evaluate(objective, (double[]){0.4, 0.9}, &loss, gradient));
  /* tolerance of the solves, 1e-12 a step, over a few steps */
  assert_near(loss, creal(dose_loss(0.4, 0.9)), 1e-10, "loss", 0);
  assert_near(gradient[0], cimag(dose_loss(0.4 + tiny * I, 0.9)) / tiny, 1e-10, "gradient", 0);
  assert_near(gradient[1], cimag(dose_loss(0.4, 0.9 + tiny * I)) / tiny, 1e-10, "gradient", 1);
  og_objective_destroy(objective);
  og_options_destroy(options);
  og_table_destroy(data);
  og_model_destroy(model);
  og_context_destroy(context);
}

/* ---- Fits through events ---- */

/* Heights without noise, by the closed form: the fit must find the ball that they are of. */
static void fit_of_a_bouncing_ball(void **state) {
  (void)state;
  char text[512], csv[4096], *at = csv;
  og_context *context = new_context();
  snprintf(text, sizeof text, "%sobserve h ~ normal(h, 0.1)\n", ball);
  og_model *model = parse(context, text);
  double complex p[4] = {9.8, 0.8, 0.2, 10};
  at += sprintf(at, "t,h\n");
  for (int i = 0; i <= 40; i++) {
    double t = 0.15 * i, h = 10 - 4.9 * t * t, speed = 9.8 * creal(bounce(p, 0));
    for (int k = 0; creal(bounce(p, k)) < t; k++) {
      double s = t - creal(bounce(p, k));
      speed *= 0.8;
      h = 0.2 + speed * s - 4.9 * s * s;
    }
    at += sprintf(at, "%.17g,%.17g\n", t, h);
  }
  og_table *data = table(context, csv);
  og_options *options = fine(context);
  og_objective *objective = NULL;
  og_fit *fit = NULL;
  double estimate[4];
  CHECK(context, og_model_set(model, "r", "0.2"));
  CHECK(context, og_objective_create(context, model, data, options, &objective));
  CHECK(context, og_fit_create(objective, NULL, (double[]){9.7, 0.78, 0.25, 9.9}, NULL, NULL, &fit));
  CHECK(context, og_fit_estimate(fit, estimate));
  assert_int_equal(og_fit_converged(fit), 1);
  /* Data are exact, and the loss is flat to 1e-10 of itself within about 1e-6 of the minimum. */
  for (size_t i = 0; i < 4; i++) assert_near(estimate[i], ball_theta[i], 1e-6, "estimate", i);
  og_fit_destroy(fit);
  og_objective_destroy(objective);
  og_options_destroy(options);
  og_table_destroy(data);
  og_model_destroy(model);
  og_context_destroy(context);
}

/* Beyond k = ln 2 the trajectory ends before the last observation. The data are those of k = 0.69, close by:
 * points beyond are tried on the way, and survived. */
static void fit_beside_an_end(void **state) {
  (void)state;
  char csv[256];
  og_context *context = new_context();
  og_model *model =
      parse(context, "param k = 0.1\ninit x = 1\nx' = -k*x\n"
                     "event low when x - 0.5 = 0 falling { stop }\nobserve x ~ normal(x, 0.01)\n");
  snprintf(csv, sizeof csv, "t,x\n0,1\n0.5,%.17g\n1,%.17g\n", exp(-0.345), exp(-0.69));
  og_table *data = table(context, csv);
  og_options *options = fine(context);
  og_objective *objective = NULL;
  og_fit *fit = NULL;
  double estimate, loss;
  CHECK(context, og_objective_create(context, model, data, options, &objective));
  assert_int_equal(og_objective_evaluate(objective, (double[]){0.7}, &loss, NULL), OG_ERR_ENDED);
  CHECK(context, og_fit_create(objective, NULL, NULL, NULL, NULL, &fit));
  CHECK(context, og_fit_estimate(fit, &estimate));
  assert_near(estimate, 0.69, 1e-7, "estimate", 0);
  og_fit_destroy(fit);
  og_objective_destroy(objective);
  og_options_destroy(options);
  og_table_destroy(data);
  og_model_destroy(model);
  og_context_destroy(context);
}

/* A jump that leaves its guard's state at zero, which single precision rounds to either side: each level is
 * passed once. */
static void rounding_does_not_repeat_an_event(void **state) {
  (void)state;
  og_context *context = new_context();
  for (int k = 0; k < 20; k++) {
    char text[160];
    snprintf(text, sizeof text,
             "init x = 2, v = 0\nx' = -x\nv' = 0\nevent kick when x - %.2f = 0 falling { v = v + 1 }\n",
             1.1 + 0.03 * k);
    og_model *model = parse(context, text);
    og_options *options = new_options(context, OG_METHOD_TSIT5, 1e-4, 1e-4);
    og_solve *solve = NULL;
    double x0[2], x[2];
    CHECK(context, og_options_set_choice(options, OG_OPT_PRECISION, OG_PRECISION_SINGLE));
    CHECK(context, og_solve_create(context, og_model_field(model), options, 1, &solve));
    CHECK(context, og_model_initial_state(model, 0, NULL, x0));
    CHECK(context, og_solve_set_initial_state(solve, 0, x0));
    CHECK(context, og_solve_set_span(solve, 0, 0, 3));
    CHECK(context, og_solve_run(solve));
    CHECK(context, og_solve_final(solve, 0, x));
    assert_true(x[1] == 1);
    og_solve_destroy(solve);
    og_options_destroy(options);
    og_model_destroy(model);
  }
  og_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bounces_and_their_derivatives),
      cmocka_unit_test(final_time_by_event),
      cmocka_unit_test(observation_behind_the_end),
      cmocka_unit_test(doses),
      cmocka_unit_test(fit_of_a_bouncing_ball),
      cmocka_unit_test(rounding_does_not_repeat_an_event),
      cmocka_unit_test(fit_beside_an_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
