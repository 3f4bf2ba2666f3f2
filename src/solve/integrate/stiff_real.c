/* Which method takes a lane's next step, of solves that choose it as they go; see solve/switches.h. */
#include <math.h>

#include "solve/integrate/integrate.h"
#include "solve/memory/checkpoints.h"
#include "solve/tolerances.h"

typedef OG_R(og_integration) integration;

void OG_R(og_integrate_methods_begin)(integration *d, int lane) {
  og_trajectory *at = d->trajectory[lane];
  d->at.implicit[lane] = 0;
  if (!d->watching) return;
  at->switches.count = 0;
  d->watched[lane] = OG_STIFF_STRIDE;
  d->stiff[lane] = d->calm[lane] = 0;
  if (!at->begins_implicit || !d->solve->stepper.switches) return;
  d->at.implicit[lane] = 1;
  if (og_switches_add(d->solve->context, &at->switches, 0) != OG_OK) d->share->status = OG_ERR_MEMORY;
}

/* Steps that were taken before are taken by the same method. */
void OG_R(og_integrate_find_methods)(integration *d) {
  if (d->watching || !d->solve->stepper.switches) return;
  for (int lane = 0; lane < d->lanes; lane++)
    if (d->trajectory[lane])
      d->at.implicit[lane] =
          (unsigned char)og_switches_implicit(&d->trajectory[lane]->switches, d->index[lane]);
}

/* As the error norm measures rows, in units of the tolerance: those that it leaves out count for nothing. */
static void find_scale(integration *d, int lane) {
  for (size_t i = 0; i < d->solve->n; i++) {
    double y = (double)d->y[i * (size_t)d->lanes + (size_t)lane];
    d->scale[i] = i < d->solve->controlled ? og_row_scale(d->solve, i, y) : INFINITY;
  }
}

/* How far the step bends away from its slope, of its length: half of |h| times the rate at which f changes.
 */
static double bend_of(const integration *d, int lane) {
  const real *f = d->step->ops->slope(d->step);
  double bend = 0, length = 0, h = d->at.h[lane];
  for (size_t i = 0, at = (size_t)lane; i < d->solve->n; i++, at += (size_t)d->lanes) {
    double straight = h * (double)f[at], beside = (double)d->y[at] - (double)d->x[at] - straight;
    bend += beside / d->scale[i] * (beside / d->scale[i]);
    length += straight / d->scale[i] * (straight / d->scale[i]);
  }
  return length > 0 ? sqrt(bend / length) : INFINITY;
}

/* Whether the step looks like one for the other method. Errors of explicit steps hold them well within what
 * is stable where x follows something that moves, and slowly: those of order h^2 times powers of h df/dx,
 * which an implicit method has not (Prothero & Robinson 1974). Where f changes at the rate of df/dx, as in an
 * oscillation, it is the accuracy that wants such steps. */
static int looks_so(integration *d, int lane) {
  double reach = d->solve->limits.reach[0];
  find_scale(d, lane);
  double size = d->step->ops->stiffness(d->step, lane, &d->at, d->x, d->y, d->scale);
  if (d->at.implicit[lane]) return size < OG_CALM_BELOW * reach;
  if (size > OG_STIFF_FROM * reach) return 1;
  return size > OG_HELD_FROM * reach && bend_of(d, lane) < OG_HELD_BEND * size;
}

static og_choice change(integration *d, int lane) {
  og_trajectory *at = d->trajectory[lane];
  d->stiff[lane] = d->calm[lane] = 0;
  d->watched[lane] = d->index[lane] + 1;
  if (!at->pacing && !at->switches.count) at->stiff_time = d->at.t_next[lane];
  if (og_switches_add(d->solve->context, &at->switches, d->index[lane] + 1) != OG_OK) {
    d->share->status = OG_ERR_MEMORY;
    return OG_CHOICE_FAILED;
  }
  d->at.implicit[lane] = !d->at.implicit[lane];
  return OG_CHOICE_MADE;
}

/* The trajectory turned out to be stiff: it begins anew. Without an implicit method the whole run does. */
static og_choice begin_anew(integration *d, int lane) {
  og_trajectory *at = d->trajectory[lane];
  size_t m = (size_t)(at - d->solve->trajectories), before = OG_STIFF_STEPS + OG_STIFF_STRIDE - 1;
  at->stiff_from = d->index[lane] > before ? d->index[lane] - before : 1;
  d->trajectory[lane] = NULL;
  d->idle++;
  if (!d->solve->stepper.switches) d->share->stiff = 1;
  if (d->solve->keep == OG_KEEP_CHECKPOINTS) og_checkpoints_restart(d->solve, m);
  d->again[d->again_count++] = m;
  return OG_CHOICE_LEFT;
}

static int steps_needed(const integration *d, int lane) {
  if (d->at.implicit[lane]) return OG_CALM_STEPS;
  return d->trajectory[lane]->switches.count ? OG_STIFF_AGAIN : OG_STIFF_STEPS;
}

/* With narrowed steps: by the time alone. */
static og_choice choose_by_time(integration *d, int lane) {
  const og_trajectory *at = d->trajectory[lane];
  double sign = at->t1 < at->t0 ? -1 : 1;
  int late = sign * d->at.t_next[lane] >= sign * at->stiff_time;
  return late && !d->at.implicit[lane] ? change(d, lane) : OG_CHOICE_MADE;
}

og_choice OG_R(og_integrate_choose_method)(integration *d, int lane) {
  if (!d->watching) return OG_CHOICE_MADE;
  og_trajectory *at = d->trajectory[lane];
  if (at->pacing) return at->stiff_from ? choose_by_time(d, lane) : OG_CHOICE_MADE;
  if (!at->switches.count && d->index[lane] + 1 == at->stiff_from) return change(d, lane);
  if (d->index[lane] < d->watched[lane]) return OG_CHOICE_MADE;
  if (looks_so(d, lane))
    d->stiff[lane]++, d->calm[lane] = 0;
  else if (d->stiff[lane] && ++d->calm[lane] == OG_CALM_STEPS)
    d->stiff[lane] = d->calm[lane] = 0;
  d->watched[lane] = d->index[lane] + (d->stiff[lane] || at->switches.count ? 1 : OG_STIFF_STRIDE);
  if (d->stiff[lane] < steps_needed(d, lane)) return OG_CHOICE_MADE;
  return at->stiff_from || at->begins_implicit ? change(d, lane) : begin_anew(d, lane);
}
