/* What `odegrad check` prints, to the letter, as tables and as JSON: gradients and judgements are made up, so
 * that every word and number of the report is known beforehand. */
#include "counting.h"

#include <math.h>
#include <unistd.h>

#pragma push_macro("fail") /* of cmocka: the tool has a function of that name */
#undef fail
#define fail tool_fail
#include "check.h"
#pragma pop_macro("fail")

enum { COMPONENTS_MOST = 64 };

typedef struct made {
  arguments a;
  problem p;
  check c;
  double values[WAY_COUNT][COMPONENTS_MOST], allowed[WAY_COUNT][COMPONENTS_MOST];
} made;

static char model_path[] = "/tmp/odegrad-report-XXXXXX";

static int make_file(void **state) {
  (void)state;
  int file = mkstemp(model_path);
  return file < 0 || close(file);
}

static int remove_file(void **state) {
  (void)state;
  return unlink(model_path);
}

static void write_model(const char *text) {
  FILE *file = fopen(model_path, "w");
  assert_non_null(file);
  fputs(text, file);
  assert_int_equal(fclose(file), 0);
}

/* All ways give 2 in every component, and agree. */
static void make(made *m, char *model, char *data) {
  char *argv[] = {model, "--quiet", "--data", data};
  *m = (made){.a = {.verb = VERB_CHECK, .verb_name = "check"}};
  assert_int_equal(parse_arguments(data ? 4 : 2, argv, &m->a), EXIT_DONE);
  assert_int_equal(load_problem(&m->a, &m->p), EXIT_DONE);
  m->c = (check){.p = &m->p, .count = m->p.p + m->p.trajectories * m->p.n + 2, .loss = -1.5};
  assert_true(m->c.count <= COMPONENTS_MOST);
  assert_int_equal(og_objective_create(m->p.context, m->p.model, m->p.data, m->p.options, &m->c.objective),
                   OG_OK);
  for (way w = 0; w < WAY_COUNT; w++) {
    m->c.columns[w] = (column){.values = m->values[w], .allowed = m->allowed[w], .worst = 0.015};
    m->c.columns[w].judged = m->c.columns[w].agrees = w != WAY_DISCRETE;
    m->c.columns[w].kept = 100 * (w + 1), m->c.columns[w].seconds = 0.25;
    for (size_t i = 0; i < m->c.count; i++) m->values[w][i] = 2, m->allowed[w][i] = 0.5;
  }
  m->c.reference = WAY_DISCRETE;
  m->c.confirmed_by[WAY_BACKSOLVE] = m->c.confirmed_by_itself = 1;
}

static void drop(made *m) {
  og_objective_destroy(m->c.objective);
  free_problem(&m->p);
  free_arguments(&m->a);
}

static char *printed(const made *m) {
  static char text[1 << 14];
  char path[] = "/tmp/odegrad-report-XXXXXX";
  fflush(stdout);
  int file = mkstemp(path), kept = dup(STDOUT_FILENO);
  assert_true(file >= 0 && kept >= 0);
  dup2(file, STDOUT_FILENO);
  print_check(&m->c);
  fflush(stdout);
  dup2(kept, STDOUT_FILENO);
  ssize_t length = pread(file, text, sizeof text - 1, 0);
  assert_true(length > 0);
  text[length] = '\0';
  close(file), close(kept), unlink(path);
  return text;
}

static void same_text(const char *is, const char *expected) {
  size_t at = 0;
  while (is[at] && is[at] == expected[at]) at++;
  if (is[at] || expected[at])
    fail_msg("from character %zu on:\n%s\nand not:\n%s", at, is + at, expected + at);
}

static void prints(const made *m, const char *expected) { same_text(printed(m), expected); }

/* The lines below the tables alone. */
static void concludes(const made *m, const char *expected) {
  const char *below = strstr(printed(m), " s\n\n");
  while (below && strstr(below + 1, " s\n\n")) below = strstr(below + 1, " s\n\n");
  assert_non_null(below);
  same_text(below + 4, expected);
}

