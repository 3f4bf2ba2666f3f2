/* Sides of guards, in one precision (base/in_double.h). */

#define INTEGRATION OG_P(og_integration)

/* The first guard that has no value at a time and the state in detection->one_x; OG_NO_EVENT. */
size_t OG_P(og_sides_known)(INTEGRATION *d, double t, double *g);
/* The lane's event has happened: what is zero as far as can be told, which guards passed it together with
 * the event's own, and which may be at it. What they are on is settled when the slope of the state after
 * the event is known (og_integrate_sides). */
og_status OG_P(og_sides_event)(INTEGRATION *d, int lane, const og_segment *segment);
/* What the step's error may make of a guard. */
double OG_P(og_sides_error)(INTEGRATION *d, int lane, size_t event);
/* dg/dt along the solution with the slope f at the step's start, whose state is in detection->one_x;
 * forward in the direction of integration. */
double OG_P(og_sides_slope)(INTEGRATION *d, int lane, size_t event, const REAL *f);

#undef INTEGRATION
