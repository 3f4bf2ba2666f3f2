/* Events and inputs of the model language: what guards and jumps compute, against the same by hand. */
#include "base/real.h"
#include "field/field.h"
#include "fields.h"

/* Five rows: h, x[1..3] and the running cost. Theta: e, r, s[1..2], then (a, b, tau) of u, w[1] and w[2]. */
enum { ROWS = 5, THETA = 4 + 3 * 3, EVENTS = 3 };
static const char text[] = "param e = 0.8, r = 0.2, s = [0.1, 0.2]\n"
                           "input u linear, w[2] hold\n"
                           "init h = 1, x = [1, 2, 3]\n"
                           "h' = u\n"
                           "x' = -x + w[1]\n"
                           "event hit when h - r*sin(t) + u = 0 falling { h = e*h^2 + t*u; x[2:3] = s*w }\n"
                           "event swap when x[1] - x[2] = 0 any {\n"
                           "  x = [x[2], x[1], x[3]*h]   # as they were before\n"
                           "  h = x[1]\n"
                           "  stop\n"
                           "}\n"
                           "event here when t - 1 = 0 rising { }\n"
                           "cost integral = h\n";

static const double at_t = 0.7;
/* Blocks of one lane have room up to a multiple of 16. */
static const double at_x[16] = {0.5, 1.5, -0.7, 2.5, 11};
static const double at_theta[16] = {0.8, 0.2, 0.1, 0.3, 1.25, -0.5, 0.4, 3, 0, 0, -2, 0, 0};

typedef struct point {
  og_context *context;
  og_model *model;
  const og_field *field;
  void *scratch;
} point;

static point new_point(void) {
  point at = {.context = new_context()};
  CHECK(at.context, og_model_parse(at.context, "m.ode", text, sizeof text - 1, &at.model));
  at.field = og_model_field(at.model);
  at.scratch = aligned_alloc(64, (at.field->scratch_bytes(at.field, 16) + 63) / 64 * 64);
  assert_non_null(at.scratch);
  return at;
}

static void free_point(point *at) {
  free(at->scratch);
  og_model_destroy(at->model);
  og_context_destroy(at->context);
}

/* The same by hand. */
static void guards_by_hand(double t, const double *x, const double *theta, double g[EVENTS]) {
  double u = theta[4] + theta[5] * (t - theta[6]);
  g[0] = x[0] - theta[1] * sin(t) + u;
  g[1] = x[1] - x[2];
  g[2] = t - 1;
}

static void jump_by_hand(size_t event, double t, const double *x, const double *theta, double after[ROWS]) {
  double u = theta[4] + theta[5] * (t - theta[6]);
  memcpy(after, x, ROWS * sizeof *x);
  if (event == 0) {
    after[0] = theta[0] * x[0] * x[0] + t * u;
    after[2] = theta[2] * theta[7];
    after[3] = theta[3] * theta[10];
  } else if (event == 1) {
    after[0] = x[1];
    after[1] = x[2];
    after[2] = x[1];
    after[3] = x[3] * x[0];
  }
}

static void description(void **state) {
  (void)state;
  point at = new_point();
  assert_int_equal(og_field_states(at.field), 4);
  assert_int_equal(og_field_parameters(at.field), 4);
  assert_int_equal(og_field_inputs(at.field), 3);
  assert_int_equal(og_field_events(at.field), EVENTS);
  static const og_event want[] = {{OG_INIT(og_event), "hit", OG_DIRECTION_FALLING, 0},
                                  {OG_INIT(og_event), "swap", OG_DIRECTION_ANY, 1},
                                  {OG_INIT(og_event), "here", OG_DIRECTION_RISING, 0}};
  for (size_t i = 0; i < EVENTS; i++) {
    const og_event *event = og_field_event(at.field, i);
    assert_string_equal(event->name, want[i].name);
    assert_true(event->direction == want[i].direction && event->terminal == want[i].terminal);
  }
  static const char *const columns[] = {"u", "w[1]", "w[2]"};
  assert_int_equal(og_model_inputs(at.model), 3);
  for (size_t i = 0; i < 3; i++) assert_string_equal(og_model_input_name(at.model, i), columns[i]);
  assert_null(og_model_input_name(at.model, 3));
  free_point(&at);
}

