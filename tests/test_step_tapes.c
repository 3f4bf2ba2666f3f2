/* What single trajectories' implicit steps leave for the way back: where it is kept and where it ends, and
 * that gradients have the same bits with it and without. */
#include "solve/memory/step_tapes.h"

#include "models.h"
#include "solve/solve.h"

/* ---- Places ---- */

enum { EACH = OG_STEP_TAPES_MOST / 3 };

static void *place(og_solve *solve, size_t index) {
  void *tape;
  assert_int_equal(og_step_tape_for(solve, solve->trajectories, index, &tape), OG_OK);
  return tape;
}

static void *left(og_solve *solve, size_t index) {
  return og_step_tape_of(solve, solve->trajectories, index);
}

/* Three fit within the limit. */
static void limit(void **state) {
  og_trajectory trajectory = {0};
  og_solve solve = {.context = new_context(), .trajectories = &trajectory, .count = 1, .tape_bytes = EACH};
  (void)state;
  for (size_t i = 0; i < 3; i++) assert_non_null(place(&solve, i));
  assert_null(place(&solve, 3));
  assert_null(place(&solve, 4));
  for (size_t i = 0; i < 3; i++) assert_non_null(left(&solve, i));
  assert_null(left(&solve, 3));
  assert_ptr_equal(place(&solve, 0), left(&solve, 0)); /* the trajectory begins anew */
  assert_null(left(&solve, 1));
  assert_null(place(&solve, 2)); /* step 1 has left nothing */
  og_context *context = solve.context;
  og_step_tapes_free(&solve);
  og_context_destroy(context);
}

/* Steps of small systems lie side by side, and a step that is tried again has its place again. */
static void places(void **state) {
  enum { SMALL = 640, STEPS = 1000 };
  og_trajectory trajectory = {0};
  og_solve solve = {.context = new_context(), .trajectories = &trajectory, .count = 1, .tape_bytes = SMALL};
  (void)state;
  for (size_t i = 0; i < STEPS; i++) memset(place(&solve, i), (int)(i % 251), SMALL);
  memset(place(&solve, STEPS - 1), 7, SMALL);
  for (size_t i = 0; i < STEPS; i++) {
    const unsigned char *tape = left(&solve, i);
    int byte = i + 1 < STEPS ? (int)(i % 251) : 7;
    assert_true(tape[0] == byte && tape[SMALL - 1] == byte);
  }
  og_context *context = solve.context;
  og_step_tapes_free(&solve);
  og_context_destroy(context);
}

/* ---- Gradients ---- */

/* f reads the time; an event stops some steps; `auto` has explicit steps as well. */
static const char *const kicked = "param k = 300, a = 1\n"
                                  "init x = 2, y = 0\n"
                                  "x' = -k*(x - cos(3*t)) + a*y\n"
                                  "y' = x - y\n"
                                  "event kick when y - 0.3 = 0 rising { x = 2*a }\n";

typedef struct gradient {
  double final[2], x0_bar[2], theta_bar[2], t1_bar;
} gradient;

static gradient gradient_of(const char *method, const char *memory, size_t *evals) {
  og_context *context = new_context();
  og_model *model = parse(context, kicked);
  og_options *options = NULL;
  og_solve *solve = NULL;
  gradient g = {.t1_bar = 0};
  CHECK(context, og_options_create(context, &options));
  CHECK(context, og_options_set_text(options, "method", method));
  if (memory) CHECK(context, og_options_set_text(options, "memory", memory));
  CHECK(context, og_solve_create(context, og_model_field(model), options, 1, &solve));
  CHECK(context, og_solve_set_initial_state(solve, 0, (const double[]){2, 0}));
  CHECK(context, og_solve_set_parameters(solve, OG_ALL, (const double[]){300, 1}));
  CHECK(context, og_solve_set_span(solve, 0, 0, 4));
  CHECK(context, og_solve_run(solve));
  CHECK(context, og_solve_final(solve, 0, g.final));
  CHECK(context,
        og_solve_pullback(
            solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = (const double[]){1, -2},
                                         .x0_bar = g.x0_bar, .theta_bar = g.theta_bar, .t1_bar = &g.t1_bar}));
  *evals = og_solve_stat(solve, OG_STAT_RHS_EVALS);
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_model_destroy(model);
  og_context_destroy(context);
  return g;
}

static void same_bits(void **state) {
  static const char *const methods[] = {"rodas5p", "auto"};
  (void)state;
  for (int i = 0; i < 2; i++) {
    size_t kept_evals, evals;
    gradient kept = gradient_of(methods[i], NULL, &kept_evals),
             again = gradient_of(methods[i], "1GiB", &evals);
    assert_memory_equal(&kept, &again, sizeof kept);
    assert_true(kept_evals < evals); /* under a budget steps are computed twice */
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(limit), cmocka_unit_test(places),
                                     cmocka_unit_test(same_bits)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
