/* Algebraic equations: solutions and gradients against computations of 20 digits and closed forms, consistent
 * states, events, inputs, and what is refused. */
#include "dae_models.h"

static const og_method methods[] = {OG_METHOD_RODAS5P, OG_METHOD_RADAU5};
enum { METHODS = sizeof methods / sizeof *methods };

/* ---- Two problems of the literature ---- */

/* Against the largest of the group: the others come of sums with it. */
static void compare(const char *what, const double *got, const double *want, size_t count, double tolerance) {
  double most = 0;
  for (size_t i = 0; i < count; i++) most = fmax(most, fabs(want[i]));
  for (size_t i = 0; i < count; i++)
    if (!(fabs(got[i] - want[i]) <= tolerance * most))
      fail_msg("%s %zu: %.17g, not %.17g: off by %.3g of the largest", what, i, got[i], want[i],
               fabs(got[i] - want[i]) / most);
}

/* Of computations with more digits than double has, which two routes confirm to 1e-10 and better; L is y1 +
 * 100 y2 + y3^2 + 100 y4 + y5 + y6^2 at the end, and y2^2 + y3 + 0.1 y1 at three times. */
static const double akzo_final[] = {1.1507949206617021e-01, 1.2038314715677150e-03, 1.6115628874079743e-01,
                                    3.6561564212492828e-04, 1.7080108852644042e-02, 4.8735313103074555e-03};
static const double akzo_x0[] = {-1.9464992595381071e-03, -3.1655772838347536e-02, -3.1656831402289043e-01,
                                 1.2817981504631824e+01,  3.8269933680533388e+00,  0};
static const double akzo_theta[] = {-3.8735530426745150e-03, -2.9611810829272708e-02, -5.1167754621220841e-03,
                                    8.5267241302030297e-02,  -1.1744501248284445e-03, 1.2162197676977478e-03,
                                    1.1782472918378224e-01,  -1.4388365843338402e-04, 6.1876875859941756e-04};
static const double rectifier_final[] = {3.9876951507501417e-02, 1.0324272596595181e+00,
                                         5.4057801802260297e-01};
static const double rectifier_x0[] = {-2.3773562735193788e-13, 2.3775821283151722e-09, 0};
static const double rectifier_theta[] = {
    -1.1095470488602255e-01, 1.6863083921284969e-03, 3.0139377337068510e-02, -7.6945219158232212e+09,
    1.4350917270885077e+00,  6.0036257340593586e+00, -7.9674262472360063e-02};

/* Errors of steps accumulate: 300 tolerances are what this library allows its methods on stiff problems. */
static const double TOLERANCES = 300;

static void akzo(void **state) {
  (void)state;
  for (int k = 0; k < 2 * METHODS; k++) {
    double rtol = k < METHODS ? 1e-6 : 1e-8;
    dae_run r = dae_open(akzo_text, methods[k % METHODS], rtol, 1e-4 * rtol);
    dae_solve(&r);
    const double *x = r.final;
    double loss = x[0] + 100 * x[1] + x[2] * x[2] + 100 * x[3] + x[4] + x[5] * x[5];
    dae_pull(&r, NULL, (double[]){1, 100, 2 * x[2], 100, 1, 2 * x[5]});
    compare("loss", &loss, (double[]){3.1509941299621841e-01}, 1, TOLERANCES * rtol);
    compare("final", x, akzo_final, 6, TOLERANCES * rtol);
    compare("dL/dx0", r.x0_bar, akzo_x0, 6, TOLERANCES * rtol);
    compare("dL/dp", r.theta_bar, akzo_theta, 9, TOLERANCES * rtol);
    assert_true(r.x0_bar[5] == 0);
    dae_close(&r);
  }
}

/* The parameters' gradients differ by orders of magnitude and do not mix: each by itself. What of dL/dx0 is
 * left, 2e-9 of a unit, has been damped by 22 orders of e in steps that are as wide as x allows: four digits
 * of such a number say that its rate of decay is good to 1e-5 at 1e-6. */
static void rectifier(void **state) {
  (void)state;
  for (int k = 0; k < 2 * METHODS; k++) {
    double rtol = k < METHODS ? 1e-6 : 1e-8, loss = 0, bar[9] = {0};
    dae_run r = dae_open(rectifier_text, methods[k % METHODS], rtol, 1e-2 * rtol);
    dae_create(&r);
    CHECK(r.context, og_solve_set_observations(r.solve, 0, 3, (double[]){0.01, 0.025, 0.05}));
    dae_solve(&r);
    for (size_t i = 0; i < 3; i++) {
      double x[3];
      CHECK(r.context, og_solve_observed(r.solve, 0, i, x));
      loss += x[1] * x[1] + x[2] + 0.1 * x[0];
      memcpy(bar + 3 * i, (double[]){0.1, 2 * x[1], 1}, 3 * sizeof *bar);
    }
    dae_pull(&r, bar, NULL);
    compare("loss", &loss, (double[]){1.6060111317374989e+01}, 1, TOLERANCES * rtol);
    compare("final", r.final, rectifier_final, 3, TOLERANCES * rtol);
    for (size_t i = 0; i < 7; i++)
      compare("dL/dp", &r.theta_bar[i], &rectifier_theta[i], 1, TOLERANCES * rtol);
    compare("dL/dx0", r.x0_bar, rectifier_x0, 3, 22 * TOLERANCES * rtol);
    /* what M x0 does not change has none: M (1, 1, 0)^T is not 0, M (0, 0, 1)^T is */
    assert_true(r.x0_bar[2] == 0);
    dae_close(&r);
  }
}

