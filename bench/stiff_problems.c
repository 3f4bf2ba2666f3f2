#include "stiff_problems.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Robertson ---- */

static int robertson_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)user;
  double a = p[0] * x[0], b = p[1] * x[1] * x[1], c = p[2] * x[1] * x[2];
  f[0] = c - a;
  f[1] = a - c - b;
  f[2] = b;
  return 0;
}
static int robertson_vjp(double t, const double *x, const double *p, const double *l, double *x_bar,
                         double *p_bar, double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  double a = l[1] - l[0], b = l[2] - l[1];
  x_bar[0] = p[0] * a;
  x_bar[1] = 2 * p[1] * x[1] * b - p[2] * x[2] * a;
  x_bar[2] = -p[2] * x[1] * a;
  p_bar[0] = x[0] * a;
  p_bar[1] = x[1] * x[1] * b;
  p_bar[2] = -x[1] * x[2] * a;
  return 0;
}
static int robertson_jvp(double t, const double *x, const double *p, double dt, const double *dx,
                         const double *dp, double *f, void *user) {
  (void)t, (void)dt, (void)user;
  double a = dp[0] * x[0] + p[0] * dx[0], b = dp[1] * x[1] * x[1] + 2 * p[1] * x[1] * dx[1],
         c = dp[2] * x[1] * x[2] + p[2] * (dx[1] * x[2] + x[1] * dx[2]);
  f[0] = c - a;
  f[1] = a - c - b;
  f[2] = b;
  return 0;
}
static int robertson_hessian(double t, const double *x, const double *p, const double *l, double dt,
                             const double *dx, const double *dp, double *x_bar, double *p_bar, double *t_bar,
                             void *user) {
  (void)t, (void)dt, (void)t_bar, (void)user;
  double a = l[1] - l[0], b = l[2] - l[1];
  x_bar[0] = dp[0] * a;
  x_bar[1] = 2 * b * (dp[1] * x[1] + p[1] * dx[1]) - a * (dp[2] * x[2] + p[2] * dx[2]);
  x_bar[2] = -a * (dp[2] * x[1] + p[2] * dx[1]);
  p_bar[0] = dx[0] * a;
  p_bar[1] = 2 * x[1] * dx[1] * b;
  p_bar[2] = -(dx[1] * x[2] + x[1] * dx[2]) * a;
  return 0;
}
static int robertson_jacobian(double t, const double *x, const double *p, double *values, void *user) {
  (void)t, (void)user;
  double down = p[2] * x[2], out = p[2] * x[1], twice = 2 * p[1] * x[1];
  const double rows[9] = {-p[0], down, out, p[0], -down - twice, -out, 0, twice, 0};
  memcpy(values, rows, sizeof rows);
  return 0;
}
static const char *robertson_text(void) {
  return "param p1 = 0.04, p2 = 3e7, p3 = 1e4\n"
         "init y1 = 1, y2 = 0, y3 = 0\n"
         "y1' = -p1*y1 + p3*y2*y3\n"
         "y2' = p1*y1 - p3*y2*y3 - p2*y2^2\n"
         "y3' = p2*y2^2\n";
}
static void robertson_initial(double *x) { x[0] = 1, x[1] = x[2] = 0; }
static double robertson_psi(const double *x, double *bar) {
  bar[0] = 2 * (x[0] - 0.5) + x[2], bar[1] = 1e4, bar[2] = x[0];
  return (x[0] - 0.5) * (x[0] - 0.5) + 1e4 * x[1] + x[0] * x[2];
}

/* ---- HIRES ---- */

enum { K1, K2, K3, OKS, K4, K5, K6, K7, K8, KP, KM, KS };

