/* Fits against closed forms and an independent maximum-likelihood point. */
#include "line.h"

static og_options *fit_options(og_context *context, og_optimizer optimizer) {
  og_options *options = tight_options(context);
  CHECK(context, og_options_set_choice(options, OG_OPT_OPTIMIZER, optimizer));
  CHECK(context, og_options_set_integer(options, OG_OPT_ITERATIONS, 5000));
  CHECK(context, og_options_set_real(options, OG_OPT_TOLERANCE, 1e-13));
  return options;
}

static og_fit *run_fit(fixture *f, const og_options *options, const double *theta) {
  og_fit *fit = NULL;
  CHECK(f->context, og_fit_create(f->objective, options, theta, NULL, NULL, &fit));
  return fit;
}

/* Relative: quasi-Newton ends on the gradient, to rounding; gradient descent ends on the loss, whose flatness
 * leaves the square root of the tolerance. */
static const double accuracy[] = {1e-7, 1e-7, 1e-4};

static void every_optimizer_finds_the_line(void **state) {
  (void)state;
  line want = least_squares();
  for (int optimizer = OG_OPTIMIZER_LBFGS; optimizer <= OG_OPTIMIZER_GRADIENT; optimizer++) {
    fixture f = make_fixture(LINE, LINE_DATA);
    og_options *options = fit_options(f.context, (og_optimizer)optimizer);
    og_fit *fit = run_fit(&f, options, NULL);
    double theta[3], se[3];
    CHECK(f.context, og_fit_estimate(fit, theta));
    CHECK(f.context, og_fit_standard_errors(fit, se));
    if (!og_fit_converged(fit)) fail_msg("optimizer %d: %s", optimizer, og_fit_reason(fit));
    assert_contains(og_fit_reason(fit), "converged");
    assert_close(theta[0], want.v, accuracy[optimizer]);
    assert_close(theta[1], want.a, accuracy[optimizer]);
    assert_close(theta[2], want.s, accuracy[optimizer]);
    assert_close(og_fit_loss(fit), want.loss, 10 * accuracy[optimizer] * accuracy[optimizer] + 1e-12);
    assert_close(se[0], want.se_v, 100 * accuracy[optimizer]);
    assert_close(se[1], want.se_a, 100 * accuracy[optimizer]);
    assert_close(se[2], want.se_s, 100 * accuracy[optimizer]);
    assert_true(og_fit_iterations(fit) > 0);
    og_fit_destroy(fit);
    og_options_destroy(options);
    drop_fixture(&f);
  }
}

static void a_bound_that_binds_has_no_standard_error(void **state) {
  (void)state;
  fixture f = make_fixture(
      "param v = 0.1 in [-9, 0.5]\nparam a = 1\nparam s = 1 in [0.01, 9]\ninit x = a\nx' = v + 0*x\n"
      "observe x ~ normal(x, s)\n",
      LINE_DATA);
  og_options *options = fit_options(f.context, OG_OPTIMIZER_LBFGS);
  og_fit *fit = run_fit(&f, options, NULL);
  double theta[3], se[3];
  CHECK(f.context, og_fit_estimate(fit, theta));
  CHECK(f.context, og_fit_standard_errors(fit, se));
  assert_true(theta[0] == 0.5 && isnan(se[0]) && se[1] > 0 && se[2] > 0);
  assert_close(theta[1], (1.2 + 1.9 + 3.4 + 3.7 + 5.3 + 5.6) / 6 - 0.5 * 2.5, 1e-7); /* a given v */
  og_fit_destroy(fit);
  og_options_destroy(options);
  drop_fixture(&f);
}

/* Only a + b is determined. */
static void undetermined_parameters_have_no_standard_errors(void **state) {
  (void)state;
  fixture f = make_fixture("param a = 1\nparam b = 0.5\ninit x = a + b\nx' = 0*x\nobserve x ~ normal(x, 1)\n",
                           "t,x\n0,1\n1,2\n2,3\n");
  og_options *options = fit_options(f.context, OG_OPTIMIZER_LBFGS);
  og_fit *fit = run_fit(&f, options, NULL);
  double theta[2], se[2];
  CHECK(f.context, og_fit_estimate(fit, theta));
  CHECK(f.context, og_fit_standard_errors(fit, se));
  assert_close(theta[0] + theta[1], 2, 1e-6);
  assert_true(isnan(se[0]) && isnan(se[1]));
  og_fit_destroy(fit);
  og_options_destroy(options);
  drop_fixture(&f);
}

