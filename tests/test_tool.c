/* What the tool prints and writes where users seldom look: writes that fail, ids with quotes and line breaks
 * in them, initial values by their norm, sizes. */
#include "tool.h"

#include <unistd.h>

static void put_file(const char *name, const char *text) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  assert_int_equal(fclose(file), 0);
}

/* What the last run wrote to standard error. */
static const char *errors(void) {
  static char text[1 << 14];
  char path[512];
  snprintf(path, sizeof path, "%s/stderr", folder);
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  text[fread(text, 1, sizeof text - 1, file)] = '\0';
  fclose(file);
  return text;
}

static void assert_says(const char *part) {
  if (!strstr(errors(), part)) fail_msg("\"%s\" is not in \"%s\"", part, errors());
}

/* ---- Writes that fail ---- */

/* Every verb and way of printing: the numbers are lost, and the exit status says so. */
static void full_standard_output(void **state) {
  (void)state;
  static const char *const commands[] = {"solve " FIXTURES "decay.ode",
                                         "solve " FIXTURES "decay.ode --json",
                                         "solve " FIXTURES "decay.ode --out -",
                                         "solve " FIXTURES "decay.ode --times 0:4:1400001",
                                         "grad " FIXTURES "decay.ode --data " FIXTURES "decay.csv --quiet",
                                         "grad " FIXTURES "decay.ode --data " FIXTURES "decay.csv --json",
                                         "check " FIXTURES "decay.ode --data " FIXTURES "decay.csv",
                                         "fit " FIXTURES "decay.ode --data " FIXTURES "decay.csv --quiet",
                                         "fit " FIXTURES "decay.ode --data " FIXTURES
                                         "decay.csv --quiet --optimizer adam --epochs 2",
                                         "predict " FIXTURES "decay.ode --data " FIXTURES "decay.csv --quiet",
                                         "--help",
                                         "fit --help",
                                         "--version"};
  for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
    char *out;
    int status = run(&out, "%s >/dev/full", commands[i]);
    if (status != 1) fail_msg("%s: exit status %d", commands[i], status);
    assert_says("odegrad: cannot write to standard output: No space left on device");
    free(out);
  }
}

/* A failure of its own is not hidden by one of printing. */
static void its_own_failure_comes_first(void **state) {
  (void)state;
  char *out;
  assert_int_equal(run(&out, "solve nowhere.ode >/dev/full"), 2);
  free(out);
}

/* A reader that has what it wanted is no failure, and nothing is said. */
static void readers_that_go_away(void **state) {
  (void)state;
  char command[2048];
  snprintf(command, sizeof command,
           "bash -c \"'%s' solve " FIXTURES
           "decay.ode --times 0:4:200001 2>'%s/stderr' | head -1 >'%s/head'; exit "
           "\\${PIPESTATUS[0]}\"",
           tool(), folder, folder);
  assert_int_equal(system(command), 0);
  assert_string_equal(errors(), "");
}

/* The file of checkpoints meets the limit of a file's size within an entry, as it would a full disk. */
static void a_disk_that_fills(void **state) {
  (void)state;
  char command[2048];
  snprintf(command, sizeof command,
           "trap '' XFSZ; ulimit -f 9; '%s' grad " FIXTURES "decay.ode --data " FIXTURES
           "decay.csv --steps 20000 --memory 300kB --checkpoint-dir '%s' --quiet >'%s/printed' 2>'%s/stderr'",
           tool(), folder, folder, folder);
  int status = system(command);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 0);
  assert_says("cannot write checkpoints of ");
  assert_says("File too large");
  snprintf(command, sizeof command, "test ! -s '%s/printed'", folder);
  assert_int_equal(system(command), 0);
}

/* ---- Open files as --out ---- */

#define TABLE "t,x,y\n0,2,2\n1,1.2130613261464531,1.2130613261464531\n"

