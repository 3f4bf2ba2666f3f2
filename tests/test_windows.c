/* Mini-batches: windows against data sets made of them by hand, sums over partitions, differences. */
#include "fitting.h"

/* Two species, one of them with an error of its own. */
#define RIVALS                                                                                               \
  "param a = 1.1, b = 0.4, c = 0.4, d = 0.1, s = 0.3 in [0.01, 5], x0 = 9, y0 = 4\n"                         \
  "init x = x0\ninit y = y0\nx' = a*x - b*x*y\ny' = d*x*y - c*y\n"

static const char *const rivals = RIVALS "observe x ~ lognormal(log(x), s)\nobserve y ~ normal(y, 0.5)\n";
static const double theta[] = {1.05, 0.42, 0.41, 0.11, 0.25, 8.5, 4.2};
enum { P = sizeof theta / sizeof *theta };

static const char data[] =
    "id,t,x,y\n"
    "u,0,9.2,4.1\nu,0.5,6.9,5.7\nu,1,4.1,7.0\nu,1.5,2.2,7.2\nu,2,1.3,NA\nu,2.5,0.9,6.1\n"
    "v,1,10.1,3.0\nv,1.75,9.8,4.9\nv,2.25,NA,NA\nv,2.5,6.6,7.4\nv,4,1.2,7.6\n"
    "w,0,3,3\nw,1,3.2,2.9\n";

/* The same windows as trajectories of their own, which start from columns of the data. */
static const char *const windows_by_hand =
    "input x_start\ninput y_start\n"
    "param a = 1.1, b = 0.4, c = 0.4, d = 0.1, s = 0.3 in [0.01, 5], x0 = 9, y0 = 4\n"
    "init x = x_start\ninit y = y_start\nx' = a*x - b*x*y\ny' = d*x*y - c*y\n"
    "observe x ~ lognormal(log(x), s)\nobserve y ~ normal(y, 0.5)\n";
static const og_window windows[] = {{0, 1, 3, 0}, {1, 0, 4, 0}, {0, 2, 4, 0}, {2, 0, 2, 0}};
static const char data_by_hand[] =
    "id,t,x,y,x_start,y_start\n"
    "1,0.5,6.9,5.7,6.9,5.7\n1,1,4.1,7.0,6.9,5.7\n1,1.5,2.2,7.2,6.9,5.7\n"
    "2,1,10.1,3.0,10.1,3.0\n2,1.75,9.8,4.9,10.1,3.0\n2,2.5,6.6,7.4,10.1,3.0\n2,4,1.2,7.6,10.1,3.0\n"
    "3,1,4.1,7.0,4.1,7.0\n3,1.5,2.2,7.2,4.1,7.0\n3,2,1.3,NA,4.1,7.0\n3,2.5,0.9,6.1,4.1,7.0\n"
    "4,0,3,3,3,3\n4,1,3.2,2.9,3,3\n";
enum { WINDOWS = sizeof windows / sizeof *windows };

static fixture with_adjoint(const char *model, const char *csv, int adjoint) {
  fixture f = make_fixture(model, csv);
  og_objective_destroy(f.objective);
  CHECK(f.context, og_options_set_choice(f.options, OG_OPT_ADJOINT, adjoint));
  CHECK(f.context, og_objective_create(f.context, f.model, f.table, f.options, &f.objective));
  return f;
}

static void the_whole_set_has_the_same_bits(void **state) {
  (void)state;
  fixture f = make_fixture(rivals, data);
  const og_window all[] = {{0, 0, 0, 0}, {1, 0, 0, 0}, {2, 0, 0, 0}};
  double loss, gradient[P], batch_loss, batch_gradient[P];
  size_t values;
  CHECK(f.context, og_objective_evaluate(f.objective, theta, &loss, gradient));
  CHECK(f.context,
        og_objective_evaluate_batch(f.objective, theta, 3, all, &batch_loss, &values, batch_gradient));
  assert_memory_equal(&loss, &batch_loss, sizeof loss);
  assert_memory_equal(gradient, batch_gradient, sizeof gradient);
  assert_int_equal(values, 23);
  assert_int_equal(og_objective_values(f.objective), 23);
  assert_int_equal(og_objective_rows(f.objective, 1), 4); /* a row without values is none */
  assert_int_equal(og_objective_rows(f.objective, 2), 2);
  assert_int_equal(og_objective_rows(f.objective, 3), 0); /* there are three trajectories */
  assert_int_equal(og_objective_rows(f.objective, SIZE_MAX), 0);
  assert_int_equal(og_objective_rows(NULL, 0), 0);
  drop_fixture(&f);
}