/* ---- Consistent states ---- */

/* Whatever the guess, the solution is the same to rounding, and the gradient. */
static void guesses(void **state) {
  static const double values[] = {0.36, 0, -50, 1e6, 1e-9};
  double first[6] = {0}, gradient[6] = {0};
  (void)state;
  for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
    dae_run r = dae_open(akzo_text, OG_METHOD_AUTO, 1e-8, 1e-12);
    r.x0[5] = values[k];
    dae_create(&r);
    CHECK(r.context, og_solve_set_observations(r.solve, 0, 1, (double[]){0}));
    dae_solve(&r);
    double x[6];
    CHECK(r.context, og_solve_observed(r.solve, 0, 0, x));
    assert_true(fabs(x[5] - 115.83 * 0.444 * 0.007) <= 4e-16);
    assert_true(x[0] == 0.444 && x[1] == 0.00123);
    dae_pull(&r, NULL, (double[]){1, 100, 0, 100, 1, 1});
    if (k) compare("final", r.final, first, 6, 1e-12);
    if (k) compare("dL/dx0", r.x0_bar, gradient, 6, 1e-12);
    memcpy(first, r.final, sizeof first);
    memcpy(gradient, r.x0_bar, sizeof gradient);
    dae_close(&r);
  }
}

/* An exponential from far away on either side, an equation that the guess is a double root of, and one whose
 * domain ends near the solution. */
static void far_guesses(void **state) {
  static const struct {
    const char *equation, *guess;
    double root;
  } cases[] = {{"1e-12*(exp(z/0.025) - 1) - x", "6", 0.69077552789823713},
               {"1e-12*(exp(z/0.025) - 1) - x", "-3", 0.69077552789823713},
               {"z^2 - 4*x", "0", 2},
               {"log(z) - x", "1e-3", 2.7182818284590451},
               {"z + z^3 - 10*x", "-100", 2},
               {"1/z - x", "0.1", 1}};
  (void)state;
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    char text[256];
    snprintf(text, sizeof text, "init x = 1\nalgebraic z = %s\nx' = -x\n0 = %s\ntime 0 : 1e-3\n",
             cases[k].guess, cases[k].equation);
    dae_run r = dae_open(text, OG_METHOD_AUTO, 1e-6, 1e-9);
    dae_create(&r);
    CHECK(r.context, og_solve_set_observations(r.solve, 0, 1, (double[]){0}));
    dae_solve(&r);
    double x[2];
    CHECK(r.context, og_solve_observed(r.solve, 0, 0, x));
    /* rounding of the equation, and what its slope makes of it */
    assert_near(x[1], cases[k].root, 1e-14, cases[k].equation, k);
    dae_close(&r);
  }
}

/* The state after t0 is a function of what was given, and so is its derivative: dz(0)/da of z^3 + z = a x. */
static void derivative_of_the_start(void **state) {
  (void)state;
  dae_run r =
      dae_open("param a = 10\ninit x = 1\nalgebraic z = 1\nx' = -x\n0 = z^3 + z - a*x*exp(t)\ntime 0 : 1\n",
               OG_METHOD_RODAS5P, 1e-6, 1e-9);
  dae_create(&r);
  CHECK(r.context, og_solve_set_observations(r.solve, 0, 1, (double[]){0}));
  dae_solve(&r);
  dae_pull(&r, (double[]){0, 1}, NULL);
  double slope = 1 / (3 * 4.0 + 1); /* at z = 2 */
  assert_near(r.theta_bar[0], slope, 1e-14, "dz/da", 0);
  assert_near(r.x0_bar[0], 10 * slope, 1e-14, "dz/dx0", 0);
  assert_true(r.x0_bar[1] == 0);
  dae_close(&r);
}

/* ---- Against what is left when the algebraic state is eliminated ---- */

static const char with_z[] = "param a = 0.7, b = 1.3\n"
                             "init x = 1, y = 0.2\n"
                             "algebraic z = 0, q = 0\n"
                             "x' = -a*z + y\n"
                             "2*x' + y' = q - b*y\n"
                             "0 = z - x*(1 + b*y^2)\n"
                             "0 = q - sin(t + x)*a - z\n"
                             "time 0 : 3\n";
