/* Which side each guard is on after an event, as far as rounding lets it be told. */
#ifndef OG_SIDES_H
#define OG_SIDES_H

#include "solve/events/scan.h"

#define OG_SIDES_TYPES(X, S)                                                                                 \
  /* The first guard that has no value at a time and the state in detection->one_x; OG_NO_EVENT. */          \
  size_t og_sides_known_##S(og_integration_##S *d, double t, double *g);                                     \
  /* The lane's event has happened: what is zero as far as can be told, which guards passed it together with \
   * the event's own, and which may be at it. What they are on is settled when the slope of the state after  \
   * the event is known (og_integrate_sides). */                                                             \
  og_status og_sides_event_##S(og_integration_##S *d, int lane, const og_segment *segment);                  \
  /* What the step's error may make of a guard. */                                                           \
  double og_sides_error_##S(og_integration_##S *d, int lane, size_t event);                                  \
  /* dg/dt along the solution with the slope f at the step's start, whose state is in detection->one_x;      \
   * forward in the direction of integration. */                                                             \
  double og_sides_slope_##S(og_integration_##S *d, int lane, size_t event, const X *f);
OG_SIDES_TYPES(double, d)
OG_SIDES_TYPES(float, s)

#endif
