/* Every adjoint on every problem of oracles/references.csv: right at tight tolerance, better with each
 * tighter one, and where the equation cannot be solved backward, not silent about it. */
#include "reference_problems.h"

/* ---- One gradient ---- */

typedef struct gradient_run {
  const reference_problem *problem;
  og_method method;
  int adjoint;
  double rtol;
  og_gradient_control control;
} gradient_run;

enum { TIMES_MAX = 5, LOG_SIZE = 1024 };

/* The latest warning of a run. */
static void keep_line(const char *line, void *log) { snprintf(log, LOG_SIZE, "%s", line); }

/* The gradient at the given inputs: x0, then theta. `log` receives a warning or the reason of a failure. */
static og_status compute(const gradient_run *run, const double *x0, const double *theta, double *gradient,
                         char log[LOG_SIZE]) {
  static const double times[TIMES_MAX] = {1, 2, 3, 4, 5}, one = 1;
  const reference_problem *r = run->problem;
  og_context *context = new_context();
  og_field *field = reference_field(context, r);
  og_options *options = new_options(context, run->method, run->rtol, run->rtol);
  og_solve *solve = NULL;
  double final_bar[STATES_MAX], observed_bar[TIMES_MAX * 3];
  og_context_set_log(context, keep_line, log);
  CHECK(context, og_options_set_choice(options, OG_OPT_ADJOINT, run->adjoint));
  CHECK(context, og_options_set_choice(options, OG_OPT_GRADIENT_CONTROL, run->control));
  CHECK(context, og_solve_create(context, field, options, 1, &solve));
  CHECK(context, og_solve_set_span(solve, OG_ALL, 0, r->t1));
  CHECK(context, og_solve_set_observations(solve, OG_ALL, r->times, times));
  CHECK(context, og_solve_set_initial_state(solve, OG_ALL, x0));
  CHECK(context, og_solve_set_parameters(solve, OG_ALL, theta));
  CHECK(context, og_solve_run(solve));
  CHECK(context, og_solve_final(solve, 0, final_bar));
  for (size_t i = 0; i < r->n; i++) final_bar[i] -= r->target;
  for (size_t i = 0; i < r->times; i++)
    CHECK(context, og_solve_observed(solve, 0, i, observed_bar + i * r->n));
  memset(gradient, 0, (r->n + r->p) * sizeof *gradient);
  og_status status = og_solve_pullback(
      solve,
      &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .observed_bar = r->times ? observed_bar : NULL,
                            .final_bar = r->times ? NULL : final_bar, .cost_bar = r->cost ? &one : NULL,
                            .x0_bar = gradient, .theta_bar = gradient + r->n});
  if (status != OG_OK) keep_line(og_context_message(context), log);
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_field_destroy(field);
  og_context_destroy(context);
  return status;
}

/* The largest difference of two gradients, relative to the largest component of `truth`; the worse of x0 and
 * theta. */
static double distance(const reference_problem *r, const double *gradient, const double *truth) {
  double worst = 0;
  for (int part = 0; part < 2; part++) {
    double size = 0, difference = 0;
    for (size_t i = part ? r->n : 0; i < (part ? r->n + r->p : r->n); i++) {
      size = fmax(size, fabs(truth[i]));
      difference = fmax(difference, fabs(gradient[i] - truth[i]));
    }
    worst = fmax(worst, difference / size);
  }
  return worst;
}

/* Distance from the reference; INFINITY when the adjoint is refused. */
static double error_of(const gradient_run *run, char log[LOG_SIZE]) {
  double x0[STATES_MAX], theta[PARAMETERS_MAX], gradient[GRADIENT_MAX], truth[GRADIENT_MAX], loss;
  log[0] = '\0';
  fill_inputs(run->problem, x0, theta);
  read_reference(run->problem, &loss, truth);
  if (compute(run, x0, theta, gradient, log) != OG_OK) return INFINITY;
  return distance(run->problem, gradient, truth);
}

/* ---- Methods and kinds ---- */