static void windows_are_trajectories_from_their_data(void **state) {
  (void)state;
  for (int adjoint = OG_ADJOINT_DISCRETE; adjoint <= OG_ADJOINT_FORWARD; adjoint++) {
    fixture f = with_adjoint(rivals, data, adjoint), g = make_fixture(windows_by_hand, data_by_hand);
    double loss, gradient[P], want, expected[P];
    size_t values;
    CHECK(f.context,
          og_objective_evaluate_batch(f.objective, theta, WINDOWS, windows, &loss, &values, gradient));
    CHECK(g.context, og_objective_evaluate_with(g.objective, (og_adjoint)adjoint, theta, &want, expected));
    assert_close(loss, want, 1e-12); /* the same steps; only sums differ */
    for (int i = 0; i < P; i++) assert_close(gradient[i], expected[i], 1e-11);
    assert_true(gradient[5] == 0 && gradient[6] == 0); /* no window starts from x0, y0 */
    assert_int_equal(values, og_objective_values(g.objective));
    drop_fixture(&f);
    drop_fixture(&g);
  }
}

static void expect(og_objective *objective, og_context *context, og_window window, og_status status,
                   const char *words) {
  double loss = 17;
  assert_int_equal(og_objective_evaluate_batch(objective, theta, 1, &window, &loss, NULL, NULL), status);
  if (!strstr(og_context_message(context), words))
    fail_msg("'%s' is not in: %s", words, og_context_message(context));
  assert_true(status == OG_OK || loss == 17);
}

static void windows_that_make_no_sense_are_refused(void **state) {
  (void)state;
  fixture f = make_fixture(rivals, data);
  expect(f.objective, f.context, (og_window){3, 0, 0, 0}, OG_ERR_ARGUMENT,
         "trajectory 3 of an objective with 3");
  expect(f.objective, f.context, (og_window){0, 1, 0, 0}, OG_ERR_ARGUMENT, "first must be 0");
  expect(f.objective, f.context, (og_window){0, 1, 1, 0}, OG_ERR_ARGUMENT, "has one row");
  expect(f.objective, f.context, (og_window){0, 4, 3, 0}, OG_ERR_ARGUMENT, "trajectory 0 has 6");
  expect(f.objective, f.context, (og_window){0, (size_t)-1, 3, 0}, OG_ERR_ARGUMENT, "trajectory 0 has 6");
  expect(f.objective, f.context, (og_window){0, 4, 2, 0}, OG_ERR_DATA,
         "row 5, trajectory u, but column y has no value there");
  assert_int_equal(og_objective_evaluate_batch(f.objective, theta, 0, windows, NULL, NULL, NULL),
                   OG_ERR_ARGUMENT);
  drop_fixture(&f);
  f = make_fixture(RIVALS "observe x ~ normal(x, 1)\nobserve y ~ normal(2*y, 1)\n", data);
  expect(f.objective, f.context, (og_window){0, 0, 2, 0}, OG_ERR_UNSUPPORTED,
         "no column observes component 1 of state y as it is");
  expect(f.objective, f.context, (og_window){0, 0, 0, 0}, OG_OK, "");
  expect(f.objective, f.context, (og_window){0, 0, 3, 1}, OG_OK, ""); /* from the model's own start */
  drop_fixture(&f);
  /* the model's final cost is at its trajectory's end, which a window from the start need not reach */
  f = make_fixture("param k = 1\ninit x = 1\nx' = -k*x\nobserve x ~ normal(x, 1)\ncost final = x\n",
                   "t,x\n0,1\n1,0.5\n2,0.2\n");
  for (size_t count = 1; count <= 3; count++)
    expect(f.objective, f.context, (og_window){0, 0, count, 1}, OG_ERR_UNSUPPORTED, "has its final cost");
  expect(f.objective, f.context, (og_window){0, 0, 0, 1}, OG_OK, "");
  expect(f.objective, f.context, (og_window){0, 1, 2, 0}, OG_OK, "");
  drop_fixture(&f);
}

