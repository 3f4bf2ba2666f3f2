/* Models made by calls, against the same models from their texts: names, bounds, places, initial values,
 * draws, predictions, and the bits of losses, gradients by every adjoint, Hessian products and fits, in both
 * precisions, interpreted and compiled. */
#include "building.h"
#include "models.h"

typedef struct example {
  const char *path, *text, *csv; /* of the model: its file or its text; of the data: a file, or NULL */
  void (*build)(og_builder *b);
  int events, compiles, draws; /* draws: weights are drawn alike */
} example;

static const example examples[] = {
    {"examples/adjoints/lotka_volterra.ode", NULL, NULL, build_lotka_volterra, 0, 1, 1},
    {"examples/hare_lynx/hybrid.ode", NULL, "examples/hare_lynx/hare_lynx.csv", build_hybrid, 0, 0, 1},
    {"examples/bouncing_ball/bouncing_ball.ode", NULL, "examples/bouncing_ball/bouncing_ball.csv",
     build_bouncing_ball, 1, 1, 1},
    {"examples/infusion/infusion.ode", NULL, "examples/infusion/infusion.csv", build_infusion, 0, 1, 1},
    {"examples/spiral/spiral.ode", NULL, "spiral", build_spiral, 0, 0, 0},
    {"examples/digits/digits.ode", NULL, "digits", build_digits, 0, 0, 1},
    {NULL, driven_text, NULL, build_driven, 0, 1, 1}};
enum { EXAMPLES = sizeof examples / sizeof *examples };

static og_model *model_of_text(og_context *context, const example *e) {
  og_model *model = NULL;
  if (!e->path) return parse(context, e->text);
  CHECK(context, og_model_create_from_file(context, e->path, &model));
  return model;
}

static og_model *model_of_calls(og_context *context, const example *e) {
  og_builder *builder;
  og_model *model = NULL;
  CHECK(context, og_builder_create(context, &builder));
  e->build(builder);
  CHECK(context, og_builder_model(builder, &model));
  og_builder_destroy(builder);
  return model;
}

/* ---- Data that no file has ---- */

static og_table *spiral_data(og_context *context) {
  return table(context, "t,x[1],x[2]\n0,2,0\n0.5,0.9,1.5\n1,-0.4,1.6\n2,NA,-0.3\n");
}

/* Two images of a few grey values, with their digits. */
static og_table *digits_data(og_context *context) {
  static char csv[8192];
  size_t used = (size_t)sprintf(csv, "id,t,digit");
  for (int i = 1; i <= 64; i++) used += (size_t)sprintf(csv + used, ",u[%d]", i);
  for (int image = 0; image < 2; image++) {
    used += (size_t)sprintf(csv + used, "\n%d,1,%d", image, 3 + 4 * image);
    for (int i = 0; i < 64; i++) used += (size_t)sprintf(csv + used, ",%d", (7 * i + 5 * image * i * i) % 17);
  }
  used += (size_t)sprintf(csv + used, "\n");
  og_table *out = NULL;
  CHECK(context, og_table_create_from_text(context, "digits.csv", csv, used, &out));
  return out;
}

static og_table *data_of(og_context *context, const example *e) {
  og_table *out = NULL;
  if (!e->csv) return NULL;
  if (strcmp(e->csv, "spiral") == 0) return spiral_data(context);
  if (strcmp(e->csv, "digits") == 0) return digits_data(context);
  CHECK(context, og_table_create_from_csv(context, e->csv, &out));
  return out;
}

/* ---- What is known of a model ---- */

