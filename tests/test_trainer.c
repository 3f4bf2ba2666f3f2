/* The training loop with losses whose minimum and path are known in closed form; saving and going on to the
 * same bits; failures; and objectives. */
#include <math.h>
#include <unistd.h>

#include "io/safetensors.h"
#include "fitting.h"

enum { SIZE = 2 };

/* ---- A loss of plain numbers: sum over trajectories m of |theta - c_m|^2 / 2, c_m = (m, m^2 / 10) ---- */

typedef struct bowl {
  og_context *context;
  long calls;
  double wall;        /* theta[0] above it is a failure */
  long fail_from;     /* so is every call from this one on */
  og_status status;   /* of a failure */
  double held_centre; /* of windows that are evaluated without gradient, when not NAN */
} bowl;

static void centre_of(size_t m, double c[SIZE]) {
  c[0] = (double)m;
  c[1] = (double)(m * m) / 10;
}

static og_status bowl_loss(const double *theta, size_t count, const og_window *windows, double *loss,
                           size_t *values, double *gradient, void *user) {
  bowl *b = user;
  double c[SIZE];
  if (++b->calls >= b->fail_from || theta[0] > b->wall)
    return og_fail(b->context, b->status, "there is a wall at %g", b->wall);
  *loss = 0;
  *values = count;
  for (int i = 0; i < SIZE && gradient; i++) gradient[i] = 0;
  for (size_t k = 0; k < count; k++) {
    centre_of(windows[k].trajectory, c);
    if (!gradient && !isnan(b->held_centre)) c[0] = c[1] = b->held_centre;
    for (int i = 0; i < SIZE; i++) {
      *loss += (theta[i] - c[i]) * (theta[i] - c[i]) / 2;
      if (gradient) gradient[i] += theta[i] - c[i];
    }
  }
  return OG_OK;
}

/* Nothing depends on theta. */
static og_status flat_loss(const double *theta, size_t count, const og_window *windows, double *loss,
                           size_t *values, double *gradient, void *user) {
  (void)theta, (void)windows, (void)user;
  *loss = 1;
  *values = count;
  for (int i = 0; i < SIZE && gradient; i++) gradient[i] = 0;
  return OG_OK;
}

typedef struct run {
  og_context *context;
  og_options *options;
  og_batches *batches;
  og_trainer *trainer;
  bowl *loss; /* stays where it is when the run is copied */
} run;

static const double start[SIZE] = {-1, 2};

/* Options as "name=value;name=value". */
static og_status set_options(og_options *options, const char *text) {
  char copy[256];
  snprintf(copy, sizeof copy, "%s", text);
  for (char *pair = strtok(copy, ";"); pair; pair = strtok(NULL, ";")) {
    char *equals = strchr(pair, '=');
    *equals = '\0';
    OG_TRY(og_options_set_text(options, pair, equals + 1));
  }
  return OG_OK;
}

static og_status try_run(og_context *context, const char *text, run *r) {
  *r = (run){.context = context};
  r->loss = calloc(1, sizeof *r->loss);
  *r->loss = (bowl){.context = context,
                    .wall = INFINITY,
                    .fail_from = 1000000,
                    .status = OG_ERR_BLOW_UP,
                    .held_centre = NAN};
  OG_TRY(og_options_create(context, &r->options));
  OG_TRY(set_options(r->options, text));
  OG_TRY(og_batches_create(context, r->options, 12, NULL, &r->batches));
  return og_trainer_create(context, r->options,
                           &(og_trainer_parts){OG_INIT(og_trainer_parts), .p = SIZE, .loss = bowl_loss,
                                               .user = r->loss, .batches = r->batches, .theta = start},
                           &r->trainer);
}

static void drop_run(run *r) {
  og_trainer_destroy(r->trainer);
  og_batches_destroy(r->batches);
  og_options_destroy(r->options);
  free(r->loss);
}

static run begin_run(const char *text) {
  run r;
  og_context *context = new_context();
  CHECK(context, try_run(context, text, &r));
  return r;
}

static void end_run(run *r) {
  drop_run(r);
  og_context_destroy(r->context);
}

/* ---- Paths ---- */

/* Means of c over 12 trajectories: 5.5 and 506 / 120. Each step takes the share eta of the way there. */
static void everything_at_once_descends_geometrically(void **state) {
  (void)state;
  run r = begin_run("optimizer=sgd;learning-rate=0.25;epochs=20");
  CHECK(r.context, og_trainer_run(r.trainer, NULL, NULL));
  size_t epochs;
  const og_epoch *history = og_trainer_history(r.trainer, &epochs);
  const double mean[SIZE] = {5.5, 506.0 / 120};
  assert_int_equal(epochs, 20);
  for (int i = 0; i < SIZE; i++) {
    assert_close(og_trainer_theta(r.trainer)[i], mean[i] + (start[i] - mean[i]) * pow(0.75, 20), 1e-13);
    assert_close(og_trainer_best(r.trainer)[i], mean[i] + (start[i] - mean[i]) * pow(0.75, 19), 1e-13);
  }
  for (size_t e = 0; e < epochs; e++) { /* the mean square around the mean, plus the distance from it */
    double away = 0, spread = 0;
    for (int i = 0; i < SIZE; i++) away += pow((start[i] - mean[i]) * pow(0.75, (double)e), 2) / 2;
    for (size_t m = 0; m < 12; m++) {
      double c[SIZE];
      centre_of(m, c);
      spread += (pow(c[0] - mean[0], 2) + pow(c[1] - mean[1], 2)) / 24;
    }
    assert_close(history[e].loss, spread + away, 1e-13);
    assert_true(isnan(history[e].validation_loss) && history[e].learning_rate == 0.25);
    assert_close(history[e].gradient_norm, sqrt(2 * away), 1e-12);
    assert_true(history[e].epoch == (long long)e + 1 && history[e].steps == (long long)e + 1);
  }
  assert_true(og_trainer_best_loss(r.trainer) == history[19].loss);
  assert_contains(og_trainer_reason(r.trainer), "all 20 epochs are done");
  assert_false(og_trainer_converged(r.trainer));
  assert_int_equal(og_trainer_step(r.trainer), OG_ERR_STATE);
  end_run(&r);
}