/* ---- Hare and lynx ---- */

static const char hare_lynx[] =
    "param alpha = 1.0 in [0, 5]\nparam beta = 0.05 in [0, 1]\nparam gamma = 1.0 in [0, 5]\nparam delta = "
    "0.05 in [0, 1]\n"
    "param hare0 = 30 in [0, 200]\nparam lynx0 = 5 in [0, 200]\nparam sh = 0.3 in [0.01, 5], sl = 0.3 in "
    "[0.01, 5]\n"
    "init hare = hare0\ninit lynx = lynx0\nhare' = alpha*hare - beta*hare*lynx\nlynx' = -gamma*lynx + "
    "delta*hare*lynx\n"
    "observe hare ~ lognormal(log(hare), sh)\nobserve lynx ~ lognormal(log(lynx), sl)\n";
static const char pelts[] = "t,hare,lynx\n0,30.0,4.0\n1,47.2,6.1\n2,70.2,9.8\n3,77.4,35.2\n4,36.3,59.4\n5,20."
                            "6,41.7\n6,18.1,19.0\n7,21.4,13.0\n"
                            "8,22.0,8.3\n9,25.4,9.1\n10,27.1,7.4\n11,40.3,8.0\n12,57.0,12.3\n13,76.6,19."
                            "5\n14,52.3,45.7\n15,19.5,51.1\n"
                            "16,11.2,29.7\n17,7.6,15.8\n18,14.6,9.7\n19,16.2,10.1\n20,24.7,8.6\n";

/* Found outside this project with SciPy: the model in log variables with forward sensitivities, DOP853 at
 * rtol 1e-13, sh and sl profiled out in closed form, BFGS and then Newton steps until the gradient was 1e-12.
 */
static const double maximum[] = {5.400139472855432e-01, 2.715611496223660e-02, 7.965987707610633e-01,
                                 2.370203759690095e-02, 3.459915521096269e+01, 5.843736588074815e+00,
                                 0.21837964539968366,   0.2200842835244888};
static const double maximum_loss = 122.92595058551561;
/* There, found outside this project in Python: the loss in hyper-dual numbers over a Taylor series of order
 * 22 with 200 steps, for each pair of parameters; the Hessian inverted in multiple precision. */
static const double maximum_errors[] = {5.485642099113345e-02, 3.571529464289784e-03, 7.794057344384588e-02,
                                        3.048256912715356e-03, 2.596110662928278e+00, 4.492928281175836e-01,
                                        3.381337688915398e-02, 3.407731893955798e-02};

static void check_maximum(const og_fit *fit, const char *from) {
  double theta[8], se[8];
  assert_int_equal(og_fit_estimate(fit, theta), OG_OK);
  assert_int_equal(og_fit_standard_errors(fit, se), OG_OK);
  for (int i = 0; i < 8; i++) {
    if (fabs(theta[i] / maximum[i] - 1) > 1e-6)
      fail_msg("%s: parameter %d is %.10g, not %.10g: %s", from, i, theta[i], maximum[i], og_fit_reason(fit));
    /* as near as the estimate, to which the information is as sensitive */
    if (fabs(se[i] / maximum_errors[i] - 1) > 1e-6)
      fail_msg("%s: standard error %d is %.10g, not %.10g", from, i, se[i], maximum_errors[i]);
  }
  assert_close(og_fit_loss(fit), maximum_loss, 1e-9);
}

static void the_pelts_are_fitted_from_rough_starts(void **state) {
  (void)state;
  static const double starts[][8] = {{1, 0.05, 1, 0.05, 30, 5, 0.3, 0.3},
                                     {0.5, 0.02, 1, 0.02, 40, 10, 1, 1},
                                     {0.8, 0.04, 0.6, 0.03, 20, 4, 0.5, 0.5},
                                     {0.4, 0.03, 0.9, 0.03, 50, 8, 0.5, 0.2}};
  for (int optimizer = OG_OPTIMIZER_LBFGS; optimizer <= OG_OPTIMIZER_SLSQP; optimizer++)
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
      fixture f = make_fixture(hare_lynx, pelts);
      og_options *options = fit_options(f.context, (og_optimizer)optimizer);
      og_fit *fit = run_fit(&f, options, starts[i]);
      char from[64];
      snprintf(from, sizeof from, "optimizer %d, start %zu", optimizer, i);
      check_maximum(fit, from);
      assert_true(og_fit_converged(fit));
      og_fit_destroy(fit);
      og_options_destroy(options);
      drop_fixture(&f);
    }
}

