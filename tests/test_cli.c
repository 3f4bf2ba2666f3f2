/* The command line as a user runs it: golden transcripts, numbers against closed forms, an interrupted fit.
 */
#include "tool.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FINE " --rtol 1e-11 --atol 1e-13"

/* ---- Transcripts ---- */

static void run_script(const char *name, const char *more) {
  char command[4096];
  snprintf(command, sizeof command, "tests/cli/%s '%s' %s", name, tool(), more);
  assert_int_equal(system(command), 0);
}

static void transcripts(void **state) {
  (void)state;
  run_script("run.sh", "");
}

static void doctored_transcripts_fail(void **state) {
  (void)state;
  run_script("compare_test.sh", "");
}

static void examples_of_the_documentation(void **state) {
  (void)state;
  run_script("docs.sh", "README.md");
  run_script("docs.sh", "docs/cli.md");
  run_script("docs.sh", "docs/adjoints.md");
  run_script("docs.sh", "docs/events.md");
  run_script("docs.sh", "docs/files.md");
  run_script("docs.sh", "docs/training.md");
  run_script("docs.sh", "examples/bouncing_ball/README.md");
  run_script("docs.sh", "examples/infusion/README.md");
}

/* Data were made with these values and normal noise: estimates are within four standard errors of them in all
 * but one of 16000 cases each. */
static void made_with(const char *example, size_t count, const char *const *names, const double *values) {
  char arguments[256];
  snprintf(arguments, sizeof arguments, "fit examples/%s.ode --data examples/%s.csv", example, example);
  cJSON *object = run_json(arguments), *parameters = at(object, "params");
  for (size_t i = 0; i < count; i++) {
    cJSON *parameter = at(parameters, names[i]);
    double away = fabs(number(at(parameter, "estimate")) - values[i]);
    if (!(away <= 4 * number(at(parameter, "std_error"))))
      fail_msg("%s of %s is off by %g", names[i], example, away);
  }
  cJSON_Delete(object);
}

/* Twice what the loss falls by from the values that data were made with to the estimates is chi-squared with
 * as many degrees of freedom as there are parameters: with five it is below 16.75 in all but one of 200
 * cases. */
static void likely_values(const char *fit, const char *grad) {
  cJSON *best = run_json(fit), *true_values = run_json(grad);
  double fall = number(at(true_values, "loss")) - number(at(best, "loss"));
  assert_true(fall >= 0);
  assert_true(2 * fall < 16.75);
  cJSON_Delete(best);
  cJSON_Delete(true_values);
}

static void examples_with_events_and_inputs(void **state) {
  (void)state;
  static const char *const ball[] = {"g", "e", "height"};
  static const char *const infusion[] = {"CL", "Q", "V1", "V2", "sigma"};
  made_with("bouncing_ball/bouncing_ball", 3, ball, (double[]){9.81, 0.75, 9.5});
  made_with("infusion/infusion", 5, infusion, (double[]){5, 4, 12, 25, 0.15});
  likely_values("fit examples/infusion/infusion.ode --data examples/infusion/infusion.csv",
                "grad examples/infusion/infusion.ode --data examples/infusion/infusion.csv "
                "--set CL=5 --set Q=4 --set V1=12 --set V2=25 --set sigma=0.15");
}

/* ---- Numbers ---- */

static void solutions_are_those_of_the_closed_form(void **state) {
  (void)state;
  cJSON *object = run_json("solve " FIXTURES "decay.ode --times 0:4:9" FINE);
  cJSON *t = at(object, "t"), *x = at(at(object, "states"), "x");
  assert_int_equal(cJSON_GetArraySize(t), 9);
  assert_int_equal(cJSON_GetArraySize(x), 9);
  for (int i = 0; i < 9; i++) {
    assert_true(number(cJSON_GetArrayItem(t, i)) == i * 0.5);
    assert_close(number(cJSON_GetArrayItem(x, i)), 2 * exp(-0.25 * i), 1e-9); /* 100 steps of 1e-11 */
  }
  assert_true(number(at(at(object, "stats"), "steps")) > 0);
  cJSON_Delete(object);
}