/* ---- Everything at once: inputs of all kinds, both costs, an event, missing values, several names ---- */

#define TANK(event)                                                                                          \
  "param k = 0.7, c = 1.3, s = 0.5 in [0.01, 5]\n"                                                           \
  "input power hold\ninput room linear, size\n"                                                              \
  "x' = c*power - k*(x - room)*size\nv' = -v\n" event                                                        \
  "observe x ~ normal(x, s)\nobserve v ~ normal(v, 0.4)\nobserve y ~ normal(x*room + power, s)\n"            \
  "cost integral = x^2 + room\n"
#define START "init x = 1 + room\ninit v = k\ncost final = x*v + t\n"
#define KICK "event kick when x - 1.2 = 0 falling { v = v + s }\n"

static const char tank[] = TANK(KICK) START, quiet_tank[] = TANK("") START;
static const double tank_theta[] = {0.8, 1.1, 0.6};
static const char tank_data[] = "id,t,power,room,size,x,v,y\n"
                                "a,0,1,0.5,2,1.4,0.8,1\n"
                                "b,1,-1,0.25,3,1.9,1.1,NA\n"
                                "a,1,NA,NA,NA,1.6,0.3,2.5\n"
                                "a,1.5,-3,2,2,1.7,0.2,1\n"
                                "b,2,0.5,1,3,0.4,0.9,NA\n"
                                "a,2,-1,1,2,0.8,NA,1\n"
                                "a,4,0,-1,2,NA,0.3,-3.5\n"
                                "b,3,2,0.75,NA,1.3,0.4,4\n";
static const og_window tank_windows[] = {{0, 1, 3, 0}, {1, 0, 2, 0}, {0, 0, 4, 0}};

/* Their rows, and where they start. */
static const char tank_by_hand[] = TANK(KICK) "input x_start, v_start\ninit x = x_start\ninit v = v_start\n";
static const char tank_data_by_hand[] = "id,t,power,room,size,x,v,y,x_start,v_start\n"
                                        "1,1,1,1.5,2,1.6,0.3,2.5,1.6,0.3\n"
                                        "1,1.5,-3,2,2,1.7,0.2,1,1.6,0.3\n"
                                        "1,2,-1,1,2,0.8,NA,1,1.6,0.3\n"
                                        "2,1,-1,0.25,3,1.9,1.1,NA,1.9,1.1\n"
                                        "2,2,0.5,1,3,0.4,0.9,NA,1.9,1.1\n"
                                        "3,0,1,0.5,2,1.4,0.8,1,1.4,0.8\n"
                                        "3,1,1,1.5,2,1.6,0.3,2.5,1.4,0.8\n"
                                        "3,1.5,-3,2,2,1.7,0.2,1,1.4,0.8\n"
                                        "3,2,-1,1,2,0.8,NA,1,1.4,0.8\n";

static void windows_of_a_model_with_everything(void **state) {
  (void)state;
  for (int adjoint = OG_ADJOINT_DISCRETE; adjoint <= OG_ADJOINT_FORWARD; adjoint++) {
    fixture f = with_adjoint(tank, tank_data, adjoint), g = make_fixture(tank_by_hand, tank_data_by_hand);
    double loss, gradient[3], want, expected[3];
    size_t values;
    CHECK(f.context,
          og_objective_evaluate_batch(f.objective, tank_theta, 3, tank_windows, &loss, &values, gradient));
    CHECK(g.context,
          og_objective_evaluate_with(g.objective, (og_adjoint)adjoint, tank_theta, &want, expected));
    assert_close(loss, want, 1e-12);
    for (int i = 0; i < 3; i++) assert_close(gradient[i], expected[i], 1e-10);
    assert_int_equal(values, og_objective_values(g.objective));
    drop_fixture(&f);
    drop_fixture(&g);
  }
}

