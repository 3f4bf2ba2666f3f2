/* The training loop with losses whose minimum and path are known in closed form; failures; what is told. */
#include <unistd.h>

#include "bowl.h"

/* ---- Paths ---- */

/* Means of c over 12 trajectories: 5.5 and 506 / 120. Each step takes the share eta of the way there. */
static void everything_at_once_descends_geometrically(void **state) {
  (void)state;
  run r = begin_run("optimizer=sgd;learning-rate=0.25;epochs=20");
  CHECK(r.context, og_trainer_run(r.trainer, NULL, NULL));
  size_t epochs = og_trainer_epochs(r.trainer);
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
    assert_close(epoch_of(r.trainer, e).loss, spread + away, 1e-13);
    assert_true(isnan(epoch_of(r.trainer, e).validation_loss) &&
                epoch_of(r.trainer, e).learning_rate == 0.25);
    assert_close(epoch_of(r.trainer, e).gradient_norm, sqrt(2 * away), 1e-12);
    assert_true(epoch_of(r.trainer, e).epoch == e + 1 && epoch_of(r.trainer, e).steps == e + 1);
  }
  assert_true(og_trainer_best_loss(r.trainer) == epoch_of(r.trainer, 19).loss);
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
    size_t count, values = 0;
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
  for (size_t m = 0; m < 12; m++) all[m] = (og_window){m, 0, 0, 0};
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
  epochs = og_trainer_epochs(r.trainer);
  for (size_t e = 0; e < epochs; e++)
    if (epoch_of(r.trainer, e).validation_loss < epoch_of(r.trainer, best).validation_loss) best = e;
  assert_true(best > 0);
  assert_int_equal(epochs, best + 1 + 4);
  assert_true(og_trainer_converged(r.trainer));
  assert_contains(og_trainer_reason(r.trainer), "validation loss");
  const double *theta = og_trainer_best(r.trainer);
  double loss = (pow(theta[0] - 1, 2) + pow(theta[1] - 1, 2)) / 2;
  assert_close(loss, epoch_of(r.trainer, best).validation_loss, 1e-14);
  assert_true(og_trainer_best_loss(r.trainer) == epoch_of(r.trainer, best).validation_loss);
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
  epochs = og_trainer_epochs(r.trainer);
  assert_int_equal(epochs, better + 1 + 3);
  assert_close(epoch_of(r.trainer, better).loss, reference, 1e-12);
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
  epochs = og_trainer_epochs(t->r->trainer);
  assert_int_equal(now->size, sizeof *now);
  assert_int_equal(now->step, step);
  assert_int_equal(now->steps, t->per_epoch * t->epochs);
  assert_int_equal(now->epoch, (step - 1) / t->per_epoch + 1);
  assert_int_equal(now->epochs, t->epochs);
  assert_int_equal(now->windows, size);
  int last = in_epoch + 1 == t->per_epoch;
  assert_int_equal(now->evaluated, last && t->held_out ? t->held_out : size);
  assert_int_equal(now->ended != NULL, last);
  if (last) {
    og_epoch known = epoch_of(t->r->trainer, epochs - 1);
    assert_memory_equal(now->ended, &known, sizeof known);
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
  epochs = og_trainer_epochs(r.trainer);
  assert_int_equal(epochs, 3);
  for (int e = 0; e < 3; e++) assert_int_equal(isnan(epoch_of(r.trainer, e).validation_loss), e == 1);
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
  epochs = og_trainer_epochs(r.trainer);
  for (size_t e = 0; e < epochs; e++) skipped += epoch_of(r.trainer, e).skipped;
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

/* ---- Limits and refusals ---- */

static void iterations_count_where_epochs_do_not(void **state) {
  (void)state;
  run r = begin_run("optimizer=adam;iterations=7;batch=4");
  CHECK(r.context, og_trainer_run(r.trainer, NULL, NULL));
  assert_int_equal(og_trainer_steps(r.trainer), 7);
  assert_int_equal(og_trainer_epochs(r.trainer), 3); /* the last of one mini-batch */
  assert_contains(og_trainer_reason(r.trainer), "all 7 iterations are done");
  end_run(&r);
  r = begin_run("optimizer=adam;iterations=0");
  assert_true(og_trainer_ended(r.trainer));
  CHECK(r.context, og_trainer_run(r.trainer, NULL, NULL));
  assert_memory_equal(og_trainer_best(r.trainer), start, sizeof start);
  end_run(&r);
}

/* Three mini-batches make an epoch of twelve windows; the last epoch may have fewer. */
static int check_epochs(const og_training *now, void *user) {
  const size_t *steps = user;
  assert_int_equal(now->steps, *steps);
  assert_int_equal(now->epochs, (*steps + 2) / 3);
  assert_int_equal(now->epoch, (now->step + 2) / 3);
  assert_int_equal(now->ended != NULL, now->step % 3 == 0 || now->step == *steps);
  return 0;
}

static void iterations_tell_their_epochs(void **state) {
  (void)state;
  for (size_t steps = 1; steps <= 8; steps++) {
    char options[64];
    snprintf(options, sizeof options, "optimizer=adam;iterations=%zu;batch=4", steps);
    run r = begin_run(options);
    CHECK(r.context, og_trainer_run(r.trainer, check_epochs, &steps));
    assert_int_equal(og_trainer_steps(r.trainer), steps);
    end_run(&r);
  }
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
  char path[] = "/tmp/odegrad-trainer-&history[X]X";
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
                                     cmocka_unit_test(iterations_count_where_epochs_do_not),
                                     cmocka_unit_test(iterations_tell_their_epochs),
                                     cmocka_unit_test(bad_trainers_are_refused),
                                     cmocka_unit_test(no_memory_is_reported)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
