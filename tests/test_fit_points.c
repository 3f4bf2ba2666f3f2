/* Fits that stop where the gradient vanishes or is not to be trusted: what the point is, whether it is left,
 * and when a fit calls itself converged. Truths are closed forms. */
#include "fit_outcomes.h"

#include <stdarg.h>

#include "fit/directions.h"
#include "fit/standing.h"

static const double every_optimizer[][3] = {{OG_OPT_OPTIMIZER, OG_OPTIMIZER_LBFGS, NO_OPTION},
                                            {OG_OPT_OPTIMIZER, OG_OPTIMIZER_SLSQP, NO_OPTION},
                                            {OG_OPT_OPTIMIZER, OG_OPTIMIZER_GRADIENT, NO_OPTION}};
/* Of estimates: quasi-Newton ends on the gradient; gradient descent on the loss, whose flatness leaves the
 * square root of the tolerance 1e-10, in units of the curvature. */
static const double accuracy[] = {1e-8, 1e-8, 1e-4};

/* ---- Points that are left ---- */

#define HELD "x' = 0*x\n"
#define THREE "t,y\n0,4.1\n1,3.9\n2,4.0\n"               /* of mean 4; its own part of the loss is 0.01 */
static const double constant = 2.756815599614018 + 0.01; /* 3 log sqrt(2 pi), and that part */

/* y ~ normal(f(a), 1) from a = 0, where the gradient is zero: f(a) = 4 at the end. */
static void check_square(const char *model, const char *note, double truth, double slope) {
  for (int i = 0; i < 3; i++) {
    outcome r = fit_from(model, THREE, every_optimizer[i], NULL);
    assert_reason(&r, 1, "converged: a minimum");
    assert_close(fabs(r.theta[0]), truth, accuracy[i]);
    assert_close(r.loss, constant, 1e-9);
    assert_close(r.errors[0], 1 / (sqrt(3) * fabs(slope)), 10 * accuracy[i]); /* information 3 f'(a)^2 */
    assert_contains(notes, note);
  }
}

static void a_maximum_is_left(void **state) {
  (void)state;
  check_square("param a = 0\ninit x = a\n" HELD "observe y ~ normal(x^2, 1)\n", "at a maximum of the loss", 2,
               4);
}

/* At the bound the gradient is zero, and so does not hold it there. */
static void a_maximum_at_a_bound_is_left(void **state) {
  (void)state;
  check_square("param a = 0 in [0, 10]\ninit x = a\n" HELD "observe y ~ normal(x^2, 1)\n",
               "at a maximum of the loss", 2, 4);
  check_square("param a = 0 in [-7, 0]\ninit x = a\n" HELD "observe y ~ normal(x^2, 1)\n",
               "at a maximum of the loss", 2, 4);
}

/* The Hessian is zero as well: a fourth power, and the kink of |x|, whose derivative at 0 is taken as 0. */
static void a_flat_point_is_left(void **state) {
  (void)state;
  check_square("param a = 0\ninit x = a\n" HELD "observe y ~ normal(x^4, 1)\n", "at a flat point of the loss",
               sqrt(2), 4 * pow(2, 1.5));
  check_square("param a = 0\ninit x = a\n" HELD "observe y ~ normal(abs(x), 1)\n",
               "at a flat point of the loss", 4, 1);
}

/* Through an event there are no second derivatives: differences of gradients find the maximum. */
static void a_maximum_behind_an_event_is_left(void **state) {
  (void)state;
  const char *csv = "t,y\n2,4.1\n3,3.9\n4,4.0\n";
  for (int bound = 0; bound < 2; bound++) {
    char model[256];
    snprintf(model, sizeof model,
             "param a = 0%s\ninit x = a\n" HELD "event square when t - 1 = 0 rising { x = x^2 }\n"
             "observe y ~ normal(x, 1)\ntime 0 : 4\n",
             bound ? " in [0, 10]" : "");
    for (int i = 0; i < 3; i++) {
      outcome r = fit_from(model, csv, every_optimizer[i], NULL);
      assert_reason(&r, 1, "converged: a minimum");
      assert_close(fabs(r.theta[0]), 2, accuracy[i]);
      assert_close(r.errors[0], 1 / (4 * sqrt(3)), 10 * accuracy[i]);
      assert_contains(notes, "at a maximum of the loss");
      assert_contains(notes, "standard errors come from differences");
    }
  }
}

