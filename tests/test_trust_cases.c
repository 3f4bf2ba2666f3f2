/* Inputs whose gradients were once wrong by up to a hundred orders of magnitude, without a word: x rests or
 * is simple, so that steps are good for it and not for its derivative. tests/trust/ has the models and data,
 * oracles/trust.csv what is right, to 18 digits (oracles/trust.py computes it). An answer is right to 1e-3 of
 * the largest component of its kind: default tolerances are 1e-6, so this leaves room for a thousand of them,
 * and none for a gradient of another kind. */
#include "models.h"

static const double allowed = 1e-3;

enum { QUANTITY_SIZE = 64, RIGHT_MAX = 256 };

/* A row of oracles/trust.csv. */
typedef struct right_value {
  char name[QUANTITY_SIZE], quantity[QUANTITY_SIZE];
  double value;
} right_value;

static right_value right[RIGHT_MAX];
static size_t right_count;

static int read_right_values(void **state) {
  (void)state;
  FILE *file = fopen("tests/oracles/trust.csv", "r");
  if (!file || fscanf(file, "%*[^\n]") != 0) return -1;
  while (right_count < RIGHT_MAX && fscanf(file, " %63[^,],%63[^,],%lf,%*[^\n]", right[right_count].name,
                                           right[right_count].quantity, &right[right_count].value) == 3)
    right_count++;
  int whole = feof(file) && right_count < RIGHT_MAX;
  fclose(file);
  return whole ? 0 : -1;
}

static const right_value *find_right(const char *name, const char *quantity) {
  for (size_t i = 0; i < right_count; i++)
    if (!strcmp(right[i].name, name) && !strcmp(right[i].quantity, quantity)) return &right[i];
  return NULL;
}

static double right_of(const char *name, const char *prefix, const char *of) {
  char quantity[QUANTITY_SIZE * 2];
  snprintf(quantity, sizeof quantity, "%s%s", prefix, of);
  const right_value *found = find_right(name, quantity);
  if (!found) fail_msg("oracles/trust.csv has no %s of %s", quantity, name);
  return found->value;
}

/* ---- A case: its model, its data, its objective ---- */

/* When a refusal is as good as the right answer. */
typedef enum refusal {
  NEVER,
  CONTINUOUS, /* by a continuous adjoint: what is asked is a difference of states below atol, which dense
                 output lacks */
  ALWAYS      /* an explicit method has to take very many steps */
} refusal;

typedef struct trust_case {
  const char *name;
  const char *data; /* NULL: it has none */
  refusal refusal;
} trust_case;

static const trust_case cases[] = {
    {"rest", NULL, NEVER},
    {"rest_pair", NULL, NEVER},
    {"rest_backward", NULL, NEVER},
    {"rest_nothing", NULL, NEVER},
    {"rest_event", NULL, NEVER},
    {"rest_dose", NULL, NEVER},
    {"rest_stop", NULL, NEVER},
    {"rest_stimulus", "rest_stimulus", NEVER},
    {"rest_chain", "rest_chain", NEVER},
    {"rest_fit", "rest_fit", NEVER},
    {"rest_ids", "rest_ids", NEVER},
    {"rest_lines", NULL, NEVER},
    {"rest_cells", NULL, NEVER},
    {"border", NULL, NEVER},
    {"border_rows", "border_rows", NEVER},
    {"border_pair", NULL, NEVER},
    {"two_speeds", NULL, CONTINUOUS},
    {"three_speeds", NULL, CONTINUOUS},
    {"robertson_early", NULL, ALWAYS},
    {"robertson", NULL, ALWAYS},
    {"van_der_pol_20", NULL, NEVER},
    {"van_der_pol", NULL, ALWAYS},
    {"zero_state", NULL, NEVER},
    {"zero_states", NULL, NEVER},
    {"zero_parameter", NULL, NEVER},
    {"zero_forcing", NULL, NEVER},
    {"zero_integral", NULL, NEVER},
    {"zero_fit", "zero_fit", NEVER},
    {"zero_fit_rows", "zero_fit_rows", NEVER},
};
enum { CASES = sizeof cases / sizeof *cases, PARAMETERS = 64, ENTRIES = 128 };

typedef struct opened {
  og_context *context;
  og_model *model;
  og_table *table;
  og_objective *objective;
  double theta[PARAMETERS];
  size_t parameters;
} opened;

static og_model *read_model(og_context *context, const char *name) {
  char path[128];
  og_model *model = NULL;
  snprintf(path, sizeof path, "tests/trust/%s.ode", name);
  CHECK(context, og_model_create_from_file(context, path, &model));
  return model;
}

