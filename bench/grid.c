#include "grid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const double grid_theta[GRID_PARAMETERS] = {1, 3.4, 0.01};

/* The neighbours of a state, -1 where there is none. */
static void neighbours(const grid *g, int i, int near[4]) {
  int x = i / 2 % g->side, y = i / 2 / g->side;
  near[0] = y > 0 ? i - 2 * g->side : -1;
  near[1] = x > 0 ? i - 2 : -1;
  near[2] = x + 1 < g->side ? i + 2 : -1;
  near[3] = y + 1 < g->side ? i + 2 * g->side : -1;
}

int grid_create(int side, grid *g) {
  *g = (grid){.side = side, .n = 2 * side * side};
  g->row = calloc(6 * (size_t)g->n, sizeof *g->row);
  g->column = calloc(6 * (size_t)g->n, sizeof *g->column);
  for (int i = 0; g->row && g->column && i < g->n; i++) {
    int near[4];
    neighbours(g, i, near);
    const int all[] = {near[0], near[1], i & ~1, i | 1, near[2], near[3]};
    for (int k = 0; k < 6; k++)
      if (all[k] >= 0) g->row[g->count] = (size_t)i, g->column[g->count++] = (size_t)all[k];
  }
  return !g->row || !g->column;
}

void grid_destroy(grid *g) { free(g->row), free(g->column); }

void grid_initial(const grid *g, double *z) {
  for (int i = 0; i < g->n; i += 2) {
    double x = (i / 2 % g->side + 0.5) / g->side, y = (i / 2 / g->side + 0.5) / g->side;
    z[i] = 22 * y * pow(1 - y, 1.5);
    z[i + 1] = 27 * x * pow(1 - x, 1.5);
  }
}

/* The sum over neighbours of z there less z here, by the square of the distance; symmetric. */
static double laplacian(const grid *g, const double *z, int i) {
  int near[4];
  double sum = 0;
  neighbours(g, i, near);
  for (int k = 0; k < 4; k++)
    if (near[k] >= 0) sum += z[near[k]] - z[i];
  return sum * g->side * g->side;
}

int grid_rhs(double t, const double *z, const double *p, double *f, void *user) {
  const grid *g = user;
  (void)t;
  for (int i = 0; i < g->n; i += 2) {
    double u = z[i], v = z[i + 1];
    f[i] = p[0] + u * u * v - (p[1] + 1) * u + p[2] * laplacian(g, z, i);
    f[i + 1] = p[1] * u - u * u * v + p[2] * laplacian(g, z, i + 1);
  }
  return 0;
}

int grid_vjp(double t, const double *z, const double *p, const double *l, double *z_bar, double *p_bar,
             double *t_bar, void *user) {
  const grid *g = user;
  (void)t, (void)t_bar;
  p_bar[0] = p_bar[1] = p_bar[2] = 0;
  for (int i = 0; i < g->n; i += 2) {
    double u = z[i], v = z[i + 1], a = l[i], b = l[i + 1];
    double a_flux = laplacian(g, l, i), b_flux = laplacian(g, l, i + 1);
    z_bar[i] = (a - b) * (2 * u * v - p[1]) - a + p[2] * a_flux;
    z_bar[i + 1] = (a - b) * u * u + p[2] * b_flux;
    p_bar[0] += a;
    p_bar[1] += (b - a) * u;
    p_bar[2] += u * a_flux + v * b_flux;
  }
  return 0;
}

int grid_jvp(double t, const double *z, const double *p, double t_dot, const double *dz, const double *dp,
             double *f_dot, void *user) {
  const grid *g = user;
  (void)t, (void)t_dot;
  for (int i = 0; i < g->n; i += 2) {
    double u = z[i], v = z[i + 1], mixed = 2 * u * v * dz[i] + u * u * dz[i + 1];
    f_dot[i] = mixed - (p[1] + 1) * dz[i] + p[2] * laplacian(g, dz, i);
    f_dot[i + 1] = p[1] * dz[i] - mixed + p[2] * laplacian(g, dz, i + 1);
    if (!dp) continue;
    f_dot[i] += dp[0] - dp[1] * u + dp[2] * laplacian(g, z, i);
    f_dot[i + 1] += dp[1] * u + dp[2] * laplacian(g, z, i + 1);
  }
  return 0;
}

int grid_hessian(double t, const double *z, const double *p, const double *l, double dt, const double *dz,
                 const double *dp, double *z_bar, double *p_bar, double *t_bar, void *user) {
  const grid *g = user;
  (void)t, (void)dt, (void)p, (void)t_bar;
  p_bar[0] = p_bar[1] = p_bar[2] = 0;
  for (int i = 0; i < g->n; i += 2) {
    double u = z[i], v = z[i + 1], w = l[i] - l[i + 1];
    double a_flux = laplacian(g, l, i), b_flux = laplacian(g, l, i + 1);
    z_bar[i] = w * (2 * dz[i] * v + 2 * u * dz[i + 1] - dp[1]) + dp[2] * a_flux;
    z_bar[i + 1] = w * 2 * u * dz[i] + dp[2] * b_flux;
    p_bar[1] -= w * dz[i];
    p_bar[2] += dz[i] * a_flux + dz[i + 1] * b_flux;
  }
  return 0;
}

int grid_jacobian(double t, const double *z, const double *p, double *values, void *user) {
  const grid *g = user;
  (void)t;
  double coupling = p[2] * g->side * g->side;
  for (int i = 0; i < g->n; i++) {
    int near[4], count = 0;
    neighbours(g, i, near);
    for (int k = 0; k < 4; k++) count += near[k] >= 0;
    double u = z[i & ~1], v = z[i | 1], by_u = i % 2 ? p[1] - 2 * u * v : 2 * u * v - p[1] - 1,
           by_v = i % 2 ? -u * u : u * u;
    for (int k = 0; k < 2; k++)
      if (near[k] >= 0) *values++ = coupling;
    *values++ = by_u - (i % 2 ? 0 : count * coupling);
    *values++ = by_v - (i % 2 ? count * coupling : 0);
    for (int k = 2; k < 4; k++)
      if (near[k] >= 0) *values++ = coupling;
  }
  return 0;
}

double grid_psi(const grid *g, const double *z, double *bar) {
  double sum = 0;
  memset(bar, 0, (size_t)g->n * sizeof *bar);
  for (int i = 0; i < g->n; i += 2) {
    int x = i / 2 % g->side, y = i / 2 / g->side;
    bar[i] = 2 * (1.0 + (x + 0.5 * y) / g->side) / g->n;
    sum += bar[i] * z[i];
  }
  return sum;
}
