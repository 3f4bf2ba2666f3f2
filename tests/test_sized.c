/* Structs that begin with their size, as programs fill them that were compiled with an older or a newer
 * header: missing members are zero, unknown ones are refused unless they are. */
#include "counting.h"

static int decay(double t, const double *x, const double *theta, double *f, void *user) {
  (void)t, (void)user;
  f[0] = -theta[0] * x[0];
  return 0;
}

static int decay_vjp(double t, const double *x, const double *theta, const double *lambda, double *x_bar,
                     double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  x_bar[0] = -theta[0] * lambda[0];
  theta_bar[0] = -x[0] * lambda[0];
  return 0;
}

static og_context *context;
static og_field *field;
static og_solve *solve;

static int build(void **state) {
  (void)state;
  context = new_context();
  assert_int_equal(og_field_create(context, 1, 1, decay, NULL, &field), OG_OK);
  assert_int_equal(og_field_set_vjp(field, decay_vjp), OG_OK);
  assert_int_equal(og_solve_create(context, field, NULL, 1, &solve), OG_OK);
  assert_int_equal(og_solve_set_span(solve, 0, 0, 1), OG_OK);
  assert_int_equal(og_solve_set_initial_state(solve, 0, (double[]){1}), OG_OK);
  assert_int_equal(og_solve_set_parameters(solve, OG_ALL, (double[]){0.5}), OG_OK);
  assert_int_equal(og_solve_run(solve), OG_OK);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  og_solve_destroy(solve);
  og_field_destroy(field);
  og_context_destroy(context);
  return 0;
}

/* A header of later years, with two members more. */
typedef struct later_arrays {
  og_pullback_arrays known;
  double *of_something, *of_something_else;
} later_arrays;

static void newer_members_are_read_over_where_they_are_zero(void **state) {
  (void)state;
  double final_bar = 1, x0_bar = 0, again = 0, new_bar = 3;
  og_pullback_arrays now = {OG_INIT(og_pullback_arrays), .final_bar = &final_bar, .x0_bar = &x0_bar};
  assert_int_equal(og_solve_pullback(solve, &now), OG_OK);
  later_arrays later = {.known = now};
  later.known.size = sizeof later;
  later.known.x0_bar = &again;
  assert_int_equal(og_solve_pullback(solve, &later.known), OG_OK);
  assert_memory_equal(&x0_bar, &again, sizeof again);
  later.of_something_else = &new_bar;
  assert_int_equal(og_solve_pullback(solve, &later.known), OG_ERR_ARGUMENT);
  assert_non_null(strstr(og_context_message(context), "og_pullback_arrays"));
  assert_non_null(strstr(og_context_message(context), "link a newer library"));
  assert_memory_equal(&x0_bar, &again, sizeof again); /* nothing was added */
}

/* A header that ended with x0_bar: what lies behind it is not the library's to read. */
static void older_structs_end_sooner(void **state) {
  (void)state;
  double final_bar = 1, x0_bar = 0, theta_bar = 7;
  og_pullback_arrays older = {OG_INIT(og_pullback_arrays), .final_bar = &final_bar, .x0_bar = &x0_bar,
                              .theta_bar = &theta_bar};
  older.size = offsetof(og_pullback_arrays, theta_bar);
  assert_int_equal(og_solve_pullback(solve, &older), OG_OK);
  assert_true(x0_bar != 0 && theta_bar == 7);
}

static void sizes_that_were_not_set_are_refused(void **state) {
  (void)state;
  const size_t sizes[] = {0, 3, sizeof(void *), (size_t)-1};
  for (int i = 0; i < 4; i++) {
    og_pullback_arrays arrays = {.size = sizes[i]};
    assert_int_equal(og_solve_pullback(solve, &arrays), OG_ERR_ARGUMENT);
    assert_non_null(strstr(og_context_message(context), "sizeof(og_pullback_arrays)"));
  }
}

static int guard(double t, const double *x, const double *theta, double *g, void *user) {
  (void)t, (void)theta, (void)user;
  g[0] = x[0] - 0.9, g[1] = x[0] - 0.7;
  return 0;
}

/* Of an array the elements have the distance that their size says. */
static void arrays_have_the_callers_distance(void **state) {
  (void)state;
  struct {
    og_event known;
    double of_later_years;
  } events[2] = {{.known = {sizeof events[0], "first", OG_DIRECTION_FALLING, 0}},
                 {.known = {sizeof events[0], "second", OG_DIRECTION_ANY, 1}}};
  og_event_functions functions = {OG_INIT(og_event_functions), .guard = guard};
  assert_int_equal(og_field_set_events(field, 2, &events[0].known, &functions), OG_OK);
  assert_int_equal(og_field_events(field), 2);
  assert_string_equal(og_field_event(field, 1)->name, "second");
  assert_int_equal(og_field_event(field, 1)->terminal, 1);
  events[1].of_later_years = 1;
  assert_int_equal(og_field_set_events(field, 2, &events[0].known, &functions), OG_ERR_ARGUMENT);
  events[1].known.size = sizeof(og_event);
  assert_int_equal(og_field_set_events(field, 2, &events[0].known, &functions), OG_ERR_ARGUMENT);
  assert_non_null(strstr(og_context_message(context), "event 1 has the size"));
  assert_int_equal(og_field_events(field), 2); /* as before */
  assert_int_equal(og_field_set_events(field, 0, NULL, NULL), OG_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(newer_members_are_read_over_where_they_are_zero),
      cmocka_unit_test(older_structs_end_sooner),
      cmocka_unit_test(sizes_that_were_not_set_are_refused),
      cmocka_unit_test(arrays_have_the_callers_distance),
  };
  return cmocka_run_group_tests(tests, build, tear_down);
}
