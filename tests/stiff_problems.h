/* The stiff problems of oracles/stiff.csv: models, and for the Brusselator callbacks with a band Jacobian;
 * losses that are sums of psi(x) over times; and the reference values. */
#ifndef OG_TEST_STIFF_PROBLEMS_H
#define OG_TEST_STIFF_PROBLEMS_H

#include "models.h"

enum { STIFF_TIMES = 3, STIFF_STATES = 1000, STIFF_PARAMETERS = 12 };

typedef struct stiff_problem {
  const char *name, *text;                     /* of the rows in stiff.csv; NULL: see brusselator_field */
  double (*psi)(const double *x, double *bar); /* bar[n] comes in as zeros */
  double atol; /* in units of rtol: of the size of what the smallest states matter for */
  size_t times;
  double t[STIFF_TIMES];
} stiff_problem;

#define ROBERTSON                                                                                            \
  "param p1 = 0.04, p2 = 3e7, p3 = 1e4\n"                                                                    \
  "init y1 = 1, y2 = 0, y3 = 0\n"                                                                            \
  "y1' = -p1*y1 + p3*y2*y3\n"                                                                                \
  "y2' = p1*y1 - p3*y2*y3 - p2*y2^2\n"                                                                       \
  "y3' = p2*y2^2\n"

#define HIRES                                                                                                \
  "param k1=1.71, k2=0.43, k3=8.32, oks=0.0007, k4=8.75, k5=10.03, k6=0.035\n"                               \
  "param k7=1.12, k8=1.745, kp=280, km=0.69, ks=1.81\n"                                                      \
  "init y1=1, y2=0, y3=0, y4=0, y5=0, y6=0, y7=0, y8=0.0057\n"                                               \
  "y1' = -k1*y1 + k2*y2 + k3*y3 + oks\n"                                                                     \
  "y2' = k1*y1 - k4*y2\n"                                                                                    \
  "y3' = -k5*y3 + k2*y4 + k6*y5\n"                                                                           \
  "y4' = k3*y2 + k1*y3 - k7*y4\n"                                                                            \
  "y5' = -k8*y5 + k2*y6 + k2*y7\n"                                                                           \
  "y6' = -kp*y6*y8 + km*y4 + k1*y5 - k2*y6 + km*y7\n"                                                        \
  "y7' = kp*y6*y8 - ks*y7\n"                                                                                 \
  "y8' = -kp*y6*y8 + ks*y7\n"

#define VAN_DER_POL(mu)                                                                                      \
  "param mu = " mu "\n"                                                                                      \
  "init y1 = 2, y2 = 0\n"                                                                                    \
  "y1' = y2\n"                                                                                               \
  "y2' = mu*(1 - y1^2)*y2 - y1\n"

#define OREGONATOR                                                                                           \
  "param p1 = 77.27, p2 = 8.375e-6, p3 = 0.161\n"                                                            \
  "init y1 = 1, y2 = 2, y3 = 3\n"                                                                            \
  "y1' = p1*(y2 + y1*(1 - p2*y1 - y2))\n"                                                                    \
  "y2' = (y3 - (1 + y1)*y2)/p1\n"                                                                            \
  "y3' = p3*(y1 - y3)\n"

static inline double robertson_psi(const double *x, double *bar) {
  bar[0] = 2 * (x[0] - 0.5) + x[2], bar[1] = 1e4, bar[2] = x[0];
  return (x[0] - 0.5) * (x[0] - 0.5) + 1e4 * x[1] + x[0] * x[2];
}
static inline double hires_psi(const double *x, double *bar) {
  double sum = 1000 * x[0] * x[5];
  for (int i = 0; i < 8; i++) bar[i] = 1, sum += x[i];
  bar[0] += 1000 * x[5], bar[5] += 1000 * x[0];
  return sum;
}
static inline double van_der_pol_psi(const double *x, double *bar) {
  bar[0] = 2 * x[0], bar[1] = 1e3;
  return x[0] * x[0] + 1e3 * x[1];
}
static inline double oregonator_psi(const double *x, double *bar) {
  bar[0] = 1, bar[1] = 1e-3, bar[2] = 1e-2;
  return x[0] + 1e-3 * x[1] + 1e-2 * x[2];
}
static inline double brusselator_psi(const double *x, double *bar) {
  double sum = 0;
  for (int i = 0; i < STIFF_STATES; i += 2) bar[i] = 1, sum += x[i];
  return sum;
}

