/* Guards that are beyond zero for a moment only, between two samples of a step or right behind an event: both
 * passages are found, in their order, at their times; what comes near to zero and no further is none. */
#include "event_models.h"

/* k ((x - c)^2 - d) in a point x = t - t0, whose steps are as wide as the span: below zero where |x - c| < r,
 * d = r^2. A kink: k (|x - c| - r). With every sign and direction, both ways in time. */
static const char dip[] = "param c = 1, d = 0.01, k = 1\ninit x = 0, n = 0\nx' = %s\nn' = 0\nevent e when %s "
                          "= 0 %s { n = n + 1 }\n";

typedef struct shape {
  const char *guard;
  int is_kink;
} shape;

static const shape shapes[] = {{"k*((x - c)^2 - d)", 0},
                               {"-k*((x - c)^2 - d)", 0},
                               {"k*((x - c)^2 - d)*(10 - x)", 0},
                               {"k*(abs(x - c) - d)", 1},
                               {"-k*(abs(x - c) - d)", 1}};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void expect_dip(const shape *s, const double theta[3], const char *direction, const model_case *way,
                       int backward) {
  static const double span = 3;
  char text[400];
  model_result r;
  model_case c = *way;
  og_context *context = new_context();
  int turned = *s->guard == '-', any = strcmp(direction, "any") == 0, misses = theta[1] < 0;
  int first = any || (strcmp(direction, "falling") == 0) != turned, second = any || !first;
  double half = misses ? 0 : s->is_kink ? theta[1] : sqrt(theta[1]), want[2];
  size_t count = 0;
  if (!misses && first) want[count++] = theta[0] - half;
  if (!misses && second) want[count++] = theta[0] + half;
  snprintf(text, sizeof text, dip, backward ? "-1" : "1", s->guard, direction);
  c.theta = theta, c.t0 = backward ? span : 0, c.t1 = backward ? 0 : span;
  CHECK(context, model_run(context, text, &c, &r));
  if (r.count != count)
    fail_msg("%zu events, not %zu: c = %.17g, d = %g, k = %g, backward %d, of\n%s", r.count, count, theta[0],
             theta[1], theta[2], backward, text);
  /* near its turn a guard has a slope of 2 k half, over which its rounding, some units of k c^2, makes this
   * of a time */
  double unit = c.precision == OG_PRECISION_SINGLE ? 1.2e-7 : 2.2e-16,
         allowed = 256 * unit * (s->is_kink ? 1 : 1 + 1 / fmax(half, 1e-30));
  for (size_t k = 0; k < count; k++) assert_near(fabs(r.t[k] - c.t0), want[k], allowed, "event", k);
  og_context_destroy(context);
}

static void both_passages_are_found(void **state) {
  (void)state;
  static const char *const directions[] = {"falling", "rising", "any"};
  static const double depths[] = {0.2, 1e-2, 1e-4, 1e-6};
  uint64_t seed = 3;
  for (int i = 0; i < SHAPES; i++)
    for (int depth = 0; depth < 4; depth++)
      for (int m = 0; m < 24; m++) {
        if (shapes[i].is_kink && depth > 1) continue; /* narrower than what its samples show */
        double theta[3] = {1.5 + 0.6 * noise(&seed), depths[depth], pow(10, 3 * noise(&seed))};
        if (m % 4 == 3) theta[1] = -theta[1];
        expect_dip(
            &shapes[i], theta, directions[m % 3],
            &(model_case){.method = m % 2 ? OG_METHOD_DOP853 : OG_METHOD_TSIT5, .steps = m % 5 ? 0 : 2},
            m / 2 % 2);
      }
}

static void in_single_precision_too(void **state) {
  (void)state;
  uint64_t seed = 4;
  for (int i = 0; i < SHAPES; i++)
    for (int m = 0; m < 12; m++) {
      double theta[3] = {1.5 + 0.6 * noise(&seed), m % 4 == 3 ? -0.01 : 0.01, 1};
      expect_dip(&shapes[i], theta, m % 2 ? "any" : "falling",
                 &(model_case){.precision = OG_PRECISION_SINGLE}, 0);
    }
}

