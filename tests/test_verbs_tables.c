/* What people read against what programs read: every number of the tables is the one that --json has, to the
 * digits that are printed, and norms are those of the arrays in it. */
#include "tool.h"

#include <unistd.h>

/* Scalars, a vector and a matrix entry by entry, a vector and a network as a whole; three states. */
static const char model[] = "param k = 0.5 in [0, 10], unused = 3\nparam v[2] = [1, 2]\nparam A[2, 2] = [[1, "
                            "2], [3, 4]]\nparam w[17] = 0.25\n"
                            "net f = mlp(1, 2, 1; tanh)\ninit x = 2\ninit z = [1, -1]\n"
                            "x' = -k*x + 0.01*(sum(v) + sum(A*v) + sum(w)*w[1] + sum(f(x)))\nz' = "
                            "-z\nobserve y ~ normal(x, 0.5)\ntime 0 : 4\n";
static char path[128];

static int enter(void **state) {
  if (make_folder(state)) return -1;
  snprintf(path, sizeof path, "%s/m.ode", folder);
  FILE *file = fopen(path, "w");
  return !file || fputs(model, file) < 0 || fclose(file);
}

/* The text and the object of one run each. */
static void run_both(const char *command, char **text, cJSON **object) {
  assert_int_equal(run(text, "%s", command), 0);
  *object = run_json(command);
}

/* The numbers behind `name` in the line that begins with it; returns how many. */
static int numbers_of(const char *text, const char *name, double *numbers, int most) {
  size_t length = strlen(name);
  for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
    if (strncmp(line, name, length) != 0 || line[length] != ' ') continue;
    int count = 0;
    for (const char *at = line + length; count < most && *at && *at != '\n';) {
      char *end;
      double value = strtod(at, &end);
      if (end == at) break;
      numbers[count++] = value, at = end;
    }
    return count;
  }
  fail_msg("there is no line of %s in\n%s", name, text);
  return 0;
}

/* `value` printed with so many digits. */
static void is_printed(double printed, double value, int digits, const char *name) {
  char text[40];
  snprintf(text, sizeof text, "%.*g", digits, value);
  if (printed != strtod(text, NULL)) fail_msg("%s: %.17g and not %s", name, printed, text);
}

static double entry(const cJSON *array, int row, int column) {
  const cJSON *item = cJSON_IsArray(array) ? cJSON_GetArrayItem(array, row) : array;
  return number(cJSON_IsArray(item) ? cJSON_GetArrayItem(item, column) : item);
}

static void add_square(const cJSON *item, double *sum, double *largest) {
  if (cJSON_IsArray(item)) {
    for (int i = 0; i < cJSON_GetArraySize(item); i++) add_square(cJSON_GetArrayItem(item, i), sum, largest);
    return;
  }
  double value = number(item);
  *sum += value * value;
  if (fabs(value) > fabs(*largest)) *largest = value;
}

/* Which entries of the JSON the rows are. */
static const struct {
  const char *name, *parameter;
  int row, column;
  double value;
} entries[] = {{"k", "k", 0, 0, 0.5},    {"unused", "unused", 0, 0, 3}, {"v[1]", "v", 0, 0, 1},
               {"v[2]", "v", 1, 0, 2},   {"A[1,1]", "A", 0, 0, 1},      {"A[1,2]", "A", 0, 1, 2},
               {"A[2,1]", "A", 1, 0, 3}, {"A[2,2]", "A", 1, 1, 4}};
enum { ENTRIES = sizeof entries / sizeof *entries };

