/* The warning of states that stay below what their tolerance can see: which they are, how large, and what to
 * try; when it is given, and that it is given once. */
#include "models.h"

static char notes[4096];
static void take_note(const char *line, void *user) {
  (void)user;
  snprintf(notes + strlen(notes), sizeof notes - strlen(notes), "%s\n", line);
}

enum { STATES = 7 };
static const char names[STATES] = {'a', 'b', 'c', 'd', 'e', 'f', 'g'};

/* Constant states of those sizes. */
static og_solve *open_solve(og_context *context, og_model **model, const char *atol) {
  char text[600] = "";
  og_options *options = NULL;
  og_solve *solve = NULL;
  for (int i = 0; i < STATES; i++)
    snprintf(text + strlen(text), sizeof text - strlen(text), "init %c = 1\n%c' = 0*%c\n", names[i], names[i],
             names[i]);
  *model = parse(context, text);
  og_context_set_log(context, take_note, NULL);
  CHECK(context, og_options_create(context, &options));
  CHECK(context, og_options_set_text(options, "rtol", "1e-6"));
  CHECK(context, og_options_set_text(options, "atol", "1e-9"));
  if (atol) CHECK(context, og_options_set_text(options, "atol", atol));
  CHECK(context, og_solve_create(context, og_model_field(*model), options, 2, &solve));
  CHECK(context, og_solve_set_span(solve, OG_ALL, 0, 1));
  og_options_destroy(options);
  return solve;
}

static void run(og_context *context, og_solve *solve, const double *sizes) {
  double small[STATES];
  for (int i = 0; i < STATES; i++) small[i] = 0.5 * sizes[i];
  CHECK(context, og_solve_set_initial_state(solve, 0, small));
  CHECK(context, og_solve_set_initial_state(solve, 1, sizes));
  notes[0] = '\0';
  CHECK(context, og_solve_run(solve));
}

/* Up to four are named, with the largest size that any trajectory had; one that is zero throughout is none.
 * An atol that sees a millionth of the first of them is offered. */
static void they_are_listed(void **state) {
  (void)state;
  for (int faint = 0; faint <= STATES; faint++) {
    og_context *context = new_context();
    og_model *model;
    og_solve *solve = open_solve(context, &model, NULL);
    double sizes[STATES];
    char want[600] = "warning: ";
    for (int i = 0; i < STATES; i++) {
      sizes[i] = i >= STATES - faint ? -3e-8 * (i + 1) : i == 0 ? 0 : 2;
      if (i < STATES - faint || i - (STATES - faint) >= 4) continue;
      snprintf(want + strlen(want), sizeof want - strlen(want), "%s%c (at most %.2g)",
               i == STATES - faint ? "" : ", ", names[i], -sizes[i]);
    }
    if (faint > 4)
      snprintf(want + strlen(want), sizeof want - strlen(want), " and %d other%s", faint - 4,
               faint > 5 ? "s" : "");
    /* 1e-6 of 3e-8 to 2.1e-7, rounded down to a power of ten */
    double first = 3e-8 * (STATES - faint + 1);
    snprintf(want + strlen(want), sizeof want - strlen(want),
             ": within a thousand times atol = 1e-09, so that few digits of it are known, or none; try: atol "
             "%c=%s, or "
             "other units\n",
             names[faint ? STATES - faint : 0], first < 1e-7 ? "1e-14" : "1e-13");
    run(context, solve, sizes);
    assert_string_equal(notes, faint ? want : "");
    og_solve_destroy(solve);
    og_model_destroy(model);
    og_context_destroy(context);
  }
}

/* A thousand times its own tolerance is the border. */
static void each_has_its_border(void **state) {
  (void)state;
  static const struct {
    double size;
    const char *atol;
    int told;
  } cases[] = {{0.99e-6, NULL, 1},     {1.01e-6, NULL, 0},      {0.99e-4, "g=1e-7", 1},
               {1.01e-4, "g=1e-7", 0}, {0.99e-9, "g=1e-12", 1}, {1.01e-9, "g=1e-12", 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    og_context *context = new_context();
    og_model *model;
    og_solve *solve = open_solve(context, &model, cases[i].atol);
    double sizes[STATES] = {1, 1, 1, 1, 1, 1, cases[i].size};
    run(context, solve, sizes);
    assert_int_equal(strstr(notes, "warning: g (at most") != NULL, cases[i].told);
    og_solve_destroy(solve);
    og_model_destroy(model);
    og_context_destroy(context);
  }
}

/* Runs number 1, 2, 4, 8, ... are looked at, until one of them tells. */
static void it_is_told_once(void **state) {
  (void)state;
  for (int from = 1; from <= 9; from++) {
    og_context *context = new_context();
    og_model *model;
    og_solve *solve = open_solve(context, &model, NULL);
    int at = 1;
    while (at < from) at *= 2;
    for (int k = 1; k <= 17; k++) {
      double sizes[STATES] = {1, 1, 1, k >= from ? 1e-8 : 1, 1, 1, 1};
      run(context, solve, sizes);
      if ((*notes != '\0') != (k == at)) fail_msg("faint from run %d on: run %d says \"%s\"", from, k, notes);
    }
    og_solve_destroy(solve);
    og_model_destroy(model);
    og_context_destroy(context);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(they_are_listed), cmocka_unit_test(each_has_its_border),
                                     cmocka_unit_test(it_is_told_once)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