/* L = sum (a^2 + b - y)^2/2 + sum (b - w)^2/2: the start is on the line a = 0, on which the fit first finds
 * the saddle b = 8/3. At the minimum b = 4/3 and a^2 = 4 - 4/3. */
static void a_saddle_is_left(void **state) {
  (void)state;
  for (int i = 0; i < 3; i++) {
    outcome r = fit_from("param a = 0, b = 0.5\ninit x = a, z = b\n" HELD "z' = 0*z\n"
                         "observe y ~ normal(x^2 + z, 1)\nobserve w ~ normal(z, 1)\n",
                         "t,y,w\n0,4.1,1\n1,3.9,2\n2,4.0,1\n", every_optimizer[i], NULL);
    assert_reason(&r, 1, "converged: a minimum");
    assert_close(r.theta[0] * r.theta[0], 8. / 3, 10 * accuracy[i]);
    assert_close(r.theta[1], 4. / 3, 10 * accuracy[i]);
    assert_contains(notes, "at a saddle of the loss");
  }
}

/* Two equal parts that start alike: by symmetry the gradient never parts them. x + z is then a single
 * exponential, which does not fit. */
#define TWINS                                                                                                \
  "param a = 1, b = 1, k = 0.5 in [0, 9], l = 0.5 in [0, 9]\ninit x = a, z = b\nx' = -k*x\nz' = -l*z\n"      \
  "observe y ~ normal(x + z, 0.01)\n"
static void check_twins(const double *pairs) {
  char csv[512] = "t,y\n";
  for (int t = 0; t < 8; t++)
    snprintf(csv + strlen(csv), sizeof csv - strlen(csv), "%d,%.17g\n", t, 3 * exp(-0.3 * t) + exp(-2 * t));
  outcome r = fit_from(TWINS, csv, pairs, NULL);
  int first = r.theta[2] < r.theta[3] ? 0 : 1;
  assert_reason(&r, 1, "converged: a minimum");
  assert_contains(notes, "at a saddle of the loss");
  assert_close(r.theta[first], 3, 1e-7); /* data without errors: the gradient vanishes with the residuals */
  assert_close(r.theta[1 - first], 1, 1e-7);
  assert_close(r.theta[2 + first], 0.3, 1e-7);
  assert_close(r.theta[3 - first], 2, 1e-7);
}

/* L = x^2 - |x|^1.5 has no second derivative at 0, where its gradient vanishes, and is least at 9/16. */
static void a_point_of_unknown_kind_is_left(void **state) {
  (void)state;
  double zero = 0;
  outcome r = fit_from("param a = 1\ninit x = a\n" HELD "cost final = x^2 - abs(x)^1.5\ntime 0 : 1\n", NULL,
                       NULL, &zero);
  assert_contains(notes, "at a point of unknown kind of the loss, 0; along some parameters it falls to");
  assert_close(fabs(r.theta[0]), 0.5625, 1e-6);
}

static void twins_are_parted(void **state) {
  (void)state;
  check_twins(NULL);
}

/* Re (a + i b)^3 = a^3 - 3 a b^2: a monkey saddle, without any curvature; and a b, at the corner of whose
 * bounds neither axis leads down. */
static void saddles_of_higher_order_are_left(void **state) {
  (void)state;
  for (int i = 0; i < 3; i++) {
    outcome r = fit_from("param a = 0, b = 0\ninit x = a, z = b\n" HELD "z' = 0*z\n"
                         "observe y ~ squared_error(x^3 - 3*x*z^2)\n",
                         THREE, every_optimizer[i], NULL);
    double a = r.theta[0], b = r.theta[1];
    assert_reason(&r, 1, "a minimum as far as steps can tell along 1 of 2 directions");
    assert_close(a * a * a - 3 * a * b * b, 4, 1e-5);
    assert_close(r.loss, 0.02, 1e-8);
    r = fit_from("param a = 0 in [0, 9], b = 0\ninit x = a, z = b\n" HELD
                 "z' = 0*z\nobserve y ~ normal(x*z, 1)\n",
                 THREE, every_optimizer[i], NULL);
    assert_reason(&r, 1, "along 1 of 2 directions (a, b)"); /* a hyperbola: straight steps leave it */
    assert_close(r.theta[0] * r.theta[1], 4, 1e-5);
    assert_contains(notes, "at a saddle of the loss");
  }
}