static const stiff_problem stiff_problems[] = {
    {"robertson_40", ROBERTSON, robertson_psi, 1e-4, 1, {40}},
    {"hires", HIRES, hires_psi, 1e-2, 1, {321.8122}},
    {"vdp_mu1e3", VAN_DER_POL("1000"), van_der_pol_psi, 1e-2, 1, {2000}},
    {"orego", OREGONATOR, oregonator_psi, 1, 3, {10, 30, 360}},
    {"bruss500", NULL, brusselator_psi, 1, 1, {10}},
    {"vdp_mu1e2", VAN_DER_POL("100"), van_der_pol_psi, 1e-2, 1, {120}},
};
enum { ROBERTSON_40, HIRES_ONE, VDP_MU1E3, OREGO, BRUSS500, VDP_MU1E2, STIFF_PROBLEMS };

/* ---- The Brusselator in one dimension: states u1, v1, u2, v2, ..., parameters A, B, D ---- */

enum { BAND = 2 };
static const double BRUSSELATOR_CELLS = 501;

/* The second difference of every second entry, with `edge` beyond both ends. */
static inline double second_difference(const double *z, int i, double edge) {
  double left = i < 2 ? edge : z[i - 2], right = i + 2 < STIFF_STATES ? z[i + 2] : edge;
  return BRUSSELATOR_CELLS * BRUSSELATOR_CELLS * (left - 2 * z[i] + right);
}
static inline int brusselator_rhs(double t, const double *z, const double *p, double *f, void *user) {
  (void)t, (void)user;
  for (int i = 0; i < STIFF_STATES; i += 2) {
    double u = z[i], v = z[i + 1];
    f[i] = p[0] + u * u * v - (p[1] + 1) * u + p[2] * second_difference(z, i, 1);
    f[i + 1] = p[1] * u - u * u * v + p[2] * second_difference(z, i + 1, 3);
  }
  return 0;
}
static inline int brusselator_vjp(double t, const double *z, const double *p, const double *l, double *z_bar,
                                  double *p_bar, double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  p_bar[0] = p_bar[1] = p_bar[2] = 0;
  for (int i = 0; i < STIFF_STATES; i += 2) {
    double u = z[i], v = z[i + 1], a = l[i], b = l[i + 1];
    z_bar[i] = (a - b) * (2 * u * v - p[1]) - a + p[2] * second_difference(l, i, 0);
    z_bar[i + 1] = (a - b) * u * u + p[2] * second_difference(l, i + 1, 0);
    p_bar[0] += a;
    p_bar[1] += (b - a) * u;
    p_bar[2] += a * second_difference(z, i, 1) + b * second_difference(z, i + 1, 3);
  }
  return 0;
}
static inline int brusselator_jvp(double t, const double *z, const double *p, double t_dot, const double *dz,
                                  const double *dp, double *f_dot, void *user) {
  (void)t, (void)t_dot, (void)user;
  for (int i = 0; i < STIFF_STATES; i += 2) {
    double u = z[i], v = z[i + 1], mixed = 2 * u * v * dz[i] + u * u * dz[i + 1];
    f_dot[i] = dp[0] + mixed - dp[1] * u - (p[1] + 1) * dz[i] + dp[2] * second_difference(z, i, 1) +
               p[2] * second_difference(dz, i, 0);
    f_dot[i + 1] = dp[1] * u + p[1] * dz[i] - mixed + dp[2] * second_difference(z, i + 1, 3) +
                   p[2] * second_difference(dz, i + 1, 0);
  }
  return 0;
}
static inline int brusselator_hessian(double t, const double *z, const double *p, const double *l, double dt,
                                      const double *dz, const double *dp, double *z_bar, double *p_bar,
                                      double *t_bar, void *user) {
  (void)t, (void)dt, (void)p, (void)t_bar, (void)user;
  p_bar[0] = p_bar[1] = p_bar[2] = 0;
  for (int i = 0; i < STIFF_STATES; i += 2) {
    double u = z[i], v = z[i + 1], w = l[i] - l[i + 1];
    z_bar[i] = w * (2 * dz[i] * v + 2 * u * dz[i + 1] - dp[1]) + dp[2] * second_difference(l, i, 0);
    z_bar[i + 1] = w * 2 * u * dz[i] + dp[2] * second_difference(l, i + 1, 0);
    p_bar[1] -= w * dz[i];
    p_bar[2] += l[i] * second_difference(dz, i, 0) + l[i + 1] * second_difference(dz, i + 1, 0);
  }
  return 0;
}
/* values[(2 + i - j) * n + j]; u and v of a cell are neighbours, those of the next cell are two away. */
static inline int brusselator_jacobian(double t, const double *z, const double *p, double *values,
                                       void *user) {
  (void)t, (void)user;
  enum { N = STIFF_STATES };
  double coupling = p[2] * BRUSSELATOR_CELLS * BRUSSELATOR_CELLS;
  for (int i = 0; i < N; i++) values[i] = values[4 * N + i] = coupling;
  for (int i = 0; i < N; i += 2) {
    double u = z[i], v = z[i + 1];
    values[2 * N + i] = 2 * u * v - (p[1] + 1) - 2 * coupling;
    values[2 * N + i + 1] = -u * u - 2 * coupling;
    values[1 * N + i + 1] = u * u;        /* df_u / dv */
    values[3 * N + i] = p[1] - 2 * u * v; /* df_v / du */
  }
  return 0;
}
static inline og_field *brusselator_field(og_context *context) {
  og_field *field = NULL;
  CHECK(context, og_field_create(context, STIFF_STATES, 3, brusselator_rhs, NULL, &field));
  CHECK(context, og_field_set_vjp(field, brusselator_vjp));
  CHECK(context, og_field_set_jvp(field, brusselator_jvp));
  CHECK(context, og_field_set_hessian(field, brusselator_hessian, NULL));
  CHECK(context, og_field_set_jacobian_band(field, brusselator_jacobian, BAND, BAND));
  CHECK(context, og_field_set_autonomous(field, 1));
  return field;
}

