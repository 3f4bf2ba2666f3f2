#include "adjoint/event_adjoint.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* dg/dx, dg/dtheta, the jump's share of theta_bar; and of a place a little later x, dg/dx, dg/dtheta. */
size_t og_event_adjoint_own(const og_solve *solve) {
  return 3 * OG_PADDED(solve->n) + 3 * OG_PADDED(solve->p);
}

typedef struct guard_slope {
  double *x, *theta, t; /* dg/dx, dg/dtheta, dg/dt */
  double sigma;         /* dG/dsigma */
} guard_slope;

/* A guard that moves with less than this share of the parts of its speed is not differentiated: where it
 * touches zero only, rounding leaves about the square root of epsilon. */
static double least_share(void) { return sqrt(DBL_EPSILON); }

static double largest_of(const double *values, size_t count) {
  double largest = 0;
  for (size_t i = 0; i < count; i++) largest = fmax(largest, fabs(values[i]));
  return largest;
}

/* The guard's speed a little later on the tangent, 0 where it is not known. One that has none at its zero, as
 * (t - s)^2 at s, may be located next to that, with a speed that is nothing but its curvature. */
static double speed_later(const og_solve *solve, const og_event_adjoint *event) {
  size_t n = OG_PADDED(solve->n);
  const og_segment *segment = event->segment;
  double *x = event->own + n + 2 * OG_PADDED(solve->p), *g_x = x + n, *g_theta = g_x + n, g_t = 0,
         dt = sqrt(DBL_EPSILON) * (segment->end - segment->start);
  og_guard_point later = event->at;
  if (event->h == 0 || dt == 0) return 0;
  for (size_t i = 0; i < solve->n; i++) x[i] = event->at.x[i] + dt / event->h * event->speed[i];
  later.x = x;
  later.t += dt;
  if (og_guard_gradient(solve, segment->event, &later, g_x, g_theta, &g_t)) return 0;
  double speed = g_t * event->h;
  if (largest_of(g_x, solve->n) == 0 && largest_of(g_theta, solve->p) == 0) return 0; /* nothing moves it */
  for (size_t i = 0; i < solve->n; i++) speed += g_x[i] * event->speed[i];
  return fabs(speed) < INFINITY ? fabs(speed) : 0;
}

static og_status slope_of(const og_solve *solve, const og_event_adjoint *event, guard_slope *slope) {
  slope->x = event->own;
  slope->theta = slope->x + OG_PADDED(solve->n);
  int refused =
      og_guard_gradient(solve, event->segment->event, &event->at, slope->x, slope->theta, &slope->t);
  if (refused) return OG_ERR_FIELD;
  double parts = fabs(slope->t * event->h);
  slope->sigma = slope->t * event->h;
  for (size_t i = 0; i < solve->n; i++) {
    slope->sigma += slope->x[i] * event->speed[i];
    parts += fabs(slope->x[i]) * event->parts[i];
  }
  parts = fmax(parts, speed_later(solve, event));
  return fabs(slope->sigma) > least_share() * parts || slope->sigma != slope->sigma ? OG_OK : OG_ERR_GRAZING;
}

/* -(dL/dsigma) / (dG/dsigma) with another speed. */
static double mu_of(const og_solve *solve, const og_event_adjoint *event, const guard_slope *slope,
                    const double *speed, const double *before_bar, double t_bar) {
  double sigma_bar = t_bar * event->h, guard = slope->t * event->h;
  for (size_t i = 0; i < solve->n; i++) {
    sigma_bar += before_bar[i] * speed[i];
    guard += slope->x[i] * speed[i];
  }
  return -sigma_bar / guard;
}

static void find_error(const og_solve *solve, const og_event_adjoint *event, const guard_slope *slope,
                       double mu, const double *before_bar, double t_bar, og_event_adjoint_error *error) {
  if (!event->slope) return;
  double change = fabs(mu_of(solve, event, slope, event->slope, before_bar, t_bar) - mu);
  double size = 0;
  for (size_t i = 0; i < solve->n; i++) size = fmax(size, fabs(before_bar[i] + mu * slope->x[i]));
  double by_x = change * largest_of(slope->x, solve->n);
  error->lambda = by_x > 0 ? by_x / fmax(size, fabs(mu) * largest_of(slope->x, solve->n)) : 0;
  error->theta = change * largest_of(slope->theta, solve->p);
}

