/* Training of objectives: closed forms, windows, bits, weights of networks, and what is refused. */
#include <unistd.h>

#include "line.h"

/* Options as "name=value;name=value", on top of `options`. */
static void set_options(og_context *context, og_options *options, const char *text) {
  char copy[256];
  snprintf(copy, sizeof copy, "%s", text);
  for (char *pair = strtok(copy, ";"); pair; pair = strtok(NULL, ";")) {
    char *equals = strchr(pair, '=');
    *equals = '\0';
    CHECK(context, og_options_set_text(options, pair, equals + 1));
  }
}

static og_trainer *make_trainer(fixture *f, const char *text) {
  og_trainer *trainer = NULL;
  set_options(f->context, f->options, text);
  CHECK(f->context, og_trainer_create_for_objective(f->objective, f->options, NULL, &trainer));
  return trainer;
}

static void run_trainer(fixture *f, og_trainer *trainer) {
  CHECK(f->context, og_trainer_run(trainer, NULL, NULL));
}

/* ---- All data at once ---- */

/* A schedule that falls to nothing ends at the minimum, in which the loss is flat: it is nearer than theta.
 */
static void every_optimizer_finds_the_line(void **state) {
  (void)state;
  static const char *const texts[] = {
      "optimizer=sgd;momentum=0.9;learning-rate=0.001;reduction=sum;epochs=3000",
      "optimizer=sgd;momentum=0.9;nesterov=yes;learning-rate=0.01;epochs=3000",
      "optimizer=rmsprop;learning-rate=0.01;epochs=3000",
      "optimizer=adam;learning-rate=0.02;epochs=3000",
      "optimizer=adamw;learning-rate=0.02;weight-decay=0;epochs=3000",
      "optimizer=adabelief;learning-rate=0.02;epochs=3000"};
  line want = least_squares();
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    fixture f = make_fixture(LINE, LINE_DATA);
    set_options(f.context, f.options, "lr-schedule=cosine");
    og_trainer *trainer = make_trainer(&f, texts[i]);
    run_trainer(&f, trainer);
    const double *theta = og_trainer_best(trainer), truth[] = {want.v, want.a, want.s};
    double loss;
    for (int k = 0; k < 3; k++)
      if (fabs(theta[k] - truth[k]) > 1e-4) fail_msg("%s: %.10g, not %.10g", texts[i], theta[k], truth[k]);
    CHECK(f.context, og_objective_evaluate(f.objective, theta, &loss, NULL));
    assert_close(loss, want.loss, 1e-7);
    /* the mean over six values, of the very point */
    assert_close(og_trainer_best_loss(trainer), strstr(texts[i], "sum") ? loss : loss / 6, 1e-14);
    og_trainer_destroy(trainer);
    drop_fixture(&f);
  }
}

/* x' = r x^2 from 1 blows up before t = 2 when r > 0.5: the training must turn back from there. Clipping, as
 * the gradient near the pole would stand in Adam's mean square for a thousand steps. */
static void failing_solves_are_survived(void **state) {
  (void)state;
  fixture f =
      make_fixture("param r = 0.05 in [0, 20]\ninit x = 1\nx' = r*x^2\nobserve x ~ squared_error(x)\n",
                   "t,x\n1,1\n2,1.6666666666666667\n3,5\n");
  og_trainer *trainer =
      make_trainer(&f, "optimizer=adam;learning-rate=0.3;epochs=400;lr-schedule=cosine;clip-norm=1");
  run_trainer(&f, trainer);
  size_t epochs = og_trainer_epochs(trainer);
  long long skipped = 0;
  for (size_t e = 0; e < epochs; e++) skipped += epoch_of(trainer, e).skipped;
  assert_true(skipped > 0);
  assert_close(og_trainer_best(trainer)[0], 0.4, 1e-4); /* x = 1 / (1 - 0.4 (t - 1)) goes through the data */
  og_trainer_destroy(trainer);
  drop_fixture(&f);
}

static int stop_at_once(const og_training *training, void *user) {
  (void)user;
  return training->step == 3;
}