static int hires_rhs(double t, const double *y, const double *k, double *f, void *user) {
  (void)t, (void)user;
  double bound = k[KP] * y[5] * y[7];
  f[0] = -k[K1] * y[0] + k[K2] * y[1] + k[K3] * y[2] + k[OKS];
  f[1] = k[K1] * y[0] - k[K4] * y[1];
  f[2] = -k[K5] * y[2] + k[K2] * y[3] + k[K6] * y[4];
  f[3] = k[K3] * y[1] + k[K1] * y[2] - k[K7] * y[3];
  f[4] = -k[K8] * y[4] + k[K2] * (y[5] + y[6]);
  f[5] = -bound + k[KM] * (y[3] + y[6]) + k[K1] * y[4] - k[K2] * y[5];
  f[6] = bound - k[KS] * y[6];
  f[7] = -bound + k[KS] * y[6];
  return 0;
}
/* What is linear in the rates and the state: of the vjp, and of its derivative. */
static void hires_states(const double *k, const double *l, double *bar) {
  bar[0] = k[K1] * (l[1] - l[0]);
  bar[1] = k[K2] * l[0] - k[K4] * l[1] + k[K3] * l[3];
  bar[2] = k[K3] * l[0] - k[K5] * l[2] + k[K1] * l[3];
  bar[3] = k[K2] * l[2] - k[K7] * l[3] + k[KM] * l[5];
  bar[4] = k[K6] * l[2] - k[K8] * l[4] + k[K1] * l[5];
  bar[5] = k[K2] * (l[4] - l[5]);
  bar[6] = k[K2] * l[4] + k[KM] * l[5] + k[KS] * (l[7] - l[6]);
  bar[7] = 0;
}
static void hires_rates(const double *y, const double *l, double constant, double bound, double *bar) {
  bar[K1] = y[0] * (l[1] - l[0]) + y[2] * l[3] + y[4] * l[5];
  bar[K2] = y[1] * l[0] + y[3] * l[2] + (y[5] + y[6]) * l[4] - y[5] * l[5];
  bar[K3] = y[2] * l[0] + y[1] * l[3];
  bar[OKS] = constant * l[0];
  bar[K4] = -y[1] * l[1];
  bar[K5] = -y[2] * l[2];
  bar[K6] = y[4] * l[2];
  bar[K7] = -y[3] * l[3];
  bar[K8] = -y[4] * l[4];
  bar[KP] = bound * (l[6] - l[5] - l[7]);
  bar[KM] = (y[3] + y[6]) * l[5];
  bar[KS] = y[6] * (l[7] - l[6]);
}
static int hires_vjp(double t, const double *y, const double *k, const double *l, double *y_bar,
                     double *k_bar, double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  double d = l[6] - l[5] - l[7];
  hires_states(k, l, y_bar);
  y_bar[5] += k[KP] * y[7] * d;
  y_bar[7] += k[KP] * y[5] * d;
  hires_rates(y, l, 1, y[5] * y[7], k_bar);
  return 0;
}
/* f is linear in the rates, and in the state but for what binds. */
static int hires_jvp(double t, const double *y, const double *k, double dt, const double *dy,
                     const double *dk, double *f, void *user) {
  double along[8], square = k[KP] * dy[5] * dy[7];
  (void)dt;
  hires_rhs(t, y, dk, f, user);
  hires_rhs(t, dy, k, along, user);
  double bound = k[KP] * (dy[5] * y[7] + y[5] * dy[7]) - square;
  for (int i = 0; i < 8; i++) f[i] += along[i];
  f[0] -= k[OKS];
  f[5] -= bound, f[6] += bound, f[7] -= bound;
  return 0;
}
static int hires_hessian(double t, const double *y, const double *k, const double *l, double dt,
                         const double *dy, const double *dk, double *y_bar, double *k_bar, double *t_bar,
                         void *user) {
  (void)t, (void)dt, (void)t_bar, (void)user;
  double d = l[6] - l[5] - l[7];
  hires_states(dk, l, y_bar);
  y_bar[5] += (dk[KP] * y[7] + k[KP] * dy[7]) * d;
  y_bar[7] += (dk[KP] * y[5] + k[KP] * dy[5]) * d;
  hires_rates(dy, l, 0, dy[5] * y[7] + y[5] * dy[7], k_bar);
  return 0;
}
static int hires_jacobian(double t, const double *y, const double *k, double *values, void *user) {
  (void)t, (void)user;
  double(*row)[8] = (double(*)[8])values, on = k[KP] * y[7], off = k[KP] * y[5];
  memset(values, 0, 64 * sizeof *values);
  row[0][0] = -k[K1], row[0][1] = k[K2], row[0][2] = k[K3];
  row[1][0] = k[K1], row[1][1] = -k[K4];
  row[2][2] = -k[K5], row[2][3] = k[K2], row[2][4] = k[K6];
  row[3][1] = k[K3], row[3][2] = k[K1], row[3][3] = -k[K7];
  row[4][4] = -k[K8], row[4][5] = row[4][6] = k[K2];
  row[5][3] = row[5][6] = k[KM], row[5][4] = k[K1], row[5][5] = -on - k[K2], row[5][7] = -off;
  row[6][5] = on, row[6][6] = -k[KS], row[6][7] = off;
  row[7][5] = -on, row[7][6] = k[KS], row[7][7] = -off;
  return 0;
}
static const char *hires_text(void) {
  return "param k1=1.71, k2=0.43, k3=8.32, oks=0.0007, k4=8.75, k5=10.03, k6=0.035, k7=1.12\n"
         "param k8=1.745, kp=280, km=0.69, ks=1.81\n"
         "init y1=1, y2=0, y3=0, y4=0, y5=0, y6=0, y7=0, y8=0.0057\n"
         "y1' = -k1*y1 + k2*y2 + k3*y3 + oks\n"
         "y2' = k1*y1 - k4*y2\n"
         "y3' = -k5*y3 + k2*y4 + k6*y5\n"
         "y4' = k3*y2 + k1*y3 - k7*y4\n"
         "y5' = -k8*y5 + k2*y6 + k2*y7\n"
         "y6' = -kp*y6*y8 + km*y4 + k1*y5 - k2*y6 + km*y7\n"
         "y7' = kp*y6*y8 - ks*y7\n"
         "y8' = -kp*y6*y8 + ks*y7\n";
}
static void hires_initial(double *y) {
  memset(y, 0, 8 * sizeof *y);
  y[0] = 1, y[7] = 0.0057;
}
static double hires_psi(const double *y, double *bar) {
  double sum = 1000 * y[0] * y[5];
  for (int i = 0; i < 8; i++) bar[i] = 1, sum += y[i];
  bar[0] += 1000 * y[5], bar[5] += 1000 * y[0];
  return sum;
}