static const char without_z[] = "param a = 0.7, b = 1.3\n"
                                "init x = 1, y = 0.2\n"
                                "z = x*(1 + b*y^2)\n"
                                "q = sin(t + x)*a + z\n"
                                "x' = -a*z + y\n"
                                "y' = q - b*y - 2*(-a*z + y)\n"
                                "time 0 : 3\n";

/* M x0 = (x, 2 x + y), so that x0 and y0 are fixed. The truth is dop853's at 1e-13. */
static void eliminated(void **state) {
  (void)state;
  dae_run truth = dae_open(without_z, OG_METHOD_DOP853, 1e-13, 1e-14);
  dae_solve(&truth);
  dae_pull(&truth, NULL, (double[]){1, -2});
  for (int k = 0; k < METHODS; k++) {
    const double rtol = 1e-9;
    dae_run r = dae_open(with_z, methods[k], rtol, rtol);
    dae_solve(&r);
    dae_pull(&r, NULL, (double[]){1, -2, 0, 0});
    compare("final", r.final, truth.final, 2, TOLERANCES * rtol);
    compare("dL/dx0", r.x0_bar, truth.x0_bar, 2, TOLERANCES * rtol);
    compare("dL/dp", r.theta_bar, truth.theta_bar, 2, TOLERANCES * rtol);
    compare("dL/dt0", &r.t0_bar, &truth.t0_bar, 1, TOLERANCES * rtol);
    compare("dL/dt1", &r.t1_bar, &truth.t1_bar, 1, TOLERANCES * rtol);
    assert_true(r.x0_bar[2] == 0 && r.x0_bar[3] == 0);
    dae_close(&r);
  }
  dae_close(&truth);
}

/* A cost on an algebraic state is that on what it stands for. */
static void costs_on_algebraic_states(void **state) {
  (void)state;
  dae_run truth = dae_open(without_z, OG_METHOD_DOP853, 1e-13, 1e-14);
  dae_solve(&truth);
  double x = truth.final[0], y = truth.final[1], b = truth.theta[1], z = x * (1 + b * y * y);
  dae_pull(&truth, NULL, (double[]){1 + b * y * y, 2 * x * b * y});
  truth.theta_bar[1] += x * y * y;
  dae_run r = dae_open(with_z, OG_METHOD_RADAU5, 1e-9, 1e-9);
  dae_solve(&r);
  dae_pull(&r, NULL, (double[]){0, 0, 1, 0});
  compare("z", &r.final[2], &z, 1, 3e-7);
  compare("dL/dx0", r.x0_bar, truth.x0_bar, 2, 3e-7);
  compare("dL/dp", r.theta_bar, truth.theta_bar, 2, 3e-7);
  dae_close(&r);
  dae_close(&truth);
}

/* ---- Linear problems in closed form ----
 * L diag(1 .. 1, 0 .. 0) R x' = L diag(lambda, 1 .. 1) R x - L (0, c) with random L and R: with y = R x the
 * first rows are y = exp(lambda t) y(0), the others c. A loss w . x(T) has dL/dx0 = R^T diag(exp(lambda T),
 * 0) R^-T w and dL/dc = the last rows of R^-T w. */

enum { LINEAR_MOST = 6 };

typedef struct linear {
  int n, fixed; /* rows; with derivatives */
  double left[LINEAR_MOST][LINEAR_MOST], right[LINEAR_MOST][LINEAR_MOST], rate[LINEAR_MOST];
  double a[LINEAR_MOST][LINEAR_MOST]; /* L diag(lambda, 1) R */
} linear;

static int linear_rhs(double t, const double *x, const double *c, double *f, void *user) {
  const linear *s = user;
  (void)t;
  for (int i = 0; i < s->n; i++) {
    f[i] = 0;
    for (int j = 0; j < s->n; j++) f[i] += s->a[i][j] * x[j];
    for (int j = s->fixed; j < s->n; j++) f[i] -= s->left[i][j] * c[j];
  }
  return 0;
}
static int linear_jvp(double t, const double *x, const double *c, double t_dot, const double *x_dot,
                      const double *c_dot, double *f_dot, void *user) {
  (void)x, (void)c, (void)t_dot;
  return linear_rhs(t, x_dot, c_dot, f_dot, user);
}
static int linear_vjp(double t, const double *x, const double *c, const double *l, double *x_bar,
                      double *c_bar, double *t_bar, void *user) {
  const linear *s = user;
  (void)t, (void)x, (void)c, (void)t_bar;
  for (int j = 0; j < s->n; j++) {
    for (int i = 0; i < s->n; i++) x_bar[j] += s->a[i][j] * l[i];
    for (int i = 0; i < s->n && j >= s->fixed; i++) c_bar[j] -= s->left[i][j] * l[i];
  }
  return 0;
}
static int linear_hessian(double t, const double *x, const double *c, const double *l, double t_dot,
                          const double *x_dot, const double *c_dot, double *x_bar_dot, double *c_bar_dot,
                          double *t_bar_dot, void *user) {
  (void)t, (void)x, (void)c, (void)l, (void)t_dot, (void)x_dot, (void)c_dot, (void)x_bar_dot, (void)c_bar_dot;
  (void)t_bar_dot, (void)user;
  return 0;
}