/* Of two starts the first, the one that is given, is on the line of symmetry. It is left although another one
 * is to come. */
static void every_start_leaves(void **state) {
  (void)state;
  double pairs[] = {OG_OPT_STARTS, 2, OG_OPT_ITERATIONS, 1000, NO_OPTION};
  check_twins(pairs);
  assert_contains(notes, "at a saddle of the loss");
}

/* Parameters beyond those whose Hessian is computed whole, and weights of a network: products find the way.
 */
static void many_parameters_leave_a_maximum(void **state) {
  (void)state;
  double zero[MOST] = {0};
  char model[1024] = "param w[300] = [0";
  for (int i = 1; i < 300; i++) strcat(model, ",0");
  strcat(model, "]\ninit x = 0\n" HELD "observe y ~ normal(x + sum(w*w)/300, 1)\n");
  outcome r = fit_from(model, THREE, NULL, zero);
  assert_reason(&r, 1, "whether it is a minimum is not known");
  assert_contains(notes, "at a maximum of the loss");
  assert_close(r.loss, constant, 1e-6);
  double squares = 0;
  for (int i = 0; i < 300; i++) squares += r.theta[i] * r.theta[i];
  assert_close(squares / 300, 4, 1e-3); /* the loss is flat to its tolerance */
}

static void weights_leave_a_saddle(void **state) {
  (void)state;
  double zero[MOST] = {0};
  outcome r =
      fit_from("net f = mlp(1, 3, 1; tanh)\ninput u\ninit x = u\n" HELD "observe y ~ normal(f(x), 1)\n",
               "t,u,y,id\n0,-1,-0.5,a\n1,NA,-0.5,a\n0,1,0.5,b\n1,NA,0.5,b\n", NULL, zero);
  assert_contains(notes, "at a saddle of the loss");
  assert_close(r.loss, 4 * 0.918938533204672742, 1e-4); /* met exactly, to the loss' tolerance */
}

/* A loss of a in [1, 2] and b, whose second derivatives come from differences of gradients (behind an event
 * there are no others), near a's bound: the lowest curvature there, for one natural move; 0: none is
 * downward. */
static double lowest_curvature(const char *cost, double a, double b) {
  char text[300];
  double theta[] = {a, b}, loss = 0, found = 0;
  fixture f = {.context = new_context()};
  og_search search;
  og_directions d;
  snprintf(text, sizeof text,
           "param a = 1.5 in [1, 2], b = 1\ninit x = a, z = b\n" HELD
           "z' = 0*z\nevent e when t - 0.5 = 0 rising { x = x }\ncost final = %s\ntime 0 : 1\n",
           cost);
  CHECK(f.context, og_model_create_from_text(f.context, "test.ode", text, strlen(text), &f.model));
  f.options = tight_options(f.context);
  CHECK(f.context, og_objective_create(f.context, f.model, NULL, f.options, &f.objective));
  CHECK(f.context, og_search_create(f.context, f.objective, f.options, &search));
  search.origin = theta;
  CHECK(f.context, og_search_evaluate(&search, theta, &loss, search.trial_gradient));
  og_search_set_scale(&search, search.best);
  CHECK(f.context, og_directions_find(&search, NULL, 1e-9, &d));
  for (size_t k = 0; k < d.count; k++) found = fmin(found, d.curvature[k]);
  og_directions_free(&d);
  og_search_free(&search);
  drop_fixture(&f);
  return found;
}

/* Natural units are a and b themselves. x z falls along (a, -b), where its second derivative is -2 a b. A
 * parameter closer to its bound than differences can tell is held. */