static void guards_and_jumps(void **state) {
  (void)state;
  point at = new_point();
  const double times[16] = {at_t};
  double g[16], want[ROWS], after[16];
  og_lane_status idle[1] = {0};
  at.field->event_ops.guard(at.field, 1, times, at_x, at_theta, g, idle, at.scratch);
  guards_by_hand(at_t, at_x, at_theta, want);
  for (size_t i = 0; i < EVENTS; i++) assert_true(fabs(g[i] - want[i]) <= 1e-15); /* a few roundings */
  for (size_t event = 0; event < EVENTS; event++) {
    assert_int_equal(at.field->event_ops.jump(at.field, event, at_t, at_x, at_theta, after, at.scratch), 0);
    jump_by_hand(event, at_t, at_x, at_theta, want);
    for (size_t i = 0; i < ROWS; i++)
      if (!(fabs(after[i] - want[i]) <= 1e-15 * (1 + fabs(want[i]))))
        fail_msg("event %zu, row %zu: %.17g, not %.17g", event, i, after[i], want[i]);
  }
  free_point(&at);
}

static void gradient_of_a_guard(void **state) {
  (void)state;
  point at = new_point();
  double g_x[16], g_theta[16], g_t;
  double r = at_theta[1], b = at_theta[5], tau = at_theta[6];
  const double want_x[ROWS] = {1};
  const double want_theta[THETA] = {[1] = -sin(at_t), [4] = 1, [5] = at_t - tau, [6] = -b};
  assert_int_equal(
      at.field->event_ops.guard_gradient(at.field, 0, at_t, at_x, at_theta, g_x, g_theta, &g_t, at.scratch),
      0);
  for (int i = 0; i < ROWS; i++) assert_true(fabs(g_x[i] - want_x[i]) <= 1e-15);
  for (int i = 0; i < THETA; i++) assert_true(fabs(g_theta[i] - want_theta[i]) <= 1e-15);
  assert_true(fabs(g_t - (b - r * cos(at_t))) <= 1e-15);
  free_point(&at);
}

/* The jump along a line through the point, by hand. */
static void moved_jump(size_t event, double by, double t_dot, const double *x_dot, const double *theta_dot,
                       double *after) {
  double x[ROWS], theta[THETA];
  for (int i = 0; i < ROWS; i++) x[i] = at_x[i] + by * x_dot[i];
  for (int i = 0; i < THETA; i++) theta[i] = at_theta[i] + by * theta_dot[i];
  jump_by_hand(event, at_t + by * t_dot, x, theta, after);
}

/* Jumps here are polynomials of degree 3 at most in everything, so that a central difference with one
 * Richardson step is exact up to rounding: units of 1e-16 over a step of 1/16. The transpose by the adjoint
 * identity. */
static void products_of_jumps(void **state) {
  (void)state;
  point at = new_point();
  uint64_t seed = 7;
  double x_dot[16], theta_dot[16], after_bar[16], after_dot[16], x_bar[16], theta_bar[16], t_bar;
  for (int i = 0; i < 16; i++)
    x_dot[i] = noise(&seed), theta_dot[i] = noise(&seed), after_bar[i] = noise(&seed);
  for (size_t event = 0; event < EVENTS; event++) {
    double t_dot = noise(&seed), sides[4][ROWS], left = 0, right;
    const og_event_ops *ops = &at.field->event_ops;
    assert_int_equal(
        ops->jump_jvp(at.field, event, at_t, at_x, at_theta, t_dot, x_dot, theta_dot, after_dot, at.scratch),
        0);
    for (int k = 0; k < 4; k++)
      moved_jump(event, (k % 2 ? -1 : 1) / (k < 2 ? 16.0 : 8.0), t_dot, x_dot, theta_dot, sides[k]);
    for (int i = 0; i < ROWS; i++) {
      double narrow = (sides[0][i] - sides[1][i]) * 8, wide = (sides[2][i] - sides[3][i]) * 4;
      double slope = narrow + (narrow - wide) / 3;
      if (!(fabs(after_dot[i] - slope) <= 1e-13))
        fail_msg("event %zu, row %d: %.17g, not %.17g", event, i, after_dot[i], slope);
      left += after_bar[i] * after_dot[i];
    }
    assert_int_equal(
        ops->jump_vjp(at.field, event, at_t, at_x, at_theta, after_bar, x_bar, theta_bar, &t_bar, at.scratch),
        0);
    right = t_bar * t_dot;
    for (int i = 0; i < ROWS; i++) right += x_bar[i] * x_dot[i];
    for (int i = 0; i < THETA; i++) right += theta_bar[i] * theta_dot[i];
    assert_true(fabs(left - right) <= 1e-14);
  }
  free_point(&at);
}