/* Runs a script of bash in which $T is the tool and $S a solve that writes TABLE. */
static void script_prints(const char *expected, const char *script) {
  char path[512], found[1024] = "";
  put_file("script", script);
  snprintf(path, sizeof path,
           "T='%s' S='solve " FIXTURES "decay.ode --times 0:1:2' LOG='%s/log' bash '%s/script' 2>&1", tool(),
           folder, folder);
  FILE *pipe = popen(path, "r");
  assert_non_null(pipe);
  found[fread(found, 1, sizeof found - 1, pipe)] = '\0';
  assert_int_equal(pclose(pipe), 0);
  if (strcmp(found, expected) != 0) fail_msg("%s: \"%s\" is not \"%s\"", script, found, expected);
}

static void pipes_by_their_names(void **state) {
  (void)state;
  script_prints(TABLE, "set -o pipefail; $T $S --out /dev/stdout | cat");
  script_prints(TABLE, "set -o pipefail; $T $S --out /dev/stderr 2>&1 | cat");
  script_prints(TABLE, "set -o pipefail; $T $S --out /dev/fd/1 | cat");
  script_prints(TABLE, "set -o pipefail; $T $S --out /proc/self/fd/1 | cat");
  script_prints(TABLE, "exec 5> >(cat); $T $S --out /dev/fd/5; exec 5>&-; wait $!");
}

/* A shell's redirection keeps what was written before and what is written after. */
static void logs_are_added_to(void **state) {
  (void)state;
  script_prints("before\n" TABLE, "echo before >$LOG; $T $S --out /dev/stdout >>$LOG; cat $LOG");
  script_prints("before\n" TABLE "after\n",
                "(echo before; $T $S --out /dev/stdout; echo after) >$LOG; cat $LOG");
  script_prints("before\n" TABLE "after\n", "ln -s /dev/fd/1 $LOG.link; (echo before; $T $S --out $LOG.link; "
                                            "echo after) >$LOG; cat $LOG; test -L $LOG.link");
}

/* What every option names is looked at before the work begins: nothing but the refusal is said. */
static void outputs_are_checked_first(void **state) {
  (void)state;
  static const char *const commands[] = {
      "solve " FIXTURES "decay.ode --%s", "predict " FIXTURES "decay.ode --data " FIXTURES "decay.csv --%s",
      "fit " FIXTURES "decay.ode --data " FIXTURES "decay.csv --%s",
      "fit " FIXTURES "decay.ode --data " FIXTURES "decay.csv --optimizer adam --epochs 2 --%s"};
  static const struct {
    const char *option, *file;
    int from, to; /* of the commands */
  } rows[] = {{"out", "x.json", 0, 4},
              {"plot", "x.svg", 0, 4},
              {"checkpoint", "x", 3, 4},
              {"loss-plot", "x.svg", 3, 4}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char link[160], target[64], option[256], expected[512], command[1024], *out;
    snprintf(link, sizeof link, "%s/%s", folder, rows[i].file);
    snprintf(target, sizeof target, "nowhere/%s", rows[i].file);
    unlink(link);
    assert_int_equal(symlink(target, link), 0);
    snprintf(option, sizeof option, "%s %s", rows[i].option, link);
    snprintf(expected, sizeof expected, "odegrad: --%s: cannot write %s: No such file or directory\n",
             rows[i].option, link);
    for (int k = rows[i].from; k < rows[i].to; k++) {
      snprintf(command, sizeof command, commands[k], option);
      assert_int_equal(run(&out, "%s", command), 2);
      assert_string_equal(errors(), expected);
      assert_string_equal(out, "");
      free(out);
    }
  }
}

/* ---- Ids ---- */

/* An id as it is, as CSV has it, and in JSON. All of them come back from what is written of them. */
static const struct {
  const char *csv, *json;
} ids[] = {{"plain", "plain"},
           {"\"a \"\"b\"\", c\"", "a \\\"b\\\", c"},
           {"\"two\nlines\"", "two\\nlines"},
           {"\"\"\"\"", "\\\""},
           {"\"#3\"", "#3"},
           {"\" before\"", " before"},
           {"\"behind\t\"", "behind\\t"},
           {"\"NA\"", "NA"},
           {"\"\xEF\xBB\xBFmark\"", "\xEF\xBB\xBFmark"},
           {"back\\slash", "back\\\\slash"},
           {"\"carriage\rreturn\"", "carriage\\rreturn"}};