static void differences_stay_within_bounds(void **state) {
  (void)state;
  assert_close(lowest_curvature("x*z", 1.5, 1), -3, 1e-6);
  assert_close(lowest_curvature("x*z", 1.002, 1), -2.004, 1e-6);
  assert_close(lowest_curvature("x*z", 1.998, 1), -3.996, 1e-6);
  assert_close(lowest_curvature("x*z", 1.0001, 1), 0, 1e-6);
  assert_close(lowest_curvature("x^2 - z^2", 1.002, 0.5), -0.5, 1e-6);
  assert_close(lowest_curvature("x^2 - z^2", 1.0001, 0.5), -0.5, 1e-6);
  assert_close(lowest_curvature("-x^2 + z^2", 1, 0.5), 0, 1e-6);
}

/* ---- Points that stay ---- */

/* (x^2 - 0)^2: a minimum of the fourth order is one, whatever its Hessian. */
static void a_minimum_of_higher_order_is_one(void **state) {
  (void)state;
  double zero = 0;
  outcome r = fit_from("param a = 1\ninit x = a\n" HELD "observe y ~ normal(x^2, 1)\n", "t,y\n0,0\n1,0\n",
                       NULL, &zero);
  assert_reason(&r, 1, "a minimum as far as steps can tell along 1 of 1 directions (a)");
  assert_true(r.theta[0] == 0 && isnan(r.errors[0]));
}

static void what_the_data_do_not_determine_is_named(void **state) {
  (void)state;
  outcome r = fit_from("param a = 1, b = 0.5, c = 2\ninit x = a + b\n" HELD "observe y ~ normal(x, 1)\n",
                       THREE, NULL, NULL);
  assert_reason(&r, 1, "does not change along 2 of 3 directions (a, b, c)");
  assert_close(r.theta[0] + r.theta[1], 4, 1e-9);
  assert_contains(notes, "no standard errors");
}

/* The gradient points out of the bounds: nothing to leave. */
static void a_bound_that_holds_is_no_saddle(void **state) {
  (void)state;
  double start = 1;
  outcome r = fit_from("param a = 1 in [0, 1]\ninit x = a\n" HELD "observe y ~ normal(x^2, 1)\n", THREE, NULL,
                       &start);
  assert_reason(&r, 1, "every parameter is at a bound");
  assert_true(r.theta[0] == 1 && isnan(r.errors[0]));
  assert_null(strstr(notes, "maximum"));
}

/* The best a is below its bound of 0, where a logarithm never arrives: c = 0 itself, and the others' errors
 * are those with it held. y ~ normal(b + c t^2, s), c >= 0: at c = 0 b is the mean. */
static void the_bound_is_reached_exactly(void **state) {
  (void)state;
  outcome r =
      fit_from("param b = 1, c = 0.05 in [0, 1]\ninit x = b\nx' = 2*c*t + 0*x\nobserve y ~ normal(x, 0.5)\n",
               "t,y\n0,2\n1,1.5\n2,0.5\n", NULL, NULL);
  assert_reason(&r, 1, "converged: a minimum");
  assert_true(r.theta[1] == 0 && isnan(r.errors[1]));
  assert_close(r.theta[0], 4. / 3, 1e-9);
  assert_close(r.errors[0], 0.5 / sqrt(3), 1e-7);
}

/* ---- Not converged ---- */

/* Euler with h k = 3 at rest: x stays exactly, its derivative grows by -2 a step. The scaled gradient,
 * (-2)^80 times 3, is 1e22 times the loss' size; the fit stays where it is, and says so. */
static void a_useless_gradient_is_not_converged(void **state) {
  (void)state;
  double pairs[] = {OG_OPT_METHOD, OG_METHOD_EULER, OG_OPT_STEPS, 80, NO_OPTION};
  outcome r = fit_from("param p = 3, q = 3\ninit x = 1\nx' = p - q*x\nobserve y ~ normal(x, 0.1)\n",
                       "t,y\n0,1.02\n80,0.97\n", pairs, NULL);
  assert_reason(&r, 0, "the gradient is not to be trusted");
  assert_true(isnan(r.errors[0]) && isnan(r.errors[1]));
  assert_contains(notes, "no standard errors, because the gradient");
}

