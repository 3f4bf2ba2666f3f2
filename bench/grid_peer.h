/* CVODES' adjoint of the grid: BDF with the exact sparse Jacobian and KLU. */
#ifndef BENCH_GRID_PEER_H
#define BENCH_GRID_PEER_H

#include "grid.h"

typedef struct grid_peer grid_peer;
/* Its version, or NULL when the benchmarks were built without CVODES and KLU. */
const char *grid_peer_version(void);
/* NULL when something failed. */
grid_peer *grid_peer_create(grid *g, double t1, double tolerance);
void grid_peer_destroy(grid_peer *p);
/* [n + GRID_PARAMETERS], of the logarithms of the parameters; steps forward and backward. 0 for success. */
int grid_peer_gradient(grid_peer *p, double *gradient, long steps[2]);

#endif