static void interrupting_keeps_the_best_point(void **state) {
  (void)state;
  fixture f = make_fixture(LINE, LINE_DATA);
  og_trainer *trainer = make_trainer(&f, "optimizer=adam;reduction=sum");
  CHECK(f.context, og_trainer_run(trainer, stop_at_once, NULL));
  assert_contains(og_trainer_reason(trainer), "interrupted");
  assert_true(og_trainer_ended(trainer) && !og_trainer_converged(trainer));
  double loss;
  CHECK(f.context, og_objective_evaluate(f.objective, og_trainer_best(trainer), &loss, NULL));
  assert_true(loss == og_trainer_best_loss(trainer));
  og_trainer_destroy(trainer);
  drop_fixture(&f);
}

/* ---- Windows and trajectories ---- */

/* x = 2 exp(-0.7 t) at t = 0, 0.1, ..., from several initial values: `id` 0, 1, ... */
static char *decay_rows(size_t trajectories, size_t rows) {
  char *text = malloc(64 * (trajectories * rows + 1));
  size_t used = (size_t)sprintf(text, "id,t,x\n");
  for (size_t m = 0; m < trajectories; m++)
    for (size_t i = 0; i < rows; i++)
      used += (size_t)sprintf(text + used, "%zu,%.17g,%.17g\n", m, 0.1 * (double)i,
                              (2 + (double)m) * exp(-0.07 * (double)i));
  return text;
}

#define WINDOWED "param k = 0.2 in [0, 5]\ninit x = 9\nx' = -k*x\nobserve x ~ squared_error(x)\n"

/* Windows start from the data, whatever `init` says; without noise every window has its minimum at k = 0.7.
 */
static void windows_of_one_trajectory_find_the_rate(void **state) {
  (void)state;
  char *rows = decay_rows(1, 41);
  fixture f = make_fixture(WINDOWED, rows);
  og_trainer *trainer = make_trainer(&f, "optimizer=adam;learning-rate=0.05;window=6;batch=8;epochs=60;"
                                         "validation=0.25;lr-schedule=cosine;seed=2");
  run_trainer(&f, trainer);
  size_t epochs = og_trainer_epochs(trainer);
  assert_int_equal(epochs, 60);
  assert_int_equal(epoch_of(trainer, 0).steps, 4); /* 26 windows in 31 - 5 rows, by 8 */
  assert_true(epoch_of(trainer, 59).validation_loss < 1e-8 && epoch_of(trainer, 0).validation_loss > 1e-4);
  assert_close(og_trainer_best(trainer)[0], 0.7, 1e-3);
  og_trainer_destroy(trainer);
  drop_fixture(&f);
  free(rows);
}

/* Two states, some of whose values are missing: windows begin where both are there. */
static void windows_begin_where_the_state_is_known(void **state) {
  (void)state;
  fixture f =
      make_fixture("param k = 1\ninit x = 1\ninit y = 0\nx' = -k*x\ny' = k*x\n"
                   "observe x ~ squared_error(x)\nobserve y ~ squared_error(y)\n",
                   "id,t,x,y\na,0,1,0\na,1,0.4,NA\na,2,0.1,0.9\na,3,NA,1\na,4,0,1\nb,0,NA,0\nb,1,1,0\nb,2,"
                   "0.4,0.6\n");
  og_batches *batches = NULL;
  set_options(f.context, f.options, "window=2");
  CHECK(f.context, og_batches_create_for_objective(f.objective, f.options, &batches));
  const og_window *windows, want[] = {{0, 0, 2, 0}, {0, 2, 2, 0}, {1, 1, 2, 0}};
  assert_int_equal(og_batches_training(batches, &windows), 3);
  assert_memory_equal(windows, want, sizeof want);
  og_batches_destroy(batches);
  set_options(f.context, f.options, "window-start=first");
  CHECK(f.context, og_batches_create_for_objective(f.objective, f.options, &batches));
  assert_int_equal(og_batches_training(batches, &windows), 2);
  assert_true(windows[1].trajectory == 1 && windows[1].first == 1);
  og_batches_destroy(batches);
  drop_fixture(&f);
  f = make_fixture(
      "param k = 1\ninit x = 1\nx' = -k*x\nobserve x ~ squared_error(x)\nobserve z ~ squared_error(2*x)\n",
      "t,x,z\n0,1,NA\n1,0.4,NA\n2,NA,0.2\n3,NA,0.1\n");
  set_options(f.context, f.options, "window=2;validation=0.5");
  assert_int_equal(og_batches_create_for_objective(f.objective, f.options, &batches), OG_ERR_DATA);
  assert_contains(og_context_message(f.context), "held out");
  drop_fixture(&f);
}