/* The same bits as the pieces put together by hand. */
static void the_loop_is_its_pieces(void **state) {
  (void)state;
  static const char text[] =
      "optimizer=adamw;epochs=7;batch=5;seed=3;clip-norm=1;lr-schedule=cosine;warm-up=2";
  run r = begin_run(text), by_hand = begin_run(text);
  CHECK(r.context, og_trainer_run(r.trainer, NULL, NULL));
  og_updater *updater;
  double theta[SIZE] = {start[0], start[1]}, gradient[SIZE], loss;
  CHECK(by_hand.context, og_updater_create(by_hand.context, by_hand.options, SIZE, &updater));
  for (long long step = 0; step < 21; step++) {
    size_t count, values;
    const og_window *windows;
    CHECK(by_hand.context, og_batches_next(by_hand.batches, &count, &windows));
    CHECK(by_hand.context, bowl_loss(theta, count, windows, &loss, &values, gradient, by_hand.loss));
    for (int i = 0; i < SIZE; i++) gradient[i] *= 1 / (double)values;
    og_clip_gradient(by_hand.options, SIZE, gradient);
    CHECK(by_hand.context,
          og_updater_step(updater, og_learning_rate_factor(by_hand.options, step, 21), gradient, theta));
  }
  assert_int_equal(og_trainer_steps(r.trainer), 21);
  assert_memory_equal(theta, og_trainer_theta(r.trainer), sizeof theta);
  og_updater_destroy(updater);
  end_run(&r), end_run(&by_hand);
}

static void a_sum_is_values_times_the_mean(void **state) {
  (void)state;
  run mean = begin_run("optimizer=sgd;learning-rate=0.24;epochs=5"),
      sum = begin_run("optimizer=sgd;learning-rate=0.02;epochs=5;reduction=sum");
  CHECK(mean.context, og_trainer_run(mean.trainer, NULL, NULL));
  CHECK(sum.context, og_trainer_run(sum.trainer, NULL, NULL));
  for (int i = 0; i < SIZE; i++)
    assert_close(og_trainer_theta(sum.trainer)[i], og_trainer_theta(mean.trainer)[i], 1e-14);
  assert_close(og_trainer_best_loss(sum.trainer), 12 * og_trainer_best_loss(mean.trainer), 1e-13);
  end_run(&mean), end_run(&sum);
}

/* ---- Penalties and bounds: the minimum of (x - c)^2 / 2 + l1 |x| + l2 x^2 is (c - l1) / (1 + 2 l2) for c >
 * l1 ---- */

static void penalties_move_the_minimum(void **state) {
  (void)state;
  run r = begin_run("optimizer=sgd;learning-rate=0.5;epochs=200;l1=1;l2=0.25");
  CHECK(r.context, og_trainer_run(r.trainer, NULL, NULL));
  assert_close(og_trainer_theta(r.trainer)[0], (5.5 - 1) / 1.5, 1e-13);
  assert_close(og_trainer_theta(r.trainer)[1], (506.0 / 120 - 1) / 1.5, 1e-13);
  double x = (5.5 - 1) / 1.5, y = (506.0 / 120 - 1) / 1.5, loss = 0;
  size_t values;
  og_window all[12];
  for (size_t m = 0; m < 12; m++) all[m] = (og_window){m, 0, 0};
  CHECK(r.context, bowl_loss(og_trainer_theta(r.trainer), 12, all, &loss, &values, NULL, r.loss));
  assert_close(og_trainer_best_loss(r.trainer), loss / 12 + x + y + (x * x + y * y) / 4, 1e-12);
  end_run(&r);
  r = begin_run("optimizer=sgd;learning-rate=0.5;epochs=200;l1=1;l2=0.25");
  CHECK(r.context, og_trainer_exempt(r.trainer, 1));
  CHECK(r.context, og_trainer_run(r.trainer, NULL, NULL));
  assert_close(og_trainer_theta(r.trainer)[0], 5.5, 1e-13);
  end_run(&r);
}

static void theta_stays_within_its_bounds(void **state) {
  (void)state;
  run r = begin_run("optimizer=adam;learning-rate=0.5;epochs=100");
  const double lowest[SIZE] = {-2, 0}, highest[SIZE] = {3, 9};
  CHECK(r.context, og_trainer_set_bounds(r.trainer, lowest, highest));
  while (!og_trainer_ended(r.trainer)) {
    CHECK(r.context, og_trainer_step(r.trainer));
    assert_true(og_trainer_theta(r.trainer)[0] <= 3 && og_trainer_theta(r.trainer)[1] >= 0);
  }
  assert_true(og_trainer_theta(r.trainer)[0] == 3);
  assert_int_equal(og_trainer_set_bounds(r.trainer, lowest, highest), OG_ERR_STATE);
  assert_int_equal(og_trainer_exempt(r.trainer, 1), OG_ERR_STATE);
  end_run(&r);
  r = begin_run("optimizer=adam");
  assert_int_equal(og_trainer_set_bounds(r.trainer, highest, highest), OG_ERR_BOUNDS);
  assert_contains(og_context_message(r.context), "entry 1 of theta is -1, outside its bounds [3, 3]");
  assert_int_equal(og_trainer_set_bounds(r.trainer, lowest, (double[]){9, 1}), OG_ERR_BOUNDS);
  assert_contains(og_context_message(r.context), "entry 2 of theta is 2, outside its bounds [0, 1]");
  end_run(&r);
}

