/* Every allocation of a solve and its derivatives fails in turn: a clean status each time, nothing lost or
 * left. */
#include "event_field.h"

/* The whole life of a solve; stops at the first failure and returns it. */
static og_status live(og_context *context, og_adjoint adjoint, int limited, og_field **field,
                      og_options **options, og_solve **solve, double *gradient) {
  og_status status = og_field_create(context, 2, 4, lv_rhs, NULL, field);
  if (status) return status;
  og_field_set_vjp(*field, lv_vjp);
  og_field_set_jvp(*field, lv_jvp);
  if ((status = og_options_create(context, options))) return status;
  og_options_set_choice(*options, OG_OPT_ADJOINT, (int)adjoint);
  if (limited) og_options_set_integer(*options, OG_OPT_MEMORY, 134000);
  if (limited > 1 && (status = og_options_set_text(*options, "checkpoint-dir", "/tmp"))) return status;
  if (limited > 1) og_options_set_integer(*options, OG_OPT_DISK, 20000);
  if ((status = og_solve_create(context, *field, *options, 6, solve))) return status;
  if ((status = og_solve_set_initial_state(*solve, OG_ALL, (double[]){1, 1}))) return status;
  if ((status = og_solve_set_parameters(*solve, 0, (double[]){1.5, 1, 3, 1}))) return status;
  if ((status = og_solve_set_parameters(*solve, OG_ALL, (double[]){1.5, 1, 3, 1}))) return status;
  if ((status = og_solve_set_span(*solve, OG_ALL, 0, 10))) return status;
  if ((status = og_solve_set_observations(*solve, OG_ALL, 2, (double[]){1, 5}))) return status;
  if ((status = og_solve_run(*solve))) return status;
  double observed_bar[6 * 2 * 2], times_bar[12] = {0}, x0_bar[12] = {0};
  for (int i = 0; i < 24; i++) observed_bar[i] = 1;
  if ((status = og_solve_pullback(
           *solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .observed_bar = observed_bar,
                                         .x0_bar = x0_bar, .theta_bar = gradient, .times_bar = times_bar})))
    return status;
  return adjoint == OG_ADJOINT_BACKSOLVE
             ? OG_OK
             : og_solve_pushforward(*solve,
                                    &(og_pushforward_arrays){OG_INIT(og_pushforward_arrays), .x0_dot = x0_bar,
                                                             .observed_dot = observed_bar});
}

/* The same with events and inputs, for four trajectories of the driven oscillator. */
static og_status live_events(og_context *context, og_adjoint adjoint, int limited, og_field **field,
                             og_options **options, og_solve **solve, double *gradient) {
  double times[DRIVEN_VALUES], u[DRIVEN_VALUES], w[DRIVEN_VALUES], final_bar[4 * DRIVEN_STATES], ones[100];
  driven_signals(times, u, w);
  for (int i = 0; i < 4 * DRIVEN_STATES; i++) final_bar[i] = 1;
  for (int i = 0; i < 100; i++) ones[i] = 1;
  og_status status = driven_create(context, field);
  if (status) return status;
  if ((status = og_options_create(context, options))) return status;
  og_options_set_choice(*options, OG_OPT_ADJOINT, (int)adjoint);
  if (limited) og_options_set_integer(*options, OG_OPT_MEMORY, 1 << 20);
  if ((status = og_solve_create(context, *field, *options, 4, solve))) return status;
  if ((status = og_solve_set_initial_state(*solve, OG_ALL, driven_x0))) return status;
  if ((status = og_solve_set_parameters(*solve, OG_ALL, driven_theta))) return status;
  if ((status = og_solve_set_span(*solve, OG_ALL, 0, 4))) return status;
  if ((status = og_solve_set_input(*solve, OG_ALL, 0, OG_SIGNAL_LINEAR, DRIVEN_VALUES, times, u)))
    return status;
  if ((status = og_solve_set_input(*solve, OG_ALL, 1, OG_SIGNAL_HOLD, DRIVEN_VALUES, times, w)))
    return status;
  if ((status = og_solve_run(*solve))) return status;
  if ((status = og_solve_set_event_cotangents(*solve, 1, ones, NULL, NULL))) return status;
  if ((status =
           og_solve_pullback(*solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                           .final_bar = final_bar, .theta_bar = gradient})))
    return status;
  if (adjoint == OG_ADJOINT_BACKSOLVE) return OG_OK;
  return og_solve_pushforward(*solve, &(og_pushforward_arrays){OG_INIT(og_pushforward_arrays),
                                                               .x0_dot = final_bar, .final_dot = final_bar});
}