static void gradients(void **state) {
  (void)state;
  char command[400], *text;
  cJSON *object;
  double printed[40];
  snprintf(command, sizeof command, "grad %s --data " FIXTURES "decay.csv --hessian", path);
  run_both(command, &text, &object);
  cJSON *bar = at(object, "gradient"), *hessian = at(object, "hessian");
  for (int i = 0; i < ENTRIES; i++) {
    assert_int_equal(numbers_of(text, entries[i].name, printed, 3), 2);
    assert_true(printed[0] == entries[i].value);
    is_printed(printed[1], entry(at(bar, entries[i].parameter), entries[i].row, entries[i].column), 10,
               entries[i].name);
  }
  double sum = 0, largest = 0;
  add_square(at(bar, "w"), &sum, &largest);
  assert_int_equal(numbers_of(text, "w [17]", printed, 5), 4);
  is_printed(printed[0], sqrt(17) / 4, 6, "the norm of w"),
      is_printed(printed[1], 0.25, 6, "the largest of w");
  is_printed(printed[2], sqrt(sum), 8, "the norm of dw"),
      is_printed(printed[3], largest, 8, "the largest of dw");
  const char *table = strstr(text, "\nd2L ");
  assert_non_null(table);
  int columns = cJSON_GetArraySize(hessian);
  for (int i = 0; i < columns; i++) {
    cJSON *row = cJSON_GetArrayItem(hessian, i);
    int count = numbers_of(table, row->string, printed, 40);
    assert_int_equal(count, columns);
    for (int k = 0; k < columns; k++) {
      assert_string_equal(cJSON_GetArrayItem(row, k)->string, cJSON_GetArrayItem(hessian, k)->string);
      is_printed(printed[k], number(cJSON_GetArrayItem(row, k)), 10, row->string);
    }
  }
  table = strstr(text, "\nend ");
  cJSON *initial = at(object, "init_gradient"), *times = at(object, "time_gradient");
  assert_int_equal(numbers_of(table, "x(t0)", printed, 2), 1),
      is_printed(printed[0], number(at(initial, "x")), 10, "x");
  for (int i = 0; i < 2; i++) {
    assert_int_equal(numbers_of(table, i ? "z[2](t0)" : "z[1](t0)", printed, 2), 1);
    is_printed(printed[0], number(cJSON_GetArrayItem(at(initial, "z"), i)), 10, "z");
    assert_int_equal(numbers_of(table, i ? "t1" : "t0", printed, 2), 1);
    is_printed(printed[0], number(at(times, i ? "t1" : "t0")), 10, "a time");
  }
  numbers_of(text, "loss ", printed, 1), is_printed(printed[0], number(at(object, "loss")), 10, "the loss");
  double errors[3];
  assert_int_equal(sscanf(strstr(text, "component: "),
                          "component: %lf of parameters, %lf of initial states, %lf of times", &errors[0],
                          &errors[1], &errors[2]),
                   3);
  static const char *const kinds[] = {"parameters", "initial", "times"};
  for (int i = 0; i < 3; i++)
    is_printed(errors[i], number(at(at(object, "gradient_error"), kinds[i])), 2, kinds[i]);
  cJSON_Delete(object);
  free(text);
}

/* Rows of unused parameters, of which eight are named. */
static void what_nothing_reads(void **state) {
  (void)state;
  for (int count = 0; count <= 10; count++) {
    char own[160], expected[400] = "", *text;
    snprintf(own, sizeof own, "%s/unused.ode", folder);
    FILE *file = fopen(own, "w");
    assert_non_null(file);
    for (int i = 0; i < count; i++) {
      fprintf(file, "param u%d = 1\n", i);
      if (i < 8) snprintf(expected + strlen(expected), 60, "%su%d", i ? ", " : "derivative by ", i);
    }
    fputs("param k = 1\ninit x = 1\nx' = -k*x\ncost final = x\ntime 0 : 1\n", file);
    fclose(file);
    assert_int_equal(run(&text, "grad %s", own), 0);
    free(text);
    char errors[2000], stderr_path[160];
    snprintf(stderr_path, sizeof stderr_path, "%s/stderr", folder);
    file = fopen(stderr_path, "r");
    errors[fread(errors, 1, sizeof errors - 1, file)] = '\0';
    fclose(file);
    snprintf(expected + strlen(expected), 100, "%s is exactly 0: the loss does not use %s, or not here\n",
             count > 8 ? ", ..." : "", count > 1 ? "them" : "it");
    if (count ? !strstr(errors, expected) : strstr(errors, "exactly 0") != NULL)
      fail_msg("%d: %s", count, errors);
  }
}

static void fits(void **state) {
  (void)state;
  char *text;
  cJSON *object;
  double printed[4];
  run_both("fit " FIXTURES "decay.ode --data " FIXTURES "decay.csv --quiet", &text, &object);
  static const char *const names[] = {"k", "a"};
  for (int i = 0; i < 2; i++) {
    cJSON *one = at(at(object, "params"), names[i]);
    assert_int_equal(numbers_of(text, names[i], printed, 3), 2);
    is_printed(printed[0], number(at(one, "estimate")), 6, names[i]);
    is_printed(printed[1], number(at(one, "std_error")), 3, names[i]);
    assert_true(cJSON_IsFalse(at(one, "at_bound")));
  }
  numbers_of(text, "loss", printed, 1), is_printed(printed[0], number(at(object, "loss")), 10, "the loss");
  numbers_of(text, "iterations", printed, 1);
  assert_true(printed[0] == number(at(object, "iterations")));
  char line[200];
  snprintf(line, sizeof line, "\nstopped     %s\n", at(object, "reason")->valuestring);
  assert_non_null(strstr(text, line));
  assert_true(cJSON_IsTrue(at(object, "converged")));
  cJSON_Delete(object), free(text);
  char command[300]; /* arrays as a whole, a bound, and what has no standard error */
  snprintf(command, sizeof command, "fit %s --data " FIXTURES "decay.csv --quiet --iterations 2 --set k=10",
           path);
  run_both(command, &text, &object);
  double sum = 0, largest = 0;
  cJSON *estimate = at(at(at(object, "params"), "w"), "estimate");
  add_square(estimate, &sum, &largest);
  assert_int_equal(numbers_of(text, "w [17]", printed, 3), 2);
  is_printed(printed[0], sqrt(sum), 6, "the norm of w"),
      is_printed(printed[1], largest, 6, "the largest of w");
  for (int i = 0; i < ENTRIES; i++) {
    assert_true(numbers_of(text, entries[i].name, printed, 3) >= 1);
    is_printed(printed[0],
               entry(at(at(at(object, "params"), entries[i].parameter), "estimate"), entries[i].row,
                     entries[i].column),
               6, entries[i].name);
  }
  cJSON_Delete(object), free(text);
}