/* ---- Several starts ---- */

typedef struct watch {
  size_t highest_start, starts;
  int calls, stop_after;
  double last_loss, best[8];
  void *other; /* a fixture, to evaluate without disturbing the fit's */
} watch;

static int watching(const og_progress *progress, void *user) {
  watch *w = user;
  assert_int_equal(progress->size, sizeof *progress);
  if (progress->start > w->highest_start) w->highest_start = progress->start;
  w->starts = progress->starts;
  w->last_loss = progress->loss;
  memcpy(w->best, progress->theta, sizeof w->best);
  return ++w->calls == w->stop_after;
}

static void fit_with_starts(long long seed, double theta[8], double *loss, watch *w) {
  fixture f = make_fixture(hare_lynx, pelts);
  og_options *options = fit_options(f.context, OG_OPTIMIZER_LBFGS);
  CHECK(f.context, og_options_set_real(options, OG_OPT_TOLERANCE, 1e-6));
  CHECK(f.context, og_options_set_integer(options, OG_OPT_ITERATIONS, 30));
  CHECK(f.context, og_options_set_integer(options, OG_OPT_STARTS, 4));
  CHECK(f.context, og_options_set_integer(options, OG_OPT_SEED, seed));
  og_fit *fit = NULL;
  CHECK(f.context, og_fit_create(f.objective, options, NULL, watching, w, &fit));
  CHECK(f.context, og_fit_estimate(fit, theta));
  *loss = og_fit_loss(fit);
  og_fit_destroy(fit);
  og_options_destroy(options);
  drop_fixture(&f);
}

static void starts_depend_on_the_seed_alone(void **state) {
  (void)state;
  double first[8], again[8], loss, loss_again;
  watch w = {0}, other = {0}, third = {0};
  fit_with_starts(3, first, &loss, &w);
  fit_with_starts(3, again, &loss_again, &other);
  assert_memory_equal(first, again, sizeof first);
  assert_true(loss == loss_again && w.calls == other.calls);
  assert_int_equal(w.starts, 5);
  assert_true(w.highest_start > 0);
  fit_with_starts(4, again, &loss_again, &third);
  assert_true(third.calls != w.calls || third.last_loss != w.last_loss);
}

/* However bad the point of the present start, what is reported is the best of all. */
static int watching_the_best(const og_progress *progress, void *user) {
  watch *w = user;
  fixture *f = w->other;
  double loss;
  CHECK(f->context, og_objective_evaluate(f->objective, progress->theta, &loss, NULL));
  assert_true(loss <= progress->loss && (w->calls++ == 0 || loss <= w->last_loss));
  w->last_loss = loss;
  return 0;
}

static void the_best_point_of_all_starts_is_reported(void **state) {
  (void)state;
  fixture f = make_fixture(hare_lynx, pelts), other = make_fixture(hare_lynx, pelts);
  og_options *options = fit_options(f.context, OG_OPTIMIZER_LBFGS);
  CHECK(f.context, og_options_set_integer(options, OG_OPT_ITERATIONS, 10));
  CHECK(f.context, og_options_set_integer(options, OG_OPT_STARTS, 3));
  watch w = {.other = &other};
  og_fit *fit = NULL;
  CHECK(f.context, og_fit_create(f.objective, options, NULL, watching_the_best, &w, &fit));
  assert_true(w.calls > 4 && og_fit_loss(fit) <= w.last_loss);
  og_fit_destroy(fit);
  og_options_destroy(options);
  drop_fixture(&f);
  drop_fixture(&other);
}

/* ---- Ends ---- */

static void interrupting_keeps_the_best_point(void **state) {
  (void)state;
  for (int optimizer = OG_OPTIMIZER_LBFGS; optimizer <= OG_OPTIMIZER_GRADIENT; optimizer++) {
    fixture f = make_fixture(hare_lynx, pelts);
    og_options *options = fit_options(f.context, (og_optimizer)optimizer);
    watch w = {.stop_after = 3};
    og_fit *fit = NULL;
    double theta[8], first, loss;
    CHECK(f.context, og_model_values(f.model, theta));
    CHECK(f.context, og_objective_evaluate(f.objective, theta, &first, NULL));
    CHECK(f.context, og_fit_create(f.objective, options, theta, watching, &w, &fit));
    assert_int_equal(w.calls, 3);
    assert_contains(og_fit_reason(fit), "interrupted");
    assert_false(og_fit_converged(fit));
    CHECK(f.context, og_fit_estimate(fit, theta));
    CHECK(f.context, og_objective_evaluate(f.objective, theta, &loss, NULL));
    assert_true(loss == og_fit_loss(fit) && loss < first);
    assert_memory_equal(w.best, theta, sizeof theta);
    og_fit_destroy(fit);
    og_options_destroy(options);
    drop_fixture(&f);
  }
}