/* Trajectories one by one and in several batches are the whole; a window and all of its trajectory are
 * differentiated together. */
static void batches_of_a_partition_add_up(void **state) {
  (void)state;
  fixture f = make_fixture(tank, tank_data);
  const og_window b = {1, 0, 0, 0}, a = {0, 0, 0, 0};
  double loss, gradient[3], part, part_gradient[3], sum = 0, sums[3] = {0};
  CHECK(f.context, og_objective_evaluate(f.objective, tank_theta, &loss, gradient));
  for (int k = 0; k < 2; k++) {
    CHECK(f.context,
          og_objective_evaluate_batch(f.objective, tank_theta, 1, k ? &a : &b, &part, NULL, part_gradient));
    sum += part;
    for (int i = 0; i < 3; i++) sums[i] += part_gradient[i];
  }
  assert_close(sum, loss, 1e-14);
  for (int i = 0; i < 3; i++) assert_close(sums[i], gradient[i], 1e-13);
  drop_fixture(&f);
}

static double batch_loss(const fixture *f, const double *at, size_t count, const og_window *batch) {
  double loss;
  CHECK(f->context, og_objective_evaluate_batch(f->objective, at, count, batch, &loss, NULL, NULL));
  return loss;
}

static const og_window mixed[] = {{0, 1, 4, 0}, {1, 0, 0, 0}, {0, 0, 2, 0}, {1, 1, 2, 0}, {0, 0, 0, 0}};
enum { MIXED = sizeof mixed / sizeof *mixed };

/* Differences of order 4: h^4 and 1e-13 / h are both 1e-10, and steps are not held. */
static void windows_and_trajectories_against_differences(void **state) {
  (void)state;
  fixture f = make_fixture(tank, tank_data);
  double gradient[3], h = 3e-3;
  CHECK(f.context, og_objective_evaluate_batch(f.objective, tank_theta, MIXED, mixed, NULL, NULL, gradient));
  for (int i = 0; i < 3; i++) {
    double at[3], d[2];
    for (int k = 1; k <= 2; k++) {
      memcpy(at, tank_theta, sizeof at);
      at[i] = tank_theta[i] + k * h;
      d[k - 1] = batch_loss(&f, at, MIXED, mixed);
      at[i] = tank_theta[i] - k * h;
      d[k - 1] = (d[k - 1] - batch_loss(&f, at, MIXED, mixed)) / (2 * k * h);
    }
    assert_close(gradient[i], (4 * d[0] - d[1]) / 3, 3e-8);
  }
  drop_fixture(&f);
}

/* A batch's loss is the sum of its windows' alone, in their order, to the bit. */
static void windows_do_not_know_of_each_other(void **state) {
  (void)state;
  for (int adjoint = 0; adjoint < 2; adjoint++) {
    fixture f = with_adjoint(tank, tank_data, adjoint ? OG_ADJOINT_BACKSOLVE : OG_ADJOINT_DISCRETE);
    og_window twice[2 * MIXED];
    double sum = 0, loss, gradient[3], turned[3], doubled[3];
    for (int i = 0; i < MIXED; i++) {
      twice[i] = twice[2 * MIXED - 1 - i] = mixed[i];
      sum += batch_loss(&f, tank_theta, 1, &mixed[i]);
    }
    CHECK(f.context,
          og_objective_evaluate_batch(f.objective, tank_theta, MIXED, mixed, &loss, NULL, gradient));
    assert_memory_equal(&sum, &loss, sizeof loss);
    CHECK(f.context,
          og_objective_evaluate_batch(f.objective, tank_theta, MIXED, twice + MIXED, &loss, NULL, turned));
    assert_close(loss, sum, 1e-14);
    for (int i = 0; i < 3; i++) assert_close(turned[i], gradient[i], 1e-13);
    CHECK(f.context,
          og_objective_evaluate_batch(f.objective, tank_theta, 2 * MIXED, twice, &loss, NULL, doubled));
    assert_close(loss, 2 * sum, 1e-14);
    for (int i = 0; i < 3; i++) assert_close(doubled[i], 2 * gradient[i], 1e-13);
    drop_fixture(&f);
  }
}

