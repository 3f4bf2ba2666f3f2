/* Backsolve: the continuous adjoint, solved backward together with x and the parameter integral. Nothing of
 * the forward solve is kept but its end; whether x came back to x0 tells whether that was good enough. */
#include <float.h>
#include <math.h>
#include <stdio.h>

#include "adjoint/backsolve_field.h"
#include "adjoint/backward.h"

static const og_role role = {"in the backward solve of the adjoint together with x: ",
                             "adjoint = interpolate, quadrature or discrete (solved backward, a stable "
                             "equation may be unstable), or ",
                             NULL};

/* How far x came back from where a stretch of the solution, between events, began: the worst of a trajectory.
 */
typedef struct drift {
  double largest;  /* component, absolute */
  double units;    /* component, over what is allowed of it */
  double from, to; /* times of the stretch */
} drift;

typedef struct backsolve {
  og_backward b; /* first: what is called after a round gets this one */
  drift *drifts; /* [M] */
} backsolve;

/* Every step, forward and back, may leave an error of one tolerance (at the larger of the component's ends),
 * and errors grow: ten are allowed for each of the forward steps there and back. Fixed steps keep to no
 * tolerance; of them, a tenth of the largest component that x had at either end is allowed. */
enum { DRIFT_GROWTH = 10 };

static double allowed(const og_solve *solve, int fixed, size_t steps, double size, double largest) {
  const og_limits *limits = &solve->limits;
  double epsilon = solve->single ? FLT_EPSILON : DBL_EPSILON;
  if (fixed) return 0.1 * largest + limits->atol;
  return DRIFT_GROWTH * 2 * (double)steps * (limits->atol + fmax(limits->rtol, epsilon) * size);
}

/* The stretch that begins with segment `first` at the state x0. */
static drift drift_of(const og_backward *b, size_t m, size_t first, const double *x0) {
  const og_solve *solve = b->solve;
  const og_trajectory *at = &solve->trajectories[m];
  const og_segment *segments = at->path.segments;
  size_t last = first;
  while (segments[last].event == OG_NO_EVENT && last + 1 < at->path.count) last++;
  int stopped = segments[last].event != OG_NO_EVENT;
  size_t steps = og_segment_stop(at, last) - segments[first].first;
  const double *came = og_backward_state(b, m),
               *x1 = stopped ? segments[last].states : solve->final + m * solve->n;
  drift found = {.from = stopped ? segments[last].time : at->t1, .to = segments[first].start};
  double largest = 0;
  for (size_t i = 0; i < solve->states; i++) largest = fmax(largest, fmax(fabs(x0[i]), fabs(x1[i])));
  for (size_t i = 0; i < solve->states; i++) {
    double away = fabs(came[i] - x0[i]), size = fmax(fabs(x0[i]), fabs(x1[i]));
    found.largest = fmax(found.largest, away);
    found.units = fmax(found.units, away / allowed(solve, at->fixed_steps > 0, steps, size, largest));
  }
  return found;
}

static og_status measure(og_backward *b) {
  drift *drifts = ((backsolve *)b)->drifts;
  for (size_t m = 0; m < b->solve->count; m++) {
    const double *x0 = og_station_state(b, m);
    if (!x0) continue;
    drift found = drift_of(b, m, b->stations[m].segment, x0);
    if (found.units > drifts[m].units) drifts[m] = found;
  }
  return OG_OK;
}

/* "trajectory 2 (patient 7), the worst of 3 in 10" */
static void name_worst(const og_solve *solve, size_t at, size_t count, char *text, size_t size) {
  const char *name = solve->trajectories[at].name;
  char others[64] = "";
  if (solve->count > 1) snprintf(others, sizeof others, ", the worst of %zu in %zu", count, solve->count);
  snprintf(text, size, "trajectory %zu%s%.100s%s%s", at, name ? " (" : "", name ? name : "", name ? ")" : "",
           others);
}

/* One warning, for the trajectory that is farthest off. */
static void warn_of_drift(const og_solve *solve, const drift *drifts) {
  size_t at = 0, count = 0;
  char which[200];
  for (size_t m = 0; m < solve->count; m++) {
    count += drifts[m].units > 1;
    if (drifts[m].units > drifts[at].units) at = m;
  }
  if (!count) return;
  int whole = drifts[at].to == solve->trajectories[at].t0;
  name_worst(solve, at, count, which, sizeof which);
  og_log(solve->context,
         "warning: backsolve went back from t = %g to t%s = %g and missed %s by %.3g, %.3g times what its "
         "errors may add up to, in %s: the gradient is likely as far off; use adjoint = interpolate, "
         "quadrature or discrete",
         drifts[at].from, whole ? "0" : "", drifts[at].to, whole ? "x0" : "the state after the event there",
         drifts[at].largest, drifts[at].units, which);
}

static og_status solve_back(og_solve *solve, og_pullback *pullback, og_backward_how how) {
  og_field *field = NULL;
  backsolve v = {.drifts = og_alloc(solve->context, solve->count, sizeof *v.drifts)};
  if (!v.drifts) return og_fail_memory(solve->context, solve->count * sizeof *v.drifts, "the adjoint state");
  og_status status = og_backsolve_field_create(solve->context, solve->field, &field);
  if (status == OG_OK) {
    status = og_backward_open(&v.b, solve, pullback, field, solve->n, &role, how);
    if (status == OG_OK) status = og_backward_run(&v.b, measure);
    if (status == OG_OK && how.norm == og_options_integer(solve->options, OG_OPT_ADJOINT_NORM))
      warn_of_drift(solve, v.drifts); /* not again when the integral asks for another norm */
    og_backward_close(&v.b);
  }
  og_free(solve->context, v.drifts);
  return status;
}

og_status og_backsolve(og_solve *solve, og_pullback *pullback) {
  return og_backward_trusted(solve, pullback, solve_back);
}