/* ---- Van der Pol ---- */

static int vdp_rhs(double t, const double *x, const double *p, double *f, void *user) {
  (void)t, (void)user;
  f[0] = x[1];
  f[1] = p[0] * (1 - x[0] * x[0]) * x[1] - x[0];
  return 0;
}
static int vdp_vjp(double t, const double *x, const double *p, const double *l, double *x_bar, double *p_bar,
                   double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  x_bar[0] = -l[1] * (2 * p[0] * x[0] * x[1] + 1);
  x_bar[1] = l[0] + l[1] * p[0] * (1 - x[0] * x[0]);
  p_bar[0] = l[1] * (1 - x[0] * x[0]) * x[1];
  return 0;
}
static int vdp_jvp(double t, const double *x, const double *p, double dt, const double *dx, const double *dp,
                   double *f, void *user) {
  (void)t, (void)dt, (void)user;
  double free = 1 - x[0] * x[0];
  f[0] = dx[1];
  f[1] = dp[0] * free * x[1] + p[0] * (free * dx[1] - 2 * x[0] * dx[0] * x[1]) - dx[0];
  return 0;
}
static int vdp_hessian(double t, const double *x, const double *p, const double *l, double dt,
                       const double *dx, const double *dp, double *x_bar, double *p_bar, double *t_bar,
                       void *user) {
  (void)t, (void)dt, (void)t_bar, (void)user;
  x_bar[0] = -2 * l[1] * (dp[0] * x[0] * x[1] + p[0] * (dx[0] * x[1] + x[0] * dx[1]));
  x_bar[1] = l[1] * (dp[0] * (1 - x[0] * x[0]) - 2 * p[0] * x[0] * dx[0]);
  p_bar[0] = l[1] * ((1 - x[0] * x[0]) * dx[1] - 2 * x[0] * dx[0] * x[1]);
  return 0;
}
static int vdp_jacobian(double t, const double *x, const double *p, double *values, void *user) {
  (void)t, (void)user;
  values[0] = 0, values[1] = 1;
  values[2] = -2 * p[0] * x[0] * x[1] - 1, values[3] = p[0] * (1 - x[0] * x[0]);
  return 0;
}
static const char *vdp_text(void) {
  return "param mu = 1000\ninit y1 = 2, y2 = 0\ny1' = y2\ny2' = mu*(1 - y1^2)*y2 - y1\n";
}
static void vdp_initial(double *x) { x[0] = 2, x[1] = 0; }
static double vdp_psi(const double *x, double *bar) {
  bar[0] = 2 * x[0], bar[1] = 1e3;
  return x[0] * x[0] + 1e3 * x[1];
}