/* A tolerance that ends the descent early is not convergence: the sum of squares of Rosenbrock's valley falls
 * by less than a tenth of itself in a step long before its end. */
static void a_loss_that_hardly_changes_is_not_converged(void **state) {
  (void)state;
  double pairs[] = {OG_OPT_OPTIMIZER, OG_OPTIMIZER_GRADIENT, OG_OPT_TOLERANCE, 0.1, NO_OPTION};
  double start[] = {-1.2, 1};
  outcome r = fit_from("param a = -1.2, b = 1\ninit x = a, z = b\n" HELD "z' = 0*z\n"
                       "cost final = 100*(z - x^2)^2 + (1 - x)^2\ntime 0 : 1\n",
                       NULL, pairs, start);
  assert_true(fabs(r.theta[0] - 1) > 0.1);
  assert_reason(&r, 0, "a Newton step promises to lower the loss");
}

/* Losses as small and as large as they come, met exactly and not: the verdict does not depend on their unit.
 */
static void the_unit_of_the_loss_does_not_matter(void **state) {
  (void)state;
  for (int power = -30; power <= 30; power += 10) {
    double unit = pow(10, power), atol[] = {OG_OPT_ATOL, 1e-13 * unit, OG_OPT_OPTIMIZER, 0, NO_OPTION};
    for (int i = 0; i < 3; i++) {
      char model[256], csv[256];
      snprintf(model, sizeof model,
               "param a = 2, b = 0.3\ninit x = a*%g\nx' = b*%g + 0*x\nobserve y ~ squared_error(x)\n", unit,
               unit);
      snprintf(csv, sizeof csv, "t,y\n0,%g\n1,%g\n2,%g\n", unit, 2 * unit, 2.4 * unit);
      atol[3] = every_optimizer[i][1];
      outcome r = fit_from(model, csv, atol, NULL);
      assert_reason(&r, 1, "converged: a minimum");
      assert_close(r.theta[0], 1.1, 10 * accuracy[i]); /* the line through (0, 1), (1, 2), (2, 2.4) */
      assert_close(r.theta[1], 0.7, 10 * accuracy[i]);
    }
  }
}

/* Data that are met exactly leave no loss to compare with. */
static void exact_data_converge(void **state) {
  (void)state;
  for (int i = 0; i < 3; i++) {
    outcome r =
        fit_from("param k = 0.5 in [0, 9]\ninit x = 1\nx' = -k*x\nobserve y ~ squared_error(x)\n",
                 "t,y\n0,1\n1,0.44932896411722156\n2,0.20189651799465538\n", every_optimizer[i], NULL);
    assert_reason(&r, 1, "converged: a minimum");
    assert_close(r.theta[0], 0.8, accuracy[i]);
  }
}

/* Loose tolerances and single precision: the gradient is known no better, and that is enough for the fit to
 * be converged and to have standard errors. */
static void noise_is_allowed_for(void **state) {
  (void)state;
  const double settings[][7] = {
      {OG_OPT_RTOL, 1e-3, OG_OPT_ATOL, 1e-6, OG_OPT_METHOD, OG_METHOD_TSIT5, NO_OPTION},
      {OG_OPT_RTOL, 1e-6, OG_OPT_ATOL, 1e-9, OG_OPT_PRECISION, OG_PRECISION_SINGLE, NO_OPTION}};
  for (int i = 0; i < 2; i++) {
    outcome r = fit_from(
        "param a = 3, k = 0.9 in [0, 5], s = 0.3 in [0.01, 5]\ninit x = a\nx' = -k*x*(1 + 0.1*sin(5*t))\n"
        "observe y ~ normal(x, s)\n",
        "t,y\n0,2.1\n0.5,1.3\n1,1.05\n2,0.4\n3.5,0.3\n", settings[i], NULL);
    assert_reason(&r, 1, "converged: a minimum");
    assert_true(r.errors[0] > 0 && r.errors[1] > 0 && r.errors[2] > 0);
  }
}

/* ---- Standard errors ---- */

/* x = b max(t - a, 0) by an event at a = 1, with a row just behind it: differences over a 256th of a cross
 * it, and smaller ones must be taken. Data without errors: the information is J^T J/s^2. */
