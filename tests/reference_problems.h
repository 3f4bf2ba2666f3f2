/* The problems of oracles/references.csv: fields by hand, losses, and the reference gradients. */
#ifndef OG_TEST_REFERENCE_PROBLEMS_H
#define OG_TEST_REFERENCE_PROBLEMS_H

#include "fields.h"

/* ---- Lorenz: x1' = p1 (x2 - x1), x2' = x1 (p2 - x3) - x2, x3' = x1 x2 - p3 x3 ---- */
static inline int lorenz_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)user;
  f[0] = p[0] * (x[1] - x[0]);
  f[1] = x[0] * (p[1] - x[2]) - x[1];
  f[2] = x[0] * x[1] - p[2] * x[2];
  return 0;
}
static inline int lorenz_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                             double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  x_bar[0] = -p[0] * l[0] + (p[1] - x[2]) * l[1] + x[1] * l[2];
  x_bar[1] = p[0] * l[0] - l[1] + x[0] * l[2];
  x_bar[2] = -x[0] * l[1] - p[2] * l[2];
  theta_bar[0] = (x[1] - x[0]) * l[0];
  theta_bar[1] = x[0] * l[1];
  theta_bar[2] = -x[2] * l[2];
  return 0;
}
static inline int lorenz_jvp(double t, const double *x, const double *p, double t_dot, const double *dx,
                             const double *dp, double *f_dot, void *user) {
  (void)t, (void)t_dot, (void)user;
  f_dot[0] = dp[0] * (x[1] - x[0]) + p[0] * (dx[1] - dx[0]);
  f_dot[1] = dx[0] * (p[1] - x[2]) + x[0] * (dp[1] - dx[2]) - dx[1];
  f_dot[2] = dx[0] * x[1] + x[0] * dx[1] - dp[2] * x[2] - p[2] * dx[2];
  return 0;
}

/* ---- van der Pol: x1' = x2, x2' = p1 (1 - x1^2) x2 - x1, running cost x1^2 / 2 ---- */
static inline int vdp_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)user;
  f[0] = x[1];
  f[1] = p[0] * (1 - x[0] * x[0]) * x[1] - x[0];
  return 0;
}
static inline int vdp_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                          double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  x_bar[0] = l[1] * (-2 * p[0] * x[0] * x[1] - 1);
  x_bar[1] = l[0] + l[1] * p[0] * (1 - x[0] * x[0]);
  theta_bar[0] = l[1] * (1 - x[0] * x[0]) * x[1];
  return 0;
}
static inline int vdp_jvp(double t, const double *x, const double *p, double t_dot, const double *dx,
                          const double *dp, double *f_dot, void *user) {
  (void)t, (void)t_dot, (void)user;
  double damping = 1 - x[0] * x[0];
  f_dot[0] = dx[1];
  f_dot[1] = dp[0] * damping * x[1] + p[0] * (damping * dx[1] - 2 * x[0] * dx[0] * x[1]) - dx[0];
  return 0;
}
static inline int vdp_cost(double t, const double *x, const double *p, double *cost, void *user) {
  (void)t, (void)p, (void)user;
  *cost = x[0] * x[0] / 2;
  return 0;
}
static inline int vdp_cost_vjp(double t, const double *x, const double *p, double w, double *x_bar,
                               double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)p, (void)theta_bar, (void)t_bar, (void)user;
  x_bar[0] = w * x[0];
  return 0;
}

/* ---- Diffusion and reaction: u_i' = 16 d_i (u_{i-1} - 2 u_i + u_{i+1}) + r_i u_i (1 - u_i), no flux at the
 * ends; theta = (d, r) ---- */
enum { CELLS = 200 };

/* Second differences over spacing 1/4. The matrix is symmetric. */
static inline double laplacian(const double *u, int i) {
  double left = u[i > 0 ? i - 1 : 0], right = u[i < CELLS - 1 ? i + 1 : i];
  return 16 * (left - 2 * u[i] + right);
}
static inline int diffusion_rhs(double t, const double *u, const double *p, double *f, void *user) {
  (void)t, (void)user;
  const double *d = p, *r = p + CELLS;
  for (int i = 0; i < CELLS; i++) f[i] = d[i] * laplacian(u, i) + r[i] * u[i] * (1 - u[i]);
  return 0;
}
static inline int diffusion_vjp(double t, const double *u, const double *p, const double *l, double *u_bar,
                                double *theta_bar, double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  const double *d = p, *r = p + CELLS;
  double flux[CELLS];
  for (int i = 0; i < CELLS; i++) flux[i] = d[i] * l[i];
  for (int i = 0; i < CELLS; i++) {
    u_bar[i] = laplacian(flux, i) + l[i] * r[i] * (1 - 2 * u[i]);
    theta_bar[i] = l[i] * laplacian(u, i);
    theta_bar[CELLS + i] = l[i] * u[i] * (1 - u[i]);
  }
  return 0;
}
static inline int diffusion_jvp(double t, const double *u, const double *p, double t_dot, const double *du,
                                const double *dp, double *f_dot, void *user) {
  (void)t, (void)t_dot, (void)user;
  const double *d = p, *r = p + CELLS, *dd = dp, *dr = dp + CELLS;
  for (int i = 0; i < CELLS; i++)
    f_dot[i] = dd[i] * laplacian(u, i) + d[i] * laplacian(du, i) + dr[i] * u[i] * (1 - u[i]) +
               r[i] * (1 - 2 * u[i]) * du[i];
  return 0;
}

