/* States by their names: rows of a name and names of a row, and what is said of others. */
#include "field/states.h"
#include "models.h"

static const char text[] = "init x = 1, v = [1, 2, 3], longer = 2\nx' = 0*x\nv' = 0*v\nlonger' = 0*longer\n"
                           "cost integral = x\n";

typedef struct fixture {
  og_context *context;
  og_model *model;
  const og_field *field;
} fixture;

static fixture open_fixture(void) {
  fixture f = {.context = new_context()};
  f.model = parse(f.context, text);
  f.field = og_model_field(f.model);
  return f;
}

static void close_fixture(fixture *f) {
  og_model_destroy(f->model);
  og_context_destroy(f->context);
}

static void names_have_their_rows(void **state) {
  (void)state;
  static const struct {
    const char *name;
    size_t first, count;
  } of[] = {{"x", 0, 1},    {"x[1]", 0, 1}, {"v", 1, 3},       {"v[1]", 1, 1},
            {"v[2]", 2, 1}, {"v[3]", 3, 1}, {"v[0003]", 3, 1}, {"longer", 4, 1}};
  fixture f = open_fixture();
  for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
    char longer[40];
    size_t first = 99, count = 99, length = strlen(of[i].name);
    snprintf(longer, sizeof longer, "%s]=7", of[i].name); /* what stands behind the name is not read */
    CHECK(f.context, og_state_rows(f.context, f.field, longer, length, &first, &count));
    assert_true(first == of[i].first && count == of[i].count);
  }
  close_fixture(&f);
}

static void other_names_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *name;
    og_status status;
    const char *said;
  } of[] = {{"v[0]", OG_ERR_ARGUMENT, "v[0]: state v has 3 components, counted from 1"},
            {"v[4]", OG_ERR_ARGUMENT, "v[4]: state v has 3 components, counted from 1"},
            {"v[10]", OG_ERR_ARGUMENT, "v[10]: state v has 3 components"},
            {"v[4294967297]", OG_ERR_ARGUMENT, "state v has 3 components"},
            {"v[18446744073709551617]", OG_ERR_ARGUMENT, "state v has 3 components"},
            {"v[]", OG_ERR_ARGUMENT, "v[]: state v has 3 components"},
            {"v[", OG_ERR_ARGUMENT, "v[: state v has 3 components"},
            {"v[1", OG_ERR_ARGUMENT, "v[1: state v has 3 components"},
            {"v[12", OG_ERR_ARGUMENT, "v[12: state v has 3 components"},
            {"v[1x]", OG_ERR_ARGUMENT, "state v has 3 components"},
            {"v[/]", OG_ERR_ARGUMENT, "state v has 3 components"},
            {"v[:]", OG_ERR_ARGUMENT, "state v has 3 components"},
            {"v[-1]", OG_ERR_ARGUMENT, "state v has 3 components"},
            {"x[2]", OG_ERR_ARGUMENT, "x[2]: state x has 1 component, counted from 1"},
            {"longr", OG_ERR_NAME, "there is no state longr; did you mean longer?"},
            {"longe[1]", OG_ERR_NAME, "there is no state longe[1]; there are x, v, longer"},
            {"quite_another", OG_ERR_NAME, "there is no state quite_another; there are x, v, longer"},
            {"", OG_ERR_NAME, "there is no state"}};
  fixture f = open_fixture();
  for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
    size_t first = 99, count = 99;
    assert_int_equal(og_state_rows(f.context, f.field, of[i].name, strlen(of[i].name), &first, &count),
                     of[i].status);
    assert_contains(og_context_message(f.context), of[i].said);
    assert_true(first == 99 && count == 99);
  }
  close_fixture(&f);
}

static void rows_have_their_names(void **state) {
  (void)state;
  static const char *const names[] = {"x", "v[1]", "v[2]", "v[3]", "longer", "the running cost"};
  char room[OG_ROW_NAME_SIZE];
  fixture f = open_fixture();
  assert_int_equal(f.field->n, 6);
  for (size_t row = 0; row < 6; row++) assert_string_equal(og_row_name(f.field, row, room), names[row]);
  og_field nameless = {.n = 3};
  assert_string_equal(og_row_name(&nameless, 2, room), "state number 2 (they count from 0)");
  close_fixture(&f);
}

/* Copies are whole, and of their own. */
static void copies_are_whole(void **state) {
  (void)state;
  og_context *context = new_context();
  for (size_t count = 0; count <= 4; count++) {
    char names[4][8] = {"a", "", "three", "b"};
    og_state_info states[4];
    for (size_t i = 0; i < 4; i++)
      states[i] = (og_state_info){OG_INIT(og_state_info), names[i], 3 * i, i + 1};
    og_state_info *copy = og_states_copy(context, count, states);
    memset(names, 'x', sizeof names), memset(states, 0, sizeof states);
    static const char *const want[] = {"a", "", "three", "b"};
    for (size_t i = 0; i < count; i++) {
      assert_string_equal(copy[i].name, want[i]);
      assert_true(copy[i].offset == 3 * i && copy[i].rows == i + 1);
    }
    og_free(context, copy);
  }
  og_context_destroy(context);
}