/* Each entry has bounds of its own, of either side: held at them, from the first step to the last. */
static void every_entry_has_its_bounds(void **state) {
  (void)state;
  static const double lowest[][SIZE] = {{-9, -9}, {-9, -9}, {-1, 2}},
                      highest[][SIZE] = {{3, 3}, {9, 2.5}, {9, 9}};
  static const double ends[][SIZE] = {{3, 3}, {5.5, 2.5}, {5.5, 506.0 / 120}};
  for (int k = 0; k < 3; k++) {
    run r = begin_run("optimizer=sgd;learning-rate=0.9;epochs=60");
    CHECK(r.context, og_trainer_set_bounds(r.trainer, lowest[k], highest[k]));
    CHECK(r.context, og_trainer_run(r.trainer, NULL, NULL));
    for (int i = 0; i < SIZE; i++) assert_close(og_trainer_theta(r.trainer)[i], ends[k][i], 1e-13);
    end_run(&r);
  }
  /* downward: a penalty draws what begins at -1 and 2 to 0 and on to the bowl, or to a lower bound above it
   */
  run r = begin_run("optimizer=sgd;learning-rate=0.1;epochs=60;l2=500");
  const double low[SIZE] = {-1, 1.5}, high[SIZE] = {9, 9};
  CHECK(r.context, og_trainer_set_bounds(r.trainer, low, high));
  CHECK(r.context, og_trainer_step(r.trainer));
  assert_true(og_trainer_theta(r.trainer)[0] == 9 && og_trainer_theta(r.trainer)[1] == 1.5);
  CHECK(r.context, og_trainer_step(r.trainer));
  assert_true(og_trainer_theta(r.trainer)[0] == -1 && og_trainer_theta(r.trainer)[1] == 1.5);
  end_run(&r);
}

/* ---- Validation and early stopping ---- */

/* The held-out loss has its minimum at (1, 1), which the way to the training minimum passes by. */
static void patience_ends_behind_the_best(void **state) {
  (void)state;
  run r = begin_run("optimizer=sgd;learning-rate=0.05;epochs=1000;validation=0.25;patience=4");
  r.loss->held_centre = 1;
  CHECK(r.context, og_trainer_run(r.trainer, NULL, NULL));
  size_t epochs, best = 0;
  const og_epoch *history = og_trainer_history(r.trainer, &epochs);
  for (size_t e = 0; e < epochs; e++)
    if (history[e].validation_loss < history[best].validation_loss) best = e;
  assert_true(best > 0);
  assert_int_equal(epochs, best + 1 + 4);
  assert_true(og_trainer_converged(r.trainer));
  assert_contains(og_trainer_reason(r.trainer), "validation loss");
  const double *theta = og_trainer_best(r.trainer);
  double loss = (pow(theta[0] - 1, 2) + pow(theta[1] - 1, 2)) / 2;
  assert_close(loss, history[best].validation_loss, 1e-14);
  assert_true(og_trainer_best_loss(r.trainer) == history[best].validation_loss);
  end_run(&r);
}

/* The loss of epoch e is known: see everything_at_once_descends_geometrically. It falls by less than a
 * twentieth in an epoch, and by more in some: only those that lie a twentieth below the last that did are
 * better, and the training ends three epochs behind the last of them. */
static void patience_counts_what_exceeds_the_tolerance(void **state) {
  (void)state;
  run r = begin_run("optimizer=sgd;learning-rate=0.05;epochs=1000;patience=3;tolerance=0.05");
  double away = (pow(-1 - 5.5, 2) + pow(2 - 506.0 / 120, 2)) / 2, spread = 0, reference = INFINITY;
  size_t better = 0, epochs, single = 0;
  for (size_t m = 0; m < 12; m++)
    spread += (pow((double)m - 5.5, 2) + pow((double)(m * m) / 10 - 506.0 / 120, 2)) / 24;
  for (size_t e = 0; e <= better + 3; e++) {
    double loss = spread + away * pow(0.95, 2 * (double)e),
           before = spread + away * pow(0.95, 2 * (double)e - 2);
    single = e && loss < 0.95 * before ? e : single;
    if (!(loss < 0.95 * reference)) continue;
    reference = loss;
    better = e;
  }
  assert_true(better > single + 3); /* epochs that are better only together */
  CHECK(r.context, og_trainer_run(r.trainer, NULL, NULL));
  const og_epoch *history = og_trainer_history(r.trainer, &epochs);
  assert_int_equal(epochs, better + 1 + 3);
  assert_close(history[better].loss, reference, 1e-12);
  assert_true(og_trainer_converged(r.trainer));
  assert_contains(og_trainer_reason(r.trainer), "not fallen by more than the tolerance 0.05 for 3 epochs");
  end_run(&r);
}

/* ---- What is told ---- */

typedef struct told {
  run *r;
  long long steps, per_epoch, epochs;
  size_t training, held_out;
  double best_loss, seconds;
} told;

/* Twelve trajectories or nine, four at a time: the last mini-batch of the nine is of one. */
static int check_report(const og_training *now, void *user) {
  told *t = user;
  long long step = ++t->steps, in_epoch = (step - 1) % t->per_epoch;
  size_t epochs, left = t->training - 4 * (size_t)in_epoch, size = left < 4 ? left : 4;
  const og_epoch *history = og_trainer_history(t->r->trainer, &epochs);
  assert_int_equal(now->step, step);
  assert_int_equal(now->steps, t->per_epoch * t->epochs);
  assert_int_equal(now->epoch, (step - 1) / t->per_epoch + 1);
  assert_int_equal(now->epochs, t->epochs);
  assert_int_equal(now->windows, size);
  int last = in_epoch + 1 == t->per_epoch;
  assert_int_equal(now->evaluated, last && t->held_out ? t->held_out : size);
  assert_int_equal(now->ended != NULL, last);
  if (last) {
    assert_ptr_equal(now->ended, &history[epochs - 1]);
    assert_int_equal(now->ended->epoch, now->epoch);
    assert_int_equal(now->ended->steps, step);
    assert_int_equal(isnan(now->ended->validation_loss), t->held_out == 0);
    t->best_loss = fmin(t->best_loss, t->held_out ? now->ended->validation_loss : now->ended->loss);
  }
  assert_true(now->best_loss == t->best_loss);
  assert_true(now->learning_rate == 0.125 && now->loss >= 0 && now->gradient_norm >= 0);
  assert_true(now->seconds >= t->seconds && now->seconds < 60);
  t->seconds = now->seconds;
  assert_memory_equal(now->theta, og_trainer_theta(t->r->trainer), sizeof start);
  assert_memory_equal(now->best, og_trainer_best(t->r->trainer), sizeof start);
  return 0;
}