static void vectors_are_arrays(void **state) {
  (void)state;
  cJSON *object = run_json("solve " FIXTURES "turn.ode --times 0:1:3" FINE);
  cJSON *x = at(at(object, "states"), "x");
  for (int i = 0; i < 3; i++) {
    cJSON *row = cJSON_GetArrayItem(x, i);
    assert_int_equal(cJSON_GetArraySize(row), 2);
    assert_close(number(cJSON_GetArrayItem(row, 0)), cos(0.5 * i), 1e-9);
    assert_close(number(cJSON_GetArrayItem(row, 1)), -sin(0.5 * i), 1e-9);
  }
  cJSON_Delete(object);
}

static void numbers_read_back_to_the_same_double(void **state) {
  (void)state;
  /* 0.1 + 0.2 is the neighbour of 0.3: 15 digits do not tell them apart */
  cJSON *object = run_json("solve " FIXTURES "decay.ode --set a=0.30000000000000004 --times 0:1:7");
  cJSON *t = at(object, "t"), *x = at(at(object, "states"), "x");
  assert_true(number(cJSON_GetArrayItem(x, 0)) == 0.1 + 0.2);
  for (int i = 0; i < 7; i++) assert_true(number(cJSON_GetArrayItem(t, i)) == (double)i / 6);
  char *out;
  assert_int_equal(run(&out, "solve " FIXTURES "decay.ode --set a=0.30000000000000004 --times 0:1:7 --out -"),
                   0);
  char *line = strchr(out, '\n');
  for (int i = 0; i < 7; i++, line = strchr(line + 1, '\n')) {
    double read_t, read_x;
    assert_int_equal(sscanf(line + 1, "%lf,%lf", &read_t, &read_x), 2);
    assert_true(read_t == number(cJSON_GetArrayItem(t, i)));
    assert_true(read_x == number(cJSON_GetArrayItem(x, i)));
  }
  free(out);
  cJSON_Delete(object);
}

/* decay.ode with the rows of decay.csv that have a value. */
static const double data_t[] = {0, 1, 2, 4}, data_y[] = {2.1, 1.2, 0.7, 0.3};

static void gradients_are_those_of_the_closed_form(void **state) {
  (void)state;
  double loss = 0, dk = 0, da = 0, dt0 = 0;
  for (int i = 0; i < 4; i++) {
    double e = exp(-0.5 * data_t[i]), x = 2 * e, residual = (x - data_y[i]) / 0.01;
    loss += 0.5 * residual * (x - data_y[i]) + log(0.1) + 0.5 * log(2 * acos(-1));
    dk -= residual * data_t[i] * x;
    da += residual * e;
    dt0 += residual * 0.5 * x; /* x(t) = a exp(-k (t - t0)) */
  }
  cJSON *object = run_json("grad " FIXTURES "decay.ode --data " FIXTURES "decay.csv" FINE);
  assert_close(number(at(object, "loss")), loss, 1e-8);
  assert_close(number(at(at(object, "gradient"), "k")), dk, 1e-8);
  assert_close(number(at(at(object, "gradient"), "a")), da, 1e-8);
  assert_close(number(at(at(object, "init_gradient"), "x")), da, 1e-8);
  assert_close(number(at(at(object, "time_gradient"), "t0")), dt0, 1e-7);
  assert_close(number(at(at(object, "time_gradient"), "t1")), 0, 1e-7);
  static const char *const stats[] = {"steps",     "rejected",         "rhs_evals",
                                      "vjp_evals", "checkpoint_bytes", "seconds"};
  for (size_t i = 0; i < 6; i++) assert_true(number(at(at(object, "stats"), stats[i])) >= 0);
  cJSON_Delete(object);
}

