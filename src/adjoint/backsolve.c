/* Backsolve: the continuous adjoint, solved backward together with x and the parameter integral. Nothing of
 * the forward solve is kept but its end; whether x came back to x0 tells whether that was good enough:
 * farther off than its errors explain is warned of, and as far off as x is large is refused. */
#include <float.h>
#include <math.h>
#include <stdio.h>

#include "adjoint/adjoint_fields.h"
#include "adjoint/backward.h"
#include "adjoint/trust.h"
#include "solve/tolerances.h"

static const og_role role = {"in the backward solve of the adjoint together with x: ",
                             "adjoint = interpolate, quadrature or discrete (solved backward, a stable "
                             "equation may be unstable), or ",
                             NULL, OG_STUCK};

/* ---- Measuring ---- */

/* How far x came back from where a stretch of the solution, between events, began: the worst of a trajectory.
 */
typedef struct drift {
  double largest;  /* component, absolute */
  double units;    /* component, over what is allowed of it */
  double from, to; /* times of the stretch */
  /* The component that is worst by what it has been itself: how far off, how large it was, and the former
   * over the latter. */
  size_t row;
  double away, size, share;
} drift;

typedef struct backsolve {
  og_backward b; /* first: what is called after a round gets this one */
  drift *drifts; /* [M] */
} backsolve;

/* What a component's way back is measured by: the largest that it was on the stretch. Below atol / rtol the
 * tolerance does not see its digits, and fixed steps see none: the largest of all components stands for what
 * is smaller. */
static double own_size(const og_solve *solve, const double *sizes, size_t i, int fixed) {
  double largest = 0, seen = og_atol_of(solve, i) / fmax(solve->limits.rtol, DBL_EPSILON);
  for (size_t k = 0; k < solve->states; k++) largest = fmax(largest, sizes[k]);
  return fixed ? largest : fmax(sizes[i], fmin(seen, largest));
}

/* Every step, forward and back, may leave an error of one tolerance (at the component's largest), and errors
 * grow: ten are allowed for each of the forward steps there and back, but no more than a tenth of its size.
 * Fixed steps keep to no tolerance; of them, a tenth of the largest component that x had at either end is
 * allowed. */
enum { DRIFT_GROWTH = 10 };
static const double DRIFT_MOST = 0.1;

static double allowed(const og_solve *solve, size_t steps, size_t i, double most, double own) {
  const og_limits *limits = &solve->limits;
  double epsilon = solve->single ? FLT_EPSILON : DBL_EPSILON;
  return fmin(DRIFT_MOST * own,
              DRIFT_GROWTH * 2 * (double)steps * (og_atol_of(solve, i) + fmax(limits->rtol, epsilon) * most));
}

/* Component i in it. */
static void add_row(drift *d, size_t i, double away, double size) {
  double share = size > 0 ? away / size : away > 0 ? INFINITY : 0;
  d->largest = fmax(d->largest, away);
  if (!(share > d->share)) return;
  d->row = i;
  d->away = away;
  d->size = size;
  d->share = share;
}

/* The stretch that begins with segment `first` at the state x0. */
static drift drift_of(const og_backward *b, size_t m, size_t first, const double *x0) {
  const og_solve *solve = b->solve;
  const og_trajectory *at = &solve->trajectories[m];
  const og_segment *segments = at->path.segments;
  size_t last = first;
  while (segments[last].event == OG_NO_EVENT && last + 1 < at->path.count) last++;
  int stopped = segments[last].event != OG_NO_EVENT, fixed = at->fixed_steps > 0;
  size_t steps = og_segment_stop(at, last) - segments[first].first;
  const double *came = og_backward_state(b, m),
               *x1 = stopped ? segments[last].states : solve->final + m * solve->n,
               *sizes = stopped ? x1 + 2 * solve->n : solve->sizes + m * solve->n;
  drift found = {.from = stopped ? segments[last].time : at->t1, .to = segments[first].start};
  double largest = 0;
  for (size_t i = 0; i < solve->states; i++) largest = fmax(largest, fmax(fabs(x0[i]), fabs(x1[i])));
  for (size_t i = 0; i < solve->states; i++) {
    double away = fabs(came[i] - x0[i]), own = own_size(solve, sizes, i, fixed);
    double bound =
        fixed ? DRIFT_MOST * largest + og_atol_of(solve, i) : allowed(solve, steps, i, sizes[i], own);
    add_row(&found, i, away, own);
    if (away > 0) found.units = fmax(found.units, away / bound);
  }
  return found;
}

/* ---- Telling ---- */

enum { WHICH_SIZE = 320 };