static void differences_do_not_cross_kinks(void **state) {
  (void)state;
  const double t[] = {0.5, 1.001, 2, 3}, s = 0.1;
  double theta[] = {0.97, 0.4}, aa = 0, ab = 0, bb = 0;
  for (int i = 1; i < 4; i++) aa += 0.25, ab -= 0.5 * (t[i] - 1), bb += (t[i] - 1) * (t[i] - 1);
  double determinant = (aa * bb - ab * ab) / (s * s);
  outcome r =
      fit_from("param a = 0.97, b = 0.4\ninit x = 0, on = 0\nx' = on*b\non' = 0*x\n"
               "event start when t - a = 0 rising { on = 1 }\nobserve y ~ normal(x, 0.1)\ntime 0 : 3\n",
               "t,y\n0.5,0\n1.001,0.0005\n2,0.5\n3,1\n", NULL, theta);
  assert_reason(&r, 1, "converged: a minimum");
  assert_contains(notes, "standard errors come from differences");
  assert_close(r.theta[0], 1, 1e-8);
  assert_close(r.theta[1], 0.5, 1e-8);
  assert_close(r.errors[0], sqrt(bb / determinant), 1e-6);
  assert_close(r.errors[1], sqrt(aa / determinant), 1e-6);
}

/* At a kink there is no second derivative; behind an event only differences look for one, which grow as their
 * step shrinks. */
static void a_kink_has_no_standard_errors(void **state) {
  (void)state;
  outcome r =
      fit_from("param a = 0.5, b = 1.2\ninit x = a\n" HELD "event e when t - 0.5 = 0 rising { x = x + 1 }\n"
               "cost final = abs(x - 2)*(1 + b^2) + 3*(b - 1)^2\ntime 0 : 1\n",
               NULL, NULL, NULL);
  assert_close(r.theta[0], 1, 1e-6);
  assert_true(isnan(r.errors[0]) && isnan(r.errors[1]));
  assert_contains(notes, "no standard errors: mixed second derivatives");
}

/* d2/da2 of a^1.5 is infinite at 0, where the bound lets the fit end and the cost's own minimum is. */
static void a_hessian_that_is_not_finite_gives_none(void **state) {
  (void)state;
  double start[] = {0, 2};
  outcome r = fit_from("param a = 0 in [0, 1], b = 2\ninit x = a, z = b\n" HELD "z' = 0*z\n"
                       "cost final = x^1.5 + (z - 1)^2\ntime 0 : 1\n",
                       NULL, NULL, start);
  assert_close(r.theta[1], 1, 1e-5);
  assert_true(r.theta[0] == 0 && isnan(r.errors[0]) && isnan(r.errors[1]));
  assert_contains(notes, "no standard errors: ");
  assert_contains(notes, "second derivative");
}

/* L = (z - 1000)^2 + (x - 1)^2/100 at z = 1000: beside what the first part bends by, 2 z^2, the gradient 2 x
 * (x - 1)/100 of x = 100 is small for solves with rtol 1e-5, and yet a step along it takes 98 from the loss.
 * A fit of many parameters or of networks has no Hessian to tell. */
static int judge_without_hessian(double a, char reason[OG_REASON_SIZE]) {
  static const char text[] = "param a = 100, b = 1000\ninit x = a, z = b\n" HELD
                             "z' = 0*z\ncost final = (z - 1000)^2 + (x - 1)^2/100\ntime 0 : 1\n";
  const double theta[] = {a, 1000};
  double loss = 0;
  int left = 0;
  fixture f = {.context = new_context()};
  og_search search;
  CHECK(f.context, og_model_create_from_text(f.context, "test.ode", text, strlen(text), &f.model));
  f.options = tight_options(f.context);
  CHECK(f.context, og_options_set_real(f.options, OG_OPT_RTOL, 1e-5));
  CHECK(f.context, og_objective_create(f.context, f.model, NULL, f.options, &f.objective));
  CHECK(f.context, og_search_create(f.context, f.objective, f.options, &search));
  search.origin = theta;
  CHECK(f.context, og_search_evaluate(&search, theta, &loss, search.trial_gradient));
  CHECK(f.context, og_settle(&search, NULL, &left));
  og_search_stall(&search, "the loss stands still");
  og_standing at = og_search_standing(&search, INFINITY);
  assert_true(at.norm <= og_standing_small(&at) && !left);
  int converged = og_standing_judge(&at, reason);
  og_search_free(&search);
  drop_fixture(&f);
  return converged;
}

