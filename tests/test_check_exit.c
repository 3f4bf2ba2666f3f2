/* What `odegrad check` answers when one of the ways is wrong, from the files to the exit status: the adjoints
 * are right here, so one of them is made wrong where the tool calls it, by a constant that its finer run has
 * as well. */
#include "counting.h"

#include <cjson/cJSON.h>
#include <fcntl.h>
#include <math.h>
#include <unistd.h>

#pragma push_macro("fail") /* of cmocka: the tool has a function of that name */
#undef fail
#define fail tool_fail
#include "check.h"
#pragma pop_macro("fail")

/* ---- An adjoint that is wrong ---- */

/* In the place of the library's function (the linker's --wrap), for the calls of the tool. */
og_status __real_og_objective_evaluate_with(og_objective *objective, og_adjoint adjoint, const double *theta,
                                            double *loss, double *theta_bar);
og_status __wrap_og_objective_evaluate_with(og_objective *objective, og_adjoint adjoint, const double *theta,
                                            double *loss, double *theta_bar);

static og_adjoint wrong_adjoint;
static double wrong_by; /* added to dL/dk, the first parameter */

og_status __wrap_og_objective_evaluate_with(og_objective *objective, og_adjoint adjoint, const double *theta,
                                            double *loss, double *theta_bar) {
  og_status status = __real_og_objective_evaluate_with(objective, adjoint, theta, loss, theta_bar);
  if (status == OG_OK && theta_bar && adjoint == wrong_adjoint) theta_bar[0] += wrong_by;
  return status;
}

/* ---- The tool, within this program ---- */

static char folder[] = "/tmp/odegrad-check-XXXXXX", report_path[64], printed_path[64];

static int make_folder(void **state) {
  (void)state;
  if (!mkdtemp(folder)) return -1;
  snprintf(report_path, sizeof report_path, "%s/report.json", folder);
  snprintf(printed_path, sizeof printed_path, "%s/printed", folder);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  unlink(report_path), unlink(printed_path);
  return rmdir(folder);
}

static char *read_text(const char *path) {
  static char text[1 << 16];
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  text[fread(text, 1, sizeof text - 1, file)] = '\0';
  fclose(file);
  return text;
}

static int run_verb(int argc, char **argv) {
  arguments a = {.verb = VERB_CHECK, .verb_name = "check"};
  problem p = {0};
  int status = parse_arguments(argc, argv, &a);
  if (!status) status = load_problem(&a, &p);
  if (!status) status = run_check(&p);
  free_problem(&p);
  free_arguments(&a);
  return status;
}

/* The exit status; standard output goes into a file, and the report as JSON into another. */
static int check_decay(const char *more, cJSON **report) {
  char *argv[] = {"tests/cli/fixtures/decay.ode",
                  "--data",
                  "tests/cli/fixtures/decay.csv",
                  "--quiet",
                  "--out",
                  report_path,
                  (char *)more};
  fflush(NULL);
  int kept = dup(STDOUT_FILENO), file = open(printed_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  assert_true(kept >= 0 && file >= 0);
  dup2(file, STDOUT_FILENO);
  int status = run_verb(more ? 7 : 6, argv);
  fflush(stdout);
  dup2(kept, STDOUT_FILENO);
  close(kept), close(file);
  *report = cJSON_Parse(read_text(report_path));
  assert_non_null(*report);
  return status;
}

static const cJSON *at(const cJSON *object, const char *name) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
  if (!item) fail_msg("there is no field %s", name);
  return item;
}

static const char *verdict(const cJSON *report, const char *way) {
  return at(at(at(report, "methods"), way), "verdict")->valuestring;
}

/* ---- Tests ---- */

static const struct {
  const char *name;
  og_adjoint adjoint;
} ways[] = {{"backsolve", OG_ADJOINT_BACKSOLVE},
            {"interpolate", OG_ADJOINT_INTERPOLATE},
            {"quadrature", OG_ADJOINT_QUADRATURE},
            {"forward", OG_ADJOINT_FORWARD}};

/* Where a way stands beside discrete in the first component, and how far it may. */
static void find_limit(const char *way, double *difference, double *allowed) {
  cJSON *report;
  wrong_by = 0;
  assert_int_equal(check_decay(NULL, &report), EXIT_DONE);
  assert_string_equal(verdict(report, "discrete"), "the reference");
  const cJSON *component = cJSON_GetArrayItem(at(report, "components"), 0);
  *difference = at(component, way)->valuedouble - at(component, "discrete")->valuedouble;
  *allowed = at(at(component, "allowed"), way)->valuedouble;
  assert_true(*allowed > 0 && fabs(*difference) < *allowed / 2);
  cJSON_Delete(report);
}

/* Moved to just within and just beyond what is allowed, to both sides. The allowance itself does not move
 * with it: the finer run is wrong by as much. In the last row it is far off. */
static void near_its_limit(void **state) {
  (void)state;
  static const double shares[] = {1 - 1e-3, -1 + 1e-3, 1 + 1e-3, -1 - 1e-3, 100};
  for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
    double difference, allowed;
    find_limit(ways[w].name, &difference, &allowed);
    for (size_t k = 0; k < 5; k++) {
      int beyond = fabs(shares[k]) > 1;
      cJSON *report;
      wrong_adjoint = ways[w].adjoint, wrong_by = shares[k] * allowed - difference;
      assert_int_equal(check_decay(NULL, &report), beyond ? EXIT_FAILED : EXIT_DONE);
      assert_string_equal(verdict(report, ways[w].name), beyond ? "DISAGREES" : "agrees");
      assert_true(cJSON_IsFalse(at(report, "agree")) == beyond);
      for (size_t other = 0; other < sizeof ways / sizeof *ways; other++)
        if (other != w) assert_string_equal(verdict(report, ways[other].name), "agrees");
      const char *printed = read_text(printed_path);
      assert_contains(printed,
                      beyond ? "verdict: the gradients DISAGREE\n" : "verdict: the gradients agree\n");
      cJSON_Delete(report);
    }
  }
}

/* With --json the exit status is the same. */
static void as_json(void **state) {
  (void)state;
  double difference, allowed;
  cJSON *report;
  find_limit("quadrature", &difference, &allowed);
  wrong_adjoint = OG_ADJOINT_QUADRATURE, wrong_by = 2 * allowed;
  assert_int_equal(check_decay("--json", &report), EXIT_FAILED);
  cJSON *printed = cJSON_Parse(read_text(printed_path));
  assert_true(printed && cJSON_IsFalse(at(printed, "agree")));
  assert_string_equal(verdict(printed, "quadrature"), "DISAGREES");
  cJSON_Delete(printed);
  cJSON_Delete(report);
}

/* The discrete gradient itself: the others outvote it, and it is said. */
static void the_reference_is_wrong(void **state) {
  (void)state;
  double difference, allowed;
  cJSON *report;
  find_limit("quadrature", &difference, &allowed);
  wrong_adjoint = OG_ADJOINT_DISCRETE, wrong_by = 1e3;
  assert_int_equal(check_decay(NULL, &report), EXIT_FAILED);
  assert_string_equal(verdict(report, "discrete"), "DISAGREES");
  assert_string_equal(at(report, "reference")->valuestring, "quadrature");
  assert_contains(read_text(printed_path),
                  "the gradients DISAGREE, and that of discrete is not to be trusted");
  cJSON_Delete(report);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(near_its_limit), cmocka_unit_test(as_json),
                                     cmocka_unit_test(the_reference_is_wrong)};
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