/* ---- The Brusselator: u1, v1, u2, v2, ... ---- */

static const double CELLS = STIFF_N / 2 + 1;

static double difference(const double *z, int i, double edge) {
  double left = i < 2 ? edge : z[i - 2], right = i + 2 < STIFF_N ? z[i + 2] : edge;
  return CELLS * CELLS * (left - 2 * z[i] + right);
}
static int brusselator_rhs(double t, const double *z, const double *p, double *f, void *user) {
  (void)t, (void)user;
  for (int i = 0; i < STIFF_N; i += 2) {
    double u = z[i], v = z[i + 1];
    f[i] = p[0] + u * u * v - (p[1] + 1) * u + p[2] * difference(z, i, 1);
    f[i + 1] = p[1] * u - u * u * v + p[2] * difference(z, i + 1, 3);
  }
  return 0;
}
static int brusselator_vjp(double t, const double *z, const double *p, const double *l, double *z_bar,
                           double *p_bar, double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  p_bar[0] = p_bar[1] = p_bar[2] = 0;
  for (int i = 0; i < STIFF_N; i += 2) {
    double u = z[i], v = z[i + 1], a = l[i], b = l[i + 1];
    z_bar[i] = (a - b) * (2 * u * v - p[1]) - a + p[2] * difference(l, i, 0);
    z_bar[i + 1] = (a - b) * u * u + p[2] * difference(l, i + 1, 0);
    p_bar[0] += a;
    p_bar[1] += (b - a) * u;
    p_bar[2] += a * difference(z, i, 1) + b * difference(z, i + 1, 3);
  }
  return 0;
}
static int brusselator_jvp(double t, const double *z, const double *p, double dt, const double *dz,
                           const double *dp, double *f, void *user) {
  (void)t, (void)dt, (void)user;
  for (int i = 0; i < STIFF_N; i += 2) {
    double u = z[i], v = z[i + 1], mixed = 2 * u * v * dz[i] + u * u * dz[i + 1];
    f[i] = dp[0] + mixed - dp[1] * u - (p[1] + 1) * dz[i] + dp[2] * difference(z, i, 1) +
           p[2] * difference(dz, i, 0);
    f[i + 1] =
        dp[1] * u + p[1] * dz[i] - mixed + dp[2] * difference(z, i + 1, 3) + p[2] * difference(dz, i + 1, 0);
  }
  return 0;
}
static int brusselator_hessian(double t, const double *z, const double *p, const double *l, double dt,
                               const double *dz, const double *dp, double *z_bar, double *p_bar,
                               double *t_bar, void *user) {
  (void)t, (void)dt, (void)p, (void)t_bar, (void)user;
  p_bar[0] = p_bar[1] = p_bar[2] = 0;
  for (int i = 0; i < STIFF_N; i += 2) {
    double u = z[i], v = z[i + 1], w = l[i] - l[i + 1];
    z_bar[i] = w * (2 * dz[i] * v + 2 * u * dz[i + 1] - dp[1]) + dp[2] * difference(l, i, 0);
    z_bar[i + 1] = w * 2 * u * dz[i] + dp[2] * difference(l, i + 1, 0);
    p_bar[1] -= w * dz[i];
    p_bar[2] += l[i] * difference(dz, i, 0) + l[i + 1] * difference(dz, i + 1, 0);
  }
  return 0;
}
static int brusselator_jacobian(double t, const double *z, const double *p, double *values, void *user) {
  (void)t, (void)user;
  double coupling = p[2] * CELLS * CELLS;
  for (int i = 0; i < STIFF_N; i++) values[i] = values[4 * STIFF_N + i] = coupling;
  for (int i = 0; i < STIFF_N; i += 2) {
    double u = z[i], v = z[i + 1];
    values[2 * STIFF_N + i] = 2 * u * v - (p[1] + 1) - 2 * coupling;
    values[2 * STIFF_N + i + 1] = -u * u - 2 * coupling;
    values[STIFF_N + i + 1] = u * u;
    values[STIFF_N + i] = values[3 * STIFF_N + i + 1] = 0;
    values[3 * STIFF_N + i] = p[1] - 2 * u * v;
  }
  return 0;
}
static void brusselator_initial(double *z) {
  for (int i = 0; i < STIFF_N; i++)
    z[i] = i % 2 ? 3 : 1 + sin(2 * 3.14159265358979323846 * (i / 2 + 1) / CELLS);
}
/* Each state by itself: the language's vectors have no neighbours. */
static const char *brusselator_text(void) {
  static char text[200000];
  double z[STIFF_N];
  char *at = text, *end = text + sizeof text;
  enum { N = STIFF_N / 2 };
  brusselator_initial(z);
  at += snprintf(at, (size_t)(end - at), "param A = 1, B = 3, D = 0.02\nconst c = %.17g\n", CELLS * CELLS);
  for (int i = 1; i <= N; i++)
    at += snprintf(at, (size_t)(end - at), "init u%d = %.17g, v%d = 3\n", i, z[2 * i - 2], i);
  for (int i = 1; i <= N; i++) {
    char left[2][16] = {"1", "3"}, right[2][16] = {"1", "3"};
    for (int k = 0; k < 2; k++) {
      if (i > 1) snprintf(left[k], sizeof left[k], "%c%d", "uv"[k], i - 1);
      if (i < N) snprintf(right[k], sizeof right[k], "%c%d", "uv"[k], i + 1);
    }
    at += snprintf(at, (size_t)(end - at),
                   "u%d' = A + u%d^2*v%d - (B + 1)*u%d + D*c*(%s - 2*u%d + %s)\n"
                   "v%d' = B*u%d - u%d^2*v%d + D*c*(%s - 2*v%d + %s)\n",
                   i, i, i, i, left[0], i, right[0], i, i, i, i, left[1], i, right[1]);
  }
  return text;
}
static double brusselator_psi(const double *z, double *bar) {
  double sum = 0;
  for (int i = 0; i < STIFF_N; i++) bar[i] = !(i % 2), sum += bar[i] * z[i];
  return sum;
}