static void every_step_is_told(void **state) {
  (void)state;
  for (int held_out = 0; held_out < 2; held_out++) {
    run r = begin_run(held_out ? "optimizer=sgd;learning-rate=0.125;epochs=4;batch=4;validation=0.25"
                               : "optimizer=sgd;learning-rate=0.125;epochs=4;batch=4");
    told t = {.r = &r,
              .per_epoch = 3,
              .epochs = 4,
              .training = held_out ? 9 : 12,
              .held_out = held_out ? 3 : 0,
              .best_loss = INFINITY};
    CHECK(r.context, og_trainer_run(r.trainer, check_report, &t));
    assert_int_equal(t.steps, 12);
    end_run(&r);
  }
}

static char notes[4096];
static void take_note(const char *line, void *user) {
  (void)user;
  snprintf(notes + strlen(notes), sizeof notes - strlen(notes), "%s\n", line);
}

/* Every mini-batch fails from the third on: half the way of the second step is taken back, half of what is
 * left, and then all of it. */
static void what_is_left_out_is_told(void **state) {
  (void)state;
  run r = begin_run("optimizer=sgd;learning-rate=0.25;epochs=30");
  double first[SIZE], second[SIZE];
  notes[0] = '\0';
  og_context_set_log(r.context, take_note, NULL);
  CHECK(r.context, og_trainer_step(r.trainer));
  memcpy(first, og_trainer_theta(r.trainer), sizeof first);
  CHECK(r.context, og_trainer_step(r.trainer));
  memcpy(second, og_trainer_theta(r.trainer), sizeof second);
  r.loss->fail_from = 1;
  for (int k = 0; k < 6; k++) {
    static const double left[] = {0.5, 0.25, 0, 0, 0, 0};
    CHECK(r.context, og_trainer_step(r.trainer));
    for (int i = 0; i < SIZE; i++)
      assert_close(og_trainer_theta(r.trainer)[i], first[i] + left[k] * (second[i] - first[i]), 1e-15);
  }
  assert_contains(notes,
                  "mini-batch 3 is left out, and half of the step before it taken back: there is a wall");
  assert_contains(notes,
                  "mini-batch 4 is left out, and half of the step before it taken back: there is a wall");
  assert_contains(notes, "mini-batch 5 is left out, and the step before it taken back: there is a wall");
  assert_contains(notes, "mini-batch 7 is left out, and the step before it taken back: there is a wall");
  assert_contains(notes, "(further ones are counted, not told)");
  assert_null(strstr(notes, "mini-batch 8"));
  assert_null(strstr(notes, "is zero"));
  end_run(&r);
  r = begin_run("optimizer=sgd;epochs=30"); /* nothing to take back */
  notes[0] = '\0';
  og_context_set_log(r.context, take_note, NULL);
  r.loss->fail_from = 1;
  CHECK(r.context, og_trainer_step(r.trainer));
  assert_contains(notes, "mini-batch 1 is left out: there is a wall");
  assert_memory_equal(og_trainer_theta(r.trainer), start, sizeof start);
  end_run(&r);
}

/* A validation that fails leaves its epoch without a loss, and says of which. */
static void a_validation_that_fails_is_told(void **state) {
  (void)state;
  run r = begin_run("optimizer=sgd;learning-rate=0.1;epochs=3;validation=0.25");
  size_t epochs;
  notes[0] = '\0';
  og_context_set_log(r.context, take_note, NULL);
  CHECK(r.context, og_trainer_step(r.trainer)); /* two calls: of the mini-batch, of what is held out */
  assert_string_equal(notes, "");
  r.loss->fail_from = r.loss->calls + 2;
  CHECK(r.context, og_trainer_step(r.trainer));
  assert_contains(notes, "no validation loss of epoch 2: there is a wall");
  r.loss->fail_from = 1000000;
  CHECK(r.context, og_trainer_step(r.trainer));
  assert_null(strstr(notes, "epoch 3"));
  const og_epoch *history = og_trainer_history(r.trainer, &epochs);
  assert_int_equal(epochs, 3);
  for (int e = 0; e < 3; e++) assert_int_equal(isnan(history[e].validation_loss), e == 1);
  end_run(&r);
}

/* It is told at the first step, and of it alone. */
static void no_gradient_is_told(void **state) {
  (void)state;
  const double mean[SIZE] = {5.5, 506.0 / 120}, aside[SIZE] = {5.5, 4};
  for (int k = 0; k < 2; k++) {
    run r = begin_run("optimizer=sgd;learning-rate=1;epochs=3;clip-norm=1e-300");
    og_trainer *trainer = NULL;
    notes[0] = '\0';
    og_context_set_log(r.context, take_note, NULL);
    CHECK(r.context, og_trainer_create(r.context, r.options,
                                       &(og_trainer_parts){OG_INIT(og_trainer_parts), .p = SIZE,
                                                           .loss = k ? flat_loss : bowl_loss, .user = r.loss,
                                                           .batches = r.batches, .theta = k ? mean : aside},
                                       &trainer));
    CHECK(r.context, og_trainer_step(trainer));
    assert_int_equal(strstr(notes, "the gradient of the first mini-batch is zero") != NULL, k);
    notes[0] = '\0';
    CHECK(r.context, og_trainer_step(trainer));
    assert_string_equal(notes, "");
    og_trainer_destroy(trainer);
    end_run(&r);
  }
}

/* ---- Failures ---- */

