/* Inputs of models, from tables: solutions and gradients against closed forms, of which derivatives are taken
 * by the complex step; what is said of data that do not fit. */
#include <complex.h>

#include "models.h"

/* ---- Inputs ---- */

static const char tank[] = "param k = 0.7, c = 1.3, start = 2\n"
                           "input power hold\n"
                           "input room[2] linear, size\n"
                           "init x = start + room[1] + size\n"
                           "x' = c*power - k*(x - room[1]) + room[2]*size\n"
                           "observe y ~ normal(x + 0.1*power + room[2], 1)\n";
static const char tank_data[] = "id,t,power,room[1],room[2],size,y\n"
                                "a,0,1,0.5,1,2,NA\n"
                                "b,1,-1,0.25,1,3,1\n"
                                "a,1,NA,NA,0.5,NA,2.5\n"
                                "a,1.5,3,2,NA,2,1\n"
                                "b,2,0.5,1,2,3,NA\n"
                                "a,4,0,-1,0.25,2,3.5\n"
                                "b,3,2,0.75,-1,NA,4\n";
enum { TANK = 3 };

typedef struct stretch { /* of one trajectory, in which every input is a line */
  double t, length, power, room[2], slope[2];
} stretch;
/* room[1] of a: 0.5 at 0, 2 at 1.5, -1 at 4; room[2]: 1 at 0, 0.5 at 1, 0.25 at 4. */
static const stretch stretches_a[] = {{0, 1, 1, {0.5, 1}, {1, -0.5}},
                                      {1, 0.5, 1, {1.5, 0.5}, {1, -0.25 / 3}},
                                      {1.5, 2.5, 3, {2, 0.5 - 0.125 / 3}, {-1.2, -0.25 / 3}}};
static const stretch stretches_b[] = {{1, 1, -1, {0.25, 1}, {0.75, 1}}, {2, 1, 0.5, {1, 2}, {-0.25, -3}}};

/* x' = -k x + A + B s over a stretch: x = (x0 - P) exp(-k s) + P + B s / k with P = A / k - B / k^2. */
static double complex over(const double complex *p, const stretch *s, double size, double complex x,
                           double t) {
  double complex A = p[1] * s->power + p[0] * s->room[0] + s->room[1] * size;
  double complex B = p[0] * s->slope[0] + s->slope[1] * size, P = A / p[0] - B / (p[0] * p[0]);
  return (x - P) * cexp(-p[0] * t) + P + B * t / p[0];
}

static double complex residual(double complex x, double power, double room, double y) {
  double complex r = x + 0.1 * power + room - y;
  return r * r / 2 + log(2 * acos(-1)) / 2;
}

static double complex tank_loss(const double complex *p) {
  double complex x = p[2] + 0.5 + 2, loss = 0;
  x = over(p, &stretches_a[0], 2, x, 1);
  loss += residual(x, 1, 0.5, 2.5);
  x = over(p, &stretches_a[1], 2, x, 0.5);
  loss += residual(x, 3, 0.5 - 0.125 / 3, 1); /* the new rate, from its own row on */
  x = over(p, &stretches_a[2], 2, x, 2.5);
  loss += residual(x, 0, 0.25, 3.5);
  x = p[2] + 0.25 + 3;
  loss += residual(x, -1, 1, 1);
  x = over(p, &stretches_b[0], 3, x, 1);
  x = over(p, &stretches_b[1], 3, x, 1);
  return loss + residual(x, 2, -1, 4);
}

static void signals_of_all_kinds(void **state) {
  (void)state;
  og_context *context = new_context();
  og_model *model = parse(context, tank);
  og_table *data = table(context, tank_data);
  og_options *options = fine(context);
  og_objective *objective = NULL;
  const double theta[TANK] = {0.7, 1.3, 2};
  double loss, gradient[TANK], differences[TANK], error[TANK];
  CHECK(context, og_objective_create(context, model, data, options, &objective));
  CHECK(context, og_objective_evaluate(objective, theta, &loss, gradient));
  double complex p[TANK] = {0.7, 1.3, 2};
  /* tolerance of the solves, 1e-12 a step, over a few steps */
  assert_near(loss, creal(tank_loss(p)), 1e-10, "loss", 0);
  for (size_t i = 0; i < TANK; i++) {
    p[i] += tiny * I;
    assert_near(gradient[i], cimag(tank_loss(p)) / tiny, 1e-10, "gradient", i);
    p[i] = creal(p[i]);
  }
  for (og_adjoint kind = OG_ADJOINT_DISCRETE; kind <= OG_ADJOINT_FORWARD; kind++) {
    double other[TANK];
    CHECK(context, og_objective_evaluate_with(objective, kind, theta, &loss, other));
    /* tolerances of the backward solves, too, and of the integral over parameters */
    for (size_t i = 0; i < TANK; i++) assert_near(other[i], gradient[i], 1e-9, "gradient of another kind", i);
  }
  CHECK(context, og_objective_differences(objective, theta, differences, error));
  for (size_t i = 0; i < TANK; i++) assert_near(differences[i], gradient[i], 1e-8, "difference", i);
  og_objective_destroy(objective);
  og_options_destroy(options);
  og_table_destroy(data);
  og_model_destroy(model);
  og_context_destroy(context);
}

