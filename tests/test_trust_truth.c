/* What the family of test_trust_family.c takes for the truth: extrapolated tangents against exponentials of
 * matrices, where the problem is linear; against the library's own solve of them under full control, where it
 * is not; and the hand-written products of the family's fields against those that are derived from their
 * text. */
#include <math.h>

#include "fields.h"
#include "trust/exponential.h"
#include "trust/judge.h"

enum { SEED = 5 };

/* ---- Linear problems ---- */

/* Tangents are integrated to 3e-12 a step, to 1e-3 of that where they are differences, over hundreds of
 * steps. */
static const double linear_allowed = 1e-8;

static void compare_linear(const trial *r) {
  truth t = find_truth(r);
  int n = r->s.n, p = r->s.p;
  double initial[STATES_MAX] = {0}, parameters[PARAMETERS_MAX] = {0}, input[2] = {0};
  assert_true(t.found);
  for (int i = 0; i < n; i++) initial[i] = (double)slope_by_exponential(r, 1 + i);
  for (int k = 0; k < p; k++) parameters[k] = (double)slope_by_exponential(r, 1 + n + k);
  for (int k = 0; k < 2 * r->s.inputs; k++) input[k] = (double)slope_by_exponential(r, 1 + n + p + k);
  double of_parameters = error_of_parameters(r, &t, parameters, input, 1e-6),
         of_initial = error_of_initial(r, &t, initial, 1e-6);
  if (!(of_parameters <= linear_allowed && of_initial <= linear_allowed))
    fail_msg("problem %llu (%s): %g of parameters, %g of initial states", (unsigned long long)r->index,
             kind_names[r->kind], of_parameters, of_initial);
}

static void linear_problems_by_exponentials(void **state) {
  (void)state;
  int compared = 0;
  for (uint64_t i = 0; compared < 90; i++) {
    trial r = draw_trial(SEED, i);
    double theta[THETA_MAX] = {0};
    linear s;
    if (r.kind > KIND_LINEAR_STIMULATED) continue;
    r.product = PRODUCT_DISCRETE;
    assert_true(make_linear(&r, theta, &s)); /* all three kinds are */
    compare_linear(&r);
    compared++;
  }
}

/* ---- All problems, by the library's solve of x and all tangents at a tight tolerance ---- */

static void all_problems_by_a_tight_solve(void **state) {
  (void)state;
  for (uint64_t i = 0; i < 10 * KIND_COUNT; i++) {
    trial r = draw_trial(SEED, i);
    truth t = find_truth(&r);
    r.method = OG_METHOD_DOP853, r.precision = OG_PRECISION_DOUBLE;
    r.rtol = 1e-11, r.atol = 1e-13;
    truth c = find_control(&r, &t);
    assert_true(t.found && c.found);
    double of_parameters = error_of_parameters(&r, &t, c.parameters, t.input, least_share),
           of_initial = error_of_initial(&r, &t, c.initial, least_share),
           of_dots = error_of_dots(&r, &t, c.dots, least_share);
    /* 1e-11 a step, relative to what may be 1e-3 of the whole */
    if (!(larger(larger(of_parameters, of_initial), of_dots) <= 1e-6))
      fail_msg("problem %d (%s): %g of parameters, %g of initial states, %g of the pushforward", (int)i,
               kind_names[r.kind], of_parameters, of_initial, of_dots);
  }
}

/* ---- How gradients change along a direction, by differences of gradients ---- */

static truth moved(trial r, double step) {
  r.product = PRODUCT_DISCRETE;
  for (int i = 0; i < r.s.n; i++) r.x0[i] += step * r.x0_dot[i];
  for (int k = 0; k < r.s.p; k++) r.theta[k] += step * r.theta_dot[k];
  truth t = find_truth(&r);
  assert_true(t.found);
  return t;
}

/* The rule of four points: by how much it differs from the truth. */
static double off_from_differences(const trial *r, const truth *t, double step) {
  double initial[STATES_MAX], parameters[PARAMETERS_MAX], nothing[2] = {0};
  truth up = moved(*r, step), down = moved(*r, -step), far_up = moved(*r, 2 * step),
        far_down = moved(*r, -2 * step);
  for (int k = 0; k < r->s.n; k++)
    initial[k] =
        (8 * (up.initial[k] - down.initial[k]) - (far_up.initial[k] - far_down.initial[k])) / (12 * step);
  for (int k = 0; k < r->s.p; k++)
    parameters[k] =
        (8 * (up.parameters[k] - down.parameters[k]) - (far_up.parameters[k] - far_down.parameters[k])) /
        (12 * step);
  return larger(error_of_parameters(r, t, parameters, nothing, 1), error_of_initial(r, t, initial, 1));
}

