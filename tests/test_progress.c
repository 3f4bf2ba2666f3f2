/* What is seen and saved of fits and trainings while they run: lines in a file, the line of a terminal, and
 * files, at times that are made up; and standard output that could not be written. */
#include "counting.h"

#include <fcntl.h>
#include <math.h>
#include <unistd.h>

#pragma push_macro("fail") /* of cmocka: the tool has a function of that name */
#undef fail
#define fail tool_fail
#include "training.h"
#pragma pop_macro("fail")

/* ---- In the place of the tool's clock, and of the library's functions that it calls (the linker's --wrap)
 * ---- */

double __wrap_seconds_now(void);
og_status __wrap_og_output_check(og_context *context, const char *path, int *replaces);
og_status __wrap_og_parameters_write(const og_model *model, const double *theta, const char *path);
og_status __wrap_og_trainer_save(const og_trainer *trainer, const char *path);
size_t __wrap_og_trainer_steps(const og_trainer *trainer);
size_t __wrap_og_objective_stat(const og_objective *objective, og_stat stat);

static double now;
static int written, kept, writing_fails, keeping_fails, is_pipe;
static long long steps_before, evaluations;
static const double *written_theta;

double __wrap_seconds_now(void) { return now; }

og_status __wrap_og_output_check(og_context *context, const char *path, int *replaces) {
  (void)context, (void)path;
  if (replaces) *replaces = !is_pipe;
  return OG_OK;
}

og_status __wrap_og_parameters_write(const og_model *model, const double *theta, const char *path) {
  (void)model;
  assert_string_equal(path, "/nowhere/out.json");
  written++;
  written_theta = theta;
  return writing_fails ? OG_ERR_FILE : OG_OK;
}

og_status __wrap_og_trainer_save(const og_trainer *trainer, const char *path) {
  (void)trainer;
  assert_string_equal(path, "/nowhere/state");
  kept++;
  return keeping_fails ? OG_ERR_FILE : OG_OK;
}

size_t __wrap_og_trainer_steps(const og_trainer *trainer) {
  (void)trainer;
  return steps_before;
}

size_t __wrap_og_objective_stat(const og_objective *objective, og_stat stat) {
  (void)objective;
  return stat == OG_STAT_RHS_EVALS ? evaluations : 0;
}

/* ---- What is written to standard error ---- */

static char path[] = "/tmp/odegrad-progress-XXXXXX";
static int standard_error = -1;

static int make_file(void **state) {
  (void)state;
  int descriptor = mkstemp(path);
  return descriptor < 0 ? -1 : close(descriptor);
}

static int remove_file(void **state) {
  (void)state;
  return unlink(path);
}

static void begin_listening(void) {
  fflush(stderr);
  standard_error = dup(STDERR_FILENO);
  int file = open(path, O_WRONLY | O_TRUNC);
  assert_true(standard_error >= 0 && file >= 0);
  dup2(file, STDERR_FILENO);
  close(file);
}

static const char *heard(void) {
  static char text[1 << 14];
  fflush(stderr);
  dup2(standard_error, STDERR_FILENO);
  close(standard_error);
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  text[fread(text, 1, sizeof text - 1, file)] = '\0';
  fclose(file);
  return text;
}

static size_t count_lines(const char *text) {
  size_t count = 0;
  for (; *text; text++) count += *text == '\n';
  return count;
}

/* ---- Fits ---- */

static og_context *context;
static arguments nothing;
static problem plain;
static double theta[1];

static void start(progress *view, const char *out, int quiet) {
  plain = (problem){.context = context, .arguments = &nothing, .out = out, .quiet = quiet};
  now = 100, written = kept = writing_fails = keeping_fails = is_pipe = 0;
  begin_listening();
  begin_progress(view, &plain);
}