/* Initial values and predictions read inputs behind the parameters. */
static void values_of_inputs(void **state) {
  (void)state;
  static const char small[] =
      "param k = 2\ninput u, w linear\ninit x = k*u\nx' = -x\nobserve y ~ normal(x + w*t, 1)\n";
  og_context *context = new_context();
  og_model *model = NULL;
  double x0, y, theta[] = {2, 5, 7};
  CHECK(context, og_model_parse(context, "m.ode", small, sizeof small - 1, &model));
  CHECK(context, og_model_initial_state(model, 0, theta, &x0));
  assert_true(x0 == 10);
  CHECK(context, og_model_predict(model, 3, &x0, theta, &y));
  assert_true(y == 31);
  og_model_destroy(model);
  og_context_destroy(context);
}

/* ---- Guards that are alike ---- */

static const char *const forms[] = {"t - %d",           "t - (e + 24*%d)", "sin(r*t - 0.1*%d)",
                                    "max(h, %d)^2 - t", "%d - h",          "where(h < %d, t, log(h)) - r",
                                    "h^0.%d5 - e*r"};
enum { FORMS = sizeof forms / sizeof *forms, OF_EACH = 5, LANES = 16, GUARDS = FORMS * OF_EACH };

static int add_event(char *to, size_t room, int guard) {
  char g[100];
  snprintf(g, sizeof g, forms[guard / OF_EACH], guard % OF_EACH % 4); /* two are the same */
  return snprintf(to, room, "event e%d when %s = 0 rising { h = 0 }\n", guard, g);
}

/* Guards [first, last) of a model that has no others, in a block of lanes. */
static void evaluate_guards(int first, int last, double *g) {
  static char own[10000];
  _Alignas(64) double t[LANES], x[LANES], theta[2 * LANES];
  og_lane_status status[LANES] = {0};
  int at = snprintf(own, sizeof own, "param e = 0.3, r = 1.7\ninit h = 1\nh' = -h\n");
  for (int k = first; k < last; k++) at += add_event(own + at, sizeof own - (size_t)at, k);
  for (int i = 0; i < LANES; i++)
    t[i] = 0.3 * i, x[i] = 0.01 + 0.37 * i, theta[i] = 0.3 + 0.01 * i, theta[LANES + i] = 1.7 - 0.1 * i;
  og_context *context = new_context();
  og_model *model;
  CHECK(context, og_model_parse(context, "m.ode", own, (size_t)at, &model));
  const og_field *field = og_model_field(model);
  void *scratch = aligned_alloc(64, (field->scratch_bytes(field, LANES) + 63) / 64 * 64);
  assert_non_null(scratch);
  field->event_ops.guard(field, LANES, t, x, theta, g, status, scratch);
  free(scratch);
  og_model_destroy(model);
  og_context_destroy(context);
}

/* Side by side in one vector they have the bits that each has alone. */
static void guards_that_are_alike(void **state) {
  (void)state;
  _Alignas(64) static double together[GUARDS * LANES], alone[LANES];
  evaluate_guards(0, GUARDS, together);
  for (int k = 0; k < GUARDS; k++) {
    evaluate_guards(k, k + 1, alone);
    assert_memory_equal(&together[k * LANES], alone, sizeof alone);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(description),         cmocka_unit_test(guards_and_jumps),
      cmocka_unit_test(gradient_of_a_guard), cmocka_unit_test(products_of_jumps),
      cmocka_unit_test(values_of_inputs),    cmocka_unit_test(guards_that_are_alike),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