static void initial_gradients_of_several_trajectories_are_arrays(void **state) {
  (void)state;
  cJSON *object = run_json("grad " FIXTURES "decay.ode --data " FIXTURES "two.csv" FINE);
  static const double t[2][3] = {{0, 1, 0}, {0, 2, 3}}, y[2][3] = {{2.1, 1.2, 0}, {1.9, 0.8, 0.4}};
  cJSON *x = at(at(object, "init_gradient"), "x");
  assert_int_equal(cJSON_GetArraySize(x), 2);
  double sum = 0;
  for (int m = 0; m < 2; m++) {
    double bar = 0;
    for (int i = 0; i < 2 + m; i++) bar += (2 * exp(-0.5 * t[m][i]) - y[m][i]) / 0.01 * exp(-0.5 * t[m][i]);
    assert_close(number(cJSON_GetArrayItem(x, m)), bar, 1e-8);
    sum += bar;
  }
  assert_close(number(at(at(object, "gradient"), "a")), sum, 1e-8);
  cJSON_Delete(object);
}

static void check_holds_the_gradient_of_grad(void **state) {
  (void)state;
  cJSON *grad = run_json("grad " FIXTURES "decay.ode --data " FIXTURES "decay.csv");
  cJSON *check = run_json("check " FIXTURES "decay.ode --data " FIXTURES "decay.csv");
  static const char *const names[] = {"k", "a", "x(t0)", "t0", "t1"};
  cJSON *components = at(check, "components");
  assert_int_equal(cJSON_GetArraySize(components), 5);
  for (int i = 0; i < 5; i++)
    assert_string_equal(at(cJSON_GetArrayItem(components, i), "name")->valuestring, names[i]);
  assert_true(number(at(cJSON_GetArrayItem(components, 0), "discrete")) ==
              number(at(at(grad, "gradient"), "k")));
  assert_true(number(at(cJSON_GetArrayItem(components, 3), "discrete")) ==
              number(at(at(grad, "time_gradient"), "t0")));
  assert_true(cJSON_IsTrue(at(check, "agree")));
  cJSON_Delete(grad);
  cJSON_Delete(check);
}

/* Models whose steps are good for x and may be useless for its derivative, with closed forms. Whatever
 * becomes of the discrete gradient, made right or refused: what `check` takes for the reference is right, and
 * it does not say that wrong ones agree. */
static void check_takes_no_wrong_reference(void **state) {
  (void)state;
  const struct {
    const char *model, *name;
    double truth, tolerance; /* of the solves: 1e-6, amplified a thousandfold at most */
  } cases[] = {{"rest.ode", "p", 1. / 3, 1e-3},
               {"rest_jump.ode", "ksyn", 1 + 3 * (1 - exp(-1)),
                1e-3}, /* x rests at 2; at t = 50 production is fourfold */
               {"zero_state.ode", "a", exp(sin(30)), 1e-3},
               {"zero_parameter.ode", "th", 50 - sin(2000) / 40, 1e-3},
               {"decay.ode --data " FIXTURES "decay.csv", NULL, 0, 0}};
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    char *out;
    int status = run(&out, "check " FIXTURES "%s --json --quiet", cases[k].model);
    cJSON *object = cJSON_Parse(out), *component = cJSON_GetArrayItem(at(object, "components"), 0);
    const cJSON *reference = at(object, "reference");
    assert_true((status == 0) == cJSON_IsTrue(at(object, "agree")));
    if (cases[k].name) assert_string_equal(at(component, "name")->valuestring, cases[k].name);
    if (cJSON_IsString(reference) && cases[k].name)
      assert_close(number(at(component, reference->valuestring)), cases[k].truth, cases[k].tolerance);
    if (cJSON_IsTrue(at(object, "agree")) && cases[k].name)
      assert_close(number(at(component, "discrete")), cases[k].truth, cases[k].tolerance);
    if (!cases[k].name) assert_string_equal(reference->valuestring, "discrete");
    cJSON_Delete(object);
    free(out);
  }
}