/* The first four points are fitted from the model's own initial state; the others are forecast. */
static void the_last_rows_of_a_whole_trajectory_are_held_out(void **state) {
  (void)state;
  fixture f =
      make_fixture("param v = 0.1\nparam a = 1\ninit x = a\nx' = v + 0*x\nobserve x ~ squared_error(x)\n",
                   "t,x\n0,1\n1,3\n2,5\n3,7\n4,10\n5,11\n");
  og_trainer *trainer =
      make_trainer(&f, "optimizer=sgd;momentum=0.9;learning-rate=0.02;epochs=2000;validation=0.3");
  run_trainer(&f, trainer);
  size_t epochs = og_trainer_epochs(trainer);
  assert_close(og_trainer_theta(trainer)[0], 2, 1e-9);
  assert_close(og_trainer_theta(trainer)[1], 1, 1e-9);
  assert_close(epoch_of(trainer, epochs - 1).validation_loss, (10 - 9) * (10 - 9) / 2.0, 1e-9);
  og_trainer_destroy(trainer);
  drop_fixture(&f);
}

/* Both parts together have the loss and the gradient of the whole, up to the steps' errors. */
static void parts_from_the_start_add_up(void **state) {
  (void)state;
  fixture f = make_fixture(DECAY, "t,x\n0,2\n1,1.1\n2,0.4\n3,0.3\n");
  const double theta[3] = {0.6, 2.1, 0.2};
  const og_window parts[] = {{0, 0, 3, 1}, {0, 3, 1, 1}}, bad = {0, 3, 2, 1};
  double loss, sum, gradient[3], sums[3];
  size_t values;
  CHECK(f.context, og_objective_evaluate(f.objective, theta, &loss, gradient));
  CHECK(f.context, og_objective_evaluate_batch(f.objective, theta, 2, parts, &sum, &values, sums));
  assert_close(sum, loss, 1e-10);
  for (int i = 0; i < 3; i++) assert_close(sums[i], gradient[i], 1e-9);
  assert_int_equal(values, 4);
  assert_int_equal(og_objective_evaluate_batch(f.objective, theta, 1, &bad, &sum, &values, sums),
                   OG_ERR_ARGUMENT);
  assert_contains(og_context_message(f.context), "2 rows from row 3 on");
  drop_fixture(&f);
  f = make_fixture(DECAY "cost final = x\n", "t,x\n0,2\n1,1.1\n2,0.4\n3,0.3\n");
  assert_int_equal(og_objective_evaluate_batch(f.objective, theta, 2, parts, &sum, &values, sums),
                   OG_ERR_UNSUPPORTED);
  drop_fixture(&f);
}

static void train_with_threads(size_t threads, double *theta, size_t *epochs, og_epoch history[16]) {
  char *rows = decay_rows(100, 12);
  fixture f =
      make_fixture("net g = mlp(1, 8, 1; tanh)\ninit x = 1\nx' = g(x)\nobserve x ~ squared_error(x)\n", rows);
  CHECK(f.context, og_context_set_threads(f.context, threads));
  og_trainer *trainer =
      make_trainer(&f, "optimizer=adam;learning-rate=0.01;window=5;batch=90;windows=270;epochs=3");
  run_trainer(&f, trainer);
  memcpy(theta, og_trainer_theta(trainer), 25 * sizeof *theta);
  *epochs = og_trainer_epochs(trainer);
  for (size_t e = 0; e < 3; e++) {
    history[e] = epoch_of(trainer, e);
    history[e].seconds = 0;
  }
  og_trainer_destroy(trainer);
  drop_fixture(&f);
  free(rows);
}

static void bits_do_not_depend_on_threads(void **state) {
  (void)state;
  double one[25], three[25];
  og_epoch history[16], other[16];
  size_t epochs;
  train_with_threads(1, one, &epochs, history);
  train_with_threads(3, three, &epochs, other);
  assert_int_equal(epochs, 3);
  assert_memory_equal(one, three, sizeof one);
  assert_memory_equal(history, other, 3 * sizeof *history);
  assert_true(history[2].loss < history[0].loss);
}

/* ---- Weights ---- */

#define HYBRID                                                                                               \
  "param a = -0.5\nnet g = mlp(1, 3, 1; tanh)\ninit x = 1\nx' = a*x + 0*g(x)\nobserve x ~ "                  \
  "squared_error(x)\n"