static void at(progress *view, double time, int start, long long iteration, double loss) {
  now = 100 + time;
  og_progress what = {.start = start,
                      .starts = 1,
                      .iteration = iteration,
                      .loss = loss,
                      .gradient_norm = 0.125,
                      .seconds = time,
                      .theta = theta};
  assert_int_equal(follow_progress(&what, view), 0);
}

static void a_line_of_a_fit(void **state) {
  (void)state;
  progress view;
  start(&view, NULL, 0);
  at(&view, 0.25, 0, 1, 1.0 / 3);
  og_progress what = {
      .start = 1, .starts = 3, .iteration = 12, .loss = -2, .gradient_norm = 1e-7, .seconds = 61};
  now += 1;
  follow_progress(&what, &view);
  end_progress(&view);
  assert_string_equal(heard(), "iteration 1  loss (sum) 0.33333333  |gradient| 0.125  0.2 s\n"
                               "start 2/3  iteration 12  loss (sum) -2  |gradient| 1e-07  61.0 s\n");
  assert_int_equal(written, 0);
}

/* Ten iterations of the first start have a line each, whatever the time; then there is a line a second.
 * Points without a loss have none. */
static void lines_of_a_fit(void **state) {
  (void)state;
  progress view;
  start(&view, NULL, 0);
  at(&view, 0, 0, 0, INFINITY);
  for (int i = 1; i <= 20; i++) at(&view, 0.01 * i, 0, i, 1);
  at(&view, 0.105 + 0.99, 0, 21, 1); /* within a second after the last line, at 0.1 */
  at(&view, 1.1, 0, 22, 1);
  at(&view, 1.2, 1, 1, 1); /* another start has no ten lines of its own */
  at(&view, 2.2, 1, 2, NAN);
  at(&view, 2.3, 1, 3, 1);
  end_progress(&view);
  const char *text = heard();
  assert_int_equal(count_lines(text), 12);
  assert_contains(text, "iteration 10 ");
  assert_null(strstr(text, "iteration 11 "));
  assert_contains(text, "iteration 22 ");
  assert_contains(text, "iteration 3  loss (sum) 1  |gradient| 0.125  2.3 s\n");
}

/* Where the first that is known is no early one, as of a fit that is slow to begin with, a second has to
 * pass. */
static void the_first_line_may_wait(void **state) {
  (void)state;
  progress view;
  start(&view, NULL, 0);
  at(&view, 0.5, 0, 11, 1);
  at(&view, 0.99, 0, 12, 1);
  at(&view, 1, 0, 13, 1);
  end_progress(&view);
  assert_string_equal(heard(), "iteration 13  loss (sum) 1  |gradient| 0.125  1.0 s\n");
}

/* An iteration that goes on has its line again after ten seconds. */
static void a_sign_of_life(void **state) {
  (void)state;
  progress view;
  start(&view, NULL, 0);
  for (int i = 0; i <= 40; i++) at(&view, 0.5 * i, 0, 3, 1);
  end_progress(&view);
  const char *text = heard();
  assert_int_equal(count_lines(text), 3); /* at 0, 10 and 20 s */
  assert_contains(text, " 10.0 s\n");
  assert_contains(text, " 20.0 s\n");
}

static void quiet_fits(void **state) {
  (void)state;
  progress view;
  start(&view, "/nowhere/out.json", 1);
  at(&view, 0, 0, 1, 1);
  end_progress(&view);
  assert_string_equal(heard(), "");
  assert_int_equal(written, 1); /* it is saved all the same */
}

/* What goes into a pipe is written once, at the end. */
static void fits_into_pipes(void **state) {
  (void)state;
  progress view;
  written = 0, is_pipe = 1;
  begin_progress(&view, &(problem){.out = "/nowhere/out.json", .quiet = 1});
  is_pipe = 0;
  at(&view, 0, 0, 1, 1);
  end_progress(&view);
  assert_int_equal(written, 0);
}

