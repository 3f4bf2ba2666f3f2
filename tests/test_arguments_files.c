/* What loading a problem takes and refuses: the files it is to write beside those it reads, the times of
 * data, and what wins where a value is given in several places. */
#include "counting.h"

#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#pragma push_macro("fail") /* of cmocka: the tool has a function of that name */
#undef fail
#define fail tool_fail
#include "cli.h"
#pragma pop_macro("fail")

enum { WORDS_MOST = 8 };
#define LENGTH(array) (sizeof(array) / sizeof *(array))

static char folder[] = "/tmp/odegrad-files-XXXXXX", here[400];

/* Texts of the folder's files: a model, data of two trajectories, parameters. */
static void put(const char *name, const char *what) {
  FILE *file = fopen(name, "w");
  assert_non_null(file);
  fputs(what, file);
  assert_int_equal(fclose(file), 0);
}

static int enter_folder(void **state) {
  (void)state;
  if (!getcwd(here, sizeof here) || !mkdtemp(folder) || chdir(folder)) return -1;
  put("m.ode", "param k = 0.5\nparam k2 = 2\nparam A[2] = [3, 4]\ninit x = k2\nx' = -k*x*A[1]\n"
               "observe y ~ normal(x, A[2])\ntime 0 : 4\n");
  put("d.csv", "id,t,y\na,0,1\nb,0,2\na,1,NA\nb,2,\na,3,3\n");
  return mkdir("directory", 0700);
}

static int leave_folder(void **state) {
  (void)state;
  char command[100];
  snprintf(command, sizeof command, "rm -r %s", folder);
  return chdir(here) || system(command);
}

/* ---- Loading ---- */

static char said[8192]; /* by the last one */

static int load(verb_id verb, arguments *a, problem *p, const char *const words[WORDS_MOST]) {
  char *argv[WORDS_MOST];
  int count = 0;
  for (; count < WORDS_MOST && words[count]; count++) argv[count] = (char *)words[count];
  *a = (arguments){.verb = verb, .verb_name = "verb"};
  *p = (problem){0};
  assert_int_equal(parse_arguments(count, argv, a), EXIT_DONE);
  fflush(NULL);
  int file = open("said", O_RDWR | O_CREAT | O_TRUNC, 0600), standard_error = dup(STDERR_FILENO);
  assert_true(file >= 0 && standard_error >= 0);
  dup2(file, STDERR_FILENO);
  int status = load_problem(a, p);
  fflush(NULL);
  dup2(standard_error, STDERR_FILENO);
  ssize_t length = pread(file, said, sizeof said - 1, 0);
  said[length > 0 ? length : 0] = '\0';
  close(file), close(standard_error);
  return status;
}

static void drop(arguments *a, problem *p) {
  free_problem(p);
  free_arguments(a);
}

#define WORDS(...) ((const char *const[WORDS_MOST]){__VA_ARGS__})

static void taken(verb_id verb, const char *const words[WORDS_MOST]) {
  arguments a;
  problem p;
  if (load(verb, &a, &p, words) != EXIT_DONE)
    fail_msg("%s with %s is refused: %s", words[0], words[1] ? words[1] : "nothing", said);
  drop(&a, &p);
}

static void refused(verb_id verb, const char *const words[WORDS_MOST], const char *message) {
  arguments a;
  problem p;
  char line[8192];
  snprintf(line, sizeof line, "odegrad: %s\n", message);
  if (load(verb, &a, &p, words) != EXIT_USAGE) fail_msg("taken, and not: %s", message);
  assert_string_equal(said, line);
  drop(&a, &p);
}

/* ---- Files that are written ---- */

static const char *const written[] = {"out", "plot", "checkpoint", "loss-plot"};
#define ADAM "--optimizer=adam"