/* "trajectory 2 (patient 7), the worst of 3 in 10" */
static const char *name_worst(const og_solve *solve, size_t m, size_t count, char text[WHICH_SIZE]) {
  char name_text[OG_TRAJECTORY_NAME_SIZE], others[64] = "";
  const char *name = og_trajectory_name(solve, m, name_text);
  if (solve->count > 1) snprintf(others, sizeof others, ", the worst of %zu in %zu", count, solve->count);
  snprintf(text, WHICH_SIZE, "trajectory %zu%s%.192s%s%s", m, name ? " (" : "", name ? name : "",
           name ? ")" : "", others);
  return text;
}

/* "backsolve went back from t = 4 to t0 = 0 and missed x0" */
static const char *describe(const og_solve *solve, size_t m, const drift *d, char text[WHICH_SIZE]) {
  int whole = d->to == solve->trajectories[m].t0;
  snprintf(text, WHICH_SIZE, "backsolve went back from t = %g to t%s = %g and missed %s", d->from,
           whole ? "0" : "", d->to, whole ? "x0" : "the state after the event there");
  return text;
}

/* It missed the state by half of its own size, or more: what it came back to is nearer to zero, where many an
 * equation rests that is solved backward, and lambda that went with it says nothing of this solution. */
static const double LOST = 0.5;
/* In tolerances, and at least this share: where gradients are to be right or refused, one is refused that
 * came with an x so far off. */
static const double MISSED = 100, MISSED_LEAST = 1e-5;

static int is_lost(const og_solve *solve, size_t m, const drift *d) {
  int adaptive = !solve->trajectories[m].fixed_steps;
  int strict = adaptive && og_options_integer(solve->options, OG_OPT_GRADIENT_CONTROL) == OG_CONTROL_REFINE;
  return d->share > (strict ? fmin(LOST, fmax(MISSED * og_trust_tolerance(solve, m), MISSED_LEAST)) : LOST);
}

static og_status fail_lost(const og_solve *solve, const drift *drifts) {
  size_t worst = 0, count = 0;
  char what[WHICH_SIZE], which[WHICH_SIZE];
  for (size_t m = 0; m < solve->count; m++) {
    if (!is_lost(solve, m, &drifts[m])) continue;
    if (!count++ || drifts[m].share > drifts[worst].share) worst = m;
  }
  const drift *d = &drifts[worst];
  return og_fail(solve->context, OG_ERR_UNRESOLVED,
                 "%s by %.3g in component %zu, which is %.3g at its largest, in %s: what was found on that "
                 "way is not the "
                 "gradient; try: adjoint = interpolate, quadrature or discrete (solved backward, a stable "
                 "equation may be "
                 "unstable), or %s",
                 describe(solve, worst, d, what), d->away, d->row + 1, d->size,
                 name_worst(solve, worst, count, which),
                 solve->trajectories[worst].fixed_steps ? "more steps" : "tighter rtol and atol");
}

/* One warning, for the trajectory that is farthest off. */
static void warn_of_drift(const og_solve *solve, const drift *drifts) {
  size_t worst = 0, count = 0;
  char what[WHICH_SIZE], which[WHICH_SIZE];
  for (size_t m = 0; m < solve->count; m++) {
    count += drifts[m].units > 1;
    if (drifts[m].units > drifts[worst].units) worst = m;
  }
  if (!count) return;
  const drift *d = &drifts[worst];
  og_log(
      solve->context,
      "warning: %s by %.3g, %.3g times what its errors may add up to, in %s: the gradient is likely as far "
      "off; use adjoint = interpolate, quadrature or discrete",
      describe(solve, worst, d, what), d->largest, d->units, name_worst(solve, worst, count, which));
}

/* ---- Running ---- */

/* After a round: what is lost ends the whole at once. */
static og_status measure(og_backward *b) {
  drift *drifts = ((backsolve *)b)->drifts;
  int lost = 0;
  for (size_t m = 0; m < b->solve->count; m++) {
    const double *x0 = og_jump_point_state(b, m);
    if (!x0) continue;
    drift found = drift_of(b, m, b->jump_points[m].segment, x0);
    if (is_lost(b->solve, m, &found) || found.units > drifts[m].units) drifts[m] = found;
    lost |= is_lost(b->solve, m, &found);
  }
  return lost ? fail_lost(b->solve, drifts) : OG_OK;
}

static og_status solve_back(og_solve *solve, og_pullback *pullback, og_backward_how how) {
  og_field *field = NULL;
  backsolve v = {.drifts = og_alloc(solve->context, solve->count, sizeof *v.drifts)};
  if (!v.drifts) return og_fail_memory(solve->context, solve->count * sizeof *v.drifts, "the adjoint state");
  og_status status = og_augmented_field_create(solve->context, solve->field, &field);
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