/* One line is rewritten, twenty times a second at most, and ends with what is newest. */
static void a_fit_on_a_terminal(void **state) {
  (void)state;
  progress view;
  start(&view, NULL, 0);
  view.terminal = 1, view.last_shown = -1e9;
  at(&view, 0, 0, 1, 1);
  at(&view, 0.04, 0, 2, 2);
  at(&view, 0.06, 0, 3, 3);
  at(&view, 0.07, 0, 4, 4);
  end_progress(&view);
  end_progress(&view);
  assert_string_equal(heard(), "\r\033[Kiteration 1  loss (sum) 1  |gradient| 0.125  0.0 s"
                               "\r\033[Kiteration 3  loss (sum) 3  |gradient| 0.125  0.1 s"
                               "\r\033[Kiteration 4  loss (sum) 4  |gradient| 0.125  0.1 s\n");
}

/* The best point is saved at once, and then once a second; a failure is told once, and nothing is tried
 * again. */
static void saves_of_a_fit(void **state) {
  (void)state;
  progress view;
  start(&view, "/nowhere/out.json", 0);
  at(&view, 0, 0, 0, INFINITY);
  assert_int_equal(written, 0);
  for (int i = 1; i <= 25; i++) at(&view, 0.125 * i, 0, i, 1); /* to 3.1 s */
  assert_int_equal(written, 4);                                /* at 0.125, 1.125, 2.125 and 3.125 s */
  assert_ptr_equal(written_theta, theta);
  writing_fails = 1;
  for (int i = 1; i <= 5; i++) at(&view, 10 * i, 0, 30, 1);
  assert_int_equal(written, 5);
  end_progress(&view);
  const char *text = heard(), *told = strstr(text, "the fit goes on, and is saved only when it ends\n");
  assert_true(told && !strstr(told + 1, "the fit goes on"));
}

/* ---- Trainings ---- */

static arguments kept_arguments;

static void start_training(training_view *view, const char *out, const char *checkpoint, int quiet) {
  kept_arguments = (arguments){.values[FLAG_CHECKPOINT] = checkpoint};
  plain = (problem){.context = context, .arguments = &kept_arguments, .out = out, .quiet = quiet};
  now = 100, written = kept = writing_fails = keeping_fails = 0, steps_before = 0, evaluations = 30;
  begin_listening();
  begin_view(view, &plain, NULL, NULL);
}

/* Step `step` of `steps`, ten of which are an epoch, at a time after the beginning. */
static void train(training_view *view, double time, long long step, long long steps) {
  now = 100 + time;
  og_epoch ended = {.epoch = step / 10, .loss = 0.5, .validation_loss = NAN};
  og_training what = {.epoch = (step + 9) / 10,
                      .epochs = steps / 10,
                      .step = step,
                      .steps = steps,
                      .ended = step % 10 ? NULL : &ended,
                      .evaluated = 4,
                      .loss = 7,
                      .best = theta};
  assert_int_equal(follow_training(&what, view), 0);
}

/* What is left is told from the steps of this run. */
static void a_line_of_a_training(void **state) {
  (void)state;
  static const struct {
    double time; /* for ten steps, of which 100 are left */
    const char *left;
  } rows[] = {{0.04, "7.5 evaluations/sample  250 steps/s  0 s left"},
              {0.3, "33.3 steps/s  3 s left"},
              {5.9, "59 s left"},
              {5.94, "59 s left"},
              {6, "1.67 steps/s  1:00 left"},
              {12.3, "2:03 left"},
              {359.9, "59:59 left"},
              {360, "1:00:00 left"},
              {372.3, "1:02:03 left"},
              {1e12, "277777:46:40 left"}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    training_view view;
    start_training(&view, NULL, NULL, 0);
    view.first_step = 20;
    train(&view, rows[i].time, 30, 130);
    end_view(&view);
    const char *text = heard();
    assert_contains(text, "epoch 3/13  loss (mean) 0.5  7.5 evaluations/sample  ");
    assert_contains(text, rows[i].left);
    assert_null(strstr(text, "validation"));
    assert_int_equal(count_lines(text), 1);
  }
  training_view view;
  start_training(&view, NULL, NULL, 0);
  og_epoch ended = {.epoch = 2, .loss = 0.25, .validation_loss = 0.75};
  og_training what = {.epoch = 2, .epochs = 2, .step = 4, .steps = 4, .ended = &ended, .evaluated = 8};
  now = 104, steps_before = 99;
  follow_training(&what, &view);
  assert_string_equal(
      heard(), "epoch 2/2  loss (mean) 0.25  validation 0.75  3.8 evaluations/sample  1 steps/s  0 s left\n");
}

