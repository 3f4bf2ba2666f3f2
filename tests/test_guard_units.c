/* Events do not depend on the unit of their guards, nor on their sign: with guards multiplied by powers of
 * two, or by -1 with rising for falling, everything comes out to the same bits. */
#include "fields.h"

/* x' = p0 cos(t), and y, which events alone change; guards that cross zero, that dip below it by little
 * between samples, smooth and with a kink, in x and in t. */
enum { GUARDS = 9 };

static double factor;         /* of all guards */
static size_t alone = GUARDS; /* the only guard that there is; GUARDS: all of them are */

static int rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)x, (void)user;
  f[0] = p[0] * cos(t);
  f[1] = 0;
  return 0;
}
static int vjp(double t, const double *x, const double *p, const double *l, double *x_bar, double *theta_bar,
               double *t_bar, void *user) {
  (void)x, (void)x_bar, (void)user;
  theta_bar[0] = cos(t) * l[0];
  *t_bar = -p[0] * sin(t) * l[0];
  return 0;
}
static double sign_of(double a) { return a < 0 ? -1 : 1; }

static void all_guards(double t, const double *x, double depth, double g[GUARDS]) {
  g[0] = factor * (x[0] - 0.4);
  g[1] = factor * (fabs(x[0] - 0.6) - depth);
  g[2] = factor * ((x[0] + 0.6123) * (x[0] + 0.6123) - depth * depth);
  g[3] = factor * (fabs(t - 2.1234) - depth);
  g[4] = factor * (depth * depth - (t - 3.5) * (t - 3.5));
  g[5] = factor * (sin(5 * t) + 1 - depth);
  g[6] = factor * (x[0] - 0.1 * 3); /* at the start some 5e-17, which is zero but for rounding */
  g[7] = factor * sin(t);
  g[8] = factor * (t * t * t - 0.1 * t * t * t * t);
}
static int guard(double t, const double *x, const double *p, double *g, void *user) {
  double all[GUARDS];
  (void)p;
  all_guards(t, x, *(const double *)user, all);
  if (alone == GUARDS)
    memcpy(g, all, sizeof all);
  else
    g[0] = all[alone];
  return 0;
}
static int guard_vjp(double t, const double *x, const double *p, const double *g_bar, double *x_bar,
                     double *theta_bar, double *t_bar, void *user) {
  double b[GUARDS] = {0};
  if (alone == GUARDS)
    memcpy(b, g_bar, sizeof b);
  else
    b[alone] = g_bar[0];
  (void)p, (void)theta_bar, (void)user;
  x_bar[0] = factor * (b[0] + sign_of(x[0] - 0.6) * b[1] + 2 * (x[0] + 0.6123) * b[2] + b[6]);
  *t_bar = factor * (sign_of(t - 2.1234) * b[3] - 2 * (t - 3.5) * b[4] + 5 * cos(5 * t) * b[5] +
                     cos(t) * b[7] + (3 * t * t - 0.4 * t * t * t) * b[8]);
  return 0;
}
/* Each adds to y by its place and time, so that none is missed, or misplaced, without a trace. */
static int jump(size_t event, double t, const double *x, const double *p, double *after, void *user) {
  (void)p, (void)user;
  after[1] = x[1] + (double)(1 + event) * t * x[0];
  return 0;
}
static int jump_vjp(size_t event, double t, const double *x, const double *p, const double *b, double *x_bar,
                    double *theta_bar, double *t_bar, void *user) {
  double times = (double)(1 + event);
  (void)p, (void)theta_bar, (void)user;
  x_bar[0] = b[0] + times * t * b[1];
  x_bar[1] = b[1];
  *t_bar = times * x[0] * b[1];
  return 0;
}

enum { MOST = 64 };
typedef struct result {
  size_t count, which[MOST];
  double times[MOST], x[2], x_bar[2], p_bar[1], t0_bar, t1_bar;
} result;

