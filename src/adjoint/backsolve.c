/* Backsolve: the continuous adjoint, solved backward together with x and the parameter integral. Nothing of
 * the forward solve is kept but its end; whether x came back to x0 tells whether that was good enough. */
#include <float.h>
#include <math.h>
#include <stdio.h>

#include "adjoint/backsolve_field.h"
#include "adjoint/backward.h"

static const og_role role = {"in the backward solve of the adjoint together with x: ",
                             "adjoint = interpolate, quadrature or discrete (solved backward, a stable "
                             "equation may be unstable), or "};

/* How far x came back from x0. */
typedef struct drift {
  double largest; /* component, absolute */
  double units;   /* component, over what is allowed of it */
} drift;

/* Every step, forward and back, may leave an error of one tolerance (at the larger of the component's ends),
 * and errors grow: ten are allowed for each of the forward steps there and back. Fixed steps keep to no
 * tolerance; of them, a tenth of the largest component that x had at either end is allowed. */
enum { DRIFT_GROWTH = 10 };

static double allowed(const og_solve *solve, size_t m, double size, double largest) {
  const og_limits *limits = &solve->limits;
  double epsilon = solve->single ? FLT_EPSILON : DBL_EPSILON;
  if (solve->trajectories[m].fixed_steps) return 0.1 * largest + limits->atol;
  return DRIFT_GROWTH * 2 * (double)solve->trajectories[m].steps *
         (limits->atol + fmax(limits->rtol, epsilon) * size);
}

static drift drift_of(const og_backward *b, size_t m) {
  const og_solve *solve = b->solve;
  const double *came = b->state + m * b->field->n, *x0 = solve->x0 + m * solve->states,
               *x1 = solve->final + m * solve->n;
  double largest = 0;
  drift found = {0};
  for (size_t i = 0; i < solve->states; i++) largest = fmax(largest, fmax(fabs(x0[i]), fabs(x1[i])));
  for (size_t i = 0; i < solve->states; i++) {
    double away = fabs(came[i] - x0[i]);
    found.largest = fmax(found.largest, away);
    found.units = fmax(found.units, away / allowed(solve, m, fmax(fabs(x0[i]), fabs(x1[i])), largest));
  }
  return found;
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
static void warn_of_drift(const og_backward *b) {
  drift worst = {0};
  size_t at = 0, count = 0;
  char which[200];
  for (size_t m = 0; m < b->solve->count; m++) {
    drift found = drift_of(b, m);
    count += found.units > 1;
    if (found.units > worst.units) worst = found, at = m;
  }
  if (!count) return;
  name_worst(b->solve, at, count, which, sizeof which);
  og_log(b->solve->context,
         "warning: backsolve went back from t = %g to t0 = %g and missed x0 by %.3g, %.3g times what its "
         "errors may add up to, in %s: the gradient is likely as far off; use adjoint = interpolate, "
         "quadrature or discrete",
         b->solve->trajectories[at].t1, b->solve->trajectories[at].t0, worst.largest, worst.units, which);
}

og_status og_backsolve(og_solve *solve, og_pullback *pullback) {
  og_field *field = NULL;
  og_backward b;
  OG_TRY(og_backsolve_field_create(solve->context, solve->field, &field));
  og_status status = og_backward_open(&b, solve, pullback, field, solve->n, &role);
  if (status == OG_OK) status = og_backward_run(&b, NULL);
  if (status == OG_OK) warn_of_drift(&b);
  og_backward_close(&b);
  return status;
}
