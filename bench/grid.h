/* The Brusselator on a square of side x side points without flux across its edges (after Hairer & Wanner
 * IV.10): u and v of a point side by side, parameters A, B, D. One piece of C, called by odegrad's callback
 * field and by CVODES; `user` of its functions is the grid. */
#ifndef BENCH_GRID_H
#define BENCH_GRID_H

#include <stddef.h>

enum { GRID_PARAMETERS = 3 };

typedef struct grid {
  int side, n;
  size_t count, *row, *column; /* entries of the Jacobian, row after row */
} grid;

/* 0 for success. */
int grid_create(int side, grid *g);
void grid_destroy(grid *g);

void grid_initial(const grid *g, double *z);
extern const double grid_theta[GRID_PARAMETERS];
int grid_rhs(double t, const double *z, const double *p, double *f, void *user);
int grid_vjp(double t, const double *z, const double *p, const double *l, double *z_bar, double *p_bar,
             double *t_bar, void *user);
int grid_jvp(double t, const double *z, const double *p, double t_dot, const double *dz, const double *dp,
             double *f_dot, void *user);
int grid_hessian(double t, const double *z, const double *p, const double *l, double dt, const double *dz,
                 const double *dp, double *z_bar, double *p_bar, double *t_bar, void *user);
/* Values in the order of the lists. */
int grid_jacobian(double t, const double *z, const double *p, double *values, void *user);
/* The loss, a weighted mean of u, and its derivative. */
double grid_psi(const grid *g, const double *z, double *bar);

#endif