/* The loss does not depend on the weights, whose gradient is that of the penalty or none. */
static void penalties_and_decay_are_for_weights_alone(void **state) {
  (void)state;
  enum { P = 11 };
  fixture f = make_fixture(HYBRID, "t,x\n0,1\n1,0.5\n");
  og_trainer *trainer =
      make_trainer(&f, "optimizer=sgd;learning-rate=0.1;l1=0.25;l2=0.5;weight-decay=0.5;seed=4");
  double theta[P], loss, gradient[P], penalty = 0;
  CHECK(f.context, og_model_initialize(f.model, 4, theta));
  assert_memory_equal(theta, og_trainer_theta(trainer), sizeof theta);
  CHECK(f.context, og_objective_evaluate(f.objective, theta, &loss, gradient));
  CHECK(f.context, og_trainer_step(trainer));
  assert_close(og_trainer_theta(trainer)[0], theta[0] - 0.1 * gradient[0] / 2, 1e-15);
  for (int i = 1; i < P; i++) {
    double sign = theta[i] > 0 ? 1 : -1;
    penalty += 0.25 * fabs(theta[i]) + 0.5 * theta[i] * theta[i];
    assert_close(og_trainer_theta(trainer)[i], theta[i] - 0.1 * (0.25 * sign + (2 * 0.5 + 0.5) * theta[i]),
                 1e-14);
  }
  assert_close(og_trainer_best_loss(trainer), loss / 2 + penalty, 1e-14);
  og_trainer_destroy(trainer);
  drop_fixture(&f);
}

/* ---- Refusals ---- */

static void load(const char *model, const char *rows, const char *path, og_status status, const char *says) {
  fixture f = make_fixture(model, rows);
  og_trainer *trainer = make_trainer(&f, "optimizer=adam;epochs=4");
  assert_int_equal(og_trainer_load(trainer, path), status);
  if (says) assert_contains(og_context_message(f.context), says);
  og_trainer_destroy(trainer);
  drop_fixture(&f);
}

/* The best loss of other data, or of another model, means nothing for these. */
static void another_model_or_other_data_are_refused(void **state) {
  (void)state;
  char path[] = "/tmp/odegrad-training-&history[X]X";
  close(mkstemp(path));
  fixture f = make_fixture(WINDOWED, "t,x\n0,1\n1,2\n");
  og_trainer *trainer = make_trainer(&f, "optimizer=adam;epochs=2");
  run_trainer(&f, trainer);
  CHECK(f.context, og_trainer_save(trainer, path));
  og_trainer_destroy(trainer);
  drop_fixture(&f);
  load(WINDOWED, "t,x\n0,1\n1,2\n", path, OG_OK, NULL);
  load(WINDOWED, "t,x\n0,1\n1,2.5\n", path, OG_ERR_ARGUMENT, "data's fingerprint");
  load(WINDOWED "time 0 : 1.5\n", "t,x\n0,1\n1,2\n", path, OG_ERR_ARGUMENT, "model's fingerprint");
  unlink(path);
}

#define FED "param k = 1\ninit x = 0\nx' = k*u\nobserve x ~ normal(x, 1)\n"

/* Inputs are data: of a trajectory, or signals with times and values of their own. */
static void other_inputs_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *model, *rows, *others[3];
  } cases[] = {
      {"input u\n" FED,
       "id,t,x,u\na,0,0,1\na,1,1,\nb,0,0,2\nb,1,2,\n",
       {"id,t,x,u\na,0,0,1\na,1,1,\nb,0,0,3\nb,1,2,\n", NULL, NULL}},
      {"input u hold\n" FED,
       "t,x,u\n0,0,1\n0.5,,2\n1,1,\n",
       {"t,x,u\n0,0,1\n0.5,,2.5\n1,1,\n", "t,x,u\n0,0,1\n0.25,,2\n1,1,\n", "t,x,u\n0,0,1\n1,1,2\n"}}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char path[] = "/tmp/odegrad-training-&history[X]X";
    close(mkstemp(path));
    fixture f = make_fixture(cases[i].model, cases[i].rows);
    og_trainer *trainer = make_trainer(&f, "optimizer=adam;epochs=2");
    run_trainer(&f, trainer);
    CHECK(f.context, og_trainer_save(trainer, path));
    og_trainer_destroy(trainer);
    drop_fixture(&f);
    load(cases[i].model, cases[i].rows, path, OG_OK, NULL);
    for (int k = 0; k < 3 && cases[i].others[k]; k++)
      load(cases[i].model, cases[i].others[k], path, OG_ERR_ARGUMENT, "data's fingerprint");
    unlink(path);
  }
}