/* Solved backward, from t = 2 to 0, with rows in that order: x' = hold + linear, whose values at t are 3 and
 * 1 + t below t = 1, and -1 and 3 - t above. */
static void backward_in_time(void **state) {
  (void)state;
  og_context *context = new_context();
  og_model *model = parse(context, "param start = 1\ninput u hold, w linear\ninit x = start + w\nx' = u + w\n"
                                   "observe y ~ normal(x + u, 1)\ntime 2 : 0\n");
  og_table *data = table(context, "t,u,w,y\n2,-1,1,NA\n1,-1,2,NA\n0,3,1,0\n");
  og_options *options = fine(context);
  og_objective *objective = NULL;
  double loss, gradient, t0_bar, t1_bar, differences, d0, d1;
  CHECK(context, og_objective_create(context, model, data, options, &objective));
  CHECK(context, og_objective_evaluate(objective, (double[]){1}, &loss, &gradient));
  CHECK(context, og_objective_time_gradient(objective, &t0_bar, &t1_bar));
  /* x(0) = (1 + 1) - (-1 + 1.5) - (3 + 1.5) = -3, and y - x - u = 0 */
  assert_near(loss, log(2 * acos(-1)) / 2, 1e-12, "loss", 0);
  assert_near(gradient, 0, 1e-12, "gradient", 0);
  CHECK(context, og_objective_evaluate(objective, (double[]){2}, &loss, &gradient));
  CHECK(context, og_objective_time_gradient(objective, &t0_bar, &t1_bar));
  /* Now the residual is 1. dx(0)/dt0 at t0 = 2: w' - (u + w) = -1 - 0, as the observation stays. */
  assert_near(gradient, 1, 1e-12, "gradient", 0);
  assert_near(t0_bar, -1, 1e-11, "dL/dt0", 0);
  CHECK(context, og_objective_differences(objective, (double[]){2}, &differences, NULL));
  CHECK(context, og_objective_time_gradient(objective, &d0, &d1));
  assert_near(differences, gradient, 1e-9, "difference", 0);
  assert_near(d0, t0_bar, 1e-8, "difference by t0", 0);
  og_objective_destroy(objective);
  og_options_destroy(options);
  og_table_destroy(data);
  og_model_destroy(model);
  og_context_destroy(context);
}

static double tank_slope(const double *theta, size_t of, size_t along, double by) {
  double complex p[TANK];
  for (size_t i = 0; i < TANK; i++) p[i] = theta[i] + (i == along ? by : 0) + (i == of ? tiny * I : 0);
  return cimag(tank_loss(p)) / tiny;
}

/* Differences of fourth order of the exact gradient: with steps of 1/1024 they err by about 1e-10 (by 3e-9
 * with four times the step). */
static void second_derivatives(void **state) {
  (void)state;
  og_context *context = new_context();
  og_model *model = parse(context, tank);
  og_table *data = table(context, tank_data);
  og_options *options = fine(context);
  og_objective *objective = NULL;
  const double theta[TANK] = {0.7, 1.3, 2}, h = 1.0 / 1024;
  double hessian[TANK * TANK];
  CHECK(context, og_objective_create(context, model, data, options, &objective));
  CHECK(context, og_objective_hessian(objective, theta, hessian));
  for (size_t i = 0; i < TANK; i++)
    for (size_t j = 0; j < TANK; j++) {
      double near = tank_slope(theta, i, j, h) - tank_slope(theta, i, j, -h);
      double far = tank_slope(theta, i, j, 2 * h) - tank_slope(theta, i, j, -2 * h);
      assert_near(hessian[i * TANK + j], (8 * near - far) / (12 * h), 1e-9, "hessian", i * TANK + j);
    }
  og_objective_destroy(objective);
  og_options_destroy(options);
  og_table_destroy(data);
  og_model_destroy(model);
  og_context_destroy(context);
}

static void values_at_a_time(void **state) {
  (void)state;
  og_context *context = new_context();
  og_model *model = parse(context, tank);
  og_table *data = table(context, tank_data);
  og_inputs *inputs = NULL;
  double u[4];
  CHECK(context, og_inputs_create(context, model, data, &inputs));
  static const struct {
    double t, want[4];
  } a[] = {{0, {1, 0.5, 1, 2}},
           {1.25, {1, 1.75, 0.5 - 0.0625 / 3, 2}},
           {1.5, {3, 2, 0.5 - 0.125 / 3, 2}},
           {4, {0, -1, 0.25, 2}}};
  for (size_t i = 0; i < 4; i++) {
    CHECK(context, og_inputs_at(inputs, 0, a[i].t, u));
    for (size_t k = 0; k < 4; k++) assert_near(u[k], a[i].want[k], 1e-15, "input", k);
  }
  u[0] = 99;
  assert_int_equal(og_inputs_at(inputs, 0, -0.5, u), OG_ERR_DATA);
  assert_string_equal(
      og_context_message(context),
      "d.csv: input power, trajectory a has its first value at t = 0, but is needed from t = -0.5 on; "
      "add a row there");
  assert_int_equal(og_inputs_at(inputs, 1, 3.5, u), OG_ERR_DATA);
  assert_string_equal(
      og_context_message(context),
      "d.csv: input room[1], trajectory b has its last value at t = 3, but is needed up to t = 3.5; "
      "add a row there, or declare it with `hold`");
  assert_int_equal(og_inputs_at(inputs, 2, 1, u), OG_ERR_ARGUMENT);
  assert_true(u[0] == 99);
  og_inputs_destroy(inputs);
  og_table_destroy(data);
  og_model_destroy(model);
  og_context_destroy(context);
}