/* ---- Bits and memory ---- */

enum { MANY = 70 };

static void many_windows(og_window *batch) {
  for (size_t i = 0; i < MANY; i++) batch[i] = (og_window){i % 2, i % 5 ? i % 3 % 2 : 0, i % 5 ? 2 : 3, 0};
}

static void the_same_bits_for_any_threads_and_budget(void **state) {
  (void)state;
  og_window batch[MANY];
  many_windows(batch);
  double first[4], other[4];
  for (int precision = OG_PRECISION_DOUBLE; precision <= OG_PRECISION_SINGLE; precision++)
    for (int way = 0; way < 4; way++) {
      fixture f = try_fixture(tank, tank_data);
      og_objective_destroy(f.objective);
      CHECK(f.context, og_options_set_choice(f.options, OG_OPT_PRECISION, precision));
      CHECK(f.context, og_options_set_real(f.options, OG_OPT_RTOL, 1e-6));
      CHECK(f.context, og_options_set_real(f.options, OG_OPT_ATOL, 1e-6));
      CHECK(f.context, og_options_set_integer(f.options, OG_OPT_THREADS, way % 2 ? 3 : 1));
      if (way > 1) CHECK(f.context, og_options_set_integer(f.options, OG_OPT_MEMORY, 600000));
      CHECK(f.context, og_objective_create(f.context, f.model, f.table, f.options, &f.objective));
      double *to = way ? other : first;
      CHECK(f.context, og_objective_evaluate_batch(f.objective, tank_theta, MANY, batch, to, NULL, to + 1));
      assert_memory_equal(to, first, sizeof first);
      drop_fixture(&f);
    }
}

/* What a batch needs from the allocator does not grow with its windows once there was one of its shape (but
 * for lists of segments, where inputs have breakpoints within). */
static void a_batch_of_a_known_shape_is_set_up_without_allocations(void **state) {
  (void)state;
  long calls[2];
  for (size_t k = 0; k < 2; k++) {
    counter c = {0};
    og_context *context = NULL;
    og_model *model = NULL;
    og_table *table = NULL;
    og_objective *objective = NULL;
    og_window batch[MANY];
    double loss, gradient[3];
    size_t count = k ? MANY : MANY / 2; /* a block of lanes each */
    for (size_t i = 0; i < MANY; i++) batch[i] = (og_window){i % 2, i % 3 % 2, 2, 0};
    assert_int_equal(og_context_create(counter_allocate, counter_release, &c, &context), OG_OK);
    CHECK(context, og_model_create_from_text(context, "m.ode", quiet_tank, sizeof quiet_tank - 1, &model));
    CHECK(context, og_table_create_from_text(context, "d.csv", tank_data, sizeof tank_data - 1, &table));
    CHECK(context, og_objective_create(context, model, table, NULL, &objective));
    CHECK(context, og_objective_evaluate_batch(objective, tank_theta, count, batch, &loss, NULL, gradient));
    long before = c.calls;
    CHECK(context, og_objective_evaluate_batch(objective, tank_theta, count, batch, &loss, NULL, gradient));
    calls[k] = c.calls - before;
    og_objective_destroy(objective);
    og_table_destroy(table);
    og_model_destroy(model);
    og_context_destroy(context);
  }
  assert_int_equal(calls[0], calls[1]);
}