/* Fixed steps at h q = 2.9: Euler's and rk4's border of stability are 2 and 2.785. */
static void check_judges_nothing_where_all_explode(void **state) {
  (void)state;
  const char *const methods[] = {"euler", "midpoint", "rk4"};
  for (int k = 0; k < 3; k++) {
    char *out;
    assert_int_equal(
        run(&out, "check " FIXTURES "rest.ode --method %s --steps 102 --json --quiet", methods[k]), 1);
    cJSON *object = cJSON_Parse(out);
    assert_true(cJSON_IsNull(at(object, "reference")) && cJSON_IsFalse(at(object, "agree")));
    assert_string_equal(at(at(at(object, "methods"), "forward"), "verdict")->valuestring, "not judged");
    cJSON_Delete(object);
    free(out);
  }
}

static void fit_finds_the_least_squares_solution(void **state) {
  (void)state;
  double ye = 0, ee = 0;
  for (int i = 0; i < 4; i++) ye += data_y[i] * exp(-0.5 * data_t[i]), ee += exp(-data_t[i]);
  cJSON *object = run_json("fit " FIXTURES "level.ode --data " FIXTURES "decay.csv --tolerance 1e-14" FINE);
  cJSON *a = at(at(object, "params"), "a");
  assert_close(number(at(a, "estimate")), ye / ee, 1e-6);         /* where the loss is flat to rounding */
  assert_close(number(at(a, "std_error")), 0.1 / sqrt(ee), 1e-5); /* second derivative by differences */
  assert_true(cJSON_IsTrue(at(object, "converged")));
  assert_true(strlen(at(object, "reason")->valuestring) > 0);
  assert_true(number(at(object, "iterations")) >= 1);
  assert_true(cJSON_IsObject(at(object, "stats")));
  cJSON_Delete(object);
}

static void saved_parameters_are_read_back(void **state) {
  (void)state;
  char *out, arguments[512];
  assert_int_equal(
      run(&out, "fit " FIXTURES "decay.ode --data " FIXTURES "decay.csv --quiet --out %s/fit.json", folder),
      0);
  free(out);
  snprintf(arguments, sizeof arguments,
           "grad " FIXTURES "decay.ode --data " FIXTURES "decay.csv --params %s/fit.json", folder);
  cJSON *object = run_json(arguments);
  /* At the minimum; at the model's values the gradient is in the tens. */
  assert_true(fabs(number(at(at(object, "gradient"), "k"))) < 1e-2);
  assert_true(fabs(number(at(at(object, "gradient"), "a"))) < 1e-2);
  cJSON_Delete(object);
}

/* ---- Interruption ---- */

/* The tool in a process of its own; `arguments` ends with NULL. */
static pid_t start_tool(const char *report, const char *errors, char *const arguments[]) {
  pid_t child = fork();
  if (child != 0) return child;
  signal(SIGINT, SIG_DFL),
      signal(SIGTERM, SIG_DFL); /* a shell may have started the tests with them ignored */
  if (!freopen(report, "w", stdout) || !freopen(errors, "w", stderr)) _exit(99);
  execv(tool(), arguments);
  _exit(98);
}

/* Four million rows of three columns: 96 MB of numbers, and five times that as text. A part of them takes
 * some ten; the address sanitizer keeps what was freed. */
static void many_rows_take_little_memory(void **state) {
  (void)state;
#if !defined(__SANITIZE_ADDRESS__)
  char errors[256];
  int status = 0;
  struct rusage usage;
  snprintf(errors, sizeof errors, "%s/errors", folder);
  char *arguments[] = {(char *)tool(), "solve", FIXTURES "decay.ode", "--times", "0:4:4000000", NULL};
  pid_t child = start_tool("/dev/null", errors, arguments);
  assert_int_equal(wait4(child, &status, 0, &usage), child);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  assert_in_range(usage.ru_maxrss, 1, 80000); /* KiB */
#endif
}

static pid_t start_long_fit(const char *out, const char *report, const char *errors) {
  return start_tool(report, errors,
                    (char *[]){"odegrad", "fit", FIXTURES "decay.ode", "--data", FIXTURES "decay.csv",
                               "--optimizer", "gradient", "--learning-rate", "1e-12", "--iterations",
                               "1000000000", "--tolerance", "0", "--json", "--out", (char *)out, NULL});
}