static void what_still_falls_is_not_converged(void **state) {
  (void)state;
  char reason[OG_REASON_SIZE];
  assert_false(judge_without_hessian(100, reason));
  assert_contains(reason,
                  "not converged: the loss stands still, but a step along the gradient, whose largest "
                  "scaled entry is 198, still lowers the loss by 98");
  assert_true(judge_without_hessian(1, reason));
  assert_true(judge_without_hessian(1.01, reason)); /* 1e-6 to gain, of 2e6 and solves of 1e-5 */
}

/* ---- The decision itself ---- */

static int judge(og_standing at, const char *words) {
  char reason[OG_REASON_SIZE];
  at.how = "the loss stands still";
  if (at.decrement == 0) at.decrement = INFINITY;
  int converged = og_standing_judge(&at, reason);
  if (!strstr(reason, words)) fail_msg("'%s' is not in '%s'", words, reason);
  assert_true((strstr(reason, "converged:") == reason) == converged);
  return converged;
}

static void the_decision(void **state) {
  (void)state;
  og_standing at = {.size = {100, 100, 800}, .noise = 1e-12, .tolerance = 1e-10};
  /* sqrt(2 1e-8 1000) = 4.5e-3 is small */
  at.norm = 4e-3;
  assert_true(judge(at, "is small (up to 0.00447)"));
  at.norm = 5e-3;
  assert_false(judge(at, "not small (up to 0.00447)"));
  at.noise = 1e-6; /* 50 1e-12 1000 = 5e-8 more: sqrt(2 6e-8 1000) */
  assert_true(judge(at, "is small (up to 0.011)"));
  at.kind = (og_point_kind){.curvature = OG_CURVATURE_UPWARD, .directions = 3};
  at.decrement = 5e-8, at.norm = 1;
  assert_true(judge(at, "converged: a minimum"));
  at.bound_norm = 0.1;
  assert_false(judge(at, "not small"));
  at.bound_norm = 0, at.decrement = 7e-8;
  assert_false(judge(at, "a Newton step promises to lower the loss by 7e-08"));
  at.decrement = 5e-8, at.norm = 20;
  assert_false(judge(at, "not small"));
  at.norm = 1e7;
  assert_false(judge(at, "not to be trusted"));
  at.kind = (og_point_kind){.curvature = OG_CURVATURE_DOWNWARD, .directions = 3, .special = 1, .names = "a"};
  at.decrement = 0, at.norm = 1e-4;
  assert_false(judge(
      at, "at a saddle by its Hessian: the loss curves downward along 1 of 3 directions (a), but no step"));
  at.kind.special = 3, at.kind.left = OG_LEAVES_MOST;
  assert_false(judge(at, "at a maximum by its Hessian"));
  assert_false(judge(at, "8 such points have been left"));
  at.norm = 1;
  assert_false(judge(at, "not small"));
}

/* ---- Memory ---- */

static og_status leave_a_saddle(og_context *context) {
  static const char text[] = "param a = 0, b = 0.5\ninit x = a, z = b\n" HELD "z' = 0*z\n"
                             "observe y ~ normal(x^2 + z, 1)\nobserve w ~ normal(z, 1)\n",
                    csv[] = "t,y,w\n0,4.1,1\n1,3.9,2\n";
  og_model *model = NULL;
  og_table *table = NULL;
  og_objective *objective = NULL;
  og_fit *fit = NULL;
  og_status status = og_model_create_from_text(context, "m", text, strlen(text), &model);
  if (status == OG_OK) status = og_table_create_from_text(context, "d", csv, strlen(csv), &table);
  if (status == OG_OK) status = og_objective_create(context, model, table, NULL, &objective);
  if (status == OG_OK) status = og_fit_create(objective, NULL, NULL, NULL, NULL, &fit);
  og_fit_destroy(fit);
  og_objective_destroy(objective);
  og_table_destroy(table);
  og_model_destroy(model);
  return status;
}