static void solve_with(double with, double depth, og_direction direction, og_precision precision, result *r) {
  static const og_direction other[] = {OG_DIRECTION_ANY, OG_DIRECTION_FALLING, OG_DIRECTION_RISING};
  static const og_event_functions functions = {
      OG_INIT(og_event_functions), guard, guard_vjp, jump, jump_vjp, NULL};
  og_event events[GUARDS];
  og_context *context = new_context();
  og_field *field = NULL;
  og_solve *solve = NULL;
  memset(r, 0, sizeof *r);
  factor = with;
  for (int i = 0; i < GUARDS; i++)
    events[i] = (og_event){OG_INIT(og_event), NULL, with < 0 ? other[direction] : direction, 0};
  CHECK(context, og_field_create(context, 2, 1, rhs, &depth, &field));
  CHECK(context, og_field_set_vjp(field, vjp));
  CHECK(context, og_field_set_events(field, alone == GUARDS ? GUARDS : 1, events, &functions));
  og_options *options = new_options(context, OG_METHOD_DOP853, 1e-5, 1e-5);
  CHECK(context, og_options_set_choice(options, OG_OPT_PRECISION, (int)precision));
  CHECK(context, og_options_set_choice(options, OG_OPT_GRADIENT_CONTROL, OG_CONTROL_ESTIMATE));
  CHECK(context, og_solve_create(context, field, options, 1, &solve));
  CHECK(context, og_solve_set_span(solve, 0, 0, 6));
  CHECK(context, og_solve_set_initial_state(solve, 0, (double[]){0.3, 0}));
  CHECK(context, og_solve_set_parameters(solve, OG_ALL, (double[]){0.95}));
  CHECK(context, og_solve_run(solve));
  CHECK(context, og_solve_events(solve, 0, &r->count));
  assert_in_range(r->count, alone == GUARDS, MOST);
  for (size_t i = 0; i < r->count; i++) {
    og_occurrence one = {OG_INIT(og_occurrence)};
    CHECK(context, og_solve_event(solve, 0, i, &one));
    r->which[i] = one.event, r->times[i] = one.t;
  }
  CHECK(context, og_solve_final(solve, 0, r->x));
  CHECK(context, og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                .final_bar = (double[]){1, 1},
                                                                .x0_bar = r->x_bar, .theta_bar = r->p_bar,
                                                                .t0_bar = &r->t0_bar, .t1_bar = &r->t1_bar}));
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_field_destroy(field);
  og_context_destroy(context);
}

static void compare(void) {
  static const double factors[] = {0x1p20, 0x1p-20, 0x1p200, 0x1p-200, -1, -0x1p30, -0x1p-30};
  static const double depths[] = {0.2, 0.05, 0.01, 1e-3};
  static result plain, scaled;
  for (int precision = 0; precision < 2; precision++)
    for (int direction = OG_DIRECTION_ANY; direction <= OG_DIRECTION_FALLING; direction++)
      for (size_t k = 0; k < sizeof depths / sizeof *depths; k++) {
        solve_with(1, depths[k], (og_direction)direction, (og_precision)precision, &plain);
        for (size_t i = 0; i < sizeof factors / sizeof *factors; i++) {
          solve_with(factors[i], depths[k], (og_direction)direction, (og_precision)precision, &scaled);
          if (memcmp(&plain, &scaled, sizeof plain))
            fail_msg(
                "factor %g, depth %g, direction %d, precision %d: %zu events, not %zu; y = %.17g, not %.17g; "
                "its derivatives %.17g, not %.17g",
                factors[i], depths[k], direction, precision, scaled.count, plain.count, scaled.x[1],
                plain.x[1], scaled.x_bar[0], plain.x_bar[0]);
        }
      }
}

static void units_and_signs(void **state) {
  (void)state;
  for (alone = 0; alone <= GUARDS; alone++) compare();
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(units_and_signs)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