/* Under its own name and others: none of what is read is written over. */
static void what_is_read_is_kept(void **state) {
  (void)state;
  assert_int_equal(symlink("m.ode", "link.svg"), 0);
  assert_int_equal(link("d.csv", "link.png"), 0);
  put("other.svg", "a picture");
  for (size_t i = 0; i < LENGTH(written); i++) {
    char option[40], message[100];
    snprintf(option, sizeof option, "--%s=link.svg", written[i]);
    snprintf(message, sizeof message, "--%s would overwrite m.ode, which is read", written[i]);
    refused(VERB_FIT, WORDS("m.ode", "--data=d.csv", option, ADAM), message);
    snprintf(option, sizeof option, "--%s=link.png", written[i]);
    snprintf(message, sizeof message, "--%s would overwrite d.csv, which is read", written[i]);
    refused(VERB_FIT, WORDS("m.ode", "--data=d.csv", option, ADAM), message);
    snprintf(option, sizeof option, "--%s=other.svg", written[i]);
    taken(VERB_FIT, WORDS("m.ode", "--data=d.csv", option, ADAM));
  }
  refused(VERB_SOLVE, WORDS("m.ode", "--out=m.ode"), "--out would overwrite m.ode, which is read");
  taken(VERB_SOLVE, WORDS("m.ode", "--out=link.png")); /* which is not read here */
}

/* Each with each of the others, by one name and by two; devices are no files that one writes over. */
static void files_are_not_written_twice(void **state) {
  (void)state;
  put("one.svg", "a picture");
  assert_int_equal(symlink("one.svg", "two.svg"), 0);
  for (size_t i = 0; i < LENGTH(written); i++)
    for (size_t k = 0; k < i; k++) {
      char first[40], second[40], message[100];
      snprintf(first, sizeof first, "--%s=one.svg", written[i]);
      snprintf(second, sizeof second, "--%s=one.svg", written[k]);
      snprintf(message, sizeof message, "--%s and --%s name the same file, one.svg", written[k], written[i]);
      refused(VERB_FIT, WORDS("m.ode", "--data=d.csv", ADAM, first, second), message);
      snprintf(first, sizeof first, "--%s=two.svg", written[i]);
      refused(VERB_FIT, WORDS("m.ode", "--data=d.csv", ADAM, first, second), message);
      snprintf(first, sizeof first, "--%s=three.svg", written[i]);
      taken(VERB_FIT, WORDS("m.ode", "--data=d.csv", ADAM, first, second));
      snprintf(second, sizeof second, "--%s=new.svg", written[k]);
      snprintf(first, sizeof first, "--%s=new.svg", written[i]); /* which is not there yet */
      snprintf(message, sizeof message, "--%s and --%s name the same file, new.svg", written[k], written[i]);
      refused(VERB_FIT, WORDS("m.ode", "--data=d.csv", ADAM, first, second), message);
    }
  assert_int_equal(symlink("/dev/null", "null"), 0);
  taken(VERB_FIT, WORDS("m.ode", "--data=d.csv", ADAM, "--out=/dev/null", "--checkpoint=null"));
}

static void endings_of_pictures(void **state) {
  (void)state;
  static const char *const good[] = {"a.svg", "a.png", "a.pdf", "a.SVG", "a.b.Png", "directory/a.pdf"},
                           *const bad[] = {"a", "svg", ".svg", "a.svgz", "a.jpg", "asvg", "a.svg.txt"};
  for (int losses = 0; losses < 2; losses++) {
    const char *option = losses ? "--loss-plot" : "--plot", *more = losses ? ADAM : NULL;
    for (size_t i = 0; i < LENGTH(good); i++)
      taken(VERB_FIT, WORDS("m.ode", "--data=d.csv", option, good[i], more));
    for (size_t i = 0; i < LENGTH(bad); i++) {
      char message[100];
      snprintf(message, sizeof message, "%s is \"%s\"; the name must end in .svg, .png or .pdf", option,
               bad[i]);
      refused(VERB_FIT, WORDS("m.ode", "--data=d.csv", option, bad[i], more), message);
    }
  }
}

static void standard_output_as_a_file(void **state) {
  (void)state;
  static const char message[] =
      "--out - would mix with the result on standard output; give the name of a file";
  taken(VERB_SOLVE, WORDS("m.ode", "--out=-"));
  taken(VERB_PREDICT, WORDS("m.ode", "--data=d.csv", "--out=-"));
  refused(VERB_SOLVE, WORDS("m.ode", "--out=-", "--json"), message);
  refused(VERB_PREDICT, WORDS("m.ode", "--data=d.csv", "--out=-", "--json"), message);
  refused(VERB_GRAD, WORDS("m.ode", "--data=d.csv", "--out=-"), message);
  refused(VERB_FIT, WORDS("m.ode", "--data=d.csv", "--out=-"), message);
  refused(VERB_CHECK, WORDS("m.ode", "--data=d.csv", "--out=-"), message);
}

