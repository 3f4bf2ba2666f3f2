/* Optimisers and learning rates against PyTorch's and optax's own trajectories, and against first steps that
 * are known in closed form. */
#include <math.h>

#include "counting.h"
#include "fitting.h"
#include "train/updater.h"

enum { SIZE = 3, STEPS = 40, LINE = 512 };

/* ---- The trajectories of tests/oracles/optimizers.py ---- */

static double oracle_gradient(int step, int i) {
  return (double)((step * 7919 + i * 104729 + step * step * 31) % 1024 - 384) / 256;
}

static og_options *options_of(og_context *context, const char *text) {
  og_options *options = NULL;
  CHECK(context, og_options_create(context, &options));
  char copy[LINE];
  snprintf(copy, sizeof copy, "%s", text);
  for (char *pair = strtok(copy, ";"); pair; pair = strtok(NULL, ";")) {
    char *equals = strchr(pair, '=');
    *equals = '\0';
    CHECK(context, og_options_set_text(options, pair, equals + 1));
  }
  return options;
}

typedef struct run {
  og_context *context;
  og_options *options;
  og_updater *updater;
  double theta[SIZE];
} run;

static run begin_run(const char *text) {
  run r = {.context = new_context(), .theta = {1.5, -0.75, 0.125}};
  r.options = options_of(r.context, text);
  CHECK(r.context, og_updater_create(r.context, r.options, SIZE, &r.updater));
  return r;
}

static void end_run(run *r) {
  og_updater_destroy(r->updater);
  og_options_destroy(r->options);
  og_context_destroy(r->context);
}

static void step_run(run *r, int step) {
  double gradient[SIZE];
  for (int i = 0; i < SIZE; i++) gradient[i] = oracle_gradient(step, i);
  og_clip_gradient(r->options, SIZE, gradient);
  CHECK(r->context,
        og_updater_step(r->updater, og_learning_rate_factor(r->options, step, STEPS), gradient, r->theta));
}

/* Each step rounds theta a few times, to 1e-16 of its size (about 1). PyTorch's schedules multiply the rate
 * on from step to step, which the closed form does not. */
static void trajectories_are_those_of_pytorch_and_optax(void **state) {
  (void)state;
  FILE *file = fopen("tests/oracles/optimizers.csv", "r");
  char line[LINE];
  run r = {0};
  int rows = 0;
  assert_non_null(file);
  assert_non_null(fgets(line, sizeof line, file));
  for (; fgets(line, sizeof line, file); rows++) {
    char *comma = strchr(line, ',');
    *comma = '\0';
    int step = (int)strtol(comma + 1, &comma, 10);
    if (step == 0) {
      if (rows) end_run(&r);
      r = begin_run(line);
    }
    step_run(&r, step);
    for (int i = 0; i < SIZE; i++) {
      double want = strtod(comma + 1, &comma);
      if (!(fabs(r.theta[i] - want) <= 1e-14 * (1 + fabs(want))))
        fail_msg("%s, step %d: theta[%d] is %.17g, not %.17g", line, step, i, r.theta[i], want);
    }
  }
  end_run(&r);
  fclose(file);
  assert_int_equal(rows, 19 * STEPS);
}

/* ---- Closed forms ---- */

/* The first step of those that divide by the gradient's own size is the learning rate, whatever the gradient;
 * of rmsprop lr / sqrt(1 - alpha), of AdaBelief, whose first g - m is beta1 g, lr / beta1. */