/* Solves A y = b, or A^T y = b, by Gauss-Jordan with row exchange. */
static void solve_small(int n, double a[LINEAR_MOST][LINEAR_MOST], int transposed, const double *b,
                        double *y) {
  double m[LINEAR_MOST][LINEAR_MOST + 1];
  for (int i = 0; i < n; i++) {
    for (int j = 0; j < n; j++) m[i][j] = transposed ? a[j][i] : a[i][j];
    m[i][n] = b[i];
  }
  for (int k = 0; k < n; k++) {
    int pivot = k;
    for (int i = k; i < n; i++)
      if (fabs(m[i][k]) > fabs(m[pivot][k])) pivot = i;
    for (int j = 0; j <= n; j++) {
      double other = m[k][j];
      m[k][j] = m[pivot][j], m[pivot][j] = other;
    }
    for (int i = 0; i < n; i++) {
      double factor = m[i][k] / m[k][k];
      for (int j = 0; i != k && j <= n; j++) m[i][j] -= factor * m[k][j];
    }
  }
  for (int i = 0; i < n; i++) y[i] = m[i][n] / m[i][i];
}

static linear random_linear(uint64_t *seed) {
  linear s = {.n = 2 + (int)(2.4 * (1 + noise(seed)))};
  s.fixed = 1 + (int)((s.n - 1) * 0.499 * (1 + noise(seed)));
  for (int i = 0; i < s.n; i++) {
    s.rate[i] = i < s.fixed ? -2 * (1 + noise(seed)) : 1;
    for (int j = 0; j < s.n; j++) { /* diagonal enough to be solved with few digits lost */
      s.left[i][j] = (i == j ? 2 : 0) + 0.4 * noise(seed);
      s.right[i][j] = (i == j ? 2 : 0) + 0.4 * noise(seed);
    }
  }
  for (int i = 0; i < s.n; i++)
    for (int j = 0; j < s.n; j++)
      for (int k = 0; k < s.n; k++) s.a[i][j] += s.left[i][k] * s.rate[k] * s.right[k][j];
  return s;
}

static og_field *linear_field(og_context *context, linear *s) {
  size_t row[LINEAR_MOST * LINEAR_MOST], column[LINEAR_MOST * LINEAR_MOST];
  double mass[LINEAR_MOST * LINEAR_MOST] = {0};
  og_field *field = NULL;
  for (int i = 0; i < s->n; i++)
    for (int j = 0; j < s->n; j++) {
      row[i * s->n + j] = (size_t)i, column[i * s->n + j] = (size_t)j;
      for (int k = 0; k < s->fixed; k++) mass[i * s->n + j] += s->left[i][k] * s->right[k][j];
    }
  CHECK(context, og_field_create(context, (size_t)s->n, LINEAR_MOST, linear_rhs, s, &field));
  CHECK(context, og_field_set_vjp(field, linear_vjp));
  CHECK(context, og_field_set_jvp(field, linear_jvp));
  CHECK(context, og_field_set_hessian(field, linear_hessian, NULL));
  CHECK(context, og_field_set_jacobian(field, NULL, 0, NULL, NULL));
  CHECK(context, og_field_set_mass(field, (size_t)(s->n * s->n), row, column, mass));
  return field;
}

static void one_linear(og_context *context, linear *s, og_method method, uint64_t *seed) {
  const double T = 1.5;
  double x0[LINEAR_MOST], c[LINEAR_MOST] = {0}, w[LINEAR_MOST], y[LINEAR_MOST], x[LINEAR_MOST];
  double u[LINEAR_MOST], x0_bar[LINEAR_MOST] = {0}, c_bar[LINEAR_MOST] = {0}, want[LINEAR_MOST];
  og_field *field = linear_field(context, s);
  og_options *options = new_options(context, method, 1e-9, 1e-9);
  og_solve *solve = NULL;
  for (int i = 0; i < s->n; i++) x0[i] = noise(seed), c[i] = noise(seed), w[i] = noise(seed);
  CHECK(context, og_solve_create(context, field, options, 1, &solve));
  CHECK(context, og_solve_set_span(solve, 0, 0, T));
  CHECK(context, og_solve_set_initial_state(solve, 0, x0));
  CHECK(context, og_solve_set_parameters(solve, OG_ALL, c));
  CHECK(context, og_solve_run(solve));
  CHECK(context, og_solve_final(solve, 0, x));
  for (int i = 0; i < s->n; i++) {
    y[i] = c[i];
    for (int j = 0; j < s->n && i < s->fixed; j++) y[i] = (j ? y[i] : 0) + s->right[i][j] * x0[j];
    if (i < s->fixed) y[i] *= exp(s->rate[i] * T);
  }
  solve_small(s->n, s->right, 0, y, want);
  compare("x(T)", x, want, (size_t)s->n, TOLERANCES * 1e-9);
  CHECK(context, og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays), .final_bar = w,
                                                                .x0_bar = x0_bar, .theta_bar = c_bar}));
  solve_small(s->n, s->right, 1, w, u);
  memset(want, 0, sizeof want);
  for (int i = 0; i < s->fixed; i++)
    for (int j = 0; j < s->n; j++) want[j] += s->right[i][j] * exp(s->rate[i] * T) * u[i];
  compare("dL/dx0", x0_bar, want, (size_t)s->n, TOLERANCES * 1e-9);
  for (int i = 0; i < s->n; i++) want[i] = i < s->fixed ? 0 : u[i];
  if (s->fixed < s->n) compare("dL/dc", c_bar, want, (size_t)s->n, TOLERANCES * 1e-9);
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_field_destroy(field);
}