/* A training is kept where it was taken up, unless another place is named; one that is not there is told
 * about when it is read. */
static void trainings_that_go_on(void **state) {
  (void)state;
  refused(VERB_FIT, WORDS("m.ode", "--data=d.csv", ADAM, "--resume=directory"),
          "--resume: cannot write directory: Is a directory");
  taken(VERB_FIT, WORDS("m.ode", "--data=d.csv", ADAM, "--resume=directory", "--checkpoint=kept"));
  taken(VERB_FIT, WORDS("m.ode", "--data=d.csv", ADAM, "--resume=not.there"));
  taken(VERB_FIT, WORDS("m.ode", "--data=d.csv", ADAM, "--resume=d.csv"));
  refused(VERB_FIT, WORDS("m.ode", "--data=d.csv", ADAM, "--checkpoint=directory"),
          "--checkpoint: cannot write directory: Is a directory");
}

/* ---- Axes, and names of other tools ---- */

/* States first, then observed columns; a column may be called as a state is. */
static void axes_of_phase_portraits(void **state) {
  (void)state;
  static const struct {
    const char *text;
    phase_axis axes[2];
    const char *message;
  } cases[] = {
      {"x[1],x[2]", {{0, 0}, {0, 1}}, NULL},
      {"z,x[1]", {{0, 2}, {0, 0}}, NULL},
      {"y,z", {{1, 1}, {0, 2}}, NULL},
      {"z,other", {{0, 2}, {1, 2}}, NULL},
      {"x,z",
       {{0}},
       "--phase: the model has no state and no observed column x; a vector's entries are written x[1]"},
      {"z,x[3]",
       {{0}},
       "--phase: the model has no state and no observed column x[3]; a vector's entries are written x[1]"},
      {"z, y",
       {{0}},
       "--phase: the model has no state and no observed column  y; a vector's entries are written x[1]"},
      {"z,y,z",
       {{0}},
       "--phase: the model has no state and no observed column y,z; a vector's entries are written x[1]"},
      {",z",
       {{0}},
       "--phase: the model has no state and no observed column ; a vector's entries are written x[1]"},
      {"z", {{0}}, "--phase is \"z\"; expected two names with a comma between, as in x[1],x[2]"}};
  put("phase.ode",
      "init x = [1, 2]\ninit z = 3\nx' = -x\nz' = -z\nobserve z ~ normal(z, 1)\nobserve y ~ normal(z, 1)\n"
      "observe other ~ normal(z, 1)\ntime 0 : 1\n");
  for (size_t i = 0; i < LENGTH(cases); i++) {
    const char *const words[WORDS_MOST] = {"phase.ode", "--plot=p.svg", "--phase", cases[i].text};
    arguments a;
    problem p;
    if (cases[i].message) {
      refused(VERB_SOLVE, words, cases[i].message);
      continue;
    }
    phase_axis axes[2];
    assert_int_equal(load(VERB_SOLVE, &a, &p, words), EXIT_DONE);
    assert_int_equal(find_phase(&p, axes), EXIT_DONE);
    for (int k = 0; k < 2; k++)
      assert_true(axes[k].observed == cases[i].axes[k].observed && axes[k].index == cases[i].axes[k].index);
    drop(&a, &p);
  }
  refused(VERB_SOLVE, WORDS("phase.ode", "--phase=z,y"), "--phase z,y goes with --plot FILE");
}

static void is_called(const char *foreign, const char *own) {
  const char *found = option_for(foreign, strlen(foreign));
  if (own && (!found || strcmp(found, own) != 0))
    fail_msg("%s is called %s", foreign, found ? found : "nothing");
  if (!own && found) fail_msg("%s is called %s", foreign, found);
}