/* Calls of a fit that begins at a saddle (L = (z^2 - y)^2 and more, at z = 0) from two starts, so that all
 * parts of a fit have a turn; stopped at call `stop_after` (0: never). */
typedef struct steps {
  size_t calls, stop_after, evaluations, most;
} steps;

static int stepping(const og_progress *progress, void *user) {
  steps *s = user;
  s->most =
      progress->evaluations - s->evaluations > s->most ? progress->evaluations - s->evaluations : s->most;
  s->evaluations = progress->evaluations;
  assert_non_null(progress->theta);
  return ++s->calls == s->stop_after;
}

static void check_interruption(og_optimizer optimizer, size_t stop_after, steps *s) {
  fixture f = make_fixture(
      "param a = 0 in [-3, 3], b = 0.5 in [0, 2], s = 1 in [0.1, 2]\ninit x = a, z = b\nx' = 0*x\n"
      "z' = -z\nobserve y ~ normal(x^2 + z, s)\nobserve w ~ normal(z, s)\n",
      "t,y,w\n0,4.1,1\n1,3.9,0.4\n2,3.6,0.1\n");
  og_options *options = fit_options(f.context, optimizer);
  double theta[3], errors[3], loss;
  og_fit *fit = NULL;
  CHECK(f.context, og_options_set_integer(options, OG_OPT_STARTS, 1));
  CHECK(f.context, og_options_set_integer(options, OG_OPT_ITERATIONS, 40));
  *s = (steps){.stop_after = stop_after};
  CHECK(f.context, og_fit_create(f.objective, options, NULL, stepping, s, &fit));
  CHECK(f.context, og_fit_estimate(fit, theta));
  CHECK(f.context, og_fit_standard_errors(fit, errors));
  CHECK(f.context, og_objective_evaluate(f.objective, theta, &loss, NULL));
  assert_true(loss == og_fit_loss(fit));
  if (stop_after) {
    assert_int_equal(s->calls, stop_after); /* nothing is evaluated any more */
    assert_string_equal(og_fit_reason(fit), "interrupted; this is the best point so far");
    assert_true(!og_fit_converged(fit) && isnan(errors[0]) && isnan(errors[1]) && isnan(errors[2]));
  }
  og_fit_destroy(fit);
  og_options_destroy(options);
  drop_fixture(&f);
}

/* Every evaluation is reported, whatever part of a fit makes it, and can be the last one. */
static void a_fit_can_be_stopped_at_every_evaluation(void **state) {
  (void)state;
  for (int optimizer = OG_OPTIMIZER_LBFGS; optimizer <= OG_OPTIMIZER_GRADIENT; optimizer++) {
    steps whole, s;
    check_interruption((og_optimizer)optimizer, 0, &whole);
    assert_true(whole.calls >= whole.evaluations && whole.most <= 3); /* 3 Hessian products at a time */
    for (size_t stop = 1; stop <= whole.calls; stop += stop + 12 < whole.calls ? 1 + whole.calls / 40 : 1)
      check_interruption((og_optimizer)optimizer, stop, &s);
  }
}

static void the_iteration_limit_is_a_reason(void **state) {
  (void)state;
  fixture f = make_fixture(hare_lynx, pelts);
  og_options *options = fit_options(f.context, OG_OPTIMIZER_GRADIENT);
  CHECK(f.context, og_options_set_integer(options, OG_OPT_ITERATIONS, 4));
  og_fit *fit = run_fit(&f, options, NULL);
  assert_contains(og_fit_reason(fit), "limit of 4 iterations");
  assert_false(og_fit_converged(fit));
  assert_int_equal(og_fit_iterations(fit), 4);
  og_fit_destroy(fit);
  og_options_destroy(options);
  drop_fixture(&f);
}