/* The steps that were done before this run count neither as its own nor as left. */
static void a_training_taken_up(void **state) {
  (void)state;
  training_view view;
  start_training(&view, NULL, NULL, 0);
  steps_before = 50;
  begin_view(&view, &plain, NULL, NULL);
  train(&view, 2, 60, 110);
  assert_contains(heard(), "  5 steps/s  10 s left\n");
}

/* About twenty lines, whatever the number of epochs, with the first and the last; none within an epoch. */
static void lines_of_a_training(void **state) {
  (void)state;
  static const long long epochs[] = {1, 7, 20, 21, 40, 1000}, lines[] = {1, 7, 20, 21, 21, 21};
  for (size_t i = 0; i < sizeof epochs / sizeof *epochs; i++) {
    training_view view;
    char last[64];
    start_training(&view, NULL, NULL, 0);
    for (long long step = 1; step <= 10 * epochs[i]; step++)
      train(&view, 1 + 0.001 * (double)step, step, 10 * epochs[i]);
    end_view(&view);
    const char *text = heard();
    snprintf(last, sizeof last, "\nepoch %lld/%lld  ", epochs[i], epochs[i]);
    assert_int_equal(count_lines(text), lines[i]);
    assert_int_equal(strncmp(text, "epoch 1/", 8), 0);
    if (epochs[i] > 1) assert_contains(text, last);
  }
}

/* On a terminal steps are shown as well, twenty times a second; the line ends with the newest. */
static void a_training_on_a_terminal(void **state) {
  (void)state;
  training_view view;
  start_training(&view, NULL, NULL, 0);
  view.terminal = 1;
  train(&view, 1, 1, 20);
  train(&view, 1.04, 2, 20);
  train(&view, 1.06, 3, 20);
  train(&view, 1.07, 10, 20);
  end_view(&view);
  end_view(&view);
  const char *text = heard();
  assert_int_equal(strncmp(text, "\r\033[Kepoch 1/2  loss (mean) 7  ", 29), 0);
  size_t rewritten = 0;
  for (const char *at = text; (at = strstr(at, "\r\033[K")) != NULL; at++) rewritten++;
  assert_int_equal(rewritten, 3);
  assert_int_equal(count_lines(text), 1);
  assert_contains(text, "\r\033[Kepoch 1/2  loss (mean) 0.5  ");
}

/* On a terminal the line that is there ends before anything else is told. */
static void a_note_begins_a_line(void **state) {
  (void)state;
  training_view training;
  progress fit;
  start_training(&training, "/nowhere/out.json", NULL, 0);
  training.terminal = 1, writing_fails = 1;
  train(&training, 1, 10, 20);
  assert_contains(heard(), " left\nodegrad: --out: ");
  start(&fit, "/nowhere/out.json", 0);
  fit.terminal = 1, fit.last_shown = -1e9, writing_fails = 1;
  at(&fit, 1, 0, 1, 1);
  assert_contains(heard(), " s\nodegrad: ");
}

/* Both files after each epoch, ten times a second at most. One that fails is told of once, and the other goes
 * on. */