static og_status life(og_context *context) {
  og_model *model = NULL;
  og_table *table = NULL;
  og_objective *objective = NULL;
  og_window batch[MANY];
  double loss = 17, gradient[3] = {1, 2, 3};
  many_windows(batch);
  og_status status = og_model_create_from_text(context, "m.ode", tank, sizeof tank - 1, &model);
  if (status == OG_OK)
    status = og_table_create_from_text(context, "d.csv", tank_data, sizeof tank_data - 1, &table);
  if (status == OG_OK) status = og_objective_create(context, model, table, NULL, &objective);
  size_t counts[] = {2, MIXED, 3};
  for (int i = 0; i < 3 && status == OG_OK; i++) {
    loss = 17;
    gradient[0] = 1;
    status = og_objective_evaluate_batch(objective, tank_theta, counts[i], i == 1 ? mixed : batch, &loss,
                                         NULL, gradient);
    assert_true((status == OG_OK) != (loss == 17 && gradient[0] == 1));
  }
  og_objective_destroy(objective);
  og_table_destroy(table);
  og_model_destroy(model);
  return status;
}

static void no_memory_is_reported(void **state) {
  (void)state;
  fail_each_allocation(life);
}

/* ---- Networks: weights that all windows share ---- */

static const char net[] = "param rate = 0.9\ninput u\nnet f = mlp(2, 9, 2; tanh, weights = normal(0.5))\n"
                          "init x = dense(u, 2)\nx' = rate*f(x^3)\nobserve x ~ absolute_error(x)\n";
enum { NET = 1 + (2 * 9 + 9) + (9 * 2 + 2) + (2 + 2), NET_ROWS = 12, NET_WINDOWS = 90 };

static og_objective *net_objective(fixture *f, og_precision precision, int threads, long long memory) {
  char csv[8192];
  size_t used = (size_t)snprintf(csv, sizeof csv, "id,t,x[1],x[2],u\n");
  for (int i = 0; i < 5 * NET_ROWS; i++)
    used += (size_t)snprintf(csv + used, sizeof csv - used, "%d,%.4f,%.4f,%.4f,%d\n", i / NET_ROWS,
                             0.2 * (i % NET_ROWS), cos(0.3 * i), sin(0.3 * i), 1 + i / NET_ROWS);
  *f = try_fixture(net, csv);
  og_objective_destroy(f->objective);
  CHECK(f->context, og_options_set_choice(f->options, OG_OPT_METHOD, OG_METHOD_DOPRI5));
  CHECK(f->context, og_options_set_real(f->options, OG_OPT_RTOL, 1e-6));
  CHECK(f->context, og_options_set_real(f->options, OG_OPT_ATOL, 1e-8));
  CHECK(f->context, og_options_set_choice(f->options, OG_OPT_PRECISION, (int)precision));
  CHECK(f->context, og_options_set_integer(f->options, OG_OPT_THREADS, threads));
  CHECK(f->context, og_options_set_integer(f->options, OG_OPT_MEMORY, memory));
  CHECK(f->context, og_objective_create(f->context, f->model, f->table, f->options, &f->objective));
  return f->objective;
}

static void net_windows(og_window *batch) {
  for (size_t i = 0; i < NET_WINDOWS; i++)
    batch[i] = i % 4 == 3 ? (og_window){i % 5, 0, 0, 0} : (og_window){i % 5, i % 7, 3 + i % 3, 0};
}

static void networks_have_the_same_bits_for_any_threads_and_budget(void **state) {
  (void)state;
  og_window batch[NET_WINDOWS];
  net_windows(batch);
  for (int precision = OG_PRECISION_DOUBLE; precision <= OG_PRECISION_SINGLE; precision++) {
    double weights[NET], first[1 + NET], other[1 + NET];
    for (int way = 0; way < 4; way++) {
      fixture f;
      og_objective *objective =
          net_objective(&f, (og_precision)precision, way % 2 ? 3 : 1, way > 1 ? 1500000 : 0);
      CHECK(f.context, og_model_initialize(f.model, 7, weights));
      double *to = way ? other : first;
      CHECK(f.context, og_objective_evaluate_batch(objective, weights, NET_WINDOWS, batch, to, NULL, to + 1));
      assert_memory_equal(to, first, sizeof first);
      drop_fixture(&f);
    }
  }
}

