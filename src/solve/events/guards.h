/* The guards that a solve watches: its field's events, and behind them the built-in one of a steady solve. */
#ifndef OG_GUARDS_H
#define OG_GUARDS_H

#include "solve/consistent.h"
#include "solve/solve.h"

static inline size_t og_guards(const og_solve *solve) {
  return solve->field->events + (solve->limits.steady > 0);
}
/* Name, direction and whether it is terminal. */
og_event og_guard_about(const og_solve *solve, size_t event);

/* A state of one trajectory on its way, in double. */
typedef struct og_guard_point {
  double t;
  const double *x, *theta;
  void *scratch; /* the field's, for one lane */
  double *work;  /* og_guard_work doubles, for one lane */
} og_guard_point;
size_t og_guard_work(const og_solve *solve, int lanes);
/* Whether the state after the event is made consistent with algebraic equations, as a part of its jump; what
 * that needs (solve/consistent.h). */
int og_guard_settles(const og_solve *solve, size_t event);
og_instant og_guard_instant(const og_guard_point *at);

/* All arrays here are blocks of one lane or of lanes, aligned and padded (base/real.h).
 * g[guards][lanes]: */
void og_guard_values(const og_solve *solve, int lanes, const double *t, const double *x, const double *theta,
                     double *g, og_lane_status *status, void *scratch, double *work);
/* Of one event; nonzero when a callback refuses. See field.h. */
int og_guard_gradient(const og_solve *solve, size_t event, const og_guard_point *at, double *g_x,
                      double *g_theta, double *g_t);
int og_guard_jump(const og_solve *solve, size_t event, const og_guard_point *at, double *after);
int og_guard_jump_vjp(const og_solve *solve, size_t event, const og_guard_point *at, const double *after_bar,
                      double *x_bar, double *theta_bar, double *t_bar);
int og_guard_jump_jvp(const og_solve *solve, size_t event, const og_guard_point *at, double t_dot,
                      const double *x_dot, const double *theta_dot, double *after_dot);

#endif