static void first_steps_are_known(void **state) {
  (void)state;
  static const struct {
    const char *text;
    double size; /* of the step against the sign of the gradient; times the gradient for sgd */
    int times_gradient;
  } rows[] = {{"optimizer=adam", 1e-3, 0},
              {"optimizer=adamw;weight-decay=0", 1e-3, 0},
              {"optimizer=adabelief", 1e-3 / 0.9, 0},
              {"optimizer=rmsprop", 1e-2 * 10, 0},
              {"optimizer=sgd;momentum=0.5;dampening=0.5", 1e-3, 1},
              {"optimizer=sgd;momentum=0.5;nesterov=yes", 1.5e-3, 1}};
  for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
    run r = begin_run(rows[k].text);
    double before[SIZE], gradient[SIZE] = {2, -300, 1e4};
    memcpy(before, r.theta, sizeof before);
    CHECK(r.context, og_updater_step(r.updater, 1, gradient, r.theta));
    for (int i = 0; i < SIZE; i++) {
      double want = rows[k].size * (rows[k].times_gradient ? fabs(gradient[i]) : 1);
      double got = (before[i] - r.theta[i]) * (gradient[i] > 0 ? 1 : -1);
      if (fabs(got / want - 1) > 1e-6) /* epsilon over the smallest gradient */
        fail_msg("%s: a first step of %g, not %g", rows[k].text, got, want);
    }
    end_run(&r);
  }
}

static void exempt_parameters_do_not_decay(void **state) {
  (void)state;
  run r = begin_run("optimizer=adamw;learning-rate=0.5;weight-decay=0.5");
  double nothing[SIZE] = {0};
  CHECK(r.context, og_updater_exempt(r.updater, 2));
  CHECK(r.context, og_updater_step(r.updater, 1, nothing, r.theta));
  assert_true(r.theta[0] == 1.5 && r.theta[1] == -0.75 && r.theta[2] == 0.125 * 0.75);
  assert_int_equal(og_updater_exempt(r.updater, SIZE + 1), OG_ERR_ARGUMENT);
  end_run(&r);
}

/* ---- State ---- */

/* A copy of the arrays goes on to the same bits. */
static void the_arrays_are_the_whole_state(void **state) {
  (void)state;
  static const char *const texts[] = {"optimizer=sgd;momentum=0.9",
                                      "optimizer=rmsprop;momentum=0.5;centered=yes", "optimizer=adam",
                                      "optimizer=adamw", "optimizer=adabelief"};
  for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
    run r = begin_run(texts[k]), copy = begin_run(texts[k]);
    for (int step = 0; step < 10; step++) step_run(&r, step);
    memcpy(copy.theta, r.theta, sizeof r.theta);
    for (size_t i = 0; i < og_updater_arrays(r.updater); i++) {
      og_state_array from = {OG_INIT(og_state_array)}, to = {OG_INIT(og_state_array)};
      CHECK(r.context, og_updater_array(r.updater, i, &from));
      CHECK(r.context, og_updater_array(copy.updater, i, &to));
      assert_string_equal(from.name, to.name);
      memcpy(to.values, from.values, from.count * sizeof(double));
    }
    og_state_array none = {OG_INIT(og_state_array)};
    assert_int_equal(og_updater_array(r.updater, og_updater_arrays(r.updater), &none), OG_ERR_ARGUMENT);
    for (int step = 10; step < STEPS; step++) step_run(&r, step), step_run(&copy, step);
    assert_memory_equal(r.theta, copy.theta, sizeof r.theta);
    end_run(&r), end_run(&copy);
  }
}

/* ---- Refusals ---- */

static void what_is_not_finite_takes_no_step(void **state) {
  (void)state;
  run r = begin_run("optimizer=sgd;learning-rate=1e300"),
      same = begin_run("optimizer=sgd;learning-rate=1e300");
  double bad[SIZE] = {1, NAN, 1}, large[SIZE] = {0, -1e10, 0};
  assert_int_equal(og_updater_step(r.updater, 1, bad, r.theta), OG_ERR_NOT_FINITE);
  assert_contains(og_context_message(r.context), "entry 2 of the gradient");
  assert_memory_equal(r.theta, same.theta, sizeof r.theta);
  assert_int_equal(og_updater_step(r.updater, 1, large, r.theta), OG_ERR_NOT_FINITE);
  assert_contains(og_context_message(r.context), "smaller learning rate");
  assert_memory_equal(r.theta, same.theta, sizeof r.theta);
  assert_int_equal(og_updater_step(r.updater, NAN, large, r.theta), OG_ERR_NOT_FINITE);
  end_run(&r), end_run(&same);
}

