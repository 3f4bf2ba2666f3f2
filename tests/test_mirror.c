/* Time has no preferred sign: y' = -f(-t, y) from -t0 to -t1 takes the same steps as x' = f(t, x) from t0 to
 * t1, to the bit, in solutions, gradients and refusals alike. */
#include "fields.h"

static double way; /* 1, or -1: mirrored */
static int kind;   /* of what goes wrong: below */

enum { WELL, REFUSED, JUMPS, POLE, KINDS };

static int rhs(double t, const double *x, const double *p, double *f, void *user) {
  double s = way * t;
  int status = rich_rhs(s, x, p, f, user);
  if (kind == REFUSED && s > 1000.7) status = 1;
  if (kind == JUMPS && s > 1000.3) f[0] += 1e3;
  if (kind == POLE) f[1] += 1 / (1000.5 - s);
  for (int i = 0; i < RICH_STATES; i++) f[i] *= way;
  return status;
}
static int vjp(double t, const double *x, const double *p, const double *l, double *x_bar, double *theta_bar,
               double *t_bar, void *user) {
  double own[RICH_STATES];
  for (int i = 0; i < RICH_STATES; i++) own[i] = way * l[i];
  int status = rich_vjp(way * t, x, p, own, x_bar, theta_bar, t_bar, user);
  *t_bar *= way;
  return status;
}

typedef struct result {
  og_status run, pull;
  size_t count;
  long long steps, rejected;
  double times[256], x[RICH_STATES], x_bar[RICH_STATES], theta_bar[RICH_PARAMETERS], t0_bar, t1_bar;
} result;

static void solve_with(double sign, og_method method, int steps, og_precision precision, result *r) {
  og_context *context = new_context();
  og_field *field = NULL;
  og_solve *solve = NULL;
  way = sign;
  memset(r, 0, sizeof *r);
  CHECK(context, og_field_create(context, RICH_STATES, RICH_PARAMETERS, rhs, NULL, &field));
  CHECK(context, og_field_set_vjp(field, vjp));
  og_options *options = new_options(context, method, 1e-5, 1e-7);
  CHECK(context, og_options_set_integer(options, OG_OPT_STEPS, steps));
  CHECK(context, og_options_set_choice(options, OG_OPT_PRECISION, (int)precision));
  CHECK(context, og_solve_create(context, field, options, 1, &solve));
  CHECK(context, og_solve_set_span(solve, 0, sign * 1000.1, sign * 1002.3));
  CHECK(context, og_solve_set_initial_state(solve, 0, (double[]){1, 0.5, 0.25}));
  CHECK(context, og_solve_set_parameters(solve, 0, (double[]){0.9, 1.1, 0.7, 1.3}));
  r->run = og_solve_run(solve);
  r->steps = og_solve_stat(solve, OG_STAT_STEPS);
  r->rejected = og_solve_stat(solve, OG_STAT_REJECTED);
  if (r->run == OG_OK) {
    CHECK(context, og_solve_steps(solve, 0, &r->count, NULL));
    assert_in_range(r->count, 1, 255);
    CHECK(context, og_solve_steps(solve, 0, &r->count, r->times));
    for (size_t k = 0; k <= r->count; k++) r->times[k] *= sign;
    CHECK(context, og_solve_final(solve, 0, r->x));
    r->pull = og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                             .final_bar = (double[]){1, -2, 0.5},
                                                             .x0_bar = r->x_bar, .theta_bar = r->theta_bar,
                                                             .t0_bar = &r->t0_bar, .t1_bar = &r->t1_bar});
    r->t0_bar *= sign, r->t1_bar *= sign;
  }
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_field_destroy(field);
  og_context_destroy(context);
}

static void mirrored(void **state) {
  (void)state;
  static const og_status want[] = {OG_OK, OG_ERR_FIELD}; /* what stops the others is the methods' */
  static result plain, mirror;
  for (kind = WELL; kind < KINDS; kind++)
    for (int method = OG_METHOD_BS32; method < EXPLICIT_METHODS; method++)
      for (int steps = 0; steps <= 30; steps += 30)
        for (int precision = 0; precision < 2; precision++) {
          solve_with(1, (og_method)method, steps, (og_precision)precision, &plain);
          solve_with(-1, (og_method)method, steps, (og_precision)precision, &mirror);
          if (kind <= REFUSED) assert_int_equal(plain.run, want[kind]);
          if (memcmp(&plain, &mirror, sizeof plain))
            fail_msg(
                "kind %d, method %d, steps %d, precision %d: %s and %s; %lld and %lld steps, %lld and %lld "
                "rejected; x = %.17g and %.17g, x_bar = %.17g and %.17g",
                kind, method, steps, precision, og_status_name(plain.run), og_status_name(mirror.run),
                plain.steps, mirror.steps, plain.rejected, mirror.rejected, plain.x[0], mirror.x[0],
                plain.x_bar[0], mirror.x_bar[0]);
        }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(mirrored)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