enum { METHODS = 3 };
static const og_method methods[METHODS] = {OG_METHOD_DOPRI5, OG_METHOD_TSIT5, OG_METHOD_DOP853};

static int kinds(void) { return (int)og_option_describe(OG_OPT_ADJOINT)->highest + 1; }

/* Backward, x' = f is a growth of e^5 or so over lv1 and vdp1 and none over lv10's closed orbits. The others
 * contract: Lorenz's volume by e^68, van der Pol's by e^(mu t), the fastest mode of the diffusion by e^800.
 */
static int is_hopeless(const reference_problem *r, int adjoint) {
  return adjoint == OG_ADJOINT_BACKSOLVE &&
         (strcmp(r->name, "lorenz5") == 0 || strcmp(r->name, "vdp10") == 0 ||
          strcmp(r->name, "diffusion") == 0);
}

/* ---- The references ---- */

/* How much larger than a relative change of an input the gradient's relative change is, at worst: finite
 * differences of the discrete gradient. Of the diffusion's 600 inputs a few are tried, as they are alike. */
static double growth_of(const reference_problem *r) {
  const double change = 1e-6;
  const gradient_run run = {
      .problem = r, .method = OG_METHOD_DOP853, .adjoint = OG_ADJOINT_DISCRETE, .rtol = 1e-9};
  double x0[STATES_MAX], theta[PARAMETERS_MAX], plain[GRADIENT_MAX], moved[GRADIENT_MAX], growth = 0;
  char log[LOG_SIZE];
  fill_inputs(r, x0, theta);
  assert_int_equal(compute(&run, x0, theta, plain, log), OG_OK);
  for (size_t i = 0; i < r->n + r->p; i += r->n == CELLS ? 97 : 1) {
    double *input = i < r->n ? &x0[i] : &theta[i - r->n], before = *input;
    *input += change * fmax(fabs(before), 1);
    assert_int_equal(compute(&run, x0, theta, moved, log), OG_OK);
    *input = before;
    growth = fmax(growth, distance(r, moved, plain) / change);
  }
  return growth;
}

/* A step's error is at most rtol relative to the state, and grows as a change of an input does. The steps'
 * errors add up: not in their full number, because the result of a step is more accurate than its estimate;
 * 30 of them are allowed. Of the diffusion, whose steps are limited by stability, the errors of x(t) inside a
 * step are rough from cell to cell; the continuous adjoints integrate lambda_i laplacian(x)_i, which makes up
 * to 64 of them. Discrete adjoint and tangents do not: they differentiate what such errors do to x(t1), where
 * they have decayed. */
static double allowed_for(const reference_problem *r, int adjoint, double growth, double rtol) {
  int discrete = adjoint == OG_ADJOINT_DISCRETE || adjoint == OG_ADJOINT_FORWARD;
  return 30 * (r->n == CELLS && !discrete ? fmax(growth, 64) : growth) * rtol;
}

/* The diffusion's tolerance is looser only to save time: 602 tangents. */
static void references(void **state) {
  (void)state;
  for (int problem = 0; problem < PROBLEMS; problem++) {
    const reference_problem *r = &reference_problems[problem];
    int large = r->n == CELLS;
    double rtol = large ? 1e-9 : 1e-12, growth = growth_of(r);
    for (int i = large ? METHODS - 1 : 0; i < METHODS; i++)
      for (int adjoint = 0; adjoint < kinds(); adjoint++) {
        char log[LOG_SIZE];
        if (is_hopeless(r, adjoint)) continue;
        double error = error_of(&(gradient_run){r, methods[i], adjoint, rtol, OG_CONTROL_REFINE}, log);
        double allowed = allowed_for(r, adjoint, growth, rtol);
        if (!(error <= allowed))
          fail_msg("%s, method %d, adjoint %d: error %.2e exceeds %.2e; %s", r->name, methods[i], adjoint,
                   error, allowed, log);
      }
  }
}

/* ---- Tolerances ---- */