static void linear_problems(void **state) {
  uint64_t seed = 12;
  (void)state;
  og_context *context = new_context();
  for (int k = 0; k < 60; k++) {
    linear s = random_linear(&seed);
    one_linear(context, &s, methods[k % METHODS], &seed);
  }
  og_context_destroy(context);
}

/* ---- Inputs and events ---- */

/* z = a u - x jumps with u; x' = z: on each stretch x = a u + (x - a u) exp(-(t - t_k)). */
static void inputs(void **state) {
  static const double times[] = {0, 1, 2}, values[] = {1, -0.5, 2};
  (void)state;
  for (int k = 0; k < METHODS; k++) {
    dae_run r =
        dae_open("param a = 1.5\ninput u hold\ninit x = 0.3\nalgebraic z = 0\nx' = z\n0 = a*u - x - z\n"
                 "time 0 : 3\n",
                 methods[k], 1e-9, 1e-9);
    dae_create(&r);
    CHECK(r.context, og_solve_set_input(r.solve, 0, 0, OG_SIGNAL_HOLD, 3, times, values));
    CHECK(r.context, og_solve_set_observations(r.solve, 0, 2, (double[]){1, 1 + 1e-9}));
    dae_solve(&r);
    double a = r.theta[0], x = r.x0[0], x_a = 0, observed[2];
    for (int i = 0; i < 3; i++) {
      x = a * values[i] + (x - a * values[i]) * exp(-1);
      x_a = values[i] + (x_a - values[i]) * exp(-1);
    }
    double want[] = {x, a * values[2] - x};
    compare("final", r.final, want, 2, TOLERANCES * 1e-9);
    CHECK(r.context, og_solve_observed(r.solve, 0, 1, observed));
    assert_near(observed[0] + observed[1], a * values[1], 1e-8, "just after the input has jumped", 0);
    dae_pull(&r, NULL, (double[]){0, 1});
    assert_near(r.theta_bar[0], values[2] - x_a, TOLERANCES * 1e-9, "dz/da", 0);
    assert_near(r.x0_bar[0], -exp(-3), TOLERANCES * 1e-9, "dz/dx0", 0);
    dae_close(&r);
  }
}

/* x' = -z with z = k x^2; at x = 1/2 x jumps to 1, z with it: from x0 the event comes at (2 - 1 / x0) / k,
 * and the next ones every 1/k. At the end x = 1 / (1 + k (T - t_last)). */
static void events(void **state) {
  (void)state;
  for (int m = 0; m < METHODS; m++) {
    dae_run r = dae_open("param k = 0.9\ninit x = 0.8\nalgebraic z = 0\nx' = -z\n0 = z - k*x^2\n"
                         "event low when x - 0.5 = 0 falling { x = 1 }\ntime 0 : 3\n",
                         methods[m], 1e-9, 1e-9);
    dae_solve(&r);
    double k = r.theta[0], x0 = r.x0[0];
    double last = (2 - 1 / x0) / k + 1 / k, s = 1 + k * (3 - last), x = 1 / s;
    double s_k = 3, s_x0 = -1 / (x0 * x0); /* s = 1 + 3 k - (3 - 1 / x0) */
    compare("final", r.final, (double[]){x, k * x * x}, 2, TOLERANCES * 1e-9);
    size_t count = 0;
    CHECK(r.context, og_solve_events(r.solve, 0, &count));
    assert_int_equal(count, 2);
    double before[2], after[2];
    CHECK(r.context, og_solve_event_states(r.solve, 0, 1, before, after));
    assert_near(after[0], 1, 1e-15, "x after", 0);
    assert_near(after[1], k, 1e-14, "z after", 0);
    dae_pull(&r, NULL, (double[]){0, 1});
    assert_near(r.theta_bar[0], x * x - 2 * k * x * x * x * s_k, TOLERANCES * 1e-9, "dz/dk", 0);
    assert_near(r.x0_bar[0], -2 * k * x * x * x * s_x0, TOLERANCES * 1e-9, "dz/dx0", 0);
    dae_close(&r);
  }
}

/* ---- The promises ---- */