static void compare_parameters(const og_model *a, const og_model *b) {
  og_parameter_info one = {OG_INIT(og_parameter_info)}, other = {OG_INIT(og_parameter_info)};
  assert_int_equal(og_model_parameters(a), og_model_parameters(b));
  for (size_t i = 0; i < og_model_parameters(a); i++) {
    og_model_parameter(a, i, &one);
    og_model_parameter(b, i, &other);
    assert_string_equal(one.name, other.name);
    assert_int_equal(one.offset, other.offset);
    assert_true(one.rows == other.rows && one.columns == other.columns && one.weight == other.weight);
    assert_true(one.lowest == other.lowest && one.highest == other.highest);
    assert_int_equal(one.dimensions, other.dimensions);
    assert_memory_equal(one.shape, other.shape, (size_t)one.dimensions * sizeof *one.shape);
  }
}

static void compare_names(const og_model *a, const og_model *b) {
  og_state_info one = {OG_INIT(og_state_info)}, other = {OG_INIT(og_state_info)};
  assert_int_equal(og_model_states(a), og_model_states(b));
  for (size_t i = 0; i < og_model_states(a); i++) {
    og_model_state(a, i, &one);
    og_model_state(b, i, &other);
    assert_string_equal(one.name, other.name);
    assert_true(one.offset == other.offset && one.rows == other.rows);
  }
  assert_int_equal(og_model_inputs(a), og_model_inputs(b));
  for (size_t i = 0; i < og_model_inputs(a); i++)
    assert_string_equal(og_model_input_name(a, i), og_model_input_name(b, i));
  assert_int_equal(og_model_observed(a), og_model_observed(b));
  for (size_t i = 0; i < og_model_observed(a); i++) {
    assert_string_equal(og_model_observed_name(a, i), og_model_observed_name(b, i));
    assert_int_equal(og_model_observed_classes(a, i), og_model_observed_classes(b, i));
  }
}

static void compare_field(const og_model *a, const og_model *b) {
  const og_field *one = og_model_field(a), *other = og_model_field(b);
  assert_int_equal(og_field_states(one), og_field_states(other));
  assert_int_equal(og_field_parameters(one), og_field_parameters(other));
  assert_int_equal(og_field_inputs(one), og_field_inputs(other));
  assert_int_equal(og_field_events(one), og_field_events(other));
  for (size_t i = 0; i < og_field_events(one); i++) {
    assert_string_equal(og_field_event(one, i)->name, og_field_event(other, i)->name);
    assert_int_equal(og_field_event(one, i)->direction, og_field_event(other, i)->direction);
    assert_int_equal(og_field_event(one, i)->terminal, og_field_event(other, i)->terminal);
  }
}

static void compare_span(const og_model *a, const og_model *b) {
  double one[2] = {0}, other[2] = {0};
  og_status status = og_model_span(a, &one[0], &one[1]);
  assert_int_equal(og_model_span(b, &other[0], &other[1]), status);
  assert_memory_equal(one, other, sizeof one);
}

static double *new_theta(const og_model *model, long long seed) {
  size_t p = og_field_parameters(og_model_field(model)) + og_model_inputs(model);
  double *theta = calloc(p + 1, sizeof *theta);
  assert_non_null(theta);
  assert_int_equal(og_model_initialize(model, seed, theta), OG_OK);
  for (size_t i = 0; i < og_model_inputs(model); i++)
    theta[og_field_parameters(og_model_field(model)) + i] = 7 + (double)(i % 5);
  return theta;
}

static void compare_points(const og_model *a, const og_model *b, const double *theta) {
  double x0[2][64], at[2][64];
  assert_int_equal(og_model_initial_state(a, 0.3, theta, x0[0]), OG_OK);
  assert_int_equal(og_model_initial_state(b, 0.3, theta, x0[1]), OG_OK);
  assert_memory_equal(x0[0], x0[1], og_field_states(og_model_field(a)) * sizeof(double));
  for (size_t i = 0; i < 64; i++) x0[0][i] += 0.5; /* nothing is infinite there */
  assert_int_equal(og_model_predict(a, 0.3, x0[0], theta, at[0]), OG_OK);
  assert_int_equal(og_model_predict(b, 0.3, x0[0], theta, at[1]), OG_OK);
  assert_memory_equal(at[0], at[1], og_model_observed(a) * sizeof(double));
}