static void optimizers_that_do_not_train_are_refused(void **state) {
  (void)state;
  og_context *context = new_context();
  og_updater *updater = NULL;
  assert_int_equal(og_updater_create(context, NULL, SIZE, &updater), OG_ERR_ARGUMENT);
  for (int optimizer = 0; optimizer <= OG_OPTIMIZER_ADABELIEF; optimizer++)
    assert_int_equal(og_optimizer_trains((og_optimizer)optimizer), optimizer >= OG_OPTIMIZER_ADAM);
  assert_false(og_optimizer_trains((og_optimizer)(OG_OPTIMIZER_ADABELIEF + 1)));
  static const struct {
    const char *text, *message;
    og_status status;
  } rows[] = {{"optimizer=lbfgs", "adam, sgd, rmsprop", OG_ERR_UNSUPPORTED},
              {"optimizer=gradient", "single steps", OG_ERR_UNSUPPORTED},
              {"optimizer=sgd;nesterov=yes", "momentum > 0", OG_ERR_ARGUMENT},
              {"optimizer=sgd;nesterov=yes;momentum=0.5;dampening=0.1", "dampening = 0", OG_ERR_ARGUMENT}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    og_options *options = options_of(context, rows[i].text);
    assert_int_equal(og_updater_create(context, options, SIZE, &updater), rows[i].status);
    assert_null(updater);
    assert_contains(og_context_message(context), rows[i].message);
    og_options_destroy(options);
  }
  og_options *options = options_of(context, "optimizer=adam");
  assert_int_equal(og_updater_create(context, options, 0, &updater), OG_ERR_ARGUMENT);
  og_options_destroy(options);
  og_context_destroy(context);
}

static og_status live(og_context *context) {
  og_options *options = NULL;
  og_updater *updater = NULL;
  OG_TRY(og_options_create(context, &options));
  og_status status = og_options_set_choice(options, OG_OPT_OPTIMIZER, OG_OPTIMIZER_ADAM);
  if (status == OG_OK) status = og_updater_create(context, options, 2, &updater);
  og_updater_destroy(updater);
  og_options_destroy(options);
  return status;
}

static void no_memory_is_reported(void **state) {
  (void)state;
  fail_each_allocation(live);
}

/* ---- Learning rates ---- */

static double factor_of(const char *text, long long step, long long steps) {
  og_context *context = new_context();
  og_options *options = options_of(context, text);
  double factor = og_learning_rate_factor(options, step, steps);
  og_options_destroy(options);
  og_context_destroy(context);
  return factor;
}

static void schedules_have_their_ends(void **state) {
  (void)state;
  assert_true(factor_of("lr-schedule=constant", 0, 10) == 1 && factor_of("lr-schedule=constant", 9, 10) == 1);
  assert_true(factor_of("lr-schedule=cosine", 0, 10) == 1);
  assert_close(factor_of("lr-schedule=cosine;lr-final=0.2", 5, 10), 0.6, 1e-15);
  assert_true(factor_of("lr-schedule=cosine;lr-final=0.2", 10, 10) == 0.2);
  assert_true(factor_of("lr-schedule=cosine;lr-final=0.2", 11, 10) == 0.2); /* and stays there */
  assert_true(factor_of("lr-schedule=step;lr-step=3;lr-decay=0.5", 2, 10) == 1);
  assert_true(factor_of("lr-schedule=step;lr-step=3;lr-decay=0.5", 6, 10) == 0.25);
  assert_true(factor_of("warm-up=3", 0, 10) == 0.25 && factor_of("warm-up=3", 3, 10) == 1);
  assert_true(factor_of("lr-schedule=cosine;warm-up=3", 3, 10) == 1); /* the schedule begins behind it */
  assert_true(factor_of("lr-schedule=cosine;warm-up=20", 4, 10) == 5.0 / 21);
}