static og_table *read_data(og_context *context, const char *name) {
  char path[128];
  og_table *data = NULL;
  snprintf(path, sizeof path, "tests/trust/%s.csv", name);
  CHECK(context, og_table_create_from_csv(context, path, &data));
  return data;
}

/* With default options, as a user has them who gives none. */
static opened open_with(const char *name, const char *data, og_method method) {
  opened o = {.context = new_context()};
  og_options *options = NULL;
  CHECK(o.context, og_options_create(o.context, &options));
  CHECK(o.context, og_options_set_choice(options, OG_OPT_METHOD, method));
  o.model = read_model(o.context, name);
  if (data) o.table = read_data(o.context, data);
  CHECK(o.context, og_objective_create(o.context, o.model, o.table, options, &o.objective));
  og_options_destroy(options);
  o.parameters = og_field_parameters(og_model_field(o.model));
  assert_true(o.parameters <= PARAMETERS);
  CHECK(o.context, og_model_values(o.model, o.theta));
  return o;
}

static opened open_case(const char *name, const char *data) { return open_with(name, data, OG_METHOD_AUTO); }

static void close_case(opened *o) {
  og_objective_destroy(o->objective);
  og_table_destroy(o->table);
  og_model_destroy(o->model);
  og_context_destroy(o->context);
}

/* ---- What is said of each: every fault is printed before the test fails ---- */

static int faults;

static void fault(const char *name, const char *how, const char *quantity, double got, double want) {
  print_error("%s, %s: %s is %.9g in place of %.9g\n", name, how, quantity, got, want);
  faults++;
}

/* A refusal is an answer if it is one of a computation and says why. */
static void judge_refusal(const char *name, const char *how, og_status status, const char *message,
                          int allowed_to) {
  int of_computation = status >= OG_ERR_NOT_FINITE && status < OG_ERR_INTERNAL;
  if (allowed_to && of_computation && strlen(message) > 20) return;
  print_error("%s, %s: refused with %d: %s\n", name, how, (int)status, message);
  faults++;
}

static void judge_parameters(const opened *o, const char *name, const char *how, const double *gradient) {
  double want[PARAMETERS], scale = 0;
  og_parameter_info info = {OG_INIT(og_parameter_info)};
  for (size_t i = 0; i < o->parameters; i++) {
    CHECK(o->context, og_model_parameter(o->model, i, &info));
    want[i] = right_of(name, "dL/d", info.name);
    scale = fmax(scale, fabs(want[i]));
  }
  for (size_t i = 0; i < o->parameters; i++) {
    CHECK(o->context, og_model_parameter(o->model, i, &info));
    if (!(fabs(gradient[i] - want[i]) <= allowed * scale)) fault(name, how, info.name, gradient[i], want[i]);
  }
}

static void judge_initial(const opened *o, const char *name, const char *how) {
  const right_value *want = find_right(name, "largest dL/dx0");
  if (!want) return;
  double x0_bar[ENTRIES], largest = 0;
  size_t entries = og_field_states(og_model_field(o->model)) * og_objective_trajectories(o->objective);
  assert_true(entries <= ENTRIES);
  CHECK(o->context, og_objective_initial_gradient(o->objective, x0_bar));
  for (size_t i = 0; i < entries; i++) largest = fmax(largest, fabs(x0_bar[i]));
  if (!(fabs(largest - want->value) <= allowed * want->value))
    fault(name, how, want->quantity, largest, want->value);
}

/* A stiff equation cannot be solved backward, and one that rests is stiff: backsolve may refuse all of them.
 */
static int may_refuse(const trust_case *c, og_adjoint adjoint) {
  int continuous = adjoint == OG_ADJOINT_INTERPOLATE || adjoint == OG_ADJOINT_QUADRATURE;
  return adjoint == OG_ADJOINT_BACKSOLVE || c->refusal == ALWAYS || (continuous && c->refusal == CONTINUOUS);
}

static const char *const adjoint_names[] = {"discrete", "backsolve", "interpolate", "quadrature", "forward"};

static void judge_gradient(const trust_case *c, og_adjoint adjoint) {
  opened o = open_case(c->name, c->data);
  const char *how = adjoint_names[adjoint];
  double loss, gradient[PARAMETERS];
  og_status status = og_objective_evaluate_with(o.objective, adjoint, o.theta, &loss, gradient);
  if (status == OG_OK) {
    judge_parameters(&o, c->name, how, gradient);
    judge_initial(&o, c->name, how);
  } else
    judge_refusal(c->name, how, status, og_context_message(o.context), may_refuse(c, adjoint));
  close_case(&o);
}

static void judge_all(og_adjoint adjoint) {
  faults = 0;
  for (size_t i = 0; i < CASES; i++) judge_gradient(&cases[i], adjoint);
  if (faults) fail_msg("%d faults", faults);
}

