/* The words about steps that are too wide and tolerances that are too loose. */
#include "solve/integrate/coarse.h"

#include <math.h>
#include <stdio.h>

#include "solve/tolerances.h"

static int has_fixed_steps(const og_solve *solve) {
  return og_options_integer(solve->options, OG_OPT_STEPS) > 0;
}

int og_coarse_begin(const og_solve *solve) {
  og_told *told = solve->told;
  if (solve->role || told->held || told->coarse || !has_fixed_steps(solve)) return 0;
  told->runs++;
  return (told->runs & (told->runs - 1)) == 0;
}

/* ---- Fixed steps ---- */

/* What has become of it in a solution that grew since. */
static double off_of(const og_coarse *c) { return c->off > 0 ? c->off * c->size / c->largest : 0; }

/* Above 1: too wide. */
static double excess_of(const og_coarse *c) {
  return fmax(off_of(c) / OG_COARSE_OFF, c->growth / log(OG_COARSE_GROWTH));
}

enum { HOW_SIZE = 192 };

static void describe(const og_solve *solve, const og_coarse *c, char how[HOW_SIZE]) {
  if (!(off_of(c) > OG_COARSE_OFF))
    snprintf(how, HOW_SIZE, "the solution grows %.3g times, about %.2g times by the steps of %s themselves",
             c->largest / c->first, exp(c->growth), solve->stepper.name);
  else if (!isfinite(c->off))
    snprintf(how, HOW_SIZE, "the step of %s at t = %g, h = %g, taken as two, goes beyond all bounds",
             solve->stepper.name, c->t, c->h);
  else
    snprintf(how, HOW_SIZE, "the step of %s at t = %g, h = %g, is off by %.2g of the solution's size",
             solve->stepper.name, c->t, c->h, off_of(c));
}

static void tell_coarse(const og_solve *solve, size_t m, size_t count) {
  char text[OG_TRAJECTORY_NAME_SIZE], others[64] = "", how[HOW_SIZE];
  const char *name = og_trajectory_name(solve, m, text);
  if (solve->count > 1) snprintf(others, sizeof others, ", the worst of %zu in %zu", count, solve->count);
  describe(solve, &solve->trajectories[m].coarse, how);
  og_log(solve->context,
         "warning: the steps are too wide, and what comes out is not the solution: in trajectory "
         "%zu%s%.192s%s%s, %s; "
         "try: more steps, or leave them to rtol and atol",
         m, name ? " (" : "", name ? name : "", name ? ")" : "", others, how);
}

static int find_coarse(const og_solve *solve) {
  size_t worst = 0, count = 0;
  double most = 1;
  for (size_t m = 0; m < solve->count; m++) {
    double excess = excess_of(&solve->trajectories[m].coarse);
    count += excess > 1;
    if (excess > most) most = excess, worst = m;
  }
  if (count) tell_coarse(solve, worst, count);
  return count > 0;
}

/* ---- Tolerances ---- */

/* Errors of a step that may be a tenth of the solution: ten steps may make another one of it. */
static const double LOOSE = 0.1;

/* Measured by where the solution begins, unless that is zero: what atol lets it be afterwards is no measure.
 */
static int find_loose(const og_solve *solve) {
  const og_limits *limits = &solve->limits;
  double size = 0;
  for (size_t i = 0; i < solve->count * solve->states; i++) size = fmax(size, fabs(solve->x0[i]));
  double atol = og_atol_least(solve), allowed = atol + limits->rtol * size;
  if (limits->rtol < LOOSE && (size == 0 || allowed < LOOSE * size)) return 0;
  char faint[OG_FAINT_NAMES] = "";
  if (solve->noting_sizes) og_faint_list(solve, faint);
  og_log(solve->context,
         "warning: the tolerances control nothing: rtol = %g and atol = %g allow each step an error of %.3g, "
         "where the largest component of the initial state is %.3g; try: tighter ones%s%s",
         limits->rtol, atol, allowed, size, *faint ? "; within a thousand times atol stay " : "", faint);
  return 1;
}

void og_coarse_tell(const og_solve *solve) {
  og_told *told = solve->told;
  if (solve->role || told->held) return;
  if (has_fixed_steps(solve))
    told->coarse |= solve->looked && find_coarse(solve);
  else
    told->loose = told->loose || find_loose(solve);
}