/* ---- A gradient ---- */

typedef struct stiff_result {
  size_t n, p;
  double loss, final[STIFF_STATES], x0_bar[STIFF_STATES], p_bar[STIFF_PARAMETERS], last_bar;
  double x0_product[STIFF_STATES], p_product[STIFF_PARAMETERS]; /* the Hessian along (0, p) */
  size_t evals;                                                 /* of f and of its products with cotangents */
} stiff_result;

/* The loss of the solve's states, and their cotangents. */
static inline double stiff_cotangents(const stiff_problem *problem, og_context *context, og_solve *solve,
                                      size_t n, double *observed_bar, double *final_bar) {
  static double x[STIFF_STATES];
  double loss = 0;
  memset(observed_bar, 0, STIFF_TIMES * n * sizeof *observed_bar);
  memset(final_bar, 0, n * sizeof *final_bar);
  for (size_t k = 0; k + 1 < problem->times; k++) {
    CHECK(context, og_solve_observed(solve, 0, k, x));
    loss += problem->psi(x, observed_bar + k * n);
  }
  CHECK(context, og_solve_final(solve, 0, x));
  return loss + problem->psi(x, final_bar);
}

/* OG_OK, or why there is no gradient. */
static inline og_status stiff_gradient(og_context *context, const stiff_problem *problem,
                                       const og_options *options, stiff_result *r) {
  static double z0[STIFF_STATES], observed_bar[STIFF_TIMES * STIFF_STATES], final_bar[STIFF_STATES];
  og_model *model = problem->text ? parse(context, problem->text) : NULL;
  og_field *own = model ? NULL : brusselator_field(context);
  const og_field *field = model ? og_model_field(model) : own;
  double p[STIFF_PARAMETERS] = {1, 3, 0.02};
  og_solve *solve = NULL;
  memset(r, 0, sizeof *r);
  r->n = og_field_states(field), r->p = og_field_parameters(field);
  for (int i = 0; own && i < STIFF_STATES; i++)
    z0[i] = i % 2 ? 3 : 1 + sin(2 * 3.14159265358979323846 * (i / 2 + 1) / BRUSSELATOR_CELLS);
  if (model) CHECK(context, og_model_values(model, p));
  if (model) CHECK(context, og_model_initial_state(model, 0, p, z0));
  CHECK(context, og_solve_create(context, field, options, 1, &solve));
  CHECK(context, og_solve_set_initial_state(solve, 0, z0));
  CHECK(context, og_solve_set_parameters(solve, OG_ALL, p));
  CHECK(context, og_solve_set_span(solve, 0, 0, problem->t[problem->times - 1]));
  CHECK(context, og_solve_set_observations(solve, 0, problem->times - 1, problem->t));
  og_status status = og_solve_run(solve);
  if (status == OG_OK) {
    stiff_cotangents(problem, context, solve, r->n, observed_bar, final_bar);
    status = og_solve_pullback(solve, &(og_pullback_arrays){OG_INIT(og_pullback_arrays),
                                                            .observed_bar = observed_bar,
                                                            .final_bar = final_bar, .x0_bar = r->x0_bar,
                                                            .theta_bar = r->p_bar, .t1_bar = &r->last_bar});
  }
  if (status == OG_OK) {
    r->loss = stiff_cotangents(problem, context, solve, r->n, observed_bar, final_bar);
    CHECK(context, og_solve_final(solve, 0, r->final));
    r->evals = og_solve_stat(solve, OG_STAT_RHS_EVALS) + og_solve_stat(solve, OG_STAT_VJP_EVALS);
  }
  og_solve_destroy(solve);
  og_field_destroy(own);
  og_model_destroy(model);
  return status;
}

#endif