enum { IDS = sizeof ids / sizeof *ids };

static void put_ids(void) {
  char text[2048] = "t,id,y\n";
  for (int m = 0; m < IDS; m++)
    snprintf(text + strlen(text), sizeof text - strlen(text), "0,%s,2\n", ids[m].csv);
  put_file("ids.csv", text);
}

static void ids_in_csv(void **state) {
  (void)state;
  char expected[2048] = "id,t,x,y\n", *out, *again;
  put_ids();
  for (int m = 0; m < IDS; m++)
    snprintf(expected + strlen(expected), sizeof expected - strlen(expected), "%s,0,2,2\n", ids[m].csv);
  assert_int_equal(run(&out, "solve " FIXTURES "decay.ode --data '%s/ids.csv' --out -", folder), 0);
  assert_string_equal(out, expected);
  put_file("written.csv", out);
  assert_int_equal(run(&again, "solve " FIXTURES "decay.ode --data '%s/written.csv' --out -", folder), 0);
  assert_string_equal(again, expected);
  assert_string_equal(errors(), "");
  free(out), free(again);
}

static void ids_in_json(void **state) {
  (void)state;
  char *out;
  put_ids();
  assert_int_equal(run(&out, "solve " FIXTURES "decay.ode --data '%s/ids.csv' --json", folder), 0);
  const char *rest = out;
  for (int m = 0; m < IDS; m++) {
    char line[128];
    snprintf(line, sizeof line, "\"id\":\t\"%s\",", ids[m].json);
    const char *found = strstr(rest, line);
    if (!found) fail_msg("%s is not there", line);
    rest = found + 1;
  }
  free(out);
}

/* One line for each row, whatever is in an id; as wide as letters, not bytes. Many rows come in parts. */
static void ids_in_tables(void **state) {
  (void)state;
  put_file("lines.csv", "t,id,y\n0,\"two\nlines\",2\n0,\xC3\xA9t\xC3\xA9,2\n");
  char *out;
  assert_int_equal(run(&out, "solve " FIXTURES "decay.ode --data '%s/lines.csv'", folder), 0);
  assert_string_equal(out, "id         t  x  y\n"
                           "two lines  0  2  2\n"
                           "\xC3\xA9t\xC3\xA9        0  2  2\n");
  free(out);
  assert_int_equal(run(&out,
                       "solve " FIXTURES
                       "decay.ode --data '%s/lines.csv' --times 0:4:700001 | sed -n '1,2p;700003p'",
                       folder),
                   0);
  assert_string_equal(out, "id                       t                x                y\n"
                           "two lines                0                2                2\n"
                           "\xC3\xA9t\xC3\xA9                      0                2                2\n");
  free(out);
}

static void ids_in_messages(void **state) {
  (void)state;
  static const char *const verbs[] = {"solve", "grad", "fit", "predict"};
  put_file("back.csv", "id,t,y\n\"a \"\"b\"\", c\",2,2\n\"a \"\"b\"\", c\",1,1\n");
  for (int i = 0; i < 4; i++) {
    char *out;
    assert_int_equal(run(&out, "%s " FIXTURES "decay.ode --data '%s/back.csv'", verbs[i], folder), 2);
    assert_says("back.csv:3: data row 2");
    assert_says("a \"b\", c");
    free(out);
  }
}