static void is_json(const made *m, const char *expected) {
  cJSON *object = check_json(&m->c);
  char *text = cJSON_PrintUnformatted(object);
  same_text(text, expected);
  cJSON_free(text);
  cJSON_Delete(object);
}

/* ---- The whole report ---- */

/* Two trajectories: k, a, two initial states, two times. Of each component another way is off. */
static void make_two(made *m) {
  make(m, "tests/cli/fixtures/decay.ode", "tests/cli/fixtures/two.csv");
  m->values[WAY_FORWARD][0] = -2;
  m->values[WAY_BACKSOLVE][1] = 2.5;
  m->values[WAY_INTERPOLATE][2] = 1.75;
  m->values[WAY_QUADRATURE][3] = 0;
  m->values[WAY_DIFFERENCES][4] = NAN;
  for (way w = 0; w < WAY_COUNT; w++) m->values[w][5] = 0;
  m->values[WAY_DIFFERENCES][5] = -1e-3;
}

static void two_trajectories(void **state) {
  (void)state;
  made m;
  make_two(&m);
  prints(&m, "loss  -1.5 (sum over 5 observed values)\n"
             "\n"
             "component      discrete  forward  backsolve  interpolate  quadrature  differences\n"
             "k                     2       -2          2            2           2            2\n"
             "a                     2        2        2.5            2           2            2\n"
             "x(t0) (left)          2        2          2         1.75           2            2\n"
             "x(t0) (right)         2        2          2            2           0            2\n"
             "t0                    2        2          2            2           2            -\n"
             "t1                    0        0          0            0           0       -0.001\n"
             "\n"
             "relative to discrete  forward  backsolve  interpolate  quadrature  differences\n"
             "k                     2.0e+00    0.0e+00      0.0e+00     0.0e+00      0.0e+00\n"
             "a                     0.0e+00    2.0e-01      0.0e+00     0.0e+00      0.0e+00\n"
             "x(t0) (left)          0.0e+00    0.0e+00      1.2e-01     0.0e+00      0.0e+00\n"
             "x(t0) (right)         0.0e+00    0.0e+00      0.0e+00     1.0e+00      0.0e+00\n"
             "t0                    0.0e+00    0.0e+00      0.0e+00     0.0e+00            -\n"
             "t1                    0.0e+00    0.0e+00      0.0e+00     0.0e+00      1.0e+00\n"
             "\n"
             "method       verdict        largest difference       kept    time\n"
             "discrete     the reference                   -  100 bytes  0.25 s\n"
             "forward      agrees                    1.5e-02  200 bytes  0.25 s\n"
             "backsolve    agrees                    1.5e-02  300 bytes  0.25 s\n"
             "interpolate  agrees                    1.5e-02  400 bytes  0.25 s\n"
             "quadrature   agrees                    1.5e-02  500 bytes  0.25 s\n"
             "differences  agrees                    1.5e-02  600 bytes  0.25 s\n"
             "\n"
             "verdict: the gradients agree\n");
  drop(&m);
}

#define ALL(discrete, forward, backsolve, interpolate, quadrature, differences)                              \
  "\"discrete\":" discrete ",\"forward\":" forward ",\"backsolve\":" backsolve                               \
  ",\"interpolate\":" interpolate ",\"quadrature\":" quadrature ",\"differences\":" differences
#define LIMITS                                                                                               \
  ",\"allowed\":{\"forward\":0.5,\"backsolve\":0.5,\"interpolate\":0.5,\"quadrature\":0.5,"                  \
  "\"differences\":0.5}}"
#define METHOD(name, bytes)                                                                                  \
  "\"" name "\":{\"verdict\":\"agrees\",\"largest_difference\":0.015,\"checkpoint_bytes\":" bytes            \
  ",\"seconds\":0.25}"

