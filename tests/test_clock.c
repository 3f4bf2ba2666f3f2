/* Times in single precision: t is large and the span short, as with seconds since 1970 or Julian days, so
 * that a t of single precision would have no digit left of t - t_start. */
#include <float.h>
#include <stdlib.h>

#include "models.h"

enum { THETA_MOST = 200, STATES_MOST = 3, MANY = 100 };

typedef struct run {
  og_context *context;
  og_model *model;
  og_options *options;
  og_solve *solve;
  double theta[THETA_MOST], t0, t1, x0[STATES_MOST];
} run;

/* The model's own span and initial state, for all trajectories. */
static void open_run(run *r, const char *model, int single, og_adjoint adjoint, size_t trajectories) {
  *r = (run){.context = new_context()};
  r->model = parse(r->context, model);
  r->options = new_options(r->context, OG_METHOD_TSIT5, single ? 1e-5 : 1e-10, single ? 1e-6 : 1e-12);
  CHECK(r->context, og_options_set_choice(r->options, OG_OPT_PRECISION, single));
  CHECK(r->context, og_options_set_choice(r->options, OG_OPT_ADJOINT, (int)adjoint));
  CHECK(r->context, og_model_values(r->model, r->theta));
  CHECK(r->context, og_model_span(r->model, &r->t0, &r->t1));
  CHECK(r->context,
        og_solve_create(r->context, og_model_field(r->model), r->options, trajectories, &r->solve));
  CHECK(r->context, og_solve_set_span(r->solve, OG_ALL, r->t0, r->t1));
  CHECK(r->context, og_solve_set_parameters(r->solve, OG_ALL, r->theta));
}

static void start(run *r) {
  CHECK(r->context, og_model_initial_state(r->model, r->t0, r->theta, r->x0));
  CHECK(r->context, og_solve_set_initial_state(r->solve, OG_ALL, r->x0));
}

static void close_run(run *r) {
  og_solve_destroy(r->solve);
  og_options_destroy(r->options);
  og_model_destroy(r->model);
  og_context_destroy(r->context);
}

/* ---- Solutions ---- */