/* A wide step is too wide where rates times spans are large, a narrow one divides by little what gradients
 * are off by: 3e-12 a step of what cancels in them. No step agrees with a wrong derivative. */
static void second_derivatives_are_differences(void **state) {
  (void)state;
  static const double difference_allowed = 1e-4;
  for (uint64_t i = 0; i < 6 * KIND_COUNT; i++) {
    trial r = draw_trial(SEED, i);
    if (r.s.pulse.happens) continue;
    r.product = PRODUCT_HESSIAN;
    truth t = find_truth(&r);
    assert_true(t.found);
    double off = INFINITY;
    for (double step = 1e-3; step > 1e-6 && off > difference_allowed; step /= 10)
      off = fmin(off, off_from_differences(&r, &t, step));
    if (!(off <= difference_allowed)) fail_msg("problem %d (%s): %g", (int)i, kind_names[r.kind], off);
  }
}

/* ---- Products by hand and derived ---- */

/* Rounding in 40 steps, of which none is beyond stability. */
static const double product_allowed = 1e-9;

/* So short that 40 steps of rk4 are stable. */
static trial shortened(uint64_t index) {
  trial r = draw_trial(SEED, index);
  double rate = 0, t0 = r.t0;
  for (int k = 0; k < r.s.count; k++)
    rate = fmax(rate, fabs(r.s.term[k].c * parameter_of(&r.s.term[k], 0, r.theta)));
  double shrink = fmin(1, 20 / (rate * fabs(r.t1 - r.t0)));
  r.t1 = t0 + (r.t1 - t0) * shrink;
  for (int k = 0; k < r.observations; k++) r.times[k] = t0 + (r.times[k] - t0) * shrink;
  r.input_at = t0 + (r.input_at - t0) * shrink;
  pulse *e = &r.s.pulse;
  e->time = t0 + (e->time - t0) * shrink;
  if (e->guarded >= 0) e->level = r.x0[e->guarded] + (e->level - r.x0[e->guarded]) * fmin(1, shrink);
  if (e->happens && e->time_parameter >= 0) r.theta[e->time_parameter] = e->time;
  r.precision = OG_PRECISION_DOUBLE;
  r.method = OG_METHOD_RK4;
  return r;
}

static answer ask_as(trial r, int as_text, product product) {
  r.as_text = as_text;
  r.product = product;
  answer a = ask(&r);
  if (a.status != OG_OK) fail_msg("problem %llu: %s", (unsigned long long)r.index, a.message);
  return a;
}

static double apart(const double *a, const double *b, int count, double least) {
  return relative(most_apart(a, b, count), fmax(most_of(a, count), least));
}

static double pulled_apart(const trial *r) {
  answer hand = ask_as(*r, 0, PRODUCT_DISCRETE), text = ask_as(*r, 1, PRODUCT_DISCRETE);
  double least = 1e-3 * r->unit, most = apart(hand.initial, text.initial, r->s.n, least);
  most = larger(most, apart(hand.parameters, text.parameters, r->s.p, least));
  most = larger(most, apart(hand.input, text.input, 2, least));
  return larger(most, apart(hand.ends, text.ends, 2, least));
}

static double pushed_apart(const trial *r) {
  answer hand = ask_as(*r, 0, PRODUCT_PUSHFORWARD), text = ask_as(*r, 1, PRODUCT_PUSHFORWARD);
  double most = 0;
  for (int k = 0; k <= r->observations; k++)
    most = larger(most, apart(hand.dots[k], text.dots[k], r->s.n, 1e-3));
  return most;
}

/* The exact derivatives of the same steps: nothing but rounding tells them apart. */
static void products_by_hand_are_those_of_the_text(void **state) {
  (void)state;
  assert_int_equal(setenv("ODEGRAD_TRUST_OPTIONS", "steps=40", 1), 0);
  for (uint64_t i = 0; i < 20 * KIND_COUNT; i++) {
    trial r = shortened(i);
    double pulled = pulled_apart(&r), pushed = pushed_apart(&r);
    if (!(pulled <= product_allowed && pushed <= product_allowed))
      fail_msg("problem %d (%s): gradients are %g apart, pushforwards %g", (int)i, kind_names[r.kind], pulled,
               pushed);
  }
  unsetenv("ODEGRAD_TRUST_OPTIONS");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(linear_problems_by_exponentials),
      cmocka_unit_test(all_problems_by_a_tight_solve),
      cmocka_unit_test(second_derivatives_are_differences),
      cmocka_unit_test(products_by_hand_are_those_of_the_text),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