/* Before theta[0] = 2 lies a wall, at which steps are halved; the bowl draws to 5.5. */
static void failures_are_left_out(void **state) {
  (void)state;
  run r = begin_run("optimizer=sgd;learning-rate=0.3;epochs=8;batch=4");
  r.loss->wall = 2;
  CHECK(r.context, og_trainer_run(r.trainer, NULL, NULL));
  size_t epochs;
  long long skipped = 0;
  const og_epoch *history = og_trainer_history(r.trainer, &epochs);
  for (size_t e = 0; e < epochs; e++) skipped += history[e].skipped;
  assert_int_equal(epochs, 8);
  assert_true(skipped > 0 && skipped < 23);
  assert_true(og_trainer_best(r.trainer)[0] > 1 && og_trainer_best(r.trainer)[0] <= 2);
  end_run(&r);
}

static void too_many_failures_in_a_row_end_it(void **state) {
  (void)state;
  run r = begin_run("optimizer=adam;epochs=30;batch=4");
  r.loss->fail_from = 8;
  CHECK(r.context, og_trainer_run(r.trainer, NULL, NULL));
  assert_true(og_trainer_ended(r.trainer) && !og_trainer_converged(r.trainer));
  assert_contains(og_trainer_reason(r.trainer), "10 mini-batches in a row failed");
  assert_contains(og_trainer_reason(r.trainer), "there is a wall");
  assert_int_equal(og_trainer_steps(r.trainer), 7 + 10);
  assert_true(isfinite(og_trainer_best_loss(r.trainer)));
  end_run(&r);
  r = begin_run("optimizer=adam;epochs=30;batch=4");
  r.loss->fail_from = 1;
  assert_int_equal(og_trainer_run(r.trainer, NULL, NULL), OG_ERR_BLOW_UP);
  assert_contains(og_context_message(r.context), "first 10 mini-batches");
  end_run(&r);
  r = begin_run("optimizer=adam;epochs=1;batch=4"); /* fewer than ten, but no other: nothing was trained */
  r.loss->fail_from = 1;
  assert_int_equal(og_trainer_run(r.trainer, NULL, NULL), OG_ERR_BLOW_UP);
  assert_contains(og_context_message(r.context), "first 3 mini-batches");
  end_run(&r);
  r = begin_run("optimizer=adam;epochs=30;batch=4");
  r.loss->fail_from = 5;
  r.loss->status = OG_ERR_DATA; /* not of the point theta */
  assert_int_equal(og_trainer_run(r.trainer, NULL, NULL), OG_ERR_DATA);
  assert_int_equal(og_trainer_steps(r.trainer), 4);
  end_run(&r);
}

static og_status nan_loss(const double *theta, size_t count, const og_window *windows, double *loss,
                          size_t *values, double *gradient, void *user) {
  og_status status = bowl_loss(theta, count, windows, loss, values, gradient, user);
  *loss = NAN;
  return status;
}

static void a_loss_of_nan_is_a_failure(void **state) {
  (void)state;
  run r = begin_run("optimizer=adam");
  og_trainer *trainer;
  CHECK(r.context,
        og_trainer_create(r.context, r.options,
                          &(og_trainer_parts){OG_INIT(og_trainer_parts), .p = SIZE, .loss = nan_loss,
                                              .user = r.loss, .batches = r.batches, .theta = start},
                          &trainer));
  assert_int_equal(og_trainer_run(trainer, NULL, NULL), OG_ERR_NOT_FINITE);
  assert_contains(og_context_message(r.context), "the loss of 12 windows is nan");
  og_trainer_destroy(trainer);
  end_run(&r);
}

/* ---- Interruption, saving, loading ---- */

typedef struct watch {
  long long stop_at, last, epochs;
} watch;

static int watching(const og_training *training, void *user) {
  watch *w = user;
  assert_int_equal(training->step, w->last + 1);
  w->last = training->step;
  if (training->ended) assert_int_equal(training->ended->epoch, ++w->epochs);
  return training->step == w->stop_at;
}

static void assert_same_history(const og_trainer *a, const og_trainer *b) {
  size_t epochs, others;
  const og_epoch *x = og_trainer_history(a, &epochs), *y = og_trainer_history(b, &others);
  assert_int_equal(epochs, others);
  for (size_t e = 0; e < epochs; e++) {
    og_epoch one = x[e], other = y[e];
    one.seconds = other.seconds = 0;
    assert_memory_equal(&one, &other, sizeof one);
  }
}

static void check_resume(const char *text, long long stop_at) {
  char path[] = "/tmp/odegrad-trainer-XXXXXX";
  close(mkstemp(path));
  run whole = begin_run(text), first = begin_run(text), second = begin_run(text);
  whole.loss->wall = first.loss->wall = second.loss->wall = 4;
  CHECK(whole.context, og_trainer_run(whole.trainer, NULL, NULL));
  watch w = {.stop_at = stop_at};
  CHECK(first.context, og_trainer_run(first.trainer, watching, &w));
  assert_int_equal(og_trainer_steps(first.trainer), stop_at);
  assert_contains(og_trainer_reason(first.trainer), "interrupted");
  CHECK(first.context, og_trainer_save(first.trainer, path));
  CHECK(second.context, og_trainer_load(second.trainer, path));
  assert_same_history(first.trainer, second.trainer);
  CHECK(second.context, og_trainer_run(second.trainer, NULL, NULL));
  assert_memory_equal(og_trainer_theta(whole.trainer), og_trainer_theta(second.trainer), sizeof start);
  assert_memory_equal(og_trainer_best(whole.trainer), og_trainer_best(second.trainer), sizeof start);
  assert_same_history(whole.trainer, second.trainer);
  assert_string_equal(og_trainer_reason(whole.trainer), og_trainer_reason(second.trainer));
  /* and so does the one that was only interrupted */
  w = (watch){.last = stop_at, .epochs = w.epochs};
  CHECK(first.context, og_trainer_run(first.trainer, watching, &w));
  assert_memory_equal(og_trainer_theta(whole.trainer), og_trainer_theta(first.trainer), sizeof start);
  end_run(&whole), end_run(&first), end_run(&second);
  unlink(path);
}