static void the_same_names(void **s) {
  (void)s;
  for (int i = 0; i < EXAMPLES; i++) {
    og_context *context = new_context();
    og_model *a = model_of_text(context, &examples[i]), *b = model_of_calls(context, &examples[i]);
    compare_parameters(a, b);
    compare_names(a, b);
    compare_field(a, b);
    compare_span(a, b);
    double *theta = new_theta(a, 11), *drawn = new_theta(b, 11);
    if (examples[i].draws)
      assert_memory_equal(theta, drawn, og_field_parameters(og_model_field(a)) * sizeof *theta);
    compare_points(a, b, theta);
    assert_string_equal(og_model_text(b), "");
    assert_int_equal(og_model_saved(b), 0);
    free(theta);
    free(drawn);
    og_model_destroy(a);
    og_model_destroy(b);
    og_context_destroy(context);
  }
}

/* ---- Bits ---- */

typedef struct pair {
  og_context *context;
  og_objective *of[2];
  double *theta, *gradient[2];
  size_t p;
} pair;

static pair new_pair(const example *e, og_precision precision, int compile) {
  pair p = {.context = new_context()};
  og_options *options = NULL;
  og_model *models[2] = {model_of_text(p.context, e), model_of_calls(p.context, e)};
  og_table *data = data_of(p.context, e);
  CHECK(p.context, og_options_create(p.context, &options));
  CHECK(p.context, og_options_set_choice(options, OG_OPT_PRECISION, precision));
  if (precision == OG_PRECISION_SINGLE) CHECK(p.context, og_options_set_text(options, "rtol", "1e-3"));
  p.p = og_field_parameters(og_model_field(models[0]));
  p.theta = new_theta(models[0], 5);
  for (int i = 0; i < 2; i++) {
    if (compile) CHECK(p.context, og_model_compile(models[i], precision));
    CHECK(p.context, og_objective_create(p.context, models[i], data, options, &p.of[i]));
    p.gradient[i] = calloc(p.p + 1, sizeof(double));
    assert_non_null(p.gradient[i]);
    og_model_destroy(models[i]);
  }
  og_table_destroy(data);
  og_options_destroy(options);
  return p;
}

static void end_pair(pair *p) {
  for (int i = 0; i < 2; i++) {
    og_objective_destroy(p->of[i]);
    free(p->gradient[i]);
  }
  free(p->theta);
  og_context_destroy(p->context);
}

/* A gradient of nothing but zeros would prove nothing. */
static void compare_gradients(const pair *p, const double loss[2]) {
  double size = 0;
  assert_memory_equal(&loss[0], &loss[1], sizeof *loss);
  for (size_t i = 0; i < p->p; i++) size += fabs(p->gradient[0][i]);
  assert_true(isfinite(loss[0]) && isfinite(size) && size > 0);
  assert_memory_equal(p->gradient[0], p->gradient[1], p->p * sizeof(double));
}

static void compare_adjoint(pair *p, og_adjoint adjoint) {
  double loss[2];
  for (int i = 0; i < 2; i++)
    CHECK(p->context, og_objective_evaluate_with(p->of[i], adjoint, p->theta, &loss[i], p->gradient[i]));
  compare_gradients(p, loss);
}

static void compare_products(pair *p) {
  uint64_t seed = 3;
  double *direction = calloc(p->p, sizeof *direction);
  assert_non_null(direction);
  for (size_t i = 0; i < p->p; i++) direction[i] = noise(&seed);
  for (int i = 0; i < 2; i++)
    CHECK(p->context, og_objective_hessian_product(p->of[i], p->theta, direction, p->gradient[i]));
  assert_memory_equal(p->gradient[0], p->gradient[1], p->p * sizeof(double));
  free(direction);
}

static void the_same_bits(void **s) {
  (void)s;
  for (int i = 0; i < EXAMPLES; i++) {
    pair p = new_pair(&examples[i], OG_PRECISION_DOUBLE, 0);
    compare_adjoint(&p, OG_ADJOINT_DISCRETE);
    if (p.p < 100) compare_adjoint(&p, OG_ADJOINT_FORWARD);
    if (!examples[i].events) compare_products(&p);
    end_pair(&p);
  }
}