/* ---- Tolerances of single states ---- */

typedef struct result {
  size_t steps;
  double final[5], bar[5];
} result;

/* A gradient by steps that each tolerance decides. */
static result run_with(const char *list, const double *atol, int single, og_adjoint adjoint) {
  static const char moving[] = "init x = 1, v = [1, 0, 3], longer = 2\nx' = -x\n"
                               "v' = [3*v[2], -3*v[1], 0.1*v[3]]\nlonger' = sin(5*t)*longer\n";
  result r;
  og_context *context = new_context();
  og_model *model = parse(context, moving);
  og_options *options = NULL;
  og_solve *solve = NULL;
  double x0[] = {1, 1, 0, 3, 2}, ones[] = {1, 1, 1, 1, 1};
  memset(&r, 0, sizeof r);
  CHECK(context, og_options_create(context, &options));
  CHECK(context, og_options_set_text(options, "rtol", "1e-9"));
  CHECK(context, og_options_set_text(options, "atol", "1e-6"));
  if (list) CHECK(context, og_options_set_text(options, "atol", list));
  CHECK(context, og_options_set_choice(options, OG_OPT_PRECISION, single));
  CHECK(context, og_options_set_choice(options, OG_OPT_ADJOINT, (int)adjoint));
  CHECK(context, og_solve_create(context, og_model_field(model), options, 1, &solve));
  CHECK(context, og_solve_set_initial_state(solve, 0, x0));
  CHECK(context, og_solve_set_span(solve, 0, 0, 4));
  if (atol) CHECK(context, og_solve_set_atol(solve, atol));
  CHECK(context, og_solve_run(solve));
  CHECK(context, og_solve_final(solve, 0, r.final));
  CHECK(context, og_solve_steps(solve, 0, &r.steps, NULL));
  CHECK(context, og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                .final_bar = ones, .x0_bar = r.bar}));
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_model_destroy(model);
  og_context_destroy(context);
  return r;
}

/* A list of names gives each row its own tolerance, and the others the general one: the same bits as with an
 * array. */
static void lists_are_arrays(void **state) {
  (void)state;
  static const struct {
    const char *list;
    double atol[5];
  } of[] = {{"x=1e-9", {1e-9, 1e-6, 1e-6, 1e-6, 1e-6}},
            {"v=1e-8", {1e-6, 1e-8, 1e-8, 1e-8, 1e-6}},
            {"v[2]=1e-9", {1e-6, 1e-6, 1e-9, 1e-6, 1e-6}},
            {"longer=1e-10,x=1e-3", {1e-3, 1e-6, 1e-6, 1e-6, 1e-10}},
            {"v=1e-4,v[3]=2.5e-9,x=1e-2", {1e-2, 1e-4, 1e-4, 2.5e-9, 1e-6}}};
  static const og_adjoint adjoints[] = {OG_ADJOINT_DISCRETE, OG_ADJOINT_INTERPOLATE, OG_ADJOINT_QUADRATURE,
                                        OG_ADJOINT_BACKSOLVE};
  for (int single = 0; single < 2; single++)
    for (int k = 0; k < 4; k++) {
      result general = run_with(NULL, NULL, single, adjoints[k]);
      size_t differ = 0;
      for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        result by_name = run_with(of[i].list, NULL, single, adjoints[k]),
               by_row = run_with(NULL, of[i].atol, single, adjoints[k]);
        assert_memory_equal(&by_name, &by_row, sizeof by_name);
        differ += by_name.steps != general.steps;
      }
      assert_true(differ >= 3);
      double same[] = {1e-6, 1e-6, 1e-6, 1e-6, 1e-6};
      result by_row = run_with(NULL, same, single, adjoints[k]);
      assert_memory_equal(&by_row, &general, sizeof general);
    }
}

/* The smaller the tolerance of the row that oscillates, the more steps, whichever row it is. */
static void each_row_counts(void **state) {
  (void)state;
  for (int row = 1; row <= 2; row++) {
    size_t before = 0;
    for (int digits = 3; digits <= 9; digits += 2) {
      double atol[] = {1, 1, 1, 1, 1};
      atol[row] = pow(10, -digits);
      result r = run_with(NULL, atol, 0, OG_ADJOINT_DISCRETE);
      assert_true(r.steps > before);
      before = r.steps;
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(names_have_their_rows), cmocka_unit_test(other_names_are_refused),
      cmocka_unit_test(rows_have_their_names), cmocka_unit_test(copies_are_whole),
      cmocka_unit_test(lists_are_arrays),      cmocka_unit_test(each_row_counts)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