static void going_on_gives_the_same_bits(void **state) {
  (void)state;
  static const char *const optimizers[] = {
      "sgd;momentum=0.9;learning-rate=0.1", "rmsprop;centered=yes;momentum=0.5;learning-rate=0.3",
      "adam;learning-rate=0.4", "adamw;learning-rate=0.4", "adabelief;learning-rate=0.4"};
  for (size_t i = 0; i < sizeof optimizers / sizeof *optimizers; i++) {
    char text[256];
    snprintf(text, sizeof text,
             "optimizer=%s;epochs=12;batch=4;windows=10;validation=0.2;patience=9;l2=0.01;lr-schedule=cosine;"
             "seed=5",
             optimizers[i]);
    check_resume(text, 1); /* in the first epoch */
    check_resume(text, 9); /* at the end of the third */
    check_resume(text, 17);
  }
}

static void try_load(const char *text, const char *path, og_status status, const char *message) {
  run r = begin_run(text);
  assert_int_equal(og_trainer_load(r.trainer, path), status);
  if (message) assert_contains(og_context_message(r.context), message);
  if (status != OG_OK) {
    assert_int_equal(og_trainer_steps(r.trainer), 0);
    assert_memory_equal(og_trainer_theta(r.trainer), start, sizeof start);
  }
  end_run(&r);
}

static void another_training_is_refused(void **state) {
  (void)state;
  char path[] = "/tmp/odegrad-trainer-XXXXXX";
  close(mkstemp(path));
  run r = begin_run("optimizer=adam;epochs=3;batch=4;seed=5");
  CHECK(r.context, og_trainer_run(r.trainer, NULL, NULL));
  CHECK(r.context, og_trainer_save(r.trainer, path));
  try_load("optimizer=adam;epochs=5;batch=4;seed=5;learning-rate=0.1", path, OG_OK, NULL);
  try_load("optimizer=adamw;epochs=3;batch=4;seed=5", path, OG_ERR_ARGUMENT, "optimizer is adam, not adamw");
  try_load("optimizer=adam;epochs=3;batch=4;seed=6", path, OG_ERR_ARGUMENT, "seed is 5, not 6");
  try_load("optimizer=adam;epochs=3;batch=3;seed=5", path, OG_ERR_ARGUMENT, "mini-batches of an epoch is 3");
  try_load("optimizer=adam;epochs=3;batch=4;seed=5;validation=0.1", path, OG_ERR_ARGUMENT,
           "trained on is 12");
  try_load("optimizer=adam", "/nowhere/state", OG_ERR_FILE, "/nowhere/state");
  try_load("optimizer=adam", "tests/oracles/optimizers.csv", OG_ERR_DATA, NULL);
  assert_int_equal(og_trainer_save(r.trainer, "/nowhere/state"), OG_ERR_FILE);
  og_trainer *bigger;
  double three[3] = {0};
  CHECK(r.context,
        og_trainer_create(r.context, r.options,
                          &(og_trainer_parts){OG_INIT(og_trainer_parts), .p = 3, .loss = bowl_loss,
                                              .user = r.loss, .batches = r.batches, .theta = three},
                          &bigger));
  assert_int_equal(og_trainer_load(bigger, path), OG_ERR_SHAPE);
  assert_contains(og_context_message(r.context), "tensor theta has 2 numbers");
  og_trainer_destroy(bigger);
  end_run(&r);
  unlink(path);
}

/* Numbers that no training leaves, with a checksum that is right: a file may be made by anybody. */
static void numbers_that_cannot_be_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *tensor;
    size_t entry;
    double value;
  } wrong[] = {{"theta", 0, NAN},
               {"theta", 1, INFINITY},
               {"best", 1, NAN},
               {"before", 0, -INFINITY},
               {"state", 0, 0.5},
               {"state", 0, -1},
               {"state", 0, 1e300},
               {"state", 0, NAN},
               {"state", 1, 1e17},
               {"state", 1, 1000},
               {"state", 2, 0.25},
               {"state", 3, NAN},
               {"state", 5, -3},
               {"state", 6, NAN},
               {"state", 6, -1},
               {"history", 0, 2.5},
               {"history", 6, NAN},
               {"history", 0, 1e30},
               {"updater.step", 0, -1},
               {"updater.step", 0, NAN},
               {"updater.exp_avg", 1, NAN},
               /* what the numbers beside them speak against */
               {"updater.step", 0, -0.0},
               {"updater.step", 0, 8},
               {"updater.step", 0, 10},
               {"updater.step", 0, 0x1p52},
               {"updater.exp_avg_sq", 0, -1},
               {"updater.exp_avg_sq", 1, -1e-300},
               {"state", 0, 0x1p52},
               {"state", 0, 10},
               {"state", 0, -0.0},
               {"state", 1, 8},
               {"state", 2, 1},
               {"state", 3, -1e300},
               {"state", 3, INFINITY},
               {"state", 4, -1e300},
               {"state", 5, 4},
               {"state", 5, 0.5},
               {"state", 8, -1},
               {"state", 9, NAN},
               {"state", 9, -1},
               {"state", 10, -1},
               {"state", 11, 1},
               {"state", 12, 1},
               {"state", 13, -0.1},
               {"state", 13, NAN},
               {"state", 14, -1},
               {"history", 0, 0},
               {"history", 0, 6},
               {"history", 0, 0x1p52},
               {"history", 14, 8},
               {"history", 6, 1},
               {"history", 1, -1},
               {"history", 15, NAN},
               {"history", 3, -1},
               {"history", 4, -1},
               {"history", 5, NAN},
               {"history", 12, -1},
               {"history", 13, 4}};
  static const char options[] = "optimizer=adam;epochs=3;batch=4;seed=5";
  char path[] = "/tmp/odegrad-trainer-XXXXXX";
  close(mkstemp(path));
  run r = begin_run(options);
  CHECK(r.context, og_trainer_run(r.trainer, NULL, NULL));
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    og_tensors *set;
    CHECK(r.context, og_trainer_save(r.trainer, path));
    CHECK(r.context, og_tensors_read(r.context, path, &set));
    const og_tensor *tensor = og_tensors_find(set, wrong[i].tensor);
    assert_non_null(tensor);
    tensor->values[wrong[i].entry] = wrong[i].value;
    CHECK(r.context, og_tensors_write(set, path));
    og_tensors_destroy(set);
    try_load(options, path, OG_ERR_DATA, "cannot be");
  }
  end_run(&r);
  unlink(path);
}