/* As PyTorch, optax, SciPy and R have them; what is a part of a name, or two of them, is none. */
static void names_of_other_tools(void **state) {
  (void)state;
  char longer[70];
  is_called("lr", "learning-rate"), is_called("eta", "learning-rate"), is_called("maxiter", "iterations");
  is_called("reltol", "rtol"), is_called("saveat", "times"), is_called("betas", "beta1"),
      is_called("h", "help");
  is_called("float32", "precision"), is_called("wd", "weight-decay"), is_called("o", "out");
  is_called("", NULL), is_called("learning", NULL), is_called("lr learning_rate", NULL), is_called(" ", NULL);
  is_called("ta", NULL), is_called("rate step-size", NULL);
  assert_null(option_for("lrx", 1)); /* "l" */
  assert_string_equal(option_for("lrx", 2), "learning-rate");
  for (size_t length = 58; length < 66; length++) {
    memset(longer, 'a', length), longer[length] = '\0';
    is_called(longer, NULL);
    assert_null(verb_for(longer));
  }
  assert_string_equal(verb_for("train"), "fit");
  assert_string_equal(verb_for("simulate"), "solve");
  assert_string_equal(verb_for("gradcheck"), "check");
  assert_string_equal(verb_for("forecast"), "predict");
  assert_string_equal(verb_for("gradient"), "grad");
  assert_null(verb_for("")), assert_null(verb_for("solve")), assert_null(verb_for("trai"));
}

/* ---- Data ---- */

static void columns_of_times(void **state) {
  (void)state;
  char columns[400] = "c1", names[400] = "c1", text[500], message[500];
  put("time.csv", "time,y\n0,1\n1,2\n");
  put("both.csv", "time,t,y\n7,0,1\n8,1,2\n");
  taken(VERB_GRAD, WORDS("m.ode", "--data=time.csv"));
  arguments a;
  problem p;
  assert_int_equal(load(VERB_GRAD, &a, &p, WORDS("m.ode", "--data=both.csv")), EXIT_DONE);
  assert_true(p.data_times[0] == 0 && p.data_times[1] == 1 && !p.has_ids && p.trajectories == 1);
  drop(&a, &p);
  for (int i = 2; i <= 21; i++) { /* twenty of them are named */
    size_t length = strlen(columns);
    snprintf(columns + length, sizeof columns - length, ",c%d", i);
    if (i <= 20) snprintf(names + strlen(names), sizeof names - strlen(names), ", c%d", i);
    if (i < 19) continue;
    snprintf(text, sizeof text, "%s\n1", columns);
    for (int k = 1; k < i; k++) strcat(text, ",1");
    put("none.csv", text);
    snprintf(message, sizeof message, "none.csv has no column t (or time); its columns are: %s%s", names,
             i > 20 ? ", ..." : "");
    refused(VERB_GRAD, WORDS("m.ode", "--data=none.csv"), message);
  }
}

static void rows_without_a_time(void **state) {
  (void)state;
  put("gap.csv", "t,y\n0,1\n# a comment\nNA,2\n");
  refused(VERB_GRAD, WORDS("m.ode", "--data=gap.csv"), "gap.csv:4: data row 2 has no time");
  put("gap.csv", "id,t,y\na,0,1\na,1,2\nb,,2\n");
  refused(VERB_GRAD, WORDS("m.ode", "--data=gap.csv"), "gap.csv:4: data row 3 has no time");
}

static void rows_of_trajectories(void **state) {
  (void)state;
  arguments a;
  problem p;
  size_t rows[5];
  assert_int_equal(load(VERB_GRAD, &a, &p, WORDS("m.ode", "--data=d.csv")), EXIT_DONE);
  assert_true(p.has_ids && p.trajectories == 2);
  assert_int_equal(data_rows_of(&p, 0, rows), 3);
  assert_true(rows[0] == 0 && rows[1] == 2 && rows[2] == 4);
  assert_int_equal(data_rows_of(&p, 1, rows), 2);
  assert_true(rows[0] == 1 && rows[1] == 3);
  assert_int_equal(data_rows_of(&p, 1, NULL), 2);
  static const int has[] = {1, 1, 0, 0, 1};
  for (size_t row = 0; row < 5; row++) assert_int_equal(has_value(&p, row), has[row]);
  char *place = row_place(&p, 3);
  assert_string_equal(place, "d.csv:5");
  free(place);
  drop(&a, &p);
}

/* ---- Values that are given in several places ---- */

static void is_theta(const char *const words[WORDS_MOST], const double *expected) {
  arguments a;
  problem p;
  if (load(VERB_SOLVE, &a, &p, words) != EXIT_DONE) fail_msg("refused: %s", said);
  assert_int_equal(p.p, 4);
  for (size_t i = 0; i < 4; i++) assert_true(p.theta[i] == expected[i]);
  drop(&a, &p);
}

/* The model's, above them those of --params, above these --set: of the parameter of that name and no other.
 */