static long size_of(const char *path) {
  FILE *file = fopen(path, "r");
  if (!file) return 0;
  fseek(file, 0, SEEK_END);
  long size = ftell(file);
  fclose(file);
  return size;
}

static cJSON *read_json(const char *path) {
  static char text[1 << 24];
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  text[fread(text, 1, sizeof text - 1, file)] = '\0';
  fclose(file);
  cJSON *object = cJSON_Parse(text);
  assert_non_null(object);
  return object;
}

static void interrupted_fits_keep_and_report_the_best_point(int number_of_signal) {
  char out[256], report[256], errors[256];
  snprintf(out, sizeof out, "%s/interrupted.json", folder);
  snprintf(report, sizeof report, "%s/report.json", folder);
  snprintf(errors, sizeof errors, "%s/errors", folder);
  remove(out), remove(report), remove(errors);
  pid_t child = start_long_fit(out, report, errors);
  assert_true(child > 0);
  for (int i = 0; i < 3000 && size_of(errors) == 0; i++) /* until the first line of progress: at most 30 s */
    nanosleep(&(struct timespec){0, 10000000}, NULL);
  assert_true(size_of(errors) > 0);
  assert_int_equal(kill(child, number_of_signal), 0);
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 1);
  cJSON *saved = read_json(out), *reported = read_json(report);
  assert_true(cJSON_IsFalse(at(reported, "converged")));
  assert_non_null(strstr(at(reported, "reason")->valuestring, "interrupt"));
  assert_true(number(at(saved, "k")) == number(at(at(at(reported, "params"), "k"), "estimate")));
  assert_true(number(at(saved, "a")) == number(at(at(at(reported, "params"), "a"), "estimate")));
  cJSON_Delete(saved);
  cJSON_Delete(reported);
}

static void ctrl_c(void **state) {
  (void)state;
  interrupted_fits_keep_and_report_the_best_point(SIGINT);
}

static void terminate(void **state) {
  (void)state;
  interrupted_fits_keep_and_report_the_best_point(SIGTERM);
}

/* While a loss is being computed, in millions of steps. The first evaluation is saved as soon as it is there.
 */
static void a_second_signal_of_another_kind_ends_at_once(void **state) {
  (void)state;
  char out[256], report[256], errors[256];
  int status;
  snprintf(out, sizeof out, "%s/twice.json", folder);
  snprintf(report, sizeof report, "%s/report.json", folder);
  snprintf(errors, sizeof errors, "%s/errors", folder);
  remove(out);
  pid_t child = start_tool(report, errors,
                           (char *[]){"odegrad", "fit", FIXTURES "decay.ode", "--data", FIXTURES "decay.csv",
                                      "--steps", "4000000", "--adjoint", "backsolve", "--out", out, NULL});
  assert_true(child > 0);
  for (int i = 0; i < 6000 && size_of(out) == 0; i++) nanosleep(&(struct timespec){0, 10000000}, NULL);
  assert_true(size_of(out) > 0);
  assert_int_equal(kill(child, SIGINT), 0);
  assert_int_equal(kill(child, SIGTERM), 0);
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFSIGNALED(status));
}

