/* Objects are destroyed in any order before their context; what is left works on. To be run under the address
 * sanitizer: without it only what is left over is seen. */
#include "counting.h"

static const char text[] = "param k = 0.4, e = 0.8\n"
                           "const c = 1\n"
                           "input u linear\n"
                           "net f = mlp(1, 2, 1)\n"
                           "init x = 2\n"
                           "x' = -k*x + u + 0.01*f(x)\n"
                           "event low when x - 0.9 = 0 falling { x = x + e }\n"
                           "observe x ~ normal(c*x, 1)\n";
static const char csv[] = "id,t,u,x\na,0,0,1\na,1,0.5,1.5\nb,0,1,2\nb,2,1,1\n";

enum { MODEL, TABLE, INPUTS, SOLVE, OBJECTIVE, TRAINER, KINDS };

typedef struct household {
  og_context *context;
  og_model *model;
  og_table *table;
  og_inputs *inputs;
  og_solve *solve;
  og_objective *objective;
  og_trainer *trainer;
  int alive[KINDS];
} household;

static void build(household *h) {
  og_options *options;
  og_context *c = h->context;
  assert_int_equal(og_model_create_from_text(c, "m", text, strlen(text), &h->model), OG_OK);
  assert_int_equal(og_table_create_from_text(c, "d", csv, strlen(csv), &h->table), OG_OK);
  assert_int_equal(og_inputs_create(c, h->model, h->table, &h->inputs), OG_OK);
  assert_int_equal(og_options_create(c, &options), OG_OK);
  assert_int_equal(og_options_set_choice(options, OG_OPT_OPTIMIZER, OG_OPTIMIZER_ADAM), OG_OK);
  assert_int_equal(og_options_set_choice(options, OG_OPT_GRADIENT_CONTROL, OG_CONTROL_NONE), OG_OK);
  assert_int_equal(og_options_set_integer(options, OG_OPT_EPOCHS, 100), OG_OK);
  assert_int_equal(og_solve_create(c, og_model_field(h->model), options, 2, &h->solve), OG_OK);
  assert_int_equal(og_objective_create(c, h->model, h->table, options, &h->objective), OG_OK);
  assert_int_equal(og_trainer_create_for_objective(h->objective, options, NULL, &h->trainer), OG_OK);
  og_options_destroy(options);
  for (int i = 0; i < KINDS; i++) h->alive[i] = 1;
}

static void destroy(household *h, int which) {
  h->alive[which] = 0;
  switch (which) {
  case MODEL: og_model_destroy(h->model); break;
  case TABLE: og_table_destroy(h->table); break;
  case INPUTS: og_inputs_destroy(h->inputs); break;
  case SOLVE: og_solve_destroy(h->solve); break;
  case OBJECTIVE: og_objective_destroy(h->objective); break;
  default: og_trainer_destroy(h->trainer); break;
  }
}

static void use_solve(const household *h) {
  double theta[16] = {0.4, 0.8}, x0 = 2, bar[2] = {1, 1}, x0_bar[2] = {0}, values[] = {0.5, 0.5};
  double times[] = {0, 5};
  size_t events;
  og_occurrence event = {OG_INIT(og_occurrence)};
  og_solve *s = h->solve;
  if (h->alive[INPUTS]) {
    assert_int_equal(og_solve_set_span(s, 0, 0, 1), OG_OK);
    assert_int_equal(og_solve_set_span(s, 1, 0, 2), OG_OK);
    assert_int_equal(og_inputs_set(h->inputs, s), OG_OK);
  }
  assert_int_equal(og_solve_set_span(s, OG_ALL, 0, 5), OG_OK);
  assert_int_equal(og_solve_set_input(s, OG_ALL, 0, OG_SIGNAL_LINEAR, 2, times, values), OG_OK);
  assert_int_equal(og_solve_set_initial_state(s, OG_ALL, &x0), OG_OK);
  assert_int_equal(og_solve_set_parameters(s, OG_ALL, theta), OG_OK);
  assert_int_equal(og_solve_run(s), OG_OK);
  assert_int_equal(og_solve_events(s, 0, &events), OG_OK);
  if (events) {
    assert_int_equal(og_solve_event(s, 0, 0, &event), OG_OK);
    assert_string_equal(event.name, "low");
  }
  assert_int_equal(og_solve_pullback(s, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = bar,
                                                              .x0_bar = x0_bar}),
                   OG_OK);
}