static void discrete_gradients(void **state) { (void)state, judge_all(OG_ADJOINT_DISCRETE); }
static void backsolve_gradients(void **state) { (void)state, judge_all(OG_ADJOINT_BACKSOLVE); }
static void interpolate_gradients(void **state) { (void)state, judge_all(OG_ADJOINT_INTERPOLATE); }
static void quadrature_gradients(void **state) { (void)state, judge_all(OG_ADJOINT_QUADRATURE); }
static void forward_gradients(void **state) { (void)state, judge_all(OG_ADJOINT_FORWARD); }

/* ---- Second derivatives ---- */

static const right_value *find_curvature(const opened *o, const char *name, size_t i, size_t j) {
  char quantity[QUANTITY_SIZE * 3];
  og_parameter_info first = {OG_INIT(og_parameter_info)}, second = {OG_INIT(og_parameter_info)};
  CHECK(o->context, og_model_parameter(o->model, i < j ? i : j, &first));
  CHECK(o->context, og_model_parameter(o->model, i < j ? j : i, &second));
  snprintf(quantity, sizeof quantity, "d2L/d%sd%s", first.name, second.name);
  return find_right(name, quantity);
}

static void judge_hessian_entries(const opened *o, const char *name, const double *hessian) {
  size_t p = o->parameters;
  double want[PARAMETERS * PARAMETERS], scale = 0;
  for (size_t i = 0; i < p * p; i++) {
    want[i] = find_curvature(o, name, i / p, i % p)->value;
    scale = fmax(scale, fabs(want[i]));
  }
  for (size_t i = 0; i < p * p; i++)
    if (!(fabs(hessian[i] - want[i]) <= allowed * scale))
      fault(name, "Hessian", find_curvature(o, name, i / p, i % p)->quantity, hessian[i], want[i]);
}

/* 0: nothing is known of it. Second derivatives do not go through implicit steps. */
static int judge_hessian(const trust_case *c) {
  opened o = open_with(c->name, c->data, OG_METHOD_TSIT5);
  double hessian[PARAMETERS * PARAMETERS];
  int known = find_curvature(&o, c->name, 0, 0) != NULL;
  if (known) {
    og_status status = og_objective_hessian(o.objective, o.theta, hessian);
    if (status == OG_OK)
      judge_hessian_entries(&o, c->name, hessian);
    else
      judge_refusal(c->name, "Hessian", status, og_context_message(o.context), c->refusal != NEVER);
  }
  close_case(&o);
  return known;
}

static void hessians(void **state) {
  (void)state;
  int judged = 0;
  faults = 0;
  for (size_t i = 0; i < CASES; i++) judged += judge_hessian(&cases[i]);
  if (judged < 10) fail_msg("oracles/trust.csv has the Hessians of %d cases alone", judged);
  if (faults) fail_msg("%d faults", faults);
}

/* ---- A network's output that a state follows: x' = k (f(t) - x), f = b + sum of w_j h_j, x(0) = 0 ---- */

/* f(t) = net([sin(a t), cos(2 a t)]) with `HIDDEN` units, theta = (W1, b1, w, b). */
enum { HIDDEN = 8, WEIGHTS = 4 * HIDDEN + 1 };
typedef struct follower {
  const char *name, *data;
  double k, a;
} follower;

/* What follows h_j by t: h_j - h_j'/k, but for h_j''/k^2, which is below 1e-5, and what e^-kt has left. */
static double followed(const follower *f, const double *theta, int j, double t) {
  double s = sin(f->a * t), c = cos(2 * f->a * t), s_dot = f->a * cos(f->a * t),
         c_dot = -2 * f->a * sin(2 * f->a * t);
  double h = tanh(theta[2 * j] * s + theta[2 * j + 1] * c + theta[2 * HIDDEN + j]);
  return h - (1 - h * h) * (theta[2 * j] * s_dot + theta[2 * j + 1] * c_dot) / f->k;
}

/* Adds the derivatives by w and b of seed * x(t), where x(t) is the result; seed(x) = 2 (x - y), or 1 without
 * a y. */
static void add_slopes(const follower *f, const double *theta, double t, double y, double *slopes) {
  double parts[HIDDEN], x = theta[4 * HIDDEN];
  for (int j = 0; j < HIDDEN; j++) x += theta[3 * HIDDEN + j] * (parts[j] = followed(f, theta, j, t));
  double seed = isnan(y) ? 1 : 2 * (x - y);
  for (int j = 0; j < HIDDEN; j++) slopes[j] += seed * parts[j];
  slopes[HIDDEN] += seed;
}