/* Whatever is in an id, in a column's name or in a cell, it does not break the line of a message. */
static void line_breaks_in_messages(void **state) {
  (void)state;
  static const char *const verbs[] = {"solve", "grad", "fit", "predict"};
  static const struct {
    const char *rows, *says;
    int lines;
  } cases[] = {{"id,t,y\n\"two\nlines\",2,2\n\"two\nlines\",1,1\n", "two lines", 1},
               {"id,t,y\n\"two\nlines\",0,1\n\"two\nlines\",,1\n", "lines.csv:4: data row 2", 1},
               {"\"two\nlines\",y\n1,2\n", "two lines, y", 1},
               {"\"two\nlines\",t,y\nx,1,2\n", "column two lines: \"x\" is not a number", 1},
               {"t,y\n0,\"two\tlines\n\"\n", "column y: \"two lines \" is not a number", 1},
               {"t,y\n0,\x1b[31m\n", "column y: \"\xe2\x90\x9b[31m\" is not a number", 1},
               {"id,t,y\n\"two\nlines\",0,1\n\"two\nlines\",4,1\n", "trajectory 0 (two lines) stopped", 9}};
  for (size_t i = 0; i < 4 * sizeof cases / sizeof *cases; i++) {
    char *out;
    int lines = 0;
    put_file("lines.csv", cases[i / 4].rows);
    assert_int_not_equal(run(&out, "%s " FIXTURES "decay.ode --data '%s/lines.csv' --quiet --max-steps 3",
                             verbs[i % 4], folder),
                         0);
    assert_says(cases[i / 4].says);
    for (const char *at = errors(); *at; at++) lines += *at == '\n';
    if (lines > cases[i / 4].lines) fail_msg("%d lines: \"%s\"", lines, errors());
    free(out);
  }
}

/* ---- Places in messages ---- */

/* A byte order mark is no character of the first line, and of no other. */
static void columns_behind_a_byte_order_mark(void **state) {
  (void)state;
  static const struct {
    const char *text, *arguments, *place;
  } rows[] = {
      {"\xEF\xBB\xBFinit x = 1 ?\n", "solve '%s/marked'", "marked:1:12: error"},
      {"\xEF\xBB\xBF# \xC3\xA9\ninit x = $\n", "solve '%s/marked'", "marked:2:10: error"},
      {"\xEF\xBB\xBFt,y,y\n0,1,1\n", "grad " FIXTURES "decay.ode --data '%s/marked'", "marked:1:5: "},
      {"\xEF\xBB\xBF\xC3\xA9,y,y\n0,1,1\n", "grad " FIXTURES "decay.ode --data '%s/marked'", "marked:1:5: "},
      {"\xEF\xBB\xBFt,y\n0,1x\n", "grad " FIXTURES "decay.ode --data '%s/marked'", "marked:2:3: "},
      {"\xEF\xBB\xBF{\"k\": one}", "solve " FIXTURES "decay.ode --params '%s/marked'", "marked:1:7: "}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char *out, arguments[512];
    put_file("marked", rows[i].text);
    snprintf(arguments, sizeof arguments, rows[i].arguments, folder);
    assert_int_equal(run(&out, "%s", arguments), 2);
    assert_says(rows[i].place);
    free(out);
  }
}

/* ---- Observed columns in JSON ---- */

/* Those that are no states, each by its name, in each trajectory; what is not finite is null. */
static void observed_columns(void **state) {
  (void)state;
  put_file(
      "two.ode",
      "init x = 1\ninit z = 3\nx' = 0\nz' = 0\nobserve x ~ normal(x, 1)\nobserve y ~ normal(2*x + z, 1)\n"
      "observe w ~ normal(1/(t - 1), 1)\ntime 0 : 2\n");
  put_file("two.csv", "id,t,y\na,0,1\na,1,1\nb,2,1\n");
  char arguments[512];
  snprintf(arguments, sizeof arguments, "solve '%s/two.ode' --data '%s/two.csv'", folder, folder);
  cJSON *object = run_json(arguments), *all = at(object, "trajectories");
  assert_int_equal(cJSON_GetArraySize(all), 2);
  for (int m = 0; m < 2; m++) {
    cJSON *one = cJSON_GetArrayItem(all, m), *observed = at(one, "observed"), *w = at(observed, "w");
    assert_int_equal(cJSON_GetArraySize(observed), 2);
    assert_int_equal(cJSON_GetArraySize(at(observed, "y")), 2 - m);
    assert_true(number(cJSON_GetArrayItem(at(observed, "y"), 1 - m)) == 5);
    assert_int_equal(cJSON_GetArraySize(w), 2 - m);
    assert_true(number(cJSON_GetArrayItem(w, 0)) == (m ? 1 : -1));
    if (!m) assert_true(cJSON_IsNull(cJSON_GetArrayItem(w, 1)));
    assert_int_equal(cJSON_GetArraySize(at(one, "states")), 2);
  }
  cJSON_Delete(object);
}