static double clip(const char *text, double gradient[2]) {
  og_context *context = new_context();
  og_options *options = options_of(context, text);
  double norm = og_clip_gradient(options, 2, gradient);
  og_options_destroy(options);
  og_context_destroy(context);
  return norm;
}

static void gradients_are_clipped(void **state) {
  (void)state;
  double gradient[2] = {3, -4};
  assert_true(clip("clip-norm=6", gradient) == 5 && gradient[0] == 3 && gradient[1] == -4);
  assert_true(clip("clip-norm=2.5", gradient) == 5);
  assert_close(gradient[0], 1.5, 1e-6); /* PyTorch adds 1e-6 to the norm */
  assert_close(gradient[1], -2, 1e-6);
  double steep[2] = {3e200, -4e200}; /* the squares of which overflow */
  assert_close(clip("clip-value=3", steep), 5e200, 1e-15);
  assert_true(steep[0] == 3 && steep[1] == -3);
}

/* Both: each entry first, so that (3, -40) becomes (3, -4), of norm 5, and then its half. What is returned is
 * the norm of what came in. */
static void entries_are_clipped_before_the_norm(void **state) {
  (void)state;
  double gradient[2] = {3, -40};
  assert_close(clip("clip-value=4;clip-norm=2.5", gradient), sqrt(1609), 1e-15);
  assert_close(gradient[0], 1.5, 1e-6);
  assert_close(gradient[1], -2, 1e-6);
  double small[2] = {3, -40}; /* the norm of (3, -4) is within the limit, that of (3, -40) is not */
  assert_close(clip("clip-norm=6;clip-value=4", small), sqrt(1609), 1e-15);
  assert_true(small[0] == 3 && small[1] == -4);
}

/* Where squares overflow or vanish, norms are as good: a power of two changes no digit. */
static void norms_have_the_whole_range(void **state) {
  (void)state;
  static const int powers[] = {0, -100, -400, -465, -466, -540, -1000, 400, 510, 511, 1000};
  for (size_t k = 0; k < sizeof powers / sizeof *powers; k++)
    for (int swap = 0; swap < 2; swap++) {
      double three = ldexp(3, powers[k]), four = -ldexp(4, powers[k]);
      double gradient[2] = {swap ? four : three, swap ? three : four};
      assert_true(fabs(ldexp(clip("clip-norm=0", gradient), -powers[k]) - 5) <= 2e-15);
      assert_true(gradient[swap] == three && gradient[!swap] == four);
    }
  double nothing[2] = {0, 0}, half[2] = {3, -40}, edge[2] = {INFINITY, 1};
  assert_true(clip("clip-norm=1;clip-value=1", nothing) == 0 && nothing[0] == 0 && nothing[1] == 0);
  assert_close(clip("clip-norm=0.25;clip-value=0.5", half), sqrt(1609), 1e-15);
  assert_close(half[0], 0.25 / sqrt(2), 3e-6); /* of (0.5, -0.5), to PyTorch's 1e-6 */
  assert_close(half[1], -0.25 / sqrt(2), 3e-6);
  assert_true(clip("clip-norm=0", edge) == INFINITY);
  double untouched[2] = {1, 2};
  assert_true(isnan(og_clip_gradient(NULL, 2, untouched)) && untouched[0] == 1);
}