typedef struct refusal {
  const char *csv;
  og_status status;
  const char *message;
} refusal;
static const refusal refusals[] = {
    {"t,u\n0,1\n", OG_ERR_NAME,
     "d.csv: the model reads the input w, but the data has no column of that name; its columns are: t, u"},
    {"u,w\n0,1\n", OG_ERR_NAME,
     "d.csv: the data has no column t or time, so it is not known when its rows were observed; its columns "
     "are: u, w"},
    {"t,u,w\n0,1,1\n1,2,1\n", OG_ERR_DATA,
     "d.csv:3: data row 2: input u is 2 here and 1 in a row before; a signal in time is declared with "
     "`linear` or "
     "`hold` "
     "behind its name"},
    {"t,u,w\n0,NA,1\n1,NA,1\n", OG_ERR_DATA,
     "d.csv: column u has no value at all, but the model reads it as an input"},
    {"t,u,w\n0,1,1\n2,1,2\n1,1,3\n2,1,4\n", OG_ERR_DATA,
     "d.csv:4: data row 3: time 1 comes after 2; the times of an input must not go back: sort the rows"},
    {"t,u,w\n0,1,1\n1,1,2\n1,1,3\n", OG_ERR_DATA,
     "d.csv:4: data row 3: input w is 3 here and 2 in a row before of the same time"},
    {"t,u,w\n0,1,1\nNA,1,2\n", OG_ERR_DATA, "d.csv:3: data row 2 gives input w a value but no time"},
};

static void data_that_do_not_fit(void **state) {
  (void)state;
  og_context *context = new_context();
  og_model *model = parse(context, "input u, w linear\ninit x = 1\nx' = -u*x + w\n");
  og_inputs *inputs = NULL;
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
    og_table *data = table(context, refusals[i].csv);
    og_status status = og_inputs_create(context, model, data, &inputs);
    if (status != refusals[i].status || strcmp(og_context_message(context), refusals[i].message) != 0)
      fail_msg("for\n%s\ngot %s: %s", refusals[i].csv, og_status_name(status), og_context_message(context));
    assert_null(inputs);
    og_table_destroy(data);
  }
  assert_int_equal(og_inputs_create(context, model, NULL, &inputs), OG_ERR_ARGUMENT);
  assert_string_equal(og_context_message(context),
                      "the model reads the input u from a data column of that name: give data");
  og_model_destroy(model);
  og_context_destroy(context);
}

/* ---- Inputs that nothing but an event reads ---- */

/* One event a guard; u, v and w rise one after the other, and each event adds a number of its own, or an
 * input's value. Rows see the state before an event at their time, and y is what they see. */
static void read_by_events_alone(void **state) {
  (void)state;
  static const char data_rows[] = "t,u,v,w,y\n0,0,0,0,0\n1,1,0,0,0\n2,0,1,0,1\n3,0,0,100,11\n4,0,0,0,111\n";
  static const char *const orders[] = {"uvw", "uwv", "vuw", "vwu", "wuv", "wvu"};
  for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
    og_context *context = new_context();
    char text[600] = "input u hold, v hold, w hold\ninit x = 0\nx' = 0*x\nobserve y ~ normal(x, 1)\n";
    double loss = 0;
    for (int k = 0; k < 3; k++) {
      char c = orders[i][k];
      snprintf(text + strlen(text), sizeof text - strlen(text),
               "event e%d when %c - 0.5 = 0 rising { x = x + %s }\n", k, c,
               c == 'u'   ? "1"
               : c == 'v' ? "10"
                          : "w");
    }
    og_model *model = parse(context, text);
    og_table *rows = table(context, data_rows);
    og_objective *objective = NULL;
    CHECK(context, og_objective_create(context, model, rows, NULL, &objective));
    CHECK(context, og_objective_evaluate(objective, NULL, &loss, NULL));
    assert_near(loss, 5 * 0.5 * log(2 * 3.14159265358979323846), 1e-12, "loss of order", i);
    og_objective_destroy(objective);
    og_table_destroy(rows);
    og_model_destroy(model);
    og_context_destroy(context);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(signals_of_all_kinds), cmocka_unit_test(backward_in_time),
      cmocka_unit_test(second_derivatives),   cmocka_unit_test(values_at_a_time),
      cmocka_unit_test(data_that_do_not_fit), cmocka_unit_test(read_by_events_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