/* ---- Norms of many initial values ---- */

static double norm(const cJSON *array) {
  double sum = 0;
  if (!cJSON_IsArray(array)) return fabs(number(array));
  for (const cJSON *item = array->child; item; item = item->next) sum += pow(norm(item), 2);
  return sqrt(sum);
}

/* The first number behind `title` at the start of a line. */
static double number_behind(const char *text, const char *title) {
  char line[128];
  snprintf(line, sizeof line, "\n%s ", title);
  const char *found = strstr(text, line);
  if (!found) fail_msg("there is no line %s", title);
  return strtod(found + strlen(line), NULL);
}

static void put_trajectories(int count) {
  char text[4096] = "id,t,y,w\n";
  for (int m = 0; m < count; m++)
    snprintf(text + strlen(text), sizeof text - strlen(text), "m%d,0,%d,1\nm%d,1,0,%d\n", m, m % 5, m, m % 7);
  put_file("many.csv", text);
}

/* A state that is a vector is a column block of each trajectory's state: the norms are of different entries.
 * Times are short of nothing: the equations are linear, and --json has every entry. */
static void norms_of_initial_values(void **state) {
  (void)state;
  put_file("many.ode", "init z = 3\ninit x = [1, 2]\nz' = -z\nx' = -2*x\nobserve y ~ normal(x[1] + z, 1)\n"
                       "observe w ~ normal(z*x[2], 2)\ntime 0 : 1\n");
  put_trajectories(11); /* 33 initial values */
  char arguments[1024], *out;
  snprintf(arguments, sizeof arguments, "grad '%s/many.ode' --data '%s/many.csv' --quiet", folder, folder);
  cJSON *object = run_json(arguments), *initial = at(object, "init_gradient");
  double z = norm(at(initial, "z")), x = norm(at(initial, "x"));
  assert_true(fabs(z - x) > 1); /* else they could be mistaken for each other */
  assert_int_equal(run(&out, "%s", arguments), 0);
  assert_close(number_behind(out, "norm of z(t0) [11]"), z, 1e-9);
  assert_close(number_behind(out, "norm of x(t0) [11,2]"), x, 1e-9);
  assert_non_null(strstr(out, "over 32 initial values in all, are shown as a whole; --json has every entry"));
  free(out);
  assert_int_equal(run(&out, "check '%s/many.ode' --data '%s/many.csv' --quiet", folder, folder), 0);
  assert_close(number_behind(out, "z(t0) [11]"), z, 1e-7); /* of eight digits */
  assert_close(number_behind(out, "x(t0) [11,2]"), x, 1e-7);
  assert_non_null(strstr(out, "\nverdict: the gradients agree\n"));
  free(out);
  cJSON_Delete(object);
}

/* 30 of them are still shown one by one; a single trajectory's long vector is shown as a whole too. */
static void where_norms_begin(void **state) {
  (void)state;
  char *out;
  put_trajectories(10);
  assert_int_equal(run(&out, "grad '%s/many.ode' --data '%s/many.csv' --quiet", folder, folder), 0);
  assert_null(strstr(out, "norm of"));
  assert_non_null(strstr(out, "\nx[2](t0) (m9) "));
  assert_null(strstr(out, "as a whole"));
  free(out);
  char model[512] = "init x = [1";
  for (int i = 2; i <= 33; i++) snprintf(model + strlen(model), sizeof model - strlen(model), ", %d", i);
  strcat(model, "]\nx' = 0*x\ncost final = sum(x)\ntime 0 : 1\n");
  put_file("long.ode", model);
  assert_int_equal(run(&out, "grad '%s/long.ode' --quiet", folder), 0);
  assert_close(number_behind(out, "norm of x(t0) [33]"), sqrt(33), 1e-9);
  free(out);
}