static const char rich_text[] = "param a = 0.7, b = 1.3, c = 0.4\n"
                                "input u linear\ninput v hold\n"
                                "const C = 2\n"
                                "init x = 1, y = 0.2\n"
                                "algebraic z = 0, q = 0\n"
                                "C*(x' - y') = -a*z + u + c*t\n"
                                "x' + y' = q - b*y*v\n"
                                "0 = z + c*z^3 - x*(1 + b*y^2) - v\n"
                                "0 = q - sin(t + x)*a - z\n"
                                "event bump when y - 0.6 = 0 any { y = y - 0.3*c; x = x + a*0.1 }\n"
                                "cost integral = z^2 + x\n"
                                "time 0 : 3\n";
enum { RICH = 37, SEEN = 4 };

typedef struct rich_run {
  double final[RICH * 4], x0_bar[RICH * 4], theta_bar[RICH * 3], t0_bar[RICH], t1_bar[RICH];
  long long recomputed;
} rich_run;

static void set_rich(og_context *context, og_solve *solve, size_t m, uint64_t seed) {
  double x0[4] = {1 + 0.2 * noise(&seed), 0.2 + 0.1 * noise(&seed), 0, 0};
  double theta[3] = {0.7 + 0.1 * noise(&seed), 1.3 + 0.2 * noise(&seed), 0.4 + 0.1 * noise(&seed)};
  double t1 = 2.5 + 0.4 * noise(&seed);
  CHECK(context, og_solve_set_span(solve, m, 0.1, t1));
  CHECK(context, og_solve_set_initial_state(solve, m, x0));
  CHECK(context, og_solve_set_parameters(solve, m, theta));
  CHECK(context,
        og_solve_set_input(solve, m, 0, OG_SIGNAL_LINEAR, 3, (double[]){0, 1, 3}, (double[]){1, 0.5, 1.5}));
  CHECK(context,
        og_solve_set_input(solve, m, 1, OG_SIGNAL_HOLD, 3, (double[]){0, 0.8, 1.9}, (double[]){1, 0.2, 0.7}));
  CHECK(context, og_solve_set_observations(solve, m, SEEN, (double[]){0.1, 0.8, 1.3, t1}));
}

static void run_rich(size_t first, size_t count, long long budget, og_precision precision, rich_run *out) {
  og_context *context = new_context();
  og_model *model = parse(context, rich_text);
  og_options *options = new_options(context, OG_METHOD_AUTO, 1e-6, 1e-8);
  og_solve *solve = NULL;
  double bars[RICH * SEEN * 4], costs[RICH];
  for (size_t i = 0; i < count * SEEN * 4; i++) bars[i] = 0.3 + 0.1 * (double)(i % (SEEN * 4) % 7);
  for (size_t i = 0; i < count; i++) costs[i] = 0.5;
  memset(out, 0, sizeof *out);
  if (budget > 0) CHECK(context, og_options_set_integer(options, OG_OPT_MEMORY, budget));
  if (budget < 0) { /* every so many states */
    CHECK(context, og_options_set_choice(options, OG_OPT_SCHEDULE, OG_SCHEDULE_EVERY));
    CHECK(context, og_options_set_integer(options, OG_OPT_EVERY, -budget));
  }
  CHECK(context, og_options_set_choice(options, OG_OPT_PRECISION, (int)precision));
  CHECK(context, og_solve_create(context, og_model_field(model), options, count, &solve));
  for (size_t m = 0; m < count; m++) set_rich(context, solve, m, 5 + first + m);
  CHECK(context, og_solve_run(solve));
  for (size_t m = 0; m < count; m++) CHECK(context, og_solve_final(solve, m, out->final + 4 * m));
  og_pullback_arrays arrays = {
      OG_INIT(og_pullback_arrays), .observed_bar = bars,  .cost_bar = costs,    .x0_bar = out->x0_bar,
      .theta_bar = out->theta_bar, .t0_bar = out->t0_bar, .t1_bar = out->t1_bar};
  CHECK(context, og_solve_pullback(solve, &arrays));
  out->recomputed = og_solve_stat(solve, OG_STAT_RECOMPUTED_STEPS);
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_model_destroy(model);
  og_context_destroy(context);
}

static void same_bits(void **state) {
  static rich_run all, other;
  (void)state;
  run_rich(0, RICH, 0, OG_PRECISION_DOUBLE, &all);
  run_rich(0, RICH, 700000, OG_PRECISION_DOUBLE, &other);
  assert_true(other.recomputed > 0);
  other.recomputed = 0;
  assert_memory_equal(&all, &other, sizeof all);
  for (size_t m = 0; m < RICH; m += 9) {
    run_rich(m, 1, m % 2 ? -7 : 0, OG_PRECISION_DOUBLE, &other);
    assert_true(m % 2 == 0 || other.recomputed > 0);
    assert_memory_equal(all.final + 4 * m, other.final, 4 * sizeof(double));
    assert_memory_equal(all.x0_bar + 4 * m, other.x0_bar, 4 * sizeof(double));
    assert_memory_equal(all.theta_bar + 3 * m, other.theta_bar, 3 * sizeof(double));
    assert_true(all.t0_bar[m] == other.t0_bar[0] && all.t1_bar[m] == other.t1_bar[0]);
  }
}

