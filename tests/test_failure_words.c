/* The words for a trajectory that stopped: for each cause its own, with what held the steps, which equation
 * or event it was, and every number. */
#include "event_field.h"
#include "solve/solve.h"

typedef struct fixture {
  og_context *context;
  og_field *field;
  og_solve *solve;
} fixture;

static fixture open_fixture(int single) {
  fixture f = {.context = new_context()};
  f.field = driven_field(f.context);
  og_options *options = new_options(f.context, OG_METHOD_TSIT5, 1e-5, 1e-5);
  CHECK(f.context, og_options_set_choice(options, OG_OPT_PRECISION, single));
  CHECK(f.context, og_solve_create(f.context, f.field, options, 3, &f.solve));
  CHECK(f.context, og_solve_set_span(f.solve, OG_ALL, 0, 10));
  CHECK(f.context, og_solve_set_name(f.solve, 1, "patient 7"));
  og_options_destroy(options);
  return f;
}

static void close_fixture(fixture *f) {
  og_solve_destroy(f->solve);
  og_field_destroy(f->field);
  og_context_destroy(f->context);
}

static const og_failure plain = {
    .trajectory = 2, .accepted = 12, .rejected = 3, .t = 2.5, .h = 0.125, .norm = 7, .stiffness = NAN};

/* A failure that is plain but for what is set. */
typedef struct row {
  og_status status;
  int derivative, event, refused;
  const char *words;
} row;

static const row rows[] = {
    {OG_ERR_NOT_FINITE, 0, 0, 0, "the right-hand side or the state became NaN or infinite: "},
    {OG_ERR_BLOW_UP, 0, 0, 0, "the solution grows without bound: "},
    {OG_ERR_STEP_UNDERFLOW, 0, 0, 0, "the step size became too small to advance t: "},
    {OG_ERR_TOO_MANY_STEPS, 0, 0, 0, "the limit of steps was reached: "},
    {OG_ERR_STIFF, 0, 0, 0, "the problem is stiff, and the method is explicit"},
    {OG_ERR_FIELD, 0, 0, 0, "a callback of the field returned a negative number, which means stop: "},
    {OG_ERR_FIELD, 0, 0, 1, "a callback of the field went on returning a positive number"},
    {OG_ERR_ZENO, 0, 0, 0, "events accumulate: "},
    {OG_ERR_GRAZING, 0, 0, 0, "a recorded event is not there when the steps are replayed: "},
    {OG_ERR_INCONSISTENT, 0, 0, 0, "the algebraic equations have no solution that Newton's method finds"},
    {OG_ERR_INDEX, 0, 0, 0, "algebraic equations do not determine the algebraic states: "},
    {OG_ERR_NOT_STEADY, 0, 0, 0, "the right-hand side has not fallen to the tolerance of the option steady"},
    {OG_ERR_UNSUPPORTED, 1, 0, 0, "steps that were computed again from a checkpoint differ"},
    {OG_ERR_NOT_FINITE, 1, 0, 0, "the derivative became NaN or infinite, though the solution is finite: "},
    {OG_ERR_TOO_MANY_STEPS, 1, 0, 0,
     "the integral of lambda^T df/dtheta (adjoint = quadrature) does not converge: "},
    {OG_ERR_FIELD, 1, 0, 0, "a vjp or jvp callback did not return 0: "},
    {OG_ERR_GRAZING, 1, 0, 0, "an event's guard touches zero or jumps over it there"},
    {OG_ERR_BLOW_UP, 1, 0, 0, "the solution grows without bound: "}, /* which has no words of its own there */
    {OG_ERR_NOT_FINITE, 0, 1, 0, "an event's guard, or the state after its jump, became NaN or infinite: "},
    {OG_ERR_FIELD, 0, 2, 0, "a guard's or jump's callback did not return 0: "},
    {OG_ERR_FIELD, 0, 3, 1, "a guard's or jump's callback did not return 0: "},
    {OG_ERR_GUARD_UNRESOLVED, 0, 3, 0, "an event's guard changes faster than it can be followed"},
    {OG_ERR_ZENO, 0, 1, 0, "events accumulate: "},
    {OG_ERR_NOT_FINITE, 1, 1, 0, "the derivative became NaN or infinite"}};