static void two_trajectories_as_json(void **state) {
  (void)state;
  made m;
  make_two(&m);
  is_json(
      &m, "{\"loss\":-1.5,\"loss_is\":\"sum\",\"values\":5,\"components\":["
          "{\"name\":\"k\",\"kind\":\"parameter\"," ALL("2", "-2", "2", "2", "2", "2") LIMITS
      ",{\"name\":\"a\",\"kind\":\"parameter\"," ALL("2", "2", "2.5", "2", "2", "2") LIMITS
      ",{\"name\":\"x(t0) (left)\",\"kind\":\"init\"," ALL("2", "2", "2", "1.75", "2", "2") LIMITS
      ",{\"name\":\"x(t0) (right)\",\"kind\":\"init\"," ALL("2", "2", "2", "2", "0", "2") LIMITS
      ",{\"name\":\"t0\",\"kind\":\"time\"," ALL("2", "2", "2", "2", "2", "null") LIMITS
      ",{\"name\":\"t1\",\"kind\":\"time\"," ALL("0", "0", "0", "0", "0", "-0.001") LIMITS
      "],\"methods\":{"
      "\"discrete\":{\"verdict\":\"the reference\",\"checkpoint_bytes\":100,\"seconds\":0.25}," METHOD(
          "forward",
          "200") "," METHOD("backsolve",
                            "300") "," METHOD("interpolate",
                                              "400") "," METHOD("quadrature",
                                                                "500") "," METHOD("differences",
                                                                                  "600") "},\"reference\":"
                                                                                         "\"discrete\","
                                                                                         "\"confirmed_by\":["
                                                                                         "\"backsolve\","
                                                                                         "\"its finer "
                                                                                         "run\"],\"agree\":"
                                                                                         "true}");
  drop(&m);
}

/* Initial states stand one trajectory after the other. */
static void names_of_components(void **state) {
  (void)state;
  static const char *const expected[][2] = {{"k", "parameter"},
                                            {"x[1](t0) (left)", "init"},
                                            {"x[2](t0) (left)", "init"},
                                            {"s(t0) (left)", "init"},
                                            {"x[1](t0) (right)", "init"},
                                            {"x[2](t0) (right)", "init"},
                                            {"s(t0) (right)", "init"},
                                            {"t0", "time"},
                                            {"t1", "time"}};
  made m;
  write_model("param k = 1\ninit x = [1, 2]\ninit s = 0\nx' = -k*x\ns' = sum(x)\nobserve y ~ normal(s, 1)\n");
  make(&m, model_path, "tests/cli/fixtures/two.csv");
  cJSON *object = check_json(&m.c);
  const cJSON *components = cJSON_GetObjectItem(object, "components");
  assert_int_equal(cJSON_GetArraySize(components), sizeof expected / sizeof *expected);
  for (int i = 0; i < cJSON_GetArraySize(components); i++) {
    const cJSON *one = cJSON_GetArrayItem(components, i);
    assert_string_equal(cJSON_GetObjectItem(one, "name")->valuestring, expected[i][0]);
    assert_string_equal(cJSON_GetObjectItem(one, "kind")->valuestring, expected[i][1]);
    const char *row = strstr(printed(&m), expected[i][0]);
    assert_non_null(row);
  }
  cJSON_Delete(object);
  drop(&m);
}

/* ---- What is said below ---- */

static void who_confirms_the_reference(void **state) {
  (void)state;
  made m;
  make(&m, "tests/cli/fixtures/decay.ode", "tests/cli/fixtures/decay.csv");
  m.c.confirmed_by[WAY_BACKSOLVE] = 0;
  concludes(&m, "discrete is the reference, because its finer run confirms it\n"
                "verdict: the gradients agree\n");
  m.c.reference = WAY_QUADRATURE, m.c.confirmed_by_itself = 0;
  m.c.columns[WAY_DISCRETE].judged = m.c.columns[WAY_DISCRETE].agrees = 1;
  m.c.confirmed_by[WAY_INTERPOLATE] = 1;
  concludes(&m, "quadrature is the reference, because interpolate confirms it\n"
                "verdict: the gradients agree\n");
  m.c.confirmed_by_itself = 1;
  concludes(&m, "quadrature is the reference, because interpolate and its finer run confirm it\n"
                "verdict: the gradients agree\n");
  m.c.confirmed_by[WAY_DISCRETE] = m.c.confirmed_by[WAY_BACKSOLVE] = 1;
  concludes(
      &m,
      "quadrature is the reference, because discrete, backsolve, interpolate and its finer run confirm it\n"
      "verdict: the gradients agree\n");
  m.c.below = 1, m.c.confirmed_by_itself = 0;
  concludes(&m, "quadrature is the reference, because discrete, backsolve and interpolate confirm it\n"
                "derivatives that are lost in the errors of the loss are not compared by their own size\n"
                "verdict: the gradients agree\n");
  drop(&m);
}