/* Closed forms of the first state's end. In single precision, with rtol = 1e-5, a few 1e-5 of the size. */
static void solutions(void **state) {
  (void)state;
  static const double pi = 3.14159265358979323846;
  struct {
    const char *model;
    double end, size;
  } cases[] = {
      {"param k = 0.01, s = 1700000000\ninit x = 0\nx' = k*sin((t - s)/60)\ntime 1700000000 : 1700000600\n",
       0.6 * (1 - cos(10)), 1.1},
      /* a start that single precision rounds to 1700000128 */
      {"param k = 0.01, s = 1700000123\ninit x = 0\nx' = k*sin((t - s)/60)\ntime 1700000000 : 1700000600\n",
       0.6 * (cos(-123 / 60.0) - cos(477 / 60.0)), 1.1},
      {"param k = 0.01\nconst s = 1700000123.5\ninit x = 0\nx' = k*sin((t - s)/60)\n"
       "time 1700000000 : 1700000600\n",
       0.6 * (cos(-123.5 / 60.0) - cos(476.5 / 60.0)), 1.1},
      /* a phase of 178 million: it is the product of t and w that loses digits */
      {"param w = 0.10472\ninit x = 0\nx' = w*cos(w*t)\ntime 1700000000 : 1700000060\n",
       sin(0.10472 * 1700000060) - sin(0.10472 * 1700000000), 1},
      {"param p = 2460000.5\ninit x = 0\nx' = cos(2*pi*(t - p)/0.25)*2*pi/0.25\ntime 2460000.5 : 2460000.6\n",
       sin(2 * pi * 0.1 / 0.25), 1},
      {"param a = [1, 2], s = [1700000100, 1700000123]\ninit x = [0, 0]\nx' = a*sin((t - s)/60)/60\n"
       "time 1700000000 : 1700000600\n",
       cos(-100 / 60.0) - cos(500 / 60.0), 1},
      /* a switch of the time, and the time as it is */
      {"param s = 1700000300.25\ninit x = 0\nx' = where(t < s, 1, 0)\ntime 1700000000 : 1700000600\n", 300.25,
       300},
      {"param k = 1e-9\ninit x = 0\nx' = k*t\ntime 1700000000 : 1700000600\n", 1e-9 * 600 * 1700000300.0,
       1020},
      /* backward */
      {"param k = 0.01, s = 1700000123\ninit x = 0\nx' = k*sin((t - s)/60)\ntime 1700000600 : 1700000000\n",
       -0.6 * (cos(-123 / 60.0) - cos(477 / 60.0)), 1.1},
      /* an event's guard */
      {"param s = 1700000300.25\ninit x = 0\nx' = 1\nevent e when t - s = 0 rising { stop }\n"
       "time 1700000000 : 1700000600\n",
       300.25, 300},
      {"param s = 1700000300.25\ninit x = 0\nx' = where(t - s < 1000, 1, 0)\n"
       "event e when t - s = 0 rising { x = x + (t - 1700000000) }\ntime 1700000000 : 1700000600\n",
       900.25, 900},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    for (int single = 0; single < 2; single++) {
      run r;
      double x[STATES_MOST];
      open_run(&r, cases[i].model, single, OG_ADJOINT_DISCRETE, 1);
      start(&r);
      CHECK(r.context, og_solve_run(r.solve));
      CHECK(r.context, og_solve_final(r.solve, 0, x));
      /* a switch inside a step costs more than its tolerance */
      double tolerance = (strstr(cases[i].model, "where(t < s") ? 1e-3
                          : single                              ? 1e-4
                                                                : 1e-6) *
                         cases[i].size;
      if (!(fabs(x[0] - cases[i].end) <= tolerance))
        fail_msg("%zu, single %d: %.17g, not %.17g", i, single, x[0], cases[i].end);
      close_run(&r);
    }
}

/* Signals whose times are not numbers of single precision. */
static void inputs(void **state) {
  (void)state;
  static const double t0 = 1.7e9, times[] = {1.7e9, 1.7e9 + 100.5, 1.7e9 + 300.25, 1.7e9 + 600},
                      values[] = {1, 3, -2, 4};
  double linear = 2 * 100.5 + 0.5 * 199.75 + 1 * 299.75, held = 100.5 + 3 * 199.75 - 2 * 299.75;
  for (int hold = 0; hold < 2; hold++)
    for (int single = 0; single < 2; single++) {
      run r;
      double x[STATES_MOST], bar[4] = {0}, one = 1;
      /* of the integral by the values: the areas below the hats, or the lengths of the pieces */
      double areas[2][4] = {{50.25, 150.125, 249.75, 149.875}, {100.5, 199.75, 299.75, 0}};
      open_run(&r,
               hold ? "input u hold\ninit x = 0\nx' = u\ntime 1700000000 : 1700000600\n"
                    : "input u linear\ninit x = 0\nx' = u\ntime 1700000000 : 1700000600\n",
               single, OG_ADJOINT_DISCRETE, 1);
      CHECK(r.context, og_solve_set_initial_state(r.solve, 0, r.x0));
      CHECK(r.context, og_solve_set_span(r.solve, 0, t0, t0 + 600));
      CHECK(r.context,
            og_solve_set_input(r.solve, 0, 0, hold ? OG_SIGNAL_HOLD : OG_SIGNAL_LINEAR, 4, times, values));
      CHECK(r.context, og_solve_run(r.solve));
      CHECK(r.context, og_solve_final(r.solve, 0, x));
      assert_near(x[0], hold ? held : linear, single ? 1e-5 : 1e-7, "inputs", (size_t)hold);
      CHECK(r.context, og_solve_pullback(
                           r.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = &one}));
      CHECK(r.context, og_solve_input_gradient(r.solve, 0, 0, bar));
      for (size_t k = 0; k < 4; k++) assert_near(bar[k], areas[hold][k], single ? 1e-5 : 1e-6, "values", k);
      close_run(&r);
    }
}

