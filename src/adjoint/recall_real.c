/* Recorded steps, back in lanes. */
#include <math.h>

#include "adjoint/adjoint.h"

void OG_R(og_recall_load)(OG_R(og_recall) * r, int lane, size_t item, size_t trajectory, size_t index) {
  const double *theta = og_theta_of(r->solve, trajectory);
  r->trajectory[lane] = &r->solve->trajectories[trajectory];
  r->item[lane] = item;
  r->index[lane] = index;
  for (size_t i = 0; i < r->solve->parameters; i++)
    r->theta[i * (size_t)r->lanes + (size_t)lane] = (real)theta[i];
  OG_R(og_recall_enter)(r, lane, index ? r->trajectory[lane]->path.count - 1 : 0);
  r->idle--;
}

void OG_R(og_recall_idle)(OG_R(og_recall) * r, int lane) {
  r->trajectory[lane] = NULL;
  r->idle++;
}

og_segment *OG_R(og_recall_segment)(const OG_R(og_recall) * r, int lane) {
  return &r->trajectory[lane]->path.segments[r->segment[lane]];
}

void OG_R(og_recall_enter)(OG_R(og_recall) * r, int lane, size_t segment) {
  const og_solve *solve = r->solve;
  size_t trajectory = (size_t)(r->trajectory[lane] - solve->trajectories);
  double row[OG_INPUT_ROWS];
  r->segment[lane] = segment;
  for (size_t i = 0; i < solve->field->inputs; i++) {
    og_signals_row(solve, trajectory, i, OG_R(og_recall_segment)(r, lane), row);
    real *rows = r->theta + (solve->parameters + OG_INPUT_ROWS * i) * (size_t)r->lanes + (size_t)lane;
    for (size_t k = 0; k < OG_INPUT_ROWS; k++) rows[k * (size_t)r->lanes] = (real)row[k];
  }
}

void OG_R(og_recall_step)(OG_R(og_recall) * r, int lane, size_t index) {
  const og_trajectory *at = r->trajectory[lane];
  const og_segment *segment = OG_R(og_recall_segment)(r, lane);
  size_t stride = r->solve->stride, lanes = (size_t)r->lanes;
  const char *entry = og_record_entry(&at->record, index, stride);
  const real *x = (const real *)(const void *)(entry + sizeof(double));
  double fraction = *(const double *)(const void *)entry,
         next = og_step_end_fraction(r->solve, at, r->segment[lane], index);
  /* for the way back: many lanes are too many streams for the hardware */
  __builtin_prefetch((const void *)((uintptr_t)entry - 4 * stride));
  for (size_t i = 0; i < r->solve->n; i++) r->x[i * lanes + (size_t)lane] = x[i];
  r->fraction[lane] = fraction;
  r->fraction_next[lane] = next;
  r->at.t[lane] = og_segment_time(segment, fraction);
  r->at.t_next[lane] = og_segment_time(segment, next);
  r->at.h[lane] = (segment->end - segment->start) * (next - fraction);
  r->at.h_real[lane] = (real)r->at.h[lane];
}

void OG_R(og_recall_fail)(const OG_R(og_recall) * r, og_share *share, int lane, og_status status) {
  const og_segment *segment = OG_R(og_recall_segment)(r, lane);
  og_failure failure = {.status = status,
                        .event = segment->event,
                        .derivative = 1,
                        .trajectory = (size_t)(r->trajectory[lane] - r->solve->trajectories),
                        .accepted = r->index[lane],
                        .t = status == OG_ERR_GRAZING ? segment->time : r->at.t[lane],
                        .h = r->at.h[lane],
                        .stiffness = NAN};
  for (size_t i = 0; i < r->solve->n; i++)
    failure.norm = hypot(failure.norm, (double)r->x[i * (size_t)r->lanes + (size_t)lane]);
  if (share->status == OG_OK || failure.trajectory < share->failure.trajectory) share->failure = failure;
  share->status = share->failure.status;
}