/* Each point lies within the bounds, beside theta the best one and the one before. */
static void points_outside_their_bounds_are_refused(void **state) {
  (void)state;
  static const char *const points[] = {"theta", "best", "before"};
  static const double lowest[SIZE] = {-2, 0}, highest[SIZE] = {10, INFINITY}, wrong[] = {-2.5, 1e300, 10.5};
  char path[] = "/tmp/odegrad-trainer-XXXXXX", said[100];
  close(mkstemp(path));
  for (size_t i = 0; i < 9; i++) {
    run r = begin_run("optimizer=adam;epochs=2;batch=4");
    og_tensors *set;
    CHECK(r.context, og_trainer_set_bounds(r.trainer, lowest, highest));
    CHECK(r.context, og_trainer_run(r.trainer, NULL, NULL));
    CHECK(r.context, og_trainer_save(r.trainer, path));
    CHECK(r.context, og_trainer_load(r.trainer, path));
    CHECK(r.context, og_tensors_read(r.context, path, &set));
    og_tensors_find(set, points[i / 3])->values[0] = wrong[i % 3];
    CHECK(r.context, og_tensors_write(set, path));
    og_tensors_destroy(set);
    assert_int_equal(og_trainer_load(r.trainer, path), OG_ERR_DATA);
    snprintf(said, sizeof said, "entry 1 of %s is %g, outside its bounds [-2, 10]", points[i / 3],
             wrong[i % 3]);
    assert_contains(og_context_message(r.context), said);
    end_run(&r);
  }
  unlink(path);
}

/* Means of squares of the other optimisers, under their own names; that of momentum may be of any sign. */
static void negative_means_of_squares_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *options, *tensor;
    og_status status;
  } of[] = {{"optimizer=rmsprop;centered=yes;epochs=2", "updater.square_avg", OG_ERR_DATA},
            {"optimizer=adabelief;epochs=2", "updater.exp_avg_var", OG_ERR_DATA},
            {"optimizer=adamw;epochs=2", "updater.exp_avg_sq", OG_ERR_DATA},
            {"optimizer=rmsprop;centered=yes;epochs=2", "updater.grad_avg", OG_OK},
            {"optimizer=adabelief;epochs=2", "updater.exp_avg", OG_OK},
            {"optimizer=sgd;momentum=0.5;epochs=2", "updater.momentum_buffer", OG_OK}};
  char path[] = "/tmp/odegrad-trainer-XXXXXX";
  close(mkstemp(path));
  for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
    run r = begin_run(of[i].options);
    og_tensors *set;
    CHECK(r.context, og_trainer_run(r.trainer, NULL, NULL));
    CHECK(r.context, og_trainer_save(r.trainer, path));
    CHECK(r.context, og_tensors_read(r.context, path, &set));
    og_tensors_find(set, of[i].tensor)->values[1] = -0.125;
    CHECK(r.context, og_tensors_write(set, path));
    og_tensors_destroy(set);
    try_load(of[i].options, path, of[i].status, of[i].status ? "-0.125 cannot be a mean of squares" : NULL);
    end_run(&r);
  }
  unlink(path);
}

/* A copy of a saved state: without tensor or text number `without`, or with more numbers in it, or with
 * another text. */
typedef enum change { LEFT_OUT, LONGER, FLAT, OTHER_TEXT } change;

static void copy_changed(og_context *context, const og_tensors *set, const char *path, const char *which,
                         change what) {
  og_tensors *copy = NULL;
  CHECK(context, og_tensors_create(context, &copy));
  for (size_t i = 0; i < og_tensors_texts(set); i++) {
    const char *key, *text;
    og_tensors_text_at(set, i, &key, &text);
    int this_one = strcmp(key, which) == 0;
    if (strcmp(key, OG_CHECKSUM_KEY) == 0 || (this_one && what == LEFT_OUT)) continue;
    CHECK(context, og_tensors_set_text(copy, key, this_one ? "another" : text));
  }
  for (size_t i = 0; i < og_tensors_count(set); i++) {
    const og_tensor *from = og_tensors_at(set, i);
    double more[100] = {0};
    size_t shape[2] = {from->shape[0], from->rank == 2 ? from->shape[1] : 1}, rank = from->rank;
    int this_one = strcmp(from->name, which) == 0;
    if (this_one && what == LEFT_OUT) continue;
    if (this_one && what == LONGER) shape[rank - 1]++;
    if (this_one && what == FLAT) shape[0] = from->count, rank = 1;
    assert_in_range(from->count, 0, 70);
    memcpy(more, from->values, from->count * sizeof *more);
    CHECK(context, og_tensors_add(copy, from->name, rank, shape, more));
  }
  CHECK(context, og_tensors_write(copy, path));
  og_tensors_destroy(copy);
}