/* <x_bar, J v> = <J^T x_bar, v>, with events and inputs between. */
static void identity(void **state) {
  (void)state;
  for (int k = 0; k < METHODS; k++)
    for (int fixed = 0; fixed < 2; fixed++) {
      uint64_t seed = 3 + (uint64_t)k;
      og_context *context = new_context();
      og_model *model = parse(context, rich_text);
      og_options *options = new_options(context, methods[k], 1e-5, 1e-7);
      CHECK(context, og_options_set_integer(options, OG_OPT_STEPS, fixed ? 200 : 0));
      CHECK(context,
            og_options_set_choice(options, OG_OPT_GRADIENT_CONTROL, OG_CONTROL_NONE)); /* one sequence */
      og_solve *solve = NULL;
      CHECK(context, og_solve_create(context, og_model_field(model), options, 1, &solve));
      set_rich(context, solve, 0, 9);
      CHECK(context, og_solve_run(solve));
      double v[4 + 3 + 2 + SEEN], bar[4 * SEEN + 5], out[4 * SEEN + 5] = {0}, back[4 + 3 + 2 + SEEN] = {0};
      for (size_t i = 0; i < sizeof v / sizeof *v; i++) v[i] = noise(&seed);
      for (size_t i = 0; i < sizeof bar / sizeof *bar; i++) bar[i] = noise(&seed);
      CHECK(context, og_solve_pullback(solve, &(og_pullback_arrays){
                                                  OG_INIT(og_pullback_arrays), .observed_bar = bar,
                                                  .final_bar = bar + 4 * SEEN, .cost_bar = bar + 4 * SEEN + 4,
                                                  .x0_bar = back, .theta_bar = back + 4, .t0_bar = back + 7,
                                                  .t1_bar = back + 8, .times_bar = back + 9}));
      CHECK(context, og_solve_pushforward(
                         solve, &(og_pushforward_arrays){
                                    OG_INIT(og_pushforward_arrays), .x0_dot = v, .theta_dot = v + 4,
                                    .t0_dot = v + 7, .t1_dot = v + 8, .times_dot = v + 9, .observed_dot = out,
                                    .final_dot = out + 4 * SEEN, .cost_dot = out + 4 * SEEN + 4}));
      double left = 0, right = 0, size = 0;
      for (size_t i = 0; i < sizeof bar / sizeof *bar; i++)
        left += bar[i] * out[i], size += fabs(bar[i] * out[i]);
      for (size_t i = 0; i < sizeof v / sizeof *v; i++) right += v[i] * back[i];
      if (!(fabs(left - right) <= (methods[k] == OG_METHOD_RODAS5P ? 1e-12 : 1e-10) * size))
        fail_msg("method %d, fixed %d: %.17g and %.17g", (int)methods[k], fixed, left, right);
      og_solve_destroy(solve);
      og_options_destroy(options);
      og_model_destroy(model);
      og_context_destroy(context);
    }
}

/* Single precision: consistent states are found in double and rounded. */
static void single_precision(void **state) {
  static rich_run whole, single;
  (void)state;
  run_rich(0, 5, 0, OG_PRECISION_DOUBLE, &whole);
  run_rich(0, 5, 0, OG_PRECISION_SINGLE, &single);
  compare("final", single.final, whole.final, 20, 1e-4);
  compare("dL/dx0", single.x0_bar, whole.x0_bar, 20, 1e-3);
}

/* ---- What is refused ---- */

static void expect_refused(const char *text, og_status status, const char *const *parts) {
  dae_run r = dae_open(text, OG_METHOD_AUTO, 1e-6, 1e-9);
  dae_create(&r);
  assert_int_equal(og_solve_run(r.solve), status);
  for (; *parts; parts++) assert_contains(og_context_message(r.context), *parts);
  dae_close(&r);
}

static void higher_index(void **state) {
  (void)state;
  /* A pendulum by its coordinates, index 3. */
  expect_refused("param g = 9.81\ninit x = 1, y = 0, u = 0, v = 0\nalgebraic tension = 0\n"
                 "x' = u\ny' = v\nu' = -tension*x\nv' = -tension*y - g\n0 = x^2 + y^2 - 1\ntime 0 : 1\n",
                 OG_ERR_INDEX, (const char *[]){"index", "tension do not determine tension", NULL});
  /* z is the derivative of what is given, index 2. */
  expect_refused("init x = 0\nalgebraic z = 1\nx' = z\n0 = x - sin(t)\ntime 0 : 1\n", OG_ERR_INDEX,
                 (const char *[]){"index", "z", NULL});
  /* Three equations of which one is a combination of the others. */
  expect_refused("init x = 1\nalgebraic a = 1, b = 1, c = 1, d = 1\nx' = -x\n0 = a + b - x\n0 = b - c\n"
                 "0 = a + c - x\n0 = d - x\ntime 0 : 1\n",
                 OG_ERR_INDEX, (const char *[]){"do not determine", NULL});
  /* By cancellation, which rounding leaves something of. */
  expect_refused(
      "param p = 0.1\ninit x = 1\nalgebraic z = 1\nx' = z\n0 = x + z*(3*p - 0.3) - 1\ntime 0 : 1\n",
      OG_ERR_INDEX, (const char *[]){"z do not determine z", NULL});
}