/* Nothing can be done on SIGKILL: what was saved on the way is there. */
static void a_killed_fit_leaves_its_best_point(void **state) {
  (void)state;
  char out[256], report[256], errors[256], model[512];
  snprintf(out, sizeof out, "%s/killed.json", folder);
  snprintf(report, sizeof report, "%s/report.json", folder);
  snprintf(errors, sizeof errors, "%s/errors", folder);
  remove(out), remove(report), remove(errors);
  pid_t child = start_long_fit(out, report, errors);
  assert_true(child > 0);
  for (int i = 0; i < 3000 && size_of(out) == 0; i++) /* until the first is saved: at most 30 s */
    nanosleep(&(struct timespec){0, 10000000}, NULL);
  long first = size_of(out);
  struct stat before, after;
  assert_int_equal(stat(out, &before), 0);
  nanosleep(&(struct timespec){2, 500000000}, NULL); /* a second or two later there is another */
  assert_int_equal(kill(child, SIGKILL), 0);
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  assert_true(first > 0);
  assert_int_equal(stat(out, &after), 0);
  assert_true(after.st_ino != before.st_ino || after.st_mtime != before.st_mtime);
  snprintf(model, sizeof model, "grad " FIXTURES "decay.ode --data " FIXTURES "decay.csv --params %s", out);
  cJSON *saved = read_json(out), *object = run_json(model),
        *start = run_json("grad " FIXTURES "decay.ode --data " FIXTURES "decay.csv");
  assert_true(isfinite(number(at(saved, "k"))) && isfinite(number(at(saved, "a"))));
  assert_true(number(at(object, "loss")) < number(at(start, "loss"))); /* descent has begun */
  cJSON_Delete(saved), cJSON_Delete(object), cJSON_Delete(start);
}

/* ---- Training ---- */

#define TRAIN                                                                                                \
  "fit " FIXTURES "decay.ode --data " FIXTURES                                                               \
  "decay.csv --quiet --optimizer adam --seed 7 --window 2 --batch 1 "

static void train(const char *rest, const char *out) {
  char *printed, arguments[1024];
  snprintf(arguments, sizeof arguments, TRAIN "%s --out %s/%s", rest, folder, out);
  assert_int_equal(run(&printed, "%s", arguments), 0);
  free(printed);
}

static void assert_same_files(const char *a, const char *b) {
  char one[512], other[512];
  snprintf(one, sizeof one, "%s/%s", folder, a);
  snprintf(other, sizeof other, "%s/%s", folder, b);
  cJSON *x = read_json(one), *y = read_json(other);
  assert_true(cJSON_Compare(x, y, 1)); /* numbers read back to the same doubles */
  cJSON_Delete(x);
  cJSON_Delete(y);
}

static void a_resumed_training_is_the_uninterrupted_one(void **state) {
  (void)state;
  char first[512], second[512];
  train("--epochs 40", "whole.json");
  snprintf(first, sizeof first, "--epochs 13 --checkpoint %s/run.state", folder);
  train(first, "first.json");
  snprintf(second, sizeof second, "--epochs 40 --resume %s/run.state", folder);
  train(second, "second.json");
  assert_same_files("whole.json", "second.json");
}

static void training_reports_its_history(void **state) {
  (void)state;
  cJSON *object = run_json(TRAIN "--epochs 6 --validation 0.5 --lr-schedule step --lr-step 2 --lr-decay 0.5");
  cJSON *history = at(object, "history"), *losses = at(history, "loss"),
        *held = at(history, "validation_loss");
  assert_int_equal(cJSON_GetArraySize(losses), 6);
  assert_int_equal(number(at(object, "epochs")), 6);
  double best = INFINITY, loss = 0;
  for (int i = 0; i < 6; i++) {
    if (number(cJSON_GetArrayItem(held, i)) >= best) continue;
    best = number(cJSON_GetArrayItem(held, i));
    loss = number(cJSON_GetArrayItem(losses, i));
  }
  assert_true(number(at(object, "validation_loss")) == best && number(at(object, "loss")) == loss);
  double steps = number(cJSON_GetArrayItem(at(history, "steps"), 5));
  assert_true(number(at(object, "iterations")) == steps);
  assert_close(number(cJSON_GetArrayItem(at(history, "learning_rate"), 5)),
               1e-3 * pow(0.5, floor((steps - 1) / 2)), 1e-12);
  assert_true(cJSON_IsNull(at(at(at(object, "params"), "k"), "std_error")));
  assert_true(cJSON_IsFalse(at(object, "converged")));
  cJSON_Delete(object);
}

static pid_t start_long_training(const char *out, const char *checkpoint, const char *report,
                                 const char *errors) {
  return start_tool(report, errors,
                    (char *[]){"odegrad", "fit", FIXTURES "decay.ode", "--data", FIXTURES "decay.csv",
                               "--optimizer", "adam", "--learning-rate", "1e-9", "--epochs", "1000000000",
                               "--json", "--out", (char *)out, "--checkpoint", (char *)checkpoint, NULL});
}