/* ---- The table of problems ---- */

enum { STATES_MAX = CELLS, PARAMETERS_MAX = 2 * CELLS, GRADIENT_MAX = STATES_MAX + PARAMETERS_MAX };

typedef struct reference_problem {
  const char *name; /* in references.csv */
  size_t n, p;
  og_rhs_fn rhs;
  og_vjp_fn vjp;
  og_jvp_fn jvp;
  og_cost_fn cost; /* NULL: no running cost */
  og_cost_vjp_fn cost_vjp;
  double x0[3], theta[4]; /* diffusion: see fill_inputs */
  double t1;
  double target; /* the loss is |x - target|^2 / 2 at t1, */
  size_t times;  /* or at 1, 2, ..., this, and the running cost's integral */
} reference_problem;

static const reference_problem reference_problems[] = {
    {.name = "lv1",
     .n = 2,
     .p = 4,
     .rhs = lv_rhs,
     .vjp = lv_vjp,
     .jvp = lv_jvp,
     .x0 = {1, 1},
     .theta = {1.5, 1, 3, 1},
     .t1 = 1,
     .target = 1},
    {.name = "lv10",
     .n = 2,
     .p = 4,
     .rhs = lv_rhs,
     .vjp = lv_vjp,
     .jvp = lv_jvp,
     .x0 = {1, 1},
     .theta = {1.5, 1, 3, 1},
     .t1 = 10,
     .target = 1},
    {.name = "lorenz5",
     .n = 3,
     .p = 3,
     .rhs = lorenz_rhs,
     .vjp = lorenz_vjp,
     .jvp = lorenz_jvp,
     .x0 = {1, 1, 1},
     .theta = {10, 28, 8. / 3},
     .t1 = 5,
     .times = 5},
    {.name = "vdp1",
     .n = 2,
     .p = 1,
     .rhs = vdp_rhs,
     .vjp = vdp_vjp,
     .jvp = vdp_jvp,
     .cost = vdp_cost,
     .cost_vjp = vdp_cost_vjp,
     .x0 = {2, 0},
     .theta = {1},
     .t1 = 2},
    {.name = "vdp10",
     .n = 2,
     .p = 1,
     .rhs = vdp_rhs,
     .vjp = vdp_vjp,
     .jvp = vdp_jvp,
     .cost = vdp_cost,
     .cost_vjp = vdp_cost_vjp,
     .x0 = {2, 0},
     .theta = {10},
     .t1 = 20},
    {.name = "diffusion",
     .n = CELLS,
     .p = 2 * CELLS,
     .rhs = diffusion_rhs,
     .vjp = diffusion_vjp,
     .jvp = diffusion_jvp,
     .t1 = 10},
};
enum { PROBLEMS = sizeof reference_problems / sizeof reference_problems[0] };

static inline const reference_problem *reference_named(const char *name) {
  for (int i = 0; i < PROBLEMS; i++)
    if (strcmp(reference_problems[i].name, name) == 0) return &reference_problems[i];
  return NULL;
}

static inline void fill_inputs(const reference_problem *r, double *x0, double *theta) {
  if (r->n < CELLS) {
    memcpy(x0, r->x0, r->n * sizeof *x0);
    memcpy(theta, r->theta, r->p * sizeof *theta);
    return;
  }
  for (int i = 0; i < CELLS; i++) {
    x0[i] = (1 + 13 * i % 32) / 64.;
    theta[i] = (128 + i) / 256.;
    theta[CELLS + i] = (8 + 5 * i % 16) / 32.;
  }
}

static inline og_field *reference_field(og_context *context, const reference_problem *r) {
  og_field *field = NULL;
  CHECK(context, og_field_create(context, r->n, r->p, r->rhs, NULL, &field));
  CHECK(context, og_field_set_vjp(field, r->vjp));
  CHECK(context, og_field_set_jvp(field, r->jvp));
  if (r->cost) CHECK(context, og_field_set_cost(field, r->cost, r->cost_vjp));
  return field;
}

/* Loss and gradient (x0, then theta) from oracles/references.csv: rows of one problem stand together, in that
 * order, behind the row of L. */
static inline void read_reference(const reference_problem *r, double *loss, double *gradient) {
  char line[512];
  size_t found = 0, length = strlen(r->name);
  FILE *file = fopen("tests/oracles/references.csv", "r");
  assert_non_null(file);
  while (fgets(line, sizeof line, file)) {
    const char *name = line + (line[0] == '"');
    if (strncmp(name, r->name, length) != 0 || !strchr(",:", name[length])) continue;
    const char *quantity = name == line ? strchr(line, ',') : strstr(line, "\",") + 1;
    double value = strtod(strchr(quantity + 1, ',') + 1, NULL);
    *(found ? &gradient[found - 1] : loss) = value;
    found++;
  }
  fclose(file);
  if (found != 1 + r->n + r->p) fail_msg("%s: %zu numbers in references.csv", r->name, found);
}

#endif