static void every_cause_has_its_words(void **state) {
  (void)state;
  static const char *const events[] = {NULL, "at event 0 (bump)", "at event 1 (reset)", "at event 2 (note)"};
  fixture f = open_fixture(0);
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    og_failure failure = plain;
    failure.status = rows[i].status, failure.derivative = rows[i].derivative,
    failure.refused = rows[i].refused;
    failure.event = (size_t)rows[i].event;
    assert_int_equal(og_report_failure(f.solve, &failure), rows[i].status);
    const char *message = og_context_message(f.context);
    if (strstr(message, rows[i].words) != message) fail_msg("\"%s\" begins \"%s\"", message, rows[i].words);
    assert_contains(
        message, "trajectory 2 stopped at t = 2.5 (on the way from 0 to 10) with step h = 0.125 and |x| = 7, "
                 "after 12 accepted and 3 rejected steps of tsit5; try: ");
    if (rows[i].event) assert_contains(message, events[rows[i].event]);
    if (!rows[i].event) assert_null(strstr(message, "at event"));
    static const char *const others[] = {"the equation that", "min-step", "max-step =", "single precision",
                                         "decay rate of df/dx:"};
    for (size_t k = 0; k < sizeof others / sizeof *others; k++) assert_null(strstr(message, others[k]));
  }
  og_failure named = plain;
  named.status = OG_ERR_BLOW_UP, named.trajectory = 1;
  og_report_failure(f.solve, &named);
  assert_contains(og_context_message(f.context), "trajectory 1 (patient 7) stopped at");
  close_fixture(&f);
}

/* ---- What held the steps ---- */

typedef struct held {
  og_status status;
  double least, most, h, t;
  int derivative, single;
  const char *said[3], *unsaid[3];
} held;

static void what_held_the_steps_is_told(void **state) {
  (void)state;
  static const char too_small[] = "the step size became too small to advance t: ",
                    below[] = "the step size became too small: the tolerances ask for one below min-step: ",
                    part[] = "the step size became too small a part of the span: ";
  static const char least[] = "min-step = 0.5: smaller steps were not tried",
                    most[] = "max-step = 0.25: no wider step was allowed",
                    single[] = "single precision has no step of that size: precision = double";
  static const held cases[] = {
      {OG_ERR_STEP_UNDERFLOW, 0.5, 0, 1e-9, 1, 0, 0, {below, least}, {most, single, too_small}},
      {OG_ERR_STEP_UNDERFLOW, 0, 0.25, 1e-9, 1, 0, 0, {too_small, most}, {least, single, below}},
      {OG_ERR_STEP_UNDERFLOW, 0.5, 0.25, 1e-9, 1, 0, 0, {below, least, most}, {single}},
      {OG_ERR_STEP_UNDERFLOW, 0.5, 0.25, 1e-9, 1, 1, 0, {too_small}, {least, most, below}},
      {OG_ERR_BLOW_UP, 0.5, 0.25, 1e-9, 1, 0, 0, {least}, {most, single, below}},
      {OG_ERR_TOO_MANY_STEPS, 0.5, 0.25, 1e-9, 1, 0, 0, {"the limit of steps"}, {least, most, below}},
      {OG_ERR_STEP_UNDERFLOW, 0, 0, 1e-60, 1, 0, 1, {too_small, single}, {least, most}},
      {OG_ERR_STEP_UNDERFLOW, 0, 0, 1e-60, 1, 0, 0, {too_small}, {single}},
      {OG_ERR_STEP_UNDERFLOW, 0, 0, 1e-30, 1, 0, 1, {too_small}, {single}},
      {OG_ERR_BLOW_UP, 0, 0, 1e-60, 1, 0, 1, {"grows without bound"}, {single}},
      {OG_ERR_STEP_UNDERFLOW, 0, 0, 1e-305, 0, 0, 0, {part}, {too_small}},
      {OG_ERR_STEP_UNDERFLOW, 0, 0, -1e-305, 0, 0, 0, {part}, {too_small}},
      {OG_ERR_STEP_UNDERFLOW, 0, 0, 1e-305, 1, 0, 0, {too_small}, {part}}, /* t has no such step */
      {OG_ERR_STEP_UNDERFLOW, 0, 0, 1e-297, 0, 0, 0, {too_small}, {part}},
      {OG_ERR_BLOW_UP, 0, 0, 1e-305, 0, 0, 0, {"grows without bound"}, {part}},
      {OG_ERR_STEP_UNDERFLOW, 0, 0, 1e-305, -1, 0, 0, {too_small}, {part}}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fixture f = open_fixture(cases[i].single);
    og_failure failure = plain;
    failure.status = cases[i].status, failure.derivative = cases[i].derivative;
    failure.least = cases[i].least, failure.most = cases[i].most, failure.h = cases[i].h,
    failure.t = cases[i].t;
    assert_int_equal(og_report_failure(f.solve, &failure), cases[i].status);
    for (int k = 0; k < 3; k++) {
      const char *unsaid = cases[i].unsaid[k];
      if (cases[i].said[k]) assert_contains(og_context_message(f.context), cases[i].said[k]);
      if (unsaid && strstr(og_context_message(f.context), unsaid))
        fail_msg("case %zu says \"%s\"", i, unsaid);
    }
    close_fixture(&f);
  }
}