/* The same in a field of callbacks, x' = u. */
static int input_rhs(double t, const double *x, const double *theta, double *f, void *user) {
  (void)t, (void)x, (void)user;
  f[0] = theta[0];
  return 0;
}
static int input_vjp(double t, const double *x, const double *theta, const double *lambda, double *x_bar,
                     double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)x, (void)theta, (void)x_bar, (void)t_bar, (void)user;
  theta_bar[0] = lambda[0];
  return 0;
}
static void inputs_of_callbacks(void **state) {
  (void)state;
  static const double t0 = 1.7e9, times[] = {1.7e9, 1.7e9 + 100.5, 1.7e9 + 300.25, 1.7e9 + 600},
                      values[] = {1, 3, -2, 4}, areas[] = {50.25, 150.125, 249.75, 149.875};
  for (int adjoint = OG_ADJOINT_DISCRETE; adjoint <= OG_ADJOINT_QUADRATURE; adjoint++)
    for (int single = 0; single < 2; single++) {
      og_context *context = new_context();
      og_field *field;
      og_solve *solve;
      og_options *options = new_options(context, OG_METHOD_TSIT5, 1e-5, 1e-6);
      double x, bar[4] = {0}, one = 1;
      CHECK(context, og_field_create(context, 1, 0, input_rhs, NULL, &field));
      CHECK(context, og_field_set_vjp(field, input_vjp));
      CHECK(context, og_field_set_inputs(field, 3));
      CHECK(context, og_field_set_inputs(field, 1));
      assert_int_equal(og_field_parameters(field), 0);
      CHECK(context, og_options_set_choice(options, OG_OPT_PRECISION, single));
      CHECK(context, og_options_set_choice(options, OG_OPT_ADJOINT, adjoint));
      CHECK(context, og_solve_create(context, field, options, 1, &solve));
      CHECK(context, og_solve_set_span(solve, 0, t0, t0 + 600));
      CHECK(context, og_solve_set_initial_state(solve, 0, &(double){0}));
      CHECK(context, og_solve_set_input(solve, 0, 0, OG_SIGNAL_LINEAR, 4, times, values));
      CHECK(context, og_solve_run(solve));
      CHECK(context, og_solve_final(solve, 0, &x));
      assert_near(x, 2 * 100.5 + 0.5 * 199.75 + 299.75, 1e-5, "callback", (size_t)single);
      CHECK(context,
            og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = &one}));
      CHECK(context, og_solve_input_gradient(solve, 0, 0, bar));
      for (size_t k = 0; k < 4; k++) assert_near(bar[k], areas[k], 1e-5, "values", k);
      og_solve_destroy(solve);
      og_options_destroy(options);
      og_field_destroy(field);
      og_context_destroy(context);
    }
}

/* ---- Derivatives ---- */

#define SINE                                                                                                 \
  "param k = 0.01, s = 1700000123\ninit x = 0\nx' = k*sin((t - s)/60)\ntime 1700000000 : 1700000600\n"

/* x1 = 60 k (cos((t0 - s)/60) - cos((t1 - s)/60)) by k, s, t0, t1, by every adjoint. */
static void gradients(void **state) {
  (void)state;
  double a = -123 / 60.0, b = 477 / 60.0, k = 0.01;
  double truth[] = {60 * (cos(a) - cos(b)), k * (sin(a) - sin(b)), -k * sin(a), k * sin(b)};
  for (int adjoint = OG_ADJOINT_DISCRETE; adjoint <= OG_ADJOINT_FORWARD; adjoint++)
    for (int single = 0; single < 2; single++) {
      run r;
      double bar[4] = {0}, one = 1;
      open_run(&r, SINE, single, (og_adjoint)adjoint, 1);
      start(&r);
      CHECK(r.context, og_solve_run(r.solve));
      CHECK(r.context,
            og_solve_pullback(r.solve,
                              &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = &one,
                                                    .theta_bar = bar, .t0_bar = bar + 2, .t1_bar = bar + 3}));
      for (int i = 0; i < 4; i++) {
        double size = i == 0 ? 100 : 0.02;
        if (!(fabs(bar[i] - truth[i]) <= (single ? 3e-4 : 1e-5) * size))
          fail_msg("adjoint %d, single %d, %d: %.17g, not %.17g", adjoint, single, i, bar[i], truth[i]);
      }
      close_run(&r);
    }
}

/* d2x1/ds2 = -k/60 (cos((t0 - s)/60) - cos((t1 - s)/60)), and that by k and s. */
static void second_derivatives(void **state) {
  (void)state;
  double a = -123 / 60.0, b = 477 / 60.0, k = 0.01, one = 1;
  double truth[] = {sin(a) - sin(b), -k / 60 * (cos(a) - cos(b))};
  for (int single = 0; single < 2; single++) {
    run r;
    double product[2] = {0};
    open_run(&r, SINE, single, OG_ADJOINT_DISCRETE, 1);
    start(&r);
    CHECK(r.context, og_solve_run(r.solve));
    CHECK(r.context, og_solve_hessian_product(
                         r.solve, &(og_hessian_arrays){OG_INIT(og_hessian_arrays), .directions = 1,
                                                       .theta_dot = (double[]){0, 1}, .final_bar = &one,
                                                       .theta_bar_dot = product}));
    assert_near(product[0], truth[0], single ? 1e-3 : 1e-5, "by k", 0);
    if (!(fabs(product[1] - truth[1]) <= (single ? 1e-3 : 1e-5) * k / 60)) fail_msg("by s: %g", product[1]);
    close_run(&r);
  }
}