/* Arrays of parameters: the values' norm and largest entry, with its sign, and those of the gradient. */
static void norms_of_parameters(void **state) {
  (void)state;
  char *out, model[1024] = "param W[17] = [-20";
  for (int i = 2; i <= 17; i++) snprintf(model + strlen(model), sizeof model - strlen(model), ", %d", i);
  strcat(model, "]\ninit x = 0\nx' = 0\ncost final = x + dot(W, W)/2 - 30*W[3]\ntime 0 : 1\n");
  put_file("array.ode", model);
  double values = 400, bar = 400;
  for (int i = 2; i <= 17; i++) values += i * i, bar += pow(i == 3 ? i - 30 : i, 2);
  assert_int_equal(run(&out, "grad '%s/array.ode' --quiet", folder), 0);
  const char *line = strstr(out, "\nW [17] ");
  double found[4];
  assert_non_null(line);
  assert_int_equal(sscanf(line, " W [17] %lf %lf %lf %lf", &found[0], &found[1], &found[2], &found[3]), 4);
  assert_close(found[0], sqrt(values), 1e-5); /* six digits */
  assert_true(found[1] == -20 && found[3] == -27);
  assert_close(found[2], sqrt(bar), 1e-7);
  free(out);
}

/* ---- Sizes ---- */

/* The working memory is told in binary units; --json has its bytes. */
static void sizes_of_memory(void **state) {
  (void)state;
  static const struct {
    const char *options, *format;
    double unit;
  } rows[] = {
      {"--steps 300", "in %.0f KiB", 0x1p10},
      {"--steps 3000 --memory 125kB", "in %.0f KiB", 0x1p10},
      {"--steps 30000 --memory 256KiB", "in %.0f KiB", 0x1p10},
      {"--steps 60000 --memory 1010KiB", "in %.0f KiB", 0x1p10}, /* more than a thousand, less than 1024 */
      {"--steps 60000 --memory 0.0025GiB", "in %.1f MiB", 0x1p20}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char arguments[512], expected[64];
    const char *memory = i ? "" : " --memory 1MiB";
    snprintf(arguments, sizeof arguments, "grad " FIXTURES "decay.ode --data " FIXTURES "decay.csv %s%s",
             rows[i].options, memory);
    cJSON *object = run_json(arguments);
    double bytes = number(at(at(object, "stats"), "checkpoint_bytes"));
    snprintf(expected, sizeof expected, rows[i].format, bytes / rows[i].unit);
    strcat(expected, ", working memory included");
    assert_says(expected);
    cJSON_Delete(object);
  }
}

/* ---- What check and grad say of the same ---- */

/* Two molecules that bind, of 2e-10 and 5e-10 beside an atol of 1e-9: the tolerances control nothing until
 * the gradient narrows the steps. check shows the loss of these, as grad does. C' = kon (C - a)(C - b) in
 * closed form, with 40 digits, makes it 13.806053722727580619; 1e-5 of it is ten tolerances. */
static void the_loss_of_narrowed_steps(void **state) {
  (void)state;
  put_file("bind.ode", "param kon = 1e6, koff = 1e-3, R0 = 2e-10\ninit R = R0, L = 5e-10, C = 0\n"
                       "v = kon*R*L - koff*C\nR' = -v\nL' = -v\nC' = v\n"
                       "observe y ~ normal(C*1e10, 0.02)\ntime 0 : 3600\n");
  put_file("bind.csv", "t,y\n300,0.25\n600,0.42\n1200,0.6\n3600,0.72\n");
  static const char *const verbs[] = {"grad", "check"};
  double loss[2];
  for (int i = 0; i < 2; i++) {
    char arguments[512];
    snprintf(arguments, sizeof arguments, "%s '%s/bind.ode' --data '%s/bind.csv'", verbs[i], folder, folder);
    cJSON *object = run_json(arguments);
    loss[i] = number(at(object, "loss"));
    cJSON_Delete(object);
  }
  assert_true(loss[0] == loss[1]);
  assert_true(fabs(loss[0] - 13.806053722727580619) <= 1e-5 * 13.8);
}