/* With mu = -(dL/dsigma) / (dG/dsigma): xbar += mu g_x, tbar += mu g_t, thetabar += mu g_theta. */
static og_status through_sigma(const og_solve *solve, const og_event_adjoint *event, double *before_bar,
                               double *theta_bar, double *t_bar, og_event_adjoint_error *error) {
  guard_slope slope;
  OG_TRY(slope_of(solve, event, &slope));
  double sigma_bar = *t_bar * event->h;
  for (size_t i = 0; i < solve->n; i++) sigma_bar += before_bar[i] * event->speed[i];
  double mu = -sigma_bar / slope.sigma;
  find_error(solve, event, &slope, mu, before_bar, *t_bar, error);
  for (size_t i = 0; i < solve->n; i++) before_bar[i] += mu * slope.x[i];
  for (size_t i = 0; i < solve->p; i++) theta_bar[i] += mu * slope.theta[i];
  *t_bar += mu * slope.t;
  return OG_OK;
}

/* Cotangents that the caller put on the event itself: its time, the states before and after. */
static const double *own_cotangents(const og_solve *solve, const og_event_adjoint *event,
                                    const og_trajectory *at) {
  size_t stride = 1 + 2 * solve->states;
  return at->event_bars ? at->event_bars + event->segment->occurrence * stride : NULL;
}

/* A loss that depends on where a trajectory ends puts in what the event makes of it, however small the
 * guard's slope. */
static void note_ending(const og_solve *solve, const og_event_adjoint *event, og_trajectory *at,
                        const double *before_bar) {
  if (event->segment != &at->path.segments[at->path.count - 1]) return;
  at->ending_bar = 0;
  for (size_t i = 0; i < solve->n; i++) at->ending_bar = fmax(at->ending_bar, fabs(before_bar[i]));
}

og_status og_event_adjoint_pull(const og_solve *solve, const og_event_adjoint *event, og_trajectory *at,
                                double *after_bar, double *before_bar, double *theta_bar, double *t_bar,
                                og_event_adjoint_error *error) {
  const double *given = own_cotangents(solve, event, at);
  *error = (og_event_adjoint_error){0, 0};
  double *share = event->own + OG_PADDED(solve->n) + OG_PADDED(solve->p), jump_t_bar = 0;
  for (size_t i = 0; given && i < solve->states; i++) after_bar[i] += given[1 + solve->states + i];
  if (og_guard_settles(solve, event->segment->event)) {
    og_instant instant = og_guard_instant(&event->at);
    OG_TRY(
        og_consistent_pull(solve, &instant, event->segment->states + solve->n, after_bar, theta_bar, t_bar));
  }
  int refused =
      og_guard_jump_vjp(solve, event->segment->event, &event->at, after_bar, before_bar, share, &jump_t_bar);
  if (refused) return OG_ERR_FIELD;
  for (size_t i = 0; i < solve->p; i++) theta_bar[i] += share[i];
  for (size_t i = 0; given && i < solve->states; i++) before_bar[i] += given[1 + i];
  *t_bar += jump_t_bar + (given ? given[0] : 0);
  if (!event->segment->held) OG_TRY(through_sigma(solve, event, before_bar, theta_bar, t_bar, error));
  note_ending(solve, event, at, before_bar);
  return OG_OK;
}

/* sigma_dot = -Gdot / (dG/dsigma), with Gdot at fixed sigma */
static og_status sigma_tangent(const og_solve *solve, const og_event_adjoint *event, const double *theta_dot,
                               double *t_dot, double *before_dot) {
  guard_slope slope;
  OG_TRY(slope_of(solve, event, &slope));
  double g_dot = slope.t * *t_dot;
  for (size_t i = 0; i < solve->n; i++) g_dot += slope.x[i] * before_dot[i];
  for (size_t i = 0; i < solve->p; i++) g_dot += slope.theta[i] * theta_dot[i];
  double sigma_dot = -g_dot / slope.sigma;
  for (size_t i = 0; i < solve->n; i++) before_dot[i] += sigma_dot * event->speed[i];
  *t_dot += sigma_dot * event->h;
  return OG_OK;
}

og_status og_event_adjoint_push(const og_solve *solve, const og_event_adjoint *event, const double *theta_dot,
                                double *t_dot, double *before_dot, double *after_dot) {
  if (!event->segment->held) OG_TRY(sigma_tangent(solve, event, theta_dot, t_dot, before_dot));
  int refused =
      og_guard_jump_jvp(solve, event->segment->event, &event->at, *t_dot, before_dot, theta_dot, after_dot);
  if (refused) return OG_ERR_FIELD;
  if (!og_guard_settles(solve, event->segment->event)) return OG_OK;
  og_instant instant = og_guard_instant(&event->at);
  return og_consistent_push(solve, &instant, event->segment->states + solve->n, *t_dot, theta_dot, after_dot);
}