/* ---- Forms ---- */

/* The time reaches a network through a phase; single precision is that of double to its own digits. */
static void networks(void **state) {
  (void)state;
  static const char *const model = "net f = mlp(3, 8, 2; tanh)\nparam s = 1700000123\ninit x = [1, 0]\n"
                                   "x' = f([x, sin((t - s)/60)])/100 - x/100\ntime 1700000000 : 1700000600\n";
  double ends[2][STATES_MOST], bars[2][THETA_MOST], seed[] = {1, -2}, largest = 0;
  for (int single = 0; single < 2; single++) {
    run r;
    memset(bars[single], 0, sizeof bars[single]);
    open_run(&r, model, single, OG_ADJOINT_DISCRETE, 1);
    start(&r);
    CHECK(r.context, og_solve_run(r.solve));
    CHECK(r.context, og_solve_final(r.solve, 0, ends[single]));
    CHECK(r.context,
          og_solve_pullback(r.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = seed,
                                                           .theta_bar = bars[single]}));
    close_run(&r);
  }
  for (int i = 0; i < 2; i++) assert_near(ends[1][i], ends[0][i], 1e-4, "state", (size_t)i);
  for (size_t i = 0; i < THETA_MOST; i++) largest = fmax(largest, fabs(bars[0][i]));
  for (size_t i = 0; i < THETA_MOST; i++)
    if (!(fabs(bars[1][i] - bars[0][i]) <= 1e-3 * largest))
      fail_msg("%zu: %g, %g", i, bars[1][i], bars[0][i]);
}

/* A lane's bits are those of the trajectory alone, of compiled equations those of the interpreter, and of a
 * memory budget those of none. */
static void bits(void **state) {
  (void)state;
  static const char *const model =
      "param k = 0.01, s = 1700000123, a = 1\ninit x = 0, y = 1\nx' = k*sin((t - s)/60)*y\n"
      "y' = -k*a*y*cos(a*(t - s)/30)\ntime 1700000000 : 1700000600\n";
  static const size_t counts[] = {1, 3, 20, MANY};
  double first[2], first_bar[3];
  for (size_t i = 0; i < 4; i++)
    for (int way = 0; way < 3; way++) {
      run r;
      double x[2], *seeds = calloc(2 * MANY, sizeof *seeds), bar[3 * MANY] = {0};
      open_run(&r, model, 1, OG_ADJOINT_DISCRETE, counts[i]);
      og_solve_destroy(r.solve);
      if (way == 1) CHECK(r.context, og_model_compile(r.model, OG_PRECISION_SINGLE));
      if (way == 2) CHECK(r.context, og_options_set_integer(r.options, OG_OPT_MEMORY, 1000000));
      CHECK(r.context, og_solve_create(r.context, og_model_field(r.model), r.options, counts[i], &r.solve));
      CHECK(r.context, og_solve_set_span(r.solve, OG_ALL, r.t0, r.t1));
      start(&r);
      for (size_t m = 0; m < counts[i]; m++) {
        double theta[] = {0.01, 1700000123 + 7.5 * (double)m, 1};
        CHECK(r.context, og_solve_set_parameters(r.solve, m, theta));
        seeds[2 * m] = 1, seeds[2 * m + 1] = 2;
      }
      CHECK(r.context, og_solve_run(r.solve));
      CHECK(r.context,
            og_solve_pullback(r.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = seeds,
                                                             .theta_bar = bar}));
      CHECK(r.context, og_solve_final(r.solve, 0, x));
      if (i == 0 && way == 0) memcpy(first, x, sizeof x), memcpy(first_bar, bar, sizeof first_bar);
      assert_memory_equal(x, first, sizeof x);
      assert_memory_equal(bar, first_bar, sizeof first_bar);
      free(seeds);
      close_run(&r);
    }
}

static og_status live(og_context *context) {
  og_model *model = NULL;
  og_status status = og_model_parse(context, "m.ode", SINE, strlen(SINE), &model);
  og_model_destroy(model);
  return status;
}
static void memory(void **state) { (void)state, fail_each_allocation(live); }

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(solutions),
      cmocka_unit_test(inputs),
      cmocka_unit_test(inputs_of_callbacks),
      cmocka_unit_test(gradients),
      cmocka_unit_test(second_derivatives),
      cmocka_unit_test(networks),
      cmocka_unit_test(bits),
      cmocka_unit_test(memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