static void the_same_bits_by_continuous_adjoints(void **s) {
  (void)s;
  for (int i = 0; i < EXAMPLES; i++) {
    if (examples[i].events) continue;
    pair p = new_pair(&examples[i], OG_PRECISION_DOUBLE, 0);
    compare_adjoint(&p, OG_ADJOINT_INTERPOLATE);
    end_pair(&p);
  }
}

static void the_same_bits_in_single_precision(void **s) {
  (void)s;
  int solved = 0;
  for (int i = 0; i < EXAMPLES; i++) {
    if (examples[i].events) continue;
    pair p = new_pair(&examples[i], OG_PRECISION_SINGLE, 0);
    double loss[2];
    og_status status[2];
    for (int k = 0; k < 2; k++) status[k] = og_objective_evaluate(p.of[k], p.theta, &loss[k], p.gradient[k]);
    assert_int_equal(status[0], status[1]);
    if (status[0] == OG_OK) compare_gradients(&p, loss);
    solved += status[0] == OG_OK;
    end_pair(&p);
  }
  assert_true(solved >= 5); /* of six */
}

static void the_same_bits_compiled(void **s) {
  (void)s;
  for (int i = 0; i < EXAMPLES; i++) {
    if (!examples[i].compiles) continue;
    pair plain = new_pair(&examples[i], OG_PRECISION_DOUBLE, 0);
    pair compiled = new_pair(&examples[i], OG_PRECISION_DOUBLE, 1);
    compare_adjoint(&plain, OG_ADJOINT_DISCRETE);
    compare_adjoint(&compiled, OG_ADJOINT_DISCRETE);
    assert_memory_equal(plain.gradient[1], compiled.gradient[1], plain.p * sizeof(double));
    end_pair(&plain);
    end_pair(&compiled);
  }
}

/* ---- Fits and trainings ---- */

static void the_same_fit(void **s) {
  (void)s;
  pair p = new_pair(&examples[3], OG_PRECISION_DOUBLE, 0);
  og_fit *fits[2] = {NULL};
  for (int i = 0; i < 2; i++) CHECK(p.context, og_fit_create(p.of[i], NULL, NULL, NULL, NULL, &fits[i]));
  for (int i = 0; i < 2; i++) CHECK(p.context, og_fit_estimate(fits[i], p.gradient[i]));
  assert_memory_equal(p.gradient[0], p.gradient[1], p.p * sizeof(double));
  for (int i = 0; i < 2; i++) og_fit_destroy(fits[i]);
  end_pair(&p);
}

static void the_same_training(void **s) {
  (void)s;
  pair p = new_pair(&examples[1], OG_PRECISION_DOUBLE, 0);
  og_options *options = NULL;
  og_trainer *trainers[2] = {NULL};
  CHECK(p.context, og_options_create(p.context, &options));
  CHECK(p.context, og_options_set_text(options, "optimizer", "adam"));
  CHECK(p.context, og_options_set_text(options, "epochs", "3"));
  for (int i = 0; i < 2; i++) {
    CHECK(p.context, og_trainer_create_for_objective(p.of[i], options, NULL, &trainers[i]));
    CHECK(p.context, og_trainer_run(trainers[i], NULL, NULL));
  }
  assert_memory_equal(og_trainer_theta(trainers[0]), og_trainer_theta(trainers[1]), p.p * sizeof(double));
  for (int i = 0; i < 2; i++) og_trainer_destroy(trainers[i]);
  og_options_destroy(options);
  end_pair(&p);
}

/* ---- Fields ---- */

static og_field *field_of_calls(og_context *context) {
  og_builder *builder;
  og_field *field = NULL;
  CHECK(context, og_builder_create(context, &builder));
  build_lotka_volterra(builder);
  CHECK(context, og_builder_field(builder, &field));
  og_builder_destroy(builder);
  return field;
}