/* x' = r x^2 from 1 blows up before t = 2 when r > 0.5: the fit must turn back from there. */
static void failing_solves_are_survived(void **state) {
  (void)state;
  fixture f = make_fixture("param r = 0.05 in [0, 20]\ninit x = 1\nx' = r*x^2\nobserve x ~ normal(x, 0.1)\n",
                           "t,x\n1,1\n2,1.6666666666666667\n3,5\n");
  og_options *options = fit_options(f.context, OG_OPTIMIZER_LBFGS);
  og_fit *fit = run_fit(&f, options, NULL);
  double r;
  CHECK(f.context, og_fit_estimate(fit, &r));
  assert_close(r, 0.4, 1e-7); /* x = 1 / (1 - 0.4 (t - 1)) goes through the data */
  og_fit_destroy(fit);
  double bad = 15;
  assert_int_equal(og_fit_create(f.objective, options, &bad, NULL, NULL, &fit), OG_ERR_BLOW_UP);
  assert_null(fit);
  assert_contains(og_context_message(f.context), "starting point");
  bad = 21;
  assert_int_equal(og_fit_create(f.objective, options, &bad, NULL, NULL, &fit), OG_ERR_BOUNDS);
  og_options_destroy(options);
  drop_fixture(&f);
}

static void a_model_without_parameters_is_refused(void **state) {
  (void)state;
  fixture f = make_fixture("init x = 1\nx' = -x\nobserve x ~ normal(x, 1)\n", "t,x\n0,1\n1,0.3\n");
  og_fit *fit = NULL;
  assert_int_equal(og_fit_create(f.objective, NULL, NULL, NULL, NULL, &fit), OG_ERR_NO_DEPENDENCE);
  assert_contains(og_context_message(f.context), "param");
  drop_fixture(&f);
}

static void optimizers_of_training_are_refused(void **state) {
  (void)state;
  fixture f = make_fixture(LINE, LINE_DATA);
  og_options *options = fit_options(f.context, OG_OPTIMIZER_ADAM);
  og_fit *fit = NULL;
  assert_int_equal(og_fit_create(f.objective, options, NULL, NULL, NULL, &fit), OG_ERR_UNSUPPORTED);
  assert_null(fit);
  assert_contains(og_context_message(f.context), "og_trainer_create_for_objective");
  og_options_destroy(options);
  drop_fixture(&f);
}

static og_status whole_fit(og_context *context) {
  static const char csv[] = LINE_DATA;
  og_model *model = NULL;
  og_table *table = NULL;
  og_options *options = NULL;
  og_objective *objective = NULL;
  og_fit *fit = NULL;
  og_status status = og_model_create_from_text(context, "m", LINE, strlen(LINE), &model);
  if (status == OG_OK) status = og_table_create_from_text(context, "d", csv, strlen(csv), &table);
  if (status == OG_OK) status = og_options_create(context, &options);
  if (status == OG_OK) status = og_options_set_integer(options, OG_OPT_ITERATIONS, 3);
  if (status == OG_OK) status = og_objective_create(context, model, table, options, &objective);
  for (int optimizer = 0; status == OG_OK && optimizer <= OG_OPTIMIZER_GRADIENT;
       optimizer += OG_OPTIMIZER_GRADIENT) {
    status = og_options_set_choice(options, OG_OPT_OPTIMIZER, optimizer);
    if (status == OG_OK) status = og_fit_create(objective, options, NULL, NULL, NULL, &fit);
    og_fit_destroy(fit);
    fit = NULL;
  }
  og_objective_destroy(objective);
  og_options_destroy(options);
  og_table_destroy(table);
  og_model_destroy(model);
  return status;
}

static void no_memory_is_reported(void **state) {
  (void)state;
  fail_each_allocation(whole_fit);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_optimizer_finds_the_line),
                                     cmocka_unit_test(a_bound_that_binds_has_no_standard_error),
                                     cmocka_unit_test(undetermined_parameters_have_no_standard_errors),
                                     cmocka_unit_test(the_pelts_are_fitted_from_rough_starts),
                                     cmocka_unit_test(starts_depend_on_the_seed_alone),
                                     cmocka_unit_test(the_best_point_of_all_starts_is_reported),
                                     cmocka_unit_test(interrupting_keeps_the_best_point),
                                     cmocka_unit_test(a_fit_can_be_stopped_at_every_evaluation),
                                     cmocka_unit_test(the_iteration_limit_is_a_reason),
                                     cmocka_unit_test(failing_solves_are_survived),
                                     cmocka_unit_test(a_model_without_parameters_is_refused),
                                     cmocka_unit_test(optimizers_of_training_are_refused),
                                     cmocka_unit_test(no_memory_is_reported)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