/* The exponent e of error = C rtol^e, by least squares over rtol = 1e-5 ... 1e-11. */
static double exponent_of(const reference_problem *r, og_method method, int adjoint) {
  double sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0, count = 0;
  for (int digits = 5; digits <= 11; digits++, count++) {
    char log[LOG_SIZE];
    double x = -digits,
           y = log10(error_of(&(gradient_run){r, method, adjoint, pow(10, x), OG_CONTROL_NONE}, log));
    sum_x += x, sum_y += y, sum_xx += x * x, sum_xy += x * y;
  }
  return (count * sum_xy - sum_x * sum_y) / (count * sum_xx - sum_x * sum_x);
}

/* Of steps chosen by the tolerance alone: those that are narrowed for a derivative follow another law.
 * The estimate of a method of order p with an embedded one of order p - 1 goes as h^p, and so does the error
 * over the span: they are proportional, where there are steps enough for a law. Single errors scatter by a
 * factor of ten about the line, which over six decades makes 0.15 of the exponent. */
static void error_follows_tolerance(void **state) {
  (void)state;
  static const char *const names[] = {"lv10", "lorenz5", "vdp10"};
  for (int problem = 0; problem < 3; problem++)
    for (int i = 0; i < METHODS; i++)
      for (int adjoint = 0; adjoint < kinds(); adjoint++) {
        const reference_problem *r = reference_named(names[problem]);
        if (is_hopeless(r, adjoint)) continue;
        double exponent = exponent_of(r, methods[i], adjoint);
        if (!(exponent > 0.85))
          fail_msg("%s, method %d, adjoint %d: the error goes as rtol^%.2f", r->name, methods[i], adjoint,
                   exponent);
      }
}

/* ---- Backward into instability ---- */

/* No wrong gradient: it is refused, and backsolve is said to be why. */
static void hopeless_is_refused(void **state) {
  (void)state;
  for (int problem = 0; problem < PROBLEMS; problem++)
    for (int digits = 4; digits <= 10; digits += 3) {
      const reference_problem *r = &reference_problems[problem];
      char log[LOG_SIZE];
      if (!is_hopeless(r, OG_ADJOINT_BACKSOLVE)) continue;
      double error = error_of(
          &(gradient_run){r, OG_METHOD_DOPRI5, OG_ADJOINT_BACKSOLVE, pow(10, -digits), OG_CONTROL_REFINE},
          log);
      if (error < INFINITY || !strstr(log, "backsolve"))
        fail_msg("%s at 1e-%d is off by %.1e: %s", r->name, digits, error, log);
    }
}

/* ---- The examples of docs/adjoints.md ---- */

/* The same problem as a model: its derivatives are derived, not written. The growth is lv10's, measured
 * above. */
static void model_too(void **state) {
  (void)state;
  const reference_problem *r = reference_named("lv10");
  double loss, truth[GRADIENT_MAX], theta[4], gradient[GRADIENT_MAX], got, rtol = 1e-12;
  og_context *context = new_context();
  og_model *model = NULL;
  og_objective *objective = NULL;
  og_options *options = new_options(context, OG_METHOD_DOP853, rtol, rtol);
  read_reference(r, &loss, truth);
  CHECK(context, og_model_read(context, "examples/adjoints/lotka_volterra.ode", &model));
  CHECK(context, og_model_values(model, theta));
  CHECK(context, og_objective_create(context, model, NULL, options, &objective));
  for (int adjoint = 0; adjoint < kinds(); adjoint++) {
    CHECK(context, og_objective_evaluate_with(objective, (og_adjoint)adjoint, theta, &got, gradient + r->n));
    CHECK(context, og_objective_initial_gradient(objective, gradient));
    assert_true(distance(r, gradient, truth) <= 30 * growth_of(r) * rtol);
    assert_true(fabs(got - loss) <= 1e-9 * loss);
  }
  og_objective_destroy(objective);
  og_options_destroy(options);
  og_model_destroy(model);
  og_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(references),
      cmocka_unit_test(error_follows_tolerance),
      cmocka_unit_test(hopeless_is_refused),
      cmocka_unit_test(model_too),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