/* The whole set as windows, and a mixed batch against differences along a direction: both losses are of
 * adaptive solves at rtol 1e-6, whose error moves with theta by some of it. */
static void networks_on_windows(void **state) {
  (void)state;
  fixture f;
  og_objective *objective = net_objective(&f, OG_PRECISION_DOUBLE, 1, 0);
  og_window batch[NET_WINDOWS], all[5];
  double weights[NET], moved[NET], gradient[NET], other[NET], loss, part, d[2], along = 0, h = 1e-4;
  CHECK(f.context, og_model_initialize(f.model, 3, weights));
  for (size_t m = 0; m < 5; m++) all[m] = (og_window){m, 0, 0, 0};
  CHECK(f.context, og_objective_evaluate(objective, weights, &loss, gradient));
  CHECK(f.context, og_objective_evaluate_batch(objective, weights, 5, all, &part, NULL, other));
  assert_memory_equal(&loss, &part, sizeof loss);
  assert_memory_equal(gradient, other, sizeof gradient);
  net_windows(batch);
  CHECK(f.context, og_objective_evaluate_batch(objective, weights, NET_WINDOWS, batch, NULL, NULL, gradient));
  for (int k = 0; k < 2; k++) {
    for (int i = 0; i < NET; i++) moved[i] = weights[i] + (k ? -h : h) * sin(i + 1);
    d[k] = batch_loss(&f, moved, NET_WINDOWS, batch);
  }
  for (int i = 0; i < NET; i++) along += gradient[i] * sin(i + 1);
  assert_close((d[0] - d[1]) / (2 * h), along, 1e-5);
  drop_fixture(&f);
}

/* ---- Failures ---- */

/* x' = a x^2 is infinite at t = 1 / (a x0) after the start. */
#define BURST "param a = 1\ninit x = 0.1\nx' = a*x^2\nobserve x ~ normal(x, 1)\n"

static void a_failure_names_the_window(void **state) {
  (void)state;
  static const char named[] = "id,t,x\np,0,0.1\np,1,0.2\nq,0,0.3\nq,1,2\nq,2,3\n";
  fixture f = make_fixture(BURST, named);
  const og_window batch[] = {{0, 0, 2, 0}, {1, 1, 2, 0}, {1, 0, 0, 0}};
  double loss = 17, gradient = 17, one = 1;
  assert_int_not_equal(og_objective_evaluate_batch(f.objective, &one, 3, batch, &loss, NULL, &gradient),
                       OG_OK);
  assert_contains(og_context_message(f.context), "trajectory 1 (data rows 4 to 5 of q, at test.csv:5)");
  assert_true(loss == 17 && gradient == 17);
  double small = 0.1;
  CHECK(f.context, og_objective_evaluate_batch(f.objective, &small, 3, batch, &loss, NULL, &gradient));
  assert_int_not_equal(
      og_objective_evaluate_batch(f.objective, &(double){40}, 1, batch + 2, &loss, NULL, NULL), OG_OK);
  assert_contains(og_context_message(f.context), "trajectory 0 (q)");
  drop_fixture(&f);
  f = make_fixture(BURST, "t,x\n0,0.1\n1,2\n2,3\n");
  assert_int_not_equal(
      og_objective_evaluate_batch(f.objective, &one, 1, &(og_window){0, 1, 2, 0}, &loss, NULL, NULL), OG_OK);
  assert_contains(og_context_message(f.context),
                  "trajectory 0 (data rows 2 to 3 of the data's trajectory 0, at test.csv:3)");
  drop_fixture(&f);
}