static void no_memory_is_reported(void **state) {
  (void)state;
  fail_each_allocation(leave_a_saddle);
}

/* og_settle at a saddle, with a whole Hessian or with products, its allocation number `fail_at` failing. */
static og_status settle_without(long fail_at, int products) {
  static const char text[] =
      "param a = 1, b = 1\ninit x = a, z = b\n" HELD "z' = 0*z\ncost final = x^2 - z^2\ntime 0 : 1\n";
  const double theta[] = {0, 0};
  counter c = {0};
  fixture f = {0};
  double loss = 0;
  int left = 0;
  og_search search;
  og_information information;
  assert_int_equal(og_context_create(counter_allocate, counter_release, &c, &f.context), OG_OK);
  CHECK(f.context, og_model_create_from_text(f.context, "test.ode", text, strlen(text), &f.model));
  f.options = tight_options(f.context);
  CHECK(f.context, og_objective_create(f.context, f.model, NULL, f.options, &f.objective));
  CHECK(f.context, og_search_create(f.context, f.objective, f.options, &search));
  search.origin = theta;
  CHECK(f.context, og_information_create(f.context, 2, &information));
  CHECK(f.context, og_search_evaluate(&search, theta, &loss, search.trial_gradient));
  CHECK(f.context, og_objective_loss_size(f.objective, theta, &search.size)); /* makes what it needs */
  c.fail_at = c.calls + fail_at;
  og_status status = og_settle(&search, products ? NULL : &information, &left);
  c.fail_at = 0;
  og_information_free(&information);
  og_search_free(&search);
  drop_fixture(&f);
  assert_int_equal(c.live, 0);
  return status;
}

static void settling_leaves_nothing_behind(void **state) {
  (void)state;
  for (int products = 0; products < 2; products++) {
    long fail_at = 1;
    og_status status;
    while ((status = settle_without(fail_at, products)) != OG_OK) {
      assert_int_equal(status, OG_ERR_MEMORY);
      fail_at++;
    }
    assert_true(fail_at > 3);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_maximum_is_left),
                                     cmocka_unit_test(a_maximum_at_a_bound_is_left),
                                     cmocka_unit_test(a_flat_point_is_left),
                                     cmocka_unit_test(a_maximum_behind_an_event_is_left),
                                     cmocka_unit_test(a_saddle_is_left),
                                     cmocka_unit_test(a_point_of_unknown_kind_is_left),
                                     cmocka_unit_test(twins_are_parted),
                                     cmocka_unit_test(saddles_of_higher_order_are_left),
                                     cmocka_unit_test(every_start_leaves),
                                     cmocka_unit_test(many_parameters_leave_a_maximum),
                                     cmocka_unit_test(weights_leave_a_saddle),
                                     cmocka_unit_test(differences_stay_within_bounds),
                                     cmocka_unit_test(a_minimum_of_higher_order_is_one),
                                     cmocka_unit_test(what_the_data_do_not_determine_is_named),
                                     cmocka_unit_test(a_bound_that_holds_is_no_saddle),
                                     cmocka_unit_test(the_bound_is_reached_exactly),
                                     cmocka_unit_test(a_useless_gradient_is_not_converged),
                                     cmocka_unit_test(a_loss_that_hardly_changes_is_not_converged),
                                     cmocka_unit_test(the_unit_of_the_loss_does_not_matter),
                                     cmocka_unit_test(exact_data_converge),
                                     cmocka_unit_test(noise_is_allowed_for),
                                     cmocka_unit_test(differences_do_not_cross_kinks),
                                     cmocka_unit_test(a_kink_has_no_standard_errors),
                                     cmocka_unit_test(a_hessian_that_is_not_finite_gives_none),
                                     cmocka_unit_test(what_still_falls_is_not_converged),
                                     cmocka_unit_test(the_decision),
                                     cmocka_unit_test(no_memory_is_reported),
                                     cmocka_unit_test(settling_leaves_nothing_behind)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