static void use_objective(const household *h) {
  double theta[16] = {0.4, 0.8}, gradient[16], loss, u;
  if (h->alive[OBJECTIVE])
    assert_int_equal(og_objective_evaluate(h->objective, theta, &loss, gradient), OG_OK);
  if (h->alive[TRAINER]) assert_int_equal(og_trainer_step(h->trainer), OG_OK);
  if (h->alive[INPUTS]) assert_int_equal(og_inputs_at(h->inputs, 1, 1, &u), OG_OK);
}

static void use(const household *h) {
  if (h->alive[SOLVE]) use_solve(h);
  use_objective(h);
}

/* Permutation number `which`. */
static void permute(int which, int order[KINDS]) {
  for (int i = 0; i < KINDS; i++) order[i] = i;
  for (int i = KINDS; i > 1; i--) {
    int k = which % i, moved = order[i - 1];
    order[i - 1] = order[k];
    order[k] = moved;
    which /= i;
  }
}

/* All 720; with og_model_set in between, which makes the model's field anew. */
static void every_order(void **state) {
  (void)state;
  for (int which = 0; which < 720; which++) {
    int order[KINDS];
    counter c = {0};
    household h = {0};
    assert_int_equal(og_context_create(counter_allocate, counter_release, &c, &h.context), OG_OK);
    build(&h);
    permute(which, order);
    if (which % 3 == 0) assert_int_equal(og_model_set(h.model, "c", "1.1"), OG_OK);
    for (int i = 0; i < KINDS; i++) {
      destroy(&h, order[i]);
      use(&h);
    }
    og_context_destroy(h.context);
    assert_int_equal(c.live, 0);
  }
}

static int decay(double t, const double *x, const double *theta, double *f, void *user) {
  (void)t, (void)user;
  f[0] = -theta[0] * x[0];
  return 0;
}

static void a_field_goes_before_its_solves(void **state) {
  (void)state;
  counter c = {0};
  og_context *context;
  og_field *field;
  og_solve *first, *second;
  double theta = 1, x0 = 1, x = 0;
  assert_int_equal(og_context_create(counter_allocate, counter_release, &c, &context), OG_OK);
  assert_int_equal(og_field_create(context, 1, 1, decay, NULL, &field), OG_OK);
  assert_int_equal(og_solve_create(context, field, NULL, 1, &first), OG_OK);
  assert_int_equal(og_solve_create(context, field, NULL, 1, &second), OG_OK);
  og_solve_destroy(first);
  og_field_destroy(field);
  assert_int_equal(og_solve_set_initial_state(second, OG_ALL, &x0), OG_OK);
  assert_int_equal(og_solve_set_parameters(second, OG_ALL, &theta), OG_OK);
  assert_int_equal(og_solve_run(second), OG_OK);
  assert_int_equal(og_solve_final(second, 0, &x), OG_OK);
  assert_true(x > 0.36 && x < 0.37);
  og_solve_destroy(second);
  og_context_destroy(context);
  assert_int_equal(c.live, 0);
}

static og_status square(const double *theta, size_t count, const og_window *windows, double *loss,
                        size_t *values, double *gradient, void *user) {
  (void)count, (void)windows, (void)user;
  *loss = theta[0] * theta[0];
  *values = 1;
  if (gradient) gradient[0] = 2 * theta[0];
  return OG_OK;
}

static void batches_go_before_their_trainer(void **state) {
  (void)state;
  counter c = {0};
  og_context *context;
  og_options *options;
  og_batches *batches;
  og_trainer *trainer;
  double theta = 1;
  assert_int_equal(og_context_create(counter_allocate, counter_release, &c, &context), OG_OK);
  assert_int_equal(og_options_create(context, &options), OG_OK);
  assert_int_equal(og_options_set_choice(options, OG_OPT_OPTIMIZER, OG_OPTIMIZER_ADAM), OG_OK);
  assert_int_equal(og_batches_create(context, options, 3, NULL, &batches), OG_OK);
  assert_int_equal(og_trainer_create(context, options,
                                     &(og_trainer_parts){OG_INIT(og_trainer_parts), .p = 1, .loss = square,
                                                         .batches = batches, .theta = &theta},
                                     &trainer),
                   OG_OK);
  og_options_destroy(options);
  og_batches_destroy(batches);
  assert_int_equal(og_trainer_run(trainer, NULL, NULL), OG_OK);
  og_trainer_destroy(trainer);
  og_context_destroy(context);
  assert_int_equal(c.live, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_order),
                                     cmocka_unit_test(a_field_goes_before_its_solves),
                                     cmocka_unit_test(batches_go_before_their_trainer)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
