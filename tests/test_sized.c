/* Structs that begin with their size, as programs have them that were compiled with an older or a newer
 * header. Of those that the caller fills missing members are zero, and unknown ones are refused unless they
 * are; of those that the library fills unknown members become zero, and missing ones are not written. */
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

/* ---- Filled by the library ---- */

/* Every function that fills a struct. */
static og_status fill_event(void *out) { return og_solve_event(solve, 0, 0, out); }
static og_status fill_error(void *out) { return og_solve_gradient_error(solve, out); }

static og_model *model;
static og_objective *objective;
static og_updater *updater;
static og_trainer *trainer;

static og_status fill_objective_error(void *out) { return og_objective_gradient_error(objective, out); }
static og_status fill_parameter(void *out) { return og_model_parameter(model, 0, out); }
static og_status fill_state(void *out) { return og_model_state(model, 0, out); }
static og_status fill_array(void *out) { return og_updater_array(updater, 0, out); }
static og_status fill_epoch(void *out) { return og_trainer_epoch(trainer, 0, out); }

#define FILLED(type, last, fill)                                                                             \
  { #type, sizeof(type), offsetof(type, last), fill }
static const struct filled {
  const char *type;
  size_t size, last; /* where its last member begins */
  og_status (*fill)(void *out);
} filled[] = {
    FILLED(og_occurrence, t, fill_event),
    FILLED(og_gradient_error, times, fill_error),
    FILLED(og_gradient_error, times, fill_objective_error),
    FILLED(og_parameter_info, shape, fill_parameter),
    FILLED(og_state_info, rows, fill_state),
    FILLED(og_state_array, values, fill_array),
    FILLED(og_epoch, skipped, fill_epoch),
};
enum { FILLED_COUNT = sizeof filled / sizeof *filled, BYTES = 512 };

static void build_trained(void) {
  static const char text[] = "param k = 1\ninit x = k\nx' = -k*x\nobserve x ~ squared_error(x)\n";
  og_options *options;
  og_table *table;
  double theta = 1, loss, gradient;
  assert_int_equal(og_model_create_from_text(context, "decay", text, strlen(text), &model), OG_OK);
  assert_int_equal(og_table_create_from_text(context, "data", "t,x\n0,1\n1,0.4\n", 14, &table), OG_OK);
  assert_int_equal(og_options_create(context, &options), OG_OK);
  assert_int_equal(og_options_set_text(options, "optimizer", "adam"), OG_OK);
  assert_int_equal(og_options_set_text(options, "epochs", "1"), OG_OK);
  assert_int_equal(og_updater_create(context, options, 1, &updater), OG_OK);
  assert_int_equal(og_objective_create(context, model, table, options, &objective), OG_OK);
  assert_int_equal(og_trainer_create_for_objective(objective, options, &theta, &trainer), OG_OK);
  assert_int_equal(og_trainer_run(trainer, NULL, NULL), OG_OK);
  assert_int_equal(og_objective_evaluate(objective, &theta, &loss, &gradient), OG_OK);
  og_options_destroy(options);
  og_table_destroy(table);
}

static int build_filled(void **state) {
  og_event event = {OG_INIT(og_event), "half", OG_DIRECTION_ANY, 0};
  og_event_functions functions = {OG_INIT(og_event_functions), .guard = guard};
  og_event events[2] = {event, event};
  context = new_context();
  assert_int_equal(og_field_create(context, 1, 1, decay, NULL, &field), OG_OK);
  assert_int_equal(og_field_set_events(field, 2, events, &functions), OG_OK);
  assert_int_equal(og_field_use_finite_differences(field), OG_OK);
  assert_int_equal(og_solve_create(context, field, NULL, 1, &solve), OG_OK);
  assert_int_equal(og_solve_set_span(solve, 0, 0, 1), OG_OK);
  assert_int_equal(og_solve_set_initial_state(solve, 0, (double[]){1}), OG_OK);
  assert_int_equal(og_solve_set_parameters(solve, OG_ALL, (double[]){0.5}), OG_OK);
  assert_int_equal(og_solve_run(solve), OG_OK);
  build_trained();
  (void)state;
  return 0;
}

static void pull_back(void) {
  double final_bar = 1, x0_bar = 0;
  og_pullback_arrays arrays = {OG_INIT(og_pullback_arrays), .final_bar = &final_bar, .x0_bar = &x0_bar};
  assert_int_equal(og_solve_pullback(solve, &arrays), OG_OK);
}

static int drop_filled(void **state) {
  og_trainer_destroy(trainer);
  og_updater_destroy(updater);
  og_objective_destroy(objective);
  og_model_destroy(model);
  return tear_down(state);
}

/* The bytes of a struct of `size` bytes that was full of something else before. */
static og_status fill_with_size(const struct filled *f, size_t size, unsigned char bytes[BYTES]) {
  memset(bytes, 0xa5, BYTES);
  memcpy(bytes, &size, sizeof size);
  return f->fill(bytes);
}

static void what_the_library_fills_may_be_older_or_newer(void **state) {
  (void)state;
  _Alignas(max_align_t) unsigned char now[BYTES], older[BYTES], newer[BYTES];
  pull_back();
  for (int i = 0; i < FILLED_COUNT; i++) {
    const struct filled *f = &filled[i];
    size_t head = sizeof(size_t), more = f->size + 24;
    assert_int_equal(fill_with_size(f, f->size, now), OG_OK);
    assert_int_equal(fill_with_size(f, f->last, older), OG_OK);
    assert_int_equal(fill_with_size(f, more, newer), OG_OK);
    assert_memory_equal(older + head, now + head, f->last - head);
    assert_memory_equal(newer + head, now + head, f->size - head);
    for (size_t k = f->last; k < BYTES; k++) assert_int_equal(older[k], 0xa5);
    for (size_t k = f->size; k < BYTES; k++) assert_int_equal(newer[k], k < more ? 0 : 0xa5);
    assert_memory_equal(newer, &more, head); /* the size stays the caller's */
  }
}

static void structs_to_be_filled_without_a_size_are_refused(void **state) {
  (void)state;
  _Alignas(max_align_t) unsigned char bytes[BYTES];
  const size_t sizes[] = {0, sizeof(size_t), (size_t)-1};
  for (int i = 0; i < FILLED_COUNT; i++)
    for (int k = 0; k < 3; k++) {
      char wanted[64];
      snprintf(wanted, sizeof wanted, "sizeof(%s)", filled[i].type);
      assert_int_equal(fill_with_size(&filled[i], sizes[k], bytes), OG_ERR_ARGUMENT);
      assert_non_null(strstr(og_context_message(context), wanted));
      for (size_t b = sizeof(size_t); b < BYTES; b++) assert_int_equal(bytes[b], 0xa5);
    }
}

/* What is handed out by a pointer tells its size. */
static void what_is_handed_out_has_its_size(void **state) {
  (void)state;
  assert_int_equal(og_option_describe(OG_OPT_RTOL)->size, sizeof(og_option_info));
  assert_int_equal(og_field_event(field, 1)->size, sizeof(og_event));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(newer_members_are_read_over_where_they_are_zero),
      cmocka_unit_test(older_structs_end_sooner),
      cmocka_unit_test(sizes_that_were_not_set_are_refused),
      cmocka_unit_test(arrays_have_the_callers_distance),
  };
  const struct CMUnitTest outputs[] = {
      cmocka_unit_test(what_the_library_fills_may_be_older_or_newer),
      cmocka_unit_test(structs_to_be_filled_without_a_size_are_refused),
      cmocka_unit_test(what_is_handed_out_has_its_size),
  };
  int failed = cmocka_run_group_tests(tests, build, tear_down);
  return failed + cmocka_run_group_tests(outputs, build_filled, drop_filled);
}