/* Weights by their root mean square; the best epoch is the first of the least loss, held-out or not. */
static void trainings(void **state) {
  (void)state;
  for (int validated = 0; validated < 2; validated++) {
    char command[400], *text, line[200];
    cJSON *object;
    double printed[4], sum = 0, largest = 0;
    snprintf(command, sizeof command,
             "fit %s --data " FIXTURES "decay.csv --quiet --optimizer adam --learning-rate %s --epochs 6 %s",
             path, validated ? "1e-3" : "2", validated ? "--validation 0.5 --reduction sum" : "");
    run_both(command, &text, &object);
    cJSON *params = at(object, "params"), *history = at(object, "history");
    for (int i = 0; i < ENTRIES; i++) {
      assert_int_equal(numbers_of(text, entries[i].name, printed, 2), 1);
      is_printed(printed[0],
                 entry(at(at(params, entries[i].parameter), "estimate"), entries[i].row, entries[i].column),
                 6, entries[i].name);
    }
    add_square(at(at(params, "f.0.weight"), "estimate"), &sum, &largest);
    assert_int_equal(numbers_of(text, "f.0.weight [2,1]  rms", printed, 2), 1);
    is_printed(printed[0], sqrt(sum / 2), 4, "f.0.weight");
    assert_int_equal(numbers_of(text, "f.2.bias [1]       rms", printed, 2), 1);
    const cJSON *losses = at(history, validated ? "validation_loss" : "loss");
    int best = 0;
    for (int i = 1; i < 6; i++)
      if (number(cJSON_GetArrayItem(losses, i)) < number(cJSON_GetArrayItem(losses, best))) best = i;
    snprintf(line, sizeof line, "\nbest epoch  %d of 6\n", best + 1);
    if (!strstr(text, line)) fail_msg("not %sin\n%s", line, text);
    is_printed(number(at(object, "loss")), number(cJSON_GetArrayItem(at(history, "loss"), best)), 17,
               "the loss");
    snprintf(line, sizeof line, "\nloss        %.10g (%s)\n", number(at(object, "loss")),
             validated ? "sum over observed values" : "mean per observed value");
    if (!strstr(text, line)) fail_msg("not %sin\n%s", line, text);
    if (validated)
      snprintf(line, sizeof line, "\nvalidation  %.10g (sum over observed values)\n",
               number(at(object, "validation_loss")));
    assert_int_equal(strstr(text, validated ? line : "\nvalidation ") != NULL, validated);
    numbers_of(text, "iterations", printed, 1);
    assert_true(printed[0] == number(at(object, "iterations")));
    snprintf(line, sizeof line, "\nstopped     %s\n", at(object, "reason")->valuestring);
    assert_non_null(strstr(text, line));
    cJSON_Delete(object), free(text);
  }
}

/* The CSV of predict and solve against their JSON, and the table of solve, row by row. */
static void rows_of_solutions(void **state) {
  (void)state;
  static const char *const commands[] = {"solve " FIXTURES "decay.ode --data " FIXTURES "two.csv --quiet",
                                         "predict " FIXTURES "decay.ode --data " FIXTURES "two.csv --quiet"};
  for (int verb = 0; verb < 2; verb++)
    for (int csv = verb; csv < 2; csv++) { /* predict writes CSV */
      char *text, id[20];
      assert_int_equal(run(&text, "%s%s", commands[verb], csv ? " --out -" : ""), 0);
      cJSON *object = run_json(commands[verb]), *all = at(object, "trajectories");
      const char *line = text;
      for (int m = 0; m < 2; m++) {
        cJSON *one = cJSON_GetArrayItem(all, m), *t = at(one, "t"),
              *x = verb ? at(at(one, "predicted"), "y") : at(at(one, "states"), "x");
        for (int i = 0; i < cJSON_GetArraySize(t); i++) {
          double printed[2];
          line = strchr(line, '\n') + 1;
          assert_int_equal(csv ? sscanf(line, "%19[^,],%lf,%lf", id, &printed[0], &printed[1])
                               : sscanf(line, "%19s %lf %lf", id, &printed[0], &printed[1]),
                           3);
          assert_string_equal(id, at(one, "id")->valuestring);
          is_printed(printed[0], number(cJSON_GetArrayItem(t, i)), csv ? 17 : 8, "t");
          is_printed(printed[1], number(cJSON_GetArrayItem(x, i)), csv ? 17 : 8, "x");
        }
      }
      assert_string_equal(strchr(line, '\n'), "\n");
      cJSON_Delete(object), free(text);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(gradients), cmocka_unit_test(what_nothing_reads),
                                     cmocka_unit_test(fits), cmocka_unit_test(trainings),
                                     cmocka_unit_test(rows_of_solutions)};
  return cmocka_run_group_tests(tests, enter, remove_folder);
}
