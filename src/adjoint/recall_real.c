/* Recorded steps, back in lanes. */
#include <math.h>

#include "adjoint/adjoint.h"

void OG_R(og_recall_load)(OG_R(og_recall) * r, int lane, size_t item, size_t trajectory, size_t index) {
  const double *theta = og_theta_of(r->solve, trajectory);
  r->trajectory[lane] = &r->solve->trajectories[trajectory];
  r->item[lane] = item;
  r->index[lane] = index;
  for (size_t i = 0; i < r->solve->p; i++) r->theta[i * (size_t)r->lanes + (size_t)lane] = (real)theta[i];
  r->idle--;
}

void OG_R(og_recall_step)(OG_R(og_recall) * r, int lane, size_t index) {
  const og_trajectory *at = r->trajectory[lane];
  size_t stride = r->solve->stride, lanes = (size_t)r->lanes;
  const char *entry = og_record_entry(&at->record, index, stride);
  const real *x = (const real *)(const void *)(entry + sizeof(double));
  double fraction = *(const double *)(const void *)entry,
         next = og_record_fraction(&at->record, index + 1, stride);
  /* for the way back: many lanes are too many streams for the hardware */
  __builtin_prefetch((const void *)((uintptr_t)entry - 4 * stride));
  for (size_t i = 0; i < r->solve->n; i++) r->x[i * lanes + (size_t)lane] = x[i];
  r->fraction[lane] = fraction;
  r->fraction_next[lane] = next;
  r->at.t[lane] = og_time_at(at, fraction);
  r->at.t_next[lane] = og_time_at(at, next);
  r->at.h[lane] = (at->t1 - at->t0) * (next - fraction);
  r->at.h_real[lane] = (real)r->at.h[lane];
}

void OG_R(og_recall_fail)(const OG_R(og_recall) * r, og_share *share, int lane, og_status status) {
  og_failure failure = {.status = status,
                        .derivative = 1,
                        .trajectory = (size_t)(r->trajectory[lane] - r->solve->trajectories),
                        .accepted = r->index[lane],
                        .t = r->at.t[lane],
                        .h = r->at.h[lane],
                        .stiffness = NAN};
  for (size_t i = 0; i < r->solve->n; i++)
    failure.norm = hypot(failure.norm, (double)r->x[i * (size_t)r->lanes + (size_t)lane]);
  if (share->status == OG_OK || failure.trajectory < share->failure.trajectory) share->failure = failure;
  share->status = share->failure.status;
}