static void right_slopes(const follower *f, const opened *o, double *slopes) {
  if (!o->table) {
    add_slopes(f, o->theta, 40, NAN, slopes);
    return;
  }
  const double *t = og_table_column(o->table, "t"), *y = og_table_column(o->table, "x");
  for (size_t i = 1; i < og_table_rows(o->table); i++) add_slopes(f, o->theta, t[i], y[i], slopes);
}

static void judge_follower(const follower *f) {
  opened o = open_case(f->name, f->data);
  double loss, gradient[PARAMETERS], want[HIDDEN + 1] = {0}, scale = 0;
  assert_int_equal(o.parameters, WEIGHTS);
  right_slopes(f, &o, want);
  for (int j = 0; j <= HIDDEN; j++) scale = fmax(scale, fabs(want[j]));
  og_status status = og_objective_evaluate(o.objective, o.theta, &loss, gradient);
  if (status != OG_OK) judge_refusal(f->name, "discrete", status, og_context_message(o.context), 0);
  for (int j = 0; j <= HIDDEN && status == OG_OK; j++)
    if (!(fabs(gradient[3 * HIDDEN + j] - want[j]) <= allowed * scale))
      fault(f->name, "discrete", j < HIDDEN ? "f.2.weight" : "f.2.bias", gradient[3 * HIDDEN + j], want[j]);
  close_case(&o);
}

static void networks(void **state) {
  static const follower net = {"net", "net", 2500, 1}, slow = {"net_slow", NULL, 100, 0.1};
  (void)state;
  faults = 0;
  judge_follower(&net);
  judge_follower(&slow);
  if (faults) fail_msg("%d faults", faults);
}

/* ---- Fits from the model's values ---- */

/* A fit ends some 1e-6 of its loss above the least one, where estimates are about 1e-3 standard errors off;
 * these are below the estimates themselves. */
static const double estimate_allowed = 1e-2;

/* A fit of plain errors has no standard errors; what they would be of a likelihood is asked of its Hessian,
 * of one or two parameters. */
static void errors_by_hessian(const opened *o, const double *estimate, double *error) {
  double h[4];
  assert_true(o->parameters <= 2);
  for (size_t i = 0; i < o->parameters; i++) assert_true(isnan(error[i]));
  CHECK(o->context, og_objective_hessian(o->objective, estimate, h));
  if (o->parameters == 1) {
    error[0] = 1 / sqrt(h[0]);
    return;
  }
  double determinant = h[0] * h[3] - h[1] * h[2];
  error[0] = sqrt(h[3] / determinant);
  error[1] = sqrt(h[0] / determinant);
}

static void judge_fit(const char *name, int plain_errors) {
  opened o = open_case(name, name);
  og_fit *fit = NULL;
  og_parameter_info info = {OG_INIT(og_parameter_info)};
  double estimate[PARAMETERS], error[PARAMETERS], least = right_of(name, "least ", "loss");
  CHECK(o.context, og_fit_create(o.objective, NULL, NULL, NULL, NULL, &fit));
  CHECK(o.context, og_fit_estimate(fit, estimate));
  CHECK(o.context, og_fit_standard_errors(fit, error));
  if (plain_errors) errors_by_hessian(&o, estimate, error);
  if (!(fabs(og_fit_loss(fit) - least) <= allowed * fmax(1, fabs(least))))
    fault(name, og_fit_reason(fit), "loss", og_fit_loss(fit), least);
  if (!og_fit_converged(fit)) fault(name, og_fit_reason(fit), "converged", 0, 1);
  for (size_t i = 0; i < o.parameters; i++) {
    CHECK(o.context, og_model_parameter(o.model, i, &info));
    double want = right_of(name, "fitted ", info.name);
    if (!(fabs(estimate[i] - want) <= estimate_allowed * fabs(want)))
      fault(name, "fit", info.name, estimate[i], want);
    want = right_of(name, "error of ", info.name);
    if (!(fabs(error[i] - want) <= estimate_allowed * want))
      fault(name, "standard error", info.name, error[i], want);
  }
  og_fit_destroy(fit);
  close_case(&o);
}

static void fits(void **state) {
  static const char *const names[] = {"rest_stimulus", "rest_fit", "rest_chain",
                                      "rest_ids",      "zero_fit", "zero_fit_rows"};
  (void)state;
  faults = 0;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) judge_fit(names[i], i >= 4);
  if (faults) fail_msg("%d faults", faults);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(discrete_gradients),
      cmocka_unit_test(backsolve_gradients),
      cmocka_unit_test(interpolate_gradients),
      cmocka_unit_test(quadrature_gradients),
      cmocka_unit_test(forward_gradients),
      cmocka_unit_test(hessians),
      cmocka_unit_test(networks),
      cmocka_unit_test(fits),
  };
  return cmocka_run_group_tests(tests, read_right_values, NULL);
}