static void verdicts_and_reasons(void **state) {
  (void)state;
  made m;
  make(&m, "tests/cli/fixtures/decay.ode", "tests/cli/fixtures/decay.csv");
  m.c.columns[WAY_DISCRETE].reason = "never said of the reference";
  m.c.columns[WAY_FORWARD].failure = "no tangents", m.c.columns[WAY_FORWARD].unsupported = 1;
  m.c.columns[WAY_BACKSOLVE].failure = "cannot go back";
  m.c.columns[WAY_INTERPOLATE].judged = 0, m.c.columns[WAY_INTERPOLATE].reason = "too coarse";
  m.c.columns[WAY_QUADRATURE].agrees = 0, m.c.columns[WAY_QUADRATURE].reason = "far off";
#define TABLES(number)                                                                                       \
  "loss  -1.5 (sum over 4 observed values)\n"                                                                \
  "\n"                                                                                                       \
  "component  discrete  forward  backsolve  interpolate  quadrature  differences\n"                          \
  "k                 2        -     failed            2           2            2\n"                          \
  "a                 2        -     failed            2           2            2\n"                          \
  "x(t0)             2        -     failed            2           2            2\n"                          \
  "t0                2        -     failed            2           2            2\n"                          \
  "t1                2        -     failed            2           2            2\n"                          \
  "\n"                                                                                                       \
  "relative to discrete  forward  backsolve  interpolate  quadrature  differences\n"                         \
  "k                           -     failed      0.0e+00     0.0e+00      0.0e+00\n"                         \
  "a                           -     failed      0.0e+00     0.0e+00      0.0e+00\n"                         \
  "x(t0)                       -     failed      0.0e+00     0.0e+00      0.0e+00\n"                         \
  "t0                          -     failed      0.0e+00     0.0e+00      0.0e+00\n"                         \
  "t1                          -     failed      0.0e+00     0.0e+00      0.0e+00\n"                         \
  "\n"                                                                                                       \
  "method       verdict        largest difference       kept    time\n"                                      \
  "discrete     " number
  prints(&m, TABLES("the reference                   -  100 bytes  0.25 s\n"
                    "forward      not available                   -  200 bytes  0.25 s\n"
                    "backsolve    failed                          -  300 bytes  0.25 s\n"
                    "interpolate  not judged                1.5e-02  400 bytes  0.25 s\n"
                    "quadrature   DISAGREES                 1.5e-02  500 bytes  0.25 s\n"
                    "differences  agrees                    1.5e-02  600 bytes  0.25 s\n"
                    "\n"
                    "forward is not available: no tangents\n"
                    "backsolve failed: cannot go back\n"
                    "interpolate is not judged: too coarse\n"
                    "quadrature disagrees: far off\n"
                    "verdict: the gradients DISAGREE\n"));
  m.c.columns[WAY_QUADRATURE].agrees = 1, m.c.columns[WAY_QUADRATURE].reason = NULL;
  m.c.columns[WAY_INTERPOLATE].failure = "out of steps";
  concludes(&m, "forward is not available: no tangents\n"
                "backsolve failed: cannot go back\n"
                "interpolate failed: out of steps\n"
                "verdict: the gradients that could be computed agree, but others FAILED\n");
  drop(&m);
}