/* ---- The table ---- */

#define HIRES_AS(title, times)                                                                               \
  {                                                                                                          \
    title, hires_text, 8, 12, 0, hires_rhs, hires_vjp, hires_jvp, hires_hessian, hires_jacobian,             \
        hires_initial, {1.71, 0.43, 8.32, 0.0007, 8.75, 10.03, 0.035, 1.12, 1.745, 280, 0.69, 1.81},         \
        hires_psi, 321.8122, times, 1e-2                                                                     \
  }

const stiff_problem stiff_problems[STIFF_COUNT] = {
    {"Robertson, t = 40",
     robertson_text,
     3,
     3,
     0,
     robertson_rhs,
     robertson_vjp,
     robertson_jvp,
     robertson_hessian,
     robertson_jacobian,
     robertson_initial,
     {0.04, 3e7, 1e4},
     robertson_psi,
     40,
     1,
     1e-4},
    HIRES_AS("HIRES, final loss", 1),
    HIRES_AS("HIRES, 100 observations", STIFF_OBSERVATIONS),
    {"van der Pol, mu = 1000",
     vdp_text,
     2,
     1,
     0,
     vdp_rhs,
     vdp_vjp,
     vdp_jvp,
     vdp_hessian,
     vdp_jacobian,
     vdp_initial,
     {1000},
     vdp_psi,
     2000,
     1,
     1e-2},
    {"Brusselator, 1000 states",
     brusselator_text,
     STIFF_N,
     3,
     2,
     brusselator_rhs,
     brusselator_vjp,
     brusselator_jvp,
     brusselator_hessian,
     brusselator_jacobian,
     brusselator_initial,
     {1, 3, 0.02},
     brusselator_psi,
     10,
     1,
     1},
};