typedef og_status (*live_fn)(og_context *, og_adjoint, int, og_field **, og_options **, og_solve **,
                             double *);

static void each_allocation(live_fn life, og_adjoint adjoint, int threads, int limited) {
  long fail_at = 1;
  for (og_status status = OG_ERR_MEMORY; status == OG_ERR_MEMORY; fail_at++) {
    counter c = {.fail_at = fail_at};
    og_context *context = NULL;
    og_field *field = NULL;
    og_options *options = NULL;
    og_solve *solve = NULL;
    double gradient[4] = {1, 2, 3, 4};
    status = og_context_create(counter_allocate, counter_release, &c, &context);
    if (status == OG_OK) {
      og_context_set_threads(context, threads);
      status = life(context, adjoint, limited, &field, &options, &solve, gradient);
      if (status == OG_ERR_MEMORY && !strstr(og_context_message(context), "memory"))
        fail_msg("allocation %ld: the message does not speak of memory: %s", fail_at,
                 og_context_message(context));
    }
    og_solve_destroy(solve);
    og_options_destroy(options);
    og_field_destroy(field);
    og_context_destroy(context);
    assert_int_equal(c.live, 0);
    if (status != OG_OK && status != OG_ERR_MEMORY)
      fail_msg("allocation %ld: %s", fail_at, og_status_name(status));
    assert_true(status == OG_OK || c.calls >= fail_at); /* it did fail where it should */
  }
  assert_in_range(fail_at, 10, 10000);
}

static void discrete(void **state) { (void)state, each_allocation(live, OG_ADJOINT_DISCRETE, 1, 0); }
static void forward(void **state) { (void)state, each_allocation(live, OG_ADJOINT_FORWARD, 1, 0); }
static void backsolve(void **state) { (void)state, each_allocation(live, OG_ADJOINT_BACKSOLVE, 1, 0); }
static void interpolate(void **state) { (void)state, each_allocation(live, OG_ADJOINT_INTERPOLATE, 1, 0); }
static void quadrature(void **state) { (void)state, each_allocation(live, OG_ADJOINT_QUADRATURE, 2, 0); }
static void on_threads(void **state) { (void)state, each_allocation(live, OG_ADJOINT_DISCRETE, 3, 0); }
static void under_a_budget(void **state) { (void)state, each_allocation(live, OG_ADJOINT_DISCRETE, 1, 1); }
static void with_a_file(void **state) { (void)state, each_allocation(live, OG_ADJOINT_DISCRETE, 2, 2); }
static void forward_again(void **state) { (void)state, each_allocation(live, OG_ADJOINT_FORWARD, 1, 1); }
static void events(void **state) { (void)state, each_allocation(live_events, OG_ADJOINT_DISCRETE, 2, 0); }
static void events_forward(void **state) {
  (void)state, each_allocation(live_events, OG_ADJOINT_FORWARD, 1, 0);
}
static void events_backsolve(void **state) {
  (void)state, each_allocation(live_events, OG_ADJOINT_BACKSOLVE, 1, 0);
}
static void events_interpolate(void **state) {
  (void)state, each_allocation(live_events, OG_ADJOINT_INTERPOLATE, 1, 1);
}
static void events_quadrature(void **state) {
  (void)state, each_allocation(live_events, OG_ADJOINT_QUADRATURE, 1, 0);
}
static void events_under_a_budget(void **state) {
  (void)state, each_allocation(live_events, OG_ADJOINT_DISCRETE, 1, 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(discrete),         cmocka_unit_test(forward),
      cmocka_unit_test(backsolve),        cmocka_unit_test(interpolate),
      cmocka_unit_test(quadrature),       cmocka_unit_test(on_threads),
      cmocka_unit_test(under_a_budget),   cmocka_unit_test(with_a_file),
      cmocka_unit_test(forward_again),    cmocka_unit_test(events),
      cmocka_unit_test(events_forward),   cmocka_unit_test(events_under_a_budget),
      cmocka_unit_test(events_backsolve), cmocka_unit_test(events_interpolate),
      cmocka_unit_test(events_quadrature)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