/* Runs it until there is a state, and a moment longer; ends it by the signal. Returns what waitpid says. */
static int end_long_training(int number_of_signal, char out[256], char state[256], char report[256]) {
  char errors[256];
  int status;
  snprintf(out, 256, "%s/trained.json", folder);
  snprintf(state, 256, "%s/trained.state", folder);
  snprintf(report, 256, "%s/report.json", folder);
  snprintf(errors, sizeof errors, "%s/errors", folder);
  remove(out), remove(state), remove(report);
  pid_t child = start_long_training(out, state, report, errors);
  assert_true(child > 0);
  for (int i = 0; i < 3000 && size_of(state) == 0; i++) nanosleep(&(struct timespec){0, 10000000}, NULL);
  nanosleep(&(struct timespec){0, 300000000}, NULL);
  assert_int_equal(kill(child, number_of_signal), 0);
  assert_int_equal(waitpid(child, &status, 0), child);
  return status;
}

static void ctrl_c_ends_a_training_with_its_best(void **state) {
  (void)state;
  char out[256], kept[256], report[256];
  int status = end_long_training(SIGINT, out, kept, report);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
  cJSON *saved = read_json(out), *reported = read_json(report);
  assert_non_null(strstr(at(reported, "reason")->valuestring, "interrupt"));
  assert_true(number(at(saved, "k")) == number(at(at(at(reported, "params"), "k"), "estimate")));
  cJSON_Delete(saved);
  cJSON_Delete(reported);
}

static void a_killed_training_goes_on(void **state) {
  (void)state;
  char out[256], kept[256], report[256], arguments[1024];
  int status = end_long_training(SIGKILL, out, kept, report);
  assert_true(WIFSIGNALED(status));
  snprintf(arguments, sizeof arguments,
           "fit " FIXTURES "decay.ode --data " FIXTURES
           "decay.csv --optimizer adam --learning-rate 1e-9 --epochs 1 --resume %s",
           kept);
  cJSON *object = run_json(arguments), *saved = read_json(out);
  assert_true(number(at(object, "epochs")) > 1); /* of tens of microseconds each, in a third of a second */
  /* Killed between the writing of both files one is a tenth of a second newer: ten thousand steps of 1e-9. */
  assert_close(number(at(saved, "k")), number(at(at(at(object, "params"), "k"), "estimate")), 1e-4);
  cJSON_Delete(object);
  cJSON_Delete(saved);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(transcripts),
      cmocka_unit_test(doctored_transcripts_fail),
      cmocka_unit_test(examples_of_the_documentation),
      cmocka_unit_test(many_rows_take_little_memory),
      cmocka_unit_test(examples_with_events_and_inputs),
      cmocka_unit_test(solutions_are_those_of_the_closed_form),
      cmocka_unit_test(vectors_are_arrays),
      cmocka_unit_test(numbers_read_back_to_the_same_double),
      cmocka_unit_test(gradients_are_those_of_the_closed_form),
      cmocka_unit_test(initial_gradients_of_several_trajectories_are_arrays),
      cmocka_unit_test(check_holds_the_gradient_of_grad),
      cmocka_unit_test(check_takes_no_wrong_reference),
      cmocka_unit_test(check_judges_nothing_where_all_explode),
      cmocka_unit_test(fit_finds_the_least_squares_solution),
      cmocka_unit_test(saved_parameters_are_read_back),
      cmocka_unit_test(ctrl_c),
      cmocka_unit_test(terminate),
      cmocka_unit_test(a_second_signal_of_another_kind_ends_at_once),
      cmocka_unit_test(a_killed_fit_leaves_its_best_point),
      cmocka_unit_test(a_resumed_training_is_the_uninterrupted_one),
      cmocka_unit_test(training_reports_its_history),
      cmocka_unit_test(ctrl_c_ends_a_training_with_its_best),
      cmocka_unit_test(a_killed_training_goes_on),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