/* The tables are then relative to the first gradient that there is. */
static void another_reference_or_none(void **state) {
  (void)state;
  made m;
  make(&m, "tests/cli/fixtures/decay.ode", "tests/cli/fixtures/decay.csv");
  m.c.reference = WAY_QUADRATURE;
  m.c.columns[WAY_DISCRETE].judged = 1, m.c.columns[WAY_DISCRETE].reason = "steps too wide";
  assert_contains(printed(&m),
                  "relative to quadrature  discrete  forward  backsolve  interpolate  differences\n");
  concludes(&m, "quadrature is the reference, because backsolve and its finer run confirm it\n"
                "discrete disagrees: steps too wide\n"
                "verdict: the gradients DISAGREE, and that of discrete is not to be trusted\n");
  m.c.columns[WAY_DISCRETE].failure = "out of steps", m.c.columns[WAY_DISCRETE].judged = 0;
  concludes(&m, "quadrature is the reference, because backsolve and its finer run confirm it\n"
                "discrete failed: out of steps\n"
                "verdict: the gradients that could be computed agree, but others FAILED\n");
  m.c.reference = WAY_COUNT;
  for (way w = 0; w < WAY_COUNT; w++) m.c.columns[w].judged = m.c.confirmed_by[w] = 0;
  m.c.confirmed_by_itself = 0;
  const char *text = printed(&m);
  assert_contains(text, "relative to forward  discrete  backsolve  interpolate  quadrature  differences\n"
                        "k                      failed    0.0e+00      0.0e+00     0.0e+00      0.0e+00\n");
  assert_contains(text, "discrete     failed                       -  100 bytes  0.25 s\n"
                        "forward      not judged                   -  200 bytes  0.25 s\n");
  concludes(&m, "there is no reference: no gradient is confirmed by another one with other steps, or by its "
                "own finer run; take tighter tolerances or more steps, or another method\n"
                "discrete failed: out of steps\n"
                "verdict: nothing could be judged\n");
  drop(&m);
}

static void no_reference_as_json(void **state) {
  (void)state;
  made m;
  make(&m, "tests/cli/fixtures/turn.ode", NULL);
  m.c.reference = WAY_COUNT, m.c.confirmed_by_itself = 0, m.c.confirmed_by[WAY_BACKSOLVE] = 0;
  for (way w = 0; w < WAY_COUNT; w++) m.c.columns[w].judged = 0;
  m.c.columns[WAY_DISCRETE].failure = "out of steps";
  m.c.columns[WAY_QUADRATURE].reason = "too coarse";
#define UNKNOWN                                                                                              \
  ALL("null", "2", "2", "2", "2", "2")                                                                       \
  ",\"allowed\":{\"discrete\":null,\"backsolve\":null,\"interpolate\":null,\"quadrature\":null,"             \
  "\"differences\":null}}"
#define UNJUDGED(name, more, bytes)                                                                          \
  "\"" name "\":{\"verdict\":\"not judged\"," more "\"checkpoint_bytes\":" bytes ",\"seconds\":0.25}"
  is_json(&m, "{\"loss\":-1.5,\"loss_is\":\"sum\",\"values\":0,\"components\":["
              "{\"name\":\"w\",\"kind\":\"parameter\"," UNKNOWN
              ",{\"name\":\"x[1](t0)\",\"kind\":\"init\"," UNKNOWN
              ",{\"name\":\"x[2](t0)\",\"kind\":\"init\"," UNKNOWN
              ",{\"name\":\"t0\",\"kind\":\"time\"," UNKNOWN ",{\"name\":\"t1\",\"kind\":\"time\"," UNKNOWN
              "],\"methods\":{\"discrete\":{\"verdict\":\"failed\",\"reason\":\"out of steps\","
              "\"checkpoint_bytes\":100,\"seconds\":0.25}," UNJUDGED("forward", "", "200") "," UNJUDGED(
                  "backsolve", "",
                  "300") "," UNJUDGED("interpolate", "",
                                      "400") "," UNJUDGED("quadrature", "\"reason\":\"too coarse\",",
                                                          "500") "," UNJUDGED("differences", "",
                                                                              "600") "},\"reference\":null,"
                                                                                     "\"confirmed_by\":[],"
                                                                                     "\"agree\":false}");
  drop(&m);
}

/* ---- Arrays that are shown as a whole, and samples of parameters ---- */

/* A matrix of 17 entries, one more than are shown one by one, and one of 16. */
static void make_wide(made *m) {
  write_model("param w[17] = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
              "param k = 1\ninit x = sum(w)\nx' = -k*x\ncost final = x\ntime 0 : 1\n");
  make(m, model_path, NULL);
}

