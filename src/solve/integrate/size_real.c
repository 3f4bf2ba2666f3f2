/* How large each component of a solution has been: since t0, and anew since each event. Whoever solves
 * backward over such a stretch has nothing else to measure by how far he came back from where it began. */
#include <math.h>
#include <string.h>

#include "solve/integrate/integrate.h"

typedef OG_R(og_integration) drive;

static double *sizes_of(const drive *d, int lane) {
  return d->solve->sizes + (size_t)(d->trajectory[lane] - d->solve->trajectories) * d->solve->n;
}

void OG_R(og_integrate_size_begin)(drive *d, int lane, const real *state) {
  double *sizes = sizes_of(d, lane);
  for (int i = 0; i < d->step->n; i++) sizes[i] = fabs((double)state[i * d->lanes + lane]);
}

/* Steps that an event stopped have no end. */
void OG_R(og_integrate_size_grow)(drive *d) {
  for (int lane = 0; lane < d->lanes; lane++) {
    if (d->mask[lane] == 0 || (d->detection && d->detection->event[lane] != OG_NO_EVENT)) continue;
    double *sizes = sizes_of(d, lane);
    for (int i = 0; i < d->step->n; i++) sizes[i] = fmax(sizes[i], fabs((double)d->y[i * d->lanes + lane]));
  }
}

void OG_R(og_integrate_size_end)(drive *d, int lane, og_segment *segment) {
  size_t n = d->solve->n;
  double *sizes = sizes_of(d, lane), *kept = segment->states + 2 * n;
  for (size_t i = 0; i < n; i++) kept[i] = fmax(sizes[i], fabs(segment->states[i]));
  OG_R(og_integrate_size_begin)(d, lane, d->y);
}