typedef struct of_field {
  double final[2], x0_bar[2], theta_bar[8];
} of_field;

static of_field solve_field(og_context *context, const og_field *field, og_precision precision) {
  static const double theta[8] = {1.5, 1, 3, 1, 0.9, 1.1, 0.4, 0.2}, bars[2] = {1, -0.5};
  of_field f = {{0}, {0}, {0}};
  og_options *options = NULL;
  og_solve *solve = NULL;
  CHECK(context, og_options_create(context, &options));
  CHECK(context, og_options_set_choice(options, OG_OPT_PRECISION, precision));
  CHECK(context, og_options_set_text(options, "rtol", "1e-3"));
  CHECK(context, og_solve_create(context, field, options, 1, &solve));
  CHECK(context, og_solve_set_span(solve, 0, 0, 3));
  CHECK(context, og_solve_set_initial_state(solve, 0, (double[]){1, 1}));
  CHECK(context, og_solve_set_parameters(solve, OG_ALL, theta));
  CHECK(context, og_solve_run(solve));
  CHECK(context, og_solve_final(solve, 0, f.final));
  CHECK(context,
        og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = bars,
                                                       .x0_bar = f.x0_bar, .theta_bar = f.theta_bar}));
  og_solve_destroy(solve);
  og_options_destroy(options);
  return f;
}

/* A second time needs no compiler, since the first has made what is used. */
static void fields_can_be_compiled(void **state) {
  (void)state;
  for (int single = 0; single < 2; single++) {
    og_precision precision = single ? OG_PRECISION_SINGLE : OG_PRECISION_DOUBLE;
    og_context *context = new_context();
    og_field *plain = field_of_calls(context), *compiled = field_of_calls(context);
    assert_true(og_field_parameters(plain) <= 8);
    assert_int_equal(setenv("CC", "false", 1), 0);
    assert_int_equal(og_field_compile(compiled, precision), OG_ERR_UNSUPPORTED);
    of_field want = solve_field(context, plain, precision), got = solve_field(context, compiled, precision);
    assert_memory_equal(&want, &got, sizeof want);
    assert_int_equal(unsetenv("CC"), 0);
    CHECK(context, og_field_compile(compiled, precision));
    assert_int_equal(setenv("CC", "false", 1), 0);
    CHECK(context, og_field_compile(compiled, precision));
    assert_int_equal(unsetenv("CC"), 0);
    got = solve_field(context, compiled, precision);
    assert_memory_equal(&want, &got, sizeof want);
    assert_true(want.final[0] > 0 && want.theta_bar[0] != 0);
    og_field_destroy(plain);
    og_field_destroy(compiled);
    og_context_destroy(context);
  }
}

static int still(double t, const double *x, const double *theta, double *f, void *user) {
  (void)t, (void)x, (void)theta, (void)user;
  f[0] = 0;
  return 0;
}

static void callbacks_are_not_compiled(void **state) {
  (void)state;
  og_context *context = new_context();
  og_field *field = NULL;
  CHECK(context, og_field_create(context, 1, 0, still, NULL, &field));
  assert_int_equal(og_field_compile(field, OG_PRECISION_DOUBLE), OG_ERR_UNSUPPORTED);
  assert_contains(og_context_message(context), "callbacks");
  og_field_destroy(field);
  og_context_destroy(context);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(the_same_names),
                                     cmocka_unit_test(the_same_bits),
                                     cmocka_unit_test(the_same_bits_by_continuous_adjoints),
                                     cmocka_unit_test(the_same_bits_in_single_precision),
                                     cmocka_unit_test(the_same_bits_compiled),
                                     cmocka_unit_test(the_same_fit),
                                     cmocka_unit_test(the_same_training),
                                     cmocka_unit_test(fields_can_be_compiled),
                                     cmocka_unit_test(callbacks_are_not_compiled)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