static void arrays_as_a_whole(void **state) {
  (void)state;
  made m;
  make_wide(&m);
  for (way w = 0; w < WAY_COUNT; w++)
    for (size_t i = 2; i < 17; i++) m.values[w][i] = 0;
  m.values[WAY_DISCRETE][0] = 3, m.values[WAY_DISCRETE][1] = -4; /* norm 5, largest 4 */
  m.values[WAY_FORWARD][0] = m.values[WAY_FORWARD][1] = 0;
  m.values[WAY_QUADRATURE][0] = 3, m.values[WAY_QUADRATURE][1] = -4, m.values[WAY_QUADRATURE][16] = 12;
  for (size_t i = 0; i < 17; i++) m.values[WAY_DIFFERENCES][i] = NAN;
  m.values[WAY_DIFFERENCES][3] = 0.5;
  m.c.columns[WAY_BACKSOLVE].failure = "out of steps";
  const char *text = printed(&m);
  assert_contains(text, "loss  -1.5 (sum of the costs)\n\n");
  assert_contains(
      text, "\ncomponent, norm of array  discrete  forward  backsolve  interpolate  quadrature  differences\n"
            "w [17]                           5        0     failed    2.8284271          13            -\n"
            "k                                2        2     failed            2           2            2\n"
            "x(t0)                            2        2     failed            2           2            2\n");
  assert_contains(text, "\nrelative to discrete  forward  backsolve  interpolate  quadrature  differences\n"
                        "w [17]                1.0e+00     failed      1.5e+00     3.0e+00      1.2e-01\n"
                        "k                     0.0e+00     failed      0.0e+00     0.0e+00      0.0e+00\n");
  assert_contains(text,
                  "\n\narrays of over 16 entries, and over 32 initial values in all, are shown as a whole; "
                  "--json has every entry\n\nmethod ");
  for (size_t i = 0; i < 17; i++) m.values[WAY_DISCRETE][i] = i ? 0 : 0.25; /* of a small one */
  assert_contains(printed(&m),
                  "\nw [17]                1.0e+00     failed      8.0e+00     4.8e+01      2.0e+00\n");
  for (size_t i = 0; i < 17; i++) m.values[WAY_DISCRETE][i] = 0; /* nothing to be relative to */
  assert_contains(printed(&m),
                  "\nw [17]                0.0e+00     failed      2.0e+00     1.2e+01      5.0e-01\n");
  drop(&m);
}

static void samples_of_parameters(void **state) {
  (void)state;
  made m;
  size_t sample[] = {16, 3};
  make_wide(&m);
  m.c.sample = sample, m.c.sample_count = 2;
  const char *text = printed(&m);
  assert_contains(text, "--json has the entries that differences vary\n");
  concludes(&m, "differences vary 2 of the 18 parameters, drawn by --seed\n"
                "verdict: the gradients agree\n");
  cJSON *object = check_json(&m.c);
  const cJSON *components = cJSON_GetObjectItem(object, "components");
  static const char *const names[] = {"w[4]", "w[17]", "x(t0)", "t0", "t1"};
  assert_int_equal(cJSON_GetArraySize(components), 5);
  for (int i = 0; i < 5; i++)
    assert_string_equal(cJSON_GetObjectItem(cJSON_GetArrayItem(components, i), "name")->valuestring,
                        names[i]);
  char *count = cJSON_PrintUnformatted(cJSON_GetObjectItem(object, "sampled_parameters"));
  assert_string_equal(count, "2");
  cJSON_free(count);
  cJSON_Delete(object);
  drop(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(two_trajectories),     cmocka_unit_test(two_trajectories_as_json),
      cmocka_unit_test(names_of_components),  cmocka_unit_test(who_confirms_the_reference),
      cmocka_unit_test(verdicts_and_reasons), cmocka_unit_test(another_reference_or_none),
      cmocka_unit_test(no_reference_as_json), cmocka_unit_test(arrays_as_a_whole),
      cmocka_unit_test(samples_of_parameters)};
  return cmocka_run_group_tests(tests, make_file, remove_file);
}
