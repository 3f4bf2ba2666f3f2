/* The Brusselator on a square of GRID x GRID points without flux across its edges (Hairer & Wanner IV.10,
 * whose diffusion is ours; theirs is periodic): u and v of a point side by side, parameters A, B, D. */
#ifndef OG_TEST_GRID_PROBLEM_H
#define OG_TEST_GRID_PROBLEM_H

#include "fields.h"

enum { GRID = 8, GRID_STATES = 2 * GRID * GRID, GRID_PARAMETERS = 3 };

/* The sum over neighbours of z there less z here, in units of 1 / h^2. Symmetric. */
static inline double grid_laplacian(const double *z, int i) {
  int point = i / 2, x = point % GRID, y = point / GRID;
  double sum = 0;
  if (x > 0) sum += z[i - 2] - z[i];
  if (x + 1 < GRID) sum += z[i + 2] - z[i];
  if (y > 0) sum += z[i - 2 * GRID] - z[i];
  if (y + 1 < GRID) sum += z[i + 2 * GRID] - z[i];
  return GRID * GRID * sum;
}
static inline int grid_rhs(double t, const double *z, const double *p, double *f, void *user) {
  (void)t, (void)user;
  for (int i = 0; i < GRID_STATES; i += 2) {
    double u = z[i], v = z[i + 1];
    f[i] = p[0] + u * u * v - (p[1] + 1) * u + p[2] * grid_laplacian(z, i);
    f[i + 1] = p[1] * u - u * u * v + p[2] * grid_laplacian(z, i + 1);
  }
  return 0;
}
static inline int grid_vjp(double t, const double *z, const double *p, const double *l, double *z_bar,
                           double *p_bar, double *t_bar, void *user) {
  (void)t, (void)t_bar, (void)user;
  p_bar[0] = p_bar[1] = p_bar[2] = 0;
  for (int i = 0; i < GRID_STATES; i += 2) {
    double u = z[i], v = z[i + 1], a = l[i], b = l[i + 1];
    z_bar[i] = (a - b) * (2 * u * v - p[1]) - a + p[2] * grid_laplacian(l, i);
    z_bar[i + 1] = (a - b) * u * u + p[2] * grid_laplacian(l, i + 1);
    p_bar[0] += a;
    p_bar[1] += (b - a) * u;
    p_bar[2] += a * grid_laplacian(z, i) + b * grid_laplacian(z, i + 1);
  }
  return 0;
}
static inline int grid_jvp(double t, const double *z, const double *p, double t_dot, const double *dz,
                           const double *dp, double *f_dot, void *user) {
  (void)t, (void)t_dot, (void)user;
  for (int i = 0; i < GRID_STATES; i += 2) {
    double u = z[i], v = z[i + 1], mixed = 2 * u * v * dz[i] + u * u * dz[i + 1];
    f_dot[i] = dp[0] + mixed - dp[1] * u - (p[1] + 1) * dz[i] + dp[2] * grid_laplacian(z, i) +
               p[2] * grid_laplacian(dz, i);
    f_dot[i + 1] = dp[1] * u + p[1] * dz[i] - mixed + dp[2] * grid_laplacian(z, i + 1) +
                   p[2] * grid_laplacian(dz, i + 1);
  }
  return 0;
}

/* Entries of the Jacobian, into lists of 6 * GRID_STATES; values of them at a point, in that order. */
static inline size_t grid_entries(size_t *row, size_t *column) {
  size_t count = 0;
  for (size_t i = 0; i < GRID_STATES; i++) {
    size_t x = i / 2 % GRID, y = i / 2 / GRID;
    const size_t near[] = {i,
                           i ^ 1,
                           x > 0 ? i - 2 : i,
                           x + 1 < GRID ? i + 2 : i,
                           y > 0 ? i - 2 * GRID : i,
                           y + 1 < GRID ? i + 2 * GRID : i};
    for (int k = 0; k < 6; k++)
      if (k == 0 || near[k] != i) row[count] = i, column[count++] = near[k];
  }
  return count;
}

static inline og_field *grid_field(og_context *context, int with_pattern) {
  og_field *field = NULL;
  size_t row[6 * GRID_STATES], column[6 * GRID_STATES], count = grid_entries(row, column);
  CHECK(context, og_field_create(context, GRID_STATES, GRID_PARAMETERS, grid_rhs, NULL, &field));
  CHECK(context, og_field_set_vjp(field, grid_vjp));
  CHECK(context, og_field_set_jvp(field, grid_jvp));
  if (with_pattern) CHECK(context, og_field_set_jacobian(field, NULL, count, row, column));
  CHECK(context, og_field_set_autonomous(field, 1));
  return field;
}

/* Different for each trajectory. */
static inline void grid_initial(size_t trajectory, double *z) {
  for (int i = 0; i < GRID_STATES; i += 2) {
    double x = (i / 2 % GRID + 0.5) / GRID, y = (i / 2 / GRID + 0.5) / GRID;
    z[i] = 22 * y * pow(1 - y, 1.5) + 0.1 * (double)trajectory;
    z[i + 1] = 27 * x * pow(1 - x, 1.5);
  }
}
static inline void grid_parameters(size_t trajectory, double *p) {
  p[0] = 1, p[1] = 3.4 - 0.05 * (double)trajectory, p[2] = 0.01 * (1 + (double)(trajectory % 4));
}

#endif
