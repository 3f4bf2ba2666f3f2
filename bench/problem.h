/* The two problems of the benchmarks, the same for every contestant.
 *
 * Lotka-Volterra x' = p1 x - p2 x y, y' = -p3 y + p4 x y, x(0) = y(0) = 1, t in [0, 10], and
 *  - the observed problem: L = sum over i = 1..100 of |(x, y)(i/10) - d_i|^2, one trajectory;
 *  - the final problem: L = x(10) + y(10), ten thousand trajectories, each with its own parameters.
 * A gradient is dL/d(x(0), y(0), p1, p2, p3, p4), in this order. */
#ifndef BENCH_PROBLEM_H
#define BENCH_PROBLEM_H

#include <stddef.h>

enum { LV_STATES = 2, LV_PARAMETERS = 4, LV_GRADIENT = 6, LV_OBSERVATIONS = 100 };

#define LV_END 10.0

/* f(x), lambda^T df/dx and lambda^T df/dp: everybody gets this code, inlined into their callbacks. */
static inline void lv_rhs(const double *x, const double *p, double *f) {
  double xy = x[0] * x[1];
  f[0] = p[0] * x[0] - p[1] * xy;
  f[1] = -p[2] * x[1] + p[3] * xy;
}

static inline void lv_state_product(const double *x, const double *p, const double *lambda, double *x_bar) {
  x_bar[0] = lambda[0] * (p[0] - p[1] * x[1]) + lambda[1] * (p[3] * x[1]);
  x_bar[1] = lambda[0] * (-p[1] * x[0]) + lambda[1] * (p[3] * x[0] - p[2]);
}

static inline void lv_parameter_product(const double *x, const double *lambda, double *p_bar) {
  double xy = x[0] * x[1];
  p_bar[0] = lambda[0] * x[0];
  p_bar[1] = -lambda[0] * xy;
  p_bar[2] = -lambda[1] * x[1];
  p_bar[3] = lambda[1] * xy;
}

/* Time and data of observation `index` in 0..99. The data are rounded formulas near the solution, no solver's
 * output. */
double lv_observation_time(int index);
void lv_observation(int index, double data[LV_STATES]);

/* Parameters of trajectory `index`: those of the observed problem, (1.5, 1, 3, 1), for 0; each factor drawn
 * from 1 +- spread for the others. */
void lv_parameters(size_t index, double spread, double p[LV_PARAMETERS]);

/* The truth, by a route of its own: Taylor series of the state and of its six tangents in extended precision.
 */
void reference_observed(const double p[LV_PARAMETERS], double *loss, double gradient[LV_GRADIENT]);
void reference_final(const double p[LV_PARAMETERS], double *loss, double gradient[LV_GRADIENT]);

/* |g - truth| / |truth|, both in the largest entry. */
double gradient_error(const double g[LV_GRADIENT], const double truth[LV_GRADIENT]);

#endif