static void which_value_wins(void **state) {
  (void)state;
  put("p.json", "{\"k\": 10, \"k2\": 20, \"A\": [30, 40]}");
  is_theta(WORDS("m.ode"), (double[]){0.5, 2, 3, 4});
  is_theta(WORDS("m.ode", "--params=p.json"), (double[]){10, 20, 30, 40});
  is_theta(WORDS("m.ode", "--params=p.json", "--set=k=7"), (double[]){7, 20, 30, 40});
  is_theta(WORDS("m.ode", "--params=p.json", "--set=k2=7"), (double[]){10, 7, 30, 40});
  is_theta(WORDS("m.ode", "--params=p.json", "--set=k2=7", "--set=A=[8, 9]"), (double[]){10, 7, 8, 9});
  is_theta(WORDS("m.ode", "--set=A=[8, 9]", "--set=k=1"), (double[]){1, 2, 8, 9});
}

/* A share of the run's tolerances, within what a tolerance may be. */
static void finer_tolerances(void **state) {
  (void)state;
  static const struct {
    const char *given;
    double share;
    const char *expected;
  } cases[] = {{"x=1e-3", 0.125, "x=0.000125"},      {"x=1e-3", 1, "x=0.001"},
               {"x=1e-299", 1e-3, "x=1e-300"},       {"x=1e-300", 0.5, "x=1e-300"},
               {"x=1e299", 100, "x=1e+300"},         {"x=1e300", 2, "x=1e+300"},
               {"x=3,x=1e-3", 0.5, "x=1.5,x=0.0005"}};
  for (size_t i = 0; i < LENGTH(cases); i++) {
    arguments a;
    problem p;
    og_options *options;
    assert_int_equal(load(VERB_CHECK, &a, &p, WORDS("m.ode", "--atol=1e-4", "--atol", cases[i].given)),
                     EXIT_DONE);
    assert_int_equal(og_options_create(p.context, &options), OG_OK);
    assert_int_equal(set_tolerances(&p, options, 0.25, cases[i].share), OG_OK);
    assert_true(og_options_real(options, OG_OPT_RTOL) == 0.25);
    assert_true(og_options_real(options, OG_OPT_ATOL) == cases[i].share * 1e-4);
    assert_string_equal(og_options_text(options, OG_OPT_ATOL), cases[i].expected);
    og_options_destroy(options);
    drop(&a, &p);
  }
}

/* A file that holds a model and its parameters is read twice, which standard input cannot be. */
static void saved_models(void **state) {
  (void)state;
  arguments a;
  problem p;
  int standard_input = dup(STDIN_FILENO);
  assert_int_equal(load(VERB_SOLVE, &a, &p, WORDS("m.ode", "--set=k=7")), EXIT_DONE);
  assert_int_equal(og_parameters_write(p.model, p.theta, "saved.safetensors"), OG_OK);
  drop(&a, &p);
  is_theta(WORDS("saved.safetensors"), (double[]){7, 2, 3, 4});
  is_theta(WORDS("saved.safetensors", "--params=p.json"), (double[]){10, 20, 30, 40});
  for (int saved = 0; saved < 2; saved++) {
    int file = open(saved ? "saved.safetensors" : "m.ode", O_RDONLY);
    assert_true(file >= 0);
    dup2(file, STDIN_FILENO), close(file);
    if (saved)
      refused(VERB_SOLVE, WORDS("-"),
              "a model with its parameters is read twice, and standard input only once: give the name of the "
              "file");
    else
      taken(VERB_SOLVE, WORDS("-"));
    clearerr(stdin);
  }
  dup2(standard_input, STDIN_FILENO);
  close(standard_input);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_read_is_kept), cmocka_unit_test(files_are_not_written_twice),
      cmocka_unit_test(endings_of_pictures),  cmocka_unit_test(standard_output_as_a_file),
      cmocka_unit_test(trainings_that_go_on), cmocka_unit_test(axes_of_phase_portraits),
      cmocka_unit_test(names_of_other_tools), cmocka_unit_test(columns_of_times),
      cmocka_unit_test(rows_without_a_time),  cmocka_unit_test(rows_of_trajectories),
      cmocka_unit_test(which_value_wins),     cmocka_unit_test(finer_tolerances),
      cmocka_unit_test(saved_models)};
  return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