static void no_solution(void **state) {
  (void)state;
  expect_refused(
      "init x = 1\nalgebraic good = 0, bad = 2\nx' = -x\n0 = good - x\n0 = bad^2 + x^2 + 1\ntime 0 : 1\n",
      OG_ERR_INCONSISTENT, (const char *[]){"another guess", "that of bad", NULL});
  expect_refused("init x = 1\nalgebraic z = -2\nx' = -x\n0 = log(z) - x\ntime 0 : 1\n", OG_ERR_INCONSISTENT,
                 (const char *[]){"another guess", "that of z", NULL});
  /* After an event. */
  expect_refused("init x = 1\nalgebraic z = 1\nx' = -1\n0 = z^2 - x\n"
                 "event low when x - 0.5 = 0 falling { x = -1 }\ntime 0 : 1\n",
                 OG_ERR_INCONSISTENT, (const char *[]){"that of z", "low", NULL});
}

static void other_refusals(void **state) {
  (void)state;
  dae_run r = dae_open(with_z, OG_METHOD_TSIT5, 1e-6, 1e-9);
  dae_create(&r);
  assert_int_equal(og_solve_run(r.solve), OG_ERR_UNSUPPORTED);
  assert_contains(og_context_message(r.context), "rodas5p");
  dae_close(&r);
  for (int adjoint = OG_ADJOINT_BACKSOLVE; adjoint <= OG_ADJOINT_QUADRATURE; adjoint++) {
    if (adjoint != OG_ADJOINT_BACKSOLVE && adjoint != OG_ADJOINT_INTERPOLATE &&
        adjoint != OG_ADJOINT_QUADRATURE)
      continue;
    r = dae_open(with_z, OG_METHOD_AUTO, 1e-6, 1e-9);
    CHECK(r.context, og_options_set_choice(r.options, OG_OPT_ADJOINT, adjoint));
    dae_create(&r);
    CHECK(r.context, og_solve_run(r.solve));
    assert_int_equal(og_solve_pullback(r.solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                                      .final_bar = (double[]){1, 0, 0, 0},
                                                                      .x0_bar = r.x0_bar}),
                     OG_ERR_UNSUPPORTED);
    assert_contains(og_context_message(r.context), "discrete or forward");
    dae_close(&r);
  }
}

/* ---- Memory ---- */

static og_status solve_and_pull(og_context *context) {
  og_model *model = NULL;
  og_options *options = NULL;
  og_solve *solve = NULL;
  double x0[4], theta[3], x0_bar[4] = {0};
  og_status status = og_model_create_from_text(context, "m.ode", with_z, strlen(with_z), &model);
  if (status == OG_OK) status = og_options_create(context, &options);
  if (status == OG_OK) status = og_model_initialize(model, 0, theta);
  if (status == OG_OK) status = og_model_initial_state(model, 0, theta, x0);
  if (status == OG_OK) status = og_solve_create(context, og_model_field(model), options, 1, &solve);
  if (status == OG_OK) status = og_solve_set_initial_state(solve, 0, x0);
  if (status == OG_OK) status = og_solve_set_parameters(solve, OG_ALL, theta);
  if (status == OG_OK) status = og_solve_run(solve);
  if (status == OG_OK)
    status = og_solve_pullback(solve,
                               &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                     .final_bar = (double[]){1, 0, 0, 0}, .x0_bar = x0_bar});
  og_solve_destroy(solve);
  og_options_destroy(options);
  og_model_destroy(model);
  return status;
}

static void memory(void **state) {
  (void)state;
  fail_each_allocation(solve_and_pull);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(akzo),
      cmocka_unit_test(rectifier),
      cmocka_unit_test(guesses),
      cmocka_unit_test(far_guesses),
      cmocka_unit_test(derivative_of_the_start),
      cmocka_unit_test(eliminated),
      cmocka_unit_test(costs_on_algebraic_states),
      cmocka_unit_test(linear_problems),
      cmocka_unit_test(inputs),
      cmocka_unit_test(events),
      cmocka_unit_test(same_bits),
      cmocka_unit_test(identity),
      cmocka_unit_test(single_precision),
      cmocka_unit_test(higher_index),
      cmocka_unit_test(no_solution),
      cmocka_unit_test(other_refusals),
      cmocka_unit_test(memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