/* l1 sum |x| + l2 sum x^2 over what is not exempt, and its derivative: at 0 that of |x| is 0. */
static void penalties_are_sums(void **state) {
  (void)state;
  og_context *context = new_context();
  static const double factors[] = {0, 1, 0.25};
  static const double theta[4] = {-2, 0, 3, -0.5};
  for (int k = 0; k < 9; k++)
    for (size_t exempt = 0; exempt < 4; exempt++) {
      double gradient[4] = {1, 2, 3, 4}, sum = 0, l1 = factors[k % 3], l2 = factors[k / 3];
      char text[64];
      snprintf(text, sizeof text, "l1=%g;l2=%g", l1, l2);
      og_options *options = options_of(context, text);
      double penalty = og_penalize(options, exempt, 4, theta, gradient);
      for (size_t i = 0; i < 4; i++) {
        double own = i < exempt ? 0 : 1, sign = theta[i] < 0 ? -1 : theta[i] > 0;
        sum += own * (l1 * fabs(theta[i]) + l2 * theta[i] * theta[i]);
        assert_true(gradient[i] == (double)(i + 1) + own * (l1 * sign + 2 * l2 * theta[i]));
      }
      assert_true(penalty == sum && og_penalize(options, exempt, 4, theta, NULL) == sum);
      og_options_destroy(options);
    }
  og_context_destroy(context);
}

/* Whichever entry it is, it is named, and neither theta nor state moves. */
static void the_entry_is_named(void **state) {
  (void)state;
  run r = begin_run("optimizer=sgd;learning-rate=1");
  for (int i = 0; i < SIZE; i++) {
    double gradient[SIZE] = {1, 1, 1}, before[SIZE];
    char said[128];
    memcpy(before, r.theta, sizeof before);
    gradient[i] = i ? INFINITY : NAN;
    assert_int_equal(og_updater_step(r.updater, 1, gradient, r.theta), OG_ERR_NOT_FINITE);
    snprintf(said, sizeof said, "entry %d of the gradient is", i + 1);
    assert_contains(og_context_message(r.context), said);
    gradient[i] = 1e308;
    assert_int_equal(og_updater_step(r.updater, 1e10, gradient, r.theta), OG_ERR_NOT_FINITE);
    snprintf(said, sizeof said, "takes entry %d of theta from %g to -inf (its gradient is 1e+308)", i + 1,
             before[i]);
    assert_contains(og_context_message(r.context), said);
    assert_memory_equal(before, r.theta, sizeof before);
  }
  end_run(&r);
}

/* Centered, with nothing remembered: the square is g^2 - g^2, and the step g over epsilon alone. */
static void a_constant_gradient_has_no_spread(void **state) {
  (void)state;
  run r = begin_run("optimizer=rmsprop;centered=yes;alpha=0;epsilon=0.5;learning-rate=0.25");
  double gradient[SIZE] = {2, -3, 4}, before[SIZE];
  for (int step = 0; step < 3; step++) {
    memcpy(before, r.theta, sizeof before);
    CHECK(r.context, og_updater_step(r.updater, 1, gradient, r.theta));
    for (int i = 0; i < SIZE; i++) assert_true(r.theta[i] == before[i] - 0.25 * gradient[i] / 0.5);
  }
  end_run(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(trajectories_are_those_of_pytorch_and_optax),
                                     cmocka_unit_test(first_steps_are_known),
                                     cmocka_unit_test(exempt_parameters_do_not_decay),
                                     cmocka_unit_test(the_arrays_are_the_whole_state),
                                     cmocka_unit_test(what_is_not_finite_takes_no_step),
                                     cmocka_unit_test(optimizers_that_do_not_train_are_refused),
                                     cmocka_unit_test(no_memory_is_reported),
                                     cmocka_unit_test(schedules_have_their_ends),
                                     cmocka_unit_test(gradients_are_clipped),
                                     cmocka_unit_test(norms_have_the_whole_range),
                                     cmocka_unit_test(penalties_are_sums),
                                     cmocka_unit_test(the_entry_is_named),
                                     cmocka_unit_test(a_constant_gradient_has_no_spread),
                                     cmocka_unit_test(entries_are_clipped_before_the_norm)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
