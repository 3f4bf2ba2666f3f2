#include "adjoint/consistent_start.h"

#include <string.h>

typedef OG_R(og_step_reader) reader;

#if !defined(OG_SINGLE)
/* The state and its derivative [n], theta and its derivative [p]. */
size_t og_consistent_start_bytes(const og_solve *solve) {
  if (!og_has_algebraic(solve)) return 0;
  return (2 * (OG_PADDED(solve->n) + OG_PADDED(solve->p)) + og_consistent_work(solve)) * sizeof(double);
}
#endif

typedef struct one_lane {
  double *x, *x_bar, *theta, *theta_bar;
  og_instant at;
} one_lane;

static size_t entry_of(const reader *r, size_t row, int lane) {
  return row * (size_t)r->lanes + (size_t)lane;
}

/* `memory` is as the last lane left it. */
static one_lane open_lane(const reader *r, int lane, double *memory, void *scratch) {
  const og_solve *solve = r->solve;
  one_lane one = {.x = memory};
  one.x_bar = one.x + OG_PADDED(solve->n);
  one.theta = one.x_bar + OG_PADDED(solve->n);
  one.theta_bar = one.theta + OG_PADDED(solve->p);
  const og_segment *segment = OG_R(og_step_reader_segment)(r, lane);
  og_signals_theta(solve, (size_t)(r->trajectory[lane] - solve->trajectories), segment, one.theta);
  for (size_t i = 0; i < solve->n; i++) one.x[i] = (double)r->x[entry_of(r, i, lane)];
  one.at = (og_instant){segment->start, one.theta, scratch, one.theta_bar + OG_PADDED(solve->p)};
  return one;
}

og_status OG_R(og_consistent_start_pull)(const reader *r, int lane, double *memory, void *scratch,
                                         real *x_bar, double *theta_sum, double *t_bar) {
  const og_solve *solve = r->solve;
  one_lane one = open_lane(r, lane, memory, scratch);
  for (size_t i = 0; i < solve->n; i++) one.x_bar[i] = (double)x_bar[entry_of(r, i, lane)];
  if (solve->p) memset(one.theta_bar, 0, solve->p * sizeof *one.theta_bar);
  OG_TRY(og_consistent_pull(solve, &one.at, one.x, one.x_bar, one.theta_bar, t_bar));
  for (size_t i = 0; i < solve->n; i++) x_bar[entry_of(r, i, lane)] = (real)one.x_bar[i];
  for (size_t i = 0; i < solve->p; i++) theta_sum[entry_of(r, i, lane)] += one.theta_bar[i];
  return OG_OK;
}

og_status OG_R(og_consistent_start_push)(const reader *r, int lane, double *memory, void *scratch,
                                         double t_dot, const real *theta_dot, real *x_dot) {
  const og_solve *solve = r->solve;
  one_lane one = open_lane(r, lane, memory, scratch);
  for (size_t i = 0; i < solve->n; i++) one.x_bar[i] = (double)x_dot[entry_of(r, i, lane)];
  for (size_t i = 0; i < solve->p; i++) one.theta_bar[i] = (double)theta_dot[entry_of(r, i, lane)];
  OG_TRY(og_consistent_push(solve, &one.at, one.x, t_dot, one.theta_bar, one.x_bar));
  for (size_t i = 0; i < solve->n; i++) x_dot[entry_of(r, i, lane)] = (real)one.x_bar[i];
  return OG_OK;
}