/* grad names what the loss does not use, scalars and whole arrays, unless --quiet. */
static void parameters_without_use_are_named(void **state) {
  (void)state;
  char *out;
  put_file("unused.ode", "param k = 1, unused = 2, row[20] = 1, used[2] = 1\ninit y = 1\ny' = -k*used[2]*y\n"
                         "cost final = y\ntime 0 : 1\n");
  assert_int_equal(run(&out, "grad '%s/unused.ode'", folder), 0);
  free(out);
  assert_says("note: the derivative by unused, row [20], used[1] is exactly 0");
  assert_int_equal(run(&out, "grad '%s/unused.ode' --quiet", folder), 0);
  free(out);
  assert_string_equal(errors(), "");
  put_file("used.ode", "param k = 1\ninit y = 1\ny' = -k*y\ncost final = y\ntime 0 : 1\n");
  assert_int_equal(run(&out, "grad '%s/used.ode'", folder), 0);
  free(out);
  assert_null(strstr(errors(), "exactly 0"));
}

/* ---- Threads ---- */

/* Stacks of a size that only OpenMP is told of, in an address space where few of them fit: fewer threads are
 * used, which is said once, and the numbers are the same. */
static void stacks_of_threads(void **state) {
  (void)state;
  static const char *const sizes[] = {"OMP_STACKSIZE=512M", "OMP_STACKSIZE=' 262144 '", "GOMP_STACKSIZE=1g",
                                      "KMP_STACKSIZE=300000000B"},
                           *const verbs[] = {"solve", "grad", "check", "fit", "predict"};
  char *out, *again;
  int fits = run(&out, "--version >/dev/null && ulimit -v 2000000 && '%s' --version", tool()) == 0;
  free(out);
  if (!fits) skip(); /* sanitizers need more */
  char rows[1 << 13] = "id,t,y\n";
  for (int m = 0; m < 200; m++)
    snprintf(rows + strlen(rows), sizeof rows - strlen(rows), "m%d,0,2\nm%d,1,1.2\n", m, m);
  put_file("rows.csv", rows);
  for (size_t i = 0; i < 20; i++) {
    char command[512];
    snprintf(command, sizeof command, "%s " FIXTURES "decay.ode --data '%s/rows.csv' --threads", verbs[i % 5],
             folder);
    assert_int_equal(run(&out, "%s 1", command), 0);
    snprintf(command + strlen(command), sizeof command - strlen(command), " 200");
    assert_int_equal(run(&again, "--version >/dev/null; export %s; ulimit -v 2000000; '%s' %s", sizes[i / 5],
                         tool(), command),
                     0);
    int timed =
        strcmp(verbs[i % 5], "fit") == 0 || strcmp(verbs[i % 5], "check") == 0; /* they tell how long */
    if (!timed) assert_string_equal(out, again);
    const char *note = strstr(errors(), "there is no room for 200 threads, but for ");
    if (!note || strstr(note + 1, "there is")) fail_msg("not once: %s", errors());
    free(out), free(again);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(full_standard_output),
                                     cmocka_unit_test(its_own_failure_comes_first),
                                     cmocka_unit_test(readers_that_go_away),
                                     cmocka_unit_test(a_disk_that_fills),
                                     cmocka_unit_test(pipes_by_their_names),
                                     cmocka_unit_test(logs_are_added_to),
                                     cmocka_unit_test(outputs_are_checked_first),
                                     cmocka_unit_test(ids_in_csv),
                                     cmocka_unit_test(ids_in_json),
                                     cmocka_unit_test(ids_in_tables),
                                     cmocka_unit_test(ids_in_messages),
                                     cmocka_unit_test(line_breaks_in_messages),
                                     cmocka_unit_test(columns_behind_a_byte_order_mark),
                                     cmocka_unit_test(observed_columns),
                                     cmocka_unit_test(norms_of_initial_values),
                                     cmocka_unit_test(where_norms_begin),
                                     cmocka_unit_test(norms_of_parameters),
                                     cmocka_unit_test(sizes_of_memory),
                                     cmocka_unit_test(the_loss_of_narrowed_steps),
                                     cmocka_unit_test(parameters_without_use_are_named),
                                     cmocka_unit_test(stacks_of_threads)};
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
