/* Every public function, with NULL for each of its pointers in turn: null_calls.awk makes the calls from the
 * declarations. Nothing crashes, and what is said in odegrad.h of NULL is so. */
#include "counting.h"

#include <math.h>

static og_context *the_context;
static og_options *the_options;
static og_field *the_field;
#define the_FILE stdout
static og_solve *the_solve;
static og_table *the_table;
static og_model *the_model;
static og_inputs *the_inputs;
static og_objective *the_objective;
static og_fit *the_fit;
static og_updater *the_updater;
static og_batches *the_batches;
static og_trainer *the_trainer;
static og_plot *the_plot;
static og_output *the_output;
static og_builder *the_builder;

/* What is handed over beside the NULL, and not looked at. */
static double numbers[64];
static size_t sizes[64];
static void *out, *other;
static const char text[] = "no/such/path";
static char room[64];
static int the_int[1];
static og_window the_window[2];
static og_event the_event[2];
static og_event_functions the_event_functions[1];
static og_block_functions the_block_functions[1];
static og_pullback_arrays the_pullback_arrays[1];
static og_pushforward_arrays the_pushforward_arrays[1];
static og_hessian_arrays the_hessian_arrays[1];
static og_trainer_parts the_trainer_parts[1];
static og_preconditioner the_preconditioner[1];
static og_gradient_error the_gradient_error[1];
static og_occurrence the_occurrence[1];
static og_parameter_info the_parameter_info[1];
static og_state_info the_state_info[1];
static og_state_array the_state_array[1];
static og_epoch the_epoch[1];
static og_value the_value[2];
static int nothing;
static void *const any = &nothing;
static void function(void) {}

static int decay(double t, const double *x, const double *theta, double *f, void *user) {
  (void)t, (void)user;
  f[0] = -theta[0] * x[0];
  return 0;
}

static int build(void **state) {
  (void)state;
  static const char model[] = "param k = 1\ninput u\ninit x = k\nx' = -k*x + u\nobserve x ~ normal(x, 1)\n",
                    csv[] = "t,x,u\n0,1,0\n1,0.4,0\n2,0.1,0\n";
  og_context *c = the_context = new_context();
  assert_int_equal(og_options_create(c, &the_options), OG_OK);
  assert_int_equal(og_field_create(c, 1, 1, decay, NULL, &the_field), OG_OK);
  assert_int_equal(og_solve_create(c, the_field, NULL, 2, &the_solve), OG_OK);
  assert_int_equal(og_solve_set_observations(the_solve, OG_ALL, 1, (double[]){0}), OG_OK);
  assert_int_equal(og_table_create_from_text(c, "d", csv, strlen(csv), &the_table), OG_OK);
  assert_int_equal(og_model_create_from_text(c, "m", model, strlen(model), &the_model), OG_OK);
  assert_int_equal(og_inputs_create(c, the_model, the_table, &the_inputs), OG_OK);
  assert_int_equal(og_objective_create(c, the_model, the_table, NULL, &the_objective), OG_OK);
  assert_int_equal(og_fit_create(the_objective, NULL, NULL, NULL, NULL, &the_fit), OG_OK);
  assert_int_equal(og_options_set_choice(the_options, OG_OPT_OPTIMIZER, OG_OPTIMIZER_ADAM), OG_OK);
  assert_int_equal(og_updater_create(c, the_options, 1, &the_updater), OG_OK);
  assert_int_equal(og_batches_create_for_objective(the_objective, the_options, &the_batches), OG_OK);
  assert_int_equal(og_trainer_create_for_objective(the_objective, the_options, NULL, &the_trainer), OG_OK);
  assert_int_equal(og_plot_create(c, "a", "b", "c", &the_plot), OG_OK);
  assert_int_equal(og_output_open(c, "/dev/null", &the_output), OG_OK);
  assert_int_equal(og_builder_create(c, &the_builder), OG_OK);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  assert_int_equal(og_output_close(the_output, OG_OK), OG_OK);
  og_builder_destroy(the_builder);
  og_plot_destroy(the_plot);
  og_trainer_destroy(the_trainer);
  og_batches_destroy(the_batches);
  og_updater_destroy(the_updater);
  og_fit_destroy(the_fit);
  og_objective_destroy(the_objective);
  og_inputs_destroy(the_inputs);
  og_model_destroy(the_model);
  og_table_destroy(the_table);
  og_solve_destroy(the_solve);
  og_field_destroy(the_field);
  og_options_destroy(the_options);
  og_context_destroy(the_context);
  return 0;
}

/* A status, and a message that names the function. Where the object is whose context is told: the first
 * argument, but of og_objective_loss its last, `user`. */
static int object_of(const char *name) { return strcmp(name, "og_objective_loss") == 0 ? 7 : 1; }

static void check_refused(const char *name, int which, og_status status, const void *given_out) {
  int told = which != object_of(name) && strcmp(name, "og_context_create") != 0;
  if (status != OG_ERR_ARGUMENT) fail_msg("%s, argument %d: %s", name, which, og_status_name(status));
  if (given_out && out) fail_msg("%s, argument %d: out is not NULL", name, which);
  if (told && !strstr(og_context_message(the_context), name))
    fail_msg("%s, argument %d: \"%s\"", name, which, og_context_message(the_context));
}

/* `out` begins as an address, and must be NULL behind a call that was given it. */
#define REFUSED(name, which, ...)                                                                            \
  do {                                                                                                       \
    out = any;                                                                                               \
    og_status refused = __VA_ARGS__;                                                                         \
    check_refused(#name, which, refused, strstr(#__VA_ARGS__, "&out"));                                      \
  } while (0);
#define NOTHING(name, which, ...) __VA_ARGS__;
#define ZERO(name, which, ...)                                                                               \
  if (__VA_ARGS__) fail_msg("%s, argument %d: not 0", #name, which);
#define NO_NUMBER(name, which, ...)                                                                          \
  if (!isnan(__VA_ARGS__)) fail_msg("%s, argument %d: not NaN", #name, which);
#define NO_TEXT(name, which, ...)                                                                            \
  do {                                                                                                       \
    const char *found = __VA_ARGS__;                                                                         \
    if (found && *found) fail_msg("%s, argument %d: \"%s\"", #name, which, found);                           \
  } while (0);

#if defined(__GNUC__)
#pragma GCC diagnostic ignored "-Wcast-function-type"
#endif

static void every_pointer(void **state) {
  (void)state, (void)text, (void)room, (void)function;
#include "null_calls.h"
}

static void destroying_null_does_nothing(void **state) {
  (void)state;
  og_context_destroy(NULL);
  og_options_destroy(NULL);
  og_field_destroy(NULL);
  og_solve_destroy(NULL);
  og_table_destroy(NULL);
  og_model_destroy(NULL);
  og_inputs_destroy(NULL);
  og_objective_destroy(NULL);
  og_fit_destroy(NULL);
  og_updater_destroy(NULL);
  og_batches_destroy(NULL);
  og_trainer_destroy(NULL);
  og_plot_destroy(NULL);
  og_builder_destroy(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_pointer),
                                     cmocka_unit_test(destroying_null_does_nothing)};
  return cmocka_run_group_tests(tests, build, tear_down);
}