static void try_trainer(const char *model, const char *csv, const char *text, og_status status,
                        const char *message) {
  fixture f = make_fixture(model, csv);
  og_trainer *trainer = NULL;
  set_options(f.context, f.options, text);
  assert_int_equal(og_trainer_create_for_objective(f.objective, f.options, NULL, &trainer), status);
  assert_null(trainer);
  assert_contains(og_context_message(f.context), message);
  drop_fixture(&f);
}

static void what_cannot_be_trained_is_refused(void **state) {
  (void)state;
  try_trainer(LINE, LINE_DATA, "optimizer=lbfgs", OG_ERR_UNSUPPORTED, "run a fit");
  try_trainer("init x = 1\nx' = -x\nobserve x ~ normal(x, 1)\n", "t,x\n0,1\n1,0.3\n", "optimizer=adam",
              OG_ERR_NO_DEPENDENCE, "`param` or `net`");
  try_trainer("param k = 1\ninit x = 1\ninit y = 1\nx' = -k*x\ny' = x\nobserve x ~ normal(x, 1)\n",
              "t,x\n0,1\n1,0.3\n2,0.1\n", "optimizer=adam;window=2", OG_ERR_UNSUPPORTED, "state y");
  fixture f = make_fixture(LINE, LINE_DATA);
  const double outside[3] = {100, 0, 1};
  og_trainer *trainer = NULL;
  set_options(f.context, f.options, "optimizer=adam");
  assert_int_equal(og_trainer_create_for_objective(f.objective, f.options, outside, &trainer), OG_ERR_BOUNDS);
  assert_contains(og_context_message(f.context), "parameter v");
  drop_fixture(&f);
}

static og_status whole_training(og_context *context) {
  static const char csv[] = LINE_DATA;
  og_model *model = NULL;
  og_table *table = NULL;
  og_options *options = NULL;
  og_objective *objective = NULL;
  og_trainer *trainer = NULL;
  og_status status = og_model_create_from_text(context, "m", LINE, strlen(LINE), &model);
  if (status == OG_OK) status = og_table_create_from_text(context, "d", csv, strlen(csv), &table);
  if (status == OG_OK) status = og_options_create(context, &options);
  if (status == OG_OK) status = og_options_set_text(options, "optimizer", "adam");
  if (status == OG_OK) status = og_options_set_text(options, "window", "3");
  if (status == OG_OK) status = og_options_set_text(options, "epochs", "2");
  if (status == OG_OK) status = og_objective_create(context, model, table, options, &objective);
  if (status == OG_OK) status = og_trainer_create_for_objective(objective, NULL, NULL, &trainer);
  if (status == OG_OK) status = og_trainer_run(trainer, NULL, NULL);
  og_trainer_destroy(trainer);
  og_objective_destroy(objective);
  og_options_destroy(options);
  og_table_destroy(table);
  og_model_destroy(model);
  return status;
}

static void no_memory_is_reported(void **state) {
  (void)state;
  fail_each_allocation(whole_training);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_optimizer_finds_the_line),
                                     cmocka_unit_test(failing_solves_are_survived),
                                     cmocka_unit_test(interrupting_keeps_the_best_point),
                                     cmocka_unit_test(windows_of_one_trajectory_find_the_rate),
                                     cmocka_unit_test(windows_begin_where_the_state_is_known),
                                     cmocka_unit_test(the_last_rows_of_a_whole_trajectory_are_held_out),
                                     cmocka_unit_test(parts_from_the_start_add_up),
                                     cmocka_unit_test(bits_do_not_depend_on_threads),
                                     cmocka_unit_test(penalties_and_decay_are_for_weights_alone),
                                     cmocka_unit_test(what_cannot_be_trained_is_refused),
                                     cmocka_unit_test(another_model_or_other_data_are_refused),
                                     cmocka_unit_test(other_inputs_are_refused),
                                     cmocka_unit_test(no_memory_is_reported)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