/* Whatever is missing, or is not of its size, is named. */
static void what_is_not_as_it_was_saved_is_refused(void **state) {
  (void)state;
  static const char *const optimizers[] = {"sgd;momentum=0.9", "rmsprop;centered=yes;momentum=0.5", "adam",
                                           "adabelief"};
  for (size_t k = 0; k < sizeof optimizers / sizeof *optimizers; k++) {
    char options[100], path[] = "/tmp/odegrad-trainer-XXXXXX", said[100];
    snprintf(options, sizeof options, "optimizer=%s;epochs=3;batch=4;seed=5", optimizers[k]);
    close(mkstemp(path));
    run r = begin_run(options);
    og_tensors *set;
    CHECK(r.context, og_trainer_run(r.trainer, NULL, NULL));
    CHECK(r.context, og_trainer_save(r.trainer, path));
    CHECK(r.context, og_tensors_read(r.context, path, &set));
    for (size_t i = 0; i < og_tensors_count(set); i++) {
      const char *name = og_tensors_at(set, i)->name;
      int history = strcmp(name, "history") == 0;
      copy_changed(r.context, set, path, name, LEFT_OUT);
      snprintf(said, sizeof said, history ? "has no history" : "has no tensor %s", name);
      try_load(options, path, OG_ERR_DATA, said);
      copy_changed(r.context, set, path, name, LONGER);
      snprintf(said, sizeof said, history ? "has no history of 7 columns" : "tensor %s has", name);
      try_load(options, path, history ? OG_ERR_DATA : OG_ERR_SHAPE, said);
      if (history) copy_changed(r.context, set, path, name, FLAT);
      if (history) try_load(options, path, OG_ERR_DATA, said);
    }
    for (size_t i = 0; i < og_tensors_texts(set); i++) {
      const char *key, *text;
      og_tensors_text_at(set, i, &key, &text);
      int free_to_differ = strcmp(key, "odegrad.version") == 0 || strcmp(key, OG_CHECKSUM_KEY) == 0;
      int format = strcmp(key, "format") == 0;
      for (int other = 0; other < 2; other++) {
        copy_changed(r.context, set, path, key, other ? OTHER_TEXT : LEFT_OUT);
        try_load(options, path,
                 free_to_differ ? OG_OK
                 : format       ? OG_ERR_DATA
                                : OG_ERR_ARGUMENT,
                 free_to_differ ? NULL
                 : format       ? "is not the state of a training"
                 : other        ? "another"
                                : "not said");
      }
    }
    copy_changed(r.context, set, path, "none", LEFT_OUT); /* the copy itself is as good as what was saved */
    try_load(options, path, OG_OK, NULL);
    og_tensors_destroy(set);
    end_run(&r);
    unlink(path);
  }
}

/* ---- Limits and refusals ---- */

static void iterations_count_where_epochs_do_not(void **state) {
  (void)state;
  run r = begin_run("optimizer=adam;iterations=7;batch=4");
  size_t epochs;
  CHECK(r.context, og_trainer_run(r.trainer, NULL, NULL));
  assert_int_equal(og_trainer_steps(r.trainer), 7);
  og_trainer_history(r.trainer, &epochs);
  assert_int_equal(epochs, 3); /* the last of one mini-batch */
  assert_contains(og_trainer_reason(r.trainer), "all 7 iterations are done");
  end_run(&r);
  r = begin_run("optimizer=adam;iterations=0");
  assert_true(og_trainer_ended(r.trainer));
  CHECK(r.context, og_trainer_run(r.trainer, NULL, NULL));
  assert_memory_equal(og_trainer_best(r.trainer), start, sizeof start);
  end_run(&r);
}

static void bad_trainers_are_refused(void **state) {
  (void)state;
  run r = begin_run("optimizer=adam");
  og_trainer *trainer = NULL;
  double bad[SIZE] = {0, NAN};
  assert_int_equal(
      og_trainer_create(r.context, r.options,
                        &(og_trainer_parts){OG_INIT(og_trainer_parts), .p = SIZE, .loss = bowl_loss,
                                            .user = r.loss, .batches = r.batches, .theta = bad},
                        &trainer),
      OG_ERR_NOT_FINITE);
  assert_int_equal(og_trainer_create(r.context, r.options,
                                     &(og_trainer_parts){OG_INIT(og_trainer_parts), .p = SIZE,
                                                         .loss = bowl_loss, .user = r.loss, .theta = start},
                                     &trainer),
                   OG_ERR_ARGUMENT);
  assert_null(trainer);
  end_run(&r);
}

static og_status live(og_context *context) {
  run r;
  char path[] = "/tmp/odegrad-trainer-XXXXXX";
  int file = mkstemp(path);
  og_status status = try_run(context, "optimizer=rmsprop;epochs=3;batch=5;validation=0.2", &r);
  if (status == OG_OK) status = og_trainer_run(r.trainer, NULL, NULL);
  if (status == OG_OK) status = og_trainer_save(r.trainer, path);
  if (status == OG_OK) status = og_trainer_load(r.trainer, path);
  drop_run(&r);
  close(file), unlink(path);
  return status;
}

static void no_memory_is_reported(void **state) {
  (void)state;
  fail_each_allocation(live);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(everything_at_once_descends_geometrically),
                                     cmocka_unit_test(the_loop_is_its_pieces),
                                     cmocka_unit_test(a_sum_is_values_times_the_mean),
                                     cmocka_unit_test(penalties_move_the_minimum),
                                     cmocka_unit_test(theta_stays_within_its_bounds),
                                     cmocka_unit_test(every_entry_has_its_bounds),
                                     cmocka_unit_test(every_step_is_told),
                                     cmocka_unit_test(what_is_left_out_is_told),
                                     cmocka_unit_test(no_gradient_is_told),
                                     cmocka_unit_test(a_validation_that_fails_is_told),
                                     cmocka_unit_test(patience_ends_behind_the_best),
                                     cmocka_unit_test(patience_counts_what_exceeds_the_tolerance),
                                     cmocka_unit_test(failures_are_left_out),
                                     cmocka_unit_test(too_many_failures_in_a_row_end_it),
                                     cmocka_unit_test(a_loss_of_nan_is_a_failure),
                                     cmocka_unit_test(going_on_gives_the_same_bits),
                                     cmocka_unit_test(what_is_not_as_it_was_saved_is_refused),
                                     cmocka_unit_test(another_training_is_refused),
                                     cmocka_unit_test(numbers_that_cannot_be_are_refused),
                                     cmocka_unit_test(points_outside_their_bounds_are_refused),
                                     cmocka_unit_test(negative_means_of_squares_are_refused),
                                     cmocka_unit_test(iterations_count_where_epochs_do_not),
                                     cmocka_unit_test(bad_trainers_are_refused),
                                     cmocka_unit_test(no_memory_is_reported)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