/* ---- On behalf of another solve ---- */

static const char *name_of(const void *names, size_t m, char text[OG_TRAJECTORY_NAME_SIZE]) {
  snprintf(text, OG_TRAJECTORY_NAME_SIZE, "%s %zu", (const char *)names, m + 1);
  return text;
}

/* A solve that is not the caller's own says what it is for; its equations are not his, and where steps become
 * too small it says what to think of that. */
static void a_role_is_told(void **state) {
  (void)state;
  const og_role role = {.what = "on the way back: ", .advice = "something else; ", .stuck = "it may be that"};
  for (int stuck = 0; stuck < 2; stuck++)
    for (int failing = 0; failing < 2; failing++) {
      fixture f = open_fixture(0);
      og_role own = role;
      og_failure failure = plain;
      if (!stuck) own.stuck = NULL;
      f.solve->role = &own;
      f.solve->name_of = name_of, f.solve->names = "window";
      failure.status = failing ? OG_ERR_STEP_UNDERFLOW : OG_ERR_NOT_FINITE, failure.row = 1;
      og_report_failure(f.solve, &failure);
      const char *message = og_context_message(f.context);
      assert_true(strstr(message, "on the way back: the ") == message);
      assert_contains(message, "; try: something else; ");
      assert_contains(message, "trajectory 2 (window 3) stopped");
      assert_null(strstr(message, "the equation"));
      assert_int_equal(strstr(message, "it may be that") != NULL, stuck && failing);
      f.solve->role = NULL;
      close_fixture(&f);
    }
}

/* ---- Equations and stiffness ---- */

static void equations_are_named(void **state) {
  (void)state;
  static const char *const names[] = {"that of state number 0 (they count from 0)",
                                      "that of state number 1 (they", "that of state number 2 (they",
                                      "that of the running cost"};
  fixture f = open_fixture(0);
  for (size_t i = 0; i < 4; i++)
    for (int derivative = 0; derivative < 2; derivative++) {
      og_failure failure = plain;
      failure.status = OG_ERR_NOT_FINITE, failure.row = i + 1, failure.derivative = derivative;
      og_report_failure(f.solve, &failure);
      if (!derivative) assert_contains(og_context_message(f.context), names[i]);
      if (derivative) assert_null(strstr(og_context_message(f.context), "the equation"));
    }
  close_fixture(&f);
}

static void stiffness_is_told_where_it_counts(void **state) {
  (void)state;
  static const struct {
    double stiffness;
    const char *said;
  } cases[] = {{NAN, NULL},
               {0.5, NULL},
               {1, NULL},
               {1.25, "fastest decay rate of df/dx: 1.25"},
               {3e4, "fastest decay rate of df/dx: 3e+04"}};
  fixture f = open_fixture(0);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    og_failure failure = plain;
    failure.status = OG_ERR_STIFF, failure.stiffness = cases[i].stiffness;
    og_report_failure(f.solve, &failure);
    if (cases[i].said) assert_contains(og_context_message(f.context), cases[i].said);
    if (!cases[i].said) assert_null(strstr(og_context_message(f.context), "decay rate of df/dx"));
  }
  close_fixture(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_cause_has_its_words),
                                     cmocka_unit_test(what_held_the_steps_is_told),
                                     cmocka_unit_test(a_role_is_told), cmocka_unit_test(equations_are_named),
                                     cmocka_unit_test(stiffness_is_told_where_it_counts)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