/* Of a long path the end is shown, where the line is; a table that was made has no lines. */
static void windows_in_files_and_none(void **state) {
  (void)state;
  char name[300];
  memset(name, 'd', sizeof name), strcpy(name + 250, "/e.csv");
  static const char text[] = "t,x\n0,0.1\n# one\n\n1,2\n2,3\n";
  for (int made = 0; made < 2; made++) {
    fixture f = try_fixture(BURST, NULL);
    double loss, one = 1, t[] = {0, 1, 2}, x[] = {0.1, 2, 3};
    if (made) {
      CHECK(f.context, og_table_create(f.context, 3, &f.table));
      CHECK(f.context, og_table_add_column(f.table, "t", t));
      CHECK(f.context, og_table_add_column(f.table, "x", x));
    } else {
      CHECK(f.context, og_table_create_from_text(f.context, name, text, strlen(text), &f.table));
    }
    CHECK(f.context, og_objective_create(f.context, f.model, f.table, f.options, &f.objective));
    assert_int_not_equal(
        og_objective_evaluate_batch(f.objective, &one, 1, &(og_window){0, 1, 2, 0}, &loss, NULL, NULL),
        OG_OK);
    assert_contains(og_context_message(f.context),
                    made ? "(data rows 2 to 3 of the data's trajectory 0) stopped" : "dddd/e.csv:5) stopped");
    assert_int_equal(strstr(og_context_message(f.context), ", at ...d") != NULL, !made);
    drop_fixture(&f);
  }
}

/* A terminal event before the window's last row; the loss of a row that is not finite. */
static void rows_that_cannot_be_are_named(void **state) {
  (void)state;
  fixture f = make_fixture("param a = 1\ninit x = 3\nx' = -a\nevent low when x - 1 = 0 falling { stop }\n"
                           "observe x ~ normal(x, 1)\n",
                           "t,x\n0,3\n1,2.5\n2,1\n3,0.5\n");
  double loss, one = 1;
  CHECK(f.context,
        og_objective_evaluate_batch(f.objective, &one, 1, &(og_window){0, 0, 2, 0}, &loss, NULL, NULL));
  assert_int_equal(
      og_objective_evaluate_batch(f.objective, &one, 1, &(og_window){0, 1, 3, 0}, &loss, NULL, NULL),
      OG_ERR_ENDED);
  assert_contains(og_context_message(f.context), "data row 4, at t = 3, is never reached");
  drop_fixture(&f);
  f = make_fixture("param a = 1\ninit x = 3\nx' = -a\nobserve x ~ normal(x, 1)\n"
                   "observe y ~ normal(sqrt(x - 1), 1)\n",
                   "t,x,y\n0,3,1\n1,2.5,1\n2,1.5,1\n3,1.2,1\n");
  CHECK(f.context,
        og_objective_evaluate_batch(f.objective, &one, 1, &(og_window){0, 0, 2, 0}, &loss, NULL, NULL));
  assert_int_equal(
      og_objective_evaluate_batch(f.objective, &one, 1, &(og_window){0, 2, 2, 0}, &loss, NULL, NULL),
      OG_ERR_NOT_FINITE);
  assert_contains(og_context_message(f.context), "the loss of data row 4, at t = 3");
  drop_fixture(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_whole_set_has_the_same_bits),
      cmocka_unit_test(windows_are_trajectories_from_their_data),
      cmocka_unit_test(windows_that_make_no_sense_are_refused),
      cmocka_unit_test(windows_of_a_model_with_everything),
      cmocka_unit_test(batches_of_a_partition_add_up),
      cmocka_unit_test(windows_and_trajectories_against_differences),
      cmocka_unit_test(windows_do_not_know_of_each_other),
      cmocka_unit_test(the_same_bits_for_any_threads_and_budget),
      cmocka_unit_test(a_batch_of_a_known_shape_is_set_up_without_allocations),
      cmocka_unit_test(no_memory_is_reported),
      cmocka_unit_test(networks_have_the_same_bits_for_any_threads_and_budget),
      cmocka_unit_test(networks_on_windows),
      cmocka_unit_test(a_failure_names_the_window),
      cmocka_unit_test(windows_in_files_and_none),
      cmocka_unit_test(rows_that_cannot_be_are_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