static void saves_of_a_training(void **state) {
  (void)state;
  training_view view;
  start_training(&view, "/nowhere/out.json", "/nowhere/state", 1);
  for (long long step = 1; step <= 9; step++) train(&view, (double)step, step, 1000);
  assert_true(written == 0 && kept == 0); /* within an epoch */
  for (long long step = 10; step <= 100; step += 10) train(&view, 10 + 0.00375 * (double)step, step, 1000);
  assert_true(written == 4 && kept == 4); /* at 0.0375, 0.15, 0.2625 and 0.375 s */
  assert_ptr_equal(written_theta, theta);
  assert_string_equal(heard(), "");
  start_training(&view, "/nowhere/out.json", "/nowhere/state", 0);
  writing_fails = 1;
  for (long long step = 10; step <= 50; step += 10) train(&view, 10 + (double)step, step, 1000);
  assert_true(written == 1 && kept == 5);
  keeping_fails = 1;
  for (long long step = 60; step <= 90; step += 10) train(&view, 10 + (double)step, step, 1000);
  assert_true(written == 1 && kept == 6);
  const char *text = heard(), *told = strstr(text, "odegrad: --out: ");
  assert_true(told && !strstr(told + 1, "odegrad: --out: "));
  told = strstr(text, "odegrad: --checkpoint: ");
  assert_true(told && !strstr(told + 1, "odegrad: --checkpoint: "));
  assert_contains(told, "; the training goes on, and it is written only when it ends\n");
}

/* A training that was taken up keeps its state where it was, unless it is told of another place. */
static void where_the_state_is_kept(void **state) {
  (void)state;
  arguments a = {0};
  problem p = {.arguments = &a};
  assert_null(kept_state(&p));
  a.values[FLAG_RESUME] = "old";
  assert_string_equal(kept_state(&p), "old");
  a.values[FLAG_CHECKPOINT] = "new";
  assert_string_equal(kept_state(&p), "new");
}

/* ---- Standard output ---- */

/* What was lost on the way is told at the end, although the last write went well. */
static void a_write_that_failed_before(void **state) {
  (void)state;
  fflush(stdout);
  int before = dup(STDOUT_FILENO), full = open("/dev/full", O_WRONLY), null = open("/dev/null", O_WRONLY);
  assert_true(before >= 0 && full >= 0 && null >= 0);
  begin_listening();
  dup2(full, STDOUT_FILENO);
  puts("lost");
  int flushed = fflush(stdout);
  dup2(null, STDOUT_FILENO);
  int failed = finish_output();
  clearerr(stdout);
  int well = finish_output();
  dup2(before, STDOUT_FILENO);
  close(before), close(full), close(null);
  assert_string_equal(heard(), "odegrad: cannot write to standard output: Input/output error\n");
  assert_true(flushed == EOF && failed == EXIT_FAILED && well == EXIT_DONE);
}

int main(void) {
  context = new_context();
  const struct CMUnitTest tests[] = {cmocka_unit_test(a_line_of_a_fit),
                                     cmocka_unit_test(lines_of_a_fit),
                                     cmocka_unit_test(a_sign_of_life),
                                     cmocka_unit_test(the_first_line_may_wait),
                                     cmocka_unit_test(quiet_fits),
                                     cmocka_unit_test(fits_into_pipes),
                                     cmocka_unit_test(a_fit_on_a_terminal),
                                     cmocka_unit_test(saves_of_a_fit),
                                     cmocka_unit_test(a_line_of_a_training),
                                     cmocka_unit_test(a_training_taken_up),
                                     cmocka_unit_test(lines_of_a_training),
                                     cmocka_unit_test(a_training_on_a_terminal),
                                     cmocka_unit_test(a_note_begins_a_line),
                                     cmocka_unit_test(saves_of_a_training),
                                     cmocka_unit_test(where_the_state_is_kept),
                                     cmocka_unit_test(a_write_that_failed_before)};
  int failed = cmocka_run_group_tests(tests, make_file, remove_file);
  og_context_destroy(context);
  return failed;
}