/* ---- On every lane ---- */

/* One trajectory in four misses; the others dip at places of their own. */
static void on_every_lane(void **state) {
  (void)state;
  enum { COUNT = 100 };
  static double theta[COUNT][3];
  char text[400];
  uint64_t seed = 5;
  double x0[2];
  og_context *context = new_context();
  snprintf(text, sizeof text, dip, "1", shapes[0].guard, "any");
  og_model *model = parse(context, text);
  og_options *options = new_options(context, OG_METHOD_TSIT5, 1e-6, 1e-6);
  og_solve *solve = NULL;
  CHECK(context, og_solve_create(context, og_model_field(model), options, COUNT, &solve));
  for (size_t m = 0; m < COUNT; m++) {
    theta[m][0] = 1.5 + noise(&seed), theta[m][1] = m % 4 ? pow(10, -1.5 - 3 * (double)(m % 7) / 7) : -1e-3,
    theta[m][2] = 1;
    CHECK(context, og_model_initial_state(model, 0, theta[m], x0));
    CHECK(context, og_solve_set_initial_state(solve, m, x0));
    CHECK(context, og_solve_set_parameters(solve, m, theta[m]));
  }
  CHECK(context, og_solve_set_span(solve, OG_ALL, 0, 3));
  CHECK(context, og_solve_run(solve));
  for (size_t m = 0; m < COUNT; m++) {
    size_t count;
    CHECK(context, og_solve_events(solve, m, &count));
    assert_int_equal(count, m % 4 ? 2 : 0);
    for (size_t k = 0; k < count; k++) {
      og_occurrence at = {OG_INIT(og_occurrence)};
      CHECK(context, og_solve_event(solve, m, k, &at));
      assert_near(at.t, theta[m][0] + (k ? 1 : -1) * sqrt(theta[m][1]), 1e-12, "event of trajectory", m);
    }
  }
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_model_destroy(model);
  og_context_destroy(context);
}

/* ---- Right behind an event ---- */

/* A ball that leaves the floor with the speed e each time, however small: it is back after 2 e / 9.8, long
 * before the first sample of a step. From the height 1 it comes down at sqrt(2 / 9.8). Mirrored it hangs from
 * a ceiling. */
static void small_hops_are_seen(void **state) {
  (void)state;
  static const char hop[] = "param e = 1, s = 1\ninit h = s, v = 0, n = 0\nh' = v\nv' = -9.8*s\nn' = 0\n"
                            "event hit when h = 0 %s { v = s*e; n = n + 1 }\n";
  static const double speeds[] = {0.5, 1e-2, 1e-3, 1e-4, 1e-5};
  for (int i = 0; i < 5; i++)
    for (int m = 0; m < 8; m++) {
      char text[300];
      model_result r;
      double theta[2] = {speeds[i], m % 2 ? -1 : 1}, first = sqrt(2 / 9.8), period = 2 * speeds[i] / 9.8;
      og_method method = m / 2 % 2 ? OG_METHOD_DOPRI5 : OG_METHOD_TSIT5;
      og_context *context = new_context();
      snprintf(text, sizeof text, hop, m / 4 ? "any" : m % 2 ? "rising" : "falling");
      CHECK(context,
            model_run(context, text,
                      &(model_case){.method = method, .t1 = first + 4.5 * period, .theta = theta}, &r));
      if (r.count != 5) fail_msg("%zu hits at e = %g of\n%s", r.count, speeds[i], text);
      /* rounding of the first height over the speed there, and of each hop's over its own */
      for (size_t k = 0; k < 5; k++)
        assert_near(r.t[k], first + (double)k * period, 1e-14 * (1 + 1 / speeds[i]), "hit", k);
      og_context_destroy(context);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(both_passages_are_found),
                                     cmocka_unit_test(in_single_precision_too),
                                     cmocka_unit_test(on_every_lane), cmocka_unit_test(small_hops_are_seen)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
